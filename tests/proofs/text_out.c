/* SPDX-License-Identifier: MIT */
/*
 * Bounded append.
 *
 * Sources: lib/text/out.c
 */
#include "proof.h"

#include "text/out.h"

enum { SIZE = BOUND(24, 64) };

static size_t grown;

/* As a growing buffer does it, or not. */
static bool
grow(struct smtp__out *out, size_t more)
{
	if (any_bool() || more > SIZE)
		return false;
	out->cap = out->n + more;
	out->p = any_octets(out->cap);
	grown++;
	return true;
}

/* Any that is sound: never more than its room. */
static struct smtp__out
any_out(void)
{
	struct smtp__out out;

	out.cap = up_to(SIZE);
	out.p = any_octets(out.cap);
	out.n = up_to(out.cap);
	out.over = any_bool();
	out.grow = any_bool() ? grow : NULL;
	return out;
}

static void
is_sound(const struct smtp__out *out, const struct smtp__out *was)
{
	HOLDS(out->n <= out->cap);
	HOLDS(out->n >= was->n);
	HOLDS(!was->over || (out->over && out->n == was->n));
}

/*
 * All of it or nothing, and nothing behind an overflow.
 *
 * Proves: smtp__out_room smtp__out_add
 * Bounds: room and text of up to 24 octets (64); the lengths decide no more
 *   than whether it fits, and the copy is one memcpy
 * Unwind: 26, 66
 */
void
proof_add(void)
{
	struct smtp__out out = any_out(), was = out;
	size_t n = up_to(SIZE);

	forgetful = true;
	smtp__out_add(&out, any_octets(n), n);
	is_sound(&out, &was);
	HOLDS(out.n == was.n || out.n == was.n + n);
	REACHES(out.over && !was.over);
	REACHES(grown > 0 && out.n > was.n);
	REACHES(out.n == out.cap && n > 1);
}

/*
 * One octet, two digits, a NUL that is not counted.
 *
 * Proves: smtp__out_octet smtp__out_hex smtp__out_end
 * Bounds: room as above
 * Unwind: 3
 */
void
proof_octets(void)
{
	struct smtp__out out = any_out(), was = out;
	unsigned char octet = any_uchar();

	smtp__out_hex(&out, octet);
	is_sound(&out, &was);
	HOLDS(out.over || out.n == was.n + 2);
	was = out;
	smtp__out_octet(&out, (char)octet);
	is_sound(&out, &was);
	HOLDS(out.over || out.p[was.n] == (char)octet);
	was = out;
	smtp__out_end(&out);
	is_sound(&out, &was);
	HOLDS(out.n == was.n);
	HOLDS(out.over || out.p[out.n] == '\0');
	REACHES(out.over && !was.over);
	REACHES(!out.over);
}

/*
 * A string.
 *
 * Proves: smtp__out_text
 * Bounds: text of up to 24 octets (64), which is strlen and the proof above
 * Unwind: 26, 66
 */
void
proof_text(void)
{
	struct smtp__out out = any_out(), was = out;

	forgetful = true;
	smtp__out_text(&out, any_string(SIZE));
	is_sound(&out, &was);
	REACHES(!out.over && out.n == was.n + 7);
}

/*
 * A number, without division: there is room for its digits, and they are its
 * own.
 *
 * Proves: smtp__out_number smtp__out_init
 * Bounds: numbers below 2^12 (2^16); each bit is treated as the one before
 * Unwind: 18
 * Loops: smtp__out_number.0:8 smtp__out_number.1:6
 * Seconds: 30, 600
 */
void
proof_number(void)
{
	char digits[21];
	struct smtp__out out;
	uint64_t value = up_to(BOUND(4095, 65535)), back = 0;

	smtp__out_init(&out, digits, sizeof(digits));
	smtp__out_number(&out, value);
	HOLDS(!out.over);
	for (size_t i = 0; i < out.n; i++)
		back = back * 10 + (uint64_t)(digits[i] - '0');
	HOLDS(back == value);
	HOLDS(out.n == 1 || digits[0] != '0');
	REACHES(out.n == 4);
}
