/* SPDX-License-Identifier: MIT */
/* Answers, automatic mail, and how urgent it is. */
#include "mime/state.h"

#include "text/ascii.h"

static const struct smtp__bytes none = { NULL, 0 };

/* The next `<left@right>` at or behind `at`; n 0 when there is none. */
static struct smtp__bytes
next_id(struct smtp__bytes text, size_t at)
{
	for (; at < text.n; at++) {
		size_t end = at;

		if (text.p[at] != '<')
			continue;
		while (end < text.n && text.p[end] != '>')
			end++;
		if (end < text.n && smtp__message_is_id(text.p + at + 1,
		    end - at - 1))
			return smtp__bytes(text.p + at, end + 1 - at);
	}
	return none;
}

/* Append the identifiers of a text; how many there were. */
static size_t
add_ids(struct smtp__out *out, struct smtp__bytes text)
{
	struct smtp__bytes id = next_id(text, 0);
	size_t count = 0;

	for (; id.n > 0; count++) {
		smtp__out_add(out, id.p, id.n);
		smtp__out_octet(out, ' ');
		id = next_id(text, (size_t)(id.p - text.p) + id.n);
	}
	return count;
}

static int
put_references(struct smtp_message *m, struct smtp__bytes id,
    struct smtp__bytes references, struct smtp__bytes in_reply_to)
{
	struct smtp__buffer b;
	int rc;

	smtp__buffer_init(&b, &m->allocator);
	/* One In-Reply-To stands in for References, several cannot. */
	if (add_ids(&b.out, references) == 0 &&
	    add_ids(&b.out, in_reply_to) > 1)
		smtp__buffer_clear(&b);
	smtp__out_add(&b.out, id.p, id.n);
	if (b.out.over)
		rc = smtp__message_refuse(m, SMTP_E_MEMORY, "parent", none,
		    "no memory");
	else
		rc = smtp__message_put_line(m, "References", none,
		    smtp__bytes(b.out.p, b.out.n));
	smtp__buffer_free(&b);
	return rc;
}

int
smtp_message_set_parent(struct smtp_message *m, const char *id,
    const char *references, const char *in_reply_to)
{
	struct smtp__bytes parent = smtp__bytes_of(id);
	char *copy;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (parent.n >= 2 && parent.p[0] == '<' &&
	    parent.p[parent.n - 1] == '>')
		parent = smtp__bytes(parent.p + 1, parent.n - 2);
	if (!smtp__message_is_id(parent.p, parent.n))
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "parent",
		    parent, "is no message identifier; write left@right");
	copy = smtp__arena_octets(&m->arena, parent.n + 2);
	if (copy == NULL)
		return smtp__message_refuse(m, SMTP_E_MEMORY, "parent", none,
		    "no memory");
	copy[0] = '<';
	memcpy(copy + 1, parent.p, parent.n);
	copy[parent.n + 1] = '>';
	parent = smtp__bytes(copy, parent.n + 2);
	if (smtp__message_put_line(m, "In-Reply-To", none, parent) != SMTP_OK)
		return m->fault;
	return put_references(m, parent, smtp__bytes_of(references),
	    smtp__bytes_of(in_reply_to));
}

/* RFC 5322 section 3.6.5: one "Re: ", whatever there was. */
int
smtp_message_set_reply_subject(struct smtp_message *m, const char *subject)
{
	struct smtp__bytes text = smtp__bytes_of(subject);
	char *copy;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK || subject == NULL)
		return smtp_message_set_subject(m, subject);
	if (text.n >= 3 && smtp__same(text.p, 3, "Re:", 3))
		return smtp_message_set_subject(m, subject);
	copy = smtp__arena_octets(&m->arena, text.n + 5);
	if (copy == NULL)
		return smtp__message_refuse(m, SMTP_E_MEMORY, "subject", none,
		    "no memory");
	memcpy(copy, "Re: ", 4);
	memcpy(copy + 4, subject, text.n + 1);
	return smtp_message_set_subject(m, copy);
}

int
smtp_message_set_automatic(struct smtp_message *m, const char *kind)
{
	struct smtp__bytes b = smtp__bytes_of(kind);

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (!smtp__same_text(b.p, b.n, "auto-generated") &&
	    !smtp__same_text(b.p, b.n, "auto-replied"))
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "automatic",
		    b, "is neither auto-generated nor auto-replied");
	return smtp__message_put_line(m, "Auto-Submitted", none, b);
}

int
smtp_message_set_priority(struct smtp_message *m, int priority)
{
	static const char *const words[3][3] = {
		{ "5", "low", "non-urgent" },
		{ "3", "normal", "normal" },
		{ "1", "high", "urgent" },
	};
	static const char *const names[3] =
	    { "X-Priority", "Importance", "Priority" };

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault == SMTP_OK && (priority < -1 || priority > 1))
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "priority",
		    none, "is not -1, 0 or 1");
	for (size_t i = 0; i < 3 && m->fault == SMTP_OK; i++)
		smtp__message_put_line(m, names[i], none,
		    smtp__bytes_of(words[priority + 1][i]));
	return m->fault;
}
