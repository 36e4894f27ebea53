/* SPDX-License-Identifier: MIT */
/*
 * Encoded-words, RFC 2047: text in UTF-8 as words of ASCII for a header. Each
 * word stands alone: whole characters, whole groups (section 5).
 */
#ifndef SMTP__WORD_H
#define SMTP__WORD_H

#include <stdbool.h>
#include <stddef.h>

#define SMTP__WORD_MAX 75        /* octets of one word, section 2      */

struct smtp__word {
	const char *p;           /* what is left                        */
	size_t n;
	bool phrase;             /* in a name: fewer characters as they */
				 /* are (section 5, rule 3)             */
	bool base64;             /* B rather than Q: it is much shorter */
};

/*
 * Begin with valid UTF-8. Q, which a person can read, unless it is longer than
 * B by more than a third.
 */
void
smtp__word_init(struct smtp__word *w, const char *p, size_t n, bool phrase);

/*
 * The next word, of `room` octets (at most SMTP__WORD_MAX) or fewer. Returns
 * its size; 0 when no character fits into `room`, which with SMTP__WORD_MAX
 * never happens, or when nothing is left.
 */
size_t
smtp__word_next(struct smtp__word *w, size_t room, char out[SMTP__WORD_MAX]);

/*
 * Can it not stand there as it is: since it is not ASCII, unless `utf8` is fine
 * there, or since a reader would take it for an encoded-word somewhere?
 */
bool
smtp__word_needed(const char *p, size_t n, bool utf8);

#endif
