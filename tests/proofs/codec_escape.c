/* SPDX-License-Identifier: MIT */
/*
 * What stands for itself, and how the rest is written.
 *
 * Sources: lib/text/utf8.c lib/codec/line.c lib/codec/base64.c
 */
#include "proof.h"

#include "codec/escape.c"
#include "text/ascii.h"

/* Said once more, as the grammars have it. */
static bool
stands(char c, enum smtp__escape how)
{
	switch (how) {
	case SMTP__ESCAPE_TEXT:
		return c > 32 && c < 127 && c != '=' && c != '?' && c != '_';
	case SMTP__ESCAPE_PHRASE:
		return smtp__is_alnum(c) || c == '!' || c == '*' || c == '+' ||
		    c == '-' || c == '/';
	case SMTP__ESCAPE_PARAM:
		return smtp__is_token(c) && c != '*' && c != '\'' && c != '%';
	case SMTP__ESCAPE_ATOM:
		return smtp__is_atext(c);
	case SMTP__ESCAPE_QUOTED:
		return c != '"' && c != '\\';
	default:
		return true;
	}
}

/*
 * One octet: what the tables say is what the grammars do.
 *
 * Proves: smtp__escape_passes escape.c:one smtp__escape_hex
 * Wraps: smtp__escape_passes
 * Bounds: none, all octets
 * Unwind: 22
 */
void
proof_one(void)
{
	enum smtp__escape how = (enum smtp__escape)up_to(SMTP__ESCAPE_NONE);
	char c = any_char(), out[3];
	size_t n = one(c, how, out);

	HOLDS(smtp__escape_passes(c, how) == stands(c, how));
	HOLDS(n >= 1 && n <= 3);
	HOLDS(!stands(c, how) || (n == 1 && out[0] == c));
	REACHES(n == 1 && out[0] != c);
	REACHES(n == 2);
	REACHES(n == 3);
}

static size_t
some_one(char c, enum smtp__escape how, char out[3])
{
	(void)c, (void)how;
	out[0] = any_char();
	out[1] = any_char();
	out[2] = any_char();
	return 1 + up_to(2);
}

static void
some_octet(struct smtp__line *line, char c)
{
	(void)c;
	line->n++;
}

/*
 * A text.
 *
 * Proves: smtp__escape smtp__escape_width
 * Replaces: escape.c:one=some_one smtp__line_octet=some_octet
 * Bounds: 3 octets (6), by which each rest is
 * Unwind: 5, 8
 */
void
proof_text(void)
{
	const size_t n = BOUND(3, 6);
	const char *p = any_octets(n);
	struct smtp__line line;
	size_t width = smtp__escape_width(p, n, SMTP__ESCAPE_TEXT);

	HOLDS(width >= n && width <= 3 * n);
	smtp__line_begin(&line, NULL, 0, 0);
	smtp__escape(&line, p, n, SMTP__ESCAPE_TEXT);
	HOLDS(line.n >= n && line.n <= 3 * n);
	REACHES(line.n == 3 * n);
}

static size_t
some_width(const char *p, size_t n, enum smtp__escape how)
{
	size_t width = up_to(3 * n);

	(void)how;
	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	ASSUME(width >= n);
	return width;
}

static size_t
some_next(const char *p, size_t n, uint32_t *c)
{
	(void)c;
	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	return up_to(n < 4 ? n : 4);
}

/*
 * What fits: no more than there is, and than there is room for.
 *
 * Proves: smtp__escape_fit
 * Replaces: smtp__escape_width=some_width smtp__utf8_next=some_next
 * Bounds: up to 4 octets (8) into any room
 * Unwind: 6, 10
 */
void
proof_fit(void)
{
	size_t n = up_to(BOUND(4, 8)), room = any_size(), threes, taken;

	taken = smtp__escape_fit(any_octets(n), n, room, SMTP__ESCAPE_TEXT,
	    &threes);
	HOLDS(taken <= n && taken <= room);
	HOLDS(threes <= taken && threes % 3 == 0);
	REACHES(taken == 2 && n == 4);
	REACHES(taken == 4 && threes == 3);
}
