/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "proto/command.h"

/* A copy of exact size with the octet `c` at `at`. */
static char *
with(const char *text, size_t at, int c)
{
	char *p = malloc(strlen(text) + 1);

	memcpy(p, text, strlen(text) + 1);
	p[at] = (char)c;
	return p;
}

/* A line of parameters; as it should be, where there are none. */
static bool
wide(const char *p, bool want)
{
#if SMTP_WITH_PARAMETERS
	(void)want;
	return smtp__command_wide_line(p);
#else
	(void)p;
	return want;
#endif
}

static const struct { const char *path; int ok, utf8; } paths[] = {
	{ "", 1, 0 }, { "a@y.example", 1, 0 }, { "postmaster", 1, 0 },
#if SMTP_WITH_QUOTED
	{ "\"a b\"@y.example", 1, 0 }, { "\"a>b\"@y.example", 1, 0 },
	{ "\"a\\\"b\"@y.example", 1, 0 }, { "\"a\\\\\"@y.example", 1, 0 },
	{ "\"\xc3\xa9\"@y.example", 1, 1 },
#else
	{ "\"ab\"@y.example", 0, 0 },
#endif
	{ "a@[IPv6:2001:db8::1]", 1, 0 }, { "\xc3\xa9@y.example", 1, 1 },
	{ "a@b\xc3\xa9.example", 1, 1 },
	{ "a b@y.example", 0, 0 }, { "a>@y.example", 0, 0 },
	{ "<a@y.example", 0, 0 }, { "a@y.example> SIZE=1", 0, 0 },
	{ "\"a@y.example", 0, 0 }, { "\"a\\\"@y.example", 0, 0 },
	{ "\"a\"\"@y.example", 0, 0 }, { "\"a\\", 0, 0 },
	{ "a@b>\r\nRCPT TO:<c@d", 0, 0 }, { "\"a\r\n\"@y.example", 0, 0 },
	{ "\"a\\\r\"@y.example", 0, 0 },
};

static void
test_command__path(void **state)
{
	(void)state;
	needs(SMTP_WITH_SMTPUTF8);
	for (size_t i = 0; i < COUNT(paths); i++) {
		char *p = with(paths[i].path, 0, paths[i].path[0]);
		bool utf8 = false;

		if ((smtp__command_path(p, &utf8) != SMTP__COMMAND_NOT) !=
		    paths[i].ok)
			fail_msg("path %zu", i);
		if (paths[i].ok)
			assert_int_equal(utf8, paths[i].utf8);
		free(p);
	}
}

/* Every octet at every place of these, within quotes and without. */
static void
test_command__lets_no_control_octet_pass(void **state)
{
	static const char path[] = "ab\"c\\d\"@y";
	static const char parameters[] = "A=b C";
	static const char line[] = "VRFY b";

	(void)state;
	needs(SMTP_WITH_COMMAND);
	for (int c = 1; c < 256; c++) {
		bool control = c < 32 || c == 127, utf8;

		for (size_t at = 0; at < strlen(path); at++) {
			char *p = with(path, at, c);

			utf8 = false;
			if (control)
				assert_int_equal(smtp__command_path(p,
				    &utf8), SMTP__COMMAND_NOT);
			free(p);
		}
		for (size_t at = 0; at < strlen(parameters); at++) {
			char *p = with(parameters, at, c);

			if (control)
				assert_false(smtp__command_parameters(p,
				    &utf8));
			free(p);
		}
		for (size_t at = 0; at < strlen(line); at++) {
			char *p = with(line, at, c);

			if (control || c > 126)
				assert_false(smtp__command_line(p, true));
			if (c == ' ')
				assert_false(smtp__command_line(p, false));
			if (control)
				assert_false(wide(p, false));
			free(p);
		}
	}
	proves("R5321-4.1.2-1");
}

/* 0 refused, 1 fine, 2 fine where SMTPUTF8 is. */
static const struct { const char *text; int want; } parameters[] = {
	{ "X", 1 }, { "X=1", 1 }, { "X-Y", 1 }, { "x9-z=1", 1 },
	{ "9=1", 1 }, { "X=a;b:c\"<>", 1 }, { "X=1 Y=2 Z", 1 },
	{ "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@y.example", 1 },
	{ "", 0 }, { " ", 0 }, { " X", 0 }, { "X ", 0 }, { "X  Y", 0 },
	{ "=1", 0 }, { "X=", 0 }, { "X= Y", 0 }, { "X=a=b", 0 }, { "X==", 0 },
	{ "-X", 0 }, { "X Y=1=2", 0 }, { "X_Y", 0 }, { "X.Y", 0 },
	{ "X:1", 0 }, { "X=\xc3\xa9", 2 }, { "\xc3\xa9=1", 0 },
	{ "X\xc3\xa9", 0 }, { "<", 0 },
	{ "X=1 Y=2 ", 0 }, { "X=1\tY=2", 0 },
};

static void
test_command__parameters(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(parameters); i++) {
		char *p = with(parameters[i].text, 0, parameters[i].text[0]);
		bool utf8 = false;

		int got = smtp__command_parameters(p, &utf8);

		if (got + (got && utf8) != parameters[i].want)
			fail_msg("'%s'", parameters[i].text);
		free(p);
	}
	proves("R5321-4.1.2-8");
}

static const struct { const char *text; int word, line, wide; } lines[] = {
	{ "NOOP", 1, 1, 1 }, { "VRFY b c", 0, 1, 1 },
	{ "[192.0.2.1]", 1, 1, 0 }, { "[IPv6:2001:db8::7]", 1, 1, 0 },
	{ "client.example.com", 1, 1, 1 }, { "", 0, 0, 0 },
	{ "x", 1, 1, 1 },
	{ " NOOP", 0, 0, 0 }, { "\r\n", 0, 0, 0 },
	{ "NOOP\r\nQUIT", 0, 0, 0 }, { "b\xc3\xbc.example", 0, 0, 1 },
};

static void
test_command__line(void **state)
{
	(void)state;
	needs(SMTP_WITH_COMMAND);
	for (size_t i = 0; i < COUNT(lines); i++) {
		if (smtp__command_line(lines[i].text, true) != lines[i].line)
			fail_msg("'%s'", lines[i].text);
		if (smtp__command_line(lines[i].text, false) != lines[i].word)
			fail_msg("'%s' as a word", lines[i].text);
		if (wide(lines[i].text, lines[i].wide) != lines[i].wide)
			fail_msg("'%s' beyond ASCII", lines[i].text);
	}
}

/* A line of SMTP has 512 octets with its end (RFC 5321 section 4.5.3.1.4). */
static void
test_command__measures_a_line(void **state)
{
	static char text[SMTP__COMMAND_MAX + 2];

	(void)state;
	memset(text, 'x', SMTP__COMMAND_MAX - 2);
	assert_true(smtp__command_line(text, true));
	assert_true(wide(text, true));
	text[SMTP__COMMAND_MAX - 2] = 'x';
	assert_false(smtp__command_line(text, true));
	assert_false(wide(text, false));
	text[255] = '\0';
	assert_true(smtp__command_line(text, false));
	text[255] = 'x';
	text[256] = '\0';
	assert_false(smtp__command_line(text, false));
}

/* What a line begins with: a letter, a digit, or a literal. */
static void
test_command__begins_with_a_word(void **state)
{
	(void)state;
	needs(SMTP_WITH_COMMAND);
	for (int c = 1; c < 256; c++) {
		char text[3] = { (char)c, 'b', '\0' };
		bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z');

		assert_int_equal(smtp__command_line(text, true),
		    word || c == '[');
		assert_int_equal(smtp__command_line(text, false),
		    word || c == '[');
		assert_int_equal(wide(text, word), word);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command__path),
		cmocka_unit_test(test_command__lets_no_control_octet_pass),
		cmocka_unit_test(test_command__parameters),
		cmocka_unit_test(test_command__line),
		cmocka_unit_test(test_command__measures_a_line),
		cmocka_unit_test(test_command__begins_with_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
