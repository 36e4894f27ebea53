/* SPDX-License-Identifier: MIT */
/*
 * Send a file to some people, and say what became of it for each of them.
 * usage: send_attachment url user from file to...
 */
#include <stdio.h>
#include <stdlib.h>

#include <smtp/smtp.h>

static void
print_results(const struct smtp_message *m)
{
	for (size_t i = 0; i < smtp_message_recipient_count(m); i++)
		printf("%s: %s %s\n", smtp_message_recipient_address(m, i),
		    smtp_status_name(smtp_message_recipient_status(m, i)),
		    smtp_message_recipient_text(m, i));
}

int
main(int argc, char **argv)
{
	struct smtp *smtp = NULL;
	struct smtp_message *m;
	int rc;

	if (argc < 6) {
		fprintf(stderr, "usage: send_attachment url user from file "
		    "to...\n");
		return 64;
	}
	m = smtp_message_new();
	smtp_message_set_from(m, argv[3]);
	for (int i = 5; i < argc; i++)
		smtp_message_add_to(m, argv[i]);
	smtp_message_set_subject(m, "A file for you");
	smtp_message_set_text(m, "Please see the attachment.\n");
	smtp_message_attach_file(m, argv[4], NULL, NULL);

	rc = smtp_open(&smtp, argv[1], NULL);
	if (rc == SMTP_OK)
		rc = smtp_auth(smtp, argv[2], getenv("SMTP_PASSWORD"));
	if (rc == SMTP_OK) {
		rc = smtp_send(smtp, m);
		print_results(m);
	}
	if (rc != SMTP_OK)
		fprintf(stderr, "send_attachment: %s\n%s\n", smtp_error(smtp),
		    smtp_hint(smtp));
	smtp_close(smtp);
	smtp_message_free(m);
	return rc == SMTP_OK ? 0 : 1;
}
