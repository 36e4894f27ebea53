/* SPDX-License-Identifier: MIT */
#include "text/mailbox.h"

#include "text/ascii.h"
#include "text/utf8.h"

/* The octets of a quoted-string with both quotes, 0 if it has no end. */
static size_t
quoted(const char *p, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (p[i] == '"')
			return i + 1;
		if (p[i] == '\\')
			i++;
	}
	return 0;
}

/* Atoms with single dots between, up to `n`. */
static bool
dot_string(const char *p, size_t n)
{
	bool atom = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '.') {
			if (!atom)
				return false;
			atom = false;
		} else if (smtp__is_atext(p[i]) || smtp__is_high(p[i])) {
			atom = true;
		} else {
			return false;
		}
	}
	return atom;
}

static bool
label(const char *p, size_t n)
{
	if (n == 0 || p[0] == '-' || p[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!smtp__is_ldh(p[i]) && !smtp__is_high(p[i]))
			return false;
	/* A label outside ASCII is measured when it is an A-label. */
	if (n <= 63)
		return true;
	for (size_t i = 0; i < n; i++)
		if (smtp__is_high(p[i]))
			return true;
	return false;
}

static bool
labels(struct smtp__bytes domain, unsigned flags)
{
	size_t from = 0;

	if ((flags & SMTP__MAILBOX_DOT) != 0 && domain.n > 1 &&
	    domain.p[domain.n - 1] == '.')
		domain.n--;
	for (size_t i = 0; i <= domain.n; i++) {
		if (i < domain.n && domain.p[i] != '.')
			continue;
		if (!label(domain.p + from, i - from))
			return false;
		from = i + 1;
	}
	return true;
}

/* RFC 5321 section 4.1.3: four times Snum. */
static bool
ipv4(const char *p, size_t n)
{
	unsigned parts = 1, value = 0, digits = 0;

	for (size_t i = 0; i < n; i++) {
		if (smtp__is_digit(p[i])) {
			value = value * 10 + (unsigned)(p[i] - '0');
			if (++digits > 3 || value > 255)
				return false;
		} else if (p[i] == '.' && digits > 0) {
			parts++;
			value = digits = 0;
		} else {
			return false;
		}
	}
	return parts == 4 && digits > 0;
}

/* The hexadecimal digits at `p`, as far as a group goes. */
static size_t
group(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && i < 5 && smtp__hex_value(p[i]) >= 0)
		i++;
	return i;
}

/*
 * Full, compressed, and both with an IPv4 address in the last 32 bits. "::"
 * stands for two groups or more.
 */
static bool
ipv6(const char *p, size_t n)
{
	unsigned groups = 0;
	bool gap = false;
	size_t i = 0;

	if (n >= 2 && p[0] == ':' && p[1] == ':') {
		gap = true;
		i = 2;
	}
	while (i < n) {
		size_t size = group(p + i, n - i);

		if (size == 0)
			return false;
		if (i + size < n && p[i + size] == '.') {
			if (!ipv4(p + i, n - i))
				return false;
			groups += 2;
			i = n;
			break;
		}
		if (size > 4 || ++groups > 8)
			return false;
		i += size;
		if (i == n)
			break;
		if (p[i++] != ':' || i == n)
			return false;
		if (p[i] == ':') {
			if (gap)
				return false;
			gap = true;
			i++;
		}
	}
	return gap ? groups <= 6 : groups == 8;
}

/* What stands between the brackets. */
static bool
literal(const char *p, size_t n)
{
	size_t tag = 0;

	if (ipv4(p, n))
		return true;
	while (tag < n && smtp__is_ldh(p[tag]))
		tag++;
	if (tag == 0 || tag + 1 >= n || p[tag] != ':' || p[tag - 1] == '-')
		return false;
	if (smtp__same(p, tag, "IPv6", 4))
		return ipv6(p + tag + 1, n - tag - 1);
	/*
	 * Nothing that is special in a header: a reader may end the path
	 * there, or begin another.
	 */
	for (size_t i = tag + 1; i < n; i++)
		if (!smtp__is_graph(p[i]) ||
		    smtp__is_in(p[i], "[\\]<>()\",;@", 11))
			return false;
	return true;
}

static bool
wide(struct smtp__bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (smtp__is_high(b.p[i]))
			return true;
	return false;
}

/*
 * What the octets alone tell, before the grammar is looked at. `*any`: some
 * are above 127.
 */
static enum smtp__mailbox_fault
octets(const char *p, size_t n, unsigned flags, bool *any)
{
	for (size_t i = 0; i < n; i++)
		if (smtp__is_control(p[i]))
			return SMTP__MAILBOX_CONTROL;
	*any = wide(smtp__bytes(p, n));
	if (!*any)
		return SMTP__MAILBOX_OK;
	if ((flags & SMTP__MAILBOX_UTF8) == 0)
		return SMTP__MAILBOX_WIDE;
	return smtp__utf8_valid(p, n) ? SMTP__MAILBOX_OK :
	    SMTP__MAILBOX_NOT_UTF8;
}

static enum smtp__mailbox_fault
domain(struct smtp__mailbox *m, unsigned flags)
{
	struct smtp__bytes d = m->domain;

	m->literal = d.n > 0 && d.p[0] == '[';
	m->wide_domain = m->wide_domain && wide(d);
	if (m->literal)
		return d.n > 2 && d.p[d.n - 1] == ']' &&
		    literal(d.p + 1, d.n - 2) ? SMTP__MAILBOX_OK :
		    SMTP__MAILBOX_BAD_LITERAL;
	m->unqualified = !m->wide_domain && memchr(d.p, '.', d.n) == NULL;
	return labels(d, flags) ? SMTP__MAILBOX_OK :
	    SMTP__MAILBOX_BAD_DOMAIN;
}

/* Why there is no local part followed by an at-sign. */
static enum smtp__mailbox_fault
misshapen(const char *p, size_t n)
{
	if (p[0] == '@' && memchr(p, ':', n) != NULL)
		return SMTP__MAILBOX_ROUTE;
	if (memchr(p, '<', n) != NULL || memchr(p, '>', n) != NULL)
		return SMTP__MAILBOX_DRESSED;
	return memchr(p, '@', n) == NULL ? SMTP__MAILBOX_NO_DOMAIN :
	    SMTP__MAILBOX_BAD_LOCAL;
}

static enum smtp__mailbox_fault
lengths(const struct smtp__mailbox *m, size_t n)
{
	if (m->local.n > SMTP__LOCAL_MAX)
		return SMTP__MAILBOX_LONG_LOCAL;
	if (m->domain.n > SMTP__DOMAIN_MAX)
		return SMTP__MAILBOX_LONG_DOMAIN;
	return n > SMTP__MAILBOX_MAX ? SMTP__MAILBOX_LONG_PATH :
	    SMTP__MAILBOX_OK;
}

static enum smtp__mailbox_fault
parse(const char *p, size_t n, unsigned flags, struct smtp__mailbox *m)
{
	size_t local;

	if (p[0] == '"') {
		local = quoted(p, n);
		if (local == 2 || (local > 0 && local < n && p[local] != '@'))
			return misshapen(p, n) == SMTP__MAILBOX_DRESSED ?
			    SMTP__MAILBOX_DRESSED : SMTP__MAILBOX_BAD_LOCAL;
		if (local == 0)
			return SMTP__MAILBOX_BAD_LOCAL;
		if (local == n)
			return SMTP__MAILBOX_NO_DOMAIN;
	} else {
		const char *at = memchr(p, '@', n);

		local = at == NULL ? 0 : (size_t)(at - p);
		if (!dot_string(p, local))
			return misshapen(p, n);
	}
	m->local = smtp__bytes(p, local);
	m->domain = smtp__bytes(p + local + 1, n - local - 1);
	m->wide_local = m->wide_local && wide(m->local);
	return domain(m, flags);
}

enum smtp__mailbox_fault
smtp__mailbox_check(const char *p, size_t n, unsigned flags,
    struct smtp__mailbox *mailbox)
{
	struct smtp__mailbox m = { { p, n }, { NULL, 0 },
	    false, false, false, false };
	bool any = false;
	enum smtp__mailbox_fault fault = octets(p, n, flags, &any);

	if (fault != SMTP__MAILBOX_OK)
		return fault;
	m.wide_local = m.wide_domain = any;
	if (n == 0) {
		if ((flags & SMTP__MAILBOX_NULL) == 0)
			return SMTP__MAILBOX_EMPTY;
	} else if ((flags & SMTP__MAILBOX_POSTMASTER) == 0 ||
	    !smtp__same(p, n, "postmaster", 10)) {
		fault = parse(p, n, flags, &m);
	}
	if (fault == SMTP__MAILBOX_OK && (flags & SMTP__MAILBOX_LONG) == 0)
		fault = lengths(&m, n);
	if (fault == SMTP__MAILBOX_OK && mailbox != NULL)
		*mailbox = m;
	return fault;
}

const char *
smtp__mailbox_words(enum smtp__mailbox_fault fault)
{
	switch (fault) {
	case SMTP__MAILBOX_OK:
		return "is fine";
	case SMTP__MAILBOX_EMPTY:
		return "is empty; write local@domain";
	case SMTP__MAILBOX_CONTROL:
		return "has a line end or control character; remove it";
	case SMTP__MAILBOX_NOT_UTF8:
		return "is not valid UTF-8";
	case SMTP__MAILBOX_WIDE:
		return "has characters outside ASCII, which need SMTPUTF8";
	case SMTP__MAILBOX_DRESSED:
		return "has a name or angle brackets; write local@domain alone";
	case SMTP__MAILBOX_ROUTE:
		return "is a source route; write local@domain alone";
	case SMTP__MAILBOX_NO_DOMAIN:
		return "has no domain; write local@domain";
	case SMTP__MAILBOX_BAD_LOCAL:
		return "has a local part with a character that is not allowed "
		    "there, or with misplaced dots or quotes";
	case SMTP__MAILBOX_BAD_DOMAIN:
		return "has a malformed domain";
	case SMTP__MAILBOX_BAD_LITERAL:
		return "has a malformed address literal; write [192.0.2.1] or "
		    "[IPv6:2001:db8::1]";
	case SMTP__MAILBOX_LONG_LOCAL:
		return "has a local part over 64 octets";
	case SMTP__MAILBOX_LONG_DOMAIN:
		return "has a domain over 255 octets";
	case SMTP__MAILBOX_LONG_PATH:
	case SMTP__MAILBOX_NO_SPACE:     /* all who write have more room */
		return "has over 254 octets";
	}
	return "is not an address";
}
