/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "mime/field.h"
#include "text/ascii.h"

static char text[20000];

static void
begin(struct smtp__field *f, struct smtp__out *out, const char *name)
{
	smtp__out_init(out, text, sizeof(text) - 1);
	smtp__field_begin(f, out, name);
}

static void
end(struct smtp__field *f, struct smtp__out *out)
{
	assert_true(smtp__field_end(f));
	assert_false(out->over);
	smtp__out_end(out);
}

static void
unstructured(const char *name, const char *value)
{
	struct smtp__field f;
	struct smtp__out out;

	begin(&f, &out, name);
	smtp__field_unstructured(&f, value, strlen(value));
	end(&f, &out);
}

/* No line is too long, empty, or white space alone; CRLF only at ends. */
static void
check_lines(size_t limit)
{
	const char *p = text;

	while (*p != '\0') {
		const char *lf = strstr(p, "\r\n");
		size_t n = lf != NULL ? (size_t)(lf - p) : 0, blank = 0;

		assert_non_null(lf);
		assert_in_range(n, 1, limit);
		assert_null(memchr(p, '\r', n));
		assert_null(memchr(p, '\n', n));
		while (blank < n && smtp__is_blank(p[blank]))
			blank++;
		assert_true(blank < n);
		for (size_t i = 0; i + 1 < n; i++)
			if (p[i] == '=' && p[i + 1] == '?')
				assert_in_range(n, 1, 76);
		p = lf + 2;
	}
}

static const struct {
	const char *value, *want, *proves;
} subjects[] = {
	{ "Hello", "Subject: Hello\r\n", NULL },
	{ "", "Subject:\r\n", NULL },
	{ "Grüße aus Köln",
	    "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=\r\n", NULL },
	{ "Hello Jörg there", "Subject: Hello =?UTF-8?Q?J=C3=B6rg?= there\r\n",
	    "R2047-5-4" },
	{ "(é)", "Subject: =?UTF-8?Q?(=C3=A9)?=\r\n", "R2047-5-4" },
	{ "a  b", "Subject: =?UTF-8?Q?a__b?=\r\n", "R5322-3.2.5-1" },
	{ " a", "Subject: =?UTF-8?Q?_a?=\r\n", "R5322-3.2.5-1" },
	{ "a ", "Subject: =?UTF-8?Q?a_?=\r\n", "R5322-3.2.5-1" },
	{ "one a\tb two", "Subject: one =?UTF-8?Q?a=09b?= two\r\n",
	    "R5322-3.2.5-1" },
	{ "x a  b y", "Subject: x =?UTF-8?Q?a__b?= y\r\n",
	    "R5322-3.2.5-1" },
	{ "=?UTF-8?Q?x?=",
	    "Subject: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?=\r\n",
	    "R2047-5-6" },
	{ "a \"quoted\" <b@c> (d)",
	    "Subject: a \"quoted\" <b@c> (d)\r\n", "R2047-5-6" },
	{ "née né", "Subject: =?UTF-8?Q?n=C3=A9e_n=C3=A9?=\r\n",
	    "R2047-5-3" },
};

static void
test_field__writes_unstructured_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(subjects); i++) {
		unstructured("Subject", subjects[i].value);
		assert_string_equal(text, subjects[i].want);
		if (subjects[i].proves != NULL)
			proves(subjects[i].proves);
	}
}

static void
test_field__counts_the_name_in_the_first_line(void **state)
{
	char value[200] = "";

	(void)state;
	for (size_t n = 1; n < 60; n++) {
		for (size_t i = 0; i < n; i++)
			memcpy(value + 2 * i, "\xC3\xA9", 3);
		unstructured("Subject", value);
		check_lines(76);
		assert_memory_equal(text, "Subject: =?", 11);
	}
	proves("R2047-2-1");
}

static void
test_field__folds_before_white_space(void **state)
{
	(void)state;
	unstructured("Subject", "one two three four five six seven eight nine "
	    "ten eleven twelve thirteen fourteen fifteen");
	assert_string_equal(text, "Subject: one two three four five six seven "
	    "eight nine ten eleven twelve\r\n thirteen fourteen fifteen\r\n");
	check_lines(78);
	proves("R5322-2.1.1-2");
}

static uint32_t
draw(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static void
test_field__unfolds_to_what_it_was(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 500; round++) {
		char value[600], back[sizeof(text)];
		size_t n = 0, size = draw(&seed) % 500, m = 0;

		/* words of ASCII with single spaces: nothing is encoded */
		while (n < size) {
			size_t length = 1 + draw(&seed) % (round % 7 == 0 ?
			    120 : 12);

			if (n > 0)
				value[n++] = ' ';
			while (length-- > 0 && n < sizeof(value) - 2)
				value[n++] = (char)('!' + draw(&seed) % 28);
		}
		value[n] = '\0';
		unstructured("X-Test", value);
		check_lines(998);
		for (char *p = text; *p != '\0'; p++)
			if (*p == '\r' && p[1] == '\n')
				p++;
			else
				back[m++] = *p;
		back[m] = '\0';
		assert_memory_equal(back, "X-Test:", 7);
		assert_string_equal(back + 7 + (n > 0), value);
	}
	proves("R5322-2.2.3-1");
}

static void
test_field__never_writes_a_line_too_long_or_blank(void **state)
{
	static const char *const units[] = { "a", " ", "\t", "é", "😀 ",
	    ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaa "), "  x" };

	(void)state;
	for (size_t i = 0; i < COUNT(units); i++)
		for (size_t n = 1; n < 2200; n += n < 110 ? 1 : 517) {
			char *value = malloc(n * strlen(units[i]) + 1);
			size_t size = 0;

			assert_non_null(value);
			for (size_t j = 0; j < n && size < 4000; j++) {
				memcpy(value + size, units[i],
				    strlen(units[i]));
				size += strlen(units[i]);
			}
			value[size] = '\0';
			unstructured("Subject", value);
			check_lines(998);
			free(value);
		}
	proves("R5322-2.1.1-1 R5322-3.2.2-1 R6532-3.4-1");
}

static void
test_field__keeps_long_plain_words_whole(void **state)
{
	char value[901];

	(void)state;
	memset(value, 'a', 900);
	value[900] = '\0';
	unstructured("Subject", value);
	assert_null(strstr(text, "=?"));
	check_lines(998);
	proves("R5322-2.1.1-1");
}

static const struct {
	const char *name, *want, *proves;
} names[] = {
	{ "Joe", "To: Joe\r\n", NULL },
	{ "Joe Public", "To: Joe Public\r\n", NULL },
	{ "Doe, John", "To: \"Doe, John\"\r\n", "R5322-3.4-1" },
	{ "A \"B\" \\C", "To: \"A \\\"B\\\" \\\\C\"\r\n", "R5322-3.4-1" },
	{ "J. Doe", "To: \"J. Doe\"\r\n", "R5322-3.4-1" },
	{ "a@b", "To: \"a@b\"\r\n", "R5322-3.4-1" },
	{ "a;b", "To: \"a;b\"\r\n", "R5322-3.4-1" },
	{ "a:b", "To: \"a:b\"\r\n", "R5322-3.4-1" },
	{ "a<b", "To: \"a<b\"\r\n", "R5322-3.4-1" },
	{ "(a)", "To: \"(a)\"\r\n", "R5322-3.4-2" },
	{ "a  b", "To: \"a  b\"\r\n", NULL },
	{ " a", "To: \" a\"\r\n", NULL },
	{ "a ", "To: \"a \"\r\n", NULL },
	{ "Müller, Jörg", "To: =?UTF-8?Q?M=C3=BCller=2C_J=C3=B6rg?=\r\n",
	    "R2047-5-4" },
	{ "=?UTF-8?Q?x?=", "To: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?=\r\n",
	    "R2047-5-6" },
};

static void
test_field__writes_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct smtp__field f;
		struct smtp__out out;

		begin(&f, &out, "To");
		smtp__field_phrase(&f, names[i].name, strlen(names[i].name));
		end(&f, &out);
		assert_string_equal(text, names[i].want);
		if (names[i].proves != NULL)
			proves(names[i].proves);
	}
}

static void
test_field__holds_long_names_within_lines(void **state)
{
	(void)state;
	for (size_t n = 1; n < 1500; n += n < 100 ? 1 : 100)
		for (int kind = 0; kind < 4; kind++) {
			struct smtp__field f;
			struct smtp__out out;
			char name[1600];

			for (size_t i = 0; i < n; i++)
				name[i] = "a, \"a b.bbbbbbbbbaaaaaaaa"
				    [kind == 0 ? 0 : kind == 1 ? i % 4 :
				    kind == 2 ? 3 + i % 4 :  3 + i % 18];
			begin(&f, &out, "To");
			smtp__field_phrase(&f, name, n);
			end(&f, &out);
			check_lines(998);
		}
	proves("R5322-2.1.1-1");
}

static void
test_field__folds_parameters_after_the_semicolon(void **state)
{
	static const char name[] =
	    "a quite long name of a file, to be sure.txt";
	struct smtp__field f;
	struct smtp__out out;

	(void)state;
	begin(&f, &out, "Content-Disposition");
	smtp__field_piece_text(&f, "attachment");
	smtp__field_param(&f, "filename", name, strlen(name));
	end(&f, &out);
	assert_string_equal(text, "Content-Disposition: attachment;\r\n"
	    " filename=\"a quite long name of a file, to be sure.txt\"\r\n");
	proves("R5322-2.2.3-2");
}

/* The semicolon that the next one begins with is in the line of the last. */
static void
test_field__folds_parameters_with_their_semicolon(void **state)
{
	static const char name[] = "0123456789012345678901234567890123456789"
	    "01234567890123456";

	(void)state;
	for (size_t n = 50; n < sizeof(name); n++) {
		struct smtp__field f;
		struct smtp__out out;

		begin(&f, &out, "X");
		smtp__field_piece_text(&f, "a/b");
		smtp__field_param(&f, "filename", name, n);
		smtp__field_param(&f, "b", "c", 1);
		end(&f, &out);
		check_lines(78);
	}
}

static void
test_field__stops_control_characters(void **state)
{
	static const char *const bad[] = { "a\rb", "a\nb", "a\r\n b", "\x01",
	    "a\x7F", "\x1B[0m" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		for (int how = 0; how < 4; how++) {
			struct smtp__field f;
			struct smtp__out out;

			smtp__out_init(&out, text, sizeof(text));
			smtp__out_text(&out, "X: y\r\n");
			smtp__field_begin(&f, &out, "Subject");
			if (how == 0)
				smtp__field_piece_text(&f, bad[i]);
			else if (how == 1)
				smtp__field_glue(&f, bad[i], strlen(bad[i]));
			else if (how == 2)
				smtp__field_param(&f, "x", bad[i],
				    strlen(bad[i]));
			else
				smtp__field_begin(&f, &out, bad[i]);
			assert_false(smtp__field_end(&f));
			assert_int_equal(how == 3 ? 6 + 8 : 6, out.n);
		}
	proves("R5322-2.2-2");
}

static void
test_field__says_what_is_wrong_with_a_text(void **state)
{
	(void)state;
	assert_null(smtp__field_fault("a\tb", 3, true));
	assert_non_null(smtp__field_fault("a\tb", 3, false));
	assert_string_equal(smtp__field_fault("a\nb", 3, true),
	    "has a line end; remove it");
	assert_string_equal(smtp__field_fault("a\tb\x01", 4, true),
	    "has a control character; remove it");
	assert_string_equal(smtp__field_fault("a\tb\xff", 4, true),
	    "is not valid UTF-8");
	assert_non_null(smtp__field_fault("a\0b", 3, true));
	assert_non_null(smtp__field_fault("\xC0\x8A", 2, true));
	assert_non_null(smtp__field_fault("\xED\xA0\x80", 3, true));
	assert_null(smtp__field_fault("\xC3\xA9", 2, true));
	proves("R5322-2.2-2 LIB-O-1");
}

static void
test_field__knows_names(void **state)
{
	static const char *const bad[] = { "", "X Foo", "X:Foo",
	    "S\303\274b", "X\r\nY", "X\t", "Subject ", "\x7F" };

	(void)state;
	assert_true(smtp__field_is_name("X-Foo", 5));
	assert_true(smtp__field_is_name("!#$%", 4));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(smtp__field_is_name(bad[i], strlen(bad[i])));
	proves("R5322-2.2-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_field__writes_unstructured_text),
		cmocka_unit_test(
		    test_field__counts_the_name_in_the_first_line),
		cmocka_unit_test(test_field__folds_before_white_space),
		cmocka_unit_test(test_field__unfolds_to_what_it_was),
		cmocka_unit_test(
		    test_field__never_writes_a_line_too_long_or_blank),
		cmocka_unit_test(test_field__keeps_long_plain_words_whole),
		cmocka_unit_test(test_field__writes_names),
		cmocka_unit_test(test_field__holds_long_names_within_lines),
		cmocka_unit_test(
		    test_field__folds_parameters_after_the_semicolon),
		cmocka_unit_test(
		    test_field__folds_parameters_with_their_semicolon),
		cmocka_unit_test(test_field__stops_control_characters),
		cmocka_unit_test(test_field__says_what_is_wrong_with_a_text),
		cmocka_unit_test(test_field__knows_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
