/* SPDX-License-Identifier: MIT */
/*
 * Ed25519 (RFC 8032), which mbedTLS does not have: by libsodium in a build with
 * WITH_SODIUM=yes.
 */
#ifndef SMTP__ED25519_H
#define SMTP__ED25519_H

#include <stddef.h>

#include <smtp/status.h>

struct smtp__ed25519 {
	unsigned char secret[64];        /* the seed and the public key   */
	unsigned char public[32];
};

/*
 * Read a private key, PKCS #8 in PEM without password (RFC 8410). Returns
 * SMTP_OK, SMTP_E_ARGUMENT where it is no such key, SMTP_E_UNSUPPORTED where
 * it is one and the build cannot use it. Wipe it in the end.
 */
int
smtp__ed25519_read(struct smtp__ed25519 *key, const void *pem, size_t n);

/* From the 32 octets of a seed. SMTP_OK or SMTP_E_UNSUPPORTED. */
int
smtp__ed25519_seed(struct smtp__ed25519 *key, const unsigned char seed[32]);

/* SMTP_OK or SMTP_E_UNSUPPORTED. */
int
smtp__ed25519_sign(const struct smtp__ed25519 *key, const void *p, size_t n,
    unsigned char signature[64]);

#endif
