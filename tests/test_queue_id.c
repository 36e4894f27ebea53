/* SPDX-License-Identifier: MIT */
/* The name of a mail, from what servers say when they take it. */
#include "check.h"

#include "queue_id.h"

/* Words behind code and enhanced code. */
static const struct { const char *server, *words, *id; } rows[] = {
	{ "Postfix", "Ok: queued as 4XyZ1234abc", "4XyZ1234abc" },
	{ "Postfix, short", "Ok: queued as 9F8E7D6C5B", "9F8E7D6C5B" },
	{ "Postfix, BDAT", "Ok: 155 bytes queued as 9F8E7D6C5B", "9F8E7D6C5B" },
	{ "Postfix, letters alone", "Ok: 155 bytes queued as EFDACBE",
	    "EFDACBE" },
	{ "no name, but octets", "Ok: 155 bytes queued as usual", "" },
	{ "Exim", "OK id=1rABcD-0005zK-2v", "1rABcD-0005zK-2v" },
	{ "Sendmail", "3A4B5C6D001234 Message accepted for delivery",
	    "3A4B5C6D001234" },
	{ "OpenSMTPD", "1a2b3c4d Message accepted for delivery", "1a2b3c4d" },
	{ "Exchange", "<1234.5678@host.example> [InternalId=98765432, "
	    "Hostname=A.example] 1234 bytes in 0.1, 2 KB/sec Queued mail for "
	    "delivery", "98765432" },
	{ "Gmail", "OK  1700000000 a1-20020a05600c000000b003.12 - gsmtp",
	    "a1-20020a05600c000000b003.12" },
	{ "qmail", "ok 1700000000 qp 1234", "1700000000" },
	{ "SES", "Ok 0100018abcdef000-11112222-3333-4444-5555-666677778888-"
	    "000000", "0100018abcdef000-11112222-3333-4444-5555-666677778888-"
	    "000000" },
	{ "Haraka", "Message Queued (A1B2C3D4-E5F6.1)", "A1B2C3D4-E5F6.1" },
	{ "Dovecot LMTP", "<ana@example.com> 8I1jBwQ5uGVrBAAAs8aM1w Saved",
	    "8I1jBwQ5uGVrBAAAs8aM1w" },
	{ "two lines", "Ok: queued as AB12\nid=CD34", "AB12" },
	{ "Exim, behind BDAT", " 151 byte chunk, total 151\n"
	    "OK id=1xV6r4-0000000073V-0uuA", "1xV6r4-0000000073V-0uuA" },
	{ "nothing", "", "" },
	{ "only words", "Ok", "" },
	{ "a sentence", "Message accepted", "" },
	{ "queued, without a name", "Queued for delivery", "" },
	{ "a word with the mark in it", "paid=1234", "" },
	{ "a line of nothing", "\nOk: queued as AB12", "AB12" },
	{ "LMTP, a name alone", "AB12 Saved", "AB12" },
	{ "LMTP, no name", " Saved", "" },
	{ "too long", "queued as "
	    "11111111111111111111111111111111111111111111111111111111111111111"
	    "11111111111111111111111111111111111111111111111111111111111111111",
	    "" },
};

static void
test_queue_id__is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].words);
		char *words = malloc(n + 1);
		struct smtp__bytes id;

		assert_non_null(words);
		memcpy(words, rows[i].words, n);
		words = realloc(words, n > 0 ? n : 1);
		id = smtp__queue_id(words, n);
		if (id.n != strlen(rows[i].id) ||
		    memcmp(id.n > 0 ? id.p : "", rows[i].id, id.n) != 0)
			fail_msg("%s: %.*s", rows[i].server, (int)id.n, id.p);
		free(words);
	}
}

/* Whatever a server says, wherever it is cut. */
static void
test_queue_id__reads_no_further(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t n = strlen(rows[i].words); n > 0; n--) {
			char *words = malloc(n);

			assert_non_null(words);
			memcpy(words, rows[i].words, n);
			(void)smtp__queue_id(words, n);
			free(words);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_id__is_found),
		cmocka_unit_test(test_queue_id__reads_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
