/* SPDX-License-Identifier: MIT */
/*
 * Eight octets at a time.
 *
 * Sources:
 * Also: -funsigned-char
 */
#include "proof.h"

#include "text/ascii.h"
#include "text/plain.h"

/* Said once more, one octet at a time and by its number. */
static bool
plain(char c)
{
	unsigned char o = (unsigned char)c;

	return o >= 32 && o <= 126;
}

/*
 * The word says what its octets do.
 *
 * Proves: smtp__not_plain
 * Bounds: none, all words
 * Wraps: smtp__not_plain
 * Unwind: 9
 */
void
proof_word(void)
{
	char *p = any_octets(8);
	bool all = true;

	for (int i = 0; i < 8; i++)
		all = all && plain(p[i]);
	HOLDS((smtp__not_plain(p) == 0) == all);
	REACHES(all);
	REACHES(!all);
}

/*
 * So does a text.
 *
 * Proves: smtp__is_plain
 * Bounds: up to 11 octets (19): a word, and each length of the rest
 * Wraps: smtp__not_plain
 * Unwind: 12, 20
 */
void
proof_text(void)
{
	size_t n = up_to(BOUND(11, 19));
	char *p = any_octets(n);
	bool all = true;

	for (size_t i = 0; i < n; i++)
		all = all && plain(p[i]);
	HOLDS(smtp__is_plain(p, n) == all);
	REACHES(all && n > 10);
	REACHES(!all && n == 7);
}
