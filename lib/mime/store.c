/* SPDX-License-Identifier: MIT */
#include "mime/store.h"

#include <stdlib.h>

static void *
resize(void *ctx, void *p, size_t was, size_t now)
{
	(void)ctx;
	(void)was;
	if (now > 0)
		return realloc(p, now);
	free(p);
	return NULL;
}

struct smtp_allocator
smtp__store_default(void)
{
	struct smtp_allocator a = { resize, NULL };

	return a;
}

void *
smtp__store_new(const struct smtp_allocator *a, size_t n)
{
	return a->resize(a->ctx, NULL, 0, n);
}

void
smtp__store_free(const struct smtp_allocator *a, void *p, size_t n)
{
	if (p != NULL)
		a->resize(a->ctx, p, n, 0);
}

/* Objects are taken from the front of a block, octets from its end. */
struct smtp__block {
	struct smtp__block *next;
	size_t size;                     /* all of it, with this head */
	size_t front, end;               /* what is free, from `this` */
};

enum { BLOCK = 2048 };

#define ALIGN  (_Alignof(max_align_t))
#define ROUND(n) (((n) + ALIGN - 1) / ALIGN * ALIGN)

void
smtp__arena_init(struct smtp__arena *arena, const struct smtp_allocator *a)
{
	arena->a = a;
	arena->blocks = NULL;
}

void
smtp__arena_free(struct smtp__arena *arena)
{
	while (arena->blocks != NULL) {
		struct smtp__block *block = arena->blocks;

		arena->blocks = block->next;
		smtp__store_free(arena->a, block, block->size);
	}
}

/* A block with `n` free octets, the first in the list if that will do. */
static struct smtp__block *
block_with(struct smtp__arena *arena, size_t n)
{
	struct smtp__block *block = arena->blocks;
	size_t head = ROUND(sizeof(*block)), size = BLOCK;

	if (block != NULL && block->end - block->front >= n)
		return block;
	if (n > SIZE_MAX - head)
		return NULL;
	if (n > BLOCK / 2)
		size = head + n;        /* on its own */
	block = smtp__store_new(arena->a, size);
	if (block == NULL)
		return NULL;
	block->size = size;
	block->front = head;
	block->end = size;
	if (size != BLOCK && arena->blocks != NULL) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *
smtp__arena_new(struct smtp__arena *arena, size_t n)
{
	struct smtp__block *block;
	void *p;

	if (n > SIZE_MAX - ALIGN)
		return NULL;
	n = ROUND(n);
	block = block_with(arena, n);
	if (block == NULL)
		return NULL;
	p = (char *)block + block->front;
	block->front += n;
	memset(p, 0, n);
	return p;
}

char *
smtp__arena_octets(struct smtp__arena *arena, size_t n)
{
	struct smtp__block *block = block_with(arena, n);

	if (block == NULL)
		return NULL;
	block->end -= n;
	return (char *)block + block->end;
}

char *
smtp__arena_copy(struct smtp__arena *arena, const char *p, size_t n)
{
	char *copy = n < SIZE_MAX ? smtp__arena_octets(arena, n + 1) : NULL;

	if (copy == NULL)
		return NULL;
	if (n > 0)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

static bool
grow(struct smtp__out *out, size_t more)
{
	struct smtp__buffer *b = (struct smtp__buffer *)(void *)out;
	size_t size = out->cap > 0 ? out->cap : 512;
	char *p;

	if (more > SIZE_MAX / 4 - out->n)
		return false;
	while (size < out->n + more)
		size *= 2;
	p = b->a->resize(b->a->ctx, out->p, out->cap, size);
	if (p == NULL)
		return false;
	out->p = p;
	out->cap = size;
	return true;
}

void
smtp__buffer_init(struct smtp__buffer *b, const struct smtp_allocator *a)
{
	smtp__out_init(&b->out, NULL, 0);
	b->out.grow = grow;
	b->a = a;
}

void
smtp__buffer_clear(struct smtp__buffer *b)
{
	b->out.n = 0;
	b->out.over = false;
}

void
smtp__buffer_free(struct smtp__buffer *b)
{
	if (b->out.cap > 0)
		smtp__store_free(b->a, b->out.p, b->out.cap);
	smtp__buffer_init(b, b->a);
}
