/* SPDX-License-Identifier: MIT */
/*
 * Sessions that are resumed, and those that must not be; the server, which is
 * OpenSSL, counts.
 */
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_TLS
LEFT_OUT("SMTP_WITH_TLS")
#else

#include <pthread.h>

#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include "net/tls.h"
#include "support/outside.h"
#include "support/tls_peer.h"

#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_MAJOR >= 3
#define TLS13 1
#else
#define TLS13 0
#endif

#if MBEDTLS_VERSION_MAJOR < 3
#define MBEDTLS_PRIVATE(field) field
#endif

static const char host[] = "mail.example.com";
static struct cert root, stranger, good;

static int
set_up(void **state)
{
	const struct cert_plan ca = { .name = "Test Root", .ca = true };
	const struct cert_plan other = { .name = "Nobody's CA", .ca = true };
	const struct cert_plan leaf = { .name = "leaf",
	    .dns = { host, "other.example.com" } };

	(void)state;
	cert_make(&root, &ca, NULL);
	cert_make(&stranger, &other, NULL);
	cert_make(&good, &leaf, &root);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cert_free(&root);
	cert_free(&stranger);
	cert_free(&good);
	return 0;
}

static struct smtp__tls_shared *
shared_with(const struct smtp__tls_settings *more, const struct cert *ca)
{
	struct smtp__tls_settings settings = *more;
	struct smtp__tls_shared *shared;
	char why[200];

	settings.ca = ca->crt.raw.p;
	settings.ca_n = ca->crt.raw.len;
	assert_int_equal(smtp__tls_shared_new(&shared, &settings, why,
	    sizeof why), SMTP_OK);
	return shared;
}

static struct smtp__tls_shared *
shared_of(const struct cert *ca)
{
	const struct smtp__tls_settings plain = { 0 };

	return shared_with(&plain, ca);
}

/* ---- one session, to its end */

struct found {
	int status;
	bool resumed, verified, server_resumed;
	unsigned errors;
	char pin[33], version[16], subject[64], unique[64], has_unique[64];
	char error[200];
};

static void
note_unique(struct found *found, struct smtp__tls *tls)
{
	unsigned char octets[SMTP__TLS_BINDING_BYTES];
	size_t n = smtp__tls_binding(tls, SMTP__TLS_UNIQUE, octets,
	    sizeof octets);

	for (size_t i = 0; i < n; i++)
		(void)snprintf(found->has_unique + 2 * i, 3, "%02x",
		    octets[i]);
}

/* Talks as long as tickets need to come, and ends in order. */
static void
talk(struct smtp_transport *t)
{
	char line[200];

	outside_hear(t, line, sizeof line);
	assert_string_equal(line, "220 test\r\n");
	assert_int_equal(t->write(t->ctx, "QUIT\r\n", 6), 6);
	outside_hear(t, line, sizeof line);
	assert_string_equal(line, "221 bye\r\n");
}

static struct found
meet(struct outside *o, struct smtp__tls_shared *shared, const char *name,
    const char *peer)
{
	struct smtp_transport inner = outside_connect(o), t;
	struct found found = { 0 };
	struct smtp__tls_info info;
	struct smtp__tls *tls;
	const char *said;

	assert_int_equal(smtp__tls_start(&tls, &t, &inner, shared, name,
	    peer), SMTP_OK);
	found.status = outside_shake(tls, &t);
	smtp__tls_info(tls, &info);
	found.resumed = info.resumed;
	found.verified = info.verified;
	found.errors = info.cert_errors;
	(void)snprintf(found.version, sizeof found.version, "%s",
	    info.version);
	(void)snprintf(found.error, sizeof found.error, "%s", info.error);
	if (info.peer != NULL) {
		memcpy(found.pin, info.peer->pin, 32);
		(void)snprintf(found.subject, sizeof found.subject, "%.60s",
		    info.peer->subject);
	}
	note_unique(&found, tls);
	if (found.status == SMTP_OK) {
		talk(&t);
		said = outside_says(o, "session ");
		found.server_resumed = strcmp(outside_value(said, "resumed="),
		    "yes") == 0;
		(void)snprintf(found.unique, sizeof found.unique, "%s",
		    outside_value(said, "unique="));
	}
	t.close(t.ctx);
	return found;
}

/* Both sides say the same, and the certificate is known all the same. */
static void
expect(const char *what, const struct found *found, bool resumed)
{
	if (found->status != SMTP_OK)
		fail_msg("%s: %s", what, found->error);
	if (found->resumed != resumed || found->server_resumed != resumed)
		fail_msg("%s: resumed %d, says the server %d", what,
		    found->resumed, found->server_resumed);
	assert_true(found->verified);
	assert_int_equal(found->errors, 0);
	assert_string_equal(found->subject, "CN=leaf");
}

/* ---- tests */

static const struct kind {
	const char *name, *version, *option;
} kinds[] = {
	{ "a ticket of TLS 1.2", "1.2", NULL },
	{ "a number of TLS 1.2", "1.2", "--no-ticket" },
#if TLS13
	{ "a ticket of TLS 1.3", "1.3", NULL },
	{ "a number of TLS 1.3", "1.3", "--no-ticket" },
#endif
};

static void
test_tls_resume__the_second_session_is_the_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct outside *o = outside_python(&good, "--min",
		    kinds[i].version, "--max", kinds[i].version,
		    kinds[i].option, NULL);
		struct smtp__tls_shared *shared = shared_of(&root);
		struct found first = meet(o, shared, host, "h:1"), found;
		unsigned resumed = 0;

		expect(kinds[i].name, &first, false);
		for (int k = 0; k < 5; k++) {
			found = meet(o, shared, host, "h:1");
			expect(kinds[i].name, &found, true);
			resumed++;
			assert_memory_equal(found.pin, first.pin, 32);
			assert_string_equal(found.version, first.version);
		}
		assert_int_equal(resumed, 5);
		smtp__tls_shared_free(shared);
		outside_stop(o);
	}
}

/* Whatever differs in who it is, or in what is asked of it. */
static void
test_tls_resume__only_with_the_same_server_and_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct smtp__tls_settings no = { .no_resumption = true };
		struct outside *o = outside_python(&good, "--min",
		    kinds[i].version, "--max", kinds[i].version,
		    kinds[i].option, NULL);
		struct smtp__tls_shared *shared = shared_of(&root);
		struct smtp__tls_shared *strict = shared_of(&stranger);
		struct smtp__tls_shared *never = shared_with(&no, &root);
		struct found found;

		found = meet(o, shared, host, "h:1");
		expect("the first", &found, false);
		found = meet(o, shared, host, "h:2");
		expect("another port", &found, false);
		found = meet(o, shared, host, "i:1");
		expect("another host", &found, false);
		found = meet(o, shared, "other.example.com", "h:1");
		expect("another name", &found, false);
		found = meet(o, shared, host, NULL);
		expect("nobody in particular", &found, false);
		found = meet(o, strict, host, "h:1");
		assert_int_equal(found.status, SMTP_E_CERTIFICATE);
		assert_string_not_equal(found.error, "");
		for (int k = 0; k < 2; k++) {
			found = meet(o, never, host, "h:1");
			expect("resumption off", &found, false);
		}
		found = meet(o, shared, host, "h:1");
		expect("the first again", &found, true);
		smtp__tls_shared_free(never);
		smtp__tls_shared_free(strict);
		smtp__tls_shared_free(shared);
		outside_stop(o);
	}
	proves("LIB-G-7");
}

/* A certificate that was not taken, or would not have been, opens no door. */
static void
test_tls_resume__a_session_without_verification_stays_so(void **state)
{
	const struct smtp__tls_settings any = { .no_verify = true };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct outside *o = outside_python(&good, "--min",
		    kinds[i].version, "--max", kinds[i].version,
		    kinds[i].option, NULL);
		struct smtp__tls_shared *shared = shared_with(&any, &stranger);

		for (int k = 0; k < 3; k++) {
			struct found found = meet(o, shared, host, "h:1");

			assert_int_equal(found.status, SMTP_OK);
			assert_int_equal(found.resumed, k > 0);
			assert_int_equal(found.server_resumed, k > 0);
			assert_false(found.verified);
			assert_int_equal(found.errors, SMTP__CERT_UNKNOWN_CA);
		}
		smtp__tls_shared_free(shared);
		outside_stop(o);
	}
}

/* A server that has forgotten all makes a full handshake, with no error. */
static void
test_tls_resume__falls_back_to_a_full_handshake(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct smtp__tls_shared *shared = shared_of(&root);

		for (int k = 0; k < 3; k++) {
			struct outside *o = outside_python(&good, "--min",
			    kinds[i].version, "--max", kinds[i].version,
			    kinds[i].option, NULL);
			struct found found = meet(o, shared, host, "h:1");

			expect(kinds[i].name, &found, false);
			found = meet(o, shared, host, "h:1");
			expect(kinds[i].name, &found, true);
			outside_stop(o);
		}
		smtp__tls_shared_free(shared);
	}
}

/* With a certificate that is not taken the door stays shut. */
static void
test_tls_resume__the_fallback_verifies(void **state)
{
	const struct cert_plan plan = { .dns = { host } };
	struct cert bad;

	(void)state;
	cert_make(&bad, &plan, &stranger);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct smtp__tls_shared *shared = shared_of(&root);
		struct outside *o = outside_python(&good, "--min",
		    kinds[i].version, "--max", kinds[i].version,
		    kinds[i].option, NULL);
		struct found found = meet(o, shared, host, "h:1");

		expect(kinds[i].name, &found, false);
		outside_stop(o);
		o = outside_python(&bad, "--min", kinds[i].version, "--max",
		    kinds[i].version, kinds[i].option, NULL);
		for (int k = 0; k < 2; k++) {
			found = meet(o, shared, host, "h:1");
			assert_int_equal(found.status, SMTP_E_CERTIFICATE);
			assert_int_equal(found.errors, SMTP__CERT_UNKNOWN_CA);
			assert_false(found.verified);
		}
		outside_stop(o);
		smtp__tls_shared_free(shared);
	}
	cert_free(&bad);
}

/* Its tls-unique is another, and both sides have it. RFC 5929, RFC 7627. */
static void
test_tls_resume__binds_to_the_session_at_hand(void **state)
{
	(void)state;
	for (int ticket = 0; ticket < 2; ticket++) {
		struct outside *o = outside_python(&good, "--max", "1.2",
		    ticket ? NULL : "--no-ticket", NULL);
		struct smtp__tls_shared *shared = shared_of(&root);
		char last[64] = "";

		for (int k = 0; k < 3; k++) {
			struct found found = meet(o, shared, host, "h:1");

			expect("TLS 1.2", &found, k > 0);
			assert_int_equal(strlen(found.has_unique), 24);
			assert_string_equal(found.has_unique, found.unique);
			assert_string_not_equal(found.has_unique, last);
			memcpy(last, found.has_unique, sizeof last);
		}
		smtp__tls_shared_free(shared);
		outside_stop(o);
	}
}

/* Without the extended master secret there is nothing to resume. RFC 7627. */
static void
test_tls_resume__needs_the_extended_master_secret(void **state)
{
	(void)state;
	for (int ticket = 0; ticket < 2; ticket++) {
		struct outside *o = outside_python(&good, "--max", "1.2",
		    "--no-extended-master", ticket ? NULL : "--no-ticket",
		    NULL);
		struct smtp__tls_shared *shared = shared_of(&root);

		for (int k = 0; k < 3; k++) {
			struct found found = meet(o, shared, host, "h:1");

			expect("TLS 1.2", &found, false);
			assert_int_equal(strlen(found.has_unique), 24);
			assert_string_equal(found.has_unique, found.unique);
		}
		smtp__tls_shared_free(shared);
		outside_stop(o);
	}
}

static int
meet_peer(struct smtp__tls_shared *shared, const struct tls_peer_plan *plan,
    struct found *found)
{
	struct smtp_transport inner, t;
	struct smtp__tls_info info;
	struct smtp__tls *tls;
	struct tls_peer peer;
	struct wire wire;
	int status = SMTP_WANT_WRITE;

	memset(found, 0, sizeof *found);
	wire_init(&wire);
	tls_peer_init(&peer, &wire, plan);
	inner = wire_client(&wire);
	assert_int_equal(smtp__tls_start(&tls, &t, &inner, shared, host,
	    "h:1"), SMTP_OK);
	for (int i = 0; i < 100 && status > 0; i++) {
		status = smtp__tls_handshake(tls);
		tls_peer_step(&peer);
	}
	smtp__tls_info(tls, &info);
	found->resumed = info.resumed;
	found->verified = info.verified;
	(void)snprintf(found->error, sizeof found->error, "%s", info.error);
	note_unique(found, tls);
	t.close(t.ctx);
	tls_peer_free(&peer);
	wire_free(&wire);
	return status;
}

/* A server that drops it when it resumes is not believed, and forgotten. */
static void
test_tls_resume__refuses_a_server_that_drops_it(void **state)
{
	struct smtp__tls_shared *shared = shared_of(&root);
	mbedtls_ssl_cache_context cache;
	struct tls_peer_plan plan = { .cert = &good, .tls12 = true,
	    .cache = &cache };
	struct found found;

	(void)state;
	mbedtls_ssl_cache_init(&cache);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(meet_peer(shared, &plan, &found), SMTP_OK);
		assert_int_equal(found.resumed, i > 0);
		assert_int_equal(strlen(found.has_unique), 24);
	}
	plan.no_extended_master = true;
	assert_int_equal(meet_peer(shared, &plan, &found), SMTP_E_TLS);
	assert_string_equal(found.error, "the server resumed a session and "
	    "left out the extended master secret");
	assert_string_equal(found.has_unique, "");
	assert_false(found.verified);
	assert_int_equal(meet_peer(shared, &plan, &found), SMTP_OK);
	assert_false(found.resumed);
	mbedtls_ssl_cache_free(&cache);
	smtp__tls_shared_free(shared);
	proves("R7677-4-1");
}

/* ---- many at once */

struct thread {
	pthread_t id;
	struct smtp__tls_cache *cache;
	unsigned offered;
};

static void *
keep_and_offer(void *ctx)
{
	struct thread *thread = ctx;
	const struct smtp__tls_peer then = { .expires = { 2049, 1, 1, 0, 0,
	    0 } };
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;

	mbedtls_ssl_config_init(&config);
	assert_int_equal(mbedtls_ssl_config_defaults(&config,
	    MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
	    MBEDTLS_SSL_PRESET_DEFAULT), 0);
	mbedtls_ssl_conf_rng(&config, cert_random, NULL);
	for (int i = 0; i < 2000; i++) {
		struct smtp__tls_peer peer;
		unsigned errors;
		/* First more servers than it keeps, then few. */
		unsigned server = (unsigned)i % (i < 1000 ? 40 : 4);
		char key[8];

		(void)snprintf(key, sizeof key, "%u", server);
		mbedtls_ssl_init(&ssl);
		assert_int_equal(mbedtls_ssl_setup(&ssl, &config), 0);
		if (smtp__tls_cache_offer(thread->cache, key, &ssl, &peer,
		    &errors)) {
			thread->offered++;
			assert_int_equal(peer.expires[0], 2049);
			assert_int_equal(errors, server);
		} else {
			/* as after a handshake */
			ssl.MBEDTLS_PRIVATE(session) =
			    ssl.MBEDTLS_PRIVATE(session_negotiate);
			smtp__tls_cache_keep(thread->cache, key, &ssl,
			    i % 3 == 0, &then, server);
			ssl.MBEDTLS_PRIVATE(session) = NULL;
		}
		mbedtls_ssl_free(&ssl);
	}
	mbedtls_ssl_config_free(&config);
	return NULL;
}

static void
test_tls_resume__threads_may_share_a_cache(void **state)
{
	struct thread threads[4];
	struct smtp__tls_cache cache;
	unsigned offered = 0;

	(void)state;
	smtp__tls_cache_init(&cache);
	for (size_t i = 0; i < COUNT(threads); i++) {
		threads[i] = (struct thread){ .cache = &cache };
		assert_int_equal(pthread_create(&threads[i].id, NULL,
		    keep_and_offer, &threads[i]), 0);
	}
	for (size_t i = 0; i < COUNT(threads); i++) {
		assert_int_equal(pthread_join(threads[i].id, NULL), 0);
		offered += threads[i].offered;
	}
	assert_true(offered > 0);
	smtp__tls_cache_wipe(&cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_tls_resume__the_second_session_is_the_first),
		cmocka_unit_test(
		    test_tls_resume__only_with_the_same_server_and_policy),
		cmocka_unit_test(
		    test_tls_resume__a_session_without_verification_stays_so),
		cmocka_unit_test(
		    test_tls_resume__falls_back_to_a_full_handshake),
		cmocka_unit_test(test_tls_resume__the_fallback_verifies),
		cmocka_unit_test(
		    test_tls_resume__binds_to_the_session_at_hand),
		cmocka_unit_test(
		    test_tls_resume__needs_the_extended_master_secret),
		cmocka_unit_test(
		    test_tls_resume__refuses_a_server_that_drops_it),
		cmocka_unit_test(test_tls_resume__threads_may_share_a_cache)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
#endif
