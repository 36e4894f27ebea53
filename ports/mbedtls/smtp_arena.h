/* SPDX-License-Identifier: MIT */
/*
 * The memory of mbedTLS: a block that the program lends, and no heap.
 *
 * Build mbedTLS with
 *
 *      #define MBEDTLS_PLATFORM_MEMORY
 *      #define MBEDTLS_PLATFORM_CALLOC_MACRO smtp_arena_calloc
 *      #define MBEDTLS_PLATFORM_FREE_MACRO smtp_arena_free
 *
 * and lend a block before its first call. Against its own
 * mbedtls_memory_buffer_alloc: one word beside each allocation instead of
 * eight, and it knows what it could not give. One thread at a time.
 */
#ifndef SMTP_ARENA_H
#define SMTP_ARENA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smtp_arena {
	size_t bytes;            /* of the block                            */
	size_t used, peak;       /* octets in use, the words beside them    */
				 /* included                                */
	size_t extent;           /* how far into the block it ever came: a  */
				 /* block of so many octets would have done */
	size_t wanted;           /* of the first allocation that failed, 0: */
				 /* none did                                */
};
extern struct smtp_arena smtp_arena;

/* Forgets all that was allocated. Aligned as for a pointer. */
void
smtp_arena_lend(void *block, size_t bytes);

void *
smtp_arena_calloc(size_t count, size_t bytes);
void
smtp_arena_free(void *p);

#ifdef __cplusplus
}
#endif

#endif
