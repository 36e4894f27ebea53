/* SPDX-License-Identifier: MIT */
/*
 * Mechanisms that go step by step, beside those that are a text (mech.h): they
 * keep something from challenge to challenge. The engine knows none of them;
 * who drives it asks them for each response (smtp_engine_response()).
 *
 *      m->begin(m, state, &given)
 *      for (;;) {
 *              rc = m->step(state, challenge, n, &response)
 *              rc > 0                  not yet: again, with challenge NULL
 *              rc == SMTP_OK           say the response
 *              rc < 0                  cancel; response.why has words for it
 *      }
 *      m->end(state)
 */
#ifndef SMTP__STEPPED_H
#define SMTP__STEPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>
#include <smtp/status.h>

/* What a mechanism may make use of, borrowed from begin to end. */
struct smtp__stepped_given {
	const char *user;        /* or whom ANONYMOUS leaves; NULL: none    */
	const char *password;    /* or NULL                                 */
	const char *token;       /* or NULL                                 */
	const char *authzid;     /* whom to act as, NULL: who one is        */
	const char *host;        /* the name of the server, "" where it has */
				 /* none                                    */
	const char *service;     /* "smtp" or "lmtp"                        */
	int64_t seconds;         /* since 1970; 0: no clock                 */
	int (*random)(void *ctx, void *p, size_t n);     /* 0, or -1        */
	void *random_ctx;
	uint32_t iterations_max; /* of a key that is made from a password   */
	bool secure;             /* under TLS                               */
	bool may_bind;           /* to TLS, had the server offered -PLUS    */
	const char *binding_type;        /* with -PLUS: "tls-exporter", ... */
	const unsigned char *binding;
	size_t binding_n;
};

/* What a step gives. */
struct smtp__response {
	const void *p;           /* the mechanism's, until the next step    */
	size_t n;
	bool last;               /* it is satisfied: success may come now   */
	const char *why;         /* of a failure: static words, or NULL     */
};

enum {
	SMTP__STEPPED_FIRST = 1,         /* the client speaks first         */
	SMTP__STEPPED_REVEALS = 2,       /* shows the secret who listens    */
	SMTP__STEPPED_PASSWORD = 4,      /* takes one                       */
	SMTP__STEPPED_TOKEN = 8,
	SMTP__STEPPED_BINDS = 16,        /* only with data to bind to       */
	SMTP__STEPPED_NAMED = 32         /* only where it was named         */
};

struct smtp__stepped {
	const char *name;
	uint8_t flags;
	size_t state_bytes;      /* memory for the state, that of malloc() */

	/*
	 * Begin in `state`, which is zero. SMTP_OK, or SMTP_E_ARGUMENT for
	 * credentials that the mechanism cannot send, SMTP_E_UNSUPPORTED where
	 * this build or machine lacks what it takes: nothing was said then.
	 */
	int (*begin)(const struct smtp__stepped *self, void *state,
	    const struct smtp__stepped_given *given);

	/*
	 * The next response. `challenge` is NULL at the first of a mechanism
	 * that speaks first, and when it goes on after "not yet". Returns
	 * SMTP_OK, SMTP_WANT_TIME for "again, soon": no call takes long; or
	 * SMTP_E_AUTH, SMTP_E_MEMORY, ...: the exchange has failed.
	 */
	int (*step)(void *state, const void *challenge, size_t n,
	    struct smtp__response *response);

	/* Wipe what was a secret; the memory goes elsewhere. */
	void (*end)(void *state);
};

extern const struct smtp__stepped smtp__stepped_external;
extern const struct smtp__stepped smtp__stepped_anonymous;
#if SMTP_WITH_NTLM
extern const struct smtp__stepped smtp__stepped_ntlm;
#endif

#endif
