/* SPDX-License-Identifier: MIT */
#include "mime/part.h"

#include "codec/base64_lines.h"
#include "mime/field.h"
#include "text/ascii.h"
#include "text/content.h"

/* False: a message, which cannot be encoded, would have to be. */
static bool
choose_for_text(struct smtp_part *part, unsigned offers)
{
	struct smtp__nature is = part->nature;
	uint64_t qp, base64;

	part->size = part->text.n;
	if (!is.control && !is.long_line &&
	    (!is.high || (offers & SMTP__CONTENT_8BIT) != 0)) {
		part->encoding = is.high ? SMTP__ENCODING_8BIT :
		    SMTP__ENCODING_7BIT;
		return true;
	}
	if (part->message)
		return false;
	qp = smtp__qp_size(part->text.p, part->text.n, false);
	base64 = smtp__base64_size(part->text.n, true);
	part->encoding = qp <= base64 ? SMTP__ENCODING_QP :
	    SMTP__ENCODING_BASE64;
	part->size = qp <= base64 ? qp : base64;
	return true;
}

static void
choose_for_source(struct smtp_part *part, unsigned offers)
{
	const unsigned binary = SMTP__CONTENT_BINARY | SMTP__CONTENT_CHUNKING;

	part->size = smtp__source_size(part->source);
	if ((offers & binary) == binary) {
		part->encoding = SMTP__ENCODING_BINARY;
		return;
	}
	part->encoding = SMTP__ENCODING_BASE64;
	if (part->size != SMTP_SIZE_UNKNOWN)
		part->size = smtp__base64_size(part->size, true);
}

/*
 * Is it sent as a message? One that is so by its name alone, and cannot go as
 * one, goes as octets.
 */
static bool
is_message(const struct smtp_part *part, unsigned offers)
{
	if (!part->message || !part->guessed)
		return part->message;
	return part->scanned && !part->unfit &&
	    ((!part->high_head && !part->high_body) ||
	    (offers & SMTP__CONTENT_8BIT) != 0);
}

static bool
choose_for_message(struct smtp_part *part, unsigned offers)
{
	bool eightbit = (offers & SMTP__CONTENT_8BIT) != 0;

	part->encoding = SMTP__ENCODING_7BIT;
	part->size = part->scanned ? part->scanned_size : SMTP_SIZE_UNKNOWN;
	if (part->scanned ? part->high_head || part->high_body : eightbit) {
		if (!eightbit)
			return false;
		part->encoding = SMTP__ENCODING_8BIT;
	}
	/* RFC 6532 section 3.7. */
	if (part->high_head && smtp__same_text(part->type,
	    strlen(part->type), "message/rfc822"))
		part->label = "message/global";
	return true;
}

bool
smtp__part_choose(struct smtp_part *part, unsigned offers)
{
	part->label = NULL;
	if (part->source == NULL)
		return choose_for_text(part, offers);
	if (is_message(part, offers))
		return choose_for_message(part, offers);
	if (part->message)
		part->label = "application/octet-stream";
	choose_for_source(part, offers);
	return true;
}

void
smtp__part_choose_multi(struct smtp_part *part)
{
	part->encoding = SMTP__ENCODING_7BIT;
	for (struct smtp_part *c = part->child; c != NULL; c = c->next)
		if (c->encoding <= SMTP__ENCODING_BINARY &&
		    c->encoding > part->encoding)
			part->encoding = c->encoding;
}

void
smtp__part_write_boundary(const struct smtp_part *part,
    struct smtp__out *out, const char *unique)
{
	smtp__out_text(out, "=_");
	smtp__out_number(out, part->number);
	smtp__out_octet(out, '_');
	smtp__out_text(out, unique);
}

static bool
write_type(const struct smtp_part *part, struct smtp__out *out,
    const char *unique)
{
	struct smtp__field f;
	char text[64];
	struct smtp__out boundary;

	smtp__field_begin(&f, out, "Content-Type");
	smtp__field_piece_text(&f, part->label != NULL ? part->label :
	    part->type);
	for (struct smtp__pair *a = part->params; a != NULL; a = a->next)
		smtp__field_param(&f, a->name, a->value.p, a->value.n);
	if (part->multi) {
		smtp__out_init(&boundary, text, sizeof(text));
		smtp__part_write_boundary(part, &boundary, unique);
		smtp__field_param(&f, "boundary", text, boundary.n);
	}
	return smtp__field_end(&f);
}

enum {
	FALLBACK = 64,                   /* in one piece: 76 with its name    */
	ENDING = 16
};

/*
 * `_` for each character that is not ASCII, or would have to be encoded; the
 * ending stays what it is. It is never split or encoded, since the other one
 * is already, by the same name.
 */
static void
write_fallback(struct smtp__field *f, struct smtp__bytes name)
{
	char text[256];
	size_t n = 0, ending = 0;

	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (smtp__is_in(name.p[i], "?\"\\", 3) || c >= 0xC0)
			text[n++] = '_';
		else if (c < 0x80)
			text[n++] = name.p[i];
	}
	if (n > FALLBACK) {
		while (ending < ENDING && text[n - 1 - ending] != '.')
			ending++;
		ending = ending < ENDING ? ending + 1 : 0;
		memmove(text + FALLBACK - ending, text + n - ending, ending);
		n = FALLBACK;
	}
	smtp__field_param(f, "filename", text, n);
}

static bool
write_disposition(const struct smtp_part *part, struct smtp__out *out)
{
	struct smtp__field f;

	if (part->disposition == SMTP__DISPOSITION_NONE)
		return true;
	smtp__field_begin(&f, out, "Content-Disposition");
	smtp__field_piece_text(&f,
	    part->disposition == SMTP__DISPOSITION_INLINE ? "inline" :
	    "attachment");
	if (part->fallback != NULL && *part->fallback &&
	    smtp__any_high(part->name.p, part->name.n))
		write_fallback(&f, part->name);
	if (part->name.n > 0)
		smtp__field_param(&f, "filename", part->name.p, part->name.n);
	return smtp__field_end(&f);
}

static bool
write_id(const struct smtp_part *part, struct smtp__out *out)
{
	struct smtp__field f;

	if (part->cid == NULL)
		return true;
	smtp__field_begin(&f, out, "Content-ID");
	smtp__field_piece_text(&f, "<");
	smtp__field_glue(&f, part->cid, strlen(part->cid));
	smtp__field_glue(&f, ">", 1);
	return smtp__field_end(&f);
}

static bool
write_rest(const struct smtp_part *part, struct smtp__out *out)
{
	struct smtp__field f;

	if (part->description.n > 0) {
		smtp__field_begin(&f, out, "Content-Description");
		smtp__field_unstructured(&f, part->description.p,
		    part->description.n);
		if (!smtp__field_end(&f))
			return false;
	}
	if (part->location == NULL)
		return true;
	smtp__field_begin(&f, out, "Content-Location");
	smtp__field_piece_text(&f, part->location);
	return smtp__field_end(&f);
}

bool
smtp__part_write_fields(const struct smtp_part *part, struct smtp__out *out,
    const char *unique)
{
	static const char *const names[] =
	    { "7bit", "8bit", "binary", "quoted-printable", "base64" };

	if (!write_type(part, out, unique))
		return false;
	/* A multipart of 7-bit parts says nothing: that is the default. */
	if (!part->multi || part->encoding != SMTP__ENCODING_7BIT) {
		smtp__out_text(out, "Content-Transfer-Encoding: ");
		smtp__out_text(out, names[part->encoding]);
		smtp__out_text(out, "\r\n");
	}
	return write_disposition(part, out) && write_id(part, out) &&
	    write_rest(part, out);
}

void
smtp__body_init(struct smtp__body *b, const struct smtp_allocator *a)
{
	memset(b, 0, sizeof(*b));
	b->a = a;
}

void
smtp__body_free(struct smtp__body *b)
{
	smtp__store_free(b->a, b->input, SMTP__BODY_INPUT);
	b->input = NULL;
}

void
smtp__body_begin(struct smtp__body *b, struct smtp_part *part)
{
	b->part = part;
	b->at = b->input_n = 0;
	b->input_end = false;
	smtp__base64_init(&b->base64, true);
	smtp__qp_init(&b->qp, false);
	smtp__raw_init(&b->raw, part->encoding == SMTP__ENCODING_8BIT,
	    part->encoding == SMTP__ENCODING_8BIT);
}

/*
 * Base64 by whole lines where that can be: first to the end of the line that
 * was begun, then as many as go. What is less than a line waits for more.
 */
static size_t
encode_lines(struct smtp__base64 *b, const char *in, size_t n, bool last,
    size_t *used, char *out, size_t cap)
{
	size_t lines = n / SMTP__BASE64_LINE_IN;
	size_t rest = (SMTP__BASE64_LINE - b->column) / 4 * 3;

	if (lines > cap / SMTP__BASE64_LINE_OUT)
		lines = cap / SMTP__BASE64_LINE_OUT;
	if (rest > 0 && n > rest)
		return smtp__base64_encode(b, in, rest, false, used, out, cap);
	if (rest > 0 || (lines == 0 && (last || n >= SMTP__BASE64_LINE_IN)))
		return smtp__base64_encode(b, in, n, last, used, out, cap);
	smtp__base64_lines(in, lines, out);
	*used = lines * SMTP__BASE64_LINE_IN;
	return lines * SMTP__BASE64_LINE_OUT;
}

/* One step of the encoder of the part. */
static size_t
encode(struct smtp__body *b, const char *in, size_t n, bool last,
    size_t *used, char *out, size_t cap)
{
	switch (b->part->encoding) {
	case SMTP__ENCODING_BASE64:
		return encode_lines(&b->base64, in, n, last, used, out, cap);
	case SMTP__ENCODING_QP:
		return smtp__qp_encode(&b->qp, in, n, last, used, out, cap);
	default:
		break;
	}
	if (b->part->message && b->part->source != NULL &&
	    b->part->encoding != SMTP__ENCODING_BINARY)
		return smtp__raw_convert(&b->raw, in, n, last, used, out, cap);
	if (n > cap)
		n = cap;
	if (n > 0)
		memcpy(out, in, n);
	*used = n;
	return n;
}

static ptrdiff_t
read_held(struct smtp__body *b, const char *p, size_t n, char *out,
    size_t cap, size_t *used)
{
	size_t wrote = encode(b, p, n, true, used, out, cap);

	return b->raw.fault != SMTP__RAW_OK ? SMTP__BODY_FAULT :
	    (ptrdiff_t)wrote;
}

ptrdiff_t
smtp__body_fill(struct smtp__body *b)
{
	ptrdiff_t size;

	if (b->input == NULL)
		b->input = smtp__store_new(b->a, SMTP__BODY_INPUT);
	if (b->input == NULL)
		return SMTP__BODY_MEMORY;
	memmove(b->input, b->input + b->at, b->input_n - b->at);
	b->input_n -= b->at;
	b->at = 0;
	size = smtp__source_pull(b->part->source, b->input + b->input_n,
	    SMTP__BODY_INPUT - b->input_n);
	if (size < 0)
		return size;
	b->input_n += (size_t)size;
	b->input_end = size == 0;
	return 0;
}

static ptrdiff_t
read_source(struct smtp__body *b, char *out, size_t cap)
{
	for (;;) {
		size_t used, wrote;
		ptrdiff_t rc;

		if (b->input_n > b->at || b->input_end) {
			wrote = encode(b, b->input + b->at,
			    b->input_n - b->at, b->input_end, &used, out, cap);
			b->at += used;
			if (b->raw.fault != SMTP__RAW_OK)
				return SMTP__BODY_FAULT;
			if (wrote > 0 || b->input_end)
				return (ptrdiff_t)wrote;
		}
		rc = smtp__body_fill(b);
		if (rc < 0)
			return rc;
	}
}

ptrdiff_t
smtp__body_read(struct smtp__body *b, char *out, size_t cap)
{
	struct smtp_source *s = b->part->source;
	size_t n, used;
	const char *held;
	ptrdiff_t rc;

	if (s == NULL) {
		rc = read_held(b, b->part->text.p + b->at,
		    b->part->text.n - b->at, out, cap, &used);
		b->at += used;
		return rc;
	}
	held = smtp__source_peek(s, &n);
	if (held == NULL)
		return read_source(b, out, cap);
	rc = read_held(b, held, n, out, cap, &used);
	smtp__source_skip(s, used);
	return rc;
}
