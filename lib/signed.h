/* SPDX-License-Identifier: MIT */
/*
 * A message with its signatures: the same plan and read as the message alone
 * has, with DKIM-Signature fields on top. The body is read twice, the header
 * is held.
 */
#ifndef SMTP__SIGNED_H
#define SMTP__SIGNED_H

#include "dkim/canon.h"
#include "mime/message.h"
#include "mime/store.h"

#define SMTP__SIGNERS_MAX 2

struct smtp__signed {
	bool hashing;            /* the first reading is under way        */
	bool in_body;
	struct smtp__buffer header;
	struct smtp__buffer fields;
	size_t at;               /* of `fields`, in the second reading    */
	struct smtp__canon bodies[SMTP__SIGNERS_MAX];
};

/* `heap` is borrowed; free in any case. */
void
smtp__signed_init(struct smtp__signed *g, const struct smtp_allocator *heap);
void
smtp__signed_free(struct smtp__signed *g);

/* As smtp__message_plan(); `seconds` since 1970, 0 without a clock. */
int
smtp__signed_plan(struct smtp__signed *g, struct smtp_message *message,
    unsigned offers, int64_t seconds, struct smtp__content *content);

/* As smtp__message_read(). */
ptrdiff_t
smtp__signed_read(struct smtp__signed *g, struct smtp_message *message,
    void *p, size_t n);

#endif
