/* SPDX-License-Identifier: MIT */
/* LIMITS, RFC 9422: what a server takes of a session, and how mail fits. */
#include "check.h"

#include <poll.h>

#include "client.h"
#include "support/session.h"

#define PLAIN "smtp+plaintext"

static const struct {
	const char *offer;
	struct smtp__limits want;
} offers[] = {
	{ NULL, { 0, 0, 0 } },
	{ "", { 0, 0, 0 } },
	{ "MAILMAX=10 RCPTMAX=100 FOO=x", { 10, 100, 0 } },
	{ "RCPTMAX", { 0, 0, 0 } },
	{ "RCPTMAX=x MAILMAX=5", { 5, 0, 0 } },
	{ "rcptmax=1 MailMax=2 RcptDomainMax=3", { 2, 1, 3 } },
	{ "RCPTMAX=0 MAILMAX=01", { 0, 0, 0 } },
	{ "RCPTMAX=999999", { 0, 999999, 0 } },
	{ "RCPTMAX=1000000", { 0, 0, 0 } },
	{ "RCPTMAX=5  MAILMAX=5", { 0, 0, 0 } },
	{ "RCPTMAX=5\tMAILMAX=5", { 0, 0, 0 } },
	{ "RCPTMAX=5 MAILMAX", { 0, 0, 0 } },
	{ "RCPTMAX=5 =5", { 0, 0, 0 } },
	{ "RCPTMAX=5 MAILMAX=", { 0, 0, 0 } },
	{ "RCPTMAX=5 a.b=5", { 0, 0, 0 } },
	{ "RCPTMAX=5 a_b-c=~=!", { 0, 5, 0 } },
	{ "RCPTMAX=5 a=\x80", { 0, 0, 0 } },
	{ "RCPTMAX=-5 MAILMAX=+5", { 0, 0, 0 } },
	{ "RCPTMAX=5 ", { 0, 0, 0 } },
	{ "RCPTMAX=5 a=1;2", { 0, 0, 0 } },
};

static void
test_limits__are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(offers); i++) {
		struct smtp__limits got = { 9, 9, 9 };

		smtp__limits_read(&got, offers[i].offer);
		if (got.mails != offers[i].want.mails ||
		    got.rcpts != offers[i].want.rcpts ||
		    got.domains != offers[i].want.domains)
			fail_msg("%s: %u %u %u", offers[i].offer,
				(unsigned)got.mails, (unsigned)got.rcpts,
				(unsigned)got.domains);
	}
	proves("R9422-3-1");
}

#define HELLO(limits) "S: 220 hi\nC: EHLO *\nS: 250-hi\n" \
	"S: 250-PIPELINING\nS: 250 LIMITS " limits "\n"
#define MAIL "C: MAIL FROM:<a@example.com>\n"
#define RCPT(address) "C: RCPT TO:<" address ">\n"
#define OK "S: 250 ok\n"
#define GO "S: 354 go\nC.\n" OK
#define DATA "C: DATA\n"
#define LEAVE "C: QUIT\nS: 221 bye\nEOF\nACCEPT\n"

/* One mail from a@ to these. */
static const struct dialogue {
	const char *name, *script;
	const char *to[12];
	int want[12], all;
	const char *proves;
} dialogues[] = {
	{ "RCPTMAX=2, five", HELLO("RCPTMAX=2")
	    MAIL RCPT("b1@x.example") RCPT("b2@x.example") DATA
	    OK OK OK GO
	    MAIL RCPT("b3@x.example") RCPT("b4@y.example") DATA
	    OK OK OK GO
	    MAIL RCPT("b5@x.example") DATA OK OK GO PLAY_BYE,
	    { "b1@x.example", "b2@x.example", "b3@x.example",
	      "b4@y.example", "b5@x.example" },
	    { SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK }, SMTP_OK,
	    "R9422-4-1" },
	{ "the first two refused", HELLO("RCPTMAX=2")
	    MAIL RCPT("b1@x.example") RCPT("b2@x.example") DATA
	    OK "S: 550 no\nS: 450 no\nS: 503 none\nC: RSET\n"
	    MAIL RCPT("b3@x.example") DATA OK OK OK GO PLAY_BYE,
	    { "b1@x.example", "b2@x.example", "b3@x.example" },
	    { SMTP_E_REFUSED, SMTP_E_LATER, SMTP_OK }, SMTP_E_PARTIAL, "" },
	{ "fewer than it said", HELLO("RCPTMAX=2")
	    MAIL RCPT("b1@x.example") RCPT("b2@x.example") DATA
	    OK OK "S: 452 4.5.3 enough\n" GO
	    MAIL RCPT("b2@x.example") RCPT("b3@x.example") DATA
	    OK OK OK GO PLAY_BYE,
	    { "b1@x.example", "b2@x.example", "b3@x.example" },
	    { SMTP_OK, SMTP_OK, SMTP_OK }, SMTP_OK, "" },
	{ "too big is not too many", HELLO("RCPTMAX=9")
	    MAIL RCPT("b1@x.example") RCPT("b2@x.example")
	    RCPT("b3@x.example") RCPT("b4@x.example") DATA
	    OK OK "S: 452 4.3.4 big\nS: 452 4.2.2 full\n"
	    "S: 450 4.5.3 later\n" GO PLAY_BYE,
	    { "b1@x.example", "b2@x.example", "b3@x.example",
	      "b4@x.example" },
	    { SMTP_OK, SMTP_E_LATER, SMTP_E_LATER, SMTP_E_LATER },
	    SMTP_E_PARTIAL, "" },
	{ "the system is full", HELLO("RCPTMAX=9")
	    MAIL RCPT("b1@x.example") RCPT("b2@x.example") DATA
	    OK OK "S: 452 4.3.1 full\n" GO
	    MAIL RCPT("b2@x.example") DATA OK OK GO PLAY_BYE,
	    { "b1@x.example", "b2@x.example" },
	    { SMTP_OK, SMTP_OK }, SMTP_OK, "" },
	{ "the second is lost", HELLO("RCPTMAX=1")
	    MAIL RCPT("b1@x.example") DATA OK OK GO
	    MAIL RCPT("b2@x.example") DATA OK OK "S: 354 go\nC.\nCLOSE\n",
	    { "b1@x.example", "b2@x.example", "b3@x.example" },
	    { SMTP_OK, SMTP_E_UNKNOWN, SMTP_E_LATER }, SMTP_E_UNKNOWN, "" },
	{ "the second ends with 421", HELLO("RCPTMAX=1")
	    MAIL RCPT("b1@x.example") DATA OK "S: 550 no\nS: 503 none\n"
	    "C: RSET\n"
	    MAIL RCPT("b2@x.example") DATA OK "S: 421 bye\nCLOSE\n",
	    { "b1@x.example", "b2@x.example", "b3@x.example" },
	    { SMTP_E_REFUSED, SMTP_E_LATER, SMTP_E_LATER }, SMTP_E_LATER,
	    "" },
	{ "MAILMAX=2, five of one", HELLO("MAILMAX=2 RCPTMAX=1")
	    MAIL RCPT("b1@x.example") DATA OK OK GO
	    MAIL RCPT("b2@x.example") DATA OK OK GO LEAVE
	    HELLO("MAILMAX=2 RCPTMAX=1")
	    MAIL RCPT("b3@x.example") DATA OK OK GO
	    MAIL RCPT("b4@x.example") DATA OK OK GO LEAVE
	    HELLO("MAILMAX=2 RCPTMAX=1")
	    MAIL RCPT("b5@x.example") DATA OK OK GO PLAY_BYE,
	    { "b1@x.example", "b2@x.example", "b3@x.example",
	      "b4@x.example", "b5@x.example" },
	    { SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK }, SMTP_OK,
	    "R9422-4-1" },
	{ "no goodbye", HELLO("MAILMAX=1 RCPTMAX=1")
	    MAIL RCPT("b1@x.example") DATA OK OK GO "C: QUIT\nCLOSE\n"
	    "ACCEPT\n" HELLO("MAILMAX=1")
	    MAIL RCPT("b2@x.example") RCPT("b3@x.example") DATA
	    OK OK OK GO PLAY_BYE,
	    { "b1@x.example", "b2@x.example", "b3@x.example" },
	    { SMTP_OK, SMTP_OK, SMTP_OK }, SMTP_OK, "" },
	{ "the next session is refused", HELLO("MAILMAX=1 RCPTMAX=1")
	    MAIL RCPT("b1@x.example") DATA OK OK GO LEAVE
	    "S: 554 no more\nC: QUIT\nS: 221 bye\nEOF\n",
	    { "b1@x.example", "b2@x.example" },
	    { SMTP_OK, SMTP_E_LATER }, SMTP_E_PARTIAL, "" },
	{ "RCPTDOMAINMAX=1", HELLO("RCPTDOMAINMAX=1")
	    MAIL RCPT("b1@x.example") RCPT("b3@X.Example") DATA
	    OK OK OK GO LEAVE HELLO("RCPTDOMAINMAX=1")
	    MAIL RCPT("b2@y.example") RCPT("b5@y.example") DATA
	    OK OK OK GO LEAVE HELLO("RCPTDOMAINMAX=1")
	    MAIL RCPT("b4@z.example") DATA OK OK GO PLAY_BYE,
	    { "b1@x.example", "b2@y.example", "b3@X.Example",
	      "b4@z.example", "b5@y.example" },
	    { SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK }, SMTP_OK,
	    "R9422-4-1" },
	{ "postmaster is of no domain", HELLO("RCPTDOMAINMAX=1")
	    MAIL RCPT("postmaster") RCPT("Postmaster") DATA
	    OK OK OK GO LEAVE HELLO("RCPTDOMAINMAX=1")
	    MAIL RCPT("b1@x.example") DATA OK OK GO PLAY_BYE,
	    { "postmaster", "b1@x.example", "Postmaster" },
	    { SMTP_OK, SMTP_OK, SMTP_OK }, SMTP_OK, "" },
	{ "RCPTDOMAINMAX=10, eleven", HELLO("RCPTDOMAINMAX=10")
	    MAIL RCPT("b@a.example") RCPT("b@b.example")
	    RCPT("b@c.example") RCPT("b@d.example") RCPT("b@e.example")
	    RCPT("b@f.example") RCPT("b@g.example") RCPT("b@h.example")
	    RCPT("b@i.example") RCPT("b@j.example") DATA
	    OK OK OK OK OK OK OK OK OK OK OK GO LEAVE
	    HELLO("RCPTDOMAINMAX=10")
	    MAIL RCPT("b@k.example") DATA OK OK GO PLAY_BYE,
	    { "b@a.example", "b@b.example", "b@c.example", "b@d.example",
	      "b@e.example", "b@f.example", "b@g.example", "b@h.example",
	      "b@i.example", "b@j.example", "b@k.example" },
	    { SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK,
	      SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK, SMTP_OK }, SMTP_OK,
	    "R9422-4-1" },
};

/* What a call returned in the end, when it does not wait itself. */
static int
finish(struct smtp *smtp, int rc)
{
	while (rc > 0) {
		struct pollfd fd = { smtp_fd(smtp), 0, 0 };

		if (rc & SMTP_WANT_READ)
			fd.events |= POLLIN;
		if (rc & SMTP_WANT_WRITE)
			fd.events |= POLLOUT;
		assert_true(poll(&fd, 1, 100) >= 0);
		rc = smtp_step(smtp);
	}
	return rc;
}

static void
play(const struct dialogue *d, const char *blocking)
{
	struct server *s = server_play(d->script, "--tls", "none", NULL);
	struct smtp *smtp;
	int rc = try_session(&smtp, s, server_url(s, PLAIN, "localhost"),
		"timeout", "5", "blocking", blocking, NULL);
	struct smtp_message *m = mail_of(plain_mail, NULL);
	size_t n = 0;

	expect_rc(d->name, smtp, finish(smtp, rc), SMTP_OK);
	for (; d->to[n] != NULL; n++)
		assert_int_equal(SMTP_OK, smtp_message_add_recipient(m,
			d->to[n]));
	expect_rc(d->name, smtp, finish(smtp, smtp_send(smtp, m)), d->all);
	assert_int_equal(n, smtp_message_recipient_count(m));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(d->to[i],
			smtp_message_recipient_address(m, i));
		if (smtp_message_recipient_status(m, i) != d->want[i])
			fail_msg("%s: %s: %s", d->name, d->to[i],
				smtp_status_name(
				smtp_message_recipient_status(m, i)));
		if (d->want[i] != SMTP_OK &&
		    smtp_message_recipient_cause(m, i) == SMTP_OK)
			fail_msg("%s: %s: no cause", d->name, d->to[i]);
	}
	(void)finish(smtp, smtp_quit(smtp));
	smtp_close(smtp);
	expect_complete(d->name, s);
	smtp_message_free(m);
	server_stop(s);
	proves(d->proves);
}

static void
test_limits__are_kept(void **state)
{
	(void)state;
	needs(SMTP_WITH_PIPELINING);
	for (size_t i = 0; i < COUNT(dialogues); i++) {
		play(&dialogues[i], "yes");
		play(&dialogues[i], "no");
	}
}

/* Two mails, one session each, with AUTH said in both. */
static void
test_limits__a_session_is_opened_for_the_next_mail(void **state)
{
	static const char session[] = "S: 220 hi\nC: EHLO *\nS: 250-hi\n"
		"S: 250-AUTH PLAIN\nS: 250 LIMITS MAILMAX=1\n"
		"C: AUTH PLAIN *\nS: 235 ok\n"
		MAIL OK RCPT("b@example.com") OK DATA GO;
	char script[2048];
	struct server *s;
	struct smtp *smtp;

	(void)state;
	(void)snprintf(script, sizeof script, "%s" LEAVE "%s" PLAY_BYE,
		session, session);
	s = server_play(script, "--tls", "none", NULL);
	smtp = session_to(s, server_url(s, PLAIN, "localhost"),
		"insecure-plaintext-auth", "yes", "timeout", "5", NULL);
	expect_rc("auth", smtp, smtp_auth(smtp, USER, PASSWORD), SMTP_OK);
	for (int i = 0; i < 2; i++) {
		struct smtp_message *m = mail_of(plain_mail,
			"b@example.com", NULL);

		expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_message_free(m);
	}
	smtp_close(smtp);
	expect_complete("MAILMAX=1", s);
	assert_int_equal(2, server_sessions(s));
	server_stop(s);
	proves("R9422-4-1");
}

/* Without leave to connect again the mail waits. */
static void
test_limits__a_session_that_may_not_be_opened_again(void **state)
{
	struct server *s = server_play("S: 220 hi\nC: EHLO *\nS: 250-hi\n"
		"S: 250 LIMITS MAILMAX=1\n"
		MAIL OK RCPT("b@example.com") OK DATA GO PLAY_BYE,
		"--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN,
		"localhost"), "reconnect", "no", "timeout", "5", NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	struct smtp_message *next = mail_of(plain_mail, "b@example.com",
		NULL);

	(void)state;
	expect_rc("first", smtp, smtp_send(smtp, m), SMTP_OK);
	expect_rc("next", smtp, smtp_send(smtp, next), SMTP_E_LATER);
	assert_non_null(strstr(smtp_error(smtp), "LIMITS"));
	expect_row("next", next, 0, SMTP_E_LATER, 0);
	assert_int_equal(SMTP_E_STATE, smtp_cause(smtp));
	assert_int_equal(SMTP_RETRY_NOW, smtp_retry(smtp));
	smtp_close(smtp);
	expect_complete("reconnect=no", s);
	smtp_message_free(m);
	smtp_message_free(next);
	server_stop(s);
}

static void
test_limits__all_or_nothing_is_not_split(void **state)
{
	struct server *s = server_play(HELLO("RCPTMAX=1") PLAY_BYE,
		"--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN,
		"localhost"), "require-all", "yes", NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		"c@example.com", NULL);

	(void)state;
	expect_rc("all", smtp, smtp_send(smtp, m), SMTP_E_UNSUPPORTED);
	assert_non_null(strstr(smtp_error(smtp), "LIMITS"));
	expect_row("all", m, 0, SMTP_E_UNSUPPORTED, 0);
	expect_row("all", m, 1, SMTP_E_UNSUPPORTED, 0);
	smtp_close(smtp);
	expect_complete("all", s);
	assert_false(server_heard_line(s, "MAIL"));
	smtp_message_free(m);
	server_stop(s);
}

static ptrdiff_t
read_once(void *ctx, void *p, size_t n)
{
	const char **left = ctx;
	size_t size = strlen(*left) < n ? strlen(*left) : n;

	memcpy(p, *left, size);
	*left += size;
	return (ptrdiff_t)size;
}

/* What is read once goes once: the others are LATER, 4.5.3. */
static void
test_limits__what_is_read_once_is_not_split(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct server *s = server_play(HELLO("RCPTMAX=1")
		MAIL RCPT("b@example.com") DATA OK OK GO PLAY_BYE,
		"--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN,
		"localhost"), "timeout", "5", NULL);
	struct smtp_message *m = smtp_message_new();
	const char *left = plain_mail;

	(void)state;
	assert_int_equal(SMTP_OK, smtp_message_set_raw(m,
		smtp_source_callback(read_once, NULL, NULL, &left,
		SMTP_SIZE_UNKNOWN)));
	(void)smtp_message_set_envelope_from(m, "a@example.com");
	(void)smtp_message_add_recipient(m, "b@example.com");
	(void)smtp_message_add_recipient(m, "c@example.com");
	expect_rc("once", smtp, smtp_send(smtp, m), SMTP_E_PARTIAL);
	expect_row("once", m, 0, SMTP_OK, 250);
	expect_row("once", m, 1, SMTP_E_LATER, 0);
	assert_string_equal("4.5.3", smtp_message_recipient_enhanced(m, 1));
	assert_non_null(strstr(smtp_error(smtp), "c@example.com"));
	assert_non_null(strstr(smtp_error(smtp), "at once"));
	smtp_close(smtp);
	expect_complete("once", s);
	smtp_message_free(m);
	server_stop(s);
}

static struct smtp_source *
once(const char **left)
{
	return smtp_source_callback(read_once, NULL, NULL, left,
		SMTP_SIZE_UNKNOWN);
}

/* Who is left is not always behind those that are taken. */
static void
test_limits__whose_domain_is_one_too_many_is_left(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct server *s = server_play(HELLO("RCPTDOMAINMAX=1")
		MAIL RCPT("b@x.example") RCPT("d@x.example") DATA OK OK OK GO
		PLAY_BYE, "--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN,
		"localhost"), "timeout", "5", NULL);
	struct smtp_message *m = smtp_message_new();
	const char *left = plain_mail;

	(void)state;
	assert_int_equal(SMTP_OK, smtp_message_set_raw(m, once(&left)));
	(void)smtp_message_set_envelope_from(m, "a@example.com");
	(void)smtp_message_add_recipient(m, "b@x.example");
	(void)smtp_message_add_recipient(m, "c@y.example");
	(void)smtp_message_add_recipient(m, "d@x.example");
	expect_rc("domains", smtp, smtp_send(smtp, m), SMTP_E_PARTIAL);
	expect_row("domains", m, 0, SMTP_OK, 250);
	expect_row("domains", m, 1, SMTP_E_LATER, 0);
	expect_row("domains", m, 2, SMTP_OK, 250);
	assert_string_equal("4.5.3", smtp_message_recipient_enhanced(m, 1));
	smtp_close(smtp);
	expect_complete("domains", s);
	smtp_message_free(m);
	server_stop(s);
}

/* Who has it already is not told otherwise, nor sent it again. */
static void
test_limits__who_has_it_is_not_left(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct server *s = server_play(HELLO("RCPTMAX=1")
		MAIL RCPT("b@example.com") DATA OK OK GO
		MAIL RCPT("c@example.com") DATA OK OK GO PLAY_BYE,
		"--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN,
		"localhost"), "timeout", "5", NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	const char *left = plain_mail;

	(void)state;
	expect_rc("first", smtp, smtp_send(smtp, m), SMTP_OK);
	assert_int_equal(SMTP_OK, smtp_message_set_raw(m, once(&left)));
	(void)smtp_message_add_recipient(m, "c@example.com");
	(void)smtp_message_add_recipient(m, "d@example.com");
	expect_rc("next", smtp, smtp_send(smtp, m), SMTP_E_PARTIAL);
	expect_row("next", m, 0, SMTP_OK, 250);
	expect_row("next", m, 1, SMTP_OK, 250);
	expect_row("next", m, 2, SMTP_E_LATER, 0);
	smtp_close(smtp);
	expect_complete("next", s);
	smtp_message_free(m);
	server_stop(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits__who_has_it_is_not_left),
		cmocka_unit_test(
		    test_limits__whose_domain_is_one_too_many_is_left),
		cmocka_unit_test(test_limits__are_read),
		cmocka_unit_test(test_limits__are_kept),
		cmocka_unit_test(
		    test_limits__a_session_is_opened_for_the_next_mail),
		cmocka_unit_test(
		    test_limits__a_session_that_may_not_be_opened_again),
		cmocka_unit_test(test_limits__all_or_nothing_is_not_split),
		cmocka_unit_test(test_limits__what_is_read_once_is_not_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
