/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "advise.h"
#include "mime/date.h"
#include "text/ascii.h"
#include "words.h"

#define LOOK_MS   UINT64_C(5000) /* for a second call                       */
#define URL_MAX   512

/* "smtps://host:port"; false: there is no second way to this server. */
static bool
url_with(const struct smtp *s, const char *scheme, char *url, size_t n)
{
	struct smtp__out out;
	bool v6;

	if (s->host == NULL)
		return false;
	v6 = strchr(s->host, ':') != NULL;
	smtp__out_init(&out, url, n);
	smtp__out_text(&out, scheme);
	smtp__out_text(&out, v6 ? "://[" : "://");
	smtp__out_text(&out, s->host);
	smtp__out_text(&out, v6 ? "]:" : ":");
	smtp__out_number(&out, s->port);
	smtp__out_end(&out);
	return true;
}

/* Call in another way; NULL: that was not possible. To be closed. */
static struct smtp *
call_again(const struct smtp *s, const char *scheme, char url[URL_MAX])
{
	struct smtp *other = NULL;
	int rc;

	if (!url_with(s, scheme, url, URL_MAX))
		return NULL;
	rc = smtp__open_until(&other, url, s->options,
	    smtp__net_now_ms() + LOOK_MS, NULL);
	if (other != NULL)
		(void)smtp__op_drive(other, rc);
	return other;
}

/* Did it greet as a mail server does, whatever came then? */
static bool
has_greeted(const struct smtp *s)
{
	return s != NULL && smtp__is_digit(s->banner[0]) &&
	    smtp__is_digit(s->banner[1]) && smtp__is_digit(s->banner[2]);
}

/* TLS was spoken, and what came back was not TLS. */
static bool
advise_clear(const struct smtp *s, struct smtp__out *line)
{
	char url[URL_MAX];
	struct smtp *other = call_again(s, "smtp+plaintext", url);
	bool known = true;

	if (has_greeted(other) &&
	    smtp_capability(other, "STARTTLS") != NULL) {
		smtp__words_say(line, "This port greets without TLS and "
		    "offers STARTTLS: use smtp://");
		smtp__words_say(line, url + sizeof "smtp+plaintext://" - 1);
		smtp__words_say(line, ".");
	} else if (has_greeted(other)) {
		smtp__words_say(line, "This port greets without TLS and "
		    "offers no STARTTLS: ask for the submission port, usually "
		    "587 or 465.");
	} else if (other != NULL && other->banner[0] != '\0') {
		smtp__words_say(line, smtp_hint(other));
	} else {
		known = false;
	}
	smtp_close(other);
	return known;
}

/* Nothing came, or the server hung up: does it wait for TLS? */
static bool
advise_tls(const struct smtp *s, struct smtp__out *line)
{
	char url[URL_MAX];
	struct smtp *other = call_again(s, "smtps", url);
	bool known = false;

	if (other == NULL)
		return false;
	if (other->secure || other->failure.cause == SMTP_E_CERTIFICATE) {
		known = true;
		if (other->secure && !has_greeted(other)) {
			smtp__words_say(line, "This port speaks TLS from the "
			    "first octet, but does not greet as a mail "
			    "server. ");
			smtp__words_say(line, other->banner[0] != '\0' ?
			    smtp_hint(other) : "It may be a web server.");
		} else {
			smtp__words_say(line, "This port speaks TLS from the "
			    "first octet: use ");
			smtp__words_say(line, url);
			smtp__words_say(line, ".");
		}
	} else if (other->failure.not_tls) {
		known = true;
		smtp__words_say(line, "What is at this port speaks neither "
		    "SMTP nor TLS; it may be a web server. Check host and "
		    "port.");
	}
	smtp_close(other);
	return known;
}

/* EHLO, or LHLO, is not known there: is the other? */
static bool
advise_other_protocol(const struct smtp *s, struct smtp__out *line)
{
	const char *scheme = s->lmtp ? "smtp" : "lmtp";
	char url[URL_MAX], again[32] = "";
	struct smtp__out name;
	struct smtp *other;
	bool known;

	if (s->secure)
		return false;
	smtp__out_init(&name, again, sizeof again);
	smtp__out_text(&name, scheme);
	smtp__out_text(&name, "+plaintext");
	smtp__out_end(&name);
	other = call_again(s, again, url);
	known = other != NULL && other->failure.status == SMTP_OK;
	if (known) {
		smtp__words_say(line, s->lmtp ?
		    "This is an SMTP server, not LMTP: use " :
		    "This is an LMTP server, not SMTP: use ");
		if (smtp_capability(other, "STARTTLS") != NULL)
			smtp__words_say(line, scheme);
		else
			smtp__words_say(line, again);
		smtp__words_say(line, url + strlen(again));
		smtp__words_say(line, ".");
	}
	smtp_close(other);
	return known;
}

/* What it is by a second call; false: what is known must do. */
static bool
looked_closer(const struct smtp *s, struct smtp__out *line)
{
	const struct smtp__failure *f = &s->failure;
	bool silent = f->cause == SMTP_E_TIMEOUT || f->cause == SMTP_E_CLOSED;

	if (s->foreign || f->by_deadline)
		return false;
	if (f->phase == SMTP_PHASE_TLS &&
	    s->tls_policy == SMTP_ENGINE_IMPLICIT &&
	    (f->not_tls || silent))
		return advise_clear(s, line);
	if (f->phase == SMTP_PHASE_GREETING && silent && !s->secure &&
	    s->banner[0] == '\0')
		return advise_tls(s, line);
	if (f->phase == SMTP_PHASE_EHLO && (f->code == 500 || f->code == 502))
		return advise_other_protocol(s, line);
	return false;
}

/* " This machine's date is 2026-11-22." */
static void
say_today(struct smtp__out *line)
{
	struct smtp__date date;
	int zone;
	int64_t seconds = smtp__net_wall_clock(&zone);

	/* GCOVR_EXCL_BR_START: the day decides, and it always has a date */
	if (!smtp__date_from_epoch(&date, seconds, 0))
		return; /* GCOVR_EXCL_LINE: no clock is so far off */
	smtp__words_say(line, " The date of this machine is ");
	smtp__words_number(line, (uint64_t)date.year);
	smtp__words_say(line, date.month < 10 ? "-0" : "-");
	smtp__words_number(line, (uint64_t)date.month);
	smtp__words_say(line, date.day < 10 ? "-0" : "-");
	/* GCOVR_EXCL_BR_STOP */
	smtp__words_number(line, (uint64_t)date.day);
	smtp__words_say(line, ".");
}

void
smtp__advise(const struct smtp *s, struct smtp__out *line)
{
	const unsigned dates = SMTP__CERT_EXPIRED | SMTP__CERT_NOT_YET;

	if (!looked_closer(s, line))
		smtp__words_say(line, smtp_hint(s));
	if (s->failure.status == SMTP_E_CERTIFICATE &&
	    s->failure.cert_errors & dates)
		say_today(line);
}
