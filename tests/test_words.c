/* SPDX-License-Identifier: MIT */
/* Lines for people: cut where the room ends, and always one line. */
#include "check.h"

#include "words.h"

static const struct { const char *ours, *theirs, *line; } rows[] = {
	{ "said: ", "ok", "said: ok, 7" },
	{ "said: ", "two\nlines", "said: two lines, 7" },
	{ "said: ", "\t\x1b[1m\x7f", "said: \\x09\\x1B[1m\\x7F, 7" },
	{ "said: ", "\xc3\xa9", "said: \\xC3\\xA9, 7" },
	{ "", "", ", 7" },
};

static void
write_row(size_t i, char *p, size_t n)
{
	struct smtp__out line;

	smtp__words_begin(&line, p, n);
	smtp__words_say(&line, rows[i].ours);
	smtp__words_quote(&line, rows[i].theirs);
	smtp__words_say(&line, ", ");
	smtp__words_number(&line, 7);
	smtp__words_end(&line);
}

/* Some of it, in this order; an escape is whole or not there. */
static bool
is_part(const char *part, const char *whole)
{
	for (; *part != '\0'; part++) {
		size_t n = *part == '\\' ? 4 : 1;

		while (*whole != '\0' && strncmp(part, whole, n) != 0)
			whole++;
		if (*whole == '\0')
			return false;
		part += n - 1;
		whole += n;
	}
	return true;
}

static void
test_words__fit_whatever_the_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t whole = strlen(rows[i].line) + 1;

		for (size_t n = 1; n <= whole; n++) {
			char *p = malloc(n);

			assert_non_null(p);
			write_row(i, p, n);
			assert_true(strlen(p) < n);
			assert_true(is_part(p, rows[i].line));
			if (n == whole)
				assert_string_equal(p, rows[i].line);
			free(p);
		}
	}
}

/* Octets that have no NUL behind them. */
static void
test_words__quote_no_further_than_told(void **state)
{
	static const char five[5] = { 'a', 'b', 'c', 'd', 'e' };
	char p[16];
	struct smtp__out line;

	(void)state;
	smtp__words_begin(&line, p, sizeof p);
	smtp__words_quote_n(&line, five, sizeof five);
	smtp__words_number(&line, UINT64_MAX);
	smtp__words_end(&line);
	assert_string_equal(p, "abcde1844674407");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words__fit_whatever_the_room),
		cmocka_unit_test(test_words__quote_no_further_than_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
