/* SPDX-License-Identifier: MIT */
/*
 * The demo server: a strict SMTP and LMTP server on loopback for tests and
 * for `make demo`. One process a connection; what it takes goes to a folder.
 */
#ifndef DEMO_SERVER_H
#define DEMO_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define MAX_RULES 64
#define MAX_OFF   16
#define MAX_RCPTS 20000

/* cert.c: a CA, a certificate under it, and the TLS settings. */

struct identity {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
	mbedtls_pk_context ca_key, key;
	mbedtls_x509_crt chain;
	mbedtls_ssl_config conf;
	mbedtls_ssl_ticket_context tickets;
};

/*
 * Make the keys and certificates; write the CA that a client should trust to
 * ca_path. kind is one of the names that cert_kinds lists. 0 or -1.
 */
int
identity_make(struct identity *id, const char *kind, const char *tls_version,
	const char *ca_path, char pin[65]);
int
identity_after_fork(struct identity *id);

/*
 * revoke.c: write the list of what the CA revoked, the server's certificate
 * or none, to CA_PATH.crl, signed with this key of P-256. 0 or -1.
 */
int
identity_revoke(struct identity *id, bool revoked, mbedtls_pk_context *key,
	const char *until, const char *ca_path);

extern const char cert_kinds[];

/* SHA-256 of the certificate, which is signed with SHA-256. */
size_t
identity_end_point(const struct identity *id, unsigned char *out);

/* wire.c: octets to and from one client, logged before TLS hides them. */

enum { WIRE_EOF = 0, WIRE_TIMEOUT = -1, WIRE_FAILED = -2 };

struct wire {
	int fd;
	int alive_fd;            /* readable or closed: our parent is gone  */
	bool tls_on;
	mbedtls_ssl_context ssl;
	FILE *log;
	bool quiet;              /* leave what is read out of the log       */
	size_t chunk;            /* send in pieces of this size; 0: whole   */
	int chunk_ms;            /* with this pause between them            */
	int wait_ms;             /* how long to wait for the client         */
	size_t at, have;         /* what of in[] is unread                  */
	unsigned char in[16384];
	bool hello_seen;         /* the ClientHello is in the log           */
	size_t hello_have;
	unsigned char hello[2048];
};

void
wire_open(struct wire *w, int fd, int alive_fd, FILE *log);
int
wire_tls(struct wire *w, const mbedtls_ssl_config *conf);
int
wire_fill(struct wire *w);          /* octets had, or WIRE_x        */
int
wire_octet(struct wire *w);         /* 0 to 255, or below 0: WIRE_x */
bool
wire_pending(struct wire *w, int ms);
void
wire_sleep(struct wire *w, int ms);
int
wire_send(struct wire *w, const void *data, size_t n);
int
wire_send_raw(struct wire *w, const void *data, size_t n);
void
wire_notify(struct wire *w);       /* close_notify, if under TLS   */
size_t
wire_binding(struct wire *w, const char *type, unsigned char *out);
void
wire_close(struct wire *w);
void
wire_reset(struct wire *w);
void
wire_note(struct wire *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void
log_octets(FILE *log, const char *who, const void *data, size_t n);

#define WIRE_END (-3)   /* wire_octet() at the end of the stream */

/* content.c: a mail as it arrives. */

struct content {
	FILE *file;              /* takes the octets, un-stuffed            */
	unsigned long size;      /* as stored                               */
	size_t line;             /* octets of the line so far, its own dot  */
				 /* not counted                             */
	bool cr, start, dot, header;
	bool done;
	/* what was wrong with it */
	bool bare_cr, bare_lf, nul, long_line, high, high_header, unstuffed;
};

void
content_begin(struct content *c, FILE *file);
bool
content_dotted(struct content *c, unsigned char octet);
void
content_raw(struct content *c, unsigned char octet);

/* session.c, script.c */

enum tls_mode { TLS_NONE, TLS_STARTTLS, TLS_IMPLICIT };

struct rule {                    /* --reject WHERE=CODE text            */
	const char *where;
	size_t where_len;
	const char *reply;
};

struct config {
	const char *dir, *script, *host, *path;
	int port;
	enum tls_mode tls;
	const char *cert, *tls_version, *auth, *user, *password, *token;
	bool lmtp, require_auth, auth_in_clear, brief, ask_certificate;
	bool chunking, binarymime, prdr;
	int delay_ms, wait_ms, rcvbuf;
	unsigned long max_size, max_rcpts;
	const char *off[MAX_OFF];        /* --no-KEYWORD            */
	size_t off_count;
	const char *offer[MAX_OFF];      /* --offer LINE            */
	size_t offer_count;
	struct rule reject[MAX_RULES], verdict[MAX_RULES];
	size_t reject_count, verdict_count;
	struct identity *identity;
	int alive_fd;
};

bool
config_offers(const struct config *config, const char *keyword);

void
session_run(struct wire *w, const struct config *config, unsigned n);

struct script;
struct script *
script_load(const char *path);
/* Play until the end or the next ACCEPT: true if another client is due. */
bool
script_play(struct script *s, struct wire *w,
	const struct config *config);

/* auth.c: 235 and the user, or the reply that refuses. */
struct auth_io {
	void *ctx;
	int (*line)(void *ctx, char *line, size_t size);
	int (*say)(void *ctx, const char *line);
	/* Octets of TLS to bind to, at most 64; 0: there are none. */
	size_t (*binding)(void *ctx, const char *type, unsigned char *out);
};
const char *
auth_run(const struct config *config, const struct auth_io *io,
	struct identity *id, const char *mech, const char *initial,
	char user[256]);

/* Say a challenge, hear the answer: NULL, or the reply that ends it. */
const char *
auth_ask(const struct auth_io *io, const char *challenge, char *out,
	size_t size, size_t *n);
/* The initial response, or what the client says to a first challenge. */
const char *
auth_first(const struct auth_io *io, const char *initial, char *out,
	size_t size, size_t *n);

/* scram.c: NULL, or the reply that refuses. `offered`: some -PLUS is. */
const char *
auth_scram(const struct config *config, const struct auth_io *io,
	struct identity *id, const char *mech, const char *initial,
	bool offered, char user[256]);

#endif
