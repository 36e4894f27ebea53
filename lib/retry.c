/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include <smtp/engine.h>
#include <smtp/smtp.h>

#include "retry.h"
#include "text/ascii.h"

#define MINUTE UINT32_C(60)
#define HOUR   UINT32_C(3600)
#define DAY    UINT32_C(86400)

#define SOON   (5 * MINUTE)      /* what passes by itself in minutes        */
#define USUAL  (30 * MINUTE)     /* RFC 5321 section 4.5.4.1, at least      */
#define LONG   (4 * HOUR)        /* a person has to do something first      */

#define ANY      0
#define ANY_PART 0xfffeu         /* of an enhanced code                     */

/* The first row that fits has the word: special before general. */
static const struct retry_row {
	int status, cause, phase, code;
	unsigned subject, detail;
	int retry;
	uint32_t after_s;
} retry_rows[] = {
	/* No reply has decided. */
	{ SMTP_E_UNKNOWN, ANY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_ASK, 0 },
	{ SMTP_E_ARGUMENT, ANY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_NEVER, 0 },
	{ SMTP_E_UNSUPPORTED, ANY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_CHANGED, 0 },
	{ SMTP_E_STATE, ANY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_SOURCE, ANY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_SPACE, ANY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_MEMORY, ANY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, SMTP_E_CLOSED, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_NOW, 0 },
	{ SMTP_E_LATER, SMTP_E_CANCELLED, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_NOW, 0 },
	/* A session that LIMITS ended: another one takes it. */
	{ SMTP_E_LATER, SMTP_E_STATE, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_NOW, 0 },
	{ SMTP_E_LATER, SMTP_E_TIMEOUT, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, SMTP_E_RESOLVE, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, SMTP_E_CONNECT, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, SMTP_E_MEMORY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, SMTP_E_TLS, ANY, 454, ANY_PART, ANY_PART,
	    SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, SMTP_E_TLS, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_LATER, SMTP_E_CERTIFICATE, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_LATER, SMTP_E_AUTH, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_LATER, SMTP_E_REFUSED, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },

	/* It was told to go, or to come again. */
	{ SMTP_E_LATER, ANY, ANY, 421, 7, ANY_PART, SMTP_RETRY_LATER, USUAL },
	{ SMTP_E_LATER, ANY, ANY, 421, ANY_PART, ANY_PART,
	    SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, ANY, ANY, 432, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_LATER, ANY, SMTP_PHASE_AUTH, 454, ANY_PART, ANY_PART,
	    SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, ANY, SMTP_PHASE_DATA, 503, ANY_PART, ANY_PART,
	    SMTP_RETRY_CHANGED, 0 },
	{ SMTP_E_LATER, ANY, ANY, ANY, 2, 2, SMTP_RETRY_LATER, LONG },
	{ SMTP_E_LATER, ANY, ANY, 450, 7, 1, SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, ANY, ANY, 451, 7, 1, SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, ANY, SMTP_PHASE_RCPT, 450, 2, 0,
	    SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, ANY, SMTP_PHASE_RCPT, 450, SMTP_NO_ENHANCED,
	    SMTP_NO_ENHANCED, SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, ANY, SMTP_PHASE_RCPT, 451, SMTP_NO_ENHANCED,
	    SMTP_NO_ENHANCED, SMTP_RETRY_LATER, SOON },
	{ SMTP_E_LATER, ANY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_LATER, USUAL },

	/* Refused: what was asked too much of can be left out. */
	{ SMTP_E_REFUSED, ANY, SMTP_PHASE_GREETING, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_REFUSED, ANY, SMTP_PHASE_EHLO, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_REFUSED, ANY, ANY, 530, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_REFUSED, ANY, ANY, 538, ANY_PART, ANY_PART,
	    SMTP_RETRY_FIXED, 0 },
	{ SMTP_E_REFUSED, ANY, ANY, 555, ANY_PART, ANY_PART,
	    SMTP_RETRY_CHANGED, 0 },
	{ SMTP_E_REFUSED, ANY, ANY, 504, ANY_PART, ANY_PART,
	    SMTP_RETRY_CHANGED, 0 },
	{ SMTP_E_REFUSED, ANY, SMTP_PHASE_MAIL, 501, 5, 4,
	    SMTP_RETRY_CHANGED, 0 },
	{ SMTP_E_REFUSED, ANY, SMTP_PHASE_RCPT, 501, 5, 4,
	    SMTP_RETRY_CHANGED, 0 },
	{ SMTP_E_REFUSED, ANY, ANY, ANY, 7, 15, SMTP_RETRY_CHANGED, 0 },
	{ SMTP_E_REFUSED, ANY, ANY, ANY, 7, 16, SMTP_RETRY_CHANGED, 0 },
	{ SMTP_E_REFUSED, ANY, ANY, ANY, 7, 30, SMTP_RETRY_CHANGED, 0 },
	{ SMTP_E_REFUSED, ANY, ANY, ANY, ANY_PART, ANY_PART,
	    SMTP_RETRY_NEVER, 0 },
};

static bool
is(int wanted, int has)
{
	return wanted == ANY || wanted == has;
}

static bool
is_part(unsigned wanted, unsigned has)
{
	return wanted == ANY_PART || wanted == has;
}

/*
 * Words.
 */

/* How long is what stands behind a number? 0: it is no time. */
static uint32_t
unit_of(const char *p)
{
	static const struct { const char *name; uint32_t seconds; } units[] = {
		{ "sec", 1 }, { "min", MINUTE }, { "hour", HOUR },
	};

	p += *p == ' ' || *p == '-';
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t n = strlen(units[i].name);

		if (strlen(p) >= n && smtp__same_text(p, n, units[i].name))
			return units[i].seconds;
	}
	return *p == 's' && !smtp__is_alnum(p[1]) ? 1 : 0;
}

/*
 * "Greylisted for 300 seconds", "try again in 5 minutes": the first such time,
 * 0 if there is none or it is longer than a day.
 */
static uint32_t
time_in(const char *text)
{
	const char *p = text;

	while (*p != '\0') {
		uint32_t number = 0, unit;
		bool inside = p > text && (smtp__is_alnum(p[-1]) ||
		    p[-1] == '.' || p[-1] == ':');

		if (!smtp__is_digit(*p)) {
			p++;
			continue;
		}
		for (; smtp__is_digit(*p); p++)
			if (number <= DAY)
				number = number * 10 + (uint32_t)(*p - '0');
		unit = inside ? 0 : unit_of(p);
		if (unit > 0 && number > 0 && number <= DAY / unit)
			return number * unit;
	}
	return 0;
}

/*
 * Advice.
 */

/* RFC 5321 section 4.5.3.1.10: enough for one transaction, not for the next. */
static bool
is_surplus(const struct smtp__failed *f)
{
	return f->surplus && f->phase == SMTP_PHASE_RCPT &&
	    (f->code == 452 || f->code == 552) && f->subject != 2 &&
	    (f->subject != 3 || f->detail != 4);
}

int
smtp__retry(const struct smtp__failed *failed, uint32_t *after_s)
{
	struct smtp__failed f = *failed;

	*after_s = 0;
	if (f.status == SMTP_OK || (f.status == SMTP_E_STATE &&
	    f.cause == SMTP_OK))
		return SMTP_RETRY_NONE;
	/* A session fails with its cause, a mail with what became of it. */
	if (f.status <= SMTP_E_RESOLVE) {
		f.cause = f.status;
		f.status = SMTP_E_LATER;
	}
	if (f.status == SMTP_E_PARTIAL)
		f.status = f.code >= 500 ? SMTP_E_REFUSED : SMTP_E_LATER;
	/* Nobody refused this one: all were asked for, or one session more. */
	if (f.status == SMTP_E_LATER && (is_surplus(&f) ||
	    (f.cause == SMTP_E_REPLY && f.code == 0)))
		return SMTP_RETRY_NOW;
	for (size_t i = 0; i < sizeof retry_rows / sizeof *retry_rows; i++) {
		const struct retry_row *r = &retry_rows[i];

		if (!is(r->status, f.status) || !is(r->cause, f.cause) ||
		    !is(r->phase, f.phase) || !is(r->code, f.code) ||
		    !is_part(r->subject, f.subject) ||
		    !is_part(r->detail, f.detail))
			continue;
		if (r->retry == SMTP_RETRY_LATER) {
			*after_s = f.code >= 400 ? time_in(f.text) : 0;
			if (*after_s == 0)
				*after_s = r->after_s;
		}
		return r->retry;
	}
	return SMTP_RETRY_LATER;
}

/*
 * Of messages.
 */

/* "5.1.1", or "". */
static void
read_enhanced(const char *text, struct smtp__failed *f)
{
	unsigned part[3] = { 0 }, n = 0;

	f->subject = f->detail = SMTP_NO_ENHANCED;
	for (; *text != '\0'; text++) {
		assert(n < 3);           /* we have written it             */
		if (*text == '.')
			n++;
		else
			part[n] = part[n] * 10 + (unsigned)(*text - '0');
	}
	if (n != 2)
		return;
	f->subject = part[1];
	f->detail = part[2];
}

static bool
was_taken_by_others(const struct smtp_message *m)
{
	for (size_t i = 0; i < smtp_message_recipient_count(m); i++)
		if (smtp_message_recipient_status(m, i) == SMTP_OK)
			return true;
	return false;
}

static int
advice_for_row(const struct smtp_message *m, size_t i, uint32_t *after_s)
{
	struct smtp__failed f = {
		.status = smtp_message_recipient_status(m, i),
		.cause = smtp_message_recipient_cause(m, i),
		.phase = smtp_message_recipient_phase(m, i),
		.code = smtp_message_recipient_code(m, i),
		.text = smtp_message_recipient_text(m, i),
		.surplus = was_taken_by_others(m),
	};

	read_enhanced(smtp_message_recipient_enhanced(m, i), &f);
	return smtp__retry(&f, after_s);
}

static int
advice_for_all(const struct smtp_message *m, uint32_t *after_s)
{
	struct smtp__failed f = {
		.status = smtp_message_status(m),
		.cause = smtp_message_cause(m),
		.phase = smtp_message_phase(m),
		.code = smtp_message_code(m),
		.text = smtp_message_text(m),
	};

	read_enhanced(smtp_message_enhanced(m), &f);
	return smtp__retry(&f, after_s);
}

/* What is left to do, the pressing first. */
static int
weight(int retry)
{
	static const int order[] = {
		[SMTP_RETRY_NONE] = 0,
		[SMTP_RETRY_NEVER] = 1,
		[SMTP_RETRY_CHANGED] = 2,
		[SMTP_RETRY_FIXED] = 3,
		[SMTP_RETRY_NOW] = 4,
		[SMTP_RETRY_LATER] = 5,
		[SMTP_RETRY_ASK] = 6,
	};

	return order[retry];
}

static int
advice(const struct smtp_message *m, uint32_t *after_s)
{
	size_t n = smtp_message_recipient_count(m);
	int all = SMTP_RETRY_NONE;
	uint32_t most = 0;

	*after_s = 0;
	if (n == 0)
		return advice_for_all(m, after_s);
	for (size_t i = 0; i < n; i++) {
		uint32_t after;
		int one = advice_for_row(m, i, &after);

		if (weight(one) > weight(all))
			all = one;
		if (after > most)
			most = after;
	}
	if (all == SMTP_RETRY_LATER)
		*after_s = most;
	return all;
}

int
smtp_message_retry(const struct smtp_message *m)
{
	uint32_t after;

	return advice(m, &after);
}

uint32_t
smtp_message_retry_s(const struct smtp_message *m)
{
	uint32_t after;

	(void)advice(m, &after);
	return after;
}

int
smtp_message_recipient_retry(const struct smtp_message *m, size_t i)
{
	uint32_t after;

	return advice_for_row(m, i, &after);
}

uint32_t
smtp_message_recipient_retry_s(const struct smtp_message *m, size_t i)
{
	uint32_t after;

	(void)advice_for_row(m, i, &after);
	return after;
}

/*
 * For queues.
 */

uint32_t
smtp_retry_wait(uint32_t after_s, unsigned failures, uint32_t age_s,
    uint32_t most_s, uint32_t give_up_s)
{
	uint32_t wait = after_s > 0 ? after_s : USUAL;

	if (most_s == 0)
		most_s = LONG;
	if (give_up_s == 0)
		give_up_s = 5 * DAY;
	if (age_s >= give_up_s)
		return 0;
	if (failures > 1 && wait < USUAL)
		wait = USUAL;
	for (; failures > 2 && wait < most_s; failures--)
		wait = wait > most_s / 2 ? most_s : wait * 2;
	if (failures > 1 && wait > most_s)
		wait = most_s;
	return wait;
}

const char *
smtp_retry_name(int retry)
{
	static const char *const names[] = { "NONE", "NEVER", "NOW", "LATER",
		"CHANGED", "FIXED", "ASK" };

	if (retry < 0 || (size_t)retry >= sizeof names / sizeof *names)
		return "";
	return names[retry];
}
