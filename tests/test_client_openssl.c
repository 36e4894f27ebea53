/* SPDX-License-Identifier: MIT */
/*
 * Whole sessions with a server on OpenSSL: what is known of their TLS, what is
 * resumed, and what is tried once more.
 */
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_TLS
LEFT_OUT("SMTP_WITH_TLS")
#else

#include <unistd.h>

#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include <smtp/smtp.h>

#include "support/outside.h"
#include "support/session.h"

#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_MAJOR >= 3
#define TLS13 1
#else
#define TLS13 0
#endif

static struct cert root, good, rsa;

static int
set_up(void **state)
{
	const struct cert_plan ca = { .name = "Test Root", .ca = true };
	const struct cert_plan leaf = { .name = "leaf",
	    .dns = { "localhost", "mail.example.com" },
	    .ip = { "127.0.0.1" }, .from = "20240102030405",
	    .to = "20480203040506" };
	const struct cert_plan old = { .dns = { "localhost" }, .rsa = 2048 };

	(void)state;
	cert_make(&root, &ca, NULL);
	cert_make(&good, &leaf, &root);
	cert_make(&rsa, &old, &root);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cert_free(&root);
	cert_free(&good);
	cert_free(&rsa);
	return 0;
}

static struct smtp_options *
trusting(const char *name, const char *value)
{
	struct smtp_options *o = smtp_options_new();

	assert_int_equal(smtp_options_set_ca(o, root.crt.raw.p,
	    root.crt.raw.len), SMTP_OK);
	if (name != NULL && smtp_options_set(o, name, value) != SMTP_OK)
		fail_msg("%s", smtp_options_error(o));
	return o;
}

static const char *
url_of(const struct outside *o, const char *scheme)
{
	static char url[64];

	(void)snprintf(url, sizeof url, "%s://localhost:%d", scheme,
	    outside_port(o));
	return url;
}

/* ---- what is known */

static void
expect_known(const struct smtp *smtp, const char *name, const char *want)
{
	const char *value = smtp_tls_value(smtp, name);

	if (value == NULL || strcmp(value, want) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", name,
		    value != NULL ? value : "NULL", want);
}

static const char *const names[] = { "version", "suite", "resumed",
	"verified", "subject", "issuer", "names", "not-before", "not-after",
	"pin" };

static void
test_client_openssl__tells_what_tls_is(void **state)
{
	struct outside *o = outside_python(&good, "--max", "1.2",
	    "--starttls", NULL);
	struct smtp_options *options = trusting(NULL, NULL);
	char line[200], pin[64];
	struct smtp *smtp;

	(void)state;
	for (int i = 0; i < 2; i++) {
		expect_rc("open", NULL, smtp_open(&smtp, url_of(o, "smtp"),
		    options), SMTP_OK);
		expect_known(smtp, "version", "TLSv1.2");
		expect_known(smtp, "resumed", i == 0 ? "no" : "yes");
		expect_known(smtp, "verified", "yes");
		expect_known(smtp, "subject", "CN=leaf");
		expect_known(smtp, "issuer", "CN=Test Root");
		expect_known(smtp, "names",
		    "localhost, mail.example.com, 127.0.0.1");
		expect_known(smtp, "not-before", "2024-01-02T03:04:05Z");
		expect_known(smtp, "not-after", "2048-02-03T04:05:06Z");
		assert_null(smtp_tls_value(smtp, "nothing of the kind"));
		assert_null(smtp_tls_value(smtp, NULL));
		(void)snprintf(line, sizeof line, "TLSv1.2 %s",
		    smtp_tls_value(smtp, "suite"));
		assert_string_equal(smtp_tls_info(smtp), line);
		(void)snprintf(pin, sizeof pin, "%s",
		    smtp_tls_value(smtp, "pin"));
		smtp_close(smtp);
	}
	smtp_options_free(options);

	/* its own digest is what the option takes */
	options = trusting("tls-pin", pin);
	expect_rc("pinned", NULL, smtp_open(&smtp, url_of(o, "smtp"),
	    options), SMTP_OK);
	smtp_close(smtp);
	smtp_options_free(options);
	outside_stop(o);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(smtp_tls_value(NULL, names[i]), "");
	proves("LIB-G-8");
}

/* Of a certificate that was not taken too, with words and a hint. */
static void
test_client_openssl__tells_what_was_not_taken(void **state)
{
	const struct cert_plan plan = { .name = "old", .dns = { "localhost" },
	    .to = "20210101000000" };
	struct smtp_options *options = trusting(NULL, NULL);
	struct outside *o;
	struct smtp *smtp;
	struct cert old;

	(void)state;
	cert_make(&old, &plan, &root);
	o = outside_python(&old, NULL);
	assert_int_equal(smtp_open(&smtp, url_of(o, "smtps"), options),
	    SMTP_E_CERTIFICATE);
	expect_known(smtp, "subject", "CN=old");
	expect_known(smtp, "not-after", "2021-01-01T00:00:00Z");
	expect_known(smtp, "version", "");
	expect_known(smtp, "verified", "");
	assert_non_null(strstr(smtp_error(smtp), "expired on 2021-01-01"));
	assert_non_null(strstr(smtp_hint(smtp), "has expired"));
	smtp_close(smtp);
	smtp_options_free(options);
	options = trusting("tls-pin",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	assert_int_equal(smtp_open(&smtp, url_of(o, "smtps"), options),
	    SMTP_E_CERTIFICATE);
	assert_non_null(strstr(smtp_error(smtp),
	    smtp_tls_value(smtp, "pin")));
	assert_non_null(strstr(smtp_hint(smtp), "tls-pin"));
	smtp_close(smtp);
	smtp_options_free(options);
	outside_stop(o);
	cert_free(&old);
	proves("LIB-G-8");
}

static void
test_client_openssl__without_tls_nothing_is_known(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp *smtp = plain_session(s);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		expect_known(smtp, names[i], "");
	smtp_close(smtp);
	server_stop(s);
}

/* ---- what is resumed */

static bool
opens_resumed(struct outside *o, struct smtp_options *options,
	const char *scheme)
{
	struct smtp *smtp;
	bool resumed;
	const char *said;

	expect_rc(scheme, NULL, smtp_open(&smtp, url_of(o, scheme), options),
	    SMTP_OK);
	resumed = strcmp(smtp_tls_value(smtp, "resumed"), "yes") == 0;
	said = outside_says(o, "session ");
	assert_int_equal(resumed, strstr(said, "resumed=yes") != NULL);
	smtp_close(smtp);
	return resumed;
}

static void
test_client_openssl__sessions_that_share_options_resume(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * (1 + TLS13); i++) {
		const char *version = i / 2 == 0 ? "1.2" : "1.3";
		const char *scheme = i % 2 == 0 ? "smtps" : "smtp";
		struct outside *o = outside_python(&good, "--min", version,
		    "--max", version, i % 2 == 0 ? NULL : "--starttls", NULL);
		struct smtp_options *a = trusting(NULL, NULL);
		struct smtp_options *b = trusting(NULL, NULL);
		struct smtp_options *off = trusting("tls-resumption", "no");
		struct smtp_options *any = trusting("insecure-no-verify",
			"yes");

		assert_false(opens_resumed(o, a, scheme));
		assert_true(opens_resumed(o, a, scheme));
		assert_false(opens_resumed(o, b, scheme));
		assert_false(opens_resumed(o, any, scheme));
		assert_true(opens_resumed(o, a, scheme));
		assert_true(opens_resumed(o, b, scheme));
		assert_false(opens_resumed(o, off, scheme));
		assert_false(opens_resumed(o, off, scheme));
		smtp_options_free(a);
		smtp_options_free(b);
		smtp_options_free(off);
		smtp_options_free(any);
		outside_stop(o);
	}
	proves("LIB-G-7");
}

/* ---- what is tried once more */

/*
 * A server of TLS 1.2 with an RSA key that signs in its own order takes
 * RSA-PSS, which mbedTLS 3.6 has to offer for TLS 1.3 and does not take below.
 */
static void
test_client_openssl__a_server_with_its_own_order(void **state)
{
	static const char *const schemes[] = { "smtps", "smtp" };

	(void)state;
	for (size_t i = 0; i < COUNT(schemes); i++) {
		struct outside *o = outside_python(&rsa, "--max", "1.2",
		    "--own-order", i == 0 ? NULL : "--starttls", NULL);
		struct smtp_options *options = trusting(NULL, NULL);
		static struct trace trace;
		struct smtp_message *m;
		struct smtp *smtp;

		trace.n = 0;
		assert_int_equal(smtp_options_set_trace(options, trace_line,
		    &trace), SMTP_OK);
		expect_rc(schemes[i], NULL, smtp_open(&smtp, url_of(o,
		    schemes[i]), options), SMTP_OK);
		expect_known(smtp, "version", "TLSv1.2");
		expect_known(smtp, "verified", "yes");
		assert_int_equal(strstr(trace.text, "once more with TLS 1.2") !=
		    NULL, TLS13);
		m = mail_of(plain_mail, "b@example.com", NULL);
		expect_rc("send", smtp, smtp_send(smtp, m), SMTP_OK);
		smtp_message_free(m);
		smtp_close(smtp);
		(void)outside_says(o, "session ");
		assert_true(opens_resumed(o, options, schemes[i]));
		smtp_options_free(options);
		outside_stop(o);
	}
}

#if TLS13
/* Asked for 1.3 at least, it does not go down for such a server. */
static void
test_client_openssl__the_oldest_version_holds(void **state)
{
	struct outside *o = outside_python(&rsa, "--max", "1.2",
	    "--own-order", NULL);
	struct smtp_options *options = trusting("tls-min", "1.3");
	struct smtp *smtp;

	(void)state;
	assert_int_equal(smtp_open(&smtp, url_of(o, "smtps"), options),
	    SMTP_E_TLS);
	expect_known(smtp, "version", "");
	(void)outside_says(o, "failed ");
	smtp_close(smtp);
	smtp_options_free(options);
	outside_stop(o);
}

/* A connection that the program made cannot be made again. */
static void
test_client_openssl__what_was_connected_is_tried_once(void **state)
{
	struct outside *o = outside_python(&rsa, "--max", "1.2",
	    "--own-order", NULL);
	struct smtp_options *options = trusting(NULL, NULL);
	struct smtp_transport inner = outside_connect(o);
	struct smtp *smtp;

	(void)state;
	assert_int_equal(smtp_options_set_transport(options, &inner), SMTP_OK);
	expect_rc("own", smtp, smtp_open(&smtp, url_of(o, "smtps"), options),
	    SMTP_E_TLS);
	(void)outside_says(o, "failed ");
	smtp_close(smtp);
	smtp_options_free(options);
	outside_stop(o);
}

/*
 * Whoever makes the first handshake fail does not get TLS 1.2 from a server
 * that has TLS 1.3: its random number says so.
 */
static void
test_client_openssl__nobody_presses_for_an_older_version(void **state)
{
	struct outside *o = outside_python(&good, NULL);
	struct smtp__tls_settings settings = {
		.ca = root.crt.raw.p,
		.ca_n = root.crt.raw.len
	};
	struct smtp_transport inner = outside_connect(o), t;
	struct smtp__tls_shared *shared;
	struct smtp__tls_info info;
	struct smtp__tls *tls;
	char why[200];

	(void)state;
	assert_int_equal(smtp__tls_shared_new(&shared, &settings, why,
	    sizeof why), SMTP_OK);
	assert_int_equal(smtp__tls_start_again(&tls, &t, &inner, shared,
	    "localhost", NULL, SMTP__TLS_AGAIN_OLDER), SMTP_OK);
	assert_int_equal(outside_shake(tls, &t), SMTP_E_TLS);
	smtp__tls_info(tls, &info);
	assert_string_equal(info.error, "the server has TLS 1.3, and "
	    "something between presses for TLS 1.2");
	assert_false(info.verified);
	assert_int_equal(info.again, SMTP__TLS_NOT_AGAIN);
	t.close(t.ctx);
	smtp__tls_shared_free(shared);
	outside_stop(o);
}
#endif

/* ---- who the client is */

static void
test_client_openssl__client_certificate_in_memory(void **state)
{
	const struct cert_plan mine = { .name = "client" };
	char *ca = cert_pem(&root, false), *pem, path[64];
	struct smtp_options *options = trusting(NULL, NULL);
	struct cert client;
	struct outside *o;
	struct smtp *smtp;
	FILE *file;

	(void)state;
	cert_make(&client, &mine, &root);
	pem = cert_pem(&client, true);
	(void)snprintf(path, sizeof path, "/tmp/smtp-clients-%ld",
	    (long)getpid());
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(ca, file) >= 0);
	assert_int_equal(fclose(file), 0);
	o = outside_python(&good, "--max", "1.2", "--clients", path, NULL);
	assert_int_equal(smtp_options_set_client(options, NULL, 0, NULL, 0),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set_client(options, pem, strlen(pem),
	    pem, 0), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_set_client(NULL, pem, strlen(pem), NULL,
	    0), SMTP_E_MEMORY);
	for (int i = 0; i < 2; i++)
		assert_int_equal(smtp_options_set_client(options, pem,
		    strlen(pem), i == 0 ? pem : NULL, strlen(pem)), SMTP_OK);
	memset(pem, 'x', strlen(pem));          /* it was copied */
	expect_rc("open", NULL, smtp_open(&smtp, url_of(o, "smtps"),
	    options), SMTP_OK);
	assert_non_null(strstr(outside_says(o, "session "),
	    "client=client"));
	assert_int_equal(smtp_options_set_client(options, "x", 1, NULL, 0),
	    SMTP_E_STATE);
	smtp_close(smtp);
	smtp_options_free(options);

	options = trusting(NULL, NULL);
	assert_int_not_equal(smtp_open(&smtp, url_of(o, "smtps"), options),
	    SMTP_OK);
	(void)outside_says(o, "failed ");
	smtp_close(smtp);
	smtp_options_free(options);
	outside_stop(o);
	(void)remove(path);
	cert_free(&client);
	free(pem);
	free(ca);
	proves("R4422-A-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_openssl__tells_what_tls_is),
		cmocka_unit_test(
		    test_client_openssl__tells_what_was_not_taken),
		cmocka_unit_test(
		    test_client_openssl__without_tls_nothing_is_known),
		cmocka_unit_test(
		    test_client_openssl__sessions_that_share_options_resume),
		cmocka_unit_test(
		    test_client_openssl__a_server_with_its_own_order),
#if TLS13
		cmocka_unit_test(
		    test_client_openssl__the_oldest_version_holds),
		cmocka_unit_test(
		    test_client_openssl__what_was_connected_is_tried_once),
		cmocka_unit_test(
		    test_client_openssl__nobody_presses_for_an_older_version),
#endif
		cmocka_unit_test(
		    test_client_openssl__client_certificate_in_memory)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
#endif
