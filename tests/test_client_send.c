/* SPDX-License-Identifier: MIT */
/*
 * Sending over real sockets: what goes over the wire, who got the mail, and
 * what is said when the connection or the source fails on the way.
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>

#include "support/session.h"

#define PLAIN "smtp+plaintext"

static struct smtp *
plain_session(struct server *s)
{
	return session_to(s, server_url(s, PLAIN, "localhost"), NULL);
}

static void
expect_row(const char *name, const struct smtp_message *m, size_t i,
	int status, int code)
{
	if (smtp_message_recipient_status(m, i) != status)
		fail_msg("%s: recipient %zu: %s, not %s", name, i,
			smtp_status_name(smtp_message_recipient_status(m, i)),
			smtp_status_name(status));
	if (smtp_message_recipient_code(m, i) != code)
		fail_msg("%s: recipient %zu: %d, not %d", name, i,
			smtp_message_recipient_code(m, i), code);
}

static void
expect_result(const char *name, struct server *s)
{
	if (strcmp(server_result(s), "complete") != 0)
		fail_msg("%s: %s", name, server_result(s));
}

/* ---- one mail after the other */

static void
test_client_send__one_connection_takes_many(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m[3];
	const char *p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		m[i] = mail_of(plain_mail, "b@example.com", "c@example.com",
			"d@example.com", NULL);
		expect_rc("send", smtp, smtp_send(smtp, m[i]), SMTP_OK);
		for (size_t k = 0; k < 3; k++)
			expect_row("three", m[i], k, SMTP_OK, 250);
	}
	assert_string_equal(smtp_message_queue_id(m[2]), "DEMO0003");
	assert_non_null(strstr(smtp_message_text(m[2]), "Ok: queued"));
	assert_int_equal(SMTP_OK, smtp_close(smtp));
	server_found_no_fault(s);
	assert_int_equal(1, server_sessions(s));
	assert_int_equal(3, server_mails(s));
	assert_int_equal(1, server_heard_lines(s, "EHLO "));
	assert_int_equal(3, server_heard_lines(s,
		"MAIL FROM:<a@example.com>"));
	assert_int_equal(9, server_heard_lines(s, "RCPT TO:<"));
	assert_int_equal(3, server_heard_lines(s, "DATA\r\n"));
	assert_int_equal(0, server_heard_lines(s, "RSET"));
	assert_int_equal(1, server_heard_lines(s, "QUIT\r\n"));
	/* All in one group, in order, and nothing behind DATA. */
	p = strstr(server_log(s, 1), "C: DATA\\r");
	assert_true(p < strstr(server_log(s, 1), "S: 250 2.1.0"));
	for (int i = 0; i < 3; i++)
		smtp_message_free(m[i]);
	server_stop(s);
	proves("R5321-4.1.4-5 R5321-4.1.4-6 R5321-4.5.4.1-1 R2920-3.1-3 "
		"R5321-4.2.5-1 R5321-4.1.4-3 R5321-3.3-1 R5321-4.3.2-2");
}

/* Without PIPELINING there is one command at a time. */
static void
test_client_send__waits_where_pipelining_is_absent(void **state)
{
	struct server *s = server_start("--tls", "none", "--no-PIPELINING",
		"--delay", "100", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		"c@example.com", NULL);

	(void)state;
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_close(smtp);
	server_found_no_fault(s);
	smtp_message_free(m);
	server_stop(s);
	proves("R5321-4.3.1-2");
}

/* A server that knows HELO only: no parameter, no extension. */
static void
test_client_send__helo_serves_too(void **state)
{
	struct server *s = server_start("--tls", "none", "--no-EHLO", NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN, "localhost"),
		"ehlo-name", "client.example.com", NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);

	(void)state;
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_true(server_heard_line(s, "HELO client.example.com\r\n"));
	assert_true(server_heard_line(s, "MAIL FROM:<a@example.com>\r\n"));
	smtp_message_free(m);
	server_stop(s);
	proves("R5321-3.2-1 R5321-4.1.1.3-3");
}

/* ---- recipients */

static void
test_client_send__some_recipients_are_refused(void **state)
{
	struct server *s = server_start("--tls", "none",
		"--reject", "bad@example.com=550 5.1.1 no such user",
		"--reject", "busy@example.com=450 4.2.1 come back", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		"bad@example.com", "c@example.com", "busy@example.com", NULL);

	(void)state;
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_E_PARTIAL);
	expect_row("first", m, 0, SMTP_OK, 250);
	expect_row("first", m, 1, SMTP_E_REFUSED, 550);
	expect_row("first", m, 2, SMTP_OK, 250);
	expect_row("first", m, 3, SMTP_E_LATER, 450);
	assert_string_equal(smtp_message_recipient_enhanced(m, 1), "5.1.1");
	assert_string_equal(smtp_message_recipient_text(m, 1),
		"no such user");
	assert_string_equal(smtp_message_recipient_address(m, 3),
		"busy@example.com");
	assert_int_equal(1, server_mails(s));
	assert_null(strstr(server_envelope(s, 1), "bad@"));

	/* Sent again, it goes to nobody twice. */
	assert_int_not_equal(SMTP_OK, smtp_send(smtp, m));
	expect_row("again", m, 0, SMTP_OK, 250);
	expect_row("again", m, 2, SMTP_OK, 250);
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(1, server_mails(s));
	assert_int_equal(1, server_heard_lines(s, "RCPT TO:<b@"));
	assert_int_equal(1, server_heard_lines(s, "RCPT TO:<c@"));
	assert_int_equal(2, server_heard_lines(s, "RCPT TO:<busy@"));
	smtp_message_free(m);
	server_stop(s);
	proves("R5321-3.3-2 LIB-J-2 R5321-4.2.1-3");
}

static void
test_client_send__all_recipients_are_refused(void **state)
{
	static const struct { const char *reply; int want, code; } rows[] = {
		{ "rcpt=550 5.1.1 no", SMTP_E_REFUSED, 550 },
		{ "rcpt=450 4.2.1 later", SMTP_E_LATER, 450 },
		{ "rcpt=552 5.2.2 full", SMTP_E_REFUSED, 552 },
		{ "rcpt=556 5.1.10 null", SMTP_E_REFUSED, 556 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--tls", "none", "--reject",
			rows[i].reply, NULL);
		struct smtp *smtp = plain_session(s);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			"c@example.com", NULL);

		expect_rc(rows[i].reply, smtp, smtp_send(smtp, m),
			rows[i].want);
		assert_int_equal(SMTP_E_REPLY, smtp_cause(smtp));
		assert_int_equal(rows[i].code, smtp_message_code(m));
		expect_row(rows[i].reply, m, 0, rows[i].want, rows[i].code);
		expect_row(rows[i].reply, m, 1, rows[i].want, rows[i].code);
		/* The session is as good as before. */
		assert_int_equal(SMTP_OK, smtp_noop(smtp));
		smtp_close(smtp);
		server_found_no_fault(s);
		assert_int_equal(0, server_mails(s));
		smtp_message_free(m);
		server_stop(s);
	}
	proves("R7504-4-1");
}

static void
test_client_send__require_all_is_all_or_nothing(void **state)
{
	struct server *s = server_start("--tls", "none",
		"--reject", "bad@example.com=550 5.1.1 no such user", NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN, "localhost"),
		"require-all", "yes", NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		"bad@example.com", NULL);
	struct smtp_message *good = mail_of(plain_mail, "b@example.com",
		"c@example.com", NULL);

	(void)state;
	assert_int_not_equal(SMTP_OK, smtp_send(smtp, m));
	expect_row("bad", m, 0, SMTP_E_LATER,
		smtp_message_recipient_code(m, 0));
	expect_row("bad", m, 1, SMTP_E_REFUSED, 550);
	expect_rc("good", smtp, smtp_send(smtp, good), SMTP_OK);
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(1, server_mails(s));
	assert_int_equal(1, server_heard_lines(s, "DATA"));
	assert_int_equal(1, server_heard_lines(s, ".\r\n"));
	assert_int_equal(1, server_heard_lines(s, "RSET\r\n"));
	smtp_message_free(m);
	smtp_message_free(good);
	server_stop(s);
	proves("LIB-E-1 R5321-4.1.1.5-1");
}

static void
test_client_send__a_failed_group_is_read_to_its_end(void **state)
{
	struct server *s = server_start("--tls", "none",
		"--reject", "x@example.com=550 5.7.1 not you", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		"c@example.com", NULL);
	struct smtp_message *good = mail_of(plain_mail, "b@example.com",
		NULL);

	(void)state;
	smtp_message_set_envelope_from(m, "x@example.com");
	expect_rc("MAIL refused", smtp, smtp_send(smtp, m), SMTP_E_REFUSED);
	assert_int_equal(550, smtp_message_code(m));
	assert_string_equal("5.7.1", smtp_message_enhanced(m));
	assert_int_equal(SMTP_PHASE_MAIL, smtp_message_phase(m));
	expect_rc("the next", smtp, smtp_send(smtp, good), SMTP_OK);
	smtp_close(smtp);
	assert_int_equal(1, server_sessions(s));
	assert_int_equal(1, server_mails(s));
	smtp_message_free(m);
	smtp_message_free(good);
	server_stop(s);
	proves("R2920-3.1-4 R5321-4.5.4.1-2");
}

/* 100 at a time: the rest goes in further transactions. */
static void
test_client_send__too_many_recipients_are_split(void **state)
{
	struct server *s = server_start("--tls", "none", "--max-rcpts",
		"100", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(plain_mail, NULL);
	static const unsigned want[] = { 100, 100, 50 };

	(void)state;
	for (int i = 0; i < 250; i++) {
		char address[64];

		(void)snprintf(address, sizeof address, "r%d@example.com", i);
		assert_int_equal(SMTP_OK, smtp_message_add_recipient(m,
			address));
	}
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(1, server_sessions(s));
	assert_int_equal(3, server_mails(s));
	for (unsigned i = 0; i < 3; i++) {
		const char *p = server_envelope(s, i + 1);
		unsigned n = 0;

		while ((p = strstr(p, "RCPT TO:")) != NULL) {
			n++;
			p++;
		}
		assert_int_equal(want[i], n);
	}
	smtp_message_free(m);
	server_stop(s);
	proves("R5321-4.5.3.1.8-1");
}

/* The client reads while it writes: nobody waits for the other. */
static void
test_client_send__thousands_of_recipients_do_not_lock(void **state)
{
	struct server *s = server_start("--tls", "none", "--max-rcpts",
		"20000", "--rcvbuf", "4096", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(plain_mail, NULL);

	(void)state;
	for (int i = 0; i < 10000; i++) {
		char address[64];

		(void)snprintf(address, sizeof address, "r%d@example.com", i);
		assert_int_equal(SMTP_OK, smtp_message_add_recipient(m,
			address));
	}
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
	for (size_t i = 0; i < 10000; i++)
		expect_row("10000", m, i, SMTP_OK, 250);
	smtp_close(smtp);
	assert_int_equal(1, server_mails(s));
	smtp_message_free(m);
	server_stop(s);
	proves("R2920-3.1-6 R5321-4.5.3.1-1");
}

/* ---- servers that answer DATA when they should not */

#define HELLO \
	"S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250-SIZE 100000000\n" \
	"S: 250-8BITMIME\nS: 250 ENHANCEDSTATUSCODES\n"
#define HELLO_PIPELINING \
	"S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 PIPELINING\n"
#define GROUP "C: MAIL*\nC: RCPT*\nC: RCPT*\nC: DATA\n"
#define TO_RCPT HELLO "C: MAIL*\nS: 250 ok\n"
#define TO_DATA TO_RCPT "C: RCPT*\nS: 250 ok\n"
#define TO_BODY TO_DATA "C: DATA\nS: 354 go\n"
#define BYE     "C: QUIT\nS: 221 bye\nEOF\n"

static void
test_client_send__a_354_for_nobody(void **state)
{
	static const struct { const char *name, *script, *proves; } rows[] = {
		{ "no recipient, 354", HELLO_PIPELINING GROUP
		    "S: 250 ok\nS: 550 no\nS: 550 no\nS: 354 go\nC: .\n"
		    "S: 554 no valid recipients\n" BYE, "R2920-3.1-5" },
		{ "no recipient, 354, then 250", HELLO_PIPELINING GROUP
		    "S: 250 ok\nS: 550 no\nS: 550 no\nS: 354 go\nC: .\n"
		    "S: 250 taken\n" BYE, "R2920-3.1-5" },
		{ "MAIL refused, 354", HELLO_PIPELINING GROUP
		    "S: 550 no\nS: 250 ok\nS: 250 ok\nS: 354 go\nEOF\n",
		    "LIB-E-2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, NULL);
		struct smtp *smtp = plain_session(s);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			"c@example.com", NULL);

		expect_rc(rows[i].name, smtp, smtp_send(smtp, m),
			SMTP_E_REFUSED);
		expect_row(rows[i].name, m, 0, SMTP_E_REFUSED,
			smtp_message_recipient_code(m, 0));
		smtp_close(smtp);
		expect_result(rows[i].name, s);
		smtp_message_free(m);
		server_stop(s);
		proves(rows[i].proves);
	}
}

/* ---- the content on the wire */

static const struct content {
	const char *given, *wire;        /* wire NULL: refused */
} contents[] = {
	{ "", ".\r\n" },
	{ ".", "..\r\n.\r\n" },
	{ "..\r\n", "...\r\n.\r\n" },
	{ "a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n" },
	{ "abc", "abc\r\n.\r\n" },
	{ "a\r\n", "a\r\n.\r\n" },
	{ "\r\n", "\r\n.\r\n" },
	{ "\n", "\r\n.\r\n" },
	{ "a\n.\nb", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r\n.\nb", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r.\rb", NULL },
	{ "a\r.\r\nb", NULL },
	{ "\r\r\n.", NULL },
	{ "a\rb", NULL },
};

struct drip {
	const char *p;
	size_t n, at, step, fail_at;
};

static ptrdiff_t
drip_read(void *ctx, void *to, size_t room)
{
	struct drip *d = ctx;
	size_t n = d->n - d->at;

	if (d->fail_at != 0 && d->at >= d->fail_at)
		return SMTP_SOURCE_FAILED;
	if (n > d->step)
		n = d->step;
	if (n > room)
		n = room;
	memcpy(to, d->p + d->at, n);
	d->at += n;
	return (ptrdiff_t)n;
}

static int
drip_rewind(void *ctx)
{
	((struct drip *)ctx)->at = 0;
	return 0;
}

static struct smtp_message *
mail_from_drip(struct drip *d, bool rewinds, uint64_t size)
{
	struct smtp_message *m = smtp_message_new();

	assert_non_null(m);
	assert_int_equal(SMTP_OK, smtp_message_set_raw(m,
		smtp_source_callback(drip_read, rewinds ? drip_rewind : NULL,
		NULL, d, size)));
	smtp_message_set_envelope_from(m, "a@example.com");
	smtp_message_add_recipient(m, "b@example.com");
	return m;
}

static void
send_content(const struct content *row, size_t step, bool rewinds)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp *smtp = plain_session(s);
	struct drip d = { row->given, strlen(row->given), 0, step, 0 };
	struct smtp_message *m = mail_from_drip(&d, rewinds,
		rewinds ? strlen(row->given) : SMTP_SIZE_UNKNOWN);
	int rc = smtp_send(smtp, m);
	const char *heard, *body;
	size_t n;

	smtp_close(smtp);
	server_found_no_fault(s);
	heard = server_heard(s, 1, &n);
	body = strstr(heard, "DATA\r\n");
	if (row->wire == NULL) {
		if (rc == SMTP_OK || server_mails(s) != 0)
			fail_msg("taken: %s", row->given);
		assert_false(server_heard_octets(s, "\r\n.\r\n", 5));
		assert_true(!rewinds || body == NULL);
	} else {
		if (rc != SMTP_OK)
			fail_msg("refused: %s", row->given);
		body += 6;
		if (strncmp(body, row->wire, strlen(row->wire)) != 0 ||
		    strcmp(body + strlen(row->wire), "QUIT\r\n") != 0)
			fail_msg("%s by %zu: on the wire: %s", row->given,
				step, body);
	}
	smtp_message_free(m);
	server_stop(s);
}

static void
test_client_send__content_is_stuffed_and_ended(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(contents); i++) {
		for (size_t step = 1; step <= 3; step++)
			send_content(&contents[i], step, true);
		send_content(&contents[i], 1, false);
		send_content(&contents[i], 100, false);
	}
	proves("R5321-4.5.2-1 R5321-4.1.1.4-1 R5321-4.1.1.4-2 LIB-F-1 "
		"R5321-2.3.8-2");
}

static void
test_client_send__a_line_has_998_octets(void **state)
{
	static const struct { size_t n; int want; } rows[] = {
		{ 998, SMTP_OK }, { 999, SMTP_E_ARGUMENT },
		{ 5000, SMTP_E_ARGUMENT },
	};
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp *smtp = plain_session(s);
	unsigned taken = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int dot = 0; dot < 2; dot++) {
			char line[5001];
			struct smtp_message *m;

			memset(line, 'a', rows[i].n);
			line[rows[i].n] = '\0';
			if (dot)
				line[0] = '.';
			m = mail_of(line, "b@example.com", NULL);
			expect_rc("line", smtp, smtp_send(smtp, m),
				rows[i].want);
			taken += rows[i].want == SMTP_OK;
			smtp_message_free(m);
		}
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(taken, server_mails(s));
	assert_int_equal(taken, server_heard_lines(s, "MAIL"));
	server_stop(s);
	proves("R5321-4.5.3.1.6-1");
}

static void
test_client_send__high_octets_need_8bitmime(void **state)
{
	static const char high[] = "Subject: x\n\ngr\xc3\xbc\xc3\x9f""e\n";
	static const char high_header[] = "Subject: gr\xc3\xbc\n\nx\n";
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(high, "b@example.com", NULL);
	struct smtp_message *h = mail_of(high_header, "b@example.com", NULL);

	(void)state;
	expect_rc("8BITMIME", smtp, smtp_send(smtp, m), SMTP_OK);
	assert_non_null(strstr(server_envelope(s, 1), " BODY=8BITMIME"));
	assert_non_null(strstr(server_mail(s, 1, NULL),
		"gr\xc3\xbc\xc3\x9f""e\r\n"));
	smtp_close(smtp);
	server_found_no_fault(s);
	smtp_message_free(m);
	server_stop(s);

	s = server_start("--tls", "none", "--no-8BITMIME", "--no-SMTPUTF8",
		NULL);
	smtp = plain_session(s);
	m = mail_of(high, "b@example.com", NULL);
	expect_rc("no 8BITMIME", smtp, smtp_send(smtp, m),
		SMTP_E_UNSUPPORTED);
	expect_rc("no SMTPUTF8", smtp, smtp_send(smtp, h),
		SMTP_E_UNSUPPORTED);
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_false(server_heard_line(s, "MAIL"));
	smtp_message_free(m);
	server_stop(s);

	s = server_start("--tls", "none", "--no-SMTPUTF8", NULL);
	smtp = plain_session(s);
	expect_rc("8BITMIME alone", smtp, smtp_send(smtp, h),
		SMTP_E_UNSUPPORTED);
	smtp_close(smtp);
	assert_false(server_heard_line(s, "MAIL"));
	smtp_message_free(h);
	server_stop(s);
	proves("R5321-2.4-3 R6152-3-1 R2046-5.1.1-5");
}

static void
test_client_send__size_is_told_and_kept(void **state)
{
	struct server *s = server_start("--tls", "none", "--size", "1000",
		NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of("a\n.\n..b\n", "b@example.com",
		NULL);
	char big[1002];

	(void)state;
	expect_rc("11 octets", smtp, smtp_send(smtp, m), SMTP_OK);
	assert_non_null(strstr(server_envelope(s, 1), " SIZE=11\n"));
	smtp_message_free(m);
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = i % 50 == 49 ? '\n' : 'x';
	big[980] = '\0';                         /* + 19 CR + CRLF = 1001 */
	m = mail_of(big, "b@example.com", NULL);
	expect_rc("1001 octets", smtp, smtp_send(smtp, m), SMTP_E_REFUSED);
	assert_string_equal("5.3.4", smtp_message_enhanced(m));
	smtp_message_free(m);
	big[979] = '\0';
	m = mail_of(big, "b@example.com", NULL);
	expect_rc("1000 octets", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_message_free(m);
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(2, server_heard_lines(s, "MAIL"));
	assert_null(strstr(server_log(s, 1), "* SIZE said"));
	server_stop(s);
	proves("R1870-6-1 R1870-7-1");
}

/* ---- sources */

static void
test_client_send__a_failed_source_never_ends_the_mail(void **state)
{
	static char text[20000];
	static const struct {
		const char *name;
		bool rewinds;
		size_t n, fail_at;
		uint64_t size;
	} rows[] = {
		{ "fails", false, 20000, 10000, SMTP_SIZE_UNKNOWN },
		{ "fails late", false, 20000, 19999, 20000 },
		{ "fails at once", false, 20000, 1, SMTP_SIZE_UNKNOWN },
		{ "too short", false, 10000, 0, 20000 },
		{ "too long", false, 20000, 0, 10000 },
		{ "fails when read first", true, 20000, 10000, 20000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 50 == 49 ? '\n' : 'x';
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--tls", "none", NULL);
		struct smtp *smtp = plain_session(s);
		struct drip d = { text, rows[i].n, 0, 777, rows[i].fail_at };
		struct smtp_message *m = mail_from_drip(&d, rows[i].rewinds,
			rows[i].size);

		expect_rc(rows[i].name, smtp, smtp_send(smtp, m),
			SMTP_E_SOURCE);
		assert_int_equal(SMTP_E_SOURCE, smtp_cause(smtp));
		smtp_close(smtp);
		assert_int_equal(0, server_mails(s));
		assert_false(server_heard_octets(s, "\r\n.\r\n", 5));
		smtp_message_free(m);
		server_stop(s);
	}
	proves("LIB-F-3");
}

struct flood {
	uint64_t left;
};

static ptrdiff_t
flood_read(void *ctx, void *to, size_t room)
{
	struct flood *f = ctx;
	char *p = to;
	size_t n = room < f->left ? room : (size_t)f->left;

	for (size_t i = 0; i < n; i++)
		p[i] = (f->left - i) % 64 == 1 ? '\n' : 'y';
	f->left -= n;
	return (ptrdiff_t)n;
}

/* 100 MiB from a callback, and no more memory than for a short mail. */
static void
test_client_send__a_large_mail_takes_no_memory(void **state)
{
	struct server *s = server_start("--tls", "none", "--brief",
		"--size", "0", NULL);
	struct smtp *smtp = plain_session(s);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	struct flood f = { 100u << 20 };
	struct rusage before, after;

	(void)state;
	expect_rc("short", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_message_free(m);
	m = smtp_message_new();
	smtp_message_set_raw(m, smtp_source_callback(flood_read, NULL, NULL,
		&f, SMTP_SIZE_UNKNOWN));
	smtp_message_set_envelope_from(m, "a@example.com");
	smtp_message_add_recipient(m, "b@example.com");
	assert_int_equal(0, getrusage(RUSAGE_SELF, &before));
	expect_rc("100 MiB", smtp, smtp_send(smtp, m), SMTP_OK);
	assert_int_equal(0, getrusage(RUSAGE_SELF, &after));
	assert_int_equal(0, f.left);
	assert_true(after.ru_maxrss - before.ru_maxrss < 2048);
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(2, server_mails(s));
	smtp_message_free(m);
	server_stop(s);
	proves("LIB-F-7");
}

/* ---- what fails, and what became of the mail */

static char large[12000001];

static void
make_large(void)
{
	for (size_t i = 0; i + 1 < sizeof large; i++)
		large[i] = i % 72 == 71 ? '\n' : 'z';
}

static const struct failure {
	const char *name, *script;
	const char *content;             /* NULL: plain_mail */
	int want, cause, phase, code;
	const char *proves;
} failures[] = {
	/* Lost before the end mark: it is safe to send again. */
	{ "closed at MAIL", HELLO "C: MAIL*\nCLOSE\n", NULL,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_MAIL, 0, "" },
	{ "reset at MAIL", HELLO "C: MAIL*\nRESET\n", NULL,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_MAIL, 0, "" },
	{ "closed at RCPT", TO_RCPT "C: RCPT*\nCLOSE\n", NULL,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_RCPT, 0, "" },
	{ "closed within a reply", TO_RCPT "C: RCPT*\nS| 250 ok\nCLOSE\n",
	    NULL, SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_RCPT, 0, "" },
	{ "closed at DATA", TO_DATA "C: DATA\nCLOSE\n", NULL,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_DATA, 0, "" },
	{ "reset in the content", TO_BODY "C+ 100000\nRESET\n", large,
	    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_CONTENT, 0,
	    "R5321-3.8-3" },
	/* Lost behind it: nobody knows. */
	{ "closed after the end mark", TO_BODY "C.\nCLOSE\n", NULL,
	    SMTP_E_UNKNOWN, SMTP_E_CLOSED, SMTP_PHASE_FINAL, 0, "" },
	{ "reset after the end mark", TO_BODY "C.\nRESET\n", NULL,
	    SMTP_E_UNKNOWN, SMTP_E_CLOSED, SMTP_PHASE_FINAL, 0, "" },
	{ "closed within the last reply", TO_BODY "C.\nS| 250 ok\nCLOSE\n",
	    NULL, SMTP_E_UNKNOWN, SMTP_E_CLOSED, SMTP_PHASE_FINAL, 0, "" },
	{ "nonsense after the end mark", TO_BODY "C.\nS: hello\nSTALL\n",
	    NULL, SMTP_E_UNKNOWN, SMTP_E_PROTOCOL, SMTP_PHASE_FINAL, 0,
	    "R5321-4.5.3.2.6-1" },
	/* 421, anywhere. */
	{ "421 to MAIL", HELLO "C: MAIL*\nS: 421 4.3.2 going\nCLOSE\n", NULL,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_MAIL, 421, "" },
	{ "421 to RCPT", TO_RCPT "C: RCPT*\nS: 421 4.3.2 going\nCLOSE\n",
	    NULL, SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_RCPT, 421, "" },
	{ "421 to DATA", TO_DATA "C: DATA\nS: 421 4.3.2 going\nCLOSE\n",
	    NULL, SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_DATA, 421, "" },
	{ "421 to the mail", TO_BODY "C.\nS: 421 4.3.2 going\nCLOSE\n",
	    NULL, SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_FINAL, 421,
	    "R5321-4.2-10" },
	/* The server's verdict. */
	{ "451 to the mail", TO_BODY "C.\nS: 451 4.3.0 no\n" BYE, NULL,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_FINAL, 451, "" },
	{ "554 to the mail", TO_BODY "C.\nS: 554 5.6.0 no\n" BYE, NULL,
	    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_FINAL, 554,
	    "R5321-4.2.5-2" },
	{ "552 to MAIL", HELLO "C: MAIL*\nS: 552 5.3.4 big\n" BYE, NULL,
	    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_MAIL, 552, "" },
	{ "452 to MAIL", HELLO "C: MAIL*\nS: 452 4.3.1 full\n" BYE, NULL,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_MAIL, 452,
	    "R1870-6.2-1" },
	{ "451 to DATA", TO_DATA "C: DATA\nS: 451 4.3.0 no\n" BYE, NULL,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_DATA, 451, "" },
	{ "554 to DATA", TO_DATA "C: DATA\nS: 554 5.5.1 no\n" BYE, NULL,
	    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_DATA, 554, "" },
	/* A reply in the middle of the content, with and without a close. */
	{ "552 in the content", TO_BODY
	    "C+ 100000\nS: 552 5.3.4 too big\nSLEEP 200\nRESET\n", large,
	    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_CONTENT, 552,
	    "LIB-F-4" },
	{ "451 in the content", TO_BODY
	    "C+ 100000\nS: 451 4.3.0 stop\nSTALL\n", large,
	    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_CONTENT, 451,
	    "LIB-F-5" },
	/* Nonsense. */
	{ "nonsense to MAIL", HELLO "C: MAIL*\nS: hello\nSTALL\n", NULL,
	    SMTP_E_LATER, SMTP_E_PROTOCOL, SMTP_PHASE_MAIL, 0, "" },
	{ "250 to DATA", TO_DATA "C: DATA\nS: 250 ok\nSTALL\n", NULL,
	    SMTP_E_LATER, SMTP_E_PROTOCOL, SMTP_PHASE_DATA, 0, "" },
};

static void
fail_as_told(const struct failure *f)
{
	struct server *s = server_play(f->script, NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN, "localhost"),
		"reconnect", "no", NULL);
	struct smtp_message *m = mail_of(f->content != NULL ? f->content :
		plain_mail, "b@example.com", NULL);

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
	expect_result(f->name, s);
	if (f->phase == SMTP_PHASE_CONTENT)
		assert_false(server_heard_octets(s, "\r\n.\r\n", 5));
	assert_int_equal(1, server_heard_lines(s, "MAIL"));
	smtp_message_free(m);
	server_stop(s);
	proves(f->proves);
}

static void
test_client_send__what_became_of_it_is_told(void **state)
{
	(void)state;
	make_large();
	for (size_t i = 0; i < COUNT(failures); i++)
		fail_as_told(&failures[i]);
	proves("LIB-J-3");
}

/* The same mail again is the same mail: its identity and its date. */
static void
test_client_send__sent_again_it_is_the_same(void **state)
{
	struct server *s = server_play(TO_BODY "C.\nCLOSE\n", NULL);
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

/* ---- opening */

static void
test_client_send__open_tells_why_it_failed(void **state)
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
		{ "EHLO 550", "S: 220 hi\nC: EHLO*\nS: 550 no\n" BYE,
		    SMTP_E_REFUSED, 550, "" },
		{ "EHLO 450", "S: 220 hi\nC: EHLO*\nS: 450 no\n" BYE,
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
		expect_result(rows[i].name, s);
		server_stop(s);
		proves(rows[i].proves);
	}
}

static void
test_client_send__nobody_listens(void **state)
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

/* ---- time */

#define SLOW "CHUNK 1 300\n"

static const struct late {
	const char *name, *script, *option;
	const char *content;
	int want, cause, phase;
} late[] = {
	{ "MAIL", HELLO "C: MAIL*\nSTALL\n", "timeout", NULL, SMTP_E_LATER,
	    SMTP_E_TIMEOUT, SMTP_PHASE_MAIL },
	{ "RCPT", TO_RCPT "C: RCPT*\nSTALL\n", "envelope-timeout", NULL,
	    SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_RCPT },
	{ "DATA", TO_DATA "C: DATA\nSTALL\n", "data-timeout", NULL,
	    SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_DATA },
	{ "content", TO_BODY "SLEEP 3000\nDROP\n", "block-timeout", large,
	    SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_CONTENT },
	{ "final", TO_BODY "C.\nSTALL\n", "final-timeout", NULL,
	    SMTP_E_UNKNOWN, SMTP_E_TIMEOUT, SMTP_PHASE_FINAL },
	{ "a reply that trickles", HELLO "C: MAIL*\n" SLOW
	    "S: 250 ok, though slow to come\nSTALL\n", "timeout", NULL,
	    SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_MAIL },
	{ "deadline", HELLO "C: MAIL*\nSLEEP 400\nS: 250 ok\nC: RCPT*\n"
	    "SLEEP 400\nS: 250 ok\nC: DATA\nSLEEP 400\nS: 354 ok\nSTALL\n",
	    "deadline", NULL, SMTP_E_LATER, SMTP_E_TIMEOUT,
	    SMTP_PHASE_DATA },
};

static void
test_client_send__each_wait_is_bounded(void **state)
{
	(void)state;
	make_large();
	for (size_t i = 0; i < COUNT(late); i++) {
		struct server *s = server_play(late[i].script, "--rcvbuf",
			"4096", NULL);
		struct smtp *smtp = session_to(s, server_url(s, PLAIN,
			"localhost"), late[i].option, "1", NULL);
		struct smtp_message *m = mail_of(late[i].content != NULL ?
			late[i].content : plain_mail, "b@example.com", NULL);
		uint64_t begin = smtp_now_ms(), took;

		expect_rc(late[i].name, smtp, smtp_send(smtp, m),
			late[i].want);
		took = smtp_now_ms() - begin;
		if (took < 900 || took > 2500)
			fail_msg("%s: %u ms", late[i].name, (unsigned)took);
		assert_int_equal(late[i].cause, smtp_message_cause(m));
		assert_int_equal(late[i].phase, smtp_message_phase(m));
		smtp_close(smtp);
		smtp_message_free(m);
		server_stop(s);
	}
	proves("LIB-K-3 LIB-K-4");
}

static void
test_client_send__opening_is_bounded(void **state)
{
	static const struct { const char *script, *option; int phase; }
	rows[] = {
		{ "STALL\n", "greeting-timeout", SMTP_PHASE_GREETING },
		{ "STALL\n", "timeout", SMTP_PHASE_GREETING },
		{ "STALL\n", "deadline", SMTP_PHASE_GREETING },
		{ "S: 220-hi\nCHUNK 1 100\nS: 220 so slow, so slow\nSTALL\n",
		    "greeting-timeout", SMTP_PHASE_GREETING },
		{ "S: 220 hi\nC: EHLO*\nSTALL\n", "command-timeout",
		    SMTP_PHASE_EHLO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, NULL);
		uint64_t begin = smtp_now_ms(), took;
		struct smtp *smtp;
		int rc = try_session(&smtp, s, server_url(s, PLAIN,
			"localhost"), rows[i].option, "1", NULL);

		took = smtp_now_ms() - begin;
		expect_rc(rows[i].script, smtp, rc, SMTP_E_TIMEOUT);
		assert_in_range(took, 900, 2500);
		assert_int_equal(rows[i].phase, smtp_phase(smtp));
		smtp_close(smtp);
		server_stop(s);
	}
	proves("LIB-K-1");
}

/* Each wait has its own time: many of them may take longer than one. */
static void
test_client_send__a_slow_server_is_waited_for(void **state)
{
	static const char *const rows[] = {
		HELLO "C: MAIL*\nSLEEP 600\nS: 250 ok\nC: RCPT*\nSLEEP 600\n"
		    "S: 250 ok\nC: DATA\nSLEEP 600\nS: 354 go\nC.\n"
		    "SLEEP 600\nS: 250 ok\n" BYE,
		TO_BODY "C+ 2000000\nSLEEP 500\nC+ 2000000\nSLEEP 500\n"
		    "C+ 2000000\nSLEEP 500\nC+ 2000000\nSLEEP 500\nC.\n"
		    "S: 250 ok\n" BYE,
	};

	(void)state;
	make_large();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i], NULL);
		struct smtp *smtp = session_to(s, server_url(s, PLAIN,
			"localhost"), i == 1 ? "block-timeout" : "timeout",
			"1", NULL);
		struct smtp_message *m = mail_of(i == 1 ? large : plain_mail,
			"b@example.com", NULL);
		uint64_t begin = smtp_now_ms();

		expect_rc("slow", smtp, smtp_send(smtp, m), SMTP_OK);
		assert_true(smtp_now_ms() - begin > 1900);
		smtp_close(smtp);
		expect_result("slow", s);
		smtp_message_free(m);
		server_stop(s);
	}
	proves("R5321-4.5.3.2-1");
}

/* ---- the end of a session */

/* What was delivered stays so, whatever QUIT gets. */
static void
test_client_send__quit_does_not_matter(void **state)
{
	static const char *const rows[] = {
		TO_BODY "C.\nS: 250 ok\nCLOSE\n",
		TO_BODY "C.\nS: 250 ok\nC: QUIT\nCLOSE\n",
		TO_BODY "C.\nS: 250 ok\nC: QUIT\nRESET\n",
		TO_BODY "C.\nS: 250 ok\nC: QUIT\nS: 500 what\nEOF\n",
		TO_BODY "C.\nS: 250 ok\nC: QUIT\nSTALL\n",
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
test_client_send__an_idle_session_is_opened_again(void **state)
{
	static const char *const rows[] = {
		TO_BODY "C.\nS: 250 ok\nS: 421 4.4.2 idle\nCLOSE\nACCEPT\n"
		    TO_BODY "C.\nS: 250 ok\n" BYE,
		TO_BODY "C.\nS: 250 ok\nCLOSE\nACCEPT\n"
		    TO_BODY "C.\nS: 250 ok\n" BYE,
		TO_BODY "C.\nS: 250 ok\nRESET\nACCEPT\n"
		    TO_BODY "C.\nS: 250 ok\n" BYE,
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
		expect_result("idle", s);
		assert_int_equal(2, server_sessions(s));
		server_stop(s);
	}
	proves("LIB-E-5");
}

static void
test_client_send__other_commands(void **state)
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
}

/* ---- cancel, steps, threads */

static void *
cancel_soon(void *smtp)
{
	(void)poll(NULL, 0, 300);
	smtp_cancel(smtp);
	return NULL;
}

static void
test_client_send__cancel_ends_it(void **state)
{
	static const struct { const char *script; int want; } rows[] = {
		{ HELLO "C: MAIL*\nSTALL\n", SMTP_E_LATER },
		{ TO_DATA "C: DATA\nSTALL\n", SMTP_E_LATER },
		{ TO_BODY "C.\nSTALL\n", SMTP_E_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, NULL);
		struct smtp *smtp = plain_session(s);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);
		uint64_t begin = smtp_now_ms(), took;
		pthread_t thread;

		assert_int_equal(0, pthread_create(&thread, NULL, cancel_soon,
			smtp));
		expect_rc("cancel", smtp, smtp_send(smtp, m), rows[i].want);
		took = smtp_now_ms() - begin;
		assert_int_equal(0, pthread_join(thread, NULL));
		assert_in_range(took, 250, 1000);
		assert_int_equal(SMTP_E_CANCELLED, smtp_message_cause(m));
		smtp_close(smtp);
		expect_result("cancel", s);
		smtp_message_free(m);
		server_stop(s);
	}
	proves("LIB-E-7");
}

/* The loop that an application would have. Counts the waits. */
static int
run(struct smtp *smtp, int rc, unsigned *waits)
{
	while (rc > 0) {
		struct pollfd p = { .fd = smtp_fd(smtp) };
		uint64_t due = smtp_due_ms(smtp), now = smtp_now_ms();
		int ms = due <= now ? 0 : due - now > 5000 ? 5000 :
			(int)(due - now);

		p.events = (short)((rc & SMTP_WANT_READ ? POLLIN : 0) |
			(rc & SMTP_WANT_WRITE ? POLLOUT : 0));
		(void)poll(&p, 1, ms);
		(*waits)++;
		rc = smtp_step(smtp);
	}
	return rc;
}

static void
test_client_send__in_steps_it_never_blocks(void **state)
{
	static const char *const modes[] = { "starttls", "implicit" };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct server *s = server_start("--tls", modes[i], "--delay",
			"20", NULL);
		struct smtp_options *options = options_for(s, "blocking",
			"no", NULL);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);
		struct smtp *smtp;
		unsigned waits = 0;
		int rc;

		rc = smtp_open(&smtp, server_url(s, i == 0 ? "smtp" : "smtps",
			"localhost"), options);
		smtp_options_free(options);
		assert_true(rc > 0);
		assert_int_equal(SMTP_E_STATE, smtp_send(smtp, m));
		expect_rc("open", smtp, run(smtp, rc, &waits), SMTP_OK);
		rc = smtp_auth(smtp, USER, PASSWORD);
		assert_true(rc > 0);
		expect_rc("auth", smtp, run(smtp, rc, &waits), SMTP_OK);
		rc = smtp_send(smtp, m);
		assert_true(rc > 0);
		expect_rc("send", smtp, run(smtp, rc, &waits), SMTP_OK);
		expect_rc("quit", smtp, run(smtp, smtp_quit(smtp), &waits),
			SMTP_OK);
		smtp_close(smtp);
		/* It waited for what was due, and did not spin. */
		assert_in_range(waits, 8, 200);
		server_found_no_fault(s);
		assert_int_equal(1, server_mails(s));
		smtp_message_free(m);
		server_stop(s);
	}
	proves("LIB-E-6");
}

static void *
send_ten(void *server)
{
	struct smtp *smtp = NULL;
	struct smtp_options *options = smtp_options_new();
	char url[256];
	int rc;

	(void)snprintf(url, sizeof url, "smtp://localhost:%d",
		server_port(server));
	smtp_options_set(options, "ca-file", server_ca_file(server));
	rc = smtp_open(&smtp, url, options);
	smtp_options_free(options);
	if (rc == SMTP_OK)
		rc = smtp_auth(smtp, USER, PASSWORD);
	for (int i = 0; i < 10 && rc == SMTP_OK; i++) {
		struct smtp_message *m = smtp_message_new();

		smtp_message_set_raw(m, smtp_source_memory(plain_mail,
			strlen(plain_mail)));
		smtp_message_set_envelope_from(m, "a@example.com");
		smtp_message_add_recipient(m, "b@example.com");
		rc = smtp_send(smtp, m);
		smtp_message_free(m);
	}
	smtp_close(smtp);
	return (void *)(intptr_t)rc;
}

static void
test_client_send__threads_do_not_meet(void **state)
{
	struct server *s = server_start(NULL);
	pthread_t thread[4];

	(void)state;
	for (size_t i = 0; i < COUNT(thread); i++)
		assert_int_equal(0, pthread_create(&thread[i], NULL, send_ten,
			s));
	for (size_t i = 0; i < COUNT(thread); i++) {
		void *rc;

		assert_int_equal(0, pthread_join(thread[i], &rc));
		assert_int_equal(SMTP_OK, (int)(intptr_t)rc);
	}
	server_found_no_fault(s);
	assert_int_equal(40, server_mails(s));
	server_stop(s);
	proves("LIB-T-3");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_send__one_connection_takes_many),
		cmocka_unit_test(
			test_client_send__waits_where_pipelining_is_absent),
		cmocka_unit_test(test_client_send__helo_serves_too),
		cmocka_unit_test(
			test_client_send__some_recipients_are_refused),
		cmocka_unit_test(test_client_send__all_recipients_are_refused),
		cmocka_unit_test(
			test_client_send__require_all_is_all_or_nothing),
		cmocka_unit_test(
			test_client_send__a_failed_group_is_read_to_its_end),
		cmocka_unit_test(
			test_client_send__too_many_recipients_are_split),
		cmocka_unit_test(
			test_client_send__thousands_of_recipients_do_not_lock),
		cmocka_unit_test(test_client_send__a_354_for_nobody),
		cmocka_unit_test(
			test_client_send__content_is_stuffed_and_ended),
		cmocka_unit_test(test_client_send__a_line_has_998_octets),
		cmocka_unit_test(test_client_send__high_octets_need_8bitmime),
		cmocka_unit_test(test_client_send__size_is_told_and_kept),
		cmocka_unit_test(
			test_client_send__a_failed_source_never_ends_the_mail),
		cmocka_unit_test(
			test_client_send__a_large_mail_takes_no_memory),
		cmocka_unit_test(test_client_send__what_became_of_it_is_told),
		cmocka_unit_test(test_client_send__sent_again_it_is_the_same),
		cmocka_unit_test(test_client_send__open_tells_why_it_failed),
		cmocka_unit_test(test_client_send__nobody_listens),
		cmocka_unit_test(test_client_send__each_wait_is_bounded),
		cmocka_unit_test(test_client_send__opening_is_bounded),
		cmocka_unit_test(
			test_client_send__a_slow_server_is_waited_for),
		cmocka_unit_test(test_client_send__quit_does_not_matter),
		cmocka_unit_test(
			test_client_send__an_idle_session_is_opened_again),
		cmocka_unit_test(test_client_send__other_commands),
		cmocka_unit_test(test_client_send__cancel_ends_it),
		cmocka_unit_test(test_client_send__in_steps_it_never_blocks),
		cmocka_unit_test(test_client_send__threads_do_not_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
