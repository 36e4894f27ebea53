/* SPDX-License-Identifier: MIT */
/*
 * Messages in flight: put in an order, taken in the same. Those that have
 * their result stand first in the list, until somebody takes them; what the
 * server was asked, and in which order it decides, is the engine's matter.
 */
#include <string.h>

#include "client.h"
#include "memory.h"

/* What the commands of a mail come to, about. */
#define ENVELOPE 128

#define SOON (SMTP_WANT_READ | SMTP_WANT_WRITE | SMTP_WANT_TIME)

/*
 * One of them.
 */

static struct smtp__sending *
append(struct smtp *s, struct smtp_message *message)
{
	struct smtp__sending *g = smtp__memory_new(&s->heap, sizeof *g);

	if (g == NULL)
		return NULL;
	g->message = message;
	g->put_ms = smtp__net_now_ms();
	if (s->window == NULL)
		s->window = g;
	else
		s->last->next = g;
	s->last = g;
	if (s->oldest == NULL)
		s->oldest = g;
	s->waiting++;
	return g;
}

static void
drop(struct smtp *s, struct smtp__sending *g)
{
	smtp__memory_free_text(&s->heap, g->error);
	smtp__memory_free(&s->heap, g, sizeof *g);
}

struct smtp__sending *
smtp__window_waiting(const struct smtp *s)
{
	struct smtp__sending *g = s->waiting > 0 ? s->oldest : NULL;

	while (g != NULL && (g->started || g->ended))
		g = g->next;
	return g;
}

/*
 * What is said about it now is said when it is taken. Why the session ended
 * stays, for those behind it.
 */
static void
keep_report(struct smtp *s, struct smtp__sending *g)
{
	bool by_deadline = s->failure.by_deadline;

	g->failure = s->failure;
	if (s->error[0] != '\0')
		g->error = smtp__memory_copy(&s->heap, s->error,
		    strlen(s->error));
	smtp__report_clear(s);
	s->failure.by_deadline = by_deadline;
}

void
smtp__window_settle(struct smtp *s, struct smtp__sending *g)
{
	s->sending = g;
	if (g->started)
		s->flying--;
	else
		s->waiting--;
	g->status = smtp__deliver_end(s, smtp__net_now_ms());
	smtp__deliver_free(s);
	if (s->io->content_of == g)
		s->io->content_of = NULL;
	g->started = false;
	g->ended = true;
	s->sending = NULL;
	while (s->oldest != NULL && s->oldest->ended)
		s->oldest = s->oldest->next;
	if (s->alone)
		return;
	keep_report(s, g);
	smtp__op_set_deadline(s);
}

static bool
is_local(int status)
{
	return status <= SMTP_E_ARGUMENT && status >= SMTP_E_SOURCE;
}

void
smtp__window_fail(struct smtp *s, struct smtp__sending *g, int status)
{
	int cause = s->failure.cause != SMTP_OK ? s->failure.cause : status;

	s->sending = g;
	if (!g->decided) {
		if (s->failure.phase != SMTP_PHASE_NONE)
			s->last_phase = s->failure.phase;
		smtp__deliver_fail(s, is_local(status) ? status :
		    SMTP_E_LATER, cause);
	}
	smtp__window_settle(s, g);
}

/* Each is told the same. */
void
smtp__window_fail_all(struct smtp *s, int status)
{
	struct smtp__failure failure = s->failure;
	char error[SMTP__ERROR_MAX];
	struct smtp__sending *g, *next;

	memcpy(error, s->error, sizeof error);
	for (g = s->oldest; g != NULL; g = next) {
		next = g->next;
		if (g->ended)
			continue;
		s->failure = failure;
		memcpy(s->error, error, sizeof error);
		smtp__window_fail(s, g, status);
	}
}

void
smtp__window_hear(struct smtp *s, struct smtp_delivery *d, bool ended)
{
	struct smtp__sending *g = s->oldest;

	while (d != &g->delivery)
		g = g->next;
	/* What was wrong with one mail is to the others a lost connection. */
	if (d->cause != d->status && is_local(d->cause))
		d->cause = SMTP_E_CLOSED;
	s->sending = g;
	g->decided = !smtp__deliver_collect(s) || ended;
	if (g->decided)
		smtp__window_settle(s, g);
}

void
smtp__window_again(struct smtp *s)
{
	struct smtp__sending *g;

	for (g = s->oldest; g != NULL; g = g->next)
		g->started = false;
	s->waiting += s->flying;
	s->flying = 0;
}

static int
take_first(struct smtp *s)
{
	struct smtp__sending *g = s->window;
	int status = g->status;

	s->window = g->next;
	drop(s, g);
	return status;
}

int
smtp__window_take(struct smtp *s, int status)
{
	return s->window != NULL ? take_first(s) : status;
}

void
smtp__window_free(struct smtp *s)
{
	while (s->window != NULL)
		(void)take_first(s);
}

/*
 * The calls.
 */

static bool
is_blocking(const struct smtp *s)
{
	return smtp__options_flag(s->options, SMTP__BLOCKING);
}

/* Check it, and let it have its place; what is wrong with it is its result. */
static int
enter(struct smtp *s, struct smtp_message *message)
{
	struct smtp__sending *g = append(s, message);
	int rc;

	if (g == NULL)
		return smtp__report(s, SMTP_E_MEMORY, SMTP_E_MEMORY,
		    SMTP_PHASE_NONE, "out of memory");
	s->sending = g;
	rc = smtp__deliver_prepare(s);
	if (rc == SMTP_OK && !s->alone && is_blocking(s) &&
	    smtp__message_is_given(message)) {
		/* Nobody could be asked for it while smtp_take() waits. */
		g->words = "content that is given is sent by smtp_send(), or "
		    "with the option blocking=no";
		rc = SMTP_E_ARGUMENT;
	}
	if (rc == SMTP_OK)
		return rc;
	if (rc == SMTP_E_STATE) {        /* results of before stay */
		g->local = g->local_cause = rc;
	} else if (rc != SMTP__DELIVERED) {
		smtp__message_begin(message);
		smtp__deliver_fail(s, rc, rc);
	}
	g->decided = true;
	smtp__window_settle(s, g);
	return SMTP_OK;
}

/* The one message of an operation: above 0 where it is to be sent. */
static int
enter_alone(struct smtp *s, struct smtp_message *message)
{
	int rc = smtp__op_begin(s, SMTP__SENDING);

	if (rc != SMTP_OK)
		return rc;
	if (message == NULL)
		return smtp__op_finish(s, smtp__report(s, SMTP_E_ARGUMENT,
		    SMTP_E_ARGUMENT, SMTP_PHASE_NONE,
		    "no message was given"));
	s->alone = true;
	rc = enter(s, message);
	return rc != SMTP_OK || s->oldest == NULL ?
	    smtp__op_finish(s, rc) : SOON;
}

static int
send_alone(struct smtp *s, struct smtp_message *message)
{
	int rc = s->window != NULL ? SMTP_E_STATE : enter_alone(s, message);

	return rc > 0 ? smtp__op_resume(s) : rc;
}

int
smtp_send(struct smtp *s, struct smtp_message *message)
{
	if (s == NULL)
		return SMTP_E_MEMORY;
	return smtp__op_enter(s) ?
	    smtp__op_leave(s, send_alone(s, message)) : SMTP_E_STATE;
}

int
smtp__send_unopened(struct smtp *s, struct smtp_message *message)
{
	struct smtp__failure failure = s->failure;
	char error[SMTP__ERROR_MAX];
	int rc;

	memcpy(error, s->error, sizeof error);
	rc = enter_alone(s, message);
	if (rc <= 0)
		return rc;
	s->failure = failure;
	memcpy(s->error, error, sizeof error);
	return smtp__op_fail(s, failure.status);
}

/* Is it another operation? */
static bool
is_busy(const struct smtp *s)
{
	return s->alone || (s->operation != SMTP__NOTHING &&
	    s->operation != SMTP__SENDING);
}

static bool
has_message(const struct smtp *s, const struct smtp_message *message)
{
	const struct smtp__sending *g = s->window;

	while (g != NULL && g->message != message)
		g = g->next;
	return g != NULL;
}

static bool
is_full(const struct smtp *s)
{
	return s->flying + s->waiting >=
	    smtp__options_number(s->options, SMTP__WINDOW);
}

static void
wait_for_place(struct smtp *s)
{
	while (is_full(s)) {
		int rc = smtp__op_step(s);

		if (is_full(s))
			smtp__op_wait(s, rc);
	}
}

/* Many small mails leave together, as much as one system call takes. */
static void
move(struct smtp *s)
{
	const struct smtp__content *c = &s->last->content;

	s->held += c->size_known && c->size < SMTP__SEND_BYTES ?
	    (size_t)c->size + ENVELOPE : SMTP__SEND_BYTES;
	if (s->held < SMTP__SEND_BYTES)
		return;
	s->held = 0;
	(void)smtp__op_step(s);
}

/* The session it needs is there, or asked for. */
static int
launch(struct smtp *s, bool begun)
{
	if (s->oldest == NULL)
		return smtp__op_finish(s, SMTP_OK);
	smtp__op_set_deadline(s);
	if (begun)
		(void)smtp__op_ready(s);
	else
		smtp__op_launch(s);
	if (s->operation == SMTP__NOTHING)
		return SMTP_OK;
	if (is_blocking(s)) {
		move(s);
		return SMTP_OK;
	}
	s->due_ms = smtp__net_now_ms();
	return s->want = SOON;
}

static int
put(struct smtp *s, struct smtp_message *message)
{
	bool begun;
	int rc = SMTP_OK;

	if (is_busy(s) || (message != NULL && has_message(s, message)))
		return SMTP_E_STATE;
	if (message == NULL)
		return SMTP_E_ARGUMENT;
	if (is_full(s) && !is_blocking(s))
		return SMTP_E_SPACE;
	wait_for_place(s);
	begun = s->operation == SMTP__NOTHING;
	if (begun)
		rc = smtp__op_begin(s, SMTP__SENDING);
	else
		smtp__report_clear(s);
	if (rc != SMTP_OK)
		return rc;
	rc = enter(s, message);
	if (rc == SMTP_OK)
		return launch(s, begun);
	return begun ? smtp__op_finish(s, rc) : rc;
}

int
smtp_put(struct smtp *s, struct smtp_message *message)
{
	if (s == NULL)
		return SMTP_E_MEMORY;
	return smtp__op_enter(s) ? smtp__op_leave(s, put(s, message)) :
	    SMTP_E_STATE;
}

/* What is said about it is said now. */
static int
hand_over(struct smtp *s, struct smtp_message **message)
{
	static const char no_words[] =
	    "out of memory for the words; the message has the codes";
	struct smtp__sending *g = s->window;

	*message = g->message;
	s->failure = g->failure;
	s->error[0] = '\0';
	if (g->error != NULL)
		memcpy(s->error, g->error, strlen(g->error) + 1);
	else if (g->status != SMTP_OK)
		memcpy(s->error, no_words, sizeof no_words);
	return take_first(s);
}

static int
take(struct smtp *s, struct smtp_message **message)
{
	if (is_busy(s) || s->window == NULL)
		return SMTP_E_STATE;
	s->held = 0;
	while (!s->window->ended) {
		int rc = is_blocking(s) ? smtp__op_step(s) : s->want;

		if (s->window->ended)
			break;
		if (!is_blocking(s))
			return rc;
		smtp__op_wait(s, rc);
	}
	return hand_over(s, message);
}

int
smtp_take(struct smtp *s, struct smtp_message **message)
{
	if (message == NULL)
		return SMTP_E_ARGUMENT;
	*message = NULL;
	if (s == NULL)
		return SMTP_E_MEMORY;
	return smtp__op_enter(s) ? smtp__op_leave(s, take(s, message)) :
	    SMTP_E_STATE;
}

static int
step(struct smtp *s)
{
	bool has_result;
	int rc;

	if (s->operation == SMTP__NOTHING && s->window == NULL)
		return SMTP_E_STATE;
	if (s->operation == SMTP__NOTHING)
		return SMTP_OK;
	s->held = 0;
	rc = s->alone ? smtp__op_complete(s) : smtp__op_step(s);
	has_result = s->operation == SMTP__SENDING && s->window->ended;
	return has_result ? SMTP_OK : rc;
}

int
smtp_step(struct smtp *s)
{
	if (s == NULL)
		return SMTP_E_MEMORY;
	return smtp__op_enter(s) ? smtp__op_leave(s, step(s)) : SMTP_E_STATE;
}
