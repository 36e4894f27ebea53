/* SPDX-License-Identifier: MIT */
/*
 * What is said about a certificate. It is put together by hand here, so that
 * it may have what no authority signs.
 */
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_TLS
LEFT_OUT("SMTP_WITH_TLS")
#else

#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "net/net.h"
#include "net/tls.h"

static const char host[] = "mail.example.com";

#define DNS 0x82
#define IP 0x87
#define URI 0x86

#define CN "\x55\x04\x03"
#define ORGANISATION "\x55\x04\x0a"
#define MAIL "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"

#define EXPIRED MBEDTLS_X509_BADCERT_EXPIRED
#define FUTURE MBEDTLS_X509_BADCERT_FUTURE
#define UNTRUSTED MBEDTLS_X509_BADCERT_NOT_TRUSTED

struct look {
	mbedtls_x509_crt crt;
	mbedtls_x509_sequence names[8];
	mbedtls_x509_name issuer[4], subject[6];
	struct smtp__tls_judge judge;
	char text[640];
};

static mbedtls_x509_buf
buf(int tag, const char *p, size_t n)
{
	mbedtls_x509_buf it;

	memset(&it, 0, sizeof it);
	it.tag = tag;
	it.p = (unsigned char *)(uintptr_t)p;
	it.len = n;
	return it;
}

static void
begin(struct look *l)
{
	memset(l, 0, sizeof *l);
	assert_true(smtp__tls_judge_init(&l->judge, host, l->text,
	    sizeof l->text));
}

static void
add_name(struct look *l, int tag, const char *p, size_t n)
{
	mbedtls_x509_sequence *at = &l->crt.subject_alt_names;

	for (size_t i = 0; at->buf.p != NULL; at = at->next)
		if (at->next == NULL)
			for (at->next = &l->names[i]; l->names[i].buf.p !=
			    NULL; at->next = &l->names[i])
				i++;
	at->buf = buf(tag, p, n);
}

static void
add_issuer(struct look *l, const char *oid, const char *name)
{
	mbedtls_x509_name *at = &l->crt.issuer;

	for (size_t i = 0; at->oid.p != NULL; at = at->next)
		if (at->next == NULL)
			for (at->next = &l->issuer[i]; l->issuer[i].oid.p !=
			    NULL; at->next = &l->issuer[i])
				i++;
	at->oid = buf(6, oid, strlen(oid));
	at->val = buf(12, name, strlen(name));
}

static const char *
judged(struct look *l, int depth, uint32_t flags)
{
	assert_int_equal(smtp__tls_judge_verify(&l->judge, &l->crt, depth,
	    &flags), 0);
	smtp__out_end(&l->judge.why);
	l->text[l->judge.why.n] = '\0';
	return l->text;
}

static void
expect(const char *what, struct look *l, int depth, uint32_t flags,
    const char *want)
{
	const char *text = judged(l, depth, flags);

	if (strcmp(text, want) != 0)
		fail_msg("%s: \"%s\" instead of \"%s\"", what, text, want);
}

/* ---- */

static void
test_tls_judge__names_are_told_as_they_can_be(void **state)
{
	static const char x100[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	static const struct {
		const char *what;
		struct {
			int tag;
			const char *p;
			size_t n;
		} name[5];
		const char *want;
	} rows[] = {
		{ "none", { { 0, NULL, 0 } }, "certificate has no "
		    "subjectAltName, and its common name does not count as "
		    "the name of mail.example.com" },
		{ "one", { { DNS, "a.example", 9 } },
		    "certificate is for a.example, not for "
		    "mail.example.com" },
		{ "addresses", { { IP, "\xc0\0\2\1", 4 },
		    { IP, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16 } },
		    "certificate is for 192.0.2.1, "
		    "2001:0DB8:0000:0000:0000:0000:0000:0001, not for "
		    "mail.example.com" },
		{ "neither name nor address", { { URI, "x:y", 3 },
		    { IP, "\1\2\3", 3 }, { IP, "", 0 }, { DNS, "b", 1 } },
		    "certificate is for b, not for mail.example.com" },
		{ "many", { { DNS, "a", 1 }, { DNS, "b", 1 }, { DNS, "c", 1 },
		    { DNS, "d", 1 }, { DNS, "e", 1 } }, "certificate is for "
		    "a, b, c and 2 more, not for mail.example.com" },
		{ "octets", { { DNS, "a\x1b[1m\"\xff\x7f~ b\0c", 12 } },
		    "certificate is for a?[1m???~ b?, not for "
		    "mail.example.com" },
		{ "64 octets", { { DNS, x100, 64 } }, "certificate is for "
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, not for "
		    "mail.example.com" },
		{ "longer", { { DNS, x100, 100 } }, "certificate is for "
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..., not for "
		    "mail.example.com" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct look l;

		begin(&l);
		for (size_t k = 0; k < COUNT(rows[i].name) &&
		    rows[i].name[k].p != NULL; k++)
			add_name(&l, rows[i].name[k].tag, rows[i].name[k].p,
			    rows[i].name[k].n);
		expect(rows[i].what, &l, 0, 0, rows[i].want);
		assert_int_equal(l.judge.errors, SMTP__CERT_NAME);
		/* and once only */
		expect(rows[i].what, &l, 0, 0, rows[i].want);
	}
}

static void
test_tls_judge__dates_are_told(void **state)
{
	static const mbedtls_x509_time early = { 2001, 2, 3, 0, 0, 0 };
	static const mbedtls_x509_time late = { 2031, 11, 29, 12, 34, 56 };
	struct look l;

	(void)state;
	begin(&l);
	add_name(&l, DNS, host, strlen(host));
	l.crt.valid_from = late;
	l.crt.valid_to = early;
	expect("both", &l, 0, EXPIRED | FUTURE, "certificate expired on "
	    "2001-02-03; is not valid before 2031-11-29");
	expect("again", &l, 1, EXPIRED | FUTURE, "certificate expired on "
	    "2001-02-03; is not valid before 2031-11-29");
	assert_int_equal(l.judge.errors, SMTP__CERT_EXPIRED |
	    SMTP__CERT_NOT_YET);
	assert_string_equal(l.judge.peer.from, "2031-11-29T12:34:56Z");
	assert_string_equal(l.judge.peer.to, "2001-02-03T00:00:00Z");

	begin(&l);
	l.crt.valid_from = early;
	l.crt.valid_to = late;
	expect("an issuer", &l, 1, EXPIRED, "certificate has an issuer that "
	    "expired on 2031-11-29");
	expect("another", &l, 2, FUTURE, "certificate has an issuer that "
	    "expired on 2031-11-29; has an issuer that is not valid before "
	    "2001-02-03");
	assert_false(l.judge.seen);
}

static void
test_tls_judge__issuers_are_told(void **state)
{
	static const struct {
		const char *what;
		struct {
			const char *oid, *name;
		} issuer[3];
		const char *own, *other;         /* words of both            */
	} rows[] = {
		{ "nothing", { { NULL, NULL } }, "certificate is self-signed "
		    "and not among the trusted", "certificate goes back to an "
		    "issuer without a name, which is not among the trusted" },
		{ "a name", { { ORGANISATION, "Inc." }, { CN, "A \"CA\"" } },
		    "certificate is self-signed and not among the trusted",
		    "certificate goes back to \"A ?CA?\", which is not among "
		    "the trusted" },
		{ "an organisation", { { MAIL, "a@b" },
		    { ORGANISATION, "Inc." }, { MAIL, "c@d" } },
		    "certificate is self-signed and not among the trusted",
		    "certificate goes back to \"Inc.\", which is not among "
		    "the trusted" },
		{ "neither", { { MAIL, "a@b" }, { "\x55\x04\x06", "DE" } },
		    "certificate is self-signed and not among the trusted",
		    "certificate goes back to an issuer without a name, which "
		    "is not among the trusted" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int other = 0; other < 2; other++) {
			struct look l;

			begin(&l);
			add_name(&l, DNS, host, strlen(host));
			for (size_t k = 0; k < COUNT(rows[i].issuer) &&
			    rows[i].issuer[k].oid != NULL; k++)
				add_issuer(&l, rows[i].issuer[k].oid,
				    rows[i].issuer[k].name);
			l.crt.subject_raw = buf(0x30, "x", 1);
			l.crt.issuer_raw = buf(0x30, other ? "y" : "x", 1);
			expect(rows[i].what, &l, 0, UNTRUSTED, other ?
			    rows[i].other : rows[i].own);
			expect(rows[i].what, &l, 0, UNTRUSTED, other ?
			    rows[i].other : rows[i].own);
			assert_int_equal(l.judge.errors,
			    SMTP__CERT_UNKNOWN_CA);
		}
}

/* An issuer that was sent and may not sign; one that is trusted by its name. */
static void
test_tls_judge__whose_signature_does_not_count(void **state)
{
	struct look l, issuer, trusted;

	(void)state;
	for (int named = 0; named < 2; named++) {
		const char *want = named ? "certificate is signed by "
		    "\"Somebody\", whose certificate is none of an authority" :
		    "certificate is signed by one that is no authority";

		begin(&l);
		begin(&issuer);
		begin(&trusted);
		add_name(&l, DNS, host, strlen(host));
		if (named)
			add_issuer(&l, CN, "Somebody");
		l.crt.issuer_raw = buf(0x30, "y", 1);
		issuer.crt.subject_raw = buf(0x30, "z", 1);
		l.crt.next = &issuer.crt;
		issuer.crt.next = &trusted.crt;
		trusted.crt.subject_raw = l.crt.issuer_raw;
		expect("no CA", &l, 0, UNTRUSTED, want);
		expect("again", &l, 0, UNTRUSTED, want);
		assert_int_equal(l.judge.errors, SMTP__CERT_NO_CA);
	}
	begin(&l);
	begin(&issuer);
	begin(&trusted);
	add_name(&l, DNS, host, strlen(host));
	add_issuer(&l, CN, "Trusted");
	l.crt.subject_raw = l.crt.issuer_raw = buf(0x30, "y", 1);
	issuer.crt.subject_raw = buf(0x30, "z", 1);
	issuer.crt.next = &trusted.crt;
	trusted.crt.subject_raw = l.crt.issuer_raw;
	l.judge.trusted = &issuer.crt;
	expect("trusted by name", &l, 0, UNTRUSTED, "certificate goes back to "
	    "\"Trusted\", which is trusted by that name, but its signature "
	    "does not verify");
	/* whoever signed himself above it is none of those trusted */
	begin(&l);
	l.crt.subject_raw = l.crt.issuer_raw = buf(0x30, "y", 1);
	add_issuer(&l, CN, "Root");
	expect("a root", &l, 1, UNTRUSTED, "certificate goes back to "
	    "\"Root\", which is not among the trusted");
}

/* What does not fit is left out, and is no reason to fail. */
static void
test_tls_judge__a_subject_that_is_too_long_is_not_kept(void **state)
{
	static char long_name[200];
	struct look l;

	(void)state;
	memset(long_name, 'x', sizeof long_name - 1);
	begin(&l);
	add_name(&l, DNS, host, strlen(host));
	add_name(&l, URI, "x:y", 3);
	add_name(&l, IP, "\x7f\0\0\1", 4);
	add_issuer(&l, CN, "CA");
	l.crt.subject.oid = buf(6, CN, 3);
	l.crt.subject.val = buf(12, long_name, sizeof long_name - 1);
	expect("long", &l, 0, 0, "certificate ");
	assert_int_equal(l.judge.errors, 0);
	assert_string_equal(l.judge.peer.subject, "");
	assert_string_equal(l.judge.peer.issuer, "CN=CA");
	assert_string_equal(l.judge.peer.names, "mail.example.com, "
	    "127.0.0.1");
	assert_int_equal(l.judge.peer.digest_n, 0);
}

/* Whoever asks for a key asks for it alone, or as well. */
static void
test_tls_judge__a_pin_is_missed_once(void **state)
{
	static const unsigned char pins[64] = { 1 };
	struct look l;

	(void)state;
	for (int only = 0; only < 2; only++) {
		begin(&l);
		add_name(&l, DNS, "a.example", 9);
		l.judge.pins = pins;
		l.judge.pins_n = 2;
		l.judge.pin_only = only;
		assert_non_null(strstr(judged(&l, 0, UNTRUSTED),
		    "certificate has another key than those pinned: sha256//"
		    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
		(void)judged(&l, 0, UNTRUSTED);
		assert_int_equal(l.judge.errors, only ? SMTP__CERT_PIN :
		    SMTP__CERT_PIN | SMTP__CERT_NAME |
		    SMTP__CERT_UNKNOWN_CA);
	}
}

static int
stop(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	(void)crt;
	(void)depth;
	(void)flags;
	return *(int *)ctx;
}

/* A callback of the program's that ends the handshake ends it. */
static void
test_tls_judge__another_judge_may_end_it(void **state)
{
	int status = MBEDTLS_ERR_X509_FATAL_ERROR;
	uint32_t flags = 0;
	struct look l;

	(void)state;
	begin(&l);
	l.judge.also = stop;
	l.judge.also_ctx = &status;
	assert_int_equal(smtp__tls_judge_verify(&l.judge, &l.crt, 0, &flags),
	    status);
	assert_false(l.judge.seen);
	status = 0;
	assert_int_equal(smtp__tls_judge_verify(&l.judge, &l.crt, 0, &flags),
	    0);
	assert_true(l.judge.seen);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_tls_judge__names_are_told_as_they_can_be),
		cmocka_unit_test(test_tls_judge__dates_are_told),
		cmocka_unit_test(test_tls_judge__issuers_are_told),
		cmocka_unit_test(
		    test_tls_judge__whose_signature_does_not_count),
		cmocka_unit_test(
		    test_tls_judge__a_subject_that_is_too_long_is_not_kept),
		cmocka_unit_test(test_tls_judge__a_pin_is_missed_once),
		cmocka_unit_test(test_tls_judge__another_judge_may_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
