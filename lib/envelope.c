/* SPDX-License-Identifier: MIT */
/*
 * What a message asks of the server, as parameters of MAIL and RCPT. All of it
 * is looked at before a word is said: what the server does not offer is
 * refused here, and nothing of the mail has left then.
 */
#include <string.h>

#include "client.h"
#include "memory.h"
#include "proto/command.h"
#include "text/ascii.h"

/* Of ENVID, for agents that show it (RFC 3461 section 4.4). */
#define ENVID_SHORT 38

/* The keyword of EHLO that each of them needs. */
static const char *const extensions[SMTP__ASK_COUNT] = {
	[SMTP__ASK_RET] = "DSN",
	[SMTP__ASK_ENVID] = "DSN",
	[SMTP__ASK_REQUIRETLS] = "REQUIRETLS",
	[SMTP__ASK_SUBMITTER] = "AUTH",
	[SMTP__ASK_DELIVER_BY] = "DELIVERBY",
	[SMTP__ASK_HOLD_FOR] = "FUTURERELEASE",
	[SMTP__ASK_HOLD_UNTIL] = "FUTURERELEASE",
	[SMTP__ASK_PRIORITY] = "MT-PRIORITY",
};

/*
 * Refusals.
 */

static int
refuse(struct smtp__sending *g, int status, const char *what,
    const char *words)
{
	struct smtp__out out;

	smtp__out_init(&out, g->why, sizeof g->why - 1);
	smtp__out_text(&out, what);
	smtp__out_text(&out, ": ");
	smtp__out_text(&out, words);
	g->why[out.n] = '\0';
	g->words = g->why;
	return status;
}

static int
lack(struct smtp__sending *g, const char *extension, const char *words)
{
	return refuse(g, SMTP_E_UNSUPPORTED, extension, words);
}

static int
need(struct smtp *s, const char *extension)
{
	return smtp_capability(s, extension) != NULL ? SMTP_OK :
	    lack(s->sending, extension, "asked for by the mail, and not "
	    "offered by the server");
}

/* RFC 3461 section 5.2.2: to a server without DSN it may go without. */
static bool
leaves_out(struct smtp *s, const char *extension)
{
	return strcmp(extension, "DSN") == 0 &&
	    !smtp__options_flag(s->options, SMTP__REQUIRE_DSN) &&
	    smtp_capability(s, extension) == NULL;
}

/*
 * Numbers that EHLO gives.
 */

/* The `i`th word behind a keyword, from 0; its length, 0 for none. */
static size_t
word(const char *p, unsigned i, const char **at)
{
	for (; i > 0 && *p != '\0'; i--) {
		p += strcspn(p, " \t");
		while (smtp__is_blank(*p))
			p++;
	}
	*at = p;
	return strcspn(p, " \t");
}

/* Up to nine digits; false: not a number. */
static bool
number(const char *p, size_t n, uint32_t *value)
{
	*value = 0;
	if (n == 0 || n > 9)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!smtp__is_digit(p[i]))
			return false;
		*value = *value * 10 + (uint32_t)(p[i] - '0');
	}
	return true;
}

/* RFC 2852 section 3: what is asked for must not be below the minimum. */
static int
check_deliver_by(struct smtp *s, const struct smtp__asks *asks)
{
	const char *p;
	uint32_t least;
	size_t n = word(smtp_capability(s, "DELIVERBY"), 0, &p);

	if (asks->deliver_by == 0 || !number(p, n, &least) ||
	    (uint32_t)asks->deliver_by >= least)
		return SMTP_OK;
	return lack(s->sending, "DELIVERBY", "the mail asks for less time "
	    "than the server needs");
}

/* Of the same form, all of UTC: "2030-01-01T00:00:00Z". */
static bool
is_moment(const char *p, size_t n)
{
	static const char form[] = "0000-00-00T00:00:00Z";

	if (n != sizeof form - 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == '0' ? !smtp__is_digit(p[i]) : p[i] != form[i])
			return false;
	return true;
}

/* RFC 4865 section 3: seconds and a date, neither of which may be passed. */
static int
check_hold(struct smtp *s, const struct smtp__asks *asks, enum smtp__ask what)
{
	const char *offer = smtp_capability(s, "FUTURERELEASE"), *p;
	const char *until = asks->mail[what] + strlen("HOLDUNTIL=");
	uint32_t most;
	size_t n;

	if (s->lmtp)
		return lack(s->sending, "FUTURERELEASE",
		    "not for LMTP, which delivers at once");
	n = word(offer, what == SMTP__ASK_HOLD_UNTIL, &p);
	if (what == SMTP__ASK_HOLD_FOR ? !number(p, n, &most) ||
	    asks->hold_for <= most : !is_moment(p, n) ||
	    memcmp(until, p, n) <= 0)
		return SMTP_OK;
	return lack(s->sending, "FUTURERELEASE", "the mail asks to be held "
	    "longer than the server does");
}

/* RFC 8689 section 4.2.1. */
static int
check_require_tls(struct smtp *s)
{
	bool verified = false;
	int rc;

#if SMTP_WITH_TLS
	struct smtp__tls_info info;

	if (s->tls != NULL) {
		smtp__tls_info(s->tls, &info);
		verified = info.verified;
	}
#endif
	s->sending->subject = 7;
	s->sending->detail = 30;
	rc = need(s, "REQUIRETLS");
	if (!verified || s->tls_policy == SMTP_ENGINE_OPPORTUNISTIC) {
		s->sending->detail = 10;
		return lack(s->sending, "REQUIRETLS", "needs TLS with a "
		    "certificate that was verified");
	}
	if (rc == SMTP_OK)
		s->sending->subject = s->sending->detail = SMTP_NO_ENHANCED;
	return rc;
}

static int
check(struct smtp *s, const struct smtp__asks *asks, enum smtp__ask what)
{
	int rc;

	if (what == SMTP__ASK_REQUIRETLS)
		return check_require_tls(s);
	rc = need(s, extensions[what]);
	if (rc != SMTP_OK)
		return rc;
	switch (what) {
	case SMTP__ASK_DELIVER_BY:
		return check_deliver_by(s, asks);
	case SMTP__ASK_HOLD_FOR:
	case SMTP__ASK_HOLD_UNTIL:
		return check_hold(s, asks, what);
	default:
		return SMTP_OK;
	}
}

/*
 * Writing. A command is a NUL-terminated string, one behind the other.
 */

static void
put(struct smtp__out *out, const char *text)
{
	if (out->n > 0 && out->p[out->n - 1] != '\0')
		smtp__out_octet(out, ' ');
	smtp__out_text(out, text);
}

/*
 * Parameters that the caller wrote himself. Only what has an extension that is
 * known enlarges a command (RFC 5321 section 4.5.3.1.4); `*room` counts.
 */
static int
put_more(struct smtp *s, struct smtp__out *out,
    const struct smtp__parameters *list, const struct smtp__parameters *but,
    size_t *room)
{
	for (const struct smtp__parameter *p = list->first; p != NULL;
	    p = p->next) {
		size_t n = strlen(p->text) + 1;

		if (but != NULL && smtp__parameters_have(but, p->text,
		    p->keyword_n))
			continue;
		if (p->extension != NULL && need(s, p->extension) != SMTP_OK)
			return SMTP_E_UNSUPPORTED;
		if (s->without_ehlo)
			return lack(s->sending, "parameter", "the server "
			    "knows HELO only, which has none");
		if (n > *room)
			return refuse(s->sending, SMTP_E_ARGUMENT,
			    "parameter", "the command has over 512 octets");
		*room -= n;
		put(out, p->text);
	}
	return SMTP_OK;
}

/* A path has at most SMTP__MAILBOX_MAX octets. */
static size_t
room_for(const char *verb, const char *path)
{
	return SMTP__COMMAND_MAX - strlen(verb) - strlen(path);
}

static int
put_mail(struct smtp *s, const struct smtp__asks *asks, struct smtp__out *out)
{
	size_t room = room_for("MAIL FROM:<>\r\n", s->sending->delivery.from);

	for (enum smtp__ask i = 0; i < SMTP__ASK_COUNT; i++) {
		int rc;

		if (asks->mail[i] == NULL || leaves_out(s, extensions[i]))
			continue;
		rc = check(s, asks, i);
		if (rc != SMTP_OK)
			return rc;
		put(out, asks->mail[i]);
	}
	return put_more(s, out, &asks->more, NULL, &room);
}

static bool
is_wide(const char *text)
{
	while (*text != '\0' && !smtp__is_high(*text))
		text++;
	return *text != '\0';
}

/*
 * RFC 3461 section 4.2: the recipient's own address where none was given, and
 * then `notify` was. It goes without one that the command has no room for.
 */
static void
put_orcpt(struct smtp__out *out, const struct smtp__rcpt_asks *asks,
    const char *notify, const char *address)
{
	char text[sizeof "ORCPT=" + 500];
	struct smtp__out line;

	if (asks->orcpt == NULL && strcmp(notify, "NOTIFY=NEVER") == 0)
		return;
	if (asks->orcpt != NULL && asks->orcpt[0] == '\0')
		return;
	smtp__out_init(&line, text, sizeof text - 1);
	smtp__out_text(&line, "ORCPT=");
	smtp__orcpt_write(&line, asks->orcpt_type, smtp__bytes_of(
	    asks->orcpt != NULL ? asks->orcpt : address), is_wide(address));
	text[line.n] = '\0';
	if (!line.over)
		put(out, text);
}

static int
put_rcpt(struct smtp *s, const struct smtp__asks *asks,
    const struct smtp__recipient *r, struct smtp__out *out)
{
	const struct smtp__rcpt_asks *own = r->asks, *all = &asks->rcpt;
	const char *notify = own != NULL && own->has_notify ? own->notify :
	    all->notify;
	const struct smtp__rcpt_asks *orcpt = own != NULL &&
	    own->has_orcpt ? own : all;
	size_t room = room_for("RCPT TO:<>\r\n", r->address);
	int rc = SMTP_OK;

	if ((notify != NULL || orcpt->orcpt != NULL) &&
	    !leaves_out(s, "DSN")) {
		rc = need(s, "DSN");
		if (notify != NULL)
			put(out, notify);
		put_orcpt(out, orcpt, notify, r->address);
	}
	if (rc == SMTP_OK && own != NULL)
		rc = put_more(s, out, &own->more, NULL, &room);
	if (rc == SMTP_OK)
		rc = put_more(s, out, &all->more,
		    own != NULL ? &own->more : NULL, &room);
	return rc;
}

/* They stand one behind the other, as they were written. */
static void
point(struct smtp__sending *g)
{
	const char *p = g->parameters.out.p;

	g->delivery.parameters = p;
	for (size_t i = 0; i < g->delivery.rcpt_count; i++) {
		p += strlen(p) + 1;
		g->rows[i].parameters = p;
	}
	g->delivery.flags |= SMTP_DELIVERY_LONG;
}

/* RFC 6409 section 4.2: such a name is of this network only. */
static void
note_unqualified(struct smtp *s, const char *address)
{
	const char *at = strrchr(address, '@');

	if (at != NULL && at[1] != '[' && strchr(at, '.') == NULL)
		smtp__trace_note(s->trace, "the domain has no dot: ",
		    address);
}

int
smtp__envelope_write(struct smtp *s)
{
	struct smtp__sending *g = s->sending;
	const struct smtp__asks *asks = smtp__message_asks(g->message);
	struct smtp__out *out = &g->parameters.out;
	int rc;

	g->subject = g->detail = SMTP_NO_ENHANCED;
	if (s->trace != NULL && !s->lmtp) {
		note_unqualified(s, g->delivery.from);
		for (size_t i = 0; i < g->delivery.rcpt_count; i++)
			note_unqualified(s, g->rows[i].address);
	}
	if (!asks->any)
		return SMTP_OK;
	if (asks->mail[SMTP__ASK_ENVID] != NULL &&
	    asks->envid_n > ENVID_SHORT)
		smtp__trace_note(s->trace, "envid: over 38 octets, which some "
		    "readers of reports cut", "");
	smtp__buffer_clear(&g->parameters);
	rc = put_mail(s, asks, out);
	smtp__out_octet(out, '\0');
	for (size_t i = 0; rc == SMTP_OK && i < g->delivery.rcpt_count; i++) {
		rc = put_rcpt(s, asks, &g->recipients[g->which[i]], out);
		smtp__out_octet(out, '\0');
	}
	if (rc != SMTP_OK)
		return rc;
	if (out->over)
		return SMTP_E_MEMORY;
	point(g);
	return SMTP_OK;
}
