/* SPDX-License-Identifier: MIT */
/*
 * The demo server itself: that it sees what a client does wrong, since other
 * tests rest on its silence, and that a transcript notices a difference.
 */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/server.h"

/* Say all of this at once, and read to the end: the number of octets. */
static size_t
talk(struct server *s, const char *said, size_t n, char *heard, size_t size)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t got = 0;
	ssize_t more;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)server_port(s));
	assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof to));
	assert_int_equal(n, send(fd, said, n, MSG_NOSIGNAL));
	assert_int_equal(0, shutdown(fd, SHUT_WR));
	while (got + 1 < size &&
	    (more = read(fd, heard + got, size - 1 - got)) > 0)
		got += (size_t)more;
	heard[got] = '\0';
	close(fd);
	return got;
}

#define HELLO "EHLO x.example\r\n"
#define MAIL  HELLO "MAIL FROM:<a@x.example>\r\n"
#define DATA  MAIL "RCPT TO:<b@x.example>\r\nDATA\r\n"

static const struct fault {
	const char *said, *reply;
	const char *note;        /* in the log, or NULL */
	const char *off;         /* an option */
} faults[] = {
	/* Right. */
	{ DATA "a\r\n..b\r\n.\r\nQUIT\r\n", "250 2.0.0 Ok", NULL, "--no-X" },
	{ DATA ".\r\nQUIT\r\n", "250 2.0.0 Ok", NULL, "--no-X" },
	{ DATA "a\r\n.\r\n", "\r\n250 2.0.0 Ok", NULL, "--chunking" },
	{ MAIL "RCPT TO:<b@x.example>\r\nBDAT 3\r\n.\r\nBDAT 2 LAST\r\n\r\n",
	    "250 2.0.0 Ok", NULL, "--chunking" },
	/* Content that a lenient server would let pass. */
	{ DATA "a\nb\r\n.\r\n", "554 5.6.0 Bare", "! Bare", "--no-X" },
	{ DATA "a\rb\r\n.\r\n", "554 5.6.0 Bare", "! Bare", "--no-X" },
	{ DATA "a\r\n.\nb\r\n.\r\n", "554 5.6.0 Bare", "! Bare", "--no-X" },
	{ DATA "a\n.\r\nb\r\n.\r\n", "554 5.6.0 Bare", "! Bare", "--no-X" },
	{ DATA "a\r.\r\nb\r\n.\r\n", "554 5.6.0 Bare", "! Bare", "--no-X" },
	{ DATA ".a\r\n.\r\n", "554 5.6.0 A line", "! A line", "--no-X" },
	{ DATA "x\r\n\r\n\xc3\xbc\r\n.\r\n", "554 5.6.1", "! 8-bit",
	    "--no-X" },
	{ DATA "\xc3\xbc\r\n\r\nx\r\n.\r\n", "554 5.6.7", "! Header",
	    "--no-X" },
	{ MAIL "RCPT TO:<b@x.example>\r\nBDAT 3 LAST\r\na\nb",
	    "554 5.6.0 Bare", "! Bare", "--chunking" },
	/* Commands. */
	{ HELLO "NOOP\nNOOP\r\n", "500 5.5.2 Bare", "! bare", "--no-X" },
	{ HELLO "NO\rOP\r\n", "500 5.5.2 Bare", "! bare", "--no-X" },
	{ HELLO "NOOP \x01\r\n", "500 5.5.2 Control", "! control",
	    "--no-X" },
	{ HELLO "FOO\r\n", "500 5.5.2", "! not a command", "--no-X" },
	{ "MAIL FROM:<a@x.example>\r\n", "503", "", "--no-X" },
	{ HELLO "MAIL FROM: <a@x.example>\r\n", "501", NULL, "--no-X" },
	{ HELLO "MAIL FROM:a@x.example\r\n", "501", NULL, "--no-X" },
	{ HELLO "MAIL FROM:<a@x.example> \r\n", "501", NULL, "--no-X" },
	{ HELLO "MAIL FROM:<a@x.example> XFOO\r\n", "555", NULL, "--no-X" },
	{ HELLO "MAIL FROM:<a@x.example> SIZE=1\r\n", "555", NULL,
	    "--no-SIZE" },
	{ MAIL "MAIL FROM:<a@x.example>\r\n", "503", NULL, "--no-X" },
	{ MAIL "DATA\r\n", "554", NULL, "--no-X" },
	{ MAIL "RCPT TO:<>\r\n", "501", NULL, "--no-X" },
	{ HELLO "STARTTLS\r\n", "502", NULL, "--no-X" },
	{ MAIL "AUTH PLAIN\r\n", "503", "! AUTH inside", "--no-X" },
	/* What came too early. */
	{ "EHLO x\r\nNOOP\r\n", "250", "! more behind EHLO", "--no-X" },
	{ HELLO "NOOP\r\nNOOP\r\n", "250", "! more behind NOOP", "--no-X" },
	{ HELLO "RSET\r\nRSET\r\n", "250", "! more behind RSET",
	    "--no-PIPELINING" },
};

static void
test_demo_server__sees_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		const struct fault *f = &faults[i];
		struct server *s = server_start("--tls", "none", f->off,
			NULL);
		char heard[8192];
		const char *log;

		talk(s, f->said, strlen(f->said), heard, sizeof heard);
		log = server_log(s, 1);
		if (strstr(heard, f->reply) == NULL)
			fail_msg("%s\n%s", f->said, heard);
		if (f->note != NULL && strstr(log, f->note) == NULL)
			fail_msg("%s: not noted", f->said);
		/* Said all at once, EHLO has more behind it, always. */
		if (f->note == NULL)
			for (const char *p = log; (p = strstr(p, "\n! ")) !=
			    NULL; p++)
				if (strncmp(p, "\n! more behind ", 15) != 0 &&
				    strncmp(p, "\n! octets before", 16) != 0)
					fail_msg("%s: %s", f->said, p);
		assert_int_equal(strstr(heard, "250 2.0.0 Ok") != NULL,
			server_mails(s));
		server_stop(s);
	}
}

static void
test_demo_server__long_lines(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	static char said[40000], heard[8192];
	int n;

	(void)state;
	n = snprintf(said, sizeof said, HELLO "NOOP %0600d\r\nQUIT\r\n", 1);
	talk(s, said, (size_t)n, heard, sizeof heard);
	assert_non_null(strstr(heard, "500 5.5.2 Line too long"));
	n = snprintf(said, sizeof said, HELLO "NOOP %020000d\r\nQUIT\r\n", 1);
	talk(s, said, (size_t)n, heard, sizeof heard);
	assert_non_null(strstr(heard, "500 5.5.6 Line too long"));
	n = snprintf(said, sizeof said, DATA "%0998d\r\n.%0998d\r\n.\r\n", 1,
		2);
	talk(s, said, (size_t)n, heard, sizeof heard);
	assert_int_equal(0, server_mails(s));    /* a dot not doubled */
	n = snprintf(said, sizeof said, DATA "%0998d\r\n..%0997d\r\n.\r\n", 1,
		2);
	talk(s, said, (size_t)n, heard, sizeof heard);
	assert_int_equal(1, server_mails(s));
	n = snprintf(said, sizeof said, DATA "%0999d\r\n.\r\n", 1);
	talk(s, said, (size_t)n, heard, sizeof heard);
	assert_non_null(strstr(heard, "554 5.6.0 A line of more"));
	server_stop(s);
}

static void
test_demo_server__a_transcript_notices(void **state)
{
	static const struct { const char *script, *said, *result; } rows[] = {
		{ "S: 220 hi\nC: A\nC: B*\nC?\nEOF\n", "A\r\nBx\r\nC\r\n",
		    "complete" },
		{ "C: \\x41\\t*\nS: x\\0y\nDROP\n", "A\tb\r\n", "complete" },
		{ "C: A\n", "B\r\n", "line 1: C: A: got \"B\"" },
		{ "C: A\n", "A\n", "line 1: C: A: the client's line was cut" },
		{ "# none\n\nC: A\nEOF\n", "A\r\nB\r\n",
		    "line 4: EOF : got \"B" },
		{ "C: A\nC: B\n", "A\r\n", "line 2: C: B: the client closed" },
		{ "C.\n.: a\n.: .b\nEOF\n", "a\r\n..b\r\n.\r\n", "complete" },
		{ "C.\n.: a\nEOF\n", "b\r\n.\r\n", "line 2: .: a: got \"b\"" },
		{ "C.\n.: a\n.: b\n", "a\r\n.\r\n",
		    "line 3: .: b: the content has ended" },
		{ "C.\n.: a\n", "a\r\nb\r\n.\r\n",
		    "line 1: C. : more content than expected" },
		{ "C.\n", "a\nb\r\n.\r\n", "line 1: C. : bare CR or LF" },
		{ "C.\n", "a\r\n", "line 1: C. : no end mark" },
		{ "C+ 3\nEOF\n", "abc", "complete" },
		{ "NONSENSE\n", "", "line 1: NONSENSE : no such step" },
		{ "CLOSE\nS: x\n", "", "line 2: S: x: the connection is" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, "--tls",
			"none", NULL);
		char heard[256];

		talk(s, rows[i].said, strlen(rows[i].said), heard,
			sizeof heard);
		if (strncmp(server_result(s), rows[i].result,
		    strlen(rows[i].result)) != 0)
			fail_msg("%s: %s", rows[i].script, server_result(s));
		server_stop(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_demo_server__sees_what_is_wrong),
		cmocka_unit_test(test_demo_server__long_lines),
		cmocka_unit_test(test_demo_server__a_transcript_notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
