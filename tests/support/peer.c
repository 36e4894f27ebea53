/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "support/peer.h"

/* The text of a line of the script, without what says whose it is. */
static size_t
text_of(const char *line, const char **text)
{
	*text = line + 3;
	return strcspn(*text, "\n");
}

static bool
is(const char *line, const char *what)
{
	return strncmp(line, what, strlen(what)) == 0;
}

static void
next_line(struct peer *peer)
{
	peer->at += strcspn(peer->at, "\n");
	if (*peer->at == '\n')
		peer->at++;
	peer->offset = 0;
}

/* Lines that ask for nothing. */
static void
settle(struct peer *peer)
{
	while (is(peer->at, "RST")) {
		peer->reset = true;
		next_line(peer);
	}
}

/* To try the client's patience: nothing comes of some calls. */
static bool
waits(const struct peer *peer, unsigned long turn)
{
	return peer->piece > 0 && turn % 8 == 1;
}

static ptrdiff_t
peer_read(void *ctx, void *p, size_t n)
{
	struct peer *peer = ctx;
	char *out = p;
	size_t done = 0;

	peer->reads++;
	settle(peer);
	if (is(peer->at, "EOF") || (peer->reset && *peer->at == '\0'))
		return SMTP_IO_CLOSED;
	if (waits(peer, peer->reads))
		return SMTP_IO_WANT_READ;
	if (peer->piece > 0 && n > peer->piece)
		n = peer->piece;
	while (done < n && (is(peer->at, "S: ") || is(peer->at, "s: "))) {
		const char *text;
		size_t len = text_of(peer->at, &text);
		size_t all = len + (*peer->at == 'S' ? 2 : 0);

		out[done++] = peer->offset < len ? text[peer->offset] :
		    peer->offset == len ? '\r' : '\n';
		if (++peer->offset == all)
			next_line(peer);
	}
	return done > 0 ? (ptrdiff_t)done : SMTP_IO_WANT_READ;
}

/* One octet of the client's, where the script stands. */
static void
hear(struct peer *peer, char c)
{
	const char *text;
	size_t len;

	if (!is(peer->at, "C: ") && !is(peer->at, "C* "))
		fail_msg("the client says 0x%02x before: %.60s",
		    (unsigned char)c, peer->at);
	len = text_of(peer->at, &text);
	if (is(peer->at, "C* ") && peer->offset >= len) {
		if (c == '\n')
			next_line(peer);
		return;
	}
	if (c != (peer->offset < len ? text[peer->offset] :
	    peer->offset == len ? '\r' : '\n'))
		fail_msg("the client says 0x%02x at octet %zu of: %.60s",
		    (unsigned char)c, peer->offset, peer->at);
	if (++peer->offset == len + 2)
		next_line(peer);
}

static ptrdiff_t
peer_write(void *ctx, const void *p, size_t n)
{
	struct peer *peer = ctx;
	const char *in = p;

	peer->writes++;
	settle(peer);
	if (peer->reset)
		return SMTP_IO_CLOSED;
	if (is(peer->at, "EOF"))
		return (ptrdiff_t)n;
	if (waits(peer, peer->writes))
		return SMTP_IO_WANT_WRITE;
	if (peer->piece > 0 && n > peer->piece)
		n = peer->piece;
	for (size_t i = 0; i < n; i++)
		hear(peer, in[i]);
	return (ptrdiff_t)n;
}

static void
peer_close(void *ctx)
{
	struct peer *peer = ctx;

	assert_false(peer->closed);
	peer->closed = true;
}

void
peer_init(struct peer *peer, const char *script, size_t piece)
{
	memset(peer, 0, sizeof *peer);
	peer->script = peer->at = script;
	peer->piece = piece;
	peer->transport = (struct smtp_transport){ peer_read, peer_write,
		peer_close, NULL, peer };
}

bool
peer_done(const struct peer *peer)
{
	return *peer->at == '\0' || is(peer->at, "EOF") ||
	    is(peer->at, "RST");
}
