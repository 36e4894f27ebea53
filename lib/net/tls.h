/* SPDX-License-Identifier: MIT */
/*
 * What the files over mbedTLS share: the session (tls_mbedtls.c), who judges
 * the server's certificate (tls_judge_mbedtls.c), and what sessions have in
 * common (tls_shared_mbedtls.c), to which those belong that can be resumed
 * (tls_cache_mbedtls.c). A program with a configuration of its own needs only
 * the first two.
 */
#ifndef SMTP__TLS_H
#define SMTP__TLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtp/transport.h>

#include "net/net.h"
#include "text/out.h"

struct mbedtls_ssl_config;
struct mbedtls_ssl_context;
struct mbedtls_x509_crt;

/*
 * The judge: the library checks the chain, this the name, and it keeps what
 * was wrong, since the certificate is gone when the handshake has failed.
 */
struct smtp__tls_judge {
	char name[256];          /* the reference, without a dot at its end  */
	unsigned char ip[16];
	size_t ip_n;             /* 0: it is a name                          */
	bool seen;               /* the server's own certificate was judged  */
	unsigned errors;         /* SMTP__CERT_*                             */
	struct smtp__tls_peer peer;
	const unsigned char *pins;       /* 32 octets each                  */
	size_t pins_n;           /* 0: none are asked for                    */
	bool pin_only;           /* and nothing else                         */
	struct smtp__out why;    /* "certificate ", and what is wrong with   */
				 /* it, "; " between; room for a NUL         */
	const struct mbedtls_x509_crt *trusted;  /* for words, or NULL       */
	/* asked as well, or NULL: the callback of the caller's configuration */
	int (*also)(void *ctx, struct mbedtls_x509_crt *crt, int depth,
	    uint32_t *flags);
	void *also_ctx;
};

/*
 * False where `host` is empty or longer than any host name. What the judge has
 * to say goes to the `n` octets at `text`, which he keeps.
 */
bool
smtp__tls_judge_init(struct smtp__tls_judge *judge, const char *host,
    char *text, size_t n);

/*
 * The callback of mbedtls_ssl_set_verify(); adds to `flags`, and clears none
 * unless it is the pin alone that decides.
 */
int
smtp__tls_judge_verify(void *judge, struct mbedtls_x509_crt *crt, int depth,
    uint32_t *flags);

/* What the library found wrong after it had asked the judge. */
void
smtp__tls_judge_flags(struct smtp__tls_judge *judge, uint32_t flags);

/* It was not taken, and nobody said why. */
void
smtp__tls_judge_other(struct smtp__tls_judge *judge);

/*
 * Begin a session. `config` lives until the close. `verify`: what the judge
 * says is final. After an error `inner` is still the caller's.
 */
int
smtp__tls_begin(struct smtp__tls **tls, struct smtp_transport *transport,
    const struct smtp_transport *inner, const struct mbedtls_ssl_config *config,
    const char *host, bool verify);

/* One of these keys is required as well, or alone; they live until the end. */
void
smtp__tls_pin(struct smtp__tls *tls, const unsigned char *pins, size_t n,
    bool only);

/* It is a second try; `older`: the server must not know a newer version. */
void
smtp__tls_is_again(struct smtp__tls *tls, bool older);

/* Undo that: `inner` is the caller's again. */
void
smtp__tls_abandon(struct smtp__tls *tls);

/* At the close `release` is called with `held`. */
void
smtp__tls_hold(struct smtp__tls *tls, void (*release)(void *held),
    void *held);

/*
 * Sessions to be resumed, by a key that says with whom. Whoever may use a
 * cache verifies alike and is the same client: it belongs to one set of
 * parameters. Thread-safe, and nobody waits.
 */
struct smtp__tls_kept;

enum { SMTP__TLS_KEPT = 16 };

struct smtp__tls_cache {
	_Atomic(struct smtp__tls_kept *) place[SMTP__TLS_KEPT];
	atomic_uint turn;
};

void
smtp__tls_cache_init(struct smtp__tls_cache *cache);
void
smtp__tls_cache_wipe(struct smtp__tls_cache *cache);

/*
 * Keep the session of `ssl`, in place of what was there for `key`; or beside
 * it, if it is to be offered `once` only. Without memory nothing is kept.
 */
void
smtp__tls_cache_keep(struct smtp__tls_cache *cache, const char *key,
    const struct mbedtls_ssl_context *ssl, bool once,
    const struct smtp__tls_peer *peer, unsigned errors);

/* Offer one to the server; `peer` and `errors` are what was found then. */
bool
smtp__tls_cache_offer(struct smtp__tls_cache *cache, const char *key,
    struct mbedtls_ssl_context *ssl, struct smtp__tls_peer *peer,
    unsigned *errors);

void
smtp__tls_cache_forget(struct smtp__tls_cache *cache, const char *key);

/*
 * Resume a session of `cache` with this server, if `offer`, and keep this one
 * there. The cache lives until the close; the key is copied. SMTP_E_MEMORY.
 */
int
smtp__tls_resume(struct smtp__tls *tls, struct smtp__tls_cache *cache,
    const char *key, bool offer);

/* Does an error of the library's say that it had no memory? */
bool
smtp__tls_is_memory(int error);

#endif
