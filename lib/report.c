/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "client.h"
#include "hint.h"
#include "retry.h"
#include "words.h"

/* "550 5.1.1": the class of the enhanced code is that of the code. */
void
smtp__report_enhanced(struct smtp__out *out, int code, unsigned subject,
    unsigned detail)
{
	if (subject == SMTP_NO_ENHANCED)
		return;
	smtp__words_number(out, (uint64_t)code / 100);
	smtp__words_say(out, ".");
	smtp__words_number(out, subject);
	smtp__words_say(out, ".");
	smtp__words_number(out, detail);
}

static void
add_reply(struct smtp__out *out, int code, unsigned subject, unsigned detail,
    const char *words, size_t n)
{
	smtp__words_number(out, (uint64_t)code);
	if (subject != SMTP_NO_ENHANCED)
		smtp__words_say(out, " ");
	smtp__report_enhanced(out, code, subject, detail);
	if (n > 0)
		smtp__words_say(out, " ");
	smtp__words_quote_n(out, words, n);
}

/* What of the session a phase is, in words that a person has seen. */
static const char *
step_name(int phase)
{
	static const char *const names[] = {
		[SMTP_PHASE_NONE] = "the session",
		[SMTP_PHASE_RESOLVE] = "name lookup",
		[SMTP_PHASE_CONNECT] = "connecting",
		[SMTP_PHASE_TLS] = "TLS",
		[SMTP_PHASE_GREETING] = "greeting",
		[SMTP_PHASE_EHLO] = "EHLO",
		[SMTP_PHASE_STARTTLS] = "STARTTLS",
		[SMTP_PHASE_AUTH] = "AUTH",
		[SMTP_PHASE_MAIL] = "MAIL",
		[SMTP_PHASE_RCPT] = "RCPT",
		[SMTP_PHASE_DATA] = "DATA",
		[SMTP_PHASE_CONTENT] = "content",
		[SMTP_PHASE_FINAL] = "end of the mail",
		[SMTP_PHASE_QUIT] = "QUIT",
	};

	return names[phase];
}

/*
 * Failures.
 */

void
smtp__report_clear(struct smtp *s)
{
	memset(&s->failure, 0, sizeof s->failure);
	s->failure.subject = s->failure.detail = SMTP_NO_ENHANCED;
	s->error[0] = '\0';
}

static void
set(struct smtp *s, int status, int cause, int phase)
{
	s->failure.status = status;
	s->failure.cause = cause;
	s->failure.phase = phase;
}

int
smtp__report(struct smtp *s, int status, int cause, int phase,
    const char *words)
{
	struct smtp__out out;

	set(s, status, cause, phase);
	s->failure.code = 0;
	s->failure.subject = s->failure.detail = SMTP_NO_ENHANCED;
	smtp__words_begin(&out, s->error, sizeof s->error);
	smtp__words_say(&out, words);
	smtp__words_end(&out);
	return status;
}

static uint32_t
wait_of(const struct smtp *s, int phase)
{
	switch (phase) {
	case SMTP_PHASE_GREETING:
		return s->wait_s[SMTP_WAIT_GREETING];
	case SMTP_PHASE_MAIL:
	case SMTP_PHASE_RCPT:
		return s->wait_s[SMTP_WAIT_ENVELOPE];
	case SMTP_PHASE_DATA:
		return s->wait_s[SMTP_WAIT_DATA];
	case SMTP_PHASE_CONTENT:
		return s->wait_s[SMTP_WAIT_BLOCK];
	case SMTP_PHASE_FINAL:
		return s->wait_s[SMTP_WAIT_FINAL];
	default:
		return s->wait_s[SMTP_WAIT_COMMAND];
	}
}

/* Why the session ended, where no reply says it. */
static void
add_cause(const struct smtp *s, struct smtp__out *out, int cause, int phase)
{
	smtp__words_say(out, step_name(phase));
	switch (cause) {
	case SMTP_E_TIMEOUT:
		if (s->failure.by_deadline) {
			smtp__words_say(out, ": the deadline has passed");
			break;
		}
		smtp__words_say(out, phase == SMTP_PHASE_CONTENT ?
		    ": nothing was taken for " : ": no reply for ");
		smtp__words_number(out, wait_of(s, phase));
		smtp__words_say(out, " s");
		break;
	case SMTP_E_CANCELLED:
		smtp__words_say(out, ": cancelled");
		break;
	case SMTP_E_PROTOCOL:
		smtp__words_say(out, ": what came is not SMTP, or not in its "
		    "place");
		if (phase == SMTP_PHASE_GREETING && s->banner[0] != '\0') {
			smtp__words_say(out, ": \"");
			smtp__words_quote(out, s->banner);
			smtp__words_say(out, "\"");
		}
		break;
	case SMTP_E_CLOSED:
		if (s->replies == 0 || s->code != 421) {
			smtp__words_say(out, ": the connection was lost");
			break;
		}
		smtp__words_say(out, ": the server said ");
		add_reply(out, s->code, s->failure.subject, s->failure.detail,
		    s->words, strlen(s->words));
		break;
	default:
		smtp__words_say(out, ": ");
		smtp__words_say(out, smtp_status_name(cause));
		break;
	}
}

static bool
is_by_reply(const struct smtp *s, int status)
{
	if (status == SMTP_E_LATER || status == SMTP_E_REFUSED)
		return true;
	return (status == SMTP_E_AUTH || status == SMTP_E_TLS) &&
	    s->code >= 400;
}

/* The engine had no mechanism to try. */
static void
add_no_mechanism(const struct smtp *s, struct smtp__out *out)
{
	const char *offered = smtp_capability(s, "AUTH");
	const char *wanted = s->auth.named != NULL ? s->auth.named :
	    smtp__options_text(s->options, SMTP__MECHANISM);

	if (s->tls_policy == SMTP_ENGINE_OPPORTUNISTIC) {
		smtp__words_say(out, "AUTH: not without a verified "
		    "certificate");
	} else if (offered == NULL) {
		smtp__words_say(out, "AUTH: not offered by the server");
	} else {
		smtp__words_say(out, "AUTH: no mechanism fits");
		if (wanted[0] != '\0') {
			smtp__words_say(out, "; wanted is ");
			smtp__words_quote(out, wanted);
		}
		smtp__words_say(out, "; offered are ");
		smtp__words_quote(out, offered);
		if (!s->secure)
			smtp__words_say(out, ", without TLS");
	}
}

int
smtp__report_engine(struct smtp *s, int status)
{
	int cause = status, phase = s->last_phase;
	unsigned subject = s->failure.subject, detail = s->failure.detail;
	struct smtp__out out;

	smtp__words_begin(&out, s->error, sizeof s->error);
	/* GCOVR_EXCL_BR_START: an older reply is never told as this one's */
	if (is_by_reply(s, status) && s->replies > 0) {
	/* GCOVR_EXCL_BR_STOP */
		if (status == SMTP_E_LATER || status == SMTP_E_REFUSED)
			cause = SMTP_E_REPLY;
		s->failure.code = s->code;
		smtp__words_say(&out, step_name(phase));
		smtp__words_say(&out, ": the server said ");
		add_reply(&out, s->code, subject, detail, s->words,
		    strlen(s->words));
	} else {
		s->failure.subject = s->failure.detail = SMTP_NO_ENHANCED;
		if (status == SMTP_E_AUTH && s->replies > 0)
			smtp__words_say(&out, "AUTH: the server said yes "
			    "before it had asked all");
		else if (status == SMTP_E_AUTH)
			add_no_mechanism(s, &out);
		else if (status == SMTP_E_TLS)
			smtp__words_say(&out, "STARTTLS: not offered by the "
			    "server");
		else
			add_cause(s, &out, status, phase);
	}
	smtp__words_end(&out);
	set(s, status, cause, phase);
	return status;
}

/*
 * Messages.
 */

static bool
is_bad(const struct smtp__recipient *r)
{
	return r->outcome.status != SMTP_OK;
}

/* "2 of 5 recipients; <a@b>: ": whom the line is about. */
static void
add_who(struct smtp__out *out, const struct smtp__sending *sending,
    const struct smtp__recipient *culprit)
{
	size_t bad = 0;

	for (size_t i = 0; i < sending->recipient_count; i++)
		bad += is_bad(&sending->recipients[i]);
	if (sending->recipient_count > 1) {
		smtp__words_number(out, bad);
		smtp__words_say(out, " of ");
		smtp__words_number(out, sending->recipient_count);
		smtp__words_say(out, " recipients: ");
	}
	if (culprit->outcome.phase == SMTP_PHASE_RCPT ||
	    bad < sending->recipient_count) {
		smtp__words_say(out, "<");
		smtp__words_quote(out, culprit->address);
		smtp__words_say(out, ">: ");
	}
}

/* What the engine or we refused before a word was said. */
static void
add_local(const struct smtp *s, struct smtp__out *out, int status,
    const struct smtp__sending *sending)
{
	const char *words = sending->words != NULL ? sending->words :
	    smtp_message_error(sending->message);
	const struct smtp_delivery *d = &sending->delivery;

	if (words[0] != '\0') {
		smtp__words_say(out, words);
	} else if (status == SMTP_E_MEMORY) {
		smtp__words_say(out, "out of memory");
	/* GCOVR_EXCL_BR_START: the engine refuses nothing else */
	} else if (s->lmtp && d->flags & SMTP_DELIVERY_ALL) {
	/* GCOVR_EXCL_BR_STOP */
		smtp__words_say(out, "require-all cannot be had over LMTP");
	} else {
		/* GCOVR_EXCL_START: a smaller build, see make switches */
		smtp__words_say(out, "needs what this build leaves out; see "
		    "<smtp/config.h>");
		/* GCOVR_EXCL_STOP */
	}
}

static void
add_size(const struct smtp *s, struct smtp__out *out,
    const struct smtp__sending *sending)
{
	smtp__words_say(out, "the mail has ");
	smtp__words_number(out, sending->content.size);
	smtp__words_say(out, " octets, and the server takes ");
	smtp__words_number(out, smtp_engine_size_limit(s->engine));
}

void
smtp__report_message(struct smtp *s, struct smtp__sending *sending)
{
	const struct smtp__outcome *o =
	    smtp__message_outcome(sending->message);
	const struct smtp__recipient *culprit = NULL;
	/* A session that could not be opened again has told why. */
	bool told = s->error[0] != '\0' && s->failure.cause == o->cause &&
	    o->code == 0;
	struct smtp__out out;

	set(s, o->status, o->cause, o->phase);
	s->failure.code = o->code;
	s->failure.subject = o->has_enhanced ? o->subject : SMTP_NO_ENHANCED;
	s->failure.detail = o->has_enhanced ? o->detail : SMTP_NO_ENHANCED;
	if (told)
		return;
	smtp__words_begin(&out, s->error, sizeof s->error);
	for (size_t i = 0; i < sending->recipient_count; i++)
		if (is_bad(&sending->recipients[i]) && (culprit == NULL ||
		    sending->recipients[i].outcome.code == o->code)) {
			culprit = &sending->recipients[i];
			if (culprit->outcome.code == o->code)
				break;
		}
	if (o->status == SMTP_OK) {
		;
	} else if (o->status <= SMTP_E_ARGUMENT) {
		add_local(s, &out, o->status, sending);
	} else if (o->status == SMTP_E_UNKNOWN) {
		add_cause(s, &out, o->cause, o->phase);
		smtp__words_say(&out, "; the mail may have been delivered");
	} else if (o->code == 0 && sending->delivery.cause ==
	    SMTP_E_REFUSED) {
		add_size(s, &out, sending);
	} else {
		if (culprit != NULL) /* GCOVR_EXCL_BR_LINE: always is one */
			add_who(&out, sending, culprit);
		if (o->code == 0 && o->has_enhanced) {   /* 4.5.3, of ours */
			smtp__words_say(&out, "more recipients than the server "
			    "takes at once, and the mail can be read once "
			    "only");
		} else if (o->code == 0) {
			add_cause(s, &out, o->cause, o->phase);
		} else {
			if (o->phase != SMTP_PHASE_RCPT) {
				smtp__words_say(&out, step_name(o->phase));
				smtp__words_say(&out, ": ");
			}
			smtp__words_say(&out, "the server said ");
			add_reply(&out, o->code, s->failure.subject,
			    s->failure.detail, o->text == NULL ? "" : o->text,
			    o->text_n);
		}
	}
	smtp__words_end(&out);
}

/*
 * What a program asks.
 */

int
smtp_cause(const struct smtp *s)
{
	return s == NULL ? SMTP_E_MEMORY : s->failure.cause;
}

int
smtp_phase(const struct smtp *s)
{
	return s == NULL ? SMTP_PHASE_NONE : s->failure.phase;
}

const char *
smtp_error(const struct smtp *s)
{
	return s == NULL ? "out of memory" : s->error;
}

static int
advice(const struct smtp *s, uint32_t *after_s)
{
	struct smtp__failed f;

	*after_s = 0;
	if (s == NULL)
		return SMTP_RETRY_LATER;
	f = (struct smtp__failed){
		.status = s->failure.status,
		.cause = s->failure.cause,
		.phase = s->failure.phase,
		.code = s->failure.code,
		.subject = s->failure.subject,
		.detail = s->failure.detail,
		.text = s->failure.code == s->code ? s->words : "",
	};
	return smtp__retry(&f, after_s);
}

int
smtp_retry(const struct smtp *s)
{
	uint32_t after_s;

	return advice(s, &after_s);
}

uint32_t
smtp_retry_s(const struct smtp *s)
{
	uint32_t after_s;

	(void)advice(s, &after_s);
	return after_s;
}

const char *
smtp_hint(const struct smtp *s)
{
	struct smtp__facts facts;
	unsigned offers;

	if (s == NULL || s->failure.status == SMTP_OK)
		return "";
	offers = s->engine == NULL ? 0 : smtp_engine_offers(s->engine);
	facts = (struct smtp__facts){
		.status = s->failure.status,
		.cause = s->failure.cause,
		.phase = s->failure.phase,
		.code = s->failure.code,
		.subject = s->failure.subject,
		.detail = s->failure.detail,
		.cert_errors = s->failure.cert_errors,
		.port = s->port,
		.policy = s->tls_policy,
		.lmtp = s->lmtp,
		.not_tls = s->failure.not_tls,
		.secure = s->secure,
		.starttls = (offers & SMTP_OFFER_STARTTLS) != 0,
		.auth = (offers & SMTP_OFFER_AUTH) != 0,
		.own_ca = smtp__options_own_ca(s->options),
		.token = s->is_token,
		.proxy = smtp__options_text(s->options, SMTP__PROXY)[0] !=
		    '\0',
		.words = s->failure.code == s->code ? s->words : NULL,
		.banner = s->banner,
	};
	return smtp__hint(&facts);
}
