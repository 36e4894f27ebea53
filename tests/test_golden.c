/* SPDX-License-Identifier: MIT */
/*
 * Whole sessions, the usual ones, with every octet that the client says. What
 * changes an octet of them changes what all servers hear: it has to be meant.
 */
#include "check.h"

#include "support/session.h"

#define HELLO "S: 220 mx.example ESMTP\nC: EHLO *\nS: 250-mx.example\n"
#define EHLO "EHLO client.example\r\n"
#define TAKEN "C: MAIL *\nS: 250 2.1.0 ok\nC: RCPT *\nS: 250 2.1.5 ok\n" \
	"C: DATA\nS: 354 go\nC.\nS: 250 2.0.0 taken\n"
#define BYE "C: QUIT\nS: 221 2.0.0 bye\nEOF\n"
#define TWO "C: MAIL *\nC: RCPT *\nC: RCPT *\nC: DATA\nS: 250 2.1.0 ok\n"
#define LHLO "S: 220 mx.example LMTP\nC: LHLO *\nS: 250-mx.example\n"
#define MAIL "MAIL FROM:<a@example.com>"
#define RCPT "RCPT TO:<b@example.com>\r\n"
#define CONTENT "Subject: x\r\n\r\n..a dot\r\nend\r\n"

static const char content[] = "Subject: x\n\n.a dot\nend";

/* A nonce for SCRAM, RFC 5802 section 5. */
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

static const struct {
	const char *name, *scheme, *tls, *script;
	const char *content, *to[2];
	bool auth;
	int want;
	const char *said;
} sessions[] = {
	{ "plain", "smtp+plaintext", "none",
	    HELLO "S: 250 HELP\n" TAKEN BYE, content,
	    { "b@example.com", NULL }, false, SMTP_OK,
	    EHLO MAIL "\r\n" RCPT "DATA\r\n" CONTENT ".\r\n" "QUIT\r\n" },
	{ "pipelined", "smtp+plaintext", "none",
	    HELLO "S: 250-SIZE 1000\nS: 250 PIPELINING\n" TWO
	    "S: 250 2.1.5 ok\nS: 250 2.1.5 ok\nS: 354 go\nC.\n"
	    "S: 250 2.0.0 taken\n" BYE, content,
	    { "b@example.com", "c@example.com" }, false, SMTP_OK,
	    EHLO MAIL " SIZE=27\r\n" RCPT "RCPT TO:<c@example.com>\r\n"
	    "DATA\r\n" CONTENT ".\r\nQUIT\r\n" },
	{ "taken for one", "smtp+plaintext", "none",
	    HELLO "S: 250 PIPELINING\n" TWO
	    "S: 250 2.1.5 ok\nS: 550 5.1.1 nobody\nS: 354 go\nC.\n"
	    "S: 250 2.0.0 taken\n" BYE, content,
	    { "b@example.com", "c@example.com" }, false, SMTP_E_PARTIAL,
	    EHLO MAIL "\r\n" RCPT "RCPT TO:<c@example.com>\r\nDATA\r\n"
	    CONTENT ".\r\nQUIT\r\n" },
	{ "STARTTLS and SCRAM", "smtp", "starttls",
	    HELLO "S: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nTLS\nC: EHLO *\n"
	    "S: 250-mx.example\nS: 250 AUTH SCRAM-SHA-1\nC: AUTH *\n"
	    "S: 334 cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1Zz"
	    "N2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==\nC: *\n"
	    "S: 334 dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9\nC: \n"
	    "S: 235 2.7.0 in\n" TAKEN BYE, content,
	    { "b@example.com", NULL }, true, SMTP_OK,
	    EHLO "STARTTLS\r\n" EHLO
	    "AUTH SCRAM-SHA-1 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYX"
	    "dM\r\nYz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZM"
	    "VpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==\r\n\r\n"
	    MAIL "\r\n" RCPT "DATA\r\n" CONTENT ".\r\nQUIT\r\n" },
	{ "TLS and PLAIN", "smtps", "implicit",
	    HELLO "S: 250 AUTH PLAIN\nC: AUTH *\nS: 235 2.7.0 in\n" TAKEN BYE,
	    content, { "b@example.com", NULL }, true, SMTP_OK,
	    EHLO "AUTH PLAIN AHVzZXIAcGVuY2ls\r\n"
	    MAIL "\r\n" RCPT "DATA\r\n" CONTENT ".\r\nQUIT\r\n" },
	{ "BDAT", "smtp+plaintext", "none",
	    HELLO "S: 250-PIPELINING\nS: 250 CHUNKING\nC: MAIL *\nC: RCPT *\n"
	    "C: BDAT *\nC+ 27\nS: 250 2.1.0 ok\nS: 250 2.1.5 ok\n"
	    "S: 250 2.0.0 taken\n" BYE, content,
	    { "b@example.com", NULL }, false, SMTP_OK,
	    EHLO MAIL "\r\n" RCPT
	    "BDAT 27 LAST\r\nSubject: x\r\n\r\n.a dot\r\nend\r\nQUIT\r\n" },
	{ "SMTPUTF8", "smtp+plaintext", "none",
	    HELLO "S: 250-8BITMIME\nS: 250 SMTPUTF8\n" TAKEN BYE,
	    "Subject: x\n\n\xc3\xa9\n", { "\xc3\xa9@example.com", NULL },
	    false, SMTP_OK,
	    EHLO MAIL " BODY=8BITMIME SMTPUTF8\r\n"
	    "RCPT TO:<\xc3\xa9@example.com>\r\nDATA\r\nSubject: x\r\n\r\n"
	    "\xc3\xa9\r\n.\r\nQUIT\r\n" },
	{ "LMTP", "lmtp+plaintext", "none",
	    LHLO "S: 250 PIPELINING\n" TWO
	    "S: 250 2.1.5 ok\nS: 250 2.1.5 ok\nS: 354 go\nC.\n"
	    "S: 250 2.0.0 taken\nS: 452 4.2.2 full\n" BYE, content,
	    { "b@example.com", "c@example.com" }, false, SMTP_E_PARTIAL,
	    "LHLO client.example\r\n" MAIL "\r\n" RCPT
	    "RCPT TO:<c@example.com>\r\nDATA\r\n" CONTENT ".\r\nQUIT\r\n" },
};

static void
test_golden__sessions(void **state)
{
	(void)state;
	needs(SMTP_WITH_PIPELINING && SMTP_WITH_BDAT && SMTP_WITH_LMTP &&
	    SMTP_WITH_TLS && SMTP_WITH_SCRAM && SMTP_WITH_HASH);
	for (size_t i = 0; i < COUNT(sessions); i++) {
		struct server *s = server_play(sessions[i].script, "--tls",
		    sessions[i].tls, "--tls-version", "1.2", NULL);
		struct smtp_options *o = options_for(s, "channel-binding",
		    "no", "ehlo-name", "client.example", NULL);
		struct smtp_message *m = mail_of(sessions[i].content,
		    sessions[i].to[0], sessions[i].to[1], NULL);
		const char *said = sessions[i].said, *heard;
		struct smtp *smtp;
		size_t n;
		int rc;

		assert_int_equal(smtp_options_set_random(o, fixed, NULL),
		    SMTP_OK);
		rc = smtp_open(&smtp, server_url(s, sessions[i].scheme,
		    "localhost"), o);
		smtp_options_free(o);
		expect_rc(sessions[i].name, smtp, rc, SMTP_OK);
		if (sessions[i].auth)
			expect_rc(sessions[i].name, smtp, smtp_auth(smtp,
			    "user", "pencil"), SMTP_OK);
		expect_rc(sessions[i].name, smtp, smtp_send(smtp, m),
		    sessions[i].want);
		smtp_close(smtp);
		expect_complete(sessions[i].name, s);
		heard = server_heard(s, 1, &n);
		if (n != strlen(said) || memcmp(heard, said, n) != 0)
			fail_msg("%s: %.*s", sessions[i].name, (int)n, heard);
		smtp_message_free(m);
		server_stop(s);
	}
	proves("LIB-T-7");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden__sessions),
	};

	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
