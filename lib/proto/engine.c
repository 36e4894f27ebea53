/* SPDX-License-Identifier: MIT */
#include <smtp/engine.h>

#include <string.h>

#include "proto/command.h"
#include "proto/state.h"

_Static_assert(sizeof(struct smtp_engine) <= SMTP_ENGINE_BYTES,
    "SMTP_ENGINE_BYTES is too small");

int
smtp_engine_init(struct smtp_engine **engine, void *memory, size_t n,
    const struct smtp_engine_setup *setup)
{
	struct smtp_engine *e = memory;

	*engine = NULL;
	if (memory == NULL || n < sizeof *e ||
	    ((uintptr_t)memory & (_Alignof(struct smtp_engine) - 1)) != 0)
		return SMTP_E_SPACE;
	if (setup->ehlo == NULL || !smtp__command_line(setup->ehlo, false))
		return SMTP_E_ARGUMENT;
#if !SMTP_WITH_PLAINTEXT
	if (setup->tls > SMTP_ENGINE_IMPLICIT)
		return SMTP_E_UNSUPPORTED;
#endif
	memset(e, 0, sizeof *e);
	e->setup = setup;
#if SMTP__MECH_CHOICE
	e->mech = SMTP__MECH_NONE;
#endif
	e->secure = setup->tls == SMTP_ENGINE_IMPLICIT;
	e->say = HOLD;
#if SMTP__FLIGHTS
	e->owed = 1;
#endif
	e->restart = true;
#if SMTP_WITH_TEXT
	if (setup->text != NULL) {
		e->reply.text = setup->text;
		e->reply.text_room = setup->text_n < 0xffff ?
		    (uint16_t)setup->text_n : 0xffff;
	}
#endif
	*engine = e;
	return SMTP_OK;
}

#if SMTP_WITH_INSPECT
size_t
smtp_engine_bytes(void)
{
	return sizeof(struct smtp_engine);
}
#endif

unsigned
smtp_engine_want(const struct smtp_engine *e)
{
	static const uint8_t of_step[] = {
		[HOLD - STEPS] = SMTP_ENGINE_READ,
		[HANDSHAKE - STEPS] = SMTP_ENGINE_TLS,
#if SMTP__STEPPED
		[RESPONSE - STEPS] = SMTP_ENGINE_RESPONSE,
#endif
		[READY - STEPS] = SMTP_ENGINE_READY | SMTP_ENGINE_READ,
		[OVER - STEPS] = 0
	};
	unsigned want = SMTP_ENGINE_READ | SMTP_ENGINE_WRITE;

	if (e->say >= STEPS)
		want = of_step[e->say - STEPS];
	else if (smtp__lacks_piece(e) ||
	    (e->say == BODY && e->stuff.in_n == 0 && !e->stuff.end))
		want = SMTP_ENGINE_READ | SMTP_ENGINE_CONTENT;
	if (e->first != NULL && e->first->status <= 0)
		want |= SMTP_ENGINE_RESULT;
	return want != 0 ? want : SMTP_ENGINE_DONE;
}

/*
 * The end of a session. Behind the end mark nobody knows but the server.
 */

/*
 * With BDAT the end mark may leave ahead of the replies to the envelope. Was
 * the end reached there, or did the server stop before? Only 421 can be the
 * reply then.
 */
static bool
is_open(const struct smtp_engine *e, const struct smtp_delivery *d,
    const struct smtp__reply *reply)
{
#if SMTP_WITH_BDAT
	if (reply != NULL)
		return d == e->heard && e->hear == BODY;
#else
	(void)e;
	(void)d;
	(void)reply;
#endif
	return true;
}

void
smtp__engine_fail(struct smtp_engine *e, int cause)
{
	const struct smtp__reply *reply = NULL;
	struct smtp_delivery *d;

	e->status = (int8_t)cause;
	if (cause == SMTP_E_REPLY) {
		e->status = SMTP_E_LATER;
		reply = &e->reply;
	}
#if SMTP_WITH_BDAT
	if (SMTP__REFUSED(e) != SMTP_OK)
		smtp__rows_refuse(e->heard, SMTP__REFUSED(e));
#endif
	for (d = e->heard; d != NULL; d = d->next) {
		if (d->phase == SMTP_PHASE_FINAL && is_open(e, d, reply))
			smtp__rows_set(d, SMTP_E_UNKNOWN, NULL);
		smtp__rows_set(d, SMTP_E_LATER, reply);
		d->cause = (int8_t)cause;
		smtp__rows_conclude(d);
#if SMTP_WITH_REUSE
		/* Only 421 is about all that follow, too. */
		if (reply != NULL && reply->code != 421) {
			reply = NULL;
			cause = SMTP_E_CLOSED;
		}
#endif
	}
	e->heard = e->said = NULL;
#if SMTP__FLIGHTS
	e->owed = 0;
#endif
	e->say = OVER;
}

void
smtp_engine_lost(struct smtp_engine *e, int cause)
{
	if (e->say == QUIT || (e->say == HOLD && e->hear == QUIT))
		e->say = OVER;
	if (e->say != OVER)
		smtp__engine_fail(e, cause);
}

/*
 * Hearing.
 */

#if SMTP_WITH_INSPECT
/* What the session is at, enum smtp_phase. */
static int
phase_of(const struct smtp_engine *e)
{
	if (e->say == BODY)
		return SMTP_PHASE_CONTENT;
	if (e->say == HOLD || (smtp__lacks_piece(e) && smtp__is_owed(e)))
		return smtp__phase_of(e->hear);
#if SMTP__STEPPED
	if (e->say == RESPONSE)
		return SMTP_PHASE_AUTH;
#endif
	return e->say < STEPS ? smtp__phase_of(e->say) :
	    e->say == HANDSHAKE ? SMTP_PHASE_TLS : SMTP_PHASE_NONE;
}
#endif

static bool
is_in_content(const struct smtp_engine *e)
{
#if SMTP_WITH_BDAT
	if (e->say == CHUNK)
		return e->said->phase == SMTP_PHASE_CONTENT;
#endif
	return e->say == BODY;
}

/*
 * A reply that nobody waits for: goodbye, or no to content under way. Returns
 * why the session is over.
 */
static int
hear_unasked(struct smtp_engine *e, int status)
{
	if (is_in_content(e) && status != SMTP_OK && !SMTP__LONE_DOT(e)) {
		e->reply.phase = SMTP_PHASE_CONTENT;
		smtp__rows_set(e->heard, status, &e->reply);
		return SMTP_E_REPLY;
	}
	return e->reply.code == 421 ? SMTP_E_CLOSED : SMTP_E_PROTOCOL;
}

/* A 3yz belongs to DATA, and a 2yz does not; AUTH and PRDR know both. */
static bool
is_out_of_place(const struct smtp_engine *e)
{
#if SMTP__MECH_CHOICE
	if (e->hear == AUTH || e->hear == ANSWER)
		return false;
#endif
#if SMTP_WITH_PRDR
	if (e->hear == BODY && e->reply.code == 353 &&
	    smtp__has_prdr(e, e->heard))
		return false;
#endif
	return e->reply.klass < '4' &&
	    e->reply.klass != (e->hear == DATA ? '3' : '2');
}

/* An end mark may have more than one reply. */
#define HAS_VERDICTS (SMTP_WITH_LMTP || SMTP_WITH_PRDR)

/* Returns SMTP_OK, or why the session is over. */
static int
hear(struct smtp_engine *e)
{
	/* The statuses of 4yz and 5yz have their order. */
	int status = e->reply.klass < '4' ? SMTP_OK : '2' - e->reply.klass;
	enum step step = e->hear, next = BROKEN;

	e->restart = true;
	if (!smtp__is_owed(e))
		return hear_unasked(e, status);
	e->reply.phase = smtp__phase_of(step);
#if SMTP__FLIGHTS
	e->owed--;
#endif
	/* Whatever it says: what was delivered stays delivered. */
	if (step == QUIT) {
		e->say = OVER;
		return SMTP_OK;
	}
	e->status = (int8_t)status;
	if (!is_out_of_place(e))
		next = smtp__dialogue[step].hear(e, status);
	if (e->say == OVER)
		return SMTP_OK;
	if (e->reply.code == 421)
		return SMTP_E_REPLY;
	if (next == BROKEN)
		return SMTP_E_PROTOCOL;
#if SMTP__FLIGHTS
	if (e->owed > 0) {
		if (!HAS_VERDICTS || next != BODY)
			e->hear = (uint8_t)smtp__dialogue_following(e, step);
		return SMTP_OK;
	}
#endif
	if (e->say == HOLD)
		e->say = (uint8_t)next;
	return SMTP_OK;
}

#if SMTP_WITH_TEXT
/* What smtp_engine_reply() tells, before the hear-cursor moves on. */
static void
remember(struct smtp_engine *e)
{
	const struct smtp_rcpt *r = NULL;

	e->reply_delivery = e->heard;
	e->reply_rcpt = SMTP_NO_RCPT;
	if (!smtp__is_owed(e)) {
#if SMTP_WITH_INSPECT
		e->reply.phase = (uint8_t)phase_of(e);
#endif
		return;
	}
	if (e->hear == RCPT || (SMTP_WITH_PRDR && e->hear == BODY))
		r = e->heard_rcpt;
#if SMTP_WITH_LMTP
	if (e->hear == BODY && e->setup->lmtp)
		r = smtp__rows_find(e->heard, e->heard->rcpts,
		    SMTP_RCPT_TAKEN);
#endif
	if (r != NULL)
		e->reply_rcpt = (size_t)(r - e->heard->rcpts);
}
#endif

size_t
smtp_engine_feed(struct smtp_engine *e, const void *p, size_t n)
{
	const unsigned char *in = p;
	size_t i = 0;

#if SMTP_WITH_ENHANCED
	e->reply.plain = e->hear < STARTTLS;
#endif
	while (i < n && e->say != OVER) {
		unsigned char c = in[i++];
		enum smtp__reply_event event = smtp__reply_octet(&e->reply, c);
		int cause = SMTP_E_PROTOCOL;

		/* RFC 3207 section 4: this came ahead of the handshake. */
		if (e->say == HANDSHAKE)
			event = SMTP__REPLY_BAD;
		if (event < SMTP__REPLY_TEXT)
			continue;
		/* Where nobody asked, a response of AUTH may lie there. */
		if (e->hear == EHLO && smtp__is_owed(e) && e->reply.later)
			smtp__caps_octet(&e->caps, &e->ehlo, (char)c);
		if (event < SMTP__REPLY_DONE)
			continue;
		if (event == SMTP__REPLY_DONE) {
#if SMTP_WITH_TEXT
			remember(e);
#endif
			cause = hear(e);
		}
		if (cause != SMTP_OK)
			smtp__engine_fail(e, cause);
		return i;
	}
	return n;
}

#if SMTP_WITH_TEXT
int
smtp_engine_reply(const struct smtp_engine *e, struct smtp_reply *reply)
{
	memset(reply, 0, sizeof *reply);
	reply->subject = reply->detail = SMTP_NO_ENHANCED;
	reply->rcpt = SMTP_NO_RCPT;
	if (!smtp__reply_done(&e->reply))
		return 0;
	reply->code = e->reply.code;
	reply->phase = e->reply.phase;
#if SMTP_WITH_ENHANCED
	reply->subject = e->reply.subject;
	reply->detail = e->reply.detail;
#endif
	reply->text = e->reply.text;
	reply->text_n = e->reply.text_n;
	reply->cut = e->reply.cut != 0;
	reply->delivery = e->reply_delivery;
	reply->rcpt = e->reply_rcpt;
	return 1;
}
#endif

/*
 * Saying.
 */

/* The end mark is out. */
static void
content_said(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->said;

	d->phase = SMTP_PHASE_FINAL;
#if SMTP_WITH_BDAT
	if (e->owed++ == 0)
		e->hear = BODY;
#else
	e->hear = BODY;
#if SMTP__FLIGHTS
	e->owed = 1;
#endif
#endif
#if SMTP_WITH_LMTP
	if (e->setup->lmtp) {
		size_t i;

		for (i = e->owed = 0; i < d->rcpt_count; i++)
			e->owed += d->rcpts[i].status == SMTP_RCPT_TAKEN;
	}
#endif
	e->say = HOLD;
#if SMTP_WITH_PIPELINING
	smtp__dialogue_ahead(e);
#endif
}

#if SMTP_WITH_BDAT
/* The caller says that it is so; binary octets have no lines. */
static bool
is_exact(const struct smtp_delivery *d)
{
	return (d->flags & (SMTP_DELIVERY_EXACT | SMTP_DELIVERY_BINARY)) != 0;
}

/*
 * The octets of a chunk are out. With LMTP, where the last one may have many
 * replies or one, nothing is said behind another.
 */
static void
chunk_said(struct smtp_engine *e)
{
	e->piece = false;
	if (e->stuff.end) {
		content_said(e);
		return;
	}
	if (e->owed++ == 0)
		e->hear = CHUNK;
	e->chunks++;
	e->say = HOLD;
	if (smtp__has(e, SMTP_OFFER_PIPELINING) && !e->no_more &&
	    !smtp__is_lmtp(e))
		e->say = CHUNK;
}

static void
chunk_begun(struct smtp_engine *e)
{
	e->said->phase = SMTP_PHASE_CONTENT;
	if (e->chunk == 0)
		chunk_said(e);
}

static size_t
take_chunk(struct smtp_engine *e, char *p, size_t room)
{
	size_t n = room < e->stuff.in_n ? room : e->stuff.in_n;

	if (is_exact(e->said)) {
		memcpy(p, e->stuff.in, n);
		e->stuff.in += n;
		e->stuff.in_n -= n;
	} else {
		n = smtp__stuff(&e->stuff, p, room);
	}
	e->chunk -= n;
	if (e->chunk == 0)
		chunk_said(e);
	return n;
}
#endif

static size_t
take_line(struct smtp_engine *e, char *p, size_t room)
{
	enum step step = e->say;
	struct smtp__line l;
	size_t left;

	e->restart |= !smtp__is_owed(e);
	smtp__line_begin(&l, p, room, e->offset);
	smtp__dialogue_say(e, &l, step);
	left = l.n - e->offset;
	if (left > room) {
		e->offset = (uint16_t)(e->offset + room);
		return room;
	}
	e->offset = 0;
#if SMTP_WITH_BDAT
	if (step == CHUNK) {
		e->say = BODY;
		chunk_begun(e);
		return left;
	}
#endif
	smtp__dialogue_said(e, step);
	return left;
}

static size_t
take_content(struct smtp_engine *e, char *p, size_t room)
{
	size_t n;

	e->restart = true;
#if SMTP_WITH_BDAT
	if (e->chunk > 0)
		return take_chunk(e, p, room);
#endif
	n = smtp__stuff(&e->stuff, p, room);
	if (e->stuff.bad)
		smtp_engine_content_failed(e, SMTP_E_ARGUMENT);
	else if (smtp__stuff_ended(&e->stuff))
		content_said(e);
	return n;
}

#if SMTP_WITH_INSPECT
static uint8_t
kind_of(const struct smtp_engine *e)
{
	if (e->say == BODY)
		return SMTP_KIND_CONTENT;
#if SMTP__MECH_CHOICE
	if (e->say == ANSWER)
		return SMTP_KIND_SECRET;
#endif
	return e->say == AUTH ? SMTP_KIND_SECRET : SMTP_KIND_COMMAND;
}

int
smtp_engine_taken(const struct smtp_engine *e)
{
	return e->kind;
}
#endif

size_t
smtp_engine_take(struct smtp_engine *e, void *p, size_t n)
{
	size_t done = 0, more = 1;

	while (done < n && more > 0 && e->say < STEPS &&
	    !smtp__lacks_piece(e)) {
#if SMTP_WITH_INSPECT
		uint8_t kind = kind_of(e);

		if (done > 0 && kind != e->kind)
			break;
		e->kind = kind;
#endif
		more = (e->say == BODY ? take_content : take_line)
		    (e, (char *)p + done, n - done);
		done += more;
	}
	/* What was refused on the way must not go out. */
	return e->say == OVER ? 0 : done;
}

#if SMTP_WITH_BDAT
/*
 * A piece becomes a chunk; its length has to be known before it is said. What
 * is not the whole, or too long for one flight, waits for the recipients.
 */
static void
give_piece(struct smtp_engine *e)
{
	e->chunk = e->stuff.in_n;
	if (!is_exact(e->said))
		e->chunk = smtp__stuff_count(&e->stuff);
	e->piece = true;
	if (e->stuff.bad)
		smtp_engine_content_failed(e, SMTP_E_ARGUMENT);
	else if ((!e->stuff.end || e->chunk > SMTP_FLIGHT_BYTES) &&
	    e->said->phase < SMTP_PHASE_CONTENT && smtp__is_owed(e))
		e->say = HOLD;
}
#endif

static void
give_content(struct smtp_engine *e, const void *p, size_t n, bool last)
{
	/* What is on its way is lent, and was counted. */
	if ((smtp_engine_want(e) & SMTP_ENGINE_CONTENT) == 0)
		return;
	e->stuff.in = p;
	e->stuff.in_n = n;
	e->stuff.end = last;
#if SMTP_WITH_BDAT
	if (e->say == CHUNK)
		give_piece(e);
#endif
}

void
smtp_engine_content(struct smtp_engine *e, const void *p, size_t n)
{
	give_content(e, p, n, n == 0);
}

#if SMTP_WITH_BDAT
void
smtp_engine_content_last(struct smtp_engine *e, const void *p, size_t n)
{
	give_content(e, p, n, true);
}
#endif

void
smtp_engine_content_failed(struct smtp_engine *e, int status)
{
	struct smtp_delivery *d = e->said;

#if SMTP_WITH_BDAT
	/* Between chunks all that was promised is out: nothing is torn. */
	if (e->say == CHUNK && e->offset == 0) {
		e->given_up = (int8_t)status;
		e->say = HOLD;
		if (e->owed == 0)
			e->say = (uint8_t)smtp__dialogue_give_up(e);
		return;
	}
#endif
	if (e->say != BODY)
		return;
	smtp__rows_set(d, status, NULL);
	smtp__engine_fail(e, status);
	d->status = (int8_t)status;
}

void
smtp__engine_forget(struct smtp_engine *e)
{
	memset(&e->caps, 0, sizeof e->caps);
}

void
smtp_engine_secured(struct smtp_engine *e)
{
	if (e->say != HANDSHAKE)
		return;
	e->secure = true;
	smtp__engine_forget(e);
	e->say = EHLO;
}

/*
 * Operations.
 */

#if SMTP__STEPPED
static int
auth_stepped(struct smtp_engine *e, const struct smtp_credentials *credentials)
{
	if (!smtp__mech_is_name(credentials->mechanism))
		return SMTP_E_ARGUMENT;
	if (e->reply.text == NULL)
		return SMTP_E_SPACE;
	if (e->setup->tls == SMTP_ENGINE_OPPORTUNISTIC ||
	    !(e->caps.offers & SMTP_OFFER_AUTH))
		return SMTP_E_AUTH;
	e->given.credentials = credentials;
	e->status = SMTP_OK;
	e->mech = SMTP__MECH_STEPPED;
	e->round = 0;
	e->initial = e->cancel = e->satisfied = false;
	e->stuff.in = NULL;
	e->say = credentials->stepped == SMTP_STEPPED_FIRST ? RESPONSE : AUTH;
	return SMTP_OK;
}

int
smtp_engine_response(struct smtp_engine *e, const void *p, size_t n, int last)
{
	if (e->say != RESPONSE)
		return SMTP_E_STATE;
	if (n > SMTP_RESPONSE_MAX)
		return SMTP_E_ARGUMENT;
	e->stuff.in = p;
	e->stuff.in_n = n;
	e->satisfied = last != 0;
	e->cancel = p == NULL;
	e->say = ANSWER;
	if (e->round == 0)
		e->say = (uint8_t)smtp__dialogue_begin(e);
	return SMTP_OK;
}
#endif

int
smtp_engine_auth(struct smtp_engine *e,
    const struct smtp_credentials *credentials)
{
	if (e->say != READY || e->authenticated)
		return SMTP_E_STATE;
#if SMTP__STEPPED
	if (credentials->stepped != SMTP_STEPPED_NOT)
		return auth_stepped(e, credentials);
#endif
	e->given.credentials = credentials;
	if (!smtp__mech_check(credentials))
		return SMTP_E_ARGUMENT;
#if !SMTP_WITH_AUTHZID || !SMTP_WITH_MECHANISM
	if ((!SMTP_WITH_AUTHZID && credentials->authzid != NULL) ||
	    (!SMTP_WITH_MECHANISM && credentials->mechanism != NULL))
		return SMTP_E_UNSUPPORTED;
#endif
#if SMTP_WITH_SECOND && SMTP__MECH_CHOICE
	e->mechanisms = e->caps.mechanisms;
#endif
#if SMTP_WITH_PLAINTEXT
	if (e->setup->tls == SMTP_ENGINE_OPPORTUNISTIC)
		return SMTP_E_AUTH;
#endif
	if (smtp__dialogue_choose(e) == READY)
		return SMTP_E_AUTH;
	e->say = AUTH;
	return SMTP_OK;
}

#if SMTP_WITH_INSPECT
const char *
smtp_engine_mechanism(const struct smtp_engine *e)
{
#if SMTP__MECH_CHOICE
	return e->mech < SMTP__MECH_STEPPED ? smtp__mech_name(e->mech) : "";
#else
	return e->authenticated ? "PLAIN" : "";
#endif
}
#endif

/* One path behind a verb of `n` octets with brackets and CRLF. */
SMTP__CALLED static int
check_path(const struct smtp_engine *e, struct smtp_delivery *d, size_t n,
    const char *path, const char *parameters)
{
	bool utf8 = (d->flags & SMTP_DELIVERY_UTF8) != 0;
	size_t most = SMTP__COMMAND_MAX;

	n += smtp__command_path(path, &utf8);
#if SMTP_WITH_PARAMETERS
	if (parameters != NULL && parameters[0] != '\0') {
		if (!smtp__command_parameters(parameters, &utf8))
			return SMTP_E_ARGUMENT;
		n += strlen(parameters) + 1;
	}
	/* Its octets are counted in 16 bits. */
	if (d->flags & SMTP_DELIVERY_LONG)
		most = 32768;
#else
	if (parameters != NULL)
		return SMTP_E_UNSUPPORTED;
#endif
	if (n > most)
		return SMTP_E_ARGUMENT;
#if SMTP_WITH_SMTPUTF8
	if (utf8) {
		d->flags |= SMTP_DELIVERY_UTF8;
		if (!smtp__has(e, SMTP_OFFER_SMTPUTF8))
			return SMTP_E_UNSUPPORTED;
	}
#endif
	(void)e;
	return SMTP_OK;
}

/* What was not built in. */
#define WITHOUT ((SMTP_WITH_8BITMIME ? 0 : SMTP_DELIVERY_8BIT) | \
    (SMTP_WITH_SMTPUTF8 ? 0 : SMTP_DELIVERY_UTF8) | \
    (SMTP_WITH_REQUIRE_ALL ? 0 : SMTP_DELIVERY_ALL))

/* SMTP_OK, or why this delivery cannot be said; d->row is the culprit. */
static int
check(const struct smtp_engine *e, struct smtp_delivery *d)
{
	struct smtp_rcpt *r = smtp__rows_find(d, d->rcpts, SMTP_RCPT_PENDING);
	int status;

	d->row = SMTP_NO_RCPT;
	status = check_path(e, d, sizeof "MAIL FROM:<>\r\n" - 1, d->from,
	    d->parameters);
	if (r == NULL)
		status = SMTP_E_ARGUMENT;
	while (status == SMTP_OK && r != NULL) {
		status = check_path(e, d, sizeof "RCPT TO:<>\r\n" - 1,
		    r->address, r->parameters);
		if (status == SMTP_OK && r->address[0] == '\0')
			status = SMTP_E_ARGUMENT;
		if (status != SMTP_OK)
			d->row = (size_t)(r - d->rcpts);
		r = smtp__rows_find(d, r + 1, SMTP_RCPT_PENDING);
	}
	if (status != SMTP_OK)
		return status;
	if (d->flags & WITHOUT)
		return SMTP_E_UNSUPPORTED;
#if SMTP_WITH_8BITMIME
	if (d->flags & SMTP_DELIVERY_8BIT &&
	    !smtp__has(e, SMTP_OFFER_8BITMIME))
		return SMTP_E_UNSUPPORTED;
#endif
#if SMTP_WITH_BDAT
	if (d->flags & SMTP_DELIVERY_BINARY &&
	    !(smtp__has(e, SMTP_OFFER_BINARYMIME) && smtp__in_chunks(e, d)))
		return SMTP_E_UNSUPPORTED;
#endif
#if SMTP_WITH_LMTP
	if (d->flags & SMTP_DELIVERY_ALL && e->setup->lmtp)
		return SMTP_E_UNSUPPORTED;
#endif
#if SMTP_WITH_SIZE
	if (d->flags & SMTP_DELIVERY_SIZE && e->caps.size > 0 &&
	    d->size > e->caps.size)
		return SMTP_E_REFUSED;
#endif
	return SMTP_OK;
}

/* Nothing is said: all that were to be addressed get this. */
static int
turn_down(struct smtp_delivery *d, int status)
{
	smtp__rows_set(d, status, NULL);
#if SMTP_WITH_SIZE && SMTP_WITH_INSPECT
	/* Too big, RFC 3463 section 3.4. */
	for (size_t i = 0; status == SMTP_E_REFUSED && i < d->rcpt_count; i++) {
		struct smtp_rcpt *r = &d->rcpts[i];

		if (r->status == SMTP_E_REFUSED && r->code == 0) {
			r->subject = 3;
			r->detail = 4;
		}
	}
#endif
	d->status = d->cause = (int8_t)status;
	return status;
}

int
smtp_engine_send(struct smtp_engine *e, struct smtp_delivery *d)
{
	int status;
#if SMTP_WITH_REUSE
	struct smtp_delivery **end;

	if (e->say != READY && e->heard == NULL)
		return SMTP_E_STATE;
#else
	if (e->say != READY || e->dirty || e->first != NULL)
		return SMTP_E_STATE;
#endif
	d->phase = SMTP_PHASE_MAIL;
	status = check(e, d);
	if (status != SMTP_OK)
		return turn_down(d, status);
	d->next = NULL;
	d->status = SMTP_RCPT_PENDING;
	d->cause = SMTP_OK;
#if SMTP_WITH_REUSE
	for (end = &e->first; *end != NULL; end = &(*end)->next)
		;
	*end = d;
	if (e->heard == NULL)
		e->heard = d;
#else
	e->first = e->heard = d;
#endif
	if (e->say == READY)
		e->say = (uint8_t)smtp__dialogue_next(e);
#if SMTP_WITH_PIPELINING
	else
		smtp__dialogue_ahead(e);
#endif
	return SMTP_OK;
}

struct smtp_delivery *
smtp_engine_result(struct smtp_engine *e)
{
	struct smtp_delivery *d = e->first;

	if (d == NULL || d->status > 0)
		return NULL;
	e->first = d->next;
	return d;
}

SMTP__CALLED static int
start(struct smtp_engine *e, enum step step)
{
	if (e->say != READY)
		return SMTP_E_STATE;
	e->say = (uint8_t)step;
	e->status = SMTP_OK;
	return SMTP_OK;
}

int
smtp_engine_quit(struct smtp_engine *e)
{
	return start(e, QUIT);
}

#if SMTP__COMMANDS
int
smtp_engine_command(struct smtp_engine *e, const char *line)
{
	bool fine = smtp__command_line(line, true);

#if SMTP_WITH_PARAMETERS
	fine = fine || (smtp__has(e, SMTP_OFFER_SMTPUTF8) &&
	    smtp__command_wide_line(line));
#endif
	if (!fine)
		return SMTP_E_ARGUMENT;
	if (e->say == READY)
		e->given.line = line;
	return start(e, COMMAND);
}
#endif

#if SMTP_WITH_REUSE
int
smtp_engine_noop(struct smtp_engine *e)
{
#if SMTP__COMMANDS
	if (e->say == READY)
		e->given.line = "NOOP";
#endif
	return start(e, COMMAND);
}

int
smtp_engine_reset(struct smtp_engine *e)
{
	return start(e, RSET);
}
#endif

/*
 * What there is to know.
 */

uint32_t
smtp_engine_due_ms(struct smtp_engine *e, uint32_t now_ms)
{
	static const uint16_t standard[SMTP_WAIT_COUNT] = {
		120, 120, 300, 120, 180, 600, 2
	};
	const uint16_t *wait_s = e->setup->wait_s != NULL ?
	    e->setup->wait_s : standard;

	if (e->restart) {
		e->restart = false;
		e->due_ms = now_ms + UINT32_C(1000) *
		    wait_s[e->say == BODY || (smtp__lacks_piece(e) &&
		    !smtp__is_owed(e)) ? SMTP_WAIT_BLOCK :
		    smtp__wait_of(e->hear)];
	}
	return e->due_ms;
}

int
smtp_engine_status(const struct smtp_engine *e)
{
	return e->status;
}

#if SMTP_WITH_INSPECT
int
smtp_engine_phase(const struct smtp_engine *e)
{
	return phase_of(e);
}

unsigned
smtp_engine_offers(const struct smtp_engine *e)
{
	return e->caps.offers;
}

#if SMTP_WITH_SIZE
SMTP_OCTETS
smtp_engine_size_limit(const struct smtp_engine *e)
{
	return e->caps.size;
}
#endif
#endif
