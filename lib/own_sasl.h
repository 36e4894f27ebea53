/* SPDX-License-Identifier: MIT */
/*
 * Mechanisms of the program's own, as those that go step by step.
 */
#ifndef SMTP__OWN_SASL_H
#define SMTP__OWN_SASL_H

#include <smtp/sasl.h>

#include "sasl/stepped.h"

#define SMTP__OWN_MAX 8

struct smtp__own_sasl {
	struct smtp__stepped stepped;    /* is the first: begin() has it    */
	struct smtp_sasl sasl;
	char name[21];
};

/* What the program gave; SMTP_E_ARGUMENT when that is no mechanism. */
int
smtp__own_sasl_init(struct smtp__own_sasl *own, const struct smtp_sasl *sasl);

#endif
