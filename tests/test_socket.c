/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/time.h>

#include "net/net.h"
#include "support/ports.h"

/* A transport over one end of a pair; the other end is `*peer`. */
static struct smtp_transport
connected(int *peer)
{
	struct smtp_transport t;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(smtp_transport_socket(&t, fd[0]), SMTP_OK);
	*peer = fd[1];
	return t;
}

/* The same over TCP, where a reset can be had. */
static struct smtp_transport
connected_tcp(int *peer)
{
	int listener = port_listen("127.0.0.1", 0, 1);
	struct smtp__address to = port_address("127.0.0.1",
	    port_of(listener));
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct smtp_transport t;

	assert_int_equal(connect(fd, (struct sockaddr *)&to.to, to.n), 0);
	*peer = accept(listener, NULL, NULL);
	assert_true(*peer >= 0);
	close(listener);
	assert_int_equal(smtp_transport_socket(&t, fd), SMTP_OK);
	return t;
}

static void
test_socket__reads_and_writes(void **state)
{
	int peer;
	struct smtp_transport t = connected(&peer);
	char p[8];

	(void)state;
	assert_int_equal(t.read(t.ctx, p, sizeof p), SMTP_IO_WANT_READ);
	assert_int_equal(write(peer, "220 ", 4), 4);
	assert_int_equal(t.read(t.ctx, p, 3), 3);
	assert_int_equal(t.read(t.ctx, p + 3, 5), 1);
	assert_memory_equal(p, "220 ", 4);
	assert_int_equal(t.write(t.ctx, "EHLO", 4), 4);
	assert_int_equal(read(peer, p, sizeof p), 4);
	assert_memory_equal(p, "EHLO", 4);
	assert_int_equal(write(peer, "x", 1), 1);
	close(peer);
	assert_int_equal(t.read(t.ctx, p, sizeof p), 1);
	assert_int_equal(t.read(t.ctx, p, sizeof p), SMTP_IO_CLOSED);
	assert_int_equal(t.read(t.ctx, p, sizeof p), SMTP_IO_CLOSED);
	t.close(t.ctx);
}

static void
test_socket__a_full_one_wants_to_write(void **state)
{
	int peer;
	struct smtp_transport t = connected(&peer);
	static char block[65536];
	ptrdiff_t n, all = 0, back = 0;

	(void)state;
	while ((n = t.write(t.ctx, block, sizeof block)) > 0)
		all += n;
	assert_int_equal(n, SMTP_IO_WANT_WRITE);
	assert_int_equal(smtp__net_wait(t.fd(t.ctx), SMTP_WANT_WRITE, 20), 0);
	while (back < all && (n = read(peer, block, sizeof block)) > 0)
		back += n;
	assert_int_equal(back, all);
	assert_int_equal(smtp__net_wait(t.fd(t.ctx), SMTP_WANT_WRITE, 1000),
	    SMTP_WANT_WRITE);
	assert_int_equal(t.write(t.ctx, block, 1), 1);
	close(peer);
	t.close(t.ctx);
}

/* A signal would end this program here. */
static void
test_socket__a_lost_peer_is_closed_and_no_signal(void **state)
{
	struct linger now = { .l_onoff = 1 };
	struct smtp_transport t;
	int peer;
	char p[4];

	(void)state;
	t = connected(&peer);
	close(peer);
	assert_int_equal(t.write(t.ctx, "x", 1), SMTP_IO_CLOSED);
	t.close(t.ctx);

	t = connected_tcp(&peer);
	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now,
	    sizeof now), 0);
	close(peer);
	assert_int_equal(smtp__net_wait(t.fd(t.ctx), SMTP_WANT_READ, 1000),
	    SMTP_WANT_READ);
	assert_int_equal(t.read(t.ctx, p, sizeof p), SMTP_IO_CLOSED);
	assert_int_equal(t.write(t.ctx, "x", 1), SMTP_IO_CLOSED);
	t.close(t.ctx);
}

static void
test_socket__takes_stream_sockets_only(void **state)
{
	struct smtp_transport t;
	int fd[2], datagram = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	assert_int_equal(smtp_transport_socket(&t, -1), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_transport_socket(&t, datagram),
	    SMTP_E_ARGUMENT);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(smtp_transport_socket(&t, fd[0]), SMTP_E_ARGUMENT);
	close(fd[0]);
	close(fd[1]);
	close(datagram);
}

static void
test_socket__is_set_up_and_closed(void **state)
{
	int peer, before = port_count_open();
	struct smtp_transport t = connected(&peer);
	int fd = t.fd(t.ctx);

	(void)state;
	assert_int_not_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	t.close(t.ctx);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	close(peer);
	assert_int_equal(port_count_open(), before);
}

/* ---- waiting */

static void
test_socket__wait_tells_what_is_ready(void **state)
{
	int peer;
	struct smtp_transport t = connected(&peer);
	int fd = t.fd(t.ctx), both = SMTP_WANT_READ | SMTP_WANT_WRITE;

	(void)state;
	assert_int_equal(smtp__net_wait(fd, SMTP_WANT_READ, 0), 0);
	assert_int_equal(smtp__net_wait(fd, both, 0), SMTP_WANT_WRITE);
	assert_int_equal(write(peer, "x", 1), 1);
	assert_int_equal(smtp__net_wait(fd, both, 0), both);
	assert_int_equal(smtp__net_wait(fd, SMTP_WANT_READ |
	    SMTP_WANT_TIME | SMTP_WANT_SOURCE, UINT64_MAX), SMTP_WANT_READ);
	assert_int_equal(smtp__net_wait(fd, SMTP_WANT_TIME, 1), 0);
	close(peer);
	assert_int_equal(smtp__net_wait(fd, both, 1000), both);
	t.close(t.ctx);
	/* not open: the next call on it is to tell */
	assert_int_equal(smtp__net_wait(fd, SMTP_WANT_READ, 1000),
	    SMTP_WANT_READ);
}

static volatile sig_atomic_t alarms;

static void
count_alarm(int number)
{
	(void)number;
	alarms++;
}

static void
test_socket__signals_do_not_shorten_a_wait(void **state)
{
	struct sigaction handle = { .sa_handler = count_alarm }, before;
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { 0 };
	uint64_t start;
	int peer;
	struct smtp_transport t = connected(&peer);

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &handle, &before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	start = smtp__net_now_ms();
	assert_int_equal(smtp__net_wait(t.fd(t.ctx), SMTP_WANT_READ, 100), 0);
	assert_true(smtp__net_now_ms() - start >= 100);
	start = smtp__net_now_ms();
	assert_int_equal(smtp__net_wait(-1, 0, 50), 0);
	assert_true(smtp__net_now_ms() - start >= 50);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	assert_true(alarms > 3);
	t.close(t.ctx);
	close(peer);
}

/* ---- the system */

static void
test_socket__local_address_becomes_a_literal(void **state)
{
	static const struct {
		const char *ip, *want;
	} rows[] = {
		{ "127.0.0.1", "[127.0.0.1]" },
		{ "127.0.0.2", "[127.0.0.2]" },
		{ "::1", "[IPv6:::1]" },
		{ "::ffff:127.0.0.1", "[127.0.0.1]" }
	};
	char p[64];
	int peer;
	struct smtp_transport t = connected(&peer);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = port_listen(rows[i].ip, 0, 1);
		size_t n = strlen(rows[i].want) + 1;

		assert_true(smtp__net_literal(fd, p, sizeof p));
		assert_string_equal(p, rows[i].want);
		assert_true(smtp__net_literal(fd, p, n));
		for (size_t less = 0; less < n; less++) {
			char *exact = malloc(less > 0 ? less : 1);

			assert_non_null(exact);
			assert_false(smtp__net_literal(fd, exact, less));
			free(exact);
		}
		close(fd);
	}
	assert_true(smtp__net_literal(t.fd(t.ctx), p, sizeof p));
	assert_string_equal(p, "localhost");
	assert_false(smtp__net_literal(t.fd(t.ctx), p, 9));
	assert_false(smtp__net_literal(-1, p, sizeof p));
	t.close(t.ctx);
	close(peer);
}

static void
test_socket__random_octets_differ(void **state)
{
	unsigned char a[1000], b[1000];

	(void)state;
	memset(a, 0, sizeof a);
	memset(b, 0, sizeof b);
	assert_true(smtp__net_random(a, sizeof a - 1));
	assert_true(smtp__net_random(b, sizeof b - 1));
	assert_memory_not_equal(a, b, 500);
	assert_memory_not_equal(a + 500, b + 500, 499);
	assert_memory_not_equal(a, a + 500, 499);
	assert_int_equal(a[999] | b[999], 0);
	assert_true(smtp__net_random(a, 0));
}

static void
test_socket__clocks(void **state)
{
	static const struct {
		const char *zone;
		int minutes;
	} rows[] = {
		{ "UTC0", 0 },
		{ "XXX-5:30", 330 },
		{ "XXX+3:30", -210 },
		{ "XXX-14", 840 },
		{ "XXX+12", -720 }
	};
	uint64_t before = smtp__net_now_ms();
	int64_t now = (int64_t)time(NULL);
	int zone;

	(void)state;
	smtp__net_wait(-1, 0, 20);
	assert_true(smtp__net_now_ms() >= before + 20);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t clock;

		assert_int_equal(setenv("TZ", rows[i].zone, 1), 0);
		tzset();
		clock = smtp__net_wall_clock(&zone);
		assert_true(clock >= now && clock < now + 60);
		assert_int_equal(zone, rows[i].minutes);
	}
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket__reads_and_writes),
		cmocka_unit_test(test_socket__a_full_one_wants_to_write),
		cmocka_unit_test(
		    test_socket__a_lost_peer_is_closed_and_no_signal),
		cmocka_unit_test(test_socket__takes_stream_sockets_only),
		cmocka_unit_test(test_socket__is_set_up_and_closed),
		cmocka_unit_test(test_socket__wait_tells_what_is_ready),
		cmocka_unit_test(test_socket__signals_do_not_shorten_a_wait),
		cmocka_unit_test(test_socket__local_address_becomes_a_literal),
		cmocka_unit_test(test_socket__random_octets_differ),
		cmocka_unit_test(test_socket__clocks)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
