/* SPDX-License-Identifier: MIT */
/*
 * The engine says: each line, content, what a program gives it and when the
 * session is lost, in any state that engine.h tells, and then it is such a
 * state again.
 *
 * Sources: lib/proto/dialogue.c lib/proto/rows.c
 */
#include "proof.h"

#include "proto/engine.c"

#include "engine.h"
#include "engine_calls.h"

/*
 * A line: it depends on what does not change until it is said whole, so what
 * was said of it before is within it.
 */
static void
any_line(const struct smtp_engine *e, struct smtp__line *l, enum step step)
{
	HOLDS(can_say(e, step));
	l->n = (size_t)e->offset + 1 + up_to(600);
	ASSUME(l->n <= 65535);
}

/* What smtp_engine_take() does, once. */
static void
takes(struct smtp_engine *e)
{
	size_t room = 1 + up_to(1), n;
	char out[2];

	ASSUME(!smtp__lacks_piece(e) && e->owed < 1000000);
	if (e->said != NULL && smtp__in_chunks(e, e->said) &&
	    !is_exact_piece(e->said))
		promised = &e->chunk;
	n = e->say == BODY ? take_content(e, out, room) :
	    take_line(e, out, room);
	HOLDS(n <= room);
	HOLDS(sound());
	HOLDS(list_is_sound());
}

static size_t
any_take(struct smtp_engine *e, char *p, size_t room)
{
	HOLDS(e->say < STEPS && !smtp__lacks_piece(e));
	HOLDS(room > 0 && __CPROVER_w_ok(p, room));
	e->say = (uint8_t)up_to(OVER);
	return up_to(room);
}

/*
 * One line or piece of content behind the other, of one kind.
 *
 * Proves: smtp_engine_take kind_of
 * Calls: smtp_engine_take=take_line,take_content
 * Replaces: take_line=any_take take_content=any_take
 * Bounds: room for up to 3 octets (6): each round puts one at least, and what
 *   a round does is shown below
 * Unwind: 5, 8
 */
void
proof_take(void)
{
	struct smtp_engine *e = world(SESSION, ANY, ANY, ANY, ANY);
	size_t room = up_to(BOUND(3, 6)), n;

	n = smtp_engine_take(e, any_octets(room), room);
	HOLDS(n <= room && (n == 0 || e->say != OVER));
	REACHES(n == 3);
}

/*
 * A line that belongs to no mail: EHLO, STARTTLS, AUTH, QUIT and others.
 *
 * Proves: take_line smtp__dialogue_said
 * Replaces: smtp__dialogue_say=any_line
 * Bounds: room for up to two octets; further ones are steps of their own
 * Unwind: 5
 */
void
proof_line(void)
{
	struct smtp_engine *e = world(SESSION, ANY, ANY, ANY, ANY);

	ASSUME(e->say < STEPS);
	takes(e);
	REACHES(e->say == HOLD && e->hear == EHLO);
	REACHES(e->say == HOLD && e->hear == ANSWER);
}

/* At a step of a mail, the cursors together and apart. */
#define MAILS(e, step, row) \
	for (unsigned shape = TOGETHER, it = any_unsigned(); shape <= FAR; \
	    shape++) \
		if (it == shape) \
			for (struct smtp_engine *e = world(shape, (step), ANY, \
			    (row), ANY); e != NULL; e = NULL)

/*
 * RSET before a mail, and MAIL.
 *
 * Proves: take_line unanswered
 * Bounds: up to three deliveries with two rows each; room for two octets
 * Unwind: 5
 * Replaces: smtp__dialogue_say=any_line
 * Seconds: 60
 */
void
proof_mail(void)
{
	if (any_bool()) {
		MAILS(e, RSET, ANY) {
			takes(e);
			REACHES(e->say == MAIL && e->owed > 1);
		}
	} else {
		MAILS(e, MAIL, ANY) {
			takes(e);
			REACHES(e->say == RCPT && e->said_rcpt == rows_one + 1);
		}
	}
}

/*
 * DATA and BDAT.
 *
 * Proves: chunk_begun chunk_said
 * Bounds: as above
 * Unwind: 5
 * Replaces: smtp__dialogue_say=any_line
 * Seconds: 60
 */
void
proof_data(void)
{
	if (any_bool()) {
		MAILS(e, DATA, ANY) {
			takes(e);
			REACHES(e->say == HOLD);
		}
	} else {
		MAILS(e, CHUNK, ANY) {
			takes(e);
			REACHES(e->say == BODY);
			REACHES(e->say == HOLD && e->hear == BODY);
		}
	}
}

/*
 * Content, and what may leave behind its end.
 *
 * Proves: take_content take_chunk content_said is_exact smtp__dialogue_ahead
 *   smtp__is_lmtp
 * Bounds: up to three deliveries with two rows each; three octets of content
 *   into room for two
 * Unwind: 5
 * Replaces: smtp__dialogue_say=any_line
 * Seconds: 60
 */
void
proof_content(void)
{
	MAILS(e, BODY, ANY) {
		takes(e);
		REACHES(e->say == RSET && e->said == &two);
		REACHES(e->say == CHUNK);
		REACHES(e->say == OVER);
		REACHES(e->say == BODY && e->chunk > 0);
	}
}

/* A piece of content, whether it is wanted or not. */
static void
gives(struct smtp_engine *e)
{
	size_t n = up_to(PIECE);
	bool wanted = smtp_engine_want(e) & SMTP_ENGINE_CONTENT;
	const char *was = e->stuff.in;

	if (any_bool())
		smtp_engine_content(e, piece + PIECE - n, n);
	else
		smtp_engine_content_last(e, piece + PIECE - n, n);
	HOLDS(wanted || e->stuff.in == was);
	HOLDS(sound());
	HOLDS(list_is_sound());
}

/*
 * A program gives content that becomes a chunk.
 *
 * Proves: smtp_engine_content smtp_engine_content_last give_content
 *   give_piece
 * Bounds: up to three deliveries with two rows each; pieces of up to three
 *   octets, which are counted by contract
 * Unwind: 5
 */
void
proof_chunk(void)
{
	MAILS(e, CHUNK, ANY) {
		gives(e);
		REACHES(e->say == CHUNK && e->stuff.end);
		REACHES(e->say == HOLD && e->given_up == SMTP_OK);
		REACHES(e->given_up != SMTP_OK);
	}
}

/*
 * The same for DATA, and at any other step, where it changes nothing.
 *
 * Proves: give_content
 * Bounds: as above
 * Unwind: 5
 */
void
proof_piece(void)
{
	ALWAYS(e) {
		ASSUME(e->say != CHUNK);
		gives(e);
		REACHES(e->say == BODY && e->stuff.end);
	}
}

/*
 * It has none, whether it was asked or not.
 *
 * Proves: smtp_engine_content_failed
 * Bounds: up to three deliveries with two rows each
 * Unwind: 5
 */
void
proof_none(void)
{
	ALWAYS(e) {
		smtp_engine_content_failed(e, -(int)(1 + up_to(19)));
		HOLDS(sound());
		HOLDS(list_is_sound());
		REACHES(e->say == OVER);
		REACHES(e->say == HOLD && e->given_up != SMTP_OK);
		REACHES(e->say == READY);
	}
}

/*
 * The session is lost, at any time.
 *
 * Proves: smtp_engine_lost smtp__engine_fail is_open
 * Bounds: up to three deliveries with two rows each
 * Unwind: 5
 * Replaces: smtp__dialogue_say=any_line
 */
void
proof_lost(void)
{
	ALWAYS(e) {
		smtp_engine_lost(e, -(int)(1 + up_to(19)));
		HOLDS(e->say == OVER && sound() && list_is_sound());
		REACHES(one.status == SMTP_E_UNKNOWN);
		REACHES(two.status == SMTP_E_LATER);
	}
}

/*
 * It begins sound.
 *
 * Proves: smtp_engine_init
 * Bounds: none
 * Unwind: 5
 */
void
proof_begin(void)
{
	struct smtp_engine *e;

	line[1] = '\0';
	setup = nondet_setup();
	setup.ehlo = any_bool() ? any_name() : NULL;
	setup.text_n = up_to(sizeof text);
	setup.text = any_bool() ? text : NULL;
	engine = nondet_engine();
	if (smtp_engine_init(&e, &engine, sizeof engine, &setup) != SMTP_OK)
		return;
	HOLDS(e == &engine && sound() && list_is_sound());
	REACHES(e->say == HOLD);
}

/*
 * What a program may begin, at any time when there is no mail.
 *
 * Proves: smtp_engine_quit smtp_engine_reset smtp_engine_noop
 *   smtp_engine_command start smtp_engine_secured smtp__engine_forget
 *   smtp_engine_auth auth_stepped smtp_engine_response smtp_engine_result
 *   smtp__dialogue_choose smtp__dialogue_begin fits_line dialogue.c:mech
 *   smtp__has
 * Bounds: responses of up to 3 octets
 * Unwind: 5
 * Replaces: smtp__dialogue_say=any_line
 * Seconds: 60
 */
void
proof_program(void)
{
	struct smtp_engine *e = world(SESSION, ANY, ANY, ANY, ANY);
	int status = SMTP_E_STATE;

	switch (any_int()) {
	case 0: status = smtp_engine_quit(e); break;
	case 1: status = smtp_engine_reset(e); break;
	case 2: status = smtp_engine_noop(e); break;
	case 3: status = smtp_engine_command(e, any_name()); break;
	case 4: smtp_engine_secured(e); break;
	case 5: status = smtp_engine_auth(e, &credentials); break;
	case 6:
		status = smtp_engine_response(e, any_bool() ? piece : NULL,
		    up_to(PIECE), any_bool());
		break;
	default:
		(void)smtp_engine_result(e);
	}
	HOLDS(status <= 0 && sound() && list_is_sound());
	REACHES(status == SMTP_OK && e->say == AUTH);
	REACHES(status == SMTP_OK && e->say == ANSWER);
	REACHES(e->say == EHLO);
}

/* A mail is given; none of its rows is TAKEN already. */
static int
sends(struct smtp_engine *e)
{
	int status;

	any_delivery(&fresh, rows_fresh, true);
	fresh.next = any_bool() ? &one : NULL;
	ASSUME(TAKEN(&fresh) == 0);
	status = smtp_engine_send(e, &fresh);
	HOLDS(status <= 0 && sound() && list_is_sound());
	HOLDS(status == SMTP_OK || status == SMTP_E_STATE ||
	    (fresh.status == status && PENDING(&fresh) == 0));
	return status;
}

/*
 * A mail is begun, or turned down.
 *
 * Proves: smtp_engine_send check check_path turn_down smtp__dialogue_next
 * Bounds: two rows
 * Assumes: of the rows that are given none is TAKEN
 * Unwind: 5
 * Seconds: 60
 */
void
proof_send(void)
{
	struct smtp_engine *e = world(SESSION, ANY, ANY, ANY, ANY);
	int status = sends(e);

	REACHES(e->say == MAIL && e->said == &fresh);
	REACHES(e->say == RSET && e->said == &fresh);
	REACHES(status == SMTP_E_STATE);
	REACHES(status == SMTP_E_REFUSED && fresh.rcpts[1].subject == 3);
	REACHES(status == SMTP_E_UNSUPPORTED);
	REACHES(fresh.row == 1);
}

static int
any_check(const struct smtp_engine *e, struct smtp_delivery *d)
{
	HOLDS(e == &engine && d == &fresh);
	d->row = any_bool() ? SMTP_NO_RCPT : up_to(ROWS - 1);
	d->flags |= any_u16() & SMTP_DELIVERY_UTF8;
	return PENDING(d) == 0 ? SMTP_E_ARGUMENT : -(int)up_to(19);
}

/*
 * A mail is put behind others, and may be said at once.
 *
 * Proves: smtp_engine_send smtp__dialogue_ahead
 * Replaces: engine.c:check=any_check
 * Bounds: up to three deliveries before it, two rows in each
 * Assumes: of the rows that are given none is TAKEN
 * Unwind: 5
 * Seconds: 60
 */
void
proof_send_behind(void)
{
	MAILS(e, ANY, ANY) {
		/* Four of them are enough. */
		ASSUME(e->said != &three || three.phase < SMTP_PHASE_FINAL);
		ASSUME(e->first != &before || two.next == NULL);
		(void)sends(e);
		REACHES(two.next == &fresh);
		REACHES(e->heard == &one && e->said == &fresh);
		REACHES(e->say == RSET && e->said == &fresh);
	}
}

/*
 * The line of each step: what it is made of is there.
 *
 * Proves: smtp__dialogue_say say_extensions say_parameters say_given
 * Bounds: strings of up to one octet and responses of up to 3: each octet of
 *   them is said as the one before
 * Unwind: 5
 * Loops: smtp__dialogue_say.0:20 proof_says.0:20
 * Seconds: 60
 */
void
proof_says(void)
{
	unsigned it = any_unsigned();

	for (unsigned step = EHLO; step < STEPS; step++) {
		bool mail = step >= MAIL && step <= BODY;
		struct smtp_engine *e;
		struct smtp__line l;

		if (step != it || step == BODY)
			continue;
		e = world(mail ? TOGETHER : SESSION, (int)step, ANY, ANY, ANY);
		ASSUME(can_say(e, step));
		smtp__line_begin(&l, NULL, 0, 0);
		smtp__dialogue_say(e, &l, step);
		HOLDS(l.n > 0 && l.base64 == 0);
		REACHES(step == AUTH && e->mech == SMTP__MECH_STEPPED);
		REACHES(step == ANSWER && !e->cancel && e->stuff.in_n == 3);
		REACHES(step == MAIL);
		REACHES(step == CHUNK);
		REACHES(step == COMMAND);
	}
}
