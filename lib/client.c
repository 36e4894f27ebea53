/* SPDX-License-Identifier: MIT */
/*
 * The calls: one operation at a time, in steps, and the waiting for those
 * that block.
 */
#include <string.h>

#include "client.h"
#include "crypto/hash.h"
#include "memory.h"
#include "text/ascii.h"
#include "text/bytes.h"

#define SECOND_MS UINT64_C(1000)

/* smtp_cancel() is seen this soon while a call blocks. */
#define SLICE_MS 100

/* A source that is not ready, or a transport without descriptor. */
#define RETRY_MS 5

/*
 * Beginning and end of an operation.
 */

static void
wipe_secret(struct smtp *s)
{
	smtp__memory_free_text(&s->heap, s->user);
	smtp__memory_free_text(&s->heap, s->secret);
	s->user = s->secret = NULL;
	memset(&s->credentials, 0, sizeof s->credentials);
}

static int
refuse(struct smtp *s, int status, const char *words)
{
	return smtp__report(s, status, status, SMTP_PHASE_NONE, words);
}

static bool
is_blocking(const struct smtp *s)
{
	return smtp__options_flag(s->options, SMTP__BLOCKING);
}

static int
begin(struct smtp *s, enum smtp__operation operation)
{
	uint64_t now = smtp__net_now_ms();
	uint32_t deadline = smtp__options_seconds(s->options, SMTP__DEADLINE);

	if (s->operation != SMTP__NOTHING)
		return SMTP_E_STATE;
	smtp__report_clear(s);
	if (!smtp__pump_begin(s, operation == SMTP__SENDING))
		return refuse(s, SMTP_E_MEMORY, "out of memory");
	s->operation = operation;
	s->goal = SMTP__GOAL_WORK;
	s->started_ms = s->moved_ms = s->due_ms = now;
	s->deadline_ms = deadline > 0 ? now + deadline * SECOND_MS : 0;
	if (s->until_ms > 0 && (deadline == 0 || s->until_ms < s->deadline_ms))
		s->deadline_ms = s->until_ms;
	s->reopened = false;
	s->replies = 0;
	s->last_phase = SMTP_PHASE_NONE;
	return SMTP_OK;
}

/* A password that is kept serves one purpose only. */
static int
finish(struct smtp *s, int status)
{
	bool keeps = smtp__options_flag(s->options, SMTP__RECONNECT) &&
	    !s->foreign;

	if (s->operation == SMTP__SENDING && s->sending != NULL)
		status = smtp__deliver_end(s, smtp__net_now_ms());
	if (s->operation == SMTP__OPENING)
		s->opened = status == SMTP_OK;
	if (s->operation == SMTP__AUTHENTICATING) {
		s->authenticated = status == SMTP_OK;
		s->locked = !s->authenticated;
		if (!keeps || !s->authenticated)
			wipe_secret(s);
	}
	smtp__memory_free_text(&s->heap, s->line);
	smtp__memory_free_text(&s->heap, s->last_words);
	s->line = s->last_words = NULL;
	smtp__pump_end(s);
	s->operation = SMTP__NOTHING;
	s->reused = s->engine != NULL &&
	    smtp_engine_want(s->engine) & SMTP_ENGINE_READY;
	return status;
}

/*
 * What an operation does once the session is there.
 */

static int
start_auth(struct smtp *s)
{
	int rc;

	s->goal = SMTP__GOAL_AUTH;
	s->locked = true;
	s->replies = 0;
	rc = smtp_engine_auth(s->engine, &s->credentials);
	if (rc == SMTP_E_AUTH) {
		s->last_phase = SMTP_PHASE_AUTH;
		return smtp__report_engine(s, rc);
	}
	if (rc == SMTP_E_ARGUMENT)
		return smtp__report(s, rc, rc, SMTP_PHASE_AUTH, s->is_token ?
		    "user or token: empty, or an octet that cannot be sent" :
		    "user or password: empty, or an octet that cannot be "
		    "sent");
	if (rc != SMTP_OK)
		return smtp__report(s, rc, rc, SMTP_PHASE_AUTH,
		    "AUTH: not now");
	return SMTP_OK;
}

/* After these the session is not what the engine takes it for. */
static bool
changes_session(const char *line)
{
	static const char *const verbs[] = { "EHLO", "HELO", "LHLO",
		"STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "QUIT" };
	size_t n = strcspn(line, " \t");

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (smtp__same_text(line, n, verbs[i]))
			return true;
	return false;
}

static int
start_command(struct smtp *s)
{
	int rc;

	if (s->line == NULL)
		rc = smtp_engine_reset(s->engine);
	else if (changes_session(s->line))
		rc = SMTP_E_ARGUMENT;
	else
		rc = smtp_engine_command(s->engine, s->line);
	if (rc == SMTP_E_ARGUMENT)
		return refuse(s, rc, "command: a control character, too "
		    "long, or one that changes the session");
	return rc == SMTP_OK ? rc : refuse(s, rc, "command: not now");
}

static int
start_work(struct smtp *s)
{
	s->goal = SMTP__GOAL_WORK;
	switch (s->operation) {
	case SMTP__SENDING:
		return smtp__deliver_start(s);
	case SMTP__COMMANDING:
		return start_command(s);
	case SMTP__QUITTING:
		(void)smtp_engine_quit(s->engine);
		return SMTP_OK;
	default:
		return SMTP_OK;
	}
}

/*
 * A session that died while nobody used it is opened again, once: nothing of
 * this operation was heard yet, or only that the session is over.
 */
static bool
may_reopen(const struct smtp *s, enum smtp__renewal least)
{
	return s->opened && s->renewal >= least && !s->reopened &&
	    !s->foreign &&
	    (s->operation == SMTP__SENDING ||
	    s->operation == SMTP__COMMANDING) &&
	    (s->replies == 0 || (s->replies == 1 && s->code == 421)) &&
	    smtp__options_flag(s->options, SMTP__RECONNECT);
}

static int
reopen(struct smtp *s, uint64_t now_ms)
{
	s->reopened = true;
	s->replies = 0;
	s->io->in_at = s->io->in_n = s->io->out_at = s->io->out_n = 0;
	if (s->sending != NULL)
		s->sending->started = false;
	smtp__report_clear(s);
	smtp__trace_note(s->trace, "the session had ended: opening it again",
	    "");
	return smtp__connect_start(s, now_ms);
}

/*
 * The end of an operation.
 */

static bool
is_local(int status)
{
	return status <= SMTP_E_ARGUMENT && status >= SMTP_E_SOURCE;
}

/* What is not told yet is told; a message gets its results. */
static int
fail(struct smtp *s, int status)
{
	int cause = status;

	if (s->error[0] == '\0' && (s->operation != SMTP__SENDING ||
	    s->goal != SMTP__GOAL_WORK))
		smtp__report_engine(s, status);
	if (s->stage != SMTP__TALKING ||
	    smtp_engine_want(s->engine) & SMTP_ENGINE_DONE)
		smtp__connect_close(s);
	if (s->failure.cause != SMTP_OK)
		cause = s->failure.cause;
	if (s->operation == SMTP__SENDING && s->sending != NULL &&
	    !s->sending->decided) {
		if (s->failure.phase != SMTP_PHASE_NONE)
			s->last_phase = s->failure.phase;
		smtp__deliver_fail(s, is_local(status) ? status :
		    SMTP_E_LATER, cause);
	}
	return finish(s, status);
}

/*
 * Waits are above 0, the end of the operation is 0 or below; this is neither:
 * something moved.
 */
#define GO_ON 0x10000

static int
go_on(struct smtp *s, int rc)
{
	return rc == SMTP_OK ? GO_ON : rc > 0 ? rc : fail(s, rc);
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
	if (may_reopen(s, SMTP__RENEW_NOW))
		return go_on(s, reopen(s, now_ms));
	smtp__connect_close(s);
	if (s->operation == SMTP__QUITTING)
		return finish(s, SMTP_OK);
	return fail(s, smtp_engine_status(s->engine));
}

static int
result(struct smtp *s, uint64_t now_ms)
{
	bool ended = smtp_engine_want(s->engine) == SMTP_ENGINE_RESULT;

	if (ended) {
		s->renewal = renewal(s);
		if (may_reopen(s, SMTP__RENEW_NOW))
			return go_on(s, reopen(s, now_ms));
	}
	(void)smtp_engine_result(s->engine);
	s->sending->decided = !smtp__deliver_collect(s) || ended;
	if (!s->sending->decided)
		return go_on(s, smtp__deliver_start(s));
	if (ended)
		smtp__connect_close(s);
	return finish(s, SMTP_OK);
}

/* The engine waits for the next thing to do. */
static int
ready(struct smtp *s)
{
	int rc = smtp_engine_status(s->engine);

	if (rc != SMTP_OK)
		return fail(s, rc);
	if (s->goal == SMTP__GOAL_OPEN && s->operation == SMTP__OPENING)
		return finish(s, SMTP_OK);
	if (s->goal == SMTP__GOAL_OPEN && s->secret != NULL) {
		rc = start_auth(s);
	} else if (s->goal != SMTP__GOAL_WORK &&
	    s->operation != SMTP__AUTHENTICATING) {
		s->authenticated = s->goal == SMTP__GOAL_AUTH;
		if (s->authenticated)
			s->locked = false;
		rc = start_work(s);
	} else {
		return finish(s, SMTP_OK);
	}
	return go_on(s, rc);
}

static int
talk(struct smtp *s, uint64_t now_ms)
{
	unsigned want;
	int rc;

	if (s->sending != NULL && s->sending->planning) {
		rc = smtp__deliver_start(s);
		s->due_ms = UINT64_MAX;
		if (rc != SMTP_OK)
			return rc > 0 ? rc : fail(s, rc);
	}
	rc = smtp__pump(s, now_ms);
	if (rc > 0 && now_ms < s->due_ms)
		return rc;
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
		return fail(s, s->failure.status);
	while (rc == GO_ON) {
		if (s->stage == SMTP__TALKING) {
			rc = talk(s, now);
			continue;
		}
		rc = smtp__connect_step(s, now);
		if (rc < 0)
			return fail(s, rc);
		if (rc == SMTP_OK)
			rc = GO_ON;
	}
	if (rc > 0 && s->deadline_ms > 0 && s->deadline_ms < s->due_ms)
		s->due_ms = s->deadline_ms;
	return rc;
}

static void
wait(const struct smtp *s, int want)
{
	uint64_t now = smtp__net_now_ms();
	uint64_t left = s->due_ms > now ? s->due_ms - now : 0;
	int fd = smtp_fd(s);

	if (left > SLICE_MS)
		left = SLICE_MS;
	want &= SMTP_WANT_READ | SMTP_WANT_WRITE | SMTP_WANT_SOURCE;
	if (left > RETRY_MS && (want & SMTP_WANT_SOURCE ||
	    (want != 0 && fd < 0)))
		left = RETRY_MS;
	(void)smtp__net_wait(fd, want & ~SMTP_WANT_SOURCE, left);
}

/* The operation has begun: go on with it, to its end if the calls block. */
static int
complete(struct smtp *s)
{
	int rc = step(s);

	while (rc > 0 && is_blocking(s)) {
		wait(s, rc);
		rc = step(s);
	}
	return rc;
}

/*
 * Is the session there, or to be had? Then the work begins. Nothing is sent
 * without the authentication that the caller wanted (RFC 4954 section 4).
 */
static int
resume(struct smtp *s)
{
	uint64_t now = smtp__net_now_ms();
	int rc;

	if (s->locked && s->operation == SMTP__SENDING)
		return fail(s, refuse(s, SMTP_E_STATE, "not authenticated: "
		    "smtp_auth failed, and nothing is sent without it"));
	if (s->stage == SMTP__TALKING && s->reused && !smtp__pump_idle(s)) {
		s->renewal = renewal(s);
		s->replies = 0;
		smtp__connect_close(s);
		if (!may_reopen(s, SMTP__RENEW_NOW))
			return fail(s, smtp_engine_status(s->engine));
	}
	if (s->stage == SMTP__TALKING &&
	    smtp_engine_want(s->engine) & SMTP_ENGINE_READY)
		rc = start_work(s);
	else if (s->stage == SMTP__APART && may_reopen(s, SMTP__RENEW_LATER))
		rc = reopen(s, now);
	else
		rc = refuse(s, SMTP_E_STATE, "the session is not open");
	if (rc < 0)
		return fail(s, rc);
	return complete(s);
}

/*
 * The calls.
 */

static int
set_target(struct smtp *s, const char *text)
{
	const char *name = smtp__options_text(s->options, SMTP__TLS_NAME);
	struct smtp__url url;
	char why[SMTP__ERROR_MAX];
	size_t n;

	if (smtp__url_parse(&url, text, why, sizeof why) != SMTP_OK)
		return refuse(s, SMTP_E_ARGUMENT, why);
	s->tls_policy = url.tls;
	s->lmtp = url.lmtp;
	s->port = url.port;
	if (url.path[0] != '\0') {
		s->path = smtp__memory_copy(&s->heap, url.path,
		    strlen(url.path));
		return s->path != NULL ? SMTP_OK :
		    refuse(s, SMTP_E_MEMORY, "out of memory");
	}
	s->host = smtp__memory_copy(&s->heap, url.host, strlen(url.host));
	if (name[0] == '\0')
		name = url.host;
	n = strcspn(name, "%");          /* a zone is of this machine only */
	s->identity = smtp__memory_copy(&s->heap, name, n);
	return s->host != NULL && s->identity != NULL ? SMTP_OK :
	    refuse(s, SMTP_E_MEMORY, "out of memory");
}

static int
start_trace(struct smtp *s)
{
	const struct smtp__hooks *hooks = smtp__options_hooks(s->options);

	if (hooks->trace == NULL)
		return SMTP_OK;
	s->trace = smtp__memory_new(&s->heap, sizeof *s->trace);
	if (s->trace == NULL)
		return refuse(s, SMTP_E_MEMORY, "out of memory");
	smtp__trace_init(s->trace, hooks->trace, hooks->trace_ctx);
	return SMTP_OK;
}

int
smtp_open(struct smtp **out, const char *url, struct smtp_options *options)
{
	struct smtp_allocator heap;
	struct smtp *s;
	int rc;

	if (out == NULL)
		return SMTP_E_ARGUMENT;
	*out = NULL;
	options = smtp__options_use(options);
	if (options == NULL)
		return SMTP_E_MEMORY;
	heap = *smtp__options_heap(options);
	s = smtp__memory_new(&heap, sizeof *s);
	if (s == NULL) {
		smtp_options_free(options);
		return SMTP_E_MEMORY;
	}
	*out = s;
	s->heap = heap;
	s->options = options;
	s->process = smtp__net_process();
	atomic_init(&s->cancelled, false);
	smtp__report_clear(s);
	rc = set_target(s, url);
	if (rc == SMTP_OK)
		rc = start_trace(s);
	if (rc == SMTP_OK)
		rc = begin(s, SMTP__OPENING);
	if (rc != SMTP_OK)
		return rc;
	rc = smtp__connect_start(s, s->started_ms);
	return rc != SMTP_OK ? fail(s, rc) : complete(s);
}

static bool
is_open(const struct smtp *s)
{
	return s->stage == SMTP__TALKING &&
	    smtp_engine_want(s->engine) & SMTP_ENGINE_READY;
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static int
keep_secret(struct smtp *s, const char *user, const char *secret,
    bool is_token)
{
	wipe_secret(s);
	s->user = smtp__memory_copy(&s->heap, user, strlen(user));
	s->secret = smtp__memory_copy(&s->heap, secret, strlen(secret));
	if (s->user == NULL || s->secret == NULL) {
		wipe_secret(s);
		return refuse(s, SMTP_E_MEMORY, "out of memory");
	}
	s->is_token = is_token;
	s->credentials.user = s->user;
	s->credentials.password = is_token ? NULL : s->secret;
	s->credentials.token = is_token ? s->secret : NULL;
	s->credentials.authzid = or_null(smtp__options_text(s->options,
	    SMTP__AUTHZID));
	s->credentials.mechanism = or_null(smtp__options_text(s->options,
	    SMTP__MECHANISM));
	return SMTP_OK;
}

static int
authenticate(struct smtp *s, const char *user, const char *secret,
    bool is_token)
{
	int rc;

	if (s == NULL)
		return SMTP_E_MEMORY;
	rc = begin(s, SMTP__AUTHENTICATING);
	if (rc != SMTP_OK)
		return rc;
	if (user == NULL || secret == NULL || *user == '\0' ||
	    *secret == '\0')
		rc = smtp__report(s, SMTP_E_ARGUMENT, SMTP_E_ARGUMENT,
		    SMTP_PHASE_AUTH, "AUTH: a user and a secret are needed");
	else if (s->authenticated)
		rc = refuse(s, SMTP_E_STATE, "AUTH: done already");
	else if (!is_open(s))
		rc = refuse(s, SMTP_E_STATE, "the session is not open");
	if (rc != SMTP_OK) {
		/* Not even begun: an earlier success keeps its secret. */
		s->operation = SMTP__NOTHING;
		s->locked = !s->authenticated;
		return finish(s, rc);
	}
	rc = keep_secret(s, user, secret, is_token);
	if (rc == SMTP_OK)
		rc = start_auth(s);
	return rc != SMTP_OK ? fail(s, rc) : complete(s);
}

int
smtp_auth(struct smtp *s, const char *user, const char *password)
{
	return authenticate(s, user, password, false);
}

int
smtp_auth_token(struct smtp *s, const char *user, const char *token)
{
	return authenticate(s, user, token, true);
}

int
smtp_send(struct smtp *s, struct smtp_message *message)
{
	int rc;

	if (s == NULL)
		return SMTP_E_MEMORY;
	rc = begin(s, SMTP__SENDING);
	if (rc != SMTP_OK)
		return rc;
	if (message == NULL)
		return finish(s, refuse(s, SMTP_E_ARGUMENT,
		    "no message was given"));
	rc = smtp__deliver_prepare(s, message);
	if (rc == SMTP__DELIVERED)
		return finish(s, SMTP_OK);
	if (rc == SMTP_OK)
		return resume(s);
	if (s->sending == NULL)
		return finish(s, rc);
	if (rc == SMTP_E_STATE) {        /* results of before stay */
		s->sending->local = s->sending->local_cause = rc;
	} else {
		smtp__message_begin(message);
		smtp__deliver_fail(s, rc, rc);
	}
	s->sending->decided = true;
	return finish(s, rc);
}

static int
command(struct smtp *s, const char *line)
{
	int rc;

	if (s == NULL)
		return SMTP_E_MEMORY;
	rc = begin(s, SMTP__COMMANDING);
	if (rc != SMTP_OK)
		return rc;
	if (line != NULL) {
		s->line = smtp__memory_copy(&s->heap, line, strlen(line));
		if (s->line == NULL)
			return finish(s, refuse(s, SMTP_E_MEMORY,
			    "out of memory"));
	}
	return resume(s);
}

int
smtp_noop(struct smtp *s)
{
	return command(s, "NOOP");
}

int
smtp_reset(struct smtp *s)
{
	return command(s, NULL);
}

int
smtp_command(struct smtp *s, const char *line)
{
	return command(s, line != NULL ? line : "");
}

int
smtp_quit(struct smtp *s)
{
	int rc;

	if (s == NULL)
		return SMTP_E_MEMORY;
	rc = begin(s, SMTP__QUITTING);
	if (rc != SMTP_OK)
		return rc;
	if (!is_open(s) || atomic_load(&s->cancelled))
		return finish(s, SMTP_OK);
	(void)smtp_engine_quit(s->engine);
	return complete(s);
}

/* What is under way ends as if the connection had been lost. */
static void
abandon(struct smtp *s)
{
	if (s->operation == SMTP__NOTHING)
		return;
	atomic_store(&s->cancelled, true);
	(void)step(s);
}

/* Never longer than this, also where the octets do not leave. */
static void
say_goodbye(struct smtp *s)
{
	uint32_t wait_s = smtp__options_wait(s->options, SMTP__QUIT_TIMEOUT);
	int rc;

	if (!is_open(s) || atomic_load(&s->cancelled) ||
	    begin(s, SMTP__QUITTING) != SMTP_OK)
		return;
	s->deadline_ms = s->started_ms + wait_s * SECOND_MS;
	(void)smtp_engine_quit(s->engine);
	rc = complete(s);
	if (rc > 0) {
		smtp__pump_end(s);
		s->operation = SMTP__NOTHING;
	}
}

/*
 * In the child of a fork: the session is the parent's, who goes on with it. So
 * nothing is said, no end of TLS either, and what the transport holds stays.
 */
static void
leave(struct smtp *s)
{
	if (s->connected && !s->foreign)
		smtp__net_leave(smtp_fd(s));
	s->connected = false;
	if (s->operation != SMTP__NOTHING)
		(void)finish(s, SMTP_E_STATE);
}

int
smtp_close(struct smtp *s)
{
	struct smtp_options *options;
	struct smtp_allocator heap;

	if (s == NULL)
		return SMTP_OK;
	if (s->process != smtp__net_process()) {
		leave(s);
	} else {
		abandon(s);
		say_goodbye(s);
	}
	smtp__connect_end(s);
	wipe_secret(s);
	smtp__memory_free_text(&s->heap, s->host);
	smtp__memory_free_text(&s->heap, s->path);
	smtp__memory_free_text(&s->heap, s->identity);
	smtp__memory_free_text(&s->heap, s->ehlo);
	smtp__memory_free(&s->heap, s->trace, sizeof *s->trace);
	options = s->options;
	heap = s->heap;
	smtp__wipe(s, sizeof *s);
	smtp__memory_free(&heap, s, sizeof *s);
	smtp_options_free(options);
	return SMTP_OK;
}

int
smtp_step(struct smtp *s)
{
	if (s == NULL)
		return SMTP_E_MEMORY;
	if (s->operation == SMTP__NOTHING)
		return SMTP_E_STATE;
	return step(s);
}

int
smtp_fd(const struct smtp *s)
{
	if (s == NULL)
		return -1;
	if (s->stage == SMTP__DIALLING)
		return smtp__dial_fd(s->dial);
	if (!s->connected || s->transport.fd == NULL)
		return -1;
	return s->transport.fd(s->transport.ctx);
}

uint64_t
smtp_due_ms(const struct smtp *s)
{
	return s == NULL ? 0 : s->due_ms;
}

uint64_t
smtp_now_ms(void)
{
	return smtp__net_now_ms();
}

void
smtp_set_deadline(struct smtp *s, uint64_t at_ms)
{
	if (s != NULL)
		s->until_ms = at_ms;
}

void
smtp_cancel(struct smtp *s)
{
	if (s != NULL)
		atomic_store(&s->cancelled, true);
}

const char *
smtp_tls_info(const struct smtp *s)
{
	return s == NULL ? "" : s->tls_line;
}

const char *
smtp_mechanism(const struct smtp *s)
{
	return s == NULL || s->engine == NULL ? "" :
	    smtp_engine_mechanism(s->engine);
}
