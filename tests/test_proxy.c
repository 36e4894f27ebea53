/* SPDX-License-Identifier: MIT */
/*
 * What is said to a proxy, and what is made of its answers, over a wire in
 * memory that cuts both into pieces of every size.
 */
#include "check.h"

#include <smtp/config.h>

#if !SMTP_WITH_PROXY
LEFT_OUT("SMTP_WITH_PROXY")
#else

#include "net/proxy.h"

#define GREETING "220 mx.example\r\n"    /* of the server behind the proxy */
#define NAME "socks5://proxy.example:1080"

/* An exchange: what has to be said, and then comes; up to NULL. */
#define TURNS 4
struct turn {
	const char *say, *hear;
	size_t say_n, hear_n;
};
#define TURN(say, hear) { say, hear, sizeof(say) - 1, sizeof(hear) - 1 }

struct wire {
	const struct turn *turns;
	size_t turn, said, heard;        /* of this turn                    */
	size_t piece;
	bool stutter, closes;            /* waits each other time; ends     */
	unsigned times;
};

static bool
waits(struct wire *w)
{
	return w->stutter && w->times++ % 2 == 0;
}

static ptrdiff_t
wire_write(void *ctx, const void *p, size_t n)
{
	struct wire *w = ctx;
	const struct turn *turn = &w->turns[w->turn];
	size_t left;

	if (waits(w))
		return SMTP_IO_WANT_WRITE;
	if (turn->say == NULL || (w->said == turn->say_n &&
	    w->heard == turn->hear_n)) {
		turn = &w->turns[++w->turn];
		w->said = w->heard = 0;
	}
	if (turn->say == NULL)
		fail_msg("said beyond the script: %.*s", (int)n,
		    (const char *)p);
	left = turn->say_n - w->said;
	n = n < w->piece ? n : w->piece;
	if (n > left || memcmp(p, turn->say + w->said, n) != 0)
		fail_msg("turn %zu: said %.*s, not %.*s", w->turn, (int)n,
		    (const char *)p, (int)left, turn->say + w->said);
	w->said += n;
	return (ptrdiff_t)n;
}

static ptrdiff_t
wire_read(void *ctx, void *p, size_t n)
{
	struct wire *w = ctx;
	const struct turn *turn = &w->turns[w->turn];

	assert_true(n > 0);
	if (waits(w))
		return SMTP_IO_WANT_READ;
	if (w->said < turn->say_n)
		fail_msg("turn %zu: read before all was said", w->turn);
	if (n > turn->hear_n - w->heard)
		n = turn->hear_n - w->heard;
	if (n > w->piece)
		n = w->piece;
	if (n == 0)
		return w->closes ? SMTP_IO_CLOSED : SMTP_IO_WANT_READ;
	memcpy(p, turn->hear + w->heard, n);
	w->heard += n;
	return (ptrdiff_t)n;
}

/* Step to the end, which is above 0 where the wire has no more. */
static int
run(struct smtp__proxy *proxy, const struct smtp__proxy_plan *plan,
    struct wire *w)
{
	const struct smtp_transport t = { wire_read, wire_write, NULL, NULL,
		w };
	int rc = smtp__proxy_init(proxy, plan);

	assert_int_equal(rc, SMTP_OK);
	for (int i = 0; i < 200000; i++) {
		rc = smtp__proxy_step(proxy, &t);
		if (rc <= 0 || (!w->stutter && i > 0))
			break;
	}
	assert_int_equal(smtp__proxy_step(proxy, &t), rc);
	return rc;
}

/* What is left on the wire, which has to be what the server says. */
static void
assert_untouched(const char *name, const struct wire *w)
{
	const struct turn *turn = &w->turns[w->turn];

	if (turn->hear_n - w->heard != sizeof GREETING - 1 ||
	    memcmp(turn->hear + w->heard, GREETING, sizeof GREETING - 1) != 0)
		fail_msg("%s: the server's first words are not left", name);
}

/* ---- ways through */

#define HELLO "\x05\x01\x00"
#define HELLO_LOGIN "\x05\x02\x00\x02"
#define ASK_NAME "\x05\x01\x00\x03\x0Amx.example\x02\x4B"
#define DONE_4 "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define CONNECT "CONNECT mx.example:587 HTTP/1.1\r\nHost: mx.example:587\r\n"

static const struct way {
	const char *name;
	struct smtp__proxy_plan plan;
	struct turn turns[TURNS];
} ways[] = {
	{ "name", { SMTP__PROXY_SOCKS5, NAME, "mx.example", 587, NULL, NULL,
	    NULL }, {
		TURN(HELLO, "\x05\x00"),
		TURN(ASK_NAME, DONE_4 GREETING) } },
	{ "IPv4", { SMTP__PROXY_SOCKS5, NAME, "192.0.2.7", 25, NULL, NULL,
	    NULL }, {
		TURN(HELLO, "\x05\x00"),
		TURN("\x05\x01\x00\x01\xC0\x00\x02\x07\x00\x19",
		    DONE_4 GREETING) } },
	{ "IPv6", { SMTP__PROXY_SOCKS5, NAME, "2001:db8::7", 465, NULL, NULL,
	    NULL }, {
		TURN(HELLO, "\x05\x00"),
		TURN("\x05\x01\x00\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0"
		    "\x07\x01\xD1", "\x05\0\0\x04\x20\x01\x0D\xB8\0\0\0\0\0\0"
		    "\0\0\0\0\0\x01\xFF\xFF" GREETING) } },
	{ "user, asked for", { SMTP__PROXY_SOCKS5, NAME, "mx.example", 587,
	    "joe", "se:cret", NULL }, {
		TURN(HELLO_LOGIN, "\x05\x02"),
		TURN("\x01\x03joe\x07se:cret", "\x01\x00"),
		TURN(ASK_NAME, DONE_4 GREETING) } },
	{ "user, not asked for", { SMTP__PROXY_SOCKS5, NAME, "mx.example",
	    587, "joe", "secret", NULL }, {
		TURN(HELLO_LOGIN, "\x05\x00"),
		TURN(ASK_NAME, DONE_4 GREETING) } },
	{ "a name in the reply", { SMTP__PROXY_SOCKS5, NAME, "mx.example",
	    587, NULL, NULL, NULL }, {
		TURN(HELLO, "\x05\x00"),
		TURN(ASK_NAME, "\x05\0\0\x03\x05outer\x04\x38" GREETING) } },
	{ "an empty name in the reply", { SMTP__PROXY_SOCKS5, NAME,
	    "mx.example", 587, NULL, NULL, NULL }, {
		TURN(HELLO, "\x05\x00"),
		TURN(ASK_NAME, "\x05\0\0\x03\0\0\0" GREETING) } },
	{ "CONNECT", { SMTP__PROXY_HTTP, NAME, "mx.example", 587, NULL, NULL,
	    NULL }, {
		TURN(CONNECT "\r\n",
		    "HTTP/1.1 200 Connection established\r\n\r\n" GREETING)
	    } },
	{ "CONNECT, shortest", { SMTP__PROXY_HTTP, NAME, "mx.example", 587,
	    NULL, NULL, NULL }, {
		TURN(CONNECT "\r\n", "HTTP/1.0 200\r\n\r\n" GREETING) } },
	{ "CONNECT, fields", { SMTP__PROXY_HTTP, NAME, "mx.example", 587,
	    NULL, NULL, NULL }, {
		TURN(CONNECT "\r\n", "HTTP/1.0 299 fine\r\nVia: 1.0 a\r\n"
		    "Content-Length: 100\r\nTransfer-Encoding: chunked\r\n"
		    "\r\n" GREETING) } },
	{ "CONNECT, interim", { SMTP__PROXY_HTTP, NAME, "mx.example", 587,
	    NULL, NULL, NULL }, {
		TURN(CONNECT "\r\n", "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
		    "HTTP/1.1 100 Continue\r\n\r\n"
		    "HTTP/1.1 200 OK\r\n\r\n" GREETING) } },
	{ "CONNECT, user", { SMTP__PROXY_HTTP, NAME, "mx.example", 587,
	    "joe", "secret", "am9lOnNlY3JldA==" }, {
		TURN(CONNECT "Proxy-Authorization: Basic am9lOnNlY3JldA=="
		    "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n" GREETING) } },
	{ "CONNECT, IPv4", { SMTP__PROXY_HTTP, NAME, "192.0.2.7", 25, NULL,
	    NULL, NULL }, {
		TURN("CONNECT 192.0.2.7:25 HTTP/1.1\r\nHost: 192.0.2.7:25"
		    "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n" GREETING) } },
	{ "CONNECT, IPv6", { SMTP__PROXY_HTTP, NAME, "2001:db8::7", 465,
	    NULL, NULL, NULL }, {
		TURN("CONNECT [2001:db8::7]:465 HTTP/1.1\r\n"
		    "Host: [2001:db8::7]:465\r\n\r\n",
		    "HTTP/1.1 200 OK\r\n\r\n" GREETING) } },
};

static void
test_proxy__leads_to_the_server_and_reads_nothing_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++)
		for (size_t piece = 1; piece < 100; piece++)
			for (int stutter = 0; stutter < 2; stutter++) {
				struct wire w = {
					.turns = ways[i].turns,
					.piece = piece,
					.stutter = stutter
				};
				struct smtp__proxy *proxy =
				    malloc(sizeof *proxy);
				int rc = run(proxy, &ways[i].plan, &w);

				if (rc != SMTP_OK)
					fail_msg("%s by %zu: %d %s",
					    ways[i].name, piece, rc,
					    proxy->error);
				assert_string_equal(proxy->error, "");
				assert_untouched(ways[i].name, &w);
				free(proxy);
			}
}

/* ---- refusals and lies */

#define SOCKS { SMTP__PROXY_SOCKS5, NAME, "mx.example", 587, NULL, NULL, NULL }
#define SOCKS_LOGIN { SMTP__PROXY_SOCKS5, NAME, "mx.example", 587, "joe", \
	"secret", NULL }
#define HTTP { SMTP__PROXY_HTTP, NAME, "mx.example", 587, NULL, NULL, NULL }
#define HTTP_LOGIN { SMTP__PROXY_HTTP, NAME, "mx.example", 587, "joe", \
	"secret", "am9lOnNlY3JldA==" }
#define REPLY(code) { TURN(HELLO, "\x05\x00"), \
	TURN(ASK_NAME, "\x05" code "\x00\x01\0\0\0\0\0\0") }
#define ANSWER(text) { TURN(CONNECT "\r\n", text) }

static const struct failure {
	const char *name;
	struct smtp__proxy_plan plan;
	struct turn turns[TURNS];
	int status;
	const char *words;
} failures[] = {
	{ "no method", SOCKS, { TURN(HELLO, "\x05\xFF") }, SMTP_E_CONNECT,
	    "wants a user and password: options proxy-user" },
	{ "no method, with user", SOCKS_LOGIN, {
		TURN(HELLO_LOGIN, "\x05\xFF") }, SMTP_E_CONNECT,
	    "takes no user and password" },
	{ "a method that was not offered", SOCKS, { TURN(HELLO, "\x05\x02") },
	    SMTP_E_PROTOCOL, "was not offered" },
	{ "GSSAPI", SOCKS_LOGIN, { TURN(HELLO_LOGIN, "\x05\x01") },
	    SMTP_E_PROTOCOL, "was not offered" },
	{ "login refused", SOCKS_LOGIN, { TURN(HELLO_LOGIN, "\x05\x02"),
		TURN("\x01\x03joe\x06secret", "\x01\x01") }, SMTP_E_CONNECT,
	    "refused the user or the password" },
	{ "login, other version", SOCKS_LOGIN, {
		TURN(HELLO_LOGIN, "\x05\x02"),
		TURN("\x01\x03joe\x06secret", "\x05\x00") }, SMTP_E_PROTOCOL,
	    "another version" },
	{ "version 4", SOCKS, { TURN(HELLO, "\x04\x00") }, SMTP_E_PROTOCOL,
	    "not SOCKS version 5" },
	{ "HTTP instead", SOCKS, { TURN(HELLO, "HTTP/1.1 400 Bad\r\n\r\n") },
	    SMTP_E_PROTOCOL, "not SOCKS version 5" },
	{ "SMTP instead", SOCKS, { TURN(HELLO, GREETING) }, SMTP_E_PROTOCOL,
	    "not SOCKS version 5" },
	{ "version in the reply", SOCKS, { TURN(HELLO, "\x05\x00"),
		TURN(ASK_NAME, "\x00\x00\x00\x01") }, SMTP_E_PROTOCOL,
	    "not SOCKS version 5" },
	{ "type of address", SOCKS, { TURN(HELLO, "\x05\x00"),
		TURN(ASK_NAME, "\x05\x00\x00\x02\0\0\0\0\0\0") },
	    SMTP_E_PROTOCOL, "no known type" },
	{ "1", SOCKS, REPLY("\x01"), SMTP_E_CONNECT,
	    "proxy " NAME ": cannot reach mx.example port 587: it failed" },
	{ "2", SOCKS, REPLY("\x02"), SMTP_E_CONNECT, "rules" },
	{ "3", SOCKS, REPLY("\x03"), SMTP_E_CONNECT, "network unreachable" },
	{ "4", SOCKS, REPLY("\x04"), SMTP_E_CONNECT, "host unreachable" },
	{ "5", SOCKS, REPLY("\x05"), SMTP_E_CONNECT, "connection refused" },
	{ "6", SOCKS, REPLY("\x06"), SMTP_E_CONNECT, "no answer" },
	{ "7", SOCKS, REPLY("\x07"), SMTP_E_CONNECT, "does not connect" },
	{ "8", SOCKS, REPLY("\x08"), SMTP_E_CONNECT, "such addresses" },
	{ "9", SOCKS, REPLY("\x09"), SMTP_E_CONNECT, "no name" },
	{ "255", SOCKS, REPLY("\xFF"), SMTP_E_CONNECT, "no name" },
	{ "407", HTTP, ANSWER("HTTP/1.1 407 Auth\r\n\r\n"), SMTP_E_CONNECT,
	    "wants a user and password: options proxy-user and "
	    "proxy-password (407 Auth)" },
	{ "407, with user", HTTP_LOGIN, { TURN(CONNECT "Proxy-Authorization: "
		"Basic am9lOnNlY3JldA==\r\n\r\n",
		"HTTP/1.1 407 Auth\r\nProxy-Authenticate: Digest\r\n\r\n") },
	    SMTP_E_CONNECT, "refused the user or the password (407 Auth)" },
	{ "401", HTTP_LOGIN, { TURN(CONNECT "Proxy-Authorization: "
		"Basic am9lOnNlY3JldA==\r\n\r\n",
		"HTTP/1.0 401 Unauthorized\r\n\r\n") }, SMTP_E_CONNECT,
	    "refused the user or the password (401 Unauthorized)" },
	{ "403", HTTP, ANSWER("HTTP/1.1 403 For\x1B[1m\r\n\r\n"),
	    SMTP_E_CONNECT, "proxy " NAME ": does not allow mx.example port "
	    "587 (403 For?[1m)" },
	{ "405", HTTP, ANSWER("HTTP/1.1 405 x\r\n\r\n"), SMTP_E_CONNECT,
	    "does not connect for others (405 x)" },
	{ "501", HTTP, ANSWER("HTTP/1.1 501\r\n\r\n"), SMTP_E_CONNECT,
	    "does not connect for others (501)" },
	{ "502", HTTP, ANSWER("HTTP/1.1 502 Bad Gateway\r\n\r\n"),
	    SMTP_E_CONNECT, "cannot reach mx.example port 587 (502 Bad" },
	{ "301 is not followed", HTTP, ANSWER("HTTP/1.1 301 Moved\r\n"
		"Location: http://other.example/\r\n\r\n"), SMTP_E_CONNECT,
	    "(301 Moved)" },
	{ "101", HTTP, ANSWER("HTTP/1.1 101 Switching\r\n\r\n"),
	    SMTP_E_CONNECT, "(101 Switching)" },
	{ "000", HTTP, ANSWER("HTTP/1.1 000 x\r\n\r\n"), SMTP_E_CONNECT,
	    "(000 x)" },
	{ "SMTP for HTTP", HTTP, ANSWER(GREETING), SMTP_E_PROTOCOL,
	    "what answers is not an HTTP proxy" },
	{ "HTTP/2", HTTP, ANSWER("HTTP/2 200 OK\r\n\r\n"), SMTP_E_PROTOCOL,
	    "not an HTTP proxy" },
	{ "two digits", HTTP, ANSWER("HTTP/1.1 20 OK\r\n\r\n"),
	    SMTP_E_PROTOCOL, "not an HTTP proxy" },
	{ "four digits", HTTP, ANSWER("HTTP/1.1 2000\r\n\r\n"),
	    SMTP_E_PROTOCOL, "not an HTTP proxy" },
	{ "cut status line", HTTP, ANSWER("HTTP/1.1\r\n\r\n"),
	    SMTP_E_PROTOCOL, "not an HTTP proxy" },
	{ "empty lines", HTTP, ANSWER("\r\n\r\n"), SMTP_E_PROTOCOL,
	    "not an HTTP proxy" },
	{ "bare LF", HTTP, ANSWER("HTTP/1.1 200 OK\n\n" GREETING),
	    SMTP_E_PROTOCOL, "does not end in CRLF" },
	{ "bare LF behind a field", HTTP, ANSWER("HTTP/1.1 200 OK\r\na: b\n"
		"\r\n"), SMTP_E_PROTOCOL, "does not end in CRLF" },
	{ "bare CR", HTTP, ANSWER("HTTP/1.1 200 OK\r\r\n\r\n"),
	    SMTP_E_PROTOCOL, "does not end in CRLF" },
	{ "CR in a field", HTTP, ANSWER("HTTP/1.1 200 OK\r\na\rb\r\n\r\n"),
	    SMTP_E_PROTOCOL, "does not end in CRLF" },
	{ "CR before the end", HTTP, ANSWER("HTTP/1.1 200 OK\r\n\rabc"),
	    SMTP_E_PROTOCOL, "does not end in CRLF" },
	{ "NUL", HTTP, ANSWER("HTTP/1.1 200 O\0K\r\n\r\n"), SMTP_E_PROTOCOL,
	    "does not end in CRLF" },
	{ "another after an interim one", HTTP, ANSWER("HTTP/1.1 100 a\r\n"
		"\r\nSMTP"), SMTP_E_PROTOCOL, "not an HTTP proxy" },
};

static void
test_proxy__tells_why_there_is_no_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++)
		for (size_t piece = 1; piece < 40; piece++) {
			const struct failure *f = &failures[i];
			struct wire w = {
				.turns = f->turns,
				.piece = piece,
				.stutter = piece % 2
			};
			struct smtp__proxy *proxy = malloc(sizeof *proxy);
			int rc = run(proxy, &f->plan, &w);

			if (rc != f->status)
				fail_msg("%s by %zu: %d %s", f->name, piece,
				    rc, proxy->error);
			if (strstr(proxy->error, f->words) == NULL)
				fail_msg("%s: %s", f->name, proxy->error);
			if (strncmp(proxy->error, "proxy " NAME ": ",
			    sizeof "proxy " NAME ": " - 1) != 0)
				fail_msg("%s: %s", f->name, proxy->error);
			if (strstr(proxy->error, "secret") != NULL ||
			    strstr(proxy->error, "am9l") != NULL)
				fail_msg("%s: %s", f->name, proxy->error);
			free(proxy);
		}
}

/* An answer that is cut anywhere, by waiting or by its end, is no way. */
static void
test_proxy__waits_for_the_rest_and_takes_an_end_for_a_failure(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++)
		for (size_t turn = 0; ways[i].turns[turn].say != NULL; turn++)
			for (size_t cut = 0; cut < 200; cut++)
				for (int closes = 0; closes < 2; closes++) {
					struct turn turns[TURNS];
					struct wire w = { .turns = turns,
						.piece = 1000,
						.closes = closes };
					struct smtp__proxy proxy;
					size_t n;
					int rc;

					memcpy(turns, ways[i].turns,
					    sizeof turns);
					n = turns[turn].hear_n;
					if (turns[turn + 1].say == NULL)
						n -= sizeof GREETING - 1;
					if (cut >= n)
						break;
					turns[turn].hear_n = cut;
					rc = run(&proxy, &ways[i].plan, &w);
					if (rc != (closes ? SMTP_E_CONNECT :
					    SMTP_WANT_READ))
						fail_msg("%s cut at %zu: %d",
						    ways[i].name, cut, rc);
					if (closes && strstr(proxy.error,
					    "closed the connection") == NULL)
						fail_msg("%s", proxy.error);
				}
}

/* A header without an end, in one line, many lines or many answers. */
static void
test_proxy__bounds_what_it_reads(void **state)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 100 a\r\n\r\n"
	};
	static const char *const bodies[] = {
		"x", "a: b\r\n", "HTTP/1.1 100 a\r\n\r\n"
	};
	const struct smtp__proxy_plan plan = HTTP;

	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		const size_t size = 2 * SMTP__PROXY_HEADER;
		char *text = malloc(size);
		struct turn turns[] = { { CONNECT "\r\n", text,
			sizeof CONNECT "\r\n" - 1, size }, { 0 } };
		struct wire w = { .turns = turns, .piece = size };
		struct smtp__proxy proxy;
		size_t n = strlen(heads[i]);

		memcpy(text, heads[i], n);
		for (size_t k = 0; n < size; k++, n++)
			text[n] = bodies[i][k % strlen(bodies[i])];
		assert_int_equal(run(&proxy, &plan, &w), SMTP_E_PROTOCOL);
		assert_non_null(strstr(proxy.error, "has no end"));
		assert_true(w.heard <= SMTP__PROXY_HEADER + 4);
		free(text);
	}
}

/* ---- what cannot be said */

static void
test_proxy__says_nothing_that_would_be_something_else(void **state)
{
	static const char *const hosts[] = { "", "mx.example\r\nX: y",
		"mx.example\n", "mx example", "mx.example/", "a@b", "a:b",
		"[::1]", "fe80::1%eth0", "mx\x80.example", "mx#", "a?b" };
	static const struct { const char *user, *password; } logins[] = {
		{ "joe", NULL }, { NULL, "secret" }, { "", "secret" },
		{ "joe", "" }
	};
	struct smtp__proxy_plan plan = SOCKS;
	struct smtp__proxy proxy;
	char text[1400];

	(void)state;
	for (int kind = SMTP__PROXY_SOCKS5; kind <= SMTP__PROXY_HTTP; kind++) {
		plan.kind = (enum smtp__proxy_kind)kind;
		for (size_t i = 0; i < COUNT(hosts); i++) {
			plan.host = hosts[i];
			if (smtp__proxy_init(&proxy, &plan) !=
			    SMTP_E_ARGUMENT)
				fail_msg("%s is taken", hosts[i]);
			assert_non_null(strstr(proxy.error, "proxy " NAME));
		}
		memset(text, 'a', sizeof text);
		text[256] = '\0';
		plan.host = text;
		assert_int_equal(smtp__proxy_init(&proxy, &plan),
		    SMTP_E_ARGUMENT);
		text[255] = '\0';
		assert_int_equal(smtp__proxy_init(&proxy, &plan), SMTP_OK);
		plan.host = "_mx_1.example";
		assert_int_equal(smtp__proxy_init(&proxy, &plan), SMTP_OK);
		plan.host = "mx.example";
		plan.port = 0;
		assert_int_equal(smtp__proxy_init(&proxy, &plan),
		    SMTP_E_ARGUMENT);
		plan.port = 65536;
		assert_int_equal(smtp__proxy_init(&proxy, &plan),
		    SMTP_E_ARGUMENT);
		plan.port = 587;
	}
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	plan.basic = text;
	assert_int_equal(smtp__proxy_init(&proxy, &plan), SMTP_OK);
	plan.host = "a-host-whose-name-is-so-long-that-the-rest-has-no-room."
	    "example.example.example.example.example.example.example";
	assert_int_equal(smtp__proxy_init(&proxy, &plan), SMTP_E_ARGUMENT);
	plan = (struct smtp__proxy_plan)SOCKS;
	for (size_t i = 0; i < COUNT(logins); i++) {
		plan.user = logins[i].user;
		plan.password = logins[i].password;
		assert_int_equal(smtp__proxy_init(&proxy, &plan),
		    SMTP_E_ARGUMENT);
		assert_non_null(strstr(proxy.error, "1 to 255"));
	}
	text[256] = '\0';
	plan.user = "joe";
	plan.password = text;
	assert_int_equal(smtp__proxy_init(&proxy, &plan), SMTP_E_ARGUMENT);
	text[255] = '\0';
	plan.user = text;
	assert_int_equal(smtp__proxy_init(&proxy, &plan), SMTP_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_proxy__leads_to_the_server_and_reads_nothing_of_it),
		cmocka_unit_test(test_proxy__tells_why_there_is_no_way),
		cmocka_unit_test(
	test_proxy__waits_for_the_rest_and_takes_an_end_for_a_failure),
		cmocka_unit_test(test_proxy__bounds_what_it_reads),
		cmocka_unit_test(
		    test_proxy__says_nothing_that_would_be_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
