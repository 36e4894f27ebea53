/* SPDX-License-Identifier: MIT */
/*
 * Private keys, for signatures over a SHA-256 digest.
 */
#ifndef SMTP__SIGN_H
#define SMTP__SIGN_H

#include <stddef.h>

#include <smtp/status.h>

#define SMTP__SIGNATURE_MAX 1024         /* RSA with 8192 bits            */

struct smtp__key;

/*
 * Read a PEM key. Returns SMTP_OK, SMTP_E_ARGUMENT (no RSA key, or the wrong
 * password), SMTP_E_UNSUPPORTED, SMTP_E_MEMORY.
 */
int
smtp__key_new(struct smtp__key **key, const void *pem, size_t n,
    const char *password);
void
smtp__key_free(struct smtp__key *key);

/* Bits of the modulus. */
size_t
smtp__key_bits(const struct smtp__key *key);

/*
 * The public key, SubjectPublicKeyInfo in DER, at the end of `p`; returns its
 * length, or 0 where there is no room.
 */
size_t
smtp__key_public(const struct smtp__key *key, unsigned char *p, size_t n);

/*
 * RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2). `*n` is the room, then
 * the length. SMTP_OK, SMTP_E_MEMORY or SMTP_E_UNSUPPORTED.
 */
int
smtp__key_sign(const struct smtp__key *key, const unsigned char digest[32],
    unsigned char *signature, size_t *n);

#endif
