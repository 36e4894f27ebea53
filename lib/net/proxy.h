/* SPDX-License-Identifier: MIT */
/*
 * Asking a proxy for a way to the server: SOCKS5 (RFC 1928, with RFC 1929 for
 * user and password) and CONNECT of HTTP (RFC 9110 section 9.3.6).
 *
 * A proxy is spoken to over any transport, octet by octet if that gives no
 * more, and never waits. Of what it answers exactly its own octets are read:
 * the first that the server says is still in the transport afterwards.
 */
#ifndef SMTP__PROXY_H
#define SMTP__PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include <smtp/transport.h>

enum smtp__proxy_kind {
	SMTP__PROXY_NONE,
	SMTP__PROXY_SOCKS5,
	SMTP__PROXY_HTTP
};

/* All of it is borrowed until the proxy has answered. */
struct smtp__proxy_plan {
	enum smtp__proxy_kind kind;
	const char *name;        /* what errors call the proxy               */
	const char *host;        /* a name in ASCII, or an IP address        */
	unsigned port;
	const char *user;        /* SOCKS5: NULL, or both, each of 1 to 255  */
	const char *password;    /* octets                                   */
	const char *basic;       /* HTTP: NULL, or "user:password" in base64 */
};

#define SMTP__PROXY_OUT 1536     /* the longest request                     */
#define SMTP__PROXY_HEADER 16384 /* octets of all headers that HTTP answers */

struct smtp__proxy {
	struct smtp__proxy_plan plan;
	int status;              /* above 0: goes on                         */
	int state;               /* of the dialect                           */
	size_t out_at, out_n;    /* of `out`: written up to, filled up to    */
	size_t in_n, need;       /* of `in`: read up to, and to be read      */
	size_t heard;            /* octets of headers                        */
	unsigned char out[SMTP__PROXY_OUT];
	unsigned char in[264];
	char line[96];           /* the first one of a header, cut           */
	size_t line_n;
	bool has_line;           /* all of it                                */
	char error[768];         /* one plain line, "" if all is well        */
};

/*
 * Begin. SMTP_OK, or SMTP_E_ARGUMENT for a host, user or password that cannot
 * be said; nothing was sent then. The struct has secrets in it: wipe it.
 */
int
smtp__proxy_init(struct smtp__proxy *proxy,
    const struct smtp__proxy_plan *plan);

/*
 * Go on. Returns SMTP_OK (the transport leads to the server now),
 * SMTP_WANT_READ, SMTP_WANT_WRITE, SMTP_E_CONNECT (the proxy cannot, does not
 * want to, or ended the stream), or SMTP_E_PROTOCOL (what answers is no such
 * proxy). What it returned once in the end it repeats.
 */
int
smtp__proxy_step(struct smtp__proxy *proxy,
    const struct smtp_transport *transport);

/* For the dialects. */

/* "proxy NAME: words more". Returns the status, which is the end. */
int
smtp__proxy_fail(struct smtp__proxy *proxy, int status, const char *words,
    const char *more);

/* The same about where to: "words HOST port N more". */
int
smtp__proxy_fail_target(struct smtp__proxy *proxy, const char *words,
    const char *more);

/* Put the first request into `out`: SMTP_OK or SMTP_E_ARGUMENT. */
int
smtp__proxy_socks_begin(struct smtp__proxy *proxy);
int
smtp__proxy_http_begin(struct smtp__proxy *proxy);

/* `need` octets came, or fewer with HTTP; says what is needed next. */
void
smtp__proxy_socks_hear(struct smtp__proxy *proxy);
void
smtp__proxy_http_hear(struct smtp__proxy *proxy);

#endif
