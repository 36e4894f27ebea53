/* SPDX-License-Identifier: MIT */
/* Send one text.  usage: send_text url user from to subject < text */
#include <stdio.h>
#include <stdlib.h>

#include <smtp/smtp.h>

int
main(int argc, char **argv)
{
	struct smtp *smtp = NULL;
	struct smtp_message *m;
	int rc;

	if (argc != 6) {
		fprintf(stderr, "usage: send_text url user from to subject "
		    "< text\n");
		return 64;
	}
	m = smtp_message_new();
	smtp_message_set_from(m, argv[3]);
	smtp_message_add_to(m, argv[4]);
	smtp_message_set_subject(m, argv[5]);
	smtp_message_set_text_file(m, stdin);   /* errors are kept for */
						/* smtp_send to tell   */
	rc = smtp_open(&smtp, argv[1], NULL);
	if (rc == SMTP_OK)
		rc = smtp_auth(smtp, argv[2], getenv("SMTP_PASSWORD"));
	if (rc == SMTP_OK)
		rc = smtp_send(smtp, m);
	if (rc != SMTP_OK)
		fprintf(stderr, "send_text: %s\n%s\n", smtp_error(smtp),
		    smtp_hint(smtp));
	smtp_close(smtp);
	smtp_message_free(m);
	return rc == SMTP_OK ? 0 : 1;
}
