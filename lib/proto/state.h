/* SPDX-License-Identifier: MIT */
/*
 * The engine from the inside.
 *
 * Two cursors walk over the deliveries: the say-cursor stands at the command
 * that is being said, the hear-cursor at the reply that is waited for. `owed`
 * counts the replies between them. A handler never knows how far the cursors
 * are apart: say_x() names the step that may follow unanswered, hear_x() the
 * one that follows when nothing is owed.
 */
#ifndef SMTP__STATE_H
#define SMTP__STATE_H

#include <stdbool.h>

#include <smtp/engine.h>

#include "codec/line.h"
#include "proto/caps.h"
#include "proto/reply.h"
#include "proto/stuff.h"
#include "sasl/mech.h"

enum step {
	HOLD,                    /* say nothing until all was heard       */
	GREETING,
	EHLO,
	HELO,
	STARTTLS,
	HANDSHAKE,               /* not ours: smtp_engine_secured()       */
	AUTH,
	ANSWER,                  /* to a challenge                        */
	RSET,
	MAIL,
	RCPT,
	DATA,
	BODY,
	COMMAND,                 /* one that the caller gave              */
	QUIT,
	READY,
	OVER
};

struct smtp_engine {
	const struct smtp_engine_setup *setup;
	union {
		const struct smtp_credentials *credentials;
		const char *line;
	} given;                         /* to the operation that runs    */
	struct smtp_delivery *first;     /* of all that were given        */
	struct smtp_delivery *said;      /* where the say-cursor is       */
	struct smtp_delivery *heard;     /* where the hear-cursor is      */
	size_t said_rcpt, heard_rcpt;
	const char *content;             /* the caller's, not yet out     */
	size_t content_n;
#if SMTP_WITH_TEXT
	struct smtp_delivery *reply_delivery;
	size_t reply_rcpt;
#endif
	struct smtp__caps caps;
	struct smtp__reply reply;
	struct smtp__stuff stuff;
	const struct smtp__mech *mech;
	uint32_t due_ms;
	uint32_t owed;                   /* replies                       */
	uint16_t offset;                 /* of the line that is being said */
	uint8_t say, hear;               /* enum step                     */
	uint8_t kind;                    /* of what was taken last        */
	uint8_t round;                   /* responses of AUTH said        */
	uint8_t mechanisms;              /* that are still worth trying   */
	uint8_t reply_phase;             /* 0: no reply is complete       */
	int8_t status;
	unsigned restart : 1;            /* the timer, at due_ms()        */
	unsigned secure : 1;             /* TLS is on                     */
	unsigned open : 1;               /* capabilities are settled      */
	unsigned authenticated : 1;
	unsigned dirty : 1;              /* RSET before the next MAIL     */
	unsigned refused : 1;            /* MAIL was, RCPTs still come    */
	unsigned content_end : 1;
	unsigned lone_dot : 1;           /* nobody is left: no content    */
	unsigned cancel : 1;             /* AUTH answers "*"              */
	unsigned transition : 1;         /* PLAIN after 432, once         */
};

struct step_row {
	enum step (*say)(struct smtp_engine *e, struct smtp__line *l);
	enum step (*hear)(struct smtp_engine *e);
	uint8_t wait;                    /* enum smtp_engine_wait         */
	uint8_t phase;                   /* enum smtp_phase               */
};

extern const struct step_row smtp__dialogue[];

/* The step of the reply behind that of `step`, in the order of the wire. */
enum step
smtp__dialogue_following(const struct smtp_engine *e, enum step step);

/* The line of a step was said whole. */
void
smtp__dialogue_said(struct smtp_engine *e, enum step step, enum step next);

/* The next row from `i` on with this status, or rcpt_count. */
size_t
smtp__delivery_row(const struct smtp_delivery *d, size_t i, int status);

/* The last reply is what a row is about. */
void
smtp__delivery_note(const struct smtp_engine *e, struct smtp_rcpt *r);

/* All rows are decided: what that is for the whole. */
void
smtp__delivery_conclude(struct smtp_delivery *d);

/* Choose a mechanism: AUTH, or READY with SMTP_E_AUTH. */
enum step
smtp__dialogue_choose(struct smtp_engine *e);

/* Begin with the next delivery, or be ready. */
enum step
smtp__dialogue_next(struct smtp_engine *e);

/* Say what may leave before the last end mark is answered. */
void
smtp__dialogue_ahead(struct smtp_engine *e);

/* The session is over; deliveries get what that means for them. */
enum step
smtp__engine_fail(struct smtp_engine *e, int cause);

#endif
