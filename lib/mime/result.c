/* SPDX-License-Identifier: MIT */
/* What became of a message. */
#include "mime/state.h"

struct smtp__outcome *
smtp__message_outcome(struct smtp_message *m)
{
	return &m->outcome;
}

struct smtp__out *
smtp__message_rows(struct smtp_message *m)
{
	if (m == NULL)
		return NULL;
	smtp__buffer_clear(&m->rows);
	return &m->rows.out;
}

void
smtp__message_set_elapsed(struct smtp_message *m, uint64_t ms)
{
	m->elapsed_ms = ms;
}

bool
smtp__message_set_queue_id(struct smtp_message *m, const char *p, size_t n)
{
	if (m->queue_id != NULL)
		smtp__store_free(&m->allocator, m->queue_id,
		    m->queue_id_n + 1);
	m->queue_id = NULL;
	if (n == 0)
		return true;
	m->queue_id = smtp__store_new(&m->allocator, n + 1);
	if (m->queue_id == NULL)
		return false;
	m->queue_id_n = n;
	memcpy(m->queue_id, p, n);
	m->queue_id[n] = '\0';
	return true;
}

bool
smtp__message_set_text(struct smtp_message *m, struct smtp__outcome *o,
    const char *text, size_t n)
{
	char *copy = NULL;

	if (o->text != NULL)
		smtp__store_free(&m->allocator, o->text, o->text_n + 1);
	o->text = NULL;
	o->text_n = 0;
	if (text == NULL)
		return true;
	copy = smtp__store_new(&m->allocator, n + 1);
	if (copy == NULL)
		return false;
	if (n > 0)
		memcpy(copy, text, n);
	copy[n] = '\0';
	o->text = copy;
	o->text_n = n;
	return true;
}

static void
forget(struct smtp_message *m, struct smtp__outcome *o)
{
	smtp__message_set_text(m, o, NULL, 0);
	memset(o, 0, sizeof(*o));
	o->status = SMTP_E_STATE;
}

void
smtp__message_begin(struct smtp_message *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct smtp__outcome *o = &m->recipients[i].outcome;

		if (o->status != SMTP_OK && o->status != SMTP_E_UNKNOWN)
			forget(m, o);
	}
	forget(m, &m->outcome);
	smtp__message_set_queue_id(m, NULL, 0);
	m->elapsed_ms = 0;
}

void
smtp_message_forget_outcome(struct smtp_message *m)
{
	for (size_t i = 0; m != NULL && i < m->count; i++)
		if (m->recipients[i].outcome.status == SMTP_E_UNKNOWN)
			forget(m, &m->recipients[i].outcome);
}

/* The text of an enhanced code, kept with its numbers. */
static const char *
enhanced(const struct smtp__outcome *o)
{
	struct smtp__outcome *mine = (struct smtp__outcome *)(uintptr_t)o;
	struct smtp__out out;
	unsigned klass = (unsigned)o->code / 100;

	if (!o->has_enhanced)
		return "";
	/* Refused by us, on the server's word: there is no reply. */
	if (o->code == 0)
		klass = o->status == SMTP_E_REFUSED ||
		    o->status == SMTP_E_UNSUPPORTED ? 5 : 4;
	smtp__out_init(&out, mine->enhanced, sizeof(mine->enhanced) - 1);
	smtp__out_number(&out, klass);
	smtp__out_octet(&out, '.');
	smtp__out_number(&out, o->subject);
	smtp__out_octet(&out, '.');
	smtp__out_number(&out, o->detail);
	mine->enhanced[out.n] = '\0';
	return mine->enhanced;
}

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* Of what is not there. */
static const struct smtp__outcome nobody = { .status = SMTP_E_ARGUMENT };

static const struct smtp__outcome *
sum(const struct smtp_message *m)
{
	return m != NULL ? &m->outcome : &nobody;
}

int
smtp_message_status(const struct smtp_message *m)
{
	return sum(m)->status;
}

int
smtp_message_cause(const struct smtp_message *m)
{
	return sum(m)->cause;
}

int
smtp_message_phase(const struct smtp_message *m)
{
	return sum(m)->phase;
}

int
smtp_message_code(const struct smtp_message *m)
{
	return sum(m)->code;
}

const char *
smtp_message_enhanced(const struct smtp_message *m)
{
	return enhanced(sum(m));
}

const char *
smtp_message_text(const struct smtp_message *m)
{
	return or_empty(sum(m)->text);
}

const char *
smtp_message_queue_id(const struct smtp_message *m)
{
	return m != NULL ? or_empty(m->queue_id) : "";
}

const char *
smtp_message_message_id(const struct smtp_message *m)
{
	return m != NULL ? or_empty(m->message_id) : "";
}

uint64_t
smtp_message_elapsed_ms(const struct smtp_message *m)
{
	return m != NULL ? m->elapsed_ms : 0;
}

size_t
smtp_message_recipient_count(const struct smtp_message *m)
{
	return m != NULL ? m->count : 0;
}

const char *
smtp_message_recipient_address(const struct smtp_message *m, size_t i)
{
	return m != NULL && i < m->count ? m->recipients[i].address : "";
}

static const struct smtp__outcome *
row(const struct smtp_message *m, size_t i)
{
	return m != NULL && i < m->count ? &m->recipients[i].outcome :
	    &nobody;
}

int
smtp_message_recipient_status(const struct smtp_message *m, size_t i)
{
	return row(m, i)->status;
}

int
smtp_message_recipient_cause(const struct smtp_message *m, size_t i)
{
	return row(m, i)->cause;
}

int
smtp_message_recipient_phase(const struct smtp_message *m, size_t i)
{
	return row(m, i)->phase;
}

int
smtp_message_recipient_code(const struct smtp_message *m, size_t i)
{
	return row(m, i)->code;
}

const char *
smtp_message_recipient_enhanced(const struct smtp_message *m, size_t i)
{
	return enhanced(row(m, i));
}

const char *
smtp_message_recipient_text(const struct smtp_message *m, size_t i)
{
	return or_empty(row(m, i)->text);
}
