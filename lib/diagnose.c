/* SPDX-License-Identifier: MIT */
/*
 * A session that is opened to be looked at. What the session tells about its
 * failure is put at the step where it happened.
 */
#include <string.h>

#include "advise.h"
#include "client.h"
#include "memory.h"
#include "words.h"

#define STEPS_MAX   12
#define TEXT_MAX   480

enum step_id {
	OPTIONS, RESOLVE, CONNECT, TLS, GREETING, EHLO, STARTTLS, AUTH, NOOP,
	QUIT, END
};

struct diagnosis_step {
	enum step_id id;
	int result, status;
	char text[TEXT_MAX], advice[TEXT_MAX];
};

struct smtp_diagnosis {
	struct smtp_allocator heap;
	size_t count;
	struct diagnosis_step steps[STEPS_MAX];
};

/* What one diagnosis has in hand. */
struct look {
	struct smtp_diagnosis *d;
	struct smtp *s;
	struct smtp_options *options;
	const char *user, *secret;
	bool is_token;
	struct smtp__dial_story story;
};

/*
 * Steps.
 */

/* The steps that a policy has, in the order of the wire. */
static const enum step_id orders[][STEPS_MAX] = {
	[SMTP_ENGINE_PLAINTEXT] = { OPTIONS, RESOLVE, CONNECT, GREETING, EHLO,
	    AUTH, NOOP, QUIT, END },
	[SMTP_ENGINE_STARTTLS] = { OPTIONS, RESOLVE, CONNECT, GREETING, EHLO,
	    STARTTLS, TLS, EHLO, AUTH, NOOP, QUIT, END },
	[SMTP_ENGINE_OPPORTUNISTIC] = { OPTIONS, RESOLVE, CONNECT, GREETING,
	    EHLO, STARTTLS, TLS, EHLO, AUTH, NOOP, QUIT, END },
	[SMTP_ENGINE_IMPLICIT] = { OPTIONS, RESOLVE, CONNECT, TLS, GREETING,
	    EHLO, AUTH, NOOP, QUIT, END },
};

static void
lay_out(struct look *l)
{
	const enum step_id *order = orders[l->s->tls_policy];
	bool has_target = l->s->host != NULL || l->s->path != NULL;

	for (size_t i = 0; order[i] != END && (has_target || i == 0); i++) {
		struct diagnosis_step *step = &l->d->steps[i];

		step->id = order[i];
		step->result = SMTP_DIAGNOSIS_SKIPPED;
		memcpy(step->text, "not reached", sizeof "not reached");
		l->d->count++;
	}
}

/* The last step of this kind: EHLO is said anew after TLS. NULL: none. */
static struct diagnosis_step *
find(struct look *l, enum step_id id)
{
	for (size_t i = l->d->count; i > 0; i--)
		if (l->d->steps[i - 1].id == id)
			return &l->d->steps[i - 1];
	return NULL;
}

static enum step_id
id_of_failure(const struct smtp *s)
{
	switch (s->failure.phase) {
	case SMTP_PHASE_RESOLVE:
		return RESOLVE;
	case SMTP_PHASE_CONNECT:
		return s->failure.status == SMTP_E_ARGUMENT ? OPTIONS :
		    CONNECT;
	case SMTP_PHASE_TLS:
		return s->reached ? TLS : OPTIONS;
	case SMTP_PHASE_GREETING:
		return GREETING;
	case SMTP_PHASE_EHLO:
		/* Not a word of refusal: it was what EHLO did not offer. */
		return s->failure.status == SMTP_E_TLS &&
		    s->failure.code == 0 ? STARTTLS : EHLO;
	case SMTP_PHASE_STARTTLS:
		return STARTTLS;
	default:
		/* GCOVR_EXCL_BR_START: who was reached has a phase */
		return s->reached ? EHLO : OPTIONS;
		/* GCOVR_EXCL_BR_STOP */
	}
}

/* Where the session failed; the EHLO before TLS, unless that was on. */
static size_t
place_of_failure(struct look *l)
{
	enum step_id id = id_of_failure(l->s);
	size_t at = 0;

	for (size_t i = 0; i < l->d->count; i++)
		if (l->d->steps[i].id == id) {
			at = i;
			if (id != EHLO || !l->s->secure)
				break;
		}
	return at;
}

/*
 * What a step found.
 */

static const char *
tls_words(const struct smtp *s)
{
	switch (s->tls_policy) {
	case SMTP_ENGINE_IMPLICIT:
		return ", TLS from the first octet";
	case SMTP_ENGINE_STARTTLS:
		return ", STARTTLS required";
	case SMTP_ENGINE_OPPORTUNISTIC:
		return ", STARTTLS if offered, any certificate";
	default:
		return ", no TLS";
	}
}

static void
say_target(const struct smtp *s, struct smtp__out *out)
{
	smtp__words_say(out, s->lmtp ? "LMTP to " : "SMTP to ");
	smtp__words_quote(out, s->path != NULL ? s->path : s->host);
	if (s->path == NULL) {
		smtp__words_say(out, " port ");
		smtp__words_number(out, s->port);
	}
	smtp__words_say(out, tls_words(s));
}

static void
say_offers(const struct smtp *s, struct smtp__out *out)
{
	/* GCOVR_EXCL_BR_START: who said EHLO has a line at least */
	size_t i = s->capabilities_n == 0 ? 0 :
	    strlen(s->capabilities) + 1;
	/* GCOVR_EXCL_BR_STOP */

	smtp__words_say(out, i < s->capabilities_n ? "offered: " :
	    "offers nothing");
	for (const char *comma = ""; i < s->capabilities_n; comma = ", ") {
		smtp__words_say(out, comma);
		smtp__words_quote(out, s->capabilities + i);
		i += strlen(s->capabilities + i) + 1;
	}
}

/* It works, but. */
static void
warn(struct diagnosis_step *step, const char *words)
{
	struct smtp__out out;

	step->result = SMTP_DIAGNOSIS_WARNING;
	smtp__words_begin(&out, step->advice, TEXT_MAX);
	smtp__words_say(&out, words);
	smtp__words_end(&out);
}

/* It is the proxy that is called, and its addresses that are known. */
static const char *
proxy_words(const struct look *l)
{
	return smtp__options_text(l->options, SMTP__PROXY)[0] != '\0' ?
	    "proxy: " : "";
}

/* A connection that came about after others had not. */
static void
found_connection(struct look *l, struct diagnosis_step *step,
    struct smtp__out *out)
{
	if (l->s->foreign) {
		step->result = SMTP_DIAGNOSIS_SKIPPED;
		smtp__words_say(out, "the program gave the connection");
		return;
	}
	smtp__words_say(out, proxy_words(l));
	smtp__words_say(out, "connected");
	if (l->story.peer[0] != '\0') {
		smtp__words_say(out, " to ");
		smtp__words_say(out, l->story.peer);
	}
	if (l->story.failed[0] == '\0')
		return;
	smtp__words_say(out, "; before that ");
	smtp__words_say(out, l->story.failed);
	warn(step, l->story.ipv6_failed ?
	    "IPv6 does not lead to this server, IPv4 does: the server does "
	    "not listen there, or the network's IPv6 is broken." :
	    "Some addresses of this name do not answer.");
}

static void
found_tls(struct look *l, struct diagnosis_step *step, struct smtp__out *out)
{
	static const char unverified[] = " unverified";
	/* of a version and a suite, which have more octets */
	size_t n = strlen(l->s->tls_line), tail = sizeof unverified - 1;

	if (!l->s->secure) {
		step->result = SMTP_DIAGNOSIS_SKIPPED;
		smtp__words_say(out, "STARTTLS was not offered");
		return;
	}
	smtp__words_say(out, l->s->tls_line);
	if (strcmp(l->s->tls_line + n - tail, unverified) != 0) {
		smtp__words_say(out, ", the certificate is good for ");
		smtp__words_quote(out, l->s->identity);
		return;
	}
	warn(step, "Anybody between here and the server can read and change "
	    "what is sent: smtp:// and smtps:// check who it is.");
}

static void
found(struct look *l, struct diagnosis_step *step)
{
	struct smtp *s = l->s;
	struct smtp__out out;
	bool last = step == find(l, step->id);

	step->result = SMTP_DIAGNOSIS_OK;
	smtp__words_begin(&out, step->text, TEXT_MAX);
	switch (step->id) {
	case OPTIONS:
		say_target(s, &out);
		break;
	case RESOLVE:
		if (s->foreign || l->story.addresses[0] == '\0') {
			step->result = SMTP_DIAGNOSIS_SKIPPED;
			smtp__words_say(&out, "no name to look up");
		} else {
			smtp__words_say(&out, proxy_words(l));
			smtp__words_say(&out, l->story.addresses);
		}
		break;
	case CONNECT:
		found_connection(l, step, &out);
		break;
	case TLS:
		found_tls(l, step, &out);
		break;
	case GREETING:                   /* what EHLO is to say was missing */
		if (s->banner[0] == '\0')
			step->result = SMTP_DIAGNOSIS_SKIPPED;
		smtp__words_quote(&out, s->banner[0] != '\0' ? s->banner :
		    "not heard yet");
		break;
	case STARTTLS:
		if (!s->secure && s->failure.phase != SMTP_PHASE_TLS)
			step->result = SMTP_DIAGNOSIS_SKIPPED;
		smtp__words_say(&out, step->result == SMTP_DIAGNOSIS_OK ?
		    "taken" : "not offered");
		break;
	default:                         /* EHLO, once or, for TLS, twice */
		if (last && !s->secure && find(l, STARTTLS) != NULL) {
			step->result = SMTP_DIAGNOSIS_SKIPPED;
			smtp__words_say(&out, "not said again");
		} else if (last || !s->secure) {
			say_offers(s, &out);
		} else {
			smtp__words_say(&out, "taken");
		}
		break;
	}
	smtp__words_end(&out);
}

/*
 * Together.
 */

/* What the session told last goes to this step. */
static void
fail_step(struct look *l, struct diagnosis_step *step, int status)
{
	struct smtp__out out;

	step->result = SMTP_DIAGNOSIS_FAILED;
	step->status = status;
	smtp__words_begin(&out, step->text, TEXT_MAX);
	smtp__words_say(&out, smtp_error(l->s));
	smtp__words_end(&out);
	smtp__words_begin(&out, step->advice, TEXT_MAX);
	smtp__advise(l->s, &out);
	smtp__words_end(&out);
}

static void
open_session(struct look *l, int status)
{
	size_t ends;

	lay_out(l);
	ends = l->d->count;
	if (status != SMTP_OK)
		ends = place_of_failure(l);
	for (size_t i = 0; i < ends && l->d->steps[i].id != AUTH; i++)
		found(l, &l->d->steps[i]);
	if (status != SMTP_OK)
		fail_step(l, &l->d->steps[ends], status);
}

static int
look_at_auth(struct look *l)
{
	struct diagnosis_step *step = find(l, AUTH);
	const char *offered = smtp_capability(l->s, "AUTH");
	struct smtp__out out;
	int rc;

	if (l->user != NULL) {
		rc = smtp__op_drive(l->s, l->is_token ?
		    smtp_auth_token(l->s, l->user, l->secret) :
		    smtp_auth(l->s, l->user, l->secret));
		if (rc != SMTP_OK) {
			fail_step(l, step, rc);
			return rc;
		}
		step->result = SMTP_DIAGNOSIS_OK;
	}
	smtp__words_begin(&out, step->text, TEXT_MAX);
	if (l->user != NULL) {
		smtp__words_say(&out, "taken, with ");
		smtp__words_say(&out, smtp_mechanism(l->s));
	} else if (offered == NULL) {
		smtp__words_say(&out, "no user was given, and it is not "
		    "offered");
	} else {
		smtp__words_say(&out, "no user was given; offered: ");
		smtp__words_quote(&out, offered);
	}
	smtp__words_end(&out);
	return SMTP_OK;
}

/* "250 2.0.0 Ok", as it came. */
static void
say_reply(const struct smtp *s, struct smtp__out *out)
{
	smtp__words_number(out, (uint64_t)smtp_reply_code(s));
	smtp__words_say(out, " ");
	if (smtp_reply_enhanced(s)[0] != '\0') {
		smtp__words_say(out, smtp_reply_enhanced(s));
		smtp__words_say(out, " ");
	}
	smtp__words_quote(out, smtp_reply_text(s));
}

static int
look_at_noop(struct look *l)
{
	struct diagnosis_step *step = find(l, NOOP);
	struct smtp__out out;
	int rc = smtp__op_drive(l->s, smtp_noop(l->s));

	if (rc != SMTP_OK) {
		fail_step(l, step, rc);
		return rc;
	}
	step->result = SMTP_DIAGNOSIS_OK;
	smtp__words_begin(&out, step->text, TEXT_MAX);
	say_reply(l->s, &out);
	smtp__words_end(&out);
	return SMTP_OK;
}

/* A reply that does not come harms nobody. */
static void
look_at_quit(struct look *l)
{
	struct diagnosis_step *step = find(l, QUIT);
	struct smtp__out out;

	smtp_set_deadline(l->s, smtp__net_now_ms() + UINT64_C(1000) *
	    smtp__options_wait(l->options, SMTP__QUIT_TIMEOUT));
	(void)smtp__op_drive(l->s, smtp_quit(l->s));
	smtp__words_begin(&out, step->text, TEXT_MAX);
	if (smtp_reply_code(l->s) == 221) {
		step->result = SMTP_DIAGNOSIS_OK;
		say_reply(l->s, &out);
	} else {
		step->result = SMTP_DIAGNOSIS_WARNING;
		smtp__words_say(&out, "the server did not say goodbye");
	}
	smtp__words_end(&out);
}

/* A server may repeat what it was told. */
static void
hide(char *text, const char *secret)
{
	size_t n = secret == NULL ? 0 : strlen(secret);
	char *at = text;

	while (n > 2 && (at = strstr(at, secret)) != NULL) {
		memset(at, '*', n);
		at += n;
	}
}

static void
hide_secret(struct look *l)
{
	const char *of_proxy = smtp__options_text(l->options,
	    SMTP__PROXY_PASSWORD);

	for (size_t i = 0; i < l->d->count; i++) {
		hide(l->d->steps[i].text, l->secret);
		hide(l->d->steps[i].text, of_proxy);
		hide(l->d->steps[i].advice, l->secret);
	}
}

static int
look_at(struct look *l, const char *url)
{
	int rc = smtp__open_until(&l->s, url, l->options, 0, &l->story);

	if (l->s == NULL)
		return rc;
	rc = smtp__op_drive(l->s, rc);
	open_session(l, rc);
	if (rc == SMTP_OK)
		rc = look_at_auth(l);
	if (rc == SMTP_OK)
		rc = look_at_noop(l);
	if (rc == SMTP_OK)
		look_at_quit(l);
	hide_secret(l);
	smtp_close(l->s);
	return rc;
}

static int
diagnose(struct smtp_diagnosis **out, const char *url,
    struct smtp_options *options, const char *user, const char *secret,
    bool is_token)
{
	struct look l = { .user = user, .secret = secret,
		.is_token = is_token };
	int rc = SMTP_E_MEMORY;

	if (out == NULL)
		return SMTP_E_ARGUMENT;
	*out = NULL;
	l.options = smtp__options_use(options);
	if (l.options == NULL)
		return rc;
	l.d = smtp__memory_new(smtp__options_heap(l.options), sizeof *l.d);
	if (l.d != NULL) {
		l.d->heap = *smtp__options_heap(l.options);
		rc = look_at(&l, url);
	}
	if (l.d != NULL && l.s == NULL) {
		smtp_diagnosis_free(l.d);
		l.d = NULL;
	}
	smtp_options_free(l.options);
	*out = l.d;
	return rc;
}

int
smtp_diagnose(struct smtp_diagnosis **diagnosis, const char *url,
    struct smtp_options *options, const char *user, const char *password)
{
	return diagnose(diagnosis, url, options, user, password, false);
}

int
smtp_diagnose_token(struct smtp_diagnosis **diagnosis, const char *url,
    struct smtp_options *options, const char *user, const char *token)
{
	return diagnose(diagnosis, url, options, user, token, true);
}

/*
 * What a program asks.
 */

void
smtp_diagnosis_free(struct smtp_diagnosis *d)
{
	struct smtp_allocator heap;

	if (d == NULL)
		return;
	heap = d->heap;
	smtp__memory_free(&heap, d, sizeof *d);
}

size_t
smtp_diagnosis_count(const struct smtp_diagnosis *d)
{
	return d == NULL ? 0 : d->count;
}

/* Of what is not there. */
static const struct diagnosis_step no_step = {
	.id = END,
	.result = SMTP_DIAGNOSIS_SKIPPED,
	.status = SMTP_E_ARGUMENT,
};

static const struct diagnosis_step *
at(const struct smtp_diagnosis *d, size_t i)
{
	return d != NULL && i < d->count ? &d->steps[i] : &no_step;
}

const char *
smtp_diagnosis_step(const struct smtp_diagnosis *d, size_t i)
{
	static const char *const names[] = {
		[OPTIONS] = "options", [RESOLVE] = "resolve",
		[CONNECT] = "connect", [TLS] = "tls",
		[GREETING] = "greeting", [EHLO] = "ehlo",
		[STARTTLS] = "starttls", [AUTH] = "auth", [NOOP] = "noop",
		[QUIT] = "quit", [END] = "",
	};

	return names[at(d, i)->id];
}

int
smtp_diagnosis_result(const struct smtp_diagnosis *d, size_t i)
{
	return at(d, i)->result;
}

int
smtp_diagnosis_status(const struct smtp_diagnosis *d, size_t i)
{
	return at(d, i)->status;
}

const char *
smtp_diagnosis_text(const struct smtp_diagnosis *d, size_t i)
{
	return at(d, i)->text;
}

const char *
smtp_diagnosis_advice(const struct smtp_diagnosis *d, size_t i)
{
	return at(d, i)->advice;
}

const char *
smtp_diagnosis_name(int result)
{
	static const char *const names[] = { "OK", "WARNING", "FAILED",
		"SKIPPED" };

	if (result < 0 || (size_t)result >= sizeof names / sizeof *names)
		return "";
	return names[result];
}
