/* SPDX-License-Identifier: MIT */
/* Sockets by POSIX: a transport over one, and what dial.c needs. */
#ifndef _WIN32

#define _DEFAULT_SOURCE

#include "net/socket.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include "net/net.h"

#if !defined(MSG_NOSIGNAL) && !defined(SO_NOSIGPIPE)
#error "this system has no way to write to a socket without SIGPIPE"
#endif

#ifdef MSG_NOSIGNAL
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0
#endif

/* ---- every socket of ours */

static bool
set_up(int fd)
{
	int one = 1, flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return false;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return false;
#ifdef SO_NOSIGPIPE
	if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one) < 0)
		return false;
#endif
	/* a unix socket has no delay to take away: no matter if it fails */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return true;
}

/* SOCK_CLOEXEC leaves no moment in which another thread's fork has it too. */
static int
open_socket(int family)
{
	int type = SOCK_STREAM, fd, error;

#ifdef SOCK_CLOEXEC
	type |= SOCK_CLOEXEC;
#endif
	fd = socket(family, type, 0);
	if (fd < 0 || set_up(fd))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

void
smtp__socket_close(int fd)
{
	if (fd >= 0)
		close(fd);      /* once, also on EINTR: it is closed */
}

bool
smtp__socket_hold(void)
{
	return true;
}

void
smtp__socket_let_go(void)
{
}

/* ---- the transport: the descriptor is its context, nothing is allocated */

static void *
context_of(int fd)
{
	return (void *)(intptr_t)fd;
}

static int
fd_of(void *ctx)
{
	return (int)(intptr_t)ctx;
}

static bool
is_lost(int error)
{
	return error == ECONNRESET || error == EPIPE ||
	    error == ECONNABORTED || error == ETIMEDOUT;
}

static ptrdiff_t
failure(enum smtp_io want)
{
	static_assert(EAGAIN == EWOULDBLOCK, "where they differ ask for both");

	if (errno == EAGAIN)
		return want;
	return is_lost(errno) ? SMTP_IO_CLOSED : SMTP_IO_FAILED;
}

static size_t
at_most(size_t n)
{
	return n < INT_MAX ? n : INT_MAX;
}

static ptrdiff_t
socket_read(void *ctx, void *p, size_t n)
{
	ssize_t got;

	assert(n > 0);
	do
		got = recv(fd_of(ctx), p, at_most(n), 0);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return SMTP_IO_CLOSED;
	return got > 0 ? got : failure(SMTP_IO_WANT_READ);
}

static ptrdiff_t
socket_write(void *ctx, const void *p, size_t n)
{
	ssize_t put;

	assert(n > 0);
	do
		put = send(fd_of(ctx), p, at_most(n), SEND_FLAGS);
	while (put < 0 && errno == EINTR);
	return put >= 0 ? put : failure(SMTP_IO_WANT_WRITE);
}

static void
socket_close(void *ctx)
{
	smtp__socket_close(fd_of(ctx));
}

static int
socket_fd(void *ctx)
{
	return fd_of(ctx);
}

int
smtp__socket_transport(struct smtp_transport *transport, int fd)
{
	int type = 0;
	socklen_t n = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0 ||
	    type != SOCK_STREAM || !set_up(fd))
		return SMTP_E_ARGUMENT;
	transport->read = socket_read;
	transport->write = socket_write;
	transport->close = socket_close;
	transport->fd = socket_fd;
	transport->ctx = context_of(fd);
	return SMTP_OK;
}

int
smtp_transport_socket(struct smtp_transport *transport, int fd)
{
	return smtp__socket_transport(transport, fd);
}

/* ---- connecting */

static int
bind_interface(int fd, int family, const char *name)
{
#if defined(SO_BINDTODEVICE)
	(void)family;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
	    (socklen_t)strlen(name));
#elif defined(IP_BOUND_IF) && defined(IPV6_BOUND_IF)
	unsigned i = if_nametoindex(name);

	if (i == 0)
		errno = ENODEV;
	if (i == 0)
		return -1;
	return family == AF_INET6 ?
	    setsockopt(fd, IPPROTO_IPV6, IPV6_BOUND_IF, &i, sizeof i) :
	    setsockopt(fd, IPPROTO_IP, IP_BOUND_IF, &i, sizeof i);
#else
	(void)fd;
	(void)family;
	(void)name;
	errno = ENOPROTOOPT;
	return -1;
#endif
}

/* The port is chosen at connect, where it need only be new for that peer. */
static int
bind_from(int fd, int family, const struct smtp__from *from)
{
	if (from == NULL || family == AF_UNIX)
		return 0;
	if (from->interface != NULL &&
	    bind_interface(fd, family, from->interface) < 0)
		return -1;
	if (from->address.n == 0)
		return 0;
#ifdef IP_BIND_ADDRESS_NO_PORT
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT,
	    &(int){ 1 }, sizeof(int));
#endif
	return bind(fd, (const struct sockaddr *)&from->address.to,
	    from->address.n);
}

/*
 * A unix socket whose server is behind with accept answers EAGAIN and begins
 * nothing. With TCP that code means no local port, which may not pass soon.
 */
int
smtp__socket_connect(int *fd, const struct smtp__address *address,
    const struct smtp__from *from)
{
	int error = 0;

	*fd = open_socket(address->to.ss_family);
	if (*fd < 0)
		return errno;
	if (bind_from(*fd, address->to.ss_family, from) < 0 ||
	    connect(*fd, (const struct sockaddr *)&address->to,
	    address->n) < 0)
		error = errno;
	if (error == 0 || error == EINPROGRESS)
		return error;
	if (error == EINTR)     /* it goes on by itself */
		return EINPROGRESS;
	smtp__socket_close(*fd);
	*fd = -1;
	if (error == EAGAIN && address->to.ss_family != AF_UNIX)
		return EADDRNOTAVAIL;
	return error;
}

int
smtp__socket_connected(int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t n = sizeof error;

	if (poll(&ask, 1, 0) <= 0)
		return EINPROGRESS;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		return errno;
	return error;
}

int
smtp__socket_pair(int fd[2])
{
	int type = SOCK_STREAM, error;

#ifdef SOCK_CLOEXEC
	type |= SOCK_CLOEXEC;
#endif
	if (socketpair(AF_UNIX, type, 0, fd) < 0)
		return errno;
	if (set_up(fd[0]) && set_up(fd[1]))
		return 0;
	error = errno;
	smtp__socket_close(fd[0]);
	smtp__socket_close(fd[1]);
	return error;
}

void
smtp__socket_wake(int fd)
{
	while (send(fd, "", 1, SEND_FLAGS) < 0 && errno == EINTR)
		;
}

/* ---- what client.c asks of a descriptor */

static int
ready(const struct pollfd *polled, int want)
{
	int is = 0;

	if (polled->revents & POLLIN)
		is |= SMTP_WANT_READ;
	if (polled->revents & POLLOUT)
		is |= SMTP_WANT_WRITE;
	/* hung up, in error, or not open: the next call on it will tell */
	if (polled->revents & (POLLHUP | POLLERR | POLLNVAL))
		is |= want;
	return is & want;
}

void
smtp__net_acknowledge(int fd)
{
#ifdef TCP_QUICKACK
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
#else
	(void)fd;
#endif
}

int
smtp__net_wait(int fd, int want, uint64_t wait_ms)
{
	struct pollfd ask = { .fd = fd };
	uint64_t now = smtp__net_now_ms();
	uint64_t end = wait_ms < UINT64_MAX - now ? now + wait_ms : UINT64_MAX;

	want &= SMTP_WANT_READ | SMTP_WANT_WRITE;
	if (want & SMTP_WANT_READ)
		ask.events |= POLLIN;
	if (want & SMTP_WANT_WRITE)
		ask.events |= POLLOUT;
	if (want == 0)
		ask.fd = -1;
	for (;;) {
		uint64_t left = end > now ? end - now : 0;
		int n = poll(&ask, 1, left < INT_MAX ? (int)left : INT_MAX);

		if (n > 0)
			return ready(&ask, want);
		now = smtp__net_now_ms();
		if (now >= end || (n < 0 && errno != EINTR))
			return 0;
	}
}

#else

/* ISO C wants something in a file. */
typedef int smtp__socket_is_not_posix;

#endif
