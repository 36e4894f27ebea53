/* SPDX-License-Identifier: MIT */
/*
 * Plays every transcript of tests/dialogue/ against the engine, without a
 * socket: whole, an octet at a time, cut at every place, with small output,
 * and with the session lost, out of time or cancelled at every octet.
 * tests/dialogue/README says how a transcript is written.
 */
#include "check.h"

#include <dirent.h>
#include <stdbool.h>

#include <smtp/engine.h>

#include "support/built.h"

#define DIALOGUES "tests/dialogue"
#define LINES 200
#define SENDS 8
#define RCPTS 16
#define ROWS 200
#define NEVER ((size_t)-1)

/* A line with the fields of a row filled in; octets of C and S lines. */
struct line {
	int number;
	char *text, *octets;
	size_t n;
};

struct play {
	const char *name;
	char *text, *lines[LINES];
	int numbers[LINES];
	struct line filled[LINES];
	size_t line_n;
	char *needs;             /* what the build has to have, or NULL   */
	char *rows[ROWS];        /* of "Each:"                            */
	size_t row_n;
	const char *row;         /* that is played, or NULL               */
};

/* How the octets are cut in this run. */
struct cut {
	size_t split;            /* an input boundary at this octet       */
	size_t in, out, content; /* at most so many octets at a time      */
	size_t lose;             /* the session, after so many octets     */
	int cause;               /* and why                               */
};

struct mail {
	struct smtp_delivery d;
	struct smtp_rcpt rcpts[RCPTS];
	char *content;
	size_t content_n, given;
	int fails;               /* with this status instead of an end    */
	size_t pieces[8];        /* with BDAT: where each of them ends    */
	size_t piece_n, piece;
	bool open;               /* the last one is not told to be that   */
	bool marked, answered;   /* what this side of the wire knows      */
	size_t before;           /* replies that come before the verdict  */
	size_t expected, verdicts; /* LMTP: one for each recipient        */
	bool prdr;               /* 353 was heard                         */
	bool back;               /* result() gave it back                 */
	bool undecided;          /* when the session was lost             */
};

struct run {
	const struct play *play;
	struct cut cut;
	size_t at;               /* line of the transcript                */
	size_t heard, moved;     /* octets fed; octets fed or taken       */
	bool lost;
	union {
		uint64_t align;
		void *align_p;
		unsigned char octets[SMTP_ENGINE_BYTES];
	} memory;
	struct smtp_engine *e;
	struct smtp_engine_setup setup;
	struct smtp_credentials credentials;
	char *arena;
	char ehlo[700];
	struct mail mails[SENDS];
	size_t mail_n, result;
	size_t owed;             /* replies, from the first MAIL on       */
	bool chunking;           /* the server offers it                  */
	bool lmtp;
	bool in_chunk;           /* BDAT LAST was said                    */
	char *strings[512];      /* lent to the engine                    */
	size_t string_n;
	uint16_t waits[SMTP_WAIT_COUNT];
	int returned;
	bool returned_checked;
};

static const struct { const char *name; int code; } names[] = {
	{ "OK", SMTP_OK }, { "PARTIAL", SMTP_E_PARTIAL },
	{ "LATER", SMTP_E_LATER }, { "REFUSED", SMTP_E_REFUSED },
	{ "UNKNOWN", SMTP_E_UNKNOWN }, { "ARGUMENT", SMTP_E_ARGUMENT },
	{ "STATE", SMTP_E_STATE }, { "SPACE", SMTP_E_SPACE },
	{ "UNSUPPORTED", SMTP_E_UNSUPPORTED }, { "SOURCE", SMTP_E_SOURCE },
	{ "CLOSED", SMTP_E_CLOSED }, { "TIMEOUT", SMTP_E_TIMEOUT },
	{ "CANCELLED", SMTP_E_CANCELLED }, { "TLS", SMTP_E_TLS },
	{ "CERTIFICATE", SMTP_E_CERTIFICATE }, { "AUTH", SMTP_E_AUTH },
	{ "PROTOCOL", SMTP_E_PROTOCOL }, { "REPLY", SMTP_E_REPLY },
	{ "MEMORY", SMTP_E_MEMORY },
	{ "PENDING", SMTP_RCPT_PENDING }, { "TAKEN", SMTP_RCPT_TAKEN },
};

static const struct { const char *name; int code; } phases[] = {
	{ "greeting", SMTP_PHASE_GREETING }, { "ehlo", SMTP_PHASE_EHLO },
	{ "starttls", SMTP_PHASE_STARTTLS }, { "tls", SMTP_PHASE_TLS },
	{ "auth", SMTP_PHASE_AUTH }, { "mail", SMTP_PHASE_MAIL },
	{ "rcpt", SMTP_PHASE_RCPT }, { "data", SMTP_PHASE_DATA },
	{ "content", SMTP_PHASE_CONTENT }, { "final", SMTP_PHASE_FINAL },
	{ "quit", SMTP_PHASE_QUIT }, { "none", SMTP_PHASE_NONE },
};

/* What a transcript can need, by "Needs:". */
static const struct { const char *name; bool built; } switches[] = {
	{ "PIPELINING", SMTP_WITH_PIPELINING }, { "SIZE", SMTP_WITH_SIZE },
	{ "8BITMIME", SMTP_WITH_8BITMIME },
	{ "SMTPUTF8", SMTP_WITH_SMTPUTF8 },
	{ "ENHANCED", SMTP_WITH_ENHANCED }, { "TEXT", SMTP_WITH_TEXT },
	{ "HELO", SMTP_WITH_HELO }, { "LMTP", SMTP_WITH_LMTP },
	{ "REUSE", SMTP_WITH_REUSE }, { "COMMAND", SMTP_WITH_COMMAND },
	{ "PARAMETERS", SMTP_WITH_PARAMETERS },
	{ "QUOTED", SMTP_WITH_QUOTED }, { "PLAINTEXT", SMTP_WITH_PLAINTEXT },
	{ "TEMPORARY", SMTP_WITH_TEMPORARY }, { "AUTHZID", SMTP_WITH_AUTHZID },
	{ "MECHANISM", SMTP_WITH_MECHANISM }, { "SECOND", SMTP_WITH_SECOND },
	{ "REQUIRE_ALL", SMTP_WITH_REQUIRE_ALL },
	{ "BDAT", SMTP_WITH_BDAT }, { "PRDR", SMTP_WITH_PRDR },
	{ "LOGIN", SMTP_WITH_LOGIN }, { "CRAM_MD5", SMTP_WITH_CRAM_MD5 },
	{ "XOAUTH2", SMTP_WITH_XOAUTH2 },
	{ "OAUTHBEARER", SMTP_WITH_OAUTHBEARER },
	{ "STEPPED", SMTP_WITH_STEPPED && SMTP_WITH_TEXT },
	{ "HASH", SMTP_WITH_HASH }, { "CHOICE", CHOICE_BUILT },
	{ "INSPECT", SMTP_WITH_INSPECT },
};

static void
wrong(const struct run *r, const char *what, const char *detail)
{
	fail_msg("%s:%d: %s: %s (split %zd in %zd out %zd content %zd "
	    "lose %zd; %s)", r->play->name,
	    r->at < r->play->line_n ? r->play->numbers[r->at] : 0, what,
	    detail, (ssize_t)r->cut.split, (ssize_t)r->cut.in,
	    (ssize_t)r->cut.out, (ssize_t)r->cut.content,
	    (ssize_t)r->cut.lose,
	    r->play->row != NULL ? r->play->row : "no rows");
}

static int
code_of(const struct run *r, const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].code;
	wrong(r, "no such status", name);
	return 0;
}

static const char *
name_of(int code)
{
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		if (names[i].code == code)
			return names[i].name;
	return "?";
}

/*
 * Text with \r \n \0 \s (a space) \\ and \xNN, and \{N:text} for text N times
 * over; returns its length. Without `out` it is only measured.
 */
static size_t
unescape_into(const char *p, const char *end, char *out)
{
	size_t k = 0;

	while (p < end) {
		char c = *p++, hex[3];

		if (c == '\\' && *p == '{') {
			const char *close = memchr(p, '}', (size_t)(end - p));
			char *colon;
			size_t times = strtoul(p + 1, &colon, 10);

			assert_non_null(close);
			for (; times > 0; times--)
				k += unescape_into(colon + 1, close,
				    out != NULL ? out + k : NULL);
			p = close + 1;
			continue;
		}
		if (c == '\\') {
			c = *p++;
			if (c == 'x') {
				memcpy(hex, p, 2);
				hex[2] = '\0';
				c = (char)strtoul(hex, NULL, 16);
				p += 2;
			} else {
				c = c == 'r' ? '\r' : c == 'n' ? '\n' :
				    c == 't' ? '\t' : c == '0' ? '\0' :
				    c == 's' ? ' ' : c;
			}
		}
		if (out != NULL)
			out[k] = c;
		k++;
	}
	return k;
}

/* Into memory of exact size, but for a NUL. */
static char *
unescape(const char *p, size_t *n)
{
	char *out;

	*n = unescape_into(p, p + strlen(p), NULL);
	out = malloc(*n + 1);
	assert_non_null(out);
	unescape_into(p, p + strlen(p), out);
	out[*n] = '\0';
	return out;
}

static char *
lend(struct run *r, const char *text)
{
	size_t n;
	char *p = unescape(text, &n);

	assert_true(r->string_n < COUNT(r->strings));
	r->strings[r->string_n++] = p;
	return p;
}

/* After each octet: has the connection to be lost here? */
static bool
moved(struct run *r, size_t n)
{
	size_t i;

	r->moved += n;
	if (r->lost || r->moved < r->cut.lose)
		return r->lost;
	r->lost = true;
	for (i = 0; i < r->mail_n; i++)
		r->mails[i].undecided = r->mails[i].d.status > 0;
	smtp_engine_lost(r->e, r->cut.cause);
	return true;
}

/* The mail that is in this phase, and whose end mark was not seen yet. */
static struct mail *
mail_in(struct run *r, int phase)
{
	size_t i;

	for (i = 0; i < r->mail_n; i++)
		if (r->mails[i].d.phase == phase && !r->mails[i].marked &&
		    !r->mails[i].back)
			return &r->mails[i];
	return NULL;
}

/* A piece of content for BDAT, which is as large as the transcript says. */
static void
give_piece(struct run *r, struct mail *m)
{
	const char *p = m->content + m->given;
	size_t n = m->pieces[m->piece] - m->given;
	char *exact;

	if (m->piece == m->piece_n) {
		if (m->fails != 0)
			smtp_engine_content_failed(r->e, m->fails);
		else
			smtp_engine_content(r->e, p, 0);
		return;
	}
	exact = malloc(n > 0 ? n : 1);
	memcpy(exact, p, n);
	assert_true(r->string_n < COUNT(r->strings));
	r->strings[r->string_n++] = exact;
#if SMTP_WITH_BDAT
	if (m->piece + 1 == m->piece_n && m->fails == 0 && !m->open)
		smtp_engine_content_last(r->e, exact, n);
	else
#endif
		smtp_engine_content(r->e, exact, n);
	m->given += n;
	m->piece++;
}

/* The first that is not decided and whose end is not out. */
static struct mail *
mail_to_give(struct run *r)
{
	size_t i;

	for (i = 0; i < r->mail_n; i++)
		if (r->mails[i].d.status > 0 &&
		    r->mails[i].d.phase < SMTP_PHASE_FINAL)
			return &r->mails[i];
	return NULL;
}

/* The engine wants content: give the next piece of the mail in its turn. */
static void
give(struct run *r)
{
	struct mail *m = mail_to_give(r);
	size_t left, n;

	assert_non_null(m);
	if (SMTP_WITH_BDAT && m->d.flags & SMTP_DELIVERY_CHUNKS &&
	    r->chunking) {
		give_piece(r, m);
		return;
	}
	left = m->content_n - m->given;
	n = left < r->cut.content ? left : r->cut.content;
	if (n == 0 && m->fails != 0)
		smtp_engine_content_failed(r->e, m->fails);
	else
		smtp_engine_content(r->e, m->content + m->given, n);
	m->given += n;
}

/* Take up to `n` octets into exact memory; 0: there is nothing to say. */
static size_t
take(struct run *r, char *p, size_t n)
{
	size_t done = 0, step, most;
	int tries;

	for (tries = 0; done < n && !r->lost && tries < 1000000; tries++) {
		unsigned want = smtp_engine_want(r->e);

		if (want & SMTP_ENGINE_CONTENT) {
			give(r);
			continue;
		}
		if (!(want & SMTP_ENGINE_WRITE))
			break;
		step = r->cut.out < n - done ? r->cut.out : n - done;
		if (r->cut.lose != NEVER) {
			most = r->cut.lose - r->moved;
			step = most < step && most > 0 ? most : step;
		}
		most = step;
		step = smtp_engine_take(r->e, p + done, step);
		assert_true(step <= most);
		done += step;
		moved(r, step);
	}
	return done;
}

/* The client says exactly this, or with `some` a beginning of it. */
static void
expect(struct run *r, const char *p, size_t n, bool some)
{
	char *got = malloc(n > 0 ? n : 1);
	size_t k = take(r, got, n);

	if (!r->lost && ((k != n && !some) || memcmp(got, p, k) != 0)) {
		char *shown = malloc(k + n + 200);

		snprintf(shown, k + n + 200, "'%.*s', not '%.*s'", (int)k,
		    got, (int)n, p);
		wrong(r, "the client said", shown);
	}
	free(got);
}

/* Nothing more is said before the server speaks. */
static void
expect_silence(struct run *r)
{
	char c[64];
	size_t n;

	if (r->lost)
		return;
	n = take(r, c, sizeof c - 1);
	c[n] = '\0';
	if (n > 0 && !r->lost)
		wrong(r, "the client said more", c);
}

static int
phase_of(const struct run *r)
{
#if SMTP_WITH_INSPECT
	return smtp_engine_phase(r->e);
#else
	return r->e == NULL ? -1 : SMTP_PHASE_NONE;
#endif
}

/*
 * A reply is about a recipient that there is, or about none; and it belongs to
 * the phase that was waited for, when there was nothing else to do.
 */
static void
check_reply(const struct run *r, unsigned want, int phase)
{
#if SMTP_WITH_TEXT
	struct smtp_reply reply;

	if (!smtp_engine_reply(r->e, &reply))
		return;
	if (SMTP_WITH_INSPECT && want == SMTP_ENGINE_READ &&
	    reply.phase != phase)
		wrong(r, "a reply", "is of another phase");
	if (reply.rcpt == SMTP_NO_RCPT)
		return;
	if (reply.delivery == NULL || reply.rcpt >= reply.delivery->rcpt_count)
		wrong(r, "a reply", "is about a recipient that is not there");
#else
	(void)r;
	(void)want;
	(void)phase;
#endif
}

static void
feed(struct run *r, const char *p, size_t n)
{
	const unsigned alive = SMTP_ENGINE_WRITE | SMTP_ENGINE_CONTENT |
	    SMTP_ENGINE_READY;
	unsigned want = smtp_engine_want(r->e);

	if (!r->lost && want & alive && !(want & SMTP_ENGINE_READ))
		wrong(r, "the engine", "does not want to read");
	while (n > 0 && !r->lost) {
		size_t step = n < r->cut.in ? n : r->cut.in, used, k;
		char *exact;

		if (r->heard < r->cut.split && r->cut.split - r->heard < step)
			step = r->cut.split - r->heard;
		if (r->cut.lose != NEVER && r->cut.lose - r->moved < step)
			step = r->cut.lose - r->moved;
		exact = malloc(step);
		memcpy(exact, p, step);
		for (k = 0; k < step; k += used) {
			int phase = phase_of(r);

			want = smtp_engine_want(r->e);
			used = smtp_engine_feed(r->e, exact + k, step - k);
			assert_true(used > 0 && used <= step - k);
			check_reply(r, want, phase);
		}
		free(exact);
		p += step;
		n -= step;
		r->heard += step;
		moved(r, step);
	}
}

/*
 * Operations and expectations: words with values.
 */

static const char *
value(char *word, const char *name)
{
	size_t n = strlen(name);

	return strncmp(word, name, n) == 0 && word[n] == '=' ?
	    word + n + 1 : NULL;
}

static size_t
split(char *line, char **words, size_t most)
{
	size_t n = 0;
	char *p = line;

	while (n < most) {
		while (*p == ' ')
			*p++ = '\0';
		if (*p == '\0')
			break;
		words[n++] = p;
		while (*p != ' ' && *p != '\0')
			p++;
	}
	return n;
}

/* Seconds with commas between them, in the order of smtp_engine_wait. */
static void
set_waits(struct run *r, const char *v)
{
	char *end;
	size_t i;

	for (i = 0; i < SMTP_WAIT_COUNT; i++) {
		r->waits[i] = (uint16_t)strtoul(v, &end, 10);
		v = end + (*end == ',');
	}
	r->setup.wait_s = r->waits;
}

static void
setup(struct run *r, char **words, size_t n)
{
	size_t i, arena = 4096;

	memset(&r->setup, 0, sizeof r->setup);
	/* Where nothing is said of TLS, it is there or not. */
	r->setup.tls = SMTP_WITH_PLAINTEXT ? SMTP_ENGINE_PLAINTEXT :
	    SMTP_ENGINE_IMPLICIT;
	snprintf(r->ehlo, sizeof r->ehlo, "client.example.com");
	for (i = 0; i < n; i++) {
		const char *v;

		if ((v = value(words[i], "tls")) != NULL)
			r->setup.tls = strcmp(v, "starttls") == 0 ?
			    SMTP_ENGINE_STARTTLS : strcmp(v, "implicit") == 0 ?
			    SMTP_ENGINE_IMPLICIT :
			    strcmp(v, "opportunistic") == 0 ?
			    SMTP_ENGINE_OPPORTUNISTIC : SMTP_ENGINE_PLAINTEXT;
		else if ((v = value(words[i], "ehlo")) != NULL)
			snprintf(r->ehlo, sizeof r->ehlo, "%s", v);
		else if ((v = value(words[i], "arena")) != NULL)
			arena = strtoul(v, NULL, 10);
		else if ((v = value(words[i], "waits")) != NULL)
			set_waits(r, v);
		else if (strcmp(words[i], "lmtp") == 0)
			r->lmtp = true;
		else if (strcmp(words[i], "insecure") == 0)
			r->setup.insecure_auth = 1;
		else
			wrong(r, "no such setup", words[i]);
	}
#if SMTP_WITH_LMTP
	r->setup.lmtp = r->lmtp;
#endif
	r->setup.ehlo = lend(r, r->ehlo);
	r->arena = arena > 0 ? malloc(arena) : NULL;
	r->setup.text = r->arena;
	r->setup.text_n = arena;
	r->returned = smtp_engine_init(&r->e, &r->memory, sizeof r->memory,
	    &r->setup);
	if ((r->returned == SMTP_OK) != (r->e != NULL))
		wrong(r, "init", "gave an engine, or not, but said otherwise");
}

static void
do_auth(struct run *r, char **words, size_t n)
{
	static const char *const fields[] = {
		"user", "password", "token", "authzid", "mechanism"
	};
	const char **targets[] = {
		&r->credentials.user, &r->credentials.password,
		&r->credentials.token, &r->credentials.authzid,
		&r->credentials.mechanism
	};
	size_t i, k;

	memset(&r->credentials, 0, sizeof r->credentials);
	for (i = 0; i < n; i++)
		for (k = 0; k < COUNT(fields); k++) {
			const char *v = value(words[i], fields[k]);

			if (v != NULL)
				*targets[k] = lend(r, v);
		}
#if SMTP_WITH_STEPPED && SMTP_WITH_TEXT
	for (i = 0; i < n; i++) {
		if (strcmp(words[i], "speaks=first") == 0)
			r->credentials.stepped = SMTP_STEPPED_FIRST;
		if (strcmp(words[i], "speaks=second") == 0)
			r->credentials.stepped = SMTP_STEPPED_SECOND;
	}
#endif
	r->returned = smtp_engine_auth(r->e, &r->credentials);
}

#if SMTP_WITH_STEPPED && SMTP_WITH_TEXT
/* Before base64: TEXT, "last TEXT", or "cancel". */
static void
do_response(struct run *r, char **words, size_t n)
{
	bool last = n > 0 && strcmp(words[0], "last") == 0;
	const char *text = n > last ? words[last] : "";
	size_t k;
	char *p = unescape(text, &k);

	assert_true(r->string_n < COUNT(r->strings));
	r->strings[r->string_n++] = p;
	if (n > 0 && strcmp(words[0], "cancel") == 0)
		r->returned = smtp_engine_response(r->e, NULL, 0, 0);
	else
		r->returned = smtp_engine_response(r->e, p, k, last);
}
#endif

static const struct { const char *name; unsigned flag; } flags[] = {
	{ "8bit", SMTP_DELIVERY_8BIT }, { "utf8", SMTP_DELIVERY_UTF8 },
	{ "all", SMTP_DELIVERY_ALL }, { "chunks", SMTP_DELIVERY_CHUNKS },
	{ "exact", SMTP_DELIVERY_EXACT }, { "wait", SMTP_DELIVERY_WAIT },
	{ "prdr", SMTP_DELIVERY_PRDR },
#if SMTP_WITH_BDAT
	{ "binary", SMTP_DELIVERY_BINARY },
#endif
};

static void
add_piece(struct mail *m, const char *text)
{
	size_t n;
	char *p = unescape(text, &n);

	assert_true(m->piece_n < COUNT(m->pieces));
	m->content = realloc(m->content, m->content_n + n + 1);
	memcpy(m->content + m->content_n, p, n);
	m->content_n += n;
	m->pieces[m->piece_n++] = m->content_n;
	free(p);
}

static void
set_flag(struct run *r, struct mail *m, const char *word)
{
	size_t i;

	for (i = 0; i < COUNT(flags); i++)
		if (strcmp(flags[i].name, word) == 0)
			break;
	if (i < COUNT(flags))
		m->d.flags |= (uint16_t)flags[i].flag;
	else if (strcmp(word, "open") == 0)
		m->open = true;
	else
		wrong(r, "send has no", word);
}

static void
do_send(struct run *r, char **words, size_t n)
{
	struct mail *m = &r->mails[r->mail_n];
	size_t i;

	assert_true(r->mail_n < SENDS);
	m->d.rcpts = m->rcpts;
	m->d.from = "";
	for (i = 0; i < n; i++) {
		const char *v;

		if ((v = value(words[i], "from")) != NULL) {
			m->d.from = lend(r, v);
		} else if ((v = value(words[i], "to")) != NULL) {
			assert_true(m->d.rcpt_count < RCPTS);
			m->rcpts[m->d.rcpt_count].status = SMTP_RCPT_PENDING;
			m->rcpts[m->d.rcpt_count].phase = SMTP_PHASE_NONE;
			m->rcpts[m->d.rcpt_count++].address = lend(r, v);
		} else if ((v = value(words[i], "size")) != NULL) {
			m->d.flags |= SMTP_DELIVERY_SIZE;
			m->d.size = strtoull(v, NULL, 10);
		} else if ((v = value(words[i], "content")) != NULL) {
			add_piece(m, v);
		} else if ((v = value(words[i], "fails")) != NULL) {
			m->fails = code_of(r, v);
		} else if ((v = value(words[i], "with")) != NULL) {
			*(m->d.rcpt_count == 0 ? &m->d.parameters :
			    &m->rcpts[m->d.rcpt_count - 1].parameters) =
			    lend(r, v);
		} else {
			set_flag(r, m, words[i]);
		}
	}
	if (m->content == NULL)
		m->content = unescape("", &m->content_n);
	r->returned = smtp_engine_send(r->e, &m->d);
	if (r->returned == SMTP_E_STATE) {       /* nothing was touched */
		free(m->content);
		memset(m, 0, sizeof *m);
		return;
	}
	r->mail_n++;
	m->back = r->returned != SMTP_OK;
	if (m->back)
		r->result = r->mail_n;
}

static void
operate(struct run *r, char *line)
{
	char *words[80];
	size_t n = split(line, words, COUNT(words));

	assert_true(n > 0);
	r->returned = SMTP_OK;
	r->returned_checked = false;
	if (strcmp(words[0], "setup") == 0)
		setup(r, words + 1, n - 1);
	else if (strcmp(words[0], "auth") == 0)
		do_auth(r, words + 1, n - 1);
#if SMTP_WITH_STEPPED && SMTP_WITH_TEXT
	else if (strcmp(words[0], "response") == 0)
		do_response(r, words + 1, n - 1);
#endif
	else if (strcmp(words[0], "send") == 0)
		do_send(r, words + 1, n - 1);
	else if (strcmp(words[0], "secured") == 0)
		smtp_engine_secured(r->e);
	else if (strcmp(words[0], "lost") == 0)
		smtp_engine_lost(r->e, code_of(r, words[1]));
	else if (strcmp(words[0], "quit") == 0)
		r->returned = smtp_engine_quit(r->e);
#if SMTP_WITH_REUSE
	else if (strcmp(words[0], "noop") == 0)
		r->returned = smtp_engine_noop(r->e);
	else if (strcmp(words[0], "reset") == 0)
		r->returned = smtp_engine_reset(r->e);
#endif
#if SMTP_WITH_REUSE && SMTP_WITH_COMMAND
	else if (strcmp(words[0], "command") == 0)
		r->returned = smtp_engine_command(r->e, lend(r, words[1]));
#endif
	else
		wrong(r, "no such operation", words[0]);
}

static void
expect_row(struct run *r, char **words, size_t n)
{
	struct mail *m = &r->mails[r->result - 1];
	char got[100], enhanced[20] = "-";
	const struct smtp_rcpt *row;
	size_t i = strtoul(words[0], NULL, 10), k;
	const char *phase = "?";

	assert_true(i < m->d.rcpt_count);
	row = &m->rcpts[i];
	if (row->subject != SMTP_NO_ENHANCED)
		snprintf(enhanced, sizeof enhanced, "%u.%u", row->subject,
		    row->detail);
	for (k = 0; k < COUNT(phases); k++)
		if (phases[k].code == row->phase)
			phase = phases[k].name;
	snprintf(got, sizeof got, "%s %u %s %s", name_of(row->status),
	    row->code, enhanced, phase);
	for (k = 1; k < n; k++) {
		char *p = got;
		const char *word = words[k];
		size_t skip;

		for (skip = 1; skip < k; skip++)
			p = strchr(p, ' ') + 1;
		if (!SMTP_WITH_ENHANCED && k == 3 && *p == '-')
			continue;
		if (strncmp(p, word, strlen(word)) != 0 ||
		    (p[strlen(word)] != ' ' && p[strlen(word)] != 0))
			wrong(r, "the row is", got);
	}
}

/* What a result says; also of one that was turned down at once. */
static void
check_result(struct run *r, const struct smtp_delivery *d, char **words,
    size_t n)
{
	const char *v;
	size_t i;

	if (d->status != code_of(r, words[0]))
		wrong(r, "the result is", name_of(d->status));
	for (i = 1; i < n; i++) {
		if ((v = value(words[i], "cause")) != NULL) {
			if (d->cause != code_of(r, v))
				wrong(r, "the cause is", name_of(d->cause));
		} else if ((v = value(words[i], "row")) != NULL) {
			if (d->row != (strcmp(v, "-") == 0 ? SMTP_NO_RCPT :
			    strtoul(v, NULL, 10)))
				wrong(r, "the row is not", v);
		} else {
			wrong(r, "result has no", words[i]);
		}
	}
}

static void
expect_result(struct run *r, char **words, size_t n)
{
	unsigned want = smtp_engine_want(r->e);
	struct smtp_delivery *d = smtp_engine_result(r->e);
	size_t i;

	if (!(want & SMTP_ENGINE_RESULT))
		wrong(r, "a result", "was not announced");
	for (i = 0; i < r->mail_n && r->mails[i].back; i++)
		;
	if (d == NULL || i == r->mail_n || d != &r->mails[i].d) {
		wrong(r, "no result", words[0]);
		return;
	}
	r->mails[i].back = true;
	r->result = i + 1;
	check_result(r, d, words, n);
}

#if SMTP_WITH_INSPECT
static const struct { const char *name; unsigned bit; } offers[] = {
	{ "PIPELINING", SMTP_OFFER_PIPELINING }, { "SIZE", SMTP_OFFER_SIZE },
	{ "8BITMIME", SMTP_OFFER_8BITMIME },
	{ "SMTPUTF8", SMTP_OFFER_SMTPUTF8 },
	{ "STARTTLS", SMTP_OFFER_STARTTLS }, { "AUTH", SMTP_OFFER_AUTH },
	{ "ENHANCEDSTATUSCODES", SMTP_OFFER_ENHANCED },
	{ "CHUNKING", SMTP_OFFER_CHUNKING },
	{ "BINARYMIME", SMTP_OFFER_BINARYMIME }, { "DSN", SMTP_OFFER_DSN },
	{ "PRDR", SMTP_OFFER_PRDR },
};

static void
expect_offers(struct run *r, char **words, size_t n)
{
	unsigned mask = 0;
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < COUNT(offers); k++)
			if (strcmp(offers[k].name, words[i]) == 0)
				break;
		assert_true(k < COUNT(offers));
		mask |= offers[k].bit;
	}
	if ((mask ^ smtp_engine_offers(r->e)) & OFFERS_BUILT)
		wrong(r, "other offers", "than these");
}

/* What the engine knows of the session. */
static void
expect_known(struct run *r, char **words, size_t n)
{
	static const char *const kinds[] = { "command", "secret", "content" };
	size_t i;

	if (strcmp(words[0], "kind") == 0) {
		if (strcmp(kinds[smtp_engine_taken(r->e)], words[1]) != 0)
			wrong(r, "the kind is", kinds[
			    smtp_engine_taken(r->e)]);
	} else if (strcmp(words[0], "offers") == 0) {
		expect_offers(r, words + 1, n - 1);
#if SMTP_WITH_SIZE
	} else if (strcmp(words[0], "size") == 0) {
		char shown[40];

		snprintf(shown, sizeof shown, "%llu",
		    (unsigned long long)smtp_engine_size_limit(r->e));
		if (strcmp(shown, words[1]) != 0)
			wrong(r, "the limit is", shown);
#endif
	} else if (strcmp(words[0], "mechanism") == 0) {
		if (strcmp(smtp_engine_mechanism(r->e), words[1]) != 0)
			wrong(r, "it is", smtp_engine_mechanism(r->e));
	} else if (strcmp(words[0], "phase") == 0) {
		for (i = 0; i < COUNT(phases); i++)
			if (strcmp(phases[i].name, words[1]) == 0 &&
			    phases[i].code == smtp_engine_phase(r->e))
				break;
		if (i == COUNT(phases))
			wrong(r, "not in phase", words[1]);
	}
}
#endif

#if SMTP_WITH_TEXT
static void
expect_reply(struct run *r, char **words, size_t n)
{
	struct smtp_reply reply;
	char got[60];
	size_t text_n;
	char *text;

	if (r->cut.lose != NEVER)
		return;
	if (!smtp_engine_reply(r->e, &reply))
		wrong(r, "no reply", "was completed");
	snprintf(got, sizeof got, "%u", reply.code);
	if (strcmp(got, words[0]) != 0)
		wrong(r, "the reply is", got);
	if (n > 1) {
		snprintf(got, sizeof got, "%u.%u", reply.subject,
		    reply.detail);
		if (reply.subject == SMTP_NO_ENHANCED)
			snprintf(got, sizeof got, "-");
		if (strcmp(got, SMTP_WITH_ENHANCED ? words[1] : "-") != 0)
			wrong(r, "the enhanced code is", got);
	}
	if (n > 2 && (SMTP_WITH_ENHANCED || strcmp(words[1], "-") == 0)) {
		text = unescape(words[2], &text_n);
		if (text_n != reply.text_n ||
		    memcmp(text, reply.text, text_n) != 0)
			wrong(r, "other words than", words[2]);
		free(text);
	}
	if (n > 3 && reply.cut != (strcmp(words[3], "cut") == 0))
		wrong(r, "not", "cut");
}

/* What the server asked, decoded. */
static void
expect_challenge(struct run *r, const char *challenge)
{
	struct smtp_reply reply;
	size_t n;
	char *text = unescape(challenge, &n);

	if (!smtp_engine_reply(r->e, &reply) || reply.code != 334)
		wrong(r, "no challenge", "was completed");
	if (n != reply.text_n || memcmp(text, reply.text, n) != 0)
		wrong(r, "another challenge than", challenge);
	free(text);
}

/* Which mail, counted from 0, and which of its recipients; "-" is none. */
static void
expect_about(struct run *r, char **words, size_t n)
{
	const struct smtp_delivery *d = NULL;
	struct smtp_reply reply;
	size_t rcpt = SMTP_NO_RCPT;

	if (!smtp_engine_reply(r->e, &reply))
		wrong(r, "no reply", "was completed");
	assert_true(n > 0);
	if (strcmp(words[0], "-") != 0)
		d = &r->mails[strtoul(words[0], NULL, 10)].d;
	if (n > 1)
		rcpt = strtoul(words[1], NULL, 10);
	if (reply.delivery != d)
		wrong(r, "the reply is not about mail", words[0]);
	if (reply.rcpt != rcpt)
		wrong(r, "the reply is not about", n > 1 ? words[1] :
		    "the whole mail");
}
#endif

/*
 * Of these the answer is the same while there is more to say. Those that a
 * build cannot be asked are passed over.
 */
static bool
expect_answer(struct run *r, char **words, size_t n)
{
	static const char *const questions[] = {
		"kind", "offers", "size", "mechanism", "phase", "reply",
		"about"
	};
	size_t i;

	for (i = 0; i < COUNT(questions); i++)
		if (strcmp(words[0], questions[i]) == 0)
			break;
	if (i == COUNT(questions))
		return false;
#if SMTP_WITH_INSPECT
	expect_known(r, words, n);
#endif
#if SMTP_WITH_TEXT
	if (strcmp(words[0], "reply") == 0)
		expect_reply(r, words + 1, n - 1);
	else if (strcmp(words[0], "about") == 0)
		expect_about(r, words + 1, n - 1);
#endif
	(void)r;
	(void)n;
	return true;
}

static void
check_expectation(struct run *r, char *line)
{
	char *words[40], shown[40];
	size_t n = split(line, words, COUNT(words));
	unsigned want;

	assert_true(n > 0);
	if (strcmp(words[0], "returns") == 0) {
		r->returned_checked = true;
		if (r->returned != code_of(r, words[1]))
			wrong(r, "the call returned", name_of(r->returned));
		return;
	}
	if (r->lost || expect_answer(r, words, n))
		return;
	expect_silence(r);
	want = smtp_engine_want(r->e);
	if (strcmp(words[0], "ready") == 0) {
		if (!(want & SMTP_ENGINE_READY))
			wrong(r, "not", "ready");
		if (smtp_engine_status(r->e) != code_of(r,
		    n > 1 ? words[1] : "OK"))
			wrong(r, "the status is",
			    name_of(smtp_engine_status(r->e)));
	} else if (strcmp(words[0], "over") == 0) {
		if (want != SMTP_ENGINE_DONE)
			wrong(r, "not", "over");
		if (n > 1 && smtp_engine_status(r->e) != code_of(r, words[1]))
			wrong(r, "the status is",
			    name_of(smtp_engine_status(r->e)));
	} else if (strcmp(words[0], "response") == 0) {
		if (want != SMTP_ENGINE_RESPONSE)
			wrong(r, "no response", "is wanted");
#if SMTP_WITH_TEXT
		if (n > 1)
			expect_challenge(r, words[1]);
#endif
	} else if (strcmp(words[0], "tls") == 0) {
		if (!(want & SMTP_ENGINE_TLS))
			wrong(r, "no handshake", "is wanted");
	} else if (strcmp(words[0], "result") == 0) {
		expect_result(r, words + 1, n - 1);
	} else if (strcmp(words[0], "refused") == 0) {
		check_result(r, &r->mails[r->mail_n - 1].d, words + 1, n - 1);
	} else if (strcmp(words[0], "row") == 0) {
		expect_row(r, words + 1, n - 1);
	} else if (strcmp(words[0], "wait") == 0) {
		snprintf(shown, sizeof shown, "%lu", (unsigned long)
		    (smtp_engine_due_ms(r->e, 0) / 1000));
		if (strcmp(shown, words[1]) != 0)
			wrong(r, "the wait is", shown);
	} else {
		wrong(r, "no such expectation", words[0]);
	}
}

/*
 * Whatever happened on the way: each mail is decided, OK needs a reply, and
 * UNKNOWN needs an end mark without one.
 */
static void
check_loss(struct run *r)
{
	struct smtp_delivery *d;
	size_t i, k, ok;

	while ((d = smtp_engine_result(r->e)) != NULL)
		for (i = 0; i < r->mail_n; i++)
			if (&r->mails[i].d == d)
				r->mails[i].back = true;
	if (smtp_engine_want(r->e) != SMTP_ENGINE_DONE)
		wrong(r, "lost, but not", "over");
	for (i = 0; i < r->mail_n; i++) {
		struct mail *m = &r->mails[i];

		if (!m->back)
			wrong(r, "a mail", "was forgotten");
		if (m->undecided && m->d.cause != r->cut.cause)
			wrong(r, "another cause", name_of(m->d.cause));
		for (k = ok = 0; k < m->d.rcpt_count; k++) {
			int status = m->rcpts[k].status;

			if (status > 0)
				wrong(r, "a row", "was forgotten");
			ok += status == SMTP_OK;
			if (status == SMTP_OK && (m->verdicts == 0 ||
			    (r->lmtp && ok > m->verdicts) ||
			    (m->prdr && !m->answered)))
				wrong(r, "OK", "without a reply");
			if (status == SMTP_E_UNKNOWN && !m->marked)
				wrong(r, "UNKNOWN", "without an end mark");
			if (status == SMTP_E_LATER && m->marked &&
			    !m->answered && m->rcpts[k].code == 0 &&
			    !(m->d.flags & SMTP_DELIVERY_ALL))
				wrong(r, "LATER", "after the end mark");
		}
	}
}

static size_t
taken(const struct mail *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->d.rcpt_count; i++)
		n += m->rcpts[i].status == SMTP_RCPT_TAKEN ||
		    m->rcpts[i].status == SMTP_E_UNKNOWN;
	return n;
}

/* A reply to an end mark; those behind it wait for more, if this is PRDR. */
static void
hear_verdict(struct run *r, struct mail *m, const char *reply)
{
	size_t i, more = taken(m) + 1;

	if (m->d.flags & SMTP_DELIVERY_PRDR && strncmp(reply, "353", 3) == 0) {
		m->prdr = true;
		m->expected += more;
		r->owed += more;
		for (i = 0; i < r->mail_n; i++)
			r->mails[i].before += more;
		m->before = 0;
	}
	m->answered = ++m->verdicts == m->expected;
}

/* Each reply that was heard whole may be the one to an end mark. */
static void
server_says(struct run *r, const char *p, size_t n)
{
	const char *end;
	size_t before = r->heard, i;

	feed(r, p, n);
	for (n = r->heard - before; n > 0; n -= (size_t)(end - p), p = end) {
		end = memchr(p, '\n', n);
		end = end != NULL ? end + 1 : p + n;
		if (end[-1] != '\n' || (end - p > 3 && p[3] == '-'))
			continue;
		r->owed -= r->owed > 0;
		for (i = 0; i < r->mail_n; i++) {
			struct mail *m = &r->mails[i];

			if (!m->marked || m->answered)
				continue;
			if (m->before > 0)
				m->before--;
			else
				hear_verdict(r, m, p);
		}
	}
}

/* The end mark is out: how many replies are owed? */
static void
mark(struct run *r, struct mail *m)
{
	m->marked = true;
	m->expected = r->lmtp ? taken(m) : 1;
	m->before = r->owed - r->in_chunk;
	r->owed += m->expected - r->in_chunk;
	r->in_chunk = false;
}

/* What is answered, and is no content. */
static void
count_command(struct run *r, const char *text)
{
	static const char *const verbs[] = {
		"RSET", "MAIL FROM:", "RCPT TO:", "DATA", "BDAT "
	};
	size_t i;

	if (strncmp(text, "EHLO ", 5) == 0)
		r->chunking = false;
	for (i = 0; i < COUNT(verbs); i++)
		r->owed += strncmp(text, verbs[i], strlen(verbs[i])) == 0;
	if (strncmp(text, "BDAT ", 5) == 0)
		r->in_chunk = strstr(text, " LAST") != NULL;
}

static void
play_line(struct run *r, const struct line *l)
{
	const char *line = l->text;

	if (line[0] == 'C') {
		expect(r, l->octets, l->n, line[1] == '?');
		if (line[1] == ':' && !r->lost)
			count_command(r, l->octets);
		if ((!r->lost || r->moved == r->cut.lose) &&
		    mail_in(r, SMTP_PHASE_FINAL) != NULL)
			mark(r, mail_in(r, SMTP_PHASE_FINAL));
	} else if (line[0] == 'S') {
		if (line[1] != '!')
			expect_silence(r);
		r->chunking |= strstr(line, "CHUNKING") != NULL;
		server_says(r, l->octets, l->n);
	} else {
		char *copy = strdup(line);

		if (line[0] == '<')
			check_expectation(r, copy + 1);
		else if (line[0] != '>')
			wrong(r, "not a line of a transcript", line);
		else if (!r->lost)
			operate(r, copy + 1);
		free(copy);
	}
}

/* The line with $1 to $9 replaced by the fields of the row. */
static char *
filled(const struct play *p, const char *line)
{
	char *out = malloc(strlen(line) + 9 * (p->row != NULL ?
	    strlen(p->row) : 0) + 1);
	size_t n = 0, field, k;
	const char *f;

	for (; *line != '\0'; line++) {
		if (p->row == NULL || line[0] != '$' || line[1] < '1' ||
		    line[1] > '9') {
			out[n++] = *line;
			continue;
		}
		field = (size_t)(*++line - '1');
		for (f = p->row; field > 0 && f != NULL; field--)
			f = strstr(f, " | ") == NULL ? NULL :
			    strstr(f, " | ") + 3;
		assert_non_null(f);
		k = strstr(f, " | ") == NULL ? strlen(f) :
		    (size_t)(strstr(f, " | ") - f);
		memcpy(out + n, f, k);
		n += k;
	}
	out[n] = '\0';
	return out;
}

/* The lines for the row that is to be played. */
static void
fill(struct play *p)
{
	size_t i;

	for (i = 0; i < p->line_n; i++) {
		struct line *l = &p->filled[i];
		size_t n;

		free(l->text);
		free(l->octets);
		l->number = p->numbers[i];
		l->text = filled(p, p->lines[i]);
		n = strlen(l->text);
		l->octets = unescape(n < 3 ? "" :
		    l->text + 2 + (l->text[2] == ' '), &l->n);
		if (l->text[1] == ':' || l->text[1] == '!') {
			l->octets = realloc(l->octets, l->n + 3);
			memcpy(l->octets + l->n, "\r\n", 3);
			l->n += 2;
		}
	}
}

/* The transcript said all there was to say. */
static void
check_end(struct run *r)
{
	size_t i;

	if (r->e == NULL)
		return;
	if (r->returned != SMTP_OK && !r->returned_checked)
		wrong(r, "the call returned", name_of(r->returned));
	expect_silence(r);
	for (i = 0; i < r->mail_n; i++)
		if (!r->mails[i].back)
			wrong(r, "a mail", "without a result");
	if (smtp_engine_want(r->e) & SMTP_ENGINE_RESULT)
		wrong(r, "a result", "that nobody has");
}

static size_t
play(const struct play *p, const struct cut *cut)
{
	struct run *r = calloc(1, sizeof *r);
	size_t moved_in_all, i;

	r->play = p;
	r->cut = *cut;
	for (r->at = 0; r->at < p->line_n && !r->lost; r->at++) {
		const struct line *l = &p->filled[r->at];

		if (r->returned != SMTP_OK && !r->returned_checked &&
		    strncmp(l->text, "< returns", 9) != 0)
			wrong(r, "the call returned", name_of(r->returned));
		play_line(r, l);
	}
	if (r->lost)
		check_loss(r);
	else
		check_end(r);
	moved_in_all = r->moved;
	for (i = 0; i < r->string_n; i++)
		free(r->strings[i]);
	for (i = 0; i < SENDS; i++)
		free(r->mails[i].content);
	free(r->arena);
	free(r);
	return moved_in_all;
}

static void
load(struct play *p, const char *path)
{
	FILE *f = fopen(path, "rb");
	char *line, *next;
	int number = 0;
	long n;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	p->text = malloc((size_t)n + 1);
	assert_int_equal(fread(p->text, 1, (size_t)n, f), n);
	p->text[n] = '\0';
	fclose(f);
	for (line = p->text; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		number++;
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (strncmp(line, "Proves:", 7) == 0)
			continue;
		if (strncmp(line, "Needs: ", 7) == 0) {
			assert_null(p->needs);
			p->needs = line + 7;
			continue;
		}
		if (strncmp(line, "Each: ", 6) == 0) {
			assert_true(p->row_n < ROWS);
			p->rows[p->row_n++] = line + 6;
			continue;
		}
		assert_true(p->line_n < LINES);
		p->numbers[p->line_n] = number;
		p->lines[p->line_n++] = line;
	}
	assert_true(p->line_n > 0);
}

/* Say the "Proves:" lines of a transcript that passed in every cut. */
static void
prove(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[1000];

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "Proves:", 7) == 0) {
			line[strcspn(line, "\n")] = '\0';
			proves(line + 7);
		}
	fclose(f);
}

/* In every cut, and with the session lost at every octet. */
static void
play_all(struct play *p)
{
	static const struct cut cuts[] = {
		{ NEVER, NEVER, NEVER, NEVER, NEVER, 0 },
		{ NEVER, 1, NEVER, NEVER, NEVER, 0 },
		{ NEVER, NEVER, 1, 1, NEVER, 0 },
		{ NEVER, 1, 1, 1, NEVER, 0 },
		{ NEVER, 3, 2, 2, NEVER, 0 },
		{ NEVER, 128, 128, 3, NEVER, 0 },
	};
	static const int causes[] = {
		SMTP_E_CLOSED, SMTP_E_TIMEOUT, SMTP_E_CANCELLED
	};
	size_t i, all, step;

	fill(p);
	all = play(p, &cuts[0]);
	for (i = 1; i < COUNT(cuts); i++)
		play(p, &cuts[i]);
	/* Of a very long transcript not every place is tried. */
	step = all > 1500 ? all / 500 : 1;
	for (i = 1; i < all; i += step) {
		struct cut cut = cuts[0];

		cut.split = i;
		play(p, &cut);
		cut.split = NEVER;
		cut.lose = i;
		cut.cause = causes[i % COUNT(causes)];
		play(p, &cut);
	}
}

/* Leaves the transcript out of a build that lacks what it needs. */
static void
check_needs(const struct play *p)
{
	const char *word = p->needs;
	size_t n, i;

	for (; word != NULL && *word != '\0'; word += n + (word[n] == ' ')) {
		n = strcspn(word, " ");
		for (i = 0; i < COUNT(switches); i++)
			if (strlen(switches[i].name) == n &&
			    memcmp(switches[i].name, word, n) == 0)
				break;
		if (i == COUNT(switches))
			fail_msg("%s: no such switch: %s", p->name, word);
		else if (!switches[i].built)
			left_out(switches[i].name);
	}
}

static void
test_dialogue(void **state)
{
	const char *path = *state;
	struct play *p = calloc(1, sizeof *p);
	size_t i;

	p->name = path;
	load(p, path);
	check_needs(p);
	if (p->row_n == 0)
		play_all(p);
	for (i = 0; i < p->row_n; i++) {
		p->row = p->rows[i];
		play_all(p);
	}
	for (i = 0; i < p->line_n; i++) {
		free(p->filled[i].text);
		free(p->filled[i].octets);
	}
	free(p->text);
	free(p);
	prove(path);
}

static int
by_name(const void *a, const void *b)
{
	const struct CMUnitTest *one = a, *other = b;

	return strcmp(one->name, other->name);
}

int
main(int argc, char **argv)
{
	static struct CMUnitTest tests[1000];
	DIR *dir = opendir(DIALOGUES);
	struct dirent *entry;
	size_t n = 0;
	int failed;

	if (dir == NULL) {
		perror(DIALOGUES);
		return 1;
	}
	while ((entry = readdir(dir)) != NULL) {
		size_t k = strlen(entry->d_name);
		size_t room = k + sizeof DIALOGUES + 1;
		char *path = malloc(room);

		snprintf(path, room, "%s/%s", DIALOGUES, entry->d_name);
		if (k < 4 || strcmp(entry->d_name + k - 4, ".txt") != 0 ||
		    (argc > 1 && strcmp(path, argv[1]) != 0)) {
			free(path);
			continue;
		}
		tests[n].name = path;
		tests[n].test_func = test_dialogue;
		tests[n].initial_state = path;
		n++;
	}
	closedir(dir);
	qsort(tests, n, sizeof tests[0], by_name);
	failed = _cmocka_run_group_tests("dialogue", tests, n, NULL, NULL);
	while (n > 0)
		free((char *)tests[--n].initial_state);
	return failed;
}
