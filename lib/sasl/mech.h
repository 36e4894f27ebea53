/* SPDX-License-Identifier: MIT */
/*
 * SASL mechanisms (RFC 4422), one a file. What a mechanism says is a text with
 * places for the credentials; what it works out from a challenge stays where
 * the challenge was. It keeps nothing: the rounds are counted for it.
 */
#ifndef SMTP__MECH_H
#define SMTP__MECH_H

#include <stdbool.h>
#include <stdint.h>

#include <smtp/engine.h>

#include "codec/line.h"

/* Mechanisms that the engine does not know; their challenges are words. */
#define SMTP__STEPPED (SMTP_WITH_STEPPED && SMTP_WITH_TEXT)

/* More than PLAIN: there is a choice, and challenges are answered. */
#define SMTP__MECH_CHOICE (SMTP_WITH_LOGIN || SMTP_WITH_CRAM_MD5 || \
    SMTP_WITH_XOAUTH2 || SMTP_WITH_OAUTHBEARER || SMTP__STEPPED)

enum {
	SMTP__MECH_INITIAL = 1,  /* the first response goes with AUTH     */
	SMTP__MECH_REVEALS = 2,  /* shows the secret to whoever listens   */
	SMTP__MECH_TOKEN = 4     /* takes a token, not a password         */
};

/* How a mechanism is chosen. */
enum {
	SMTP__MECH_SECURE = 1,   /* nobody else listens                   */
	SMTP__MECH_INSECURE = 2, /* they may, the caller said so          */
	SMTP__MECH_MEMORY = 4    /* a challenge can be kept               */
};

/* The places in a text; each is a control octet that no text has itself. */
#define SMTP__SAY_USER     "\002"
#define SMTP__SAY_PASSWORD "\003"
#define SMTP__SAY_TOKEN    "\004"
#define SMTP__SAY_AUTHZID  "\005"
#define SMTP__SAY_NUL      "\006"
#define SMTP__SAY_GS2USER  "\007" /* with "=" and "," quoted, RFC 5801    */
#define SMTP__SAY_HEX      "\010" /* 16 octets at the challenge's place   */

/* The last challenge, decoded, in memory of `room` octets. */
struct smtp__challenge {
	char *p;
	size_t n, room;
};

struct smtp__mech {
	const char *name;
	uint8_t flags;
	uint8_t rounds;          /* responses until the server decides    */
	const char *say[2];      /* the texts of these responses          */
	const char *excuse;      /* answers a challenge after the last    */
				 /* response; NULL: cancel                */

	/* Hear the challenge before response `round`; NULL: any will do. */
	bool (*hear)(const struct smtp_credentials *credentials,
	    unsigned round, struct smtp__challenge *challenge);
};

#if SMTP__MECH_CHOICE
#define SMTP__MECH_NONE 0xff
#define SMTP__MECH_STEPPED 0xfe  /* the caller speaks it                  */

/* In the order of choice under TLS; NULL at the end. */
extern const struct smtp__mech *const smtp__mechs[];

extern const struct smtp__mech smtp__mech_plain;
extern const struct smtp__mech smtp__mech_login;
extern const struct smtp__mech smtp__mech_cram_md5;
extern const struct smtp__mech smtp__mech_xoauth2;
extern const struct smtp__mech smtp__mech_oauthbearer;

/*
 * The best of `offered` for what is at hand, by its place in smtp__mechs;
 * SMTP__MECH_NONE if none fits.
 */
uint8_t
smtp__mech_choose(const struct smtp_credentials *credentials,
    unsigned offered, unsigned how);

void
smtp__mech_say(struct smtp__line *line, const char *text,
    const struct smtp_credentials *credentials, const char *challenge);

#else
/*
 * The octets of the response of PLAIN, before base64; 0 for credentials that
 * cannot be sent: nothing empty, no control.
 */
size_t
smtp__mech_plain(const struct smtp_credentials *credentials);
void
smtp__mech_say_plain(struct smtp__line *line,
    const struct smtp_credentials *credentials);
#endif

/* The bit of a mechanism by its name in upper case, 0 for an unknown one. */
unsigned
smtp__mech_bit(const char *name);

/* Is it a name for a mechanism (RFC 4422 section 3.1)? */
#if SMTP__STEPPED
bool
smtp__mech_name(const char *name);
#endif

/* Can these be sent with any mechanism? No NUL, no control, no line end. */
#if SMTP__MECH_CHOICE
bool
smtp__mech_check(const struct smtp_credentials *credentials);
#endif

#endif
