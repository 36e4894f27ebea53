/* SPDX-License-Identifier: MIT */
/*
 * SASL mechanisms (RFC 4422), one a file. A mechanism says its responses into
 * a line, the octets before base64, and hears challenges decoded. It keeps
 * nothing: the round is counted for it, and what it works out from a challenge
 * stays where the challenge was.
 */
#ifndef SMTP__MECH_H
#define SMTP__MECH_H

#include <stdbool.h>
#include <stdint.h>

#include <smtp/engine.h>

#include "codec/line.h"

enum {
	SMTP__MECH_INITIAL = 1,  /* the first response goes with AUTH     */
	SMTP__MECH_REVEALS = 2,  /* shows the secret to whoever listens   */
	SMTP__MECH_TOKEN = 4     /* takes a token, not a password         */
};

/* The last challenge, decoded, in memory of `room` octets. */
struct smtp__challenge {
	char *p;
	size_t n, room;
};

struct smtp__mech {
	char name[20];
	uint8_t flags;
	uint8_t rounds;          /* responses until the server decides    */
	const char *excuse;      /* answers a challenge after the last    */
				 /* response; NULL: cancel                */

	/* Say response `round`, counted from 0. */
	void (*say)(struct smtp__line *line,
	    const struct smtp_credentials *credentials, unsigned round,
	    const struct smtp__challenge *challenge);

	/* Hear the challenge before response `round`; NULL: any will do. */
	bool (*hear)(const struct smtp_credentials *credentials,
	    unsigned round, struct smtp__challenge *challenge);
};

extern const struct smtp__mech smtp__mech_plain;
extern const struct smtp__mech smtp__mech_login;
extern const struct smtp__mech smtp__mech_cram_md5;
extern const struct smtp__mech smtp__mech_xoauth2;
extern const struct smtp__mech smtp__mech_oauthbearer;

/* The bit of a mechanism by its name in upper case, 0 for an unknown one. */
uint8_t
smtp__mech_bit(const char *name);

/*
 * The best of `offered` for what is at hand; `secure`: nobody else listens,
 * `challenges`: there is memory to keep one. NULL if none fits.
 */
const struct smtp__mech *
smtp__mech_choose(const struct smtp_credentials *credentials,
    uint8_t offered, bool secure, bool insecure, bool challenges);

/* Can these be sent with any mechanism? No NUL, no 0x01, no line end. */
bool
smtp__mech_check(const struct smtp_credentials *credentials);

#endif
