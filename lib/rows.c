/* SPDX-License-Identifier: MIT */
/* What became of a message, as text for who has no use for its functions. */
#include <string.h>

#include <smtp/smtp.h>

#include "mime/message.h"
#include "trace.h"

/* "\xNN" is what an octet comes to at most. */
#define WIDEST 4

/* As in smtp_error(): line ends become blanks, the rest is escaped. */
static void
add_words(struct smtp__out *out, const char *words)
{
	if (!smtp__out_room(out, WIDEST * strlen(words)))
		return;
	for (; *words != '\0'; words++)
		(void)smtp__trace_escape(out, *words == '\n' ? " " : words, 1);
}

static void
add_row(struct smtp__out *out, const struct smtp_message *m, size_t i)
{
	int status = smtp_message_recipient_status(m, i);

	smtp__out_text(out, smtp_message_recipient_address(m, i));
	smtp__out_octet(out, '\t');
	smtp__out_text(out, smtp_status_name(status));
	smtp__out_octet(out, '\t');
	smtp__out_number(out, (uint64_t)smtp_message_recipient_code(m, i));
	smtp__out_octet(out, '\t');
	smtp__out_text(out, smtp_message_recipient_enhanced(m, i));
	smtp__out_octet(out, '\t');
	add_words(out, smtp_message_recipient_text(m, i));
	smtp__out_octet(out, '\n');
}

const char *
smtp_message_rows(struct smtp_message *m)
{
	struct smtp__out *out = smtp__message_rows(m);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < smtp_message_recipient_count(m); i++)
		add_row(out, m, i);
	smtp__out_octet(out, '\0');
	return out->over ? NULL : out->p;
}
