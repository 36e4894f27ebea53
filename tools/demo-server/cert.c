/* SPDX-License-Identifier: MIT */
/*
 * Certificates made on the spot: a CA, and one for localhost, 127.0.0.1 and
 * ::1 under it, or one that a client must not take. Beside the CA lies a list
 * of what it revoked (revoke.c).
 */
#include "server.h"

#include <string.h>
#include <unistd.h>

#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#define PRIVATE(field) MBEDTLS_PRIVATE(field)
#else
#define PRIVATE(field) field
#endif

const char cert_kinds[] = "ok expired notyet wrongname wrongip cnonly "
	"selfsigned partialwildcard unknownca nointermediate wildcard idn "
	"nulname clientonly weakkey md5 sha1 forged notca oldissuer longchain "
	"revoked oldlist foreignlist rsa";

struct cert {
	const char *subject;
	const char *from, *to;           /* YYYYMMDDHHMMSS                  */
	const char *names;               /* dNSNames with blanks between    */
	bool addresses;                  /* 127.0.0.1 and ::1               */
	bool other_address;              /* 192.0.2.1                       */
	bool for_clients;                /* what its key is for             */
	unsigned rsa;                    /* bits of its key; 0: P-256       */
	mbedtls_md_type_t digest;        /* of its signature                */
};

static const char ca_name[] = "O=Demo,CN=Demo CA";

static struct cert
cert_of(const char *kind)
{
	struct cert c = {
		"O=Demo,CN=localhost", "20200101000000", "20491231235959",
		"localhost", true, false, false, 0, MBEDTLS_MD_SHA256
	};

	if (strcmp(kind, "expired") == 0)
		c.to = "20210101000000";
	if (strcmp(kind, "notyet") == 0)
		c.from = "20480101000000";
	if (strcmp(kind, "wrongname") == 0) {
		c.names = "mail.example.net xlocalhost localhost.example.net";
		c.addresses = false;
	}
	if (strcmp(kind, "wrongip") == 0) {
		c.names = "127.0.0.1 ::1";  /* names are no addresses */
		c.addresses = false;
		c.other_address = true;
		c.subject = "O=Demo,CN=127.0.0.1";
	}
	if (strcmp(kind, "cnonly") == 0) {
		c.names = NULL;
		c.addresses = false;
	}
	if (strcmp(kind, "partialwildcard") == 0) {
		c.names = "* l* *t local*st *.localhost";
		c.addresses = false;
	}
	if (strcmp(kind, "idn") == 0)
		c.names = "xn--bcher-kva.example";
	if (strcmp(kind, "nulname") == 0) {
		c.names = "localhost!.example.net";
		c.addresses = false;
	}
	c.for_clients = strcmp(kind, "clientonly") == 0;
	if (strcmp(kind, "weakkey") == 0)
		c.rsa = 1024;
	if (strcmp(kind, "rsa") == 0)
		c.rsa = 2048;            /* and its CA */
	if (strcmp(kind, "md5") == 0)
		c.digest = MBEDTLS_MD_MD5;
	if (strcmp(kind, "sha1") == 0)
		c.digest = MBEDTLS_MD_SHA1;
	if (strcmp(kind, "wildcard") == 0)
		c.names = "*.example.test LOCALHOST";
	return c;
}

/* subjectAltName by hand: 2.28 has no call for it. ! stands for a NUL. */
static size_t
san_add(unsigned char *san, size_t at, unsigned char tag, const void *p,
	size_t n)
{
	san[at] = tag;
	san[at + 1] = (unsigned char)n;
	memcpy(san + at + 2, p, n);
	if (tag == 0x82 && memchr(san + at + 2, '!', n) != NULL)
		*(unsigned char *)memchr(san + at + 2, '!', n) = '\0';
	return at + 2 + n;
}

static size_t
san_make(unsigned char san[128], const struct cert *c)
{
	static const unsigned char v4[4] = { 127, 0, 0, 1 };
	static const unsigned char v6[16] = { [15] = 1 };
	static const unsigned char other[4] = { 192, 0, 2, 1 };
	const char *name = c->names;
	size_t at = 2;

	while (name != NULL && *name != '\0') {
		size_t n = strcspn(name, " ");

		at = san_add(san, at, 0x82, name, n);
		name += n + (name[n] == ' ');
	}
	if (c->addresses) {
		at = san_add(san, at, 0x87, v4, sizeof v4);
		at = san_add(san, at, 0x87, v6, sizeof v6);
	}
	if (c->other_address)
		at = san_add(san, at, 0x87, other, sizeof other);
	san[0] = 0x30;
	san[1] = (unsigned char)(at - 2);
	return at > 2 ? at : 0;
}

static int
make_key(struct identity *id, mbedtls_pk_context *pk, unsigned rsa)
{
	int rc;

	mbedtls_pk_init(pk);
	rc = mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(rsa > 0 ?
		MBEDTLS_PK_RSA : MBEDTLS_PK_ECKEY));
	if (rc == 0 && rsa > 0)
		return mbedtls_rsa_gen_key(mbedtls_pk_rsa(*pk),
			mbedtls_ctr_drbg_random, &id->drbg, rsa, 65537);
	if (rc == 0)
		rc = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
			mbedtls_pk_ec(*pk), mbedtls_ctr_drbg_random,
			&id->drbg);
	return rc;
}

static int
set_serial(struct identity *id, mbedtls_x509write_cert *w)
{
	unsigned char serial[16];
	int rc = mbedtls_ctr_drbg_random(&id->drbg, serial, sizeof serial);

	serial[0] = (serial[0] & 0x7F) | 0x40;
#if MBEDTLS_VERSION_MAJOR >= 3
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_serial_raw(w, serial,
			sizeof serial);
#else
	mbedtls_mpi n;

	mbedtls_mpi_init(&n);
	if (rc == 0)
		rc = mbedtls_mpi_read_binary(&n, serial, sizeof serial);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_serial(w, &n);
	mbedtls_mpi_free(&n);
#endif
	return rc;
}

/* A certificate in PEM, c->names == NULL and is_ca for an authority. */
static int
make_cert(struct identity *id, const struct cert *c, bool is_ca,
	mbedtls_pk_context *key, const char *issuer,
	mbedtls_pk_context *issuer_key, unsigned char *pem, size_t size)
{
	const unsigned char usage[] = {
		0x30, 0x0A, 6, 8, 0x2B, 6, 1, 5, 5, 7, 3,
		c->for_clients ? 2 : 1
	};
	unsigned char san[128];
	mbedtls_x509write_cert w;
	size_t n = is_ca ? 0 : san_make(san, c);
	int rc;

	mbedtls_x509write_crt_init(&w);
	mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(&w, c->digest);
	mbedtls_x509write_crt_set_subject_key(&w, key);
	mbedtls_x509write_crt_set_issuer_key(&w, issuer_key);
	rc = set_serial(id, &w);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_subject_name(&w, c->subject);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_issuer_name(&w, issuer);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_validity(&w, c->from, c->to);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_basic_constraints(&w, is_ca,
			-1);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_subject_key_identifier(&w);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_authority_key_identifier(&w);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_key_usage(&w, is_ca ?
			MBEDTLS_X509_KU_KEY_CERT_SIGN |
			MBEDTLS_X509_KU_CRL_SIGN :
			MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
	if (rc == 0 && !is_ca)
		rc = mbedtls_x509write_crt_set_extension(&w,
			MBEDTLS_OID_EXTENDED_KEY_USAGE,
			MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 0,
			usage, sizeof usage);
	if (rc == 0 && n > 0)
		rc = mbedtls_x509write_crt_set_extension(&w,
			MBEDTLS_OID_SUBJECT_ALT_NAME,
			MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0,
			san, n);
	if (rc == 0)
		rc = mbedtls_x509write_crt_pem(&w, pem, size,
			mbedtls_ctr_drbg_random, &id->drbg);
	mbedtls_x509write_crt_free(&w);
	return rc;
}

static int
write_text(const char *path, const unsigned char *pem)
{
	FILE *file = fopen(path, "w");
	int rc;

	if (file == NULL)
		return -1;
	rc = fputs((const char *)pem, file) < 0 ? -1 : 0;
	return fclose(file) == 0 ? rc : -1;
}

/* The SHA-256 of the public key's SubjectPublicKeyInfo, in hexadecimal. */
static int
make_pin(mbedtls_pk_context *key, char pin[65])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char der[512], hash[32];
	int n = mbedtls_pk_write_pubkey_der(key, der, sizeof der);

	if (n < 0 || mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
	    der + sizeof der - n, (size_t)n, hash) != 0)
		return -1;
	for (size_t i = 0; i < 32; i++) {
		pin[2 * i] = hex[hash[i] >> 4];
		pin[2 * i + 1] = hex[hash[i] & 15];
	}
	pin[64] = '\0';
	return 0;
}

/* Make one, and append it to what the server shows. */
static int
add_cert(struct identity *id, const struct cert *c, bool is_ca,
	mbedtls_pk_context *key, const char *issuer,
	mbedtls_pk_context *issuer_key)
{
	unsigned char pem[4096];
	int rc = make_cert(id, c, is_ca, key, issuer, issuer_key, pem,
		sizeof pem);

	return rc != 0 ? rc : mbedtls_x509_crt_parse(&id->chain, pem,
		strlen((char *)pem) + 1);
}

/* Issuers between the CA and the leaf, which the first of them signs. */
static int
make_issuers(struct identity *id, const char *kind, mbedtls_pk_context *key)
{
	struct cert c = cert_of("ok");
	int rc = 0, n = strcmp(kind, "longchain") == 0 ? 20 : 1;
	char name[2][40];

	if (strcmp(kind, "oldissuer") == 0)
		c.to = "20210101000000";
	for (int i = 1; rc == 0 && i <= n; i++) {
		(void)snprintf(name[0], sizeof name[0],
			"O=Demo,CN=Intermediate %d", i);
		(void)snprintf(name[1], sizeof name[1],
			"O=Demo,CN=Intermediate %d", i + 1);
		c.subject = name[0];
		rc = add_cert(id, &c, strcmp(kind, "notca") != 0, key,
			i == n ? ca_name : name[1],
			i == n ? &id->ca_key : key);
	}
	return rc;
}

static int
make_leaf(struct identity *id, const char *kind, mbedtls_pk_context *other)
{
	struct cert leaf = cert_of(kind);
	const char *issuer = ca_name;
	mbedtls_pk_context *signer = &id->ca_key;
	int rc;

	if (strcmp(kind, "unknownca") == 0)
		issuer = "O=Somebody else,CN=Another CA";
	if (strcmp(kind, "nointermediate") == 0)
		issuer = "O=Demo,CN=Demo Intermediate";
	if (strcmp(kind, "notca") == 0 || strcmp(kind, "oldissuer") == 0 ||
	    strcmp(kind, "longchain") == 0)
		issuer = "O=Demo,CN=Intermediate 1";
	if (issuer != ca_name || strcmp(kind, "forged") == 0)
		signer = other;
	if (strcmp(kind, "selfsigned") == 0) {
		signer = &id->key;
		issuer = leaf.subject;
	}
	rc = add_cert(id, &leaf, false, &id->key, issuer, signer);
	/* mbedTLS as a server would not show one for clients. */
	if (leaf.for_clients)
		id->chain.PRIVATE(ext_types) &=
			~MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE;
	if (rc == 0 && strstr(issuer, "Intermediate 1") != NULL)
		rc = make_issuers(id, kind, other);
	return rc;
}

static int
make_chain(struct identity *id, const char *kind, const char *ca_path)
{
	struct cert ca = cert_of("ok"), leaf = cert_of(kind);
	mbedtls_pk_context other;
	unsigned char pem[4096];
	int rc;

	ca.subject = ca_name;
	/* There is no ECDSA with MD5. */
	rc = make_key(id, &id->ca_key,
		leaf.digest == MBEDTLS_MD_MD5 || leaf.rsa == 2048 ? 2048 : 0);
	if (rc == 0)
		rc = make_key(id, &id->key, leaf.rsa);
	if (rc == 0)
		rc = make_key(id, &other, 0);
	if (rc == 0)
		rc = make_cert(id, &ca, true, &id->ca_key, ca_name,
			&id->ca_key, pem, sizeof pem);
	if (rc == 0)
		rc = write_text(ca_path, pem);
	if (rc == 0)
		rc = make_leaf(id, kind, &other);
	if (rc == 0 && strcmp(kind, "md5") != 0)
		rc = identity_revoke(id, strcmp(kind, "revoked") == 0,
			strcmp(kind, "foreignlist") == 0 ? &other :
			&id->ca_key, strcmp(kind, "oldlist") == 0 ?
			"20210101000000Z" : "20491231235959Z", ca_path);
	mbedtls_pk_free(&other);
	return rc;
}

static int
limit_version(mbedtls_ssl_config *conf, const char *only)
{
#if MBEDTLS_VERSION_MAJOR >= 3
	mbedtls_ssl_protocol_version v = MBEDTLS_SSL_VERSION_TLS1_2;

	if (only != NULL && strcmp(only, "1.3") == 0)
		v = MBEDTLS_SSL_VERSION_TLS1_3;
	else if (only != NULL && strcmp(only, "1.2") != 0)
		return -1;
	mbedtls_ssl_conf_min_tls_version(conf, v);
	if (only != NULL)
		mbedtls_ssl_conf_max_tls_version(conf, v);
#else
	int v = MBEDTLS_SSL_MINOR_VERSION_3;

	if (only != NULL && strcmp(only, "1.1") == 0)
		v = MBEDTLS_SSL_MINOR_VERSION_2;
	else if (only != NULL && strcmp(only, "1.2") != 0)
		return -1;
	mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, v);
	if (only != NULL)
		mbedtls_ssl_conf_max_version(conf,
			MBEDTLS_SSL_MAJOR_VERSION_3, v);
#endif
	return 0;
}

/* Tickets, so that clients can be seen to resume and to bear them. */
static int
configure(struct identity *id, const char *tls_version)
{
	int rc = mbedtls_ssl_config_defaults(&id->conf, MBEDTLS_SSL_IS_SERVER,
		MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);

	mbedtls_ssl_conf_rng(&id->conf, mbedtls_ctr_drbg_random, &id->drbg);
	mbedtls_ssl_conf_authmode(&id->conf, MBEDTLS_SSL_VERIFY_NONE);
	if (rc == 0)
		rc = limit_version(&id->conf, tls_version);
	if (rc == 0)
		rc = mbedtls_ssl_conf_own_cert(&id->conf, &id->chain,
			&id->key);
	if (rc == 0)
		rc = mbedtls_ssl_ticket_setup(&id->tickets,
			mbedtls_ctr_drbg_random, &id->drbg,
			MBEDTLS_CIPHER_AES_256_GCM, 3600);
	if (rc == 0)
		mbedtls_ssl_conf_session_tickets_cb(&id->conf,
			mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
			&id->tickets);
	return rc;
}

int
identity_make(struct identity *id, const char *kind, const char *tls_version,
	const char *ca_path, char pin[65])
{
	int rc;

	memset(id, 0, sizeof *id);
	mbedtls_entropy_init(&id->entropy);
	mbedtls_ctr_drbg_init(&id->drbg);
	mbedtls_x509_crt_init(&id->chain);
	mbedtls_ssl_config_init(&id->conf);
	mbedtls_ssl_ticket_init(&id->tickets);
#if MBEDTLS_VERSION_MAJOR >= 3
	if (psa_crypto_init() != PSA_SUCCESS)
		return -1;
#endif
	rc = mbedtls_ctr_drbg_seed(&id->drbg, mbedtls_entropy_func,
		&id->entropy, NULL, 0);
	if (rc == 0)
		rc = make_chain(id, kind, ca_path);
	if (rc == 0)
		rc = make_pin(&id->key, pin);
	if (rc == 0)
		rc = configure(id, tls_version);
	return rc;
}

/* Processes of one parent must not draw the same numbers. */
int
identity_after_fork(struct identity *id)
{
	long pid = (long)getpid();

#if MBEDTLS_VERSION_MAJOR >= 3
	mbedtls_psa_crypto_free();
	if (psa_crypto_init() != PSA_SUCCESS)
		return -1;
#endif
	return mbedtls_ctr_drbg_reseed(&id->drbg, (unsigned char *)&pid,
		sizeof pid);
}

size_t
identity_end_point(const struct identity *id, unsigned char *out)
{
	const mbedtls_x509_crt *crt = &id->chain;

	return mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
		crt->raw.p, crt->raw.len, out) == 0 ? 32 : 0;
}
