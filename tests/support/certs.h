/* SPDX-License-Identifier: MIT */
/* Certificates made on the spot, good and bad. */
#ifndef CERTS_H
#define CERTS_H

#include <stdbool.h>
#include <stddef.h>

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

enum cert_digest { CERT_SHA256, CERT_SHA384, CERT_SHA512, CERT_SHA1 };

struct cert_plan {
	const char *name;                /* the common name; "test" if NULL */
	const char *dns[5];              /* subjectAltName, to a NULL       */
	const char *ip[3];               /* the same, addresses as text     */
	const char *from, *to;           /* YYYYMMDDhhmmss; NULL: now valid */
	bool ca;
	unsigned rsa;                    /* bits of its key; 0: P-256       */
	enum cert_digest digest;         /* of the signature                */
	bool for_clients;                /* extended key usage: clients     */
};

struct cert {
	mbedtls_x509_crt crt;
	mbedtls_pk_context key;
};

/* Fails the test where it cannot. `issuer` NULL: signs itself. */
void
cert_make(struct cert *cert, const struct cert_plan *plan,
    const struct cert *issuer);
void
cert_free(struct cert *cert);

/* Append another to a chain, leaf first. */
void
cert_append(struct cert *cert, const struct cert *issuer);

/* PEM of the certificates, and of the key if `key`; to be freed. */
char *
cert_pem(const struct cert *cert, bool key);

/*
 * A list of revoked certificates, DER, by this authority, which may have
 * `revoked` in it; NULL: none. Returns its length.
 */
size_t
cert_revoked(unsigned char *der, size_t room, const struct cert *authority,
    const struct cert *revoked, const char *until);

/* For mbedTLS: the system's random octets. */
int
cert_random(void *ctx, unsigned char *p, size_t n);

#endif
