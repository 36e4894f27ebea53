/* SPDX-License-Identifier: MIT */
/* Names of sockets, and errors in words: the same on every platform. */
#ifndef _WIN32
#define _DEFAULT_SOURCE
#endif

#include "net/socket.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef _WIN32
#include <afunix.h>
typedef SOCKET handle;
typedef size_t room;
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
typedef int handle;
typedef socklen_t room;
#endif

#include "net/net.h"

bool
smtp__address_unix(struct smtp__address *address, const char *path)
{
	struct sockaddr_un to;
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof to.sun_path)
		return false;
	memset(&to, 0, sizeof to);
	to.sun_family = AF_UNIX;
	memcpy(to.sun_path, path, n + 1);
	memset(&address->to, 0, sizeof address->to);
	memcpy(&address->to, &to, sizeof to);
	address->n = sizeof to;
	return true;
}

bool
smtp__address_ip(struct smtp__address *address, const char *ip,
    unsigned port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(address, 0, sizeof *address);
	in.sin_port = in6.sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1) {
		memcpy(&address->to, &in, sizeof in);
		address->n = sizeof in;
	} else if (inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1) {
		memcpy(&address->to, &in6, sizeof in6);
		address->n = sizeof in6;
	}
	return address->n > 0;
}

int
smtp__address_family(const struct smtp__address *address)
{
	return address->to.ss_family == AF_INET ? 4 : 6;
}

void
smtp__address_text(const struct smtp__address *address, char *p, size_t n)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	p[0] = '\0';
	if (address->to.ss_family == AF_INET) {
		memcpy(&in, &address->to, sizeof in);
		(void)inet_ntop(AF_INET, &in.sin_addr, p, (room)n);
	} else if (address->to.ss_family == AF_INET6) {
		memcpy(&in6, &address->to, sizeof in6);
		(void)inet_ntop(AF_INET6, &in6.sin6_addr, p, (room)n);
	}
}

const char *
smtp__socket_words(int error)
{
	static const struct {
		int error;
		const char *words;
	} table[] = {
		{ ECONNREFUSED, "connection refused" },
		{ ECONNRESET, "connection reset" },
		{ ECONNABORTED, "connection aborted" },
		{ ETIMEDOUT, "no answer" },
		{ ENETUNREACH, "network unreachable" },
		{ ENETDOWN, "network down" },
		{ EHOSTUNREACH, "host unreachable" },
		{ EADDRNOTAVAIL, "no local address or port for it" },
		{ EADDRINUSE, "the local address is taken" },
		{ ENODEV, "there is no such network interface" },
		{ ENOPROTOOPT, "this system cannot choose the interface" },
		{ EAFNOSUPPORT, "this system does not have such addresses" },
		{ EINVAL, "this address cannot be connected to" },
		{ EACCES, "not permitted" },
		{ EPERM, "not permitted, perhaps by a firewall here" },
		{ ENOENT, "no such file" },
		{ ENOTDIR, "no such file" },
		{ EPROTOTYPE, "not a stream socket" },
		{ ENOTSOCK, "not a socket" },
		{ EAGAIN, "the server is busy" },
		{ EMFILE, "too many open descriptors in this process" },
		{ ENFILE, "too many open descriptors on this system" },
		{ ENOBUFS, "no memory in the system" },
		{ ENOMEM, "no memory in the system" }
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].error == error)
			return table[i].words;
	return NULL;
}

/* ---- what client.c asks of a descriptor */

bool
smtp__net_is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof peer;

	return getpeername((handle)fd, (struct sockaddr *)&peer, &n) == 0;
}

/* RFC 5321 section 4.1.3. An address of IPv4 inside IPv6 is one of IPv4. */
static bool
literal_of(const struct smtp__address *address, char *p, size_t n)
{
	struct sockaddr_in6 in6;
	char name[INET6_ADDRSTRLEN];
	static const unsigned char mapped[12] = {
		[10] = 0xff, [11] = 0xff
	};
	const char *open = "[";

	memcpy(&in6, &address->to, sizeof in6);
	smtp__address_text(address, name, sizeof name);
	if (address->to.ss_family == AF_INET6) {
		if (memcmp(&in6.sin6_addr, mapped, sizeof mapped) != 0)
			open = "[IPv6:";
		else
			(void)inet_ntop(AF_INET,
			    in6.sin6_addr.s6_addr + 12, name, sizeof name);
	}
	return (size_t)snprintf(p, n, "%s%s]", open, name) < n;
}

bool
smtp__net_literal(int fd, char *p, size_t n)
{
	static const char local[] = "localhost";
	struct smtp__address address = { .n = sizeof address.to };

	if (fd < 0 || getsockname((handle)fd,
	    (struct sockaddr *)&address.to, &address.n) < 0)
		return false;
	switch (address.to.ss_family) {
	case AF_INET:
	case AF_INET6:
		return literal_of(&address, p, n);
	case AF_UNIX:
		if (n < sizeof local)
			return false;
		memcpy(p, local, sizeof local);
		return true;
	default:
		return false;
	}
}
