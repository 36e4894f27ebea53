/* SPDX-License-Identifier: MIT */
/*
 * Memory of one message, through the allocator that it was given: an arena for
 * what lives as long as the message and never moves, and a growing buffer.
 */
#ifndef SMTP__STORE_H
#define SMTP__STORE_H

#include <stdbool.h>

#include <smtp/message.h>

#include "text/bytes.h"
#include "text/out.h"

/* The C library's. */
struct smtp_allocator
smtp__store_default(void);

/* NULL is no memory. Not cleared. */
void *
smtp__store_new(const struct smtp_allocator *a, size_t n);
/* NULL is fine. */
void
smtp__store_free(const struct smtp_allocator *a, void *p, size_t n);

struct smtp__arena {
	const struct smtp_allocator *a;
	struct smtp__block *blocks;
};

void
smtp__arena_init(struct smtp__arena *arena, const struct smtp_allocator *a);
void
smtp__arena_free(struct smtp__arena *arena);

/* Aligned for anything, cleared; NULL is no memory. */
void *
smtp__arena_new(struct smtp__arena *arena, size_t n);

/* For octets: neither aligned nor cleared. */
char *
smtp__arena_octets(struct smtp__arena *arena, size_t n);

/* A copy with a NUL behind it. */
char *
smtp__arena_copy(struct smtp__arena *arena, const char *p, size_t n);

/* What is appended to `out` grows; `out.over` then says no memory. */
struct smtp__buffer {
	struct smtp__out out;            /* must stand first */
	const struct smtp_allocator *a;
};

void
smtp__buffer_init(struct smtp__buffer *b, const struct smtp_allocator *a);
/* Empty it, and keep the memory. */
void
smtp__buffer_clear(struct smtp__buffer *b);
void
smtp__buffer_free(struct smtp__buffer *b);

#endif
