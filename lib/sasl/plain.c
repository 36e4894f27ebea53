/* SPDX-License-Identifier: MIT */
/* PLAIN: [authzid] NUL authcid NUL password (RFC 4616 section 2). */
#include "sasl/mech.h"

static void
say(struct smtp__line *line, const struct smtp_credentials *credentials,
    unsigned round, const struct smtp__challenge *challenge)
{
	(void)round;
	(void)challenge;
	if (credentials->authzid != NULL)
		smtp__line_text(line, credentials->authzid);
	smtp__line_octet(line, '\0');
	smtp__line_text(line, credentials->user);
	smtp__line_octet(line, '\0');
	smtp__line_text(line, credentials->password);
}

const struct smtp__mech smtp__mech_plain = {
	"PLAIN", SMTP__MECH_INITIAL | SMTP__MECH_REVEALS, 1, NULL, say, NULL
};
