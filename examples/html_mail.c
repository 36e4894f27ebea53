/* SPDX-License-Identifier: MIT */
/*
 * HTML with a picture inside, the same as plain text, and a file: written to
 * the standard output, for smtp-send --raw.
 * usage: html_mail from to picture file
 */
#include <stdio.h>

#include <smtp/message.h>

int
main(int argc, char **argv)
{
	struct smtp_message *m;
	int rc;

	if (argc != 5) {
		fprintf(stderr, "usage: html_mail from to picture file\n");
		return 64;
	}
	m = smtp_message_new();
	smtp_message_set_from(m, argv[1]);
	smtp_message_add_to(m, argv[2]);
	smtp_message_set_subject(m, "Gr\xC3\xBC\xC3\x9F" "e aus K\xC3\xB6ln");
	smtp_message_set_text(m, "Hello from the river.\n");
	smtp_message_set_html(m, "<p>Hello from the river.</p>\n"
	    "<img src=\"cid:river\" alt=\"The river\">\n");
	smtp_message_inline_file(m, argv[3], "river", NULL, NULL);
	smtp_message_attach_file(m, argv[4], NULL, NULL);
	rc = smtp_message_write(m, stdout, 0);
	if (rc != SMTP_OK)
		fprintf(stderr, "html_mail: %s\n", smtp_message_error(m));
	smtp_message_free(m);
	return rc == SMTP_OK ? 0 : 1;
}
