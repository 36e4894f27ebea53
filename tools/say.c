/* SPDX-License-Identifier: MIT */
/*
 * say: lines of one's own to a mail server, for the tests with real ones.
 *
 *	say SESSIONS URL USER NAME=VALUE... -- LINE...
 *
 * Opens that many sessions (1 to 9), one after another, with the same options,
 * and says the lines in each. USER '' does not authenticate; otherwise the
 * password is in SMTP_PASSWORD. Prints `session N`, then for each line its
 * status, code and enhanced code, and the lines of the reply behind a tab; the
 * trace goes to the standard error. The exit status is 0 if every session
 * could be opened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smtp/smtp.h>

static void
print_line(void *ctx, int who, const char *line, size_t n)
{
	(void)ctx;
	fprintf(stderr, "%c: %.*s\n", who, (int)n, line);
}

static int
set_option(struct smtp_options *options, const char *text)
{
	char name[64];
	size_t n = strcspn(text, "=");

	if (n >= sizeof name || text[n] == '\0')
		return SMTP_E_ARGUMENT;
	memcpy(name, text, n);
	name[n] = '\0';
	return smtp_options_set(options, name, text + n + 1);
}

static void
say(struct smtp *smtp, const char *line)
{
	int rc = smtp_command(smtp, line);
	const char *p = smtp_reply_text(smtp);

	printf("%s %d %s\n", smtp_status_name(rc), smtp_reply_code(smtp),
	    smtp_reply_enhanced(smtp));
	while (*p != '\0') {
		size_t n = strcspn(p, "\n");

		printf("\t%.*s\n", (int)n, p);
		p += n + (p[n] != '\0');
	}
}

static int
session(struct smtp_options *options, const char *url, const char *user,
    char **lines)
{
	struct smtp *smtp;
	int rc = smtp_open(&smtp, url, options);

	if (rc == SMTP_OK && *user != '\0')
		rc = smtp_auth(smtp, user, getenv("SMTP_PASSWORD"));
	if (rc != SMTP_OK)
		fprintf(stderr, "say: %s\n", smtp_error(smtp));
	for (; rc == SMTP_OK && *lines != NULL; lines++)
		say(smtp, *lines);
	smtp_close(smtp);
	return rc;
}

int
main(int argc, char **argv)
{
	struct smtp_options *options = smtp_options_new();
	int rc = SMTP_OK, at = 4;

	if (argc < 5)
		return 64;
	for (; at < argc && strcmp(argv[at], "--") != 0 && rc == 0; at++)
		rc = set_option(options, argv[at]);
	if (at == argc || rc != SMTP_OK)
		return 64;
	smtp_options_set_trace(options, print_line, NULL);
	for (char i = '1'; i <= argv[1][0] && rc == SMTP_OK; i++) {
		printf("session %c\n", i);
		rc = session(options, argv[2], argv[3], argv + at + 1);
	}
	smtp_options_free(options);
	return rc == SMTP_OK ? 0 : 1;
}
