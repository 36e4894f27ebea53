/* SPDX-License-Identifier: MIT */
#include "codec/qp.h"

#include <string.h>

#include <smtp/config.h>

#include "codec/escape.h"
#include "text/plain.h"

/* 33 to 126 but for the equals sign: stands for itself wherever it is. */
static bool
plain(char c)
{
	return c > 32 && c < 127 && c != '=';
}

/* Does a line end, or the whole, stand at `in`? */
static bool
ends(const struct smtp__qp *q, const char *in, size_t n)
{
	return n == 0 || (!q->binary && (*in == '\r' || *in == '\n'));
}

#if SMTP_WITH_FAST
/* Eight octets, of which some need an escape. */
static bool
some_escaped(const char *in)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, in, sizeof(word));
	word ^= ones * '=';
	return (smtp__not_plain(in) |
	    ((word - ones) & ~word & ones * 128)) != 0;
}

/*
 * Octets one by one. Within a line, and with room left for a soft break, each
 * looks at most at the next: a blank that no line end follows stands for
 * itself. Of the `all` octets at `in` the first `n` may be used.
 */
static size_t
few(const struct smtp__qp *q, const char *in, size_t n, size_t all, char *out,
    size_t room, size_t *used)
{
	size_t i, k = 0;

	for (i = 0; i < n && k < room; i++) {
		char c = in[i];
		bool blank = c == ' ' || c == '\t';

		if (plain(c) || (blank && !ends(q, in + i + 1, all - i - 1)))
			out[k++] = c;
		else if (!blank && room - k >= 3 && !ends(q, &c, 1))
			k += smtp__escape_hex('=', c, out + k);
		else
			break;
	}
	*used = i;
	return k;
}

/* The same, eight octets at a time where none of them needs an escape. */
static size_t
run(struct smtp__qp *q, const char *in, size_t n, size_t all, char *out,
    size_t cap, size_t *used)
{
	size_t i = 0, k = 0, room = SMTP__QP_LINE - 1 - q->column, some = 8;

	if (room > cap)
		room = cap;
	while (i < n && k < room && some == 8) {
		if (n - i > 8 && room - k >= 8 && !some_escaped(in + i) &&
		    (in[i + 7] != ' ' || !ends(q, in + i + 8, 1))) {
			memcpy(out + k, in + i, 8);
			k += 8;
			i += 8;
		} else {
			k += few(q, in + i, n - i < 8 ? n - i : 8, all - i,
			    out + k, room - k, &some);
			i += some;
		}
	}
	q->column += (unsigned)k;
	*used = i;
	return k;
}
#endif

/*
 * Does the octet at `in` need an escape, for what it is or for where it
 * stands? `ends` says that a line end follows.
 */
static bool
escaped(const struct smtp__qp *q, const char *in, size_t n, bool end)
{
	if (*in == ' ' || *in == '\t')
		return end;
	if (q->column == 0 && ((*in == '.' && end) ||
	    (n >= 5 && memcmp(in, "From ", 5) == 0)))
		return true;
	return !plain(*in);
}

/* One octet, behind a soft break where the line is full. */
static size_t
put(struct smtp__qp *q, const char *in, size_t n, char *out)
{
	bool end = ends(q, in + 1, n - 1), code;
	size_t wrote = 0;
	unsigned width;

	while (code = escaped(q, in, n, end), width = code ? 3 : 1,
	    q->column + width + !end > SMTP__QP_LINE) {
		memcpy(out, "=\r\n", 3);
		wrote = 3;
		q->column = 0;
	}
	q->column += width;
	if (code)
		return wrote + smtp__escape_hex('=', *in, out + wrote);
	out[wrote++] = *in;
	return wrote;
}

size_t
smtp__qp_encode(struct smtp__qp *q, const char *in, size_t n, bool last,
    size_t *used, char *out, size_t cap)
{
	size_t i = 0, wrote = 0;

	while (i < n && (last || n - i > SMTP__QP_AHEAD) &&
	    cap - wrote >= SMTP__QP_ROOM) {
		size_t size = 0;

#if SMTP_WITH_FAST
		if (q->column > 0 && q->column < SMTP__QP_LINE - 1)
			wrote += run(q, in + i, last ? n - i :
			    n - i - SMTP__QP_AHEAD, n - i, out + wrote,
			    cap - wrote, &size);
#endif
		if (size > 0) {
			i += size;
		} else if (!q->binary && (in[i] == '\r' || in[i] == '\n')) {
			/* One that comes before LF ends with that. */
			if (in[i] == '\r' && i + 1 < n && in[i + 1] == '\n')
				i++;
			i++;
			out[wrote++] = '\r';
			out[wrote++] = '\n';
			q->column = 0;
		} else {
			wrote += put(q, in + i, n - i, out + wrote);
			i++;
		}
	}
	*used = i;
	return wrote;
}

uint64_t
smtp__qp_size(const char *in, size_t n, bool binary)
{
	char scratch[256];
	struct smtp__qp q;
	uint64_t size = 0;

	smtp__qp_init(&q, binary);
	while (n > 0) {
		size_t used;

		size += smtp__qp_encode(&q, in, n, true, &used, scratch,
		    sizeof(scratch));
		in += used;
		n -= used;
	}
	return size;
}
