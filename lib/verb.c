/* SPDX-License-Identifier: MIT */
/* Lines of the caller's own: what may be said, and where. */
#include <string.h>

#include "client.h"
#include "text/ascii.h"
#include "text/utf8.h"

static int
refuse(struct smtp *s, int status, const char *words)
{
	return smtp__report(s, status, status, SMTP_PHASE_NONE, words);
}

static bool
is_one_of(const char *p, size_t n, const char *const *verbs)
{
	for (; *verbs != NULL; verbs++)
		if (smtp__same_text(p, n, *verbs))
			return true;
	return false;
}

/* RFC 6531 section 3.7.4.2: at the end of VRFY and EXPN. */
static bool
asks_for_utf8(const char *line)
{
	static const char parameter[] = " SMTPUTF8";
	size_t n = strlen(line), size = sizeof parameter - 1;

	return n > size && smtp__same(line + n - size, size, parameter, size);
}

static bool
is_wide(const char *line)
{
	while (*line != '\0' && !smtp__is_high(*line))
		line++;
	return *line != '\0';
}

static int
check_wide(struct smtp *s, const char *line, bool asks)
{
	if (is_wide(line) && (!asks || !smtp__utf8_valid(line,
	    strlen(line))))
		return refuse(s, SMTP_E_ARGUMENT, "command: only VRFY and "
		    "EXPN have UTF-8, with SMTPUTF8 at their end");
	if (asks && !(smtp_engine_offers(s->engine) & SMTP_OFFER_SMTPUTF8))
		return refuse(s, SMTP_E_UNSUPPORTED,
		    "SMTPUTF8: not offered by the server");
	return SMTP_OK;
}

/* RFC 1985: of relays; submission is on ports of its own. */
static int
check_etrn(struct smtp *s)
{
	if (s->lmtp || s->port == 587 || s->port == 465)
		return refuse(s, SMTP_E_ARGUMENT, "ETRN: is for relays, not "
		    "for submission or LMTP");
	return smtp_capability(s, "ETRN") != NULL ? SMTP_OK :
	    refuse(s, SMTP_E_UNSUPPORTED,
	    "ETRN: not offered by the server");
}

int
smtp__verb_check(struct smtp *s, const char *line)
{
	/* After these the session is not what the engine takes it for. */
	static const char *const changing[] = { "EHLO", "HELO", "LHLO",
		"STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "QUIT",
		NULL };
	static const char *const lookups[] = { "VRFY", "EXPN", NULL };
	size_t n = strcspn(line, " \t");
	int rc;

	if (is_one_of(line, n, changing))
		return refuse(s, SMTP_E_ARGUMENT,
		    "command: one that changes the session");
	rc = check_wide(s, line, is_one_of(line, n, lookups) &&
	    asks_for_utf8(line));
	if (rc == SMTP_OK && smtp__same_text(line, n, "ETRN"))
		rc = check_etrn(s);
	return rc;
}
