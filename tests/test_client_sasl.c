/* SPDX-License-Identifier: MIT */
/*
 * Mechanisms that go step by step, over real TLS: which is chosen, what is
 * tried after a refusal, and who one is without a password.
 */
#include "check.h"

#include "support/certs.h"
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
	needs(SMTP_WITH_TLS);
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

/* The certificate may be in memory: the option mechanism is not needed. */
static void
test_client_sasl__external_by_a_certificate_in_memory(void **state)
{
	needs(SMTP_WITH_TLS);
	static const char script[] = OFFER("EXTERNAL")
	    "C: AUTH EXTERNAL =\nS: 235 ok\n" BYE;
	const struct cert_plan plan = { .name = "client" };
	struct server *s = server_play(script, "--tls", "implicit", NULL);
	struct smtp_options *options = options_for(s, NULL);
	struct smtp *smtp;
	struct cert cert;
	char *pem;

	(void)state;
	cert_make(&cert, &plan, NULL);
	pem = cert_pem(&cert, true);
	assert_int_equal(smtp_options_set_client(options, pem, strlen(pem),
	    NULL, 0), SMTP_OK);
	expect_rc("open", NULL, smtp_open(&smtp, server_url(s, "smtps",
	    "localhost"), options), SMTP_OK);
	smtp_options_free(options);
	expect_play("EXTERNAL", s, smtp, smtp_auth_mechanism(smtp,
	    "EXTERNAL", NULL), SMTP_OK);
	free(pem);
	cert_free(&cert);
}

/* By what certificate, where there is no TLS? */
static void
test_client_sasl__external_not_in_the_clear(void **state)
{
	struct server *s = server_play(OFFER("EXTERNAL") BYE, "--tls", "none",
	    NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
	    "localhost"), NULL);

	(void)state;
	expect_play("EXTERNAL", s, smtp, smtp_auth_mechanism(smtp,
	    "EXTERNAL", NULL), SMTP_E_AUTH);
}

/* What the server offers is told in both forms, and nothing like it. */
static void
test_client_sasl__offers_in_the_old_form(void **state)
{
	needs(SMTP_WITH_CRAM_MD5);
	struct server *s = server_play("S: 220 hi\nC: EHLO *\n"
	    "S: 250-AUTH of this\nS: 250-AUTHOR me\nS: 250-SIZE=9\n"
	    "S: 250 AUTH=CRAM-MD5 LOGIN\nC: AUTH CRAM-MD5\n"
	    "S: 535 5.7.8 no\n" BYE, "--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
	    "localhost"), NULL);
	int rc;

	(void)state;
	assert_string_equal(smtp_capability(smtp, "auth"), "CRAM-MD5 LOGIN");
	assert_string_equal(smtp_capability(smtp, "AUTHOR"), "me");
	assert_null(smtp_capability(smtp, "SIZE"));
	assert_null(smtp_capability(smtp, NULL));
	assert_null(smtp_capability(smtp, ""));
	assert_null(smtp_capability(NULL, "AUTH"));
	rc = smtp_auth(smtp, "user", "pencil");
	expect_play("AUTH=", s, smtp, rc, SMTP_E_AUTH);
}

/* A challenge may be as good as a secret: it is nobody's words. */
static void
test_client_sasl__a_challenge_is_no_reply_to_show(void **state)
{
	needs(SMTP_WITH_CRAM_MD5);
	struct server *s = server_play(OFFER("CRAM-MD5") "C: AUTH CRAM-MD5\n"
	    "S: 334 PDFAYS5leGFtcGxlPg==\nC: *\nCLOSE\n", "--tls", "none",
	    NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
	    "localhost"), NULL);
	int rc = smtp_auth(smtp, "user", "pencil");

	(void)state;
	assert_string_equal(smtp_reply_text(smtp), "");
	assert_string_equal(smtp_reply_text(NULL), "");
	expect_play("lost", s, smtp, rc, SMTP_E_CLOSED);
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
	needs(SMTP_WITH_CRAM_MD5);
	needs(SMTP_WITH_TLS);
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

/* RFC 4954 section 4.7: PLAIN is for TLS, whoever asks for it. */
static void
test_client_sasl__no_transition_in_the_clear(void **state)
{
	needs(SMTP_WITH_CRAM_MD5);
	struct server *s = server_play(OFFER("PLAIN CRAM-MD5")
	    "C: AUTH CRAM-MD5\nS: 432 4.7.12 password change\n" BYE,
	    "--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
	    "localhost"), "insecure-plaintext-auth", "yes", NULL);

	(void)state;
	expect_play("432", s, smtp, smtp_auth(smtp, "user", "pencil"),
	    SMTP_E_LATER);
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
	needs(SMTP_WITH_CRAM_MD5);
	needs(SMTP_WITH_TLS);
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

/* ---- SCRAM */

/* The nonce of RFC 5802 section 5, before base64. */
static int
fixed(void *ctx, void *p, size_t n)
{
	static const unsigned char octets[] = { 0x7f, 0x29, 0x28, 0xf9, 0xdd,
		0xa5, 0x6d, 0xb1, 0x60, 0x38, 0xd4, 0x6f, 0xf6, 0xa9, 0x31,
		0x75, 0xac, 0x0b };
	unsigned char *out = p;

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		out[i] = octets[i % sizeof octets];
	return 0;
}

#define OFFER1 OFFER("SCRAM-SHA-1")
#define FIRST "C: AUTH SCRAM-SHA-1 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlx" \
	"a3hkYXdM\n"
#define SERVER_FIRST "S: 334 cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlk" \
	"xWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==\n"
#define LAST "C: Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVp" \
	"WdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==\n"
#define SERVER_LAST "S: 334 dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9\n"
#define CANCELLED "C: *\nS: 501 5.7.0 cancelled\n" BYE

static const struct {
	const char *name, *script, *binding, *authzid;
	int want;
	const char *error, *proves;
} scrams[] = {
	{ "RFC 5802 section 5, with the empty line of RFC 4954",
	    OFFER1 FIRST SERVER_FIRST LAST SERVER_LAST "C: \nS: 235 ok\n" BYE,
	    "no", NULL, SMTP_OK, "", "R4954-4-14 R5802-4-1" },
	{ "bound, were it offered",
	    OFFER1 "C: AUTH SCRAM-SHA-1 eSwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05S"
	    "djlxa3hkYXdM\n" SERVER_FIRST "C: Yz1lU3dzLHI9ZnlrbytkMmxiYkZnT0"
	    "5Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9QmpaRjVkVitFa0QzWUNi"
	    "M3BIM0lQOHJpTUd3PQ==\n"
	    "S: 334 dj1kc3ByUTVSMkFHWXQxa240YlFSd1RBRTBQVFU9\nC: \n"
	    "S: 235 ok\n" BYE,
	    "auto", NULL, SMTP_OK, "", "R5802-6-1" },
	{ "the better digest",
	    OFFER("PLAIN SCRAM-SHA-1 SCRAM-SHA-256 CRAM-MD5")
	    "C: AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlx"
	    "a3hkYXdM\nS: 334 cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wlaHZZRHBXVW"
	    "EyUmFUQ0FmdXhGSWxqKWhObEYkazAscz1XMjJaYUowU05ZN3NvRXNVRWpiNmdR"
	    "PT0saT00MDk2\nC: Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMJW"
	    "h2WURwV1VhMlJhVENBZnV4RklsailoTmxGJGswLHA9MkZVU04wcFBjUzdQOGhC"
	    "aHN4QkpPaVVEYlJvVzRLVk5HWlQwTHhWblNlaz0=\n"
	    "S: 334 dj16Slpqc1ZwMmcrVzlqZDAxdmdic3NoaXBwZkgxc00wdExkQnZzK2Uz"
	    "REY0PQ==\nC: \nS: 235 ok\n" BYE,
	    "no", NULL, SMTP_OK, "", "R5802-4-1" },
	{ "to act as another", OFFER1
	    "C: AUTH SCRAM-SHA-1 bixhPWFkbWluLG49dXNlcixyPWZ5a28rZDJsYmJGZ09"
	    "OUnY5cWt4ZGF3TA==\nS: 535 5.7.8 no\n" BYE,
	    "no", "admin", SMTP_E_AUTH, "535", "" },
	{ "a wrong password is said once", OFFER("SCRAM-SHA-1 PLAIN")
	    FIRST SERVER_FIRST LAST "S: 535 5.7.8 no\n" BYE,
	    "no", NULL, SMTP_E_AUTH, "535", "" },
	/* servers that lie */
	{ "yes at once", OFFER1 FIRST "S: 235 ok\nEOF\n",
	    "no", NULL, SMTP_E_AUTH, "before it had asked all", "" },
	{ "yes without the signature", OFFER1 FIRST SERVER_FIRST LAST
	    "S: 235 ok\nEOF\n",
	    "no", NULL, SMTP_E_AUTH, "before it had asked all",
	    "R4422-3.6-1" },
	{ "another signature", OFFER1 FIRST SERVER_FIRST LAST
	    "S: 334 dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1I9\n" CANCELLED,
	    "no", NULL, SMTP_E_AUTH, "does not know the password", "" },
	{ "an error instead of it", OFFER1 FIRST SERVER_FIRST LAST
	    "S: 334 ZT1pbnZhbGlkLXByb29m\n" CANCELLED,
	    "no", NULL, SMTP_E_AUTH, "invalid-proof", "R5802-5-2" },
	{ "one iteration", OFFER("SCRAM-SHA-1 PLAIN") FIRST
	    "S: 334 cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcixzPVFTWENSK1E2c2Vr"
	    "OGJmOTIsaT0x\n" CANCELLED,
	    "no", NULL, SMTP_E_AUTH, "iterations", "" },
	{ "our nonce", OFFER1 FIRST
	    "S: 334 cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wscz1RU1hDUitRNnNlazhi"
	    "ZjkyLGk9NDA5Ng==\n" CANCELLED,
	    "no", NULL, SMTP_E_AUTH, "nonce", "" },
	{ "yes to a cancel", OFFER1 FIRST "S: 334 cj1i\nC: *\nS: 235 ok\n"
	    "EOF\n",
	    "no", NULL, SMTP_E_AUTH, "nonce", "" },
	{ "twice", OFFER1 FIRST SERVER_FIRST LAST SERVER_LAST
	    "C: \n" SERVER_LAST CANCELLED,
	    "no", NULL, SMTP_E_AUTH, "more than", "" },
	{ "no base64", OFFER1 FIRST "S: 334 r=fyko\n" CANCELLED,
	    "no", NULL, SMTP_E_AUTH, "501", "" },
};

static void
test_client_sasl__believes_nobody_with_scram(void **state)
{
	(void)state;
	needs(SMTP_WITH_SCRAM);
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(scrams); i++) {
		const char *name = scrams[i].name;
		struct server *s = server_play(scrams[i].script, "--tls",
		    "implicit", "--tls-version", "1.2", NULL);
		struct smtp_options *o = options_for(s, "channel-binding",
		    scrams[i].binding, "authzid", scrams[i].authzid, NULL);
		struct smtp *smtp;
		int rc;

		assert_int_equal(smtp_options_set_random(o, fixed, NULL),
		    SMTP_OK);
		rc = smtp_open(&smtp, server_url(s, "smtps", "localhost"), o);
		smtp_options_free(o);
		expect_rc("open", smtp, rc, SMTP_OK);
		rc = smtp_auth(smtp, "user", "pencil");
		if (strstr(smtp_error(smtp), scrams[i].error) == NULL)
			fail_msg("%s: %s", name, smtp_error(smtp));
		if (rc != SMTP_OK) {
			struct smtp_message *m = mail_of(plain_mail,
			    "b@example.com", NULL);

			assert_int_equal(smtp_send(smtp, m), SMTP_E_STATE);
			smtp_message_free(m);
		}
		assert_null(strstr(smtp_error(smtp), "pencil"));
		expect_play(name, s, smtp, rc, scrams[i].want);
		proves(scrams[i].proves);
	}
}

/* A server of its own code, with and without TLS. */
static const struct {
	const char *tls, *version, *offered, *binding, *used;
	const char *says;        /* in the first response; NULL: not seen */
	const char *proves;
} servers[] = {
	{ "none", NULL, "SCRAM-SHA-1,PLAIN", NULL, "SCRAM-SHA-1", NULL, "" },
	{ "none", NULL, "SCRAM-SHA-256,CRAM-MD5", NULL, "SCRAM-SHA-256", NULL,
	    "" },
#if SMTP_WITH_SHA512
	{ "none", NULL, "SCRAM-SHA-512,SCRAM-SHA-256", NULL, "SCRAM-SHA-512",
	    NULL, "" },
#endif
	{ "starttls", "1.2", "SCRAM-SHA-256-PLUS,SCRAM-SHA-256,PLAIN", NULL,
	    "SCRAM-SHA-256-PLUS", "cD10bHMtdW5pcXVlLC", "" },
	{ "starttls", "1.2", "SCRAM-SHA-1-PLUS,SCRAM-SHA-1", NULL,
	    "SCRAM-SHA-1-PLUS", "cD10bHMtdW5pcXVlLC", "" },
	{ "starttls", "1.2", "SCRAM-SHA-1-PLUS,SCRAM-SHA-256", NULL,
	    "SCRAM-SHA-256", "biwsbj", "" },
#if SMTP_WITH_SHA512
	{ "starttls", "1.2", "SCRAM-SHA-512-PLUS", "tls-server-end-point",
	    "SCRAM-SHA-512-PLUS", "cD10bHMtc2VydmVyLWVuZC1wb2ludC", "" },
#endif
	/* no binding: and no word that one would have been had */
	{ "starttls", "1.2", "SCRAM-SHA-256-PLUS,SCRAM-SHA-256", "no",
	    "SCRAM-SHA-256", "biwsbj", "" },
	{ "starttls", "1.2", "SCRAM-SHA-256-PLUS,SCRAM-SHA-256",
	    "tls-exporter", "SCRAM-SHA-256", "biwsbj", "R5802-6-2" },
	{ "starttls", "1.2", "SCRAM-SHA-256,PLAIN", NULL, "SCRAM-SHA-256",
	    "eSwsbj", "R5802-6-1" },
};

static void
test_client_sasl__proves_itself_with_scram(void **state)
{
	(void)state;
	needs(SMTP_WITH_SCRAM);
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(servers); i++) {
		struct server *s = server_start("--tls", servers[i].tls,
		    "--auth", servers[i].offered, "--require-auth",
		    servers[i].version != NULL ? "--tls-version" : NULL,
		    servers[i].version, NULL);
		struct smtp *smtp = session_to(s, server_url(s,
		    servers[i].version != NULL ? "smtp" : "smtp+plaintext",
		    "localhost"), "channel-binding", servers[i].binding, NULL);
		char line[100];

		/* Not this one: and then no other is tried. */
		expect_rc(servers[i].offered, smtp, smtp_auth(smtp, USER,
		    "wrong"), SMTP_E_AUTH);
		assert_int_equal(smtp_reply_code(smtp), 535);
		expect_rc(servers[i].offered, smtp, smtp_auth(smtp, USER,
		    PASSWORD), SMTP_OK);
		assert_string_equal(smtp_mechanism(smtp), servers[i].used);
		smtp_close(smtp);
		(void)snprintf(line, sizeof line, "AUTH %s %s",
		    servers[i].used, servers[i].says != NULL ?
		    servers[i].says : "");
		assert_int_equal(server_heard_lines(s, line), 2);
		server_found_no_fault(s);
		server_stop(s);
		proves(servers[i].proves);
	}
}

/* A password that SCRAM cannot carry goes as it is, where nobody listens. */
static void
test_client_sasl__takes_another_where_scram_cannot(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--auth", "SCRAM-SHA-256,PLAIN",
	    "--password", "\xd8\xa7" "1", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp", "localhost"),
	    NULL);

	(void)state;
	expect_rc("auth", smtp, smtp_auth(smtp, USER, "\xd8\xa7" "1"),
	    SMTP_OK);
	assert_string_equal(smtp_mechanism(smtp), "PLAIN");
	smtp_close(smtp);
	server_stop(s);
}

/* Steps that compute come back soon, and can be cancelled. */
static void
test_client_sasl__computes_without_blocking(void **state)
{
	needs(SMTP_WITH_SCRAM);
	static const char script[] = "S: 220 hi\nC: EHLO *\nS: 250-hi\n"
		"S: 250 AUTH SCRAM-SHA-1\n" FIRST
		/* r=...,i=9999999 */
		"S: 334 cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcixzPVFTWENSK1E2c"
		"2VrOGJmOTIsaT05OTk5OTk5\nEOF\n";
	struct server *s = server_play(script, "--tls", "none", NULL);
	struct smtp_options *o = options_for(s, "blocking", "no",
	    "scram-iterations-max", "9999999", NULL);
	unsigned steps = 0;
	struct smtp *smtp;
	int rc;

	(void)state;
	assert_int_equal(smtp_options_set_random(o, fixed, NULL), SMTP_OK);
	rc = smtp_open(&smtp, server_url(s, "smtp+plaintext", "localhost"), o);
	smtp_options_free(o);
	while (rc > 0)
		rc = smtp_step(smtp);
	expect_rc("open", smtp, rc, SMTP_OK);
	rc = smtp_auth(smtp, "user", "pencil");
	while (rc > 0 && steps < 5) {
		rc = smtp_step(smtp);
		/* It computes: there is nothing to wait for. */
		steps += rc == SMTP_WANT_TIME;
	}
	assert_int_equal(rc, SMTP_WANT_TIME);
	assert_true(smtp_due_ms(smtp) <= smtp_now_ms());
	smtp_cancel(smtp);
	rc = smtp_step(smtp);
	expect_play("cancel", s, smtp, rc, SMTP_E_CANCELLED);
}

/* ---- tokens that somebody else has */

struct broker {
	const char *tokens[3];
	unsigned asked, refused, waits;
};

static int
broker(void *ctx, const char *user, int refused, char *token, size_t room)
{
	struct broker *b = ctx;

	assert_string_equal(user, "u");
	assert_true(room >= 4096);
	if (b->waits > 0) {
		b->waits--;
		return 1;
	}
	b->refused += refused != 0;
	if (b->tokens[b->asked] == NULL)
		return -1;
	(void)snprintf(token, room, "%s", b->tokens[b->asked++]);
	return 0;
}

/* user=u^Aauth=Bearer old^A^A, and new */
#define XOAUTH2 OFFER("XOAUTH2 PLAIN")
#define OLD "C: AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIG9sZAEB\n"
#define NEW "C: AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIG5ldwEB\n"
#define REFUSED "S: 334 eyJzdGF0dXMiOiI0MDAifQ==\nC: \nS: 535 5.7.8 no\n"

static const struct {
	const char *name, *script, *first;       /* NULL: asked for       */
	struct broker broker;
	int want;
	unsigned asked, refused;
} brokers[] = {
	{ "the second works", XOAUTH2 OLD REFUSED NEW "S: 235 ok\n" BYE, NULL,
	    { { "old", "new" }, 0, 0, 0 }, SMTP_OK, 2, 1 },
	{ "also behind one that was given", XOAUTH2 OLD REFUSED NEW
	    "S: 235 ok\n" BYE, "old", { { "new" }, 0, 0, 0 }, SMTP_OK, 1, 1 },
	{ "neither works, and that is final", XOAUTH2 OLD REFUSED NEW REFUSED
	    BYE, NULL, { { "old", "new", "none" }, 0, 0, 0 }, SMTP_E_AUTH, 2,
	    1 },
	{ "there is no second", XOAUTH2 OLD REFUSED BYE, NULL,
	    { { "old" }, 0, 0, 0 }, SMTP_E_AUTH, 1, 1 },
	{ "there is none at all", XOAUTH2 BYE, NULL, { { NULL }, 0, 0, 0 },
	    SMTP_E_AUTH, 0, 0 },
	{ "one that cannot be sent", XOAUTH2 BYE, NULL,
	    { { "a\001b" }, 0, 0, 0 }, SMTP_E_ARGUMENT, 1, 0 },
	{ "the second cannot be sent", XOAUTH2 OLD REFUSED BYE, NULL,
	    { { "old", "a\001b" }, 0, 0, 0 }, SMTP_E_ARGUMENT, 2, 1 },
	{ "an empty one", XOAUTH2 BYE, NULL, { { "" }, 0, 0, 0 },
	    SMTP_E_ARGUMENT, 1, 0 },
	{ "not yet", XOAUTH2 NEW "S: 235 ok\n" BYE, NULL,
	    { { "new" }, 0, 0, 3 }, SMTP_OK, 1, 0 },
	{ "454 does not ask for another", XOAUTH2 OLD "S: 454 4.7.0 later\n"
	    BYE, NULL, { { "old", "new" }, 0, 0, 0 }, SMTP_E_LATER, 1, 0 },
};

static void
test_client_sasl__asks_for_another_token_once(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(brokers); i++)
		for (int blocking = 0; blocking < 2; blocking++) {
			const char *name = brokers[i].name;
			struct broker b = brokers[i].broker;
			struct server *s = server_play(brokers[i].script,
			    "--tls", "implicit", NULL);
			struct smtp_options *o = options_for(s, "blocking",
			    blocking ? "yes" : "no", NULL);
			struct smtp *smtp;
			int rc;

			assert_int_equal(smtp_options_set_token(o, broker,
			    &b), SMTP_OK);
			rc = smtp_open(&smtp, server_url(s, "smtps",
			    "localhost"), o);
			smtp_options_free(o);
			while (rc > 0)
				rc = smtp_step(smtp);
			expect_rc("open", smtp, rc, SMTP_OK);
			rc = smtp_auth_token(smtp, "u", brokers[i].first);
			while (rc > 0)
				rc = smtp_step(smtp);
			if (rc == SMTP_E_AUTH && b.asked > 0)
				assert_int_equal(smtp_reply_code(smtp), 535);
			if (rc != SMTP_OK)
				assert_string_not_equal(smtp_error(smtp), "");
			assert_null(strstr(smtp_error(smtp), "old"));
			if (b.asked != brokers[i].asked ||
			    b.refused != brokers[i].refused)
				fail_msg("%s: asked %u times", name, b.asked);
			if (!blocking) {
				int end = smtp_quit(smtp);

				while (end > 0)
					end = smtp_step(smtp);
			}
			expect_play(name, s, smtp, rc, brokers[i].want);
		}
	proves("LIB-I-3");
}

static int
steps(struct smtp *smtp, int rc)
{
	while (rc > 0 && !(rc & SMTP_WANT_TOKEN))
		rc = smtp_step(smtp);
	return rc;
}

/* Nobody is called back: the mask asks, and the program gives. */
static void
test_client_sasl__takes_a_token_when_it_is_there(void **state)
{
	static const struct {
		const char *script, *tokens[3];
		int want;
	} rows[] = {
		{ XOAUTH2 NEW "S: 235 ok\n" BYE, { "new" }, SMTP_OK },
		{ XOAUTH2 OLD REFUSED NEW "S: 235 ok\n" BYE,
		    { "old", "new" }, SMTP_OK },
		{ XOAUTH2 OLD REFUSED NEW REFUSED BYE, { "old", "new" },
		    SMTP_E_AUTH },
		{ XOAUTH2 OLD REFUSED BYE, { "old" }, SMTP_E_AUTH },
		{ XOAUTH2 BYE, { NULL }, SMTP_E_AUTH },
	};

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, "--tls",
		    "implicit", NULL);
		struct smtp *smtp;
		size_t given = 0;
		int rc = try_session(&smtp, s, server_url(s, "smtps",
		    "localhost"), "blocking", "no", NULL), end;

		expect_rc("open", smtp, steps(smtp, rc), SMTP_OK);
		assert_int_equal(smtp_give_token(smtp, "x"), SMTP_E_STATE);
		rc = steps(smtp, smtp_auth_token(smtp, "u", NULL));
		while (rc > 0) {
			assert_int_equal(rc, SMTP_WANT_TOKEN);
			assert_int_equal(smtp_step(smtp), SMTP_WANT_TOKEN);
			assert_int_equal(smtp_give_token(smtp,
			    rows[i].tokens[given++]), SMTP_OK);
			rc = steps(smtp, smtp_step(smtp));
		}
		assert_int_equal(smtp_give_token(smtp, "x"), SMTP_E_STATE);
		end = smtp_quit(smtp);
		while (end > 0)
			end = smtp_step(smtp);
		expect_play("polled", s, smtp, rc, rows[i].want);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_sasl__external_not_in_the_clear),
		cmocka_unit_test(test_client_sasl__offers_in_the_old_form),
		cmocka_unit_test(
		    test_client_sasl__a_challenge_is_no_reply_to_show),
		cmocka_unit_test(test_client_sasl__no_transition_in_the_clear),
		cmocka_unit_test(test_client_sasl__needs_no_password),
		cmocka_unit_test(
		    test_client_sasl__external_by_a_certificate_in_memory),
		cmocka_unit_test(test_client_sasl__chooses_the_best_that_fits),
		cmocka_unit_test(
		    test_client_sasl__goes_on_only_where_that_helps),
		cmocka_unit_test(test_client_sasl__believes_nobody_with_scram),
		cmocka_unit_test(test_client_sasl__proves_itself_with_scram),
		cmocka_unit_test(
		    test_client_sasl__takes_another_where_scram_cannot),
		cmocka_unit_test(test_client_sasl__computes_without_blocking),
		cmocka_unit_test(test_client_sasl__asks_for_another_token_once),
		cmocka_unit_test(
		    test_client_sasl__takes_a_token_when_it_is_there),
	};

	return cmocka_run_group_tests_name("client_sasl", tests, NULL, NULL);
}
