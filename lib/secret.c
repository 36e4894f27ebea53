/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <string.h>

#include "codec/base64.h"
#include "text/ascii.h"

enum { SHORTEST = 3, SHORTEST_CODED = 4 };

/* Each of these returns how many octets at `p` are the secret, or 0. */

static size_t
is_plain(const char *p, size_t n, const char *secret, size_t secret_n)
{
	return secret_n <= n && memcmp(p, secret, secret_n) == 0 ? secret_n : 0;
}

static size_t
is_escaped(const char *p, size_t n, const char *secret, size_t secret_n)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t at = 0;

	for (size_t i = 0; i < secret_n; i++) {
		unsigned char c = (unsigned char)secret[i];
		const char code[4] = { '\\', 'x', digits[c >> 4],
		    digits[c & 15] };
		bool shown = smtp__is_graph(secret[i]) || c == ' ';
		size_t size = shown ? 1 : sizeof code;

		if (n - at < size ||
		    memcmp(p + at, shown ? &secret[i] : code, size) != 0)
			return 0;
		at += size;
	}
	return at;
}

/* Six bits of the secret, from this one on. */
static unsigned
bits(const char *secret, size_t secret_n, size_t bit)
{
	size_t i = bit / 8;
	unsigned two = (unsigned)(unsigned char)secret[i] << 8;

	if (i + 1 < secret_n)
		two |= (unsigned char)secret[i + 1];
	return two >> (10 - bit % 8) & 63;
}

/*
 * In base64, with `before` octets of something else in the first group: the
 * characters that are made of the secret alone.
 */
static size_t
is_coded(const char *p, size_t n, const char *secret, size_t secret_n,
    size_t before)
{
	size_t first = before == 0 ? 0 : before + 1;
	size_t count = (before + secret_n) * 8 / 6 - first;

	if (count < SHORTEST_CODED || count > n)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (p[i] != smtp__base64_alphabet[bits(secret, secret_n,
		    (first + i) * 6 - before * 8)])
			return 0;
	return count;
}

void
smtp__secret_hide(char *p, size_t n, const char *secret)
{
	size_t secret_n = secret == NULL ? 0 : strlen(secret);

	if (secret_n < SHORTEST)
		return;
	for (size_t i = 0; i < n; ) {
		size_t size = is_plain(p + i, n - i, secret, secret_n);

		if (size == 0)
			size = is_escaped(p + i, n - i, secret, secret_n);
		for (size_t before = 0; size == 0 && before < 3; before++)
			size = is_coded(p + i, n - i, secret, secret_n, before);
		memset(p + i, '*', size);
		i += size > 0 ? size : 1;
	}
}
