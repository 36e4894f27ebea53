/* SPDX-License-Identifier: MIT */
#include "sasl/mech.h"

#include <string.h>

#include "text/called.h"
#include "text/clean.h"

const char smtp__mech_names[] =
#if SMTP_WITH_OAUTHBEARER
	"OAUTHBEARER\0"
#endif
#if SMTP_WITH_XOAUTH2
	"XOAUTH2\0"
#endif
	"PLAIN"
#if SMTP_WITH_LOGIN
	"\0LOGIN"
#endif
#if SMTP_WITH_CRAM_MD5
	"\0CRAM-MD5"
#endif
	;

unsigned
smtp__mech_find(const char *list, unsigned count, const char *name)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		if (strcmp(list, name) == 0)
			return 1U << i;
		list += strlen(list) + 1;
	}
	return 0;
}

unsigned
smtp__mech_bit(const char *name)
{
	return smtp__mech_find(smtp__mech_names, SMTP__MECHS, name);
}

#if SMTP__MECH_CHOICE
#define PASSWORD SMTP__MECH_SECURE | SMTP__MECH_PASSWORD
#define TOKEN SMTP__MECH_SECURE | SMTP__MECH_TOKEN
#define CHALLENGE SMTP__MECH_MEMORY | SMTP__MECH_PASSWORD
#define BEARER "\001auth=Bearer " SMTP__SAY_TOKEN "\001\001"

/*
 * LOGIN says the user, then the password, whatever the challenges say
 * (draft-murchison-sasl-login section 2.1). Bearer tokens: XOAUTH2 as its
 * vendors describe it, and OAUTHBEARER (RFC 7628 section 3.1). A challenge
 * after the response is an error in JSON; XOAUTH2 answers it with an empty
 * line, OAUTHBEARER with one octet 0x01, and then the server says no.
 */
const struct smtp__mech smtp__mechs[SMTP__MECHS] = {
#if SMTP_WITH_OAUTHBEARER
	{ "n,a=" SMTP__SAY_GS2USER "," BEARER "\0\001",
	    TOKEN, 1, 1, 2 },
#endif
#if SMTP_WITH_XOAUTH2
	{ "user=" SMTP__SAY_USER BEARER "\0",
	    TOKEN, 1, 1, 2 },
#endif
	{ SMTP__SAY_PLAIN, PASSWORD, 1, 1, 1 },
#if SMTP_WITH_LOGIN
	{ SMTP__SAY_USER "\0" SMTP__SAY_PASSWORD, PASSWORD, 0, 2, 2 },
#endif
#if SMTP_WITH_CRAM_MD5
	{ SMTP__SAY_USER " " SMTP__SAY_HEX, CHALLENGE, 0, 1, 1 },
#endif
};

/* Text `i` of many, each ended by NUL. */
SMTP__CALLED static const char *
text(const char *p, unsigned i)
{
	while (i-- > 0)
		p += strlen(p) + 1;
	return p;
}

const char *
smtp__mech_name(unsigned place)
{
	return text(smtp__mech_names, place);
}

const char *
smtp__mech_response(const struct smtp__mech *mech, unsigned round)
{
	return text(mech->texts, round);
}

uint8_t
smtp__mech_choose(const struct smtp_credentials *credentials,
    unsigned offered, unsigned has)
{
	unsigned i;

	if (credentials->password != NULL)
		has |= SMTP__MECH_PASSWORD;
	if (credentials->token != NULL)
		has |= SMTP__MECH_TOKEN;
#if SMTP_WITH_MECHANISM
	if (credentials->mechanism != NULL)
		offered &= smtp__mech_bit(credentials->mechanism);
#endif
	for (;;) {
		for (i = 0; i < SMTP__MECHS; i++)
			if (offered & 1U << i &&
			    (smtp__mechs[i].needs & ~has) == 0)
				return (uint8_t)i;
		/* What shows no secret comes first, also where it may. */
		if (!SMTP_WITH_PLAINTEXT || !(has & SMTP__MECH_INSECURE))
			return SMTP__MECH_NONE;
		has ^= SMTP__MECH_INSECURE | SMTP__MECH_SECURE;
	}
}

#if SMTP_WITH_OAUTHBEARER
static void
say_gs2(struct smtp__line *line, const char *p)
{
	for (; *p != '\0'; p++) {
		if (*p == '=' || *p == ',')
			smtp__line_text(line, *p == '=' ? "=3D" : "=2C");
		else
			smtp__line_octet(line, *p);
	}
}
#endif

#if SMTP_WITH_CRAM_MD5
static void
say_hex(struct smtp__line *line, const char *p)
{
	const char *end = p + 16;

	for (; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		smtp__line_octet(line, "0123456789abcdef"[c >> 4]);
		smtp__line_octet(line, "0123456789abcdef"[c & 15]);
	}
}
#endif

#endif

void
smtp__mech_say(struct smtp__line *line, char c,
    const struct smtp_credentials *credentials, const char *challenge)
{
	const char *given;

	(void)challenge;
	switch (c) {
	case SMTP__PLACE_USER:
		given = credentials->user;
		break;
	case SMTP__PLACE_PASSWORD:
		given = credentials->password;
		break;
#if SMTP_WITH_AUTHZID
	case SMTP__PLACE_AUTHZID:
		given = credentials->authzid;
		if (given == NULL)
			return;
		break;
#endif
#if SMTP_WITH_XOAUTH2 || SMTP_WITH_OAUTHBEARER
	case SMTP__PLACE_TOKEN:
		given = credentials->token;
		break;
#endif
#if SMTP_WITH_OAUTHBEARER
	case SMTP__PLACE_GS2USER:
		say_gs2(line, credentials->user);
		return;
#endif
#if SMTP_WITH_CRAM_MD5
	case SMTP__PLACE_HEX:
		say_hex(line, challenge);
		return;
#endif
	case SMTP__PLACE_NUL:
		c = '\0';
		/* fallthrough */
	default:
		smtp__line_octet(line, c);
		return;
	}
	smtp__line_text(line, given);
}

#if SMTP__STEPPED
bool
smtp__mech_is_name(const char *name)
{
	size_t n = 0;

	if (name == NULL)
		return false;
	for (; name[n] != '\0'; n++) {
		char c = name[n];

		if (n == 20 || ((c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		    c != '-' && c != '_'))
			return false;
	}
	return n > 0;
}
#endif

#if SMTP__MECH_CHOICE
/* One part of the credentials, bounded so that a line of AUTH is too. */
static bool
is_clean(const char *p, unsigned least, unsigned most)
{
	return p == NULL || smtp__clean(p, least, most) - 1U < 4096;
}

/* A token is visible ASCII (RFC 6750 section 2.1). */
bool
smtp__mech_check(const struct smtp_credentials *credentials)
{
	return credentials->user != NULL &&
	    is_clean(credentials->user, ' ', 255) &&
#if SMTP_WITH_AUTHZID
	    is_clean(credentials->authzid, ' ', 255) &&
#endif
	    is_clean(credentials->password, ' ', 255) &&
	    is_clean(credentials->token, ' ' + 1, '~') &&
	    (credentials->password != NULL || credentials->token != NULL);
}
#else
/* One part of a response, or more than the line of AUTH has room for. */
static size_t
part(const char *p)
{
	size_t n = p != NULL ? smtp__clean(p, ' ', 255) : 0;

	return n > 0 && n < 373 ? n : 373;
}

/* Base64 of 372 octets fits into that line. */
bool
smtp__mech_check(const struct smtp_credentials *credentials)
{
	size_t n = 1 + part(credentials->user) + 1 +
	    part(credentials->password);

#if SMTP_WITH_AUTHZID
	if (credentials->authzid != NULL)
		n += part(credentials->authzid);
#endif
	return n <= 372;
}
#endif
