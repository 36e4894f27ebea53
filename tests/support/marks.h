/* SPDX-License-Identifier: MIT */
/*
 * Secrets that are looked for in memory: as they are, in base64 in each of its
 * three places, in hexadecimal, percent-encoded, in UTF-16 and as the pads of
 * HMAC have them; numbers of private keys also with their last octet first.
 *
 * What is kept of them here is xored, so that it is not found itself. Of each
 * form its first and its last twelve octets are looked for.
 */
#ifndef TEST_MARKS_H
#define TEST_MARKS_H

#include <stddef.h>

/* A secret text; `name` is said where it is found. The text is not kept. */
void
mark_text(const char *name, const char *text);

/* A private key in PEM (PKCS #8): RSA of 2048 bits, or P-256. */
void
mark_key(const char *name, const char *pem);

/*
 * How many of them are in these octets. Each is noted with what it is, in
 * which form, and `where`, for marks_found().
 */
unsigned
marks_in(const void *p, size_t n, const char *where);

/* The same for all memory of this process that can be written to. */
unsigned
marks_in_process(void);

/* What was noted since the last call, one a line; "" for nothing. */
const char *
marks_found(void);

/* Forget all marks. */
void
marks_forget(void);

#endif
