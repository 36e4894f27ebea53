/* SPDX-License-Identifier: MIT */
/*
 * What every test program includes first: cmocka with its prelude, and a way
 * to say which items of requirements.txt a row has shown.
 */
#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Say that the items named, divided by blanks, hold. Called after the row
 * that shows it has passed, so that a row that fails proves nothing. The
 * names go to the file that SMTP_PROVED names, where tests/run.sh counts
 * them; without it nothing happens.
 */
static inline void
proves(const char *items)
{
	const char *name = getenv("SMTP_PROVED");
	FILE *file = name != NULL ? fopen(name, "a") : NULL;

	if (name == NULL)
		return;
	if (file == NULL || fprintf(file, "%s\n", items) < 0)
		fail_msg("cannot write %s", name);
	if (fclose(file) != 0)
		fail_msg("cannot write %s", name);
}

static inline void
left_out(const char *what)
{
	print_message("# left out: %s\n", what);
	skip();
}

/*
 * What a test needs of include/smtp/config.h: needs(SMTP_WITH_LMTP). A build
 * without it leaves the test out, which is not the same as passed; make
 * switches counts both.
 */
#define needs(built) \
	do { \
		if (!(built)) \
			left_out(#built); \
	} while (0)

/* A case whose function cannot be compiled, in the #else behind it. */
#define CASE_LEFT_OUT(test, what) \
	static void \
	test(void **state) \
	{ \
		(void)state; \
		left_out(what); \
	}

/* The same of a whole program, in place of what is in it. */
#define LEFT_OUT(what) \
	int \
	main(void) \
	{ \
		puts("1..0 # left out: " what); \
		return 0; \
	}

#endif
