/* SPDX-License-Identifier: MIT */
#ifndef STUB_ZEPHYR_SOCKET_H
#define STUB_ZEPHYR_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __unix__
#include <netinet/in.h>
#include <sys/socket.h>
#else
typedef size_t socklen_t;
struct sockaddr;
enum { SOCK_STREAM = 1, IPPROTO_TCP = 6 };
#endif

#undef SOL_TLS
enum {
	IPPROTO_TLS_1_2 = 258, SOL_TLS = 282, TLS_SEC_TAG_LIST = 1,
	TLS_HOSTNAME = 2, TLS_PEER_VERIFY = 5, TLS_PEER_VERIFY_REQUIRED = 2,
	ZSOCK_MSG_DONTWAIT = 0x40, ZSOCK_POLLIN = 1, ZSOCK_POLLOUT = 4
};

struct zsock_pollfd {
	int fd;
	short events, revents;
};

struct zsock_addrinfo {
	struct zsock_addrinfo *ai_next;
	int ai_flags, ai_family, ai_socktype, ai_protocol;
	socklen_t ai_addrlen;
	struct sockaddr *ai_addr;
	char *ai_canonname;
};

int
zsock_getaddrinfo(const char *host, const char *port,
    const struct zsock_addrinfo *hints, struct zsock_addrinfo **found);
void
zsock_freeaddrinfo(struct zsock_addrinfo *found);
int
zsock_socket(int family, int type, int protocol);
int
zsock_connect(int fd, const struct sockaddr *at, socklen_t n);
int
zsock_setsockopt(int fd, int level, int name, const void *value, socklen_t n);
ssize_t
zsock_recv(int fd, void *p, size_t n, int flags);
ssize_t
zsock_send(int fd, const void *p, size_t n, int flags);
int
zsock_poll(struct zsock_pollfd *at, int n, int ms);
int
zsock_close(int fd);

#endif
