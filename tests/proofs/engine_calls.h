/* SPDX-License-Identifier: MIT */
/*
 * What the engine calls, by its contract: any result that may be, and what is
 * handed on is looked at. Other harnesses show that the contract is kept.
 */
#ifndef SMTP__PROOF_ENGINE_CALLS_H
#define SMTP__PROOF_ENGINE_CALLS_H

#include <string.h>

#include "proof.h"

#include "codec/base64.h"
#include "proto/command.h"
#include "proto/state.h"

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

/* Of a chunk: what is not out of it. */
static const size_t *promised;

size_t
smtp__stuff(struct smtp__stuff *s, char *out, size_t room)
{
	size_t used = up_to(s->in_n), n;

	HOLDS(room > 0 && __CPROVER_w_ok(out, room));
	s->in += used;
	s->in_n -= used;
	s->ended = s->end && any_bool();
	s->bad = any_bool();
	n = up_to(room);
	/* No more than it was counted to be. */
	ASSUME(promised == NULL || *promised == 0 || n <= *promised);
	return n;
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
	HOLDS(r->n < sizeof r->word);
	r->n = (uint16_t)up_to(sizeof r->word - 1);
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
	HOLDS(round < mech->responses);
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

#endif
