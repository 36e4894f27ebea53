/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "codec/param.h"
#include "text/ascii.h"

static void
encode(const char *name, const char *value, char *out)
{
	struct smtp__param a;
	char piece[SMTP__PARAM_MAX];
	size_t n = 0, size;

	smtp__param_init(&a, name, value, strlen(value));
	while ((size = smtp__param_next(&a, piece)) > 0) {
		assert_in_range(size, 1, SMTP__PARAM_MAX);
		if (n > 0) {
			out[n++] = ';';
			out[n++] = ' ';
		}
		memcpy(out + n, piece, size);
		n += size;
	}
	out[n] = '\0';
}

static const struct {
	const char *name, *value, *want, *proves;
} rows[] = {
	{ "filename", "a.txt", "filename=a.txt", "R2183-2-2" },
	{ "filename", "a b(1).txt", "filename=\"a b(1).txt\"", "R2183-2-2" },
	{ "filename", "a\"b\\c.txt", "filename=\"a\\\"b\\\\c.txt\"",
	    "R2183-2-2" },
	{ "name", "a\"b.txt", "name=\"a\\\"b.txt\"", "R2045-5-1" },
	{ "charset", "utf-8", "charset=utf-8", "R2045-5-1" },
	{ "boundary", "a b", "boundary=\"a b\"", "R2045-5-1" },
	{ "boundary", "=_1_x", "boundary=\"=_1_x\"", "R2045-5-1" },
	{ "x", "", "x=\"\"", NULL },
	{ "filename", "it's", "filename=\"it's\"", NULL },
	{ "filename", "100%", "filename=\"100%\"", NULL },
	{ "filename", "a*b", "filename=\"a*b\"", NULL },
	{ "filename", "=?UTF-8?Q?x?=",
	    "filename*=UTF-8''%3D%3FUTF-8%3FQ%3Fx%3F%3D", "R2047-5-1" },
	{ "filename", "résumé €.pdf",
	    "filename*=UTF-8''r%C3%A9sum%C3%A9%20%E2%82%AC.pdf",
	    "R2231-4-1" },
	{ "title", "é'*%.txt", "title*=UTF-8''%C3%A9%27%2A%25.txt",
	    "R2231-4-1" },
	{ "title", "é()<>@,;:\\\"/[]?=", "title*=UTF-8''%C3%A9%28%29%3C%3E"
	    "%40%2C%3B%3A%5C%22%2F%5B%5D%3F%3D", "R2231-4-1" },
	{ "filename", "Überlänge xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxx.txt",
	    "filename*0*=UTF-8''%C3%9Cberl%C3%A4nge%20xxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxx; "
	    "filename*1*=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.txt",
	    "R2231-3-1 R2231-4.1-1" },
};

/* Octets that are no UTF-8 are not looked for, but they end somewhere. */
static void
test_param__takes_octets_one_by_one(void **state)
{
	static char value[101];
	char out[1000];

	(void)state;
	memset(value, 0xFF, 100);
	encode("name", value, out);
	assert_memory_equal(out, "name*0*=UTF-8''%FF%FF", 21);
	assert_non_null(strstr(out, "%FF; name*1*=%FF"));
	assert_memory_equal(out + strlen(out) - 3, "%FF", 4);
	assert_int_equal(strlen(out) > 300 && strlen(out) < 400, 1);
	/* One in a piece that has room for no other. */
	for (size_t n = 1; n < 100; n++) {
		size_t count = 0;

		value[n] = '\0';
		value[n - 1] = (char)0xFF;
		memset(value, 'a', n - 1);
		value[0] = (char)0xFF;
		encode("name", value, out);
		for (const char *p = out; (p = strstr(p, "%FF")) != NULL; p++)
			count++;
		assert_int_equal(count, n > 1 ? 2 : 1);
		value[n] = (char)0xFF;
	}
}

/* What fits into one piece is in one; one octet more, and it is split. */
static void
test_param__splits_what_does_not_fit_alone(void **state)
{
	static const struct {
		const char *first;       /* of the value, then letters    */
		const char *before, *behind;
	} kinds[] = {
		{ "a", "x=a", "" }, { " ", "x=\" ", "\"" },
		{ "\"", "x=\"\\\"", "\"" },
		{ "\xC3\xA9", "x*=UTF-8''%C3%A9", "" },
	};
	char value[SMTP__PARAM_MAX + 10], want[SMTP__PARAM_MAX + 40];
	char out[1000];

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (size_t n = 0; n < SMTP__PARAM_MAX; n++) {
			size_t whole = strlen(kinds[i].before) + n +
			    strlen(kinds[i].behind);

			(void)snprintf(value, sizeof value, "%s%0*d",
			    kinds[i].first, (int)n, 0);
			value[strlen(kinds[i].first) + n] = '\0';
			(void)snprintf(want, sizeof want, "%s%s%s",
			    kinds[i].before, value + strlen(kinds[i].first),
			    kinds[i].behind);
			assert_int_equal(strlen(want), whole);
			encode("x", value, out);
			if ((strcmp(out, want) == 0) !=
			    (whole <= SMTP__PARAM_MAX))
				fail_msg("%zu %zu: %s", i, n, out);
			if (whole > SMTP__PARAM_MAX)
				assert_memory_equal(out, "x*0", 3);
		}
}

static void
test_param__encodes_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[400];

		encode(rows[i].name, rows[i].value, out);
		assert_string_equal(out, rows[i].want);
		if (rows[i].proves != NULL)
			proves(rows[i].proves);
	}
}

/* Put together what the pieces say, and look at how they are numbered. */
static void
check(const char *value, bool want_split)
{
	struct smtp__param a;
	char piece[SMTP__PARAM_MAX + 1], back[6000];
	size_t size, n = 0;
	unsigned count = 0;

	smtp__param_init(&a, "filename", value, strlen(value));
	while ((size = smtp__param_next(&a, piece)) > 0) {
		char start[32];
		char *p = piece;
		bool coded = false;

		piece[size] = '\0';
		snprintf(start, sizeof(start), "filename*%u", count);
		if (want_split) {
			assert_memory_equal(piece, start, strlen(start));
			p += strlen(start);
		} else {
			p += strlen("filename");
		}
		if (*p == '*') {
			coded = true;
			p++;
		}
		assert_int_equal(*p++, '=');
		if (coded && count == 0) {
			assert_memory_equal(p, "UTF-8''", 7);
			p += 7;
		}
		count++;
		if (*p == '"') {
			assert_int_equal(piece[size - 1], '"');
			piece[size - 1] = '\0';
			p++;
		}
		for (; *p != '\0'; p++) {
			if (coded && *p == '%') {
				assert_true(p[1] != '\0' && p[2] != '\0');
				back[n++] = (char)(smtp__hex_value(p[1]) * 16 +
				    smtp__hex_value(p[2]));
				p += 2;
			} else {
				p += !coded && *p == '\\';
				back[n++] = *p;
			}
		}
	}
	back[n] = '\0';
	assert_string_equal(back, value);
	assert_int_equal(count > 1, want_split);
}

static void
test_param__splits_long_values(void **state)
{
	char value[5000];

	(void)state;
	for (size_t n = 0; n < 3000; n += n < 200 ? 1 : 397) {
		memset(value, 'v', n);
		value[n] = '\0';
		check(value, n > 67);
		for (size_t i = 0; i < n; i++)
			value[i] = "\"\\ x"[i % 4];
		check(value, n > 0 && 11 + n + n / 4 * 2 +
		    (n % 4 > 1 ? 2 : n % 4) > 76);
	}
	proves("R2231-3-2");
}

static void
test_param__never_splits_a_character(void **state)
{
	(void)state;
	for (size_t n = 1; n < 300; n++) {
		char value[1000] = "";

		for (size_t i = 0; i < n; i++)
			memcpy(value + 3 * i, "\xE2\x82\xAC", 4);
		check(value, 10 + 7 + 9 * n > 76);
	}
	proves("R2231-3-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_param__splits_what_does_not_fit_alone),
		cmocka_unit_test(test_param__encodes_the_vectors),
		cmocka_unit_test(test_param__takes_octets_one_by_one),
		cmocka_unit_test(test_param__splits_long_values),
		cmocka_unit_test(test_param__never_splits_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
