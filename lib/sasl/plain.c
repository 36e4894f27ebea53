/* SPDX-License-Identifier: MIT */
/* PLAIN: [authzid] NUL authcid NUL password (RFC 4616 section 2). */
#include "sasl/mech.h"

const struct smtp__mech smtp__mech_plain = {
	"PLAIN", SMTP__MECH_INITIAL | SMTP__MECH_REVEALS, 1,
	{ SMTP__SAY_AUTHZID SMTP__SAY_NUL SMTP__SAY_USER SMTP__SAY_NUL
	    SMTP__SAY_PASSWORD, NULL },
	NULL, NULL
};
