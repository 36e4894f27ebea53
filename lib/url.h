/* SPDX-License-Identifier: MIT */
/*
 * Where a session goes to, and which TLS it has: smtp_open(3) has the table.
 */
#ifndef SMTP__URL_H
#define SMTP__URL_H

#include <stdbool.h>
#include <stddef.h>

#include "host.h"

#define SMTP__PATH_MAX 107       /* of a unix socket: sun_path less its NUL */

struct smtp__url {
	int tls;                 /* enum smtp_engine_tls                 */
	int proxy;               /* enum smtp__proxy_kind, of a proxy    */
	bool lmtp;
	bool literal;            /* the host is an IP address            */
	unsigned port;           /* 0 for a unix socket                  */
	char host[SMTP__HOST_BYTES]; /* A-labels, no brackets; ""    */
				     /* for a socket                 */
	char path[SMTP__PATH_MAX + 1]; /* "" unless a unix socket    */
};

/*
 * Take a URL apart. Returns SMTP_OK, or SMTP_E_ARGUMENT with one plain line
 * in `why`, which says what is wrong and never repeats a password.
 */
int
smtp__url_parse(struct smtp__url *url, const char *text, char *why,
    size_t why_n);

/* The same for socks5://host[:1080] and http://host:port. */
int
smtp__url_parse_proxy(struct smtp__url *url, const char *text, char *why,
    size_t why_n);

#endif
