/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "text/scan.h"

static size_t
slow(const char *p, size_t n, bool high)
{
	size_t i = 0;

	while (i < n && p[i] != '\r' && p[i] != '\n' &&
	    !(high && (unsigned char)p[i] > 127))
		i++;
	return i;
}

/* Both, from and into memory of exact size; with nothing copied wrong. */
static void
both(const char *p, size_t n, bool high)
{
	size_t want = slow(p, n, high);
	char *out = malloc(n > 0 ? n : 1);

	assert_true(smtp__scan_line(p, n, high) == want);
	assert_true(smtp__scan_copy(out, p, n, high) == want);
	assert_true(memcmp(out, p, want) == 0);
	free(out);
}

/* Each octet at each place of runs of each length, behind any alignment. */
static void
test_scan__finds_what_a_loop_finds(void **state)
{
	(void)state;
	for (size_t n = 0; n < 70; n++)
		for (size_t at = 0; at < n; at++)
			for (int c = 0; c < 256; c++) {
				char *p = malloc(n);

				memset(p, 'a', n);
				p[at] = (char)c;
				both(p, n, true);
				both(p, n, false);
				free(p);
			}
	both("\n", 0, true);
}

static void
test_scan__takes_the_first_of_several(void **state)
{
	static const char marks[] = "a\r\n\x80\x0c\x0e\x8d\x8a.";
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)round % 50;
		char *p = malloc(n + 1);

		for (size_t i = 0; i < n; i++) {
			random = random * 1103515245 + 12345;
			p[i] = random >> 28 == 0 ?
			    marks[(random >> 16) % (sizeof marks - 1)] : 'b';
		}
		p = realloc(p, n > 0 ? n : 1);
		both(p, n, true);
		both(p, n, false);
		free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan__finds_what_a_loop_finds),
		cmocka_unit_test(test_scan__takes_the_first_of_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
