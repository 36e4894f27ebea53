/* SPDX-License-Identifier: MIT */
/* Sessions shared by threads: as many as allowed, in turn, and their end. */
#include "check.h"

#include <smtp/config.h>

#if !(SMTP_WITH_POOL && SMTP_WITH_THREADS)
LEFT_OUT("SMTP_WITH_POOL && SMTP_WITH_THREADS")
#else

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include <smtp/pool.h>

#include "support/child.h"
#include "support/session.h"

enum { THREADS = 8, MAILS = 6 };

static struct smtp_pool *
pool_to(struct server *s, const char *scheme, size_t limit, const char *name,
	const char *value)
{
	struct smtp_options *o = options_for(s, "ehlo-name", "pool.example",
		name, value, NULL);
	struct smtp_pool *pool = smtp_pool_new(server_url(s, scheme,
		"localhost"), o, limit);

	smtp_options_free(o);
	assert_non_null(pool);
	return pool;
}

static unsigned
number(struct smtp_pool *pool, int what)
{
	return (unsigned)smtp_pool_number(pool, what);
}

static void
wait_until(struct smtp_pool *pool, int what, unsigned n)
{
	for (int i = 0; i < 500 && number(pool, what) != n; i++)
		(void)poll(NULL, 0, 10);
	assert_int_equal(n, number(pool, what));
}

/* What a thread does; nothing in there may fail the test by itself. */
struct job {
	pthread_t thread;
	struct smtp_pool *pool;
	struct smtp_message *mail;
	int rc, cause, mails;
	uint64_t begin, end;
	char error[300];
};

static void *
send_one(void *ctx)
{
	struct job *job = ctx;

	job->begin = smtp_now_ms();
	job->rc = smtp_pool_send(job->pool, job->mail, job->error,
		sizeof job->error);
	job->cause = smtp_message_cause(job->mail);
	job->end = smtp_now_ms();
	return NULL;
}

static void
begin(struct job *job, struct smtp_pool *pool, void *(*run)(void *))
{
	memset(job, 0, sizeof *job);
	job->pool = pool;
	job->mail = mail_of(plain_mail, "b@example.com", NULL);
	assert_int_equal(0, pthread_create(&job->thread, NULL, run, job));
}

static void
end(struct job *job)
{
	assert_int_equal(0, pthread_join(job->thread, NULL));
	smtp_message_free(job->mail);
}

static int
send_now(struct smtp_pool *pool, char *error, size_t n)
{
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	int rc = smtp_pool_send(pool, m, error, n);

	smtp_message_free(m);
	return rc;
}

/* ---- sharing */

static void *
send_some(void *ctx)
{
	struct job *job = ctx;

	for (int i = 0; i < MAILS && job->rc == SMTP_OK; i++) {
		struct smtp_message *m = smtp_message_new();

		smtp_message_set_raw(m, smtp_source_memory(plain_mail,
			strlen(plain_mail)));
		smtp_message_set_envelope_from(m, "a@example.com");
		smtp_message_add_recipient(m, "b@example.com");
		job->rc = smtp_pool_send(job->pool, m, job->error,
			sizeof job->error);
		job->mails += job->rc == SMTP_OK;
		smtp_message_free(m);
	}
	return NULL;
}

static void
test_pool__many_threads_share_few_sessions(void **state)
{
	static const char *const modes[] = { "none", "starttls" };

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t k = 0; k < COUNT(modes); k++) {
		struct server *s = server_start("--tls", modes[k], "--delay",
			"5", NULL);
		struct smtp_pool *pool = pool_to(s, k == 0 ?
			"smtp+plaintext" : "smtp", 3, NULL, NULL);
		struct job jobs[THREADS];

		if (k > 0)
			assert_int_equal(SMTP_OK, smtp_pool_auth(pool, USER,
				PASSWORD));
		for (size_t i = 0; i < THREADS; i++)
			begin(&jobs[i], pool, send_some);
		for (size_t i = 0; i < THREADS; i++) {
			end(&jobs[i]);
			assert_string_equal("", jobs[i].error);
			assert_int_equal(MAILS, jobs[i].mails);
		}
		assert_int_equal(0, number(pool, SMTP_POOL_BUSY));
		assert_int_equal(0, number(pool, SMTP_POOL_WAITING));
		assert_int_equal(3, number(pool, SMTP_POOL_LIMIT));
		assert_in_range(number(pool, SMTP_POOL_IDLE), 1, 3);
		assert_int_equal(THREADS * MAILS,
			number(pool, SMTP_POOL_SENT));
		assert_in_range(number(pool, SMTP_POOL_OPENED), 1, 3);
		assert_int_equal(0, number(pool, SMTP_POOL_FAILED));
		smtp_pool_free(pool);
		assert_int_equal(THREADS * MAILS, server_mails(s));
		assert_in_range(server_sessions(s), 1, 3);
		server_found_no_fault(s);
		server_stop(s);
	}
}

/* Each of them would wait for the one before it, and no other. */
static void
test_pool__who_comes_first_is_served_first(void **state)
{
	struct server *s = server_start("--tls", "none", "--delay", "15",
		NULL);
	struct smtp_pool *pool = pool_to(s, "smtp+plaintext", 1, NULL, NULL);
	struct job jobs[THREADS];
	struct smtp *smtp;

	(void)state;
	expect_rc("take", NULL, smtp_pool_take(pool, &smtp), SMTP_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		begin(&jobs[i], pool, send_one);
		wait_until(pool, SMTP_POOL_WAITING, i + 1);
	}
	smtp_pool_give(pool, smtp);
	for (size_t i = 0; i < THREADS; i++)
		end(&jobs[i]);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(SMTP_OK, jobs[i].rc);
		if (i > 0)
			assert_true(jobs[i].end >= jobs[i - 1].end);
	}
	smtp_pool_free(pool);
	assert_int_equal(1, server_sessions(s));
	server_found_no_fault(s);
	server_stop(s);
}

static void
test_pool__the_deadline_bounds_the_wait(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_pool *pool = pool_to(s, "smtp+plaintext", 1, "deadline",
		"1");
	struct smtp *smtp, *other;
	struct job job;

	(void)state;
	assert_int_equal(SMTP_OK, smtp_pool_take(pool, &smtp));
	begin(&job, pool, send_one);
	end(&job);
	assert_int_equal(SMTP_E_LATER, job.rc);
	assert_int_equal(SMTP_E_TIMEOUT, job.cause);
	assert_non_null(strstr(job.error, "no session of the pool"));
	assert_in_range(job.end - job.begin, 900, 2000);
	assert_int_equal(SMTP_E_TIMEOUT, smtp_pool_take(pool, &other));
	assert_non_null(strstr(smtp_error(other), "no session of the pool"));
	smtp_pool_give(pool, other);
	/* The time in which nobody called does not count. */
	expect_rc("noop", smtp, smtp_noop(smtp), SMTP_OK);
	smtp_pool_give(pool, smtp);
	assert_int_equal(SMTP_OK, send_now(pool, NULL, 0));
	smtp_pool_free(pool);
	assert_int_equal(1, server_sessions(s));
	server_stop(s);
}

/* ---- what is kept, and what is not */

static void
test_pool__a_session_that_died_is_opened_again(void **state)
{
	static const char mail[] = PLAY_HELLO "C: MAIL*\nS: 250 ok\nC: RCPT*\n"
		"S: 250 ok\nC: DATA\nS: 354 go\nC.\nS: 250 ok\n";
	char *script = test_malloc(4096);
	struct server *s;
	struct smtp_pool *pool;

	(void)state;
	(void)snprintf(script, 4096, "%sDROP\nACCEPT\n%sS: 421 bye\nDROP\n"
		"ACCEPT\n%s" PLAY_BYE, mail, mail, mail);
	s = server_play(script, NULL);
	pool = pool_to(s, "smtp+plaintext", 2, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(SMTP_OK, send_now(pool, NULL, 0));
		(void)poll(NULL, 0, 100);
	}
	assert_int_equal(1, number(pool, SMTP_POOL_IDLE));
	smtp_pool_free(pool);
	expect_complete("reopened", s);
	server_stop(s);
	test_free(script);
}

/* The one that was used last, wherever it stands. */
static void
test_pool__what_was_used_last_is_lent_first(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_pool *pool = pool_to(s, "smtp+plaintext", 2, NULL, NULL);
	struct smtp *both[2], *again;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(SMTP_OK, smtp_pool_take(pool,
				&both[k]));
		smtp_pool_give(pool, both[i % 2]);
		(void)poll(NULL, 0, 20);
		smtp_pool_give(pool, both[1 - i % 2]);
		assert_int_equal(SMTP_OK, smtp_pool_take(pool, &again));
		assert_ptr_equal(both[1 - i % 2], again);
		smtp_pool_give(pool, again);
	}
	smtp_pool_free(pool);
	assert_int_equal(2, server_sessions(s));
	server_found_no_fault(s);
	server_stop(s);
}

static void
test_pool__idle_sessions_come_of_age(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_pool *pool = pool_to(s, "smtp+plaintext", 4, NULL, NULL);
	struct smtp *smtp[3];

	(void)state;
	for (size_t i = 0; i < COUNT(smtp); i++)
		assert_int_equal(SMTP_OK, smtp_pool_take(pool, &smtp[i]));
	assert_int_equal(3, number(pool, SMTP_POOL_BUSY));
	for (size_t i = 0; i < COUNT(smtp); i++)
		smtp_pool_give(pool, smtp[i]);
	smtp_pool_tidy(pool);
	assert_int_equal(3, number(pool, SMTP_POOL_IDLE));
	smtp_pool_set_idle(pool, 1);
	(void)poll(NULL, 0, 1100);
	smtp_pool_tidy(pool);
	assert_int_equal(0, number(pool, SMTP_POOL_IDLE));
	smtp_pool_set_idle(pool, 0);
	assert_int_equal(SMTP_OK, send_now(pool, NULL, 0));
	assert_int_equal(0, number(pool, SMTP_POOL_IDLE));
	assert_int_equal(4, number(pool, SMTP_POOL_OPENED));
	smtp_pool_free(pool);
	assert_int_equal(4, server_sessions(s));
	assert_int_equal(4, server_heard_lines(s, "QUIT"));
	server_stop(s);
}

static void
test_pool__what_is_unfit_is_not_kept(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_pool *pool = pool_to(s, "smtp+plaintext", 1, "blocking",
		"no");
	struct smtp *smtp;

	(void)state;
	assert_int_equal(SMTP_OK, smtp_pool_take(pool, &smtp));
	assert_true(smtp_noop(smtp) > 0);        /* and left like that */
	smtp_pool_give(pool, smtp);
	assert_int_equal(0, number(pool, SMTP_POOL_IDLE));
	assert_int_equal(SMTP_OK, smtp_pool_take(pool, &smtp));
	smtp_cancel(smtp);
	smtp_pool_give(pool, smtp);
	assert_int_equal(0, number(pool, SMTP_POOL_IDLE));
	assert_int_equal(SMTP_OK, send_now(pool, NULL, 0));
	assert_int_equal(1, number(pool, SMTP_POOL_IDLE));
	smtp_pool_free(pool);
	assert_int_equal(3, server_sessions(s));
	server_stop(s);
}

/* LIMITS, RFC 9422: the next mail goes through a session that is new. */
static void
test_pool__mailmax_is_kept(void **state)
{
	static const char mail[] = "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\n"
		"C: DATA\nS: 354 go\nC.\nS: 250 ok\n";
	static const char hello[] = "S: 220 hi\nC: EHLO *\nS: 250-hi\n"
		"S: 250 LIMITS MAILMAX=2\n";
	char *script = test_malloc(4096);
	struct server *s;
	struct smtp_pool *pool;

	(void)state;
	(void)snprintf(script, 4096, "%s%s%sC: QUIT\nS: 221 bye\nEOF\nACCEPT\n"
		"%s%s" PLAY_BYE, hello, mail, mail, hello, mail);
	s = server_play(script, NULL);
	pool = pool_to(s, "smtp+plaintext", 1, NULL, NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(SMTP_OK, send_now(pool, NULL, 0));
	smtp_pool_free(pool);
	expect_complete("MAILMAX", s);
	server_stop(s);
	test_free(script);
}

/* ---- what goes wrong */

static void
test_pool__the_caller_is_told_why(void **state)
{
	static const struct { const char *url; int cause, rc; } rows[] = {
		{ "gopher://localhost", SMTP_E_ARGUMENT, SMTP_E_ARGUMENT },
		{ NULL, SMTP_E_ARGUMENT, SMTP_E_ARGUMENT },
		{ "smtp+plaintext://localhost:1", SMTP_E_CONNECT,
		    SMTP_E_LATER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_pool *pool = smtp_pool_new(rows[i].url, NULL, 0);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);
		char error[300] = "", small[10];
		struct smtp *smtp;

		assert_non_null(pool);
		assert_int_equal(rows[i].rc, smtp_pool_send(pool, m, error,
			sizeof error));
		assert_int_equal(rows[i].cause, smtp_message_cause(m));
		assert_int_equal(rows[i].rc, smtp_message_status(m));
		assert_int_equal(rows[i].rc,
			smtp_message_recipient_status(m, 0));
		assert_true(strlen(error) > 10);
		memset(small, 'x', sizeof small);
		(void)smtp_pool_send(pool, m, small, sizeof small);
		assert_int_equal(9, strlen(small));
		assert_memory_equal(error, small, 9);
		assert_int_equal(rows[i].cause, smtp_pool_take(pool, &smtp));
		assert_memory_equal(error, smtp_error(smtp), 9);
		smtp_pool_give(pool, smtp);
		assert_int_equal(0, number(pool, SMTP_POOL_BUSY));
		assert_int_equal(3, number(pool, SMTP_POOL_FAILED));
		smtp_message_free(m);
		smtp_pool_free(pool);
	}
}

static void
test_pool__a_wrong_password_is_said_once(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--tls", "starttls", NULL);
	struct smtp_pool *pool = pool_to(s, "smtp", 4, NULL, NULL);
	struct job jobs[THREADS];

	(void)state;
	assert_int_equal(SMTP_OK, smtp_pool_auth(pool, USER, "wrong"));
	for (size_t i = 0; i < THREADS; i++)
		begin(&jobs[i], pool, send_one);
	for (size_t i = 0; i < THREADS; i++) {
		end(&jobs[i]);
		assert_int_equal(SMTP_E_LATER, jobs[i].rc);
		assert_int_equal(SMTP_E_AUTH, jobs[i].cause);
	}
	assert_int_equal(1, server_sessions(s));
	assert_int_equal(SMTP_OK, smtp_pool_auth(pool, USER, PASSWORD));
	assert_int_equal(SMTP_OK, send_now(pool, NULL, 0));
	assert_int_equal(2, server_sessions(s));
	/* The session of the former credentials is not used any more. */
	assert_int_equal(SMTP_OK, smtp_pool_auth(pool, USER, PASSWORD));
	assert_int_equal(SMTP_OK, send_now(pool, NULL, 0));
	smtp_pool_free(pool);
	assert_int_equal(3, server_sessions(s));
	server_stop(s);
}

static void
test_pool__wrong_calls_are_told(void **state)
{
	struct smtp_pool *pool = smtp_pool_new("smtp://localhost:1", NULL, 1);
	struct smtp *smtp;

	(void)state;
	assert_int_equal(SMTP_E_ARGUMENT, smtp_pool_auth(pool, NULL, "x"));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_pool_auth(pool, "u", NULL));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_pool_auth(pool, "u", ""));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_pool_auth_token(pool, "u",
		NULL));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_pool_auth_mechanism(pool, NULL,
		NULL));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_pool_take(pool, NULL));
	assert_int_equal(0, smtp_pool_number(pool, 99));
	smtp_pool_give(pool, NULL);
	smtp_pool_free(pool);
	smtp_pool_free(NULL);
	smtp_pool_cancel(NULL);
	smtp_pool_tidy(NULL);
	smtp_pool_give(NULL, NULL);
	smtp_pool_set_idle(NULL, 1);
	assert_int_equal(SMTP_E_MEMORY, smtp_pool_auth(NULL, "u", "p"));
	assert_int_equal(SMTP_E_MEMORY, smtp_pool_send(NULL, NULL, NULL, 0));
	assert_int_equal(SMTP_E_MEMORY, smtp_pool_take(NULL, &smtp));
	assert_int_equal(0, smtp_pool_number(NULL, SMTP_POOL_LIMIT));
	assert_null(smtp_pool_new("smtp://x", NULL, SIZE_MAX));
}

/* An allocator that fails once, and counts what is out. */
struct heap {
	long until, blocks;
	bool failed;
};

static void *
resize(void *ctx, void *p, size_t was, size_t now)
{
	struct heap *heap = ctx;

	if (now > 0 && heap->until-- == 0) {
		heap->failed = true;
		return NULL;
	}
	heap->blocks += (was == 0) - (now == 0);
	if (now > 0)
		return realloc(p, now);
	free(p);
	return NULL;
}

static void
test_pool__survives_without_memory(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct heap heap = { 0, 0, true };
	unsigned mails = 0;

	(void)state;
	for (long n = 0; heap.failed; n++) {
		struct smtp_allocator allocator = { resize, &heap };
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);
		struct smtp_options *o;
		struct smtp_pool *pool;
		int rc;

		heap.failed = false;
		heap.until = -1;
		o = smtp_options_new_with(&allocator);
		heap.until = n;
		pool = smtp_pool_new(server_url(s, "smtp+plaintext",
			"localhost"), o, 2);
		smtp_options_free(o);
		rc = smtp_pool_send(pool, m, NULL, 0);
		assert_true(rc == SMTP_OK || heap.failed);
		mails += rc == SMTP_OK;
		/* A second one finds no place lost. */
		heap.until = -1;
		smtp_message_forget_outcome(m);
		rc = smtp_pool_send(pool, m, NULL, 0);
		assert_true(rc == SMTP_OK || pool == NULL);
		if (pool != NULL)
			assert_int_equal(1, number(pool, SMTP_POOL_IDLE));
		smtp_pool_free(pool);
		smtp_message_free(m);
		assert_int_equal(0, heap.blocks);
		assert_true(n < 1000);
	}
	assert_true(mails > 0);
	server_stop(s);
}

/* ---- the end */

static void
test_pool__cancel_ends_all_at_once(void **state)
{
	struct server *s = server_start("--tls", "none", "--delay", "3000",
		NULL);
	struct smtp_pool *pool = pool_to(s, "smtp+plaintext", 2, NULL, NULL);
	struct job jobs[4];
	uint64_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(jobs); i++)
		begin(&jobs[i], pool, send_one);
	wait_until(pool, SMTP_POOL_BUSY, 2);
	wait_until(pool, SMTP_POOL_WAITING, 2);
	at = smtp_now_ms();
	smtp_pool_cancel(pool);
	for (size_t i = 0; i < COUNT(jobs); i++) {
		end(&jobs[i]);
		assert_int_equal(SMTP_E_LATER, jobs[i].rc);
		assert_int_equal(SMTP_E_CANCELLED, jobs[i].cause);
		assert_true(jobs[i].end < at + 1000);
	}
	assert_int_equal(SMTP_E_LATER, send_now(pool, NULL, 0));
	smtp_pool_free(pool);
	server_stop(s);
}

/* An allocator that cancels, once there is a pool to cancel. */
static void *
cancelling(void *ctx, void *p, size_t was, size_t now)
{
	struct smtp_pool **pool = ctx;

	(void)was;
	if (now == 0) {
		free(p);
		return NULL;
	}
	if (*pool != NULL)
		smtp_pool_cancel(*pool);
	*pool = NULL;
	return realloc(p, now);
}

/* A session that is only just made is cancelled with the others. */
static void
test_pool__cancel_between_place_and_session(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_pool *ours, *pool = NULL;
	const struct smtp_allocator heap = { cancelling, &pool };
	struct smtp_options *o = smtp_options_new_with(&heap);
	struct smtp *smtp;

	(void)state;
	ours = smtp_pool_new(server_url(s, "smtp+plaintext", "localhost"), o,
		1);
	smtp_options_free(o);
	assert_non_null(ours);
	pool = ours;
	assert_int_equal(SMTP_E_CANCELLED, smtp_pool_take(ours, &smtp));
	assert_null(pool);
	smtp_pool_give(ours, smtp);
	smtp_pool_free(ours);
	assert_int_equal(0, server_mails(s));
	server_stop(s);
}

/* Freed under threads that wait, that send, and with a session that is out. */
static void
test_pool__free_waits_for_nobody(void **state)
{
	struct server *s = server_start("--tls", "none", "--delay", "3000",
		NULL);
	struct smtp_pool *pool = pool_to(s, "smtp+plaintext", 2, NULL, NULL);
	struct job jobs[3];
	struct smtp *out;
	uint64_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(jobs); i++)
		begin(&jobs[i], pool, send_one);
	wait_until(pool, SMTP_POOL_WAITING, 1);
	at = smtp_now_ms();
	smtp_pool_free(pool);
	assert_true(smtp_now_ms() < at + 500);
	for (size_t i = 0; i < COUNT(jobs); i++) {
		end(&jobs[i]);
		assert_int_equal(SMTP_E_CANCELLED, jobs[i].cause);
	}
	server_stop(s);

	s = server_start("--tls", "none", NULL);
	pool = pool_to(s, "smtp+plaintext", 2, NULL, NULL);
	assert_int_equal(SMTP_OK, smtp_pool_take(pool, &out));
	smtp_pool_free(pool);
	assert_int_equal(SMTP_E_CLOSED, smtp_noop(out) == SMTP_OK ? 0 :
		SMTP_E_CLOSED);
	assert_int_equal(SMTP_E_CANCELLED, smtp_cause(out));
	smtp_pool_give(pool, out);
	server_stop(s);
}

/* QUIT is answered late by each of them, and the bound is for all. */
static void
test_pool__free_is_bounded(void **state)
{
	struct server *s = server_start("--tls", "none", "--delay", "700",
		NULL);
	struct smtp_pool *pool = pool_to(s, "smtp+plaintext", 3,
		"quit-timeout", "1");
	struct job jobs[3];
	uint64_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(jobs); i++)
		begin(&jobs[i], pool, send_one);
	for (size_t i = 0; i < COUNT(jobs); i++)
		end(&jobs[i]);
	assert_int_equal(3, number(pool, SMTP_POOL_IDLE));
	at = smtp_now_ms();
	smtp_pool_free(pool);
	assert_true(smtp_now_ms() < at + 1300);
	assert_int_equal(3, server_heard_lines(s, "QUIT"));
	server_stop(s);
}

static void
test_pool__a_child_may_free_it(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_pool *pool = pool_to(s, "smtp+plaintext", 2, NULL, NULL);
	struct smtp *out;
	int status = -1;
	pid_t child;

	(void)state;
	assert_int_equal(SMTP_OK, send_now(pool, NULL, 0));
	assert_int_equal(SMTP_OK, smtp_pool_take(pool, &out));
	child = fork();
	if (child == 0) {
		smtp_pool_free(pool);
		child_exit(7);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	expect_rc("noop", out, smtp_noop(out), SMTP_OK);
	smtp_pool_give(pool, out);
	assert_int_equal(SMTP_OK, send_now(pool, NULL, 0));
	smtp_pool_free(pool);
	assert_int_equal(1, server_sessions(s));
	server_found_no_fault(s);
	server_stop(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool__cancel_between_place_and_session),
		cmocka_unit_test(test_pool__what_was_used_last_is_lent_first),
		cmocka_unit_test(test_pool__many_threads_share_few_sessions),
		cmocka_unit_test(test_pool__who_comes_first_is_served_first),
		cmocka_unit_test(test_pool__the_deadline_bounds_the_wait),
		cmocka_unit_test(
			test_pool__a_session_that_died_is_opened_again),
		cmocka_unit_test(test_pool__idle_sessions_come_of_age),
		cmocka_unit_test(test_pool__what_is_unfit_is_not_kept),
		cmocka_unit_test(test_pool__mailmax_is_kept),
		cmocka_unit_test(test_pool__the_caller_is_told_why),
		cmocka_unit_test(test_pool__a_wrong_password_is_said_once),
		cmocka_unit_test(test_pool__wrong_calls_are_told),
		cmocka_unit_test(test_pool__survives_without_memory),
		cmocka_unit_test(test_pool__cancel_ends_all_at_once),
		cmocka_unit_test(test_pool__free_waits_for_nobody),
		cmocka_unit_test(test_pool__free_is_bounded),
		cmocka_unit_test(test_pool__a_child_may_free_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
