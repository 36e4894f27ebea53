/* SPDX-License-Identifier: MIT */
/*
 * A line that is never stored: it is said again from its start each time, and
 * only the octets behind `skip` and within `room` are kept. A line of any
 * length so leaves through a buffer of any size, and its length is known
 * before its first octet by saying it with no room at all.
 */
#ifndef SMTP__LINE_H
#define SMTP__LINE_H

#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>

struct smtp__line {
	char *p;                 /* where they are kept,                  */
	size_t room;             /* up to so many,                        */
	size_t skip;             /* behind those that left earlier        */
	size_t n;                /* octets of the line so far, all of it  */
	uint16_t bits;           /* of base64, not said yet               */
	uint8_t held;            /* their number                          */
	uint8_t base64;
};

/*
 * What is kept goes to `p`, up to `room` octets. Once the line is said whole,
 * n - skip are those that were left to say.
 */
void
smtp__line_begin(struct smtp__line *l, char *p, size_t room, size_t skip);

void
smtp__line_octet(struct smtp__line *l, char c);
void
smtp__line_text(struct smtp__line *l, const char *text);
void
smtp__line_number(struct smtp__line *l, SMTP_OCTETS number);

/* What is between these two leaves as base64 (RFC 4648 section 4). */
void
smtp__line_base64_begin(struct smtp__line *l);
void
smtp__line_base64_end(struct smtp__line *l);

#endif
