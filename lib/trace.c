/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <smtp/engine.h>

#include "secret.h"
#include "text/ascii.h"
#include "trace.h"

bool
smtp__trace_escape(struct smtp__out *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool plain = smtp__is_graph(p[i]) || p[i] == ' ';

		if (out->cap - out->n < (plain ? 1 : 4))
			return false;
		if (plain) {
			smtp__out_octet(out, p[i]);
			continue;
		}
		smtp__out_text(out, "\\x");
		smtp__out_hex(out, (unsigned char)p[i]);
	}
	return true;
}

static void
begin_line(struct smtp__trace_way *way)
{
	way->hidden = way->starred = way->cr = false;
	way->at = way->words = 0;
	smtp__out_init(&way->out, way->room, SMTP__TRACE_LINE);
}

void
smtp__trace_init(struct smtp__trace *t,
    void (*line)(void *ctx, int who, const char *line, size_t n), void *ctx,
    const char *const *secret)
{
	if (t == NULL)
		return;
	memset(t, 0, sizeof *t);
	t->secret = secret;
	t->line = line;
	t->ctx = ctx;
	t->sent.who = 'C';
	t->heard.who = 'S';
	begin_line(&t->sent);
	begin_line(&t->heard);
}

static void
say(struct smtp__trace *t, char who, const char *p, size_t n)
{
	t->line(t->ctx, who, p, n);
}

/* "(1234 octets of content)", once all that was sent of it is known. */
static void
tell_content(struct smtp__trace *t)
{
	struct smtp__out out;
	char room[64];

	if (t->content == 0)
		return;
	smtp__out_init(&out, room, sizeof room);
	smtp__out_octet(&out, '(');
	smtp__out_number(&out, t->content);
	smtp__out_text(&out, " octets of content)");
	t->content = 0;
	say(t, 'C', out.p, out.n);
}

/* A line that was too long ends in dots; there is room kept for them. */
static void
end_line(struct smtp__trace *t, struct smtp__trace_way *way)
{
	if (way == &t->heard)
		smtp__secret_hide(way->out.p, way->out.n, *t->secret,
		    way->out.over);
	if (way->out.over) {
		way->out.cap += 3;
		way->out.over = false;
		smtp__out_text(&way->out, "...");
	}
	say(t, way->who, way->out.p, way->out.n);
	begin_line(way);
}

static void
show(struct smtp__trace_way *way, const char *p, size_t n)
{
	if (way->out.over || !smtp__trace_escape(&way->out, p, n))
		way->out.over = true;
}

static void
hide(struct smtp__trace_way *way)
{
	way->hidden = true;
	if (!way->starred)
		show(way, "***", 3);
	way->starred = true;
}

/*
 * A line of AUTH. Only "AUTH", a mechanism, and what is no secret (an empty
 * answer, and "*" that cancels) are shown. The first five octets wait until
 * they are known to be that verb: they could be the start of a secret.
 */
static void
sent_secret(struct smtp__trace_way *way, char c)
{
	static const char verb[] = "AUTH ";

	if (way->at < sizeof verb - 1 && !way->hidden) {
		way->head[way->at] = c;
		if (c != verb[way->at])
			way->hidden = true;
		else if (way->at == sizeof verb - 2)
			show(way, verb, sizeof verb - 1);
	} else if (!way->hidden && way->words == 0) {
		show(way, &c, 1);
		way->words += c == ' ';
	} else {
		hide(way);
	}
	way->at++;
}

static void
end_secret(struct smtp__trace *t, struct smtp__trace_way *way)
{
	bool cancels = way->at == 1 && way->head[0] == '*';
	bool is_verb = way->out.n > 0 && way->out.p[0] == 'A';

	if (cancels)
		show(way, "*", 1);
	else if (way->at > 0 && !is_verb)
		hide(way);
	memset(way->head, 0, sizeof way->head);
	end_line(t, way);
}

void
smtp__trace_sent(struct smtp__trace *t, int kind, const void *p, size_t n)
{
	const char *in = p;

	if (t == NULL || n == 0)
		return;
	if (kind == SMTP_KIND_CONTENT) {
		t->content += n;
		return;
	}
	tell_content(t);
	for (size_t i = 0; i < n; i++) {
		if (in[i] == '\r')
			continue;
		if (in[i] != '\n' && kind == SMTP_KIND_SECRET)
			sent_secret(&t->sent, in[i]);
		else if (in[i] != '\n')
			show(&t->sent, &in[i], 1);
		else if (kind == SMTP_KIND_SECRET)
			end_secret(t, &t->sent);
		else
			end_line(t, &t->sent);
	}
}

/* What follows 334 is a challenge, and may be as good as the secret. */
static void
heard_text(struct smtp__trace_way *way, char c)
{
	if (way->at < 3)
		way->head[way->at] = c;
	if (way->at >= 4 && memcmp(way->head, "334", 3) == 0)
		hide(way);
	else
		show(way, &c, 1);
	way->at++;
}

/* CRLF is the end of a line; either of them alone is shown. */
static void
heard_octet(struct smtp__trace *t, struct smtp__trace_way *way, char c)
{
	bool cr = way->cr;

	way->cr = c == '\r';
	if (cr && c != '\n')
		heard_text(way, '\r');
	if (!cr && c == '\n')
		heard_text(way, c);
	if (c == '\n')
		end_line(t, way);
	else if (c != '\r')
		heard_text(way, c);
}

void
smtp__trace_heard(struct smtp__trace *t, const void *p, size_t n)
{
	const char *in = p;

	if (t == NULL || n == 0)
		return;
	tell_content(t);
	for (size_t i = 0; i < n; i++)
		heard_octet(t, &t->heard, in[i]);
}

void
smtp__trace_note(struct smtp__trace *t, const char *text, const char *more)
{
	struct smtp__out out;
	char room[512];

	if (t == NULL)
		return;
	tell_content(t);
	smtp__out_init(&out, room, sizeof room);
	(void)(smtp__trace_escape(&out, text, strlen(text)) &&
	    smtp__trace_escape(&out, more, strlen(more)));
	say(t, '*', out.p, out.n);
}

void
smtp__trace_end(struct smtp__trace *t)
{
	if (t == NULL)
		return;
	tell_content(t);
	if (t->sent.at > 0)
		end_secret(t, &t->sent);
	else if (t->sent.out.n > 0)
		end_line(t, &t->sent);
	if (t->heard.at > 0)
		end_line(t, &t->heard);
}
