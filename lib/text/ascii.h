/* SPDX-License-Identifier: MIT */
/*
 * What an octet is in the grammars of mail, whatever the locale says. They
 * take `char` as strings have it; octets above 127 are in no class but high.
 */
#ifndef SMTP__ASCII_H
#define SMTP__ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* One of the `n` octets of `set`? */
static inline bool
smtp__is_in(char c, const char *set, size_t n)
{
	return memchr(set, (unsigned char)c, n) != NULL;
}

static inline bool
smtp__is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
smtp__is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
smtp__is_alnum(char c)
{
	return smtp__is_alpha(c) || smtp__is_digit(c);
}

/* Of a host name: letter, digit, hyphen. */
static inline bool
smtp__is_ldh(char c)
{
	return smtp__is_alnum(c) || c == '-';
}

/* Space or tab: WSP of RFC 5234. */
static inline bool
smtp__is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* 0 to 31 and 127. */
static inline bool
smtp__is_control(char c)
{
	return (unsigned char)c < 32 || c == 127;
}

/* 128 to 255. */
static inline bool
smtp__is_high(char c)
{
	return (unsigned char)c >= 128;
}

/* 33 to 126. */
static inline bool
smtp__is_graph(char c)
{
	return c > 32 && c < 127;
}

/* RFC 5322 section 3.2.3. */
static inline bool
smtp__is_atext(char c)
{
	return smtp__is_alnum(c) || smtp__is_in(c, "!#$%&'*+-/=?^_`{|}~", 19);
}

/* Of a MIME token, RFC 2045 section 5.1. */
static inline bool
smtp__is_token(char c)
{
	return smtp__is_graph(c) &&
	    !smtp__is_in(c, "()<>@,;:\\\"/[]?=", 15);
}

static inline char
smtp__lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* The value of a hexadecimal digit of either case, or -1. */
static inline int
smtp__hex_value(char c)
{
	if (smtp__is_digit(c))
		return c - '0';
	c = smtp__lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Equal but for the case of ASCII letters. */
static inline bool
smtp__same(const char *p, size_t n, const char *q, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (smtp__lower(p[i]) != smtp__lower(q[i]))
			return false;
	return true;
}

static inline bool
smtp__same_text(const char *p, size_t n, const char *text)
{
	return smtp__same(p, n, text, strlen(text));
}

#endif
