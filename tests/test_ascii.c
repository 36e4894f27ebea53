/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "text/ascii.h"

#define DIGITS "0123456789"
#define SMALL  "abcdefghijklmnopqrstuvwxyz"
#define LARGE  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
is_among(int c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

/* Each octet, and nothing else, by lists of them. */
static void
test_ascii__knows_each_octet(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		const char *large = i != 0 ? strchr(LARGE, i) : NULL;
		char text[] = { c, '\0' };
		int value = is_among(i, "0123456789abcdefABCDEF") ?
		    (int)strtol(text, NULL, 16) : -1;

		assert_int_equal(smtp__is_digit(c), is_among(i, DIGITS));
		assert_int_equal(smtp__is_alpha(c), is_among(i, SMALL LARGE));
		assert_int_equal(smtp__is_alnum(c),
		    is_among(i, DIGITS SMALL LARGE));
		assert_int_equal(smtp__is_ldh(c),
		    is_among(i, DIGITS SMALL LARGE "-"));
		assert_int_equal(smtp__is_blank(c), is_among(i, " \t"));
		assert_int_equal(smtp__is_control(c), i < 32 || i == 127);
		assert_int_equal(smtp__is_high(c), i > 127);
		assert_int_equal(smtp__is_graph(c), i > 32 && i < 127);
		assert_int_equal(smtp__is_atext(c), is_among(i,
		    DIGITS SMALL LARGE "!#$%&'*+-/=?^_`{|}~"));
		assert_int_equal(smtp__is_token(c), is_among(i,
		    DIGITS SMALL LARGE "!#$%&'*+-.^_`{|}~"));
		assert_int_equal(smtp__lower(c),
		    large != NULL ? SMALL[large - LARGE] : c);
		assert_int_equal(smtp__hex_value(c), value);
	}
}

static void
test_ascii__compares_without_case(void **state)
{
	(void)state;
	assert_true(smtp__same(SMALL, 26, LARGE, 26));
	assert_true(smtp__same("", 0, "", 0));
	assert_false(smtp__same("a", 1, "ab", 2));
	assert_false(smtp__same("ab", 2, "a", 1));
	assert_false(smtp__same("xa", 2, "xb", 2));
	assert_false(smtp__same("ax", 2, "bx", 2));
	assert_false(smtp__same("[", 1, "{", 1));
	assert_false(smtp__same("@", 1, "`", 1));
	assert_false(smtp__same("\xC0", 1, "\xE0", 1));
	assert_true(smtp__same_text("aBc", 3, "AbC"));
	assert_false(smtp__same_text("aBc", 2, "AbC"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ascii__knows_each_octet),
		cmocka_unit_test(test_ascii__compares_without_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
