/* SPDX-License-Identifier: MIT */
#include "crypto/md4.h"

#include <smtp/config.h>

#if SMTP_WITH_NTLM
#include <stdint.h>
#include <string.h>

#include "crypto/hash.h"

#define BLOCK 64

static uint32_t
rotate(uint32_t x, unsigned by)
{
	return x << by | x >> (32 - by);
}

static uint32_t
f(unsigned round, uint32_t x, uint32_t y, uint32_t z)
{
	if (round == 0)
		return (x & y) | (~x & z);
	if (round == 1)
		return (x & y) | (x & z) | (y & z);
	return x ^ y ^ z;
}

/* RFC 1320 section 3.4: three rounds of 16 steps. */
static void
block(uint32_t s[4], const unsigned char *p)
{
	static const uint32_t add[] = { 0, 0x5A827999, 0x6ED9EBA1 };
	static const uint8_t by[3][4] = {
		{ 3, 7, 11, 19 }, { 3, 5, 9, 13 }, { 3, 9, 11, 15 }
	};
	static const uint8_t from[2][16] = {
		{ 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15 },
		{ 0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15 }
	};
	uint32_t x[16], a = s[0], b = s[1], c = s[2], d = s[3];

	for (unsigned i = 0; i < 16; i++, p += 4)
		x[i] = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		    (uint32_t)p[3] << 24;
	for (unsigned i = 0; i < 48; i++) {
		unsigned round = i / 16, k = i % 16;
		uint32_t next = rotate(a + f(round, b, c, d) +
		    x[round == 0 ? k : from[round - 1][k]] + add[round],
		    by[round][k % 4]);

		a = d;
		d = c;
		c = b;
		b = next;
	}
	s[0] += a;
	s[1] += b;
	s[2] += c;
	s[3] += d;
	smtp__wipe(x, sizeof x);
}

/* The end: a one, zeros, and the length in bits. */
static void
last(uint32_t s[4], const unsigned char *p, size_t n, uint64_t all)
{
	unsigned char end[2 * BLOCK] = { 0 };
	size_t size = n < BLOCK - 8 ? BLOCK : 2 * BLOCK;

	if (n > 0)
		memcpy(end, p, n);
	end[n] = 0x80;
	for (unsigned i = 0; i < 8; i++)
		end[size - 8 + i] = (unsigned char)(all * 8 >> 8 * i);
	for (size_t i = 0; i < size; i += BLOCK)
		block(s, end + i);
	smtp__wipe(end, sizeof end);
}

void
smtp__md4(const void *text, size_t n, unsigned char digest[16])
{
	uint32_t s[4] = { 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476 };
	const unsigned char *p = text;
	uint64_t all = n;

	for (; n >= BLOCK; n -= BLOCK, p += BLOCK)
		block(s, p);
	last(s, p, n, all);
	for (unsigned i = 0; i < 16; i++)
		digest[i] = (unsigned char)(s[i / 4] >> 8 * (i % 4));
	smtp__wipe(s, sizeof s);
}
#endif
