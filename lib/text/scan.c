/* SPDX-License-Identifier: MIT */
#include "text/scan.h"

#include <stdint.h>
#include <string.h>

#include <smtp/config.h>

static bool
stops(unsigned char c, bool high)
{
	return c == '\r' || c == '\n' || (high && c > 127);
}

static size_t
by_octet(const char *p, size_t n, bool high)
{
	size_t i = 0;

	while (i < n && !stops((unsigned char)p[i], high))
		i++;
	return i;
}

static inline size_t
copy_octets(char *out, const char *p, size_t n, bool high)
{
	size_t i = by_octet(p, n, high);

	if (i > 0)
		memcpy(out, p, i);
	return i;
}

#if SMTP_WITH_FAST && defined(__SSE2__) && defined(__GNUC__)

#include <emmintrin.h>

/* A bit for each of 16 octets; every x86-64 processor has what it takes. */
static unsigned
stops_of(const char *p, bool high)
{
	__m128i octets = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i ends = _mm_or_si128(
	    _mm_cmpeq_epi8(octets, _mm_set1_epi8('\r')),
	    _mm_cmpeq_epi8(octets, _mm_set1_epi8('\n')));

	if (high)
		ends = _mm_or_si128(ends, octets);
	return (unsigned)_mm_movemask_epi8(ends);
}

size_t
smtp__scan_line(const char *p, size_t n, bool high)
{
	size_t i = 0;
	unsigned stop;

	for (; n - i >= 16; i += 16) {
		stop = stops_of(p + i, high);
		if (stop != 0)
			return i + (unsigned)__builtin_ctz(stop);
	}
	return i + by_octet(p + i, n - i, high);
}

size_t
smtp__scan_copy(char *out, const char *p, size_t n, bool high)
{
	size_t i = 0;

	for (; n - i >= 16; i += 16) {
		unsigned stop = stops_of(p + i, high);

		memcpy(out + i, p + i, 16);
		if (stop != 0)
			return i + (unsigned)__builtin_ctz(stop);
	}
	return i + copy_octets(out + i, p + i, n - i, high);
}

#elif SMTP_WITH_FAST

#define ONES UINT64_C(0x0101010101010101)

/* Some high bit is set if an octet is zero, none if none is. */
static uint64_t
zeros(uint64_t word)
{
	return (word - ONES) & ~word & ONES * 128;
}

size_t
smtp__scan_line(const char *p, size_t n, bool high)
{
	const uint64_t above = high ? ONES * 128 : 0;
	size_t i = 0;
	uint64_t word;

	for (; n - i >= sizeof word; i += sizeof word) {
		memcpy(&word, p + i, sizeof word);
		if ((zeros(word ^ ONES * '\r') | zeros(word ^ ONES * '\n') |
		    (word & above)) != 0)
			break;
	}
	return i + by_octet(p + i, n - i, high);
}

size_t
smtp__scan_copy(char *out, const char *p, size_t n, bool high)
{
	size_t size = smtp__scan_line(p, n, high);

	if (size > 0)
		memcpy(out, p, size);
	return size;
}

#else

size_t
smtp__scan_line(const char *p, size_t n, bool high)
{
	return by_octet(p, n, high);
}

size_t
smtp__scan_copy(char *out, const char *p, size_t n, bool high)
{
	return copy_octets(out, p, n, high);
}

#endif
