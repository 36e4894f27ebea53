/* SPDX-License-Identifier: MIT */
/*
 * What became of a mail, and what is said about it, when the connection or the
 * server fails on the way.
 */
#include "check.h"

#include <poll.h>

#include "client.h"
#include "support/session.h"

#define PLAIN "smtp+plaintext"

/* ---- what fails, and what became of the mail */

static const struct failure {
	const char *name, *script;
	bool large;                      /* the mail */
	int want, cause, phase, code;
	const char *proves;
} failures[] = {
	/* Lost before the end mark: it is safe to send again. */
	{ "closed at MAIL", PLAY_HELLO "C: MAIL*\nCLOSE\n", false,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_MAIL, 0, "" },
	{ "reset at MAIL", PLAY_HELLO "C: MAIL*\nRESET\n", false,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_MAIL, 0, "" },
	{ "closed at RCPT", PLAY_TO_RCPT "C: RCPT*\nCLOSE\n", false,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_RCPT, 0, "" },
	{ "closed within a reply", PLAY_TO_RCPT "C: RCPT*\nS| 250 ok\nCLOSE\n",
	    false, SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_RCPT, 0, "" },
	{ "closed at DATA", PLAY_TO_DATA "C: DATA\nCLOSE\n", false,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_DATA, 0, "" },
	{ "reset in the content", PLAY_TO_BODY "C+ 100000\nRESET\n", true,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_CONTENT, 0,
	    "R5321-3.8-3" },
	/* Lost behind it: nobody knows. */
	{ "closed after the end mark", PLAY_TO_BODY "C.\nCLOSE\n", false,
	    SMTP_E_UNKNOWN, SMTP_E_CLOSED, SMTP_PHASE_FINAL, 0, "" },
	{ "reset after the end mark", PLAY_TO_BODY "C.\nRESET\n", false,
	    SMTP_E_UNKNOWN, SMTP_E_CLOSED, SMTP_PHASE_FINAL, 0, "" },
	{ "closed within the last reply", PLAY_TO_BODY "C.\nS| 250 ok\nCLOSE\n",
	    false, SMTP_E_UNKNOWN, SMTP_E_CLOSED, SMTP_PHASE_FINAL, 0, "" },
	{ "nonsense after the end mark", PLAY_TO_BODY "C.\nS: hello\nSTALL\n",
	    false, SMTP_E_UNKNOWN, SMTP_E_PROTOCOL, SMTP_PHASE_FINAL, 0,
	    "R5321-4.5.3.2.6-1" },
	/* 421, anywhere. */
	{ "421 to MAIL",
	    PLAY_HELLO "C: MAIL*\nS: 421 4.3.2 going\nCLOSE\n", false,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_MAIL, 421, "" },
	{ "421 to RCPT", PLAY_TO_RCPT "C: RCPT*\nS: 421 4.3.2 going\nCLOSE\n",
	    false, SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_RCPT, 421, "" },
	{ "421 to DATA", PLAY_TO_DATA "C: DATA\nS: 421 4.3.2 going\nCLOSE\n",
	    false, SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_DATA, 421, "" },
	{ "421 to the mail", PLAY_TO_BODY "C.\nS: 421 4.3.2 going\nCLOSE\n",
	    false, SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_FINAL, 421,
	    "R5321-4.2-10" },
	/* The server's verdict. */
	{ "451 to the mail",
	    PLAY_TO_BODY "C.\nS: 451 4.3.0 no\n" PLAY_BYE, false,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_FINAL, 451, "" },
	{ "554 to the mail",
	    PLAY_TO_BODY "C.\nS: 554 5.6.0 no\n" PLAY_BYE, false,
	    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_FINAL, 554,
	    "R5321-4.2.5-2" },
	{ "552 to MAIL",
	    PLAY_HELLO "C: MAIL*\nS: 552 5.3.4 big\n" PLAY_BYE, false,
	    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_MAIL, 552, "" },
	{ "452 to MAIL",
	    PLAY_HELLO "C: MAIL*\nS: 452 4.3.1 full\n" PLAY_BYE, false,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_MAIL, 452,
	    "R1870-6.2-1" },
	{ "451 to DATA",
	    PLAY_TO_DATA "C: DATA\nS: 451 4.3.0 no\n" PLAY_BYE, false,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_DATA, 451, "" },
	{ "554 to DATA",
	    PLAY_TO_DATA "C: DATA\nS: 554 5.5.1 no\n" PLAY_BYE, false,
	    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_DATA, 554, "" },
	/* A reply in the middle of the content, with and without a close. */
	{ "552 in the content", PLAY_TO_BODY
	    "C+ 100000\nS: 552 5.3.4 too big\nSLEEP 200\nRESET\n", true,
	    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_CONTENT, 552,
	    "LIB-F-4" },
	{ "451 in the content", PLAY_TO_BODY
	    "C+ 100000\nS: 451 4.3.0 stop\nSTALL\n", true,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_CONTENT, 451,
	    "LIB-F-5" },
	/* Nonsense. */
	{ "nonsense to MAIL", PLAY_HELLO "C: MAIL*\nS: hello\nSTALL\n", false,
	    SMTP_E_LATER, SMTP_E_PROTOCOL, SMTP_PHASE_MAIL, 0, "" },
	{ "250 to DATA", PLAY_TO_DATA "C: DATA\nS: 250 ok\nSTALL\n", false,
	    SMTP_E_LATER, SMTP_E_PROTOCOL, SMTP_PHASE_DATA, 0, "" },
};

static void
fail_as_told(const struct failure *f)
{
	struct server *s = server_play(f->script, NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN, "localhost"),
		"reconnect", "no", NULL);
	struct smtp_message *m = mail_of(f->large ? large_mail() : plain_mail,
		"b@example.com", NULL);

	expect_rc(f->name, smtp, smtp_send(smtp, m), f->want);
	if (smtp_message_cause(m) != f->cause)
		fail_msg("%s: cause %s", f->name,
			smtp_status_name(smtp_message_cause(m)));
	if (smtp_message_phase(m) != f->phase)
		fail_msg("%s: phase %s", f->name,
			smtp_phase_name(smtp_message_phase(m)));
	if (smtp_message_code(m) != f->code)
		fail_msg("%s: code %d", f->name, smtp_message_code(m));
	if (smtp_message_recipient_status(m, 0) != f->want)
		fail_msg("%s: recipient %s", f->name, smtp_status_name(
			smtp_message_recipient_status(m, 0)));
	assert_int_not_equal('\0', smtp_error(smtp)[0]);
	/* What may have been delivered is not sent again unasked. */
	if (f->want == SMTP_E_UNKNOWN)
		assert_int_not_equal(SMTP_OK, smtp_send(smtp, m));
	smtp_close(smtp);
	expect_complete(f->name, s);
	if (f->phase == SMTP_PHASE_CONTENT)
		assert_false(server_heard_octets(s, "\r\n.\r\n", 5));
	assert_int_equal(1, server_heard_lines(s, "MAIL"));
	smtp_message_free(m);
	server_stop(s);
	proves(f->proves);
}

static void
test_client_outcome__what_became_of_it_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++)
		fail_as_told(&failures[i]);
	proves("LIB-J-3");
}

/* The same mail again is the same mail: its identity and its date. */
static void
test_client_outcome__sent_again_it_is_the_same(void **state)
{
	struct server *s = server_play(PLAY_TO_BODY "C.\nCLOSE\n", NULL);
	struct server *again = server_start("--tls", "none",
		"--no-8BITMIME", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = smtp_message_new();
	char path[300], id[300], first[4096];
	FILE *file;
	size_t n;

	(void)state;
	smtp_message_set_from(m, "a@example.com");
	smtp_message_add_to(m, "b@example.com");
	smtp_message_set_subject(m, "once");
	smtp_message_set_text(m, "text\n");
	expect_rc("lost", smtp, smtp_send(smtp, m), SMTP_E_UNKNOWN);
	smtp_close(smtp);
	(void)snprintf(id, sizeof id, "%s", smtp_message_message_id(m));
	assert_int_equal('<', id[0]);

	smtp = plain_session(again);
	assert_int_equal(SMTP_E_STATE, smtp_send(smtp, m));
	smtp_message_forget_outcome(m);
	(void)poll(NULL, 0, 1100);               /* another second */
	expect_rc("again", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_close(smtp);
	assert_string_equal(id, smtp_message_message_id(m));
	(void)snprintf(path, sizeof path, "%s/script.eml", server_dir(s));
	file = fopen(path, "rb");
	assert_non_null(file);
	n = fread(first, 1, sizeof first - 1, file);
	first[n] = '\0';
	fclose(file);
	assert_string_equal(first, server_mail(again, 1, NULL));
	assert_non_null(strstr(first, id));
	assert_non_null(strstr(first, "Date: "));
	smtp_message_free(m);
	server_stop(s);
	server_stop(again);
	proves("LIB-J-1");
}

/* ---- what helps */

/* The numbers of a reply say what usually helps. */
static void
test_client_outcome__hints_tell_what_helps(void **state)
{
	needs(SMTP_WITH_ENHANCED);
	static const struct { const char *reply, *hint, *proves; } rows[] = {
		{ "mail=530 5.7.0 Authentication required", "smtp_auth",
		    "R4954-6-2" },
		{ "rcpt=450 4.7.1 greylisted", "minutes", "" },
		{ "rcpt=451 4.7.1 greylisted", "minutes", "" },
		{ "rcpt=452 4.2.2 mailbox full", "full", "" },
		{ "rcpt=552 5.2.2 mailbox full", "full", "R3463-3.3-1" },
		{ "rcpt=550 5.1.1 nobody", "address", "" },
		{ "rcpt=550 5.1.10 null MX", "takes no mail", "" },
		{ "rcpt=550 5.6.7 ASCII only", "ASCII", "R6531-3.5-1" },
		{ "mail=552 5.3.4 too big", "larger", "" },
		{ "end=552 5.3.4 too big", "larger", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--tls", "none", "--reject",
			rows[i].reply, NULL);
		struct smtp *smtp = plain_session(s);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);
		const char *reply = strchr(rows[i].reply, '=') + 1;

		expect_rc(rows[i].reply, smtp, smtp_send(smtp, m),
			reply[0] == '4' ? SMTP_E_LATER : SMTP_E_REFUSED);
		if (strstr(smtp_hint(smtp), rows[i].hint) == NULL)
			fail_msg("%s: %s", rows[i].reply, smtp_hint(smtp));
		/* The server's own words are in the error. */
		if (strstr(smtp_error(smtp), strchr(reply + 4, ' ') + 1) ==
		    NULL)
			fail_msg("%s: %s", rows[i].reply, smtp_error(smtp));
		smtp_close(smtp);
		smtp_message_free(m);
		server_stop(s);
		proves(rows[i].proves);
	}
}

/* Words are octets for the caller, and harmless in a line for a person. */
static void
test_client_outcome__odd_octets_are_kept_and_escaped(void **state)
{
	needs(SMTP_WITH_ENHANCED);
	static const char words[] = "no\tsuch \x1b[31m user \xc3\xbc \xff";
	struct server *s = server_play(PLAY_TO_RCPT "C: RCPT*\n"
		"S: 550 5.1.1 no\\tsuch \\x1b[31m user \\xc3\\xbc \\xff\n"
		PLAY_BYE, NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);

	(void)state;
	expect_rc("odd octets", smtp, smtp_send(smtp, m), SMTP_E_REFUSED);
	assert_string_equal(words, smtp_message_recipient_text(m, 0));
	for (const char *p = smtp_error(smtp); *p != '\0'; p++)
		assert_in_range(*p, ' ', '~');
	assert_non_null(strstr(smtp_error(smtp), "\\x1B[31m"));
	smtp_close(smtp);
	expect_complete("odd octets", s);
	smtp_message_free(m);
	server_stop(s);
	proves("R5321-4.2-9");
}

/* Words beyond the line end it, and no octet of theirs is half escaped. */
static void
test_client_outcome__long_words_are_cut(void **state)
{
	(void)state;
	needs(SMTP_WITH_ENHANCED);
	for (size_t n = 0; n < 4; n++) {
		char script[1200], words[500];
		struct server *s;
		struct smtp *smtp;
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);
		const char *line, *end;

		memset(words, 'x', sizeof words - 1);
		words[sizeof words - 1] = '\0';
		for (size_t i = n; i + 4 < sizeof words; i += 8)
			memcpy(words + i, "\xc3\xbc", 2);
		(void)snprintf(script, sizeof script, PLAY_TO_RCPT "C: RCPT*\n"
			"S: 550 5.1.1 %s\n" PLAY_BYE, words);
		s = server_play(script, NULL);
		smtp = plain_session(s);
		expect_rc("long", smtp, smtp_send(smtp, m), SMTP_E_REFUSED);
		assert_string_equal(words, smtp_message_recipient_text(m, 0));
		line = smtp_error(smtp);
		end = line + strlen(line);
		assert_in_range(end - line, 390, SMTP__ERROR_MAX - 1);
		if (end[-1] != 'x')
			assert_memory_equal(end - 4, end[-1] == '3' ?
				"\\xC3" : "\\xBC", 4);
		smtp_close(smtp);
		expect_complete("long", s);
		smtp_message_free(m);
		server_stop(s);
	}
}

/* ---- opening */

static void
test_client_outcome__open_tells_why_it_failed(void **state)
{
	static const struct {
		const char *name, *script;
		int want, code;
		const char *proves;
	} rows[] = {
		{ "closed", "CLOSE\n", SMTP_E_CLOSED, 0, "" },
		{ "reset", "SLEEP 100\nRESET\n", SMTP_E_CLOSED, 0, "" },
		{ "554", "S: 554 no service\nC: QUIT\nS: 221 bye\nEOF\n",
		    SMTP_E_REFUSED, 554, "R5321-3.1-1" },
		{ "521", "S: 521 no mail here\nC: QUIT\nS: 221 bye\nEOF\n",
		    SMTP_E_REFUSED, 521, "" },
		{ "421", "S: 421 busy\nCLOSE\n", SMTP_E_LATER, 421,
		    "R5321-4.3.2-1" },
		{ "nonsense", "S: SSH-2.0-OpenSSH\nSTALL\n",
		    SMTP_E_PROTOCOL, 0, "" },
		{ "bare LF", "S| 220 hi\\n\nSTALL\n", SMTP_E_PROTOCOL, 0,
		    "" },
		{ "EHLO 550", "S: 220 hi\nC: EHLO*\nS: 550 no\n" PLAY_BYE,
		    SMTP_E_REFUSED, 550, "" },
		{ "EHLO 450", "S: 220 hi\nC: EHLO*\nS: 450 no\n" PLAY_BYE,
		    SMTP_E_LATER, 450, "" },
		{ "EHLO closed", "S: 220 hi\nC: EHLO*\nCLOSE\n",
		    SMTP_E_CLOSED, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, NULL);
		struct smtp *smtp;
		int rc = try_session(&smtp, s, server_url(s, PLAIN,
			"127.0.0.1"), "timeout", "3", NULL);

		expect_rc(rows[i].name, smtp, rc, rows[i].want);
		if (rows[i].code != 0)
			assert_int_equal(rows[i].code, smtp_reply_code(smtp));
		assert_int_not_equal('\0', smtp_error(smtp)[0]);
		smtp_close(smtp);
		expect_complete(rows[i].name, s);
		server_stop(s);
		proves(rows[i].proves);
	}
}

static void
test_client_outcome__nobody_listens(void **state)
{
	struct server *s = server_start(NULL);
	char url[256];
	struct smtp *smtp;

	(void)state;
	(void)snprintf(url, sizeof url, "%s", server_url(s, PLAIN,
		"127.0.0.1"));
	server_stop(s);
	expect_rc("refused", NULL, try_session(&smtp, NULL, url, NULL),
		SMTP_E_CONNECT);
	smtp_close(smtp);
	expect_rc("no name", NULL, try_session(&smtp, NULL,
		"smtp+plaintext://no-such-host.invalid:25", NULL),
		SMTP_E_RESOLVE);
	smtp_close(smtp);
}

/* ---- the end of a session */

/* What was delivered stays so, whatever QUIT gets. */
static void
test_client_outcome__quit_does_not_matter(void **state)
{
	static const char *const rows[] = {
		PLAY_TO_BODY "C.\nS: 250 ok\nCLOSE\n",
		PLAY_TO_BODY "C.\nS: 250 ok\nC: QUIT\nCLOSE\n",
		PLAY_TO_BODY "C.\nS: 250 ok\nC: QUIT\nRESET\n",
		PLAY_TO_BODY "C.\nS: 250 ok\nC: QUIT\nS: 500 what\nEOF\n",
		PLAY_TO_BODY "C.\nS: 250 ok\nC: QUIT\nSTALL\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i], NULL);
		struct smtp *smtp = plain_session(s);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);
		uint64_t begin;

		expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
		begin = smtp_now_ms();
		assert_int_equal(SMTP_OK, smtp_close(smtp));
		assert_true(smtp_now_ms() - begin < 2500);
		assert_int_equal(SMTP_OK, smtp_message_status(m));
		smtp_message_free(m);
		server_stop(s);
	}
	proves("LIB-D-1");
}

/* A session that died while it was idle is opened again, once. */
static void
test_client_outcome__an_idle_session_is_opened_again(void **state)
{
	static const char *const rows[] = {
		PLAY_TO_BODY "C.\nS: 250 ok\nS: 421 4.4.2 idle\nCLOSE\nACCEPT\n"
		    PLAY_TO_BODY "C.\nS: 250 ok\n" PLAY_BYE,
		PLAY_TO_BODY "C.\nS: 250 ok\nCLOSE\nACCEPT\n"
		    PLAY_TO_BODY "C.\nS: 250 ok\n" PLAY_BYE,
		PLAY_TO_BODY "C.\nS: 250 ok\nRESET\nACCEPT\n"
		    PLAY_TO_BODY "C.\nS: 250 ok\n" PLAY_BYE,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i], NULL);
		struct smtp *smtp = plain_session(s);

		for (int k = 0; k < 2; k++) {
			struct smtp_message *m = mail_of(plain_mail,
				"b@example.com", NULL);

			expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
			smtp_message_free(m);
			(void)poll(NULL, 0, 200);
		}
		smtp_close(smtp);
		expect_complete("idle", s);
		assert_int_equal(2, server_sessions(s));
		server_stop(s);
	}
	proves("LIB-E-5");
}

#define GOODBYE PLAY_HELLO "SLEEP 100\nS: 421 4.3.2 going down\nCLOSE\n"

/* Where it may not be opened again, what the server said is why. */
static void
test_client_outcome__a_goodbye_between_is_told(void **state)
{
	static const struct {
		const char *script;
		bool mail;
		const char *words;
	} rows[] = {
		{ GOODBYE, false,
		    "the session: the server said 421 4.3.2 going down" },
		{ GOODBYE, true,
		    "the session: the server said 421 4.3.2 going down" },
		{ PLAY_HELLO "SLEEP 100\nCLOSE\n", false,
		    "the session: the connection was lost" },
		{ PLAY_HELLO "SLEEP 100\nCLOSE\n", true,
		    "the session: the connection was lost" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, NULL);
		struct smtp *smtp = session_to(s,
			server_url(s, PLAIN, "localhost"), "reconnect", "no",
			NULL);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);

		(void)poll(NULL, 0, 200);
		if (rows[i].mail)
			expect_rc("goodbye", smtp, smtp_send(smtp, m),
				SMTP_E_LATER);
		else
			expect_rc("goodbye", smtp, smtp_noop(smtp),
				SMTP_E_CLOSED);
		assert_int_equal(SMTP_E_CLOSED, smtp_cause(smtp));
		assert_string_equal(rows[i].words, smtp_error(smtp));
		smtp_message_free(m);
		smtp_close(smtp);
		expect_complete("goodbye", s);
		server_stop(s);
	}
}

static void
test_client_outcome__other_commands(void **state)
{
	struct server *s = server_start("--tls", "none",
		"--reject", "noop=450 4.0.0 no", NULL);
	struct smtp *smtp = plain_session(s);

	(void)state;
	assert_int_equal(SMTP_E_LATER, smtp_noop(smtp));
	assert_int_equal(SMTP_OK, smtp_reset(smtp));
	assert_int_equal(SMTP_OK, smtp_command(smtp, "VRFY somebody"));
	assert_int_equal(252, smtp_reply_code(smtp));
	assert_int_equal(SMTP_OK, smtp_command(smtp, "HELP"));
	assert_int_equal(SMTP_E_REFUSED, smtp_command(smtp, "EXPN list"));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_command(smtp,
		"HELP\r\nMAIL FROM:<>"));
	assert_string_equal("", smtp_capability(smtp, "pipelining"));
	assert_non_null(smtp_capability(smtp, "SIZE"));
	assert_null(smtp_capability(smtp, "XFOO"));
	smtp_close(smtp);
	assert_false(server_heard_line(s, "MAIL"));
	server_stop(s);

	s = server_play("S: 220 hi\nC: EHLO *\nS: 250-hi\n"
		"S: 250-XFOO a b=c\nS: 250-size  12 \nS: 250 XBAR\n" PLAY_BYE,
		NULL);
	smtp = plain_session(s);
	assert_string_equal("a b=c", smtp_capability(smtp, "XFOO"));
	assert_string_equal("", smtp_capability(smtp, "xbar"));
	assert_non_null(strstr(smtp_capability(smtp, "SIZE"), "12"));
	assert_null(smtp_capability(smtp, "XFO"));
	assert_null(smtp_capability(smtp, "hi"));
	smtp_close(smtp);
	server_stop(s);
	proves("LIB-B-5");
}

/* Before a connection that was lost is there again. */
static void
test_client_outcome__cancelled_before_anybody_is_called(void **state)
{
	struct server *s = server_play(PLAY_HELLO "C: NOOP\nCLOSE\n", NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN, "localhost"),
		NULL);

	(void)state;
	expect_rc("lost", smtp, smtp_noop(smtp), SMTP_E_CLOSED);
	smtp_cancel(smtp);
	expect_rc("cancelled", smtp, smtp_noop(smtp), SMTP_E_CANCELLED);
	assert_string_equal(smtp_error(smtp), "cancelled while connecting");
	assert_int_equal(SMTP_PHASE_RESOLVE, smtp_phase(smtp));
	smtp_close(smtp);
	expect_complete("cancelled", s);
	server_stop(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_outcome__long_words_are_cut),
		cmocka_unit_test(
			test_client_outcome__what_became_of_it_is_told),
		cmocka_unit_test(
			test_client_outcome__sent_again_it_is_the_same),
		cmocka_unit_test(test_client_outcome__hints_tell_what_helps),
		cmocka_unit_test(
			test_client_outcome__odd_octets_are_kept_and_escaped),
		cmocka_unit_test(test_client_outcome__open_tells_why_it_failed),
		cmocka_unit_test(test_client_outcome__nobody_listens),
		cmocka_unit_test(test_client_outcome__quit_does_not_matter),
		cmocka_unit_test(
			test_client_outcome__an_idle_session_is_opened_again),
		cmocka_unit_test(
			test_client_outcome__a_goodbye_between_is_told),
		cmocka_unit_test(test_client_outcome__other_commands),
		cmocka_unit_test(
		    test_client_outcome__cancelled_before_anybody_is_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
