/* SPDX-License-Identifier: MIT */
/*
 * LOGIN: the user, then the password, whatever the challenges say
 * (draft-murchison-sasl-login section 2.1).
 */
#include "sasl/mech.h"

#if SMTP_WITH_LOGIN
const struct smtp__mech smtp__mech_login = {
	"LOGIN", SMTP__MECH_REVEALS, 2,
	{ SMTP__SAY_USER, SMTP__SAY_PASSWORD },
	NULL, NULL
};
#endif
