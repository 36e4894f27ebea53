/* SPDX-License-Identifier: MIT */
/*
 * The whole engine against a peer that says what it likes, when it likes. The
 * input is a session: its setup, its mails, and what the server says; it is
 * played three times with other cuts, and each time the same octets have to
 * leave and the same has to become of each mail. Watched on the wire, not in
 * the engine:
 *
 * - nobody is told OK whose end mark did not leave, or who got no 2yz behind;
 * - nobody is told LATER or REFUSED whose end mark left unanswered;
 * - commands are lines; content unstuffs to what was given;
 * - no password without TLS, unless that was asked for;
 * - each mail comes back, and nothing goes on for ever.
 */
#include "fuzz.h"

#include <stdbool.h>

#include <smtp/engine.h>

#define MAILS 4
#define RCPTS 4
#define WIRE 16384

static const char user[] = "joe", password[] = "pw-tWelve";
/* What of the password's base64 there is at each of its three places. */
static const char *const shown[] = {
	"cHctdFdlbHZl", "B3LXRXZWx2Z", "wdy10V2VsdmU"
};

#define OFFERS "250-x\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n" \
    "250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n" \
    "250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n"
#define CHUNKS "250-x\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250 PIPELINING\r\n"
#define CHALLENGE "334 PDEyMzQ1Njc4OTAxMjM0NUB4PgAAAAAAAAAAAAAAAAA=\r\n"
static const char *const says[] = {
	"220 x ESMTP\r\n", "250 x\r\n", OFFERS, CHUNKS, CHALLENGE,
	"250-x\r\n250-PIPELINING\r\n250 AUTH LOGIN\r\n",
	"250-x\r\n250 STARTTLS\r\n", "250 2.1.0 OK\r\n", "250 2.1.5 OK\r\n",
	"354 go\r\n", "235 2.7.0 in\r\n", "334 \r\n", "334 VXNlcm5hbWU6\r\n",
	"535 5.7.8 no\r\n", "504 5.5.4 no\r\n", "432 4.7.12 PLAIN\r\n",
	"421 4.3.2 bye\r\n", "450 4.2.0 later\r\n", "550 5.1.1 nobody\r\n",
	"552 5.3.4 big\r\n", "503 5.5.1 what\r\n", "500 what\r\n",
	"250-a\r\n", "250 ", "\r\n", "\r", "\n", "5", "2", "0", "999 x\r\n",
	"250-2.0.0 a\r\n250 2.0.0 b\r\n", "250-a\r\n550 b\r\n",
	"220-x\r\n220 y\r\n", "221 bye\r\n"
};
#define SAYS (sizeof says / sizeof *says)

struct mail {
	struct smtp_delivery d;
	struct smtp_rcpt rcpts[RCPTS];
	char *content, *from, *to[RCPTS];
	size_t content_n;
	bool fails;
	/* in this run: */
	size_t given, wire_n;
	bool ended, back;
	unsigned taken;                  /* replies of 2yz at the mark    */
	char wire[WIRE];
};

struct session {
	struct smtp_engine_setup setup;
	struct smtp_credentials credentials;
	size_t arena_n;
	bool auth, window;
	struct mail mails[MAILS];
	size_t mail_n;
	const uint8_t *script;
	size_t script_n;
};

struct cut {
	size_t in, out, content;
};

struct run {
	struct smtp_engine *e;
	union {
		uint64_t align;
		void *align_p;
		unsigned char octets[SMTP_ENGINE_BYTES];
	} memory;
	char arena[700];
	struct cut cut;
	char wire[4 * WIRE];             /* all but content               */
	size_t wire_n;
	bool secure, tried, quit;
	size_t sent;
	unsigned good, bad;              /* complete replies that were fed */
	char line[4];                    /* the start of the one that is  */
	size_t line_n;
	unsigned steps;
};

/* The replies, counted as plainly as can be. */
static void
count(struct run *r, char c)
{
	if (c == '\n') {
		if (r->line_n >= 3 && (r->line_n < 4 || r->line[3] != '-')) {
			if (r->line[0] == '2')
				r->good++;
			else
				r->bad++;
		}
		r->line_n = 0;
	} else if (r->line_n < sizeof r->line && c != '\r') {
		r->line[r->line_n++] = c;
	}
}

static struct mail *
whose_turn(struct session *s)
{
	for (size_t i = 0; i < s->mail_n; i++)
		if (s->mails[i].d.phase == SMTP_PHASE_CONTENT &&
		    !s->mails[i].back)
			return &s->mails[i];
	return NULL;
}

static void
give(struct session *s, struct run *r)
{
	struct mail *m = whose_turn(s);
	size_t n;

	REQUIRE(m != NULL && !m->ended);
	n = m->content_n - m->given;
	if (n > r->cut.content)
		n = r->cut.content;
	if (n == 0 && m->fails) {
		smtp_engine_content_failed(r->e, SMTP_E_SOURCE);
		return;
	}
	m->ended = n == 0;
	smtp_engine_content(r->e, m->content + m->given, n);
	m->given += n;
}

/* A complete line of ours. */
static void
check_line(const struct session *s, const struct run *r, const char *p,
    size_t n)
{
	REQUIRE(n >= 3 && n <= 12288 && p[n - 2] == '\r');
	for (size_t i = 0; i < n - 2; i++)
		REQUIRE((unsigned char)p[i] >= ' ' && p[i] != 127);
	if (r->secure || s->setup.insecure_auth)
		return;
	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i + strlen(shown[k]) <= n; i++)
			REQUIRE(memcmp(p + i, shown[k], strlen(shown[k])));
}

static void
take(struct session *s, struct run *r)
{
	char p[8192];
	struct mail *m = whose_turn(s);
	size_t n = smtp_engine_take(r->e, p, r->cut.out < sizeof p ?
	    r->cut.out : sizeof p);
	size_t i, start;

	if (n == 0)
		return;
	if (smtp_engine_taken(r->e) == SMTP_KIND_CONTENT) {
		REQUIRE(m != NULL && m->wire_n + n <= sizeof m->wire);
		memcpy(m->wire + m->wire_n, p, n);
		m->wire_n += n;
		if (m->ended)
			m->taken = r->good;
		return;
	}
	REQUIRE(r->wire_n + n <= sizeof r->wire);
	memcpy(r->wire + r->wire_n, p, n);
	for (i = r->wire_n; i < r->wire_n + n; i++) {
		if (r->wire[i] != '\n')
			continue;
		for (start = i; start > 0 && r->wire[start - 1] != '\n'; )
			start--;
		check_line(s, r, r->wire + start, i + 1 - start);
	}
	r->wire_n += n;
}

static void
send_mails(struct session *s, struct run *r)
{
	do {
		struct mail *m = &s->mails[r->sent++];

		if (smtp_engine_send(r->e, &m->d) != SMTP_OK) {
			REQUIRE(m->d.status < 0);
			m->back = true;
		}
	} while (s->window && r->sent < s->mail_n);
}

static void
ready(struct session *s, struct run *r)
{
	if (s->auth && !r->tried) {
		r->tried = true;
		if (smtp_engine_auth(r->e, &s->credentials) == SMTP_OK)
			return;
	}
	if (r->sent < s->mail_n) {
		send_mails(s, r);
	} else if (!r->quit) {
		r->quit = true;
		REQUIRE(smtp_engine_quit(r->e) == SMTP_OK);
	}
}

/* All that can happen without the server. */
static void
serve(struct session *s, struct run *r)
{
	struct smtp_delivery *d;
	struct smtp_reply reply;
	unsigned want;

	for (;;) {
		REQUIRE(++r->steps < 100000);
		want = smtp_engine_want(r->e);
		(void)smtp_engine_due_ms(r->e, r->steps);
		(void)smtp_engine_reply(r->e, &reply);
		REQUIRE(want != 0);
		if (want & SMTP_ENGINE_RESULT) {
			d = smtp_engine_result(r->e);
			REQUIRE(d != NULL && d->status <= 0);
			((struct mail *)(void *)d)->back = true;
		} else if (want & SMTP_ENGINE_READY && !r->quit) {
			ready(s, r);
		} else if (want & SMTP_ENGINE_TLS) {
			r->secure = true;
			smtp_engine_secured(r->e);
		} else if (want & SMTP_ENGINE_CONTENT) {
			give(s, r);
		} else if (want & SMTP_ENGINE_WRITE) {
			take(s, r);
		} else {
			return;
		}
	}
}

static void
hear(struct run *r, const char *p, size_t n)
{
	size_t at = 0;

	while (at < n && !(smtp_engine_want(r->e) & SMTP_ENGINE_DONE)) {
		size_t piece = n - at < r->cut.in ? n - at : r->cut.in;
		char *exact = malloc(piece);
		size_t used;

		memcpy(exact, p + at, piece);
		used = smtp_engine_feed(r->e, exact, piece);
		REQUIRE(used > 0 && used <= piece);
		for (size_t i = 0; i < used; i++)
			count(r, exact[i]);
		free(exact);
		at += used;
		REQUIRE(++r->steps < 100000);
	}
}

/* Was the end mark of this mail said, by what is on the wire? */
static bool
is_marked(const struct mail *m)
{
	return m->ended && m->wire_n >= 3 &&
	    memcmp(m->wire + m->wire_n - 3, ".\r\n", 3) == 0 &&
	    (m->wire_n == 3 || (m->wire_n >= 5 &&
	    memcmp(m->wire + m->wire_n - 5, "\r\n", 2) == 0));
}

/* What a server would store: dots off, and it has to be what was given. */
static void
check_content(const struct mail *m)
{
	size_t at = 0, i = 0;
	bool start = true;

	while (at + 3 < m->wire_n && i < m->content_n) {
		char c = m->content[i], w;

		if (start && m->wire[at] == '.')
			REQUIRE(m->wire[++at] == '.');
		w = m->wire[at];
		if (c == '\r' || c == '\n') {
			REQUIRE(w == '\r' && m->wire[at + 1] == '\n');
			i += c == '\r' && i + 1 < m->content_n &&
			    m->content[i + 1] == '\n' ? 2 : 1;
			at += 2;
			start = true;
		} else {
			REQUIRE(w == c);
			at++;
			i++;
			start = false;
		}
	}
	if (is_marked(m))
		REQUIRE(i == m->content_n || m->given == 0);
}

static void
check_mail(const struct run *r, const struct mail *m)
{
	bool marked = is_marked(m), ok = false, unknown = false;

	REQUIRE(m->back && m->d.status <= 0);
	for (size_t i = 0; i < m->d.rcpt_count; i++) {
		int status = m->rcpts[i].status;

		REQUIRE(status <= 0);
		ok |= status == SMTP_OK;
		unknown |= status == SMTP_E_UNKNOWN;
	}
	if (ok)
		REQUIRE(marked && r->good > m->taken);
	if (unknown)
		REQUIRE(marked && m->d.status == SMTP_E_UNKNOWN);
	check_content(m);
}

static size_t
play(struct session *s, struct cut cut, char **all)
{
	struct run *r = calloc(1, sizeof *r);
	struct fuzz f = { s->script, s->script_n };
	size_t n = 0, i;

	r->cut = cut;
	s->setup.text = s->arena_n > 0 ? r->arena : NULL;
	s->setup.text_n = s->arena_n;
	r->secure = s->setup.tls == SMTP_ENGINE_IMPLICIT;
	for (i = 0; i < s->mail_n; i++) {
		struct mail *m = &s->mails[i];

		m->given = m->wire_n = 0;
		m->ended = m->back = false;
		m->taken = 0;
		m->d.phase = 0;
		for (size_t k = 0; k < m->d.rcpt_count; k++)
			m->rcpts[k].status = SMTP_RCPT_PENDING;
	}
	if (smtp_engine_init(&r->e, r->memory.octets, sizeof r->memory.octets,
	    &s->setup) != SMTP_OK) {
		free(r);
		return 0;
	}
	serve(s, r);
	while (f.n > 0 && !(smtp_engine_want(r->e) & SMTP_ENGINE_DONE)) {
		unsigned op = fuzz_octet(&f);

		if (op < 200) {
			const char *text = says[op % SAYS];

			hear(r, text, strlen(text));
		} else if (op < 250) {
			size_t size;
			char *text = fuzz_block(&f, 64, &size);

			hear(r, text, size);
			free(text);
			/* Not served: the next comes together with it. */
			if (op & 1)
				continue;
		} else {
			smtp_engine_lost(r->e, op & 1 ? SMTP_E_TIMEOUT :
			    SMTP_E_CLOSED);
		}
		serve(s, r);
	}
	smtp_engine_lost(r->e, SMTP_E_CLOSED);
	serve(s, r);
	REQUIRE(smtp_engine_want(r->e) & SMTP_ENGINE_DONE);

	/* All that is to be the same however it was cut. */
	*all = malloc(sizeof r->wire + MAILS * (WIRE + 100));
	memcpy(*all, r->wire, r->wire_n);
	n = r->wire_n;
	for (i = 0; i < s->mail_n && i < r->sent; i++) {
		const struct mail *m = &s->mails[i];

		check_mail(r, m);
		/* Where content is refused half-way, a cut tells how far. */
		if (is_marked(m)) {
			memcpy(*all + n, m->wire, m->wire_n);
			n += m->wire_n;
		}
		for (size_t k = 0; k < m->d.rcpt_count; k++) {
			const struct smtp_rcpt *row = &m->rcpts[k];

			(*all)[n++] = (char)row->status;
			(*all)[n++] = (char)row->phase;
			(*all)[n++] = (char)row->code;
		}
		(*all)[n++] = (char)m->d.status;
		(*all)[n++] = (char)m->d.cause;
	}
	(*all)[n++] = (char)smtp_engine_status(r->e);
	free(r);
	return n;
}

static void
make_mail(struct fuzz *f, struct mail *m)
{
	unsigned how = fuzz_octet(f);

	m->from = how & 1 ? fuzz_string(f, 40) : strdup("a@x.example");
	m->d.from = m->from;
	m->d.rcpts = m->rcpts;
	m->d.rcpt_count = 1 + (how >> 1 & 3);
	for (size_t i = 0; i < m->d.rcpt_count; i++) {
		m->to[i] = how & 8 ? fuzz_string(f, 40) :
		    strdup("b@x.example");
		m->rcpts[i].address = m->to[i];
	}
	how = fuzz_octet(f);
	m->d.flags = how & 15;
	m->fails = (how & 0x70) == 0x70;
	m->content = fuzz_block(f, 255, &m->content_n);
	m->d.size = m->content_n;
	m->d.parameters = how & 0x80 ? "ENVID=1" : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_n)
{
	struct fuzz f = { input, input_n };
	struct session *s = calloc(1, sizeof *s);
	unsigned how = fuzz_octet(&f), cuts = fuzz_octet(&f);
	char *all = NULL, *again = NULL;
	size_t i, n;

	s->setup.tls = how & 3;
	s->setup.lmtp = how >> 2 & 1;
	s->setup.insecure_auth = how >> 3 & 1;
	s->auth = how >> 4 & 1;
	s->window = how >> 5 & 1;
	s->arena_n = (how >> 6) * 200;
	s->setup.ehlo = "client.example";
	s->credentials.user = user;
	s->credentials.password = password;
	s->mail_n = 1 + fuzz_octet(&f) % MAILS;
	for (i = 0; i < s->mail_n; i++)
		make_mail(&f, &s->mails[i]);
	s->script = f.p;
	s->script_n = f.n;

	n = play(s, (struct cut){ 4096, 4096, 4096 }, &all);
	for (i = 0; i < 2 && all != NULL; i++) {
		struct cut cut = { 1 + (cuts & 15), 1 + (cuts >> 4), 7 };

		if (i == 0)
			cut = (struct cut){ 1, 1, 1 };
		REQUIRE(play(s, cut, &again) == n);
		REQUIRE(memcmp(all, again, n) == 0);
		free(again);
	}
	free(all);
	for (i = 0; i < s->mail_n; i++) {
		struct mail *m = &s->mails[i];

		free(m->from);
		free(m->content);
		for (size_t k = 0; k < m->d.rcpt_count; k++)
			free(m->to[k]);
	}
	free(s);
	return 0;
}
