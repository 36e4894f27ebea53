/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "support/ports.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

struct smtp__address
port_address(const char *ip, unsigned port)
{
	struct smtp__address address;
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(&address, 0, sizeof address);
	in.sin_port = in6.sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1) {
		memcpy(&address.to, &in, sizeof in);
		address.n = sizeof in;
	} else if (inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1) {
		memcpy(&address.to, &in6, sizeof in6);
		address.n = sizeof in6;
	} else {
		fail_msg("%s is no address", ip);
	}
	return address;
}

int
port_listen(const char *ip, unsigned port, int backlog)
{
	struct smtp__address at = port_address(ip, port);
	int fd = socket(at.to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		fail_msg("no socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&at.to, at.n) < 0 ||
	    listen(fd, backlog) < 0)
		fail_msg("cannot listen at %s: %s", ip, strerror(errno));
	return fd;
}

unsigned
port_of(int fd)
{
	struct sockaddr_storage name;
	struct sockaddr_in in;
	socklen_t n = sizeof name;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &n), 0);
	memcpy(&in, &name, sizeof in);  /* the port is where IPv6 has it */
	return ntohs(in.sin_port);
}

unsigned
port_dead(void)
{
	int fd = port_listen("127.0.0.1", 0, 1);
	unsigned port = port_of(fd);

	close(fd);
	return port;
}

int
port_full(const char *ip, unsigned port, int pending[8])
{
	int fd = port_listen(ip, port, 0);
	struct smtp__address at = port_address(ip, port_of(fd));

	for (int i = 0; i < 7; i++) {
		struct pollfd ask = { .events = POLLOUT };

		ask.fd = pending[i] = socket(at.to.ss_family,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		pending[i + 1] = -1;
		assert_true(ask.fd >= 0);
		if (connect(ask.fd, (struct sockaddr *)&at.to, at.n) < 0 &&
		    errno != EINPROGRESS)
			fail_msg("cannot connect: %s", strerror(errno));
		if (poll(&ask, 1, 100) == 0)
			return fd;
	}
	fail_msg("the queue of a listener never filled");
	return -1;
}

void
port_full_close(int fd, int pending[8])
{
	for (int i = 0; pending[i] >= 0; i++)
		close(pending[i]);
	close(fd);
}

int
port_count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}
