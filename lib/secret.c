/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <stdint.h>
#include <string.h>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "text/ascii.h"

enum { SHORTEST = 3, SHORTEST_CODED = 4 };

/*
 * Each of these returns how many octets at `p` are the secret, or 0. With
 * `cut` that may be its beginning, up to the end of what there is.
 */

static size_t
is_plain(const char *p, size_t n, const char *secret, size_t secret_n,
    size_t before, bool cut)
{
	(void)before;
	if (cut && n < secret_n)
		secret_n = n;
	return secret_n <= n && memcmp(p, secret, secret_n) == 0 ? secret_n : 0;
}

/* One octet as a trace has it. */
static size_t
escape(char c, char out[4])
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char octet = (unsigned char)c;

	out[0] = c;
	if (smtp__is_graph(c) || c == ' ')
		return 1;
	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[octet >> 4];
	out[3] = digits[octet & 15];
	return 4;
}

static size_t
is_escaped(const char *p, size_t n, const char *secret, size_t secret_n,
    size_t before, bool cut)
{
	size_t at = 0;

	(void)before;
	for (size_t i = 0; i < secret_n; i++) {
		char out[4];
		size_t size = escape(secret[i], out);

		if (cut && n - at < size)
			size = n - at;
		if (n - at < size || memcmp(p + at, out, size) != 0)
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
 * In base64, with `before` octets of something else in the first group: how
 * many characters are made of the secret alone, and one of them.
 */
static size_t
coded(size_t secret_n, size_t before)
{
	return (before + secret_n) * 8 / 6 - (before == 0 ? 0 : before + 1);
}

static char
code(const char *secret, size_t secret_n, size_t before, size_t i)
{
	size_t first = before == 0 ? 0 : before + 1;

	return smtp__base64_alphabet[bits(secret, secret_n,
	    (first + i) * 6 - before * 8)];
}

static size_t
is_coded(const char *p, size_t n, const char *secret, size_t secret_n,
    size_t before, bool cut)
{
	size_t count = coded(secret_n, before);

	if (cut && count > n)
		count = n;
	if (count > n)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (p[i] != code(secret, secret_n, before, i))
			return 0;
	return count;
}

/*
 * A server could put many guesses into its words and measure how long they are
 * searched: where the first octets of one are right, a comparison that stops
 * at the first wrong one takes longer. So the first eight octets of a form are
 * compared at once. Who has guessed these has nothing to learn that way.
 */
struct form {
	size_t (*is)(const char *p, size_t n, const char *secret,
	    size_t secret_n, size_t before, bool cut);
	size_t before, n;        /* n: octets of the head, at most HEAD     */
	uint64_t head, mask;
};

enum { HEAD = 8, FORMS = 5 };

static void
add_head(struct form *form, char c)
{
	if (form->n == HEAD)
		return;
	form->head = form->head << 8 | (unsigned char)c;
	form->mask = form->mask << 8 | 0xFF;
	form->n++;
}

static void
head_plain(struct form *form, const char *secret, size_t secret_n)
{
	for (size_t i = 0; i < secret_n; i++)
		add_head(form, secret[i]);
}

static void
head_escaped(struct form *form, const char *secret, size_t secret_n)
{
	for (size_t i = 0; i < secret_n && i < HEAD; i++) {
		char out[4];
		size_t n = escape(secret[i], out);

		for (size_t j = 0; j < n; j++)
			add_head(form, out[j]);
	}
}

static void
head_coded(struct form *form, const char *secret, size_t secret_n)
{
	size_t count = coded(secret_n, form->before);

	for (size_t i = 0; i < count && i < HEAD; i++)
		add_head(form, code(secret, secret_n, form->before, i));
}

static void
make_forms(struct form forms[FORMS], const char *secret, size_t secret_n)
{
	memset(forms, 0, FORMS * sizeof *forms);
	forms[0].is = is_plain;
	head_plain(&forms[0], secret, secret_n);
	forms[1].is = is_escaped;
	head_escaped(&forms[1], secret, secret_n);
	for (size_t before = 0; before < 3; before++) {
		struct form *form = &forms[2 + before];

		form->is = is_coded;
		form->before = before;
		if (coded(secret_n, before) >= SHORTEST_CODED)
			head_coded(form, secret, secret_n);
	}
}

/* How many octets of a head stand at the end of a window of `room`. */
static size_t
begun(const struct form *f, uint64_t window, size_t room)
{
	size_t most = 0;

	for (size_t i = 1; i < f->n && i <= room; i++) {
		uint64_t mask = ((uint64_t)1 << (8 * i)) - 1;

		if (((window ^ f->head >> (8 * (f->n - i))) & mask) == 0)
			most = i;
	}
	return most;
}

void
smtp__secret_hide(char *p, size_t n, const char *secret, bool cut)
{
	size_t secret_n = secret == NULL ? 0 : strlen(secret), begin = 0;
	struct form forms[FORMS];
	uint64_t window = 0;

	if (secret_n < SHORTEST)
		return;
	make_forms(forms, secret, secret_n);
	for (size_t end = 1; end <= n; end++) {
		window = window << 8 | (unsigned char)p[end - 1];
		for (size_t i = 0; i < FORMS; i++) {
			const struct form *f = &forms[i];
			size_t at = end - f->n, size;

			/* No head has a NUL: where it is found is all of it. */
			if (((window ^ f->head) & f->mask) != 0 || f->n == 0)
				continue;
			size = f->is(p + at, n - at, secret, secret_n,
			    f->before, cut);
			memset(p + at, '*', size);
			if (size == 0)
				continue;
			begin = end = at + size;
			window = 0;
			break;
		}
	}
	for (size_t i = 0; i < FORMS && cut; i++) {
		size_t size = begun(&forms[i], window, n - begin);

		memset(p + n - size, '*', size);
	}
	smtp__wipe(forms, sizeof forms);
}
