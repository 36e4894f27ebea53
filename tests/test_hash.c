/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_HASH
LEFT_OUT("SMTP_WITH_HASH")
#else

#include "crypto/hash.h"

static const char *const kinds[] = {
	[SMTP__MD5] = "MD5",
	[SMTP__SHA1] = "SHA-1",
	[SMTP__SHA256] = "SHA-256",
#if SMTP_WITH_SHA512
	[SMTP__SHA512] = "SHA-512",
#endif
};

static size_t
octets_of(const char *hex, unsigned char *p)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)
		    ((strchr(digits, hex[2 * i]) - digits) << 4 |
		    (strchr(digits, hex[2 * i + 1]) - digits));
	return n;
}

/* On a heap block of its own, so that a read too far is seen. */
static unsigned char *
exactly(const void *p, size_t n)
{
	unsigned char *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

static void
assert_digest(enum smtp__hash_kind kind, const unsigned char *got,
    const char *want)
{
	unsigned char octets[SMTP__DIGEST_MAX];
	size_t n = octets_of(want, octets);

	assert_int_equal(n, smtp__hash_length(kind));
	if (memcmp(got, octets, n) != 0)
		fail_msg("%s: not %s", kinds[kind], want);
}

/* FIPS 180-4 and RFC 1321 samples. */
static const struct {
	enum smtp__hash_kind kind;
	const char *text, *want;
} digests[] = {
	{ SMTP__MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ SMTP__MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ SMTP__MD5, "1234567890123456789012345678901234567890"
	    "1234567890123456789012345678901234567890",
	    "57edf4a22be3c955ac49da2e2107b67a" },
	{ SMTP__SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ SMTP__SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ SMTP__SHA1,
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	    "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
	{ SMTP__SHA256, "", "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855" },
	{ SMTP__SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad" },
	{ SMTP__SHA256,
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	    "248d6a61d20638b8e5c026930c3e6039"
	    "a33ce45964ff2167f6ecedd419db06c1" },
#if SMTP_WITH_SHA512
	{ SMTP__SHA512, "abc", "ddaf35a193617abacc417349ae204131"
	    "12e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd"
	    "454d4423643ce80e2a9ac94fa54ca49f" }
#endif
};

static void
test_hash__is_the_same_however_it_is_fed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(digests); i++) {
		enum smtp__hash_kind kind = digests[i].kind;
		size_t n = strlen(digests[i].text);
		unsigned char *text = exactly(digests[i].text, n);
		unsigned char *out = exactly(text, 0);

		out = realloc(out, smtp__hash_length(kind));
		assert_non_null(out);
		assert_int_equal(smtp__hash(kind, text, n, out), SMTP_OK);
		assert_digest(kind, out, digests[i].want);
		for (size_t cut = 1; cut <= n; cut++) {
			struct smtp__hash hash;

			smtp__hash_init(&hash, kind);
			for (size_t at = 0; at < n; at += cut)
				smtp__hash_feed(&hash, text + at,
				    n - at < cut ? n - at : cut);
			assert_int_equal(smtp__hash_take(&hash, out), SMTP_OK);
			assert_digest(kind, out, digests[i].want);
		}
		free(out);
		free(text);
	}
}

static void
test_hash__copy_goes_its_own_way(void **state)
{
	struct smtp__hash one, two;
	unsigned char out[SMTP__DIGEST_MAX];

	(void)state;
	for (size_t kind = 0; kind < COUNT(kinds); kind++) {
		smtp__hash_init(&one, (enum smtp__hash_kind)kind);
		smtp__hash_feed(&one, "ab", 2);
		smtp__hash_copy(&two, &one);
		smtp__hash_feed(&one, "XYZ", 3);
		smtp__hash_feed(&two, "c", 1);
		smtp__hash_wipe(&one);
		assert_int_equal(smtp__hash_take(&two, out), SMTP_OK);
		for (size_t i = 0; i < COUNT(digests); i++)
			if (digests[i].kind == kind &&
			    strcmp(digests[i].text, "abc") == 0)
				assert_digest(digests[i].kind, out,
				    digests[i].want);
	}
}

static void
test_hash__take_and_wipe_leave_nothing(void **state)
{
	static const unsigned char none[SMTP__HASH_STATE];
	struct smtp__hash hash;
	unsigned char out[SMTP__DIGEST_MAX];

	(void)state;
	for (size_t kind = 0; kind < COUNT(kinds); kind++) {
		smtp__hash_init(&hash, (enum smtp__hash_kind)kind);
		smtp__hash_feed(&hash, "secret", 6);
		assert_int_equal(smtp__hash_take(&hash, out), SMTP_OK);
		assert_memory_equal(hash.state.octets, none, sizeof none);
		assert_int_equal(smtp__hash_take(&hash, out),
		    SMTP_E_UNSUPPORTED);
		smtp__hash_init(&hash, (enum smtp__hash_kind)kind);
		smtp__hash_feed(&hash, "secret", 6);
		smtp__hash_wipe(&hash);
		assert_memory_equal(hash.state.octets, none, sizeof none);
	}
}

static void
test_hash__an_unknown_kind_fails_in_take(void **state)
{
	enum smtp__hash_kind kind = (enum smtp__hash_kind)17;
	unsigned char out[SMTP__DIGEST_MAX];
	struct smtp__hmac hmac;

	(void)state;
	assert_int_equal(smtp__hash_length(kind), 0);
	assert_int_equal(smtp__hash(kind, "a", 1, out), SMTP_E_UNSUPPORTED);
	assert_int_equal(smtp__hmac(kind, "k", 1, "a", 1, out),
	    SMTP_E_UNSUPPORTED);
	smtp__hmac_init(&hmac, kind, "k", 1);
	smtp__hmac_feed(&hmac, "a", 1);
	assert_int_equal(smtp__hmac_take(&hmac, out), SMTP_E_UNSUPPORTED);
	smtp__hmac_wipe(&hmac);
}

/* RFC 2202, RFC 4231, and lengths of a key around one block. */
#define AA20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AA80 AA20 AA20 AA20 AA20
#define AA131 AA80 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa"
#define LARGER "Test Using Larger Than Block-Size Key - Hash Key First"

static const struct {
	enum smtp__hash_kind kind;
	const char *key, *text, *want;
} hmacs[] = {
	{ SMTP__MD5, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
	    "9294727a3638bb1c13f48ef8158bfc9d" },
	{ SMTP__MD5, "4a656665", "what do ya want for nothing?",
	    "750c783e6ab0b503eaa86e310a5db738" },
	{ SMTP__MD5, AA80, LARGER, "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd" },
	{ SMTP__SHA1, "4a656665", "what do ya want for nothing?",
	    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ SMTP__SHA1, AA80, LARGER,
	    "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
	{ SMTP__SHA256, "4a656665", "what do ya want for nothing?",
	    "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843" },
	{ SMTP__SHA256, AA131, LARGER,
	    "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54" },
#if SMTP_WITH_SHA512
	{ SMTP__SHA512, "4a656665", "what do ya want for nothing?",
	    "164b7a7bfcf819e2e395fbe73b56e0a3"
	    "87bd64222e831fd610270cd7ea250554"
	    "9758bf75c05a994a6d034f65f8f0e6fd"
	    "caeab1a34d4a6b4b636e070a38bce737" },
	{ SMTP__SHA512, AA131, LARGER,
	    "80b24263c7c1a3ebb71493c1dd7be8b4"
	    "9b46d1f41b4aeec1121b013783f8f352"
	    "6b56d037e05f2598bd0fd2215d6a1e52"
	    "95e64f73f63f0aec8b915a985d786598" }
#endif
};

static void
test_hash__hmac_is_that_of_the_standards(void **state)
{
	unsigned char key[160], out[SMTP__DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(hmacs); i++) {
		enum smtp__hash_kind kind = hmacs[i].kind;
		size_t key_n = octets_of(hmacs[i].key, key);
		size_t n = strlen(hmacs[i].text);
		unsigned char *exact = exactly(key, key_n);
		struct smtp__hmac hmac;

		assert_int_equal(smtp__hmac(kind, exact, key_n, hmacs[i].text,
		    n, out), SMTP_OK);
		assert_digest(kind, out, hmacs[i].want);
		smtp__hmac_init(&hmac, kind, exact, key_n);
		free(exact);
		/* each cut, and again and again with the same key */
		for (size_t cut = 0; cut <= n; cut++) {
			smtp__hmac_feed(&hmac, hmacs[i].text, cut);
			smtp__hmac_feed(&hmac, hmacs[i].text + cut, n - cut);
			assert_int_equal(smtp__hmac_take(&hmac, out), SMTP_OK);
			assert_digest(kind, out, hmacs[i].want);
		}
		smtp__hmac_wipe(&hmac);
	}
}

/* RFC 2195 section 2, and keys just within and just over one block. */
static void
test_hash__hmac_md5_does_cram(void **state)
{
	static const char challenge[] =
	    "<1896.697170952@postoffice.reston.mci.net>";
	static const char ks[] =
	    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
	static const struct {
		const char *password;
		size_t n;
		const char *want;
	} rows[] = {
		{ "tanstaaftanstaaf", 16, "b913a602c7eda7a495b4e6e7334d3890" },
		{ ks, 64, "10e7df3c0008f45346ea432a3a954003" },
		{ ks, 65, "c26f650abcb485a907fa679a2807bdac" },
		{ "p\303\244ssword", 9, "c7748453b11b5718dab3bddbb3a8549f" }
	};
	unsigned char out[SMTP__DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(smtp__hmac(SMTP__MD5, rows[i].password,
		    rows[i].n, challenge, sizeof challenge - 1, out), SMTP_OK);
		assert_digest(SMTP__MD5, out, rows[i].want);
	}
}

/* RFC 6070, the salted passwords of RFC 5802 and RFC 7677, and our own. */
static const struct {
	enum smtp__hash_kind kind;
	const char *password, *salt;
	uint32_t iterations;
	const char *want;
} derived[] = {
	{ SMTP__SHA1, "password", "73616c74", 1,
	    "0c60c80f961f0e71f3a9b524af6012062fe037a6" },
	{ SMTP__SHA1, "password", "73616c74", 2,
	    "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957" },
	{ SMTP__SHA1, "pencil", "4125c247e43ab1e93c6dff76", 4096,
	    "1d96ee3a529b5a5f9e47c01f229a2cb8a6e15f7d" },
	{ SMTP__SHA256, "pencil", "5b6d99689d12358eeca04b141236fa81", 4096,
	    "c4a49510323ab4f952cac1fa99441939"
	    "e78ea74d6be81ddf7096e87513dc615d" },
#if SMTP_WITH_SHA512
	{ SMTP__SHA512, "pencil", "5b6d99689d12358eeca04b141236fa81", 4096,
	    "f16efe1be67f1d09502ebd5ed9262fdd"
	    "ffba5a377ab4f0b687e5ed5ba0f50686"
	    "b8a4ae166476da8ab3b951d2fa9238b6"
	    "3998f45461bc33a464814949cec9631d" }
#endif
};

static void
test_hash__pbkdf2_is_the_same_in_any_slices(void **state)
{
	static const uint32_t slices[] = { 1, 2, 3, 100, 4095, 4096, 99999 };
	struct smtp__pbkdf2 pbkdf2;
	unsigned char salt[32], out[SMTP__DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(derived); i++)
		for (size_t k = 0; k < COUNT(slices); k++) {
			size_t n = octets_of(derived[i].salt, salt);

			smtp__pbkdf2_init(&pbkdf2, derived[i].kind,
			    derived[i].password, strlen(derived[i].password),
			    salt, n, derived[i].iterations);
			while (smtp__pbkdf2_step(&pbkdf2, slices[k]))
				;
			assert_int_equal(smtp__pbkdf2_take(&pbkdf2, out),
			    SMTP_OK);
			assert_digest(derived[i].kind, out, derived[i].want);
		}
}

static void
test_hash__equal_and_wipe(void **state)
{
	unsigned char a[64], b[64];
	static const unsigned char zero[64];

	(void)state;
	memset(a, 7, sizeof a);
	memcpy(b, a, sizeof b);
	assert_true(smtp__equal_constant_time(a, b, sizeof a));
	assert_true(smtp__equal_constant_time(a, zero, 0));
	for (size_t i = 0; i < sizeof a; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			b[i] ^= (unsigned char)(1u << bit);
			assert_false(smtp__equal_constant_time(a, b,
			    sizeof a));
			assert_true(smtp__equal_constant_time(a, b, i));
			b[i] ^= (unsigned char)(1u << bit);
		}
	smtp__wipe(a, 63);
	assert_memory_equal(a, zero, 63);
	assert_int_equal(a[63], 7);
	smtp__wipe(a, 0);
	assert_int_equal(a[63], 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash__is_the_same_however_it_is_fed),
		cmocka_unit_test(test_hash__copy_goes_its_own_way),
		cmocka_unit_test(test_hash__take_and_wipe_leave_nothing),
		cmocka_unit_test(test_hash__an_unknown_kind_fails_in_take),
		cmocka_unit_test(test_hash__hmac_is_that_of_the_standards),
		cmocka_unit_test(test_hash__hmac_md5_does_cram),
		cmocka_unit_test(test_hash__pbkdf2_is_the_same_in_any_slices),
		cmocka_unit_test(test_hash__equal_and_wipe)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
