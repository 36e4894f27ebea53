/* SPDX-License-Identifier: MIT */
/* The one call of the builder that meets the clock and the random source. */
#include "mime/message.h"
#include "net/net.h"

int
smtp_message_write(struct smtp_message *message, FILE *file, int eightbit)
{
	struct smtp__moment moment;

	if (message == NULL || file == NULL)
		return SMTP_E_ARGUMENT;
	moment.seconds = smtp__net_wall_clock(&moment.zone_minutes);
	moment.has_clock = moment.seconds > 0;
	moment.has_random = smtp__net_random(moment.random,
	    sizeof(moment.random));
	return smtp__message_write(message, &moment, file, eightbit);
}
