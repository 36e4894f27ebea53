/* SPDX-License-Identifier: MIT */
/* A mail from ESP-IDF: BSD sockets of lwIP, TLS with the bundle of CAs. */
#ifndef SMTP_ESP_H
#define SMTP_ESP_H

#include <mbedtls/ssl.h>

#include <smtp_task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smtp_esp {
	int fd;
	const char *host;
	mbedtls_ssl_config config;
};

/*
 * Connect, and fill the port's part of `task`. Waits for the lookup, and at
 * most 30 s for each address. `esp`, `task` and `host` stay where they are
 * until smtp_task_send() has ended; all three may be static. Returns SMTP_OK,
 * SMTP_E_RESOLVE or SMTP_E_CONNECT; then there is nothing to close.
 *
 * For port 465 the setup says SMTP_ENGINE_IMPLICIT, for 587
 * SMTP_ENGINE_STARTTLS.
 */
int
smtp_esp_open(struct smtp_esp *esp, struct smtp_task *task, const char *host,
    const char *port);

#ifdef __cplusplus
}
#endif

#endif
