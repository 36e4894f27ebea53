/* SPDX-License-Identifier: MIT */
/*
 * Internationalised domain names.
 *
 * Sources: lib/text/utf8.c lib/text/out.c
 */
#include "proof.h"

#include "text/punycode.c"

/*
 * The digits of a delta: each is one, and there are few.
 *
 * Proves: threshold digit put_delta
 * Bounds: deltas below 2^9 (2^16); a round divides by ten at least and knows
 *   nothing of those before
 * Unwind: 6, 8
 * Seconds: 60, 600
 */
void
proof_put_delta(void)
{
	char text[8];
	struct smtp__out out;
	uint32_t delta = any_u32(), bias = any_u32();

	ASSUME(delta < BOUND(512, 65536) && bias <= 300);
	smtp__out_init(&out, text, sizeof(text));
	put_delta(&out, delta, bias);
	HOLDS(out.n >= 1 && !out.over);
	for (size_t i = 0; i < out.n; i++)
		HOLDS(smtp__is_digit(text[i]) ||
		    (text[i] >= 'a' && text[i] <= 'z'));
	REACHES(out.n == 3);
}

/*
 * The bias stays small, whatever the delta.
 *
 * Proves: adapt
 * Bounds: deltas below 2^14 (2^32), one to three characters (64); the loop
 *   divides by 35
 * Unwind: 7
 * Seconds: 60, 900
 */
void
proof_adapt(void)
{
	uint32_t delta = any_u32(), points = any_u32(), bias;

	ASSUME(BOUND(delta < 16384, true));
	ASSUME(points >= 1 && points <= BOUND(3, 64));
	bias = adapt(delta, points, any_bool());
	HOLDS(bias <= 7 * BASE + BASE);
	REACHES(bias > BASE);
}

static uint32_t
any_adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t bias = any_u32();

	(void)delta, (void)first;
	HOLDS(points >= 1);
	ASSUME(bias <= 288);
	return bias;
}

static void
any_put_delta(struct smtp__out *out, uint32_t delta, uint32_t bias)
{
	(void)delta;
	HOLDS(bias <= 300);
	smtp__out_octet(out, any_char());
}

/*
 * A label to Punycode: what is no UTF-8, or too long, is refused.
 *
 * Proves: smtp__punycode_encode characters
 * Replaces: adapt=any_adapt put_delta=any_put_delta
 * Bounds: 4 octets (6); delta grows by at most 63 times 0x10FFFF, which
 *   is below 2^27
 * Unwind: 8, 11
 * Seconds: 60, 600
 */
void
proof_encode(void)
{
	const size_t n = BOUND(4, 6);
	const char *p = any_octets(n);
	struct smtp__out out;
	size_t cap = up_to(8);

	smtp__out_init(&out, any_octets(cap), cap);
	REACHES(smtp__punycode_encode(&out, p, n) == 0);
	HOLDS(out.n <= cap);
	REACHES(out.over);
}

/*
 * One delta, and it does not overflow.
 *
 * Proves: get_delta
 * Bounds: 2 digits (9); the weights grow past 2^32 with the seventh at most
 * Unwind: 4, 11
 * Seconds: 60, 600
 */
void
proof_get_delta(void)
{
	const size_t n = BOUND(2, 9);
	const char *p = any_octets(n);
	size_t i = up_to(n), was = i;
	uint32_t bias = any_u32(), delta = any_u32(), before = delta;
	bool good;

	ASSUME(bias <= 300);
	good = get_delta(p, n, &i, bias, &delta);
	HOLDS(i <= n && (!good || i > was));
	HOLDS(delta >= before);
	REACHES(good && i == was + 2 && was == 0);
	REACHES(!good && i < n);
}

static bool
any_get_delta(const char *p, size_t n, size_t *i, uint32_t bias,
    uint32_t *delta)
{
	uint32_t more = any_u32();

	(void)p;
	HOLDS(bias <= 300);
	if (*i == n)
		return false;
	*i += 1 + up_to(n - *i - 1);
	ASSUME(more <= UINT32_MAX - *delta);
	*delta += more;
	return any_bool();
}

/*
 * Punycode to UTF-8: characters are put where they belong.
 *
 * Proves: smtp__punycode_decode
 * Replaces: adapt=any_adapt get_delta=any_get_delta
 * Bounds: 4 octets (6)
 * Unwind: 8, 10
 * Seconds: 60, 600
 */
void
proof_decode(void)
{
	size_t n = BOUND(4, 6), cap = up_to(12);
	const char *p = any_octets(n);
	struct smtp__out out;

	forgetful = true;
	smtp__out_init(&out, any_octets(cap), cap);
	REACHES(smtp__punycode_decode(&out, p, n) == 0 && p[1] == '-');
	HOLDS(out.n <= cap);
}

/*
 * Letters and tables: what is small stays so, and is a character.
 *
 * Proves: lower in_ranges
 * Bounds: none, all characters
 * Unwind: 70
 */
void
proof_lower(void)
{
	uint32_t c = any_u32(), small;

	ASSUME(c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF));
	small = lower(c);
	HOLDS(small <= 0x10FFFF && (small < 0xD800 || small > 0xDFFF));
	REACHES(small == c + 1);
	REACHES(small == 0x4CF);
}

static bool
any_in_ranges(uint32_t c, const struct range *r, size_t count)
{
	(void)c;
	HOLDS(count > 0 && __CPROVER_r_ok(r, count * sizeof(*r)));
	return any_bool();
}

/*
 * What a label may hold, and where.
 *
 * Proves: u_label context_allows direction_agrees
 * Replaces: in_ranges=any_in_ranges
 * Bounds: one to five characters (9); each knows its neighbours
 * Unwind: 6, 10
 */
void
proof_u_label(void)
{
	size_t count = 1 + up_to(BOUND(4, 8));
	uint32_t *c = any_octets(count * sizeof(*c));

	REACHES(u_label(c, count) && count == 5);
	REACHES(u_label(c, count) && count == 1);
}

static int
any_label(struct smtp__out *out, const char *p, size_t n)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	out->n += up_to(out->cap - out->n);
	return any_bool() ? 0 : -1;
}

/*
 * A domain is cut at its dots, of four kinds.
 *
 * Proves: smtp__domain_to_ascii dot
 * Replaces: label=any_label
 * Bounds: up to 4 octets (8)
 * Unwind: 7, 11
 */
void
proof_domain(void)
{
	size_t n = up_to(BOUND(4, 8)), cap = up_to(6);
	const char *p = any_octets(n);
	struct smtp__out out;

	smtp__out_init(&out, any_octets(cap), cap);
	REACHES(smtp__domain_to_ascii(&out, p, n) == 0 && n == 4);
	HOLDS(out.n <= out.cap);
}
