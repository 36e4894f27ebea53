/* SPDX-License-Identifier: MIT */
/* What TLS sessions share: parameters, trust anchors, a client's key. */
#include "net/tls.h"

#if SMTP_WITH_TLS

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/pkcs12.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#if MBEDTLS_VERSION_MAJOR >= 3 && defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#define WITH_PSA 1
#else
#define WITH_PSA 0
#endif

#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_MAJOR >= 3
#define WITH_TLS13 1
#else
#define WITH_TLS13 0
#endif

#include "file/file.h"

/* A key with all its certificates is far below it. */
#define OWN_FILE_MAX (1L << 20)

/*
 * Nothing of it changes once it is made, so threads need no lock; the random
 * source is the system's and has no state. (A client key of RSA is locked by
 * mbedTLS itself, if that was built with MBEDTLS_THREADING_C.)
 */
struct smtp__tls_shared {
	atomic_int users;
	bool verify;
	bool pin_only;
	unsigned char pins[SMTP__TLS_PINS][32];
	size_t pins_n;
	mbedtls_ssl_config config;
	mbedtls_ssl_config older;        /* TLS 1.2 at most                 */
	mbedtls_x509_crt ca, cert;
#if defined(MBEDTLS_X509_CRL_PARSE_C)
	mbedtls_x509_crl crl;
#endif
	mbedtls_pk_context key;
	bool resumption;
	struct smtp__tls_cache cache;
};

/* ---- parameters */

static int
random_octets(void *ctx, unsigned char *p, size_t n)
{
	(void)ctx;
	return smtp__net_random(p, n) ? 0 : -1;
}

/*
 * RFC 9325 section 4.2: forward secrecy always, AEAD first; CBC at the end, for
 * servers that have nothing else. ChaCha20 before AES, as it is the faster one
 * in mbedTLS on every processor: with the instructions for AES by a third in
 * 2.28 (341 and 230 MB/s) and by a fifth in 3.6 (408 and 336), without them by
 * far. The library leaves out what it has not.
 */
static const int suites[] = {
	0x1303,         /* TLS_CHACHA20_POLY1305_SHA256                     */
	0x1301,         /* TLS_AES_128_GCM_SHA256                           */
	0x1302,         /* TLS_AES_256_GCM_SHA384                           */
	0xCCA9,         /* ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256        */
	0xCCA8,         /* ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256          */
	0xC02B,         /* ECDHE_ECDSA_WITH_AES_128_GCM_SHA256              */
	0xC02F,         /* ECDHE_RSA_WITH_AES_128_GCM_SHA256                */
	0xC02C,         /* ECDHE_ECDSA_WITH_AES_256_GCM_SHA384              */
	0xC030,         /* ECDHE_RSA_WITH_AES_256_GCM_SHA384                */
	0xCCAA,         /* DHE_RSA_WITH_CHACHA20_POLY1305_SHA256            */
	0x009E,         /* DHE_RSA_WITH_AES_128_GCM_SHA256                  */
	0x009F,         /* DHE_RSA_WITH_AES_256_GCM_SHA384                  */
	0xC023,         /* ECDHE_ECDSA_WITH_AES_128_CBC_SHA256              */
	0xC027,         /* ECDHE_RSA_WITH_AES_128_CBC_SHA256                */
	0xC024,         /* ECDHE_ECDSA_WITH_AES_256_CBC_SHA384              */
	0xC028,         /* ECDHE_RSA_WITH_AES_256_CBC_SHA384                */
	0xC009,         /* ECDHE_ECDSA_WITH_AES_128_CBC_SHA                 */
	0xC013,         /* ECDHE_RSA_WITH_AES_128_CBC_SHA                   */
	0xC00A,         /* ECDHE_ECDSA_WITH_AES_256_CBC_SHA                 */
	0xC014,         /* ECDHE_RSA_WITH_AES_256_CBC_SHA                   */
	0
};

#if MBEDTLS_VERSION_MAJOR < 3
/* X25519 first makes a handshake a third cheaper; 3.x has that order. */
static const mbedtls_ecp_group_id curves[] = {
#if defined(MBEDTLS_ECP_DP_CURVE25519_ENABLED)
	MBEDTLS_ECP_DP_CURVE25519,
#endif
#if defined(MBEDTLS_ECP_DP_SECP256R1_ENABLED)
	MBEDTLS_ECP_DP_SECP256R1,
#endif
#if defined(MBEDTLS_ECP_DP_SECP384R1_ENABLED)
	MBEDTLS_ECP_DP_SECP384R1,
#endif
#if defined(MBEDTLS_ECP_DP_SECP521R1_ENABLED)
	MBEDTLS_ECP_DP_SECP521R1,
#endif
#if defined(MBEDTLS_ECP_DP_BP256R1_ENABLED)
	MBEDTLS_ECP_DP_BP256R1,
#endif
#if defined(MBEDTLS_ECP_DP_BP384R1_ENABLED)
	MBEDTLS_ECP_DP_BP384R1,
#endif
#if defined(MBEDTLS_ECP_DP_BP512R1_ENABLED)
	MBEDTLS_ECP_DP_BP512R1,
#endif
	MBEDTLS_ECP_DP_NONE
};

/* For signatures within the handshake: no SHA-1. */
static const int digests[] = {
	MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512,
	MBEDTLS_MD_NONE
};
#endif

#if WITH_TLS13
/*
 * PKCS1 before PSS. A server of TLS 1.2 may sign with either (RFC 8446 section
 * 4.2.3), and mostly takes the first of ours; but 3.6 refuses PSS there, which
 * its own order has in front. In TLS 1.3 PKCS1 is not used anyway. No SHA-1.
 */
static const uint16_t signatures[] = {
	0x0403,         /* ecdsa_secp256r1_sha256                           */
	0x0503,         /* ecdsa_secp384r1_sha384                           */
	0x0603,         /* ecdsa_secp521r1_sha512                           */
	0x0401,         /* rsa_pkcs1_sha256                                 */
	0x0501,         /* rsa_pkcs1_sha384                                 */
	0x0601,         /* rsa_pkcs1_sha512                                 */
	0x0804,         /* rsa_pss_rsae_sha256                              */
	0x0805,         /* rsa_pss_rsae_sha384                              */
	0x0806,         /* rsa_pss_rsae_sha512                              */
	0
};
#endif

/* RFC 8996, RFC 9325 section 3.1.1: nothing below TLS 1.2. */
static void
set_versions(mbedtls_ssl_config *config, bool tls13_only)
{
#if MBEDTLS_VERSION_MAJOR < 3
	(void)tls13_only;
	mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3,
	    MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_curves(config, curves);
	mbedtls_ssl_conf_sig_hashes(config, digests);
#else
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#if WITH_TLS13
	mbedtls_ssl_conf_sig_algs(config, signatures);
	if (tls13_only)
		mbedtls_ssl_conf_min_tls_version(config,
		    MBEDTLS_SSL_VERSION_TLS1_3);
#else
	(void)tls13_only;
#endif
#endif
}

/*
 * To resume: session numbers and tickets of TLS 1.2, tickets of TLS 1.3, and
 * there never without a fresh exchange of keys.
 */
static void
set_resumption(mbedtls_ssl_config *config, bool wanted)
{
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
	mbedtls_ssl_conf_session_tickets(config, wanted ?
	    MBEDTLS_SSL_SESSION_TICKETS_ENABLED :
	    MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#if defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED) && \
	WITH_TLS13
	mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config,
	    wanted ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED :
	    MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
#endif
#else
	(void)config;
	(void)wanted;
#endif
#if WITH_TLS13
	mbedtls_ssl_conf_tls13_key_exchange_modes(config,
	    MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
#endif
}

static int
set_parameters(struct smtp__tls_shared *shared, mbedtls_ssl_config *config,
    bool tls13_only)
{
	int error = mbedtls_ssl_config_defaults(config,
	    MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
	    MBEDTLS_SSL_PRESET_DEFAULT);

	if (error != 0)
		return error;
	set_versions(config, tls13_only);
	set_resumption(config, shared->resumption);
	mbedtls_ssl_conf_ciphersuites(config, suites);
	mbedtls_ssl_conf_cert_profile(config,
	    &mbedtls_x509_crt_profile_default);
#if MBEDTLS_VERSION_MAJOR < 4
	mbedtls_ssl_conf_rng(config, random_octets, NULL);
#endif
#if defined(MBEDTLS_DHM_C) && MBEDTLS_VERSION_MAJOR < 4
	mbedtls_ssl_conf_dhm_min_bitlen(config, 2048);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
	mbedtls_ssl_conf_renegotiation(config,
	    MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_EARLY_DATA)
	mbedtls_ssl_conf_early_data(config, MBEDTLS_SSL_EARLY_DATA_DISABLED);
#endif
	/* without verification the result is looked at all the same, so that
	 * it can be told */
	mbedtls_ssl_conf_authmode(config, shared->verify ?
	    MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_OPTIONAL);
#if defined(MBEDTLS_X509_CRL_PARSE_C)
	mbedtls_ssl_conf_ca_chain(config, &shared->ca, &shared->crl);
#else
	mbedtls_ssl_conf_ca_chain(config, &shared->ca, NULL);
#endif
	return 0;
}

static int
set_older_parameters(struct smtp__tls_shared *shared)
{
	int error = set_parameters(shared, &shared->older, false);

#if WITH_TLS13
	mbedtls_ssl_conf_max_tls_version(&shared->older,
	    MBEDTLS_SSL_VERSION_TLS1_2);
#endif
	return error;
}

/* ---- trust anchors and the client's key */

static int
refuse(struct smtp__out *why, int status, const char *what,
    const char *words)
{
	smtp__out_text(why, what);
	smtp__out_text(why, words);
	return status;
}

static int
refuse_memory(struct smtp__out *why)
{
	return refuse(why, SMTP_E_MEMORY, "no memory for TLS", "");
}

/*
 * To the library a key for which there was no memory may be none that it knows,
 * and a file that cannot be opened without memory is none. What malloc leaves
 * in errno, which is 0 before a call, tells them apart.
 */
static int
hungry(int error)
{
#if defined(ENOMEM)
	if (error != 0 && errno == ENOMEM)
		return MBEDTLS_ERR_PK_ALLOC_FAILED;
#endif
	return error;
}

/*
 * What is in memory, as the parsers want it: they know PEM by a NUL at its end,
 * which counts; DER begins with a SEQUENCE. To be freed; NULL: no memory.
 */
static unsigned char *
with_nul(const void *p, size_t n, size_t *length)
{
	unsigned char *copy = malloc(n + 1);

	if (copy == NULL)
		return NULL;
	if (n > 0)
		memcpy(copy, p, n);
	copy[n] = '\0';
	*length = n > 0 && copy[0] == 0x30 ? n : n + 1;
	return copy;
}

/* There may have been a private key in it. */
static void
free_own(unsigned char *p, size_t n)
{
	mbedtls_platform_zeroize(p, n);
	free(p);
}

#if defined(MBEDTLS_FS_IO)

static bool
is_unreadable(int error)
{
	return error == MBEDTLS_ERR_X509_FILE_IO_ERROR ||
	    error == MBEDTLS_ERR_PK_FILE_IO_ERROR;
}

/* Above 0 some certificates could not be read; one that could is enough. */
static int
load_certificates(mbedtls_x509_crt *crt, const char *path, int error,
    struct smtp__out *why)
{
	if (error >= 0 && crt->raw.p != NULL)
		return SMTP_OK;
	if (smtp__tls_is_memory(error))
		return refuse_memory(why);
	return refuse(why, SMTP_E_ARGUMENT, path, is_unreadable(error) ?
	    ": cannot be read" : ": no certificate in it that can be used");
}

#ifdef _WIN32

/*
 * mbedTLS opens names of the code page; ours are UTF-8. It wants PEM with the
 * NUL behind it counted, and DER without.
 */
static size_t
counted(const unsigned char *p, size_t n)
{
	return n > 0 && p[0] == 0x30 ? n : n + 1;
}

static int
parse_file(mbedtls_x509_crt *crt, const char *path)
{
	size_t n = 0;
	unsigned char *p = smtp__file_all(path, &n);
	int error = MBEDTLS_ERR_X509_FILE_IO_ERROR;

	if (p != NULL)
		error = mbedtls_x509_crt_parse(crt, p, counted(p, n));
	free(p);
	return error;
}

struct folder {
	mbedtls_x509_crt *crt;
	int error;
};

static void
parse_one(void *ctx, const char *path)
{
	struct folder *folder = ctx;
	int error = parse_file(folder->crt, path);

	if (smtp__tls_is_memory(error))
		folder->error = error;
	else if (error != 0 && folder->error >= 0)
		folder->error++;
}

static int
parse_path(mbedtls_x509_crt *crt, const char *path)
{
	struct folder folder = { crt, 0 };

	return smtp__file_each(path, parse_one, &folder) ? folder.error :
	    MBEDTLS_ERR_X509_FILE_IO_ERROR;
}

#else
#define parse_file mbedtls_x509_crt_parse_file
#define parse_path mbedtls_x509_crt_parse_path
#endif

static int
load_file(mbedtls_x509_crt *crt, const char *path, struct smtp__out *why)
{
	errno = 0;
	return load_certificates(crt, path, hungry(parse_file(crt, path)),
	    why);
}

static int
load_directory(mbedtls_x509_crt *crt, const char *path,
    struct smtp__out *why)
{
	errno = 0;
	return load_certificates(crt, path, hungry(parse_path(crt, path)),
	    why);
}

/*
 * Where systems keep them: Debian and Gentoo; Fedora and RHEL (two ages);
 * openSUSE; the BSDs, macOS and Alpine; FreeBSD's port; NetBSD; Solaris.
 */
static const char *const places[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/usr/local/share/certs/ca-root-nss.crt",
	"/usr/local/etc/ssl/cert.pem",
	"/etc/openssl/certs/ca-certificates.crt",
	"/etc/certs/ca-certificates.crt",
	NULL
};

/* And as folders of single files: any system, Android. */
static const char *const folders[] = {
	"/etc/ssl/certs",
	"/etc/openssl/certs",
	"/system/etc/security/cacerts",
	NULL
};

#ifdef _WIN32
static bool
take_authority(void *ctx, const unsigned char *der, size_t n)
{
	/* what cannot be read is of no use, and no harm */
	return !smtp__tls_is_memory(mbedtls_x509_crt_parse_der(ctx, der, n));
}
#endif

static int
load_system(mbedtls_x509_crt *crt, const char *const *files,
    struct smtp__out *why)
{
	const char *const *at;
	size_t before = why->n;
	int status;

#ifdef _WIN32
	if (files == NULL) {
		if (!smtp__net_authorities(take_authority, crt))
			return refuse_memory(why);
		return crt->raw.p != NULL ? SMTP_OK : refuse(why, SMTP_E_TLS,
		    "the certificate store of this system is empty; name a "
		    "file of authorities with the option ", "ca-file");
	}
#endif
	for (at = files != NULL ? files : places; *at != NULL; at++) {
		status = load_file(crt, *at, why);
		if (status != SMTP_E_ARGUMENT)
			return status;
		why->n = before;
	}
	for (at = folders; files == NULL && *at != NULL; at++) {
		status = load_directory(crt, *at, why);
		if (status != SMTP_E_ARGUMENT)
			return status;
		why->n = before;
	}
	return refuse(why, SMTP_E_TLS, "this system has no certificates of "
	    "authorities where they are known to be; name a file of them "
	    "with the option ", "ca-file");
}

/*
 * A file that may have a private key in it, to be wiped and freed. The library
 * would read it through a buffer of stdio, of which a copy stays in memory.
 */
static int
read_file(const char *path, unsigned char **p, size_t *n)
{
	FILE *file;
	int64_t size = -1;
	int error = MBEDTLS_ERR_PK_FILE_IO_ERROR;

	errno = 0;
	file = smtp__file_open(path);
	if (file == NULL)
		return hungry(error);
	(void)setvbuf(file, NULL, _IONBF, 0);
	if (smtp__file_seek(file, 0, SEEK_END) == 0)
		size = smtp__file_tell(file);
	if (size > 0 && size < OWN_FILE_MAX &&
	    smtp__file_seek(file, 0, SEEK_SET) == 0) {
		*n = (size_t)size;
		*p = malloc(*n);
		error = *p == NULL ? MBEDTLS_ERR_PK_ALLOC_FAILED :
		    fread(*p, 1, *n, file) == *n ? 0 : error;
		if (error == MBEDTLS_ERR_PK_FILE_IO_ERROR)
			free_own(*p, *n);
	}
	(void)fclose(file);
	return error;
}

static int
load_own_file(mbedtls_x509_crt *crt, const char *path, struct smtp__out *why)
{
	unsigned char *p = NULL, *copy;
	size_t n = 0, length;
	int error = read_file(path, &p, &n);

	if (error == 0) {
		copy = with_nul(p, n, &length);
		free_own(p, n);
		if (copy == NULL)
			return refuse_memory(why);
		errno = 0;
		error = hungry(mbedtls_x509_crt_parse(crt, copy, length));
		free_own(copy, length);
	}
	return load_certificates(crt, path, error, why);
}

#if defined(MBEDTLS_X509_CRL_PARSE_C)
#ifdef _WIN32
static int
load_crl_file(mbedtls_x509_crl *crl, const char *path)
{
	size_t n = 0;
	unsigned char *p = smtp__file_all(path, &n);
	int error = MBEDTLS_ERR_X509_FILE_IO_ERROR;

	if (p != NULL)
		error = mbedtls_x509_crl_parse(crl, p, counted(p, n));
	free(p);
	return error;
}
#else
static int
load_crl_file(mbedtls_x509_crl *crl, const char *path)
{
	return mbedtls_x509_crl_parse_file(crl, path);
}
#endif
#endif

#else /* a system without files */

static int
no_files(struct smtp__out *why)
{
	return refuse(why, SMTP_E_UNSUPPORTED,
	    "this build of mbedTLS reads no files", "");
}

static int
load_file(mbedtls_x509_crt *crt, const char *path, struct smtp__out *why)
{
	(void)crt;
	(void)path;
	return no_files(why);
}

#define load_directory load_file
#define load_own_file load_file

static int
load_system(mbedtls_x509_crt *crt, const char *const *files,
    struct smtp__out *why)
{
	(void)crt;
	(void)files;
	return no_files(why);
}

static bool
is_unreadable(int error)
{
	return error == MBEDTLS_ERR_PK_FILE_IO_ERROR;
}

static int
read_file(const char *path, unsigned char **p, size_t *n)
{
	(void)path;
	(void)p;
	(void)n;
	return MBEDTLS_ERR_PK_FILE_IO_ERROR;
}

#if defined(MBEDTLS_X509_CRL_PARSE_C)
static int
load_crl_file(mbedtls_x509_crl *crl, const char *path)
{
	(void)crl;
	(void)path;
	return MBEDTLS_ERR_X509_FILE_IO_ERROR;
}
#endif

#endif

static int
load_memory(mbedtls_x509_crt *crt, const void *p, size_t n, const char *what,
    struct smtp__out *why)
{
	size_t length;
	unsigned char *copy = with_nul(p, n, &length);
	int error;

	if (copy == NULL)
		return refuse_memory(why);
	errno = 0;
	error = hungry(mbedtls_x509_crt_parse(crt, copy, length));
	free_own(copy, length);
	if (error >= 0)
		return SMTP_OK;
	if (smtp__tls_is_memory(error))
		return refuse_memory(why);
	return refuse(why, SMTP_E_ARGUMENT,
	    "no certificate that can be used ", what);
}

/* ---- the client's own */

void
smtp__tls_clean_stack(void)
{
	unsigned char below[16384];

	mbedtls_platform_zeroize(below, sizeof below);
}

static int
parse_key(mbedtls_pk_context *key, const void *p, size_t n,
    const char *password)
{
	size_t length, word = password != NULL ? strlen(password) : 0;
	unsigned char *copy = with_nul(p, n, &length);
	int error;

	if (copy == NULL)
		return MBEDTLS_ERR_PK_ALLOC_FAILED;
	errno = 0;
#if MBEDTLS_VERSION_MAJOR == 3
	error = mbedtls_pk_parse_key(key, copy, length,
	    (const unsigned char *)password, word, random_octets, NULL);
#else
	error = mbedtls_pk_parse_key(key, copy, length,
	    (const unsigned char *)password, word);
#endif
	error = hungry(error);
	free_own(copy, length);
	smtp__tls_clean_stack();
	return error;
}

static int
load_key_file(mbedtls_pk_context *key, const char *path, const char *password)
{
	unsigned char *p;
	size_t n;
	int error = read_file(path, &p, &n);

	if (error != 0)
		return error;
	error = parse_key(key, p, n, password);
	free_own(p, n);
	return error;
}

static int
check_pair(const mbedtls_pk_context *public, const mbedtls_pk_context *key)
{
#if MBEDTLS_VERSION_MAJOR == 3
	return mbedtls_pk_check_pair(public, key, random_octets, NULL);
#else
	return mbedtls_pk_check_pair(public, key);
#endif
}

/* Encrypted in a way that this version has not: AES is in 3.6 only. */
static bool
is_unknown_cipher(int error)
{
	switch (error) {
	case MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE:
	case MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE:
	case MBEDTLS_ERR_PKCS12_FEATURE_UNAVAILABLE:
	case MBEDTLS_ERR_PEM_UNKNOWN_ENC_ALG:
		return true;
	default:
		return false;
	}
}

/* `what` is its file, or stands for the memory. */
static int
refuse_key(const char *what, int error, struct smtp__out *why)
{
	if (smtp__tls_is_memory(error))
		return refuse_memory(why);
	if (is_unreadable(error))
		return refuse(why, SMTP_E_ARGUMENT, what, ": cannot be read");
	if (error == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
		return refuse(why, SMTP_E_ARGUMENT, what,
		    ": the key needs a password");
	if (error == MBEDTLS_ERR_PK_PASSWORD_MISMATCH)
		return refuse(why, SMTP_E_ARGUMENT, what,
		    ": the password of the key is wrong");
	if (is_unknown_cipher(error))
		return refuse(why, SMTP_E_ARGUMENT, what, ": the key is of a "
		    "kind, or encrypted in a way, that this build of mbedTLS "
		    "does not know");
	return refuse(why, SMTP_E_ARGUMENT, what,
	    ": no private key in it that can be used");
}

static int
load_client_key(struct smtp__tls_shared *shared,
    const struct smtp__tls_settings *s, const char **what)
{
	const char *password = s->key_password;

	if (s->cert != NULL) {
		*what = "the key in memory";
		return s->key != NULL ?
		    parse_key(&shared->key, s->key, s->key_n, password) :
		    parse_key(&shared->key, s->cert, s->cert_n, password);
	}
	*what = s->key_file != NULL ? s->key_file : s->cert_file;
	return load_key_file(&shared->key, *what, password);
}

/* One file, or one piece of memory, may hold both. Memory goes before. */
static int
load_client(struct smtp__tls_shared *shared,
    const struct smtp__tls_settings *s, struct smtp__out *why)
{
	const char *what;
	int status, error;

	if (s->cert == NULL && s->cert_file == NULL)
		return s->key_file == NULL ? SMTP_OK : refuse(why,
		    SMTP_E_ARGUMENT, s->key_file,
		    ": a key without a certificate");
	status = s->cert == NULL ?
	    load_own_file(&shared->cert, s->cert_file, why) :
	    load_memory(&shared->cert, s->cert, s->cert_n,
	    "as the client's own", why);
	if (status != SMTP_OK)
		return status;
	error = load_client_key(shared, s, &what);
	if (error != 0)
		return refuse_key(what, error, why);
	errno = 0;
	error = hungry(check_pair(&shared->cert.pk, &shared->key));
	if (smtp__tls_is_memory(error))
		return refuse_memory(why);
	if (error != 0)
		return refuse(why, SMTP_E_ARGUMENT, what,
		    ": the key of another certificate");
	error = mbedtls_ssl_conf_own_cert(&shared->config, &shared->cert,
	    &shared->key);
	if (error == 0)
		error = mbedtls_ssl_conf_own_cert(&shared->older,
		    &shared->cert, &shared->key);
	return error == 0 ? SMTP_OK : refuse_memory(why);
}

/* ---- whom to trust */

static int
load_revoked(struct smtp__tls_shared *shared, const char *path,
    struct smtp__out *why)
{
#if defined(MBEDTLS_X509_CRL_PARSE_C)
	int error;

	errno = 0;
	error = hungry(load_crl_file(&shared->crl, path));
	if (error == 0)
		return SMTP_OK;
	if (smtp__tls_is_memory(error))
		return refuse_memory(why);
	return refuse(why, SMTP_E_ARGUMENT, path, is_unreadable(error) ?
	    ": cannot be read" : ": no revocation list in it that can be "
	    "used");
#else
	(void)shared;
	(void)path;
	return refuse(why, SMTP_E_UNSUPPORTED,
	    "this build of mbedTLS knows no revocation lists", "");
#endif
}

/* All that are given; the system's when none is, unless none is needed. */
static int
load_authorities(struct smtp__tls_shared *shared,
    const struct smtp__tls_settings *settings, struct smtp__out *why)
{
	int status = SMTP_OK;
	bool given = settings->ca_file != NULL || settings->ca_dir != NULL ||
	    settings->ca != NULL;

	if (settings->ca_file != NULL)
		status = load_file(&shared->ca, settings->ca_file, why);
	if (status == SMTP_OK && settings->ca_dir != NULL)
		status = load_directory(&shared->ca, settings->ca_dir, why);
	if (status == SMTP_OK && settings->ca != NULL)
		status = load_memory(&shared->ca, settings->ca,
		    settings->ca_n, "among the authorities given", why);
	if (!given && shared->verify && !shared->pin_only)
		status = load_system(&shared->ca, settings->system_files,
		    why);
	return status;
}

/* ---- begin and end */

static int
set_up(struct smtp__tls_shared *shared,
    const struct smtp__tls_settings *settings, struct smtp__out *why)
{
	int status, error;

#if WITH_PSA
	if (psa_crypto_init() != PSA_SUCCESS)
		return refuse(why, SMTP_E_TLS,
		    "mbedTLS could not be made ready", "");
#endif
	if (settings->tls13_only && !WITH_TLS13)
		return refuse(why, SMTP_E_UNSUPPORTED,
		    "this build of mbedTLS has no TLS 1.3", "");
	shared->verify = !settings->no_verify;
	shared->resumption = !settings->no_resumption;
	shared->pin_only = settings->pin_only;
	if (settings->pins != NULL)
		shared->pins_n = smtp__tls_pins(settings->pins, shared->pins);
	if ((settings->pins != NULL || shared->pin_only) &&
	    shared->pins_n == 0)
		return refuse(why, SMTP_E_ARGUMENT,
		    "option \"tls-pin\": no digest of a key", "");
	error = set_parameters(shared, &shared->config, settings->tls13_only);
	if (error == 0)
		error = set_older_parameters(shared);
	if (error != 0)
		return smtp__tls_is_memory(error) ? refuse_memory(why) :
		    refuse(why, SMTP_E_TLS,
		    "mbedTLS has no defaults for a client", "");
	status = load_authorities(shared, settings, why);
	if (status == SMTP_OK && settings->crl_file != NULL)
		status = load_revoked(shared, settings->crl_file, why);
	if (status == SMTP_OK)
		status = load_client(shared, settings, why);
	return status;
}

int
smtp__tls_shared_new(struct smtp__tls_shared **shared,
    const struct smtp__tls_settings *settings, char *why, size_t why_n)
{
	struct smtp__tls_shared *it = calloc(1, sizeof *it);
	struct smtp__out out;
	int status;

	*shared = NULL;
	smtp__out_init(&out, why, why_n > 0 ? why_n - 1 : 0);
	if (it == NULL) {
		status = refuse_memory(&out);
	} else {
		atomic_init(&it->users, 1);
		smtp__tls_cache_init(&it->cache);
		mbedtls_ssl_config_init(&it->config);
		mbedtls_ssl_config_init(&it->older);
#if defined(MBEDTLS_X509_CRL_PARSE_C)
		mbedtls_x509_crl_init(&it->crl);
#endif
		mbedtls_x509_crt_init(&it->ca);
		mbedtls_x509_crt_init(&it->cert);
		mbedtls_pk_init(&it->key);
		status = set_up(it, settings, &out);
	}
	if (why_n > 0)
		why[out.n] = '\0';
	if (status == SMTP_OK)
		*shared = it;
	else
		smtp__tls_shared_free(it);
	return status;
}

void
smtp__tls_shared_free(struct smtp__tls_shared *shared)
{
	if (shared == NULL || atomic_fetch_sub(&shared->users, 1) > 1)
		return;
	smtp__tls_cache_wipe(&shared->cache);
	mbedtls_ssl_config_free(&shared->config);
	mbedtls_ssl_config_free(&shared->older);
#if defined(MBEDTLS_X509_CRL_PARSE_C)
	mbedtls_x509_crl_free(&shared->crl);
#endif
	mbedtls_x509_crt_free(&shared->ca);
	mbedtls_x509_crt_free(&shared->cert);
	mbedtls_pk_free(&shared->key);
	free(shared);
}

static void
release(void *shared)
{
	smtp__tls_shared_free(shared);
}

/* The name that is expected, and who is connected to. */
static int
resume(struct smtp__tls *tls, struct smtp__tls_shared *shared,
    const char *host, const char *peer, bool offer)
{
	char key[640];
	struct smtp__out out;

	if (!shared->resumption || peer == NULL)
		return SMTP_OK;
	smtp__out_init(&out, key, sizeof key);
	smtp__out_text(&out, host);
	smtp__out_octet(&out, ' ');
	smtp__out_text(&out, peer);
	smtp__out_end(&out);
	return out.over ? SMTP_OK : smtp__tls_resume(tls, &shared->cache, key,
	    offer);
}

int
smtp__tls_start_again(struct smtp__tls **tls, struct smtp_transport *transport,
    const struct smtp_transport *inner, struct smtp__tls_shared *shared,
    const char *host, const char *peer, enum smtp__tls_again again)
{
	bool older = again == SMTP__TLS_AGAIN_OLDER;
	int status = smtp__tls_begin(tls, transport, inner, older ?
	    &shared->older : &shared->config, host, shared->verify);

	if (status != SMTP_OK)
		return status;
	smtp__tls_pin(*tls, shared->pins[0], shared->pins_n,
	    shared->pin_only);
	if (again != SMTP__TLS_NOT_AGAIN)
		smtp__tls_is_again(*tls, older);
	status = resume(*tls, shared, host, peer,
	    again == SMTP__TLS_NOT_AGAIN);
	if (status != SMTP_OK) {
		smtp__tls_abandon(*tls);
		return status;
	}
	atomic_fetch_add(&shared->users, 1);
	smtp__tls_hold(*tls, release, shared);
	return SMTP_OK;
}

int
smtp__tls_start(struct smtp__tls **tls, struct smtp_transport *transport,
    const struct smtp_transport *inner, struct smtp__tls_shared *shared,
    const char *host, const char *peer)
{
	return smtp__tls_start_again(tls, transport, inner, shared, host,
	    peer, SMTP__TLS_NOT_AGAIN);
}

#endif
