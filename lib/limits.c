/* SPDX-License-Identifier: MIT */
/*
 * What a server says that it takes of a session (RFC 9422): transactions, the
 * recipients of each, and domains of recipients over all of them.
 */
#include <string.h>

#include "client.h"
#include "memory.h"
#include "text/ascii.h"

/* Letters, digits, `-` and `_`, RFC 9422 section 3. */
static size_t
name_length(const char *p)
{
	size_t n = 0;

	while (smtp__is_alnum(p[n]) || p[n] == '-' || p[n] == '_')
		n++;
	return n;
}

/* Up to six digits, the first of them no zero; or 0. */
static uint32_t
value_of(const char *p, size_t n)
{
	uint32_t value = 0;

	if (n > 6 || *p == '0')
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!smtp__is_digit(p[i]))
			return 0;
		value = value * 10 + (uint32_t)(p[i] - '0');
	}
	return value;
}

/* The value of a value is of no interest to the syntax of the line. */
static bool
is_value(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!smtp__is_graph(p[i]) || p[i] == ';')
			return false;
	return n > 0;
}

void
smtp__limits_read(struct smtp__limits *limits, const char *offer)
{
	struct smtp__limits found = { 0, 0, 0 };
	const char *p = offer != NULL ? offer : "";

	memset(limits, 0, sizeof *limits);
	while (*p != '\0') {
		size_t n = name_length(p), size;
		const char *value = p + n + 1;

		if (n == 0 || p[n] != '=')
			return;
		size = strcspn(value, " \t");
		if (!is_value(value, size))
			return;
		if (smtp__same_text(p, n, "MAILMAX"))
			found.mails = value_of(value, size);
		else if (smtp__same_text(p, n, "RCPTMAX"))
			found.rcpts = value_of(value, size);
		else if (smtp__same_text(p, n, "RCPTDOMAINMAX"))
			found.domains = value_of(value, size);
		p = value + size;
		if (*p == '\0')
			break;
		if (*p++ != ' ' || *p == '\0')
			return;
	}
	*limits = found;
}

void
smtp__limits_forget(struct smtp *s)
{
	smtp__memory_free(&s->heap, s->domains,
	    s->domain_room * sizeof *s->domains);
	memset(&s->limits, 0, sizeof s->limits);
	s->domains = NULL;
	s->domain_n = s->domain_room = 0;
	s->mails = 0;
}

bool
smtp__limits_spent(const struct smtp *s)
{
	return s->limits.mails > 0 && s->mails >= s->limits.mails;
}

/* Domains are known by 64 bits: no two of them will meet in a session. */
static uint64_t
domain_of(const char *address)
{
	const char *p = address + strlen(address);
	uint64_t hash = UINT64_C(14695981039346656037);

	while (p > address && p[-1] != '@')
		p--;
	if (p == address)
		return 0;                /* postmaster                    */
	for (; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)smtp__lower(*p)) *
		    UINT64_C(1099511628211);
	return hash;
}

/* Without memory the server has to count. */
static void
remember(struct smtp *s, uint64_t domain)
{
	size_t more = s->domain_room == 0 ? 8 : s->domain_room * 2;
	uint64_t *grown;

	if (s->domain_n == s->domain_room) {
		grown = s->heap.resize(s->heap.ctx, s->domains,
		    s->domain_room * sizeof *grown, more * sizeof *grown);
		if (grown == NULL)
			return;
		s->domains = grown;
		s->domain_room = more;
	}
	s->domains[s->domain_n++] = domain;
}

bool
smtp__limits_take(struct smtp *s, const char *address, size_t n)
{
	uint64_t domain;

	if (s->limits.rcpts > 0 && n >= s->limits.rcpts)
		return false;
	if (s->limits.domains == 0)
		return true;
	domain = domain_of(address);
	for (size_t i = 0; i < s->domain_n; i++)
		if (s->domains[i] == domain)
			return true;
	if (s->domain_n >= s->limits.domains)
		return false;
	remember(s, domain);
	return true;
}
