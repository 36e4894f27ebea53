/* SPDX-License-Identifier: MIT */
/*
 * A message becomes a delivery, and the rows of the delivery the results of
 * the message. One message may take several deliveries: a server that has
 * enough recipients for one transaction gets the others in the next (RFC 5321
 * section 4.5.3.1.10).
 */
#include <string.h>

#include "client.h"
#include "memory.h"
#include "queue_id.h"

/*
 * Before.
 */

/* Of a window many need some. None is used twice. */
static bool
take_random(const struct smtp *s, unsigned char *p, size_t n)
{
	struct smtp__io *io = s->io;

	if (s->alone)
		return smtp__net_random(p, n);
	if (io->random_n < n) {
		if (!smtp__net_random(io->random, sizeof io->random))
			return false;
		io->random_n = sizeof io->random;
	}
	io->random_n -= n;
	memcpy(p, io->random + io->random_n, n);
	memset(io->random + io->random_n, 0, n);
	return true;
}

/* Date and random octets, as far as the message needs them. */
static void
take_moment(const struct smtp *s, const struct smtp_message *message,
    struct smtp__moment *moment)
{
	const struct smtp__hooks *hooks = smtp__options_hooks(s->options);

	memset(moment, 0, sizeof *moment);
	if (!smtp__message_needs_clock(message))
		return;                  /* nor random octets              */
	if (hooks->clock != NULL) {
		moment->has_clock = hooks->clock(hooks->clock_ctx,
		    &moment->seconds, &moment->zone_minutes) == 0;
	} else {
		moment->seconds = smtp__net_wall_clock(&moment->zone_minutes);
		moment->has_clock = moment->seconds > 0;
	}
	if (!smtp__message_needs_random(message))
		return;
	moment->has_random = hooks->random != NULL ?
	    hooks->random(hooks->random_ctx, moment->random,
	    sizeof moment->random) == 0 :
	    take_random(s, moment->random, sizeof moment->random);
}

static bool
has_status(const struct smtp__sending *g, int status)
{
	for (size_t i = 0; i < g->recipient_count; i++)
		if (g->recipients[i].outcome.status == status)
			return true;
	return false;
}

static bool
is_open(const struct smtp__recipient *r)
{
	return r->outcome.status != SMTP_OK;
}

int
smtp__deliver_prepare(struct smtp *s)
{
	struct smtp__sending *g = s->sending;
	struct smtp_message *message = g->message;
	struct smtp__moment moment;
	size_t i, open = 0;
	int rc;

	g->subject = g->detail = SMTP_NO_ENHANCED;
	smtp__buffer_init(&g->parameters, &s->heap);
	smtp__signed_init(&g->signatures, &s->heap);
	take_moment(s, message, &moment);
	g->seconds = moment.has_clock ? moment.seconds : 0;
	rc = smtp__message_prepare(message, &moment);
	g->recipients = smtp__message_recipients(message,
	    &g->recipient_count);
	if (rc != SMTP_OK)
		return rc;
	if (has_status(g, SMTP_E_UNKNOWN)) {
		g->words = "the outcome of the last send is UNKNOWN: to send "
		    "again may deliver twice; smtp_message_forget_outcome() "
		    "says that it is wanted";
		return SMTP_E_STATE;
	}
	for (i = 0; i < g->recipient_count; i++)
		open += is_open(&g->recipients[i]);
	if (open == 0)
		return SMTP__DELIVERED;
	smtp__message_begin(message);
	for (i = 0; i < g->recipient_count; i++)
		if (is_open(&g->recipients[i]))
			g->recipients[i].outcome.status = SMTP_RCPT_PENDING;
	g->rows = smtp__memory_new(&s->heap, open * sizeof *g->rows);
	g->which = smtp__memory_new(&s->heap, open * sizeof *g->which);
	g->room = open;
	return g->rows == NULL || g->which == NULL ? SMTP_E_MEMORY : SMTP_OK;
}

#if SMTP_WITH_BDAT
#define IDLE_MS 1000

static bool
has_chunks(const struct smtp *s)
{
	return smtp__options_flag(s->options, SMTP__CHUNKING) &&
	    smtp_engine_offers(s->engine) & SMTP_OFFER_CHUNKING;
}

/*
 * Chunks that each wait for a reply are better than DATA only where it is one.
 * A session that was idle may be dead, which shows before the mail is in doubt
 * if the content waits; then it can be opened again and nothing is sent twice.
 */
static unsigned
chunk_flags(const struct smtp *s)
{
	const struct smtp__content *c = &s->sending->content;
	bool waits = s->lmtp ||
	    !(smtp_engine_offers(s->engine) & SMTP_OFFER_PIPELINING);
	bool rested = s->replies == 0 && s->sending == s->oldest &&
	    s->started_ms - s->rested_ms > IDLE_MS;
	unsigned flags = SMTP_DELIVERY_CHUNKS | SMTP_DELIVERY_EXACT;

	if (!has_chunks(s))
		return 0;
	if (c->needs & SMTP__CONTENT_BINARY)
		flags |= SMTP_DELIVERY_BINARY;
	else if (waits && (!c->size_known || c->size > SMTP__CHUNK_BYTES))
		return 0;
	if (rested || !smtp__options_flag(s->options, SMTP__ONE_FLIGHT))
		flags |= SMTP_DELIVERY_WAIT;
	return flags;
}

static unsigned
offered_binary(const struct smtp *s)
{
	return has_chunks(s) &&
	    smtp_engine_offers(s->engine) & SMTP_OFFER_BINARYMIME &&
	    smtp__options_flag(s->options, SMTP__BINARYMIME) ?
	    SMTP__CONTENT_BINARY | SMTP__CONTENT_CHUNKING : 0;
}
#else
#define chunk_flags(s) 0U
#define offered_binary(s) 0U
#endif

/*
 * A row for each recipient that is still to be addressed, as many as the
 * server takes at once. Returns whether others are left.
 */
static bool
fill_rows(struct smtp *s)
{
	struct smtp__sending *g = s->sending;
	struct smtp_delivery *d = &g->delivery;
	bool left = false;
	size_t n = 0;

	for (size_t i = 0; i < g->recipient_count; i++) {
		const struct smtp__recipient *r = &g->recipients[i];

		if (r->outcome.status != SMTP_RCPT_PENDING)
			continue;
		if (!smtp__limits_take(s, r->address, n)) {
			left = true;
			continue;
		}
		memset(&g->rows[n], 0, sizeof g->rows[n]);
		g->rows[n].address = r->address;
		g->rows[n].status = SMTP_RCPT_PENDING;
		g->rows[n].subject = g->rows[n].detail = SMTP_NO_ENHANCED;
		g->which[n] = i;
		n++;
	}
	memset(d, 0, sizeof *d);
	d->from = smtp__message_envelope_from(g->message);
	d->rcpts = g->rows;
	d->rcpt_count = n;
	d->size = g->content.size;
	d->flags = (uint16_t)((g->content.size_known ? SMTP_DELIVERY_SIZE : 0) |
	    (g->content.needs & SMTP__CONTENT_8BIT ? SMTP_DELIVERY_8BIT : 0) |
	    (g->content.needs & SMTP__CONTENT_UTF8 ? SMTP_DELIVERY_UTF8 : 0) |
	    (smtp__options_flag(s->options, SMTP__REQUIRE_ALL) ?
	    SMTP_DELIVERY_ALL : 0) | chunk_flags(s) |
	    (n > 1 && smtp__options_flag(s->options, SMTP__PRDR) ?
	    SMTP_DELIVERY_PRDR : 0));
	return left;
}

/* Who is left cannot have it: it is read once. 4.5.3, RFC 3463. */
static void
leave_rest(struct smtp__sending *g)
{
	size_t k = 0;

	for (size_t i = 0; i < g->recipient_count; i++) {
		struct smtp__outcome *o = &g->recipients[i].outcome;

		if (k < g->delivery.rcpt_count && g->which[k] == i) {
			k++;
		} else if (o->status == SMTP_RCPT_PENDING) {
			o->status = SMTP_E_LATER;
			o->cause = SMTP_E_REPLY;
			o->phase = SMTP_PHASE_RCPT;
			o->has_enhanced = true;
			o->subject = 5;
			o->detail = 3;
		}
	}
}

/* The transaction that can be had now: SMTP_OK, SMTP__RENEW, or an error. */
static int
choose_rows(struct smtp *s)
{
	struct smtp__sending *g = s->sending;
	bool left = fill_rows(s);

	g->again = false;
	if (g->delivery.rcpt_count == 0)
		return SMTP__RENEW;
	if (!left)
		return SMTP_OK;
	if (g->delivery.flags & SMTP_DELIVERY_ALL) {
		g->words = "require-all: the server takes fewer recipients "
		    "at once than the mail has (LIMITS)";
		return SMTP_E_UNSUPPORTED;
	}
	g->again = smtp__message_can_rewind(g->message);
	if (!g->again)
		leave_rest(g);
	return SMTP_OK;
}

int
smtp__deliver_start(struct smtp *s)
{
	struct smtp__sending *g = s->sending;
	unsigned offers = smtp_engine_offers(s->engine), content = 0;
	struct smtp__outcome *all;
	int rc;

	if (smtp__limits_spent(s))
		return SMTP__RENEW;
	if (offers & SMTP_OFFER_8BITMIME)
		content |= SMTP__CONTENT_8BIT;
	if (offers & SMTP_OFFER_SMTPUTF8)
		content |= SMTP__CONTENT_UTF8;
	content |= offered_binary(s);
	rc = smtp__signed_plan(&g->signatures, g->message, content, g->seconds,
	    &g->content);
	if (rc != SMTP_OK)
		return rc;
	all = smtp__message_outcome(g->message);
	all->code = 0;
	(void)smtp__message_set_text(g->message, all, NULL, 0);
	rc = choose_rows(s);
	if (rc == SMTP_OK)
		rc = smtp__envelope_write(s);
	if (rc != SMTP_OK)
		return rc;
	if (s->io->content_of == g)
		s->io->content_of = NULL;
	rc = smtp_engine_send(s->engine, &g->delivery);
	g->started = rc == SMTP_OK;
	s->mails += g->started;
	s->flying += g->started;
	s->waiting -= g->started;
	if (!g->started) {
		(void)smtp__deliver_collect(s);
		g->decided = true;
	}
	return rc;
}

/*
 * On the way.
 */

/*
 * Of those in flight one has begun and not come to its end mark: the others
 * are behind it, or wait for their reply.
 */
static struct smtp__sending *
whose_turn(const struct smtp *s)
{
	struct smtp__sending *g = s->oldest;

	while (!(g->started && g->delivery.phase > SMTP_PHASE_MAIL &&
	    g->delivery.phase < SMTP_PHASE_FINAL))
		g = g->next;
	return g;
}

static ptrdiff_t
read_content(struct smtp *s, unsigned char *p, size_t n)
{
	return smtp__signed_read(&s->sending->signatures, s->sending->message,
	    p, n);
}

#if SMTP_WITH_BDAT
/*
 * A chunk: up to 64 KiB, and one octet beyond, which tells whether there is
 * more. Of a source that keeps us waiting it is what there is, but not before
 * the recipients are known: it could still be the whole.
 */
static bool
give_chunk(struct smtp *s)
{
	struct smtp__io *io = s->io;
	ptrdiff_t n = 1;

	io->content_n -= io->content_at;
	memmove(io->content, io->content + io->content_at, io->content_n);
	io->content_at = 0;
	while (n > 0 && io->content_n < io->content_room) {
		n = read_content(s, io->content + io->content_n,
		    io->content_room - io->content_n);
		if (n > 0)
			io->content_n += (size_t)n;
	}
	io->content_at = io->content_n;
	if (n == 0) {
		smtp_engine_content_last(s->engine, io->content,
		    io->content_n);
		return true;
	}
	if (n < 0 && n != SMTP__MESSAGE_WAIT) {
		smtp_engine_content_failed(s->engine, (int)n);
		return true;
	}
	if (n > 0)
		io->content_at--;
	else if (smtp_engine_phase(s->engine) != SMTP_PHASE_CONTENT)
		io->content_at = 0;
	if (io->content_at > 0)
		smtp_engine_content(s->engine, io->content, io->content_at);
	return io->content_at > 0;
}
#endif

bool
smtp__deliver_content(struct smtp *s)
{
	struct smtp__io *io = s->io;
	ptrdiff_t n;

	s->sending = whose_turn(s);
	if (io->content_of != s->sending) {
		io->content_of = s->sending;
		io->content_at = io->content_n = 0;
	}
#if SMTP_WITH_BDAT
	if (s->sending->delivery.flags & SMTP_DELIVERY_CHUNKS)
		return give_chunk(s);
#endif
	n = read_content(s, io->content, SMTP__CONTENT_BYTES);
	if (n == SMTP__MESSAGE_WAIT)
		return false;
	if (n < 0)
		smtp_engine_content_failed(s->engine, (int)n);
	else
		smtp_engine_content(s->engine, io->content, (size_t)n);
	return true;
}

bool
smtp__deliver_in_doubt(const struct smtp *s)
{
	const struct smtp__sending *g;

	for (g = s->oldest; g != NULL; g = g->next)
		for (size_t i = 0; g->started &&
		    i < g->delivery.rcpt_count; i++)
			if (g->rows[i].status == SMTP_E_UNKNOWN)
				return true;
	return false;
}

/*
 * The numbers of a reply. The words are copied; without memory they lack. Of
 * replies to all, the first that refuses stays: those behind it (DATA after a
 * refused MAIL) only follow from it.
 */
static void
put_reply(struct smtp__sending *g, struct smtp__outcome *o,
    const struct smtp_reply *reply)
{
	o->code = reply->code;
	o->phase = reply->phase;
	(void)smtp__message_set_text(g->message, o, reply->text,
	    reply->text_n);
}

/*
 * A recipient that was taken is decided later, by another reply; so only the
 * others are noted with it, and what LMTP says about each.
 */
static void
note(struct smtp__sending *g, const struct smtp_reply *reply)
{
	struct smtp__outcome *all = smtp__message_outcome(g->message);

	if ((reply->rcpt >= g->delivery.rcpt_count || reply->code == 421) &&
	    all->code < 400)
		put_reply(g, all, reply);
	if (reply->rcpt < g->delivery.rcpt_count &&
	    (reply->phase != SMTP_PHASE_RCPT || reply->code >= 400))
		put_reply(g, &g->recipients[g->which[reply->rcpt]].outcome,
		    reply);
}

/* Goodbye is said to all; the recipient that it came for is of one. */
void
smtp__deliver_note(struct smtp *s, const struct smtp_reply *reply)
{
	struct smtp_reply goodbye = *reply;
	struct smtp__sending *g;

	goodbye.rcpt = SMTP_NO_RCPT;
	for (g = s->oldest; g != NULL; g = g->next) {
		if (!g->started)
			continue;
		if (reply->delivery == &g->delivery) {
			note(g, reply);
			if (reply->code != 421)
				return;
		} else if (reply->code == 421) {
			note(g, &goodbye);
		}
	}
}

/*
 * After.
 */

static void
put_numbers(struct smtp__outcome *o, const struct smtp_rcpt *row, int cause)
{
	o->status = row->status;
	/* Over the SIZE that was offered: the server has said so before. */
	o->cause = row->status == SMTP_OK ? SMTP_OK :
	    row->code != 0 || cause == SMTP_E_REFUSED ? SMTP_E_REPLY : cause;
	o->phase = row->phase;
	o->code = row->code;
	o->has_enhanced = row->subject != SMTP_NO_ENHANCED;
	o->subject = row->subject;
	o->detail = row->detail;
}

/*
 * The words of the reply that decided a row are its own, or those of a reply
 * to all; they are told apart by where they came, since the rows know that.
 */
static void
put_row(struct smtp__sending *g, const struct smtp_rcpt *row,
    struct smtp__outcome *o)
{
	const struct smtp__outcome *all = smtp__message_outcome(g->message);
	bool own = o->text != NULL && o->code == row->code &&
	    o->phase == row->phase;

	if (!own) {
		bool shared = row->code != 0 && all->code == row->code;

		(void)smtp__message_set_text(g->message, o,
		    shared ? all->text : NULL, shared ? all->text_n : 0);
	}
	put_numbers(o, row, g->delivery.cause);
}

/* RFC 5321 section 4.5.3.1.10: not about the mailbox, nor about the size. */
static bool
is_surplus(const struct smtp_rcpt *row)
{
	if ((row->code != 452 && row->code != 552) ||
	    row->phase != SMTP_PHASE_RCPT)
		return false;
	return row->subject != 2 && (row->subject != 3 || row->detail != 4);
}

bool
smtp__deliver_collect(struct smtp *s)
{
	struct smtp__sending *g = s->sending;
	struct smtp_delivery *d = &g->delivery;
	bool taken = false;

	for (size_t i = 0; i < d->rcpt_count; i++) {
		const struct smtp_rcpt *row = &d->rcpts[i];
		struct smtp__outcome *o = &g->recipients[g->which[i]].outcome;

		put_row(g, row, o);
		taken |= row->status == SMTP_OK;
		if (!taken || !is_surplus(row))
			continue;
		o->status = SMTP_E_LATER;
		if (smtp__message_can_rewind(g->message)) {
			o->status = SMTP_RCPT_PENDING;
			g->again = true;
		}
	}
	s->flying -= g->started;
	s->waiting += g->started;
	g->started = false;
	return g->again;
}

void
smtp__deliver_fail(struct smtp *s, int status, int cause)
{
	struct smtp__sending *g = s->sending;
	struct smtp__outcome *all = smtp__message_outcome(g->message);

	(void)smtp__message_set_text(g->message, all, NULL, 0);
	for (size_t i = 0; i < g->recipient_count; i++) {
		struct smtp__outcome *o = &g->recipients[i].outcome;
		const struct smtp_rcpt none = {
			.subject = (uint16_t)g->subject,
			.detail = (uint16_t)g->detail,
			.status = (int8_t)status,
			.phase = (uint8_t)s->last_phase,
		};

		if (o->status != SMTP_RCPT_PENDING &&
		    o->status != SMTP_E_STATE)
			continue;        /* the server has said it        */
		(void)smtp__message_set_text(g->message, o, NULL, 0);
		put_numbers(o, &none, cause);
	}
	g->local = status;
	g->local_cause = cause;
}

/*
 * The sum. What the caller has to know first decides: that a mail may have
 * arrived, that the call was wrong, and then what the server said.
 */
static const struct smtp__recipient *
decisive(const struct smtp__sending *g, int *status)
{
	static const int order[] = { SMTP_E_UNKNOWN, SMTP_E_ARGUMENT,
		SMTP_E_STATE, SMTP_E_SPACE, SMTP_E_MEMORY, SMTP_E_UNSUPPORTED,
		SMTP_E_SOURCE, SMTP_E_LATER, SMTP_E_REFUSED, SMTP_OK };
	bool some = has_status(g, SMTP_OK);

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		for (size_t k = 0; k < g->recipient_count; k++) {
			if (g->recipients[k].outcome.status != order[i])
				continue;
			*status = some && (order[i] == SMTP_E_LATER ||
			    order[i] == SMTP_E_REFUSED) ? SMTP_E_PARTIAL :
			    order[i];
			return &g->recipients[k];
		}
	return NULL;
}

static void
find_queue_id(struct smtp__sending *g)
{
	for (size_t i = 0; i < g->recipient_count; i++) {
		const struct smtp__outcome *o = &g->recipients[i].outcome;
		struct smtp__bytes id;

		if (o->status != SMTP_OK || o->text == NULL)
			continue;
		id = smtp__queue_id(o->text, o->text_n);
		(void)smtp__message_set_queue_id(g->message, id.p, id.n);
		return;
	}
}

static void
sum_up(struct smtp__sending *g)
{
	struct smtp__outcome *all = smtp__message_outcome(g->message);
	const struct smtp__recipient *r;
	int status = g->local;

	r = decisive(g, &status);
	/* Nobody refused this one, but all were asked for: say who did. */
	for (size_t i = 0; r != NULL && i < g->recipient_count; i++)
		if (r->outcome.cause == SMTP_E_REPLY && r->outcome.code == 0 &&
		    g->recipients[i].outcome.code >= 400)
			r = &g->recipients[i];
	if (r == NULL || g->local == SMTP_E_STATE) {
		(void)smtp__message_set_text(g->message, all, NULL, 0);
		all->cause = g->local_cause;
		all->code = 0;
		all->has_enhanced = false;
		all->phase = SMTP_PHASE_NONE;
	} else {
		(void)smtp__message_set_text(g->message, all,
		    r->outcome.text, r->outcome.text_n);
		all->cause = r->outcome.cause;
		all->code = r->outcome.code;
		all->has_enhanced = r->outcome.has_enhanced;
		all->subject = r->outcome.subject;
		all->detail = r->outcome.detail;
		all->phase = r->outcome.phase;
	}
	all->status = g->local == SMTP_E_STATE ? SMTP_E_STATE : status;
}

int
smtp__deliver_end(struct smtp *s, uint64_t now_ms)
{
	struct smtp__sending *g = s->sending;
	struct smtp__recipient *r = g->recipients;

	/* The session ended before their turn came. */
	for (size_t i = 0; i < g->recipient_count; i++)
		if (r[i].outcome.status == SMTP_RCPT_PENDING) {
			r[i].outcome.status = SMTP_E_LATER;
			if (r[i].outcome.code == 0)
				r[i].outcome.cause = g->delivery.cause;
		}
	sum_up(g);
	find_queue_id(g);
	smtp__message_set_elapsed(g->message, now_ms - g->put_ms);
	smtp__report_message(s, g);
	return smtp__message_outcome(g->message)->status;
}

void
smtp__deliver_free(struct smtp *s)
{
	struct smtp__sending *g = s->sending;

	smtp__memory_free(&s->heap, g->rows, g->room * sizeof *g->rows);
	smtp__memory_free(&s->heap, g->which, g->room * sizeof *g->which);
	smtp__signed_free(&g->signatures);
	smtp__buffer_free(&g->parameters);
	g->rows = NULL;
	g->which = NULL;
	g->room = 0;
}
