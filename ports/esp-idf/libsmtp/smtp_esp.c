/* SPDX-License-Identifier: MIT */
#include "smtp_esp.h"

#include <errno.h>
#include <string.h>

#include <esp_crt_bundle.h>
#include <esp_random.h>
#include <esp_timer.h>
#include <lwip/netdb.h>
#include <lwip/sockets.h>
#include <sdkconfig.h>

#include "net/net.h"             /* smtp__net_now_ms() */

#if !CONFIG_MBEDTLS_CERTIFICATE_BUNDLE
#error "no certificate could be verified: set CONFIG_MBEDTLS_CERTIFICATE_BUNDLE"
#endif
#if !CONFIG_MBEDTLS_HAVE_TIME_DATE && !SMTP_TLS_WITHOUT_DATE
#error "expired certificates would pass: set CONFIG_MBEDTLS_HAVE_TIME_DATE and \
the clock (SNTP), or define SMTP_TLS_WITHOUT_DATE=1 if that is meant"
#endif

#define CONNECT_S 30

/* ---- the transport */

static ptrdiff_t
answer(int n, enum smtp_io want)
{
	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return want;
	return n == 0 || errno == ECONNRESET || errno == EPIPE ||
	    errno == ENOTCONN ? SMTP_IO_CLOSED : SMTP_IO_FAILED;
}

static ptrdiff_t
esp_read(void *ctx, void *p, size_t n)
{
	struct smtp_esp *esp = ctx;

	return answer((int)recv(esp->fd, p, n, MSG_DONTWAIT),
	    SMTP_IO_WANT_READ);
}

static ptrdiff_t
esp_write(void *ctx, const void *p, size_t n)
{
	struct smtp_esp *esp = ctx;

	return answer((int)send(esp->fd, p, n, MSG_DONTWAIT),
	    SMTP_IO_WANT_WRITE);
}

static void
esp_close(void *ctx)
{
	struct smtp_esp *esp = ctx;

	close(esp->fd);
	mbedtls_ssl_config_free(&esp->config);
}

static void
esp_wait(void *ctx, int want, uint32_t ms)
{
	struct smtp_esp *esp = ctx;
	struct timeval most = { (time_t)(ms / 1000),
	    (suseconds_t)(ms % 1000 * 1000) };
	fd_set in, out;

	FD_ZERO(&in);
	FD_ZERO(&out);
	if (want & SMTP_WANT_READ)
		FD_SET(esp->fd, &in);
	if (want & SMTP_WANT_WRITE)
		FD_SET(esp->fd, &out);
	(void)select(esp->fd + 1, &in, &out, NULL, &most);
}

/* ---- clock, random octets, TLS */

uint64_t
smtp__net_now_ms(void)
{
	return (uint64_t)esp_timer_get_time() / 1000;
}

static uint32_t
esp_now(void *ctx)
{
	(void)ctx;
	return (uint32_t)smtp__net_now_ms();
}

static int
esp_rng(void *ctx, unsigned char *p, size_t n)
{
	(void)ctx;
	esp_fill_random(p, n);
	return 0;
}

static int
esp_secure(struct smtp_task *task)
{
	struct smtp_esp *esp = task->ctx;
	mbedtls_ssl_config *config = &esp->config;

	if (mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT,
	    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
	    esp_crt_bundle_attach(config) != ESP_OK)
		return SMTP_E_MEMORY;
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_rng(config, esp_rng, NULL);
	return smtp_task_tls(task, config, esp->host);
}

/* ---- to connect */

static int
connect_to(const struct addrinfo *at)
{
	struct timeval most = { CONNECT_S, 0 };
	int fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);

	if (fd < 0)
		return fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
	if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
		return fd;
	close(fd);
	return -1;
}

int
smtp_esp_open(struct smtp_esp *esp, struct smtp_task *task, const char *host,
    const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int one = 1;

	if (getaddrinfo(host, port, &hints, &found) != 0 || found == NULL)
		return SMTP_E_RESOLVE;
	esp->fd = -1;
	for (struct addrinfo *at = found; at != NULL && esp->fd < 0;
	    at = at->ai_next)
		esp->fd = connect_to(at);
	freeaddrinfo(found);
	if (esp->fd < 0)
		return SMTP_E_CONNECT;
	(void)setsockopt(esp->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

	memset(task, 0, sizeof *task);
	mbedtls_ssl_config_init(&esp->config);
	esp->host = host;
	task->transport = (struct smtp_transport){ .read = esp_read,
	    .write = esp_write, .close = esp_close, .ctx = esp };
	task->ctx = esp;
	task->now_ms = esp_now;
	task->wait = esp_wait;
	task->secure = esp_secure;
	return SMTP_OK;
}
