/* SPDX-License-Identifier: MIT */
/*
 * Where a server can guess at a secret and measure how long that took, each
 * wrong guess takes the same number of instructions.
 */
#include "check.h"

#include "crypto/hash.h"
#include "sasl/scram.h"
#include "secret.h"
#include "support/count.h"

/* This is not so, which shows that a difference would be seen. */
struct pair {
	const char *a, *b;
	size_t n;
	volatile int differs;
};

static void
by_octets(void *ctx)
{
	struct pair *pair = ctx;
	size_t i = 0;

	while (i < pair->n && pair->a[i] == pair->b[i])
		i++;
	pair->differs = i < pair->n;
}

static void
by_all(void *ctx)
{
	struct pair *pair = ctx;

	pair->differs = !smtp__equal_constant_time(pair->a, pair->b, pair->n);
}

#if COUNT_STEPS
static void
test_constant_time__a_difference_would_be_seen(void **state)
{
	struct pair early = { "xbcdefgh", "abcdefgh", 8, 0 };
	struct pair late = { "abcdefgx", "abcdefgh", 8, 0 };

	(void)state;
	assert_true(count_steps(by_octets, &early) <
	    count_steps(by_octets, &late));
}
#endif

static void
test_constant_time__equal_looks_at_all(void **state)
{
	struct pair early = { "xbcdefgh", "abcdefgh", 8, 0 };
	struct pair late = { "abcdefgx", "abcdefgh", 8, 0 };
	struct pair none = { "abcdefgh", "abcdefgh", 8, 0 };
	unsigned long n = count_steps(by_all, &none);

	(void)state;
	assert_int_equal(count_steps(by_all, &early), n);
	assert_int_equal(count_steps(by_all, &late), n);
}

#if SMTP_WITH_SCRAM && SMTP_WITH_HASH && SMTP_WITH_FAST
/*
 * The server's last message of SCRAM: RFC 7677 section 3, with one octet of
 * the signature wrong. Where base64 is small, and not fast, a digit takes a
 * time of its own, which says nothing but what the server said itself.
 */
#define NONCE "rOprNGfwEbeRWgbNEkqO"

struct judged {
	struct smtp__scram scram;
	char said[64];
	volatile int rc;
};

static void
judge(void *ctx)
{
	struct judged *judged = ctx;
	struct smtp__scram scram = judged->scram;
	struct smtp__response response;

	judged->rc = smtp__scrams[3].step(&scram, judged->said,
	    strlen(judged->said), &response);
}

/* Of its kind: to decode base64 takes a time of its own for each kind. */
static char
another(char c)
{
	return c == 'Z' || c == 'z' || c == '9' ? (char)(c - 1) :
	    (char)(c + 1);
}

static void
test_constant_time__signature_of_scram(void **state)
{
	static const char first[] = "r=" NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF"
	    "$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
	static const char last[] =
	    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
	struct smtp__stepped_given given = {
		.user = "user", .password = "pencil", .iterations_max = 4096
	};
	struct smtp__response response;
	struct judged *judged = calloc(1, sizeof *judged);
	unsigned long want = 0;
	int rc;

	(void)state;
	assert_non_null(judged);
	assert_int_equal(smtp__scram_begin(&judged->scram, SMTP__SHA256,
	    &given, NONCE), SMTP_OK);
	assert_int_equal(smtp__scrams[3].step(&judged->scram, NULL, 0,
	    &response), SMTP_OK);
	rc = smtp__scrams[3].step(&judged->scram, first, strlen(first),
	    &response);
	while (rc > 0)
		rc = smtp__scrams[3].step(&judged->scram, NULL, 0, &response);
	assert_int_equal(rc, SMTP_OK);
	memcpy(judged->said, last, sizeof last);
	judge(judged);
	assert_int_equal(judged->rc, SMTP_OK);
	/* Not the last character, which has less than six bits. */
	for (size_t i = 2; i < sizeof last - 3; i += 5) {
		unsigned long n;

		if (last[i] == '+' || last[i] == '/')
			continue;
		memcpy(judged->said, last, sizeof last);
		judged->said[i] = another(last[i]);
		n = count_steps(judge, judged);
		assert_int_equal(judged->rc, SMTP_E_AUTH);
		want = want == 0 ? n : want;
		if (n != want)
			fail_msg("wrong at %zu: %lu instructions, not %lu", i,
			    n, want);
	}
	smtp__scrams[3].end(&judged->scram);
	free(judged);
}
#else
CASE_LEFT_OUT(test_constant_time__signature_of_scram,
    "SMTP_WITH_SCRAM && SMTP_WITH_HASH && SMTP_WITH_FAST")
#endif

/* Words of a server, which are searched for the secret before they are kept. */
struct said {
	char words[80];
	size_t n;
	const char *secret;
};

static void
look(void *ctx)
{
	struct said *said = ctx;
	char words[80];

	memcpy(words, said->words, said->n);
	smtp__secret_hide(words, said->n, said->secret, false);
}

/* Guesses one beside the other, of which more or less is right. */
static void
guess(struct said *said, const char *right, size_t n)
{
	said->n = 0;
	while (said->n + 20 < sizeof said->words) {
		memset(said->words + said->n, '-', 20);
		memcpy(said->words + said->n, right, n);
		said->n += 20;
	}
}

static void
test_constant_time__words_with_the_secret_in_part(void **state)
{
	static const struct { const char *name, *secret, *shown; } rows[] = {
		{ "as it is", "tr0ub4dor&3", "tr0ub4dor&3" },
		{ "escaped", "p\xC3\xA4sswort12", "p\\xC3\\xA4sswort12" },
		{ "in base64", "tr0ub4dor&3", "dHIwdWI0ZG9yJj" },
		{ "behind one octet", "tr0ub4dor&3", "RyMHViNGRvciYz" },
		{ "behind two", "tr0ub4dor&3", "0cjB1YjRkb3ImM" },
		{ "short", "pw1", "pw1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct said said = { .secret = rows[i].secret };
		size_t most = strlen(rows[i].shown) - 1;
		unsigned long want;
		char words[24] = "";

		memcpy(words, rows[i].shown, most + 1);
		smtp__secret_hide(words, most + 1, rows[i].secret, false);
		assert_int_equal(strspn(words, "*"), most + 1);
		guess(&said, "", 0);
		want = count_steps(look, &said);
		for (size_t k = 1; k <= (most < 7 ? most : 7); k += 3) {
			unsigned long n;

			guess(&said, rows[i].shown, k);
			n = count_steps(look, &said);
			if (n != want)
				fail_msg("%s: %lu instructions where %zu octets"
				    " are right, not %lu", rows[i].name, n, k,
				    want);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#if COUNT_STEPS
		cmocka_unit_test(
		    test_constant_time__a_difference_would_be_seen),
#endif
		cmocka_unit_test(test_constant_time__equal_looks_at_all),
		cmocka_unit_test(test_constant_time__signature_of_scram),
		cmocka_unit_test(
		    test_constant_time__words_with_the_secret_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
