/* SPDX-License-Identifier: MIT */
/*
 * The tables of SASLprep as they are, from their first row to their last, and
 * what depends on all that is in them. Nothing here is any value, so this is a
 * walk through them in which each access is looked at.
 */
#include "proof.h"

/* First, so that their sizes are known where they are used. */
#include "text/saslprep_table.c"
#include "text/saslprep.c"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

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

static size_t
octets_of(uint32_t c)
{
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

/*
 * Runs have kinds that there are, planes are in order, what is pooled is so
 * before the pool ends, and the pool ends with a 0.
 *
 * Bounds: none
 * Unwind: 7000
 * Seconds: 60
 */
void
proof_rows(void)
{
	HOLDS(COUNT(smtp__prep_runs) == smtp__prep_run_count);
	HOLDS(smtp__prep_runs[0] >> 8 == 0);
	for (size_t i = 0; i < COUNT(smtp__prep_runs); i++)
		HOLDS((smtp__prep_runs[i] & 0xFF) < COUNT(smtp__prep_kinds));
	for (size_t i = 0; i < 3; i++)
		HOLDS(smtp__prep_planes[i] <= smtp__prep_planes[i + 1]);
	HOLDS(smtp__prep_planes[3] == COUNT(smtp__prep_keys));
	HOLDS(COUNT(smtp__prep_values) == COUNT(smtp__prep_keys));
	HOLDS(smtp__prep_pool[COUNT(smtp__prep_pool) - 1] == 0);
	for (size_t i = 0; i < COUNT(smtp__prep_values); i++)
		HOLDS(!SMTP__PREP_POOLED(smtp__prep_values[i]) ||
		    smtp__prep_values[i] - SMTP__PREP_POOL_FIRST <
		    (int)COUNT(smtp__prep_pool));
	for (size_t i = 0; i + 1 < COUNT(smtp__prep_pool); i++)
		HOLDS((smtp__prep_pool[i] >= 0xD800 &&
		    smtp__prep_pool[i] < 0xDC00) ==
		    (smtp__prep_pool[i + 1] >= 0xDC00 &&
		    smtp__prep_pool[i + 1] < 0xE000));
	REACHES(true);
}

/*
 * Each composite has two characters in the pool that are not shorter.
 *
 * Bounds: none
 * Unwind: 1000
 * Seconds: 90, 300
 */
void
proof_composites(void)
{
	HOLDS(COUNT(smtp__prep_composites) == smtp__prep_composite_count);
	for (size_t i = 0; i < COUNT(smtp__prep_composites); i++) {
		uint32_t c = smtp__prep_composites[i], first, second;
		uint16_t step = step_of(c);
		const uint16_t *p;

		HOLDS(SMTP__PREP_POOLED(step));
		p = smtp__prep_pool + (step - SMTP__PREP_POOL_FIRST);
		first = pool_next(&p);
		second = pool_next(&p);
		HOLDS(first != 0 && second != 0);
		HOLDS(octets_of(c) <= octets_of(first) + octets_of(second));
	}
	REACHES(true);
}

static size_t added;

static bool
count_add(struct text *t, uint32_t c)
{
	(void)t;
	HOLDS(c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF));
	added++;
	return true;
}

/*
 * Each character that has a decomposition, down to its end: what waits fits.
 *
 * Proves: decompose
 * Replaces: add=count_add add_hangul=count_add
 * Bounds: one character of 32 (all)
 * Unwind: 7000
 * Seconds: 90, 1800
 * Objects: 16
 */
void
proof_decompose(void)
{
	size_t plane = 0;

	for (size_t i = 0; i < COUNT(smtp__prep_keys); i += BOUND(32, 1)) {
		while (i >= smtp__prep_planes[plane + 1])
			plane++;
		added = 0;
		(void)decompose(NULL, (uint32_t)plane << 16 |
		    smtp__prep_keys[i]);
		HOLDS(added >= 1 && added <= 18);
	}
	REACHES(added == 1);
}

static uint16_t
no_step(uint32_t c)
{
	(void)c;
	return 0;
}

static bool
any_add(struct text *t, uint32_t c)
{
	(void)t, (void)c;
	return any_bool();
}

/*
 * Each character that has none.
 *
 * Proves: decompose
 * Replaces: step_of=no_step add=any_add add_hangul=any_add
 * Bounds: none
 * Unwind: 2
 */
void
proof_simple(void)
{
	REACHES(decompose(NULL, any_u32()));
	REACHES(!decompose(NULL, any_u32()));
}
