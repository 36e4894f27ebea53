/* SPDX-License-Identifier: MIT */
#include "proto/command.h"

static bool
is_control(char c)
{
	return (unsigned char)c < 32 || c == 127;
}

bool
smtp__command_path(const char *p, bool *utf8)
{
	bool quoted = false;

	for (; *p != '\0'; p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == ' ' || *p == '<' || *p == '>'))
			return false;
		if (is_control(*p))
			return false;
		if ((unsigned char)*p > 127)
			*utf8 = true;
	}
	return !quoted;
}

static bool
is_keyword(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

bool
smtp__command_parameters(const char *p, bool *utf8)
{
	char before = ' ';
	bool value = false;

	for (; *p != '\0'; before = *p++) {
		if (*p == ' ')
			value = false;
		else if (before == ' ' && !is_keyword(*p))
			return false;
		if (is_control(*p) || (before == ' ' && *p == ' ') ||
		    (before == '=' && *p == ' '))
			return false;
		if (*p == '=' && value)
			return false;
		value |= *p == '=';
		*utf8 |= (unsigned char)*p > 127;
		if (!value && *p != ' ' && *p != '-' && !is_keyword(*p))
			return false;
	}
	return before != ' ' && before != '=';
}

bool
smtp__command_line(const char *p, bool spaces)
{
	const char *end = p + (spaces ? SMTP__COMMAND_MAX - 2 : 255);

	if (!is_keyword(*p) && *p != '[')
		return false;
	for (; *p != '\0'; p++)
		if (p == end || *p < ' ' + !spaces || *p > '~')
			return false;
	return true;
}
