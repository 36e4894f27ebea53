/* SPDX-License-Identifier: MIT */
/* One copy at work: the names are what SMTP_PREFIX makes of them. */
#include <smtp/message.h>
#include <smtp/smtp.h>
#include <string.h>

int
REFUSES(void);

/* Asked for what cannot be, it says so in its own words. */
int
REFUSES(void)
{
	struct smtp *smtp = NULL;
	struct smtp_message *m = smtp_message_new();
	int rc, fine;

	rc = smtp_open(&smtp, "nonsense://localhost", NULL);
	fine = m != NULL && rc == SMTP_E_ARGUMENT &&
	    strstr(smtp_error(smtp), "unknown scheme") != NULL &&
	    strcmp(smtp_version(), SMTP_VERSION) == 0;
	smtp_close(smtp);
	smtp_message_free(m);
	return fine;
}
