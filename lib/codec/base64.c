/* SPDX-License-Identifier: MIT */
#include "codec/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
three(const unsigned char *in, char *out)
{
	out[0] = alphabet[in[0] >> 2];
	out[1] = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
	out[2] = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
	out[3] = alphabet[in[2] & 63];
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

/* The six bits of a character, or -1. */
static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ptrdiff_t
smtp__base64_decode(const char *in, size_t n, void *out, size_t cap)
{
	unsigned char *p = out;
	size_t size = 0, pad = 0;

	if ((n & 3) != 0)
		return -1;
	while (pad < 2 && pad < n && in[n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < n; i += 4) {
		size_t have = i + 4 == n ? 4 - pad : 4;
		unsigned long bits = 0;

		for (size_t j = 0; j < 4; j++) {
			int v = j < have ? value(in[i + j]) : 0;

			if (v < 0)
				return -1;
			bits = bits << 6 | (unsigned long)v;
		}
		if ((have == 2 && (bits & 0xFFFF) != 0) ||
		    (have == 3 && (bits & 0xFF) != 0))
			return -1;
		if (cap - size < have - 1)
			return -1;
		for (size_t j = 0; j + 1 < have; j++)
			p[size++] = (unsigned char)(bits >> (16 - 8 * j));
	}
	return (ptrdiff_t)size;
}
