/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the envelope. A loop that knows no more than where it is and how
 * many octets are left is given one length: each rest of it is a shorter one.
 *
 * Sources: lib/text/utf8.c
 */
#include "proof.h"

#include "text/mailbox.c"

/*
 * What a local part is made of.
 *
 * Proves: quoted dot_string mailbox.c:wide misshapen
 * Bounds: 9 octets (16), by which each rest is
 * Unwind: 21
 */
void
proof_local(void)
{
	const size_t n = BOUND(9, 16);
	const char *p = any_octets(n);
	size_t end = quoted(p, n);
	bool atoms = dot_string(p, n);
	enum smtp__mailbox_fault why = misshapen(p, n);

	HOLDS(end == 0 || (end >= 2 && end <= n && p[end - 1] == '"'));
	HOLDS(!atoms || (p[0] != '.' && p[n - 1] != '.'));
	HOLDS(why == SMTP__MAILBOX_ROUTE || why == SMTP__MAILBOX_DRESSED ||
	    why == SMTP__MAILBOX_NO_DOMAIN || why == SMTP__MAILBOX_BAD_LOCAL);
	REACHES(end == n);
	REACHES(atoms && p[3] == '.');
	REACHES(wide(smtp__bytes(p, n)) && atoms);
}

/*
 * One label.
 *
 * Proves: label
 * Bounds: 65 octets, for the limit of 63
 * Unwind: 67
 */
void
proof_label(void)
{
	size_t n = up_to(65);

	REACHES(n > 61 && label(any_octets(n), n));
}

static bool
any_label(const char *p, size_t n)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	return any_bool();
}

/*
 * The labels of a domain, each handed on within it.
 *
 * Proves: labels
 * Replaces: label=any_label
 * Bounds: domains of up to 8 octets (16)
 * Unwind: 10, 18
 */
void
proof_labels(void)
{
	size_t n = up_to(BOUND(8, 16));
	struct smtp__bytes d = smtp__bytes(any_octets(n), n);

	REACHES(labels(d, any_unsigned()) && n == 8 && d.p[7] == '.');
}

/*
 * Four numbers, and a group of hexadecimal digits.
 *
 * Proves: ipv4 group
 * Bounds: 8 octets (12); a number has three digits before it could grow
 * Unwind: 14
 */
void
proof_groups(void)
{
	const size_t n = BOUND(8, 12);
	const char *p = any_octets(n);
	size_t m = up_to(n);

	HOLDS(group(p + n - m, m) <= m && group(p + n - m, m) <= 5);
	REACHES(ipv4(p, n));
}

static bool
any_ipv4(const char *p, size_t n)
{
	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	return any_bool();
}

static size_t
any_group(const char *p, size_t n)
{
	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	return up_to(n < 5 ? n : 5);
}

/*
 * Groups with a gap, with an IPv4 address behind.
 *
 * Proves: ipv6
 * Replaces: ipv4=any_ipv4 group=any_group
 * Bounds: 16 octets (24): nine groups of one digit are one too many
 * Unwind: 26
 */
void
proof_ipv6(void)
{
	const size_t n = BOUND(17, 24);
	const char *p = any_octets(n);

	REACHES(ipv6(p, n));
}

static bool
any_ipv6(const char *p, size_t n)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	return any_bool();
}

/*
 * What stands between brackets.
 *
 * Proves: literal
 * Replaces: ipv4=any_ipv4 ipv6=any_ipv6
 * Bounds: up to 8 octets (12)
 * Unwind: 16
 */
void
proof_literal(void)
{
	size_t n = BOUND(8, 12);
	const char *p = any_octets(n);

	REACHES(literal(p, n) && p[0] == 'i');
	REACHES(literal(p, n) && p[0] == 'x');
}

static bool
any_dot_string(const char *p, size_t n)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	return n > 0 && any_bool();
}

static size_t
any_quoted(const char *p, size_t n)
{
	size_t end = up_to(n);

	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	ASSUME(end == 0 || (end >= 2 && p[end - 1] == '"'));
	return end;
}

static bool
any_labels(struct smtp__bytes d, unsigned flags)
{
	(void)flags;
	HOLDS(d.n == 0 || __CPROVER_r_ok(d.p, d.n));
	return d.n > 0 && any_bool();
}

static size_t
any_utf8(const char *p, size_t n)
{
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	return up_to(n);
}

/*
 * Parts, limits, and what is said of them: they lie in the address.
 *
 * Proves: smtp__mailbox_check parse domain lengths mailbox.c:octets
 *   smtp__mailbox_words
 * Replaces: dot_string=any_dot_string quoted=any_quoted labels=any_labels
 *   literal=any_ipv6 smtp__utf8_check=any_utf8
 * Bounds: up to 8 octets (24); all flags
 * Unwind: 12, 26
 */
void
proof_check(void)
{
	size_t n = up_to(BOUND(8, 24));
	const char *p = any_octets(n);
	struct smtp__mailbox m;
	bool asked = any_bool();
	enum smtp__mailbox_fault fault = smtp__mailbox_check(p, n,
	    any_unsigned(), asked ? &m : NULL);

	HOLDS(smtp__mailbox_words(fault) != NULL);
	if (fault == SMTP__MAILBOX_OK && asked) {
		HOLDS(m.local.p == p && m.local.n <= n);
		HOLDS(m.domain.n == 0 || m.domain.p + m.domain.n == p + n);
		HOLDS(m.domain.n == 0 || p[m.local.n] == '@');
		REACHES(m.literal);
		REACHES(m.wide_domain && !m.wide_local);
		REACHES(m.local.n == 0);
	}
	REACHES(fault == SMTP__MAILBOX_ROUTE);
	REACHES(fault == SMTP__MAILBOX_NOT_UTF8);
}
