/* SPDX-License-Identifier: MIT */
/*
 * The dialogue of RFC 5321 and RFC 2033 from the server's side, strict: what
 * a client may not do is refused, and noted in the log with a "!".
 */
#include "server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LINE_OCTETS = 12288,     /* RFC 4954 section 4, the longest of all  */
	COMMAND_OCTETS = 512,    /* RFC 5321 section 4.5.3.1.4, with CRLF   */
	MAIL_OCTETS = 512 + 26 + 17 + 10 + 500 + 124,
	RCPT_OCTETS = 512 + 524  /* RFC 3461 section 4                      */
};

struct rcpt {
	char *line, *address;
};

struct session {
	struct wire *w;
	const struct config *config;
	unsigned number;
	bool greeted, extended, tls, quit;
	char helo[256], user[256];
	bool authenticated;
	int auth_failures;
	/* the transaction */
	char *mail;
	bool eight_bit, binary, prdr, utf8, size_known;
	unsigned long size;
	struct rcpt *rcpts;
	size_t rcpt_count;
	FILE *chunks;            /* where BDAT goes, once there was one     */
	struct content content;
	char line[LINE_OCTETS + 3];
	size_t line_len;         /* without its CRLF */
};

bool
config_offers(const struct config *config, const char *keyword)
{
	for (size_t i = 0; i < config->off_count; i++)
		if (strcasecmp(config->off[i], keyword) == 0)
			return false;
	return true;
}

static bool
offers(const struct session *s, const char *keyword)
{
	return config_offers(s->config, keyword);
}

/*
 * Say one reply. With --delay the client gets time to send what it should
 * not: without PIPELINING nothing may come before the reply went out.
 */
static int
reply(struct session *s, const char *text)
{
	char line[1024];
	const char *rest = text + 4;
	int n;

	if (s->config->delay_ms > 0 && !offers(s, "PIPELINING") &&
	    wire_pending(s->w, s->config->delay_ms))
		wire_note(s->w, "! not asked: no PIPELINING");
	else if (s->config->delay_ms > 0)
		wire_sleep(s->w, s->config->delay_ms);
	/* "250 2.1.0 OK": the enhanced code goes where it is not offered. */
	if (!offers(s, "ENHANCEDSTATUSCODES") && text[0] >= '2' &&
	    rest[0] == text[0] && rest[1] == '.')
		rest += strcspn(rest, " ") + 1;
	n = snprintf(line, sizeof line, "%.4s%s\r\n", text, rest);
	return wire_send(s->w, line, (size_t)n);
}

static int
replyf(struct session *s, const char *format, ...)
{
	char text[900];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return reply(s, text);
}

static const char *
rule_for(const struct rule *rules, size_t count, const char *where)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].where_len == strlen(where) && strncasecmp(
		    rules[i].where, where, rules[i].where_len) == 0)
			return rules[i].reply;
	return NULL;
}

/* Is this step or address one that --reject names? Then it is refused. */
static bool
rejected(struct session *s, const char *where)
{
	const char *text = rule_for(s->config->reject,
		s->config->reject_count, where);

	if (text == NULL)
		return false;
	(void)reply(s, text);
	if (strncmp(text, "421", 3) == 0)
		s->quit = true;
	return true;
}

/*
 * Read one line into s->line, without its CRLF: 0, or below 0 when the
 * connection is over. A line that breaks the rules was answered: 1.
 */
static int
read_line(struct session *s)
{
	bool cr = false, bad = false, control = false, more = false;
	size_t n = 0;
	int c;

	for (;;) {
		c = wire_octet(s->w);
		if (c < 0)
			break;
		if (c == '\n' && cr)
			break;
		if (c == '\n' || cr)
			bad = true;
		cr = c == '\r';
		if (c < ' ' && !cr)
			control = true;
		if (n < sizeof s->line - 1)
			s->line[n++] = (char)c;
		else
			more = true;
		if (c == '\n')
			break;
	}
	if (c == WIRE_TIMEOUT)
		(void)reply(s, "421 4.4.2 Timed out");
	if (c < 0) {
		wire_note(s->w, c == WIRE_END ? "* end of stream" :
			c == WIRE_TIMEOUT ? "* timed out" : "* lost");
		return -1;
	}
	s->line_len = n > 0 && s->line[n - 1] == '\r' ? n - 1 : n;
	s->line[s->line_len] = '\0';
	if (!bad && !control && !more)
		return 0;
	wire_note(s->w, bad ? "! bare CR or LF in a command" : control ?
		"! control octet in a command" : "! line too long");
	return reply(s, bad ? "500 5.5.2 Bare CR or LF" : control ?
		"500 5.5.2 Control character" :
		"500 5.5.6 Line too long") < 0 ? -1 : 1;
}

/* ---- the transaction */

static void
file_path(const struct session *s, char *path, size_t size, const char *kind)
{
	(void)snprintf(path, size, "%s/incoming-%u.%s", s->config->dir,
		s->number, kind);
}

static FILE *
open_incoming(const struct session *s)
{
	char path[512];

	file_path(s, path, sizeof path, "eml");
	return fopen(path, "wb");
}

static void
drop_incoming(const struct session *s)
{
	char path[512];

	file_path(s, path, sizeof path, "eml");
	(void)unlink(path);
}

static void
forget_mail(struct session *s)
{
	for (size_t i = 0; i < s->rcpt_count; i++) {
		free(s->rcpts[i].line);
		free(s->rcpts[i].address);
	}
	if (s->chunks != NULL) {
		(void)fclose(s->chunks);
		drop_incoming(s);
	}
	s->chunks = NULL;
	free(s->rcpts);
	free(s->mail);
	s->rcpts = NULL;
	s->mail = NULL;
	s->rcpt_count = 0;
	s->eight_bit = s->binary = s->prdr = false;
	s->utf8 = s->size_known = false;
	s->size = 0;
}

/* ---- EHLO, HELO, LHLO */

static void
say_capabilities(struct session *s)
{
	const struct config *c = s->config;
	char lines[1024] = "";
	size_t n = 0, last = 0;

	n += (size_t)snprintf(lines, sizeof lines,
		"250-demo.example.com greets you\r\n");
#define ADD(keyword, ...) do { \
		if (offers(s, keyword)) { \
			last = n; \
			n += (size_t)snprintf(lines + n, sizeof lines - n, \
				"250-" __VA_ARGS__); \
			n += (size_t)snprintf(lines + n, sizeof lines - n, \
				"\r\n"); \
		} \
	} while (0)
	ADD("PIPELINING", "PIPELINING");
	ADD("SIZE", "SIZE %lu", c->max_size);
	if (c->tls == TLS_STARTTLS && !s->tls)
		ADD("STARTTLS", "STARTTLS");
	if (c->tls == TLS_NONE || s->tls || c->auth_in_clear) {
		char mechs[400];

		(void)snprintf(mechs, sizeof mechs, "%s", c->auth);
		for (char *p = mechs; *p != '\0'; p++)
			if (*p == ',')
				*p = ' ';
		if (mechs[0] != '\0')
			ADD("AUTH", "AUTH %s", mechs);
	}
	ADD("8BITMIME", "8BITMIME");
	ADD("SMTPUTF8", "SMTPUTF8");
	ADD("ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES");
	ADD("DSN", "DSN");
	if (c->chunking)
		ADD("CHUNKING", "CHUNKING");
	if (c->binarymime)
		ADD("BINARYMIME", "BINARYMIME");
	if (c->prdr && !c->lmtp)
		ADD("PRDR", "PRDR");
	for (size_t i = 0; i < c->offer_count; i++)
		ADD("", "%s", c->offer[i]);
	ADD("HELP", "HELP");
#undef ADD
	lines[last + 3] = ' ';
	(void)wire_send(s->w, lines, n);
}

static void
hear_helo(struct session *s, char *arg)
{
	bool helo = (s->line[0] | 32) == 'h', lhlo = (s->line[0] | 32) == 'l';

	if (lhlo != s->config->lmtp) {
		(void)reply(s, lhlo ? "500 5.5.1 This is SMTP, not LMTP" :
			"500 5.5.1 This is LMTP, not SMTP");
		return;
	}
	if (!helo && !offers(s, "EHLO")) {
		(void)reply(s, "502 5.5.1 EHLO is not known here");
		return;
	}
	if (*arg == '\0' || strchr(arg, ' ') != NULL) {
		(void)reply(s, "501 5.5.4 Your name, please");
		return;
	}
	if (rejected(s, helo ? "helo" : "ehlo"))
		return;
	forget_mail(s);
	(void)snprintf(s->helo, sizeof s->helo, "%s", arg);
	s->greeted = true;
	s->extended = !helo;
	if (helo)
		(void)reply(s, "250 demo.example.com");
	else
		say_capabilities(s);
}

static void
hear_starttls(struct session *s, char *arg)
{
	if (s->config->tls != TLS_STARTTLS || !offers(s, "STARTTLS")) {
		(void)reply(s, "502 5.5.1 STARTTLS is not offered");
		return;
	}
	if (s->tls) {
		wire_note(s->w, "! STARTTLS under TLS");
		(void)reply(s, "503 5.5.1 TLS is on already");
		return;
	}
	if (*arg != '\0') {
		(void)reply(s, "501 5.5.4 No parameters allowed");
		return;
	}
	if (rejected(s, "starttls"))
		return;
	if (reply(s, "220 2.0.0 Go ahead") < 0 ||
	    wire_tls(s->w, &s->config->identity->conf) < 0) {
		s->quit = true;
		return;
	}
	s->tls = true;
	s->greeted = s->extended = s->authenticated = false;
	s->helo[0] = '\0';
	forget_mail(s);
}

/* ---- AUTH, RFC 4954 */

static int
auth_say(void *ctx, const char *line)
{
	return reply(ctx, line);
}

static int
auth_hear(void *ctx, char *line, size_t size)
{
	struct session *s = ctx;

	if (read_line(s) != 0 || s->line_len >= size)
		return -1;
	memcpy(line, s->line, s->line_len + 1);
	return 0;
}

static size_t
auth_binding(void *ctx, const char *type, unsigned char *out)
{
	struct session *s = ctx;

	if (!s->tls)
		return 0;
	if (strcmp(type, "tls-server-end-point") == 0)
		return identity_end_point(s->config->identity, out);
	return wire_binding(s->w, type, out);
}

static bool
has_mech(const char *list, const char *mech)
{
	size_t n = strlen(mech);

	for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == n && memcmp(list, mech, n) == 0)
			return true;
	return false;
}

static void
hear_auth(struct session *s, char *arg)
{
	const struct config *c = s->config;
	struct auth_io io = { s, auth_hear, auth_say, auth_binding };
	char *initial = strchr(arg, ' ');
	char copy[LINE_OCTETS + 3];
	const char *said;

	if (!offers(s, "AUTH") || c->auth[0] == '\0' || !s->extended) {
		(void)reply(s, "502 5.5.1 AUTH is not offered");
		return;
	}
	if (c->tls != TLS_NONE && !s->tls && !c->auth_in_clear) {
		wire_note(s->w, "! AUTH before TLS");
		(void)reply(s, "538 5.7.11 Encryption required");
		return;
	}
	if (s->authenticated || s->mail != NULL) {
		wire_note(s->w, s->mail != NULL ?
			"! AUTH inside a transaction" : "! AUTH twice");
		(void)reply(s, "503 5.5.1 Not now");
		return;
	}
	if (initial != NULL)
		*initial++ = '\0';
	if (!has_mech(c->auth, arg)) {
		(void)reply(s, "504 5.5.4 Mechanism not supported");
		return;
	}
	if (rejected(s, "auth"))
		return;
	/* The line is read anew for each answer. */
	memcpy(copy, s->line, s->line_len + 1);
	if (initial != NULL)
		initial = copy + (initial - s->line);
	said = auth_run(c, &io, c->identity, copy + (arg - s->line), initial,
		s->user);
	s->authenticated = said[0] == '2';
	if (!s->authenticated)
		s->user[0] = '\0';
	if (said[0] == '\0') {
		s->quit = true;
		return;
	}
	(void)reply(s, said);
	if (!s->authenticated && ++s->auth_failures >= 3) {
		(void)reply(s, "421 4.7.0 Too many failures");
		s->quit = true;
	}
}

/* ---- MAIL and RCPT */

/*
 * Take "<path>" from *at, the address to address[]. NULL when it is right,
 * else the reply that says what is wrong.
 */
static const char *
read_path(struct session *s, char **at, bool null_allowed, char address[321])
{
	char *p = *at, *end, *domain;
	bool quoted = false;

	if (*p != '<')
		return "501 5.5.4 A path is in angle brackets";
	for (end = p + 1; *end != '\0' && (quoted || *end != '>'); end++) {
		if (*end == '\\' && quoted && end[1] != '\0')
			end++;
		else if (*end == '"')
			quoted = !quoted;
		else if (*end == ' ' && !quoted)
			return "501 5.1.3 Blank in a path";
		if ((*end & 0x80) != 0 && !s->utf8)
			return "553 5.6.7 Address needs SMTPUTF8";
	}
	if (*end != '>' || (end[1] != '\0' && end[1] != ' '))
		return "501 5.5.4 A path is in angle brackets";
	p++;
	if (end - p > 320)
		return "501 5.1.3 Path too long";
	memcpy(address, p, (size_t)(end - p));
	address[end - p] = '\0';
	*at = end + 1;
	if (address[0] == '\0')
		return null_allowed ? NULL : "501 5.1.3 No address";
	domain = strrchr(address, '@');
	if (domain == NULL && !null_allowed &&
	    strcasecmp(address, "postmaster") == 0)
		return NULL;
	if (domain == NULL || domain == address || domain[1] == '\0')
		return "501 5.1.3 An address has a local part and a domain";
	if (domain - address > 64 || strlen(domain + 1) > 255)
		return "501 5.1.3 Address too long";
	return NULL;
}

/* Is it of something that --offer has? */
static bool
is_offered(const struct session *s, const char *name)
{
	static const struct { const char *name, *keyword; } of[] = {
		{ "BY", "DELIVERBY" }, { "HOLDFOR", "FUTURERELEASE" },
		{ "HOLDUNTIL", "FUTURERELEASE" },
	};
	const char *keyword = name;

	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
		if (strcasecmp(name, of[i].name) == 0)
			keyword = of[i].keyword;
	for (size_t i = 0; i < s->config->offer_count; i++) {
		const char *line = s->config->offer[i];
		size_t n = strcspn(line, " ");

		if (n == strlen(keyword) && strncasecmp(line, keyword, n) == 0)
			return true;
	}
	return false;
}

static const char *
mail_param(struct session *s, const char *name, const char *value)
{
	char *end;

	if (strcasecmp(name, "SIZE") == 0 && value != NULL &&
	    offers(s, "SIZE")) {
		errno = 0;
		s->size = strtoul(value, &end, 10);
		s->size_known = true;
		if (*value < '0' || *value > '9' || *end != '\0' || errno)
			return "501 5.5.4 SIZE is a number";
		if (s->config->max_size != 0 && s->size > s->config->max_size)
			return "552 5.3.4 Message too big";
		return NULL;
	}
	if (strcasecmp(name, "BODY") == 0 && value != NULL &&
	    offers(s, "8BITMIME")) {
		s->binary = s->config->binarymime &&
			strcasecmp(value, "BINARYMIME") == 0;
		s->eight_bit = s->binary ||
			strcasecmp(value, "8BITMIME") == 0;
		return s->eight_bit || strcasecmp(value, "7BIT") == 0 ?
			NULL : "501 5.5.4 Body type not known";
	}
	if (strcasecmp(name, "SMTPUTF8") == 0 && value == NULL &&
	    offers(s, "SMTPUTF8"))
		return s->utf8 = true, NULL;
	if (strcasecmp(name, "PRDR") == 0 && value == NULL &&
	    s->config->prdr)
		return s->prdr = true, NULL;
	if (strcasecmp(name, "AUTH") == 0 && value != NULL &&
	    offers(s, "AUTH"))
		return NULL;
	if ((strcasecmp(name, "RET") == 0 || strcasecmp(name, "ENVID") == 0)
	    && value != NULL && offers(s, "DSN"))
		return NULL;
	if (is_offered(s, name))
		return NULL;
	return "555 5.5.4 Parameter not known";
}

static const char *
rcpt_param(struct session *s, const char *name, const char *value)
{
	if ((strcasecmp(name, "NOTIFY") == 0 ||
	    strcasecmp(name, "ORCPT") == 0) && value != NULL &&
	    offers(s, "DSN"))
		return NULL;
	if (is_offered(s, name))
		return NULL;
	return "555 5.5.4 Parameter not known";
}

/* " NAME=value NAME ..." */
static const char *
read_params(struct session *s, char *p, const char *(*take)(struct session *,
	const char *, const char *))
{
	while (*p != '\0') {
		const char *bad;
		char *name, *value;

		if (*p != ' ' || p[1] == ' ' || p[1] == '\0')
			return "501 5.5.4 One blank before a parameter";
		name = p + 1;
		p = name + strcspn(name, " ");
		if (!s->extended)
			return "555 5.5.4 No parameters after HELO";
		char keep = *p;
		*p = '\0';
		value = strchr(name, '=');
		if (value != NULL)
			*value = '\0';
		bad = take(s, name, value != NULL ? value + 1 : NULL);
		if (value != NULL)
			*value = '=';
		*p = keep;
		if (bad != NULL)
			return bad;
	}
	return NULL;
}

static bool
says_utf8(const char *line)
{
	const char *p = strstr(line, " SMTPUTF8");

	return p != NULL && (p[9] == '\0' || p[9] == ' ');
}

static void
hear_mail(struct session *s, char *arg)
{
	char address[321], *at = arg + 5;
	const char *bad = NULL;

	if (s->mail != NULL)
		bad = "503 5.5.1 Sender already given";
	else if (s->config->require_auth && !s->authenticated)
		bad = "530 5.7.0 Authentication required";
	else if (strncasecmp(arg, "FROM:", 5) != 0)
		bad = "501 5.5.4 MAIL FROM:<address>";
	else if (s->line_len + 2 > MAIL_OCTETS)
		bad = "500 5.5.2 Line too long";
	s->utf8 = bad == NULL && offers(s, "SMTPUTF8") && says_utf8(arg);
	if (bad == NULL)
		bad = read_path(s, &at, true, address);
	if (bad == NULL)
		bad = read_params(s, at, mail_param);
	if (bad != NULL) {
		s->utf8 = s->eight_bit = s->size_known = s->binary =
			s->prdr = false;
		(void)reply(s, bad);
		return;
	}
	if (rejected(s, "mail") || rejected(s, address))
		return;
	s->mail = strdup(s->line);
	if (s->mail == NULL)
		exit(1);
	(void)replyf(s, "250 2.1.0 <%.200s> sends", address);
}

static void
hear_rcpt(struct session *s, char *arg)
{
	char address[321], *at = arg + 3;
	const char *bad = NULL;
	struct rcpt *more;

	if (s->mail == NULL)
		bad = "503 5.5.1 MAIL first";
	else if (strncasecmp(arg, "TO:", 3) != 0)
		bad = "501 5.5.4 RCPT TO:<address>";
	else if (s->line_len + 2 > RCPT_OCTETS)
		bad = "500 5.5.2 Line too long";
	if (bad == NULL)
		bad = read_path(s, &at, false, address);
	if (bad == NULL)
		bad = read_params(s, at, rcpt_param);
	if (bad == NULL && s->rcpt_count >= s->config->max_rcpts)
		bad = "452 4.5.3 Too many recipients";
	if (bad != NULL) {
		(void)reply(s, bad);
		return;
	}
	if (rejected(s, "rcpt") || rejected(s, address))
		return;
	more = realloc(s->rcpts, (s->rcpt_count + 1) * sizeof *more);
	if (more == NULL)
		exit(1);
	s->rcpts = more;
	more[s->rcpt_count].line = strdup(s->line);
	more[s->rcpt_count].address = strdup(address);
	if (more[s->rcpt_count].line == NULL ||
	    more[s->rcpt_count].address == NULL)
		exit(1);
	s->rcpt_count++;
	(void)replyf(s, "250 2.1.5 <%.200s> receives", address);
}

/* ---- DATA and BDAT */

static int
write_envelope(const struct session *s, const char *path)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return -1;
	fprintf(file, "%s\n", s->mail);
	for (size_t i = 0; i < s->rcpt_count; i++)
		fprintf(file, "%s\n", s->rcpts[i].line);
	fprintf(file, "HELO %s\nAUTH %s\nTLS %s\n", s->helo,
		s->authenticated ? s->user : "-", s->tls ? "yes" : "no");
	return fclose(file);
}

/*
 * Give the mail the next free number. The envelope takes it, since only one
 * of several processes can make a link; the mail follows.
 */
static unsigned
keep_mail(const struct session *s)
{
	char eml[512], env[512], to[512];
	unsigned n;

	file_path(s, eml, sizeof eml, "eml");
	file_path(s, env, sizeof env, "env");
	if (write_envelope(s, env) != 0)
		return 0;
	for (n = 1; n < 100000; n++) {
		(void)snprintf(to, sizeof to, "%s/%04u.env",
			s->config->dir, n);
		if (link(env, to) == 0)
			break;
		if (errno != EEXIST)
			return 0;
	}
	(void)unlink(env);
	(void)snprintf(to, sizeof to, "%s/%04u.eml", s->config->dir, n);
	return rename(eml, to) == 0 ? n : 0;
}

/* What is wrong with this content, or NULL. */
static const char *
judge(struct session *s, const struct content *c)
{
	if (s->binary)
		return c->high_header && !s->utf8 ?
			"554 5.6.7 Header needs SMTPUTF8" : NULL;
	if (c->bare_cr || c->bare_lf)
		return "554 5.6.0 Bare CR or LF in the mail";
	if (c->unstuffed)
		return "554 5.6.0 A line with a dot that was not doubled";
	if (c->nul)
		return "554 5.6.0 NUL in the mail";
	if (c->long_line)
		return "554 5.6.0 A line of more than 998 octets";
	if (c->high_header && !s->utf8)
		return "554 5.6.7 Header needs SMTPUTF8";
	if (c->high && !s->eight_bit)
		return "554 5.6.1 8-bit content was not declared";
	return NULL;
}

static void
note_size(struct session *s, const struct content *c)
{
	if (s->size_known && s->size != c->size)
		wire_note(s->w, "* SIZE said %lu, it was %lu", s->size,
			c->size);
}

/*
 * One verdict, with LMTP one for each recipient, and with PRDR those and one
 * for all, unless they all have the same.
 */
static void
give_verdict(struct session *s, const struct content *c)
{
	const char *bad = judge(s, c);
	bool each;
	unsigned n;

	note_size(s, c);
	if (bad != NULL)
		wire_note(s->w, "! %s", bad + 10);
	else if (s->config->max_size != 0 && c->size > s->config->max_size)
		bad = "552 5.3.4 Message too big";
	else
		bad = rule_for(s->config->reject, s->config->reject_count,
			"end");
	n = bad == NULL ? keep_mail(s) : 0;
	if (bad == NULL && n == 0)
		bad = "451 4.3.0 Cannot write the mail";
	each = s->config->lmtp || (s->prdr && bad == NULL);
	if (s->prdr && bad == NULL)
		(void)reply(s, "353 One verdict for each");
	for (size_t i = 0; i < (each ? s->rcpt_count : 1); i++) {
		const char *own = each && bad == NULL ?
			rule_for(s->config->verdict, s->config->verdict_count,
			s->rcpts[i].address) : NULL;

		if (bad != NULL || own != NULL)
			(void)reply(s, bad != NULL ? bad : own);
		else
			(void)replyf(s, "250 2.0.0 Ok: queued as DEMO%04u",
				n);
	}
	if (s->prdr && bad == NULL)
		(void)replyf(s, "250 2.0.0 Ok: queued as DEMO%04u", n);
	if (bad != NULL && strncmp(bad, "421", 3) == 0)
		s->quit = true;
}

static bool
ready_for_data(struct session *s)
{
	if (s->mail == NULL || s->rcpt_count == 0) {
		(void)reply(s, s->mail == NULL ? "503 5.5.1 MAIL first" :
			s->config->lmtp ? "503 5.5.1 No valid recipients" :
			"554 5.5.1 No valid recipients");
		return false;
	}
	return !rejected(s, "data");
}

static void
hear_data(struct session *s, char *arg)
{
	struct content content;
	FILE *file;
	int c;

	if (*arg != '\0' || s->chunks != NULL) {
		(void)reply(s, *arg != '\0' ?
			"501 5.5.4 No parameters allowed" :
			"503 5.5.1 BDAT has begun");
		return;
	}
	if (s->binary) {
		wire_note(s->w, "! DATA with BODY=BINARYMIME");
		(void)reply(s, "503 5.5.1 BINARYMIME wants BDAT");
		return;
	}
	if (!ready_for_data(s))
		return;
	file = open_incoming(s);
	if (file == NULL) {
		(void)reply(s, "451 4.3.0 Cannot write the mail");
		return;
	}
	content_begin(&content, file);
	(void)reply(s, "354 End with <CR><LF>.<CR><LF>");
	s->w->quiet = s->config->brief;
	do
		c = wire_octet(s->w);
	while (c >= 0 && !content_dotted(&content, (unsigned char)c));
	s->w->quiet = false;
	if (fclose(file) != 0)
		c = -1;
	if (c < 0) {
		wire_note(s->w, "* the mail was not ended");
		drop_incoming(s);
		s->quit = true;
		return;
	}
	give_verdict(s, &content);
	drop_incoming(s);
	forget_mail(s);
}

/* Read n octets of a chunk, to nowhere if there is no file. */
static bool
read_chunk(struct session *s, unsigned long n)
{
	int c = 0;

	s->w->quiet = s->config->brief;
	while (n-- > 0 && (c = wire_octet(s->w)) >= 0)
		if (s->chunks != NULL)
			content_raw(&s->content, (unsigned char)c);
	s->w->quiet = false;
	if (c >= 0)
		return true;
	wire_note(s->w, "* the chunk was not ended");
	s->quit = true;
	return false;
}

/*
 * RFC 3030 section 2. The octets of a chunk come whatever is thought of it;
 * one that is refused ends the transaction until RSET.
 */
static void
hear_bdat(struct session *s, char *arg)
{
	char *end;
	unsigned long n;
	bool last;

	errno = 0;
	n = strtoul(arg, &end, 10);
	last = strcasecmp(end, " LAST") == 0;
	if (!s->config->chunking || *arg < '0' || *arg > '9' || errno != 0 ||
	    (*end != '\0' && !last)) {
		(void)reply(s, s->config->chunking ?
			"501 5.5.4 BDAT size [LAST]" :
			"502 5.5.1 CHUNKING is not offered");
		s->quit = true;          /* where the chunk ends is unknown */
		return;
	}
	if (s->mail == NULL || s->rcpt_count == 0) {
		if (read_chunk(s, n))
			(void)ready_for_data(s);
		return;
	}
	if (s->chunks == NULL) {
		s->chunks = open_incoming(s);
		if (s->chunks == NULL)
			exit(1);
		content_begin(&s->content, s->chunks);
	}
	if (!read_chunk(s, n))
		return;
	if (!last) {
		(void)replyf(s, "250 2.0.0 %lu octets received", n);
		return;
	}
	if (!s->binary && (s->content.line > 0 || s->content.cr))
		s->content.bare_lf = true;       /* no CRLF at its end */
	(void)fclose(s->chunks);
	s->chunks = NULL;
	give_verdict(s, &s->content);
	drop_incoming(s);
	forget_mail(s);
}

/* ---- the table */

static void
hear_rset(struct session *s, char *arg)
{
	if (*arg != '\0') {
		(void)reply(s, "501 5.5.4 No parameters allowed");
		return;
	}
	if (rejected(s, "rset"))
		return;
	forget_mail(s);
	(void)reply(s, "250 2.0.0 Forgotten");
}

static void
hear_noop(struct session *s, char *arg)
{
	(void)arg;
	if (!rejected(s, "noop"))
		(void)reply(s, "250 2.0.0 OK");
}

static void
hear_quit(struct session *s, char *arg)
{
	if (*arg != '\0') {
		(void)reply(s, "501 5.5.4 No parameters allowed");
		return;
	}
	s->quit = true;
	if (!rejected(s, "quit"))
		(void)reply(s, "221 2.0.0 Goodbye");
}

static void
hear_help(struct session *s, char *arg)
{
	(void)arg;
	(void)reply(s, "214 2.0.0 See RFC 5321");
}

static void
hear_vrfy(struct session *s, char *arg)
{
	(void)arg;
	(void)reply(s, "252 2.5.0 Try to send to it");
}

enum { ANY = 0, GREETED = 1, LAST = 2, LONG = 4 };

static const struct verb {
	const char *name;
	void (*hear)(struct session *s, char *arg);
	unsigned flags;  /* LAST: the last of a pipelined group, RFC 2920 */
} verbs[] = {
	{ "EHLO",     hear_helo,     LAST },
	{ "HELO",     hear_helo,     LAST },
	{ "LHLO",     hear_helo,     LAST },
	{ "STARTTLS", hear_starttls, GREETED | LAST },
	{ "AUTH",     hear_auth,     GREETED | LAST | LONG },
	{ "MAIL",     hear_mail,     GREETED | LONG },
	{ "RCPT",     hear_rcpt,     GREETED | LONG },
	{ "DATA",     hear_data,     GREETED | LAST },
	{ "BDAT",     hear_bdat,     GREETED },
	{ "RSET",     hear_rset,     ANY },
	{ "NOOP",     hear_noop,     LAST },
	{ "VRFY",     hear_vrfy,     GREETED | LAST },
	{ "HELP",     hear_help,     LAST },
	{ "QUIT",     hear_quit,     LAST },
};

static void
hear_command(struct session *s)
{
	size_t n = strcspn(s->line, " ");
	char *arg = s->line + n + (s->line[n] == ' ');

	for (size_t i = 0; i < COUNT(verbs); i++) {
		const struct verb *v = &verbs[i];

		if (strlen(v->name) != n || strncasecmp(s->line, v->name, n))
			continue;
		if (s->w->at < s->w->have && (v->flags & LAST ||
		    !offers(s, "PIPELINING") || !s->extended))
			wire_note(s->w, "! more behind %s, unasked", v->name);
		if (!(v->flags & LONG) && s->line_len + 2 > COMMAND_OCTETS)
			(void)reply(s, "500 5.5.2 Line too long");
		else if (v->flags & GREETED && !s->greeted)
			(void)reply(s, "503 5.5.1 Say hello first");
		else
			v->hear(s, arg);
		return;
	}
	wire_note(s->w, "! not a command");
	(void)reply(s, "500 5.5.2 Command not known");
}

void
session_run(struct wire *w, const struct config *config, unsigned number)
{
	struct session *s = calloc(1, sizeof *s);
	int rc;

	if (s == NULL)
		exit(1);
	s->w = w;
	s->config = config;
	s->number = number;
	if (config->tls == TLS_IMPLICIT) {
		if (wire_tls(w, &config->identity->conf) < 0) {
			free(s);
			return;
		}
		s->tls = true;
	}
	if (wire_pending(w, 0))
		wire_note(w, "! octets before the greeting");
	if (rejected(s, "greeting"))
		s->quit = true;
	else
		(void)reply(s, config->lmtp ?
			"220 demo.example.com LMTP demo server" :
			"220 demo.example.com ESMTP demo server");
	while (!s->quit && (rc = read_line(s)) >= 0)
		if (rc == 0)
			hear_command(s);
	wire_notify(w);
	forget_mail(s);
	free(s);
}
