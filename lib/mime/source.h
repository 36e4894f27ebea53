/* SPDX-License-Identifier: MIT */
/* Sources from the inside: one way to read memory, files and callbacks. */
#ifndef SMTP__SOURCE_H
#define SMTP__SOURCE_H

#include <stdbool.h>

#include <smtp/message.h>

enum smtp__source_kind {
	SMTP__SOURCE_MEMORY,
	SMTP__SOURCE_FILE,
	SMTP__SOURCE_STREAM,             /* a file that is the caller's   */
	SMTP__SOURCE_CALLBACK
};

struct smtp_source {
	struct smtp_source *next;        /* in its message                */
	enum smtp__source_kind kind;
	uint64_t size;                   /* or SMTP_SIZE_UNKNOWN          */
	uint64_t counted;                /* the same, found by reading    */
	uint64_t at;                     /* octets read since the start   */
	bool touched;                    /* read was called since then    */
	bool ended;
	const char *reason;              /* why it failed                 */

	const char *memory;
	char *path;
	FILE *file;
	int64_t start;                   /* of a stream                   */
	bool once;                       /* cannot go back                */
	smtp_source_read *read;
	int (*rewind)(void *ctx);
	void (*close)(void *ctx);
	void *ctx;
	const bool *asking;              /* of one that is given, or NULL */
};

/*
 * Go to the start, and see that it can be read: a file is opened, its size
 * found, and closed again until it is read. False: `reason` says why not.
 */
bool
smtp__source_begin(struct smtp_source *s);

/* Can it go back once it was read? */
bool
smtp__source_can_rewind(const struct smtp_source *s);

/*
 * As smtp_source_read. A source that yields another number of octets than it
 * said has failed; `reason` says why.
 */
ptrdiff_t
smtp__source_pull(struct smtp_source *s, void *p, size_t n);

/*
 * The next octets of a source in memory where they stand; their number is up
 * to `n`, 0 at the end. For others NULL.
 */
const char *
smtp__source_peek(const struct smtp_source *s, size_t *n);
void
smtp__source_skip(struct smtp_source *s, size_t n);

/* SMTP_SIZE_UNKNOWN if it is. */
uint64_t
smtp__source_size(const struct smtp_source *s);

#endif
