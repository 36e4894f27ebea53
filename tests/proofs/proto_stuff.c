/* SPDX-License-Identifier: MIT */
/*
 * Content on its way: from any state, any cut of input and output.
 *
 * Sources: lib/text/scan.c lib/text/scan_avx2.c
 */
#include "proof.h"

#include "proto/stuff.c"
#include "text/ascii.h"

static bool
sound(const struct smtp__stuff *s)
{
	return s->column <= 1 + SMTP__CONTENT_LINE_MAX ||
	    s->column == SMTP__STUFF_CR;
}

/* Any state that can be. */
static struct smtp__stuff
any_stuff(size_t n)
{
	struct smtp__stuff s;

	smtp__stuff_begin(&s, any_bool());
	HOLDS(s.column == 0 && !s.bad);
	if (any_bool()) {
		smtp__stuff_begin_plain(&s, any_bool());
		HOLDS(s.plain);
	}
	s.column = any_u16();
	ASSUME(sound(&s));
	s.end = any_bool();
	s.in_n = n;
	s.in = any_octets(n);
	return s;
}

/* The scan stops where it likes, within what it may look at. */
static size_t
some_copy(char *out, const char *p, size_t n, bool high)
{
	size_t i = up_to(n);

	HOLDS(n == 0 || (__CPROVER_r_ok(p, n) && __CPROVER_w_ok(out, n)));
	ASSUME(i < n ? p[i] == '\r' || p[i] == '\n' ||
	    (high && smtp__is_high(p[i])) : true);
	return i;
}

static size_t
some_blocks(char *out, const char *p, size_t n, size_t max, bool high,
    size_t *column)
{
	size_t i = up_to(n);

	(void)high;
	HOLDS(n == 0 || (__CPROVER_r_ok(p, n) && __CPROVER_w_ok(out, n)));
	HOLDS(*column <= max);
	if (i > 0)
		*column = up_to(max);
	return i;
}

/*
 * Octets that may pass, line after line: no more than there are, and no line
 * longer than it may be.
 *
 * Proves: pass
 * Replaces: smtp__scan_copy=some_copy smtp__scan_blocks=some_blocks
 * Bounds: up to 5 octets (8), the first one of a line or none
 * Assumes: the column is up to 999: shown to be kept
 * Unwind: 6, 9
 */
void
proof_pass(void)
{
	size_t n = 1 + up_to(BOUND(4, 7)), used;
	struct smtp__stuff s = any_stuff(n);

	ASSUME(s.column != SMTP__STUFF_CR);
	used = pass(&s, s.in, n, any_octets(n));
	HOLDS(used <= n && s.column <= 1 + SMTP__CONTENT_LINE_MAX);
	REACHES(used == 4 && s.column == 0);
	REACHES(used == 0);
}

static size_t
some_pass(struct smtp__stuff *s, const char *p, size_t n, char *out)
{
	HOLDS(n > 0 && __CPROVER_r_ok(p, n) && __CPROVER_w_ok(out, n));
	HOLDS(s->column <= 1 + SMTP__CONTENT_LINE_MAX);
	s->column = (uint16_t)up_to(1 + SMTP__CONTENT_LINE_MAX);
	return up_to(n);
}

/*
 * From any state: what goes out fits, what is used was there, and a line is
 * never longer than it may be, so the length of the content has no bound.
 *
 * Proves: smtp__stuff smtp__stuff_begin smtp__stuff_begin_plain
 *   smtp__stuff_ended has_more
 * Replaces: pass=some_pass
 * Bounds: up to 3 octets (5) in, up to 4 (8) out; a round puts one at least
 * Assumes: the column is up to 999: shown to be kept
 * Unwind: 6, 10
 */
void
proof_stuff(void)
{
	struct smtp__stuff s = any_stuff(up_to(BOUND(3, 5)));
	size_t room = up_to(BOUND(4, 8)), was = s.in_n, n;
	bool end = s.end;

	n = smtp__stuff(&s, any_octets(room), room);
	HOLDS(n <= room);
	HOLDS(sound(&s));
	HOLDS(s.in_n <= was || (end && s.in_n <= 5));
	HOLDS(s.bad || n == room || s.in_n == 0);
	HOLDS(!smtp__stuff_ended(&s) || end);
	REACHES(s.bad && n == 2);
	REACHES(smtp__stuff_ended(&s) && n == 4);
}

static size_t
some_stuff(struct smtp__stuff *s, char *out, size_t room)
{
	size_t n = up_to(room), used = up_to(s->in_n);

	HOLDS(__CPROVER_w_ok(out, room));
	s->in += used;
	s->in_n -= used;
	s->bad = any_bool();
	return s->bad && any_bool() ? 0 : n;
}

static size_t rounds;

/*
 * Counted by doing it on a copy.
 *
 * Proves: smtp__stuff_count
 * Replaces: smtp__stuff=last_stuff
 * Bounds: up to three pieces of 64 octets
 * Unwind: 5
 */
void
proof_count(void)
{
	struct smtp__stuff s = any_stuff(up_to(4)), was = s;
	size_t n = smtp__stuff_count(&s);

	HOLDS(n <= 3 * 64);
	HOLDS(s.in == was.in && s.in_n == was.in_n && s.column == was.column);
	REACHES(n == 130);
}

static size_t
last_stuff(struct smtp__stuff *s, char *out, size_t room)
{
	return ++rounds > 3 ? 0 : some_stuff(s, out, room);
}

/*
 * The end of a line, looked for and copied.
 *
 * Proves: smtp__scan_copy scan.c:by_octet copy_octets scan.c:stops stops_of
 * Bounds: up to 18 octets (34): a block and what is left of one
 * Unwind: 36
 * Seconds: 60, 300
 */
void
proof_scan(void)
{
	size_t n = up_to(BOUND(18, 34)), i;
	const char *p = any_octets(n);
	bool high = any_bool();

	i = smtp__scan_copy(any_octets(n), p, n, high);
	HOLDS(i <= n);
	REACHES(i == 17);
	REACHES(i == 3 && n == 18);
}
