/* SPDX-License-Identifier: MIT */
/*
 * Which mechanism, and its steps.
 */
#include "auth.h"

#include <string.h>

#include "client.h"
#include "crypto/hash.h"
#include "memory.h"
#include "sasl/scram.h"
#include "text/out.h"

/*
 * The mechanisms that there are, the best first: what keeps the password from
 * the server, the stronger digest first, bound to TLS before not bound; then,
 * under TLS, what the server can compare with what it has. `stepped` NULL: the
 * engine speaks it.
 */
#define SCRAM(name, i) { name, &smtp__scrams[i], SMTP__PASSWORD, false, 0 }
static const struct way {
	const char *name;
	const struct smtp__stepped *stepped;
	enum smtp__proof proof;
	bool reveals;
	unsigned bit;            /* by its place                            */
} ways[] = {
#if SMTP_WITH_OAUTHBEARER
	{ "OAUTHBEARER", NULL, SMTP__TOKEN, true, 0 },
#endif
#if SMTP_WITH_XOAUTH2
	{ "XOAUTH2", NULL, SMTP__TOKEN, true, 0 },
#endif
#if SMTP_WITH_SCRAM
#if SMTP_WITH_SHA512
	SCRAM("SCRAM-SHA-512-PLUS", 0),
	SCRAM("SCRAM-SHA-512", 1),
#endif
	SCRAM("SCRAM-SHA-256-PLUS", 2),
	SCRAM("SCRAM-SHA-256", 3),
	SCRAM("SCRAM-SHA-1-PLUS", 4),
	SCRAM("SCRAM-SHA-1", 5),
#endif
	{ "PLAIN", NULL, SMTP__PASSWORD, true, 0 },
#if SMTP_WITH_LOGIN
	{ "LOGIN", NULL, SMTP__PASSWORD, true, 0 },
#endif
#if SMTP_WITH_CRAM_MD5
	{ "CRAM-MD5", NULL, SMTP__PASSWORD, false, 0 },
#endif
	{ "EXTERNAL", &smtp__stepped_external, SMTP__NAMED, false, 0 },
	{ "ANONYMOUS", &smtp__stepped_anonymous, SMTP__NAMED, false, 0 },
#if SMTP_WITH_NTLM
	{ "NTLM", &smtp__stepped_ntlm, SMTP__PASSWORD, false, 0 },
#endif
};
#define WAYS (sizeof ways / sizeof *ways)

/* Never more, whatever the server says to each. */
#define ATTEMPTS 3

/*
 * The credentials.
 */

void
smtp__auth_forget(struct smtp *s)
{
	smtp__memory_free_text(&s->heap, s->user);
	smtp__memory_free_text(&s->heap, s->secret);
	smtp__memory_free_text(&s->heap, s->auth.named);
	s->user = s->secret = s->auth.named = NULL;
	s->auth.proof = SMTP__NO_PROOF;
	s->auth.polled = s->auth.asking = false;
	memset(&s->credentials, 0, sizeof s->credentials);
}

void
smtp__auth_end(struct smtp *s)
{
	struct smtp__auth *a = &s->auth;

	if (a->state != NULL) {
		a->stepped->end(a->state);
		smtp__memory_free(&s->heap, a->state, a->stepped->state_bytes);
	}
	a->state = NULL;
	a->stepped = NULL;
	smtp__wipe(a->binding, sizeof a->binding);
	a->heard = a->asking = false;
	memset(&a->response, 0, sizeof a->response);
}

/*
 * Choosing.
 */

/* The places of the program's own come before ours. */
static bool
way_at(const struct smtp *s, size_t i, struct way *way)
{
	size_t count;
	const struct smtp__own_sasl *own = smtp__options_own(s->options,
	    &count);
	unsigned proof = s->auth.proof == SMTP__PASSWORD ?
	    SMTP_SASL_PASSWORD : SMTP_SASL_TOKEN;

	if (i >= count + WAYS)
		return false;
	if (i >= count) {
		*way = ways[i - count];
		for (size_t j = 0; j < count; j++)      /* it is replaced */
			if (strcmp(own[j].name, way->name) == 0)
				way->proof = SMTP__NO_PROOF;
	} else {
		way->name = own[i].name;
		way->stepped = &own[i].stepped;
		way->proof = own[i].sasl.flags & proof ? s->auth.proof :
		    SMTP__NAMED;
		if (s->auth.named != NULL)
			way->proof = SMTP__NAMED;
		way->reveals = own[i].sasl.flags & SMTP_SASL_REVEALS;
	}
	way->bit = 1U << i;
	return true;
}

/* Is this word among those, divided by blanks? Where there is none, it is. */
static bool
is_among(const char *words, const char *word)
{
	size_t n = strlen(word);

	if (*words == '\0')
		return true;
	while (*words != '\0') {
		size_t k = strcspn(words, " ");

		if (k == n && memcmp(words, word, n) == 0)
			return true;
		words += k;
		words += strspn(words, " ");
	}
	return false;
}

static bool
may_reveal(const struct smtp *s)
{
	return s->secure || smtp__options_flag(s->options,
	    SMTP__INSECURE_PLAINTEXT_AUTH);
}

static bool
suits(const struct smtp *s, const struct way *way)
{
	const char *allowed = smtp__options_text(s->options, SMTP__MECHANISM);
	const struct smtp__auth *a = &s->auth;

	if (a->tried & way->bit || way->proof != a->proof ||
	    (way->reveals && !may_reveal(s)))
		return false;
	if (a->named != NULL)
		return strcmp(a->named, way->name) == 0;
	if (way->stepped != NULL && way->stepped->flags & SMTP__STEPPED_NAMED &&
	    *allowed == '\0')
		return false;
	return is_among(allowed, way->name);
}

/* EXTERNAL is by the certificate that TLS showed, unless it was named. */
static bool
lacks_certificate(const struct smtp *s, const struct way *way)
{
	return way->stepped == &smtp__stepped_external &&
	    (!s->secure || !smtp__options_own_client(s->options)) &&
	    smtp__options_text(s->options, SMTP__MECHANISM)[0] == '\0';
}

static int
random_octets(void *ctx, void *p, size_t n)
{
	const struct smtp__hooks *hooks = ctx;

	if (hooks->random != NULL)
		return hooks->random(hooks->random_ctx, p, n);
	return smtp__net_random(p, n) ? 0 : -1;
}

#if SMTP_WITH_TLS
/*
 * Octets to bind to. tls-unique is of TLS 1.2 and below, tls-exporter of 1.3
 * here (RFC 9266 section 3); the certificate only where that was asked for,
 * since it is the same in all sessions.
 */
static void
give_binding(struct smtp *s)
{
	static const struct {
		const char *name;
		enum smtp__tls_binding type;
	} types[] = {
		{ "tls-exporter", SMTP__TLS_EXPORTER },
		{ "tls-unique", SMTP__TLS_UNIQUE },
		{ "tls-server-end-point", SMTP__TLS_SERVER_END_POINT },
	};
	const char *wanted = smtp__options_text(s->options,
	    SMTP__CHANNEL_BINDING);
	struct smtp__stepped_given *given = &s->auth.given;
	bool any = strcmp(wanted, "auto") == 0;

	for (size_t i = 0; s->tls != NULL && given->binding_n == 0 && i < 3;
	    i++) {
		if (any ? types[i].type == SMTP__TLS_SERVER_END_POINT :
		    strcmp(wanted, types[i].name) != 0)
			continue;
		given->binding_n = smtp__tls_binding(s->tls, types[i].type,
		    s->auth.binding, sizeof s->auth.binding);
		given->binding_type = types[i].name;
	}
	given->binding = s->auth.binding;
}
#endif

static bool
offers_plus(const struct smtp *s)
{
	for (size_t i = 0; i < WAYS; i++)
		if (ways[i].stepped != NULL &&
		    ways[i].stepped->flags & SMTP__STEPPED_BINDS &&
		    smtp__heard_mechanism(s, ways[i].name))
			return true;
	return false;
}

static void
give(struct smtp *s, const struct smtp__stepped *m)
{
	const struct smtp__hooks *hooks = smtp__options_hooks(s->options);
	int zone;

	s->auth.given = (struct smtp__stepped_given){
		.user = s->credentials.user,
		.password = s->credentials.password,
		.token = s->credentials.token,
		.authzid = s->credentials.authzid,
		.host = s->identity,
		.service = s->lmtp ? "lmtp" : "smtp",
		.random = random_octets,
		.random_ctx = (void *)(uintptr_t)hooks,
		.secure = s->secure,
		.iterations_max = smtp__options_number(s->options,
		    SMTP__SCRAM_MAX),
	};
#if SMTP_WITH_TLS
	give_binding(s);
#endif
	/* "Would have bound" is a lie where -PLUS is offered: RFC 5802 6. */
	s->auth.given.may_bind = s->auth.given.binding_n > 0 &&
	    !offers_plus(s);
	if (!(m->flags & SMTP__STEPPED_BINDS))
		s->auth.given.binding_n = 0;
	if (hooks->clock == NULL)
		s->auth.given.seconds = smtp__net_wall_clock(&zone);
	else if (hooks->clock(hooks->clock_ctx, &s->auth.given.seconds,
	    &zone) != 0)
		s->auth.given.seconds = 0;
}

static int
begin_stepped(struct smtp *s, const struct smtp__stepped *m)
{
	struct smtp__auth *a = &s->auth;
	int rc;

	if (!smtp__heard_mechanism(s, m->name))
		return SMTP_E_AUTH;
	give(s, m);
	if (m->flags & SMTP__STEPPED_BINDS && a->given.binding_n == 0)
		return SMTP_E_AUTH;
	a->state = smtp__memory_new(&s->heap, m->state_bytes);
	if (a->state == NULL)
		return SMTP_E_MEMORY;
	a->stepped = m;
	rc = m->begin(m, a->state, &a->given);
	if (rc != SMTP_OK)
		return rc;
	s->credentials.stepped = m->flags & SMTP__STEPPED_FIRST ?
	    SMTP_STEPPED_FIRST : SMTP_STEPPED_SECOND;
	return SMTP_OK;
}

/* SMTP_OK when AUTH is under way; SMTP_E_AUTH: not this one. */
static int
begin(struct smtp *s, const struct way *way)
{
	struct smtp__auth *a = &s->auth;
	int rc = SMTP_OK;

	a->tried |= way->bit;
	s->credentials.mechanism = way->name;
	s->credentials.stepped = SMTP_STEPPED_NOT;
	if (way->stepped != NULL)
		rc = begin_stepped(s, way->stepped);
	if (rc == SMTP_OK)
		rc = smtp_engine_auth(s->engine, &s->credentials);
	if (rc != SMTP_OK) {
		smtp__auth_end(s);
		return rc == SMTP_E_UNSUPPORTED ? SMTP_E_AUTH : rc;
	}
	a->attempts++;
	a->reveals = way->reveals;
	a->failed = false;
	memcpy(a->name, way->name, strlen(way->name) + 1);
	return SMTP_OK;
}

/* What shows no secret comes first where others listen, even if it may. */
static int
begin_best(struct smtp *s)
{
	struct way way;

	for (int round = s->secure; round < 2; round++)
		for (size_t i = 0; way_at(s, i, &way); i++) {
			int rc;

			if (!suits(s, &way) || (round == 0 && way.reveals) ||
			    lacks_certificate(s, &way))
				continue;
			rc = begin(s, &way);
			if (rc != SMTP_E_AUTH)
				return rc;
		}
	return SMTP_E_AUTH;
}

static int
begin_anew(struct smtp *s)
{
	int rc;

	s->auth.tried = s->auth.attempts = 0;
	rc = begin_best(s);
	if (rc == SMTP_E_AUTH) {
		s->last_phase = SMTP_PHASE_AUTH;
		return smtp__report_engine(s, rc);
	}
	if (rc == SMTP_E_MEMORY)
		return smtp__report(s, rc, rc, SMTP_PHASE_AUTH,
		    "out of memory");
	if (rc == SMTP_E_ARGUMENT)
		return smtp__report(s, rc, rc, SMTP_PHASE_AUTH, s->is_token ?
		    "user or token: empty, or an octet that cannot be sent" :
		    "user or password: empty, or an octet that cannot be "
		    "sent");
	if (rc != SMTP_OK)
		return smtp__report(s, rc, rc, SMTP_PHASE_AUTH,
		    "AUTH: not now");
	return SMTP_OK;
}

/*
 * Tokens that somebody else has.
 */

/* Room for the longest that goes into a line of AUTH, and a NUL. */
#define TOKEN_ROOM 4098

/* 0, above 0 for "not yet", or SMTP_E_AUTH: there is none; SMTP_E_MEMORY. */
static int
call_for_token(struct smtp *s)
{
	const struct smtp__hooks *hooks = smtp__options_hooks(s->options);
	char *room = smtp__memory_new(&s->heap, TOKEN_ROOM);
	int rc;

	if (room == NULL)
		return SMTP_E_MEMORY;
	rc = hooks->token(hooks->token_ctx, s->user, s->auth.renewed, room,
	    TOKEN_ROOM - 1);
	if (rc == 0) {
		s->secret = smtp__memory_copy(&s->heap, room, strlen(room));
		if (s->secret == NULL)
			rc = SMTP_E_MEMORY;
	} else if (rc < 0) {
		rc = SMTP_E_AUTH;
	}
	smtp__wipe(room, TOKEN_ROOM);
	smtp__memory_free(&s->heap, room, TOKEN_ROOM);
	return rc;
}

static int
wait_for_token(struct smtp *s)
{
	s->auth.asking = true;
	s->due_ms = UINT64_MAX;
	return SMTP_WANT_TOKEN;
}

int
smtp__auth_ask(struct smtp *s)
{
	struct smtp__auth *a = &s->auth;
	int rc = a->denied ? SMTP_E_AUTH : 0;

	if (s->secret == NULL && !a->polled)
		rc = call_for_token(s);
	if (rc > 0 || (rc == 0 && s->secret == NULL))
		return wait_for_token(s);
	a->asking = false;
	if (rc == SMTP_E_MEMORY)
		return smtp__report(s, rc, rc, SMTP_PHASE_AUTH,
		    "out of memory");
	/* Behind a refusal that is what there is to tell. */
	if (rc < 0)
		return a->renewed ? SMTP_E_AUTH : smtp__report(s, SMTP_E_AUTH,
		    SMTP_E_AUTH, SMTP_PHASE_AUTH, "AUTH: there is no token");
	s->credentials.token = s->secret;
	return begin_anew(s);
}

/* RFC 7628 section 3.2.3: it may have run out. Once, then it is final. */
static bool
renews(struct smtp *s, int code)
{
	struct smtp__auth *a = &s->auth;

	if (a->proof != SMTP__TOKEN || code != 535 || a->renewed ||
	    !(a->polled || smtp__options_hooks(s->options)->token != NULL))
		return false;
	a->renewed = true;
	smtp__memory_free_text(&s->heap, s->secret);
	s->secret = NULL;
	s->credentials.token = NULL;
	return true;
}

int
smtp__auth_start(struct smtp *s)
{
	struct smtp__auth *a = &s->auth;

	s->goal = SMTP__GOAL_AUTH;
	s->locked = true;
	s->replies = 0;
	a->denied = a->renewed = false;
	if (a->proof == SMTP__TOKEN && s->secret == NULL)
		return smtp__auth_ask(s);
	return begin_anew(s);
}

/*
 * After a refusal (RFC 4954 section 6). Never after 535: the next wrong try
 * may lock the account.
 */

enum {
	NOT_SUPPORTED = 504,
	TOO_WEAK = 534,
	TRANSITION = 432
};

/* What is left to try, after this reply. */
static bool
narrow(struct smtp *s, int code)
{
	struct way way;

	for (size_t i = 0; way_at(s, i, &way); i++) {
		bool plain = strcmp(way.name, "PLAIN") == 0;

		if ((code == TOO_WEAK && way.reveals) ||
		    (code == TRANSITION && !(plain && s->secure)))
			s->auth.tried |= way.bit;
	}
	return code == NOT_SUPPORTED || code == TOO_WEAK || code == TRANSITION;
}

int
smtp__auth_again(struct smtp *s, int status)
{
	struct smtp__auth *a = &s->auth;

	smtp__auth_end(s);
	if (!a->failed && renews(s, s->code)) {
		int rc = smtp__auth_ask(s);

		return rc >= 0 || s->error[0] != '\0' ? rc : status;
	}
	if (a->failed || a->attempts >= ATTEMPTS || !narrow(s, s->code))
		return status;
	return begin_best(s) == SMTP_OK ? SMTP_OK : status;
}

/*
 * Steps.
 */

static int
step(struct smtp__auth *a, const void *challenge, size_t n)
{
	memset(&a->response, 0, sizeof a->response);
	return a->stepped->step(a->state, challenge, n, &a->response);
}

void
smtp__auth_hear(struct smtp *s, const struct smtp_reply *reply)
{
	struct smtp__auth *a = &s->auth;

	if (a->stepped == NULL ||
	    !(smtp_engine_want(s->engine) & SMTP_ENGINE_RESPONSE))
		return;
	a->status = step(a, reply->text, reply->text_n);
	a->heard = true;
}

/* "AUTH SCRAM-SHA-256: words". Nothing more is tried: it was not refused. */
static int
fail(struct smtp *s, int status)
{
	struct smtp__auth *a = &s->auth;
	const char *why = a->response.why;
	char line[SMTP__ERROR_MAX];
	struct smtp__out out;

	smtp__out_init(&out, line, sizeof line - 1);
	smtp__out_text(&out, "AUTH ");
	smtp__out_text(&out, a->name);
	smtp__out_text(&out, ": ");
	smtp__out_text(&out, why != NULL ? why : smtp_status_name(status));
	line[out.n] = '\0';
	a->failed = true;
	smtp__report(s, status, status, SMTP_PHASE_AUTH, line);
	(void)smtp_engine_response(s->engine, NULL, 0, 0);
	return smtp_engine_want(s->engine) & SMTP_ENGINE_READY ? status :
	    SMTP_OK;
}

int
smtp__auth_step(struct smtp *s, uint64_t now_ms)
{
	struct smtp__auth *a = &s->auth;
	int rc = a->heard ? a->status : step(a, NULL, 0);

	a->heard = false;
	if (rc > 0) {
		s->due_ms = now_ms;
		return rc;
	}
	if (rc == SMTP_OK)
		rc = smtp_engine_response(s->engine, a->response.p,
		    a->response.n, a->response.last);
	return rc == SMTP_OK ? SMTP_OK : fail(s, rc);
}
