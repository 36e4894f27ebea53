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

/* smtp+plaintext:// on localhost, which must come to a session. */
struct smtp *
plain_session(struct server *s);

/* Fail unless this recipient has this status and code. */
void
expect_row(const char *what, const struct smtp_message *m, size_t i,
	int status, int code);

/* Fail unless the transcript was played to its end. */
void
expect_complete(const char *what, struct server *s);

/* 12 MB of lines, more than sockets hold. */
const char *
large_mail(void);

/* Transcripts of a server without PIPELINING, up to where a test begins. */
#define PLAY_HELLO \
	"S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250-SIZE 100000000\n" \
	"S: 250-8BITMIME\nS: 250 ENHANCEDSTATUSCODES\n"
#define PLAY_TO_RCPT PLAY_HELLO "C: MAIL*\nS: 250 ok\n"
#define PLAY_TO_DATA PLAY_TO_RCPT "C: RCPT*\nS: 250 ok\n"
#define PLAY_TO_BODY PLAY_TO_DATA "C: DATA\nS: 354 go\n"
#define PLAY_BYE     "C: QUIT\nS: 221 bye\nEOF\n"

/* All lines of a trace, each with its letter: "C EHLO x\n". */
struct trace {
	char text[65536];
	size_t n;
};

void
trace_line(void *ctx, int who, const char *line, size_t n);

#endif
