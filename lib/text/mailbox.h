/* SPDX-License-Identifier: MIT */
/*
 * Addresses as the envelope has them: bare, `local@domain`, without names,
 * comments or angle brackets (RFC 5321 section 4.1.2 and 4.1.3, with UTF-8 as
 * RFC 6531 section 3.3 adds it). No meaning is given to the local part.
 */
#ifndef SMTP__MAILBOX_H
#define SMTP__MAILBOX_H

#include <stdbool.h>

#include "text/bytes.h"
#include "text/out.h"

#define SMTP__LOCAL_MAX   64     /* RFC 5321 section 4.5.3.1.1          */
#define SMTP__DOMAIN_MAX  255    /* 4.5.3.1.2                           */
#define SMTP__MAILBOX_MAX 254    /* 4.5.3.1.3, less the angle brackets  */

/* What is allowed beyond ASCII `local@domain`. */
enum {
	SMTP__MAILBOX_NULL = 1,          /* empty: the null path        */
	SMTP__MAILBOX_POSTMASTER = 2,    /* `postmaster` alone          */
	SMTP__MAILBOX_UTF8 = 4,          /* characters outside ASCII    */
	SMTP__MAILBOX_LONG = 8,          /* no limit of length          */
	SMTP__MAILBOX_DOT = 16           /* a dot behind the domain     */
};

enum smtp__mailbox_fault {
	SMTP__MAILBOX_OK = 0,
	SMTP__MAILBOX_EMPTY,
	SMTP__MAILBOX_CONTROL,           /* 0 to 31 or 127              */
	SMTP__MAILBOX_NOT_UTF8,
	SMTP__MAILBOX_WIDE,              /* not ASCII, and not allowed  */
	SMTP__MAILBOX_DRESSED,           /* a name or angle brackets    */
	SMTP__MAILBOX_ROUTE,             /* a source route              */
	SMTP__MAILBOX_NO_DOMAIN,
	SMTP__MAILBOX_BAD_LOCAL,
	SMTP__MAILBOX_BAD_DOMAIN,
	SMTP__MAILBOX_BAD_LITERAL,
	SMTP__MAILBOX_LONG_LOCAL,
	SMTP__MAILBOX_LONG_DOMAIN,
	SMTP__MAILBOX_LONG_PATH,
	SMTP__MAILBOX_NO_SPACE           /* the writer's `out` is full  */
};

/* Where the parts are. A null path and a lone postmaster have no domain. */
struct smtp__mailbox {
	struct smtp__bytes local, domain;
	bool wide_local, wide_domain;    /* hold octets above 127       */
	bool literal;                    /* the domain is [an address]  */
	bool unqualified;                /* the domain has no dot       */
};

/*
 * Check an address. `mailbox` may be NULL; it is filled when the result is
 * SMTP__MAILBOX_OK. A domain outside ASCII is checked as UTF-8 only; the writer
 * below knows whether it is one.
 */
enum smtp__mailbox_fault
smtp__mailbox_check(const char *p, size_t n, unsigned flags,
    struct smtp__mailbox *mailbox);

/*
 * Append the address as it goes onto the wire: the local part with as little
 * quoting as it needs and its case kept, the domain as A-labels (RFC 5891)
 * without a dot at the end (one is removed). The result has been checked once
 * more, octet by octet; `mailbox`, if not NULL, points into it.
 */
enum smtp__mailbox_fault
smtp__mailbox_write(struct smtp__out *out, const char *p, size_t n,
    unsigned flags, struct smtp__mailbox *mailbox);

/* The fault for a person, to follow the address: "has no domain; ...". */
const char *
smtp__mailbox_words(enum smtp__mailbox_fault fault);

#endif
