/* SPDX-License-Identifier: MIT */
/*
 * The allocator of one object, with the C library's where none was given.
 */
#ifndef SMTP__MEMORY_H
#define SMTP__MEMORY_H

#include <smtp/message.h>

/* `given` NULL: the C library's. */
struct smtp_allocator
smtp__memory(const struct smtp_allocator *given);

/* NULL is no memory; n > 0. The octets of a new block are zero. */
void *
smtp__memory_new(const struct smtp_allocator *heap, size_t n);

/* NULL is fine. `n` is what it was made with. */
void
smtp__memory_free(const struct smtp_allocator *heap, void *p, size_t n);

/*
 * A copy of `n` octets with a NUL behind them. free_text wipes it, up to its
 * first NUL, since it may be a secret.
 */
char *
smtp__memory_copy(const struct smtp_allocator *heap, const char *p, size_t n);
void
smtp__memory_free_text(const struct smtp_allocator *heap, char *text);

#endif
