/* SPDX-License-Identifier: MIT */
#include "mime/date.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
length(int year, int month)
{
	static const signed char lengths[] =
	    { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return lengths[month - 1] + (month == 2 && is_leap(year));
}

/* 0 is Sunday. Months are counted from March, so that a leap day is last. */
static int
weekday(int year, int month, int day)
{
	static const signed char shift[] =
	    { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };

	if (month < 3)
		year--;
	return (year + year / 4 - year / 100 + year / 400 +
	    shift[month - 1] + day) % 7;
}

static void
two(struct smtp__out *out, int value)
{
	smtp__out_octet(out, (char)('0' + value / 10));
	smtp__out_octet(out, (char)('0' + value % 10));
}

static bool
in_range(const struct smtp__date *d)
{
	return d->year >= 1900 && d->year <= 9999 && d->month >= 1 &&
	    d->month <= 12 && d->day >= 1 &&
	    d->day <= length(d->year, d->month) && d->hour >= 0 &&
	    d->hour <= 23 && d->minute >= 0 && d->minute <= 59 &&
	    d->second >= 0 && d->second <= 60 &&
	    (d->zone_minutes == SMTP__ZONE_UNKNOWN ||
	    (d->zone_minutes > -6000 && d->zone_minutes < 6000));
}

bool
smtp__date_write(struct smtp__out *out, const struct smtp__date *d)
{
	int zone = d->zone_minutes;

	if (!in_range(d))
		return false;
	smtp__out_add(out, days + 3 * weekday(d->year, d->month, d->day), 3);
	smtp__out_add(out, ", ", 2);
	two(out, d->day);
	smtp__out_octet(out, ' ');
	smtp__out_add(out, months + 3 * (d->month - 1), 3);
	smtp__out_octet(out, ' ');
	two(out, d->year / 100);
	two(out, d->year % 100);
	smtp__out_octet(out, ' ');
	two(out, d->hour);
	smtp__out_octet(out, ':');
	two(out, d->minute);
	smtp__out_octet(out, ':');
	two(out, d->second);
	smtp__out_add(out, zone < 0 ? " -" : " +", 2);
	if (zone == SMTP__ZONE_UNKNOWN)
		zone = 0;
	if (zone < 0)
		zone = -zone;
	two(out, zone / 60);
	two(out, zone % 60);
	return true;
}

bool
smtp__date_from_epoch(struct smtp__date *d, int64_t seconds, int zone_minutes)
{
	int64_t local, day;
	int rest;

	/* Years 1900 to 9999, with a margin for the zone. */
	if (seconds < INT64_C(-2208988800) + 360000 ||
	    seconds > INT64_C(253402300799) - 360000 ||
	    (zone_minutes != SMTP__ZONE_UNKNOWN &&
	    (zone_minutes <= -6000 || zone_minutes >= 6000)))
		return false;
	local = seconds;
	if (zone_minutes != SMTP__ZONE_UNKNOWN)
		local += (int64_t)zone_minutes * 60;
	day = local / 86400;
	rest = (int)(local % 86400);
	if (rest < 0) {
		rest += 86400;
		day--;
	}
	d->hour = rest / 3600;
	d->minute = rest / 60 % 60;
	d->second = rest % 60;
	d->zone_minutes = zone_minutes;
	/* By whole spans of 400 years (146097 days), counted from 1600. */
	day += 135140;
	d->year = 1600 + (int)(day / 146097) * 400;
	day %= 146097;
	while (day >= 365 + is_leap(d->year))
		day -= 365 + is_leap(d->year++);
	for (d->month = 1; day >= length(d->year, d->month); d->month++)
		day -= length(d->year, d->month);
	d->day = (int)day + 1;
	return true;
}
