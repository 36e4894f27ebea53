/* SPDX-License-Identifier: MIT */
/* Sockets by Winsock: a transport over one, and what dial.c needs. */
#ifdef _WIN32

#include "net/socket.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "net/net.h"

/*
 * Each socket of ours holds Winsock once more, which counts: nothing global is
 * kept here, and a program that gives its own hold back early ends no session.
 */
bool
smtp__socket_hold(void)
{
	WSADATA data;

	return WSAStartup(MAKEWORD(2, 2), &data) == 0;
}

void
smtp__socket_let_go(void)
{
	(void)WSACleanup();
}

static SOCKET
socket_of(int fd)
{
	return (SOCKET)(intptr_t)fd;
}

static int
errno_of(int error)
{
	static const struct {
		int error, is;
	} table[] = {
		{ 0, 0 },
		{ WSAEWOULDBLOCK, EINPROGRESS },
		{ WSAEINPROGRESS, EINPROGRESS },
		{ WSAEALREADY, EINPROGRESS },
		{ WSAECONNREFUSED, ECONNREFUSED },
		{ WSAECONNRESET, ECONNRESET },
		{ WSAECONNABORTED, ECONNABORTED },
		{ WSAETIMEDOUT, ETIMEDOUT },
		{ WSAENETUNREACH, ENETUNREACH },
		{ WSAENETDOWN, ENETDOWN },
		{ WSAEHOSTUNREACH, EHOSTUNREACH },
		{ WSAEHOSTDOWN, EHOSTUNREACH },
		{ WSAEADDRNOTAVAIL, EADDRNOTAVAIL },
		{ WSAEADDRINUSE, EADDRINUSE },
		{ WSAENOPROTOOPT, ENOPROTOOPT },
		{ WSAEAFNOSUPPORT, EAFNOSUPPORT },
		{ WSAEPFNOSUPPORT, EAFNOSUPPORT },
		{ WSAESOCKTNOSUPPORT, EAFNOSUPPORT },
		{ WSAEPROTONOSUPPORT, EAFNOSUPPORT },
		{ WSAEINVAL, EINVAL },
		{ WSAEACCES, EACCES },
		{ WSAEPROTOTYPE, EPROTOTYPE },
		{ WSAENOTSOCK, ENOTSOCK },
		{ WSAEMFILE, EMFILE },
		{ WSAENOBUFS, ENOBUFS },
		{ WSA_NOT_ENOUGH_MEMORY, ENOMEM },
		{ WSANOTINITIALISED, ENETDOWN },
		{ WSASYSNOTREADY, ENETDOWN }
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].error == error)
			return table[i].is;
	return error;
}

static int
last_error(void)
{
	return errno_of(WSAGetLastError());
}

/* ---- every socket of ours */

static bool
set_up(SOCKET s)
{
	BOOL one = TRUE;
	u_long on = 1;

	if (ioctlsocket(s, (long)FIONBIO, &on) != 0)
		return false;
	(void)SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0);
	/* a unix socket has no delay to take away: no matter if it fails */
	(void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (const char *)&one,
	    sizeof one);
	return true;
}

/* From the start no child has it too, where the system can do that. */
static SOCKET
new_socket(int family)
{
	DWORD flags = WSA_FLAG_OVERLAPPED;
	SOCKET s = WSASocketW(family, SOCK_STREAM, 0, NULL, 0,
	    flags | WSA_FLAG_NO_HANDLE_INHERIT);

	if (s == INVALID_SOCKET && WSAGetLastError() == WSAEINVAL)
		s = WSASocketW(family, SOCK_STREAM, 0, NULL, 0, flags);
	if (s != INVALID_SOCKET && s > INT_MAX) {       /* never seen */
		closesocket(s);
		WSASetLastError(WSAEMFILE);
		s = INVALID_SOCKET;
	}
	return s;
}

static int
open_socket(int *fd, int family)
{
	SOCKET s;
	int error;

	*fd = -1;
	if (!smtp__socket_hold())
		return ENETDOWN;
	s = new_socket(family);
	if (s != INVALID_SOCKET && set_up(s)) {
		*fd = (int)s;
		return 0;
	}
	error = last_error();
	if (s != INVALID_SOCKET)
		closesocket(s);
	smtp__socket_let_go();
	return error;
}

void
smtp__socket_close(int fd)
{
	if (fd < 0)
		return;
	closesocket(socket_of(fd));
	smtp__socket_let_go();
}

/* ---- the transport: the socket is its context, nothing is allocated */

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

static ptrdiff_t
failure(enum smtp_io want)
{
	switch (WSAGetLastError()) {
	case WSAEWOULDBLOCK:
		return want;
	case WSAECONNRESET:
	case WSAECONNABORTED:
	case WSAENETRESET:
	case WSAESHUTDOWN:
	case WSAETIMEDOUT:
		return SMTP_IO_CLOSED;
	default:
		return SMTP_IO_FAILED;
	}
}

static int
at_most(size_t n)
{
	return n < INT_MAX ? (int)n : INT_MAX;
}

static ptrdiff_t
socket_read(void *ctx, void *p, size_t n)
{
	int got;

	assert(n > 0);
	got = recv(socket_of(fd_of(ctx)), p, at_most(n), 0);
	if (got == 0)
		return SMTP_IO_CLOSED;
	return got > 0 ? got : failure(SMTP_IO_WANT_READ);
}

static ptrdiff_t
socket_write(void *ctx, const void *p, size_t n)
{
	int put;

	assert(n > 0);
	put = send(socket_of(fd_of(ctx)), p, at_most(n), 0);
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
	int type = 0, n = sizeof type;

	if (getsockopt(socket_of(fd), SOL_SOCKET, SO_TYPE, (char *)&type,
	    &n) != 0 || type != SOCK_STREAM || !set_up(socket_of(fd)))
		return SMTP_E_ARGUMENT;
	transport->read = socket_read;
	transport->write = socket_write;
	transport->close = socket_close;
	transport->fd = socket_fd;
	transport->ctx = context_of(fd);
	return SMTP_OK;
}

/* The caller's socket had no hold of ours so far. */
int
smtp_transport_socket(struct smtp_transport *transport, int fd)
{
	int status;

	if (!smtp__socket_hold())
		return SMTP_E_ARGUMENT;
	status = smtp__socket_transport(transport, fd);
	if (status != SMTP_OK)
		smtp__socket_let_go();
	return status;
}

/* ---- connecting */

/* The port is chosen at connect, where it need only be new for that peer. */
static int
bind_from(int fd, int family, const struct smtp__from *from)
{
	if (from == NULL || family == AF_UNIX)
		return 0;
	if (from->interface != NULL)
		return ENOPROTOOPT;
	if (from->address.n == 0)
		return 0;
	return bind(socket_of(fd),
	    (const struct sockaddr *)&from->address.to,
	    from->address.n) == 0 ? 0 : last_error();
}

int
smtp__socket_connect(int *fd, const struct smtp__address *address,
    const struct smtp__from *from)
{
	int error = open_socket(fd, address->to.ss_family);

	if (error != 0)
		return address->to.ss_family == AF_UNIX && error == EINVAL ?
		    EAFNOSUPPORT : error;
	error = bind_from(*fd, address->to.ss_family, from);
	if (error == 0 && connect(socket_of(*fd),
	    (const struct sockaddr *)&address->to, address->n) != 0)
		error = last_error();
	if (error == 0 || error == EINPROGRESS)
		return error;
	smtp__socket_close(*fd);
	*fd = -1;
	return error;
}

/*
 * What select() says of one socket, within `wait_ms`. Not WSAPoll(), which is
 * silent about a connect that failed before Windows 10 2004.
 */
static int
ready(int fd, int want, uint64_t wait_ms)
{
	struct timeval wait;
	fd_set in, out, failed;
	int is = 0;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&failed);
	if (want & SMTP_WANT_READ)
		FD_SET(socket_of(fd), &in);
	if (want & SMTP_WANT_WRITE)
		FD_SET(socket_of(fd), &out);
	FD_SET(socket_of(fd), &failed);
	wait.tv_sec = (long)(wait_ms / 1000);
	wait.tv_usec = (long)(wait_ms % 1000) * 1000;
	switch (select(0, &in, &out, &failed, &wait)) {
	case 0:
		return 0;
	case SOCKET_ERROR:
		return want;    /* the next call on it will tell */
	}
	if (FD_ISSET(socket_of(fd), &in))
		is |= SMTP_WANT_READ;
	if (FD_ISSET(socket_of(fd), &out))
		is |= SMTP_WANT_WRITE;
	if (FD_ISSET(socket_of(fd), &failed))
		is |= want;
	return is;
}

int
smtp__socket_connected(int fd)
{
	int error = 0, n = sizeof error;

	if (ready(fd, SMTP_WANT_WRITE, 0) == 0)
		return EINPROGRESS;
	if (getsockopt(socket_of(fd), SOL_SOCKET, SO_ERROR, (char *)&error,
	    &n) != 0)
		return last_error();
	return errno_of(error);
}

/* ---- a pair, which Winsock does not have: two ends of one connection */

static bool
same_port(int fd, SOCKET peer)
{
	struct sockaddr_in here, there;
	int n = sizeof here, m = sizeof there;

	return getsockname(socket_of(fd), (struct sockaddr *)&here,
	    &n) == 0 && getpeername(peer, (struct sockaddr *)&there,
	    &m) == 0 && here.sin_port == there.sin_port &&
	    here.sin_addr.s_addr == there.sin_addr.s_addr;
}

/* Others of this machine may come too; who is not ours is sent away. */
static int
accept_own(SOCKET listener, int fd, int *other)
{
	for (int i = 0; i < 8; i++) {
		SOCKET s;

		if (ready((int)listener, SMTP_WANT_READ, 1000) == 0)
			return ETIMEDOUT;
		s = accept(listener, NULL, NULL);
		if (s == INVALID_SOCKET)
			return last_error();
		if (s <= INT_MAX && same_port(fd, s) &&
		    smtp__socket_hold()) {
			*other = (int)s;
			return set_up(s) ? 0 : last_error();
		}
		closesocket(s);
	}
	return ECONNABORTED;
}

int
smtp__socket_pair(int fd[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct smtp__address address;
	int listener, n = sizeof at, error = open_socket(&listener, AF_INET);

	fd[0] = fd[1] = -1;
	if (error != 0)
		return error;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(socket_of(listener), (struct sockaddr *)&at, n) != 0 ||
	    listen(socket_of(listener), 8) != 0 ||
	    getsockname(socket_of(listener), (struct sockaddr *)&at,
	    &n) != 0)
		error = last_error();
	memset(&address, 0, sizeof address);
	memcpy(&address.to, &at, sizeof at);
	address.n = n;
	if (error == 0)
		error = smtp__socket_connect(&fd[0], &address, NULL);
	if (error == 0 || error == EINPROGRESS)
		error = accept_own(socket_of(listener), fd[0], &fd[1]);
	smtp__socket_close(listener);
	if (error == 0)
		return 0;
	smtp__socket_close(fd[0]);
	smtp__socket_close(fd[1]);
	return error;
}

void
smtp__socket_wake(int fd)
{
	(void)send(socket_of(fd), "", 1, 0);
}

/* ---- what client.c asks of a socket */

void
smtp__net_leave(int fd)
{
	smtp__socket_close(fd);
}

void
smtp__net_acknowledge(int fd)
{
	(void)fd;
}

int
smtp__net_wait(int fd, int want, uint64_t wait_ms)
{
	enum { MOST_MS = 1000000 };
	uint64_t now = smtp__net_now_ms();
	uint64_t end = wait_ms < UINT64_MAX - now ? now + wait_ms : UINT64_MAX;

	want &= SMTP_WANT_READ | SMTP_WANT_WRITE;
	for (;;) {
		uint64_t left = end > now ? end - now : 0;
		int is = 0;

		if (left > MOST_MS)
			left = MOST_MS;
		if (want != 0 && fd >= 0)
			is = ready(fd, want, left);
		else
			Sleep((DWORD)left);
		if (is != 0)
			return is;
		now = smtp__net_now_ms();
		if (now >= end)
			return 0;
	}
}

#else

/* ISO C wants something in a file. */
typedef int smtp__socket_is_not_windows;

#endif
