/* SPDX-License-Identifier: MIT */
#include "text/scan.h"

#include <stdint.h>

#include <smtp/config.h>

#if SMTP_WITH_AVX2

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* A bit for each of 64 octets whose highest bit is set. */
AVX2 static inline uint64_t
bits(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) |
	    (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2 static inline uint64_t
equal(__m256i low, __m256i high, char c)
{
	__m256i all = _mm256_set1_epi8(c);

	return bits(_mm256_cmpeq_epi8(low, all), _mm256_cmpeq_epi8(high, all));
}

/* No branch depends on where lines end. */
AVX2 static size_t
blocks(char *out, const char *p, size_t n, size_t max, bool high,
    size_t *column)
{
	uint64_t after_cr = 0, after_lf = 0;
	size_t i = 0, k = *column;

	for (; n - i >= 64; i += 64) {
		__m256i a = _mm256_loadu_si256(
		    (const __m256i *)(const void *)(p + i));
		__m256i b = _mm256_loadu_si256(
		    (const __m256i *)(const void *)(p + i + 32));
		uint64_t cr = equal(a, b, '\r'), lf = equal(a, b, '\n');
		uint64_t bad = (cr << 1 | after_cr) ^ lf;
		unsigned first = lf != 0 ? (unsigned)__builtin_ctzll(lf) : 65;

		bad |= (lf << 1 | after_lf) & equal(a, b, '.');
		bad |= high ? bits(a, b) : 0;
		/* The CR is no octet of the line, but it was counted. */
		if (bad != 0 || k + first > max + 1)
			break;
		_mm256_storeu_si256((__m256i *)(void *)(out + i), a);
		_mm256_storeu_si256((__m256i *)(void *)(out + i + 32), b);
		k = lf != 0 ? (unsigned)__builtin_clzll(lf) : k + 64;
		after_cr = cr >> 63;
		after_lf = lf >> 63;
	}
	*column = k - after_cr;
	return i - after_cr;
}

size_t
smtp__scan_blocks(char *out, const char *p, size_t n, size_t max, bool high,
    size_t *column)
{
	/* GCOVR_EXCL_BR_START: a machine has it or not */
	if (n < 64 || !__builtin_cpu_supports("avx2"))
		return 0;
	/* GCOVR_EXCL_BR_STOP */
	return blocks(out, p, n, max, high, column);
}

#else

size_t
smtp__scan_blocks(char *out, const char *p, size_t n, size_t max, bool high,
    size_t *column)
{
	(void)out;
	(void)p;
	(void)n;
	(void)max;
	(void)high;
	(void)column;
	return 0;
}

#endif
