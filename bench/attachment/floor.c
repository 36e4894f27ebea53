/* SPDX-License-Identifier: MIT */
/*
 * What nobody can do better: the fewest system calls, no errors looked for.
 * Once with octets that were encoded before the clock began, and once with the
 * encoder between the attachment and the socket and nothing else.
 */
#include "attachment/attachment.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "codec/base64_lines.h"

static bool
put(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* All replies of a flight: up to the line that begins so. */
static bool
wait_for(int fd, const char *start)
{
	char reply[1024];
	size_t n = 0;

	for (;;) {
		ssize_t more = recv(fd, reply + n, sizeof reply - 1 - n, 0);
		const char *at;

		if (more <= 0)
			return false;
		n += (size_t)more;
		reply[n] = '\0';
		at = strstr(reply, start);
		if (at != NULL && reply[n - 1] == '\n')
			return true;
	}
}

static int
begin(const struct work *work)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	static const char flight[] = "MAIL FROM:<a@example.org>\r\n"
	    "RCPT TO:<b@example.org>\r\nDATA\r\n";

	to.sin_port = htons((in_port_t)work->port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
	    !wait_for(fd, "220 ") || !put(fd, "EHLO floor\r\n", 12) ||
	    !wait_for(fd, "250 SIZE") || !put(fd, flight, strlen(flight)) ||
	    !wait_for(fd, "354 ")) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
end(int fd, bool ok)
{
	ok = ok && wait_for(fd, "250 ");
	close(fd);
	if (!ok)
		fprintf(stderr, "floor: the connection was lost\n");
	return ok ? 0 : -1;
}

int
send_floor(const struct work *work)
{
	int fd = begin(work);

	return end(fd, fd >= 0 && put(fd, work->wire, work->wire_n));
}

int
send_floor_encoding(const struct work *work)
{
	enum { LINES = 800 };
	static char room[LINES * 78];
	size_t lines = work->n / 57, all = lines * 78, take;
	const char *p = work->data, *rest = work->wire + work->wire_body;
	int fd = begin(work);
	bool ok = fd >= 0 && put(fd, work->wire, work->wire_body - 2);

	for (; ok && lines > 0; lines -= take, p += 57 * take) {
		take = lines < LINES ? lines : LINES;
		smtp__base64_lines(p, take, room);
		ok = put(fd, room, take * 78);
	}
	/* What is less than a line, and the end. */
	rest += all - 2;
	ok = ok && put(fd, rest, (size_t)(work->wire + work->wire_n - rest));
	return end(fd, ok);
}
