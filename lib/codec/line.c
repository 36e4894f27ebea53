/* SPDX-License-Identifier: MIT */
#include "codec/line.h"

#include <string.h>

#include "codec/base64.h"

void
smtp__line_begin(struct smtp__line *l, char *p, size_t room, size_t skip)
{
	memset(l, 0, sizeof *l);
	l->p = p;
	l->room = room;
	l->skip = skip;
}

size_t
smtp__line_kept(const struct smtp__line *l)
{
	size_t n = l->n > l->skip ? l->n - l->skip : 0;

	return n < l->room ? n : l->room;
}

static void
keep(struct smtp__line *l, char c)
{
	if (l->n >= l->skip && l->n - l->skip < l->room)
		l->p[l->n - l->skip] = c;
	l->n++;
}

/* One group of four; those that no octet reaches are padding. */
static void
flush(struct smtp__line *l)
{
	char four[4];
	unsigned i;

	smtp__base64_group(l->group, l->held, four);
	for (i = 0; i < 4; i++)
		keep(l, four[i]);
	l->held = 0;
}

void
smtp__line_octet(struct smtp__line *l, char c)
{
	if (!l->base64) {
		keep(l, c);
		return;
	}
	l->group[l->held++] = (unsigned char)c;
	if (l->held == 3)
		flush(l);
}

void
smtp__line_text(struct smtp__line *l, const char *text)
{
	while (*text != '\0')
		smtp__line_octet(l, *text++);
}

/* Doubling in decimal: no division, and no multiplication of 64 bits. */
void
smtp__line_number(struct smtp__line *l, uint64_t number)
{
	char digits[20];
	unsigned bits = 64, i, carry;

	memset(digits, 0, sizeof digits);
	for (; bits > 1 && number >> 63 == 0; bits--)
		number <<= 1;
	for (; bits > 0; bits--) {
		carry = (unsigned)(number >> 63);
		number <<= 1;
		for (i = sizeof digits; i > 0; i--) {
			carry += 2U * (unsigned char)digits[i - 1];
			digits[i - 1] = (char)(carry > 9 ? carry - 10 : carry);
			carry = carry > 9;
		}
	}
	for (i = 0; i < sizeof digits - 1 && digits[i] == 0; i++)
		;
	for (; i < sizeof digits; i++)
		smtp__line_octet(l, (char)('0' + digits[i]));
}

void
smtp__line_base64_begin(struct smtp__line *l)
{
	l->base64 = 1;
}

void
smtp__line_base64_end(struct smtp__line *l)
{
	if (l->held > 0)
		flush(l);
	l->base64 = 0;
}
