/* SPDX-License-Identifier: MIT */
/*
 * Lists of addresses as people write them (RFC 5322 section 3.4): mailboxes
 * with and without names, groups, comments (which are dropped). Strict: what
 * is left over, missing or unbalanced is an error. One pass, no recursion.
 */
#ifndef SMTP__ADDRESS_H
#define SMTP__ADDRESS_H

#include <stdbool.h>

#include "text/bytes.h"
#include "text/mailbox.h"
#include "text/out.h"

#define SMTP__COMMENT_DEPTH 32   /* of parentheses within each other     */

enum smtp__address_kind {
	SMTP__ADDRESS_MAILBOX,
	SMTP__ADDRESS_GROUP,             /* its name; its members follow */
	SMTP__ADDRESS_GROUP_END
};

struct smtp__address_entry {
	enum smtp__address_kind kind;
	struct smtp__bytes name;         /* as it is meant, in `names`    */
	struct smtp__bytes spec;         /* as it was written, to be      */
					 /* checked by smtp__mailbox_write */
};

struct smtp__addresses {
	const char *p;
	size_t n, at;
	struct smtp__out *names;         /* `n` octets are enough         */
	bool in_group, more;             /* more: behind a comma          */
	const char *fault;               /* words, once -1 was returned   */
};

/*
 * Begin with text that smtp__field_fault() found nothing in. Names are
 * appended to `names`, which must not move.
 */
void
smtp__addresses_init(struct smtp__addresses *it, const char *p, size_t n,
    struct smtp__out *names);

/* 1: one was found. 0: the end. -1: `fault` says what is wrong. */
int
smtp__addresses_next(struct smtp__addresses *it, struct smtp__address_entry *a);

#endif
