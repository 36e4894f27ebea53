/* SPDX-License-Identifier: MIT */
/*
 * A SASL mechanism of one's own (RFC 4422), beside those of the library:
 *
 *      static const struct smtp_sasl mine = {
 *              .name = "X-MINE", .flags = SMTP_SASL_FIRST, .step = step
 *      };
 *
 *      smtp_options_add_sasl(options, &mine);
 *      smtp_open(&smtp, url, options);
 *      smtp_auth_mechanism(smtp, "X-MINE", NULL);
 *
 * The library says AUTH, base64 and "*", and asks the mechanism for each
 * response. Functions are called in the thread that called the library, never
 * two at a time for one state, and may not use the session. Since 0.9.
 */
#ifndef SMTP_SASL_H
#define SMTP_SASL_H

#include <stddef.h>

#include <smtp/config.h>
#include <smtp/smtp.h>

#ifdef __cplusplus
extern "C" {
#endif

enum smtp_sasl_flags {
	SMTP_SASL_FIRST = 1,     /* the client speaks first, with AUTH      */
	SMTP_SASL_REVEALS = 2,   /* shows a secret to whoever listens: only */
				 /* under TLS                               */
	SMTP_SASL_PASSWORD = 4,  /* smtp_auth() may choose it               */
	SMTP_SASL_TOKEN = 8      /* smtp_auth_token() may choose it         */
};

/*
 * What a mechanism may make use of, borrowed until its end. Strings are NULL
 * where there is none; more may be added behind them.
 */
struct smtp_sasl_given {
	const char *host;        /* the server as the URL names it          */
	const char *service;     /* "smtp" or "lmtp"                        */
	const char *user;        /* of smtp_auth(), or the identity of      */
				 /* smtp_auth_mechanism()                   */
	const char *password;
	const char *token;
	const char *authzid;     /* whom to act as                          */
	int secure;              /* under TLS                               */
};

/* What a step gives; all zero before it. */
struct smtp_sasl_response {
	const void *p;           /* borrowed until the next step or the end */
	size_t n;                /* 0 is an empty response, whatever p is   */
	int last;                /* the mechanism is satisfied: success may */
				 /* come now, and before it is none         */
	const char *why;         /* of a failure: a line for the error,     */
				 /* borrowed as `p`, without a secret       */
};

struct smtp_sasl {
	const char *name;        /* 1 to 20 of A-Z, 0-9, "-" and "_"        */
	unsigned flags;          /* enum smtp_sasl_flags                    */

	/*
	 * Begin: make a state, which is NULL until then. Returns SMTP_OK;
	 * SMTP_E_UNSUPPORTED for "not here", so that another mechanism may be
	 * tried; or SMTP_E_ARGUMENT, SMTP_E_MEMORY, with which smtp_auth()
	 * ends. Nothing was said then. NULL: `ctx` is the state.
	 */
	int (*begin)(void *ctx, const struct smtp_sasl_given *given,
	    void **state);

	/*
	 * The next response. `challenge` is NULL at the first of a mechanism
	 * that speaks first, else it is not, but may be empty. Returns
	 * SMTP_OK, or an error, mostly SMTP_E_AUTH: the exchange is cancelled
	 * and smtp_auth() ends with that. It should not wait.
	 */
	int (*step)(void *state, const void *challenge, size_t n,
	    struct smtp_sasl_response *response);

	/* After the last step, when begin succeeded. NULL: nothing to do. */
	void (*end)(void *state);

	void *ctx;
};

/*
 * Add a mechanism. The struct and its name are copied, what `ctx` points to
 * is not: it has to live as long as sessions with these options. A program's
 * own mechanisms come before the library's, the first added first, and in the
 * place of one with the same name; one that takes neither a password nor a
 * token is used by smtp_auth_mechanism() only.
 *
 * Returns SMTP_OK, SMTP_E_ARGUMENT for what is no mechanism or was added
 * already, SMTP_E_STATE, SMTP_E_MEMORY, or SMTP_E_SPACE after eight of them.
 */
SMTP_API int
smtp_options_add_sasl(struct smtp_options *options,
    const struct smtp_sasl *sasl);

#ifdef __cplusplus
}
#endif

#endif
