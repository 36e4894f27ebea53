/* SPDX-License-Identifier: MIT */
#include "proto/reply.h"

#include <smtp/engine.h>

#define CODE 3                   /* its digits                            */
#define NO_CODE 3                /* no enhanced code, or it is behind us  */
#define NO_DIGIT 0xffff          /* of a number yet                       */

#if SMTP_WITH_TEXT
/* What may still be an enhanced code is no word that is missed. */
#if SMTP_WITH_ENHANCED
#define CUT(r) ((r)->at == NO_CODE ? 1 : 2)
#else
#define CUT(r) 1
#endif

static void
keep(struct smtp__reply *r, char c)
{
	if (r->text_n < r->text_room)
		r->text[r->text_n++] = c;
	else
		r->cut |= CUT(r);
}
#endif

#if SMTP_WITH_ENHANCED
/*
 * One octet of class.subject.detail (RFC 2034 section 4). The class has to be
 * that of the code; the space behind is no part of the words. True if the
 * octet was that space.
 */
static int
enhanced(struct smtp__reply *r, unsigned char c)
{
	unsigned at = r->at, n = r->number[at];
	unsigned digit = (unsigned)c - (unsigned)'0';

	if (digit < 10 && (n == NO_DIGIT || (n > 0 && n < 100))) {
		n = n == NO_DIGIT ? 0 : n * 10;
		r->number[at] = (uint16_t)(n + digit);
		return 0;
	}
	if (c == '.' && at < 2 && n != NO_DIGIT) {
		r->number[++r->at] = NO_DIGIT;
		return 0;
	}
	r->at = NO_CODE;
	if ((c != ' ' && c != '\r') || at < 2 || n == NO_DIGIT ||
	    r->number[0] + '0' != r->klass)
		return 0;
	if (!r->later) {
		r->subject = r->number[1];
		r->detail = (uint16_t)n;
	}
	if (r->subject != r->number[1] || r->detail != n)
		return 0;
#if SMTP_WITH_TEXT
	r->text_n = r->line_at;
	r->cut &= 1;
#endif
	return c == ' ';
}
#endif

/* The code of a line was read; that of the first is the reply's. */
static void
begin_line(struct smtp__reply *r)
{
#if SMTP_WITH_ENHANCED
	r->number[0] = NO_DIGIT;
	r->at = r->plain || r->klass == '3' ? NO_CODE : 0;
#endif
	if (r->later)
		return;
	r->code = r->said;
#if SMTP_WITH_ENHANCED
	r->subject = r->detail = SMTP_NO_ENHANCED;
#endif
#if SMTP_WITH_TEXT
	r->text_n = r->line_at = r->cut = 0;
#endif
}

static enum smtp__reply_event
end_of_line(struct smtp__reply *r)
{
	r->column = r->said = 0;
	if (r->last)
		return SMTP__REPLY_DONE;
	if (++r->later == 0)
		return SMTP__REPLY_BAD;
#if SMTP_WITH_TEXT
	keep(r, '\n');
	r->line_at = r->text_n;
#endif
	return SMTP__REPLY_LINE;
}

/* Before the words: the code, and what stands behind it. */
static enum smtp__reply_event
head(struct smtp__reply *r, unsigned char c)
{
	if (r->column > CODE) {
		r->last = c != '-';
		r->cr = c == '\r';
		return c == '-' || c == ' ' || r->cr ? SMTP__REPLY_MORE :
		    SMTP__REPLY_BAD;
	}
	if (r->column == 1) {
		if (r->last)     /* of the reply before                   */
			r->later = 0;
		r->klass = c;
	}
	if (c < '0' || c > '9' || r->klass < '2' || r->klass > '5')
		return SMTP__REPLY_BAD;
	r->said = (uint16_t)(r->said * 10U + (c - '0'));
	if (r->column == CODE) {
		begin_line(r);
		if (r->said != r->code)
			return SMTP__REPLY_BAD;
	}
	return SMTP__REPLY_MORE;
}

enum smtp__reply_event
smtp__reply_octet(struct smtp__reply *r, unsigned char c)
{
	if (++r->column <= CODE + 1)
		return head(r, c);
	if (r->column > SMTP__REPLY_LINE_MAX)
		return SMTP__REPLY_BAD;
	/* They are a pair. */
	if (r->cr || c == '\n')
		return r->cr && c == '\n' ? end_of_line(r) : SMTP__REPLY_BAD;
#if SMTP_WITH_ENHANCED
	if (r->at != NO_CODE && enhanced(r, c))
		return SMTP__REPLY_MORE;
#endif
	if (c == '\r') {
		r->cr = 1;
		return SMTP__REPLY_MORE;
	}
#if SMTP_WITH_TEXT
	keep(r, (char)c);
#endif
	return SMTP__REPLY_TEXT;
}
