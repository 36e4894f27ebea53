/* SPDX-License-Identifier: MIT */
/*
 * An address as it goes onto the wire.
 *
 * Sources: lib/text/out.c
 */
#include "proof.h"

#include "text/mailbox_write.c"

/*
 * Quotes go where they are not needed, and only what is in them.
 *
 * Proves: bare needs_quotes write_local
 * Bounds: local parts of up to 5 octets (8), those in quotes with both
 * Assumes: more than 1024 octets are copied as they are
 * Unwind: 8, 11
 * Loops: memchr.0:21
 */
void
proof_local(void)
{
	size_t n = 1 + up_to(BOUND(4, 7)), cap = up_to(8);
	char *p = any_octets(n);
	struct smtp__out out;

	ASSUME(p[0] != '"' || (n > 2 && p[n - 1] == '"'));
	smtp__out_init(&out, any_octets(cap), cap);
	write_local(&out, smtp__bytes(p, n));
	HOLDS(out.n <= cap);
	REACHES(out.n == 3 && n == 5 && !out.over);
	REACHES(out.n == 5 && p[0] == '"');
}

/* The parts of what may be an address. */
enum smtp__mailbox_fault
smtp__mailbox_check(const char *p, size_t n, unsigned flags,
    struct smtp__mailbox *m)
{
	size_t local = up_to(n);

	(void)flags;
	HOLDS(n == 0 || __CPROVER_r_ok(p, n));
	if (any_bool())
		return SMTP__MAILBOX_BAD_LOCAL;
	if (m == NULL)
		return SMTP__MAILBOX_OK;
	m->local = smtp__bytes(p, local);
	m->domain = smtp__bytes(NULL, 0);
	m->literal = any_bool();
	if (local > 0 && local < n - 1)
		m->domain = smtp__bytes(p + local + 1, n - local - 1);
	return SMTP__MAILBOX_OK;
}

int
smtp__domain_to_ascii(struct smtp__out *out, const char *p, size_t n)
{
	HOLDS(n > 0 && __CPROVER_r_ok(p, n));
	out->n += up_to(out->cap - out->n);
	out->over = any_bool();
	return any_bool() ? 0 : -1;
}

static void
some_local(struct smtp__out *out, struct smtp__bytes local)
{
	HOLDS(local.n > 0 && __CPROVER_r_ok(local.p, local.n));
	smtp__out_octet(out, any_char());
}

/*
 * The parts of an address one behind the other, or why not.
 *
 * Proves: smtp__mailbox_write
 * Replaces: write_local=some_local
 * Bounds: up to 6 octets into up to 8
 * Unwind: 8
 */
void
proof_write(void)
{
	size_t n = up_to(6), cap = up_to(8);
	struct smtp__out out;
	enum smtp__mailbox_fault fault;

	forgetful = true;
	smtp__out_init(&out, any_octets(cap), cap);
	fault = smtp__mailbox_write(&out, any_octets(n), n, any_unsigned(),
	    NULL);
	HOLDS(out.n <= cap && (fault != SMTP__MAILBOX_OK || !out.over));
	REACHES(fault == SMTP__MAILBOX_OK && out.n == 8);
	REACHES(fault == SMTP__MAILBOX_NO_SPACE);
}
