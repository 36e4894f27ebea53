/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "support/certs.h"

#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>

#include "net/identity.h"
#include "net/net.h"

#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

#if MBEDTLS_VERSION_MAJOR < 3
#define PRIVATE(field) field
#else
#define PRIVATE(field) MBEDTLS_PRIVATE(field)
#endif

int
cert_random(void *ctx, unsigned char *p, size_t n)
{
	(void)ctx;
	return smtp__net_random(p, n) ? 0 : -1;
}

static void
must(int error, const char *what)
{
	if (error != 0)
		fail_msg("%s: mbedTLS -0x%04x", what, (unsigned)-error);
}

static void
make_key(mbedtls_pk_context *key, unsigned rsa)
{
	mbedtls_pk_init(key);
	must(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(rsa > 0 ?
	    MBEDTLS_PK_RSA : MBEDTLS_PK_ECKEY)), "pk_setup");
	if (rsa > 0)
		must(mbedtls_rsa_gen_key(mbedtls_pk_rsa(*key), cert_random,
		    NULL, rsa, 65537), "rsa_gen_key");
	else
		must(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
		    mbedtls_pk_ec(*key), cert_random, NULL), "ecp_gen_key");
}

/* One GeneralName; names are short. */
static size_t
put_name(unsigned char *p, unsigned char tag, const void *octets, size_t n)
{
	assert_true(n < 128);
	p[0] = tag;
	p[1] = (unsigned char)n;
	memcpy(p + 2, octets, n);
	return n + 2;
}

static void
set_names(mbedtls_x509write_cert *w, const struct cert_plan *plan)
{
	static const char oid[] = "\x55\x1d\x11";
	unsigned char list[600], der[610], ip[16];
	size_t n = 0, at = 0;

	for (size_t i = 0; i < COUNT(plan->dns) && plan->dns[i] != NULL; i++)
		n += put_name(list + n, 0x82, plan->dns[i],
		    strlen(plan->dns[i]));
	for (size_t i = 0; i < COUNT(plan->ip) && plan->ip[i] != NULL; i++) {
		size_t ip_n = smtp__identity_ip(plan->ip[i], ip);

		assert_true(ip_n > 0);
		n += put_name(list + n, 0x87, ip, ip_n);
	}
	if (n == 0)
		return;
	der[at++] = 0x30;
	der[at++] = 0x82;
	der[at++] = (unsigned char)(n >> 8);
	der[at++] = (unsigned char)n;
	if (n < 128) {
		at = 1;
		der[at++] = (unsigned char)n;
	} else if (n < 256) {
		at = 1;
		der[at++] = 0x81;
		der[at++] = (unsigned char)n;
	}
	memcpy(der + at, list, n);
	must(mbedtls_x509write_crt_set_extension(w, oid, 3, 0, der, at + n),
	    "set_extension");
}

static void
set_usage(mbedtls_x509write_cert *w)
{
	static const char oid[] = "\x55\x1d\x25";
	static const unsigned char clients[] = {
		0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
		0x03, 0x02
	};

	must(mbedtls_x509write_crt_set_extension(w, oid, 3, 0, clients,
	    sizeof clients), "set_extension");
}

static void
set_serial(mbedtls_x509write_cert *w)
{
	unsigned char serial[8];

	assert_true(smtp__net_random(serial, sizeof serial));
	serial[0] &= 0x3f;
	serial[0] |= 0x10;
#if MBEDTLS_VERSION_MAJOR < 3
	mbedtls_mpi number;

	mbedtls_mpi_init(&number);
	must(mbedtls_mpi_read_binary(&number, serial, sizeof serial), "mpi");
	must(mbedtls_x509write_crt_set_serial(w, &number), "set_serial");
	mbedtls_mpi_free(&number);
#else
	must(mbedtls_x509write_crt_set_serial_raw(w, serial, sizeof serial),
	    "set_serial");
#endif
}

void
cert_make(struct cert *cert, const struct cert_plan *plan,
    const struct cert *issuer)
{
	static const mbedtls_md_type_t digests[] = { MBEDTLS_MD_SHA256,
	    MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512, MBEDTLS_MD_SHA1 };
	unsigned char der[2048];
	char subject[128], by[128] = "";
	mbedtls_x509write_cert w;
	mbedtls_pk_context *key;
	int n;

#if MBEDTLS_VERSION_MAJOR >= 3
	assert_int_equal(psa_crypto_init(), PSA_SUCCESS);
#endif
	make_key(&cert->key, plan->rsa);
	key = (mbedtls_pk_context *)(uintptr_t)(issuer != NULL ?
	    &issuer->key : &cert->key);
	snprintf(subject, sizeof subject, "CN=%s",
	    plan->name != NULL ? plan->name : "test");
	if (issuer != NULL)
		assert_true(mbedtls_x509_dn_gets(by, sizeof by,
		    &issuer->crt.subject) > 0);
	mbedtls_x509write_crt_init(&w);
	mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(&w, digests[plan->digest]);
	mbedtls_x509write_crt_set_subject_key(&w, &cert->key);
	mbedtls_x509write_crt_set_issuer_key(&w, key);
	must(mbedtls_x509write_crt_set_subject_name(&w, subject), subject);
	must(mbedtls_x509write_crt_set_issuer_name(&w,
	    issuer != NULL ? by : subject), "issuer");
	set_serial(&w);
	must(mbedtls_x509write_crt_set_validity(&w,
	    plan->from != NULL ? plan->from : "20200101000000",
	    plan->to != NULL ? plan->to : "20491231235959"), "validity");
	must(mbedtls_x509write_crt_set_basic_constraints(&w, plan->ca, -1),
	    "basic_constraints");
	set_names(&w, plan);
	if (plan->for_clients)
		set_usage(&w);
	n = mbedtls_x509write_crt_der(&w, der, sizeof der, cert_random, NULL);
	if (n < 0)
		must(n, "crt_der");
	mbedtls_x509write_crt_free(&w);
	mbedtls_x509_crt_init(&cert->crt);
	must(mbedtls_x509_crt_parse_der(&cert->crt, der + sizeof der - n,
	    (size_t)n), "parse");
	/* what mbedTLS as a server looks at, and would not let pass */
	if (plan->for_clients)
		cert->crt.PRIVATE(ext_types) &=
		    ~MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE;
}

void
cert_free(struct cert *cert)
{
	mbedtls_x509_crt_free(&cert->crt);
	mbedtls_pk_free(&cert->key);
}

void
cert_append(struct cert *cert, const struct cert *issuer)
{
	must(mbedtls_x509_crt_parse_der(&cert->crt, issuer->crt.raw.p,
	    issuer->crt.raw.len), "append");
}

char *
cert_pem(const struct cert *cert, bool key)
{
	size_t room = 16384, at = 0;
	unsigned char *pem = calloc(1, room);
	const mbedtls_x509_crt *is = &cert->crt;

	assert_non_null(pem);
	for (; is != NULL; is = is->next) {
		size_t n = 0;

		must(mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n",
		    "-----END CERTIFICATE-----\n", is->raw.p, is->raw.len,
		    pem + at, room - at, &n), "pem");
		at += strlen((char *)pem + at);
	}
	if (key)
		must(mbedtls_pk_write_key_pem((mbedtls_pk_context *)
		    (uintptr_t)&cert->key, pem + at, room - at), "key pem");
	return (char *)pem;
}

/* ---- lists of revoked certificates, RFC 5280 section 5.1 */

/* Written from the end to the beginning, as lengths come first. */
struct backwards {
	unsigned char *begin, *at, *end;
};

static void
put(struct backwards *b, const void *p, size_t n)
{
	assert_true((size_t)(b->at - b->begin) >= n);
	b->at -= n;
	memcpy(b->at, p, n);
}

/* Tag and length of all that was put since `from`. */
static void
wrap(struct backwards *b, unsigned char tag, const unsigned char *from)
{
	size_t n = (size_t)(from - b->at);
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
	const unsigned char *from = b->at;

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

static void
put_list(struct backwards *b, const struct cert *authority,
    const struct cert *revoked, const char *until)
{
	const unsigned char *from = b->at, *one = b->at;

	if (revoked != NULL) {
		put_time(b, "20240101000000Z");
		put(b, revoked->crt.serial.p, revoked->crt.serial.len);
		wrap(b, 0x02, b->at + revoked->crt.serial.len);
		wrap(b, 0x30, one);
		wrap(b, 0x30, one);
	}
	put_time(b, until);
	put_time(b, "20200101000000Z");
	put(b, authority->crt.subject_raw.p, authority->crt.subject_raw.len);
	put_algorithm(b);
	put(b, "\x02\x01\x01", 3);
	wrap(b, 0x30, from);
}

size_t
cert_revoked(unsigned char *der, size_t room, const struct cert *authority,
    const struct cert *revoked, const char *until)
{
	unsigned char list[1024], digest[32], signature[256];
	struct backwards b = { list, list + sizeof list, list + sizeof list };
	const unsigned char *tbs;
	size_t n = 0, tbs_n;

	put_list(&b, authority, revoked, until);
	tbs = b.at;
	tbs_n = (size_t)(b.end - b.at);
	must(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), tbs,
	    tbs_n, digest), "digest");
#if MBEDTLS_VERSION_MAJOR < 3
	must(mbedtls_pk_sign((mbedtls_pk_context *)(uintptr_t)&authority->key,
	    MBEDTLS_MD_SHA256, digest, 32, signature, &n, cert_random,
	    NULL), "sign");
#else
	must(mbedtls_pk_sign((mbedtls_pk_context *)(uintptr_t)&authority->key,
	    MBEDTLS_MD_SHA256, digest, 32, signature, sizeof signature, &n,
	    cert_random, NULL), "sign");
#endif
	b = (struct backwards){ der, der + room, der + room };
	put(&b, signature, n);
	put(&b, "", 1);
	wrap(&b, 0x03, b.end);
	put_algorithm(&b);
	put(&b, tbs, tbs_n);
	wrap(&b, 0x30, b.end);
	n = (size_t)(b.end - b.at);
	memmove(der, b.at, n);
	return n;
}
