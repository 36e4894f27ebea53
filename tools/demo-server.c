/* SPDX-License-Identifier: MIT */
/*
 * demo-server: a mail server on loopback, for tests and for `make demo`.
 *
 *	demo-server --dir DIR [--port N | --unix PATH] [--host ADDRESS]
 *	    [--tls starttls|implicit|none] [--tls-version 1.2|1.3]
 *	    [--cert KIND] [--auth PLAIN,LOGIN,CRAM-MD5,XOAUTH2,SCRAM-...]
 *	    [--user U] [--password P] [--token T] [--require-auth]
 *	    [--auth-in-clear] [--chunking] [--binarymime] [--prdr] [--lmtp]
 *	    [--no-KEYWORD ...]
 *	    [--size N] [--max-rcpts N] [--reject WHERE='CODE text' ...]
 *	    [--verdict ADDRESS='CODE text' ...] [--delay MS] [--wait MS]
 *	    [--rcvbuf N] [--brief] [--offer LINE ...] [--script FILE]
 *	    [--ask-certificate]
 *
 * When it is ready it prints PORT=, CAFILE= and PIN= (the SHA-256 of its
 * public key) and READY. CAFILE.crl is a list of what that CA revoked. WHERE
 * is an address, or one of greeting ehlo helo starttls auth mail rcpt data end
 * rset noop quit. --verdict answers one recipient after the content, with
 * --lmtp. --offer adds a line to the reply to EHLO, and its parameters are
 * then taken as they come.
 *
 * A mail that was taken lies in DIR/NNNN.eml with its envelope in
 * DIR/NNNN.env; DIR/session-N.log has each octet of the Nth connection, but
 * with --brief not those of mails.
 *
 * It ends on SIGTERM, and when its standard input is a pipe, with that.
 */
#include "demo-server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "demo-server: %s: %s\n", what, strerror(errno));
	exit(1);
}

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr, "demo-server: %s\n"
		"usage: demo-server --dir DIR [--tls starttls|implicit|none] "
		"[--script FILE] ...\n"
		"certificates: %s\n", what, cert_kinds);
	exit(64);
}

/* ---- options */

static void
add_rule(struct rule *rules, size_t *count, const char *text)
{
	const char *eq = strchr(text, '=');

	if (eq == NULL || strlen(eq + 1) < 5 || eq[4] != ' ')
		usage("--reject and --verdict want WHERE='CODE text'");
	if (*count == MAX_RULES)
		usage("too many rules");
	rules[*count].where = text;
	rules[*count].where_len = (size_t)(eq - text);
	rules[(*count)++].reply = eq + 1;
}

static bool
is_word_of(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; *list != '\0'; list += strcspn(list, " "), list += *list == ' ')
		if (strcspn(list, " ") == n && memcmp(list, word, n) == 0)
			return true;
	return false;
}

static enum tls_mode
tls_mode_of(const char *name)
{
	if (strcmp(name, "none") == 0)
		return TLS_NONE;
	if (strcmp(name, "implicit") == 0)
		return TLS_IMPLICIT;
	if (strcmp(name, "starttls") != 0)
		usage("--tls starttls, implicit or none");
	return TLS_STARTTLS;
}

/* Options without a value. */
static bool
set_flag(struct config *c, const char *name)
{
	if (strcmp(name, "--lmtp") == 0)
		c->lmtp = true;
	else if (strcmp(name, "--require-auth") == 0)
		c->require_auth = true;
	else if (strcmp(name, "--auth-in-clear") == 0)
		c->auth_in_clear = true;
	else if (strcmp(name, "--chunking") == 0)
		c->chunking = true;
	else if (strcmp(name, "--binarymime") == 0)
		c->chunking = c->binarymime = true;
	else if (strcmp(name, "--prdr") == 0)
		c->prdr = true;
	else if (strcmp(name, "--ask-certificate") == 0)
		c->ask_certificate = true;
	else if (strcmp(name, "--brief") == 0)
		c->brief = true;
	else if (strncmp(name, "--no-", 5) == 0 && c->off_count < MAX_OFF)
		c->off[c->off_count++] = name + 5;
	else
		return false;
	return true;
}

static void
set_option(struct config *c, const char *name, const char *value)
{
	const struct { const char *name; const char **to; } texts[] = {
		{ "--dir", &c->dir }, { "--script", &c->script },
		{ "--host", &c->host }, { "--unix", &c->path },
		{ "--cert", &c->cert }, { "--auth", &c->auth },
		{ "--tls-version", &c->tls_version },
		{ "--user", &c->user }, { "--password", &c->password },
		{ "--token", &c->token },
	};
	const struct { const char *name; int *to; } numbers[] = {
		{ "--port", &c->port }, { "--delay", &c->delay_ms },
		{ "--wait", &c->wait_ms }, { "--rcvbuf", &c->rcvbuf },
	};

	if (value == NULL)
		usage(name);
	for (size_t i = 0; i < COUNT(texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].to = value;
			return;
		}
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(name, numbers[i].name) == 0) {
			*numbers[i].to = (int)strtol(value, NULL, 10);
			return;
		}
	if (strcmp(name, "--tls") == 0)
		c->tls = tls_mode_of(value);
	else if (strcmp(name, "--size") == 0)
		c->max_size = strtoul(value, NULL, 10);
	else if (strcmp(name, "--max-rcpts") == 0)
		c->max_rcpts = strtoul(value, NULL, 10);
	else if (strcmp(name, "--reject") == 0)
		add_rule(c->reject, &c->reject_count, value);
	else if (strcmp(name, "--offer") == 0 && c->offer_count < MAX_OFF)
		c->offer[c->offer_count++] = value;
	else if (strcmp(name, "--verdict") == 0)
		add_rule(c->verdict, &c->verdict_count, value);
	else
		usage(name);
}

static void
read_options(struct config *c, char **argv)
{
	memset(c, 0, sizeof *c);
	c->host = "127.0.0.1";
	c->tls = TLS_STARTTLS;
	c->cert = "ok";
	c->auth = "PLAIN,LOGIN,CRAM-MD5,XOAUTH2";
	c->user = "demo@example.com";
	c->password = "correct horse";
	c->token = "demo-token";
	c->max_size = 64UL << 20;
	c->max_rcpts = 1000;
	c->wait_ms = 30000;
	c->alive_fd = -1;
	for (argv++; *argv != NULL; argv++)
		if (!set_flag(c, argv[0])) {
			set_option(c, argv[0], argv[1]);
			argv++;
		}
	if (c->dir == NULL || strlen(c->dir) > 400)
		usage("--dir DIR");
	if (!is_word_of(cert_kinds, c->cert))
		usage("--cert KIND");
}

/* ---- the socket */

static int
listen_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof to.sun_path)
		usage("--unix PATH is too long");
	memcpy(to.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die(path);
	return fd;
}

static int
listen_tcp(const struct config *c, int *port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} to;
	socklen_t n;
	bool v6 = strchr(c->host, ':') != NULL;
	int fd, one = 1;

	memset(&to, 0, sizeof to);
	to.any.sa_family = v6 ? AF_INET6 : AF_INET;
	n = v6 ? sizeof to.v6 : sizeof to.v4;
	if (inet_pton(to.any.sa_family, c->host, v6 ?
	    (void *)&to.v6.sin6_addr : (void *)&to.v4.sin_addr) != 1)
		usage("--host wants an address");
	if (v6)
		to.v6.sin6_port = htons((unsigned short)c->port);
	else
		to.v4.sin_port = htons((unsigned short)c->port);
	fd = socket(to.any.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (c->rcvbuf > 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &c->rcvbuf,
			sizeof c->rcvbuf);
	if (bind(fd, &to.any, n) < 0 || getsockname(fd, &to.any, &n) < 0)
		die(c->host);
	*port = ntohs(v6 ? to.v6.sin6_port : to.v4.sin_port);
	return fd;
}

/* ---- one client after the other, or side by side */

static int
next_client(int listener, int alive)
{
	struct pollfd p[2] = {
		{ .fd = listener, .events = POLLIN },
		{ .fd = alive, .events = POLLIN },
	};

	for (;;) {
		int rc = poll(p, 2, -1);

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (rc < 0 && errno != EINTR)
			die("poll");
		if (rc > 0 && p[1].revents != 0)
			exit(0);
		if (rc > 0 && p[0].revents != 0) {
			int fd = accept(listener, NULL, NULL);

			if (fd >= 0)
				return fd;
		}
	}
}

static FILE *
open_log(const struct config *c, unsigned number)
{
	char path[512];
	FILE *log;

	(void)snprintf(path, sizeof path, "%s/session-%u.log", c->dir,
		number);
	log = fopen(path, "w");
	if (log == NULL)
		die(path);
	return log;
}

static void
serve(const struct config *c, int fd, unsigned number)
{
	static struct wire w;
	FILE *log = open_log(c, number);

	wire_open(&w, fd, c->alive_fd, log);
	w.wait_ms = c->wait_ms;
	wire_note(&w, "* connected");
	session_run(&w, c, number);
	wire_close(&w);
	(void)fclose(log);
}

static void
serve_all(struct config *c, int listener)
{
	int parent[2];

	/* A child ends when we do: the pipe then closes. */
	if (pipe(parent) < 0)
		die("pipe");
	for (unsigned number = 1;; number++) {
		int fd = next_client(listener, c->alive_fd);
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid > 0) {
			(void)close(fd);
			continue;
		}
		(void)close(listener);
		(void)close(parent[1]);
		c->alive_fd = parent[0];
		if (c->identity != NULL &&
		    identity_after_fork(c->identity) != 0)
			exit(1);
		serve(c, fd, number);
		exit(0);
	}
}

static void
play_all(struct config *c, int listener)
{
	static struct wire w;
	struct script *script = script_load(c->script);
	unsigned number = 1;

	if (script == NULL)
		die(c->script);
	for (;; number++) {
		int fd = next_client(listener, c->alive_fd);
		FILE *log = open_log(c, number);

		wire_open(&w, fd, c->alive_fd, log);
		wire_note(&w, "* connected");
		(void)script_play(script, &w, c);
		wire_close(&w);
		(void)fclose(log);
	}
}

/* A pipe on standard input is our parent's hand. */
static int
parent_fd(void)
{
	struct stat st;

	if (fstat(0, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return 0;
	return -1;
}

int
main(int argc, char **argv)
{
	static struct identity identity;
	struct config config;
	char ca_path[512], pin[65];
	int listener, port = 0;

	(void)argc;
	read_options(&config, argv);
	(void)signal(SIGPIPE, SIG_IGN);
	if (mkdir(config.dir, 0777) < 0 && errno != EEXIST)
		die(config.dir);
	(void)snprintf(ca_path, sizeof ca_path, "%s/ca.pem", config.dir);
	if (identity_make(&identity, config.cert, config.tls_version,
	    ca_path, pin) != 0) {
		fprintf(stderr, "demo-server: cannot make a certificate\n");
		return 1;
	}
	config.identity = &identity;
	/* Any will do: what matters is that the client signs with its key. */
	if (config.ask_certificate)
		mbedtls_ssl_conf_authmode(&identity.conf,
			MBEDTLS_SSL_VERIFY_OPTIONAL);
	config.alive_fd = parent_fd();
	listener = config.path != NULL ? listen_unix(config.path) :
		listen_tcp(&config, &port);
	if (listen(listener, 64) < 0)
		die("listen");
	printf("PORT=%d\nCAFILE=%s\nPIN=%s\nREADY\n", port, ca_path, pin);
	if (fflush(stdout) != 0)
		die("standard output");
	if (config.script != NULL)
		play_all(&config, listener);
	else
		serve_all(&config, listener);
	return 0;
}
