/* SPDX-License-Identifier: MIT */
/* Waits that end in time, calls that end when told to, and steps. */
#include "check.h"

#include <poll.h>
#include <pthread.h>

#include "support/session.h"

#define PLAIN "smtp+plaintext"

/* ---- time */

#define SLOW "CHUNK 1 300\n"

static const struct late {
	const char *name, *script, *option;
	bool large;
	int want, cause, phase;
} late[] = {
	{ "MAIL", PLAY_HELLO "C: MAIL*\nSTALL\n", "timeout", false,
	    SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_MAIL },
	{ "RCPT", PLAY_TO_RCPT "C: RCPT*\nSTALL\n", "envelope-timeout", false,
	    SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_RCPT },
	{ "DATA", PLAY_TO_DATA "C: DATA\nSTALL\n", "data-timeout", false,
	    SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_DATA },
	{ "content", PLAY_TO_BODY "SLEEP 3000\nDROP\n", "block-timeout", true,
	    SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_CONTENT },
	{ "final", PLAY_TO_BODY "C.\nSTALL\n", "final-timeout", false,
	    SMTP_E_UNKNOWN, SMTP_E_TIMEOUT, SMTP_PHASE_FINAL },
	{ "a reply that trickles", PLAY_HELLO "C: MAIL*\n" SLOW
	    "S: 250 ok, though slow to come\nSTALL\n", "timeout", false,
	    SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_MAIL },
	{ "deadline", PLAY_HELLO "C: MAIL*\nSLEEP 400\nS: 250 ok\nC: RCPT*\n"
	    "SLEEP 400\nS: 250 ok\nC: DATA\nSLEEP 400\nS: 354 ok\nSTALL\n",
	    "deadline", false, SMTP_E_LATER, SMTP_E_TIMEOUT,
	    SMTP_PHASE_DATA },
};

static void
test_client_time__each_wait_is_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(late); i++) {
		struct server *s = server_play(late[i].script, "--rcvbuf",
			"4096", NULL);
		struct smtp *smtp = session_to(s, server_url(s, PLAIN,
			"localhost"), late[i].option, "1", NULL);
		struct smtp_message *m = mail_of(late[i].large ?
			large_mail() : plain_mail, "b@example.com", NULL);
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
test_client_time__opening_is_bounded(void **state)
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

/* A clock that jumps by years, which only the Date may heed. */
static int
jumping_clock(void *ctx, int64_t *seconds, int *zone_minutes)
{
	int *calls = ctx;

	*seconds = ++*calls % 2 == 0 ? 1 : INT64_C(4000000000);
	*zone_minutes = 0;
	return 0;
}

static void
test_client_time__the_wall_clock_does_not_matter(void **state)
{
	struct server *s = server_play(PLAY_HELLO "C: MAIL*\nSTALL\n", NULL);
	struct smtp_options *o = options_for(s, "timeout", "1", NULL);
	struct smtp_message *m = smtp_message_new();
	uint64_t begin, took;
	struct smtp *smtp;
	int calls = 0;

	(void)state;
	smtp_message_set_from(m, "a@example.com");
	smtp_message_add_to(m, "b@example.com");
	smtp_message_set_text(m, "x");
	assert_int_equal(SMTP_OK, smtp_options_set_clock(o, jumping_clock,
		&calls));
	expect_rc("open", NULL, smtp_open(&smtp, server_url(s, PLAIN,
		"localhost"), o), SMTP_OK);
	smtp_options_free(o);
	begin = smtp_now_ms();
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_E_LATER);
	took = smtp_now_ms() - begin;
	assert_int_equal(SMTP_E_TIMEOUT, smtp_message_cause(m));
	assert_in_range(took, 900, 2500);
	assert_true(calls > 0);
	smtp_close(smtp);
	smtp_message_free(m);
	server_stop(s);
	proves("LIB-K-2");
}

/* The defaults are those of RFC 5321 section 4.5.3.2 where they can be. */
static int
check_default(void *ctx, const char *name, const char *kind,
	const char *standard, const char *help)
{
	static const struct { const char *name; long least; } rows[] = {
		{ "envelope-timeout", 300 }, { "data-timeout", 120 },
		{ "block-timeout", 180 }, { "final-timeout", 600 },
	};
	unsigned *seen = ctx;

	(void)kind;
	(void)help;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(name, rows[i].name) == 0) {
			assert_true(strtol(standard, NULL, 10) >=
				rows[i].least);
			++*seen;
		}
	return 0;
}

static void
test_client_time__defaults_are_long(void **state)
{
	unsigned seen = 0;

	(void)state;
	assert_int_equal(0, smtp_options_each(check_default, &seen));
	assert_int_equal(4, seen);
}

/* Each wait has its own time: many of them may take longer than one. */
static void
test_client_time__a_slow_server_is_waited_for(void **state)
{
	static const char *const rows[] = {
		PLAY_HELLO "C: MAIL*\nSLEEP 600\nS: 250 ok\nC: RCPT*\n"
		    "SLEEP 600\nS: 250 ok\nC: DATA\nSLEEP 600\nS: 354 go\nC.\n"
		    "SLEEP 600\nS: 250 ok\n" PLAY_BYE,
		PLAY_TO_BODY "C+ 2000000\nSLEEP 500\nC+ 2000000\nSLEEP 500\n"
		    "C+ 2000000\nSLEEP 500\nC+ 2000000\nSLEEP 500\nC.\n"
		    "S: 250 ok\n" PLAY_BYE,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i], NULL);
		struct smtp *smtp = session_to(s, server_url(s, PLAIN,
			"localhost"), i == 1 ? "block-timeout" : "timeout",
			"1", NULL);
		struct smtp_message *m = mail_of(i == 1 ? large_mail() :
			plain_mail, "b@example.com", NULL);
		uint64_t begin = smtp_now_ms();

		expect_rc("slow", smtp, smtp_send(smtp, m), SMTP_OK);
		assert_true(smtp_now_ms() - begin > 1900);
		smtp_close(smtp);
		expect_complete("slow", s);
		smtp_message_free(m);
		server_stop(s);
	}
	/* With the stall in the content above, and the defaults. */
	proves("R5321-4.5.3.2-1 R5321-4.5.3.2.5-1");
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
test_client_time__cancel_ends_it(void **state)
{
	static const struct { const char *script; int want; } rows[] = {
		{ PLAY_HELLO "C: MAIL*\nSTALL\n", SMTP_E_LATER },
		{ PLAY_TO_DATA "C: DATA\nSTALL\n", SMTP_E_LATER },
		{ PLAY_TO_BODY "C.\nSTALL\n", SMTP_E_UNKNOWN },
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
		expect_complete("cancel", s);
		smtp_message_free(m);
		server_stop(s);
	}
	proves("LIB-E-7");
}

/*
 * A call from another thread while one waits: it comes to nothing, and the
 * session goes on, which in the end is cancelled.
 */
struct intruder {
	struct smtp *smtp;
	int rc[9];
};

static void *
intrude(void *ctx)
{
	struct intruder *in = ctx;
	struct smtp_message *m = mail_of(plain_mail, "c@example.com", NULL);
	struct smtp_message *taken;
	size_t n = 0;

	(void)poll(NULL, 0, 200);
	in->rc[n++] = smtp_auth(in->smtp, "user", "secret");
	in->rc[n++] = smtp_auth_token(in->smtp, "user", "secret");
	in->rc[n++] = smtp_auth_mechanism(in->smtp, "EXTERNAL", NULL);
	in->rc[n++] = smtp_send(in->smtp, m);
	in->rc[n++] = smtp_put(in->smtp, m);
	in->rc[n++] = smtp_take(in->smtp, &taken);
	in->rc[n++] = smtp_command(in->smtp, "HELP");
	in->rc[n++] = smtp_step(in->smtp);
	in->rc[n++] = smtp_quit(in->smtp);
	smtp_message_free(m);
	smtp_cancel(in->smtp);
	return NULL;
}

static void
test_client_time__another_thread_comes_to_nothing(void **state)
{
	struct server *s = server_play(PLAY_TO_BODY "C.\nSTALL\n", NULL);
	struct intruder in = { plain_session(s), { 0 } };
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	pthread_t thread;

	(void)state;
	assert_int_equal(0, pthread_create(&thread, NULL, intrude, &in));
	expect_rc("cancelled", in.smtp, smtp_send(in.smtp, m),
	    SMTP_E_UNKNOWN);
	assert_int_equal(0, pthread_join(thread, NULL));
	for (size_t i = 0; i < COUNT(in.rc); i++)
		if (in.rc[i] != SMTP_E_STATE)
			fail_msg("call %zu is %s", i,
			    smtp_status_name(in.rc[i]));
	assert_int_equal(SMTP_E_CANCELLED, smtp_message_cause(m));
	smtp_close(in.smtp);
	expect_complete("intruder", s);
	smtp_message_free(m);
	server_stop(s);
}

/* A source that is never ready: the end mark is not sent, the deadline is. */
static ptrdiff_t
never(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMTP_SOURCE_WAIT;
}

static void
test_client_time__a_source_that_is_never_ready(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (int raw = 0; raw < 2; raw++) {
		struct server *s = server_start(NULL);
		struct smtp_options *o = options_for(s, "deadline", "1", NULL);
		struct smtp_message *m = smtp_message_new();
		struct smtp_source *source = smtp_source_callback(never, NULL,
			NULL, NULL, SMTP_SIZE_UNKNOWN);
		struct smtp *smtp;

		smtp_message_set_envelope_from(m, "a@example.com");
		smtp_message_add_recipient(m, "b@example.com");
		if (raw) {
			smtp_message_set_raw(m, source);
		} else {
			smtp_message_set_from(m, "a@example.com");
			smtp_message_attach(m, source, NULL, "slow");
		}
		assert_int_equal(SMTP_OK, smtp_open(&smtp, server_url(s,
			"smtp", "localhost"), o));
		smtp_options_free(o);
		expect_rc("never", smtp, smtp_send(smtp, m), SMTP_E_LATER);
		assert_int_equal(SMTP_E_TIMEOUT, smtp_message_cause(m));
		assert_in_range(smtp_message_elapsed_ms(m), 900, 3000);
		smtp_close(smtp);
		assert_false(server_heard_line(s, ".\r\n"));
		smtp_message_free(m);
		server_stop(s);
	}
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
test_client_time__in_steps_it_never_blocks(void **state)
{
	static const char *const modes[] = { "starttls", "implicit" };

	(void)state;
	needs(SMTP_WITH_TLS);
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
test_client_time__threads_do_not_meet(void **state)
{
	needs(SMTP_WITH_TLS);
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
		cmocka_unit_test(test_client_time__each_wait_is_bounded),
		cmocka_unit_test(test_client_time__opening_is_bounded),
		cmocka_unit_test(
			test_client_time__the_wall_clock_does_not_matter),
		cmocka_unit_test(test_client_time__defaults_are_long),
		cmocka_unit_test(test_client_time__a_slow_server_is_waited_for),
		cmocka_unit_test(test_client_time__cancel_ends_it),
		cmocka_unit_test(
			test_client_time__a_source_that_is_never_ready),
		cmocka_unit_test(
			test_client_time__another_thread_comes_to_nothing),
		cmocka_unit_test(test_client_time__in_steps_it_never_blocks),
		cmocka_unit_test(test_client_time__threads_do_not_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
