/* SPDX-License-Identifier: MIT */
/* The one call of the builder that meets the clock and the random source. */
#include "memory.h"
#include "net/net.h"
#include "signed.h"

/* The signatures alone, since the message writes itself. */
static int
sign(struct smtp_message *message, const struct smtp__moment *moment,
    FILE *file)
{
	struct smtp_allocator heap = smtp__memory(NULL);
	struct smtp__content content;
	struct smtp__signed g;
	size_t n;
	int rc;

	smtp__signed_init(&g, &heap);
	rc = smtp__message_complete(message, moment);
	if (rc == SMTP_OK)
		rc = smtp__signed_plan(&g, message, 0,
		    moment->has_clock ? moment->seconds : 0, &content);
	if (rc > 0)
		rc = smtp__message_fail_once(message, SMTP_E_SOURCE, "source",
		    "has nothing yet; writing to a file cannot wait");
	n = g.fields.out.n;
	if (rc == SMTP_OK && fwrite(g.fields.out.p, 1, n, file) != n)
		rc = smtp__message_fail_once(message, SMTP_E_SOURCE, "file",
		    "cannot be written");
	smtp__signed_free(&g);
	return rc;
}

int
smtp_message_write(struct smtp_message *message, FILE *file, int eightbit)
{
	struct smtp__moment moment;
	int rc = SMTP_OK;

	if (message == NULL || file == NULL)
		return SMTP_E_ARGUMENT;
	moment.seconds = smtp__net_wall_clock(&moment.zone_minutes);
	moment.has_clock = moment.seconds > 0;
	moment.has_random = smtp__net_random(moment.random,
	    sizeof(moment.random));
	if (smtp__message_signer(message, 0) != NULL) {
		eightbit = 0;
		rc = sign(message, &moment, file);
	}
	return rc == SMTP_OK ? smtp__message_write(message, &moment, file,
	    eightbit) : rc;
}
