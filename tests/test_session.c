/* SPDX-License-Identifier: MIT */
/*
 * Sessions over real sockets, with a server in a thread: what happens to them
 * when the process forks, when they end in between, and what their memory
 * holds when it is given back.
 */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <smtp/smtp.h>

#include "support/child.h"

/* Long, so that a short mail does not cover it in the same buffer. */
#define WORDS    "correct horse battery stapl"
#define PASSWORD WORDS WORDS WORDS WORDS WORDS WORDS WORDS WORDS WORDS WORDS
/* What AUTH PLAIN makes of the words where base64 begins anew with them. */
#define ENCODED  "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBs"

/*
 * The server: one connection after the other. A connection ends after the
 * first reply to `until`, or with QUIT.
 */
struct server {
	pthread_t thread;
	int listener;
	unsigned port;
	const char *until[4];
	char heard[8192];        /* all lines, each with LF               */
};

static const char *
answer(const char *line, int *content)
{
	if (*content) {
		*content = strcmp(line, ".") != 0;
		return *content ? "" : "250 2.0.0 queued as T1\r\n";
	}
	if (strncmp(line, "EHLO", 4) == 0)
		return "250-hi\r\n250 AUTH PLAIN\r\n";
	if (strncmp(line, "AUTH", 4) == 0)
		return "235 2.7.0 yes\r\n";
	if (strcmp(line, "DATA") == 0) {
		*content = 1;
		return "354 go\r\n";
	}
	return strcmp(line, "QUIT") == 0 ? "221 bye\r\n" : "250 ok\r\n";
}

static void
converse(struct server *s, FILE *in, int out, const char *until)
{
	char line[1024];
	int content = 0;

	assert_int_equal(write(out, "220 hi\r\n", 8), 8);
	while (fgets(line, sizeof line, in) != NULL) {
		const char *text;
		size_t n;

		line[strcspn(line, "\r\n")] = '\0';
		n = strlen(s->heard);
		snprintf(s->heard + n, sizeof s->heard - n, "%s\n", line);
		text = answer(line, &content);
		if (write(out, text, strlen(text)) < 0)
			break;
		if (strcmp(line, "QUIT") == 0 ||
		    strncmp(line, until, strlen(until)) == 0)
			break;
	}
}

static void *
serve(void *ctx)
{
	struct server *s = ctx;

	for (size_t i = 0; s->until[i] != NULL; i++) {
		int fd = accept(s->listener, NULL, NULL);
		FILE *in = fd < 0 ? NULL : fdopen(fd, "rb");

		if (in == NULL)
			break;
		converse(s, in, fd, s->until[i]);
		fclose(in);
	}
	return NULL;
}

static void
start(struct server *s, const char *first, const char *second)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof at;

	memset(s, 0, sizeof *s);
	s->until[0] = first;
	s->until[1] = second;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(s->listener, 4), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &n),
	    0);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void
stop(struct server *s)
{
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->listener);
}

static struct smtp *
session(const struct server *s, const struct smtp_allocator *a)
{
	struct smtp_options *o = smtp_options_new_with(a);
	struct smtp *smtp;
	char url[64];

	snprintf(url, sizeof url, "smtp+plaintext://127.0.0.1:%u", s->port);
	smtp_options_set(o, "insecure-plaintext-auth", "yes");
	smtp_options_set(o, "timeout", "20");
	assert_int_equal(smtp_open(&smtp, url, o), SMTP_OK);
	smtp_options_free(o);
	return smtp;
}

static int
send_one(struct smtp *smtp)
{
	struct smtp_message *m = smtp_message_new();
	int rc;

	smtp_message_set_from(m, "ana@example.com");
	smtp_message_add_to(m, "bo@example.com");
	smtp_message_set_text(m, "Hello.\n");
	rc = smtp_send(smtp, m);
	smtp_message_free(m);
	return rc;
}

/* A child that closes says nothing: the parent goes on. */
static void
test_session__of_the_parent_survives_a_fork(void **state)
{
	struct server s;
	struct smtp *smtp;
	int status;
	pid_t child;

	(void)state;
	start(&s, "-", NULL);
	smtp = session(&s, NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		smtp_close(smtp);
		child_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(send_one(smtp), SMTP_OK);
	assert_int_equal(smtp_close(smtp), SMTP_OK);
	stop(&s);
	assert_null(strstr(strstr(s.heard, "QUIT\n") + 1, "QUIT\n"));
}

/* With an operation open, the child has its message all the same. */
static void
test_session__can_be_left_in_the_middle(void **state)
{
	struct smtp_options *o = smtp_options_new();
	struct server s;
	struct smtp *smtp;
	char url[64];
	int status, rc;
	pid_t child;

	(void)state;
	start(&s, "-", NULL);
	snprintf(url, sizeof url, "smtp+plaintext://127.0.0.1:%u", s.port);
	smtp_options_set(o, "blocking", "no");
	rc = smtp_open(&smtp, url, o);
	smtp_options_free(o);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		smtp_close(smtp);
		child_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	while (rc > 0)
		rc = smtp_step(smtp);
	assert_int_equal(rc, SMTP_OK);
	smtp_close(smtp);
	stop(&s);
}

/* Memory that is given back: does it still hold the password? */
struct watch {
	int found;
};

static void *
watched(void *ctx, void *p, size_t was, size_t now)
{
	struct watch *w = ctx;
	void *q;

	if (p != NULL)
		for (size_t i = 0; i + sizeof ENCODED - 1 <= was; i++)
			w->found |= memcmp((char *)p + i, ENCODED,
			    sizeof ENCODED - 1) == 0 ||
			    memcmp((char *)p + i, WORDS,
			    sizeof WORDS - 1) == 0;
	if (now == 0) {
		free(p);
		return NULL;
	}
	q = malloc(now);
	if (q != NULL && p != NULL) {
		memcpy(q, p, was < now ? was : now);
		free(p);
	}
	return q;
}

static void
test_session__that_is_opened_again_wipes_what_it_said(void **state)
{
	struct watch w = { 0 };
	struct smtp_allocator a = { watched, &w };
	struct server s;
	struct smtp *smtp;

	(void)state;
	start(&s, "AUTH", "-");
	smtp = session(&s, &a);
	/* NUL, one octet and NUL: base64 begins anew with the password. */
	assert_int_equal(smtp_auth(smtp, "u", PASSWORD), SMTP_OK);
	assert_false(w.found);
	assert_int_equal(send_one(smtp), SMTP_OK);
	assert_false(w.found);
	smtp_close(smtp);
	stop(&s);
	assert_false(w.found);
	/* It was said twice, in this form. */
	assert_non_null(strstr(s.heard, "AUTH PLAIN AHUA" ENCODED));
	assert_non_null(strstr(strstr(s.heard, "AUTH") + 1,
	    "AUTH PLAIN AHUA" ENCODED));
	proves("LIB-H-3");
}

static void
test_session__refuses_commands_that_change_it(void **state)
{
	static const char *const lines[] = { "MAIL FROM:<>", "rcpt to:<a@b>",
		"Data", "EHLO x", "HELO x", "LHLO x", "STARTTLS", "AUTH PLAIN",
		"BDAT 0 LAST", "QUIT" };
	struct server s;
	struct smtp *smtp;

	(void)state;
	start(&s, "-", NULL);
	smtp = session(&s, NULL);
	for (size_t i = 0; i < COUNT(lines); i++)
		if (smtp_command(smtp, lines[i]) != SMTP_E_ARGUMENT)
			fail_msg("%s was not refused", lines[i]);
	assert_int_equal(smtp_command(smtp, "VRFY ana"), SMTP_OK);
	assert_int_equal(smtp_command(smtp, "MAILBOXES"), SMTP_OK);
	assert_int_equal(send_one(smtp), SMTP_OK);
	smtp_close(smtp);
	stop(&s);
	assert_null(strstr(s.heard, "<>"));
	proves("R5321-4.1.4-4");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session__of_the_parent_survives_a_fork),
		cmocka_unit_test(test_session__can_be_left_in_the_middle),
		cmocka_unit_test(
		    test_session__that_is_opened_again_wipes_what_it_said),
		cmocka_unit_test(test_session__refuses_commands_that_change_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
