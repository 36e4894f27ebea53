/* SPDX-License-Identifier: MIT */
#include "codec/word.h"

#include "codec/base64.h"
#include "text/ascii.h"
#include "text/out.h"
#include "text/utf8.h"

enum { FRAME = 12 };             /* =?UTF-8?Q? and ?= */

/* The octets that Q writes for one. */
static size_t
width(char c, bool phrase)
{
	if (c == ' ' || smtp__is_alnum(c) || smtp__is_in(c, "!*+-/", 5))
		return 1;
	return phrase || !smtp__is_graph(c) || smtp__is_in(c, "=?_", 3) ? 3 : 1;
}

void
smtp__word_init(struct smtp__word *w, const char *p, size_t n, bool phrase)
{
	size_t q = 0;

	for (size_t i = 0; i < n; i++)
		q += width(p[i], phrase);
	w->p = p;
	w->n = n;
	w->phrase = phrase;
	/* A person can read Q: it may be longer by a third. */
	w->base64 = q / 4 * 3 + q % 4 > smtp__base64_size(n, false);
}

/* The octets of one character and what Q makes of them. */
static size_t
character(const struct smtp__word *w, size_t at, size_t *coded)
{
	size_t n = smtp__utf8_next(w->p + at, w->n - at, NULL);

	if (n == 0)
		n = 1;          /* the caller was to check */
	*coded = 0;
	for (size_t i = 0; i < n; i++)
		*coded += width(w->p[at + i], w->phrase);
	return n;
}

/*
 * How many octets go into a word whose text has `room`. For base64 `*whole` is
 * how many of them make groups of three, at the end of a character.
 */
static size_t
fit(const struct smtp__word *w, size_t room, bool base64, size_t *whole)
{
	size_t taken = 0, used = 0;

	*whole = 0;
	while (taken < w->n) {
		size_t coded, n = character(w, taken, &coded);

		if (base64 ? smtp__base64_size(taken + n, false) > room :
		    used + coded > room)
			break;
		taken += n;
		used += coded;
		if (taken % 3 == 0)
			*whole = taken;
	}
	return taken;
}

static void
put_q(struct smtp__out *out, const char *p, size_t n, bool phrase)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == ' ') {
			smtp__out_octet(out, '_');
		} else if (width(p[i], phrase) == 1) {
			smtp__out_octet(out, p[i]);
		} else {
			smtp__out_octet(out, '=');
			smtp__out_hex(out, (unsigned char)p[i]);
		}
	}
}

/*
 * Padding belongs to the last word alone: there are readers (GMime is one) who
 * join the words before they decode them, and stop at it. Where groups and
 * characters do not come out even, one word is in Q, which nobody joins to B.
 */
static size_t
choose(const struct smtp__word *w, size_t room, bool *base64)
{
	size_t whole, n = fit(w, room, w->base64, &whole);

	*base64 = w->base64;
	if (!w->base64 || n == w->n)
		return n;
	if (whole > 0)
		return whole;
	*base64 = false;
	return fit(w, room, false, &whole);
}

size_t
smtp__word_next(struct smtp__word *w, size_t room, char text[SMTP__WORD_MAX])
{
	struct smtp__out out;
	bool base64;
	size_t n;

	if (room > SMTP__WORD_MAX)
		room = SMTP__WORD_MAX;
	if (room <= FRAME || (n = choose(w, room - FRAME, &base64)) == 0)
		return 0;
	smtp__out_init(&out, text, SMTP__WORD_MAX);
	smtp__out_text(&out, base64 ? "=?UTF-8?B?" : "=?UTF-8?Q?");
	if (base64) {
		struct smtp__base64 b;
		size_t used;

		smtp__base64_init(&b, false);
		out.n += smtp__base64_encode(&b, w->p, n, true, &used,
		    out.p + out.n, out.cap - out.n);
	} else {
		put_q(&out, w->p, n, w->phrase);
	}
	smtp__out_text(&out, "?=");
	w->p += n;
	w->n -= n;
	return out.n;
}

bool
smtp__word_resembles(const char *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (p[i] == '=' && p[i + 1] == '?')
			return true;
	return false;
}
