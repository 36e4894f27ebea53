/* SPDX-License-Identifier: MIT */
/*
 * What a server's first message says that a TLS library does not tell
 * afterwards. It is read as it passes, in the clear; that nobody changed it is
 * known once the handshake is done.
 */
#ifndef SMTP__TLS_HELLO_H
#define SMTP__TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>

/* A ServerHello of TLS 1.2 has about 100 octets; a longer one says nothing. */
enum { SMTP__TLS_HELLO_BYTES = 256 };

struct smtp__tls_hello {
	unsigned char p[SMTP__TLS_HELLO_BYTES];
	size_t n;
};

/* Octets from the server, in any pieces; what is too much is left. */
void
smtp__tls_hello_feed(struct smtp__tls_hello *hello, const void *p, size_t n);

/* Is it there, whole, with this number of the wire for its version? */
bool
smtp__tls_hello_is(const struct smtp__tls_hello *hello, unsigned version);

/* Does it take the extended master secret? RFC 7627. */
bool
smtp__tls_hello_extended_master(const struct smtp__tls_hello *hello);

/*
 * Does its random number say that the server knows TLS 1.3, and speaks an
 * older version because it was asked for no newer one? RFC 8446 section 4.1.3.
 */
bool
smtp__tls_hello_downgraded(const struct smtp__tls_hello *hello);

#endif
