/* SPDX-License-Identifier: MIT */
/*
 * A fork at every step of a session, whose child frees all it has. It says
 * nothing to the server, neither QUIT nor the end of TLS, and the parent's
 * session goes on as if nothing had been.
 */
#include "check.h"

#include <poll.h>
#include <unistd.h>

#include <sys/wait.h>

#include <smtp/pool.h>

#include "support/child.h"
#include "support/session.h"

struct sent {
	struct smtp *smtp;
	struct smtp_options *options;
	struct smtp_message *mail[3];
	size_t mails;
	unsigned forks;
};

static void
free_all(struct sent *sent)
{
	smtp_close(sent->smtp);
	for (size_t i = 0; i < sent->mails; i++)
		smtp_message_free(sent->mail[i]);
	smtp_options_free(sent->options);
}

/* The child ends well only if nothing of it fails. */
static void
fork_and_free(struct sent *sent)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		free_all(sent);
		child_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the child of fork %u ended with %d", sent->forks,
		    status);
	sent->forks++;
}

static int
finish(struct sent *sent, int rc)
{
	while (rc > 0) {
		uint64_t now = smtp_now_ms(), due = smtp_due_ms(sent->smtp);
		struct pollfd p = { smtp_fd(sent->smtp), 0, 0 };

		fork_and_free(sent);
		if (rc & SMTP_WANT_READ)
			p.events |= POLLIN;
		if (rc & SMTP_WANT_WRITE)
			p.events |= POLLOUT;
		(void)poll(&p, 1, due <= now ? 0 : due - now > 1000 ? 1000 :
		    (int)(due - now));
		rc = smtp_step(sent->smtp);
	}
	fork_and_free(sent);
	return rc;
}

static void
check_server(const char *what, struct server *s, unsigned mails)
{
	const char *log = server_log(s, 1), *end;

	server_found_no_fault(s);
	assert_int_equal(server_sessions(s), 1);
	assert_int_equal(server_mails(s), mails);
	assert_int_equal(server_heard_lines(s, "QUIT"), 1);
	/* The end of TLS is said once, and behind QUIT. */
	end = strstr(log, "* close_notify");
	if (end != NULL && (strstr(end + 1, "* close_notify") != NULL ||
	    strstr(log, "C: QUIT") > end))
		fail_msg("%s: TLS was ended by somebody else:\n%s", what, log);
}

static const struct way {
	const char *tls, *scheme;
} ways[] = {
	{ "none", "smtp+plaintext" },
	{ "starttls", "smtp" },
	{ "implicit", "smtps" },
};

static void
test_fork__at_every_step_of_a_mail(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s = server_start("--tls", ways[i].tls,
		    "--auth-in-clear", NULL);
		struct sent sent = {
			.options = options_for(s, "blocking", "no",
			    "insecure-plaintext-auth", "yes", "ehlo-name",
			    "a.example", NULL),
			.mail = { mail_of(plain_mail, "b@example.com", NULL) },
			.mails = 1
		};

		expect_rc("open", sent.smtp, finish(&sent, smtp_open(
		    &sent.smtp, server_url(s, ways[i].scheme, "localhost"),
		    sent.options)), SMTP_OK);
		expect_rc("auth", sent.smtp, finish(&sent, smtp_auth(
		    sent.smtp, USER, PASSWORD)), SMTP_OK);
		expect_rc("send", sent.smtp, finish(&sent, smtp_send(
		    sent.smtp, sent.mail[0])), SMTP_OK);
		expect_rc("quit", sent.smtp, finish(&sent, smtp_quit(
		    sent.smtp)), SMTP_OK);
		assert_true(sent.forks > 4);     /* not at the ends alone */
		free_all(&sent);
		check_server(ways[i].tls, s, 1);
		server_stop(s);
	}
	proves("LIB-T-3");
}

/* Several in flight, of which the child frees the messages, too. */
static void
test_fork__with_mails_in_flight(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s = server_start("--tls", ways[i].tls, NULL);
		struct sent sent = {
			.options = options_for(s, "ehlo-name", "a.example",
			    NULL),
			.mails = 3
		};

		for (size_t k = 0; k < sent.mails; k++)
			sent.mail[k] = mail_of(plain_mail, "b@example.com",
			    NULL);
		expect_rc("open", sent.smtp, smtp_open(&sent.smtp,
		    server_url(s, ways[i].scheme, "localhost"), sent.options),
		    SMTP_OK);
		for (size_t k = 0; k < sent.mails; k++) {
			assert_int_equal(smtp_put(sent.smtp, sent.mail[k]),
			    SMTP_OK);
			fork_and_free(&sent);
		}
		for (size_t k = 0; k < sent.mails; k++) {
			struct smtp_message *m;

			expect_rc("take", sent.smtp, smtp_take(sent.smtp, &m),
			    SMTP_OK);
			assert_ptr_equal(m, sent.mail[k]);
			fork_and_free(&sent);
		}
		free_all(&sent);
		check_server(ways[i].tls, s, 3);
		server_stop(s);
	}
}

struct own {
	bool said, may_close;
};

static ptrdiff_t
say_once(void *ctx, void *p, size_t n)
{
	static const char text[] = "220 hi\r\n";
	struct own *own = ctx;

	if (own->said)
		return SMTP_IO_WANT_READ;
	assert_true(n >= sizeof text - 1);
	memcpy(p, text, sizeof text - 1);
	own->said = true;
	return sizeof text - 1;
}

static ptrdiff_t
never(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMTP_IO_WANT_WRITE;
}

static void
close_own(void *ctx)
{
	const struct own *own = ctx;

	if (!own->may_close)
		child_exit(9);
}

/* A transport of the program's own is left alone, and not closed. */
static void
test_fork__with_a_transport_of_the_program(void **state)
{
	struct own own = { false, false };
	struct smtp_transport t = { .read = say_once, .write = never,
		.close = close_own, .ctx = &own };
	struct smtp_options *o = options_for(NULL, "blocking", "no",
	    "ehlo-name", "a.example", NULL);
	struct sent sent = { .options = o };

	(void)state;
	assert_int_equal(smtp_options_set_transport(o, &t), SMTP_OK);
	assert_true(smtp_open(&sent.smtp, "smtp+plaintext://test", o) > 0);
	assert_true(smtp_step(sent.smtp) & SMTP_WANT_WRITE);
	fork_and_free(&sent);
	assert_true(smtp_step(sent.smtp) & SMTP_WANT_WRITE);
	assert_int_equal(sent.forks, 1);
	own.may_close = true;
	free_all(&sent);
}

#if SMTP_WITH_POOL && SMTP_WITH_THREADS
/* A pool that has a session under TLS, and lends another. */
static void
test_fork__with_a_pool(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--tls", "starttls", NULL);
	struct smtp_options *o = options_for(s, NULL);
	struct smtp_pool *pool = smtp_pool_new(server_url(s, "smtp",
	    "localhost"), o, 2);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	struct smtp *taken;
	int status;
	pid_t child;

	(void)state;
	smtp_options_free(o);
	assert_int_equal(smtp_pool_send(pool, m, NULL, 0), SMTP_OK);
	smtp_message_free(m);
	assert_int_equal(smtp_pool_take(pool, &taken), SMTP_OK);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		smtp_pool_free(pool);
		child_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	m = mail_of(plain_mail, "c@example.com", NULL);
	expect_rc("send", taken, smtp_send(taken, m), SMTP_OK);
	smtp_message_free(m);
	smtp_pool_give(pool, taken);
	smtp_pool_free(pool);
	check_server("pool", s, 2);
	server_stop(s);
}
#else
CASE_LEFT_OUT(test_fork__with_a_pool,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
#endif

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fork__with_a_transport_of_the_program),
		cmocka_unit_test(test_fork__at_every_step_of_a_mail),
		cmocka_unit_test(test_fork__with_mails_in_flight),
		cmocka_unit_test(test_fork__with_a_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
