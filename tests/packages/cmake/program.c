/* SPDX-License-Identifier: MIT */
#include <smtp/smtp.h>
#include <stdio.h>
#include <string.h>

int
main(void)
{
	struct smtp *smtp = NULL;
	int rc = smtp_open(&smtp, "nonsense://localhost", NULL);

	puts(smtp_error(smtp));
	smtp_close(smtp);
	return rc == SMTP_E_ARGUMENT &&
	    strcmp(smtp_version(), SMTP_VERSION) == 0 ? 0 : 1;
}
