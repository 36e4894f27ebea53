/* SPDX-License-Identifier: MIT */
/*
 * LOGIN: the user, then the password, whatever the challenges say
 * (draft-murchison-sasl-login section 2.1).
 */
#include "sasl/mech.h"

#if SMTP_WITH_LOGIN
static void
say(struct smtp__line *line, const struct smtp_credentials *credentials,
    unsigned round, const struct smtp__challenge *challenge)
{
	(void)challenge;
	smtp__line_text(line,
	    round == 0 ? credentials->user : credentials->password);
}

const struct smtp__mech smtp__mech_login = {
	"LOGIN", SMTP__MECH_REVEALS, 2, NULL, say, NULL
};
#endif
