/* SPDX-License-Identifier: MIT */
/*
 * A mail without a heap: the engine in static memory, over a socket of the
 * program's own. Nothing here or below asks for memory; all there is stands in
 * `state'. Without TLS: for a relay within a network that is trusted.
 *
 * usage: static_memory address port from to < mail
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <smtp/engine.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0           /* where a SIGPIPE is ignored instead    */
#endif

static struct {
	uint64_t engine[(SMTP_ENGINE_BYTES + 7) / 8];
	char in[256], out[256], content[512];
	size_t out_at, out_n;
	struct smtp_rcpt to;
	struct smtp_delivery delivery;
} state;

static uint32_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint32_t)t.tv_sec * 1000 + (uint32_t)(t.tv_nsec / 1000000);
}

static int
dial(const char *address, const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	unsigned number = 0;
	int fd;

	for (; *port >= '0' && *port <= '9'; port++)
		number = number * 10 + (unsigned)(*port - '0');
	at.sin_port = htons((uint16_t)number);
	if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* What was taken counts as sent: it is written before more is taken. */
static bool
write_out(struct smtp_engine *e, int fd)
{
	ssize_t n;

	if (state.out_at == state.out_n) {
		state.out_at = 0;
		state.out_n = smtp_engine_take(e, state.out, sizeof state.out);
	}
	n = send(fd, state.out + state.out_at, state.out_n - state.out_at,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		state.out_at += (size_t)n;
	return n >= 0 || errno == EAGAIN;
}

static bool
read_in(struct smtp_engine *e, int fd)
{
	ssize_t n = recv(fd, state.in, sizeof state.in, MSG_DONTWAIT);

	for (ssize_t at = 0; at < n &&
	    !(smtp_engine_want(e) & SMTP_ENGINE_DONE);)
		at += (ssize_t)smtp_engine_feed(e, state.in + at,
		    (size_t)(n - at));
	return n > 0 || (n < 0 && errno == EAGAIN);
}

static void
give_content(struct smtp_engine *e)
{
	ssize_t n = read(STDIN_FILENO, state.content, sizeof state.content);

	if (n < 0)
		smtp_engine_content_failed(e, SMTP_E_SOURCE);
	else
		smtp_engine_content(e, state.content, (size_t)n);
}

/* Wait for the socket, at most until the engine has waited long enough. */
static bool
wait_for(struct smtp_engine *e, int fd, bool to_write)
{
	struct pollfd at = { .fd = fd, .events = POLLIN };
	uint32_t now = now_ms(), due = smtp_engine_due_ms(e, now);

	if (to_write)
		at.events |= POLLOUT;
	return (int32_t)(due - now) > 0 && poll(&at, 1, (int)(due - now)) > 0;
}

static int
run(struct smtp_engine *e, int fd)
{
	bool began = false;
	unsigned want;

	while (!((want = smtp_engine_want(e)) & SMTP_ENGINE_DONE)) {
		bool to_write = want & SMTP_ENGINE_WRITE ||
		    state.out_at < state.out_n;

		if (want & SMTP_ENGINE_RESULT)
			(void)smtp_engine_result(e);
		if (want & SMTP_ENGINE_READY) {
			if (began || smtp_engine_status(e) != SMTP_OK ||
			    smtp_engine_send(e, &state.delivery) != SMTP_OK)
				(void)smtp_engine_quit(e);
			began = true;
		} else if (want & SMTP_ENGINE_CONTENT &&
		    state.out_at == state.out_n) {
			give_content(e);
		} else if (!wait_for(e, fd, to_write)) {
			smtp_engine_lost(e, SMTP_E_TIMEOUT);
		} else if ((to_write && !write_out(e, fd)) ||
		    !read_in(e, fd)) {
			smtp_engine_lost(e, SMTP_E_CLOSED);
		}
	}
	(void)smtp_engine_result(e);
	return began ? state.delivery.status : smtp_engine_status(e);
}

int
main(int argc, char **argv)
{
	static const struct smtp_engine_setup setup = {
		.ehlo = "device.example.com", .tls = SMTP_ENGINE_PLAINTEXT
	};
	struct smtp_engine *e;
	int fd, rc;

	if (argc != 5)
		return 64;
	fd = dial(argv[1], argv[2]);
	if (fd < 0)
		return 1;
	state.to.address = argv[4];
	state.to.status = SMTP_RCPT_PENDING;
	state.delivery.from = argv[3];
	state.delivery.rcpts = &state.to;
	state.delivery.rcpt_count = 1;
	rc = smtp_engine_init(&e, state.engine, sizeof state.engine, &setup);
	if (rc == SMTP_OK)
		rc = run(e, fd);
	close(fd);
	return rc == SMTP_OK ? 0 : 1;
}
