/* SPDX-License-Identifier: MIT */
/*
 * A session from the inside.
 *
 *      client.c      the calls
 *      operation.c   one operation at a time, in steps, and the waiting
 *      auth.c        which mechanism, and its steps
 *      connect.c     from a URL to an engine that talks: dial, TLS, greeting
 *      facts.c       what is known of the session's TLS
 *      tunnel.c      through a proxy, between dial and TLS
 *      pump.c        octets between the engine and the transport
 *      window.c      messages in flight, put and taken in order
 *      deliver.c     a message into a delivery, and its results back
 *      envelope.c    what it asks of the server, as parameters
 *      verb.c        what a line of the caller's own may be
 *      limits.c      how much of all that a session takes
 *      heard.c       what the server said last, and what it offers
 *      report.c      what is said about failures, words.c how lines are made
 *      trace_kept.c  lines of the trace, until they are taken
 *
 * An operation runs in stages, each of which goes on without waiting and says
 * what it waits for. Calls that block are a loop over smtp_step().
 */
#ifndef SMTP__CLIENT_H
#define SMTP__CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <smtp/engine.h>
#include <smtp/smtp.h>

#include "auth.h"
#include "mime/message.h"
#include "mime/store.h"
#include "net/net.h"
#include "options.h"
#include "signed.h"
#include "trace.h"
#include "url.h"

#if !(SMTP_WITH_SIZE && SMTP_WITH_TEXT && SMTP_WITH_REUSE && \
    SMTP_WITH_COMMAND && SMTP_WITH_INSPECT && SMTP_WITH_MECHANISM && \
    SMTP_WITH_STEPPED)
#error "the client needs SMTP_WITH_SIZE, SMTP_WITH_TEXT, SMTP_WITH_REUSE, \
SMTP_WITH_COMMAND, SMTP_WITH_INSPECT, SMTP_WITH_MECHANISM and \
SMTP_WITH_STEPPED; leave lib/*.c out to do without"
#endif
#if !SMTP_WITH_TLS && !SMTP_WITH_PLAINTEXT
#error "the client needs SMTP_WITH_TLS, or SMTP_WITH_PLAINTEXT"
#endif

/*
 * Sizes. A session that is idle holds its own struct, the words of the last
 * reply, what EHLO said, and nothing else; buffers exist while an operation
 * runs, the large ones while a message is sent.
 */
#define SMTP__WORDS_MAX   2048   /* of one reply; longer ones are cut       */
#define SMTP__ERROR_MAX    400   /* of one line for a person                */
#define SMTP__BANNER_MAX   100   /* of the first line that came             */
#define SMTP__IN_BYTES    2048
#define SMTP__REPLIES_BYTES 16384 /* of in, for the replies to a window     */
#define SMTP__OUT_BYTES   2048
#define SMTP__SEND_BYTES 65536   /* of out: one system call for each        */
#define SMTP__CONTENT_BYTES 16384 /* stays in the nearest cache             */
#define SMTP__RANDOM_BYTES 768   /* of a window: one system call for many   */
#define SMTP__CHUNK_BYTES 65536  /* of BDAT; the whole, if it is no longer  */

enum smtp__operation {
	SMTP__NOTHING,
	SMTP__OPENING,
	SMTP__AUTHENTICATING,
	SMTP__SENDING,
	SMTP__COMMANDING,        /* NOOP, RSET, a raw command               */
	SMTP__QUITTING
};

enum smtp__stage {
	SMTP__APART,             /* no connection                           */
	SMTP__DIALLING,
	SMTP__TUNNELLING,        /* a proxy is asked                        */
	SMTP__SECURING,          /* a TLS handshake                         */
	SMTP__TALKING            /* the engine has the word                 */
};

/* What is to be reached before the operation goes on. */
enum smtp__goal {
	SMTP__GOAL_OPEN,
	SMTP__GOAL_AUTH,
	SMTP__GOAL_WORK
};

/* May a session that ended be opened again? */
enum smtp__renewal {
	SMTP__RENEW_NEVER,
	SMTP__RENEW_LATER,       /* by the next operation                   */
	SMTP__RENEW_NOW          /* by this one, if it had not begun        */
};

struct smtp__io {
	size_t in_at, in_n;      /* of `in`: fed up to, read up to          */
	size_t in_room;
	size_t out_at, out_n;    /* of `out`: written up to, taken up to    */
	size_t out_room;
	size_t content_room;     /* 0: none                                 */
	size_t content_at, content_n;    /* given to the engine, and read   */
	const struct smtp__sending *content_of;  /* whose is in `content`   */
	bool drained;            /* the last read had room left             */
	bool heard;              /* and nothing was said since              */
	bool secret;             /* a line of AUTH was in `out`             */
	size_t random_n;         /* octets left                             */
	unsigned char random[SMTP__RANDOM_BYTES];
	unsigned char *in;
	unsigned char *out;
	unsigned char *content;
};

/* Numbers about the last failure; their words stand in `error`. */
struct smtp__failure {
	int status, cause, phase;
	int code;
	unsigned subject, detail;        /* SMTP_NO_ENHANCED: none          */
	unsigned cert_errors;
	bool not_tls;
	bool by_deadline;
};

/* Of LIMITS, RFC 9422; 0 is none. */
struct smtp__limits {
	uint32_t mails, rcpts, domains;
};

struct smtp__sending {
	struct smtp__sending *next;      /* in the order put                */
	struct smtp_message *message;
	struct smtp__recipient *recipients;
	size_t recipient_count;
	struct smtp_delivery delivery;
	struct smtp_rcpt *rows;          /* of this transaction             */
	size_t *which;                   /* the recipient of each row       */
	size_t room;                     /* of both                         */
	struct smtp__content content;
	struct smtp__signed signatures;
	int64_t seconds;                 /* since 1970; 0: no clock         */
	uint64_t put_ms;
	bool started;                    /* the engine has the delivery     */
	bool ended;                      /* the message has its result      */
	bool again;                      /* once more, for who is pending   */
	bool decided;                    /* the rows say it all             */
	int local, local_cause;          /* of a failure of ours            */
	const char *words;               /* about it, where these are ours  */
	char why[200];                   /* room for such words             */
	unsigned subject, detail;        /* of a refusal of ours            */
	struct smtp__buffer parameters;  /* of MAIL and of each row         */
	int status;                      /* once it has ended; and what     */
	struct smtp__failure failure;    /* smtp_error() says when it is    */
	char *error;                     /* taken; NULL: nothing            */
};

struct smtp {
	struct smtp_allocator heap;
	struct smtp_options *options;
	long process;                    /* that opened it                  */
	int tls_policy;                  /* enum smtp_engine_tls            */
	bool lmtp;
	unsigned port;
	char *host, *path;               /* NULL or owned                   */
	char *identity;                  /* that the certificate must bear  */
	char *ehlo;

	/* the connection */
	enum smtp__stage stage;
	struct smtp__dial *dial;
	struct smtp__tunnel *tunnel;     /* NULL: no proxy, or it is passed */
	struct smtp_transport transport;
	bool connected;                  /* the transport is open           */
	bool foreign;                    /* it was given: no second one     */
	bool secure;                     /* TLS is on                       */
	struct smtp__tls *tls;
	enum smtp__tls_again tls_again;  /* why this is the second try      */
	struct smtp_engine *engine;
	struct smtp_engine_setup setup;
	uint16_t wait_s[SMTP_WAIT_COUNT];
	uint64_t engine_memory[(SMTP_ENGINE_BYTES + 7) / 8];

	/* the operation */
	enum smtp__operation operation;
	enum smtp__goal goal;
	uint64_t started_ms;
	uint64_t deadline_ms;            /* 0: none                         */
	uint64_t until_ms;               /* of all operations; 0: none      */
	uint64_t stage_due_ms;           /* of a handshake                  */
	uint64_t moved_ms;               /* when octets last went out       */
	uint64_t due_ms;
	atomic_bool cancelled;
	bool opened;                     /* once, so it can be done again   */
	enum smtp__renewal renewal;      /* after its end                   */
	bool reopened;                   /* in this operation               */
	bool renewing;                   /* QUIT, then open it again        */
	uint64_t rested_ms;              /* since then                      */
	bool write_failed;
	bool read_ended;
	unsigned replies;                /* heard in this operation         */
	struct smtp__io *io;
	char *line;                      /* of a raw command                */
	int want;                        /* of the last step                */

	/* messages in flight */
	struct smtp__sending *window;    /* all that were not taken         */
	struct smtp__sending *last;
	struct smtp__sending *oldest;    /* the first without result        */
	struct smtp__sending *sending;   /* the one that is worked on       */
	uint32_t flying;                 /* the engine has these            */
	uint32_t waiting;                /* it has not yet, or not again    */
	bool alone;                      /* smtp_send(): one, and no take   */
	atomic_bool entered;             /* a call is on the stack of some  */
					 /* thread: no second one comes in  */
	size_t held;                     /* octets put, and not moved       */

	/* who one is */
	bool authenticated;
	bool locked;                     /* AUTH was asked for and failed   */
	bool is_token;
	char *user, *secret;             /* NULL: wiped or never given      */
	struct smtp_credentials credentials;
	struct smtp__auth auth;

	/* what is known */
	char *capabilities;              /* EHLO's reply, a NUL a line      */
	size_t capabilities_n;
	bool deaf;                       /* there was no memory to keep it  */
	bool without_ehlo;               /* the server knows HELO only      */
	struct smtp__limits limits;
	uint32_t mails;                  /* transactions of this connection */
	uint64_t *domains;               /* addressed, where that counts    */
	size_t domain_n, domain_room;
	char *last_words;                /* before QUIT, while it is said   */
	struct smtp__trace *trace;
	struct smtp__kept *kept;         /* NULL: a function gets its lines */
	struct smtp__failure failure;
	int last_phase;                  /* of the engine                   */
	int code;                        /* of the last reply               */
	char enhanced[12];
	bool challenged;                 /* `words` is a challenge of AUTH  */
	char tls_line[80];
	struct smtp__facts_of_tls *facts;        /* NULL: none             */
	char banner[SMTP__BANNER_MAX];   /* as it came, "" before           */
	bool reached;                    /* somebody took the connection    */
	struct smtp__dial_story *story;  /* NULL: nobody asks               */
	char error[SMTP__ERROR_MAX];
	char words[SMTP__WORDS_MAX];
};

/*
 * client.c: smtp_open(), and all that follows ends by then (0: no bound); how
 * it was connected goes to `story`, unless that is NULL.
 */
int
smtp__open_until(struct smtp **smtp, const char *url,
    struct smtp_options *options, uint64_t until_ms,
    struct smtp__dial_story *story);

/*
 * The two halves of it: a handle, which another thread may know from then on,
 * and what it does. SMTP_E_MEMORY, or as smtp_open().
 */
int
smtp__session_new(struct smtp **smtp, struct smtp_options *options,
    uint64_t until_ms);
int
smtp__session_start(struct smtp *s, const char *url);

/* operation.c */

/*
 * Around each call that works with the session. False: another is under way,
 * below a callback or in another thread, and nothing may be touched. leave
 * returns its status.
 */
bool
smtp__op_enter(struct smtp *s);
int
smtp__op_leave(struct smtp *s, int status);

/*
 * Begin: SMTP_OK, or a status (SMTP_E_STATE while another is open). Then the
 * session is asked for and the work done, by resume or, where that has begun,
 * by complete; both return what the call returns. What fails before is told by
 * fail, what ends before by finish.
 */
int
smtp__op_begin(struct smtp *s, enum smtp__operation operation);
int
smtp__op_resume(struct smtp *s);
int
smtp__op_complete(struct smtp *s);
int
smtp__op_fail(struct smtp *s, int status);
int
smtp__op_finish(struct smtp *s, int status);
int
smtp__op_step(struct smtp *s);

/* Wait for what a step asked for, a moment at most. */
void
smtp__op_wait(const struct smtp *s, int want);

/* To the end of what a call began, also with the option blocking=no. */
int
smtp__op_drive(struct smtp *s, int rc);

/* The same, and no step: a session is there, or will be. */
int
smtp__op_ready(struct smtp *s);

/* As much of what waits as the session takes goes to the engine. */
void
smtp__op_launch(struct smtp *s);

/* When the operation has to end; again when the oldest message has changed. */
void
smtp__op_set_deadline(struct smtp *s);

/*
 * Is there a session that waits for something to do? For who begins an
 * operation: one that talks between two of them is ready for the next.
 */
bool
smtp__op_is_open(const struct smtp *s);

/* connect.c: returns a mask, SMTP_OK, or the status that open has. */

int
smtp__connect_start(struct smtp *s, uint64_t now_ms);
int
smtp__connect_step(struct smtp *s, uint64_t now_ms);

/* The engine asked for TLS; go on with connect_step(). */
int
smtp__connect_secure(struct smtp *s, uint64_t now_ms);

/* The deadline has passed, or the caller cancelled, before the engine talks. */
void
smtp__connect_interrupt(struct smtp *s, int cause);

/* Close what is open. What is known about the session stays, for questions. */
void
smtp__connect_close(struct smtp *s);

/* Close, and forget it. */
void
smtp__connect_end(struct smtp *s);

/* facts.c */

/* Keep what TLS says, also of a handshake that failed; forget it. */
void
smtp__facts_note(struct smtp *s);
void
smtp__facts_forget(struct smtp *s);

/* pump.c */

/* Buffers, `large` for a message. False: no memory. */
bool
smtp__pump_begin(struct smtp *s, bool large);
void
smtp__pump_end(struct smtp *s);

/*
 * Move octets until the engine has something to tell, which is SMTP_OK, or
 * nothing moves any more: a mask of what to wait for.
 */
int
smtp__pump(struct smtp *s, uint64_t now_ms);

/* Anything to hear while nothing was asked? False: the session is dead. */
bool
smtp__pump_idle(struct smtp *s);

/* deliver.c */

/*
 * Check and settle `s->sending`, as all here do; SMTP_OK, or SMTP__DELIVERED
 * where nothing is to do.
 */
#define SMTP__DELIVERED 1
int
smtp__deliver_prepare(struct smtp *s);

/*
 * Hand the message to the engine: a mask (its source is not ready), SMTP_OK,
 * or a local error; or SMTP__RENEW, where this session takes no more of it.
 */
#define SMTP__RENEW 0x20000
int
smtp__deliver_start(struct smtp *s);

/* More content, for the engine. False: the source is not ready. */
bool
smtp__deliver_content(struct smtp *s);

/* Can the server have one of all, or some of it, although no reply says so? */
bool
smtp__deliver_in_doubt(const struct smtp *s);

/* A reply that is about a delivery. */
void
smtp__deliver_note(struct smtp *s, const struct smtp_reply *reply);

/* The engine decided: true when another transaction has to follow. */
bool
smtp__deliver_collect(struct smtp *s);

/* Rows that are undecided get this status and cause. */
void
smtp__deliver_fail(struct smtp *s, int status, int cause);

/* The result of all, which the message and report know. */
int
smtp__deliver_end(struct smtp *s, uint64_t now_ms);

/* What was needed until then. */
void
smtp__deliver_free(struct smtp *s);

/* window.c */

/* The message gets the last failure, because of which nothing can be sent. */
int
smtp__send_unopened(struct smtp *s, struct smtp_message *message);

/* The first that the engine does not have, but should; or NULL. */
struct smtp__sending *
smtp__window_waiting(const struct smtp *s);

/* These are results, of one or of all that are left without. */
void
smtp__window_settle(struct smtp *s, struct smtp__sending *g);
void
smtp__window_fail(struct smtp *s, struct smtp__sending *g, int status);
void
smtp__window_fail_all(struct smtp *s, int status);

/* The engine has decided this; `ended`: and says no more. */
void
smtp__window_hear(struct smtp *s, struct smtp_delivery *d, bool ended);

/* The session is opened again: all that has no result begins again. */
void
smtp__window_again(struct smtp *s);

/* Of smtp_send(): take the one, or `status` where there is none. */
int
smtp__window_take(struct smtp *s, int status);

/* Forget what nobody took. */
void
smtp__window_free(struct smtp *s);

/* envelope.c */

/*
 * What the message asks of the server, into the parameters of the delivery and
 * of its rows. SMTP_OK, SMTP_E_UNSUPPORTED (not offered), SMTP_E_ARGUMENT,
 * SMTP_E_MEMORY.
 */
int
smtp__envelope_write(struct smtp *s);

/* verb.c */

/* May this line be said now? SMTP_OK, or a status that is reported. */
int
smtp__verb_check(struct smtp *s, const char *line);

/* limits.c */

/*
 * What follows LIMITS in EHLO's reply, or NULL. A syntax error voids it all, a
 * bad value itself.
 */
void
smtp__limits_read(struct smtp__limits *limits, const char *offer);

/* The connection is gone. */
void
smtp__limits_forget(struct smtp *s);

/* Is there a transaction left? */
bool
smtp__limits_spent(const struct smtp *s);

/* May this be recipient `n`, from 0, of a transaction? It counts from here. */
bool
smtp__limits_take(struct smtp *s, const char *address, size_t n);

/* heard.c */

/* Keep the last reply, and the capabilities if it is that of EHLO. */
void
smtp__heard_reply(struct smtp *s, const struct smtp_reply *reply);

/* Is this mechanism offered? */
bool
smtp__heard_mechanism(const struct smtp *s, const char *name);

/* The engine says QUIT of its own accord. */
void
smtp__heard_leaving(struct smtp *s);

/* trace_kept.c */

struct smtp__kept {
	size_t n;
	bool lost;               /* lines before the first                  */
	unsigned char room[32768];
};

/* A function for a trace. */
void
smtp__kept_line(void *ctx, int who, const char *line, size_t n);

/* report.c */

void
smtp__report_clear(struct smtp *s);

/* "5.1.1": the class is that of the code; nothing where there is none. */
void
smtp__report_enhanced(struct smtp__out *out, int code, unsigned subject,
    unsigned detail);

/* A failure with words of its own. Returns the status. */
int
smtp__report(struct smtp *s, int status, int cause, int phase,
    const char *words);

/* One of open, auth or a command, as the engine tells it. */
int
smtp__report_engine(struct smtp *s, int status);

/* One of a message, from its outcome and rows. */
void
smtp__report_message(struct smtp *s, struct smtp__sending *sending);

#endif
