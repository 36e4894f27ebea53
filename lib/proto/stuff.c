/* SPDX-License-Identifier: MIT */
#include "proto/stuff.h"

#include <string.h>

#include <smtp/config.h>

#if SMTP_WITH_FAST
#include "text/scan.h"
#endif

#if SMTP_WITH_BDAT
#define IS_PLAIN(s) ((s)->plain)
#else
#define IS_PLAIN(s) false
#endif

#if SMTP_WITH_8BITMIME
#define PASSES_8BIT(s) ((s)->eightbit)
#else
#define PASSES_8BIT(s) false
#endif

/* A dot at the start of a line goes out twice, but not that of the mark. */
#define DOUBLES(s) (!(s)->ended && !IS_PLAIN(s))

bool
smtp__stuff_ended(const struct smtp__stuff *s)
{
	return s->ended && s->in_n == 0;
}

/*
 * Is there an octet? Behind the last one come the end of its line and the
 * mark, as if they had been given.
 */
static bool
has_more(struct smtp__stuff *s)
{
	if (s->in_n == 0 && s->end && !s->ended) {
		size_t out = s->column == 0 ? 2 :
		    s->column == SMTP__STUFF_CR;

		s->ended = 1;
		s->in = &"\r\n.\r\n"[out];
		s->in_n = (IS_PLAIN(s) ? 2 : 5) - out;
	}
	return s->in_n > 0;
}

void
smtp__stuff_begin(struct smtp__stuff *s, bool eightbit)
{
	memset(s, 0, sizeof *s);
#if SMTP_WITH_8BITMIME
	s->eightbit = eightbit;
#endif
	(void)eightbit;
}

#if SMTP_WITH_FAST
/*
 * As many octets as may pass as they are, line after line: up to a dot at the
 * start of a line, a line end that is no CRLF, an octet that may not pass, or
 * the end. `p` begins with none that ends a line. Returns their number.
 */
static size_t
pass(struct smtp__stuff *s, const char *p, size_t n, char *out)
{
	size_t i = 0, column = s->column > 0 ? s->column - 1U : 0;

	do {
		size_t left = n - i, most = SMTP__CONTENT_LINE_MAX - column;
		size_t size = smtp__scan_copy(out + i, p + i,
		    left < most ? left : most, !PASSES_8BIT(s));

		i += size;
		column += size;
		if (n - i < 2 || p[i] != '\r' || p[i + 1] != '\n')
			break;
		out[i++] = '\r';
		out[i++] = '\n';
		column = 0;
		if (i < n && p[i] != '.')
			i += smtp__scan_blocks(out + i, p + i, n - i,
			    SMTP__CONTENT_LINE_MAX, !PASSES_8BIT(s), &column);
	} while (i < n && (column > 0 || p[i] != '.'));
	s->column = (uint16_t)(column > 0 ? column + 1 : 0);
	return i;
}

/* An octet goes out each time; not each time one is used of the input. */
size_t
smtp__stuff(struct smtp__stuff *s, char *out, size_t room)
{
	size_t n = 0;

	while (n < room && has_more(s)) {
		size_t used = 1;
		char c = *s->in;

		if (s->column == SMTP__STUFF_CR) {
			s->column = 0;
			out[n++] = '\n';
			used = c == '\n';
		} else if (c == '\n' || c == '\r') {
			s->column = SMTP__STUFF_CR;
			out[n++] = '\r';
			used = c == '\r';
		} else if (c == '.' && s->column == 0 && DOUBLES(s)) {
			s->column = 1;
			out[n++] = '.';
			used = 0;
		} else {
			used = pass(s, s->in, s->in_n < room - n ? s->in_n :
			    room - n, out + n);
			s->bad = used == 0;
			if (s->bad)
				break;
			n += used;
		}
		s->in += used;
		s->in_n -= used;
	}
	return n;
}
#else
/* An octet goes out each time; it stays in the input where it goes twice. */
size_t
smtp__stuff(struct smtp__stuff *s, char *out, size_t room)
{
	size_t n;
	char c;

	for (n = 0; n < room && has_more(s); out[n++] = c) {
		c = *s->in;
		if (s->column == SMTP__STUFF_CR) {
			s->column = 0;
			if (c != '\n') {
				c = '\n';
				continue;
			}
		} else if (c == '\n') {
			s->column = SMTP__STUFF_CR;
			c = '\r';
			continue;
		} else if (c == '\r') {
			s->column = SMTP__STUFF_CR;
		} else if (c == '.' && s->column == 0 && DOUBLES(s)) {
			s->column = 1;
			continue;
		} else {
			s->column = (uint16_t)(s->column +
			    (s->column == 0 ? 2 : 1));
			if (s->column > 1 + SMTP__CONTENT_LINE_MAX ||
			    ((unsigned char)c > 127 && !PASSES_8BIT(s))) {
				s->bad = 1;
				break;
			}
		}
		s->in++;
		s->in_n--;
	}
	return n;
}
#endif

#if SMTP_WITH_BDAT
void
smtp__stuff_begin_plain(struct smtp__stuff *s, bool eightbit)
{
	smtp__stuff_begin(s, eightbit);
	s->plain = 1;
}

/* By doing it, on a copy, into nothing. */
size_t
smtp__stuff_count(struct smtp__stuff *s)
{
	struct smtp__stuff copy = *s;
	char scratch[64];
	size_t n = 0, more;

	do {
		more = smtp__stuff(&copy, scratch, sizeof scratch);
		n += more;
	} while (more > 0);
	s->bad = copy.bad;
	return n;
}
#endif
