/* SPDX-License-Identifier: MIT */
/* What FreeRTOS+TCP does, by the sockets that are here. */
#define _DEFAULT_SOURCE
#include <FreeRTOS_Sockets.h>
#include <task.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>

#include <smtp_freertos.h>

#include "mail.h"

/* Few octets fit at a time, so that "not now" is met, too. */
enum { FITS = 97 };

struct xSOCKET {
	int fd;
	int turn;
};

struct xSOCKET_SET {
	struct pollfd at;
};

TickType_t
xTaskGetTickCount(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (TickType_t)(((uint64_t)now.tv_sec * 1000 +
	    (uint64_t)now.tv_nsec / 1000000) / STUB_TICK_MS);
}

uint32_t
FreeRTOS_gethostbyname(const char *host)
{
	struct addrinfo hints = { .ai_family = AF_INET }, *found;
	struct sockaddr_in at;

	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return 0;
	memcpy(&at, found->ai_addr, sizeof at);
	freeaddrinfo(found);
	return at.sin_addr.s_addr;
}

Socket_t
FreeRTOS_socket(BaseType_t domain, BaseType_t type, BaseType_t protocol)
{
	Socket_t s = calloc(1, sizeof *s);

	if (s == NULL || domain != FREERTOS_AF_INET ||
	    type != FREERTOS_SOCK_STREAM || protocol != FREERTOS_IPPROTO_TCP)
		abort();
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	return s;
}

BaseType_t
FreeRTOS_setsockopt(Socket_t socket, int32_t level, int32_t name,
    const void *value, size_t n)
{
	(void)socket;
	(void)value;
	if (level != 0 || n != sizeof(TickType_t) ||
	    (name != FREERTOS_SO_RCVTIMEO && name != FREERTOS_SO_SNDTIMEO))
		abort();
	return 0;
}

BaseType_t
FreeRTOS_connect(Socket_t socket, const struct freertos_sockaddr *from,
    uint32_t n)
{
	struct sockaddr_in at = { .sin_family = AF_INET };

	if (n != sizeof *from || from->sin_family != FREERTOS_AF_INET)
		abort();
	at.sin_port = from->sin_port;
#ifdef STUB_OLD_ADDRESS
	at.sin_addr.s_addr = from->sin_addr;
#else
	at.sin_addr.s_addr = from->sin_address.ulIP_IPv4;
#endif
	return connect(socket->fd, (struct sockaddr *)&at, sizeof at) == 0 ?
	    0 : -pdFREERTOS_ERRNO_ENOTCONN;
}

static BaseType_t
result(ssize_t n)
{
	if (n > 0)
		return n;
	if (n < 0 && errno == EAGAIN)
		return 0;
	return -pdFREERTOS_ERRNO_ENOTCONN;
}

BaseType_t
FreeRTOS_recv(Socket_t socket, void *p, size_t n, BaseType_t flags)
{
	if (flags != FREERTOS_MSG_DONTWAIT)
		abort();
	return result(recv(socket->fd, p, n, MSG_DONTWAIT));
}

BaseType_t
FreeRTOS_send(Socket_t socket, const void *p, size_t n, BaseType_t flags)
{
	if (flags != FREERTOS_MSG_DONTWAIT)
		abort();
	if (socket->turn++ % 3 == 2)
		return socket->turn % 2 != 0 ? 0 : -pdFREERTOS_ERRNO_ENOSPC;
	return result(send(socket->fd, p, n < FITS ? n : FITS,
	    MSG_DONTWAIT | MSG_NOSIGNAL));
}

BaseType_t
FreeRTOS_shutdown(Socket_t socket, BaseType_t how)
{
	(void)how;
	return shutdown(socket->fd, SHUT_RDWR);
}

BaseType_t
FreeRTOS_closesocket(Socket_t socket)
{
	close(socket->fd);
	free(socket);
	return 1;
}

SocketSet_t
FreeRTOS_CreateSocketSet(void)
{
	SocketSet_t set = calloc(1, sizeof *set);

	if (set != NULL)
		set->at.fd = -1;
	return set;
}

void
FreeRTOS_DeleteSocketSet(SocketSet_t set)
{
	free(set);
}

void
FreeRTOS_FD_SET(Socket_t socket, SocketSet_t set, EventBits_t bits)
{
	set->at.fd = socket->fd;
	if (bits & eSELECT_READ)
		set->at.events |= POLLIN;
	if (bits & eSELECT_WRITE)
		set->at.events |= POLLOUT;
}

void
FreeRTOS_FD_CLR(Socket_t socket, SocketSet_t set, EventBits_t bits)
{
	(void)socket;
	if (bits == eSELECT_ALL)
		set->at.events = 0;
}

BaseType_t
FreeRTOS_select(SocketSet_t set, TickType_t ticks)
{
	return poll(&set->at, 1, (int)(ticks * STUB_TICK_MS));
}

/* ---- the program */

static int
random_octets(void *ctx, unsigned char *p, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++)
		if (getentropy(p + i, 1) != 0)
			return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	static struct smtp_freertos port;
	static struct smtp_task task;
	static mbedtls_ssl_config config;
	static mbedtls_x509_crt ca;
	const char *file = getenv("SMTP_CA_FILE");
	int rc;

	if (argc < 7)
		return 64;
	mbedtls_ssl_config_init(&config);
	mbedtls_x509_crt_init(&ca);
	if (file != NULL && mbedtls_x509_crt_parse_file(&ca, file) != 0)
		return 64;
	if (mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT,
	    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return 70;
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(&config, &ca, NULL);
	mbedtls_ssl_conf_rng(&config, random_octets, NULL);
	rc = smtp_freertos_open(&port, &task, argv[1],
	    (uint16_t)strtoul(argv[2], NULL, 10),
	    file != NULL ? &config : NULL);
	rc = rc == SMTP_OK ? mail_send(&task, argc, argv) : mail_status(rc);
	mbedtls_ssl_config_free(&config);
	mbedtls_x509_crt_free(&ca);
	return rc;
}
