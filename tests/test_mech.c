/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "sasl/mech.h"

#if !SMTP__MECH_CHOICE
LEFT_OUT("SMTP_WITH_LOGIN, or another mechanism to choose")
#else

static const struct {
	struct smtp_credentials credentials;
	int ok;
	const char *proves;
} checks[] = {
	{ { .user = "u", .password = "p" }, 1, "" },
	{ { .user = "u", .token = "t" }, 1, "" },
	{ { .user = "u", .password = "p", .authzid = "z" }, 1, "" },
	{ { .user = "t\xc3\xa9st", .password = "p\xe2\x82\xac" }, 1, "" },
	{ { .user = "u", .password = " p " }, 1, "" },
	{ { .user = "\xff", .password = "\xff", .authzid = "\xff" }, 1, "" },
	{ { .user = "u", .token = "a.b-c_d~e+f/g==" }, 1, "" },
	{ { .password = "p" }, 0, "R4616-2-2" },
	{ { .user = "", .password = "p" }, 0, "R4616-2-2" },
	{ { .user = "u", .password = "" }, 0, "R4616-2-2" },
	{ { .user = "u" }, 0, "R4616-2-2" },
	{ { .user = "u", .token = "" }, 0, "LIB-I-2" },
	{ { .user = "a\001b", .token = "t" }, 0, "LIB-I-2" },
	{ { .user = "a\rb", .password = "p" }, 0, "LIB-I-2" },
	{ { .user = "a\nb", .password = "p" }, 0, "LIB-I-2" },
	{ { .user = "u", .password = "a\rb" }, 0, "" },
	{ { .user = "u", .password = "a\nb" }, 0, "" },
	{ { .user = "u", .password = "a\001b" }, 0, "" },
	{ { .user = "u", .password = "p", .authzid = "\r" }, 0, "" },
	{ { .user = "u", .password = "p", .token = "a b" }, 0, "LIB-I-2" },
	{ { .user = "u", .token = "a\001b" }, 0, "LIB-I-2" },
	{ { .user = "u", .token = "a\r" }, 0, "LIB-I-2" },
	{ { .user = "u", .token = "a\n" }, 0, "LIB-I-2" },
	{ { .user = "u", .token = "a\x7f" }, 0, "LIB-I-2" },
	{ { .user = "u", .token = "\xc3\xa9" }, 0, "LIB-I-2" },
};

static void
test_mech__checks_credentials(void **state)
{
	(void)state;
	needs(SMTP_WITH_AUTHZID);
	for (size_t i = 0; i < COUNT(checks); i++) {
		if (smtp__mech_check(&checks[i].credentials) != checks[i].ok)
			fail_msg("credentials %zu", i);
		proves(checks[i].proves);
	}
}

static void
test_mech__knows_its_names(void **state)
{
	static const char *const known[] = {
		"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"
	};
	static const char *const unknown[] = {
		"", "plain", "PLAIN ", "PLAI", "EXTERNAL", "SCRAM-SHA-1-PLUS",
		"NTLM", "GSSAPI"
	};
	unsigned all = 0;

	(void)state;
	needs(SMTP_WITH_LOGIN && SMTP_WITH_CRAM_MD5 && SMTP_WITH_XOAUTH2 &&
	    SMTP_WITH_OAUTHBEARER);
	for (size_t i = 0; i < COUNT(known); i++) {
		unsigned bit = smtp__mech_bit(known[i]);

		assert_true(bit != 0 && (bit & (bit - 1)) == 0);
		assert_int_equal(all & bit, 0);
		all |= bit;
	}
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_int_equal(smtp__mech_bit(unknown[i]), 0);
	proves("R4422-3.7-1");
}

#if SMTP_WITH_STEPPED && SMTP_WITH_TEXT
/* RFC 4422 section 3.1: 1 to 20 capitals, digits, hyphens, underscores. */
static void
test_mech__knows_a_name_when_it_sees_one(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} names[] = {
		{ "A", true }, { "Z", true }, { "0", true }, { "9", true },
		{ "-", true }, { "_", true }, { "SCRAM-SHA-256-PLUS", true },
		{ "X2345678901234567890", true },
		{ "X23456789012345678901", false }, { "", false },
		{ "a", false }, { "@", false }, { "[", false },
		{ "/", false }, { ":", false }, { " ", false },
		{ "A ", false }, { "A\xC3\x84", false }, { "\x7F", false },
		{ NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(smtp__mech_is_name(names[i].name),
		    names[i].is);
}
#else
CASE_LEFT_OUT(test_mech__knows_a_name_when_it_sees_one,
    "SMTP_WITH_STEPPED && SMTP_WITH_TEXT")
#endif

/* A line of AUTH has an end: 4096 octets of each, and not one more. */
static void
test_mech__bounds_credentials(void **state)
{
	static char text[4098];
	struct smtp_credentials c = { .user = text, .password = text,
		.authzid = text };

	(void)state;
	needs(SMTP_WITH_AUTHZID);
	memset(text, 'x', 4096);
	assert_true(smtp__mech_check(&c));
	c.token = text;
	assert_true(smtp__mech_check(&c));
	text[4096] = 'x';
	assert_false(smtp__mech_check(&c));
	for (int i = 0; i < 4; i++) {
		c.user = i == 0 ? text : "u";
		c.password = i == 1 ? text : "p";
		c.authzid = i == 2 ? text : NULL;
		c.token = i == 3 ? text : NULL;
		assert_false(smtp__mech_check(&c));
	}
	c.token = NULL;
	c.user = NULL;
	assert_false(smtp__mech_check(&c));
}

#if SMTP_WITH_CRAM_MD5 && SMTP_WITH_HASH
/* Without memory for the digest, or a challenge, nothing is computed. */
static void
test_mech__computes_cram_md5_where_there_is_room(void **state)
{
	static const unsigned char want[16] = { 0xb9, 0x13, 0xa6, 0x02, 0xc7,
		0xed, 0xa7, 0xa4, 0x95, 0xb4, 0xe6, 0xe7, 0x33, 0x4d, 0x38,
		0x90 };
	const struct smtp_credentials c = { .user = "tim",
		.password = "tanstaaftanstaaf" };
	const char rfc[] = "<1896.697170952@postoffice.reston.mci.net>";
	char text[64];

	(void)state;
	memcpy(text, rfc, sizeof rfc);
	assert_false(smtp__mech_digest(&c, text, 0, sizeof text));
	assert_false(smtp__mech_digest(&c, text, sizeof rfc - 1, 15));
	assert_memory_equal(text, rfc, sizeof rfc);
	assert_true(smtp__mech_digest(&c, text, sizeof rfc - 1, 16));
	assert_memory_equal(text, want, 16);
}
#else
CASE_LEFT_OUT(test_mech__computes_cram_md5_where_there_is_room,
    "SMTP_WITH_CRAM_MD5 && SMTP_WITH_HASH")
#endif

static const char *
choice(const struct smtp_credentials *credentials, unsigned offered,
    unsigned how)
{
	unsigned i = smtp__mech_choose(credentials, offered, how);

	return i == SMTP__MECH_NONE ? "" : smtp__mech_name(i);
}

/* Each set of offers, with each kind of secret: none that may not be. */
static void
test_mech__never_shows_a_secret(void **state)
{
	static const struct smtp_credentials secrets[] = {
		{ .user = "u", .password = "p" },
		{ .user = "u", .token = "t" },
		{ .user = "u", .password = "p", .token = "t" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++)
		for (unsigned offered = 0; offered < 256; offered++) {
			const char *name = choice(&secrets[i], offered,
			    SMTP__MECH_MEMORY);

			assert_true(strcmp(name, "") == 0 ||
			    strcmp(name, "CRAM-MD5") == 0);
			if (strcmp(name, "") != 0)
				assert_non_null(secrets[i].password);
			assert_string_equal(choice(&secrets[i], offered, 0),
			    "");
			name = choice(&secrets[i], offered,
			    SMTP__MECH_SECURE | SMTP__MECH_MEMORY);
			if (strcmp(name, "") != 0)
				assert_true(offered & smtp__mech_bit(name));
		}
	proves("R4954-9-1 R7628-3-1 R4422-3.2-1");
}

/* Removing the best one after the other shows the order of choice. */
static void
test_mech__has_an_order(void **state)
{
	static const char *const password[] = {
		"PLAIN", "LOGIN", "CRAM-MD5", ""
	};
	static const char *const token[] = { "OAUTHBEARER", "XOAUTH2", "" };
	struct smtp_credentials c = { .user = "u", .password = "p" };
	unsigned offered = 0xff;

	(void)state;
	needs(SMTP_WITH_LOGIN && SMTP_WITH_CRAM_MD5 && SMTP_WITH_XOAUTH2 &&
	    SMTP_WITH_OAUTHBEARER);
	for (size_t i = 0; i < COUNT(password); i++) {
		assert_string_equal(choice(&c, offered, SMTP__MECH_SECURE |
		    SMTP__MECH_MEMORY), password[i]);
		offered &= ~smtp__mech_bit(password[i]);
	}
	c.password = NULL;
	c.token = "t";
	offered = 0xff;
	for (size_t i = 0; i < COUNT(token); i++) {
		assert_string_equal(choice(&c, offered, SMTP__MECH_SECURE |
		    SMTP__MECH_MEMORY), token[i]);
		offered &= ~smtp__mech_bit(token[i]);
	}
	proves("R4422-3.2-1 LOGIN-1-1 LIB-I-1");
}

static void
test_mech__keeps_to_the_one_asked_for(void **state)
{
	struct smtp_credentials c = { .user = "u", .password = "p" };
	static const char *const names[] = {
		"PLAIN",
#if SMTP_WITH_LOGIN
		"LOGIN",
#endif
#if SMTP_WITH_CRAM_MD5
		"CRAM-MD5",
#endif
	};

	(void)state;
	needs(SMTP_WITH_MECHANISM);
	for (size_t i = 0; i < COUNT(names); i++) {
		c.mechanism = names[i];
		assert_string_equal(choice(&c, 0xff, SMTP__MECH_SECURE |
		    SMTP__MECH_MEMORY), names[i]);
		assert_string_equal(choice(&c, 0xff & ~smtp__mech_bit(
		    names[i]), SMTP__MECH_SECURE | SMTP__MECH_MEMORY), "");
	}
	c.mechanism = "XOAUTH2";
	assert_string_equal(choice(&c, 0xff, SMTP__MECH_SECURE), "");
	proves("LIB-H-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mech__checks_credentials),
		cmocka_unit_test(test_mech__knows_its_names),
		cmocka_unit_test(test_mech__knows_a_name_when_it_sees_one),
		cmocka_unit_test(test_mech__bounds_credentials),
		cmocka_unit_test(
		    test_mech__computes_cram_md5_where_there_is_room),
		cmocka_unit_test(test_mech__never_shows_a_secret),
		cmocka_unit_test(test_mech__has_an_order),
		cmocka_unit_test(test_mech__keeps_to_the_one_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
