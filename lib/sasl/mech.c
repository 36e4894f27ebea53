/* SPDX-License-Identifier: MIT */
#include "sasl/mech.h"

#include <string.h>

/* In the order of choice under TLS (RFC 4422 section 3.2). */
static const struct smtp__mech *const mechs[] = {
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
};

#define COUNT (sizeof mechs / sizeof mechs[0])

uint8_t
smtp__mech_bit(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT; i++)
		if (strcmp(name, mechs[i]->name) == 0)
			return (uint8_t)(1U << i);
	return 0;
}

static bool
fits(const struct smtp__mech *m, const struct smtp_credentials *credentials,
    bool challenges)
{
	if ((m->flags & SMTP__MECH_TOKEN ? credentials->token :
	    credentials->password) == NULL)
		return false;
	return m->hear == NULL || challenges;
}

const struct smtp__mech *
smtp__mech_choose(const struct smtp_credentials *credentials, uint8_t offered,
    bool secure, bool insecure, bool challenges)
{
	const struct smtp__mech *revealing = NULL;
	size_t i;

	if (credentials->mechanism != NULL)
		offered &= smtp__mech_bit(credentials->mechanism);
	for (i = 0; i < COUNT; i++) {
		if (!(offered & 1U << i) ||
		    !fits(mechs[i], credentials, challenges))
			continue;
		if (secure || !(mechs[i]->flags & SMTP__MECH_REVEALS))
			return mechs[i];
		if (revealing == NULL)
			revealing = mechs[i];
	}
	return insecure ? revealing : NULL;
}

static bool
is_clean(const char *p)
{
	for (; *p != '\0'; p++)
		if (*p == 1 || *p == '\r' || *p == '\n')
			return false;
	return true;
}

/* NUL cannot be in a string; a token is visible ASCII (RFC 6750). */
bool
smtp__mech_check(const struct smtp_credentials *credentials)
{
	const char *p;

	if (credentials->user == NULL || credentials->user[0] == '\0' ||
	    !is_clean(credentials->user))
		return false;
	if (credentials->authzid != NULL && !is_clean(credentials->authzid))
		return false;
	p = credentials->password;
	if (p != NULL && (p[0] == '\0' || !is_clean(p)))
		return false;
	p = credentials->token;
	if (p != NULL && p[0] == '\0')
		return false;
	for (; p != NULL && *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return credentials->password != NULL || credentials->token != NULL;
}
