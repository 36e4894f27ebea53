/* SPDX-License-Identifier: MIT */
/*
 * Stream sockets, as dial.c needs them: non-blocking, close-on-exec, without
 * SIGPIPE and without Nagle's delay. One file a platform stands behind it.
 */
#ifndef SMTP__SOCKET_H
#define SMTP__SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/socket.h>

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

/* 4, 6, or 0 for others. */
int
smtp__address_family(const struct smtp__address *address);

/* "192.0.2.1", "2001:db8::1", or "" for a unix socket. */
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
