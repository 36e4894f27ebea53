/* SPDX-License-Identifier: MIT */
/* LMTP over real sockets: one verdict for each recipient, RFC 2033. */
#include "check.h"

#include <unistd.h>

#include "support/session.h"

#define LMTP "lmtp+plaintext"

static void
expect_rows(const char *name, const struct smtp_message *m, const int *want,
	size_t n)
{
	assert_int_equal(n, smtp_message_recipient_count(m));
	for (size_t i = 0; i < n; i++)
		if (smtp_message_recipient_status(m, i) != want[i])
			fail_msg("%s: recipient %zu: %s, not %s", name, i,
				smtp_status_name(
				smtp_message_recipient_status(m, i)),
				smtp_status_name(want[i]));
}

static void
test_client_lmtp__each_recipient_has_a_verdict(void **state)
{
	static const char *const ways[][3] = {
		{ "none", LMTP, "127.0.0.1" },
		{ "starttls", "lmtp", "localhost" },
	};
	static const int want[] = { SMTP_OK, SMTP_E_REFUSED, SMTP_E_LATER,
		SMTP_OK };

	(void)state;
	needs(SMTP_WITH_LMTP);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s = server_start("--lmtp", "--tls", ways[i][0],
			"--reject", "gone@example.com=550 5.1.1 gone",
			"--verdict", "full@example.com=452 4.2.2 full", NULL);
		struct smtp *smtp = session_to(s, server_url(s, ways[i][1],
			ways[i][2]), "ehlo-name", "client.example.com", NULL);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			"gone@example.com", "full@example.com",
			"c@example.com", NULL);

		expect_rc("send", smtp, smtp_send(smtp, m), SMTP_E_PARTIAL);
		expect_rows("verdicts", m, want, 4);
		assert_int_equal(452, smtp_message_recipient_code(m, 2));
		assert_string_equal("4.2.2",
			smtp_message_recipient_enhanced(m, 2));
		assert_string_equal("full",
			smtp_message_recipient_text(m, 2));
		/* Only who has not got it is addressed again. */
		assert_int_not_equal(SMTP_OK, smtp_send(smtp, m));
		smtp_close(smtp);
		server_found_no_fault(s);
		assert_true(server_heard_line(s,
			"LHLO client.example.com\r\n"));
		assert_false(server_heard_line(s, "EHLO"));
		assert_false(server_heard_line(s, "HELO"));
		assert_string_equal(plain_mail_sent, server_mail(s, 1, NULL));
		assert_int_equal(1, server_heard_lines(s, "RCPT TO:<b@"));
		assert_int_equal(2, server_heard_lines(s, "RCPT TO:<full@"));
		smtp_message_free(m);
		server_stop(s);
	}
	proves("R2033-4.1-1 R2033-4.2-1");
}

static void
test_client_lmtp__speaks_over_a_unix_socket(void **state)
{
	char path[108], url[160];
	struct server *s;
	struct smtp *smtp;
	struct smtp_message *m;

	(void)state;
	needs(SMTP_WITH_LMTP);
	(void)snprintf(path, sizeof path, "/tmp/lmtp-%ld", (long)getpid());
	(void)snprintf(url, sizeof url, "lmtp+unix:%s", path);
	s = server_start("--lmtp", "--tls", "none", "--unix", path, NULL);
	smtp = session_to(s, url, NULL);
	m = mail_of(plain_mail, "b@example.com", NULL);
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(1, server_mails(s));
	assert_true(server_heard_line(s, "LHLO localhost\r\n"));
	smtp_message_free(m);
	server_stop(s);
	(void)unlink(path);
	proves("R2033-5-1");
}

#define HELLO "S: 220 hi\nC: LHLO *\nS: 250-hi\nS: 250 PIPELINING\n"
#define TWO   HELLO "C: MAIL*\nC: RCPT*\nC: RCPT*\nC: DATA\nS: 250 ok\n"
#define BYE   "C: QUIT\nS: 221 bye\nEOF\n"

static const struct dialogue {
	const char *name, *script;
	const char *second;      /* the second recipient */
	int want, rows[2];
	const char *proves;
} dialogues[] = {
	{ "a recipient twice", TWO "S: 250 ok\nS: 250 ok\nS: 354 go\nC.\n"
	    "S: 250 first\nS: 452 second\n" BYE, "b@example.com",
	    SMTP_E_PARTIAL, { SMTP_OK, SMTP_E_LATER }, "R2033-4.2-2" },
	{ "replies of several lines", TWO
	    "S: 250 ok\nS: 250 ok\nS: 354 go\nC.\n"
	    "S: 250-a\nS: 250 b\nS: 550 c\n" BYE, "c@example.com",
	    SMTP_E_PARTIAL, { SMTP_OK, SMTP_E_REFUSED }, "R2033-4.2-4" },
	{ "nobody, 503", TWO "S: 550 no\nS: 450 no\nS: 503 no\n" BYE,
	    "c@example.com", SMTP_E_LATER,
	    { SMTP_E_REFUSED, SMTP_E_LATER }, "R2033-4.2-3" },
	{ "only the second", TWO "S: 550 no\nS: 250 ok\nS: 354 go\nC.\n"
	    "S: 250 ok\n" BYE, "c@example.com", SMTP_E_PARTIAL,
	    { SMTP_E_REFUSED, SMTP_OK }, "" },
	{ "lost after the first", TWO "S: 250 ok\nS: 250 ok\nS: 354 go\nC.\n"
	    "S: 250 ok\nCLOSE\n", "c@example.com", SMTP_E_UNKNOWN,
	    { SMTP_OK, SMTP_E_UNKNOWN }, "LIB-R-1" },
	{ "lost within the second", TWO
	    "S: 250 ok\nS: 250 ok\nS: 354 go\nC.\n"
	    "S: 550 no\nS| 250 o\nRESET\n", "c@example.com", SMTP_E_UNKNOWN,
	    { SMTP_E_REFUSED, SMTP_E_UNKNOWN }, "" },
	{ "lost at once", TWO "S: 250 ok\nS: 250 ok\nS: 354 go\nC.\nCLOSE\n",
	    "c@example.com", SMTP_E_UNKNOWN,
	    { SMTP_E_UNKNOWN, SMTP_E_UNKNOWN }, "" },
	{ "421 after the first", TWO "S: 250 ok\nS: 250 ok\nS: 354 go\nC.\n"
	    "S: 250 ok\nS: 421 going\nCLOSE\n", "c@example.com",
	    SMTP_E_PARTIAL, { SMTP_OK, SMTP_E_LATER }, "" },
};

static void
test_client_lmtp__keeps_replies_apart(void **state)
{
	(void)state;
	needs(SMTP_WITH_LMTP);
	for (size_t i = 0; i < COUNT(dialogues); i++) {
		const struct dialogue *d = &dialogues[i];
		struct server *s = server_play(d->script, NULL);
		struct smtp *smtp = session_to(s, server_url(s, LMTP,
			"localhost"), "timeout", "3", NULL);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			d->second, NULL);

		expect_rc(d->name, smtp, smtp_send(smtp, m), d->want);
		expect_rows(d->name, m, d->rows, 2);
		smtp_close(smtp);
		if (strcmp(server_result(s), "complete") != 0)
			fail_msg("%s: %s", d->name, server_result(s));
		smtp_message_free(m);
		server_stop(s);
		proves(d->proves);
	}
}

/* A reply that nobody asked for breaks the session. */
static void
test_client_lmtp__one_reply_too_many(void **state)
{
	needs(SMTP_WITH_LMTP);
	struct server *s = server_play(TWO
		"S: 250 ok\nS: 250 ok\nS: 354 go\nC.\n"
		"S| 250 ok\\r\\n250 ok\\r\\n250 ok\\r\\n\nSTALL\n", NULL);
	struct smtp *smtp = session_to(s, server_url(s, LMTP, "localhost"),
		"timeout", "2", "reconnect", "no", NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		"c@example.com", NULL);
	struct smtp_message *next = mail_of(plain_mail, "b@example.com",
		NULL);
	int rc = smtp_send(smtp, m);

	(void)state;
	/* Both verdicts came, so both recipients have the mail ... */
	assert_int_equal(SMTP_OK, smtp_message_recipient_status(m, 0));
	assert_int_equal(SMTP_OK, smtp_message_recipient_status(m, 1));
	/* ... but the third is not taken for that of another command. */
	assert_true(rc != SMTP_OK || smtp_send(smtp, next) != SMTP_OK);
	smtp_close(smtp);
	assert_int_equal(1, server_heard_lines(s, "MAIL"));
	smtp_message_free(m);
	smtp_message_free(next);
	server_stop(s);
	proves("LIB-R-2");
}

static void
test_client_lmtp__is_not_guessed(void **state)
{
	needs(SMTP_WITH_LMTP);
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp *smtp;
	int rc = try_session(&smtp, s, server_url(s, LMTP, "localhost"),
		NULL);

	(void)state;
	expect_rc("LMTP to SMTP", smtp, rc, SMTP_E_REFUSED);
	assert_int_equal(500, smtp_reply_code(smtp));
	assert_non_null(strstr(smtp_error(smtp), "LMTP"));
	smtp_close(smtp);
	assert_false(server_heard_line(s, "HELO"));
	assert_false(server_heard_line(s, "EHLO"));
	server_stop(s);

	s = server_start("--tls", "none", "--lmtp", NULL);
	rc = try_session(&smtp, s, server_url(s, "smtp+plaintext",
		"localhost"), NULL);
	expect_rc("SMTP to LMTP", smtp, rc, SMTP_E_REFUSED);
	smtp_close(smtp);
	assert_false(server_heard_line(s, "LHLO"));
	server_stop(s);

	expect_rc("port 25", NULL, try_session(&smtp, NULL,
		LMTP "://localhost:25", NULL), SMTP_E_ARGUMENT);
	smtp_close(smtp);
	proves("LIB-R-3 R2033-5-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_client_lmtp__each_recipient_has_a_verdict),
		cmocka_unit_test(test_client_lmtp__speaks_over_a_unix_socket),
		cmocka_unit_test(test_client_lmtp__keeps_replies_apart),
		cmocka_unit_test(test_client_lmtp__one_reply_too_many),
		cmocka_unit_test(test_client_lmtp__is_not_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
