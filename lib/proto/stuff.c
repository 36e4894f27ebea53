/* SPDX-License-Identifier: MIT */
#include "proto/stuff.h"

#include <string.h>

#include <smtp/config.h>

#if SMTP_WITH_FAST
#include "text/scan.h"
#endif

#if SMTP_WITH_BDAT
#define DOTS(s) (!(s)->plain)
#else
#define DOTS(s) true
#endif
enum { MARK = 3 };               /* octets of the end mark                */

void
smtp__stuff_begin(struct smtp__stuff *s, bool eightbit)
{
	memset(s, 0, sizeof *s);
	s->eightbit = eightbit;
}

static char
line_feed(struct smtp__stuff *s)
{
	s->after_cr = s->in_line = s->dotted = 0;
	s->column = 0;
	return '\n';
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
	size_t i = 0, column = s->column;

	do {
		size_t left = n - i, most = SMTP__CONTENT_LINE_MAX - column;
		size_t size = smtp__scan_copy(out + i, p + i,
		    left < most ? left : most, !s->eightbit);

		i += size;
		column += size;
		if (n - i < 2 || p[i] != '\r' || p[i + 1] != '\n')
			break;
		out[i++] = '\r';
		out[i++] = '\n';
		column = 0;
		if (i < n && p[i] != '.')
			i += smtp__scan_blocks(out + i, p + i, n - i,
			    SMTP__CONTENT_LINE_MAX, !s->eightbit, &column);
	} while (i < n && (column > 0 || p[i] != '.'));
	s->in_line = column > 0;
	s->dotted = s->dotted && s->in_line;
	s->column = (uint16_t)column;
	return i;
}

/* An octet goes out each time; not each time one is used of the input. */
size_t
smtp__stuff(struct smtp__stuff *s, const char **in, size_t *in_n, char *out,
    size_t room)
{
	const char *p = *in, *end = p + *in_n;
	size_t n = 0;

	while (p < end && n < room) {
		char c = *p;

		if (s->after_cr) {
			out[n++] = line_feed(s);
			p += c == '\n';
		} else if (c == '\n' || c == '\r') {
			s->after_cr = 1;
			out[n++] = '\r';
			p += c == '\r';
		} else if (c == '.' && !s->in_line && !s->dotted &&
		    DOTS(s)) {
			s->dotted = 1;
			out[n++] = '.';
		} else {
			size_t left = (size_t)(end - p);
			size_t size = pass(s, p, left < room - n ? left :
			    room - n, out + n);

			s->bad = size == 0;
			if (s->bad)
				break;
			n += size;
			p += size;
		}
	}
	*in_n = (size_t)(end - p);
	*in = p;
	return n;
}
#else
/* An octet goes out each time; it stays in the input where it goes twice. */
size_t
smtp__stuff(struct smtp__stuff *s, const char **in, size_t *in_n, char *out,
    size_t room)
{
	const char *p = *in, *end = p + *in_n;
	size_t n;

	for (n = 0; p < end && n < room; n++) {
		char c = *p++;

		if (s->after_cr) {
			p -= c != '\n';
			c = line_feed(s);
		} else if (c == '\n' || c == '\r') {
			s->after_cr = 1;
			p -= c == '\n';
			c = '\r';
		} else if (c == '.' && !s->in_line && DOTS(s)) {
			s->in_line = 1;
			p--;
		} else {
			s->in_line = 1;
			s->bad = ++s->column > SMTP__CONTENT_LINE_MAX ||
			    ((unsigned char)c > 127 && !s->eightbit);
			if (s->bad) {
				p--;
				break;
			}
		}
		out[n] = c;
	}
	*in_n = (size_t)(end - p);
	*in = p;
	return n;
}
#endif

size_t
smtp__stuff_end(struct smtp__stuff *s, char *out, size_t room, bool *done)
{
	size_t n = 0;

	while (n < room && (s->mark < MARK || (!DOTS(s) &&
	    (s->after_cr || s->in_line)))) {
		if (s->after_cr) {
			out[n++] = line_feed(s);
		} else if (s->in_line) {
			s->after_cr = 1;
			out[n++] = '\r';
		} else {
			out[n++] = ".\r\n"[s->mark++];
		}
	}
	*done = s->mark == MARK;
	return n;
}

#if SMTP_WITH_BDAT
void
smtp__stuff_begin_plain(struct smtp__stuff *s, bool eightbit)
{
	smtp__stuff_begin(s, eightbit);
	s->plain = 1;
	s->mark = MARK;
}

/* By doing it, on a copy, into nothing. */
size_t
smtp__stuff_count(struct smtp__stuff *s, const char *in, size_t in_n, bool end)
{
	struct smtp__stuff copy = *s;
	char scratch[64];
	size_t n = 0;
	bool done;

	while (in_n > 0 && !copy.bad)
		n += smtp__stuff(&copy, &in, &in_n, scratch, sizeof scratch);
	if (end)
		n += smtp__stuff_end(&copy, scratch, sizeof scratch, &done);
	s->bad = copy.bad;
	return n;
}
#endif
