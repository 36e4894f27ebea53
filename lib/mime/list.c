/* SPDX-License-Identifier: MIT */
/* Mail of a list: RFC 2369, RFC 2919, RFC 8058. */
#include "mime/state.h"

#include "mime/field.h"
#include "text/ascii.h"

static const struct smtp__bytes none = { NULL, 0 };

static const char *
field_name(const char *field)
{
	static const char *const names[] = { "List-Help", "List-Unsubscribe",
	    "List-Subscribe", "List-Post", "List-Owner", "List-Archive" };

	for (size_t i = 0; field != NULL &&
	    i < sizeof(names) / sizeof(*names); i++)
		if (smtp__same_text(field, strlen(field), names[i]))
			return names[i];
	return NULL;
}

/* A scheme, a colon, and what a URL may be made of. */
static bool
is_url(struct smtp__bytes url)
{
	size_t scheme = 0;

	while (scheme < url.n && (smtp__is_alnum(url.p[scheme]) ||
	    smtp__is_in(url.p[scheme], "+-.", 3)))
		scheme++;
	if (scheme == 0 || scheme + 1 >= url.n || url.p[scheme] != ':' ||
	    !smtp__is_alpha(url.p[0]) || url.n > 900)
		return false;
	for (size_t i = 0; i < url.n; i++)
		if (!smtp__is_graph(url.p[i]) ||
		    smtp__is_in(url.p[i], "<>\"", 3))
			return false;
	return true;
}

int
smtp_message_add_list_url(struct smtp_message *m, const char *field,
    const char *url)
{
	struct smtp__bytes b = smtp__bytes_of(url);
	const char *name = field_name(field);
	const struct smtp__extra *was;
	struct smtp__buffer value;
	int rc;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (name == NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "list",
		    smtp__bytes_of(field), "is no field for the URL of a "
		    "list");
	was = smtp__message_find_extra(m, name, strlen(name));
	if (strcmp(name, "List-Post") == 0 && smtp__same_text(b.p, b.n, "NO"))
		return smtp__message_put_line(m, name, none, b);
	if (!is_url(b))
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, name, b,
		    "is no URL");
	smtp__buffer_init(&value, &m->allocator);
	if (was != NULL) {
		smtp__out_add(&value.out, was->value.p, was->value.n);
		smtp__out_add(&value.out, ", ", 2);
	}
	smtp__out_octet(&value.out, '<');
	smtp__out_add(&value.out, b.p, b.n);
	smtp__out_octet(&value.out, '>');
	rc = value.out.over ? smtp__message_refuse(m, SMTP_E_MEMORY, name,
	    none, "no memory") : smtp__message_put_line(m, name, none,
	    smtp__bytes(value.out.p, value.out.n));
	smtp__buffer_free(&value);
	return rc;
}

int
smtp_message_set_list_id(struct smtp_message *m, const char *phrase,
    const char *id)
{
	struct smtp__bytes words = smtp__bytes_of(phrase);
	struct smtp__bytes b = smtp__bytes_of(id);
	const char *fault = smtp__field_fault(words.p, words.n, false);
	char text[260];
	struct smtp__out out;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (b.n > 255 || !smtp__message_is_dot_atom(b.p, b.n) ||
	    memchr(b.p, '.', b.n) == NULL)
		fault = "is no identifier of a list; write label.domain";
	if (fault != NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "list-id", b,
		    fault);
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_octet(&out, '<');
	smtp__out_add(&out, b.p, b.n);
	smtp__out_octet(&out, '>');
	return smtp__message_put_line(m, "List-Id", words,
	    smtp__bytes(text, out.n));
}

int
smtp_message_set_one_click(struct smtp_message *m)
{
	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	return smtp__message_put_line(m, "List-Unsubscribe-Post", none,
	    smtp__bytes_of("List-Unsubscribe=One-Click"));
}

/* RFC 8058 section 3.1: at least one https URL. */
int
smtp__message_check_list(struct smtp_message *m)
{
	const struct smtp__extra *post = smtp__message_find_extra(m,
	    "List-Unsubscribe-Post", 21);
	const struct smtp__extra *urls = smtp__message_find_extra(m,
	    "List-Unsubscribe", 16);

	if (post == NULL)
		return SMTP_OK;
	for (size_t i = 0; urls != NULL && i + 9 <= urls->value.n; i++)
		if (smtp__same(urls->value.p + i, 9, "<https://", 9))
			return SMTP_OK;
	return smtp__message_stop(m, SMTP_E_ARGUMENT, "list-unsubscribe-post",
	    none, "needs an https URL in List-Unsubscribe");
}
