/* SPDX-License-Identifier: MIT */
/*
 * Sending over real sockets: recipients, content and sources, and what goes
 * over the wire.
 */
#include "check.h"

#include <sys/resource.h>

#include "support/session.h"

#define PLAIN "smtp+plaintext"

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
	needs(SMTP_WITH_HELO);
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
	needs(SMTP_WITH_ENHANCED);
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
	needs(SMTP_WITH_REQUIRE_ALL);
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
	needs(SMTP_WITH_ENHANCED);
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

#define HELLO_PIPELINING \
	"S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 PIPELINING\n"
#define GROUP "C: MAIL*\nC: RCPT*\nC: RCPT*\nC: DATA\n"

static void
test_client_send__a_354_for_nobody(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	static const struct { const char *name, *script, *proves; } rows[] = {
		{ "no recipient, 354", HELLO_PIPELINING GROUP
		    "S: 250 ok\nS: 550 no\nS: 550 no\nS: 354 go\nC: .\n"
		    "S: 554 no valid recipients\n" PLAY_BYE, "R2920-3.1-5" },
		{ "no recipient, 354, then 250", HELLO_PIPELINING GROUP
		    "S: 250 ok\nS: 550 no\nS: 550 no\nS: 354 go\nC: .\n"
		    "S: 250 taken\n" PLAY_BYE, "R2920-3.1-5" },
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
		expect_complete(rows[i].name, s);
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
	needs(SMTP_WITH_8BITMIME);
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

static int
count_random(void *ctx, void *p, size_t n)
{
	++*(int *)ctx;
	memset(p, 0x5A, n);
	return 0;
}

static int
count_clock(void *ctx, int64_t *seconds, int *zone_minutes)
{
	++*(int *)ctx;
	*seconds = INT64_C(1790000000);
	*zone_minutes = 0;
	return 0;
}

/* A mail that is ready needs neither; one that is built keeps what it got. */
static void
test_client_send__clock_and_random_are_for_those_that_need_them(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_options *o = options_for(s, NULL);
	struct smtp_message *ready = mail_of(plain_mail, "b@example.com",
	    NULL);
	struct smtp_message *built = smtp_message_new();
	struct smtp *smtp;
	int count = 0, clocks = 0;

	(void)state;
	smtp_options_set_random(o, count_random, &count);
	smtp_options_set_clock(o, count_clock, &clocks);
	assert_int_equal(SMTP_OK, smtp_open(&smtp, server_url(s, PLAIN,
	    "localhost"), o));
	smtp_options_free(o);
	count = 0;
	expect_rc("ready", smtp, smtp_send(smtp, ready), SMTP_OK);
	assert_int_equal(0, count);
	assert_int_equal(0, clocks);
	smtp_message_set_from(built, "a@example.com");
	smtp_message_add_to(built, "b@example.com");
	smtp_message_set_text(built, "hello");
	expect_rc("built", smtp, smtp_send(smtp, built), SMTP_OK);
	assert_int_equal(1, count);
	smtp_message_add_recipient(built, "c@example.com");
	expect_rc("again", smtp, smtp_send(smtp, built), SMTP_OK);
	assert_int_equal(1, count);
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(3, server_mails(s));
	assert_int_equal(2, server_heard_lines(s,
	    "Message-ID: <ljnfuws2ljnfuws2"));
	assert_int_equal(2, server_heard_lines(s,
	    "Date: Mon, 21 Sep 2026 14:13:20 +0000"));
	smtp_message_free(ready);
	smtp_message_free(built);
	server_stop(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_send__one_connection_takes_many),
		cmocka_unit_test(
			test_client_send__waits_where_pipelining_is_absent),
		cmocka_unit_test(test_client_send__helo_serves_too),
		cmocka_unit_test(test_client_send__some_recipients_are_refused),
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
		cmocka_unit_test(
	test_client_send__clock_and_random_are_for_those_that_need_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
