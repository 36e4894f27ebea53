/* SPDX-License-Identifier: MIT */
/*
 * What holds of an engine between two calls, for the harnesses of
 * proto_engine.c, proto_hear.c and proto_say.c.
 *
 * world() is any engine of which it holds, with all that is lent to it;
 * sound() says whether it does. smtp_engine_init() makes it so, and each call
 * keeps it: then it holds whatever a server, a program and the cuts between
 * them do.
 */
#ifndef SMTP__PROOF_ENGINE_H
#define SMTP__PROOF_ENGINE_H

#include "proof.h"

#include "proto/state.h"

/*
 * All that is lent, each an object of its own. Three deliveries, what was
 * decided before them and what is given now; a row that is not addressed is as
 * good as none.
 */
#define ROWS 2
#define PIECE 3
static struct smtp_engine engine;
static struct smtp_engine_setup setup;
static struct smtp_delivery before, one, two, three, fresh;
static struct smtp_rcpt rows_one[ROWS], rows_two[ROWS], rows_three[ROWS],
    rows_fresh[ROWS];
static struct smtp_credentials credentials;
static uint16_t waits[SMTP_WAIT_COUNT];
static char text[4];
static char line[2];             /* of addresses, parameters, commands    */
static char piece[PIECE];        /* of content, or a response             */

#define PIPELINES(e) smtp__has((e), SMTP_OFFER_PIPELINING)

static bool
is_exact_piece(const struct smtp_delivery *d)
{
	return (d->flags & (SMTP_DELIVERY_EXACT | SMTP_DELIVERY_BINARY)) != 0;
}

/* Rows from `from` up to `to` with this status. */
static size_t
rows(const struct smtp_delivery *d, size_t from, size_t to, int status)
{
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++)
		n += i >= from && i < to && d->rcpts[i].status == status;
	return n;
}

/* Its place, ROWS for none. */
static size_t
place(const struct smtp_delivery *d, const struct smtp_rcpt *row)
{
	return row == NULL ? ROWS : row == d->rcpts ? 0 : 1;
}

#define SAID_ROW(e) place((e)->said, (e)->said_rcpt)
#define HEARD_ROW(e) place((e)->heard, (e)->heard_rcpt)
#define PENDING(d) rows((d), 0, ROWS, SMTP_RCPT_PENDING)
#define IS_PENDING(d, i) ((i) < ROWS && \
    rows((d), (i), (i) + 1, SMTP_RCPT_PENDING) == 1)
#define TAKEN(d) rows((d), 0, ROWS, SMTP_RCPT_TAKEN)

static bool
has_verdicts(const struct smtp_engine *e)
{
	return e->hear == BODY && !e->setup->lmtp &&
	    e->heard_rcpt != NULL;
}

/* The first from `from` on that is pending, or none where none is. */
#define IS_NEXT(d, from, i) ((i) >= (from) && \
    rows((d), (from), (i), SMTP_RCPT_PENDING) == 0 && \
    ((i) == ROWS || IS_PENDING((d), (i))))

/* Replies that are owed to the content of the delivery that is heard. */
static size_t
verdicts(const struct smtp_engine *e)
{
	if (e->setup->lmtp)
		return TAKEN(e->heard);
	return 1 + (has_verdicts(e) ? rows(e->heard, HEARD_ROW(e), ROWS,
	    SMTP_RCPT_TAKEN) : 0);
}

/* Replies to what stands behind the recipients and was said. */
static size_t
behind_rcpts(const struct smtp_engine *e)
{
	const struct smtp_delivery *d = e->heard;
	bool done = d != e->said || d->phase == SMTP_PHASE_FINAL;

	return e->chunks + (done ? verdicts(e) :
	    d->phase == SMTP_PHASE_DATA);
}

/* The one between the cursors, which was said whole, or NULL. */
static const struct smtp_delivery *
between(const struct smtp_engine *e)
{
	return e->said == e->heard || e->said == e->heard->next ? NULL :
	    e->heard->next;
}

/* Replies owed to what was said behind the delivery that is heard. */
static size_t
ahead(const struct smtp_engine *e)
{
	const struct smtp_delivery *d = e->said;
	size_t n = between(e) == NULL ? 0 : 3 + PENDING(between(e));

	switch (e->say) {
	case RSET:
		return n;
	case MAIL:
		return n + 1;
	case RCPT:
		return n + 2 + rows(d, 0, SAID_ROW(e), SMTP_RCPT_PENDING);
	default:
		return n + 2 + PENDING(d) + (e->say == HOLD &&
		    d->phase >= SMTP_PHASE_DATA);
	}
}

/* The replies that are owed, counted from where the cursors stand. */
static size_t
count_owed(const struct smtp_engine *e)
{
	const struct smtp_delivery *d = e->heard;
	size_t n = d == e->said ? 0 : ahead(e);
	size_t to = d == e->said && e->say == RCPT ? SAID_ROW(e) : ROWS;
	bool named = d != e->said || (e->say != RSET && e->say != MAIL);

	switch (e->hear) {
	case RSET:
		return n + 1 + (named ? 1 + rows(d, 0, to,
		    SMTP_RCPT_PENDING) + behind_rcpts(e) : 0);
	case MAIL:
		return n + 1 + rows(d, 0, to, SMTP_RCPT_PENDING) +
		    behind_rcpts(e);
	case RCPT:
		return n + rows(d, HEARD_ROW(e), to, SMTP_RCPT_PENDING) +
		    behind_rcpts(e);
	default:
		return n + behind_rcpts(e);
	}
}

#define IS(x) do { if (!(x)) return false; } while (0)

/* The words of EHLO are read, or will be again. */
#define IS_READING(e) ((e)->say == HOLD ? (e)->hear <= STARTTLS : \
    (e)->say <= STARTTLS || (e)->say == HANDSHAKE)

/* Nothing is heard for a delivery: greetings, AUTH, commands. */
static bool
in_session(const struct smtp_engine *e)
{
	const struct smtp__mech *m;
	bool reading = IS_READING(e);
	bool auth = e->say == HOLD ? e->hear == AUTH || e->hear == ANSWER :
	    e->say == AUTH || e->say == ANSWER || e->say == RESPONSE;

	IS(e->said == NULL && e->refused == SMTP_OK && e->chunks == 0);
	if (e->say == HOLD)
		IS(e->owed == 1 && (e->hear <= RSET || e->hear == COMMAND ||
		    e->hear == QUIT));
	else
		IS(e->owed == 0 && e->say != OVER && (e->say <= RSET ||
		    e->say == COMMAND || e->say == QUIT || e->say > HOLD));
	IS(e->say != GREETING);
	if (reading)
		IS(e->ehlo.n < sizeof e->ehlo.word);
	if (!auth)
		return true;
	IS(e->mech != SMTP__MECH_NONE);
	if (e->mech == SMTP__MECH_STEPPED) {
		IS(e->given.credentials->mechanism != NULL);
		IS(e->reply.text != NULL && e->round <= 1);
		if (e->say == ANSWER)
			IS(e->cancel || e->stuff.in != NULL);
		if (e->say == AUTH)
			IS(!e->initial || e->stuff.in != NULL);
		return e->stuff.in_n <= PIECE || e->stuff.in == NULL ||
		    e->say == RESPONSE;
	}
	m = &smtp__mechs[e->mech];
	IS(e->say != RESPONSE && e->round <= m->responses +
	    (e->cancel && e->say == HOLD));
	if (e->say == ANSWER)
		IS(e->cancel || e->round < m->responses);
	if (e->say == AUTH)
		IS(e->round == 0);
	return true;
}

/* Deliveries are under way. */
static bool
in_transaction(const struct smtp_engine *e)
{
	const struct smtp_delivery *h = e->heard, *s = e->said, *b;
	bool chunks, mailed = e->say > MAIL && (e->say != HOLD ||
	    PIPELINES(e) || e->hear != RSET);

	IS(s != NULL && (s == h || s == h->next || (h->next != NULL &&
	    s == h->next->next)));
	b = between(e);
	if (b != NULL)
		IS(b->status > 0 && b->phase == SMTP_PHASE_FINAL &&
		    PENDING(b) > 0 && TAKEN(b) == 0 && smtp__in_chunks(e, b) &&
		    !e->setup->lmtp);
	chunks = smtp__in_chunks(e, s);
	IS((e->say >= RSET && e->say <= BODY) || e->say == HOLD);
	IS(e->say != HOLD || e->owed > 0);
	IS(h->status > 0 && s->status > 0);
	/* Nothing was heard for it yet. */
	if (e->say == RSET || e->say == MAIL || s != h)
		IS(PENDING(s) > 0 && TAKEN(s) == 0);
	if (e->owed > 0 && e->hear <= MAIL)
		IS(PENDING(h) > 0 && TAKEN(h) == 0);
	if (e->say == RCPT)
		IS(IS_PENDING(s, SAID_ROW(e)));
	if (e->say == DATA)
		IS(!chunks);
	if (e->say >= CHUNK && e->say <= BODY)
		IS(e->say == BODY ? chunks == (e->chunk > 0) : chunks);
	if (e->say <= MAIL)
		IS(s->phase == SMTP_PHASE_MAIL);
	if (e->say == RCPT)
		IS(s->phase == SMTP_PHASE_MAIL || s->phase == SMTP_PHASE_RCPT);
	if (e->say == DATA)
		IS(s->phase == SMTP_PHASE_RCPT);
	if (e->say == CHUNK)
		IS(s->phase == SMTP_PHASE_RCPT ||
		    s->phase == SMTP_PHASE_CONTENT);
	/* With LMTP somebody is left, and all is heard before. */
	if (e->say >= CHUNK && e->say <= BODY && e->setup->lmtp)
		IS(e->owed == 0 && TAKEN(s) > 0);
	/* Behind recipients only the last chunk is said. */
	if (e->owed > 0 && !(s == h && e->hear == CHUNK)) {
		IS(e->say != CHUNK || s->phase == SMTP_PHASE_RCPT);
		IS((e->say != BODY && (e->say != CHUNK || !e->piece)) ||
		    e->stuff.end);
	}
	if (e->say == BODY)
		IS(s->phase == SMTP_PHASE_CONTENT);
	if (s->phase == SMTP_PHASE_DATA)
		IS(!chunks && e->say == HOLD);
	/* Content that failed in chunks was the last that could be said. */
	if (mailed && (e->say != HOLD || !chunks ||
	    (!PIPELINES(e) && e->hear <= RCPT)))
		IS(e->given_up == SMTP_OK);
	/* What was promised of a piece is there. */
	if (mailed && !chunks)
		IS(e->chunk == 0);
	else if (mailed && e->piece && is_exact_piece(s))
		IS(e->chunk == e->stuff.in_n);
	if (e->say == BODY && chunks)
		IS(e->piece);
	if (e->say == BODY || (e->say == CHUNK && e->piece))
		IS(e->stuff.in_n <= PIECE);
	if (e->say == BODY && !chunks)
		IS(e->owed == 0);

	if (s != h) {
		IS(PIPELINES(e) && h->phase == SMTP_PHASE_FINAL);
		IS(s->phase < SMTP_PHASE_CONTENT || (chunks &&
		    !e->setup->lmtp));
		IS(s->phase != SMTP_PHASE_CONTENT || e->say == BODY);
		IS(e->owed > 0);
	}
	if (e->owed == 0) {
		IS(e->chunks == 0 && h->phase < SMTP_PHASE_FINAL);
		if (e->say == RCPT)
			IS(e->heard_rcpt == e->said_rcpt && rows(h, 0,
			    SAID_ROW(e), SMTP_RCPT_PENDING) == 0);
		if (e->say > RCPT)
			IS(e->heard_rcpt == NULL && PENDING(h) == 0);
		return true;
	}
	IS(e->hear >= RSET && e->hear <= BODY);
	IS(e->chunks == 0 || e->hear == CHUNK);
	IS(e->hear != CHUNK || (e->chunks > 0 && smtp__in_chunks(e, h) &&
	    h->phase >= SMTP_PHASE_CONTENT));
	/* What is heard was said before. */
	if (s == h && e->say != HOLD)
		IS(e->say > MAIL ? e->hear <= RCPT || (e->hear == CHUNK &&
		    e->say >= CHUNK) : e->say == MAIL && e->hear == RSET);
	if (e->hear > RCPT)
		IS(PENDING(h) == 0);
	if (has_verdicts(e))
		IS(e->verdicts);
	if (e->hear > RCPT)
		IS(e->heard_rcpt == NULL || (has_verdicts(e) &&
		    rows(h, HEARD_ROW(e), HEARD_ROW(e) + 1,
		    SMTP_RCPT_TAKEN) == 1));
	if (e->hear == RCPT)
		IS(IS_PENDING(h, HEARD_ROW(e)) && rows(h, 0,
		    HEARD_ROW(e), SMTP_RCPT_PENDING) == 0 && (h != s ||
		    e->say != RCPT || HEARD_ROW(e) < SAID_ROW(e)));
	if (h == s && h->phase < SMTP_PHASE_FINAL)
		IS(e->hear < BODY);
	if (h->phase == SMTP_PHASE_FINAL) {
		IS(smtp__in_chunks(e, h) || e->hear == BODY);
		IS(!e->setup->lmtp || e->hear == BODY);
		IS(verdicts(e) > 0);
	}
	if (e->hear == DATA)
		IS(h == s && e->say == HOLD && h->phase == SMTP_PHASE_DATA &&
		    !chunks);
	if (e->say == HOLD && s == h && s->phase == SMTP_PHASE_CONTENT)
		IS(e->hear == CHUNK);
	if (!PIPELINES(e)) {
		IS(s == h && e->say == HOLD);
		IS(e->chunks == (e->hear == CHUNK));
		/* The row that is said next is that behind the one heard. */
		if (e->hear == MAIL)
			IS(IS_NEXT(s, 0, SAID_ROW(e)) && e->said_rcpt != NULL);
		if (e->hear == RCPT)
			IS(IS_NEXT(s, HEARD_ROW(e) + 1, SAID_ROW(e)));
		IS(s->phase == (e->hear <= MAIL ? SMTP_PHASE_MAIL :
		    e->hear == CHUNK ? SMTP_PHASE_CONTENT :
		    smtp__phase_of(e->hear)));
		return e->owed == (e->hear == BODY ? verdicts(e) : 1);
	}
	IS(e->say != HOLD || s->phase >= SMTP_PHASE_RCPT);
	return e->owed == count_owed(e);
}

/* All of it. */
static bool
sound(void)
{
	const struct smtp_engine *e = &engine;

	IS(e->setup == &setup);
	IS(e->say <= OVER && e->hear < STEPS);
	IS(e->reply.text == setup.text &&
	    e->reply.text_n <= e->reply.text_room);
	IS(e->reply.text_room <= (setup.text == NULL ? 0 : setup.text_n));
	IS(e->mech == SMTP__MECH_NONE || e->mech == SMTP__MECH_STEPPED ||
	    e->mech < 2);
	IS(e->refused <= 0 && e->given_up <= 0);
	if (e->say == OVER)
		return e->heard == NULL && e->said == NULL;
	/* Only a line can be half said. */
	IS(e->offset == 0 || (e->say < STEPS && e->say != BODY &&
	    !smtp__lacks_piece(e)));
	return e->heard == NULL ? in_session(e) : in_transaction(e);
}

/* What smtp__dialogue_say() needs for the line of a step. */
static bool
can_say(const struct smtp_engine *e, enum step step)
{
	IS(step < STEPS && smtp__dialogue[step].line != NULL);
	IS(e->setup == &setup && __CPROVER_r_ok(setup.ehlo, 1));
	if (step == MAIL)
		IS(e->said != NULL && __CPROVER_r_ok(e->said->from, 1));
	if (step == RCPT)
		IS(e->said_rcpt != NULL &&
		    __CPROVER_r_ok(e->said_rcpt->address, 1));
	if (step == COMMAND)
		IS(__CPROVER_r_ok(e->given.line, 1));
	if (step != AUTH && step != ANSWER)
		return true;
	IS(e->given.credentials == &credentials);
	if (e->mech != SMTP__MECH_STEPPED)
		return e->mech < 2 && (step == AUTH ? e->round == 0 :
		    e->cancel || e->round < smtp__mechs[e->mech].responses);
	IS(step != AUTH || credentials.mechanism != NULL);
	return (step == AUTH ? !e->initial : e->cancel) ||
	    e->stuff.in_n == 0 || __CPROVER_r_ok(e->stuff.in, e->stuff.in_n);
}

/* In the order in which they were given, the decided ones first. */
static bool
list_is_sound(void)
{
	const struct smtp_delivery *d = engine.first;
	bool decided = true;

	for (size_t i = 0; i < 4 && d != NULL; i++, d = d->next) {
		if (d == engine.heard)
			decided = false;
		IS((d->status > 0) == !decided);
	}
	return d == NULL && (engine.heard == NULL || !decided);
}

/*
 * Where the cursors are: at no delivery, at one, at two of them, and with one
 * between these.
 */
enum shape { SESSION, TOGETHER, AHEAD, FAR };

/* For a step, or a row: any. What CBMC knows is quicker. */
#define ANY -1

static const char *
any_name(void)
{
	return any_bool() ? line : line + 1;
}

struct smtp_engine nondet_engine(void);
struct smtp_engine_setup nondet_setup(void);
struct smtp_credentials nondet_credentials(void);
struct smtp_delivery nondet_delivery(void);
struct smtp_rcpt nondet_rcpt(void);

static void
any_delivery(struct smtp_delivery *d, struct smtp_rcpt *r, bool begun)
{
	*d = nondet_delivery();
	d->next = NULL;
	d->from = any_name();
	d->parameters = any_bool() ? any_name() : NULL;
	d->rcpts = r;
	d->rcpt_count = ROWS;
	ASSUME(d->phase <= SMTP_PHASE_FINAL);
	for (size_t i = 0; i < ROWS; i++) {
		r[i] = nondet_rcpt();
		r[i].address = any_name();
		r[i].parameters = any_bool() ? any_name() : NULL;
		ASSUME(r[i].status <= SMTP_RCPT_TAKEN);
	}
	if (!begun)
		ASSUME(d->status > 0 && d->phase == SMTP_PHASE_MAIL &&
		    PENDING(d) > 0 && TAKEN(d) == 0);
}

static struct smtp_rcpt *
any_row(const struct smtp_delivery *d, int at)
{
	struct smtp_rcpt *rows = d == &one ? rows_one : d == &two ? rows_two :
	    rows_three;

	if (at == ANY)
		return any_bool() ? NULL : any_bool() ? rows : rows + 1;
	return at < ROWS ? rows + at : NULL;
}

/* An engine of this shape at these steps and rows. */
static struct smtp_engine *
world(enum shape shape, int say, int hear, int said_rcpt, int heard_rcpt)
{
	struct smtp_engine *e = &engine;
	bool reading;

	line[0] = any_char();
	line[1] = '\0';
	before.status = (int8_t)-(int)up_to(20);
	credentials = nondet_credentials();
	credentials.mechanism = any_bool() ? any_name() : NULL;
	setup = nondet_setup();
	setup.ehlo = any_name();
	setup.text_n = up_to(sizeof text);
	setup.text = any_bool() ? text : NULL;
	setup.wait_s = any_bool() ? waits : NULL;
	setup.lmtp = any_bool();

	*e = nondet_engine();
	if (say != ANY)
		e->say = (uint8_t)say;
	if (hear != ANY)
		e->hear = (uint8_t)hear;
	e->setup = &setup;
	e->reply.text = setup.text;
	/* A bool has no other values. */
	e->restart = any_bool();
	e->secure = any_bool();
	e->authenticated = any_bool();
	e->initial = any_bool();
	e->cancel = any_bool();
	e->satisfied = any_bool();
	e->dirty = any_bool();
	e->lone_dot = any_bool();
	e->piece = any_bool();
	e->no_more = any_bool();
	e->verdicts = any_bool();
	if (e->say == COMMAND)
		e->given.line = any_name();
	else
		e->given.credentials = &credentials;
	e->first = e->heard = e->said = NULL;
	reading = shape == SESSION && IS_READING(e);
	if (!reading) {
		e->stuff.end = any_bool();
		e->stuff.ended = any_bool();
		/* A piece, or what is left of it. */
		e->stuff.in_n = up_to(PIECE);
		e->stuff.in = piece + PIECE - e->stuff.in_n;
	}
	if (shape != SESSION) {
		any_delivery(&one, rows_one, true);
		any_delivery(&two, rows_two, shape >= AHEAD);
		any_delivery(&three, rows_three, shape == FAR);
		if (shape >= AHEAD || any_bool())
			one.next = &two;
		if (shape == FAR || (shape == AHEAD && any_bool()))
			two.next = &three;
		e->first = e->heard = &one;
		e->said = shape == FAR ? &three : shape == AHEAD ? &two : &one;
		e->said_rcpt = any_row(e->said, said_rcpt);
		e->heard_rcpt = any_row(e->heard, heard_rcpt);
	} else if (!reading && any_bool()) {
		e->stuff.in = NULL;
	}
	if (any_bool()) {
		before.next = e->first;
		e->first = &before;
	}
	ASSUME(sound());
	return e;
}

/* At any time. */
#define ALWAYS(e) \
	for (unsigned shape = SESSION, it = any_unsigned(); shape <= FAR; \
	    shape++) \
		if (it == shape) \
			for (struct smtp_engine *e = world(shape, ANY, ANY, \
			    ANY, ANY); e != NULL; e = NULL)

#endif
