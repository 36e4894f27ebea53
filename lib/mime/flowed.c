/* SPDX-License-Identifier: MIT */
/* Text in paragraphs: format=flowed, RFC 3676 section 4. */
#include "mime/state.h"

#include "text/ascii.h"

enum { WIDTH = 72 };             /* columns, the soft space not counted */

/* Section 4.4: these would read as something else. */
static void
stuff(struct smtp__out *out, const char *p, size_t n)
{
	if (n > 0 && (*p == ' ' || *p == '>' ||
	    (n >= 5 && memcmp(p, "From ", 5) == 0)))
		smtp__out_octet(out, ' ');
}

/*
 * How much of a paragraph goes into one line: up to the last space within the
 * width, or the first behind it. Spaces at the break stay in this line.
 */
static size_t
line_size(const char *p, size_t n)
{
	size_t columns = 0, fits = 0;

	for (size_t i = 0; i < n; i++) {
		if (((unsigned char)p[i] & 0xC0) == 0x80)
			continue;       /* not the first of a character */
		if (i > 0 && p[i - 1] == ' ' && p[i] != ' ') {
			if (columns > WIDTH + 1)
				return fits > 0 ? fits : i;
			fits = i;
		}
		columns++;
	}
	return columns > WIDTH && fits > 0 ? fits : n;
}

static void
paragraph(struct smtp__out *out, const char *p, size_t n)
{
	bool signature = n == 3 && memcmp(p, "-- ", 3) == 0;

	/* A space at the end would join it with the next. */
	while (n > 0 && p[n - 1] == ' ' && !signature)
		n--;
	do {
		size_t size = signature ? n : line_size(p, n);

		stuff(out, p, size);
		smtp__out_add(out, p, size);
		smtp__out_add(out, "\n", 1);
		p += size;
		n -= size;
	} while (n > 0);
}

int
smtp_message_set_flowed_text(struct smtp_message *m, const char *text)
{
	struct smtp__bytes all = smtp__bytes_of(text);
	struct smtp__buffer b;
	size_t from = 0;
	int rc;

	if (m == NULL || m->fault != SMTP_OK || text == NULL)
		return smtp_message_set_text(m, text);
	smtp__buffer_init(&b, &m->allocator);
	for (size_t i = 0; i <= all.n; i++) {
		size_t end = i;

		if (i < all.n && all.p[i] != '\n')
			continue;
		if (end > from && all.p[end - 1] == '\r')
			end--;
		if (i < all.n || end > from)
			paragraph(&b.out, all.p + from, end - from);
		from = i + 1;
	}
	smtp__out_octet(&b.out, '\0');
	if (b.out.over)
		rc = smtp__message_refuse(m, SMTP_E_MEMORY, "text",
		    smtp__bytes(NULL, 0), "no memory");
	else
		rc = smtp_message_set_text(m, b.out.p);
	smtp__buffer_free(&b);
	if (rc == SMTP_OK)
		rc = smtp__part_add_param(m, &m->text, "text",
		    smtp__bytes_of("format"), smtp__bytes_of("flowed"));
	return rc;
}
