/* SPDX-License-Identifier: MIT */
/*
 * What a program may ask of TLS beyond trust: pinned keys, lists of revoked
 * certificates, a certificate of its own, a newer version.
 */
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_TLS
LEFT_OUT("SMTP_WITH_TLS")
#else

#include <unistd.h>

#include <mbedtls/base64.h>
#include <mbedtls/md.h>
#include <mbedtls/version.h>

#include <smtp/engine.h>

#include "hint.h"
#include "net/net.h"
#include "support/tls_peer.h"

#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_MAJOR >= 3
#define TLS13 1
#else
#define TLS13 0
#endif

static const char host[] = "mail.example.com";
static struct cert root, good, other, wrong_name, client;
static char directory[64];

static int
set_up(void **state)
{
	const struct cert_plan ca = { .name = "Test Root", .ca = true };
	const struct cert_plan leaf = { .dns = { host } };
	const struct cert_plan wrong = { .dns = { "x.example" },
	    .to = "20210101000000" };
	const struct cert_plan mine = { .name = "client" };

	(void)state;
	(void)snprintf(directory, sizeof directory, "/tmp/smtp-policy-%ld",
	    (long)getpid());
	cert_make(&root, &ca, NULL);
	cert_make(&good, &leaf, &root);
	cert_make(&other, &leaf, &root);
	cert_make(&wrong_name, &wrong, NULL);
	cert_make(&client, &mine, &root);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cert_free(&root);
	cert_free(&good);
	cert_free(&other);
	cert_free(&wrong_name);
	cert_free(&client);
	return 0;
}

static const char *
put_file(const char *name, const void *p, size_t n)
{
	static char path[8][128];
	static unsigned turn;
	char *at = path[turn++ % 8];
	FILE *file;

	(void)snprintf(at, 128, "%s-%s", directory, name);
	file = fopen(at, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(p, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
	return at;
}

/* ---- one handshake */

struct found {
	int status;
	unsigned errors;
	bool verified;
	char error[640], version[16];
	char subject[64];        /* of the client, as the server saw it  */
};

static struct found
meet(const struct smtp__tls_settings *more, const struct tls_peer_plan *plan)
{
	struct smtp__tls_settings settings = *more;
	struct smtp_transport inner, t;
	struct smtp__tls_shared *shared;
	struct smtp__tls_info info;
	struct found found = { .status = SMTP_WANT_WRITE };
	const mbedtls_x509_crt *seen;
	struct smtp__tls *tls;
	struct tls_peer peer;
	struct wire wire;
	char why[300];

	if (settings.ca == NULL && !settings.pin_only) {
		settings.ca = root.crt.raw.p;
		settings.ca_n = root.crt.raw.len;
	}
	if (smtp__tls_shared_new(&shared, &settings, why, sizeof why) !=
	    SMTP_OK)
		fail_msg("%s", why);
	wire_init(&wire);
	tls_peer_init(&peer, &wire, plan);
	inner = wire_client(&wire);
	assert_int_equal(smtp__tls_start(&tls, &t, &inner, shared, host,
	    NULL), SMTP_OK);
	for (int i = 0; i < 100 && found.status > 0; i++) {
		found.status = smtp__tls_handshake(tls);
		tls_peer_step(&peer);
	}
	smtp__tls_info(tls, &info);
	found.errors = info.cert_errors;
	found.verified = info.verified;
	(void)snprintf(found.error, sizeof found.error, "%s", info.error);
	(void)snprintf(found.version, sizeof found.version, "%s",
	    info.version);
	seen = mbedtls_ssl_get_peer_cert(&peer.ssl);
	if (seen != NULL)
		assert_true(mbedtls_x509_dn_gets(found.subject,
		    sizeof found.subject, &seen->subject) > 0);
	t.close(t.ctx);
	tls_peer_free(&peer);
	wire_free(&wire);
	smtp__tls_shared_free(shared);
	return found;
}

static const char *
hint_of(unsigned errors)
{
	const struct smtp__facts facts = {
		.status = SMTP_E_CERTIFICATE,
		.cause = SMTP_E_CERTIFICATE,
		.phase = SMTP_PHASE_TLS,
		.cert_errors = errors
	};

	return smtp__hint(&facts);
}

/* ---- pinned keys */

/* SHA-256 of the key as the certificate has it, in base64. */
static const char *
pin_of(const struct cert *cert)
{
	static char text[32][48];
	static unsigned turn;
	unsigned char digest[32];
	char *at = text[turn++ % 32];
	size_t n;

	assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(
	    MBEDTLS_MD_SHA256), cert->crt.pk_raw.p, cert->crt.pk_raw.len,
	    digest), 0);
	assert_int_equal(mbedtls_base64_encode((unsigned char *)at, 48, &n,
	    digest, sizeof digest), 0);
	return at;
}

static void
test_tls_policy__a_pin_is_asked_for_beside_the_rest(void **state)
{
	char both[128], prefixed[128], want[200];
	const struct {
		const char *name, *pins;
		const struct cert *cert;
		bool only, any;
		unsigned errors;
	} rows[] = {
		{ "its own", pin_of(&good), &good, false, false, 0 },
		{ "with its kind", prefixed, &good, false, false, 0 },
		{ "one of two", both, &good, false, false, 0 },
		{ "the other of two", both, &other, false, false, 0 },
		{ "another's", pin_of(&other), &good, false, false,
		    SMTP__CERT_PIN },
		{ "its own, name and date wrong", pin_of(&wrong_name),
		    &wrong_name, false, false, SMTP__CERT_NAME |
		    SMTP__CERT_EXPIRED | SMTP__CERT_UNKNOWN_CA },
		{ "alone", pin_of(&wrong_name), &wrong_name, true, false, 0 },
		{ "alone, another's", pin_of(&other), &good, true, false,
		    SMTP__CERT_PIN },
		{ "without verification", pin_of(&good), &good, false, true,
		    0 },
		{ "without verification, another's", pin_of(&other), &good,
		    false, true, SMTP__CERT_PIN }
	};

	(void)state;
	(void)snprintf(both, sizeof both, "%s,sha256//%s", pin_of(&other),
	    pin_of(&good));
	(void)snprintf(prefixed, sizeof prefixed, "sha256//%s",
	    pin_of(&good));
	for (size_t i = 0; i < COUNT(rows) * (1 + TLS13); i++) {
		size_t row = i / (1 + TLS13);
		const struct smtp__tls_settings settings = {
			.pins = rows[row].pins,
			.pin_only = rows[row].only,
			.no_verify = rows[row].any
		};
		const struct tls_peer_plan plan = {
			.cert = rows[row].cert,
			.tls12 = i % (1 + TLS13) == 0
		};
		struct found found = meet(&settings, &plan);

		if (found.status != (rows[row].errors == 0 ? SMTP_OK :
		    SMTP_E_CERTIFICATE) || found.errors != rows[row].errors)
			fail_msg("%s: %d, %x, %s", rows[row].name,
			    found.status, found.errors, found.error);
		assert_int_equal(found.verified, rows[row].errors == 0);
		if (rows[row].errors != SMTP__CERT_PIN)
			continue;
		(void)snprintf(want, sizeof want, "certificate has another "
		    "key than those pinned: sha256//%s", pin_of(&good));
		assert_string_equal(found.error, want);
		assert_non_null(strstr(hint_of(found.errors),
		    "another key than tls-pin names"));
	}
	proves("LIB-G-2");
}

static void
test_tls_policy__a_pin_is_a_digest(void **state)
{
	static const char whole[] =
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	static const struct {
		const char *text;
		size_t n;
	} rows[] = {
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1 },
		{ "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		    1 },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,"
		    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		    2 },
		{ "", 0 },
		{ ",", 0 },
		{ "sha256//", 0 },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,", 0 },
		{ ",AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0 },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", 0 },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0 },
		{ "AAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAA=", 0 },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ", 0 },
		{ "md5//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0 }
	};
	char many[SMTP__TLS_PINS * 46 + 46] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned char pins[SMTP__TLS_PINS][32];

		if (smtp__tls_pins(rows[i].text, pins) != rows[i].n ||
		    smtp__tls_pins(rows[i].text, NULL) != rows[i].n)
			fail_msg("row %zu", i);
	}
	for (size_t n = 1; n <= SMTP__TLS_PINS + 1; n++) {
		size_t at = strlen(many);

		(void)snprintf(many + at, sizeof many - at, "%s%s",
		    n > 1 ? "," : "", whole);
		assert_int_equal(smtp__tls_pins(many, NULL),
		    n <= SMTP__TLS_PINS ? n : 0);
	}
}

/* ---- revoked certificates */

static void
test_tls_policy__revoked_is_told_apart(void **state)
{
	const struct cert_plan stranger = { .name = "Test Root", .ca = true };
	struct cert namesake;
	const struct {
		const char *name;
		const struct cert *by, *revoked;
		const char *until;
		unsigned errors;
		const char *error, *hint;
	} rows[] = {
		{ "an empty list", &root, NULL, "20491231235959Z", 0, "", "" },
		{ "another's", &root, &other, "20491231235959Z", 0, "", "" },
		{ "its own", &root, &good, "20491231235959Z",
		    SMTP__CERT_REVOKED, "certificate was revoked",
		    "was revoked: do not trust" },
		{ "an old list", &root, &other, "20210101000000Z",
		    SMTP__CERT_CRL, "certificate cannot be looked for in the "
		    "revocation list, whose time is not now",
		    "crl-file names is of no use" },
		{ "somebody else's", &namesake, &other, "20491231235959Z",
		    SMTP__CERT_CRL, "certificate cannot be looked for in the "
		    "revocation list, which its authority did not sign",
		    "crl-file names is of no use" }
	};

	(void)state;
	cert_make(&namesake, &stranger, NULL);
	for (size_t i = 0; i < COUNT(rows) * (1 + TLS13); i++) {
		size_t row = i / (1 + TLS13);
		unsigned char der[2048];
		size_t n = cert_revoked(der, sizeof der, rows[row].by,
		    rows[row].revoked, rows[row].until);
		const struct smtp__tls_settings settings = {
			.crl_file = put_file("crl", der, n)
		};
		const struct tls_peer_plan plan = { .cert = &good,
			.tls12 = i % (1 + TLS13) == 0 };
		struct found found = meet(&settings, &plan);

		unlink(settings.crl_file);
		if (found.status != (rows[row].errors == 0 ? SMTP_OK :
		    SMTP_E_CERTIFICATE) || found.errors != rows[row].errors)
			fail_msg("%s: %d, %x, %s", rows[row].name,
			    found.status, found.errors, found.error);
		assert_string_equal(found.error, rows[row].error);
		if (rows[row].errors != 0)
			assert_non_null(strstr(hint_of(found.errors),
			    rows[row].hint));
	}
	cert_free(&namesake);
}

/* ---- what cannot be used */

static void
refuses(const struct smtp__tls_settings *more, int status, const char *words)
{
	struct smtp__tls_settings settings = *more;
	struct smtp__tls_shared *shared;
	char why[300];

	settings.ca = root.crt.raw.p;
	settings.ca_n = root.crt.raw.len;
	if (smtp__tls_shared_new(&shared, &settings, why, sizeof why) !=
	    status || strstr(why, words) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", why, words);
	if (status == SMTP_OK)
		smtp__tls_shared_free(shared);
}

static void
test_tls_policy__settings_that_cannot_be_used_are_named(void **state)
{
	const char *nonsense = put_file("nonsense", "nonsense", 8);
	const struct smtp__tls_settings no_list = { .crl_file = "/nowhere" };
	const struct smtp__tls_settings bad_list = { .crl_file = nonsense };
	const struct smtp__tls_settings bad_pin = { .pins = "x" };
	const struct smtp__tls_settings no_pin = { .pin_only = true };
	const struct smtp__tls_settings newer = { .tls13_only = true };

	(void)state;
	refuses(&no_list, SMTP_E_ARGUMENT, "/nowhere: cannot be read");
	refuses(&bad_list, SMTP_E_ARGUMENT,
	    ": no revocation list in it that can be used");
	refuses(&bad_pin, SMTP_E_ARGUMENT, "no digest of a key");
	refuses(&no_pin, SMTP_E_ARGUMENT, "no digest of a key");
	refuses(&newer, TLS13 ? SMTP_OK : SMTP_E_UNSUPPORTED,
	    TLS13 ? "" : "this build of mbedTLS has no TLS 1.3");
	unlink(nonsense);
}

/* ---- the newer version alone */

#if TLS13
static void
test_tls_policy__the_oldest_version_can_be_asked_for(void **state)
{
	const struct smtp__tls_settings newer = { .tls13_only = true };
	struct tls_peer_plan plan = { .cert = &good };
	struct found found = meet(&newer, &plan);

	(void)state;
	assert_int_equal(found.status, SMTP_OK);
	assert_string_equal(found.version, "TLSv1.3");
	plan.tls12 = true;
	found = meet(&newer, &plan);
	assert_int_equal(found.status, SMTP_E_TLS);
	assert_string_equal(found.version, "");
}
#endif

/* ---- a certificate of the client's own */

static char *
run(const char *command)
{
	char *text = calloc(1, 16384);
	FILE *pipe = popen(command, "r");

	assert_non_null(text);
	assert_non_null(pipe);
	assert_true(fread(text, 1, 16383, pipe) > 0);
	assert_int_equal(pclose(pipe), 0);
	return text;
}

static void
expect_client(const struct smtp__tls_settings *settings)
{
	struct tls_peer_plan plan = { .cert = &good, .clients = &root,
	    .tls12 = true };
	struct found found = meet(settings, &plan);

	if (found.status != SMTP_OK)
		fail_msg("%s", found.error);
	assert_string_equal(found.subject, "CN=client");
}

static void
test_tls_policy__client_certificate_from_memory(void **state)
{
	char *both = cert_pem(&client, true), *key;
	struct smtp__tls_settings s = { .cert = both, .cert_n = strlen(both) };

	(void)state;
	expect_client(&s);
	s.key = strstr(both, "-----BEGIN EC");
	assert_non_null(s.key);
	s.key_n = strlen(s.key);
	expect_client(&s);
	s.cert = client.crt.raw.p;              /* DER, and a key in PEM */
	s.cert_n = client.crt.raw.len;
	expect_client(&s);
	s.key = NULL;
	refuses(&s, SMTP_E_ARGUMENT, "the key in memory: no private key in it "
	    "that can be used");
	key = cert_pem(&other, true);
	s.key = key;
	s.key_n = strlen(key);
	refuses(&s, SMTP_E_ARGUMENT,
	    "the key in memory: the key of another certificate");
	s.cert = "x";
	s.cert_n = 1;
	refuses(&s, SMTP_E_ARGUMENT,
	    "no certificate that can be used as the client's own");
	free(key);
	free(both);
	proves("R4422-A-1");
}

static bool
is_told_wrong(struct smtp__tls_settings settings, const char *password)
{
	struct smtp__tls_shared *shared;
	char why[300];

	settings.key_password = password;
	assert_int_equal(smtp__tls_shared_new(&shared, &settings, why,
	    sizeof why), SMTP_E_ARGUMENT);
	return strstr(why, ": the password of the key is wrong") != NULL;
}

/* One in some hundreds makes of the key what looks like one, and is none. */
static void
test_tls_policy__client_key_with_the_wrong_password(void **state)
{
	char *pem = cert_pem(&client, true), *key;
	const char *plain = put_file("plain", pem, strlen(pem));
	struct smtp__tls_settings s = { .ca = root.crt.raw.p,
		.ca_n = root.crt.raw.len, .cert_file = plain };
	char command[400];

	(void)state;
	(void)snprintf(command, sizeof command, "openssl ec -aes256 -in %s "
	    "-passout pass:secret 2>/dev/null", plain);
	key = run(command);
	s.key_file = put_file("key", key, strlen(key));
	assert_true(is_told_wrong(s, "wrong") || is_told_wrong(s, "Secret") ||
	    is_told_wrong(s, "secret "));
	s.cert = pem;
	s.cert_n = strlen(pem);
	s.key = key;
	s.key_n = strlen(key);
	assert_true(is_told_wrong(s, "wrong") || is_told_wrong(s, "Secret") ||
	    is_told_wrong(s, "secret "));
	unlink(s.key_file);
	unlink(plain);
	free(key);
	free(pem);
}

static void
test_tls_policy__client_key_that_is_encrypted(void **state)
{
	static const struct {
		const char *how, *password;
		int status;
		const char *words;
	} rows[] = {
		{ "ec -aes256", "secret", SMTP_OK, "" },
		{ "ec -aes256", NULL, SMTP_E_ARGUMENT,
		    ": the key needs a password" },
		{ "pkcs8 -topk8 -v2 des3", "secret", SMTP_OK, "" },
		{ "pkcs8 -topk8 -v2 des3", NULL, SMTP_E_ARGUMENT,
		    ": the key needs a password" },
		{ "pkcs8 -topk8 -v2 aes256", "secret",
		    MBEDTLS_VERSION_MAJOR < 3 ? SMTP_E_ARGUMENT : SMTP_OK,
		    MBEDTLS_VERSION_MAJOR < 3 ? "in a way, that this build of "
		    "mbedTLS does not know" : "" }
	};
	char *pem = cert_pem(&client, true), *at;
	const char *plain = put_file("plain", pem, strlen(pem));

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__tls_settings s = {
			.key_password = rows[i].password
		};
		char command[400];

		(void)snprintf(command, sizeof command, "openssl %s -in %s "
		    "-passout pass:secret 2>/dev/null", rows[i].how, plain);
		at = run(command);
		s.cert_file = plain;
		s.key_file = put_file("key", at, strlen(at));
		if (rows[i].status == SMTP_OK)
			expect_client(&s);
		else
			refuses(&s, rows[i].status, rows[i].words);
		if (rows[i].status != SMTP_OK)
			refuses(&s, rows[i].status, s.key_file);
		s.cert = pem;
		s.cert_n = strlen(pem);
		s.key = at;
		s.key_n = strlen(at);
		if (rows[i].status == SMTP_OK)
			expect_client(&s);
		else
			refuses(&s, rows[i].status, rows[i].words);
		unlink(s.key_file);
		free(at);
	}
	unlink(plain);
	free(pem);
	proves("R4422-A-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_tls_policy__a_pin_is_asked_for_beside_the_rest),
		cmocka_unit_test(test_tls_policy__a_pin_is_a_digest),
		cmocka_unit_test(test_tls_policy__revoked_is_told_apart),
		cmocka_unit_test(
		    test_tls_policy__settings_that_cannot_be_used_are_named),
#if TLS13
		cmocka_unit_test(
		    test_tls_policy__the_oldest_version_can_be_asked_for),
#endif
		cmocka_unit_test(
		    test_tls_policy__client_certificate_from_memory),
		cmocka_unit_test(
			test_tls_policy__client_key_with_the_wrong_password),
		cmocka_unit_test(test_tls_policy__client_key_that_is_encrypted)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
#endif
