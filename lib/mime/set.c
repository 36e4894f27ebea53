/* SPDX-License-Identifier: MIT */
/* Setters by name; apart, since this one needs all of them. */
#include "mime/state.h"

#include "text/ascii.h"

static const struct {
	const char *name;
	int (*set)(struct smtp_message *m, const char *value);
} setters[] = {
	{ "From", smtp_message_set_from },
	{ "Sender", smtp_message_set_sender },
	{ "Reply-To", smtp_message_add_reply_to },
	{ "To", smtp_message_add_to },
	{ "Cc", smtp_message_add_cc },
	{ "Bcc", smtp_message_add_bcc },
	{ "Subject", smtp_message_set_subject },
	{ "Message-ID", smtp_message_set_message_id },
	{ "Auto-Submitted", smtp_message_set_automatic },
	{ "text", smtp_message_set_text },
	{ "html", smtp_message_set_html },
	{ "flowed-text", smtp_message_set_flowed_text },
	{ "envelope-from", smtp_message_set_envelope_from },
	{ "recipient", smtp_message_add_recipient },
};

int
smtp_message_set(struct smtp_message *m, const char *name, const char *value)
{
	struct smtp__bytes asked = smtp__bytes_of(name);

	for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++)
		if (smtp__same_text(asked.p, asked.n, setters[i].name))
			return setters[i].set(m, value);
	if (m == NULL)
		return SMTP_E_ARGUMENT;
	return smtp__message_refuse(m, SMTP_E_ARGUMENT, "message", asked,
	    "is no name of what it has");
}
