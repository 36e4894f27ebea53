/* SPDX-License-Identifier: MIT */
/*
 * TLS servers that are not ours, for what two implementations must agree on:
 * Python's ssl module and `openssl s_server', started as children.
 *
 * What goes wrong here fails the test.
 */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include <stddef.h>

#include "net/net.h"
#include "support/certs.h"

struct outside;

/*
 * Start tests/support/tls_server.py, or openssl s_server, with a chain and its
 * key and these arguments, up to NULL. Return when it listens.
 */
struct outside *
outside_python(const struct cert *cert, const char *first, ...);
struct outside *
outside_openssl(const struct cert *cert, const char *first, ...);
void
outside_stop(struct outside *o);
int
outside_port(const struct outside *o);

/*
 * The rest of the next line that begins like this, waited for and kept until
 * the next call.
 */
const char *
outside_says(struct outside *o, const char *beginning);

/* A connected transport to it. */
struct smtp_transport
outside_connect(const struct outside *o);

/* Shake hands with it, waiting; the status. */
int
outside_shake(struct smtp__tls *tls, struct smtp_transport *t);

/* Read until there is a line end. */
void
outside_hear(struct smtp_transport *t, char *line, size_t n);

/*
 * What follows `name` ("NAME=") in a line that a peer printed, up to a blank.
 * It lives until the next call.
 */
const char *
outside_value(const char *line, const char *name);

#endif
