/* SPDX-License-Identifier: MIT */
/*
 * A message from the inside: what client.c needs of it. The builder itself
 * stands in message.c and part.c.
 *
 * The order of calls for a send: prepare, plan, then read until 0. A second
 * send begins with plan again, which rewinds.
 */
#ifndef SMTP__MESSAGE_H
#define SMTP__MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <smtp/message.h>

#include "text/bytes.h"
#include "text/content.h"
#include "text/out.h"

/* What the platform gives to a message that is to be sent. */
struct smtp__moment {
	bool has_clock;
	int64_t seconds;                 /* since 1970                    */
	int zone_minutes;                /* east of UTC                   */
	bool has_random;
	unsigned char random[24];        /* Message-ID and boundaries     */
};

struct smtp__outcome {
	int status, cause, phase, code;
	unsigned short subject, detail;  /* enhanced code, class as code  */
	bool has_enhanced;
	char *text;                      /* owned, NUL-terminated, NULL   */
	size_t text_n;
	char enhanced[16];               /* as text, once asked for       */
};

/*
 * What the envelope asks for beyond addresses. The setters have checked it and
 * written each parameter as the command says it; what is offered is not known
 * here.
 */
enum smtp__ask {
	SMTP__ASK_RET,
	SMTP__ASK_ENVID,
	SMTP__ASK_REQUIRETLS,
	SMTP__ASK_SUBMITTER,
	SMTP__ASK_DELIVER_BY,
	SMTP__ASK_HOLD_FOR,
	SMTP__ASK_HOLD_UNTIL,
	SMTP__ASK_PRIORITY,
	SMTP__ASK_COUNT
};

struct smtp__parameter {
	struct smtp__parameter *next;
	const char *extension;           /* NULL: whatever is offered     */
	const char *text;                /* KEYWORD or KEYWORD=value      */
	size_t keyword_n;
};

struct smtp__parameters {
	struct smtp__parameter *first, **end;
};

/* Of one recipient, or of each that has none of its own. */
struct smtp__rcpt_asks {
	bool has_notify, has_orcpt;      /* set, perhaps to nothing       */
	const char *notify;              /* "NOTIFY=NEVER"; NULL: unsaid  */
	const char *orcpt_type;          /* NULL: as the address wants    */
	const char *orcpt;               /* as given; NULL: the address   */
	struct smtp__parameters more;
};

struct smtp__asks {
	bool any;                        /* false: nothing, for anybody   */
	const char *mail[SMTP__ASK_COUNT];   /* NULL: not asked           */
	int32_t deliver_by;              /* of mode R; 0: of mode N       */
	uint32_t hold_for;
	size_t envid_n;                  /* of what was given             */
	struct smtp__parameters more;
	struct smtp__rcpt_asks rcpt;     /* of all                        */
};

struct smtp__recipient {
	char *address;                   /* as it goes into RCPT          */
	const struct smtp__rcpt_asks *asks;      /* its own, or NULL      */
	struct smtp__outcome outcome;
};

/*
 * Check all, settle the envelope (RFC 5321 appendix B: from the header where
 * it was not given), make Date and Message-ID where they are missing and keep
 * them. Returns SMTP_OK or a local error; smtp_message_error() has the words.
 * Without random octets a message that needs them is SMTP_E_UNSUPPORTED.
 */
int
smtp__message_prepare(struct smtp_message *message,
    const struct smtp__moment *moment);

/* Does it? One that is ready, or had them once, does not. */
bool
smtp__message_needs_random(const struct smtp_message *message);

/* Is the date wanted, by the header or a signature? */
bool
smtp__message_needs_clock(const struct smtp_message *message);

/* The same without the envelope, for a message that is written to a file. */
int
smtp__message_complete(struct smtp_message *message,
    const struct smtp__moment *moment);

/*
 * Choose encodings for what the connection offers and go to the start. Fills
 * `content`. For a raw source that can be rewound this reads and checks it.
 * Sizes are exact whenever every source knows its own or can be rewound.
 * Returns SMTP_OK, SMTP_WANT_SOURCE (call again), or a local error.
 */
int
smtp__message_plan(struct smtp_message *message, unsigned offers,
    struct smtp__content *content);

/*
 * The next octets of the content, CRLF line ends, without dot-stuffing.
 * Returns their number, 0 at the end, SMTP__MESSAGE_WAIT, or a local error of
 * enum smtp_status (SMTP_E_SOURCE, SMTP_E_ARGUMENT, SMTP_E_UNSUPPORTED,
 * SMTP_E_MEMORY), which smtp_message_error() explains and which repeats until
 * the next plan.
 */
#define SMTP__MESSAGE_WAIT ((ptrdiff_t)-1)
ptrdiff_t
smtp__message_read(struct smtp_message *message, void *p, size_t n);

/*
 * What smtp_message_write() does, once it knows the moment: complete, plan and
 * read, all to `file`. A source that has to be waited for is SMTP_E_SOURCE.
 */
int
smtp__message_write(struct smtp_message *message,
    const struct smtp__moment *moment, FILE *file, int eightbit);

/* Who signs it, counted from 0; NULL behind the last one. */
struct smtp_dkim;
int
smtp__message_add_signer(struct smtp_message *message,
    const struct smtp_dkim *dkim);
const struct smtp_dkim *
smtp__message_signer(const struct smtp_message *message, size_t i);

/* Has it a source that smtp_give() feeds? Does one wait for that? */
bool
smtp__message_is_given(const struct smtp_message *message);
bool
smtp__message_is_asking(const struct smtp_message *message);

/* Can it be sent a second time after content was read? */
bool
smtp__message_can_rewind(const struct smtp_message *message);

/* The settled envelope, after prepare. */
const char *
smtp__message_envelope_from(const struct smtp_message *message);
struct smtp__recipient *
smtp__message_recipients(struct smtp_message *message, size_t *count);
/*
 * What of it a client needs to write commands. An ORCPT without its name:
 * `raw` UTF-8 as it is, for a command with SMTPUTF8. And: is there one of this
 * keyword?
 */
void
smtp__orcpt_write(struct smtp__out *out, const char *type,
    struct smtp__bytes address, bool raw);
bool
smtp__parameters_have(const struct smtp__parameters *list,
    const char *keyword, size_t n);
const struct smtp__asks *
smtp__message_asks(const struct smtp_message *message);
struct smtp__outcome *
smtp__message_outcome(struct smtp_message *message);
/* Empty, for results as text; the message frees it. NULL: there is none. */
struct smtp__out *
smtp__message_rows(struct smtp_message *message);
void
smtp__message_set_elapsed(struct smtp_message *message, uint64_t ms);

/*
 * Set the words of an outcome (copied; NULL for none). False: no memory, and
 * the words are missing.
 */
bool
smtp__message_set_text(struct smtp_message *message,
    struct smtp__outcome *outcome, const char *text, size_t n);

/*
 * The name that the server gave to it, "" for none (copied). False: no memory.
 */
bool
smtp__message_set_queue_id(struct smtp_message *message, const char *p,
    size_t n);

/* Forget texts and numbers of the last send; outcomes OK and UNKNOWN stay. */
void
smtp__message_begin(struct smtp_message *message);

/* Keep a first error from outside the builder; words as for printf's %s. */
int
smtp__message_fail(struct smtp_message *message, int status,
    const char *field, const char *words);

/* An error of this send or write alone: the next one may do better. */
int
smtp__message_fail_once(struct smtp_message *message, int status,
    const char *field, const char *words);

#endif
