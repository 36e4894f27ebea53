/* SPDX-License-Identifier: MIT */
/*
 * One mail of a list, which a reader can leave with one click (RFC 8058). The
 * recipient is in the envelope only.
 * usage: newsletter from list-address recipient unsubscribe-url < html
 */
#include <stdio.h>

#include <smtp/message.h>

int
main(int argc, char **argv)
{
	struct smtp_message *m;
	int rc;

	if (argc != 5) {
		fprintf(stderr, "usage: newsletter from list-address "
		    "recipient unsubscribe-url < html\n");
		return 64;
	}
	m = smtp_message_new();
	smtp_message_set_from(m, argv[1]);
	smtp_message_add_to(m, argv[2]);
	smtp_message_add_recipient(m, argv[3]);
	smtp_message_set_subject(m, "What is new");
	smtp_message_set_html_file(m, stdin);
	smtp_message_set_list_id(m, "What is new", "news.example.com");
	smtp_message_add_list_url(m, "List-Unsubscribe", argv[4]);
	smtp_message_set_one_click(m);
	smtp_message_set_automatic(m, "auto-generated");
	rc = smtp_message_write(m, stdout, 0);
	if (rc != SMTP_OK)
		fprintf(stderr, "newsletter: %s\n", smtp_message_error(m));
	smtp_message_free(m);
	return rc == SMTP_OK ? 0 : 1;
}
