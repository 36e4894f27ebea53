/* SPDX-License-Identifier: MIT */
/*
 * The engine hears: the octet that ends any reply, at each step, in any state
 * that engine.h tells, and then it is such a state again.
 *
 * Sources: lib/proto/dialogue.c lib/proto/rows.c
 */
#include "proof.h"

#include "proto/engine.c"

#include "engine.h"
#include "engine_calls.h"

/* One octet. */
static void
hears(struct smtp_engine *e)
{
	unsigned char c = any_uchar();

	HOLDS(smtp_engine_feed(e, &c, 1) == 1);
	HOLDS(sound());
	HOLDS(list_is_sound());
}

/* A reply that is owed, to what is no mail. */
static struct smtp_engine *
waits_for(enum step step)
{
	struct smtp_engine *e = world(SESSION, HOLD, step, ANY, ANY);

	ASSUME(e->owed > 0);
	hears(e);
	return e;
}

/*
 * The greeting.
 *
 * Proves: hear_greeting
 * Bounds: none
 * Unwind: 5
 */
void
proof_greeting(void)
{
	struct smtp_engine *e = waits_for(GREETING);

	REACHES(e->say == EHLO);
	REACHES(e->say == QUIT);
	REACHES(e->say == OVER);
}

/*
 * The reply to EHLO, whatever words it has.
 *
 * Proves: hear_ehlo settle
 * Bounds: none
 * Unwind: 5
 */
void
proof_ehlo(void)
{
	struct smtp_engine *e = waits_for(EHLO);

	REACHES(e->say == HELO);
	REACHES(e->say == STARTTLS);
	REACHES(e->say == READY);
}

/*
 * The reply to HELO.
 *
 * Proves: hear_ehlo settle
 * Bounds: none
 * Unwind: 5
 */
void
proof_helo(void)
{
	REACHES(waits_for(HELO)->say == READY);
}

/*
 * The reply to STARTTLS.
 *
 * Proves: hear_starttls
 * Bounds: none
 * Unwind: 5
 */
void
proof_starttls(void)
{
	struct smtp_engine *e = waits_for(STARTTLS);

	REACHES(e->say == HANDSHAKE);
	REACHES(e->say == QUIT);
}

/*
 * The reply to AUTH: a challenge, success, or another mechanism.
 *
 * Proves: hear_auth hear_challenge decode is_complete answer is_stepped
 * Bounds: none
 * Unwind: 5
 * Loops: smtp__dialogue_say.0:18
 */
void
proof_auth(void)
{
	struct smtp_engine *e = waits_for(AUTH);

	REACHES(e->say == ANSWER && e->cancel);
	REACHES(e->say == ANSWER && !e->cancel);
	REACHES(e->say == AUTH);
	REACHES(e->say == RESPONSE);
	REACHES(e->authenticated && e->say == READY);
}

/*
 * The reply to a response.
 *
 * Proves: hear_auth hear_challenge
 * Bounds: none
 * Unwind: 5
 * Loops: smtp__dialogue_say.0:18
 */
void
proof_answer(void)
{
	struct smtp_engine *e = waits_for(ANSWER);

	REACHES(e->say == ANSWER && !e->cancel);
	REACHES(e->authenticated && e->say == READY);
}

/*
 * The reply to a command of the caller's, to RSET without a mail, and to QUIT.
 *
 * Proves: hear_command hear
 * Bounds: none
 * Unwind: 5
 */
void
proof_others(void)
{
	struct smtp_engine *e;

	switch (any_int()) {
	case 0:
		e = waits_for(COMMAND);
		REACHES(e->say == READY && e->status != SMTP_OK);
		break;
	case 1:
		e = waits_for(RSET);
		REACHES(e->say == READY && !e->dirty);
		break;
	default:
		e = waits_for(QUIT);
		HOLDS(e->say == OVER || !smtp__reply_done(&e->reply));
	}
}

/*
 * A reply that nobody waits for, where there is no mail.
 *
 * Proves: hear hear_unasked is_in_content smtp__engine_fail
 * Bounds: none
 * Unwind: 5
 */
void
proof_unasked(void)
{
	struct smtp_engine *e = world(SESSION, ANY, ANY, ANY, ANY);
	bool wanted = e->say == HOLD || e->say == OVER;
	struct smtp__caps was = e->caps;

	ASSUME(!wanted);
	hears(e);
	HOLDS(e->caps.offers == was.offers);
	HOLDS(e->say == OVER || !smtp__reply_done(&e->reply));
	REACHES(e->status == SMTP_E_CLOSED);
}

/* A reply that is owed, the cursors together and apart. */
#define TRANSACTIONS(e, step, row) \
	for (unsigned shape = TOGETHER, it = any_unsigned(); shape <= FAR; \
	    shape++) \
		if (it == shape) \
			for (struct smtp_engine *e = world(shape, ANY, (step), \
			    ANY, (row)); e != NULL; e = NULL)

/*
 * A reply that nobody waits for, while mails are under way.
 *
 * Proves: hear hear_unasked is_in_content smtp__engine_fail
 * Bounds: up to three deliveries with two rows each
 * Unwind: 5
 */
void
proof_no(void)
{
	TRANSACTIONS(e, ANY, ANY) {
		ASSUME(e->owed == 0);
		hears(e);
		REACHES(e->status == SMTP_E_LATER && e->say == OVER);
		REACHES(e->status == SMTP_E_PROTOCOL);
	}
}

/*
 * The reply to the RSET before a mail.
 *
 * Proves: hear_rset
 * Bounds: up to three deliveries with two rows each
 * Unwind: 5
 */
void
proof_rset(void)
{
	TRANSACTIONS(e, RSET, ANY) {
		ASSUME(e->owed > 0);
		hears(e);
		REACHES(e->say == MAIL);
		REACHES(e->say == OVER);
		REACHES(e->hear == MAIL && e->owed > 2);
	}
}

/*
 * The reply to MAIL.
 *
 * Proves: hear_mail decide decide_all unless_503 finish smtp__dialogue_next
 *   smtp__dialogue_following is_out_of_place remember
 * Bounds: up to three deliveries with two rows each
 * Unwind: 5
 */
void
proof_mail(void)
{
	TRANSACTIONS(e, MAIL, ANY) {
		ASSUME(e->owed > 0);
		hears(e);
		REACHES(e->say == RCPT);
		REACHES(e->say == OVER);
		REACHES(e->heard == &two);
	}
}

/*
 * The reply to DATA.
 *
 * Proves: hear_data
 * Bounds: up to three deliveries with two rows each
 * Unwind: 5
 */
void
proof_data(void)
{
	TRANSACTIONS(e, DATA, ANY) {
		ASSUME(e->owed > 0);
		hears(e);
		REACHES(e->say == BODY && e->lone_dot);
		REACHES(e->say == BODY && !e->lone_dot);
		REACHES(e->say == READY);
	}
}

/*
 * The reply to a chunk that is not the last.
 *
 * Proves: hear_chunk smtp__in_chunks take_back go_on smtp__dialogue_give_up
 * Bounds: up to three deliveries with two rows each
 * Unwind: 5
 */
void
proof_chunk(void)
{
	TRANSACTIONS(e, CHUNK, ANY) {
		ASSUME(e->owed > 0);
		hears(e);
		REACHES(e->say == CHUNK);
		REACHES(e->say == READY);
		REACHES(e->owed > 0 && e->hear == BODY);
	}
}

/*
 * The reply to a recipient.
 *
 * Proves: hear_rcpt is_too_many is_hopeless
 * Bounds: up to three deliveries with two rows each
 * Unwind: 5
 * Seconds: 60
 */
void
proof_rcpt(void)
{
	TRANSACTIONS(e, RCPT, ANY) {
		ASSUME(e->owed > 0);
		hears(e);
		REACHES(e->say == RCPT);
		REACHES(e->say == DATA);
		REACHES(e->say == CHUNK);
		REACHES(e->say == READY);
		REACHES(e->owed > 0 && e->hear == BODY);
	}
}

/*
 * The reply to the end of the content: one for all, one for each with LMTP,
 * or one for each and one for all with PRDR.
 *
 * Proves: hear_body hear_verdict smtp__has_prdr
 * Bounds: up to three deliveries with two rows each
 * Unwind: 5
 * Seconds: 60
 */
void
proof_body(void)
{
	TRANSACTIONS(e, BODY, ANY) {
		bool asked = e->verdicts;

		ASSUME(e->owed > 0);
		hears(e);
		REACHES(e->say == READY);
		REACHES(e->say == MAIL);
		REACHES(e->hear == RSET && e->owed > 2);
		REACHES(!asked && e->verdicts && e->owed == 3);
		REACHES(asked && e->verdicts && e->heard_rcpt != NULL);
		REACHES(asked && !e->verdicts);
		REACHES(setup.lmtp && e->hear == BODY && e->owed == 1);
		REACHES(one.status == SMTP_E_PARTIAL);
	}
}

static int
any_hear(struct smtp_engine *e)
{
	HOLDS(e == &engine);
	e->say = (uint8_t)up_to(OVER);
	return -(int)up_to(19);
}

static void
any_remember(struct smtp_engine *e)
{
	HOLDS(e == &engine);
}

/*
 * Octet by octet: it stops behind a reply, and says how many were used.
 *
 * Proves: smtp_engine_feed
 * Replaces: hear=any_hear remember=any_remember
 * Bounds: up to 3 octets (6); what a reply does is shown above
 * Unwind: 5, 8
 */
void
proof_feed(void)
{
	struct smtp_engine *e = world(SESSION, ANY, ANY, ANY, ANY);
	size_t n = up_to(BOUND(3, 6)), used;

	used = smtp_engine_feed(e, any_octets(n), n);
	HOLDS(used <= n && (used == n || smtp__reply_done(&e->reply) ||
	    e->say == OVER));
	REACHES(used == 2 && n == 3);
	REACHES(used == 3);
}
