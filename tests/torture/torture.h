/* SPDX-License-Identifier: MIT */
/*
 * Torture: whole sessions against a server in memory, in which one thing goes
 * wrong at one point; then the same with the next point, until no point is
 * left. What is asked after each is in judge.c.
 *
 * Nothing here waits: the clock is ours, and moves when somebody polls. Where
 * a session has a socket, the system calls that the library makes of it are
 * ours, too (linked with --wrap; see the Makefile).
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtp/smtp.h>

#include "support/tls_peer.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

/* ---- fault.c: where something can go wrong, and what */

enum site {
	SITE_NONE,
	SITE_MEMORY,             /* the allocator that the library was given */
	SITE_HEAP,               /* malloc and its kin, for all others       */
	SITE_READ, SITE_WRITE,   /* the caller's transport                   */
	SITE_RECV, SITE_SEND, SITE_POLL, SITE_SOCKET, SITE_CONNECT,
	SITE_SOCKETPAIR, SITE_FCNTL, SITE_GETSOCKOPT, SITE_SETSOCKOPT,
	SITE_GETSOCKNAME, SITE_BIND, SITE_CLOSE, SITE_THREAD, SITE_LOOKUP,
	SITE_ENTROPY,
	SITE_CLOCK,              /* the monotonic one                        */
	SITE_WALL, SITE_RANDOM, SITE_TOKEN, SITE_RESOLVER,
	SITE_SOURCE, SITE_REWIND,
	SITE_STEP,               /* any call of ours: for smtp_cancel()      */
	SITE_COUNT
};

enum effect {
	EFFECT_NONE,
	EFFECT_FAIL,             /* -1 with an errno, SMTP_IO_FAILED, NULL   */
	EFFECT_END,              /* the stream has ended, for good           */
	EFFECT_LOST,             /* all is taken, and then the stream ends   */
	EFFECT_WAIT,             /* "not yet"                                */
	EFFECT_SHORT,            /* one octet                                */
	EFFECT_ALMOST,           /* all but the last octet                   */
	EFFECT_MORE,             /* a source that has an octet too many      */
	EFFECT_FAR, EFFECT_NEAR, /* the clock jumps: hours, minutes          */
	EFFECT_CANCEL
};

enum { CAUSES = 6 };

struct fault {
	const char *name;
	enum site site;
	enum effect effect;
	int error;               /* an errno, or a status                   */
	bool same;               /* nobody is to notice it                  */
	int cause[CAUSES];       /* what a failure may have for its cause   */
};

extern const struct fault faults[];
extern const size_t fault_count;

/* Of the points from now on, the n-th (0 is the next) is the one. */
void
fault_arm(const struct fault *fault, unsigned long n);
void
fault_disarm(void);

/*
 * The same for every point that is wanted: there this process forks, and the
 * child goes on with the fault, so that what came before is done once for all.
 * `n` is told in fault_point(). The child ends by fault_leave().
 */
void
fault_arm_each(const struct fault *fault,
    bool (*wanted)(void *ctx, unsigned long n), void *ctx);
bool
fault_is_child(void);
unsigned long
fault_point(void);
_Noreturn void
fault_leave(bool good);

/* Of the children: how many there were, and of these were not good. */
unsigned long
fault_children(unsigned long *bad);

/* Did it happen? And how many points were there, of that site? */
bool
fault_hit(void);
unsigned long
fault_points(void);

/* A point: EFFECT_NONE, or what has to happen. */
enum effect
fault_at(enum site site, int *error);

/* Between these no point counts: it is the server's side, or ours. */
void
fault_pause(void);
void
fault_resume(void);

/* ---- heap.c */

/* Are they points? */
void
heap_watch(bool on);

/* Blocks that malloc and its kin have given out. */
long
heap_live(void);

struct meter {
	size_t held;             /* octets                                  */
	long blocks;
};
struct smtp_allocator
meter_allocator(struct meter *meter);

/* ---- server.c: one connection, from the server's side */

struct world;

enum { MAILS_MAX = 16, RCPTS_MAX = 8, CONNECTIONS_MAX = 24 };

struct buffer {
	unsigned char *p;
	size_t n, room;
};
void
buffer_add(struct buffer *buffer, const void *p, size_t n);
void
buffer_drop(struct buffer *buffer, size_t n);
void
buffer_free(struct buffer *buffer);

enum server_mode {
	SERVER_LINES, SERVER_CONTENT, SERVER_CHUNK, SERVER_SASL,
	SERVER_SOCKS, SERVER_SOCKS_AUTH, SERVER_SOCKS_ASK, SERVER_HTTP,
	SERVER_OVER
};

struct rcpt {
	unsigned index;
	char kind[8];            /* what happens to it, see server.c        */
};

struct connection {
	struct world *world;
	struct wire wire;
	struct tls_peer tls;
	bool tls_begun, tls_on;
	bool used;
	bool broken;             /* for the client nothing comes any more   */
	size_t taken;            /* octets that the client had of the wire  */
	bool closed;             /* by the client                           */

	enum server_mode mode;
	struct buffer in, content;
	bool greeted, hello, authenticated;
	bool in_mail;
	int from;                /* the number of the mail; -1: none        */
	size_t rcpt_count;
	struct rcpt rcpts[RCPTS_MAX];
	bool prdr, last;
	unsigned long chunk;
	struct sasl *sasl;
	unsigned commands;       /* since the greeting                      */
};

void
connection_open(struct connection *c, struct world *world,
    enum server_mode mode);
void
connection_free(struct connection *c);

/* As far as it goes, with what the client wrote. */
void
connection_serve(struct connection *c);

/* The client's side of the wire. 0: nothing. */
size_t
connection_get(struct connection *c, void *p, size_t n);
void
connection_put(struct connection *c, const void *p, size_t n);
bool
connection_readable(const struct connection *c);

/* A line of the server's, with CRLF behind it. */
void
server_say(struct connection *c, const char *text);

/* ---- sasl.c: AUTH from the server's side */

void
sasl_begin(struct connection *c, const char *mechanism, const char *initial);
void
sasl_line(struct connection *c, const char *line);
void
sasl_end(struct connection *c);

#define USER     "demo@example.com"
#define PASSWORD "correct horse"
#define TOKEN    "demo-token"

/* ---- session.c: what is played */

enum flags {
	WITH_SOCKET = 1,         /* else a transport of the program's       */
	WITH_TLS = 2,            /* from the first octet                    */
	WITH_STARTTLS = 4,
	WITH_LMTP = 8,
	WITH_STEPS = 16,         /* blocking=no                             */
	WITH_TOKEN = 32,
	WITH_ONCE = 64,          /* sources that cannot go back             */
	WITH_CLIENT = 128,       /* a certificate of the client's           */
	WITH_RESOLVER = 256,     /* of the program's                        */
	WITH_TRACE = 512,
	WITH_DKIM = 1024,
	WITH_HELO = 2048,        /* the server does not know EHLO           */
	WITH_IDLE = 4096,        /* it ends sessions that were idle         */
	WITH_EC = 16384,         /* a server's key that is not RSA          */
	WITH_SHARED = 8192       /* the options of the session before: TLS  */
				 /* is resumed                              */
};

enum flow { FLOW_SEND, FLOW_BULK, FLOW_COMMANDS, FLOW_DIAGNOSE, FLOW_POOL };

enum body { BODY_RAW, BODY_LONG, BODY_BUILT, BODY_GIVEN, BODY_BINARY };

struct play {
	const char *name, *url;
	unsigned flags;
	enum flow flow;
	enum body body;
	const char *offer;       /* lines of EHLO's reply                   */
	const char *mechanism;   /* NULL: no AUTH                           */
	const char *to;          /* recipients of each mail, see server.c   */
	unsigned mails;
	const char *options[9];  /* names and values                        */
};

extern const struct play plays[];
extern const size_t play_count;

/* ---- world.c: all that a session meets */

/* One verdict of the server's, as the client could have heard it. */
struct verdict {
	unsigned mail, rcpt;
	const struct connection *connection;
	size_t told_at;          /* octets of the wire: then it is complete */
};

struct token_story {
	unsigned asked;
};

struct world {
	const struct play *play;
	struct meter meter;
	struct connection connections[CONNECTIONS_MAX];
	size_t connection_count;
	struct verdict accepted[256];
	size_t accepted_n;
	const char *wrong;       /* what the server saw that may not be     */
	struct smtp *smtp;       /* for smtp_cancel()                       */
	unsigned sources;        /* that were not closed                    */
	unsigned transports;     /* the same                                */
	unsigned random;
};

/* The world that system calls belong to. NULL: the real system. */
void
world_begin(struct world *world, const struct play *play);
void
world_end(struct world *world);
extern struct world *the_world;

/* A transport to a new connection. */
struct smtp_transport
world_transport(struct world *world);

/* Hooks of the options. */
int
world_clock(void *ctx, int64_t *seconds, int *zone);
int
world_random(void *ctx, void *p, size_t n);
int
world_token(void *ctx, const char *user, int refused, char *token,
    size_t room);
extern const struct smtp_resolver world_resolver;

/* Wait for what a step asked for. */
void
world_wait(struct smtp *smtp, int want);
uint64_t
world_now_ms(void);
void
world_pass(uint64_t ms);

/* Descriptors that are open. */
unsigned
world_open(void);

/* Certificates, once for all. */
extern struct cert world_ca, world_cert, world_cert_ec, world_client;
extern char *world_ca_pem, *world_client_pem, *world_dkim_pem;
void
certificates_make(void);
void
certificates_free(void);

/* ---- mail.c */

struct smtp_message *
mail_make(struct world *world, unsigned i);

/* Is this what mail `i` has to be, whole? */
bool
mail_is(const struct world *world, unsigned i, const void *p, size_t n);

/* The number in an address, "ok3@...", and what stands before it. */
bool
mail_address(const char *text, char *kind, size_t room, unsigned *number);

/* ---- judge.c */

struct outcome {
	int open, auth;          /* what the calls returned; 1: not called  */
	int send[MAILS_MAX];
	int other[8];
	int close;
	int cause;               /* of the first that failed as it should   */
				 /* not                                     */
	const char *call;        /* and its name                            */
};

/*
 * Play one session with the fault that is armed, or NULL; false, with words on
 * stderr, where it was no good. `*points` is how many there were, `*hit`
 * whether the fault happened.
 */
bool
judge_play(const struct play *play, const struct fault *fault,
    unsigned long *points, bool *hit);

#endif
