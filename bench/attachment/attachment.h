/* SPDX-License-Identifier: MIT */
/*
 * One mail with one attachment, sent by each client in a process of its own to
 * a sink on loopback that only keeps to the protocol.
 */
#ifndef ATTACHMENT_H
#define ATTACHMENT_H

#include <stdbool.h>
#include <stddef.h>

struct work {
	unsigned port;           /* of the sink, on 127.0.0.1             */
	const char *data;        /* the attachment                        */
	size_t n;
	const char *wire;        /* the whole mail as it leaves, with its */
	size_t wire_n;           /* end mark                              */
	size_t wire_body;        /* where its base64 begins               */
};

/* 0, or why it failed was printed. */
typedef int
client(const struct work *work);

client send_libsmtp, send_libsmtp_callback;
client send_floor, send_floor_encoding;
client send_libcurl_memory, send_libcurl_stream;
client send_libesmtp;

/* sink.c */

struct sink {
	bool check;              /* compare what comes with the wire      */
	bool same;               /* the base64 of the last mail was right */
	size_t got;              /* octets of its content                 */
};

/* Never returns; takes one connection after the other. */
void
sink_run(int listener, const struct work *work, struct sink *sink);

/* heap.c: octets that malloc() has given out, and the most there were. */
size_t
heap_now(void);
size_t
heap_peak(void);
void
heap_peak_reset(void);

#endif
