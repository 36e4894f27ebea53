/* SPDX-License-Identifier: MIT */
#include "proto/stuff.h"

#include <string.h>

void
smtp__stuff_begin(struct smtp__stuff *s, bool eightbit)
{
	memset(s, 0, sizeof *s);
	s->eightbit = eightbit;
}

/* How many octets from `p` go out as they are. */
static size_t
ordinary(const struct smtp__stuff *s, const char *p, size_t n)
{
	size_t i;

	if (n > (size_t)(SMTP__CONTENT_LINE_MAX - s->column))
		n = (size_t)(SMTP__CONTENT_LINE_MAX - s->column);
	for (i = 0; i < n; i++)
		if (p[i] == '\n' || p[i] == '\r' ||
		    ((unsigned char)p[i] > 127 && !s->eightbit))
			break;
	return i;
}

static char
line_feed(struct smtp__stuff *s)
{
	s->after_cr = s->in_line = s->dotted = 0;
	s->column = 0;
	return '\n';
}

/* One octet that is not just passed on; says whether it used the input. */
static size_t
special(struct smtp__stuff *s, char c, char *out)
{
	if (s->after_cr) {
		*out = line_feed(s);
		return c == '\n';
	}
	if (c == '\n' || c == '\r') {
		s->after_cr = 1;
		*out = '\r';
		return c == '\r';
	}
	s->dotted = 1;
	*out = '.';
	return 0;
}

size_t
smtp__stuff(struct smtp__stuff *s, const char **in, size_t *in_n, char *out,
    size_t room)
{
	size_t done = 0, run;

	while (*in_n > 0 && done < room && !s->bad) {
		char c = **in;

		if (s->after_cr || c == '\n' || c == '\r' ||
		    (c == '.' && !s->in_line && !s->dotted)) {
			run = special(s, c, &out[done++]);
		} else {
			run = room - done < *in_n ? room - done : *in_n;
			run = ordinary(s, *in, run);
			s->bad = run == 0;
			memcpy(out + done, *in, run);
			s->in_line = 1;
			s->column = (uint16_t)(s->column + run);
			done += run;
		}
		*in += run;
		*in_n -= run;
	}
	return done;
}

size_t
smtp__stuff_end(struct smtp__stuff *s, char *out, size_t room, bool *done)
{
	size_t n = 0;

	while (n < room && s->mark < 3) {
		if (s->after_cr) {
			out[n++] = line_feed(s);
		} else if (s->in_line) {
			s->after_cr = 1;
			out[n++] = '\r';
		} else {
			out[n++] = ".\r\n"[s->mark++];
		}
	}
	*done = s->mark == 3;
	return n;
}
