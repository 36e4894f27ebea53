/* SPDX-License-Identifier: MIT */
/*
 * Is a text nothing but 32 to 126? Most are, and eight octets are asked at a
 * time; who hears no looks at each.
 */
#ifndef SMTP__PLAIN_H
#define SMTP__PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not 0 if one of eight octets is not plain. */
static inline uint64_t
smtp__not_plain(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word, del;

	memcpy(&word, p, sizeof(word));
	del = word ^ ones * 127;
	/* below 32 or above 127; and 127 itself, which leaves a zero */
	return ((word - ones * 32) | word | (del - ones)) & ones * 128;
}

static inline bool
smtp__is_plain(const char *p, size_t n)
{
	uint64_t bad = 0;
	size_t i = 0;

	for (; n - i >= 8; i += 8)
		bad |= smtp__not_plain(p + i);
	if (i < n && n >= 8) {
		bad |= smtp__not_plain(p + n - 8);
		i = n;
	}
	for (; i < n; i++)
		bad |= (unsigned char)p[i] < 32 || (unsigned char)p[i] > 126;
	return bad == 0;
}

#endif
