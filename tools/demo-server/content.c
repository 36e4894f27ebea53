/* SPDX-License-Identifier: MIT */
/*
 * A mail as it arrives: RFC 5321 section 4.5.2 undone, each octet looked at.
 *
 * Only CR LF . CR LF ends it. What a lenient server would let pass, a bare CR
 * or LF above all, is kept in mind and the mail refused at its end.
 */
#include "server.h"

#include <string.h>

enum { LINE_MAX_OCTETS = 998 };

void
content_begin(struct content *c, FILE *file)
{
	memset(c, 0, sizeof *c);
	c->file = file;
	c->start = true;
	c->header = true;
}

static void
store(struct content *c, unsigned char octet)
{
	c->size++;
	if (c->file != NULL)
		putc(octet, c->file);
}

/* One octet of the mail itself, whatever carried it. */
void
content_raw(struct content *c, unsigned char octet)
{
	store(c, octet);
	if (octet == '\n') {
		if (!c->cr)
			c->bare_lf = true;
		else if (c->line == 0)
			c->header = false;
		if (c->line > LINE_MAX_OCTETS)
			c->long_line = true;
		c->line = 0;
		c->cr = false;
		return;
	}
	if (c->cr) {
		c->bare_cr = true;
		c->line++;
	}
	c->cr = octet == '\r';
	if (c->cr)
		return;
	c->line++;
	if (octet == '\0')
		c->nul = true;
	if (octet > 127) {
		c->high = true;
		if (c->header)
			c->high_header = true;
	}
}

/*
 * One octet after 354. A dot at the start of a line waits for the next one:
 * with CR LF it is the end, else it was stuffed and is dropped.
 */
bool
content_dotted(struct content *c, unsigned char octet)
{
	if (c->dot) {
		if (c->start && octet == '\r') {
			c->start = false;       /* ". CR" so far */
			return false;
		}
		c->dot = false;
		if (!c->start) {
			if (octet == '\n') {
				c->done = true;
				return true;
			}
			content_raw(c, '\r');
		}
		if (octet != '.' || !c->start)
			c->unstuffed = true;
		c->start = false;
	} else if (c->start && octet == '.') {
		c->dot = true;
		return false;
	}
	c->start = octet == '\n' && c->cr;
	content_raw(c, octet);
	return false;
}
