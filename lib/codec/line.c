/* SPDX-License-Identifier: MIT */
#include "codec/line.h"

#include "codec/base64.h"

void
smtp__line_begin(struct smtp__line *l, char *p, size_t room, size_t skip)
{
	l->p = p;
	l->room = room;
	l->skip = skip;
	l->n = 0;
	l->bits = l->held = l->base64 = 0;
}

static void
keep(struct smtp__line *l, char c)
{
	size_t at = l->n++ - l->skip;    /* what left earlier wraps */

	if (at < l->room)
		l->p[at] = c;
}

static void
keep64(struct smtp__line *l, unsigned bits)
{
	keep(l, smtp__base64_digit(bits & 63));
}

void
smtp__line_octet(struct smtp__line *l, char c)
{
	unsigned bits, held;

	if (!l->base64) {
		keep(l, c);
		return;
	}
	bits = (unsigned)l->bits << 8 | (unsigned char)c;
	for (held = l->held + 8U; held >= 6; ) {
		held -= 6;
		keep64(l, bits >> held);
	}
	l->bits = (uint16_t)bits;
	l->held = (uint8_t)held;
}

void
smtp__line_text(struct smtp__line *l, const char *text)
{
	while (*text != '\0')
		smtp__line_octet(l, *text++);
}

/* A tenth without division: the sum is never too large, and short by one. */
static SMTP_OCTETS
tenth(SMTP_OCTETS n)
{
	SMTP_OCTETS q = (n >> 1) + (n >> 2);

	q += q >> 4;
	q += q >> 8;
	q += q >> 16;
	if (sizeof q > 4)
		q += q >> 16 >> 16;
	q >>= 3;
	return n - ((q << 3) + (q << 1)) > 9 ? q + 1 : q;
}

void
smtp__line_number(struct smtp__line *l, SMTP_OCTETS number)
{
	char digits[21];
	size_t i = sizeof digits - 1;

	digits[i] = '\0';
	do {
		SMTP_OCTETS q = tenth(number);

		digits[--i] = (char)('0' + (number - ((q << 3) + (q << 1))));
		number = q;
	} while (number > 0);
	smtp__line_text(l, digits + i);
}

void
smtp__line_base64_begin(struct smtp__line *l)
{
	l->base64 = 1;
}

void
smtp__line_base64_end(struct smtp__line *l)
{
	unsigned held = l->held;

	l->held = l->base64 = 0;
	if (held == 0)
		return;
	keep64(l, (unsigned)l->bits << (6 - held));
	for (; held < 6; held += 2)
		keep(l, '=');
}
