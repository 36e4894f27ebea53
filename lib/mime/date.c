/* SPDX-License-Identifier: MIT */
#include "mime/date.h"

#include "text/called.h"

enum { LENGTH = sizeof("Sat, 01 Jan 2000 00:00:00 -0000") - 1 };

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

SMTP__CALLED static bool
is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 16 == 0 || year % 25 != 0);
}

static unsigned
length(unsigned year, unsigned month)
{
	/* Long, short, long; and from August on again. */
	return month == 2 ? 28U + is_leap(year) :
	    30U + ((month ^ month >> 3) & 1);
}

/* 0 is Sunday. Months are counted from March, so that a leap day is last. */
static unsigned
weekday(unsigned year, unsigned month, unsigned day)
{
	static const unsigned char shift[] =
	    { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };

	if (month < 3)
		year--;
	return (year + year / 4 - year / 100 + year / 400 +
	    shift[month - 1] + day) % 7;
}

/* Returns where the next is, behind one octet. */
static char *
two(char *p, unsigned value)
{
	p[0] = (char)('0' + value / 10);
	p[1] = (char)('0' + value % 10);
	return p + 3;
}

static bool
in_range(const struct smtp__date *d)
{
	return d->year >= 1900 && d->year <= 9999 && d->month >= 1 &&
	    d->month <= 12 && d->day >= 1 && d->day <= (int)length(
	    (unsigned)d->year, (unsigned)d->month) && d->hour >= 0 &&
	    d->hour <= 23 && d->minute >= 0 && d->minute <= 59 &&
	    d->second >= 0 && d->second <= 60 &&
	    (d->zone_minutes == SMTP__ZONE_UNKNOWN ||
	    (d->zone_minutes > -6000 && d->zone_minutes < 6000));
}

/* In an unknown zone. */
static void
put_date(char text[LENGTH], const struct smtp__date *d, unsigned day)
{
	char *p;

	memcpy(text, "Sat, 01 Jan 2000 00:00:00 -0000", LENGTH);
	memcpy(text, days + 3 * day, 3);
	p = two(text + 5, (unsigned)d->day);
	memcpy(p, months + 3 * (d->month - 1), 3);
	two(text + 12, (unsigned)d->year / 100);
	p = two(text + 14, (unsigned)d->year % 100);
	p = two(p, (unsigned)d->hour);
	p = two(p, (unsigned)d->minute);
	two(p, (unsigned)d->second);
}

bool
smtp__date_write(struct smtp__out *out, const struct smtp__date *d)
{
	int zone = d->zone_minutes;
	char text[LENGTH];

	if (!in_range(d))
		return false;
	put_date(text, d, weekday((unsigned)d->year, (unsigned)d->month,
	    (unsigned)d->day));
	if (zone != SMTP__ZONE_UNKNOWN) {
		unsigned minutes = (unsigned)(zone < 0 ? -zone : zone);

		text[26] = zone < 0 ? '-' : '+';
		two(text + 27, minutes / 60);
		two(text + 29, minutes % 60);
	}
	smtp__out_add(out, text, LENGTH);
	return true;
}

/* By whole spans of 400 years (146097 days), from 1600. Returns the weekday. */
static unsigned
from_1600(struct smtp__date *d, uint64_t seconds)
{
	unsigned day = (unsigned)(seconds / 86400);
	unsigned rest = (unsigned)(seconds % 86400);
	unsigned year, month = 1, weekday = (day + 6) % 7;

	d->second = (int)(rest % 60);
	rest /= 60;
	d->minute = (int)(rest % 60);
	d->hour = (int)(rest / 60);
	year = 1600 + day / 146097 * 400;
	day %= 146097;
	while (day >= 365U + is_leap(year))
		day -= 365U + is_leap(year++);
	for (; day >= length(year, month); month++)
		day -= length(year, month);
	d->year = (int)year;
	d->month = (int)month;
	d->day = (int)day + 1;
	return weekday;
}

/* Seconds since 1600; the years 1900 to 9999, with a margin for a zone. */
#define SINCE_1600(seconds) (UINT64_C(11676096000) + (uint64_t)(seconds))
#define FIRST SINCE_1600(INT64_C(-2208988800) + 360000)
#define LAST  SINCE_1600(INT64_C(253402300799) - 360000)

bool
smtp__date_from_epoch(struct smtp__date *d, int64_t seconds, int zone_minutes)
{
	uint64_t since = SINCE_1600(seconds);

	if (since - FIRST > LAST - FIRST)
		return false;
	d->zone_minutes = zone_minutes;
	if (zone_minutes != SMTP__ZONE_UNKNOWN) {
		if (zone_minutes <= -6000 || zone_minutes >= 6000)
			return false;
		since += (uint64_t)((int64_t)zone_minutes * 60);
	}
	from_1600(d, since);
	return true;
}

SMTP__CALLED bool
smtp__date_write_epoch(struct smtp__out *out, int64_t seconds)
{
	uint64_t since = SINCE_1600(seconds);
	char text[LENGTH];
	struct smtp__date d;
	unsigned day;

	if (since - FIRST > LAST - FIRST)
		return false;
	day = from_1600(&d, since);
	put_date(text, &d, day);
	smtp__out_add(out, text, LENGTH);
	return true;
}
