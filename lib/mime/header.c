/* SPDX-License-Identifier: MIT */
/* The setters of the header, and the header as it is written. */
#include "mime/state.h"

#include "mime/address.h"
#include "mime/field.h"
#include "text/ascii.h"

static const struct smtp__bytes none = { NULL, 0 };

void
smtp__list_init(struct smtp__list *list)
{
	list->first = NULL;
	list->end = &list->first;
	list->mailboxes = 0;
}

void
smtp__extras_init(struct smtp__extras *lines)
{
	lines->first = NULL;
	lines->end = &lines->first;
}

static int
no_memory(struct smtp_message *m, const char *field)
{
	return smtp__message_refuse(m, SMTP_E_MEMORY, field, none,
	    "no memory");
}

/* The address of an entry, as it goes into the envelope. */
static int
set_spec(struct smtp_message *m, const char *field, struct smtp__entry *entry,
    struct smtp__bytes spec)
{
	char text[1024];
	struct smtp__out out;
	struct smtp__mailbox mailbox;
	enum smtp__mailbox_fault fault;
	char *copy;

	smtp__out_init(&out, text, sizeof(text));
	fault = smtp__mailbox_write(&out, spec.p, spec.n, SMTP__MAILBOX_UTF8,
	    &mailbox);
	if (fault != SMTP__MAILBOX_OK)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, spec,
		    smtp__mailbox_words(fault));
	copy = smtp__arena_copy(&m->arena, text, out.n);
	if (copy == NULL)
		return no_memory(m, field);
	entry->spec = smtp__bytes(copy, out.n);
	entry->wide = mailbox.wide_local;
	return SMTP_OK;
}

static struct smtp__entry *
append(struct smtp_message *m, struct smtp__list *list)
{
	struct smtp__entry *entry = smtp__arena_new(&m->arena,
	    sizeof(*entry));

	if (entry != NULL) {
		*list->end = entry;
		list->end = &entry->next;
		m->changed = true;
	}
	return entry;
}

/* Take a list apart and append what it holds. */
static int
add_list(struct smtp_message *m, struct smtp__list *list, const char *field,
    const char *text, bool single)
{
	struct smtp__bytes all = smtp__bytes_of(text);
	struct smtp__addresses it;
	struct smtp__address_entry a;
	struct smtp__out names;
	const char *fault;
	char *memory;
	int rc;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	fault = text == NULL ? "is missing" :
	    smtp__field_fault(all.p, all.n, true);
	if (fault != NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, none,
		    fault);
	memory = smtp__arena_octets(&m->arena, all.n + 1);
	if (memory == NULL)
		return no_memory(m, field);
	smtp__out_init(&names, memory, all.n);
	smtp__addresses_init(&it, all.p, all.n, &names);
	while ((rc = smtp__addresses_next(&it, &a)) > 0) {
		struct smtp__entry *entry = append(m, list);

		if (entry == NULL)
			return no_memory(m, field);
		entry->kind = (int)a.kind;
		entry->name = a.name;
		if (a.kind != SMTP__ADDRESS_MAILBOX)
			continue;
		list->mailboxes++;
		if (set_spec(m, field, entry, a.spec) != SMTP_OK)
			return m->fault;
	}
	if (rc < 0)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, all,
		    it.fault);
	if (list->first == NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, none,
		    "is empty");
	if (single && (list->mailboxes != 1 || list->first->next != NULL))
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, all,
		    "is more than one address");
	return SMTP_OK;
}

int
smtp_message_set_from(struct smtp_message *m, const char *address)
{
	if (m != NULL && m->fault == SMTP_OK)
		smtp__list_init(&m->from);
	return add_list(m, m != NULL ? &m->from : NULL, "from", address,
	    false);
}

int
smtp_message_set_sender(struct smtp_message *m, const char *address)
{
	if (m != NULL && m->fault == SMTP_OK)
		smtp__list_init(&m->sender);
	return add_list(m, m != NULL ? &m->sender : NULL, "sender", address,
	    true);
}

int
smtp_message_add_reply_to(struct smtp_message *m, const char *address)
{
	return add_list(m, m != NULL ? &m->reply_to : NULL, "reply-to",
	    address, false);
}

int
smtp_message_add_to(struct smtp_message *m, const char *address)
{
	return add_list(m, m != NULL ? &m->to : NULL, "to", address, false);
}

int
smtp_message_add_cc(struct smtp_message *m, const char *address)
{
	return add_list(m, m != NULL ? &m->cc : NULL, "cc", address, false);
}

int
smtp_message_add_bcc(struct smtp_message *m, const char *address)
{
	return add_list(m, m != NULL ? &m->bcc : NULL, "bcc", address, false);
}

int
smtp_message_add_address(struct smtp_message *m, const char *field,
    const char *name, const char *address)
{
	struct smtp__bytes spec = smtp__bytes_of(address);
	struct smtp__bytes shown = smtp__bytes_of(name);
	struct smtp__entry *entry;
	const char *fault, *copy;
	struct { const char *name; struct smtp__list *list; } fields[6];
	struct smtp__list *list = NULL;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	fields[0].name = "from", fields[0].list = &m->from;
	fields[1].name = "sender", fields[1].list = &m->sender;
	fields[2].name = "reply-to", fields[2].list = &m->reply_to;
	fields[3].name = "to", fields[3].list = &m->to;
	fields[4].name = "cc", fields[4].list = &m->cc;
	fields[5].name = "bcc", fields[5].list = &m->bcc;
	for (size_t i = 0; i < 6 && field != NULL; i++)
		if (smtp__same_text(field, strlen(field), fields[i].name)) {
			list = fields[i].list;
			field = fields[i].name;
		}
	if (list == NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "address",
		    smtp__bytes_of(field), "is no field of addresses");
	if (list == &m->sender)
		smtp__list_init(list);
	fault = smtp__field_fault(shown.p, shown.n, false);
	if (fault != NULL || address == NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, none,
		    fault != NULL ? fault : "is missing");
	entry = append(m, list);
	copy = smtp__arena_copy(&m->arena, shown.p, shown.n);
	if (entry == NULL || copy == NULL)
		return no_memory(m, field);
	entry->kind = SMTP__ADDRESS_MAILBOX;
	entry->name = smtp__bytes(copy, shown.n);
	list->mailboxes++;
	return set_spec(m, field, entry, spec);
}

int
smtp_message_set_subject(struct smtp_message *m, const char *subject)
{
	struct smtp__bytes text = smtp__bytes_of(subject);
	const char *fault;
	char *copy;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	fault = subject == NULL ? "is missing" :
	    smtp__field_fault(text.p, text.n, true);
	if (fault != NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "subject",
		    none, fault);
	copy = smtp__arena_copy(&m->arena, text.p, text.n);
	if (copy == NULL)
		return no_memory(m, "subject");
	m->subject = smtp__bytes(copy, text.n);
	m->has_subject = true;
	m->changed = true;
	return SMTP_OK;
}

int
smtp_message_set_date(struct smtp_message *m, int64_t seconds,
    int zone_minutes)
{
	int zone = zone_minutes == SMTP_ZONE_UNKNOWN ? SMTP__ZONE_UNKNOWN :
	    zone_minutes;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (!smtp__date_from_epoch(&m->date, seconds, zone))
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "date", none,
		    "is outside the years 1900 to 9999, or has no such zone");
	m->has_date = true;
	m->changed = true;
	return SMTP_OK;
}

int
smtp_message_set_utf8(struct smtp_message *m, int on)
{
	if (m == NULL)
		return SMTP_E_ARGUMENT;
	m->utf8 = on != 0;
	m->changed = true;
	return m->fault;
}

/* Atoms with single dots between. */
bool
smtp__message_is_dot_atom(const char *p, size_t n)
{
	char was = '.';

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '.' ? was == '.' : !smtp__is_atext(p[i]))
			return false;
		was = p[i];
	}
	return was != '.';
}

/* RFC 5322 section 3.6.4: id-left, at-sign, id-right. */
bool
smtp__message_is_id(const char *p, size_t n)
{
	const char *at = n > 0 ? memchr(p, '@', n) : NULL;
	size_t left = at != NULL ? (size_t)(at - p) : 0, right;

	if (at == NULL || n > 900 || !smtp__message_is_dot_atom(p, left))
		return false;
	p = at + 1;
	right = n - left - 1;
	if (right < 3 || p[0] != '[' || p[right - 1] != ']')
		return smtp__message_is_dot_atom(p, right);
	for (size_t i = 1; i + 1 < right; i++)
		if (!smtp__is_graph(p[i]) || smtp__is_in(p[i], "[\\]", 3))
			return false;
	return true;
}

/* A copy with angle brackets, NULL after an error. */
static const char *
take_id(struct smtp_message *m, const char *field, const char *id)
{
	struct smtp__bytes text = smtp__bytes_of(id);
	char *copy;

	if (text.n >= 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
		text = smtp__bytes(text.p + 1, text.n - 2);
	if (!smtp__message_is_id(text.p, text.n)) {
		smtp__message_refuse(m, SMTP_E_ARGUMENT, field, text,
		    "is no message identifier; write left@right");
		return NULL;
	}
	copy = smtp__arena_octets(&m->arena, text.n + 3);
	if (copy == NULL) {
		no_memory(m, field);
		return NULL;
	}
	copy[0] = '<';
	memcpy(copy + 1, text.p, text.n);
	memcpy(copy + 1 + text.n, ">", 2);
	m->changed = true;
	return copy;
}

int
smtp_message_set_message_id(struct smtp_message *m, const char *id)
{
	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault == SMTP_OK) {
		const char *copy = take_id(m, "message-id", id);

		if (copy != NULL)
			m->message_id = copy;
	}
	return m->fault;
}

/*
 * Names that a message makes itself, and those that only servers and signers
 * may (RFC 5322 section 3.6.7, RFC 5321 section 4.4). A hyphen at the end
 * stands for all that begin so.
 */
static bool
is_reserved(const char *p, size_t n)
{
	static const char *const names[] = {
		"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc",
		"Subject", "Message-ID", "MIME-Version", "Content-",
		"Received", "Return-Path", "Delivered-To",
		"Authentication-Results", "DKIM-Signature", "Resent-", "ARC-",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t m = strlen(names[i]);

		if (names[i][m - 1] == '-' ? n >= m &&
		    smtp__same(p, m, names[i], m) :
		    smtp__same(p, n, names[i], m))
			return true;
	}
	return false;
}

/* Fields that a mail may have once (RFC 5322 section 3.6, RFC 2369). */
static bool
is_single(const char *p, size_t n)
{
	static const char *const names[] = {
		"In-Reply-To", "References", "List-Id", "List-Help",
		"List-Unsubscribe", "List-Unsubscribe-Post", "List-Subscribe",
		"List-Post", "List-Owner", "List-Archive", "Auto-Submitted",
		"X-Priority", "Importance", "Priority", "TLS-Required",
		"Disposition-Notification-To",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (smtp__same_text(p, n, names[i]))
			return true;
	return false;
}

struct smtp__extra *
smtp__message_find_extra(const struct smtp_message *m, const char *name,
    size_t n)
{
	struct smtp__extra *l = m->headers.first;

	while (l != NULL && !smtp__same_text(name, n, l->name))
		l = l->next;
	return l;
}

static int
add_line(struct smtp_message *m, struct smtp__bytes name,
    struct smtp__bytes value)
{
	struct smtp__extra *line = smtp__arena_new(&m->arena, sizeof(*line));
	const char *copy = smtp__arena_copy(&m->arena, value.p, value.n);

	if (line != NULL)
		line->name = smtp__arena_copy(&m->arena, name.p, name.n);
	if (line == NULL || copy == NULL || line->name == NULL)
		return no_memory(m, "header");
	line->value = smtp__bytes(copy, value.n);
	*m->headers.end = line;
	m->headers.end = &line->next;
	m->changed = true;
	return SMTP_OK;
}

int
smtp__message_put_line(struct smtp_message *m, const char *name,
    struct smtp__bytes phrase, struct smtp__bytes value)
{
	struct smtp__bytes b = smtp__bytes_of(name);
	struct smtp__extra *line = smtp__message_find_extra(m, b.p, b.n);
	const char *copy, *words;

	if (line == NULL) {
		if (add_line(m, b, value) != SMTP_OK)
			return m->fault;
		line = smtp__message_find_extra(m, b.p, b.n);
	}
	copy = smtp__arena_copy(&m->arena, value.p, value.n);
	words = smtp__arena_copy(&m->arena, phrase.p, phrase.n);
	if (copy == NULL || words == NULL)
		return no_memory(m, name);
	line->value = smtp__bytes(copy, value.n);
	line->phrase = smtp__bytes(words, phrase.n);
	line->structured = true;
	m->changed = true;
	return SMTP_OK;
}

int
smtp_message_add_header(struct smtp_message *m, const char *name,
    const char *value)
{
	struct smtp__bytes n = smtp__bytes_of(name);
	struct smtp__bytes v = smtp__bytes_of(value);
	const char *fault;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (!smtp__field_is_name(n.p, n.n))
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "header", n,
		    "is no name of a field");
	if (is_reserved(n.p, n.n))
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "header", n,
		    "is made by the message itself or by servers");
	fault = value == NULL ? "is missing" :
	    smtp__field_fault(v.p, v.n, true);
	if (fault == NULL && is_single(n.p, n.n) &&
	    smtp__message_find_extra(m, n.p, n.n) != NULL)
		fault = "is there already";
	if (fault != NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "header", n,
		    fault);
	return add_line(m, n, v);
}

/*
 * One mailbox in one line, with what stands behind it: a comma, the end of its
 * group, or both. Returns the last entry that was written.
 */
static const struct smtp__entry *
write_mailbox(struct smtp__field *f, const struct smtp__entry *e)
{
	char text[SMTP__MAILBOX_MAX + 4];
	struct smtp__out spec;

	if (e->name.n > 0)
		smtp__field_phrase(f, e->name.p, e->name.n);
	smtp__out_init(&spec, text, sizeof(text));
	if (e->name.n > 0)
		smtp__out_octet(&spec, '<');
	smtp__out_add(&spec, e->spec.p, e->spec.n);
	if (e->name.n > 0)
		smtp__out_octet(&spec, '>');
	if (e->next != NULL && e->next->kind == SMTP__ADDRESS_GROUP_END) {
		smtp__out_octet(&spec, ';');
		e = e->next;
	}
	if (e->next != NULL)
		smtp__out_octet(&spec, ',');
	smtp__field_piece(f, text, spec.n);
	return e;
}

static bool
write_list(const struct smtp__list *list, struct smtp__out *out,
    const char *name, bool utf8)
{
	struct smtp__field f;

	if (list->first == NULL)
		return true;
	smtp__field_begin(&f, out, name);
	f.utf8 = utf8;
	for (const struct smtp__entry *e = list->first; e != NULL;
	    e = e->next) {
		if (e->kind == SMTP__ADDRESS_MAILBOX) {
			e = write_mailbox(&f, e);
		} else if (e->kind == SMTP__ADDRESS_GROUP) {
			smtp__field_phrase(&f, e->name.p, e->name.n);
			smtp__field_glue(&f, ":", 1);
		} else {
			/* of a group without members */
			smtp__field_glue(&f, ";,", e->next != NULL ? 2 : 1);
		}
	}
	return smtp__field_end(&f);
}

static bool
write_line(struct smtp__out *out, const char *name, struct smtp__bytes value,
    bool utf8)
{
	struct smtp__field f;

	smtp__field_begin(&f, out, name);
	f.utf8 = utf8;
	smtp__field_unstructured(&f, value.p, value.n);
	return smtp__field_end(&f);
}

static bool
write_structured(struct smtp__out *out, const struct smtp__extra *l, bool utf8)
{
	struct smtp__field f;
	size_t from = 0;

	smtp__field_begin(&f, out, l->name);
	f.utf8 = utf8;
	if (l->phrase.n > 0)
		smtp__field_phrase(&f, l->phrase.p, l->phrase.n);
	for (size_t i = 0; i <= l->value.n; i++) {
		if (i < l->value.n && l->value.p[i] != ' ')
			continue;
		smtp__field_piece(&f, l->value.p + from, i - from);
		from = i + 1;
	}
	return smtp__field_end(&f);
}

/* RFC 5322 section 3.6.2: Sender is for when it is not the one author. */
static bool
sender_differs(const struct smtp_message *m)
{
	return m->sender.first != NULL && (m->from.mailboxes != 1 ||
	    m->from.first->next != NULL ||
	    !smtp__bytes_equal(m->from.first->spec, m->sender.first->spec));
}

bool
smtp__message_write_header(const struct smtp_message *m,
    struct smtp__out *out, bool utf8)
{
	struct smtp__field f;
	bool good = true;

	if (m->has_date) {
		smtp__out_text(out, "Date: ");
		good = smtp__date_write(out, &m->date);
		smtp__out_text(out, "\r\n");
	}
	good &= write_list(&m->from, out, "From", utf8);
	if (sender_differs(m))
		good &= write_list(&m->sender, out, "Sender", utf8);
	good &= write_list(&m->reply_to, out, "Reply-To", utf8);
	good &= write_list(&m->to, out, "To", utf8);
	/* RFC 5321 appendix B. */
	if (m->to.first == NULL && m->cc.first == NULL)
		smtp__out_text(out, "To: undisclosed-recipients:;\r\n");
	good &= write_list(&m->cc, out, "Cc", utf8);
	if (m->has_subject)
		good &= write_line(out, "Subject", m->subject, utf8);
	smtp__field_begin(&f, out, "Message-ID");
	smtp__field_piece_text(&f, m->message_id);
	good &= smtp__field_end(&f);
	for (struct smtp__extra *l = m->headers.first; l != NULL; l = l->next)
		good &= l->structured ? write_structured(out, l, utf8) :
		    write_line(out, l->name, l->value, utf8);
	smtp__out_text(out, "MIME-Version: 1.0\r\n");
	return good;
}
