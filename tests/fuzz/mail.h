/* SPDX-License-Identifier: MIT */
/*
 * A reader of messages for the harnesses, written from RFC 5322, RFC 2045 to
 * 2047 and RFC 2231. It shares nothing with the library, and takes nothing
 * that those do not allow.
 */
#ifndef MAIL_H
#define MAIL_H

#include "fuzz.h"

#include <stdbool.h>

struct span {
	const char *p;
	size_t n;
};

static inline char
mail_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool
mail_is(struct span s, const char *text)
{
	size_t i;

	for (i = 0; i < s.n && text[i] != '\0'; i++)
		if (mail_lower(s.p[i]) != mail_lower(text[i]))
			return false;
	return i == s.n && text[i] == '\0';
}

static inline bool
mail_begins(struct span s, const char *text)
{
	size_t n = strlen(text);

	return s.n >= n && mail_is((struct span){ s.p, n }, text);
}

static inline bool
mail_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The line at the front of `s`, taken from it, without its CRLF. */
static inline struct span
mail_line(struct span *s)
{
	const char *end = memchr(s->p, '\n', s->n);
	struct span line = { s->p, 0 };

	REQUIRE(end != NULL && end > s->p && end[-1] == '\r');
	line.n = (size_t)(end - 1 - s->p);
	s->n -= line.n + 2;
	s->p += line.n + 2;
	return line;
}

/* CRLF alone ends lines, which are as long as they may be. */
static inline void
mail_check_lines(struct span s, size_t most, bool high)
{
	while (s.n > 0) {
		struct span line = mail_line(&s);

		REQUIRE(line.n <= most);
		for (size_t i = 0; i < line.n; i++) {
			unsigned char c = (unsigned char)line.p[i];

			REQUIRE(c != '\r' && c != '\0');
			REQUIRE(high || c < 128);
		}
	}
}

/*
 * The next field of a header, unfolded, its name apart. False: the end, and
 * `header` is behind the empty line.
 */
static inline bool
mail_next(struct span *header, struct span *name, struct span *value)
{
	struct span line = mail_line(header);
	const char *colon;
	char *text;
	size_t n, words = 0;

	if (line.n == 0)
		return false;
	text = fuzz_alloc(line.n + header->n);
	colon = memchr(line.p, ':', line.n);
	REQUIRE(colon != NULL && colon > line.p && !mail_blank(line.p[0]));
	*name = (struct span){ line.p, (size_t)(colon - line.p) };
	for (size_t i = 0; i < name->n; i++)
		REQUIRE(name->p[i] > ' ' && name->p[i] < 127);
	n = line.n - name->n - 1;
	memcpy(text, colon + 1, n);
	for (;;) {
		words = 0;
		for (size_t i = 0; i < line.n; i++) {
			char c = line.p[i];

			REQUIRE((unsigned char)c >= ' ' || c == '\t');
			words += !mail_blank(c);
		}
		/* No line is all blank (RFC 5322 section 3.2.2). */
		REQUIRE(words > 0 && line.n <= 998);
		if (header->n == 0 || !mail_blank(header->p[0]))
			break;
		line = mail_line(header);
		memcpy(text + n, line.p, line.n);
		n += line.n;
	}
	fuzz_shrink(text, n);
	*value = (struct span){ text, n };
	if (n > 0 && text[0] == ' ') {
		value->p++;
		value->n--;
	}
	return true;
}

static inline int
mail_hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static inline int
mail_digit64(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' :
	    c >= 'a' && c <= 'z' ? c - 'a' + 26 :
	    c >= '0' && c <= '9' ? c - '0' + 52 :
	    c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base64 without line ends; the octets behind `out`. */
static inline size_t
mail_base64(const char *p, size_t n, char *out)
{
	size_t size = 0;

	REQUIRE(n % 4 == 0);
	for (size_t i = 0; i < n; i += 4) {
		unsigned v = 0, pad = 0;

		for (size_t k = 0; k < 4; k++) {
			int d = mail_digit64(p[i + k]);

			if (p[i + k] == '=' && k >= 2 && i + 4 == n) {
				pad++;
				d = 0;
			}
			REQUIRE(d >= 0 && (pad == 0 || p[i + k] == '='));
			v = v << 6 | (unsigned)d;
		}
		for (size_t k = 0; k < 3 - pad; k++)
			out[size++] = (char)(v >> (16 - 8 * k) & 0xff);
		REQUIRE((v & ((1U << (8 * pad)) - 1)) == 0);
	}
	return size;
}

/* Is this UTF-8, whole characters only? Table 3-7 of the Unicode standard. */
static inline bool
mail_utf8(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; i < n; ) {
		unsigned char c = p[i], low = 0x80, top = 0xbf;
		size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

		if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || more >= n - i)
			return false;
		low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : low;
		top = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : top;
		for (size_t k = 1; k <= more; k++) {
			if (p[i + k] < low || p[i + k] > top)
				return false;
			low = 0x80;
			top = 0xbf;
		}
		i += more + 1;
	}
	return true;
}

/* The encoded-word at the front; its octets, 0: there is none. */
static inline size_t
mail_word(struct span s, bool phrase, char *out, size_t *out_n)
{
	size_t i, size = 0;
	char how;

	if (!mail_begins(s, "=?"))
		return 0;
	for (i = 2; i < s.n && !mail_blank(s.p[i]); i++)
		if (s.p[i] == '?' && i + 1 < s.n && s.p[i + 1] == '=' && i > 10)
			break;
	if (i >= s.n || s.p[i] != '?')
		return 0;
	REQUIRE(mail_begins(s, "=?UTF-8?") && s.p[9] == '?' && i + 2 <= 75);
	REQUIRE(i + 2 == s.n || mail_blank(s.p[i + 2]) ||
	    (phrase && s.p[i + 2] == ','));
	how = mail_lower(s.p[8]);
	if (how == 'b') {
		size = mail_base64(s.p + 10, i - 10, out + *out_n);
	} else {
		REQUIRE(how == 'q');
		for (size_t k = 10; k < i; k++) {
			char c = s.p[k];

			REQUIRE(c > ' ' && c < 127 && c != '?');
			REQUIRE(!phrase || c == '=' || c == '_' ||
			    mail_digit64(c) >= 0 || c == '!' || c == '*' ||
			    c == '-');
			if (c == '=') {
				REQUIRE(k + 2 < i && mail_hex(s.p[k + 1]) >=
				    0 && mail_hex(s.p[k + 2]) >= 0);
				c = (char)(mail_hex(s.p[k + 1]) * 16 +
				    mail_hex(s.p[k + 2]));
				k += 2;
			} else if (c == '_') {
				c = ' ';
			}
			out[*out_n + size++] = c;
		}
	}
	REQUIRE(size > 0 && mail_utf8(out + *out_n, size));
	*out_n += size;
	return i + 2;
}

/* Unstructured text as a reader shows it. */
static inline struct span
mail_text(struct span s, bool phrase)
{
	char *out = fuzz_alloc(s.n + 1);
	size_t at = 0, n = 0, blanks, word;
	bool was = false;

	while (at < s.n) {
		for (blanks = at; at < s.n && mail_blank(s.p[at]); at++)
			;
		blanks = at - blanks;
		memcpy(out + n, s.p + at - blanks, blanks);
		n += blanks;
		if (was)
			n -= blanks;
		word = at == 0 || blanks > 0 ? mail_word((struct span)
		    { s.p + at, s.n - at }, phrase, out, &n) : 0;
		if (word == 0 && was) {
			memmove(out + n + blanks, out + n, 0);
			memcpy(out + n, s.p + at - blanks, blanks);
			n += blanks;
		}
		was = word > 0;
		at += word;
		while (at < s.n && !mail_blank(s.p[at]) && !was)
			out[n++] = s.p[at++];
	}
	fuzz_shrink(out, n);
	return (struct span){ out, n };
}

/* `NAME*N*` and the value behind it, RFC 2231; into `out`. */
static inline void
mail_extended(struct span value, bool first, char *out, size_t *n)
{
	size_t i = 0;

	if (first) {
		REQUIRE(mail_begins(value, "UTF-8''"));
		i = 7;
	}
	for (; i < value.n; i++) {
		char c = value.p[i];

		REQUIRE(c > ' ' && c < 127 &&
		    strchr("()<>@,;:\\\"/[]?=*'", c) == NULL);
		if (c == '%') {
			REQUIRE(i + 2 < value.n);
			REQUIRE(mail_hex(value.p[i + 1]) >= 0 &&
			    mail_hex(value.p[i + 2]) >= 0);
			c = (char)(mail_hex(value.p[i + 1]) * 16 +
			    mail_hex(value.p[i + 2]));
			i += 2;
		}
		out[(*n)++] = c;
	}
}

/* One `; name=value`, taken from `s`. */
static inline void
mail_pair(struct span *s, struct span *name, struct span *value, bool *quoted)
{
	char *out = fuzz_alloc(s->n);
	size_t i = 0, n = 0, start;

	REQUIRE(s->p[i++] == ';');
	while (i < s->n && mail_blank(s->p[i]))
		i++;
	for (start = i; i < s->n && s->p[i] != '='; i++)
		REQUIRE(!mail_blank(s->p[i]));
	REQUIRE(i < s->n && i > start);
	*name = (struct span){ s->p + start, i++ - start };
	*quoted = i < s->n && s->p[i] == '"';
	if (*quoted) {
		for (i++; i < s->n && s->p[i] != '"'; i++) {
			if (s->p[i] == '\\')
				i++;
			REQUIRE(i < s->n);
			out[n++] = s->p[i];
		}
		REQUIRE(i++ < s->n);
	} else {
		for (; i < s->n && s->p[i] != ';' && !mail_blank(s->p[i]);
		    i++) {
			REQUIRE(s->p[i] > ' ' && s->p[i] < 127 &&
			    strchr("()<>@,:\\\"/[]?=", s->p[i]) == NULL);
			out[n++] = s->p[i];
		}
		REQUIRE(n > 0);
	}
	REQUIRE(i == s->n || s->p[i] == ';');
	s->p += i;
	s->n -= i;
	fuzz_shrink(out, n);
	*value = (struct span){ out, n };
}

/*
 * The parameter of that name; false: there is none. What RFC 2231 says goes
 * before the plain one.
 */
static inline bool
mail_param(struct span s, const char *name, struct span *found)
{
	const char *p = memchr(s.p, ';', s.n);
	char *out = fuzz_alloc(s.n);
	size_t n = 0, size = strlen(name), index = 0;
	bool plain = false, extended = false;

	if (p == NULL)
		return false;
	s = (struct span){ p, s.n - (size_t)(p - s.p) };
	while (s.n > 0) {
		struct span key, value;
		bool quoted, coded;

		mail_pair(&s, &key, &value, &quoted);
		if (!mail_begins(key, name))
			continue;
		if (key.n == size) {
			REQUIRE(!plain && index == 0);
			plain = true;
			if (!extended)
				*found = value;
			continue;
		}
		if (key.p[size] != '*')
			continue;
		coded = key.p[key.n - 1] == '*';
		REQUIRE(!(coded && quoted));
		if (key.n > size + 1) {
			size_t number = 0, i;

			for (i = size + 1; i < key.n - coded; i++) {
				REQUIRE(key.p[i] >= '0' && key.p[i] <= '9');
				number = number * 10 +
				    (size_t)(key.p[i] - '0');
			}
			REQUIRE(number == index++);
		} else {
			REQUIRE(!extended);
		}
		if (coded)
			mail_extended(value, !extended, out, &n);
		else {
			memcpy(out + n, value.p, value.n);
			n += value.n;
		}
		extended = true;
	}
	if (extended)
		*found = (struct span){ out, n };
	return plain || extended;
}

/* A body in one of the five encodings; no line may be longer than 76. */
static inline struct span
mail_decode(struct span body, struct span encoding)
{
	char *out = fuzz_alloc(body.n), *line64;
	size_t n = 0, held = 0;
	bool base64 = mail_is(encoding, "base64");
	bool qp = mail_is(encoding, "quoted-printable");

	if (!base64 && !qp)
		return body;
	line64 = fuzz_alloc(body.n);
	while (body.n > 0) {
		struct span line = { body.p, body.n };
		const char *end = memchr(body.p, '\n', body.n);
		bool soft = false;

		if (end != NULL)
			line = mail_line(&body);
		else
			body.n = 0;
		REQUIRE(line.n <= 76);
		if (base64) {
			memcpy(line64 + held, line.p, line.n);
			held += line.n;
			continue;
		}
		for (size_t i = 0; i < line.n; i++) {
			char c = line.p[i];

			REQUIRE((c >= ' ' && c < 127) || c == '\t');
			REQUIRE(i + 1 < line.n || !mail_blank(c));
			if (c != '=') {
				out[n++] = c;
			} else if (i + 1 == line.n) {
				soft = true;
			} else {
				REQUIRE(i + 2 < line.n &&
				    mail_hex(line.p[i + 1]) >= 0 &&
				    mail_hex(line.p[i + 2]) >= 0);
				out[n++] = (char)(mail_hex(line.p[i + 1]) *
				    16 + mail_hex(line.p[i + 2]));
				i += 2;
			}
		}
		if (!soft && end != NULL) {
			out[n++] = '\r';
			out[n++] = '\n';
		}
	}
	if (base64)
		n = mail_base64(line64, held, out);
	return (struct span){ out, n };
}

/* CR, LF and CRLF as CRLF. */
static inline struct span
mail_canonical(const char *p, size_t n)
{
	char *out = fuzz_alloc(2 * n);
	size_t size = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\r' || p[i] == '\n') {
			i += p[i] == '\r' && i + 1 < n && p[i + 1] == '\n';
			out[size++] = '\r';
			out[size++] = '\n';
		} else {
			out[size++] = p[i];
		}
	}
	fuzz_shrink(out, size);
	return (struct span){ out, size };
}

static inline bool
mail_same(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The same, but for a line end that was added where there was none. */
static inline bool
mail_same_text(struct span got, struct span want)
{
	if (got.n == want.n + 2 && (want.n == 0 || want.p[want.n - 1] != '\n'))
		got.n -= memcmp(got.p + want.n, "\r\n", 2) == 0 ? 2 : 0;
	return mail_same(got, want);
}

#endif
