/* SPDX-License-Identifier: MIT */
#include "codec/base64_lines.h"

#include <string.h>

#include <smtp/config.h>

#if SMTP_WITH_AVX2

#include <immintrin.h>

/*
 * 24 octets in two halves of 12, each four octets into its lane, to 32
 * characters: the groups of three are spread to four octets, the six bits of
 * each cut out by multiplication, and what to add to them for their character
 * is looked up by the range they are in.
 */
__attribute__((target("avx2"))) static inline __m256i
characters(__m256i in)
{
	const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6,
	    8, 7, 10, 9, 11, 10, 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9,
	    11, 10);
	/* what is below 0 wraps where `char` has no sign */
	const char digit = (char)('0' - 52), plus = (char)('+' - 62),
	    slash = (char)('/' - 63), small_a = (char)('a' - 26);
	const __m256i shift = _mm256_setr_epi8(small_a, digit, digit, digit,
	    digit, digit, digit, digit, digit, digit, digit, plus, slash, 'A',
	    0, 0, small_a, digit, digit, digit, digit, digit, digit, digit,
	    digit, digit, digit, plus, slash, 'A', 0, 0);
	__m256i odd, even, six, range, small;

	in = _mm256_shuffle_epi8(in, spread);
	even = _mm256_mulhi_epu16(_mm256_and_si256(in,
	    _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
	odd = _mm256_mullo_epi16(_mm256_and_si256(in,
	    _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
	six = _mm256_or_si256(even, odd);
	/* 0 for small letters, 1 to 10 digits, 11 and 12, 13 for capitals */
	range = _mm256_subs_epu8(six, _mm256_set1_epi8(51));
	small = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six);
	range = _mm256_or_si256(range, _mm256_and_si256(small,
	    _mm256_set1_epi8(13)));
	return _mm256_add_epi8(six, _mm256_shuffle_epi8(shift, range));
}

__attribute__((target("avx2"))) static inline __m256i
load(const unsigned char *p)
{
	__m128i low = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i high = _mm_loadu_si128((const __m128i *)(const void *)
	    (p + 8));

	/* The second half begins at octet 12: no load passes octet 24. */
	return _mm256_set_m128i(_mm_srli_si128(high, 4), low);
}

/* Three times 32 characters; the last two overlap, as 76 is no multiple. */
__attribute__((target("avx2"))) void
smtp__base64_lines_avx2(const void *in, size_t lines, char *out)
{
	const unsigned char *p = in;

	for (; lines > 0; lines--, p += 57, out += 78) {
		__m256i a = characters(load(p));
		__m256i b = characters(load(p + 24));
		__m256i c = characters(load(p + 33));

		memcpy(out, "\r\n", 2);
		_mm256_storeu_si256((__m256i *)(void *)(out + 2), a);
		_mm256_storeu_si256((__m256i *)(void *)(out + 34), b);
		_mm256_storeu_si256((__m256i *)(void *)(out + 46), c);
	}
}

#else

/* ISO C wants something in a file. */
typedef int smtp__base64_without_avx2;

#endif
