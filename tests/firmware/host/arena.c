/* SPDX-License-Identifier: MIT */
/*
 * ports/mbedtls/smtp_arena.c by itself, on the host: a long random row of
 * allocations, each of which holds a pattern that nobody else may touch, in a
 * block of exact size. usage: arena SEED
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp_arena.h"

enum { KEPT = 64, STEPS = 30000 };

static uint32_t seed;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static _Noreturn void
fail(const char *what, long step)
{
	printf("arena: step %ld: %s\n", step, what);
	exit(1);
}

/* All zero when it comes, aligned, and one that was in use is as it was. */
static void
play(unsigned char *block, size_t bytes)
{
	struct { unsigned char *p; size_t n; } kept[KEPT] = { { NULL, 0 } };
	long failed = 0;

	smtp_arena_lend(block, bytes);
	for (long step = 0; step < STEPS; step++) {
		unsigned at = draw(KEPT);

		for (size_t i = 0; i < kept[at].n; i++)
			if (kept[at].p[i] != (unsigned char)(at + i))
				fail("an octet was written to", step);
		smtp_arena_free(kept[at].p);
		kept[at].n = draw(8) == 0 ? draw(2000) : draw(60);
		kept[at].p = smtp_arena_calloc(1, kept[at].n);
		if (kept[at].p == NULL) {
			kept[at].n = 0;
			failed++;
			continue;
		}
		if ((uintptr_t)kept[at].p % 8 != 0)
			fail("not aligned", step);
		if (kept[at].p < block || kept[at].p + kept[at].n >
		    block + bytes)
			fail("outside of the block", step);
		for (size_t i = 0; i < kept[at].n; i++) {
			if (kept[at].p[i] != 0)
				fail("not zero", step);
			kept[at].p[i] = (unsigned char)(at + i);
		}
		if (smtp_arena.used > smtp_arena.peak ||
		    smtp_arena.peak > smtp_arena.extent ||
		    smtp_arena.extent > bytes)
			fail("the figures contradict each other", step);
	}
	if ((failed > 0) != (smtp_arena.wanted > 0))
		fail("a failed allocation was not told", failed);
	for (unsigned at = 0; at < KEPT; at++)
		smtp_arena_free(kept[at].p);
	if (smtp_arena.used != 0)
		fail("something is left", 0);
	if (bytes > 2000 && smtp_arena_calloc(1, bytes - 64) == NULL)
		fail("free neighbours did not become one", 0);
	smtp_arena_lend(block, bytes);
	if (smtp_arena_calloc(SIZE_MAX / 2, 3) != NULL ||
	    smtp_arena.wanted == 0)
		fail("a product that overflows was given", 0);
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = { 0, 7, 40, 1000, 4096, 20001, 60000 };

	seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t skew = 0; skew < 8; skew++) {
			unsigned char *memory = malloc(skew + sizes[i] + 1);

			if (memory == NULL)
				return 1;
			play(memory + skew, sizes[i]);
			free(memory);
		}
	return 0;
}
