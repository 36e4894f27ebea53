/* SPDX-License-Identifier: MIT */
/*
 * Mechanisms that go step by step, over real TLS: which is chosen, what is
 * tried after a refusal, and who one is without a password.
 */
#include "check.h"

#include "support/session.h"

#define OFFER(mechanisms) "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250-AUTH " \
	mechanisms "\nS: 250 ENHANCEDSTATUSCODES\n"
#define BYE "C: QUIT\nS: 221 bye\nEOF\n"

/* The session with a transcript ends as it says, and with this status. */
static void
expect_play(const char *name, struct server *s, struct smtp *smtp, int rc,
    int want)
{
	char error[400];

	(void)snprintf(error, sizeof error, "%s", smtp_error(smtp));
	smtp_close(smtp);
	if (strcmp(server_result(s), "complete") != 0)
		fail_msg("%s: %s", name, server_result(s));
	if (rc != want)
		fail_msg("%s: %s, not %s: %s", name, smtp_status_name(rc),
		    smtp_status_name(want), error);
	server_stop(s);
}

/* ---- without a password */

static const struct {
	const char *script, *option, *mechanism, *identity, *authzid;
	int want;
	const char *proves;
} named[] = {
	{ OFFER("PLAIN EXTERNAL") "C: AUTH EXTERNAL =\nS: 235 ok\n" BYE,
	    "EXTERNAL", "EXTERNAL", NULL, NULL, SMTP_OK, "R4954-4-3" },
	{ OFFER("EXTERNAL") "C: AUTH EXTERNAL YUBiLmV4YW1wbGU=\nS: 235 ok\n"
	    BYE,
	    "EXTERNAL", "EXTERNAL", "a@b.example", NULL, SMTP_OK,
	    "R4422-A-2" },
	{ OFFER("EXTERNAL") "C: AUTH EXTERNAL YUBiLmV4YW1wbGU=\nS: 235 ok\n"
	    BYE,
	    "EXTERNAL", "EXTERNAL", NULL, "a@b.example", SMTP_OK, "" },
	/* without a certificate, and nobody insists */
	{ OFFER("EXTERNAL") BYE,
	    NULL, "EXTERNAL", NULL, NULL, SMTP_E_AUTH, "R4422-A-3" },
	{ OFFER("EXTERNAL") "C: AUTH EXTERNAL =\nS: 535 5.7.8 no\n" BYE,
	    "EXTERNAL", "EXTERNAL", NULL, NULL, SMTP_E_AUTH, "" },
	/* a challenge where nothing is left to say */
	{ OFFER("EXTERNAL") "C: AUTH EXTERNAL =\nS: 334 YQ==\nC: *\n"
	    "S: 501 cancelled\n" BYE,
	    "EXTERNAL", "EXTERNAL", NULL, NULL, SMTP_E_AUTH, "" },
	{ OFFER("ANONYMOUS") "C: AUTH ANONYMOUS c2lyaGM=\nS: 235 ok\n" BYE,
	    NULL, "ANONYMOUS", "sirhc", NULL, SMTP_OK, "" },
	{ OFFER("ANONYMOUS") "C: AUTH ANONYMOUS =\nS: 235 ok\n" BYE,
	    NULL, "ANONYMOUS", NULL, NULL, SMTP_OK, "R4505-2-1" },
	/* not offered, not known, not among those that may be used */
	{ OFFER("PLAIN LOGIN") BYE,
	    NULL, "ANONYMOUS", NULL, NULL, SMTP_E_AUTH, "" },
	{ OFFER("GSSAPI") BYE,
	    NULL, "GSSAPI", NULL, NULL, SMTP_E_AUTH, "" },
	{ OFFER("PLAIN") BYE,
	    NULL, NULL, NULL, NULL, SMTP_E_ARGUMENT, "" },
};

static void
test_client_sasl__needs_no_password(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(named); i++) {
		struct server *s = server_play(named[i].script, "--tls",
		    "implicit", NULL);
		struct smtp *smtp = session_to(s, server_url(s, "smtps",
		    "localhost"), "mechanism", named[i].option, "authzid",
		    named[i].authzid, NULL);
		char name[20];

		(void)snprintf(name, sizeof name, "row %zu", i);
		expect_play(name, s, smtp, smtp_auth_mechanism(smtp,
		    named[i].mechanism, named[i].identity), named[i].want);
		proves(named[i].proves);
	}
}

/* ---- the choice */

static const struct {
	const char *offered, *option, *used;     /* "": none fits         */
} choices[] = {
	{ "CRAM-MD5 LOGIN PLAIN", NULL, "PLAIN" },
	{ "CRAM-MD5 LOGIN", NULL, "LOGIN" },
	{ "CRAM-MD5", NULL, "CRAM-MD5" },
	{ "CRAM-MD5 LOGIN PLAIN", "login,cram-md5", "LOGIN" },
	{ "CRAM-MD5 LOGIN PLAIN", "CRAM-MD5", "CRAM-MD5" },
	{ "PLAIN", "LOGIN CRAM-MD5", "" },
	/* others need more than a password, or to be asked for */
	{ "EXTERNAL ANONYMOUS XOAUTH2 OAUTHBEARER GSSAPI", NULL, "" },
};

static void
test_client_sasl__chooses_the_best_that_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(choices); i++) {
		char script[600];
		struct server *s;
		struct smtp *smtp;
		int rc;

		(void)snprintf(script, sizeof script, "S: 220 hi\nC: EHLO *\n"
		    "S: 250-hi\nS: 250 AUTH %s\n%s%s%s" BYE,
		    choices[i].offered, choices[i].used[0] ? "C: AUTH " : "",
		    choices[i].used, choices[i].used[0] ?
		    "*\nS: 535 5.7.8 no\n" : "");
		s = server_play(script, "--tls", "implicit", NULL);
		smtp = session_to(s, server_url(s, "smtps", "localhost"),
		    "mechanism", choices[i].option, NULL);
		rc = smtp_auth(smtp, "user", "pencil");
		assert_string_equal(smtp_mechanism(smtp), choices[i].used);
		expect_play(choices[i].offered, s, smtp, rc, SMTP_E_AUTH);
	}
	proves("R4422-3.2-1 LIB-H-1 R4422-3.7-1");
}

/* ---- after a refusal */

static const struct {
	const char *name, *script;
	int want;
} refusals[] = {
	{ "504: the next one", OFFER("PLAIN LOGIN CRAM-MD5")
	    "C: AUTH PLAIN *\nS: 504 5.5.4 no\nC: AUTH LOGIN\n"
	    "S: 504 5.5.4 no\nC: AUTH CRAM-MD5\nS: 535 5.7.8 no\n" BYE,
	    SMTP_E_AUTH },
	{ "534: one that shows less", OFFER("PLAIN LOGIN CRAM-MD5")
	    "C: AUTH PLAIN *\nS: 534 5.7.9 too weak\nC: AUTH CRAM-MD5\n"
	    "S: 535 5.7.8 no\n" BYE, SMTP_E_AUTH },
	{ "534 and nothing stronger", OFFER("PLAIN LOGIN")
	    "C: AUTH PLAIN *\nS: 534 5.7.9 too weak\n" BYE, SMTP_E_AUTH },
	{ "535: nothing", OFFER("PLAIN LOGIN CRAM-MD5")
	    "C: AUTH PLAIN *\nS: 535 5.7.8 no\n" BYE, SMTP_E_AUTH },
	{ "454: nothing", OFFER("PLAIN LOGIN CRAM-MD5")
	    "C: AUTH PLAIN *\nS: 454 4.7.0 later\n" BYE, SMTP_E_LATER },
	{ "432: PLAIN was that", OFFER("PLAIN LOGIN CRAM-MD5")
	    "C: AUTH PLAIN *\nS: 432 4.7.12 password change\n" BYE,
	    SMTP_E_LATER },
	{ "421 is goodbye", OFFER("PLAIN LOGIN")
	    "C: AUTH PLAIN *\nS: 421 4.3.2 bye\nCLOSE\n", SMTP_E_LATER },
};

static void
test_client_sasl__goes_on_only_where_that_helps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct server *s = server_play(refusals[i].script, "--tls",
		    "implicit", NULL);
		struct smtp *smtp = session_to(s, server_url(s, "smtps",
		    "localhost"), NULL);

		expect_play(refusals[i].name, s, smtp, smtp_auth(smtp, "user",
		    "pencil"), refusals[i].want);
	}
	proves("R4954-6-1 R4954-4-11");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_sasl__needs_no_password),
		cmocka_unit_test(test_client_sasl__chooses_the_best_that_fits),
		cmocka_unit_test(
		    test_client_sasl__goes_on_only_where_that_helps),
	};

	return cmocka_run_group_tests_name("client_sasl", tests, NULL, NULL);
}
