/* SPDX-License-Identifier: MIT */
/*
 * What client.c needs of the network: to dial, to wait, and to talk TLS.
 *
 * Nothing here waits except smtp__net_wait(). Times are milliseconds of one
 * monotonic clock that the caller reads (LIB-K-2).
 */
#ifndef SMTP__NET_H
#define SMTP__NET_H

#include <stdbool.h>
#include <stdint.h>

#include <smtp/transport.h>

#include "text/called.h"

/*
 * Dialling: look the name up in a thread of its own, then try its addresses,
 * IPv6 and IPv4 in turn, a new one every 250 ms or when one failed (RFC 8305),
 * until one is connected.
 */
struct smtp__dial;
struct smtp__address;            /* net/socket.h                             */

struct smtp__dial_plan {
	const char *host;        /* a name or an address without brackets    */
	unsigned port;
	const struct smtp__address *addresses;   /* NULL; or where the host  */
	size_t addresses_n;      /* is, to be tried without a lookup         */
	const char *path;        /* a unix socket instead of both            */
	int family;              /* 4 or 6: such addresses only; 0: both     */
	const char *local;       /* NULL, or the IP address to come from     */
	const char *interface;   /* NULL, or the name of that to leave by    */
	const struct smtp_resolver *resolver;    /* NULL: the system's       */
	uint32_t resolve_ms;     /* for the lookup                           */
	uint32_t connect_ms;     /* for each address                         */
};

/* The plan is copied with all it points to. NULL is no memory. */
struct smtp__dial *
smtp__dial_start(const struct smtp__dial_plan *plan, uint64_t now_ms);

/*
 * Go on. Returns SMTP_OK (connected: take it), a mask of SMTP_WANT_*, or
 * SMTP_E_RESOLVE, SMTP_E_CONNECT, SMTP_E_TIMEOUT (the lookup, or every address,
 * gave no answer in time), SMTP_E_MEMORY. What it returned once it repeats.
 */
int
smtp__dial_step(struct smtp__dial *dial, uint64_t now_ms);

int
smtp__dial_phase(const struct smtp__dial *dial);  /* RESOLVE or CONNECT */

/*
 * After a step: the descriptor to wait for (or -1), and until when at most.
 * While several attempts are open there is one descriptor for them all, that
 * of the newest; so that the older ones are seen too, the time is then at most
 * 50 ms away. That is no more than a fifth of the stagger, and it lasts only
 * while some address does not answer.
 */
int
smtp__dial_fd(const struct smtp__dial *dial);
uint64_t
smtp__dial_due_ms(const struct smtp__dial *dial);

/* One plain line about a failure: each address with what it answered. */
const char *
smtp__dial_error(const struct smtp__dial *dial);

/*
 * What happened on the way, for a person: "::1, 127.0.0.1", the one that took
 * the connection ("" if none did), and what those tried before it answered:
 * "::1: refused". A text that is too long ends early.
 */
struct smtp__dial_story {
	char addresses[200], peer[64], failed[300];
	bool ipv6_failed;        /* and IPv4 did not                         */
};
void
smtp__dial_tell(const struct smtp__dial *dial,
    struct smtp__dial_story *story);

/*
 * Move the connected socket into a transport, with TCP_NODELAY. SMTP_OK or
 * SMTP_E_MEMORY.
 */
int
smtp__dial_take(struct smtp__dial *dial, struct smtp_transport *transport);

/* Ends at once; a lookup that still runs is left to end by itself. */
void
smtp__dial_free(struct smtp__dial *dial);

/*
 * The local address of a transport's descriptor as an address literal with
 * brackets (RFC 5321 section 4.1.3): "[192.0.2.7]", "[IPv6:2001:db8::7]", or
 * "localhost" for a unix socket. False when it is not known.
 */
bool
smtp__net_literal(int fd, char *p, size_t n);

/* Is there a peer at the other end of the socket? */
bool
smtp__net_is_connected(int fd);

/* Tell the peer now that its octets have come, where the system can. */
void
smtp__net_acknowledge(int fd);

/*
 * Wait until `fd` is ready for `want` (SMTP_WANT_READ | SMTP_WANT_WRITE) or
 * `wait_ms` went by; fd -1 waits for the time only. Returns what is ready, 0
 * after the time; EINTR goes on.
 */
int
smtp__net_wait(int fd, int want, uint64_t wait_ms);

/* Octets from the system's random source, monotonic and wall clock. */
bool
smtp__net_random(void *p, size_t n);
#ifdef _WIN32
/*
 * Each authority that the system trusts for servers. False when `take`, which
 * may end it so, returned false.
 */
bool
smtp__net_authorities(bool (*take)(void *ctx, const unsigned char *der,
    size_t n), void *ctx);
#endif
uint64_t
smtp__net_now_ms(void);
int64_t
smtp__net_wall_clock(int *zone_minutes);

/*
 * Who runs: another number in a child after fork. And for that child: leave a
 * descriptor to its parent, who goes on with it; nothing is said.
 */
long
smtp__net_process(void);
void
smtp__net_leave(int fd);

/*
 * TLS. What sessions share is parsed once and counted: trust anchors, client
 * key, tickets. Thread-safe.
 */
struct smtp__tls_shared;
struct smtp__tls;

struct smtp__tls_settings {
	const char *ca_file;     /* PEM or DER; NULL: not given              */
	const char *ca_dir;
	const void *ca;          /* in memory, borrowed for the call         */
	size_t ca_n;             /* none of the three: the system's store    */
	const char *crl_file;    /* revoked certificates, PEM or DER         */
	const char *cert_file;   /* client certificate and its key           */
	const char *key_file;
	const void *cert;        /* the same in memory, borrowed             */
	size_t cert_n;
	const void *key;         /* NULL: beside the certificate             */
	size_t key_n;
	const char *key_password;
	const char *pins;        /* keys to be required, as smtp__tls_pins() */
	bool pin_only;           /* and nothing else of the certificate      */
	bool no_verify;          /* takes any certificate                    */
	bool no_resumption;      /* a full handshake each time               */
	bool tls13_only;
	const char *const *system_files;        /* NULL: the known places of */
				 /* the system's store; or others, to a NULL */
};

/*
 * Digests of keys, divided by commas: SHA-256 of the SubjectPublicKeyInfo in
 * base64, with or without "sha256//" in front. Returns how many, 0 where it is
 * something else or more than SMTP__TLS_PINS. With `pins` NULL it only counts.
 */
enum { SMTP__TLS_PINS = 16 };
size_t
smtp__tls_pins(const char *text, unsigned char (*pins)[32]);

/*
 * Returns SMTP_OK, SMTP_E_TLS (no system store: says how to name one),
 * SMTP_E_ARGUMENT (a file that cannot be used), SMTP_E_UNSUPPORTED (this build
 * of mbedTLS cannot), SMTP_E_MEMORY; `why` then has one plain line.
 */
int
smtp__tls_shared_new(struct smtp__tls_shared **shared,
    const struct smtp__tls_settings *settings, char *why, size_t why_n);
void
smtp__tls_shared_free(struct smtp__tls_shared *shared);

/*
 * Begin TLS over `inner` (copied; closed with the new transport). `host`
 * is the reference identity: a name in ASCII, which becomes SNI, or an IP
 * address, which is matched against iPAddress only (RFC 9525). `peer` says to
 * whom one is connected ("mail.example.com:587"): a session that had the same
 * `shared`, `host` and `peer` is resumed if the server likes; NULL: none is.
 * The shared part is counted and may be freed before the session. Returns
 * SMTP_OK, SMTP_E_MEMORY, or SMTP_E_ARGUMENT for a host that is none; `inner`
 * is then still the caller's.
 */
int
smtp__tls_start(struct smtp__tls **tls, struct smtp_transport *transport,
    const struct smtp_transport *inner, struct smtp__tls_shared *shared,
    const char *host, const char *peer);

/*
 * SMTP_OK, SMTP_WANT_READ, SMTP_WANT_WRITE, or SMTP_E_CERTIFICATE, SMTP_E_TLS,
 * SMTP_E_CLOSED, SMTP_E_MEMORY, which are final. The transport neither reads
 * nor writes before it is SMTP_OK.
 */
int
smtp__tls_handshake(struct smtp__tls *tls);

/*
 * Overwrite 16 KiB below the caller, where a handshake has just worked: mbedTLS
 * leaves the private key there when it signs with ECDSA, and the dynamic linker
 * keeps registers there. A function of its own: its frame has to lie where
 * theirs were.
 */
SMTP__CALLED void
smtp__tls_clean_stack(void);

/* Why a certificate was not taken; several may apply. */
enum {
	SMTP__CERT_EXPIRED = 1,
	SMTP__CERT_NOT_YET = 2,
	SMTP__CERT_NAME = 4,
	SMTP__CERT_UNKNOWN_CA = 8,
	SMTP__CERT_REVOKED = 16,
	SMTP__CERT_WEAK = 32,
	SMTP__CERT_USAGE = 64,
	SMTP__CERT_OTHER = 128,
	SMTP__CERT_PIN = 256,    /* another key than those pinned            */
	SMTP__CERT_CRL = 512,    /* the revocation list cannot be used       */
	SMTP__CERT_NO_CA = 1024  /* it is signed by one that may not sign    */
};

/*
 * What is kept of the server's own certificate, which is gone when the
 * handshake has failed, and does not come when a session is resumed. Texts are
 * "" and lengths 0 where there is nothing.
 */
struct smtp__tls_peer {
	char subject[192];       /* "C=DE, CN=mail.example.com"              */
	char issuer[192];
	char names[192];         /* subjectAltName: names and addresses      */
	char from[24];           /* "2026-11-22T11:30:00Z"                   */
	char to[24];
	int expires[6];          /* `to` as numbers, year first              */
	unsigned char pin[32];   /* SHA-256 of the SubjectPublicKeyInfo      */
	bool has_pin;
	unsigned char digest[64];        /* for tls-server-end-point         */
	size_t digest_n;
};

/* May a new connection do better after a handshake that failed? */
enum smtp__tls_again {
	SMTP__TLS_NOT_AGAIN,
	SMTP__TLS_AGAIN,         /* without the session that was offered     */
	SMTP__TLS_AGAIN_OLDER    /* with TLS 1.2 at most                     */
};

struct smtp__tls_info {
	const char *version;     /* "TLSv1.2"; lives as long as the session  */
	const char *suite;
	const struct smtp__tls_peer *peer;       /* NULL: none came          */
	bool resumed;            /* so the certificate was judged before     */
	bool verified;           /* nothing was wrong, whatever is asked for */
	unsigned cert_errors;    /* of the list above                        */
	bool not_tls;            /* the peer answered, but not with TLS      */
	enum smtp__tls_again again;
	const char *error;       /* one plain line, "" if all is well        */
};
void
smtp__tls_info(const struct smtp__tls *tls, struct smtp__tls_info *info);

/*
 * As smtp__tls_start(), on a new connection, after a handshake that said so.
 * Nobody between can press a server down to the older version: a server that
 * knows TLS 1.3 says so, RFC 8446 section 4.1.3, and is refused.
 */
int
smtp__tls_start_again(struct smtp__tls **tls, struct smtp_transport *transport,
    const struct smtp_transport *inner, struct smtp__tls_shared *shared,
    const char *host, const char *peer, enum smtp__tls_again again);

/*
 * Octets that both ends of this TLS session know and no other has, for SASL
 * mechanisms that end in -PLUS (RFC 5056). Returns their number, or 0 where
 * there are none: before the handshake is done, without room, and
 *
 *   tls-unique             with TLS 1.3 (RFC 9266 section 3); after a
 *                          resumption without the extended master secret, for
 *                          then another session may have the same
 *   tls-server-end-point   where the certificate's signature has no digest
 *   tls-exporter           below TLS 1.3, and with an mbedTLS that exports
 *                          nothing (before 3.6.4)
 *
 * RFC 5929 section 3 and 4, RFC 9266 section 2.
 */
enum smtp__tls_binding {
	SMTP__TLS_UNIQUE,
	SMTP__TLS_SERVER_END_POINT,
	SMTP__TLS_EXPORTER
};
enum { SMTP__TLS_BINDING_BYTES = 64 };
size_t
smtp__tls_binding(struct smtp__tls *tls, enum smtp__tls_binding type,
    unsigned char *out, size_t room);

#endif
