/* SPDX-License-Identifier: MIT */
/*
 * What nobody can do better: octets that were ready before the clock began,
 * one system call to send a flight and one to hear of it.
 */
#include "sender/sender.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WINDOW = 32 };

#define ENVELOPE "MAIL FROM:<" FROM "> SIZE=1024\r\nRCPT TO:<" TO ">\r\n"

struct floor {
	int fd;
	const struct work *work;
	char flight[WINDOW * (MAIL_SIZE + 128)];
	size_t one;              /* octets of one message in the flight   */
};

static int
failed(const char *what)
{
	fprintf(stderr, "floor: %s\n", what);
	return -1;
}

static int
put(int fd, const char *p, size_t n)
{
	return send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 :
	    failed("send");
}

/* So many lines, all of them 2yz or 354. */
static int
hear(int fd, size_t lines)
{
	char room[4096];
	bool start = true;

	while (lines > 0) {
		ssize_t n = recv(fd, room, sizeof room, 0);

		if (n <= 0)
			return failed("recv");
		for (const char *p = room, *end = p + n; p < end;) {
			const char *lf = memchr(p, '\n', (size_t)(end - p));

			if (start && *p != '2' && *p != '3')
				return failed("refused");
			start = lf != NULL;
			lines -= start;
			p = start ? lf + 1 : end;
		}
	}
	return 0;
}

static void *
open_floor(const struct work *work)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct floor *f = malloc(sizeof *f);
	int on = 1;

	f->work = work;
	f->fd = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_port = htons((in_port_t)work->port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(f->fd, (struct sockaddr *)&to, sizeof to) != 0 ||
	    hear(f->fd, 1) != 0 || put(f->fd, "EHLO floor\r\n", 12) != 0) {
		failed("connect");
		free(f);
		return NULL;
	}
	return f;
}

static void *
open_data(const struct work *work)
{
	struct floor *f = open_floor(work);

	return f != NULL && hear(f->fd, 6) == 0 ? f : NULL;
}

static void *
open_bdat(const struct work *work)
{
	struct floor *f = open_floor(work);
	char *p;

	if (f == NULL || hear(f->fd, 7) != 0)
		return NULL;
	f->one = (size_t)snprintf(f->flight, 128, ENVELOPE
	    "BDAT 1024 LAST\r\n");
	memcpy(f->flight + f->one, mail_octets, MAIL_SIZE);
	f->one += MAIL_SIZE;
	/* Behind a BDAT that nobody has answered yet comes RSET. */
	p = f->flight + f->one;
	for (int i = 1; i < WINDOW; i++) {
		memcpy(p, "RSET\r\n", 6);
		memcpy(p + 6, f->flight, f->one);
		p += 6 + f->one;
	}
	return f;
}

static int
send_two(void *session)
{
	static const char end[] = ".\r\n";
	struct floor *f = session;
	char all[MAIL_SIZE + 4];

	memcpy(all, mail_octets, MAIL_SIZE);
	memcpy(all + MAIL_SIZE, end, 3);
	if (put(f->fd, ENVELOPE "DATA\r\n", strlen(ENVELOPE "DATA\r\n")) ||
	    hear(f->fd, 3) || put(f->fd, all, MAIL_SIZE + 3))
		return -1;
	return hear(f->fd, 1);
}

static int
send_one(void *session)
{
	struct floor *f = session;

	return put(f->fd, f->flight, f->one) || hear(f->fd, 3) ? -1 : 0;
}

/* All of the session's, a window at a time. */
static int
send_window(void *session)
{
	struct floor *f = session;
	unsigned left = f->work->messages, n;

	for (; f->one > 0 && left > 0; left -= n) {
		n = left < WINDOW ? left : WINDOW;
		if (put(f->fd, f->flight, n * f->one + (n - 1) * 6) ||
		    hear(f->fd, n * 4 - 1))
			return -1;
	}
	f->one = 0;
	return 0;
}

static int
close_floor(void *session)
{
	struct floor *f = session;
	int rc = put(f->fd, "QUIT\r\n", 6) || hear(f->fd, 1) ? -1 : 0;

	close(f->fd);
	free(f);
	return rc;
}

const struct client floor_two = { "floor-two", open_data, send_two,
	close_floor, NULL };
const struct client floor_one = { "floor-one", open_bdat, send_one,
	close_floor, NULL };
const struct client floor_window = { "floor-window", open_bdat, send_window,
	close_floor, NULL };
