/* SPDX-License-Identifier: MIT */
#include "signed.h"

#include <string.h>

#include "dkim/dkim.h"

#define HEADER_MAX ((size_t)1 << 20)

void
smtp__signed_init(struct smtp__signed *g, const struct smtp_allocator *heap)
{
	memset(g, 0, sizeof *g);
	smtp__buffer_init(&g->header, heap);
	smtp__buffer_init(&g->fields, heap);
}

void
smtp__signed_free(struct smtp__signed *g)
{
	smtp__buffer_free(&g->header);
	smtp__buffer_free(&g->fields);
}

#if SMTP_WITH_DKIM

static int
fail(struct smtp_message *m, int status, const char *words)
{
	return smtp__message_fail_once(m, status, "dkim", words);
}

/* Nothing that a server could want to change (RFC 6376 section 5.3). */
static int
begin(struct smtp__signed *g, struct smtp_message *m, unsigned offers,
    struct smtp__content *content)
{
	const struct smtp_dkim *dkim;
	const char *why;
	int rc;

	for (size_t i = 0; (dkim = smtp__message_signer(m, i)) != NULL; i++) {
		rc = smtp__dkim_check(dkim, &why);
		if (rc != SMTP_OK)
			return smtp__message_fail_once(m, rc, "signature",
			    why);
		smtp__canon_begin(&g->bodies[i], dkim->relaxed_body);
	}
	rc = smtp__message_plan(m, offers, content);
	if (rc == SMTP_OK && !smtp__message_can_rewind(m))
		return fail(m, SMTP_E_UNSUPPORTED,
		    "a source that can be read once only cannot be signed");
	if (rc != SMTP_OK)
		return rc;
	smtp__buffer_clear(&g->header);
	g->hashing = true;
	g->in_body = false;
	return SMTP_OK;
}

/* The octets of the header from `p`; the blank line ends it. */
static size_t
take_header(struct smtp__signed *g, const char *p, size_t n)
{
	struct smtp__out *h = &g->header.out;
	size_t i = 0;

	while (i < n && !g->in_body) {
		const char *end = memchr(p + i, '\n', n - i);
		size_t k = end == NULL ? n - i : (size_t)(end + 1 - p) - i;

		smtp__out_add(h, p + i, k);
		i += k;
		g->in_body = end != NULL && (h->n == 2 || (h->n >= 4 &&
		    memcmp(h->p + h->n - 4, "\r\n\r\n", 4) == 0));
	}
	if (g->in_body)
		h->n -= 2;
	return i;
}

static int
hash(struct smtp__signed *g, struct smtp_message *m)
{
	char p[4096];
	ptrdiff_t n;

	while ((n = smtp__message_read(m, p, sizeof p)) > 0) {
		size_t i = g->in_body ? 0 : take_header(g, p, (size_t)n);

		if (g->header.out.over)
			return fail(m, SMTP_E_MEMORY, "no memory");
		if (g->header.out.n > HEADER_MAX)
			return fail(m, SMTP_E_MEMORY, "the header is too long");
		for (size_t k = 0; smtp__message_signer(m, k) != NULL; k++)
			smtp__canon_body(&g->bodies[k], p + i, (size_t)n - i);
	}
	return n == SMTP__MESSAGE_WAIT ? SMTP_WANT_SOURCE : (int)n;
}

static int
sign(struct smtp__signed *g, struct smtp_message *m, int64_t seconds)
{
	const struct smtp__bytes header = { g->header.out.p,
		g->header.out.n };
	const struct smtp_dkim *dkim;
	unsigned char digest[SMTP__DKIM_DIGEST];
	int rc;

	smtp__buffer_clear(&g->fields);
	for (size_t i = 0; (dkim = smtp__message_signer(m, i)) != NULL; i++) {
		rc = smtp__canon_body_end(&g->bodies[i], digest);
		if (rc == SMTP_OK)
			rc = smtp__dkim_field(dkim, header, digest, seconds,
			    &g->fields.out);
		if (rc != SMTP_OK)
			return fail(m, rc, rc == SMTP_E_MEMORY ? "no memory" :
			    "the key could not sign");
	}
	return SMTP_OK;
}

int
smtp__signed_plan(struct smtp__signed *g, struct smtp_message *m,
    unsigned offers, int64_t seconds, struct smtp__content *content)
{
	int rc = SMTP_OK;

	g->at = 0;
	if (smtp__message_signer(m, 0) == NULL)
		return smtp__message_plan(m, offers, content);
	offers &= SMTP__CONTENT_UTF8;
	if (g->fields.out.n == 0) {
		if (!g->hashing)
			rc = begin(g, m, offers, content);
		if (rc == SMTP_OK)
			rc = hash(g, m);
		if (rc > 0)
			return rc;
		g->hashing = false;
		if (rc == SMTP_OK)
			rc = sign(g, m, seconds);
	}
	if (rc == SMTP_OK)
		rc = smtp__message_plan(m, offers, content);
	content->size += g->fields.out.n;
	return rc;
}

#else

int
smtp__signed_plan(struct smtp__signed *g, struct smtp_message *m,
    unsigned offers, int64_t seconds, struct smtp__content *content)
{
	(void)g;
	(void)seconds;
	return smtp__message_plan(m, offers, content);
}

#endif

ptrdiff_t
smtp__signed_read(struct smtp__signed *g, struct smtp_message *m, void *p,
    size_t n)
{
	size_t left = g->fields.out.n - g->at;

	if (left == 0)
		return smtp__message_read(m, p, n);
	n = n < left ? n : left;
	memcpy(p, g->fields.out.p + g->at, n);
	g->at += n;
	return (ptrdiff_t)n;
}

#if SMTP_WITH_DKIM
int
smtp_message_add_dkim(struct smtp_message *m, const struct smtp_dkim *dkim)
{
	if (m == NULL)
		return SMTP_E_MEMORY;
	if (dkim == NULL)
		return smtp__message_fail(m, SMTP_E_MEMORY, "dkim",
		    "no memory");
	return smtp__message_add_signer(m, dkim);
}
#endif
