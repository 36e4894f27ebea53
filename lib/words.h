/* SPDX-License-Identifier: MIT */
/*
 * One plain line for a person, which is cut where it gets too long.
 */
#ifndef SMTP__WORDS_H
#define SMTP__WORDS_H

#include "text/out.h"

/* Into `n` octets, of which the last is for smtp__words_end(). */
void
smtp__words_begin(struct smtp__out *line, char *p, size_t n);

/* Our own words. */
void
smtp__words_say(struct smtp__out *line, const char *words);
void
smtp__words_number(struct smtp__out *line, uint64_t number);

/* Words of others: their line ends become blanks, the rest is escaped. */
void
smtp__words_quote(struct smtp__out *line, const char *words);
void
smtp__words_quote_n(struct smtp__out *line, const char *p, size_t n);

/* The NUL. */
void
smtp__words_end(struct smtp__out *line);

#endif
