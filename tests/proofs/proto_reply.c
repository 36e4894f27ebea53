/* SPDX-License-Identifier: MIT */
/*
 * The reader of replies: one octet from any state.
 *
 * Sources:
 */
#include "proof.h"

#include "proto/reply.c"

/* What every state has. */
static bool
sound(const struct smtp__reply *r)
{
	return r->column <= SMTP__REPLY_LINE_MAX &&
	    (r->column > 0 || r->said == 0) &&
	    (r->column != 1 || r->said <= 9) &&
	    (r->column != 2 || r->said <= 99) &&
#if SMTP_WITH_ENHANCED
	    r->at <= NO_CODE &&
#endif
	    r->text_n <= r->text_room && r->line_at <= r->text_n &&
	    (r->text_room == 0 || __CPROVER_w_ok(r->text, r->text_room));
}

/*
 * Any octet in any state: the words stay in their arena and numbers in their
 * range.
 *
 * Proves: smtp__reply_octet smtp__reply_done reply.c:head begin_line
 *   end_of_line enhanced reply.c:keep
 * Bounds: none: one octet, in any state that sound() tells, and then it is
 *   sound again unless the reply was refused; an arena of up to 8 octets
 * Wraps: enhanced end_of_line
 * Unwind: 2
 */
void
proof_octet(void)
{
	struct smtp__reply r;
	enum smtp__reply_event event;
	uint8_t later;
	size_t words;

	r.text_room = (uint16_t)up_to(8);
	r.text = r.text_room > 0 ? any_octets(r.text_room) : NULL;
	ASSUME(sound(&r));
	later = r.later;
	words = r.text_n;
	event = smtp__reply_octet(&r, any_uchar());
	if (event != SMTP__REPLY_BAD)
		HOLDS(sound(&r));
	HOLDS(event != SMTP__REPLY_LINE || r.later == later + 1);
	REACHES(event == SMTP__REPLY_LINE && r.cut);
	REACHES(event == SMTP__REPLY_TEXT && r.text_n > words);
	REACHES(event == SMTP__REPLY_MORE && r.text_n < words);
	REACHES(event == SMTP__REPLY_BAD && later == 255);
	HOLDS((event == SMTP__REPLY_DONE) == smtp__reply_done(&r) ||
	    event == SMTP__REPLY_BAD);
	REACHES(event == SMTP__REPLY_DONE);
}
