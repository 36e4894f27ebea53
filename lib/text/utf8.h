/* SPDX-License-Identifier: MIT */
/*
 * UTF-8, strictly as RFC 3629 has it: shortest form only, no surrogates,
 * nothing above U+10FFFF.
 */
#ifndef SMTP__UTF8_H
#define SMTP__UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The length of the character that begins at `p` (1 to 4), with its number in
 * `*character` unless that is NULL; 0 if there is none, or not a whole one,
 * within `n` octets.
 */
size_t
smtp__utf8_next(const char *p, size_t n, uint32_t *character);

/* The number of octets before the first that is wrong; `n` if none is. */
size_t
smtp__utf8_check(const char *p, size_t n);

static inline bool
smtp__utf8_valid(const char *p, size_t n)
{
	return smtp__utf8_check(p, n) == n;
}

/* Writes 1 to 4 octets; 0 and nothing for what is no character. */
size_t
smtp__utf8_put(char *p, uint32_t character);

#endif
