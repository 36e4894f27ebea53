/* SPDX-License-Identifier: MIT */
/*
 * Encoded words.
 *
 * Sources: lib/text/utf8.c lib/text/out.c lib/codec/base64.c
 */
#include "proof.h"

#include "codec/word.c"

/*
 * One octet's width.
 *
 * Proves: word.c:width smtp__word_resembles
 * Bounds: none, all octets; texts of 6 octets, by which each rest is
 * Unwind: 22
 */
void
proof_width(void)
{
	size_t w = width(any_char(), any_bool());

	HOLDS(w == 1 || w == 3);
	REACHES(w == 3);
	REACHES(smtp__word_resembles(any_octets(6), 6));
}

static size_t
some_width(char c, bool phrase)
{
	(void)c, (void)phrase;
	return any_bool() ? 1 : 3;
}

static size_t
some_next(const char *p, size_t n, uint32_t *c)
{
	(void)c;
	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	return up_to(n < 4 ? n : 4);
}

/*
 * A word takes what fits, and no more is written than it may have.
 *
 * Proves: smtp__word_init word.c:character word.c:fit choose
 * Replaces: word.c:width=some_width smtp__utf8_next=some_next
 * Bounds: up to 4 octets (8) into any room
 * Unwind: 6, 10
 * Seconds: 30, 600
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
	HOLDS(!base64 || smtp__base64_size(taken, false) <= room);
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

static size_t
some_base64(struct smtp__base64 *b, const void *in, size_t n, bool last,
    size_t *used, char *out, size_t cap)
{
	(void)b, (void)last;
	HOLDS(__CPROVER_r_ok(in, n) && __CPROVER_w_ok(out, cap));
	*used = n;
	return up_to(cap);
}

/*
 * The word is written within its 75 octets.
 *
 * Proves: smtp__word_next put_q
 * Replaces: choose=some_choice word.c:width=some_width
 *   smtp__base64_encode=some_base64
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
