/* SPDX-License-Identifier: MIT */
/* The envelope, and what has to be there before a message can go. */
#include "mime/state.h"

#include "mime/address.h"
#include "text/ascii.h"

static const struct smtp__bytes none = { NULL, 0 };

int
smtp_message_set_envelope_from(struct smtp_message *m, const char *address)
{
	struct smtp__bytes path = smtp__bytes_of(address);
	enum smtp__mailbox_fault fault;
	char text[1024];
	struct smtp__out out;
	const char *copy;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (address == NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT,
		    "envelope from", none,
		    "is missing; write \"\" for the null path");
	smtp__out_init(&out, text, sizeof(text));
	fault = smtp__mailbox_write(&out, path.p, path.n,
	    SMTP__MAILBOX_NULL | SMTP__MAILBOX_UTF8, NULL);
	if (fault != SMTP__MAILBOX_OK)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT,
		    "envelope from", path, smtp__mailbox_words(fault));
	copy = smtp__arena_copy(&m->arena, text, out.n);
	if (copy == NULL)
		return smtp__message_refuse(m, SMTP_E_MEMORY,
		    "envelope from", none, "no memory");
	m->given_from = copy;
	m->changed = true;
	return SMTP_OK;
}

int
smtp_message_add_recipient(struct smtp_message *m, const char *address)
{
	struct smtp__bytes path = smtp__bytes_of(address);
	enum smtp__mailbox_fault fault;
	struct smtp__entry *entry;
	char text[1024];
	struct smtp__out out;
	const char *copy;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	smtp__out_init(&out, text, sizeof(text));
	fault = smtp__mailbox_write(&out, path.p, path.n,
	    SMTP__MAILBOX_POSTMASTER | SMTP__MAILBOX_UTF8, NULL);
	if (fault != SMTP__MAILBOX_OK)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "recipient",
		    path, smtp__mailbox_words(fault));
	entry = smtp__arena_new(&m->arena, sizeof(*entry));
	copy = smtp__arena_copy(&m->arena, text, out.n);
	if (entry == NULL || copy == NULL)
		return smtp__message_refuse(m, SMTP_E_MEMORY, "recipient",
		    none, "no memory");
	entry->kind = SMTP__ADDRESS_MAILBOX;
	entry->spec = smtp__bytes(copy, out.n);
	*m->given.end = entry;
	m->given.end = &entry->next;
	m->given.mailboxes++;
	m->changed = true;
	return SMTP_OK;
}

void
smtp__message_drop_recipients(struct smtp_message *m)
{
	for (size_t i = 0; i < m->count; i++)
		smtp__message_set_text(m, &m->recipients[i].outcome, NULL, 0);
	smtp__store_free(&m->allocator, m->recipients,
	    m->count * sizeof(*m->recipients));
	m->recipients = NULL;
	m->count = 0;
}

/* Local parts differ by case, domains do not (RFC 5321 section 2.4). */
static bool
same_address(struct smtp__bytes a, struct smtp__bytes b)
{
	size_t at = a.n;

	while (at > 0 && a.p[at - 1] != '@')
		at--;
	return a.n == b.n && memcmp(a.p, b.p, at) == 0 &&
	    smtp__same(a.p + at, a.n - at, b.p + at, b.n - at);
}

/*
 * A table with open places, at least twice as many as there are addresses.
 */

bool
smtp__index_begin(struct smtp__index *index, const struct smtp_allocator *a,
    size_t most)
{
	index->size = 4;
	while (index->size < most * 2)
		index->size *= 2;
	index->place = smtp__store_new(a, index->size *
	    sizeof(*index->place));
	if (index->place == NULL)
		return false;
	memset((void *)index->place, 0, index->size * sizeof(*index->place));
	return true;
}

const struct smtp__entry **
smtp__index_find(const struct smtp__index *index, struct smtp__bytes spec)
{
	uint32_t hash = 2166136261u;
	size_t i, mask = index->size - 1;

	for (i = 0; i < spec.n; i++)
		hash = (hash ^ (unsigned char)smtp__lower(spec.p[i])) *
		    16777619u;
	for (i = hash & mask; index->place[i] != NULL; i = (i + 1) & mask)
		if (same_address(index->place[i]->spec, spec))
			break;
	return &index->place[i];
}

void
smtp__index_end(struct smtp__index *index, const struct smtp_allocator *a)
{
	smtp__store_free(a, (void *)index->place,
	    index->size * sizeof(*index->place));
	index->place = NULL;
}

/* Doubles of To, Cc and Bcc are left out in one pass. */
static bool
is_new(const struct smtp__index *seen, const struct smtp__entry *entry)
{
	const struct smtp__entry **place = smtp__index_find(seen, entry->spec);

	if (*place != NULL)
		return false;
	*place = entry;
	return true;
}

/*
 * What became of an address at the last send, wherever its row stood then: a
 * recipient that was accepted is not addressed again because others were added
 * before it. `*next` is where the search begins, behind the last one found.
 */
static void
inherit(struct smtp_message *m, struct smtp__recipient *row,
    struct smtp__bytes spec, size_t *next)
{
	size_t k = *next;

	for (size_t i = 0; i < m->count; i++) {
		struct smtp__recipient *old;

		if (k >= m->count)
			k = 0;
		old = &m->recipients[k++];
		if (old->address == NULL ||
		    !same_address(smtp__bytes_of(old->address), spec))
			continue;
		row->outcome = old->outcome;
		old->outcome.text = NULL;
		old->address = NULL;
		*next = k;
		return;
	}
}

/* The rows for `lists`, in order; those already there keep their outcome. */
static bool
settle(struct smtp_message *m, const struct smtp__list *const *lists,
    size_t count, bool doubles)
{
	size_t most = 0, n = 0, next = 0;
	struct smtp__recipient *rows;
	struct smtp__index seen;

	for (size_t i = 0; i < count; i++)
		most += lists[i]->mailboxes;
	if (most == 0) {
		smtp__message_drop_recipients(m);
		return true;
	}
	rows = smtp__store_new(&m->allocator, most * sizeof(*rows));
	if (rows == NULL || !smtp__index_begin(&seen, &m->allocator, most)) {
		smtp__store_free(&m->allocator, rows, most * sizeof(*rows));
		return false;
	}
	memset(rows, 0, most * sizeof(*rows));
	for (size_t i = 0; i < count; i++)
		for (struct smtp__entry *e = lists[i]->first; e != NULL;
		    e = e->next) {
			if (e->kind != SMTP__ADDRESS_MAILBOX ||
			    (!is_new(&seen, e) && !doubles))
				continue;
			rows[n].address = (char *)(uintptr_t)e->spec.p;
			rows[n].outcome.status = SMTP_E_STATE;
			inherit(m, &rows[n], e->spec, &next);
			n++;
		}
	smtp__index_end(&seen, &m->allocator);
	smtp__message_drop_recipients(m);
	if (n < most) {
		/* Sizes are told when memory is given back: no slack. */
		struct smtp__recipient *less = m->allocator.resize(
		    m->allocator.ctx, rows, most * sizeof(*rows),
		    n * sizeof(*rows));

		if (less == NULL) {
			smtp__store_free(&m->allocator, rows,
			    most * sizeof(*rows));
			return false;
		}
		rows = less;
	}
	m->recipients = rows;
	m->count = n;
	return true;
}

/* RFC 5321 appendix B: who is addressed, and who answers for it. */
static int
settle_envelope(struct smtp_message *m)
{
	const struct smtp__list *header[] = { &m->to, &m->cc, &m->bcc };
	const struct smtp__list *given[] = { &m->given };
	const struct smtp__list *author = m->sender.mailboxes > 0 ?
	    &m->sender : &m->from;

	m->path = m->given_from;
	for (struct smtp__entry *e = author->first; e != NULL &&
	    m->path == NULL; e = e->next)
		if (e->kind == SMTP__ADDRESS_MAILBOX)
			m->path = e->spec.p;
	if (m->path == NULL)
		return smtp__message_stop(m, SMTP_E_ARGUMENT, "envelope from",
		    none, "is missing; set from or the envelope's");
	if (m->given.mailboxes > 0 ? !settle(m, given, 1, true) :
	    !settle(m, header, 3, false))
		return smtp__message_stop(m, SMTP_E_MEMORY, "recipients",
		    none, "no memory");
	if (m->count == 0)
		return smtp__message_stop(m, SMTP_E_ARGUMENT, "recipients",
		    none, "are missing; add to, cc, bcc or a recipient");
	return SMTP_OK;
}

static bool
is_wide(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (smtp__is_high(p[i]))
			return true;
	return false;
}

static void
note_wide(struct smtp_message *m, struct smtp__bytes address)
{
	if (!m->wide && is_wide(address.p, address.n)) {
		m->wide = true;
		m->wide_address = address;
	}
}

/* The first address that only SMTPUTF8 can carry, RFC 6531 section 3.2. */
static void
find_wide(struct smtp_message *m)
{
	const struct smtp__list *lists[] = { &m->from, &m->sender,
	    &m->reply_to, &m->to, &m->cc };

	m->wide = false;
	for (size_t i = 0; i < 5 && m->ready == NULL; i++)
		for (struct smtp__entry *e = lists[i]->first; e != NULL;
		    e = e->next)
			note_wide(m, e->spec);
	note_wide(m, smtp__bytes_of(m->path));
	for (size_t i = 0; i < m->count; i++)
		note_wide(m, smtp__bytes_of(m->recipients[i].address));
}

static int
no_random(struct smtp_message *m, const char *field)
{
	return smtp__message_stop(m, SMTP_E_UNSUPPORTED, field, none,
	    "needs random octets, and there is no source of them");
}

/* Random octets before the domain of From, RFC 5322 section 3.6.4. */
static int
make_message_id(struct smtp_message *m)
{
	struct smtp__bytes spec = none;
	struct smtp__out out;
	char text[32 + SMTP__MAILBOX_MAX];
	const char *domain;

	if (m->message_id != NULL)
		return SMTP_OK;
	if (!m->has_random)
		return no_random(m, "message-id");
	for (struct smtp__entry *e = m->from.first; e != NULL && spec.n == 0;
	    e = e->next)
		spec = e->spec;
	domain = spec.n > 0 ? spec.p + spec.n : spec.p;
	while (domain > spec.p && domain[-1] != '@')
		domain--;
	smtp__out_init(&out, text, sizeof(text) - 1);
	smtp__out_octet(&out, '<');
	smtp__unique_write(&out, m->random, 15);
	smtp__out_octet(&out, '@');
	/* A name that means another machine to each reader is none. */
	if (spec.n == 0 || smtp__same_text(domain, strlen(domain),
	    "localhost"))
		smtp__out_text(&out, "mail.invalid");
	else
		smtp__out_text(&out, domain);
	smtp__out_octet(&out, '>');
	m->message_id = smtp__arena_copy(&m->arena, text, out.n);
	return m->message_id != NULL ? SMTP_OK : smtp__message_stop(m,
	    SMTP_E_MEMORY, "message-id", none, "no memory");
}

/* Before this a clock was not set: 1 January 2000. */
#define CLOCK_FLOOR INT64_C(946684800)

static int
complete_header(struct smtp_message *m, const struct smtp__moment *moment)
{
	if (m->from.first == NULL)
		return smtp__message_stop(m, SMTP_E_ARGUMENT, "from", none,
		    "is missing");
	if (m->from.mailboxes > 1 && m->sender.first == NULL)
		return smtp__message_stop(m, SMTP_E_ARGUMENT, "sender", none,
		    "is missing; several authors need one");
	if (smtp__message_check_list(m) != SMTP_OK ||
	    smtp__message_check_tree(m) != SMTP_OK)
		return m->failed;
	if (!m->has_date && moment->has_clock &&
	    moment->seconds >= CLOCK_FLOOR) {
		m->has_date = smtp__date_from_epoch(&m->date, moment->seconds,
		    moment->zone_minutes);
		m->changed = true;
	}
	if (smtp__message_arrange(m) > 0 && !m->has_random)
		return no_random(m, "boundary");
	return make_message_id(m);
}

bool
smtp__message_needs_random(const struct smtp_message *m)
{
	return m->ready == NULL && !m->has_random;
}

bool
smtp__message_needs_clock(const struct smtp_message *m)
{
	return m->ready == NULL || m->signer_n > 0;
}

int
smtp__message_complete(struct smtp_message *m,
    const struct smtp__moment *moment)
{
	if (m->fault != SMTP_OK)
		return m->fault;
	m->failed = SMTP_OK;
	if (smtp__message_needs_random(m) && moment->has_random) {
		memcpy(m->random, moment->random, sizeof(m->random));
		m->has_random = true;
	}
	return m->ready != NULL ? SMTP_OK : complete_header(m, moment);
}

int
smtp__message_prepare(struct smtp_message *m,
    const struct smtp__moment *moment)
{
	int rc = smtp__message_complete(m, moment);

	if (rc == SMTP_OK)
		rc = settle_envelope(m);
	if (rc == SMTP_OK)
		rc = smtp__asks_settle(m);
	if (rc == SMTP_OK)
		find_wide(m);
	return rc;
}

const char *
smtp__message_envelope_from(const struct smtp_message *m)
{
	return m->path;
}

struct smtp__recipient *
smtp__message_recipients(struct smtp_message *m, size_t *count)
{
	*count = m->count;
	return m->recipients;
}
