/* SPDX-License-Identifier: MIT */
/*
 * What the harnesses for CBMC have in common. tests/proofs/run.sh reads the
 * comment before each proof_x(): see there for its words.
 *
 * HOLDS is to be shown for every run; REACHES is to be refuted for one, which
 * shows that the assumptions leave the interesting cases in. A function that
 * a harness names has to be entered and left in some run, too. Where static
 * functions are called, their source is included.
 */
#ifndef SMTP__PROOF_H
#define SMTP__PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSUME(x)  __CPROVER_assume(x)
#define HOLDS(x)   __CPROVER_assert((x), #x)
#define REACHES(x) __CPROVER_assert(!(x), "reached: " #x)

/* `make proofs PROOFS=all' has more time. */
#ifdef PROOFS_ALL
#define BOUND(usual, all) (all)
#else
#define BOUND(usual, all) (usual)
#endif

/*
 * Any value, and another one each time. A local variable without a first value
 * has any value as well; a static one begins with zeros.
 */
#define any_bool nondet_bool
#define any_char nondet_char
#define any_int nondet_int
#define any_unsigned nondet_unsigned
#define any_uchar nondet_uchar
#define any_u16 nondet_u16
#define any_u32 nondet_u32
#define any_u64 nondet_u64
#define any_size nondet_size
bool nondet_bool(void);
char nondet_char(void);
int nondet_int(void);
unsigned nondet_unsigned(void);
unsigned char nondet_uchar(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
size_t nondet_size(void);

static inline size_t
up_to(size_t most)
{
	size_t n = any_size();

	ASSUME(n <= most);
	return n;
}

/* Copies leave any octets: support/memory.c. */
extern bool forgetful;

/* An object of `n` octets, any of them, and nothing before and behind it. */
static inline void *
any_octets(size_t n)
{
	return __CPROVER_allocate(n, 0);
}

/*
 * The statement for each length from 0 to `most`, each a number that CBMC knows
 * where it needs one, which is quicker than one that it does not.
 */
#define EACH_LENGTH(n, most) \
	for (size_t n = 0, n##_chosen = any_size(); n <= (most); n++) \
		if (n == n##_chosen)

/* Any string of up to `most` octets; its NUL is the last octet there. */
static inline char *
any_string(size_t most)
{
	size_t n = up_to(most);
	char *p = any_octets(n + 1);

	p[n] = '\0';
	return p;
}

#endif
