/* SPDX-License-Identifier: MIT */
#include "support/crowd.h"

#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 2048, SPARE = 64 };

struct peer {
	bool past, content, quit;
	char in[ROOM];
	size_t n;
};

struct shared {
	struct crowd crowd;
	pid_t child;
	int alive;
	unsigned wanted, now;
	bool go;
};

static void
allow_descriptors(unsigned n)
{
	struct rlimit limit;

	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_cur >= n)
		return;
	if (limit.rlim_max < n)
		fail_msg("%u descriptors are needed, the system allows %lu: "
			"ulimit -n", n, (unsigned long)limit.rlim_max);
	limit.rlim_cur = n;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &limit));
}

/* The reply to one line; NULL: none, "": this one has to wait. */
static const char *
answer(struct shared *s, struct peer *p, const char *line)
{
	if (p->content) {
		if (strcmp(line, ".") != 0)
			return NULL;
		p->content = false;
		s->crowd.mails++;
		return "250 ok\r\n";
	}
	if (strncmp(line, "EHLO ", 5) == 0) {
		p->past = true;
		if (++s->now > s->crowd.most)
			s->crowd.most = s->now;
		s->go |= s->now >= s->wanted;
		return "250-crowd\r\n250 PIPELINING\r\n";
	}
	if (strncmp(line, "MAIL ", 5) == 0)
		return s->go ? "250 ok\r\n" : "";
	if (strcmp(line, "DATA") == 0) {
		p->content = true;
		return "354 go\r\n";
	}
	if (strcmp(line, "QUIT") == 0) {
		s->crowd.quits++;
		p->quit = true;
		return "221 bye\r\n";
	}
	return strncmp(line, "RCPT ", 5) == 0 ? "250 ok\r\n" : "500 what?\r\n";
}

/* All lines that are there, and one write for all their replies. */
static void
go_on(struct shared *s, struct peer *p, int fd)
{
	char out[ROOM], *end;
	size_t n = 0, at = 0;

	while ((end = memchr(p->in + at, '\n', p->n - at)) != NULL) {
		const char *reply;

		end[-1] = '\0';
		reply = answer(s, p, p->in + at);
		if (reply != NULL && *reply == '\0') {
			end[-1] = '\r';
			break;
		}
		if (reply != NULL) {
			memcpy(out + n, reply, strlen(reply));
			n += strlen(reply);
		}
		at = (size_t)(end + 1 - p->in);
	}
	p->n -= at;
	memmove(p->in, p->in + at, p->n);
	if (n > 0)
		(void)send(fd, out, n, MSG_NOSIGNAL);
}

static void
hear(struct shared *s, struct peer *p, struct pollfd *at)
{
	ssize_t n = recv(at->fd, p->in + p->n, sizeof p->in - p->n, 0);

	if (n > 0) {
		p->n += (size_t)n;
		go_on(s, p, at->fd);
	}
	if (n > 0 && !p->quit)
		return;
	s->now -= p->past;
	close(at->fd);
	at->fd = -1;
}

static void
take(struct peer *peers, struct pollfd *at, unsigned *count, unsigned room)
{
	int fd;

	while (*count < room && (fd = accept(at[0].fd, NULL, NULL)) >= 0) {
		memset(&peers[*count], 0, sizeof *peers);
		at[*count].fd = fd;
		at[*count].events = POLLIN;
		(*count)++;
		(void)send(fd, "220 crowd\r\n", 11, MSG_NOSIGNAL);
	}
}

static void
serve(struct shared *s, int fd, int alive)
{
	unsigned room = s->wanted + SPARE / 2, count = 2;
	struct peer *peers = calloc(room, sizeof *peers);
	struct pollfd *at = calloc(room, sizeof *at);

	at[0].fd = fd;
	at[0].events = POLLIN;
	at[1].fd = alive;
	at[1].events = POLLIN;
	for (;;) {
		bool went = s->go;

		/* A test that failed has gone, and its end of the pipe. */
		if (poll(at, count, -1) < 0 || at[1].revents != 0)
			_exit(1);
		for (unsigned i = 2; i < count; i++)
			if (at[i].revents != 0)
				hear(s, &peers[i], &at[i]);
		if (at[0].revents != 0)
			take(peers, at, &count, room);
		for (unsigned i = 2; s->go && !went && i < count; i++)
			if (at[i].fd >= 0)
				go_on(s, &peers[i], at[i].fd);
	}
}

struct crowd *
crowd_start(unsigned n)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t size = sizeof to;
	struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int alive[2];
	pid_t child;

	allow_descriptors(n + SPARE);
	assert_true(s != MAP_FAILED && fd >= 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&to, sizeof to));
	assert_int_equal(0, listen(fd, 4096));
	assert_int_equal(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&to, &size));
	s->crowd.port = ntohs(to.sin_port);
	s->wanted = n;
	assert_int_equal(0, pipe(alive));
	child = fork();
	if (child == 0) {
		close(alive[1]);
		serve(s, fd, alive[0]);
	}
	assert_true(child > 0);
	s->child = child;                /* which shares this memory */
	s->alive = alive[1];
	close(alive[0]);
	close(fd);
	return &s->crowd;
}

void
crowd_stop(struct crowd *crowd)
{
	struct shared *s = (struct shared *)crowd;

	kill(s->child, SIGKILL);
	(void)waitpid(s->child, NULL, 0);
	close(s->alive);
	munmap(s, sizeof *s);
}
