/* SPDX-License-Identifier: MIT */
/*
 * Stream sockets, as dial.c needs them: non-blocking, close-on-exec, without
 * SIGPIPE and without Nagle's delay. One file a platform stands behind it.
 *
 * Sockets of Windows are handles of the kernel, which have 32 bits that count
 * also where a pointer has 64; so an int holds them. Errors are errno values on
 * every platform.
 */
#ifndef SMTP__SOCKET_H
#define SMTP__SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#ifdef _WIN32
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <sys/socket.h>
#endif

#include <smtp/transport.h>

struct smtp__address {
	struct sockaddr_storage to;
	socklen_t n;
};

/* The name of a unix socket; false where the path is too long for one. */
bool
smtp__address_unix(struct smtp__address *address, const char *path);

/* An IP address without a zone; false where `ip` is none. */
bool
smtp__address_ip(struct smtp__address *address, const char *ip,
    unsigned port);

/* 4 or 6. */
int
smtp__address_family(const struct smtp__address *address);

/* "192.0.2.1", "2001:db8::1", or "" for a unix socket; in 46 octets or more. */
void
smtp__address_text(const struct smtp__address *address, char *p, size_t n);

/* Where a connection begins; does not concern unix sockets. */
struct smtp__from {
	struct smtp__address address;   /* n 0: any                         */
	const char *interface;          /* NULL: any                        */
};

/*
 * Begin to connect; `from` NULL: from anywhere. `*fd` is the socket, or -1.
 * Returns 0 (connected), EINPROGRESS, EAGAIN (nothing was begun: try again
 * later), or another errno.
 */
int
smtp__socket_connect(int *fd, const struct smtp__address *address,
    const struct smtp__from *from);

/* The same of a connect that was begun, without waiting. */
int
smtp__socket_connected(int fd);

void
smtp__socket_close(int fd);

/*
 * For calls without a socket: Winsock has to be begun and ended around them;
 * elsewhere this is nothing.
 */
bool
smtp__socket_hold(void);
void
smtp__socket_let_go(void);

/* A transport over a socket of ours, as smtp_transport_socket(). */
int
smtp__socket_transport(struct smtp_transport *transport, int fd);

/*
 * Two connected sockets, to tell a waiting caller that something happened.
 * Returns 0 or an errno.
 */
int
smtp__socket_pair(int fd[2]);

/* Make the other end of such a pair readable. */
void
smtp__socket_wake(int fd);

/* An errno in a few words of ours, the same in every locale; or NULL. */
const char *
smtp__socket_words(int error);

#endif
