/* SPDX-License-Identifier: MIT */
/* A mail from Zephyr: its sockets, with its TLS from the first octet. */
#ifndef SMTP_ZEPHYR_H
#define SMTP_ZEPHYR_H

#include <smtp_task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smtp_zephyr {
	int fd;
};

/*
 * Connect, with the handshake under CONFIG_LIBSMTP_TLS, and fill the port's
 * part of `task`. Waits for the lookup and as long as Zephyr does for each
 * address. `z` and `task` stay where they are until smtp_task_send() has ended.
 * Returns SMTP_OK, SMTP_E_RESOLVE, SMTP_E_CONNECT, or SMTP_E_TLS where the
 * connection or its TLS did not come to be; then there is nothing to close.
 *
 * The setup says SMTP_ENGINE_IMPLICIT (port 465), and SMTP_ENGINE_PLAINTEXT
 * under CONFIG_LIBSMTP_PLAINTEXT.
 */
int
smtp_zephyr_open(struct smtp_zephyr *z, struct smtp_task *task,
    const char *host, const char *port);

#ifdef __cplusplus
}
#endif

#endif
