/* SPDX-License-Identifier: MIT */
/*
 * An invitation that calendars show with their buttons (RFC 6047): the object
 * beside the text, and as a file for readers that only know attachments.
 * usage: invitation from to < object.ics
 */
#include <stdio.h>

#include <smtp/message.h>

int
main(int argc, char **argv)
{
	static char object[65536];
	struct smtp_message *m;
	size_t n;
	int rc;

	if (argc != 3) {
		fprintf(stderr, "usage: invitation from to < object.ics\n");
		return 64;
	}
	n = fread(object, 1, sizeof object - 1, stdin);
	object[n] = '\0';

	m = smtp_message_new();
	smtp_message_set_from(m, argv[1]);
	smtp_message_add_to(m, argv[2]);
	smtp_message_set_subject(m, "Invitation");
	smtp_message_set_text(m, "Please see the calendar entry.\n");
	smtp_message_set_calendar(m, object, NULL);
	smtp_message_attach(m, smtp_source_memory(object, n),
	    "application/ics", "invite.ics");
	rc = smtp_message_write(m, stdout, 0);
	if (rc != SMTP_OK)
		fprintf(stderr, "invitation: %s\n", smtp_message_error(m));
	smtp_message_free(m);
	return rc == SMTP_OK ? 0 : 1;
}
