/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "support/tls_peer.h"

#include <mbedtls/version.h>

/* ---- the wire */

void
wire_init(struct wire *wire)
{
	memset(wire, 0, sizeof *wire);
}

void
wire_free(struct wire *wire)
{
	free(wire->up.p);
	free(wire->down.p);
}

void
wire_put(struct wire_way *way, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (way->cap - way->n < n) {
		way->cap = way->n + n + 4096;
		way->p = realloc(way->p, way->cap);
		assert_non_null(way->p);
	}
	memcpy(way->p + way->n, p, n);
	way->n += n;
	way->passed += n;
}

static size_t
wire_get(struct wire_way *way, void *p, size_t n)
{
	if (n > way->n)
		n = way->n;
	if (n == 0)
		return 0;
	memcpy(p, way->p, n);
	memmove(way->p, way->p + n, way->n - n);
	way->n -= n;
	return n;
}

static size_t
piece_of(const struct wire *wire, size_t n)
{
	return wire->piece > 0 && n > wire->piece ? wire->piece : n;
}

static ptrdiff_t
client_read(void *ctx, void *p, size_t n)
{
	struct wire *wire = ctx;

	assert_true(n > 0);
	assert_false(wire->closed);
	if (wire->stutter && wire->turn++ % 2 == 0)
		return SMTP_IO_WANT_READ;
	if (wire->down.n == 0)
		return wire->down.ended ? SMTP_IO_CLOSED : SMTP_IO_WANT_READ;
	return (ptrdiff_t)wire_get(&wire->down, p, piece_of(wire, n));
}

static ptrdiff_t
client_write(void *ctx, const void *p, size_t n)
{
	struct wire *wire = ctx;

	assert_true(n > 0);
	assert_false(wire->closed);
	if (wire->stutter && wire->turn++ % 2 == 0)
		return SMTP_IO_WANT_WRITE;
	if (wire->up.ended)
		return SMTP_IO_CLOSED;
	n = piece_of(wire, n);
	if (wire->room > 0 && n > wire->room - wire->up.n)
		n = wire->room - wire->up.n;
	if (n == 0)
		return SMTP_IO_WANT_WRITE;
	wire_put(&wire->up, p, n);
	return (ptrdiff_t)n;
}

static void
client_close(void *ctx)
{
	struct wire *wire = ctx;

	assert_false(wire->closed);
	wire->closed = true;
}

static int
client_fd(void *ctx)
{
	(void)ctx;
	return 4711;
}

struct smtp_transport
wire_client(struct wire *wire)
{
	struct smtp_transport transport = {
		client_read, client_write, client_close, client_fd, wire
	};

	return transport;
}

/* ---- the server */

static int
server_send(void *ctx, const unsigned char *p, size_t n)
{
	struct wire *wire = ctx;

	wire_put(&wire->down, p, n);
	return (int)n;
}

static int
server_receive(void *ctx, unsigned char *p, size_t n)
{
	struct wire *wire = ctx;

	if (wire->up.n == 0)
		return wire->closed ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
	return (int)wire_get(&wire->up, p, n);
}

static void
set_tickets(struct tls_peer *peer, int n)
{
#if MBEDTLS_VERSION_MAJOR >= 3 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
	assert_int_equal(mbedtls_ssl_ticket_setup(&peer->tickets,
	    cert_random, NULL, MBEDTLS_CIPHER_AES_256_GCM, 3600), 0);
	mbedtls_ssl_conf_session_tickets_cb(&peer->config,
	    mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
	    &peer->tickets);
	mbedtls_ssl_conf_new_session_tickets(&peer->config, (uint16_t)n);
#else
	(void)peer;
	(void)n;
#endif
}

void
tls_peer_init(struct tls_peer *peer, struct wire *wire,
    const struct tls_peer_plan *plan)
{
	mbedtls_ssl_config *c = &peer->config;

	peer->wire = wire;
	peer->open = false;
	peer->error = 0;
	mbedtls_ssl_init(&peer->ssl);
	mbedtls_ssl_config_init(c);
	mbedtls_ssl_ticket_init(&peer->tickets);
	assert_int_equal(mbedtls_ssl_config_defaults(c,
	    MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
	    MBEDTLS_SSL_PRESET_DEFAULT), 0);
	mbedtls_ssl_conf_rng(c, cert_random, NULL);
	assert_int_equal(mbedtls_ssl_conf_own_cert(c,
	    (mbedtls_x509_crt *)(uintptr_t)&plan->cert->crt,
	    (mbedtls_pk_context *)(uintptr_t)&plan->cert->key), 0);
	if (plan->clients != NULL) {
		mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_REQUIRED);
		mbedtls_ssl_conf_ca_chain(c, (mbedtls_x509_crt *)(uintptr_t)
		    &plan->clients->crt, NULL);
	}
#if MBEDTLS_VERSION_MAJOR >= 3
	if (plan->tls12)
		mbedtls_ssl_conf_max_tls_version(c,
		    MBEDTLS_SSL_VERSION_TLS1_2);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
	if (plan->renegotiation)
		mbedtls_ssl_conf_renegotiation(c,
		    MBEDTLS_SSL_RENEGOTIATION_ENABLED);
#endif
#if defined(MBEDTLS_SSL_EXTENDED_MASTER_SECRET)
	if (plan->no_extended_master)
		mbedtls_ssl_conf_extended_master_secret(c,
		    MBEDTLS_SSL_EXTENDED_MS_DISABLED);
#endif
	if (plan->cache != NULL)
		mbedtls_ssl_conf_session_cache(c, plan->cache,
		    mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
	if (plan->tickets > 0)
		set_tickets(peer, plan->tickets);
	assert_int_equal(mbedtls_ssl_setup(&peer->ssl, c), 0);
	mbedtls_ssl_set_bio(&peer->ssl, wire, server_send, server_receive,
	    NULL);
}

void
tls_peer_free(struct tls_peer *peer)
{
	mbedtls_ssl_free(&peer->ssl);
	mbedtls_ssl_config_free(&peer->config);
	mbedtls_ssl_ticket_free(&peer->tickets);
}

void
tls_peer_step(struct tls_peer *peer)
{
	int error;

	if (peer->open || peer->error != 0)
		return;
	error = mbedtls_ssl_handshake(&peer->ssl);
	if (error == 0)
		peer->open = true;
	else if (error != MBEDTLS_ERR_SSL_WANT_READ &&
	    error != MBEDTLS_ERR_SSL_WANT_WRITE)
		peer->error = error;
}

void
tls_peer_write(struct tls_peer *peer, const void *p, size_t n)
{
	const unsigned char *at = p;

	while (n > 0) {
		int put = mbedtls_ssl_write(&peer->ssl, at, n);

		assert_true(put > 0);
		at += put;
		n -= (size_t)put;
	}
}

int
tls_peer_read(struct tls_peer *peer, void *p, size_t n)
{
	int got = mbedtls_ssl_read(&peer->ssl, p, n);

	if (got > 0)
		return got;
	if (got == MBEDTLS_ERR_SSL_WANT_READ)
		return -1;
	if (got != 0 && got != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		peer->error = got;
	return 0;
}
