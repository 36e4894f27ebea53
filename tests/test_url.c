/* SPDX-License-Identifier: MIT */
/* Where a URL leads, and what is said about one that leads nowhere. */
#include "check.h"

#include <smtp/engine.h>

#include "net/proxy.h"
#include "url.h"

static const struct {
	const char *text;
	int tls;
	bool lmtp, literal;
	unsigned port;
	const char *host, *path;
} good[] = {
	{ "smtps://mx.example", SMTP_ENGINE_IMPLICIT, 0, 0, 465, "mx.example",
	    "" },
	{ "submissions://mx.example:466", SMTP_ENGINE_IMPLICIT, 0, 0, 466,
	    "mx.example", "" },
	{ "smtp://mx.example", SMTP_ENGINE_STARTTLS, 0, 0, 587, "mx.example",
	    "" },
	{ "submission://mx.example/", SMTP_ENGINE_STARTTLS, 0, 0, 587,
	    "mx.example", "" },
	{ "smtp+opportunistic://mx.example", SMTP_ENGINE_OPPORTUNISTIC, 0, 0,
	    25, "mx.example", "" },
	{ "smtp+plaintext://127.0.0.1", SMTP_ENGINE_PLAINTEXT, 0, 1, 25,
	    "127.0.0.1", "" },
	{ "smtp+plaintext://[::1]:2525", SMTP_ENGINE_PLAINTEXT, 0, 1, 2525,
	    "::1", "" },
	{ "smtps://[2001:db8::7]", SMTP_ENGINE_IMPLICIT, 0, 1, 465,
	    "2001:db8::7", "" },
	{ "smtps://[fe80::1%25eth0]", SMTP_ENGINE_IMPLICIT, 0, 1, 465,
	    "fe80::1%eth0", "" },
	{ "smtps://[fe80::1%eth0]:1", SMTP_ENGINE_IMPLICIT, 0, 1, 1,
	    "fe80::1%eth0", "" },
	{ "smtps://[::ffff:192.0.2.1]", SMTP_ENGINE_IMPLICIT, 0, 1, 465,
	    "::ffff:192.0.2.1", "" },
	{ "lmtp://mx.example:24", SMTP_ENGINE_STARTTLS, 1, 0, 24,
	    "mx.example", "" },
	{ "lmtp+plaintext://mx.example:24", SMTP_ENGINE_PLAINTEXT, 1, 0, 24,
	    "mx.example", "" },
	{ "lmtp+unix:/run/lmtp", SMTP_ENGINE_PLAINTEXT, 1, 0, 0, "",
	    "/run/lmtp" },
	{ "lmtp+unix:///run/a@b", SMTP_ENGINE_PLAINTEXT, 1, 0, 0, "",
	    "/run/a@b" },
	{ "SMTPS://MX.Example", SMTP_ENGINE_IMPLICIT, 0, 0, 465, "mx.example",
	    "" },
	{ "smtp://mx.example.", SMTP_ENGINE_STARTTLS, 0, 0, 587, "mx.example",
	    "" },
	{ "smtp://mail_server:65535", SMTP_ENGINE_STARTTLS, 0, 0, 65535,
	    "mail_server", "" },
	{ "smtp://b\xC3\xBC" "cher.example", SMTP_ENGINE_STARTTLS, 0, 0, 587,
	    "xn--bcher-kva.example", "" },
};

#define PART_62 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee" \
	"ffffffffffgg"
#define NAME_252 PART_62 "." PART_62 "." PART_62 "." PART_62 "h"

static const struct { const char *text, *why; } bad[] = {
	{ NULL, "url: none was given" },
	{ "", "a scheme is missing" },
	{ "mx.example", "a scheme is missing" },
	{ "mx.example:25", "a scheme is missing" },
	{ "http://mx.example", "unknown scheme" },
	{ "smtp:mx.example", "two slashes" },
	{ "smtp:/mx.example", "two slashes" },
	{ "smtp://", "the host is missing" },
	{ "smtp:///", "the host is missing" },
	{ "smtp://:25", "the host is missing" },
	{ "smtp://joe:secret@mx.example",
	    "a user or password does not belong here: use smtp_auth" },
	{ "smtp://joe@mx.example", "use smtp_auth" },
	{ "smtp://mx.example/path", "nothing may follow" },
	{ "smtp://mx.example?a=b", "nothing may follow" },
	{ "smtp://mx.example#a", "nothing may follow" },
	{ "smtp://mx.example:", "the port is not from 1 to 65535" },
	{ "smtp://mx.example:0", "the port is not from 1 to 65535" },
	{ "smtp://mx.example:65536", "the port is not from 1 to 65535" },
	{ "smtp://mx.example:999999999999", "the port is not from 1" },
	{ "smtp://mx.example:25x", "the port is not a number" },
	{ "smtp://mx.example:-1", "the port is not a number" },
	{ "smtp://2001:db8::7", "an IPv6 address goes into brackets" },
	{ "smtp://[2001:db8::7", "is not closed" },
	{ "smtp://[mx.example]", "is not an IPv6 address" },
	{ "smtp://[192.0.2.1]", "is not an IPv6 address" },
	{ "smtp://[]", "is not an IPv6 address" },
	{ "smtp://[::1%]", "is not an IPv6 address" },
	{ "smtp://[::1%aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaa]", "is not an IPv6 address" },
	{ "smtp://[::1]x", "something follows the bracket" },
	{ "smtp://256.0.0.1", "not a valid IPv4 address" },
	{ "smtp://192.0.2", "not a valid IPv4 address" },
	{ "smtp://1.2.3.4.5", "not a valid IPv4 address" },
	{ "smtp://a..b", "the host is not a valid name" },
	{ "smtp://.a", "the host is not a valid name" },
	{ "smtp://a,b", "the host is not a valid name" },
	{ "smtp://mx.exa mple", "a blank or control character" },
	{ "smtp://mx.example\r\nQUIT", "a blank or control character" },
	{ "smtp://\xC3\x28.example", "internationalized" },
	{ "smtp://aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
	    "ffffffffffgggg.example", "longer than 63" },
	{ "smtp://" NAME_252 ".abc", "longer than 255" },
	/* its last part does not fit, and without it it would be another */
	{ "smtp://" NAME_252 ".\xC3\xBC", "not a valid internationalized" },
	{ "lmtp://mx.example", "LMTP has no port of its own" },
	{ "lmtp://mx.example:25", "LMTP must not be spoken on port 25" },
	{ "lmtp+plaintext://mx.example:25", "port 25" },
	{ "lmtp+unix:run/lmtp", "absolute path" },
	{ "lmtp+unix://run/lmtp", "absolute path" },
	{ "lmtp+unix:", "absolute path" },
	{ "lmtp+unix:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "longer than 107" },
};

/* A copy that ends where the text ends, so that a read past it shows. */
static char *
exact(const char *text)
{
	char *copy = text == NULL ? NULL : malloc(strlen(text) + 1);

	if (copy != NULL)
		memcpy(copy, text, strlen(text) + 1);
	return copy;
}

static void
test_url__gives_policy_host_and_port(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct smtp__url url;
		char why[256], *text = exact(good[i].text);

		if (smtp__url_parse(&url, text, why, sizeof why) != SMTP_OK)
			fail_msg("%s: %s", text, why);
		assert_string_equal(why, "");
		if (url.tls != good[i].tls || url.lmtp != good[i].lmtp ||
		    url.literal != good[i].literal ||
		    url.port != good[i].port ||
		    strcmp(url.host, good[i].host) != 0 ||
		    strcmp(url.path, good[i].path) != 0)
			fail_msg("%s: tls %d port %u host %s path %s", text,
			    url.tls, url.port, url.host, url.path);
		free(text);
	}
	proves("R6409-3.1-1");
}

static void
test_url__says_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct smtp__url url;
		char why[256], *text = exact(bad[i].text);

		if (smtp__url_parse(&url, text, why, sizeof why) !=
		    SMTP_E_ARGUMENT)
			fail_msg("%s is taken", bad[i].text);
		if (strncmp(why, "url: ", 5) != 0 ||
		    strstr(why, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].text, why);
		assert_null(strstr(why, "secret"));
		free(text);
	}
	proves("R2033-5-1");
}

/* Every URL cut short anywhere is an answer, not a read past its end. */
static void
test_url__may_end_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t n = strlen(good[i].text); n > 0; n--) {
			struct smtp__url url;
			char why[256], *text = malloc(n);

			assert_non_null(text);
			memcpy(text, good[i].text, n);
			text[n - 1] = '\0';
			(void)smtp__url_parse(&url, text, why, sizeof why);
			free(text);
		}
}

static void
test_url__knows_addresses(void **state)
{
	static const struct { const char *text; bool is; } rows[] = {
		{ "::", true }, { "::1", true }, { "1::", true },
		{ "2001:db8::7", true }, { "1:2:3:4:5:6:7:8", true },
		{ "1:2:3:4:5:6:7::", true }, { "::2:3:4:5:6:7:8", true },
		{ "::ffff:192.0.2.1", true }, { "1:2:3:4:5:6:1.2.3.4", true },
		{ "", false }, { ":", false }, { ":::", false },
		{ "1", false }, { "1:2", false }, { "1:2:3:4:5:6:7", false },
		{ "1:2:3:4:5:6:7:8:9", false }, { "1::2::3", false },
		{ "12345::", false }, { "g::", false }, { ":1:2", false },
		{ "1:2:3:4:5:6:7:", false }, { "::1:", false },
		{ "1:2:3:4:5:6:7:1.2.3.4", false }, { "::1.2.3", false },
		{ "::1.2.3.4.5", false }, { "::.1.2.3", false },
		{ "1:2:3:4:5:6::1.2.3.4", false },
		{ "1:2:3:4:5::1.2.3.4", true }, { "1.2.3.4", false },
		{ "::256.1.1.1", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (smtp__host_is_ipv6(rows[i].text, strlen(rows[i].text)) !=
		    rows[i].is)
			fail_msg("%s", rows[i].text);
}

static const struct {
	const char *text;
	int proxy;
	unsigned port;
	const char *host;
} proxies[] = {
	{ "socks5://proxy.example", SMTP__PROXY_SOCKS5, 1080,
	    "proxy.example" },
	{ "SOCKS5H://Proxy.Example:9050/", SMTP__PROXY_SOCKS5, 9050,
	    "proxy.example" },
	{ "socks5://127.0.0.1", SMTP__PROXY_SOCKS5, 1080, "127.0.0.1" },
	{ "socks5://[fe80::1%25eth0]:1", SMTP__PROXY_SOCKS5, 1,
	    "fe80::1%eth0" },
	{ "http://b\xC3\xBC" "cher.example:8080", SMTP__PROXY_HTTP, 8080,
	    "xn--bcher-kva.example" },
	{ "http://[::1]:65535", SMTP__PROXY_HTTP, 65535, "::1" },
};

static const struct { const char *text, *why; } bad_proxies[] = {
	{ NULL, "proxy: none was given" },
	{ "proxy.example:1080", "proxy: a scheme is missing: socks5://" },
	{ "smtp://proxy.example", "proxy: unknown scheme; there are socks5" },
	{ "https://proxy.example:1", "proxy: unknown scheme" },
	{ "socks4://proxy.example", "proxy: unknown scheme" },
	{ "socks5:proxy.example", "proxy: two slashes" },
	{ "socks5://", "proxy: the host is missing" },
	{ "socks5://a..b", "proxy: the host is not a valid name" },
	{ "http://proxy.example", "http://host:port" },
	{ "http://proxy.example:0", "proxy: the port is not from 1" },
	{ "http://joe:secret@proxy.example:1", "use the options proxy-user" },
	{ "http://proxy.example:1/path", "proxy: nothing may follow" },
	{ "http://proxy.example:1\r\nX: y", "a blank or control character" },
};

static void
test_url__names_a_proxy(void **state)
{
	struct smtp__url url;
	char why[256];

	(void)state;
	for (size_t i = 0; i < COUNT(proxies); i++) {
		if (smtp__url_parse_proxy(&url, proxies[i].text, why,
		    sizeof why) != SMTP_OK)
			fail_msg("%s: %s", proxies[i].text, why);
		assert_int_equal(url.proxy, proxies[i].proxy);
		assert_int_equal(url.port, proxies[i].port);
		assert_string_equal(url.host, proxies[i].host);
	}
	for (size_t i = 0; i < COUNT(bad_proxies); i++) {
		if (smtp__url_parse_proxy(&url, bad_proxies[i].text, why,
		    sizeof why) != SMTP_E_ARGUMENT)
			fail_msg("%s is taken", bad_proxies[i].text);
		if (strstr(why, bad_proxies[i].why) == NULL)
			fail_msg("%s", why);
		assert_null(strstr(why, "secret"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url__gives_policy_host_and_port),
		cmocka_unit_test(test_url__says_what_is_wrong),
		cmocka_unit_test(test_url__may_end_anywhere),
		cmocka_unit_test(test_url__knows_addresses),
		cmocka_unit_test(test_url__names_a_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
