/* SPDX-License-Identifier: MIT */
/*
 * One operation at a time, in steps, and the waiting for those that block.
 */
#include <string.h>

#include "client.h"
#include "memory.h"

#define SECOND_MS UINT64_C(1000)

/* smtp_cancel() is seen this soon while a call blocks. */
#define SLICE_MS 100

/* A source that is not ready, or a transport without descriptor. */
#define RETRY_MS 5
#define SOMEBODY (SMTP_WANT_SOURCE | SMTP_WANT_TOKEN)

/*
 * Beginning and end of an operation.
 */

static int
refuse(struct smtp *s, int status, const char *words)
{
	return smtp__report(s, status, status, SMTP_PHASE_NONE, words);
}

bool
smtp__op_enter(struct smtp *s)
{
	return !atomic_exchange(&s->entered, true);
}

int
smtp__op_leave(struct smtp *s, int status)
{
	atomic_store(&s->entered, false);
	return status;
}

static bool
is_blocking(const struct smtp *s)
{
	return smtp__options_flag(s->options, SMTP__BLOCKING);
}

int
smtp__op_begin(struct smtp *s, enum smtp__operation operation)
{
	uint64_t now = smtp__net_now_ms();

	if (s->operation != SMTP__NOTHING)
		return SMTP_E_STATE;
	smtp__report_clear(s);
	if (!smtp__pump_begin(s, operation == SMTP__SENDING))
		return refuse(s, SMTP_E_MEMORY, "out of memory");
	s->operation = operation;
	s->goal = SMTP__GOAL_WORK;
	s->started_ms = s->moved_ms = s->due_ms = now;
	smtp__op_set_deadline(s);
	s->reopened = s->renewing = false;
	s->replies = 0;
	s->last_phase = SMTP_PHASE_NONE;
	return SMTP_OK;
}

/* Of a window each message has its own, and the oldest comes first. */
void
smtp__op_set_deadline(struct smtp *s)
{
	uint32_t deadline = smtp__options_seconds(s->options, SMTP__DEADLINE);
	uint64_t since = s->oldest != NULL ? s->oldest->put_ms :
	    s->started_ms;

	s->deadline_ms = deadline > 0 ? since + deadline * SECOND_MS : 0;
	if (s->until_ms > 0 && (deadline == 0 || s->until_ms < s->deadline_ms))
		s->deadline_ms = s->until_ms;
}

/* A password that is kept serves one purpose only. */
int
smtp__op_finish(struct smtp *s, int status)
{
	bool keeps = smtp__options_flag(s->options, SMTP__RECONNECT) &&
	    !s->foreign;

	while (s->oldest != NULL)
		smtp__window_settle(s, s->oldest);
	if (s->alone)
		status = smtp__window_take(s, status);
	s->alone = false;
	if (s->operation == SMTP__OPENING)
		s->opened = status == SMTP_OK;
	if (s->operation == SMTP__AUTHENTICATING) {
		s->authenticated = status == SMTP_OK;
		s->locked = !s->authenticated;
		if (!keeps || !s->authenticated)
			smtp__auth_forget(s);
	}
	smtp__auth_end(s);
	smtp__memory_free_text(&s->heap, s->line);
	smtp__memory_free_text(&s->heap, s->last_words);
	s->line = s->last_words = NULL;
	smtp__pump_end(s);
	s->operation = SMTP__NOTHING;
	s->rested_ms = smtp__net_now_ms();
	return status;
}

/*
 * What an operation does once the session is there.
 */

static int
start_command(struct smtp *s)
{
	int rc;

	if (s->line == NULL) {
		rc = smtp_engine_reset(s->engine);
	} else {
		rc = smtp__verb_check(s, s->line);
		if (rc != SMTP_OK)
			return rc;
		rc = smtp_engine_command(s->engine, s->line);
	}
	return rc == SMTP_OK ? rc : refuse(s, rc,
	    "command: a control character, or too long");
}

/*
 * The session has done all that it may (RFC 9422): it is left in order, and
 * opened again for the rest. Nothing of that was said, so nothing comes twice.
 */
static int
renew(struct smtp *s)
{
	if (s->foreign || !smtp__options_flag(s->options, SMTP__RECONNECT))
		return smtp__report(s, SMTP_E_LATER, SMTP_E_STATE,
		    SMTP_PHASE_MAIL, "the server takes no more mail in this "
		    "session (LIMITS), and it cannot be opened again");
	s->renewing = true;
	(void)smtp_engine_quit(s->engine);
	return SMTP_OK;
}

/* Behind others, as long as the session is not over. */
static bool
takes_more(const struct smtp *s)
{
	unsigned want = smtp_engine_want(s->engine);

	return want & SMTP_ENGINE_READY ||
	    (s->flying > 0 && want & SMTP_ENGINE_READ);
}

/*
 * Hand to the engine what waits for its turn, in order. SMTP_OK, or what the
 * first of them waits for. One that cannot be sent does not stop the others;
 * what needs another session waits until this one has done all.
 */
static int
deliver(struct smtp *s)
{
	struct smtp__sending *g;

	while ((g = smtp__window_waiting(s)) != NULL && takes_more(s)) {
		int rc;

		s->sending = g;
		rc = smtp__deliver_start(s);
		if (rc == SMTP__RENEW && s->flying > 0)
			return SMTP_OK;
		if (rc == SMTP__RENEW) {
			rc = renew(s);
			if (rc == SMTP_OK)
				return rc;
		}
		if (rc > 0)
			return rc;
		if (rc < 0)
			smtp__window_fail(s, g, rc);
	}
	return SMTP_OK;
}

static int
start_work(struct smtp *s)
{
	s->goal = SMTP__GOAL_WORK;
	return s->operation == SMTP__SENDING ? deliver(s) : start_command(s);
}

/*
 * A session that died while nobody used it is opened again, once: nothing of
 * this operation was heard yet, or only that the session is over.
 */
static bool
may_reopen(const struct smtp *s, enum smtp__renewal least)
{
	return s->opened && s->renewal >= least && !s->reopened &&
	    !s->foreign && !smtp__deliver_in_doubt(s) &&
	    (s->operation == SMTP__SENDING ||
	    s->operation == SMTP__COMMANDING) &&
	    (s->replies == 0 || (s->replies == 1 && s->code == 421)) &&
	    smtp__options_flag(s->options, SMTP__RECONNECT);
}

static int
reopen(struct smtp *s, uint64_t now_ms)
{
	s->reopened |= !s->renewing;
	s->renewing = false;
	s->replies = 0;
	s->io->in_at = s->io->in_n = s->io->out_at = s->io->out_n = 0;
	s->io->content_of = NULL;
	smtp__window_again(s);
	smtp__report_clear(s);
	smtp__trace_note(s->trace, "the session had ended: opening it again",
	    "");
	return smtp__connect_start(s, now_ms);
}

/*
 * The end of an operation.
 */

/* What is not told yet is told; a message gets its results. */
int
smtp__op_fail(struct smtp *s, int status)
{
	if (s->error[0] == '\0' && (s->operation != SMTP__SENDING ||
	    s->goal != SMTP__GOAL_WORK))
		smtp__report_engine(s, status);
	if (s->stage != SMTP__TALKING ||
	    smtp_engine_want(s->engine) & SMTP_ENGINE_DONE)
		smtp__connect_close(s);
	smtp__window_fail_all(s, status);
	return smtp__op_finish(s, status);
}

/*
 * Waits are above 0, the end of the operation is 0 or below; this is neither:
 * something moved.
 */
#define GO_ON 0x10000

static int
go_on(struct smtp *s, int rc)
{
	return rc == SMTP_OK ? GO_ON : rc > 0 ? rc : smtp__op_fail(s, rc);
}

/* Can the session be had once more, and may this operation do that itself? */
static enum smtp__renewal
renewal(const struct smtp *s)
{
	int status = smtp_engine_status(s->engine);

	if (status == SMTP_E_CLOSED || s->code == 421)
		return SMTP__RENEW_NOW;
	return status == SMTP_E_PROTOCOL || status == SMTP_E_CANCELLED ?
	    SMTP__RENEW_NEVER : SMTP__RENEW_LATER;
}

/* The engine has nothing more to say, ever. */
static int
over(struct smtp *s, uint64_t now_ms)
{
	s->renewal = renewal(s);
	if (s->renewing || may_reopen(s, SMTP__RENEW_NOW))
		return go_on(s, reopen(s, now_ms));
	smtp__connect_close(s);
	if (s->operation == SMTP__QUITTING)
		return smtp__op_finish(s, SMTP_OK);
	return smtp__op_fail(s, smtp_engine_status(s->engine));
}

/* To those that wait, what went wrong with another is a connection lost. */
static int
lost(const struct smtp *s)
{
	int status = smtp_engine_status(s->engine);

	return status <= SMTP_E_ARGUMENT && status >= SMTP_E_SOURCE ?
	    SMTP_E_CLOSED : status;
}

static int
result(struct smtp *s, uint64_t now_ms)
{
	bool ended = smtp_engine_want(s->engine) == SMTP_ENGINE_RESULT;
	struct smtp_delivery *d;

	if (ended) {
		s->renewal = renewal(s);
		if (may_reopen(s, SMTP__RENEW_NOW))
			return go_on(s, reopen(s, now_ms));
	}
	while ((d = smtp_engine_result(s->engine)) != NULL)
		smtp__window_hear(s, d, ended);
	if (ended && s->oldest != NULL)
		return smtp__op_fail(s, lost(s));
	if (ended)
		smtp__connect_close(s);
	return s->oldest != NULL ? GO_ON : smtp__op_finish(s, SMTP_OK);
}

/*
 * What the server offers is not known: to go on would be to say that it does
 * not offer what was asked for.
 */
static int
give_up(struct smtp *s)
{
	int rc = smtp__report(s, SMTP_E_MEMORY, SMTP_E_MEMORY,
	    SMTP_PHASE_EHLO, "out of memory");

	smtp__connect_close(s);
	return smtp__op_fail(s, rc);
}

/* The engine waits for the next thing to do. */
static int
ready(struct smtp *s)
{
	int rc = smtp_engine_status(s->engine);

	if (s->deaf)
		return give_up(s);
	if (s->auth.asking)
		return go_on(s, smtp__auth_ask(s));
	if (rc != SMTP_OK && s->goal == SMTP__GOAL_AUTH)
		return go_on(s, smtp__auth_again(s, rc));
	if (rc != SMTP_OK)
		return smtp__op_fail(s, rc);
	if (s->goal == SMTP__GOAL_OPEN && s->operation == SMTP__OPENING)
		return smtp__op_finish(s, SMTP_OK);
	if (s->goal == SMTP__GOAL_OPEN && s->auth.proof != SMTP__NO_PROOF) {
		rc = smtp__auth_start(s);
	} else if (s->goal != SMTP__GOAL_WORK &&
	    s->operation != SMTP__AUTHENTICATING) {
		s->authenticated = s->goal == SMTP__GOAL_AUTH;
		if (s->authenticated)
			s->locked = false;
		rc = start_work(s);
	} else {
		return smtp__op_finish(s, SMTP_OK);
	}
	return go_on(s, rc);
}

/* By us, before a word was said; the session may be over for another reason. */
static int
all_refused(struct smtp *s)
{
	if (smtp_engine_want(s->engine) & SMTP_ENGINE_DONE) {
		s->renewal = renewal(s);
		smtp__connect_close(s);
	}
	return smtp__op_finish(s, SMTP_OK);
}

static int
talk(struct smtp *s, uint64_t now_ms)
{
	unsigned want;
	int rc, source = 0;

	if (s->operation == SMTP__SENDING && s->goal == SMTP__GOAL_WORK) {
		source = deliver(s);
		if (s->oldest == NULL)
			return all_refused(s);
		s->due_ms = UINT64_MAX;
		if (source > 0 && s->flying == 0)
			return source;
	}
	rc = smtp__pump(s, now_ms);
	if (rc > 0 && now_ms < s->due_ms)
		return rc | source;
	if (rc > 0) {
		s->last_phase = smtp_engine_phase(s->engine);
		smtp_engine_lost(s->engine, SMTP_E_TIMEOUT);
	}
	want = smtp_engine_want(s->engine);
	if (want & SMTP_ENGINE_RESULT)
		return result(s, now_ms);
	if (want & SMTP_ENGINE_DONE)
		return over(s, now_ms);
	if (want & SMTP_ENGINE_TLS)
		return go_on(s, smtp__connect_secure(s, now_ms));
	if (want & SMTP_ENGINE_RESPONSE)
		return go_on(s, smtp__auth_step(s, now_ms));
	return ready(s);
}

/*
 * Steps.
 */

static void
interrupt(struct smtp *s, int cause)
{
	s->failure.by_deadline = cause == SMTP_E_TIMEOUT;
	if (s->stage != SMTP__TALKING) {
		smtp__connect_interrupt(s, cause);
		return;
	}
	s->last_phase = smtp_engine_phase(s->engine);
	smtp_engine_lost(s->engine, cause);
}

static int
step(struct smtp *s)
{
	uint64_t now = smtp__net_now_ms();
	int rc = GO_ON;

	if (atomic_load(&s->cancelled))
		interrupt(s, SMTP_E_CANCELLED);
	else if (s->deadline_ms > 0 && now >= s->deadline_ms)
		interrupt(s, SMTP_E_TIMEOUT);
	if (s->stage == SMTP__APART)
		return smtp__op_fail(s, s->failure.status);
	while (rc == GO_ON) {
		if (s->stage == SMTP__TALKING) {
			rc = talk(s, now);
			continue;
		}
		rc = smtp__connect_step(s, now);
		if (rc < 0)
			return smtp__op_fail(s, rc);
		if (rc == SMTP_OK)
			rc = GO_ON;
	}
	if (rc > 0 && s->deadline_ms > 0 && s->deadline_ms < s->due_ms)
		s->due_ms = s->deadline_ms;
	s->want = rc;
	return rc;
}

int
smtp__op_step(struct smtp *s)
{
	if (!is_blocking(s))
		s->io->drained = false;  /* who steps has waited          */
	return step(s);
}

void
smtp__op_wait(const struct smtp *s, int want)
{
	uint64_t now = smtp__net_now_ms();
	uint64_t left = s->due_ms > now ? s->due_ms - now : 0;
	int fd = smtp_fd(s);

	if (left > SLICE_MS)
		left = SLICE_MS;
	want &= SMTP_WANT_READ | SMTP_WANT_WRITE | SOMEBODY;
	if (left > RETRY_MS && (want & SOMEBODY ||
	    (want != 0 && fd < 0)))
		left = RETRY_MS;
	(void)smtp__net_wait(fd, want & ~SOMEBODY, left);
	s->io->drained = false;
}

int
smtp__op_drive(struct smtp *s, int rc)
{
	while (rc > 0) {
		smtp__op_wait(s, rc);
		rc = smtp_step(s);
	}
	return rc;
}

/* Does smtp_send() need smtp_give(), which nobody calls while we wait? */
static bool
asks_the_caller(const struct smtp *s)
{
	/* GCOVR_EXCL_BR_START: smtp_send() alone gets here with content */
	return s->alone && smtp__message_is_asking(s->oldest->message);
	/* GCOVR_EXCL_BR_STOP */
}

/*
 * The operation has begun: go on with it, if the calls block to its end, or
 * until only the caller can.
 */
int
smtp__op_complete(struct smtp *s)
{
	int rc = smtp__op_step(s);

	while (rc > 0 && is_blocking(s)) {
		if (rc & SMTP_WANT_SOURCE && asks_the_caller(s))
			return SMTP_WANT_SOURCE;
		smtp__op_wait(s, rc);
		rc = smtp__op_step(s);
	}
	return rc;
}

/*
 * Is the session there, or to be had? Then the work begins. Nothing is sent
 * without the authentication that the caller wanted (RFC 4954 section 4).
 */
int
smtp__op_ready(struct smtp *s)
{
	uint64_t now = smtp__net_now_ms();
	int rc;

	if (s->locked && s->operation == SMTP__SENDING)
		return smtp__op_fail(s, refuse(s, SMTP_E_STATE, "not "
		    "authenticated: smtp_auth failed, and nothing is sent "
		    "without it"));
	if (smtp__op_is_open(s) && !smtp__pump_idle(s)) {
		unsigned replies = s->replies;

		s->renewal = renewal(s);
		s->replies = 0;
		smtp__connect_close(s);
		if (!may_reopen(s, SMTP__RENEW_NOW)) {
			s->replies = replies;
			return smtp__op_fail(s, smtp_engine_status(s->engine));
		}
	}
	if (smtp__op_is_open(s))
		rc = start_work(s);
	else if (may_reopen(s, SMTP__RENEW_LATER))
		rc = reopen(s, now);
	else
		rc = refuse(s, SMTP_E_STATE, "the session is not open");
	return rc < 0 ? smtp__op_fail(s, rc) : SMTP_OK;
}

void
smtp__op_launch(struct smtp *s)
{
	if (s->stage == SMTP__TALKING && s->goal == SMTP__GOAL_WORK)
		(void)deliver(s);
}

int
smtp__op_resume(struct smtp *s)
{
	int rc = smtp__op_ready(s);

	return rc < 0 ? rc : smtp__op_complete(s);
}

bool
smtp__op_is_open(const struct smtp *s)
{
	return s->stage == SMTP__TALKING;
}
