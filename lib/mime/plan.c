/* SPDX-License-Identifier: MIT */
/*
 * The plan of a message for one connection, and the message as a stream: the
 * literal text of headers and boundaries in one buffer, and between its pieces
 * the leaves, each through its encoder.
 */
#include "mime/state.h"

static const struct smtp__bytes none = { NULL, 0 };

static int
no_memory(struct smtp_message *m)
{
	return smtp__message_stop(m, SMTP_E_MEMORY, "message", none,
	    "no memory");
}

/* `attachment: report.pdf cannot be read: no such file` */
static int
source_failed(struct smtp_message *m, const struct smtp_source *s,
    const struct smtp_part *part)
{
	const char *field = part == NULL ? "raw" :
	    part->disposition == SMTP__DISPOSITION_INLINE ? "inline" :
	    "attachment";
	struct smtp__bytes name = s->path != NULL ?
	    smtp__bytes_of(s->path) :
	    part != NULL && part->name.n > 0 ? part->name :
	    smtp__bytes_of("of its source");
	char words[100];
	struct smtp__out out;

	smtp__out_init(&out, words, sizeof(words) - 1);
	smtp__out_text(&out, "cannot be read: ");
	smtp__out_text(&out, s->reason);
	words[out.n] = '\0';
	return smtp__message_stop(m, SMTP_E_SOURCE, field, name, words);
}

/* `raw: line 7 has a NUL octet` */
static int
content_fault(struct smtp_message *m, const struct smtp__raw *r,
    const char *field)
{
	bool high = r->fault == SMTP__RAW_HIGH_HEAD ||
	    r->fault == SMTP__RAW_HIGH_BODY;
	char line[32];
	struct smtp__out out;

	smtp__out_init(&out, line, sizeof(line));
	smtp__out_text(&out, "line ");
	smtp__out_number(&out, r->line);
	return smtp__message_stop(m, high ? SMTP_E_UNSUPPORTED :
	    SMTP_E_ARGUMENT, field, smtp__bytes(line, out.n),
	    smtp__raw_words(r->fault));
}

/* Read a source to its end to learn its size. 0, a mask, or an error. */
static int
count(struct smtp_message *m, struct smtp_source *s,
    const struct smtp_part *part)
{
	for (;;) {
		char scratch[4096];
		ptrdiff_t n = smtp__source_pull(s, scratch, sizeof(scratch));

		if (n == SMTP_SOURCE_WAIT)
			return SMTP_WANT_SOURCE;
		if (n < 0)
			return source_failed(m, s, part);
		if (n == 0)
			break;
	}
	s->counted = s->at;
	m->counting = NULL;
	return smtp__source_begin(s) ? SMTP_OK : source_failed(m, s, part);
}

/*
 * A message that can be read again is read and checked before anything is
 * sent, into `m->raw` and `m->scanned`. What it finds is no error yet.
 */
static int
scan(struct smtp_message *m, struct smtp_source *s, const struct smtp_part *p)
{
	struct smtp__body *b = &m->body;
	size_t used, n;
	const char *held = smtp__source_peek(s, &n);

	if (held != NULL) {
		m->scanned = smtp__raw_convert(&m->raw, held, n, true, &used,
		    NULL, SIZE_MAX);
		smtp__source_skip(s, used);
		return SMTP_OK;
	}
	for (;;) {
		if (b->input_n > b->at || b->input_end) {
			m->scanned += smtp__raw_convert(&m->raw,
			    b->input + b->at, b->input_n - b->at,
			    b->input_end, &used, NULL, SIZE_MAX);
			b->at += used;
			if (m->raw.fault != SMTP__RAW_OK || b->input_end)
				return SMTP_OK;
		}
		switch (smtp__body_fill(b)) {
		case 0:
			break;
		case SMTP_SOURCE_WAIT:
			return SMTP_WANT_SOURCE;
		case SMTP__BODY_MEMORY:
			return no_memory(m);
		default:
			return source_failed(m, s, p);
		}
	}
}

static void
begin_scan(struct smtp_message *m, struct smtp_part *part, bool head,
    bool body)
{
	smtp__body_begin(&m->body, part);
	smtp__raw_init(&m->raw, head, body);
	m->scanned = 0;
}

/* What an attached message is made of. 0, a mask, or an error. */
static int
scan_part(struct smtp_message *m, struct smtp_part *part, bool again)
{
	int rc;

	if (!again)
		begin_scan(m, part, true, true);
	rc = scan(m, part->source, part);
	if (rc != SMTP_OK)
		return rc;
	part->scanned = true;
	part->unfit = m->raw.fault != SMTP__RAW_OK;
	part->high_head = m->raw.high_head;
	part->high_body = m->raw.high_body;
	part->scanned_size = m->scanned;
	if (!part->unfit)
		part->source->counted = part->source->at;
	else if (!part->guessed)
		return content_fault(m, &m->raw, "attachment");
	if (!smtp__source_begin(part->source))
		return source_failed(m, part->source, part);
	/* What goes as octets is read to its end for its size alone. */
	if (smtp__source_size(part->source) == SMTP_SIZE_UNKNOWN)
		return count(m, part->source, part);
	m->counting = NULL;
	return SMTP_OK;
}

static struct smtp_part *
first_leaf(struct smtp_part *part)
{
	while (part->child != NULL)
		part = part->child;
	return part;
}

static struct smtp_part *
next_leaf(struct smtp_part *part)
{
	while (part->parent != NULL && part->next == NULL)
		part = part->parent;
	return part->parent != NULL ? first_leaf(part->next) : NULL;
}

/* Every source at its start, and of known size if that can be found. */
static int
begin_sources(struct smtp_message *m)
{
	for (struct smtp_part *part = first_leaf(m->root); part != NULL;
	    part = next_leaf(part)) {
		struct smtp_source *s = part->source;
		bool again = m->counting != NULL;
		int rc;

		if (s == NULL || (again && m->counting != s))
			continue;
		if (!again && !smtp__source_begin(s))
			return source_failed(m, s, part);
		if (s->once || (smtp__source_size(s) != SMTP_SIZE_UNKNOWN &&
		    !part->message))
			continue;
		m->counting = s;
		part->scanned = again && part->scanned;
		rc = part->message && !part->scanned ?
		    scan_part(m, part, again) : count(m, s, part);
		if (rc != SMTP_OK)
			return rc;
	}
	return SMTP_OK;
}

static void
add_boundary(struct smtp_message *m, const struct smtp_part *parent,
    const char *unique, const char *before, const char *behind)
{
	smtp__out_text(&m->head.out, before);
	smtp__part_write_boundary(parent, &m->head.out, unique);
	smtp__out_text(&m->head.out, behind);
}

/* Close a part and all that it is the last child of; where to go on. */
static struct smtp_part *
leave(struct smtp_message *m, struct smtp_part *part, const char *unique)
{
	while (part->parent != NULL) {
		if (part->next != NULL) {
			add_boundary(m, part->parent, unique, "\r\n--",
			    "\r\n");
			return part->next;
		}
		part = part->parent;
		add_boundary(m, part, unique, "\r\n--", "--");
	}
	return NULL;
}

/* Encodings of leaves first, of multiparts from the inside out. */
static int
choose(struct smtp_message *m, unsigned offers)
{
	for (struct smtp_part *part = first_leaf(m->root); part != NULL;
	    part = next_leaf(part)) {
		struct smtp_part *up = part;

		if (!smtp__part_choose(part, offers))
			return smtp__message_stop(m, SMTP_E_UNSUPPORTED,
			    part->source != NULL ? "attachment" : "part",
			    part->name, "is a message with octets above 127, "
			    "which need 8BITMIME");
		while (up->parent != NULL && up->next == NULL) {
			up = up->parent;
			smtp__part_choose_multi(up);
		}
	}
	return SMTP_OK;
}

/* All literal text, and the leaves between its pieces. */
static bool
lay_out(struct smtp_message *m, unsigned offers)
{
	struct smtp__out *out = &m->head.out;
	struct smtp_part *part = m->root, **then = &m->leaves;
	struct smtp__out u;
	char unique[SMTP__UNIQUE];

	smtp__out_init(&u, unique, sizeof(unique) - 1);
	smtp__unique_write(&u, m->random + 15, 9);
	unique[u.n] = '\0';
	smtp__buffer_clear(&m->head);
	if (!smtp__message_write_header(m, out, m->utf8 &&
	    (offers & SMTP__CONTENT_UTF8) != 0))
		return false;
	m->high_head = smtp__any_high(out->p, out->n);
	m->size = 0;
	while (part != NULL) {
		if (!smtp__part_write_fields(part, out, unique))
			return false;
		smtp__out_text(out, "\r\n");
		if (part->child != NULL) {
			add_boundary(m, part, unique, "--", "\r\n");
			part = part->child;
			continue;
		}
		part->head_end = out->n;
		if (part->size == SMTP_SIZE_UNKNOWN)
			m->size = SMTP_SIZE_UNKNOWN;
		else if (m->size != SMTP_SIZE_UNKNOWN)
			m->size += part->size;
		*then = part;
		then = &part->then;
		part = leave(m, part, unique);
	}
	*then = NULL;
	return true;
}

/*
 * The last line of the whole ends, whatever a single part is; but octets that
 * go as they are have no lines, and none is added (RFC 3030 section 3).
 */
static void
end_last_line(struct smtp_message *m)
{
	const struct smtp_part *root = m->root;
	struct smtp__bytes text = root->text;
	bool ends = root->source == NULL && (text.n == 0 ||
	    (root->encoding != SMTP__ENCODING_BASE64 &&
	    text.p[text.n - 1] == '\n'));

	if (root->encoding == SMTP__ENCODING_BINARY)
		ends = true;
	if (root->multi || !ends)
		smtp__out_text(&m->head.out, "\r\n");
	if (m->size != SMTP_SIZE_UNKNOWN)
		m->size += m->head.out.n;
}

static unsigned
needs_of(const struct smtp_message *m)
{
	unsigned needs = m->wide || m->high_head ? SMTP__CONTENT_UTF8 : 0;

	if (m->root->encoding == SMTP__ENCODING_8BIT)
		needs |= SMTP__CONTENT_8BIT;
	if (m->root->encoding == SMTP__ENCODING_BINARY)
		needs |= SMTP__CONTENT_BINARY | SMTP__CONTENT_CHUNKING;
	return needs;
}

static int
plan_parts(struct smtp_message *m, unsigned offers,
    struct smtp__content *content)
{
	int rc;

	if (m->counting == NULL)
		smtp__message_arrange(m);
	rc = begin_sources(m);
	if (rc != SMTP_OK)
		return rc;
	/* Sources may have changed since; text and header have not. */
	if (m->changed || !m->planned || m->offers != offers ||
	    m->sources != NULL) {
		rc = choose(m, offers);
		if (rc != SMTP_OK)
			return rc;
		if (!lay_out(m, offers))
			return smtp__message_stop(m, SMTP_E_ARGUMENT,
			    "header", none, "has a control character");
		end_last_line(m);
		if (m->head.out.over)
			return no_memory(m);
	}
	m->head_at = 0;
	m->leaf = m->leaves;
	m->in_leaf = false;
	content->needs = needs_of(m);
	content->size_known = m->size != SMTP_SIZE_UNKNOWN;
	content->size = content->size_known ? m->size : 0;
	return SMTP_OK;
}

static int
plan_raw(struct smtp_message *m, unsigned offers,
    struct smtp__content *content)
{
	bool high_head = (offers & SMTP__CONTENT_UTF8) != 0;
	bool high_body = (offers & SMTP__CONTENT_8BIT) != 0;
	bool scanned = false;
	int rc;

	m->empty.source = m->ready;
	m->empty.encoding = SMTP__ENCODING_8BIT;
	m->empty.message = true;
	if (m->counting == NULL) {
		if (!smtp__source_begin(m->ready))
			return source_failed(m, m->ready, NULL);
		begin_scan(m, &m->empty, high_head, high_body);
	}
	if (smtp__source_can_rewind(m->ready)) {
		m->counting = m->ready;
		rc = scan(m, m->ready, NULL);
		if (rc != SMTP_OK)
			return rc;
		if (m->raw.fault != SMTP__RAW_OK)
			return content_fault(m, &m->raw, "raw");
		m->counting = NULL;
		if (!smtp__source_begin(m->ready))
			return source_failed(m, m->ready, NULL);
		scanned = true;
	}
	content->needs = m->wide ? SMTP__CONTENT_UTF8 : 0;
	if (scanned ? m->raw.high_body : high_body)
		content->needs |= SMTP__CONTENT_8BIT;
	if (m->raw.high_head)
		content->needs |= SMTP__CONTENT_UTF8;
	high_head = (content->needs & SMTP__CONTENT_UTF8) != 0;
	content->size_known = scanned;
	content->size = scanned ? m->scanned : 0;
	smtp__body_begin(&m->body, &m->empty);
	smtp__raw_init(&m->body.raw, high_head, high_body);
	return SMTP_OK;
}

/* RFC 3030 section 3: no lines, nothing to look for. */
static int
plan_binary(struct smtp_message *m, unsigned offers,
    struct smtp__content *content)
{
	const unsigned binary = SMTP__CONTENT_BINARY | SMTP__CONTENT_CHUNKING;
	uint64_t size;

	if ((offers & binary) != binary)
		return smtp__message_stop(m, SMTP_E_UNSUPPORTED, "binary",
		    none, "content needs BINARYMIME, which the server does "
		    "not offer");
	m->empty.source = m->ready;
	m->empty.encoding = SMTP__ENCODING_BINARY;
	m->empty.message = false;
	if (!smtp__source_begin(m->ready))
		return source_failed(m, m->ready, NULL);
	size = smtp__source_size(m->ready);
	content->needs = binary | (m->wide ? SMTP__CONTENT_UTF8 : 0);
	content->size_known = size != SMTP_SIZE_UNKNOWN;
	content->size = content->size_known ? size : 0;
	smtp__body_begin(&m->body, &m->empty);
	smtp__raw_init(&m->body.raw, true, true);
	return SMTP_OK;
}

int
smtp__message_plan(struct smtp_message *m, unsigned offers,
    struct smtp__content *content)
{
	int rc;

	if (m->fault != SMTP_OK)
		return m->fault;
	m->failed = SMTP_OK;
	m->small_at = m->small_n = 0;
	if (m->wide && (offers & SMTP__CONTENT_UTF8) == 0)
		return smtp__message_stop(m, SMTP_E_UNSUPPORTED, "address",
		    m->wide_address, "needs SMTPUTF8, which the server does "
		    "not offer");
	if (m->ready == NULL)
		rc = plan_parts(m, offers, content);
	else if (m->binary)
		rc = plan_binary(m, offers, content);
	else
		rc = plan_raw(m, offers, content);
	if (rc < 0)
		m->counting = NULL;
	m->planned = rc == SMTP_OK;
	if (rc == SMTP_OK) {
		m->offers = offers;
		m->changed = false;
	}
	return rc;
}

static ptrdiff_t
body_failed(struct smtp_message *m, ptrdiff_t why)
{
	const struct smtp_part *part = m->ready != NULL ? NULL : m->leaf;
	const struct smtp_source *s = part != NULL ? part->source : m->ready;

	if (why == SMTP_SOURCE_WAIT)
		return SMTP__MESSAGE_WAIT;
	if (why == SMTP__BODY_MEMORY)
		return no_memory(m);
	if (why == SMTP__BODY_FAULT)
		return content_fault(m, &m->body.raw, part != NULL ?
		    "attachment" : "raw");
	return source_failed(m, s, part);
}

/* Up to `cap` octets, at least SMTP__BODY_ROOM; in the terms of read. */
static ptrdiff_t
produce(struct smtp_message *m, char *out, size_t cap)
{
	size_t wrote = 0;

	for (;;) {
		size_t end = m->leaf != NULL ? m->leaf->head_end :
		    m->head.out.n;
		size_t n = end - m->head_at;
		ptrdiff_t rc;

		if (n > cap - wrote)
			n = cap - wrote;
		if (n > 0)
			memcpy(out + wrote, m->head.out.p + m->head_at, n);
		m->head_at += n;
		wrote += n;
		if (m->leaf == NULL || m->head_at < end ||
		    cap - wrote < SMTP__BODY_ROOM)
			return (ptrdiff_t)wrote;
		if (!m->in_leaf)
			smtp__body_begin(&m->body, m->leaf);
		m->in_leaf = true;
		rc = smtp__body_read(&m->body, out + wrote, cap - wrote);
		/* What came before a wait or a failure goes out first. */
		if (rc < 0)
			return wrote > 0 ? (ptrdiff_t)wrote :
			    body_failed(m, rc);
		wrote += (size_t)rc;
		if (rc == 0) {
			m->leaf = m->leaf->then;
			m->in_leaf = false;
		}
	}
}

static ptrdiff_t
produce_raw(struct smtp_message *m, char *out, size_t cap)
{
	ptrdiff_t rc = smtp__body_read(&m->body, out, cap);

	return rc < 0 ? body_failed(m, rc) : rc;
}

ptrdiff_t
smtp__message_read(struct smtp_message *m, void *p, size_t n)
{
	ptrdiff_t rc;
	size_t take;

	if (m->fault != SMTP_OK || m->failed != SMTP_OK)
		return m->fault != SMTP_OK ? m->fault : m->failed;
	if (!m->planned)
		return SMTP_E_STATE;
	if (n == 0)
		return 0;
	if (m->small_at == m->small_n) {
		bool direct = n >= SMTP__BODY_ROOM;

		rc = m->ready != NULL ?
		    produce_raw(m, direct ? p : m->small,
		    direct ? n : sizeof(m->small)) :
		    produce(m, direct ? p : m->small,
		    direct ? n : sizeof(m->small));
		if (direct || rc <= 0)
			return rc;
		m->small_at = 0;
		m->small_n = (size_t)rc;
	}
	take = m->small_n - m->small_at < n ? m->small_n - m->small_at : n;
	memcpy(p, m->small + m->small_at, take);
	m->small_at += take;
	return (ptrdiff_t)take;
}

bool
smtp__message_is_given(const struct smtp_message *m)
{
	for (struct smtp_source *s = m->sources; s != NULL; s = s->next)
		if (s->asking != NULL)
			return true;
	return false;
}

bool
smtp__message_is_asking(const struct smtp_message *m)
{
	for (struct smtp_source *s = m->sources; s != NULL; s = s->next)
		if (s->asking != NULL && *s->asking)
			return true;
	return false;
}

bool
smtp__message_can_rewind(const struct smtp_message *m)
{
	for (struct smtp_source *s = m->sources; s != NULL; s = s->next)
		if (!smtp__source_can_rewind(s))
			return false;
	return true;
}
