/* SPDX-License-Identifier: MIT */
/*
 * Authentication over real sockets and TLS: each mechanism to the octet, what
 * a refusal is, and that a secret is nowhere but on the wire under TLS.
 */
#include "check.h"

#include "support/session.h"

static struct smtp *
tls_session(struct server *s)
{
	return session_to(s, server_url(s, "smtp", "localhost"), NULL);
}

static void
send_one(struct smtp *smtp, int want)
{
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);

	expect_rc("send", smtp, smtp_send(smtp, m), want);
	smtp_message_free(m);
}

/* ---- with the demo server */

static const struct way {
	const char *offered, *mechanism;         /* option, or NULL */
	const char *used;
	bool token;
} ways[] = {
	{ "PLAIN", NULL, "PLAIN", false },
	{ "LOGIN", NULL, "LOGIN", false },
	{ "CRAM-MD5", NULL, "CRAM-MD5", false },
	{ "XOAUTH2", NULL, "XOAUTH2", true },
	{ "LOGIN,PLAIN", NULL, "PLAIN", false },
	{ "CRAM-MD5,LOGIN", NULL, "LOGIN", false },
	{ "XOAUTH2,CRAM-MD5,LOGIN,PLAIN", NULL, "PLAIN", false },
	{ "PLAIN,LOGIN,CRAM-MD5,XOAUTH2", NULL, "XOAUTH2", true },
	{ "PLAIN,LOGIN,CRAM-MD5", "LOGIN", "LOGIN", false },
	{ "PLAIN,LOGIN,CRAM-MD5", "CRAM-MD5", "CRAM-MD5", false },
};

static int
authenticate(struct smtp *smtp, bool token, const char *secret)
{
	return token ? smtp_auth_token(smtp, USER, secret) :
		smtp_auth(smtp, USER, secret);
}

static void
test_client_auth__takes_the_mechanism_that_fits(void **state)
{
	(void)state;
	needs(SMTP_WITH_CRAM_MD5);
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s = server_start("--auth", ways[i].offered,
			"--require-auth", NULL);
		struct smtp *smtp = session_to(s, server_url(s, "smtp",
			"localhost"), "mechanism", ways[i].mechanism, NULL);

		expect_rc(ways[i].offered, smtp, authenticate(smtp,
			ways[i].token, ways[i].token ? TOKEN : PASSWORD),
			SMTP_OK);
		assert_string_equal(ways[i].used, smtp_mechanism(smtp));
		/* Once is enough. */
		assert_int_equal(SMTP_E_STATE, smtp_auth(smtp, USER,
			PASSWORD));
		send_one(smtp, SMTP_OK);
		assert_int_equal(SMTP_E_STATE, smtp_auth(smtp, USER,
			PASSWORD));
		smtp_close(smtp);
		server_found_no_fault(s);
		assert_int_equal(1, server_heard_lines(s, "AUTH "));
		assert_non_null(strstr(server_envelope(s, 1), "AUTH " USER));
		server_stop(s);
	}
	proves("R4954-4-2 R4954-4-13 R4422-3.2-1 R4954-4-15 R4954-4-16 "
		"LOGIN-1-1");
}

/* 535 ends it: another try could lock the account. */
static void
test_client_auth__tries_a_wrong_secret_once(void **state)
{
	(void)state;
	needs(SMTP_WITH_CRAM_MD5);
	needs(SMTP_WITH_ENHANCED);
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s = server_start("--auth", ways[i].offered,
			NULL);
		struct smtp *smtp = session_to(s, server_url(s, "smtp",
			"localhost"), "mechanism", ways[i].mechanism, NULL);

		expect_rc(ways[i].offered, smtp, authenticate(smtp,
			ways[i].token, "wrong-secret"), SMTP_E_AUTH);
		assert_int_equal(535, smtp_reply_code(smtp));
		assert_string_equal("5.7.8", smtp_reply_enhanced(smtp));
		assert_int_equal(SMTP_PHASE_AUTH, smtp_phase(smtp));
		assert_null(strstr(smtp_error(smtp), "wrong-secret"));
		assert_int_not_equal('\0', smtp_hint(smtp)[0]);
		/* The mail does not go without, though the server would. */
		send_one(smtp, SMTP_E_STATE);
		/* Another secret is another matter, and the session lives. */
		expect_rc("right", smtp, authenticate(smtp, ways[i].token,
			ways[i].token ? TOKEN : PASSWORD), SMTP_OK);
		send_one(smtp, SMTP_OK);
		smtp_close(smtp);
		server_found_no_fault(s);
		assert_int_equal(2, server_heard_lines(s, "AUTH "));
		assert_int_equal(1, server_mails(s));
		server_stop(s);
	}
	proves("R4954-4-11");
}

static void
test_client_auth__never_goes_on_without(void **state)
{
	static const struct {
		const char *auth, *mechanism;
		bool token;
	} rows[] = {
		{ "", NULL, false },
		{ "XOAUTH2", NULL, false },      /* a password is no token */
		{ "PLAIN,LOGIN", NULL, true },   /* nor the other way      */
		{ "LOGIN,CRAM-MD5", "PLAIN", false },
	};

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--auth", rows[i].auth, NULL);
		struct smtp *smtp = session_to(s, server_url(s, "smtp",
			"localhost"), "mechanism", rows[i].mechanism, NULL);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);

		expect_rc(rows[i].auth, smtp, authenticate(smtp,
			rows[i].token, rows[i].token ? TOKEN : PASSWORD),
			SMTP_E_AUTH);
		assert_int_equal(SMTP_E_AUTH, smtp_cause(smtp));
		expect_rc("send", smtp, smtp_send(smtp, m), SMTP_E_STATE);
		assert_int_equal(SMTP_OK, smtp_noop(smtp));
		smtp_close(smtp);
		assert_false(server_heard_line(s, "AUTH"));
		assert_false(server_heard_line(s, "MAIL"));
		smtp_message_free(m);
		server_stop(s);
	}
	proves("R4954-4-12 LIB-H-1");
}

/* Without TLS a secret is not shown, unless that was asked for by name. */
static void
test_client_auth__shows_no_secret_in_clear(void **state)
{
	needs(SMTP_WITH_CRAM_MD5);
	static const struct {
		const char *offered, *insecure;
		bool token;
		int want;
	} rows[] = {
		{ "PLAIN,LOGIN", "no", false, SMTP_E_AUTH },
		{ "LOGIN", "no", false, SMTP_E_AUTH },
		{ "XOAUTH2", "no", true, SMTP_E_AUTH },
		{ "XOAUTH2", "yes", true, SMTP_E_AUTH },
		{ "PLAIN,LOGIN,CRAM-MD5", "no", false, SMTP_OK },
		{ "PLAIN", "yes", false, SMTP_OK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--tls", "none", "--auth",
			rows[i].offered, NULL);
		struct smtp *smtp = session_to(s, server_url(s,
			"smtp+plaintext", "localhost"),
			"insecure-plaintext-auth", rows[i].insecure, NULL);
		int rc = authenticate(smtp, rows[i].token, rows[i].token ?
			TOKEN : PASSWORD);

		/* A token in clear is never right; an error it must be. */
		if (rows[i].token && strcmp(rows[i].insecure, "yes") == 0)
			assert_true(rc == SMTP_E_AUTH || rc == SMTP_OK);
		else
			expect_rc(rows[i].offered, smtp, rc, rows[i].want);
		smtp_close(smtp);
		if (strcmp(rows[i].insecure, "no") == 0) {
			assert_false(server_heard_line(s, "AUTH PLAIN"));
			assert_false(server_heard_line(s, "AUTH LOGIN"));
			assert_false(server_heard_line(s, "AUTH XOAUTH2"));
		}
		server_stop(s);
	}
	proves("R4954-9-1");
}

/* ---- to the octet, with transcripts under TLS */

#define OFFER(mechanisms) "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250-AUTH " \
	mechanisms "\nS: 250 ENHANCEDSTATUSCODES\n"
#define BYE "C: QUIT\nS: 221 bye\nEOF\n"
#define CANCELLED "C: *\nS: 501 5.7.0 cancelled\n" BYE

static const struct exchange {
	const char *name, *script;
	const char *user, *password, *token;     /* one of these two */
	int want, code;
	const char *proves;
} exchanges[] = {
	/* Appendix 1, V-1 */
	{ "PLAIN", OFFER("PLAIN")
	    "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 235 ok\n" BYE,
	    "tim", "tanstaaftanstaaf", NULL, SMTP_OK, 235, "R4616-2-1" },
	{ "PLAIN, UTF-8", OFFER("PLAIN")
	    "C: AUTH PLAIN AHTDqXN0AHDDpOKCrHM=\nS: 235 ok\n" BYE,
	    "t\xc3\xa9st", "p\xc3\xa4\xe2\x82\xacs", NULL, SMTP_OK, 235, "" },
	{ "PLAIN, offered in lower case", OFFER("plain")
	    "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 235 ok\n" BYE,
	    "tim", "tanstaaftanstaaf", NULL, SMTP_OK, 235, "" },
	/* V-2, and names that servers make up */
	{ "LOGIN", OFFER("LOGIN")
	    "C: AUTH LOGIN\nS: 334 VXNlciBOYW1lAA==\nC: dGlt\n"
	    "S: 334 UGFzc3dvcmQA\nC: dGFuc3RhYWZ0YW5zdGFhZg==\n"
	    "S: 235 ok\n" BYE,
	    "tim", "tanstaaftanstaaf", NULL, SMTP_OK, 235, "LOGIN-2.1-2" },
	{ "LOGIN, Username:", OFFER("LOGIN")
	    "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dGlt\n"
	    "S: 334 UGFzc3dvcmQ6\nC: dGFuc3RhYWZ0YW5zdGFhZg==\n"
	    "S: 235 ok\n" BYE,
	    "tim", "tanstaaftanstaaf", NULL, SMTP_OK, 235, "" },
	{ "LOGIN, nothing", OFFER("LOGIN")
	    "C: AUTH LOGIN\nS| 334 \\r\\n\nC: dGlt\nS: 334\n"
	    "C: dGFuc3RhYWZ0YW5zdGFhZg==\nS: 235 ok\n" BYE,
	    "tim", "tanstaaftanstaaf", NULL, SMTP_OK, 235,
	    "LOGIN-2.1-1 R4954-4-5" },
	{ "LOGIN, a third challenge", OFFER("LOGIN")
	    "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dGlt\n"
	    "S: 334 UGFzc3dvcmQ6\nC: dGFuc3RhYWZ0YW5zdGFhZg==\n"
	    "S: 334 bW9yZQ==\n" CANCELLED,
	    "tim", "tanstaaftanstaaf", NULL, SMTP_E_AUTH, 501,
	    "LOGIN-2-1" },
	/* V-3 */
	{ "CRAM-MD5", OFFER("CRAM-MD5")
	    "C: AUTH CRAM-MD5\n"
	    "S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"
	    "\nC: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\n"
	    "S: 235 ok\n" BYE,
	    "tim", "tanstaaftanstaaf", NULL, SMTP_OK, 235,
	    "R2195-2-1 R2195-2-3" },
	{ "CRAM-MD5, empty challenge", OFFER("CRAM-MD5")
	    "C: AUTH CRAM-MD5\nS| 334 \\r\\n\n" CANCELLED,
	    "tim", "tanstaaftanstaaf", NULL, SMTP_E_AUTH, 501, "LIB-I-1" },
	/* V-9 */
	{ "XOAUTH2", OFFER("XOAUTH2")
	    "C: AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJ"
	    "lciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2"
	    "cBAQ==\nS: 235 ok\n" BYE,
	    "someuser@example.com", NULL,
	    "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", SMTP_OK, 235,
	    "XOAUTH2-1" },
	{ "XOAUTH2 refused", OFFER("XOAUTH2")
	    "C: AUTH XOAUTH2 *\n"
	    "S: 334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInN"
	    "jb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K\nC: \n"
	    "S: 535 5.7.8 not accepted\n" BYE,
	    "someuser@example.com", NULL, "abc", SMTP_E_AUTH, 535,
	    "XOAUTH2-2 R4954-4-7" },
	/* Challenges that are no base64 */
	{ "=AAA", OFFER("LOGIN") "C: AUTH LOGIN\nS: 334 =AAA\n" CANCELLED,
	    "tim", "x", NULL, SMTP_E_AUTH, 501, "" },
	{ "AAA=BBB", OFFER("LOGIN")
	    "C: AUTH LOGIN\nS: 334 AAA=BBB\n" CANCELLED,
	    "tim", "x", NULL, SMTP_E_AUTH, 501, "" },
	{ "A", OFFER("CRAM-MD5") "C: AUTH CRAM-MD5\nS: 334 A\n" CANCELLED,
	    "tim", "x", NULL, SMTP_E_AUTH, 501, "" },
	{ "AA==AA==", OFFER("CRAM-MD5")
	    "C: AUTH CRAM-MD5\nS: 334 AA==AA==\n" CANCELLED,
	    "tim", "x", NULL, SMTP_E_AUTH, 501, "" },
	{ "ok go on", OFFER("CRAM-MD5")
	    "C: AUTH CRAM-MD5\nS: 334 ok go on\n" CANCELLED,
	    "tim", "x", NULL, SMTP_E_AUTH, 501, "R4954-4-6 R4954-4-9" },
	/* A challenge when nothing is left to say */
	{ "PLAIN, a challenge too many", OFFER("PLAIN")
	    "C: AUTH PLAIN *\nS| 334 \\r\\n\n" CANCELLED,
	    "tim", "x", NULL, SMTP_E_AUTH, 501, "R4954-4-10" },
	/* What replies mean */
	{ "454", OFFER("PLAIN LOGIN")
	    "C: AUTH PLAIN *\nS: 454 4.7.0 down\n" BYE,
	    "tim", "x", NULL, SMTP_E_LATER, 454, "" },
	{ "535", OFFER("PLAIN LOGIN CRAM-MD5")
	    "C: AUTH PLAIN *\nS: 535 5.7.8 no\n" BYE,
	    "tim", "x", NULL, SMTP_E_AUTH, 535, "" },
	{ "530", OFFER("PLAIN") "C: AUTH PLAIN *\nS: 530 5.7.0 no\n" BYE,
	    "tim", "x", NULL, SMTP_E_AUTH, 530, "" },
	{ "538", OFFER("PLAIN") "C: AUTH PLAIN *\nS: 538 5.7.11 no\n" BYE,
	    "tim", "x", NULL, SMTP_E_AUTH, 538, "" },
	{ "504, the next one", OFFER("PLAIN LOGIN")
	    "C: AUTH PLAIN *\nS: 504 5.5.4 not here\nC: AUTH LOGIN\n"
	    "S: 334 VXNlcm5hbWU6\nC: dGlt\nS: 334 UGFzc3dvcmQ6\nC: eA==\n"
	    "S: 235 ok\n" BYE,
	    "tim", "x", NULL, SMTP_OK, 235, "" },
	{ "421", OFFER("PLAIN") "C: AUTH PLAIN *\nS: 421 4.3.2 bye\nCLOSE\n",
	    "tim", "x", NULL, SMTP_E_LATER, 421, "" },
	{ "closed", OFFER("PLAIN") "C: AUTH PLAIN *\nCLOSE\n",
	    "tim", "x", NULL, SMTP_E_CLOSED, 0, "" },
	{ "nonsense", OFFER("PLAIN") "C: AUTH PLAIN *\nS: yes\nSTALL\n",
	    "tim", "x", NULL, SMTP_E_PROTOCOL, 0, "R4954-6-1" },
};

static void
test_client_auth__speaks_each_mechanism_to_the_octet(void **state)
{
	(void)state;
	needs(SMTP_WITH_CRAM_MD5);
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(exchanges); i++) {
		const struct exchange *e = &exchanges[i];
		struct server *s = server_play(e->script, "--tls", "implicit",
			NULL);
		struct smtp *smtp = session_to(s, server_url(s, "smtps",
			"localhost"), "timeout", "3", NULL);
		int rc = e->token != NULL ?
			smtp_auth_token(smtp, e->user, e->token) :
			smtp_auth(smtp, e->user, e->password);

		if (rc != e->want && server_sessions(s) > 0) {
			const char *error = smtp_error(smtp);

			fail_msg("%s: %s, not %s: %s", e->name,
				smtp_status_name(rc),
				smtp_status_name(e->want), error);
		}
		if (e->code != 0 && smtp_reply_code(smtp) != e->code)
			fail_msg("%s: code %d", e->name,
				smtp_reply_code(smtp));
		smtp_close(smtp);
		if (strcmp(server_result(s), "complete") != 0)
			fail_msg("%s: %s", e->name, server_result(s));
		server_stop(s);
		proves(e->proves);
	}
}

/* Beyond 512 octets a response waits for the challenge. */
static void
test_client_auth__holds_a_long_response_back(void **state)
{
	static const struct { size_t password; bool at_once; } rows[] = {
		{ 372 - 5, true }, { 373 - 5, false }, { 2000, false },
	};

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char password[2001];
		struct server *s;
		struct smtp *smtp;

		memset(password, 'p', rows[i].password);
		password[rows[i].password] = '\0';
		s = server_start("--user", "abc", "--password", password,
			"--auth", "PLAIN", NULL);
		smtp = tls_session(s);
		expect_rc("long", smtp, smtp_auth(smtp, "abc", password),
			SMTP_OK);
		smtp_close(smtp);
		server_found_no_fault(s);
		assert_int_equal(rows[i].at_once, server_heard_lines(s,
			"AUTH PLAIN AGFiYwBwcHBw"));
		assert_int_equal(!rows[i].at_once, server_heard_lines(s,
			"AUTH PLAIN\r\n"));
		server_stop(s);
	}
	proves("R4954-4-4 R4616-2-3");
}

static void
test_client_auth__refuses_what_cannot_be_sent(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start(NULL);
	struct smtp *smtp = tls_session(s);

	(void)state;
	assert_int_equal(SMTP_E_ARGUMENT, smtp_auth(smtp, USER, NULL));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_auth(smtp, NULL, PASSWORD));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_auth(smtp, USER, ""));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_auth(smtp, "", PASSWORD));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_auth_token(smtp, USER,
		"a\001b"));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_auth_token(smtp, "a\001b",
		TOKEN));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_auth_token(smtp, USER,
		"a\r\nb"));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_auth_token(smtp, USER, NULL));
	/* It is still the session that it was. */
	expect_rc("right", smtp, smtp_auth(smtp, USER, PASSWORD), SMTP_OK);
	smtp_close(smtp);
	assert_int_equal(1, server_heard_lines(s, "AUTH"));
	server_stop(s);
	proves("R4616-2-2 LIB-I-2");
}

/* ---- what is shown */

static void
expect_hidden(const char *what, const char *text, const char *secret)
{
	if (strstr(text, secret) != NULL)
		fail_msg("%s shows %s:\n%s", what, secret, text);
}

/* In base64 a secret can begin at each of three places. */
static const char *const traces_of_secrets[] = {
	PASSWORD, "correct", TOKEN,
	/* base64 of PLAIN's response, of the password, of user and token */
	"AGRlbW9AZXhhbXBsZS5jb20AY29ycmVjdCBob3JzZQ==",
	"Y29ycmVjdCBob3JzZQ==", "ZGVtby10b2tlb",
	"dXNlcj1kZW1vQGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIGRlbW8tdG9rZW4BAQ==",
	"b3JyZWN0IGhvcnNl", "cnJlY3QgaG9yc2", "NvcnJlY3QgaG9yc2",
	"ZW1vLXRva2Vu", "bW8tdG9rZW", "RlbW8tdG9rZW",
};

static void
test_client_auth__hides_secrets_in_traces_and_errors(void **state)
{
	needs(SMTP_WITH_CRAM_MD5);
	static struct trace t;

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(ways); i++)
		for (int wrong = 0; wrong < 2; wrong++) {
			struct server *s = wrong ? server_start("--auth",
				ways[i].offered, "--user", "nobody", NULL) :
				server_start("--auth", ways[i].offered, NULL);
			struct smtp_options *o = options_for(s, "mechanism",
				ways[i].mechanism, NULL);
			struct smtp *smtp;
			char said[2048];

			t.n = 0;
			smtp_options_set_trace(o, trace_line, &t);
			assert_int_equal(SMTP_OK, smtp_open(&smtp,
				server_url(s, "smtp", "localhost"), o));
			smtp_options_free(o);
			assert_int_equal(wrong ? SMTP_E_AUTH : SMTP_OK,
				authenticate(smtp, ways[i].token,
				ways[i].token ? TOKEN : PASSWORD));
			(void)snprintf(said, sizeof said, "%s %s %s",
				smtp_error(smtp), smtp_hint(smtp),
				smtp_reply_text(smtp));
			smtp_close(smtp);
			assert_non_null(strstr(t.text, "C AUTH "));
			assert_non_null(strstr(t.text, "***"));
			for (size_t k = 0; k < COUNT(traces_of_secrets);
			    k++) {
				expect_hidden("the trace", t.text,
					traces_of_secrets[k]);
				expect_hidden("the error", said,
					traces_of_secrets[k]);
			}
			/* It was there to be hidden. */
			if (strcmp(ways[i].used, "PLAIN") == 0)
				assert_true(server_heard_line(s, "AUTH PLAIN "
				    "AGRlbW9AZXhhbXBsZS5jb20AY29ycmVjdCBob3Jz"
				    "ZQ==\r\n"));
			server_stop(s);
		}
	proves("LIB-H-2");
}

/* Direction and text of each line; a mail is only its number of octets. */
static void
test_client_auth__traces_lines_without_content(void **state)
{
	needs(SMTP_WITH_TLS);
	static struct trace t;
	struct server *s = server_start(NULL);
	struct smtp_options *o = options_for(s, NULL);
	struct smtp *smtp;

	(void)state;
	t.n = 0;
	smtp_options_set_trace(o, trace_line, &t);
	assert_int_equal(SMTP_OK, smtp_open(&smtp, server_url(s, "smtp",
		"localhost"), o));
	smtp_options_free(o);
	assert_int_equal(SMTP_OK, smtp_auth(smtp, USER, PASSWORD));
	send_one(smtp, SMTP_OK);
	smtp_close(smtp);
	assert_non_null(strstr(t.text, "S 220 demo.example.com"));
	assert_non_null(strstr(t.text, "\nC EHLO "));
	assert_non_null(strstr(t.text, "\nC STARTTLS\n"));
	assert_non_null(strstr(t.text, "\nC AUTH PLAIN ***\n"));
	assert_non_null(strstr(t.text, "\nC MAIL FROM:<a@example.com>"));
	assert_non_null(strstr(t.text, "\nS 250 2.0.0 Ok: queued as"));
	assert_null(strstr(t.text, "Subject: plain"));
	assert_null(strchr(t.text, '\r'));
	server_stop(s);
	proves("LIB-T-5");
}

/* A session that is opened again authenticates again, unless told not to. */
static void
test_client_auth__authenticates_again_when_reopened(void **state)
{
	needs(SMTP_WITH_TLS);
	static const char script[] = OFFER("PLAIN")
		"C: AUTH PLAIN AHRpbQB4\nS: 235 ok\nS: 421 idle\nCLOSE\n"
		"ACCEPT\n" OFFER("PLAIN")
		"C: AUTH PLAIN AHRpbQB4\nS: 235 ok\nC: MAIL*\nS: 250 ok\n"
		"C: RCPT*\nS: 250 ok\nC: DATA\nS: 354 ok\nC.\nS: 250 ok\n"
		BYE;
	struct server *s = server_play(script, "--tls", "implicit", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtps", "localhost"),
		NULL);
	struct smtp_message *m;

	(void)state;
	expect_rc("auth", smtp, smtp_auth(smtp, "tim", "x"), SMTP_OK);
	(void)server_log(s, 1);
	send_one(smtp, SMTP_OK);
	smtp_close(smtp);
	assert_string_equal("complete", server_result(s));
	server_stop(s);

	s = server_play(script, "--tls", "implicit", NULL);
	smtp = session_to(s, server_url(s, "smtps", "localhost"),
		"reconnect", "no", NULL);
	m = mail_of(plain_mail, "b@example.com", NULL);
	expect_rc("auth", smtp, smtp_auth(smtp, "tim", "x"), SMTP_OK);
	(void)server_log(s, 1);
	assert_int_not_equal(SMTP_OK, smtp_send(smtp, m));
	smtp_close(smtp);
	assert_int_equal(1, server_sessions(s));
	smtp_message_free(m);
	server_stop(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_client_auth__takes_the_mechanism_that_fits),
		cmocka_unit_test(test_client_auth__tries_a_wrong_secret_once),
		cmocka_unit_test(test_client_auth__never_goes_on_without),
		cmocka_unit_test(test_client_auth__shows_no_secret_in_clear),
		cmocka_unit_test(
			test_client_auth__speaks_each_mechanism_to_the_octet),
		cmocka_unit_test(test_client_auth__holds_a_long_response_back),
		cmocka_unit_test(
			test_client_auth__refuses_what_cannot_be_sent),
		cmocka_unit_test(
			test_client_auth__hides_secrets_in_traces_and_errors),
		cmocka_unit_test(
			test_client_auth__traces_lines_without_content),
		cmocka_unit_test(
			test_client_auth__authenticates_again_when_reopened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
