/* SPDX-License-Identifier: MIT */
/*
 * Mechanisms of a program's own (smtp/sasl.h) in sessions, and NTLM where it
 * is built: what is said, when, and how it ends.
 */
#include "check.h"

#include <smtp/sasl.h>

#include "support/session.h"

#define OFFER(mechanisms) "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250-AUTH " \
	mechanisms "\nS: 250 ENHANCEDSTATUSCODES\n"
#define BYE "C: QUIT\nS: 221 bye\nEOF\n"

/* ---- a mechanism that says what it was told, word by word */

struct play {
	const char *says;        /* words with "|" between; "!" fails,    */
				 /* "!!" without a word                   */
	int begins;              /* what begin returns                    */
	unsigned calls, ends;
	char given[200];
	char heard[100];         /* the challenges, each with a "|"       */
	char said[64];
};

static int
begin(void *ctx, const struct smtp_sasl_given *given, void **state)
{
	struct play *p = ctx;

	(void)snprintf(p->given, sizeof p->given, "%s %s %s %s %s %s %d",
	    given->host, given->service, given->user ? given->user : "-",
	    given->password ? given->password : "-",
	    given->token ? given->token : "-",
	    given->authzid ? given->authzid : "-", given->secure);
	assert_null(*state);
	*state = p;
	return p->begins;
}

static int
step(void *state, const void *challenge, size_t n,
    struct smtp_sasl_response *response)
{
	struct play *p = state;
	size_t k = strcspn(p->says, "|"), used = strlen(p->heard);

	assert_null(response->p);
	assert_int_equal(response->n + (size_t)response->last, 0);
	(void)snprintf(p->heard + used, sizeof p->heard - used, "%.*s|",
	    challenge == NULL ? 4 : (int)n,
	    challenge == NULL ? "NULL" : (const char *)challenge);
	p->calls++;
	if (*p->says == '!') {
		response->why = p->says[1] == '!' ? NULL :
		    "it does not like that";
		return SMTP_E_AUTH;
	}
	memcpy(p->said, p->says, k);
	response->p = k == 0 ? NULL : p->said;
	response->n = k;
	p->says += k;
	response->last = *p->says == '\0';
	p->says += *p->says == '|';
	return SMTP_OK;
}

static void
end(void *state)
{
	struct play *p = state;

	memset(p->said, 'x', sizeof p->said);
	p->ends++;
}

enum how { NAMED, BY_PASSWORD, BY_TOKEN };

static const struct {
	const char *name, *script, *url, *mechanism, *option;
	unsigned flags;
	enum how how;
	const char *says, *given, *heard;
	int want;
	const char *error;
} rows[] = {
	{ "it speaks first",
	    OFFER("PLAIN X-OWN") "C: AUTH X-OWN b25l\nS: 334 aGk=\n"
	    "C: dHdv\nS: 235 ok\n" BYE, "smtps", "X-OWN", NULL,
	    SMTP_SASL_FIRST, NAMED, "one|two",
	    "localhost smtp me - - - 1", "NULL|hi|", SMTP_OK, "" },
	{ "the server speaks first",
	    OFFER("X-OWN") "C: AUTH X-OWN\nS: 334 aGk=\nC: b25l\nS: 334 \n"
	    "C: dHdv\nS: 235 ok\n" BYE, "smtps", "X-OWN", NULL,
	    0, NAMED, "one|two", "localhost smtp me - - - 1", "hi||",
	    SMTP_OK, "" },
	{ "nothing to say, first and later",
	    OFFER("X-OWN") "C: AUTH X-OWN =\nS: 334 \nC: \nS: 235 ok\n" BYE,
	    "smtps", "X-OWN", NULL, SMTP_SASL_FIRST, NAMED, "|",
	    "localhost smtp me - - - 1", "NULL||", SMTP_OK, "" },
	{ "nothing to say, and satisfied",
	    OFFER("X-OWN") "C: AUTH X-OWN =\nS: 235 ok\n" BYE,
	    "smtps", "X-OWN", NULL, SMTP_SASL_FIRST, NAMED, "",
	    "localhost smtp me - - - 1", "NULL|", SMTP_OK, "" },
	{ "it takes a password, and comes before ours",
	    OFFER("PLAIN X-OWN") "C: AUTH X-OWN b25l\nS: 235 ok\n" BYE,
	    "smtps", "X-OWN", NULL, SMTP_SASL_FIRST | SMTP_SASL_PASSWORD,
	    BY_PASSWORD, "one", "localhost smtp user secret - - 1", "NULL|",
	    SMTP_OK, "" },
	{ "it takes a token",
	    OFFER("XOAUTH2 X-OWN") "C: AUTH X-OWN b25l\nS: 235 ok\n" BYE,
	    "smtps", "X-OWN", NULL, SMTP_SASL_FIRST | SMTP_SASL_TOKEN,
	    BY_TOKEN, "one", "localhost smtp user - secret - 1", "NULL|",
	    SMTP_OK, "" },
	{ "a password is not for one that takes none",
	    OFFER("X-OWN") BYE, "smtps", "X-OWN", NULL,
	    SMTP_SASL_FIRST | SMTP_SASL_TOKEN, BY_PASSWORD, "one", "", "",
	    SMTP_E_AUTH, NULL },
	{ "the option names another",
	    OFFER("PLAIN X-OWN") "C: AUTH PLAIN *\nS: 535 5.7.8 no\n" BYE,
	    "smtps", "X-OWN", "PLAIN", SMTP_SASL_FIRST | SMTP_SASL_PASSWORD,
	    BY_PASSWORD, "one", "", "", SMTP_E_AUTH, NULL },
	{ "in the place of ours",
	    OFFER("PLAIN") "C: AUTH PLAIN b25l\nS: 504 5.5.4 no\n" BYE,
	    "smtps", "PLAIN", NULL, SMTP_SASL_FIRST | SMTP_SASL_PASSWORD,
	    BY_PASSWORD, "one", "localhost smtp user secret - - 1", "NULL|",
	    SMTP_E_AUTH, NULL },
	{ "504: the next one",
	    OFFER("PLAIN X-OWN") "C: AUTH X-OWN b25l\nS: 504 5.5.4 no\n"
	    "C: AUTH PLAIN AHVzZXIAc2VjcmV0\nS: 235 ok\n" BYE, "smtps",
	    "X-OWN", NULL, SMTP_SASL_FIRST | SMTP_SASL_PASSWORD,
	    BY_PASSWORD, "one", "localhost smtp user secret - - 1", "NULL|",
	    SMTP_OK, "" },
	{ "it is not offered",
	    OFFER("PLAIN") BYE, "smtps", "X-OWN", NULL, SMTP_SASL_FIRST,
	    NAMED, "one", "", "", SMTP_E_AUTH, NULL },
	{ "it gives up at the start",
	    OFFER("X-OWN") BYE, "smtps", "X-OWN", NULL, SMTP_SASL_FIRST,
	    NAMED, "!", "localhost smtp me - - - 1", "NULL|", SMTP_E_AUTH,
	    "AUTH X-OWN: it does not like that" },
	{ "it gives up without a word",
	    OFFER("X-OWN") BYE, "smtps", "X-OWN", NULL, SMTP_SASL_FIRST,
	    NAMED, "!!", "localhost smtp me - - - 1", "NULL|", SMTP_E_AUTH,
	    "AUTH X-OWN: AUTH" },
	{ "it gives up later",
	    OFFER("X-OWN") "C: AUTH X-OWN b25l\nS: 334 aGk=\nC: *\n"
	    "S: 501 5.7.0 cancelled\n" BYE, "smtps", "X-OWN", NULL,
	    SMTP_SASL_FIRST, NAMED, "one|!", "localhost smtp me - - - 1",
	    "NULL|hi|", SMTP_E_AUTH, "AUTH X-OWN: it does not like that" },
	{ "success too early is none",
	    OFFER("X-OWN") "C: AUTH X-OWN b25l\nS: 235 ok\nEOF\n",
	    "smtps", "X-OWN", NULL, SMTP_SASL_FIRST, NAMED, "one|two",
	    "localhost smtp me - - - 1", "NULL|", SMTP_E_AUTH, NULL },
	{ "refused",
	    OFFER("X-OWN") "C: AUTH X-OWN b25l\nS: 535 5.7.8 no\n" BYE,
	    "smtps", "X-OWN", NULL, SMTP_SASL_FIRST, NAMED, "one",
	    "localhost smtp me - - - 1", "NULL|", SMTP_E_AUTH, NULL },
	{ "without TLS one that shows no secret",
	    OFFER("X-OWN") "C: AUTH X-OWN b25l\nS: 235 ok\n" BYE,
	    "smtp+plaintext", "X-OWN", NULL, SMTP_SASL_FIRST, NAMED, "one",
	    "localhost smtp me - - - 0", "NULL|", SMTP_OK, "" },
	{ "without TLS none that shows it",
	    OFFER("X-OWN") BYE, "smtp+plaintext", "X-OWN", NULL,
	    SMTP_SASL_FIRST | SMTP_SASL_REVEALS, NAMED, "one", "", "",
	    SMTP_E_AUTH, NULL },
};

static int
authenticate(struct smtp *smtp, enum how how, const char *mechanism)
{
	switch (how) {
	case BY_PASSWORD:
		return smtp_auth(smtp, "user", "secret");
	case BY_TOKEN:
		return smtp_auth_token(smtp, "user", "secret");
	default:
		return smtp_auth_mechanism(smtp, mechanism, "me");
	}
}

static void
test_client_own__speaks_as_it_is_asked(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool secure = strcmp(rows[i].url, "smtps") == 0;
		struct server *s = server_play(rows[i].script, "--tls",
		    secure ? "implicit" : "none", NULL);
		struct play play = { .says = rows[i].says };
		const struct smtp_sasl own = { rows[i].mechanism,
			rows[i].flags, begin, step, end, &play };
		struct smtp_options *o = options_for(s, "mechanism",
		    rows[i].option, NULL);
		struct smtp *smtp;
		char error[400];
		int rc;

		assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_OK);
		assert_int_equal(smtp_open(&smtp, server_url(s, rows[i].url,
		    "localhost"), o), SMTP_OK);
		smtp_options_free(o);
		rc = authenticate(smtp, rows[i].how, rows[i].mechanism);
		(void)snprintf(error, sizeof error, "%s", smtp_error(smtp));
		smtp_close(smtp);
		if (rc != rows[i].want)
			fail_msg("%s: %s: %s", rows[i].name,
			    smtp_status_name(rc), error);
		if (strcmp(server_result(s), "complete") != 0)
			fail_msg("%s: %s", rows[i].name, server_result(s));
		if (rows[i].error != NULL && strcmp(error, rows[i].error))
			fail_msg("%s: %s", rows[i].name, error);
		if (strcmp(play.given, rows[i].given) != 0 ||
		    strcmp(play.heard, rows[i].heard) != 0 ||
		    play.ends != (rows[i].given[0] != '\0'))
			fail_msg("%s: given %s, heard %s, %u ends",
			    rows[i].name, play.given, play.heard, play.ends);
		server_stop(s);
	}
	proves("LIB-H-5");
}

/* What begin says. */
static const struct {
	int begins, want;
	const char *script;
} begins[] = {
	{ SMTP_E_UNSUPPORTED, SMTP_OK, OFFER("PLAIN X-OWN")
	    "C: AUTH PLAIN AHVzZXIAc2VjcmV0\nS: 235 ok\n" BYE },
	{ SMTP_E_ARGUMENT, SMTP_E_ARGUMENT, OFFER("PLAIN X-OWN") BYE },
	{ SMTP_E_MEMORY, SMTP_E_MEMORY, OFFER("PLAIN X-OWN") BYE },
	{ SMTP_E_STATE, SMTP_E_STATE, OFFER("PLAIN X-OWN") BYE },
	{ 1, SMTP_OK, OFFER("PLAIN X-OWN")
	    "C: AUTH PLAIN AHVzZXIAc2VjcmV0\nS: 235 ok\n" BYE },
};

static void
test_client_own__may_not_begin(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(begins); i++) {
		struct server *s = server_play(begins[i].script, "--tls",
		    "implicit", NULL);
		struct play play = { .begins = begins[i].begins };
		const struct smtp_sasl own = { "X-OWN",
			SMTP_SASL_PASSWORD, begin, step, end, &play };
		struct smtp_options *o = options_for(s, NULL);
		struct smtp *smtp;

		assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_OK);
		assert_int_equal(smtp_open(&smtp, server_url(s, "smtps",
		    "localhost"), o), SMTP_OK);
		smtp_options_free(o);
		assert_int_equal(smtp_auth(smtp, "user", "secret"),
		    begins[i].want);
		smtp_close(smtp);
		assert_string_equal(server_result(s), "complete");
		assert_int_equal(play.calls + play.ends, 0);
		server_stop(s);
	}
}

/* Without begin and end `ctx` is the state. */
static void
test_client_own__needs_only_a_step(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_play(OFFER("X-OWN")
	    "C: AUTH X-OWN b25l\nS: 235 ok\n" BYE, "--tls", "implicit", NULL);
	struct play play = { .says = "one" };
	const struct smtp_sasl own = { .name = "X-OWN",
		.flags = SMTP_SASL_FIRST, .step = step, .ctx = &play };
	struct smtp_options *o = options_for(s, NULL);
	struct smtp *smtp;

	(void)state;
	assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_OK);
	assert_int_equal(smtp_open(&smtp, server_url(s, "smtps",
	    "localhost"), o), SMTP_OK);
	assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_E_STATE);
	smtp_options_free(o);
	assert_int_equal(smtp_auth_mechanism(smtp, "X-OWN", NULL), SMTP_OK);
	assert_string_equal(smtp_mechanism(smtp), "X-OWN");
	smtp_close(smtp);
	assert_string_equal(server_result(s), "complete");
	server_stop(s);
}

static void
test_client_own__is_added_by_its_name(void **state)
{
	static const char *const bad[] = {
		"", "x-own", "X OWN", "X.OWN", "X-OWN\n",
		"X{OWN}", "X-\x80",
		"ABCDEFGHIJKLMNOPQRSTU",
	};
	struct smtp_options *o = smtp_options_new();
	struct smtp_sasl own = { .step = step };
	char name[] = "X0";

	(void)state;
	assert_int_equal(smtp_options_add_sasl(NULL, &own), SMTP_E_MEMORY);
	assert_int_equal(smtp_options_add_sasl(o, NULL), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_E_ARGUMENT);
	for (size_t i = 0; i < COUNT(bad); i++) {
		own.name = bad[i];
		assert_int_equal(smtp_options_add_sasl(o, &own),
		    SMTP_E_ARGUMENT);
		assert_string_not_equal(smtp_options_error(o), "");
	}
	own.name = "ABCDEFGHIJKLMNOPQR_0";
	own.step = NULL;
	assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_E_ARGUMENT);
	own.step = step;
	assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_OK);
	assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_E_ARGUMENT);
	own.name = name;
	for (; name[1] < '7'; name[1]++)
		assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_OK);
	assert_int_equal(smtp_options_add_sasl(o, &own), SMTP_E_SPACE);
	smtp_options_free(o);
}

/* Fails the allocation whose turn it is; 0: none. */
static void *
scarce(void *ctx, void *p, size_t was, size_t now)
{
	unsigned *turn = ctx;

	(void)was;
	if (now == 0) {
		free(p);
		return NULL;
	}
	return --*turn == 0 ? NULL : realloc(p, now);
}

static void
test_client_own__is_added_or_memory_is_short(void **state)
{
	static const struct smtp_sasl own = { .name = "X", .step = step };
	unsigned n = 0;
	int rc;

	(void)state;
	do {
		unsigned turn = ++n;
		const struct smtp_allocator a = { scarce, &turn };
		struct smtp_options *o = smtp_options_new_with(&a);

		rc = smtp_options_add_sasl(o, &own);
		assert_true(rc == SMTP_OK || rc == SMTP_E_MEMORY);
		smtp_options_free(o);
	} while (rc != SMTP_OK);
	assert_int_equal(n, 3);
}

#if SMTP_WITH_NTLM

/* ---- NTLM, with the octets of tests/test_ntlm.c */

static int
clock_1601(void *ctx, int64_t *seconds, int *zone)
{
	(void)ctx;
	*seconds = -INT64_C(11644473600);
	*zone = 0;
	return 0;
}

static int
random_aa(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0xAA, n);
	return 0;
}

#define HELLO \
	"TlRMTVNTUAABAAAABYKIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define CHALLENGE \
	"TlRMTVNTUAACAAAADAAMADgAAAAzgoriASNFZ4mrze8AAAAAAAAAACQAJABEAAAA" \
	"BgBwFwAAAA9TAGUAcgB2AGUAcgACAAwARABvAG0AYQBpAG4AAQAMAFMAZQByAHYA" \
	"ZQByAAAAAAA="
#define ANSWER \
	"TlRMTVNTUAADAAAAGAAYAEgAAABUAFQAYAAAAAwADAC0AAAACAAIAMAAAAAAAAAA" \
	"yAAAAAAAAADIAAAAAYKIAAAAAAAAAAAAhsNQl6yc7BAlVHZKV8zMGaqqqqqqqqqq" \
	"aM0KuFHlHJaqvJJ76+9qHAEBAAAAAAAAAAAAAAAAAACqqqqqqqqqqgAAAAACAAwA" \
	"RABvAG0AYQBpAG4AAQAMAFMAZQByAHYAZQByAAAAAAAAAAAARABvAG0AYQBpAG4A" \
	"VQBzAGUAcgA="

static const struct {
	const char *name, *script, *mechanism;
	int want;
} ntlm[] = {
	{ "named", OFFER("PLAIN NTLM") "C: AUTH NTLM " HELLO "\nS: 334 "
	    CHALLENGE "\nC: " ANSWER "\nS: 235 ok\n" BYE, "NTLM", SMTP_OK },
	{ "not named", OFFER("NTLM") BYE, NULL, SMTP_E_AUTH },
	{ "after everything else", OFFER("NTLM LOGIN") "C: AUTH LOGIN\n"
	    "S: 504 5.5.4 no\nC: AUTH NTLM " HELLO "\nS: 535 5.7.8 no\n" BYE,
	    "NTLM LOGIN", SMTP_E_AUTH },
	{ "nonsense", OFFER("NTLM") "C: AUTH NTLM " HELLO "\nS: 334 aGk=\n"
	    "C: *\nS: 501 5.7.0 cancelled\n" BYE, "NTLM", SMTP_E_AUTH },
	{ "success too early", OFFER("NTLM") "C: AUTH NTLM " HELLO
	    "\nS: 235 ok\nEOF\n", "NTLM", SMTP_E_AUTH },
};

static void
test_client_own__ntlm_only_if_named(void **state)
{
	(void)state;
	assert_non_null(strstr(smtp_features(), "ntlm"));
	for (size_t i = 0; i < COUNT(ntlm); i++) {
		struct server *s = server_play(ntlm[i].script, "--tls",
		    "implicit", NULL);
		struct smtp_options *o = options_for(s, "mechanism",
		    ntlm[i].mechanism, NULL);
		struct smtp *smtp;
		int rc;

		smtp_options_set_clock(o, clock_1601, NULL);
		smtp_options_set_random(o, random_aa, NULL);
		assert_int_equal(smtp_open(&smtp, server_url(s, "smtps",
		    "localhost"), o), SMTP_OK);
		smtp_options_free(o);
		rc = smtp_auth(smtp, "Domain\\User", "Password");
		smtp_close(smtp);
		if (rc != ntlm[i].want ||
		    strcmp(server_result(s), "complete") != 0)
			fail_msg("%s: %s, %s", ntlm[i].name,
			    smtp_status_name(rc), server_result(s));
		server_stop(s);
	}
}

#endif

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_own__speaks_as_it_is_asked),
		cmocka_unit_test(test_client_own__may_not_begin),
		cmocka_unit_test(test_client_own__needs_only_a_step),
		cmocka_unit_test(test_client_own__is_added_by_its_name),
		cmocka_unit_test(test_client_own__is_added_or_memory_is_short),
#if SMTP_WITH_NTLM
		cmocka_unit_test(test_client_own__ntlm_only_if_named),
#endif
	};

	return cmocka_run_group_tests_name("client_own", tests, NULL, NULL);
}
