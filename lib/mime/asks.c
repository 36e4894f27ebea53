/* SPDX-License-Identifier: MIT */
/*
 * What the envelope asks of the server beyond addresses: parameters of MAIL
 * and RCPT, checked and written here, sent or refused by the client.
 */
#include "mime/asks.h"

#include "codec/xtext.h"
#include "text/ascii.h"
#include "text/mailbox.h"

/* Of AUTH= without its name, RFC 4954 section 5. */
enum { SUBMITTER_MAX = 494 };

static const struct smtp__bytes none = { NULL, 0 };

void
smtp__asks_init(struct smtp_message *m)
{
	m->asks.more.end = &m->asks.more.first;
	m->asks.rcpt.more.end = &m->asks.rcpt.more.first;
}

const struct smtp__asks *
smtp__message_asks(const struct smtp_message *m)
{
	return &m->asks;
}

int
smtp__asks_state(const struct smtp_message *m)
{
	return m == NULL ? SMTP_E_ARGUMENT : m->fault;
}

int
smtp__asks_refuse(struct smtp_message *m, const char *field,
    const char *detail, const char *words)
{
	return smtp__message_refuse(m, SMTP_E_ARGUMENT, field,
	    smtp__bytes_of(detail), words);
}

int
smtp__asks_no_memory(struct smtp_message *m, const char *field)
{
	return smtp__message_refuse(m, SMTP_E_MEMORY, field, none,
	    "no memory");
}

int
smtp__asks_keep(struct smtp_message *m, const char *field, const char **place,
    const char *p, size_t n)
{
	*place = smtp__arena_copy(&m->arena, p, n);
	if (*place == NULL)
		return smtp__asks_no_memory(m, field);
	m->asks.any = true;
	return SMTP_OK;
}

int
smtp__asks_put(struct smtp_message *m, enum smtp__ask what, const char *field,
    const struct smtp__out *out)
{
	m->asks.mail[what] = NULL;
	return out == NULL ? SMTP_OK :
	    smtp__asks_keep(m, field, &m->asks.mail[what], out->p, out->n);
}

/*
 * Settings of one recipient mostly come together: the last one is looked at,
 * and what is apart is put together when the message is settled.
 */
struct smtp__rcpt_asks *
smtp__asks_of(struct smtp_message *m, const char *field, const char *address)
{
	struct smtp__own *own = m->own_last;
	struct smtp__bytes path = smtp__bytes_of(address);
	enum smtp__mailbox_fault fault;
	char text[1024];
	struct smtp__out out;
	const char *copy;

	if (address == NULL)
		return &m->asks.rcpt;
	smtp__out_init(&out, text, sizeof(text));
	fault = smtp__mailbox_write(&out, path.p, path.n,
	    SMTP__MAILBOX_POSTMASTER | SMTP__MAILBOX_UTF8, NULL);
	if (fault != SMTP__MAILBOX_OK) {
		smtp__asks_refuse(m, field, address,
		    smtp__mailbox_words(fault));
		return NULL;
	}
	if (own != NULL && own->entry.spec.n == out.n &&
	    memcmp(own->entry.spec.p, text, out.n) == 0)
		return &own->asks;
	own = smtp__arena_new(&m->arena, sizeof(*own));
	copy = smtp__arena_copy(&m->arena, text, out.n);
	if (own == NULL || copy == NULL) {
		smtp__asks_no_memory(m, field);
		return NULL;
	}
	own->entry.spec = smtp__bytes(copy, out.n);
	own->asks.more.end = &own->asks.more.first;
	if (m->own_last != NULL)
		m->own_last->next = own;
	else
		m->own = own;
	m->own_last = own;
	return &own->asks;
}

int
smtp_message_set_require_tls(struct smtp_message *m, int on)
{
	struct smtp__out out;
	char text[16];

	if (smtp__asks_state(m) != SMTP_OK)
		return smtp__asks_state(m);
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "REQUIRETLS");
	return smtp__asks_put(m, SMTP__ASK_REQUIRETLS, "require-tls",
	    on ? &out : NULL);
}

int
smtp_message_set_tls_optional(struct smtp_message *m)
{
	return smtp__asks_state(m) != SMTP_OK ? smtp__asks_state(m) :
	    smtp__message_put_line(m, "TLS-Required", none,
	    smtp__bytes_of("No"));
}

#define NINE_DIGITS 999999999

static void
put_signed(struct smtp__out *out, int32_t n)
{
	if (n < 0)
		smtp__out_octet(out, '-');
	smtp__out_number(out, n < 0 ? (uint64_t)-(int64_t)n : (uint64_t)n);
}

/* RFC 2852 section 4. */
int
smtp_message_set_deliver_by(struct smtp_message *m, int32_t seconds,
    const char *mode)
{
	static const char *const modes[] = { "N", "NT", "R", "RT" };
	struct smtp__out out;
	char text[24];
	size_t i = 0;

	if (smtp__asks_state(m) != SMTP_OK)
		return smtp__asks_state(m);
	m->asks.deliver_by = 0;
	if (mode == NULL)
		return smtp__asks_put(m, SMTP__ASK_DELIVER_BY, "deliver-by",
		    NULL);
	while (i < 4 && !smtp__same_text(mode, strlen(mode), modes[i]))
		i++;
	if (i == 4)
		return smtp__asks_refuse(m, "deliver-by", mode,
		    "is none of N, NT, R, RT");
	if (seconds > NINE_DIGITS || seconds < -NINE_DIGITS ||
	    (i >= 2 && seconds < 1))
		return smtp__asks_refuse(m, "deliver-by", NULL, i >= 2 ?
		    "R takes 1 to 999999999 seconds" :
		    "has over nine digits");
	m->asks.deliver_by = i >= 2 ? seconds : 0;
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "BY=");
	put_signed(&out, seconds);
	smtp__out_octet(&out, ';');
	smtp__out_text(&out, modes[i]);
	return smtp__asks_put(m, SMTP__ASK_DELIVER_BY, "deliver-by", &out);
}

int
smtp_message_set_mt_priority(struct smtp_message *m, int priority)
{
	struct smtp__out out;
	char text[24];

	if (smtp__asks_state(m) != SMTP_OK)
		return smtp__asks_state(m);
	if (priority < -9 || priority > 9)
		return smtp__asks_refuse(m, "mt-priority", NULL,
		    "is not -9 to 9");
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "MT-PRIORITY=");
	put_signed(&out, priority);
	return smtp__asks_put(m, SMTP__ASK_PRIORITY, "mt-priority", &out);
}

/* RFC 4865 section 4: one of the two. */
static int
hold(struct smtp_message *m, enum smtp__ask what, const char *field,
    const struct smtp__out *out)
{
	if (out != NULL && m->asks.mail[what == SMTP__ASK_HOLD_FOR ?
	    SMTP__ASK_HOLD_UNTIL : SMTP__ASK_HOLD_FOR] != NULL)
		return smtp__asks_refuse(m, field, NULL,
		    "one of hold-for and hold-until is enough");
	return smtp__asks_put(m, what, field, out);
}

int
smtp_message_set_hold_for(struct smtp_message *m, uint32_t seconds)
{
	struct smtp__out out;
	char text[24];

	if (smtp__asks_state(m) != SMTP_OK)
		return smtp__asks_state(m);
	if (seconds > NINE_DIGITS)
		return smtp__asks_refuse(m, "hold-for", NULL,
		    "has over nine digits");
	m->asks.hold_for = seconds;
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "HOLDFOR=");
	smtp__out_number(&out, seconds);
	return hold(m, SMTP__ASK_HOLD_FOR, "hold-for",
	    seconds > 0 ? &out : NULL);
}

/* `width` digits, zeros in front, and what stands behind. */
static void
put_digits(struct smtp__out *out, int n, int width, char behind)
{
	for (int unit = width == 4 ? 1000 : 10; unit > 0; unit /= 10)
		smtp__out_octet(out, (char)('0' + n / unit % 10));
	smtp__out_octet(out, behind);
}

int
smtp_message_set_hold_until(struct smtp_message *m, int64_t seconds)
{
	struct smtp__date d;
	struct smtp__out out;
	char text[40];

	if (smtp__asks_state(m) != SMTP_OK)
		return smtp__asks_state(m);
	if (seconds == 0)
		return hold(m, SMTP__ASK_HOLD_UNTIL, "hold-until", NULL);
	if (seconds < 0 || !smtp__date_from_epoch(&d, seconds, 0))
		return smtp__asks_refuse(m, "hold-until", NULL,
		    "is no time to come");
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "HOLDUNTIL=");
	put_digits(&out, d.year, 4, '-');
	put_digits(&out, d.month, 2, '-');
	put_digits(&out, d.day, 2, 'T');
	put_digits(&out, d.hour, 2, ':');
	put_digits(&out, d.minute, 2, ':');
	put_digits(&out, d.second, 2, 'Z');
	return hold(m, SMTP__ASK_HOLD_UNTIL, "hold-until", &out);
}

/* RFC 4954 section 5. */
int
smtp_message_set_submitter(struct smtp_message *m, const char *address)
{
	struct smtp__bytes path = smtp__bytes_of(address);
	enum smtp__mailbox_fault fault;
	char text[sizeof("AUTH=") + SUBMITTER_MAX], plain[1024];
	struct smtp__out out, mailbox;

	if (smtp__asks_state(m) != SMTP_OK)
		return smtp__asks_state(m);
	if (address == NULL)
		return smtp__asks_put(m, SMTP__ASK_SUBMITTER, "submitter",
		    NULL);
	smtp__out_init(&mailbox, plain, sizeof(plain));
	fault = smtp__mailbox_write(&mailbox, path.p, path.n,
	    SMTP__MAILBOX_NULL, NULL);
	if (fault != SMTP__MAILBOX_OK)
		return smtp__asks_refuse(m, "submitter", address,
		    smtp__mailbox_words(fault));
	smtp__out_init(&out, text, sizeof(text) - 1);
	smtp__out_text(&out, "AUTH=");
	if (mailbox.n == 0)
		smtp__out_text(&out, "<>");
	/* Of the 254 octets at most 64 can become three each. */
	smtp__xtext_write(&out, plain, mailbox.n);
	return smtp__asks_put(m, SMTP__ASK_SUBMITTER, "submitter", &out);
}

/*
 * Settling.
 */

/* What was set later, for the same address, replaces or joins. */
static int
join(struct smtp_message *m, struct smtp__rcpt_asks *to,
    struct smtp__rcpt_asks *from)
{
	if (from->has_notify) {
		to->has_notify = true;
		to->notify = from->notify;
	}
	if (from->has_orcpt) {
		to->has_orcpt = true;
		to->orcpt = from->orcpt;
		to->orcpt_type = from->orcpt_type;
	}
	for (struct smtp__parameter *p = from->more.first; p != NULL;
	    p = p->next)
		if (smtp__parameters_have(&to->more, p->text, p->keyword_n))
			return smtp__asks_refuse(m, "parameter", p->text,
			    "is there already");
	*to->more.end = from->more.first;
	if (from->more.first != NULL)
		to->more.end = from->more.end;
	return SMTP_OK;
}

/* One for each address, in `index`. */
static int
join_all(struct smtp_message *m, const struct smtp__index *index)
{
	struct smtp__own **link = &m->own;

	m->own_last = NULL;
	while (*link != NULL) {
		struct smtp__own *own = *link;
		const struct smtp__entry **place = smtp__index_find(index,
		    own->entry.spec);

		if (*place == NULL) {
			*place = &own->entry;
			own->used = false;
			m->own_last = own;
			link = &own->next;
			continue;
		}
		if (join(m, &((struct smtp__own *)(uintptr_t)*place)->asks,
		    &own->asks) != SMTP_OK)
			return m->fault;
		*link = own->next;
	}
	return SMTP_OK;
}

static int
hand_out(struct smtp_message *m, const struct smtp__index *index)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct smtp__entry *entry = *smtp__index_find(index,
		    smtp__bytes_of(m->recipients[i].address));
		struct smtp__own *own = (struct smtp__own *)(uintptr_t)entry;

		if (own == NULL)
			continue;
		own->used = true;
		m->recipients[i].asks = &own->asks;
	}
	for (const struct smtp__own *own = m->own; own != NULL;
	    own = own->next)
		if (!own->used)
			return smtp__message_stop(m, SMTP_E_ARGUMENT,
			    "parameter", own->entry.spec,
			    "is no recipient of this mail");
	return SMTP_OK;
}

int
smtp__asks_settle(struct smtp_message *m)
{
	struct smtp__index index;
	size_t n = 0;
	int rc;

	if ((m->asks.mail[SMTP__ASK_HOLD_FOR] != NULL ||
	    m->asks.mail[SMTP__ASK_HOLD_UNTIL] != NULL) && *m->path == '\0')
		return smtp__message_stop(m, SMTP_E_ARGUMENT, "hold-for",
		    none, "cannot be had with the null path as sender");
	if (m->own == NULL)
		return SMTP_OK;
	for (const struct smtp__own *own = m->own; own != NULL;
	    own = own->next)
		n++;
	if (!smtp__index_begin(&index, &m->allocator, n))
		return smtp__message_stop(m, SMTP_E_MEMORY, "recipients",
		    none, "no memory");
	rc = join_all(m, &index);
	if (rc == SMTP_OK)
		rc = hand_out(m, &index);
	smtp__index_end(&index, &m->allocator);
	return rc;
}
