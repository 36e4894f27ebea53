/* SPDX-License-Identifier: MIT */
/*
 * Apart from the check, so that a program with the check alone does not carry
 * Punycode.
 */
#include "text/ascii.h"
#include "text/mailbox.h"
#include "text/punycode.h"

/* The local part without quotes, to see whether it needs them. */
static struct smtp__bytes
bare(struct smtp__bytes local, char *p)
{
	size_t n = 0;

	for (size_t i = 1; i + 1 < local.n; i++) {
		if (local.p[i] == '\\')
			i++;
		p[n++] = local.p[i];
	}
	return smtp__bytes(p, n);
}

static bool
needs_quotes(struct smtp__bytes raw)
{
	char last = '.';

	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];

		if (c == '.' ? last == '.' :
		    !smtp__is_atext(c) && !smtp__is_high(c))
			return true;
		last = c;
	}
	return last == '.';
}

static void
write_local(struct smtp__out *out, struct smtp__bytes local)
{
	char scratch[1024];
	struct smtp__bytes raw;

	if (local.p[0] != '"' || local.n > sizeof(scratch)) {
		smtp__out_add(out, local.p, local.n);
		return;
	}
	raw = bare(local, scratch);
	if (!needs_quotes(raw)) {
		smtp__out_add(out, raw.p, raw.n);
		return;
	}
	smtp__out_octet(out, '"');
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '"' || raw.p[i] == '\\')
			smtp__out_octet(out, '\\');
		smtp__out_octet(out, raw.p[i]);
	}
	smtp__out_octet(out, '"');
}

enum smtp__mailbox_fault
smtp__mailbox_write(struct smtp__out *out, const char *p, size_t n,
    unsigned flags, struct smtp__mailbox *mailbox)
{
	struct smtp__mailbox m;
	size_t start = out->n;
	enum smtp__mailbox_fault fault = smtp__mailbox_check(p, n,
	    flags | SMTP__MAILBOX_LONG | SMTP__MAILBOX_DOT, &m);

	if (fault != SMTP__MAILBOX_OK)
		return fault;
	if (m.domain.n == 0) {
		smtp__out_add(out, p, n);
	} else {
		write_local(out, m.local);
		smtp__out_octet(out, '@');
		if (m.literal)
			smtp__out_add(out, m.domain.p, m.domain.n);
		else if (smtp__domain_to_ascii(out, m.domain.p,
		    m.domain.n) != 0 && !out->over)
			return m.domain.n > SMTP__DOMAIN_MAX ?
			    SMTP__MAILBOX_LONG_DOMAIN :
			    SMTP__MAILBOX_BAD_DOMAIN;
	}
	if (out->over)
		return SMTP__MAILBOX_NO_SPACE;
	return smtp__mailbox_check(out->p + start, out->n - start, flags,
	    mailbox);
}
