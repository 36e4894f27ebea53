/* SPDX-License-Identifier: MIT */
#include "smtp_mbedtls.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include <mbedtls/oid.h>

#include "smtp_arena.h"

#if MBEDTLS_VERSION_NUMBER < 0x03060000
#error "smtp_mbedtls.c is for mbedTLS 3.6"
#endif
#if !defined(MBEDTLS_HAVE_TIME_DATE) && !SMTP_TLS_WITHOUT_DATE
#error "mbedTLS knows no dates: expired certificates would pass. Give it \
MBEDTLS_HAVE_TIME_DATE, or set SMTP_TLS_WITHOUT_DATE=1 if that is meant"
#endif

/* Calls in a row that bring no octet of ours: tickets. */
enum { IDLE_MAX = 64 };

/* ---- below: mbedTLS calls these */

static int
below(ptrdiff_t answer)
{
	if (answer > 0)
		return (int)answer;
	if (answer == SMTP_IO_WANT_READ)
		return MBEDTLS_ERR_SSL_WANT_READ;
	if (answer == SMTP_IO_WANT_WRITE)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	return MBEDTLS_ERR_SSL_CONN_EOF;
}

static int
receive(void *ctx, unsigned char *p, size_t n)
{
	struct smtp_mbedtls *t = ctx;

	return below(t->inner.read(t->inner.ctx, p, n));
}

static int
transmit(void *ctx, const unsigned char *p, size_t n)
{
	struct smtp_mbedtls *t = ctx;

	return below(t->inner.write(t->inner.ctx, p, n));
}

/* mbedTLS takes the common name where there are no other names. */
static int
verify(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct smtp_mbedtls *t = ctx;

	if (depth == 0 && !mbedtls_x509_crt_has_ext_type(crt,
	    MBEDTLS_X509_EXT_SUBJECT_ALT_NAME))
		*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
	t->flags |= *flags;
	return 0;
}

/* ---- the handshake */

/*
 * Whatever failed for want of memory, mbedTLS may call a wrong signature: so
 * the arena is asked first.
 */
static int
judge(struct smtp_mbedtls *t, int error)
{
	if (smtp_arena.wanted != 0)
		return SMTP_E_MEMORY;
	if (t->flags != 0)
		return SMTP_E_CERTIFICATE;
	if (error == 0)
		return mbedtls_ssl_get_verify_result(&t->ssl) == 0 ? SMTP_OK :
		    SMTP_E_CERTIFICATE;
	if (error == MBEDTLS_ERR_SSL_CONN_EOF ||
	    error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return SMTP_E_CLOSED;
	return SMTP_E_TLS;
}

int
smtp_mbedtls_handshake(struct smtp_mbedtls *t)
{
	int idle = 0, error;

	if (t->status <= 0)
		return t->status;
	do
		error = mbedtls_ssl_handshake(&t->ssl);
	while (error == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET &&
	    ++idle < IDLE_MAX);
	if (error == MBEDTLS_ERR_SSL_WANT_READ)
		return t->status = SMTP_WANT_READ;
	if (error == MBEDTLS_ERR_SSL_WANT_WRITE)
		return t->status = SMTP_WANT_WRITE;
	return t->status = (signed char)judge(t, error);
}

/* ---- the transport */

static int
answer(struct smtp_mbedtls *t, int error)
{
	if (error == MBEDTLS_ERR_SSL_WANT_READ)
		return SMTP_IO_WANT_READ;
	if (error == MBEDTLS_ERR_SSL_WANT_WRITE)
		return SMTP_IO_WANT_WRITE;
	t->io = SMTP_IO_FAILED;
	if (error == 0 || error == MBEDTLS_ERR_SSL_CONN_EOF ||
	    error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		t->io = SMTP_IO_CLOSED;
	return t->io;
}

static bool
is_ready(struct smtp_mbedtls *t)
{
	if (t->status != SMTP_OK)
		t->io = SMTP_IO_FAILED;
	return t->io == 0;
}

/*
 * mbedTLS may say "not now" when it has only taken in a ticket or a warning,
 * while more stands in its buffer, which no descriptor shows.
 */
static ptrdiff_t
tls_read(void *ctx, void *p, size_t n)
{
	struct smtp_mbedtls *t = ctx;
	int idle = 0, got;

	if (!is_ready(t))
		return t->io;
	do
		got = mbedtls_ssl_read(&t->ssl, p, n < INT_MAX ? n : INT_MAX);
	while ((got == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET ||
	    (got == MBEDTLS_ERR_SSL_WANT_READ &&
	    mbedtls_ssl_check_pending(&t->ssl))) && ++idle < IDLE_MAX);
	return got > 0 ? got : answer(t, got);
}

/* After "not now" mbedTLS wants the very same call again. */
static ptrdiff_t
tls_write(void *ctx, const void *p, size_t n)
{
	struct smtp_mbedtls *t = ctx;
	int put;

	if (!is_ready(t))
		return t->io;
	if (t->offered > 0)
		n = t->offered;
	put = mbedtls_ssl_write(&t->ssl, p, n);
	t->offered = put > 0 ? 0 : n;
	return put > 0 ? put : answer(t, put);
}

static void
tls_close(void *ctx)
{
	struct smtp_mbedtls *t = ctx;

	if (is_ready(t))
		(void)mbedtls_ssl_close_notify(&t->ssl);
	if (t->inner.close != NULL)
		t->inner.close(t->inner.ctx);
	mbedtls_ssl_free(&t->ssl);
}

static int
tls_fd(void *ctx)
{
	struct smtp_mbedtls *t = ctx;

	return t->inner.fd != NULL ? t->inner.fd(t->inner.ctx) : -1;
}

int
smtp_mbedtls_open(struct smtp_mbedtls *t, struct smtp_transport *transport,
    const struct smtp_transport *inner, const mbedtls_ssl_config *config,
    const char *host)
{
	int error;

	if (config->MBEDTLS_PRIVATE(authmode) != MBEDTLS_SSL_VERIFY_REQUIRED)
		return SMTP_E_ARGUMENT;
	memset(t, 0, sizeof *t);
	t->inner = *inner;
	t->status = SMTP_WANT_WRITE;
	mbedtls_ssl_init(&t->ssl);
	error = mbedtls_ssl_setup(&t->ssl, config);
	if (error == 0)
		error = mbedtls_ssl_set_hostname(&t->ssl, host);
	if (error != 0) {
		mbedtls_ssl_free(&t->ssl);
		return error == MBEDTLS_ERR_SSL_ALLOC_FAILED ? SMTP_E_MEMORY :
		    SMTP_E_ARGUMENT;
	}
	mbedtls_ssl_set_bio(&t->ssl, t, transmit, receive, NULL);
	mbedtls_ssl_set_verify(&t->ssl, verify, t);
	transport->read = tls_read;
	transport->write = tls_write;
	transport->close = tls_close;
	transport->fd = tls_fd;
	transport->ctx = t;
	return SMTP_OK;
}
