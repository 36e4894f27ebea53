/* SPDX-License-Identifier: MIT */
/*
 * The end of a line, looked for by the word.
 *
 * Sources: lib/text/scan.c lib/text/scan_avx2.c
 */
#include "proof.h"

#include "text/scan.h"

static bool
stops(char c, bool high)
{
	return c == '\r' || c == '\n' || (high && (unsigned char)c > 127);
}

/*
 * The first octet that stops it, or the end.
 *
 * Proves: smtp__scan_line
 * Bounds: up to 20 octets (40): a block and what is left of one
 * Unwind: 21, 41
 */
void
proof_line(void)
{
	size_t n = up_to(BOUND(20, 40)), i, k = any_size();
	const char *p = any_octets(n);
	bool high = any_bool();

	i = smtp__scan_line(p, n, high);
	HOLDS(i <= n);
	HOLDS(i == n || stops(p[i], high));
	if (k < i)
		HOLDS(!stops(p[k], high));
	REACHES(i == 7 && n == 20);
	REACHES(i == n && n > 17);
}
