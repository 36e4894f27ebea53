/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "text/utf8.h"

static const struct {
	const char *name, *text;
	size_t good;             /* octets before the first wrong one */
} rows[] = {
	{ "empty", "", 0 },
	{ "ascii", "abc\n", 4 },
	{ "two, three, four", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9 },
	{ "the last of each length",
	    "\x7F\xDF\xBF\xEF\xBF\xBF\xF4\x8F\xBF\xBF", 10 },
	{ "overlong NUL", "a\xC0\x80", 1 },
	{ "overlong slash", "\xC1\xAF", 0 },
	{ "overlong by three", "\xE0\x9F\xBF", 0 },
	{ "overlong by four", "\xF0\x8F\xBF\xBF", 0 },
	{ "surrogate", "ab\xED\xA0\x80", 2 },
	{ "last surrogate", "\xED\xBF\xBF", 0 },
	{ "around the surrogates", "\xED\x9F\xBF\xEE\x80\x80", 6 },
	{ "above the last", "\xF4\x90\x80\x80", 0 },
	{ "F5", "\xF5\x80\x80\x80", 0 },
	{ "cut by one", "x\xE2\x82", 1 },
	{ "cut by two", "x\xF0\x9F", 1 },
	{ "continuation alone", "\x80", 0 },
	{ "lead and ascii", "\xC3" "a", 0 },
	{ "latin-1", "Gr\xFC\xDF" "e", 2 },
};

static void
test_utf8__is_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].text);
		char *exact = malloc(n > 0 ? n : 1);

		assert_non_null(exact);
		memcpy(exact, rows[i].text, n);
		if (smtp__utf8_check(exact, n) != rows[i].good)
			fail_msg("%s", rows[i].name);
		free(exact);
	}
	proves("LIB-O-1");
}

static void
test_utf8__reads_what_it_wrote(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110800; c++) {
		uint32_t back = 0;
		char p[4];
		size_t n = smtp__utf8_put(p, c);

		if ((c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF) {
			assert_int_equal(n, 0);
			continue;
		}
		assert_int_equal(smtp__utf8_next(p, n, &back), n);
		assert_int_equal(back, c);
		assert_int_equal(smtp__utf8_next(p, n - 1, &back), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8__is_strict),
		cmocka_unit_test(test_utf8__reads_what_it_wrote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
