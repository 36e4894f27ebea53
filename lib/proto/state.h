/* SPDX-License-Identifier: MIT */
/*
 * The engine from the inside.
 *
 * Two cursors walk over the deliveries: the say-cursor stands at the command
 * that is being said, the hear-cursor at the reply that is waited for. `owed`
 * counts the replies between them. A handler never knows how far the cursors
 * are apart: smtp__dialogue_said() goes to the step that may follow unanswered,
 * hear_x() names the one that follows when nothing is owed.
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
#include "text/called.h"

/* Of a delivery or a row. */
#if SMTP_WITH_PARAMETERS
#define SMTP__PARAMETERS(x) ((x)->parameters)
#else
#define SMTP__PARAMETERS(x) NULL
#endif

/* Lines of the caller's own. */
#define SMTP__COMMANDS (SMTP_WITH_REUSE && SMTP_WITH_COMMAND)

/* More than one reply may be owed. */
#define SMTP__FLIGHTS (SMTP_WITH_PIPELINING || SMTP_WITH_LMTP || \
    SMTP_WITH_BDAT || SMTP_WITH_PRDR)

/* Both cursors, which are one where nothing is said ahead. */
#if SMTP_WITH_PIPELINING
#define SMTP__CURSORS struct
#else
#define SMTP__CURSORS union
#endif

/* In the order of the wire, as far as there is one. */
enum step {
	GREETING,
	EHLO,
#if SMTP_WITH_HELO
	HELO,
#endif
	STARTTLS,
	AUTH,
#if SMTP__MECH_CHOICE
	ANSWER,                  /* to a challenge                        */
#endif
#if SMTP_WITH_REUSE
	RSET,
#endif
	MAIL,
	RCPT,
	DATA,
#if SMTP_WITH_BDAT
	CHUNK,                   /* BDAT: its octets are said as BODY, and */
				 /* the reply to the last heard as that   */
#endif
	BODY,
#if SMTP_WITH_REUSE
	COMMAND,                 /* one that the caller gave              */
#endif
	QUIT,
	STEPS,                   /* from here on nothing is said:         */
	HOLD = STEPS,            /* until all was heard                   */
	HANDSHAKE,               /* until smtp_engine_secured()           */
#if SMTP__STEPPED
	RESPONSE,                /* until smtp_engine_response()          */
#endif
	READY,                   /* until something is to be done         */
	OVER,                    /* any more                              */
	BROKEN                   /* the server did: becomes OVER          */
};

/* What is used most stands first, where short instructions reach it. */
struct smtp_engine {
	uint8_t say, hear;               /* enum step                     */
	int8_t status;
	bool restart;                    /* the timer, at due_ms()        */
	bool secure;                     /* TLS is on                     */
	bool authenticated;
#if SMTP_WITH_INSPECT
	uint8_t kind;                    /* of what was taken last        */
#endif
#if SMTP__MECH_CHOICE
	uint8_t mech;                    /* its place in smtp__mechs      */
	uint8_t round;                   /* responses of AUTH said        */
#if SMTP_WITH_SECOND
	uint8_t mechanisms;              /* that are still worth trying   */
#endif
	bool initial;                    /* a response goes with AUTH     */
	bool cancel;                     /* AUTH answers "*"              */
#endif
#if SMTP__STEPPED
	bool satisfied;                  /* success may come              */
#endif
	bool dirty;                      /* RSET before the next MAIL     */
#if SMTP_WITH_PIPELINING
	int8_t refused;                  /* MAIL was so, RCPTs still come */
	bool lone_dot;                   /* nobody is left: no content    */
#endif
#if SMTP_WITH_BDAT
	bool piece;                      /* of content is there           */
	bool no_more;                    /* chunks: one was refused       */
	int8_t given_up;                 /* the content failed so         */
#endif
#if SMTP_WITH_PRDR
	bool verdicts;                   /* 353: one for each follows     */
#endif
	uint16_t offset;                 /* of the line that is being said */
	struct smtp__caps caps;
	struct smtp__reply reply;
	union {                          /* never at the same time, and   */
					 /* content: responses of AUTH    */
		struct smtp__caps_reader ehlo;
		struct {
			struct smtp__stuff stuff;
			SMTP__CURSORS {
				struct smtp_rcpt *said_rcpt;
				struct smtp_rcpt *heard_rcpt;
			};
		};
	};
	const struct smtp_engine_setup *setup;
	union {
		const struct smtp_credentials *credentials;
		const char *line;
	} given;                         /* to the operation that runs    */
	struct smtp_delivery *first;     /* of all that were given        */
	SMTP__CURSORS {
		struct smtp_delivery *said;  /* where the say-cursor is   */
		struct smtp_delivery *heard; /* where the hear-cursor is  */
	};
#if SMTP__FLIGHTS
	uint32_t owed;                   /* replies                       */
#endif
	uint32_t due_ms;
#if SMTP_WITH_BDAT
	uint32_t chunks;                 /* replies to those but the last */
	size_t chunk;                    /* its octets that are not out   */
#endif
#if SMTP_WITH_TEXT
	struct smtp_delivery *reply_delivery;
	size_t reply_rcpt;
#endif
};

/*
 * `line` is what is said, a text with places; NULL: nothing.
 *
 * `status` is what the reply means: SMTP_OK, SMTP_E_LATER or SMTP_E_REFUSED,
 * and e->status already, for the handlers that leave it so.
 */
struct smtp__step {
	const char *line;
	enum step (*hear)(struct smtp_engine *e, int status);
};

extern const struct smtp__step smtp__dialogue[STEPS];

/* How long a reply is waited for, and what it is about: of each step. */
extern const uint8_t smtp__dialogue_waits[STEPS];

static inline enum smtp_engine_wait
smtp__wait_of(unsigned step)
{
	return smtp__dialogue_waits[step] >> 4;
}

static inline uint8_t
smtp__phase_of(unsigned step)
{
	return smtp__dialogue_waits[step] & 15;
}

/* What is not built in is not offered. */
#define SMTP__OFFERS ( \
    (SMTP_WITH_PIPELINING ? SMTP_OFFER_PIPELINING : 0) | \
    (SMTP_WITH_SIZE ? SMTP_OFFER_SIZE : 0) | \
    (SMTP_WITH_8BITMIME ? SMTP_OFFER_8BITMIME : 0) | \
    (SMTP_WITH_SMTPUTF8 ? SMTP_OFFER_SMTPUTF8 : 0) | \
    (SMTP_WITH_BDAT ? SMTP_OFFER_CHUNKING | SMTP_OFFER_BINARYMIME : 0) | \
    (SMTP_WITH_PRDR ? SMTP_OFFER_PRDR : 0) | SMTP_OFFER_STARTTLS)

static inline bool
smtp__has(const struct smtp_engine *e, unsigned offer)
{
	return (e->caps.offers & offer & SMTP__OFFERS) != 0;
}

/* Only what was said ahead meets these two. */
#if SMTP_WITH_PIPELINING
#define SMTP__REFUSED(e) ((e)->refused)  /* a status; SMTP_OK: no */
#define SMTP__LONE_DOT(e) ((e)->lone_dot)
#else
#define SMTP__REFUSED(e) SMTP_OK
#define SMTP__LONE_DOT(e) false
#endif

/* The status of a delivery that was said behind the content of another. */
#define SMTP__BEHIND 2

/* The content of this delivery goes by BDAT. */
static inline bool
smtp__in_chunks(const struct smtp_engine *e, const struct smtp_delivery *d)
{
	return SMTP_WITH_BDAT && (d->flags & SMTP_DELIVERY_CHUNKS) != 0 &&
	    smtp__has(e, SMTP_OFFER_CHUNKING);
}

/* A piece of content has to come before the next BDAT can be said. */
static inline bool
smtp__lacks_piece(const struct smtp_engine *e)
{
#if SMTP_WITH_BDAT
	return e->say == CHUNK && !e->piece;
#else
	(void)e;
	return false;
#endif
}

static inline bool
smtp__is_lmtp(const struct smtp_engine *e)
{
#if SMTP_WITH_LMTP
	return e->setup->lmtp;
#else
	(void)e;
	return false;
#endif
}

/* One verdict for each was asked for; LMTP has them without. */
static inline bool
smtp__has_prdr(const struct smtp_engine *e, const struct smtp_delivery *d)
{
	return (d->flags & SMTP_DELIVERY_PRDR) != 0 &&
	    smtp__has(e, SMTP_OFFER_PRDR) &&
	    !smtp__is_lmtp(e);
}

/* Is a reply owed? Where it is always one, that is what HOLD waits for. */
static inline bool
smtp__is_owed(const struct smtp_engine *e)
{
#if SMTP__FLIGHTS
	return e->owed > 0;
#else
	return e->say == HOLD;
#endif
}

/* The step of the reply behind that of `step`, in the order of the wire. */
#if SMTP__FLIGHTS
enum step
smtp__dialogue_following(const struct smtp_engine *e, enum step step);
#endif

/* Nothing is owed any more to a delivery whose content failed. */
#if SMTP_WITH_BDAT
enum step
smtp__dialogue_give_up(struct smtp_engine *e);
#endif

/* Say the line of a step. */
void
smtp__dialogue_say(const struct smtp_engine *e, struct smtp__line *l,
    enum step step);

/* It was said whole: go on to the step that may follow unanswered. */
void
smtp__dialogue_said(struct smtp_engine *e, enum step step);

/* Say what may leave before the last end mark is answered. */
#if SMTP_WITH_PIPELINING
void
smtp__dialogue_ahead(struct smtp_engine *e);
#endif

/* Begin with the next delivery, or be ready. */
enum step
smtp__dialogue_next(struct smtp_engine *e);

/*
 * Choose a mechanism: AUTH, or READY with the error in e->status.
 */
enum step
smtp__dialogue_choose(struct smtp_engine *e);

/* Say AUTH with the first response, where it fits, or READY: cancelled. */
#if SMTP__STEPPED
enum step
smtp__dialogue_begin(struct smtp_engine *e);
#endif

/* The next row from `row` on with this status, or NULL. */
struct smtp_rcpt *
smtp__rows_find(const struct smtp_delivery *d, struct smtp_rcpt *row,
    int status);

bool
smtp__rows_have(const struct smtp_delivery *d, int status);

/*
 * Rows that are not decided become `to`; `reply` says so, or NULL where no
 * reply did: then their phase is how far the delivery came.
 */
void
smtp__rows_set(struct smtp_delivery *d, int to,
    const struct smtp__reply *reply);
#if SMTP_WITH_BDAT
/* Those that are not decided have their numbers from MAIL, but no status. */
void
smtp__rows_refuse(struct smtp_delivery *d, int status);
#endif
void
smtp__row_set(struct smtp_rcpt *row, int to, const struct smtp__reply *reply);

/* All rows are decided: what that is for the whole. */
void
smtp__rows_conclude(struct smtp_delivery *d);

/* Forget what was offered. */
void
smtp__engine_forget(struct smtp_engine *e);

/* The session is over; deliveries get what that means for them. */
void
smtp__engine_fail(struct smtp_engine *e, int cause);

#endif
