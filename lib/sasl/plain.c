/* SPDX-License-Identifier: MIT */
/* PLAIN: [authzid] NUL authcid NUL password (RFC 4616 section 2). */
#include "sasl/mech.h"

#include "text/clean.h"

#if SMTP__MECH_CHOICE
const struct smtp__mech smtp__mech_plain = {
	"PLAIN", SMTP__MECH_INITIAL | SMTP__MECH_REVEALS, 1,
	{ SMTP__SAY_AUTHZID SMTP__SAY_NUL SMTP__SAY_USER SMTP__SAY_NUL
	    SMTP__SAY_PASSWORD, NULL },
	NULL, NULL
};
#else
size_t
smtp__mech_plain(const struct smtp_credentials *credentials)
{
	const char *z = credentials->authzid;
	size_t user = smtp__clean(credentials->user, ' ', 255);
	size_t password = smtp__clean(credentials->password, ' ', 255);
	size_t authzid = z == NULL ? 0 : smtp__clean(z, ' ', 255);

	if (user == 0 || password == 0 || (z != NULL && authzid == 0))
		return 0;
	return authzid + 1 + user + 1 + password;
}

void
smtp__mech_say_plain(struct smtp__line *line,
    const struct smtp_credentials *credentials)
{
	if (credentials->authzid != NULL)
		smtp__line_text(line, credentials->authzid);
	smtp__line_octet(line, '\0');
	smtp__line_text(line, credentials->user);
	smtp__line_octet(line, '\0');
	smtp__line_text(line, credentials->password);
}
#endif
