/* SPDX-License-Identifier: MIT */
/*
 * The whole engine against a peer that says what it likes, when it likes. The
 * input is a session: its setup, its mails, and what the peer does: the right
 * answer to what it heard, another one, octets that are none, silence, the
 * end; answers may come while a command or content is half out. It is played
 * twice with other cuts, and each time the same octets have to leave and the
 * same has to become of each mail.
 *
 * The peer is a server of its own, which reads the wire as RFC 5321, RFC 2033,
 * RFC 3030 and PRDR say and knows nothing of the engine. Of it is asked:
 *
 * - each line is a command that it knows, at a place where it may be said, and
 *   nothing stands behind one that has to wait for its answer;
 * - who is told OK is one whose address and content it took, and the other way
 *   round; who is told UNKNOWN is one whose end mark it did not answer;
 * - the content that it stores is what was given, with CRLF line ends;
 * - no password without TLS, unless that was asked for;
 * - each mail comes back, in order, and nothing goes on for ever.
 */
#include "fuzz.h"

#include <stdbool.h>

#include <smtp/engine.h>

#define MAILS 4
#define RCPTS 4
#define STORED 1024
#define WIRE 16384
#define ANSWERS 128
#define COUNT(x) (sizeof(x) / sizeof *(x))

static const char user[] = "joe", password[] = "pw-tWelve";
/* What of the password's base64 there is at each of its three places. */
static const char *const shown[] = {
	"cHctdFdlbHZl", "B3LXRXZWx2Z", "wdy10V2VsdmU"
};

/* What is answered, in the order of the wire. */
enum asked {
	GREETING, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, CHUNK, LAST, VERDICT,
	OTHER, QUIT
};

/* Answers that are not the right one. */
static const char *const says[] = {
	"421 4.3.2 bye\r\n", "450 4.2.0 later\r\n", "550 5.1.1 nobody\r\n",
	"552 5.3.4 big\r\n", "552 too many\r\n", "503 5.5.1 what\r\n",
	"500 what\r\n", "502 5.5.1 what\r\n", "504 5.5.4 no\r\n",
	"530 5.7.0 first\r\n", "534 5.7.9 weak\r\n", "535 5.7.8 no\r\n",
	"432 4.7.12 PLAIN\r\n", "454 4.7.0 not now\r\n", "220 x ESMTP\r\n",
	"221 bye\r\n", "235 2.7.0 in\r\n", "250 2.0.0 OK\r\n",
	"250-2.0.0 a\r\n250 2.0.0 b\r\n", "251 2.1.5 OK\r\n", "334 \r\n",
	"334 !\r\n", "334 VXNlcm5hbWU6\r\n", "353 each\r\n", "354 go\r\n",
	"354-go\r\n354 on\r\n", "554 5.5.1 nobody\r\n", "250-a\r\n550 b\r\n",
	"250 no\n", "999 x\r\n", "250-", "25", "\r\n", "250\r\n"
};

/* What may be offered, a bit of the session each. */
static const char *const offers[] = {
	"PIPELINING", "CHUNKING", "PRDR", "8BITMIME", "SMTPUTF8", "SIZE 300",
	"AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER X-OWN", "STARTTLS",
	"BINARYMIME", "ENHANCEDSTATUSCODES"
};
enum { OFFERS_STARTTLS = 7 };

struct row {
	bool taken, verdict, answered;   /* by the server                 */
};

struct mail {
	struct smtp_delivery d;
	struct smtp_rcpt *rcpts;
	char *content, *to[RCPTS];
	size_t content_n, piece;
	bool fails, last;
	/* in this run: */
	size_t given;
	bool started, turned_down, back, ended;
	/* what the server knows of it: */
	struct row rows[RCPTS];
	size_t at;                       /* of its RCPTs                  */
	bool taken, refused_chunk, marked, answered, prdr, chunks, verdicts;
	size_t stored_n;
	char stored[STORED];
};

static struct session {
	struct smtp_engine_setup setup;
	struct smtp_credentials credentials;
	size_t arena_n, mail_n;
	bool auth, window, honest, other, insist;
	uint8_t cuts;
	unsigned offers;
	struct mail mails[MAILS];
	struct fuzz script;
} session;

struct answer {
	enum asked asked;
	struct mail *mail;
	size_t row;
};

/* The server's end. */
static struct server {
	struct answer owed[ANSWERS];
	size_t owed_n;
	char line[4 * WIRE];             /* not read yet                  */
	size_t line_n;
	bool in_data, start;             /* of a line of content          */
	size_t dots;                     /* its state: 0, or after CR LF . CR */
	size_t chunk;
	bool chunk_last;
	struct mail *mail;               /* of the last MAIL              */
	size_t mail_i;
	bool secure, in_auth, handshake, known, pipelining, chunking, prdr;
	bool bdat_open;
	unsigned rounds;
	/* its own reader of what it says */
	bool broken;                     /* it said what is no reply      */
	bool goodbye;
	char says[16384];
	size_t says_n;
} server;

static struct run {
	struct smtp_engine *e;
	union {
		uint64_t align;
		void *align_p;
		unsigned char octets[SMTP_ENGINE_BYTES];
	} memory;
	char *arena;
	uint8_t cuts;
	uint32_t draw, now;
	char wire[4 * WIRE];             /* all commands                  */
	size_t wire_n;
	bool tried, quit, other, satisfied, is_in;
	size_t sent, back;
	unsigned steps, responses;
} run;

/*
 * The server hears.
 */

static void
owe(enum asked asked, struct mail *mail, size_t row)
{
	struct server *v = &server;

	/* What has to wait is the last of a group, RFC 2920 section 3.1. */
	if (v->owed_n > 0) {
		enum asked before = v->owed[v->owed_n - 1].asked;

		REQUIRE(v->pipelining || v->chunk_last ||
		    (session.setup.lmtp && asked == LAST) ||
		    asked == VERDICT);
		REQUIRE(before == MAIL || before == RCPT || before == CHUNK ||
		    before == LAST || before == VERDICT ||
		    (before == OTHER && asked == MAIL));
	}
	REQUIRE(v->owed_n < ANSWERS);
	v->owed[v->owed_n++] = (struct answer){ asked, mail, row };
}

static void
owe_last(struct mail *m)
{
	m->marked = true;
	if (!session.setup.lmtp) {
		owe(LAST, m, 0);
		return;
	}
	for (size_t i = 0; i < m->d.rcpt_count; i++)
		if (m->rows[i].taken)
			owe(LAST, m, i);
}

static bool
begins(const char *p, size_t n, const char *with)
{
	return n >= strlen(with) && memcmp(p, with, strlen(with)) == 0;
}

/* `<path>` and parameters behind. */
static void
check_path(const char *p, size_t n, const char *path)
{
	size_t size = strlen(path);

	REQUIRE(n >= size + 1 && memcmp(p, path, size) == 0 &&
	    p[size] == '>');
	REQUIRE(n == size + 1 || p[size + 1] == ' ');
}

static void
hear_mail(const char *p, size_t n)
{
	struct server *v = &server;
	struct mail *m;

	/* The next of those that were not turned down. */
	if (v->mail != NULL)
		v->mail_i++;
	while (v->mail_i < session.mail_n &&
	    session.mails[v->mail_i].turned_down)
		v->mail_i++;
	REQUIRE(v->mail_i < session.mail_n);
	m = v->mail = &session.mails[v->mail_i];
	REQUIRE(m->started && v->known);
	check_path(p, n, m->d.from);
	m->prdr = n > 5 && memcmp(p + n - 5, " PRDR", 5) == 0;
	if (n > 14 && begins(p + n - 14, 14, " PRDR SMTPUTF8"))
		m->prdr = true;
	REQUIRE(!m->prdr || v->prdr);
	owe(MAIL, m, 0);
}

static void
hear_rcpt(const char *p, size_t n)
{
	struct mail *m = server.mail;

	REQUIRE(m != NULL && m->at < m->d.rcpt_count);
	check_path(p, n, m->to[m->at]);
	owe(RCPT, m, m->at++);
}

static void
hear_bdat(const char *p, size_t n)
{
	struct server *v = &server;
	size_t i;

	REQUIRE(v->chunking && v->mail != NULL && !v->mail->marked);
	REQUIRE(v->mail->at == v->mail->d.rcpt_count);
	v->chunk = 0;
	for (i = 0; i < n && p[i] >= '0' && p[i] <= '9'; i++)
		v->chunk = v->chunk * 10 + (size_t)(p[i] - '0');
	REQUIRE(i > 0 && i < 6);
	v->chunk_last = n == i + 5 && memcmp(p + i, " LAST", 5) == 0;
	REQUIRE(v->chunk_last || (n == i && v->chunk > 0));
	v->mail->chunks = true;
	v->bdat_open = true;
}

static void
hear_auth(const char *p, size_t n)
{
	REQUIRE(server.known && n > 0);
	REQUIRE(server.secure || session.setup.tls == SMTP_ENGINE_PLAINTEXT);
	for (size_t i = 0; i < n; i++)
		REQUIRE((p[i] >= 'A' && p[i] <= 'Z') || p[i] == '-' ||
		    p[i] == '_' || (p[i] >= '0' && p[i] <= '9') ||
		    (p[i] == ' ' && i > 0) || memchr(p, ' ', i) != NULL);
	server.rounds = memchr(p, ' ', n) != NULL;
	owe(AUTH, NULL, 0);
}

/* A line that answers a challenge: base64, or no. */
static void
hear_response(const char *p, size_t n)
{
	size_t pad = 0;

	server.rounds++;
	owe(AUTH, NULL, 0);
	if (n == 1 && *p == '*')
		return;
	REQUIRE(n % 4 == 0);
	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		pad += c == '=';
		REQUIRE(c == '=' ? i + 2 >= n : pad == 0 &&
		    ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '+' || c == '/'));
	}
}

static void
hear_ehlo(const char *p, size_t n)
{
	REQUIRE(n == strlen(session.setup.ehlo) &&
	    memcmp(p, session.setup.ehlo, n) == 0);
	server.known = false;
	owe(EHLO, NULL, 0);
}

static void
hear_line(const char *p, size_t n)
{
	struct server *v = &server;
	bool in_auth = v->in_auth;

	for (size_t i = 0; i < n; i++)
		REQUIRE((unsigned char)p[i] >= ' ' && p[i] != 127);
	for (size_t k = 0; k < COUNT(shown) && !v->secure &&
	    !session.setup.insecure_auth; k++)
		for (size_t i = 0; i + strlen(shown[k]) <= n; i++)
			REQUIRE(memcmp(p + i, shown[k], strlen(shown[k])));
	v->in_auth = false;
	if (in_auth)
		hear_response(p, n);
	else if (begins(p, n, session.setup.lmtp ? "LHLO " : "EHLO "))
		hear_ehlo(p + 5, n - 5);
	else if (begins(p, n, "HELO ") && !session.setup.lmtp)
		hear_ehlo(p + 5, n - 5);
	else if (n == 8 && begins(p, n, "STARTTLS"))
		owe(STARTTLS, NULL, 0);
	else if (begins(p, n, "AUTH "))
		hear_auth(p + 5, n - 5);
	else if (begins(p, n, "MAIL FROM:<"))
		hear_mail(p + 11, n - 11);
	else if (begins(p, n, "RCPT TO:<"))
		hear_rcpt(p + 9, n - 9);
	else if (n == 4 && begins(p, n, "DATA"))
		owe(DATA, v->mail, 0);
	else if (begins(p, n, "BDAT "))
		hear_bdat(p + 5, n - 5);
	else if (n == 4 && begins(p, n, "QUIT"))
		owe(QUIT, NULL, 0);
	else if (n == 4 && (begins(p, n, "RSET") || begins(p, n, "NOOP")))
		owe(OTHER, NULL, 0);
	else
		REQUIRE(session.other && n == 8 && begins(p, n, "VRFY joe") &&
		    (owe(OTHER, NULL, 0), true));
}

static void
store(struct mail *m, char c)
{
	REQUIRE(m->stored_n < STORED);
	m->stored[m->stored_n++] = c;
}

/* Content behind DATA, RFC 5321 section 4.5.2; true: the end mark. */
static bool
hear_content(char c)
{
	struct server *v = &server;
	struct mail *m = v->mail;

	if (v->dots == 1 && c != '\r') {  /* a dot alone so far */
		v->dots = 0;
		REQUIRE(c == '.');
	} else if (v->dots == 2) {
		REQUIRE(c == '\n');
		return true;
	}
	if (v->dots == 1) {
		v->dots = 2;
		return false;
	}
	if (v->start && c == '.') {
		v->start = false;
		v->dots = 1;
		return false;
	}
	if (c == '\n')
		REQUIRE(m->stored_n > 0 && m->stored[m->stored_n - 1] == '\r');
	else
		REQUIRE(m->stored_n == 0 || m->stored[m->stored_n - 1] != '\r');
	v->start = c == '\n';
	store(m, c);
	return false;
}

static void
end_chunk(void)
{
	struct server *v = &server;

	v->bdat_open = false;
	if (v->chunk_last)
		owe_last(v->mail);
	else
		owe(CHUNK, v->mail, 0);
}

/* Read on as far as a server would. */
static void
server_reads(void)
{
	struct server *v = &server;
	size_t at = 0;

	for (;;) {
		const char *end;

		if (v->bdat_open) {
			while (v->chunk > 0 && at < v->line_n) {
				store(v->mail, v->line[at++]);
				v->chunk--;
			}
			if (v->chunk > 0)
				break;
			end_chunk();
		}
		if (v->in_data) {
			while (v->in_data && at < v->line_n)
				if (hear_content(v->line[at++])) {
					v->in_data = false;
					owe_last(v->mail);
				}
			if (v->in_data)
				break;
		}
		end = v->line_n > at ?
		    memchr(v->line + at, '\n', v->line_n - at) : NULL;
		if (end == NULL)
			break;
		REQUIRE(end > v->line + at && end[-1] == '\r');
		hear_line(v->line + at, (size_t)(end - 1 - (v->line + at)));
		at = (size_t)(end + 1 - v->line);
	}
	if (at > 0) {
		memmove(v->line, v->line + at, v->line_n - at);
		v->line_n -= at;
	}
	REQUIRE(v->line_n <= 12288);
}

/*
 * The server speaks. What it said is read once more, in the plainest way, for
 * what it may have said itself.
 */

static void
offered(const char *p, size_t n)
{
	struct server *v = &server;
	const char *end = memchr(p, '\n', n), *line;

	v->known = true;
	v->pipelining = v->chunking = v->prdr = false;
	while (end != NULL && end + 5 < p + n) {
		line = end + 5;
		end = memchr(line, '\n', (size_t)(p + n - line));
		if (end == NULL)
			return;
		/* In any case, and alone or with something behind. */
		for (size_t k = 0; k < 3; k++) {
			size_t i, size = strlen(offers[k]);

			for (i = 0; i < size && line + i < end; i++)
				if ((line[i] | 32) != (offers[k][i] | 32))
					break;
			if (i < size || (line[i] != ' ' && line[i] != '\t' &&
			    line[i] != '=' && line[i] != '\r'))
				continue;
			v->pipelining |= k == 0;
			v->chunking |= k == 1;
			v->prdr |= k == 2;
		}
	}
}

static void
answer_verdict(const struct answer *a, unsigned code)
{
	struct row *row = &a->mail->rows[a->row];

	row->answered = true;
	row->verdict = code / 100 == 2;
}

/* 353: a verdict for each, and the last one stays. */
static void
answer_each(struct mail *m)
{
	struct server *v = &server;
	size_t n = 0;

	for (size_t i = 0; i < m->d.rcpt_count; i++)
		n += m->rows[i].taken;
	if (m->verdicts || n == 0) {
		v->broken = true;
		return;
	}
	REQUIRE(v->owed_n + n + 1 <= ANSWERS);
	memmove(v->owed + n + 1, v->owed, v->owed_n * sizeof *v->owed);
	v->owed_n += n + 1;
	n = 0;
	for (size_t i = 0; i < m->d.rcpt_count; i++)
		if (m->rows[i].taken)
			v->owed[n++] = (struct answer){ VERDICT, m, i };
	v->owed[n] = (struct answer){ LAST, m, 0 };
	m->verdicts = true;
}

static void
answer_last(const struct answer *a, unsigned code)
{
	struct mail *m = a->mail;

	if (code == 353 && m->prdr) {
		answer_each(m);
		return;
	}
	if (session.setup.lmtp) {
		answer_verdict(a, code);
		return;
	}
	m->answered = true;
	for (size_t i = 0; i < m->d.rcpt_count; i++) {
		struct row *row = &m->rows[i];

		row->verdict = code / 100 == 2 &&
		    (!m->verdicts || row->verdict);
		row->answered = true;
	}
}

/* A complete reply was said. */
static void
answered(const char *p, size_t n)
{
	struct server *v = &server;
	unsigned code = (unsigned)(100 * (p[0] - '0') + 10 * (p[1] - '0') +
	    (p[2] - '0'));
	struct answer a;

	if (v->owed_n == 0 || v->broken) {
		v->broken = true;
		return;
	}
	a = v->owed[0];
	memmove(v->owed, v->owed + 1, --v->owed_n * sizeof *v->owed);
	v->goodbye |= code == 421;
	/* Where a 3yz and a 2yz have no meaning. */
	if (a.asked == DATA ? code / 100 == 2 : code / 100 == 3 &&
	    a.asked != AUTH && !(a.asked == LAST && code == 353 &&
	    a.mail->prdr))
		v->broken = true;
	if (v->broken)
		return;
	if (a.asked == EHLO && code / 100 == 2)
		offered(p, n);
	else if (a.asked == STARTTLS)
		v->handshake = code == 220;
	else if (a.asked == AUTH)
		v->in_auth = code == 334;
	else if (a.asked == MAIL)
		a.mail->taken = code / 100 == 2;
	else if (a.asked == RCPT)
		a.mail->rows[a.row].taken = a.mail->taken && code / 100 == 2;
	else if (a.asked == DATA) {
		v->in_data = v->start = code / 100 == 3;
		v->dots = 0;
	} else if (a.asked == CHUNK)
		a.mail->refused_chunk |= code / 100 != 2;
	else if (a.asked == LAST)
		answer_last(&a, code);
	else if (a.asked == VERDICT)
		answer_verdict(&a, code);
}

/* One octet that the engine heard. */
static void
server_said(char c)
{
	struct server *v = &server;
	const char *line;
	size_t n;

	REQUIRE(v->says_n < sizeof v->says);
	v->says[v->says_n++] = c;
	if (c != '\n')
		return;
	for (line = v->says + v->says_n - 1; line > v->says &&
	    line[-1] != '\n'; line--)
		;
	n = (size_t)(v->says + v->says_n - line);
	if (n < 5 || line[n - 2] != '\r' || line[0] < '2' || line[0] > '5' ||
	    line[1] < '0' || line[1] > '9' || line[2] < '0' || line[2] > '9' ||
	    (n > 5 && line[3] != ' ' && line[3] != '-') ||
	    memchr(line, '\r', n - 2) != NULL ||
	    memcmp(line, v->says, 3) != 0)
		v->broken = true;
	else if (n == 5 || line[3] == ' ')
		answered(v->says, v->says_n);
	else
		return;
	v->says_n = 0;
}

/* The answer that everybody hopes for. */
static const char *
right_answer(void)
{
	static char text[512];
	struct server *v = &server;
	size_t n = 0;

	switch (v->owed[0].asked) {
	case GREETING:
		return "220 x ESMTP\r\n";
	case EHLO:
		n = (size_t)snprintf(text, sizeof text, "250-x\r\n");
		for (unsigned i = 0; i < COUNT(offers); i++)
			if (session.offers >> i & 1 &&
			    (i != OFFERS_STARTTLS || !v->secure))
				n += (size_t)snprintf(text + n, sizeof text - n,
				    "250-%s\r\n", offers[i]);
		snprintf(text + n, sizeof text - n, "250 HELP\r\n");
		return text;
	case STARTTLS:
		return "220 2.0.0 go\r\n";
	case AUTH:
		if (session.credentials.stepped ? !run.satisfied :
		    v->rounds == 0)
			return "334 PDEyMzQ1QHg+\r\n";
		return "235 2.7.0 in\r\n";
	case MAIL:
		return "250 2.1.0 OK\r\n";
	case RCPT:
		return "250 2.1.5 OK\r\n";
	case DATA:
		return "354 go\r\n";
	case LAST:
		if (v->owed[0].mail->prdr && !v->owed[0].mail->verdicts &&
		    session.cuts & 1)
			return "353 each\r\n";
		return "250 2.0.0 as 12345\r\n";
	case QUIT:
		return "221 bye\r\n";
	default:
		return "250 2.0.0 OK\r\n";
	}
}

/*
 * The caller of the engine.
 */

/* The next cut: all of it, one octet, or a few. */
static size_t
cut(void)
{
	if (run.cuts == 0)
		return 8192;
	if (run.cuts == 1)
		return 1;
	run.draw = run.draw * UINT32_C(1664525) + UINT32_C(1013904223);
	return 1 + (run.draw >> 16) % run.cuts;
}

static struct mail *
whose_turn(void)
{
	for (size_t i = 0; i < session.mail_n; i++) {
		struct mail *m = &session.mails[i];

		if (m->started && !m->back && !m->ended &&
		    m->d.phase < SMTP_PHASE_FINAL)
			return m;
	}
	return NULL;
}

static void
give(void)
{
	struct mail *m = whose_turn();
	bool chunks;
	size_t n;

	REQUIRE(m != NULL);
	chunks = (m->d.flags & SMTP_DELIVERY_CHUNKS) != 0;
	n = m->content_n - m->given;
	if (n > (chunks ? m->piece : cut()))
		n = chunks ? m->piece : cut();
	if (n > m->content_n - m->given)
		n = m->content_n - m->given;
	if (m->fails && n == 0) {
		m->ended = true;
		smtp_engine_content_failed(run.e, SMTP_E_SOURCE);
		return;
	}
	m->ended = n == 0 || (chunks && m->last && !m->fails &&
	    m->given + n == m->content_n);
	(m->ended ? smtp_engine_content_last : smtp_engine_content)
	    (run.e, m->content + m->given, n);
	m->given += n;
}

/* Up to `budget` octets of what is to be sent. */
static size_t
take(size_t budget)
{
	static char room[8192];
	size_t want = cut(), n;
	char *p;

	if (want > budget)
		want = budget;
	p = room + sizeof room - want;
	n = smtp_engine_take(run.e, p, want);
	REQUIRE(n <= want);
	if (n == 0)
		return 0;
	REQUIRE(server.line_n + n <= sizeof server.line);
	fuzz_talk("C:", p, n);
	memcpy(server.line + server.line_n, p, n);
	server.line_n += n;
	if (smtp_engine_taken(run.e) != SMTP_KIND_CONTENT) {
		REQUIRE(run.wire_n + n <= sizeof run.wire);
		memcpy(run.wire + run.wire_n, p, n);
		run.wire_n += n;
	}
	server_reads();
	return n;
}

static void
send_mails(void)
{
	do {
		struct mail *m = &session.mails[run.sent++];

		m->started = true;
		if (smtp_engine_send(run.e, &m->d) != SMTP_OK) {
			REQUIRE(m->d.status < 0);
			m->back = m->ended = m->turned_down = true;
		}
	} while (session.window && run.sent < session.mail_n);
}

static void
ready(void)
{
	if (session.auth && !run.tried) {
		run.tried = true;
		if (smtp_engine_auth(run.e, &session.credentials) == SMTP_OK)
			return;
	}
	if (session.other && !run.other) {
		run.other = true;
		if ((session.cuts & 3) == 0 ?
		    smtp_engine_command(run.e, "VRFY joe") == SMTP_OK :
		    (session.cuts & 3) == 1 ?
		    smtp_engine_reset(run.e) == SMTP_OK :
		    smtp_engine_noop(run.e) == SMTP_OK)
			return;
	}
	if (run.sent < session.mail_n) {
		send_mails();
	} else if (!run.quit) {
		run.quit = true;
		REQUIRE(smtp_engine_quit(run.e) == SMTP_OK);
	}
}

static void
respond(void)
{
	static const char response[] = "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL";
	unsigned how = session.cuts + run.responses++;
	size_t n = how % sizeof response;

	run.satisfied = how % 3 == 0 || run.responses > 3;
	REQUIRE(smtp_engine_response(run.e, how % 11 == 10 ? NULL :
	    response + sizeof response - 1 - n, n > 0 ? n - 1 : 0,
	    run.satisfied) == SMTP_OK);
}

static void
give_back(void)
{
	struct smtp_delivery *d = smtp_engine_result(run.e);
	struct mail *m = (struct mail *)(void *)d;

	REQUIRE(d != NULL && d->status <= 0);
	while (session.mails[run.back].turned_down)
		run.back++;
	REQUIRE(m == &session.mails[run.back++] && !m->back);
	m->back = true;
}

/* All that can happen without the server, as far as `budget` goes. */
static void
serve(size_t budget)
{
	struct smtp_reply reply;
	unsigned want;

	for (;;) {
		REQUIRE(++run.steps < 200000);
		want = smtp_engine_want(run.e);
		if (want & (SMTP_ENGINE_READ | SMTP_ENGINE_WRITE))
			REQUIRE(smtp_engine_due_ms(run.e, run.now) - run.now <=
			    600000);
		(void)smtp_engine_reply(run.e, &reply);
		REQUIRE(want != 0);
		if (want & SMTP_ENGINE_RESULT) {
			give_back();
		} else if (want & SMTP_ENGINE_READY && !run.quit) {
			ready();
		} else if (want & SMTP_ENGINE_TLS) {
			REQUIRE(server.handshake && server.owed_n == 0 &&
			    server.line_n == 0);
			server.handshake = server.known = false;
			server.secure = true;
			server.pipelining = server.chunking = false;
			server.prdr = false;
			smtp_engine_secured(run.e);
		} else if (want & SMTP_ENGINE_CONTENT) {
			give();
		} else if (want & SMTP_ENGINE_RESPONSE) {
			respond();
		} else if (want & SMTP_ENGINE_WRITE && budget > 0) {
			size_t n = take(budget);

			budget -= n;
		} else {
			return;
		}
	}
}

/* Nothing is left but results. */
static bool
is_over(void)
{
	return (smtp_engine_want(run.e) &
	    ~(unsigned)(SMTP_ENGINE_DONE | SMTP_ENGINE_RESULT)) == 0;
}

static void
hear(const char *p, size_t n)
{
	static char room[8192];
	size_t at = 0;

	while (at < n && !is_over()) {
		size_t piece = cut(), used;
		char *exact;

		if (piece > n - at)
			piece = n - at;
		exact = memcpy(room + sizeof room - piece, p + at, piece);
		used = smtp_engine_feed(run.e, exact, piece);
		fuzz_talk("S:", exact, used);
		REQUIRE(used > 0 && used <= piece);
		for (size_t i = 0; i < used; i++)
			server_said(exact[i]);
		at += used;
		REQUIRE(++run.steps < 200000);
	}
}

static void
hear_text(const char *text)
{
	hear(text, strlen(text));
}

/* A step of the peer. */
static void
act(struct fuzz *f)
{
	unsigned op = fuzz_octet(f);
	bool more = false;
	size_t n;

	if (op < 0x70) {
		/* The right answer; now and then with the next one. */
		more = op % 4 == 3;
		if (server.owed_n > 0)
			hear_text(right_answer());
	} else if (op < 0xa0) {
		hear_text(says[(op - 0x70) % COUNT(says)]);
	} else if (op < 0xc0) {
		size_t used = fuzz_used;
		const char *text = fuzz_block(f, 64, &n);

		hear(text, n);
		more = op & 1;
		if (op & 2)
			hear_text("\r\n");
		fuzz_release(used);
	} else if (op < 0xd0) {
		serve(fuzz_octet(f));
		return;
	} else if (op < 0xe0) {
		run.now += UINT32_C(1000) * (1 + fuzz_octet(f));
		if ((int32_t)(run.now - smtp_engine_due_ms(run.e, run.now)) >=
		    0)
			smtp_engine_lost(run.e, SMTP_E_TIMEOUT);
	} else if (op < 0xe4) {
		smtp_engine_lost(run.e, op & 1 ? SMTP_E_CANCELLED :
		    SMTP_E_CLOSED);
	} else {
		while (server.owed_n > 0 && !is_over() && op-- >= 0xe0)
			hear_text(right_answer());
	}
	if (!more)
		serve(SIZE_MAX);
}

/*
 * What became of it.
 */

/* What the server was to store of this mail. */
static void
check_content(const struct mail *m)
{
	bool exact = m->chunks && m->d.flags &
	    (SMTP_DELIVERY_EXACT | SMTP_DELIVERY_BINARY);
	size_t at = 0, i = 0;

	while (i < m->given && at < m->stored_n) {
		char c = m->content[i++];

		if (exact || (c != '\r' && c != '\n')) {
			REQUIRE(m->stored[at++] == c);
			continue;
		}
		REQUIRE(m->stored[at++] == '\r');
		if (at == m->stored_n)
			break;
		REQUIRE(m->stored[at++] == '\n');
		i += c == '\r' && i < m->given && m->content[i] == '\n';
	}
	if (!m->marked)
		return;
	/* Nobody was left, and a lone dot ended it. */
	if (m->stored_n == 0 && !m->chunks && m->given == 0)
		return;
	REQUIRE(i == m->content_n && m->given == m->content_n && m->ended &&
	    !m->fails);
	if (!exact && m->content_n > 0 && at < m->stored_n) {
		REQUIRE(at + 2 == m->stored_n &&
		    memcmp(m->stored + at, "\r\n", 2) == 0);
		at += 2;
	}
	REQUIRE(at == m->stored_n);
	if (!exact && at > 0)
		REQUIRE(m->stored[at - 1] == '\n');
}

static void
check_mail(const struct mail *m)
{
	REQUIRE(m->back && m->d.status <= 0);
	for (size_t i = 0; i < m->d.rcpt_count; i++) {
		const struct row *row = &m->rows[i];
		int status = m->rcpts[i].status;
		bool taken = m->taken && row->taken && !m->refused_chunk &&
		    row->verdict && (m->answered || session.setup.lmtp);

		REQUIRE(status <= 0);
		REQUIRE((status == SMTP_OK) == taken);
		if (status == SMTP_OK)
			REQUIRE(m->marked && !m->turned_down);
		if (status == SMTP_E_UNKNOWN)
			REQUIRE(m->marked && !m->answered &&
			    m->d.status == SMTP_E_UNKNOWN);
		else if (m->marked && row->taken && !m->answered &&
		    !(session.setup.lmtp && row->answered) &&
		    !server.goodbye && !m->refused_chunk)
			REQUIRE(row->answered && !row->verdict);
	}
	check_content(m);
}

static void
forget_mail(struct mail *m)
{
	m->given = m->at = m->stored_n = 0;
	m->started = m->turned_down = m->back = m->ended = false;
	m->taken = m->refused_chunk = m->marked = m->answered = false;
	m->prdr = m->chunks = m->verdicts = false;
	m->d.phase = 0;
	m->d.flags &= (uint16_t)~SMTP_DELIVERY_UTF8;
	memset(m->rows, 0, sizeof m->rows);
	for (size_t k = 0; k < m->d.rcpt_count; k++) {
		m->rcpts[k].status = SMTP_RCPT_PENDING;
		m->rcpts[k].code = 0;
	}
}

/* Once more from the start; the server's large rooms keep what was there. */
static void
forget(uint8_t cuts)
{
	server.owed_n = server.line_n = server.says_n = server.mail_i = 0;
	server.mail = NULL;
	server.secure = session.setup.tls == SMTP_ENGINE_IMPLICIT;
	server.in_data = server.in_auth = server.handshake = false;
	server.known = server.pipelining = server.chunking = false;
	server.prdr = server.broken = server.goodbye = false;
	server.bdat_open = server.chunk_last = false;
	server.rounds = 0;
	run.cuts = cuts;
	run.draw = cuts;
	run.now = UINT32_C(4294900000);
	run.wire_n = run.sent = run.back = 0;
	run.tried = run.quit = run.other = run.satisfied = false;
	run.steps = run.responses = 0;
	for (size_t i = 0; i < session.mail_n; i++)
		forget_mail(&session.mails[i]);
	owe(GREETING, NULL, 0);
}

/* All that is to be the same however it was cut. */
static size_t
sum_up(char *all)
{
	size_t n = run.wire_n;

	memcpy(all, run.wire, n);
	for (size_t i = 0; i < session.mail_n && i < run.sent; i++) {
		const struct mail *m = &session.mails[i];

		check_mail(m);
		/* Where content is refused half-way, a cut tells how far. */
		if (m->marked) {
			memcpy(all + n, m->stored, m->stored_n);
			n += m->stored_n;
		}
		for (size_t k = 0; k < m->d.rcpt_count; k++) {
			const struct smtp_rcpt *row = &m->rcpts[k];

			all[n++] = (char)row->status;
			all[n++] = (char)row->phase;
			all[n++] = (char)row->code;
		}
		all[n++] = (char)m->d.status;
		all[n++] = (char)m->d.cause;
	}
	all[n++] = (char)smtp_engine_status(run.e);
	return n;
}

static size_t
play(uint8_t cuts, char *all)
{
	struct fuzz f = session.script;
	char octet;

	forget(cuts);
	if (smtp_engine_init(&run.e, run.memory.octets,
	    sizeof run.memory.octets, &session.setup) != SMTP_OK)
		return 0;
	serve(SIZE_MAX);
	while (f.n > 0 && !is_over())
		act(&f);
	/* It goes on as it should, or the line breaks. */
	serve(SIZE_MAX);
	while (session.honest && server.owed_n > 0 && !server.broken &&
	    !is_over()) {
		hear_text(right_answer());
		serve(SIZE_MAX);
	}
	smtp_engine_lost(run.e, SMTP_E_CLOSED);
	serve(SIZE_MAX);
	REQUIRE(smtp_engine_want(run.e) == SMTP_ENGINE_DONE);
	REQUIRE(smtp_engine_take(run.e, &octet, 1) == 0);
	return sum_up(all);
}

static void
make_mail(struct fuzz *f, struct mail *m)
{
	static const char *const rcpts[] = {
		"b@x.example", "c@x.example", "\"d d\"@x.example", "e@[::1]"
	};
	unsigned how = fuzz_octet(f), more = fuzz_octet(f);

	memset(&m->d, 0, sizeof m->d);
	m->d.rcpt_count = 1 + (how & 3);
	m->rcpts = (void *)fuzz_alloc(m->d.rcpt_count * sizeof *m->rcpts);
	memset(m->rcpts, 0, m->d.rcpt_count * sizeof *m->rcpts);
	m->d.rcpts = m->rcpts;
	m->d.flags = (how & 4 ? 0 : SMTP_DELIVERY_CHUNKS) |
	    (how & 8 ? SMTP_DELIVERY_PRDR : 0) |
	    (how & 16 ? SMTP_DELIVERY_ALL : 0) |
	    (how & 32 ? SMTP_DELIVERY_WAIT : 0) |
	    (how & 64 ? SMTP_DELIVERY_EXACT : 0) |
	    (more & 1 ? SMTP_DELIVERY_SIZE : 0) |
	    (more & 2 ? SMTP_DELIVERY_8BIT : 0) |
	    (more & 4 ? SMTP_DELIVERY_BINARY : 0);
	m->fails = (more & 24) == 24;
	m->last = more & 32;
	m->d.parameters = more & 64 ? "ENVID=1" : NULL;
	m->piece = 1 + (more & 128 ? fuzz_octet(f) : 255);
	m->d.from = how & 128 ? fuzz_string(f, 40) : "a@x.example";
	for (size_t i = 0; i < m->d.rcpt_count; i++) {
		m->to[i] = how & 128 ? fuzz_string(f, 40) :
		    fuzz_copy(rcpts[i], strlen(rcpts[i]) + 1);
		m->rcpts[i].address = m->to[i];
	}
	m->content = fuzz_block(f, 255, &m->content_n);
	if (m->piece < m->content_n / 8)
		m->piece = m->content_n / 8;
	m->d.size = m->content_n;
}

/* An input that has a secret in it shows it: in an address, say. */
static bool
has_secret(const uint8_t *p, size_t n)
{
	for (size_t k = 0; k < COUNT(shown); k++)
		for (size_t i = 0; i + strlen(shown[k]) <= n; i++)
			if (memcmp(p + i, shown[k], strlen(shown[k])) == 0)
				return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_n)
{
	static char all[sizeof run.wire + MAILS * (STORED + 100)];
	static char again[sizeof all];
	static const size_t arenas[] = { 0, 64, 200, 700 };
	struct session *s = &session;
	struct fuzz f = fuzz_begin(input, input_n);
	unsigned how = fuzz_octet(&f), more = fuzz_octet(&f);
	size_t n;

	if (has_secret(input, input_n))
		return 0;
	memset(&s->setup, 0, sizeof s->setup);
	memset(&s->credentials, 0, sizeof s->credentials);
	s->cuts = (uint8_t)fuzz_octet(&f);
	s->offers = fuzz_octet(&f) ^ 0xff;
	s->offers |= (more & 12U) << 6;
	s->setup.tls = how & 3;
	s->setup.lmtp = how >> 2 & 1;
	s->setup.insecure_auth = how >> 3 & 1;
	s->setup.ehlo = "client.example";
	s->auth = how & 16;
	s->arena_n = arenas[how >> 6];
	s->setup.text_n = s->arena_n;
	s->setup.text = s->arena_n > 0 ? fuzz_alloc(s->arena_n) : NULL;
	s->window = more & 1;
	s->honest = more & 2;
	s->other = more & 16;
	s->mail_n = 1 + (more >> 6);
	s->credentials.user = user;
	if (more & 32) {
		s->credentials.mechanism = "X-OWN";
		s->credentials.stepped = how & 32 ? SMTP_STEPPED_FIRST :
		    SMTP_STEPPED_SECOND;
	} else if (how & 32) {
		s->credentials.token = password;
	} else {
		s->credentials.password = password;
	}
	for (size_t i = 0; i < s->mail_n; i++)
		make_mail(&f, &s->mails[i]);
	s->script = f;

	n = play(0, all);
	REQUIRE(play(s->cuts > 0 ? s->cuts : 1, again) == n);
	REQUIRE(memcmp(all, again, n) == 0);
	return 0;
}
