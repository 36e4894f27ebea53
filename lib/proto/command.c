/* SPDX-License-Identifier: MIT */
#include "proto/command.h"

#include "text/clean.h"

static bool
is_control(char c)
{
	return (unsigned char)c < 32 || c == 127;
}

size_t
smtp__command_path(const char *path, bool *utf8)
{
	bool quoted = false;
	const char *p;

	if (path == NULL)
		return SMTP__COMMAND_NOT;
	for (p = path; *p != '\0'; p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (SMTP_WITH_QUOTED && *p == '"')
			quoted = !quoted;
		/* GCOVR_EXCL_BR_START: a quote is seen above */
		else if (!quoted && (*p == ' ' || *p == '"' || *p == '<' ||
		    *p == '>'))
			return SMTP__COMMAND_NOT;
		/* GCOVR_EXCL_BR_STOP */
		if (is_control(*p))
			return SMTP__COMMAND_NOT;
		if ((unsigned char)*p > 127) {
			if (!SMTP_WITH_SMTPUTF8)
				return SMTP__COMMAND_NOT;
			*utf8 = true;
		}
	}
	return quoted ? SMTP__COMMAND_NOT : (size_t)(p - path);
}

static bool
is_keyword(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

bool
smtp__command_parameters(const char *p, bool *utf8)
{
	enum { START, KEYWORD, EQUALS, VALUE } at = START;

	for (; *p != '\0'; p++) {
		if (*p == ' ' || *p == '=') {
			if (at == START || at == EQUALS ||
			    (*p == '=' && at == VALUE))
				return false;
			at = *p == ' ' ? START : EQUALS;
		} else if (at <= KEYWORD) {
			if (!is_keyword(*p) && (*p != '-' || at == START))
				return false;
			at = KEYWORD;
		} else {
			if (is_control(*p))
				return false;
			*utf8 |= (unsigned char)*p > 127;
			at = VALUE;
		}
	}
	return at == KEYWORD || at == VALUE;
}

#if SMTP_WITH_PARAMETERS
bool
smtp__command_wide_line(const char *p)
{
	if (!is_keyword(*p))
		return false;
	for (size_t n = 0; p[n] != '\0'; n++)
		if (n == SMTP__COMMAND_MAX - 2 || is_control(p[n]))
			return false;
	return true;
}
#endif

bool
smtp__command_line(const char *p, bool spaces)
{
	size_t n = smtp__clean(p, spaces ? ' ' : ' ' + 1, '~');

	/* Alone, the name for EHLO need not be told from a command. */
	return n > 0 && n <= (spaces ? SMTP__COMMAND_MAX - 2 : 255) &&
	    (!SMTP_WITH_COMMAND || is_keyword(*p) || *p == '[');
}
