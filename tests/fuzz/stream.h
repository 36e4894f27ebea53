/* SPDX-License-Identifier: MIT */
/* For harnesses of messages: a source by pieces, and memory. */
#ifndef FUZZ_STREAM_H
#define FUZZ_STREAM_H

#include "fuzz.h"

struct stream {
	const char *p;
	size_t n, at, piece;
};

static inline ptrdiff_t
stream_read(void *ctx, void *p, size_t n)
{
	struct stream *s = ctx;

	if (n > s->piece)
		n = s->piece;
	if (n > s->n - s->at)
		n = s->n - s->at;
	memcpy(p, s->p + s->at, n);
	s->at += n;
	return (ptrdiff_t)n;
}

static inline int
stream_rewind(void *ctx)
{
	((struct stream *)ctx)->at = 0;
	return 0;
}

/* From the room of the input: freed with it. */
static inline void *
stream_resize(void *ctx, void *p, size_t was, size_t now)
{
	void *block;

	(void)ctx;
	if (now == 0)
		return NULL;
	block = fuzz_alloc(now);
	if (was > 0)
		memcpy(block, p, was < now ? was : now);
	return block;
}

#endif
