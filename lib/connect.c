/* SPDX-License-Identifier: MIT */
/*
 * From a URL to an engine that talks.
 */
#include <assert.h>
#include <string.h>

#include "client.h"
#include "memory.h"
#include "text/bytes.h"
#include "tunnel.h"

#define SECOND_MS UINT64_C(1000)

/*
 * The engine.
 */

/* What EHLO says: the option, or the address that the server sees. */
static int
choose_ehlo(struct smtp *s)
{
	const char *name = smtp__options_text(s->options, SMTP__EHLO_NAME);
	char literal[64];
	int fd = s->transport.fd == NULL ? -1 :
	    s->transport.fd(s->transport.ctx);

	smtp__memory_free_text(&s->heap, s->ehlo);
	s->ehlo = NULL;
	if (name[0] == '\0') {
		if (!smtp__net_literal(fd, literal, sizeof literal))
			return smtp__report(s, SMTP_E_ARGUMENT,
			    SMTP_E_ARGUMENT, SMTP_PHASE_EHLO,
			    "option \"ehlo-name\": needed, since the "
			    "transport does not tell the local address");
		name = literal;
	}
	s->ehlo = smtp__memory_copy(&s->heap, name, strlen(name));
	return s->ehlo != NULL ? SMTP_OK : smtp__report(s, SMTP_E_MEMORY,
	    SMTP_E_MEMORY, SMTP_PHASE_CONNECT, "out of memory");
}

static void
choose_waits(struct smtp *s)
{
	static const enum smtp__option options[SMTP_WAIT_COUNT] = {
		[SMTP_WAIT_GREETING] = SMTP__GREETING_TIMEOUT,
		[SMTP_WAIT_COMMAND] = SMTP__COMMAND_TIMEOUT,
		[SMTP_WAIT_ENVELOPE] = SMTP__ENVELOPE_TIMEOUT,
		[SMTP_WAIT_DATA] = SMTP__DATA_TIMEOUT,
		[SMTP_WAIT_BLOCK] = SMTP__BLOCK_TIMEOUT,
		[SMTP_WAIT_FINAL] = SMTP__FINAL_TIMEOUT,
		[SMTP_WAIT_QUIT] = SMTP__QUIT_TIMEOUT,
	};

	for (size_t i = 0; i < SMTP_WAIT_COUNT; i++)
		s->wait_s[i] = (uint16_t)smtp__options_wait(s->options,
		    options[i]);
}

static int
start_engine(struct smtp *s)
{
	int rc = choose_ehlo(s);

	if (rc != SMTP_OK)
		return rc;
	choose_waits(s);
	s->setup = (struct smtp_engine_setup){
		.ehlo = s->ehlo,
		.text = s->words,
		.text_n = sizeof s->words - 1,
		.wait_s = s->wait_s,
		.tls = (uint8_t)s->tls_policy,
#if SMTP_WITH_LMTP
		.lmtp = s->lmtp,
#endif
		.insecure_auth = smtp__options_flag(s->options,
		    SMTP__INSECURE_PLAINTEXT_AUTH),
	};
	rc = smtp_engine_init(&s->engine, s->engine_memory,
	    sizeof s->engine_memory, &s->setup);
	assert(rc == SMTP_OK);           /* the option was checked */
	s->stage = SMTP__TALKING;
	return rc;
}

/*
 * TLS.
 */

#if SMTP_WITH_TLS

static int
begin(struct smtp *s, uint64_t now_ms);

static bool
takes_any(const struct smtp *s)
{
	return s->tls_policy == SMTP_ENGINE_OPPORTUNISTIC ||
	    smtp__options_flag(s->options, SMTP__INSECURE_NO_VERIFY);
}

/* "host: words", and what a hint needs. */
static int
handshake_failed(struct smtp *s, int status)
{
	char line[SMTP__ERROR_MAX];
	struct smtp__tls_info info;
	struct smtp__out out;

	smtp__tls_info(s->tls, &info);
	smtp__out_init(&out, line, sizeof line - 1);
	smtp__out_text(&out, "TLS with ");
	smtp__out_text(&out, s->host);
	smtp__out_text(&out, ": ");
	smtp__out_text(&out, status == SMTP_E_TIMEOUT ?
	    s->failure.by_deadline ? "the deadline has passed" :
	    "no answer to the handshake in time" :
	    status == SMTP_E_CANCELLED ? "cancelled" : info.error);
	line[out.n] = '\0';
	smtp__report(s, status, status, SMTP_PHASE_TLS, line);
	smtp__facts_note(s);
	s->failure.cert_errors = info.cert_errors;
	s->failure.not_tls = info.not_tls;
	smtp__trace_note(s->trace, line, "");
	if (s->engine != NULL)
		smtp_engine_lost(s->engine, status);
	return status;
}

/* Sessions are resumed with the server that they were had with. */
static const char *
peer_of(const struct smtp *s, char room[SMTP__HOST_BYTES + 16])
{
	struct smtp__out out;

	smtp__out_init(&out, room, SMTP__HOST_BYTES + 16);
	smtp__out_text(&out, s->host);
	smtp__out_octet(&out, ':');
	smtp__out_number(&out, s->port);
	smtp__out_end(&out);
	return room;
}

/* Over the transport that is there. */
static int
start_tls(struct smtp *s, uint64_t now_ms)
{
	struct smtp__tls_shared *shared;
	struct smtp_transport over;
	char why[256] = "", room[SMTP__HOST_BYTES + 16];
	int rc;

	rc = smtp__options_tls(s->options, takes_any(s), &shared, why,
	    sizeof why);
	if (rc == SMTP_OK)
		rc = smtp__tls_start_again(&s->tls, &over, &s->transport,
		    shared, s->identity, peer_of(s, room), s->tls_again);
	if (rc != SMTP_OK) {
		if (s->engine != NULL)
			smtp_engine_lost(s->engine, rc);
		return smtp__report(s, rc, rc, SMTP_PHASE_TLS,
		    why[0] != '\0' ? why : rc == SMTP_E_MEMORY ?
		    "TLS: out of memory" : "TLS: cannot be set up");
	}
	s->transport = over;
	s->stage = SMTP__SECURING;
	s->stage_due_ms = now_ms + SECOND_MS *
	    smtp__options_wait(s->options, SMTP__TLS_TIMEOUT);
	return SMTP_OK;
}

/*
 * Once more from the beginning, which is a new connection: a handshake that
 * failed cannot be gone on with. Nothing but EHLO and STARTTLS was said.
 */
static int
try_again(struct smtp *s, enum smtp__tls_again again, uint64_t now_ms)
{
	smtp__trace_note(s->trace, "TLS: failed, once more ",
	    again == SMTP__TLS_AGAIN ? "without resumption" :
	    "with TLS 1.2 at most");
	s->tls_again = again;
	s->io->in_at = s->io->in_n = s->io->out_at = s->io->out_n = 0;
	return begin(s, now_ms);
}

static int
shake_hands(struct smtp *s, uint64_t now_ms)
{
	struct smtp__tls_info info;
	struct smtp__out out;
	int rc = smtp__tls_handshake(s->tls);

	smtp__tls_clean_stack();
	if (rc > 0 && now_ms >= s->stage_due_ms)
		rc = SMTP_E_TIMEOUT;
	if (rc > 0) {
		s->due_ms = s->stage_due_ms;
		return rc | SMTP_WANT_TIME;
	}
	smtp__tls_info(s->tls, &info);
	if (rc < 0 && info.again != SMTP__TLS_NOT_AGAIN && !s->foreign)
		return try_again(s, info.again, now_ms);
	if (rc < 0)
		return handshake_failed(s, rc);
	s->secure = true;
	smtp__facts_note(s);
	smtp__out_init(&out, s->tls_line, sizeof s->tls_line - 1);
	smtp__out_text(&out, info.version);
	smtp__out_octet(&out, ' ');
	smtp__out_text(&out, info.suite);
	if (!info.verified)
		smtp__out_text(&out, " unverified");
	s->tls_line[out.n] = '\0';
	smtp__trace_note(s->trace, info.resumed ? "TLS, resumed: " : "TLS: ",
	    s->tls_line);
	if (s->engine == NULL)
		return start_engine(s);
	smtp_engine_secured(s->engine);
	s->stage = SMTP__TALKING;
	return SMTP_OK;
}

#else

static int
start_tls(struct smtp *s, uint64_t now_ms)
{
	(void)now_ms;
	if (s->engine != NULL)
		smtp_engine_lost(s->engine, SMTP_E_TLS);
	return smtp__report(s, SMTP_E_TLS, SMTP_E_TLS, SMTP_PHASE_TLS,
	    "TLS: this build has none");
}

static int
shake_hands(struct smtp *s, uint64_t now_ms)
{
	return start_tls(s, now_ms);
}

#endif

int
smtp__connect_secure(struct smtp *s, uint64_t now_ms)
{
	return start_tls(s, now_ms);
}

/*
 * Dialling.
 */

static int
begin_talk(struct smtp *s, uint64_t now_ms)
{
	s->connected = s->reached = true;
	if (s->tls_policy == SMTP_ENGINE_IMPLICIT)
		return start_tls(s, now_ms);
	return start_engine(s);
}

/* "mail.example.com port 587", the proxy, or the path of a socket. */
static void
trace_dial(struct smtp *s)
{
	char room[SMTP__HOST_BYTES + 16];
	struct smtp__out out;

	if (s->path != NULL) {
		smtp__trace_note(s->trace, "connecting to ", s->path);
		return;
	}
	if (s->tunnel != NULL) {
		smtp__trace_note(s->trace, "connecting to proxy ",
		    smtp__options_text(s->options, SMTP__PROXY));
		return;
	}
	smtp__out_init(&out, room, sizeof room - 1);
	smtp__out_text(&out, s->host);
	smtp__out_text(&out, " port ");
	smtp__out_number(&out, s->port);
	room[out.n] = '\0';
	smtp__trace_note(s->trace, "connecting to ", room);
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* The address to come from has to be of the family to use. */
static bool
fits_family(const struct smtp *s)
{
	const char *family = smtp__options_text(s->options, SMTP__FAMILY);
	const char *local = smtp__options_text(s->options,
	    SMTP__LOCAL_ADDRESS);

	return local[0] == '\0' || family[0] == 'a' ||
	    (strchr(local, ':') != NULL) == (family[0] == '6');
}

static int
dial(struct smtp *s, uint64_t now_ms)
{
	const struct smtp__url *proxy = s->tunnel == NULL ? NULL :
	    smtp__tunnel_url(s->tunnel);
	const struct smtp__hooks *hooks = smtp__options_hooks(s->options);
	const char *family = smtp__options_text(s->options, SMTP__FAMILY);
	const struct smtp__dial_plan plan = {
		.host = proxy != NULL ? proxy->host : s->host,
		.port = proxy != NULL ? proxy->port : s->port,
		.path = s->path,
		.family = family[0] == '4' ? 4 : family[0] == '6' ? 6 : 0,
		.local = or_null(smtp__options_text(s->options,
		    SMTP__LOCAL_ADDRESS)),
		.interface = or_null(smtp__options_text(s->options,
		    SMTP__INTERFACE)),
		.resolver = hooks->resolver.start != NULL ? &hooks->resolver :
		    NULL,
		.resolve_ms = 1000 * smtp__options_wait(s->options,
		    SMTP__RESOLVE_TIMEOUT),
		.connect_ms = 1000 * smtp__options_wait(s->options,
		    SMTP__CONNECT_TIMEOUT),
	};

	s->dial = smtp__dial_start(&plan, now_ms);
	if (s->dial == NULL)
		return smtp__report(s, SMTP_E_MEMORY, SMTP_E_MEMORY,
		    SMTP_PHASE_RESOLVE, "out of memory");
	trace_dial(s);
	s->stage = SMTP__DIALLING;
	return SMTP_OK;
}

/* "proxy NAME: " in front where that was dialled. */
static void
dial_failed(struct smtp *s, int status, int phase)
{
	const char *words = smtp__dial_error(s->dial);
	char line[640];          /* all of theirs; report cuts it */
	struct smtp__out out;

	smtp__out_init(&out, line, sizeof line - 1);
	smtp__out_text(&out, s->tunnel != NULL ? "proxy " : "");
	smtp__out_text(&out, words[0] != '\0' ? words : "out of memory");
	line[out.n] = '\0';
	smtp__report(s, status, status, phase, line);
	smtp__trace_note(s->trace, s->error, "");
}

static void
end_dial(struct smtp *s)
{
	if (s->dial != NULL && s->story != NULL)
		smtp__dial_tell(s->dial, s->story);
	smtp__dial_free(s->dial);
	s->dial = NULL;
}

static int
dial_step(struct smtp *s, uint64_t now_ms)
{
	int rc = smtp__dial_step(s->dial, now_ms);
	int phase = smtp__dial_phase(s->dial);

	if (rc > 0) {
		s->due_ms = smtp__dial_due_ms(s->dial);
		return rc | SMTP_WANT_TIME;
	}
	if (rc == SMTP_OK)
		rc = smtp__dial_take(s->dial, &s->transport);
	if (rc != SMTP_OK)
		dial_failed(s, rc, phase);
	end_dial(s);
	s->stage = SMTP__APART;
	if (rc != SMTP_OK)
		return rc;
	return s->tunnel != NULL ? smtp__tunnel_start(s, now_ms) :
	    begin_talk(s, now_ms);
}

static int
tunnel_step(struct smtp *s, uint64_t now_ms)
{
	int rc = smtp__tunnel_step(s, now_ms);

	return rc != SMTP_OK ? rc : begin_talk(s, now_ms);
}

static int
begin(struct smtp *s, uint64_t now_ms)
{
	bool used;
	int rc;

	smtp__connect_end(s);
	s->goal = SMTP__GOAL_OPEN;
	if (smtp__options_take_transport(s->options, &s->transport, &used)) {
		s->foreign = s->connected = true;
		if (smtp__options_text(s->options, SMTP__PROXY)[0] != '\0')
			return smtp__report(s, SMTP_E_ARGUMENT,
			    SMTP_E_ARGUMENT, SMTP_PHASE_CONNECT, "option "
			    "\"proxy\": does not go with a transport of "
			    "one's own");
		return begin_talk(s, now_ms);
	}
	if (used)
		return smtp__report(s, SMTP_E_ARGUMENT, SMTP_E_ARGUMENT,
		    SMTP_PHASE_CONNECT, "option \"transport\": another "
		    "session has taken it");
#if SMTP_WITH_TLS
	/* Options that cannot be used are told before anybody is called. */
	if (s->tls_policy != SMTP_ENGINE_PLAINTEXT) {
		struct smtp__tls_shared *shared;
		char why[256] = "";

		rc = smtp__options_tls(s->options, takes_any(s), &shared,
		    why, sizeof why);
		if (rc != SMTP_OK)
			return smtp__report(s, rc, rc, SMTP_PHASE_TLS, why);
	}
#endif
	if (!fits_family(s))
		return smtp__report(s, SMTP_E_ARGUMENT, SMTP_E_ARGUMENT,
		    SMTP_PHASE_CONNECT, "option \"local-address\": is of "
		    "another family than \"family\"");
	rc = smtp__tunnel_prepare(s);
	return rc != SMTP_OK ? rc : dial(s, now_ms);
}

int
smtp__connect_start(struct smtp *s, uint64_t now_ms)
{
	s->tls_again = SMTP__TLS_NOT_AGAIN;
	return begin(s, now_ms);
}

int
smtp__connect_step(struct smtp *s, uint64_t now_ms)
{
	int rc = SMTP_OK;

	while (rc == SMTP_OK && s->stage != SMTP__TALKING) {
		if (s->stage == SMTP__DIALLING)
			rc = dial_step(s, now_ms);
		else if (s->stage == SMTP__TUNNELLING)
			rc = tunnel_step(s, now_ms);
		else
			rc = shake_hands(s, now_ms);
	}
	return rc;
}

void
smtp__connect_interrupt(struct smtp *s, int cause)
{
	int phase;

#if SMTP_WITH_TLS
	if (s->stage == SMTP__SECURING) {
		(void)handshake_failed(s, cause);
		smtp__connect_close(s);
		return;
	}
#endif
	phase = s->dial != NULL ? smtp__dial_phase(s->dial) :
	    SMTP_PHASE_CONNECT;
	smtp__report(s, cause, cause, phase, cause == SMTP_E_CANCELLED ?
	    "cancelled while connecting" :
	    "the deadline has passed while connecting");
	smtp__connect_close(s);
}

void
smtp__connect_close(struct smtp *s)
{
	end_dial(s);
	smtp__tunnel_end(s);
	smtp__trace_end(s->trace);
	if (s->connected && s->transport.close != NULL)
		s->transport.close(s->transport.ctx);
	s->connected = false;
	s->tls = NULL;
	s->stage = SMTP__APART;
}

void
smtp__connect_end(struct smtp *s)
{
	smtp__connect_close(s);
	s->secure = s->authenticated = s->without_ehlo = false;
	s->read_ended = s->write_failed = false;
	s->engine = NULL;
	smtp__facts_forget(s);
	s->tls_line[0] = s->banner[0] = '\0';
	s->reached = false;
	smtp__memory_free(&s->heap, s->capabilities, s->capabilities_n);
	s->capabilities = NULL;
	s->capabilities_n = 0;
	smtp__limits_forget(s);
}
