/* SPDX-License-Identifier: MIT */
/*
 * A line that is said again each time: one octet at a time, from any state.
 *
 * Sources: lib/codec/base64.c
 */
#include "proof.h"

#include "codec/line.c"

/*
 * What stands in the line is any; fewer than six bits are held, and only while
 * base64 is said.
 */
static struct smtp__line
any_line(void)
{
	struct smtp__line l;

	smtp__line_begin(&l, NULL, 0, 0);
	HOLDS(l.held == 0 && l.base64 == 0 && l.n == 0);
	l.room = up_to(8);
	l.p = l.room > 0 || any_bool() ? any_octets(l.room) : NULL;
	l.skip = any_size();
	l.n = any_size();
	ASSUME(l.n < SIZE_MAX / 2);
	l.bits = any_u16();
	l.base64 = any_bool();
	l.held = l.base64 ? (uint8_t)(2 * up_to(2)) : 0;
	return l;
}

/* What is said is counted; that it stays in its room is shown on the way. */
static void
is_kept(const struct smtp__line *l, const struct smtp__line *was)
{
	HOLDS(l->held <= 4 && l->held % 2 == 0);
	HOLDS(l->base64 || l->held == 0);
	HOLDS(l->n >= was->n);
	HOLDS(l->p == was->p && l->room == was->room && l->skip == was->skip);
}

/*
 * An octet, as it is or in base64.
 *
 * Proves: smtp__line_begin smtp__line_octet keep keep64 smtp__line_base64_begin
 *   smtp__line_base64_end
 * Bounds: none: one step from any state, which keeps what states have
 * Wraps: line.c:keep
 * Unwind: 4
 */
void
proof_octet(void)
{
	struct smtp__line l = any_line(), was = l;

	smtp__line_octet(&l, any_char());
	is_kept(&l, &was);
	REACHES(l.n == was.n + 2 && was.n == l.skip && l.room > 2);
	REACHES(l.n == was.n + 1 && was.n < l.skip);
	was = l;
	if (l.base64) {
		smtp__line_base64_end(&l);
		REACHES(l.n == was.n + 3);
	} else {
		smtp__line_base64_begin(&l);
		HOLDS(l.held == 0);
	}
	is_kept(&l, &was);
}

static void
some_octet(struct smtp__line *l, char c)
{
	HOLDS(c != '\0');
	l->n++;
}

/*
 * A text, octet by octet.
 *
 * Proves: smtp__line_text
 * Replaces: smtp__line_octet=some_octet
 * Bounds: up to 6 octets
 * Unwind: 8
 */
void
proof_text(void)
{
	struct smtp__line l = any_line(), was = l;

	smtp__line_text(&l, any_string(6));
	HOLDS(l.n <= was.n + 6);
	REACHES(l.n == was.n + 6);
}

static size_t digits;

static void
some_text(struct smtp__line *l, const char *text)
{
	HOLDS(l != NULL);
	digits = 0;
	while (text[digits] != '\0') {
		HOLDS(text[digits] >= '0' && text[digits] <= '9');
		digits++;
	}
	HOLDS(digits == 1 || text[0] != '0');
}

/*
 * A number, without division: its digits have room.
 *
 * Proves: smtp__line_number
 * Replaces: smtp__line_text=some_text
 * Bounds: numbers below 1000 (65536); a digit is made as the one before, and 20
 *   are enough for 64 bits
 * Unwind: 5, 7
 * Seconds: 30, 600
 */
void
proof_number(void)
{
	struct smtp__line l = any_line();

	smtp__line_number(&l, up_to(BOUND(999, 65535)));
	HOLDS(digits <= BOUND(3, 5));
	REACHES(digits == 3);
}

/*
 * A tenth is one, and what it is made of is no more than its number.
 *
 * Proves: tenth
 * Bounds: numbers below 2^10 (2^16)
 * Unwind: 1
 * Seconds: 20, 900
 */
void
proof_tenth(void)
{
	SMTP_OCTETS n = up_to(BOUND(1023, 65535)), q = tenth(n);

	HOLDS(q * 10 <= n && n - q * 10 <= 9);
	REACHES(q == 102);
}
