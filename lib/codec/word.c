/* SPDX-License-Identifier: MIT */
#include "codec/word.h"

#include "codec/escape.h"
#include "codec/line.h"
#include "text/ascii.h"

enum { FRAME = 12 };             /* =?UTF-8?Q? and ?= */

static enum smtp__escape
q_of(const struct smtp__word *w)
{
	return w->phrase ? SMTP__ESCAPE_PHRASE : SMTP__ESCAPE_TEXT;
}

void
smtp__word_init(struct smtp__word *w, const char *p, size_t n, bool phrase)
{
	size_t q;

	w->p = p;
	w->n = n;
	w->phrase = phrase;
	q = smtp__escape_width(p, n, q_of(w));
	/* A person can read Q: it may be longer by a third. */
	w->base64 = q / 4 * 3 + q % 4 > (n + 2) / 3 * 4;
}

/*
 * How many octets go into a word whose text has `room`.
 *
 * Padding belongs to the last word alone: there are readers (GMime is one) who
 * join the words before they decode them, and stop at it. Where groups and
 * characters do not come out even, one word is in Q, which nobody joins to B.
 */
static size_t
choose(const struct smtp__word *w, size_t room, bool *base64)
{
	size_t n, threes;

	*base64 = w->base64;
	if (w->base64) {
		n = smtp__escape_fit(w->p, w->n, room / 4 * 3,
		    SMTP__ESCAPE_NONE, &threes);
		if (n == w->n)
			return n;
		if (threes > 0)
			return threes;
		*base64 = false;
	}
	return smtp__escape_fit(w->p, w->n, room, q_of(w), &threes);
}

size_t
smtp__word_next(struct smtp__word *w, size_t room, char text[SMTP__WORD_MAX])
{
	struct smtp__line line;
	bool base64;
	size_t n;

	if (room > SMTP__WORD_MAX)
		room = SMTP__WORD_MAX;
	if (room <= FRAME || (n = choose(w, room - FRAME, &base64)) == 0)
		return 0;
	smtp__line_begin(&line, text, SMTP__WORD_MAX, 0);
	smtp__line_text(&line, base64 ? "=?UTF-8?B?" : "=?UTF-8?Q?");
	if (base64)
		smtp__line_base64_begin(&line);
	smtp__escape(&line, w->p, n, base64 ? SMTP__ESCAPE_NONE : q_of(w));
	smtp__line_base64_end(&line);
	smtp__line_text(&line, "?=");
	w->p += n;
	w->n -= n;
	return line.n;
}

bool
smtp__word_needed(const char *p, size_t n, bool utf8)
{
	for (size_t i = 0; i < n; i++)
		if ((smtp__is_high(p[i]) && !utf8) ||
		    (p[i] == '=' && i + 1 < n && p[i + 1] == '?'))
			return true;
	return false;
}
