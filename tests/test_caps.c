/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <smtp/engine.h>

#include "proto/caps.h"
#include "sasl/mech.h"
#include "support/built.h"

/* The lines of a reply behind the first one, as the engine gives them. */
static void
read_caps(struct smtp__caps *caps, const char *lines, size_t n)
{
	struct smtp__caps_reader reader = { 0 };
	size_t i;

	memset(caps, 0, sizeof *caps);
	for (i = 0; i < n; i++)
		smtp__caps_octet(caps, &reader, lines[i]);
	smtp__caps_octet(caps, &reader, '\n');
	smtp__caps_settle(caps);
}

static const struct {
	const char *lines;
	unsigned offers;
	uint64_t size;
	const char *proves;
} rows[] = {
	{ "", 0, 0, "" },
	{ "PIPELINING", SMTP_OFFER_PIPELINING, 0, "" },
	{ "pipelining\nSiZe 100", SMTP_OFFER_PIPELINING | SMTP_OFFER_SIZE,
	    100, "R5321-4.1.1.1-5" },
	{ "ENHANCEDSTATUSCODES\nDSN x y\nSTARTTLS future",
	    SMTP_OFFER_ENHANCED | SMTP_OFFER_DSN | SMTP_OFFER_STARTTLS, 0,
	    "R6531-3.1-1" },
	{ "SMTPUTF8", 0, 0, "R6531-3.1-2" },
	{ "SMTPUTF8\n8BITMIME", SMTP_OFFER_SMTPUTF8 | SMTP_OFFER_8BITMIME, 0,
	    "" },
	{ "BINARYMIME", 0, 0, "R3030-3-1" },
	{ "BINARYMIME\nCHUNKING",
	    SMTP_OFFER_BINARYMIME | SMTP_OFFER_CHUNKING, 0, "" },
	{ "SIZE", SMTP_OFFER_SIZE, 0, "R1870-3-1" },
	{ "SIZE 0", SMTP_OFFER_SIZE, 0, "R1870-3-1" },
	{ "SIZE 4294967296", SMTP_OFFER_SIZE, UINT64_C(4294967296),
	    "R1870-3-1" },
	{ "SIZE 18446744073709551600", SMTP_OFFER_SIZE, UINT64_MAX - 15,
	    "R1870-3-1" },
	{ "SIZE 18446744073709551615", SMTP_OFFER_SIZE, UINT64_MAX,
	    "R1870-3-1" },
	{ "SIZE 18446744073709551616", SMTP_OFFER_SIZE, UINT64_MAX,
	    "R1870-3-1" },
	{ "SIZE 35048813740048148070", SMTP_OFFER_SIZE, UINT64_MAX,
	    "R1870-3-1" },
	{ "SIZE 99999999999999999999", SMTP_OFFER_SIZE, UINT64_MAX,
	    "R1870-3-1" },
	{ "SIZE x", SMTP_OFFER_SIZE, 0, "R1870-3-1" },
	{ "SIZE 10x", SMTP_OFFER_SIZE, 0, "R1870-3-1" },
	{ "SIZE \t 35882577 ", SMTP_OFFER_SIZE, 35882577, "LIB-B-3" },
	{ "*?\nSIZE 5\n\n \n=\n", SMTP_OFFER_SIZE, 5, "LIB-B-3" },
	{ "X 5\nDSN 6\nPIPELINING 7", SMTP_OFFER_DSN | SMTP_OFFER_PIPELINING,
	    0, "LIB-B-3" },
	{ "X PIPELINING\nPIPELININGS\nPIPELININ\nXDSN\nD SN", 0, 0, "" },
};

static void
test_caps__reads_keywords(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__caps caps;

		read_caps(&caps, rows[i].lines, strlen(rows[i].lines));
		if ((caps.offers ^ rows[i].offers) & OFFERS_BUILT)
			fail_msg("row %zu: %x", i, caps.offers);
#if SMTP_WITH_SIZE
		if (caps.size != rows[i].size)
			fail_msg("row %zu: another size", i);
#endif
		proves(rows[i].proves);
	}
}

static unsigned
bits(const char *a, const char *b, const char *c)
{
	return smtp__mech_bit(a) | smtp__mech_bit(b) | smtp__mech_bit(c);
}

static void
test_caps__merges_mechanisms(void **state)
{
	struct smtp__caps caps;
	const char *text = "AUTH=LOGIN PLAIN\nauth cram-md5 PLAIN";

	(void)state;
	read_caps(&caps, text, strlen(text));
	assert_int_equal(caps.offers, SMTP_OFFER_AUTH);
	assert_int_equal(caps.mechanisms, bits("LOGIN", "PLAIN", "CRAM-MD5"));
	text = "AUTH PLAINX XPLAIN PLAIN=LOGIN LOGIN/PLAIN PL\tAIN";
	read_caps(&caps, text, strlen(text));
	assert_int_equal(caps.mechanisms, 0);
	read_caps(&caps, "AUTH PLAIN\0 LOGIN", 17);
	assert_int_equal(caps.mechanisms, bits("LOGIN", "", ""));
	text = "AUTHS PLAIN\nXAUTH LOGIN\nDSN AUTH PLAIN";
	read_caps(&caps, text, strlen(text));
	assert_int_equal(caps.mechanisms, 0);
	proves("R4954-3-1 R4422-3.1-1");
}

/* A word of any length and any octets neither overruns nor is known. */
static void
test_caps__survives_any_word(void **state)
{
	char line[600];

	(void)state;
	for (size_t n = 1; n < sizeof line; n++)
		for (int c = 0; c < 256; c += n < 40 ? 1 : 51) {
			struct smtp__caps *caps = malloc(sizeof *caps);

			memset(line, c, n);
			read_caps(caps, line, n);
			assert_int_equal(caps->offers, 0);
			assert_int_equal(caps->mechanisms, 0);
			free(caps);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps__reads_keywords),
		cmocka_unit_test(test_caps__merges_mechanisms),
		cmocka_unit_test(test_caps__survives_any_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
