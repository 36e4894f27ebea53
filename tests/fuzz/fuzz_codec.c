/* SPDX-License-Identifier: MIT */
/*
 * Base64, quoted-printable and UTF-8, in pieces of any size, beside the reader
 * of mail.h: what was encoded decodes to what it was, its size is what was
 * said before, and the fast form gives the octets of the plain one.
 */
#include "mail.h"

#include "codec/base64.h"
#include "codec/base64_lines.h"
#include "codec/qp.h"
#include "text/ascii.h"
#include "text/utf8.h"

struct encoder {
	bool is_base64;
	struct smtp__base64 base64;
	struct smtp__qp qp;
};

static size_t
encode(struct encoder *e, const char *p, size_t n, bool end, size_t *used,
    char *out, size_t room)
{
	return e->is_base64 ?
	    smtp__base64_encode(&e->base64, p, n, end, used, out, room) :
	    smtp__qp_encode(&e->qp, p, n, end, used, out, room);
}

/* All of `s`, a piece of it at a time into a piece of `out` at a time. */
static struct span
in_pieces(struct encoder *e, size_t size, struct span s, size_t in,
    size_t room)
{
	size_t at = 0, n = 0, end = in, used, got;
	char *out = fuzz_alloc(size + 8);

	do {
		if (end > s.n)
			end = s.n;
		got = encode(e, s.p + at, end - at, end == s.n, &used, out + n,
		    room < size + 8 - n ? room : size + 8 - n);
		REQUIRE(used <= end - at && got <= room);
		at += used;
		n += got;
		if (got == 0)
			end += in;
	} while (at < s.n || got > 0);
	REQUIRE(n == size);
	return (struct span){ out, n };
}

static struct span
base64_in_pieces(struct span s, bool lines, size_t in, size_t room)
{
	struct encoder e = { .is_base64 = true };

	smtp__base64_init(&e.base64, lines);
	return in_pieces(&e, (size_t)smtp__base64_size(s.n, lines), s, in,
	    room);
}

static void
base64(struct span s, size_t in, size_t room)
{
	struct span all = base64_in_pieces(s, false, s.n + 1, 4096), one;
	struct span lines = base64_in_pieces(s, true, s.n + 1, 4096);
	const size_t whole = s.n / SMTP__BASE64_LINE_IN;
	char *back = fuzz_alloc(all.n), *fast, *again;

	one = base64_in_pieces(s, false, in, room);
	REQUIRE(mail_same(all, one));
	one = base64_in_pieces(s, true, in, room);
	REQUIRE(mail_same(lines, one));
	REQUIRE(mail_same((struct span){ back,
	    mail_base64(all.p, all.n, back) }, s));
	REQUIRE(mail_same(mail_decode(lines, (struct span){ "base64", 6 }),
	    s));
	REQUIRE(smtp__base64_check(all.p, all.n));
	REQUIRE(smtp__base64_decode(all.p, all.n, back, s.n) ==
	    (ptrdiff_t)s.n);
	REQUIRE(s.n == 0 || memcmp(back, s.p, s.n) == 0);
	fast = fuzz_alloc(whole * SMTP__BASE64_LINE_OUT);
	again = fuzz_alloc(whole * SMTP__BASE64_LINE_OUT);
	smtp__base64_lines(s.p, whole, fast);
	smtp__base64_lines_portable(s.p, whole, again);
	for (size_t i = 0; i < whole * SMTP__BASE64_LINE_OUT; i++)
		REQUIRE(fast[i] == again[i] &&
		    (i < 2 || fast[i] == lines.p[i - 2]));
}

/* Anything at all as base64: both say the same of it. */
static void
decode64(struct span s)
{
	size_t n = 0, pad = 0;
	bool good = s.n % 4 == 0;
	char *out = fuzz_alloc(s.n / 4 * 3);
	ptrdiff_t got = smtp__base64_decode(s.p, s.n, out, s.n / 4 * 3);

	for (size_t i = 0; i < s.n; i++) {
		pad += s.p[i] == '=';
		good &= s.p[i] == '=' ? i + 2 >= s.n :
		    pad == 0 && mail_digit64(s.p[i]) >= 0;
	}
	if (good && pad > 0)
		good = (mail_digit64(s.p[s.n - pad - 1]) &
		    (pad == 1 ? 3 : 15)) == 0;
	REQUIRE(good == smtp__base64_check(s.p, s.n) && good == (got >= 0));
	if (!good)
		return;
	n = mail_base64(s.p, s.n, fuzz_alloc(s.n));
	REQUIRE((size_t)got == n);
}

static struct span
qp_in_pieces(struct span s, bool binary, size_t in, size_t room)
{
	struct encoder e = { .is_base64 = false };

	smtp__qp_init(&e.qp, binary);
	return in_pieces(&e, (size_t)smtp__qp_size(s.p, s.n, binary), s, in,
	    room);
}

static void
qp(struct span s, bool binary, size_t in, size_t room)
{
	struct span all = qp_in_pieces(s, binary, s.n + 1, 4096);
	struct span back = mail_decode(all,
	    (struct span){ "quoted-printable", 16 });

	fuzz_talk("Q:", all.p, all.n);
	REQUIRE(mail_same(all, qp_in_pieces(s, binary, in, room)));
	REQUIRE(mail_same(back, binary ? s : mail_canonical(s.p, s.n)));
	/* What a mail store or a server would change is not there. */
	for (size_t i = 0; i < all.n; i++) {
		struct span line = { all.p + i, all.n - i };

		if (i > 0 && all.p[i - 1] != '\n')
			continue;
		REQUIRE(line.n < 5 || memcmp(line.p, "From ", 5) != 0);
		REQUIRE(all.p[i] != '.' || (i + 1 < all.n &&
		    all.p[i + 1] != '\r'));
	}
}

static void
utf8(struct span s)
{
	size_t at = 0, n = 1;

	REQUIRE(smtp__utf8_valid(s.p, s.n) == mail_utf8(s.p, s.n));
	for (; at < s.n && n > 0; at += n) {
		uint32_t c = 0;

		n = smtp__utf8_next(s.p + at, s.n - at, &c);
		REQUIRE(n <= 4 && (n == 0 || mail_utf8(s.p + at, n)));
		REQUIRE(n == 0 || (c <= 0x10ffff && (c < 0xd800 ||
		    c > 0xdfff)));
	}
	REQUIRE((n > 0) == mail_utf8(s.p, s.n));
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	struct fuzz f = fuzz_begin(input, n);
	unsigned how = fuzz_octet(&f), cut = fuzz_octet(&f);
	struct span s;

	s.p = fuzz_rest(&f, &s.n);
	switch (how & 3) {
	case 0:
		base64(s, 1 + (cut & 15), SMTP__BASE64_ROOM + (cut >> 4));
		break;
	case 1:
		decode64(s);
		break;
	case 2:
		qp(s, how & 4, 1 + (cut & 15), SMTP__QP_ROOM + (cut >> 4));
		break;
	default:
		utf8(s);
	}
	return 0;
}
