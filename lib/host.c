/* SPDX-License-Identifier: MIT */
#include "host.h"
#include "text/ascii.h"

bool
smtp__host_is_ipv4(const char *p, size_t n)
{
	unsigned parts = 0, value = 0, digits = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && smtp__is_digit(p[i])) {
			value = value * 10 + (unsigned)(p[i] - '0');
			if (++digits > 3 || value > 255)
				return false;
			continue;
		}
		if (digits == 0 || (i < n && p[i] != '.'))
			return false;
		parts++;
		value = digits = 0;
	}
	return parts == 4;
}

bool
smtp__host_is_ipv6(const char *p, size_t n)
{
	unsigned groups = 0, digits = 0;
	bool gap = false;
	size_t start = 0;

	for (size_t i = 0; i < n; i++) {
		if (smtp__hex_value(p[i]) >= 0) {
			if (digits++ == 0)
				start = i;
			if (digits > 4)
				return false;
		} else if (p[i] == '.' && digits > 0) {
			groups += 2;
			return smtp__host_is_ipv4(p + start, n - start) &&
			    (gap ? groups < 8 : groups == 8);
		} else if (p[i] == ':' && i + 1 < n && p[i + 1] == ':') {
			if (gap)
				return false;
			groups += digits > 0;
			digits = 0;
			gap = true;
			i++;
		} else if (p[i] == ':' && digits > 0 && i + 1 < n) {
			groups++;
			digits = 0;
		} else {
			return false;
		}
	}
	groups += digits > 0;
	return gap ? groups < 8 : groups == 8;
}

const char *
smtp__host_name(struct smtp__out *out, const char *p, size_t n)
{
	size_t label = 0;

	if (n > 0 && p[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++)
		if (smtp__is_high(p[i]))
			return smtp__domain_to_ascii(out, p, n) == 0 ? NULL :
			    "is not a valid internationalized name";
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '.' ? label == 0 :
		    !smtp__is_ldh(p[i]) && p[i] != '_')
			return "is not a valid name";
		label = p[i] == '.' ? 0 : label + 1;
		if (label > SMTP__LABEL_MAX)
			return "has a part longer than 63 octets";
		smtp__out_octet(out, smtp__lower(p[i]));
	}
	if (label == 0)
		return "is missing";
	return out->over ? "is longer than 255 octets" : NULL;
}

const char *
smtp__host_ehlo(struct smtp__out *out, const char *p, size_t n)
{
	static const char tag[] = "IPv6:";
	const size_t tag_n = sizeof tag - 1;

	if (n > 1 && p[0] == '[' && p[n - 1] == ']') {
		if (!smtp__host_is_ipv4(p + 1, n - 2) && (n < tag_n + 2 ||
		    !smtp__same(p + 1, tag_n, tag, tag_n) ||
		    !smtp__host_is_ipv6(p + 1 + tag_n, n - 2 - tag_n)))
			return "is not an address literal: [192.0.2.1] or "
			    "[IPv6:2001:db8::1]";
		smtp__out_add(out, p, n);
	} else if (smtp__domain_to_ascii(out, p, n) != 0) {
		return "is not a domain; an address goes into brackets: "
		    "[192.0.2.1]";
	}
	return NULL;
}
