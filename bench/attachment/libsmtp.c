/* SPDX-License-Identifier: MIT */
/* This library, through its public calls. */
#include "attachment/attachment.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <smtp/smtp.h>

static int
send_source(const struct work *work, struct smtp_source *source)
{
	struct smtp_message *m = smtp_message_new();
	struct smtp *smtp = NULL;
	char url[64];
	int rc;

	snprintf(url, sizeof url, "smtp+plaintext://127.0.0.1:%u", work->port);
	smtp_message_set_from(m, "a@example.org");
	smtp_message_add_to(m, "b@example.org");
	smtp_message_set_subject(m, "bench");
	smtp_message_attach(m, source, "application/octet-stream", "a.bin");
	rc = smtp_open(&smtp, url, NULL);
	if (rc == SMTP_OK)
		rc = smtp_send(smtp, m);
	if (rc != SMTP_OK)
		fprintf(stderr, "libsmtp: %s\n", smtp_error(smtp));
	smtp_close(smtp);
	smtp_message_free(m);
	return rc;
}

int
send_libsmtp(const struct work *work)
{
	return send_source(work, smtp_source_memory(work->data, work->n));
}

struct reader {
	const struct work *work;
	size_t at;
};

static ptrdiff_t
read_more(void *ctx, void *p, size_t n)
{
	struct reader *r = ctx;

	if (n > r->work->n - r->at)
		n = r->work->n - r->at;
	memcpy(p, r->work->data + r->at, n);
	r->at += n;
	return (ptrdiff_t)n;
}

static int
rewind_reader(void *ctx)
{
	((struct reader *)ctx)->at = 0;
	return 0;
}

int
send_libsmtp_callback(const struct work *work)
{
	struct reader r = { work, 0 };

	return send_source(work, smtp_source_callback(read_more,
	    rewind_reader, NULL, &r, work->n));
}
