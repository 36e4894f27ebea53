/* SPDX-License-Identifier: MIT */
#ifndef STUB_LWIP_NETDB_H
#define STUB_LWIP_NETDB_H

#include <lwip/sockets.h>

#ifdef __unix__
#include <netdb.h>
#else
struct addrinfo {
	int ai_flags, ai_family, ai_socktype, ai_protocol;
	socklen_t ai_addrlen;
	struct sockaddr *ai_addr;
	char *ai_canonname;
	struct addrinfo *ai_next;
};

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **found);
void
freeaddrinfo(struct addrinfo *found);
#endif

#endif
