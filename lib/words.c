/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "trace.h"
#include "words.h"

void
smtp__words_begin(struct smtp__out *line, char *p, size_t n)
{
	smtp__out_init(line, p, n - 1);
}

void
smtp__words_say(struct smtp__out *line, const char *words)
{
	size_t n = strlen(words), room = line->cap - line->n;

	smtp__out_add(line, words, n < room ? n : room);
}

void
smtp__words_number(struct smtp__out *line, uint64_t number)
{
	char room[24];
	struct smtp__out digits;

	smtp__out_init(&digits, room, sizeof room);
	smtp__out_number(&digits, number);
	smtp__out_end(&digits);
	smtp__words_say(line, room);
}

void
smtp__words_quote_n(struct smtp__out *line, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!smtp__trace_escape(line, p[i] == '\n' ? " " : &p[i], 1))
			break;
}

void
smtp__words_quote(struct smtp__out *line, const char *words)
{
	smtp__words_quote_n(line, words, strlen(words));
}

void
smtp__words_end(struct smtp__out *line)
{
	line->p[line->n] = '\0';
}
