/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_TLS
LEFT_OUT("SMTP_WITH_TLS")
#else

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mbedtls/version.h>

#include <smtp/engine.h>

#include "hint.h"
#include "net/net.h"
#include "net/tls.h"
#include "support/certs.h"
#include "support/starve.h"
#include "support/tls_peer.h"

#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_MAJOR >= 3
#define TLS13 1
#define NO_VERSION "the server speaks neither TLS 1.2 nor TLS 1.3"
#else
#define TLS13 0
#define NO_VERSION "the server does not speak TLS 1.2, and this build no other"
#endif

/* ---- certificates that every test may use */

static struct cert root, stranger, good;
static struct smtp__tls_shared *trusting;       /* root, and nobody else */
static const char host[] = "mail.example.com";

static struct smtp__tls_shared *
trust(const struct cert *ca)
{
	struct smtp__tls_settings settings = {
		.ca = ca->crt.raw.p,
		.ca_n = ca->crt.raw.len
	};
	struct smtp__tls_shared *shared;
	char why[200];

	assert_int_equal(smtp__tls_shared_new(&shared, &settings, why,
	    sizeof why), SMTP_OK);
	return shared;
}

static int
set_up(void **state)
{
	const struct cert_plan ca = { .name = "Test Root", .ca = true };
	const struct cert_plan other = { .name = "Nobody's CA", .ca = true };
	const struct cert_plan leaf = { .dns = { host } };

	(void)state;
	cert_make(&root, &ca, NULL);
	cert_make(&stranger, &other, NULL);
	cert_make(&good, &leaf, &root);
	trusting = trust(&root);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	smtp__tls_shared_free(trusting);
	cert_free(&root);
	cert_free(&stranger);
	cert_free(&good);
	return 0;
}

/* ---- a client of ours and a server, in step */

struct pair {
	struct wire wire;
	struct tls_peer peer;
	struct smtp__tls *tls;
	struct smtp_transport t;
};

static void
pair_begin(struct pair *pair, struct smtp__tls_shared *shared,
    const char *name, const struct tls_peer_plan *plan)
{
	struct smtp_transport inner;

	wire_init(&pair->wire);
	tls_peer_init(&pair->peer, &pair->wire, plan);
	inner = wire_client(&pair->wire);
	assert_int_equal(smtp__tls_start(&pair->tls, &pair->t, &inner,
	    shared, name, NULL), SMTP_OK);
}

/* Both go on until the client is done, or nothing moves any more. */
static int
pair_shake(struct pair *pair)
{
	size_t passed, still = 0;
	int status;

	do {
		passed = pair->wire.up.passed + pair->wire.down.passed;
		status = smtp__tls_handshake(pair->tls);
		tls_peer_step(&pair->peer);
		pair->wire.down.ended = pair->peer.error != 0;
		still = passed == pair->wire.up.passed +
		    pair->wire.down.passed ? still + 1 : 0;
	} while (status > 0 && still < 20000);
	return status;
}

static void
pair_end(struct pair *pair)
{
	pair->t.close(pair->t.ctx);
	assert_true(pair->wire.closed);
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

static void
pair_open(struct pair *pair)
{
	const struct tls_peer_plan plan = { .cert = &good };

	pair_begin(pair, trusting, host, &plan);
	if (pair_shake(pair) != SMTP_OK)
		fail_msg("%s", info_of(pair).error);
}

/* ---- octets both ways */

/* A pattern that repeats with no power of two. */
static unsigned char
nth(size_t i)
{
	return (unsigned char)(i % 251);
}

/* The client reads `n` octets in buffers of `at_once`, from exact memory. */
static void
client_reads(struct pair *pair, size_t n, size_t at_once)
{
	size_t got = 0, waits = 0;

	while (got < n) {
		size_t want = n - got < at_once ? n - got : at_once;
		unsigned char *p = malloc(want);
		ptrdiff_t some;

		assert_non_null(p);
		some = pair->t.read(pair->t.ctx, p, want);
		if (some == SMTP_IO_WANT_READ) {
			if (++waits > 200000)
				fail_msg("stalls at %zu of %zu", got, n);
		} else if (some <= 0) {
			fail_msg("read answers %d", (int)some);
		}
		for (ptrdiff_t i = 0; i < some; i++)
			assert_int_equal(p[i], nth(got + (size_t)i));
		got += some > 0 ? (size_t)some : 0;
		free(p);
	}
}

/* It writes them; what it offers after "not yet" is longer, and elsewhere. */
static void
client_writes(struct pair *pair, size_t n, size_t at_once)
{
	size_t put = 0, waits = 0, back = 0;
	unsigned char in[5000];

	while (back < n) {
		int some = 0;

		if (put < n) {
			size_t more = at_once + waits % 7;
			size_t offer = n - put < more ? n - put : more;
			unsigned char *p = malloc(offer);
			ptrdiff_t did;

			assert_non_null(p);
			for (size_t i = 0; i < offer; i++)
				p[i] = nth(put + i);
			did = pair->t.write(pair->t.ctx, p, offer);
			free(p);
			if (did == SMTP_IO_WANT_WRITE)
				waits++;
			else if (did <= 0)
				fail_msg("write answers %d", (int)did);
			else
				waits = 0;
			put += did > 0 ? (size_t)did : 0;
		}
		some = tls_peer_read(&pair->peer, in, sizeof in);
		for (int i = 0; i < some; i++)
			assert_int_equal(in[i], nth(back + (size_t)i));
		back += some > 0 ? (size_t)some : 0;
		assert_int_not_equal(some, 0);
		if (waits > 200000)
			fail_msg("stalls at %zu of %zu", put, n);
	}
	assert_int_equal(back, n);
}

static void
test_tls__octets_pass_in_any_pieces(void **state)
{
	static const size_t pieces[] = { 1, 2, 5, 16, 100, 4096, 0 };
	static unsigned char block[20000];

	(void)state;
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = nth(i);
	for (size_t i = 0; i < 2 * COUNT(pieces); i++) {
		const struct tls_peer_plan plan = { .cert = &good };
		struct pair pair;
		struct smtp__tls_info info;

		pair_begin(&pair, trusting, host, &plan);
		pair.wire.piece = pieces[i / 2];
		pair.wire.stutter = i % 2 == 1;
		assert_int_equal(pair_shake(&pair), SMTP_OK);
		info = info_of(&pair);
		assert_string_equal(info.error, "");
		assert_true(info.verified);
		assert_int_equal(info.cert_errors, 0);
		assert_false(info.not_tls);
		assert_string_equal(info.version, TLS13 ? "TLSv1.3" :
		    "TLSv1.2");
		assert_non_null(info.suite);
		assert_int_equal(pair.t.fd(pair.t.ctx), 4711);
		tls_peer_write(&pair.peer, block, sizeof block);
		client_reads(&pair, sizeof block, 1 + i * 97);
		client_writes(&pair, sizeof block, 1 + i * 331);
		pair_end(&pair);
	}
}

/* The wire takes few octets, so that records are flushed bit by bit. */
static void
test_tls__a_write_that_waits_loses_and_doubles_nothing(void **state)
{
	static const size_t rooms[] = { 1, 7, 29, 100, 1000, 30000 };

	(void)state;
	for (size_t i = 0; i < COUNT(rooms); i++) {
		struct pair pair;

		pair_open(&pair);
		pair.wire.room = rooms[i];
		client_writes(&pair, 40000, 20000);
		client_writes(&pair, 50000, 1 + i);
		pair_end(&pair);
	}
}

/* While a write waits the other direction goes on. */
static void
test_tls__reading_does_not_disturb_a_write_that_waits(void **state)
{
	static unsigned char block[3000], in[3000];
	struct pair pair;
	ptrdiff_t did;
	size_t back = 0;
	int some;

	(void)state;
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = nth(i);
	pair_open(&pair);
	while (tls_peer_read(&pair.peer, in, sizeof in) > 0)
		;
	pair.wire.room = 100;
	assert_int_equal(pair.t.write(pair.t.ctx, block, sizeof block),
	    SMTP_IO_WANT_WRITE);
	tls_peer_write(&pair.peer, block, sizeof block);
	client_reads(&pair, sizeof block, 1000);
	assert_int_equal(pair.t.read(pair.t.ctx, in, sizeof in),
	    SMTP_IO_WANT_READ);
	for (int i = 0; i < 1000 && back < sizeof block; i++) {
		did = pair.t.write(pair.t.ctx, block, sizeof block);
		if (did > 0)
			pair.wire.room = 0;
		some = tls_peer_read(&pair.peer, in + back,
		    sizeof in - back);
		back += some > 0 ? (size_t)some : 0;
		if (did > 0)
			break;
		assert_int_equal(did, SMTP_IO_WANT_WRITE);
	}
	assert_int_equal(did, sizeof block);
	while (back < sizeof block && (some = tls_peer_read(&pair.peer,
	    in + back, sizeof in - back)) > 0)
		back += (size_t)some;
	assert_int_equal(back, sizeof block);
	assert_memory_equal(in, block, sizeof block);
	assert_int_equal(tls_peer_read(&pair.peer, in, sizeof in), -1);
	pair_end(&pair);
}

/* ---- who is taken, and who is not */

enum by {
	ROOT, ITSELF, STRANGER, NAMESAKE, BAD_CA, OLD_CA, MIDDLE, MIDDLE_SENT
};

static const struct {
	const char *name;
	struct cert_plan plan;
	enum by by;
	const char *host;
	unsigned errors;
	const char *why;
	const char *items;
} certificates[] = {
	{ "good", { .dns = { host } }, ROOT, host, 0, "", "LIB-G-2" },
	{ "another case", { .dns = { "Mail.Example.COM" } }, ROOT, host, 0,
	    "", "R9525-6.3-1" },
	{ "case of the reference", { .dns = { host } }, ROOT,
	    "MAIL.example.COM", 0, "", "R9525-6.3-1" },
	{ "a dot at the end", { .dns = { host } }, ROOT,
	    "mail.example.com.", 0, "", "" },
	{ "one of several", { .dns = { "a.example", "b.example", host } },
	    ROOT, host, 0, "", "" },
	{ "A-label", { .dns = { "xn--bcher-kva.example" } }, ROOT,
	    "xn--bcher-kva.example", 0, "", "" },
	{ "chain sent", { .dns = { host } }, MIDDLE_SENT, host, 0, "",
	    "LIB-G-2" },
	{ "expired", { .dns = { host }, .from = "20200101000000",
	    .to = "20210101000000" }, ROOT, host, SMTP__CERT_EXPIRED,
	    "certificate expired on 2021-01-01",
	    "LIB-G-2 LIB-G-8 R8314-5.2-1" },
	{ "not yet valid", { .dns = { host }, .from = "20480203000000" },
	    ROOT, host, SMTP__CERT_NOT_YET,
	    "certificate is not valid before 2048-02-03", "LIB-G-2" },
	{ "for another", { .dns = { "wrong.example.org" } }, ROOT, host,
	    SMTP__CERT_NAME, "certificate is for wrong.example.org, not for "
	    "mail.example.com", "R9525-6.1-1 LIB-G-8" },
	{ "for many others", { .dns = { "a.example", "b.example",
	    "c.example", "d.example" }, .ip = { "192.0.2.1" } }, ROOT, host,
	    SMTP__CERT_NAME, "certificate is for a.example, b.example, "
	    "c.example and 2 more, not for mail.example.com", "" },
	{ "common name alone", { .name = "mail.example.com" }, ROOT, host,
	    SMTP__CERT_NAME, "certificate has no subjectAltName, and its "
	    "common name does not count as the name of mail.example.com",
	    "R9525-6.3-3" },
	{ "common name beside another", { .name = "mail.example.com",
	    .dns = { "wrong.example.org" } }, ROOT, host, SMTP__CERT_NAME,
	    "certificate is for wrong.example.org, not for mail.example.com",
	    "R9525-6.3-3" },
	{ "wildcard", { .dns = { "*.example.com" } }, ROOT, host, 0, "",
	    "R9525-6.3-2" },
	{ "wildcard and no label", { .dns = { "*.mail.example.com" } }, ROOT,
	    host, SMTP__CERT_NAME, "certificate is for *.mail.example.com, "
	    "not for mail.example.com", "R9525-6.3-2" },
	{ "wildcard and two labels", { .dns = { "*.com" } }, ROOT, host,
	    SMTP__CERT_NAME, NULL, "R9525-6.3-2" },
	{ "wildcard behind letters", { .dns = { "m*.example.com" } }, ROOT,
	    host, SMTP__CERT_NAME, NULL, "R9525-6.3-2" },
	{ "wildcard before letters", { .dns = { "*l.example.com" } }, ROOT,
	    host, SMTP__CERT_NAME, NULL, "R9525-6.3-2" },
	{ "wildcard in the middle", { .dns = { "mail.*.com" } }, ROOT, host,
	    SMTP__CERT_NAME, NULL, "R9525-6.3-2" },
	{ "wildcard alone", { .dns = { "*" } }, ROOT, "localhost",
	    SMTP__CERT_NAME, NULL, "R9525-6.3-2" },
	{ "address", { .ip = { "192.0.2.1" } }, ROOT, "192.0.2.1", 0, "",
	    "R9525-6.4-1" },
	{ "address of IPv6", { .ip = { "192.0.2.1", "2001:db8::7" } }, ROOT,
	    "2001:DB8:0::7", 0, "", "R9525-6.4-1" },
	{ "another address", { .ip = { "192.0.2.2", "2001:db8::7" } }, ROOT,
	    "192.0.2.1", SMTP__CERT_NAME, "certificate is for 192.0.2.2, "
	    "2001:0DB8:0000:0000:0000:0000:0000:0007, not for 192.0.2.1",
	    "R9525-6.4-1" },
	{ "text of an address", { .dns = { "192.0.2.1" } }, ROOT,
	    "192.0.2.1", SMTP__CERT_NAME, NULL, "R9525-6.4-1" },
	{ "address as common name", { .name = "192.0.2.1" }, ROOT,
	    "192.0.2.1", SMTP__CERT_NAME, NULL, "R9525-6.4-1 R9525-6.3-3" },
	{ "IPv4 within IPv6", { .ip = { "::ffff:192.0.2.1" } }, ROOT,
	    "192.0.2.1", SMTP__CERT_NAME, NULL, "R9525-6.4-1" },
	{ "address for a name", { .ip = { "192.0.2.1" } }, ROOT, host,
	    SMTP__CERT_NAME, NULL, "" },
	{ "unknown authority", { .dns = { host } }, STRANGER, host,
	    SMTP__CERT_UNKNOWN_CA, "certificate goes back to \"Nobody's CA\","
	    " which is not among the trusted", "LIB-G-2 LIB-G-8" },
	{ "another of that name", { .dns = { host } }, NAMESAKE, host,
	    SMTP__CERT_UNKNOWN_CA, "certificate goes back to \"Test Root\", "
	    "which is trusted by that name, but its signature does not verify",
	    "LIB-G-2" },
	{ "self-signed", { .dns = { host } }, ITSELF, host,
	    SMTP__CERT_UNKNOWN_CA, "certificate is self-signed and not among "
	    "the trusted", "LIB-G-2" },
	{ "chain with a hole", { .dns = { host } }, MIDDLE, host,
	    SMTP__CERT_UNKNOWN_CA, "certificate goes back to \"Middle\", "
	    "which is not among the trusted", "LIB-G-2" },
	{ "issuer is no authority", { .dns = { host } }, BAD_CA, host,
	    SMTP__CERT_NO_CA, "certificate is signed by \"Middle\", whose "
	    "certificate is none of an authority", "LIB-G-2" },
	{ "issuer expired", { .dns = { host } }, OLD_CA, host,
	    SMTP__CERT_EXPIRED, "certificate has an issuer that expired on "
	    "2022-02-02", "LIB-G-2" },
	{ "weak key", { .dns = { host }, .rsa = 1024 }, ROOT, host,
	    SMTP__CERT_WEAK, "certificate has a key that is too weak", "" },
	{ "weak signature", { .dns = { host }, .digest = CERT_SHA1 }, ROOT,
	    host, SMTP__CERT_WEAK, "certificate is signed with a digest that "
	    "is too weak", "" },
	{ "for clients", { .dns = { host }, .for_clients = true }, ROOT,
	    host, SMTP__CERT_USAGE, "certificate is not meant for a server",
	    "LIB-G-2" },
	{ "wrong in three ways", { .dns = { "x.example" },
	    .from = "20200101000000", .to = "20210101000000" }, STRANGER,
	    host, SMTP__CERT_NAME | SMTP__CERT_EXPIRED |
	    SMTP__CERT_UNKNOWN_CA, "certificate expired on 2021-01-01; is "
	    "for x.example, not for mail.example.com; goes back to "
	    "\"Nobody's CA\", which is not among the trusted", "LIB-G-8" },
	{ "foreign octets in a name", { .dns = { "\033[2J\"\r\n.example" } },
	    ROOT, host, SMTP__CERT_NAME, "certificate is for "
	    "?[2J???.example, not for mail.example.com", "" }
};

static void
make_row(struct cert *cert, size_t row)
{
	const struct cert_plan *plan = &certificates[row].plan;
	const struct cert_plan middle = { .name = "Middle", .ca = true };
	const struct cert_plan no_ca = { .name = "Middle" };
	const struct cert_plan old = { .name = "Middle", .ca = true,
	    .from = "20200101000000", .to = "20220202000000" };
	const struct cert_plan namesake = { .name = "Test Root", .ca = true };
	struct cert between;

	switch (certificates[row].by) {
	case ROOT:
		cert_make(cert, plan, &root);
		return;
	case STRANGER:
		cert_make(cert, plan, &stranger);
		return;
	case ITSELF:
		cert_make(cert, plan, NULL);
		return;
	case NAMESAKE:
		cert_make(&between, &namesake, NULL);
		break;
	case BAD_CA:
		cert_make(&between, &no_ca, &root);
		break;
	case OLD_CA:
		cert_make(&between, &old, &root);
		break;
	case MIDDLE:
	case MIDDLE_SENT:
	default:
		cert_make(&between, &middle, &root);
		break;
	}
	cert_make(cert, plan, &between);
	if (certificates[row].by != MIDDLE && certificates[row].by != NAMESAKE)
		cert_append(cert, &between);
	cert_free(&between);
}

/*
 * Nothing of ours passes a handshake that failed, and the server sees that it
 * did.
 */
static void
assert_refused(struct pair *pair, const char *name)
{
	char octet;

	if (pair->peer.open && TLS13 == 0)
		fail_msg("%s: the server thinks it is open", name);
	assert_int_equal(smtp__tls_handshake(pair->tls), SMTP_E_CERTIFICATE);
	assert_int_equal(pair->t.write(pair->t.ctx, "x", 1), SMTP_IO_FAILED);
	assert_int_equal(pair->t.read(pair->t.ctx, &octet, 1),
	    SMTP_IO_FAILED);
}

/* What a person is told to do, the first of several. */
static const struct {
	unsigned error;
	const char *words;
} hints[] = {
	{ SMTP__CERT_NOT_YET, "is the clock of this machine" },
	{ SMTP__CERT_EXPIRED, "has expired: the server needs a new one" },
	{ SMTP__CERT_NO_CA, "that may not sign others" },
	{ SMTP__CERT_UNKNOWN_CA, "No trusted authority has signed" },
	{ SMTP__CERT_NAME, "belongs to another name" },
	{ SMTP__CERT_WEAK, "that is too weak" },
	{ SMTP__CERT_USAGE, "not made for a server" }
};

static void
check_hint(const char *name, unsigned errors)
{
	const struct smtp__facts facts = {
		.status = SMTP_E_CERTIFICATE,
		.cause = SMTP_E_CERTIFICATE,
		.phase = SMTP_PHASE_TLS,
		.cert_errors = errors
	};

	for (size_t i = 0; i < COUNT(hints); i++) {
		if (!(hints[i].error & errors))
			continue;
		if (strstr(smtp__hint(&facts), hints[i].words) == NULL)
			fail_msg("%s: hint \"%s\"", name,
			    smtp__hint(&facts));
		return;
	}
	fail_msg("%s: no hint", name);
}

static void
check_row(size_t row, bool tls12)
{
	const char *name = certificates[row].name;
	unsigned want = certificates[row].errors;
	struct tls_peer_plan plan = { .tls12 = tls12 };
	struct smtp__tls_info info;
	struct pair pair;
	struct cert cert;
	int status;

	make_row(&cert, row);
	plan.cert = &cert;
	pair_begin(&pair, trusting, certificates[row].host, &plan);
	status = pair_shake(&pair);
	info = info_of(&pair);
	if (status != (want != 0 ? SMTP_E_CERTIFICATE : SMTP_OK))
		fail_msg("%s: status %d, %s", name, status, info.error);
	if (info.cert_errors != want)
		fail_msg("%s: errors 0x%x, %s", name, info.cert_errors,
		    info.error);
	if (certificates[row].why != NULL &&
	    strcmp(info.error, certificates[row].why) != 0)
		fail_msg("%s: \"%s\"", name, info.error);
	assert_int_equal(info.verified, want == 0);
	assert_false(info.not_tls);
	if (want != 0)
		check_hint(name, want);
	if (want != 0)
		assert_refused(&pair, name);
	else
		client_writes(&pair, 100, 100);
	pair_end(&pair);
	cert_free(&cert);
}

static void
test_tls__takes_the_right_certificate_only(void **state)
{
	(void)state;
	for (size_t row = 0; row < COUNT(certificates); row++) {
		check_row(row, true);
		if (TLS13)
			check_row(row, false);
	}
	for (size_t row = 0; row < COUNT(certificates); row++)
		if (certificates[row].items[0] != '\0')
			proves(certificates[row].items);
}

/* Off on demand only, and then it is told all the same. */
static void
test_tls__without_verification_it_tells_what_it_saw(void **state)
{
	struct smtp__tls_settings settings = { .no_verify = true };
	struct smtp__tls_shared *shared;
	struct smtp__tls_info info;
	struct pair pair;
	struct cert cert;
	const struct cert_plan wrong = { .dns = { "wrong.example.org" },
	    .to = "20210101000000" };
	const struct tls_peer_plan plan = { .cert = &cert };
	char why[200];

	(void)state;
	assert_int_equal(smtp__tls_shared_new(&shared, &settings, why,
	    sizeof why), SMTP_OK);
	cert_make(&cert, &wrong, NULL);
	pair_begin(&pair, shared, host, &plan);
	assert_int_equal(pair_shake(&pair), SMTP_OK);
	info = info_of(&pair);
	assert_false(info.verified);
	assert_int_equal(info.cert_errors, SMTP__CERT_NAME |
	    SMTP__CERT_EXPIRED | SMTP__CERT_UNKNOWN_CA);
	client_writes(&pair, 1000, 1000);
	pair_end(&pair);
	cert_free(&cert);
	smtp__tls_shared_free(shared);
}

/* ---- trust anchors */

static char scratch[64];

static const char *
in_scratch(const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", scratch, name);
	return path;
}

static void
put_file(const char *path, const void *p, size_t n)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(p, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

/* A session with these settings and the good certificate. */
static void
assert_trusts(const struct smtp__tls_settings *settings, bool want)
{
	const struct tls_peer_plan plan = { .cert = &good };
	struct smtp__tls_shared *shared;
	struct pair pair;
	char why[200];

	if (smtp__tls_shared_new(&shared, settings, why, sizeof why) !=
	    SMTP_OK)
		fail_msg("%s", why);
	pair_begin(&pair, shared, host, &plan);
	smtp__tls_shared_free(shared);          /* counted: still there */
	assert_int_equal(pair_shake(&pair),
	    want ? SMTP_OK : SMTP_E_CERTIFICATE);
	pair_end(&pair);
}

static void
test_tls__trust_comes_from_file_folder_and_memory(void **state)
{
	char *pem = cert_pem(&root, false), *other = cert_pem(&stranger, false);
	char ca_pem[128], ca_der[128], ca_other[128], both[128];
	struct smtp__tls_settings s = { 0 };
	const char *system_files[] = { "/nonexistent", NULL, NULL };

	(void)state;
	snprintf(scratch, sizeof scratch, "/tmp/smtp-tls-%d", (int)getpid());
	assert_int_equal(mkdir(scratch, 0700), 0);
	put_file(in_scratch("a.pem", ca_pem), pem, strlen(pem));
	put_file(in_scratch("b.pem", ca_other), other, strlen(other));
	s.ca_dir = scratch;
	assert_trusts(&s, true);
	put_file(in_scratch("c.der", ca_der), root.crt.raw.p,
	    root.crt.raw.len);
	s = (struct smtp__tls_settings) { .ca_file = ca_pem };
	assert_trusts(&s, true);
	s.ca_file = ca_der;
	assert_trusts(&s, true);
	s.ca_file = ca_other;
	assert_trusts(&s, false);
	s.ca = pem;
	s.ca_n = strlen(pem);
	assert_trusts(&s, true);
	s.ca_file = NULL;
	assert_trusts(&s, true);
	s.ca_n++;                                       /* with its NUL */
	assert_trusts(&s, true);
	s.ca = root.crt.raw.p;
	s.ca_n = root.crt.raw.len;
	assert_trusts(&s, true);
	/* one that cannot be read beside one that can */
	put_file(in_scratch("d.pem", both), "-----BEGIN CERTIFICATE-----\n"
	    "AAAA\n-----END CERTIFICATE-----\n", 59);
	s = (struct smtp__tls_settings) { .ca_dir = scratch };
	assert_trusts(&s, true);
	system_files[1] = ca_pem;
	s = (struct smtp__tls_settings) { .system_files = system_files };
	assert_trusts(&s, true);
	unlink(ca_pem);
	unlink(ca_der);
	unlink(ca_other);
	unlink(both);
	rmdir(scratch);
	free(pem);
	free(other);
}

static void
test_tls__trust_that_cannot_be_had_is_an_error(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const nowhere[] = { "/nonexistent/a", NULL };
	static const struct {
		struct smtp__tls_settings settings;
		int status;
		const char *why;
	} rows[] = {
		{ { .system_files = none }, SMTP_E_TLS, "this system has no "
		    "certificates of authorities where they are known to be; "
		    "name a file of them with the option ca-file" },
		{ { .system_files = nowhere }, SMTP_E_TLS, NULL },
		{ { .ca_file = "/nonexistent/ca.pem" }, SMTP_E_ARGUMENT,
		    "/nonexistent/ca.pem: cannot be read" },
		{ { .ca_file = "/dev/null" }, SMTP_E_ARGUMENT, NULL },
		{ { .ca_dir = "/nonexistent" }, SMTP_E_ARGUMENT,
		    "/nonexistent: cannot be read" },
		{ { .ca_dir = "/proc/self/fdinfo" }, SMTP_E_ARGUMENT, NULL },
		{ { .ca = "nonsense", .ca_n = 8 }, SMTP_E_ARGUMENT, "no "
		    "certificate that can be used among the authorities "
		    "given" },
		{ { .ca = "", .ca_n = 0 }, SMTP_E_ARGUMENT, NULL },
		{ { .ca = "\x30\x82\xff\xff", .ca_n = 4 }, SMTP_E_ARGUMENT,
		    NULL },
		{ { .no_verify = true, .cert_file = "/nonexistent/c" },
		    SMTP_E_ARGUMENT, "/nonexistent/c: cannot be read" },
		{ { .no_verify = true, .key_file = "/nonexistent/k" },
		    SMTP_E_ARGUMENT,
		    "/nonexistent/k: a key without a certificate" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__tls_shared *shared = trusting;
		char why[200];
		int status = smtp__tls_shared_new(&shared, &rows[i].settings,
		    why, sizeof why);

		if (status != rows[i].status)
			fail_msg("row %zu: status %d, %s", i, status, why);
		if (rows[i].why != NULL && strcmp(why, rows[i].why) != 0)
			fail_msg("row %zu: \"%s\"", i, why);
		assert_true(strlen(why) > 0);
		assert_null(shared);
		for (size_t n = 0; n < 10; n++) {
			char *little = malloc(n > 0 ? n : 1);

			assert_non_null(little);
			assert_int_equal(smtp__tls_shared_new(&shared,
			    &rows[i].settings, little, n), rows[i].status);
			free(little);
		}
	}
	proves("LIB-G-3");
}

/* ---- a client that has a certificate */

static void
test_tls__client_certificate(void **state)
{
	const struct cert_plan mine = { .name = "client" };
	struct cert client, other;
	char path[128], other_path[128], why[200], *pem, *key;
	struct tls_peer_plan plan = { .cert = &good, .clients = &root };
	struct smtp__tls_settings s = {
		.ca = root.crt.raw.p,
		.ca_n = root.crt.raw.len
	};
	struct smtp__tls_shared *shared;
	struct pair pair;

	(void)state;
	cert_make(&client, &mine, &root);
	cert_make(&other, &mine, &root);
	snprintf(path, sizeof path, "/tmp/smtp-tls-%d.pem", (int)getpid());
	snprintf(other_path, sizeof other_path, "/tmp/smtp-tls-%d-k.pem",
	    (int)getpid());
	pem = cert_pem(&client, true);
	key = cert_pem(&other, true);
	put_file(path, pem, strlen(pem));
	put_file(other_path, key, strlen(key));

	s.cert_file = path;
	assert_int_equal(smtp__tls_shared_new(&shared, &s, why, sizeof why),
	    SMTP_OK);
	pair_begin(&pair, shared, host, &plan);
	assert_int_equal(pair_shake(&pair), SMTP_OK);
	client_writes(&pair, 100, 100);
	assert_true(pair.peer.open);
	pair_end(&pair);
	smtp__tls_shared_free(shared);

	s.key_file = other_path;
	assert_int_equal(smtp__tls_shared_new(&shared, &s, why, sizeof why),
	    SMTP_E_ARGUMENT);
	assert_non_null(strstr(why, ": the key of another certificate"));

	/* without one this server ends it, and the line says why */
	plan.tls12 = true;
	pair_begin(&pair, trusting, host, &plan);
	assert_true(pair_shake(&pair) < 0);
	assert_true(strlen(info_of(&pair).error) > 0);
	pair_end(&pair);
	unlink(path);
	unlink(other_path);
	free(pem);
	free(key);
	cert_free(&client);
	cert_free(&other);
	proves("R4422-A-1");
}

/* ---- what the first message says */

struct hello {
	size_t suites_n, first_group;
	unsigned suites[64];
	unsigned compressions, compression;
	unsigned lowest, highest;
	bool early_data;
	size_t pkcs1_at, pss_at; /* among the signatures; 0: not offered    */
	bool sha1;
	char sni[256];
};

static unsigned
two(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void
parse_extension(struct hello *hello, unsigned type, const unsigned char *p,
    size_t n)
{
	switch (type) {
	case 0:                         /* server_name, RFC 6066 */
		assert_int_equal(p[2], 0);
		assert_int_equal(two(p + 3), n - 5);
		memcpy(hello->sni, p + 5, n - 5);
		hello->sni[n - 5] = '\0';
		break;
	case 10:
		hello->first_group = two(p + 2);
		break;
	case 13:
		for (size_t i = 2; i + 1 < n; i += 2) {
			unsigned v = two(p + i);

			if (v == 0x0401)
				hello->pkcs1_at = i;
			if (p[i] == 8 && hello->pss_at == 0)
				hello->pss_at = i;
			hello->sha1 |= p[i] <= 2;
		}
		break;
	case 42:
		hello->early_data = true;
		break;
	case 43:
		hello->lowest = 0xFFFF;
		hello->highest = 0;
		for (size_t i = 1; i + 1 < n; i += 2) {
			unsigned v = two(p + i);

			if (v < hello->lowest)
				hello->lowest = v;
			if (v > hello->highest)
				hello->highest = v;
		}
		break;
	default:
		break;
	}
}

/* RFC 5246 section 7.4.1.2, RFC 8446 section 4.1.2. */
static struct hello
hello_for(const char *name)
{
	struct wire wire;
	struct smtp_transport inner, t;
	struct smtp__tls *tls;
	struct hello hello = { .lowest = 0x0303, .highest = 0x0303 };
	const unsigned char *p, *end;
	size_t n;

	wire_init(&wire);
	inner = wire_client(&wire);
	assert_int_equal(smtp__tls_start(&tls, &t, &inner, trusting, name,
	    NULL),
	    SMTP_OK);
	assert_int_equal(wire.up.n, 0);
	assert_int_equal(smtp__tls_handshake(tls), SMTP_WANT_READ);
	p = wire.up.p;
	end = p + wire.up.n;
	assert_int_equal(p[0], 22);
	assert_int_equal(two(p + 3), wire.up.n - 5);
	assert_int_equal(p[5], 1);
	assert_int_equal(two(p + 9), 0x0303);
	p += 5 + 4 + 2 + 32;
	p += 1 + *p;                            /* session */
	n = two(p);
	p += 2;
	for (; n > 0; n -= 2, p += 2) {
		assert_true(hello.suites_n < COUNT(hello.suites));
		hello.suites[hello.suites_n++] = two(p);
	}
	hello.compressions = *p++;
	hello.compression = *p;
	p += hello.compressions;
	assert_int_equal(two(p), end - p - 2);
	for (p += 2; p < end; p += 4 + two(p + 2))
		parse_extension(&hello, two(p), p + 4, two(p + 2));
	t.close(t.ctx);
	wire_free(&wire);
	return hello;
}

static bool
is_one_of(unsigned suite, const unsigned *list)
{
	while (*list != 0 && *list != suite)
		list++;
	return *list != 0;
}

static void
test_tls__hello_offers_good_parameters_only(void **state)
{
	/* forward secret with AEAD; the same with CBC; a mark, RFC 5746 */
	static const unsigned aead[] = {
		0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xC02F, 0xC030,
		0xCCA8, 0xCCA9, 0xCCAA, 0x009E, 0x009F, 0
	};
	static const unsigned cbc[] = {
		0xC023, 0xC024, 0xC027, 0xC028, 0xC009, 0xC00A, 0xC013,
		0xC014, 0
	};
	struct hello hello = hello_for(host);
	bool seen_cbc = false;

	(void)state;
	assert_true(hello.suites_n > 5);
	for (size_t i = 0; i < hello.suites_n; i++) {
		unsigned suite = hello.suites[i];

		if (suite == 0x00FF)
			continue;
		if (is_one_of(suite, cbc))
			seen_cbc = true;
		else if (!is_one_of(suite, aead))
			fail_msg("suite 0x%04x", suite);
		else if (seen_cbc)
			fail_msg("suite 0x%04x behind CBC", suite);
	}
	proves("R9325-4.1-1");
	assert_int_equal(hello.lowest, 0x0303);
	assert_int_equal(hello.highest, TLS13 ? 0x0304 : 0x0303);
	assert_int_equal(hello.compressions, 1);
	assert_int_equal(hello.compression, 0);
	assert_int_equal(hello.first_group, 29);        /* X25519 */
	assert_false(hello.early_data);
	assert_false(hello.sha1);
	assert_true(hello.pkcs1_at > 0);
	assert_int_equal(hello.pss_at > 0, TLS13);
	if (TLS13)
		assert_true(hello.pkcs1_at < hello.pss_at);
}

static void
test_tls__hello_names_the_host(void **state)
{
	static const struct {
		const char *host, *sni;
	} rows[] = {
		{ "mail.example.com", "mail.example.com" },
		{ "mail.example.com.", "mail.example.com" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "192.0.2.1", "" },
		{ "2001:db8::7", "" },
		{ "fe80::1%eth0", "" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(hello_for(rows[i].host).sni, rows[i].sni);
	proves("R9325-3.7-1");
}

static void
test_tls__a_host_that_is_none_is_refused(void **state)
{
	char name[300];
	struct wire wire;
	struct smtp_transport inner, t;
	struct smtp__tls *tls;

	(void)state;
	wire_init(&wire);
	inner = wire_client(&wire);
	memset(name, 'a', sizeof name);
	name[256] = '\0';
	assert_int_equal(smtp__tls_start(&tls, &t, &inner, trusting, name,
	    NULL),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp__tls_start(&tls, &t, &inner, trusting, "",
	    NULL),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp__tls_start(&tls, &t, &inner, trusting, ".",
	    NULL),
	    SMTP_E_ARGUMENT);
	assert_false(wire.closed);
	name[255] = '\0';
	assert_int_equal(smtp__tls_start(&tls, &t, &inner, trusting, name,
	    NULL),
	    SMTP_OK);
	t.close(t.ctx);
	assert_true(wire.closed);
}

/* ---- servers that do something else */

static const char hello_1_1[] =
    "\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"
    "0123456789abcdef0123456789abcdef\x00\xc0\x13\x00";

static const struct {
	const char *name, *octets;
	size_t n;
	bool ended;
	int status;
	bool not_tls;
	const char *error;
	const char *items;
} servers[] = {
	{ "SMTP in plain", "220 mail.example.com ESMTP\r\n", 28, false,
	    SMTP_E_TLS, true,
	    "the server did not answer with TLS: wrong port or mode?", "" },
	{ "SMTP in plain, ended", "220 x\r\n", 7, true, SMTP_E_TLS, true,
	    "the server did not answer with TLS: wrong port or mode?", "" },
	{ "one octet of it", "2", 1, true, SMTP_E_TLS, true,
	    "the server did not answer with TLS: wrong port or mode?", "" },
	{ "nothing", "", 0, false, SMTP_WANT_READ, false, "", "" },
	{ "the end", "", 0, true, SMTP_E_CLOSED, false,
	    "the connection ended within the TLS handshake", "" },
	{ "half a record", "\x16\x03\x03\x40\x00\x02", 6, false,
	    SMTP_WANT_READ, false, "", "" },
	{ "half a record, ended", "\x16\x03\x03\x40\x00\x02", 6, true,
	    SMTP_E_CLOSED, false,
	    "the connection ended within the TLS handshake", "" },
	{ "TLS 1.1", hello_1_1, 47, false, SMTP_E_TLS, false,
	    NO_VERSION,
	    "R8996-4-1" },
	{ "too old", "\x15\x03\x01\x00\x02\x02\x46", 7, true, SMTP_E_TLS,
	    false, NO_VERSION,
	    "R8996-4-1" },
	{ "no cipher in common", "\x15\x03\x03\x00\x02\x02\x28", 7, true,
	    SMTP_E_TLS, false, "the server and we have no cipher suite, curve "
	    "or version in common", "" },
	{ "unknown name", "\x15\x03\x03\x00\x02\x02\x70", 7, true,
	    SMTP_E_TLS, false,
	    "the server does not know the name it was called by", "" },
	{ "an alert that is none", "\x15\x03\x03\x00\x02\x02\xfe", 7, true,
	    SMTP_E_TLS, false,
	    "the server ended the TLS handshake with alert 254", "" },
	{ "goodbye", "\x15\x03\x03\x00\x02\x01\x00", 7, true, SMTP_E_CLOSED,
	    false, "the server ended TLS within the handshake", "" },
	{ "a message that is none", "\x16\x03\x03\x00\x04\x63\0\0\0", 9, true,
	    SMTP_E_TLS, false, NULL, "" }
};

static void
test_tls__tells_what_a_server_did_instead(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(servers); i++)
		for (size_t piece = 0; piece < 3; piece++) {
			struct wire wire;
			struct smtp_transport inner, t;
			struct smtp__tls *tls;
			struct smtp__tls_info info;
			int status = SMTP_WANT_READ;

			wire_init(&wire);
			wire.piece = piece;
			inner = wire_client(&wire);
			assert_int_equal(smtp__tls_start(&tls, &t, &inner,
			    trusting, host, NULL), SMTP_OK);
			wire_put(&wire.down, servers[i].octets, servers[i].n);
			wire.down.ended = servers[i].ended;
			for (int k = 0; k < 10 && status > 0; k++)
				status = smtp__tls_handshake(tls);
			smtp__tls_info(tls, &info);
			if (status != servers[i].status)
				fail_msg("%s: status %d, %s", servers[i].name,
				    status, info.error);
			if (servers[i].error != NULL)
				assert_string_equal(info.error,
				    servers[i].error);
			else
				assert_true(strlen(info.error) > 0);
			assert_int_equal(info.not_tls, servers[i].not_tls);
			assert_false(info.verified);
			assert_int_equal(info.cert_errors, 0);
			assert_string_equal(info.version, "");
			t.close(t.ctx);
			wire_free(&wire);
		}
	/* and nothing older was offered in the first place */
	assert_int_equal(hello_for(host).lowest, 0x0303);
	for (size_t i = 0; i < COUNT(servers); i++)
		if (servers[i].items[0] != '\0')
			proves(servers[i].items);
}

/* A handshake that is cut at every octet ends as "closed", never as done. */
static void
test_tls__a_handshake_cut_anywhere_is_not_done(void **state)
{
	const struct tls_peer_plan plan = { .cert = &good };
	struct pair pair;
	size_t whole, finished;

	(void)state;
	pair_open(&pair);
	whole = pair.wire.down.passed;
	pair_end(&pair);
	for (size_t cut = 0; cut < whole; cut += cut < whole - 120 ? 13 : 1) {
		int status = SMTP_WANT_READ;

		pair_begin(&pair, trusting, host, &plan);
		for (int i = 0; i < 100 && status > 0; i++) {
			status = smtp__tls_handshake(pair.tls);
			tls_peer_step(&pair.peer);
			finished = pair.wire.down.passed -
			    pair.wire.down.n;
			if (pair.wire.down.passed >= cut) {
				pair.wire.down.n = cut > finished ?
				    cut - finished : 0;
				pair.wire.down.ended = true;
			}
		}
		/* signatures differ in length: this one may be shorter */
		if (status != SMTP_E_CLOSED && !(status == SMTP_OK &&
		    cut >= pair.wire.down.passed))
			fail_msg("cut at %zu of %zu: %d, %s", cut, whole,
			    status, info_of(&pair).error);
		pair_end(&pair);
	}
}

/* ---- after the handshake */

static void
test_tls__the_end_is_closed_with_and_without_its_mark(void **state)
{
	char in[100];
	struct pair pair;

	(void)state;
	for (int notify = 0; notify < 2; notify++) {
		pair_open(&pair);
		tls_peer_write(&pair.peer, "250", 3);
		if (notify)
			mbedtls_ssl_close_notify(&pair.peer.ssl);
		pair.wire.down.ended = true;
		assert_int_equal(pair.t.read(pair.t.ctx, in, sizeof in), 3);
		assert_int_equal(pair.t.read(pair.t.ctx, in, sizeof in),
		    SMTP_IO_CLOSED);
		assert_int_equal(pair.t.read(pair.t.ctx, in, sizeof in),
		    SMTP_IO_CLOSED);
		pair_end(&pair);
	}
	/* in the middle of a record: its octets never come out */
	pair_open(&pair);
	tls_peer_write(&pair.peer, "250 OK\r\n", 8);
	pair.wire.down.n--;
	pair.wire.down.ended = true;
	assert_int_equal(pair.t.read(pair.t.ctx, in, sizeof in),
	    SMTP_IO_CLOSED);
	pair_end(&pair);
	/* and while writing */
	pair_open(&pair);
	pair.wire.up.ended = true;
	assert_int_equal(pair.t.write(pair.t.ctx, "QUIT\r\n", 6),
	    SMTP_IO_CLOSED);
	pair_end(&pair);
	proves("LIB-G-4");
}

static void
test_tls__close_says_so_to_the_server(void **state)
{
	char in[100];
	struct pair pair;

	(void)state;
	pair_open(&pair);
	client_writes(&pair, 10, 10);
	pair.t.close(pair.t.ctx);
	assert_int_equal(mbedtls_ssl_read(&pair.peer.ssl,
	    (unsigned char *)in, sizeof in),
	    MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
	tls_peer_free(&pair.peer);
	wire_free(&pair.wire);

	/* behind what an earlier write left, if the wire takes both */
	pair_open(&pair);
	while (tls_peer_read(&pair.peer, in, sizeof in) > 0)
		;
	pair.wire.room = 10;
	assert_int_equal(pair.t.write(pair.t.ctx, "0123456789", 10),
	    SMTP_IO_WANT_WRITE);
	pair.wire.room = 0;
	pair.t.close(pair.t.ctx);
	assert_int_equal(tls_peer_read(&pair.peer, in, sizeof in), 10);
	assert_int_equal(mbedtls_ssl_read(&pair.peer.ssl,
	    (unsigned char *)in, sizeof in),
	    MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
	tls_peer_free(&pair.peer);
	wire_free(&pair.wire);
}

static void
test_tls__a_forged_record_ends_it(void **state)
{
	char in[100];
	struct pair pair;

	(void)state;
	pair_open(&pair);
	while (pair.t.read(pair.t.ctx, in, sizeof in) > 0)
		;
	tls_peer_write(&pair.peer, "250 OK\r\n", 8);
	pair.wire.down.p[pair.wire.down.n - 1] ^= 1;
	assert_int_equal(pair.t.read(pair.t.ctx, in, sizeof in),
	    SMTP_IO_FAILED);
	tls_peer_write(&pair.peer, "250 OK\r\n", 8);
	assert_int_equal(pair.t.read(pair.t.ctx, in, sizeof in),
	    SMTP_IO_FAILED);
	assert_int_equal(pair.t.write(pair.t.ctx, "x", 1), SMTP_IO_FAILED);
	pair_end(&pair);
}

#if TLS13
static void
test_tls__tickets_are_neither_error_nor_data(void **state)
{
	static const size_t pieces[] = { 0, 1, 3, 100 };

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		const struct tls_peer_plan plan = {
			.cert = &good,
			.tickets = 2 + (int)i * 3
		};
		static unsigned char block[3000];
		char octet;
		struct pair pair;

		for (size_t k = 0; k < sizeof block; k++)
			block[k] = nth(k);
		pair_begin(&pair, trusting, host, &plan);
		pair.wire.piece = pieces[i];
		assert_int_equal(pair_shake(&pair), SMTP_OK);
		tls_peer_step(&pair.peer);
		assert_true(pair.peer.open);
		assert_true(pair.wire.down.n > 100);
		assert_int_equal(pair.t.read(pair.t.ctx, &octet, 1),
		    SMTP_IO_WANT_READ);
		assert_int_equal(pair.wire.down.n, 0);
		tls_peer_write(&pair.peer, block, sizeof block);
		client_reads(&pair, sizeof block, 100);
		client_writes(&pair, 3000, 100);
		pair_end(&pair);
	}
	proves("LIB-G-5");
}
#endif

#if defined(MBEDTLS_SSL_RENEGOTIATION)
static void
test_tls__renegotiation_is_refused(void **state)
{
	const struct tls_peer_plan plan = {
		.cert = &good,
		.tls12 = true,
		.renegotiation = true
	};
	struct pair pair;
	char in[10];
	int error;

	(void)state;
	pair_begin(&pair, trusting, host, &plan);
	assert_int_equal(pair_shake(&pair), SMTP_OK);
	tls_peer_step(&pair.peer);
	assert_int_equal(mbedtls_ssl_renegotiate(&pair.peer.ssl), 0);
	/* asked for; the answer is a warning, and no new hello */
	assert_int_equal(pair.t.read(pair.t.ctx, in, sizeof in),
	    SMTP_IO_WANT_READ);
	error = mbedtls_ssl_read(&pair.peer.ssl, (unsigned char *)in, 10);
	if (error != MBEDTLS_ERR_SSL_WANT_READ &&
	    error != MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE)
		fail_msg("the server read -0x%04x", (unsigned)-error);
	assert_string_equal(info_of(&pair).error, "");
	pair_end(&pair);
	assert_int_equal(hello_for(host).compression, 0);
	proves("R9325-3.5-1");
}

/* The warning waits, since the wire takes one octet; what comes behind it. */
static void
test_tls__a_warning_that_waits_takes_no_octet_along(void **state)
{
	const struct tls_peer_plan plan = {
		.cert = &good,
		.tls12 = true,
		.renegotiation = true
	};
	static unsigned char block[500], in[1000];

	(void)state;
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = nth(i);
	for (int writes = 0; writes < 3; writes++) {
		struct pair pair;
		ptrdiff_t did = SMTP_IO_WANT_WRITE;
		size_t back = 0;

		pair_begin(&pair, trusting, host, &plan);
		assert_int_equal(pair_shake(&pair), SMTP_OK);
		tls_peer_step(&pair.peer);
		pair.wire.room = 1;
		assert_int_equal(mbedtls_ssl_renegotiate(&pair.peer.ssl), 0);
		assert_true(pair.t.read(pair.t.ctx, in, 1) < 0);
		for (int i = 0; i < writes; i++)
			assert_int_equal(pair.t.write(pair.t.ctx, block,
			    sizeof block), SMTP_IO_WANT_WRITE);
		for (int i = 0; i < 10000 && back < sizeof block; i++) {
			int some;

			if (did == SMTP_IO_WANT_WRITE)
				did = pair.t.write(pair.t.ctx, block,
				    sizeof block);
			pair.wire.room = 50;
			some = mbedtls_ssl_read(&pair.peer.ssl, in + back,
			    sizeof in - back);
			back += some > 0 ? (size_t)some : 0;
		}
		assert_int_equal(did, sizeof block);
		assert_int_equal(back, sizeof block);
		assert_memory_equal(in, block, sizeof block);
		pair_end(&pair);
	}
}
#endif

/* ---- sharing */

static void *
shake_often(void *ctx)
{
	int *done = ctx;

	for (int i = 0; i < 10; i++) {
		const struct tls_peer_plan plan = { .cert = &good };
		struct pair pair;

		pair_begin(&pair, trusting, host, &plan);
		if (pair_shake(&pair) == SMTP_OK)
			++*done;
		pair_end(&pair);
	}
	return NULL;
}

static void
test_tls__threads_may_share_what_is_shared(void **state)
{
	pthread_t thread[4];
	int done[4] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, shake_often,
		    &done[i]), 0);
	for (size_t i = 0; i < COUNT(thread); i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(done[i], 10);
	}
}

/* ---- the public form, over a configuration of the caller's */

static int asked;

static int
ask(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	(void)crt;
	(void)depth;
	asked++;
	*flags |= *(uint32_t *)ctx;
	return 0;
}

static void
test_tls__public_form_verifies_too(void **state)
{
	static const struct {
		struct cert_plan plan;
		const char *host;
		uint32_t add;
		int status;
	} rows[] = {
		{ { .dns = { host } }, host, 0, SMTP_OK },
		{ { .dns = { "other.example" } }, host, 0,
		    SMTP_E_CERTIFICATE },
		{ { .name = "mail.example.com" }, host, 0,
		    SMTP_E_CERTIFICATE },
		{ { .dns = { "192.0.2.1" } }, "192.0.2.1", 0,
		    SMTP_E_CERTIFICATE },
		{ { .ip = { "192.0.2.1" } }, "192.0.2.1", 0, SMTP_OK },
		{ { .dns = { host } }, host, MBEDTLS_X509_BADCERT_OTHER,
		    SMTP_E_CERTIFICATE }
	};
	mbedtls_ssl_config config;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_peer_plan plan = { .tls12 = true };
		struct pair pair;
		struct smtp_transport inner;
		struct cert cert;
		uint32_t add = rows[i].add;
		int status = SMTP_WANT_WRITE;

		cert_make(&cert, &rows[i].plan, &root);
		plan.cert = &cert;
		wire_init(&pair.wire);
		tls_peer_init(&pair.peer, &pair.wire, &plan);
		inner = wire_client(&pair.wire);
		mbedtls_ssl_config_init(&config);
		assert_int_equal(mbedtls_ssl_config_defaults(&config,
		    MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
		    MBEDTLS_SSL_PRESET_DEFAULT), 0);
		mbedtls_ssl_conf_rng(&config, cert_random, NULL);
		mbedtls_ssl_conf_ca_chain(&config, &root.crt, NULL);
		mbedtls_ssl_conf_verify(&config, ask, &add);
		mbedtls_ssl_conf_authmode(&config,
		    MBEDTLS_SSL_VERIFY_OPTIONAL);
		assert_int_equal(smtp_transport_tls(&pair.t, &inner, &config,
		    rows[i].host), SMTP_E_ARGUMENT);
		mbedtls_ssl_conf_authmode(&config,
		    MBEDTLS_SSL_VERIFY_REQUIRED);
		mbedtls_ssl_conf_endpoint(&config, MBEDTLS_SSL_IS_SERVER);
		assert_int_equal(smtp_transport_tls(&pair.t, &inner, &config,
		    rows[i].host), SMTP_E_ARGUMENT);
		mbedtls_ssl_conf_endpoint(&config, MBEDTLS_SSL_IS_CLIENT);
		asked = 0;
		assert_int_equal(smtp_transport_tls(&pair.t, &inner, &config,
		    rows[i].host), SMTP_OK);
		assert_int_equal(smtp_transport_tls_handshake(&inner),
		    SMTP_E_ARGUMENT);
		for (int k = 0; k < 100 && status > 0; k++) {
			status = smtp_transport_tls_handshake(&pair.t);
			tls_peer_step(&pair.peer);
		}
		assert_int_equal(status, rows[i].status);
		assert_true(asked > 0);
		if (status == SMTP_OK)
			client_writes(&pair, 100, 100);
		pair_end(&pair);
		mbedtls_ssl_config_free(&config);
		cert_free(&cert);
	}
}

static void
test_tls__memory_is_told_apart(void **state)
{
	static const struct {
		int error;
		bool memory;
	} rows[] = {
		{ MBEDTLS_ERR_SSL_ALLOC_FAILED, true },
		{ MBEDTLS_ERR_X509_ALLOC_FAILED, true },
		{ MBEDTLS_ERR_PK_ALLOC_FAILED, true },
		{ MBEDTLS_ERR_X509_INVALID_EXTENSIONS +
		    MBEDTLS_ERR_ASN1_ALLOC_FAILED, true },
		{ MBEDTLS_ERR_PK_INVALID_PUBKEY - 0x0010, true },
		{ -141, true },
		{ 0, false },
		{ 1, false },
		{ MBEDTLS_ERR_X509_CERT_VERIFY_FAILED, false },
		{ MBEDTLS_ERR_SSL_CONN_EOF, false },
		{ MBEDTLS_ERR_SSL_INVALID_RECORD, false },
		{ MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, false },
		{ -149, false }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (smtp__tls_is_memory(rows[i].error) != rows[i].memory)
			fail_msg("-0x%04x", (unsigned)-rows[i].error);
}

/*
 * The library reads its configuration until the session is freed, so nothing
 * of it may go before: here it is overwritten when it is let go.
 */
static void
spoil(void *config)
{
	memset(config, 0x5a, sizeof(mbedtls_ssl_config));
	asked = 1;
}

static void
test_tls__configuration_outlives_the_session(void **state)
{
	struct wire wire;
	struct smtp_transport inner, t;
	struct smtp__tls *tls;
	mbedtls_ssl_config config;

	(void)state;
	wire_init(&wire);
	inner = wire_client(&wire);
	mbedtls_ssl_config_init(&config);
	assert_int_equal(mbedtls_ssl_config_defaults(&config,
	    MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
	    MBEDTLS_SSL_PRESET_DEFAULT), 0);
	mbedtls_ssl_conf_rng(&config, cert_random, NULL);
	assert_int_equal(smtp__tls_begin(&tls, &t, &inner, &config, host,
	    true), SMTP_OK);
	smtp__tls_hold(tls, spoil, &config);
	asked = 0;
	assert_int_equal(smtp__tls_handshake(tls), SMTP_WANT_READ);
	assert_int_equal(asked, 0);
	t.close(t.ctx);
	assert_int_equal(asked, 1);
	wire_free(&wire);
}

#if STARVE
/* Allocations of the client's side fail in turn. */
static int
shake_starved(struct pair *pair, long n, bool *hit)
{
	int status = SMTP_WANT_WRITE;

	*hit = false;
	for (int i = 0; i < 100 && status > 0; i++) {
		starve_at(*hit ? -1 : n);
		status = smtp__tls_handshake(pair->tls);
		n = starve_pause();
		*hit |= starve_hit();
		/* what the server and the wire allocate does not count */
		tls_peer_step(&pair->peer);
	}
	return status;
}

/* So that the wire need not allocate under the client's hands. */
static void
reserve(struct wire_way *way)
{
	static const char block[16384];

	wire_put(way, block, sizeof block);
	way->n = way->passed = 0;
}

static void
test_tls__without_memory_it_fails_and_leaks_nothing(void **state)
{
	const struct tls_peer_plan plan = { .cert = &good };
	long n = 0, told = 0;
	bool hit = true;

	(void)state;
	/* calculations allocate by the ten thousand: ever wider steps */
	for (; hit; n += 1 + n / 16) {
		long before = starve_live();
		struct pair pair;
		int status;

		pair_begin(&pair, trusting, host, &plan);
		reserve(&pair.wire.up);
		status = shake_starved(&pair, n, &hit);
		if (status != SMTP_OK && status != SMTP_E_MEMORY)
			fail_msg("at %ld: status %d, %s", n, status,
			    info_of(&pair).error);
		assert_int_equal(info_of(&pair).cert_errors, 0);
		if (status != SMTP_OK)
			assert_string_equal(info_of(&pair).error,
			    "no memory for TLS");
		else
			assert_true(info_of(&pair).verified);
		told += status == SMTP_E_MEMORY;
		pair_end(&pair);
		assert_int_equal(starve_live(), before);
	}
	assert_true(n > 100);
	assert_true(told > 10);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls__octets_pass_in_any_pieces),
		cmocka_unit_test(
		    test_tls__a_write_that_waits_loses_and_doubles_nothing),
		cmocka_unit_test(
		    test_tls__reading_does_not_disturb_a_write_that_waits),
		cmocka_unit_test(test_tls__takes_the_right_certificate_only),
		cmocka_unit_test(
		    test_tls__without_verification_it_tells_what_it_saw),
		cmocka_unit_test(
		    test_tls__trust_comes_from_file_folder_and_memory),
		cmocka_unit_test(
		    test_tls__trust_that_cannot_be_had_is_an_error),
		cmocka_unit_test(test_tls__client_certificate),
		cmocka_unit_test(test_tls__hello_offers_good_parameters_only),
		cmocka_unit_test(test_tls__hello_names_the_host),
		cmocka_unit_test(test_tls__a_host_that_is_none_is_refused),
		cmocka_unit_test(test_tls__tells_what_a_server_did_instead),
		cmocka_unit_test(
		    test_tls__a_handshake_cut_anywhere_is_not_done),
		cmocka_unit_test(
		    test_tls__the_end_is_closed_with_and_without_its_mark),
		cmocka_unit_test(test_tls__close_says_so_to_the_server),
		cmocka_unit_test(test_tls__a_forged_record_ends_it),
#if TLS13
		cmocka_unit_test(
		    test_tls__tickets_are_neither_error_nor_data),
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
		cmocka_unit_test(test_tls__renegotiation_is_refused),
		cmocka_unit_test(
		    test_tls__a_warning_that_waits_takes_no_octet_along),
#endif
		cmocka_unit_test(test_tls__threads_may_share_what_is_shared),
		cmocka_unit_test(test_tls__public_form_verifies_too),
		cmocka_unit_test(test_tls__memory_is_told_apart),
		cmocka_unit_test(test_tls__configuration_outlives_the_session)
	};

	int failed = cmocka_run_group_tests(tests, set_up, tear_down);

#if STARVE
	const struct CMUnitTest starved[] = {
		cmocka_unit_test(
		    test_tls__without_memory_it_fails_and_leaks_nothing)
	};

	if (starve_works())
		failed += cmocka_run_group_tests(starved, set_up, tear_down);
#endif
	return failed;
}
#endif
