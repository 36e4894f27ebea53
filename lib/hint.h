/* SPDX-License-Identifier: MIT */
/*
 * What usually helps, from the numbers of a failure.
 */
#ifndef SMTP__HINT_H
#define SMTP__HINT_H

#include <stdbool.h>

/* What is known about a failure and its session; 0 is "any". */
struct smtp__facts {
	int status, cause, phase;
	int code;
	unsigned subject, detail;        /* SMTP_NO_ENHANCED: none          */
	unsigned cert_errors;            /* SMTP__CERT_x                    */
	unsigned port;
	int policy;                      /* enum smtp_engine_tls            */
	bool lmtp;
	bool not_tls;                    /* answered, but not with TLS      */
	bool secure;                     /* TLS is on                       */
	bool starttls, auth;             /* offered                         */
	bool own_ca;                     /* an option names the anchors     */
	bool token;                      /* not a password                  */
	bool proxy;                      /* an option names one             */
	const char *words;               /* of the reply; NULL: none        */
	const char *banner;              /* first line that came, or NULL   */
};

/* One line or two sentences; "" where there is nothing to say. */
const char *
smtp__hint(const struct smtp__facts *facts);

#endif
