/* SPDX-License-Identifier: MIT */
/*
 * Looking a host name up without waiting for it.
 *
 * getaddrinfo() cannot be told to stop, so it runs in a thread of its own
 * that shares one counted object with the caller; whoever lets go of it last
 * frees it. An address needs no thread, nor does localhost, which is ::1 and
 * 127.0.0.1 (RFC 6761). Built without threads, the lookup blocks in start.
 * A resolver of the program's is stepped instead.
 */
#ifndef SMTP__RESOLVE_H
#define SMTP__RESOLVE_H

#include <stdint.h>

#include <smtp/transport.h>

#include "net/socket.h"

struct smtp__lookup;

/*
 * What goes wrong is told by step. NULL is no memory. `host` is copied.
 * `family` 4 or 6: others are not asked for, but may come. `resolver`, which
 * is copied, looks names up instead of the system's; NULL: that one.
 */
struct smtp__lookup *
smtp__lookup_start(const char *host, unsigned port, int family,
    const struct smtp_resolver *resolver);

#if SMTP_WITH_CARES
/* Then the standard. Its ctx: NULL, or name servers, "127.0.0.1:53,...". */
extern const struct smtp_resolver smtp__resolver_cares;
#endif

/*
 * A mask: not yet. SMTP_OK: `*addresses` has the `*n` of them, at
 * least one, in the order of RFC 8305 section 4: the system's own (RFC 6724)
 * with the two families in turn. They live as long as the lookup.
 * SMTP_E_RESOLVE, SMTP_E_MEMORY: see smtp__lookup_words().
 */
int
smtp__lookup_step(struct smtp__lookup *lookup,
    const struct smtp__address **addresses, size_t *n);

/* Readable when step has news; or -1. */
int
smtp__lookup_fd(const struct smtp__lookup *lookup);

/* When step has to be called again; UINT64_MAX: when the descriptor says. */
uint64_t
smtp__lookup_due_ms(const struct smtp__lookup *lookup);

/* Why it failed, in a few words. */
const char *
smtp__lookup_words(const struct smtp__lookup *lookup);

/*
 * Never waits. A thread that is still looking ends when the system's
 * resolver gives up, and must not outlive the code: a program that unloads
 * the library waits that long first.
 */
void
smtp__lookup_free(struct smtp__lookup *lookup);

#endif
