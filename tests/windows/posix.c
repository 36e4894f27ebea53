/* SPDX-License-Identifier: MIT */
#include "posix.h"

#include <direct.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef socket
#undef connect
#undef accept
#undef poll
#undef recv

static SOCKET
socket_of(int fd)
{
	return (SOCKET)(intptr_t)fd;
}

__attribute__((constructor)) static void
start_winsock(void)
{
	WSADATA data;

	(void)WSAStartup(MAKEWORD(2, 2), &data);
}

static int
is_socket(int fd)
{
	int type, n = sizeof type;

	return fd >= 0 && getsockopt(socket_of(fd), SOL_SOCKET, SO_TYPE,
	    (char *)&type, &n) == 0;
}

static int
fail(int error)
{
	errno = error;
	return -1;
}

static int
fail_winsock(void)
{
	switch (WSAGetLastError()) {
	case WSAEWOULDBLOCK:
		return fail(EAGAIN);
	case WSAECONNREFUSED:
		return fail(ECONNREFUSED);
	case WSAECONNRESET:
		return fail(ECONNRESET);
	default:
		return fail(EIO);
	}
}

static void
set_blocking(int fd, int blocking)
{
	u_long on = !blocking;

	(void)ioctlsocket(socket_of(fd), (long)FIONBIO, &on);
}

int
posix_socket(int family, int type, int protocol)
{
	SOCKET s = socket(family, type & ~SOCK_NONBLOCK, protocol);

	if (s == INVALID_SOCKET)
		return fail_winsock();
	if (type & SOCK_NONBLOCK)
		set_blocking((int)s, 0);
	return (int)s;
}

int
posix_connect(int fd, const void *address, int n)
{
	if (connect(socket_of(fd), address, n) == 0)
		return 0;
	return WSAGetLastError() == WSAEWOULDBLOCK ? fail(EINPROGRESS) :
	    fail_winsock();
}

int
posix_accept(int fd, void *address, int *n)
{
	SOCKET s = accept(socket_of(fd), address, n);

	return s == INVALID_SOCKET ? fail_winsock() : (int)s;
}

ptrdiff_t
posix_recv(int fd, void *p, size_t n, int flags)
{
	struct pollfd ask = { .fd = socket_of(fd), .events = POLLIN };
	int got;

	if (flags & MSG_DONTWAIT && WSAPoll(&ask, 1, 0) == 0)
		return fail(EAGAIN);
	got = recv(socket_of(fd), p, (int)n, flags & ~MSG_DONTWAIT);
	return got < 0 ? fail_winsock() : got;
}

int
posix_none(void)
{
	return fail(ENOSYS);
}

int
setenv(const char *name, const char *value, int again)
{
	(void)again;
	return _putenv_s(name, value) == 0 ? 0 : -1;
}

int
unsetenv(const char *name)
{
	return setenv(name, "", 1);
}

void *
memmem(const void *p, size_t n, const void *part, size_t m)
{
	const char *at = p;

	for (; n >= m; at++, n--)
		if (memcmp(at, part, m) == 0)
			return (void *)(uintptr_t)at;
	return NULL;
}

int
posix_poll(struct pollfd *p, nfds_t n, int ms)
{
	if (n == 0 || (n == 1 && (int)p->fd < 0)) {
		Sleep(ms < 0 ? INFINITE : (DWORD)ms);
		return 0;
	}
	return WSAPoll(p, n, ms);
}

int
socketpair(int family, int type, int protocol, int fd[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int n = sizeof at, listener = posix_socket(AF_INET, SOCK_STREAM, 0);

	(void)family;
	(void)protocol;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(socket_of(listener), (struct sockaddr *)&at, n) != 0 ||
	    listen(socket_of(listener), 1) != 0 ||
	    getsockname(socket_of(listener), (struct sockaddr *)&at, &n) != 0)
		return fail_winsock();
	fd[0] = posix_socket(AF_INET, SOCK_STREAM, 0);
	if (posix_connect(fd[0], &at, n) < 0)
		return -1;
	fd[1] = posix_accept(listener, NULL, NULL);
	(void)closesocket(socket_of(listener));
	if (type & SOCK_NONBLOCK) {
		set_blocking(fd[0], 0);
		set_blocking(fd[1], 0);
	}
	return 0;
}

/* Whether a socket blocks cannot be asked. */
int
fcntl(int fd, int command, ...)
{
	DWORD flags = 0;
	va_list args;
	int value;

	va_start(args, command);
	value = va_arg(args, int);
	va_end(args);
	if (!is_socket(fd))
		return fail(EBADF);
	switch (command) {
	case F_GETFD:
		(void)GetHandleInformation((HANDLE)socket_of(fd), &flags);
		return flags & HANDLE_FLAG_INHERIT ? 0 : FD_CLOEXEC;
	case F_SETFD:
		return 0;
	case F_SETFL:
		set_blocking(fd, !(value & O_NONBLOCK));
		return 0;
	default:
		return fail(EINVAL);
	}
}

int
pipe(int fd[2])
{
	return _pipe(fd, 65536, _O_BINARY | _O_NOINHERIT);
}

/* In place of those of the C library, for both kinds of descriptors. */

int
close(int fd)
{
	return is_socket(fd) ? closesocket(socket_of(fd)) : _close(fd);
}

int
read(int fd, void *p, unsigned n)
{
	int got;

	if (!is_socket(fd))
		return _read(fd, p, n);
	got = recv(socket_of(fd), p, (int)n, 0);
	return got < 0 ? fail_winsock() : got;
}

int
write(int fd, const void *p, unsigned n)
{
	int put;

	if (!is_socket(fd))
		return _write(fd, p, n);
	put = send(socket_of(fd), p, (int)n, 0);
	return put < 0 ? fail_winsock() : put;
}
