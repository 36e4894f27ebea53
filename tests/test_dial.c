/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "net/net.h"
#include "net/resolve.h"
#include "support/child.h"
#include "support/ports.h"
#include "support/starve.h"

static const char host[] = "mail.example.com";

/*
 * A name that every system's resolver knows without a file or a server: an
 * address in an old form, which we do not take for one.
 */
static const char known[] = "127.1";

/* As client.c does it, by the real clock; at most `limit_ms`. */
static int
drive(struct smtp__dial *dial, uint64_t limit_ms)
{
	uint64_t now = smtp__net_now_ms(), end = now + limit_ms;
	int status;

	while ((status = smtp__dial_step(dial, now)) > 0) {
		uint64_t due = smtp__dial_due_ms(dial);

		if (now > end)
			fail_msg("no end after %d ms", (int)limit_ms);
		smtp__net_wait(smtp__dial_fd(dial), status,
		    due > now ? due - now : 0);
		now = smtp__net_now_ms();
	}
	return status;
}

/* A dial whose clock begins at 0, for those who turn it by hand. */
static struct smtp__dial *
dial_to(const struct smtp__address *addresses, size_t n)
{
	struct smtp__dial_plan plan = {
		.host = host,
		.addresses = addresses,
		.addresses_n = n,
		.resolve_ms = 10000,
		.connect_ms = 30000
	};
	struct smtp__dial *dial = smtp__dial_start(&plan, 0);

	assert_non_null(dial);
	return dial;
}

static struct smtp__dial *
dial_host(const char *name, unsigned port, uint32_t resolve_ms)
{
	struct smtp__dial_plan plan = {
		.host = name,
		.port = port,
		.resolve_ms = resolve_ms,
		.connect_ms = 5000
	};
	struct smtp__dial *dial = smtp__dial_start(&plan, smtp__net_now_ms());

	assert_non_null(dial);
	return dial;
}

static struct smtp__dial *
dial_path(const char *path, uint32_t connect_ms)
{
	struct smtp__dial_plan plan = {
		.path = path,
		.connect_ms = connect_ms
	};
	struct smtp__dial *dial = smtp__dial_start(&plan, smtp__net_now_ms());

	assert_non_null(dial);
	return dial;
}

/* Is it the other end of what was dialled? */
static void
assert_talks(struct smtp__dial *dial, int listener)
{
	struct smtp_transport t;
	char octet = 0;
	int peer = accept(listener, NULL, NULL);

	assert_true(peer >= 0);
	assert_int_equal(smtp__dial_take(dial, &t), SMTP_OK);
	assert_int_equal(t.write(t.ctx, "x", 1), 1);
	assert_int_equal(read(peer, &octet, 1), 1);
	assert_int_equal(octet, 'x');
	close(peer);
	t.close(t.ctx);
}

/* ---- connecting */

/* First of all, so that no other lookup ends meanwhile. */
static void
test_dial__may_be_freed_at_any_moment(void **state)
{
	int listener = port_listen("127.0.0.1", 0, 128), before;

	(void)state;
	smtp__dial_free(NULL);
	before = port_count_open();
	for (int steps = 0; steps < 20; steps++) {
		struct smtp__dial *dial =
		    dial_host(known, port_of(listener), 10000);

		for (int i = 0; i < steps; i++)
			if (smtp__dial_step(dial, smtp__net_now_ms()) <= 0)
				break;
			else
				smtp__net_wait(smtp__dial_fd(dial),
				    SMTP_WANT_READ, 1);
		smtp__dial_free(dial);
	}
	/* threads whose answer nobody wants any more close their own end */
	for (int i = 0; i < 500 && port_count_open() != before; i++)
		smtp__net_wait(-1, 0, 10);
	assert_int_equal(port_count_open(), before);
	close(listener);
}

static void
test_dial__connects_to_an_address_without_lookup(void **state)
{
	static const char *const rows[] = { "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int listener = port_listen(rows[i], 0, 4);
		struct smtp__dial *dial =
		    dial_host(rows[i], port_of(listener), 1);

		assert_int_equal(drive(dial, 2000), SMTP_OK);
		assert_int_equal(smtp__dial_phase(dial), SMTP_PHASE_CONNECT);
		assert_int_equal(smtp__dial_step(dial, 0), SMTP_OK);
		assert_talks(dial, listener);
		assert_string_equal(smtp__dial_error(dial), "");
		smtp__dial_free(dial);
		close(listener);
	}
}

static void
test_dial__connects_to_a_name(void **state)
{
	int listener = port_listen("127.0.0.1", 0, 4);
	struct smtp__dial *dial = dial_host(known, port_of(listener), 10000);

	(void)state;
	assert_int_equal(smtp__dial_phase(dial), SMTP_PHASE_RESOLVE);
	assert_int_equal(drive(dial, 12000), SMTP_OK);
	assert_talks(dial, listener);
	smtp__dial_free(dial);
	close(listener);
}

/* RFC 6761 section 6.3: at once, whatever files and servers say. */
static void
test_dial__localhost_is_here(void **state)
{
	static const struct {
		const char *name, *ip;
	} rows[] = {
		{ "localhost", "127.0.0.1" },
		{ "localhost", "::1" },
		{ "LocalHost.", "127.0.0.1" },
		{ "mail.localhost", "::1" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int listener = port_listen(rows[i].ip, 0, 4);
		struct smtp__dial *dial =
		    dial_host(rows[i].name, port_of(listener), 10000);

		(void)smtp__dial_step(dial, smtp__net_now_ms());
		assert_int_equal(smtp__dial_phase(dial), SMTP_PHASE_CONNECT);
		assert_int_equal(drive(dial, 2000), SMTP_OK);
		assert_talks(dial, listener);
		smtp__dial_free(dial);
		close(listener);
	}
}

static void
test_dial__socket_does_not_block_delay_or_leak(void **state)
{
	int listener = port_listen("127.0.0.1", 0, 4), one = 0;
	socklen_t n = sizeof one;
	struct smtp__dial *dial = dial_host("127.0.0.1", port_of(listener), 1);
	struct smtp_transport t;
	int fd;

	(void)state;
	assert_int_equal(drive(dial, 2000), SMTP_OK);
	assert_int_equal(smtp__dial_take(dial, &t), SMTP_OK);
	smtp__dial_free(dial);
	fd = t.fd(t.ctx);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, &n),
	    0);
	assert_int_not_equal(one, 0);
	assert_int_not_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	t.close(t.ctx);
	close(listener);
}

static void
test_dial__a_refusal_lets_the_next_address_begin_at_once(void **state)
{
	int listener = port_listen("127.0.0.1", 0, 4);
	unsigned port = port_of(listener);
	const struct smtp__address to[] = {
		port_address("::1", port),
		port_address("127.0.0.2", port),
		port_address("127.0.0.1", port)
	};
	struct smtp__dial *dial = dial_to(to, COUNT(to));
	int status = SMTP_WANT_TIME;

	(void)state;
	/* the clock stands still: nothing of this waits for the stagger */
	for (int i = 0; i < 1000 && status > 0; i++) {
		status = smtp__dial_step(dial, 0);
		if (status > 0)
			smtp__net_wait(smtp__dial_fd(dial), status, 10);
	}
	assert_int_equal(status, SMTP_OK);
	assert_talks(dial, listener);
	smtp__dial_free(dial);
	close(listener);
	proves("R5321-5.2-1");
}

/* ---- time: RFC 8305 section 5 */

static void
test_dial__begins_the_next_attempt_after_the_stagger(void **state)
{
	int pending[8], full = port_full("127.0.0.2", 0, pending);
	int listener = port_listen("127.0.0.1", port_of(full), 4), first;
	const struct smtp__address to[] = {
		port_address("127.0.0.2", port_of(full)),
		port_address("127.0.0.1", port_of(full))
	};
	struct smtp__dial *dial = dial_to(to, COUNT(to));

	(void)state;
	assert_int_equal(smtp__dial_step(dial, 0),
	    SMTP_WANT_WRITE | SMTP_WANT_TIME);
	first = smtp__dial_fd(dial);
	assert_int_equal(smtp__dial_due_ms(dial), 250);
	assert_true(smtp__dial_step(dial, 249) > 0);
	assert_int_equal(smtp__dial_fd(dial), first);
	assert_int_equal(smtp__dial_due_ms(dial), 250);
	assert_true(smtp__dial_step(dial, 250) > 0);
	assert_int_not_equal(smtp__dial_fd(dial), first);
	assert_true(smtp__dial_due_ms(dial) <= 300);
	assert_int_equal(smtp__net_wait(smtp__dial_fd(dial), SMTP_WANT_WRITE,
	    2000), SMTP_WANT_WRITE);
	assert_int_equal(smtp__dial_step(dial, 251), SMTP_OK);
	assert_int_equal(smtp__dial_fd(dial), -1);
	assert_talks(dial, listener);
	smtp__dial_free(dial);
	close(listener);
	port_full_close(full, pending);
}

/* The descriptor shown is that of the newest, which never answers here. */
static void
test_dial__sees_an_older_attempt_that_answers_late(void **state)
{
	int pending1[8], pending2[8];
	int late = port_full("127.0.0.2", 0, pending1);
	int never = port_full("127.0.0.1", port_of(late), pending2);
	const struct smtp__address to[] = {
		port_address("127.0.0.2", port_of(late)),
		port_address("127.0.0.1", port_of(late))
	};
	struct smtp__dial_plan plan = {
		.host = host,
		.addresses = to,
		.addresses_n = COUNT(to),
		.connect_ms = 20000
	};
	uint64_t now = smtp__net_now_ms(), end = now + 500;
	struct smtp__dial *dial = smtp__dial_start(&plan, now);
	struct smtp_transport t;
	struct sockaddr_in peer;
	socklen_t n = sizeof peer;

	(void)state;
	for (; now < end; now = smtp__net_now_ms()) {
		assert_true(smtp__dial_step(dial, now) > 0);
		smtp__net_wait(smtp__dial_fd(dial), SMTP_WANT_WRITE, 50);
	}
	/* from now on the first has room, and takes us when TCP asks again */
	assert_int_equal(fcntl(late, F_SETFL, O_NONBLOCK), 0);
	for (end = now + 19000; smtp__dial_step(dial, now) > 0 && now < end;
	    now = smtp__net_now_ms()) {
		int other = accept(late, NULL, NULL);

		if (other >= 0)
			close(other);
		assert_true(smtp__dial_due_ms(dial) <= now + 50);
		smtp__net_wait(smtp__dial_fd(dial), SMTP_WANT_WRITE,
		    smtp__dial_due_ms(dial) - now);
	}
	assert_int_equal(smtp__dial_take(dial, &t), SMTP_OK);
	assert_int_equal(getpeername(t.fd(t.ctx), (struct sockaddr *)&peer,
	    &n), 0);
	assert_int_equal(ntohl(peer.sin_addr.s_addr), INADDR_LOOPBACK + 1);
	t.close(t.ctx);
	smtp__dial_free(dial);
	port_full_close(late, pending1);
	port_full_close(never, pending2);
}

static void
test_dial__gives_each_address_its_time_and_tells_them_all(void **state)
{
	int pending[8], full = port_full("127.0.0.2", 0, pending);
	unsigned port = port_of(full);
	const struct smtp__address late[] = {
		port_address("127.0.0.2", port),
		port_address("127.0.0.2", port)
	};
	const struct smtp__address mixed[] = {
		port_address("127.0.0.2", port),
		port_address("::1", port)
	};
	struct smtp__dial *dial = dial_to(late, COUNT(late));

	(void)state;
	assert_true(smtp__dial_step(dial, 0) > 0);
	assert_true(smtp__dial_step(dial, 250) > 0);
	assert_true(smtp__dial_step(dial, 29999) > 0);
	assert_true(smtp__dial_step(dial, 30000) > 0);
	assert_int_equal(smtp__dial_due_ms(dial), 30250);
	assert_true(smtp__dial_step(dial, 30249) > 0);
	assert_int_equal(smtp__dial_step(dial, 30250), SMTP_E_TIMEOUT);
	assert_int_equal(smtp__dial_step(dial, 99999), SMTP_E_TIMEOUT);
	assert_int_equal(smtp__dial_phase(dial), SMTP_PHASE_CONNECT);
	assert_string_equal(smtp__dial_error(dial), "mail.example.com: "
	    "127.0.0.2: no answer in 30 s; 127.0.0.2: no answer in 30 s");
	smtp__dial_free(dial);

	dial = dial_to(mixed, COUNT(mixed));
	assert_true(smtp__dial_step(dial, 0) > 0);
	for (int i = 0; i < 100; i++) {
		assert_true(smtp__dial_step(dial, 250) > 0);
		smtp__net_wait(-1, 0, 1);
	}
	assert_int_equal(smtp__dial_step(dial, 30000), SMTP_E_CONNECT);
	assert_string_equal(smtp__dial_error(dial), "mail.example.com: "
	    "127.0.0.2: no answer in 30 s; ::1: connection refused");
	smtp__dial_free(dial);
	port_full_close(full, pending);
}

static void
test_dial__tells_every_refusal_that_there_is_room_for(void **state)
{
	unsigned port = port_dead();
	struct smtp__address to[70];
	struct smtp__dial *dial;

	(void)state;
	for (size_t i = 0; i < COUNT(to); i++)
		to[i] = port_address("127.0.0.1", port);
	for (size_t n = 1; n <= COUNT(to); n++) {
		size_t tried = n < 64 ? n : 64, told = 0;
		const char *error, *p;
		unsigned more = 0;
		int status = SMTP_WANT_TIME;

		dial = dial_to(to, n);
		for (int i = 0; i < 1000 && status > 0; i++)
			status = smtp__dial_step(dial, 0);
		assert_int_equal(status, SMTP_E_CONNECT);
		error = smtp__dial_error(dial);
		assert_true(strlen(error) < 512);
		for (p = error; (p = strstr(p, "127.0.0.1: connection "
		    "refused")) != NULL; p++)
			told++;
		p = strstr(error, "; and ");
		if (p != NULL)
			assert_int_equal(sscanf(p, "; and %u more", &more), 1);
		assert_int_equal(told + more, tried);
		smtp__dial_free(dial);
	}
}

/* ---- names */

static void
test_dial__a_name_that_cannot_exist_is_told_in_time(void **state)
{
	struct smtp__dial *dial = dial_host("nothing.invalid", 25, 3000);
	int status = drive(dial, 4000);

	(void)state;
	if (status != SMTP_E_RESOLVE && status != SMTP_E_TIMEOUT)
		fail_msg("status %d", status);
	assert_int_equal(smtp__dial_phase(dial), SMTP_PHASE_RESOLVE);
	assert_int_equal(strncmp(smtp__dial_error(dial), "nothing.invalid: ",
	    17), 0);
	smtp__dial_free(dial);
}

#if SMTP_WITH_THREADS
/* The clock is turned on before the thread can have an answer. */
static void
test_dial__a_lookup_has_a_timer_of_its_own(void **state)
{
	bool seen = false;

	(void)state;
	for (int i = 0; i < 200 && !seen; i++) {
		struct smtp__dial_plan plan = {
			.host = "nothing.invalid",
			.port = 25,
			.resolve_ms = 10000,
			.connect_ms = 30000
		};
		struct smtp__dial *dial = smtp__dial_start(&plan, 5);
		int status = smtp__dial_step(dial, 5);

		if (status > 0) {
			assert_int_equal(status,
			    SMTP_WANT_READ | SMTP_WANT_TIME);
			assert_true(smtp__dial_fd(dial) >= 0);
			assert_int_equal(smtp__dial_due_ms(dial), 10005);
			status = smtp__dial_step(dial, 10005);
		}
		if (status == SMTP_E_TIMEOUT) {
			seen = true;
			assert_int_equal(smtp__dial_phase(dial),
			    SMTP_PHASE_RESOLVE);
			assert_string_equal(smtp__dial_error(dial),
			    "nothing.invalid: name lookup: no answer in 10 s");
		} else {
			assert_int_equal(status, SMTP_E_RESOLVE);
		}
		smtp__dial_free(dial);
	}
	assert_true(seen);
}
#else
CASE_LEFT_OUT(test_dial__a_lookup_has_a_timer_of_its_own, "SMTP_WITH_THREADS")
#endif

static void
test_dial__a_child_may_free_what_was_begun(void **state)
{
	int listener = port_listen("127.0.0.1", 0, 4), status = -1;
	struct smtp__dial *dial = dial_host(known, port_of(listener), 10000);
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		smtp__dial_free(dial);
		child_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(drive(dial, 12000), SMTP_OK);
	assert_talks(dial, listener);
	smtp__dial_free(dial);
	close(listener);
}

static void
test_dial__names_that_are_not_localhost_are_looked_up(void **state)
{
	static const char *const rows[] = {
		"localhost.invalid", "notlocalhost", "localhos", ".", "127.1"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__lookup *lookup =
		    smtp__lookup_start(rows[i], 25, 0, NULL);

		assert_non_null(lookup);
		if (SMTP_WITH_THREADS)
			assert_true(smtp__lookup_fd(lookup) >= 0);
		smtp__lookup_free(lookup);
	}
}

/* ---- unix sockets */

static int
unix_listen(const char *path, int backlog)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(strlen(path) < sizeof to.sun_path);
	memcpy(to.sun_path, path, strlen(path) + 1);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
test_dial__connects_to_a_unix_socket(void **state)
{
	char path[64];
	struct smtp__dial *dial;
	int listener;

	(void)state;
	snprintf(path, sizeof path, "/tmp/smtp-dial-%d", (int)getpid());
	listener = unix_listen(path, 4);
	dial = dial_path(path, 1000);
	assert_int_equal(drive(dial, 2000), SMTP_OK);
	assert_talks(dial, listener);
	smtp__dial_free(dial);
	close(listener);
	dial = dial_path(path, 1000);   /* the name is there, nobody listens */
	assert_int_equal(drive(dial, 2000), SMTP_E_CONNECT);
	assert_non_null(strstr(smtp__dial_error(dial),
	    ": connection refused"));
	smtp__dial_free(dial);
	unlink(path);
}

static void
test_dial__a_unix_socket_that_is_busy_is_tried_again(void **state)
{
	char path[64];
	struct smtp__dial *first, *second;
	uint64_t now = smtp__net_now_ms();
	int listener, peer;

	(void)state;
	snprintf(path, sizeof path, "/tmp/smtp-dial-%d", (int)getpid());
	listener = unix_listen(path, 0);
	first = dial_path(path, 1000);
	assert_int_equal(drive(first, 2000), SMTP_OK);
	second = dial_path(path, 1000);
	assert_int_equal(smtp__dial_step(second, now), SMTP_WANT_TIME);
	assert_int_equal(smtp__dial_fd(second), -1);
	assert_true(smtp__dial_due_ms(second) <= now + 50);
	peer = accept(listener, NULL, NULL);
	assert_int_equal(drive(second, 2000), SMTP_OK);
	close(peer);
	assert_talks(second, listener);
	smtp__dial_free(second);
	smtp__dial_free(first);

	first = dial_path(path, 1000);
	assert_int_equal(drive(first, 2000), SMTP_OK);
	second = dial_path(path, 200);
	assert_int_equal(drive(second, 2000), SMTP_E_CONNECT);
	assert_non_null(strstr(smtp__dial_error(second),
	    ": the server is busy"));
	smtp__dial_free(second);
	smtp__dial_free(first);
	close(listener);
	unlink(path);
}

static void
test_dial__a_path_that_cannot_be(void **state)
{
	char path[200];
	struct smtp__dial *dial;

	(void)state;
	memset(path, 'x', sizeof path);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	dial = dial_path(path, 1000);
	assert_int_equal(drive(dial, 2000), SMTP_E_CONNECT);
	assert_non_null(strstr(smtp__dial_error(dial), "xx: empty or too "
	    "long for the name of a socket"));
	smtp__dial_free(dial);
	dial = dial_path("", 1000);
	assert_int_equal(drive(dial, 2000), SMTP_E_CONNECT);
	assert_string_equal(smtp__dial_error(dial), ": empty or too long for "
	    "the name of a socket");
	smtp__dial_free(dial);
	dial = dial_path("/nonexistent/socket", 1000);
	assert_int_equal(drive(dial, 2000), SMTP_E_CONNECT);
	assert_string_equal(smtp__dial_error(dial),
	    "/nonexistent/socket: no such file");
	smtp__dial_free(dial);
}

#if STARVE
static void
test_dial__without_memory_it_says_so(void **state)
{
	int listener = port_listen("127.0.0.1", 0, 16);
	bool hit = true;
	long n;

	(void)state;
	for (n = 0; hit; n++) {
		const struct smtp__dial_plan plan = {
			.host = "127.0.0.1",
			.port = port_of(listener),
			.resolve_ms = 1000,
			.connect_ms = 1000
		};
		long before = starve_live();
		struct smtp__dial *dial;
		int status = SMTP_E_MEMORY;

		starve_at(n);
		dial = smtp__dial_start(&plan, smtp__net_now_ms());
		if (dial != NULL)
			status = drive(dial, 2000);
		starve_pause();
		hit = starve_hit();
		assert_int_equal(status, hit ? SMTP_E_MEMORY : SMTP_OK);
		if (dial != NULL && hit)
			assert_non_null(strstr(smtp__dial_error(dial),
			    "127.0.0.1: no memory"));
		smtp__dial_free(dial);
		assert_int_equal(starve_live(), before);
	}
	assert_true(n > 3);
	close(listener);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dial__may_be_freed_at_any_moment),
		cmocka_unit_test(
		    test_dial__connects_to_an_address_without_lookup),
		cmocka_unit_test(test_dial__connects_to_a_name),
		cmocka_unit_test(test_dial__localhost_is_here),
		cmocka_unit_test(
		    test_dial__socket_does_not_block_delay_or_leak),
		cmocka_unit_test(
		    test_dial__a_refusal_lets_the_next_address_begin_at_once),
		cmocka_unit_test(
		    test_dial__begins_the_next_attempt_after_the_stagger),
		cmocka_unit_test(
		    test_dial__sees_an_older_attempt_that_answers_late),
		cmocka_unit_test(
		    test_dial__gives_each_address_its_time_and_tells_them_all),
		cmocka_unit_test(
		    test_dial__tells_every_refusal_that_there_is_room_for),
		cmocka_unit_test(
		    test_dial__a_name_that_cannot_exist_is_told_in_time),
		cmocka_unit_test(test_dial__a_lookup_has_a_timer_of_its_own),
		cmocka_unit_test(test_dial__a_child_may_free_what_was_begun),
		cmocka_unit_test(
		    test_dial__names_that_are_not_localhost_are_looked_up),
		cmocka_unit_test(test_dial__connects_to_a_unix_socket),
		cmocka_unit_test(
		    test_dial__a_unix_socket_that_is_busy_is_tried_again),
		cmocka_unit_test(test_dial__a_path_that_cannot_be)
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

#if STARVE
	const struct CMUnitTest starved[] = {
		cmocka_unit_test(test_dial__without_memory_it_says_so)
	};

	if (starve_works())
		failed += cmocka_run_group_tests(starved, NULL, NULL);
#endif
	return failed;
}
