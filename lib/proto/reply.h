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

/* Octets of one line with its CRLF: the challenges of AUTH are the longest */
/* (RFC 4954 section 4 wants 12288). Octets of a whole reply.               */
#define SMTP__REPLY_LINE_MAX 12290
#define SMTP__REPLY_MAX 65535

struct smtp__reply {
	uint16_t code;
	uint16_t total, column;
	uint16_t digits;         /* the code of the line being read       */
	uint8_t klass;           /* its first digit, as a character       */
	uint8_t state;
	uint8_t lines;           /* complete lines before it, at most 2   */
	uint8_t last;            /* it is the last one                    */
	uint8_t done;            /* complete: begin before the next octet */
	uint8_t cut;             /* words did not fit                     */
#if SMTP_WITH_ENHANCED
	uint8_t enhanced;        /* where in the enhanced code            */
	uint8_t plain;           /* greeting, EHLO: none is looked for    */
	uint16_t subject, detail;
	uint16_t number[2];      /* of this line, until it is complete    */
#endif
#if SMTP_WITH_TEXT
	char *text;
	uint16_t text_room, text_n, line_at;
#endif
};

enum smtp__reply_event {
	SMTP__REPLY_MORE,
	SMTP__REPLY_TEXT,        /* this octet was one of the words       */
	SMTP__REPLY_LINE,        /* this octet ended a line, not the last */
	SMTP__REPLY_DONE,
	SMTP__REPLY_BAD
};

/* Get ready for the next reply; keeps the arena. */
void
smtp__reply_begin(struct smtp__reply *r);

enum smtp__reply_event
smtp__reply_octet(struct smtp__reply *r, unsigned char c);

#endif
