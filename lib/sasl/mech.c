/* SPDX-License-Identifier: MIT */
#include "sasl/mech.h"

#include <string.h>

#include "text/clean.h"

#if SMTP__MECH_CHOICE
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

static bool
fits(const struct smtp__mech *m, const struct smtp_credentials *credentials,
    unsigned how)
{
#if SMTP_WITH_CRAM_MD5
	if (m->hear != NULL && !(how & SMTP__MECH_MEMORY))
		return false;
#endif
	if (m->flags & SMTP__MECH_REVEALS && !(how & SMTP__MECH_SECURE))
		return false;
	return (m->flags & SMTP__MECH_TOKEN ? credentials->token :
	    credentials->password) != NULL;
}

uint8_t
smtp__mech_choose(const struct smtp_credentials *credentials,
    unsigned offered, unsigned how)
{
	uint8_t i;

	if (credentials->mechanism != NULL)
		offered &= smtp__mech_bit(credentials->mechanism);
	do {
		for (i = 0; smtp__mechs[i] != NULL; i++)
			if (offered & 1U << i &&
			    fits(smtp__mechs[i], credentials, how))
				return i;
		/* What shows no secret comes first, also where it may. */
		how = how & SMTP__MECH_INSECURE ?
		    SMTP__MECH_SECURE | (how & SMTP__MECH_MEMORY) : 0;
	} while (how != 0);
	return SMTP__MECH_NONE;
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

void
smtp__mech_say(struct smtp__line *line, const char *text,
    const struct smtp_credentials *credentials, const char *challenge)
{
	const char *const parts[] = {    /* in the order of SMTP__SAY_*   */
		credentials->user, credentials->password,
		credentials->token, credentials->authzid
	};

	(void)challenge;
	for (; *text != '\0'; text++) {
		unsigned place = (unsigned char)*text - 2U;

		if (place < 4) {
			if (parts[place] != NULL)
				smtp__line_text(line, parts[place]);
#if SMTP_WITH_OAUTHBEARER
		} else if (place == 5) {
			say_gs2(line, credentials->user);
#endif
#if SMTP_WITH_CRAM_MD5
		} else if (place == 6) {
			say_hex(line, challenge);
#endif
		} else {
			smtp__line_octet(line, place == 4 ? '\0' : *text);
		}
	}
}

#else
unsigned
smtp__mech_bit(const char *name)
{
	return strcmp(name, "PLAIN") == 0;
}
#endif

#if SMTP__STEPPED
bool
smtp__mech_name(const char *name)
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
	    is_clean(credentials->authzid, ' ', 255) &&
	    is_clean(credentials->password, ' ', 255) &&
	    is_clean(credentials->token, ' ' + 1, '~') &&
	    (credentials->password != NULL || credentials->token != NULL);
}
#endif
