/* SPDX-License-Identifier: MIT */
/*
 * What an octet is, and texts compared.
 *
 * Sources: lib/text/clean.c
 * Also: -funsigned-char
 */
#include "proof.h"

#include "text/ascii.h"
#include "text/bytes.h"
#include "text/clean.h"

/*
 * The classes are those of their words, for each of the 256 octets.
 *
 * Proves: smtp__is_in smtp__is_digit smtp__is_alpha smtp__is_alnum
 *   smtp__is_ldh smtp__is_blank smtp__is_control smtp__is_high smtp__is_graph
 *   smtp__is_atext smtp__is_token smtp__lower smtp__hex_value
 * Bounds: none, all octets
 * Unwind: 24
 */
void
proof_classes(void)
{
	char c = any_char();
	unsigned o = (unsigned char)c;
	bool digit = o >= 48 && o <= 57;
	bool alpha = (o >= 65 && o <= 90) || (o >= 97 && o <= 122);
	int value = smtp__hex_value(c);

	HOLDS(smtp__is_digit(c) == digit);
	HOLDS(smtp__is_alpha(c) == alpha);
	HOLDS(smtp__is_alnum(c) == (digit || alpha));
	HOLDS(smtp__is_ldh(c) == (digit || alpha || o == 45));
	HOLDS(smtp__is_blank(c) == (o == 32 || o == 9));
	HOLDS(smtp__is_control(c) == (o < 32 || o == 127));
	HOLDS(smtp__is_high(c) == (o > 127));
	HOLDS(smtp__is_graph(c) == (o > 32 && o < 127));
	HOLDS(!smtp__is_atext(c) || smtp__is_graph(c));
	HOLDS(!smtp__is_token(c) || smtp__is_graph(c));
	HOLDS(!smtp__is_alnum(c) || (smtp__is_atext(c) && smtp__is_token(c)));
	HOLDS((unsigned char)smtp__lower(c) ==
	    (o >= 65 && o <= 90 ? o + 32 : o));
	HOLDS(value >= -1 && value <= 15);
	HOLDS((value >= 0) == (digit || (o >= 65 && o <= 70) ||
	    (o >= 97 && o <= 102)));
	HOLDS(smtp__is_in(c, "\0\r\n", 3) == (o == 0 || o == 13 || o == 10));
	REACHES(smtp__is_atext(c) && !smtp__is_token(c));
	REACHES(smtp__is_token(c) && !smtp__is_atext(c));
	REACHES(value == 11);
}

/*
 * Two spans, or a span and a string.
 *
 * Proves: smtp__same smtp__same_text smtp__bytes smtp__bytes_of
 *   smtp__bytes_equal
 * Bounds: up to 6 octets (16) each; an octet is compared as the one before
 * Unwind: 9, 19
 */
void
proof_same(void)
{
	size_t n = up_to(BOUND(6, 16));
	const char *p = any_octets(n), *text = any_string(BOUND(6, 16));
	struct smtp__bytes a = smtp__bytes(p, n);
	struct smtp__bytes b = smtp__bytes_of(any_bool() ? text : NULL);

	HOLDS(!smtp__bytes_equal(a, b) || smtp__same(a.p, a.n, b.p, b.n));
	HOLDS(smtp__same_text(p, n, text) ==
	    smtp__same(p, n, text, strlen(text)));
	HOLDS(smtp__same(p, n, p, n));
	REACHES(n > 3 && smtp__same_text(p, n, text));
	REACHES(n > 3 && smtp__bytes_equal(a, b));
	REACHES(n == 0 && b.p == NULL && smtp__bytes_equal(a, b));
}

/*
 * The length of a text whose octets may all stand there.
 *
 * Proves: smtp__clean
 * Bounds: up to 12 octets (64); an octet is looked at as the one before
 * Unwind: 14, 66
 */
void
proof_clean(void)
{
	const char *p = any_string(BOUND(12, 64));
	unsigned least = any_unsigned(), most = any_unsigned();
	size_t n = smtp__clean(p, least, most), i = any_size();

	HOLDS(n == 0 || p[n] == '\0');
	if (i < n)
		HOLDS((unsigned char)p[i] >= least &&
		    (unsigned char)p[i] <= most && p[i] != 127);
	REACHES(n == 12);
	REACHES(n == 0 && p[0] == 'a');
}
