/* SPDX-License-Identifier: MIT */
/*
 * Content on its way to DATA: every line end becomes CRLF, a dot at the start
 * of a line is doubled (RFC 5321 section 4.5.2), and the end mark closes it.
 * On its way to BDAT only the line ends change.
 * Works for any size of input and output, one octet included.
 */
#ifndef SMTP__STUFF_H
#define SMTP__STUFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>

#define SMTP__CONTENT_LINE_MAX 998       /* RFC 5321 section 4.5.3.1.6    */

#define SMTP__STUFF_CR 0xffff

struct smtp__stuff {
	bool end;                /* nothing of the caller's comes behind  */
	bool ended;              /* `in` is what closes the content       */
#if SMTP_WITH_8BITMIME
	uint8_t eightbit;        /* octets above 127 may pass             */
#endif
	uint8_t bad;             /* a line too long, an octet too high    */
#if SMTP_WITH_BDAT
	uint8_t plain;           /* for BDAT: no dots, no end mark        */
#endif
	uint16_t column;         /* 0 at the start of a line; behind it 1 */
				 /* and its octets but the doubling dot;  */
				 /* SMTP__STUFF_CR: its LF is not out     */
	const char *in;          /* to be stuffed: the caller's           */
	size_t in_n;
};

void
smtp__stuff_begin(struct smtp__stuff *s, bool eightbit);

#if SMTP_WITH_BDAT
/* The same for BDAT (RFC 3030 section 2): nothing but the line ends changes. */
void
smtp__stuff_begin_plain(struct smtp__stuff *s, bool eightbit);

/*
 * How many octets what is there becomes; sets `bad` where something in it may
 * not pass. Nothing else changes.
 */
size_t
smtp__stuff_count(struct smtp__stuff *s);
#endif

/*
 * From `in` to `out` as far as both go, and the end behind it. Returns the
 * octets put out. When something may not pass, `bad` is set and it stops.
 */
size_t
smtp__stuff(struct smtp__stuff *s, char *out, size_t room);

/* The mark is out whole; without one, the last line end. */
bool
smtp__stuff_ended(const struct smtp__stuff *s);

#endif
