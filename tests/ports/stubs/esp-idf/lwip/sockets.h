/* SPDX-License-Identifier: MIT */
/*
 * Sockets as lwIP has them: those of the system where there are some, else
 * what the port uses of them.
 */
#ifndef STUB_LWIP_SOCKETS_H
#define STUB_LWIP_SOCKETS_H

#ifdef __unix__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#else
#include <stddef.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

typedef unsigned socklen_t;
struct sockaddr;
enum { SOCK_STREAM = 1, SOL_SOCKET = 0xfff, SO_SNDTIMEO = 0x1005 };
enum { IPPROTO_TCP = 6, TCP_NODELAY = 1, MSG_DONTWAIT = 8 };

int
socket(int family, int type, int protocol);
int
connect(int fd, const struct sockaddr *at, socklen_t n);
int
setsockopt(int fd, int level, int name, const void *value, socklen_t n);
ssize_t
recv(int fd, void *p, size_t n, int flags);
ssize_t
send(int fd, const void *p, size_t n, int flags);
#endif

#endif
