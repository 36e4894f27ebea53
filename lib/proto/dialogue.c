/* SPDX-License-Identifier: MIT */
#include "proto/state.h"

#include <string.h>

#include "codec/base64.h"
#include "proto/command.h"

static bool
has(const struct smtp_engine *e, unsigned offer)
{
	return (e->caps.offers & offer) != 0;
}

#if SMTP_WITH_PIPELINING
#define PIPELINES(e) has((e), SMTP_OFFER_PIPELINING)
#else
#define PIPELINES(e) false
#endif
#if SMTP_WITH_LMTP
#define IS_LMTP(e) ((e)->setup->lmtp)
#else
#define IS_LMTP(e) false
#endif
#if SMTP_WITH_REQUIRE_ALL
#define NEEDS_ALL(d) (((d)->flags & SMTP_DELIVERY_ALL) != 0)
#else
#define NEEDS_ALL(d) false
#endif

static bool
is_class(const struct smtp_engine *e, char klass)
{
	return e->reply.klass == klass;
}

/* What a refusal means (RFC 5321 section 4.2.1). */
static int
refusal(const struct smtp_engine *e)
{
	return is_class(e, '4') ? SMTP_E_LATER : SMTP_E_REFUSED;
}

/* A reply of a class that cannot be here ends the session. */
static enum step
out_of_place(struct smtp_engine *e)
{
	return smtp__engine_fail(e, SMTP_E_PROTOCOL);
}

/* The operation ended with this; the session goes on. */
static enum step
ready(struct smtp_engine *e, int status)
{
	e->status = (int8_t)status;
	return READY;
}

/* The session cannot be used: leave politely. */
static enum step
leave(struct smtp_engine *e, int status)
{
	e->status = (int8_t)status;
	return QUIT;
}

/*
 * Greeting and capabilities.
 */

static enum step
hear_greeting(struct smtp_engine *e)
{
	if (is_class(e, '2'))
		return EHLO;
	if (is_class(e, '5'))
		return leave(e, SMTP_E_REFUSED);
	return smtp__engine_fail(e,
	    is_class(e, '4') ? SMTP_E_LATER : SMTP_E_PROTOCOL);
}

/* RFC 5321 section 4.1.1.1, RFC 2033 section 4.1. */
static enum step
say_ehlo(struct smtp_engine *e, struct smtp__line *l)
{
	smtp__line_text(l, IS_LMTP(e) ? "LHLO " : "EHLO ");
	smtp__line_text(l, e->setup->ehlo);
	return HOLD;
}

#if SMTP_WITH_HELO
static enum step
say_helo(struct smtp_engine *e, struct smtp__line *l)
{
	smtp__line_text(l, "HELO ");
	smtp__line_text(l, e->setup->ehlo);
	return HOLD;
}
#endif

static bool
needs_tls(const struct smtp_engine *e)
{
	return e->setup->tls == SMTP_ENGINE_STARTTLS && !e->secure;
}

/* RFC 5321 section 3.2: HELO only where the server does not know EHLO. */
static bool
may_helo(const struct smtp_engine *e)
{
	uint16_t code = e->reply.code;

	return SMTP_WITH_HELO && !IS_LMTP(e) && e->hear == EHLO &&
	    e->setup->tls >= SMTP_ENGINE_OPPORTUNISTIC && !e->secure &&
	    (code == 500 || code == 502 || code == 504);
}

static enum step
hear_ehlo(struct smtp_engine *e)
{
	if (is_class(e, '2')) {
		smtp__caps_settle(&e->caps);
		if (has(e, SMTP_OFFER_STARTTLS) && !e->secure &&
		    (needs_tls(e) ||
		    e->setup->tls == SMTP_ENGINE_OPPORTUNISTIC))
			return STARTTLS;
		if (needs_tls(e))
			return leave(e, SMTP_E_TLS);
		e->open = 1;
		return ready(e, SMTP_OK);
	}
	smtp__caps_forget(&e->caps);
	if (is_class(e, '3'))
		return out_of_place(e);
	if (may_helo(e))
		return HELO;
	return leave(e, needs_tls(e) ? SMTP_E_TLS : refusal(e));
}

/* RFC 3207 section 4. */
static enum step
say_starttls(struct smtp_engine *e, struct smtp__line *l)
{
	(void)e;
	smtp__line_text(l, "STARTTLS");
	return HOLD;
}

static enum step
hear_starttls(struct smtp_engine *e)
{
	if (is_class(e, '2'))
		return HANDSHAKE;
	if (is_class(e, '3'))
		return out_of_place(e);
	if (needs_tls(e))
		return leave(e, SMTP_E_TLS);
	e->open = 1;
	return ready(e, SMTP_OK);
}

/*
 * Authentication (RFC 4954 section 4).
 */

static void
challenge(const struct smtp_engine *e, struct smtp__challenge *c)
{
	memset(c, 0, sizeof *c);
#if SMTP_WITH_TEXT
	c->p = e->reply.text;
	c->n = e->reply.text_n;
	c->room = e->reply.text_room;
#else
	(void)e;
#endif
}

static void
say_response(const struct smtp_engine *e, struct smtp__line *l)
{
	struct smtp__challenge c;

	challenge(e, &c);
	smtp__line_base64_begin(l);
	e->mech->say(l, e->given.credentials, e->round, &c);
	smtp__line_base64_end(l);
}

/* Does the first response fit behind AUTH, in 512 octets with CRLF? */
static bool
has_initial(const struct smtp_engine *e)
{
	struct smtp__line l;

	if (!(e->mech->flags & SMTP__MECH_INITIAL))
		return false;
	smtp__line_begin(&l, NULL, 0, 0);
	smtp__line_text(&l, "AUTH  \r\n");
	smtp__line_text(&l, e->mech->name);
	say_response(e, &l);
	return l.n <= SMTP__COMMAND_MAX;
}

static enum step
say_auth(struct smtp_engine *e, struct smtp__line *l)
{
	smtp__line_text(l, "AUTH ");
	smtp__line_text(l, e->mech->name);
	if (has_initial(e)) {
		smtp__line_octet(l, ' ');
		say_response(e, l);
	}
	return HOLD;
}

static enum step
say_answer(struct smtp_engine *e, struct smtp__line *l)
{
	if (e->cancel) {
		smtp__line_octet(l, '*');
	} else if (e->round < e->mech->rounds) {
		say_response(e, l);
	} else {
		smtp__line_base64_begin(l);
		smtp__line_text(l, e->mech->excuse);
		smtp__line_base64_end(l);
	}
	return HOLD;
}

/* Decode what stands in the arena, strictly; false: not base64, or cut. */
static bool
decode(struct smtp_engine *e)
{
#if SMTP_WITH_TEXT
	ptrdiff_t n;

	if (e->reply.text == NULL)
		return true;
	n = smtp__base64_decode(e->reply.text, e->reply.text_n,
	    e->reply.text, e->reply.text_n);
	if (e->reply.cut || n < 0)
		return false;
	e->reply.text_n = (uint16_t)n;
#else
	(void)e;
#endif
	return true;
}

static enum step
hear_challenge(struct smtp_engine *e)
{
	struct smtp__challenge c;

	if (e->cancel)
		return out_of_place(e);
	if (!decode(e)) {
		e->cancel = 1;
	} else if (e->round < e->mech->rounds) {
		challenge(e, &c);
		e->cancel = e->mech->hear != NULL &&
		    !e->mech->hear(e->given.credentials, e->round, &c);
	} else {
		e->cancel = e->mech->excuse == NULL ||
		    e->round > e->mech->rounds;
	}
	return ANSWER;
}

enum {
	NOT_SUPPORTED = 504,
	TOO_WEAK = 534,
	TRANSITION = 432
};

/* Another mechanism, where the server said that this one will not do. */
enum step
smtp__dialogue_choose(struct smtp_engine *e)
{
	e->mech = smtp__mech_choose(e->given.credentials, e->mechanisms,
	    e->secure, e->setup->insecure_auth,
	    SMTP_WITH_TEXT && e->setup->text_n >= 64);
	e->round = 0;
	e->cancel = 0;
	return e->mech != NULL ? AUTH : ready(e, SMTP_E_AUTH);
}

static enum step
hear_auth(struct smtp_engine *e)
{
	uint16_t code = e->reply.code;

	if (code == 334)
		return hear_challenge(e);
	if (is_class(e, '3'))
		return out_of_place(e);
	if (is_class(e, '2')) {
		/* Early success is none (RFC 4422 section 3.6). */
		if (e->cancel || e->round != e->mech->rounds)
			return smtp__engine_fail(e, SMTP_E_AUTH);
		e->authenticated = 1;
		return ready(e, SMTP_OK);
	}
	if (e->cancel)
		return ready(e, SMTP_E_AUTH);
	if (code == NOT_SUPPORTED || code == TOO_WEAK) {
		e->mechanisms &= (uint8_t)~smtp__mech_bit(e->mech->name);
		return smtp__dialogue_choose(e);
	}
	if (code == TRANSITION && e->secure && !e->transition) {
		e->transition = 1;
		e->mechanisms &= smtp__mech_bit("PLAIN");
		return smtp__dialogue_choose(e);
	}
	return ready(e, is_class(e, '4') ? SMTP_E_LATER : SMTP_E_AUTH);
}

/*
 * Transactions.
 */

size_t
smtp__delivery_row(const struct smtp_delivery *d, size_t i, int status)
{
	while (i < d->rcpt_count && d->rcpts[i].status != status)
		i++;
	return i;
}

static bool
has_row(const struct smtp_delivery *d, int status)
{
	return smtp__delivery_row(d, 0, status) < d->rcpt_count;
}

void
smtp__delivery_note(const struct smtp_engine *e, struct smtp_rcpt *r)
{
	r->code = e->reply.code;
#if SMTP_WITH_ENHANCED
	r->subject = e->reply.subject;
	r->detail = e->reply.detail;
#endif
	r->phase = e->hear == BODY ? e->heard->phase :
	    smtp__dialogue[e->hear].phase;
}

/* The reply decides all rows with status `from`. */
static void
decide(struct smtp_engine *e, int from, int status)
{
	struct smtp_delivery *d = e->heard;
	size_t i;

	for (i = 0; i < d->rcpt_count; i++) {
		if (d->rcpts[i].status != from)
			continue;
		smtp__delivery_note(e, &d->rcpts[i]);
		d->rcpts[i].status = (int8_t)status;
	}
}

/* The sum of the rows: the worst for the caller to know comes first. */
void
smtp__delivery_conclude(struct smtp_delivery *d)
{
	static const int8_t order[] = {
		SMTP_E_UNKNOWN, SMTP_E_LATER, SMTP_E_REFUSED
	};
	size_t i, row, ok = smtp__delivery_row(d, 0, SMTP_OK);

	d->row = ok < d->rcpt_count ? ok : 0;
	d->status = SMTP_OK;
	for (i = 0; i < sizeof order && d->status == SMTP_OK; i++) {
		row = smtp__delivery_row(d, 0, order[i]);
		if (row == d->rcpt_count)
			continue;
		d->row = row;
		d->status = i > 0 && ok < d->rcpt_count ?
		    SMTP_E_PARTIAL : order[i];
		if (d->cause == SMTP_OK)
			d->cause = SMTP_E_REPLY;
	}
}

/* Everything about the delivery at the hear-cursor is known. */
static enum step
finish(struct smtp_engine *e)
{
	smtp__delivery_conclude(e->heard);
	e->heard = e->heard->next;
	if (e->say == HOLD && e->owed == 0)
		return smtp__dialogue_next(e);
	return HOLD;
}

enum step
smtp__dialogue_next(struct smtp_engine *e)
{
	e->said = e->heard;
	if (e->said == NULL)
		return ready(e, SMTP_OK);
	return SMTP_WITH_REUSE && e->dirty ? RSET : MAIL;
}

#if SMTP_WITH_REUSE
/* RFC 5321 section 4.1.1.5: an abandoned transaction is still open. */
static enum step
say_rset(struct smtp_engine *e, struct smtp__line *l)
{
	smtp__line_text(l, "RSET");
	return PIPELINES(e) && e->said != NULL ? MAIL : HOLD;
}

static enum step
hear_rset(struct smtp_engine *e)
{
	if (!is_class(e, '2'))
		return smtp__engine_fail(e, SMTP_E_PROTOCOL);
	e->dirty = 0;
	return e->said != NULL ? MAIL : ready(e, SMTP_OK);
}
#endif

static void
say_parameters(struct smtp__line *l, const char *parameters)
{
	if (parameters != NULL && parameters[0] != '\0') {
		smtp__line_octet(l, ' ');
		smtp__line_text(l, parameters);
	}
}

/* RFC 5321 section 4.1.1.2, RFC 1870 section 6, RFC 6152, RFC 6531. */
static enum step
say_mail(struct smtp_engine *e, struct smtp__line *l)
{
	const struct smtp_delivery *d = e->said;

	smtp__line_text(l, "MAIL FROM:<");
	smtp__line_text(l, d->from);
	smtp__line_octet(l, '>');
#if SMTP_WITH_SIZE
	if (has(e, SMTP_OFFER_SIZE) && d->flags & SMTP_DELIVERY_SIZE) {
		smtp__line_text(l, " SIZE=");
		smtp__line_number(l, d->size);
	}
#endif
#if SMTP_WITH_8BITMIME
	if (has(e, SMTP_OFFER_8BITMIME) && d->flags & SMTP_DELIVERY_8BIT)
		smtp__line_text(l, " BODY=8BITMIME");
#endif
#if SMTP_WITH_SMTPUTF8
	if (has(e, SMTP_OFFER_SMTPUTF8) && d->flags & SMTP_DELIVERY_UTF8)
		smtp__line_text(l, " SMTPUTF8");
#endif
	say_parameters(l, d->parameters);
	return PIPELINES(e) ? RCPT : HOLD;
}

static enum step
hear_mail(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->heard;
	size_t i;

	e->heard_rcpt = smtp__delivery_row(d, 0, SMTP_RCPT_PENDING);
	e->refused = !is_class(e, '2');
	if (is_class(e, '3'))
		return out_of_place(e);
	if (!e->refused) {
		e->dirty = 1;
		return RCPT;
	}
	if (e->owed == 0 && e->say == HOLD) {
		decide(e, SMTP_RCPT_PENDING, refusal(e));
		return finish(e);
	}
	/* The RCPTs are out: each gets this reply when its own was heard. */
	for (i = 0; i < d->rcpt_count; i++)
		if (d->rcpts[i].status == SMTP_RCPT_PENDING)
			smtp__delivery_note(e, &d->rcpts[i]);
	return RCPT;
}

/* RFC 5321 section 4.1.1.3. */
static enum step
say_rcpt(struct smtp_engine *e, struct smtp__line *l)
{
	const struct smtp_delivery *d = e->said;
	const struct smtp_rcpt *r = &d->rcpts[e->said_rcpt];

	smtp__line_text(l, "RCPT TO:<");
	smtp__line_text(l, r->address);
	smtp__line_octet(l, '>');
	say_parameters(l, r->parameters);
	if (!PIPELINES(e))
		return HOLD;
	if (smtp__delivery_row(d, e->said_rcpt + 1, SMTP_RCPT_PENDING) <
	    d->rcpt_count)
		return RCPT;
	return NEEDS_ALL(d) ? HOLD : DATA;
}

/*
 * Behind accepted recipients 552 means "too many" (RFC 5321 section
 * 4.5.3.1.10), but not where it is about a mailbox or a size.
 */
static int
refusal_of_rcpt(const struct smtp_engine *e)
{
	if (e->reply.code == 552 && has_row(e->heard, SMTP_RCPT_TAKEN)) {
#if SMTP_WITH_ENHANCED
		if (e->reply.subject == 2 ||
		    (e->reply.subject == 3 && e->reply.detail == 4))
			return SMTP_E_REFUSED;
#endif
		return SMTP_E_LATER;
	}
	return refusal(e);
}

/* Nobody, or not all where all were asked for. */
static bool
is_hopeless(const struct smtp_delivery *d)
{
	if (NEEDS_ALL(d) && (has_row(d, SMTP_E_REFUSED) ||
	    has_row(d, SMTP_E_LATER)))
		return true;
	return !has_row(d, SMTP_RCPT_TAKEN);
}

/* Give up: those whom nobody refused were not delivered to either. */
static enum step
abandon(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->heard;
	size_t i;

	for (i = 0; i < d->rcpt_count; i++)
		if (d->rcpts[i].status == SMTP_RCPT_TAKEN) {
			d->rcpts[i].status = SMTP_E_LATER;
			d->rcpts[i].code = 0;
			d->rcpts[i].subject = SMTP_NO_ENHANCED;
		}
	return finish(e);
}

static enum step
hear_rcpt(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->heard;
	struct smtp_rcpt *r = &d->rcpts[e->heard_rcpt];

	if (is_class(e, '3'))
		return out_of_place(e);
	if (e->refused) {
		r->status = r->code < 500 ? SMTP_E_LATER : SMTP_E_REFUSED;
	} else {
		smtp__delivery_note(e, r);
		r->status = is_class(e, '2') ? SMTP_RCPT_TAKEN :
		    (int8_t)refusal_of_rcpt(e);
	}
	e->heard_rcpt = smtp__delivery_row(d, e->heard_rcpt,
	    SMTP_RCPT_PENDING);
	if (e->heard_rcpt < d->rcpt_count)
		return RCPT;
	if (e->owed == 0 && e->say == HOLD && is_hopeless(d))
		return abandon(e);
	return DATA;
}

static enum step
say_data(struct smtp_engine *e, struct smtp__line *l)
{
	(void)e;
	smtp__line_text(l, "DATA");
	return HOLD;
}

static enum step
hear_data(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->heard;

	if (is_class(e, '2'))
		return out_of_place(e);
	if (!is_class(e, '3')) {
		/* 503: it counts recipients in another way than it said. */
		decide(e, SMTP_RCPT_TAKEN, e->reply.code == 503 ?
		    SMTP_E_LATER : refusal(e));
		return finish(e);
	}
	/* RFC 2920 section 3.1: 354 with nobody left wants a lone dot. */
	e->lone_dot = !has_row(d, SMTP_RCPT_TAKEN);
	if (e->lone_dot && (e->refused || IS_LMTP(e)))
		return out_of_place(e);
	e->content_n = 0;
	e->content_end = e->lone_dot;
	d->phase = SMTP_PHASE_CONTENT;
	smtp__stuff_begin(&e->stuff, (d->flags & SMTP_DELIVERY_8BIT) != 0);
	return BODY;
}

/* One verdict, or with LMTP one for each recipient (RFC 2033 section 4.2). */
static enum step
hear_body(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->heard;
	int status = is_class(e, '2') ? SMTP_OK : refusal(e);
	size_t row;

	if (is_class(e, '3'))
		return out_of_place(e);
	e->dirty = 0;
	if (IS_LMTP(e)) {
		row = smtp__delivery_row(d, 0, SMTP_RCPT_TAKEN);
		smtp__delivery_note(e, &d->rcpts[row]);
		d->rcpts[row].status = (int8_t)status;
		if (has_row(d, SMTP_RCPT_TAKEN))
			return BODY;
	} else {
		decide(e, SMTP_RCPT_TAKEN, status);
	}
	return finish(e);
}

/*
 * Other commands.
 */

#if SMTP_WITH_REUSE
static enum step
say_command(struct smtp_engine *e, struct smtp__line *l)
{
	smtp__line_text(l, e->given.line);
	return HOLD;
}

static enum step
hear_command(struct smtp_engine *e)
{
	if (is_class(e, '3'))
		return out_of_place(e);
	return ready(e, is_class(e, '2') ? SMTP_OK : refusal(e));
}
#endif

static enum step
say_quit(struct smtp_engine *e, struct smtp__line *l)
{
	(void)e;
	smtp__line_text(l, "QUIT");
	return HOLD;
}

/* Whatever it says: what was delivered stays delivered. */
static enum step
hear_quit(struct smtp_engine *e)
{
	(void)e;
	return OVER;
}

const struct step_row smtp__dialogue[] = {
	[HOLD] = { NULL, NULL, SMTP_WAIT_COMMAND, SMTP_PHASE_NONE },
	[GREETING] = { NULL, hear_greeting, SMTP_WAIT_GREETING,
	    SMTP_PHASE_GREETING },
	[EHLO] = { say_ehlo, hear_ehlo, SMTP_WAIT_COMMAND, SMTP_PHASE_EHLO },
#if SMTP_WITH_HELO
	[HELO] = { say_helo, hear_ehlo, SMTP_WAIT_COMMAND, SMTP_PHASE_EHLO },
#endif
	[STARTTLS] = { say_starttls, hear_starttls, SMTP_WAIT_COMMAND,
	    SMTP_PHASE_STARTTLS },
	[HANDSHAKE] = { NULL, NULL, SMTP_WAIT_COMMAND, SMTP_PHASE_TLS },
	[AUTH] = { say_auth, hear_auth, SMTP_WAIT_COMMAND, SMTP_PHASE_AUTH },
	[ANSWER] = { say_answer, hear_auth, SMTP_WAIT_COMMAND,
	    SMTP_PHASE_AUTH },
#if SMTP_WITH_REUSE
	[RSET] = { say_rset, hear_rset, SMTP_WAIT_COMMAND, SMTP_PHASE_MAIL },
#endif
	[MAIL] = { say_mail, hear_mail, SMTP_WAIT_ENVELOPE, SMTP_PHASE_MAIL },
	[RCPT] = { say_rcpt, hear_rcpt, SMTP_WAIT_ENVELOPE, SMTP_PHASE_RCPT },
	[DATA] = { say_data, hear_data, SMTP_WAIT_DATA, SMTP_PHASE_DATA },
	[BODY] = { NULL, hear_body, SMTP_WAIT_FINAL, SMTP_PHASE_FINAL },
#if SMTP_WITH_REUSE
	[COMMAND] = { say_command, hear_command, SMTP_WAIT_COMMAND,
	    SMTP_PHASE_NONE },
#endif
	[QUIT] = { say_quit, hear_quit, SMTP_WAIT_QUIT, SMTP_PHASE_QUIT },
	[READY] = { NULL, NULL, SMTP_WAIT_COMMAND, SMTP_PHASE_NONE },
	[OVER] = { NULL, NULL, SMTP_WAIT_COMMAND, SMTP_PHASE_NONE },
};

/*
 * The cursors.
 */

void
smtp__dialogue_said(struct smtp_engine *e, enum step step, enum step next)
{
	struct smtp_delivery *d = e->said;

	if (e->owed++ == 0)
		e->hear = (uint8_t)step;
	switch (step) {
	case AUTH:
		e->round = has_initial(e);
		break;
	case ANSWER:
		e->round++;
		break;
	case MAIL:
		e->said_rcpt = smtp__delivery_row(d, 0, SMTP_RCPT_PENDING);
		d->phase = SMTP_PHASE_MAIL;
		break;
	case RCPT:
		e->said_rcpt = smtp__delivery_row(d, e->said_rcpt + 1,
		    SMTP_RCPT_PENDING);
		d->phase = SMTP_PHASE_RCPT;
		break;
	case DATA:
		d->phase = SMTP_PHASE_DATA;
		break;
	default:
		break;
	}
	e->say = (uint8_t)next;
}

enum step
smtp__dialogue_following(const struct smtp_engine *e, enum step step)
{
	switch (step) {
	case RSET:
		return MAIL;
	case MAIL:
		return RCPT;
	case RCPT:
		return e->heard_rcpt < e->heard->rcpt_count ? RCPT : DATA;
	case BODY:
		return e->heard->phase == SMTP_PHASE_FINAL ? BODY : MAIL;
	default:
		return step;
	}
}

/*
 * The end mark of one message and MAIL of the next leave together (RFC 2920
 * section 3.1): the transaction ends with it whatever its reply says.
 */
void
smtp__dialogue_ahead(struct smtp_engine *e)
{
	if (!PIPELINES(e) || e->say != HOLD || e->said == NULL ||
	    e->said->phase != SMTP_PHASE_FINAL || e->said->next == NULL)
		return;
	e->said = e->said->next;
	e->say = MAIL;
}
