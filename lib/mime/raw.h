/* SPDX-License-Identifier: MIT */
/*
 * A ready message as it goes out: each LF and CRLF is a CRLF, the last line
 * has an end, and what no server may be sent is found: a bare CR (RFC 5321
 * section 2.3.8), a NUL, a line over 998 octets (4.5.3.1.6), and octets above
 * 127 in the header or the body where they are not allowed.
 */
#ifndef SMTP__RAW_H
#define SMTP__RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMTP__LINE_MAX 998

enum smtp__raw_fault {
	SMTP__RAW_OK = 0,
	SMTP__RAW_BARE_CR,
	SMTP__RAW_NUL,
	SMTP__RAW_LONG_LINE,
	SMTP__RAW_HIGH_HEAD,             /* needs SMTPUTF8  */
	SMTP__RAW_HIGH_BODY              /* needs 8BITMIME  */
};

struct smtp__raw {
	bool allow_head, allow_body;     /* octets above 127              */
	bool high_head, high_body;       /* there were some               */
	bool in_body;
	uint64_t line;                   /* from 1, of what comes next    */
	size_t column;
	enum smtp__raw_fault fault;
};

void
smtp__raw_init(struct smtp__raw *r, bool allow_head, bool allow_body);

/*
 * Convert as far as `cap` goes; `out` NULL only counts. A CR at the end of
 * `in` stays unread unless this is the `last` of the input. Returns the
 * octets written. Done when all is used, `last` was said and `column` is 0;
 * stopped when `fault` is set, which is of `line`.
 */
size_t
smtp__raw_convert(struct smtp__raw *r, const char *in, size_t n, bool last,
    size_t *used, char *out, size_t cap);

/* Is any octet above 127? A word at a time. */
bool
smtp__any_high(const char *p, size_t n);

/* The fault for a person, to follow "line 7". */
const char *
smtp__raw_words(enum smtp__raw_fault fault);

#endif
