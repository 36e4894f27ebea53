/* SPDX-License-Identifier: MIT */
/*
 * What is offered and what may be said.
 *
 * Sources: lib/proto/command.c lib/text/clean.c
 */
#include "proof.h"

#include <smtp/engine.h>

#include "proto/caps.c"
#include "proto/command.h"

static bool
sound(const struct smtp__caps_reader *r)
{
	return r->n < sizeof(r->word);
}

unsigned
smtp__mech_bit(const char *name)
{
	HOLDS(__CPROVER_r_ok(name, 1));
	return any_uchar();
}

unsigned
smtp__mech_find(const char *list, unsigned count, const char *name)
{
	HOLDS(list == keywords && count == KEYWORDS);
	HOLDS(__CPROVER_r_ok(name, 1));
	return any_u16();
}

static void
some_limit(struct smtp__caps *caps, const char *p)
{
	HOLDS(__CPROVER_r_ok(p, 2));
	caps->size = any_u64();
}

/*
 * An octet of the reply to EHLO: a word never passes its room.
 *
 * Proves: smtp__caps_octet caps.c:word smtp__caps_settle
 * Replaces: limit=some_limit
 * Bounds: none: one octet in any state that has a word within its room, which
 *   stays so
 * Unwind: 2
 */
void
proof_octet(void)
{
	struct smtp__caps caps;
	struct smtp__caps_reader reader;
	uint16_t n;

	ASSUME(sound(&reader));
	n = reader.n;
	smtp__caps_octet(&caps, &reader, any_char());
	HOLDS(sound(&reader));
	REACHES(reader.n == 20 && n == 19);
	REACHES(reader.n == 20 && n == 20);
	REACHES(reader.n == 0 && n == 20);
	smtp__caps_settle(&caps);
	HOLDS(caps.offers & SMTP_OFFER_8BITMIME ||
	    !(caps.offers & SMTP_OFFER_SMTPUTF8));
}

/*
 * SIZE has any number of digits.
 *
 * Proves: limit
 * Bounds: words of up to 20 octets, which is all that a reader keeps
 * Unwind: 23
 * Loops: limit.0:22
 * Seconds: 60
 */
void
proof_limit(void)
{
	struct smtp__caps caps = { 0 };

	limit(&caps, any_string(20));
	REACHES(caps.size == (SMTP_OCTETS)-1);
}

/*
 * Commands of the caller's: what is no string of its kind is refused, and what
 * passes has no control.
 *
 * Proves: smtp__command_path smtp__command_parameters smtp__command_line
 *   smtp__command_wide_line command.c:is_control is_keyword
 * Bounds: 6 octets (12) and fewer; an octet is looked at as the one before, in
 *   a state that the ones before can make
 * Unwind: 8, 14
 */
void
proof_commands(void)
{
	const char *p = any_string(BOUND(6, 12));
	bool utf8 = false, path = smtp__command_path(p, &utf8) !=
	    SMTP__COMMAND_NOT;
	bool parameters = smtp__command_parameters(p, &utf8);
	bool line = smtp__command_line(p, any_bool());
	bool wide = smtp__command_wide_line(p);
	size_t i = any_size();

	ASSUME(i < 6);
	for (size_t k = 0; k < i; k++)
		ASSUME(p[k] != '\0');
	if (path || parameters || line || wide)
		HOLDS(p[i] != '\r' && p[i] != '\n' && p[i] != 127);
	REACHES(path && p[i] == ' ');
	REACHES(parameters && p[i] == '=');
	REACHES(line);
	REACHES(wide && !line);
}
