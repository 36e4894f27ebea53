/* SPDX-License-Identifier: MIT */
/*
 * Name lookup by c-ares, which needs no thread: a resolver as transport.h
 * describes it, in the place of the system's. Built by WITH_CARES=yes.
 */
#define _DEFAULT_SOURCE

#include "net/resolve.h"

#if SMTP_WITH_CARES

#include <ares.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/net.h"

/* Several sockets may be open, and one can be shown: look after the rest. */
#define LOOK_MS 50

struct question {
	ares_channel channel;
	bool done;
	int status;              /* of c-ares                               */
	struct ares_addrinfo *answer;
	char text[INET6_ADDRSTRLEN];
};

static void
take(void *ctx, int status, int timeouts, struct ares_addrinfo *answer)
{
	struct question *q = ctx;

	(void)timeouts;
	q->done = true;
	q->status = status;
	q->answer = answer;
}

static void
cares_end(void *lookup)
{
	struct question *q = lookup;

	ares_destroy(q->channel);        /* takes with "destroyed" */
	ares_freeaddrinfo(q->answer);
	free(q);
}

/*
 * Without ares_library_init(): it does nothing but on Windows, and is not for
 * a library to call.
 */
static void *
cares_start(void *ctx, const char *host, int family)
{
	const struct ares_addrinfo_hints hints = {
		.ai_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 :
		    AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = ARES_AI_NUMERICSERV
	};
	const char *servers = ctx;
	struct question *q = calloc(1, sizeof *q);

	if (q == NULL)
		return NULL;
	if (ares_init(&q->channel) != ARES_SUCCESS) {
		free(q);
		return NULL;
	}
	if (servers != NULL && ares_set_servers_ports_csv(q->channel,
	    servers) != ARES_SUCCESS) {
		cares_end(q);
		return NULL;
	}
	ares_getaddrinfo(q->channel, host, NULL, &hints, take, q);
	return q;
}

/* The sockets that are open: their number, and what each waits for. */
static size_t
sockets(const struct question *q, struct pollfd list[ARES_GETSOCK_MAXNUM])
{
	ares_socket_t open[ARES_GETSOCK_MAXNUM];
	unsigned bits = (unsigned)ares_getsock(q->channel, open,
	    ARES_GETSOCK_MAXNUM);
	size_t n = 0;

	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		bool in = ARES_GETSOCK_READABLE(bits, i) != 0;
		bool out = ARES_GETSOCK_WRITABLE(bits, i) != 0;

		if (!in && !out)
			break;
		list[n].fd = open[i];
		list[n].events = (short)((in ? POLLIN : 0) |
		    (out ? POLLOUT : 0));
		list[n++].revents = 0;
	}
	return n;
}

static void
go_on(struct question *q)
{
	struct pollfd list[ARES_GETSOCK_MAXNUM];
	size_t n = sockets(q, list);

	if (n > 0 && poll(list, n, 0) > 0)
		for (size_t i = 0; i < n; i++)
			ares_process_fd(q->channel, list[i].revents &
			    ~POLLOUT ? list[i].fd : ARES_SOCKET_BAD,
			    list[i].revents & POLLOUT ? list[i].fd :
			    ARES_SOCKET_BAD);
	/* whose time is over */
	ares_process_fd(q->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static int
cares_step(void *lookup, uint64_t *due_ms)
{
	struct pollfd list[ARES_GETSOCK_MAXNUM];
	struct question *q = lookup;
	struct timeval left = { 0 };
	uint64_t wait_ms;
	size_t n;

	if (!q->done)
		go_on(q);
	if (q->done)
		return q->status == ARES_SUCCESS ? SMTP_OK :
		    q->status == ARES_ENOMEM ? SMTP_E_MEMORY : SMTP_E_RESOLVE;
	n = sockets(q, list);
	if (ares_timeout(q->channel, NULL, &left) != NULL) {
		wait_ms = (uint64_t)left.tv_sec * 1000 +
		    (uint64_t)left.tv_usec / 1000 + 1;
		if (n > 1 && wait_ms > LOOK_MS)
			wait_ms = LOOK_MS;
		*due_ms = smtp__net_now_ms() + wait_ms;
	}
	if (n == 0)
		return SMTP_WANT_TIME;
	return (list[0].events & POLLIN ? SMTP_WANT_READ : 0) |
	    (list[0].events & POLLOUT ? SMTP_WANT_WRITE : 0);
}

static const char *
cares_address(void *lookup, size_t i)
{
	struct question *q = lookup;
	const struct ares_addrinfo_node *node = q->answer->nodes;
	struct smtp__address address = { .n = 0 };

	while (node != NULL && i-- > 0)
		node = node->ai_next;
	if (node == NULL)
		return NULL;
	if (node->ai_addrlen <= sizeof address.to)
		memcpy(&address.to, node->ai_addr, node->ai_addrlen);
	smtp__address_text(&address, q->text, sizeof q->text);
	return q->text;
}

static int
cares_fd(void *lookup)
{
	struct pollfd list[ARES_GETSOCK_MAXNUM];

	return sockets(lookup, list) > 0 ? list[0].fd : -1;
}

const struct smtp_resolver smtp__resolver_cares = { cares_start, cares_step,
	cares_address, cares_fd, cares_end, NULL };

#endif
