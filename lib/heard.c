/* SPDX-License-Identifier: MIT */
/*
 * What the server said last, and what it offers.
 */
#include <string.h>

#include "client.h"
#include "memory.h"
#include "secret.h"
#include "text/ascii.h"

/* As long as this connection lives, without blanks at the ends of lines. */
static void
keep_capabilities(struct smtp *s, const struct smtp_reply *reply)
{
	const char *end_of_first = memchr(reply->text, '\n', reply->text_n);
	bool taken = reply->code / 100 == 2;
	size_t n = reply->text_n + 1;
	char *p;

	/* Behind a refused EHLO stands HELO, whose reply offers nothing. */
	s->without_ehlo |= !taken;
	if (s->without_ehlo && end_of_first != NULL)
		n = (size_t)(end_of_first - reply->text) + 1;
	p = taken ? smtp__memory_copy(&s->heap, reply->text, n - 1) : NULL;
	smtp__memory_free(&s->heap, s->capabilities, s->capabilities_n);
	s->deaf = taken && p == NULL;
	s->capabilities = p;
	s->capabilities_n = p == NULL ? 0 : n;
	for (size_t i = 0; p != NULL && i < n; i++) {
		size_t end = i;

		if (p[i] != '\n' && p[i] != '\0')
			continue;
		while (end > 0 && smtp__is_blank(p[end - 1]))
			p[--end] = '\0';
		p[i] = '\0';
	}
	smtp__limits_read(&s->limits, smtp_capability(s, "LIMITS"));
}

/*
 * The engine leaves on its own: what made it do so is told now, and kept over
 * the reply to QUIT, which interests nobody.
 */
void
smtp__heard_leaving(struct smtp *s)
{
	s->last_words = smtp__memory_copy(&s->heap, s->words,
	    strlen(s->words));
	smtp__report_engine(s, smtp_engine_status(s->engine));
}

static void
restore_words(struct smtp *s)
{
	if (s->last_words == NULL) {
		s->words[0] = '\0';
		return;
	}
	memcpy(s->words, s->last_words, strlen(s->last_words) + 1);
	smtp__memory_free_text(&s->heap, s->last_words);
	s->last_words = NULL;
}

void
smtp__heard_reply(struct smtp *s, const struct smtp_reply *reply)
{
	struct smtp__out out;

	if (reply->phase == SMTP_PHASE_QUIT &&
	    s->operation != SMTP__QUITTING) {
		restore_words(s);
		return;
	}

	/* A challenge is no words for anybody; the engine still needs it. */
	s->challenged = reply->code == 334;
	if (s->challenged) {
		smtp__auth_hear(s, reply);
		return;
	}
	s->code = reply->code;
	s->last_phase = reply->phase;
	s->words[reply->text_n] = '\0';
	smtp__secret_hide(s->words, reply->text_n, s->secret, reply->cut);
	smtp__out_init(&out, s->enhanced, sizeof s->enhanced - 1);
	smtp__report_enhanced(&out, reply->code, reply->subject, reply->detail);
	s->enhanced[out.n] = '\0';
	s->failure.subject = reply->subject;
	s->failure.detail = reply->detail;
	if (reply->phase == SMTP_PHASE_EHLO)
		keep_capabilities(s, reply);
}

int
smtp_reply_code(const struct smtp *s)
{
	return s == NULL ? 0 : s->code;
}

const char *
smtp_reply_enhanced(const struct smtp *s)
{
	return s == NULL ? "" : s->enhanced;
}

const char *
smtp_reply_text(const struct smtp *s)
{
	return s == NULL || s->challenged ? "" : s->words;
}

/* What follows `keyword` in this line, or NULL. AUTH=LOGIN is an old form. */
static const char *
parameters(const char *line, const char *keyword, bool old)
{
	size_t n = strlen(keyword);
	char next;

	if (strlen(line) < n || !smtp__same(line, n, keyword, n))
		return NULL;
	line += n;
	next = *line;
	if (next != '\0' && !smtp__is_blank(next) && !(old && next == '='))
		return NULL;
	if (old && next == '=')
		line++;
	while (smtp__is_blank(*line))
		line++;
	return line;
}

/* Each line of AUTH, in both forms (RFC 4954 section 3). */
bool
smtp__heard_mechanism(const struct smtp *s, const char *name)
{
	size_t n = strlen(name), i = 0;

	for (bool first = true; i < s->capabilities_n; first = false) {
		const char *line = s->capabilities + i;
		const char *p = first ? NULL : parameters(line, "AUTH", true);

		while (p != NULL && *p != '\0') {
			size_t k = strcspn(p, " \t");

			if (smtp__same(p, k, name, n))
				return true;
			p += k;
			p += strspn(p, " \t");
		}
		i += strlen(line) + 1;
	}
	return false;
}

const char *
smtp_capability(const struct smtp *s, const char *keyword)
{
	if (s == NULL || keyword == NULL || *keyword == '\0')
		return NULL;
	for (int old = 0; old < 2; old++) {
		bool is_auth = smtp__same_text(keyword, strlen(keyword),
		    "AUTH");
		size_t i = 0;

		/* The first line is a name and a greeting. */
		while (i < s->capabilities_n) {
			const char *line = s->capabilities + i, *found = NULL;

			if (i > 0)
				found = parameters(line, keyword,
				    old && is_auth);
			if (found != NULL)
				return found;
			i += strlen(line) + 1;
		}
	}
	return NULL;
}
