/* SPDX-License-Identifier: MIT */
#include "sasl/mech.h"

#include <string.h>

const struct smtp__mech *const smtp__mechs[] = {
#if SMTP_WITH_OAUTHBEARER
	&smtp__mech_oauthbearer,
#endif
#if SMTP_WITH_XOAUTH2
	&smtp__mech_xoauth2,
#endif
	&smtp__mech_plain,
#if SMTP_WITH_LOGIN
	&smtp__mech_login,
#endif
#if SMTP_WITH_CRAM_MD5
	&smtp__mech_cram_md5,
#endif
	NULL
};

unsigned
smtp__mech_bit(const char *name)
{
	const struct smtp__mech *const *m;
	unsigned bit = 1;

	for (m = smtp__mechs; *m != NULL; m++, bit <<= 1)
		if (strcmp(name, (*m)->name) == 0)
			return bit;
	return 0;
}

static const char *
secret_of(const struct smtp__mech *mech,
    const struct smtp_credentials *credentials)
{
	return mech->flags & SMTP__MECH_TOKEN ?
	    credentials->token : credentials->password;
}

uint8_t
smtp__mech_choose(const struct smtp_credentials *credentials,
    unsigned offered, unsigned how)
{
	uint8_t i, revealing = SMTP__MECH_NONE;

	if (credentials->mechanism != NULL)
		offered &= smtp__mech_bit(credentials->mechanism);
	for (i = 0; smtp__mechs[i] != NULL; i++, offered >>= 1) {
		const struct smtp__mech *m = smtp__mechs[i];

		if (!(offered & 1) || secret_of(m, credentials) == NULL ||
		    (m->hear != NULL && !(how & SMTP__MECH_MEMORY)))
			continue;
		if (how & SMTP__MECH_SECURE ||
		    !(m->flags & SMTP__MECH_REVEALS))
			return i;
		if (revealing == SMTP__MECH_NONE)
			revealing = i;
	}
	return how & SMTP__MECH_INSECURE ? revealing : SMTP__MECH_NONE;
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

enum {                           /* SMTP__SAY_*, as octets                */
	AUTHZID = 2,
	USER,
	SECRET,
	GS2USER,
	NUL,
	HEX
};

void
smtp__mech_say(const struct smtp__mech *mech, const char *text,
    struct smtp__line *line, const struct smtp_credentials *credentials,
    const char *challenge)
{
	const char *part;

	(void)challenge;
	for (; *text != '\0'; text++) {
		part = credentials->user;
		switch (*text) {
		case AUTHZID:
			part = credentials->authzid;
			break;
		case USER:
			break;
		case SECRET:
			part = secret_of(mech, credentials);
			break;
#if SMTP_WITH_OAUTHBEARER
		case GS2USER:
			say_gs2(line, part);
			part = NULL;
			break;
#endif
#if SMTP_WITH_CRAM_MD5
		case HEX:
			say_hex(line, challenge);
			part = NULL;
			break;
#endif
		default:
			smtp__line_octet(line,
			    *text == NUL ? '\0' : *text);
			part = NULL;
			break;
		}
		if (part != NULL)
			smtp__line_text(line, part);
	}
}

/* One part of the credentials, bounded so that a line of AUTH is too. */
static bool
is_clean(const char *p, unsigned most)
{
	size_t n = 0;

	if (p == NULL)
		return true;
	for (; p[n] != '\0'; n++) {
		unsigned c = (unsigned char)p[n];

		if (n == 4096 || c < ' ' + (most == '~') || c == 127 ||
		    c > most)
			return false;
	}
	return n > 0;
}

/* A token is visible ASCII (RFC 6750 section 2.1). */
bool
smtp__mech_check(const struct smtp_credentials *credentials)
{
	return credentials->user != NULL &&
	    is_clean(credentials->user, 255) &&
	    is_clean(credentials->authzid, 255) &&
	    is_clean(credentials->password, 255) &&
	    is_clean(credentials->token, '~') &&
	    (credentials->password != NULL || credentials->token != NULL);
}
