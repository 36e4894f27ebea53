/* SPDX-License-Identifier: MIT */
/*
 * DKIM: canonicalization beside a second one that has the whole before it
 * (RFC 6376 section 3.4), and whole signatures. The tags of one have to parse,
 * each once, the lines be short; what was signed has to be the digest of the
 * fields that h= names, taken from the bottom up, which the harness computes
 * for itself.
 */
#include "mail.h"

#include <mbedtls/md.h>
#include <smtp/dkim.h>

#include "dkim/canon.h"
#include "dkim/dkim.h"

static void
digest_of(struct span s, unsigned char *digest)
{
	mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
	    (const unsigned char *)s.p, s.n, digest);
}

/* Sections 3.4.3 and 3.4.4, of content with CRLF line ends. */
static struct span
body(struct span s, bool relaxed)
{
	char *out = fuzz_alloc(s.n + 2);
	size_t n = 0, end;

	while (s.n > 0) {
		const char *lf = memchr(s.p, '\n', s.n);
		size_t line = lf != NULL ? (size_t)(lf - s.p) - 1 : s.n;

		for (size_t i = 0; i < line; i++) {
			if (!relaxed || !mail_blank(s.p[i]))
				out[n++] = s.p[i];
			else if (i + 1 < line && !mail_blank(s.p[i + 1]))
				out[n++] = ' ';
		}
		line += lf != NULL ? 2 : 0;
		s.p += line;
		s.n -= line;
		out[n++] = '\r';
		out[n++] = '\n';
	}
	for (end = n; end >= 2 && memcmp(out + end - 2, "\r\n", 2) == 0; )
		end -= 2;
	n = end;
	if (n > 0 || !relaxed) {
		memcpy(out + n, "\r\n", 2);
		n += 2;
	}
	return (struct span){ out, n };
}

/* Sections 3.4.1 and 3.4.2, of one field with its CRLF, or without. */
static size_t
field(char *out, struct span s, bool relaxed)
{
	size_t n = 0, i = 0, start;
	bool ends = s.n > 0 && s.p[s.n - 1] == '\n';

	if (!relaxed) {
		memcpy(out, s.p, s.n);
		return s.n;
	}
	for (; i < s.n && s.p[i] != ':'; i++)
		if (s.p[i] != '\r' && s.p[i] != '\n')
			out[n++] = mail_lower(s.p[i]);
	while (n > 0 && mail_blank(out[n - 1]))
		n--;
	out[n++] = ':';
	start = n;
	for (i++; i < s.n; i++) {
		if (s.p[i] == '\r' || s.p[i] == '\n')
			continue;
		if (!mail_blank(s.p[i]))
			out[n++] = s.p[i];
		else if (n > start && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	while (n > start && out[n - 1] == ' ')
		n--;
	if (ends) {
		memcpy(out + n, "\r\n", 2);
		n += 2;
	}
	return n;
}

static void
canon(struct span s, bool relaxed, size_t piece)
{
	unsigned char want[32], got[32];
	struct smtp__canon c;

	digest_of(body(s, relaxed), want);
	smtp__canon_begin(&c, relaxed);
	for (size_t at = 0; at < s.n; at += piece)
		smtp__canon_body(&c, s.p + at, s.n - at < piece ? s.n - at :
		    piece);
	REQUIRE(smtp__canon_body_end(&c, got) == SMTP_OK);
	REQUIRE(memcmp(want, got, 32) == 0);
}

/* A header of the fuzzer's: fields, folded, with CRLFs. */
static struct span
make_header(struct fuzz *f)
{
	static const char *const names[] = {
		"From", "To", "SUBJECT", "Date", "X-a", "from ", "Message-ID",
		"Cc"
	};
	char *out = fuzz_alloc(4096);
	size_t n = 0, fields = 1 + (fuzz_octet(f) & 7);

	for (; fields > 0; fields--) {
		unsigned how = fuzz_octet(f);
		size_t size = how >> 3;

		n += (size_t)snprintf(out + n, 20, "%s:", names[how & 7]);
		for (; size > 0; size--) {
			char c = (char)fuzz_octet(f);

			if (c == '\n' && size > 1) {
				memcpy(out + n, "\r\n ", 3);
				n += 3;
				out[n++] = 'x';
			} else if ((unsigned char)c >= ' ' || c == '\t') {
				out[n++] = c;
			}
		}
		memcpy(out + n, "\r\n", 2);
		n += 2;
	}
	fuzz_shrink(out, n);
	return (struct span){ out, n };
}

/* The field at the front with its folds, taken from `s`. */
static struct span
next_field(struct span *s)
{
	struct span all = { s->p, 0 };

	do {
		(void)mail_line(s);
		all.n = (size_t)(s->p - all.p);
	} while (s->n > 0 && mail_blank(s->p[0]));
	return all;
}

static struct span
name_of(struct span s)
{
	const char *colon = memchr(s.p, ':', s.n);
	struct span name = { s.p, 0 };

	if (colon == NULL)
		return name;
	name.n = (size_t)(colon - s.p);
	while (name.n > 0 && mail_blank(name.p[name.n - 1]))
		name.n--;
	return name;
}

/* The one of that name that stands so many above the last. */
static struct span
from_below(struct span header, const char *name, size_t above)
{
	struct span found = { NULL, 0 };
	size_t many = 0;

	for (struct span s = header; s.n > 0; )
		many += mail_is(name_of(next_field(&s)), name);
	if (many <= above)
		return found;
	many -= above;
	for (struct span s = header; many > 0; ) {
		found = next_field(&s);
		many -= mail_is(name_of(found), name);
	}
	return found;
}

static unsigned char signed_digest[32];

static int
keep(void *ctx, const unsigned char digest[32], unsigned char *signature,
    size_t *n)
{
	REQUIRE(*n >= 64);
	memcpy(signed_digest, digest, 32);
	memcpy(signature, digest, 32);
	memset(signature + 32, *(unsigned char *)ctx, 32);
	*n = 64;
	return 0;
}

/* The value of a tag without its blanks; p NULL: there is none. */
static struct span
tag(struct span list, const char *name)
{
	struct span found = { NULL, 0 };
	char *out = fuzz_alloc(list.n);
	size_t at = 0;

	while (at < list.n) {
		size_t start, end, n = 0, size;

		while (at < list.n && (mail_blank(list.p[at]) ||
		    list.p[at] == '\r' || list.p[at] == '\n'))
			at++;
		for (start = at; at < list.n && list.p[at] != '='; at++)
			REQUIRE(mail_lower(list.p[at]) >= 'a' &&
			    mail_lower(list.p[at]) <= 'z');
		size = at - start;
		REQUIRE(size > 0 && at < list.n);
		for (end = ++at; end < list.n && list.p[end] != ';'; end++) {
			char c = list.p[end];

			REQUIRE((c >= ' ' && c < 127) || c == '\t' ||
			    c == '\r' || c == '\n');
			if (size == strlen(name) && c > ' ' &&
			    memcmp(list.p + start, name, size) == 0)
				out[n++] = c;
		}
		if (size == strlen(name) &&
		    memcmp(list.p + start, name, size) == 0) {
			REQUIRE(found.p == NULL);
			found = (struct span){ out, n };
			out = fuzz_alloc(list.n);
		}
		at = end + 1;
	}
	return found;
}

/* The signature field is whole, and was made of what it says. */
static void
check(struct span header, struct span all, bool relaxed,
    const unsigned char *body_digest)
{
	struct span s = all, h, b, list, name, value;
	char *signed_text = fuzz_alloc(3 * header.n + 8 * all.n + 64);
	unsigned char want[32], back[128];
	size_t n = 0, at = 0, cut;
	bool from_is = false;

	while (s.n > 0)
		REQUIRE(mail_line(&s).n <= 78);
	s = all;
	list = next_field(&s);
	REQUIRE(s.n == 0 && mail_begins(list, "DKIM-Signature:"));
	list.p += 15;
	list.n -= 17;
	REQUIRE(mail_is(tag(list, "v"), "1"));
	REQUIRE(tag(list, "d").n > 0 && tag(list, "s").n > 0);
	b = tag(list, "bh");
	REQUIRE(b.n == 44 && mail_base64(b.p, b.n, (char *)back) == 32 &&
	    memcmp(back, body_digest, 32) == 0);
	b = tag(list, "b");
	REQUIRE(b.n == 88 && mail_base64(b.p, b.n, (char *)back) == 64 &&
	    memcmp(back, signed_digest, 32) == 0);
	h = tag(list, "h");
	REQUIRE(h.n > 0);
	while (at < h.n) {
		char text[100];
		size_t size = 0, above = 0, from = at;

		for (; at < h.n && h.p[at] != ':' && size < 99; at++)
			text[size++] = h.p[at];
		text[size] = '\0';
		REQUIRE(size > 0 && (at == h.n || h.p[at] == ':'));
		at++;
		from_is |= strcmp(text, "from") == 0;
		/* How often it was named before. */
		for (size_t i = 0, start = 0; i < from; i++)
			if (h.p[i] == ':') {
				above += mail_is((struct span){ h.p + start,
				    i - start }, text);
				start = i + 1;
			}
		value = from_below(header, text, above);
		if (value.n > 0)
			n += field(signed_text + n, value, relaxed);
	}
	REQUIRE(from_is);
	/* Itself without the value of b= and without its CRLF. */
	for (cut = all.n; memcmp(all.p + cut - 2, "b=", 2) != 0 ||
	    all.p[cut - 3] == 'b'; cut--)
		REQUIRE(cut > 10);
	name = (struct span){ all.p, cut };
	n += field(signed_text + n, name, relaxed);
	digest_of((struct span){ signed_text, n }, want);
	REQUIRE(memcmp(want, signed_digest, 32) == 0);
}

static void
whole(struct fuzz *f, unsigned how)
{
	struct span header = make_header(f);
	char *domain = how & 4 ? fuzz_string(f, 40) : NULL;
	char *list = how & 8 ? fuzz_string(f, 60) : NULL;
	char *more = how & 16 ? fuzz_string(f, 60) : NULL;
	char *identity = how & 32 ? fuzz_string(f, 60) : NULL;
	struct smtp_dkim *dkim = smtp_dkim_new(domain != NULL ? domain :
	    "x.example", "s1");
	unsigned char digest[32];
	struct smtp__out out;
	const char *why = NULL;
	unsigned char fill = 3;

	memset(digest, 5, sizeof digest);
	smtp_dkim_set_signer(dkim, how & 64 ? "rsa-sha256" : "ed25519-sha256",
	    keep, &fill);
	smtp_dkim_set(dkim, "canonicalization", how & 2 ? "relaxed/simple" :
	    "simple/relaxed");
	if (list != NULL)
		smtp_dkim_set(dkim, "headers", list);
	if (more != NULL)
		smtp_dkim_set(dkim, "oversign", more);
	if (identity != NULL)
		smtp_dkim_set(dkim, "identity", identity);
	if (how & 128)
		smtp_dkim_set(dkim, "expire", "3600");
	smtp__out_init(&out, fuzz_alloc(8192), 8192);
	if (smtp__dkim_check(dkim, &why) == SMTP_OK) {
		REQUIRE(smtp__dkim_field(dkim, (struct smtp__bytes)
		    { header.p, header.n }, digest, how & 1 ? 1500000000 : 0,
		    &out) == SMTP_OK);
		fuzz_talk("H:", header.p, header.n);
		fuzz_talk("D:", out.p, out.n);
		check(header, (struct span){ out.p, out.n }, how & 2, digest);
	} else {
		REQUIRE(why != NULL && why[0] != '\0');
	}
	smtp_dkim_free(dkim);
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	struct fuzz f = fuzz_begin(input, n);
	unsigned mode = fuzz_octet(&f), how = fuzz_octet(&f);
	struct span s;
	char *p;

	if (mode & 1) {
		whole(&f, how);
		return 0;
	}
	p = fuzz_rest(&f, &s.n);
	s = mail_canonical(p, s.n);
	canon(s, how & 1, 1 + (how >> 1 & 31));
	return 0;
}
