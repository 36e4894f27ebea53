/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "support/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/wait.h>

#include <mbedtls/base64.h>

#include "support/ports.h"

struct proxy {
	pid_t pid;
	int news;                /* what was asked, from the child          */
	char url[64], asked[4096];
	/* of the child */
	int say;
	const char *login;
	int port;
};

/* ---- the child; it never returns, and a fault ends it */

static void
need(bool holds)
{
	if (!holds)
		_exit(1);
}

static void
put(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t put = send(fd, at, n, MSG_NOSIGNAL);

		if (put <= 0)
			return;
		at += put;
		n -= (size_t)put;
	}
}

static bool
get(int fd, void *p, size_t n)
{
	return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

static void
tell(const struct proxy *proxy, const char *line)
{
	need(write(proxy->say, line, strlen(line)) > 0);
}

static int
reach(int port)
{
	struct smtp__address to = port_address("127.0.0.1", (unsigned)port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	need(fd >= 0 && connect(fd, (struct sockaddr *)&to.to, to.n) == 0);
	return fd;
}

static void
relay(int a, int b)
{
	struct pollfd ends[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };
	char room[16384];

	while (poll(ends, 2, -1) > 0)
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (ends[i].revents == 0)
				continue;
			n = recv(ends[i].fd, room, sizeof room, 0);
			if (n <= 0)
				return;
			put(ends[1 - i].fd, room, (size_t)n);
		}
}

static bool
socks_login(const struct proxy *proxy, int fd)
{
	unsigned char n, text[256];
	char login[520];
	size_t at = 0;

	for (int i = 0; i < 2; i++) {
		if (!get(fd, &n, 1) || (i == 0 && (n != 1 ||
		    !get(fd, &n, 1))) || !get(fd, text, n))
			return false;
		memcpy(login + at, text, n);
		at += n;
		login[at++] = i == 0 ? ':' : '\0';
	}
	if (strcmp(login, proxy->login) == 0) {
		put(fd, "\x01\x00", 2);
		return true;
	}
	tell(proxy, "refused\n");
	put(fd, "\x01\x01", 2);
	return false;
}

static bool
socks(const struct proxy *proxy, int fd)
{
	static const char *const types[] = { "", "ipv4 ", "", "name ",
		"ipv6 " };
	unsigned char p[262], n;
	char line[400], text[260];

	if (!get(fd, p, 2) || p[0] != 5 || !get(fd, p + 2, p[1]))
		return false;
	if (proxy->login == NULL) {
		put(fd, "\x05\x00", 2);
	} else if (memchr(p + 2, 2, p[1]) == NULL) {
		tell(proxy, "refused\n");
		put(fd, "\x05\xFF", 2);
		return false;
	} else {
		put(fd, "\x05\x02", 2);
		if (!socks_login(proxy, fd))
			return false;
	}
	if (!get(fd, p, 4) || p[0] != 5 || p[1] != 1 || p[2] != 0)
		return false;
	need(p[3] == 1 || p[3] == 3 || p[3] == 4);
	n = p[3] == 1 ? 4 : 16;
	if ((p[3] == 3 && !get(fd, &n, 1)) || !get(fd, text, n) ||
	    !get(fd, p + 4, 2))
		return false;
	text[n] = '\0';
	if (p[3] != 3) {
		memcpy(line, text, 16);
		need(inet_ntop(p[3] == 1 ? AF_INET : AF_INET6, line, text,
		    sizeof text) != NULL);
	}
	(void)snprintf(line, sizeof line, "%s%s %d\n", types[p[3]], text,
	    p[4] << 8 | p[5]);
	tell(proxy, line);
	put(fd, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
	return true;
}

/* Only these are known here: what the tests use. */
static const char *
basic_of(const char *login)
{
	static unsigned char text[100];
	size_t n;

	need(mbedtls_base64_encode(text, sizeof text, &n,
	    (const unsigned char *)login, strlen(login)) == 0);
	return (char *)text;
}

static bool
http(const struct proxy *proxy, int fd)
{
	char head[4096], line[400], basic[160];
	size_t n = 0;

	while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0) {
		need(n + 1 < sizeof head);
		if (!get(fd, head + n, 1))
			return false;
		n++;
	}
	head[n] = '\0';
	if (sscanf(head, "CONNECT %300s HTTP/1.1\r\n", line) != 1)
		return false;
	if (proxy->login != NULL) {
		(void)snprintf(basic, sizeof basic,
		    "\r\nProxy-Authorization: Basic %s\r\n",
		    basic_of(proxy->login));
		if (strstr(head, basic) == NULL) {
			static const char no[] = "HTTP/1.1 407 Proxy "
			    "Authentication Required\r\nContent-Length: 3"
			    "\r\n\r\nno\n";

			tell(proxy, "refused\n");
			put(fd, no, sizeof no - 1);
			return false;
		}
	}
	tell(proxy, line);
	tell(proxy, "\n");
	put(fd, "HTTP/1.1 200 Connection established\r\n\r\n", 39);
	return true;
}

static void
serve(const struct proxy *proxy, int listener, bool is_http)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL), to, one = 1;

		need(fd >= 0);
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof one);
		if (is_http ? http(proxy, fd) : socks(proxy, fd)) {
			to = reach(proxy->port);
			relay(fd, to);
			close(to);
		}
		close(fd);
	}
}

static void
lie(int listener, const char *p, size_t n, size_t again, unsigned pause_ms,
    int ends)
{
	int fd = accept(listener, NULL, NULL), one = 1;
	char room[64];

	need(fd >= 0 && recv(fd, room, sizeof room, 0) > 0);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	for (size_t i = 0; i < n; i++) {
		if (send(fd, p + i, 1, MSG_NOSIGNAL) != 1)
			_exit(0);
		if (pause_ms > 0)
			(void)poll(NULL, 0, (int)pause_ms);
		if (i + 1 == n && again < n)
			i = again - 1;
	}
	if (ends)
		close(fd);
	for (;;)
		(void)pause();
}

/* ---- the test */

static struct proxy *
begin(const char *kind, int *listener, int *say)
{
	struct proxy *proxy = calloc(1, sizeof *proxy);
	int news[2];

	assert_non_null(proxy);
	*listener = port_listen("127.0.0.1", 0, 8);
	assert_int_equal(pipe(news), 0);
	(void)snprintf(proxy->url, sizeof proxy->url, "%s://127.0.0.1:%u",
	    kind, port_of(*listener));
	proxy->news = news[0];
	*say = news[1];
	(void)fcntl(proxy->news, F_SETFL, O_NONBLOCK);
	(void)fcntl(proxy->news, F_SETFD, FD_CLOEXEC);
	proxy->pid = fork();
	assert_true(proxy->pid >= 0);
	if (proxy->pid == 0) {
		(void)signal(SIGALRM, SIG_DFL);
		(void)alarm(60); /* where the test failed and is gone */
	}
	return proxy;
}

struct proxy *
proxy_start(const char *kind, const char *login, int port)
{
	int listener, say;
	struct proxy *proxy = begin(kind, &listener, &say);

	if (proxy->pid == 0) {
		proxy->login = login;
		proxy->port = port;
		proxy->say = say;
		serve(proxy, listener, strcmp(kind, "http") == 0);
	}
	close(listener);
	close(say);
	return proxy;
}

struct proxy *
proxy_lie(const char *kind, const void *p, size_t n, size_t again,
    unsigned pause_ms, int ends)
{
	int listener, say;
	struct proxy *proxy = begin(kind, &listener, &say);

	if (proxy->pid == 0)
		lie(listener, p, n, again, pause_ms, ends);
	close(listener);
	close(say);
	return proxy;
}

const char *
proxy_url(const struct proxy *proxy)
{
	return proxy->url;
}

const char *
proxy_asked(struct proxy *proxy)
{
	ssize_t n = read(proxy->news, proxy->asked, sizeof proxy->asked - 1);

	proxy->asked[n > 0 ? n : 0] = '\0';
	return proxy->asked;
}

void
proxy_stop(struct proxy *proxy)
{
	(void)kill(proxy->pid, SIGKILL);
	assert_int_equal(waitpid(proxy->pid, NULL, 0), proxy->pid);
	close(proxy->news);
	free(proxy);
}
