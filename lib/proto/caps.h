/* SPDX-License-Identifier: MIT */
/*
 * What a server offers (RFC 5321 section 4.1.1.1), read from the reply to EHLO
 * octet by octet. Unknown keywords are passed over.
 */
#ifndef SMTP__CAPS_H
#define SMTP__CAPS_H

#include <stdint.h>

#include <smtp/config.h>

struct smtp__caps {
	uint16_t offers;         /* enum smtp_engine_offer                */
	uint8_t mechanisms;     /* bits by smtp__mech_bit()              */
#if SMTP_WITH_SIZE
	SMTP_OCTETS size;        /* 0: no fixed limit, or not known       */
#endif
};

/* The reader of one reply: starts as zero. */
struct smtp__caps_reader {
	uint16_t about;          /* the keyword of the line               */
	uint16_t n;              /* octets of the word                    */
	char word[21];           /* the longest that is known: 19         */
};

/* The words of a line behind the first one; '\n' ends each line. */
void
smtp__caps_octet(struct smtp__caps *caps, struct smtp__caps_reader *reader,
    char c);

/* The reply is complete: drop what is offered without what it needs. */
void
smtp__caps_settle(struct smtp__caps *caps);

#endif
