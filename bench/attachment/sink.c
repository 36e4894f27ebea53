/* SPDX-License-Identifier: MIT */
/*
 * A server that keeps to the protocol and throws the mail away. It looks at
 * the last octets of what it reads only: nobody sends anything behind the end
 * mark before it was answered.
 */
#include "attachment/attachment.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 256 * 1024 };

static bool
say(int fd, const char *line)
{
	size_t n = strlen(line);

	return send(fd, line, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* The mail that was kept has the same base64 as the wire form. */
static bool
is_same(const struct work *work, const char *p, size_t n)
{
	const char *body = work->wire + work->wire_body;
	size_t size = work->n / 57 * 78;
	const char *at = memmem(p, n, body, 76);

	return at != NULL && size <= n - (size_t)(at - p) &&
	    memcmp(at, body, size) == 0;
}

/* Up to the end mark. */
static bool
content(int fd, const struct work *work, struct sink *sink, char *room)
{
	char *kept = sink->check ? malloc(work->wire_n * 2) : NULL;
	char tail[5] = "", *p;
	ssize_t n;

	sink->got = 0;
	do {
		p = kept != NULL && sink->got + ROOM < work->wire_n * 2 ?
		    kept + sink->got : room;
		n = recv(fd, p, ROOM, 0);
		if (n <= 0)
			break;
		sink->got += (size_t)n;
		if (n >= 5) {
			memcpy(tail, p + n - 5, 5);
		} else {
			memmove(tail, tail + n, 5 - (size_t)n);
			memcpy(tail + 5 - n, p, (size_t)n);
		}
	} while (memcmp(tail, "\r\n.\r\n", 5) != 0);
	if (kept != NULL)
		sink->same = is_same(work, kept, sink->got);
	free(kept);
	return n > 0;
}

/* Commands come a flight at a time; each line has its answer. */
static bool
command(int fd, const char *line, bool *data)
{
	*data = strncasecmp(line, "DATA", 4) == 0;
	if (strncasecmp(line, "EHLO", 4) == 0)
		return say(fd, "250-sink\r\n250-PIPELINING\r\n"
		    "250-8BITMIME\r\n250 SIZE 100000000\r\n");
	if (strncasecmp(line, "QUIT", 4) == 0) {
		(void)say(fd, "221 2.0.0 bye\r\n");
		return false;
	}
	return say(fd, *data ? "354 go on\r\n" : "250 2.0.0 fine\r\n");
}

static void
session(int fd, const struct work *work, struct sink *sink, char *room)
{
	size_t n = 0;
	bool data, on = say(fd, "220 sink ESMTP\r\n");

	while (on) {
		ssize_t more = recv(fd, room + n, 4096, 0);
		char *end;

		if (more <= 0)
			break;
		n += (size_t)more;
		while (on && (end = memchr(room, '\n', n)) != NULL) {
			size_t size = (size_t)(end + 1 - room);

			on = command(fd, room, &data);
			memmove(room, room + size, n - size);
			n -= size;
			if (on && data)
				on = content(fd, work, sink, room) &&
				    say(fd, "250 2.0.0 taken\r\n");
		}
	}
	close(fd);
}

void
sink_run(int listener, const struct work *work, struct sink *sink)
{
	char *room = malloc(ROOM);

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			session(fd, work, sink, room);
	}
}
