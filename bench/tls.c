/* SPDX-License-Identifier: MIT */
/*
 * What TLS costs a client in CPU time: handshakes and bulk, through this
 * library and through mbedTLS alone.
 *
 *	tls ca cert key [rounds [table.tsv]]
 *
 * Both ends are in this process, with memory between them; only the client is
 * timed. Each client takes its turn in each round; ratios are medians of the
 * ratios within a round.
 */
#include "bench.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif
#include <openssl/ssl.h>

#include "net/net.h"

enum { HANDSHAKES = 8, PIECE = 16 * 1024, BULK = 512 };

static void
give_up(const char *what)
{
	fprintf(stderr, "tls: %s\n", what);
	exit(1);
}

/* ---- memory in place of a network */

struct pipe {
	unsigned char p[8 * PIECE];
	size_t n;
};
static struct pipe up, down;

static size_t
take(struct pipe *pipe, void *p, size_t n)
{
	if (n > pipe->n)
		n = pipe->n;
	memcpy(p, pipe->p, n);
	memmove(pipe->p, pipe->p + n, pipe->n - n);
	pipe->n -= n;
	return n;
}

static void
put(struct pipe *pipe, const void *p, size_t n)
{
	if (n > sizeof pipe->p - pipe->n)
		give_up("a pipe is full");
	memcpy(pipe->p + pipe->n, p, n);
	pipe->n += n;
}

static int
client_read(void *ctx, unsigned char *p, size_t n)
{
	(void)ctx;
	n = take(&down, p, n);
	return n > 0 ? (int)n : MBEDTLS_ERR_SSL_WANT_READ;
}

static int
client_write(void *ctx, const unsigned char *p, size_t n)
{
	(void)ctx;
	put(&up, p, n);
	return (int)n;
}

static ptrdiff_t
inner_read(void *ctx, void *p, size_t n)
{
	(void)ctx;
	n = take(&down, p, n);
	return n > 0 ? (ptrdiff_t)n : SMTP_IO_WANT_READ;
}

static ptrdiff_t
inner_write(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	put(&up, p, n);
	return (ptrdiff_t)n;
}

/* ---- the server, which is OpenSSL's and takes what the client likes best */

static SSL_CTX *server_context;
static SSL *server;
static bool greeted;

static void
server_set_up(const char *cert_file, const char *key_file)
{
	server_context = SSL_CTX_new(TLS_server_method());
	if (server_context == NULL ||
	    SSL_CTX_use_certificate_file(server_context, cert_file,
	    SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(server_context, key_file,
	    SSL_FILETYPE_PEM) != 1)
		give_up("the server cannot be set up");
}

static void
server_begin(void)
{
	up.n = down.n = 0;
	greeted = false;
	server = SSL_new(server_context);
	if (server == NULL)
		give_up("no memory");
	SSL_set_bio(server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(server);
}

/* All that it can do: the handshake, an octet behind it, then it reads. */
static void
serve(void)
{
	static unsigned char clear[2 * PIECE];
	int n;

	if (up.n > 0 && BIO_write(SSL_get_rbio(server), up.p,
	    (int)up.n) != (int)up.n)
		give_up("no memory");
	up.n = 0;
	if (!greeted && SSL_do_handshake(server) == 1)
		greeted = SSL_write(server, "", 1) == 1;
	do
		n = greeted ? SSL_read(server, clear, sizeof clear) : 0;
	while (n > 0);
	while ((n = BIO_read(SSL_get_wbio(server), clear, sizeof clear)) > 0)
		put(&down, clear, (size_t)n);
}

/* ---- clients */

struct client {
	const char *name;
	bool ours, tuned, resumes;
	double handshake_ms[ROUNDS_MAX], bulk_mb[ROUNDS_MAX];
};

enum { AS_IT_COMES, RAW, OURS, RAW_RESUMED, OURS_RESUMED };
static struct client clients[] = {
	[AS_IT_COMES] = { .name = "mbedTLS as it comes" },
	[RAW] = { .name = "mbedTLS, X25519 and ChaCha20 first",
	    .tuned = true },
	[OURS] = { .name = "libsmtp", .ours = true },
	[RAW_RESUMED] = { .name = "mbedTLS, resumed", .tuned = true,
	    .resumes = true },
	[OURS_RESUMED] = { .name = "libsmtp, resumed", .ours = true,
	    .resumes = true },
};

/* What the connection at hand has. */
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_x509_crt ca;
static mbedtls_ssl_config raw_config[2];
static mbedtls_ssl_session session;
static bool has_session;
static mbedtls_ssl_context raw;
static struct smtp__tls_shared *shared[2];
static struct smtp__tls *tls;
static struct smtp_transport transport;

static void
set_up(const char *ca_file)
{
	int rc = 0;

#if MBEDTLS_VERSION_MAJOR >= 3
	rc |= psa_crypto_init() != PSA_SUCCESS;
#endif
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&drbg);
	mbedtls_x509_crt_init(&ca);
	rc |= mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy,
	    NULL, 0);
	rc |= mbedtls_x509_crt_parse_file(&ca, ca_file);
	if (rc != 0)
		give_up("the client cannot be set up");
}

static void
set_up_raw(mbedtls_ssl_config *c, bool tuned)
{
	static const int suites[] = {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
		MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
#endif
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 0
	};
#if MBEDTLS_VERSION_MAJOR >= 3
	static const uint16_t groups[] = {
		MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, 0
	};
#else
	static const mbedtls_ecp_group_id groups[] = {
		MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1,
		MBEDTLS_ECP_DP_NONE
	};
#endif

	mbedtls_ssl_config_init(c);
	if (mbedtls_ssl_config_defaults(c, MBEDTLS_SSL_IS_CLIENT,
	    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		give_up("no memory");
	mbedtls_ssl_conf_rng(c, mbedtls_ctr_drbg_random, &drbg);
	mbedtls_ssl_conf_ca_chain(c, &ca, NULL);
	mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_REQUIRED);
	if (!tuned)
		return;
	mbedtls_ssl_conf_ciphersuites(c, suites);
#if MBEDTLS_VERSION_MAJOR >= 3
	mbedtls_ssl_conf_groups(c, groups);
#else
	mbedtls_ssl_conf_curves(c, groups);
#endif
}

static void
set_up_ours(const char *ca_file, bool resumes)
{
	const struct smtp__tls_settings settings = {
		.ca_file = ca_file, .no_resumption = !resumes
	};
	char why[200];

	if (smtp__tls_shared_new(&shared[resumes], &settings, why,
	    sizeof why) != SMTP_OK)
		give_up(why);
}

static void
client_begin(const struct client *c)
{
	const struct smtp_transport inner = { .read = inner_read,
	    .write = inner_write };

	if (c->ours) {
		if (smtp__tls_start(&tls, &transport, &inner,
		    shared[c->resumes], "localhost", "localhost:1") != SMTP_OK)
			give_up("libsmtp cannot begin");
		return;
	}
	mbedtls_ssl_init(&raw);
	if (mbedtls_ssl_setup(&raw, &raw_config[c->tuned]) != 0 ||
	    mbedtls_ssl_set_hostname(&raw, "localhost") != 0)
		give_up("no memory");
	mbedtls_ssl_set_bio(&raw, NULL, client_write, client_read, NULL);
	if (c->resumes && has_session &&
	    mbedtls_ssl_set_session(&raw, &session) != 0)
		give_up("no session");
}

/* True once the handshake is done and the octet behind it was read. */
static bool
client_step(const struct client *c, bool *shaken)
{
	unsigned char octet;
	long rc = 0;

	if (!*shaken) {
		rc = c->ours ? smtp__tls_handshake(tls) :
		    mbedtls_ssl_handshake(&raw);
		*shaken = rc == 0;
	}
	if (*shaken)
		rc = c->ours ? (long)transport.read(transport.ctx, &octet, 1) :
		    mbedtls_ssl_read(&raw, &octet, 1);
	if (rc < 0 && rc != SMTP_IO_WANT_READ &&
	    rc != MBEDTLS_ERR_SSL_WANT_READ
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
	    && rc != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
#endif
	    )
		give_up(c->name);
	return *shaken && rc == 1;
}

static void
client_end(const struct client *c)
{
	if (c->ours) {
		transport.close(transport.ctx);
	} else {
		if (c->resumes && !has_session) {
			mbedtls_ssl_session_init(&session);
			has_session = mbedtls_ssl_get_session(&raw,
			    &session) == 0;
		}
		mbedtls_ssl_free(&raw);
	}
	SSL_free(server);
}

/* Nanoseconds of the client for one connection. */
static uint64_t
connect_once(const struct client *c)
{
	uint64_t began, spent = 0;
	bool shaken = false, done = false;

	server_begin();
	began = bench_cpu_ns();
	client_begin(c);
	spent = bench_cpu_ns() - began;
	while (!done) {
		began = bench_cpu_ns();
		done = client_step(c, &shaken);
		spent += bench_cpu_ns() - began;
		serve();
	}
	return spent;
}

static double
handshakes(const struct client *c)
{
	uint64_t spent = 0;

	for (int i = 0; i < HANDSHAKES; i++) {
		spent += connect_once(c);
		client_end(c);
	}
	return (double)spent / HANDSHAKES / 1e6;
}

/* MB a second of the client's CPU time. */
static double
bulk(const struct client *c)
{
	static unsigned char p[PIECE];
	uint64_t began, spent = 0;

	bench_fill(p, sizeof p);
	(void)connect_once(c);
	for (int i = 0; i < BULK; i++)
		for (size_t at = 0; at < sizeof p; ) {
			long n;

			began = bench_cpu_ns();
			n = c->ours ? (long)transport.write(transport.ctx,
			    p + at, sizeof p - at) : mbedtls_ssl_write(&raw,
			    p + at, sizeof p - at);
			spent += bench_cpu_ns() - began;
			if (n <= 0)
				give_up(c->name);
			at += (size_t)n;
			serve();
		}
	client_end(c);
	return (double)PIECE * BULK / ((double)spent / 1e3);
}

/* ---- all of them */

/* The median of the ratios of two within a round. */
static double
ratio(const double *a, const double *b, size_t rounds)
{
	double r[ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++)
		r[i] = a[i] / b[i];
	return bench_median(r, rounds);
}

static void
say(size_t rounds, FILE *tsv)
{
	printf("Client's CPU time of TLS, mbedTLS %s; %zu rounds.\n\n",
	    MBEDTLS_VERSION_STRING, rounds);
	printf("| client | handshake, ms | of mbedTLS tuned | bulk, MB/s | "
	    "of mbedTLS tuned |\n|---|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < COUNT(clients); i++) {
		struct client *c = &clients[i], *base =
		    &clients[c->resumes ? RAW_RESUMED : RAW];
		double times = ratio(c->handshake_ms, base->handshake_ms,
		    rounds);
		double share = c->resumes ? 0 : 100 * ratio(c->bulk_mb,
		    base->bulk_mb, rounds);
		double ms = bench_median(c->handshake_ms, rounds);

		printf("| %s | %.2f | %.2f x | ", c->name, ms, times);
		if (c->resumes)
			printf("- | - |\n");
		else
			printf("%.0f | %.0f %% |\n",
			    bench_median(c->bulk_mb, rounds), share);
		if (tsv != NULL)
			fprintf(tsv, "%s\t%.3f\t%.2f ms\n", c->name, ms, ms);
	}
}

int
main(int argc, char **argv)
{
	size_t rounds;
	FILE *tsv = NULL;

	if (argc < 4)
		give_up("usage: tls ca cert key [rounds [table.tsv]]");
	rounds = bench_rounds(argc - 3, argv + 3);
	if (argc > 5)
		tsv = fopen(argv[5], "w");
	server_set_up(argv[2], argv[3]);
	set_up(argv[1]);
	for (int i = 0; i < 2; i++) {
		set_up_raw(&raw_config[i], i == 1);
		set_up_ours(argv[1], i == 1);
	}
	for (size_t i = 0; i <= rounds; i++)
		for (size_t k = 0; k < COUNT(clients); k++) {
			struct client *c = &clients[k];
			size_t at = i == 0 ? 0 : i - 1;  /* one to warm up */

			c->handshake_ms[at] = handshakes(c);
			if (!c->resumes)
				c->bulk_mb[at] = bulk(c);
		}
	say(rounds, tsv);
	if (tsv != NULL)
		fclose(tsv);
	return 0;
}
