/* SPDX-License-Identifier: MIT */
/*
 * Base64.
 *
 * Sources: lib/codec/base64_lines.c
 */
#include "proof.h"

#include "codec/base64.c"
#include "codec/base64_lines.h"

/*
 * A group of one to three octets, and each digit.
 *
 * Proves: smtp__base64_group three smtp__base64_digit value_of
 * Bounds: none, all octets
 * Unwind: 66
 */
void
proof_group(void)
{
	size_t n = up_to(4);
	unsigned char *in = any_octets(n);
	char out[4];
	unsigned value = any_unsigned();

	HOLDS(smtp__base64_group(in, n, out) == (n > 0 ? 4 : 0));
	HOLDS(n == 0 || (value_of(out[0]) < 64 && value_of(out[1]) < 64));
	HOLDS(n == 0 || (out[3] == '=') == (n < 3));
	ASSUME(value < 64);
	HOLDS(value_of(smtp__base64_digit(value)) == value);
	HOLDS(value_of(any_char()) <= NONE);
}

static size_t
some_group(const unsigned char *in, size_t n, char out[4])
{
	HOLDS(n > 0 && __CPROVER_r_ok(in, n < 3 ? n : 3));
	HOLDS(__CPROVER_w_ok(out, 4));
	return 4;
}

/*
 * Groups one by one, from any column that a line can have: the column keeps to
 * what it may be, so the length of the input has no bound.
 *
 * Proves: smtp__base64_encode smtp__base64_init
 * Replaces: smtp__base64_group=some_group
 * Bounds: up to 7 octets into up to 16: a fold, a group, and the next
 * Assumes: the column is a multiple of 4, up to 76: shown to be kept
 * Unwind: 5
 */
void
proof_encode(void)
{
	struct smtp__base64 b;
	size_t n = up_to(7), cap = up_to(16), used, wrote;
	const char *in = any_octets(n);
	char *out = any_octets(cap);
	bool last = any_bool();

	smtp__base64_init(&b, any_bool());
	HOLDS(b.column == 0);
	b.column = any_unsigned();
	ASSUME(b.column % 4 == 0 && (!b.lines || b.column <= 76));
	ASSUME(b.column < 1000000000);
	wrote = smtp__base64_encode(&b, in, n, last, &used, out, cap);
	HOLDS(wrote <= cap && used <= n);
	HOLDS(b.column % 4 == 0 && (!b.lines || b.column <= 76));
	HOLDS(last || n - used < 3 || cap - wrote < SMTP__BASE64_ROOM);
	HOLDS(!last || used == n || cap - wrote < SMTP__BASE64_ROOM);
	REACHES(wrote == 10 && used == 6);
	REACHES(used == 7);
}

/*
 * What the check takes, the decoder takes, and nothing else; it may decode in
 * place, and writes no more than its room.
 *
 * Proves: smtp__base64_check smtp__base64_decode
 * Bounds: up to 5 octets (9), of which a group of four is one round
 * Unwind: 10
 * Loops: memchr.0:66
 * Seconds: 20, 600
 */
void
proof_decode(void)
{
	size_t n = up_to(BOUND(5, 9)), cap = up_to(7);
	char *in = any_octets(n), *out = any_octets(cap);
	bool good = smtp__base64_check(in, n), room = cap >= n / 4 * 3;
	ptrdiff_t size = smtp__base64_decode(in, n, out, cap);

	HOLDS(size >= -1 && size <= (ptrdiff_t)cap);
	HOLDS(size < 0 || good);
	HOLDS(size >= 0 || !good || !room);
	HOLDS(smtp__base64_decode(in, n, in, n) <= (ptrdiff_t)n);
	REACHES(size == 3);
	REACHES(size == 1);
	REACHES(good && !room);
}

/*
 * The size of any number of octets that can be, and a line as a whole.
 *
 * Proves: smtp__base64_size smtp__base64_lines smtp__base64_lines_portable
 *   two_groups big_endian
 * Bounds: one line and two; sizes below 2^62
 * Unwind: 10
 */
void
proof_lines(void)
{
	size_t lines = up_to(2);
	uint64_t n = any_u64();

	forgetful = true;
	smtp__base64_lines(any_octets(lines * SMTP__BASE64_LINE_IN), lines,
	    any_octets(lines * SMTP__BASE64_LINE_OUT));
	ASSUME(n < UINT64_C(1) << 61);
	HOLDS(smtp__base64_size(n, any_bool()) >= n);
	REACHES(lines == 2);
}
