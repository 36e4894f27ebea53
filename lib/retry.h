/* SPDX-License-Identifier: MIT */
/*
 * What to do next, from the numbers of a failure and the words of the reply.
 */
#ifndef SMTP__RETRY_H
#define SMTP__RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known about a failure. */
struct smtp__failed {
	int status, cause, phase;
	int code;
	unsigned subject, detail;        /* SMTP_NO_ENHANCED: none          */
	bool surplus;                    /* others of the mail were taken   */
	const char *text;                /* of the reply; "" if none        */
};

/* enum smtp_retry, and the seconds to wait before. */
int
smtp__retry(const struct smtp__failed *failed, uint32_t *after_s);

#endif
