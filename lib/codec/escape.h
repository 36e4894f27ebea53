/* SPDX-License-Identifier: MIT */
/*
 * Octets that stand for themselves in some places and not in others: how each
 * is written in words and parameters of a header.
 */
#ifndef SMTP__ESCAPE_H
#define SMTP__ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/line.h"

enum smtp__escape {
	SMTP__ESCAPE_TEXT,       /* Q, RFC 2047 section 4.2                 */
	SMTP__ESCAPE_PHRASE,     /* Q in a name, section 5, rule 3          */
	SMTP__ESCAPE_PARAM,      /* %, RFC 2231 section 7                   */
	SMTP__ESCAPE_ATOM,       /* an atom, RFC 5322 section 3.2.3         */
	SMTP__ESCAPE_QUOTED,     /* between quotes, section 3.2.4           */
	SMTP__ESCAPE_NONE        /* as it is                                */
};

/* Does it stand for itself? */
bool
smtp__escape_passes(char c, enum smtp__escape how);

/* Written so. */
void
smtp__escape(struct smtp__line *line, const char *p, size_t n,
    enum smtp__escape how);

/* The octets that this takes. */
size_t
smtp__escape_width(const char *p, size_t n, enum smtp__escape how);

/*
 * How many of them go into `room`, in whole characters. `*threes` is how many
 * do, up to the last character that ends where a group of three does.
 */
size_t
smtp__escape_fit(const char *p, size_t n, size_t room, enum smtp__escape how,
    size_t *threes);

/* `lead` and two hexadecimal digits. Returns 3. */
static inline size_t
smtp__escape_hex(char lead, char c, char out[3])
{
	out[0] = lead;
	out[1] = "0123456789ABCDEF"[(unsigned char)c >> 4];
	out[2] = "0123456789ABCDEF"[c & 15];
	return 3;
}

#endif
