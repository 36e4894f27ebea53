/* SPDX-License-Identifier: MIT */
/*
 * What the harnesses share. Each has LLVMFuzzerTestOneInput(), makes of its
 * input what it needs, and ends the program when something is not as it has
 * to be.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The input, taken from its front; behind its end all is 0. */
struct fuzz {
	const uint8_t *p;
	size_t n;
};

static inline unsigned
fuzz_octet(struct fuzz *f)
{
	if (f->n == 0)
		return 0;
	f->n--;
	return *f->p++;
}

/* Up to `most` octets, as many as the next octet says; in a block of their
 * exact size, so that a read behind them is found. */
static inline char *
fuzz_block(struct fuzz *f, size_t most, size_t *n)
{
	char *block;

	*n = fuzz_octet(f);
	if (*n > most)
		*n = most;
	if (*n > f->n)
		*n = f->n;
	block = malloc(*n + 1);
	memcpy(block, f->p, *n);
	block = realloc(block, *n > 0 ? *n : 1);
	f->p += *n;
	f->n -= *n;
	return block;
}

/* The same as a string, which ends at its first NUL. */
static inline char *
fuzz_string(struct fuzz *f, size_t most)
{
	size_t n;
	char *block = fuzz_block(f, most, &n), *string = malloc(n + 1);

	memcpy(string, block, n);
	string[n] = '\0';
	free(block);
	block = malloc(strlen(string) + 1);
	memcpy(block, string, strlen(string) + 1);
	free(string);
	return block;
}

/* All that is left. */
static inline char *
fuzz_rest(struct fuzz *f, size_t *n)
{
	char *block = malloc(f->n > 0 ? f->n : 1);

	*n = f->n;
	memcpy(block, f->p, f->n);
	f->p += f->n;
	f->n = 0;
	return block;
}

/* Never anything but true. */
#define REQUIRE(x) do { \
	if (!(x)) { \
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
		    #x); \
		abort(); \
	} \
} while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#endif
