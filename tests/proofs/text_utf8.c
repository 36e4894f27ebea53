/* SPDX-License-Identifier: MIT */
/*
 * UTF-8, strictly.
 *
 * Sources: lib/text/utf8.c
 * Also: -funsigned-char
 */
#include "proof.h"

#include "text/utf8.h"

/*
 * One character of any octets: within them, and the shortest form of a number
 * that is one.
 *
 * Proves: smtp__utf8_next smtp__utf8_put utf8.c:is_character
 * Bounds: none; no more than four octets are looked at, of six
 * Unwind: 5
 */
void
proof_next(void)
{
	size_t n = up_to(6), size;
	const char *p = any_octets(n);
	char back[4];
	uint32_t c, *character = any_bool() ? &c : NULL;

	size = smtp__utf8_next(p, n, character);
	HOLDS(size <= n && size <= 4);
	if (character != NULL && size > 0) {
		HOLDS(c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF));
		HOLDS(smtp__utf8_put(back, c) == size);
		for (size_t i = 0; i < size; i++)
			HOLDS(back[i] == p[i]);
	}
	REACHES(size == 4);
	REACHES(size == 3 && character == NULL);
	REACHES(size == 0 && n > 3 && (p[0] & 0xE0) == 0xE0);
}

/*
 * Any number: what is no character is nothing, others are read back.
 *
 * Proves: smtp__utf8_put
 * Bounds: none, all 32 bits
 * Unwind: 5
 */
void
proof_put(void)
{
	char text[4];
	uint32_t c = any_u32(), back;
	size_t size = smtp__utf8_put(text, c);

	HOLDS(size <= 4);
	HOLDS((size == 0) == (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)));
	if (size > 0) {
		HOLDS(smtp__utf8_next(text, size, &back) == size);
		HOLDS(back == c);
	}
	REACHES(size == 4);
}

/*
 * A text: what is in front of the first wrong octet, by the word where it can.
 *
 * Proves: smtp__utf8_check
 * Bounds: 9 octets (12), which is a word and each rest of up to that, as the
 *   loop knows only how many are left
 * Unwind: 11, 14
 * Seconds: 60, 300
 */
void
proof_check(void)
{
	const size_t n = BOUND(9, 12);
	const char *p = any_octets(n);
	size_t i = smtp__utf8_check(p, n);

	HOLDS(i <= n);
	HOLDS(i == n || smtp__utf8_next(p + i, n - i, NULL) == 0);
	REACHES(i == 8);
	REACHES(i == n && (unsigned char)p[0] > 0xF0);
}

/*
 * A text is valid or not.
 *
 * Proves: smtp__utf8_valid
 * Bounds: up to 4 octets; it is the one above
 * Unwind: 6
 */
void
proof_valid(void)
{
	size_t n = up_to(4);
	const char *p = any_octets(n);

	HOLDS(smtp__utf8_valid(p, n) == (smtp__utf8_check(p, n) == n));
	REACHES(n == 4 && smtp__utf8_valid(p, n));
}
