/* SPDX-License-Identifier: MIT */
/* Sessions without end from one thread, and what one costs that waits. */
#include "check.h"

#include <poll.h>
#include <sys/resource.h>

#include "support/crowd.h"
#include "support/session.h"

enum { MANY = 2000 };

struct one {
	struct smtp *smtp;
	struct smtp_message *mail;
	int rc;
	bool sends, done;
	unsigned steps;
};

static void
look(const struct one *o, struct pollfd *at)
{
	at->fd = o->done ? -1 : smtp_fd(o->smtp);
	at->events = (short)((o->rc & SMTP_WANT_READ ? POLLIN : 0) |
		(o->rc & SMTP_WANT_WRITE ? POLLOUT : 0));
	at->revents = 0;
}

/* What comes next, whenever an operation has ended. */
static void
move(struct one *o, unsigned *left)
{
	if (o->rc == SMTP_OK && !o->sends) {
		o->sends = true;
		o->rc = smtp_send(o->smtp, o->mail);
	}
	if (o->rc > 0)
		return;
	o->done = true;
	(*left)--;
}

static void
run(struct one *all, struct pollfd *at, unsigned n, uint64_t until)
{
	unsigned left = n;

	for (unsigned i = 0; i < n; i++) {
		move(&all[i], &left);
		look(&all[i], &at[i]);
	}
	while (left > 0) {
		uint64_t now;
		int rc = poll(at, n, 100);

		assert_true(rc >= 0);
		now = smtp_now_ms();
		if (now >= until)
			fail_msg("%u are not done", left);
		for (unsigned i = 0; i < n; i++) {
			if (all[i].done || (at[i].revents == 0 &&
			    now < smtp_due_ms(all[i].smtp)))
				continue;
			all[i].steps++;
			all[i].rc = smtp_step(all[i].smtp);
			move(&all[i], &left);
			look(&all[i], &at[i]);
		}
	}
}

static void
test_many__two_thousand_from_one_thread(void **state)
{
	struct crowd *crowd = crowd_start(MANY);
	struct smtp_options *options = options_for(NULL, "blocking", "no",
		NULL);
	struct one *all = test_calloc(MANY, sizeof *all);
	struct pollfd *at = test_calloc(MANY, sizeof *at);
	unsigned steps = 0;
	char url[64];

	(void)state;
	(void)snprintf(url, sizeof url, "smtp+plaintext://127.0.0.1:%u",
		crowd->port);
	for (size_t i = 0; i < MANY; i++) {
		all[i].mail = mail_of(plain_mail, "b@example.com", NULL);
		all[i].rc = smtp_open(&all[i].smtp, url, options);
	}
	smtp_options_free(options);
	run(all, at, MANY, smtp_now_ms() + 120000);
	for (size_t i = 0; i < MANY; i++) {
		expect_rc("send", all[i].smtp, all[i].rc, SMTP_OK);
		steps += all[i].steps;
		smtp_close(all[i].smtp);
		smtp_message_free(all[i].mail);
	}
	assert_int_equal(MANY, crowd->mails);
	assert_int_equal(MANY, crowd->most);
	/* Stepped when something had come, and not to look if it had. */
	assert_true(steps < MANY * 12);
	test_free(at);
	test_free(all);
	crowd_stop(crowd);
}

/* Nothing is due, nothing to step: the program sleeps, and so do we. */
static void
test_many__who_waits_makes_no_calls(void **state)
{
	struct crowd *crowd = crowd_start(2);    /* the second never comes */
	struct smtp_options *options = options_for(NULL, "blocking", "no",
		NULL);
	struct one one = { .mail = mail_of(plain_mail, "b@example.com", NULL) };
	struct rusage before, after;
	struct pollfd at;
	uint64_t now;
	char url[64];
	int rc;

	(void)state;
	(void)snprintf(url, sizeof url, "smtp+plaintext://127.0.0.1:%u",
		crowd->port);
	one.rc = smtp_open(&one.smtp, url, options);
	smtp_options_free(options);
	while (one.rc > 0 || !one.sends) {
		unsigned left = 1;

		move(&one, &left);
		assert_int_equal(1, left);
		look(&one, &at);
		if (poll(&at, 1, 300) == 0)
			break;
		one.rc = smtp_step(one.smtp);
	}
	assert_true(one.sends);
	assert_int_equal(0, one.rc & SMTP_WANT_WRITE);
	now = smtp_now_ms();
	assert_true(smtp_due_ms(one.smtp) > now + 200000);
	assert_int_equal(0, getrusage(RUSAGE_SELF, &before));
	rc = poll(&at, 1, 1500);
	assert_int_equal(0, getrusage(RUSAGE_SELF, &after));
	assert_int_equal(0, rc);
	/* No thread of ours woke up meanwhile, either. */
	assert_true(after.ru_nvcsw - before.ru_nvcsw <= 3);
	smtp_close(one.smtp);
	smtp_message_free(one.mail);
	crowd_stop(crowd);
}

/* A call that blocks looks at smtp_cancel() ten times a second, no oftener. */
static void
test_many__who_blocks_does_not_spin(void **state)
{
	struct crowd *crowd = crowd_start(2);
	struct smtp_options *options = options_for(NULL, "deadline", "2",
		NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	struct rusage before, after;
	struct smtp *smtp;
	char url[64];

	(void)state;
	(void)snprintf(url, sizeof url, "smtp+plaintext://127.0.0.1:%u",
		crowd->port);
	expect_rc("open", NULL, smtp_open(&smtp, url, options), SMTP_OK);
	smtp_options_free(options);
	assert_int_equal(0, getrusage(RUSAGE_SELF, &before));
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_E_LATER);
	assert_int_equal(0, getrusage(RUSAGE_SELF, &after));
	assert_int_equal(SMTP_E_TIMEOUT, smtp_message_cause(m));
	assert_true(after.ru_nvcsw - before.ru_nvcsw <= 40);
	smtp_close(smtp);
	smtp_message_free(m);
	crowd_stop(crowd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many__two_thousand_from_one_thread),
		cmocka_unit_test(test_many__who_waits_makes_no_calls),
		cmocka_unit_test(test_many__who_blocks_does_not_spin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
