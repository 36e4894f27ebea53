/* SPDX-License-Identifier: MIT */
/*
 * A proxy on loopback: SOCKS5 and CONNECT of HTTP, one connection after the
 * other, in a process of its own that ends with the test. Wherever it is
 * asked to go it goes to one port of 127.0.0.1, so that a name need not exist.
 */
#ifndef TEST_PROXY_H
#define TEST_PROXY_H

#include <stddef.h>

struct proxy;

/* `login` is "user:password", or NULL: it wants none. */
struct proxy *
proxy_start(const char *kind, const char *login, int port);

/*
 * One that reads a little and then says these octets, each after `pause_ms`,
 * and from `again` on for ever if that is below n; then it says no more, or
 * (`ends`) closes.
 */
struct proxy *
proxy_lie(const char *kind, const void *p, size_t n, size_t again,
    unsigned pause_ms, int ends);

/* "socks5://127.0.0.1:1080", until it is stopped. */
const char *
proxy_url(const struct proxy *proxy);

/*
 * What it was asked since the last call, one a line: "name mx.example 587",
 * "ipv4 192.0.2.7 25", with HTTP "mx.example:587"; and "refused" behind those
 * that gave no or another login.
 */
const char *
proxy_asked(struct proxy *proxy);

void
proxy_stop(struct proxy *proxy);

#endif
