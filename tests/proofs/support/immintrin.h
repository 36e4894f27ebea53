/* SPDX-License-Identifier: MIT */
/*
 * What the proofs take for <immintrin.h>: the vectors that lib/ uses, octet by
 * octet, as the manuals of the processors say. CBMC knows none of them. Loads
 * and stores check what they may touch.
 */
#ifndef SMTP__PROOF_VECTORS_H
#define SMTP__PROOF_VECTORS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct { unsigned char o[16]; } __m128i;
typedef struct { unsigned char o[32]; } __m256i;

/* A machine has them or not. */
bool nondet_supports(void);
#define __builtin_cpu_supports(x) nondet_supports()

#define EACH for (int i = 0; i < 32; i++)

static inline __m128i
_mm_loadu_si128(const __m128i *p)
{
	__CPROVER_assert(__CPROVER_r_ok(p, 16), "16 octets may be read");
	return *p;
}

static inline __m256i
_mm256_loadu_si256(const __m256i *p)
{
	__CPROVER_assert(__CPROVER_r_ok(p, 32), "32 octets may be read");
	return *p;
}

static inline void
_mm256_storeu_si256(__m256i *p, __m256i a)
{
	__CPROVER_assert(__CPROVER_w_ok(p, 32), "32 octets may be written");
	*p = a;
}

static inline int
_mm256_movemask_epi8(__m256i a)
{
	uint32_t bits = 0;

	EACH bits |= (uint32_t)(a.o[i] >> 7) << i;
	return (int)bits;
}

static inline __m256i
_mm256_set1_epi8(char c)
{
	__m256i r;

	EACH r.o[i] = (unsigned char)c;
	return r;
}

static inline __m256i
_mm256_set1_epi32(int n)
{
	__m256i r;

	EACH r.o[i] = (unsigned char)((uint32_t)n >> i % 4 * 8);
	return r;
}

static inline __m256i
_mm256_setr_epi8(char a, char b, char c, char d, char e, char f, char g,
    char h, char i, char j, char k, char l, char m, char n, char o, char p,
    char a2, char b2, char c2, char d2, char e2, char f2, char g2, char h2,
    char i2, char j2, char k2, char l2, char m2, char n2, char o2, char p2)
{
	char all[] = { a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p,
	    a2, b2, c2, d2, e2, f2, g2, h2, i2, j2, k2, l2, m2, n2, o2, p2 };
	__m256i r;

	for (int at = 0; at < 32; at++)
		r.o[at] = (unsigned char)all[at];
	return r;
}

static inline __m256i
_mm256_cmpeq_epi8(__m256i a, __m256i b)
{
	EACH a.o[i] = a.o[i] == b.o[i] ? 0xFF : 0;
	return a;
}

/* With a sign. */
static inline __m256i
_mm256_cmpgt_epi8(__m256i a, __m256i b)
{
	EACH a.o[i] = (a.o[i] ^ 0x80) > (b.o[i] ^ 0x80) ? 0xFF : 0;
	return a;
}

static inline __m256i
_mm256_and_si256(__m256i a, __m256i b)
{
	EACH a.o[i] &= b.o[i];
	return a;
}

static inline __m256i
_mm256_or_si256(__m256i a, __m256i b)
{
	EACH a.o[i] |= b.o[i];
	return a;
}

static inline __m256i
_mm256_add_epi8(__m256i a, __m256i b)
{
	EACH a.o[i] = (unsigned char)(a.o[i] + b.o[i]);
	return a;
}

static inline __m256i
_mm256_subs_epu8(__m256i a, __m256i b)
{
	EACH a.o[i] = a.o[i] > b.o[i] ?
	    (unsigned char)(a.o[i] - b.o[i]) : 0;
	return a;
}

/* In each half of its own; what has its highest bit set takes nothing. */
static inline __m256i
_mm256_shuffle_epi8(__m256i a, __m256i which)
{
	__m256i r;

	EACH r.o[i] = which.o[i] > 127 ? 0 :
	    a.o[(i & 16) + (which.o[i] & 15)];
	return r;
}

static inline uint32_t
smtp__product(const __m256i *a, const __m256i *b, int i)
{
	return (uint32_t)(a->o[i] | a->o[i + 1] << 8) *
	    (uint32_t)(b->o[i] | b->o[i + 1] << 8);
}

static inline __m256i
_mm256_mullo_epi16(__m256i a, __m256i b)
{
	__m256i r;

	for (int i = 0; i < 32; i += 2) {
		uint32_t product = smtp__product(&a, &b, i);

		r.o[i] = (unsigned char)product;
		r.o[i + 1] = (unsigned char)(product >> 8);
	}
	return r;
}

static inline __m256i
_mm256_mulhi_epu16(__m256i a, __m256i b)
{
	__m256i r;

	for (int i = 0; i < 32; i += 2) {
		uint32_t product = smtp__product(&a, &b, i);

		r.o[i] = (unsigned char)(product >> 16);
		r.o[i + 1] = (unsigned char)(product >> 24);
	}
	return r;
}

static inline __m128i
_mm_srli_si128(__m128i a, int octets)
{
	__m128i r;

	for (int i = 0; i < 16; i++)
		r.o[i] = i + octets < 16 ? a.o[i + octets] : 0;
	return r;
}

static inline __m256i
_mm256_set_m128i(__m128i high, __m128i low)
{
	__m256i r;

	EACH r.o[i] = i < 16 ? low.o[i] : high.o[i - 16];
	return r;
}

#undef EACH
#endif
