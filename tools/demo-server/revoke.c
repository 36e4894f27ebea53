/* SPDX-License-Identifier: MIT */
/*
 * A list of revoked certificates, RFC 5280 section 5.1, which mbedTLS reads
 * and does not write. It is put together from its end to its beginning, since
 * lengths come first.
 */
#include "server.h"

#include <string.h>

#include <mbedtls/md.h>
#include <mbedtls/version.h>

struct backwards {
	unsigned char octets[1024];
	size_t at;               /* what is there begins here */
};

static void
put(struct backwards *b, const void *p, size_t n)
{
	if (n > b->at)
		n = b->at;       /* then the list is none, and a test says so */
	b->at -= n;
	memcpy(b->octets + b->at, p, n);
}

/* Tag and length of all that was put since `from`. */
static void
wrap(struct backwards *b, unsigned char tag, size_t from)
{
	size_t n = from - b->at;
	const unsigned char head[] = { tag, 0x82, (unsigned char)(n >> 8),
		(unsigned char)n };
	const unsigned char little[] = { tag, (unsigned char)n };

	if (n < 128)
		put(b, little, sizeof little);
	else
		put(b, head, sizeof head);
}

static void
put_time(struct backwards *b, const char *text)
{
	size_t from = b->at;

	put(b, text, strlen(text));
	wrap(b, 0x18, from);
}

static void
put_algorithm(struct backwards *b)
{
	static const unsigned char ecdsa_with_sha256[] = { 0x30, 0x0a, 0x06,
		0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };

	put(b, ecdsa_with_sha256, sizeof ecdsa_with_sha256);
}

/* What is signed. */
static void
put_list(struct backwards *b, const mbedtls_x509_crt *crt, bool revoked,
	const char *until)
{
	size_t from = b->at, one = b->at;

	if (revoked) {
		put_time(b, "20240101000000Z");
		put(b, crt->serial.p, crt->serial.len);
		wrap(b, 0x02, b->at + crt->serial.len);
		wrap(b, 0x30, one);
		wrap(b, 0x30, one);
	}
	put_time(b, until);
	put_time(b, "20200101000000Z");
	put(b, crt->issuer_raw.p, crt->issuer_raw.len);
	put_algorithm(b);
	put(b, "\x02\x01\x01", 3);
	wrap(b, 0x30, from);
}

static int
sign(struct identity *id, mbedtls_pk_context *key, const unsigned char *p,
	size_t n, unsigned char signature[256], size_t *size)
{
	unsigned char digest[32];
	int rc = mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), p,
		n, digest);

	if (rc != 0)
		return rc;
#if MBEDTLS_VERSION_MAJOR >= 3
	return mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, digest, 32, signature,
		256, size, mbedtls_ctr_drbg_random, &id->drbg);
#else
	return mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, digest, 32, signature,
		size, mbedtls_ctr_drbg_random, &id->drbg);
#endif
}

int
identity_revoke(struct identity *id, bool revoked, mbedtls_pk_context *key,
	const char *until, const char *ca_path)
{
	struct backwards list = { .at = sizeof list.octets };
	struct backwards whole = { .at = sizeof whole.octets };
	unsigned char signature[256];
	char path[600];
	size_t n = 0, size;
	FILE *file;
	int rc;

	put_list(&list, &id->chain, revoked, until);
	size = sizeof list.octets - list.at;
	rc = sign(id, key, list.octets + list.at, size, signature, &n);
	if (rc != 0)
		return rc;
	put(&whole, signature, n);
	put(&whole, "", 1);
	wrap(&whole, 0x03, sizeof whole.octets);
	put_algorithm(&whole);
	put(&whole, list.octets + list.at, size);
	wrap(&whole, 0x30, sizeof whole.octets);
	(void)snprintf(path, sizeof path, "%s.crl", ca_path);
	size = sizeof whole.octets - whole.at;
	file = fopen(path, "wb");
	if (file == NULL)
		return -1;
	rc = fwrite(whole.octets + whole.at, 1, size, file) == size ? 0 : -1;
	return fclose(file) == 0 ? rc : -1;
}
