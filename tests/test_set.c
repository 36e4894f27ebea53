/* SPDX-License-Identifier: MIT */
/* What is set by its name is what the setter of that name sets. */
#include "check.h"

#include <smtp/message.h>

#include "mime/message.h"

static const struct {
	const char *name, *other;        /* the same in another case      */
	const char *value;
	int (*set)(struct smtp_message *m, const char *value);
} names[] = {
	{ "From", "FROM", "J\xC3\xB6rg <j@x.example>", smtp_message_set_from },
	{ "Sender", "sender", "s@x.example", smtp_message_set_sender },
	{ "Reply-To", "rEPLY-tO", "r@x.example, q@x.example",
	  smtp_message_add_reply_to },
	{ "To", "to", "t@x.example, u@x.example", smtp_message_add_to },
	{ "Cc", "cC", "c@x.example", smtp_message_add_cc },
	{ "Bcc", "bcc", "b@x.example", smtp_message_add_bcc },
	{ "Subject", "subject", "Gr\xC3\xBC\xC3\x9F" "e",
	  smtp_message_set_subject },
	{ "Message-ID", "message-id", "<2@x.example>",
	  smtp_message_set_message_id },
	{ "Auto-Submitted", "auto-submitted", "auto-generated",
	  smtp_message_set_automatic },
	{ "text", "Text", "one\ntwo\n", smtp_message_set_text },
	{ "html", "HTML", "<p>one</p>\n", smtp_message_set_html },
	{ "flowed-text", "Flowed-Text", "a line\n",
	  smtp_message_set_flowed_text },
	{ "envelope-from", "Envelope-From", "e@x.example",
	  smtp_message_set_envelope_from },
	{ "recipient", "Recipient", "only@x.example",
	  smtp_message_add_recipient },
};

/* A mail that lacks nothing. */
static struct smtp_message *
message(void)
{
	struct smtp_message *m = smtp_message_new();

	assert_int_equal(SMTP_OK, smtp_message_set_from(m, "a@x.example"));
	assert_int_equal(SMTP_OK, smtp_message_set_sender(m, "a@x.example"));
	assert_int_equal(SMTP_OK, smtp_message_add_to(m, "z@x.example"));
	assert_int_equal(SMTP_OK, smtp_message_set_date(m, 1700000000, 0));
	assert_int_equal(SMTP_OK, smtp_message_set_message_id(m,
	    "<1@x.example>"));
	return m;
}

/* Its octets, and behind them the envelope. Frees it. */
static void
show(struct smtp_message *m, char *p, size_t room)
{
	static const struct smtp__moment moment = { .has_random = true };
	struct smtp__recipient *rows;
	FILE *file = tmpfile();
	size_t n, count;

	assert_non_null(file);
	assert_int_equal(SMTP_OK, smtp__message_prepare(m, &moment));
	assert_int_equal(SMTP_OK, smtp_message_write(m, file, 1));
	(void)fprintf(file, "MAIL %s\n", smtp__message_envelope_from(m));
	rows = smtp__message_recipients(m, &count);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(file, "RCPT %s\n", rows[i].address);
	rewind(file);
	n = fread(p, 1, room - 1, file);
	assert_true(n > 0 && n < room - 1);
	p[n] = '\0';
	fclose(file);
	smtp_message_free(m);
}

static void
test_set__is_the_setter_of_that_name(void **state)
{
	static char without[4000], want[4000], got[4000];

	(void)state;
	show(message(), without, sizeof without);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct smtp_message *m = message();

		assert_int_equal(SMTP_OK, names[i].set(m, names[i].value));
		show(m, want, sizeof want);
		assert_string_not_equal(want, without);
		for (int other = 0; other < 2; other++) {
			m = message();
			assert_int_equal(SMTP_OK, smtp_message_set(m, other ?
			    names[i].other : names[i].name, names[i].value));
			show(m, got, sizeof got);
			assert_string_equal(got, want);
		}
	}
}

/* The octets once, so that both cannot be wrong together. */
static void
test_set__makes_a_mail(void **state)
{
	static const char want[] =
		"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
		"From: a@x.example\r\n"
		"To: z@x.example, Bo <bo@x.example>\r\n"
		"Subject: hi\r\n"
		"Message-ID: <1@x.example>\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: 7bit\r\n"
		"\r\none\r\n"
		"MAIL a@x.example\nRCPT z@x.example\nRCPT bo@x.example\n";
	struct smtp_message *m = message();
	char got[2000];

	(void)state;
	assert_int_equal(SMTP_OK, smtp_message_set(m, "To",
	    "Bo <bo@x.example>"));
	assert_int_equal(SMTP_OK, smtp_message_set(m, "Subject", "lo"));
	assert_int_equal(SMTP_OK, smtp_message_set(m, "Subject", "hi"));
	assert_int_equal(SMTP_OK, smtp_message_set(m, "text", "one\n"));
	show(m, got, sizeof got);
	assert_string_equal(got, want);
}

/* A slip is told with the name, and makes no field of its own. */
static void
test_set__knows_its_names_only(void **state)
{
	static const char *const wrong[] = { "Subjet", "", "Subject ",
		"Received", "To\r\nBcc", "X-Own" };

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct smtp_message *m = message();

		assert_int_equal(SMTP_E_ARGUMENT, smtp_message_set(m,
		    wrong[i], "a@x.example"));
		assert_non_null(strstr(smtp_message_error(m),
		    "is no name of what it has"));
		assert_null(strchr(smtp_message_error(m), '\n'));
		assert_int_equal(SMTP_E_ARGUMENT, smtp_message_set(m, "text",
		    "kept"));
		smtp_message_free(m);
	}
	assert_int_equal(SMTP_E_ARGUMENT, smtp_message_set(NULL, "To", "a@b"));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_message_set(NULL, "Tu", "a@b"));
}

static void
test_set__wants_name_and_value(void **state)
{
	struct smtp_message *m = message();

	(void)state;
	assert_int_equal(SMTP_E_ARGUMENT, smtp_message_set(m, NULL, "x"));
	smtp_message_free(m);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct smtp_message *a = message(), *b = message();

		assert_int_equal(names[i].set(a, NULL), smtp_message_set(b,
		    names[i].name, NULL));
		assert_string_equal(smtp_message_error(a),
		    smtp_message_error(b));
		smtp_message_free(a);
		smtp_message_free(b);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set__is_the_setter_of_that_name),
		cmocka_unit_test(test_set__makes_a_mail),
		cmocka_unit_test(test_set__knows_its_names_only),
		cmocka_unit_test(test_set__wants_name_and_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
