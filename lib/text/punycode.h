/* SPDX-License-Identifier: MIT */
/*
 * Internationalised domain names without a table of Unicode.
 *
 * Covered: Punycode (RFC 3492) in both directions; lower-casing of Latin,
 * Greek, Coptic, Cyrillic and Armenian letters; the dots of RFC 3490 section
 * 3.1; the check that an A-label is one; the refusal of what IDNA 2008
 * disallows in whole blocks (punctuation, symbols, presentation forms, private
 * use), of other capitals, of joiners, and of labels that mix writing
 * directions. Not covered, since it takes the tables: composition (NFC). A
 * label with a combining accent of the Latin kind is refused rather than
 * encoded to a name that nobody registered.
 */
#ifndef SMTP__PUNYCODE_H
#define SMTP__PUNYCODE_H

#include "text/out.h"

#define SMTP__LABEL_MAX  63      /* octets of a label, RFC 1035         */
#define SMTP__NAME_MAX   253     /* octets of a name, RFC 1035          */

/* Punycode of one label of valid UTF-8, without the prefix. 0 or -1. */
int
smtp__punycode_encode(struct smtp__out *out, const char *p, size_t n);

/* The reverse, to UTF-8. 0, or -1 for what is no Punycode. */
int
smtp__punycode_decode(struct smtp__out *out, const char *p, size_t n);

/*
 * A domain in any form to letters, digits, hyphens and single dots: A-labels
 * are checked and kept, U-labels converted, ASCII labels kept with their case.
 * A dot at the end is dropped. 0, or -1 for what is no domain; `out` then
 * holds a part of it.
 *
 * RFC 5891 section 5; RFC 5321 section 2.3.5 (label: letters, digits, inner
 * hyphens).
 */
int
smtp__domain_to_ascii(struct smtp__out *out, const char *p, size_t n);

#endif
