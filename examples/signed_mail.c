/* SPDX-License-Identifier: MIT */
/*
 * Sign one text with DKIM and write it, or send it if a URL is given.
 * usage: signed_mail from to domain selector key.pem [url] < text
 */
#include <stdio.h>

#include <smtp/dkim.h>
#include <smtp/smtp.h>

int
main(int argc, char **argv)
{
	struct smtp *smtp = NULL;
	struct smtp_message *m;
	struct smtp_dkim *dkim;
	int rc;

	if (argc != 6 && argc != 7) {
		fprintf(stderr, "usage: signed_mail from to domain selector "
		    "key.pem [url] < text\n");
		return 64;
	}
	dkim = smtp_dkim_new(argv[3], argv[4]);
	smtp_dkim_set_key_file(dkim, argv[5], NULL);

	m = smtp_message_new();
	smtp_message_set_from(m, argv[1]);
	smtp_message_add_to(m, argv[2]);
	smtp_message_set_subject(m, "Signed");
	smtp_message_set_text_file(m, stdin);
	smtp_message_add_dkim(m, dkim);         /* errors are kept as well */
	if (argc == 6) {
		rc = smtp_message_write(m, stdout, 0);
	} else {
		rc = smtp_open(&smtp, argv[6], NULL);
		if (rc == SMTP_OK)
			rc = smtp_send(smtp, m);
	}
	if (rc != SMTP_OK)
		fprintf(stderr, "signed_mail: %s\n", argc == 6 ?
		    smtp_message_error(m) : smtp_error(smtp));
	smtp_close(smtp);
	smtp_message_free(m);
	smtp_dkim_free(dkim);                   /* behind its messages     */
	return rc == SMTP_OK ? 0 : 1;
}
