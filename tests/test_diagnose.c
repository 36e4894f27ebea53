/* SPDX-License-Identifier: MIT */
/*
 * What is wrong, found out over real sockets: each step with its result, and
 * advice that names the cause.
 */
#include "check.h"

#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "support/ports.h"
#include "support/proxy.h"
#include "support/session.h"

static struct smtp_diagnosis *d;

#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static int
is(size_t i, const char *step, int result)
{
	return strcmp(smtp_diagnosis_step(d, i), step) == 0 &&
	    smtp_diagnosis_result(d, i) == result;
}

static void
show(const char *name)
{
	print_message("%s\n", name);
	for (size_t i = 0; i < smtp_diagnosis_count(d); i++)
		print_message("  %-8s %-8s %-8s %s\n    -> %s\n",
		    smtp_diagnosis_step(d, i),
		    smtp_diagnosis_name(smtp_diagnosis_result(d, i)),
		    smtp_status_name(smtp_diagnosis_status(d, i)),
		    smtp_diagnosis_text(d, i), smtp_diagnosis_advice(d, i));
}

/* This step failed so; those before did not, those behind were not reached. */
static void
expect_failure(const char *name, const char *step, int status,
    const char *text, const char *advice)
{
	size_t i = 0, n = smtp_diagnosis_count(d);

	while (i < n && smtp_diagnosis_result(d, i) != SMTP_DIAGNOSIS_FAILED)
		i++;
	if (!is(i, step, SMTP_DIAGNOSIS_FAILED) ||
	    smtp_diagnosis_status(d, i) != status ||
	    strstr(smtp_diagnosis_text(d, i), text) == NULL ||
	    strstr(smtp_diagnosis_advice(d, i), advice) == NULL) {
		show(name);
		fail_msg("%s: not %s, %s, %s, %s", name, step,
		    smtp_status_name(status), text, advice);
	}
	for (size_t k = 0; k < n; k++) {
		if (k > i && (!is(k, smtp_diagnosis_step(d, k),
		    SMTP_DIAGNOSIS_SKIPPED) ||
		    strcmp(smtp_diagnosis_text(d, k), "not reached") != 0))
			fail_msg("%s: step %zu", name, k);
		if (k != i)
			assert_int_equal(smtp_diagnosis_status(d, k),
			    SMTP_OK);
		for (const char *p = smtp_diagnosis_text(d, k); *p != '\0';
		    p++)
			assert_in_range(*p, ' ', '~');
		assert_int_not_equal(smtp_diagnosis_text(d, k)[0], '\0');
	}
}

/* The steps and results, as "options+ resolve+ ...". */
static void
expect_steps(const char *name, const char *want)
{
	char got[300] = "";
	size_t n = 0;

	for (size_t i = 0; i < smtp_diagnosis_count(d); i++)
		n += (size_t)snprintf(got + n, sizeof got - n, "%s%s%c",
		    i > 0 ? " " : "", smtp_diagnosis_step(d, i),
		    "+!-."[smtp_diagnosis_result(d, i)]);
	if (strcmp(got, want) != 0) {
		show(name);
		fail_msg("%s: %s", name, got);
	}
}

/* ---- all is well */

static void
test_diagnose__finds_nothing_wrong(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--auth", "PLAIN", NULL);
	struct smtp_options *o = options_for(s, NULL);

	(void)state;
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp", "127.0.0.1"),
	    o, USER, PASSWORD), SMTP_OK);
	expect_steps("STARTTLS", "options+ resolve+ connect+ greeting+ ehlo+ "
	    "starttls+ tls+ ehlo+ auth+ noop+ quit+");
	assert_non_null(strstr(smtp_diagnosis_text(d, 3), "220 "));
	assert_non_null(strstr(smtp_diagnosis_text(d, 6), "TLSv1."));
	assert_non_null(strstr(smtp_diagnosis_text(d, 6), "127.0.0.1"));
	assert_non_null(strstr(smtp_diagnosis_text(d, 7), "PIPELINING, SIZE"));
	assert_string_equal(smtp_diagnosis_text(d, 8), "taken, with PLAIN");
	assert_string_equal(smtp_diagnosis_step(d, 11), "");
	assert_int_equal(smtp_diagnosis_status(d, 11), SMTP_E_ARGUMENT);
	assert_string_equal(smtp_diagnosis_text(d, 10), "221 2.0.0 Goodbye");
	smtp_diagnosis_free(d);

	/* Without credentials AUTH is left out, and all is well too. */
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp", "127.0.0.1"),
	    o, NULL, NULL), SMTP_OK);
	expect_steps("no user", "options+ resolve+ connect+ greeting+ ehlo+ "
	    "starttls+ tls+ ehlo+ auth. noop+ quit+");
	assert_non_null(strstr(smtp_diagnosis_text(d, 8), "offered: PLAIN"));
	smtp_diagnosis_free(d);

	/* On localhost IPv6 comes first, where nobody listens. */
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp+opportunistic",
	    "localhost"), o, NULL, NULL), SMTP_OK);
	expect_steps("opportunistic", "options+ resolve+ connect! greeting+ "
	    "ehlo+ starttls+ tls+ ehlo+ auth. noop+ quit+");
	assert_string_equal(smtp_diagnosis_text(d, 1), "::1, 127.0.0.1");
	assert_non_null(strstr(smtp_diagnosis_text(d, 2), "::1: "));
	assert_non_null(strstr(smtp_diagnosis_advice(d, 2), "IPv6"));
	smtp_diagnosis_free(d);
	smtp_options_free(o);
	server_stop(s);
}

static void
test_diagnose__takes_a_token_and_never_blocks_for_less(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--tls", "implicit", "--auth",
	    "XOAUTH2", NULL);
	struct smtp_options *o = options_for(s, "blocking", "no", NULL);

	(void)state;
	assert_int_equal(smtp_diagnose_token(&d, server_url(s, "smtps",
	    "127.0.0.1"), o, USER, TOKEN), SMTP_OK);
	expect_steps("token", "options+ resolve+ connect+ tls+ greeting+ "
	    "ehlo+ auth+ noop+ quit+");
	assert_string_equal(smtp_diagnosis_text(d, 6), "taken, with XOAUTH2");
	smtp_diagnosis_free(d);
	smtp_options_free(o);
	server_stop(s);
}

static void
test_diagnose__goes_on_without_TLS_where_that_is_asked(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_options *o = options_for(s, NULL);

	(void)state;
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp+plaintext",
	    "127.0.0.1"), o, NULL, NULL), SMTP_OK);
	expect_steps("plaintext", "options+ resolve+ connect+ greeting+ "
	    "ehlo+ auth. noop+ quit+");
	smtp_diagnosis_free(d);
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp+opportunistic",
	    "127.0.0.1"), o, NULL, NULL), SMTP_OK);
	expect_steps("not offered", "options+ resolve+ connect+ greeting+ "
	    "ehlo+ starttls. tls. ehlo. auth. noop+ quit+");
	smtp_diagnosis_free(d);
	smtp_options_free(o);
	server_stop(s);
}

/* ---- who is there, and how it is called */

/* A server as it is started, and a way to call it. */
static const struct {
	const char *name, *args[5], *scheme, *host;
	bool with_user;
	const char *step;
	int status;
	const char *text, *advice;
} calls[] = {
	{ "TLS to STARTTLS", { "--tls", "starttls" }, "smtps", "127.0.0.1",
	    false, "tls", SMTP_E_TLS, "", "use smtp://127.0.0.1:" },
	{ "TLS to none", { "--tls", "none" }, "smtps", "127.0.0.1", false,
	    "tls", SMTP_E_TLS, "", "offers no STARTTLS" },
	{ "none to TLS", { "--tls", "implicit" }, "smtp+plaintext",
	    "127.0.0.1", false, "greeting", SMTP_E_TIMEOUT, "",
	    "use smtps://127.0.0.1:" },
	{ "none to TLS, expired", { "--tls", "implicit", "--cert",
	    "expired" }, "smtp+plaintext", "127.0.0.1", false, "greeting",
	    SMTP_E_TIMEOUT, "", "use smtps://127.0.0.1:" },
	{ "STARTTLS to TLS", { "--tls", "implicit" }, "smtp", "127.0.0.1",
	    false, "greeting", SMTP_E_TIMEOUT, "", "use smtps://127.0.0.1:" },
	{ "no STARTTLS", { "--tls", "none" }, "smtp", "127.0.0.1", false,
	    "starttls", SMTP_E_TLS, "not offered", "does not offer STARTTLS" },
	{ "SMTP to LMTP", { "--tls", "none", "--lmtp" }, "smtp+plaintext",
	    "127.0.0.1", false, "ehlo", SMTP_E_REFUSED, "500",
	    "use lmtp+plaintext://127.0.0.1:" },
	{ "LMTP to SMTP", { "--tls", "none" }, "lmtp+plaintext", "127.0.0.1",
	    false, "ehlo", SMTP_E_REFUSED, "500",
	    "use smtp+plaintext://127.0.0.1:" },
	{ "LMTP to SMTP with STARTTLS", { "--tls", "starttls" },
	    "lmtp+plaintext", "127.0.0.1", false, "ehlo", SMTP_E_REFUSED,
	    "500", "use smtp://127.0.0.1:" },
	{ "EHLO's name", { "--tls", "none", "--reject", "ehlo=550 5.7.1 no" },
	    "smtp+plaintext", "127.0.0.1", false, "ehlo", SMTP_E_REFUSED,
	    "550", "ehlo-name" },
	{ "listed", { "--tls", "none", "--reject",
	    "greeting=554 5.7.1 listed at Spamhaus" }, "smtp+plaintext",
	    "127.0.0.1", false, "greeting", SMTP_E_REFUSED, "554",
	    "is on a block list" },
	{ "busy", { "--tls", "none", "--reject", "greeting=421 4.3.2 busy" },
	    "smtp+plaintext", "127.0.0.1", false, "greeting", SMTP_E_LATER,
	    "421", "try again later" },
	{ "STARTTLS refused", { "--reject", "starttls=454 4.7.0 no" },
	    "smtp", "127.0.0.1", false, "starttls", SMTP_E_TLS, "454",
	    "try again later" },
	{ "expired", { "--cert", "expired" }, "smtp", "localhost", false,
	    "tls", SMTP_E_CERTIFICATE, "expired on 2021-01-01",
	    "The date of this machine is 20" },
	{ "expired at once", { "--tls", "implicit", "--cert", "expired" },
	    "smtps", "localhost", false, "tls", SMTP_E_CERTIFICATE,
	    "expired on 2021-01-01", "The date of this machine is 20" },
	{ "not yet", { "--cert", "notyet" }, "smtp", "localhost", false,
	    "tls", SMTP_E_CERTIFICATE, "not valid before 2048-01-01",
	    "The date of this machine is 20" },
	{ "another name", { "--cert", "wrongname" }, "smtp", "localhost",
	    false, "tls", SMTP_E_CERTIFICATE, "is for mail.example.net",
	    "tls-name" },
	{ "unknown CA", { "--cert", "unknownca" }, "smtp", "localhost",
	    false, "tls", SMTP_E_CERTIFICATE, "not among the trusted",
	    "ca-file" },
	{ "AUTH behind TLS", { "--tls", "starttls" }, "smtp+plaintext",
	    "127.0.0.1", true, "auth", SMTP_E_AUTH, "not offered",
	    "use smtps:// or smtp://" },
	{ "no AUTH", { "--auth", "" }, "smtp", "127.0.0.1", true, "auth",
	    SMTP_E_AUTH, "not offered", "no AUTH here" },
	{ "no mechanism", { "--auth", "XOAUTH2" }, "smtp", "127.0.0.1", true,
	    "auth", SMTP_E_AUTH, "offered are XOAUTH2", "" },
	{ "wrong password", { "--password", "another" }, "smtp", "127.0.0.1",
	    true, "auth", SMTP_E_AUTH, "535", "Check user and password" },
	{ "application password", { "--reject",
	    "auth=534 5.7.9 Application-specific password required" }, "smtp",
	    "127.0.0.1", true, "auth", SMTP_E_AUTH, "534",
	    "security settings" },
	{ "OAuth", { "--reject", "auth=535 5.7.139 basic authentication is "
	    "disabled" }, "smtp", "127.0.0.1", true, "auth", SMTP_E_AUTH,
	    "535", "OAuth" },
	{ "AUTH later", { "--reject", "auth=454 4.7.0 later" }, "smtp",
	    "127.0.0.1", true, "auth", SMTP_E_LATER, "454",
	    "not the password" },
	{ "no NOOP", { "--reject", "noop=502 5.5.1 no" }, "smtp",
	    "127.0.0.1", false, "noop", SMTP_E_REFUSED, "502", "" },
};

static void
test_diagnose__knows_the_usual_mistakes(void **state)
{
	(void)state;
	needs(SMTP_WITH_LMTP);
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(calls); i++) {
		struct server *s = server_start(calls[i].args[0],
		    calls[i].args[1], calls[i].args[2], calls[i].args[3],
		    NULL);
		struct smtp_options *o = options_for(s, "timeout", "1", NULL);
		int rc = smtp_diagnose(&d, server_url(s, calls[i].scheme,
		    calls[i].host), o, calls[i].with_user ? USER : NULL,
		    PASSWORD);

		expect_failure(calls[i].name, calls[i].step, calls[i].status,
		    calls[i].text, calls[i].advice);
		assert_int_equal(rc, calls[i].status);
		smtp_diagnosis_free(d);
		smtp_options_free(o);
		server_stop(s);
	}
}

/* ---- what is no mail server */

static void
test_diagnose__knows_other_servers(void **state)
{
	needs(SMTP_WITH_LMTP);
	needs(SMTP_WITH_HELO);
	static const struct {
		const char *name, *script, *scheme, *step;
		int status;
		const char *text, *advice;
	} rows[] = {
		{ "POP3", "S: +OK ready\nEOF\n", "smtp", "greeting",
		    SMTP_E_PROTOCOL, "\"+OK ready\"", "POP3" },
		{ "IMAP", "S: * OK ready\nEOF\n", "smtp", "greeting",
		    SMTP_E_PROTOCOL, "* OK", "IMAP" },
		{ "SSH", "S: SSH-2.0-x\nEOF\n", "smtp", "greeting",
		    SMTP_E_PROTOCOL, "SSH-2.0", "SSH" },
		{ "web", "S: HTTP/1.1 400 Bad\nCLOSE\n", "smtp", "greeting",
		    SMTP_E_PROTOCOL, "HTTP", "web server" },
		{ "FTP", "S: 220 FTP ready\nC: EHLO*\nS: 500 what\n"
		    "C: HELO*\nS: 500 what\n" PLAY_BYE "ACCEPT\n"
		    "S: 220 FTP ready\nC: LHLO*\nS: 500 what\n" PLAY_BYE,
		    "smtp+plaintext", "ehlo", SMTP_E_REFUSED, "500", "FTP" },
		{ "TLS to POP3", "SLEEP 100\nS: +OK ready\nDROP\nACCEPT\n"
		    "S: +OK ready\nEOF\n", "smtps", "tls", SMTP_E_TLS, "",
		    "POP3" },
		{ "IMAP with TLS", "SLEEP 1300\nDROP\nACCEPT\nTLS\n"
		    "S: * OK ready\nEOF\n", "smtp", "greeting",
		    SMTP_E_TIMEOUT, "", "IMAP" },
		{ "a web server", "SLEEP 1300\nDROP\nACCEPT\nC+ 20\n"
		    "S: HTTP/1.1 400 Bad\nCLOSE\n", "smtp", "greeting",
		    SMTP_E_TIMEOUT, "", "neither SMTP nor TLS" },
		{ "a web server with TLS", "SLEEP 1300\nDROP\nACCEPT\nTLS\n"
		    "SLEEP 1300\nEOF\n", "smtp", "greeting",
		    SMTP_E_TIMEOUT, "", "may be a web server" },
		{ "hung up", "CLOSE\nACCEPT\nCLOSE\n", "smtp", "greeting",
		    SMTP_E_CLOSED, "lost", "smtps://" },
		{ "hung up at TLS", "SLEEP 100\nCLOSE\nACCEPT\nS: 220 hi\n"
		    "C: EHLO*\nS: 250-hi\nS: 250 STARTTLS\n" PLAY_BYE,
		    "smtps", "tls", SMTP_E_CLOSED, "", "use smtp://" },
		{ "silent at TLS", "SLEEP 1300\nDROP\nACCEPT\nS: 22x\n"
		    "EOF\n", "smtps", "tls", SMTP_E_TIMEOUT, "no answer to "
		    "the handshake in time", "" },
		{ "a digit", "SLEEP 1300\nDROP\nACCEPT\nS: 2x\nEOF\n",
		    "smtps", "tls", SMTP_E_TIMEOUT, "", "" },
		{ "half a greeting", "S: 220-hi\nSLEEP 1300\nDROP\n",
		    "smtp", "greeting", SMTP_E_TIMEOUT, "no reply for 1 s",
		    "" },
		{ "silent always", "SLEEP 1300\nDROP\nACCEPT\nSLEEP 1300\n"
		    "DROP\n", "smtp", "greeting", SMTP_E_TIMEOUT, "", "" },
		{ "502 to EHLO", "S: 220 hi\nC: EHLO*\nS: 502 what\n"
		    "C: HELO*\nS: 502 what\n" PLAY_BYE "ACCEPT\n"
		    "S: 220 hi\nC: LHLO*\nS: 502 what\n" PLAY_BYE,
		    "smtp+plaintext", "ehlo", SMTP_E_REFUSED, "502", "" },
		{ "500 to EHLO over TLS", "TLS\nS: 220 hi\nC: EHLO*\n"
		    "S: 500 what\n" PLAY_BYE, "smtps", "ehlo",
		    SMTP_E_REFUSED, "500", "" },
		{ "500 to EHLO behind STARTTLS", "S: 220 hi\nC: EHLO*\n"
		    "S: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n"
		    "TLS\nC: EHLO*\nS: 500 what\n" PLAY_BYE, "smtp", "ehlo",
		    SMTP_E_REFUSED, "500", "" },
		{ "TLS to a stranger", "SLEEP 100\nS: hello\nDROP\nACCEPT\n"
		    "S: hello\nEOF\n", "smtps", "tls", SMTP_E_TLS,
		    "did not answer with TLS", "" },
		{ "TLS and no more", "TLS\nSLEEP 1300\nDROP\n", "smtps",
		    "greeting", SMTP_E_TIMEOUT, "no reply for 1 s", "" },
		{ "HELO alone", "S: 220 hi\nC: EHLO*\nS: 502 what\n"
		    PLAY_BYE, "smtp", "ehlo",
		    SMTP_E_TLS, "502", "does not know EHLO" },
		{ "secret repeated", "S: 220 hi\nC: EHLO*\nS: 250-hi\n"
		    "S: 250 AUTH PLAIN\nC: AUTH*\nS: 535 \\x1bnot "
		    "\"correct horse\"!\n" PLAY_BYE, "smtp+plaintext", "auth",
		    SMTP_E_AUTH, "not \"*************\"!", "" },
	};

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, NULL);
		struct smtp_options *o = options_for(s, "timeout", "1",
		    "insecure-plaintext-auth", "yes", NULL);
		int rc = smtp_diagnose(&d, server_url(s, rows[i].scheme,
		    "127.0.0.1"), o, USER, PASSWORD);

		expect_failure(rows[i].name, rows[i].step, rows[i].status,
		    rows[i].text, rows[i].advice);
		assert_int_equal(rc, rows[i].status);
		smtp_diagnosis_free(d);
		smtp_options_free(o);
		expect_complete(rows[i].name, s);
		server_stop(s);
	}
}

/* What was said to the server is hidden behind AUTH as well. */
static void
test_diagnose__hides_what_is_repeated_later(void **state)
{
	struct server *s = server_play("S: 220 hi\nC: EHLO*\nS: 250-hi\n"
	    "S: 250 AUTH PLAIN\nC: AUTH*\nS: 235 ok\nC: NOOP\n"
	    "S: 250 correct horse, and again correct horse!\n"
	    "C: QUIT\nS: 250 correct horse\nEOF\n", NULL);
	struct smtp_options *o = options_for(s, "reconnect", "no",
	    "insecure-plaintext-auth", "yes", NULL);

	(void)state;
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp+plaintext",
	    "127.0.0.1"), o, USER, PASSWORD), SMTP_OK);
	expect_steps("repeated", "options+ resolve+ connect+ greeting+ ehlo+ "
	    "auth+ noop+ quit!");
	assert_string_equal(smtp_diagnosis_text(d, 6), "250 *************, "
	    "and again *************!");
	smtp_diagnosis_free(d);
	smtp_options_free(o);
	server_stop(s);
}

/* Many words are cut, and few are none. */
static void
test_diagnose__tells_what_is_offered(void **state)
{
	needs(SMTP_WITH_HELO);
	static const struct {
		const char *ehlo, *want;
		size_t n;
	} rows[] = {
		{ "S: 250 hi\n", "offers nothing", 14 },
		{ "S: 502 what\nC: HELO*\nS: 250 hi\n", "offers nothing",
		    14 },
		{ "S: 250-hi\nS: 250 X-ONE two\n", "offered: X-ONE two",
		    18 },
		{ "S: 250-hi\n"
		    "S: 250-X " X60 X60 "\nS: 250-X " X60 X60 "\n"
		    "S: 250-X " X60 X60 "\nS: 250 X " X60 X60 "\n",
		    "offered: X xxx", 479 }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char script[1000];
		struct server *s;
		struct smtp_options *o;

		(void)snprintf(script, sizeof script, "S: 220 hi\nC: EHLO*\n"
		    "%sC: NOOP\nS: 250 ok\n" PLAY_BYE, rows[i].ehlo);
		s = server_play(script, NULL);
		o = options_for(s, NULL);
		assert_int_equal(smtp_diagnose(&d, server_url(s,
		    "smtp+plaintext", "127.0.0.1"), o, NULL, NULL), SMTP_OK);
		expect_steps("offers", "options+ resolve+ connect+ greeting+ "
		    "ehlo+ auth. noop+ quit+");
		assert_memory_equal(smtp_diagnosis_text(d, 4), rows[i].want,
		    strlen(rows[i].want));
		assert_int_equal(strlen(smtp_diagnosis_text(d, 4)),
		    rows[i].n);
		assert_string_equal(smtp_diagnosis_text(d, 5),
		    "no user was given, and it is not offered");
		smtp_diagnosis_free(d);
		smtp_options_free(o);
		server_stop(s);
	}
}

/* Who takes any certificate is told what that is worth. */
/* In one line, however many the server needs. */
static void
test_diagnose__tells_what_the_server_said(void **state)
{
	struct server *s = server_play(PLAY_HELLO "C: NOOP\n"
	    "S: 250-2.0.0 all\nS: 250 2.0.0 well\n" PLAY_BYE, NULL);
	struct smtp_options *o = options_for(s, NULL);

	(void)state;
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp+plaintext",
	    "127.0.0.1"), o, NULL, NULL), SMTP_OK);
	assert_string_equal(smtp_diagnosis_step(d, 6), "noop");
	assert_string_equal(smtp_diagnosis_text(d, 6), SMTP_WITH_ENHANCED ?
	    "250 2.0.0 all well" : "250 2.0.0 all 2.0.0 well");
	smtp_diagnosis_free(d);
	smtp_options_free(o);
	expect_complete("said", s);
	server_stop(s);
}

static void
test_diagnose__warns_of_a_certificate_of_nobody(void **state)
{
	struct server *s;
	struct smtp_options *o;

	(void)state;
	needs(SMTP_WITH_TLS);
	s = server_start("--cert", "unknownca", NULL);
	o = options_for(NULL, NULL);
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp+opportunistic",
	    "127.0.0.1"), o, NULL, NULL), SMTP_OK);
	expect_steps("any", "options+ resolve+ connect+ greeting+ ehlo+ "
	    "starttls+ tls! ehlo+ auth. noop+ quit+");
	assert_non_null(strstr(smtp_diagnosis_text(d, 6), " unverified"));
	assert_non_null(strstr(smtp_diagnosis_advice(d, 6),
	    "can read and change what is sent"));
	smtp_diagnosis_free(d);
	smtp_options_free(o);
	server_stop(s);
}

/* By IPv6, and by a unix socket, which is called in one way only. */
static void
test_diagnose__calls_again_where_there_is_a_way(void **state)
{
	struct smtp_options *o = options_for(NULL, "timeout", "1", NULL);
	int listener = port_listen("::1", 0, 4);
	char url[80];

	(void)state;
	(void)snprintf(url, sizeof url, "smtp+plaintext://[::1]:%u",
	    port_of(listener));
	assert_int_equal(smtp_diagnose(&d, url, o, NULL, NULL),
	    SMTP_E_TIMEOUT);
	expect_failure("silent", "greeting", SMTP_E_TIMEOUT, "no reply", "");
	smtp_diagnosis_free(d);
	close(listener);
	smtp_options_free(o);

	/* within the time that all has nobody is called again */
	o = options_for(NULL, "deadline", "1", NULL);
	listener = port_listen("127.0.0.1", 0, 4);
	(void)snprintf(url, sizeof url, "smtp+plaintext://127.0.0.1:%u",
	    port_of(listener));
	assert_int_equal(smtp_diagnose(&d, url, o, NULL, NULL),
	    SMTP_E_TIMEOUT);
	expect_failure("deadline", "greeting", SMTP_E_TIMEOUT,
	    "the deadline has passed", "");
	smtp_diagnosis_free(d);
	close(listener);
	smtp_options_free(o);
}

static void
test_diagnose__looks_at_unix_sockets(void **state)
{
	needs(SMTP_WITH_LMTP);
	char path[60], url[100];
	struct smtp_options *o = options_for(NULL, "timeout", "1", NULL);
	struct server *s;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listener;

	(void)state;
	(void)snprintf(path, sizeof path, "/tmp/diagnose-%ld", (long)getpid());
	(void)snprintf(url, sizeof url, "lmtp+unix:%s", path);
	s = server_start("--lmtp", "--tls", "none", "--unix", path, NULL);
	assert_int_equal(smtp_diagnose(&d, url, o, NULL, NULL), SMTP_OK);
	expect_steps("unix", "options+ resolve. connect+ greeting+ ehlo+ "
	    "auth. noop+ quit+");
	assert_non_null(strstr(smtp_diagnosis_text(d, 0), path));
	assert_string_equal(smtp_diagnosis_text(d, 2), "connected");
	smtp_diagnosis_free(d);
	server_stop(s);
	(void)unlink(path);

	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(at.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at),
	    0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(smtp_diagnose(&d, url, o, NULL, NULL),
	    SMTP_E_TIMEOUT);
	expect_failure("silent", "greeting", SMTP_E_TIMEOUT, "no reply", "");
	smtp_diagnosis_free(d);
	close(listener);
	(void)unlink(path);
	smtp_options_free(o);
}

/* ---- addresses */

static void *
two_start(void *ctx, const char *host, int family)
{
	(void)ctx;
	(void)host;
	(void)family;
	return &d;
}

static int
two_step(void *handle, uint64_t *due_ms)
{
	(void)handle;
	(void)due_ms;
	return SMTP_OK;
}

static const char *
two_address(void *handle, size_t i)
{
	static const char *const list[] = { "127.0.0.2", "127.0.0.1", NULL };

	(void)handle;
	return list[i];
}

static void
two_end(void *handle)
{
	(void)handle;
}

/* One of the same kind does not answer. */
static void
test_diagnose__tells_of_addresses_that_do_not_answer(void **state)
{
	static const struct smtp_resolver two = { two_start, two_step,
		two_address, NULL, two_end, NULL };
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_options *o = options_for(s, NULL);

	(void)state;
	assert_int_equal(smtp_options_set_resolver(o, &two), SMTP_OK);
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp+plaintext",
	    "mx.example"), o, NULL, NULL), SMTP_OK);
	expect_steps("two", "options+ resolve+ connect! greeting+ ehlo+ "
	    "auth. noop+ quit+");
	assert_non_null(strstr(smtp_diagnosis_text(d, 2), "127.0.0.2: "));
	assert_string_equal(smtp_diagnosis_advice(d, 2),
	    "Some addresses of this name do not answer.");
	smtp_diagnosis_free(d);
	smtp_options_free(o);
	server_stop(s);
}

/* It is the proxy whose addresses are known, and which is connected to. */
static void
test_diagnose__says_what_is_of_the_proxy(void **state)
#ifdef _WIN32
{
	(void)state;
	fail_msg("support/proxy.c is of POSIX");
}
#else
{
	needs(SMTP_WITH_PROXY);
	struct server *s = server_start("--tls", "none", NULL);
	struct proxy *proxy = proxy_start("socks5", NULL, server_port(s));
	struct smtp_options *o = options_for(s, "proxy", proxy_url(proxy),
	    NULL);

	(void)state;
	assert_int_equal(smtp_diagnose(&d, server_url(s, "smtp+plaintext",
	    "mx.nowhere.invalid"), o, NULL, NULL), SMTP_OK);
	expect_steps("proxy", "options+ resolve+ connect+ greeting+ ehlo+ "
	    "auth. noop+ quit+");
	assert_string_equal(smtp_diagnosis_text(d, 1), "proxy: 127.0.0.1");
	assert_int_equal(0, strncmp(smtp_diagnosis_text(d, 2),
	    "proxy: connected to 127.0.0.1", 29));
	smtp_diagnosis_free(d);
	smtp_options_free(o);
	proxy_stop(proxy);
	server_stop(s);
}
#endif

/* ---- nobody */

static void
test_diagnose__knows_who_is_not_there(void **state)
{
	needs(SMTP_WITH_TLS);
	struct smtp_options *o = smtp_options_new();
	char url[80];

	(void)state;
	(void)snprintf(url, sizeof url, "smtp+plaintext://127.0.0.1:%u",
	    port_dead());
	assert_int_equal(smtp_diagnose(&d, url, o, NULL, NULL),
	    SMTP_E_CONNECT);
	expect_failure("refused", "connect", SMTP_E_CONNECT, "refused",
	    "Check host and port");
	smtp_diagnosis_free(d);

	assert_int_equal(smtp_diagnose(&d, "smtp+plaintext://a b", o, NULL,
	    NULL), SMTP_E_ARGUMENT);
	expect_failure("URL", "options", SMTP_E_ARGUMENT, "", "");
	assert_int_equal(smtp_diagnosis_count(d), 1);
	smtp_diagnosis_free(d);
	smtp_options_free(o);

	o = smtp_options_new();
	smtp_options_set(o, "ca-file", "/nonexistent/ca.pem");
	assert_int_equal(smtp_diagnose(&d, "smtp://127.0.0.1:1", o, NULL,
	    NULL), SMTP_E_ARGUMENT);
	expect_failure("a file", "options", SMTP_E_ARGUMENT, "ca", "");
	smtp_diagnosis_free(d);
	smtp_options_free(o);
}

/* ---- without memory */

static struct hoard { long left, live; } hoard;

static void *
take_or_fail(void *ctx, void *p, size_t was, size_t now)
{
	struct hoard *h = ctx;
	void *q = NULL;

	(void)was;
	if (now == 0) {
		h->live -= p != NULL;
		free(p);
		return NULL;
	}
	if (h->left-- != 0)
		q = realloc(p, now);
	h->live += q != NULL && p == NULL;
	return q;
}

/*
 * Each allocation fails once: told, nothing leaks, and never all is well. Those
 * of the second call, too, where one is made.
 */
static void
without_memory(const char *scheme, const char *step, int status,
    const char *advice)
{
	const struct smtp_allocator heap = { take_or_fail, &hoard };
	struct server *s = server_start("--tls", "none", "--auth-in-clear",
	    NULL);
	bool whole = false;

	for (long n = 0; n < 200 && !whole; n++) {
		struct smtp_options *o;
		int rc;

		hoard = (struct hoard){ n, 0 };
		o = smtp_options_new_with(&heap);
		smtp_options_set(o, "insecure-plaintext-auth", "yes");
		smtp_options_set(o, "ca-file", server_ca_file(s));
		d = NULL;
		rc = o == NULL ? SMTP_E_MEMORY : smtp_diagnose(&d,
		    server_url(s, scheme, "127.0.0.1"), o, USER, PASSWORD);
		whole = hoard.left >= 0;
		if (whole && status == SMTP_OK)
			expect_steps("memory", "options+ resolve+ connect+ "
			    "greeting+ ehlo+ auth+ noop+ quit+");
		else if (whole)
			expect_failure(scheme, step, status, "", advice);
		else if (rc != SMTP_OK && d != NULL &&
		    smtp_diagnosis_count(d) > 0)
			assert_int_not_equal(smtp_diagnosis_text(d, 0)[0],
			    '\0');
		smtp_diagnosis_free(d);
		smtp_options_free(o);
		assert_int_equal(hoard.live, 0);
	}
	assert_true(whole);
	server_stop(s);
}

static void
test_diagnose__survives_without_memory(void **state)
{
	(void)state;
	without_memory("smtp+plaintext", NULL, SMTP_OK, NULL);
}

static void
test_diagnose__calls_again_without_memory(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	needs(SMTP_WITH_LMTP);
	without_memory("lmtp+plaintext", "ehlo", SMTP_E_REFUSED,
	    "use smtp+plaintext://127.0.0.1:");
	without_memory("smtps", "tls", SMTP_E_TLS, "offers no STARTTLS");
}

static void
test_diagnose__of_nothing_is_safe(void **state)
{
	(void)state;
	assert_int_equal(smtp_diagnose(NULL, "smtp://x", NULL, NULL, NULL),
	    SMTP_E_ARGUMENT);
	smtp_diagnosis_free(NULL);
	assert_int_equal(smtp_diagnosis_count(NULL), 0);
	assert_string_equal(smtp_diagnosis_step(NULL, 0), "");
	assert_string_equal(smtp_diagnosis_text(NULL, 0), "");
	assert_string_equal(smtp_diagnosis_advice(NULL, 0), "");
	assert_int_equal(smtp_diagnosis_result(NULL, 0),
	    SMTP_DIAGNOSIS_SKIPPED);
	assert_int_equal(smtp_diagnosis_status(NULL, 0), SMTP_E_ARGUMENT);
	assert_string_equal(smtp_diagnosis_name(-1), "");
	assert_string_equal(smtp_diagnosis_name(4), "");
	assert_string_equal(smtp_diagnosis_name(3), "SKIPPED");
}

static ptrdiff_t
read_nothing(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMTP_IO_WANT_READ;
}

static ptrdiff_t
write_nothing(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMTP_IO_WANT_WRITE;
}

/* Without a name for EHLO no greeting is waited for, nor made up. */
static void
test_diagnose__tells_no_greeting_that_was_not_heard(void **state)
{
	const struct smtp_transport transport = {
		read_nothing, write_nothing, NULL, NULL, NULL
	};
	struct smtp_options *options = smtp_options_new();

	(void)state;
	smtp_options_set_transport(options, &transport);
	assert_int_equal(smtp_diagnose(&d, "smtp+plaintext://a.example",
	    options, NULL, NULL), SMTP_E_ARGUMENT);
	expect_steps("no name", "options+ resolve. connect. greeting. ehlo- "
	    "auth. noop. quit.");
	smtp_diagnosis_free(d);
	smtp_options_free(options);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diagnose__finds_nothing_wrong),
		cmocka_unit_test(
		    test_diagnose__takes_a_token_and_never_blocks_for_less),
		cmocka_unit_test(
		    test_diagnose__goes_on_without_TLS_where_that_is_asked),
		cmocka_unit_test(test_diagnose__knows_the_usual_mistakes),
		cmocka_unit_test(test_diagnose__knows_other_servers),
		cmocka_unit_test(test_diagnose__hides_what_is_repeated_later),
		cmocka_unit_test(test_diagnose__tells_what_is_offered),
		cmocka_unit_test(test_diagnose__tells_what_the_server_said),
		cmocka_unit_test(
		    test_diagnose__warns_of_a_certificate_of_nobody),
		cmocka_unit_test(
		    test_diagnose__calls_again_where_there_is_a_way),
		cmocka_unit_test(test_diagnose__looks_at_unix_sockets),
		cmocka_unit_test(
		    test_diagnose__tells_of_addresses_that_do_not_answer),
		cmocka_unit_test(test_diagnose__says_what_is_of_the_proxy),
		cmocka_unit_test(test_diagnose__knows_who_is_not_there),
		cmocka_unit_test(test_diagnose__survives_without_memory),
		cmocka_unit_test(test_diagnose__calls_again_without_memory),
		cmocka_unit_test(test_diagnose__of_nothing_is_safe),
		cmocka_unit_test(
		    test_diagnose__tells_no_greeting_that_was_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
