/* SPDX-License-Identifier: MIT */
#include "codec/qp.h"

#include "text/ascii.h"

static const char hex[] = "0123456789ABCDEF";

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

/* What `in` begins with needs an escape here, though it would not elsewhere. */
static bool
at_risk(const struct smtp__qp *q, const char *in, size_t n)
{
	if (*in == ' ' || *in == '\t')
		return ends(q, in + 1, n - 1);
	if (q->column > 0)
		return false;
	if (*in == '.')
		return ends(q, in + 1, n - 1);
	return *in == 'F' && n >= 5 && memcmp(in, "From ", 5) == 0;
}

/*
 * A run of octets that stand for themselves and leave room for a soft break:
 * most of a text, without a look at each octet's neighbours.
 */
static size_t
run(struct smtp__qp *q, const char *in, size_t n, char *out, size_t cap)
{
	size_t i = 0, room = SMTP__QP_LINE - 1 - q->column;

	if (q->column == 0 || q->column >= SMTP__QP_LINE - 1)
		return 0;
	if (room > n)
		room = n;
	if (room > cap)
		room = cap;
	while (i < room && plain(in[i])) {
		out[i] = in[i];
		i++;
	}
	q->column += (unsigned)i;
	return i;
}

/* One octet, behind a soft break where the line is full. */
static size_t
put(struct smtp__qp *q, const char *in, size_t n, char *out)
{
	unsigned char c = (unsigned char)*in;
	bool escape = (!plain(*in) && *in != ' ' && *in != '\t') ||
	    at_risk(q, in, n);
	unsigned width = escape ? 3 : 1;
	unsigned room = SMTP__QP_LINE - (ends(q, in + 1, n - 1) ? 0 : 1);
	size_t wrote = 0;

	if (q->column + width > room) {
		memcpy(out, "=\r\n", 3);
		wrote = 3;
		q->column = 0;
		escape = escape || at_risk(q, in, n);
		width = escape ? 3 : 1;
	}
	q->column += width;
	if (!escape) {
		out[wrote++] = *in;
		return wrote;
	}
	out[wrote++] = '=';
	out[wrote++] = hex[c >> 4];
	out[wrote++] = hex[c & 15];
	return wrote;
}

size_t
smtp__qp_encode(struct smtp__qp *q, const char *in, size_t n, bool last,
    size_t *used, char *out, size_t cap)
{
	size_t i = 0, wrote = 0;

	while (i < n && (last || n - i > SMTP__QP_AHEAD) &&
	    cap - wrote >= SMTP__QP_ROOM) {
		size_t left = last ? n - i : n - i - SMTP__QP_AHEAD;
		size_t size = run(q, in + i, left, out + wrote, cap - wrote);

		if (size > 0) {
			i += size;
			wrote += size;
		} else if (!q->binary && (in[i] == '\r' || in[i] == '\n')) {
			i += in[i] == '\r' && i + 1 < n && in[i + 1] == '\n' ?
			    2 : 1;
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
