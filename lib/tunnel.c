/* SPDX-License-Identifier: MIT */
#include "tunnel.h"

#include <assert.h>
#include <string.h>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "memory.h"
#include "net/proxy.h"
#include "text/ascii.h"

#define SECOND_MS UINT64_C(1000)

#if SMTP_WITH_PROXY

/* RFC 7617: user, colon, password, of 255 octets each, in base64. */
#define BASIC_MAX 511
#define BASIC_ROOM ((BASIC_MAX + 2) / 3 * 4 + 1)

struct smtp__tunnel {
	struct smtp__url url;
	struct smtp__proxy proxy;
	char basic[BASIC_ROOM];
};

static int
refuse(struct smtp *s, int status, const char *words)
{
	return smtp__report(s, status, status, SMTP_PHASE_CONNECT, words);
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if (smtp__is_control(*text))
			return true;
	return false;
}

/* False: these octets cannot be said so. The option of the user looked too. */
static bool
make_basic(struct smtp__tunnel *tunnel, const char *user,
    const char *password)
{
	struct smtp__base64 base64;
	struct smtp__out out;
	char text[BASIC_MAX];
	size_t used, n;

	if (strchr(user, ':') != NULL || has_control(password))
		return false;
	smtp__out_init(&out, text, sizeof text);
	smtp__out_text(&out, user);
	smtp__out_octet(&out, ':');
	smtp__out_text(&out, password);
	smtp__base64_init(&base64, false);
	n = smtp__base64_encode(&base64, text, out.n, true, &used,
	    tunnel->basic, sizeof tunnel->basic - 1);
	tunnel->basic[n] = '\0';
	smtp__wipe(text, sizeof text);
	return !out.over;
}

static int
fill(struct smtp *s, const char *name)
{
	struct smtp__tunnel *tunnel = s->tunnel;
	struct smtp__proxy_plan plan = {
		.name = name,
		.host = s->host,
		.port = s->port,
		.user = or_null(smtp__options_text(s->options,
		    SMTP__PROXY_USER)),
		.password = or_null(smtp__options_text(s->options,
		    SMTP__PROXY_PASSWORD)),
	};
	char why[SMTP__ERROR_MAX];
	int rc = smtp__url_parse_proxy(&tunnel->url, name, why, sizeof why);

	assert(rc == SMTP_OK);           /* the option was checked */
	plan.kind = (enum smtp__proxy_kind)tunnel->url.proxy;
	if ((plan.user == NULL) != (plan.password == NULL))
		return refuse(s, SMTP_E_ARGUMENT, "options \"proxy-user\" and "
		    "\"proxy-password\": one of them is missing");
	if (plan.kind == SMTP__PROXY_HTTP && plan.user != NULL) {
		if (!make_basic(tunnel, plan.user, plan.password))
			return refuse(s, SMTP_E_ARGUMENT, "options "
			    "\"proxy-user\" and \"proxy-password\": too "
			    "long, or an octet that cannot be sent");
		plan.basic = tunnel->basic;
	}
	rc = smtp__proxy_init(&tunnel->proxy, &plan);
	return rc == SMTP_OK ? rc : refuse(s, rc, tunnel->proxy.error);
}

int
smtp__tunnel_prepare(struct smtp *s)
{
	const char *name = smtp__options_text(s->options, SMTP__PROXY);

	smtp__tunnel_end(s);
	if (name[0] == '\0')
		return SMTP_OK;
	if (s->path != NULL)
		return refuse(s, SMTP_E_ARGUMENT, "option \"proxy\": a unix "
		    "socket is not reached through one");
	s->tunnel = smtp__memory_new(&s->heap, sizeof *s->tunnel);
	if (s->tunnel == NULL)
		return refuse(s, SMTP_E_MEMORY, "out of memory");
	return fill(s, name);
}

const struct smtp__url *
smtp__tunnel_url(const struct smtp__tunnel *tunnel)
{
	return &tunnel->url;
}

int
smtp__tunnel_start(struct smtp *s, uint64_t now_ms)
{
	s->connected = true;
	s->stage = SMTP__TUNNELLING;
	s->stage_due_ms = now_ms + SECOND_MS *
	    smtp__options_wait(s->options, SMTP__CONNECT_TIMEOUT);
	smtp__trace_note(s->trace, "asking the proxy for ", s->host);
	return SMTP_OK;
}

int
smtp__tunnel_step(struct smtp *s, uint64_t now_ms)
{
	struct smtp__proxy *proxy = &s->tunnel->proxy;
	int rc = smtp__proxy_step(proxy, &s->transport);

	if (rc > 0 && now_ms >= s->stage_due_ms)
		rc = smtp__proxy_fail(proxy, SMTP_E_TIMEOUT,
		    "no answer in time", "");
	if (rc > 0) {
		s->due_ms = s->stage_due_ms;
		return rc | SMTP_WANT_TIME;
	}
	if (rc < 0) {
		refuse(s, rc, proxy->error);
		smtp__trace_note(s->trace, proxy->error, "");
	}
	smtp__tunnel_end(s);
	return rc;
}

void
smtp__tunnel_end(struct smtp *s)
{
	if (s->tunnel == NULL)
		return;
	smtp__wipe(s->tunnel, sizeof *s->tunnel);
	smtp__memory_free(&s->heap, s->tunnel, sizeof *s->tunnel);
	s->tunnel = NULL;
}

#else

/* The option "proxy" is SMTP_E_UNSUPPORTED there: no way round it. */

int
smtp__tunnel_prepare(struct smtp *s)
{
	if (smtp__options_text(s->options, SMTP__PROXY)[0] == '\0')
		return SMTP_OK;
	return smtp__report(s, SMTP_E_UNSUPPORTED, SMTP_E_UNSUPPORTED,
	    SMTP_PHASE_CONNECT, "option \"proxy\": this build has none");
}

const struct smtp__url *
smtp__tunnel_url(const struct smtp__tunnel *tunnel)
{
	(void)tunnel;
	return NULL;
}

int
smtp__tunnel_start(struct smtp *s, uint64_t now_ms)
{
	(void)s;
	(void)now_ms;
	return SMTP_E_STATE;
}

int
smtp__tunnel_step(struct smtp *s, uint64_t now_ms)
{
	return smtp__tunnel_start(s, now_ms);
}

void
smtp__tunnel_end(struct smtp *s)
{
	(void)s;
}

#endif
