/* SPDX-License-Identifier: MIT */
#include "support/outside.h"

#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS = 40, PATIENCE_MS = 20000 };

struct outside {
	pid_t pid;
	int hold, out;           /* its standard input and output */
	int port;
	size_t n;
	char path[128];          /* of its certificate and key    */
	char heard[16384], line[1024];
};

/* ---- start and stop */

static void
put_pem(struct outside *o, const struct cert *cert)
{
	static unsigned count;
	char *pem = cert_pem(cert, true);
	FILE *file;

	(void)snprintf(o->path, sizeof o->path, "/tmp/smtp-outside-%ld-%u",
	    (long)getpid(), ++count);
	file = fopen(o->path, "w");
	assert_non_null(file);
	assert_true(fputs(pem, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(pem);
}

static void
spawn(struct outside *o, const char **argv)
{
	int in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(fcntl(in[1], F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(fcntl(out[0], F_SETFD, FD_CLOEXEC), 0);
	o->pid = fork();
	assert_true(o->pid >= 0);
	if (o->pid == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)close(in[0]);
		(void)close(out[1]);
		(void)execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	o->hold = in[1];
	o->out = out[0];
}

static void
add_all(const char **argv, size_t n, const char *first, va_list args)
{
	for (; first != NULL; first = va_arg(args, const char *)) {
		assert_true(n < ARGS);
		argv[n++] = first;
	}
	argv[n] = NULL;
}

static struct outside *
begin(const struct cert *cert)
{
	struct outside *o = calloc(1, sizeof *o);

	assert_non_null(o);
	put_pem(o, cert);
	return o;
}

struct outside *
outside_python(const struct cert *cert, const char *first, ...)
{
	struct outside *o = begin(cert);
	const char *argv[ARGS + 1] = { "python3",
	    "tests/support/tls_server.py", o->path };
	va_list args;

	va_start(args, first);
	add_all(argv, 3, first, args);
	va_end(args);
	spawn(o, argv);
	o->port = (int)strtol(outside_says(o, "port "), NULL, 10);
	return o;
}

struct outside *
outside_openssl(const struct cert *cert, const char *first, ...)
{
	struct outside *o = begin(cert);
	const char *argv[ARGS + 1] = { "openssl", "s_server", "-accept",
	    "127.0.0.1:0", "-cert", o->path, "-key", o->path,
	    "-cert_chain", o->path };
	va_list args;

	va_start(args, first);
	add_all(argv, 10, first, args);
	va_end(args);
	spawn(o, argv);
	o->port = (int)strtol(outside_says(o, "ACCEPT 127.0.0.1:"), NULL,
	    10);
	return o;
}

void
outside_stop(struct outside *o)
{
	int status;

	(void)kill(o->pid, SIGTERM);
	(void)close(o->hold);
	assert_int_equal(waitpid(o->pid, &status, 0), o->pid);
	(void)close(o->out);
	(void)unlink(o->path);
	free(o);
}

int
outside_port(const struct outside *o)
{
	return o->port;
}

/* ---- what it says */

/* Take the first line; false where there is no whole one. */
static bool
take_line(struct outside *o)
{
	char *end = memchr(o->heard, '\n', o->n);
	size_t n;

	if (end == NULL)
		return false;
	n = (size_t)(end - o->heard);
	assert_true(n < sizeof o->line);
	memcpy(o->line, o->heard, n);
	o->line[n] = '\0';
	o->n -= n + 1;
	memmove(o->heard, end + 1, o->n);
	return true;
}

const char *
outside_says(struct outside *o, const char *beginning)
{
	size_t n = strlen(beginning);

	for (;;) {
		struct pollfd ready = { .fd = o->out, .events = POLLIN };
		ssize_t got;

		while (take_line(o))
			if (strncmp(o->line, beginning, n) == 0)
				return o->line + n;
		if (poll(&ready, 1, PATIENCE_MS) != 1)
			fail_msg("the server never said \"%s\"", beginning);
		assert_true(o->n < sizeof o->heard);
		got = read(o->out, o->heard + o->n, sizeof o->heard - o->n);
		if (got <= 0)
			fail_msg("the server ended before \"%s\"", beginning);
		o->n += (size_t)got;
	}
}

/* ---- a connection to it */

struct smtp_transport
outside_connect(const struct outside *o)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct smtp_transport t;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	to.sin_port = htons((uint16_t)o->port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(smtp_transport_socket(&t, fd), SMTP_OK);
	return t;
}

int
outside_shake(struct smtp__tls *tls, struct smtp_transport *t)
{
	for (;;) {
		int status = smtp__tls_handshake(tls);

		if (status <= 0)
			return status;
		assert_true(smtp__net_wait(t->fd(t->ctx), status,
		    PATIENCE_MS) > 0);
	}
}

void
outside_hear(struct smtp_transport *t, char *line, size_t n)
{
	size_t at = 0;

	while (at == 0 || line[at - 1] != '\n') {
		ptrdiff_t got;

		assert_true(at < n - 1);
		got = t->read(t->ctx, line + at, n - 1 - at);
		if (got == SMTP_IO_WANT_READ)
			assert_true(smtp__net_wait(t->fd(t->ctx),
			    SMTP_WANT_READ, PATIENCE_MS) > 0);
		else
			assert_true(got > 0);
		at += got > 0 ? (size_t)got : 0;
	}
	line[at] = '\0';
}

const char *
outside_value(const char *line, const char *name)
{
	static char value[256];
	const char *at = strstr(line, name);
	size_t n;

	assert_non_null(at);
	at += strlen(name);
	n = strcspn(at, " ");
	assert_true(n < sizeof value);
	memcpy(value, at, n);
	value[n] = '\0';
	return value;
}
