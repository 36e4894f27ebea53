/* SPDX-License-Identifier: MIT */
#include "smtp_arena.h"

#include <stdint.h>
#include <string.h>

/*
 * Pieces, one behind the other: a word with the size of the piece, this word
 * included, and its lowest bit set while it is in use. Sizes are multiples of
 * eight, so what is given is aligned for all that mbedTLS keeps. Free
 * neighbours become one piece when somebody looks for room.
 */
enum { WORD = sizeof(size_t), ALIGN = 8, LEAST = 16 };

struct smtp_arena smtp_arena;
static unsigned char *first, *end;

static size_t
size_of(const unsigned char *piece)
{
	return *(const size_t *)(const void *)piece & ~(size_t)1;
}

static int
is_used(const unsigned char *piece)
{
	return (int)(*(const size_t *)(const void *)piece & 1);
}

static void
mark(unsigned char *piece, size_t size, size_t used)
{
	*(size_t *)(void *)piece = size | used;
}

void
smtp_arena_lend(void *block, size_t bytes)
{
	uintptr_t at = (uintptr_t)block;
	size_t skip = (2 * ALIGN - WORD - at % ALIGN) % ALIGN;

	memset(&smtp_arena, 0, sizeof smtp_arena);
	first = end = NULL;
	if (block == NULL || bytes < skip + LEAST)
		return;
	smtp_arena.bytes = bytes;
	smtp_arena.extent = skip;
	first = (unsigned char *)block + skip;
	end = first + ((bytes - skip) & ~(size_t)(ALIGN - 1));
	mark(first, (size_t)(end - first), 0);
}

/* A free piece of this size or more, NULL: there is none. */
static unsigned char *
look(size_t size)
{
	unsigned char *piece, *next;

	for (piece = first; piece < end; piece += size_of(piece)) {
		if (is_used(piece))
			continue;
		next = piece + size_of(piece);
		while (next < end && !is_used(next)) {
			mark(piece, size_of(piece) + size_of(next), 0);
			next = piece + size_of(piece);
		}
		if (size_of(piece) >= size)
			return piece;
	}
	return NULL;
}

static void
count(unsigned char *piece, size_t size)
{
	size_t extent = smtp_arena.bytes - (size_t)(end - piece) + size;

	smtp_arena.used += size;
	if (smtp_arena.peak < smtp_arena.used)
		smtp_arena.peak = smtp_arena.used;
	if (smtp_arena.extent < extent)
		smtp_arena.extent = extent;
}

void *
smtp_arena_calloc(size_t n, size_t bytes)
{
	size_t size, whole;
	unsigned char *piece = NULL;

	if (bytes != 0 && n > (SIZE_MAX / 2) / bytes)
		size = 0;
	else
		size = (n * bytes + WORD + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (size != 0)
		piece = look(size < LEAST ? size = LEAST : size);
	if (piece == NULL) {
		if (smtp_arena.wanted == 0)
			smtp_arena.wanted = n * bytes;
		return NULL;
	}
	whole = size_of(piece);
	if (whole - size >= LEAST)
		mark(piece + size, whole - size, 0);
	else
		size = whole;
	mark(piece, size, 1);
	count(piece, size);
	return memset(piece + WORD, 0, size - WORD);
}

void
smtp_arena_free(void *p)
{
	unsigned char *piece;

	if (p == NULL)
		return;
	piece = (unsigned char *)p - WORD;
	mark(piece, size_of(piece), 0);
	smtp_arena.used -= size_of(piece);
}
