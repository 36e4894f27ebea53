/* SPDX-License-Identifier: MIT */
/*
 * An alert from a device without a clock: the mail has no Date, which the
 * submission server adds, and says that no person wrote it (RFC 3834).
 * usage: device_alert url user from to text
 */
#include <stdio.h>
#include <stdlib.h>

#include <smtp/smtp.h>

static int
no_clock(void *ctx, int64_t *seconds, int *zone_minutes)
{
	(void)ctx;
	(void)seconds;
	(void)zone_minutes;
	return -1;
}

int
main(int argc, char **argv)
{
	struct smtp_options *options;
	struct smtp_message *m;
	struct smtp *smtp = NULL;
	int rc;

	if (argc != 6) {
		fprintf(stderr, "usage: device_alert url user from to text\n");
		return 64;
	}
	options = smtp_options_new();
	smtp_options_set_clock(options, no_clock, NULL);
	smtp_options_set(options, "timeout", "30");
	smtp_options_set(options, "ca-file", getenv("SMTP_CA_FILE"));

	m = smtp_message_new();
	smtp_message_set_from(m, argv[3]);
	smtp_message_add_to(m, argv[4]);
	smtp_message_set_subject(m, "Alert");
	smtp_message_set_text(m, argv[5]);
	smtp_message_set_automatic(m, "auto-generated");
	smtp_message_set_priority(m, 1);

	rc = smtp_open(&smtp, argv[1], options);
	smtp_options_free(options);
	if (rc == SMTP_OK)
		rc = smtp_auth(smtp, argv[2], getenv("SMTP_PASSWORD"));
	if (rc == SMTP_OK)
		rc = smtp_send(smtp, m);
	if (rc != SMTP_OK)
		fprintf(stderr, "device_alert: %s\n", smtp_error(smtp));
	smtp_close(smtp);
	smtp_message_free(m);
	return rc == SMTP_OK ? 0 : 1;
}
