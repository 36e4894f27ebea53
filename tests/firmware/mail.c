/* SPDX-License-Identifier: MIT */
#include "mail.h"

#include <string.h>

#include "system.h"

enum { GREETING, AUTH, SEND, QUIT };      /* whose end READY is */

/*
 * A call of the engine, and how long it took: firmware has a watchdog, and
 * nothing here may keep it waiting but TLS.
 */
#define TIMED(call) \
	do { \
		uint32_t began_ = system_ticks(); \
		call; \
		note(mail, system_ticks() - began_, #call); \
	} while (0)

static void
note(struct mail *mail, uint32_t ticks, const char *call)
{
	if (ticks > mail->longest) {
		mail->longest = ticks;
		mail->longest_call = call;
	}
}

static void
lose(struct mail *mail, int cause)
{
	TIMED(smtp_engine_lost(mail->engine, cause));
}

int
mail_begin(struct mail *mail, const struct mail_plan *plan,
    const struct smtp_transport *transport)
{
	memset(mail, 0, sizeof *mail);
	mail->plan = plan;
	mail->transport = *transport;
	mail->setup.ehlo = plan->ehlo;
	mail->setup.text = mail->text;
	mail->setup.text_n = sizeof mail->text;
	smtp_mail_init(&mail->content, plan->content);
	mail->setup.wait_s = plan->wait_s;
	mail->setup.tls = plan->tls != NULL ? SMTP_ENGINE_STARTTLS :
	    SMTP_ENGINE_PLAINTEXT;
	mail->credentials.user = plan->user;
	mail->credentials.password = plan->password;
	mail->rcpt.address = plan->content->to[0];
	mail->rcpt.status = SMTP_RCPT_PENDING;
	mail->delivery.from = plan->content->from;
	mail->delivery.rcpts = &mail->rcpt;
	mail->delivery.rcpt_count = 1;
	return smtp_engine_init(&mail->engine, mail->memory,
	    sizeof mail->memory, &mail->setup);
}

/* ---- what the engine wants */

/* An operation ended well: the next. */
static void
start_next(struct mail *mail)
{
	int status;

	if (smtp_engine_status(mail->engine) != SMTP_OK)
		mail->operation = SEND;
	else if (mail->operation == GREETING && mail->plan->tls == NULL)
		mail->operation = AUTH;  /* no password in the clear */
	switch (mail->operation++) {
	case GREETING:
		TIMED(status = smtp_engine_auth(mail->engine,
		    &mail->credentials));
		break;
	case AUTH:
		TIMED(status = smtp_engine_send(mail->engine,
		    &mail->delivery));
		break;
	default:
		TIMED(status = smtp_engine_quit(mail->engine));
		break;
	}
	if (status != SMTP_OK)
		lose(mail, status);
}

static void
give_content(struct mail *mail)
{
	const char *p;
	ptrdiff_t n = smtp_mail_next(&mail->content, &p);

	if (n < 0)
		TIMED(smtp_engine_content_failed(mail->engine, (int)n));
	else
		TIMED(smtp_engine_content(mail->engine, p, (size_t)n));
}

/* Returns whether there was anything to do. */
static bool
shake(struct mail *mail)
{
	struct smtp_transport below = mail->transport;
	int status;

	if (!mail->is_tls) {
		status = smtp_mbedtls_open(&mail->tls, &mail->transport,
		    &below, mail->plan->tls, mail->plan->host);
		if (status != SMTP_OK) {
			lose(mail, status);
			return true;
		}
		mail->is_tls = true;
	}
	status = smtp_mbedtls_handshake(&mail->tls);
	if (status == SMTP_OK)
		TIMED(smtp_engine_secured(mail->engine));
	else if (status < 0)
		lose(mail, status);
	return status <= 0;
}

/* SMTP_IO_CLOSED and SMTP_IO_FAILED are both the end. */
static bool
write_some(struct mail *mail)
{
	ptrdiff_t put;

	if (mail->out_at == mail->out_n) {
		size_t n;

		TIMED(n = smtp_engine_take(mail->engine, mail->out,
		    sizeof mail->out));
		mail->out_at = 0;
		mail->out_n = (uint16_t)n;
	}
	if (mail->out_at == mail->out_n)
		return false;
	put = mail->transport.write(mail->transport.ctx, mail->out +
	    mail->out_at, (size_t)(mail->out_n - mail->out_at));
	if (put == SMTP_IO_WANT_READ || put == SMTP_IO_WANT_WRITE)
		return false;
	if (put < 0)
		lose(mail, SMTP_E_CLOSED);
	else
		mail->out_at = (uint16_t)(mail->out_at + put);
	return true;
}

static bool
read_some(struct mail *mail)
{
	size_t at = 0, used;
	ptrdiff_t got = mail->transport.read(mail->transport.ctx, mail->in,
	    sizeof mail->in);

	if (got == SMTP_IO_WANT_READ || got == SMTP_IO_WANT_WRITE)
		return false;
	if (got < 0) {
		lose(mail, SMTP_E_CLOSED);
		return true;
	}
	for (; at < (size_t)got; at += used) {
		TIMED(used = smtp_engine_feed(mail->engine, mail->in + at,
		    (size_t)got - at));
		if (used == 0)
			break;
	}
	return true;
}

/* ---- the loop */

static int
end(struct mail *mail)
{
	if (mail->transport.close != NULL)
		mail->transport.close(mail->transport.ctx);
	if (mail->delivery.phase != 0 || mail->delivery.status != 0)
		return mail->delivery.status;
	return smtp_engine_status(mail->engine);
}

int
mail_step(struct mail *mail, uint32_t now_ms)
{
	bool busy = true;

	while (busy) {
		unsigned want;
		uint32_t due;

		TIMED(want = smtp_engine_want(mail->engine));
		busy = false;
		if (want & SMTP_ENGINE_DONE)
			return end(mail);
		if (want & SMTP_ENGINE_RESULT) {
			TIMED((void)smtp_engine_result(mail->engine));
			busy = true;
			continue;
		}
		if (want & SMTP_ENGINE_READY && mail->operation < QUIT) {
			start_next(mail);
			busy = true;
			continue;
		}
		if (want & SMTP_ENGINE_CONTENT &&
		    mail->out_at == mail->out_n) {
			give_content(mail);
			busy = true;
		}
		if (want & SMTP_ENGINE_TLS && mail->out_at == mail->out_n)
			busy |= shake(mail);
		if (want & SMTP_ENGINE_WRITE || mail->out_at != mail->out_n)
			busy |= write_some(mail);
		if (want & SMTP_ENGINE_READ)
			busy |= read_some(mail);
		TIMED(due = smtp_engine_due_ms(mail->engine, now_ms));
		if (!busy && (int32_t)(now_ms - due) >= 0)
			lose(mail, SMTP_E_TIMEOUT);
	}
	return SMTP_WANT_READ;
}
