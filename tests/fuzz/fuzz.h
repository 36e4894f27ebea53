/* SPDX-License-Identifier: MIT */
/*
 * What the harnesses share. Each has LLVMFuzzerTestOneInput(), makes of its
 * input what it needs, and ends the program when something is not as it has
 * to be. Memory for that is taken from one room, which is empty again at the
 * next input: no heap, so that a run is short. Each block in it ends where it
 * ends also for the sanitizer.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if __has_feature(address_sanitizer) || defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define FUZZ_CLOSE(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define FUZZ_OPEN(p, n)  ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define FUZZ_CLOSE(p, n) ((void)(p), (void)(n))
#define FUZZ_OPEN(p, n)  ((void)(p), (void)(n))
#endif

/* Never anything but true. */
#define REQUIRE(x) do { \
	if (!(x)) { \
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
		    #x); \
		abort(); \
	} \
} while (0)

/* With FUZZ_TALK in the environment a session is shown as it goes. */
static inline void
fuzz_talk(const char *who, const char *p, size_t n)
{
	static int on = -1;

	if (on < 0)
		on = getenv("FUZZ_TALK") != NULL;
	if (!on)
		return;
	fprintf(stderr, "%s ", who);
	for (size_t i = 0; i < n; i++) {
		unsigned c = (unsigned char)p[i];

		fprintf(stderr, c >= ' ' && c < 127 ? "%c" : "\\x%02x", c);
	}
	fputc('\n', stderr);
}

/* The input, taken from its front; behind its end all is 0. */
struct fuzz {
	const uint8_t *p;
	size_t n;
};

#define FUZZ_ROOM (1 << 20)

static union {
	uint64_t align;
	char octets[FUZZ_ROOM];
} fuzz_room;
static size_t fuzz_used = FUZZ_ROOM;

/* Before anything else of an input. */
static inline struct fuzz
fuzz_begin(const uint8_t *p, size_t n)
{
	FUZZ_CLOSE(fuzz_room.octets, fuzz_used);
	fuzz_used = 0;
	return (struct fuzz){ p, n };
}

static inline char *
fuzz_alloc(size_t n)
{
	char *p = fuzz_room.octets + fuzz_used;

	fuzz_used += (n + 15) & ~(size_t)7;
	REQUIRE(fuzz_used <= FUZZ_ROOM);
	FUZZ_OPEN(p, n);
	return p;
}

/* The last block again in another size that is not larger. */
static inline void
fuzz_shrink(const char *p, size_t n)
{
	FUZZ_CLOSE(p, fuzz_used - (size_t)(p - fuzz_room.octets));
	fuzz_used = (size_t)(p - fuzz_room.octets) + ((n + 15) & ~(size_t)7);
	FUZZ_OPEN(p, n);
}

/* All that was taken since fuzz_used was this is free again. */
static inline void
fuzz_release(size_t used)
{
	FUZZ_CLOSE(fuzz_room.octets + used, fuzz_used - used);
	fuzz_used = used;
}

static inline char *
fuzz_copy(const void *p, size_t n)
{
	char *block = fuzz_alloc(n);

	if (n > 0)
		memcpy(block, p, n);
	return block;
}

static inline unsigned
fuzz_octet(struct fuzz *f)
{
	if (f->n == 0)
		return 0;
	f->n--;
	return *f->p++;
}

/* Up to `most` octets, as many as the next octet says. */
static inline char *
fuzz_block(struct fuzz *f, size_t most, size_t *n)
{
	char *block;

	*n = fuzz_octet(f);
	if (*n > most)
		*n = most;
	if (*n > f->n)
		*n = f->n;
	block = fuzz_copy(f->p, *n);
	f->p += *n;
	f->n -= *n;
	return block;
}

/* The same as a string, which ends at its first NUL. */
static inline char *
fuzz_string(struct fuzz *f, size_t most)
{
	const char *end;
	char *string;
	size_t n = fuzz_octet(f);

	if (n > most)
		n = most;
	if (n > f->n)
		n = f->n;
	end = n > 0 ? memchr(f->p, '\0', n) : NULL;
	string = fuzz_alloc(n + 1);
	memcpy(string, f->p, n);
	f->p += n;
	f->n -= n;
	if (end != NULL)
		n = strlen(string);
	string[n] = '\0';
	fuzz_shrink(string, n + 1);
	return string;
}

/* All that is left. */
static inline char *
fuzz_rest(struct fuzz *f, size_t *n)
{
	char *block = fuzz_copy(f->p, f->n);

	*n = f->n;
	f->p += f->n;
	f->n = 0;
	return block;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#endif
