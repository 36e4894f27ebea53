/* SPDX-License-Identifier: MIT */
/*
 * One mail with an attachment from a device, as firmware sends it: the engine,
 * a transport, TLS, and buffers that are all in this struct.
 */
#ifndef MAIL_H
#define MAIL_H

#include <mbedtls/ssl.h>

#include <smtp/engine.h>
#include <smtp/transport.h>

#include "smtp_mail.h"
#include "smtp_mbedtls.h"

struct mail_plan {
	const char *ehlo, *host, *user, *password;
	const struct smtp_mail_plan *content;
	const mbedtls_ssl_config *tls;   /* NULL: in the clear, for a test  */
	const uint16_t *wait_s;  /* NULL: those of the RFC                  */
};

struct mail {
	const struct mail_plan *plan;
	struct smtp_engine *engine;
	struct smtp_engine_setup setup;
	struct smtp_credentials credentials;
	struct smtp_transport transport; /* what is talked through now      */
	struct smtp_mbedtls tls;
	struct smtp_rcpt rcpt;
	struct smtp_delivery delivery;
	uint64_t memory[(SMTP_ENGINE_BYTES + 7) / 8];
	struct smtp_mail content;
	uint8_t operation;       /* what READY is the end of                */
	uint8_t is_tls;          /* the handshake has begun                 */
	uint16_t out_at, out_n;
	uint32_t longest;        /* ticks in one call of the engine         */
	const char *longest_call;
	char out[512], in[256], text[96];
};

/*
 * Begin, over a transport that connects or is connected. It is closed with the
 * mail.
 */
int
mail_begin(struct mail *mail, const struct mail_plan *plan,
    const struct smtp_transport *transport);

/*
 * Go on. Returns SMTP_WANT_READ when nothing can be done now, and then 0 or a
 * status: of the delivery, or before there was one, of the session.
 */
int
mail_step(struct mail *mail, uint32_t now_ms);

#endif
