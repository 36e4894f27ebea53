/* SPDX-License-Identifier: MIT */
/*
 * The engine: one call in any state that world() tells. What other files do
 * is taken by its contract; they have harnesses of their own.
 *
 * Sources: lib/proto/dialogue.c
 */
#include "proof.h"

#include "codec/base64.h"
#include "proto/engine.c"

/* What is lent to an engine: two deliveries with up to two recipients. */
struct world {
	struct smtp_engine e;
	struct smtp_engine_setup setup;
	struct smtp_delivery d[2];
	struct smtp_rcpt r[2][2];
	struct smtp_credentials c;
	uint16_t waits[SMTP_WAIT_COUNT];
};

/*
 * By contract.
 */

bool
smtp__command_line(const char *p, bool spaces)
{
	(void)spaces;
	HOLDS(__CPROVER_r_ok(p, 1));
	return any_bool();
}

bool
smtp__command_wide_line(const char *p)
{
	return smtp__command_line(p, true);
}

bool
smtp__command_parameters(const char *p, bool *utf8)
{
	*utf8 = *utf8 || any_bool();
	return smtp__command_line(p, true);
}

size_t
smtp__command_path(const char *p, bool *utf8)
{
	return smtp__command_parameters(p, utf8) ? up_to(600) :
	    SMTP__COMMAND_NOT;
}

void
smtp__line_begin(struct smtp__line *l, char *p, size_t room, size_t skip)
{
	l->p = p;
	l->room = room;
	l->skip = skip;
	l->n = 0;
}

void
smtp__line_octet(struct smtp__line *l, char c)
{
	(void)c;
	l->n++;
}

void
smtp__line_text(struct smtp__line *l, const char *text)
{
	HOLDS(__CPROVER_r_ok(text, 1));
	smtp__line_octet(l, *text);
}

void
smtp__line_number(struct smtp__line *l, SMTP_OCTETS number)
{
	(void)number;
	smtp__line_octet(l, '0');
}

void
smtp__line_base64_begin(struct smtp__line *l)
{
	l->base64 = 1;
}

void
smtp__line_base64_end(struct smtp__line *l)
{
	l->base64 = 0;
}

void
smtp__stuff_begin(struct smtp__stuff *s, bool eightbit)
{
	memset(s, 0, sizeof(*s));
	s->eightbit = eightbit;
}

void
smtp__stuff_begin_plain(struct smtp__stuff *s, bool eightbit)
{
	smtp__stuff_begin(s, eightbit);
	s->plain = 1;
}

bool
smtp__stuff_ended(const struct smtp__stuff *s)
{
	return s->ended && s->in_n == 0;
}

size_t
smtp__stuff_count(struct smtp__stuff *s)
{
	s->bad = any_bool();
	return up_to(70000);
}

size_t
smtp__stuff(struct smtp__stuff *s, char *out, size_t room)
{
	size_t used = up_to(s->in_n);

	HOLDS(room > 0 && __CPROVER_w_ok(out, room));
	s->in += used;
	s->in_n -= used;
	s->ended = s->end && any_bool();
	s->bad = any_bool();
	return up_to(room);
}

enum smtp__reply_event
smtp__reply_octet(struct smtp__reply *r, unsigned char c)
{
	int event = any_int();

	(void)c;
	ASSUME(event >= SMTP__REPLY_MORE && event <= SMTP__REPLY_BAD);
	r->text_n = (uint16_t)up_to(r->text_room);
	r->later = any_uchar();
	r->code = any_u16();
	r->klass = any_uchar();
	ASSUME(r->klass >= '2' && r->klass <= '5');
	ASSUME(r->code / 100 == r->klass - '0');
	r->last = event == SMTP__REPLY_DONE;
	r->column = r->last ? 0 : 1;
	return event;
}

void
smtp__caps_octet(struct smtp__caps *caps, struct smtp__caps_reader *r, char c)
{
	(void)c;
	caps->offers = any_u16();
	r->n = any_uchar();
}

void
smtp__caps_settle(struct smtp__caps *caps)
{
	caps->offers = any_u16();
}

bool
smtp__base64_check(const char *p, size_t n)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	return any_bool();
}

/* Of what was checked. */
ptrdiff_t
smtp__base64_decode(const char *in, size_t n, void *out, size_t cap)
{
	HOLDS(n == 0 || (__CPROVER_r_ok(in, n) && __CPROVER_w_ok(out, cap)));
	return (ptrdiff_t)up_to(cap);
}

bool
smtp__mech_digest(const struct smtp_credentials *c, char *challenge, size_t n,
    size_t room)
{
	(void)c;
	HOLDS(n <= room && (n == 0 || __CPROVER_rw_ok(challenge, n)));
	return any_bool();
}

const struct smtp__mech smtp__mechs[SMTP__MECHS] = {
	{ "a", SMTP__MECH_PASSWORD, 1, 2, 3 },
	{ "a", SMTP__MECH_PASSWORD | SMTP__MECH_MEMORY, 0, 1, 1 }
};

const char *
smtp__mech_name(unsigned place)
{
	HOLDS(place < SMTP__MECHS);
	return "X";
}

const char *
smtp__mech_response(const struct smtp__mech *mech, unsigned round)
{
	HOLDS(__CPROVER_r_ok(mech, sizeof(*mech)));
	(void)round;
	return "a";
}

uint8_t
smtp__mech_choose(const struct smtp_credentials *c, unsigned offered,
    unsigned has)
{
	(void)offered, (void)has;
	HOLDS(__CPROVER_r_ok(c, sizeof(*c)));
	return any_bool() ? SMTP__MECH_NONE : (uint8_t)up_to(1);
}

void
smtp__mech_say(struct smtp__line *line, char octet,
    const struct smtp_credentials *c, const char *challenge)
{
	(void)c, (void)challenge;
	smtp__line_octet(line, octet);
}

unsigned
smtp__mech_bit(const char *name)
{
	HOLDS(__CPROVER_r_ok(name, 1));
	return any_uchar();
}

bool
smtp__mech_is_name(const char *name)
{
	return name != NULL && any_bool();
}

bool
smtp__mech_check(const struct smtp_credentials *c)
{
	HOLDS(__CPROVER_r_ok(c, sizeof(*c)));
	return any_bool();
}

/*
 * States.
 */

static const char *
any_name(void)
{
	return any_string(2);
}

static struct world *
world(void)
{
	struct world *w = any_octets(sizeof(*w));
	struct smtp_engine *e = &w->e;
	size_t first = up_to(2), heard = up_to(2), said = up_to(2);

	for (int i = 0; i < 2; i++) {
		w->d[i].next = i == 0 && any_bool() ? &w->d[1] : NULL;
		w->d[i].from = any_name();
		w->d[i].parameters = any_bool() ? any_name() : NULL;
		w->d[i].rcpts = w->r[i];
		w->d[i].rcpt_count = 1 + up_to(1);
		ASSUME(w->d[i].phase <= SMTP_PHASE_FINAL);
		for (int k = 0; k < 2; k++) {
			w->r[i][k].address = any_name();
			w->r[i][k].parameters = NULL;
		}
	}
	w->c.mechanism = any_bool() ? any_name() : NULL;
	w->setup.ehlo = any_name();
	w->setup.text_n = up_to(4);
	w->setup.text = any_bool() ? any_octets(w->setup.text_n) : NULL;
	w->setup.wait_s = any_bool() ? w->waits : NULL;
	w->setup.lmtp = any_bool();

	e->setup = &w->setup;
	e->reply.text = w->setup.text;
	e->reply.text_room = w->setup.text == NULL ? 0 :
	    (uint16_t)w->setup.text_n;
	ASSUME(e->reply.text_n <= e->reply.text_room);
	ASSUME(e->reply.klass >= '2' && e->reply.klass <= '5');
	ASSUME(e->say <= OVER && e->hear < STEPS);
	e->secure = any_bool();
	e->authenticated = any_bool();
	e->restart = any_bool();
	e->initial = any_bool();
	e->cancel = any_bool();
	e->satisfied = any_bool();
	e->dirty = any_bool();
	e->lone_dot = any_bool();
	e->piece = any_bool();
	e->no_more = any_bool();
	e->verdicts = any_bool();
	e->stuff.end = any_bool();
	e->stuff.ended = any_bool();
	e->mech = any_bool() ? SMTP__MECH_NONE : any_bool() ?
	    SMTP__MECH_STEPPED : (uint8_t)up_to(1);
	ASSUME(e->mech != SMTP__MECH_STEPPED || (w->setup.text != NULL &&
	    w->c.mechanism != NULL));
	if (e->say == COMMAND)
		e->given.line = any_name();
	else
		e->given.credentials = &w->c;
	/* In the order in which they were given. */
	ASSUME(said >= heard && first <= heard);
	ASSUME(w->d[0].next != NULL || (first != 1 && heard != 1 &&
	    said != 1));
	e->first = first == 2 ? NULL : &w->d[first];
	e->heard = heard == 2 ? NULL : &w->d[heard];
	e->said = said == 2 ? NULL : &w->d[said];
	ASSUME(e->owed < 1000 && e->chunks <= e->owed);
	return w;
}

#define IS_ENVELOPE(step) ((step) >= MAIL && (step) <= BODY)

/* What a state of the dialogue has, too. */
static void
in_dialogue(struct smtp_engine *e)
{
	ASSUME((e->said == NULL) == (e->heard == NULL));
	ASSUME(!IS_ENVELOPE(e->say) || e->said != NULL);
	ASSUME(!IS_ENVELOPE(e->hear) || e->owed == 0 || e->heard != NULL);
	ASSUME(e->refused == SMTP_OK || e->heard != NULL);
	e->said_rcpt = e->said == NULL || any_bool() ? NULL :
	    e->said->rcpts + up_to(e->said->rcpt_count - 1);
	e->heard_rcpt = e->heard == NULL || any_bool() ? NULL :
	    e->heard->rcpts + up_to(e->heard->rcpt_count - 1);
	ASSUME(e->say != RCPT || e->said_rcpt != NULL);
	ASSUME(e->hear != RCPT || e->owed == 0 || e->heard_rcpt != NULL);
	ASSUME(e->hear != CHUNK || e->owed == 0 || e->chunks > 0);
	if (e->say == BODY || e->say == CHUNK || e->say == ANSWER ||
	    e->say == AUTH || e->say == RESPONSE) {
		e->stuff.in_n = up_to(3);
		e->stuff.in = any_octets(e->stuff.in_n);
		ASSUME(e->chunk <= 3 && (e->chunk == 0 ||
		    e->chunk == e->stuff.in_n));
	}
	ASSUME((e->say != ANSWER && e->say != AUTH && e->say != RESPONSE) ||
	    e->mech != SMTP__MECH_NONE);
	ASSUME((e->hear != ANSWER && e->hear != AUTH) || e->owed == 0 ||
	    e->mech != SMTP__MECH_NONE);
}

struct smtp_rcpt *
smtp__rows_find(const struct smtp_delivery *d, struct smtp_rcpt *row,
    int status)
{
	size_t i = up_to(d->rcpt_count - 1);

	(void)status;
	return any_bool() || row > d->rcpts + i ? NULL : d->rcpts + i;
}

bool
smtp__rows_have(const struct smtp_delivery *d, int status)
{
	return smtp__rows_find(d, d->rcpts, status) != NULL;
}

void
smtp__row_set(struct smtp_rcpt *row, int to, const struct smtp__reply *reply)
{
	HOLDS(reply == NULL || __CPROVER_r_ok(reply, sizeof(*reply)));
	row->status = (int8_t)to;
}

void
smtp__rows_set(struct smtp_delivery *d, int to, const struct smtp__reply *reply)
{
	smtp__row_set(d->rcpts, to, reply);
}

void
smtp__rows_refuse(struct smtp_delivery *d, int status)
{
	smtp__rows_set(d, status, NULL);
}

void
smtp__rows_conclude(struct smtp_delivery *d)
{
	d->status = (int8_t)-(int)up_to(20);
	d->row = up_to(d->rcpt_count - 1);
}

/*
 * It begins in memory of any size and place, and in no other.
 *
 * Proves: smtp_engine_init smtp_engine_bytes
 * Bounds: none
 * Unwind: 3
 */
void
proof_init(void)
{
	struct smtp_engine_setup setup;
	struct smtp_engine *e;
	size_t n = up_to(SMTP_ENGINE_BYTES);
	void *memory = any_bool() ? any_octets(n) : NULL;
	int status;

	setup.ehlo = any_bool() ? any_string(2) : NULL;
	setup.text = any_bool() ? any_octets(4) : NULL;
	status = smtp_engine_init(&e, memory, n, &setup);
	HOLDS((status == SMTP_OK) == (e != NULL));
	HOLDS(status == SMTP_OK || status == SMTP_E_SPACE ||
	    status == SMTP_E_ARGUMENT);
	if (status == SMTP_OK)
		HOLDS(smtp_engine_want(e) == SMTP_ENGINE_READ);
	REACHES(status == SMTP_OK);
	REACHES(status == SMTP_E_SPACE && smtp_engine_bytes() <= n);
}

/*
 * What can be asked, at any time.
 *
 * Proves: smtp_engine_want smtp_engine_due_ms smtp_engine_status
 *   smtp_engine_phase phase_of smtp_engine_offers smtp_engine_size_limit
 *   smtp_engine_taken smtp_engine_mechanism smtp_engine_reply
 *   smtp_engine_result smtp__lacks_piece smtp__is_owed smtp__wait_of
 *   smtp__phase_of
 * Bounds: none: any state
 * Wraps: smtp_engine_due_ms
 * Unwind: 3
 */
void
proof_asks(void)
{
	struct world *w = world();
	struct smtp_engine *e = &w->e;
	struct smtp_reply reply;
	struct smtp_delivery *d;

	HOLDS(smtp_engine_want(e) > 0 && smtp_engine_want(e) < 256);
	(void)smtp_engine_due_ms(e, any_u32());
	HOLDS(!e->restart);
	(void)smtp_engine_status(e);
	HOLDS(smtp_engine_phase(e) >= SMTP_PHASE_NONE);
	(void)smtp_engine_offers(e);
	(void)smtp_engine_size_limit(e);
	(void)smtp_engine_taken(e);
	HOLDS(smtp_engine_mechanism(e) != NULL);
	HOLDS(!smtp_engine_reply(e, &reply) || reply.text_n == 0 ||
	    __CPROVER_r_ok(reply.text, reply.text_n));
	d = smtp_engine_result(e);
	HOLDS(d == NULL || d->status <= 0);
	REACHES(d != NULL);
}

static void
some_line(const struct smtp_engine *e, struct smtp__line *l, enum step step)
{
	HOLDS(step == AUTH && __CPROVER_r_ok(e, sizeof(*e)));
	l->n = any_size();
}

/*
 * What can be begun, at any time.
 *
 * Proves: smtp_engine_quit smtp_engine_reset smtp_engine_noop
 *   smtp_engine_command start smtp_engine_secured smtp__engine_forget
 *   smtp_engine_auth auth_stepped smtp_engine_response smtp__dialogue_choose
 *   smtp__dialogue_begin fits_line dialogue.c:mech smtp__has
 * Replaces: smtp__dialogue_say=some_line
 * Bounds: none: any state, responses of up to 3 octets
 * Unwind: 5
 */
void
proof_begins(void)
{
	struct world *w = world();
	struct smtp_engine *e = &w->e;
	size_t n = up_to(3);
	int status = SMTP_E_STATE;

	in_dialogue(e);
	switch (any_int()) {
	case 0: status = smtp_engine_quit(e); break;
	case 1: status = smtp_engine_reset(e); break;
	case 2: status = smtp_engine_noop(e); break;
	case 3: status = smtp_engine_command(e, any_name()); break;
	case 4: smtp_engine_secured(e); break;
	case 5: status = smtp_engine_auth(e, &w->c); break;
	case 6:
		status = smtp_engine_response(e, any_bool() ? any_octets(n) :
		    NULL, n, any_bool());
		break;
	}
	HOLDS(status <= 0 && e->say <= OVER);
	REACHES(status == SMTP_OK && e->say == AUTH);
	REACHES(status == SMTP_OK && e->say == ANSWER);
}
