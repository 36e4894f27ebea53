/* SPDX-License-Identifier: MIT */
/*
 * Bounded append into memory of the caller's.
 *
 * What does not fit is dropped and `over` is set, and nothing is written from
 * then on: a writer need not check each call, its caller checks `over` once.
 * `n` never passes `cap`, and there is no NUL behind the text unless
 * smtp__out_end() wrote one.
 */
#ifndef SMTP__OUT_H
#define SMTP__OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct smtp__out {
	char *p;
	size_t n, cap;
	bool over;
	/*
	 * Make room for `more` octets behind `n`, or say false. NULL where the
	 * memory is as it is; a growing buffer embeds the struct and sets it.
	 */
	bool (*grow)(struct smtp__out *out, size_t more);
};

static inline void
smtp__out_init(struct smtp__out *out, char *p, size_t cap)
{
	out->p = p;
	out->n = 0;
	out->cap = cap;
	out->over = false;
	out->grow = NULL;
}

/* Is there room for `more`? If not, the overflow is noted. */
bool
smtp__out_room(struct smtp__out *out, size_t more);

/* All of it or nothing. */
void
smtp__out_add(struct smtp__out *out, const char *p, size_t n);
void
smtp__out_octet(struct smtp__out *out, char c);
void
smtp__out_text(struct smtp__out *out, const char *text);

/* Decimal, without leading zeros; needs no division. */
void
smtp__out_number(struct smtp__out *out, uint64_t value);

/* Two upper-case hexadecimal digits. */
void
smtp__out_hex(struct smtp__out *out, unsigned char octet);

/* A NUL that is not counted in `n`. */
void
smtp__out_end(struct smtp__out *out);

#endif
