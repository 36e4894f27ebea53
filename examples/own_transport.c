/* SPDX-License-Identifier: MIT */
/*
 * A transport of the program's own below the client: a connection that it made
 * itself, with a count of what goes through. The URL still says which TLS is
 * spoken over it, and whose certificate is expected.
 *
 * usage: own_transport host port user from to < text
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <smtp/smtp.h>

struct counted {
	struct smtp_transport inner;
	unsigned long long in, out;
};

static ptrdiff_t
counted_read(void *ctx, void *p, size_t n)
{
	struct counted *c = ctx;
	ptrdiff_t got = c->inner.read(c->inner.ctx, p, n);

	if (got > 0)
		c->in += (unsigned long long)got;
	return got;
}

static ptrdiff_t
counted_write(void *ctx, const void *p, size_t n)
{
	struct counted *c = ctx;
	ptrdiff_t put = c->inner.write(c->inner.ctx, p, n);

	if (put > 0)
		c->out += (unsigned long long)put;
	return put;
}

static void
counted_close(void *ctx)
{
	struct counted *c = ctx;

	c->inner.close(c->inner.ctx);
}

static int
counted_fd(void *ctx)
{
	struct counted *c = ctx;

	return c->inner.fd(c->inner.ctx);
}

static int
dial(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	for (struct addrinfo *at = found; at != NULL && fd < 0;
	    at = at->ai_next) {
		fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

/* From here on the connection is the options', then the session's. */
static int
set_transport(struct smtp_options *options, struct counted *c, int fd)
{
	const struct smtp_transport own = {
		.read = counted_read, .write = counted_write,
		.close = counted_close, .fd = counted_fd, .ctx = c
	};
	int rc = smtp_transport_socket(&c->inner, fd);

	if (rc != SMTP_OK) {
		close(fd);
		return rc;
	}
	rc = smtp_options_set_transport(options, &own);
	if (rc != SMTP_OK)
		counted_close(c);
	return rc;
}

int
main(int argc, char **argv)
{
	struct counted counted = { .in = 0 };
	struct smtp_options *options;
	struct smtp_message *m;
	struct smtp *smtp = NULL;
	char url[300];
	int fd, rc;

	if (argc != 6)
		return 64;
	fd = dial(argv[1], argv[2]);
	if (fd < 0) {
		fprintf(stderr, "own_transport: nobody at %s\n", argv[1]);
		return 1;
	}
	snprintf(url, sizeof url, "smtp://%s:%s", argv[1], argv[2]);
	options = smtp_options_new();
	smtp_options_set(options, "ca-file", getenv("SMTP_CA_FILE"));
	rc = set_transport(options, &counted, fd);

	m = smtp_message_new();
	smtp_message_set_from(m, argv[4]);
	smtp_message_add_to(m, argv[5]);
	smtp_message_set_subject(m, "Counted");
	smtp_message_set_text_file(m, stdin);

	if (rc == SMTP_OK)
		rc = smtp_open(&smtp, url, options);
	smtp_options_free(options);
	if (rc == SMTP_OK)
		rc = smtp_auth(smtp, argv[3], getenv("SMTP_PASSWORD"));
	if (rc == SMTP_OK)
		rc = smtp_send(smtp, m);
	if (rc != SMTP_OK)
		fprintf(stderr, "own_transport: %s\n", smtp_error(smtp));
	smtp_close(smtp);
	smtp_message_free(m);
	printf("%llu octets sent, %llu received\n", counted.out, counted.in);
	return rc == SMTP_OK ? 0 : 1;
}
