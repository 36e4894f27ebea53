/* SPDX-License-Identifier: MIT */
/*
 * What SASLprep looks up, in tables of any content of which no more is taken
 * for granted than text_saslprep_table shows of the true ones.
 */
#include "proof.h"

#include "text/saslprep_table.h"

/* Nothing but their first values: proofs begin with any others. */
#define MANY BOUND(8, 32)
#define KINDS 4
#define POOL 8
const uint16_t smtp__prep_kinds[KINDS] = { 0 };
const uint32_t smtp__prep_runs[MANY] = { 0 };
const uint16_t smtp__prep_run_count = MANY;
const uint16_t smtp__prep_planes[4] = { 0 };
const uint16_t smtp__prep_keys[MANY] = { 0 };
const uint16_t smtp__prep_values[MANY] = { 0 };
const uint16_t smtp__prep_pool[POOL] = { 0 };
const uint16_t smtp__prep_composites[MANY] = { 0 };
const uint16_t smtp__prep_composite_count = MANY;

#include "text/saslprep.c"

#define ANY(x) __CPROVER_havoc_object((void *)&(x))

size_t
smtp__utf8_next(const char *p, size_t n, uint32_t *c)
{
	(void)p, (void)n, (void)c;
	HOLDS(false);
	return 0;
}

size_t
smtp__utf8_put(char *p, uint32_t c)
{
	return smtp__utf8_next(p, 0, &c);
}

/*
 * The kind of any character.
 *
 * Proves: saslprep.c:kind_of class_of
 * Bounds: a table of up to 8 runs (32): each half of a table is one
 * Unwind: 9, 33
 */
void
proof_kind(void)
{
	ANY(smtp__prep_runs);
	ANY(smtp__prep_kinds);
	ANY(smtp__prep_run_count);
	ASSUME(smtp__prep_run_count >= 1 && smtp__prep_run_count <= MANY);
	for (size_t i = 0; i < MANY; i++)
		ASSUME((smtp__prep_runs[i] & 0xFF) < KINDS);
	HOLDS(class_of(any_u32()) < 256);
	REACHES(class_of(any_u32()) == 230 && smtp__prep_run_count == 7);
}

/*
 * The decomposition of any character.
 *
 * Proves: step_of
 * Bounds: a table of up to 8 keys (32): each half of a table is one
 * Unwind: 9, 33
 */
void
proof_step(void)
{
	uint32_t c = any_u32();

	ANY(smtp__prep_planes);
	ANY(smtp__prep_keys);
	ANY(smtp__prep_values);
	for (size_t i = 0; i < 3; i++)
		ASSUME(smtp__prep_planes[i] <= smtp__prep_planes[i + 1]);
	ASSUME(smtp__prep_planes[3] <= MANY);
	HOLDS(c < 0x30000 || step_of(c) == 0);
	REACHES(c > 0x20000 && step_of(c) == 7);
}

/*
 * A character of the pool is of one or two units.
 *
 * Proves: pool_next
 * Bounds: none, any two units; behind the first half of a pair stands another
 * Wraps: pool_next
 * Unwind: 1
 */
void
proof_pool(void)
{
	const uint16_t *p = smtp__prep_pool + up_to(POOL - 1), *was = p;

	ANY(smtp__prep_pool);
	ASSUME(*p < 0xD800 || *p >= 0xDC00 || p < smtp__prep_pool + POOL - 1);
	(void)pool_next(&p);
	HOLDS(p == was + 1 || p == was + 2);
	HOLDS(p <= smtp__prep_pool + POOL);
	REACHES(p == smtp__prep_pool + POOL);
}

/* Two characters stand there. */
static uint16_t
of_two(uint32_t c)
{
	(void)c;
	return (uint16_t)(SMTP__PREP_POOL_FIRST + up_to(POOL - 4));
}

/*
 * What two characters make.
 *
 * Proves: compose
 * Replaces: step_of=of_two
 * Bounds: up to 8 (32) composites: each half of a table is one
 * Assumes: each has its two characters in the pool: shown
 * Wraps: pool_next compose_hangul
 * Unwind: 9, 33
 */
void
proof_compose(void)
{
	uint32_t c;

	ANY(smtp__prep_pool);
	ANY(smtp__prep_composites);
	ANY(smtp__prep_composite_count);
	ASSUME(smtp__prep_composite_count <= MANY);
	c = compose(any_u32(), any_u32());
	HOLDS(c <= 0xFFFF);
	REACHES(c == 0x1EA5);
	REACHES(c == HANGUL);
}
