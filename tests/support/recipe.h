/* SPDX-License-Identifier: MIT */
/*
 * A message told by a text, so that cases need no code: one call a line, the
 * name of the setter without smtp_message_, a tab before each argument.
 *
 *	set_from	Joe <joe@x.example>
 *	attach	12:34	application/pdf	a.pdf
 *
 * In arguments \n \r \t \\ and \xHH are octets; `-` alone is NULL. A source is
 * a text, or @N:SEED for N drawn octets, or <PATH for a file; with a ! before
 * it comes from a callback that can go back, with a ? from one that cannot,
 * both without a size. Empty lines and those with # are nothing.
 */
#ifndef RECIPE_H
#define RECIPE_H

#include <stddef.h>
#include <stdint.h>

#include <smtp/message.h>

/*
 * Make the calls; memory for sources is freed by recipe_free(). Returns what
 * the first call that failed returned. A line that is no call fails the test.
 */
enum { RECIPE_PARTS = 16 };

struct recipe {
	struct recipe_data *data;
	int eightbit;            /* a line `offer 8bit` was there */
	size_t part_count;
	struct {
		char name[16];
		struct smtp_part *part;
	} parts[RECIPE_PARTS];
};

int
recipe_run(struct recipe *recipe, struct smtp_message *message,
    const char *text, size_t n);
void
recipe_free(struct recipe *recipe);

/* N drawn octets, the same for the same seed. */
void
recipe_draw(char *p, size_t n, uint32_t seed);

#endif
