/* SPDX-License-Identifier: MIT */
/*
 * What Zephyr does, by the sockets that are here. One that asks for TLS becomes
 * a tunnel, if it asked as it has to: for the tag, the check and the name.
 */
#define _DEFAULT_SOURCE
#include <zephyr/kernel.h>
#include <zephyr/net/socket.h>

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <smtp_zephyr.h>

#include "mail.h"
#include "s_client.h"

static int is_tls, has_tag, has_check;
static char name[256];
static const char *service;

uint32_t
k_uptime_get_32(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)((uint64_t)now.tv_sec * 1000 +
	    (uint64_t)now.tv_nsec / 1000000);
}

int
zsock_getaddrinfo(const char *host, const char *port,
    const struct zsock_addrinfo *hints, struct zsock_addrinfo **found)
{
	struct addrinfo plain = { .ai_socktype = hints->ai_socktype }, *list;

	service = port;
	if (getaddrinfo(host, port, &plain, &list) != 0)
		return -1;
	*found = NULL;
	for (struct addrinfo *at = list; at != NULL; at = at->ai_next) {
		struct zsock_addrinfo *z = calloc(1, sizeof *z +
		    at->ai_addrlen);

		if (z == NULL)
			abort();
		z->ai_family = at->ai_family;
		z->ai_socktype = at->ai_socktype;
		z->ai_addrlen = at->ai_addrlen;
		z->ai_addr = (struct sockaddr *)(z + 1);
		memcpy(z->ai_addr, at->ai_addr, at->ai_addrlen);
		while (*found != NULL)
			found = &(*found)->ai_next;
		*found = z;
	}
	freeaddrinfo(list);
	return 0;
}

void
zsock_freeaddrinfo(struct zsock_addrinfo *found)
{
	while (found != NULL) {
		struct zsock_addrinfo *next = found->ai_next;

		free(found);
		found = next;
	}
}

int
zsock_socket(int family, int type, int protocol)
{
	is_tls = protocol == IPPROTO_TLS_1_2;
	return socket(family, type, is_tls ? IPPROTO_TCP : protocol);
}

int
zsock_setsockopt(int fd, int level, int option, const void *value, socklen_t n)
{
	(void)fd;
	if (level != SOL_TLS)
		return -1;
	if (option == TLS_SEC_TAG_LIST)
		has_tag = *(const int *)value == CONFIG_LIBSMTP_SEC_TAG;
	if (option == TLS_PEER_VERIFY)
		has_check = *(const int *)value == TLS_PEER_VERIFY_REQUIRED;
	if (option == TLS_HOSTNAME && n <= sizeof name)
		memcpy(name, value, n);
	return 0;
}

int
zsock_connect(int fd, const struct sockaddr *at, socklen_t n)
{
	char address[128], both[256];
	int tunnel;

	if (!is_tls)
		return connect(fd, at, n);
	if (!has_tag || !has_check || name[0] == '\0' || getnameinfo(at, n,
	    address, sizeof address, NULL, 0, NI_NUMERICHOST) != 0)
		return -1;
	snprintf(both, sizeof both, strchr(address, ':') != NULL ?
	    "[%s]:%s" : "%s:%s", address, service);
	tunnel = s_client_open(both, name);
	if (tunnel < 0)
		return -1;
	dup2(tunnel, fd);
	close(tunnel);
	return 0;
}

ssize_t
zsock_recv(int fd, void *p, size_t n, int flags)
{
	return recv(fd, p, n, flags & ZSOCK_MSG_DONTWAIT ? MSG_DONTWAIT : 0);
}

ssize_t
zsock_send(int fd, const void *p, size_t n, int flags)
{
	return send(fd, p, n, MSG_NOSIGNAL |
	    (flags & ZSOCK_MSG_DONTWAIT ? MSG_DONTWAIT : 0));
}

int
zsock_poll(struct zsock_pollfd *at, int n, int ms)
{
	struct pollfd plain = { at->fd, at->events, 0 };

	return poll(&plain, (nfds_t)n, ms);
}

int
zsock_close(int fd)
{
	return close(fd);
}

int
main(int argc, char **argv)
{
	static struct smtp_zephyr z;
	static struct smtp_task task;
	int rc = argc < 7 ? SMTP_E_ARGUMENT :
	    smtp_zephyr_open(&z, &task, argv[1], argv[2]);

	return rc == SMTP_OK ? mail_send(&task, argc, argv) : mail_status(rc);
}
