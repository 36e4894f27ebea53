/* SPDX-License-Identifier: MIT */
/*
 * Channel bindings, against what OpenSSL has for the same session: RFC 5929,
 * RFC 9266.
 */
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_TLS
LEFT_OUT("SMTP_WITH_TLS")
#else

#include <mbedtls/md.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include "support/outside.h"

#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_MAJOR >= 3
#define TLS13 1
#else
#define TLS13 0
#endif

static const char host[] = "mail.example.com";
static struct cert root, good;

static int
set_up(void **state)
{
	const struct cert_plan ca = { .name = "Test Root", .ca = true };
	const struct cert_plan leaf = { .dns = { host } };

	(void)state;
	cert_make(&root, &ca, NULL);
	cert_make(&good, &leaf, &root);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cert_free(&root);
	cert_free(&good);
	return 0;
}

/* ---- a session with a server outside */

struct session {
	struct smtp__tls_shared *shared;
	struct smtp__tls *tls;
	struct smtp_transport t;
};

static void
session_begin(struct session *s, const struct outside *o,
    const struct cert *trusted)
{
	struct smtp__tls_settings settings = { .no_verify = trusted == NULL };
	struct smtp_transport inner = outside_connect(o);
	struct smtp__tls_info info;
	char why[200];

	if (trusted != NULL) {
		settings.ca = trusted->crt.raw.p;
		settings.ca_n = trusted->crt.raw.len;
	}
	assert_int_equal(smtp__tls_shared_new(&s->shared, &settings, why,
	    sizeof why), SMTP_OK);
	assert_int_equal(smtp__tls_start(&s->tls, &s->t, &inner, s->shared,
	    host, NULL), SMTP_OK);
	for (int type = SMTP__TLS_UNIQUE; type <= SMTP__TLS_EXPORTER; type++) {
		unsigned char octets[SMTP__TLS_BINDING_BYTES];

		assert_int_equal(smtp__tls_binding(s->tls,
		    (enum smtp__tls_binding)type, octets, sizeof octets), 0);
	}
	if (outside_shake(s->tls, &s->t) != SMTP_OK) {
		smtp__tls_info(s->tls, &info);
		fail_msg("%s", info.error);
	}
}

static void
session_end(struct session *s)
{
	s->t.close(s->t.ctx);
	smtp__tls_shared_free(s->shared);
}

/* In lower-case hexadecimal, from memory of exact size; "" for none. */
static const char *
binding_of(struct session *s, enum smtp__tls_binding type)
{
	static char hex[2 * SMTP__TLS_BINDING_BYTES + 1];
	unsigned char *octets = malloc(SMTP__TLS_BINDING_BYTES), *exact;
	size_t n;

	assert_non_null(octets);
	n = smtp__tls_binding(s->tls, type, octets, SMTP__TLS_BINDING_BYTES);
	for (size_t room = 0; room < n; room++)
		assert_int_equal(smtp__tls_binding(s->tls, type, octets,
		    room), 0);
	exact = malloc(n > 0 ? n : 1);
	assert_non_null(exact);
	assert_int_equal(smtp__tls_binding(s->tls, type, exact, n), n);
	hex[0] = '\0';
	for (size_t i = 0; i < n; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", exact[i]);
	free(exact);
	free(octets);
	return hex;
}

/* ---- tests */

static void
test_tls_binding__unique_is_what_openssl_has(void **state)
{
	struct outside *o = outside_python(&good, "--max", "1.2", NULL);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct session s;
		const char *want;

		session_begin(&s, o, &root);
		want = outside_value(outside_says(o, "session "), "unique=");
		assert_int_equal(strlen(want), 2 * 12);
		assert_string_equal(binding_of(&s, SMTP__TLS_UNIQUE), want);
		assert_string_equal(binding_of(&s, SMTP__TLS_EXPORTER), "");
		session_end(&s);
	}
	outside_stop(o);
	proves("R5929-4-1");
}

#if TLS13
/* And no tls-unique there. */
static void
test_tls_binding__exporter_is_what_openssl_has(void **state)
{
	struct outside *o = outside_openssl(&good, "-tls1_3",
	    "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen",
	    "32", NULL);

	(void)state;
	for (int i = 0; i < 3; i++) {
		char want[65];
		struct session s;
		const char *hex;

		session_begin(&s, o, &root);
		hex = outside_says(o, "    Keying material: ");
		assert_int_equal(strlen(hex), 64);
		for (size_t k = 0; k <= 64; k++)
			want[k] = hex[k] >= 'A' && hex[k] <= 'F' ?
			    (char)(hex[k] | 32) : hex[k];
#if defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT)
		assert_string_equal(binding_of(&s, SMTP__TLS_EXPORTER), want);
#else
		assert_string_equal(binding_of(&s, SMTP__TLS_EXPORTER), "");
#endif
		assert_string_equal(binding_of(&s, SMTP__TLS_UNIQUE), "");
		session_end(&s);
	}
	outside_stop(o);
#if defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT)
	proves("R9266-2-1 R9266-3-1");
#endif
}
#endif

/*
 * The digest that signed the certificate; for SHA-1, SHA-256. (A certificate
 * with SHA-1 passes only where none is looked at.)
 */
static void
test_tls_binding__end_point_is_the_digest_of_the_certificate(void **state)
{
	static const struct {
		enum cert_digest digest;
		mbedtls_md_type_t want;
	} rows[] = {
		{ CERT_SHA256, MBEDTLS_MD_SHA256 },
		{ CERT_SHA384, MBEDTLS_MD_SHA384 },
		{ CERT_SHA512, MBEDTLS_MD_SHA512 },
		{ CERT_SHA1, MBEDTLS_MD_SHA256 }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * (1 + TLS13); i++) {
		const struct cert_plan plan = { .dns = { host },
		    .digest = rows[i / (1 + TLS13)].digest };
		const mbedtls_md_info_t *md = mbedtls_md_info_from_type(
		    rows[i / (1 + TLS13)].want);
		unsigned char octets[64];
		char want[2 * 64 + 1];
		struct outside *o;
		struct session s;
		struct cert cert;

		cert_make(&cert, &plan, NULL);
		o = outside_python(&cert, "--max", i % (1 + TLS13) == 0 ?
		    "1.2" : "1.3", "--ciphers", "DEFAULT:@SECLEVEL=0", NULL);
		session_begin(&s, o, rows[i / (1 + TLS13)].digest ==
		    CERT_SHA1 ? NULL : &cert);
		assert_int_equal(mbedtls_md(md, cert.crt.raw.p,
		    cert.crt.raw.len, octets), 0);
		for (size_t k = 0; k < mbedtls_md_get_size(md); k++)
			(void)snprintf(want + 2 * k, 3, "%02x", octets[k]);
		assert_string_equal(binding_of(&s,
		    SMTP__TLS_SERVER_END_POINT), want);
		session_end(&s);
		outside_stop(o);
		cert_free(&cert);
	}
	proves("R5929-4-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_tls_binding__unique_is_what_openssl_has),
#if TLS13
		cmocka_unit_test(
		    test_tls_binding__exporter_is_what_openssl_has),
#endif
		cmocka_unit_test(
		test_tls_binding__end_point_is_the_digest_of_the_certificate)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
#endif
