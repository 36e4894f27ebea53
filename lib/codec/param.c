/* SPDX-License-Identifier: MIT */
#include "codec/param.h"

#include <string.h>

#include "codec/line.h"
#include "codec/word.h"

#define CHARSET "UTF-8''"

void
smtp__param_init(struct smtp__param *a, const char *name, const char *p,
    size_t n)
{
	/* Many readers decode an encoded-word even where none can be. */
	bool coded = smtp__word_needed(p, n, false);
	size_t whole = smtp__escape_width(p, n, SMTP__ESCAPE_PARAM);

	a->how = SMTP__ESCAPE_PARAM;
	if (coded) {
		whole += sizeof("*=" CHARSET) - 1;
	} else if (whole == n && n > 0) {
		whole++;
		a->how = SMTP__ESCAPE_NONE;
	} else {
		a->how = SMTP__ESCAPE_QUOTED;
		whole = sizeof("=\"\"") - 1 +
		    smtp__escape_width(p, n, SMTP__ESCAPE_QUOTED);
	}
	a->split = strlen(name) + whole > SMTP__PARAM_MAX;
	if (a->split && !coded)
		a->how = SMTP__ESCAPE_QUOTED;
	a->name = name;
	a->p = p;
	a->n = n;
	a->index = 0;
	a->done = false;
}

size_t
smtp__param_next(struct smtp__param *a, char text[SMTP__PARAM_MAX])
{
	bool coded = a->how == SMTP__ESCAPE_PARAM;
	const char *quote = a->how == SMTP__ESCAPE_QUOTED ? "\"" : "";
	struct smtp__line line;
	size_t n = a->n, threes;

	if (a->done)
		return 0;
	smtp__line_begin(&line, text, SMTP__PARAM_MAX, 0);
	smtp__line_text(&line, a->name);
	if (a->split) {
		smtp__line_octet(&line, '*');
		smtp__line_number(&line, a->index);
	}
	smtp__line_text(&line, coded ? "*=" : "=");
	if (coded && a->index == 0)
		smtp__line_text(&line, CHARSET);
	smtp__line_text(&line, quote);
	if (a->split)
		n = smtp__escape_fit(a->p, n, SMTP__PARAM_MAX - line.n -
		    (*quote != '\0'), a->how, &threes);
	smtp__escape(&line, a->p, n, a->how);
	smtp__line_text(&line, quote);
	a->p += n;
	a->n -= n;
	a->index++;
	a->done = a->n == 0;
	return line.n;
}
