/* SPDX-License-Identifier: MIT */
/*
 * Base64 of whole lines, as fast as the processor can: the bulk of a mail with
 * attachments. Apart from base64.c, since a device does without its tables.
 */
#ifndef SMTP__BASE64_LINES_H
#define SMTP__BASE64_LINES_H

#include <stddef.h>

enum {
	SMTP__BASE64_LINE_IN = 57,       /* octets that make a line        */
	SMTP__BASE64_LINE_OUT = 78       /* 76 characters and CRLF         */
};

/*
 * `lines` times 57 octets at `in` become as many lines at `out`, each with a
 * CRLF before its characters.
 */
void
smtp__base64_lines(const void *in, size_t lines, char *out);

/* The portable form of the same, for tests and benches. */
void
smtp__base64_lines_portable(const void *in, size_t lines, char *out);

/* base64_avx2.c: for processors that have it. */
void
smtp__base64_lines_avx2(const void *in, size_t lines, char *out);

#endif
