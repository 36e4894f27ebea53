/* SPDX-License-Identifier: MIT */
#include "dkim/canon.h"

#include "text/ascii.h"

void
smtp__canon_begin(struct smtp__canon *c, bool relaxed)
{
	smtp__hash_init(&c->hash, SMTP__SHA256);
	c->relaxed = relaxed;
	c->blank = c->text = false;
	c->line_ends = 0;
	c->held_n = 0;
}

static void
flush(struct smtp__canon *c)
{
	smtp__hash_feed(&c->hash, c->held, c->held_n);
	c->held_n = 0;
}

static void
put(struct smtp__canon *c, char octet)
{
	if (c->held_n == sizeof c->held)
		flush(c);
	c->held[c->held_n++] = octet;
}

static void
put_line_end(struct smtp__canon *c)
{
	put(c, '\r');
	put(c, '\n');
}

/* Line ends and white space wait, since at an end they do not count. */
void
smtp__canon_body(struct smtp__canon *c, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\r')
			continue;
		if (p[i] == '\n') {
			c->line_ends++;
			c->blank = false;
			continue;
		}
		if (c->relaxed && smtp__is_blank(p[i])) {
			c->blank = true;
			continue;
		}
		for (; c->line_ends > 0; c->line_ends--)
			put_line_end(c);
		if (c->blank)
			put(c, ' ');
		c->blank = false;
		c->text = true;
		put(c, p[i]);
	}
}

/* Sections 3.4.3 and 3.4.4: an empty body is CRLF, or relaxed nothing. */
int
smtp__canon_body_end(struct smtp__canon *c,
    unsigned char digest[SMTP__DKIM_DIGEST])
{
	if (c->text || !c->relaxed)
		put_line_end(c);
	return smtp__canon_end(c, digest);
}

/* Section 3.4.2: unfolded, white space as one space, none at the ends. */
static void
relax(struct smtp__canon *c, const char *p, size_t n)
{
	bool name = true, blank = false, start = true;

	for (size_t i = 0; i < n; i++) {
		char octet = p[i];

		if (octet == '\r' || octet == '\n')
			continue;
		if (smtp__is_blank(octet)) {
			blank = true;
			continue;
		}
		if (blank && !start && !(name && octet == ':'))
			put(c, ' ');
		blank = start = false;
		if (name && octet == ':') {
			name = false;
			start = true;
		}
		put(c, name ? smtp__lower(octet) : octet);
	}
	if (p[n - 1] == '\n')
		put_line_end(c);
}

void
smtp__canon_field(struct smtp__canon *c, const char *p, size_t n)
{
	if (c->relaxed) {
		relax(c, p, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		put(c, p[i]);
}

int
smtp__canon_end(struct smtp__canon *c,
    unsigned char digest[SMTP__DKIM_DIGEST])
{
	flush(c);
	return smtp__hash_take(&c->hash, digest);
}
