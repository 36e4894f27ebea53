/* SPDX-License-Identifier: MIT */
#include "proto/reply.h"

#include <smtp/engine.h>

enum {                           /* the first three count digits          */
	SEPARATOR = 3,
	WORDS,
	LF
};

#if SMTP_WITH_ENHANCED
enum {
	CLASS,
	CLASS_DOT,
	SUBJECT,                 /* its first digit                       */
	SUBJECT_MORE,
	DETAIL,
	DETAIL_MORE,
	OFF
};
#endif

void
smtp__reply_begin(struct smtp__reply *r)
{
	r->total = 0;
	r->column = 0;
	r->digits = 0;
	r->state = 0;
	r->lines = 0;
	r->done = 0;
	r->cut = 0;
#if SMTP_WITH_ENHANCED
	r->enhanced = CLASS;
	r->subject = r->detail = SMTP_NO_ENHANCED;
#endif
#if SMTP_WITH_TEXT
	r->text_n = r->line_at = 0;
#endif
}

#if SMTP_WITH_TEXT
static void
keep(struct smtp__reply *r, char c)
{
	if (r->text_n < r->text_room)
		r->text[r->text_n++] = c;
	else
		r->cut = 1;
}
#endif

#if SMTP_WITH_ENHANCED
/* class.subject.detail is complete: it is no part of the words (RFC 2034). */
static void
enhance(struct smtp__reply *r)
{
	if (r->lines == 0) {
		r->subject = r->number[0];
		r->detail = r->number[1];
	}
#if SMTP_WITH_TEXT
	if (r->subject == r->number[0] && r->detail == r->number[1])
		r->text_n = r->line_at;
#endif
}

/*
 * Another octet of where an enhanced code may be. True if it was the space
 * behind one. The class has to be that of the code (RFC 2034 section 4).
 */
static int
enhanced(struct smtp__reply *r, unsigned char c)
{
	uint16_t *number = &r->number[r->enhanced >= DETAIL];
	uint8_t at = r->enhanced, next = OFF;

	if (at == CLASS && c == r->klass) {
		next = CLASS_DOT;
	} else if (at == CLASS_DOT && c == '.') {
		next = SUBJECT;
	} else if ((at == SUBJECT || at == DETAIL) && c >= '0' && c <= '9') {
		*number = (uint16_t)(c - '0');
		next = (uint8_t)(at + 1);
	} else if (at == SUBJECT_MORE || at == DETAIL_MORE) {
		if (c >= '0' && c <= '9' && *number > 0 && *number < 100) {
			*number = (uint16_t)(*number * 10U + (c - '0'));
			next = at;
		} else if (at == SUBJECT_MORE && c == '.') {
			next = DETAIL;
		} else if (at == DETAIL_MORE && (c == ' ' || c == '\r')) {
			enhance(r);
			r->enhanced = OFF;
			return c == ' ';
		}
	}
	r->enhanced = next;
	return 0;
}
#endif

/* The third digit was read: is it a code, and that of the other lines? */
static int
check_code(struct smtp__reply *r)
{
	if (r->lines == 0)
		r->code = r->digits;
#if SMTP_WITH_ENHANCED
	r->enhanced = r->plain || r->klass == '3' ? OFF : CLASS;
#endif
	return r->code == r->digits && r->code >= 200 && r->code < 600;
}

static enum smtp__reply_event
words(struct smtp__reply *r, unsigned char c)
{
	if (c == '\n')
		return SMTP__REPLY_BAD;
#if SMTP_WITH_ENHANCED
	if (r->enhanced != OFF && enhanced(r, c))
		return SMTP__REPLY_MORE;
#endif
	if (c == '\r') {
		r->state = LF;
		return SMTP__REPLY_MORE;
	}
#if SMTP_WITH_TEXT
	keep(r, (char)c);
#endif
	return SMTP__REPLY_TEXT;
}

static enum smtp__reply_event
end_of_line(struct smtp__reply *r)
{
	r->done = r->last;
	if (r->done)
		return SMTP__REPLY_DONE;
	r->state = 0;
	r->digits = 0;
	r->column = 0;
	r->lines = 1;
#if SMTP_WITH_TEXT
	keep(r, '\n');
	r->line_at = r->text_n;
#endif
	return SMTP__REPLY_LINE;
}

enum smtp__reply_event
smtp__reply_octet(struct smtp__reply *r, unsigned char c)
{
	if (++r->column > SMTP__REPLY_LINE_MAX || r->total == SMTP__REPLY_MAX)
		return SMTP__REPLY_BAD;
	r->total++;

	switch (r->state) {
	case SEPARATOR:
		r->last = c != '-';
		if (c != ' ' && c != '-' && c != '\r')
			return SMTP__REPLY_BAD;
		r->state = c == '\r' ? LF : WORDS;
		return SMTP__REPLY_MORE;
	case WORDS:
		return words(r, c);
	case LF:
		return c == '\n' ? end_of_line(r) : SMTP__REPLY_BAD;
	default:
		if (c < '0' || c > '9')
			return SMTP__REPLY_BAD;
		if (r->state == 0)
			r->klass = c;
		r->digits = (uint16_t)(r->digits * 10U + (c - '0'));
		if (++r->state == SEPARATOR && !check_code(r))
			return SMTP__REPLY_BAD;
		return SMTP__REPLY_MORE;
	}
}
