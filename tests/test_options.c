/* SPDX-License-Identifier: MIT */
/* Options: names and values, checked when they are set, frozen by their use. */
#include "check.h"

#include "options.h"

static const struct { const char *name, *value, *kept; } good[] = {
	{ "ca-file", "ca.pem", "ca.pem" },
	{ "ca-dir", "/etc/certs", "/etc/certs" },
	{ "tls-cert", "me.pem", "me.pem" },
	{ "tls-key", "me.key", "me.key" },
	{ "tls-key-password", "\x01 any \xFF", "\x01 any \xFF" },
	{ "tls-name", "MX.Example.", "mx.example" },
	{ "tls-name", "192.0.2.1", "192.0.2.1" },
	{ "tls-name", "2001:db8::7", "2001:db8::7" },
	{ "tls-name", "b\xC3\xBC" "cher.example", "xn--bcher-kva.example" },
	{ "tls-min", "1.3", "1.3" },
	{ "insecure-no-verify", "yes", "yes" },
	{ "ehlo-name", "client.example.com", "client.example.com" },
	{ "ehlo-name", "b\xC3\xBC" "cher.example", "xn--bcher-kva.example" },
	{ "ehlo-name", "[192.0.2.7]", "[192.0.2.7]" },
	{ "ehlo-name", "[IPv6:2001:db8::7]", "[IPv6:2001:db8::7]" },
	{ "mechanism", "cram-md5", "CRAM-MD5" },
	{ "mechanism", "Plain, LOGIN,x ", "PLAIN LOGIN X" },
	{ "channel-binding", "tls-server-end-point", "tls-server-end-point" },
	{ "scram-iterations-max", "99999999", "99999999" },
	{ "authzid", "admin", "admin" },
	{ "insecure-plaintext-auth", "no", "no" },
	{ "require-all", "yes", "yes" },
	{ "require-dsn", "no", "no" },
	{ "blocking", "no", "no" },
	{ "reconnect", "no", "no" },
	{ "window", "1000", "1000" },
	{ "trace", "yes", "yes" },
	{ "family", "6", "6" },
	{ "family", "any", "any" },
	{ "local-address", "192.0.2.7", "192.0.2.7" },
	{ "local-address", "2001:db8::7", "2001:db8::7" },
	{ "interface", "eth0.100:1", "eth0.100:1" },
	{ "proxy", "socks5://Proxy.Example", "socks5://Proxy.Example" },
	{ "proxy", "http://[2001:db8::7]:8080",
	    "http://[2001:db8::7]:8080" },
	{ "proxy-user", "joe", "joe" },
	{ "proxy-password", "\x01 any \xFF", "\x01 any \xFF" },
	{ "timeout", "1", "1" },
	{ "deadline", "65535", "65535" },
	{ "resolve-timeout", "3", "3" },
	{ "connect-timeout", "3", "3" },
	{ "tls-timeout", "3", "3" },
	{ "greeting-timeout", "3", "3" },
	{ "command-timeout", "3", "3" },
	{ "envelope-timeout", "3", "3" },
	{ "data-timeout", "3", "3" },
	{ "block-timeout", "3", "3" },
	{ "final-timeout", "3", "3" },
	{ "quit-timeout", "3", "3" },
};

#define PART_62 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee" \
	"ffffffffffgg"
#define NAME_252 PART_62 "." PART_62 "." PART_62 "." PART_62 "h"

static const struct { const char *name, *value, *why; } bad[] = {
	{ "no-such", "1", "option \"no-such\": there is no such option" },
	{ "", "1", "option \"\": there is no such option" },
	{ "Timeout", "1", "there is no such option" },
	{ "a\nb", "1", "option \"a?b\": " },
	{ "timeout", "", "takes whole seconds from 1 to 65535" },
	{ "timeout", "0", "takes whole seconds" },
	{ "timeout", "65536", "takes whole seconds" },
	{ "timeout", "99999999999999999999", "takes whole seconds" },
	{ "timeout", "-1", "takes whole seconds" },
	{ "timeout", "1.5", "takes whole seconds" },
	{ "timeout", " 1", "takes whole seconds" },
	{ "blocking", "true", "option \"blocking\": takes yes or no" },
	{ "blocking", "", "takes yes or no" },
	{ "tls-min", "1.1", "takes 1.2 or 1.3" },
	{ "tls-name", "a..b", "takes the name of a host" },
	{ "tls-name", "", "takes the name of a host" },
	{ "ehlo-name", "a\r\nMAIL FROM:<x>", "takes a domain" },
	{ "ehlo-name", "a b", "takes a domain" },
	{ "ehlo-name", "192.0.2.256]", "takes a domain" },
	{ "ehlo-name", "[192.0.2.256]", "takes a domain" },
	{ "ehlo-name", "[2001:db8::7]", "takes a domain" },
	{ "ehlo-name", "[]", "takes a domain" },
	{ "ehlo-name", "", "takes a domain" },
	/* its last part does not fit, and without it it would be another */
	{ "ehlo-name", NAME_252 ".\xC3\xBC", "takes a domain" },
	{ "tls-name", NAME_252 ".abc", "takes the name of a host" },
	{ "mechanism", "PLAIN;LOGIN", "takes names of mechanisms" },
	{ "mechanism", "AAAAAAAAAAAAAAAAAAAAA", "takes names of mechanisms" },
	{ "mechanism", "", "takes names of mechanisms" },
	{ "mechanism", " , ", "takes names of mechanisms" },
	{ "channel-binding", "tls-unique-for-telnet", "takes auto, no, tls-" },
	{ "scram-iterations-max", "4095", "takes a whole number from 4096" },
	{ "scram-iterations-max", "100000000", "takes a whole number" },
	{ "scram-iterations-max", "4096x", "takes a whole number" },
	{ "window", "0", "takes a whole number from 1" },
	{ "window", "1001", "takes a whole number from 1" },
	{ "authzid", "a\nb", "without control characters" },
	{ "ca-file", "", "takes the name of a file" },
	{ "family", "5", "takes any, 4 or 6" },
	{ "family", "", "takes any, 4 or 6" },
	{ "local-address", "localhost", "takes an IPv4 or IPv6 address" },
	{ "local-address", "[::1]", "without brackets" },
	{ "local-address", "fe80::1%eth0", "takes an IPv4 or IPv6" },
	{ "local-address", "", "takes an IPv4 or IPv6 address" },
	{ "interface", "", "takes the name of a network interface" },
	{ "interface", "a/b", "takes the name of a network interface" },
	{ "interface", "a b", "takes the name of a network interface" },
	{ "interface", "a\n", "takes the name of a network interface" },
	{ "interface", "abcdefghijklmnop", "takes the name of a network" },
	{ "proxy", "", "takes socks5://host[:port] or http://host:port" },
	{ "proxy", "proxy.example:1080", "takes socks5://" },
	{ "proxy", "smtp://proxy.example", "takes socks5://" },
	{ "proxy", "socks4://proxy.example", "takes socks5://" },
	{ "proxy", "https://proxy.example:443", "takes socks5://" },
	{ "proxy", "http://proxy.example", "takes socks5://" },
	{ "proxy", "socks5://joe:secret@proxy.example", "without user" },
	{ "proxy", "socks5://proxy\r\n.example", "takes socks5://" },
	{ "proxy-user", "a\nb", "without control characters" },
	{ "proxy-password", "", "takes text that is not empty" },
	{ "ca-dir", "", "takes the name of a directory" },
	{ "tls-key-password", "", "takes text that is not empty" },
};

/* The table is in the order of the numbers. */
struct search {
	const char *name;
	int at, found;
};

static int
look(void *ctx, const char *name, const char *kind, const char *standard,
	const char *help)
{
	struct search *search = ctx;

	(void)kind;
	(void)standard;
	(void)help;
	if (strcmp(name, search->name) == 0)
		search->found = search->at;
	search->at++;
	return 0;
}

static enum smtp__option
find(const char *name)
{
	struct search search = { .name = name, .found = -1 };

	assert_int_equal(0, smtp_options_each(look, &search));
	assert_int_equal(search.at, SMTP__OPTION_COUNT);
	if (search.found < 0)
		fail_msg("%s", name);
	return (enum smtp__option)search.found;
}

static void
test_options__keep_what_is_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct smtp_options *o = smtp_options_new();

		if (smtp_options_set(o, good[i].name, good[i].value) !=
		    SMTP_OK)
			fail_msg("%s", smtp_options_error(o));
		assert_string_equal(smtp_options_error(o), "");
		assert_string_equal(
		    smtp__options_text(o, find(good[i].name)), good[i].kept);
		smtp_options_free(o);
	}
	proves("R6531-3.7.1-1");
}

static void
test_options__refuse_what_is_wrong_and_say_what_would_do(void **state)
{
	struct smtp_options *o = smtp_options_new();

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (smtp_options_set(o, bad[i].name, bad[i].value) !=
		    SMTP_E_ARGUMENT)
			fail_msg("%s=%s is taken", bad[i].name, bad[i].value);
		if (strstr(smtp_options_error(o), bad[i].why) == NULL)
			fail_msg("%s", smtp_options_error(o));
	}
	assert_int_equal(smtp_options_set(o, NULL, "1"), SMTP_E_ARGUMENT);
	smtp_options_free(o);
	proves("LIB-B-1");
}

static void
test_options__never_repeat_a_secret(void **state)
{
	struct smtp_options *o = smtp_options_new();

	(void)state;
	assert_int_equal(smtp__options_use(o) == o, 1);
	smtp_options_free(o);
	assert_int_equal(smtp_options_set(o, "tls-key-password", "hunter2"),
	    SMTP_E_STATE);
	assert_null(strstr(smtp_options_error(o), "hunter2"));
	smtp_options_free(o);
}

static void
test_options__have_defaults_and_go_back_to_them(void **state)
{
	struct smtp_options *o = smtp_options_new();

	(void)state;
	assert_true(smtp__options_flag(o, SMTP__BLOCKING));
	assert_true(smtp__options_flag(o, SMTP__RECONNECT));
	assert_false(smtp__options_flag(o, SMTP__INSECURE_NO_VERIFY));
	assert_false(smtp__options_flag(o, SMTP__INSECURE_PLAINTEXT_AUTH));
	assert_false(smtp__options_flag(o, SMTP__REQUIRE_ALL));
	assert_int_equal(smtp__options_seconds(o, SMTP__TIMEOUT), 0);
	assert_int_equal(smtp__options_seconds(o, SMTP__DEADLINE), 0);
	assert_int_equal(smtp__options_wait(o, SMTP__RESOLVE_TIMEOUT), 10);
	assert_int_equal(smtp__options_wait(o, SMTP__CONNECT_TIMEOUT), 30);
	assert_int_equal(smtp__options_wait(o, SMTP__TLS_TIMEOUT), 30);
	assert_int_equal(smtp__options_wait(o, SMTP__GREETING_TIMEOUT), 120);
	assert_int_equal(smtp__options_wait(o, SMTP__COMMAND_TIMEOUT), 120);
	assert_int_equal(smtp__options_wait(o, SMTP__ENVELOPE_TIMEOUT), 300);
	assert_int_equal(smtp__options_wait(o, SMTP__DATA_TIMEOUT), 120);
	assert_int_equal(smtp__options_wait(o, SMTP__BLOCK_TIMEOUT), 180);
	assert_int_equal(smtp__options_wait(o, SMTP__FINAL_TIMEOUT), 600);
	assert_int_equal(smtp__options_wait(o, SMTP__QUIT_TIMEOUT), 2);
	assert_int_equal(smtp_options_set(o, "timeout", "60"), SMTP_OK);
	assert_int_equal(smtp__options_wait(o, SMTP__FINAL_TIMEOUT), 60);
	assert_int_equal(smtp__options_wait(o, SMTP__RESOLVE_TIMEOUT), 10);
	assert_int_equal(smtp_options_set(o, "final-timeout", "700"), SMTP_OK);
	assert_int_equal(smtp__options_wait(o, SMTP__FINAL_TIMEOUT), 60);
	assert_int_equal(smtp_options_set(o, "timeout", NULL), SMTP_OK);
	assert_int_equal(smtp__options_wait(o, SMTP__FINAL_TIMEOUT), 700);
	smtp_options_free(o);
	proves("R6409-5.3-1");
}

/* However anchors and a client's certificate are given, they are known. */
static void
test_options__know_what_is_the_programs_own(void **state)
{
	static const struct { const char *name; bool ca, client; } rows[] = {
		{ "timeout", false, false },
		{ "ca-file", true, false },
		{ "ca-dir", true, false },
		{ "tls-cert", false, true },
		{ "tls-key", false, false },
	};
	struct smtp_options *o;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		o = smtp_options_new();
		assert_int_equal(smtp_options_set(o, rows[i].name, "1"),
		    SMTP_OK);
		assert_true(smtp__options_own_ca(o) == rows[i].ca);
		assert_true(smtp__options_own_client(o) == rows[i].client);
		smtp_options_free(o);
	}
	o = smtp_options_new();
	assert_int_equal(smtp_options_set_ca(o, "pem", 3), SMTP_OK);
	assert_true(smtp__options_own_ca(o));
	assert_int_equal(smtp_options_set_client(o, "pem", 3, NULL, 0),
	    SMTP_OK);
	assert_true(smtp__options_own_client(o));
	smtp_options_free(o);
}

static void
test_options__are_frozen_by_their_use(void **state)
{
	struct smtp_options *o = smtp_options_new();
	struct smtp_transport transport = { 0 };

	(void)state;
	assert_ptr_equal(smtp__options_use(o), o);
	assert_int_equal(smtp_options_set(o, "timeout", "1"), SMTP_E_STATE);
	assert_non_null(strstr(smtp_options_error(o), "already"));
	assert_int_equal(smtp_options_set_ca(o, "x", 1), SMTP_E_STATE);
	assert_int_equal(smtp_options_set_trace(o, NULL, NULL), SMTP_E_STATE);
	assert_int_equal(smtp_options_set_clock(o, NULL, NULL), SMTP_E_STATE);
	assert_int_equal(smtp_options_set_random(o, NULL, NULL), SMTP_E_STATE);
	assert_int_equal(smtp_options_set_transport(o, &transport),
	    SMTP_E_STATE);
	assert_int_equal(smtp_options_set_fd(o, 0), SMTP_E_STATE);
	assert_int_equal(smtp_options_set_resolver(o, NULL), SMTP_E_STATE);
	smtp_options_free(o);
	assert_string_equal(smtp__options_text(o, SMTP__TLS_MIN), "1.2");
	smtp_options_free(o);
}

static int
count(void *ctx, const char *name, const char *kind, const char *standard,
    const char *help)
{
	assert_true(name[0] != '\0' && kind[0] != '\0' && help[0] != '\0');
	assert_non_null(standard);
	return ++*(int *)ctx == 5 ? 99 : 0;
}

static int
add(void *ctx, const char *name, const char *kind, const char *standard,
    const char *help)
{
	struct smtp_options *o = smtp_options_new();

	(void)kind;
	(void)help;
	++*(size_t *)ctx;
	(void)find(name);
	if (standard[0] != '\0')        /* a default is a value one can set */
		assert_int_equal(smtp_options_set(o, name, standard), SMTP_OK);
	smtp_options_free(o);
	return 0;
}

static void
test_options__can_be_listed(void **state)
{
	int stopped = 0;
	size_t n = 0;

	(void)state;
	assert_int_equal(smtp_options_each(count, &stopped), 99);
	assert_int_equal(stopped, 5);
	assert_int_equal(smtp_options_each(add, &n), 0);
	assert_int_equal(n, SMTP__OPTION_COUNT);
}

/* A transport that is given away is not closed; one that is left is. */
static void
note_close(void *ctx)
{
	++*(int *)ctx;
}

static ptrdiff_t
no_read(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMTP_IO_CLOSED;
}

static ptrdiff_t
no_write(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMTP_IO_CLOSED;
}

static void
test_options__give_a_transport_to_one_session(void **state)
{
	struct smtp_options *o = smtp_options_new();
	int closed = 0;
	struct smtp_transport transport = { no_read, no_write, note_close,
		NULL, &closed }, taken;
	bool used;

	(void)state;
	assert_int_equal(smtp_options_set_transport(o, NULL), SMTP_E_ARGUMENT);
	assert_false(smtp__options_take_transport(o, &taken, &used));
	assert_false(used);
	assert_int_equal(smtp_options_set_transport(o, &transport), SMTP_OK);
	assert_int_equal(smtp_options_set_transport(o, &transport), SMTP_OK);
	assert_int_equal(closed, 1);            /* the one before */
	assert_true(smtp__options_take_transport(o, &taken, &used));
	assert_ptr_equal(taken.ctx, &closed);
	assert_false(smtp__options_take_transport(o, &taken, &used));
	assert_true(used);
	smtp_options_free(o);
	assert_int_equal(closed, 1);

	o = smtp_options_new();
	assert_int_equal(smtp_options_set_transport(o, &transport), SMTP_OK);
	smtp_options_free(o);
	assert_int_equal(closed, 2);
}

/* Memory that gives out at any time is told, and nothing is lost. */
struct meter {
	size_t left, held;
};

static void *
metered(void *ctx, void *p, size_t was, size_t now)
{
	struct meter *m = ctx;

	if (now == 0) {
		m->held -= was;
		free(p);
		return NULL;
	}
	if (m->left == 0)
		return NULL;
	m->left--;
	p = realloc(p, now);
	if (p != NULL)
		m->held += now - was;
	return p;
}

static void
test_options__survive_without_memory(void **state)
{
	bool whole = false;

	(void)state;
	for (size_t left = 0; !whole; left++) {
		struct meter m = { left, 0 };
		struct smtp_allocator a = { metered, &m };
		struct smtp_options *o = smtp_options_new_with(&a);

		assert_true(left < 10);
		if (o == NULL)
			continue;
		whole = true;
		for (size_t i = 0; i < 3; i++) {
			int rc = smtp_options_set(o, good[i].name,
			    good[i].value);

			if (rc == SMTP_OK)
				continue;
			whole = false;
			assert_int_equal(rc, SMTP_E_MEMORY);
			assert_non_null(strstr(smtp_options_error(o),
			    "memory"));
		}
		if (smtp_options_set_ca(o, "pem", 3) != SMTP_OK)
			whole = false;
		if (smtp_options_set_client(o, "pem", 3, "key", 3) !=
		    SMTP_OK) {
			whole = false;
			assert_string_equal(smtp_options_error(o),
			    "option \"client\": out of memory");
		}
		smtp_options_free(o);
		assert_int_equal(m.held, 0);
	}
	assert_int_equal(smtp_options_set(NULL, "timeout", "1"),
	    SMTP_E_MEMORY);
	assert_string_equal(smtp_options_error(NULL), "out of memory");
	smtp_options_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options__keep_what_is_set),
		cmocka_unit_test(
		    test_options__refuse_what_is_wrong_and_say_what_would_do),
		cmocka_unit_test(test_options__never_repeat_a_secret),
		cmocka_unit_test(
		    test_options__have_defaults_and_go_back_to_them),
		cmocka_unit_test(test_options__know_what_is_the_programs_own),
		cmocka_unit_test(test_options__are_frozen_by_their_use),
		cmocka_unit_test(test_options__can_be_listed),
		cmocka_unit_test(
		    test_options__give_a_transport_to_one_session),
		cmocka_unit_test(test_options__survive_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
