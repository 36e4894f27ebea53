/* SPDX-License-Identifier: MIT */
#include "corpus.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *unit;
} kinds[] = {
	[TEXT_ASCII] = { "ascii",
	    "The quick brown fox jumps over the lazy dog, 0123456789.\n" },
	[TEXT_LATIN] = { "latin",
	    "Gr\u00FC\u00DFe aus Z\u00FCrich, d\u00E9j\u00E0 vu \u2013 "
	    "\u20AC 5\nplain line\n" },
	[TEXT_CJK] = { "cjk",
	    "\u65E5\u672C\u8A9E\u306E\u6587\u7AE0\u3002\u4E2D\u6587\n"
	    "\uD55C\uAD6D\uC5B4 \uBB38\uC7A5\n" },
	[TEXT_EMOJI] = { "emoji",
	    "\U0001F600\U0001F468\u200D\U0001F469\u200D\U0001F467 "
	    "\U0001F1E8\U0001F1ED e\u0301\n" },
	[TEXT_LONG_LINES] = { "long-lines", "0123456789abcdef " },
	[TEXT_LONG_LATIN] = { "long-latin", "abc\u00E9def " },
	[TEXT_TRAILING] = { "trailing", "one \ntwo\t\n   \n \t\nthree  \n" },
	[TEXT_DOTS] = { "dots", ".\n..\n.a\n...\n\n.\n" },
	[TEXT_FROM] = { "from", "From me\n>From you\n From\nFrom\tx\n" },
	[TEXT_CRLF] = { "crlf", "one\r\n\r\n\r\ntwo\r\n" },
	[TEXT_CR] = { "cr", "one\rtwo\r\rthree" },
	[TEXT_MIXED_ENDS] = { "mixed-ends", "a\nb\r\nc\rd\n\re\r\n\rf\n\n" },
	[TEXT_EQUALS] = { "equals", "=3D=\n=\n==\n=?UTF-8?Q?x?=\n =20\n" },
	[TEXT_BOUNDARIES] = { "boundaries",
	    "--\n--=_0\n--=_\n-- \n--=_abc--\nContent-Type: x\n\n" },
	[TEXT_CONTROLS] = { "controls", "a\tb\fc\033[0md\001e\177f\vg\n" },
	[TEXT_EMPTY_LINES] = { "empty-lines", "\n\n\nx\n" },
	[TEXT_ARABIC] = { "arabic",
	    "\u0645\u0631\u062D\u0628\u0627 \u05E9\u05DC\u05D5\u05DD\n" },
};

const char *
text_kind_name(enum text_kind kind)
{
	return kinds[kind].name;
}

/* The unit again and again; what is no whole character becomes letters. */
char *
make_text(enum text_kind kind, size_t n)
{
	const char *unit = kinds[kind].unit;
	size_t each = strlen(unit), whole = n;
	char *p = malloc(n + 1);

	if (p == NULL)
		give_up(kinds[kind].name, "no memory");
	for (size_t i = 0; i < n; i++)
		p[i] = unit[i % each];
	while (whole > 0 && ((unsigned char)unit[whole % each] & 0xC0) == 0x80)
		whole--;
	memset(p + whole, 'z', n - whole);
	p[n] = '\0';
	return p;
}

unsigned char *
make_octets(size_t n, uint32_t seed)
{
	unsigned char *p = malloc(n + 1);

	if (p == NULL)
		give_up("octets", "no memory");
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (unsigned char)(seed >> 24);
	}
	return p;
}
