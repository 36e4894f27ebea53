/* SPDX-License-Identifier: MIT */
#include <smtp/engine.h>

#include <string.h>

#include "proto/command.h"
#include "proto/state.h"

_Static_assert(sizeof(struct smtp_engine) <= SMTP_ENGINE_BYTES,
    "SMTP_ENGINE_BYTES is too small");

int
smtp_engine_init(struct smtp_engine **engine, void *memory, size_t n,
    const struct smtp_engine_setup *setup)
{
	struct smtp_engine *e = memory;

	*engine = NULL;
	if (memory == NULL || n < sizeof *e ||
	    ((uintptr_t)memory & (_Alignof(struct smtp_engine) - 1)) != 0)
		return SMTP_E_SPACE;
	if (setup->ehlo == NULL || !smtp__command_word(setup->ehlo) ||
	    strlen(setup->ehlo) > 255)
		return SMTP_E_ARGUMENT;
	memset(e, 0, sizeof *e);
	e->setup = setup;
	e->secure = setup->tls == SMTP_ENGINE_IMPLICIT;
	e->hear = GREETING;
	e->owed = 1;
	e->restart = 1;
#if SMTP_WITH_TEXT
	e->reply.text = setup->text;
	e->reply.text_room = setup->text == NULL ? 0 :
	    (uint16_t)(setup->text_n < 0xffff ? setup->text_n : 0xffff);
#endif
	*engine = e;
	return SMTP_OK;
}

size_t
smtp_engine_bytes(void)
{
	return sizeof(struct smtp_engine);
}

static bool
is_decided(const struct smtp_delivery *d)
{
	return d != NULL && d->status <= 0;
}

unsigned
smtp_engine_want(const struct smtp_engine *e)
{
	unsigned want = is_decided(e->first) ? SMTP_ENGINE_RESULT : 0;

	switch (e->say) {
	case OVER:
		return want != 0 ? want : SMTP_ENGINE_DONE;
	case READY:
		return want | SMTP_ENGINE_READY | SMTP_ENGINE_READ;
	case HANDSHAKE:
		return want | SMTP_ENGINE_TLS;
	case HOLD:
		return want | SMTP_ENGINE_READ;
	case BODY:
		if (e->content_n == 0 && !e->content_end)
			return want | SMTP_ENGINE_READ | SMTP_ENGINE_CONTENT;
		break;
	default:
		break;
	}
	return want | SMTP_ENGINE_READ | SMTP_ENGINE_WRITE;
}

/*
 * The end of a session.
 */

static void
lose(struct smtp_engine *e, struct smtp_delivery *d, int cause)
{
	size_t i;

	for (i = 0; i < d->rcpt_count; i++) {
		struct smtp_rcpt *r = &d->rcpts[i];

		if (r->status <= 0)
			continue;
		if (cause == SMTP_E_REPLY && d == e->heard &&
		    d->phase != SMTP_PHASE_FINAL) {
			smtp__delivery_note(e, r);
		} else {
			r->code = 0;
			r->subject = r->detail = SMTP_NO_ENHANCED;
			r->phase = d->phase;
		}
		r->status = r->status == SMTP_RCPT_TAKEN &&
		    d->phase == SMTP_PHASE_FINAL ?
		    SMTP_E_UNKNOWN : SMTP_E_LATER;
	}
	d->cause = (int8_t)cause;
	smtp__delivery_conclude(d);
}

enum step
smtp__engine_fail(struct smtp_engine *e, int cause)
{
	struct smtp_delivery *d;

	for (d = e->heard; d != NULL; d = d->next)
		lose(e, d, cause);
	e->heard = e->said = NULL;
	e->owed = 0;
	e->status = (int8_t)(cause == SMTP_E_REPLY ? SMTP_E_LATER : cause);
	e->say = OVER;
	return OVER;
}

void
smtp_engine_lost(struct smtp_engine *e, int cause)
{
	if (e->say == QUIT || (e->say == HOLD && e->hear == QUIT))
		e->say = OVER;
	else if (e->say != OVER)
		smtp__engine_fail(e, cause);
}

/*
 * Hearing.
 */

/* Before the content was said whole there is nothing to say about it but no. */
static void
hear_early(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->heard;
	size_t i;

	if (e->reply.klass < '4' || e->lone_dot) {
		smtp__engine_fail(e, SMTP_E_PROTOCOL);
		return;
	}
	e->hear = BODY;
	for (i = 0; i < d->rcpt_count; i++) {
		if (d->rcpts[i].status != SMTP_RCPT_TAKEN)
			continue;
		smtp__delivery_note(e, &d->rcpts[i]);
		d->rcpts[i].status = e->reply.klass == '4' ?
		    SMTP_E_LATER : SMTP_E_REFUSED;
	}
	smtp__engine_fail(e, SMTP_E_REPLY);
}

static void
hear(struct smtp_engine *e)
{
	bool closing = e->reply.code == 421;
	enum step step = e->hear, next;

	e->restart = 1;
	if (e->owed == 0) {
		if (e->say == BODY)
			hear_early(e);
		else
			smtp__engine_fail(e, closing ?
			    SMTP_E_CLOSED : SMTP_E_PROTOCOL);
		return;
	}
	e->owed--;
	next = smtp__dialogue[step].hear(e);
	if (e->say != OVER && closing && step != QUIT)
		next = smtp__engine_fail(e, SMTP_E_REPLY);
	if (e->say == OVER)
		return;
	if (e->owed == 0 && e->say == HOLD) {
		e->say = (uint8_t)next;
		e->offset = 0;
	} else if (e->owed > 0) {
		e->hear = (uint8_t)smtp__dialogue_following(e, step);
	}
}

/* What smtp_engine_reply() tells, before the hear-cursor moves on. */
static void
remember(struct smtp_engine *e)
{
	e->reply_phase = e->owed > 0 ? smtp__dialogue[e->hear].phase : 0;
#if SMTP_WITH_TEXT
	e->reply_delivery = e->heard;
	e->reply_rcpt = SMTP_NO_RCPT;
	if (e->hear == RCPT)
		e->reply_rcpt = e->heard_rcpt;
#if SMTP_WITH_LMTP
	if (e->hear == BODY && e->setup->lmtp && e->heard != NULL)
		e->reply_rcpt = smtp__delivery_row(e->heard, 0,
		    SMTP_RCPT_TAKEN);
#endif
#endif
}

size_t
smtp_engine_feed(struct smtp_engine *e, const void *p, size_t n)
{
	const unsigned char *in = p;
	size_t i;

	if (e->reply.done)
		smtp__reply_begin(&e->reply);
	if (e->say == HANDSHAKE && n > 0)
		smtp__engine_fail(e, SMTP_E_PROTOCOL);
#if SMTP_WITH_ENHANCED
	e->reply.plain = e->hear <= HELO;
#endif
	for (i = 0; i < n && e->say != OVER; i++) {
		switch (smtp__reply_octet(&e->reply, in[i])) {
		case SMTP__REPLY_TEXT:
			if (e->hear == EHLO && e->reply.lines > 0)
				smtp__caps_octet(&e->caps, (char)in[i]);
			break;
		case SMTP__REPLY_LINE:
			if (e->hear == EHLO)
				smtp__caps_octet(&e->caps, '\n');
			break;
		case SMTP__REPLY_DONE:
			remember(e);
			hear(e);
			return i + 1;
		case SMTP__REPLY_BAD:
			smtp__engine_fail(e, SMTP_E_PROTOCOL);
			break;
		default:
			break;
		}
	}
	return n;
}

int
smtp_engine_reply(const struct smtp_engine *e, struct smtp_reply *reply)
{
	memset(reply, 0, sizeof *reply);
	reply->subject = reply->detail = SMTP_NO_ENHANCED;
	reply->rcpt = SMTP_NO_RCPT;
	if (!e->reply.done)
		return 0;
	reply->code = e->reply.code;
	reply->phase = e->reply_phase;
#if SMTP_WITH_ENHANCED
	reply->subject = e->reply.subject;
	reply->detail = e->reply.detail;
#endif
#if SMTP_WITH_TEXT
	reply->text = e->reply.text;
	reply->text_n = e->reply.text_n;
	reply->cut = e->reply.cut;
	reply->delivery = e->reply_delivery;
	reply->rcpt = e->reply_rcpt;
#endif
	return 1;
}

/*
 * Saying.
 */

static size_t
take_line(struct smtp_engine *e, char *p, size_t room)
{
	enum step step = e->say, next;
	struct smtp__line l;
	size_t kept;

	e->restart |= e->owed == 0;
	smtp__line_begin(&l, p, room, e->offset);
	next = smtp__dialogue[step].say(e, &l);
	smtp__line_text(&l, "\r\n");
	kept = smtp__line_kept(&l);
	e->offset = (uint16_t)(e->offset + kept);
	if (e->offset == l.n) {
		e->offset = 0;
		smtp__dialogue_said(e, step, next);
	}
	return kept;
}

/* The end mark is out: from here on nobody knows but the server. */
static void
content_said(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->said;
	size_t i;

	d->phase = SMTP_PHASE_FINAL;
	e->hear = BODY;
	e->owed = 1;
#if SMTP_WITH_LMTP
	if (e->setup->lmtp)
		for (i = e->owed = 0; i < d->rcpt_count; i++)
			e->owed += d->rcpts[i].status == SMTP_RCPT_TAKEN;
#else
	(void)i;
#endif
	e->say = HOLD;
	smtp__dialogue_ahead(e);
}

static size_t
take_content(struct smtp_engine *e, char *p, size_t room)
{
	size_t n = 0;
	bool done = false;

	e->restart = 1;
	if (e->content_n > 0) {
		n = smtp__stuff(&e->stuff, &e->content, &e->content_n, p,
		    room);
		if (e->stuff.bad)
			smtp_engine_content_failed(e, SMTP_E_ARGUMENT);
	} else if (e->content_end) {
		n = smtp__stuff_end(&e->stuff, p, room, &done);
		if (done)
			content_said(e);
	}
	return n;
}

size_t
smtp_engine_take(struct smtp_engine *e, void *p, size_t n)
{
	char *out = p;
	size_t done = 0, more = 1;
	uint8_t kind;

	while (done < n && more > 0 && e->say != OVER) {
		kind = e->say == BODY ? SMTP_KIND_CONTENT :
		    e->say == AUTH || e->say == ANSWER ? SMTP_KIND_SECRET :
		    SMTP_KIND_COMMAND;
		if (done > 0 && kind != e->kind)
			break;
		e->kind = kind;
		if (e->say == BODY)
			more = take_content(e, out + done, n - done);
		else if (smtp__dialogue[e->say].say != NULL)
			more = take_line(e, out + done, n - done);
		else
			break;
		done += more;
	}
	/* What was refused on the way must not go out. */
	return e->say == OVER ? 0 : done;
}

int
smtp_engine_taken(const struct smtp_engine *e)
{
	return e->kind;
}

void
smtp_engine_content(struct smtp_engine *e, const void *p, size_t n)
{
	if (e->say != BODY || e->content_end)
		return;
	e->content = p;
	e->content_n = n;
	e->content_end = n == 0;
}

void
smtp_engine_content_failed(struct smtp_engine *e, int status)
{
	struct smtp_delivery *d = e->said;
	size_t i;

	if (e->say != BODY)
		return;
	for (i = 0; i < d->rcpt_count; i++)
		if (d->rcpts[i].status == SMTP_RCPT_TAKEN) {
			d->rcpts[i].status = (int8_t)status;
			d->rcpts[i].code = 0;
			d->rcpts[i].subject = SMTP_NO_ENHANCED;
			d->rcpts[i].phase = d->phase;
		}
	smtp__engine_fail(e, status);
	d->status = (int8_t)status;
}

void
smtp_engine_secured(struct smtp_engine *e)
{
	if (e->say != HANDSHAKE)
		return;
	e->secure = 1;
	smtp__caps_forget(&e->caps);
	e->say = EHLO;
}

/*
 * Operations.
 */

int
smtp_engine_auth(struct smtp_engine *e,
    const struct smtp_credentials *credentials)
{
	if (e->say != READY || !e->open || e->authenticated)
		return SMTP_E_STATE;
	if (!smtp__mech_check(credentials))
		return SMTP_E_ARGUMENT;
	if (e->setup->tls == SMTP_ENGINE_OPPORTUNISTIC)
		return SMTP_E_AUTH;
	e->given.credentials = credentials;
	e->mechanisms = e->caps.mechanisms;
	e->transition = 0;
	if (smtp__dialogue_choose(e) != AUTH)
		return SMTP_E_AUTH;
	e->say = AUTH;
	return SMTP_OK;
}

const char *
smtp_engine_mechanism(const struct smtp_engine *e)
{
	return e->mech != NULL ? e->mech->name : "";
}

/* Nothing is said: all that were to be addressed get this. */
static int
turn_down(struct smtp_delivery *d, size_t row, int status)
{
	size_t i;

	for (i = 0; i < d->rcpt_count; i++) {
		struct smtp_rcpt *r = &d->rcpts[i];

		if (r->status != SMTP_RCPT_PENDING)
			continue;
		r->status = (int8_t)status;
		r->phase = SMTP_PHASE_MAIL;
		r->code = 0;
		r->subject = r->detail = SMTP_NO_ENHANCED;
		if (status == SMTP_E_REFUSED) {
			r->subject = 3;  /* too big, RFC 3463 section 3.4 */
			r->detail = 4;
		}
	}
	d->status = (int8_t)status;
	d->cause = (int8_t)status;
	d->phase = SMTP_PHASE_MAIL;
	d->row = row;
	return status;
}

static bool
can_say(const char *path, const char *parameters, bool *utf8)
{
	size_t n = sizeof "MAIL FROM:<>\r\n";

	if (path == NULL || !smtp__command_path(path, utf8))
		return false;
	n += strlen(path);
	if (parameters != NULL && parameters[0] != '\0') {
		if (!smtp__command_parameters(parameters))
			return false;
		n += strlen(parameters);
	}
	return n <= SMTP__COMMAND_MAX;
}

/* SMTP_OK, or why this delivery cannot be said; `*row` is the culprit. */
static int
check(const struct smtp_engine *e, const struct smtp_delivery *d, size_t *row)
{
	unsigned offers = e->caps.offers;
	bool utf8 = (d->flags & SMTP_DELIVERY_UTF8) != 0, nobody = true;
	size_t i;

	*row = SMTP_NO_RCPT;
	if (!can_say(d->from, d->parameters, &utf8))
		return SMTP_E_ARGUMENT;
	for (i = 0; i < d->rcpt_count; i++) {
		const struct smtp_rcpt *r = &d->rcpts[i];
		bool high = false;

		if (r->status != SMTP_RCPT_PENDING)
			continue;
		nobody = false;
		*row = i;
		if (!can_say(r->address, r->parameters, &high) ||
		    r->address[0] == '\0')
			return SMTP_E_ARGUMENT;
		if (high && !(offers & SMTP_OFFER_SMTPUTF8))
			return SMTP_E_UNSUPPORTED;
	}
	*row = SMTP_NO_RCPT;
	if (nobody)
		return SMTP_E_ARGUMENT;
#if !SMTP_WITH_SMTPUTF8
	offers &= ~(unsigned)SMTP_OFFER_SMTPUTF8;
#endif
#if !SMTP_WITH_8BITMIME
	offers &= ~(unsigned)SMTP_OFFER_8BITMIME;
#endif
	if ((utf8 && !(offers & SMTP_OFFER_SMTPUTF8)) ||
	    (d->flags & SMTP_DELIVERY_8BIT &&
	    !(offers & SMTP_OFFER_8BITMIME)) ||
	    (d->flags & SMTP_DELIVERY_ALL &&
	    (!SMTP_WITH_REQUIRE_ALL || e->setup->lmtp)))
		return SMTP_E_UNSUPPORTED;
#if SMTP_WITH_SIZE
	if (d->flags & SMTP_DELIVERY_SIZE && e->caps.size > 0 &&
	    d->size > e->caps.size)
		return SMTP_E_REFUSED;
#endif
	return SMTP_OK;
}

/* Addresses above ASCII make it a message for SMTPUTF8 (RFC 6531). */
static bool
is_high(const struct smtp_delivery *d)
{
	bool high = false;
	size_t i;

	smtp__command_path(d->from, &high);
	for (i = 0; i < d->rcpt_count; i++)
		if (d->rcpts[i].status == SMTP_RCPT_PENDING)
			smtp__command_path(d->rcpts[i].address, &high);
	return high;
}

int
smtp_engine_send(struct smtp_engine *e, struct smtp_delivery *d)
{
	struct smtp_delivery **end;
	size_t row;
	int status;

	if ((e->say != READY && e->heard == NULL) || !e->open ||
	    (!SMTP_WITH_REUSE && e->dirty))
		return SMTP_E_STATE;
	status = check(e, d, &row);
	if (status != SMTP_OK)
		return turn_down(d, row, status);
	if (is_high(d))
		d->flags |= SMTP_DELIVERY_UTF8;
	d->next = NULL;
	d->status = SMTP_RCPT_PENDING;
	d->cause = SMTP_OK;
	d->phase = SMTP_PHASE_MAIL;
	for (end = &e->first; *end != NULL; end = &(*end)->next)
		;
	*end = d;
	if (e->heard == NULL)
		e->heard = d;
	if (e->say == READY) {
		e->say = (uint8_t)smtp__dialogue_next(e);
		e->offset = 0;
	} else {
		smtp__dialogue_ahead(e);
	}
	return SMTP_OK;
}

struct smtp_delivery *
smtp_engine_result(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->first;

	if (!is_decided(d))
		return NULL;
	e->first = d->next;
	d->next = NULL;
	return d;
}

static int
start(struct smtp_engine *e, enum step step)
{
	if (e->say != READY)
		return SMTP_E_STATE;
	e->said = NULL;
	e->say = (uint8_t)step;
	e->status = SMTP_OK;
	return SMTP_OK;
}

int
smtp_engine_quit(struct smtp_engine *e)
{
	return start(e, QUIT);
}

#if SMTP_WITH_REUSE
int
smtp_engine_command(struct smtp_engine *e, const char *line)
{
	if (!smtp__command_line(line) ||
	    strlen(line) + 2 > SMTP__COMMAND_MAX)
		return SMTP_E_ARGUMENT;
	if (e->say == READY)
		e->given.line = line;
	return start(e, COMMAND);
}

int
smtp_engine_noop(struct smtp_engine *e)
{
	return smtp_engine_command(e, "NOOP");
}

int
smtp_engine_reset(struct smtp_engine *e)
{
	return start(e, RSET);
}
#endif

/*
 * What there is to know.
 */

uint32_t
smtp_engine_due_ms(struct smtp_engine *e, uint32_t now_ms)
{
	static const uint16_t standard[SMTP_WAIT_COUNT] = {
		120, 120, 300, 120, 180, 600, 2
	};
	const uint16_t *wait_s = e->setup->wait_s != NULL ?
	    e->setup->wait_s : standard;
	unsigned wait = e->say == BODY ? SMTP_WAIT_BLOCK :
	    smtp__dialogue[e->hear].wait;

	if (e->restart) {
		e->restart = 0;
		e->due_ms = now_ms + wait_s[wait] * UINT32_C(1000);
	}
	return e->due_ms;
}

int
smtp_engine_status(const struct smtp_engine *e)
{
	return e->status;
}

int
smtp_engine_phase(const struct smtp_engine *e)
{
	if (e->say == BODY)
		return SMTP_PHASE_CONTENT;
	return smtp__dialogue[e->say == HOLD ? e->hear : e->say].phase;
}

unsigned
smtp_engine_offers(const struct smtp_engine *e)
{
	return e->caps.offers;
}

uint64_t
smtp_engine_size_limit(const struct smtp_engine *e)
{
#if SMTP_WITH_SIZE
	return e->caps.size;
#else
	(void)e;
	return 0;
#endif
}
