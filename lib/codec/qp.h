/* SPDX-License-Identifier: MIT */
/*
 * Quoted-printable, RFC 2045 section 6.7, with the care of RFC 2049 section 3
 * for a line that begins with "From " or is a lone dot.
 */
#ifndef SMTP__QP_H
#define SMTP__QP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line, without its CRLF. */
#define SMTP__QP_LINE 76

struct smtp__qp {
	bool binary;             /* CR and LF are octets as others         */
	unsigned column;         /* characters in the unfinished line      */
};

static inline void
smtp__qp_init(struct smtp__qp *q, bool binary)
{
	q->binary = binary;
	q->column = 0;
}

/*
 * Encode from `in` into `out` as far as `cap` goes. In text a CRLF, an LF and a
 * bare CR each end a line. Returns the octets written and says in `*used` how
 * many were read. Unless this is the `last` of the input, up to
 * SMTP__QP_AHEAD octets stay unread, and are offered again before what
 * follows. With at least SMTP__QP_ROOM there is always progress. The output
 * does not depend on how the input or the room was cut.
 */
#define SMTP__QP_AHEAD 5
#define SMTP__QP_ROOM  6         /* a soft break and one octet */
size_t
smtp__qp_encode(struct smtp__qp *q, const char *in, size_t n, bool last,
    size_t *used, char *out, size_t cap);

/* The size of the encoded form of the whole of `in`. */
uint64_t
smtp__qp_size(const char *in, size_t n, bool binary);

#endif
