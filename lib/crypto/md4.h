/* SPDX-License-Identifier: MIT */
/*
 * MD4, RFC 1320: for NTLM alone, which makes its key of a password with it.
 * It is broken for anything else, and TLS libraries have it no more.
 */
#ifndef SMTP__MD4_H
#define SMTP__MD4_H

#include <stddef.h>

/* Nothing of the text is left on the stack. */
void
smtp__md4(const void *p, size_t n, unsigned char digest[16]);

#endif
