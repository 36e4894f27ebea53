/* SPDX-License-Identifier: MIT */
/*
 * Does a certificate's name belong to the server that was asked for?
 * RFC 9525. Spans in, yes or no out; no TLS library here.
 */
#ifndef SMTP__IDENTITY_H
#define SMTP__IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "text/bytes.h"

/*
 * Read an IP address in its usual text form: 4 or 16 octets go to `ip`, their
 * number is returned, 0 where `text` is no address. An IPv4 part has decimal
 * digits without leading zeros. A zone ("%eth0") is read over: no certificate
 * names one.
 */
size_t
smtp__identity_ip(const char *text, unsigned char ip[16]);

/*
 * A dNSName against the name that was asked for: without case, label by
 * label. "*." in front stands for exactly one label, in no other place, and
 * not for all names of a top-level domain. One dot at the end of `reference`
 * counts for nothing. RFC 9525 section 6.3.
 */
bool
smtp__identity_matches_name(struct smtp__bytes presented,
    struct smtp__bytes reference);

/* An iPAddress against an address: octet by octet. RFC 9525 section 6.4. */
bool
smtp__identity_matches_ip(struct smtp__bytes presented,
    const unsigned char *ip, size_t ip_n);

#endif
