/* SPDX-License-Identifier: MIT */
/* Looking for the end of a line, many octets at a time. */
#ifndef SMTP__SCAN_H
#define SMTP__SCAN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How many of the `n` octets at `p` stand before the first CR or LF, or, if
 * `high` is set, before the first octet above 127. All of them: there is none.
 */
size_t
smtp__scan_line(const char *p, size_t n, bool high);

/*
 * The same, and they are copied to `out`. What is behind them there, up to
 * `n`, may be written to.
 */
size_t
smtp__scan_copy(char *out, const char *p, size_t n, bool high);

/*
 * Copy as much as is certain to need nothing, in blocks of many octets: lines
 * of up to `max` that end with CRLF, none of which begins with a dot, though
 * the first octet may be one; and no octet above 127 if `high` is set. 0 is an
 * answer, and the only one where the processor is not known to be fast at it.
 * Never stops between CR and LF. `*column` is the octets of the line before
 * `p`, and then of that before what comes next.
 */
size_t
smtp__scan_blocks(char *out, const char *p, size_t n, size_t max, bool high,
    size_t *column);

#endif
