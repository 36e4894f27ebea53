/* SPDX-License-Identifier: MIT */
/*
 * What the envelope asks of the server beyond addresses: each extension as it
 * stands on the wire, and the refusals before anything does.
 */
#include "check.h"

#include <stdio.h>
#include <unistd.h>

#include "support/session.h"

#define PLAIN "smtp+plaintext"

/* ---- setters */

/* A setter with this value is refused, and the error begins so. */
struct refusal {
	const char *name;
	int (*set)(struct smtp_message *m);
	const char *error;
	const char *proves;
};

#define SETTER(name, call) \
	static int \
	name(struct smtp_message *m) \
	{ \
		return call; \
	}

static char long_text[600];

SETTER(notify_never_and, smtp_message_set_notify(m, NULL, "NEVER,DELAY"))
SETTER(notify_and_never, smtp_message_set_notify(m, NULL, "DELAY,NEVER"))
SETTER(notify_space, smtp_message_set_notify(m, NULL, "SUCCESS, DELAY"))
SETTER(notify_twice, smtp_message_set_notify(m, NULL, "DELAY,DELAY"))
SETTER(notify_empty, smtp_message_set_notify(m, NULL, ""))
SETTER(notify_end, smtp_message_set_notify(m, NULL, "DELAY,"))
SETTER(notify_other, smtp_message_set_notify(m, NULL, "ALWAYS"))
SETTER(notify_dressed, smtp_message_set_notify(m, "B <b@example.com>",
	"NEVER"))
SETTER(ret_other, smtp_message_set_dsn(m, "BODY", NULL))
SETTER(ret_empty, smtp_message_set_dsn(m, "", NULL))
SETTER(envid_empty, smtp_message_set_dsn(m, NULL, ""))
SETTER(envid_wide, smtp_message_set_dsn(m, NULL, "caf\xC3\xA9"))
SETTER(envid_line, smtp_message_set_dsn(m, NULL, "a\r\nRSET"))
SETTER(envid_tab, smtp_message_set_dsn(m, NULL, "a\tb"))
SETTER(envid_101, smtp_message_set_dsn(m, NULL,
	long_text + sizeof long_text - 1 - 101))
SETTER(orcpt_type, smtp_message_set_orcpt(m, NULL, "a b", "x@y.example"))
SETTER(orcpt_no_type, smtp_message_set_orcpt(m, NULL, "", "x@y.example"))
SETTER(orcpt_line, smtp_message_set_orcpt(m, NULL, NULL, "x\r\ny"))
SETTER(orcpt_wide, smtp_message_set_orcpt(m, NULL, "rfc822", "\xC3\xA9@x"))
SETTER(orcpt_bad, smtp_message_set_orcpt(m, NULL, NULL, "\xC3@x"))
SETTER(orcpt_501, smtp_message_set_orcpt(m, NULL, NULL,
	long_text + sizeof long_text - 1 - 494))
SETTER(by_zero, smtp_message_set_deliver_by(m, 0, "R"))
SETTER(by_less, smtp_message_set_deliver_by(m, -1, "RT"))
SETTER(by_ten, smtp_message_set_deliver_by(m, 1000000000, "R"))
SETTER(by_ten_less, smtp_message_set_deliver_by(m, -1000000000, "N"))
SETTER(by_mode, smtp_message_set_deliver_by(m, 60, "X"))
SETTER(by_trace, smtp_message_set_deliver_by(m, 60, "T"))
SETTER(priority_less, smtp_message_set_mt_priority(m, -10))
SETTER(priority_more, smtp_message_set_mt_priority(m, 10))
SETTER(hold_ten, smtp_message_set_hold_for(m, 1000000000))
SETTER(hold_past, smtp_message_set_hold_until(m, -1))
SETTER(hold_far, smtp_message_set_hold_until(m, INT64_MAX))
SETTER(submitter_bad, smtp_message_set_submitter(m, "nobody"))
SETTER(submitter_wide, smtp_message_set_submitter(m, "\xC3\xA9@x.example"))
SETTER(submitter_line, smtp_message_set_submitter(m, "a@b.example\r\n"))
SETTER(more_space, smtp_message_add_mail_parameter(m, NULL, "XFOO", "a b"))
SETTER(more_equals, smtp_message_add_mail_parameter(m, NULL, "XFOO", "a=b"))
SETTER(more_line, smtp_message_add_rcpt_parameter(m, NULL, NULL, "XFOO",
	"a\r\nb"))
SETTER(more_empty, smtp_message_add_mail_parameter(m, NULL, "XFOO", ""))
SETTER(more_bad, smtp_message_add_mail_parameter(m, NULL, "XFOO", "\xFF"))
SETTER(more_keyword, smtp_message_add_mail_parameter(m, NULL, "X_FOO", "1"))
SETTER(more_hyphen, smtp_message_add_mail_parameter(m, NULL, "-X", "1"))
SETTER(more_none, smtp_message_add_mail_parameter(m, NULL, NULL, "1"))
SETTER(more_extension, smtp_message_add_mail_parameter(m, "X Y", "X", "1"))
SETTER(more_size, smtp_message_add_mail_parameter(m, NULL, "size", "1"))
SETTER(more_body, smtp_message_add_mail_parameter(m, NULL, "BODY", "7BIT"))
SETTER(more_ret, smtp_message_add_mail_parameter(m, "DSN", "RET", "FULL"))
SETTER(more_notify, smtp_message_add_rcpt_parameter(m, NULL, "DSN", "Notify",
	"NEVER"))
SETTER(more_rrvs, smtp_message_add_mail_parameter(m, "RRVS", "RRVS",
	"2014-04-03T23:01:00Z"))
SETTER(more_solicit, smtp_message_add_rcpt_parameter(m, NULL,
	"NO-SOLICITING", "SOLICIT", "net.example:ADV"))

static int
more_twice(struct smtp_message *m)
{
	(void)smtp_message_add_mail_parameter(m, NULL, "XFOO", "1");
	return smtp_message_add_mail_parameter(m, NULL, "xfoo", NULL);
}

static int
hold_both(struct smtp_message *m)
{
	(void)smtp_message_set_hold_for(m, 60);
	return smtp_message_set_hold_until(m, 1893456000);
}

static const struct refusal refusals[] = {
	{ "NEVER and", notify_never_and, "notify: ", "R3461-4.1-1" },
	{ "and NEVER", notify_and_never, "notify: ", "R3461-4.1-1" },
	{ "space", notify_space, "notify: ", "R3461-4.1-1" },
	{ "twice", notify_twice, "notify: ", "" },
	{ "nothing", notify_empty, "notify: ", "" },
	{ "comma at the end", notify_end, "notify: ", "" },
	{ "ALWAYS", notify_other, "notify: ALWAYS ", "" },
	{ "name and address", notify_dressed, "notify: B <b@", "" },
	{ "RET=BODY", ret_other, "ret: BODY ", "" },
	{ "RET=", ret_empty, "ret: ", "" },
	{ "ENVID=", envid_empty, "envid: ", "" },
	{ "ENVID, not ASCII", envid_wide, "envid: ", "R3461-4.4-1" },
	{ "ENVID, line", envid_line, "envid: a??RSET ", "R3461-4.4-1" },
	{ "ENVID, tab", envid_tab, "envid: ", "" },
	{ "ENVID of 101", envid_101, "envid: ", "R3461-4.4-1" },
	{ "type of two words", orcpt_type, "orcpt: ", "" },
	{ "no type", orcpt_no_type, "orcpt: ", "" },
	{ "ORCPT, line", orcpt_line, "orcpt: ", "R5321-4.1.2-1" },
	{ "rfc822, not ASCII", orcpt_wide, "orcpt: ", "" },
	{ "no UTF-8", orcpt_bad, "orcpt: ", "" },
	{ "ORCPT of 501", orcpt_501, "orcpt: ", "R3461-4.2-1" },
	{ "BY=0;R", by_zero, "deliver-by: ", "R2852-4-1" },
	{ "BY=-1;RT", by_less, "deliver-by: ", "" },
	{ "ten digits", by_ten, "deliver-by: ", "R2852-4-1" },
	{ "minus ten digits", by_ten_less, "deliver-by: ", "" },
	{ "mode", by_mode, "deliver-by: X ", "" },
	{ "mode T", by_trace, "deliver-by: ", "" },
	{ "priority -10", priority_less, "mt-priority: ", "R6710-3-2" },
	{ "priority 10", priority_more, "mt-priority: ", "R6710-3-2" },
	{ "HOLDFOR, ten digits", hold_ten, "hold-for: ", "R4865-4-1" },
	{ "HOLDUNTIL, past", hold_past, "hold-until: ", "" },
	{ "HOLDUNTIL, too far", hold_far, "hold-until: ", "" },
	{ "both", hold_both, "hold-until: ", "R4865-4-1" },
	{ "submitter", submitter_bad, "submitter: nobody ", "" },
	{ "submitter, not ASCII", submitter_wide, "submitter: ", "" },
	{ "submitter, line", submitter_line, "submitter: ", "" },
	{ "a b", more_space, "parameter: ", "R5321-4.1.2-8" },
	{ "a=b", more_equals, "parameter: ", "R5321-4.1.2-8" },
	{ "a, line, b", more_line, "parameter: ", "R5321-4.1.2-8 LIB-D-2" },
	{ "empty", more_empty, "parameter: ", "" },
	{ "value, no UTF-8", more_bad, "parameter: ", "" },
	{ "keyword", more_keyword, "parameter: X_FOO ", "R5321-4.1.2-8" },
	{ "hyphen", more_hyphen, "parameter: -X ", "R5321-4.1.2-8" },
	{ "no keyword", more_none, "parameter: ", "" },
	{ "extension", more_extension, "parameter: X Y ", "" },
	{ "SIZE", more_size, "parameter: size ", "" },
	{ "BODY", more_body, "parameter: BODY ", "" },
	{ "RET by hand", more_ret, "parameter: RET ", "" },
	{ "NOTIFY by hand", more_notify, "parameter: Notify ", "" },
	{ "RRVS of MAIL", more_rrvs, "parameter: RRVS ", "" },
	{ "SOLICIT of RCPT", more_solicit, "parameter: SOLICIT ", "" },
	{ "twice the same", more_twice, "parameter: xfoo ",
	    "R5321-4.1.2-9" },
};

static void
test_envelope__a_bad_value_is_named(void **state)
{
	(void)state;
	memset(long_text, 'x', sizeof long_text - 1);
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct smtp_message *m = smtp_message_new();

		if (r->set(m) != SMTP_E_ARGUMENT)
			fail_msg("%s: was taken", r->name);
		if (strncmp(smtp_message_error(m), r->error,
		    strlen(r->error)) != 0)
			fail_msg("%s: %s", r->name, smtp_message_error(m));
		smtp_message_free(m);
		proves(r->proves);
	}
}

/* ---- on the wire */

/* What a server says and hears, line by line. */
static const char *
script_of(char *room, size_t n, const char *hello, const char *offers,
	const char *lines)
{
	unsigned verdicts = 0;
	size_t at = (size_t)snprintf(room, n,
		"S: 220 hi\nC: %s *\nS: 250-hi\n", hello);

	for (const char *p = offers; *p != '\0'; ) {
		size_t length = strcspn(p, "|");

		at += (size_t)snprintf(room + at, n - at, "S: 250-%.*s\n",
			(int)length, p);
		p += length + (p[length] == '|');
	}
	at += (size_t)snprintf(room + at, n - at, "S: 250 HELP\n");
	for (const char *p = lines; *p != '\0'; ) {
		size_t length = strcspn(p, "\n");

		at += (size_t)snprintf(room + at, n - at,
			"C: %.*s\nS: 250 ok\n", (int)length, p);
		verdicts += strncmp(p, "RCPT", 4) == 0;
		p += length + (p[length] == '\n');
	}
	if (*lines != '\0')
		at += (size_t)snprintf(room + at, n - at,
			"C: DATA\nS: 354 go\nC.\n");
	if (verdicts > 1 && strcmp(hello, "LHLO") != 0)
		verdicts = 1;
	for (; verdicts > 0; verdicts--)
		at += (size_t)snprintf(room + at, n - at, "S: 250 ok\n");
	(void)snprintf(room + at, n - at, "C: QUIT\nS: 221 bye\nEOF\n");
	return room;
}

/* One mail from a@ to b@ and, where asked for, to others. */
struct mail {
	const char *name;
	const char *offers;      /* of EHLO, `|` between                 */
	int (*ask)(struct smtp_message *m);
	const char *lines;       /* of MAIL and RCPT; "": nothing said   */
	int want;
	const char *error;       /* in it, if it fails                   */
	const char *proves;
};

static void
play(const struct mail *mail, const char *scheme, const char *hello,
	const char *option, const char *value)
{
	char script[8192], hint[256];
	struct server *s = server_play(script_of(script, sizeof script,
		hello, mail->offers, mail->lines), "--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, scheme,
		"localhost"), "ehlo-name", "client.example.com", "timeout",
		"5", option, value, NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);

	if (mail->ask(m) != SMTP_OK)
		fail_msg("%s: %s", mail->name, smtp_message_error(m));
	expect_rc(mail->name, smtp, smtp_send(smtp, m), mail->want);
	if (strstr(smtp_error(smtp), mail->error) == NULL)
		fail_msg("%s: %s", mail->name, smtp_error(smtp));
	(void)snprintf(hint, sizeof hint, "%s", smtp_hint(smtp));
	smtp_close(smtp);
	expect_complete(mail->name, s);
	if (mail->lines[0] == '\0') {
		assert_false(server_heard_line(s, "MAIL"));
		assert_int_equal(mail->want,
			smtp_message_recipient_status(m, 0));
		if (mail->want == SMTP_E_UNSUPPORTED)
			assert_string_not_equal("", hint);
	}
	smtp_message_free(m);
	server_stop(s);
	proves(mail->proves);
}

#define RFC_3461 "MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159\n" \
	"RCPT TO:<b@example.com>\n" \
	"RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS " \
	"ORCPT=rfc822;Bob@Example.COM\n" \
	"RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE " \
	"ORCPT=rfc822;Dana@Ivory.EDU\n" \
	"RCPT TO:<Fred@Bombs.AF.MIL> NOTIFY=NEVER"

static int
ask_rfc_3461(struct smtp_message *m)
{
	(void)smtp_message_set_envelope_from(m, "Alice@Example.ORG");
	(void)smtp_message_add_recipient(m, "Bob@Example.COM");
	(void)smtp_message_add_recipient(m, "Dana@Ivory.EDU");
	(void)smtp_message_add_recipient(m, "Fred@Bombs.AF.MIL");
	(void)smtp_message_set_dsn(m, "hdrs", "QQ314159");
	(void)smtp_message_set_notify(m, "Bob@Example.COM", "success");
	(void)smtp_message_set_notify(m, "Fred@bombs.af.mil", "NEVER");
	return smtp_message_set_notify(m, "Dana@Ivory.EDU",
		"FAILURE,SUCCESS");
}

static int
ask_all(struct smtp_message *m)
{
	(void)smtp_message_add_recipient(m, "c+d=e@example.com");
	(void)smtp_message_add_recipient(m, "f@example.com");
	(void)smtp_message_set_notify(m, "f@example.com", "NEVER");
	(void)smtp_message_set_notify(m, NULL, "DELAY,FAILURE,SUCCESS");
	(void)smtp_message_set_notify(m, "f@example.com", NULL);
	return smtp_message_set_dsn(m, "FULL", NULL);
}

static int
ask_orcpt(struct smtp_message *m)
{
	(void)smtp_message_add_recipient(m, "c@example.com");
	(void)smtp_message_add_recipient(m, "d@example.com");
	(void)smtp_message_add_recipient(m, "b@example.com");
	(void)smtp_message_set_notify(m, NULL, "FAILURE");
	(void)smtp_message_set_orcpt(m, "b@example.com", NULL,
		"old+b@example.com");
	(void)smtp_message_set_orcpt(m, "c@example.com", "X400",
		"/S=Joe Doe/G=J/");
	return smtp_message_set_orcpt(m, "d@example.com", NULL, "");
}

#define PLUSES "++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++"
#define LONG_NAME "ddddddddddddddddddddddddddddddddddddddddddddddddd." \
	"ddddddddddddddddddddddddddddddddddddddddddddddddd." \
	"ddddddddddddddddddddddddddddddddddddddddddddddddd.example.com"

static int
ask_wide_orcpt(struct smtp_message *m)
{
	(void)smtp_message_set_notify(m, NULL, "FAILURE");
	return smtp_message_set_orcpt(m, "b@example.com", NULL,
		"\xE7\x94\xA8 \\+=@x.example");
}

static int
ask_wide_rcpt(struct smtp_message *m)
{
	(void)smtp_message_add_recipient(m, "\xE7\x94\xA8@example.com");
	return smtp_message_set_notify(m, "\xE7\x94\xA8@EXAMPLE.com",
		"FAILURE");
}

/* What is said for it would have more octets than ORCPT may have. */
static int
ask_wide_long(struct smtp_message *m)
{
	(void)smtp_message_set_envelope_from(m, "a@example.com");
	(void)smtp_message_add_recipient(m, "\xC3\xA9" PLUSES "@" LONG_NAME);
	return smtp_message_set_notify(m, NULL, "FAILURE");
}

SETTER(ask_orcpt_alone, smtp_message_set_orcpt(m, NULL, NULL,
	"c@example.com"))

static int
ask_long(struct smtp_message *m)
{
	static char envid[101], orcpt[494];

	memset(envid, 'e', sizeof envid - 1);
	memset(orcpt, 'o', sizeof orcpt - 1);
	(void)smtp_message_set_dsn(m, "FULL", envid);
	(void)smtp_message_set_notify(m, NULL, "SUCCESS,FAILURE,DELAY");
	return smtp_message_set_orcpt(m, NULL, NULL, orcpt);
}

SETTER(ask_stranger, smtp_message_set_notify(m, "z@example.com", "NEVER"))
SETTER(ask_envid, smtp_message_set_dsn(m, NULL, "a+b=c d"))

static int
take_back(struct smtp_message *m)
{
	(void)smtp_message_set_dsn(m, "FULL", "1");
	(void)smtp_message_set_require_tls(m, 1);
	(void)smtp_message_set_deliver_by(m, 60, "N");
	(void)smtp_message_set_hold_for(m, 60);
	(void)smtp_message_set_submitter(m, "c@example.com");
	(void)smtp_message_set_notify(m, NULL, "NEVER");
	(void)smtp_message_set_dsn(m, NULL, NULL);
	(void)smtp_message_set_require_tls(m, 0);
	(void)smtp_message_set_deliver_by(m, 0, NULL);
	(void)smtp_message_set_hold_for(m, 0);
	(void)smtp_message_set_submitter(m, NULL);
	return smtp_message_set_notify(m, NULL, NULL);
}

static const struct mail dsn[] = {
	{ "RFC 3461", "DSN", ask_rfc_3461, RFC_3461, SMTP_OK, "",
	    "R3461-4.1-1 R3461-4.2-1 R3461-4.3-1 R3461-4.4-1 R3461-4.5-1" },
	{ "for all", "dsn", ask_all,
	    "MAIL FROM:<a@example.com> RET=FULL\n"
	    "RCPT TO:<b@example.com> NOTIFY=SUCCESS,FAILURE,DELAY "
	    "ORCPT=rfc822;b@example.com\n"
	    "RCPT TO:<c+d=e@example.com> NOTIFY=SUCCESS,FAILURE,DELAY "
	    "ORCPT=rfc822;c+2Bd+3De@example.com\n"
	    "RCPT TO:<f@example.com>", SMTP_OK, "", "R3461-4-1" },
	{ "other ORCPT", "DSN", ask_orcpt, "MAIL FROM:<a@example.com>\n"
	    "RCPT TO:<b@example.com> NOTIFY=FAILURE "
	    "ORCPT=rfc822;old+2Bb@example.com\n"
	    "RCPT TO:<c@example.com> NOTIFY=FAILURE "
	    "ORCPT=X400;/S+3DJoe+20Doe/G+3DJ/\n"
	    "RCPT TO:<d@example.com> NOTIFY=FAILURE\n"
	    "RCPT TO:<b@example.com> NOTIFY=FAILURE "
	    "ORCPT=rfc822;old+2Bb@example.com", SMTP_OK, "", "" },
	{ "ORCPT beyond ASCII", "DSN", ask_wide_orcpt,
	    "MAIL FROM:<a@example.com>\n"
	    "RCPT TO:<b@example.com> NOTIFY=FAILURE "
	    "ORCPT=utf-8;\\\\x{7528}\\\\x{20}\\\\x{5C}\\\\x{2B}\\\\x{3D}"
	    "@x.example", SMTP_OK, "", "R6533-3-1" },
	{ "recipient beyond ASCII", "DSN|8BITMIME|SMTPUTF8", ask_wide_rcpt,
	    "MAIL FROM:<a@example.com> SMTPUTF8\n"
	    "RCPT TO:<b@example.com>\n"
	    "RCPT TO:<\xE7\x94\xA8@example.com> NOTIFY=FAILURE "
	    "ORCPT=utf-8;\xE7\x94\xA8@example.com", SMTP_OK, "",
	    "R6533-3-1" },
	{ "its ORCPT would be too long", "DSN|8BITMIME|SMTPUTF8",
	    ask_wide_long, "MAIL FROM:<a@example.com> SMTPUTF8\n"
	    "RCPT TO:<b@example.com> NOTIFY=FAILURE "
	    "ORCPT=rfc822;b@example.com\n"
	    "RCPT TO:<\xC3\xA9" PLUSES "@" LONG_NAME "> NOTIFY=FAILURE",
	    SMTP_OK, "", "" },
	{ "ORCPT alone", "DSN", ask_orcpt_alone, "MAIL FROM:<a@example.com>\n"
	    "RCPT TO:<b@example.com> ORCPT=rfc822;c@example.com", SMTP_OK, "",
	    "" },
	{ "xtext", "DSN", ask_envid,
	    "MAIL FROM:<a@example.com> ENVID=a+2Bb+3Dc+20d\n"
	    "RCPT TO:<b@example.com>", SMTP_OK, "", "R3461-4-1" },
	{ "long", "DSN", ask_long, "MAIL FROM:<a@example.com> RET=FULL "
	    "ENVID=eeeeeeee*\n"
	    "RCPT TO:<b@example.com> NOTIFY=SUCCESS,FAILURE,DELAY "
	    "ORCPT=rfc822;ooooooo*", SMTP_OK, "", "R5321-4.5.3.1.4-1" },
	{ "taken back", "HELP", take_back, "MAIL FROM:<a@example.com>\n"
	    "RCPT TO:<b@example.com>", SMTP_OK, "", "" },
	{ "no DSN", "SIZE", ask_envid, "", SMTP_E_UNSUPPORTED, "DSN: ",
	    "R5321-4.1.1.3-2 R3461-4.5-1" },
	{ "no DSN for RCPT", "XDSN", ask_orcpt, "", SMTP_E_UNSUPPORTED,
	    "DSN: ", "" },
	{ "no recipient", "DSN", ask_stranger, "", SMTP_E_ARGUMENT,
	    "z@example.com is no recipient", "" },
};

static void
test_envelope__dsn_is_asked_for(void **state)
{
	(void)state;
	needs(SMTP_WITH_PARAMETERS);
	needs(SMTP_WITH_LMTP);
	for (size_t i = 0; i < COUNT(dsn); i++) {
		play(&dsn[i], PLAIN, "EHLO", NULL, NULL);
		play(&dsn[i], "lmtp+plaintext", "LHLO", NULL, NULL);
	}
}

static void
test_envelope__dsn_is_left_out_where_that_is_allowed(void **state)
{
	needs(SMTP_WITH_PARAMETERS);
	static const struct mail none = { "DSN left out", "SIZE",
		ask_rfc_3461, "MAIL FROM:<Alice@Example.ORG>*\n"
		"RCPT TO:<b@example.com>\n"
		"RCPT TO:<Bob@Example.COM>\nRCPT TO:<Dana@Ivory.EDU>\n"
		"RCPT TO:<Fred@Bombs.AF.MIL>", SMTP_OK, "", "R3461-4.5-1" };
	static const struct mail some = { "DSN not left out", "DSN",
		ask_rfc_3461, RFC_3461, SMTP_OK, "", "" };

	(void)state;
	play(&none, PLAIN, "EHLO", "require-dsn", "no");
	play(&some, PLAIN, "EHLO", "require-dsn", "no");
}

/* Some readers of reports cut it: who looks at the trace is told. */
/* Also where that is nothing. */
static void
test_envelope__what_a_build_leaves_out_is_told(void **state)
{
	const struct mail whole = { "DSN", "DSN", ask_rfc_3461, RFC_3461,
		SMTP_OK, "", "" };
	const struct mail none = { "no DSN", "DSN", ask_rfc_3461, "",
		SMTP_E_UNSUPPORTED, "needs what this build leaves out; see "
		"<smtp/config.h>", "" };

	(void)state;
	play(SMTP_WITH_PARAMETERS ? &whole : &none, PLAIN, "EHLO", NULL, NULL);
}

static void
test_envelope__a_long_envid_is_noted(void **state)
{
	needs(SMTP_WITH_PARAMETERS);
	static struct trace t;
	static const char envid[] = "123456789 123456789 123456789 123456789";

	(void)state;
	for (size_t n = sizeof envid - 2; n < sizeof envid; n++) {
		struct server *s = server_start("--tls", "none", NULL);
		struct smtp_options *o = options_for(s, NULL);
		struct smtp_message *m = mail_of(plain_mail,
			"b@example.com", NULL);
		struct smtp *smtp;
		char id[sizeof envid];

		(void)snprintf(id, sizeof id, "%.*s", (int)n, envid);
		memset(&t, 0, sizeof t);
		assert_int_equal(SMTP_OK, smtp_options_set_trace(o,
			trace_line, &t));
		assert_int_equal(SMTP_OK, smtp_open(&smtp, server_url(s,
			PLAIN, "localhost"), o));
		(void)smtp_message_set_dsn(m, NULL, id);
		expect_rc("ENVID", smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_close(smtp);
		smtp_options_free(o);
		if ((strstr(t.text, "* envid: over 38 octets") != NULL) !=
		    (n > 38))
			fail_msg("%zu octets: %s", n, t.text);
		smtp_message_free(m);
		server_stop(s);
	}
	proves("R3461-4.4-1");
}

/* RFC 6409 section 4.2: a warning, since networks have such names. */
static void
test_envelope__a_domain_without_a_dot_is_noted(void **state)
{
	static struct trace t;
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_options *o = options_for(s, NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@localhost",
		"c@example.com", "d@[192.0.2.7]", "postmaster", NULL);
	struct smtp *smtp;
	const char *p;

	(void)state;
	assert_int_equal(SMTP_OK, smtp_options_set_trace(o, trace_line, &t));
	assert_int_equal(SMTP_OK, smtp_open(&smtp, server_url(s, PLAIN,
		"localhost"), o));
	expect_rc("unqualified", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_close(smtp);
	smtp_options_free(o);
	p = strstr(t.text, "* the domain has no dot: ");
	assert_non_null(p);
	assert_int_equal(0, strncmp(p, "* the domain has no dot: "
		"b@localhost\n", 37));
	assert_null(strstr(p + 37, "no dot"));
	smtp_message_free(m);
	server_stop(s);
	proves("R6409-4.2-1");
}

/* ---- other extensions */

SETTER(ask_by_return, smtp_message_set_deliver_by(m, 120, "R"))
SETTER(ask_by_trace, smtp_message_set_deliver_by(m, 240, "rt"))
SETTER(ask_by_late, smtp_message_set_deliver_by(m, -10, "NT"))
SETTER(ask_by_never, smtp_message_set_deliver_by(m, 0, "N"))
SETTER(ask_priority, smtp_message_set_mt_priority(m, -9))
SETTER(ask_usual, smtp_message_set_mt_priority(m, 0))
SETTER(ask_hold, smtp_message_set_hold_for(m, 86400))
SETTER(ask_hold_more, smtp_message_set_hold_for(m, 86401))
SETTER(ask_until, smtp_message_set_hold_until(m, 1893456000))
SETTER(ask_until_more, smtp_message_set_hold_until(m, 1893456001))
SETTER(ask_tls, smtp_message_set_require_tls(m, 1))
SETTER(ask_nobody, smtp_message_set_submitter(m, ""))
SETTER(ask_submitter, smtp_message_set_submitter(m, "e=mc2@example.com"))
SETTER(ask_rrvs, smtp_message_add_rcpt_parameter(m, "b@example.com", "RRVS",
	"RRVS", "2014-04-03T23:01:00Z;C"))
SETTER(ask_solicit, smtp_message_add_mail_parameter(m, "NO-SOLICITING",
	"SOLICIT", "net.example:ADV,org.example:ADV:ADLT"))
SETTER(ask_flag, smtp_message_add_mail_parameter(m, NULL, "XFLAG", NULL))

static int
ask_hold_of_nobody(struct smtp_message *m)
{
	(void)smtp_message_set_envelope_from(m, "");
	return smtp_message_set_hold_for(m, 60);
}

static int
ask_more(struct smtp_message *m)
{
	(void)smtp_message_add_recipient(m, "c@example.com");
	(void)smtp_message_add_mail_parameter(m, "XFOO", "XFOO", "1");
	(void)smtp_message_add_mail_parameter(m, NULL, "X-BAR", "~!");
	(void)smtp_message_add_rcpt_parameter(m, NULL, "XFOO", "XR", "all");
	(void)smtp_message_add_rcpt_parameter(m, NULL, NULL, "XT", "all");
	(void)smtp_message_add_rcpt_parameter(m, "c@example.com", NULL, "XS",
		NULL);
	return smtp_message_add_rcpt_parameter(m, "c@example.com", NULL,
		"xr", "own");
}

/* XLONG and its blank, with the path and the verb, up to 512 or beyond. */
static int
ask_room(struct smtp_message *m, size_t n)
{
	char value[512];

	memset(value, 'v', n);
	value[n] = '\0';
	(void)smtp_message_set_dsn(m, "FULL", NULL);
	return smtp_message_add_mail_parameter(m, NULL, "XLONG", value);
}

#define FIXED (sizeof "MAIL FROM:<a@example.com> XLONG=\r\n" - 1)

SETTER(ask_512, ask_room(m, 512 - FIXED))
SETTER(ask_513, ask_room(m, 513 - FIXED))

#define TO_B "\nRCPT TO:<b@example.com>"
#define LACK SMTP_E_UNSUPPORTED

static const struct mail others[] = {
	{ "BY, no minimum", "DELIVERBY", ask_by_return,
	    "MAIL FROM:<a@example.com> BY=120;R" TO_B, SMTP_OK, "",
	    "R2852-4-1" },
	{ "BY, below the minimum", "DELIVERBY 240", ask_by_return, "", LACK,
	    "DELIVERBY: ", "R2852-3-1 R2852-4-1" },
	{ "BY, the minimum", "deliverby 240", ask_by_trace,
	    "MAIL FROM:<a@example.com> BY=240;RT" TO_B, SMTP_OK, "",
	    "R2852-3-1" },
	{ "BY, minimum that is none", "DELIVERBY soon", ask_by_return,
	    "MAIL FROM:<a@example.com> BY=120;R" TO_B, SMTP_OK, "", "" },
	{ "BY, minimum of ten digits", "DELIVERBY 0000000240", ask_by_return,
	    "MAIL FROM:<a@example.com> BY=120;R" TO_B, SMTP_OK, "", "" },
	{ "BY, past", "DELIVERBY 240", ask_by_late,
	    "MAIL FROM:<a@example.com> BY=-10;NT" TO_B, SMTP_OK, "",
	    "R2852-4-1" },
	{ "BY, zero", "DELIVERBY 240", ask_by_never,
	    "MAIL FROM:<a@example.com> BY=0;N" TO_B, SMTP_OK, "", "" },
	{ "BY, not offered", "DSN", ask_by_never, "", LACK, "DELIVERBY: ",
	    "" },
	{ "priority", "MT-PRIORITY MIXER", ask_priority,
	    "MAIL FROM:<a@example.com> MT-PRIORITY=-9" TO_B, SMTP_OK, "",
	    "R6710-3-2" },
	{ "priority 0", "MT-PRIORITY", ask_usual,
	    "MAIL FROM:<a@example.com> MT-PRIORITY=0" TO_B, SMTP_OK, "",
	    "" },
	{ "priority, not offered", "PRIORITY", ask_priority, "", LACK,
	    "MT-PRIORITY: ", "" },
	{ "submitter", "AUTH PLAIN", ask_submitter,
	    "MAIL FROM:<a@example.com> AUTH=e+3Dmc2@example.com" TO_B,
	    SMTP_OK, "", "R4954-5-1" },
	{ "no submitter", "AUTH=PLAIN", ask_nobody,
	    "MAIL FROM:<a@example.com> AUTH=<>" TO_B, SMTP_OK, "",
	    "R4954-5-1" },
	{ "submitter, no AUTH", "DSN", ask_submitter, "", LACK, "AUTH: ",
	    "R4954-5-1" },
	{ "TLS, none", "REQUIRETLS", ask_tls, "", LACK, "REQUIRETLS: ",
	    "" },
	{ "RRVS", "RRVS", ask_rrvs, "MAIL FROM:<a@example.com>" TO_B
	    " RRVS=2014-04-03T23:01:00Z;C", SMTP_OK, "", "R7293-3-1" },
	{ "RRVS, not offered", "DSN", ask_rrvs, "", LACK, "RRVS: ", "" },
	{ "SOLICIT", "NO-SOLICITING", ask_solicit,
	    "MAIL FROM:<a@example.com> "
	    "SOLICIT=net.example:ADV,org.example:ADV:ADLT" TO_B, SMTP_OK,
	    "", "R3865-4-1" },
	{ "others", "XFOO a b=c", ask_more,
	    "MAIL FROM:<a@example.com> XFOO=1 X-BAR=~!" TO_B " XR=all XT=all\n"
	    "RCPT TO:<c@example.com> XS xr=own XT=all", SMTP_OK, "",
	    "LIB-D-2 R5321-4.1.2-9" },
	{ "others, not offered", "XBAR", ask_more, "", LACK, "XFOO: ",
	    "R5321-4.1.1.3-2" },
	{ "a flag", "HELP", ask_flag, "MAIL FROM:<a@example.com> XFLAG" TO_B,
	    SMTP_OK, "", "" },
	{ "512 octets", "DSN", ask_512,
	    "MAIL FROM:<a@example.com> RET=FULL XLONG=vvvvvvvvvvvvvvvvvvv*"
	    TO_B, SMTP_OK, "", "R5321-4.5.3.1.4-1" },
	{ "513 octets", "DSN", ask_513, "", SMTP_E_ARGUMENT, "512 octets",
	    "R5321-4.5.3.1.4-1" },
};

static void
test_envelope__other_extensions_are_asked_for(void **state)
{
	(void)state;
	needs(SMTP_WITH_PARAMETERS);
	needs(SMTP_WITH_LMTP);
	for (size_t i = 0; i < COUNT(others); i++) {
		play(&others[i], PLAIN, "EHLO", NULL, NULL);
		play(&others[i], "lmtp+plaintext", "LHLO", NULL, NULL);
	}
}

/* RET and its value are of DSN, which enlarges the line. */
static void
test_envelope__a_command_has_512_octets_and_more(void **state)
{
	needs(SMTP_WITH_PARAMETERS);
	struct server *s = server_play("S: 220 hi\nC: EHLO *\nS: 250-hi\n"
		"S: 250 DSN\nC: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\n"
		"C: DATA\nS: 354 go\nC.\nS: 250 ok\n" PLAY_BYE, NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	const char *line;
	size_t n;

	(void)state;
	assert_int_equal(SMTP_OK, ask_512(m));
	expect_rc("512", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_close(smtp);
	expect_complete("512", s);
	line = strstr(server_heard(s, 1, &n), "MAIL ");
	assert_non_null(line);
	n = strcspn(line, "\n") + 1;
	assert_int_equal(512 + strlen(" RET=FULL"), n);
	smtp_message_free(m);
	server_stop(s);
	proves("R5321-4.5.3.1.4-1");
}

/* RFC 4865 is of submission alone. */
static const struct mail holds[] = {
	{ "HOLDFOR, the longest", "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
	    ask_hold, "MAIL FROM:<a@example.com> HOLDFOR=86400" TO_B,
	    SMTP_OK, "", "R4865-3-1 R4865-4-1" },
	{ "HOLDFOR, longer", "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
	    ask_hold_more, "", LACK, "FUTURERELEASE: ", "R4865-3-1 "
	    "R4865-4-1" },
	{ "HOLDUNTIL, the last", "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
	    ask_until,
	    "MAIL FROM:<a@example.com> HOLDUNTIL=2030-01-01T00:00:00Z" TO_B,
	    SMTP_OK, "", "R4865-3-1 R4865-4-1" },
	{ "HOLDUNTIL, later", "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
	    ask_until_more, "", LACK, "FUTURERELEASE: ", "R4865-3-1 "
	    "R4865-4-1" },
	{ "HOLDUNTIL, no bounds", "FUTURERELEASE", ask_until_more,
	    "MAIL FROM:<a@example.com> HOLDUNTIL=2030-01-01T00:00:01Z" TO_B,
	    SMTP_OK, "", "" },
	{ "HOLDFOR, no number", "FUTURERELEASE 1d 2030-01-01T00:00:00Z",
	    ask_hold, "MAIL FROM:<a@example.com> HOLDFOR=86400" TO_B,
	    SMTP_OK, "", "" },
	{ "HOLDUNTIL, no date", "FUTURERELEASE 86400 2030-01-01T00:00:0xZ",
	    ask_until_more,
	    "MAIL FROM:<a@example.com> HOLDUNTIL=2030-01-01T00:00:01Z" TO_B,
	    SMTP_OK, "", "" },
	{ "HOLDUNTIL, another form", "FUTURERELEASE 86400 2030/01-01T00:00:00Z",
	    ask_until_more,
	    "MAIL FROM:<a@example.com> HOLDUNTIL=2030-01-01T00:00:01Z" TO_B,
	    SMTP_OK, "", "" },
	{ "HOLDFOR, not offered", "DSN", ask_hold, "", LACK,
	    "FUTURERELEASE: ", "" },
	{ "HOLDFOR, null path", "FUTURERELEASE", ask_hold_of_nobody, "",
	    SMTP_E_ARGUMENT, "null path", "R4865-4-1" },
};

static void
test_envelope__a_mail_is_held(void **state)
{
	needs(SMTP_WITH_PARAMETERS);
	static const struct mail lmtp = { "HOLDFOR, LMTP", "FUTURERELEASE",
		ask_hold, "", LACK, "FUTURERELEASE: ", "R4865-4-1" };

	(void)state;
	needs(SMTP_WITH_LMTP);
	for (size_t i = 0; i < COUNT(holds); i++)
		play(&holds[i], PLAIN, "EHLO", NULL, NULL);
	play(&lmtp, "lmtp+plaintext", "LHLO", NULL, NULL);
}

/* After HELO there are no parameters, whatever its reply has. */
static void
test_envelope__helo_has_no_parameters(void **state)
{
	needs(SMTP_WITH_HELO);
	static int (*const asks[])(struct smtp_message *m) = { ask_envid,
		ask_flag, ask_by_late };

	(void)state;
	for (size_t i = 0; i < COUNT(asks); i++) {
		struct server *s = server_play("S: 220 hi\nC: EHLO *\n"
			"S: 502 what\nC: HELO *\nS: 250-hi\nS: 250-DSN\n"
			"S: 250-DELIVERBY\nS: 250 XFLAG\n" PLAY_BYE, NULL);
		struct smtp *smtp = plain_session(s);
		struct smtp_message *m = mail_of(plain_mail,
			"b@example.com", NULL);

		assert_int_equal(SMTP_OK, asks[i](m));
		expect_rc("HELO", smtp, smtp_send(smtp, m),
			SMTP_E_UNSUPPORTED);
		assert_null(smtp_capability(smtp, "DSN"));
		smtp_close(smtp);
		expect_complete("HELO", s);
		smtp_message_free(m);
		server_stop(s);
		proves("R5321-4.1.1.3-3");
	}
}

/* ---- REQUIRETLS, RFC 8689 */

#define UP_TO_TLS(hello) "S: 220 hi\nC: " hello " *\nS: 250-hi\n" \
	"S: 250-REQUIRETLS\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n" \
	"TLS\nC: " hello " *\nS: 250-hi\n"
#define REQUIRED "C: MAIL FROM:<a@example.com> REQUIRETLS\nS: 250 ok\n" \
	"C: RCPT TO:<b@example.com>\nS: 250 ok\nC: DATA\nS: 354 go\nC.\n" \
	"S: 250 ok\n" PLAY_BYE

static const struct {
	const char *name, *scheme, *script;
	const char *cert, *option;
	int want;
	const char *enhanced;
} tls[] = {
	{ "offered", "smtp",
	    UP_TO_TLS("EHLO") "S: 250 REQUIRETLS\n" REQUIRED,
	    "ok", NULL, SMTP_OK, "" },
	{ "offered, LMTP", "lmtp",
	    UP_TO_TLS("LHLO") "S: 250 REQUIRETLS\n" REQUIRED,
	    "ok", NULL, SMTP_OK, "" },
	{ "offered before TLS alone", "smtp",
	    UP_TO_TLS("EHLO") "S: 250 SIZE\n" PLAY_BYE,
	    "ok", NULL, SMTP_E_UNSUPPORTED, "5.7.30" },
	{ "opportunistic", "smtp+opportunistic",
	    UP_TO_TLS("EHLO") "S: 250 REQUIRETLS\n" PLAY_BYE,
	    "ok", NULL, SMTP_E_UNSUPPORTED, "5.7.10" },
	{ "not verified", "smtp",
	    UP_TO_TLS("EHLO") "S: 250 REQUIRETLS\n" PLAY_BYE,
	    "expired", "insecure-no-verify", SMTP_E_UNSUPPORTED, "5.7.10" },
	{ "no TLS", PLAIN,
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 REQUIRETLS\n"
	    PLAY_BYE, "ok", NULL, SMTP_E_UNSUPPORTED, "5.7.10" },
};

static void
test_envelope__tls_is_required_on_each_hop(void **state)
{
	(void)state;
	needs(SMTP_WITH_PARAMETERS);
	needs(SMTP_WITH_TLS && SMTP_WITH_LMTP);
	for (size_t i = 0; i < COUNT(tls); i++) {
		struct server *s = server_play(tls[i].script, "--tls",
			"starttls", "--cert", tls[i].cert, NULL);
		struct smtp *smtp = session_to(s, server_url(s,
			tls[i].scheme, "localhost"), "timeout", "5",
			tls[i].option, "yes", NULL);
		struct smtp_message *m = mail_of(plain_mail,
			"b@example.com", NULL);

		assert_int_equal(SMTP_OK, ask_tls(m));
		expect_rc(tls[i].name, smtp, smtp_send(smtp, m),
			tls[i].want);
		if (strcmp(tls[i].enhanced,
		    smtp_message_recipient_enhanced(m, 0)) != 0)
			fail_msg("%s: %s", tls[i].name,
				smtp_message_recipient_enhanced(m, 0));
		assert_string_equal(tls[i].enhanced,
			smtp_message_enhanced(m));
		smtp_close(smtp);
		expect_complete(tls[i].name, s);
		if (tls[i].want != SMTP_OK)
			assert_false(server_heard_line(s, "MAIL"));
		smtp_message_free(m);
		server_stop(s);
	}
	proves("R8689-2-1 R8689-4.2.1-1");
}

/* The contrary, which is said to the hops behind: once, and `No`. */
static void
test_envelope__tls_is_optional_behind(void **state)
{
	struct smtp_message *m = smtp_message_new();
	FILE *file = tmpfile();
	char text[2048];
	const char *p;
	size_t n;

	(void)state;
	assert_non_null(file);
	(void)smtp_message_set_from(m, "a@example.com");
	(void)smtp_message_set_text(m, "hi\n");
	(void)smtp_message_set_tls_optional(m);
	(void)smtp_message_set_tls_optional(m);
	assert_int_equal(SMTP_OK, smtp_message_write(m, file, 0));
	rewind(file);
	n = fread(text, 1, sizeof text - 1, file);
	text[n] = '\0';
	p = strstr(text, "\r\nTLS-Required: No\r\n");
	assert_non_null(p);
	assert_null(strstr(p + 2, "\r\nTLS-Required:"));
	(void)fclose(file);
	smtp_message_free(m);
	proves("R8689-3-1");
}

/* ---- LMTP: all of them at once, over TCP, TLS and a unix socket */

#define ALL_OFFERS "S: 250-PIPELINING\nS: 250-SIZE\nS: 250-8BITMIME\n" \
	"S: 250-SMTPUTF8\nS: 250-DSN\nS: 250-DELIVERBY 60\n" \
	"S: 250-MT-PRIORITY\nS: 250-AUTH PLAIN\nS: 250-XFOO\n" \
	"S: 250-ENHANCEDSTATUSCODES\nS: 250 LIMITS RCPTMAX=2\n"
#define LMTP_HELLO "C: LHLO *\nS: 250-hi\n"
#define ALL_MAIL(extra) \
	"C: MAIL FROM:<a@example.com> RET=HDRS ENVID=1 " extra \
	"AUTH=<> BY=60;R MT-PRIORITY=3 XFOO SIZE=%u SMTPUTF8\n"
#define ALL_SENT(extra) ALL_MAIL(extra) \
	"C: RCPT TO:<b@example.com> NOTIFY=FAILURE " \
	"ORCPT=rfc822;b@example.com\n" \
	"C: RCPT TO:<\xC3\xA9@example.com> NOTIFY=NEVER XR=1\nC: DATA\n" \
	"S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\nC.\n" \
	"S: 250 2.0.0 first\nS: 452 4.2.2 second\nC: RSET\n" \
	ALL_MAIL(extra) \
	"C: RCPT TO:<c@example.com> NOTIFY=FAILURE " \
	"ORCPT=rfc822;c@example.com\nC: DATA\n" \
	"S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\nC.\n" \
	"S: 250 2.0.0 third\n" \
	PLAY_BYE

static int
ask_everything(struct smtp_message *m, bool over_tls)
{
	(void)smtp_message_add_recipient(m, "\xC3\xA9@example.com");
	(void)smtp_message_add_recipient(m, "c@example.com");
	(void)smtp_message_set_dsn(m, "HDRS", "1");
	(void)smtp_message_set_notify(m, NULL, "FAILURE");
	(void)smtp_message_set_notify(m, "\xC3\xA9@example.com", "NEVER");
	(void)smtp_message_add_rcpt_parameter(m, "\xC3\xA9@example.com",
		"XFOO", "XR", "1");
	(void)smtp_message_set_deliver_by(m, 60, "R");
	(void)smtp_message_set_mt_priority(m, 3);
	(void)smtp_message_set_submitter(m, "");
	(void)smtp_message_add_mail_parameter(m, "XFOO", "XFOO", NULL);
	return smtp_message_set_require_tls(m, over_tls);
}

static const struct {
	const char *name, *script;
	bool tls, path;
} ways[] = {
	{ "TCP", "S: 220 hi\n" LMTP_HELLO ALL_OFFERS ALL_SENT(""),
	    false, false },
	{ "TLS", "S: 220 hi\n" LMTP_HELLO "S: 250 STARTTLS\nC: STARTTLS\n"
	    "S: 220 go\nTLS\n" LMTP_HELLO "S: 250-REQUIRETLS\n" ALL_OFFERS
	    ALL_SENT("REQUIRETLS "), true, false },
	{ "unix", "S: 220 hi\n" LMTP_HELLO ALL_OFFERS ALL_SENT(""),
	    false, true },
};

static void
test_envelope__lmtp_has_them_all(void **state)
{
	needs(SMTP_WITH_PARAMETERS);
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	needs(SMTP_WITH_TLS && SMTP_WITH_LMTP);
	char path[108], url[160], script[4096];
	unsigned size = (unsigned)strlen(plain_mail_sent);

	(void)state;
	(void)snprintf(path, sizeof path, "/tmp/lmtp-all-%ld",
		(long)getpid());
	(void)snprintf(url, sizeof url, "lmtp+unix:%s", path);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s;
		struct smtp *smtp;
		struct smtp_message *m = mail_of(plain_mail,
			"b@example.com", NULL);

		(void)snprintf(script, sizeof script, ways[i].script, size,
			size);
		s = ways[i].path ? server_play(script, "--tls", "none",
			"--unix", path, NULL) : server_play(script, "--tls",
			ways[i].tls ? "starttls" : "none", NULL);
		smtp = session_to(s, ways[i].path ? url : server_url(s,
			ways[i].tls ? "lmtp" : "lmtp+plaintext",
			"localhost"), "timeout", "5", NULL);
		if (ask_everything(m, ways[i].tls) != SMTP_OK)
			fail_msg("%s", smtp_message_error(m));
		expect_rc(ways[i].name, smtp, smtp_send(smtp, m),
			SMTP_E_PARTIAL);
		expect_row(ways[i].name, m, 0, SMTP_OK, 250);
		expect_row(ways[i].name, m, 1, SMTP_E_LATER, 452);
		expect_row(ways[i].name, m, 2, SMTP_OK, 250);
		assert_string_equal("third",
			smtp_message_recipient_text(m, 2));
		smtp_close(smtp);
		expect_complete(ways[i].name, s);
		smtp_message_free(m);
		server_stop(s);
		(void)unlink(path);
	}
	proves("R2033-5-1 R2033-4.2-1 R9422-4-1 R5321-4.1.2-9");
}

/* What servers say beside their keywords is there for the caller. */
static void
test_envelope__profiles_are_readable(void **state)
{
	struct server *s = server_play("S: 220 hi\nC: EHLO *\nS: 250-hi\n"
		"S: 250-MT-PRIORITY MIXER\nS: 250-DELIVERBY 240\n"
		"S: 250 FUTURERELEASE 86400 2030-01-01T00:00:00Z\n"
		PLAY_BYE, NULL);
	struct smtp *smtp = plain_session(s);

	(void)state;
	assert_string_equal("MIXER", smtp_capability(smtp, "mt-priority"));
	assert_string_equal("240", smtp_capability(smtp, "DELIVERBY"));
	assert_string_equal("86400 2030-01-01T00:00:00Z",
		smtp_capability(smtp, "FutureRelease"));
	smtp_close(smtp);
	expect_complete("profiles", s);
	server_stop(s);
	proves("R6710-3-1 R2852-3-1 R4865-3-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope__a_bad_value_is_named),
		cmocka_unit_test(test_envelope__dsn_is_asked_for),
		cmocka_unit_test(
		    test_envelope__dsn_is_left_out_where_that_is_allowed),
		cmocka_unit_test(
		    test_envelope__what_a_build_leaves_out_is_told),
		cmocka_unit_test(test_envelope__a_long_envid_is_noted),
		cmocka_unit_test(
		    test_envelope__a_domain_without_a_dot_is_noted),
		cmocka_unit_test(
		    test_envelope__other_extensions_are_asked_for),
		cmocka_unit_test(
		    test_envelope__a_command_has_512_octets_and_more),
		cmocka_unit_test(test_envelope__a_mail_is_held),
		cmocka_unit_test(test_envelope__helo_has_no_parameters),
		cmocka_unit_test(test_envelope__tls_is_required_on_each_hop),
		cmocka_unit_test(test_envelope__tls_is_optional_behind),
		cmocka_unit_test(test_envelope__lmtp_has_them_all),
		cmocka_unit_test(test_envelope__profiles_are_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
