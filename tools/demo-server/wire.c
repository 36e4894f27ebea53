/* SPDX-License-Identifier: MIT */
/*
 * One connection: octets in and out, with TLS or without, and a log of them.
 *
 * The log has a line for each piece of a line: "C: " what the client sent,
 * "S: " what we sent, "T: " its ClientHello in hexadecimal, "* " events and
 * "! " what the client did wrong. Taking the "C: " lines together gives back
 * each octet, since whatever is no printable ASCII is escaped. Input is logged
 * when it is read, so that the order of lines shows what came unasked.
 */
#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/error.h>
#include <mbedtls/version.h>

/* Fields that are private from 3.0 on, and still there. */
#if MBEDTLS_VERSION_MAJOR < 3
#define PRIVATE(field) field
#else
#define PRIVATE(field) MBEDTLS_PRIVATE(field)
#endif

void
log_octets(FILE *log, const char *who, const void *data, size_t n)
{
	const unsigned char *p = data;
	bool begin = true;

	for (size_t i = 0; i < n; i++) {
		if (begin)
			fputs(who, log);
		begin = p[i] == '\n';
		if (p[i] == '\r')
			fputs("\\r", log);
		else if (p[i] == '\n')
			fputs("\\n\n", log);
		else if (p[i] == '\\')
			fputs("\\\\", log);
		else if (p[i] < ' ' || p[i] > '~')
			fprintf(log, "\\x%02x", p[i]);
		else
			fputc(p[i], log);
	}
	if (!begin)
		fputc('\n', log);
	fflush(log);
}

void
wire_note(struct wire *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(w->log, format, args);
	va_end(args);
	fputc('\n', w->log);
	fflush(w->log);
}

void
wire_open(struct wire *w, int fd, int alive_fd, FILE *log)
{
	int one = 1;

	memset(w, 0, sizeof *w);
	w->fd = fd;
	w->alive_fd = alive_fd;
	w->log = log;
	w->wait_ms = 60000;
	/* Fails on a unix socket, which has no use for it. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/*
 * Wait until the client can be read or written. Our parent's end ends us: no
 * server outlives the test that started it.
 */
static int
wait_for(struct wire *w, short events, int ms)
{
	struct pollfd p[2] = {
		{ .fd = w->fd, .events = events },
		{ .fd = w->alive_fd, .events = POLLIN },
	};
	int rc;

	do
		rc = poll(p, 2, ms);
	while (rc < 0 && errno == EINTR);
	if (rc > 0 && p[1].revents != 0)
		_exit(0);
	return rc <= 0 ? WIRE_TIMEOUT : 1;
}

/* Wait without reading. */
void
wire_sleep(struct wire *w, int ms)
{
	struct pollfd p = { .fd = w->alive_fd, .events = POLLIN };

	if (poll(&p, 1, ms) > 0)
		_exit(0);
}

static int
socket_read(struct wire *w, void *data, size_t n)
{
	ssize_t got;

	if (wait_for(w, POLLIN, w->wait_ms) < 0)
		return WIRE_TIMEOUT;
	do
		got = read(w->fd, data, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? WIRE_FAILED : (int)got;
}

static int
socket_write(struct wire *w, const void *data, size_t n)
{
	ssize_t put;

	if (wait_for(w, POLLOUT, w->wait_ms) < 0)
		return WIRE_TIMEOUT;
	do
		put = send(w->fd, data, n, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put < 0 ? WIRE_FAILED : (int)put;
}

/* The ClientHello goes to the log: its version, suites and name matter. */
static void
note_hello(struct wire *w, const unsigned char *p, size_t n)
{
	size_t need = 5;

	if (w->hello_seen)
		return;
	if (n > sizeof w->hello - w->hello_have)
		n = sizeof w->hello - w->hello_have;
	memcpy(w->hello + w->hello_have, p, n);
	w->hello_have += n;
	if (w->hello_have >= 5)
		need += (size_t)w->hello[3] << 8 | w->hello[4];
	if (w->hello_have < need && w->hello_have < sizeof w->hello)
		return;
	w->hello_seen = true;
	fputs("T: ", w->log);
	for (size_t i = 0; i < w->hello_have && i < need; i++)
		fprintf(w->log, "%02x", w->hello[i]);
	fputc('\n', w->log);
	fflush(w->log);
}

static int
tls_recv(void *ctx, unsigned char *data, size_t n)
{
	struct wire *w = ctx;
	int got = socket_read(w, data, n);

	if (got > 0)
		note_hello(w, data, (size_t)got);
	if (got == WIRE_TIMEOUT)
		return MBEDTLS_ERR_SSL_TIMEOUT;
	return got < 0 ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : got;
}

static int
tls_send(void *ctx, const unsigned char *data, size_t n)
{
	int put = socket_write(ctx, data, n);

	return put < 0 ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : put;
}

/*
 * Become a TLS server. What the client sent ahead of its ClientHello, in the
 * same segment as STARTTLS, is noted as wrong and given to the handshake.
 */
int
wire_tls(struct wire *w, const mbedtls_ssl_config *conf)
{
	char why[128];
	int rc;

	if (w->have > w->at)
		wire_note(w, "! octets before the handshake");
	w->at = w->have = 0;
	mbedtls_ssl_init(&w->ssl);
	rc = mbedtls_ssl_setup(&w->ssl, conf);
	mbedtls_ssl_set_bio(&w->ssl, w, tls_send, tls_recv, NULL);
	while (rc == 0 && (rc = mbedtls_ssl_handshake(&w->ssl)) != 0)
		if (rc == MBEDTLS_ERR_SSL_WANT_READ ||
		    rc == MBEDTLS_ERR_SSL_WANT_WRITE)
			rc = 0;
		else
			break;
	if (rc != 0) {
		mbedtls_strerror(rc, why, sizeof why);
		wire_note(w, "* TLS failed: -0x%04x %s", (unsigned)-rc, why);
		mbedtls_ssl_free(&w->ssl);
		return -1;
	}
	w->tls_on = true;
	wire_note(w, "* %s %s", mbedtls_ssl_get_version(&w->ssl),
		mbedtls_ssl_get_ciphersuite(&w->ssl));
	return 0;
}

static int
tls_read(struct wire *w, void *data, size_t n)
{
	int rc;

	do
		rc = mbedtls_ssl_read(&w->ssl, data, n);
	while (rc == MBEDTLS_ERR_SSL_WANT_READ ||
	    rc == MBEDTLS_ERR_SSL_WANT_WRITE);
	if (rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
		wire_note(w, "* close_notify");
		return 0;
	}
	if (rc == MBEDTLS_ERR_SSL_TIMEOUT)
		return WIRE_TIMEOUT;
	if (rc == 0 || rc == MBEDTLS_ERR_SSL_CONN_EOF) {
		wire_note(w, "* end without close_notify");
		return 0;
	}
	return rc < 0 ? WIRE_FAILED : rc;
}

int
wire_fill(struct wire *w)
{
	int got;

	if (w->at < w->have)
		return (int)(w->have - w->at);
	w->at = w->have = 0;
	if (w->tls_on)
		got = tls_read(w, w->in, sizeof w->in);
	else
		got = socket_read(w, w->in, sizeof w->in);
	if (got > 0) {
		w->have = (size_t)got;
		if (!w->quiet)
			log_octets(w->log, "C: ", w->in, w->have);
	}
	return got;
}

int
wire_octet(struct wire *w)
{
	int got = wire_fill(w);

	if (got == WIRE_EOF)
		return WIRE_END;
	return got < 0 ? got : w->in[w->at++];
}

/* Has the client sent more, without being asked, within this time? */
bool
wire_pending(struct wire *w, int ms)
{
	if (w->at < w->have)
		return true;
	if (w->tls_on && mbedtls_ssl_get_bytes_avail(&w->ssl) > 0)
		return true;
	if (wait_for(w, POLLIN, ms) < 0)
		return false;
	/* An end of the stream can be read, too, and is no octet. */
	return wire_fill(w) > 0;
}

static int
put_piece(struct wire *w, const unsigned char *p, size_t n)
{
	int put;

	while (n > 0) {
		if (!w->tls_on)
			put = socket_write(w, p, n);
		else
			put = mbedtls_ssl_write(&w->ssl, p, n);
		if (put == MBEDTLS_ERR_SSL_WANT_READ ||
		    put == MBEDTLS_ERR_SSL_WANT_WRITE)
			continue;
		if (put <= 0)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

int
wire_send(struct wire *w, const void *data, size_t n)
{
	const unsigned char *p = data;

	log_octets(w->log, "S: ", data, n);
	while (n > 0) {
		size_t piece = w->chunk != 0 && w->chunk < n ? w->chunk : n;

		if (put_piece(w, p, piece) < 0) {
			wire_note(w, "* not sent: the client is gone");
			return -1;
		}
		p += piece;
		n -= piece;
		if (n > 0 && w->chunk_ms > 0)
			wire_sleep(w, w->chunk_ms);
	}
	return 0;
}

/* Beneath TLS: what no TLS server would say. */
int
wire_send_raw(struct wire *w, const void *data, size_t n)
{
	const unsigned char *p = data;
	int put;

	log_octets(w->log, "R: ", data, n);
	while (n > 0) {
		size_t piece = w->chunk != 0 && w->chunk < n ? w->chunk : n;

		if ((put = socket_write(w, p, piece)) <= 0)
			return -1;
		p += put;
		n -= (size_t)put;
		if (n > 0 && w->chunk_ms > 0)
			wire_sleep(w, w->chunk_ms);
	}
	return 0;
}

void
wire_notify(struct wire *w)
{
	if (w->tls_on)
		(void)mbedtls_ssl_close_notify(&w->ssl);
}

static void
forget(struct wire *w)
{
	if (w->tls_on)
		mbedtls_ssl_free(&w->ssl);
	w->tls_on = false;
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
}

/*
 * Close in an orderly way: say so, then read what is still under way, since
 * to close with unread input would reset the connection and could take our
 * last reply from the client.
 */
void
wire_close(struct wire *w)
{
	unsigned char rest[4096];
	int got, budget = 1000;

	if (w->fd < 0)
		return;
	(void)shutdown(w->fd, SHUT_WR);
	w->wait_ms = 1000;
	while (budget-- > 0 && (got = socket_read(w, rest, sizeof rest)) > 0)
		;
	wire_note(w, "* closed");
	forget(w);
}

void
wire_reset(struct wire *w)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (w->fd < 0)
		return;
	(void)setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	wire_note(w, "* reset");
	forget(w);
}

/* ---- channel bindings, of a handshake that was not shortened */

size_t
wire_binding(struct wire *w, const char *type, unsigned char *out)
{
	const char *version = mbedtls_ssl_get_version(&w->ssl);

#if defined(MBEDTLS_SSL_RENEGOTIATION)
	if (strcmp(type, "tls-unique") == 0 && strcmp(version, "TLSv1.2") == 0)
	{
		memcpy(out, w->ssl.PRIVATE(peer_verify_data), 12);
		return 12;
	}
#endif
#if defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT)
	if (strcmp(type, "tls-exporter") == 0 &&
	    strcmp(version, "TLSv1.3") == 0 &&
	    mbedtls_ssl_export_keying_material(&w->ssl, out, 32,
	    "EXPORTER-Channel-Binding", 24, (const unsigned char *)"", 0,
	    1) == 0)
		return 32;
#endif
	return 0;
}
