/* SPDX-License-Identifier: MIT */
/*
 * What stands around the library: a transport, sockets and the rest of the
 * system, and a clock that moves only when somebody waits. The functions of
 * the system are called as __wrap_NAME for NAME, which the linker arranges.
 */
#define _GNU_SOURCE
#include "check.h"

#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HOUR_MS UINT64_C(3600000)

struct world *the_world;
static uint64_t now_ms = 1000000000;

/*
 * ---- certificates: RSA is soon verified; elliptic curves are for those who
 * ask
 */

struct cert world_ca, world_cert, world_cert_ec, world_client;
char *world_ca_pem, *world_client_pem, *world_dkim_pem;

void
certificates_make(void)
{
	static const struct cert_plan ca = { .name = "torture CA",
	    .ca = true, .rsa = 2048 };
	static const struct cert_plan cert = { .name = "mail.example.com",
	    .dns = { "mail.example.com", NULL }, .rsa = 2048 };
	static const struct cert_plan ec = { .name = "mail.example.com",
	    .dns = { "mail.example.com", NULL } };
	static const struct cert_plan client = { .name = "client",
	    .for_clients = true };
	static const struct cert_plan dkim = { .name = "dkim", .rsa = 2048 };
	struct cert signer;

	cert_make(&world_ca, &ca, NULL);
	cert_make(&world_cert, &cert, &world_ca);
	cert_make(&world_cert_ec, &ec, &world_ca);
	cert_make(&world_client, &client, &world_ca);
	cert_make(&signer, &dkim, NULL);
	world_ca_pem = cert_pem(&world_ca, false);
	world_client_pem = cert_pem(&world_client, true);
	world_dkim_pem = cert_pem(&signer, true);
	cert_free(&signer);
}

void
certificates_free(void)
{
	cert_free(&world_ca);
	cert_free(&world_cert);
	cert_free(&world_cert_ec);
	cert_free(&world_client);
	free(world_ca_pem);
	free(world_client_pem);
	free(world_dkim_pem);
}

/* ---- begin and end */

void
world_begin(struct world *world, const struct play *play)
{
	memset(world, 0, sizeof *world);
	world->play = play;
	the_world = world;
}

void
world_end(struct world *world)
{
	for (size_t i = 0; i < world->connection_count; i++)
		connection_free(&world->connections[i]);
	the_world = NULL;
}

static struct connection *
new_connection(struct world *world, enum server_mode mode)
{
	struct connection *c;

	if (world->connection_count == CONNECTIONS_MAX)
		abort();
	c = &world->connections[world->connection_count++];
	connection_open(c, world, mode);
	return c;
}

/* The moment at which a program would call from elsewhere. */
static void
step_point(struct world *world)
{
	if (fault_at(SITE_STEP, NULL) != EFFECT_NONE && world->smtp != NULL)
		smtp_cancel(world->smtp);
}

/* ---- a transport of the program's */

static ptrdiff_t
transport_read(void *ctx, void *p, size_t n)
{
	struct connection *c = ctx;
	enum effect effect = fault_at(SITE_READ, NULL);

	assert_true(n > 0);
	assert_false(c->closed);
	step_point(c->world);
	if (effect == EFFECT_WAIT)
		return SMTP_IO_WANT_READ;
	if (effect == EFFECT_FAIL || effect == EFFECT_END)
		c->broken = true;
	if (c->broken)
		return effect == EFFECT_FAIL ? SMTP_IO_FAILED :
		    SMTP_IO_CLOSED;
	if (effect == EFFECT_SHORT)
		n = 1;
	if (effect == EFFECT_ALMOST && c->wire.down.n > 1 &&
	    n >= c->wire.down.n)
		n = c->wire.down.n - 1;
	n = connection_get(c, p, n);
	if (n == 0)
		return c->wire.down.ended ? SMTP_IO_CLOSED :
		    SMTP_IO_WANT_READ;
	return (ptrdiff_t)n;
}

static ptrdiff_t
transport_write(void *ctx, const void *p, size_t n)
{
	struct connection *c = ctx;
	enum effect effect = fault_at(SITE_WRITE, NULL);

	assert_true(n > 0);
	assert_false(c->closed);
	step_point(c->world);
	if (effect == EFFECT_WAIT)
		return SMTP_IO_WANT_WRITE;
	fault_pause();
	if (effect == EFFECT_LOST)
		connection_put(c, p, n);
	if (effect == EFFECT_FAIL || effect == EFFECT_END ||
	    effect == EFFECT_LOST)
		c->broken = true;
	if (effect == EFFECT_SHORT)
		n = 1;
	if (effect == EFFECT_ALMOST && n > 1)
		n--;
	if (!c->broken)
		connection_put(c, p, n);
	fault_resume();
	if (c->broken)
		return effect == EFFECT_FAIL ? SMTP_IO_FAILED :
		    SMTP_IO_CLOSED;
	return (ptrdiff_t)n;
}

static void
transport_close(void *ctx)
{
	struct connection *c = ctx;

	assert_false(c->closed);
	c->closed = true;
	c->wire.closed = true;
	c->world->transports--;
}

struct smtp_transport
world_transport(struct world *world)
{
	struct smtp_transport transport = {
		transport_read, transport_write, transport_close, NULL, NULL
	};

	fault_pause();
	transport.ctx = new_connection(world, SERVER_LINES);
	fault_resume();
	world->transports++;
	return transport;
}

/* ---- hooks */

uint64_t
world_now_ms(void)
{
	return now_ms;
}

void
world_pass(uint64_t ms)
{
	now_ms += ms;
}

int
world_clock(void *ctx, int64_t *seconds, int *zone)
{
	(void)ctx;
	if (fault_at(SITE_WALL, NULL) != EFFECT_NONE)
		return -1;
	*seconds = 1795000000;
	*zone = 60;
	return 0;
}

int
world_random(void *ctx, void *p, size_t n)
{
	struct world *world = ctx;
	unsigned char *at = p;

	if (fault_at(SITE_RANDOM, NULL) != EFFECT_NONE)
		return -1;
	while (n-- > 0)
		*at++ = (unsigned char)(world->random++ * 167 >> 3);
	return 0;
}

int
world_token(void *ctx, const char *user, int refused, char *token,
    size_t room)
{
	enum effect effect = fault_at(SITE_TOKEN, NULL);

	(void)ctx;
	assert_string_equal(user, USER);
	assert_int_equal(refused, 0);
	if (effect == EFFECT_WAIT)
		return 1;
	if (effect != EFFECT_NONE || room < sizeof TOKEN)
		return -1;
	memcpy(token, TOKEN, sizeof TOKEN);
	return 0;
}

/* A resolver that answers at the second question. */
struct lookup {
	unsigned asked;
};

static void *
lookup_start(void *ctx, const char *host, int family)
{
	int error = 0;

	(void)ctx;
	(void)family;
	assert_string_equal(host, "mail.example.com");
	if (fault_at(SITE_RESOLVER, &error) == EFFECT_FAIL)
		return NULL;
	return calloc(1, sizeof(struct lookup));
}

static int
lookup_step(void *ctx, uint64_t *due_ms)
{
	struct lookup *lookup = ctx;
	int error = 0;
	enum effect effect = fault_at(SITE_RESOLVER, &error);

	*due_ms = now_ms + 10;
	if (effect == EFFECT_FAIL)
		return error;
	return lookup->asked++ == 0 || effect == EFFECT_WAIT ?
	    SMTP_WANT_TIME : SMTP_OK;
}

static const char *
lookup_address(void *ctx, size_t i)
{
	static const char *const addresses[] = {
		"2001:db8::9", "192.0.2.9", "192.0.2.1", NULL
	};

	(void)ctx;
	return addresses[i];
}

const struct smtp_resolver world_resolver = {
	lookup_start, lookup_step, lookup_address, NULL, free, NULL
};

/* ---- sockets: their numbers are beyond those of the system */

enum { SOCKETS = 64, FIRST = 1000000 };

/* 192.0.2.9 refuses, 2001:db8::9 never answers; all others are the server. */
static struct socket {
	bool used;
	enum { NEW, DIALLING, REFUSED, SILENT, CONNECTED, PAIR } state;
	struct connection *c;
	int family;
	int other;               /* of a pair                               */
	bool ready;
} sockets[SOCKETS];

static struct socket *
socket_of(int fd)
{
	if (fd < FIRST || fd >= FIRST + SOCKETS)
		return NULL;
	assert_true(sockets[fd - FIRST].used);
	return &sockets[fd - FIRST];
}

unsigned
world_open(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < SOCKETS; i++)
		n += sockets[i].used;
	return n;
}

static int
new_socket(void)
{
	for (int i = 0; i < SOCKETS; i++)
		if (!sockets[i].used) {
			memset(&sockets[i], 0, sizeof sockets[i]);
			sockets[i].used = true;
			return FIRST + i;
		}
	abort();
}

static int
fails(enum site site)
{
	int error = 0;

	if (fault_at(site, &error) == EFFECT_NONE)
		return 0;
	errno = error;
	return -1;
}

#define REAL(type, name, ...) extern type __real_ ## name(__VA_ARGS__); \
	extern type __wrap_ ## name(__VA_ARGS__)

REAL(int, clock_gettime, clockid_t clock, struct timespec *now);
REAL(int, getentropy, void *p, size_t n);
REAL(int, socket, int family, int type, int protocol);
REAL(int, socketpair, int family, int type, int protocol, int fd[2]);
REAL(int, connect, int fd, const struct sockaddr *to, socklen_t n);
REAL(int, bind, int fd, const struct sockaddr *to, socklen_t n);
REAL(int, close, int fd);
REAL(int, fcntl, int fd, int command, ...);
REAL(int, getsockopt, int fd, int level, int name, void *p, socklen_t *n);
REAL(int, setsockopt, int fd, int level, int name, const void *p,
    socklen_t n);
REAL(int, getsockname, int fd, struct sockaddr *p, socklen_t *n);
REAL(int, getpeername, int fd, struct sockaddr *p, socklen_t *n);
REAL(ssize_t, recv, int fd, void *p, size_t n, int flags);
REAL(ssize_t, send, int fd, const void *p, size_t n, int flags);
REAL(int, poll, struct pollfd *p, nfds_t n, int ms);
REAL(int, getaddrinfo, const char *host, const char *port,
    const struct addrinfo *hints, struct addrinfo **list);
REAL(void, freeaddrinfo, struct addrinfo *list);
REAL(pid_t, getpid, void);
REAL(int, pthread_create, pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *ctx);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	enum effect effect;

	if (the_world == NULL || clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, now);
	effect = fault_at(SITE_CLOCK, NULL);
	if (effect == EFFECT_FAR)
		now_ms += 3 * HOUR_MS;
	if (effect == EFFECT_NEAR)
		now_ms += 130000;
	now->tv_sec = (time_t)(now_ms / 1000);
	now->tv_nsec = (long)(now_ms % 1000 * 1000000);
	return 0;
}

/* Always the same octets, so that points stay where they are. */
int
__wrap_getentropy(void *p, size_t n)
{
	static uint64_t state = 88172645463325252u;
	unsigned char *at = p;

	if (fails(SITE_ENTROPY) < 0)
		return -1;
	while (n-- > 0) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		*at++ = (unsigned char)(state >> 32);
	}
	return 0;
}

int
__wrap_socket(int family, int type, int protocol)
{
	int fd;

	if (the_world == NULL)
		return __real_socket(family, type, protocol);
	if (fails(SITE_SOCKET) < 0)
		return -1;
	fd = new_socket();
	socket_of(fd)->family = family;
	return fd;
}

int
__wrap_socketpair(int family, int type, int protocol, int fd[2])
{
	if (the_world == NULL)
		return __real_socketpair(family, type, protocol, fd);
	if (fails(SITE_SOCKETPAIR) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		fd[i] = new_socket();
		socket_of(fd[i])->state = PAIR;
	}
	socket_of(fd[0])->other = fd[1];
	socket_of(fd[1])->other = fd[0];
	return 0;
}

static unsigned
port_of(const struct sockaddr *to)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memcpy(&in, to, sizeof in);
	if (to->sa_family == AF_INET)
		return ntohs(in.sin_port);
	memcpy(&in6, to, sizeof in6);
	return ntohs(in6.sin6_port);
}

static enum server_mode
mode_of(const struct sockaddr *to)
{
	if (to->sa_family == AF_UNIX)
		return SERVER_LINES;
	return port_of(to) == 1080 ? SERVER_SOCKS :
	    port_of(to) == 3128 ? SERVER_HTTP : SERVER_LINES;
}

static bool
ends_in_9(const struct sockaddr *to)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memcpy(&in, to, sizeof in);
	if (to->sa_family == AF_INET)
		return (ntohl(in.sin_addr.s_addr) & 255) == 9;
	if (to->sa_family != AF_INET6)
		return false;
	memcpy(&in6, to, sizeof in6);
	return in6.sin6_addr.s6_addr[15] == 9;
}

int
__wrap_connect(int fd, const struct sockaddr *to, socklen_t n)
{
	struct socket *s = socket_of(fd);
	int error = 0;
	enum effect effect;

	if (s == NULL)
		return __real_connect(fd, to, n);
	effect = fault_at(SITE_CONNECT, &error);
	errno = error;
	if (effect != EFFECT_NONE && error != EINTR)
		return -1;
	if (ends_in_9(to)) {
		s->state = to->sa_family == AF_INET ? REFUSED : SILENT;
		errno = EINPROGRESS;
		return -1;
	}
	fault_pause();
	s->c = new_connection(the_world, mode_of(to));
	fault_resume();
	s->state = CONNECTED;
	if (effect == EFFECT_NONE && to->sa_family == AF_UNIX)
		return 0;
	s->state = DIALLING;
	if (effect == EFFECT_NONE)
		errno = EINPROGRESS;
	return -1;
}

int
__wrap_bind(int fd, const struct sockaddr *to, socklen_t n)
{
	if (socket_of(fd) == NULL)
		return __real_bind(fd, to, n);
	return fails(SITE_BIND);
}

/* Closed it is in any case. */
int
__wrap_close(int fd)
{
	struct socket *s = socket_of(fd);

	if (s == NULL)
		return __real_close(fd);
	if (s->c != NULL)
		s->c->closed = s->c->wire.closed = true;
	if (s->state == PAIR && s->other >= 0)
		sockets[s->other - FIRST].other = -1;
	s->used = false;
	return fails(SITE_CLOSE);
}

int
__wrap_fcntl(int fd, int command, ...)
{
	va_list more;
	int n;

	va_start(more, command);
	n = va_arg(more, int);
	va_end(more);
	if (socket_of(fd) == NULL)
		return __real_fcntl(fd, command, n);
	return fails(SITE_FCNTL);
}

int
__wrap_getsockopt(int fd, int level, int name, void *p, socklen_t *n)
{
	struct socket *s = socket_of(fd);
	int value = 0;

	if (s == NULL)
		return __real_getsockopt(fd, level, name, p, n);
	if (fails(SITE_GETSOCKOPT) < 0)
		return -1;
	if (level == SOL_SOCKET && name == SO_TYPE)
		value = SOCK_STREAM;
	if (level == SOL_SOCKET && name == SO_ERROR && s->state == REFUSED)
		value = ECONNREFUSED;
	assert_true(*n >= sizeof value);
	memcpy(p, &value, sizeof value);
	return 0;
}

int
__wrap_setsockopt(int fd, int level, int name, const void *p, socklen_t n)
{
	if (socket_of(fd) == NULL)
		return __real_setsockopt(fd, level, name, p, n);
	return fails(SITE_SETSOCKOPT);
}

int
__wrap_getsockname(int fd, struct sockaddr *p, socklen_t *n)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct socket *s = socket_of(fd);

	if (s == NULL)
		return __real_getsockname(fd, p, n);
	if (fails(SITE_GETSOCKNAME) < 0)
		return -1;
	in.sin_addr.s_addr = htonl(0xc0000202);
	if (s->family == AF_UNIX)
		in.sin_family = AF_UNIX;
	assert_true(*n >= sizeof in);
	memcpy(p, &in, sizeof in);
	*n = sizeof in;
	return 0;
}

int
__wrap_getpeername(int fd, struct sockaddr *p, socklen_t *n)
{
	struct socket *s = socket_of(fd);

	if (s == NULL)
		return __real_getpeername(fd, p, n);
	errno = ENOTCONN;
	return s->state == CONNECTED ? 0 : -1;
}

/* What ends for good: reset, or what else `error` says; 0 is the end. */
static ssize_t
broken(struct connection *c, int error, int otherwise)
{
	c->broken = true;
	errno = error != 0 ? error : otherwise;
	return errno != 0 ? -1 : 0;
}

ssize_t
__wrap_recv(int fd, void *p, size_t n, int flags)
{
	struct socket *s = socket_of(fd);
	int error = 0;
	enum effect effect;
	size_t got;

	if (s == NULL)
		return __real_recv(fd, p, n, flags);
	assert_non_null(s->c);
	effect = fault_at(SITE_RECV, &error);
	step_point(the_world);
	if (effect == EFFECT_FAIL) {
		errno = error;
		return -1;
	}
	if (effect == EFFECT_END || s->c->broken)
		return broken(s->c, error, 0);
	if (effect == EFFECT_SHORT)
		n = 1;
	if (effect == EFFECT_ALMOST && s->c->wire.down.n > 1 &&
	    n >= s->c->wire.down.n)
		n = s->c->wire.down.n - 1;
	got = connection_get(s->c, p, n);
	if (got > 0 || s->c->wire.down.ended)
		return (ssize_t)got;
	errno = EAGAIN;
	return -1;
}

static ssize_t
send_on(struct connection *c, const void *p, size_t n)
{
	int error = 0;
	enum effect effect = fault_at(SITE_SEND, &error);

	step_point(the_world);
	if (effect == EFFECT_FAIL) {
		errno = error;
		return -1;
	}
	if (effect == EFFECT_SHORT)
		n = 1;
	if (effect == EFFECT_ALMOST && n > 1)
		n--;
	if (effect == EFFECT_END || c->broken)
		return broken(c, error, EPIPE);
	fault_pause();
	connection_put(c, p, n);
	fault_resume();
	return effect == EFFECT_LOST ? broken(c, error, EPIPE) : (ssize_t)n;
}

ssize_t
__wrap_send(int fd, const void *p, size_t n, int flags)
{
	struct socket *s = socket_of(fd);

	if (s == NULL)
		return __real_send(fd, p, n, flags);
	if (s->state != PAIR) {
		assert_non_null(s->c);
		return send_on(s->c, p, n);
	}
	if (s->other >= 0)
		sockets[s->other - FIRST].ready = true;
	return (ssize_t)n;
}

static short
ready(const struct pollfd *p)
{
	struct socket *s = p->fd >= 0 ? socket_of(p->fd) : NULL;

	if (s == NULL)
		return 0;
	switch (s->state) {
	case DIALLING:
		s->state = CONNECTED;
		return POLLOUT & p->events;
	case REFUSED:
		return POLLERR | POLLHUP | (p->events & POLLOUT);
	case CONNECTED:
		return (short)((connection_readable(s->c) ? POLLIN : 0) |
		    POLLOUT) & p->events;
	case PAIR:
		return s->ready ? p->events & POLLIN : 0;
	default:
		return 0;
	}
}

int
__wrap_poll(struct pollfd *p, nfds_t n, int ms)
{
	if (the_world == NULL || n != 1)
		return __real_poll(p, n, ms);
	step_point(the_world);
	if (fails(SITE_POLL) < 0)
		return -1;
	p->revents = ready(p);
	if (p->revents != 0)
		return 1;
	assert_true(ms >= 0);
	now_ms += (uint64_t)ms;
	return 0;
}

/* ---- names */

struct answer {
	struct addrinfo info;
	struct sockaddr_in in;
};

int
__wrap_getaddrinfo(const char *host, const char *port,
    const struct addrinfo *hints, struct addrinfo **list)
{
	struct answer *answer;
	bool numeric = hints->ai_flags & AI_NUMERICHOST;

	if (the_world == NULL)
		return __real_getaddrinfo(host, port, hints, list);
	if (!numeric && fault_at(SITE_LOOKUP, NULL) != EFFECT_NONE)
		return EAI_AGAIN;
	answer = calloc(1, sizeof *answer);
	if (answer == NULL)
		return EAI_MEMORY;
	answer->in.sin_family = AF_INET;
	answer->in.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, host, &answer->in.sin_addr) != 1)
		answer->in.sin_addr.s_addr = htonl(0xc0000201);
	answer->info.ai_family = AF_INET;
	answer->info.ai_addrlen = sizeof answer->in;
	answer->info.ai_addr = (struct sockaddr *)&answer->in;
	*list = &answer->info;
	return 0;
}

void
__wrap_freeaddrinfo(struct addrinfo *list)
{
	if (the_world == NULL)
		__real_freeaddrinfo(list);
	else
		free(list);
}

/* Whoever goes on with a fault is a fork, and the same process to us. */
pid_t
__wrap_getpid(void)
{
	return the_world == NULL ? __real_getpid() : 1;
}

/* A thread that is done at once. */
int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *ctx)
{
	if (the_world == NULL)
		return __real_pthread_create(thread, attr, run, ctx);
	if (fault_at(SITE_THREAD, NULL) != EFFECT_NONE)
		return EAGAIN;
	memset(thread, 0, sizeof *thread);
	(void)run(ctx);
	return 0;
}

/* ---- a program that steps */

void
world_wait(struct smtp *smtp, int want)
{
	struct pollfd p = { .fd = smtp_fd(smtp) };
	uint64_t due = smtp_due_ms(smtp);
	struct world *world = the_world;

	fault_pause();
	if (want & SMTP_WANT_READ)
		p.events |= POLLIN;
	if (want & SMTP_WANT_WRITE)
		p.events |= POLLOUT;
	if (p.fd >= 0 && ready(&p) != 0)
		due = now_ms;
	for (size_t i = 0; p.fd < 0 && i < world->connection_count; i++)
		if (world->connections[i].used && !world->connections[i].closed)
			due = now_ms + 5;
	if (want & (SMTP_WANT_SOURCE | SMTP_WANT_TOKEN))
		due = now_ms + 5;
	if (due > now_ms && due != UINT64_MAX)
		now_ms = due;
	fault_resume();
}
