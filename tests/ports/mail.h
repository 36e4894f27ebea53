/* SPDX-License-Identifier: MIT */
/* The program of each port: what comes after its open(). */
#ifndef TESTS_PORTS_MAIL_H
#define TESTS_PORTS_MAIL_H

#include <smtp_task.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * usage: PORT host port implicit|starttls|plaintext password from to...
 *
 * Sends what stands in stdin, with the user "user" unless the password is "".
 * Prints a line for each recipient, and "status N". Returns what main() does.
 * MAIL_WAIT_S is how many seconds to wait for each reply, and for content.
 */
int
mail_send(struct smtp_task *task, int argc, char **argv);

/* The same line when there was nothing to send over. */
int
mail_status(int status);

#ifdef __cplusplus
}
#endif

#endif
