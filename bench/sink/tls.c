/* SPDX-License-Identifier: MIT */
/* The server's end of TLS, fed with what came, giving up what leaves. */
#include "sink/sink.h"

#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

static mbedtls_ssl_config config;
static mbedtls_x509_crt cert;
static mbedtls_pk_context key;
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_ssl_ticket_context tickets;

int
tls_init(const char *cert_file, const char *key_file)
{
	int rc = 0;

#if MBEDTLS_VERSION_MAJOR >= 3
	rc = psa_crypto_init() == PSA_SUCCESS ? 0 : -1;
#endif
	mbedtls_ssl_config_init(&config);
	mbedtls_x509_crt_init(&cert);
	mbedtls_pk_init(&key);
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&drbg);
	mbedtls_ssl_ticket_init(&tickets);
	rc |= mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy,
	    NULL, 0);
	rc |= mbedtls_x509_crt_parse_file(&cert, cert_file);
#if MBEDTLS_VERSION_MAJOR >= 3
	rc |= mbedtls_pk_parse_keyfile(&key, key_file, NULL,
	    mbedtls_ctr_drbg_random, &drbg);
#else
	rc |= mbedtls_pk_parse_keyfile(&key, key_file, NULL);
#endif
	rc |= mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER,
	    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
	rc |= mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random,
	    &drbg, MBEDTLS_CIPHER_AES_256_GCM, 3600);
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
	mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write,
	    mbedtls_ssl_ticket_parse, &tickets);
	rc |= mbedtls_ssl_conf_own_cert(&config, &cert, &key);
	return rc;
}

static int
raw_read(void *ctx, unsigned char *p, size_t n)
{
	struct session *s = ctx;

	if (s->raw_n == 0)
		return MBEDTLS_ERR_SSL_WANT_READ;
	n = n < s->raw_n ? n : s->raw_n;
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)s->raw[i];
	s->raw += n;
	s->raw_n -= n;
	return (int)n;
}

static int
raw_write(void *ctx, const unsigned char *p, size_t n)
{
	put(ctx, (const char *)p, n);
	return (int)n;
}

bool
tls_begin(struct session *s)
{
	s->ssl = malloc(sizeof *s->ssl);
	if (s->ssl == NULL)
		return false;
	mbedtls_ssl_init(s->ssl);
	s->shaken = false;
	if (mbedtls_ssl_setup(s->ssl, &config) != 0)
		return false;
	mbedtls_ssl_set_bio(s->ssl, s, raw_write, raw_read, NULL);
	return true;
}

void
tls_end(struct session *s)
{
	if (s->ssl != NULL) {
		mbedtls_ssl_free(s->ssl);
		free(s->ssl);
	}
}

void
tls_say(struct session *s, const char *p, size_t n)
{
	if (mbedtls_ssl_write(s->ssl, (const unsigned char *)p, n) != (int)n)
		s->dead = true;
}

void
tls_eat(struct session *s, const char *p, size_t n)
{
	static char clear[20 * 1024];
	int rc = 0;

	s->raw = p;
	s->raw_n = n;
	if (!s->shaken) {
		rc = mbedtls_ssl_handshake(s->ssl);
		if (rc == 0) {
			s->shaken = true;
			if (!s->greeted)
				smtp_greet(s);
		}
	}
	while (s->shaken && !s->dead) {
		rc = mbedtls_ssl_read(s->ssl, (unsigned char *)clear,
		    sizeof clear);
		if (rc <= 0)
			break;
		smtp_eat(s, clear, (size_t)rc);
	}
	if (rc != MBEDTLS_ERR_SSL_WANT_READ)
		s->dead = true;
}
