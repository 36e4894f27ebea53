/* SPDX-License-Identifier: MIT */
/*
 * Date and time as RFC 5322 section 3.3 writes them. No locale, no clock, no
 * library call; right for all years of four digits.
 */
#ifndef SMTP__DATE_H
#define SMTP__DATE_H

#include <stdbool.h>

#include "text/out.h"

/* The zone when only UTC is known: written -0000 (section 3.3). */
#define SMTP__ZONE_UNKNOWN INT16_MIN

/* Local time, for a device that keeps it in this form. */
struct smtp__date {
	int year, month, day;            /* month 1 to 12, day 1 to 31 */
	int hour, minute, second;        /* second up to 60            */
	int zone_minutes;                /* east of UTC                */
};

/* False: no such date, or a year that has not four digits. */
bool
smtp__date_write(struct smtp__out *out, const struct smtp__date *date);

/* From seconds since 1970, UTC. Divides. False: out of range. */
bool
smtp__date_from_epoch(struct smtp__date *date, int64_t seconds,
    int zone_minutes);

/* Both, with the zone unknown; and nothing is kept. */
bool
smtp__date_write_epoch(struct smtp__out *out, int64_t seconds);

#endif
