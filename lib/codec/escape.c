/* SPDX-License-Identifier: MIT */
#include "codec/escape.h"

#include <stdint.h>

#include "text/called.h"
#include "text/utf8.h"

/*
 * A bit for each of 32 to 127. In a token three characters are left out that
 * may be there, since readers exist that take them for the syntax of RFC 2231.
 */
static const uint32_t sets[][3] = {
	{ 0x5FFFFFFE, 0x7FFFFFFF, 0x7FFFFFFF },         /* but =?_            */
	{ 0x03FFAC02, 0x07FFFFFE, 0x07FFFFFE },         /* with !*+-/         */
	{ 0x03FF685A, 0xC7FFFFFE, 0x7FFFFFFF },         /* !#$&+-.^_`{|}~     */
	{ 0xA3FFACFA, 0xC7FFFFFE, 0x7FFFFFFF }          /* and %'*=?, no dot  */
};

SMTP__CALLED bool
smtp__escape_passes(char c, enum smtp__escape how)
{
	unsigned at = (unsigned char)c - 32U;

	if (how >= SMTP__ESCAPE_QUOTED)
		return how != SMTP__ESCAPE_QUOTED || (c != '"' && c != '\\');
	return at < 96 && (sets[how][at >> 5] >> (at & 31) & 1) != 0;
}

static size_t
one(char c, enum smtp__escape how, char out[3])
{
	out[0] = c;
	if (smtp__escape_passes(c, how))
		return 1;
	if (how == SMTP__ESCAPE_QUOTED) {
		out[0] = '\\';
		out[1] = c;
		return 2;
	}
	if (how == SMTP__ESCAPE_PARAM)
		return smtp__escape_hex('%', c, out);
	if (c != ' ')
		return smtp__escape_hex('=', c, out);
	out[0] = '_';
	return 1;
}

void
smtp__escape(struct smtp__line *line, const char *p, size_t n,
    enum smtp__escape how)
{
	char out[3];

	for (; n > 0; n--) {
		size_t size = one(*p++, how, out);

		for (size_t i = 0; i < size; i++)
			smtp__line_octet(line, out[i]);
	}
}

size_t
smtp__escape_width(const char *p, size_t n, enum smtp__escape how)
{
	size_t width = 0;
	char out[3];

	while (n > 0)
		width += one(p[--n], how, out);
	return width;
}

size_t
smtp__escape_fit(const char *p, size_t n, size_t room, enum smtp__escape how,
    size_t *threes)
{
	size_t taken = 0;

	*threes = 0;
	while (taken < n) {
		size_t size = smtp__utf8_next(p + taken, n - taken, NULL);
		size_t width;

		if (size == 0)
			size = 1;       /* the caller was to check */
		width = smtp__escape_width(p + taken, size, how);
		if (width > room)
			break;
		room -= width;
		taken += size;
		if (taken % 3 == 0)
			*threes = taken;
	}
	return taken;
}
