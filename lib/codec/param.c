/* SPDX-License-Identifier: MIT */
#include "codec/param.h"

#include "codec/word.h"
#include "text/ascii.h"
#include "text/out.h"
#include "text/utf8.h"

static const char charset[] = "UTF-8''";

/* RFC 2231 section 7: what needs no percent sign. */
static bool
attribute_char(char c)
{
	return smtp__is_token(c) && !smtp__is_in(c, "*'%", 3);
}

static size_t
coded_width(const char *p, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++)
		width += attribute_char(p[i]) ? 1 : 3;
	return width;
}

static size_t
quoted_width(const char *p, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++)
		width += smtp__is_in(p[i], "\"\\", 2) ? 2 : 1;
	return width;
}

/*
 * Can it go without quotes? Three characters that a token may have are left
 * out, since readers exist that take them for the syntax of RFC 2231.
 */
static bool
is_token(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!attribute_char(p[i]))
			return false;
	return n > 0;
}

void
smtp__param_init(struct smtp__param *a, const char *name, const char *p,
    size_t n)
{
	size_t whole = strlen(name);

	a->name = name;
	a->p = p;
	a->n = n;
	a->index = 0;
	a->done = false;
	/* Many readers decode an encoded-word even where none can be. */
	a->coded = smtp__word_resembles(p, n);
	for (size_t i = 0; i < n; i++)
		a->coded = a->coded || smtp__is_high(p[i]);
	whole += a->coded ? 2 + strlen(charset) + coded_width(p, n) :
	    is_token(p, n) ? 1 + n : 3 + quoted_width(p, n);
	a->split = whole > SMTP__PARAM_MAX;
}

/* As many whole characters as go into `room`. */
static size_t
fit(const struct smtp__param *a, size_t room)
{
	size_t taken = 0, used = 0;

	while (taken < a->n) {
		size_t n = smtp__utf8_next(a->p + taken, a->n - taken, NULL);
		size_t width;

		if (n == 0)
			n = 1;          /* the caller was to check */
		width = a->coded ? coded_width(a->p + taken, n) :
		    quoted_width(a->p + taken, n);
		if (used + width > room)
			break;
		taken += n;
		used += width;
	}
	return taken;
}

static void
put_coded(struct smtp__out *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (attribute_char(p[i])) {
			smtp__out_octet(out, p[i]);
		} else {
			smtp__out_octet(out, '%');
			smtp__out_hex(out, (unsigned char)p[i]);
		}
	}
}

static void
put_quoted(struct smtp__out *out, const char *p, size_t n)
{
	smtp__out_octet(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (smtp__is_in(p[i], "\"\\", 2))
			smtp__out_octet(out, '\\');
		smtp__out_octet(out, p[i]);
	}
	smtp__out_octet(out, '"');
}

size_t
smtp__param_next(struct smtp__param *a, char text[SMTP__PARAM_MAX])
{
	struct smtp__out out;
	size_t n = a->n;

	if (a->done)
		return 0;
	smtp__out_init(&out, text, SMTP__PARAM_MAX);
	smtp__out_text(&out, a->name);
	if (a->split) {
		smtp__out_octet(&out, '*');
		smtp__out_number(&out, a->index);
	}
	if (a->coded)
		smtp__out_octet(&out, '*');
	smtp__out_octet(&out, '=');
	if (a->coded && a->index == 0)
		smtp__out_text(&out, charset);
	if (a->split)
		n = fit(a, SMTP__PARAM_MAX - out.n - (a->coded ? 0 : 2));
	if (a->coded)
		put_coded(&out, a->p, n);
	else if (!a->split && is_token(a->p, n))
		smtp__out_add(&out, a->p, n);
	else
		put_quoted(&out, a->p, n);
	a->p += n;
	a->n -= n;
	a->index++;
	a->done = a->n == 0;
	return out.n;
}
