/* SPDX-License-Identifier: MIT */
/*
 * The demo server for tests that need a real socket: started as a child,
 * stopped with the test, and asked what the client did.
 *
 * What goes wrong here fails the test. A server that a failed test leaves
 * behind ends with the test program, since that held its standard input.
 */
#ifndef TEST_SERVER_H
#define TEST_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct server;

/*
 * Start build/tools/demo-server with these arguments, up to NULL; --dir is
 * added. Returns when it listens.
 */
struct server *
server_start(const char *first, ...);

/* The same, with --script and this transcript. */
struct server *
server_play(const char *transcript, const char *first, ...);

void
server_stop(struct server *s);

/* "SCHEME://HOST:PORT", until the next call. */
const char *
server_url(struct server *s, const char *scheme, const char *host);
int
server_port(const struct server *s);
const char *
server_dir(const struct server *s);
const char *
server_ca_file(const struct server *s);

/* How many connections there were, and how many mails were taken. */
unsigned
server_sessions(const struct server *s);
unsigned
server_mails(const struct server *s);

/*
 * The log of the Nth connection, from 1, complete once that has ended; waits
 * for that. It lives until the server is stopped.
 */
const char *
server_log(struct server *s, unsigned n);

/* What the client sent on the Nth connection, octet by octet, above TLS. */
const char *
server_heard(struct server *s, unsigned n, size_t *len);

/* Does it begin a line of what the client sent on any connection? */
bool
server_heard_line(struct server *s, const char *beginning);
unsigned
server_heard_lines(struct server *s, const char *beginning);

/* Is it anywhere in what the client sent? */
bool
server_heard_octets(struct server *s, const void *p, size_t n);

/* The Nth mail and its envelope, from 1. */
const char *
server_mail(struct server *s, unsigned n, size_t *len);
const char *
server_envelope(struct server *s, unsigned n);

/* Fail unless the client kept to the rules on each connection. */
void
server_found_no_fault(struct server *s);

/* "complete", or the line of the transcript that failed; waits for it. */
const char *
server_result(struct server *s);

#endif
