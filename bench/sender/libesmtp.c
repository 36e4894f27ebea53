/* SPDX-License-Identifier: MIT */
/*
 * libesmtp, which is given all messages of a session before it begins. Some of
 * its functions have the names of ours, so it is loaded beside, not linked.
 */
#include "sender/sender.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include <libesmtp.h>

/* ISO C has no cast from an object's address to a function's; POSIX does. */
#define FIND(name) \
	__typeof__(name) *f_##name = \
	    __extension__(__typeof__(name) *)dlsym(library, #name)

static const char *
read_more(void **ctx, int *n, void *arg)
{
	bool *done = arg;

	(void)ctx;
	if (n == NULL) {
		*done = false;
		return NULL;
	}
	*n = *done ? 0 : MAIL_SIZE;
	*done = true;
	return *n > 0 ? mail_octets : NULL;
}

static void *
open_nothing(const struct work *work)
{
	const struct work **w = malloc(sizeof *w);

	if (w != NULL)
		*w = work;
	return w;
}

static int
send_all(const struct work *work)
{
	void *library = dlopen("libesmtp.so.6", RTLD_NOW | RTLD_LOCAL);
	bool done = false;
	char host[32];
	int ok;

	if (library == NULL) {
		fprintf(stderr, "libesmtp: %s\n", dlerror());
		return -1;
	}
	FIND(smtp_create_session);
	FIND(smtp_add_message);
	FIND(smtp_set_server);
	FIND(smtp_set_hostname);
	FIND(smtp_set_reverse_path);
	FIND(smtp_add_recipient);
	FIND(smtp_set_messagecb);
	FIND(smtp_start_session);
	FIND(smtp_message_transfer_status);
	FIND(smtp_destroy_session);
	smtp_session_t session = f_smtp_create_session();
	smtp_message_t m = NULL;
	const smtp_status_t *status;

	snprintf(host, sizeof host, "127.0.0.1:%u", work->port);
	f_smtp_set_server(session, host);
	f_smtp_set_hostname(session, "client.example.org");
	for (unsigned i = 0; i < work->messages; i++) {
		m = f_smtp_add_message(session);
		f_smtp_set_reverse_path(m, FROM);
		f_smtp_add_recipient(m, TO);
		f_smtp_set_messagecb(m, read_more, &done);
	}
	ok = f_smtp_start_session(session);
	status = f_smtp_message_transfer_status(m);
	ok = ok && status != NULL && status->code == 250;
	if (!ok)
		fprintf(stderr, "libesmtp: failed\n");
	f_smtp_destroy_session(session);
	return ok ? 0 : -1;
}

static int
send_nothing(void *session)
{
	(void)session;
	return 0;
}

static int
close_all(void *session)
{
	const struct work **w = session;
	int rc = send_all(*w);

	free(w);
	return rc;
}

const struct client libesmtp_octets = { "libesmtp", open_nothing,
	send_nothing, close_all, NULL };
