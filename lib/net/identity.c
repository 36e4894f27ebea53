/* SPDX-License-Identifier: MIT */
#include "net/identity.h"

#include <string.h>

#include "text/ascii.h"

/* Decimal, 0 to 255, without leading zeros. False leaves `*at` anywhere. */
static bool
octet_of(const char **at, unsigned char *octet)
{
	const char *p = *at;
	unsigned value = 0;

	if (!smtp__is_digit(*p) || (*p == '0' && smtp__is_digit(p[1])))
		return false;
	for (; smtp__is_digit(*p); p++) {
		value = value * 10 + (unsigned)(*p - '0');
		if (value > 255)
			return false;
	}
	*at = p;
	*octet = (unsigned char)value;
	return true;
}

/* Four of them, and then the end or a zone. */
static bool
ipv4_of(const char *p, unsigned char *ip)
{
	for (int i = 0; i < 4; i++) {
		if (i > 0 && *p++ != '.')
			return false;
		if (!octet_of(&p, ip + i))
			return false;
	}
	return *p == '\0' || *p == '%';
}

/* RFC 4291 section 2.2. `gap` is where "::" stood, and moves to the end. */
static bool
ipv6_of(const char *p, unsigned char *ip)
{
	size_t n = 0, gap = 17;

	while (*p != '\0' && *p != '%') {
		const char *group = p;
		unsigned value = 0;

		if (p[0] == ':' && p[1] == ':') {
			if (gap < 17)
				return false;
			gap = n;
			p += 2;
			continue;
		}
		if (n > 0 && gap != n)           /* it ended with a colon */
			group = ++p;
		for (; smtp__hex_value(*p) >= 0 && p - group < 4; p++)
			value = value << 4 | (unsigned)smtp__hex_value(*p);
		if (*p == '.' && n <= 12 && ipv4_of(group, ip + n)) {
			n += 4;
			break;
		}
		if (p == group || n > 14 ||
		    (*p != ':' && *p != '\0' && *p != '%'))
			return false;
		ip[n++] = (unsigned char)(value >> 8);
		ip[n++] = (unsigned char)(value & 255);
	}
	if (gap == 17)
		return n == 16;
	if (n > 14)
		return false;
	memmove(ip + 16 - (n - gap), ip + gap, n - gap);
	memset(ip + gap, 0, 16 - n);
	return true;
}

size_t
smtp__identity_ip(const char *text, unsigned char ip[16])
{
	if (ipv4_of(text, ip) && strchr(text, '%') == NULL)
		return 4;
	return ipv6_of(text, ip) ? 16 : 0;
}

static bool
same_name(struct smtp__bytes a, struct smtp__bytes b)
{
	return smtp__same(a.p, a.n, b.p, b.n);
}

/* Labels of letters, digits, hyphens and underscores, none of them empty. */
static bool
is_name(struct smtp__bytes name)
{
	size_t label = 0;

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c == '.' && label > 0)
			label = 0;
		else if (smtp__is_ldh(c) || c == '_')
			label++;
		else
			return false;
	}
	return label > 0;
}

/* What stands behind the first label, dot included; empty if nothing does. */
static struct smtp__bytes
parent_of(struct smtp__bytes name)
{
	const char *dot = memchr(name.p, '.', name.n);

	if (dot == NULL)
		return smtp__bytes(name.p, 0);
	return smtp__bytes(dot, name.n - (size_t)(dot - name.p));
}

bool
smtp__identity_matches_name(struct smtp__bytes presented,
    struct smtp__bytes reference)
{
	if (reference.n > 0 && reference.p[reference.n - 1] == '.')
		reference.n--;
	if (!is_name(reference))
		return false;
	if (presented.n > 2 && presented.p[0] == '*' &&
	    presented.p[1] == '.') {
		struct smtp__bytes rest = parent_of(presented);

		return memchr(rest.p + 1, '.', rest.n - 1) != NULL &&
		    same_name(rest, parent_of(reference));
	}
	return same_name(presented, reference);
}

bool
smtp__identity_matches_ip(struct smtp__bytes presented,
    const unsigned char *ip, size_t ip_n)
{
	return ip_n > 0 && presented.n == ip_n &&
	    memcmp(presented.p, ip, ip_n) == 0;
}
