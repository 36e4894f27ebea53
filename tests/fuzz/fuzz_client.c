/* SPDX-License-Identifier: MIT */
/*
 * Whole sessions of the client, in steps, over a transport in memory: options,
 * authentication, mails ready or built, one by one or in a window, in the face
 * of a peer that answers as it likes, of an allocator that fails, of sources
 * and a transport that have nothing yet, of a clock that jumps, and of a
 * program that cancels and closes at any time. The input is the session first,
 * then one octet for each thing that the peer is asked.
 *
 * The peer is a server as fuzz_engine.c has one, but a simple one. Asked is:
 *
 * - a recipient is OK only if the server took it, and has the mail whole; one
 *   that the server took is OK, or UNKNOWN, and none is taken twice;
 * - UNKNOWN is nobody whose mail's end mark never left;
 * - where authentication was asked for and failed, no MAIL is said; and no
 *   secret, unless that was allowed;
 * - traces, errors and hints show no secret, and no control octet;
 * - each operation ends, and what was taken is given back.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <time.h>

#include <smtp/smtp.h>

enum { MAILS = 3, RCPTS = 3, STORED = 16384, TEXT = 200, STEPS = 60000 };

static const char user[] = "joe", password[] = "pw-tWelve", token[] = "tOken99";
/* How the secrets look on their way: in base64, at each of its three places. */
static const char *const shown[] = {
	"pw-tWelve", "cHctdFdlbHZl", "B3LXRXZWx2Z", "wdy10V2VsdmU",
	"tOken99", "dE9rZW45", "RPa2VuOT", "0T2tlbjk5"
};

/* Answers that are not the right one. */
static const char *const says[] = {
	"421 4.3.2 bye\r\n", "450 4.2.0 later\r\n", "550 5.1.1 nobody\r\n",
	"552 5.3.4 big\r\n", "452 4.5.3 too many\r\n", "503 5.5.1 what\r\n",
	"500 what\r\n", "454 4.7.0 not now\r\n", "535 5.7.8 no\r\n",
	"504 5.5.4 no\r\n", "450-4.2.0 one\r\n450 4.2.0 two\r\n",
	"554 5.7.1 \xc3\xa9\x1b[2J\r\n", "250 2.0.0 OK\r\n", "354 go\r\n",
	"235 2.7.0 in\r\n", "334 cj1hLHM9YixpPTE=\r\n", "250 no\n", "250-",
	"999 x\r\n", "\r\n"
};

static const char *const offers[] = {
	"PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "SIZE 9000", "DSN",
	"BINARYMIME",
	"AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 XOAUTH2 OAUTHBEARER ANONYMOUS"
};
enum { OFFERS_CHUNKING = 1, OFFERS_AUTH = 7 };

struct mail {
	struct smtp_message *m;
	char *raw;                       /* NULL: it is built             */
	size_t raw_n;
	unsigned rcpt_n;
	bool away;                       /* put, and not taken            */
	/* What the server knows of it. */
	bool taken[RCPTS], accepted[RCPTS];
	bool marked;
};

static struct run {
	struct fuzz script;
	uint32_t draw;
	struct mail mails[MAILS];
	size_t mail_n;
	bool lmtp, insecure, talks;      /* it traces                     */
	bool auth_asked, auth_good;

	/* The server. */
	enum { LINES, RESPONSE, CONTENT, CHUNK } mode;
	char line[1024], stored[STORED], says[8192];
	size_t line_n, stored_n, says_n, said, chunk;
	struct mail *mail;               /* that it has begun, or NULL    */
	struct mail *named;              /* by the last MAIL              */
	unsigned rounds, offers;
	char mechanism;
	bool last, ended, mute, broken;
	size_t rest_n;                   /* of `rest`                     */

	/* The program's side. */
	size_t blocks, fails_at;         /* of memory                     */
	unsigned transports, sources, steps;

	char rest[1 << 17];              /* offered, and not taken        */
} run;

static uint64_t now_ms;

int
__wrap_clock_gettime(clockid_t id, struct timespec *at);

int
__wrap_clock_gettime(clockid_t id, struct timespec *at)
{
	(void)id;
	at->tv_sec = (time_t)(now_ms / 1000);
	at->tv_nsec = (long)(now_ms % 1000) * 1000000;
	return 0;
}

/* Cheap, and the same for the same input; true once in `n`. */
static bool
once_in(uint32_t n)
{
	run.draw = run.draw * 1664525 + 1013904223;
	return (run.draw >> 8) % n == 0;
}

static bool
has(const char *p, size_t n, const char *what)
{
	size_t k = strlen(what);

	for (size_t i = 0; i + k <= n; i++)
		if (memcmp(p + i, what, k) == 0)
			return true;
	return false;
}

/*
 * The server.
 */

static void
say(const char *p, size_t n)
{
	if (run.mute || run.says_n + n > sizeof run.says)
		return;
	fuzz_talk("S", p, n);
	memcpy(run.says + run.says_n, p, n);
	run.says_n += n;
}

/*
 * Answer with what is right, or with what the script says instead. Returns the
 * first digit of the code; 0 where the client cannot know what is meant, and
 * from then on nothing is asked but what holds with any server.
 */
static unsigned
answer(const char *right)
{
	unsigned what = run.script.n > 0 ? fuzz_octet(&run.script) : 0;
	size_t n;

	if (what < 176) {
		say(right, strlen(right));
		return (unsigned)(right[0] - '0');
	}
	if (what < 240) {
		const char *text = says[what % (sizeof says / sizeof *says)];

		say(text, strlen(text));
		/* Who says that he goes takes nothing more. */
		if (memcmp(text, "421", 3) == 0)
			run.ended = run.mute = run.broken = true;
		if (text[0] == '4' || text[0] == '5' ||
		    (text[0] == right[0] && text[3] == ' '))
			return (unsigned)(text[0] - '0');
	} else if (what < 248) {
		const char *p = fuzz_block(&run.script, 60, &n);

		say(p, n);
	} else {
		run.ended |= what >= 252;
		run.mute = true;
	}
	run.broken = true;
	return 0;
}

static void
offer(void)
{
	char text[400];
	int n = snprintf(text, sizeof text, "250-x\r\n");

	for (size_t i = 0; i < sizeof offers / sizeof *offers; i++)
		if (run.offers >> i & 1)
			n += snprintf(text + n, sizeof text - (size_t)n,
			    "250-%s\r\n", offers[i]);
	snprintf(text + n, sizeof text - (size_t)n, "250 HELP\r\n");
	(void)answer(text);
}

static void
hear_mail(const char *p)
{
	unsigned i = (unsigned)(*p - '0');

	REQUIRE(!run.auth_asked || run.auth_good);
	REQUIRE(i < run.mail_n);
	run.mail = run.named = &run.mails[i];
	run.stored_n = 0;
	run.last = false;
	memset(run.mail->taken, 0, sizeof run.mail->taken);
	if (answer("250 2.1.0 OK\r\n") != 2 && !run.broken)
		run.mail = NULL;
}

static void
hear_rcpt(const char *p)
{
	unsigned i = (unsigned)(*p - '0');
	bool taken = answer(run.mail != NULL ? "250 2.1.5 OK\r\n" :
	    "503 5.5.1 no mail\r\n") == 2;

	REQUIRE(i < RCPTS);
	if (run.mail != NULL && !run.broken)
		run.mail->taken[i] = taken;
}

/* Content is whole: the last word, with LMTP for each that was taken. */
static void
hear_end(void)
{
	struct mail *mail = run.mail;
	unsigned said = 0;
	bool any = false;

	run.mode = LINES;
	if (run.named != NULL)
		run.named->marked = true;
	if (mail == NULL) {
		(void)answer("503 5.5.1 no mail\r\n");
		return;
	}
	for (unsigned i = 0; i < mail->rcpt_n; i++) {
		if (!mail->taken[i])
			continue;
		if (run.lmtp || !any)
			said = answer("250 2.0.0 taken\r\n");
		any = true;
		if (run.broken)
			return;
		REQUIRE(said != 2 || !mail->accepted[i]);
		mail->accepted[i] |= said == 2;
	}
	if (!any)
		(void)answer("554 5.5.1 nobody\r\n");
	else if (said == 2 && mail->raw != NULL)
		REQUIRE(run.stored_n == mail->raw_n &&
		    memcmp(run.stored, mail->raw, mail->raw_n) == 0);
	run.mail = NULL;
}

static void
hear_data(void)
{
	bool any = false;

	for (unsigned i = 0; run.mail != NULL && i < RCPTS; i++)
		any |= run.mail->taken[i];
	if (answer(any ? "354 go\r\n" : "554 5.5.1 nobody\r\n") == 3) {
		run.mode = CONTENT;
		run.stored_n = 0;
	}
}

static void
hear_bdat(const char *p)
{
	REQUIRE(run.offers >> OFFERS_CHUNKING & 1);
	run.chunk = 0;
	while (*p >= '0' && *p <= '9')
		run.chunk = run.chunk * 10 + (size_t)(*p++ - '0');
	run.last = strcmp(p, " LAST") == 0;
	run.mode = CHUNK;
}

static void
end_chunk(void)
{
	run.mode = LINES;
	if (run.last) {
		hear_end();
		return;
	}
	if (answer("250 2.0.0 OK\r\n") != 2 && !run.broken)
		run.mail = NULL;
}

static void
hear_auth(void)
{
	static const char *const login[] = {
		"334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"
	};
	const char *right = "235 2.7.0 in\r\n";
	unsigned round = run.rounds++;

	if (run.mechanism == 'L' && round < 2)
		right = login[round];
	if ((run.mechanism == 'C' || run.mechanism == 'S') && round == 0)
		right = "334 PGFAYj4=\r\n";
	run.mode = answer(right) == 3 ? RESPONSE : LINES;
}

static void
hear_line(const char *p, size_t n)
{
	fuzz_talk("C", p, n);
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		REQUIRE(run.insecure || !has(p, n, shown[i]));
	for (size_t i = 0; i < n; i++)
		REQUIRE((unsigned char)p[i] >= ' ' && p[i] != 127);
	if (run.mode == RESPONSE) {
		hear_auth();
	} else if (strncmp(p, run.lmtp ? "LHLO " : "EHLO ", 5) == 0) {
		offer();
	} else if (strncmp(p, "AUTH ", 5) == 0) {
		REQUIRE(run.offers >> OFFERS_AUTH & 1);
		run.mechanism = p[5];
		run.rounds = p[5] == 'S' && strchr(p + 5, ' ') == NULL;
		hear_auth();
	} else if (strncmp(p, "MAIL FROM:<m", 12) == 0) {
		hear_mail(p + 12);
	} else if (strncmp(p, "RCPT TO:<r", 10) == 0) {
		hear_rcpt(p + 10);
	} else if (strcmp(p, "DATA") == 0) {
		hear_data();
	} else if (strncmp(p, "BDAT ", 5) == 0) {
		hear_bdat(p + 5);
	} else if (strcmp(p, "QUIT") == 0) {
		(void)answer("221 2.0.0 bye\r\n");
		run.ended = true;
	} else if (strcmp(p, "RSET") == 0) {
		run.mail = NULL;
		(void)answer("250 2.0.0 OK\r\n");
	} else {
		REQUIRE(strcmp(p, "NOOP") == 0 || strcmp(p, "VRFY joe") == 0 ||
		    strncmp(p, "HELO ", 5) == 0 || run.broken);
		(void)answer("250 2.0.0 OK\r\n");
	}
}

/* A line of content, RFC 5321 section 4.5.2. */
static void
hear_content(const char *p, size_t n)
{
	if (n == 1 && *p == '.') {
		hear_end();
		return;
	}
	if (n > 0 && *p == '.') {
		p++;
		n--;
	}
	REQUIRE(run.stored_n + n + 2 <= STORED);
	memcpy(run.stored + run.stored_n, p, n);
	memcpy(run.stored + run.stored_n + n, "\r\n", 2);
	run.stored_n += n + 2;
}

static void
hear(char c)
{
	if (run.mode == CHUNK && run.chunk > 0) {
		REQUIRE(run.stored_n < STORED);
		run.stored[run.stored_n++] = c;
		if (--run.chunk == 0)
			end_chunk();
		return;
	}
	REQUIRE(run.line_n < sizeof run.line - 1);
	run.line[run.line_n++] = c;
	if (c != '\n')
		return;
	REQUIRE(run.line_n >= 2 && run.line[run.line_n - 2] == '\r');
	run.line_n -= 2;
	run.line[run.line_n] = '\0';
	if (run.mode == CONTENT)
		hear_content(run.line, run.line_n);
	else
		hear_line(run.line, run.line_n);
	run.line_n = 0;
	if (run.mode == CHUNK && run.chunk == 0)
		end_chunk();
}

/*
 * What the program gives.
 */

static ptrdiff_t
wire_read(void *ctx, void *p, size_t n)
{
	(void)ctx;
	REQUIRE(run.transports == 1 && n > 0);
	if (n > run.says_n - run.said)
		n = run.says_n - run.said;
	if (n == 0)
		return run.ended ? SMTP_IO_CLOSED : SMTP_IO_WANT_READ;
	if (once_in(8))
		return SMTP_IO_WANT_READ;
	if (n > 1 && once_in(3))
		n = 1 + run.draw % n;
	memcpy(p, run.says + run.said, n);
	run.said += n;
	return (ptrdiff_t)n;
}

static ptrdiff_t
wire_write(void *ctx, const void *p, size_t n)
{
	bool gone = run.ended, wait = !gone && once_in(8);
	size_t given = n;

	(void)ctx;
	REQUIRE(run.transports == 1 && n > 0);
	if (!gone && n > 1 && once_in(3))
		n = 1 + run.draw % n;
	if (gone || wait)
		n = 0;
	for (size_t i = 0; i < n; i++)
		hear(((const char *)p)[i]);
	run.rest_n = given - n;
	REQUIRE(run.rest_n <= sizeof run.rest);
	memcpy(run.rest, (const char *)p + n, run.rest_n);
	if (gone)
		return once_in(2) ? SMTP_IO_CLOSED : SMTP_IO_FAILED;
	return wait ? SMTP_IO_WANT_WRITE : (ptrdiff_t)n;
}

static void
wire_close(void *ctx)
{
	(void)ctx;
	REQUIRE(run.transports == 1);
	run.transports = 0;
}

static void *
resize(void *ctx, void *p, size_t was, size_t now)
{
	void *fresh;

	(void)ctx;
	if (now == 0) {
		REQUIRE(p == NULL || run.blocks > 0);
		run.blocks -= p != NULL;
		free(p);
		return NULL;
	}
	if (run.fails_at > 0 && --run.fails_at == 0)
		return NULL;
	fresh = malloc(now);
	REQUIRE(fresh != NULL);
	run.blocks += p == NULL;
	if (p != NULL)
		memcpy(fresh, p, was < now ? was : now);
	free(p);
	return fresh;
}

static const struct smtp_allocator allocator = { resize, NULL };

struct supply {
	const char *p;
	size_t at, n;
	bool fails;
};

static ptrdiff_t
supply_read(void *ctx, void *p, size_t n)
{
	struct supply *s = ctx;

	if (once_in(6))
		return SMTP_SOURCE_WAIT;
	if (s->fails && once_in(3))
		return SMTP_SOURCE_FAILED;
	if (n > s->n - s->at)
		n = s->n - s->at;
	if (n > 1 && once_in(3))
		n = 1 + run.draw % n;
	if (n > 0)
		memcpy(p, s->p + s->at, n);
	s->at += n;
	return (ptrdiff_t)n;
}

static int
supply_rewind(void *ctx)
{
	struct supply *s = ctx;

	s->at = 0;
	return s->fails && once_in(4) ? -1 : 0;
}

static void
supply_close(void *ctx)
{
	(void)ctx;
	REQUIRE(run.sources > 0);
	run.sources--;
}

/* `how`: read once, of a size that is not known, failing. */
static struct smtp_source *
supply(const char *p, size_t n, unsigned how)
{
	struct supply *s = (struct supply *)(void *)fuzz_alloc(sizeof *s);

	*s = (struct supply){ p, 0, n, how & 4 };
	run.sources++;
	return smtp_source_callback(supply_read,
	    how & 1 ? NULL : supply_rewind, supply_close, s,
	    how & 2 ? SMTP_SIZE_UNKNOWN : n);
}

static void
plain_words(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		REQUIRE((unsigned char)p[i] >= ' ' && p[i] != 127);
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		REQUIRE(!has(p, n, shown[i]));
}

static void
trace(void *ctx, int who, const char *line, size_t n)
{
	(void)ctx;
	REQUIRE(who == 'C' || who == 'S' || who == '*');
	/* A server may send back what it knows; a client never shows it. */
	if (who != 'S')
		plain_words(line, n);
}

static int
clock_of(void *ctx, int64_t *seconds, int *zone)
{
	(void)ctx;
	*seconds = 1795000000;
	*zone = -90;
	return 0;
}

static int
random_of(void *ctx, void *p, size_t n)
{
	unsigned char *at = p;

	(void)ctx;
	while (n-- > 0) {
		(void)once_in(2);
		*at++ = (unsigned char)(run.draw >> 16);
	}
	return 0;
}

/*
 * The session.
 */

static struct smtp_options *
make_options(struct fuzz *f, unsigned how)
{
	static const char *const switches[] = {
		"require-all", "require-dsn", "chunking", "bdat-one-flight",
		"binarymime", "reconnect", "trace", "prdr"
	};
	struct smtp_options *o = smtp_options_new_with(&allocator);
	struct smtp_transport wire = {
		wire_read, wire_write, wire_close, NULL, NULL
	};
	unsigned flags = fuzz_octet(f);

	(void)smtp_options_set(o, "blocking", "no");
	(void)smtp_options_set(o, "ehlo-name", "me.example");
	if (run.insecure)
		(void)smtp_options_set(o, "insecure-plaintext-auth", "yes");
	for (unsigned i = 0; i < 8; i++)
		(void)smtp_options_set(o, switches[i],
		    flags >> i & 1 ? "yes" : "no");
	(void)smtp_options_set(o, "window", how & 1 ? "2" : "32");
	if (how & 2)
		(void)smtp_options_set(o, "deadline", "700");
	if (how & 4)
		(void)smtp_options_set(o, "mechanism", fuzz_string(f, 20));
	if (how & 8)
		(void)smtp_options_set_trace(o, trace, NULL);
	(void)smtp_options_set_clock(o, clock_of, NULL);
	(void)smtp_options_set_random(o, random_of, NULL);
	REQUIRE(smtp_options_set_transport(o, &wire) == SMTP_OK);
	run.transports = 1;
	return o;
}

/* Lines without what has to be changed, so that the server's are the same. */
static char *
raw_content(struct fuzz *f, size_t *n)
{
	char *block = fuzz_block(f, TEXT, n), *raw = fuzz_alloc(2 * *n + 20);
	size_t k = 0;

	memcpy(raw, "A: b\r\n\r\n", 8);
	k = 8;
	for (size_t i = 0; i < *n; i++) {
		unsigned char c = (unsigned char)block[i];

		if (c < ' ' || c == 127) {
			raw[k++] = '\r';
			raw[k++] = '\n';
		} else {
			raw[k++] = (char)(c > 127 && run.offers % 5 ? '.' : c);
		}
	}
	raw[k++] = '\r';
	raw[k++] = '\n';
	*n = k;
	return raw;
}

static void
build(struct fuzz *f, struct smtp_message *m, unsigned how)
{
	size_t n;
	const char *p;

	(void)smtp_message_set_from(m, "a@x");
	(void)smtp_message_set_subject(m, fuzz_string(f, 80));
	(void)smtp_message_set_text(m, fuzz_string(f, TEXT));
	if (how & 1)
		(void)smtp_message_set_html(m, fuzz_string(f, TEXT));
	p = fuzz_block(f, TEXT, &n);
	if (how & 2)
		(void)smtp_message_attach(m, supply(p, n, how >> 2 & 7), NULL,
		    fuzz_string(f, 30));
	if (how & 32)
		(void)smtp_message_add_header(m, fuzz_string(f, 12),
		    fuzz_string(f, 60));
}

static void
make_mail(struct fuzz *f, unsigned i)
{
	struct mail *mail = &run.mails[run.mail_n++];
	struct smtp_message *m = smtp_message_new_with(&allocator);
	unsigned how = fuzz_octet(f), who = fuzz_octet(f);
	char from[] = "m0@x", to[] = "r0@x";
	size_t n = 0;

	*mail = (struct mail){ .m = m, .rcpt_n = 1 + who % RCPTS };
	from[1] = (char)('0' + i);
	if (how & 64) {
		build(f, m, how);
	} else {
		char *raw = raw_content(f, &n);

		mail->raw = raw;
		mail->raw_n = n;
		(void)smtp_message_set_raw(m, how & 2 ?
		    supply(raw, n, how >> 2 & 7) : smtp_source_memory(raw, n));
	}
	(void)smtp_message_set_envelope_from(m, from);
	for (unsigned k = 0; k < mail->rcpt_n; k++) {
		to[1] = (char)('0' + k);
		(void)smtp_message_add_recipient(m, to);
	}
	if (who & 128)
		(void)smtp_message_set_dsn(m, "HDRS", fuzz_string(f, 20));
}

/*
 * To the end of what was begun. Where nothing can move any more the peer
 * speaks again, or goes, or time does.
 */
static int
finish(struct smtp *s, int status)
{
	while (status > 0) {
		REQUIRE(++run.steps < STEPS);
		if (run.fails_at == 0 && once_in(400))
			smtp_cancel(s);
		if (status & SMTP_WANT_TOKEN)
			(void)smtp_give_token(s, once_in(3) ? NULL : token);
		else if (run.said == run.says_n && once_in(6))
			now_ms += run.steps % 7 == 0 ? 400000 : 1000;
		else
			now_ms++;
		status = smtp_step(s);
	}
	fuzz_talk("*", smtp_error(s), strlen(smtp_error(s)));
	plain_words(smtp_error(s), strlen(smtp_error(s)));
	plain_words(smtp_hint(s), strlen(smtp_hint(s)));
	return status;
}

/*
 * Was its end in the server's hands, or offered to the transport, which may
 * have sent it, whatever it said?
 */
static bool
may_have_left(const struct mail *mail)
{
	if (!mail->marked) {
		run.mute = run.broken = true;
		for (size_t i = 0; i < run.rest_n; i++)
			hear(run.rest[i]);
		run.rest_n = 0;
	}
	return mail->marked;
}

/* What was told of a mail against what the server knows. */
static void
judge(const struct mail *mail, int status)
{
	size_t n = smtp_message_recipient_count(mail->m), good = 0;

	REQUIRE(n == 0 || n == mail->rcpt_n || status == SMTP_E_MEMORY);
	for (size_t i = 0; i < n && i < mail->rcpt_n; i++) {
		int told = smtp_message_recipient_status(mail->m, i);

		good += told == SMTP_OK;
		REQUIRE(told != SMTP_OK || mail->marked);
		REQUIRE(told != SMTP_E_UNKNOWN || may_have_left(mail));
		if (run.broken)
			continue;
		REQUIRE(told != SMTP_OK || mail->accepted[i]);
		REQUIRE(!mail->accepted[i] || told == SMTP_OK ||
		    told == SMTP_E_UNKNOWN);
	}
	REQUIRE(status != SMTP_OK || (n > 0 && good == n));
	plain_words(smtp_message_error(mail->m),
	    strlen(smtp_message_error(mail->m)));
	(void)smtp_message_retry(mail->m);
}

static void
send_one(struct smtp *s, struct mail *mail)
{
	int status = finish(s, smtp_send(s, mail->m));

	judge(mail, status);
	if (status == SMTP_E_LATER || status == SMTP_E_PARTIAL)
		judge(mail, finish(s, smtp_send(s, mail->m)));
}

static void
take_all(struct smtp *s)
{
	for (;;) {
		struct smtp_message *m = NULL;
		int status = smtp_take(s, &m);
		size_t i = 0;

		while (status > 0 && m == NULL) {
			(void)finish(s, status);
			status = smtp_take(s, &m);
		}
		if (m == NULL)
			return;
		while (run.mails[i].m != m)
			REQUIRE(++i < run.mail_n);
		REQUIRE(run.mails[i].away);
		run.mails[i].away = false;
		judge(&run.mails[i], status);
	}
}

static void
send_all(struct smtp *s)
{
	for (size_t i = 0; i < run.mail_n; i++) {
		int status = smtp_put(s, run.mails[i].m);

		if (status == SMTP_E_SPACE) {
			take_all(s);
			status = smtp_put(s, run.mails[i].m);
		}
		run.mails[i].away = status >= 0;
		if (status > 0)
			(void)finish(s, status);
	}
	take_all(s);
}

static void
authenticate(struct smtp *s, unsigned how)
{
	int status;

	run.auth_asked = true;
	if (how == 1)
		status = smtp_auth(s, user, password);
	else if (how == 2)
		status = smtp_auth_token(s, user, once_in(2) ? NULL : token);
	else
		status = smtp_auth_mechanism(s, "ANONYMOUS", "me");
	status = finish(s, status);
	/* None of these servers can sign. */
	REQUIRE(status != SMTP_OK || run.mechanism != 'S');
	run.auth_good = status == SMTP_OK;
}

static void
play(struct fuzz *f)
{
	unsigned how = fuzz_octet(f), more = fuzz_octet(f), n, fails_at;
	struct smtp_options *o;
	struct smtp *s = NULL;
	int status;

	run.offers = fuzz_octet(f);
	run.draw = fuzz_octet(f);
	fails_at = more & 64 ? 1 + fuzz_octet(f) : 0;
	run.lmtp = how & 1;
	run.insecure = how & 2;
	n = (how >> 2 & 3) % MAILS + 1;
	o = make_options(f, more);
	run.fails_at = fails_at;         /* not before: all over the wire */
	for (unsigned i = 0; i < n; i++)
		make_mail(f, i);
	run.script = *f;
	(void)answer("220 x ESMTP\r\n");
	status = smtp_open(&s, run.lmtp ? "lmtp+plaintext://x:24" :
	    "smtp+plaintext://x", o);
	smtp_options_free(o);
	if (s == NULL)
		REQUIRE(status == SMTP_E_MEMORY);
	else
		status = finish(s, status);
	if (s != NULL && how >> 4 & 3)
		authenticate(s, how >> 4 & 3);
	if (s != NULL && how & 64)
		(void)finish(s, more & 128 ? smtp_noop(s) :
		    smtp_command(s, "VRFY joe"));
	for (size_t i = 0; s != NULL && !(how & 128) && i < run.mail_n; i++)
		send_one(s, &run.mails[i]);
	if (s != NULL && how & 128)
		send_all(s);
	if (s != NULL && more & 16)
		(void)finish(s, smtp_quit(s));
	(void)smtp_close(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fuzz f = fuzz_begin(p, n);

	/* What the program itself says elsewhere is no secret. */
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		if (has((const char *)p, n, shown[i]))
			return 0;
	memset(&run, 0, offsetof(struct run, rest));
	now_ms = 1000;
	play(&f);
	for (size_t i = 0; i < run.mail_n; i++)
		smtp_message_free(run.mails[i].m);
	REQUIRE(run.transports == 0);
	REQUIRE(run.sources == 0);
	REQUIRE(run.blocks == 0);
	return 0;
}
