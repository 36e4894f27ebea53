/* SPDX-License-Identifier: MIT */
#include "proto/state.h"

#include "codec/base64.h"
#include "proto/command.h"

#define PIPELINES(e) smtp__has((e), SMTP_OFFER_PIPELINING)
/* More was said than what is heard now. */
#if SMTP__FLIGHTS
#define IN_FLIGHT(e) ((e)->owed > 0 || (e)->say != HOLD)
#else
#define IN_FLIGHT(e) false
#endif
#if SMTP_WITH_LMTP
#define IS_LMTP(e) ((e)->setup->lmtp)
#else
#define IS_LMTP(e) false
#endif
#if SMTP_WITH_REQUIRE_ALL
#define NEEDS_ALL(d) (((d)->flags & SMTP_DELIVERY_ALL) != 0)
#else
#define NEEDS_ALL(d) false
#endif

/*
 * Greeting and capabilities.
 */

static enum step
hear_greeting(struct smtp_engine *e, int status)
{
	if (status == SMTP_E_LATER)
		smtp__engine_fail(e, status);
	return status == SMTP_OK ? EHLO : QUIT;
}

#if SMTP_WITH_PLAINTEXT
#define WANTS_TLS(e) (!(e)->secure && (e)->setup->tls < SMTP_ENGINE_PLAINTEXT)
#define ONLY_TLS(e) ((e)->setup->tls == SMTP_ENGINE_STARTTLS)
#define MAY_SHOW(e) ((e)->setup->insecure_auth)
#else
#define WANTS_TLS(e) (!(e)->secure)
#define ONLY_TLS(e) true
#define MAY_SHOW(e) false
#endif
#define NEEDS_TLS(e) (!(e)->secure && ONLY_TLS(e))

/* What was offered is known: is it enough? */
static enum step
settle(struct smtp_engine *e)
{
	if (NEEDS_TLS(e))
		e->status = SMTP_E_TLS;
	return e->status == SMTP_OK ? READY : QUIT;
}

/* RFC 5321 section 3.2: HELO only where the server does not know EHLO. */
static enum step
hear_ehlo(struct smtp_engine *e, int status)
{
	if (status == SMTP_OK) {
		smtp__caps_settle(&e->caps);
		if (WANTS_TLS(e) && smtp__has(e, SMTP_OFFER_STARTTLS))
			return STARTTLS;
		return settle(e);
	}
	smtp__engine_forget(e);
#if SMTP_WITH_HELO
	if (e->hear == EHLO && !e->secure && !ONLY_TLS(e) && !IS_LMTP(e) &&
	    (e->reply.code == 500 || e->reply.code == 502 ||
	    e->reply.code == 504))
		return HELO;
#endif
	return settle(e);
}

/* RFC 3207 section 4. */
static enum step
hear_starttls(struct smtp_engine *e, int status)
{
	if (status == SMTP_OK)
		return e->reply.code == 220 ? HANDSHAKE : BROKEN;
#if SMTP_WITH_PLAINTEXT
	e->status = SMTP_OK;
	return settle(e);
#else
	e->status = SMTP_E_TLS;
	return QUIT;
#endif
}

/*
 * Authentication (RFC 4954 section 4).
 */

/* Those that are still worth trying. */
#if SMTP_WITH_SECOND
#define UNTRIED(e) ((e)->mechanisms)
#else
#define UNTRIED(e) ((e)->caps.mechanisms)
#endif

#if SMTP__MECH_CHOICE
/* Beyond 512 octets the response waits for the challenge (section 4). */
static bool
fits_line(const struct smtp_engine *e)
{
	struct smtp__line l;

	smtp__line_begin(&l, NULL, 0, 0);
	smtp__dialogue_say(e, &l, AUTH);
	return l.n <= SMTP__COMMAND_MAX;
}

static const struct smtp__mech *
mech(const struct smtp_engine *e)
{
	return &smtp__mechs[e->mech];
}

static bool
is_stepped(const struct smtp_engine *e)
{
	return SMTP__STEPPED && e->mech == SMTP__MECH_STEPPED;
}

#if SMTP__STEPPED
enum step
smtp__dialogue_begin(struct smtp_engine *e)
{
	if (e->cancel) {
		e->status = SMTP_E_AUTH;
		return READY;
	}
	e->initial = true;
	e->initial = fits_line(e);
	return AUTH;
}
#endif

enum step
smtp__dialogue_choose(struct smtp_engine *e)
{
	unsigned has = 0;
	uint8_t best;

	if (e->secure)
		has = SMTP__MECH_SECURE;
	else if (MAY_SHOW(e))
		has = SMTP__MECH_INSECURE;
#if SMTP_WITH_TEXT && SMTP_WITH_CRAM_MD5
	if (e->reply.text_room >= 64)
		has |= SMTP__MECH_MEMORY;
#endif
	e->round = 0;
	e->cancel = false;
	best = smtp__mech_choose(e->given.credentials, UNTRIED(e), has);
	if (best == SMTP__MECH_NONE) {
		if (e->status != SMTP_E_LATER)
			e->status = SMTP_E_AUTH;
		return READY;
	}
	e->mech = best;
	e->initial = mech(e)->initial != 0;
	e->initial = e->initial && fits_line(e);
	return AUTH;
}

#if SMTP_WITH_TEXT && (SMTP_WITH_CRAM_MD5 || SMTP__STEPPED)
/* In its place. */
static void
decode(struct smtp__reply *r)
{
	r->text_n = (uint16_t)smtp__base64_decode(r->text, r->text_n, r->text,
	    r->text_n);
}
#endif

/*
 * Is it base64, whole and strictly, and does the mechanism like it? A challenge
 * that no mechanism reads is not looked at.
 */
static bool
hear_challenge(struct smtp_engine *e)
{
#if SMTP_WITH_TEXT && (SMTP_WITH_CRAM_MD5 || SMTP__STEPPED)
	struct smtp__reply *r = &e->reply;

	if (r->text != NULL && (r->cut ||
	    !smtp__base64_check(r->text, r->text_n)))
		return false;
#endif
#if SMTP__STEPPED
	if (is_stepped(e)) {
		decode(r);
		return true;
	}
#endif
#if SMTP_WITH_TEXT && SMTP_WITH_CRAM_MD5
	if (r->text != NULL && e->round == 0 &&
	    mech(e)->needs & SMTP__MECH_MEMORY) {
		decode(r);
		return smtp__mech_digest(e->given.credentials, r->text,
		    r->text_n, r->text_room);
	}
#endif
	return e->round < mech(e)->responses;
}

/* Has the mechanism said and heard all? */
static bool
is_complete(const struct smtp_engine *e)
{
#if SMTP__STEPPED
	if (is_stepped(e))
		return e->satisfied && e->stuff.in == NULL;
#endif
	return e->round == mech(e)->rounds;
}

/* The answer is there, or it is asked for. */
static enum step
answer(const struct smtp_engine *e)
{
#if SMTP__STEPPED
	if (is_stepped(e) && !e->cancel && e->stuff.in == NULL)
		return RESPONSE;
#endif
	(void)e;
	return ANSWER;
}

#if SMTP_WITH_SECOND
enum {
	NOT_SUPPORTED = 504,
	TOO_WEAK = 534,
	TRANSITION = 432
};
#endif

static enum step
hear_auth(struct smtp_engine *e, int status)
{
	unsigned code = e->reply.code;

	if (e->reply.klass == '3') {
		if (code != 334 || e->cancel)
			return BROKEN;
		e->cancel = !hear_challenge(e);
		return answer(e);
	}
	if (status == SMTP_OK) {
		/* Early success is none (RFC 4422 section 3.6). */
		e->authenticated = !e->cancel && is_complete(e);
		if (!e->authenticated)
			smtp__engine_fail(e, SMTP_E_AUTH);
		return READY;
	}
#if SMTP_WITH_SECOND
	/* These three ask for another mechanism, 432 for PLAIN. */
	if (!e->cancel && !is_stepped(e) && (code == NOT_SUPPORTED ||
	    code == TOO_WEAK || code == TRANSITION)) {
		if (code == TRANSITION)
			e->mechanisms &= (uint8_t)smtp__mech_bit("PLAIN");
		e->mechanisms &= (uint8_t)~(1U << e->mech);
		return smtp__dialogue_choose(e);
	}
#endif
	if (e->cancel || status == SMTP_E_REFUSED)
		e->status = SMTP_E_AUTH;
	return READY;
}
#else
enum step
smtp__dialogue_choose(struct smtp_engine *e)
{
	e->status = SMTP_E_AUTH;
#if SMTP_WITH_MECHANISM
	if (e->given.credentials->mechanism != NULL &&
	    smtp__mech_bit(e->given.credentials->mechanism) == 0)
		return READY;
#endif
	return e->caps.mechanisms && (e->secure || MAY_SHOW(e)) ? AUTH : READY;
}

static enum step
hear_auth(struct smtp_engine *e, int status)
{
	e->authenticated = status == SMTP_OK;
	if (status == SMTP_E_REFUSED)
		e->status = SMTP_E_AUTH;
	return READY;
}
#endif

/*
 * Transactions.
 */

/* Everything about the delivery at the hear-cursor is known. */
static enum step
finish(struct smtp_engine *e)
{
	smtp__rows_conclude(e->heard);
	e->heard = e->heard->next;
#if SMTP_WITH_BDAT
	e->hear = MAIL;          /* what comes now is about the next one  */
#if SMTP_WITH_PIPELINING
	e->refused = SMTP_OK;
#endif
#endif
	if (IN_FLIGHT(e))
		return HOLD;
	return smtp__dialogue_next(e);
}

enum step
smtp__dialogue_next(struct smtp_engine *e)
{
	e->status = SMTP_OK;
	e->said = e->heard;
	if (e->said == NULL)
		return READY;
#if SMTP_WITH_REUSE
	if (e->dirty)
		return RSET;
#endif
	return MAIL;
}

/* The reply decides the rows at the hear-cursor that are not decided. */
static void
decide(struct smtp_engine *e, int to)
{
	smtp__rows_set(e->heard, to, &e->reply);
}

static enum step
decide_all(struct smtp_engine *e, int to)
{
	decide(e, to);
	return finish(e);
}

#if SMTP_WITH_REUSE
/* RFC 5321 section 4.1.1.5: an abandoned transaction is still open. */
static enum step
hear_rset(struct smtp_engine *e, int status)
{
	if (status != SMTP_OK)
		return BROKEN;
	e->dirty = false;
	return e->said != NULL ? MAIL : READY;
}
#endif

/* 503: not now, and not because of this mail. */
static int
unless_503(const struct smtp_engine *e, int status)
{
	return SMTP_WITH_TEMPORARY && e->reply.code == 503 ? SMTP_E_LATER :
	    status;
}

static enum step
hear_mail(struct smtp_engine *e, int status)
{
	struct smtp_delivery *d = e->heard;

	e->heard_rcpt = smtp__rows_find(d, d->rcpts, SMTP_RCPT_PENDING);
	e->dirty = true;         /* RFC 1870 section 6.2: refused as well */
#if SMTP_WITH_PIPELINING
	/* The one before stands in its way. */
	if (d->status == SMTP__BEHIND)
		status = unless_503(e, status);
	e->refused = (int8_t)status;
#if SMTP_WITH_BDAT
	e->lone_dot = false;
#endif
#endif
	if (status == SMTP_OK)
		return RCPT;
	/* With RCPTs under way each row waits for its own reply. */
	if (IN_FLIGHT(e)) {
		decide(e, SMTP_RCPT_PENDING);
		return RCPT;
	}
	return decide_all(e, status);
}

#if SMTP_WITH_TEMPORARY
/*
 * Behind accepted recipients 552 means "too many" (RFC 5321 section
 * 4.5.3.1.10), but not where it is about a mailbox or a size.
 */
static bool
is_too_many(const struct smtp_engine *e)
{
#if SMTP_WITH_ENHANCED
	if (e->reply.subject == 2 ||
	    (e->reply.subject == 3 && e->reply.detail == 4))
		return false;
#endif
	return e->reply.code == 552 &&
	    smtp__rows_have(e->heard, SMTP_RCPT_TAKEN);
}
#endif

/* Nobody, or not all where all were asked for. */
static bool
is_hopeless(const struct smtp_delivery *d)
{
	if (NEEDS_ALL(d) && (smtp__rows_have(d, SMTP_E_REFUSED) ||
	    smtp__rows_have(d, SMTP_E_LATER)))
		return true;
	return !smtp__rows_have(d, SMTP_RCPT_TAKEN);
}

#if SMTP_WITH_BDAT
/* What was not begun need not be said. */
static void
take_back(struct smtp_engine *e)
{
	if (e->say == CHUNK && e->offset == 0)
		e->say = HOLD;
}

enum step
smtp__dialogue_give_up(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->heard;
	int status = e->given_up;
	enum step next;

	smtp__rows_set(d, status, NULL);
	d->cause = (int8_t)status;
	next = finish(e);
	d->status = (int8_t)status;
	return next;
}
#endif

/* The recipients are known, or a chunk was taken. */
static enum step
go_on(struct smtp_engine *e)
{
#if SMTP_WITH_BDAT
	/* Behind it nothing is said. */
	if (e->given_up != SMTP_OK && e->owed == 0)
		return smtp__dialogue_give_up(e);
	if (smtp__in_chunks(e, e->heard))
		return CHUNK;
#else
	(void)e;
#endif
	return DATA;
}

static enum step
hear_rcpt(struct smtp_engine *e, int status)
{
	struct smtp_delivery *d = e->heard;
	struct smtp_rcpt *r = e->heard_rcpt;

	if (SMTP__REFUSED(e) != SMTP_OK) {
		r->status = SMTP__REFUSED(e);
	} else {
		if (status == SMTP_OK)
			status = SMTP_RCPT_TAKEN;
#if SMTP_WITH_TEMPORARY
		else if (is_too_many(e))
			status = SMTP_E_LATER;
#endif
		smtp__row_set(r, status, &e->reply);
	}
	e->heard_rcpt = smtp__rows_find(d, r, SMTP_RCPT_PENDING);
	if (e->heard_rcpt != NULL)
		return RCPT;
#if SMTP_WITH_BDAT
	if (!smtp__is_owed(e))
		take_back(e);
#endif
	if (IN_FLIGHT(e) || !is_hopeless(d))
		return go_on(e);
#if SMTP_WITH_REQUIRE_ALL
	smtp__rows_set(d, SMTP_E_LATER, NULL);
#endif
	return finish(e);
}

static enum step
hear_data(struct smtp_engine *e, int status)
{
	struct smtp_delivery *d = e->heard;

	if (e->reply.klass != '3') {
		/* It counts recipients in another way than it said. */
		return decide_all(e, unless_503(e, status));
	}
	/* RFC 2920 section 3.1: 354 with nobody left wants a lone dot. */
#if SMTP_WITH_PIPELINING
	e->lone_dot = !smtp__rows_have(d, SMTP_RCPT_TAKEN);
	if (e->lone_dot && (SMTP__REFUSED(e) != SMTP_OK || IS_LMTP(e)))
		return BROKEN;
#endif
	d->phase = SMTP_PHASE_CONTENT;
	smtp__stuff_begin(&e->stuff, (d->flags & SMTP_DELIVERY_8BIT) != 0);
	e->stuff.end = SMTP__LONE_DOT(e);
	return BODY;
}

#if SMTP_WITH_BDAT
/*
 * Of a chunk that is not the last. Behind one that was refused no other is
 * begun, and the replies to those under way change nothing.
 */
static enum step
hear_chunk(struct smtp_engine *e, int status)
{
	e->chunks--;
	if (status != SMTP_OK) {
		decide(e, unless_503(e, status));
		if (e->said == e->heard) {
			e->no_more = true;
			take_back(e);
		}
	}
	if (IN_FLIGHT(e))
		return HOLD;
	return smtp__rows_have(e->heard, SMTP_RCPT_TAKEN) ? go_on(e) :
	    finish(e);
}
#endif

#if SMTP_WITH_PRDR
/*
 * 353: one reply for each recipient follows, and one for all, without which
 * nobody has the mail.
 */
static enum step
hear_verdict(struct smtp_engine *e, int status)
{
	struct smtp_delivery *d = e->heard;
	struct smtp_rcpt *r = e->heard_rcpt;

	if (e->reply.klass == '3') {
		if (e->verdicts || !smtp__rows_have(d, SMTP_RCPT_TAKEN))
			return BROKEN;
		e->verdicts = true;
		e->owed++;
		for (r = d->rcpts + d->rcpt_count; r > d->rcpts; )
			if ((--r)->status == SMTP_RCPT_TAKEN) {
				e->heard_rcpt = r;
				e->owed++;
			}
		return BODY;
	}
	if (status != SMTP_OK)
		smtp__row_set(r, status, &e->reply);
	e->heard_rcpt = smtp__rows_find(d, r + 1, SMTP_RCPT_TAKEN);
	return BODY;
}
#endif

/* One verdict, or with LMTP one for each recipient (RFC 2033 section 4.2). */
static enum step
hear_body(struct smtp_engine *e, int status)
{
#if SMTP_WITH_PRDR
	if (e->reply.klass == '3' || e->heard_rcpt != NULL)
		return hear_verdict(e, status);
	e->verdicts = false;
#endif
	/* Postfix keeps a transaction that it refused at its end. */
	e->dirty = status != SMTP_OK || SMTP__LONE_DOT(e);
#if SMTP_WITH_BDAT
	if (smtp__in_chunks(e, e->heard)) {
		e->dirty |= !smtp__rows_have(e->heard, SMTP_RCPT_TAKEN);
		status = unless_503(e, status);
		if (SMTP__REFUSED(e) != SMTP_OK && status == SMTP_OK)
			return BROKEN;
	}
#endif
#if SMTP_WITH_LMTP
	if (IS_LMTP(e)) {
		struct smtp_delivery *d = e->heard;
		struct smtp_rcpt *row = smtp__rows_find(d, d->rcpts,
		    SMTP_RCPT_TAKEN);

		smtp__row_set(row, status, &e->reply);
		if (smtp__rows_have(d, SMTP_RCPT_TAKEN))
			return BODY;
	}
#endif
	return decide_all(e, status);
}

/*
 * Other commands.
 */

#if SMTP_WITH_REUSE
static enum step
hear_command(struct smtp_engine *e, int status)
{
	(void)e;
	(void)status;
	return READY;
}
#endif

/* The places in a line, behind those of the mechanisms. */
enum {
	PLACE_NAME = '\013',
	PLACE_FROM = '\014',
	PLACE_EXTENSIONS = '\016',
	PLACE_TO = '\017',
	PLACE_OPTIONS = '\020',
	PLACE_MECHANISM = '\021',
	PLACE_ANSWER = '\022',
	PLACE_BASE64 = '\023',
	PLACE_CHUNK = '\024',
	PLACE_GIVEN = '\025'
};
#define NAME "\013"
#define FROM "\014"
#if SMTP_WITH_PARAMETERS || SMTP_WITH_SIZE || SMTP_WITH_8BITMIME || \
    SMTP_WITH_SMTPUTF8 || SMTP_WITH_BDAT || SMTP_WITH_PRDR
#define IS_EXTENDED 1
#define EXTENSIONS "\016"        /* of MAIL: SIZE=, BODY=, ...           */
#else
#define IS_EXTENDED 0
#define EXTENSIONS ""
#endif
#define TO "\017"
#if SMTP_WITH_PARAMETERS
#define OPTIONS "\020"           /* of RCPT: what the caller gave        */
#else
#define OPTIONS ""
#endif
#define MECHANISM "\021"         /* and the first response               */
#define RESPONSE_TO "\022"       /* the last challenge                   */
#define BASE64 "\023"            /* of all that is behind                */
#define OCTETS "\024"            /* of a chunk                           */
#if SMTP__COMMANDS
#define GIVEN "\025"             /* the caller's line                    */
#else
#define GIVEN "NOOP"
#endif

const struct smtp__step smtp__dialogue[STEPS] = {
	[GREETING] = { NULL, hear_greeting },
	[EHLO] = { "EHLO " NAME, hear_ehlo },
#if SMTP_WITH_HELO
	[HELO] = { "HELO " NAME, hear_ehlo },
#endif
	[STARTTLS] = { "STARTTLS", hear_starttls },
#if SMTP__MECH_CHOICE
	[AUTH] = { "AUTH " MECHANISM, hear_auth },
	[ANSWER] = { BASE64 RESPONSE_TO, hear_auth },
#else
	[AUTH] = { "AUTH PLAIN " BASE64 SMTP__SAY_PLAIN, hear_auth },
#endif
#if SMTP_WITH_REUSE
	[RSET] = { "RSET", hear_rset },
#endif
	[MAIL] = { "MAIL FROM:<" FROM ">" EXTENSIONS, hear_mail },
	[RCPT] = { "RCPT TO:<" TO ">" OPTIONS, hear_rcpt },
	[DATA] = { "DATA", hear_data },
#if SMTP_WITH_BDAT
	[CHUNK] = { "BDAT " OCTETS, hear_chunk },
#endif
	[BODY] = { NULL, hear_body },
#if SMTP_WITH_REUSE
	[COMMAND] = { GIVEN, hear_command },
#endif
	[QUIT] = { "QUIT", NULL },
};

#define WAITS(wait, phase) (SMTP_WAIT_##wait << 4 | SMTP_PHASE_##phase)

const uint8_t smtp__dialogue_waits[STEPS] = {
	[GREETING] = WAITS(GREETING, GREETING),
	[EHLO] = WAITS(COMMAND, EHLO),
#if SMTP_WITH_HELO
	[HELO] = WAITS(COMMAND, EHLO),
#endif
	[STARTTLS] = WAITS(COMMAND, STARTTLS),
	[AUTH] = WAITS(COMMAND, AUTH),
#if SMTP__MECH_CHOICE
	[ANSWER] = WAITS(COMMAND, AUTH),
#endif
#if SMTP_WITH_REUSE
	[RSET] = WAITS(COMMAND, MAIL),
#endif
	[MAIL] = WAITS(ENVELOPE, MAIL),
	[RCPT] = WAITS(ENVELOPE, RCPT),
	[DATA] = WAITS(DATA, DATA),
#if SMTP_WITH_BDAT
	[CHUNK] = WAITS(BLOCK, CONTENT),
#endif
	[BODY] = WAITS(FINAL, FINAL),
#if SMTP_WITH_REUSE
	[COMMAND] = WAITS(COMMAND, NONE),
#endif
	[QUIT] = WAITS(QUIT, QUIT),
};

/*
 * Saying.
 */

#if SMTP_WITH_PARAMETERS
static void
say_parameters(struct smtp__line *l, const char *parameters)
{
	if (parameters == NULL || parameters[0] == '\0')
		return;
	smtp__line_octet(l, ' ');
	smtp__line_text(l, parameters);
}
#endif

#if IS_EXTENDED
/* RFC 5321 section 4.1.1.2, RFC 1870 section 6, RFC 6152, RFC 6531. */
static void
say_extensions(const struct smtp_engine *e, struct smtp__line *l)
{
	const struct smtp_delivery *d = e->said;

#if SMTP_WITH_PARAMETERS
	say_parameters(l, d->parameters);
#endif
#if SMTP_WITH_SIZE
	if (smtp__has(e, SMTP_OFFER_SIZE) && d->flags & SMTP_DELIVERY_SIZE) {
		smtp__line_text(l, " SIZE=");
		smtp__line_number(l, d->size);
	}
#endif
#if SMTP_WITH_8BITMIME
	if (d->flags & SMTP_DELIVERY_8BIT)
		smtp__line_text(l, " BODY=8BITMIME");
#endif
#if SMTP_WITH_BDAT
	if (d->flags & SMTP_DELIVERY_BINARY)
		smtp__line_text(l, " BODY=BINARYMIME");
#endif
#if SMTP_WITH_PRDR
	if (smtp__has_prdr(e, d))
		smtp__line_text(l, " PRDR");
#endif
#if SMTP_WITH_SMTPUTF8
	if (d->flags & SMTP_DELIVERY_UTF8)
		smtp__line_text(l, " SMTPUTF8");
#endif
}
#endif

#if SMTP__STEPPED
/* What the caller gave; alone in a line of AUTH, the empty one is "=". */
static void
say_given(const struct smtp_engine *e, struct smtp__line *l)
{
	size_t i;

	for (i = 0; i < e->stuff.in_n; i++)
		smtp__line_octet(l, e->stuff.in[i]);
}
#endif

void
smtp__dialogue_say(const struct smtp_engine *e, struct smtp__line *l,
    enum step step)
{
	const char *text = smtp__dialogue[step].line, *given;
	const char *challenge = NULL;
	char c;

#if SMTP_WITH_LMTP
	/* RFC 2033 section 4.1. */
	if (step == EHLO && IS_LMTP(e))
		text = "LHLO " NAME;
#endif
#if SMTP__MECH_CHOICE
	if (step == ANSWER && e->cancel)
		text = "*";
#endif
#if SMTP_WITH_CRAM_MD5 && SMTP_WITH_TEXT
	challenge = e->reply.text;
#endif
	while ((c = *text++) != '\0') {
		switch (c) {
		case PLACE_NAME:
			given = e->setup->ehlo;
			break;
		case PLACE_FROM:
			given = e->said->from;
			break;
		case PLACE_TO:
			given = e->said_rcpt->address;
			break;
#if IS_EXTENDED
		case PLACE_EXTENSIONS:
			say_extensions(e, l);
			continue;
#endif
#if SMTP_WITH_PARAMETERS
		case PLACE_OPTIONS:
			say_parameters(l, e->said_rcpt->parameters);
			continue;
#endif
#if SMTP__MECH_CHOICE
		case PLACE_MECHANISM:
			smtp__line_text(l, is_stepped(e) ?
			    e->given.credentials->mechanism :
			    smtp__mech_name(e->mech));
			if (!e->initial)
				continue;
			smtp__line_octet(l, ' ');
			text = BASE64 RESPONSE_TO;
#if SMTP__STEPPED
			/* RFC 4954 section 4: this is the empty one. */
			if (is_stepped(e) && e->stuff.in_n == 0)
				text = "=";
#endif
			continue;
		case PLACE_ANSWER:
#if SMTP__STEPPED
			if (is_stepped(e)) {
				say_given(e, l);
				continue;
			}
#endif
			text = smtp__mech_response(mech(e), e->round);
			continue;
#endif
		case PLACE_BASE64:
			smtp__line_base64_begin(l);
			continue;
#if SMTP_WITH_BDAT
		/* RFC 3030 section 2. The octets follow. */
		case PLACE_CHUNK:
			smtp__line_number(l, (SMTP_OCTETS)e->chunk);
			if (e->stuff.end)
				smtp__line_text(l, " LAST");
			continue;
#endif
#if SMTP__COMMANDS
		case PLACE_GIVEN:
			given = e->given.line;
			break;
#endif
		default:
			smtp__mech_say(l, c, e->given.credentials, challenge);
			continue;
		}
		smtp__line_text(l, given);
	}
	smtp__line_base64_end(l);
	smtp__line_text(l, "\r\n");
}

/*
 * The cursors.
 */

#if SMTP_WITH_PIPELINING
/* What may be said behind a line before it is answered. */
static enum step
unanswered(struct smtp_engine *e, enum step step)
{
	const struct smtp_delivery *d = e->said;

	if (step == MAIL)
		e->said_rcpt = smtp__rows_find(d, d->rcpts, SMTP_RCPT_PENDING);
	if (step == RCPT)
		e->said_rcpt = smtp__rows_find(d, e->said_rcpt + 1,
		    SMTP_RCPT_PENDING);
	if (!PIPELINES(e) || d == NULL || step > RCPT)
		return HOLD;
	if (step < RCPT)         /* RSET, MAIL                            */
		return step + 1;
	if (e->said_rcpt != NULL)
		return RCPT;
	if (NEEDS_ALL(d))
		return HOLD;
#if SMTP_WITH_BDAT
	if (smtp__in_chunks(e, d))
		return d->flags & SMTP_DELIVERY_WAIT || IS_LMTP(e) ? HOLD :
		    CHUNK;
#endif
	return DATA;
}
#endif

void
smtp__dialogue_said(struct smtp_engine *e, enum step step)
{
	struct smtp_delivery *d = e->said;

	e->say = HOLD;
#if SMTP__FLIGHTS
	if (e->owed++ == 0)
#endif
		e->hear = (uint8_t)step;
#if SMTP__MECH_CHOICE
	if (step == AUTH)
		e->round = e->initial;
	if (step == ANSWER)
		e->round++;
#endif
#if SMTP__STEPPED
	if (e->mech == SMTP__MECH_STEPPED && (step == AUTH ||
	    step == ANSWER)) {
		if (step == ANSWER || e->initial)
			e->stuff.in = NULL;
		e->round = 1;    /* AUTH is said                          */
	}
#endif
#if SMTP_WITH_BDAT
	if (step == MAIL) {
		e->piece = e->no_more = e->stuff.end = false;
		e->given_up = SMTP_OK;
		e->chunk = 0;
		if (smtp__in_chunks(e, d))
			smtp__stuff_begin_plain(&e->stuff,
			    (d->flags & SMTP_DELIVERY_8BIT) != 0);
	}
#endif
#if SMTP_WITH_PIPELINING
	e->say = (uint8_t)unanswered(e, step);
#endif
	/* The phases are in the order of the steps, and next to each other. */
	if (step >= MAIL && step <= DATA)
		d->phase = (uint8_t)(SMTP_PHASE_MAIL + (step - MAIL));
}

#if SMTP__FLIGHTS
/*
 * A message behind another begins with RSET: a server that refused at the end
 * mark may still have the transaction open (Postfix has), and it costs no wait.
 */
#if SMTP_WITH_REUSE
#define NEXT RSET
#else
#define NEXT MAIL
#endif

enum step
smtp__dialogue_following(const struct smtp_engine *e, enum step step)
{
	if (step == BODY)
		return NEXT;
	if (step == RCPT && e->heard_rcpt != NULL)
		return RCPT;
#if SMTP_WITH_BDAT
	/* Of what is not the last nothing leaves with the envelope. */
	if (step > MAIL && smtp__in_chunks(e, e->heard))
		return e->chunks > 0 ? CHUNK : BODY;
#endif
	return step + 1;         /* RSET, MAIL, RCPT                      */
}
#endif

#if SMTP_WITH_PIPELINING
/*
 * The end mark of one message and MAIL of the next leave together (RFC 2920
 * section 3.1).
 */
void
smtp__dialogue_ahead(struct smtp_engine *e)
{
	if (!PIPELINES(e) || e->say != HOLD ||
	    e->said->phase != SMTP_PHASE_FINAL || e->said->next == NULL)
		return;
	e->said = e->said->next;
	e->said->status = SMTP__BEHIND;
	e->say = NEXT;
}
#endif
