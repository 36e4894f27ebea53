/* SPDX-License-Identifier: MIT */
/* A TLS session over any transport, by mbedTLS 2.28 and 3.6. */
#include "net/tls.h"

#if SMTP_WITH_TLS

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/platform.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include "net/tls_hello.h"

/* Fields that are private from 3.0 on, and still there. */
#if MBEDTLS_VERSION_MAJOR < 3
#define PRIVATE(field) field
#else
#define PRIVATE(field) MBEDTLS_PRIVATE(field)
#endif

/* The same number under two names. */
#if MBEDTLS_VERSION_MAJOR < 3
#define BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE
#define BAD_VERSION MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION
#else
#define BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_CERTIFICATE
#define BAD_VERSION MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION
#endif

#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_MAJOR >= 3
#define NO_VERSION "the server speaks neither TLS 1.2 nor TLS 1.3"
#else
#define NO_VERSION "the server does not speak TLS 1.2, and this build no other"
#endif

/* Calls in a row that bring no octet of ours: tickets, warnings. */
enum { IDLE_MAX = 64 };

struct smtp__tls {
	mbedtls_ssl_context ssl;
	struct smtp_transport inner;
	struct smtp__tls_judge judge;
	void (*release)(void *held);
	void *held;
	struct smtp__tls_cache *cache;   /* NULL: none                      */
	char *key;               /* in it, or NULL                           */
	unsigned offered_errors; /* of the session that was offered          */
	bool tried;              /* to resume one                            */
	bool is_again;           /* the second try                           */
	bool is_older;           /* and that with TLS 1.2 at most            */
	enum smtp__tls_again again;
	bool starved;            /* an allocation failed                     */
	bool resumed;
	bool verify;
	bool heard;              /* anything at all from the peer            */
	bool not_tls;            /* and it was no record of TLS              */
	struct smtp__tls_hello hello;
	int status;              /* of the handshake; above 0: goes on       */
	int inner_io;            /* how the transport below ended, or 0      */
	int io;                  /* how this one ended, or 0                 */
	size_t offered;          /* octets of a write that has to be         */
				 /* repeated                                 */
	bool taken;              /* and they stand in the library's buffer   */
	char error[640];
};

/* ---- below: the library calls these */

static int
below(struct smtp__tls *tls, ptrdiff_t answer)
{
	switch (answer) {
	case SMTP_IO_WANT_READ:
		return MBEDTLS_ERR_SSL_WANT_READ;
	case SMTP_IO_WANT_WRITE:
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	case SMTP_IO_CLOSED:
		tls->inner_io = SMTP_IO_CLOSED;
		break;
	default:
		tls->inner_io = SMTP_IO_FAILED;
		break;
	}
	return MBEDTLS_ERR_SSL_CONN_EOF;
}

/*
 * An allocation that failed within the verification of a signature is to the
 * library a signature that is wrong. What malloc leaves in errno tells them
 * apart; it is looked at before anybody else can write there.
 */
static void
look_for_hunger(struct smtp__tls *tls)
{
#if defined(ENOMEM)
	tls->starved |= errno == ENOMEM;
#else
	(void)tls;
#endif
}

static int
receive(void *ctx, unsigned char *p, size_t n)
{
	struct smtp__tls *tls = ctx;
	ptrdiff_t got;

	look_for_hunger(tls);
	got = tls->inner.read(tls->inner.ctx, p,
	    n < INT_MAX ? n : INT_MAX);

	if (got <= 0)
		return below(tls, got);
	if (!tls->heard)        /* the first record: handshake or alert */
		tls->not_tls = p[0] != MBEDTLS_SSL_MSG_HANDSHAKE &&
		    p[0] != MBEDTLS_SSL_MSG_ALERT;
	tls->heard = true;
	if (tls->status > 0)
		smtp__tls_hello_feed(&tls->hello, p, (size_t)got);
	return (int)got;
}

static int
transmit(void *ctx, const unsigned char *p, size_t n)
{
	struct smtp__tls *tls = ctx;
	ptrdiff_t put;

	look_for_hunger(tls);
	put = tls->inner.write(tls->inner.ctx, p, n < INT_MAX ? n : INT_MAX);
	return put > 0 ? (int)put : below(tls, put);
}

/* TLS 1.3 says so of a ticket that came: neither an error nor "not now". */
static bool
is_ticket(int error)
{
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
	return error == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
	(void)error;
	return false;
#endif
}

/* ---- what went wrong */

static int
fail(struct smtp__tls *tls, int status, const char *words)
{
	struct smtp__out out;

	smtp__out_init(&out, tls->error, sizeof tls->error);
	smtp__out_text(&out, words);
	smtp__out_end(&out);
	return tls->status = status;
}

/*
 * The sum of an error of a high part of the library and one of a low part,
 * both negative; or one of PSA's.
 */
bool
smtp__tls_is_memory(int error)
{
	static const unsigned short high[] = {
		0x7F00, /* SSL */ 0x2880, /* X509 */ 0x3F80, /* PK */
		0x4D80, /* ECP */ 0x5180, /* MD */ 0x6180, /* CIPHER */
		0x3400, /* DHM */ 0x1180  /* PEM */
	};
	unsigned number = error < 0 ? (unsigned)-error : 0;

	if (error == -141)      /* PSA_ERROR_INSUFFICIENT_MEMORY */
		return true;
	if ((number & 0x7F) == 0x10 || (number & 0x7F) == 0x6A)
		return true;    /* big numbers, ASN.1 */
	for (size_t i = 0; i < sizeof high / sizeof *high; i++)
		if ((number & 0xFF80) == high[i])
			return true;
	return false;
}

static int
fail_certificate(struct smtp__tls *tls)
{
	if (tls->judge.errors == 0)
		smtp__tls_judge_other(&tls->judge);
	return tls->status = SMTP_E_CERTIFICATE;
}

/* An alert of the server's, RFC 8446 section 6.2. */
static int
fail_alert(struct smtp__tls *tls)
{
	static const struct {
		unsigned char alert;
		const char *words;
	} table[] = {
		{ 40, "the server and we have no cipher suite, curve or "
		    "version in common" },
		{ 42, "the server did not take our certificate" },
		{ 46, "the server did not take our certificate" },
		{ 48, "the server does not trust our certificate" },
		{ 70, NO_VERSION },
		{ 71, "the server asks for stronger parameters than we have" },
		{ 80, "the server had an internal error in TLS" },
		{ 112, "the server does not know the name it was called by" },
		{ 116, "the server asks for a client certificate" }
	};
	unsigned char alert = tls->ssl.PRIVATE(in_msg)[1];
	struct smtp__out out;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].alert == alert)
			return fail(tls, SMTP_E_TLS, table[i].words);
	smtp__out_init(&out, tls->error, sizeof tls->error);
	smtp__out_text(&out, "the server ended the TLS handshake with alert ");
	smtp__out_number(&out, alert);
	smtp__out_end(&out);
	return tls->status = SMTP_E_TLS;
}

static int
fail_code(struct smtp__tls *tls, int error)
{
	unsigned number = (unsigned)-error;
	struct smtp__out out;

	smtp__out_init(&out, tls->error, sizeof tls->error);
	smtp__out_text(&out, "the TLS handshake failed (mbedTLS -0x");
	smtp__out_hex(&out, (unsigned char)(number >> 8 & 0xFF));
	smtp__out_hex(&out, (unsigned char)(number & 0xFF));
	smtp__out_text(&out, ")");
	smtp__out_end(&out);
	return tls->status = SMTP_E_TLS;
}

/* `flags` is all ones where the library did not come to a certificate. */
static int
fail_handshake(struct smtp__tls *tls, int error)
{
	uint32_t flags = mbedtls_ssl_get_verify_result(&tls->ssl);

	if (tls->not_tls)
		return fail(tls, SMTP_E_TLS, "the server did not answer with "
		    "TLS: wrong port or mode?");
	if (smtp__tls_is_memory(error) || tls->starved) {
		tls->judge.errors = 0;
		return fail(tls, SMTP_E_MEMORY, "no memory for TLS");
	}
	/* The last is that of a chain that is too long, with all flags set. */
	if (error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ||
	    error == BAD_CERTIFICATE ||
	    error == MBEDTLS_ERR_X509_FATAL_ERROR) {
		if (flags != ~(uint32_t)0)
			smtp__tls_judge_flags(&tls->judge, flags);
		return fail_certificate(tls);
	}
	if (tls->inner_io == SMTP_IO_CLOSED)
		return fail(tls, SMTP_E_CLOSED,
		    "the connection ended within the TLS handshake");
	if (tls->inner_io != 0)
		return fail(tls, SMTP_E_CLOSED,
		    "the connection broke within the TLS handshake");
	if (error == BAD_VERSION)
		return fail(tls, SMTP_E_TLS, NO_VERSION);
	if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		return fail_alert(tls);
	if (error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return fail(tls, SMTP_E_CLOSED,
		    "the server ended TLS within the handshake");
	return fail_code(tls, error);
}

/* ---- to resume later */

/* With a first message that could be read. */
static bool
is_tls12(const struct smtp__tls *tls)
{
	return smtp__tls_hello_is(&tls->hello, 0x0303) &&
	    strcmp(mbedtls_ssl_get_version(&tls->ssl), "TLSv1.2") == 0;
}

static void
keep(struct smtp__tls *tls, bool once)
{
	if (tls->cache != NULL)
		smtp__tls_cache_keep(tls->cache, tls->key, &tls->ssl, once,
		    &tls->judge.peer, tls->judge.errors);
}

/* RFC 7627 section 5.3: without its extension no session is worth keeping. */
static void
keep_session(struct smtp__tls *tls)
{
	if (is_tls12(tls) && smtp__tls_hello_extended_master(&tls->hello))
		keep(tls, false);
}

/* ---- the handshake */

/*
 * No certificate came: the server resumed the session that was offered, and
 * what was found then holds. It has to take the extension again that the
 * session had, RFC 7627 section 5.3.
 */
static int
finish_resumed(struct smtp__tls *tls)
{
	if (is_tls12(tls) &&
	    !smtp__tls_hello_extended_master(&tls->hello))
		return fail(tls, SMTP_E_TLS, "the server resumed a session "
		    "and left out the extended master secret");
	tls->resumed = true;
	tls->judge.errors |= tls->offered_errors;
	return SMTP_OK;
}

/* Asked for TLS 1.2, the server says that it knows more. RFC 8446 4.1.3. */
static bool
is_pressed_down(const struct smtp__tls *tls)
{
	return tls->is_older && smtp__tls_hello_downgraded(&tls->hello);
}

/*
 * The library has verified the chain and asked the judge; here nothing is
 * taken on trust: its result is read once more, and a handshake in which no
 * certificate came up, now or in the session resumed, is not one.
 */
static int
finish(struct smtp__tls *tls)
{
	uint32_t flags = mbedtls_ssl_get_verify_result(&tls->ssl);

	if (!tls->judge.seen && tls->tried &&
	    finish_resumed(tls) != SMTP_OK)
		return tls->status;
	if (is_pressed_down(tls))
		return fail(tls, SMTP_E_TLS, "the server has TLS 1.3, and "
		    "something between presses for TLS 1.2");
	if (flags != 0)
		smtp__tls_judge_flags(&tls->judge, flags);
	if (tls->judge.errors & SMTP__CERT_PIN)
		return fail_certificate(tls);
	if (tls->verify && (flags != 0 || tls->judge.errors != 0 ||
	    (!tls->judge.seen && !tls->resumed)))
		return fail_certificate(tls);
	keep_session(tls);
	return tls->status = SMTP_OK;
}

/*
 * What may be better on a new connection: a session that a server chokes on;
 * and a server of TLS 1.2 that takes the signature by its own order, which may
 * be one that 3.6 offers for TLS 1.3 and does not take in TLS 1.2.
 */
static enum smtp__tls_again
may_do_better(const struct smtp__tls *tls, int error)
{
	if (tls->is_again || tls->judge.errors != 0 || tls->not_tls)
		return SMTP__TLS_NOT_AGAIN;
	if (tls->tried && !tls->judge.seen && (tls->status == SMTP_E_TLS ||
	    tls->status == SMTP_E_CLOSED))
		return SMTP__TLS_AGAIN;
#if MBEDTLS_VERSION_MAJOR >= 3 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
	if (error == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER &&
	    smtp__tls_hello_is(&tls->hello, 0x0303))
		return SMTP__TLS_AGAIN_OLDER;
#else
	(void)error;
#endif
	return SMTP__TLS_NOT_AGAIN;
}

static int
shake(struct smtp__tls *tls)
{
	for (int i = 0; i < IDLE_MAX; i++) {
		int error;

		errno = 0;
		error = mbedtls_ssl_handshake(&tls->ssl);
		look_for_hunger(tls);
		switch (error) {
		case 0:
			return finish(tls);
		case MBEDTLS_ERR_SSL_WANT_READ:
			return tls->status = SMTP_WANT_READ;
		case MBEDTLS_ERR_SSL_WANT_WRITE:
			return tls->status = SMTP_WANT_WRITE;
#if defined(MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS)
		/* a slice of a calculation: a socket can be written at once */
		case MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS:
			return tls->status = SMTP_WANT_WRITE;
#endif
		default:
			if (is_ticket(error))
				break;
			(void)fail_handshake(tls, error);
			tls->again = may_do_better(tls, error);
			return tls->status;
		}
	}
	return fail(tls, SMTP_E_TLS, "the server sends tickets without end");
}

/* A session that did no good is not offered again. */
int
smtp__tls_handshake(struct smtp__tls *tls)
{
	if (tls->status <= 0)
		return tls->status;
	if (shake(tls) < 0 && tls->tried)
		smtp__tls_cache_forget(tls->cache, tls->key);
	return tls->status;
}

void
smtp__tls_info(const struct smtp__tls *tls, struct smtp__tls_info *info)
{
	bool done = tls->status == SMTP_OK;

	info->version = done ? mbedtls_ssl_get_version(&tls->ssl) : "";
	info->suite = done ? mbedtls_ssl_get_ciphersuite(&tls->ssl) : "";
	info->resumed = done && tls->resumed;
	info->peer = tls->judge.seen || tls->resumed ? &tls->judge.peer :
	    NULL;
	info->verified = done && (tls->judge.seen || tls->resumed) &&
	    tls->judge.errors == 0;
	info->cert_errors = tls->judge.errors;
	info->not_tls = tls->not_tls;
	info->again = tls->again;
	info->error = tls->status < 0 || tls->judge.errors != 0 ?
	    tls->error : "";
}

/* ---- channel bindings */

/*
 * The Finished message that came first: ours in a full handshake, the
 * server's in one that resumes. The library keeps both to be able to refuse
 * renegotiation.
 */
static size_t
unique(const struct smtp__tls *tls, unsigned char *out, size_t room)
{
#if defined(MBEDTLS_SSL_RENEGOTIATION)
	size_t n = tls->ssl.PRIVATE(verify_data_len);

	if (!is_tls12(tls) || n > room)
		return 0;
	memcpy(out, tls->resumed ? tls->ssl.PRIVATE(peer_verify_data) :
	    tls->ssl.PRIVATE(own_verify_data), n);
	return n;
#else
	(void)tls;
	(void)out;
	(void)room;
	return 0;
#endif
}

/* With a context of no octets, as TLS 1.3 has it anyway. */
static size_t
exporter(struct smtp__tls *tls, unsigned char *out, size_t room)
{
#if defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT)
	static const char label[] = "EXPORTER-Channel-Binding";
	enum { OCTETS = 32 };

	if (room < OCTETS ||
	    strcmp(mbedtls_ssl_get_version(&tls->ssl), "TLSv1.3") != 0)
		return 0;
	return mbedtls_ssl_export_keying_material(&tls->ssl, out, OCTETS,
	    label, sizeof label - 1, (const unsigned char *)"", 0, 1) == 0 ?
	    OCTETS : 0;
#else
	(void)tls;
	(void)out;
	(void)room;
	return 0;
#endif
}

static size_t
end_point(const struct smtp__tls *tls, unsigned char *out, size_t room)
{
	const struct smtp__tls_peer *peer = &tls->judge.peer;

	if (peer->digest_n > room)
		return 0;
	memcpy(out, peer->digest, peer->digest_n);
	return peer->digest_n;
}

size_t
smtp__tls_binding(struct smtp__tls *tls, enum smtp__tls_binding type,
    unsigned char *out, size_t room)
{
	if (tls->status != SMTP_OK)
		return 0;
	switch (type) {
	case SMTP__TLS_UNIQUE:
		return unique(tls, out, room);
	case SMTP__TLS_SERVER_END_POINT:
		return end_point(tls, out, room);
	default:
		return exporter(tls, out, room);
	}
}

/* ---- the transport */

/* What read and write make of what the library says; 0: ask again. */
static int
answer(struct smtp__tls *tls, int error, int *idle)
{
	if (is_ticket(error) && ++*idle < IDLE_MAX) {
		keep(tls, true); /* it serves once, RFC 8446 section C.4 */
		return 0;
	}
	switch (error) {
	case MBEDTLS_ERR_SSL_WANT_READ:
		return SMTP_IO_WANT_READ;
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		return SMTP_IO_WANT_WRITE;
	case 0:
	case MBEDTLS_ERR_SSL_CONN_EOF:
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return tls->io = tls->inner_io != 0 ? tls->inner_io :
		    SMTP_IO_CLOSED;
	default:
		return tls->io = SMTP_IO_FAILED;
	}
}

/*
 * Of its own accord the library may say "not now" when it has only taken in a
 * ticket or a warning, while more stands in its buffer, which no descriptor
 * shows: it is asked again.
 */
static ptrdiff_t
tls_read(void *ctx, void *p, size_t n)
{
	struct smtp__tls *tls = ctx;
	int idle = 0, status;

	assert(n > 0);
	if (tls->io != 0)
		return tls->io;
	if (tls->status != SMTP_OK)
		return SMTP_IO_FAILED;
	for (;;) {
		int got = mbedtls_ssl_read(&tls->ssl, p,
		    n < INT_MAX ? n : INT_MAX);

		if (got > 0)
			return got;
		status = answer(tls, got, &idle);
		if (status == SMTP_IO_WANT_READ && ++idle < IDLE_MAX &&
		    mbedtls_ssl_check_pending(&tls->ssl))
			continue;
		if (status != 0)
			return status;
	}
}

static size_t
unsent(const struct smtp__tls *tls)
{
	return tls->ssl.PRIVATE(out_left);
}

/*
 * The library takes a record into its buffer and then flushes it; if the
 * flush has to wait it wants the very same call again, and while anything
 * waits there, it takes a call for that repetition. So it is remembered what
 * was offered and whether it was taken. What a read left unsent (an alert) goes
 * first, on its own; what a read has flushed meanwhile is done.
 */
static int
write_record(struct smtp__tls *tls, const void *p, size_t n)
{
	int put;

	if (tls->taken && unsent(tls) == 0)
		return (int)n;
	if (!tls->taken && unsent(tls) != 0) {
		put = mbedtls_ssl_write(&tls->ssl,
		    (const unsigned char *)"", 0);
		if (put < 0)
			return put;
	}
	put = mbedtls_ssl_write(&tls->ssl, p, n);
	tls->taken = put < 0 && unsent(tls) != 0;
	return put;
}

static ptrdiff_t
tls_write(void *ctx, const void *p, size_t n)
{
	struct smtp__tls *tls = ctx;
	int idle = 0, most, put, status;

	assert(n > 0 && n >= tls->offered);
	if (tls->io != 0)
		return tls->io;
	if (tls->status != SMTP_OK)
		return SMTP_IO_FAILED;
	if (tls->offered > 0) {
		n = tls->offered;
	} else {
		most = mbedtls_ssl_get_max_out_record_payload(&tls->ssl);
		if (most > 0 && n > (size_t)most)
			n = (size_t)most;
	}
	do {
		put = write_record(tls, p, n);
		if (put > 0) {
			tls->offered = 0;
			tls->taken = false;
			return put;
		}
		tls->offered = n;
		status = answer(tls, put, &idle);
	} while (status == 0);
	return status;
}

/* What an earlier write left behind goes before the mark of the end. */
static void
say_goodbye(struct smtp__tls *tls)
{
	if (tls->status != SMTP_OK || tls->io != 0)
		return;
	if (unsent(tls) == 0 || mbedtls_ssl_close_notify(&tls->ssl) == 0)
		(void)mbedtls_ssl_close_notify(&tls->ssl);
}

/* The library reads its configuration up to the very last. */
static void
end(struct smtp__tls *tls)
{
	mbedtls_ssl_free(&tls->ssl);
	if (tls->release != NULL)
		tls->release(tls->held);
	free(tls->key);
	mbedtls_free(tls);
}

static void
tls_close(void *ctx)
{
	struct smtp__tls *tls = ctx;

	say_goodbye(tls);
	if (tls->inner.close != NULL)
		tls->inner.close(tls->inner.ctx);
	end(tls);
}

static int
tls_fd(void *ctx)
{
	struct smtp__tls *tls = ctx;

	return tls->inner.fd != NULL ? tls->inner.fd(tls->inner.ctx) : -1;
}

/* ---- begin */

/* Always said, so that no version skips its own check: NULL is "no name". */
static int
set_name(struct smtp__tls *tls)
{
	return mbedtls_ssl_set_hostname(&tls->ssl,
	    tls->judge.ip_n > 0 ? NULL : tls->judge.name);
}

int
smtp__tls_begin(struct smtp__tls **tls, struct smtp_transport *transport,
    const struct smtp_transport *inner, const mbedtls_ssl_config *config,
    const char *host, bool verify)
{
	struct smtp__tls *it = mbedtls_calloc(1, sizeof *it);
	int error;

	if (it == NULL)
		return SMTP_E_MEMORY;
	mbedtls_ssl_init(&it->ssl);
	if (!smtp__tls_judge_init(&it->judge, host, it->error,
	    sizeof it->error)) {
		end(it);
		return SMTP_E_ARGUMENT;
	}
	error = mbedtls_ssl_setup(&it->ssl, config);
	if (error == 0)
		error = set_name(it);
	if (error != 0) {
		end(it);
		return smtp__tls_is_memory(error) ? SMTP_E_MEMORY :
		    SMTP_E_ARGUMENT;
	}
	it->inner = *inner;
	it->verify = verify;
	it->status = SMTP_WANT_WRITE;
	mbedtls_ssl_set_bio(&it->ssl, it, transmit, receive, NULL);
	mbedtls_ssl_set_verify(&it->ssl, smtp__tls_judge_verify, &it->judge);
	it->judge.trusted = config->PRIVATE(ca_chain);
	it->judge.also = config->PRIVATE(f_vrfy);
	it->judge.also_ctx = config->PRIVATE(p_vrfy);
	transport->read = tls_read;
	transport->write = tls_write;
	transport->close = tls_close;
	transport->fd = tls_fd;
	transport->ctx = it;
	*tls = it;
	return SMTP_OK;
}

void
smtp__tls_pin(struct smtp__tls *tls, const unsigned char *pins, size_t n,
    bool only)
{
	tls->judge.pins = pins;
	tls->judge.pins_n = n;
	tls->judge.pin_only = only;
}

void
smtp__tls_is_again(struct smtp__tls *tls, bool older)
{
	tls->is_again = true;
	tls->is_older = older;
}

void
smtp__tls_abandon(struct smtp__tls *tls)
{
	end(tls);
}

void
smtp__tls_hold(struct smtp__tls *tls, void (*release)(void *held),
    void *held)
{
	tls->release = release;
	tls->held = held;
}

int
smtp__tls_resume(struct smtp__tls *tls, struct smtp__tls_cache *cache,
    const char *key, bool offer)
{
	size_t n = strlen(key);

	tls->key = malloc(n + 1);
	if (tls->key == NULL)
		return SMTP_E_MEMORY;
	memcpy(tls->key, key, n + 1);
	tls->cache = cache;
	tls->tried = offer && smtp__tls_cache_offer(cache, key, &tls->ssl,
	    &tls->judge.peer, &tls->offered_errors);
	return SMTP_OK;
}

int
smtp_transport_tls(struct smtp_transport *transport,
    const struct smtp_transport *inner, const void *config, const char *host)
{
	const mbedtls_ssl_config *c = config;
	struct smtp__tls *tls;

	if (c->PRIVATE(endpoint) != MBEDTLS_SSL_IS_CLIENT ||
	    c->PRIVATE(authmode) != MBEDTLS_SSL_VERIFY_REQUIRED)
		return SMTP_E_ARGUMENT;
	return smtp__tls_begin(&tls, transport, inner, c, host, true);
}

int
smtp_transport_tls_handshake(struct smtp_transport *transport)
{
	if (transport->read != tls_read)
		return SMTP_E_ARGUMENT;
	return smtp__tls_handshake(transport->ctx);
}

#endif
