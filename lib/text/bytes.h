/* SPDX-License-Identifier: MIT */
/*
 * A span of octets that belong to somebody else: not NUL-terminated, and never
 * longer lived than what it points into.
 */
#ifndef SMTP__BYTES_H
#define SMTP__BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct smtp__bytes {
	const char *p;
	size_t n;
};

static inline struct smtp__bytes
smtp__bytes(const char *p, size_t n)
{
	struct smtp__bytes b = { p, n };

	return b;
}

/* NULL is the empty span. */
static inline struct smtp__bytes
smtp__bytes_of(const char *text)
{
	return smtp__bytes(text, text == NULL ? 0 : strlen(text));
}

static inline bool
smtp__bytes_equal(struct smtp__bytes a, struct smtp__bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
