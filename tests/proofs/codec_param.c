/* SPDX-License-Identifier: MIT */
/*
 * Parameters of MIME fields, and of DSN.
 *
 * Sources: lib/text/utf8.c lib/text/out.c lib/codec/word.c lib/codec/base64.c
 *   lib/codec/escape.c lib/codec/line.c lib/codec/xtext.c
 */
#include "proof.h"

#include "codec/param.c"
#include "codec/xtext.h"

static size_t
some_width(const char *p, size_t n, enum smtp__escape how)
{
	size_t width = up_to(3 * n);

	(void)how;
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	ASSUME(width >= n);
	return width;
}

static size_t
some_fit(const char *p, size_t n, size_t room, enum smtp__escape how,
    size_t *threes)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	HOLDS(room < SMTP__PARAM_MAX && how != SMTP__ESCAPE_NONE);
	*threes = 0;
	return up_to(n < room ? n : room);
}

static void
some_escape(struct smtp__line *line, const char *p, size_t n,
    enum smtp__escape how)
{
	(void)how;
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	line->n += n + up_to(2 * n);
}

static bool
some_word(const char *p, size_t n, bool utf8)
{
	HOLDS(!utf8);
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	return any_bool();
}

/*
 * A value of any kind, from any segment on.
 *
 * Proves: smtp__param_init smtp__param_next
 * Replaces: smtp__escape_fit=some_fit smtp__escape=some_escape
 *   smtp__escape_width=some_width smtp__word_needed=some_word
 * Bounds: values of up to 3 octets with names of up to 32; said to be split or
 *   not, whatever their length; the first segment and another
 * Unwind: 35
 * Loops: smtp__param_init.0:5
 */
void
proof_next(void)
{
	struct smtp__param a;
	size_t n = up_to(3), size;
	char *out = any_octets(SMTP__PARAM_MAX);

	forgetful = true;
	smtp__param_init(&a, any_string(32), any_octets(n), n);
	HOLDS(!a.split || a.how != SMTP__ESCAPE_NONE);
	if (a.how != SMTP__ESCAPE_NONE)
		a.split = any_bool();
	a.index = any_bool() ? 0 : 7;
	size = smtp__param_next(&a, out);
	HOLDS(size <= SMTP__PARAM_MAX && a.n <= n);
	HOLDS(a.n == 0 || a.split);
	REACHES(a.how == SMTP__ESCAPE_PARAM && a.split && size > 40);
}

/*
 * The forms of DSN: what may not stand there is written by its number.
 *
 * Proves: smtp__xtext_write smtp__xtext_write_utf8 embedded
 * Bounds: 3 octets (6); an octet is written as the one before
 * Unwind: 9
 */
void
proof_xtext(void)
{
	size_t cap = up_to(12), n = up_to(BOUND(3, 6));
	const char *p = any_octets(n);
	struct smtp__out out;

	smtp__out_init(&out, any_octets(cap), cap);
	if (any_bool()) {
		smtp__xtext_write(&out, p, n);
		HOLDS(out.over || (out.n >= n && out.n <= 3 * n));
	} else {
		smtp__xtext_write_utf8(&out, p, n, any_bool());
		REACHES(out.over && n == 1);
	}
	HOLDS(out.n <= cap);
	REACHES(!out.over && out.n == 12);
}
