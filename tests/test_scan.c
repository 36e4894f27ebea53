/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <smtp/config.h>

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

/*
 * The blocks of 64 that need nothing, told octet by octet: each CR and LF is
 * half of a CRLF, no dot is behind one, and no line is longer than `max`. A
 * block that ends with CR counts it, and is left without it.
 */
static size_t
slow_blocks(const char *p, size_t n, size_t max, bool high, size_t *column)
{
	size_t taken = 0, k = *column;

	for (; n - taken >= 64; taken += 64) {
		size_t length = k;

		for (size_t i = taken; i < taken + 64; i++) {
			char c = p[i], was = i > 0 ? p[i - 1] : 'a';

			if ((c == '\n') != (was == '\r') ||
			    (c == '.' && was == '\n') ||
			    (high && (unsigned char)c > 127) ||
			    (c == '\n' && length > max + 1))
				goto out;
			length = c == '\n' ? 0 : length + 1;
		}
		if (length > max)
			break;
		k = length;
	}
out:
	if (taken > 0 && p[taken - 1] == '\r') {
		taken--;
		k--;
	}
	*column = k;
	return taken;
}

static uint32_t
draw(uint32_t *random, uint32_t below)
{
	*random = *random * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)*random * below >> 32);
}

/* Lines as they have to be, and perhaps one octet that is not. */
static size_t
fill(char *p, size_t n, uint32_t *random, bool broken)
{
	static const char wrong[] = "\r\n.\x80\xFF";
	uint32_t most = 1 + draw(random, 200);
	size_t left = draw(random, most);

	for (size_t i = 0; i < n; i++) {
		p[i] = (char)('a' + draw(random, 26));
		if (left-- > 0)
			continue;
		p[i] = '\r';
		if (i + 1 < n)
			p[++i] = '\n';
		left = draw(random, most);
	}
	if (broken && n > 0)
		p[draw(random, (uint32_t)n)] = wrong[draw(random, 5)];
	return n;
}

/* From and into memory of exact size, where there is more than one block. */
static void
test_scan__takes_the_blocks_that_a_loop_takes(void **state)
{
	bool fast = false;
	unsigned whole = 0;
	uint32_t random = 1;

	(void)state;
#if SMTP_WITH_AVX2
	fast = __builtin_cpu_supports("avx2") != 0;
#endif
	for (int round = 0; round < 60000; round++) {
		size_t n = draw(&random, 330), max = 64 + draw(&random, 100);
		size_t column = draw(&random, (uint32_t)max + 2), was = column;
		size_t got, want, want_column = column;
		bool high = draw(&random, 2) == 0;
		char *p = malloc(n > 0 ? n : 1), *out = malloc(n > 0 ? n : 1);

		fill(p, n, &random, draw(&random, 2) == 0);
		want = slow_blocks(p, n, max, high, &want_column);
		got = smtp__scan_blocks(out, p, n, max, high, &column);
		if (fast ? got != want || column != want_column :
		    got != 0 || column != was)
			fail_msg("round %d: %zu, not %zu; column %zu, not %zu",
			    round, got, want, column, want_column);
		assert_memory_equal(out, p, got);
		whole += want == n / 64 * 64;
		free(p);
		free(out);
	}
	assert_in_range(whole, 10000, 50000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan__finds_what_a_loop_finds),
		cmocka_unit_test(test_scan__takes_the_first_of_several),
		cmocka_unit_test(
		    test_scan__takes_the_blocks_that_a_loop_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
