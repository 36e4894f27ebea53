/* SPDX-License-Identifier: MIT */
/*
 * Bearer tokens: XOAUTH2 as its vendors describe it, and OAUTHBEARER
 * (RFC 7628 section 3.1). A challenge after the response is an error in JSON;
 * XOAUTH2 answers it with an empty line, OAUTHBEARER with one octet 0x01, and
 * then the server says no.
 */
#include "sasl/mech.h"

#if SMTP_WITH_XOAUTH2
static void
say_xoauth2(struct smtp__line *line,
    const struct smtp_credentials *credentials, unsigned round,
    const struct smtp__challenge *challenge)
{
	(void)round;
	(void)challenge;
	smtp__line_text(line, "user=");
	smtp__line_text(line, credentials->user);
	smtp__line_text(line, "\001auth=Bearer ");
	smtp__line_text(line, credentials->token);
	smtp__line_text(line, "\001\001");
}

const struct smtp__mech smtp__mech_xoauth2 = {
	"XOAUTH2", SMTP__MECH_INITIAL | SMTP__MECH_REVEALS | SMTP__MECH_TOKEN,
	1, "", say_xoauth2, NULL
};
#endif

#if SMTP_WITH_OAUTHBEARER
/* In a GS2 header "=" and "," are quoted (RFC 5801 section 4). */
static void
say_name(struct smtp__line *line, const char *p)
{
	for (; *p != '\0'; p++) {
		if (*p == '=')
			smtp__line_text(line, "=3D");
		else if (*p == ',')
			smtp__line_text(line, "=2C");
		else
			smtp__line_octet(line, *p);
	}
}

static void
say_oauthbearer(struct smtp__line *line,
    const struct smtp_credentials *credentials, unsigned round,
    const struct smtp__challenge *challenge)
{
	(void)round;
	(void)challenge;
	smtp__line_text(line, "n,a=");
	say_name(line, credentials->user);
	smtp__line_text(line, ",\001auth=Bearer ");
	smtp__line_text(line, credentials->token);
	smtp__line_text(line, "\001\001");
}

const struct smtp__mech smtp__mech_oauthbearer = {
	"OAUTHBEARER",
	SMTP__MECH_INITIAL | SMTP__MECH_REVEALS | SMTP__MECH_TOKEN,
	1, "\001", say_oauthbearer, NULL
};
#endif
