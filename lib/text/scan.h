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

#endif
