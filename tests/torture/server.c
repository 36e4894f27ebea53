/* SPDX-License-Identifier: MIT */
/*
 * A mail server and its proxies, in memory. What becomes of a recipient says
 * the address, by what stands before its number:
 *
 *	ok      taken
 *	no      550 to RCPT
 *	busy    450 to RCPT
 *	late    taken at RCPT; 452 to the content, where each has a verdict
 *	never   the same with 550
 *
 * A mail is in the box when its content has come whole; then the server says
 * so, and notes at which octet of the wire the client knows.
 */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- octets */

void
buffer_add(struct buffer *buffer, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (buffer->room - buffer->n < n) {
		buffer->room = (buffer->n + n) * 2;
		buffer->p = realloc(buffer->p, buffer->room);
		if (buffer->p == NULL)
			abort();
	}
	memcpy(buffer->p + buffer->n, p, n);
	buffer->n += n;
}

void
buffer_drop(struct buffer *buffer, size_t n)
{
	if (n > 0 && n < buffer->n)
		memmove(buffer->p, buffer->p + n, buffer->n - n);
	buffer->n -= n;
}

void
buffer_free(struct buffer *buffer)
{
	free(buffer->p);
	memset(buffer, 0, sizeof *buffer);
}

static void
put(struct connection *c, const void *p, size_t n)
{
	if (c->tls_on)
		tls_peer_write(&c->tls, p, n);
	else
		wire_put(&c->wire.down, p, n);
}

void
server_say(struct connection *c, const char *text)
{
	char line[1200];
	int n = snprintf(line, sizeof line, "%s\r\n", text);

	if (n < 0 || (size_t)n >= sizeof line)
		abort();
	put(c, line, (size_t)n);
}

static void
wrong(struct connection *c, const char *what)
{
	if (c->world->wrong == NULL)
		c->world->wrong = what;
}

/* ---- its life */

static void
begin_tls(struct connection *c)
{
	bool ec = c->world->play->flags & WITH_EC;
	struct tls_peer_plan plan = {
		.cert = ec ? &world_cert_ec : &world_cert, .tickets = 1
	};

	if (c->world->play->flags & WITH_CLIENT)
		plan.clients = &world_ca;
	tls_peer_init(&c->tls, &c->wire, &plan);
	c->tls_begun = true;
	c->greeted = true;
}

static void
greet(struct connection *c)
{
	server_say(c, c->world->play->flags & WITH_LMTP ?
	    "220 mail.example.com LMTP" : "220 mail.example.com ESMTP");
}

void
connection_open(struct connection *c, struct world *world,
    enum server_mode mode)
{
	memset(c, 0, sizeof *c);
	c->world = world;
	c->used = true;
	c->mode = mode;
	c->from = -1;
	wire_init(&c->wire);
	if (mode != SERVER_LINES)
		return;
	if (world->play->flags & WITH_TLS)
		begin_tls(c);
	else
		greet(c);
}

void
connection_free(struct connection *c)
{
	if (c->tls_begun)
		tls_peer_free(&c->tls);
	sasl_end(c);
	wire_free(&c->wire);
	buffer_free(&c->in);
	buffer_free(&c->content);
	c->used = false;
}

/* ---- the client's side of the wire */

bool
connection_readable(const struct connection *c)
{
	return c->broken || c->wire.down.n > 0 || c->wire.down.ended;
}

size_t
connection_get(struct connection *c, void *p, size_t n)
{
	struct wire_way *way = &c->wire.down;

	if (n > way->n)
		n = way->n;
	if (n == 0)
		return 0;
	memcpy(p, way->p, n);
	memmove(way->p, way->p + n, way->n - n);
	way->n -= n;
	c->taken += n;
	return n;
}

void
connection_put(struct connection *c, const void *p, size_t n)
{
	wire_put(&c->wire.up, p, n);
	connection_serve(c);
}

/* ---- what it takes */

static void
take_in(struct connection *c, unsigned mail, unsigned rcpt)
{
	struct world *w = c->world;
	struct verdict *v = &w->accepted[w->accepted_n];

	if (w->accepted_n == COUNT_OF(w->accepted))
		abort();
	w->accepted_n++;
	v->mail = mail;
	v->rcpt = rcpt;
	v->connection = c;
	v->told_at = c->wire.down.passed;
}

static void
forget(struct connection *c)
{
	c->in_mail = c->prdr = c->last = false;
	c->from = -1;
	c->rcpt_count = 0;
	c->content.n = 0;
}

/* With a verdict for each: those that are taken are told one by one. */
static void
judge_each(struct connection *c)
{
	for (size_t i = 0; i < c->rcpt_count; i++) {
		const struct rcpt *r = &c->rcpts[i];

		if (strcmp(r->kind, "late") == 0) {
			server_say(c, "452 4.2.2 Mailbox full");
		} else if (strcmp(r->kind, "never") == 0) {
			server_say(c, "550 5.7.1 Not wanted");
		} else {
			server_say(c, "250 2.0.0 Taken as Q1");
			take_in(c, (unsigned)c->from, r->index);
		}
	}
}

/*
 * With PRDR what was said for each counts once the last reply is there, which
 * is the same octet for all of them.
 */
static void
end_of_content(struct connection *c)
{
	struct world *w = c->world;
	bool lmtp = w->play->flags & WITH_LMTP;
	size_t first = w->accepted_n;

	if (!mail_is(w, (unsigned)c->from, c->content.p, c->content.n))
		wrong(c, "a mail arrived that is not the one sent");
	if (lmtp || c->prdr) {
		if (c->prdr)
			server_say(c, "353 For each");
		judge_each(c);
	}
	if (!lmtp)
		server_say(c, "250 2.0.0 Taken as Q1");
	for (; c->prdr && first < w->accepted_n; first++)
		w->accepted[first].told_at = c->wire.down.passed;
	for (size_t i = 0; !lmtp && !c->prdr && i < c->rcpt_count; i++)
		take_in(c, (unsigned)c->from, c->rcpts[i].index);
	forget(c);
}

/* ---- commands */

static bool
offers(const struct connection *c, const char *keyword)
{
	return strstr(c->world->play->offer, keyword) != NULL;
}

static void
hear_ehlo(struct connection *c)
{
	char text[1000], *line, *next;
	const struct play *play = c->world->play;

	if (play->flags & WITH_HELO) {
		server_say(c, "500 5.5.1 Unknown");
		return;
	}
	forget(c);
	c->hello = true;
	server_say(c, "250-mail.example.com");
	(void)snprintf(text, sizeof text, "%s", play->offer);
	for (line = text; line != NULL; line = next) {
		char one[256];

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		(void)snprintf(one, sizeof one, "250-%.200s", line);
		if (*line != '\0')
			server_say(c, one);
	}
	if (play->flags & WITH_STARTTLS && !c->tls_on)
		server_say(c, "250-STARTTLS");
	server_say(c, "250 HELP");
}

static void
hear_mail(struct connection *c, const char *line)
{
	char kind[8];
	unsigned number;

	if (c->in_mail) {
		wrong(c, "MAIL within a mail");
		server_say(c, "503 5.5.1 Within a mail");
		return;
	}
	if (c->world->play->mechanism != NULL && !c->authenticated)
		wrong(c, "MAIL without AUTH");
	if (c->world->play->flags & WITH_STARTTLS && !c->tls_on)
		wrong(c, "MAIL without TLS");
	if (!mail_address(line + 11, kind, sizeof kind, &number)) {
		wrong(c, "MAIL from nobody");
		server_say(c, "501 5.5.4 Syntax");
		return;
	}
	c->in_mail = true;
	c->from = (int)number;
	c->prdr = strstr(line, " PRDR") != NULL;
	server_say(c, "250 2.1.0 Sender");
}

static void
hear_rcpt(struct connection *c, const char *line)
{
	struct rcpt *r = &c->rcpts[c->rcpt_count];

	if (!c->in_mail || c->rcpt_count == RCPTS_MAX) {
		server_say(c, "503 5.5.1 MAIL first");
		return;
	}
	if (!mail_address(line + 9, r->kind, sizeof r->kind, &r->index)) {
		wrong(c, "RCPT to nobody");
		server_say(c, "501 5.5.4 Syntax");
	} else if (strcmp(r->kind, "no") == 0) {
		server_say(c, "550 5.1.1 Nobody here");
	} else if (strcmp(r->kind, "busy") == 0) {
		server_say(c, "450 4.2.0 Try later");
	} else {
		c->rcpt_count++;
		server_say(c, "250 2.1.5 Recipient");
	}
}

static void
hear_data(struct connection *c)
{
	if (!c->in_mail || c->rcpt_count == 0) {
		server_say(c, c->in_mail ? "554 5.5.1 No recipients" :
		    "503 5.5.1 MAIL first");
		return;
	}
	server_say(c, "354 Go on");
	c->mode = SERVER_CONTENT;
}

static void
hear_bdat(struct connection *c, const char *line)
{
	char *end;

	c->chunk = strtoul(line + 5, &end, 10);
	c->last = strcmp(end, " LAST") == 0;
	if (end == line + 5 || (*end != '\0' && !c->last))
		wrong(c, "BDAT without a number");
	c->mode = SERVER_CHUNK;
}

static void
hear_starttls(struct connection *c)
{
	server_say(c, "220 2.0.0 Go ahead");
	c->in.n = 0;
	c->hello = c->authenticated = false;
	forget(c);
	begin_tls(c);
}

static void
hear_auth(struct connection *c, char *line)
{
	char *mechanism = line + 5, *initial = strchr(mechanism, ' ');

	if (c->authenticated)
		wrong(c, "AUTH twice");
	if (initial != NULL)
		*initial++ = '\0';
	sasl_begin(c, mechanism, initial);
}

static bool
is(const char *line, const char *verb)
{
	return strncmp(line, verb, strlen(verb)) == 0;
}

static void
hear(struct connection *c, char *line)
{
	c->commands++;
	if (is(line, "EHLO ") || is(line, "LHLO ")) {
		hear_ehlo(c);
	} else if (is(line, "HELO ")) {
		c->hello = true;
		server_say(c, "250 mail.example.com");
	} else if (strcmp(line, "STARTTLS") == 0 && !c->tls_on) {
		hear_starttls(c);
	} else if (is(line, "AUTH ")) {
		hear_auth(c, line);
	} else if (is(line, "MAIL FROM:<")) {
		hear_mail(c, line);
	} else if (is(line, "RCPT TO:<")) {
		hear_rcpt(c, line);
	} else if (strcmp(line, "DATA") == 0) {
		hear_data(c);
	} else if (is(line, "BDAT ") && offers(c, "CHUNKING")) {
		hear_bdat(c, line);
	} else if (strcmp(line, "RSET") == 0) {
		forget(c);
		server_say(c, "250 2.0.0 Forgotten");
	} else if (strcmp(line, "NOOP") == 0 || is(line, "VRFY ")) {
		server_say(c, "250 2.0.0 Well");
	} else if (strcmp(line, "QUIT") == 0) {
		server_say(c, "221 2.0.0 Bye");
		if (c->tls_on)
			(void)mbedtls_ssl_close_notify(&c->tls.ssl);
		c->wire.down.ended = true;
		c->mode = SERVER_OVER;
	} else {
		wrong(c, "a line that is no command");
		server_say(c, "500 5.5.1 What");
	}
}

/* ---- proxies: RFC 1928, RFC 1929, and CONNECT */

static bool
serve_socks(struct connection *c)
{
	const unsigned char *p = c->in.p;
	size_t n = c->in.n;
	bool asks = c->world->play->flags & WITH_TOKEN;

	switch (c->mode) {
	case SERVER_SOCKS:
		if (n < 2 || n < 2 + (size_t)p[1])
			return false;
		buffer_drop(&c->in, 2 + (size_t)p[1]);
		put(c, asks ? "\5\2" : "\5\0", 2);
		c->mode = asks ? SERVER_SOCKS_AUTH : SERVER_SOCKS_ASK;
		return true;
	case SERVER_SOCKS_AUTH:
		if (n < 2 || n < 3 + (size_t)p[1] ||
		    n < 3 + (size_t)p[1] + p[2 + p[1]])
			return false;
		buffer_drop(&c->in, 3 + (size_t)p[1] + p[2 + p[1]]);
		put(c, "\1\0", 2);
		c->mode = SERVER_SOCKS_ASK;
		return true;
	default:
		if (n < 5)
			return false;
		n = p[3] == 3 ? 7 + (size_t)p[4] : p[3] == 4 ? 22 : 10;
		if (c->in.n < n)
			return false;
		buffer_drop(&c->in, n);
		put(c, "\5\0\0\1\0\0\0\0\0\0", 10);
		c->mode = SERVER_LINES;
		greet(c);
		return true;
	}
}

static bool
serve_http(struct connection *c)
{
	for (size_t i = 4; i <= c->in.n; i++) {
		if (memcmp(c->in.p + i - 4, "\r\n\r\n", 4) != 0)
			continue;
		buffer_drop(&c->in, i);
		server_say(c, "HTTP/1.1 200 Yes\r\nVia: here\r\n");
		c->mode = SERVER_LINES;
		greet(c);
		return true;
	}
	return false;
}

/* ---- octets as they come */

static bool
serve_line(struct connection *c)
{
	const unsigned char *lf = c->in.n > 0 ?
	    memchr(c->in.p, '\n', c->in.n) : NULL;
	char line[4096];
	size_t n;

	if (lf == NULL)
		return false;
	n = (size_t)(lf - c->in.p);
	if (c->in.p[0] == 0x16) {        /* who diagnoses asks for TLS      */
		c->mode = SERVER_OVER;
		return false;
	}
	if (n == 0 || n > sizeof line || lf[-1] != '\r') {
		wrong(c, "a line without CRLF, or too long");
		c->mode = SERVER_OVER;
		return false;
	}
	memcpy(line, c->in.p, n - 1);
	line[n - 1] = '\0';
	buffer_drop(&c->in, n + 1);
	if (c->mode == SERVER_SASL)
		sasl_line(c, line);
	else
		hear(c, line);
	return true;
}

/* A line of content, its dot taken off; or the end. */
static bool
serve_content(struct connection *c)
{
	const unsigned char *lf = c->in.n > 0 ?
	    memchr(c->in.p, '\n', c->in.n) : NULL;
	size_t n, dot;

	if (lf == NULL)
		return false;
	n = (size_t)(lf - c->in.p) + 1;
	if (n < 2 || c->in.p[n - 2] != '\r')
		wrong(c, "a bare LF in content");
	if (n == 3 && c->in.p[0] == '.') {
		buffer_drop(&c->in, n);
		c->mode = SERVER_LINES;
		end_of_content(c);
		return true;
	}
	dot = c->in.p[0] == '.';
	buffer_add(&c->content, c->in.p + dot, n - dot);
	buffer_drop(&c->in, n);
	return true;
}

static bool
serve_chunk(struct connection *c)
{
	size_t n = c->in.n < c->chunk ? c->in.n : c->chunk;

	buffer_add(&c->content, c->in.p, n);
	buffer_drop(&c->in, n);
	c->chunk -= n;
	if (c->chunk > 0)
		return false;
	c->mode = SERVER_LINES;
	if (!c->in_mail || c->rcpt_count == 0) {
		server_say(c, "503 5.5.1 No recipients");
		c->content.n = 0;
	} else if (c->last) {
		end_of_content(c);
	} else {
		server_say(c, "250 2.0.0 Chunk");
	}
	return true;
}

static bool
serve_some(struct connection *c)
{
	switch (c->mode) {
	case SERVER_LINES:
	case SERVER_SASL:
		return serve_line(c);
	case SERVER_CONTENT:
		return serve_content(c);
	case SERVER_CHUNK:
		return serve_chunk(c);
	case SERVER_SOCKS:
	case SERVER_SOCKS_AUTH:
	case SERVER_SOCKS_ASK:
		return serve_socks(c);
	case SERVER_HTTP:
		return serve_http(c);
	default:
		return false;
	}
}

static bool
receive_tls(struct connection *c)
{
	unsigned char p[16384];
	int n;

	if (!c->tls_on) {
		tls_peer_step(&c->tls);
		c->tls_on = c->tls.open;
		if (c->tls.error != 0)
			c->wire.down.ended = true;
		if (c->tls_on && !c->hello && c->world->play->flags &
		    WITH_TLS)
			greet(c);
		if (!c->tls_on)
			return false;
	}
	n = tls_peer_read(&c->tls, p, sizeof p);
	if (n > 0)
		buffer_add(&c->in, p, (size_t)n);
	return n > 0;
}

static bool
receive(struct connection *c)
{
	struct wire_way *up = &c->wire.up;

	if (c->tls_begun)
		return receive_tls(c);
	if (up->n == 0)
		return false;
	buffer_add(&c->in, up->p, up->n);
	up->n = 0;
	return true;
}

void
connection_serve(struct connection *c)
{
	bool more = true;

	while (more) {
		more = false;
		while (serve_some(c))
			more = true;
		more |= receive(c);
	}
}
