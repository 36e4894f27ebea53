/* SPDX-License-Identifier: MIT */
/*
 * The protocol without I/O: fed with what arrived, it gives up what to send.
 *
 * No heap, no clock, no callbacks, no recursion, nothing that waits. The
 * engine lives in memory that the caller lends, and so does all that is given
 * to it: setup, credentials, deliveries and their strings stay the caller's
 * and are borrowed as each call says. Its octets do not depend on how input
 * or output is cut. The structs here are for those who compile the engine in;
 * they carry no promise about the ABI.
 *
 *      smtp_engine_init(&e, memory, sizeof memory, &setup);
 *      for (;;) {
 *              unsigned want = smtp_engine_want(e);
 *              if (want & SMTP_ENGINE_DONE)    close the transport, leave
 *              if (want & SMTP_ENGINE_RESULT)  smtp_engine_result()
 *              if (want & SMTP_ENGINE_READY)   start auth, send or quit
 *              if (want & SMTP_ENGINE_TLS)     handshake, smtp_engine_secured()
 *              if (want & SMTP_ENGINE_CONTENT) smtp_engine_content()
 *              if (want & SMTP_ENGINE_RESPONSE) smtp_engine_response()
 *              if (want & SMTP_ENGINE_WRITE)   smtp_engine_take(), write
 *              if (want & SMTP_ENGINE_READ)    read, smtp_engine_feed()
 *      }
 *
 * and smtp_engine_lost() when the transport ended or a wait ran out. Reading
 * and writing go on at the same time: an engine that wants both must get both,
 * or two full buffers wait for each other (RFC 2920 section 3.1).
 *
 * RFC 5321, RFC 2033, RFC 2920, RFC 3030, RFC 3207, RFC 4954. Since 0.9 all of
 * it.
 */
#ifndef SMTP_ENGINE_H
#define SMTP_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>
#include <smtp/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smtp_engine;

/* The memory of an engine, aligned as for a pointer and for uint64_t. */
#define SMTP_ENGINE_BYTES ( \
    (SMTP_WITH_TEXT ? 64 : SMTP_WITH_ENHANCED ? 48 : 32) + \
    16 * sizeof(void *) + (sizeof(SMTP_OCTETS) > 4 ? 16 : 0) + \
    (SMTP_WITH_BDAT ? 2 * sizeof(void *) + 8 : 0))

/* What can happen next. */
enum smtp_engine_want {
	SMTP_ENGINE_READ = 1,    /* feed what arrives                       */
	SMTP_ENGINE_WRITE = 2,   /* take what is to be sent                 */
	SMTP_ENGINE_CONTENT = 4, /* give content                            */
	SMTP_ENGINE_TLS = 8,     /* do the handshake, then secured()        */
	SMTP_ENGINE_RESULT = 16, /* a delivery is decided: result()         */
	SMTP_ENGINE_READY = 32,  /* the operation ended: start the next     */
	SMTP_ENGINE_DONE = 64,   /* the session is over                     */
	SMTP_ENGINE_RESPONSE = 128 /* a response of AUTH: response()        */
};

/* How a session gets its TLS; the last two with SMTP_WITH_PLAINTEXT. */
enum smtp_engine_tls {
	SMTP_ENGINE_STARTTLS,    /* required, RFC 3207; the default         */
	SMTP_ENGINE_IMPLICIT,    /* already there when the engine begins    */
	SMTP_ENGINE_OPPORTUNISTIC, /* where offered, whoever answers        */
	SMTP_ENGINE_PLAINTEXT    /* none                                    */
};

/* Waits in seconds, by what is waited for (RFC 5321 section 4.5.3.2). */
enum smtp_engine_wait {
	SMTP_WAIT_GREETING,      /* 120                                     */
	SMTP_WAIT_COMMAND,       /* 120: EHLO, STARTTLS, AUTH, RSET, NOOP   */
	SMTP_WAIT_ENVELOPE,      /* 300: MAIL, and each RCPT                */
	SMTP_WAIT_DATA,          /* 120: from DATA to 354                   */
	SMTP_WAIT_BLOCK,         /* 180: each piece of content              */
	SMTP_WAIT_FINAL,         /* 600: from the end mark to its reply     */
	SMTP_WAIT_QUIT,          /* 2                                       */
	SMTP_WAIT_COUNT
};

struct smtp_engine_setup {
	const char *ehlo;        /* a domain or an address literal          */
	char *text;              /* the words of a reply go here, and the   */
	size_t text_n;           /* challenges of AUTH; NULL for none       */
	const uint16_t *wait_s;  /* SMTP_WAIT_COUNT of them; NULL: as above */
	uint8_t tls;             /* enum smtp_engine_tls                    */
#if SMTP_WITH_LMTP
	uint8_t lmtp;            /* 1: LMTP                                 */
#endif
	uint8_t insecure_auth;   /* 1: secrets may go out without TLS       */
};

/*
 * Make an engine in `memory`. The setup and its strings are borrowed as long
 * as the engine lives. Returns SMTP_OK, SMTP_E_SPACE when the memory is too
 * small or not aligned, SMTP_E_ARGUMENT when `ehlo` cannot be sent,
 * SMTP_E_UNSUPPORTED for a way to TLS that was not built in.
 * smtp_engine_bytes() is how much it needs, for those without a compiler.
 */
SMTP_API int
smtp_engine_init(struct smtp_engine **engine, void *memory, size_t n,
    const struct smtp_engine_setup *setup);
#if SMTP_WITH_INSPECT
SMTP_API size_t
smtp_engine_bytes(void);
#endif

/* A mask of enum smtp_engine_want. */
SMTP_API unsigned
smtp_engine_want(const struct smtp_engine *engine);

/*
 * Octets that arrived. Returns how many were used: the engine stops after
 * each complete reply, so that smtp_engine_reply() can be asked about it; the
 * rest is fed again at once. All that was read together is fed before the
 * handshake after STARTTLS (RFC 3207 section 4.2: octets that arrived ahead of
 * it end the session).
 */
SMTP_API size_t
smtp_engine_feed(struct smtp_engine *engine, const void *p, size_t n);

/*
 * Octets to send, at most `n` of them. Returns their number, 0 when there is
 * nothing (or content is wanted first). They count as sent: take only what is
 * then written. One call gives octets of one kind, which smtp_engine_taken()
 * tells, so that a trace can hide secrets and leave out content.
 */
SMTP_API size_t
smtp_engine_take(struct smtp_engine *engine, void *p, size_t n);

enum smtp_engine_kind {
	SMTP_KIND_COMMAND,
	SMTP_KIND_SECRET,        /* a line of AUTH                          */
	SMTP_KIND_CONTENT        /* content and its end mark                */
};
#if SMTP_WITH_INSPECT
SMTP_API int
smtp_engine_taken(const struct smtp_engine *engine);
#endif

/*
 * Content of the delivery whose turn it is, borrowed until content is wanted
 * again. `n` 0 is the end. A CR or LF alone becomes CRLF, dots are stuffed.
 * A line over 998 octets, or an octet above 127 where 8BITMIME was not
 * declared, ends the session without the end mark (SMTP_E_ARGUMENT). Ignored
 * when none is wanted.
 *
 * With BDAT (RFC 3030) each piece is a chunk: dots stay, line ends are counted
 * before the chunk is said, and what may not pass ends the delivery only.
 */
SMTP_API void
smtp_engine_content(struct smtp_engine *engine, const void *p, size_t n);

/*
 * The same, and nothing comes behind it: `BDAT n LAST`. The whole in one such
 * piece of up to SMTP_FLIGHT_BYTES leaves together with the envelope where
 * PIPELINING is offered, but not with SMTP_DELIVERY_ALL, SMTP_DELIVERY_WAIT or
 * LMTP. What is longer, or not the last, waits until the server has answered
 * for every recipient.
 */
#if SMTP_WITH_BDAT
#define SMTP_FLIGHT_BYTES 65536
SMTP_API void
smtp_engine_content_last(struct smtp_engine *engine, const void *p, size_t n);
#endif

/*
 * There is no more, but this is not the end: the end mark is never sent. The
 * session ends; with BDAT, where no chunk is left half said, it goes on.
 */
SMTP_API void
smtp_engine_content_failed(struct smtp_engine *engine, int status);

/* The handshake is done. Greeting and capabilities are forgotten. */
SMTP_API void
smtp_engine_secured(struct smtp_engine *engine);

/*
 * The session is lost: SMTP_E_CLOSED, SMTP_E_TIMEOUT, SMTP_E_CANCELLED,
 * SMTP_E_TLS, SMTP_E_CERTIFICATE, SMTP_E_MEMORY. Feed first what arrived
 * before it, since it may hold the reason. Deliveries whose end mark was taken
 * become UNKNOWN, others LATER. Ignored when the session is over already.
 */
SMTP_API void
smtp_engine_lost(struct smtp_engine *engine, int cause);

/*
 * When to stop waiting, on the caller's clock: ask after each call above, with
 * the time of then, and call smtp_engine_lost(SMTP_E_TIMEOUT) when it has
 * passed. Times wrap: compare (int32_t)(now - due) >= 0. Without READ, WRITE
 * or CONTENT in want() nothing is waited for.
 */
SMTP_API uint32_t
smtp_engine_due_ms(struct smtp_engine *engine, uint32_t now_ms);

/*
 * How the last operation ended: SMTP_OK, or a status with which open and auth
 * report. After the session is over: why.
 */
SMTP_API int
smtp_engine_status(const struct smtp_engine *engine);

/* enum smtp_phase of the reply that is waited for. */
#if SMTP_WITH_INSPECT
SMTP_API int
smtp_engine_phase(const struct smtp_engine *engine);
#endif

/* What the server offers, a mask; and SIZE, 0 when there is no fixed limit. */
enum smtp_engine_offer {
	SMTP_OFFER_PIPELINING = 1,
	SMTP_OFFER_SIZE = 2,
	SMTP_OFFER_8BITMIME = 4,
	SMTP_OFFER_SMTPUTF8 = 8,
	SMTP_OFFER_STARTTLS = 16,
	SMTP_OFFER_AUTH = 32,
	SMTP_OFFER_ENHANCED = 64,
	SMTP_OFFER_CHUNKING = 128,
	SMTP_OFFER_BINARYMIME = 256,
	SMTP_OFFER_DSN = 512,
	SMTP_OFFER_PRDR = 1024
};
#if SMTP_WITH_INSPECT
SMTP_API unsigned
smtp_engine_offers(const struct smtp_engine *engine);
#endif
#if SMTP_WITH_INSPECT && SMTP_WITH_SIZE
SMTP_API SMTP_OCTETS
smtp_engine_size_limit(const struct smtp_engine *engine);
#endif

/* The reply that the last feed() completed. */
struct smtp_reply {
	uint16_t code;
	uint16_t subject;        /* enhanced code, its class is that of the */
	uint16_t detail;         /* code; SMTP_NO_ENHANCED: there is none   */
	uint8_t phase;
	uint8_t cut;             /* 1: the words are cut at text_n          */
	const char *text;        /* lines joined by LF, without enhanced    */
	size_t text_n;           /* codes; NULL without an arena            */
	struct smtp_delivery *delivery; /* that it was about, or NULL       */
	size_t rcpt;             /* its recipient, or SMTP_NO_RCPT          */
};
#define SMTP_NO_ENHANCED 0xffff
#define SMTP_NO_RCPT ((size_t)-1)

/* Returns 1, or 0 when no reply was completed. Valid until the next call. */
#if SMTP_WITH_TEXT
SMTP_API int
smtp_engine_reply(const struct smtp_engine *engine, struct smtp_reply *reply);
#endif

/*
 * Authenticate, when READY. The credentials are borrowed until READY again.
 * A token goes into OAUTHBEARER and XOAUTH2 only, a password into the others
 * only. `mechanism` NULL: under TLS PLAIN, LOGIN, CRAM-MD5 in this order, of
 * those that are offered; without TLS only those that do not show the secret.
 * Never a second mechanism after 535. Returns SMTP_OK when it began, or
 * SMTP_E_STATE, or with nothing said SMTP_E_ARGUMENT, SMTP_E_AUTH (no mechanism
 * fits), SMTP_E_UNSUPPORTED (`authzid` or `mechanism` where they were not built
 * in). The end: smtp_engine_status().
 */
struct smtp_credentials {
	const char *user;        /* authentication identity                 */
	const char *password;    /* or NULL                                 */
	const char *token;       /* or NULL                                 */
	const char *authzid;     /* authorization identity, or NULL         */
	const char *mechanism;   /* this one only, or NULL                  */
	uint8_t stepped;         /* enum smtp_stepped                       */
};
SMTP_API int
smtp_engine_auth(struct smtp_engine *engine,
    const struct smtp_credentials *credentials);

/*
 * A mechanism that the caller speaks: `mechanism` names it, the other
 * credentials are not looked at, and SMTP_ENGINE_RESPONSE asks for each
 * response; at the first one of SMTP_STEPPED_FIRST nothing was said yet. The
 * challenge, decoded, is the text of smtp_engine_reply() then; take it before
 * the next feed(). Whether the mechanism is offered, and whether it may be
 * used without TLS, is the caller's to look at. Of smtp_engine_auth() also
 * SMTP_E_SPACE: a setup without `text` cannot keep a challenge.
 */
#if SMTP_WITH_STEPPED && SMTP_WITH_TEXT
enum smtp_stepped {
	SMTP_STEPPED_NOT,
	SMTP_STEPPED_FIRST,      /* the client speaks first, RFC 4422 5     */
	SMTP_STEPPED_SECOND      /* the server does                         */
};

/*
 * The response, before base64; borrowed until the next is wanted or READY. With
 * `last` the mechanism is satisfied: a success that comes earlier is none, and
 * ends the session with SMTP_E_AUTH (RFC 4422 section 3.6). `p` NULL cancels.
 * An empty first response is said as "=", one that does not fit in the line of
 * AUTH behind the first challenge (RFC 4954 section 4). Returns SMTP_OK,
 * SMTP_E_STATE when none is wanted, SMTP_E_ARGUMENT when it is longer than
 * SMTP_RESPONSE_MAX.
 */
#define SMTP_RESPONSE_MAX 9213   /* 12288 as base64 with CRLF               */
SMTP_API int
smtp_engine_response(struct smtp_engine *engine, const void *p, size_t n,
    int last);
#endif

/* The mechanism of the last AUTH, or ""; "" for one that the caller speaks. */
#if SMTP_WITH_INSPECT
SMTP_API const char *
smtp_engine_mechanism(const struct smtp_engine *engine);
#endif

/*
 * A delivery: one envelope, one content, a row for each recipient.
 */
enum {
	SMTP_RCPT_PENDING = 1,   /* to be addressed                         */
	SMTP_RCPT_TAKEN = 2      /* the server took the address             */
};

struct smtp_rcpt {
	const char *address;     /* without angle brackets                  */
	const char *parameters;  /* "NOTIFY=NEVER", or NULL                 */
	uint16_t code;           /* of the reply that decided, 0: none      */
	uint16_t subject, detail;/* SMTP_NO_ENHANCED: none                  */
	int8_t status;           /* PENDING before; then enum smtp_status   */
	uint8_t phase;
};

enum {
	SMTP_DELIVERY_SIZE = 1,  /* `size` is known                         */
	SMTP_DELIVERY_8BIT = 2,  /* the content has octets above 127        */
	SMTP_DELIVERY_UTF8 = 4,  /* the header has octets above 127         */
	SMTP_DELIVERY_ALL = 8,   /* all recipients or none                  */
	SMTP_DELIVERY_CHUNKS = 16, /* by BDAT where CHUNKING is offered     */
	SMTP_DELIVERY_EXACT = 32, /* the content goes into chunks as it is: */
				 /* lines of up to 998 octets that end with */
				 /* CRLF, the last one too                  */
#if SMTP_WITH_BDAT
	SMTP_DELIVERY_BINARY = 64, /* any octets; CHUNKS and BINARYMIME,    */
				 /* or else SMTP_E_UNSUPPORTED              */
#endif
	SMTP_DELIVERY_LONG = 128, /* parameters of extensions that enlarge   */
				 /* a command: over 512 octets, counted by  */
				 /* the caller (RFC 5321 section 4.5.3.1.4) */
				 /* up to 32768                             */
	SMTP_DELIVERY_WAIT = 256, /* content waits for the recipients       */
	SMTP_DELIVERY_PRDR = 512 /* a verdict for each where that is offered */
};

struct smtp_delivery {
	struct smtp_delivery *next; /* the engine's                         */
	const char *from;        /* "" is the null reverse-path             */
	const char *parameters;  /* "ENVID=1 RET=HDRS", or NULL; not those  */
				 /* that the engine says: SIZE, BODY, ... */
	struct smtp_rcpt *rcpts;
	size_t rcpt_count;
	SMTP_OCTETS size;        /* octets, CRLF line ends, before stuffing */
	uint16_t flags;
	uint8_t phase;           /* how far it came                         */
	int8_t status;           /* over all recipients                     */
	int8_t cause;
	size_t row;              /* the recipient whose row says why        */
};

/*
 * Start a delivery: when READY, or behind others while the engine is sending
 * (they leave as close together as the server allows). It addresses the rows
 * that are PENDING and is borrowed until smtp_engine_result() gives it back.
 * Returns SMTP_OK, SMTP_E_STATE, or with rows, status and cause filled and
 * nothing said: SMTP_E_ARGUMENT (a string cannot be sent, `row` says whose, or
 * nobody is PENDING), SMTP_E_UNSUPPORTED (needs 8BITMIME or SMTPUTF8),
 * SMTP_E_REFUSED (over the offered SIZE).
 */
SMTP_API int
smtp_engine_send(struct smtp_engine *engine, struct smtp_delivery *delivery);

/* The next decided delivery, in the order they were started, or NULL. */
SMTP_API struct smtp_delivery *
smtp_engine_result(struct smtp_engine *engine);

/*
 * Other commands, when READY. Return SMTP_OK when they began, SMTP_E_STATE,
 * or SMTP_E_ARGUMENT. QUIT may also be asked for when an error left the
 * session open. A raw command is one line without its end; it must not be one
 * that changes the state of the session (no MAIL, DATA, STARTTLS, AUTH, EHLO),
 * and has octets above 127 only where SMTPUTF8 is offered.
 */
SMTP_API int
smtp_engine_quit(struct smtp_engine *engine);
#if SMTP_WITH_REUSE
SMTP_API int
smtp_engine_noop(struct smtp_engine *engine);
SMTP_API int
smtp_engine_reset(struct smtp_engine *engine);
#endif
#if SMTP_WITH_REUSE && SMTP_WITH_COMMAND
SMTP_API int
smtp_engine_command(struct smtp_engine *engine, const char *line);
#endif

#ifdef __cplusplus
}
#endif

#endif
