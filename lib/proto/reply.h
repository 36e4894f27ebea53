/* SPDX-License-Identifier: MIT */
/*
 * The reply parser (RFC 5321 section 4.2): one octet at a time, nothing is
 * stored but numbers, and the words if somebody lends an arena.
 *
 * Strict: CRLF only, three digits, the same code on each line, bounded lines
 * and replies. It gives the same answer however the input is cut.
 */
#ifndef SMTP__REPLY_H
#define SMTP__REPLY_H

#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>

/*
 * Octets of one line with its CRLF: the challenges of AUTH are the longest
 * (RFC 4954 section 4 wants 12288). A reply has at most 256 of them.
 */
#define SMTP__REPLY_LINE_MAX 12290

struct smtp__reply {
	uint8_t klass;           /* the first digit, as a character       */
	uint8_t cr;              /* LF has to follow                      */
	uint8_t later;           /* lines before this one                 */
	uint8_t last;            /* the line is the last one              */
	uint8_t cut;             /* not 0: words did not fit              */
	uint8_t phase;           /* what it is about: of the engine       */
#if SMTP_WITH_ENHANCED
	uint8_t plain;           /* greeting, EHLO: no enhanced codes     */
	uint8_t at;              /* which of its numbers                  */
#endif
	uint16_t code;
	uint16_t said;           /* the code of this line, as far as read */
	uint16_t column;         /* octets of this line                   */
#if SMTP_WITH_ENHANCED
	uint16_t subject, detail;
	uint16_t number[3];      /* of this line: class, subject, detail  */
#endif
#if SMTP_WITH_TEXT
	uint16_t text_room, text_n, line_at;
	char *text;
#endif
};

enum smtp__reply_event {
	SMTP__REPLY_MORE,
	SMTP__REPLY_TEXT,        /* this octet was one of the words       */
	SMTP__REPLY_LINE,        /* this octet ended a line, not the last */
	SMTP__REPLY_DONE,
	SMTP__REPLY_BAD
};

/*
 * The reader starts as zero but for the arena; behind a reply that is done
 * comes the next.
 */
/* It is complete, and the next one did not begin. */
static inline int
smtp__reply_done(const struct smtp__reply *r)
{
	return r->last && r->column == 0;
}

enum smtp__reply_event
smtp__reply_octet(struct smtp__reply *r, unsigned char c);

#endif
