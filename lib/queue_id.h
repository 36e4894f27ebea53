/* SPDX-License-Identifier: MIT */
/*
 * The name that a server gives to a mail, where its last reply tells it. No
 * standard says how; these are the forms that servers in use have.
 */
#ifndef SMTP__QUEUE_ID_H
#define SMTP__QUEUE_ID_H

#include "text/bytes.h"

/* From the words behind 250 and the enhanced code. Empty: none is found. */
struct smtp__bytes
smtp__queue_id(const char *words, size_t n);

#endif
