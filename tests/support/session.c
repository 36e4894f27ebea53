/* SPDX-License-Identifier: MIT */
#include "support/session.h"

#include "check.h"

const char plain_mail[] =
	"From: a@example.com\n"
	"Subject: plain\n"
	"\n"
	"one\n"
	".two\n"
	".\n"
	"three";
const char plain_mail_sent[] =
	"From: a@example.com\r\n"
	"Subject: plain\r\n"
	"\r\n"
	"one\r\n"
	".two\r\n"
	".\r\n"
	"three\r\n";

static struct smtp_options *
make_options(const struct server *s, va_list pairs)
{
	struct smtp_options *options = smtp_options_new();
	const char *name;

	assert_non_null(options);
	if (s != NULL)
		assert_int_equal(SMTP_OK, smtp_options_set(options, "ca-file",
			server_ca_file(s)));
	while ((name = va_arg(pairs, const char *)) != NULL)
		if (smtp_options_set(options, name,
		    va_arg(pairs, const char *)) != SMTP_OK)
			fail_msg("%s", smtp_options_error(options));
	return options;
}

struct smtp_options *
options_for(const struct server *s, ...)
{
	struct smtp_options *options;
	va_list pairs;

	va_start(pairs, s);
	options = make_options(s, pairs);
	va_end(pairs);
	return options;
}

void
expect_rc(const char *what, const struct smtp *smtp, int rc, int want)
{
	if (rc != want)
		fail_msg("%s: %s, not %s: %s", what, smtp_status_name(rc),
			smtp_status_name(want), smtp_error(smtp));
}

struct smtp *
session_to(const struct server *s, const char *url, ...)
{
	struct smtp_options *options;
	struct smtp *smtp;
	va_list pairs;
	int rc;

	va_start(pairs, url);
	options = make_options(s, pairs);
	va_end(pairs);
	rc = smtp_open(&smtp, url, options);
	smtp_options_free(options);
	expect_rc(url, smtp, rc, SMTP_OK);
	return smtp;
}

int
try_session(struct smtp **smtp, const struct server *s, const char *url, ...)
{
	struct smtp_options *options;
	va_list pairs;
	int rc;

	va_start(pairs, url);
	options = make_options(s, pairs);
	va_end(pairs);
	rc = smtp_open(smtp, url, options);
	smtp_options_free(options);
	assert_non_null(*smtp);
	return rc;
}

struct smtp_message *
mail_of(const char *content, ...)
{
	struct smtp_message *m = smtp_message_new();
	const char *address;
	va_list addresses;

	assert_non_null(m);
	assert_int_equal(SMTP_OK, smtp_message_set_raw(m,
		smtp_source_memory(content, strlen(content))));
	assert_int_equal(SMTP_OK, smtp_message_set_envelope_from(m,
		"a@example.com"));
	va_start(addresses, content);
	while ((address = va_arg(addresses, const char *)) != NULL)
		assert_int_equal(SMTP_OK, smtp_message_add_recipient(m,
			address));
	va_end(addresses);
	return m;
}

void
trace_line(void *ctx, int who, const char *line, size_t n)
{
	struct trace *t = ctx;

	if (n + 4 > sizeof t->text - t->n)
		return;
	t->text[t->n++] = (char)who;
	t->text[t->n++] = ' ';
	memcpy(t->text + t->n, line, n);
	t->n += n;
	t->text[t->n++] = '\n';
	t->text[t->n] = '\0';
}
