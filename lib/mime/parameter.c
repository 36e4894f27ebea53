/* SPDX-License-Identifier: MIT */
/* Parameters that have no setter of their own, RFC 5321 section 4.1.2. */
#include "mime/asks.h"

#include "text/ascii.h"
#include "text/utf8.h"

static bool
is_keyword(struct smtp__bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!smtp__is_alnum(b.p[i]) && (b.p[i] != '-' || i == 0))
			return false;
	return b.n > 0;
}

static bool
is_value(struct smtp__bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if ((!smtp__is_graph(b.p[i]) && !smtp__is_high(b.p[i])) ||
		    b.p[i] == '=')
			return false;
	return b.n > 0 && smtp__utf8_valid(b.p, b.n);
}

/* Why a keyword is not the caller's to give, or NULL. */
static const char *
owner_of(struct smtp__bytes keyword, bool rcpt)
{
	static const struct {
		const char *keyword;
		bool rcpt;
		const char *words;
	} taken[] = {
		{ "SIZE", false, "is said by the library" },
		{ "BODY", false, "is said by the library" },
		{ "SMTPUTF8", false, "is said by the library" },
		{ "PRDR", false, "is said by the library" },
		{ "RET", false, "has a setter, smtp_message_set_dsn" },
		{ "ENVID", false, "has a setter, smtp_message_set_dsn" },
		{ "NOTIFY", true, "has a setter, smtp_message_set_notify" },
		{ "ORCPT", true, "has a setter, smtp_message_set_orcpt" },
		{ "REQUIRETLS", false,
		    "has a setter, smtp_message_set_require_tls" },
		{ "AUTH", false,
		    "has a setter, smtp_message_set_submitter" },
		{ "BY", false, "has a setter, smtp_message_set_deliver_by" },
		{ "HOLDFOR", false,
		    "has a setter, smtp_message_set_hold_for" },
		{ "HOLDUNTIL", false,
		    "has a setter, smtp_message_set_hold_until" },
		{ "MT-PRIORITY", false,
		    "has a setter, smtp_message_set_mt_priority" },
		{ "RRVS", true, NULL },
		{ "SOLICIT", false, NULL },
	};

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		if (!smtp__same_text(keyword.p, keyword.n, taken[i].keyword))
			continue;
		return taken[i].rcpt == rcpt ? taken[i].words : rcpt ?
		    "belongs to MAIL" : "belongs to RCPT";
	}
	return NULL;
}

bool
smtp__parameters_have(const struct smtp__parameters *list,
    const char *keyword, size_t n)
{
	for (const struct smtp__parameter *p = list->first; p != NULL;
	    p = p->next)
		if (smtp__same(p->text, p->keyword_n, keyword, n))
			return true;
	return false;
}

static int
add(struct smtp_message *m, struct smtp__parameters *list,
    const char *extension, const char *keyword, const char *value)
{
	const char *field = "parameter";
	size_t n = strlen(keyword);
	struct smtp__parameter *p = smtp__arena_new(&m->arena, sizeof(*p));
	struct smtp__buffer text;

	if (smtp__parameters_have(list, keyword, n))
		return smtp__asks_refuse(m, field, keyword, "is there already");
	smtp__buffer_init(&text, &m->allocator);
	smtp__out_add(&text.out, keyword, n);
	if (value != NULL) {
		smtp__out_octet(&text.out, '=');
		smtp__out_text(&text.out, value);
	}
	if (p == NULL || text.out.over) {
		smtp__buffer_free(&text);
		return smtp__asks_no_memory(m, field);
	}
	p->keyword_n = n;
	(void)smtp__asks_keep(m, field, &p->text, text.out.p, text.out.n);
	smtp__buffer_free(&text);
	if (m->fault == SMTP_OK && extension != NULL)
		(void)smtp__asks_keep(m, field, &p->extension, extension,
		    strlen(extension));
	if (m->fault != SMTP_OK)
		return m->fault;
	*list->end = p;
	list->end = &p->next;
	return SMTP_OK;
}

static int
check_parameter(struct smtp_message *m, const char *extension,
    const char *keyword, const char *value, bool rcpt)
{
	const char *words;

	if (smtp__asks_state(m) != SMTP_OK)
		return smtp__asks_state(m);
	if (extension != NULL && !is_keyword(smtp__bytes_of(extension)))
		return smtp__asks_refuse(m, "parameter", extension,
		    "is no keyword of an extension");
	if (!is_keyword(smtp__bytes_of(keyword)))
		return smtp__asks_refuse(m, "parameter", keyword,
		    "is no keyword: letters, digits, hyphens");
	words = owner_of(smtp__bytes_of(keyword), rcpt);
	if (words != NULL)
		return smtp__asks_refuse(m, "parameter", keyword, words);
	if (value != NULL && !is_value(smtp__bytes_of(value)))
		return smtp__asks_refuse(m, "parameter", keyword, "has a "
		    "value that is empty, or has an octet that cannot stand "
		    "there");
	return SMTP_OK;
}

int
smtp_message_add_mail_parameter(struct smtp_message *m,
    const char *extension, const char *keyword, const char *value)
{
	int rc = check_parameter(m, extension, keyword, value, false);

	return rc != SMTP_OK ? rc : add(m, &m->asks.more, extension, keyword,
	    value);
}

int
smtp_message_add_rcpt_parameter(struct smtp_message *m, const char *address,
    const char *extension, const char *keyword, const char *value)
{
	int rc = check_parameter(m, extension, keyword, value, true);
	struct smtp__rcpt_asks *asks;

	if (rc != SMTP_OK)
		return rc;
	asks = smtp__asks_of(m, "parameter", address);
	return asks == NULL ? m->fault : add(m, &asks->more, extension,
	    keyword, value);
}
