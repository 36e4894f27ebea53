/* SPDX-License-Identifier: MIT */
/* What the setters of the envelope's parameters share. */
#ifndef SMTP__ASKS_H
#define SMTP__ASKS_H

#include "mime/state.h"

/* May a setter go on? SMTP_OK, or the error that is kept. */
int
smtp__asks_state(const struct smtp_message *m);

/* Keep an error, as smtp__message_refuse(); `detail` NULL is none. */
int
smtp__asks_refuse(struct smtp_message *m, const char *field,
    const char *detail, const char *words);
int
smtp__asks_no_memory(struct smtp_message *m, const char *field);

/* A copy in *place. */
int
smtp__asks_keep(struct smtp_message *m, const char *field,
    const char **place, const char *p, size_t n);

/* A parameter of MAIL that was written to `out`, or NULL for none. */
int
smtp__asks_put(struct smtp_message *m, enum smtp__ask what,
    const char *field, const struct smtp__out *out);

/* What is asked for this recipient, or for all; NULL is an error, kept. */
struct smtp__rcpt_asks *
smtp__asks_of(struct smtp_message *m, const char *field,
    const char *address);

#endif
