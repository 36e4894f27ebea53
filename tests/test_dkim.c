/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <smtp/config.h>

#if !(SMTP_WITH_DKIM && SMTP_WITH_HASH)
LEFT_OUT("SMTP_WITH_DKIM && SMTP_WITH_HASH")
#else

#include <smtp/dkim.h>

#include "codec/base64.h"
#include "dkim/dkim.h"
#include "signed.h"
#include "support/starve.h"

/* The key and the message of RFC 8463 appendix A, made for tests. */
static const char rsa[] =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi\n"
    "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM\n"
    "KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB\n"
    "AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm\n"
    "6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe\n"
    "zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy\n"
    "6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc\n"
    "uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy\n"
    "WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd\n"
    "WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a\n"
    "licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst\n"
    "o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe\n"
    "uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL\n"
    "-----END RSA PRIVATE KEY-----\n";

static const char header[] =
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";
static const char body[] = "Hi.\r\n\r\n"
    "We lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n\r\n";
static const char tags[] = " c=relaxed/relaxed; d=football.example.com; "
    "i=@football.example.com; q=dns/txt; s=";
static const char rest[] = "; t=1528637909; h=from : to : subject : "
    "date : message-id : from : subject : date; "
    "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=";

static void
assert_base64(const unsigned char *p, size_t n, const char *want)
{
	unsigned char octets[1024];
	ptrdiff_t k = smtp__base64_decode(want, strlen(want), octets,
	    sizeof octets);

	assert_int_equal(k, n);
	assert_memory_equal(p, octets, n);
}

static void
hash_body(const char *p, size_t n, bool relaxed, size_t cut,
    unsigned char digest[])
{
	struct smtp__canon c;

	smtp__canon_begin(&c, relaxed);
	for (size_t i = 0; i < n; i += cut) {
		size_t k = n - i < cut ? n - i : cut;
		char *exact = malloc(k);

		memcpy(exact, p + i, k);
		smtp__canon_body(&c, exact, k);
		free(exact);
	}
	assert_int_equal(smtp__canon_body_end(&c, digest), SMTP_OK);
}

static const struct {
	const char *body;
	bool relaxed;
	const char *digest;
	const char *items;
} bodies[] = {
	{ " C \r\nD \t E\r\n\r\n\r\n", true,
	    "unak6JHq0wL+Q1HP7dW1tjBx9FLA6DffoZ0qrLwbbpo=",
	    "R6376-3.4.4-1" },
	{ " C \r\nD \t E\r\n\r\n\r\n", false,
	    "NOeivbQlDH9TmNKJUw7D53wZfsk8YMZ/hTuVVwTgi8s=",
	    "R6376-3.4.3-1" },
	{ "", true, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
	    "R6376-3.4.4-1" },
	{ " \r\n\r\n", true, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
	    "R6376-3.4.4-1" },
	{ "", false, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=",
	    "R6376-3.4.3-1" },
	{ "\r\n\r\n", false, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=",
	    "R6376-3.4.3-1" },
	{ body, true, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=",
	    "R6376-3.4.4-1" },
};

static void
test_canon__body_is_that_of_the_rfc_however_it_is_cut(void **state)
{
	unsigned char digest[SMTP__DKIM_DIGEST];

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		size_t n = strlen(bodies[i].body);

		for (size_t cut = n + 1; cut > 0; cut--) {
			hash_body(bodies[i].body, n, bodies[i].relaxed, cut,
			    digest);
			assert_base64(digest, sizeof digest,
			    bodies[i].digest);
		}
		proves(bodies[i].items);
	}
}

/* The digest of fields, against that of what they have to become. */
static void
assert_fields(const char *fields, bool relaxed, const char *want)
{
	unsigned char digest[32], expected[32];
	struct smtp__canon c;
	const char *p = fields, *end;

	smtp__canon_begin(&c, relaxed);
	while (*p != '\0') {
		for (end = strchr(p, '\n'); end != NULL &&
		    (end[1] == ' ' || end[1] == '\t');
		    end = strchr(end + 1, '\n'))
			;
		end = end == NULL ? p + strlen(p) : end + 1;
		smtp__canon_field(&c, p, (size_t)(end - p));
		p = end;
	}
	assert_int_equal(smtp__canon_end(&c, digest), SMTP_OK);
	smtp__canon_begin(&c, false);
	smtp__canon_field(&c, want, strlen(want));
	assert_int_equal(smtp__canon_end(&c, expected), SMTP_OK);
	assert_memory_equal(digest, expected, 32);
}

static void
test_canon__header_is_relaxed_or_as_it_was(void **state)
{
	static const char in[] = "A: X\r\nB : Y\t\r\n\tZ  \r\n";

	(void)state;
	assert_fields(in, true, "a:X\r\nb:Y Z\r\n");
	assert_fields("C:  \t a  b:c \t d \r\n", true, "c:a b:c d\r\n");
	assert_fields("D:\r\n", true, "d:\r\n");
	assert_fields("E: x", true, "e:x");
	assert_fields("F g: x\r\n", true, "f g:x\r\n");
	proves("R6376-3.4.2-1");
	assert_fields(in, false, in);
	proves("R6376-3.4.1-1");
}

static void
digest_of_rfc(const char *algorithm, const char *selector,
    unsigned char digest[])
{
	char field[1024];
	struct smtp__canon c;
	const char *p = header;

	smtp__canon_begin(&c, true);
	while (*p != '\0') {
		const char *end = strchr(p, '\n') + 1;

		smtp__canon_field(&c, p, (size_t)(end - p));
		p = end;
	}
	snprintf(field, sizeof field, "DKIM-Signature: v=1; a=%s;%s%s%s",
	    algorithm, tags, selector, rest);
	smtp__canon_field(&c, field, strlen(field));
	assert_int_equal(smtp__canon_end(&c, digest), SMTP_OK);
}

static void
test_sign__rsa_and_the_digest_for_ed25519_are_those_of_the_rfc(void **state)
{
	static const unsigned char ed25519[32] = {
		0x48, 0xce, 0x9a, 0x2c, 0x71, 0x0e, 0xce, 0x17, 0x10, 0xff,
		0x15, 0x69, 0x96, 0xb8, 0x36, 0xa7, 0xf4, 0x54, 0x70, 0xe4,
		0x3e, 0xfe, 0x56, 0x43, 0x07, 0x4d, 0x6e, 0x16, 0x90, 0xed,
		0x62, 0xe7
	};
	unsigned char digest[32], signature[SMTP__SIGNATURE_MAX];
	size_t n = sizeof signature;
	struct smtp__key *key;

	(void)state;
	digest_of_rfc("ed25519-sha256", "brisbane", digest);
	assert_memory_equal(digest, ed25519, 32);
	digest_of_rfc("rsa-sha256", "test", digest);
	assert_int_equal(smtp__key_new(&key, rsa, strlen(rsa), NULL), 0);
	assert_int_equal(smtp__key_bits(key), 1024);
	assert_int_equal(smtp__key_sign(key, digest, signature, &n), 0);
	assert_base64(signature, n,
	    "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrS"
	    "jV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2JzdA+L10TeYt9BgD"
	    "fQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=");
	smtp__key_free(key);
	proves("R6376-3.3.2-1 R6376-3.7-1");
}

/* RFC 8463 appendix A.2, in PKCS #8. */
static const char ed25519_key[] = "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

static void
test_sign__ed25519_is_that_of_the_rfc(void **state)
{
	struct smtp_dkim *d = smtp_dkim_new("football.example.com", "s");
	unsigned char digest[32], signature[64];
	char record[100];
	const char *why;

	(void)state;
#if SMTP_WITH_SODIUM
	assert_int_equal(smtp_dkim_set_key(d, ed25519_key,
	    strlen(ed25519_key), NULL), SMTP_OK);
	assert_int_equal(smtp__dkim_check(d, &why), SMTP_OK);
	digest_of_rfc("ed25519-sha256", "brisbane", digest);
	assert_int_equal(smtp__ed25519_sign(&d->ed25519, digest, 32,
	    signature), SMTP_OK);
	assert_base64(signature, 64, "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQ"
	    "ehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==");
	assert_int_equal(smtp_dkim_record(d, record, sizeof record), SMTP_OK);
	assert_string_equal(record, "v=DKIM1; k=ed25519; "
	    "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	proves("R8463-3-1 LIB-P-3");
#else
	(void)digest;
	(void)signature;
	(void)record;
	assert_int_equal(smtp_dkim_set_key(d, ed25519_key,
	    strlen(ed25519_key), NULL), SMTP_E_UNSUPPORTED);
	assert_int_equal(smtp__dkim_check(d, &why), SMTP_E_UNSUPPORTED);
	assert_non_null(strstr(why, "WITH_SODIUM"));
#endif
	smtp_dkim_free(d);
}

/*
 * Whole fields.
 */

struct signed_with {
	unsigned char digest[32];
	int calls;
};

static int
keep_digest(void *ctx, const unsigned char digest[32],
    unsigned char *signature, size_t *n)
{
	struct signed_with *s = ctx;

	memcpy(s->digest, digest, 32);
	s->calls++;
	assert_true(*n >= 64);
	memset(signature, 0, 64);
	*n = 64;
	return 0;
}

static void
assert_lines(const char *field, size_t n)
{
	size_t column = 0;

	assert_true(n > 2 && field[n - 1] == '\n');
	for (size_t i = 0; i < n; i++) {
		if (field[i] == '\n') {
			assert_true(i + 1 == n || field[i + 1] == '\t');
			column = 0;
		} else if (field[i] != '\r') {
			assert_true(++column <= 78);
		}
	}
}

static char *
make_field(struct smtp_dkim *dkim, const char *fields, int64_t seconds)
{
	static char text[8192];
	unsigned char digest[32];
	struct smtp__out out;
	const struct smtp__bytes bytes = { fields, strlen(fields) };

	hash_body(body, strlen(body), dkim->relaxed_body, 1000, digest);
	smtp__out_init(&out, text, sizeof text - 1);
	assert_int_equal(smtp__dkim_field(dkim, bytes, digest, seconds, &out),
	    SMTP_OK);
	assert_lines(text, out.n);
	text[out.n] = '\0';
	return text;
}

/* Without folds and spaces, which may be anywhere between tags. */
static const char *
plain(const char *field)
{
	static char text[8192];
	size_t n = 0;

	for (; *field != '\0'; field++)
		if (strchr(" \t\r\n", *field) == NULL)
			text[n++] = *field;
	text[n] = '\0';
	return text;
}

static void
test_field__has_the_tags_and_names_of_the_rfc(void **state)
{
	struct smtp_dkim *d = smtp_dkim_new("football.example.com", "test");
	char fields[2048];
	const char *field;

	(void)state;
	smtp_dkim_set(d, "min-bits", "1024");
	smtp_dkim_set_key(d, rsa, strlen(rsa), NULL);
	assert_string_equal(smtp_dkim_error(d), "");
	snprintf(fields, sizeof fields, "Received: by x\r\n%sBcc: z\r\n"
	    "List-Id: <l.example>\r\nList-Unsubscribe-Post: a\r\n", header);
	field = plain(make_field(d, fields, INT64_C(4102444800)));
	assert_non_null(strstr(field, "DKIM-Signature:v=1;a=rsa-sha256;"
	    "c=relaxed/relaxed;d=football.example.com;s=test;t=4102444800;"
	    "h=from:to:subject:date:message-id:list-id:list-unsubscribe-post:"
	    "from:to:cc:subject:date:reply-to:message-id:content-type;bh="));
	assert_null(strstr(field, ";l="));
	assert_non_null(strstr(field,
	    "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;"));
	proves("R6376-3.5-1 R6376-3.5-2 R6376-3.5-5 R6376-3.5-6 "
	    "R6376-5.4.1-1 R6376-5.4-2 R8301-3.1-1 R8058-4-1");
	field = plain(make_field(d, fields, 0));
	assert_null(strstr(field, ";t="));
	smtp_dkim_free(d);
}

static void
test_field__takes_fields_from_the_bottom_up(void **state)
{
	struct smtp_dkim *d = smtp_dkim_new("a.example", "s");
	struct signed_with one = { .calls = 0 }, other = { .calls = 0 };
	unsigned char digest[32];
	struct smtp__canon c;
	char *field, *b;

	(void)state;
	smtp_dkim_set_signer(d, "ed25519-sha256", keep_digest, &one);
	smtp_dkim_set(d, "headers", "from:r");
	smtp_dkim_set(d, "oversign", "from");
	assert_string_equal(smtp_dkim_error(d), "");
	field = make_field(d, "R: <A>\r\nFrom: x\r\nR: <B>\r\nR: <C>\r\n", 0);
	b = strstr(field, " b=");
	if (b == NULL)
		b = strstr(field, "\tb=");
	assert_non_null(b);
	b++;
	assert_non_null(strstr(field, "h=r:from:r:r:from;"));
	smtp__canon_begin(&c, true);
	smtp__canon_field(&c, "r:<C>\r\n", 7);
	smtp__canon_field(&c, "from:x\r\n", 8);
	smtp__canon_field(&c, "r:<B>\r\n", 7);
	smtp__canon_field(&c, "r:<A>\r\n", 7);
	smtp__canon_field(&c, field, (size_t)(b + 2 - field));
	assert_int_equal(smtp__canon_end(&c, digest), SMTP_OK);
	assert_int_equal(one.calls, 1);
	assert_memory_equal(one.digest, digest, 32);
	proves("R6376-5.4.2-1 R6376-3.5-3 LIB-P-2 R8463-3-1");

	/* Another one of a name that is signed once more breaks it. */
	smtp_dkim_set_signer(d, "ed25519-sha256", keep_digest, &other);
	make_field(d, "From: y\r\nR: <A>\r\nFrom: x\r\nR: <B>\r\n"
	    "R: <C>\r\n", 0);
	assert_memory_not_equal(one.digest, other.digest, 32);
	smtp_dkim_free(d);
}

#if SMTP_WITH_SODIUM
/* With its own key the field is what it is with a program that has the key. */
static void
test_field__is_signed_with_ed25519(void **state)
{
	struct smtp_dkim *own = smtp_dkim_new("a.example", "s");
	struct smtp_dkim *other = smtp_dkim_new("a.example", "s");
	struct signed_with s = { .calls = 0 };
	unsigned char signature[64];
	const char *field;

	(void)state;
	smtp_dkim_set_signer(other, "ed25519-sha256", keep_digest, &s);
	make_field(other, header, 7);
	assert_int_equal(smtp_dkim_set_key(own, ed25519_key,
	    strlen(ed25519_key), NULL), SMTP_OK);
	assert_int_equal(smtp__ed25519_sign(&own->ed25519, s.digest, 32,
	    signature), SMTP_OK);
	field = plain(make_field(own, header, 7));
	assert_non_null(strstr(field, ";a=ed25519-sha256;"));
	assert_base64(signature, 64, strstr(field, ";b=") + 3);
	smtp_dkim_free(own);
	smtp_dkim_free(other);
}
#endif

/* What is hashed of a header: the fields as they are found by their names. */
static void
test_field__finds_what_it_names(void **state)
{
#define LONG "a123456789b123456789c123456789d123456789e123456789"
	static const struct {
		const char *headers, *oversign, *fields;
		const char *h, *hashed;  /* without folds; relaxed        */
	} rows[] = {
		/* one name is the start of another */
		{ "from:sub:sub-x", "from", "Sub-X: 1\r\nSub: 2\r\nFrom: a\r\n",
		    ";h=sub-x:sub:from:from;",
		    "sub-x:1\r\nsub:2\r\nfrom:a\r\n" },
		/* the same at the end of a line of h=, and behind it */
		{ "from:" LONG "xy", "from", "From: 1\r\n" LONG "xy: 2\r\n"
		    "From: 3\r\n" LONG "xy: 4\r\nFrom: 5\r\n",
		    ";h=from:" LONG "xy:from:" LONG "xy:from:from;",
		    "from:5\r\n" LONG "xy:4\r\nfrom:3\r\n"
		    LONG "xy:2\r\nfrom:1\r\n" },
		/* blanks before a colon; folds; no line end at the end */
		{ "from:b:c", "from", "B \t: 1\r\n 2\r\nC: 3\r\nFrom: a",
		    ";h=b:c:from:from;", "b:1 2\r\nc:3\r\nfrom:a" },
		/* lines that are no fields, and names that are none */
		{ "from", "from", "no field\r\n: x\r\n : y\r\nFrom: a\r\n",
		    ";h=from:from;", "from:a\r\n" },
		{ "from:list-id", "from", "From: a\r\nList-Id: b\r\n"
		    "List-I: c\r\nList-Id2: d\r\n", ";h=from:list-id:from;",
		    "from:a\r\nlist-id:b\r\n" },
		{ NULL, "from", "List-x; l=0; z: 1\r\nList-a b: 2\r\n"
		    "List-" LONG LONG ": 3\r\nList-: 4\r\nList: 5\r\n"
		    "From: a\r\n", ";h=list-:from:from;",
		    "list-:4\r\nfrom:a\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_dkim *d = smtp_dkim_new("a.example", "s");
		struct signed_with one = { .calls = 0 };
		unsigned char digest[32];
		struct smtp__canon c;
		const char *field, *b;

		smtp_dkim_set_signer(d, "ed25519-sha256", keep_digest, &one);
		if (rows[i].headers != NULL)
			smtp_dkim_set(d, "headers", rows[i].headers);
		smtp_dkim_set(d, "oversign", rows[i].oversign);
		assert_string_equal(smtp_dkim_error(d), "");
		field = make_field(d, rows[i].fields, 0);
		if (strstr(plain(field), rows[i].h) == NULL)
			fail_msg("%zu: %s", i, field);
		b = strstr(field, "bh=");
		while (memcmp(b, " b=", 3) != 0 && memcmp(b, "\tb=", 3) != 0)
			b++;
		smtp__canon_begin(&c, false);
		smtp__canon_field(&c, rows[i].hashed, strlen(rows[i].hashed));
		c.relaxed = true;
		smtp__canon_field(&c, field, (size_t)(b + 3 - field));
		assert_int_equal(smtp__canon_end(&c, digest), SMTP_OK);
		if (memcmp(one.digest, digest, 32) != 0)
			fail_msg("%zu: another digest: %s", i, field);
		smtp_dkim_free(d);
	}
}

/* There or not: nobody can add one later. */
static void
test_field__always_signs_from(void **state)
{
	static const struct {
		const char *oversign, *fields, *h;
	} rows[] = {
		{ "subject", "To: a\r\n", ";h=to:subject:from;" },
		{ "subject", "FROM: a\r\n", ";h=from:subject;" },
		{ "from", "To: a\r\n", ";h=to:from;" },
		{ "x", "X: a\r\n", ";h=from;" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_dkim *d = smtp_dkim_new("a.example", "s");
		struct signed_with one = { .calls = 0 };
		const char *field;

		smtp_dkim_set_signer(d, "ed25519-sha256", keep_digest, &one);
		smtp_dkim_set(d, "oversign", rows[i].oversign);
		field = plain(make_field(d, rows[i].fields, 0));
		if (strstr(field, rows[i].h) == NULL)
			fail_msg("%zu: %s", i, field);
		smtp_dkim_free(d);
	}
}

/*
 * What is refused.
 */

static const struct {
	const char *domain, *name, *value, *items;
} refused[] = {
	{ "a b.example", NULL, NULL, "R6376-3.5-4" },
	{ "x.example; l=0", NULL, NULL, "R6376-3.5-4" },
	{ "b\xC3\xBC.example", NULL, NULL, "R6376-3.5-4 R8616-5-1" },
	{ "", NULL, NULL, "R6376-3.5-4" },
	{ "x.example", "identity", "a@other.example", "R6376-3.5-4" },
	{ "x.example", "identity", "a@notx.example", "R6376-3.5-4" },
	{ "x.example", "identity", "a;l=0@x.example", "R6376-3.5-4" },
	{ "x.example", "headers", "to:subject", "R6376-5.4-1" },
	{ "x.example", "headers", "from:bcc", "R6376-5.4.1-1" },
	{ "x.example", "headers", "from:a\r\nb", "R6376-5.4.1-1" },
	{ "x.example", "canonicalization", "relaxed", "R6376-3.5-2" },
	{ "x.example", "min-bits", "512", "R8301-3.2-1" },
	{ "x.example", "algorithm", "rsa-sha1", "R8301-3.1-1" },
	{ "x.example", "expire", "-1", "R6376-3.5-6" },
};

static void
test_set__survives_a_domain_that_was_refused(void **state)
{
	struct smtp_dkim *d = smtp_dkim_new("", "s");

	(void)state;
	assert_int_equal(smtp_dkim_set(d, "identity", "a"), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_dkim_set(d, "identity", "a@"), SMTP_E_ARGUMENT);
	smtp_dkim_free(d);
}

static void
test_set__refuses_what_makes_no_signature(void **state)
{
	struct smtp_dkim *d;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		d = smtp_dkim_new(refused[i].domain, "s");
		if (refused[i].name != NULL)
			assert_int_equal(smtp_dkim_set(d, refused[i].name,
			    refused[i].value), SMTP_E_ARGUMENT);
		assert_int_equal(smtp__dkim_check(d, &why), SMTP_E_ARGUMENT);
		assert_true(strlen(smtp_dkim_error(d)) > 5);
		smtp_dkim_free(d);
		proves(refused[i].items);
	}
	d = smtp_dkim_new("x.example", "s");
	assert_int_equal(smtp__dkim_check(d, &why), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_dkim_set(d, "identity", "@sub.x.example"), 0);
	assert_int_equal(smtp_dkim_set_key(d, rsa, strlen(rsa), NULL), 0);
	assert_int_equal(smtp__dkim_check(d, &why), SMTP_E_ARGUMENT);
	assert_non_null(strstr(why, "bits"));
	smtp_dkim_set(d, "min-bits", "1024");
	assert_int_equal(smtp__dkim_check(d, &why), SMTP_OK);
	proves("R8301-3.2-1");
	assert_int_equal(smtp_dkim_set_key(d, "no key", 6, NULL),
	    SMTP_E_ARGUMENT);
	smtp_dkim_free(d);
}

/* 85 octets. */
#define NAME "a123456789b123456789c123456789d123456789e123456789f123456789" \
	"g123456789h123456789i1234"

/* Each option by itself, and each place where a value is one too many. */
static const struct {
	const char *name, *value;
	int want;
} options[] = {
	{ "canonicalization", "relaxed/relaxed", SMTP_OK },
	{ "canonicalization", "relaxed/simple", SMTP_OK },
	{ "canonicalization", "simple/relaxed", SMTP_OK },
	{ "canonicalization", "simple/simple", SMTP_OK },
	{ "canonicalization", "simple", SMTP_E_ARGUMENT },
	{ "canonicalization", "", SMTP_E_ARGUMENT },
	{ "identity", "a@x.example", SMTP_OK },
	{ "identity", "@x.example", SMTP_OK },
	{ "identity", "a@b.x.example", SMTP_OK },
	{ "identity", "a@X.EXAMPLE", SMTP_OK },
	{ "identity", "a", SMTP_E_ARGUMENT },
	{ "identity", "", SMTP_E_ARGUMENT },
	{ "identity", "a@ax.example", SMTP_E_ARGUMENT },
	{ "identity", "a@.x.example", SMTP_E_ARGUMENT },
	{ "identity", "a@b..x.example", SMTP_E_ARGUMENT },
	{ "identity", "a@example", SMTP_E_ARGUMENT },
	{ "identity", "a b@x.example", SMTP_E_ARGUMENT },
	{ "identity", "a=b@x.example", SMTP_E_ARGUMENT },
	{ "identity", "a;b@x.example", SMTP_E_ARGUMENT },
	{ "headers", "from", SMTP_OK },
	{ "headers", "To:FROM:x-a_b-1", SMTP_OK },
	{ "headers", "from:to:from", SMTP_OK },
	{ "headers", "", SMTP_E_ARGUMENT },
	{ "headers", "from:", SMTP_E_ARGUMENT },
	{ "headers", ":from", SMTP_E_ARGUMENT },
	{ "headers", "from::to", SMTP_E_ARGUMENT },
	{ "headers", "from: to", SMTP_E_ARGUMENT },
	{ "headers", "from;to", SMTP_E_ARGUMENT },
	{ "headers", "fro", SMTP_E_ARGUMENT },
	{ "headers", "from:Return-Path", SMTP_E_ARGUMENT },
	{ "headers", "Received:from", SMTP_E_ARGUMENT },
	{ "headers", "from:DKIM-Signature", SMTP_E_ARGUMENT },
	{ "oversign", "from:to", SMTP_OK },
	{ "oversign", "to:", SMTP_E_ARGUMENT },
	{ "oversign", "", SMTP_E_ARGUMENT },
	{ "oversign", "to:" NAME "5678", SMTP_OK },
	{ "oversign", "to:" NAME "56789", SMTP_E_ARGUMENT },
	{ "headers", NAME "5678:from", SMTP_OK },
	{ "headers", NAME "56789:from", SMTP_E_ARGUMENT },
	{ "expire", "1", SMTP_OK },
	{ "expire", "4294967295", SMTP_OK },
	{ "expire", "4294967296", SMTP_E_ARGUMENT },
	{ "expire", "99999999999999999999999", SMTP_E_ARGUMENT },
	{ "expire", "0", SMTP_E_ARGUMENT },
	{ "expire", "", SMTP_E_ARGUMENT },
	{ "expire", "1h", SMTP_E_ARGUMENT },
	{ "min-bits", "1024", SMTP_OK },
	{ "min-bits", "16384", SMTP_OK },
	{ "min-bits", "1023", SMTP_E_ARGUMENT },
	{ "min-bits", "16385", SMTP_E_ARGUMENT },
	{ "min-bits", "x", SMTP_E_ARGUMENT },
	{ "no-such-option", "1", SMTP_E_ARGUMENT },
	{ NULL, "1", SMTP_E_ARGUMENT },
	{ "expire", NULL, SMTP_E_ARGUMENT },
};

static void
test_set__takes_each_option(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
		int rc = smtp_dkim_set(d, options[i].name, options[i].value);

		if (rc != options[i].want)
			fail_msg("%s=%s: %d", options[i].name,
			    options[i].value, rc);
		assert_int_equal(strcmp(smtp_dkim_error(d), "") == 0,
		    rc == SMTP_OK);
		if (rc != SMTP_OK) {
			char first[200];

			/* It stays the first. */
			(void)snprintf(first, sizeof first, "%s",
			    smtp_dkim_error(d));
			assert_int_equal(smtp_dkim_set(d, "min-bits", "1"),
			    SMTP_E_ARGUMENT);
			assert_string_equal(smtp_dkim_error(d), first);
		}
		smtp_dkim_free(d);
	}
}

static void
test_set__measures_its_texts(void **state)
{
	static const char *const names[] = { "identity", "headers",
		"oversign" };
	static char text[3000];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		bool taken = false, refused_one = false;

		for (size_t n = 20; n < sizeof text - 1; n++) {
			struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
			int rc;

			memset(text, 'a', n);
			for (size_t j = 40; i > 0 && j + 1 < n; j += 40)
				text[j] = ':';
			memcpy(text, "from:", 5);
			if (i == 0) {
				text[4] = 'a';
				memcpy(text + n - 10, "@x.example", 10);
			}
			text[n] = '\0';
			rc = smtp_dkim_set(d, names[i], text);
			taken = taken || rc == SMTP_OK;
			/* Once too long, always too long. */
			assert_true(!refused_one || rc != SMTP_OK);
			refused_one = refused_one || rc != SMTP_OK;
			if (rc != SMTP_OK)
				assert_non_null(strstr(smtp_dkim_error(d),
				    "too long"));
			smtp_dkim_free(d);
			if (refused_one && taken)
				break;
		}
		assert_true(taken && refused_one);
	}
}

static void
test_new__takes_names_alone(void **state)
{
	static const struct {
		const char *domain, *selector;
		bool good;
	} names[] = {
		{ "x.example", "s", true }, { "a-b.example", "s1", true },
		{ "a_b.example", "a.b", true }, { "x", "_s", true },
		{ NULL, "s", false }, { "x.example", NULL, false },
		{ "x.example", "", false }, { ".example", "s", false },
		{ "example.", "s", false }, { "a..b", "s", false },
		{ "-a.example", "s", false }, { "a-.example", "s", false },
		{ "a.-b", "s", false }, { "a.b-", "s", false },
		{ "x.example", "a-", false }, { "x.example", "a/b", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct smtp_dkim *d = smtp_dkim_new(names[i].domain,
		    names[i].selector);

		if ((strcmp(smtp_dkim_error(d), "") == 0) != names[i].good)
			fail_msg("row %zu: %s", i, smtp_dkim_error(d));
		smtp_dkim_free(d);
	}
}

/* What is said of it stands in the field. */
static void
test_field__says_what_was_set(void **state)
{
	static const char *const canons[] = { "relaxed/relaxed",
		"relaxed/simple", "simple/relaxed", "simple/simple" };

	(void)state;
	for (size_t i = 0; i < COUNT(canons); i++) {
		struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
		struct signed_with s = { .calls = 0 };
		char want[100];
		const char *field;

		smtp_dkim_set_signer(d, "ed25519-sha256", keep_digest, &s);
		smtp_dkim_set(d, "canonicalization", canons[i]);
		smtp_dkim_set(d, "identity", "joe@a.x.example");
		smtp_dkim_set(d, "expire", "3600");
		field = plain(make_field(d, header, 1000));
		(void)snprintf(want, sizeof want, "a=ed25519-sha256;c=%s;"
		    "d=x.example;i=joe@a.x.example;s=s;t=1000;x=4600;h=",
		    canons[i]);
		if (strstr(field, want) == NULL)
			fail_msg("%s", field);
		/* Without a clock it cannot say when it ends. */
		field = plain(make_field(d, header, 0));
		assert_null(strstr(field, ";t="));
		assert_null(strstr(field, ";x="));
		assert_int_equal(s.calls, 2);
		smtp_dkim_free(d);
	}
}

static int
sign_nothing(void *ctx, const unsigned char digest[32],
    unsigned char *signature, size_t *n)
{
	(void)ctx, (void)digest, (void)signature, (void)n;
	return -1;
}

static void
test_field__fails_as_a_whole(void **state)
{
	const struct smtp__bytes fields = { header, strlen(header) };
	struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
	static const unsigned char digest[32];
	struct signed_with s = { .calls = 0 };
	size_t cap, enough = 0;

	(void)state;
	smtp_dkim_set_signer(d, "rsa-sha256", keep_digest, &s);
	for (cap = 0; enough == 0; cap++) {
		char *p = malloc(cap + 1);
		struct smtp__out out;
		int rc;

		smtp__out_init(&out, p, cap);
		rc = smtp__dkim_field(d, fields, digest, 1, &out);
		if (rc == SMTP_OK)
			enough = cap;
		else
			assert_int_equal(rc, SMTP_E_MEMORY);
		free(p);
	}
	assert_in_range(enough, 200, 1000);
	smtp_dkim_set_signer(d, "rsa-sha256", sign_nothing, NULL);
	{
		char p[1000];
		struct smtp__out out;

		smtp__out_init(&out, p, sizeof p);
		assert_int_equal(smtp__dkim_field(d, fields, digest, 1, &out),
		    SMTP_E_UNSUPPORTED);
	}
	smtp_dkim_free(d);
}

/* Without one there is none, and every call says so. */
static void
test_set__wants_a_dkim(void **state)
{
	(void)state;
	assert_int_equal(smtp_dkim_set(NULL, "expire", "1"), SMTP_E_MEMORY);
	assert_int_equal(smtp_dkim_set_key(NULL, rsa, strlen(rsa), NULL),
	    SMTP_E_MEMORY);
	assert_int_equal(smtp_dkim_set_key_file(NULL, "x", NULL),
	    SMTP_E_MEMORY);
	assert_int_equal(smtp_dkim_set_signer(NULL, "rsa-sha256",
	    sign_nothing, NULL), SMTP_E_MEMORY);
	assert_int_equal(smtp_dkim_record(NULL, NULL, 0), SMTP_E_UNSUPPORTED);
	assert_string_equal(smtp_dkim_error(NULL), "dkim: out of memory");
	smtp_dkim_free(NULL);
}

static void
test_set__wants_a_signer_that_it_knows(void **state)
{
	static const struct {
		const char *algorithm;
		bool sign;
	} signers[] = {
		{ NULL, true }, { "rsa-sha256", false }, { "rsa-sha1", true },
		{ "", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(signers); i++) {
		struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
		const char *why;

		assert_int_equal(smtp_dkim_set_signer(d,
		    signers[i].algorithm, signers[i].sign ? sign_nothing :
		    NULL, NULL), SMTP_E_ARGUMENT);
		assert_int_equal(smtp__dkim_check(d, &why), SMTP_E_ARGUMENT);
		smtp_dkim_free(d);
	}
}

/* Made for this test; the password is "secret". */
static const char locked[] =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,1FC0D17644E6E70948FA52F3D43470B3\n"
    "\n"
    "JOxNGWsFQNk2IsCrJIhNS9OzGb+31qDe6EzvgnCXS1Phf60vk/kX3imb/UfFV3qu\n"
    "2NoRXlE1UDAAbocy/ZAx2kQrsploX5I178JQ2SercSZDT8J/RPNfpxF3W7/HQZHN\n"
    "TAp2lruKHJTNWZOuKoT7KB9smWEQz7Vj58bVNfZOLdsu+vTHkBUCPpWr2P1YBvV2\n"
    "Z4/3pdyKTUYvnDzxUj+l1nueh06qeNBDkHeiv88fX3QjwRbtuaAJgnJIbB6Fqbbq\n"
    "piJ42ztTFKsnoX/JIcYFqtbVCoE2m4VcyBWiTNnv+0Sve95ZvOBrH20qEhshY092\n"
    "+1LOqsxcln5VYJu6RKNNiTKoWkZiG6m2iJtlWArvfORSmypTjmEWoLHofudDYvLk\n"
    "VEtPsjuCnwkrYbSt93wQCVXerb8SwW796XO0a1qFezWBMn9zhnlvw/yswkklbY5O\n"
    "BbC8NcDCL9IZsytQ1XjsARM1SyTL0R+AmR/wM0Wm6xBMrZZBr+8mkq+evOe6wT5V\n"
    "1rXRWeObLiW/lwte6uUK62QTXIdnytZOlCt4Om5kNaN1IKLXQqA4hRKXVeXrBA+f\n"
    "4eYhAK+V3RPKllFDsbZsncCI7WH2m6trsB1RRs1JyBl8357VAayAxmQPKrNTxrLq\n"
    "DLagIeKBuaxPEY/stUlZQS84wK5JCW0fU/q0DDOFN5CvS9CMe/ulbEjowlzqTYth\n"
    "BNy4mhXuJ4qB2D+WXKIlgR+5kMlCWKEJzyIQkTJ7bjh6RRtoDQsbAcTrFxFuVq5u\n"
    "VRFadywhf/QHfe3KJWbAusMFmaETXtOHXASO8cXImHq6ZioMXx0SzkWfyBE8uyEF\n"
    "-----END RSA PRIVATE KEY-----\n";

/* The same, in PKCS #8. */
static const char wrapped[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIICxTA/BgkqhkiG9w0BBQ0wMjAaBgkqhkiG9w0BBQwwDQQIfLissHaB6FkCAQow\n"
    "FAYIKoZIhvcNAwcECKUfE4ph9gUnBIICgO+zt61olAdlVi2uqPA8LYoxc0EEojBL\n"
    "nwZ7cyE2JGZLbFBlndn5lKw4elnqLvWO2dPdXmPwwHEP5BLJZKrU1NEsihNrauVa\n"
    "n91Szg5QG2Y9zbkwdmWuD/Omp1Wqw5EDfUmjhvaq4RIcdS74W3/BOk3KSTxPe1VX\n"
    "nc/Xx+ypxcM/Gb86L2Y1ZbuUpYbx9LnMfkTZtwRkfB1UUtkJ8Wpt1iz+rhyMe8I8\n"
    "zfjZPoer/OC/Uh6zn+qxOtqhxHIs0BpaSXQbs7nI9k1uvYdnPVXG1RnTDBXykaW9\n"
    "6LHMQC/a+E74ylkezzUKz4l0OeIjUBwxWIV9Jh/vJzRY0C8/uMWVP7ZI0TKwv0Ye\n"
    "x7o7qcl+rPpXOiKpoF3JB9gQHik75DaZaJjganCpazt4avyPExNKSaeysh6jkAb+\n"
    "GeRc4+Ew4ZQ5ORtd1d2bpaXgFK8fvV5hyqBwtmlLlRBHqrxwkfbwQUjiRcxCVQfl\n"
    "JjdAo4LOFRz4mvYoO/Y4huAX4Im1g+cclXAqf1Xg9hSs41+jZpDGt5GAAILKlXbf\n"
    "Owb2g32sqdbkFm551DhYg+9+9+d/pOEmBhoLvjNp/aiu5qdu713xPFBKzMc2N5C+\n"
    "5RdimofYvzy4gB5/v0fWC1XZR4+nhEIUwXbJFSjavyQuVl97mpXREorWC4ICPgkg\n"
    "1chTJkHyBYUm1kYQXjB/E8bGfi8l0JsGMTqEge99O935qfVIMC9gUSW0bvXhp8iL\n"
    "Hmnlg4O+Z2HUI6Zw0D3a3zoVr+rlsu91VNDWhuUDAq8yeN3nXIqZWhnLRvG5dMo5\n"
    "Xyz7iHLVgFp9nbq7AcJMWTPloTqGGAlVDju9zAD77/DnsVrMP+Qr0to=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

/* No RSA. */
static const char elliptic[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghAZ41A2AH4h7kNV/\n"
    "WsBw+UdBkC+IeBJ1l1rIp/due+6hRANCAASgY4317Zm3rUYlJloHi6F05lIcbNlx\n"
    "r7SlcVKQ6rqjt5Md/HU7/UxAFOHgbCi1PcGsdTGIWu+qz9NrfawcBsCR\n"
    "-----END PRIVATE KEY-----\n";

static void
test_key__is_unlocked_by_its_password(void **state)
{
	static const char *const passwords[] = { NULL, "", "Secret", "secret" };
	static const char *const keys[] = { locked, wrapped };

	(void)state;
	for (size_t i = 0; i < COUNT(keys) * COUNT(passwords); i++) {
		struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
		const char *key = keys[i / COUNT(passwords)];
		int want = i % COUNT(passwords) == 3 ? SMTP_OK :
		    SMTP_E_ARGUMENT;

		assert_int_equal(smtp_dkim_set_key(d, key, strlen(key),
		    passwords[i % COUNT(passwords)]), want);
		smtp_dkim_free(d);
	}
}

static void
test_key__is_of_a_kind_that_signs(void **state)
{
	static const char *const none[] = { "", "-----BEGIN PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n", elliptic };
	struct smtp__key *key;
	unsigned char digest[32] = { 0 }, signature[SMTP__SIGNATURE_MAX];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(smtp__key_new(&key, none[i], strlen(none[i]),
		    NULL), SMTP_E_ARGUMENT);
	/* A signature has a length, and nothing is written beyond its room. */
	assert_int_equal(smtp__key_new(&key, rsa, strlen(rsa), "unneeded"),
	    SMTP_OK);
	assert_int_equal(smtp__key_bits(key), 1024);
	n = 127;
	assert_int_equal(smtp__key_sign(key, digest, signature, &n),
	    SMTP_E_UNSUPPORTED);
	n = 128;
	assert_int_equal(smtp__key_sign(key, digest, signature, &n), SMTP_OK);
	assert_int_equal(n, 128);
	assert_int_equal(smtp__key_public(key, signature, 10), 0);
	smtp__key_free(key);
	smtp__key_free(NULL);
}

/* In PEM blanks and line ends may be anywhere; all else is none of it. */
static void
test_key__of_ed25519_is_read_strictly(void **state)
{
	static const struct {
		const char *pem;
		bool is;
	} keys[] = {
#define BEGIN "-----BEGIN PRIVATE KEY-----"
#define SEED "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"
		{ BEGIN "\n" SEED "\n-----END PRIVATE KEY-----\n", true },
		{ BEGIN "\r\n" SEED "\r\n-----END", true },
		{ "text\n" BEGIN " " SEED, true },
		{ BEGIN "\n" SEED "A\n-----END", true },
		{ "-----BEGIN PUBLIC KEY-----\n" SEED, false },
		{ BEGIN "\nMC4-" SEED, false },
		{ BEGIN "\nNC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVp"
		    "ezJpGXA7rAMcrn9g\n", false },
		{ BEGIN "\n!C4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVp"
		    "ezJpGXA7rAMcrn9g\n", false },
		{ BEGIN "\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v", false },
		{ BEGIN, false }, { "-----BEGIN PRIVATE KEY----", false },
		{ "", false },
	};
	const int good = SMTP_WITH_SODIUM ? SMTP_OK : SMTP_E_UNSUPPORTED;

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct smtp__ed25519 key;
		size_t n = strlen(keys[i].pem);
		char *exact = malloc(n + (n == 0));

		memcpy(exact, keys[i].pem, n);
		if (smtp__ed25519_read(&key, exact, n) !=
		    (keys[i].is ? good : SMTP_E_ARGUMENT))
			fail_msg("row %zu", i);
		free(exact);
	}
}

/* The key from a file: the same as from memory, and what is none. */
static void
test_key__comes_from_a_file(void **state)
{
	char name[] = "/tmp/test-dkim-XXXXXX", text[4096], other[4096];
	int fd = mkstemp(name);
	FILE *file = fdopen(fd, "w");
	struct smtp_dkim *d = smtp_dkim_new("x.example", "s");

	(void)state;
	assert_non_null(file);
	assert_true(fputs(rsa, file) >= 0 && fflush(file) == 0);
	assert_int_equal(smtp_dkim_set_key_file(d, name, NULL), SMTP_OK);
	assert_int_equal(smtp_dkim_record(d, text, sizeof text), SMTP_OK);
	assert_int_equal(smtp_dkim_set_key(d, rsa, strlen(rsa), NULL),
	    SMTP_OK);
	assert_int_equal(smtp_dkim_record(d, other, sizeof other), SMTP_OK);
	assert_string_equal(text, other);
	/* Larger than any key is: it is not read to its end. */
	for (size_t i = 0; i < 200000; i++)
		assert_true(fputc('\n', file) != EOF);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(smtp_dkim_set_key_file(d, name, NULL),
	    SMTP_E_SOURCE);
	assert_string_equal(smtp_dkim_error(d),
	    "dkim key file: cannot be read, or is no key");
	smtp_dkim_free(d);
	assert_int_equal(remove(name), 0);
	/* A folder opens on many systems, and cannot be read. */
	for (int i = 0; i < 3; i++) {
		const char *const paths[] = { name, NULL, "." };

		d = smtp_dkim_new("x.example", "s");
		assert_int_equal(smtp_dkim_set_key_file(d, paths[i], NULL),
		    SMTP_E_SOURCE);
		if (i < 2)
			assert_string_equal(smtp_dkim_error(d),
			    "dkim key file: cannot be opened");
		smtp_dkim_free(d);
	}
}

static void
test_record__is_that_of_the_rfc(void **state)
{
	static const char want[] = "v=DKIM1; k=rsa; p="
	    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id"
	    "Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ"
	    "/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2Ee"
	    "C3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";
	struct smtp_dkim *d = smtp_dkim_new("football.example.com", "test");
	struct signed_with s = { .calls = 0 };
	char text[4096], *exact = malloc(sizeof want);

	(void)state;
	assert_int_equal(smtp_dkim_record(d, text, sizeof text),
	    SMTP_E_UNSUPPORTED);
	smtp_dkim_set_key(d, rsa, strlen(rsa), NULL);
	assert_int_equal(smtp_dkim_record(d, text, sizeof text), SMTP_OK);
	assert_string_equal(text, want);
	assert_int_equal(smtp_dkim_record(d, exact, sizeof want), SMTP_OK);
	assert_string_equal(exact, want);
	assert_int_equal(smtp_dkim_record(d, exact, sizeof want - 1),
	    SMTP_E_SPACE);
	assert_int_equal(smtp_dkim_record(d, exact, 0), SMTP_E_SPACE);
	proves("LIB-P-3");
	smtp_dkim_set_signer(d, "rsa-sha256", keep_digest, &s);
	assert_int_equal(smtp_dkim_record(d, text, sizeof text),
	    SMTP_E_UNSUPPORTED);
	free(exact);
	smtp_dkim_free(d);
}

/*
 * Messages.
 */

static ptrdiff_t
read_once(void *ctx, void *p, size_t n)
{
	size_t *left = ctx;

	n = n < *left ? n : *left;
	memset(p, 'x', n);
	*left -= n;
	return (ptrdiff_t)n;
}

static struct smtp_message *
make_message(void)
{
	struct smtp_message *m = smtp_message_new();

	smtp_message_set_from(m, "J\xC3\xB6rg <joe@football.example.com>");
	smtp_message_add_to(m, "suzie@shopping.example.net");
	smtp_message_set_subject(m, "Dinner \xE2\x82\xAC");
	smtp_message_set_text(m, ".\nGr\xC3\xBC\xC3\x9F" "e\n");
	return m;
}

static size_t
read_all(struct smtp__signed *g, struct smtp_message *m, unsigned offers,
    char *p, size_t room, size_t step)
{
	struct smtp__content content;
	size_t n = 0;
	ptrdiff_t k;

	assert_int_equal(smtp__signed_plan(g, m, offers, 1528637909,
	    &content), SMTP_OK);
	assert_int_equal(content.needs & SMTP__CONTENT_8BIT, 0);
	while ((k = smtp__signed_read(g, m, p + n, step)) > 0) {
		n += (size_t)k;
		assert_true(n + step <= room);
	}
	assert_int_equal(k, 0);
	assert_true(content.size_known);
	assert_int_equal(content.size, n);
	return n;
}

static void
test_signed__is_one_octet_for_octet_and_on_top(void **state)
{
	static char one[16384], again[16384];
	struct smtp_allocator heap = smtp__store_default();
	struct smtp_dkim *rsa_key = smtp_dkim_new("football.example.com", "r");
	struct smtp_dkim *other = smtp_dkim_new("football.example.com", "e");
	struct signed_with s = { .calls = 0 };
	struct smtp_message *m = make_message();
	struct smtp__moment moment = { .has_clock = true,
		.seconds = 1528637909, .has_random = true };
	struct smtp__signed g;
	size_t n;

	(void)state;
	smtp_dkim_set(rsa_key, "min-bits", "1024");
	smtp_dkim_set_key(rsa_key, rsa, strlen(rsa), NULL);
	smtp_dkim_set_signer(other, "ed25519-sha256", keep_digest, &s);
	smtp_message_add_dkim(m, rsa_key);
	smtp_message_add_dkim(m, other);
	smtp__signed_init(&g, &heap);
	assert_int_equal(smtp__message_prepare(m, &moment), SMTP_OK);
	n = read_all(&g, m, SMTP__CONTENT_8BIT, one, sizeof one, 1000);
	assert_memory_equal(one, "DKIM-Signature: v=1; a=rsa-sha256", 33);
	assert_non_null(strstr(one, "\r\nDKIM-Signature: v=1; a=ed25519"));
	assert_null(strstr(strstr(one, "b="), "h=dkim"));
	assert_true(strstr(one, "\r\nFrom:") > strstr(one, "a=ed25519"));
	for (size_t i = 0; i < n; i++)
		assert_true((unsigned char)one[i] < 128);
	assert_int_equal(read_all(&g, m, 0, again, sizeof again, 1), n);
	assert_memory_equal(one, again, n);
	assert_int_equal(s.calls, 1);
	proves("R6376-5.3-1 R6376-5.6-1 R8463-6-1 R6376-3.5-7 R6376-3.7-2");
	smtp__signed_free(&g);
	smtp_message_free(m);
	smtp_dkim_free(rsa_key);
	smtp_dkim_free(other);
}

/* What begins with its body, or has no field, is signed as it is. */
static void
test_signed__finds_the_body_of_odd_mail(void **state)
{
	static const char *const raws[] = { "\nbody\n", "\r\nbody\r\n",
		"a\n\nbody\n", "a:\n\nbody\n", ":\n\nbody\n" };
	struct smtp_allocator heap = smtp__store_default();

	(void)state;
	for (size_t i = 0; i < COUNT(raws); i++) {
		struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
		struct signed_with with = { .calls = 0 };
		struct smtp_message *m = smtp_message_new();
		struct smtp__moment moment = { .has_random = true };
		struct smtp__signed g;
		char text[2048];
		size_t n;

		smtp_dkim_set_signer(d, "ed25519-sha256", keep_digest, &with);
		(void)smtp_message_set_raw(m, smtp_source_memory(raws[i],
		    strlen(raws[i])));
		(void)smtp_message_add_recipient(m, "b@x.example");
		(void)smtp_message_set_envelope_from(m, "a@x.example");
		smtp_message_add_dkim(m, d);
		smtp__signed_init(&g, &heap);
		assert_int_equal(smtp__message_prepare(m, &moment), SMTP_OK);
		n = read_all(&g, m, 0, text, sizeof text - 1, 100);
		text[n] = '\0';
		/* SHA-256 of "body" and a line end */
		assert_non_null(strstr(text,
		    "bh=Ck5SoRNWUpSR4X0COv7R5ub2pUTtl6xz4dTFz++ji4M="));
		assert_non_null(strstr(text, "\r\n\r\nbody\r\n"));
		smtp__signed_free(&g);
		smtp_message_free(m);
		smtp_dkim_free(d);
	}
}

/* Octets that are left, and none behind. */
static void *
scarce(void *ctx, void *p, size_t was, size_t now)
{
	long *left = ctx;

	(void)was;
	if (now == 0) {
		free(p);
		return NULL;
	}
	if (*left == 0)
		return NULL;
	*left -= *left > 0;
	return realloc(p, now);
}

/* Memory is not a key that cannot sign, nor a header that is too long. */
static void
test_signed__tells_that_memory_ended(void **state)
{
	int rc = SMTP_E_MEMORY;

	(void)state;
	for (long n = 0; rc != SMTP_OK; n++) {
		struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
		struct signed_with with = { .calls = 0 };
		struct smtp_message *m = make_message();
		struct smtp__moment moment = { .has_random = true };
		long left = n;
		const struct smtp_allocator heap = { scarce, &left };
		struct smtp__content content;
		struct smtp__signed g;

		assert_true(n < 20);
		smtp_dkim_set_signer(d, "ed25519-sha256", keep_digest, &with);
		smtp_message_add_dkim(m, d);
		assert_int_equal(smtp__message_prepare(m, &moment), SMTP_OK);
		smtp__signed_init(&g, &heap);
		rc = smtp__signed_plan(&g, m, 0, 0, &content);
		assert_true(rc == SMTP_OK || rc == SMTP_E_MEMORY);
		assert_string_equal(smtp_message_error(m), rc == SMTP_OK ?
		    "" : "dkim: no memory");
		assert_true(n > 1 || rc == SMTP_E_MEMORY);
		smtp__signed_free(&g);
		smtp_message_free(m);
		smtp_dkim_free(d);
	}
}

/* What is not ready to be sent is not written either. */
static void
test_signed__is_of_a_whole_message(void **state)
{
	struct smtp_dkim *d = smtp_dkim_new("x.example", "s");
	struct signed_with with = { .calls = 0 };
	struct smtp_message *m = smtp_message_new();
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	smtp_dkim_set_signer(d, "ed25519-sha256", keep_digest, &with);
	smtp_message_add_dkim(m, d);
	smtp_message_set_text(m, "nobody wrote it\n");
	assert_int_equal(smtp_message_write(m, file, 0), SMTP_E_ARGUMENT);
	assert_int_equal(ftell(file), 0);
	assert_int_equal(with.calls, 0);
	(void)fclose(file);
	smtp_message_free(m);
	smtp_dkim_free(d);
}

static int
sign_later(void *ctx, const unsigned char digest[32],
    unsigned char *signature, size_t *n)
{
	int *calls = ctx;

	memcpy(signature, digest, 32);
	*n = 32;
	return (*calls)++ == 0 ? -1 : 0;
}

/* What failed once is not kept as an error of the message. */
static void
test_signed__may_do_better_the_next_time(void **state)
{
	struct smtp_dkim *d = smtp_dkim_new("football.example.com", "r");
	struct smtp_message *m = make_message();
	FILE *full = fopen("/dev/full", "w"), *file = tmpfile();
	int calls = 0;

	(void)state;
	assert_non_null(file);
	smtp_dkim_set_signer(d, "rsa-sha256", sign_later, &calls);
	smtp_message_add_dkim(m, d);
	assert_int_equal(smtp_message_write(m, file, 0),
	    SMTP_E_UNSUPPORTED);
	assert_non_null(strstr(smtp_message_error(m), "could not sign"));
	if (full != NULL) {
		setbuf(full, NULL);
		assert_int_equal(smtp_message_write(m, full, 0),
		    SMTP_E_SOURCE);
		(void)fclose(full);
	}
	assert_int_equal(smtp_message_write(m, file, 0), SMTP_OK);
	assert_string_equal(smtp_message_error(m), "");
	assert_true(ftell(file) > 0);
	assert_int_equal(fclose(file), 0);
	smtp_message_free(m);
	smtp_dkim_free(d);
}

static void
test_signed__refuses_what_cannot_be_read_twice(void **state)
{
	struct smtp_allocator heap = smtp__store_default();
	struct smtp_dkim *d = smtp_dkim_new("football.example.com", "r");
	struct smtp_message *m = make_message();
	struct smtp__moment moment = { .has_random = true };
	struct signed_with s = { .calls = 0 };
	struct smtp__content content;
	struct smtp__signed g;
	size_t left = 10;

	(void)state;
	smtp_dkim_set_signer(d, "ed25519-sha256", keep_digest, &s);
	smtp_message_attach(m, smtp_source_callback(read_once, NULL, NULL,
	    &left, 10), NULL, "a.bin");
	smtp_message_add_dkim(m, d);
	smtp__signed_init(&g, &heap);
	assert_int_equal(smtp__message_prepare(m, &moment), SMTP_OK);
	assert_int_equal(smtp__signed_plan(&g, m, 0, 0, &content),
	    SMTP_E_UNSUPPORTED);
	assert_non_null(strstr(smtp_message_error(m), "signed"));
	assert_int_equal(s.calls, 0);
	assert_int_equal(left, 10);
	proves("LIB-P-1");
	smtp__signed_free(&g);
	smtp_message_free(m);
	smtp_dkim_free(d);
}

#if STARVE
/* A key, its record and a signature; each may be the one without memory. */
static int
sign_with(const char *pem, const char *password, const char *file,
    struct smtp_dkim **made)
{
	struct smtp_dkim *d = *made = smtp_dkim_new("x.example", "s");
	unsigned char digest[32] = { 1 }, signature[SMTP__SIGNATURE_MAX];
	size_t n = sizeof signature;
	char text[4096];
	int rc;

	if (d == NULL)
		return SMTP_E_MEMORY;
	rc = file != NULL ? smtp_dkim_set_key_file(d, file, password) :
	    smtp_dkim_set_key(d, pem, strlen(pem), password);
	if (rc == SMTP_OK)
		rc = smtp_dkim_record(d, text, sizeof text);
	return rc != SMTP_OK ? rc : smtp__key_sign(d->key, digest, signature,
	    &n);
}

static void
test_key__tells_that_memory_ended(void **state)
{
	char name[] = "/tmp/test-dkim-XXXXXX";
	FILE *file = fdopen(mkstemp(name), "w");
	const struct {
		const char *pem, *password, *file;
	} keys[] = {
		{ rsa, NULL, NULL }, { locked, "secret", NULL },
		{ wrapped, "secret", NULL }, { rsa, NULL, name },
	};
	unsigned told = 0, all = 0;
	bool hit = true;

	(void)state;
	assert_non_null(file);
	assert_true(fputs(rsa, file) >= 0);
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < COUNT(keys); i++, hit = true)
		for (long n = 0; hit; n++) {
			long before = starve_live();
			struct smtp_dkim *d;
			int rc;

			starve_at(n);
			rc = sign_with(keys[i].pem, keys[i].password,
			    keys[i].file, &d);
			starve_pause();
			hit = starve_hit();
			told += rc == SMTP_E_MEMORY;
			/*
			 * mbedTLS 2.28 calls some a malformed key, one a
			 * signature that is wrong, or can do without; libc
			 * calls some a file that cannot be opened.
			 */
			if (rc != SMTP_OK && !hit)
				fail_msg("key %zu, %ld: %d %s", i, n, rc,
				    smtp_dkim_error(d));
			all += hit;
			smtp_dkim_free(d);
			assert_int_equal(starve_live(), before);
		}
	assert_in_range(told, all / 2, all - 1);
	assert_int_equal(remove(name), 0);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signed__is_of_a_whole_message),
		cmocka_unit_test(test_signed__tells_that_memory_ended),
		cmocka_unit_test(test_signed__finds_the_body_of_odd_mail),
		cmocka_unit_test(
		    test_canon__body_is_that_of_the_rfc_however_it_is_cut),
		cmocka_unit_test(test_canon__header_is_relaxed_or_as_it_was),
		cmocka_unit_test(
	    test_sign__rsa_and_the_digest_for_ed25519_are_those_of_the_rfc),
		cmocka_unit_test(test_sign__ed25519_is_that_of_the_rfc),
		cmocka_unit_test(
		    test_field__has_the_tags_and_names_of_the_rfc),
		cmocka_unit_test(test_field__takes_fields_from_the_bottom_up),
#if SMTP_WITH_SODIUM
		cmocka_unit_test(test_field__is_signed_with_ed25519),
#endif
		cmocka_unit_test(test_field__finds_what_it_names),
		cmocka_unit_test(test_field__always_signs_from),
		cmocka_unit_test(
		    test_set__survives_a_domain_that_was_refused),
		cmocka_unit_test(test_set__refuses_what_makes_no_signature),
		cmocka_unit_test(test_set__takes_each_option),
		cmocka_unit_test(test_set__measures_its_texts),
		cmocka_unit_test(test_new__takes_names_alone),
		cmocka_unit_test(test_field__says_what_was_set),
		cmocka_unit_test(test_field__fails_as_a_whole),
		cmocka_unit_test(test_set__wants_a_dkim),
		cmocka_unit_test(test_set__wants_a_signer_that_it_knows),
		cmocka_unit_test(test_key__is_unlocked_by_its_password),
		cmocka_unit_test(test_key__is_of_a_kind_that_signs),
		cmocka_unit_test(test_key__of_ed25519_is_read_strictly),
		cmocka_unit_test(test_key__comes_from_a_file),
		cmocka_unit_test(test_record__is_that_of_the_rfc),
		cmocka_unit_test(
		    test_signed__is_one_octet_for_octet_and_on_top),
		cmocka_unit_test(
		    test_signed__refuses_what_cannot_be_read_twice),
		cmocka_unit_test(test_signed__may_do_better_the_next_time),
	};

	int failed = cmocka_run_group_tests_name("dkim", tests, NULL, NULL);

#if STARVE
	const struct CMUnitTest starved[] = {
		cmocka_unit_test(test_key__tells_that_memory_ended),
	};

	if (starve_works())
		failed += cmocka_run_group_tests(starved, NULL, NULL);
#endif
	return failed;
}
#endif
