/* SPDX-License-Identifier: MIT */
/*
 * Digests by mbedTLS 2.28 and 3.x, whose contexts need no heap and no set-up.
 * From 4.0 on those are private and PSA's hash operation takes their place;
 * -DSMTP__HASH_PSA=1 has it in 3.6 too.
 */
#include "crypto/hash.h"

#include <string.h>

#if SMTP_WITH_HASH

#include <mbedtls/version.h>

#ifndef SMTP__HASH_PSA
#define SMTP__HASH_PSA (MBEDTLS_VERSION_MAJOR >= 4)
#endif

#if SMTP__HASH_PSA

#include <psa/crypto.h>

union state {
	psa_hash_operation_t psa;
};

/* 0 where the build has no such digest; PSA knows none of that number. */
static psa_algorithm_t
algorithm(enum smtp__hash_kind kind)
{
	switch (kind) {
#if defined(PSA_WANT_ALG_MD5)
	case SMTP__MD5:
		return PSA_ALG_MD5;
#endif
#if defined(PSA_WANT_ALG_SHA_1)
	case SMTP__SHA1:
		return PSA_ALG_SHA_1;
#endif
#if defined(PSA_WANT_ALG_SHA_256)
	case SMTP__SHA256:
		return PSA_ALG_SHA_256;
#endif
#if defined(PSA_WANT_ALG_SHA_512) && SMTP_WITH_SHA512
	case SMTP__SHA512:
		return PSA_ALG_SHA_512;
#endif
	default:
		return 0;
	}
}

static bool
start(union state *s, enum smtp__hash_kind kind)
{
	s->psa = psa_hash_operation_init();
	return psa_crypto_init() == PSA_SUCCESS && algorithm(kind) != 0 &&
	    psa_hash_setup(&s->psa, algorithm(kind)) == PSA_SUCCESS;
}

static bool
update(union state *s, enum smtp__hash_kind kind, const void *p, size_t n)
{
	(void)kind;
	return psa_hash_update(&s->psa, p, n) == PSA_SUCCESS;
}

static bool
finish(union state *s, enum smtp__hash_kind kind, unsigned char *digest)
{
	size_t n = 0;

	return psa_hash_finish(&s->psa, digest, smtp__hash_length(kind), &n) ==
	    PSA_SUCCESS;
}

static bool
clone(union state *s, const union state *from, enum smtp__hash_kind kind)
{
	(void)kind;
	s->psa = psa_hash_operation_init();
	return psa_hash_clone(&from->psa, &s->psa) == PSA_SUCCESS;
}

static void
clear(union state *s, enum smtp__hash_kind kind)
{
	(void)kind;
	(void)psa_hash_abort(&s->psa);
}

#define HAVE(kind) (algorithm(kind) != 0)

#else /* the contexts themselves */

#include <mbedtls/md5.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

/* Until 2.28 the functions that answer have a name of their own. */
#if MBEDTLS_VERSION_MAJOR < 3
#define DO(name) mbedtls_##name##_ret
#else
#define DO(name) mbedtls_##name
#endif

#if defined(MBEDTLS_MD5_C)
#define WITH_MD5(x) case SMTP__MD5: x
#else
#define WITH_MD5(x)
#endif
#if defined(MBEDTLS_SHA1_C)
#define WITH_SHA1(x) case SMTP__SHA1: x
#else
#define WITH_SHA1(x)
#endif
#if defined(MBEDTLS_SHA256_C)
#define WITH_SHA256(x) case SMTP__SHA256: x
#else
#define WITH_SHA256(x)
#endif
#if defined(MBEDTLS_SHA512_C) && SMTP_WITH_SHA512
#define WITH_SHA512(x) case SMTP__SHA512: x
#else
#define WITH_SHA512(x)
#endif

union state {
	mbedtls_md5_context md5;
	mbedtls_sha1_context sha1;
	mbedtls_sha256_context sha256;
#if SMTP_WITH_SHA512
	mbedtls_sha512_context sha512;
#endif
};

static bool
have(enum smtp__hash_kind kind)
{
	switch (kind) {
	WITH_MD5(return true;)
	WITH_SHA1(return true;)
	WITH_SHA256(return true;)
	WITH_SHA512(return true;)
	default:
		return false;
	}
}

static bool
start(union state *s, enum smtp__hash_kind kind)
{
	switch (kind) {
	WITH_MD5(
		mbedtls_md5_init(&s->md5);
		return DO(md5_starts)(&s->md5) == 0;)
	WITH_SHA1(
		mbedtls_sha1_init(&s->sha1);
		return DO(sha1_starts)(&s->sha1) == 0;)
	WITH_SHA256(
		mbedtls_sha256_init(&s->sha256);
		return DO(sha256_starts)(&s->sha256, 0) == 0;)
	WITH_SHA512(
		mbedtls_sha512_init(&s->sha512);
		return DO(sha512_starts)(&s->sha512, 0) == 0;)
	default:
		return false;
	}
}

static bool
update(union state *s, enum smtp__hash_kind kind, const void *p, size_t n)
{
	switch (kind) {
	WITH_MD5(return DO(md5_update)(&s->md5, p, n) == 0;)
	WITH_SHA1(return DO(sha1_update)(&s->sha1, p, n) == 0;)
	WITH_SHA256(return DO(sha256_update)(&s->sha256, p, n) == 0;)
	WITH_SHA512(return DO(sha512_update)(&s->sha512, p, n) == 0;)
	default:
		return false;
	}
}

static bool
finish(union state *s, enum smtp__hash_kind kind, unsigned char *digest)
{
	switch (kind) {
	WITH_MD5(return DO(md5_finish)(&s->md5, digest) == 0;)
	WITH_SHA1(return DO(sha1_finish)(&s->sha1, digest) == 0;)
	WITH_SHA256(return DO(sha256_finish)(&s->sha256, digest) == 0;)
	WITH_SHA512(return DO(sha512_finish)(&s->sha512, digest) == 0;)
	default:
		return false;
	}
}

static bool
clone(union state *s, const union state *from, enum smtp__hash_kind kind)
{
	switch (kind) {
	WITH_MD5(
		mbedtls_md5_init(&s->md5);
		mbedtls_md5_clone(&s->md5, &from->md5);
		return true;)
	WITH_SHA1(
		mbedtls_sha1_init(&s->sha1);
		mbedtls_sha1_clone(&s->sha1, &from->sha1);
		return true;)
	WITH_SHA256(
		mbedtls_sha256_init(&s->sha256);
		mbedtls_sha256_clone(&s->sha256, &from->sha256);
		return true;)
	WITH_SHA512(
		mbedtls_sha512_init(&s->sha512);
		mbedtls_sha512_clone(&s->sha512, &from->sha512);
		return true;)
	default:
		return false;
	}
}

static void
clear(union state *s, enum smtp__hash_kind kind)
{
	switch (kind) {
	WITH_MD5(mbedtls_md5_free(&s->md5); break;)
	WITH_SHA1(mbedtls_sha1_free(&s->sha1); break;)
	WITH_SHA256(mbedtls_sha256_free(&s->sha256); break;)
	WITH_SHA512(mbedtls_sha512_free(&s->sha512); break;)
	default:
		break;
	}
}

#define HAVE(kind) have(kind)

#endif

/* An accelerator's context may be larger: then SMTP__HASH_STATE is to grow. */
_Static_assert(sizeof(union state) <= SMTP__HASH_STATE,
    "SMTP__HASH_STATE is smaller than a digest's state");
_Static_assert(_Alignof(union state) <= _Alignof(struct smtp__hash),
    "struct smtp__hash is not aligned for a digest's state");

static union state *
state_of(struct smtp__hash *hash)
{
	return (union state *)(void *)hash->state.octets;
}

size_t
smtp__hash_length(enum smtp__hash_kind kind)
{
	static const unsigned char length[] = {
		[SMTP__MD5] = 16,
		[SMTP__SHA1] = 20,
		[SMTP__SHA256] = 32,
		[SMTP__SHA512] = 64
	};

	return HAVE(kind) ? length[kind] : 0;
}

void
smtp__hash_init(struct smtp__hash *hash, enum smtp__hash_kind kind)
{
	hash->kind = kind;
	hash->failed = !start(state_of(hash), kind);
}

void
smtp__hash_feed(struct smtp__hash *hash, const void *p, size_t n)
{
	if (n > 0 && !hash->failed)
		hash->failed = !update(state_of(hash), hash->kind, p, n);
}

int
smtp__hash_take(struct smtp__hash *hash, unsigned char *digest)
{
	bool done = !hash->failed &&
	    finish(state_of(hash), hash->kind, digest);

	smtp__hash_wipe(hash);
	return done ? SMTP_OK : SMTP_E_UNSUPPORTED;
}

void
smtp__hash_wipe(struct smtp__hash *hash)
{
	clear(state_of(hash), hash->kind);
	smtp__wipe(&hash->state, sizeof hash->state);
	hash->failed = true;
}

void
smtp__hash_copy(struct smtp__hash *hash, const struct smtp__hash *from)
{
	const union state *s =
	    (const union state *)(const void *)from->state.octets;

	memset(&hash->state, 0, sizeof hash->state);
	hash->kind = from->kind;
	hash->failed = from->failed ||
	    !clone(state_of(hash), s, from->kind);
}

int
smtp__hash(enum smtp__hash_kind kind, const void *p, size_t n,
    unsigned char *digest)
{
	struct smtp__hash hash;

	smtp__hash_init(&hash, kind);
	smtp__hash_feed(&hash, p, n);
	return smtp__hash_take(&hash, digest);
}

#endif
