/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include <smtp/engine.h>

#include "host.h"
#include "net/proxy.h"
#include "text/ascii.h"
#include "text/out.h"
#include "url.h"

#define SUBMISSION  587
#define SUBMISSIONS 465
#define RELAY       25
#define SOCKS       1080

static const struct scheme {
	const char *name;
	unsigned port;           /* 0: has to be given                   */
	unsigned char tls;
	bool lmtp, path;
	unsigned char proxy;
} servers[] = {
	{ "smtps", SUBMISSIONS, SMTP_ENGINE_IMPLICIT, false, false, 0 },
	{ "submissions", SUBMISSIONS, SMTP_ENGINE_IMPLICIT, false, false, 0 },
	{ "smtp", SUBMISSION, SMTP_ENGINE_STARTTLS, false, false, 0 },
	{ "submission", SUBMISSION, SMTP_ENGINE_STARTTLS, false, false, 0 },
	{ "smtp+opportunistic", RELAY, SMTP_ENGINE_OPPORTUNISTIC, false,
	    false, 0 },
	{ "smtp+plaintext", RELAY, SMTP_ENGINE_PLAINTEXT, false, false, 0 },
	{ "lmtp", 0, SMTP_ENGINE_STARTTLS, true, false, 0 },
	{ "lmtp+plaintext", 0, SMTP_ENGINE_PLAINTEXT, true, false, 0 },
	{ "lmtp+unix", 0, SMTP_ENGINE_PLAINTEXT, true, true, 0 },
}, proxies[] = {
	{ "socks5", SOCKS, 0, false, false, SMTP__PROXY_SOCKS5 },
	{ "socks5h", SOCKS, 0, false, false, SMTP__PROXY_SOCKS5 },
	{ "http", 0, 0, false, false, SMTP__PROXY_HTTP },
};

/* The schemes that there are, and what is said about the rest. */
static const struct table {
	const struct scheme *schemes;
	size_t n;
	const char *what;        /* before what is wrong                 */
	const char *missing, *unknown, *credentials, *port;
} to_server = {
	servers, sizeof servers / sizeof *servers, "url: ",
	"a scheme is missing: smtp://host or smtps://host",
	"unknown scheme; there are smtps, smtp, smtp+opportunistic, "
	    "smtp+plaintext, lmtp, lmtp+plaintext, lmtp+unix",
	"a user or password does not belong here: use smtp_auth",
	"LMTP has no port of its own: lmtp://host:port"
}, to_proxy = {
	proxies, sizeof proxies / sizeof *proxies, "proxy: ",
	"a scheme is missing: socks5://host or http://host:port",
	"unknown scheme; there are socks5 and http",
	"a user or password does not belong here: use the options "
	    "proxy-user and proxy-password",
	"HTTP proxies have no port of their own: http://host:port"
};

struct parse {
	const struct table *table;
	struct smtp__url *url;
	struct smtp__out why;
};

static int
refuse(struct parse *parse, const char *words)
{
	smtp__out_text(&parse->why, parse->table->what);
	smtp__out_text(&parse->why, words);
	return SMTP_E_ARGUMENT;
}

static const struct scheme *
find_scheme(const struct table *table, const char *p, size_t n)
{
	for (size_t i = 0; i < table->n; i++)
		if (smtp__same_text(p, n, table->schemes[i].name))
			return &table->schemes[i];
	return NULL;
}

/* Only digits and dots look like an address, and then it has to be one. */
static bool
looks_like_ipv4(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!smtp__is_digit(p[i]) && p[i] != '.')
			return false;
	return n > 0;
}

/*
 * The address between brackets, perhaps with a zone (RFC 4007), which a URL
 * writes %25 (RFC 6874) and a person %.
 */
static int
set_ipv6(struct parse *parse, const char *p, size_t n)
{
	struct smtp__url *url = parse->url;
	const char *zone = memchr(p, '%', n);
	size_t address = zone == NULL ? n : (size_t)(zone - p);
	size_t rest = n - address;

	if (!smtp__host_is_ipv6(p, address) || rest == 1 || rest > 64)
		return refuse(parse, "what is in brackets is not an IPv6 "
		    "address");
	memcpy(url->host, p, address);
	if (rest > 3 && memcmp(zone, "%25", 3) == 0) {
		zone += 2;
		rest -= 2;
		url->host[address] = '%';
		memcpy(url->host + address + 1, zone + 1, rest - 1);
	} else if (rest > 0) {
		memcpy(url->host + address, zone, rest);
	}
	url->host[address + rest] = '\0';
	url->literal = true;
	return SMTP_OK;
}

static int
set_ipv4(struct parse *parse, const char *p, size_t n)
{
	if (!smtp__host_is_ipv4(p, n))
		return refuse(parse, "the host is not a valid IPv4 address");
	memcpy(parse->url->host, p, n);
	parse->url->host[n] = '\0';
	parse->url->literal = true;
	return SMTP_OK;
}

static int
set_name(struct parse *parse, const char *p, size_t n)
{
	struct smtp__url *url = parse->url;
	struct smtp__out out;
	const char *wrong;

	smtp__out_init(&out, url->host, sizeof url->host - 1);
	wrong = smtp__host_name(&out, p, n);
	if (wrong != NULL) {
		smtp__out_text(&parse->why, parse->table->what);
		smtp__out_text(&parse->why, "the host ");
		smtp__out_text(&parse->why, wrong);
		return SMTP_E_ARGUMENT;
	}
	url->host[out.n] = '\0';
	return SMTP_OK;
}

static int
set_port(struct parse *parse, const char *p, size_t n)
{
	uint32_t port = 0;

	for (size_t i = 0; i < n && i < 6; i++) {
		if (!smtp__is_digit(p[i]))
			return refuse(parse, "the port is not a number");
		port = port * 10 + (uint32_t)(p[i] - '0');
	}
	if (n == 0 || n > 5 || port == 0 || port > 65535)
		return refuse(parse, "the port is not from 1 to 65535");
	parse->url->port = (unsigned)port;
	return SMTP_OK;
}

static int
set_host_and_port(struct parse *parse, const char *p, size_t n)
{
	const char *end = p + n, *colon, *close;
	int rc;

	if (*p == '[') {
		close = memchr(p, ']', n);
		if (close == NULL)
			return refuse(parse, "the bracket of the IPv6 address "
			    "is not closed");
		rc = set_ipv6(parse, p + 1, (size_t)(close - p) - 1);
		p = close + 1;
		if (rc == SMTP_OK && p < end && *p != ':')
			return refuse(parse, "something follows the bracket");
		colon = p < end ? p : NULL;
	} else {
		colon = memchr(p, ':', n);
		n = colon == NULL ? n : (size_t)(colon - p);
		if (colon != NULL && memchr(colon + 1, ':',
		    (size_t)(end - colon) - 1) != NULL)
			return refuse(parse, "an IPv6 address goes into "
			    "brackets: [2001:db8::1]");
		if (looks_like_ipv4(p, n))
			rc = set_ipv4(parse, p, n);
		else
			rc = set_name(parse, p, n);
	}
	if (rc != SMTP_OK || colon == NULL)
		return rc;
	return set_port(parse, colon + 1, (size_t)(end - colon) - 1);
}

static int
set_path(struct parse *parse, const char *p, size_t n)
{
	/* lmtp+unix:/path and lmtp+unix:///path are the same file. */
	if (n > 2 && p[0] == '/' && p[1] == '/') {
		p += 2;
		n -= 2;
	}
	if (n == 0 || *p != '/')
		return refuse(parse, "a socket has an absolute path: "
		    "lmtp+unix:/run/lmtp");
	if (n > SMTP__PATH_MAX)
		return refuse(parse, "the path of the socket is longer than "
		    "107 octets");
	memcpy(parse->url->path, p, n);
	parse->url->path[n] = '\0';
	return SMTP_OK;
}

static int
take_apart(struct parse *parse, const char *text)
{
	struct smtp__url *url = parse->url;
	const char *colon = strchr(text, ':');
	const struct scheme *scheme;
	size_t n = strlen(text);
	int rc;

	for (size_t i = 0; i < n; i++)
		if (smtp__is_control(text[i]) || text[i] == ' ')
			return refuse(parse, "a blank or control character");
	if (colon == NULL)
		return refuse(parse, parse->table->missing);
	scheme = find_scheme(parse->table, text, (size_t)(colon - text));
	if (scheme == NULL)
		return refuse(parse, strncmp(colon, "://", 3) != 0 ?
		    parse->table->missing : parse->table->unknown);
	url->tls = scheme->tls;
	url->proxy = scheme->proxy;
	url->lmtp = scheme->lmtp;
	n -= (size_t)(colon + 1 - text);
	if (scheme->path)
		return set_path(parse, colon + 1, n);
	if (n < 2 || memcmp(colon + 1, "//", 2) != 0)
		return refuse(parse, "two slashes belong behind the scheme: "
		    "scheme://host");
	text = colon + 3;
	n -= 2;
	if (memchr(text, '@', n) != NULL)
		return refuse(parse, parse->table->credentials);
	if (n > 0 && text[n - 1] == '/')
		n--;
	if (strcspn(text, "/?#") < n)
		return refuse(parse, "nothing may follow host and port");
	if (n == 0)
		return refuse(parse, "the host is missing");
	url->port = scheme->port;
	rc = set_host_and_port(parse, text, n);
	if (rc != SMTP_OK)
		return rc;
	if (url->port == 0)
		return refuse(parse, parse->table->port);
	if (url->lmtp && url->port == RELAY)
		return refuse(parse, "LMTP must not be spoken on port 25 "
		    "(RFC 2033 section 5)");
	return SMTP_OK;
}

static int
parse_as(const struct table *table, struct smtp__url *url,
    const char *text, char *why, size_t why_n)
{
	struct parse parse = { .table = table, .url = url };
	int rc;

	memset(url, 0, sizeof *url);
	smtp__out_init(&parse.why, why, why_n);
	if (text == NULL)
		rc = refuse(&parse, "none was given");
	else
		rc = take_apart(&parse, text);
	smtp__out_end(&parse.why);
	return rc;
}

int
smtp__url_parse(struct smtp__url *url, const char *text, char *why,
    size_t why_n)
{
	return parse_as(&to_server, url, text, why, why_n);
}

int
smtp__url_parse_proxy(struct smtp__url *url, const char *text, char *why,
    size_t why_n)
{
	return parse_as(&to_proxy, url, text, why, why_n);
}
