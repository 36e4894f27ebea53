/* SPDX-License-Identifier: MIT */
/*
 * Sessions from the outside: the calls of smtp.h against a scripted peer.
 */
#include "check.h"

#include <smtp/smtp.h>

#include "support/peer.h"

#define GREETING "S: 220 mx.example ESMTP\nC: EHLO client.example\n"
#define PIPELINED GREETING "S: 250-mx.example\nS: 250-PIPELINING\n" \
	"S: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-AUTH PLAIN LOGIN\n" \
	"S: 250 ENHANCEDSTATUSCODES\n"
#define SIMPLE GREETING "S: 250 mx.example\n"
#define GOODBYE "C: QUIT\nS: 221 2.0.0 bye\n"
#define TEXT "Subject: a\r\n\r\nb\r\n"            /* 17 octets */
#define SENT "C: Subject: a\nC: \nC: b\nC: .\n"

/*
 * A session with everything that a test may want to look at.
 */

struct fixture {
	struct peer peer;
	struct smtp_options *options;
	struct smtp *smtp;
	char trace[16384];
};

static void
note_line(void *ctx, int who, const char *line, size_t n)
{
	struct fixture *f = ctx;
	size_t at = strlen(f->trace);

	assert_true(at + n + 4 < sizeof f->trace);
	snprintf(f->trace + at, sizeof f->trace - at, "%c%.*s\n", who, (int)n,
	    line);
}

static void
set(struct fixture *f, const char *name, const char *value)
{
	if (smtp_options_set(f->options, name, value) != SMTP_OK)
		fail_msg("%s", smtp_options_error(f->options));
}

static void
prepare(struct fixture *f, const char *script, size_t piece)
{
	memset(f, 0, sizeof *f);
	peer_init(&f->peer, script, piece);
	f->options = smtp_options_new();
	set(f, "ehlo-name", "client.example");
	set(f, "timeout", "5");
	assert_int_equal(smtp_options_set_transport(f->options,
	    &f->peer.transport), SMTP_OK);
	assert_int_equal(smtp_options_set_trace(f->options, note_line, f),
	    SMTP_OK);
}

static int
start(struct fixture *f, const char *url)
{
	return smtp_open(&f->smtp, url, f->options);
}

static void
open_plain(struct fixture *f)
{
	if (start(f, "smtp+plaintext://mx.example") != SMTP_OK)
		fail_msg("%s", smtp_error(f->smtp));
}

/* Ends the session; all of the script has to be played. */
static void
finish(struct fixture *f)
{
	assert_int_equal(smtp_close(f->smtp), SMTP_OK);
	smtp_options_free(f->options);
	if (!peer_done(&f->peer))
		fail_msg("not played: %.60s", f->peer.at);
	assert_true(f->peer.closed);
}

static struct smtp_message *
message_of(struct smtp_source *source, const char *const *to)
{
	struct smtp_message *m = smtp_message_new();

	smtp_message_set_raw(m, source);
	smtp_message_set_envelope_from(m, "a@x.example");
	for (; *to != NULL; to++)
		smtp_message_add_recipient(m, *to);
	assert_string_equal(smtp_message_error(m), "");
	return m;
}

static struct smtp_message *
message_to(const char *const *to)
{
	return message_of(smtp_source_memory(TEXT, strlen(TEXT)), to);
}

static const char *const bo[] = { "bo@y.example", NULL };
static const char *const three[] = { "b@y.example", "c@y.example",
	"d@y.example", NULL };

static void
expect_row(const struct smtp_message *m, size_t i, int status, int code,
    const char *enhanced, const char *text)
{
	if (smtp_message_recipient_status(m, i) != status ||
	    smtp_message_recipient_code(m, i) != code)
		fail_msg("row %zu: %s %d %s", i, smtp_status_name(
		    smtp_message_recipient_status(m, i)),
		    smtp_message_recipient_code(m, i),
		    smtp_message_recipient_text(m, i));
	assert_string_equal(smtp_message_recipient_enhanced(m, i), enhanced);
	assert_string_equal(smtp_message_recipient_text(m, i), text);
}

static void
expect_error(const struct smtp *smtp, int cause, int phase, const char *words)
{
	if (smtp_cause(smtp) != cause || smtp_phase(smtp) != phase ||
	    strcmp(smtp_error(smtp), words) != 0)
		fail_msg("%s in %s: %s", smtp_status_name(smtp_cause(smtp)),
		    smtp_phase_name(smtp_phase(smtp)), smtp_error(smtp));
}

/*
 * The plain course.
 */

static const char course[] = PIPELINED
    "C: MAIL FROM:<a@x.example> SIZE=17\nC: RCPT TO:<bo@y.example>\nC: DATA\n"
    "S: 250 2.1.0 ok\nS: 250 2.1.5 ok\nS: 354 go\n"
    SENT "S: 250 2.0.0 Ok: queued as 4ABC\n" GOODBYE;

static void
test_client__sends_one_flight_and_the_content(void **state)
{
	(void)state;
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	for (size_t piece = 0; piece < 40; piece++) {
		struct smtp_message *m = message_to(bo);
		struct fixture f;

		prepare(&f, course, piece);
		open_plain(&f);
		assert_string_equal(smtp_capability(f.smtp, "size"), "1000");
		assert_string_equal(smtp_capability(f.smtp, "AUTH"),
		    "PLAIN LOGIN");
		assert_string_equal(smtp_capability(f.smtp, "pipelining"), "");
		assert_null(smtp_capability(f.smtp, "mx.example"));
		assert_null(smtp_capability(f.smtp, "SIZ"));
		assert_null(smtp_capability(f.smtp, ""));
		assert_int_equal(smtp_send(f.smtp, m), SMTP_OK);
		assert_int_equal(smtp_message_status(m), SMTP_OK);
		assert_int_equal(smtp_message_cause(m), SMTP_OK);
		assert_int_equal(smtp_message_phase(m), SMTP_PHASE_FINAL);
		assert_int_equal(smtp_message_code(m), 250);
		assert_string_equal(smtp_message_enhanced(m), "2.0.0");
		assert_string_equal(smtp_message_text(m),
		    "Ok: queued as 4ABC");
		assert_string_equal(smtp_message_queue_id(m), "4ABC");
		expect_row(m, 0, SMTP_OK, 250, "2.0.0", "Ok: queued as 4ABC");
		assert_string_equal(smtp_error(f.smtp), "");
		assert_string_equal(smtp_hint(f.smtp), "");
		assert_int_equal(smtp_reply_code(f.smtp), 250);
		assert_string_equal(smtp_reply_enhanced(f.smtp), "2.0.0");
		assert_string_equal(smtp_tls_info(f.smtp), "");
		finish(&f);
		smtp_message_free(m);
	}
	proves("R5321-4.1.4-5 R5321-4.1.4-3");
}

/* A flight is one write: open, the envelope, the content, QUIT. */
static void
test_client__writes_each_flight_at_once(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct smtp_message *m = message_to(bo);
	struct fixture f;

	(void)state;
	prepare(&f, course, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_OK);
	finish(&f);
	assert_int_equal(f.peer.writes, 4);
	smtp_message_free(m);
}

static void
test_client__traces_what_was_said(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct smtp_message *m = message_to(bo);
	struct fixture f;

	(void)state;
	prepare(&f, GREETING "S: 250-mx\nS: 250-AUTH PLAIN\n"
	    "S: 250 PIPELINING\nC: AUTH PLAIN AGpvZQBzZWNyZXQ=\nS: 235 in\n"
	    "C: MAIL FROM:<a@x.example>\nC: RCPT TO:<bo@y.example>\nC: DATA\n"
	    "S: 250 ok\nS: 250 ok\nS: 354 go\n" SENT "S: 250 ok\n" GOODBYE, 0);
	set(&f, "insecure-plaintext-auth", "yes");
	open_plain(&f);
	assert_int_equal(smtp_auth(f.smtp, "joe", "secret"), SMTP_OK);
	assert_string_equal(smtp_mechanism(f.smtp), "PLAIN");
	assert_int_equal(smtp_send(f.smtp, m), SMTP_OK);
	finish(&f);
	assert_string_equal(f.trace,
	    "S220 mx.example ESMTP\nCEHLO client.example\nS250-mx\n"
	    "S250-AUTH PLAIN\nS250 PIPELINING\nCAUTH PLAIN ***\nS235 in\n"
	    "CMAIL FROM:<a@x.example>\nCRCPT TO:<bo@y.example>\nCDATA\n"
	    "S250 ok\nS250 ok\nS354 go\nC(20 octets of content)\nS250 ok\n"
	    "CQUIT\nS221 2.0.0 bye\n");
	smtp_message_free(m);
}

static void
test_client__waits_for_each_reply_without_pipelining(void **state)
{
	struct smtp_message *m = message_to(three);
	struct fixture f;

	(void)state;
	prepare(&f, SIMPLE "C: MAIL FROM:<a@x.example>\nS: 250 ok\n"
	    "C: RCPT TO:<b@y.example>\nS: 250 ok\n"
	    "C: RCPT TO:<c@y.example>\nS: 250 ok\n"
	    "C: RCPT TO:<d@y.example>\nS: 250 ok\n"
	    "C: DATA\nS: 354 go\n" SENT "S: 250 ok\n" GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_OK);
	finish(&f);
	smtp_message_free(m);
	proves("R5321-4.3.1-2 R5321-4.5.4.1-1");
}

/*
 * What became of it.
 */

static void
test_client__has_a_row_for_each_recipient(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	struct smtp_message *m = message_to(three);
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED "C: MAIL FROM:<a@x.example> SIZE=17\n"
	    "C: RCPT TO:<b@y.example>\nC: RCPT TO:<c@y.example>\n"
	    "C: RCPT TO:<d@y.example>\nC: DATA\n"
	    "S: 250 2.1.0 ok\nS: 250 2.1.5 ok\nS: 550-5.1.1 no\n"
	    "S: 550 5.1.1 such user\nS: 450 4.2.0 busy\nS: 354 go\n"
	    SENT "S: 250 2.0.0 taken\n"
	    /* and again, to those that were not accepted */
	    "C: MAIL FROM:<a@x.example> SIZE=17\nC: RCPT TO:<c@y.example>\n"
	    "C: RCPT TO:<d@y.example>\nC: DATA\n"
	    "S: 250 2.1.0 ok\nS: 550 5.1.1 still no\nS: 250 2.1.5 ok\n"
	    "S: 354 go\n" SENT "S: 250 2.0.0 taken too\n"
	    "C: MAIL FROM:<a@x.example> SIZE=17\nC: RCPT TO:<c@y.example>\n"
	    "C: DATA\nS: 250 2.1.0 ok\nS: 550 5.1.1 never\nS: 503 who?\n"
	    GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_PARTIAL);
	expect_row(m, 0, SMTP_OK, 250, "2.0.0", "taken");
	expect_row(m, 1, SMTP_E_REFUSED, 550, "5.1.1", "no\nsuch user");
	expect_row(m, 2, SMTP_E_LATER, 450, "4.2.0", "busy");
	assert_int_equal(smtp_message_recipient_cause(m, 0), SMTP_OK);
	assert_int_equal(smtp_message_recipient_cause(m, 1), SMTP_E_REPLY);
	assert_int_equal(smtp_message_recipient_phase(m, 1), SMTP_PHASE_RCPT);
	expect_error(f.smtp, SMTP_E_REPLY, SMTP_PHASE_RCPT, "2 of 3 "
	    "recipients: <d@y.example>: the server said 450 4.2.0 busy");
	assert_int_equal(smtp_message_status(m), SMTP_E_PARTIAL);
	assert_int_equal(smtp_message_cause(m), SMTP_E_REPLY);

	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_PARTIAL);
	expect_row(m, 0, SMTP_OK, 250, "2.0.0", "taken");
	expect_row(m, 1, SMTP_E_REFUSED, 550, "5.1.1", "still no");
	expect_row(m, 2, SMTP_OK, 250, "2.0.0", "taken too");
	expect_error(f.smtp, SMTP_E_REPLY, SMTP_PHASE_RCPT, "1 of 3 "
	    "recipients: <c@y.example>: the server said 550 5.1.1 still no");
	assert_string_equal(smtp_hint(f.smtp),
	    "There is no such mailbox: check the address.");

	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_PARTIAL);
	expect_row(m, 1, SMTP_E_REFUSED, 550, "5.1.1", "never");
	finish(&f);
	smtp_message_free(m);
	proves("LIB-J-2 R5321-3.3-2 LIB-A-6");
}

static void
test_client__sends_nothing_when_all_was_delivered(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct smtp_message *m = message_to(bo);
	struct fixture f;

	(void)state;
	prepare(&f, course, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_OK);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_OK);
	assert_string_equal(smtp_message_queue_id(m), "4ABC");
	finish(&f);
	smtp_message_free(m);
}

static void
test_client__says_who_refused_the_whole(void **state)
{
	needs(SMTP_WITH_ENHANCED);
	static const struct {
		const char *script;
		int status, code, phase;
		const char *enhanced, *text, *error;
	} rows[] = {
		{ "C: MAIL FROM:<a@x.example>\nS: 550 5.7.1 not you\n",
		    SMTP_E_REFUSED, 550, SMTP_PHASE_MAIL, "5.7.1", "not you",
		    "MAIL: the server said 550 5.7.1 not you" },
		{ "C: MAIL FROM:<a@x.example>\nS: 451 later\n",
		    SMTP_E_LATER, 451, SMTP_PHASE_MAIL, "", "later",
		    "MAIL: the server said 451 later" },
		{ "C: MAIL FROM:<a@x.example>\nS: 250 ok\n"
		    "C: RCPT TO:<bo@y.example>\nS: 550 a\tb\x01\x80\n",
		    SMTP_E_REFUSED, 550, SMTP_PHASE_RCPT, "", "a\tb\x01\x80",
		    "<bo@y.example>: the server said 550 a\\x09b\\x01\\x80" },
		{ "C: MAIL FROM:<a@x.example>\nS: 250 ok\n"
		    "C: RCPT TO:<bo@y.example>\nS: 250 ok\n"
		    "C: DATA\nS: 451 4.3.0 no disk\n",
		    SMTP_E_LATER, 451, SMTP_PHASE_DATA, "4.3.0", "no disk",
		    "DATA: the server said 451 4.3.0 no disk" },
		{ "C: MAIL FROM:<a@x.example>\nS: 250 ok\n"
		    "C: RCPT TO:<bo@y.example>\nS: 250 ok\n"
		    "C: DATA\nS: 354 go\n" SENT "S: 554-5.7.1 spam\n"
		    "S: 554 5.7.1 it is\n",
		    SMTP_E_REFUSED, 554, SMTP_PHASE_FINAL, "5.7.1",
		    "spam\nit is", "end of the mail: the server said 554 "
		    "5.7.1 spam it is" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_message *m = message_to(bo);
		char script[1024];
		struct fixture f;

		snprintf(script, sizeof script, "%s%s%s", SIMPLE,
		    rows[i].script, GOODBYE);
		prepare(&f, script, 0);
		open_plain(&f);
		assert_int_equal(smtp_send(f.smtp, m), rows[i].status);
		assert_int_equal(smtp_message_code(m), rows[i].code);
		assert_int_equal(smtp_message_phase(m), rows[i].phase);
		assert_string_equal(smtp_message_text(m), rows[i].text);
		expect_row(m, 0, rows[i].status, rows[i].code,
		    rows[i].enhanced, rows[i].text);
		expect_error(f.smtp, SMTP_E_REPLY, rows[i].phase,
		    rows[i].error);
		finish(&f);
		smtp_message_free(m);
	}
	proves("R5321-4.2.5-2");
}

/* Behind a refused MAIL in a group, what follows only follows from it. */
static void
test_client__keeps_the_reason_of_a_refused_group(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	struct smtp_message *m = message_to(bo);
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED "C: MAIL FROM:<a@x.example> SIZE=17\n"
	    "C: RCPT TO:<bo@y.example>\nC: DATA\nS: 550 5.7.1 not you\n"
	    "S: 503 5.5.1 MAIL first\nS: 503 5.5.1 RCPT first\n" GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_REFUSED);
	expect_row(m, 0, SMTP_E_REFUSED, 550, "5.7.1", "not you");
	finish(&f);
	smtp_message_free(m);
}

/*
 * Too many recipients.
 */

/* The source that cannot be read again declares what it may hold. */
#define SURPLUS(parameter) PIPELINED \
	"C: MAIL FROM:<a@x.example> " parameter "\n" \
	"C: RCPT TO:<b@y.example>\nC: RCPT TO:<c@y.example>\n" \
	"C: RCPT TO:<d@y.example>\nC: DATA\n" \
	"S: 250 ok\nS: 250 ok\nS: 452 4.5.3 enough\nS: 552 enough\n" \
	"S: 354 go\n" SENT "S: 250 first\n"

static void
test_client__gives_the_surplus_another_transaction(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	struct smtp_message *m = message_to(three);
	struct fixture f;

	(void)state;
	prepare(&f, SURPLUS("SIZE=17")
	    "C: MAIL FROM:<a@x.example> SIZE=17\n"
	    "C: RCPT TO:<c@y.example>\nC: RCPT TO:<d@y.example>\nC: DATA\n"
	    "S: 250 ok\nS: 250 ok\nS: 550 5.1.1 no\nS: 354 go\n" SENT
	    "S: 250 second\n" GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_PARTIAL);
	expect_row(m, 0, SMTP_OK, 250, "", "first");
	expect_row(m, 1, SMTP_OK, 250, "", "second");
	expect_row(m, 2, SMTP_E_REFUSED, 550, "5.1.1", "no");
	finish(&f);
	smtp_message_free(m);
	proves("R5321-4.5.3.1.8-1 R5321-4.5.3.1.10-1 R5321-4.5.3.1.10-2");
}

struct once {
	size_t at;
	bool fails;
	unsigned waits;
};

/* TEXT, once, in two pieces; perhaps slowly, perhaps without an end. */
static ptrdiff_t
read_once(void *ctx, void *p, size_t n)
{
	struct once *o = ctx;
	size_t left = strlen(TEXT) - o->at;

	assert_true(n >= 14);
	if (o->waits > 0 && o->at > 0) {
		o->waits--;
		return SMTP_SOURCE_WAIT;
	}
	if (o->fails && o->at > 0)
		return SMTP_SOURCE_FAILED;
	if (left > 14)
		left = 14;
	memcpy(p, &TEXT[o->at], left);
	o->at += left;
	return (ptrdiff_t)left;
}

static void
test_client__leaves_the_surplus_of_what_is_read_once(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	struct once o = { 0 };
	struct smtp_message *m = message_of(smtp_source_callback(read_once,
	    NULL, NULL, &o, strlen(TEXT)), three);
	struct fixture f;

	(void)state;
	prepare(&f, SURPLUS("BODY=8BITMIME") GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_PARTIAL);
	expect_row(m, 0, SMTP_OK, 250, "", "first");
	expect_row(m, 1, SMTP_E_LATER, 452, "4.5.3", "enough");
	expect_row(m, 2, SMTP_E_LATER, 552, "", "enough");
	finish(&f);
	smtp_message_free(m);
}

static void
test_client__does_not_take_a_full_mailbox_for_surplus(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	struct smtp_message *m = message_to(three);
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED "C: MAIL FROM:<a@x.example> SIZE=17\n"
	    "C: RCPT TO:<b@y.example>\nC: RCPT TO:<c@y.example>\n"
	    "C: RCPT TO:<d@y.example>\nC: DATA\n"
	    "S: 250 ok\nS: 250 ok\nS: 552 5.2.2 full\nS: 552 5.3.4 big\n"
	    "S: 354 go\n" SENT "S: 250 ok\n" GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_PARTIAL);
	expect_row(m, 1, SMTP_E_REFUSED, 552, "5.2.2", "full");
	expect_row(m, 2, SMTP_E_REFUSED, 552, "5.3.4", "big");
	finish(&f);
	smtp_message_free(m);
	proves("R1870-6.4-1");
}

/*
 * Losses.
 */

#define TO_DATA "C: MAIL FROM:<a@x.example> SIZE=17\n" \
	"C: RCPT TO:<bo@y.example>\nC: DATA\nS: 250 ok\nS: 250 ok\n" \
	"S: 354 go\n"

static void
test_client__tells_whether_a_lost_mail_may_have_arrived(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	static const struct {
		const char *script;
		int status, cause, phase;
		const char *error;
	} rows[] = {
		{ "EOF\n", SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_NONE,
		    "the session: the connection was lost" },
		{ "C: MAIL FROM:<a@x.example> SIZE=17\n"
		    "C: RCPT TO:<bo@y.example>\nC: DATA\nS: 250 ok\nEOF\n",
		    SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_DATA, NULL },
		{ TO_DATA SENT "EOF\n", SMTP_E_UNKNOWN, SMTP_E_CLOSED,
		    SMTP_PHASE_FINAL, "end of the mail: the connection was "
		    "lost; the mail may have been delivered" },
		{ TO_DATA SENT "s: 250\nEOF\n", SMTP_E_UNKNOWN, SMTP_E_CLOSED,
		    SMTP_PHASE_FINAL, NULL },
		{ TO_DATA SENT "S: 250-half\nEOF\n", SMTP_E_UNKNOWN,
		    SMTP_E_CLOSED, SMTP_PHASE_FINAL, NULL },
		{ TO_DATA SENT "S: 2x0 what\n", SMTP_E_UNKNOWN,
		    SMTP_E_PROTOCOL, SMTP_PHASE_FINAL, "end of the mail: what "
		    "came is not SMTP, or not in its place; the mail may have "
		    "been delivered" },
		{ "C: MAIL FROM:<a@x.example> SIZE=17\n"
		    "C: RCPT TO:<bo@y.example>\nC: DATA\nS: 421 4.3.2 bye\n"
		    "EOF\n", SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_DATA,
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_message *m = message_to(bo);
		char script[1024];
		struct fixture f;

		snprintf(script, sizeof script, PIPELINED "%s",
		    rows[i].script);
		prepare(&f, script, 0);
		open_plain(&f);
		if (smtp_send(f.smtp, m) != rows[i].status ||
		    smtp_message_cause(m) != rows[i].cause ||
		    smtp_message_recipient_cause(m, 0) != rows[i].cause)
			fail_msg("%zu: %s %s %s", i,
			    smtp_status_name(smtp_message_status(m)),
			    smtp_status_name(smtp_message_cause(m)),
			    smtp_error(f.smtp));
		assert_int_equal(smtp_cause(f.smtp), rows[i].cause);
		if (rows[i].error != NULL)
			expect_error(f.smtp, rows[i].cause, rows[i].phase,
			    rows[i].error);
		/* The session is over, and says so. */
		smtp_message_forget_outcome(m);
		assert_int_equal(smtp_send(f.smtp, m), SMTP_E_STATE);
		assert_string_equal(smtp_error(f.smtp),
		    "the session is not open");
		assert_true(f.peer.closed);
		finish(&f);
		smtp_message_free(m);
	}
	proves("R5321-3.8-1 R5321-3.8-3 R5321-4.5.3.2.6-1 R5321-4.2-10 "
	    "LIB-J-5");
}

static void
test_client__asks_before_it_delivers_twice(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct smtp_message *m = message_to(bo);
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED TO_DATA SENT "EOF\n", 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_UNKNOWN);
	finish(&f);

	prepare(&f, course, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_STATE);
	assert_non_null(strstr(smtp_error(f.smtp),
	    "smtp_message_forget_outcome"));
	expect_row(m, 0, SMTP_E_UNKNOWN, 0, "", "");
	smtp_message_forget_outcome(m);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_OK);
	finish(&f);
	smtp_message_free(m);
}

/* The reason is read before the broken pipe is told. */
static void
test_client__hears_why_the_server_hung_up(void **state)
{
	needs(SMTP_WITH_ENHANCED);
	static const struct { const char *said; int status, code; } rows[] = {
		{ "S: 552 5.3.4 too big\nRST\n", SMTP_E_REFUSED, 552 },
		{ "RST\nS: 552 5.3.4 too big\n", SMTP_E_REFUSED, 552 },
		{ "RST\nS: 421 4.3.2 bye\n", SMTP_E_LATER, 421 },
		{ "RST\n", SMTP_E_LATER, 0 },
	};
	static char big[100000];

	(void)state;
	memset(big, 'a', sizeof big);
	for (size_t i = 99; i < sizeof big; i += 100)
		big[i] = '\n';
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_message *m = message_of(smtp_source_memory(big,
		    sizeof big), bo);
		char script[1024];
		struct fixture f;

		snprintf(script, sizeof script, SIMPLE
		    "C: MAIL FROM:<a@x.example>\nS: 250 ok\n"
		    "C: RCPT TO:<bo@y.example>\nS: 250 ok\nC: DATA\n"
		    "S: 354 go\n%s", rows[i].said);
		prepare(&f, script, 0);
		open_plain(&f);
		assert_int_equal(smtp_send(f.smtp, m), rows[i].status);
		assert_int_equal(smtp_message_code(m), rows[i].code);
		if (rows[i].code == 552)
			expect_row(m, 0, SMTP_E_REFUSED, 552, "5.3.4",
			    "too big");
		finish(&f);
		smtp_message_free(m);
	}
	proves("LIB-F-4");
}

/*
 * Bad input.
 */

static void
test_client__never_ends_what_its_source_did_not(void **state)
{
	struct once o = { .fails = true };
	struct smtp_message *m = message_of(smtp_source_callback(read_once,
	    NULL, NULL, &o, SMTP_SIZE_UNKNOWN), bo);
	struct fixture f;

	(void)state;
	prepare(&f, SIMPLE "C: MAIL FROM:<a@x.example>\nS: 250 ok\n"
	    "C: RCPT TO:<bo@y.example>\nS: 250 ok\nC: DATA\nS: 354 go\n", 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_SOURCE);
	assert_int_equal(smtp_message_cause(m), SMTP_E_SOURCE);
	assert_non_null(strstr(smtp_error(f.smtp), "cannot be read"));
	assert_null(strstr(f.trace, "C.\n"));
	finish(&f);
	smtp_message_free(m);
	proves("LIB-F-3");
}

static const char slow_course[] = PIPELINED
    "C: MAIL FROM:<a@x.example> BODY=8BITMIME\n"
    "C: RCPT TO:<bo@y.example>\nC: DATA\n"
    "S: 250 2.1.0 ok\nS: 250 2.1.5 ok\nS: 354 go\n" SENT
    "S: 250 ok\n" GOODBYE;

static void
test_client__waits_for_a_slow_source(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct once o = { .waits = 3 };
	struct smtp_message *m = message_of(smtp_source_callback(read_once,
	    NULL, NULL, &o, strlen(TEXT)), bo);
	struct fixture f;

	(void)state;
	prepare(&f, slow_course, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_OK);
	finish(&f);
	smtp_message_free(m);
}

static void
test_client__says_nothing_of_what_cannot_be_sent(void **state)
{
	struct smtp_message *m;
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED GOODBYE, 0);
	open_plain(&f);

	m = message_of(smtp_source_memory("a\0b\r\n", 5), bo);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_ARGUMENT);
	assert_non_null(strstr(smtp_error(f.smtp), "NUL"));
	expect_row(m, 0, SMTP_E_ARGUMENT, 0, "", "");
	smtp_message_free(m);

	m = smtp_message_new();
	smtp_message_set_from(m, "a@x.example\r\nRCPT TO:<evil@x.example>");
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_ARGUMENT);
	if (strstr(smtp_error(f.smtp), "from") == NULL)
		fail_msg("%s", smtp_error(f.smtp));
	smtp_message_free(m);

	m = smtp_message_new();
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_ARGUMENT);
	smtp_message_free(m);

	assert_int_equal(smtp_send(f.smtp, NULL), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_command(f.smtp, "NOOP\r\nQUIT"),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_command(f.smtp, NULL), SMTP_E_ARGUMENT);
	finish(&f);
	proves("LIB-C-4");
}

static void
test_client__refuses_what_is_over_the_offered_size(void **state)
{
	static char big[1001];
	struct smtp_message *m;
	struct fixture f;

	(void)state;
	memset(big, 'a', sizeof big);
	big[499] = big[999] = '\r';
	big[500] = big[1000] = '\n';
	m = message_of(smtp_source_memory(big, sizeof big), bo);
	prepare(&f, PIPELINED GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_REFUSED);
	expect_row(m, 0, SMTP_E_REFUSED, 0, "5.3.4", "");
	assert_string_equal(smtp_message_enhanced(m), "5.3.4");
	assert_int_equal(smtp_message_cause(m), SMTP_E_REPLY);
	assert_string_equal(smtp_error(f.smtp), "the mail has 1001 octets, "
	    "and the server takes 1000");
	assert_non_null(strstr(smtp_hint(f.smtp), "larger"));
	finish(&f);
	smtp_message_free(m);
	proves("R1870-7-1");
}

static void
test_client__wants_all_or_none(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	struct smtp_message *m = message_to(three);
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED "C: MAIL FROM:<a@x.example> SIZE=17\n"
	    "C: RCPT TO:<b@y.example>\nC: RCPT TO:<c@y.example>\n"
	    "C: RCPT TO:<d@y.example>\n"
	    "S: 250 ok\nS: 250 ok\nS: 550 5.1.1 no\nS: 250 ok\n" GOODBYE, 0);
	set(&f, "require-all", "yes");
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_LATER);
	expect_row(m, 0, SMTP_E_LATER, 0, "", "");
	expect_row(m, 1, SMTP_E_REFUSED, 550, "5.1.1", "no");
	expect_row(m, 2, SMTP_E_LATER, 0, "", "");
	expect_error(f.smtp, SMTP_E_REPLY, SMTP_PHASE_RCPT, "3 of 3 "
	    "recipients: <c@y.example>: the server said 550 5.1.1 no");
	finish(&f);
	smtp_message_free(m);
	proves("LIB-E-1");
}

/*
 * Opening and authenticating.
 */

static void
test_client__says_why_a_session_did_not_open(void **state)
{
	static const struct {
		const char *url, *script;
		int status, cause, phase;
		const char *error;
	} rows[] = {
		{ "smtp+plaintext://mx", "S: 554 5.3.2 no\n" GOODBYE,
		    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_GREETING,
		    "greeting: the server said 554 5.3.2 no" },
		{ "smtp+plaintext://mx", "S: 421 busy\n",
		    SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_GREETING,
		    "greeting: the server said 421 busy" },
		{ "smtp+plaintext://mx", GREETING "S: 550 not you\n" GOODBYE,
		    SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_EHLO,
		    "EHLO: the server said 550 not you" },
		{ "smtp://mx", GREETING "S: 250 mx\n" GOODBYE,
		    SMTP_E_TLS, SMTP_E_TLS, SMTP_PHASE_EHLO,
		    "STARTTLS: not offered by the server" },
		{ "smtp://mx", GREETING "S: 250-mx\nS: 250 STARTTLS\n"
		    "C: STARTTLS\nS: 454 4.7.0 not now\n" GOODBYE,
		    SMTP_E_TLS, SMTP_E_TLS, SMTP_PHASE_STARTTLS,
		    "STARTTLS: the server said 454 4.7.0 not now" },
		{ "smtp://mx", GREETING "S: 250-mx\nS: 250 STARTTLS\n"
		    "C: STARTTLS\nS: 220 go\nS: 250 AUTH PLAIN\n",
		    SMTP_E_PROTOCOL, SMTP_E_PROTOCOL, SMTP_PHASE_TLS,
		    "TLS: what came is not SMTP, or not in its place" },
		{ "smtp+plaintext://mx", "EOF\n", SMTP_E_CLOSED,
		    SMTP_E_CLOSED, SMTP_PHASE_GREETING,
		    "greeting: the connection was lost" },
		{ "smtp+plaintext://mx", "S: HTTP/1.1 400 Bad Request\n",
		    SMTP_E_PROTOCOL, SMTP_E_PROTOCOL, SMTP_PHASE_GREETING,
		    "greeting: what came is not SMTP, or not in its place: "
		    "\"HTTP/1.1 400 Bad Request\"" },
		{ "mx", "", SMTP_E_ARGUMENT, SMTP_E_ARGUMENT, SMTP_PHASE_NONE,
		    "url: a scheme is missing: smtp://host or smtps://host" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture f;

		prepare(&f, rows[i].script, 0);
		if (start(&f, rows[i].url) != rows[i].status)
			fail_msg("%zu: %s", i, smtp_error(f.smtp));
		expect_error(f.smtp, rows[i].cause, rows[i].phase,
		    rows[i].error);
		assert_int_equal(smtp_auth(f.smtp, "joe", "secret"),
		    SMTP_E_STATE);
		assert_int_equal(smtp_noop(f.smtp), SMTP_E_STATE);
		finish(&f);
	}
	proves("R5321-3.1-1 R3207-6-2 R3207-4-3");
}

static void
test_client__needs_a_name_for_ehlo(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, "", 0);
	set(&f, "ehlo-name", NULL);
	assert_int_equal(start(&f, "smtp+plaintext://mx"), SMTP_E_ARGUMENT);
	assert_non_null(strstr(smtp_error(f.smtp), "ehlo-name"));
	finish(&f);
}

static void
test_client__takes_a_transport_once(void **state)
{
	struct smtp *second = NULL;
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_open(&second, "smtp+plaintext://mx",
	    f.options), SMTP_E_ARGUMENT);
	assert_non_null(strstr(smtp_error(second), "transport"));
	smtp_close(second);
	finish(&f);
}

static void
test_client__never_goes_on_without_authentication(void **state)
{
	static const struct {
		const char *url, *ehlo, *user, *secret, *mechanism, *said;
		bool insecure;
		int status;
		const char *error;
	} rows[] = {
		{ "smtp+plaintext://mx", "S: 250 mx\n", "joe", "pw", NULL, "",
		    false, SMTP_E_AUTH, "AUTH: not offered by the server" },
		{ "smtp+plaintext://mx", "S: 250-mx\nS: 250 AUTH PLAIN\n",
		    "joe", "pw", NULL, "", false, SMTP_E_AUTH,
		    "AUTH: no mechanism fits; offered are PLAIN, without "
		    "TLS" },
		{ "smtp+plaintext://mx", "S: 250-mx\nS: 250 AUTH PLAIN\n",
		    "joe", "pw", "CRAM-MD5", "", true, SMTP_E_AUTH,
		    "AUTH: no mechanism fits; wanted is CRAM-MD5; offered are "
		    "PLAIN, without TLS" },
		{ "smtp+opportunistic://mx",
		    "S: 250-mx\nS: 250 AUTH PLAIN\n",
		    "joe", "pw", NULL, "", true, SMTP_E_AUTH,
		    "AUTH: not without a verified certificate" },
		{ "smtp+plaintext://mx", "S: 250-mx\nS: 250 AUTH PLAIN\n",
		    "joe", "pw", NULL, "C* AUTH PLAIN\n"
		    "S: 535 5.7.8 no\n", true, SMTP_E_AUTH,
		    "AUTH: the server said 535 5.7.8 no" },
		{ "smtp+plaintext://mx", "S: 250-mx\nS: 250 AUTH PLAIN\n",
		    "joe", "pw", NULL, "C* AUTH PLAIN\n"
		    "S: 454 4.7.0 later\n", true, SMTP_E_LATER,
		    "AUTH: the server said 454 4.7.0 later" },
		{ "smtp+plaintext://mx", "S: 250-mx\nS: 250 AUTH PLAIN\n",
		    "joe", NULL, NULL, "", true, SMTP_E_ARGUMENT,
		    "AUTH: a user and a secret are needed" },
		{ "smtp+plaintext://mx", "S: 250-mx\nS: 250 AUTH PLAIN\n",
		    "", "pw", NULL, "", true, SMTP_E_ARGUMENT,
		    "AUTH: a user and a secret are needed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char script[1024];
		struct fixture f;

		snprintf(script, sizeof script, GREETING "%s%s" GOODBYE,
		    rows[i].ehlo, rows[i].said);
		prepare(&f, script, 0);
		if (rows[i].insecure)
			set(&f, "insecure-plaintext-auth", "yes");
		set(&f, "mechanism", rows[i].mechanism);
		assert_int_equal(start(&f, rows[i].url), SMTP_OK);
		if (smtp_auth(f.smtp, rows[i].user, rows[i].secret) !=
		    rows[i].status)
			fail_msg("%zu: %s", i, smtp_error(f.smtp));
		assert_string_equal(smtp_error(f.smtp), rows[i].error);
		finish(&f);
	}
	proves("R4954-4-12 LIB-G-1");
}

static void
test_client__authenticates_once(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED "C* AUTH PLAIN\nS: 235 in\nC: NOOP\nS: 250 ok\n"
	    GOODBYE, 0);
	set(&f, "insecure-plaintext-auth", "yes");
	open_plain(&f);
	assert_int_equal(smtp_auth(f.smtp, "joe", "pw"), SMTP_OK);
	assert_int_equal(smtp_auth(f.smtp, "joe", "pw"), SMTP_E_STATE);
	assert_int_equal(smtp_noop(f.smtp), SMTP_OK);
	finish(&f);
	proves("R4954-4-16 R4954-4-15");
}

/*
 * Other commands.
 */

static void
test_client__says_other_commands(void **state)
{
	needs(SMTP_WITH_ENHANCED);
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED "C: NOOP\nS: 250 2.0.0 ok\nC: RSET\nS: 250 ok\n"
	    "C: VRFY bo\nS: 252 2.5.0 perhaps\nC: EXPN all\n"
	    "S: 502 5.5.1 no\nC: HELP\nS: 450 ask later\n" GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_noop(f.smtp), SMTP_OK);
	assert_int_equal(smtp_reset(f.smtp), SMTP_OK);
	assert_int_equal(smtp_command(f.smtp, "VRFY bo"), SMTP_OK);
	assert_int_equal(smtp_reply_code(f.smtp), 252);
	assert_string_equal(smtp_reply_enhanced(f.smtp), "2.5.0");
	assert_string_equal(smtp_reply_text(f.smtp), "perhaps");
	assert_int_equal(smtp_command(f.smtp, "EXPN all"), SMTP_E_REFUSED);
	assert_string_equal(smtp_error(f.smtp),
	    "the session: the server said 502 5.5.1 no");
	assert_int_equal(smtp_command(f.smtp, "HELP"), SMTP_E_LATER);
	finish(&f);
	proves("R5321-3.5-1 R5321-4.1.1.9-1");
}

static void
test_client__quits_at_most_once(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED GOODBYE, 0);
	open_plain(&f);
	assert_int_equal(smtp_quit(f.smtp), SMTP_OK);
	assert_int_equal(smtp_quit(f.smtp), SMTP_OK);
	assert_int_equal(smtp_noop(f.smtp), SMTP_E_STATE);
	finish(&f);
}

/* A QUIT that fails changes nothing about what was delivered. */
static void
test_client__closes_whatever_quit_gets(void **state)
{
	static const char *const ends[] = { "EOF\n", "C: QUIT\nEOF\n",
		"C: QUIT\nS: 500 what?\n", "RST\n", "C: QUIT\ns: 22\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		char script[512];
		struct fixture f;

		snprintf(script, sizeof script, PIPELINED "%s", ends[i]);
		prepare(&f, script, 0);
		set(&f, "quit-timeout", "1");
		open_plain(&f);
		finish(&f);
	}
	proves("LIB-D-1");
}

static void
test_client__bears_nothing_at_all(void **state)
{
	(void)state;
	assert_int_equal(smtp_open(NULL, "smtp://mx", NULL), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_auth(NULL, "a", "b"), SMTP_E_MEMORY);
	assert_int_equal(smtp_send(NULL, NULL), SMTP_E_MEMORY);
	assert_int_equal(smtp_noop(NULL), SMTP_E_MEMORY);
	assert_int_equal(smtp_step(NULL), SMTP_E_MEMORY);
	assert_int_equal(smtp_close(NULL), SMTP_OK);
	assert_int_equal(smtp_cause(NULL), SMTP_E_MEMORY);
	assert_string_equal(smtp_error(NULL), "out of memory");
	assert_string_equal(smtp_hint(NULL), "");
	assert_int_equal(smtp_fd(NULL), -1);
	assert_null(smtp_capability(NULL, "SIZE"));
	smtp_cancel(NULL);
}

/*
 * LMTP.
 */

static void
test_client__has_a_verdict_for_each_with_lmtp(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	needs(SMTP_WITH_LMTP);
	struct smtp_message *m = message_to(three);
	struct fixture f;

	(void)state;
	prepare(&f, "S: 220 mx LMTP\nC: LHLO client.example\n"
	    "S: 250-mx\nS: 250 PIPELINING\nC: MAIL FROM:<a@x.example>\n"
	    "C: RCPT TO:<b@y.example>\nC: RCPT TO:<c@y.example>\n"
	    "C: RCPT TO:<d@y.example>\nC: DATA\n"
	    "S: 250 ok\nS: 250 ok\nS: 550 5.1.1 no\nS: 250 ok\nS: 354 go\n"
	    SENT "S: 250 2.0.0 <b> X1Y2 Saved\nS: 452 4.2.2 full\n" GOODBYE,
	    0);
	assert_int_equal(start(&f, "lmtp+plaintext://mx:24"), SMTP_OK);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_PARTIAL);
	expect_row(m, 0, SMTP_OK, 250, "2.0.0", "<b> X1Y2 Saved");
	expect_row(m, 1, SMTP_E_REFUSED, 550, "5.1.1", "no");
	expect_row(m, 2, SMTP_E_LATER, 452, "4.2.2", "full");
	assert_string_equal(smtp_message_queue_id(m), "X1Y2");
	finish(&f);
	smtp_message_free(m);
	proves("R2033-4.1-1 R2033-4.2-1");
}

static void
test_client__keeps_verdicts_that_came_before_a_loss(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_LMTP);
	struct smtp_message *m = message_to(three);
	struct fixture f;

	(void)state;
	prepare(&f, "S: 220 mx LMTP\nC: LHLO client.example\n"
	    "S: 250-mx\nS: 250 PIPELINING\nC: MAIL FROM:<a@x.example>\n"
	    "C: RCPT TO:<b@y.example>\nC: RCPT TO:<c@y.example>\n"
	    "C: RCPT TO:<d@y.example>\nC: DATA\n"
	    "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\n"
	    SENT "S: 250 saved\nEOF\n", 0);
	assert_int_equal(start(&f, "lmtp+plaintext://mx:24"), SMTP_OK);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_E_UNKNOWN);
	expect_row(m, 0, SMTP_OK, 250, "", "saved");
	expect_row(m, 1, SMTP_E_UNKNOWN, 0, "", "");
	expect_row(m, 2, SMTP_E_UNKNOWN, 0, "", "");
	finish(&f);
	smtp_message_free(m);
	proves("LIB-R-1");
}

/*
 * In steps.
 */

static int
step_to_end(struct fixture *f, int rc)
{
	for (int i = 0; rc > 0; i++) {
		assert_true(i < 100000);
		assert_int_equal(rc & ~(SMTP_WANT_READ | SMTP_WANT_WRITE |
		    SMTP_WANT_TIME | SMTP_WANT_SOURCE), 0);
		assert_true(smtp_due_ms(f->smtp) > 0);
		/* Nothing else may begin meanwhile, and nothing is lost. */
		assert_int_equal(smtp_noop(f->smtp), SMTP_E_STATE);
		rc = smtp_step(f->smtp);
	}
	return rc;
}

static void
test_client__never_blocks_when_told_so(void **state)
{
	(void)state;
	needs(SMTP_WITH_PIPELINING);
	for (size_t piece = 1; piece < 30; piece += 7) {
		struct once o = { .waits = 2 };
		struct smtp_message *m = message_of(smtp_source_callback(
		    read_once, NULL, NULL, &o, strlen(TEXT)), bo);
		struct fixture f;
		int rc;

		prepare(&f, slow_course, piece);
		set(&f, "blocking", "no");
		rc = start(&f, "smtp+plaintext://mx.example");
		assert_true(rc > 0);
		assert_int_equal(step_to_end(&f, rc), SMTP_OK);
		assert_int_equal(smtp_step(f.smtp), SMTP_E_STATE);
		rc = smtp_send(f.smtp, m);
		assert_true(rc > 0);
		assert_int_equal(step_to_end(&f, rc), SMTP_OK);
		assert_int_equal(smtp_message_status(m), SMTP_OK);
		rc = smtp_quit(f.smtp);
		assert_int_equal(step_to_end(&f, rc), SMTP_OK);
		finish(&f);
		smtp_message_free(m);
	}
	proves("LIB-E-6");
}

/* Cancelled after each number of steps: never a wrong answer, never a leak. */
static void
test_client__can_be_cancelled_anywhere(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	bool ended = false;
	int unknown = 0, later = 0;

	(void)state;
	for (int steps = 0; !ended; steps++) {
		struct smtp_message *m = message_to(bo);
		bool end_mark;
		struct fixture f;
		int rc;

		assert_true(steps < 1000);
		prepare(&f, course, 3);
		set(&f, "blocking", "no");
		rc = start(&f, "smtp+plaintext://mx.example");
		assert_int_equal(step_to_end(&f, rc), SMTP_OK);
		rc = smtp_send(f.smtp, m);
		for (int i = 0; rc > 0 && i < steps; i++)
			rc = smtp_step(f.smtp);
		ended = rc == SMTP_OK;
		if (!ended) {
			/* It is out as soon as it was offered. */
			end_mark = strstr(f.trace, "S354 go") != NULL &&
			    strstr(f.peer.at, "C: Subject: a\n") == NULL;
			smtp_cancel(f.smtp);
			rc = smtp_step(f.smtp);
			assert_int_equal(smtp_message_status(m), rc);
			assert_int_equal(smtp_cause(f.smtp),
			    SMTP_E_CANCELLED);
			assert_true(rc == SMTP_E_LATER ||
			    rc == SMTP_E_UNKNOWN);
			if (end_mark)
				assert_int_equal(rc, SMTP_E_UNKNOWN);
			unknown += rc == SMTP_E_UNKNOWN;
			later += rc == SMTP_E_LATER;
			assert_true(f.peer.closed);
			assert_int_equal(smtp_noop(f.smtp), SMTP_E_STATE);
		}
		smtp_close(f.smtp);
		smtp_options_free(f.options);
		smtp_message_free(m);
	}
	assert_true(unknown > 0 && later > 0);
	proves("LIB-E-7");
}

/* Closed while it sends: the message gets its results all the same. */
static void
test_client__tells_the_message_when_it_is_closed(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct smtp_message *m = message_to(bo);
	struct fixture f;
	int rc;

	(void)state;
	prepare(&f, PIPELINED TO_DATA SENT, 0);
	set(&f, "blocking", "no");
	rc = start(&f, "smtp+plaintext://mx.example");
	assert_int_equal(step_to_end(&f, rc), SMTP_OK);
	assert_true(smtp_send(f.smtp, m) > 0);
	finish(&f);
	assert_int_equal(smtp_message_status(m), SMTP_E_UNKNOWN);
	assert_int_equal(smtp_message_cause(m), SMTP_E_CANCELLED);
	smtp_message_free(m);
}

static void
test_client__bounds_its_waits(void **state)
{
	static const struct {
		const char *option, *script;
		int status, phase;
		const char *error;
	} rows[] = {
		{ "greeting-timeout", "", SMTP_E_TIMEOUT, SMTP_PHASE_GREETING,
		    "greeting: no reply for 1 s" },
		{ "timeout", GREETING "S: 250-mx\n", SMTP_E_TIMEOUT,
		    SMTP_PHASE_EHLO, "EHLO: no reply for 1 s" },
		{ "deadline", "s: 2\n", SMTP_E_TIMEOUT, SMTP_PHASE_GREETING,
		    "greeting: the deadline has passed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t began = smtp_now_ms(), took;
		struct fixture f;

		prepare(&f, rows[i].script, 0);
		set(&f, rows[i].option, "1");
		assert_int_equal(start(&f, "smtp+plaintext://mx"),
		    rows[i].status);
		took = smtp_now_ms() - began;
		assert_true(took >= 950 && took < 10000);
		expect_error(f.smtp, SMTP_E_TIMEOUT, rows[i].phase,
		    rows[i].error);
		finish(&f);
	}
	proves("LIB-K-1 LIB-K-4");
}

/* One moment for all calls, whichever of them it meets. */
static void
test_client__has_a_deadline_over_calls(void **state)
{
	uint64_t began = smtp_now_ms();
	struct fixture f;

	(void)state;
	prepare(&f, PIPELINED "C: NOOP\nS: 250 ok\nC: RSET\n", 0);
	open_plain(&f);
	smtp_set_deadline(f.smtp, began + 1500);
	assert_int_equal(smtp_noop(f.smtp), SMTP_OK);
	assert_int_equal(smtp_reset(f.smtp), SMTP_E_TIMEOUT);
	assert_true(smtp_now_ms() - began < 10000);
	assert_non_null(strstr(smtp_error(f.smtp), "the deadline has passed"));
	finish(&f);
}

/*
 * Memory.
 */

struct meter {
	long left;                       /* allocations that succeed        */
	size_t held;
	bool leaked;                     /* a secret was in freed memory    */
};

static void *
metered(void *ctx, void *p, size_t was, size_t now)
{
	static const char secret[] = "hunter2", coded[] = "aHVudGVy";
	struct meter *m = ctx;
	char *octets = p;

	if (now == 0) {
		for (size_t i = 0; i + 7 <= was; i++)
			m->leaked |= memcmp(octets + i, secret, 7) == 0 ||
			    (i + 8 <= was &&
			    memcmp(octets + i, coded, 8) == 0);
		m->held -= was;
		free(p);
		return NULL;
	}
	if (m->left == 0)
		return NULL;
	m->left--;
	octets = realloc(p, now);
	assert_non_null(octets);
	if (now > was)                   /* all of it is looked at above */
		memset(octets + was, 0, now - was);
	m->held += now - was;
	return octets;
}

static const char whole[] = GREETING "S: 250-mx\nS: 250-AUTH LOGIN\n"
    "S: 250 PIPELINING\nC: AUTH LOGIN\nS: 334 VXNlcg==\nC: am9l\n"
    "S: 334 UGFzcw==\nC: aHVudGVyMg==\nS: 235 in\n"
    "C: MAIL FROM:<a@x.example>\nC: RCPT TO:<b@y.example>\n"
    "C: RCPT TO:<c@y.example>\nC: RCPT TO:<d@y.example>\nC: DATA\n"
    "S: 250 ok\nS: 250 ok\nS: 550 no\nS: 450 later\nS: 354 go\n"
    SENT "S: 250 queued as 1234\n" GOODBYE;

/* A session with so many allocations; true when it went through. */
static bool
run_with(struct meter *meter, int *last)
{
	struct smtp_allocator a = { metered, meter };
	struct smtp_message *m = message_to(three);
	struct fixture f;
	bool through;
	int rc;

	memset(&f, 0, sizeof f);
	peer_init(&f.peer, whole, 0);
	f.options = smtp_options_new_with(&a);
	smtp_options_set(f.options, "ehlo-name", "client.example");
	smtp_options_set(f.options, "insecure-plaintext-auth", "yes");
	smtp_options_set_trace(f.options, note_line, &f);
	rc = smtp_options_set_transport(f.options, &f.peer.transport);
	if (rc == SMTP_OK)
		rc = start(&f, "smtp+plaintext://mx.example");
	if (rc == SMTP_OK)
		rc = smtp_auth(f.smtp, "joe", "hunter2");
	if (rc == SMTP_OK)
		rc = smtp_send(f.smtp, m);
	if (rc == SMTP_E_MEMORY)
		assert_string_equal(smtp_error(f.smtp), "out of memory");
	through = rc == SMTP_E_PARTIAL;
	*last = rc;
	smtp_close(f.smtp);
	smtp_options_free(f.options);
	smtp_message_free(m);
	return through;
}

static void
test_client__survives_without_memory(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_LOGIN);
	bool through = false;
	struct meter m;
	int rc;

	(void)state;
	for (long left = 0; left < 40; left++) {
		m = (struct meter){ .left = left };
		through = run_with(&m, &rc);
		/* Options that were not to be had: their defaults. */
		if (!through && rc != SMTP_E_MEMORY && rc != SMTP_E_ARGUMENT &&
		    rc != SMTP_E_AUTH)
			fail_msg("%ld: %s", left, smtp_status_name(rc));
		assert_int_equal(m.held, 0);
	}
	assert_true(through);
	proves("LIB-T-4");
}

static void
test_client__wipes_secrets_before_their_memory_goes(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_LOGIN);
	struct meter m = { .left = 1000 };
	int rc;

	(void)state;
	assert_true(run_with(&m, &rc));
	assert_false(m.leaked);
	assert_int_equal(m.held, 0);
	proves("LIB-H-3");
}

/* A session that is idle holds little, whatever went through it. */
static void
test_client__holds_little_while_idle(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct meter meter = { .left = 1000 };
	struct smtp_allocator a = { metered, &meter };
	struct smtp_message *m = message_to(bo);
	struct fixture f;
	size_t before;

	(void)state;
	memset(&f, 0, sizeof f);
	peer_init(&f.peer, course, 0);
	f.options = smtp_options_new_with(&a);
	set(&f, "ehlo-name", "client.example");
	smtp_options_set_transport(f.options, &f.peer.transport);
	before = meter.held;
	open_plain(&f);
	assert_int_equal(smtp_send(f.smtp, m), SMTP_OK);
	assert_true(meter.held - before <= 4096);
	finish(&f);
	smtp_message_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client__sends_one_flight_and_the_content),
		cmocka_unit_test(test_client__writes_each_flight_at_once),
		cmocka_unit_test(test_client__traces_what_was_said),
		cmocka_unit_test(
		    test_client__waits_for_each_reply_without_pipelining),
		cmocka_unit_test(test_client__has_a_row_for_each_recipient),
		cmocka_unit_test(
		    test_client__sends_nothing_when_all_was_delivered),
		cmocka_unit_test(test_client__says_who_refused_the_whole),
		cmocka_unit_test(
		    test_client__keeps_the_reason_of_a_refused_group),
		cmocka_unit_test(
		    test_client__gives_the_surplus_another_transaction),
		cmocka_unit_test(
		    test_client__leaves_the_surplus_of_what_is_read_once),
		cmocka_unit_test(
		    test_client__does_not_take_a_full_mailbox_for_surplus),
		cmocka_unit_test(
		    test_client__tells_whether_a_lost_mail_may_have_arrived),
		cmocka_unit_test(test_client__asks_before_it_delivers_twice),
		cmocka_unit_test(test_client__hears_why_the_server_hung_up),
		cmocka_unit_test(
		    test_client__never_ends_what_its_source_did_not),
		cmocka_unit_test(test_client__waits_for_a_slow_source),
		cmocka_unit_test(
		    test_client__says_nothing_of_what_cannot_be_sent),
		cmocka_unit_test(
		    test_client__refuses_what_is_over_the_offered_size),
		cmocka_unit_test(test_client__wants_all_or_none),
		cmocka_unit_test(test_client__says_why_a_session_did_not_open),
		cmocka_unit_test(test_client__needs_a_name_for_ehlo),
		cmocka_unit_test(test_client__takes_a_transport_once),
		cmocka_unit_test(
		    test_client__never_goes_on_without_authentication),
		cmocka_unit_test(test_client__authenticates_once),
		cmocka_unit_test(test_client__says_other_commands),
		cmocka_unit_test(test_client__quits_at_most_once),
		cmocka_unit_test(test_client__closes_whatever_quit_gets),
		cmocka_unit_test(test_client__bears_nothing_at_all),
		cmocka_unit_test(test_client__has_a_verdict_for_each_with_lmtp),
		cmocka_unit_test(
		    test_client__keeps_verdicts_that_came_before_a_loss),
		cmocka_unit_test(test_client__never_blocks_when_told_so),
		cmocka_unit_test(test_client__can_be_cancelled_anywhere),
		cmocka_unit_test(
		    test_client__tells_the_message_when_it_is_closed),
		cmocka_unit_test(test_client__bounds_its_waits),
		cmocka_unit_test(test_client__has_a_deadline_over_calls),
		cmocka_unit_test(test_client__survives_without_memory),
		cmocka_unit_test(
		    test_client__wipes_secrets_before_their_memory_goes),
		cmocka_unit_test(test_client__holds_little_while_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
