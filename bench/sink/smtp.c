/* SPDX-License-Identifier: MIT */
/* The protocol: RFC 5321 with PIPELINING, CHUNKING, SIZE, AUTH, STARTTLS. */
#include "sink/sink.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of the only user: NUL user NUL secret; with user in front, too. */
static const char *const plain[] = { "AHVzZXIAc2VjcmV0",
	"dXNlcgB1c2VyAHNlY3JldA==" };

void
smtp_greet(struct session *s)
{
	s->greeted = true;
	say(s, "220 sink.example.org ESMTP\r\n");
}

static void
forget(struct session *s)
{
	s->mail = false;
	s->rcpts = 0;
	s->chunk = 0;
}

static void
accepted(struct session *s)
{
	uint64_t rounds = s->depth + 1 - s->first_mail;

	counts.messages++;
	counts.rounds += rounds - s->counted;
	s->counted = rounds;
	counts.end_ns = now_ns();
	say(s, "250 2.0.0 taken\r\n");
	if (!s->accepted) {
		s->accepted = true;
		counts.first_rounds = 1 + s->depth + 1;
		counts.first_in = s->in;
		counts.first_out = s->said;
	}
	forget(s);
}

static void
ehlo(struct session *s)
{
	forget(s);
	counts.open++;
	if (counts.open > counts.open_most)
		counts.open_most = counts.open;
	say(s, "250-sink.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
	    "250-ENHANCEDSTATUSCODES\r\n");
	if (s->from->chunking)
		say(s, "250-CHUNKING\r\n");
	if (s->ssl != NULL)
		say(s, "250-AUTH PLAIN\r\n");
	else if (!s->from->tls)
		say(s, "250-STARTTLS\r\n");
	say(s, "250 SIZE 104857600\r\n");
}

static void
mail(struct session *s)
{
	if (s->mail) {
		say(s, "503 5.5.1 one at a time\r\n");
		return;
	}
	if (!s->mailed) {
		s->mailed = true;
		s->first_mail = s->depth;
		if (counts.begin_ns == 0)
			counts.begin_ns = now_ns();
	}
	s->mail = true;
	say(s, "250 2.1.0 ok\r\n");
}

static void
auth(struct session *s, const char *p)
{
	s->state = COMMAND;
	s->authenticated = strcmp(p, plain[0]) == 0 ||
	    strcmp(p, plain[1]) == 0;
	say(s, s->authenticated ? "235 2.7.0 welcome\r\n" :
	    "535 5.7.8 no\r\n");
}

static void
bdat(struct session *s, const char *p)
{
	char *end;

	s->chunk = strtoull(p, &end, 10);
	s->last = strcasecmp(end, " LAST") == 0;
	s->state = CHUNK;
}

static void
starttls(struct session *s)
{
	if (s->ssl != NULL || s->from->tls) {
		say(s, "503 5.5.1 no\r\n");
		return;
	}
	say(s, "220 2.0.0 go ahead\r\n");
	s->starttls = true;
	forget(s);
}

/* A line without its end, with a NUL behind it. */
static void
command(struct session *s, const char *p, size_t n)
{
	counts.commands++;
	if (strncasecmp(p, "MAIL FROM:<", 11) == 0) {
		mail(s);
	} else if (strncasecmp(p, "RCPT TO:<", 9) == 0) {
		if (s->mail)
			s->rcpts++;
		say(s, s->mail ? "250 2.1.5 ok\r\n" : "503 5.5.1 MAIL\r\n");
	} else if (strcasecmp(p, "DATA") == 0) {
		if (s->rcpts > 0) {
			s->state = DATA;
			s->fresh = true;
		}
		say(s, s->rcpts > 0 ? "354 go ahead\r\n" :
		    "503 5.5.1 RCPT\r\n");
	} else if (strncasecmp(p, "BDAT ", 5) == 0 && s->from->chunking) {
		bdat(s, p + 5);
	} else if (strncasecmp(p, "EHLO ", 5) == 0 ||
	    strncasecmp(p, "HELO ", 5) == 0) {
		ehlo(s);
	} else if (strcasecmp(p, "RSET") == 0) {
		forget(s);
		say(s, "250 2.0.0 ok\r\n");
	} else if (strcasecmp(p, "NOOP") == 0) {
		say(s, "250 2.0.0 ok\r\n");
	} else if (strcasecmp(p, "STARTTLS") == 0) {
		starttls(s);
	} else if (strncasecmp(p, "AUTH PLAIN", 10) == 0 && s->ssl != NULL) {
		if (n > 11) {
			auth(s, p + 11);
		} else {
			s->state = AUTH_WAIT;
			say(s, "334 \r\n");
		}
	} else if (strcasecmp(p, "QUIT") == 0) {
		say(s, "221 2.0.0 bye\r\n");
		s->over = true;
	} else {
		say(s, "500 5.5.1 what?\r\n");
	}
}

static size_t
eat_line(struct session *s, const char *p, size_t n)
{
	char line[LINE_MAX_OCTETS];
	const char *end = memchr(p, '\n', n);
	size_t size;

	if (end == NULL) {
		s->dead = s->dead || n >= sizeof line;
		return 0;
	}
	size = (size_t)(end - p);
	if (size == 0 || size >= sizeof line || end[-1] != '\r') {
		s->dead = true;
		return 0;
	}
	memcpy(line, p, size - 1);
	line[size - 1] = '\0';
	if (s->state == AUTH_WAIT)
		auth(s, line);
	else
		command(s, line, size - 1);
	return size + 1;
}

/* Up to the end mark; its first four octets may be all that came of it. */
static size_t
eat_data(struct session *s, const char *p, size_t n)
{
	const char *end;

	if (s->fresh) {
		if (n < 3)
			return 0;
		s->fresh = false;
		if (memcmp(p, ".\r\n", 3) == 0) {
			s->state = COMMAND;
			accepted(s);
			return 3;
		}
	}
	end = memmem(p, n, "\r\n.\r\n", 5);
	if (end == NULL)
		return n > 4 ? n - 4 : 0;
	s->state = COMMAND;
	accepted(s);
	return (size_t)(end - p) + 5;
}

static size_t
eat_chunk(struct session *s, size_t n)
{
	size_t take = s->chunk < n ? (size_t)s->chunk : n;

	s->chunk -= take;
	if (s->chunk > 0)
		return take;
	s->state = COMMAND;
	if (s->rcpts == 0)
		say(s, "503 5.5.1 RCPT\r\n");
	else if (s->last)
		accepted(s);
	else
		say(s, "250 2.0.0 more\r\n");
	return take;
}

static size_t
eat_all(struct session *s, const char *p, size_t n)
{
	size_t at = 0, used = 1;

	while (!s->dead && !s->over && !s->starttls &&
	    (at < n || (s->state == CHUNK && s->chunk == 0)) && used > 0) {
		enum state was = s->state;

		used = was == DATA ? eat_data(s, p + at, n - at) :
		    was == CHUNK ? eat_chunk(s, n - at) :
		    eat_line(s, p + at, n - at);
		at += used;
		if (was == CHUNK && s->state != CHUNK && used == 0)
			used = 1;
	}
	return at;
}

void
smtp_eat(struct session *s, const char *p, size_t n)
{
	size_t used;

	if (s->kept_n > 0) {
		s->kept = realloc(s->kept, s->kept_n + n);
		if (s->kept == NULL)
			abort();
		memcpy(s->kept + s->kept_n, p, n);
		n += s->kept_n;
		used = eat_all(s, s->kept, n);
		memmove(s->kept, s->kept + used, n - used);
	} else {
		used = eat_all(s, p, n);
		if (n > used) {
			s->kept = realloc(s->kept, n - used);
			if (s->kept == NULL)
				abort();
			memcpy(s->kept, p + used, n - used);
		}
	}
	s->kept_n = n - used;
}
