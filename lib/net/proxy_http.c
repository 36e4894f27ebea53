/* SPDX-License-Identifier: MIT */
/* The method CONNECT: RFC 9110 section 9.3.6, RFC 9112, RFC 7617. */
#include "net/proxy.h"

#include <string.h>

#include "text/ascii.h"
#include "text/out.h"

#if SMTP_WITH_PROXY

/* How much of CRLF CRLF has been read. */
enum { TEXT, CR, CRLF, CRLF_CR, CRLF_CRLF };

static const char status_line[] = "HTTP/1.x 200";

/* ---- the request */

/* "mail.example.com:587", "[2001:db8::7]:587" */
static void
add_authority(struct smtp__out *out, const struct smtp__proxy_plan *plan)
{
	bool ipv6 = strchr(plan->host, ':') != NULL;

	smtp__out_text(out, ipv6 ? "[" : "");
	smtp__out_text(out, plan->host);
	smtp__out_text(out, ipv6 ? "]:" : ":");
	smtp__out_number(out, plan->port);
}

/* Nothing can be read beyond the end while this much of it is missing. */
static void
expect_rest(struct smtp__proxy *proxy)
{
	proxy->in_n = 0;
	proxy->need = (size_t)(CRLF_CRLF - proxy->state);
}

int
smtp__proxy_http_begin(struct smtp__proxy *proxy)
{
	struct smtp__out out;

	smtp__out_init(&out, (char *)proxy->out, sizeof proxy->out);
	smtp__out_text(&out, "CONNECT ");
	add_authority(&out, &proxy->plan);
	smtp__out_text(&out, " HTTP/1.1\r\nHost: ");
	add_authority(&out, &proxy->plan);
	smtp__out_text(&out, "\r\n");
	if (proxy->plan.basic != NULL) {
		smtp__out_text(&out, "Proxy-Authorization: Basic ");
		smtp__out_text(&out, proxy->plan.basic);
		smtp__out_text(&out, "\r\n");
	}
	smtp__out_text(&out, "\r\n");
	if (out.over)
		return smtp__proxy_fail(proxy, SMTP_E_ARGUMENT,
		    "user or password is too long", "");
	proxy->out_n = out.n;
	expect_rest(proxy);
	return SMTP_OK;
}

/* ---- the answer */

/* "(403 Forbidden)", as far as it can be shown to a person. */
static void
put_answer(const struct smtp__proxy *proxy, char *p, size_t n)
{
	struct smtp__out out;

	smtp__out_init(&out, p, n - 1);
	smtp__out_text(&out, " (");
	for (size_t i = 9; i < proxy->line_n; i++) {
		char c = proxy->line[i];

		smtp__out_octet(&out, smtp__is_graph(c) || c == ' ' ? c : '?');
	}
	smtp__out_octet(&out, ')');
	p[out.n] = '\0';
}

static void
refuse(struct smtp__proxy *proxy, unsigned code)
{
	char answer[sizeof proxy->line + 4];

	put_answer(proxy, answer, sizeof answer);
	switch (code) {
	case 401:                /* so says tinyproxy to a wrong password */
	case 407:
		smtp__proxy_fail(proxy, SMTP_E_CONNECT,
		    proxy->plan.basic != NULL ?
		    "refused the user or the password" : "wants a user and "
		    "password: options proxy-user and proxy-password", answer);
		break;
	case 403:
		smtp__proxy_fail_target(proxy, "does not allow ", answer);
		break;
	case 405:
	case 501:
		smtp__proxy_fail(proxy, SMTP_E_CONNECT,
		    "does not connect for others", answer);
		break;
	default:
		smtp__proxy_fail_target(proxy, "cannot reach ", answer);
		break;
	}
}

/*
 * The header is complete. A body that it speaks of does not follow on 2yz;
 * what comes before the answer itself (1yz) is read over.
 */
static void
judge(struct smtp__proxy *proxy)
{
	const char *digits = proxy->line + 9;
	unsigned code = (unsigned)(digits[0] - '0') * 100 +
	    (unsigned)(digits[1] - '0') * 10 + (unsigned)(digits[2] - '0');

	if (code >= 200 && code < 300) {
		proxy->status = SMTP_OK;
	} else if (code < 200 && code >= 100 && code != 101) {
		proxy->state = TEXT;
		proxy->line_n = 0;
		proxy->has_line = false;
	} else {
		refuse(proxy, code);
	}
}

/* "HTTP/1." DIGIT SP 3DIGIT, and then SP or the end of the line. */
static bool
begins_well(const struct smtp__proxy *proxy, char c)
{
	size_t at = proxy->line_n;

	if (at >= sizeof status_line)
		return true;
	if (at == sizeof status_line - 1)
		return c == ' ' || c == '\r';
	if (at == 7 || at >= 9)
		return smtp__is_digit(c);
	return c == status_line[at];
}

/* False for a CR or LF that stands alone: who reads on might read too much. */
static bool
count_end(struct smtp__proxy *proxy, char c)
{
	if (c == '\r' && (proxy->state == TEXT || proxy->state == CRLF))
		proxy->state++;
	else if (c == '\n' && (proxy->state == CR || proxy->state == CRLF_CR))
		proxy->state++;
	else if (c == '\r' || c == '\n' || c == '\0' ||
	    proxy->state == CR || proxy->state == CRLF_CR)
		return false;
	else
		proxy->state = TEXT;
	return true;
}

static bool
hear_line(struct smtp__proxy *proxy, char c)
{
	if (!begins_well(proxy, c))
		return false;
	if (c == '\r')
		proxy->has_line = true;
	else if (proxy->line_n < sizeof proxy->line)
		proxy->line[proxy->line_n++] = c;
	return true;
}

static void
hear(struct smtp__proxy *proxy, char c)
{
	if (++proxy->heard > SMTP__PROXY_HEADER)
		smtp__proxy_fail(proxy, SMTP_E_PROTOCOL,
		    "its answer has no end", "");
	else if (!proxy->has_line && !hear_line(proxy, c))
		smtp__proxy_fail(proxy, SMTP_E_PROTOCOL,
		    "what answers is not an HTTP proxy", "");
	else if (!count_end(proxy, c))
		smtp__proxy_fail(proxy, SMTP_E_PROTOCOL,
		    "a line of its answer does not end in CRLF", "");
	else if (proxy->state == CRLF_CRLF)
		judge(proxy);
}

void
smtp__proxy_http_hear(struct smtp__proxy *proxy)
{
	for (size_t i = 0; i < proxy->in_n && proxy->status > 0; i++)
		hear(proxy, (char)proxy->in[i]);
	expect_rest(proxy);
}

#endif
