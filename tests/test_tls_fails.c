/* SPDX-License-Identifier: MIT */
/*
 * What mbedTLS seldom answers, and never to an honest peer: its functions are
 * called as __wrap_NAME for NAME, which the linker arranges (see the Makefile).
 * Whatever it says, nothing is taken on trust, and no memory is lost.
 */
#define _GNU_SOURCE
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_TLS
LEFT_OUT("SMTP_WITH_TLS")
#else

#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include <sys/socket.h>

#include <mbedtls/md.h>
#include <mbedtls/version.h>

#include "net/net.h"
#include "net/tls.h"
#include "support/outside.h"
#include "support/ports.h"
#include "support/session.h"
#include "support/starve.h"
#include "support/tls_peer.h"

#if MBEDTLS_VERSION_MAJOR < 3
#define PRIVATE(field) field
#else
#define PRIVATE(field) MBEDTLS_PRIVATE(field)
#endif

/* As lib/net/tls_shared_mbedtls.c has it. */
#if MBEDTLS_VERSION_MAJOR >= 3 && defined(MBEDTLS_PSA_CRYPTO_C)
#define WITH_PSA 1
#include <psa/crypto.h>
#else
#define WITH_PSA 0
#endif

static const char host[] = "mail.example.com";
static struct cert root, good, client;
static char *root_pem, *client_pem;

static int
set_up(void **state)
{
	const struct cert_plan ca = { .name = "Test Root", .ca = true };
	const struct cert_plan leaf = { .dns = { host } };
	const struct cert_plan mine = { .name = "client" };

	(void)state;
	cert_make(&root, &ca, NULL);
	cert_make(&good, &leaf, &root);
	cert_make(&client, &mine, &root);
	root_pem = cert_pem(&root, false);
	client_pem = cert_pem(&client, true);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cert_free(&root);
	cert_free(&good);
	cert_free(&client);
	free(root_pem);
	free(client_pem);
	return 0;
}

/* ---- the answers that are played */

/* One function answers so after some calls; the rest are its own answers. */
static struct {
	const char *name;
	long after;
	int answer;
	bool once;
	unsigned hits;
} play;

static bool
plays(const char *name, int *answer)
{
	if (play.name == NULL || strcmp(play.name, name) != 0 ||
	    play.after-- > 0)
		return false;
	play.hits++;
	*answer = play.answer;
	if (play.once)
		play.name = NULL;
	return true;
}

static void
play_one(const char *name, long after, int answer)
{
	play.name = name;
	play.after = after;
	play.answer = answer;
	play.once = false;
	play.hits = 0;
}

#define WRAP(name, declared, passed) \
	int __real_ ## name declared; \
	int __wrap_ ## name declared; \
	int __wrap_ ## name declared \
	{ \
		int answer; \
	\
		return plays(#name, &answer) ? answer : \
		    __real_ ## name passed; \
	}

/* Deaf to what was found, it says yes. */
static bool deaf;

int
__real_mbedtls_ssl_handshake(mbedtls_ssl_context *ssl);
int
__wrap_mbedtls_ssl_handshake(mbedtls_ssl_context *ssl);
int
__wrap_mbedtls_ssl_handshake(mbedtls_ssl_context *ssl)
{
	int answer;

	if (plays("mbedtls_ssl_handshake", &answer))
		return answer;
	answer = __real_mbedtls_ssl_handshake(ssl);
	return deaf && answer == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ? 0 :
	    answer;
}
WRAP(mbedtls_ssl_setup, (mbedtls_ssl_context *ssl,
    const mbedtls_ssl_config *config), (ssl, config))
WRAP(mbedtls_ssl_set_hostname, (mbedtls_ssl_context *ssl, const char *name),
    (ssl, name))
WRAP(mbedtls_ssl_config_defaults, (mbedtls_ssl_config *config, int endpoint,
    int transport, int preset), (config, endpoint, transport, preset))
WRAP(mbedtls_ssl_conf_own_cert, (mbedtls_ssl_config *config,
    mbedtls_x509_crt *cert, mbedtls_pk_context *key), (config, cert, key))
WRAP(mbedtls_ssl_get_session, (const mbedtls_ssl_context *ssl,
    mbedtls_ssl_session *session), (ssl, session))
WRAP(mbedtls_ssl_set_session, (mbedtls_ssl_context *ssl,
    const mbedtls_ssl_session *session), (ssl, session))
WRAP(mbedtls_ssl_get_max_out_record_payload, (const mbedtls_ssl_context *ssl),
    (ssl))
WRAP(mbedtls_ssl_check_pending, (const mbedtls_ssl_context *ssl), (ssl))
WRAP(mbedtls_md, (const mbedtls_md_info_t *md, const unsigned char *p,
    size_t n, unsigned char *out), (md, p, n, out))
WRAP(mbedtls_x509_time_is_past, (const mbedtls_x509_time *to), (to))
#if defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT)
WRAP(mbedtls_ssl_export_keying_material, (mbedtls_ssl_context *ssl,
    unsigned char *out, size_t n, const char *label, size_t label_n,
    const unsigned char *context, size_t context_n, int use_context),
    (ssl, out, n, label, label_n, context, context_n, use_context))
#endif
#if WITH_PSA
WRAP(psa_crypto_init, (void), ())
#endif
WRAP(fseek, (FILE *file, long at, int whence), (file, at, whence))
WRAP(mbedtls_x509_crt_parse_file, (mbedtls_x509_crt *crt, const char *path),
    (crt, path))

/* What each folder answers, where the files are played. */
static int folder_answer;

int
__real_mbedtls_x509_crt_parse_path(mbedtls_x509_crt *crt, const char *path);
int
__wrap_mbedtls_x509_crt_parse_path(mbedtls_x509_crt *crt, const char *path);
int
__wrap_mbedtls_x509_crt_parse_path(mbedtls_x509_crt *crt, const char *path)
{
	return folder_answer != 0 ? folder_answer :
	    __real_mbedtls_x509_crt_parse_path(crt, path);
}

void *
__real_calloc(size_t n, size_t size);
void *
__wrap_calloc(size_t n, size_t size);
void *
__wrap_calloc(size_t n, size_t size)
{
	int answer;

	return plays("calloc", &answer) ? NULL : __real_calloc(n, size);
}

/* Neither the call nor the device. */
static bool no_random;

int
__real_getentropy(void *p, size_t n);
int
__wrap_getentropy(void *p, size_t n);
int
__wrap_getentropy(void *p, size_t n)
{
	return no_random ? -1 : __real_getentropy(p, n);
}

int
__real_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, ...)
{
	return no_random ? -1 : __real_open(path, flags);
}

uint32_t
__real_mbedtls_ssl_get_verify_result(const mbedtls_ssl_context *ssl);
uint32_t
__wrap_mbedtls_ssl_get_verify_result(const mbedtls_ssl_context *ssl);
static uint32_t found_flags;             /* beside its own              */

uint32_t
__wrap_mbedtls_ssl_get_verify_result(const mbedtls_ssl_context *ssl)
{
	if (deaf || (play.name != NULL && strcmp(play.name,
	    "mbedtls_ssl_handshake") == 0))
		return found_flags;
	return __real_mbedtls_ssl_get_verify_result(ssl) | found_flags;
}

long
__real_ftell(FILE *file);
long
__wrap_ftell(FILE *file);
long
__wrap_ftell(FILE *file)
{
	int answer;

	return plays("ftell", &answer) ? answer : __real_ftell(file);
}

size_t
__real_fread(void *p, size_t size, size_t n, FILE *file);
size_t
__wrap_fread(void *p, size_t size, size_t n, FILE *file);
size_t
__wrap_fread(void *p, size_t size, size_t n, FILE *file)
{
	int answer;

	return plays("fread", &answer) ? (size_t)answer :
	    __real_fread(p, size, n, file);
}

static time_t ahead;                     /* the clock of sessions kept   */

int
__real_clock_gettime(clockid_t clock, struct timespec *now);
int
__wrap_clock_gettime(clockid_t clock, struct timespec *now);
int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = __real_clock_gettime(clock, now);

	now->tv_sec += ahead;
	return rc;
}

/* Reads and writes in the order of a script, behind the handshake. */
static struct {
	bool on;
	const int *answers;      /* of write; octets above 0               */
	const size_t *left;      /* what then stands unsent                */
	size_t n, at;
	size_t asked[8];         /* with so many octets                    */
} script;

int
__real_mbedtls_ssl_write(mbedtls_ssl_context *ssl, const unsigned char *p,
    size_t n);
int
__wrap_mbedtls_ssl_write(mbedtls_ssl_context *ssl, const unsigned char *p,
    size_t n);
int
__wrap_mbedtls_ssl_write(mbedtls_ssl_context *ssl, const unsigned char *p,
    size_t n)
{
	if (!script.on)
		return __real_mbedtls_ssl_write(ssl, p, n);
	assert_true(script.at < script.n);
	script.asked[script.at] = n;
	ssl->PRIVATE(out_left) = script.left[script.at];
	return script.answers[script.at++];
}

/* What is read takes along what was unsent. */
int
__real_mbedtls_ssl_read(mbedtls_ssl_context *ssl, unsigned char *p, size_t n);
int
__wrap_mbedtls_ssl_read(mbedtls_ssl_context *ssl, unsigned char *p, size_t n);
int
__wrap_mbedtls_ssl_read(mbedtls_ssl_context *ssl, unsigned char *p, size_t n)
{
	int answer;

	if (script.on)
		ssl->PRIVATE(out_left) = 0;
	if (script.on)
		return MBEDTLS_ERR_SSL_WANT_READ;
	if (plays("mbedtls_ssl_read", &answer))
		return answer;
	return __real_mbedtls_ssl_read(ssl, p, n);
}

/* ---- a client and a server, in step */

struct pair {
	struct wire wire;
	struct tls_peer peer;
	struct smtp__tls *tls;
	struct smtp_transport t;
};

static struct smtp__tls_shared *
shared_of(bool no_verify)
{
	const struct smtp__tls_settings settings = { .ca = root.crt.raw.p,
		.ca_n = root.crt.raw.len, .no_verify = no_verify };
	struct smtp__tls_shared *shared;
	char why[200];

	assert_int_equal(smtp__tls_shared_new(&shared, &settings, why,
	    sizeof why), SMTP_OK);
	return shared;
}

static void
pair_begin(struct pair *pair, struct smtp__tls_shared *shared,
    const char *peer)
{
	const struct tls_peer_plan plan = { .cert = &good, .tls12 = true };
	struct smtp_transport inner;

	wire_init(&pair->wire);
	tls_peer_init(&pair->peer, &pair->wire, &plan);
	inner = wire_client(&pair->wire);
	assert_int_equal(smtp__tls_start(&pair->tls, &pair->t, &inner,
	    shared, host, peer), SMTP_OK);
}

static int
pair_shake(struct pair *pair)
{
	int status = SMTP_WANT_WRITE;

	for (int i = 0; i < 100 && status > 0; i++) {
		status = smtp__tls_handshake(pair->tls);
		tls_peer_step(&pair->peer);
	}
	return status;
}

static void
pair_end(struct pair *pair)
{
	pair->t.close(pair->t.ctx);
	tls_peer_free(&pair->peer);
	wire_free(&pair->wire);
}

static struct smtp__tls_info
info_of(const struct pair *pair)
{
	struct smtp__tls_info info;

	smtp__tls_info(pair->tls, &info);
	return info;
}

/* ---- the handshake */

/* "Done", and no certificate was ever shown: nobody is behind it. */
static void
test_tls_fails__a_yes_without_a_certificate_is_none(void **state)
{
	static const struct {
		bool no_verify;
		uint32_t flags;
		int status;
		unsigned errors;
	} rows[] = {
		{ false, 0, SMTP_E_CERTIFICATE, SMTP__CERT_OTHER },
		{ false, MBEDTLS_X509_BADCERT_EXPIRED, SMTP_E_CERTIFICATE,
		    SMTP__CERT_OTHER },
		{ false, MBEDTLS_X509_BADCERT_REVOKED, SMTP_E_CERTIFICATE,
		    SMTP__CERT_REVOKED },
		{ true, 0, SMTP_OK, 0 }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__tls_shared *shared =
		    shared_of(rows[i].no_verify);
		struct pair pair;

		pair_begin(&pair, shared, NULL);
		play_one("mbedtls_ssl_handshake", 0, 0);
		found_flags = rows[i].flags;
		assert_int_equal(smtp__tls_handshake(pair.tls),
		    rows[i].status);
		found_flags = 0;
		play.name = NULL;
		assert_int_equal(info_of(&pair).cert_errors, rows[i].errors);
		assert_false(info_of(&pair).verified);
		assert_null(info_of(&pair).peer);
		smtp__tls_shared_free(shared);
		pair_end(&pair);
	}
}

/* What is found behind the last octet counts as well. */
static void
test_tls_fails__what_is_found_last_counts(void **state)
{
	struct smtp__tls_shared *shared = shared_of(false);
	struct pair pair;

	(void)state;
	pair_begin(&pair, shared, NULL);
	found_flags = MBEDTLS_X509_BADCERT_EXPIRED;
	assert_int_equal(pair_shake(&pair), SMTP_E_CERTIFICATE);
	found_flags = 0;
	assert_string_equal(info_of(&pair).error,
	    "certificate could not be checked");
	assert_false(info_of(&pair).verified);
	pair_end(&pair);
	smtp__tls_shared_free(shared);
}

/* What the judge found counts, though the library says nothing of it. */
static void
test_tls_fails__what_the_judge_found_counts(void **state)
{
	const struct cert_plan other = { .dns = { "other.example" } };
	const struct tls_peer_plan plan = { .cert = &good, .tls12 = true };
	struct smtp__tls_shared *shared = shared_of(false);
	struct tls_peer_plan wrong = plan;
	struct smtp_transport inner;
	struct pair pair;
	struct cert cert;

	(void)state;
	cert_make(&cert, &other, &root);
	wrong.cert = &cert;
	wire_init(&pair.wire);
	tls_peer_init(&pair.peer, &pair.wire, &wrong);
	inner = wire_client(&pair.wire);
	assert_int_equal(smtp__tls_start(&pair.tls, &pair.t, &inner, shared,
	    host, NULL), SMTP_OK);
	deaf = true;
	assert_int_equal(pair_shake(&pair), SMTP_E_CERTIFICATE);
	deaf = false;
	assert_int_equal(info_of(&pair).cert_errors, SMTP__CERT_NAME);
	pair_end(&pair);
	smtp__tls_shared_free(shared);
	cert_free(&cert);
}

static void
test_tls_fails__a_slice_of_a_calculation_is_gone_on_with(void **state)
{
#if defined(MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS)
	struct smtp__tls_shared *shared = shared_of(false);
	struct pair pair;

	(void)state;
	pair_begin(&pair, shared, NULL);
	play_one("mbedtls_ssl_handshake", 0,
	    MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS);
	assert_int_equal(smtp__tls_handshake(pair.tls), SMTP_WANT_WRITE);
	play.name = NULL;
	assert_int_equal(pair_shake(&pair), SMTP_OK);
	pair_end(&pair);
	smtp__tls_shared_free(shared);
#else
	(void)state;
#endif
}

static ptrdiff_t
broken_read(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMTP_IO_FAILED;
}

static ptrdiff_t
full_write(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	(void)p;
	return (ptrdiff_t)n;
}

/* A transport that needs no close has none. */
static void
test_tls_fails__a_transport_that_breaks_is_told(void **state)
{
	const struct smtp_transport inner = { broken_read, full_write, NULL,
		NULL, NULL };
	struct smtp__tls_shared *shared = shared_of(false);
	struct smtp_transport t;
	struct smtp__tls_info info;
	struct smtp__tls *tls;

	(void)state;
	assert_int_equal(smtp__tls_start(&tls, &t, &inner, shared, host,
	    NULL), SMTP_OK);
	assert_int_equal(t.fd(t.ctx), -1);
	assert_int_equal(smtp__tls_handshake(tls), SMTP_E_CLOSED);
	smtp__tls_info(tls, &info);
	assert_string_equal(info.error,
	    "the connection broke within the TLS handshake");
	assert_int_equal(t.read(t.ctx, &(char){ 0 }, 1), SMTP_IO_FAILED);
	t.close(t.ctx);
	smtp__tls_shared_free(shared);
}

/* ---- octets */

static void
test_tls_fails__a_record_leaves_once(void **state)
{
	enum { AGAIN = MBEDTLS_ERR_SSL_WANT_WRITE };
	static const struct {
		const char *what;
		int answers[4];
		size_t left[4];
		size_t n;
		int want[3];             /* of our writes, 0: a read between */
		size_t asked[4];
	} rows[] = {
		{ "a read takes it along", { AGAIN }, { 100 }, 1,
		    { SMTP_IO_WANT_WRITE, 0, 5 }, { 5 } },
		{ "an alert goes first", { AGAIN, AGAIN, 0, 5 },
		    { 0, 7, 0, 0 }, 2, { SMTP_IO_WANT_WRITE,
		    SMTP_IO_WANT_WRITE }, { 5, 5 } },
		{ "nothing of it is left", { AGAIN, 5 }, { 0, 0 }, 2,
		    { SMTP_IO_WANT_WRITE, 5 }, { 5, 5 } }
	};
	struct smtp__tls_shared *shared = shared_of(false);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pair pair;
		char octet;

		pair_begin(&pair, shared, NULL);
		assert_int_equal(pair_shake(&pair), SMTP_OK);
		memset(&script, 0, sizeof script);
		script.on = true;
		script.answers = rows[i].answers;
		script.left = rows[i].left;
		script.n = rows[i].n;
		for (size_t k = 0; k < 3 && (rows[i].want[k] != 0 || k == 1);
		    k++) {
			ptrdiff_t did = rows[i].want[k] == 0 ?
			    pair.t.read(pair.t.ctx, &octet, 1) :
			    pair.t.write(pair.t.ctx, "hello", 5);

			if (rows[i].want[k] != 0 && did != rows[i].want[k])
				fail_msg("%s: %d", rows[i].what, (int)did);
		}
		script.on = false;
		assert_int_equal(script.at, script.n);
		for (size_t k = 0; k < script.n; k++)
			assert_int_equal(script.asked[k], rows[i].asked[k]);
		pair_end(&pair);
	}
	smtp__tls_shared_free(shared);
}

/* What a read left behind, as an alert, goes on its own and before the rest. */
static void
test_tls_fails__an_alert_goes_before_what_is_written(void **state)
{
	static const int answers[] = { MBEDTLS_ERR_SSL_WANT_WRITE,
		MBEDTLS_ERR_SSL_WANT_WRITE, 0, 5 };
	static const size_t left[] = { 0, 7, 0, 0 };
	struct smtp__tls_shared *shared = shared_of(false);
	mbedtls_ssl_context *ssl;
	struct pair pair;

	(void)state;
	pair_begin(&pair, shared, NULL);
	assert_int_equal(pair_shake(&pair), SMTP_OK);
	ssl = (mbedtls_ssl_context *)(void *)pair.tls;  /* its first member */
	memset(&script, 0, sizeof script);
	script.on = true;
	script.answers = answers;
	script.left = left;
	script.n = 4;
	assert_int_equal(pair.t.write(pair.t.ctx, "hello", 5),
	    SMTP_IO_WANT_WRITE);
	ssl->PRIVATE(out_left) = 7;
	assert_int_equal(pair.t.write(pair.t.ctx, "hello", 5),
	    SMTP_IO_WANT_WRITE);
	assert_int_equal(script.asked[1], 0);
	assert_int_equal(pair.t.write(pair.t.ctx, "hello", 5), 5);
	assert_int_equal(script.asked[2], 0);
	assert_int_equal(script.asked[3], 5);
	script.on = false;
	ssl->PRIVATE(out_left) = 0;
	pair_end(&pair);
	smtp__tls_shared_free(shared);
}

/* Words without end that say nothing give the caller his turn. */
static void
test_tls_fails__what_says_nothing_does_not_hold_the_caller(void **state)
{
	struct smtp__tls_shared *shared = shared_of(false);
	struct pair pair;
	char octet;

	(void)state;
	pair_begin(&pair, shared, NULL);
	assert_int_equal(pair_shake(&pair), SMTP_OK);
	play_one("mbedtls_ssl_check_pending", 0, 1);
	assert_int_equal(pair.t.read(pair.t.ctx, &octet, 1),
	    SMTP_IO_WANT_READ);
	assert_true(play.hits > 10 && play.hits < 100);
	play.name = NULL;
#if !defined(TLS_ARCHIVES)
	/* who cannot tell how much fits is asked for all */
	play_one("mbedtls_ssl_get_max_out_record_payload", 0, -1);
	assert_int_equal(pair.t.write(pair.t.ctx, "hello", 5), 5);
	assert_int_equal(play.hits, 1);
	play.name = NULL;
#endif
	pair_end(&pair);
	smtp__tls_shared_free(shared);
}

/* ---- tickets of TLS 1.3, which the library says as it says an error */

#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
enum { TICKET = MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET };

static void
test_tls_fails__tickets_are_passed_over(void **state)
{
	static const int answers[] = { TICKET, 5 };
	static const size_t left[] = { 0, 0 };
	struct smtp__tls_shared *shared = shared_of(false);
	struct pair pair;

	(void)state;
	pair_begin(&pair, shared, NULL);
	play_one("mbedtls_ssl_handshake", 0, TICKET);
	play.once = true;
	assert_int_equal(pair_shake(&pair), SMTP_OK);
	assert_int_equal(play.hits, 1);
	assert_true(info_of(&pair).verified);
	memset(&script, 0, sizeof script);
	script.on = true;
	script.answers = answers;
	script.left = left;
	script.n = 2;
	assert_int_equal(pair.t.write(pair.t.ctx, "hello", 5), 5);
	assert_int_equal(script.at, 2);
	assert_int_equal(script.asked[1], 5);
	script.on = false;
	pair_end(&pair);
	smtp__tls_shared_free(shared);
}

/* Who gives nothing else does not hold the caller for ever. */
static void
test_tls_fails__tickets_without_end_are_a_failure(void **state)
{
	struct smtp__tls_shared *shared = shared_of(false);
	struct pair pair;
	char octet;

	(void)state;
	pair_begin(&pair, shared, NULL);
	play_one("mbedtls_ssl_handshake", 0, TICKET);
	assert_int_equal(smtp__tls_handshake(pair.tls), SMTP_E_TLS);
	assert_in_range(play.hits, 10, 100);
	play.name = NULL;
	assert_string_equal(info_of(&pair).error,
	    "the server sends tickets without end");
	assert_int_equal(pair.t.read(pair.t.ctx, &octet, 1), SMTP_IO_FAILED);
	pair_end(&pair);

	pair_begin(&pair, shared, NULL);
	assert_int_equal(pair_shake(&pair), SMTP_OK);
	play_one("mbedtls_ssl_read", 0, TICKET);
	assert_int_equal(pair.t.read(pair.t.ctx, &octet, 1), SMTP_IO_FAILED);
	assert_in_range(play.hits, 10, 100);
	play.name = NULL;
	assert_int_equal(pair.t.write(pair.t.ctx, "x", 1), SMTP_IO_FAILED);
	pair_end(&pair);
	smtp__tls_shared_free(shared);
}
#endif

/* ---- versions */

/* Asked for TLS 1.2 by who said it knew no more, a server of 1.3 tells. */
static void
test_tls_fails__who_is_pressed_down_goes_no_further(void **state)
{
	struct outside *o = outside_openssl(&good, NULL);
	struct smtp__tls_shared *shared = shared_of(false);

	(void)state;
	for (int older = 0; older < 2; older++) {
		struct smtp_transport inner = outside_connect(o);
		struct pair pair;

		assert_int_equal(smtp__tls_start_again(&pair.tls, &pair.t,
		    &inner, shared, host, NULL, older ?
		    SMTP__TLS_AGAIN_OLDER : SMTP__TLS_NOT_AGAIN), SMTP_OK);
		assert_int_equal(outside_shake(pair.tls, &pair.t), older ?
		    SMTP_E_TLS : SMTP_OK);
		assert_string_equal(info_of(&pair).error, older ?
		    "the server has TLS 1.3, and something between presses "
		    "for TLS 1.2" : "");
		assert_int_equal(info_of(&pair).again, SMTP__TLS_NOT_AGAIN);
		pair.t.close(pair.t.ctx);
	}
	smtp__tls_shared_free(shared);
	outside_stop(o);
}

/* A signature of TLS 1.3 in TLS 1.2: without 1.3 it is another one. */
static void
test_tls_fails__the_older_version_may_do_better(void **state)
{
#if MBEDTLS_VERSION_MAJOR >= 3 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
	static const struct {
		long after;              /* so many steps of both sides     */
		int answer;
		enum smtp__tls_again again;
	} rows[] = {
		{ 0, MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, SMTP__TLS_NOT_AGAIN },
		{ 2, MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER,
		    SMTP__TLS_AGAIN_OLDER },
		{ 2, MBEDTLS_ERR_SSL_INTERNAL_ERROR, SMTP__TLS_NOT_AGAIN }
	};
	struct smtp__tls_shared *shared = shared_of(false);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pair pair;

		pair_begin(&pair, shared, NULL);
		for (long k = 0; k < rows[i].after; k++) {
			assert_true(smtp__tls_handshake(pair.tls) > 0);
			tls_peer_step(&pair.peer);
		}
		play_one("mbedtls_ssl_handshake", 0, rows[i].answer);
		assert_int_equal(smtp__tls_handshake(pair.tls), SMTP_E_TLS);
		play.name = NULL;
		assert_int_equal(info_of(&pair).again, rows[i].again);
		pair_end(&pair);
	}
	smtp__tls_shared_free(shared);
#else
	(void)state;
#endif
}

/* What cannot be exported binds nothing. */
static void
test_tls_fails__a_session_without_octets_to_bind_to(void **state)
{
#if defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT) && \
    defined(MBEDTLS_SSL_PROTO_TLS1_3)
	struct outside *o = outside_openssl(&good, "-tls1_3", NULL);
	struct smtp__tls_shared *shared = shared_of(false);
	struct smtp_transport inner = outside_connect(o);
	unsigned char octets[SMTP__TLS_BINDING_BYTES];
	struct pair pair;

	(void)state;
	assert_int_equal(smtp__tls_start(&pair.tls, &pair.t, &inner, shared,
	    host, NULL), SMTP_OK);
	assert_int_equal(outside_shake(pair.tls, &pair.t), SMTP_OK);
	play_one("mbedtls_ssl_export_keying_material", 0,
	    MBEDTLS_ERR_SSL_INTERNAL_ERROR);
	assert_int_equal(smtp__tls_binding(pair.tls, SMTP__TLS_EXPORTER,
	    octets, sizeof octets), 0);
	assert_int_equal(play.hits, 1);
	play.name = NULL;
	assert_int_equal(smtp__tls_binding(pair.tls, SMTP__TLS_EXPORTER,
	    octets, sizeof octets), 32);
	pair.t.close(pair.t.ctx);
	smtp__tls_shared_free(shared);
	outside_stop(o);
#else
	(void)state;
#endif
}

/* ---- begin */

static void
test_tls_fails__what_cannot_begin_has_a_reason(void **state)
{
	static const struct {
		const char *name;
		int answer, status;
	} rows[] = {
		{ "mbedtls_ssl_setup", MBEDTLS_ERR_SSL_ALLOC_FAILED,
		    SMTP_E_MEMORY },
		{ "mbedtls_ssl_setup", MBEDTLS_ERR_SSL_BAD_INPUT_DATA,
		    SMTP_E_ARGUMENT },
		{ "mbedtls_ssl_set_hostname", MBEDTLS_ERR_SSL_ALLOC_FAILED,
		    SMTP_E_MEMORY }
	};
	struct smtp__tls_shared *shared = shared_of(false);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_transport inner = { broken_read, full_write, NULL,
			NULL, NULL }, t;
		struct smtp__tls *tls;

		play_one(rows[i].name, 0, rows[i].answer);
		assert_int_equal(smtp__tls_start(&tls, &t, &inner, shared,
		    host, NULL), rows[i].status);
		assert_int_equal(play.hits, 1);
		play.name = NULL;
	}
	smtp__tls_shared_free(shared);
}

static void
test_tls_fails__settings_that_the_library_refuses(void **state)
{
	static const struct {
		const char *name;
		long after;
		int answer, status;
		const char *why;
	} rows[] = {
#if WITH_PSA
		{ "psa_crypto_init", 0, PSA_ERROR_INSUFFICIENT_ENTROPY,
		    SMTP_E_TLS, "mbedTLS could not be made ready" },
#endif
		{ "mbedtls_ssl_config_defaults", 0,
		    MBEDTLS_ERR_SSL_ALLOC_FAILED, SMTP_E_MEMORY,
		    "no memory for TLS" },
		{ "mbedtls_ssl_config_defaults", 1,
		    MBEDTLS_ERR_SSL_ALLOC_FAILED, SMTP_E_MEMORY,
		    "no memory for TLS" },
		{ "mbedtls_ssl_config_defaults", 0,
		    MBEDTLS_ERR_SSL_BAD_INPUT_DATA, SMTP_E_TLS,
		    "mbedTLS has no defaults for a client" },
		{ "mbedtls_ssl_conf_own_cert", 0,
		    MBEDTLS_ERR_SSL_ALLOC_FAILED, SMTP_E_MEMORY,
		    "no memory for TLS" },
		{ "mbedtls_ssl_conf_own_cert", 1,
		    MBEDTLS_ERR_SSL_ALLOC_FAILED, SMTP_E_MEMORY,
		    "no memory for TLS" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct smtp__tls_settings settings = { .ca = root_pem,
			.ca_n = strlen(root_pem), .cert = client_pem,
			.cert_n = strlen(client_pem) };
		struct smtp__tls_shared *shared;
		char why[200];

		play_one(rows[i].name, rows[i].after, rows[i].answer);
		assert_int_equal(smtp__tls_shared_new(&shared, &settings, why,
		    sizeof why), rows[i].status);
		assert_true(play.hits > 0);
		play.name = NULL;
		assert_string_equal(why, rows[i].why);
		assert_null(shared);
	}
}

static const char *
put_file(const char *text, size_t n)
{
	static char path[64];
	FILE *file;

	(void)snprintf(path, sizeof path, "/tmp/smtp-fails-%ld.pem",
	    (long)getpid());
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void
expect_unreadable(const char *what, const char *path, const char *words)
{
	const struct smtp__tls_settings file = { .no_verify = true,
		.cert_file = path };
	struct smtp__tls_shared *shared;
	char why[200], want[200];

	(void)snprintf(want, sizeof want, "%s%s", path, words);
	if (smtp__tls_shared_new(&shared, &file, why, sizeof why) !=
	    SMTP_E_ARGUMENT || strcmp(why, want) != 0)
		fail_msg("%s: \"%s\"", what, why);
	play.name = NULL;
}

/* A file with a key in it that cannot be read to its end. */
static void
test_tls_fails__a_file_that_cannot_be_read(void **state)
{
	static const struct {
		const char *name;
		int answer;
	} rows[] = {
		{ "fseek", -1 }, { "ftell", -1 }, { "ftell", 1 << 20 },
		{ "fread", 0 }, { "fread", 10 }
	};
	const char *path;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		path = put_file(client_pem, strlen(client_pem));
		play_one(rows[i].name, 0, rows[i].answer);
		expect_unreadable(rows[i].name, path, ": cannot be read");
		assert_true(play.hits > 0);
	}
	path = put_file(client_pem, strlen(client_pem));
	play_one("fseek", 1, -1);               /* back to the beginning */
	expect_unreadable("rewind", path, ": cannot be read");
	unlink(path);
	/* and a key beside a certificate that can */
	path = put_file(client_pem, strlen(client_pem));
	{
		const struct smtp__tls_settings s = { .no_verify = true,
			.cert_file = path, .key_file = "/nonexistent/key" };
		struct smtp__tls_shared *shared;
		char why[200];

		assert_int_equal(smtp__tls_shared_new(&shared, &s, why,
		    sizeof why), SMTP_E_ARGUMENT);
		assert_string_equal(why, "/nonexistent/key: cannot be read");
	}
	unlink(path);
	/* nothing in it, and nothing that is known */
	path = put_file("", 0);
	expect_unreadable("empty", path, ": cannot be read");
	path = put_file("x", 1);
	expect_unreadable("nonsense", path,
	    ": no certificate in it that can be used");
	unlink(path);
}

/* Where no system's place has authorities. */
static void
test_tls_fails__folders_of_the_system(void **state)
{
	static const struct {
		int answer, status;
		const char *why;
	} rows[] = {
		{ MBEDTLS_ERR_X509_FILE_IO_ERROR, SMTP_E_TLS, "this system "
		    "has no certificates of authorities where they are known "
		    "to be; name a file of them with the option ca-file" },
		{ MBEDTLS_ERR_X509_ALLOC_FAILED, SMTP_E_MEMORY,
		    "no memory for TLS" }
	};
	const struct smtp__tls_settings settings = { 0 };
	struct smtp__tls_shared *shared;
	char why[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* no file opens, so that each place and folder is tried */
		play_one("mbedtls_x509_crt_parse_file", 0,
		    MBEDTLS_ERR_X509_FILE_IO_ERROR);
		folder_answer = rows[i].answer;
		assert_int_equal(smtp__tls_shared_new(&shared, &settings, why,
		    sizeof why), rows[i].status);
		assert_true(play.hits > 5);
		play.name = NULL;
		folder_answer = 0;
		assert_string_equal(why, rows[i].why);
	}
}

/* ---- sessions that are kept */

static void
test_tls_fails__what_cannot_be_kept_is_not_resumed(void **state)
{
	static const struct {
		const char *what, *name;
		int answer;
		time_t ahead;
		bool resumed;
	} rows[] = {
		{ "kept", NULL, 0, 0, true },
#if !defined(TLS_ARCHIVES)
		{ "no memory to keep it", "calloc", 0, 0, false },
#endif
		{ "within a day", NULL, 0, 24 * 3600 - 60, true },
		{ "after a day", NULL, 0, 24 * 3600 + 1, false },
		{ "a certificate that expired", "mbedtls_x509_time_is_past",
		    1, 0, false },
		{ "a session that cannot be copied",
		    "mbedtls_ssl_get_session", MBEDTLS_ERR_SSL_ALLOC_FAILED,
		    0, false },
		{ "a session that is not taken", "mbedtls_ssl_set_session",
		    MBEDTLS_ERR_SSL_ALLOC_FAILED, 0, false }
	};
	static mbedtls_ssl_cache_context cache;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct tls_peer_plan plan = { .cert = &good,
			.tls12 = true, .cache = &cache };
		struct smtp__tls_shared *shared = shared_of(false);

		mbedtls_ssl_cache_init(&cache);
		for (int k = 0; k < 2; k++) {
			struct smtp_transport inner;
			struct pair pair;

			ahead = k > 0 ? rows[i].ahead : 0;
			wire_init(&pair.wire);
			tls_peer_init(&pair.peer, &pair.wire, &plan);
			inner = wire_client(&pair.wire);
			/* the first of calloc is for the session itself */
			play_one(rows[i].name, rows[i].name != NULL &&
			    strcmp(rows[i].name, "calloc") == 0,
			    rows[i].answer);
			assert_int_equal(smtp__tls_start(&pair.tls, &pair.t,
			    &inner, shared, host, "h:1"), SMTP_OK);
			assert_int_equal(pair_shake(&pair), SMTP_OK);
			if (info_of(&pair).resumed !=
			    (k > 0 && rows[i].resumed))
				fail_msg("%s: resumed %d", rows[i].what, k);
			assert_true(info_of(&pair).verified);
			play.name = NULL;
			ahead = 0;
			pair_end(&pair);
		}
		smtp__tls_shared_free(shared);
		mbedtls_ssl_cache_free(&cache);
	}
}

/* A server that chokes on a session: a new connection may do better. */
static void
test_tls_fails__a_session_that_is_choked_on(void **state)
{
	static const struct {
		const char *what;
		int answer, status;
		bool again;
	} rows[] = {
		{ "reset", MBEDTLS_ERR_SSL_CONN_EOF, SMTP_E_TLS, true },
		{ "closed", MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY,
		    SMTP_E_CLOSED, true },
		{ "alert", MBEDTLS_ERR_SSL_INTERNAL_ERROR, SMTP_E_TLS, true },
		{ "memory", MBEDTLS_ERR_SSL_ALLOC_FAILED, SMTP_E_MEMORY,
		    false },
		{ "certificate", MBEDTLS_ERR_X509_CERT_VERIFY_FAILED,
		    SMTP_E_CERTIFICATE, false }
	};
	static mbedtls_ssl_cache_context cache;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct tls_peer_plan plan = { .cert = &good,
			.tls12 = true, .cache = &cache };
		struct smtp__tls_shared *shared = shared_of(false);
		struct smtp_transport inner;
		struct pair pair;

		mbedtls_ssl_cache_init(&cache);
		for (int k = 0; k < 4; k++) {
			enum smtp__tls_again again = k == 2 ?
			    SMTP__TLS_AGAIN : SMTP__TLS_NOT_AGAIN;
			bool bad = k == 1 || k == 2;

			wire_init(&pair.wire);
			tls_peer_init(&pair.peer, &pair.wire, &plan);
			inner = wire_client(&pair.wire);
			assert_int_equal(smtp__tls_start_again(&pair.tls,
			    &pair.t, &inner, shared, host, "h:1", again),
			    SMTP_OK);
			if (bad)
				play_one("mbedtls_ssl_handshake", 0,
				    rows[i].answer);
			found_flags = 0;
			assert_int_equal(bad ? smtp__tls_handshake(pair.tls) :
			    pair_shake(&pair), bad ? rows[i].status :
			    SMTP_OK);
			play.name = NULL;
			/* once, and the session is not offered any more */
			if (info_of(&pair).again != (k == 1 && rows[i].again ?
			    SMTP__TLS_AGAIN : SMTP__TLS_NOT_AGAIN))
				fail_msg("%s: %d", rows[i].what, k);
			assert_false(info_of(&pair).resumed);
			pair_end(&pair);
		}
		smtp__tls_shared_free(shared);
		mbedtls_ssl_cache_free(&cache);
	}
}

/*
 * Of a whole session: it is opened once more, without what the server choked
 * on. A connection of the program's cannot be.
 */
static void
test_tls_fails__a_client_tries_once_more(void **state)
{
	static const struct {
		const char *tls, *scheme;
		bool own;
	} rows[] = {
		{ "implicit", "smtps", false }, { "starttls", "smtp", false },
		{ "implicit", "smtps", true }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--tls", rows[i].tls, NULL);
		struct smtp_options *o = options_for(s, NULL);
		static struct trace trace;
		struct smtp *smtp;
		int rc;

		trace.n = 0;
		trace.text[0] = '\0';
		assert_int_equal(smtp_options_set_trace(o, trace_line,
		    &trace), SMTP_OK);
		for (int k = 0; k < 2; k++) {
			struct smtp_options *own = o;

			if (rows[i].own) {
				struct smtp__address to = port_address(
				    "127.0.0.1", (unsigned)server_port(s));
				int fd = socket(AF_INET, SOCK_STREAM, 0);

				assert_int_equal(connect(fd, (struct
				    sockaddr *)&to.to, to.n), 0);
				own = options_for(s, NULL);
				assert_int_equal(smtp_options_set_fd(own, fd),
				    SMTP_OK);
			}
			play_one(k == 0 ? NULL : "mbedtls_ssl_handshake", 0,
			    MBEDTLS_ERR_SSL_INTERNAL_ERROR);
			play.once = true;
			rc = smtp_open(&smtp, server_url(s, rows[i].scheme,
			    "localhost"), own);
			assert_int_equal(play.hits, k);
			play.name = NULL;
			if (own != o)
				smtp_options_free(own);
			expect_rc(rows[i].scheme, smtp, rc, k == 1 &&
			    rows[i].own ? SMTP_E_TLS : SMTP_OK);
			smtp_close(smtp);
		}
		if (!rows[i].own)
			assert_non_null(strstr(trace.text, "TLS: failed, once "
			    "more without resumption"));
		smtp_options_free(o);
		server_stop(s);
	}
}

static void
test_tls_fails__a_client_tells_what_cannot_be_set_up(void **state)
{
	static const struct { int error, status; const char *words; } rows[] = {
		{ MBEDTLS_ERR_SSL_ALLOC_FAILED, SMTP_E_MEMORY,
		    "TLS: out of memory" },
		{ MBEDTLS_ERR_SSL_BAD_INPUT_DATA, SMTP_E_ARGUMENT,
		    "TLS: cannot be set up" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--tls", "implicit", NULL);
		struct smtp_options *o = options_for(s, NULL);
		struct smtp *smtp;
		int rc;

		play_one("mbedtls_ssl_setup", 0, rows[i].error);
		rc = smtp_open(&smtp, server_url(s, "smtps", "localhost"), o);
		play.name = NULL;
		expect_rc(rows[i].words, smtp, rc, rows[i].status);
		assert_string_equal(smtp_error(smtp), rows[i].words);
		assert_int_equal(smtp_phase(smtp), SMTP_PHASE_TLS);
		smtp_close(smtp);
		smtp_options_free(o);
		server_stop(s);
	}
}

/* Two peers whose names are too long to be told apart share nothing. */
static void
test_tls_fails__a_peer_with_a_long_name_has_no_session(void **state)
{
	static mbedtls_ssl_cache_context cache;
	const struct tls_peer_plan plan = { .cert = &good, .tls12 = true,
		.cache = &cache };
	struct smtp__tls_shared *shared = shared_of(false);
	char peer[700];

	(void)state;
	memset(peer, 'x', sizeof peer - 1);
	peer[sizeof peer - 1] = '\0';
	mbedtls_ssl_cache_init(&cache);
	for (int k = 0; k < 3; k++) {
		struct smtp_transport inner;
		struct pair pair;

		wire_init(&pair.wire);
		tls_peer_init(&pair.peer, &pair.wire, &plan);
		inner = wire_client(&pair.wire);
		assert_int_equal(smtp__tls_start_again(&pair.tls, &pair.t,
		    &inner, shared, host, peer, k < 2 ? SMTP__TLS_NOT_AGAIN :
		    SMTP__TLS_AGAIN_OLDER), SMTP_OK);
		assert_int_equal(pair_shake(&pair), SMTP_OK);
		assert_false(info_of(&pair).resumed);
		assert_string_equal(info_of(&pair).version, "TLSv1.2");
		pair_end(&pair);
	}
	smtp__tls_shared_free(shared);
	mbedtls_ssl_cache_free(&cache);
}

/* It was offered and not taken, and the handshake failed for another reason. */
static void
test_tls_fails__another_failure_is_final(
    void **state)
{
	static mbedtls_ssl_cache_context cache;
	const struct tls_peer_plan plan = { .cert = &good, .tls12 = true,
		.cache = &cache };
	struct smtp__tls_shared *shared = shared_of(false);

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct smtp_transport inner;
		struct pair pair;

		mbedtls_ssl_cache_init(&cache);  /* all is forgotten there */
		wire_init(&pair.wire);
		tls_peer_init(&pair.peer, &pair.wire, &plan);
		inner = wire_client(&pair.wire);
		assert_int_equal(smtp__tls_start(&pair.tls, &pair.t, &inner,
		    shared, host, "h:1"), SMTP_OK);
		if (k == 1)              /* the third of the client's */
			play_one("mbedtls_ssl_handshake", 4,
			    MBEDTLS_ERR_SSL_INTERNAL_ERROR);
		assert_int_equal(pair_shake(&pair), k == 0 ? SMTP_OK :
		    SMTP_E_TLS);
		play.name = NULL;
		assert_int_equal(info_of(&pair).again, SMTP__TLS_NOT_AGAIN);
		assert_non_null(info_of(&pair).peer);
		pair_end(&pair);
		mbedtls_ssl_cache_free(&cache);
	}
	smtp__tls_shared_free(shared);
}

/* Without a digest of the key no pin is met. */
static void
test_tls_fails__a_key_without_a_digest_is_no_pinned_one(void **state)
{
	const struct smtp__tls_settings settings = { .ca = root.crt.raw.p,
		.ca_n = root.crt.raw.len,
		.pins = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" };
	struct smtp__tls_shared *shared;
	struct pair pair;
	char why[200];

	(void)state;
	assert_int_equal(smtp__tls_shared_new(&shared, &settings, why,
	    sizeof why), SMTP_OK);
	pair_begin(&pair, shared, NULL);
	play_one("mbedtls_md", 0, MBEDTLS_ERR_MD_ALLOC_FAILED);
	assert_int_equal(pair_shake(&pair), SMTP_E_CERTIFICATE);
	play.name = NULL;
	assert_memory_equal(info_of(&pair).error,
	    "certificate has another key than those pinned", 45);
	assert_null(strstr(info_of(&pair).error, "sha256//"));
	pair_end(&pair);
	smtp__tls_shared_free(shared);
}

/* What cannot be told of a peer is not made up. */
static void
test_tls_fails__a_key_without_a_digest_is_not_told(void **state)
{
#if !defined(TLS_ARCHIVES)
	struct server *s = server_start("--tls", "implicit", NULL);

	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		struct smtp_options *o = options_for(s, NULL);
		struct smtp *smtp;

		play_one(fails ? "mbedtls_md" : NULL, 0,
		    MBEDTLS_ERR_MD_ALLOC_FAILED);
		expect_rc("open", NULL, smtp_open(&smtp, server_url(s,
		    "smtps", "localhost"), o), SMTP_OK);
		play.name = NULL;
		assert_int_equal(strlen(smtp_tls_value(smtp, "pin")),
		    fails ? 0 : 52);
		assert_string_equal(smtp_tls_value(smtp, "verified"), "yes");
		smtp_close(smtp);
		smtp_options_free(o);
	}
	server_stop(s);
#else
	(void)state;
#endif
}

/* A system without random octets makes no session. */
static void
test_tls_fails__without_random_octets_there_is_none(void **state)
{
	struct smtp__tls_shared *shared = shared_of(false);
	struct pair pair;

	(void)state;
	pair_begin(&pair, shared, NULL);
	no_random = true;
	assert_int_equal(smtp__tls_handshake(pair.tls), SMTP_E_TLS);
	no_random = false;
	pair_end(&pair);
	smtp__tls_shared_free(shared);
}

/* ---- memory */

#if STARVE
static void
test_tls_fails__settings_without_memory(void **state)
{
	unsigned char list[2000];
	size_t list_n = cert_revoked(list, sizeof list, &root, NULL,
	    "20401231235959");
	const char *path = put_file((const char *)list, list_n);
	char file[64];
	const struct {
		const char *what;
		struct smtp__tls_settings settings;
	} rows[] = {
		{ "memory", { .ca = root_pem, .ca_n = strlen(root_pem) } },
		{ "a client's", { .no_verify = true, .cert = client_pem,
		    .cert_n = strlen(client_pem) } },
		{ "a list", { .ca = root_pem, .ca_n = strlen(root_pem),
		    .crl_file = path } },
		{ "files", { .no_verify = true, .ca_file = file,
		    .cert_file = file } }
	};
	FILE *both;

	(void)state;
	if (!starve_works())
		return;
	(void)snprintf(file, sizeof file, "/tmp/smtp-fails-%ld-2.pem",
	    (long)getpid());
	both = fopen(file, "wb");
	assert_non_null(both);
	assert_true(fputs(client_pem, both) >= 0);
	assert_int_equal(fclose(both), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool hit = true;
		long n = 0;

		for (; hit; n++) {
			long before = starve_live();
			struct smtp__tls_shared *shared;
			char why[200];
			int status;

			starve_at(n);
			status = smtp__tls_shared_new(&shared,
			    &rows[i].settings, why, sizeof why);
			(void)starve_pause();
			hit = starve_hit();
			if (status != SMTP_OK && (!hit ||
			    status != SMTP_E_MEMORY ||
			    strcmp(why, "no memory for TLS") != 0))
				fail_msg("%s at %ld: %d, %s", rows[i].what, n,
				    status, why);
			smtp__tls_shared_free(shared);
			assert_int_equal(starve_live(), before);
		}
		assert_true(n > 10);
	}
	unlink(file);
	unlink(path);
}

/* A session that cannot be kept, or offered, is none that fails. */
static void
test_tls_fails__begins_without_memory(void **state)
{
	struct smtp__tls_shared *shared = shared_of(false);
	bool hit = true;

	(void)state;
	if (!starve_works())
		return;
	for (long n = 0; hit; n++) {
		struct smtp_transport inner = { broken_read, full_write, NULL,
			NULL, NULL }, t;
		long before = starve_live();
		struct smtp__tls *tls;
		int status;

		starve_at(n);
		status = smtp__tls_start(&tls, &t, &inner, shared, host,
		    "h:1");
		(void)starve_pause();
		hit = starve_hit();
		assert_int_equal(status, hit ? SMTP_E_MEMORY : SMTP_OK);
		if (status == SMTP_OK)
			t.close(t.ctx);
		assert_int_equal(starve_live(), before);
	}
	smtp__tls_shared_free(shared);
}
#endif

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_tls_fails__a_key_without_a_digest_is_not_told),
		cmocka_unit_test(
		    test_tls_fails__a_yes_without_a_certificate_is_none),
		cmocka_unit_test(test_tls_fails__what_is_found_last_counts),
		cmocka_unit_test(test_tls_fails__what_the_judge_found_counts),
		cmocka_unit_test(
		    test_tls_fails__a_slice_of_a_calculation_is_gone_on_with),
		cmocka_unit_test(
		    test_tls_fails__a_transport_that_breaks_is_told),
		cmocka_unit_test(test_tls_fails__a_record_leaves_once),
		cmocka_unit_test(
		    test_tls_fails__an_alert_goes_before_what_is_written),
		cmocka_unit_test(
		    test_tls_fails__what_says_nothing_does_not_hold_the_caller),
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
		cmocka_unit_test(test_tls_fails__tickets_are_passed_over),
		cmocka_unit_test(
		    test_tls_fails__tickets_without_end_are_a_failure),
#endif
		cmocka_unit_test(
		    test_tls_fails__who_is_pressed_down_goes_no_further),
		cmocka_unit_test(
		    test_tls_fails__the_older_version_may_do_better),
		cmocka_unit_test(
		    test_tls_fails__a_session_without_octets_to_bind_to),
		cmocka_unit_test(
		    test_tls_fails__what_cannot_begin_has_a_reason),
		cmocka_unit_test(
		    test_tls_fails__settings_that_the_library_refuses),
		cmocka_unit_test(test_tls_fails__a_file_that_cannot_be_read),
		cmocka_unit_test(test_tls_fails__folders_of_the_system),
		cmocka_unit_test(
		    test_tls_fails__what_cannot_be_kept_is_not_resumed),
		cmocka_unit_test(test_tls_fails__a_session_that_is_choked_on),
		cmocka_unit_test(test_tls_fails__a_client_tries_once_more),
		cmocka_unit_test(
		    test_tls_fails__a_client_tells_what_cannot_be_set_up),
		cmocka_unit_test(
		    test_tls_fails__a_peer_with_a_long_name_has_no_session),
		cmocka_unit_test(
		    test_tls_fails__another_failure_is_final),
		cmocka_unit_test(
		    test_tls_fails__a_key_without_a_digest_is_no_pinned_one),
		cmocka_unit_test(
		    test_tls_fails__without_random_octets_there_is_none),
#if STARVE
		cmocka_unit_test(test_tls_fails__settings_without_memory),
		cmocka_unit_test(test_tls_fails__begins_without_memory),
#endif
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
#endif
