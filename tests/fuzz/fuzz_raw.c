/* SPDX-License-Identifier: MIT */
/*
 * Ready messages: the builder with smtp_message_set_raw(), from sources that
 * can go back and such that cannot, by pieces. A second converter, which has
 * the whole before it, tells what has to come out, or that and where nothing
 * may; what comes out before that is a beginning of it.
 */
#include "mail.h"
#include "stream.h"

#include <smtp/message.h>

#include "mime/message.h"
#include "mime/raw.h"
#include "text/content.h"

struct want {
	struct span out;         /* up to the fault, if there is one  */
	bool bad, high_head, high_body;
};

/* In the plainest way. */
static struct want
convert(struct span s, bool head, bool body)
{
	struct want w = { { NULL, 0 }, false, false, false };
	char *out = fuzz_alloc(2 * s.n + 2);
	size_t n = 0, start = 0;
	bool in_body = false;

	for (size_t i = 0; i < s.n && !w.bad; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\n' || (c == '\r' && i + 1 < s.n &&
		    s.p[i + 1] == '\n')) {
			i += c == '\r';
			in_body |= n == start;
			out[n++] = '\r';
			out[n++] = '\n';
			start = n;
			continue;
		}
		w.high_head |= c > 127 && !in_body;
		w.high_body |= c > 127 && in_body;
		w.bad = c == '\0' || c == '\r' || n - start == 998 ||
		    (c > 127 && !(in_body ? body : head));
		if (!w.bad)
			out[n++] = (char)c;
	}
	if (!w.bad && n > start) {
		out[n++] = '\r';
		out[n++] = '\n';
	}
	w.out = (struct span){ out, n };
	return w;
}

/* The converter alone, with its pieces. */
static void
by_itself(struct span s, bool head, bool body, size_t in, size_t room)
{
	struct want w = convert(s, head, body);
	char *out = fuzz_alloc(w.out.n + 1);
	size_t at = 0, n = 0, end = in, used, got;
	struct smtp__raw r;

	smtp__raw_init(&r, head, body);
	do {
		if (end > s.n)
			end = s.n;
		got = smtp__raw_convert(&r, s.p + at, end - at, end == s.n,
		    &used, out + n, room < w.out.n + 1 - n ? room :
		    w.out.n + 1 - n);
		REQUIRE(used <= end - at && got <= room);
		at += used;
		n += got;
		if (got == 0)
			end += in;
	} while (r.fault == SMTP__RAW_OK && (at < s.n || r.column > 0));
	REQUIRE(n <= w.out.n && memcmp(out, w.out.p, n) == 0);
	REQUIRE((r.fault != SMTP__RAW_OK) == w.bad);
	REQUIRE(w.bad || n == w.out.n);
}

static void
by_message(struct span s, unsigned how)
{
	static const struct smtp_allocator allocator = { stream_resize, NULL };
	const struct smtp__moment moment = { .has_clock = false };
	const unsigned offers = (how & 1 ? SMTP__CONTENT_8BIT : 0) |
	    (how & 2 ? SMTP__CONTENT_UTF8 : 0);
	struct smtp_message *m = smtp_message_new_with(&allocator);
	struct stream stream = { s.p, s.n, 0, 1 + (how >> 5 & 7) };
	bool once = (how & 12) == 4;
	struct smtp__content content;
	struct want w = convert(s, how & 2, how & 1);
	char *out = fuzz_alloc(w.out.n + 100);
	size_t n = 0, piece = how & 16 ? 7 : 4096;
	ptrdiff_t rc = 1;

	smtp_message_set_envelope_from(m, "a@x.example");
	smtp_message_add_recipient(m, "b@x.example");
	smtp_message_set_raw(m, how & 8 ? smtp_source_memory(s.p, s.n) :
	    smtp_source_callback(stream_read, once ? NULL : stream_rewind,
	    NULL, &stream, how & 16 ? s.n : SMTP_SIZE_UNKNOWN));
	REQUIRE(smtp__message_prepare(m, &moment) == SMTP_OK);
	rc = smtp__message_plan(m, offers, &content);
	/* What can be read twice is looked at before. */
	REQUIRE(rc == SMTP_OK || (!once && w.bad));
	REQUIRE(rc != SMTP_OK || once || !w.bad);
	if (rc == SMTP_OK && !once) {
		REQUIRE(content.size_known && content.size == w.out.n);
		REQUIRE(!w.high_body || content.needs & SMTP__CONTENT_8BIT);
		REQUIRE(!w.high_head || content.needs & SMTP__CONTENT_UTF8);
	}
	if (once) {
		/* It was not known what it needs: what was asked for holds. */
		w = convert(s, content.needs & SMTP__CONTENT_UTF8,
		    content.needs & SMTP__CONTENT_8BIT);
	}
	if (rc != SMTP_OK) {
		REQUIRE(smtp_message_error(m)[0] != '\0');
		smtp_message_free(m);
		return;
	}
	while ((rc = smtp__message_read(m, out + n, w.out.n + 100 - n < piece ?
	    w.out.n + 100 - n : piece)) > 0) {
		n += (size_t)rc;
		REQUIRE(n <= w.out.n);
	}
	REQUIRE((rc < 0) == w.bad);
	REQUIRE(memcmp(out, w.out.p, n) == 0 && (w.bad || n == w.out.n));
	REQUIRE(rc == 0 || smtp_message_error(m)[0] != '\0');
	smtp_message_free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	struct fuzz f = fuzz_begin(input, n);
	unsigned how = fuzz_octet(&f), cut = fuzz_octet(&f);
	struct span s = { NULL, 0 };
	char *p = fuzz_alloc(4096);

	/* 1 is "the octet before, so many times". */
	while (f.n > 0 && s.n < 2048) {
		unsigned c = fuzz_octet(&f);
		size_t many = c == 1 && s.n > 0 ? 8 * fuzz_octet(&f) : 0;

		if (many == 0)
			p[s.n++] = (char)c;
		else
			memset(p + s.n, p[s.n - 1], many);
		s.n += many;
	}
	fuzz_shrink(p, s.n);
	s.p = p;
	by_itself(s, cut & 1, cut & 2, 1 + (cut >> 2 & 7), 2 + (cut >> 5));
	by_message(s, how);
	return 0;
}
