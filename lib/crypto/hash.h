/* SPDX-License-Identifier: MIT */
/*
 * Digests, HMAC and PBKDF2, in the caller's memory: no heap, no globals.
 *
 * Which library computes them is the matter of one file, hash_mbedtls.c; a
 * platform with digests of its own replaces that file. What a build lacks is
 * told by smtp__hash_length(), and fails in take. A failure on the way is kept
 * and told by take, so that nothing else needs a check.
 */
#ifndef SMTP__HASH_H
#define SMTP__HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>
#include <smtp/status.h>

enum smtp__hash_kind {
	SMTP__MD5,
	SMTP__SHA1,
	SMTP__SHA256,
	SMTP__SHA512
};

#if SMTP_WITH_SHA512
#define SMTP__DIGEST_MAX 64
#define SMTP__HASH_BLOCK_MAX 128
#else
#define SMTP__DIGEST_MAX 32
#define SMTP__HASH_BLOCK_MAX 64
#endif

/* Room for a state of the library's; checked where it is compiled. */
#ifndef SMTP__HASH_STATE
#if SMTP_WITH_SHA512
#define SMTP__HASH_STATE 256
#else
#define SMTP__HASH_STATE 128
#endif
#endif

/* Octets of a digest; 0 where the build has no such digest. */
size_t
smtp__hash_length(enum smtp__hash_kind kind);

/*
 * A digest under way. init, feed as often as wanted, take. What take gave is
 * smtp__hash_length() octets; the state is wiped then. Between, wipe ends it.
 */
struct smtp__hash {
	union {
		uint64_t align;
		void *align_p;
		unsigned char octets[SMTP__HASH_STATE];
	} state;
	enum smtp__hash_kind kind;
	bool failed;
};

void
smtp__hash_init(struct smtp__hash *hash, enum smtp__hash_kind kind);
void
smtp__hash_feed(struct smtp__hash *hash, const void *p, size_t n);

/*
 * SMTP_OK, or SMTP_E_UNSUPPORTED where there is no such digest or it failed;
 * what stands in `digest` is then worthless.
 */
int
smtp__hash_take(struct smtp__hash *hash, unsigned char *digest);
void
smtp__hash_wipe(struct smtp__hash *hash);

/* `hash` is not initialised, or was taken or wiped. */
void
smtp__hash_copy(struct smtp__hash *hash, const struct smtp__hash *from);

/* All at once. */
int
smtp__hash(enum smtp__hash_kind kind, const void *p, size_t n,
    unsigned char *digest);

/*
 * HMAC, RFC 2104. The key is not kept as it is, and not needed after init.
 * After take the same key is ready for another message, which costs two
 * blocks less than a new init. wipe it in the end.
 */
struct smtp__hmac {
	struct smtp__hash inner, outer, now;
};

void
smtp__hmac_init(struct smtp__hmac *hmac, enum smtp__hash_kind kind,
    const void *key, size_t key_n);
void
smtp__hmac_feed(struct smtp__hmac *hmac, const void *p, size_t n);
int
smtp__hmac_take(struct smtp__hmac *hmac, unsigned char *digest);
void
smtp__hmac_wipe(struct smtp__hmac *hmac);

/* All at once, with one state on the stack instead of three. */
int
smtp__hmac(enum smtp__hash_kind kind, const void *key, size_t key_n,
    const void *p, size_t n, unsigned char *digest);

/*
 * PBKDF2 with HMAC, RFC 8018 section 5.2, one digest long: Hi() of RFC 5802
 * section 2.2. It goes in slices, so that a caller that must not block can do
 * something else between. Iterations: at least one.
 */
struct smtp__pbkdf2 {
	struct smtp__hmac hmac;
	uint32_t left;
	int status;
	unsigned char last[SMTP__DIGEST_MAX], sum[SMTP__DIGEST_MAX];
};

void
smtp__pbkdf2_init(struct smtp__pbkdf2 *pbkdf2, enum smtp__hash_kind kind,
    const void *password, size_t password_n, const void *salt, size_t salt_n,
    uint32_t iterations);

/* At most `n` iterations more. True while some are left. */
bool
smtp__pbkdf2_step(struct smtp__pbkdf2 *pbkdf2, uint32_t n);

/* The key, once step answered false. Wipes everything. */
int
smtp__pbkdf2_take(struct smtp__pbkdf2 *pbkdf2, unsigned char *key);
void
smtp__pbkdf2_wipe(struct smtp__pbkdf2 *pbkdf2);

/* In a time that does not depend on where they differ. */
bool
smtp__equal_constant_time(const void *a, const void *b, size_t n);

/* Make octets zero, also where nobody reads them again. */
void
smtp__wipe(void *p, size_t n);

#endif
