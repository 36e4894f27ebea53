/* SPDX-License-Identifier: MIT */
/* A message into a file. */
#include "mime/state.h"

static const struct smtp__bytes none = { NULL, 0 };

static int
copy(struct smtp_message *m, FILE *file, char *p, size_t size)
{
	ptrdiff_t n;

	while ((n = smtp__message_read(m, p, size)) > 0)
		if (fwrite(p, 1, (size_t)n, file) != (size_t)n)
			return smtp__message_stop(m, SMTP_E_SOURCE, "file",
			    none, "cannot be written");
	if (n == SMTP__MESSAGE_WAIT)
		return smtp__message_stop(m, SMTP_E_SOURCE, "source", none,
		    "has nothing yet; writing to a file cannot wait");
	if (n == 0 && fflush(file) != 0)
		return smtp__message_stop(m, SMTP_E_SOURCE, "file", none,
		    "cannot be written");
	return (int)n;
}

int
smtp__message_write(struct smtp_message *m, const struct smtp__moment *moment,
    FILE *file, int eightbit)
{
	enum { SIZE = 16384 };
	struct smtp__content content;
	unsigned offers = eightbit ? SMTP__CONTENT_8BIT : 0;
	char *p;
	int rc = smtp__message_complete(m, moment);

	/* A file can hold what only some servers take. */
	if (rc == SMTP_OK)
		rc = smtp__message_plan(m, offers | SMTP__CONTENT_UTF8,
		    &content);
	if (rc > 0)
		return smtp__message_stop(m, SMTP_E_SOURCE, "source", none,
		    "has nothing yet; writing to a file cannot wait");
	if (rc != SMTP_OK)
		return rc;
	p = smtp__store_new(&m->allocator, SIZE);
	if (p == NULL)
		return smtp__message_stop(m, SMTP_E_MEMORY, "message", none,
		    "no memory");
	rc = copy(m, file, p, SIZE);
	smtp__store_free(&m->allocator, p, SIZE);
	return rc;
}
