/* SPDX-License-Identifier: MIT */
/*
 * Where mime and proto meet, without knowing each other: what a connection
 * offers goes to the content, what the content needs comes back, and then a
 * stream of octets. client.c carries it between them.
 */
#ifndef SMTP__CONTENT_H
#define SMTP__CONTENT_H

#include <stdbool.h>
#include <stdint.h>

/* What a connection offers, and what a content needs. */
enum {
	SMTP__CONTENT_8BIT = 1,          /* 8BITMIME, RFC 6152            */
	SMTP__CONTENT_BINARY = 2,        /* BINARYMIME, RFC 3030          */
	SMTP__CONTENT_UTF8 = 4,          /* SMTPUTF8, RFC 6531            */
	SMTP__CONTENT_CHUNKING = 8       /* BDAT, RFC 3030                */
};

struct smtp__content {
	unsigned needs;                  /* of the mask above             */
	bool size_known;
	uint64_t size;                   /* octets with CRLF line ends,   */
					 /* without dot-stuffing          */
};

#endif
