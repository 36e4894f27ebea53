/* SPDX-License-Identifier: MIT */
/*
 * Canonicalization (RFC 6376 section 3.4), straight into a SHA-256. Content
 * has CRLF line ends already.
 */
#ifndef SMTP__CANON_H
#define SMTP__CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

#define SMTP__DKIM_DIGEST 32

/* A digest that is fed in larger pieces than octets. */
struct smtp__canon {
	struct smtp__hash hash;
	bool relaxed;
	bool blank;              /* white space before the next octet     */
	bool text;               /* something was put out                 */
	uint64_t line_ends;      /* before the next octet                 */
	size_t held_n;
	char held[512];
};

void
smtp__canon_begin(struct smtp__canon *c, bool relaxed);

/* The body, in pieces of any size. */
void
smtp__canon_body(struct smtp__canon *c, const char *p, size_t n);
int
smtp__canon_body_end(struct smtp__canon *c,
    unsigned char digest[SMTP__DKIM_DIGEST]);

/*
 * One whole field with its CRLF, or without for the last one. Fields follow
 * each other; then end.
 */
void
smtp__canon_field(struct smtp__canon *c, const char *p, size_t n);
int
smtp__canon_end(struct smtp__canon *c,
    unsigned char digest[SMTP__DKIM_DIGEST]);

#endif
