/* SPDX-License-Identifier: MIT */
#include "mime/raw.h"

#include <string.h>

#include "text/scan.h"

void
smtp__raw_init(struct smtp__raw *r, bool allow_head, bool allow_body)
{
	memset(r, 0, sizeof(*r));
	r->allow_head = allow_head;
	r->allow_body = allow_body;
	r->line = 1;
}

bool
smtp__any_high(const char *p, size_t n)
{
	uint64_t all = 0, word;

	for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		all |= word;
	}
	for (; n > 0; p++, n--)
		all |= (unsigned char)*p & 0x80u;
	return (all & UINT64_C(0x8080808080808080)) != 0;
}

/* A stretch of one line. */
static enum smtp__raw_fault
look(struct smtp__raw *r, const char *p, size_t n)
{
	if (n == 0)
		return SMTP__RAW_OK;
	if (memchr(p, '\r', n) != NULL)
		return SMTP__RAW_BARE_CR;
	if (memchr(p, '\0', n) != NULL)
		return SMTP__RAW_NUL;
	if (n > SMTP__LINE_MAX - r->column)
		return SMTP__RAW_LONG_LINE;
	if (!smtp__any_high(p, n))
		return SMTP__RAW_OK;
	if (r->in_body) {
		r->high_body = true;
		return r->allow_body ? SMTP__RAW_OK : SMTP__RAW_HIGH_BODY;
	}
	r->high_head = true;
	return r->allow_head ? SMTP__RAW_OK : SMTP__RAW_HIGH_HEAD;
}

static void
end_line(struct smtp__raw *r)
{
	if (r->column == 0)
		r->in_body = true;
	r->column = 0;
	r->line++;
}

/* A whole line that is as it has to be: its octets with CRLF, or 0. */
static size_t
good_line(const struct smtp__raw *r, const char *p, size_t n)
{
	size_t size = smtp__scan_line(p, n, true);

	if (n - size < 2 || p[size] != '\r' || p[size + 1] != '\n' ||
	    size > SMTP__LINE_MAX - r->column ||
	    (size > 0 && memchr(p, '\0', size) != NULL))
		return 0;
	return size + 2;
}

size_t
smtp__raw_convert(struct smtp__raw *r, const char *in, size_t n, bool last,
    size_t *used, char *out, size_t cap)
{
	size_t i = 0, wrote = 0;

	while (i < n) {
		size_t size = good_line(r, in + i, n - i);
		size_t room = cap - wrote, end;
		const char *lf;

		if (size > 0 && size <= room) {
			if (out != NULL)
				memcpy(out + wrote, in + i, size);
			wrote += size;
			i += size;
			r->column += size - 2;
			end_line(r);
			continue;
		}
		lf = memchr(in + i, '\n', n - i);
		end = lf != NULL ? (size_t)(lf - in) : n;
		size = end - i;
		if (size > 0 && in[end - 1] == '\r' && (lf != NULL || !last))
			size--;
		if (size > room)
			size = room;
		r->fault = look(r, in + i, size);
		if (r->fault != SMTP__RAW_OK)
			break;
		if (out != NULL && size > 0)
			memcpy(out + wrote, in + i, size);
		wrote += size;
		i += size;
		r->column += size;
		if (lf == NULL || end - i > 1 || cap - wrote < 2)
			break;
		if (out != NULL)
			memcpy(out + wrote, "\r\n", 2);
		wrote += 2;
		i = end + 1;
		end_line(r);
	}
	if (i == n && last && r->column > 0 && cap - wrote >= 2) {
		if (out != NULL)
			memcpy(out + wrote, "\r\n", 2);
		wrote += 2;
		end_line(r);
	}
	*used = i;
	return wrote;
}

const char *
smtp__raw_words(enum smtp__raw_fault fault)
{
	switch (fault) {
	case SMTP__RAW_BARE_CR:
		return "has a CR without LF; end lines with LF or CRLF";
	case SMTP__RAW_NUL:
		return "has a NUL octet";
	case SMTP__RAW_LONG_LINE:
		return "has over 998 octets; encode the content";
	case SMTP__RAW_HIGH_HEAD:
		return "has octets above 127 in the header, which need "
		    "SMTPUTF8";
	default: /* SMTP__RAW_HIGH_BODY */
		return "has octets above 127, which need 8BITMIME; encode "
		    "the content";
	}
}
