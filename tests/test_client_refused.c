/* SPDX-License-Identifier: MIT */
/*
 * Each way in which a server says no, at each step where it may: what became
 * of the mail or the session, and what is to be done next.
 */
#include "check.h"

#include "support/session.h"

#define LATER SMTP_E_LATER
#define REFUSED SMTP_E_REFUSED
#define CHANGED SMTP_RETRY_CHANGED
#define FIXED SMTP_RETRY_FIXED
#define NEVER SMTP_RETRY_NEVER
#define WAIT SMTP_RETRY_LATER

struct no {
	const char *reply;
	int want, retry;
	const char *proves;
};

/* ---- mails */

static void
refuse_mail(const char *script, const char *behind, int phase,
    const struct no *no)
{
	char text[1024];
	struct server *s;
	struct smtp *smtp;
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	uint32_t after_s;

	(void)snprintf(text, sizeof text, "%sS: %s\n%s", script, no->reply,
	    strncmp(no->reply, "421", 3) == 0 ? "CLOSE\n" : behind);
	s = server_play(text, NULL);
	smtp = session_to(s, server_url(s, "smtp+plaintext", "127.0.0.1"),
	    "reconnect", "no", "timeout", "5", NULL);
	expect_rc(no->reply, smtp, smtp_send(smtp, m), no->want);
	expect_row(no->reply, m, 0, no->want,
	    (int)strtol(no->reply, NULL, 10));
	if (smtp_message_cause(m) != SMTP_E_REPLY ||
	    smtp_message_phase(m) != phase)
		fail_msg("%s: cause %s, phase %s", no->reply,
		    smtp_status_name(smtp_message_cause(m)),
		    smtp_phase_name(smtp_message_phase(m)));
	if (smtp_message_retry(m) != no->retry)
		fail_msg("%s at %s: %s", no->reply, smtp_phase_name(phase),
		    smtp_retry_name(smtp_message_retry(m)));
	after_s = smtp_message_retry_s(m);
	if ((no->retry == WAIT) != (after_s > 0))
		fail_msg("%s: after %u s", no->reply, (unsigned)after_s);
	assert_int_equal(smtp_message_recipient_retry(m, 0), no->retry);
	assert_int_equal(smtp_message_recipient_retry_s(m, 0), after_s);
	assert_int_equal(smtp_retry(smtp), no->retry);
	assert_int_equal(smtp_retry_s(smtp), after_s);
	/* The library repeats nothing by itself. */
	smtp_close(smtp);
	expect_complete(no->reply, s);
	assert_int_equal(1, server_heard_lines(s, "MAIL"));
	smtp_message_free(m);
	server_stop(s);
	proves(no->proves);
}

static void
test_client_refused__at_mail(void **state)
{
	needs(SMTP_WITH_ENHANCED);
	static const struct no rows[] = {
		{ "421 4.3.2 going", LATER, WAIT, "R5321-4.2-10" },
		{ "450 4.3.0 busy", LATER, WAIT, "" },
		{ "451 4.3.0 trouble", LATER, WAIT, "" },
		{ "452 4.3.1 full", LATER, WAIT, "R1870-6.2-1" },
		{ "455 4.5.4 not with these", LATER, WAIT, "" },
		{ "500 5.5.2 what", REFUSED, NEVER, "" },
		{ "501 5.1.7 that sender", REFUSED, NEVER, "" },
		{ "501 5.5.4 parameter", REFUSED, CHANGED, "" },
		{ "502 5.5.1 no MAIL here", REFUSED, NEVER, "" },
		{ "503 5.5.1 not now", REFUSED, NEVER, "" },
		{ "504 5.5.4 parameter", REFUSED, CHANGED, "" },
		{ "530 5.7.0 AUTH first", REFUSED, FIXED, "R4954-6-2" },
		{ "550 5.7.1 not you", REFUSED, NEVER, "" },
		{ "551 5.7.1 not here", REFUSED, NEVER, "" },
		{ "552 5.3.4 too big", REFUSED, NEVER, "R1870-6.2-1" },
		{ "553 5.1.8 bad sender", REFUSED, NEVER, "" },
		{ "555 5.5.4 SIZE", REFUSED, CHANGED, "LIB-J-6" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refuse_mail(PLAY_HELLO "C: MAIL*\n", PLAY_BYE,
		    SMTP_PHASE_MAIL, &rows[i]);
	proves("R5321-4.2.1-3");
}

static void
test_client_refused__at_rcpt(void **state)
{
	static const struct no rows[] = {
		{ "421 4.3.2 going", LATER, WAIT, "R5321-4.2-10" },
		{ "450 4.7.1 greylisted", LATER, WAIT, "R3463-3.3-1" },
		{ "451 4.7.1 greylisted", LATER, WAIT, "" },
		{ "452 4.2.2 full", LATER, WAIT, "" },
		{ "452 4.3.1 full", LATER, WAIT, "R1870-6.4-1" },
		{ "455 4.5.4 not with these", LATER, WAIT, "" },
		{ "500 5.5.2 what", REFUSED, NEVER, "" },
		{ "501 5.1.3 syntax", REFUSED, NEVER, "" },
		{ "502 5.5.1 no RCPT here", REFUSED, NEVER, "" },
		{ "503 5.5.1 MAIL first", REFUSED, NEVER, "" },
		{ "504 5.5.4 parameter", REFUSED, CHANGED, "" },
		{ "530 5.7.0 AUTH first", REFUSED, FIXED, "R4954-6-2" },
		{ "550 5.1.1 nobody", REFUSED, NEVER, "" },
		{ "551 5.1.6 moved", REFUSED, NEVER, "" },
		{ "552 5.2.2 full", REFUSED, NEVER, "" },
		{ "552 5.3.4 too big", REFUSED, NEVER, "R1870-6.4-1" },
		{ "553 5.6.7 ASCII", REFUSED, NEVER, "R6531-3.5-1" },
		{ "554 5.7.1 no relay", REFUSED, NEVER, "" },
		{ "555 5.5.4 NOTIFY", REFUSED, CHANGED, "LIB-J-6" },
		{ "556 5.1.10 no mail", REFUSED, NEVER, "R7504-4-1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refuse_mail(PLAY_TO_RCPT "C: RCPT*\n", PLAY_BYE,
		    SMTP_PHASE_RCPT, &rows[i]);
	proves("R5321-4.2.1-3");
}

static void
test_client_refused__at_data(void **state)
{
	needs(SMTP_WITH_TEMPORARY);
	static const struct no rows[] = {
		{ "421 4.3.2 going", LATER, WAIT, "R5321-4.2-10" },
		{ "450 4.3.0 busy", LATER, WAIT, "" },
		{ "451 4.3.0 trouble", LATER, WAIT, "" },
		{ "452 4.3.1 full", LATER, WAIT, "" },
		{ "500 5.5.2 what", REFUSED, NEVER, "" },
		{ "501 5.5.4 no arguments", REFUSED, NEVER, "" },
		{ "502 5.5.1 no DATA here", REFUSED, NEVER, "" },
		{ "503 5.5.1 too many", LATER, CHANGED,
		    "R5321-4.5.3.1.10-3" },
		{ "530 5.7.0 AUTH first", REFUSED, FIXED, "" },
		{ "550 5.7.1 policy", REFUSED, NEVER, "" },
		{ "554 5.5.1 nobody valid", REFUSED, NEVER, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refuse_mail(PLAY_TO_DATA "C: DATA\n", PLAY_BYE,
		    SMTP_PHASE_DATA, &rows[i]);
	proves("R5321-4.2.1-3");
}

static void
test_client_refused__at_the_end(void **state)
{
	needs(SMTP_WITH_ENHANCED);
	static const struct no rows[] = {
		{ "421 4.3.2 going", LATER, WAIT, "R5321-4.2-10" },
		{ "450 4.7.1 greylisted", LATER, WAIT, "" },
		{ "451 4.3.0 trouble, 10 minutes", LATER, WAIT, "" },
		{ "452 4.3.1 full", LATER, WAIT, "" },
		{ "550 5.7.1 spam", REFUSED, NEVER, "" },
		{ "550 5.7.30 REQUIRETLS", REFUSED, CHANGED, "" },
		{ "552 5.3.4 too big", REFUSED, NEVER, "" },
		{ "554 5.6.9 UTF-8", REFUSED, NEVER, "R6531-3.5-1" },
		{ "554 5.6.0 no", REFUSED, NEVER, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refuse_mail(PLAY_TO_BODY "C.\n", PLAY_BYE, SMTP_PHASE_FINAL,
		    &rows[i]);
	proves("R5321-4.2.1-3 R5321-4.2.1-4");
}

/* ---- sessions */

struct opening {
	const char *url, *script;
	int want, retry;
	const char *proves;
};

static void
test_client_refused__at_the_beginning(void **state)
{
	needs(SMTP_WITH_HELO);
#define HI "S: 220 hi\nC: EHLO*\n"
#define AT_STARTTLS HI "S: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	static const struct opening rows[] = {
		{ "smtp+plaintext", "S: 421 4.3.2 busy\nCLOSE\n", LATER, WAIT,
		    "R5321-4.2-10" },
		{ "smtp+plaintext", "S: 450 4.3.2 busy\nEOF\n", LATER, WAIT,
		    "" },
		{ "smtp+plaintext", "S: 521 5.3.2 none\n" PLAY_BYE, REFUSED,
		    FIXED, "" },
		{ "smtp+plaintext", "S: 554 5.7.1 listed\n" PLAY_BYE, REFUSED,
		    FIXED, "" },
		{ "smtp+plaintext", HI "S: 421 4.7.0 slow\nCLOSE\n", LATER,
		    WAIT, "" },
		{ "smtp+plaintext", HI "S: 451 4.3.0 sick\n" PLAY_BYE, LATER,
		    WAIT, "" },
		{ "smtp+plaintext", HI "S: 501 5.5.4 name\n" PLAY_BYE,
		    REFUSED, FIXED, "" },
		{ "smtp+plaintext", HI "S: 550 5.7.1 name\n" PLAY_BYE,
		    REFUSED, FIXED, "" },
		{ "smtp+plaintext", HI "S: 500 what\nC: HELO*\n"
		    "S: 502 neither\n" PLAY_BYE, REFUSED, FIXED, "" },
		/* TLS cannot be had after HELO: it is not tried. */
		{ "smtp", HI "S: 502 what\n" PLAY_BYE, SMTP_E_TLS, FIXED,
		    "" },
		{ "smtp", HI "S: 250 hi\n" PLAY_BYE, SMTP_E_TLS, FIXED, "" },
		{ "smtp", AT_STARTTLS "S: 454 4.7.0 not now\n" PLAY_BYE,
		    SMTP_E_TLS, WAIT, "" },
		{ "smtp", AT_STARTTLS "S: 501 5.5.4 what\n" PLAY_BYE,
		    SMTP_E_TLS, FIXED, "" },
		{ "smtp", AT_STARTTLS "S: 502 5.5.1 no\n" PLAY_BYE,
		    SMTP_E_TLS, FIXED, "" },
		{ "smtp", AT_STARTTLS "S: 421 4.3.2 going\nCLOSE\n", LATER,
		    WAIT, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, NULL);
		struct smtp *smtp;
		int rc = try_session(&smtp, s, server_url(s, rows[i].url,
		    "localhost"), "timeout", "5", NULL);

		expect_rc(rows[i].script, smtp, rc, rows[i].want);
		if (smtp_retry(smtp) != rows[i].retry ||
		    (rows[i].retry == WAIT) != (smtp_retry_s(smtp) > 0))
			fail_msg("%s: %s after %u s", rows[i].script,
			    smtp_retry_name(smtp_retry(smtp)),
			    (unsigned)smtp_retry_s(smtp));
		smtp_close(smtp);
		expect_complete(rows[i].script, s);
		server_stop(s);
		proves(rows[i].proves);
	}
	proves("R5321-4.2.1-3 LIB-J-3");
}

static void
test_client_refused__at_auth(void **state)
{
	static const struct no rows[] = {
		{ "421 4.3.2 going", LATER, WAIT, "R5321-4.2-10" },
		{ "454 4.7.0 not now", LATER, WAIT, "" },
		{ "500 5.5.6 too long", SMTP_E_AUTH, FIXED, "" },
		{ "501 5.5.2 base64", SMTP_E_AUTH, FIXED, "" },
		{ "534 5.7.9 weak", SMTP_E_AUTH, FIXED, "" },
		{ "535 5.7.8 wrong", SMTP_E_AUTH, FIXED, "" },
		{ "538 5.7.11 TLS", SMTP_E_AUTH, FIXED, "" },
		{ "550 5.7.1 never", SMTP_E_AUTH, FIXED, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		struct server *s;
		struct smtp *smtp;

		(void)snprintf(text, sizeof text, "S: 220 hi\nC: EHLO*\n"
		    "S: 250-hi\nS: 250-ENHANCEDSTATUSCODES\n"
		    "S: 250 AUTH PLAIN\nC: AUTH PLAIN *\nS: %s\n%s",
		    rows[i].reply, strncmp(rows[i].reply, "421", 3) == 0 ?
		    "CLOSE\n" : PLAY_BYE);
		s = server_play(text, NULL);
		smtp = session_to(s, server_url(s, "smtp+plaintext",
		    "localhost"), "insecure-plaintext-auth", "yes", NULL);
		expect_rc(rows[i].reply, smtp, smtp_auth(smtp, USER,
		    PASSWORD), rows[i].want);
		if (smtp_retry(smtp) != rows[i].retry ||
		    (rows[i].retry == WAIT) != (smtp_retry_s(smtp) > 0))
			fail_msg("%s: %s", rows[i].reply,
			    smtp_retry_name(smtp_retry(smtp)));
		smtp_close(smtp);
		expect_complete(rows[i].reply, s);
		server_stop(s);
		proves(rows[i].proves);
	}
	proves("R5321-4.2.1-3");
}

/* ---- several recipients */

/* Each has advice of its own; the message has what is pressing. */
static void
test_client_refused__each_for_itself(void **state)
{
	struct server *s = server_start("--tls", "none",
		"--reject", "gone@example.com=550 5.1.1 nobody",
		"--reject", "busy@example.com=450 4.7.1 in 2 minutes",
		"--reject", "odd@example.com=555 5.5.4 parameter", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		"gone@example.com", "busy@example.com", "odd@example.com",
		NULL);
	static const int retry[] = { SMTP_RETRY_NONE, NEVER, WAIT, CHANGED };

	(void)state;
	expect_rc("mixed", smtp, smtp_send(smtp, m), SMTP_E_PARTIAL);
	for (size_t i = 0; i < COUNT(retry); i++)
		if (smtp_message_recipient_retry(m, i) != retry[i])
			fail_msg("recipient %zu: %s", i, smtp_retry_name(
			    smtp_message_recipient_retry(m, i)));
	assert_int_equal(smtp_message_retry(m), WAIT);
	assert_int_equal(smtp_message_retry_s(m), 120);
	assert_int_equal(smtp_message_recipient_retry_s(m, 2), 120);
	assert_int_equal(smtp_message_recipient_retry_s(m, 1), 0);
	smtp_close(smtp);
	smtp_message_free(m);
	server_stop(s);
	proves("LIB-J-2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_refused__at_mail),
		cmocka_unit_test(test_client_refused__at_rcpt),
		cmocka_unit_test(test_client_refused__at_data),
		cmocka_unit_test(test_client_refused__at_the_end),
		cmocka_unit_test(test_client_refused__at_the_beginning),
		cmocka_unit_test(test_client_refused__at_auth),
		cmocka_unit_test(test_client_refused__each_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
