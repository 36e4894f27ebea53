/* SPDX-License-Identifier: MIT */
#include "smtp_task.h"

#include <string.h>

#if SMTP_TASK_OCTETS < 128
#error "SMTP_TASK_OCTETS: the engine works with 128 octets or more"
#endif

enum { OPENING, AUTHENTICATING, SENDING, LEAVING };

/* What is lent to the loop for the length of one call. */
struct mail {
	const struct smtp_credentials *credentials;
	struct smtp_delivery *delivery;
	ptrdiff_t (*read)(void *ctx, void *p, size_t n);
	void *ctx;
};

static void
fail(struct smtp_task *t, int status)
{
	if (t->result == SMTP_OK)
		t->result = status;
}

static void
lose(struct smtp_task *t, int cause)
{
	t->ended = 1;
	smtp_engine_lost(t->engine, cause);
}

/* ---- what the engine wants */

static int
begin(struct smtp_task *t, const struct mail *mail)
{
	if (t->step++ == OPENING && mail->credentials != NULL)
		return smtp_engine_auth(t->engine, mail->credentials);
	t->step = SENDING;
	return smtp_engine_send(t->engine, mail->delivery);
}

/* It is ready: what was begun has ended. */
static void
next(struct smtp_task *t, const struct mail *mail)
{
	if (t->step < SENDING) {
		int rc = smtp_engine_status(t->engine);

		if (rc == SMTP_OK)
			rc = begin(t, mail);
		if (rc == SMTP_OK)
			return;
		fail(t, rc);
	}
	t->step = LEAVING;
	if (smtp_engine_quit(t->engine) != SMTP_OK)
		lose(t, SMTP_E_CLOSED);
}

static void
give_content(struct smtp_task *t, const struct mail *mail)
{
	ptrdiff_t n = mail->read(mail->ctx, t->content, sizeof t->content);

	if (n < 0)
		smtp_engine_content_failed(t->engine, SMTP_E_SOURCE);
	else
		smtp_engine_content(t->engine, t->content, (size_t)n);
}

/* What was taken counts as sent: it goes out before anything else is taken. */
static int
write_out(struct smtp_task *t, int *want)
{
	ptrdiff_t put;

	if (t->out_at == t->out_n) {
		t->out_at = 0;
		t->out_n = smtp_engine_take(t->engine, t->out, sizeof t->out);
		if (t->out_n == 0)
			return 0;
	}
	put = t->transport.write(t->transport.ctx, t->out + t->out_at,
	    t->out_n - t->out_at);
	if (put > 0) {
		t->out_at += (size_t)put;
		return 1;
	}
	if (put == SMTP_IO_WANT_READ || put == SMTP_IO_WANT_WRITE)
		*want |= put == SMTP_IO_WANT_READ ? SMTP_WANT_READ :
		    SMTP_WANT_WRITE;
	else
		lose(t, SMTP_E_CLOSED);
	return t->ended;
}

static int
read_in(struct smtp_task *t, int *want)
{
	ptrdiff_t got = t->transport.read(t->transport.ctx, t->in,
	    sizeof t->in);
	size_t at = 0;

	if (got == SMTP_IO_WANT_READ || got == SMTP_IO_WANT_WRITE) {
		*want |= got == SMTP_IO_WANT_READ ? SMTP_WANT_READ :
		    SMTP_WANT_WRITE;
		return 0;
	}
	if (got < 0) {
		lose(t, SMTP_E_CLOSED);
		return 1;
	}
	while (at < (size_t)got &&
	    !(smtp_engine_want(t->engine) & SMTP_ENGINE_DONE))
		at += smtp_engine_feed(t->engine, t->in + at,
		    (size_t)got - at);
	return 1;
}

static void
begin_tls(struct smtp_task *t)
{
	int rc = t->secure(t);

	if (rc == SMTP_OK) {
		smtp_engine_secured(t->engine);
		return;
	}
	fail(t, rc);
	lose(t, rc);
}

/* Wait for what nothing could be done without, at most until the deadline. */
static void
wait_for(struct smtp_task *t, int want)
{
	uint32_t now = t->now_ms(t->ctx);
	uint32_t due = smtp_engine_due_ms(t->engine, now);

	if ((int32_t)(now - due) >= 0) {
		if (t->step < SENDING)  /* else the delivery says it */
			fail(t, SMTP_E_TIMEOUT);
		lose(t, SMTP_E_TIMEOUT);
	} else {
		t->wait(t->ctx, want, due - now);
	}
}

static void
loop(struct smtp_task *t, const struct mail *mail)
{
	unsigned wants;

	while (!((wants = smtp_engine_want(t->engine)) & SMTP_ENGINE_DONE)) {
		int want = 0, moved = 0;

		if (wants & SMTP_ENGINE_RESULT)
			(void)smtp_engine_result(t->engine);
		if (wants & SMTP_ENGINE_READY && t->out_at == t->out_n) {
			next(t, mail);
			continue;
		}
		if (wants & SMTP_ENGINE_TLS && t->out_at == t->out_n) {
			begin_tls(t);
			continue;
		}
		if (wants & SMTP_ENGINE_CONTENT && t->out_at == t->out_n) {
			give_content(t, mail);
			moved = 1;
		}
		if (wants & SMTP_ENGINE_WRITE || t->out_at < t->out_n)
			moved |= write_out(t, &want);
		if (wants & SMTP_ENGINE_READ && !t->ended)
			moved |= read_in(t, &want);
		if (!moved)
			wait_for(t, want);
	}
	if (wants & SMTP_ENGINE_RESULT)
		(void)smtp_engine_result(t->engine);
}

/* ---- the call */

static int
start(struct smtp_task *t, const struct smtp_engine_setup *setup)
{
	t->out_at = t->out_n = 0;
	t->result = SMTP_OK;
	t->step = OPENING;
	t->ended = 0;
	if (setup->tls == SMTP_ENGINE_IMPLICIT && !t->is_secure)
		return t->secure == NULL ? SMTP_E_UNSUPPORTED : t->secure(t);
	if (setup->tls != SMTP_ENGINE_IMPLICIT && t->is_secure)
		return SMTP_E_UNSUPPORTED;
	if (setup->tls != SMTP_ENGINE_PLAINTEXT && !t->is_secure &&
	    t->secure == NULL)
		return SMTP_E_UNSUPPORTED;
	return SMTP_OK;
}

int
smtp_task_send(struct smtp_task *task, const struct smtp_engine_setup *setup,
    const struct smtp_credentials *credentials,
    struct smtp_delivery *delivery,
    ptrdiff_t (*read)(void *ctx, void *p, size_t n), void *ctx)
{
	const struct mail mail = { credentials, delivery, read, ctx };
	int rc = start(task, setup);

	if (rc == SMTP_OK)
		rc = smtp_engine_init(&task->engine, task->memory,
		    sizeof task->memory, setup);
	if (rc == SMTP_OK) {
		loop(task, &mail);
		rc = task->result;
		if (rc == SMTP_OK)
			rc = task->step < SENDING ?
			    smtp_engine_status(task->engine) :
			    delivery->status;
	}
	if (task->transport.close != NULL)
		task->transport.close(task->transport.ctx);
	memset(task->out, 0, sizeof task->out); /* may have had a secret */
	return rc;
}
