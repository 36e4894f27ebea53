/* SPDX-License-Identifier: MIT */
/*
 * Encoded words.
 *
 * Sources: lib/codec/escape.c lib/codec/line.c lib/codec/base64.c
 *   lib/text/utf8.c
 */
#include "proof.h"

#include "codec/word.c"

/*
 * What can not stand there as it is.
 *
 * Proves: smtp__word_needed
 * Bounds: texts of 6 octets, by which each rest is
 * Unwind: 8
 */
void
proof_needed(void)
{
	REACHES(smtp__word_needed(any_octets(6), 6, any_bool()));
}

static size_t
some_width(const char *p, size_t n, enum smtp__escape how)
{
	size_t width = up_to(3 * n);

	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	HOLDS(how <= SMTP__ESCAPE_PHRASE);
	ASSUME(width >= n);
	return width;
}

/* No octet is narrower than one. */
static size_t
some_fit(const char *p, size_t n, size_t room, enum smtp__escape how,
    size_t *threes)
{
	size_t taken = up_to(n < room ? n : room);

	(void)how;
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	*threes = 3 * up_to(taken / 3);
	return taken;
}

/*
 * A word takes what fits.
 *
 * Proves: smtp__word_init choose q_of
 * Replaces: smtp__escape_width=some_width smtp__escape_fit=some_fit
 * Bounds: up to 4 octets (8) into any room
 * Unwind: 2
 */
void
proof_choose(void)
{
	size_t n = up_to(BOUND(4, 8)), room = up_to(63), taken;
	struct smtp__word w;
	bool base64;

	smtp__word_init(&w, any_octets(n), n, any_bool());
	taken = choose(&w, room, &base64);
	HOLDS(taken <= n);
	HOLDS(!base64 || (taken + 2) / 3 * 4 <= room);
	HOLDS(!base64 || taken == n || taken % 3 == 0);
	REACHES(base64 && taken == 3 && n == 4);
	REACHES(!base64 && w.base64);
}

static size_t
some_choice(const struct smtp__word *w, size_t room, bool *base64)
{
	*base64 = any_bool();
	return up_to(w->n < room ? w->n : room);
}

/* Of what fits, as it is shown of smtp__escape_fit(). */
static void
some_escape(struct smtp__line *line, const char *p, size_t n,
    enum smtp__escape how)
{
	size_t most = SMTP__WORD_MAX - 2 - line->n, wrote = up_to(most);

	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	HOLDS(line->base64 == (how == SMTP__ESCAPE_NONE));
	HOLDS(line->n == 10 && line->held == 0);
	line->n += wrote;
}

/*
 * The word is written within its 75 octets.
 *
 * Proves: smtp__word_next
 * Replaces: choose=some_choice smtp__escape=some_escape
 * Bounds: up to 4 octets (8) of text, any room
 * Unwind: 12
 */
void
proof_next(void)
{
	struct smtp__word w;
	char *out = any_octets(SMTP__WORD_MAX);
	size_t was = up_to(BOUND(4, 8)), size;

	w.n = was;
	w.p = any_octets(w.n);
	w.phrase = any_bool();
	w.base64 = any_bool();
	size = smtp__word_next(&w, any_size(), out);
	HOLDS(size <= SMTP__WORD_MAX && w.n <= was);
	REACHES(size == 0 && was > 0);
	REACHES(size == 21);
}
