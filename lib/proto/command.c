/* SPDX-License-Identifier: MIT */
#include "proto/command.h"

#include <string.h>

static bool
is_control(unsigned char c)
{
	return c < 32 || c == 127;
}

bool
smtp__command_path(const char *p, bool *utf8)
{
	const char *start = p;
	bool quoted = false;

	for (; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (quoted && c == '\\' && p[1] != '\0')
			c = (unsigned char)*++p;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ' ' || c == '<' || c == '>'))
			return false;
		if (is_control(c))
			return false;
		if (c > 127)
			*utf8 = true;
	}
	return !quoted && p - start < SMTP__COMMAND_MAX / 2;
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

bool
smtp__command_parameters(const char *p)
{
	do {
		if (!is_alnum(*p))
			return false;
		while (is_alnum(*p) || *p == '-')
			p++;
		if (*p == '=') {
			if (*++p == ' ' || *p == '\0')
				return false;
			while (*p != ' ' && *p != '=' && *p != '\0' &&
			    !is_control((unsigned char)*p))
				p++;
		}
	} while (*p == ' ' && *++p != '\0');
	return *p == '\0' && p[-1] != ' ';
}

bool
smtp__command_word(const char *p)
{
	return smtp__command_line(p) && memchr(p, ' ', strlen(p)) == NULL;
}

bool
smtp__command_line(const char *p)
{
	if (!is_alnum(*p) && *p != '[')
		return false;
	for (; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return true;
}
