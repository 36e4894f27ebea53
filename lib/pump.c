/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "client.h"
#include "crypto/hash.h"
#include "memory.h"

/*
 * Buffers, in one block with the struct before them.
 */

static size_t
block_size(const struct smtp__io *io)
{
	return sizeof *io + io->in_room + io->out_room + io->content_room;
}

bool
smtp__pump_begin(struct smtp *s, bool large)
{
	struct smtp__io sizes = { 0 }, *io;

	sizes.in_room = large ? SMTP__REPLIES_BYTES : SMTP__IN_BYTES;
	sizes.out_room = large ? SMTP__SEND_BYTES : SMTP__OUT_BYTES;
	sizes.content_room = large ? SMTP__CHUNK_BYTES + 1 : 0;
	io = s->heap.resize(s->heap.ctx, NULL, 0, block_size(&sizes));
	if (io == NULL)
		return false;
	io->in_at = io->in_n = io->out_at = io->out_n = 0;
	io->content_at = io->content_n = 0;
	io->content_of = NULL;
	io->drained = io->heard = io->secret = false;
	io->random_n = 0;
	io->in_room = sizes.in_room;
	io->out_room = sizes.out_room;
	io->content_room = sizes.content_room;
	io->in = (unsigned char *)(io + 1);
	io->out = io->in + io->in_room;
	io->content = io->out + io->out_room;
	s->io = io;
	return true;
}

/*
 * A secret that was said does not stay in memory that others get, nor does
 * what the server said to it, who may have repeated it.
 */
void
smtp__pump_end(struct smtp *s)
{
	if (s->io->secret) {
		smtp__wipe(s->io->in, s->io->in_room);
		smtp__wipe(s->io->out, s->io->out_room);
	}
	smtp__memory_free(&s->heap, s->io, block_size(s->io));
	s->io = NULL;
}

/*
 * In.
 */

static bool
is_leaving(const struct smtp *s)
{
	return s->operation != SMTP__QUITTING && !s->renewing &&
	    s->failure.status == SMTP_OK &&
	    smtp_engine_phase(s->engine) == SMTP_PHASE_QUIT;
}

/*
 * Give the engine what was read, reply by reply, since it keeps the words of
 * one only. All of it, also where the engine has a result meanwhile: octets
 * behind the 220 to STARTTLS have to be seen before the handshake.
 */
static bool
feed(struct smtp *s)
{
	struct smtp__io *io = s->io;
	bool moved = false;

	while (io->in_at < io->in_n &&
	    !(smtp_engine_want(s->engine) & SMTP_ENGINE_DONE)) {
		struct smtp_reply reply;
		size_t n;

		s->last_phase = smtp_engine_phase(s->engine);
		n = smtp_engine_feed(s->engine, io->in + io->in_at,
		    io->in_n - io->in_at);
		smtp__trace_heard(s->trace, io->in + io->in_at, n);
		io->in_at += n;
		moved = true;
		if (smtp_engine_reply(s->engine, &reply)) {
			s->replies++;
			smtp__heard_reply(s, &reply);
			smtp__deliver_note(s, &reply);
			if (is_leaving(s))
				smtp__heard_leaving(s);
		}
	}
	if (io->in_at == io->in_n)
		io->in_at = io->in_n = 0;
	return moved;
}

static int
want_of(ptrdiff_t io)
{
	return io == SMTP_IO_WANT_WRITE ? SMTP_WANT_WRITE : SMTP_WANT_READ;
}

/* What came first, for those who ask whom they have called. */
static void
keep_banner(struct smtp *s)
{
	size_t n = 0;

	while (n < sizeof s->banner - 1 && n < s->io->in_n &&
	    s->io->in[n] != '\0' && s->io->in[n] != '\r' &&
	    s->io->in[n] != '\n') {
		s->banner[n] = (char)s->io->in[n];
		n++;
	}
	s->banner[n] = '\0';
}

static bool
read_in(struct smtp *s, int *wait)
{
	struct smtp__io *io = s->io;
	ptrdiff_t n;

	if (s->read_ended)
		return false;
	n = s->transport.read(s->transport.ctx, io->in, io->in_room);
	if (n > 0) {
		io->in_n = (size_t)n;
		io->drained = io->in_n < io->in_room;
		io->heard = true;
		if (s->banner[0] == '\0' && s->operation == SMTP__OPENING)
			keep_banner(s);
		(void)feed(s);
		return true;
	}
	if (n == SMTP_IO_WANT_READ || n == SMTP_IO_WANT_WRITE) {
		*wait |= want_of(n);
		return false;
	}
	s->read_ended = true;
	return true;
}

/*
 * Out.
 */

/* Octets as long as there are some, so that one flight is one write. */
static void
take(struct smtp *s)
{
	struct smtp__io *io = s->io;
	bool ready = true;

	while (io->out_n < io->out_room && ready) {
		unsigned char *p = io->out + io->out_n;
		size_t n;

		if (smtp_engine_want(s->engine) & SMTP_ENGINE_CONTENT)
			ready = smtp__deliver_content(s);
		n = smtp_engine_take(s->engine, p, io->out_room - io->out_n);
		if (n > 0) {
			int kind = smtp_engine_taken(s->engine);

			smtp__trace_sent(s->trace, kind, p, n);
			io->secret |= kind == SMTP_KIND_SECRET;
		} else if (!(smtp_engine_want(s->engine) &
		    SMTP_ENGINE_CONTENT)) {
			break;
		}
		io->out_n += n;
	}
	/* The engine gave up on the way: what stands here has no end. */
	if (smtp_engine_status(s->engine) != SMTP_OK &&
	    smtp_engine_want(s->engine) == SMTP_ENGINE_RESULT)
		io->out_n = 0;
}

static bool
write_out(struct smtp *s, uint64_t now_ms, int *wait)
{
	struct smtp__io *io = s->io;
	ptrdiff_t n;

	if (s->write_failed)
		return false;
	if (io->out_n == 0)
		take(s);
	if (io->out_n == 0)
		return false;
	/* Once more the same octets, until all are gone: TLS needs that. */
	n = s->transport.write(s->transport.ctx, io->out + io->out_at,
	    io->out_n - io->out_at);
	if (n > 0) {
		io->out_at += (size_t)n;
		io->drained = io->heard = false;
		s->moved_ms = now_ms;
		if (io->out_at == io->out_n)
			io->out_at = io->out_n = 0;
		return true;
	}
	if (n == SMTP_IO_WANT_READ || n == SMTP_IO_WANT_WRITE) {
		*wait |= want_of(n);
		return false;
	}
	s->write_failed = true;
	return true;
}

/*
 * Both.
 */

/*
 * When the peer has closed, what it said before comes first: it may be the
 * reason. So a write that failed is told only when there is nothing to read.
 */
static void
tell_loss(struct smtp *s)
{
	s->last_phase = smtp_engine_phase(s->engine);
	if (s->operation != SMTP__QUITTING)
		smtp__trace_note(s->trace, "the connection was lost", "");
	smtp_engine_lost(s->engine, SMTP_E_CLOSED);
}

static bool
has_word(const struct smtp *s)
{
	const struct smtp__io *io = s->io;
	unsigned want = smtp_engine_want(s->engine);

	if (want & (SMTP_ENGINE_DONE | SMTP_ENGINE_RESULT))
		return true;
	return want & (SMTP_ENGINE_READY | SMTP_ENGINE_TLS |
	    SMTP_ENGINE_RESPONSE) && io->out_n == 0;
}

/* A block that leaves slowly has its time from the last octet on. */
static void
set_due(struct smtp *s, uint64_t now_ms)
{
	uint32_t now = (uint32_t)now_ms;
	int32_t left = (int32_t)(smtp_engine_due_ms(s->engine, now) - now);
	uint64_t due = left > 0 ? now_ms + (uint32_t)left : now_ms;
	uint64_t block = s->moved_ms +
	    s->wait_s[SMTP_WAIT_BLOCK] * UINT64_C(1000);

	if (s->io->out_n > 0 && block > due)
		due = block;
	s->due_ms = due;
}

/*
 * TLS may hold octets that a descriptor does not show, and what others make may
 * be anything.
 */
static bool
is_plain(const struct smtp *s)
{
	return !s->foreign && s->tls == NULL && !s->write_failed;
}

/*
 * All is said, and the reply cannot be here yet: over a socket of ours, to
 * wait for it costs one call less than to look first. The same where a read
 * has left nothing.
 */
static bool
must_wait(const struct smtp *s)
{
	unsigned more = SMTP_ENGINE_WRITE | SMTP_ENGINE_CONTENT;

	return is_plain(s) && s->io->out_n == 0 &&
	    !(smtp_engine_want(s->engine) & more);
}

/*
 * A server that says its replies one by one, with Nagle's delay, holds each
 * back until we acknowledge the one before, and the system does that after 40
 * ms, or with what we say next. Only who waits has to do it by himself.
 */
static void
acknowledge(struct smtp *s)
{
	if (s->io->heard && !s->foreign)
		smtp__net_acknowledge(smtp_fd(s));
	s->io->heard = false;
}

/* A server that takes all at once does not keep the caller from its own. */
#define ROUNDS 64

int
smtp__pump(struct smtp *s, uint64_t now_ms)
{
	bool moved = true;
	int wait = 0;

	for (unsigned round = 0; moved; round++) {
		if (round == ROUNDS) {
			set_due(s, now_ms);
			return SMTP_WANT_READ | SMTP_WANT_WRITE |
			    SMTP_WANT_TIME;
		}
		moved = feed(s);
		if (has_word(s))
			return SMTP_OK;
		wait = 0;
		if (write_out(s, now_ms, &wait)) {
			moved = true;
			if (must_wait(s)) {
				wait = SMTP_WANT_READ;
				break;
			}
		}
		if (is_plain(s) && s->io->drained)
			wait |= SMTP_WANT_READ;
		else
			moved |= read_in(s, &wait);
		if (!moved && (s->read_ended || s->write_failed)) {
			tell_loss(s);
			return SMTP_OK;
		}
		if (has_word(s))
			return SMTP_OK;
	}
	if (smtp_engine_want(s->engine) & SMTP_ENGINE_CONTENT &&
	    s->io->out_n == 0)
		wait |= SMTP_WANT_SOURCE;
	acknowledge(s);
	set_due(s, now_ms);
	return wait | SMTP_WANT_TIME;
}

bool
smtp__pump_idle(struct smtp *s)
{
	int wait = 0;

	if (!read_in(s, &wait))
		return true;
	if (s->read_ended)
		tell_loss(s);
	return !(smtp_engine_want(s->engine) & SMTP_ENGINE_DONE);
}
