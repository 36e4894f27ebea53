/* SPDX-License-Identifier: MIT */
#include "crypto/ed25519.h"

#include <smtp/config.h>

#if SMTP_WITH_SODIUM
#include <sodium.h>

int
smtp__ed25519_seed(struct smtp__ed25519 *key, const unsigned char seed[32])
{
	if (sodium_init() < 0)
		return SMTP_E_UNSUPPORTED;
	return crypto_sign_seed_keypair(key->public, key->secret, seed) == 0 ?
	    SMTP_OK : SMTP_E_UNSUPPORTED;
}

int
smtp__ed25519_sign(const struct smtp__ed25519 *key, const void *p, size_t n,
    unsigned char signature[64])
{
	return crypto_sign_detached(signature, NULL, p, n, key->secret) == 0 ?
	    SMTP_OK : SMTP_E_UNSUPPORTED;
}

#else

int
smtp__ed25519_seed(struct smtp__ed25519 *key, const unsigned char seed[32])
{
	(void)key;
	(void)seed;
	return SMTP_E_UNSUPPORTED;
}

int
smtp__ed25519_sign(const struct smtp__ed25519 *key, const void *p, size_t n,
    unsigned char signature[64])
{
	(void)key;
	(void)p;
	(void)n;
	(void)signature;
	return SMTP_E_UNSUPPORTED;
}

#endif
