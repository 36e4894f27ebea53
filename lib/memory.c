/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "memory.h"

static void *
resize(void *ctx, void *p, size_t was, size_t now)
{
	(void)ctx;
	(void)was;
	if (now == 0) {
		free(p);
		return NULL;
	}
	return realloc(p, now);
}

struct smtp_allocator
smtp__memory(const struct smtp_allocator *given)
{
	struct smtp_allocator heap = { resize, NULL };

	return given != NULL && given->resize != NULL ? *given : heap;
}

void *
smtp__memory_new(const struct smtp_allocator *heap, size_t n)
{
	void *p = heap->resize(heap->ctx, NULL, 0, n);

	if (p != NULL)
		memset(p, 0, n);
	return p;
}

void
smtp__memory_free(const struct smtp_allocator *heap, void *p, size_t n)
{
	if (p != NULL)
		heap->resize(heap->ctx, p, n, 0);
}

char *
smtp__memory_copy(const struct smtp_allocator *heap, const char *p, size_t n)
{
	char *text = heap->resize(heap->ctx, NULL, 0, n + 1);

	if (text == NULL)
		return NULL;
	if (n > 0)
		memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

void
smtp__memory_free_text(const struct smtp_allocator *heap, char *text)
{
	size_t n;

	if (text == NULL)
		return;
	n = strlen(text) + 1;
	smtp__wipe(text, n);
	smtp__memory_free(heap, text, n);
}
