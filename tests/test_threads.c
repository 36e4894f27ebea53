/* SPDX-License-Identifier: MIT */
/*
 * Many sessions in many threads, for ThreadSanitizer and helgrind to look at:
 * shared options with their tickets, options that are freed while they are
 * used, calls that another thread cancels, a pool, lookups that nobody waits
 * for. SMTP_TEST_THREADS says how many threads (8), SMTP_TEST_ROUNDS how much
 * each of them does (5).
 *
 * Assertions are made by the main thread alone: cmocka knows no other.
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <smtp/pool.h>

#include "support/ports.h"
#include "support/session.h"

enum { MOST = 32 };

static size_t thread_count = 8;
static unsigned rounds = 5;

struct share {
	struct server *server;
	char url[64];
	struct smtp_options *options;
	struct smtp_pool *pool;
	atomic_uint opened, good, bad, odd, resumed;
};

static struct smtp_message *
a_mail(void)
{
	struct smtp_message *m = smtp_message_new();

	if (m == NULL)
		abort();
	smtp_message_set_from(m, "a@example.com");
	smtp_message_add_to(m, "b@example.com");
	smtp_message_set_subject(m, "from a thread");
	smtp_message_set_text(m, "hello");
	return m;
}

static int
send_one(struct smtp *smtp)
{
	struct smtp_message *m = a_mail();
	int rc = smtp_send(smtp, m);

	smtp_message_free(m);
	return rc;
}

static void
in_threads(struct share *share, void *(*run)(void *))
{
	pthread_t threads[MOST];

	for (size_t i = 0; i < thread_count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run,
		    share), 0);
	for (size_t i = 0; i < thread_count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void
begin(struct share *share, const char *scheme, struct server *s)
{
	if (SMTP_WITH_TLS && strstr(smtp_features(), "tls-threads") == NULL)
		fail_msg("this mbedTLS is for one thread: build it with "
		    "MBEDTLS_THREADING_C");
	memset(share, 0, sizeof *share);
	share->server = s;
	(void)snprintf(share->url, sizeof share->url, "%s",
	    server_url(s, scheme, "localhost"));
}

/* ---- options that are shared, and freed by the main thread meanwhile */

static void *
open_send_close(void *ctx)
{
	struct share *share = ctx;

	for (unsigned i = 0; i < rounds; i++) {
		struct smtp *smtp;
		int rc = smtp_open(&smtp, share->url, share->options);

		if (rc == SMTP_OK)
			rc = smtp_auth(smtp, USER, PASSWORD);
		if (i + 1 == rounds) {
			/* All have theirs: the options may go. */
			atomic_fetch_add(&share->opened, 1);
			while (atomic_load(&share->opened) <= thread_count)
				(void)poll(NULL, 0, 1);
		}
		if (rc == SMTP_OK &&
		    strcmp(smtp_tls_value(smtp, "resumed"), "yes") == 0)
			atomic_fetch_add(&share->resumed, 1);
		if (rc == SMTP_OK)
			rc = send_one(smtp);
		atomic_fetch_add(rc == SMTP_OK ? &share->good : &share->bad,
		    1);
		smtp_close(smtp);
	}
	return NULL;
}

static void
test_threads__share_options_that_are_freed(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--tls", "starttls", NULL);
	pthread_t threads[MOST];
	struct share share;

	(void)state;
	begin(&share, "smtp", s);
	share.options = options_for(s, NULL);
	for (size_t i = 0; i < thread_count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    open_send_close, &share), 0);
	while (atomic_load(&share.opened) < thread_count)
		(void)poll(NULL, 0, 1);
	smtp_options_free(share.options);
	atomic_fetch_add(&share.opened, 1);
	for (size_t i = 0; i < thread_count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(share.bad, 0);
	if (rounds > 1)
		assert_true(share.resumed > 0);
	assert_int_equal(server_mails(s), thread_count * rounds);
	server_found_no_fault(s);
	server_stop(s);
	proves("LIB-T-3");
}

/* ---- calls that another thread cancels */

static void *
open_and_cancel(void *ctx)
{
	struct share *share = ctx;
	struct smtp **smtp = calloc(1, sizeof *smtp);

	if (smtp == NULL)
		abort();
	if (smtp_open(smtp, share->url, share->options) != SMTP_OK)
		atomic_fetch_add(&share->bad, 1);
	return smtp;
}

struct sending {
	struct smtp *smtp;
	atomic_bool begun;
	int rc;
};

static void *
send_slowly(void *ctx)
{
	struct sending *sending = ctx;

	atomic_store(&sending->begun, true);
	sending->rc = send_one(sending->smtp);
	return NULL;
}

/* Each answer takes 20 ms; cancelled is what has begun, at any moment. */
static void
test_threads__cancel_others(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--tls", "starttls", "--delay", "20",
	    NULL);
	struct share share;
	unsigned cancelled = 0;

	(void)state;
	begin(&share, "smtp", s);
	share.options = options_for(s, NULL);
	for (unsigned i = 0; i < 2 * rounds; i++) {
		struct sending sending[4];
		pthread_t threads[4];

		for (size_t k = 0; k < COUNT(sending); k++) {
			struct smtp **smtp = open_and_cancel(&share);

			memset(&sending[k], 0, sizeof sending[k]);
			sending[k].smtp = *smtp;
			free(smtp);
			assert_int_equal(pthread_create(&threads[k], NULL,
			    send_slowly, &sending[k]), 0);
		}
		for (size_t k = 0; k < COUNT(sending); k++) {
			while (!atomic_load(&sending[k].begun))
				(void)poll(NULL, 0, 1);
			(void)poll(NULL, 0, (int)(i * 7 % 60));
			smtp_cancel(sending[k].smtp);
		}
		for (size_t k = 0; k < COUNT(sending); k++) {
			int rc;

			assert_int_equal(pthread_join(threads[k], NULL), 0);
			rc = sending[k].rc;
			if (rc != SMTP_OK && rc != SMTP_E_LATER &&
			    rc != SMTP_E_UNKNOWN)
				fail_msg("cancelled: %s",
				    smtp_status_name(rc));
			cancelled += rc != SMTP_OK;
			smtp_close(sending[k].smtp);
		}
	}
	assert_true(cancelled > 0);
	assert_int_equal(share.bad, 0);
	smtp_options_free(share.options);
	server_stop(s);
}

/* ---- a pool, of which numbers are read and sessions tidied meanwhile */

#if SMTP_WITH_POOL && SMTP_WITH_THREADS
static void *
send_by_pool(void *ctx)
{
	struct share *share = ctx;
	char error[400];

	for (unsigned i = 0; i < 2 * rounds; i++) {
		struct smtp_message *m = a_mail();
		int rc = smtp_pool_send(share->pool, m, error, sizeof error);

		atomic_fetch_add(rc == SMTP_OK ? &share->good : &share->bad,
		    1);
		smtp_message_free(m);
		if (i % 3 == 0)
			smtp_pool_tidy(share->pool);
		if (smtp_pool_number(share->pool, SMTP_POOL_BUSY) > 3)
			atomic_fetch_add(&share->odd, 1);
	}
	return NULL;
}

static void *
take_and_give(void *ctx)
{
	struct share *share = ctx;

	for (unsigned i = 0; i < rounds; i++) {
		struct smtp *smtp;
		int rc = smtp_pool_take(share->pool, &smtp);

		if (rc == SMTP_OK && i % 2 == 0)
			rc = smtp_noop(smtp);
		smtp_pool_give(share->pool, smtp);
		if (rc != SMTP_OK)
			atomic_fetch_add(&share->bad, 1);
	}
	return NULL;
}

static void
test_threads__share_a_pool(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--tls", "starttls", NULL);
	struct smtp_options *o = options_for(s, NULL);
	struct share share;
	pthread_t other;

	(void)state;
	begin(&share, "smtp", s);
	share.pool = smtp_pool_new(share.url, o, 3);
	smtp_options_free(o);
	assert_int_equal(smtp_pool_auth(share.pool, USER, PASSWORD), SMTP_OK);
	assert_int_equal(pthread_create(&other, NULL, take_and_give, &share),
	    0);
	in_threads(&share, send_by_pool);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(share.bad, 0);
	assert_int_equal(share.odd, 0);
	assert_int_equal(smtp_pool_number(share.pool, SMTP_POOL_SENT),
	    share.good);
	smtp_pool_free(share.pool);
	assert_int_equal(server_mails(s), share.good);
	server_stop(s);
}

/* The end of it, while all threads want something. */
static void *
send_until_the_end(void *ctx)
{
	struct share *share = ctx;
	int rc;

	do {
		struct smtp_message *m = a_mail();

		rc = smtp_pool_send(share->pool, m, NULL, 0);
		atomic_fetch_add(&share->good, rc == SMTP_OK);
		smtp_message_free(m);
	} while (rc == SMTP_OK);
	return NULL;
}

static void
test_threads__lose_their_pool(void **state)
{
	struct server *s = server_start("--tls", "none", "--delay", "2",
	    NULL);
	struct smtp_options *o = options_for(s, NULL);
	pthread_t threads[MOST];
	struct share share;

	(void)state;
	begin(&share, "smtp+plaintext", s);
	share.pool = smtp_pool_new(share.url, o, 2);
	smtp_options_free(o);
	for (size_t i = 0; i < thread_count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    send_until_the_end, &share), 0);
	while (atomic_load(&share.good) < 2)
		(void)poll(NULL, 0, 5);
	smtp_pool_cancel(share.pool);
	for (size_t i = 0; i < thread_count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	smtp_pool_free(share.pool);
	assert_true(server_mails(s) >= share.good);
	server_stop(s);
}
#else
CASE_LEFT_OUT(test_threads__share_a_pool,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
CASE_LEFT_OUT(test_threads__lose_their_pool,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
#endif

/* ---- lookups that nobody waits for: the name of this machine */

static void *
look_up_and_leave(void *ctx)
{
	struct share *share = ctx;

	for (unsigned i = 0; i < 2 * rounds; i++) {
		struct smtp *smtp;
		int rc = smtp_open(&smtp, share->url, share->options);

		for (unsigned k = 0; rc > 0 && k < i; k++) {
			(void)poll(NULL, 0, 1);
			rc = smtp_step(smtp);
		}
		if (rc > 0 && i % 2 == 1)
			smtp_cancel(smtp);
		atomic_fetch_add(&share->good, 1);
		smtp_close(smtp);
	}
	return NULL;
}

static void
test_threads__leave_their_lookups(void **state)
{
	struct share share = { 0 };
	char name[40] = "";

	(void)state;
	assert_int_equal(gethostname(name, sizeof name - 1), 0);
	(void)snprintf(share.url, sizeof share.url, "smtp+plaintext://%s:%u",
	    name, port_dead());
	share.options = options_for(NULL, "blocking", "no", NULL);
	in_threads(&share, look_up_and_leave);
	smtp_options_free(share.options);
	assert_int_equal(share.good, 2 * rounds * thread_count);
	/* What nobody waits for ends by itself. */
	(void)poll(NULL, 0, 200);
}

/* ---- handles, messages and options of their own */

static void *
all_of_its_own(void *ctx)
{
	struct share *share = ctx;

	for (unsigned i = 0; i < rounds; i++) {
		struct smtp_options *o = smtp_options_new();
		struct smtp *smtp;
		int rc;

		(void)smtp_options_set(o, "ca-file",
		    server_ca_file(share->server));
		rc = smtp_open(&smtp, share->url, o);
		smtp_options_free(o);
		if (rc == SMTP_OK)
			rc = send_one(smtp);
		atomic_fetch_add(rc == SMTP_OK ? &share->good : &share->bad,
		    1);
		smtp_close(smtp);
	}
	return NULL;
}

static void
test_threads__do_not_meet(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--tls", "implicit", NULL);
	struct share share;

	(void)state;
	begin(&share, "smtps", s);
	in_threads(&share, all_of_its_own);
	assert_int_equal(share.bad, 0);
	assert_int_equal(server_mails(s), share.good);
	server_found_no_fault(s);
	server_stop(s);
	proves("LIB-T-3");
}

/* ---- canary: with SMTP_TEST_RACE=1, two threads that do meet */

static unsigned unguarded;

static void *
race(void *ctx)
{
	(void)ctx;
	for (unsigned i = 0; i < 1000; i++)
		unguarded++;
	return NULL;
}

static void
test_threads__race_when_they_are_told_to(void **state)
{
	struct share share = { 0 };

	(void)state;
	if (getenv("SMTP_TEST_RACE") != NULL)
		in_threads(&share, race);
	assert_true(unguarded <= 1000 * thread_count);
}

static void
read_number(const char *name, unsigned long *number, unsigned long most)
{
	const char *text = getenv(name);

	if (text != NULL)
		*number = strtoul(text, NULL, 10);
	if (*number < 1 || *number > most)
		abort();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads__race_when_they_are_told_to),
		cmocka_unit_test(test_threads__share_options_that_are_freed),
		cmocka_unit_test(test_threads__cancel_others),
		cmocka_unit_test(test_threads__share_a_pool),
		cmocka_unit_test(test_threads__lose_their_pool),
		cmocka_unit_test(test_threads__leave_their_lookups),
		cmocka_unit_test(test_threads__do_not_meet),
	};
	unsigned long n = thread_count, r = rounds;

	read_number("SMTP_TEST_THREADS", &n, MOST);
	read_number("SMTP_TEST_ROUNDS", &r, 1000);
	thread_count = n;
	rounds = (unsigned)r;
	if (getenv("SMTP_TEST_RACE") != NULL)
		cmocka_set_test_filter("*told_to");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
