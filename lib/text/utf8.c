/* SPDX-License-Identifier: MIT */
#include "text/utf8.h"

#include <string.h>

#include <smtp/config.h>

static bool
is_character(uint32_t c)
{
	return c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

size_t
smtp__utf8_next(const char *p, size_t n, uint32_t *character)
{
	unsigned char first;
	uint32_t c;
	size_t size = 1;

	if (n == 0)
		return 0;
	c = first = (unsigned char)p[0];
	if (first >= 0x80) {
		if (first < 0xC2 || first >= 0xF5)
			return 0;
		size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
		c &= 0x7Fu >> size;
	}
	if (size > n)
		return 0;
	for (size_t i = 1; i < size; i++) {
		unsigned char next = (unsigned char)p[i];

		if ((next & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3Fu);
	}
	/* As short as it can be: of 3 octets above 7FF, of 4 above FFFF. */
	if ((size > 2 && c >> (5 * size - 4) == 0) || !is_character(c))
		return 0;
	if (character != NULL)
		*character = c;
	return size;
}

size_t
smtp__utf8_check(const char *p, size_t n)
{
	size_t i = 0, size;
	uint64_t word;

	while (i < n) {
		/* Most text is ASCII: eight octets at a time. */
		if (SMTP_WITH_FAST && n - i >= sizeof(word)) {
			memcpy(&word, p + i, sizeof(word));
			if ((word & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		size = smtp__utf8_next(p + i, n - i, NULL);
		if (size == 0)
			break;
		i += size;
	}
	return i;
}

size_t
smtp__utf8_put(char *p, uint32_t c)
{
	if (!is_character(c))
		return 0;
	if (c < 0x80) {
		p[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (char)(0xC0 | c >> 6);
		p[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (char)(0xE0 | c >> 12);
		p[1] = (char)(0x80 | (c >> 6 & 0x3F));
		p[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	p[0] = (char)(0xF0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 0x3F));
	p[2] = (char)(0x80 | (c >> 6 & 0x3F));
	p[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}
