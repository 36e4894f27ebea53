/* SPDX-License-Identifier: MIT */
/* Octets to and from a proxy; what they mean is in proxy_x.c. */
#include "net/proxy.h"

#include <string.h>

#include "net/identity.h"
#include "text/ascii.h"
#include "text/out.h"

#if SMTP_WITH_PROXY

/* ---- what went wrong, in one line */

static void
begin(struct smtp__out *out, struct smtp__proxy *proxy)
{
	smtp__out_init(out, proxy->error, sizeof proxy->error - 1);
	smtp__out_text(out, "proxy ");
	smtp__out_text(out, proxy->plan.name);
	smtp__out_text(out, ": ");
}

static int
end(const struct smtp__out *out, struct smtp__proxy *proxy, int status)
{
	proxy->error[out->n] = '\0';
	return proxy->status = status;
}

int
smtp__proxy_fail(struct smtp__proxy *proxy, int status, const char *words,
    const char *more)
{
	struct smtp__out out;

	begin(&out, proxy);
	smtp__out_text(&out, words);
	smtp__out_text(&out, more);
	return end(&out, proxy, status);
}

int
smtp__proxy_fail_target(struct smtp__proxy *proxy, const char *words,
    const char *more)
{
	struct smtp__out out;

	begin(&out, proxy);
	smtp__out_text(&out, words);
	smtp__out_text(&out, proxy->plan.host);
	smtp__out_text(&out, " port ");
	smtp__out_number(&out, proxy->plan.port);
	smtp__out_text(&out, more);
	return end(&out, proxy, SMTP_E_CONNECT);
}

/* ---- begin */

/*
 * Nothing that ends a line or begins another part of a request. A zone is of
 * this machine, and the proxy is another one.
 */
static bool
is_host(const char *host)
{
	unsigned char ip[16];
	size_t n = strlen(host);

	if (n == 0 || n > 255)
		return false;
	if (smtp__identity_ip(host, ip) > 0)
		return strchr(host, '%') == NULL;
	for (size_t i = 0; i < n; i++)
		if (!smtp__is_ldh(host[i]) && host[i] != '.' &&
		    host[i] != '_')
			return false;
	return true;
}

int
smtp__proxy_init(struct smtp__proxy *proxy,
    const struct smtp__proxy_plan *plan)
{
	memset(proxy, 0, sizeof *proxy);
	proxy->plan = *plan;
	proxy->status = SMTP_WANT_WRITE;
	if (!is_host(plan->host) || plan->port == 0 || plan->port > 65535)
		return smtp__proxy_fail(proxy, SMTP_E_ARGUMENT,
		    "the host cannot be named to a proxy", "");
	if (plan->kind == SMTP__PROXY_HTTP)
		return smtp__proxy_http_begin(proxy);
	return smtp__proxy_socks_begin(proxy);
}

/* ---- go on */

static int
failure(struct smtp__proxy *proxy, ptrdiff_t io)
{
	if (io == SMTP_IO_WANT_READ)
		return proxy->status = SMTP_WANT_READ;
	if (io == SMTP_IO_WANT_WRITE)
		return proxy->status = SMTP_WANT_WRITE;
	return smtp__proxy_fail(proxy, SMTP_E_CONNECT, io == SMTP_IO_CLOSED ?
	    "closed the connection without an answer" :
	    "the connection to it broke", "");
}

int
smtp__proxy_step(struct smtp__proxy *proxy,
    const struct smtp_transport *transport)
{
	while (proxy->status > 0) {
		bool says = proxy->out_at < proxy->out_n;
		ptrdiff_t n;

		if (says)
			n = transport->write(transport->ctx,
			    proxy->out + proxy->out_at,
			    proxy->out_n - proxy->out_at);
		else
			n = transport->read(transport->ctx,
			    proxy->in + proxy->in_n, proxy->need);
		if (n <= 0)
			return failure(proxy, n);
		if (says) {
			proxy->out_at += (size_t)n;
			continue;
		}
		proxy->in_n += (size_t)n;
		proxy->need -= (size_t)n;
		if (proxy->plan.kind == SMTP__PROXY_HTTP)
			smtp__proxy_http_hear(proxy);
		else if (proxy->need == 0)
			smtp__proxy_socks_hear(proxy);
	}
	return proxy->status;
}

#endif
