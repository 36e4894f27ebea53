/* SPDX-License-Identifier: MIT */
/* A mail from FreeRTOS: the sockets of FreeRTOS+TCP, TLS by mbedTLS. */
#ifndef SMTP_FREERTOS_H
#define SMTP_FREERTOS_H

#include <FreeRTOS.h>
#include <FreeRTOS_IP.h>
#include <FreeRTOS_Sockets.h>

#include <smtp_task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smtp_freertos {
	Socket_t socket;
	SocketSet_t set;
	const char *host;
	const void *config;
};

/*
 * Connect, and fill the port's part of `task`. Waits for the lookup and 30 s
 * for the connection. `tls` is an mbedtls_ssl_config: client, VERIFY_REQUIRED,
 * CA chain, random source; NULL: no TLS. It, `port`, `task` and `host` stay
 * where they are until smtp_task_send() has ended. Returns SMTP_OK,
 * SMTP_E_RESOLVE, SMTP_E_CONNECT or SMTP_E_MEMORY; then there is nothing to
 * close.
 *
 * For port 465 the setup says SMTP_ENGINE_IMPLICIT, for 587
 * SMTP_ENGINE_STARTTLS.
 */
int
smtp_freertos_open(struct smtp_freertos *port, struct smtp_task *task,
    const char *host, uint16_t number, const void *tls);

#ifdef __cplusplus
}
#endif

#endif
