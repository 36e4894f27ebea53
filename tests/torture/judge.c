/* SPDX-License-Identifier: MIT */
/*
 * Play a session with one fault, and look what came of it:
 *
 *   - what the library says of each recipient is what the server did: OK only
 *     after a whole reply, and then once in the box; UNKNOWN at most once; all
 *     else never
 *   - a fault that nobody should notice changed nothing; any other failed with
 *     a cause that belongs to it, and words
 *   - the handle can be used and closed, and another one then sends what is
 *     left
 *   - all memory, descriptors, transports and sources were given back
 */
#include "check.h"

#include "torture.h"

#include <smtp/dkim.h>
#include <smtp/pool.h>
#include <smtp/sasl.h>

struct run {
	struct world world;
	const struct play *play;
	const struct fault *fault;
	struct smtp_options *options;
	struct smtp *smtp;
	struct smtp_dkim *dkim;
	struct smtp_message *m[MAILS_MAX];
	bool again[MAILS_MAX][RCPTS_MAX];        /* it was UNKNOWN          */
	bool swallowed;          /* a diagnosis told what mbedTLS hides     */
	unsigned bad;
};

/* How each ends without a fault. */
static struct outcome usual[128];
static bool is_known[128];

static void
complain(struct run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
complain(struct run *run, const char *format, ...)
{
	va_list more;

	(void)fprintf(stderr, "%s: %s %lu: ", run->play->name,
		run->fault != NULL ? run->fault->name : "no fault",
		fault_point());
	va_start(more, format);
	(void)vfprintf(stderr, format, more);
	va_end(more);
	(void)fputc('\n', stderr);
	run->bad++;
}

/*
 * mbedTLS puts codes of its own in place of "no memory" where it reads keys and
 * certificates, and at times where it signs: what the library says of these is
 * all that can be known.
 */
static bool
is_swallowed(const char *error)
{
	static const char *const words[] = {
		"no private key in", "no certificate that can be used",
		"the key could not sign"
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strstr(error, words[i]) != NULL)
			return true;
	return false;
}

/* ---- a session, call by call */

static int
mine_step(void *state, const void *challenge, size_t n,
    struct smtp_sasl_response *response)
{
	(void)state;
	(void)challenge;
	(void)n;
	response->p = "mine";
	response->n = 4;
	response->last = 1;
	return SMTP_OK;
}

static int
set_hooks(struct run *run)
{
	static const struct smtp_sasl mine = {
		.name = "X-MINE", .flags = SMTP_SASL_FIRST, .step = mine_step
	};
	struct smtp_options *o = run->options;
	unsigned flags = run->play->flags;
	int rc = smtp_options_set_clock(o, world_clock, NULL);

	if (rc == SMTP_OK)
		rc = smtp_options_set_random(o, world_random, &run->world);
	if (rc == SMTP_OK && flags & WITH_TOKEN)
		rc = smtp_options_set_token(o, world_token, NULL);
	if (rc == SMTP_OK && flags & WITH_RESOLVER)
		rc = smtp_options_set_resolver(o, &world_resolver);
	if (rc == SMTP_OK && run->play->mechanism != NULL)
		rc = smtp_options_add_sasl(o, &mine);
	if (rc == SMTP_OK && flags & (WITH_TLS | WITH_STARTTLS))
		rc = smtp_options_set_ca(o, world_ca_pem,
		    strlen(world_ca_pem));
	if (rc == SMTP_OK && flags & WITH_CLIENT)
		rc = smtp_options_set_client(o, world_client_pem,
		    strlen(world_client_pem), NULL, 0);
	return rc;
}

static int
set_options(struct run *run)
{
	struct smtp_allocator allocator = meter_allocator(&run->world.meter);
	const char *const *pair = run->play->options;
	unsigned flags = run->play->flags;
	int rc;

	if (run->options != NULL)
		return SMTP_OK;
	run->options = smtp_options_new_with(&allocator);
	rc = set_hooks(run);
	for (; rc == SMTP_OK && *pair != NULL; pair += 2)
		rc = smtp_options_set(run->options, pair[0], pair[1]);
	if (rc == SMTP_OK && !(flags & WITH_SOCKET))
		rc = smtp_options_set(run->options, "ehlo-name",
		    "client.example.com");
	if (rc == SMTP_OK && flags & WITH_STEPS)
		rc = smtp_options_set(run->options, "blocking", "no");
	if (rc == SMTP_OK && flags & WITH_TRACE)
		rc = smtp_options_set(run->options, "trace", "yes");
	if (rc != SMTP_OK && run->options != NULL &&
	    smtp_options_error(run->options)[0] == '\0')
		complain(run, "options: no word about %s",
		    smtp_status_name(rc));
	return rc;
}

static int
set_transport(struct run *run)
{
	struct smtp_transport transport;
	int rc;

	if (run->play->flags & WITH_SOCKET)
		return SMTP_OK;
	transport = world_transport(&run->world);
	rc = smtp_options_set_transport(run->options, &transport);
	if (rc != SMTP_OK)
		transport.close(transport.ctx);
	return rc;
}

/* With blocking=no: step until it is done. */
static int
finish(struct run *run, int rc)
{
	for (unsigned i = 0; rc > 0; i++) {
		if (i == 100000) {
			complain(run, "it never ends");
			smtp_cancel(run->smtp);
		}
		if (i > 100010)
			abort();
		world_wait(run->smtp, rc);
		rc = smtp_step(run->smtp);
	}
	return rc;
}

static void
drop_trace(struct run *run)
{
	char line[64];

	if (run->play->flags & WITH_TRACE && run->smtp != NULL)
		while (smtp_trace_take(run->smtp, line, sizeof line) > 0)
			;
}

/* The first that did not do as usual. */
static void
blame(struct run *run, struct outcome *o, const char *call, int rc, int want,
    int cause)
{
	if (o == NULL || o->call != NULL || rc >= 0 ||
	    (is_known[run->play - plays] && rc == want))
		return;
	o->call = call;
	o->cause = cause;
}

/* Words about a call that failed; those of the session, or of the message. */
static void
note(struct run *run, struct outcome *o, const char *call, int rc, int want,
    const struct smtp_message *m)
{
	const char *error;
	int cause;

	if (rc >= 0)
		return;
	/* Without memory to begin, the message has the results of before. */
	if (m != NULL && rc == SMTP_E_MEMORY && smtp_message_status(m) != rc)
		m = NULL;
	error = m != NULL ? smtp_message_error(m) : smtp_error(run->smtp);
	cause = m != NULL ? smtp_message_cause(m) : smtp_cause(run->smtp);
	if (run->smtp == NULL && run->play->flow < FLOW_DIAGNOSE)
		cause = rc;
	if (smtp_error(run->smtp)[0] == '\0' && (m == NULL ||
	    error[0] == '\0'))
		complain(run, "%s is %s, and no word about it", call,
		    smtp_status_name(rc));
	if (strlen(smtp_hint(run->smtp)) > 1000)
		complain(run, "a hint without an end");
	if (smtp_status_name(cause)[0] == '\0')
		complain(run, "%s: cause %d", call, cause);
	if (smtp_phase(run->smtp) != SMTP_PHASE_NONE &&
	    smtp_phase_name(smtp_phase(run->smtp))[0] == '\0')
		complain(run, "%s: phase %d", call, smtp_phase(run->smtp));
	blame(run, o, call, rc, want, cause);
}

static void
note_mail(struct run *run, struct outcome *o, const char *call, unsigned i)
{
	int rc = o->send[i], want = usual[run->play - plays].send[i];

	if (run->m[i] == NULL)
		blame(run, o, "smtp_message_new", rc, want, rc);
	else
		note(run, o, call, rc, want, run->m[i]);
}

static int
authenticate(struct run *run)
{
	const char *mechanism = run->play->mechanism;
	int rc;

	if (strcmp(mechanism, "X-MINE") == 0 ||
	    strcmp(mechanism, "ANONYMOUS") == 0 ||
	    strcmp(mechanism, "EXTERNAL") == 0)
		rc = smtp_auth_mechanism(run->smtp, mechanism, NULL);
	else if (run->play->flags & WITH_TOKEN)
		rc = smtp_auth_token(run->smtp, USER, NULL);
	else
		rc = smtp_auth(run->smtp, USER, PASSWORD);
	return finish(run, rc);
}

/* A handle for which smtp_send() can be called, or why not. */
static bool
begin(struct run *run, struct outcome *o)
{
	o->open = set_options(run);
	if (o->open == SMTP_OK)
		o->open = set_transport(run);
	if (o->open == SMTP_OK) {
		o->open = smtp_open(&run->smtp, run->play->url,
		    run->options);
		run->world.smtp = run->smtp;
		o->open = finish(run, o->open);
	}
	note(run, o, "smtp_open", o->open, SMTP_OK, NULL);
	if (o->open != SMTP_OK || run->play->mechanism == NULL)
		return o->open == SMTP_OK;
	o->auth = authenticate(run);
	note(run, o, "smtp_auth", o->auth, SMTP_OK, NULL);
	/* Without random octets a mechanism that needs none is taken. */
	if (o->auth == SMTP_OK && strcmp(smtp_mechanism(run->smtp),
	    run->play->mechanism) != 0 && !(run->fault != NULL &&
	    run->fault->site == SITE_RANDOM))
		complain(run, "authenticated by %s",
		    smtp_mechanism(run->smtp));
	return o->auth == SMTP_OK;
}

/* The server ends a session that was idle for long. */
static void
idle(struct run *run)
{
	struct world *w = &run->world;

	if (!(run->play->flags & WITH_IDLE))
		return;
	world_pass(400000);
	for (size_t i = 0; i < w->connection_count; i++) {
		fault_pause();
		if (w->connections[i].tls_on)
			(void)mbedtls_ssl_close_notify(
			    &w->connections[i].tls.ssl);
		fault_resume();
		w->connections[i].wire.down.ended = true;
	}
}

static struct smtp_message *
mail(struct run *run, unsigned i)
{
	if (run->m[i] == NULL)
		run->m[i] = mail_make(&run->world, i);
	if (run->m[i] != NULL && run->dkim != NULL)
		(void)smtp_message_add_dkim(run->m[i], run->dkim);
	return run->m[i];
}

static void
make_dkim(struct run *run)
{
	if (!(run->play->flags & WITH_DKIM) || run->dkim != NULL)
		return;
	run->dkim = smtp_dkim_new("example.com", "sel");
	(void)smtp_dkim_set_key(run->dkim, world_dkim_pem,
	    strlen(world_dkim_pem) + 1, NULL);
}

static int
send_one(struct run *run, unsigned i)
{
	struct smtp_message *m;

	make_dkim(run);
	m = mail(run, i);
	if (m == NULL)
		return SMTP_E_MEMORY;
	return finish(run, smtp_send(run->smtp, m));
}

static void
send_each(struct run *run, struct outcome *o)
{
	for (unsigned i = 0; i < run->play->mails; i++) {
		if (i > 0)
			idle(run);
		o->send[i] = send_one(run, i);
		note_mail(run, o, "smtp_send", i);
		drop_trace(run);
	}
}

/* The next result; false when none is left. */
static bool
take(struct run *run, struct outcome *o)
{
	struct smtp_message *m = NULL;
	int rc;
	unsigned i = 0;

	for (unsigned k = 0; ; k++) {
		rc = smtp_take(run->smtp, &m);
		if (rc <= 0 || k == 1000)
			break;
		rc = finish(run, rc);
		if (rc < 0)
			break;
	}
	if (m == NULL)
		return false;
	while (i < run->play->mails && run->m[i] != m)
		i++;
	if (i == run->play->mails) {
		complain(run, "smtp_take: a message of nobody");
		return false;
	}
	o->send[i] = rc;
	note_mail(run, o, "smtp_take", i);
	return true;
}

static void
send_bulk(struct run *run, struct outcome *o)
{
	for (unsigned i = 0; i < run->play->mails; i++) {
		struct smtp_message *m = mail(run, i);
		int rc = m != NULL ? smtp_put(run->smtp, m) : SMTP_E_MEMORY;

		while (rc == SMTP_E_SPACE && take(run, o))
			rc = smtp_put(run->smtp, m);
		o->send[i] = rc < 0 ? rc : 1;
		if (m == NULL)
			note_mail(run, o, "", i);
		else if (rc < 0)
			note(run, o, "smtp_put", rc, 1, NULL);
	}
	while (take(run, o))
		;
	for (unsigned i = 0; i < run->play->mails; i++)
		if (o->send[i] > 0)
			complain(run, "mail %u has no result", i);
}

static void
command(struct run *run, struct outcome *o)
{
	o->other[0] = finish(run, smtp_noop(run->smtp));
	note(run, o, "smtp_noop", o->other[0], SMTP_OK, NULL);
	o->other[1] = finish(run, smtp_command(run->smtp, "VRFY joe"));
	note(run, o, "smtp_command", o->other[1], SMTP_OK, NULL);
	o->other[2] = finish(run, smtp_reset(run->smtp));
	note(run, o, "smtp_reset", o->other[2], SMTP_OK, NULL);
	send_each(run, o);
	o->other[3] = finish(run, smtp_quit(run->smtp));
	note(run, o, "smtp_quit", o->other[3], SMTP_OK, NULL);
}

static void
diagnose(struct run *run, struct outcome *o)
{
	struct smtp_diagnosis *d = NULL;

	o->open = set_options(run);
	note(run, o, "options", o->open, SMTP_OK, NULL);
	if (o->open != SMTP_OK)
		return;
	o->other[0] = smtp_diagnose(&d, run->play->url, run->options, USER,
	    PASSWORD);
	blame(run, o, "smtp_diagnose", o->other[0], SMTP_OK, o->other[0]);
	if (d == NULL && o->other[0] != SMTP_E_MEMORY)
		complain(run, "no diagnosis");
	for (size_t i = 0; i < smtp_diagnosis_count(d); i++) {
		run->swallowed |= is_swallowed(smtp_diagnosis_text(d, i));
		if (smtp_diagnosis_text(d, i)[0] == '\0')
			complain(run, "diagnosis: no word about %s",
			    smtp_diagnosis_step(d, i));
	}
	smtp_diagnosis_free(d);
}

static void
use_pool(struct run *run, struct outcome *o)
{
	struct smtp_pool *pool;
	char error[400];

	o->open = set_options(run);
	note(run, o, "options", o->open, SMTP_OK, NULL);
	if (o->open != SMTP_OK)
		return;
	pool = smtp_pool_new(run->play->url, run->options, 2);
	if (pool == NULL)
		o->auth = SMTP_E_MEMORY;
	else
		o->auth = smtp_pool_auth(pool, USER, PASSWORD);
	note(run, o, "smtp_pool_auth", o->auth, SMTP_OK, NULL);
	for (unsigned i = 0; i < run->play->mails && o->auth == SMTP_OK;
	    i++) {
		struct smtp_message *m = mail(run, i);

		error[0] = '\0';
		o->send[i] = m == NULL ? SMTP_E_MEMORY :
		    smtp_pool_send(pool, m, error, sizeof error);
		note_mail(run, o, "smtp_pool_send", i);
		if (m != NULL && o->send[i] < 0 && error[0] == '\0')
			complain(run, "smtp_pool_send: no word about %s",
			    smtp_status_name(o->send[i]));
	}
	smtp_pool_free(pool);
}

static void
end_session(struct run *run)
{
	int rc;

	run->world.smtp = NULL;
	rc = smtp_close(run->smtp);
	run->smtp = NULL;
	if (rc != SMTP_OK)
		complain(run, "smtp_close: %s", smtp_status_name(rc));
	smtp_options_free(run->options);
	run->options = NULL;
}

static void
perform(struct run *run, struct outcome *o)
{
	*o = (struct outcome){ .auth = 1 };
	for (size_t i = 0; i < MAILS_MAX; i++)
		o->send[i] = 1;
	switch (run->play->flow) {
	case FLOW_DIAGNOSE:
		diagnose(run, o);
		return;
	case FLOW_POOL:
		use_pool(run, o);
		return;
	default:
		break;
	}
	if (!begin(run, o))
		return;
	switch (run->play->flow) {
	case FLOW_BULK:
		send_bulk(run, o);
		break;
	case FLOW_COMMANDS:
		command(run, o);
		break;
	default:
		send_each(run, o);
		break;
	}
}

/* ---- what it says of the mails, and what the server has */

static unsigned
in_box(const struct run *run, unsigned mail, unsigned rcpt, bool *told)
{
	unsigned n = 0;

	*told = false;
	for (size_t i = 0; i < run->world.accepted_n; i++) {
		const struct verdict *v = &run->world.accepted[i];

		if (v->mail != mail || v->rcpt != rcpt)
			continue;
		n++;
		*told |= v->connection->taken >= v->told_at;
	}
	return n;
}

static void
check_row(struct run *run, unsigned i, size_t row)
{
	const struct smtp_message *m = run->m[i];
	int status = smtp_message_recipient_status(m, row);
	char kind[8];
	unsigned number, n;
	bool told;

	if (!mail_address(smtp_message_recipient_address(m, row), kind,
	    sizeof kind, &number) || number >= RCPTS_MAX) {
		complain(run, "mail %u has a recipient %s", i,
		    smtp_message_recipient_address(m, row));
		return;
	}
	n = in_box(run, i, number, &told);
	if (status == SMTP_OK && (n == 0 || !told))
		complain(run, "mail %u, %s%u: OK, but %s", i, kind, number,
		    n == 0 ? "not in the box" : "nobody said so");
	if (status != SMTP_OK && status != SMTP_E_UNKNOWN && n > 0 &&
	    !run->again[i][number])
		complain(run, "mail %u, %s%u: %s, but in the box", i, kind,
		    number, smtp_status_name(status));
	if (n > 1 + (unsigned)run->again[i][number])
		complain(run, "mail %u, %s%u: %u times in the box", i, kind,
		    number, n);
	if (status != SMTP_OK && (smtp_message_recipient_cause(m, row) ==
	    SMTP_OK) && smtp_message_status(m) != SMTP_OK &&
	    smtp_message_recipient_code(m, row) == 0)
		complain(run, "mail %u, %s%u: %s without a cause", i, kind,
		    number, smtp_status_name(status));
}

/* The rows add up to what the message says. */
static void
check_mail(struct run *run, unsigned i, int rc)
{
	const struct smtp_message *m = run->m[i];
	size_t count, ok = 0, unknown = 0;
	bool told;

	if (m == NULL || rc == 1)
		return;
	count = smtp_message_recipient_count(m);
	if (count == 0)
		for (unsigned r = 0; r < RCPTS_MAX; r++)
			if (in_box(run, i, r, &told) > 0)
				complain(run, "mail %u: in the box, and no "
				    "rows", i);
	for (size_t row = 0; row < count; row++) {
		int status = smtp_message_recipient_status(m, row);

		check_row(run, i, row);
		ok += status == SMTP_OK;
		unknown += status == SMTP_E_UNKNOWN;
	}
	if (rc == SMTP_OK && ok < count)
		complain(run, "mail %u: OK, but not for all", i);
	if (rc == SMTP_E_PARTIAL && (ok == 0 || ok == count || unknown > 0))
		complain(run, "mail %u: PARTIAL, but %zu of %zu", i, ok,
		    count);
	if (rc == SMTP_E_UNKNOWN && unknown == 0)
		complain(run, "mail %u: UNKNOWN, but no row is", i);
	if (rc != SMTP_OK && rc != SMTP_E_PARTIAL && rc != SMTP_E_UNKNOWN &&
	    ok > 0 && smtp_message_status(m) == rc)
		complain(run, "mail %u: %s, but OK for %zu", i,
		    smtp_status_name(rc), ok);
}

static void
check_mails(struct run *run, const struct outcome *o)
{
	for (unsigned i = 0; i < run->play->mails; i++)
		check_mail(run, i, o->send[i]);
	if (run->world.wrong != NULL)
		complain(run, "the server: %s", run->world.wrong);
	run->world.wrong = NULL;
}

/* ---- was it what the fault may lead to? */

static bool
same_outcome(const struct outcome *a, const struct outcome *b)
{
	return a->open == b->open && a->auth == b->auth &&
	    memcmp(a->send, b->send, sizeof a->send) == 0 &&
	    memcmp(a->other, b->other, sizeof a->other) == 0;
}

/*
 * What is lost on the way through a proxy is told as a proxy that leads
 * nowhere; and once a session is lost that cannot be opened again, what
 * follows is not its time.
 */
static bool
may_be(const struct run *run, const struct outcome *o)
{
	const char *option = run->play->options[0];
	bool proxy = option != NULL && strcmp(option, "proxy") == 0;
	int cause = o->cause;

	if (cause == SMTP_E_STATE && o->send[0] < 0 &&
	    !(run->play->flags & WITH_SOCKET))
		return true;
	if (run->fault->site == SITE_HEAP &&
	    (run->swallowed || is_swallowed(smtp_error(run->smtp))))
		return true;
	for (size_t i = 0; i < CAUSES; i++)
		if (cause != 0 && (run->fault->cause[i] == cause || (proxy &&
		    cause == SMTP_E_CONNECT &&
		    run->fault->cause[i] == SMTP_E_CLOSED)))
			return true;
	return false;
}

/* The first call that did otherwise than without a fault says why. */
static void
check_outcome(struct run *run, const struct outcome *o)
{
	const struct outcome *want = &usual[run->play - plays];

	if (same_outcome(o, want))
		return;
	if (run->fault == NULL || run->fault->same) {
		complain(run, "it was noticed: open %s, auth %s, mail %s; "
		    "%s: %s", smtp_status_name(o->open),
		    smtp_status_name(o->auth), smtp_status_name(o->send[0]),
		    o->call != NULL ? o->call : "nothing",
		    smtp_error(run->smtp));
		return;
	}
	if (o->call == NULL)
		complain(run, "it did something else, and nothing failed");
	else if (!may_be(run, o))
		complain(run, "%s: %s (open %s, auth %s, mail %s): %s",
		    o->call, smtp_status_name(o->cause),
		    smtp_status_name(o->open), smtp_status_name(o->auth),
		    smtp_status_name(o->send[0]), smtp_error(run->smtp));
}

/* ---- afterwards */

static bool
has_unknown(struct run *run, unsigned i)
{
	const struct smtp_message *m = run->m[i];
	size_t count = m != NULL ? smtp_message_recipient_count(m) : 0;

	for (size_t row = 0; row < count; row++)
		if (smtp_message_recipient_status(m, row) == SMTP_E_UNKNOWN)
			return true;
	return false;
}

static bool
is_done(struct run *run, unsigned i)
{
	const struct smtp_message *m = run->m[i];
	size_t count = m != NULL ? smtp_message_recipient_count(m) : 0;
	char kind[8];
	unsigned number;

	for (size_t row = 0; row < count; row++)
		if (mail_address(smtp_message_recipient_address(m, row),
		    kind, sizeof kind, &number) && strcmp(kind, "ok") == 0 &&
		    smtp_message_recipient_status(m, row) != SMTP_OK)
			return false;
	return count > 0;
}

/* Without a fault all went well. */
static void
check_usual(struct run *run, const struct outcome *o)
{
	if (o->open < 0 || o->auth < 0 || o->other[0] < 0)
		complain(run, "%s: %s: %s", o->call,
		    smtp_status_name(o->cause), smtp_error(run->smtp));
	for (unsigned i = 0; i < run->play->mails; i++)
		if (!is_done(run, i))
			complain(run, "mail %u did not arrive", i);
}

/* The same handle, with what it did not send. It may refuse; never lie. */
static void
go_on(struct run *run)
{
	if (run->smtp == NULL || run->play->flow > FLOW_BULK)
		return;
	for (unsigned i = 0; i < run->play->mails; i++) {
		int rc;

		if (run->m[i] != NULL && (is_done(run, i) ||
		    has_unknown(run, i)))
			continue;
		rc = send_one(run, i);
		if (run->world.wrong != NULL)
			complain(run, "the same handle: %s",
			    run->world.wrong);
		note(run, NULL, "smtp_send", rc, 1, run->m[i]);
		check_mail(run, i, rc == SMTP_E_STATE ? 1 : rc);
	}
}

/* One that was UNKNOWN may come twice: we say that we want that. */
static void
forget_unknown(struct run *run, unsigned i)
{
	const struct smtp_message *m = run->m[i];
	char kind[8];
	unsigned number;

	for (size_t row = 0; row < smtp_message_recipient_count(m); row++)
		if (smtp_message_recipient_status(m, row) ==
		    SMTP_E_UNKNOWN && mail_address(
		    smtp_message_recipient_address(m, row), kind,
		    sizeof kind, &number))
			run->again[i][number] = true;
	smtp_message_forget_outcome(run->m[i]);
}

/* A message that could not be built is built anew. */
static void
rebuild(struct run *run, unsigned i)
{
	smtp_message_free(run->m[i]);
	run->m[i] = NULL;
	smtp_dkim_free(run->dkim);
	run->dkim = NULL;
}

static void
send_rest(struct run *run)
{
	for (unsigned i = 0; i < run->play->mails; i++) {
		int rc;

		if (run->m[i] != NULL && has_unknown(run, i))
			forget_unknown(run, i);
		if (is_done(run, i))
			continue;
		rc = send_one(run, i);
		check_mail(run, i, rc);
		if (is_done(run, i))
			continue;
		if (rc != SMTP_E_MEMORY && rc != SMTP_E_ARGUMENT &&
		    !(rc == SMTP_E_SOURCE && run->play->flags & WITH_ONCE) &&
		    usual[run->play - plays].send[i] != rc)
			complain(run, "mail %u, again: %s: %s", i,
			    smtp_status_name(rc), smtp_error(run->smtp));
		if (usual[run->play - plays].send[i] == rc)
			continue;
		rebuild(run, i);
		rc = send_one(run, i);
		check_mail(run, i, rc);
		if (!is_done(run, i))
			complain(run, "mail %u, built anew: %s: %s", i,
			    smtp_status_name(rc), smtp_error(run->smtp));
	}
}

/* Handshakes cost: after the thousands of points within them, some do. */
static bool
is_due(const struct play *play, const struct fault *fault)
{
	return !(play->flags & (WITH_TLS | WITH_STARTTLS)) ||
	    fault->site != SITE_HEAP || fault_point() % 16 == 0;
}

/* Another handle: it opens, and sends what is left. */
static void
try_again(struct run *run)
{
	struct outcome o = { .auth = 1 };
	enum flow flow = run->play->flow;

	if (flow == FLOW_DIAGNOSE || run->play->mails == 0)
		return;
	if (begin(run, &o))
		send_rest(run);
	else
		complain(run, "another handle: %s: %s", o.call,
		    smtp_error(run->smtp));
	end_session(run);
	if (run->world.wrong != NULL)
		complain(run, "the server, afterwards: %s",
		    run->world.wrong);
}

static void
check_left(struct run *run, long blocks)
{
	struct meter meter = run->world.meter;

	if (run->world.sources != 0)
		complain(run, "%u sources were not closed",
		    run->world.sources);
	if (run->world.transports != 0)
		complain(run, "%u transports were not closed",
		    run->world.transports);
	if (world_open() != 0)
		complain(run, "%u sockets are open", world_open());
	if (meter.held != 0 || meter.blocks != 0)
		complain(run, "%zu octets in %ld blocks are held",
		    meter.held, meter.blocks);
	world_end(&run->world);
	if (blocks != 0 && heap_live() != blocks)
		complain(run, "%ld blocks of the heap were lost",
		    heap_live() - blocks);
}

/* A session before this one, by the same options. */
static void
play_before(struct run *run)
{
	struct outcome o;

	if (!(run->play->flags & WITH_SHARED))
		return;
	if (!begin(run, &o))
		complain(run, "the session before: %s",
		    smtp_error(run->smtp));
	run->world.smtp = NULL;
	(void)smtp_close(run->smtp);
	run->smtp = NULL;
}

bool
judge_play(const struct play *play, const struct fault *fault,
    unsigned long *points, bool *hit)
{
	static struct run run;   /* too large for a stack                   */
	struct outcome o;
	size_t known = (size_t)(play - plays);
	/* The first time mbedTLS keeps something with the server's key. */
	long blocks = is_known[known] ? heap_live() : 0;

	memset(&run, 0, sizeof run);
	run.play = play;
	run.fault = fault;
	world_begin(&run.world, play);
	fault_pause();
	play_before(&run);
	fault_resume();
	perform(&run, &o);
	if (!is_known[known]) {
		usual[known] = o;
		is_known[known] = true;
		check_usual(&run, &o);
	}
	check_mails(&run, &o);
	check_outcome(&run, &o);
	*hit = fault_hit();
	if (fault_hit()) {
		fault_disarm();
		go_on(&run);
	}
	end_session(&run);
	*points = fault_points();
	*hit = fault_hit();
	fault_disarm();
	if (fault == NULL || is_due(play, fault))
		try_again(&run);
	for (size_t i = 0; i < MAILS_MAX; i++)
		smtp_message_free(run.m[i]);
	smtp_dkim_free(run.dkim);
	check_left(&run, blocks);
	return run.bad == 0;
}
