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

struct smtp *
plain_session(struct server *s)
{
	return session_to(s, server_url(s, "smtp+plaintext", "localhost"),
		NULL);
}

void
expect_row(const char *what, const struct smtp_message *m, size_t i,
	int status, int code)
{
	if (smtp_message_recipient_status(m, i) != status)
		fail_msg("%s: recipient %zu: %s, not %s", what, i,
			smtp_status_name(smtp_message_recipient_status(m, i)),
			smtp_status_name(status));
	if (smtp_message_recipient_code(m, i) != code)
		fail_msg("%s: recipient %zu: %d, not %d", what, i,
			smtp_message_recipient_code(m, i), code);
}

void
expect_complete(const char *what, struct server *s)
{
	if (strcmp(server_result(s), "complete") != 0)
		fail_msg("%s: %s", what, server_result(s));
}

const char *
large_mail(void)
{
	static char text[12000001];

	for (size_t i = 0; i + 1 < sizeof text; i++)
		text[i] = i % 72 == 71 ? '\n' : 'z';
	return text;
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
