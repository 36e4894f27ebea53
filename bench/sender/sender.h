/* SPDX-License-Identifier: MIT */
/* The same small mail over one session, by each client. */
#ifndef SENDER_H
#define SENDER_H

#include <stdbool.h>
#include <stddef.h>

enum security { PLAIN, STARTTLS, IMPLICIT };

struct work {
	unsigned port;           /* of the sink, on 127.0.0.1             */
	enum security security;  /* with TLS: AUTH PLAIN, too             */
	const char *ca;          /* a file, NULL without TLS              */
	unsigned messages;       /* to be sent over each session          */
	bool resume;             /* what was negotiated is used again     */
};

/*
 * Functions return 0, or -1 after they said why. A client that sends all in
 * one go does it in the first send(), or has some left for close().
 */
struct client {
	const char *name;
	void *(*open)(const struct work *work);
	int (*send)(void *session);
	int (*close)(void *session);
	/* All sessions at once in one thread, instead of the above. */
	int (*all)(const struct work *work, unsigned sessions);
};

#define FROM    "a@example.org"
#define TO      "b@example.org"
#define SUBJECT "bench"
#define USER    "user"
#define SECRET  "secret"

/* The mail of 1 KiB as octets, and what of it is text. */
enum { MAIL_SIZE = 1024 };
extern char mail_octets[MAIL_SIZE + 1];
extern const char *mail_text;

extern const struct client floor_two, floor_one, floor_window;
extern const struct client libsmtp_octets, libsmtp_builder, libsmtp_window;
extern const struct client libsmtp_loop;
extern const struct client libcurl_octets, libcurl_mime;
extern const struct client libesmtp_octets, libetpan_octets;

#endif
