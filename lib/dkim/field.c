/* SPDX-License-Identifier: MIT */
/* The DKIM-Signature field: which fields it covers, its tags, its signature. */
#include <string.h>

#include "codec/base64.h"
#include "dkim/dkim.h"
#include "text/ascii.h"

#if SMTP_WITH_DKIM

/* RFC 6376 section 5.4.1, and List-* by its beginning. */
static const char usual[] = "from:reply-to:subject:date:to:cc:in-reply-to:"
    "references:message-id:mime-version:content-type:"
    "content-transfer-encoding:sender:auto-submitted:list-*";

/* One more than there are, so that an added one breaks it (section 5.4). */
static const char exclusive[] = "from:to:cc:subject:date:reply-to:message-id:"
    "content-type";

/*
 * Fields of a header.
 */

/* The field that begins at `at`, folds and CRLF included. */
static struct smtp__bytes
field_at(struct smtp__bytes header, size_t at)
{
	struct smtp__bytes field = { header.p + at, 0 };
	const char *end = header.p + header.n, *p = field.p;

	do {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p == NULL ? end : p + 1;
	} while (p < end && smtp__is_blank(*p));
	field.n = (size_t)(p - field.p);
	return field;
}

static struct smtp__bytes
name_of(struct smtp__bytes field)
{
	const char *colon = memchr(field.p, ':', field.n);

	field.n = colon == NULL ? 0 : (size_t)(colon - field.p);
	while (field.n > 0 && smtp__is_blank(field.p[field.n - 1]))
		field.n--;
	return field;
}

/* Is the name in a list with colons? `*` at an end stands for the rest. */
static bool
is_listed(const char *list, struct smtp__bytes name)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ":");

		if (smtp__same(list, n, name.p, name.n) ||
		    (list[n - 1] == '*' && name.n >= n - 1 &&
		    smtp__same(list, n - 1, name.p, n - 1)))
			return true;
		list += n + (list[n] == ':');
	}
	return false;
}

/* A ready message may have anything before its colons: h= takes names alone. */
static bool
is_name(struct smtp__bytes name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!smtp__is_alnum(name.p[i]) &&
		    !smtp__is_in(name.p[i], "-_", 2))
			return false;
	return name.n > 0 && name.n <= SMTP__DKIM_NAME;
}

/* The one of this name that stands `above` others of it, from the bottom. */
static struct smtp__bytes
find(struct smtp__bytes header, struct smtp__bytes name, size_t above)
{
	struct smtp__bytes field, found = { NULL, 0 };
	size_t count = 0, at;

	for (at = 0; at < header.n; at += field.n) {
		struct smtp__bytes other;

		field = field_at(header, at);
		other = name_of(field);
		count += smtp__same(name.p, name.n, other.p, other.n);
	}
	if (count <= above)
		return found;
	for (at = 0, count -= above; count > 0; at += field.n) {
		struct smtp__bytes other;

		field = field_at(header, at);
		other = name_of(field);
		count -= smtp__same(name.p, name.n, other.p, other.n);
		found = field;
	}
	return found;
}

/*
 * Writing, in lines of 78 at most; a semicolon always finds its place.
 */

struct writer {
	struct smtp__out *out;
	size_t column;
};

static void
put(struct writer *w, const char *p, size_t n, bool space)
{
	if (w->column + space + n > 77) {
		smtp__out_text(w->out, "\r\n\t");
		w->column = 8;
	} else if (space) {
		smtp__out_octet(w->out, ' ');
		w->column++;
	}
	smtp__out_add(w->out, p, n);
	w->column += n;
}

static void
put_text(struct writer *w, const char *text, bool space)
{
	put(w, text, strlen(text), space);
}

/* "name=value;" in one piece. */
static void
put_tag(struct writer *w, const char *name, const char *value)
{
	char piece[400];
	struct smtp__out out;

	smtp__out_init(&out, piece, sizeof piece);
	smtp__out_text(&out, name);
	smtp__out_octet(&out, '=');
	smtp__out_text(&out, value);
	smtp__out_octet(&out, ';');
	put(w, piece, out.n, true);
}

static void
put_time(struct writer *w, const char *name, uint64_t seconds)
{
	char number[24];
	struct smtp__out out;

	smtp__out_init(&out, number, sizeof number - 1);
	smtp__out_number(&out, seconds);
	smtp__out_end(&out);
	put_tag(w, name, number);
}

static void
put_base64(struct writer *w, const unsigned char *p, size_t n)
{
	char group[4];

	for (size_t i = 0; i < n; i += 3) {
		size_t k = smtp__base64_group(p + i, n - i, group);

		put(w, group, k, false);
	}
}

static void
put_name(struct writer *w, struct smtp__bytes name, bool *first, bool *from)
{
	char piece[SMTP__DKIM_NAME + 2];
	struct smtp__out out;

	smtp__out_init(&out, piece, sizeof piece);
	smtp__out_text(&out, *first ? "h=" : ":");
	for (size_t i = 0; i < name.n; i++)
		smtp__out_octet(&out, smtp__lower(name.p[i]));
	put(w, piece, out.n, *first);
	*first = false;
	*from = *from || smtp__same_text(name.p, name.n, "from");
}

/*
 * h=: those that are there, in their order, then those that must not come. From
 * has to be in it, there or not (section 5.4).
 */
static void
put_names(struct writer *w, const struct smtp_dkim *dkim,
    struct smtp__bytes header)
{
	const char *list = dkim->headers[0] != '\0' ? dkim->headers : usual;
	const char *more = dkim->oversign[0] != '\0' ?
	    dkim->oversign : exclusive;
	struct smtp__bytes field, name;
	bool first = true, from = false;

	for (size_t at = 0; at < header.n; at += field.n) {
		field = field_at(header, at);
		name = name_of(field);
		if (is_name(name) && is_listed(list, name))
			put_name(w, name, &first, &from);
	}
	for (; *more != '\0'; more += name.n + (more[name.n] == ':')) {
		name.p = more;
		name.n = strcspn(more, ":");
		if (is_listed(list, name))
			put_name(w, name, &first, &from);
	}
	if (!from)
		put_name(w, smtp__bytes_of("from"), &first, &from);
	smtp__out_octet(w->out, ';');
	w->column++;
}

/*
 * Signing: the fields in the order of h=, each name from the bottom up
 * (section 5.4.2), then this field with an empty b=.
 */
static int
digest_of(const struct smtp_dkim *dkim, struct smtp__bytes header,
    struct smtp__bytes unsigned_field, unsigned char digest[])
{
	const char *h = unsigned_field.p;        /* h= stands in it */
	struct smtp__canon c;

	smtp__canon_begin(&c, dkim->relaxed_header);
	while (memcmp(h, " h=", 3) != 0 && memcmp(h, "\th=", 3) != 0)
		h++;
	h += 3;
	for (const char *p = h; *p != ';';) {
		struct smtp__bytes name = { p, 0 }, found;
		size_t above = 0;

		while (*p != ':' && *p != ';' && *p != '\r')
			p++;
		name.n = (size_t)(p - name.p);
		/* How often was it named before? */
		for (const char *q = h; q < name.p; q++)
			above += (q == h || q[-1] == ':') &&
			    smtp__same(q, name.n, name.p, name.n) &&
			    (q[name.n] == ':' || q[name.n] == '\r');
		found = find(header, name, above);
		if (found.n > 0)
			smtp__canon_field(&c, found.p, found.n);
		while (*p == ':' || *p == '\r' || *p == '\n' || *p == '\t')
			p++;
	}
	smtp__canon_field(&c, unsigned_field.p, unsigned_field.n);
	return smtp__canon_end(&c, digest);
}

static int
sign(const struct smtp_dkim *dkim, const unsigned char digest[],
    unsigned char *signature, size_t *n)
{
	if (dkim->key != NULL)
		return smtp__key_sign(dkim->key, digest, signature, n);
	if (dkim->has_ed25519) {
		*n = 64;
		return smtp__ed25519_sign(&dkim->ed25519, digest,
		    SMTP__DKIM_DIGEST, signature);
	}
	return dkim->sign(dkim->ctx, digest, signature, n) == 0 ?
	    SMTP_OK : SMTP_E_UNSUPPORTED;
}

int
smtp__dkim_field(const struct smtp_dkim *dkim, struct smtp__bytes header,
    const unsigned char body[SMTP__DKIM_DIGEST], int64_t seconds,
    struct smtp__out *out)
{
	unsigned char digest[SMTP__DKIM_DIGEST];
	unsigned char signature[SMTP__SIGNATURE_MAX];
	struct writer w = { out, 0 };
	size_t start = out->n, n = sizeof signature;
	struct smtp__bytes field;
	int rc;

	put_text(&w, "DKIM-Signature:", false);
	put_tag(&w, "v", "1");
	put_tag(&w, "a", dkim->algorithm == SMTP__DKIM_RSA ? "rsa-sha256" :
	    "ed25519-sha256");
	put_tag(&w, "c", dkim->relaxed_header ?
	    dkim->relaxed_body ? "relaxed/relaxed" : "relaxed/simple" :
	    dkim->relaxed_body ? "simple/relaxed" : "simple/simple");
	put_tag(&w, "d", dkim->domain);
	if (dkim->identity[0] != '\0')
		put_tag(&w, "i", dkim->identity);
	put_tag(&w, "s", dkim->selector);
	if (seconds > 0)
		put_time(&w, "t", (uint64_t)seconds);
	if (seconds > 0 && dkim->expire > 0)
		put_time(&w, "x", (uint64_t)seconds + dkim->expire);
	put_names(&w, dkim, header);
	put_text(&w, "bh=", true);
	put_base64(&w, body, SMTP__DKIM_DIGEST);
	smtp__out_octet(out, ';');
	w.column++;
	put_text(&w, "b=", true);
	if (out->over)
		return SMTP_E_MEMORY;
	field.p = out->p + start;
	field.n = out->n - start;
	rc = digest_of(dkim, header, field, digest);
	if (rc == SMTP_OK)
		rc = sign(dkim, digest, signature, &n);
	if (rc != SMTP_OK)
		return rc;
	put_base64(&w, signature, n);
	smtp__out_text(out, "\r\n");
	return out->over ? SMTP_E_MEMORY : SMTP_OK;
}

#endif
