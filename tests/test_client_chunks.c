/* SPDX-License-Identifier: MIT */
/*
 * Content by BDAT, binary content, and a verdict for each recipient, over real
 * sockets. A server of a transcript answers nothing before it has heard all
 * lines above its answer, so that each round trip is one that was needed.
 */
#define _GNU_SOURCE      /* memmem */
#include "check.h"

#include <poll.h>

#include "support/session.h"

#define PLAIN "smtp+plaintext"

#define PLAY_OPEN(offers) "S: 220 hi\nC: EHLO *\nS: 250-hi\n" offers
#define BOTH "S: 250-PIPELINING\nS: 250 CHUNKING\n"
#define ENVELOPE "C: MAIL FROM:<a@example.com>\nC: RCPT TO:<b@example.com>\n"
#define SHORT "Subject: x\n\n.\n"
#define SHORT_LINES "C: Subject: x\nC: \nC: .\n"
#define OK(n) "REPEAT " #n "\nS: 250 ok\n"
#define BYE "C: QUIT\nS: 221 bye\nEOF\n"

/* A source without length that gives a few octets each time. */
struct drip {
	const char *text;
	size_t n, at, step, fail_at;
};

static ptrdiff_t
drip_read(void *ctx, void *p, size_t n)
{
	struct drip *d = ctx;
	size_t left = d->n - d->at;

	if (d->fail_at > 0 && d->at >= d->fail_at)
		return SMTP_SOURCE_FAILED;
	n = n < d->step ? n : d->step;
	n = n < left ? n : left;
	memcpy(p, d->text + d->at, n);
	d->at += n;
	return (ptrdiff_t)n;
}

static struct smtp_message *
mail_from(struct drip *d)
{
	struct smtp_message *m = smtp_message_new();

	smtp_message_set_raw(m, smtp_source_callback(drip_read, NULL, NULL, d,
		SMTP_SIZE_UNKNOWN));
	smtp_message_set_envelope_from(m, "a@example.com");
	smtp_message_add_recipient(m, "b@example.com");
	return m;
}

static const struct flight {
	const char *name, *option, *value, *script;
	int streamed;            /* without a length                        */
	const char *proves;
} flights[] = {
	{ "one round trip", "chunking", "yes", PLAY_OPEN(BOTH)
	    ENVELOPE "C: BDAT 17 LAST\n" SHORT_LINES OK(3) BYE, false,
	    "R3030-2-6" },
	{ "one, without a length", "chunking", "yes", PLAY_OPEN(BOTH)
	    ENVELOPE "C: BDAT 17 LAST\n" SHORT_LINES OK(3) BYE, true,
	    "R3030-2-6" },
	{ "two in the order of the RFC", "bdat-one-flight", "no",
	    PLAY_OPEN(BOTH) ENVELOPE OK(2) "C: BDAT 17 LAST\n" SHORT_LINES
	    OK(1) BYE, false, "R3030-2-6" },
	{ "two, all or nothing", "require-all", "yes",
	    PLAY_OPEN(BOTH) ENVELOPE OK(2) "C: BDAT 17 LAST\n" SHORT_LINES
	    OK(1) BYE, false, "R3030-2-6" },
	{ "two with DATA", "chunking", "no", PLAY_OPEN(BOTH)
	    ENVELOPE "C: DATA\n" OK(2) "S: 354 go\nC: Subject: x\nC: \n"
	    "C: ..\nC: .\n" OK(1) BYE, false, "R3030-2-1" },
	{ "two with PIPELINING alone", "chunking", "yes",
	    PLAY_OPEN("S: 250 PIPELINING\n")
	    ENVELOPE "C: DATA\n" OK(2) "S: 354 go\nC: Subject: x\nC: \n"
	    "C: ..\nC: .\n" OK(1) BYE, false, "R3030-2-1" },
	{ "three with CHUNKING alone", "chunking", "yes",
	    PLAY_OPEN("S: 250 CHUNKING\n") "C: MAIL*\n" OK(1) "C: RCPT*\n"
	    OK(1) "C: BDAT 17 LAST\n" SHORT_LINES OK(1) BYE, false,
	    "R3030-2-4" },
	{ "no chunk that waits for a second", "chunking", "yes",
	    PLAY_OPEN("S: 250 CHUNKING\n") "C: MAIL*\n" OK(1) "C: RCPT*\n"
	    OK(1) "C: DATA\nS: 354 go\nC: Subject: x\nC: \nC: ..\nC: .\n"
	    OK(1) BYE, true, "R3030-2-1" },
};

static void
test_client_chunks__takes_no_round_trip_more(void **state)
{
	(void)state;
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_BDAT);
	for (size_t i = 0; i < COUNT(flights); i++) {
		const struct flight *f = &flights[i];
		struct server *s = server_play(f->script, NULL);
		struct smtp *smtp = session_to(s, server_url(s, PLAIN,
			"localhost"), f->option, f->value, "timeout", "5",
			NULL);
		struct drip d = { SHORT, sizeof SHORT - 1, 0, 3, 0 };
		struct smtp_message *m = f->streamed ? mail_from(&d) :
			mail_of(SHORT, "b@example.com", NULL);

		expect_rc(f->name, smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_close(smtp);
		expect_complete(f->name, s);
		smtp_message_free(m);
		server_stop(s);
		proves(f->proves);
	}
}

/* Lines of all lengths, dots at their start, more than three chunks. */
static const char *
long_text(void)
{
	static char text[220001];
	size_t n = 0;

	for (unsigned line = 0; n + 300 < sizeof text; line++) {
		memset(text + n, line % 3 == 0 ? '.' : 'x', line % 200);
		n += line % 200;
		text[n++] = '\n';
	}
	return text;
}

/* Three chunks of whole lines. */
static const char *
even_text(void)
{
	static char text[3 * 65536 + 1];

	for (size_t i = 0; i + 1 < sizeof text; i++)
		text[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : 'x';
	return text;
}

/* Each chunk would wait for a reply: more than one of them is worse. */
static void
test_client_chunks__goes_by_data_where_that_waits_less(void **state)
{
	needs(SMTP_WITH_BDAT);
	struct server *s = server_play(PLAY_OPEN("S: 250 CHUNKING\n")
	    "C: MAIL*\n" OK(1) "C: RCPT*\n" OK(1) "C: DATA\nS: 354 go\nC.\n"
	    OK(1) BYE, NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN, "localhost"),
	    "timeout", "5", NULL);
	struct smtp_message *m = mail_of(long_text(), "b@example.com", NULL);

	(void)state;
	expect_rc("large", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_close(smtp);
	expect_complete("large", s);
	smtp_message_free(m);
	server_stop(s);
}

/* The same mail both ways, in one piece and in drops: it arrives the same. */
static void
test_client_chunks__carries_what_data_carries(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_BDAT);
	static const struct { const char *mode; size_t step; } rows[] = {
		{ "no", 0 }, { "no", 777 }, { "yes", 0 }, { "yes", 777 },
		{ "yes", 65536 }, { "yes", 1 }, { "yes", 65537 },
	};
	const char *text = long_text();
	struct server *s = server_start("--tls", "none", "--chunking", NULL);
	size_t n, k;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp *smtp = session_to(s, server_url(s, PLAIN,
			"localhost"), "chunking", rows[i].mode, NULL);
		struct drip d = { text, strlen(text), 0, rows[i].step, 0 };
		struct smtp_message *m = rows[i].step > 0 ? mail_from(&d) :
			mail_of(text, "b@example.com", NULL);
		const char *first, *other;

		expect_rc(rows[i].mode, smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_close(smtp);
		smtp_message_free(m);
		first = server_mail(s, 1, &n);
		other = server_mail(s, (unsigned)i + 1, &k);
		assert_int_equal(n, k);
		assert_memory_equal(first, other, n);
	}
	server_found_no_fault(s);
	assert_int_equal(2, server_heard_lines(s, "DATA\r\n"));
	assert_true(server_heard_line(s, "BDAT 65536\r\n"));
	server_stop(s);
	proves("LIB-F-6 R3030-2-1 R3030-2-2 R3030-2-3 R3030-2-7");
}

/* A size that is a multiple of the chunk: the last one is whole. */
static void
test_client_chunks__knows_the_last_one(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_BDAT);
	const char *text = even_text();
	struct server *s = server_start("--tls", "none", "--chunking", NULL);
	struct smtp *smtp = plain_session(s);

	(void)state;
	for (size_t i = 1; i <= 3; i++) {
		struct drip d = { text, i * 65536, 0, 5000, 0 };
		struct smtp_message *m = mail_from(&d);

		expect_rc("multiple", smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_message_free(m);
	}
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(3, server_heard_lines(s, "BDAT 65536 LAST\r\n"));
	assert_int_equal(3, server_heard_lines(s, "BDAT 65536\r\n"));
	server_stop(s);
	proves("R3030-2-3");
}

/* LAST is never said, and the session takes the next mail. */
static void
test_client_chunks__a_failed_source_ends_its_mail_only(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_BDAT);
	static const size_t at[] = { 1, 100, 70000, 190000 };
	const char *text = even_text();
	struct server *s = server_start("--tls", "none", "--chunking", NULL);
	struct smtp *smtp = plain_session(s);

	(void)state;
	for (size_t i = 0; i < COUNT(at); i++) {
		struct drip d = { text, strlen(text), 0, 77, at[i] };
		struct smtp_message *m = mail_from(&d);
		unsigned last = (unsigned)i;

		expect_rc("fails", smtp, smtp_send(smtp, m), SMTP_E_SOURCE);
		assert_int_equal(SMTP_E_SOURCE, smtp_message_cause(m));
		expect_row("fails", m, 0, SMTP_E_SOURCE, 0);
		smtp_message_free(m);
		assert_int_equal(last, server_mails(s));
		m = mail_of(SHORT, "b@example.com", NULL);
		expect_rc("next", smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_message_free(m);
	}
	smtp_close(smtp);
	server_found_no_fault(s);
	assert_int_equal(1, server_sessions(s));
	assert_int_equal(4, server_heard_lines(s, "RSET\r\n"));
	assert_int_equal(4, server_heard_lines(s, "BDAT 17 LAST\r\n"));
	server_stop(s);
	proves("LIB-F-3 R5321-4.1.1.5-1");
}

/*
 * A session that died at rest is found dead before the mail is in doubt, and
 * opened again; one that was just used is not asked first.
 */
static void
test_client_chunks__an_old_session_is_asked_first(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_BDAT);
	static const char first[] = PLAY_OPEN(BOTH) ENVELOPE
		"C: BDAT 17 LAST\n" SHORT_LINES OK(3);
	static const struct {
		const char *then;
		int rest_ms, want;
	} rows[] = {
		{ ENVELOPE "CLOSE\nACCEPT\n" PLAY_OPEN(BOTH) ENVELOPE
		    "C: BDAT 17 LAST\n" SHORT_LINES OK(3) BYE, 1200, SMTP_OK },
		{ ENVELOPE OK(2) "C: BDAT 17 LAST\n" SHORT_LINES OK(1) BYE,
		    1200, SMTP_OK },
		{ ENVELOPE "C: BDAT 17 LAST\n" SHORT_LINES "CLOSE\n", 0,
		    SMTP_E_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char script[2000];
		struct server *s;
		struct smtp *smtp;
		struct smtp_message *m = mail_of(SHORT, "b@example.com", NULL);

		(void)snprintf(script, sizeof script, "%s%s", first,
			rows[i].then);
		s = server_play(script, NULL);
		smtp = session_to(s, server_url(s, PLAIN, "localhost"),
			"timeout", "5", NULL);
		expect_rc("first", smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_message_free(m);
		(void)poll(NULL, 0, rows[i].rest_ms);
		m = mail_of(SHORT, "b@example.com", NULL);
		expect_rc("second", smtp, smtp_send(smtp, m), rows[i].want);
		smtp_message_free(m);
		smtp_close(smtp);
		expect_complete("old session", s);
		server_stop(s);
	}
	proves("LIB-E-5 R5321-4.5.3.2.6-1");
}

/* ---- BINARYMIME */

static void
test_client_chunks__attachments_go_as_octets(void **state)
{
	static const char octets[] = "a\0b\n.\r\n.\r\n\xff\r.\n";
	static const struct {
		const char *server, *option, *value;
		bool binary;
	} rows[] = {
		{ "--binarymime", "binarymime", "yes", true },
		{ "--binarymime", "binarymime", "no", false },
		{ "--binarymime", "chunking", "no", false },
		{ "--chunking", "binarymime", "yes", false },
	};

	(void)state;
	needs(SMTP_WITH_BDAT);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--tls", "none",
			rows[i].server, NULL);
		struct smtp *smtp = session_to(s, server_url(s, PLAIN,
			"localhost"), rows[i].option, rows[i].value, NULL);
		struct smtp_message *m = smtp_message_new();
		const char *mail, *found;
		size_t n;

		smtp_message_set_from(m, "a@example.com");
		smtp_message_add_to(m, "b@example.com");
		smtp_message_set_subject(m, "octets");
		smtp_message_set_text(m, "here they are\n");
		smtp_message_attach(m, smtp_source_memory(octets,
			sizeof octets), "application/octet-stream", "o.bin");
		expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_close(smtp);
		server_found_no_fault(s);
		mail = server_mail(s, 1, &n);
		found = memmem(mail, n, octets, sizeof octets);
		assert_true((found != NULL) == rows[i].binary);
		assert_true((strstr(server_envelope(s, 1),
			" BODY=BINARYMIME") != NULL) == rows[i].binary);
		assert_non_null(memmem(mail, n, rows[i].binary ?
			"Content-Transfer-Encoding: binary" :
			"Content-Transfer-Encoding: base64", 33));
		smtp_message_free(m);
		server_stop(s);
	}
	proves("R3030-3-1 R3030-3-2 R3030-3-3");
}

static void
test_client_chunks__ready_octets_go_untouched(void **state)
{
	static const char octets[] = "Subject: x\r\n"
		"Content-Transfer-Encoding: binary\r\n\r\n"
		"a\0\n\r.\r\n.\r\n\xff";
	static const char *const servers[] = { "--binarymime", "--chunking" };

	(void)state;
	needs(SMTP_WITH_BDAT);
	for (size_t i = 0; i < COUNT(servers); i++) {
		struct server *s = server_start("--tls", "none", servers[i],
			NULL);
		struct smtp *smtp = plain_session(s);
		struct smtp_message *m = smtp_message_new();
		size_t n = sizeof octets - 1, k = 0;
		const char *mail;

		smtp_message_set_binary(m, smtp_source_memory(octets, n));
		smtp_message_set_envelope_from(m, "a@example.com");
		smtp_message_add_recipient(m, "b@example.com");
		expect_rc("binary", smtp, smtp_send(smtp, m),
			i == 0 ? SMTP_OK : SMTP_E_UNSUPPORTED);
		smtp_close(smtp);
		server_found_no_fault(s);
		assert_int_equal(i == 0, server_mails(s));
		assert_true(server_heard_line(s, "MAIL ") == (i == 0));
		if (i == 0) {
			mail = server_mail(s, 1, &k);
			assert_int_equal(n, k);
			assert_memory_equal(mail, octets, n);
		}
		smtp_message_free(m);
		server_stop(s);
	}
	assert_int_equal(SMTP_E_ARGUMENT, smtp_message_set_binary(NULL,
		smtp_source_memory("", 0)));
	proves("R3030-3-2 R3030-3-3");
}

/* ---- PRDR */

static void
test_client_chunks__each_has_a_verdict_of_its_own(void **state)
{
	needs(SMTP_WITH_ENHANCED);
	static const char *const ways[] = { "yes", "no" };

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s = server_start("--tls", "none", "--prdr",
			"--chunking", "--verdict",
			"c@example.com=550 5.7.1 not for c", "--verdict",
			"d@example.com=450 4.7.1 d is away", NULL);
		struct smtp *smtp = session_to(s, server_url(s, PLAIN,
			"localhost"), "chunking", ways[i], NULL);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			"c@example.com", "d@example.com", NULL);

		expect_rc("each", smtp, smtp_send(smtp, m), SMTP_E_PARTIAL);
		expect_row("each", m, 0, SMTP_OK, 250);
		expect_row("each", m, 1, SMTP_E_REFUSED, 550);
		expect_row("each", m, 2, SMTP_E_LATER, 450);
		assert_string_equal(smtp_message_recipient_text(m, 1),
			"not for c");
		assert_string_equal(smtp_message_recipient_text(m, 2),
			"d is away");
		assert_string_equal(smtp_message_queue_id(m), "DEMO0001");
		smtp_message_free(m);
		m = mail_of(plain_mail, "b@example.com", NULL);
		expect_rc("one", smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_message_free(m);
		smtp_close(smtp);
		assert_non_null(strstr(server_envelope(s, 1), " PRDR\n"));
		assert_null(strstr(server_envelope(s, 2), " PRDR\n"));
		server_found_no_fault(s);
		server_stop(s);
	}
	proves("PRDR-1");
}

static void
test_client_chunks__prdr_can_be_left_out(void **state)
{
	struct server *s = server_start("--tls", "none", "--prdr", NULL);
	struct smtp *smtp = session_to(s, server_url(s, PLAIN, "localhost"),
		"prdr", "no", NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		"c@example.com", NULL);

	(void)state;
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_message_free(m);
	smtp_close(smtp);
	assert_null(strstr(server_envelope(s, 1), "PRDR"));
	server_found_no_fault(s);
	server_stop(s);
}

/* ---- LMTP */

static void
test_client_chunks__lmtp_answers_to_the_last_one(void **state)
{
	needs(SMTP_WITH_LMTP && SMTP_WITH_BDAT);
	struct server *s = server_start("--tls", "none", "--lmtp",
		"--chunking", "--verdict", "c@example.com=452 4.2.2 full",
		NULL);
	struct smtp *smtp = session_to(s, server_url(s, "lmtp+plaintext",
		"localhost"), NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		"c@example.com", NULL);

	(void)state;
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_E_PARTIAL);
	expect_row("lmtp", m, 0, SMTP_OK, 250);
	expect_row("lmtp", m, 1, SMTP_E_LATER, 452);
	smtp_message_free(m);
	smtp_close(smtp);
	assert_true(server_heard_line(s, "BDAT "));
	server_found_no_fault(s);
	server_stop(s);
	proves("R2033-4.3-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_client_chunks__goes_by_data_where_that_waits_less),
		cmocka_unit_test(test_client_chunks__takes_no_round_trip_more),
		cmocka_unit_test(
			test_client_chunks__carries_what_data_carries),
		cmocka_unit_test(test_client_chunks__knows_the_last_one),
		cmocka_unit_test(
			test_client_chunks__a_failed_source_ends_its_mail_only),
		cmocka_unit_test(
			test_client_chunks__an_old_session_is_asked_first),
		cmocka_unit_test(
			test_client_chunks__attachments_go_as_octets),
		cmocka_unit_test(test_client_chunks__ready_octets_go_untouched),
		cmocka_unit_test(
			test_client_chunks__each_has_a_verdict_of_its_own),
		cmocka_unit_test(test_client_chunks__prdr_can_be_left_out),
		cmocka_unit_test(
			test_client_chunks__lmtp_answers_to_the_last_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
