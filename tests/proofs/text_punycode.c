/* SPDX-License-Identifier: MIT */
/*
 * Internationalised domain names.
 *
 * Sources: lib/text/utf8.c lib/text/out.c
 */
#include "proof.h"

#include "text/punycode.c"

/* What at most 63 characters of Unicode come to, and the bias that follows. */
#define DELTAS (64 * UINT32_C(0x110000))
#define BIAS_MAX 163

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

	ASSUME(delta < BOUND(512, 65536) && bias <= BIAS_MAX);
	smtp__out_init(&out, text, sizeof(text));
	put_delta(&out, delta, bias);
	HOLDS(out.n >= 1 && !out.over);
	for (size_t i = 0; i < out.n; i++)
		HOLDS(smtp__is_digit(text[i]) ||
		    (text[i] >= 'a' && text[i] <= 'z'));
	REACHES(out.n == 3);
}

/*
 * The bias stays small: so small that a digit is too large for the number
 * before its weight is.
 *
 * Proves: adapt
 * Bounds: deltas below 2^14 (all that a label has), one to three characters
 *   (64); the loop divides by 35
 * Unwind: 7
 * Seconds: 60, 900
 */
void
proof_adapt(void)
{
	uint32_t delta = any_u32(), points = any_u32(), bias;

	ASSUME(delta < BOUND(16384, DELTAS));
	ASSUME(points >= 1 && points <= BOUND(3, 64));
	bias = adapt(delta, points, any_bool());
	HOLDS(bias <= BIAS_MAX);
	REACHES(bias > BASE);
}

static uint32_t
any_adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t bias = any_u32();

	(void)first;
	HOLDS(points >= 1 && delta < DELTAS);
	ASSUME(bias <= BIAS_MAX);
	return bias;
}

static void
any_put_delta(struct smtp__out *out, uint32_t delta, uint32_t bias)
{
	(void)delta;
	HOLDS(bias <= BIAS_MAX);
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

	ASSUME(bias <= BIAS_MAX);
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
	HOLDS(bias <= BIAS_MAX);
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
any_characters(const char *p, size_t n, uint32_t c[SMTP__LABEL_MAX],
    size_t *count)
{
	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	HOLDS(__CPROVER_w_ok(c, SMTP__LABEL_MAX * sizeof(*c)));
	*count = 1 + up_to(BOUND(7, SMTP__LABEL_MAX - 1));
	return any_bool() ? 0 : -1;
}

static uint32_t
any_lower(uint32_t c)
{
	(void)c;
	return any_u32();
}

static bool
any_u_label(const uint32_t *c, size_t count)
{
	HOLDS(count > 0 && __CPROVER_r_ok(c, count * sizeof(*c)));
	return any_bool();
}

static size_t
any_put(char *p, uint32_t c)
{
	(void)c;
	HOLDS(__CPROVER_w_ok(p, 4));
	return up_to(4);
}

/* Into memory of which no more is used than there is. */
static int
any_code(struct smtp__out *out, const char *p, size_t n)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	HOLDS(out->n <= out->cap);
	HOLDS(out->cap == 0 || __CPROVER_w_ok(out->p, out->cap));
	out->n += up_to(out->cap - out->n);
	out->over = any_bool();
	return !out->over && any_bool() ? 0 : -1;
}

/*
 * A label that is not ASCII: in small letters it fits.
 *
 * Proves: encode_label
 * Replaces: characters=any_characters lower=any_lower u_label=any_u_label
 *   smtp__utf8_put=any_put smtp__punycode_encode=any_code
 * Bounds: labels of one to 8 characters (63, which is all that characters()
 *   gives)
 * Unwind: 9, 64
 * Seconds: 30, 300
 */
void
proof_encode_label(void)
{
	size_t n = 1 + up_to(5), cap = up_to(8);
	struct smtp__out out;
	int status;

	forgetful = true;
	smtp__out_init(&out, any_octets(cap), cap);
	status = encode_label(&out, any_octets(n), n);
	HOLDS(out.n <= cap);
	REACHES(status == 0 && out.n == 8);
}

static size_t
any_next(const char *p, size_t n, uint32_t *c)
{
	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	*c = any_u32();
	return 1 + up_to((n < 4 ? n : 4) - 1);
}

static bool
any_same(const char *a, size_t a_n, const char *b, size_t b_n)
{
	HOLDS(a_n == 0 || __CPROVER_r_ok(a, a_n));
	HOLDS(b_n == 0 || __CPROVER_r_ok(b, b_n));
	return any_bool();
}

static int
any_decode(struct smtp__out *out, const char *p, size_t n)
{
	int status = any_code(out, p, n);

	ASSUME(status != 0 || out->n <= BOUND(8, 32));
	return status;
}

/*
 * Punycode that an encoder would have written: what it stands for and what
 * that becomes fit in their memory.
 *
 * Proves: a_label
 * Replaces: smtp__punycode_decode=any_decode smtp__punycode_encode=any_code
 *   smtp__same=any_same smtp__utf8_next=any_next
 * Bounds: labels of any length that stand for up to 8 octets (32): each is
 *   looked at as the one before
 * Unwind: 9, 33
 * Seconds: 30, 300
 */
void
proof_a_label(void)
{
	size_t n = 4 + up_to(SMTP__LABEL_MAX - 4);

	REACHES(a_label(any_octets(n), n) && n == SMTP__LABEL_MAX);
	REACHES(!a_label(any_octets(n), n));
}

static bool
any_a_label(const char *p, size_t n)
{
	HOLDS(n >= 4 && n <= SMTP__LABEL_MAX && __CPROVER_r_ok(p, n));
	return any_bool();
}

/*
 * One label: of ASCII, of Punycode, or to be encoded.
 *
 * Proves: punycode.c:label ascii_label
 * Replaces: encode_label=any_code a_label=any_a_label smtp__same=any_same
 * Bounds: up to 6 octets (65): each is looked at as the one before
 * Unwind: 8, 66
 * Seconds: 30, 300
 */
void
proof_label(void)
{
	size_t n = up_to(BOUND(6, 65)), cap = up_to(8);
	struct smtp__out out;
	int status;

	forgetful = true;
	smtp__out_init(&out, any_octets(cap), cap);
	status = label(&out, any_octets(n), n);
	HOLDS(out.n <= cap);
	REACHES(status == 0 && out.n == 6 && n == 6);
	REACHES(status != 0 && n == 0);
}

/*
 * A domain is cut at its dots, of four kinds.
 *
 * Proves: smtp__domain_to_ascii dot
 * Replaces: label=any_code
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
