/* SPDX-License-Identifier: MIT */
/* A source that nobody calls: what it is asked for is handed to it. */
#include <stdlib.h>
#include <string.h>

#include "mime/source.h"

struct given {
	const char *p;           /* borrowed, until it is empty           */
	size_t n;
	bool asking;             /* it said that it has nothing           */
	bool ended, failed;
};

static ptrdiff_t
given_read(void *ctx, void *p, size_t n)
{
	struct given *g = ctx;

	if (g->failed)
		return SMTP_SOURCE_FAILED;
	if (g->n == 0) {
		g->asking = !g->ended;
		return g->ended ? 0 : SMTP_SOURCE_WAIT;
	}
	n = n < g->n ? n : g->n;
	memcpy(p, g->p, n);
	g->p += n;
	g->n -= n;
	return (ptrdiff_t)n;
}

struct smtp_source *
smtp_source_given(uint64_t size)
{
	struct given *g = calloc(1, sizeof *g);
	struct smtp_source *source = g == NULL ? NULL :
	    smtp_source_callback(given_read, NULL, free, g, size);

	if (source != NULL)
		source->asking = &g->asking;
	return source;
}

int
smtp_give(struct smtp_source *source, const void *p, size_t n)
{
	struct given *g;

	if (source == NULL)
		return SMTP_E_MEMORY;
	if (source->read != given_read)
		return SMTP_E_ARGUMENT;
	g = source->ctx;
	if (!g->asking)
		return SMTP_E_STATE;
	g->asking = false;
	g->p = p;
	g->n = n;
	g->ended = p != NULL && n == 0;
	g->failed = p == NULL;
	return SMTP_OK;
}
