/* SPDX-License-Identifier: MIT */
/* What tests of whole sessions have in common: options, mails, traces. */
#ifndef TEST_SESSION_H
#define TEST_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include <smtp/smtp.h>

#include "support/server.h"

#define USER     "demo@example.com"
#define PASSWORD "correct horse"
#define TOKEN    "demo-token"

/*
 * Options that trust the server (NULL: nobody), with these names and values,
 * up to NULL. A refused one fails the test.
 */
struct smtp_options *
options_for(const struct server *s, ...);

/*
 * Open with such options. The first one must come to a session; the second
 * returns what smtp_open() returned, its handle in *smtp.
 */
struct smtp *
session_to(const struct server *s, const char *url, ...);
int
try_session(struct smtp **smtp, const struct server *s, const char *url, ...);

/* A ready mail from a@example.com to these addresses, up to NULL. */
struct smtp_message *
mail_of(const char *content, ...);
extern const char plain_mail[];          /* LF line ends, as it is given */
extern const char plain_mail_sent[];     /* as it arrives                */

/* Fail with the error of the session unless rc is what was wanted. */
void
expect_rc(const char *what, const struct smtp *smtp, int rc, int want);

/* All lines of a trace, each with its letter: "C EHLO x\n". */
struct trace {
	char text[65536];
	size_t n;
};

void
trace_line(void *ctx, int who, const char *line, size_t n);

#endif
