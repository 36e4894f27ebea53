/* SPDX-License-Identifier: MIT */
/*
 * --script: play a transcript instead of a dialogue, for hostile and odd
 * servers. One step a line; a blank line and a line with # are none.
 *
 *	S: text     send text and CRLF
 *	S| text     send text as it is
 *	S# hex      send these octets beneath TLS
 *	REPEAT n    send the next S line n times, each piece at once
 *	C: text     the client's next line; with * at its end, its beginning
 *	S64 text    send 334 and the text in base64, with %N for the nonce
 *	NONCE text  a line that begins so, and ends in base64 with SCRAM's r=
 *	C?          any line of the client
 *	C. [file]   content up to its end mark; equal to the file, if given,
 *	.: text     or to these lines (with * as above), if any follow
 *	C+ n        read n octets of the client, whatever they are
 *	EOF         the client closes, and says nothing before
 *	TLS         the handshake, as a server
 *	TLS?        the handshake, which the client breaks off
 *	SLEEP ms    wait, reading nothing
 *	STALL       say nothing more; read until the client closes
 *	CHUNK n ms  from here on send in pieces of n octets, ms apart
 *	NOTIFY      end TLS with close_notify, leave the connection open
 *	CLOSE       close (under TLS with close_notify)
 *	DROP        close without close_notify
 *	RESET       reset the connection
 *	ACCEPT      close, and wait for the next connection
 *
 * In texts \r \n \t \0 \\ \xNN are octets. Sends are no failure when the
 * client has gone: what it must do is said with C and EOF.
 *
 * DIR/script.result says "complete", or the line that failed and why.
 */
#include "server.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mbedtls/base64.h>

struct script {
	char *text;
	size_t line_count, at;
	struct line {
		char *word, *arg;
		unsigned number;
	} *lines;
	char folder[512], nonce[128];
	unsigned long repeat;
	bool failed;
	struct wire *w;
	const struct config *config;
};

static bool
failed(struct script *s, const struct line *l, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool
failed(struct script *s, const struct line *l, const char *format, ...)
{
	char why[4096], path[512];
	va_list args;
	FILE *file;

	va_start(args, format);
	(void)vsnprintf(why, sizeof why, format, args);
	va_end(args);
	if (l != NULL)
		wire_note(s->w, "* script line %u: %s", l->number, why);
	(void)snprintf(path, sizeof path, "%s/script.result", s->config->dir);
	file = fopen(path, "w");
	if (file != NULL) {
		if (l != NULL)
			fprintf(file, "line %u: %s %s: %s\n", l->number,
				l->word, l->arg, why);
		else
			fprintf(file, "%s\n", why);
		(void)fclose(file);
	}
	s->failed = l != NULL;
	return false;
}

/* ---- reading the script */

static char *
read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL, *more;
	size_t n = 0, got;

	if (file == NULL)
		return NULL;
	do {
		more = realloc(text, n + 65536 + 1);
		if (more == NULL)
			exit(1);
		text = more;
		got = fread(text + n, 1, 65536, file);
		n += got;
	} while (got > 0);
	text[n] = '\0';
	(void)fclose(file);
	*size = n;
	return text;
}

struct script *
script_load(const char *path)
{
	struct script *s = calloc(1, sizeof *s);
	unsigned number = 0;
	const char *slash = strrchr(path, '/');
	size_t size;

	if (s == NULL || (s->text = read_file(path, &size)) == NULL) {
		free(s);
		return NULL;
	}
	(void)snprintf(s->folder, sizeof s->folder, "%.*s",
		slash != NULL ? (int)(slash + 1 - path) : 0, path);
	for (char *p = s->text, *next; *p != '\0'; p = next) {
		struct line *more;
		char *word = p + strspn(p, " \t");
		size_t n;

		next = p + strcspn(p, "\n");
		if (*next != '\0')
			*next++ = '\0';
		number++;
		if (*word == '\0' || *word == '#')
			continue;
		more = realloc(s->lines, (s->line_count + 1) * sizeof *more);
		if (more == NULL)
			exit(1);
		s->lines = more;
		more += s->line_count++;
		n = strcspn(word, " ");
		more->number = number;
		more->word = word;
		more->arg = word + n + (word[n] == ' ');
		word[n] = '\0';
	}
	return s;
}

static int
hex_value(char c)
{
	const char *digits = "0123456789abcdef", *p;

	p = c == '\0' ? NULL : strchr(digits, c | 32);
	return p == NULL ? -1 : (int)(p - digits);
}

/* The octets that a text stands for; out has room for all of it. */
static size_t
unescape(const char *text, char *out)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		char c = *p;

		if (c == '\\' && p[1] != '\0') {
			c = *++p;
			if (c == 'r')
				c = '\r';
			else if (c == 'n')
				c = '\n';
			else if (c == 't')
				c = '\t';
			else if (c == '0')
				c = '\0';
			else if (c == 'x' && hex_value(p[1]) >= 0 &&
			    hex_value(p[2]) >= 0) {
				c = (char)(hex_value(p[1]) << 4 |
					hex_value(p[2]));
				p += 2;
			}
		}
		out[n++] = c;
	}
	return n;
}

/* ---- the steps */

/* Does what the client said fit the text? A * at its end fits anything. */
static bool
fits(const char *text, const char *said, size_t n)
{
	size_t len = strlen(text);
	bool prefix = len > 0 && text[len - 1] == '*';
	char *want = malloc(len + 1);
	bool same;

	if (want == NULL)
		exit(1);
	len = unescape(text, want) - prefix;
	same = (prefix ? n >= len : n == len) && memcmp(want, said, len) == 0;
	free(want);
	return same;
}

enum { NOT_ENDED = -10, LINE_CUT = -11 };

static const char *
no_line(int why)
{
	return why == NOT_ENDED ? "the line does not end" :
		why == LINE_CUT ? "the client's line was cut" :
		why == WIRE_TIMEOUT ? "the client says nothing" :
		"the client closed";
}

/* Read a line, its CRLF taken off: 0, or what no_line() explains. */
static int
client_line(struct script *s, char *line, size_t size, size_t *len)
{
	size_t n = 0;
	int c;

	while (n < size && (c = wire_octet(s->w)) >= 0) {
		line[n++] = (char)c;
		if (n > 1 && c == '\n' && line[n - 2] == '\r') {
			*len = n - 2;
			line[n - 2] = '\0';
			return 0;
		}
	}
	return n == size ? NOT_ENDED : n > 0 ? LINE_CUT : c;
}

static bool
hear_line(struct script *s, const struct line *l, bool any)
{
	static char line[70000];
	size_t n;
	int rc = client_line(s, line, sizeof line, &n);

	if (rc < 0)
		return failed(s, l, "%s", no_line(rc));
	if (!any && !fits(l->arg, line, n))
		return failed(s, l, "got \"%.2000s\"", line);
	return true;
}

/* Keep the client's nonce, which an attack on SCRAM has to repeat. */
static bool
hear_nonce(struct script *s, const struct line *l)
{
	static char line[4000];
	unsigned char said[2000];
	size_t n, skip = strlen(l->arg), len = 0;
	const char *at;
	int rc = client_line(s, line, sizeof line, &n);

	if (rc < 0)
		return failed(s, l, "%s", no_line(rc));
	if (n < skip || memcmp(line, l->arg, skip) != 0 ||
	    mbedtls_base64_decode(said, sizeof said - 1, &len,
	    (unsigned char *)line + skip, n - skip) != 0)
		return failed(s, l, "got \"%.2000s\"", line);
	said[len] = '\0';
	at = strstr((char *)said, ",r=");
	if (at == NULL || strlen(at + 3) >= sizeof s->nonce)
		return failed(s, l, "no nonce");
	memcpy(s->nonce, at + 3, strlen(at + 3) + 1);
	return true;
}

static bool
say_challenge(struct script *s, const struct line *l)
{
	char text[1000], out[1500] = "334 ";
	const char *mark = strstr(l->arg, "%N");
	size_t n = 0;
	int len;

	len = mark == NULL ? snprintf(text, sizeof text, "%s", l->arg) :
		snprintf(text, sizeof text, "%.*s%s%s",
		(int)(mark - l->arg), l->arg, s->nonce, mark + 2);
	if (len < 0 || (size_t)len >= sizeof text ||
	    mbedtls_base64_encode((unsigned char *)out + 4, sizeof out - 6,
	    &n, (unsigned char *)text, (size_t)len) != 0)
		return failed(s, l, "too long");
	memcpy(out + 4 + n, "\r\n", 2);
	(void)wire_send(s->w, out, n + 6);
	return true;
}

/* Compare content with the ".:" lines that follow. */
static bool
same_lines(struct script *s, const struct line *l, const char *got, size_t n)
{
	const char *end = got + n;
	bool any = s->at < s->line_count &&
		strcmp(s->lines[s->at].word, ".:") == 0;

	while (s->at < s->line_count &&
	    strcmp(s->lines[s->at].word, ".:") == 0) {
		const struct line *want = &s->lines[s->at++];
		const char *eol = got;

		while (eol + 1 < end && (eol[0] != '\r' || eol[1] != '\n'))
			eol++;
		if (got == end || eol + 1 >= end)
			return failed(s, want, "the content has ended");
		if (!fits(want->arg, got, (size_t)(eol - got)))
			return failed(s, want, "got \"%.*s\"",
				(int)(eol - got), got);
		got = eol + 2;
	}
	if (any && got != end)
		return failed(s, l, "more content than expected");
	return true;
}

static bool
hear_content(struct script *s, const struct line *l)
{
	struct content content;
	char path[1100], *got, *want;
	size_t got_n, want_n;
	FILE *file;
	bool ok = true;
	int c;

	(void)snprintf(path, sizeof path, "%s/script.eml", s->config->dir);
	file = fopen(path, "wb");
	if (file == NULL)
		return failed(s, l, "cannot write %s", path);
	content_begin(&content, file);
	do
		c = wire_octet(s->w);
	while (c >= 0 && !content_dotted(&content, (unsigned char)c));
	(void)fclose(file);
	if (c < 0)
		return failed(s, l, "no end mark: %s", no_line(c));
	if (content.bare_cr || content.bare_lf || content.unstuffed)
		return failed(s, l, "bare CR or LF, or a dot not doubled");
	got = read_file(path, &got_n);
	if (got == NULL)
		return failed(s, l, "cannot read %s", path);
	if (*l->arg != '\0') {
		(void)snprintf(path, sizeof path, "%s%s", s->folder, l->arg);
		want = read_file(path, &want_n);
		if (want == NULL)
			ok = failed(s, l, "cannot read %s", path);
		else if (want_n != got_n || memcmp(want, got, got_n) != 0)
			ok = failed(s, l, "the content differs");
		free(want);
	} else
		ok = same_lines(s, l, got, got_n);
	free(got);
	return ok;
}

static bool
hear_octets(struct script *s, const struct line *l)
{
	unsigned long n = strtoul(l->arg, NULL, 10);
	int c = 0;

	while (n-- > 0 && (c = wire_octet(s->w)) >= 0)
		;
	return c >= 0 || failed(s, l, "%s", no_line(c));
}

static bool
hear_end(struct script *s, const struct line *l)
{
	int got = wire_fill(s->w);

	if (got > 0)
		return failed(s, l, "got \"%.*s\"", got < 2000 ? got : 2000,
			(char *)s->w->in + s->w->at);
	/* A reset is an end, too. */
	return got != WIRE_TIMEOUT || failed(s, l, "the client stays");
}

static bool
say(struct script *s, const struct line *l)
{
	size_t len = strlen(l->arg), n = 0;
	char *out = malloc(len + 3);

	if (out == NULL)
		exit(1);
	if (l->word[1] == '#') {
		for (const char *p = l->arg; *p != '\0'; p++) {
			if (hex_value(p[0]) < 0 || hex_value(p[1]) < 0)
				continue;
			out[n++] = (char)(hex_value(p[0]) << 4 |
				hex_value(p[1]));
			p++;
		}
		(void)wire_send_raw(s->w, out, n);
	} else {
		n = unescape(l->arg, out);
		if (l->word[1] == ':') {
			out[n++] = '\r';
			out[n++] = '\n';
		}
		for (s->repeat += s->repeat == 0; s->repeat > 0; s->repeat--)
			if (wire_send(s->w, out, n) < 0)
				break;
	}
	s->repeat = 0;
	free(out);
	return true;
}

static bool
begin_tls(struct script *s, const struct line *l, bool wanted)
{
	if (s->config->identity == NULL)
		return failed(s, l, "--tls none");
	if ((wire_tls(s->w, &s->config->identity->conf) == 0) == wanted)
		return true;
	return failed(s, l, wanted ? "the handshake failed" :
		"the handshake was done");
}

static bool
stall(struct script *s)
{
	s->w->wait_ms = 600000;
	do
		s->w->at = s->w->have;
	while (wire_fill(s->w) > 0);
	return true;
}

/* One step: false after a failure. */
static bool
play(struct script *s, const struct line *l)
{
	const char *w = l->word;
	char *ms;

	if (strcmp(w, "S:") == 0 || strcmp(w, "S|") == 0 ||
	    strcmp(w, "S#") == 0)
		return say(s, l);
	if (strcmp(w, "S64") == 0)
		return say_challenge(s, l);
	if (strcmp(w, "NONCE") == 0)
		return hear_nonce(s, l);
	if (strcmp(w, "C:") == 0 || strcmp(w, "C?") == 0)
		return hear_line(s, l, w[1] == '?');
	if (strcmp(w, "C.") == 0)
		return hear_content(s, l);
	if (strcmp(w, "C+") == 0)
		return hear_octets(s, l);
	if (strcmp(w, "EOF") == 0)
		return hear_end(s, l);
	if (strcmp(w, "TLS") == 0 || strcmp(w, "TLS?") == 0)
		return begin_tls(s, l, w[3] == '\0');
	if (strcmp(w, "STALL") == 0)
		return stall(s);
	if (strcmp(w, "REPEAT") == 0)
		s->repeat = strtoul(l->arg, NULL, 10);
	else if (strcmp(w, "SLEEP") == 0)
		wire_sleep(s->w, (int)strtol(l->arg, NULL, 10));
	else if (strcmp(w, "CHUNK") == 0) {
		s->w->chunk = strtoul(l->arg, &ms, 10);
		s->w->chunk_ms = (int)strtol(ms, NULL, 10);
	} else if (strcmp(w, "NOTIFY") == 0)
		wire_notify(s->w);
	else if (strcmp(w, "CLOSE") == 0) {
		wire_notify(s->w);
		wire_close(s->w);
	} else if (strcmp(w, "DROP") == 0)
		wire_close(s->w);
	else if (strcmp(w, "RESET") == 0)
		wire_reset(s->w);
	else
		return failed(s, l, "no such step");
	return true;
}

bool
script_play(struct script *s, struct wire *w, const struct config *config)
{
	s->w = w;
	s->config = config;
	w->wait_ms = config->wait_ms;
	if (s->failed || s->at > s->line_count)
		return wire_note(w, "! a connection that was not expected"),
			false;
	if (config->tls == TLS_IMPLICIT && s->at < s->line_count &&
	    strncmp(s->lines[s->at].word, "TLS", 3) != 0)
		(void)wire_tls(w, &config->identity->conf);
	while (s->at < s->line_count) {
		const struct line *l = &s->lines[s->at++];

		if (strcmp(l->word, "ACCEPT") == 0)
			return true;
		if (w->fd < 0)
			return failed(s, l, "the connection is closed");
		if (!play(s, l))
			return false;
	}
	s->at++;
	(void)failed(s, NULL, "complete");
	/* What the client says beyond the script is at least in the log. */
	if (w->fd >= 0)
		stall(s);
	return false;
}
