/* SPDX-License-Identifier: MIT */
/* Media types: a small table from the ending of a name, and the grammar. */
#ifndef SMTP__TYPE_H
#define SMTP__TYPE_H

#include <stdbool.h>
#include <stddef.h>

/* application/octet-stream for what is not known. */
const char *
smtp__type_of_name(const char *name, size_t n);

/*
 * A type as a caller gives it: `type/subtype` and parameters, RFC 2045 section
 * 5.1. Walks over it: the first call with `at` 0 takes the type itself, each
 * further one a parameter. 1: taken, 0: the end, -1: malformed.
 */
struct smtp__type {
	const char *p;
	size_t n, at;
	size_t name, name_n;             /* the type, or a parameter's name */
	size_t value, value_n;           /* of the parameter, raw           */
	bool quoted;                     /* then without its quotes         */
};

int
smtp__type_next(struct smtp__type *t);

#endif
