/* SPDX-License-Identifier: MIT */
/*
 * The server of the benches: it keeps to the protocol, throws every mail away,
 * and counts. One thread, epoll, a few thousand sessions.
 *
 * Round trips are counted by cause, not by the clock: each reply is one deeper
 * than the last reply that had left when the octets it answers came. However
 * the octets are cut on the way, a client that waits for a reply before it
 * goes on comes one deeper, and one that does not wait does not.
 */
#ifndef SINK_H
#define SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mbedtls/ssl.h>

enum { ROOM = 256 * 1024, LINE_MAX_OCTETS = 4096 };

struct counts {
	uint64_t sessions, messages, commands, bursts, in, out;
	uint64_t rounds;         /* from a session's first MAIL to its    */
				 /* last accepted mail, over all sessions */
	uint64_t first_rounds;   /* from connect to the first accepted    */
	uint64_t first_in, first_out;   /* mail of the last session       */
	uint64_t begin_ns, end_ns;      /* first MAIL, last accepted mail */
	uint64_t open, open_most;       /* sessions past EHLO             */
};

enum state { COMMAND, AUTH_WAIT, DATA, CHUNK };

/* What leaves at one time. */
struct mark {
	uint64_t due_ns;
	size_t end;              /* in `out`                              */
	uint64_t depth;
};

struct listener {
	const char *name;
	bool tls, chunking;
	int fd;
	unsigned port;
};

struct session {
	struct session *next, *before;
	const struct listener *from;
	int fd;
	bool waits_write, over, dead, starttls, greeted;
	mbedtls_ssl_context *ssl;
	bool shaken;             /* the handshake is done                 */
	const char *raw;         /* what TLS has still to read            */
	size_t raw_n;

	/* smtp.c */
	enum state state;
	bool mail, authenticated, last, fresh;
	unsigned rcpts;
	uint64_t chunk;
	char *kept;              /* an unfinished line, or the last of    */
	size_t kept_n;           /* the content                           */

	char *out;
	size_t out_n, out_room, sent;
	struct mark *marks;
	size_t mark_n, mark_room;

	uint64_t depth;          /* of the last reply that left           */
	uint64_t first_mail, counted, in, said;
	bool mailed, accepted;
};

extern struct counts counts;

uint64_t
now_ns(void);

/* smtp.c: the protocol, of octets in clear; replies by say(). */
void
smtp_greet(struct session *s);
void
smtp_eat(struct session *s, const char *p, size_t n);

/* tls.c */
int
tls_init(const char *cert, const char *key);
bool
tls_begin(struct session *s);
void
tls_end(struct session *s);
void
tls_eat(struct session *s, const char *p, size_t n);
void
tls_say(struct session *s, const char *p, size_t n);

/* sink.c: in clear or by TLS; and as it goes over the wire. */
void
say(struct session *s, const char *line);
void
put(struct session *s, const char *p, size_t n);

#endif
