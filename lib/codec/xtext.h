/* SPDX-License-Identifier: MIT */
/* Parameter values of RFC 3461 section 4 and RFC 6533 section 3. */
#ifndef SMTP__XTEXT_H
#define SMTP__XTEXT_H

#include "text/out.h"

/* 33 to 126 but `+` and `=` as they are, every other octet as `+` and hex. */
void
smtp__xtext_write(struct smtp__out *out, const char *p, size_t n);

/*
 * An address of type utf-8: valid UTF-8 in, and out either UTF-8 (`raw`, for a
 * server with SMTPUTF8) or ASCII with \x{...} for each other character.
 */
void
smtp__xtext_write_utf8(struct smtp__out *out, const char *p, size_t n,
    bool raw);

#endif
