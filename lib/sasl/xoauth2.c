/* SPDX-License-Identifier: MIT */
/*
 * Bearer tokens: XOAUTH2 as its vendors describe it, and OAUTHBEARER
 * (RFC 7628 section 3.1). A challenge after the response is an error in JSON;
 * XOAUTH2 answers it with an empty line, OAUTHBEARER with one octet 0x01, and
 * then the server says no.
 */
#include "sasl/mech.h"

#define FLAGS SMTP__MECH_INITIAL | SMTP__MECH_REVEALS | SMTP__MECH_TOKEN
#define BEARER "\001auth=Bearer " SMTP__SAY_TOKEN "\001\001"

#if SMTP_WITH_XOAUTH2
const struct smtp__mech smtp__mech_xoauth2 = {
	"XOAUTH2", FLAGS, 1,
	{ "user=" SMTP__SAY_USER BEARER, NULL },
	"", NULL
};
#endif

#if SMTP_WITH_OAUTHBEARER
const struct smtp__mech smtp__mech_oauthbearer = {
	"OAUTHBEARER", FLAGS, 1,
	{ "n,a=" SMTP__SAY_GS2USER "," BEARER, NULL },
	"\001", NULL
};
#endif
