/* SPDX-License-Identifier: MIT */
/*
 * libesmtp, which builds no MIME: it is given the header and lines of base64
 * that are made on the way. Some of its functions have the names of ours, so
 * it is loaded beside, not linked.
 */
#include "attachment/attachment.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <libesmtp.h>

#include "codec/base64_lines.h"

enum { LINES = 800 };

struct reader {
	const struct work *work;
	size_t at;               /* in the data                           */
	int stage;               /* header, lines, what is behind them    */
	char room[LINES * 78];
};

static const char *
read_more(void **ctx, int *n, void *arg)
{
	struct reader *r = arg;
	const struct work *work = r->work;
	const char *p = work->wire + work->wire_body + work->n / 57 * 78 - 2;
	size_t lines = (work->n - r->at) / 57;

	(void)ctx;
	if (n == NULL) {
		r->at = 0;
		r->stage = 0;
		return NULL;
	}
	if (r->stage == 0) {
		r->stage = 1;
		*n = (int)work->wire_body - 2;
		return work->wire;
	}
	if (lines > 0) {
		lines = lines < LINES ? lines : LINES;
		smtp__base64_lines(work->data + r->at, lines, r->room);
		r->at += lines * 57;
		*n = (int)lines * 78;
		return r->room;
	}
	*n = r->stage == 1 ? (int)(work->wire + work->wire_n - 3 - p) : 0;
	r->stage = 2;
	return *n > 0 ? p : NULL;
}

/* ISO C has no cast from an object's address to a function's; POSIX does. */
#define FIND(name) \
	__typeof__(name) *f_##name = \
	    __extension__(__typeof__(name) *)dlsym(library, #name)

int
send_libesmtp(const struct work *work)
{
	void *library = dlopen("libesmtp.so.6", RTLD_NOW | RTLD_LOCAL);
	static struct reader r;
	char host[32];

	if (library == NULL) {
		fprintf(stderr, "libesmtp: %s\n", dlerror());
		return -1;
	}
	FIND(smtp_create_session);
	FIND(smtp_add_message);
	FIND(smtp_set_server);
	FIND(smtp_set_reverse_path);
	FIND(smtp_add_recipient);
	FIND(smtp_set_messagecb);
	FIND(smtp_start_session);
	FIND(smtp_message_transfer_status);
	FIND(smtp_destroy_session);
	smtp_session_t session = f_smtp_create_session();
	smtp_message_t m = f_smtp_add_message(session);
	const smtp_status_t *status;
	int ok;

	r.work = work;
	snprintf(host, sizeof host, "127.0.0.1:%u", work->port);
	f_smtp_set_server(session, host);
	f_smtp_set_reverse_path(m, "a@example.org");
	f_smtp_add_recipient(m, "b@example.org");
	f_smtp_set_messagecb(m, read_more, &r);
	ok = f_smtp_start_session(session);
	status = f_smtp_message_transfer_status(m);
	ok = ok && status != NULL && status->code == 250;
	if (!ok)
		fprintf(stderr, "libesmtp: failed\n");
	f_smtp_destroy_session(session);
	return ok ? 0 : -1;
}
