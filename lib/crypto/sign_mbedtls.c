/* SPDX-License-Identifier: MIT */
/* RSA by mbedTLS 2.28 and 3.x; each signature has its own random source. */
#include "crypto/sign.h"

#include <smtp/config.h>

#if SMTP_WITH_DKIM

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>

#include "crypto/hash.h"

struct smtp__key {
	mbedtls_pk_context pk;
};

struct source {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
};

static int
open_source(struct source *s)
{
	mbedtls_entropy_init(&s->entropy);
	mbedtls_ctr_drbg_init(&s->drbg);
	return mbedtls_ctr_drbg_seed(&s->drbg, mbedtls_entropy_func,
	    &s->entropy, NULL, 0);
}

static void
close_source(struct source *s)
{
	mbedtls_ctr_drbg_free(&s->drbg);
	mbedtls_entropy_free(&s->entropy);
}

static int
parse(mbedtls_pk_context *pk, const unsigned char *pem, size_t n,
    const char *password)
{
	const unsigned char *secret = (const unsigned char *)password;
	size_t secret_n = password != NULL ? strlen(password) : 0;
#if MBEDTLS_VERSION_MAJOR >= 3
	struct source s;
	int rc = open_source(&s);

	if (rc == 0)
		rc = mbedtls_pk_parse_key(pk, pem, n, secret, secret_n,
		    mbedtls_ctr_drbg_random, &s.drbg);
	close_source(&s);
	return rc;
#else
	return mbedtls_pk_parse_key(pk, pem, n, secret, secret_n);
#endif
}

/* Big numbers say it in the low bits, the others in the high. */
static bool
is_memory(int error)
{
	unsigned number = error < 0 ? (unsigned)-error : 0;

	return (number & 0x7F) == 0x10 ||
	    error == MBEDTLS_ERR_PK_ALLOC_FAILED ||
	    error == MBEDTLS_ERR_PEM_ALLOC_FAILED ||
	    error == MBEDTLS_ERR_MD_ALLOC_FAILED;
}

int
smtp__key_new(struct smtp__key **key, const void *pem, size_t n,
    const char *password)
{
	struct smtp__key *k = malloc(sizeof *k);
	/* mbedTLS takes PEM with its NUL. */
	unsigned char *copy = malloc(n + 1);
	int rc = SMTP_E_MEMORY;

	*key = NULL;
	if (k == NULL || copy == NULL) {
		free(k);
		free(copy);
		return rc;
	}
	memcpy(copy, pem, n);
	copy[n] = '\0';
	mbedtls_pk_init(&k->pk);
	rc = parse(&k->pk, copy, n + 1, password);
	smtp__wipe(copy, n);
	free(copy);
	if (rc == 0 && mbedtls_pk_can_do(&k->pk, MBEDTLS_PK_RSA)) {
		*key = k;
		return SMTP_OK;
	}
	smtp__key_free(k);
	return is_memory(rc) ? SMTP_E_MEMORY : SMTP_E_ARGUMENT;
}

void
smtp__key_free(struct smtp__key *key)
{
	if (key == NULL)
		return;
	mbedtls_pk_free(&key->pk);
	free(key);
}

size_t
smtp__key_bits(const struct smtp__key *key)
{
	return mbedtls_pk_get_bitlen(&key->pk);
}

size_t
smtp__key_public(const struct smtp__key *key, unsigned char *p, size_t n)
{
	mbedtls_pk_context pk = key->pk;
	int length = mbedtls_pk_write_pubkey_der(&pk, p, n);

	return length > 0 ? (size_t)length : 0;
}

int
smtp__key_sign(const struct smtp__key *key, const unsigned char digest[32],
    unsigned char *signature, size_t *n)
{
	/* What blinding changes is behind the pointer in it. */
	mbedtls_pk_context pk = key->pk;
	size_t length = 0;
	struct source s;
	int rc;

	if (*n < mbedtls_pk_get_len(&pk))
		return SMTP_E_UNSUPPORTED;
	rc = open_source(&s);
	if (rc == 0)
#if MBEDTLS_VERSION_MAJOR >= 3
		rc = mbedtls_pk_sign(&pk, MBEDTLS_MD_SHA256, digest, 32,
		    signature, *n, &length, mbedtls_ctr_drbg_random, &s.drbg);
#else
		rc = mbedtls_pk_sign(&pk, MBEDTLS_MD_SHA256, digest, 32,
		    signature, &length, mbedtls_ctr_drbg_random, &s.drbg);
#endif
	close_source(&s);
	*n = length;
	return rc == 0 ? SMTP_OK : is_memory(rc) ? SMTP_E_MEMORY :
	    SMTP_E_UNSUPPORTED;
}

#endif
