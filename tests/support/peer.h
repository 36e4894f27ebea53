/* SPDX-License-Identifier: MIT */
/*
 * A server that reads its lines from a script: a transport without a socket.
 *
 *	S: text     said, with CRLF
 *	s: text     said, without
 *	C: text     the client has to say exactly this line now
 *	C* text     ... a line that begins so
 *	EOF         the stream ends; what the client writes is lost
 *	RST         what the client writes from now on fails; what was said
 *	            can still be read
 *
 * What a line asks for has to happen before the next is looked at, so that a
 * script shows each flight. After the last line nothing comes any more. A
 * client that says something else fails the test.
 */
#ifndef TEST_PEER_H
#define TEST_PEER_H

#include <stdbool.h>

#include <smtp/transport.h>

struct peer {
	const char *script, *at; /* the line that is looked at            */
	size_t offset;           /* in its text and line end              */
	size_t piece;            /* octets at a time, 0: as many as fit   */
	bool reset;
	bool closed;             /* the client closed                     */
	unsigned long reads, writes;
	struct smtp_transport transport;
};

void
peer_init(struct peer *peer, const char *script, size_t piece);

/* Was all of the script played? */
bool
peer_done(const struct peer *peer);

#endif
