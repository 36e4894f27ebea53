/* SPDX-License-Identifier: MIT */
/*
 * SASLprep. What is looked up in its tables is any kind, class or character
 * here; text_saslprep_search has the searches, text_saslprep_table the tables.
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

/* The same in memory of one size, which is quicker: of 8 octets, or less. */
static struct text
small_text(void)
{
	static char octets[8];
	struct text t = { octets, 0, 4 + up_to(4), 0 };
	size_t count = 1 + up_to(1);

	__CPROVER_havoc_object(octets);
	for (size_t i = 0; i < count; i++) {
		size_t size = smtp__utf8_next(octets + t.n, t.room - t.n, NULL);

		ASSUME(size > 0);
		if (i == 1 && any_bool())
			t.start = t.n;
		t.n += size;
	}
	return t;
}

#define IS_SOUND(t) ((t)->start <= (t)->n && (t)->n <= (t)->room)

static unsigned
any_kind(uint32_t c)
{
	HOLDS(c <= 0x10FFFF);
	return any_u16();
}

static unsigned
any_class(uint32_t c)
{
	return any_kind(c) & 0xFF;
}

static size_t
octets_of(uint32_t c)
{
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

/* No longer than the two: text_saslprep_table has each of them. */
static uint32_t
any_compose(uint32_t a, uint32_t b)
{
	uint32_t c = any_bool() ? any_character() : 0;

	HOLDS(a <= 0x10FFFF && b <= 0x10FFFF);
	ASSUME(octets_of(c) <= octets_of(a) + octets_of(b));
	return c;
}

/*
 * The last starter is put together with what follows it.
 *
 * Proves: recompose
 * Replaces: class_of=any_class compose=any_compose
 * Bounds: texts of one or two characters: each is treated as the one before
 * Assumes: two characters are not shorter than what they make: shown of all
 *   that make one
 * Unwind: 10
 * Seconds: 60
 */
void
proof_recompose(void)
{
	struct text t = small_text(), was = t;

	recompose(&t);
	HOLDS(t.n <= was.n && t.start == was.start && t.n > t.start);
	REACHES(t.n < was.n && was.n == 8);
	REACHES(t.n == was.n);
}

static void
any_recompose(struct text *t)
{
	HOLDS(IS_SOUND(t));
}

/*
 * A character is added: a mark in its place, a starter at the end or into the
 * one before it.
 *
 * Proves: add add_mark add_starter
 * Replaces: class_of=any_class compose=any_compose recompose=any_recompose
 * Bounds: texts of one or two characters
 * Unwind: 10
 * Seconds: 60
 */
void
proof_add(void)
{
	struct text t = small_text(), was = t;
	bool added = add(&t, any_character());

	HOLDS(IS_SOUND(&t));
	HOLDS(added || t.n == was.n);
	REACHES(added && t.start == was.n && was.n == 4);
	REACHES(added && t.n == was.n + 3);
	REACHES(!added);
}

static bool
any_add(struct text *t, uint32_t c)
{
	HOLDS(c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF));
	t->n = up_to(t->room);
	return any_bool();
}

/*
 * A syllable becomes its two or three parts.
 *
 * Proves: add_hangul
 * Replaces: add=any_add
 * Bounds: none, all syllables
 * Unwind: 2
 */
void
proof_syllable(void)
{
	struct text t = { NULL, 0, up_to(100), 0 };
	uint32_t c = any_u32();

	ASSUME(c >= HANGUL && c < HANGUL + HANGUL_COUNT);
	REACHES(add_hangul(&t, c));
}

static bool
any_decompose(struct text *t, uint32_t c)
{
	return any_add(t, c);
}

/*
 * Each character of the input is dropped, or becomes a blank, or its parts.
 *
 * Proves: map
 * Replaces: saslprep.c:kind_of=any_kind decompose=any_decompose
 *   recompose=any_recompose
 * Bounds: 5 octets (12) in any cut: the loop knows only what is left
 * Unwind: 6, 13
 */
void
proof_map(void)
{
	size_t n = up_to(BOUND(5, 12));
	struct text t = { NULL, 0, up_to(100), 0 };

	REACHES(map(&t, any_octets(n), n) && n == 5);
}

/*
 * What must not be there, and the direction.
 *
 * Proves: saslprep.c:check
 * Replaces: saslprep.c:kind_of=any_kind
 * Bounds: texts of one or two characters; each is looked at as the one before
 * Unwind: 6
 * Seconds: 60
 */
void
proof_check(void)
{
	struct text t = small_text();

	REACHES(check(&t, any_unsigned()) && t.n == 8);
	REACHES(!check(&t, BAD_IN_STORED) && t.n == 1);
}

static bool
any_map(struct text *t, const char *in, size_t n)
{
	HOLDS(__CPROVER_r_ok(in, n));
	return any_add(t, 0);
}

static bool
any_check(const struct text *t, unsigned bad)
{
	(void)bad;
	HOLDS(IS_SOUND(t));
	return any_bool();
}

/*
 * One behind the other.
 *
 * Proves: prepare
 * Replaces: map=any_map saslprep.c:check=any_check
 * Bounds: none
 * Unwind: 1
 */
void
proof_prepare(void)
{
	size_t n = up_to(64);
	struct text t = { NULL, 0, up_to(100), 0 };

	REACHES(prepare(&t, any_octets(n), n, any_unsigned()));
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
