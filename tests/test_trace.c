/* SPDX-License-Identifier: MIT */
/* A trace shows what was said, and never a secret. */
#include "check.h"

#include <smtp/engine.h>

#include "trace.h"

static char seen[8192];
static const char *secret = "hush-hush";

static void
note(void *ctx, int who, const char *line, size_t n)
{
	size_t at = strlen(seen);

	(void)ctx;
	assert_true(at + n + 4 < sizeof seen);
	snprintf(seen + at, sizeof seen - at, "%c%.*s\n", who, (int)n, line);
}

struct said {
	char who;                        /* C, secret X, data D, S, *     */
	const char *octets;
};

static const struct {
	const char *name;
	struct said said[6];
	const char *seen;
} rows[] = {
	{ "commands and replies",
	    { { 'C', "EHLO a\r\n" }, { 'S', "250-b\r\n250 SIZE\r\n" } },
	    "CEHLO a\nS250-b\nS250 SIZE\n" },
	{ "an initial response",
	    { { 'X', "AUTH PLAIN AGpvZQBzZWNyZXQ=\r\n" } },
	    "CAUTH PLAIN ***\n" },
	{ "a mechanism alone", { { 'X', "AUTH LOGIN\r\n" } },
	    "CAUTH LOGIN\n" },
	{ "an empty initial response", { { 'X', "AUTH EXTERNAL =\r\n" } },
	    "CAUTH EXTERNAL ***\n" },
	{ "answers and challenges",
	    { { 'S', "334 VXNlciBOYW1lAA==\r\n" }, { 'X', "am9l\r\n" },
	    { 'S', "334\r\n" }, { 'X', "c2VjcmV0\r\n" },
	    { 'S', "235 yes\r\n" } },
	    "S334 ***\nC***\nS334\nC***\nS235 yes\n" },
	{ "a challenge of several lines", { { 'S', "334-YQ==\r\n334 \r\n" } },
	    "S334-***\nS334 \n" },
	{ "an empty answer, and a cancel",
	    { { 'X', "\r\n" }, { 'X', "*\r\n" } }, "C\nC*\n" },
	{ "answers that look like the verb",
	    { { 'X', "AUTHAUTH\r\n" }, { 'X', "AUTH\r\n" },
	    { 'X', "A\r\n" } }, "C***\nC***\nC***\n" },
	{ "what a server repeats",
	    { { 'S', "535 no hush-hush, aHVzaC1odXNo\r\n" } },
	    "S535 no *********, ************\n" },
	{ "content is counted",
	    { { 'C', "DATA\r\n" }, { 'D', "Subject: a\r\n" }, { 'D', "\r\n" },
	    { 'D', ".\r\n" }, { 'S', "250 ok\r\n" } },
	    "CDATA\nC(17 octets of content)\nS250 ok\n" },
	{ "octets that a terminal would obey",
	    { { 'S', "550 a\tb\x01\x80\x1b[0m\r\n" } },
	    "S550 a\\x09b\\x01\\x80\\x1B[0m\n" },
	{ "line ends that are none",
	    { { 'S', "250 a\nb\rc\r\n\r\r\n" } },
	    "S250 a\\x0A\nSb\\x0Dc\nS\\x0D\n" },
	{ "a remark behind content",
	    { { 'D', "ab" }, { '*', "lost" } },
	    "C(2 octets of content)\n*lost\n" },
};

static int
kind_of(char who)
{
	return who == 'X' ? SMTP_KIND_SECRET : who == 'D' ?
	    SMTP_KIND_CONTENT : SMTP_KIND_COMMAND;
}

static void
say(struct smtp__trace *t, const struct said *said, size_t piece)
{
	size_t n = strlen(said->octets);

	if (said->who == '*') {
		smtp__trace_note(t, said->octets, "");
		return;
	}
	for (size_t i = 0; i < n; i += piece) {
		size_t m = n - i < piece ? n - i : piece;
		char *exact = malloc(m);

		assert_non_null(exact);
		memcpy(exact, said->octets + i, m);
		if (said->who == 'S')
			smtp__trace_heard(t, exact, m);
		else
			smtp__trace_sent(t, kind_of(said->who), exact, m);
		free(exact);
	}
}

static void
test_trace__is_the_same_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t piece = 40; piece > 0; piece--) {
			struct smtp__trace t;

			seen[0] = '\0';
			smtp__trace_init(&t, note, NULL, &secret);
			for (size_t k = 0; k < COUNT(rows[i].said) &&
			    rows[i].said[k].octets != NULL; k++)
				say(&t, &rows[i].said[k], piece);
			smtp__trace_end(&t);
			if (strcmp(seen, rows[i].seen) != 0)
				fail_msg("%s by %zu: %s", rows[i].name, piece,
				    seen);
		}
	proves("LIB-T-5 LIB-H-2");
}

static void
test_trace__cuts_long_lines(void **state)
{
	char line[4096];
	struct smtp__trace t;

	(void)state;
	memset(line, 'a', sizeof line);
	for (char c = 'a'; c <= 'z'; c += 25) {
		memset(line, c == 'a' ? 'a' : 1, sizeof line);
		line[4094] = '\r';
		line[4095] = '\n';
		seen[0] = '\0';
		smtp__trace_init(&t, note, NULL, &secret);
		smtp__trace_heard(&t, line, sizeof line);
		smtp__trace_heard(&t, "250 b\r\n", 7);
		assert_true(strlen(seen) <= SMTP__TRACE_LINE + 12);
		assert_non_null(strstr(seen, "...\nS250 b\n"));
	}
}

static void
test_trace__tells_what_is_unfinished(void **state)
{
	struct smtp__trace t;

	(void)state;
	seen[0] = '\0';
	smtp__trace_init(&t, note, NULL, &secret);
	smtp__trace_sent(&t, SMTP_KIND_COMMAND, "EHL", 3);
	smtp__trace_heard(&t, "25", 2);
	smtp__trace_end(&t);
	smtp__trace_sent(&t, SMTP_KIND_SECRET, "c2Vj", 4);
	smtp__trace_end(&t);
	smtp__trace_end(&t);
	assert_string_equal(seen, "CEHL\nS25\nC***\n");
}

/* Of nothing there is nothing to tell, nor does it end what is counted. */
static void
test_trace__takes_no_octets(void **state)
{
	struct smtp__trace t;

	(void)state;
	seen[0] = '\0';
	smtp__trace_init(&t, note, NULL, &secret);
	smtp__trace_sent(&t, SMTP_KIND_CONTENT, "ab", 2);
	smtp__trace_sent(&t, SMTP_KIND_COMMAND, "", 0);
	smtp__trace_heard(&t, "", 0);
	assert_string_equal(seen, "");
	smtp__trace_sent(&t, SMTP_KIND_CONTENT, "c", 1);
	smtp__trace_end(&t);
	assert_string_equal(seen, "C(3 octets of content)\n");
}

/* What is too long for a remark ends where there is no more room. */
static void
test_trace__cuts_long_remarks(void **state)
{
	static const struct { size_t text, more, n; } remarks[] = {
		{ 600, 3, 512 }, { 512, 3, 512 }, { 500, 600, 512 },
		{ 500, 12, 512 }, { 500, 3, 503 }
	};
	char text[601], more[601];
	struct smtp__trace t;

	(void)state;
	smtp__trace_init(&t, note, NULL, &secret);
	for (size_t i = 0; i < COUNT(remarks); i++) {
		size_t n = remarks[i].text, m = remarks[i].more;

		memset(text, 'a', n);
		memset(more, 'b', m);
		text[n] = more[m] = '\0';
		seen[0] = '\0';
		smtp__trace_note(&t, text, more);
		assert_int_equal(strlen(seen), 1 + remarks[i].n + 1);
		assert_int_equal(strspn(seen + 1, "a"), n < 512 ? n : 512);
		assert_string_equal(seen + remarks[i].n + 1, "\n");
	}
}

static void
test_trace__can_be_absent(void **state)
{
	(void)state;
	smtp__trace_init(NULL, note, NULL, &secret);
	smtp__trace_sent(NULL, SMTP_KIND_COMMAND, "a", 1);
	smtp__trace_heard(NULL, "a", 1);
	smtp__trace_note(NULL, "a", "b");
	smtp__trace_end(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace__is_the_same_however_it_is_cut),
		cmocka_unit_test(test_trace__cuts_long_lines),
		cmocka_unit_test(test_trace__tells_what_is_unfinished),
		cmocka_unit_test(test_trace__takes_no_octets),
		cmocka_unit_test(test_trace__cuts_long_remarks),
		cmocka_unit_test(test_trace__can_be_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
