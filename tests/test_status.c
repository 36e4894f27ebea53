/* SPDX-License-Identifier: MIT */
/* Names of statuses and phases: the numbers and the words are a promise. */
#include "check.h"

#include <stdbool.h>
#include <stdio.h>

#include <smtp/smtp.h>

#if SMTP_WITH_TLS
#include <mbedtls/version.h>
#endif

static void
test_status__has_a_number_and_a_name_for_ever(void **state)
{
	static const struct { int status, number; const char *name; } rows[] = {
		{ SMTP_OK, 0, "OK" },
		{ SMTP_E_PARTIAL, -1, "PARTIAL" },
		{ SMTP_E_LATER, -2, "LATER" },
		{ SMTP_E_REFUSED, -3, "REFUSED" },
		{ SMTP_E_UNKNOWN, -4, "UNKNOWN" },
		{ SMTP_E_ARGUMENT, -10, "ARGUMENT" },
		{ SMTP_E_STATE, -11, "STATE" },
		{ SMTP_E_SPACE, -12, "SPACE" },
		{ SMTP_E_MEMORY, -13, "MEMORY" },
		{ SMTP_E_UNSUPPORTED, -14, "UNSUPPORTED" },
		{ SMTP_E_SOURCE, -15, "SOURCE" },
		{ SMTP_E_RESOLVE, -20, "RESOLVE" },
		{ SMTP_E_CONNECT, -21, "CONNECT" },
		{ SMTP_E_CLOSED, -22, "CLOSED" },
		{ SMTP_E_TIMEOUT, -23, "TIMEOUT" },
		{ SMTP_E_CANCELLED, -24, "CANCELLED" },
		{ SMTP_E_TLS, -25, "TLS" },
		{ SMTP_E_CERTIFICATE, -26, "CERTIFICATE" },
		{ SMTP_E_AUTH, -27, "AUTH" },
		{ SMTP_E_PROTOCOL, -28, "PROTOCOL" },
		{ SMTP_E_REPLY, -29, "REPLY" },
		{ SMTP_WANT_READ, 1, "WANT" },
		{ -5, -5, "" },
		{ -100, -100, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(rows[i].status, rows[i].number);
		assert_string_equal(smtp_status_name(rows[i].status),
		    rows[i].name);
	}
}

static void
test_status__names_phases_in_the_order_of_the_wire(void **state)
{
	static const char *const names[] = { "", "resolve", "connect", "tls",
		"greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data",
		"content", "final", "quit" };

	(void)state;
	for (int i = 0; i < (int)COUNT(names); i++)
		assert_string_equal(smtp_phase_name(i), names[i]);
	assert_int_equal(SMTP_PHASE_QUIT, COUNT(names) - 1);
	assert_string_equal(smtp_phase_name(-1), "");
	assert_string_equal(smtp_phase_name((int)COUNT(names)), "");
}

#ifdef MBEDTLS_THREADING_C
#define TLS_THREADS SMTP_WITH_TLS
#else
#define TLS_THREADS 0
#endif

/* A word for each switch that is on, and no other. */
static void
test_status__says_version_and_features(void **state)
{
	static const struct { bool on; const char *word; } rows[] = {
		{ true, "plain" },
		{ SMTP_WITH_LOGIN, "login" },
		{ SMTP_WITH_CRAM_MD5, "cram-md5" },
		{ SMTP_WITH_XOAUTH2, "xoauth2" },
		{ SMTP_WITH_OAUTHBEARER, "oauthbearer" },
		{ SMTP_WITH_NTLM, "ntlm" },
		{ SMTP_WITH_SASLPREP, "saslprep" },
		{ SMTP_WITH_SCRAM, "scram-sha-1" },
		{ SMTP_WITH_SCRAM, "scram-sha-256" },
		{ SMTP_WITH_SCRAM && SMTP_WITH_TLS, "scram-sha-1-plus" },
		{ SMTP_WITH_SCRAM && SMTP_WITH_TLS, "scram-sha-256-plus" },
		{ SMTP_WITH_SCRAM && SMTP_WITH_SHA512, "scram-sha-512" },
		{ SMTP_WITH_SCRAM && SMTP_WITH_SHA512 && SMTP_WITH_TLS,
		    "scram-sha-512-plus" },
		{ SMTP_WITH_STEPPED, "external" },
		{ SMTP_WITH_STEPPED, "anonymous" },
		{ SMTP_WITH_TLS, "tls" },
		{ TLS_THREADS, "tls-threads" },
		{ SMTP_WITH_CARES, "c-ares" },
		{ SMTP_WITH_PROXY, "proxy" },
		{ SMTP_WITH_PIPELINING, "pipelining" },
		{ SMTP_WITH_SIZE, "size" },
		{ SMTP_WITH_8BITMIME, "8bitmime" },
		{ SMTP_WITH_SMTPUTF8, "smtputf8" },
		{ SMTP_WITH_ENHANCED, "enhancedstatuscodes" },
		{ SMTP_WITH_PARAMETERS, "parameters" },
		{ SMTP_WITH_BDAT, "chunking" },
		{ SMTP_WITH_PRDR, "prdr" },
		{ SMTP_WITH_LMTP, "lmtp" },
		{ SMTP_WITH_DKIM, "dkim" },
		{ SMTP_WITH_DKIM && SMTP_WITH_SODIUM, "ed25519" },
		{ SMTP_WITH_THREADS, "threads" },
		{ SMTP_WITH_THREADS && SMTP_WITH_POOL, "pool" },
	};
	char want[512] = "";

	(void)state;
	assert_string_equal(smtp_version(), SMTP_VERSION);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].on)
			(void)snprintf(want + strlen(want), sizeof want -
			    strlen(want), "%s%s", i > 0 ? " " : "",
			    rows[i].word);
	assert_string_equal(smtp_features(), want);
	proves("LIB-T-6");
}

/* Each group, and each detail that is known by a name, in all its classes. */
static void
test_status__enhanced_codes_have_words(void **state)
{
	static const struct { const char *code, *words; } rows[] = {
		{ "5.1.1", "no such mailbox" },
		{ "4.2.2", "the mailbox is full" },
		{ "5.2.2", "the mailbox is full" },
		{ "2.1.5", "the address is good" },
		{ "5.1.10", "the domain takes no mail (null MX)" },
		{ "5.7.30", "REQUIRETLS cannot be kept on the way" },
		{ "5.0.0", "no more is said" },
		{ "5.1.0", "the address" },
		{ "5.2.0", "the mailbox" },
		{ "5.3.0", "the mail system" },
		{ "5.4.0", "the network or the way there" },
		{ "5.5.0", "the protocol" },
		{ "5.6.0", "the content" },
		{ "5.7.999", "security or policy" },
		{ "5.8.0", "" }, { "3.1.1", "" }, { "5", "" }, { "5.", "" },
		{ "5.1", "" }, { "5.1.", "" }, { "5.1.1.", "" },
		{ "5.1.1111", "" }, { "51.1.1", "" }, { "x", "" }, { "", "" },
		{ "5.257.1", "" }, { " 5.1.1", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(smtp_enhanced_words(rows[i].code),
		    rows[i].words) != 0)
			fail_msg("%s: %s", rows[i].code,
			    smtp_enhanced_words(rows[i].code));
	assert_string_equal(smtp_enhanced_words(NULL), "");
	proves("R3463-3-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status__enhanced_codes_have_words),
		cmocka_unit_test(test_status__has_a_number_and_a_name_for_ever),
		cmocka_unit_test(
		    test_status__names_phases_in_the_order_of_the_wire),
		cmocka_unit_test(test_status__says_version_and_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
