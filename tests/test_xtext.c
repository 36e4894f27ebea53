/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "codec/xtext.h"

enum { PLAIN, ASCII, RAW };

static const struct {
	const char *given;
	int how;
	const char *want, *proves;
} rows[] = {
	{ "e=mc2@example.com", PLAIN, "e+3Dmc2@example.com", "R3461-4-1" },
	{ "a+b=c d@example.com", PLAIN, "a+2Bb+3Dc+20d@example.com",
	    "R3461-4-1" },
	{ "\r\n\x7F\xC3", PLAIN, "+0D+0A+7F+C3", "R3461-4-1" },
	{ "", PLAIN, "", NULL },
	{ "用户@例え.テスト", ASCII,
	    "\\x{7528}\\x{6237}@\\x{4F8B}\\x{3048}.\\x{30C6}\\x{30B9}\\x{30C8}",
	    "R6533-3-1" },
	{ "用户@例え.テスト", RAW, "用户@例え.テスト", "R6533-3-1" },
	{ "a+b=c\\d@x.example", ASCII,
	    "a\\x{2B}b\\x{3D}c\\x{5C}d@x.example", "R6533-3-1" },
	{ "a+b c", RAW, "a\\x{2B}b\\x{20}c", "R6533-3-1" },
	{ "a\xFF" "b", ASCII, "a\\x{FF}b", NULL },
	{ "a\xFF" "b", RAW, "a\\x{FF}b", NULL },
	{ "+=\\", PLAIN, "+2B+3D\\", NULL },
	{ "\x10", ASCII, "\\x{10}", NULL },
	{ "\xC4\x80\xF4\x8F\xBF\xBF", ASCII, "\\x{100}\\x{10FFFF}", NULL },
	{ "😀\x01", ASCII, "\\x{1F600}\\x{01}", "R6533-3-1" },
};

static void
test_xtext__encodes_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char p[200];
		struct smtp__out out;

		smtp__out_init(&out, p, sizeof(p) - 1);
		if (rows[i].how == PLAIN)
			smtp__xtext_write(&out, rows[i].given,
			    strlen(rows[i].given));
		else
			smtp__xtext_write_utf8(&out, rows[i].given,
			    strlen(rows[i].given), rows[i].how == RAW);
		smtp__out_end(&out);
		assert_string_equal(p, rows[i].want);
		if (rows[i].proves != NULL)
			proves(rows[i].proves);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xtext__encodes_the_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
