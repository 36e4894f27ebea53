/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "text/ascii.h"
#include "text/bytes.h"
#include "text/clean.h"
#include "text/out.h"
#include "text/plain.h"

static void
test_out__appends_all_or_nothing(void **state)
{
	(void)state;
	for (size_t cap = 0; cap < 12; cap++) {
		char *p = malloc(cap > 0 ? cap : 1);
		struct smtp__out out;

		assert_non_null(p);
		smtp__out_init(&out, p, cap);
		smtp__out_text(&out, "hello");
		smtp__out_octet(&out, ' ');
		smtp__out_add(&out, "world", 5);
		assert_int_equal(out.over, cap < 11);
		assert_int_equal(out.n, cap < 5 ? 0 : cap < 6 ? 5 :
		    cap < 11 ? 6 : 11);
		assert_memory_equal(out.p, "hello world", out.n);
		free(p);
	}
}

static void
test_out__writes_nothing_after_an_overflow(void **state)
{
	char p[4];
	struct smtp__out out;

	(void)state;
	smtp__out_init(&out, p, sizeof(p));
	smtp__out_text(&out, "abcdef");
	smtp__out_octet(&out, 'x');
	assert_true(out.over);
	assert_int_equal(out.n, 0);
}

static void
test_out__writes_decimal_numbers(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} rows[] = {
		{ 0, "0" }, { 7, "7" }, { 10, "10" }, { 99, "99" },
		{ 100, "100" }, { 65535, "65535" },
		{ 4294967296u, "4294967296" },
		{ UINT64_C(10000000000000000000), "10000000000000000000" },
		{ UINT64_MAX, "18446744073709551615" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char p[20];
		struct smtp__out out;

		smtp__out_init(&out, p, sizeof(p));
		smtp__out_number(&out, rows[i].value);
		assert_false(out.over);
		assert_int_equal(out.n, strlen(rows[i].text));
		assert_memory_equal(p, rows[i].text, out.n);
	}
}

static bool
grow(struct smtp__out *out, size_t more)
{
	static char big[64];

	if (more > sizeof(big) - out->n)
		return false;
	memcpy(big, out->p, out->n);
	out->p = big;
	out->cap = sizeof(big);
	return true;
}

static void
test_out__asks_for_more_room(void **state)
{
	char p[2];
	struct smtp__out out;

	(void)state;
	smtp__out_init(&out, p, sizeof(p));
	out.grow = grow;
	smtp__out_hex(&out, 0xA7);
	smtp__out_text(&out, " and more");
	smtp__out_end(&out);
	assert_false(out.over);
	assert_string_equal(out.p, "A7 and more");
}

static void
test_ascii__classes_do_not_overlap_by_locale(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		char c = (char)(unsigned char)i;
		bool letter = (i >= 65 && i <= 90) || (i >= 97 && i <= 122);
		bool token = i > 32 && i < 127 &&
		    strchr("()<>@,;:\\\"/[]?=", i) == NULL;
		bool atext = letter || (i >= 48 && i <= 57) || (i > 32 &&
		    i < 127 && strchr("!#$%&'*+-/=?^_`{|}~", i) != NULL);

		assert_int_equal(smtp__is_alpha(c), letter);
		assert_int_equal(smtp__is_digit(c), i >= 48 && i <= 57);
		assert_int_equal(smtp__is_control(c), i < 32 || i == 127);
		assert_int_equal(smtp__is_high(c), i > 127);
		assert_int_equal(smtp__is_graph(c), i > 32 && i < 127);
		assert_int_equal(smtp__is_token(c), token);
		assert_int_equal(smtp__is_atext(c), atext);
	}
}

static void
test_ascii__compares_without_case(void **state)
{
	(void)state;
	assert_true(smtp__same_text("EHLO", 4, "ehlo"));
	assert_false(smtp__same_text("EHLO", 4, "ehlo "));
	assert_false(smtp__same_text("[", 1, "{"));
	assert_false(smtp__same_text("\xC4", 1, "\xE4"));
	assert_true(smtp__same("", 0, "", 0));
	assert_true(smtp__bytes_equal(smtp__bytes_of("a"),
	    smtp__bytes("ab", 1)));
	assert_false(smtp__bytes_equal(smtp__bytes_of("a"),
	    smtp__bytes_of("A")));
	assert_true(smtp__bytes_equal(smtp__bytes_of(NULL),
	    smtp__bytes_of("")));
}

/* Eight octets at a time, and what is left; high octets are not plain. */
static void
test_plain__sees_each_octet_at_each_place(void **state)
{
	(void)state;
	for (size_t n = 0; n < 20; n++) {
		char *p = malloc(n + (n == 0));

		memset(p, 'a', n);
		assert_true(smtp__is_plain(p, n));
		for (size_t i = 0; i < n; i++)
			for (int c = 0; c < 256; c++) {
				p[i] = (char)c;
				if (smtp__is_plain(p, n) !=
				    (c >= 32 && c < 127))
					fail_msg("%d at %zu of %zu", c, i, n);
				p[i] = 'a';
			}
		free(p);
	}
}

/* The NUL behind the text is no part of it, and not where there is no room. */
static void
test_out__ends_where_there_is_room(void **state)
{
	char p[4] = "xxxx";
	struct smtp__out out;

	(void)state;
	smtp__out_init(&out, p, 3);
	smtp__out_text(&out, "ab");
	smtp__out_end(&out);
	assert_memory_equal(p, "ab\0x", 4);
	assert_int_equal(out.n, 2);
	p[2] = 'x';
	smtp__out_octet(&out, 'c');
	smtp__out_end(&out);
	assert_memory_equal(p, "abcx", 4);
	assert_true(out.over);
}

static void
test_out__writes_octets_as_digits(void **state)
{
	char p[8];
	struct smtp__out out;

	(void)state;
	smtp__out_init(&out, p, sizeof(p));
	smtp__out_hex(&out, 0x00);
	smtp__out_hex(&out, 0x9A);
	smtp__out_hex(&out, 0xFF);
	assert_int_equal(out.n, 6);
	assert_memory_equal(p, "009AFF", 6);
}

static void
test_clean__measures_what_is_within_bounds(void **state)
{
	static const struct {
		const char *text;
		unsigned least, most;
		size_t n;
	} rows[] = {
		{ "", ' ', 255, 0 }, { "a b", ' ', 255, 3 },
		{ "a b", '!', '~', 0 }, { "!~", '!', '~', 2 },
		{ "a\x1F", ' ', 255, 0 }, { "a\x7F", ' ', 255, 0 },
		{ "a\x7E\x80\xFF", ' ', 255, 4 },
		{ "a\x80", ' ', '~', 0 }, { "a\x7F", ' ', '~', 0 },
		{ "b", 'b', 'b', 1 }, { "a", 'b', 'b', 0 },
		{ "c", 'b', 'b', 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(smtp__clean(rows[i].text, rows[i].least,
		    rows[i].most), rows[i].n);
}

static void
test_bytes__are_equal_by_length_and_content(void **state)
{
	struct smtp__bytes none = smtp__bytes_of(NULL);

	(void)state;
	assert_int_equal(none.n, 0);
	assert_true(smtp__bytes_equal(none, smtp__bytes_of("")));
	assert_true(smtp__bytes_equal(smtp__bytes_of("ab"),
	    smtp__bytes("abc", 2)));
	assert_false(smtp__bytes_equal(smtp__bytes_of("ab"),
	    smtp__bytes_of("abc")));
	assert_false(smtp__bytes_equal(smtp__bytes_of("ab"),
	    smtp__bytes_of("ac")));
	assert_false(smtp__bytes_equal(none, smtp__bytes_of("a")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out__appends_all_or_nothing),
		cmocka_unit_test(test_out__writes_nothing_after_an_overflow),
		cmocka_unit_test(test_out__writes_decimal_numbers),
		cmocka_unit_test(test_out__asks_for_more_room),
		cmocka_unit_test(test_plain__sees_each_octet_at_each_place),
		cmocka_unit_test(test_out__ends_where_there_is_room),
		cmocka_unit_test(test_out__writes_octets_as_digits),
		cmocka_unit_test(test_clean__measures_what_is_within_bounds),
		cmocka_unit_test(test_bytes__are_equal_by_length_and_content),
		cmocka_unit_test(test_ascii__classes_do_not_overlap_by_locale),
		cmocka_unit_test(test_ascii__compares_without_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
