/* SPDX-License-Identifier: MIT */
/*
 * What goes over the wire, as lines for a person: without secrets, without
 * content, and without octets that a terminal would obey.
 */
#ifndef SMTP__TRACE_H
#define SMTP__TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtp/message.h>

#include "text/out.h"

#define SMTP__TRACE_LINE 1024    /* longer lines are cut, with "..."        */

/* One direction: the line so far. */
struct smtp__trace_way {
	char who;
	bool hidden;             /* its rest is a secret, and was not shown */
	bool starred;            /* ... and now is, as ***                  */
	bool cr;                 /* the last octet was CR                   */
	size_t at;               /* octets of the line                      */
	size_t words;            /* blanks that ended a word                */
	char head[5];            /* its first octets                        */
	struct smtp__out out;
	char room[SMTP__TRACE_LINE + 4];
};

struct smtp__trace {
	void (*line)(void *ctx, int who, const char *line, size_t n);
	void *ctx;
	const char *const *secret;       /* may be repeated by the server   */
	uint64_t content;        /* octets not yet told                     */
	struct smtp__trace_way sent, heard;
};

/*
 * All take NULL, and do nothing. Where `secret` points to is looked at for
 * each line that was heard.
 */
void
smtp__trace_init(struct smtp__trace *t,
    void (*line)(void *ctx, int who, const char *line, size_t n), void *ctx,
    const char *const *secret);

/* Octets that are sent, of one kind of enum smtp_engine_kind. */
void
smtp__trace_sent(struct smtp__trace *t, int kind, const void *p, size_t n);
void
smtp__trace_heard(struct smtp__trace *t, const void *p, size_t n);

/* A remark; the second text follows the first. */
void
smtp__trace_note(struct smtp__trace *t, const char *text, const char *more);

/* The connection ended: what is unfinished is told, and forgotten. */
void
smtp__trace_end(struct smtp__trace *t);

/* Append `p` with control and 8-bit octets as \xNN; false: it was cut. */
bool
smtp__trace_escape(struct smtp__out *out, const char *p, size_t n);

#endif
