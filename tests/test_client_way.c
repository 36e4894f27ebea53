/* SPDX-License-Identifier: MIT */
/*
 * Ways to a server other than its name: from an address or an interface, over
 * one family, by a lookup, a descriptor or a transport of the program's own.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "net/net.h"
#include "support/child.h"
#include "support/ports.h"
#include "support/session.h"

#define PLAIN "smtp+plaintext"
#define NAME  "mx.nowhere.invalid"       /* nobody knows it */

static int
finish(struct smtp *smtp, int rc)
{
	while (rc > 0) {
		uint64_t now = smtp_now_ms(), due = smtp_due_ms(smtp);
		uint64_t wait = due > now ? due - now : 0;
		struct pollfd p = { smtp_fd(smtp), 0, 0 };

		if (rc & SMTP_WANT_READ)
			p.events |= POLLIN;
		if (rc & SMTP_WANT_WRITE)
			p.events |= POLLOUT;
		poll(&p, 1, wait > 10000 ? 10000 : (int)wait);
		rc = smtp_step(smtp);
	}
	return rc;
}

static void
send_and_close(struct server *s, struct smtp *smtp, const char *what)
{
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	unsigned mails = server_mails(s);

	expect_rc(what, smtp, finish(smtp, smtp_send(smtp, m)), SMTP_OK);
	assert_int_equal(server_mails(s), mails + 1);
	(void)finish(smtp, smtp_quit(smtp));
	smtp_close(smtp);
	smtp_message_free(m);
}

/* ---- where from */

static void
test_client_way__begins_where_it_is_told_to(void **state)
{
	static const struct { const char *host, *option, *value, *says; }
	rows[] = {
		{ "127.0.0.1", "local-address", "127.0.0.2",
		    "EHLO [127.0.0.2]\r\n" },
		{ "localhost", "local-address", "127.0.0.3",
		    "EHLO [127.0.0.3]\r\n" },
		{ "localhost", "family", "4", "EHLO [127.0.0.1]\r\n" },
		{ "localhost", "family", "any", "EHLO [127.0.0.1]\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--tls", "none", NULL);
		struct smtp *smtp = session_to(s, server_url(s, PLAIN,
			rows[i].host), rows[i].option, rows[i].value, NULL);

		send_and_close(s, smtp, rows[i].value);
		assert_true(server_heard_line(s, rows[i].says));
		server_stop(s);
	}
}

static void
test_client_way__tells_where_it_cannot_begin(void **state)
{
	static const struct {
		const char *host, *option, *value;
		int rc;
		const char *words;
	} rows[] = {
		{ "127.0.0.1", "local-address", "192.0.2.7", SMTP_E_CONNECT,
		    "127.0.0.1: no local address or port for it" },
		{ "127.0.0.1", "local-address", "::1", SMTP_E_RESOLVE,
		    "127.0.0.1: has no IPv6 address, and no other is" },
		{ "127.0.0.1", "family", "6", SMTP_E_RESOLVE,
		    "127.0.0.1: has no IPv6 address, and no other is" },
		{ "[::1]", "family", "4", SMTP_E_RESOLVE,
		    "::1: has no IPv4 address, and no other is" },
	};
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp *smtp;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_rc(rows[i].value, NULL, try_session(&smtp, s,
			server_url(s, PLAIN, rows[i].host), rows[i].option,
			rows[i].value, NULL), rows[i].rc);
		if (strstr(smtp_error(smtp), rows[i].words) == NULL)
			fail_msg("%s", smtp_error(smtp));
		smtp_close(smtp);
	}
	expect_rc("families", NULL, try_session(&smtp, s, server_url(s, PLAIN,
		"127.0.0.1"), "family", "6", "local-address", "127.0.0.1",
		NULL), SMTP_E_ARGUMENT);
	assert_non_null(strstr(smtp_error(smtp), "of another family"));
	smtp_close(smtp);
	expect_rc("both 6", NULL, try_session(&smtp, s, server_url(s, PLAIN,
		"127.0.0.1"), "family", "6", "local-address", "::1", NULL),
		SMTP_E_RESOLVE);
	smtp_close(smtp);
	expect_rc("both 4", NULL, try_session(&smtp, s, server_url(s, PLAIN,
		"127.0.0.1"), "family", "4", "local-address", "127.0.0.2",
		NULL), SMTP_OK);
	smtp_close(smtp);
	server_stop(s);
}

#ifdef SO_BINDTODEVICE
static void
test_client_way__leaves_by_the_interface_that_is_named(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp *smtp;
	char name[IFNAMSIZ] = "";
	socklen_t n = sizeof name;
	int rc = try_session(&smtp, s, server_url(s, PLAIN, "127.0.0.1"),
		"interface", "lo", NULL);

	(void)state;
	expect_rc("lo", smtp, rc, SMTP_OK);
	assert_int_equal(getsockopt(smtp_fd(smtp), SOL_SOCKET,
		SO_BINDTODEVICE, name, &n), 0);
	assert_string_equal(name, "lo");
	send_and_close(s, smtp, "lo");
	expect_rc("none", NULL, try_session(&smtp, s, server_url(s, PLAIN,
		"127.0.0.1"), "interface", "none-such", NULL),
		SMTP_E_CONNECT);
	assert_string_equal(smtp_error(smtp),
		"127.0.0.1: there is no such network interface");
	smtp_close(smtp);
	server_stop(s);
}
#endif

/* ---- lookup */

struct book {
	const char *asked;       /* to be shown to be the name */
	int family;
	const char *const *answers;
	int result;
	unsigned waits;          /* steps before the result    */
	int pipe[2];             /* readable all the while     */
	unsigned steps, begun, ended;
};

static void *
book_start(void *ctx, const char *host, int family)
{
	struct book *b = ctx;

	assert_string_equal(host, b->asked);
	assert_int_equal(family, b->family);
	b->steps = 0;
	if (b->result == SMTP_E_MEMORY && b->waits == 0)
		return NULL;
	b->begun++;
	return b;
}

static int
book_step(void *lookup, uint64_t *due_ms)
{
	struct book *b = lookup;

	assert_true(*due_ms == UINT64_MAX);
	if (b->steps++ == b->waits)
		return b->result;
	if (b->steps % 2 == 0) {
		*due_ms = smtp_now_ms() + 20;
		return SMTP_WANT_TIME;
	}
	return SMTP_WANT_READ;
}

static const char *
book_address(void *lookup, size_t i)
{
	struct book *b = lookup;

	return b->answers[i];
}

static int
book_fd(void *lookup)
{
	struct book *b = lookup;

	return b->steps % 2 == 0 ? -1 : b->pipe[0];
}

static void
book_end(void *lookup)
{
	struct book *b = lookup;

	b->ended++;
}

static const struct smtp_resolver book_resolver = { book_start, book_step,
	book_address, book_fd, book_end, NULL };

static int
try_book(struct book *b, struct smtp **smtp, const char *url,
	const char *blocking, const char *family)
{
	struct smtp_options *o = options_for(NULL, "blocking", blocking,
		"family", family, "resolve-timeout", "1", NULL);
	struct smtp_resolver resolver = book_resolver;
	int rc;

	resolver.ctx = b;
	b->family = family[0] == 'a' ? 0 : family[0] - '0';
	b->asked = NAME;
	assert_int_equal(pipe(b->pipe), 0);
	assert_int_equal(write(b->pipe[1], "x", 1), 1);
	assert_int_equal(smtp_options_set_resolver(o, &resolver), SMTP_OK);
	rc = smtp_open(smtp, url, o);
	smtp_options_free(o);
	rc = finish(*smtp, rc);
	assert_int_equal(b->begun, b->ended);
	close(b->pipe[0]);
	close(b->pipe[1]);
	return rc;
}

static void
test_client_way__a_lookup_of_the_programs_is_asked(void **state)
{
	static const char *const home[] = { "127.0.0.1", NULL };
	static const char *const many[] = { "::1", "nonsense", "::1", "::1",
		"127.0.0.1", NULL };
	static const char *const only6[] = { "::1", NULL };
	static const char *const nobody[] = { NULL };
	static const struct {
		const char *const *answers;
		int result;
		unsigned waits;
		const char *family;
		int rc;
		const char *words;
	} rows[] = {
		{ home, SMTP_OK, 0, "any", SMTP_OK, "" },
		{ home, SMTP_OK, 5, "4", SMTP_OK, "" },
		{ many, SMTP_OK, 3, "any", SMTP_OK, "" },
		{ only6, SMTP_OK, 1, "4", SMTP_E_RESOLVE,
		    "has no IPv4 address" },
		{ nobody, SMTP_OK, 1, "any", SMTP_E_RESOLVE,
		    NAME ": the name has no address" },
		{ nobody, SMTP_E_RESOLVE, 1, "any", SMTP_E_RESOLVE,
		    NAME ": no such host name, or nobody" },
		{ nobody, SMTP_E_MEMORY, 0, "any", SMTP_E_MEMORY,
		    "no memory" },
		{ nobody, SMTP_E_MEMORY, 1, "any", SMTP_E_MEMORY,
		    "no memory" },
		{ nobody, SMTP_OK, 1000000000, "any", SMTP_E_TIMEOUT,
		    "name lookup: no answer in 1 s" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct server *s = server_start("--tls", "none", NULL);
		const size_t k = i / 2;
		struct book b = { .answers = rows[k].answers,
			.result = rows[k].result, .waits = rows[k].waits };
		struct smtp *smtp;
		int rc = try_book(&b, &smtp, server_url(s, PLAIN, NAME),
			i % 2 ? "yes" : "no", rows[k].family);

		if (rc != rows[k].rc || strstr(smtp_error(smtp),
		    rows[k].words) == NULL)
			fail_msg("row %zu: %s: %s", k, smtp_status_name(rc),
				smtp_error(smtp));
		if (rc == SMTP_OK)
			send_and_close(s, smtp, "lookup");
		else
			smtp_close(smtp);
		server_stop(s);
	}
}

static void
test_client_way__what_is_known_is_not_looked_up(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost" };
	struct server *s = server_start("--tls", "none", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct book b = { .asked = "nothing" };
		struct smtp *smtp;

		assert_int_equal(try_book(&b, &smtp, server_url(s, PLAIN,
			hosts[i]), "yes", "any"), SMTP_OK);
		assert_int_equal(b.begun, 0);
		smtp_close(smtp);
	}
	server_stop(s);
}

static void
test_client_way__half_a_lookup_is_refused(void **state)
{
	struct smtp_options *o = smtp_options_new();
	struct smtp_resolver half = book_resolver;

	(void)state;
	half.step = NULL;
	assert_int_equal(smtp_options_set_resolver(o, &half),
		SMTP_E_ARGUMENT);
	assert_non_null(strstr(smtp_options_error(o), "\"resolver\""));
	assert_int_equal(smtp_options_set_resolver(o, &book_resolver),
		SMTP_OK);
	assert_int_equal(smtp_options_set_resolver(o, NULL), SMTP_OK);
	assert_int_equal(smtp_options_set_resolver(NULL, NULL),
		SMTP_E_MEMORY);
	smtp_options_free(o);
}

/* ---- descriptors and transports of the program's own */

static int
connect_to(const struct server *s)
{
	struct smtp__address to = port_address("127.0.0.1",
		(unsigned)server_port(s));
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to.to, to.n), 0);
	return fd;
}

/* A transport that gives little, waits at random, has no descriptor. */
struct drops {
	struct smtp_transport socket;
	uint32_t seed;
	unsigned waits;
	bool closed;
};

static bool
drops_wait(struct drops *d)
{
	d->seed = d->seed * 1664525 + 1013904223;
	d->waits += d->seed >> 31;
	return d->seed >> 31;
}

static ptrdiff_t
drops_read(void *ctx, void *p, size_t n)
{
	struct drops *d = ctx;

	if (drops_wait(d))
		return SMTP_IO_WANT_READ;
	return d->socket.read(d->socket.ctx, p, n < 700 ? n : 700);
}

static ptrdiff_t
drops_write(void *ctx, const void *p, size_t n)
{
	struct drops *d = ctx;

	if (drops_wait(d))
		return SMTP_IO_WANT_WRITE;
	return d->socket.write(d->socket.ctx, p, n < 100 ? n : 100);
}

static void
drops_close(void *ctx)
{
	struct drops *d = ctx;

	d->socket.close(d->socket.ctx);
	d->closed = true;
}

static const struct scheme {
	const char *name, *tls, *lmtp;
} schemes[] = {
	{ "smtp", "starttls", NULL },
	{ "submission", "starttls", NULL },
	{ "smtps", "implicit", NULL },
	{ "submissions", "implicit", NULL },
	{ "smtp+opportunistic", "starttls", NULL },
	{ "smtp+plaintext", "none", NULL },
	{ "lmtp", "starttls", "--lmtp" },
	{ "lmtp+plaintext", "none", "--lmtp" },
};

static void
over(const struct scheme *scheme, bool own, const char *blocking,
	const char *host, int want)
{
	struct server *s = server_start("--tls", scheme->tls, scheme->lmtp,
		NULL);
	struct smtp_options *o = options_for(s, "blocking", blocking,
		"ehlo-name", "client.example", NULL);
	struct drops d = { .seed = 1 };
	const struct smtp_transport t = { drops_read, drops_write,
		drops_close, NULL, &d };
	struct smtp *smtp;
	int fd = connect_to(s), rc;

	if (own) {
		assert_int_equal(smtp_transport_socket(&d.socket, fd),
			SMTP_OK);
		assert_int_equal(smtp_options_set_transport(o, &t), SMTP_OK);
	} else {
		assert_int_equal(smtp_options_set_fd(o, fd), SMTP_OK);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	}
	/* The URL names a host that nobody dials. */
	rc = smtp_open(&smtp, server_url(s, scheme->name, host), o);
	smtp_options_free(o);
	while (own && rc > 0) {
		/* nothing to poll: who has the transport knows when to step */
		assert_int_equal(smtp_fd(smtp), -1);
		assert_true(rc & (SMTP_WANT_READ | SMTP_WANT_WRITE));
		assert_true(smtp_due_ms(smtp) > smtp_now_ms());
		(void)poll(NULL, 0, 1);
		rc = smtp_step(smtp);
	}
	rc = finish(smtp, rc);
	expect_rc(scheme->name, smtp, rc, want);
	if (rc == SMTP_OK && !own) {
		assert_int_equal(smtp_fd(smtp), fd);
		send_and_close(s, smtp, scheme->name);
	} else if (rc == SMTP_OK) {
		struct smtp_message *m = mail_of(plain_mail,
			"b@example.com", NULL);

		rc = smtp_send(smtp, m);
		while (rc > 0) {
			(void)poll(NULL, 0, 1);
			rc = smtp_step(smtp);
		}
		expect_rc(scheme->name, smtp, rc, SMTP_OK);
		assert_int_equal(server_mails(s), 1);
		smtp_close(smtp);
		smtp_message_free(m);
	} else {
		smtp_close(smtp);
	}
	if (own)
		assert_true(d.closed && d.waits > 4);
	else
		assert_int_equal(fcntl(fd, F_GETFD), -1);
	server_stop(s);
}

static void
test_client_way__every_scheme_goes_over_a_descriptor(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS && SMTP_WITH_LMTP);
	for (size_t i = 0; i < COUNT(schemes); i++)
		over(&schemes[i], false, i % 2 ? "yes" : "no", "localhost",
			SMTP_OK);
	over(&schemes[0], false, "yes", NAME, SMTP_E_CERTIFICATE);
	over(&schemes[2], false, "yes", NAME, SMTP_E_CERTIFICATE);
}

static void
test_client_way__every_scheme_goes_over_a_transport(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS && SMTP_WITH_LMTP);
	for (size_t i = 0; i < COUNT(schemes); i++)
		over(&schemes[i], true, i % 2 ? "no" : "yes", "localhost",
			SMTP_OK);
	over(&schemes[0], true, "yes", NAME, SMTP_E_CERTIFICATE);
}

static void
test_client_way__a_descriptor_has_to_be_connected(void **state)
{
	struct smtp_options *o = smtp_options_new();
	int pair[2], fds[4];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	fds[0] = pair[0];
	fds[1] = pair[1];
	fds[2] = socket(AF_INET, SOCK_STREAM, 0);
	fds[3] = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(smtp_options_set_fd(o, -1), SMTP_E_ARGUMENT);
	for (size_t i = 0; i < COUNT(fds); i++) {
		assert_int_equal(smtp_options_set_fd(o, fds[i]),
			SMTP_E_ARGUMENT);
		assert_string_equal(smtp_options_error(o), "option \"fd\": "
			"takes a connected stream socket");
		assert_int_equal(close(fds[i]), 0);      /* still ours */
	}
	assert_int_equal(smtp_options_set_fd(NULL, 0), SMTP_E_MEMORY);
	/* One that nobody opened over goes with the options, or a second. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(smtp_options_set_fd(o, pair[0]), SMTP_OK);
	assert_int_equal(smtp_options_set_fd(o, pair[1]), SMTP_OK);
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	smtp_options_free(o);
	assert_int_equal(fcntl(pair[1], F_GETFD), -1);
}

/* Also where the open fails it is taken over, and used no second time. */
static void
test_client_way__a_descriptor_serves_one_session(void **state)
{
	struct smtp_options *o = smtp_options_new();
	struct smtp *smtp;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(smtp_options_set_fd(o, pair[0]), SMTP_OK);
	expect_rc("ended", NULL, smtp_open(&smtp, PLAIN "://" NAME, o),
		SMTP_E_CLOSED);
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	smtp_close(smtp);
	expect_rc("again", NULL, smtp_open(&smtp, PLAIN "://" NAME, o),
		SMTP_E_ARGUMENT);
	assert_non_null(strstr(smtp_error(smtp), "has taken it"));
	smtp_close(smtp);
	smtp_options_free(o);
}

/* In a child it is closed, and nothing said: the parent goes on. */
static void
test_client_way__a_descriptor_stays_the_parents(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_options *o = options_for(s, NULL);
	int fd = connect_to(s), status;
	struct smtp *smtp;
	pid_t pid;

	(void)state;
	assert_int_equal(smtp_options_set_fd(o, fd), SMTP_OK);
	expect_rc("open", NULL, smtp_open(&smtp, server_url(s, PLAIN,
		"localhost"), o), SMTP_OK);
	smtp_options_free(o);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		smtp_close(smtp);
		child_exit(fcntl(fd, F_GETFD) < 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	send_and_close(s, smtp, "parent");
	assert_int_equal(server_heard_lines(s, "QUIT"), 1);
	server_stop(s);
}

static void
test_client_way__a_proxy_is_not_left_out_silently(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_options *o = options_for(s, "proxy",
		"socks5://127.0.0.1:1", NULL);
	int fd = connect_to(s);
	struct smtp *smtp;

	(void)state;
	assert_int_equal(smtp_options_set_fd(o, fd), SMTP_OK);
	expect_rc("proxy", NULL, smtp_open(&smtp, server_url(s, PLAIN,
		"localhost"), o), SMTP_E_ARGUMENT);
	assert_non_null(strstr(smtp_error(smtp), "option \"proxy\""));
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	smtp_close(smtp);
	smtp_options_free(o);
	server_stop(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_way__begins_where_it_is_told_to),
		cmocka_unit_test(
			test_client_way__tells_where_it_cannot_begin),
#ifdef SO_BINDTODEVICE
		cmocka_unit_test(
		test_client_way__leaves_by_the_interface_that_is_named),
#endif
		cmocka_unit_test(
			test_client_way__a_lookup_of_the_programs_is_asked),
		cmocka_unit_test(
			test_client_way__what_is_known_is_not_looked_up),
		cmocka_unit_test(test_client_way__half_a_lookup_is_refused),
		cmocka_unit_test(
			test_client_way__every_scheme_goes_over_a_descriptor),
		cmocka_unit_test(
			test_client_way__every_scheme_goes_over_a_transport),
		cmocka_unit_test(
			test_client_way__a_descriptor_has_to_be_connected),
		cmocka_unit_test(
			test_client_way__a_descriptor_serves_one_session),
		cmocka_unit_test(
			test_client_way__a_descriptor_stays_the_parents),
		cmocka_unit_test(
			test_client_way__a_proxy_is_not_left_out_silently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
