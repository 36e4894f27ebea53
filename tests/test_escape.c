/* SPDX-License-Identifier: MIT */
/* Octets that need an escape, and what is written for them. */
#include "check.h"

#include "codec/escape.h"
#include "text/ascii.h"

static bool
stands(char c, enum smtp__escape how)
{
	switch (how) {
	case SMTP__ESCAPE_TEXT:
		return smtp__is_graph(c) && !smtp__is_in(c, "=?_", 3);
	case SMTP__ESCAPE_PHRASE:
		return smtp__is_alnum(c) || smtp__is_in(c, "!*+-/", 5);
	case SMTP__ESCAPE_PARAM:
		return smtp__is_token(c) && !smtp__is_in(c, "*'%", 3);
	case SMTP__ESCAPE_ATOM:
		return smtp__is_atext(c);
	case SMTP__ESCAPE_QUOTED:
		return !smtp__is_in(c, "\"\\", 2);
	default:
		return true;
	}
}

static void
test_escape__has_the_octets_of_the_grammars(void **state)
{
	(void)state;
	for (int how = SMTP__ESCAPE_TEXT; how <= SMTP__ESCAPE_NONE; how++)
		for (int c = 0; c < 256; c++)
			if (smtp__escape_passes((char)c,
			    (enum smtp__escape)how) != stands((char)c,
			    (enum smtp__escape)how))
				fail_msg("octet %d in %d", c, how);
}

static const struct {
	const char *text;
	enum smtp__escape how;
	const char *want;
} rows[] = {
	{ "a b=\xFF_", SMTP__ESCAPE_TEXT, "a_b=3D=FF=5F" },
	{ "a b.c", SMTP__ESCAPE_PHRASE, "a_b=2Ec" },
	{ "a b%\n", SMTP__ESCAPE_PARAM, "a%20b%25%0A" },
	{ "a \"b\\", SMTP__ESCAPE_QUOTED, "a \\\"b\\\\" },
	{ "a \"b\\", SMTP__ESCAPE_NONE, "a \"b\\" },
	{ "", SMTP__ESCAPE_TEXT, "" },
};

static void
test_escape__writes_each_in_its_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].text);
		struct smtp__line line;
		char text[40];

		smtp__line_begin(&line, text, sizeof(text), 0);
		smtp__escape(&line, rows[i].text, n, rows[i].how);
		assert_int_equal(line.n, strlen(rows[i].want));
		assert_memory_equal(text, rows[i].want, line.n);
		assert_int_equal(smtp__escape_width(rows[i].text, n,
		    rows[i].how), line.n);
	}
}

/* "aäb€c" in UTF-8: 1, 2, 1, 3 and 1 octets. */
static void
test_escape__takes_whole_characters(void **state)
{
	static const char text[] = "a\xC3\xA4" "b\xE2\x82\xAC" "c";
	static const size_t taken[] = { 0, 1, 1, 1, 1, 1, 1, 3, 4, 4, 4, 4, 4,
		4, 4, 4, 4, 7, 8, 8 };
	size_t threes;

	(void)state;
	for (size_t room = 0; room < COUNT(taken); room++) {
		size_t n = smtp__escape_fit(text, sizeof(text) - 1, room,
		    SMTP__ESCAPE_PARAM, &threes);

		assert_int_equal(n, taken[room]);
		assert_int_equal(threes, n >= 3 ? 3 : 0);
	}
	assert_int_equal(smtp__escape_fit("\xFF" "ab", 3, 2, SMTP__ESCAPE_NONE,
	    &threes), 2);
	assert_int_equal(smtp__escape_fit("", 0, 9, SMTP__ESCAPE_NONE,
	    &threes), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape__has_the_octets_of_the_grammars),
		cmocka_unit_test(test_escape__writes_each_in_its_way),
		cmocka_unit_test(test_escape__takes_whole_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
