/* SPDX-License-Identifier: MIT */
/*
 * Which mechanism, and its steps. What a session keeps of that.
 */
#ifndef SMTP__AUTH_H
#define SMTP__AUTH_H

#include <stdbool.h>

#include "net/net.h"
#include "sasl/stepped.h"

struct smtp;
struct smtp_reply;

/* What it is done with. */
enum smtp__proof {
	SMTP__NO_PROOF,          /* not asked for, or wiped                 */
	SMTP__PASSWORD,
	SMTP__TOKEN,
	SMTP__NAMED              /* a mechanism that has its own            */
};

struct smtp__auth {
	enum smtp__proof proof;
	char *named;             /* smtp_auth_mechanism(): this one         */

	/* one operation */
	unsigned tried;          /* bits by the place in the order          */
	unsigned attempts;
	bool polled;             /* tokens come with smtp_give_token()      */
	bool asking;             /* for one                                 */
	bool denied;             /* there is none                           */
	bool renewed;            /* one was refused                         */

	/* one exchange */
	char name[24];           /* the mechanism; stays for questions      */
	bool reveals;
	const struct smtp__stepped *stepped;     /* NULL: the engine's own  */
	void *state;
	struct smtp__stepped_given given;
	unsigned char binding[SMTP__TLS_BINDING_BYTES];
	struct smtp__response response;
	int status;              /* of the step that heard a challenge      */
	bool heard;
	bool failed;             /* we cancelled                            */
};

/*
 * Say AUTH, with the best mechanism that fits. SMTP_OK when it began, a mask
 * while a token is asked for (then go on with ask), or the status that
 * smtp_auth() has, told already.
 */
int
smtp__auth_start(struct smtp *s);
int
smtp__auth_ask(struct smtp *s);

/*
 * AUTH ended with this status, other than SMTP_OK: SMTP_OK when something else
 * is tried, a mask as above, or the status.
 */
int
smtp__auth_again(struct smtp *s, int status);

/* A challenge came, of which nothing is kept. */
void
smtp__auth_hear(struct smtp *s, const struct smtp_reply *reply);

/* The engine wants a response: a mask, SMTP_OK, or why it failed. */
int
smtp__auth_step(struct smtp *s, uint64_t now_ms);

/* The exchange is over, in whatever way. */
void
smtp__auth_end(struct smtp *s);

/* Wipe all credentials. */
void
smtp__auth_forget(struct smtp *s);

#endif
