/* SPDX-License-Identifier: MIT */
/*
 * Parameters of Content-Type and Content-Disposition: a token, a quoted
 * string (RFC 2045 section 5.1), or where that cannot be, percent-encoded
 * UTF-8 and segments (RFC 2231 sections 3 and 4).
 */
#ifndef SMTP__PARAM_H
#define SMTP__PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/escape.h"

/* Octets of one piece: with a space before and a semicolon behind, a line. */
#define SMTP__PARAM_MAX 76

struct smtp__param {
	const char *name;        /* a token of at most 32 octets        */
	const char *p;           /* what is left of the value           */
	size_t n;
	unsigned index;          /* of the next segment                 */
	enum smtp__escape how;   /* PARAM, QUOTED, or NONE for a token  */
	bool split, done;
};

/* Begin with a value in valid UTF-8 without control characters. */
void
smtp__param_init(struct smtp__param *a, const char *name, const char *p,
    size_t n);

/*
 * The next piece, `name=value` without semicolon: all of the value, or a
 * segment. 0 after the last.
 */
size_t
smtp__param_next(struct smtp__param *a, char out[SMTP__PARAM_MAX]);

#endif
