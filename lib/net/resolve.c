/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE

#include "net/resolve.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef _WIN32
#include <netdb.h>
#include <netinet/in.h>
#endif

#include <smtp/config.h>
#include <smtp/status.h>

#include "net/identity.h"
#include "net/lock.h"
#include "text/ascii.h"

enum { ANSWERS_MAX = 64 };       /* that are taken of a program's resolver */

/*
 * Until `done` the thread alone touches what stands below it, from then on the
 * caller alone. An atomic count and not a mutex: after fork a child may free
 * its copy, and there nobody would unlock it. (It then leaks what the thread
 * holds, which is in the parent.)
 */
struct smtp__lookup {
	atomic_int users;
	int fd, thread_fd;
	char port[8];
	unsigned number;                /* the same                         */
	atomic_bool done;
	int status;
	const char *words;
	struct smtp__address *addresses;
	size_t n;
	int family;
	struct smtp_resolver resolver;  /* of the program, if `own`         */
	bool own;
	void *handle;                   /* of its lookup, until that ended  */
	uint64_t due_ms;
	char host[];
};

static void
release(struct smtp__lookup *lookup)
{
	if (atomic_fetch_sub(&lookup->users, 1) > 1)
		return;
	free(lookup->addresses);
	free(lookup);
}

static void
fail(struct smtp__lookup *lookup, int status, const char *words)
{
	lookup->status = status;
	lookup->words = words;
}

/* RFC 8305 section 4: the two families in turn, each in its own order. */
static void
interleave(struct smtp__lookup *lookup)
{
	struct smtp__address *list = lookup->addresses, other;

	for (size_t i = 1; i < lookup->n; i++) {
		int before = list[i - 1].to.ss_family;
		size_t k = i;

		while (k < lookup->n && list[k].to.ss_family == before)
			k++;
		if (k == lookup->n)
			break;
		other = list[k];
		memmove(list + i + 1, list + i, (k - i) * sizeof *list);
		list[i] = other;
	}
	if (lookup->n == 0)
		fail(lookup, SMTP_E_RESOLVE, "the name has no address");
}

static void
keep(struct smtp__lookup *lookup, const struct addrinfo *list)
{
	size_t n = 0;

	for (const struct addrinfo *i = list; i != NULL; i = i->ai_next)
		n++;
	lookup->addresses = calloc(n, sizeof *lookup->addresses);
	if (lookup->addresses == NULL) {
		fail(lookup, SMTP_E_MEMORY, "no memory");
		return;
	}
	for (; list != NULL; list = list->ai_next) {
		struct smtp__address *to = &lookup->addresses[lookup->n];

		if (list->ai_addrlen > sizeof to->to)
			continue;
		memcpy(&to->to, list->ai_addr, list->ai_addrlen);
		to->n = (socklen_t)list->ai_addrlen;
		lookup->n++;
	}
	interleave(lookup);
}

/*
 * RFC 6761 section 6.3: "localhost" and names below it are loopback, and no
 * name server is asked. (A system without /etc/hosts would do so.)
 */
static bool
is_localhost(const char *host)
{
	static const char localhost[] = "localhost";
	size_t length = sizeof localhost - 1, n = strlen(host);

	if (n > 0 && host[n - 1] == '.')
		n--;
	if (n < length || (n > length && host[n - length - 1] != '.'))
		return false;
	return smtp__same(host + n - length, length, localhost, length);
}

static void
look_home(struct smtp__lookup *lookup, unsigned port)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = in6addr_loopback
	};
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};

	lookup->addresses = calloc(2, sizeof *lookup->addresses);
	if (lookup->addresses == NULL) {
		fail(lookup, SMTP_E_MEMORY, "no memory");
	} else {
		memcpy(&lookup->addresses[0].to, &in6, sizeof in6);
		lookup->addresses[0].n = sizeof in6;
		memcpy(&lookup->addresses[1].to, &in, sizeof in);
		lookup->addresses[1].n = sizeof in;
		lookup->n = 2;
	}
	atomic_store(&lookup->done, true);
}

/* The codes in words of ours: gai_strerror() speaks the user's language. */
static void
refuse(struct smtp__lookup *lookup, int error)
{
	switch (error) {
	case EAI_NONAME:
		fail(lookup, SMTP_E_RESOLVE, "no such host name");
		break;
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
	case EAI_NODATA:
		fail(lookup, SMTP_E_RESOLVE, "the name has no address");
		break;
#endif
	case EAI_AGAIN:
		fail(lookup, SMTP_E_RESOLVE,
		    "the name server does not answer; try again later");
		break;
	case EAI_FAIL:
		fail(lookup, SMTP_E_RESOLVE, "the name server failed");
		break;
	case EAI_MEMORY:
		fail(lookup, SMTP_E_MEMORY, "no memory for the name lookup");
		break;
	default:
		fail(lookup, SMTP_E_RESOLVE, "the name lookup failed");
		break;
	}
}

static void
look_up(struct smtp__lookup *lookup, int flags)
{
	struct addrinfo hints = {
		.ai_family = lookup->family == 4 ? AF_INET :
		    lookup->family == 6 ? AF_INET6 : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = flags | AI_NUMERICSERV
	};
	struct addrinfo *list = NULL;
	int error = EAI_FAIL;

	if (smtp__socket_hold()) {       /* GCOVR_EXCL_BR_LINE: of Windows */
		error = getaddrinfo(lookup->host, lookup->port, &hints,
		    &list);
		if (error == 0)
			keep(lookup, list);
		if (list != NULL)
			freeaddrinfo(list);
		smtp__socket_let_go();
	}
	if (error != 0)
		refuse(lookup, error);
	atomic_store(&lookup->done, true);
}

#if SMTP_WITH_THREADS

static void *
run(void *ctx)
{
	struct smtp__lookup *lookup = ctx;

	look_up(lookup, 0);
	smtp__socket_wake(lookup->thread_fd);
	smtp__socket_close(lookup->thread_fd);
	release(lookup);
	return NULL;
}

static void
look_up_aside(struct smtp__lookup *lookup)
{
	int fd[2];

	if (smtp__socket_pair(fd) != 0) {
		fail(lookup, SMTP_E_RESOLVE,
		    "no descriptors for the name lookup");
		atomic_store(&lookup->done, true);
		return;
	}
	lookup->fd = fd[0];
	lookup->thread_fd = fd[1];
	atomic_store(&lookup->users, 2);
	if (smtp__thread_start(run, lookup))
		return;
	atomic_store(&lookup->users, 1);
	smtp__socket_close(lookup->thread_fd);
	fail(lookup, SMTP_E_RESOLVE, "no thread for the name lookup");
	atomic_store(&lookup->done, true);
}

#else

static void
look_up_aside(struct smtp__lookup *lookup)
{
	look_up(lookup, 0);
}

#endif

/* ---- a resolver of the program's */

static void
ask(struct smtp__lookup *lookup)
{
	lookup->own = true;
	lookup->handle = lookup->resolver.start(lookup->resolver.ctx,
	    lookup->host, lookup->family);
	if (lookup->handle != NULL)
		return;
	fail(lookup, SMTP_E_MEMORY, "no memory for the name lookup");
	atomic_store(&lookup->done, true);
}

static void
collect(struct smtp__lookup *lookup)
{
	const char *ip;

	lookup->addresses = calloc(ANSWERS_MAX, sizeof *lookup->addresses);
	if (lookup->addresses == NULL) {
		fail(lookup, SMTP_E_MEMORY, "no memory");
		return;
	}
	for (size_t i = 0; i < ANSWERS_MAX && (ip =
	    lookup->resolver.address(lookup->handle, i)) != NULL; i++)
		if (smtp__address_ip(&lookup->addresses[lookup->n], ip,
		    lookup->number))
			lookup->n++;
	interleave(lookup);
}

/* A mask while it looks; then all is known, and the lookup is ended. */
static int
ask_on(struct smtp__lookup *lookup)
{
	int rc;

	lookup->due_ms = UINT64_MAX;
	rc = lookup->resolver.step(lookup->handle, &lookup->due_ms);
	if (rc > 0)
		return rc & (SMTP_WANT_READ | SMTP_WANT_WRITE) ? rc :
		    SMTP_WANT_TIME;
	if (rc == SMTP_OK)
		collect(lookup);
	else if (rc == SMTP_E_MEMORY)
		fail(lookup, rc, "no memory for the name lookup");
	else
		fail(lookup, SMTP_E_RESOLVE,
		    "no such host name, or nobody who knows it");
	lookup->resolver.end(lookup->handle);
	lookup->handle = NULL;
	atomic_store(&lookup->done, true);
	return 0;
}

/* ---- all of them */

struct smtp__lookup *
smtp__lookup_start(const char *host, unsigned port, int family,
    const struct smtp_resolver *resolver)
{
	unsigned char ip[16];
	size_t n = strlen(host) + 1;
	struct smtp__lookup *lookup = calloc(1, sizeof *lookup + n);

	if (lookup == NULL)
		return NULL;
	memcpy(lookup->host, host, n);
	lookup->number = port;
	(void)snprintf(lookup->port, sizeof lookup->port, "%u", port);
	lookup->fd = lookup->thread_fd = -1;
	lookup->due_ms = UINT64_MAX;
	atomic_init(&lookup->users, 1);
	atomic_init(&lookup->done, false);
	if (smtp__identity_ip(host, ip) > 0) {
		look_up(lookup, AI_NUMERICHOST);
		return lookup;
	}
	if (is_localhost(host)) {
		look_home(lookup, port);
		return lookup;
	}
	lookup->family = family;
#if SMTP_WITH_CARES
	if (resolver == NULL)
		resolver = &smtp__resolver_cares;
#endif
	if (resolver != NULL) {
		lookup->resolver = *resolver;
		ask(lookup);
	} else {
		look_up_aside(lookup);
	}
	return lookup;
}

int
smtp__lookup_step(struct smtp__lookup *lookup,
    const struct smtp__address **addresses, size_t *n)
{
	int rc = 0;

	if (!atomic_load(&lookup->done))
		rc = lookup->own ? ask_on(lookup) : SMTP_WANT_READ;
	if (rc > 0)
		return rc;
	*addresses = lookup->addresses;
	*n = lookup->n;
	return lookup->status;
}

int
smtp__lookup_fd(const struct smtp__lookup *lookup)
{
	if (lookup->handle != NULL && lookup->resolver.fd != NULL)
		return lookup->resolver.fd(lookup->handle);
	return lookup->fd;
}

uint64_t
smtp__lookup_due_ms(const struct smtp__lookup *lookup)
{
	return lookup->due_ms;
}

const char *
smtp__lookup_words(const struct smtp__lookup *lookup)
{
	return lookup->words;
}

void
smtp__lookup_free(struct smtp__lookup *lookup)
{
	if (lookup == NULL)
		return;
	if (lookup->handle != NULL)
		lookup->resolver.end(lookup->handle);
	smtp__socket_close(lookup->fd);
	release(lookup);
}
