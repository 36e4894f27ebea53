/* SPDX-License-Identifier: MIT */
#include "codec/xtext.h"

#include "text/ascii.h"
#include "text/utf8.h"

void
smtp__xtext_write(struct smtp__out *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (smtp__is_graph(p[i]) && p[i] != '+' && p[i] != '=') {
			smtp__out_octet(out, p[i]);
		} else {
			smtp__out_octet(out, '+');
			smtp__out_hex(out, (unsigned char)p[i]);
		}
	}
}

/* \x{HEX}: two digits or more, without leading zeros beyond that. */
static void
embedded(struct smtp__out *out, uint32_t c)
{
	bool begun = false;

	smtp__out_text(out, "\\x{");
	for (int shift = 20; shift >= 0; shift -= 4) {
		uint32_t digit = c >> shift & 15;

		begun = begun || digit > 0 || shift <= 4;
		if (begun)
			smtp__out_octet(out, "0123456789ABCDEF"[digit]);
	}
	smtp__out_octet(out, '}');
}

void
smtp__xtext_write_utf8(struct smtp__out *out, const char *p, size_t n,
    bool raw)
{
	for (size_t i = 0, size; i < n; i += size) {
		uint32_t c = (unsigned char)p[i];

		size = smtp__utf8_next(p + i, n - i, &c);
		if (size == 0)
			size = 1;       /* the caller was to check */
		if (size > 1 ? raw : smtp__is_graph(p[i]) &&
		    !smtp__is_in(p[i], "+=\\", 3))
			smtp__out_add(out, p + i, size);
		else
			embedded(out, c);
	}
}
