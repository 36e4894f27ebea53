/* SPDX-License-Identifier: MIT */
/* SOCKS version 5: RFC 1928, and RFC 1929 for user and password. */
#include "net/proxy.h"

#include <string.h>

#include "net/identity.h"

#if SMTP_WITH_PROXY

enum {
	VERSION = 5,
	LOGIN_VERSION = 1,
	NO_LOGIN = 0,            /* methods                                 */
	LOGIN = 2,
	NO_METHOD = 255,
	CONNECT = 1,
	TYPE_IPV4 = 1,
	TYPE_NAME = 3,
	TYPE_IPV6 = 4
};

/* What is heard next. */
enum { METHOD, LOGGED_IN, REPLY, NAME_LENGTH, ADDRESS };

static void
add(struct smtp__proxy *proxy, unsigned octet)
{
	proxy->out[proxy->out_n++] = (unsigned char)octet;
}

static void
add_all(struct smtp__proxy *proxy, const void *p, size_t n)
{
	memcpy(proxy->out + proxy->out_n, p, n);
	proxy->out_n += n;
}

static void
add_text(struct smtp__proxy *proxy, const char *text)
{
	size_t n = strlen(text);

	add(proxy, (unsigned)n);
	add_all(proxy, text, n);
}

static void
expect(struct smtp__proxy *proxy, int state, size_t n)
{
	proxy->state = state;
	proxy->in_n = 0;
	proxy->need = n;
}

static bool
fits(const char *text)
{
	return text != NULL && text[0] != '\0' && strlen(text) <= 255;
}

/* RFC 1928 section 3. */
int
smtp__proxy_socks_begin(struct smtp__proxy *proxy)
{
	const struct smtp__proxy_plan *plan = &proxy->plan;
	bool login = plan->user != NULL || plan->password != NULL;

	if (login && (!fits(plan->user) || !fits(plan->password)))
		return smtp__proxy_fail(proxy, SMTP_E_ARGUMENT,
		    "user and password have 1 to 255 octets each", "");
	add(proxy, VERSION);
	add(proxy, login ? 2 : 1);
	add(proxy, NO_LOGIN);
	if (login)
		add(proxy, LOGIN);
	expect(proxy, METHOD, 2);
	return SMTP_OK;
}

/* RFC 1929 section 2. What was said is overwritten, it is not kept. */
static void
say_login(struct smtp__proxy *proxy)
{
	proxy->out_at = proxy->out_n = 0;
	add(proxy, LOGIN_VERSION);
	add_text(proxy, proxy->plan.user);
	add_text(proxy, proxy->plan.password);
	expect(proxy, LOGGED_IN, 2);
}

/* RFC 1928 section 4: a name is looked up by the proxy. */
static void
say_connect(struct smtp__proxy *proxy)
{
	const struct smtp__proxy_plan *plan = &proxy->plan;
	unsigned char ip[16];
	size_t n = smtp__identity_ip(plan->host, ip);

	proxy->out_at = proxy->out_n = 0;
	add(proxy, VERSION);
	add(proxy, CONNECT);
	add(proxy, 0);
	add(proxy, n == 4 ? TYPE_IPV4 : n == 16 ? TYPE_IPV6 : TYPE_NAME);
	if (n > 0)
		add_all(proxy, ip, n);
	else
		add_text(proxy, plan->host);
	add(proxy, plan->port >> 8);
	add(proxy, plan->port & 255);
	expect(proxy, REPLY, 4);
}

static void
hear_method(struct smtp__proxy *proxy)
{
	const bool login = proxy->plan.user != NULL;

	if (proxy->in[1] == NO_LOGIN)
		say_connect(proxy);
	else if (proxy->in[1] == LOGIN && login)
		say_login(proxy);
	else if (proxy->in[1] == NO_METHOD)
		smtp__proxy_fail(proxy, SMTP_E_CONNECT, login ?
		    "takes no user and password" : "wants a user and "
		    "password: options proxy-user and proxy-password", "");
	else
		smtp__proxy_fail(proxy, SMTP_E_PROTOCOL,
		    "chose a way to authenticate that was not offered", "");
}

/* RFC 1928 section 6. */
static const char *
words_of(unsigned reply)
{
	static const char *const words[] = {
		[1] = ": it failed",
		[2] = ": its rules do not allow that",
		[3] = ": network unreachable",
		[4] = ": host unreachable, or no such name",
		[5] = ": connection refused",
		[6] = ": no answer",
		[7] = ": it does not connect for others",
		[8] = ": it does not have such addresses",
	};

	return reply < sizeof words / sizeof *words ? words[reply] :
	    ": for a reason that has no name";
}

/* How much of the address that it speaks of is still to come, with the port. */
static void
hear_reply(struct smtp__proxy *proxy)
{
	if (proxy->in[1] != 0) {
		smtp__proxy_fail_target(proxy, "cannot reach ",
		    words_of(proxy->in[1]));
		return;
	}
	switch (proxy->in[3]) {
	case TYPE_IPV4:
		expect(proxy, ADDRESS, 4 + 2);
		break;
	case TYPE_IPV6:
		expect(proxy, ADDRESS, 16 + 2);
		break;
	case TYPE_NAME:
		expect(proxy, NAME_LENGTH, 1);
		break;
	default:
		smtp__proxy_fail(proxy, SMTP_E_PROTOCOL,
		    "its reply has an address of no known type", "");
		break;
	}
}

void
smtp__proxy_socks_hear(struct smtp__proxy *proxy)
{
	if ((proxy->state == METHOD || proxy->state == REPLY) &&
	    proxy->in[0] != VERSION) {
		smtp__proxy_fail(proxy, SMTP_E_PROTOCOL,
		    "what answers is not SOCKS version 5", "");
		return;
	}
	switch (proxy->state) {
	case METHOD:
		hear_method(proxy);
		break;
	case LOGGED_IN:
		if (proxy->in[0] != LOGIN_VERSION)
			smtp__proxy_fail(proxy, SMTP_E_PROTOCOL, "its answer "
			    "to user and password has another version", "");
		else if (proxy->in[1] != 0)
			smtp__proxy_fail(proxy, SMTP_E_CONNECT,
			    "refused the user or the password", "");
		else
			say_connect(proxy);
		break;
	case REPLY:
		hear_reply(proxy);
		break;
	case NAME_LENGTH:
		expect(proxy, ADDRESS, (size_t)proxy->in[0] + 2);
		break;
	default:                 /* where it connects from: of no use */
		proxy->status = SMTP_OK;
		break;
	}
}

#endif
