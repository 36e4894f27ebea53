/* SPDX-License-Identifier: MIT */
/*
 * Parameters of MIME fields, and of DSN.
 *
 * Sources: lib/text/utf8.c lib/text/out.c lib/codec/word.c lib/codec/base64.c
 *   lib/codec/xtext.c
 */
#include "proof.h"

#include "codec/param.c"
#include "codec/xtext.h"

static bool
some_char(char c)
{
	(void)c;
	return any_bool();
}

/*
 * Octets of a value.
 *
 * Proves: attribute_char coded_width quoted_width param.c:is_token
 * Bounds: 4 octets, by which each rest is
 * Unwind: 20
 */
void
proof_widths(void)
{
	const char *p = any_octets(4);
	size_t coded = coded_width(p, 4), quoted = quoted_width(p, 4);

	HOLDS(coded >= 4 && coded <= 12 && quoted >= 4 && quoted <= 8);
	REACHES(is_token(p, 4));
}

static size_t
some_width(const char *p, size_t n)
{
	size_t width = up_to(3 * n);

	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	ASSUME(width >= n);
	return width;
}

static size_t
some_next(const char *p, size_t n, uint32_t *c)
{
	(void)c;
	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	return up_to(n < 4 ? n : 4);
}

/*
 * What fits of a value, and how it is written.
 *
 * Proves: param.c:fit put_coded put_quoted
 * Replaces: attribute_char=some_char coded_width=some_width
 *   quoted_width=some_width smtp__utf8_next=some_next
 * Bounds: 3 octets (6), by which each rest is; any room
 * Unwind: 5, 8
 */
void
proof_fit(void)
{
	const size_t n = BOUND(3, 6);
	struct smtp__param a;
	char line[20];
	struct smtp__out out;

	a.p = any_octets(n);
	a.n = n;
	a.coded = any_bool();
	HOLDS(fit(&a, any_size()) <= n);
	REACHES(fit(&a, 2) == 2);
	smtp__out_init(&out, line, up_to(sizeof(line)));
	if (a.coded)
		put_coded(&out, a.p, n);
	else
		put_quoted(&out, a.p, n);
	HOLDS(out.n <= out.cap && (out.over || out.n >= n));
	REACHES(out.n == 9);
}

static size_t
some_fit(const struct smtp__param *a, size_t room)
{
	HOLDS(room < SMTP__PARAM_MAX);
	return up_to(a->n);
}

static void
some_put(struct smtp__out *out, const char *p, size_t n)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	out->n += up_to(out->cap - out->n);
	out->over = any_bool();
}

static bool
some_token(const char *p, size_t n)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	return any_bool();
}

/*
 * A value of any kind, from any segment on.
 *
 * Proves: smtp__param_init smtp__param_next
 * Replaces: param.c:fit=some_fit put_coded=some_put put_quoted=some_put
 *   param.c:is_token=some_token coded_width=some_width quoted_width=some_width
 *   smtp__word_resembles=some_token
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
	a.split = any_bool();
	a.index = any_bool() ? 0 : 7;
	size = smtp__param_next(&a, out);
	HOLDS(size <= SMTP__PARAM_MAX && a.n <= n);
	HOLDS(a.n == 0 || a.split);
	REACHES(a.coded && a.split && size > 40);
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
