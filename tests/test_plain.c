/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "text/plain.h"

/*
 * Each octet at each place, where `char' has a sign and where it has none: a
 * processor of the second kind once took short texts for plain.
 */
static void
test_plain__knows_each_octet_at_each_place(void **state)
{
	(void)state;
	for (size_t n = 1; n < 20; n++) {
		char *p = malloc(n);

		assert_non_null(p);
		memset(p, 'a', n);
		assert_true(smtp__is_plain(p, n));
		for (size_t i = 0; i < n; i++) {
			for (int c = 0; c < 256; c++) {
				p[i] = (char)c;
				assert_int_equal(smtp__is_plain(p, n),
				    c >= 32 && c < 127);
			}
			p[i] = 'a';
		}
		free(p);
	}
	assert_true(smtp__is_plain("", 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain__knows_each_octet_at_each_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
