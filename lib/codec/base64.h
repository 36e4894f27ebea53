/* SPDX-License-Identifier: MIT */
/*
 * Base64 of RFC 4648 section 4, with lines as RFC 2045 section 6.8 wants them
 * or without. No allocation, no division.
 */
#ifndef SMTP__BASE64_H
#define SMTP__BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line, without its CRLF. */
#define SMTP__BASE64_LINE 76

extern const char smtp__base64_alphabet[65];

/* The digit of 0 to 63. */
char
smtp__base64_digit(unsigned value);

struct smtp__base64 {
	bool lines;              /* CRLF between lines of 76, none behind  */
				 /* the last                               */
	unsigned column;         /* characters in the unfinished line      */
};

static inline void
smtp__base64_init(struct smtp__base64 *b, bool lines)
{
	b->lines = lines;
	b->column = 0;
}

/*
 * Encode from `in` into `out` as far as `cap` goes. Returns the octets written
 * and says in `*used` how many were read. Unless this is the `last` of the
 * input up to two octets stay unread: the caller offers them again before
 * what follows. With at least SMTP__BASE64_ROOM there is always progress. The
 * output does not depend on how the input or the room was cut.
 */
#define SMTP__BASE64_ROOM 6      /* CRLF and a group of four */
size_t
smtp__base64_encode(struct smtp__base64 *b, const void *in, size_t n,
    bool last, size_t *used, char *out, size_t cap);

/*
 * One group: 1 to 3 octets (0: nothing) become four characters. For those who
 * write resumably; returns 4, or 0.
 */
size_t
smtp__base64_group(const unsigned char *in, size_t n, char out[4]);

/*
 * The size of the encoded form of `n` octets. Inline, since it alone divides
 * and the engine must not.
 */
static inline uint64_t
smtp__base64_size(uint64_t n, bool lines)
{
	uint64_t groups = n / 3 + (n % 3 != 0);
	uint64_t size = groups * 4;

	if (lines && groups > 0)
		size += (groups - 1) / (SMTP__BASE64_LINE / 4) * 2;
	return size;
}

/* Is it what smtp__base64_decode() takes? */
bool
smtp__base64_check(const char *in, size_t n);

/*
 * Decode the whole of `in`. Only the alphabet, padding only at the end, a
 * length that is a multiple of four, and no bits set in what padding leaves
 * over (RFC 4648 section 3). `out` needs 3 octets for each 4 and may be `in`.
 * Returns the number of octets or -1.
 */
ptrdiff_t
smtp__base64_decode(const char *in, size_t n, void *out, size_t cap);

#endif
