/* SPDX-License-Identifier: MIT */
/* Lines of the caller's own: VRFY, EXPN, ETRN, HELP, NOOP. */
#include "check.h"

#include "client.h"
#include "support/session.h"

#define PLAIN "smtp+plaintext"
#define NAME "\xE7\x94\xA8\xE6\x88\xB7"      /* two characters */

static const struct command {
	const char *name, *offers;
	const char *line;
	const char *wire;        /* NULL: not said                       */
	const char *reply;
	int want, code;
	const char *text;        /* of the reply, or in the error        */
	const char *proves;
} commands[] = {
	{ "VRFY, unknown", "HELP", "VRFY b", "VRFY b",
	    "S: 252 2.5.2 cannot say\n", SMTP_OK, 252, "cannot say",
	    "R5321-3.5-1" },
	{ "VRFY, known", "HELP", "VRFY b", "VRFY b",
	    "S: 250 Bob <b@example.com>\n", SMTP_OK, 250,
	    "Bob <b@example.com>", "" },
	{ "VRFY, two of them", "HELP", "VRFY b", "VRFY b",
	    "S: 553-two\nS: 553-<b@example.com>\nS: 553 <b2@example.com>\n",
	    SMTP_E_REFUSED, 553, "two\n<b@example.com>\n<b2@example.com>",
	    "" },
	{ "EXPN", "HELP", "EXPN all", "EXPN all",
	    "S: 250-<a@example.com>\nS: 250-<b@example.com>\n"
	    "S: 250 <c@example.com>\n", SMTP_OK, 250,
	    "<a@example.com>\n<b@example.com>\n<c@example.com>",
	    "R5321-3.5-1" },
	{ "EXPN, not here", "HELP", "EXPN all", "EXPN all",
	    "S: 502 5.5.1 no\n", SMTP_E_REFUSED, 502, "no", "" },
	{ "HELP", "HELP", "HELP", "HELP",
	    "S: 214-a\nS: 214-\nS: 214 c\n", SMTP_OK, 214, "a\n\nc", "" },
	{ "HELP of one", "HELP", "HELP MAIL", "HELP MAIL",
	    "S: 504 no\n", SMTP_E_REFUSED, 504, "no", "" },
	{ "NOOP with words", "HELP", "NOOP a b", "NOOP a b", "S: 250 ok\n",
	    SMTP_OK, 250, "ok", "R5321-4.1.1.9-1" },
	{ "a verb of the server's", "XFOO", "XFOO 1 2", "XFOO 1 2",
	    "S: 299 fine\n", SMTP_OK, 299, "fine", "LIB-D-2" },
	{ "ETRN", "ETRN", "ETRN example.com", "ETRN example.com",
	    "S: 250 ok\n", SMTP_OK, 250, "ok", "R1985-5-1" },
	{ "ETRN, none waits", "ETRN", "ETRN example.com",
	    "ETRN example.com", "S: 251 none\n", SMTP_OK, 251, "none",
	    "R1985-5-1" },
	{ "ETRN, started", "ETRN", "ETRN @example.com", "ETRN @example.com",
	    "S: 252 started\n", SMTP_OK, 252, "started", "R1985-5-1" },
	{ "ETRN, some wait", "ETRN", "ETRN #q", "ETRN #q",
	    "S: 253 14 wait\n", SMTP_OK, 253, "14 wait", "R1985-5-1" },
	{ "ETRN, cannot queue", "ETRN", "ETRN example.com",
	    "ETRN example.com", "S: 458 cannot\n", SMTP_E_LATER, 458,
	    "cannot", "R1985-5-1" },
	{ "ETRN, not allowed", "ETRN", "etrn example.com",
	    "etrn example.com", "S: 459 not you\n", SMTP_E_LATER, 459,
	    "not you", "R1985-5-1" },
	{ "ETRN, not offered", "DSN", "ETRN example.com", NULL, "",
	    SMTP_E_UNSUPPORTED, 0, "ETRN: ", "R1985-5-1" },
	{ "VRFY in UTF-8", "8BITMIME|SMTPUTF8", "VRFY " NAME " SMTPUTF8",
	    "VRFY " NAME " SMTPUTF8",
	    "S: 250-" NAME " <" NAME "@example.com>\nS: 250 \xC3\xA9\n",
	    SMTP_OK, 250, NAME " <" NAME "@example.com>\n\xC3\xA9",
	    "R6531-3.7.4.2-1" },
	{ "EXPN in ASCII, reply in UTF-8", "8BITMIME|SMTPUTF8",
	    "EXPN all SMTPUTF8", "EXPN all SMTPUTF8",
	    "S: 250 <" NAME "@example.com>\n", SMTP_OK, 250,
	    "<" NAME "@example.com>", "R6531-3.7.4.2-1" },
	{ "not offered", "8BITMIME", "VRFY " NAME " SMTPUTF8", NULL, "",
	    SMTP_E_UNSUPPORTED, 0, "SMTPUTF8: ", "R6531-3.7.4.2-1" },
	{ "not offered, ASCII", "8BITMIME", "VRFY b smtputf8", NULL, "",
	    SMTP_E_UNSUPPORTED, 0, "SMTPUTF8: ", "R6531-3.7.4.2-1" },
	{ "not asked for", "8BITMIME|SMTPUTF8", "VRFY " NAME, NULL, "",
	    SMTP_E_ARGUMENT, 0, "SMTPUTF8", "R6531-3.7.4.2-1" },
	{ "no UTF-8", "8BITMIME|SMTPUTF8", "VRFY \xE7 SMTPUTF8", NULL, "",
	    SMTP_E_ARGUMENT, 0, "UTF-8", "" },
	{ "HELP in UTF-8", "8BITMIME|SMTPUTF8", "HELP " NAME " SMTPUTF8",
	    NULL, "", SMTP_E_ARGUMENT, 0, "VRFY", "" },
	{ "two lines", "HELP", "NOOP\r\nRSET", NULL, "", SMTP_E_ARGUMENT, 0,
	    "command: ", "LIB-D-2" },
	{ "MAIL by hand", "HELP", "mail FROM:<a@example.com>", NULL, "",
	    SMTP_E_ARGUMENT, 0, "changes the session", "LIB-D-2" },
	{ "nothing", "HELP", "", NULL, "", SMTP_E_ARGUMENT, 0, "command: ",
	    "" },
};

static void
say(const struct command *c)
{
	char script[1024];
	struct server *s;
	struct smtp *smtp;
	size_t n = (size_t)snprintf(script, sizeof script,
		"S: 220 hi\nC: EHLO *\nS: 250-hi\n");

	for (const char *p = c->offers; *p != '\0'; ) {
		size_t size = strcspn(p, "|");

		n += (size_t)snprintf(script + n, sizeof script - n,
			"S: 250-%.*s\n", (int)size, p);
		p += size + (p[size] == '|');
	}
	n += (size_t)snprintf(script + n, sizeof script - n,
		"S: 250 ENHANCEDSTATUSCODES\n");
	if (c->wire != NULL)
		n += (size_t)snprintf(script + n, sizeof script - n,
			"C: %s\n%s", c->wire, c->reply);
	(void)snprintf(script + n, sizeof script - n, PLAY_BYE);
	s = server_play(script, "--tls", "none", NULL);
	smtp = session_to(s, server_url(s, PLAIN, "localhost"), "timeout",
		"5", NULL);
	expect_rc(c->name, smtp, smtp_command(smtp, c->line), c->want);
	if (c->wire != NULL) {
		assert_int_equal(c->code, smtp_reply_code(smtp));
		assert_string_equal(c->text, smtp_reply_text(smtp));
	} else if (strstr(smtp_error(smtp), c->text) == NULL) {
		fail_msg("%s: %s", c->name, smtp_error(smtp));
	}
	smtp_close(smtp);
	expect_complete(c->name, s);
	server_stop(s);
	proves(c->proves);
}

static void
test_command__is_said_as_it_is(void **state)
{
	(void)state;
	needs(SMTP_WITH_ENHANCED);
	for (size_t i = 0; i < COUNT(commands); i++)
		say(&commands[i]);
}

/* On the ports of submission, and over LMTP. */
static void
test_command__etrn_is_for_relays(void **state)
{
	static const struct { unsigned port; bool lmtp; } where[] = {
		{ 587, false }, { 465, false }, { 24, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(where); i++) {
		struct smtp *s = calloc(1, sizeof *s);

		assert_non_null(s);
		s->port = where[i].port;
		s->lmtp = where[i].lmtp;
		assert_int_equal(SMTP_E_ARGUMENT, smtp__verb_check(s,
			"Etrn example.com"));
		assert_int_equal(0, strncmp(s->error, "ETRN: ", 6));
		free(s);
		proves("R1985-5-1");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command__is_said_as_it_is),
		cmocka_unit_test(test_command__etrn_is_for_relays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
