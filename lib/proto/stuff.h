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

struct smtp__stuff {
	uint16_t column;         /* octets of this line, without CRLF     */
	uint8_t in_line;         /* not at the start of one               */
	uint8_t after_cr;        /* CR is out, its LF is not              */
	uint8_t dotted;          /* the doubling dot is out               */
	uint8_t mark;            /* octets of the end mark that are out   */
	uint8_t eightbit;        /* octets above 127 may pass             */
	uint8_t bad;             /* a line too long, an octet too high    */
#if SMTP_WITH_BDAT
	uint8_t plain;           /* for BDAT: no dots, no end mark        */
#endif
};

void
smtp__stuff_begin(struct smtp__stuff *s, bool eightbit);

#if SMTP_WITH_BDAT
/* The same for BDAT (RFC 3030 section 2): nothing but the line ends changes. */
void
smtp__stuff_begin_plain(struct smtp__stuff *s, bool eightbit);

/*
 * How many octets `in` becomes, and with `end` all that is behind it; sets
 * `bad` where something in it may not pass. Nothing else changes.
 */
size_t
smtp__stuff_count(struct smtp__stuff *s, const char *in, size_t in_n,
    bool end);
#endif

/*
 * From `*in` to `out` as far as both go; moves `*in` and `*in_n`. Returns the
 * octets put out. When something may not pass, `bad` is set and it stops.
 */
size_t
smtp__stuff(struct smtp__stuff *s, const char **in, size_t *in_n,
    char *out, size_t room);

/* The same for the end of the content; `*done` once the mark is out whole. */
size_t
smtp__stuff_end(struct smtp__stuff *s, char *out, size_t room, bool *done);

#endif
