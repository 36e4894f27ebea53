/* SPDX-License-Identifier: MIT */
#include "mime/state.h"

#include "text/ascii.h"

struct smtp_message *
smtp_message_new_with(const struct smtp_allocator *allocator)
{
	struct smtp_allocator a = allocator != NULL ? *allocator :
	    smtp__store_default();
	struct smtp_message *m = smtp__store_new(&a, sizeof(*m));

	if (m == NULL)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->allocator = a;
	smtp__arena_init(&m->arena, &m->allocator);
	smtp__list_init(&m->from);
	smtp__list_init(&m->sender);
	smtp__list_init(&m->reply_to);
	smtp__list_init(&m->to);
	smtp__list_init(&m->cc);
	smtp__list_init(&m->bcc);
	smtp__list_init(&m->given);
	smtp__extras_init(&m->headers);
	smtp__parts_init(&m->inlines);
	smtp__parts_init(&m->files);
	smtp__buffer_init(&m->head, &m->allocator);
	smtp__buffer_init(&m->rows, &m->allocator);
	smtp__body_init(&m->body, &m->allocator);
	smtp__asks_init(m);
	m->outcome.status = SMTP_E_STATE;
	m->changed = true;
	return m;
}

struct smtp_message *
smtp_message_new(void)
{
	return smtp_message_new_with(NULL);
}

void
smtp_message_free(struct smtp_message *m)
{
	struct smtp_allocator a;

	if (m == NULL)
		return;
	while (m->sources != NULL) {
		struct smtp_source *s = m->sources;

		m->sources = s->next;
		smtp_source_free(s);
	}
	smtp__message_set_text(m, &m->outcome, NULL, 0);
	smtp__message_set_queue_id(m, NULL, 0);
	smtp__message_drop_recipients(m);
	smtp__body_free(&m->body);
	smtp__buffer_free(&m->head);
	smtp__buffer_free(&m->rows);
	smtp__arena_free(&m->arena);
	a = m->allocator;
	smtp__store_free(&a, m, sizeof(*m));
}

static void
explain(struct smtp_message *m, const char *field, struct smtp__bytes detail,
    const char *words)
{
	struct smtp__out out;
	size_t n = detail.n < 100 ? detail.n : 100;

	smtp__out_init(&out, m->words, sizeof(m->words) - 1);
	smtp__out_text(&out, field);
	smtp__out_text(&out, ": ");
	for (size_t i = 0; i < n; i++)
		smtp__out_octet(&out, smtp__is_control(detail.p[i]) ? '?' :
		    detail.p[i]);
	if (n > 0)
		smtp__out_text(&out, n < detail.n ? "... " : " ");
	smtp__out_text(&out, words);
	m->words[out.n] = '\0';
}

int
smtp__message_refuse(struct smtp_message *m, int status, const char *field,
    struct smtp__bytes detail, const char *words)
{
	if (m->fault == SMTP_OK) {
		m->fault = status;
		explain(m, field, detail, words);
	}
	return m->fault;
}

int
smtp__message_stop(struct smtp_message *m, int status, const char *field,
    struct smtp__bytes detail, const char *words)
{
	m->failed = status;
	explain(m, field, detail, words);
	return status;
}

int
smtp__message_fail(struct smtp_message *m, int status, const char *field,
    const char *words)
{
	return smtp__message_refuse(m, status, field, smtp__bytes(NULL, 0),
	    words);
}

int
smtp__message_fail_once(struct smtp_message *m, int status, const char *field,
    const char *words)
{
	return smtp__message_stop(m, status, field, smtp__bytes(NULL, 0),
	    words);
}

const char *
smtp_message_error(const struct smtp_message *m)
{
	if (m == NULL)
		return "no memory";
	return m->fault != SMTP_OK || m->failed != SMTP_OK ? m->words : "";
}

void
smtp__unique_write(struct smtp__out *out, const unsigned char *random,
    size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned bits = 0, held = 0;
	char text[40];                   /* 24 octets are enough for all */
	size_t size = 0;

	for (size_t i = 0; i < n; i++) {
		held = (held << 8 | random[i]) & 0xFFFF;
		for (bits += 8; bits >= 5; bits -= 5)
			text[size++] = letters[held >> (bits - 5) & 31];
	}
	smtp__out_add(out, text, size);
}

int
smtp__message_add_signer(struct smtp_message *m, const struct smtp_dkim *dkim)
{
	if (m->signer_n == sizeof(m->signers) / sizeof(m->signers[0]))
		return smtp__message_fail(m, SMTP_E_ARGUMENT, "dkim",
		    "more than two signatures");
	m->signers[m->signer_n++] = dkim;
	return SMTP_OK;
}

const struct smtp_dkim *
smtp__message_signer(const struct smtp_message *m, size_t i)
{
	return i < m->signer_n ? m->signers[i] : NULL;
}
