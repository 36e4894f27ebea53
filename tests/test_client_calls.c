/* SPDX-License-Identifier: MIT */
/*
 * Calls that are wrong or that come at the wrong time, and what few programs
 * ask for: each has an answer, and no session is the worse for it.
 */
#include "check.h"

#include <poll.h>

#include <smtp/dkim.h>
#include <smtp/pool.h>
#include <smtp/sasl.h>

#include "support/peer.h"
#include "support/session.h"
#include "support/starve.h"

#define PLAIN_URL "smtp+plaintext://mx.example"
#define HELLO(more) "S: 220 hi\nC: EHLO a.example\nS: 250-hi\n" more
#define BYE "C: QUIT\nS: 221 bye\nEOF\n"
#define FLIGHT "C* MAIL\nC* RCPT\nC: DATA\nS: 250 ok\nS: 250 ok\n"
#define GO "S: 354 go\nC: Subject: x\nC: \nC: x\nC: .\n"

static const char mail[] = "Subject: x\n\nx\n";

/* A session over a script; `status` is what it comes to. */
static struct smtp *
open_peer(struct peer *peer, const char *script, const char *url, int status,
    const char *name, const char *value)
{
	struct smtp_options *o = options_for(NULL, "ehlo-name", "a.example",
	    name, value, NULL);
	struct smtp *smtp;
	int rc;

	peer_init(peer, script, 0);
	assert_int_equal(smtp_options_set_transport(o, &peer->transport),
	    SMTP_OK);
	rc = smtp_open(&smtp, url, o);
	smtp_options_free(o);
	while (rc > 0)
		rc = smtp_step(smtp);
	expect_rc(script, smtp, rc, status);
	return smtp;
}

static void
close_peer(struct smtp *smtp, const struct peer *peer)
{
	smtp_close(smtp);
	if (!peer_done(peer))
		fail_msg("not said: %s", peer->at);
}

static ptrdiff_t
take_all(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	(void)p;
	return (ptrdiff_t)n;
}

static ptrdiff_t
say_nothing(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMTP_IO_WANT_READ;
}

/* ---- nothing */

/* What was not made for lack of memory says so, and can be given away. */
static void
test_calls__of_nothing_are_safe(void **state)
{
	struct smtp *smtp;
	char error[100] = "x";

	(void)state;
	assert_int_equal(smtp_open(NULL, PLAIN_URL, NULL), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_auth(NULL, "u", "p"), SMTP_E_MEMORY);
	assert_int_equal(smtp_give_token(NULL, "t"), SMTP_E_MEMORY);
	assert_int_equal(smtp_noop(NULL), SMTP_E_MEMORY);
	assert_int_equal(smtp_reset(NULL), SMTP_E_MEMORY);
	assert_int_equal(smtp_command(NULL, "NOOP"), SMTP_E_MEMORY);
	assert_int_equal(smtp_quit(NULL), SMTP_E_MEMORY);
	assert_int_equal(smtp_close(NULL), SMTP_OK);
	assert_int_equal(smtp_fd(NULL), -1);
	assert_int_equal(smtp_due_ms(NULL), 0);
	smtp_set_deadline(NULL, 1);
	smtp_cancel(NULL);
	assert_string_equal(smtp_tls_info(NULL), "");
	assert_string_equal(smtp_mechanism(NULL), "");
	assert_int_equal(smtp_reply_code(NULL), 0);
	assert_string_equal(smtp_reply_enhanced(NULL), "");
	assert_string_equal(smtp_reply_text(NULL), "");
	assert_null(smtp_capability(NULL, "SIZE"));
	assert_string_equal(smtp_error(NULL), "out of memory");
	assert_string_equal(smtp_hint(NULL), "");
	assert_int_equal(smtp_cause(NULL), SMTP_E_MEMORY);
	assert_int_equal(smtp_message_write(NULL, stdout, 0),
	    SMTP_E_ARGUMENT);
	smtp_options_free(NULL);
	assert_string_equal(smtp_options_error(NULL), "out of memory");
#if SMTP_WITH_DKIM
	assert_int_equal(smtp_message_add_dkim(NULL, NULL), SMTP_E_MEMORY);
#endif
#if SMTP_WITH_POOL && SMTP_WITH_THREADS
	assert_int_equal(smtp_pool_send(NULL, NULL, NULL, 0), SMTP_E_MEMORY);
	assert_int_equal(smtp_pool_send(NULL, NULL, error, 0), SMTP_E_MEMORY);
	assert_string_equal(error, "x");
	assert_int_equal(smtp_pool_send(NULL, NULL, error, sizeof error),
	    SMTP_E_MEMORY);
	assert_string_equal(error, "out of memory");
	assert_int_equal(smtp_pool_take(NULL, &smtp), SMTP_E_MEMORY);
	assert_null(smtp);
	assert_int_equal(smtp_pool_auth(NULL, "u", "p"), SMTP_E_MEMORY);
	assert_int_equal(smtp_pool_auth_token(NULL, "u", "t"),
	    SMTP_E_MEMORY);
	smtp_pool_give(NULL, NULL);
	smtp_pool_cancel(NULL);
	smtp_pool_tidy(NULL);
	smtp_pool_set_idle(NULL, 1);
	smtp_pool_free(NULL);
#else
	(void)smtp;
	(void)error;
#endif
}

static void
test_calls__of_a_message_without_a_file_or_a_key(void **state)
{
	struct smtp_message *m = mail_of(mail, "b@x.example", NULL);

	(void)state;
	assert_int_equal(smtp_message_write(m, NULL, 0), SMTP_E_ARGUMENT);
#if SMTP_WITH_DKIM
	assert_int_equal(smtp_message_add_dkim(m, NULL), SMTP_E_MEMORY);
	assert_string_equal(smtp_message_error(m), "dkim: no memory");
#endif
	smtp_message_free(m);
}

/* ---- options */

static int
a_step(void *handle, uint64_t *due_ms)
{
	(void)handle;
	(void)due_ms;
	return SMTP_OK;
}

static void *
a_start(void *ctx, const char *host, int family)
{
	(void)host;
	(void)family;
	return ctx;
}

static const char *
an_address(void *handle, size_t i)
{
	(void)handle;
	(void)i;
	return NULL;
}

static void
test_calls__options_take_what_is_whole(void **state)
{
	static const struct smtp_resolver resolvers[] = {
		{ NULL, a_step, an_address, NULL, NULL, NULL },
		{ a_start, NULL, an_address, NULL, NULL, NULL },
		{ a_start, a_step, NULL, NULL, NULL, NULL },
		{ a_start, a_step, an_address, NULL, NULL, NULL }
	};
	struct smtp_options *o = smtp_options_new();
	struct smtp_transport half = { 0 };
	struct peer peer;
	char many[400];

	(void)state;
	peer_init(&peer, "", 0);
	assert_int_equal(smtp_options_set_ca(o, NULL, 1), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set_ca(o, "x", 0), SMTP_E_ARGUMENT);
	assert_string_equal(smtp_options_error(o),
	    "option \"ca\": takes certificates, PEM or DER");
	assert_int_equal(smtp_options_set_client(o, NULL, 1, "k", 1),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set_client(o, "c", 0, "k", 1),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set_client(o, "c", 1, "k", 0),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set_transport(o, NULL),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set_transport(o, &half),
	    SMTP_E_ARGUMENT);
	half.read = peer.transport.read;
	assert_int_equal(smtp_options_set_transport(o, &half),
	    SMTP_E_ARGUMENT);
	for (size_t i = 0; i < COUNT(resolvers); i++)
		assert_int_equal(smtp_options_set_resolver(o, &resolvers[i]),
		    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set_resolver(o, NULL), SMTP_OK);
	for (size_t i = 0; i < sizeof many - 1; i++)
		many[i] = i % 8 == 7 ? ' ' : 'A';
	many[sizeof many - 1] = '\0';
	assert_int_equal(smtp_options_set(o, "mechanism", many),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set(o, "there-is-no-option-that-has-a-"
	    "name-as-long-as-this-one-is", "x"), SMTP_E_ARGUMENT);
	assert_true(strlen(smtp_options_error(o)) < 120);
	assert_int_equal(smtp_options_set(o, NULL, "x"), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set(NULL, "x", "x"), SMTP_E_MEMORY);
	smtp_options_free(o);
}

/* Once a session has them they stay as they are. */
static void
test_calls__options_do_not_change_under_a_session(void **state)
{
	struct smtp_options *o = options_for(NULL, "ehlo-name", "a.example",
	    NULL);
	struct peer peer;
	struct smtp *smtp;

	(void)state;
	peer_init(&peer, HELLO("S: 250 X\n") BYE, 0);
	assert_int_equal(smtp_options_set_transport(o, &peer.transport),
	    SMTP_OK);
	expect_rc("open", NULL, smtp_open(&smtp, PLAIN_URL, o), SMTP_OK);
	assert_int_equal(smtp_options_set_random(o, NULL, NULL),
	    SMTP_E_STATE);
	assert_int_equal(smtp_options_set_clock(o, NULL, NULL),
	    SMTP_E_STATE);
	assert_int_equal(smtp_options_set_resolver(o, NULL), SMTP_E_STATE);
	assert_int_equal(smtp_options_set_trace(o, NULL, NULL),
	    SMTP_E_STATE);
	assert_int_equal(smtp_options_set_ca(o, "x", 1), SMTP_E_STATE);
	assert_int_equal(smtp_options_set_client(o, "x", 1, NULL, 0),
	    SMTP_E_STATE);
	assert_int_equal(smtp_options_set_transport(o, &peer.transport),
	    SMTP_E_STATE);
	assert_int_equal(smtp_options_set_fd(o, 0), SMTP_E_STATE);
	assert_int_equal(smtp_options_set(o, "timeout", "1"), SMTP_E_STATE);
	assert_int_equal(smtp_options_set_token(o, NULL, NULL),
	    SMTP_E_STATE);
	assert_int_equal(smtp_options_add_sasl(o, NULL), SMTP_E_STATE);
	smtp_options_free(o);
	close_peer(smtp, &peer);
}

/* ---- TLS over what the program has */

static void
test_calls__tls_of_a_transport_needs_its_files(void **state)
{
	static const struct {
		const char *script, *url;
	} rows[] = {
		{ "", "smtps://mx.example" },
		{ HELLO("S: 250 STARTTLS\n") "C: STARTTLS\nS: 220 go\n",
		    "smtp://mx.example" }
	};

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer peer;
		struct smtp *smtp = open_peer(&peer, rows[i].script,
		    rows[i].url, SMTP_E_ARGUMENT, "ca-file",
		    "/nonexistent/ca.pem");

		assert_string_equal(smtp_error(smtp),
		    "/nonexistent/ca.pem: cannot be read");
		assert_int_equal(smtp_phase(smtp), SMTP_PHASE_TLS);
		close_peer(smtp, &peer);
	}
}

/* The deadline and a cancel end a handshake, and say so. */
static void
test_calls__a_handshake_is_ended(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (int cancel = 0; cancel < 2; cancel++) {
		struct smtp_options *o = options_for(NULL, "ehlo-name",
		    "a.example", "blocking", "no", "insecure-no-verify",
		    "yes", NULL);
		struct peer peer;
		struct smtp *smtp;
		int rc;

		peer_init(&peer, "S: ", 0);
		peer.transport.write = take_all;
		peer.transport.read = say_nothing;
		assert_int_equal(smtp_options_set_transport(o,
		    &peer.transport), SMTP_OK);
		rc = smtp_open(&smtp, "smtps://mx.example", o);
		smtp_options_free(o);
		assert_true(rc > 0);
		if (cancel)
			smtp_cancel(smtp);
		else
			smtp_set_deadline(smtp, smtp_now_ms());
		/* which holds from the next operation on */
		for (int i = 0; rc > 0 && i < 5; i++)
			rc = smtp_step(smtp);
		if (cancel) {
			expect_rc("cancel", smtp, rc, SMTP_E_CANCELLED);
			assert_string_equal(smtp_error(smtp),
			    "TLS with mx.example: cancelled");
		}
		smtp_close(smtp);
	}
}

/* ---- what a server did not take */

#define LMTP_HELLO "S: 220 hi\nC: LHLO a.example\nS: 250-hi\n" \
	"S: 250 PIPELINING\n"

static void
test_calls__tell_what_cannot_be_sent(void **state)
{
	static const struct {
		const char *what, *script, *url, *name, *value;
		const char *from, *to;
		int status;
		const char *words;
	} rows[] = {
		{ "require-all", LMTP_HELLO BYE,
		    "lmtp+plaintext://mx.example:24",
		    "require-all", "yes", "a@x.example", "b@x.example",
		    SMTP_E_UNSUPPORTED,
		    "require-all cannot be had over LMTP" },
		{ "recipient", HELLO("S: 250 PIPELINING\n") BYE, PLAIN_URL,
		    NULL, NULL, "a@x.example", "j\xc3\xb6@x.example",
		    SMTP_E_UNSUPPORTED, "SMTPUTF8" },
		{ "sender", HELLO("S: 250 PIPELINING\n") BYE, PLAIN_URL,
		    NULL, NULL, "j\xc3\xb6@x.example", "b@x.example",
		    SMTP_E_UNSUPPORTED, "SMTPUTF8" }
	};

	(void)state;
	needs(SMTP_WITH_LMTP);
	needs(SMTP_WITH_PIPELINING);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_message *m = smtp_message_new();
		struct peer peer;
		struct smtp *smtp = open_peer(&peer, rows[i].script,
		    rows[i].url, SMTP_OK, rows[i].name, rows[i].value);

		(void)smtp_message_set_raw(m, smtp_source_memory(mail,
		    strlen(mail)));
		(void)smtp_message_set_envelope_from(m, rows[i].from);
		(void)smtp_message_add_recipient(m, rows[i].to);
		(void)smtp_message_add_recipient(m, "c@x.example");
		expect_rc(rows[i].what, smtp, smtp_send(smtp, m),
		    rows[i].status);
		if (strstr(smtp_error(smtp), rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].what, smtp_error(smtp));
		smtp_message_free(m);
		close_peer(smtp, &peer);
	}
}

/* A connection of the program's cannot be opened again. */
static void
test_calls__a_limit_ends_a_connection_of_ones_own(void **state)
{
	struct smtp_message *m = mail_of(mail, "b@x.example", NULL);
	struct smtp_message *more = mail_of(mail, "b@x.example", NULL);
	struct peer peer;
	struct smtp *smtp = open_peer(&peer,
	    HELLO("S: 250-PIPELINING\nS: 250 LIMITS MAILMAX=1\n") FLIGHT GO
	    "S: 250 ok\n" BYE, PLAIN_URL, SMTP_OK, NULL, NULL);

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	expect_rc("first", smtp, smtp_send(smtp, m), SMTP_OK);
	expect_rc("second", smtp, smtp_send(smtp, more), SMTP_E_LATER);
	assert_non_null(strstr(smtp_error(smtp), "cannot be opened again"));
	smtp_message_free(more);
	smtp_message_free(m);
	close_peer(smtp, &peer);
}

/* ---- a window */

static ptrdiff_t
failing(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMTP_SOURCE_FAILED;
}

static ptrdiff_t
whole_mail(void *ctx, void *p, size_t n)
{
	int *said = ctx;

	assert_true(n >= sizeof mail);
	if ((*said)++ > 0)
		return 0;
	memcpy(p, mail, sizeof mail - 1);
	return sizeof mail - 1;
}

static int
take_next(struct smtp *smtp, struct smtp_message **done)
{
	int rc;

	while ((rc = smtp_take(smtp, done)) > 0)
		(void)smtp_step(smtp);
	return rc;
}

/*
 * One that waits for another session, since this one has done all, hears when
 * this one is lost. What was wrong with the first is a lost connection to it.
 */
static void
test_calls__who_waits_hears_of_the_loss(void **state)
{
	static const struct {
		const char *what, *script;
		bool fails;
		int first, cause;
	} rows[] = {
		{ "lost", HELLO("S: 250-PIPELINING\n"
		    "S: 250 LIMITS MAILMAX=1\n") FLIGHT "EOF\n", false,
		    SMTP_E_LATER, SMTP_E_CLOSED },
		{ "no content", HELLO("S: 250-PIPELINING\n"
		    "S: 250 LIMITS MAILMAX=1\n") FLIGHT "S: 354 go\n", true,
		    SMTP_E_SOURCE, SMTP_E_CLOSED },
	};

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_message *m[2], *done;
		struct peer peer;
		struct smtp *smtp = open_peer(&peer, rows[i].script,
		    PLAIN_URL, SMTP_OK, "blocking", "no");

		m[0] = mail_of(mail, "b@x.example", NULL);
		m[1] = mail_of(mail, "c@x.example", NULL);
		if (rows[i].fails)
			(void)smtp_message_set_raw(m[0], smtp_source_callback(
			    failing, NULL, NULL, NULL, 10));
		assert_true(smtp_put(smtp, m[0]) > 0);
		assert_true(smtp_put(smtp, m[1]) > 0);
		expect_rc(rows[i].what, smtp, take_next(smtp, &done),
		    rows[i].first);
		assert_ptr_equal(done, m[0]);
		expect_rc(rows[i].what, smtp, take_next(smtp, &done),
		    SMTP_E_LATER);
		assert_ptr_equal(done, m[1]);
		if (smtp_message_cause(m[1]) != rows[i].cause)
			fail_msg("%s: %s", rows[i].what, smtp_status_name(
			    smtp_message_cause(m[1])));
		smtp_message_free(m[0]);
		smtp_message_free(m[1]);
		smtp_close(smtp);
	}
}

/* A window that is full waits for a place, where calls block. */
static void
test_calls__a_full_window_waits(void **state)
{
	struct smtp_message *m[3], *done;
	struct peer peer;
	struct smtp *smtp = open_peer(&peer,
	    HELLO("S: 250 PIPELINING\n") FLIGHT GO "S: 250 ok\n" FLIGHT GO
	    "S: 250 ok\n" FLIGHT GO "S: 250 ok\n" BYE, PLAIN_URL, SMTP_OK,
	    "window", "1");

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	for (size_t i = 0; i < COUNT(m); i++) {
		m[i] = mail_of(mail, "b@x.example", NULL);
		expect_rc("put", smtp, smtp_put(smtp, m[i]), SMTP_OK);
		assert_int_equal(smtp_put(smtp, m[i]), SMTP_E_STATE);
	}
	assert_int_equal(smtp_put(smtp, NULL), SMTP_E_ARGUMENT);
	for (size_t i = 0; i < COUNT(m); i++) {
		expect_rc("take", smtp, smtp_take(smtp, &done), SMTP_OK);
		assert_ptr_equal(done, m[i]);
		smtp_message_free(done);
	}
	assert_int_equal(smtp_take(smtp, &done), SMTP_E_STATE);
	close_peer(smtp, &peer);
}

/* In the middle is one that cannot be sent, and then the connection is lost. */
static void
test_calls__what_has_ended_stays_so(void **state)
{
	struct smtp_message *m[3], *done;
	struct peer peer;
	struct smtp *smtp = open_peer(&peer,
	    HELLO("S: 250-PIPELINING\nS: 250 SIZE 200\n") "C* MAIL\n"
	    "C* RCPT\nC: DATA\nEOF\n", PLAIN_URL, SMTP_OK, "reconnect",
	    "no");
	char large[400];
	int rc[3];

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	m[0] = mail_of(mail, "b@x.example", NULL);
	m[1] = mail_of(large, "b@x.example", NULL);
	m[2] = mail_of(mail, "b@x.example", NULL);
	for (size_t i = 0; i < COUNT(m); i++)
		assert_int_equal(smtp_put(smtp, m[i]), SMTP_OK);
	for (size_t i = 0; i < COUNT(m); i++) {
		rc[i] = smtp_take(smtp, &done);
		assert_ptr_equal(done, m[i]);
	}
	assert_int_equal(rc[0], SMTP_E_LATER);
	assert_int_equal(rc[1], SMTP_E_REFUSED);
	assert_int_equal(rc[2], SMTP_E_LATER);
	for (size_t i = 0; i < COUNT(m); i++)
		smtp_message_free(m[i]);
	smtp_close(smtp);
}

/* The new connection fails as well: who has a result keeps it. */
static void
test_calls__a_result_outlives_the_next_connection(void **state)
{
	struct server *s = server_play("S: 220 hi\nC: EHLO*\nS: 250-hi\n"
	    "S: 250-PIPELINING\nS: 250 SIZE 200\nC: MAIL*\nCLOSE\n"
	    "ACCEPT\nS: 554 no more\nC: QUIT\nS: 221 bye\nEOF\n", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
	    "127.0.0.1"), "blocking", "yes", NULL);
	static const int want[] = { SMTP_E_LATER, SMTP_E_REFUSED,
		SMTP_E_LATER };
	struct smtp_message *m[3], *done;
	char large[400];

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	for (size_t i = 0; i < COUNT(m); i++)
		m[i] = mail_of(i == 1 ? large : mail, "b@x.example", NULL);
	for (size_t i = 0; i < COUNT(m); i++)
		assert_int_equal(smtp_put(smtp, m[i]), SMTP_OK);
	for (size_t i = 0; i < COUNT(m); i++) {
		expect_rc("take", smtp, smtp_take(smtp, &done), want[i]);
		assert_ptr_equal(done, m[i]);
		smtp_message_free(done);
	}
	smtp_close(smtp);
	server_stop(s);
}

/* Who was sent all is done at once, and one without a size goes alone. */
static void
test_calls__what_is_sent_is_not_sent_again(void **state)
{
	struct smtp_message *m = mail_of(mail, "b@x.example", NULL);
	struct smtp_message *other = mail_of(mail, "c@x.example", NULL);
	struct smtp_message *unknown = smtp_message_new(), *done;
	int said = 0;
	struct peer peer;
	struct smtp *smtp = open_peer(&peer, HELLO("S: 250 PIPELINING\n")
	    FLIGHT GO "S: 250 ok\n" FLIGHT GO "S: 250 ok\n" FLIGHT GO
	    "S: 250 ok\n" BYE, PLAIN_URL, SMTP_OK, NULL, NULL);

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
	expect_rc("put", smtp, smtp_put(smtp, m), SMTP_OK);
	expect_rc("take", smtp, smtp_take(smtp, &done), SMTP_OK);
	assert_ptr_equal(done, m);
	expect_rc("other", smtp, smtp_put(smtp, other), SMTP_OK);
	expect_rc("put", smtp, smtp_put(smtp, m), SMTP_OK);
	expect_rc("take", smtp, smtp_take(smtp, &done), SMTP_OK);
	assert_ptr_equal(done, other);
	expect_rc("take", smtp, smtp_take(smtp, &done), SMTP_OK);
	assert_ptr_equal(done, m);
	(void)smtp_message_set_raw(unknown, smtp_source_callback(
	    whole_mail, NULL, NULL, &said, SMTP_SIZE_UNKNOWN));
	(void)smtp_message_set_envelope_from(unknown, "a@x.example");
	(void)smtp_message_add_recipient(unknown, "b@x.example");
	expect_rc("unknown", smtp, smtp_put(smtp, unknown), SMTP_OK);
	expect_rc("take", smtp, smtp_take(smtp, &done), SMTP_OK);
	smtp_message_free(m);
	smtp_message_free(other);
	smtp_message_free(unknown);
	close_peer(smtp, &peer);
}

/* While a command is under way no mail is. */
static void
test_calls__one_thing_at_a_time(void **state)
{
	struct smtp_message *m = mail_of(mail, "b@x.example", NULL), *done;
	struct peer peer;
	struct smtp *smtp = open_peer(&peer, HELLO("S: 250 PIPELINING\n")
	    "C: NOOP\nS: 250 ok\n" BYE, PLAIN_URL, SMTP_OK, "blocking",
	    "no");
	int rc;

	(void)state;
	peer.piece = 1;
	rc = smtp_noop(smtp);
	assert_true(rc > 0);
	assert_int_equal(smtp_put(smtp, m), SMTP_E_STATE);
	assert_int_equal(smtp_take(smtp, &done), SMTP_E_STATE);
	assert_int_equal(smtp_send(smtp, m), SMTP_E_STATE);
	while (rc > 0)
		rc = smtp_step(smtp);
	expect_rc("noop", smtp, rc, SMTP_OK);
	assert_int_equal(smtp_step(smtp), SMTP_E_STATE);
	rc = smtp_quit(smtp);
	while (rc > 0)
		rc = smtp_step(smtp);
	assert_int_equal(rc, SMTP_OK);
	smtp_message_free(m);
	close_peer(smtp, &peer);
}

/* ---- tokens */

#define TOKEN_HELLO HELLO("S: 250 AUTH XOAUTH2\n")

static void
test_calls__a_token_is_given_when_it_is_asked_for(void **state)
{
	struct smtp_options *o = options_for(NULL, "ehlo-name", "a.example",
	    "blocking", "no", "insecure-plaintext-auth", "yes", NULL);
	struct peer peer;
	struct smtp *smtp;
	int rc;

	(void)state;
	needs(SMTP_WITH_XOAUTH2);
	peer_init(&peer, TOKEN_HELLO "C* AUTH XOAUTH2\nS: 235 ok\n" BYE, 0);
	assert_int_equal(smtp_options_set_transport(o, &peer.transport),
	    SMTP_OK);
	rc = smtp_open(&smtp, PLAIN_URL, o);
	smtp_options_free(o);
	while (rc > 0)
		rc = smtp_step(smtp);
	assert_int_equal(smtp_give_token(smtp, "too early"), SMTP_E_STATE);
	rc = smtp_auth_token(smtp, "u", NULL);
	while (rc > 0 && !(rc & SMTP_WANT_TOKEN))
		rc = smtp_step(smtp);
	assert_true(rc > 0);
#if STARVE
	if (starve_works()) {
		starve_at(0);
		rc = smtp_give_token(smtp, "lost");
		(void)starve_pause();
		assert_int_equal(rc, SMTP_E_MEMORY);
	}
#endif
	assert_int_equal(smtp_give_token(smtp, "first"), SMTP_OK);
	assert_int_equal(smtp_give_token(smtp, "second"), SMTP_E_STATE);
	do
		rc = smtp_step(smtp);
	while (rc > 0);
	expect_rc("auth", smtp, rc, SMTP_OK);
	close_peer(smtp, &peer);
}

static int
no_token_yet(void *ctx, const char *user, int refused, char *token,
    size_t room)
{
	int *calls = ctx;

	(void)user;
	(void)refused;
	if (++*calls < 3)
		return 1;
	assert_true(room > 4);
	memcpy(token, "mine", 5);
	return 0;
}

/* Who has a function for it does not give one besides. */
static void
test_calls__a_token_of_a_function_is_not_given(void **state)
{
	struct smtp_options *o = options_for(NULL, "ehlo-name", "a.example",
	    "blocking", "no", "insecure-plaintext-auth", "yes", NULL);
	struct peer peer;
	struct smtp *smtp;
	int rc, calls = 0;

	(void)state;
	needs(SMTP_WITH_XOAUTH2);
	peer_init(&peer, TOKEN_HELLO "C* AUTH XOAUTH2\nS: 235 ok\n" BYE, 0);
	assert_int_equal(smtp_options_set_transport(o, &peer.transport),
	    SMTP_OK);
	assert_int_equal(smtp_options_set_token(o, no_token_yet, &calls),
	    SMTP_OK);
	rc = smtp_open(&smtp, PLAIN_URL, o);
	smtp_options_free(o);
	while (rc > 0)
		rc = smtp_step(smtp);
	rc = smtp_auth_token(smtp, "u", NULL);
	assert_true(rc > 0);
	assert_int_equal(smtp_give_token(smtp, "another"), SMTP_E_STATE);
	while (rc > 0)
		rc = smtp_step(smtp);
	expect_rc("auth", smtp, rc, SMTP_OK);
	assert_int_equal(calls, 3);
	close_peer(smtp, &peer);
}

/* ---- signatures */

#if SMTP_WITH_DKIM
static int
a_signer(void *ctx, const unsigned char digest[32], unsigned char *signature,
    size_t *n)
{
	(void)ctx;
	memset(signature, digest[0], 64);
	*n = 64;
	return 0;
}

static struct smtp_dkim *
signer(void)
{
	struct smtp_dkim *dkim = smtp_dkim_new("x.example", "s");

	assert_non_null(dkim);
	assert_int_equal(smtp_dkim_set_signer(dkim, "ed25519-sha256",
	    a_signer, NULL), SMTP_OK);
	return dkim;
}

/* "From: ...": in pieces of one octet, with a wait before each. */
static const char signed_mail[] = "From: a@x.example\n"
	"Date: Sun, 22 Nov 2026 10:00:00 +0000\nSubject: x\n\nbody\n";

struct drip {
	size_t at;
	bool waited;
};

static ptrdiff_t
drip_read(void *ctx, void *p, size_t n)
{
	struct drip *d = ctx;

	(void)n;
	d->waited = !d->waited;
	if (d->waited)
		return SMTP_SOURCE_WAIT;
	if (d->at == sizeof signed_mail - 1)
		return 0;
	memcpy(p, signed_mail + d->at++, 1);
	return 1;
}

static int
drip_rewind(void *ctx)
{
	struct drip *d = ctx;

	d->at = 0;
	return 0;
}

/* The signature waits for its content, which a file cannot. */
static void
test_calls__a_signature_waits_for_its_source(void **state)
{
	struct smtp_dkim *dkim = signer();
	struct smtp_message *m = smtp_message_new();
	struct drip d = { 0, false };
	FILE *file = tmpfile();
	const char *sent;
	struct server *s;
	struct smtp *smtp;

	(void)state;
	assert_non_null(file);
	(void)smtp_message_set_raw(m, smtp_source_callback(drip_read,
	    drip_rewind, NULL, &d, SMTP_SIZE_UNKNOWN));
	(void)smtp_message_add_recipient(m, "b@x.example");
	(void)smtp_message_set_envelope_from(m, "a@x.example");
	assert_int_equal(smtp_message_add_dkim(m, dkim), SMTP_OK);
	assert_int_equal(smtp_message_write(m, file, 0), SMTP_E_SOURCE);
	assert_non_null(strstr(smtp_message_error(m),
	    "writing to a file cannot wait"));
	(void)fclose(file);

	s = server_start("--tls", "none", NULL);
	smtp = plain_session(s);
	expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_close(smtp);
	sent = server_mail(s, 1, NULL);
	assert_memory_equal(sent, "DKIM-Signature: v=1; a=ed25519-sha256;",
	    38);
	assert_non_null(strstr(sent, "\r\n\r\nbody\r\n"));
	server_found_no_fault(s);
	server_stop(s);
	smtp_message_free(m);
	smtp_dkim_free(dkim);
}

/* What cannot be signed is not sent without. */
static void
test_calls__what_cannot_be_signed_is_not_sent(void **state)
{
	size_t n = (1U << 20) + 100;
	char *large = malloc(n + 1);
	struct smtp_dkim *empty = smtp_dkim_new("x.example", "s");
	const struct {
		const char *what, *content;
		bool once, key;
		int status;
		const char *words;
	} rows[] = {
		{ "no key", signed_mail, false, false, SMTP_E_ARGUMENT,
		    "signature: " },
		{ "read once", signed_mail, true, true, SMTP_E_UNSUPPORTED,
		    "a source that can be read once only cannot be signed" },
		{ "a long header", large, false, true, SMTP_E_MEMORY,
		    "the header is too long" }
	};

	(void)state;
	assert_non_null(large);
	for (size_t i = 0; i < n; i++)
		large[i] = i % 70 == 69 ? '\n' : i % 70 == 0 ? ' ' : 'x';
	memcpy(large, "From: a@x.example\nX: x\n", 23);
	large[n] = '\0';
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_dkim *dkim = signer();
		struct smtp_message *m = smtp_message_new();
		struct drip d = { 0, false };
		struct peer peer;
		struct smtp *smtp = open_peer(&peer,
		    HELLO("S: 250 PIPELINING\n") BYE, PLAIN_URL, SMTP_OK,
		    NULL, NULL);
		int rc;

		(void)smtp_message_set_raw(m, rows[i].once ?
		    smtp_source_callback(drip_read, NULL, NULL, &d,
		    SMTP_SIZE_UNKNOWN) : smtp_source_memory(rows[i].content,
		    strlen(rows[i].content)));
		(void)smtp_message_add_recipient(m, "b@x.example");
		(void)smtp_message_set_envelope_from(m, "a@x.example");
		(void)smtp_message_add_dkim(m, rows[i].key ? dkim : empty);
		rc = smtp_send(smtp, m);
		expect_rc(rows[i].what, smtp, rc, rows[i].status);
		if (strstr(smtp_error(smtp), rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].what, smtp_error(smtp));
		smtp_message_free(m);
		smtp_dkim_free(dkim);
		close_peer(smtp, &peer);
	}
	smtp_dkim_free(empty);
	free(large);
}
#else
CASE_LEFT_OUT(test_calls__a_signature_waits_for_its_source, "SMTP_WITH_DKIM")
CASE_LEFT_OUT(test_calls__what_cannot_be_signed_is_not_sent, "SMTP_WITH_DKIM")
#endif

/* ---- pools */

#if SMTP_WITH_POOL && SMTP_WITH_THREADS
/* Without memory for its options there is neither a pool nor a session. */
#if STARVE
static void
test_calls__without_memory_for_options(void **state)
{
	struct smtp *smtp;
	struct smtp_pool *pool;
	struct smtp_diagnosis *d;
	int rc;

	(void)state;
	if (!starve_works())
		return;
	starve_at(0);
	rc = smtp_open(&smtp, PLAIN_URL, NULL);
	(void)starve_pause();
	assert_int_equal(rc, SMTP_E_MEMORY);
	assert_null(smtp);
	starve_at(0);
	pool = smtp_pool_new(PLAIN_URL, NULL, 1);
	(void)starve_pause();
	assert_null(pool);
	pool = smtp_pool_new(PLAIN_URL, NULL, 1);
	assert_non_null(pool);
	smtp_pool_cancel(pool);
	starve_at(0);
	rc = smtp_pool_take(pool, &smtp);
	(void)starve_pause();
	assert_int_equal(rc, SMTP_E_MEMORY);
	assert_null(smtp);
	smtp_pool_free(pool);
	starve_at(0);
	rc = smtp_diagnose(&d, PLAIN_URL, NULL, NULL, NULL);
	(void)starve_pause();
	assert_int_equal(rc, SMTP_E_MEMORY);
	assert_null(d);
	for (long n = 0; n < 2; n++) {
		struct smtp_options *o = smtp_options_new();

		starve_at(n);
		rc = smtp_options_set_client(o, "c", 1, "k", 1);
		(void)starve_pause();
		assert_int_equal(rc, SMTP_E_MEMORY);
		assert_string_equal(smtp_options_error(o),
		    "option \"client\": out of memory");
		assert_int_equal(smtp_options_set_client(o, "c", 1, NULL, 0),
		    SMTP_OK);
		smtp_options_free(o);
	}
}
#endif

/* The one that was used last; with old credentials, or a result, none. */
static void
test_calls__a_pool_keeps_what_is_fit(void **state)
{
	struct server *s = server_start("--tls", "none", "--auth-in-clear",
	    NULL);
	struct smtp_options *o = options_for(s, "insecure-plaintext-auth",
	    "yes", NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	struct smtp_pool *pool = smtp_pool_new(server_url(s,
	    "smtp+plaintext", "127.0.0.1"), o, 3);
	struct smtp *one, *two, *again;

	(void)state;
	smtp_options_free(o);
	assert_int_equal(smtp_pool_take(pool, &one), SMTP_OK);
	assert_int_equal(smtp_pool_take(pool, &two), SMTP_OK);
	smtp_pool_give(pool, one);
	(void)poll(NULL, 0, 20);
	smtp_pool_give(pool, two);
	assert_int_equal(smtp_pool_take(pool, &again), SMTP_OK);
	assert_ptr_equal(again, two);
	smtp_pool_give(pool, again);
	assert_int_equal(smtp_pool_number(pool, SMTP_POOL_IDLE), 2);

	assert_int_equal(smtp_pool_take(pool, &one), SMTP_OK);
	assert_int_equal(smtp_put(one, m), SMTP_OK);
	while (smtp_step(one) > 0)
		(void)poll(NULL, 0, 5);
	(void)smtp_step(one);
	smtp_pool_give(pool, one);
	assert_int_equal(smtp_pool_number(pool, SMTP_POOL_IDLE), 1);

	assert_int_equal(smtp_pool_take(pool, &one), SMTP_OK);
	assert_int_equal(smtp_pool_auth(pool, USER, PASSWORD), SMTP_OK);
	smtp_pool_give(pool, one);
	assert_int_equal(smtp_pool_number(pool, SMTP_POOL_IDLE), 0);
	smtp_message_free(m);
	smtp_pool_free(pool);
	server_found_no_fault(s);
	server_stop(s);
}

static int
bearer(void *ctx, const char *user, int refused, char *token, size_t room)
{
	(void)ctx;
	(void)user;
	(void)refused;
	assert_true(room > sizeof TOKEN);
	memcpy(token, TOKEN, sizeof TOKEN);
	return 0;
}

/* By a token, by one that a function has, and by a mechanism's name. */
static void
test_calls__a_pool_logs_in_by_all_ways(void **state)
{
	static const char *const offered[] = { "XOAUTH2", "XOAUTH2",
		"ANONYMOUS" };

	(void)state;
	needs(SMTP_WITH_XOAUTH2);
	for (int way = 0; way < 3; way++) {
		struct server *s = server_start("--tls", "none",
		    "--auth-in-clear", "--auth", way < 2 ? offered[way] :
		    "PLAIN", NULL);
		struct smtp_options *o = options_for(s,
		    "insecure-plaintext-auth", "yes", NULL);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
		    NULL);
		struct smtp_pool *pool;
		char error[300];
		int rc;

		if (way == 1)
			assert_int_equal(smtp_options_set_token(o, bearer,
			    NULL), SMTP_OK);
		pool = smtp_pool_new(server_url(s, "smtp+plaintext",
		    "127.0.0.1"), o, 2);
		smtp_options_free(o);
		assert_non_null(pool);
		assert_int_equal(smtp_pool_auth_token(pool, "u", ""),
		    SMTP_E_ARGUMENT);
		assert_int_equal(smtp_pool_auth_token(pool, "", "t"),
		    SMTP_E_ARGUMENT);
		assert_int_equal(smtp_pool_auth_token(pool, NULL, "t"),
		    SMTP_E_ARGUMENT);
		if (way != 1)
			assert_int_equal(smtp_pool_auth_token(pool, "u",
			    NULL), SMTP_E_ARGUMENT);
		assert_int_equal(way == 0 ? smtp_pool_auth_token(pool, USER,
		    TOKEN) : way == 1 ? smtp_pool_auth_token(pool, USER,
		    NULL) : smtp_pool_auth_mechanism(pool, "ANONYMOUS",
		    "guest"), SMTP_OK);
		rc = smtp_pool_send(pool, m, error, sizeof error);
		/* which the demo server does not have */
		if (rc != (way == 2 ? SMTP_E_LATER : SMTP_OK))
			fail_msg("%d: %s: %s", way, smtp_status_name(rc),
			    error);
		/* nothing to send is told, session or not */
		assert_int_equal(smtp_pool_send(pool, NULL, error,
		    sizeof error), SMTP_E_ARGUMENT);
		smtp_message_free(m);
		smtp_pool_free(pool);
		if (way < 2)
			assert_int_equal(server_heard_lines(s,
			    "AUTH XOAUTH2 "), 1);
		server_found_no_fault(s);
		server_stop(s);
	}
}
#else
#if STARVE
CASE_LEFT_OUT(test_calls__without_memory_for_options,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
#endif
CASE_LEFT_OUT(test_calls__a_pool_keeps_what_is_fit,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
CASE_LEFT_OUT(test_calls__a_pool_logs_in_by_all_ways,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
#endif

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls__of_nothing_are_safe),
		cmocka_unit_test(
		    test_calls__of_a_message_without_a_file_or_a_key),
		cmocka_unit_test(test_calls__options_take_what_is_whole),
		cmocka_unit_test(
		    test_calls__options_do_not_change_under_a_session),
		cmocka_unit_test(
		    test_calls__tls_of_a_transport_needs_its_files),
		cmocka_unit_test(test_calls__a_handshake_is_ended),
		cmocka_unit_test(test_calls__tell_what_cannot_be_sent),
		cmocka_unit_test(
		    test_calls__a_limit_ends_a_connection_of_ones_own),
		cmocka_unit_test(test_calls__who_waits_hears_of_the_loss),
		cmocka_unit_test(test_calls__a_full_window_waits),
		cmocka_unit_test(test_calls__what_has_ended_stays_so),
		cmocka_unit_test(
		    test_calls__a_result_outlives_the_next_connection),
		cmocka_unit_test(test_calls__what_is_sent_is_not_sent_again),
		cmocka_unit_test(test_calls__one_thing_at_a_time),
		cmocka_unit_test(
		    test_calls__a_token_is_given_when_it_is_asked_for),
		cmocka_unit_test(
		    test_calls__a_token_of_a_function_is_not_given),
		cmocka_unit_test(
		    test_calls__a_signature_waits_for_its_source),
		cmocka_unit_test(
		    test_calls__what_cannot_be_signed_is_not_sent),
#if STARVE
		cmocka_unit_test(test_calls__without_memory_for_options),
#endif
		cmocka_unit_test(test_calls__a_pool_keeps_what_is_fit),
		cmocka_unit_test(test_calls__a_pool_logs_in_by_all_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
