/* SPDX-License-Identifier: MIT */
#include "mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8 };

static ptrdiff_t
from_stdin(void *ctx, void *p, size_t n)
{
	size_t got = fread(p, 1, n, stdin);

	(void)ctx;
	return ferror(stdin) ? -1 : (ptrdiff_t)got;
}

static uint8_t
tls_of(const char *word)
{
	if (strcmp(word, "implicit") == 0)
		return SMTP_ENGINE_IMPLICIT;
	return strcmp(word, "starttls") == 0 ? SMTP_ENGINE_STARTTLS :
	    SMTP_ENGINE_PLAINTEXT;
}

int
mail_status(int status)
{
	printf("status %d\n", status);
	return status == SMTP_OK ? 0 : 1;
}

int
mail_send(struct smtp_task *task, int argc, char **argv)
{
	static uint16_t wait_s[SMTP_WAIT_COUNT];
	const char *seconds = getenv("MAIL_WAIT_S");
	struct smtp_engine_setup setup = { .ehlo = "device.example.com" };
	struct smtp_credentials me = { .user = "user" };
	struct smtp_rcpt to[MOST] = { { .address = NULL } };
	struct smtp_delivery delivery = { .rcpts = to };
	int rc;

	if (argc < 7 || argc - 6 > MOST)
		return 64;
	for (int i = 0; seconds != NULL && i < SMTP_WAIT_COUNT; i++) {
		wait_s[i] = (uint16_t)strtoul(seconds, NULL, 10);
		setup.wait_s = wait_s;
	}
	setup.tls = tls_of(argv[3]);
	me.password = argv[4];
	delivery.from = argv[5];
	for (int i = 6; i < argc; i++) {
		to[i - 6].address = argv[i];
		to[i - 6].status = SMTP_RCPT_PENDING;
		delivery.rcpt_count++;
	}
	rc = smtp_task_send(task, &setup, argv[4][0] != '\0' ? &me : NULL,
	    &delivery, from_stdin, NULL);
	for (size_t i = 0; i < delivery.rcpt_count; i++)
		printf("%s %d %d\n", to[i].address, to[i].status,
		    to[i].code);
	return mail_status(rc);
}
