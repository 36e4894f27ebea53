/* SPDX-License-Identifier: MIT */
#include "mime/field.h"

#include <smtp/config.h>

#include "codec/escape.h"
#include "codec/param.h"
#include "codec/word.h"
#include "text/ascii.h"
#include "text/called.h"
#include "text/plain.h"
#include "text/utf8.h"

enum {
	LINE = 78,
	WORD_LINE = 76,
	LONGEST_QUOTED = 70,             /* a longer name is encoded */
	LONGEST_PLAIN = 900              /* leaves room for the rest */
};

/* All text of a field goes through here. */
void
smtp__field_glue(struct smtp__field *f, const char *p, size_t n)
{
	if (!SMTP_WITH_FAST || !smtp__is_plain(p, n))
		for (size_t i = 0; i < n; i++)
			if (smtp__is_control(p[i]))
				f->bad = true;
	f->fresh = false;
	smtp__out_add(f->out, p, n);
	f->column += n;
}

SMTP__CALLED static void
fold(struct smtp__field *f)
{
	smtp__out_add(f->out, "\r\n", 2);
	f->column = 0;
	f->limit = LINE;
}

void
smtp__field_start(struct smtp__field *f, struct smtp__out *out)
{
	f->out = out;
	f->start = out->n;
	f->column = 0;
	f->limit = LINE;
	f->fresh = true;
	f->bad = false;
	f->utf8 = false;
}

void
smtp__field_begin(struct smtp__field *f, struct smtp__out *out,
    const char *name)
{
	smtp__field_start(f, out);
	smtp__field_glue(f, name, strlen(name));
	smtp__field_glue(f, ":", 1);
	f->fresh = true;
}

void
smtp__field_room(struct smtp__field *f, size_t n)
{
	size_t width = 1 + n;

	/* What is too long for any line gains nothing after the name. */
	if (f->column + width > f->limit &&
	    !(f->fresh && width > LINE))
		fold(f);
	smtp__field_glue(f, " ", 1);
}

void
smtp__field_piece(struct smtp__field *f, const char *p, size_t n)
{
	smtp__field_room(f, n);
	smtp__field_glue(f, p, n);
}

void
smtp__field_piece_text(struct smtp__field *f, const char *text)
{
	smtp__field_piece(f, text, strlen(text));
}

/* Encoded-words, as many as it takes. */
static void
put_words(struct smtp__field *f, const char *p, size_t n, bool phrase)
{
	struct smtp__word w;

	smtp__word_init(&w, p, n, phrase);
	while (w.n > 0) {
		char word[SMTP__WORD_MAX];
		size_t room = f->column + 1 < WORD_LINE ?
		    WORD_LINE - 1 - f->column : 0;
		size_t size = smtp__word_next(&w, room, word);

		if (size == 0) {
			fold(f);
			continue;
		}
		smtp__field_glue(f, " ", 1);
		smtp__field_glue(f, word, size);
		f->limit = WORD_LINE;
	}
}

/*
 * What comes first stays in the line of the name, even if that grows beyond
 * 78: a fold there is a blank to some readers.
 */
static void
put_text(struct smtp__field *f, const char *p, size_t n)
{
	smtp__field_room(f, f->fresh ? LINE : n);
	smtp__field_glue(f, p, n);
}

/* Words with single spaces between. */
static void
put_plain(struct smtp__field *f, const char *p, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && p[i] != ' ')
			continue;
		if (i > from)
			put_text(f, p + from, i - from);
		from = i + 1;
	}
}

/*
 * A stretch has to be encoded, from the first such word to the last: for what a
 * word is made of, or its length. White space that a fold or a reader would
 * change takes the words on both its sides with it.
 */
void
smtp__field_unstructured(struct smtp__field *f, const char *p, size_t n)
{
	size_t first = 0, last = 0, before = 0, i = 0;

	do {
		size_t gap = i, word;
		bool wide;

		while (i < n && smtp__is_blank(p[i]))
			i++;
		word = i;
		while (i < n && !smtp__is_blank(p[i]))
			i++;
		wide = word > gap && (gap == 0 || word == n ||
		    word - gap > 1 || p[gap] == '\t');
		if (wide || i - word > LONGEST_PLAIN ||
		    smtp__word_needed(p + word, i - word, f->utf8)) {
			if (last == 0)
				first = wide ? before : word;
			last = i;
		}
		before = word;
	} while (i < n);
	put_plain(f, p, first);
	put_words(f, p + first, last - first, false);
	put_plain(f, p + last, n - last);
}

/*
 * A name stays in one line, or is encoded: a fold within one is a line end to
 * some readers (GMime). A single atom may be long.
 */
void
smtp__field_phrase(struct smtp__field *f, const char *p, size_t n)
{
	char was = ' ';
	bool coded = smtp__word_needed(p, n, f->utf8), atoms = true;
	size_t most = LONGEST_PLAIN;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (smtp__is_control(c))
			coded = true;
		/* Atoms have single spaces between. */
		if (c == ' ' ? was == ' ' : !smtp__is_high(c) &&
		    !smtp__escape_passes(c, SMTP__ESCAPE_ATOM))
			atoms = false;
		if (c == ' ')
			most = LONGEST_QUOTED;
		was = c;
	}
	if (was == ' ')
		atoms = false;
	if (!atoms)
		most = LONGEST_QUOTED;
	if (coded || n > most) {
		put_words(f, p, n, true);
		return;
	}
	if (atoms) {
		put_text(f, p, n);
		return;
	}
	smtp__field_room(f, 2 + smtp__escape_width(p, n, SMTP__ESCAPE_QUOTED));
	smtp__field_glue(f, "\"", 1);
	for (; n > 0; n--, p++) {
		if (!smtp__escape_passes(*p, SMTP__ESCAPE_QUOTED))
			smtp__field_glue(f, "\\", 1);
		smtp__field_glue(f, p, 1);
	}
	smtp__field_glue(f, "\"", 1);
}

void
smtp__field_param(struct smtp__field *f, const char *name, const char *p,
    size_t n)
{
	struct smtp__param a;
	char piece[SMTP__PARAM_MAX];
	size_t size;

	smtp__param_init(&a, name, p, n);
	while ((size = smtp__param_next(&a, piece)) > 0) {
		smtp__field_glue(f, ";", 1);
		/* One more, for what may come directly behind. */
		smtp__field_room(f, size + sizeof(";") - 1);
		smtp__field_glue(f, piece, size);
	}
}

bool
smtp__field_end(struct smtp__field *f)
{
	smtp__out_add(f->out, "\r\n", 2);
	if (!f->bad)
		return true;
	f->out->n = f->start;
	return false;
}

bool
smtp__field_is_text(const char *p, size_t n, bool tab)
{
	if (SMTP_WITH_FAST && smtp__is_plain(p, n))
		return true;
	while (n > 0) {
		size_t size = smtp__utf8_next(p, n, NULL);

		if (size == 0 || (smtp__is_control(*p) &&
		    !(tab && *p == '\t')))
			return false;
		p += size;
		n -= size;
	}
	return true;
}

const char *
smtp__field_fault(const char *p, size_t n, bool tab)
{
	if (smtp__field_is_text(p, n, tab))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\r' || p[i] == '\n')
			return "has a line end; remove it";
		if (smtp__is_control(p[i]) && !(tab && p[i] == '\t'))
			return "has a control character; remove it";
	}
	return "is not valid UTF-8";
}

bool
smtp__field_is_name(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!smtp__is_graph(p[i]) || p[i] == ':')
			return false;
	return n > 0 && n <= 76;
}
