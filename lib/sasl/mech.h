/* SPDX-License-Identifier: MIT */
/*
 * SASL mechanisms (RFC 4422). What a mechanism says is a text with places for
 * the credentials; what it works out from a challenge stays where the
 * challenge was. It keeps nothing: the rounds are counted for it.
 */
#ifndef SMTP__MECH_H
#define SMTP__MECH_H

#include <stdbool.h>
#include <stdint.h>

#include <smtp/engine.h>

#include "codec/line.h"

/* Mechanisms that the engine does not know; their challenges are words. */
#define SMTP__STEPPED (SMTP_WITH_STEPPED && SMTP_WITH_TEXT)

/* In the order of choice under TLS: the names, each ended by NUL. */
#define SMTP__MECHS (1 + SMTP_WITH_LOGIN + SMTP_WITH_CRAM_MD5 + \
    SMTP_WITH_XOAUTH2 + SMTP_WITH_OAUTHBEARER)
extern const char smtp__mech_names[];

/* More than PLAIN: there is a choice, and challenges are answered. */
#define SMTP__MECH_CHOICE (SMTP_WITH_LOGIN || SMTP_WITH_CRAM_MD5 || \
    SMTP_WITH_XOAUTH2 || SMTP_WITH_OAUTHBEARER || SMTP__STEPPED)

/* What a mechanism needs, and what there is. */
enum {
	SMTP__MECH_SECURE = 1,   /* nobody else listens: the secret shows */
	SMTP__MECH_INSECURE = 2, /* they may, the caller said so          */
	SMTP__MECH_PASSWORD = 4,
	SMTP__MECH_TOKEN = 8,
	SMTP__MECH_MEMORY = 16   /* where the challenge can be kept       */
};

/*
 * The places in a text: each is a control octet that no text has itself. Those
 * of the dialogue come behind them.
 */
enum {
	SMTP__PLACE_USER = '\002',
	SMTP__PLACE_PASSWORD = '\003',
	SMTP__PLACE_TOKEN = '\004',
	SMTP__PLACE_AUTHZID = '\005',
	SMTP__PLACE_NUL = '\006',
	SMTP__PLACE_GS2USER = '\007', /* "=" and "," quoted, RFC 5801      */
	SMTP__PLACE_HEX = '\010' /* 16 octets at the challenge's place   */
};
#define SMTP__SAY_USER     "\002"
#define SMTP__SAY_PASSWORD "\003"
#define SMTP__SAY_TOKEN    "\004"
#define SMTP__SAY_AUTHZID  "\005"
#define SMTP__SAY_NUL      "\006"
#define SMTP__SAY_GS2USER  "\007"
#define SMTP__SAY_HEX      "\010"

/* PLAIN: [authzid] NUL authcid NUL password (RFC 4616 section 2). */
#define SMTP__SAY_SELF SMTP__SAY_NUL SMTP__SAY_USER SMTP__SAY_NUL \
    SMTP__SAY_PASSWORD
#if SMTP_WITH_AUTHZID
#define SMTP__SAY_PLAIN SMTP__SAY_AUTHZID SMTP__SAY_SELF
#else
#define SMTP__SAY_PLAIN SMTP__SAY_SELF
#endif

/* Say one octet of a text, or what it is the place of. */
void
smtp__mech_say(struct smtp__line *line, char c,
    const struct smtp_credentials *credentials, const char *challenge);

#if SMTP__MECH_CHOICE
#define SMTP__MECH_NONE 0xff
#define SMTP__MECH_STEPPED 0xfe  /* the caller speaks it                  */

/*
 * A mechanism that has one response more than `rounds` answers a challenge
 * behind the last one by that; others cancel.
 */
struct smtp__mech {
	const char *texts;       /* the responses, each ended by NUL      */
	uint8_t needs;
	uint8_t initial;         /* 1: the first goes with AUTH           */
	uint8_t rounds;          /* responses until the server decides    */
	uint8_t responses;       /* that there are                        */
};

extern const struct smtp__mech smtp__mechs[SMTP__MECHS];

const char *
smtp__mech_name(unsigned place);

/* The text of response `round`. */
const char *
smtp__mech_response(const struct smtp__mech *mech, unsigned round);

/*
 * CRAM-MD5: the digest takes the place of the challenge of `n` octets, where
 * there is room for it.
 */
#if SMTP_WITH_CRAM_MD5
bool
smtp__mech_digest(const struct smtp_credentials *credentials,
    char *challenge, size_t n, size_t room);
#endif

/*
 * The best of `offered` for what there is beside the credentials, by its place
 * in smtp__mechs; SMTP__MECH_NONE if none fits.
 */
uint8_t
smtp__mech_choose(const struct smtp_credentials *credentials,
    unsigned offered, unsigned has);
#endif

/* The bit of a name in a list, as that of the mechanisms, or 0. */
unsigned
smtp__mech_find(const char *list, unsigned count, const char *name);

/* The bit of a mechanism by its name in upper case, 0 for an unknown one. */
unsigned
smtp__mech_bit(const char *name);

/* Is it a name for a mechanism (RFC 4422 section 3.1)? */
#if SMTP__STEPPED
bool
smtp__mech_is_name(const char *name);
#endif

/* Can these be sent with any mechanism? No NUL, no control, no line end. */
bool
smtp__mech_check(const struct smtp_credentials *credentials);

#endif
