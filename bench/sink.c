/* SPDX-License-Identifier: MIT */
/*
 * The server of the benches, driven by lines on its standard input.
 *
 *	sink cert.pem key.pem
 *
 * First prints "NAME PORT" for each way to be reached, then a line for each
 * line it reads: "zero" forgets what was counted, "delay 20" lets each reply
 * leave so many ms after the octets that it answers came, "count" prints what
 * was counted. It ends with its input.
 */
#include "bench.h"
#include "sink/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct counts counts;

static struct listener listeners[] = {
	{ "bdat", false, true, -1, 0 },
	{ "data", false, false, -1, 0 },
	{ "tls", true, true, -1, 0 },
};
static struct session *sessions;
static uint64_t delay_ns;
static int epoll, timer;
static char room[ROOM];

uint64_t
now_ns(void)
{
	return bench_now_ns();
}

static void *
grown(void *p, size_t *room_n, size_t need, size_t size)
{
	if (need > *room_n) {
		*room_n = need * 2;
		p = realloc(p, *room_n * size);
		if (p == NULL)
			abort();
	}
	return p;
}

void
put(struct session *s, const char *p, size_t n)
{
	struct mark *last;

	s->out = grown(s->out, &s->out_room, s->out_n + n, 1);
	memcpy(s->out + s->out_n, p, n);
	s->out_n += n;
	s->said += n;
	counts.out += n;
	last = s->mark_n > 0 ? &s->marks[s->mark_n - 1] : NULL;
	if (last == NULL || last->due_ns != 0) {
		s->marks = grown(s->marks, &s->mark_room, s->mark_n + 1,
		    sizeof *s->marks);
		last = &s->marks[s->mark_n++];
		last->due_ns = 0;
	}
	last->end = s->out_n;
	last->depth = s->depth + 1;
}

void
say(struct session *s, const char *line)
{
	if (s->ssl != NULL)
		tls_say(s, line, strlen(line));
	else
		put(s, line, strlen(line));
}

static void
watch(struct session *s, bool write)
{
	struct epoll_event e = { .events = EPOLLIN };

	if (write == s->waits_write)
		return;
	if (write)
		e.events |= EPOLLOUT;
	e.data.ptr = s;
	epoll_ctl(epoll, EPOLL_CTL_MOD, s->fd, &e);
	s->waits_write = write;
}

static void
drop_marks(struct session *s, size_t n)
{
	s->mark_n -= n;
	memmove(s->marks, s->marks + n, s->mark_n * sizeof *s->marks);
}

/* What is due leaves. */
static void
flush(struct session *s, uint64_t now)
{
	size_t due = 0, done = 0, to;

	while (due < s->mark_n && s->marks[due].due_ns <= now)
		due++;
	if (due == 0)
		return;
	to = s->marks[due - 1].end;
	while (s->sent < to) {
		ssize_t n = send(s->fd, s->out + s->sent, to - s->sent,
		    MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			s->dead = true;
			return;
		}
		s->sent += (size_t)n;
	}
	watch(s, s->sent < to);
	for (; done < due && s->marks[done].end <= s->sent; done++)
		s->depth = s->marks[done].depth;
	drop_marks(s, done);
	if (s->sent == s->out_n) {
		s->sent = s->out_n = 0;
	} else if (s->sent > ROOM) {
		memmove(s->out, s->out + s->sent, s->out_n - s->sent);
		for (size_t i = 0; i < s->mark_n; i++)
			s->marks[i].end -= s->sent;
		s->out_n -= s->sent;
		s->sent = 0;
	}
}

/* What was said to the octets that came just now. */
static void
said(struct session *s)
{
	uint64_t now = delay_ns > 0 ? now_ns() : 1;

	if (s->mark_n > 0 && s->marks[s->mark_n - 1].due_ns == 0)
		s->marks[s->mark_n - 1].due_ns = now + delay_ns;
	if (delay_ns == 0)
		flush(s, UINT64_MAX);
}

static void
end(struct session *s)
{
	*(s->before != NULL ? &s->before->next : &sessions) = s->next;
	if (s->next != NULL)
		s->next->before = s->before;
	close(s->fd);
	tls_end(s);
	free(s->kept);
	free(s->out);
	free(s->marks);
	free(s);
}

static void
begin(const struct listener *from, int fd)
{
	struct session *s = calloc(1, sizeof *s);
	struct epoll_event e = { .events = EPOLLIN };
	int on = 1;

	if (s == NULL)
		abort();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	s->fd = fd;
	s->from = from;
	s->next = sessions;
	if (sessions != NULL)
		sessions->before = s;
	sessions = s;
	e.data.ptr = s;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
	counts.sessions++;
	if (!from->tls)
		smtp_greet(s);
	else if (!tls_begin(s))
		s->dead = true;
	said(s);
}

static void
eat(struct session *s, size_t n)
{
	counts.bursts++;
	counts.in += n;
	s->in += n;
	if (s->ssl != NULL)
		tls_eat(s, room, n);
	else
		smtp_eat(s, room, n);
	said(s);
	if (s->starttls && !s->dead) {
		s->starttls = false;
		s->dead = s->kept_n > 0 || !tls_begin(s);
	}
}

/* Returns false when the session is gone. */
static bool
handle(struct session *s, uint32_t events)
{
	ssize_t n;

	if (events & EPOLLOUT)
		flush(s, delay_ns > 0 ? now_ns() : UINT64_MAX);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = recv(s->fd, room, sizeof room, MSG_DONTWAIT);
		if (n > 0)
			eat(s, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			s->dead = true;
	}
	if (s->dead || (s->over && s->mark_n == 0)) {
		end(s);
		return false;
	}
	return true;
}

/* Replies whose time has come, and the clock for the next. */
static void
due(void)
{
	struct itimerspec t = { .it_value = { 0, 0 } };
	uint64_t now = now_ns(), first = UINT64_MAX;
	struct session *s, *next;

	for (s = sessions; s != NULL; s = next) {
		next = s->next;
		if (s->mark_n == 0)
			continue;
		flush(s, now);
		if (s->dead || (s->over && s->mark_n == 0))
			end(s);
		else if (s->mark_n > 0 && s->marks[0].due_ns < first &&
		    !s->waits_write)
			first = s->marks[0].due_ns;
	}
	if (first != UINT64_MAX) {
		t.it_value.tv_sec = (time_t)(first / 1000000000U);
		t.it_value.tv_nsec = (long)(first % 1000000000U);
	}
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void
print_counts(void)
{
	printf("sessions %" PRIu64 " messages %" PRIu64 " commands %" PRIu64
	    " bursts %" PRIu64 " in %" PRIu64 " out %" PRIu64
	    " rounds %" PRIu64 " first_rounds %" PRIu64 " first_in %" PRIu64
	    " first_out %" PRIu64 " ns %" PRIu64 " open %" PRIu64 "\n",
	    counts.sessions, counts.messages, counts.commands, counts.bursts,
	    counts.in, counts.out, counts.rounds, counts.first_rounds,
	    counts.first_in, counts.first_out,
	    counts.end_ns - counts.begin_ns, counts.open_most);
}

static void
order(void)
{
	char line[256];
	ssize_t n = read(0, line, sizeof line - 1);

	if (n <= 0)
		exit(0);
	line[n] = '\0';
	if (strncmp(line, "delay ", 6) == 0)
		delay_ns = strtoull(line + 6, NULL, 10) * 1000000;
	else if (strncmp(line, "zero", 4) == 0)
		counts = (struct counts){ 0 };
	if (strncmp(line, "count", 5) == 0)
		print_counts();
	else
		printf("ok\n");
	fflush(stdout);
}

static void
listen_on(struct listener *l)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct epoll_event e = { .events = EPOLLIN };
	socklen_t n = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	e.data.ptr = l;
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(l->fd, 1024) != 0 ||
	    getsockname(l->fd, (struct sockaddr *)&at, &n) != 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, l->fd, &e) != 0) {
		perror("listen");
		exit(1);
	}
	printf("%s %u\n", l->name, ntohs(at.sin_port));
}

static struct listener *
is_listener(void *p)
{
	for (size_t i = 0; i < COUNT(listeners); i++)
		if (p == &listeners[i])
			return &listeners[i];
	return NULL;
}

static void
serve(void *p, uint32_t events)
{
	struct listener *l = is_listener(p);
	int fd;

	if (p == &delay_ns) {
		order();
	} else if (l != NULL) {
		while ((fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
			begin(l, fd);
	} else if (p != &timer) {
		handle(p, events);
	}
}

int
main(int argc, char **argv)
{
	struct epoll_event e = { .events = EPOLLIN }, events[64];
	struct rlimit many;

	if (argc != 3) {
		fprintf(stderr, "usage: sink cert.pem key.pem\n");
		return 64;
	}
	getrlimit(RLIMIT_NOFILE, &many);
	many.rlim_cur = many.rlim_max;
	setrlimit(RLIMIT_NOFILE, &many);
	if (tls_init(argv[1], argv[2]) != 0) {
		fprintf(stderr, "sink: certificate or key\n");
		return 1;
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	e.data.ptr = &timer;
	epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &e);
	e.data.ptr = &delay_ns;
	epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &e);
	for (size_t i = 0; i < COUNT(listeners); i++)
		listen_on(&listeners[i]);
	printf("ready 0\n");
	fflush(stdout);
	for (;;) {
		/* A session may end under a later event of one round. */
		int n = epoll_wait(epoll, events, COUNT(events), -1);

		for (int i = 0; i < n; i++)
			serve(events[i].data.ptr, events[i].events);
		if (delay_ns > 0)
			due();
	}
}
