/* SPDX-License-Identifier: MIT */
/*
 * Messages in flight. Most of it against a server that is a transport: strict
 * about the order of commands, it counts what it is asked, can lose the
 * connection at any octet, and knows which mail it has taken how often.
 */
#include "check.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/session.h"

#define MAILS 32
#define ROOM  (1 << 20)

enum mode { LINES, CONTENT, CHUNK };

struct model {
	bool pipelining, chunking, lmtp, deaf;
	size_t piece;            /* octets at a time, 0: all                */
	size_t cut_heard;        /* the connection is lost behind so many   */
	size_t cut_said;         /* 0: never                                */

	enum mode mode;
	size_t heard, said;
	char line[1000];
	size_t line_n;
	size_t chunk;            /* octets that are left of it              */
	bool last, open, spoiled, over;
	unsigned rcpts;
	char mail[2000];         /* its beginning                           */
	size_t mail_n;
	char tail[6];
	char out[65536];
	size_t out_at, out_n;

	unsigned taken[1000];    /* by the number in the subject            */
	unsigned rsets, mails;
	unsigned long reads, writes, empty, turns, calls;
	bool wrote, opened;
	char wire[65536];        /* commands, one a line                    */
	size_t wire_n;
	struct smtp_transport transport;
};

static void
say(struct model *m, const char *text)
{
	size_t n = strlen(text);

	assert_true(m->out_n + n + 2 < sizeof m->out);
	memcpy(m->out + m->out_n, text, n);
	memcpy(m->out + m->out_n + n, "\r\n", 2);
	m->out_n += n + 2;
	if (strncmp(text, "421", 3) == 0)
		m->over = true;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool
holds(const struct model *m, const char *word)
{
	return strstr(m->mail, word) != NULL;
}

static void
end_of_mail(struct model *m)
{
	const char *subject;
	bool fine = m->rcpts > 0 && !m->spoiled;

	m->mail[m->mail_n] = '\0';
	subject = strstr(m->mail, "Subject: ");
	if (holds(m, "goodbye"))
		say(m, "421 bye");
	else if (!fine || holds(m, "refuse"))
		say(m, m->spoiled ? "503 5.5.1 no" : "554 5.6.0 no");
	else {
		assert_non_null(subject);
		m->taken[strtoul(subject + 9, NULL, 10)]++;
		for (unsigned i = 0; i < (m->lmtp ? m->rcpts : 1); i++)
			say(m, "250 2.0.0 ok");
	}
	m->open = m->spoiled = m->spoiled || !fine || holds(m, "refuse");
	m->mail_n = m->rcpts = 0;
	m->mails++;
	m->mode = LINES;
}

static void
end_of_chunk(struct model *m)
{
	m->mode = LINES;
	if (m->last) {
		end_of_mail(m);
		return;
	}
	m->mail[m->mail_n] = '\0';
	if (m->rcpts == 0 || m->spoiled || holds(m, "half")) {
		m->spoiled = true;
		say(m, "552 5.3.4 too much");
		return;
	}
	say(m, "250 ok");
}

/* A transaction that failed has to be ended first. */
static void
hear_line(struct model *m)
{
	const char *p = m->line;
	unsigned long n;

	assert_true(m->wire_n + m->line_n + 2 < sizeof m->wire);
	memcpy(m->wire + m->wire_n, p, m->line_n);
	m->wire_n += m->line_n;
	m->wire[m->wire_n++] = '\n';
	m->wire[m->wire_n] = '\0';
	if (begins(p, "EHLO ") || begins(p, "LHLO ")) {
		say(m, "250-hi");
		if (m->pipelining)
			say(m, "250-PIPELINING");
		if (m->chunking)
			say(m, "250-CHUNKING");
		say(m, "250 ENHANCEDSTATUSCODES");
	} else if (begins(p, "RSET")) {
		m->rsets++;
		m->open = m->spoiled = false;
		m->mail_n = m->rcpts = 0;
		say(m, "250 reset");
	} else if (begins(p, "MAIL ")) {
		bool refused = strstr(p, "<no") != NULL;

		say(m, m->open ? "503 open" : refused ? "550 5.7.1 not you" :
		    "250 ok");
		m->open |= !refused;
	} else if (begins(p, "RCPT ")) {
		if (strstr(p, "<bye") != NULL)
			say(m, "421 bye");
		else if (!m->open || strstr(p, "<no") != NULL)
			say(m, "550 5.1.1 who");
		else {
			m->rcpts++;
			say(m, "250 ok");
		}
	} else if (begins(p, "DATA")) {
		say(m, m->rcpts > 0 ? "354 go" : "503 nobody");
		m->mode = m->rcpts > 0 ? CONTENT : LINES;
		memcpy(m->tail, "\0\0\0\r\n", 5);
	} else if (begins(p, "BDAT ")) {
		n = strtoul(p + 5, NULL, 10);
		m->last = strstr(p, "LAST") != NULL;
		m->chunk = n;
		m->mode = CHUNK;
		if (n == 0)
			end_of_chunk(m);
	} else if (begins(p, "QUIT")) {
		say(m, "221 bye");
		m->over = true;
	} else {
		say(m, "250 ok");
	}
	m->line_n = 0;
}

static void
keep(struct model *m, char c)
{
	if (m->mail_n + 1 < sizeof m->mail)
		m->mail[m->mail_n++] = c;
}

static void
hear(struct model *m, char c)
{
	switch (m->mode) {
	case LINES:
		if (c == '\n') {
			assert_true(m->line_n > 0);
			m->line[--m->line_n] = '\0';
			hear_line(m);
		} else {
			assert_true(m->line_n + 1 < sizeof m->line);
			m->line[m->line_n++] = c;
		}
		break;
	case CONTENT:
		keep(m, c);
		memmove(m->tail, m->tail + 1, 4);
		m->tail[4] = c;
		if (memcmp(m->tail, "\r\n.\r\n", 5) == 0)
			end_of_mail(m);
		break;
	case CHUNK:
		keep(m, c);
		if (--m->chunk == 0)
			end_of_chunk(m);
		break;
	}
}

static ptrdiff_t
model_read(void *ctx, void *p, size_t n)
{
	struct model *m = ctx;
	size_t left = m->out_n - m->out_at;

	m->reads++;
	m->calls++;
	if (m->cut_said > 0 && left > m->cut_said - m->said)
		left = m->cut_said - m->said;
	if (left == 0 && (m->over || (m->cut_said > 0 &&
	    m->said == m->cut_said) || (m->cut_heard > 0 &&
	    m->heard >= m->cut_heard)))
		return SMTP_IO_CLOSED;
	if (left == 0 || (m->piece > 0 && m->calls % 3 == 0)) {
		m->empty++;
		return SMTP_IO_WANT_READ;
	}
	n = n < left ? n : left;
	if (m->piece > 0 && n > m->piece)
		n = m->piece;
	memcpy(p, m->out + m->out_at, n);
	m->out_at += n;
	m->said += n;
	if (m->out_at == m->out_n)
		m->out_at = m->out_n = 0;
	m->turns += m->wrote;
	m->wrote = false;
	return (ptrdiff_t)n;
}

static ptrdiff_t
model_write(void *ctx, const void *p, size_t n)
{
	struct model *m = ctx;

	m->writes++;
	m->calls++;
	m->wrote = true;
	if (m->over || (m->cut_said > 0 && m->said >= m->cut_said))
		return (ptrdiff_t)n;             /* into the void */
	/* One that reads only when all it has said is gone. */
	if ((m->deaf && m->out_at < m->out_n) ||
	    (m->piece > 0 && m->calls % 3 == 1))
		return SMTP_IO_WANT_WRITE;
	if (m->piece > 0 && n > m->piece)
		n = m->piece;
	for (size_t i = 0; i < n; i++, m->heard++)
		if (!m->over && (m->cut_heard == 0 || m->heard < m->cut_heard))
			hear(m, ((const char *)p)[i]);
	return (ptrdiff_t)n;
}

static struct model *
model_new(bool pipelining, bool chunking)
{
	struct model *m = calloc(1, sizeof *m);

	assert_non_null(m);
	m->pipelining = pipelining;
	m->chunking = chunking;
	m->transport.read = model_read;
	m->transport.write = model_write;
	m->transport.ctx = m;
	say(m, "220 hi");
	return m;
}

static struct smtp *
open_model(struct model *m, const char *blocking, const char *window)
{
	struct smtp_options *options = options_for(NULL, "blocking", blocking,
		"window", window, "timeout", "5", "ehlo-name",
		"client.example", NULL);
	struct smtp *smtp;
	int rc;

	assert_int_equal(SMTP_OK, smtp_options_set_transport(options,
		&m->transport));
	rc = smtp_open(&smtp, m->lmtp ? "lmtp+plaintext://test:24" :
		"smtp+plaintext://test", options);
	smtp_options_free(options);
	while (rc > 0)
		rc = smtp_step(smtp);
	m->opened = rc == SMTP_OK;
	if (!m->opened && m->cut_heard == 0 && m->cut_said == 0)
		fail_msg("%s", smtp_error(smtp));
	return smtp;
}

/* ---- mails */

struct mails {
	struct smtp_message *mail[1000];
	char text[1000][80];
	int status[1000];
	int cause[1000];
	size_t n;
};

static struct smtp_message *
add(struct mails *all, const char *word, const char *to)
{
	size_t i = all->n++;

	(void)snprintf(all->text[i], sizeof all->text[i],
	    "Subject: %zu\n\n%s\n", i, word);
	all->mail[i] = mail_of(all->text[i], to, NULL);
	return all->mail[i];
}

static struct mails *
mails_new(size_t n)
{
	struct mails *all = calloc(1, sizeof *all);

	assert_non_null(all);
	while (all->n < n)
		(void)add(all, "x", "b@example.com");
	return all;
}

static void
mails_free(struct mails *all)
{
	for (size_t i = 0; i < all->n; i++)
		smtp_message_free(all->mail[i]);
	free(all);
}

/* Put and take all, as one that does not wait, or as one that does. */
static void
pass(struct smtp *smtp, struct mails *all, bool blocking)
{
	struct smtp_message *m;
	size_t put = 0, taken = 0;
	int rc;

	for (unsigned long turns = 0; taken < all->n; turns++) {
		assert_true(turns < 2000000);
		for (rc = 0; put < all->n && rc >= 0; put += rc >= 0) {
			if (blocking && put >= taken + MAILS)
				break;
			rc = smtp_put(smtp, all->mail[put]);
			if (rc < 0 && (blocking || rc != SMTP_E_SPACE))
				fail_msg("put %zu: %s", put,
					smtp_status_name(rc));
		}
		rc = smtp_take(smtp, &m);
		if (m == NULL) {
			assert_false(blocking);
			assert_true(rc > 0);
			(void)smtp_step(smtp);
			continue;
		}
		assert_ptr_equal(all->mail[taken], m);
		assert_int_equal(rc, smtp_message_status(m));
		assert_int_equal((rc != SMTP_OK),
			(smtp_error(smtp)[0] != '\0'));
		all->cause[taken] = smtp_cause(smtp);
		all->status[taken++] = rc;
	}
	assert_int_equal(SMTP_E_STATE, smtp_take(smtp, &m));
	assert_null(m);
}

/* What we say is what is: none twice, none forgotten, none invented. */
static void
compare(const char *what, const struct model *m, const struct mails *all)
{
	for (size_t i = 0; i < all->n; i++) {
		int status = all->status[i];

		bool some = status == SMTP_OK || status == SMTP_E_PARTIAL;

		if (m->taken[i] > 1 || (some && m->taken[i] != 1) ||
		    (!some && status != SMTP_E_UNKNOWN && m->taken[i] != 0))
			fail_msg("%s: mail %zu: %s, and taken %u times", what,
				i, smtp_status_name(status), m->taken[i]);
	}
}

static const struct way {
	const char *name;
	bool pipelining, chunking, lmtp;
} ways[] = {
	{ "DATA", true, false, false },
	{ "BDAT", true, true, false },
	{ "no pipelining", false, false, false },
	{ "CHUNKING alone", false, true, false },
#if SMTP_WITH_LMTP
	{ "LMTP", true, false, true },
	{ "LMTP and BDAT", true, true, true },
#endif
};

static void
test_window__delivers_all_in_order(void **state)
{
	static const size_t pieces[] = { 0, 1, 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(ways) * COUNT(pieces) * 2; i++) {
		const struct way *w = &ways[i / 2 / COUNT(pieces)];
		struct model *m = model_new(w->pipelining, w->chunking);
		struct mails *all = mails_new(MAILS * 2);
		struct smtp *smtp;
		bool deaf = i % 2;

		m->lmtp = w->lmtp;
		m->deaf = deaf;
		m->piece = pieces[i / 2 % COUNT(pieces)];
		smtp = open_model(m, "no", "5");
		pass(smtp, all, false);
		for (size_t k = 0; k < all->n; k++)
			if (all->status[k] != SMTP_OK)
				fail_msg("%s: %zu: %s", w->name, k,
					smtp_message_error(all->mail[k]));
		compare(w->name, m, all);
		smtp_close(smtp);
		mails_free(all);
		free(m);
	}
	proves("R2920-3.1-6 R2920-3.1-1 R5321-4.3.1-2");
}

/* What was drawn for one is of no other, however many are drawn at once. */
static void
test_window__random_octets_serve_once(void **state)
{
	struct model *m = model_new(true, true);
	struct mails *all = mails_new(0);
	struct smtp *smtp = open_model(m, "yes", "32");

	(void)state;
	for (; all->n < 70; all->n++) {
		struct smtp_message *mail = smtp_message_new();

		(void)snprintf(all->text[all->n], sizeof all->text[0], "%zu",
		    all->n);
		smtp_message_set_from(mail, "a@example.com");
		smtp_message_add_to(mail, "b@example.com");
		smtp_message_set_subject(mail, all->text[all->n]);
		smtp_message_set_text(mail, "x");
		all->mail[all->n] = mail;
	}
	pass(smtp, all, true);
	compare("built", m, all);
	for (size_t i = 0; i < all->n; i++) {
		assert_int_equal(SMTP_OK, all->status[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(
			    smtp_message_message_id(all->mail[i]),
			    smtp_message_message_id(all->mail[k]));
	}
	smtp_close(smtp);
	mails_free(all);
	free(m);
}

/* One by one each, and all together. */
static void
test_window__takes_few_round_trips(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	static const struct {
		bool chunking, windowed;
		unsigned turns, calls;   /* of 100 mails, at most           */
	} rows[] = {
		{ true, false, 100, 300 },
		{ false, false, 200, 500 },
		{ true, true, 5, 15 },
		{ false, true, 105, 215 },
	};

	(void)state;
	needs(SMTP_WITH_BDAT);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct model *m = model_new(true, rows[i].chunking);
		struct mails *all = mails_new(100);
		struct smtp *smtp = open_model(m, "yes", "32");
		unsigned long turns = m->turns;
		unsigned long calls = m->reads + m->writes;

		if (rows[i].windowed)
			pass(smtp, all, true);
		for (size_t k = 0; !rows[i].windowed && k < all->n; k++) {
			all->status[k] = smtp_send(smtp, all->mail[k]);
			expect_rc("send", smtp, all->status[k], SMTP_OK);
		}
		turns = m->turns - turns;
		calls = m->reads + m->writes - calls;
		compare("round trips", m, all);
		assert_int_equal(100, m->mails);
		if (turns > rows[i].turns || calls > rows[i].calls)
			fail_msg("row %zu: %lu turns, %lu calls", i, turns,
				calls);
		smtp_close(smtp);
		mails_free(all);
		free(m);
	}
}

/* Exactly the right ones fail, each with its own words. */
static void
test_window__refusals_hit_their_own_message(void **state)
{
	needs(SMTP_WITH_ENHANCED);
	static const int want[] = { SMTP_OK, SMTP_E_REFUSED, SMTP_OK,
		SMTP_E_REFUSED, SMTP_OK, SMTP_E_PARTIAL, SMTP_E_REFUSED,
		SMTP_E_UNSUPPORTED, SMTP_OK };

	(void)state;
	for (size_t i = 0; i < COUNT(ways) * 2; i++) {
		const struct way *w = &ways[i / 2];
		struct model *m = model_new(w->pipelining, w->chunking);
		struct mails *all = mails_new(0);
		struct smtp *smtp;

		m->lmtp = w->lmtp;
		m->piece = i % 2 ? 3 : 0;
		smtp = open_model(m, "no", "32");
		(void)add(all, "x", "b@example.com");
		(void)add(all, "x", "no@example.com");
		(void)add(all, "x", "b@example.com");
		(void)add(all, "refuse", "b@example.com");
		(void)add(all, "x", "b@example.com");
		(void)smtp_message_add_recipient(add(all, "x",
			"no@example.com"), "c@example.com");
		(void)smtp_message_set_envelope_from(add(all, "x",
			"b@example.com"), "no@example.com");
		(void)add(all, "x", "\303\251@example.com");
		(void)add(all, "x", "b@example.com");
		pass(smtp, all, false);
		for (size_t k = 0; k < all->n; k++)
			if (all->status[k] != want[k])
				fail_msg("%s: %zu: %s: %s", w->name, k,
					smtp_status_name(all->status[k]),
					m->wire);
		if (!w->lmtp)
			compare(w->name, m, all);
		assert_string_equal("5.1.1",
			smtp_message_recipient_enhanced(all->mail[1], 0));
		assert_int_equal(SMTP_OK,
			smtp_message_recipient_status(all->mail[5], 1));
		assert_int_equal(SMTP_E_REFUSED,
			smtp_message_recipient_status(all->mail[5], 0));
		smtp_close(smtp);
		mails_free(all);
		free(m);
	}
}

/* 421 in the middle: those behind wait, and nothing of them is in doubt. */
static void
test_window__goodbye_in_mid_flight(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		const struct way *w = &ways[i];
		struct model *m = model_new(w->pipelining, w->chunking);
		struct mails *all = mails_new(2);
		struct smtp *smtp;

		m->lmtp = w->lmtp;
		smtp = open_model(m, "no", "32");
		(void)add(all, "x", "bye@example.com");
		(void)add(all, "x", "b@example.com");
		(void)add(all, "x", "b@example.com");
		pass(smtp, all, false);
		for (size_t k = 0; k < all->n; k++)
			if (all->status[k] != (k < 2 ? SMTP_OK : SMTP_E_LATER))
				fail_msg("%s: %zu: %s", w->name, k,
					smtp_status_name(all->status[k]));
		compare(w->name, m, all);
		smtp_close(smtp);
		mails_free(all);
		free(m);
	}
}

/*
 * At every octet, of what we say and of what we hear. What is put when the end
 * is known already is not even begun: SMTP_E_STATE.
 */
static void
test_window__a_connection_lost_at_every_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways) * 2; i++) {
		const struct way *w = &ways[i / 2];
		bool heard = i % 2, more = true;

		for (size_t cut = 1; more; cut++) {
			struct model *m = model_new(w->pipelining,
				w->chunking);
			struct mails *all = mails_new(3);
			struct smtp *smtp;
			struct smtp_message *none;

			m->lmtp = w->lmtp;
			*(heard ? &m->cut_heard : &m->cut_said) = cut;
			smtp = open_model(m, "no", "32");
			if (m->opened) {
				pass(smtp, all, false);
				compare(w->name, m, all);
			}
			assert_int_equal(SMTP_E_STATE,
				smtp_take(smtp, &none));
			for (size_t k = 0; k < 3; k++)
				if (all->status[k] != SMTP_OK &&
				    all->status[k] != SMTP_E_LATER &&
				    all->status[k] != SMTP_E_UNKNOWN &&
				    (all->status[k] != SMTP_E_STATE || k == 0))
					fail_msg("%s, %zu: %zu: %s", w->name,
						cut, k, smtp_status_name(
						all->status[k]));
			more = !m->opened || all->status[2] != SMTP_OK;
			smtp_close(smtp);
			mails_free(all);
			free(m);
		}
	}
	proves("R2920-3.1-1 R2920-3.1-4");
}

/* A mail of many chunks, one of which is refused, between others. */
static void
test_window__a_chunk_refused_in_the_middle(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	needs(SMTP_WITH_ENHANCED);
	static char large[200000];

	(void)state;
	needs(SMTP_WITH_BDAT);
	for (size_t i = 0; i < 4; i++) {
		struct model *m = model_new(true, true);
		struct mails *all = mails_new(2);
		struct smtp *smtp;

		m->piece = i % 2 ? 1000 : 0;
		smtp = open_model(m, "no", "32");
		(void)snprintf(large, sizeof large, "Subject: 2\n\n%s\n",
			i / 2 ? "half" : "whole");
		for (size_t k = strlen(large); k + 1 < sizeof large; k++)
			large[k] = k % 70 == 69 ? '\n' : 'x';
		all->mail[all->n++] = mail_of(large, "b@example.com", NULL);
		(void)add(all, "x", "b@example.com");
		(void)add(all, "x", "b@example.com");
		pass(smtp, all, false);
		for (size_t k = 0; k < all->n; k++)
			assert_int_equal(k == 2 && i / 2 ? SMTP_E_REFUSED :
				SMTP_OK, all->status[k]);
		compare("chunks", m, all);
		if (i / 2)
			assert_string_equal("5.3.4",
				smtp_message_enhanced(all->mail[2]));
		smtp_close(smtp);
		mails_free(all);
		free(m);
	}
	proves("R3030-2-5");
}

/* What is on the wire: the next mail leaves with the end of the one before. */
static void
test_window__leaves_in_flights(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct server *s = server_play(
		"S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 PIPELINING\n"
		"C: MAIL*\nC: RCPT*\nC: DATA\n"
		"REPEAT 2\nS: 250 ok\nS: 354 go\n"
		"C: Subject: 0\nC: \nC: x\nC: .\n"
		"C: RSET\nC: MAIL*\nC: RCPT*\nC: DATA\n"
		"S: 250 first\nREPEAT 3\nS: 250 ok\nS: 354 go\n"
		"C: Subject: 1\nC: \nC: x\nC: .\n"
		"S: 250 second\n" PLAY_BYE, "--tls", "none", NULL);
	struct smtp *smtp = plain_session(s);
	struct mails *all = mails_new(2);
	struct smtp_message *m;

	(void)state;
	assert_int_equal(SMTP_OK, smtp_put(smtp, all->mail[0]));
	assert_int_equal(SMTP_OK, smtp_put(smtp, all->mail[1]));
	expect_rc("first", smtp, smtp_take(smtp, &m), SMTP_OK);
	assert_string_equal("first", smtp_message_text(m));
	expect_rc("second", smtp, smtp_take(smtp, &m), SMTP_OK);
	assert_string_equal("second", smtp_message_text(m));
	smtp_close(smtp);
	expect_complete("flights", s);
	mails_free(all);
	server_stop(s);
	proves("R2920-3.1-7");
}

/*
 * A session that died while it was idle is opened again for a whole window,
 * once; but not when something of the window was heard, or is in doubt.
 */
static const struct {
	const char *name, *script;
	int want;
	unsigned sessions;
} deaths[] = {
	{ "idle", PLAY_HELLO "CLOSE\nACCEPT\n" PLAY_TO_BODY
	    "C.\nS: 250 ok\n" "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\n"
	    "C: DATA\nS: 354 go\nC.\nS: 250 ok\n" PLAY_BYE, SMTP_OK, 2 },
	{ "at MAIL", PLAY_HELLO "C: MAIL*\nCLOSE\nACCEPT\n" PLAY_TO_BODY
	    "C.\nS: 250 ok\n" "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\n"
	    "C: DATA\nS: 354 go\nC.\nS: 250 ok\n" PLAY_BYE, SMTP_OK, 2 },
	{ "421 at MAIL", PLAY_HELLO "C: MAIL*\nS: 421 bye\nCLOSE\nACCEPT\n"
	    PLAY_TO_BODY "C.\nS: 250 ok\n" "C: MAIL*\nS: 250 ok\nC: RCPT*\n"
	    "S: 250 ok\nC: DATA\nS: 354 go\nC.\nS: 250 ok\n" PLAY_BYE,
	    SMTP_OK, 2 },
	{ "at RCPT", PLAY_TO_RCPT "C: RCPT*\nCLOSE\n", SMTP_E_LATER, 1 },
	{ "twice", PLAY_HELLO "C: MAIL*\nCLOSE\nACCEPT\n" PLAY_HELLO
	    "C: MAIL*\nCLOSE\n", SMTP_E_LATER, 2 },
};

static void
test_window__a_dead_session_is_opened_again_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(deaths); i++) {
		struct server *s = server_play(deaths[i].script, "--tls",
			"none", NULL);
		struct smtp *smtp = plain_session(s);
		struct mails *all = mails_new(2);

		if (i == 0)
			(void)poll(NULL, 0, 200);
		pass(smtp, all, true);
		for (size_t k = 0; k < 2; k++)
			if (all->status[k] != deaths[i].want)
				fail_msg("%s: %zu: %s", deaths[i].name, k,
					smtp_status_name(all->status[k]));
		smtp_close(smtp);
		expect_complete(deaths[i].name, s);
		assert_int_equal(deaths[i].sessions, server_sessions(s));
		mails_free(all);
		server_stop(s);
	}
}

/* Four mails through sessions of two, and a second transaction of one. */
static void
test_window__limits_keep_the_order(void **state)
{
#define ONE "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\n" \
	"C.\nS: 250 ok\n"
	static const char script[] =
		"S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 LIMITS MAILMAX=2 "
		"RCPTMAX=1\n" ONE ONE "C: QUIT\nS: 221 bye\nEOF\nACCEPT\n"
		"S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 LIMITS MAILMAX=2 "
		"RCPTMAX=1\n" ONE ONE "C: QUIT\nS: 221 bye\nEOF\nACCEPT\n"
		"S: 220 hi\nC: EHLO *\nS: 250 hi\n" ONE PLAY_BYE;
	struct server *s = server_play(script, "--tls", "none", NULL);
	struct smtp *smtp = plain_session(s);
	struct mails *all = mails_new(4);

	(void)state;
	(void)smtp_message_add_recipient(all->mail[0], "c@example.com");
	pass(smtp, all, true);
	for (size_t i = 0; i < all->n; i++)
		expect_rc("limits", smtp, all->status[i], SMTP_OK);
	assert_int_equal(SMTP_OK,
		smtp_message_recipient_status(all->mail[0], 1));
	smtp_close(smtp);
	expect_complete("limits", s);
	assert_int_equal(3, server_sessions(s));
	mails_free(all);
	server_stop(s);
	proves("R9422-4-1");
}

/* A session that fails for good: each is told so, and those put later too. */
static void
test_window__what_is_put_behind_the_end(void **state)
{
	struct model *m = model_new(true, true);
	struct mails *all = mails_new(3);
	struct smtp *smtp = open_model(m, "yes", "32");
	struct smtp_message *taken;

	(void)state;
	m->over = true;
	assert_int_equal(SMTP_OK, smtp_put(smtp, all->mail[0]));
	assert_int_equal(SMTP_OK, smtp_put(smtp, all->mail[1]));
	assert_true(smtp_take(smtp, &taken) < 0);
	assert_ptr_equal(all->mail[0], taken);
	assert_true(smtp_error(smtp)[0] != '\0');
	assert_int_equal(SMTP_OK, smtp_put(smtp, all->mail[2]));
	assert_true(smtp_take(smtp, &taken) < 0);
	assert_ptr_equal(all->mail[1], taken);
	assert_int_equal(SMTP_E_STATE, smtp_take(smtp, &taken));
	assert_ptr_equal(all->mail[2], taken);
	smtp_close(smtp);
	mails_free(all);
	free(m);
}

/* ---- wrong calls */

struct inside {
	struct smtp *smtp;
	struct smtp_message *mail;
	int got[8];
	bool done;
};

/* A source that calls the handle that reads it. */
static ptrdiff_t
read_inside(void *ctx, void *p, size_t n)
{
	struct inside *i = ctx;
	struct smtp_message *none;

	(void)n;
	if (i->done)
		return 0;
	i->done = true;
	i->got[0] = smtp_put(i->smtp, i->mail);
	i->got[1] = smtp_take(i->smtp, &none);
	i->got[2] = smtp_send(i->smtp, i->mail);
	i->got[3] = smtp_step(i->smtp);
	i->got[4] = smtp_noop(i->smtp);
	i->got[5] = smtp_quit(i->smtp);
	i->got[6] = smtp_auth(i->smtp, "u", "p");
	i->got[7] = smtp_reset(i->smtp);
	memcpy(p, "Subject: 0\n\nx\n", 14);
	return 14;
}

static void
test_window__calls_from_a_callback_change_nothing(void **state)
{
	struct model *m = model_new(true, true);
	struct smtp *smtp = open_model(m, "yes", "32");
	struct inside inside = { .smtp = smtp };
	struct smtp_message *mail = smtp_message_new(), *taken;

	(void)state;
	inside.mail = mail_of("Subject: 1\n\nx\n", "b@example.com", NULL);
	(void)smtp_message_set_raw(mail, smtp_source_callback(read_inside,
		NULL, NULL, &inside, SMTP_SIZE_UNKNOWN));
	(void)smtp_message_set_envelope_from(mail, "a@example.com");
	(void)smtp_message_add_recipient(mail, "b@example.com");
	assert_int_equal(SMTP_OK, smtp_put(smtp, mail));
	expect_rc("take", smtp, smtp_take(smtp, &taken), SMTP_OK);
	assert_true(inside.done);
	for (size_t i = 0; i < COUNT(inside.got); i++)
		assert_int_equal(SMTP_E_STATE, inside.got[i]);
	assert_int_equal(1, m->taken[0]);
	assert_int_equal(0, m->taken[1]);
	expect_rc("send", smtp, smtp_send(smtp, inside.mail), SMTP_OK);
	smtp_close(smtp);
	smtp_message_free(mail);
	smtp_message_free(inside.mail);
	free(m);
}

static void
test_window__calls_in_the_wrong_state(void **state)
{
	struct model *m = model_new(true, true);
	struct mails *all = mails_new(3);
	struct smtp *smtp = open_model(m, "no", "2");
	struct smtp_message *taken = all->mail[0];

	(void)state;
	assert_int_equal(SMTP_E_MEMORY, smtp_put(NULL, all->mail[0]));
	assert_int_equal(SMTP_E_MEMORY, smtp_take(NULL, &taken));
	assert_null(taken);
	assert_int_equal(SMTP_E_ARGUMENT, smtp_take(smtp, NULL));
	assert_int_equal(SMTP_E_ARGUMENT, smtp_put(smtp, NULL));
	assert_int_equal(SMTP_E_STATE, smtp_take(smtp, &taken));
	assert_int_equal(SMTP_E_STATE, smtp_step(smtp));

	assert_true(smtp_put(smtp, all->mail[0]) > 0);
	assert_int_equal(SMTP_E_STATE, smtp_put(smtp, all->mail[0]));
	assert_true(smtp_put(smtp, all->mail[1]) > 0);
	assert_int_equal(SMTP_E_SPACE, smtp_put(smtp, all->mail[2]));
	assert_int_equal(SMTP_E_STATE, smtp_send(smtp, all->mail[2]));
	assert_int_equal(SMTP_E_STATE, smtp_noop(smtp));
	assert_int_equal(SMTP_E_STATE, smtp_quit(smtp));
	assert_true(smtp_take(smtp, &taken) > 0);
	assert_null(taken);
	while (smtp_take(smtp, &taken) > 0)
		(void)smtp_step(smtp);
	assert_ptr_equal(all->mail[0], taken);
	while (smtp_step(smtp) > 0)
		;
	assert_int_equal(SMTP_OK, smtp_step(smtp));
	assert_int_equal(SMTP_E_STATE, smtp_send(smtp, all->mail[2]));
	assert_int_equal(SMTP_OK, smtp_take(smtp, &taken));
	assert_ptr_equal(all->mail[1], taken);
	assert_int_equal(SMTP_E_STATE, smtp_take(smtp, &taken));
	assert_null(taken);
	assert_int_equal(2, m->mails);
	smtp_close(smtp);
	mails_free(all);
	free(m);
}

/* One mail that is sent on its own is not one of a window. */
static void
test_window__calls_while_one_is_sent(void **state)
{
	struct model *m = model_new(true, true);
	struct mails *all = mails_new(2);
	struct smtp *smtp = open_model(m, "no", "2");
	struct smtp_message *taken;
	int rc;

	(void)state;
	m->piece = 7;
	rc = smtp_send(smtp, all->mail[0]);
	assert_true(rc > 0);
	assert_int_equal(SMTP_E_STATE, smtp_put(smtp, all->mail[1]));
	assert_int_equal(SMTP_E_STATE, smtp_take(smtp, &taken));
	assert_null(taken);
	while (rc > 0)
		rc = smtp_step(smtp);
	expect_rc("send", smtp, rc, SMTP_OK);
	assert_int_equal(1, m->taken[0]);
	assert_int_equal(0, m->taken[1]);
	smtp_close(smtp);
	mails_free(all);
	free(m);
}

/* Who blocks waits for a place, whatever is known of the sizes. */
static void
test_window__a_place_is_waited_for(void **state)
{
#define SLOW "C: MAIL*\nS: 250 ok\nC: RCPT*\nS: 250 ok\nC: DATA\n" \
	"S: 354 go\nC.\nSLEEP 50\nS: 250 ok\n"
	struct server *s = server_play("S: 220 hi\nC: EHLO *\nS: 250 hi\n"
		SLOW SLOW SLOW PLAY_BYE, "--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
		"localhost"), "window", "1", "timeout", "5", NULL);
	struct mails *all = mails_new(3);
	static char large[100000];

	(void)state;
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = i % 70 == 69 ? '\n' : 'x';
	memcpy(large, "Subject: 0\n\n", 12);
	(void)smtp_message_set_raw(all->mail[0], smtp_source_memory(large,
		sizeof large));
	(void)smtp_message_set_raw(all->mail[1], smtp_source_callback(
		read_inside, NULL, NULL, &(struct inside){ .smtp = smtp },
		SMTP_SIZE_UNKNOWN));
	for (size_t i = 0; i < all->n; i++) {
		assert_int_equal(SMTP_OK, smtp_put(smtp, all->mail[i]));
		/* the one before has been decided */
		if (i > 0)
			assert_int_equal(SMTP_OK,
				smtp_message_status(all->mail[i - 1]));
	}
	for (size_t i = 0; i < all->n; i++) {
		struct smtp_message *taken;

		expect_rc("take", smtp, smtp_take(smtp, &taken), SMTP_OK);
		assert_ptr_equal(all->mail[i], taken);
	}
	smtp_close(smtp);
	expect_complete("window=1", s);
	mails_free(all);
	server_stop(s);
}

/* ---- ends */

/* Those that wait for the next session are told why there is none. */
static void
test_window__cancel_behind_a_limit(void **state)
{
#define LIMITED "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 LIMITS MAILMAX=1\n" \
	"C: MAIL*\nS: 250 ok\nC: RCPT*\n"
	struct server *s = server_play(LIMITED "STALL\n", "--tls", "none",
		NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
		"localhost"), "blocking", "yes", NULL);
	struct mails *all = mails_new(2);
	struct smtp_message *taken;

	(void)state;
	for (size_t i = 0; i < all->n; i++)
		assert_int_equal(SMTP_OK, smtp_put(smtp, all->mail[i]));
	smtp_cancel(smtp);
	for (size_t i = 0; i < all->n; i++) {
		expect_rc("take", smtp, smtp_take(smtp, &taken),
			SMTP_E_LATER);
		assert_ptr_equal(all->mail[i], taken);
		assert_int_equal(SMTP_E_CANCELLED, smtp_cause(smtp));
	}
	smtp_close(smtp);
	mails_free(all);
	server_stop(s);
}

static void
test_window__close_and_cancel_leave_results(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct model *m = model_new(true, i % 2);
		struct mails *all = mails_new(3);
		struct smtp *smtp = open_model(m, "no", "32");
		struct smtp_message *taken;

		for (size_t k = 0; k < 3; k++)
			assert_true(smtp_put(smtp, all->mail[k]) > 0);
		if (i / 2) {
			smtp_cancel(smtp);
			while (smtp_take(smtp, &taken) > 0)
				(void)smtp_step(smtp);
			assert_ptr_equal(all->mail[0], taken);
			assert_int_equal(SMTP_E_CANCELLED, smtp_cause(smtp));
		}
		smtp_close(smtp);
		for (size_t k = 0; k < 3; k++) {
			all->status[k] = smtp_message_status(all->mail[k]);
			assert_true(all->status[k] == SMTP_E_LATER ||
				all->status[k] == SMTP_E_UNKNOWN);
			assert_int_equal(SMTP_E_CANCELLED,
				smtp_message_cause(all->mail[k]));
		}
		compare("close", m, all);
		mails_free(all);
		free(m);
	}
}

/* The same where the server says goodbye. */
static void
test_window__goodbye_behind_a_limit(void **state)
{
	struct server *s = server_play(LIMITED "S: 421 4.3.2 bye\nCLOSE\n",
		"--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
		"localhost"), "reconnect", "no", NULL);
	struct mails *all = mails_new(2);
	struct smtp_message *taken;

	(void)state;
	for (size_t i = 0; i < all->n; i++)
		assert_int_equal(SMTP_OK, smtp_put(smtp, all->mail[i]));
	for (size_t i = 0; i < all->n; i++) {
		expect_rc("take", smtp, smtp_take(smtp, &taken),
			SMTP_E_LATER);
		assert_ptr_equal(all->mail[i], taken);
		assert_int_equal(SMTP_RETRY_LATER, smtp_message_retry(taken));
	}
	expect_row("goodbye", all->mail[0], 0, SMTP_E_LATER, 421);
	smtp_close(smtp);
	expect_complete("goodbye", s);
	mails_free(all);
	server_stop(s);
}

/* A server that takes all and answers nothing: the deadline ends it. */
static void
test_window__a_deadline_ends_all(void **state)
{
	needs(SMTP_WITH_PIPELINING);
	struct server *s = server_play("S: 220 hi\nC: EHLO *\nS: 250-hi\n"
		"S: 250 PIPELINING\nC: MAIL*\nC: RCPT*\nC: DATA\nEOF\n",
		"--tls", "none", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+plaintext",
		"localhost"), "deadline", "1", NULL);
	struct mails *all = mails_new(3);
	uint64_t began = smtp_now_ms();

	(void)state;
	pass(smtp, all, true);
	assert_true(smtp_now_ms() - began < 3000);
	for (size_t k = 0; k < 3; k++) {
		assert_int_equal(SMTP_E_LATER, all->status[k]);
		assert_int_equal(SMTP_E_TIMEOUT, all->cause[k]);
	}
	smtp_close(smtp);
	expect_complete("deadline", s);
	mails_free(all);
	server_stop(s);
}

static int
step_to_the_end(struct smtp *smtp, int rc)
{
	while (rc > 0) {
		(void)poll(NULL, 0, 1);
		rc = smtp_step(smtp);
	}
	return rc;
}

/*
 * All that was put was refused by us, and the deadline had passed before the
 * first step: the session is over, and the next mail gets another one.
 */
static void
test_window__refused_by_us_behind_the_deadline(void **state)
{
	needs(SMTP_WITH_SMTPUTF8);
	struct server *s = server_start("--tls", "none", "--no-SMTPUTF8", NULL);
	struct smtp_options *o = options_for(s, "blocking", "no", NULL);
	struct smtp_message *good = mail_of("Subject: 1\n\nx\n",
	    "b@example.com", NULL);
	struct smtp_message *bad = mail_of("Subject: 0\n\nx\n",
	    "\xc3\xbc@example.com", NULL), *taken;
	struct smtp *smtp;
	int rc = smtp_open(&smtp, server_url(s, "smtp+plaintext",
	    "localhost"), o);

	(void)state;
	smtp_options_free(o);
	expect_rc("open", smtp, step_to_the_end(smtp, rc), SMTP_OK);
	smtp_set_deadline(smtp, 1);
	rc = step_to_the_end(smtp, smtp_put(smtp, bad));
	expect_rc("put", smtp, rc, SMTP_OK);
	expect_rc("bad", smtp, smtp_take(smtp, &taken), SMTP_E_UNSUPPORTED);
	assert_ptr_equal(taken, bad);
	smtp_set_deadline(smtp, 0);
	rc = step_to_the_end(smtp, smtp_put(smtp, good));
	expect_rc("put", smtp, rc, SMTP_OK);
	expect_rc("good", smtp, smtp_take(smtp, &taken), SMTP_OK);
	assert_ptr_equal(taken, good);
	(void)step_to_the_end(smtp, smtp_quit(smtp));
	smtp_close(smtp);
	assert_int_equal(server_sessions(s), 2);
	assert_int_equal(server_mails(s), 1);
	smtp_message_free(good);
	smtp_message_free(bad);
	server_stop(s);
}

/* ---- memory */

struct meter {
	long left;               /* allocations that succeed                */
	size_t held;
	bool failed;
};

static void *
metered(void *ctx, void *p, size_t was, size_t now)
{
	struct meter *m = ctx;
	char *octets;

	if (now == 0) {
		m->held -= was;
		free(p);
		return NULL;
	}
	if (m->left-- <= 0) {
		m->failed = true;
		return NULL;
	}
	octets = realloc(p, now);
	assert_non_null(octets);
	if (now > was)
		memset(octets + was, 0, now - was);
	m->held += now - was;
	return octets;
}

/* What has no place is told at once, the rest when it is taken. */
static void
starve(struct model *m, struct smtp *smtp, struct mails *all)
{
	struct smtp_message *taken;
	size_t i = 0, places = 0;

	for (size_t k = 0; k < all->n; k++) {
		all->status[k] = smtp_put(smtp, all->mail[k]);
		places += all->status[k] == SMTP_OK;
		if (all->status[k] != SMTP_OK)
			assert_int_equal(SMTP_E_MEMORY, all->status[k]);
	}
	for (; smtp_take(smtp, &taken) != SMTP_E_STATE || taken != NULL; i++)
		;
	assert_int_equal(places, i);
	for (size_t k = 0; k < all->n; k++)
		if (all->status[k] == SMTP_OK)
			all->status[k] = smtp_message_status(all->mail[k]);
	compare("memory", m, all);
}

static void
test_window__each_allocation_may_fail(void **state)
{
	bool failed = true;

	(void)state;
	for (long left = 0; failed; left++) {
		struct model *m = model_new(true, left % 2);
		struct meter meter = { .left = left };
		struct smtp_allocator a = { metered, &meter };
		struct smtp_options *options = smtp_options_new_with(&a);
		struct mails *all = mails_new(3);
		struct smtp *smtp = NULL;

		(void)smtp_options_set(options, "ehlo-name", "client.example");
		if (smtp_options_set_transport(options, &m->transport) ==
		    SMTP_OK && smtp_open(&smtp, "smtp+plaintext://test",
		    options) == SMTP_OK)
			starve(m, smtp, all);
		smtp_close(smtp);
		smtp_options_free(options);
		assert_int_equal(0, meter.held);
		failed = meter.failed;
		if (!failed)
			for (size_t k = 0; k < 3; k++)
				assert_int_equal(SMTP_OK, all->status[k]);
		mails_free(all);
		free(m);
	}
	proves("LIB-T-4");
}

/* ---- delay */

static void
answer(int fd, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(n, write(fd, text, n));
}

/* Each reply in a packet of its own, and Nagle's delay between them. */
static void
serve_slowly(int fd)
{
	FILE *in = fdopen(dup(fd), "r");
	char line[1000];

	answer(fd, "220 hi\r\n");
	while (in != NULL && fgets(line, sizeof line, in) != NULL) {
		if (begins(line, "EHLO"))
			answer(fd, "250-hi\r\n250-PIPELINING\r\n"
				"250 CHUNKING\r\n");
		else if (begins(line, "QUIT"))
			answer(fd, "221 bye\r\n");
		else
			answer(fd, "250 ok\r\n");
		if (begins(line, "BDAT"))
			for (long n = strtol(line + 5, NULL, 10); n > 0; n--)
				fgetc(in);
	}
	_exit(0);
}

/* Our acknowledgements come when they are waited for, not after 40 ms. */
static void
test_window__waits_for_no_delay(void **state)
{
	needs(SMTP_WITH_BDAT);
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof here;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct mails *all = mails_new(40);
	struct smtp *smtp;
	char url[60];
	uint64_t began;
	pid_t child;

	(void)state;
	assert_int_equal(0, bind(listener, (void *)&here, n));
	assert_int_equal(0, listen(listener, 1));
	assert_int_equal(0, getsockname(listener, (void *)&here, &n));
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		serve_slowly(accept(listener, NULL, NULL));
	(void)snprintf(url, sizeof url, "smtp+plaintext://127.0.0.1:%u",
		ntohs(here.sin_port));
	smtp = session_to(NULL, url, NULL);
	began = smtp_now_ms();
	for (size_t i = 0; i < 20; i++)
		expect_rc("one", smtp, smtp_send(smtp, all->mail[i]), SMTP_OK);
	for (size_t i = 20; i < 40; i++)
		assert_int_equal(SMTP_OK, smtp_put(smtp, all->mail[i]));
	for (size_t i = 20; i < 40; i++) {
		struct smtp_message *m;

		expect_rc("many", smtp, smtp_take(smtp, &m), SMTP_OK);
	}
	/* With a delay for each mail it would be 20 times 40 ms, and more. */
#ifdef __linux__
	assert_true(smtp_now_ms() - began < 600);
#endif
	smtp_close(smtp);
	close(listener);
	assert_int_equal(child, waitpid(child, NULL, 0));
	mails_free(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window__delivers_all_in_order),
		cmocka_unit_test(test_window__random_octets_serve_once),
		cmocka_unit_test(test_window__takes_few_round_trips),
		cmocka_unit_test(test_window__refusals_hit_their_own_message),
		cmocka_unit_test(test_window__goodbye_in_mid_flight),
		cmocka_unit_test(test_window__a_connection_lost_at_every_octet),
		cmocka_unit_test(test_window__a_chunk_refused_in_the_middle),
		cmocka_unit_test(test_window__leaves_in_flights),
		cmocka_unit_test(
		    test_window__a_dead_session_is_opened_again_once),
		cmocka_unit_test(test_window__limits_keep_the_order),
		cmocka_unit_test(test_window__what_is_put_behind_the_end),
		cmocka_unit_test(
		    test_window__calls_from_a_callback_change_nothing),
		cmocka_unit_test(test_window__calls_in_the_wrong_state),
		cmocka_unit_test(test_window__calls_while_one_is_sent),
		cmocka_unit_test(test_window__a_place_is_waited_for),
		cmocka_unit_test(test_window__goodbye_behind_a_limit),
		cmocka_unit_test(test_window__cancel_behind_a_limit),
		cmocka_unit_test(test_window__close_and_cancel_leave_results),
		cmocka_unit_test(test_window__a_deadline_ends_all),
		cmocka_unit_test(
			test_window__refused_by_us_behind_the_deadline),
		cmocka_unit_test(test_window__each_allocation_may_fail),
		cmocka_unit_test(test_window__waits_for_no_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
