/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "mime/date.h"

static const struct {
	int64_t seconds;
	int zone;
	const char *want, *proves;
} rows[] = {
	{ 880127706, -360, "Fri, 21 Nov 1997 09:55:06 -0600",
	    "R5322-3.3-1" },
	{ 0, 0, "Thu, 01 Jan 1970 00:00:00 +0000", "R5322-3.3-1" },
	{ 951782400, 0, "Tue, 29 Feb 2000 00:00:00 +0000", "R5322-3.3-1" },
	{ 1709208000, 330, "Thu, 29 Feb 2024 17:30:00 +0530",
	    "R5322-3.3-1" },
	{ 1709208000, -210, "Thu, 29 Feb 2024 08:30:00 -0330",
	    "R5322-3.3-1" },
	{ 1709208000, 765, "Fri, 01 Mar 2024 00:45:00 +1245",
	    "R5322-3.3-2" },
	{ 2147483648, 0, "Tue, 19 Jan 2038 03:14:08 +0000", "LIB-L-2" },
	{ 4102444800, 0, "Fri, 01 Jan 2100 00:00:00 +0000", "LIB-L-2" },
	{ 4107542399, 0, "Sun, 28 Feb 2100 23:59:59 +0000", "LIB-L-2" },
	{ 4107542400, 0, "Mon, 01 Mar 2100 00:00:00 +0000", "LIB-L-2" },
	{ -1, 0, "Wed, 31 Dec 1969 23:59:59 +0000", NULL },
	{ -1, 60, "Thu, 01 Jan 1970 00:59:59 +0100", NULL },
	{ -2208600000, 0, "Fri, 05 Jan 1900 12:00:00 +0000", NULL },
	{ 253401900000, 0, "Mon, 27 Dec 9999 08:40:00 +0000", NULL },
	{ 1709208000, SMTP__ZONE_UNKNOWN, "Thu, 29 Feb 2024 12:00:00 -0000",
	    "R5322-3.3-3" },
	{ 1709208000, -30, "Thu, 29 Feb 2024 11:30:00 -0030", NULL },
	{ INT64_MAX, 0, NULL, NULL },
	{ INT64_MIN, 0, NULL, NULL },
	{ 253402300800, 0, NULL, NULL },
	{ 0, 6000, NULL, NULL },
	{ 0, -6000, NULL, NULL },
};

static void
test_date__writes_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__date date;
		struct smtp__out out;
		char text[40];
		bool good = smtp__date_from_epoch(&date, rows[i].seconds,
		    rows[i].zone);

		assert_int_equal(good, rows[i].want != NULL);
		if (!good)
			continue;
		smtp__out_init(&out, text, sizeof(text) - 1);
		assert_true(smtp__date_write(&out, &date));
		smtp__out_end(&out);
		assert_string_equal(text, rows[i].want);
		if (rows[i].proves != NULL)
			proves(rows[i].proves);
	}
}

/* The same in one go, where the zone is not known. */
static void
test_date__writes_seconds_at_once(void **state)
{
	unsigned written = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__out out;
		char text[40];

		if (rows[i].zone != (rows[i].want == NULL ? 0 :
		    SMTP__ZONE_UNKNOWN))
			continue;
		smtp__out_init(&out, text, sizeof(text) - 1);
		assert_int_equal(smtp__date_write_epoch(&out,
		    rows[i].seconds), rows[i].want != NULL);
		smtp__out_end(&out);
		assert_string_equal(text, rows[i].want != NULL ?
		    rows[i].want : "");
		written += rows[i].want != NULL;
	}
	assert_true(written > 0);
}

static void
test_date__writes_broken_down_time(void **state)
{
	static const struct {
		struct smtp__date date;
		const char *want;
	} times[] = {
		{ { 1997, 11, 21, 9, 55, 6, -360 },
		    "Fri, 21 Nov 1997 09:55:06 -0600" },
		{ { 2016, 12, 31, 23, 59, 60, 0 },
		    "Sat, 31 Dec 2016 23:59:60 +0000" },
		{ { 2000, 2, 29, 0, 0, 0, 0 },
		    "Tue, 29 Feb 2000 00:00:00 +0000" },
		{ { 1900, 2, 29, 0, 0, 0, 0 }, NULL },
		{ { 2023, 2, 29, 0, 0, 0, 0 }, NULL },
		{ { 2023, 13, 1, 0, 0, 0, 0 }, NULL },
		{ { 2023, 0, 1, 0, 0, 0, 0 }, NULL },
		{ { 2023, 4, 31, 0, 0, 0, 0 }, NULL },
		{ { 2023, 4, 0, 0, 0, 0, 0 }, NULL },
		{ { 2023, 4, 1, -1, 0, 0, 0 }, NULL },
		{ { 2023, 4, 1, 24, 0, 0, 0 }, NULL },
		{ { 2023, 4, 1, 0, -1, 0, 0 }, NULL },
		{ { 2023, 4, 1, 0, 60, 0, 0 }, NULL },
		{ { 2023, 4, 1, 0, 0, 61, 0 }, NULL },
		{ { 2023, 4, 1, 0, 0, -1, 0 }, NULL },
		{ { 2023, 4, 1, 0, 0, 0, 5999 },
		    "Sat, 01 Apr 2023 00:00:00 +9959" },
		{ { 2023, 4, 1, 0, 0, 0, -5999 },
		    "Sat, 01 Apr 2023 00:00:00 -9959" },
		{ { 2023, 4, 1, 0, 0, 0, 6000 }, NULL },
		{ { 2023, 4, 1, 0, 0, 0, -6000 }, NULL },
		{ { 99, 4, 1, 0, 0, 0, 0 }, NULL },
		{ { 10000, 4, 1, 0, 0, 0, 0 }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct smtp__out out;
		char text[40];

		smtp__out_init(&out, text, sizeof(text) - 1);
		assert_int_equal(smtp__date_write(&out, &times[i].date),
		    times[i].want != NULL);
		smtp__out_end(&out);
		assert_string_equal(text, times[i].want != NULL ?
		    times[i].want : "");
	}
	proves("R5322-3.3-1");
}

/* Each day of 500 years, counted up by hand. */
static void
test_date__counts_days_without_a_gap(void **state)
{
	static const int lengths[] =
	    { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = 1970, month = 1, day = 1;

	(void)state;
	for (int64_t n = 0; year < 2470; n++) {
		bool leap = (year % 4 == 0 && year % 100 != 0) ||
		    year % 400 == 0;
		struct smtp__date date;

		assert_true(smtp__date_from_epoch(&date, n * 86400 + 43200,
		    0));
		assert_true(date.year == year && date.month == month &&
		    date.day == day && date.hour == 12);
		if (++day > lengths[month - 1] + (month == 2 && leap)) {
			day = 1;
			if (++month > 12) {
				month = 1;
				year++;
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_date__writes_the_vectors),
		cmocka_unit_test(test_date__writes_seconds_at_once),
		cmocka_unit_test(test_date__writes_broken_down_time),
		cmocka_unit_test(test_date__counts_days_without_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
