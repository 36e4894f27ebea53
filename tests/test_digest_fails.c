/* SPDX-License-Identifier: MIT */
/*
 * Each step of a digest or signature fails once, as with an accelerator that is
 * busy or gone. Then nothing is proved to anybody, and nothing half computed
 * leaves.
 *
 * The functions of mbedTLS are called as __wrap_NAME for NAME, which the
 * linker arranges (see the Makefile).
 */
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_HASH
LEFT_OUT("SMTP_WITH_HASH")
#else

#include <stdbool.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/md5.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <mbedtls/version.h>

#include <smtp/dkim.h>

#include "crypto/hash.h"
#include "dkim/dkim.h"
#include "sasl/mech.h"
#include "sasl/scram.h"

/* So many steps from now one fails; below 0: none. */
static long countdown = -1;
static bool hit;

static bool
fails(void)
{
	if (countdown < 0 || countdown-- > 0)
		return false;
	hit = true;
	return true;
}

static void
arm(long n)
{
	countdown = n;
	hit = false;
}

#if MBEDTLS_VERSION_MAJOR < 3
#define NAME(prefix, name) prefix ## name ## _ret
#else
#define NAME(prefix, name) prefix ## name
#endif

#define WRAP(name, declared, passed) \
	int NAME(__real_mbedtls_, name) declared; \
	int NAME(__wrap_mbedtls_, name) declared; \
	int NAME(__wrap_mbedtls_, name) declared \
	{ \
		return fails() ? -1 : NAME(__real_mbedtls_, name) passed; \
	}
#define DIGEST(kind) \
	WRAP(kind ## _update, (mbedtls_ ## kind ## _context *c, \
	    const unsigned char *p, size_t n), (c, p, n)) \
	WRAP(kind ## _finish, (mbedtls_ ## kind ## _context *c, \
	    unsigned char *p), (c, p))
#define STARTS(kind) \
	WRAP(kind ## _starts, (mbedtls_ ## kind ## _context *c), (c))
#define STARTS_IS(kind) \
	WRAP(kind ## _starts, (mbedtls_ ## kind ## _context *c, int is), \
	    (c, is))

DIGEST(md5)
DIGEST(sha1)
DIGEST(sha256)
DIGEST(sha512)
STARTS(md5)
STARTS(sha1)
STARTS_IS(sha256)
STARTS_IS(sha512)

/* Their names have no _ret in any version. */
int
__real_mbedtls_ctr_drbg_seed(mbedtls_ctr_drbg_context *c,
    int (*entropy)(void *, unsigned char *, size_t), void *ctx,
    const unsigned char *custom, size_t n);
int
__wrap_mbedtls_ctr_drbg_seed(mbedtls_ctr_drbg_context *c,
    int (*entropy)(void *, unsigned char *, size_t), void *ctx,
    const unsigned char *custom, size_t n);
int
__wrap_mbedtls_ctr_drbg_seed(mbedtls_ctr_drbg_context *c,
    int (*entropy)(void *, unsigned char *, size_t), void *ctx,
    const unsigned char *custom, size_t n)
{
	return fails() ? -1 : __real_mbedtls_ctr_drbg_seed(c, entropy, ctx,
	    custom, n);
}

#if SMTP_WITH_SODIUM
#define SODIUM(name, declared, passed) \
	int __real_ ## name declared; \
	int __wrap_ ## name declared; \
	int __wrap_ ## name declared \
	{ \
		return fails() ? -1 : __real_ ## name passed; \
	}
SODIUM(sodium_init, (void), ())
SODIUM(crypto_sign_seed_keypair, (unsigned char *public,
    unsigned char *secret, const unsigned char *seed), (public, secret, seed))
SODIUM(crypto_sign_detached, (unsigned char *signature,
    unsigned long long *size, const unsigned char *p, unsigned long long n,
    const unsigned char *secret), (signature, size, p, n, secret))
#endif

static const enum smtp__hash_kind kinds[] = {
	SMTP__MD5, SMTP__SHA1, SMTP__SHA256,
#if SMTP_WITH_SHA512
	SMTP__SHA512
#endif
};

static void
test_digest__tells_that_it_failed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		unsigned char p[SMTP__DIGEST_MAX];
		long n = 0;

		for (;; n++) {
			int rc;

			arm(n);
			rc = smtp__hash(kinds[i], "abc", 3, p);
			if (!hit)
				break;
			assert_int_equal(rc, SMTP_E_UNSUPPORTED);
		}
		assert_int_equal(n, 3);          /* begin, feed, take */
	}
	arm(-1);
}

/* A key longer than a block is a digest more. */
static void
test_digest__tells_that_an_hmac_failed(void **state)
{
	static char key[200];

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (size_t key_n = 0; key_n <= 200; key_n += 100) {
			unsigned char p[SMTP__DIGEST_MAX];
			struct smtp__hmac hmac;
			int rc = SMTP_OK;

			for (long n = 0; n == 0 || hit; n++) {
				arm(n);
				rc = smtp__hmac(kinds[i], key, key_n, "abc",
				    3, p);
				assert_int_equal(rc, hit ?
				    SMTP_E_UNSUPPORTED : SMTP_OK);
			}
			hit = true;
			for (long n = 0; hit; n++) {
				arm(n);
				smtp__hmac_init(&hmac, kinds[i], key, key_n);
				smtp__hmac_feed(&hmac, "abc", 3);
				rc = smtp__hmac_take(&hmac, p);
				assert_int_equal(rc, hit ?
				    SMTP_E_UNSUPPORTED : SMTP_OK);
				smtp__hmac_wipe(&hmac);
				assert_true(hmac.now.failed);
				assert_true(hmac.inner.failed);
				assert_true(hmac.outer.failed);
			}
		}
	arm(-1);
}

static void
test_digest__tells_that_a_key_failed(void **state)
{
	long n;

	(void)state;
	hit = true;
	for (n = 0; hit; n++) {
		unsigned char key[SMTP__DIGEST_MAX];
		struct smtp__pbkdf2 pbkdf2;
		int rc;

		arm(n);
		smtp__pbkdf2_init(&pbkdf2, SMTP__SHA256, "password", 8,
		    "salt", 4, 5);
		while (smtp__pbkdf2_step(&pbkdf2, 2))
			continue;
		rc = smtp__pbkdf2_take(&pbkdf2, key);
		assert_int_equal(rc, hit ? SMTP_E_UNSUPPORTED : SMTP_OK);
	}
	assert_in_range(n, 20, 60);
	arm(-1);
}

static void
test_digest__has_no_other_kind(void **state)
{
	const enum smtp__hash_kind other = (enum smtp__hash_kind)9;
	unsigned char p[SMTP__DIGEST_MAX];
	struct smtp__hash hash, copy;

	(void)state;
	assert_int_equal(smtp__hash_length(other), 0);
	assert_int_equal(smtp__hash(other, "abc", 3, p), SMTP_E_UNSUPPORTED);
	/* Nor does one come of a state that was written over. */
	smtp__hash_init(&hash, SMTP__SHA256);
	hash.kind = other;
	smtp__hash_copy(&copy, &hash);
	assert_true(copy.failed);
	smtp__hash_feed(&hash, "abc", 3);
	assert_true(hash.failed);
	smtp__hash_init(&hash, SMTP__SHA256);
	hash.kind = other;
	assert_int_equal(smtp__hash_take(&hash, p), SMTP_E_UNSUPPORTED);
}

#if SMTP_WITH_SCRAM
/* Salted with 4096 iterations: those at the begin and at the end do. */
static void
test_digest__lets_scram_prove_nothing(void **state)
{
	static const char nonce[] = "rOprNGfwEbeRWgbNEkqO";
	static const char server[] = "r=rOprNGfwEbeRWgbNEkqOx,"
	    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
	struct smtp__stepped_given given = { .user = "user",
		.password = "pencil" };
	long all = 0;
	unsigned failed = 0;

	(void)state;
	for (long n = -1; n < all; n = n == 30 ? all / 2 :
	    n == all / 2 ? all - 40 : n + 1) {
		struct smtp__scram *s = calloc(1, sizeof *s);
		struct smtp__response r = { 0 };
		int rc = smtp__scram_begin(s, SMTP__SHA256, &given, nonce);

		assert_int_equal(rc, SMTP_OK);
		rc = smtp__scrams[3].step(s, NULL, 0, &r);
		assert_int_equal(rc, SMTP_OK);
		arm(n < 0 ? 1000000 : n);
		r.p = NULL;
		rc = smtp__scrams[3].step(s, server, strlen(server), &r);
		while (rc > 0)
			rc = smtp__scrams[3].step(s, NULL, 0, &r);
		if (n < 0)
			all = 1000000 - countdown;
		assert_int_equal(rc, hit ? SMTP_E_AUTH : SMTP_OK);
		assert_int_equal(hit, n >= 0);
		if (hit) {
			assert_null(r.p);
			assert_string_equal(r.why,
			    "the digest cannot be computed");
			failed++;
		}
		smtp__scrams[3].end(s);
		free(s);
	}
	arm(-1);
	assert_int_equal(failed, 31 + 1 + 40);
}

static void
test_digest__lets_scram_begin_without_it(void **state)
{
	struct smtp__stepped_given given = { .user = "user",
		.password = "pencil" };
	struct smtp__scram *s = calloc(1, sizeof *s);

	(void)state;
	assert_int_equal(smtp__scram_begin(s, (enum smtp__hash_kind)9, &given,
	    "nonce"), SMTP_E_UNSUPPORTED);
	free(s);
}
#else
CASE_LEFT_OUT(test_digest__lets_scram_prove_nothing, "SMTP_WITH_SCRAM")
CASE_LEFT_OUT(test_digest__lets_scram_begin_without_it, "SMTP_WITH_SCRAM")
#endif

#if SMTP_WITH_CRAM_MD5
static void
test_digest__lets_cram_md5_prove_nothing(void **state)
{
	const struct smtp_credentials c = { .user = "u", .password = "p" };

	(void)state;
	hit = true;
	for (long n = 0; hit; n++) {
		char text[32] = "<1@x>", was[32];
		bool heard;

		memcpy(was, text, sizeof was);
		arm(n);
		heard = smtp__mech_digest(&c, text, 5, sizeof text);
		assert_int_equal(heard, !hit);
		if (hit)
			assert_memory_equal(text, was, sizeof was);
	}
	arm(-1);
}
#else
CASE_LEFT_OUT(test_digest__lets_cram_md5_prove_nothing, "SMTP_WITH_CRAM_MD5")
#endif

#if SMTP_WITH_NTLM
static int
ones(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 1, n);
	return 0;
}

/* With a time from the server there is one HMAC more, over all messages. */
static void
refuse_ntlm(size_t pairs)
{
	char challenge[] = "NTLMSSP\0\2\0\0\0"
	    "\0\0\0\0\0\0\0\0" "\x33\x82\x8a\xe2" "12345678"
	    "\0\0\0\0\0\0\0\0" "\x10\0\x10\0\x30\0\0\0"
	    "\7\0\x8\0" "abcdefgh" "\0\0\0";
	struct smtp__stepped_given given = { .user = "user",
		.password = "pencil", .host = "mail.example",
		.service = "smtp", .random = ones };
	const struct smtp__stepped *m = &smtp__stepped_ntlm;
	long n;

	if (pairs == 0)
		challenge[48] = 0;
	hit = true;
	for (n = 0; hit; n++) {
		void *memory = calloc(1, m->state_bytes);
		struct smtp__response r = { 0 };
		int rc;

		assert_int_equal(m->begin(m, memory, &given), SMTP_OK);
		assert_int_equal(m->step(memory, NULL, 0, &r), SMTP_OK);
		arm(n);
		rc = m->step(memory, challenge, sizeof challenge, &r);
		assert_int_equal(rc, hit ? SMTP_E_AUTH : SMTP_OK);
		assert_int_equal(r.why != NULL, hit);
		m->end(memory);
		free(memory);
	}
	assert_in_range(n, 20, 40);
	arm(-1);
}

static void
test_digest__lets_ntlm_prove_nothing(void **state)
{
	(void)state;
	refuse_ntlm(1);
	refuse_ntlm(0);
}
#endif

#if SMTP_WITH_DKIM
/* Of 512 bits, which is enough to fail with. */
static const char rsa[] =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIBOgIBAAJBAK/7Sil1MaQR68vId6B7N1/VzjL+2I2zACguL5YsxuOIQN2b0644\n"
    "KPhRt8AGCm/dQevjCeD01+F9LVOCHFpSb5kCAwEAAQJBAIe8Ri6F8zz+iaYLwKFq\n"
    "iIKF0d6pjHR3DXbwcMnfTaSu6jdjH/r1//2nQ90jxro6uOrvF4G7nFBx2+2i+qpC\n"
    "OwECIQDkNOcMx5Zp1qdMrFffdiY6/fmGiY5X0SX+H9XLb710IQIhAMVqGTEe/Q2D\n"
    "zqlYuufObq/ArAD27ZzqV2+K3gLttQx5AiBjiE9d249XCjBd2K1a4YU7JZq3ezeC\n"
    "Rc50UB5HZK0VAQIgQ7Zro6ScaZlPNljf6wisgI4WsVIBGHRsvy6jjd+Y3QkCIF+D\n"
    "qhY7wdyMFv8Obu/pMkH7XqMxrFaFsWeluK9h3uNv\n"
    "-----END RSA PRIVATE KEY-----\n";
#if SMTP_WITH_SODIUM
static const char ed25519[] = "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
#endif

/* There is a whole field, or an error and no signature. */
static void
sign_nothing(const char *pem, long least)
{
	static const char fields[] = "From: a@x.example\r\n";
	static const unsigned char body[SMTP__DKIM_DIGEST];
	struct smtp__bytes header = { fields, sizeof fields - 1 };
	long n;

	hit = true;
	for (n = 0; hit; n++) {
		struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
		char text[2000];
		struct smtp__out out;
		bool signed_it;
		int rc;

		arm(n);
		rc = smtp_dkim_set_key(d, pem, strlen(pem), NULL);
		smtp__out_init(&out, text, sizeof text - 1);
		if (rc == SMTP_OK)
			rc = smtp__dkim_field(d, header, body, 1, &out);
		else
			assert_non_null(strstr(smtp_dkim_error(d), "key: "));
		assert_true(hit ? rc == SMTP_E_UNSUPPORTED ||
		    rc == SMTP_E_ARGUMENT : rc == SMTP_OK);
		smtp__out_end(&out);
		/* The last tag is b=. */
		signed_it = out.n > 3 && memcmp(text + out.n - 2, "\r\n",
		    2) == 0;
		assert_int_equal(signed_it, rc == SMTP_OK);
		smtp_dkim_free(d);
	}
	assert_in_range(n, least, 50);
	arm(-1);
}

static int
sign(void *ctx, const unsigned char digest[32], unsigned char *signature,
    size_t *n)
{
	(void)ctx;
	memcpy(signature, digest, 32);
	*n = 32;
	return 0;
}

/* A message is written with its signature, or not at all. */
static void
test_digest__lets_no_message_leave_unsigned(void **state)
{
	(void)state;
	hit = true;
	for (long n = 0; hit; n++) {
		struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
		struct smtp_message *m = smtp_message_new();
		FILE *file = tmpfile();
		int rc;

		assert_true(n < 50);
		assert_non_null(file);
		smtp_dkim_set_signer(d, "rsa-sha256", sign, NULL);
		(void)smtp_message_set_from(m, "a@x.example");
		(void)smtp_message_add_to(m, "b@x.example");
		(void)smtp_message_set_text(m, "x\n");
		(void)smtp_message_add_dkim(m, d);
		arm(n);
		rc = smtp_message_write(m, file, 0);
		countdown = -1;
		assert_int_equal(rc, hit ? SMTP_E_UNSUPPORTED : SMTP_OK);
		assert_int_equal(ftell(file) > 0, !hit);
		if (hit)
			assert_string_equal(smtp_message_error(m),
			    "dkim: the key could not sign");
		(void)fclose(file);
		smtp_message_free(m);
		smtp_dkim_free(d);
	}
	arm(-1);
}

static void
test_digest__lets_dkim_sign_nothing(void **state)
{
	(void)state;
	sign_nothing(rsa, 5);            /* begin, feed, take, random */
#if SMTP_WITH_SODIUM
	sign_nothing(ed25519, 7);        /* and three of its own */
#endif
}
#else
CASE_LEFT_OUT(test_digest__lets_dkim_sign_nothing, "SMTP_WITH_DKIM")
CASE_LEFT_OUT(test_digest__lets_no_message_leave_unsigned, "SMTP_WITH_DKIM")
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest__tells_that_it_failed),
		cmocka_unit_test(test_digest__tells_that_an_hmac_failed),
		cmocka_unit_test(test_digest__tells_that_a_key_failed),
		cmocka_unit_test(test_digest__has_no_other_kind),
		cmocka_unit_test(test_digest__lets_scram_prove_nothing),
		cmocka_unit_test(test_digest__lets_scram_begin_without_it),
		cmocka_unit_test(test_digest__lets_cram_md5_prove_nothing),
#if SMTP_WITH_NTLM
		cmocka_unit_test(test_digest__lets_ntlm_prove_nothing),
#endif
		cmocka_unit_test(test_digest__lets_no_message_leave_unsigned),
		cmocka_unit_test(test_digest__lets_dkim_sign_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
