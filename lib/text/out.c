/* SPDX-License-Identifier: MIT */
#include "text/out.h"

bool
smtp__out_room(struct smtp__out *out, size_t more)
{
	if (out->over)
		return false;
	if (more <= out->cap - out->n)
		return true;
	if (out->grow != NULL && out->grow(out, more))
		return true;
	out->over = true;
	return false;
}

void
smtp__out_add(struct smtp__out *out, const char *p, size_t n)
{
	if (n == 0 || !smtp__out_room(out, n))
		return;
	memcpy(out->p + out->n, p, n);
	out->n += n;
}

void
smtp__out_octet(struct smtp__out *out, char c)
{
	if (smtp__out_room(out, 1))
		out->p[out->n++] = c;
}

void
smtp__out_text(struct smtp__out *out, const char *text)
{
	smtp__out_add(out, text, strlen(text));
}

/*
 * Shift and add: the decimal digits are doubled for each bit of the value, from
 * the highest, so that a processor without a divider needs no help. Most
 * numbers are small: one digit is written at once, and octets that are 0 are
 * passed over.
 */
void
smtp__out_number(struct smtp__out *out, uint64_t value)
{
	unsigned char digit[20] = { 0 };        /* UINT64_MAX has 20 */
	char text[20];
	size_t used = 1;
	int bit = 63;

	if (value < 10) {
		smtp__out_octet(out, (char)('0' + value));
		return;
	}
	while (bit > 7 && value >> (bit - 7) == 0)
		bit -= 8;
	for (; bit >= 0; bit--) {
		unsigned carry = (unsigned)(value >> bit) & 1;

		for (size_t i = 0; i < used; i++) {
			unsigned d = digit[i] * 2u + carry;

			carry = d > 9;
			digit[i] = (unsigned char)(carry ? d - 10 : d);
		}
		if (carry)
			digit[used++] = 1;
	}
	for (size_t i = 0; i < used; i++)
		text[i] = (char)('0' + digit[used - 1 - i]);
	smtp__out_add(out, text, used);
}

void
smtp__out_hex(struct smtp__out *out, unsigned char octet)
{
	static const char digits[] = "0123456789ABCDEF";
	char text[2];

	text[0] = digits[octet >> 4];
	text[1] = digits[octet & 15];
	smtp__out_add(out, text, 2);
}

void
smtp__out_end(struct smtp__out *out)
{
	if (smtp__out_room(out, 1))
		out->p[out->n] = '\0';
}
