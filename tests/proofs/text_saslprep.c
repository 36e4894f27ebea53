/* SPDX-License-Identifier: MIT */
/*
 * SASLprep.
 *
 * Sources: lib/text/utf8.c lib/text/saslprep_table.c
 */
#include "proof.h"

#include "text/saslprep.c"

static uint32_t
any_character(void)
{
	uint32_t c = any_u32();

	ASSUME(c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF));
	return c;
}

/*
 * Hangul is computed.
 *
 * Proves: compose_hangul
 * Bounds: none, all pairs of 32 bits
 * Wraps: compose_hangul
 * Unwind: 1
 */
void
proof_hangul(void)
{
	uint32_t a = any_u32(), b = any_u32();
	uint32_t c = compose_hangul(a, b);

	HOLDS(c == 0 || (c > a && c >= HANGUL && c < HANGUL + HANGUL_COUNT));
	REACHES(c > HANGUL + 100);
}

/* A text of up to two characters. */
static struct text
any_text(size_t *count)
{
	struct text t;
	char *p;

	t.room = 8 + up_to(4);
	t.p = p = any_octets(t.room);
	t.n = t.start = 0;
	*count = 0;
	for (int i = 0; i < 2 && any_bool(); i++) {
		t.n += smtp__utf8_put(p + t.n, any_character());
		(*count)++;
	}
	if (*count == 2 && any_bool())
		t.start = smtp__utf8_next(p, t.n, NULL);
	return t;
}

/*
 * A character goes in, or in place of another.
 *
 * Proves: replace saslprep.c:character back
 * Bounds: texts of up to two characters; what is behind the place is moved as
 *   a whole
 * Unwind: 6
 */
void
proof_replace(void)
{
	size_t count, was, i;
	struct text t = any_text(&count);

	forgetful = true;
	i = any_bool() ? 0 : t.start;
	was = any_bool() ? 0 : character(&t, i, NULL);
	if (t.n > 0)
		HOLDS(back(&t, t.n) < t.n);
	REACHES(replace(&t, i, was, any_character()) && was == 4);
	HOLDS(t.n <= t.room);
}

static bool
any_prepare(struct text *t, const char *in, size_t n, unsigned bad)
{
	(void)bad;
	HOLDS(n > 0 && __CPROVER_r_ok(in, n));
	t->n = up_to(t->room);
	return any_bool();
}

/*
 * Is it plain, and the two ways in: the result has its NUL.
 *
 * Proves: saslprep is_plain smtp__saslprep smtp__saslprep_stored
 * Replaces: prepare=any_prepare
 * Bounds: texts of up to 8 octets (24) in room for 10 (26)
 * Wraps: saslprep.c:saslprep
 * Unwind: 10, 26
 */
void
proof_whole(void)
{
	const char *in = any_string(BOUND(8, 24));
	size_t room = up_to(BOUND(10, 26));
	char *out = any_octets(room);
	ptrdiff_t n = any_bool() ? smtp__saslprep(in, out, room) :
	    smtp__saslprep_stored(in, out, room);

	HOLDS(n >= -1 && (n == -1 || (size_t)n < room));
	HOLDS(n == -1 || out[n] == '\0');
	REACHES(n == 7);
}
