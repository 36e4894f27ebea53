/* SPDX-License-Identifier: MIT */
#include "smtp_freertos.h"

#include <string.h>

#include <task.h>

#include "net/net.h"             /* smtp__net_now_ms() */

#if ipconfigUSE_TCP != 1
#error "set ipconfigUSE_TCP to 1 in FreeRTOSIPConfig.h"
#endif
#if ipconfigUSE_DNS != 1
#error "no name could be looked up: set ipconfigUSE_DNS to 1"
#endif
#if ipconfigSUPPORT_SELECT_FUNCTION != 1
#error "a task could not wait for its socket: set \
ipconfigSUPPORT_SELECT_FUNCTION to 1"
#endif

#if defined(ipFR_TCP_VERSION_MAJOR) && ipFR_TCP_VERSION_MAJOR >= 4
#define IPV4_OF(at) ((at).sin_address.ulIP_IPv4)
#else
#define IPV4_OF(at) ((at).sin_addr)
#endif

#define CONNECT_MS 30000

/* ---- the transport: 0 is "not now", the end is an error */

static ptrdiff_t
answer(BaseType_t n, enum smtp_io want)
{
	if (n > 0)
		return (ptrdiff_t)n;
	switch (-n) {
	case 0:
	case pdFREERTOS_ERRNO_EWOULDBLOCK:
	case pdFREERTOS_ERRNO_ENOSPC:
	case pdFREERTOS_ERRNO_EINTR:
		return want;
	case pdFREERTOS_ERRNO_ENOTCONN:
		return SMTP_IO_CLOSED;
	default:
		return SMTP_IO_FAILED;
	}
}

static ptrdiff_t
freertos_read(void *ctx, void *p, size_t n)
{
	struct smtp_freertos *port = ctx;

	return answer(FreeRTOS_recv(port->socket, p, n,
	    FREERTOS_MSG_DONTWAIT), SMTP_IO_WANT_READ);
}

static ptrdiff_t
freertos_write(void *ctx, const void *p, size_t n)
{
	struct smtp_freertos *port = ctx;

	return answer(FreeRTOS_send(port->socket, p, n,
	    FREERTOS_MSG_DONTWAIT), SMTP_IO_WANT_WRITE);
}

static void
freertos_close(void *ctx)
{
	struct smtp_freertos *port = ctx;

	FreeRTOS_FD_CLR(port->socket, port->set, eSELECT_ALL);
	FreeRTOS_DeleteSocketSet(port->set);
	(void)FreeRTOS_shutdown(port->socket, FREERTOS_SHUT_RDWR);
	(void)FreeRTOS_closesocket(port->socket);
}

static void
freertos_wait(void *ctx, int want, uint32_t ms)
{
	struct smtp_freertos *port = ctx;
	EventBits_t bits = eSELECT_EXCEPT;

	if (want & SMTP_WANT_READ)
		bits |= eSELECT_READ;
	if (want & SMTP_WANT_WRITE)
		bits |= eSELECT_WRITE;
	FreeRTOS_FD_CLR(port->socket, port->set, eSELECT_ALL);
	FreeRTOS_FD_SET(port->socket, port->set, bits);
	(void)FreeRTOS_select(port->set, pdMS_TO_TICKS(ms));
}

/* ---- clock, TLS */

uint64_t
smtp__net_now_ms(void)
{
	return (uint64_t)xTaskGetTickCount() * portTICK_PERIOD_MS;
}

/* At 100 Hz it jumps once in 497 days, when the count of ticks wraps. */
static uint32_t
freertos_now(void *ctx)
{
	(void)ctx;
	return (uint32_t)smtp__net_now_ms();
}

static int
freertos_secure(struct smtp_task *task)
{
	struct smtp_freertos *port = task->ctx;

	return smtp_task_tls(task, port->config, port->host);
}

/* ---- to connect */

static int
connect_to(struct smtp_freertos *port, uint32_t address, uint16_t number)
{
	struct freertos_sockaddr at;
	TickType_t most = pdMS_TO_TICKS(CONNECT_MS), none = 0;

	memset(&at, 0, sizeof at);
	at.sin_len = sizeof at;
	at.sin_family = FREERTOS_AF_INET;
	at.sin_port = FreeRTOS_htons(number);
	IPV4_OF(at) = address;
	port->socket = FreeRTOS_socket(FREERTOS_AF_INET, FREERTOS_SOCK_STREAM,
	    FREERTOS_IPPROTO_TCP);
	if (port->socket == FREERTOS_INVALID_SOCKET)
		return SMTP_E_MEMORY;
	(void)FreeRTOS_setsockopt(port->socket, 0, FREERTOS_SO_RCVTIMEO,
	    &most, sizeof most);
	if (FreeRTOS_connect(port->socket, &at, sizeof at) != 0) {
		(void)FreeRTOS_closesocket(port->socket);
		return SMTP_E_CONNECT;
	}
	(void)FreeRTOS_setsockopt(port->socket, 0, FREERTOS_SO_RCVTIMEO,
	    &none, sizeof none);
	(void)FreeRTOS_setsockopt(port->socket, 0, FREERTOS_SO_SNDTIMEO,
	    &none, sizeof none);
	return SMTP_OK;
}

int
smtp_freertos_open(struct smtp_freertos *port, struct smtp_task *task,
    const char *host, uint16_t number, const void *tls)
{
	uint32_t address = FreeRTOS_gethostbyname(host);
	int rc;

	if (address == 0)
		return SMTP_E_RESOLVE;
	port->set = FreeRTOS_CreateSocketSet();
	if (port->set == NULL)
		return SMTP_E_MEMORY;
	rc = connect_to(port, address, number);
	if (rc != SMTP_OK) {
		FreeRTOS_DeleteSocketSet(port->set);
		return rc;
	}
	port->host = host;
	port->config = tls;
	memset(task, 0, sizeof *task);
	task->transport = (struct smtp_transport){ .read = freertos_read,
	    .write = freertos_write, .close = freertos_close, .ctx = port };
	task->ctx = port;
	task->now_ms = freertos_now;
	task->wait = freertos_wait;
	task->secure = tls != NULL ? freertos_secure : NULL;
	return SMTP_OK;
}
