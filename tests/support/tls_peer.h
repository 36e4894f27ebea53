/* SPDX-License-Identifier: MIT */
/*
 * A TLS server in this process, at the other end of a wire in memory. The
 * wire cuts what passes into pieces, lets either side wait, and ends at will.
 */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ticket.h>

#include <smtp/transport.h>

#include "support/certs.h"

struct wire_way {
	unsigned char *p;
	size_t n, cap;
	size_t passed;           /* octets that ever went in                */
	bool ended;              /* no more will come                       */
};

struct wire {
	struct wire_way up;      /* from the client to the server           */
	struct wire_way down;
	size_t piece;            /* at most so many at a time; 0: any       */
	size_t room;             /* holds at most so many upwards; 0: any   */
	bool stutter;            /* the client waits every other time       */
	unsigned turn;
	bool closed;             /* by the client                           */
};

void
wire_init(struct wire *wire);
void
wire_free(struct wire *wire);
struct smtp_transport
wire_client(struct wire *wire);
void
wire_put(struct wire_way *way, const void *p, size_t n);

struct tls_peer {
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_ssl_ticket_context tickets;
	struct wire *wire;
	bool open;               /* handshake done                          */
	int error;               /* of the library, other than to wait      */
};

struct tls_peer_plan {
	const struct cert *cert;
	const struct cert *clients;      /* ask for a certificate of theirs */
	bool tls12;                      /* at most                         */
	bool renegotiation;
	bool no_extended_master;         /* of RFC 7627                     */
	mbedtls_ssl_cache_context *cache;        /* of sessions, or NULL    */
	int tickets;                     /* TLS 1.3, after the handshake    */
};

void
tls_peer_init(struct tls_peer *peer, struct wire *wire,
    const struct tls_peer_plan *plan);
void
tls_peer_free(struct tls_peer *peer);

/* Go on with the handshake as far as the wire allows. */
void
tls_peer_step(struct tls_peer *peer);

/* Write all, read what there is: octets, 0 for the end, or -1 for "wait". */
void
tls_peer_write(struct tls_peer *peer, const void *p, size_t n);
int
tls_peer_read(struct tls_peer *peer, void *p, size_t n);

#endif
