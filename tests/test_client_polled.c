/* SPDX-License-Identifier: MIT */
/*
 * Nobody is called back: content is given, lines of the trace are taken. And a
 * session that waits does only that.
 */
#include "check.h"

#include <sys/socket.h>
#include <unistd.h>

#include "support/peer.h"
#include "support/session.h"

static struct smtp *
open_to(struct smtp_transport *transport, const char *name, const char *value)
{
	struct smtp_options *options = options_for(NULL, "ehlo-name",
		"client.example", name, value, NULL);
	struct smtp *smtp;
	int rc;

	assert_int_equal(SMTP_OK, smtp_options_set_transport(options,
		transport));
	rc = smtp_open(&smtp, "smtp+plaintext://test", options);
	smtp_options_free(options);
	while (rc > 0)
		rc = smtp_step(smtp);
	expect_rc("open", smtp, rc, SMTP_OK);
	return smtp;
}

static struct smtp_message *
mail_given(struct smtp_source *source)
{
	struct smtp_message *m = smtp_message_new();

	assert_int_equal(SMTP_OK, smtp_message_set_raw(m, source));
	(void)smtp_message_set_envelope_from(m, "a@example.com");
	(void)smtp_message_add_recipient(m, "b@example.com");
	return m;
}

#define HELLO "S: 220 hi\nC: EHLO client.example\nS: 250 hi\n"
#define BYE "C: QUIT\nS: 221 bye\nEOF\n"
#define SCRIPT(content, end) "S: 220 hi\nC: EHLO client.example\n" \
	"S: 250-hi\nS: 250 PIPELINING\n" \
	"C: MAIL FROM:<a@example.com>\nC: RCPT TO:<b@example.com>\n" \
	"C: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\n" content end

/* What is given, a piece for each "|", and then the end. */
static void
test_polled__content_is_given(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	static const char *const given[] = { "Subject: x\n\none\n",
		"Subj|ect: x\n|\no|ne\n", "Subject: x\n\none" };

	(void)state;
	for (size_t i = 0; i < COUNT(given); i++) {
		struct smtp_source *source =
			smtp_source_given(SMTP_SIZE_UNKNOWN);
		struct smtp_message *m = mail_given(source);
		struct peer peer;
		struct smtp *smtp;
		const char *at = given[i];
		char piece[64];
		int rc;

		peer_init(&peer, SCRIPT("C: Subject: x\nC: \nC: one\nC: .\n",
			"S: 250 ok\nC: QUIT\nS: 221 bye\nEOF\n"), 0);
		smtp = open_to(&peer.transport, "blocking", "no");
		assert_int_equal(SMTP_E_STATE, smtp_give(source, "x", 1));
		for (rc = smtp_send(smtp, m); rc > 0; rc = smtp_step(smtp)) {
			size_t n = strcspn(at, "|");

			if (!(rc & SMTP_WANT_SOURCE))
				continue;
			memcpy(piece, at, n);
			assert_int_equal(SMTP_OK, smtp_give(source, piece,
				n));
			assert_int_equal(SMTP_E_STATE, smtp_give(source,
				"y", 1));
			at += n + (at[n] != '\0');
		}
		expect_rc(given[i], smtp, rc, SMTP_OK);
		assert_int_equal(SMTP_E_STATE, smtp_give(source, "x", 1));
		smtp_close(smtp);
		assert_true(peer_done(&peer));
		smtp_message_free(m);
	}
}

/* A call that blocks gives its thread back for this alone. */
static void
test_polled__content_is_given_to_a_call_that_blocks(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	static const char *const given[] = { "Subject: x\n\none\n",
		"Subj|ect: x\n|\no|ne\n", "Subject: x\n\none" };

	(void)state;
	for (size_t i = 0; i < COUNT(given); i++) {
		struct smtp_source *source =
			smtp_source_given(SMTP_SIZE_UNKNOWN);
		struct smtp_message *m = mail_given(source);
		const char *at = given[i];
		struct peer peer;
		struct smtp *smtp;
		char piece[64];
		int rc, asked = 0;

		peer_init(&peer, SCRIPT("C: Subject: x\nC: \nC: one\nC: .\n",
			"S: 250 ok\nC: QUIT\nS: 221 bye\nEOF\n"), 0);
		smtp = open_to(&peer.transport, "blocking", "yes");
		for (rc = smtp_send(smtp, m); rc > 0; rc = smtp_step(smtp)) {
			size_t n = strcspn(at, "|");

			assert_int_equal(SMTP_WANT_SOURCE, rc);
			assert_int_equal(SMTP_E_STATE, smtp_noop(smtp));
			memcpy(piece, at, n);
			assert_int_equal(SMTP_OK, smtp_give(source, piece,
				n));
			at += n + (at[n] != '\0');
			asked++;
		}
		expect_rc(given[i], smtp, rc, SMTP_OK);
		assert_int_equal(i == 1 ? 5 : 2, asked);
		assert_int_equal(SMTP_E_STATE, smtp_step(smtp));
		smtp_close(smtp);
		assert_true(peer_done(&peer));
		smtp_message_free(m);
	}
}

/* Of a window that blocks nobody can be asked: its result says so at once. */
static void
test_polled__content_is_given_to_no_window_that_blocks(void **state)
{
	static const char *const hello = HELLO BYE;
	struct smtp_source *source = smtp_source_given(SMTP_SIZE_UNKNOWN);
	struct smtp_message *m = mail_given(source), *taken;
	struct peer peer;
	struct smtp *smtp;

	(void)state;
	peer_init(&peer, hello, 0);
	smtp = open_to(&peer.transport, "blocking", "yes");
	expect_rc("put", smtp, smtp_put(smtp, m), SMTP_OK);
	expect_rc("take", smtp, smtp_take(smtp, &taken), SMTP_E_ARGUMENT);
	assert_ptr_equal(taken, m);
	assert_string_equal("content that is given is sent by smtp_send(), or "
	    "with the option blocking=no", smtp_error(smtp));
	smtp_close(smtp);
	assert_true(peer_done(&peer));
	smtp_message_free(m);
}

/* Who does not give, or closes instead: nothing waits, nothing is sent. */
static void
test_polled__a_call_that_blocks_waits_for_no_caller(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	(void)state;
	for (int closes = 0; closes < 2; closes++) {
		struct smtp_source *source =
			smtp_source_given(SMTP_SIZE_UNKNOWN);
		struct smtp_message *m = mail_given(source);
		uint64_t now = smtp_now_ms();
		struct peer peer;
		struct smtp *smtp;

		peer_init(&peer, SCRIPT("", ""), 0);
		smtp = open_to(&peer.transport, "blocking", "yes");
		assert_int_equal(SMTP_WANT_SOURCE, smtp_send(smtp, m));
		assert_int_equal(SMTP_WANT_SOURCE, smtp_step(smtp));
		if (!closes) {
			assert_int_equal(SMTP_OK, smtp_give(source, NULL, 0));
			expect_rc("failed", smtp, smtp_step(smtp),
				SMTP_E_SOURCE);
		}
		smtp_close(smtp);
		assert_int_equal(closes ? SMTP_E_LATER : SMTP_E_SOURCE,
			smtp_message_recipient_status(m, 0));
		smtp_message_free(m);
		assert_true(smtp_now_ms() - now < 1500);
	}
}

static void
test_polled__who_gives_up_fails(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct smtp_source *source = smtp_source_given(SMTP_SIZE_UNKNOWN);
	struct smtp_source *other = smtp_source_memory("x", 1);
	struct smtp_message *m = mail_given(source);
	struct peer peer;
	struct smtp *smtp;
	int rc;

	(void)state;
	assert_int_equal(SMTP_E_MEMORY, smtp_give(NULL, "x", 1));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_give(other, "x", 1));
	smtp_source_free(other);
	peer_init(&peer, SCRIPT("", ""), 0);
	smtp = open_to(&peer.transport, "blocking", "no");
	for (rc = smtp_send(smtp, m); rc > 0; rc = smtp_step(smtp))
		if (rc & SMTP_WANT_SOURCE)
			assert_int_equal(SMTP_OK, smtp_give(source, NULL, 0));
	expect_rc("failed", smtp, rc, SMTP_E_SOURCE);
	smtp_close(smtp);
	smtp_message_free(m);
}

static void
test_polled__lines_are_taken(void **state)
{
	static const char want[] = "S220 hi\nCEHLO client.example\nS250 hi\n";
	struct peer peer;
	struct smtp *smtp;
	char got[400] = "", line[100];
	int who;

	(void)state;
	peer_init(&peer, HELLO "C: RSET\nS: 250 ok\n" BYE, 0);
	smtp = open_to(&peer.transport, "trace", "yes");
	while ((who = smtp_trace_take(smtp, line, sizeof line)) > 0)
		(void)snprintf(got + strlen(got), sizeof got - strlen(got),
			"%c%s\n", who, line);
	assert_int_equal(0, who);
	assert_non_null(strstr(got, want));
	/* a line that is longer than there is room is cut */
	expect_rc("noop", smtp, smtp_reset(smtp), SMTP_OK);
	assert_int_equal('C', smtp_trace_take(smtp, line, 3));
	assert_string_equal(line, "RS");
	assert_int_equal('S', smtp_trace_take(smtp, line, 1));
	assert_string_equal(line, "");
	assert_int_equal(0, smtp_trace_take(smtp, line, sizeof line));
	assert_int_equal(SMTP_E_MEMORY, smtp_trace_take(NULL, line, 1));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_trace_take(smtp, line, 0));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_trace_take(smtp, NULL, 9));
	smtp_close(smtp);

	peer_init(&peer, HELLO BYE, 0);
	smtp = open_to(&peer.transport, "trace", "no");
	assert_int_equal(SMTP_E_STATE, smtp_trace_take(smtp, line, 9));
	smtp_close(smtp);
}

/* It is bounded: the oldest go first, and that is said. */
static void
test_polled__old_lines_are_dropped(void **state)
{
	static char script[200000];
	struct peer peer;
	struct smtp *smtp;
	char line[40], last[40] = "";
	int n = snprintf(script, sizeof script,
		"S: 220 hi\nC: EHLO client.example\nS: 250 hi\n");

	(void)state;
	for (int i = 0; i < 2000; i++)
		n += snprintf(script + n, sizeof script - (size_t)n,
			"C: NOOP\nS: 250 the number of this is %d\n", i);
	(void)snprintf(script + n, sizeof script - (size_t)n, BYE);
	peer_init(&peer, script, 0);
	smtp = open_to(&peer.transport, "trace", "yes");
	for (int i = 0; i < 2000; i++)
		expect_rc("noop", smtp, smtp_noop(smtp), SMTP_OK);
	assert_int_equal('*', smtp_trace_take(smtp, line, sizeof line));
	assert_string_equal("lines were lost here", line);
	for (n = 0; smtp_trace_take(smtp, line, sizeof line) > 0; n++)
		(void)snprintf(last, sizeof last, "%s", line);
	assert_true(n > 500 && n < 4000);
	assert_string_equal("250 the number of this is 1999", last);
	smtp_close(smtp);
}

/* ---- waiting */

struct counted {
	int fd, other;           /* two ends                                */
	const char *hello;       /* what EHLO hears                         */
	unsigned long calls;
};

static ptrdiff_t
counted_read(void *ctx, void *p, size_t n)
{
	struct counted *c = ctx;
	ssize_t got = recv(c->fd, p, n, MSG_DONTWAIT);

	c->calls++;
	return got > 0 ? got : got == 0 ? SMTP_IO_CLOSED : SMTP_IO_WANT_READ;
}

static ptrdiff_t
counted_write(void *ctx, const void *p, size_t n)
{
	struct counted *c = ctx;
	ssize_t put = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	c->calls++;
	if (c->hello != NULL && put > 0)
		assert_int_equal(strlen(c->hello), write(c->other, c->hello,
			strlen(c->hello)));
	c->hello = NULL;
	return put > 0 ? put : SMTP_IO_WANT_WRITE;
}

static int
counted_fd(void *ctx)
{
	return ((struct counted *)ctx)->fd;
}

/* A second of silence: one look for each slice of the wait, no more. */
static void
test_polled__a_session_that_waits_does_only_that(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	struct counted c = { -1, -1, "250-hi\r\n250 PIPELINING\r\n", 0 };
	struct smtp_transport transport = { .read = counted_read,
		.write = counted_write, .fd = counted_fd, .ctx = &c };
	struct smtp_message *taken;
	struct smtp *smtp;
	int pair[2];

	(void)state;
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	c.fd = pair[0];
	c.other = pair[1];
	assert_int_equal(8, write(c.other, "220 hi\r\n", 8));
	smtp = open_to(&transport, "deadline", "1");
	c.calls = 0;
	assert_int_equal(SMTP_OK, smtp_put(smtp, m));
	expect_rc("take", smtp, smtp_take(smtp, &taken), SMTP_E_LATER);
	assert_int_equal(SMTP_E_TIMEOUT, smtp_cause(smtp));
	assert_true(c.calls >= 3 && c.calls <= 30);
	smtp_close(smtp);
	smtp_message_free(m);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_polled__content_is_given),
		cmocka_unit_test(
		    test_polled__content_is_given_to_a_call_that_blocks),
		cmocka_unit_test(
		    test_polled__a_call_that_blocks_waits_for_no_caller),
		cmocka_unit_test(
			test_polled__content_is_given_to_no_window_that_blocks),
		cmocka_unit_test(test_polled__who_gives_up_fails),
		cmocka_unit_test(test_polled__lines_are_taken),
		cmocka_unit_test(test_polled__old_lines_are_dropped),
		cmocka_unit_test(
		    test_polled__a_session_that_waits_does_only_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
