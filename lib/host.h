/* SPDX-License-Identifier: MIT */
/*
 * Hosts as people write them, and the forms that a protocol takes.
 */
#ifndef SMTP__HOST_H
#define SMTP__HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "text/out.h"
#include "text/punycode.h"

#define SMTP__HOST_BYTES 256     /* a name of at most 255 octets, and NUL */

/* Four decimal numbers up to 255. */
bool
smtp__host_is_ipv4(const char *p, size_t n);

/* Full, compressed and mixed forms (RFC 4291 section 2.2), without a zone. */
bool
smtp__host_is_ipv6(const char *p, size_t n);

/*
 * A name to connect to, in lower case, A-labels, without a dot at the end.
 * Underscores pass: hosts of private networks have them, though mail domains
 * have not. Returns NULL, or in words what is wrong.
 */
const char *
smtp__host_name(struct smtp__out *out, const char *p, size_t n);

/*
 * What stands behind EHLO: a domain, made ASCII, or an address literal in
 * brackets (RFC 5321 section 4.1.1.1). NULL, or in words what is wrong.
 */
const char *
smtp__host_ehlo(struct smtp__out *out, const char *p, size_t n);

#endif
