/* SPDX-License-Identifier: MIT */
/* Whole sessions through proxies, and what those get that lie. */
#include "check.h"

#include <poll.h>

#include "support/ports.h"
#include "support/proxy.h"
#include "support/session.h"
#include "support/starve.h"

/* Nobody knows it: who is to go there has to leave that to the proxy. */
#define NOWHERE "mx.nowhere.invalid"

static const struct way {
	const char *kind, *login, *user, *password;
	const char *tls, *scheme, *host;
	const char *asked;       /* with the port for %d */
} ways[] = {
	{ "socks5", NULL, NULL, NULL, "none", "smtp+plaintext", NOWHERE,
	    "name " NOWHERE " %d\n" },
	{ "socks5h", NULL, NULL, NULL, "starttls", "smtp", NOWHERE,
	    "name " NOWHERE " %d\n" },
	{ "socks5", "joe:secret", "joe", "secret", "implicit", "smtps",
	    NOWHERE, "name " NOWHERE " %d\n" },
	{ "socks5", NULL, "joe", "secret", "none", "smtp+plaintext",
	    "127.0.0.1", "ipv4 127.0.0.1 %d\n" },
	{ "socks5", NULL, NULL, NULL, "none", "smtp+plaintext",
	    "[2001:db8::7]", "ipv6 2001:db8::7 %d\n" },
	{ "http", NULL, NULL, NULL, "none", "smtp+plaintext", NOWHERE,
	    NOWHERE ":%d\n" },
	{ "http", NULL, NULL, NULL, "starttls", "smtp", NOWHERE,
	    NOWHERE ":%d\n" },
	{ "http", "joe:secret", "joe", "secret", "implicit", "smtps",
	    NOWHERE, NOWHERE ":%d\n" },
	{ "http", NULL, NULL, NULL, "none", "smtp+plaintext",
	    "[2001:db8::7]", "[2001:db8::7]:%d\n" },
};

/* As a program with poll(2) does it, and no step may take its time. */
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
		assert_true(rc & SMTP_WANT_TIME || p.fd >= 0);
		poll(&p, 1, wait > 10000 ? 10000 : (int)wait);
		now = smtp_now_ms();
		rc = smtp_step(smtp);
		assert_true(smtp_now_ms() - now < 500);
	}
	return rc;
}

static void
go(const struct way *way, const char *blocking)
{
	struct server *s = server_start("--tls", way->tls, NULL);
	struct proxy *proxy = proxy_start(way->kind, way->login,
		server_port(s));
	struct smtp_options *o = options_for(s, "proxy", proxy_url(proxy),
		"tls-name", "localhost", "blocking", blocking, NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	struct trace trace = { .n = 0 };
	struct smtp *smtp;
	char asked[200];
	int rc;

	smtp_options_set_trace(o, trace_line, &trace);
	smtp_options_set(o, "proxy-user", way->user);
	smtp_options_set(o, "proxy-password", way->password);
	rc = smtp_open(&smtp, server_url(s, way->scheme, way->host), o);
	smtp_options_free(o);
	expect_rc(way->kind, smtp, finish(smtp, rc), SMTP_OK);
	(void)snprintf(asked, sizeof asked, way->asked, server_port(s));
	assert_string_equal(proxy_asked(proxy), asked);
	expect_rc(way->kind, smtp, finish(smtp, smtp_send(smtp, m)), SMTP_OK);
	assert_int_equal(finish(smtp, smtp_quit(smtp)), SMTP_OK);
	assert_int_equal(smtp_close(smtp), SMTP_OK);
	smtp_message_free(m);
	assert_string_equal(server_mail(s, 1, NULL), plain_mail_sent);
	server_found_no_fault(s);
	assert_non_null(strstr(trace.text, "* connecting to proxy "));
	assert_null(strstr(trace.text, "secret"));
	assert_null(strstr(trace.text, "am9lOn"));
	proxy_stop(proxy);
	server_stop(s);
}

static void
test_client_proxy__mails_go_through(void **state)
{
	(void)state;
	needs(SMTP_WITH_PROXY);
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(ways); i++)
		go(&ways[i], "yes");
}

static void
test_client_proxy__nothing_of_it_blocks(void **state)
{
	(void)state;
	needs(SMTP_WITH_PROXY);
	needs(SMTP_WITH_TLS && SMTP_WITH_LMTP);
	for (size_t i = 0; i < COUNT(ways); i++)
		go(&ways[i], "no");
}

/* The certificate is that of the server, and the proxy's name is not it. */
static void
test_client_proxy__the_server_has_to_prove_itself(void **state)
{
	needs(SMTP_WITH_PROXY);
	static const char *const kinds[] = { "socks5", "http" };

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct server *s = server_start(NULL);
		struct proxy *proxy = proxy_start(kinds[i], NULL,
			server_port(s));
		struct smtp *smtp;

		expect_rc("no such name", NULL, try_session(&smtp, s,
			server_url(s, "smtp", NOWHERE), "proxy",
			proxy_url(proxy), NULL), SMTP_E_CERTIFICATE);
		assert_non_null(strstr(smtp_hint(smtp), "another name"));
		assert_non_null(strstr(smtp_error(smtp), NOWHERE));
		smtp_close(smtp);
		smtp_close(session_to(s, server_url(s, "smtp", "localhost"),
			"proxy", proxy_url(proxy), NULL));
		proxy_stop(proxy);
		server_stop(s);
	}
}

static void
test_client_proxy__a_session_that_ended_takes_the_same_way_again(void **state)
{
	needs(SMTP_WITH_PROXY);
	struct server *s = server_play(
		"S: 220 hi\nC: EHLO *\nS: 250 hi\nDROP\n", NULL);
	struct proxy *proxy = proxy_start("socks5", NULL, server_port(s));
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
		NOWHERE), "proxy", proxy_url(proxy), NULL);

	(void)state;
	assert_string_not_equal(proxy_asked(proxy), "");
	(void)poll(NULL, 0, 100);        /* it sees the end */
	(void)smtp_send(smtp, m);
	assert_non_null(strstr(proxy_asked(proxy), "name " NOWHERE));
	smtp_close(smtp);
	smtp_message_free(m);
	proxy_stop(proxy);
	server_stop(s);
}

/* ---- failures */

static void
test_client_proxy__who_one_is_has_to_be_right(void **state)
{
	needs(SMTP_WITH_PROXY);
	static const struct { const char *kind, *user, *password, *words; }
	rows[] = {
		{ "socks5", "joe", "wrong", "refused the user" },
		{ "socks5", NULL, NULL, "wants a user and password" },
		{ "http", "joe", "wrong", "refused the user or the password "
		    "(407 " },
		{ "http", NULL, NULL, "wants a user and password" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct proxy *proxy = proxy_start(rows[i].kind, "joe:secret",
			1);
		struct smtp *smtp;
		int rc = try_session(&smtp, NULL, "smtps://" NOWHERE,
			"proxy", proxy_url(proxy), "insecure-no-verify",
			"yes", "proxy-user", rows[i].user, "proxy-password",
			rows[i].password, NULL);

		expect_rc(rows[i].words, smtp, rc, SMTP_E_CONNECT);
		assert_int_equal(smtp_phase(smtp), SMTP_PHASE_CONNECT);
		assert_non_null(strstr(smtp_error(smtp), rows[i].words));
		assert_non_null(strstr(smtp_error(smtp), proxy_url(proxy)));
		assert_null(strstr(smtp_error(smtp), "wrong"));
		assert_string_equal(proxy_asked(proxy), "refused\n");
		smtp_close(smtp);
		proxy_stop(proxy);
	}
}

#define ALL ((size_t)-1)
static const struct lie {
	const char *name, *kind, *says;
	size_t n, again;
	unsigned pause_ms;
	int ends, status;
	const char *words;
} lies[] = {
	{ "nothing", "socks5", "", 0, ALL, 0, 0, SMTP_E_TIMEOUT,
	    "no answer in time" },
	{ "nothing", "http", "", 0, ALL, 0, 0, SMTP_E_TIMEOUT,
	    "no answer in time" },
	{ "an octet now and then", "http", "HTTP/1.1 200 OK\r\nx: yyyyyyyyyyy"
	    "yyyyyyyyyyyyyyyyyyyyyyyyyy", 40, ALL, 150, 0, SMTP_E_TIMEOUT,
	    "no answer in time" },
	{ "an octet now and then", "socks5", "\x05\0\x05\0\0\x03\xFF"
	    "aaaaaaaaaaaaaaaaaaaaaa", 29, ALL, 150, 0, SMTP_E_TIMEOUT,
	    "no answer in time" },
	{ "without end", "http", "HTTP/1.1 200 OK\r\nx: y", 21, 20, 0, 0,
	    SMTP_E_PROTOCOL, "has no end" },
	{ "the end", "socks5", "", 0, ALL, 0, 1, SMTP_E_CONNECT,
	    "closed the connection" },
	{ "the end", "http", "HTTP/1.1 200", 12, ALL, 0, 1, SMTP_E_CONNECT,
	    "closed the connection" },
	{ "another protocol", "socks5", "220 mx.example", 14, ALL, 0, 0,
	    SMTP_E_PROTOCOL, "not SOCKS version 5" },
	{ "another protocol", "http", "\x05\0", 2, ALL, 0, 0,
	    SMTP_E_PROTOCOL, "not an HTTP proxy" },
};

static void
test_client_proxy__one_that_lies_is_left_in_time(void **state)
{
	(void)state;
	needs(SMTP_WITH_PROXY);
	for (size_t i = 0; i < COUNT(lies); i++) {
		const struct lie *l = &lies[i];
		struct proxy *proxy = proxy_lie(l->kind, l->says, l->n,
			l->again, l->pause_ms, l->ends);
		uint64_t begin = smtp_now_ms();
		struct smtp *smtp;

		expect_rc(l->name, NULL, try_session(&smtp, NULL,
			"smtp+plaintext://" NOWHERE, "proxy",
			proxy_url(proxy), "connect-timeout", "1", NULL),
			l->status);
		assert_true(smtp_now_ms() - begin < 2500);
		if (strstr(smtp_error(smtp), l->words) == NULL ||
		    strstr(smtp_error(smtp), proxy_url(proxy)) == NULL)
			fail_msg("%s: %s", l->name, smtp_error(smtp));
		assert_int_equal(smtp_phase(smtp), SMTP_PHASE_CONNECT);
		assert_int_equal(smtp_send(smtp, NULL), SMTP_E_ARGUMENT);
		smtp_close(smtp);
		proxy_stop(proxy);
	}
}

static void
test_client_proxy__one_that_is_not_there_is_told_by_name(void **state)
{
	needs(SMTP_WITH_PROXY);
	int pending[8], listener;
	struct smtp *smtp;
	char url[64];

	(void)state;
	(void)snprintf(url, sizeof url, "socks5://127.0.0.1:%u", port_dead());
	expect_rc("dead", NULL, try_session(&smtp, NULL,
		"smtp+plaintext://" NOWHERE, "proxy", url, NULL),
		SMTP_E_CONNECT);
	assert_string_equal(smtp_error(smtp),
		"proxy 127.0.0.1: connection refused");
	smtp_close(smtp);
	listener = port_full("127.0.0.1", 0, pending);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u",
		port_of(listener));
	expect_rc("full", NULL, try_session(&smtp, NULL,
		"smtp+plaintext://" NOWHERE, "proxy", url, "connect-timeout",
		"1", NULL), SMTP_E_TIMEOUT);
	assert_string_equal(smtp_error(smtp),
		"proxy 127.0.0.1: no answer in 1 s");
	smtp_close(smtp);
	port_full_close(listener, pending);
}

static void
test_client_proxy__deadline_and_cancel_end_it(void **state)
{
	(void)state;
	needs(SMTP_WITH_PROXY);
	for (int cancel = 0; cancel < 2; cancel++) {
		struct proxy *proxy = proxy_lie("http", "", 0, ALL, 0, 0);
		struct smtp_options *o = options_for(NULL, "proxy",
			proxy_url(proxy), "blocking", "no", "deadline", "1",
			NULL);
		struct smtp *smtp;
		int rc = smtp_open(&smtp, "smtp+plaintext://" NOWHERE, o);

		smtp_options_free(o);
		if (cancel) {
			(void)poll(NULL, 0, 100);
			assert_true(smtp_step(smtp) > 0);
			smtp_cancel(smtp);
			rc = smtp_step(smtp);
		} else {
			rc = finish(smtp, rc);
		}
		expect_rc("ended", smtp, rc, cancel ? SMTP_E_CANCELLED :
			SMTP_E_TIMEOUT);
		assert_int_equal(smtp_phase(smtp), SMTP_PHASE_CONNECT);
		assert_int_equal(smtp_fd(smtp), -1);
		smtp_close(smtp);
		proxy_stop(proxy);
	}
}

static void
test_client_proxy__what_cannot_be_is_told_before(void **state)
{
	needs(SMTP_WITH_PROXY);
	char text[600];
	const struct { const char *url, *proxy, *user, *password, *words; }
	rows[] = {
		{ "lmtp+unix:/run/lmtp", "socks5://127.0.0.1", NULL, NULL,
		    "a unix socket is not reached through one" },
		{ "smtp://" NOWHERE, "socks5://127.0.0.1", "joe", NULL,
		    "one of them is missing" },
		{ "smtp://" NOWHERE, "http://127.0.0.1:1", NULL, "secret",
		    "one of them is missing" },
		{ "smtp://" NOWHERE, "socks5://127.0.0.1", text, "secret",
		    "1 to 255" },
		{ "smtp://" NOWHERE, "http://127.0.0.1:1", "joe", text,
		    "too long" },
		{ "smtp://" NOWHERE, "http://127.0.0.1:1", "j:oe", "secret",
		    "an octet that cannot be sent" },
		{ "smtp://" NOWHERE, "http://127.0.0.1:1", "joe", "a\nb",
		    "an octet that cannot be sent" },
		{ "smtp://[fe80::1%25lo]", "http://127.0.0.1:1", NULL, NULL,
		    "the host cannot be named to a proxy" },
	};

	(void)state;
	needs(SMTP_WITH_LMTP);
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp *smtp;
		int rc = try_session(&smtp, NULL, rows[i].url, "proxy",
			rows[i].proxy, "proxy-user", rows[i].user,
			"proxy-password", rows[i].password,
			"insecure-no-verify", "yes", NULL);

		expect_rc(rows[i].words, smtp, rc, SMTP_E_ARGUMENT);
		if (strstr(smtp_error(smtp), rows[i].words) == NULL)
			fail_msg("%s", smtp_error(smtp));
		assert_null(strstr(smtp_error(smtp), "secret"));
		smtp_close(smtp);
	}
}

/* Only who is told of a proxy uses one. */
static void
test_client_proxy__the_environment_is_not_read(void **state)
{
	static const char *const names[] = { "ALL_PROXY", "all_proxy",
		"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
		"SMTP_PROXY", "smtp_proxy", "SOCKS_SERVER" };
	struct server *s = server_start("--tls", "none", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(setenv(names[i], "socks5://127.0.0.1:1", 1),
			0);
	smtp_close(plain_session(s));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(unsetenv(names[i]), 0);
	server_stop(s);
}

#if STARVE
static void
test_client_proxy__each_allocation_may_fail(void **state)
{
	needs(SMTP_WITH_PROXY);
	struct server *s = server_start("--tls", "none", NULL);
	struct proxy *proxy = proxy_start("http", "joe:secret",
		server_port(s));
	int rc = SMTP_E_MEMORY;

	(void)state;
	if (!starve_works())
		skip();
	for (long n = 0; rc != SMTP_OK; n++) {
		struct smtp_options *o = options_for(NULL, "proxy",
			proxy_url(proxy), "proxy-user", "joe",
			"proxy-password", "secret", NULL);
		struct smtp *smtp;
		long live = starve_live();

		assert_true(n < 100);
		starve_at(n);
		rc = smtp_open(&smtp, server_url(s, "smtp+plaintext",
			"127.0.0.1"), o);
		starve_at(-1);
		if (rc != SMTP_OK && rc != SMTP_E_MEMORY)
			fail_msg("%ld: %s", n, smtp_error(smtp));
		smtp_close(smtp);
		assert_int_equal(starve_live(), live);
		smtp_options_free(o);
	}
	proxy_stop(proxy);
	server_stop(s);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_proxy__mails_go_through),
		cmocka_unit_test(test_client_proxy__nothing_of_it_blocks),
		cmocka_unit_test(
			test_client_proxy__the_server_has_to_prove_itself),
		cmocka_unit_test(
	test_client_proxy__a_session_that_ended_takes_the_same_way_again),
		cmocka_unit_test(
			test_client_proxy__who_one_is_has_to_be_right),
		cmocka_unit_test(
			test_client_proxy__one_that_lies_is_left_in_time),
		cmocka_unit_test(
		    test_client_proxy__one_that_is_not_there_is_told_by_name),
		cmocka_unit_test(
			test_client_proxy__deadline_and_cancel_end_it),
		cmocka_unit_test(
			test_client_proxy__what_cannot_be_is_told_before),
		cmocka_unit_test(
			test_client_proxy__the_environment_is_not_read),
#if STARVE
		cmocka_unit_test(
			test_client_proxy__each_allocation_may_fail),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
