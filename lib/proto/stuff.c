/* SPDX-License-Identifier: MIT */
#include "proto/stuff.h"

#include <string.h>

#include <smtp/config.h>

#if SMTP_WITH_FAST
#include "text/scan.h"
#endif

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
/* How many octets of this line may pass as they are; 0: the first may not. */
static size_t
run(struct smtp__stuff *s, const char *p, size_t n)
{
	size_t most = (size_t)SMTP__CONTENT_LINE_MAX - s->column;

	n = smtp__scan_line(p, n < most ? n : most, !s->eightbit);
	s->column = (uint16_t)(s->column + n);
	return n;
}
#endif

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
		} else if (c == '.' && !s->in_line && !s->dotted) {
			s->dotted = 1;
			out[n++] = '.';
		} else {
			s->in_line = 1;
#if SMTP_WITH_FAST
			size_t left = (size_t)(end - p), size;

			size = run(s, p, left < room - n ? left : room - n);
			s->bad = size == 0;
			memcpy(out + n, p, size);
			n += size;
			p += size;
			if (s->bad)
				break;
#else
			s->bad = ++s->column > SMTP__CONTENT_LINE_MAX ||
			    ((unsigned char)c > 127 && !s->eightbit);
			if (s->bad)
				break;
			out[n++] = c;
			p++;
#endif
		}
	}
	*in_n = (size_t)(end - p);
	*in = p;
	return n;
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
