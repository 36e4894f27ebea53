/* SPDX-License-Identifier: MIT */
/*
 * The calls of smtp.h.
 */
#include <string.h>

#include "client.h"
#include "crypto/hash.h"
#include "memory.h"

#define SECOND_MS UINT64_C(1000)

static int
refuse(struct smtp *s, int status, const char *words)
{
	return smtp__report(s, status, status, SMTP_PHASE_NONE, words);
}

static int
set_target(struct smtp *s, const char *text)
{
	const char *name = smtp__options_text(s->options, SMTP__TLS_NAME);
	struct smtp__url url;
	char why[SMTP__ERROR_MAX];
	size_t n;

	if (smtp__url_parse(&url, text, why, sizeof why) != SMTP_OK)
		return refuse(s, SMTP_E_ARGUMENT, why);
	if (!SMTP_WITH_LMTP && url.lmtp)
		return refuse(s, SMTP_E_UNSUPPORTED,
		    "LMTP: this build has none");
	s->tls_policy = url.tls;
	s->lmtp = url.lmtp;
	s->port = url.port;
	if (url.path[0] != '\0') {
		s->path = smtp__memory_copy(&s->heap, url.path,
		    strlen(url.path));
		return s->path != NULL ? SMTP_OK :
		    refuse(s, SMTP_E_MEMORY, "out of memory");
	}
	s->host = smtp__memory_copy(&s->heap, url.host, strlen(url.host));
	if (name[0] == '\0')
		name = url.host;
	n = strcspn(name, "%");          /* a zone is of this machine only */
	s->identity = smtp__memory_copy(&s->heap, name, n);
	return s->host != NULL && s->identity != NULL ? SMTP_OK :
	    refuse(s, SMTP_E_MEMORY, "out of memory");
}

static int
start_trace(struct smtp *s)
{
	const struct smtp__hooks *hooks = smtp__options_hooks(s->options);

	bool keeps = hooks->trace == NULL &&
	    smtp__options_flag(s->options, SMTP__TRACE);

	if (hooks->trace == NULL && !keeps)
		return SMTP_OK;
	s->trace = smtp__memory_new(&s->heap, sizeof *s->trace);
	if (keeps)
		s->kept = smtp__memory_new(&s->heap, sizeof *s->kept);
	if (s->trace == NULL || (keeps && s->kept == NULL))
		return refuse(s, SMTP_E_MEMORY, "out of memory");
	smtp__trace_init(s->trace, keeps ? smtp__kept_line : hooks->trace,
	    keeps ? (void *)s->kept : hooks->trace_ctx,
	    (const char *const *)&s->secret);
	return SMTP_OK;
}

int
smtp_open(struct smtp **out, const char *url, struct smtp_options *options)
{
	return smtp__open_until(out, url, options, 0, NULL);
}

int
smtp__session_new(struct smtp **out, struct smtp_options *options,
    uint64_t until_ms)
{
	struct smtp_allocator heap;
	struct smtp *s;

	*out = NULL;
	options = smtp__options_use(options);
	if (options == NULL)
		return SMTP_E_MEMORY;
	heap = *smtp__options_heap(options);
	s = smtp__memory_new(&heap, sizeof *s);
	if (s == NULL) {
		smtp_options_free(options);
		return SMTP_E_MEMORY;
	}
	*out = s;
	s->heap = heap;
	s->options = options;
	s->process = smtp__net_process();
	s->until_ms = until_ms;
	atomic_init(&s->cancelled, false);
	atomic_init(&s->entered, false);
	smtp__report_clear(s);
	return SMTP_OK;
}

static int
start(struct smtp *s, const char *url)
{
	int rc = set_target(s, url);

	if (rc == SMTP_OK)
		rc = start_trace(s);
	if (rc == SMTP_OK)
		rc = smtp__op_begin(s, SMTP__OPENING);
	if (rc != SMTP_OK)
		return rc;
	rc = smtp__connect_start(s, s->started_ms);
	return rc != SMTP_OK ? smtp__op_fail(s, rc) : smtp__op_complete(s);
}

int
smtp__session_start(struct smtp *s, const char *url)
{
	(void)smtp__op_enter(s);         /* nobody else has it yet */
	return smtp__op_leave(s, start(s, url));
}

int
smtp__open_until(struct smtp **out, const char *url,
    struct smtp_options *options, uint64_t until_ms,
    struct smtp__dial_story *story)
{
	int rc;

	if (out == NULL)
		return SMTP_E_ARGUMENT;
	rc = smtp__session_new(out, options, until_ms);
	if (rc != SMTP_OK)
		return rc;
	(*out)->story = story;
	return smtp__session_start(*out, url);
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* `given` NULL stays NULL. */
static bool
keep(struct smtp *s, char **kept, const char *given)
{
	if (given == NULL)
		return true;
	*kept = smtp__memory_copy(&s->heap, given, strlen(given));
	return *kept != NULL;
}

static int
keep_credentials(struct smtp *s, enum smtp__proof proof, const char *name,
    const char *user, const char *secret)
{
	smtp__auth_forget(s);
	if (!keep(s, &s->user, user) || !keep(s, &s->secret, secret) ||
	    !keep(s, &s->auth.named, name)) {
		smtp__auth_forget(s);
		return refuse(s, SMTP_E_MEMORY, "out of memory");
	}
	s->auth.proof = proof;
	s->auth.polled = proof == SMTP__TOKEN && secret == NULL &&
	    smtp__options_hooks(s->options)->token == NULL;
	s->is_token = proof == SMTP__TOKEN;
	s->credentials.user = s->user;
	s->credentials.password = proof == SMTP__PASSWORD ? s->secret : NULL;
	s->credentials.token = proof == SMTP__TOKEN ? s->secret : NULL;
	s->credentials.authzid = or_null(smtp__options_text(s->options,
	    SMTP__AUTHZID));
	return SMTP_OK;
}

/* A token may come later, where there is a way for it to come. */
static bool
lacks_something(const struct smtp *s, enum smtp__proof proof,
    const char *name, const char *user, const char *secret)
{
	if (proof == SMTP__NAMED)
		return name == NULL;
	if (user == NULL || *user == '\0')
		return true;
	if (secret == NULL && proof == SMTP__TOKEN)
		return smtp__options_hooks(s->options)->token == NULL &&
		    smtp__options_flag(s->options, SMTP__BLOCKING);
	return secret == NULL || *secret == '\0';
}

/* With a mechanism by its `name`, or with a user and a secret. */
static int
prove(struct smtp *s, enum smtp__proof proof, const char *name,
    const char *user, const char *secret)
{
	int rc = smtp__op_begin(s, SMTP__AUTHENTICATING);

	/* Asked for and not had: without memory, too, nothing goes without. */
	if (rc == SMTP_E_MEMORY)
		s->locked = !s->authenticated;
	if (rc != SMTP_OK)
		return rc;
	if (lacks_something(s, proof, name, user, secret))
		rc = smtp__report(s, SMTP_E_ARGUMENT, SMTP_E_ARGUMENT,
		    SMTP_PHASE_AUTH, "AUTH: a user and a secret are needed");
	else if (s->authenticated)
		rc = refuse(s, SMTP_E_STATE, "AUTH: done already");
	else if (!smtp__op_is_open(s))
		rc = refuse(s, SMTP_E_STATE, "the session is not open");
	if (rc != SMTP_OK) {
		/* Not even begun: an earlier success keeps its secret. */
		s->operation = SMTP__NOTHING;
		s->locked = !s->authenticated;
		return smtp__op_finish(s, rc);
	}
	rc = keep_credentials(s, proof, name, user, secret);
	if (rc == SMTP_OK)
		rc = smtp__auth_start(s);
	return rc < 0 ? smtp__op_fail(s, rc) : smtp__op_complete(s);
}

static int
authenticate(struct smtp *s, enum smtp__proof proof, const char *name,
    const char *user, const char *secret)
{
	if (s == NULL)
		return SMTP_E_MEMORY;
	return smtp__op_enter(s) ? smtp__op_leave(s, prove(s, proof, name,
	    user, secret)) : SMTP_E_STATE;
}

int
smtp_auth(struct smtp *s, const char *user, const char *password)
{
	return authenticate(s, SMTP__PASSWORD, NULL, user, password);
}

int
smtp_auth_token(struct smtp *s, const char *user, const char *token)
{
	return authenticate(s, SMTP__TOKEN, NULL, user, token);
}

int
smtp_give_token(struct smtp *s, const char *token)
{
	if (s == NULL)
		return SMTP_E_MEMORY;
	if (!s->auth.asking || !s->auth.polled || s->secret != NULL)
		return SMTP_E_STATE;
	s->auth.denied = token == NULL;
	return keep(s, &s->secret, token) ? SMTP_OK : SMTP_E_MEMORY;
}

int
smtp_auth_mechanism(struct smtp *s, const char *mechanism,
    const char *identity)
{
	return authenticate(s, SMTP__NAMED, mechanism, identity, NULL);
}

static int
say(struct smtp *s, const char *line)
{
	int rc = smtp__op_begin(s, SMTP__COMMANDING);

	if (rc != SMTP_OK)
		return rc;
	if (line != NULL) {
		s->line = smtp__memory_copy(&s->heap, line, strlen(line));
		if (s->line == NULL)
			return smtp__op_finish(s, refuse(s, SMTP_E_MEMORY,
			    "out of memory"));
	}
	return smtp__op_resume(s);
}

static int
command(struct smtp *s, const char *line)
{
	if (s == NULL)
		return SMTP_E_MEMORY;
	return smtp__op_enter(s) ? smtp__op_leave(s, say(s, line)) :
	    SMTP_E_STATE;
}

int
smtp_noop(struct smtp *s)
{
	return command(s, "NOOP");
}

int
smtp_reset(struct smtp *s)
{
	return command(s, NULL);
}

int
smtp_command(struct smtp *s, const char *line)
{
	return command(s, line != NULL ? line : "");
}

static int
quit(struct smtp *s)
{
	int rc = smtp__op_begin(s, SMTP__QUITTING);

	if (rc != SMTP_OK)
		return rc;
	if (!smtp__op_is_open(s) || atomic_load(&s->cancelled))
		return smtp__op_finish(s, SMTP_OK);
	(void)smtp_engine_quit(s->engine);
	return smtp__op_complete(s);
}

int
smtp_quit(struct smtp *s)
{
	if (s == NULL)
		return SMTP_E_MEMORY;
	return smtp__op_enter(s) ? smtp__op_leave(s, quit(s)) : SMTP_E_STATE;
}

/* What is under way ends as if the connection had been lost. */
static void
abandon(struct smtp *s)
{
	if (s->operation == SMTP__NOTHING)
		return;
	atomic_store(&s->cancelled, true);
	(void)smtp__op_step(s);
}

/* Never longer than this, also where the octets do not leave. */
static void
say_goodbye(struct smtp *s)
{
	uint32_t wait_s = smtp__options_wait(s->options, SMTP__QUIT_TIMEOUT);
	int rc;

	if (!smtp__op_is_open(s) || atomic_load(&s->cancelled) ||
	    smtp__op_begin(s, SMTP__QUITTING) != SMTP_OK)
		return;
	s->deadline_ms = s->started_ms + wait_s * SECOND_MS;
	(void)smtp_engine_quit(s->engine);
	rc = smtp__op_complete(s);
	if (rc > 0) {
		smtp__pump_end(s);
		s->operation = SMTP__NOTHING;
	}
}

/*
 * In the child of a fork: the session is the parent's, who goes on with it. So
 * nothing is said, no end of TLS either, and what the transport holds stays.
 */
static void
leave(struct smtp *s)
{
	if (s->connected && (!s->foreign || smtp__options_has_fd(s->options)))
		smtp__net_leave(smtp_fd(s));
	s->connected = false;
	if (s->operation != SMTP__NOTHING)
		(void)smtp__op_finish(s, SMTP_E_STATE);
}

int
smtp_close(struct smtp *s)
{
	struct smtp_options *options;
	struct smtp_allocator heap;

	if (s == NULL)
		return SMTP_OK;
	(void)smtp__op_enter(s);         /* for callbacks: it ends here   */
	if (s->process != smtp__net_process()) {
		leave(s);
	} else {
		abandon(s);
		say_goodbye(s);
	}
	smtp__connect_end(s);
	smtp__window_free(s);
	smtp__auth_end(s);
	smtp__auth_forget(s);
	smtp__memory_free_text(&s->heap, s->host);
	smtp__memory_free_text(&s->heap, s->path);
	smtp__memory_free_text(&s->heap, s->identity);
	smtp__memory_free_text(&s->heap, s->ehlo);
	smtp__memory_free(&s->heap, s->trace, sizeof *s->trace);
	smtp__memory_free(&s->heap, s->kept, sizeof *s->kept);
	options = s->options;
	heap = s->heap;
	smtp__wipe(s, sizeof *s);
	smtp__memory_free(&heap, s, sizeof *s);
	smtp_options_free(options);
	return SMTP_OK;
}

int
smtp_fd(const struct smtp *s)
{
	if (s == NULL)
		return -1;
	if (s->stage == SMTP__DIALLING)
		return smtp__dial_fd(s->dial);
	if (!s->connected || s->transport.fd == NULL)
		return -1;
	return s->transport.fd(s->transport.ctx);
}

uint64_t
smtp_due_ms(const struct smtp *s)
{
	return s == NULL ? 0 : s->due_ms;
}

uint64_t
smtp_now_ms(void)
{
	return smtp__net_now_ms();
}

void
smtp_set_deadline(struct smtp *s, uint64_t at_ms)
{
	if (s != NULL)
		s->until_ms = at_ms;
}

void
smtp_cancel(struct smtp *s)
{
	if (s != NULL)
		atomic_store(&s->cancelled, true);
}

const char *
smtp_tls_info(const struct smtp *s)
{
	return s == NULL ? "" : s->tls_line;
}

const char *
smtp_mechanism(const struct smtp *s)
{
	return s == NULL ? "" : s->auth.name;
}
