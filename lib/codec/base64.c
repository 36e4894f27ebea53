/* SPDX-License-Identifier: MIT */
#include "codec/base64.h"

#include <string.h>

#include <smtp/config.h>

enum { NONE = 64 };              /* the value of what is no digit         */

const char smtp__base64_alphabet[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Small where it has to be, else by the table. */
#if SMTP_WITH_FAST
char
smtp__base64_digit(unsigned value)
{
	return smtp__base64_alphabet[value];
}

static unsigned
value_of(char c)
{
	const char *digit = memchr(smtp__base64_alphabet, c, 64);

	return digit == NULL ? NONE : (unsigned)(digit - smtp__base64_alphabet);
}
#else
char
smtp__base64_digit(unsigned value)
{
	unsigned c = value + 'A';

	if (c > 'Z')
		c += 'a' - 'Z' - 1;
	if (c > 'z')
		c -= 'z' + 1 - '0';
	if (value > 61)
		c = value == 62 ? '+' : '/';
	return (char)c;
}

static unsigned
value_of(char c)
{
	unsigned value = 0;

	while (value < NONE && smtp__base64_digit(value) != c)
		value++;
	return value;
}
#endif

static void
three(const unsigned char *in, char *out)
{
	out[0] = smtp__base64_alphabet[in[0] >> 2];
	out[1] = smtp__base64_alphabet[(in[0] & 3) << 4 | in[1] >> 4];
	out[2] = smtp__base64_alphabet[(in[1] & 15) << 2 | in[2] >> 6];
	out[3] = smtp__base64_alphabet[in[2] & 63];
}

size_t
smtp__base64_group(const unsigned char *in, size_t n, char out[4])
{
	unsigned char padded[3] = { 0, 0, 0 };

	if (n == 0)
		return 0;
	if (n >= 3) {
		three(in, out);
		return 4;
	}
	padded[0] = in[0];
	if (n == 2)
		padded[1] = in[1];
	three(padded, out);
	out[3] = '=';
	if (n == 1)
		out[2] = '=';
	return 4;
}

size_t
smtp__base64_encode(struct smtp__base64 *b, const void *in, size_t n,
    bool last, size_t *used, char *out, size_t cap)
{
	const unsigned char *p = in;
	size_t left = n, wrote = 0;

	while (left >= 3 || (last && left > 0)) {
		size_t take = left < 3 ? left : 3;
		size_t fold = b->lines && b->column == SMTP__BASE64_LINE ?
		    2 : 0;

		if (cap - wrote < fold + 4)
			break;
		if (fold > 0) {
			out[wrote++] = '\r';
			out[wrote++] = '\n';
			b->column = 0;
		}
		wrote += smtp__base64_group(p, take, out + wrote);
		b->column += 4;
		p += take;
		left -= take;
	}
	*used = n - left;
	return wrote;
}

bool
smtp__base64_check(const char *in, size_t n)
{
	unsigned value, left = 0;
	size_t i = 0;

	for (; i < n; i++) {
		value = value_of(in[i]);
		if (value == NONE)
			break;
		left = value;
	}
	/* One "=" leaves 2 bits over, two leave 4: all of them 0. */
	if ((n & 3) != 0 || n - i > 2)
		return false;
	for (; i < n && in[i] == '=' && (left & 3) == 0; i++)
		left >>= 2;
	return i == n;
}

ptrdiff_t
smtp__base64_decode(const char *in, size_t n, void *out, size_t cap)
{
	unsigned char *p = out;
	size_t size = 0, i = 0;
	unsigned bits = 0, held = 0;

	for (; i < n; i++) {
		unsigned value = value_of(in[i]);

		if (value == NONE)
			break;
		bits = bits << 6 | value;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (size == cap)
			return -1;
		p[size++] = (unsigned char)(bits >> held);
		bits &= (1U << held) - 1;
	}
	/*
	 * Left over are 0, 2 or 4 bits, all 0, and an "=" for each two, so
	 * that the whole is made of fours.
	 */
	while (i < n && in[i] == '=' && held > 0 && held < 6) {
		held -= 2;
		i++;
	}
	return i == n && held == 0 && bits == 0 ? (ptrdiff_t)size : -1;
}
