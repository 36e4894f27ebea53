/* SPDX-License-Identifier: MIT */
/*
 * Content on its way to DATA. What a server makes of it has to be the input
 * with CRLF line ends, however both sides are cut; and nothing in it may look
 * like the end mark but the end mark.
 */
#include "mail.h"

#include <stdbool.h>

#include "proto/stuff.h"

/* As RFC 5321 section 4.5.2 tells a server: dots off, up to the end mark. */
static size_t
unstuff(const char *p, size_t n, char *out, size_t *used)
{
	size_t at = 0, size = 0;

	for (;;) {
		const char *end = memchr(p + at, '\r', n - at);
		size_t line;

		REQUIRE(end != NULL && end + 1 < p + n && end[1] == '\n');
		REQUIRE(memchr(p + at, '\n', (size_t)(end - (p + at))) == NULL);
		line = (size_t)(end - (p + at));
		if (line == 1 && p[at] == '.') {
			*used = at + 3;
			return size;
		}
		if (line > 0 && p[at] == '.') {
			at++;
			line--;
		}
		REQUIRE(line <= SMTP__CONTENT_LINE_MAX);
		memcpy(out + size, p + at, line + 2);
		size += line + 2;
		at += line + 2;
	}
}

/* The same in the plainest way, and an end for a last line without one. */
static bool
is_content(const char *p, size_t n, struct span given)
{
	bool open = given.n > 0 && given.p[given.n - 1] != '\n';

	return n == given.n + (open ? 2 : 0) &&
	    memcmp(p, given.p, given.n) == 0 &&
	    (!open || memcmp(p + given.n, "\r\n", 2) == 0);
}

static size_t
stuff(const char *p, size_t n, bool eightbit, size_t in_cut, size_t out_cut,
    char *out, bool *bad)
{
	struct smtp__stuff s;
	size_t size = 0, at = 0;

	smtp__stuff_begin(&s, eightbit);
	while (at < n && !s.bad) {
		size_t piece = n - at < in_cut ? n - at : in_cut;

		s.in = p + at;
		s.in_n = piece;
		while (s.in_n > 0 && !s.bad)
			size += smtp__stuff(&s, out + size, out_cut);
		at += piece;
	}
	*bad = s.bad;
	s.end = 1;
	while (!s.bad && !smtp__stuff_ended(&s))
		size += smtp__stuff(&s, out + size, out_cut);
	return size;
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_n)
{
	struct fuzz f = fuzz_begin(input, input_n);
	bool eightbit = fuzz_octet(&f) & 1, bad, bad2;
	size_t in_cut = 1 + fuzz_octet(&f), out_cut = 1 + fuzz_octet(&f);
	size_t n, size, size2, back, used = 0;
	char *p = fuzz_rest(&f, &n), *out, *out2, *got;

	out = fuzz_alloc(3 * n + 400);
	out2 = fuzz_alloc(3 * n + 400);
	got = fuzz_alloc(3 * n + 400);
	size = stuff(p, n, eightbit, n + 1, 3 * n + 9, out, &bad);
	size2 = stuff(p, n, eightbit, in_cut, out_cut, out2, &bad2);
	REQUIRE(bad == bad2 && size == size2);
	REQUIRE(memcmp(out, out2, size) == 0);
	if (!bad) {
		back = unstuff(out, size, got, &used);
		REQUIRE(used == size);
		REQUIRE(is_content(got, back, mail_canonical(p, n)));
		for (size_t i = 0; i < size && !eightbit; i++)
			REQUIRE((unsigned char)out[i] < 128);
	}
	return 0;
}
