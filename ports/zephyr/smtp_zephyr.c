/* SPDX-License-Identifier: MIT */
#include "smtp_zephyr.h"

#include <errno.h>
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/net/socket.h>
#include <zephyr/net/tls_credentials.h>

#if CONFIG_LIBSMTP_STARTTLS
#error "Zephyr's sockets have TLS from the first octet only: set \
CONFIG_LIBSMTP_TLS, and use port 465 instead of 587"
#endif
#if !CONFIG_LIBSMTP_TLS && !CONFIG_LIBSMTP_PLAINTEXT
#error "set CONFIG_LIBSMTP_TLS, or CONFIG_LIBSMTP_PLAINTEXT if that is meant"
#endif
#if CONFIG_LIBSMTP_TLS && !CONFIG_NET_SOCKETS_SOCKOPT_TLS
#error "CONFIG_LIBSMTP_TLS needs CONFIG_NET_SOCKETS_SOCKOPT_TLS"
#endif

/* ---- the transport */

static ptrdiff_t
answer(ssize_t n, enum smtp_io want)
{
	if (n > 0)
		return (ptrdiff_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return want;
	return n == 0 || errno == ECONNRESET || errno == EPIPE ||
	    errno == ENOTCONN ? SMTP_IO_CLOSED : SMTP_IO_FAILED;
}

static ptrdiff_t
zephyr_read(void *ctx, void *p, size_t n)
{
	struct smtp_zephyr *z = ctx;

	return answer(zsock_recv(z->fd, p, n, ZSOCK_MSG_DONTWAIT),
	    SMTP_IO_WANT_READ);
}

static ptrdiff_t
zephyr_write(void *ctx, const void *p, size_t n)
{
	struct smtp_zephyr *z = ctx;

	return answer(zsock_send(z->fd, p, n, ZSOCK_MSG_DONTWAIT),
	    SMTP_IO_WANT_WRITE);
}

static void
zephyr_close(void *ctx)
{
	struct smtp_zephyr *z = ctx;

	(void)zsock_close(z->fd);
}

static void
zephyr_wait(void *ctx, int want, uint32_t ms)
{
	struct smtp_zephyr *z = ctx;
	struct zsock_pollfd at = { .fd = z->fd, .events = (short)(
	    (want & SMTP_WANT_READ ? ZSOCK_POLLIN : 0) |
	    (want & SMTP_WANT_WRITE ? ZSOCK_POLLOUT : 0)) };

	(void)zsock_poll(&at, 1, ms < INT32_MAX ? (int)ms : INT32_MAX);
}

static uint32_t
zephyr_now(void *ctx)
{
	(void)ctx;
	return k_uptime_get_32();
}

/* ---- to connect */

#if CONFIG_LIBSMTP_TLS
#define PROTOCOL IPPROTO_TLS_1_2
#define IS_SECURE 1

static int
set_tls(int fd, const char *host)
{
	static const sec_tag_t tags[] = { CONFIG_LIBSMTP_SEC_TAG };
	int verify = TLS_PEER_VERIFY_REQUIRED;

	if (zsock_setsockopt(fd, SOL_TLS, TLS_SEC_TAG_LIST, tags,
	    sizeof tags) != 0 ||
	    zsock_setsockopt(fd, SOL_TLS, TLS_PEER_VERIFY, &verify,
	    sizeof verify) != 0)
		return -1;
	return zsock_setsockopt(fd, SOL_TLS, TLS_HOSTNAME, host,
	    (socklen_t)(strlen(host) + 1));
}
#else
#define PROTOCOL IPPROTO_TCP
#define IS_SECURE 0

static int
set_tls(int fd, const char *host)
{
	(void)fd;
	(void)host;
	return 0;
}
#endif

static int
connect_to(const struct zsock_addrinfo *at, const char *host)
{
	int fd = zsock_socket(at->ai_family, SOCK_STREAM, PROTOCOL);

	if (fd < 0)
		return fd;
	if (set_tls(fd, host) == 0 &&
	    zsock_connect(fd, at->ai_addr, at->ai_addrlen) == 0)
		return fd;
	(void)zsock_close(fd);
	return -1;
}

int
smtp_zephyr_open(struct smtp_zephyr *z, struct smtp_task *task,
    const char *host, const char *port)
{
	const struct zsock_addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct zsock_addrinfo *found = NULL;

	if (zsock_getaddrinfo(host, port, &hints, &found) != 0 ||
	    found == NULL)
		return SMTP_E_RESOLVE;
	z->fd = -1;
	for (struct zsock_addrinfo *at = found; at != NULL && z->fd < 0;
	    at = at->ai_next)
		z->fd = connect_to(at, host);
	zsock_freeaddrinfo(found);
	if (z->fd < 0)
		return IS_SECURE ? SMTP_E_TLS : SMTP_E_CONNECT;

	memset(task, 0, sizeof *task);
	task->transport = (struct smtp_transport){ .read = zephyr_read,
	    .write = zephyr_write, .close = zephyr_close, .ctx = z };
	task->ctx = z;
	task->now_ms = zephyr_now;
	task->wait = zephyr_wait;
	task->is_secure = IS_SECURE;
	return SMTP_OK;
}
