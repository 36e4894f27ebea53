/* SPDX-License-Identifier: MIT */
/*
 * Sends mails with numbers and says what became of each:
 *
 *	sender URL FIRST COUNT SEED WINDOW ADDRESS...
 *
 * Each goes to some of the addresses. What was not accepted for now is sent
 * again, as a program would, a few times; what may have been accepted is not.
 * One line for each recipient at the end of each mail: number, address,
 * status, and "left" where the library says that a later attempt may help.
 */
#include <smtp/message.h>
#include <smtp/smtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ATTEMPTS = 4,
	WINDOW_MOST = 64
};

static uint32_t state;

/* The same for the same seed, everywhere. */
static uint32_t
chance(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

static void
fail(const char *what)
{
	fprintf(stderr, "sender: %s\n", what);
	exit(1);
}

/* Lines with dots where they hurt, of any length up to some kilobytes. */
static void
write_text(char *text, size_t room)
{
	size_t n = chance(8) > 0 ? chance(2000) : chance((uint32_t)room - 80);
	size_t i = 0;

	while (i < n) {
		unsigned width = chance(70);

		if (chance(4) == 0)
			text[i++] = '.';
		while (width-- > 0)
			text[i++] = (char)('a' + chance(26));
		text[i++] = '\n';
	}
	text[i] = '\0';
}

static struct smtp_message *
make(unsigned long number, char **address, unsigned addresses)
{
	static char text[65536];
	struct smtp_message *m = smtp_message_new();
	char id[32];
	unsigned mask;

	if (m == NULL)
		fail("no memory");
	do
		mask = chance(1U << addresses);
	while (mask == 0);
	smtp_message_set_from(m, "user@example.com");
	for (unsigned i = 0; i < addresses; i++)
		if (mask >> i & 1)
			smtp_message_add_to(m, address[i]);
	snprintf(id, sizeof id, "%lu", number);
	smtp_message_add_header(m, "X-Number", id);
	smtp_message_set_subject(m, "a mail with a number");
	write_text(text, sizeof text);
	smtp_message_set_text(m, text);
	return m;
}

static struct smtp *
open_session(const char *url, struct smtp_options *options)
{
	struct smtp *smtp = NULL;

	for (int i = 0; i < 50; i++) {
		if (smtp_open(&smtp, url, options) == SMTP_OK)
			return smtp;
		smtp_close(smtp);
		smtp = NULL;
	}
	fail("no session, fifty times");
	return NULL;
}

static int
may_repeat(const struct smtp_message *m)
{
	int status = smtp_message_status(m);

	return status == SMTP_E_LATER || status == SMTP_E_PARTIAL;
}

static void
report(unsigned long number, const struct smtp_message *m)
{
	size_t n = smtp_message_recipient_count(m);

	for (size_t i = 0; i < n; i++)
		printf("%lu %s %s\n", number,
		    smtp_message_recipient_address(m, i),
		    smtp_status_name(smtp_message_recipient_status(m, i)));
}

int
main(int argc, char **argv)
{
	struct smtp_options *options = smtp_options_new();
	struct smtp_message *mails[WINDOW_MOST];
	struct smtp *smtp = NULL;
	unsigned long first, count;
	unsigned window;

	if (argc < 7 || argc > 6 + 10)
		fail("usage: sender URL FIRST COUNT SEED WINDOW ADDRESS...");
	first = strtoul(argv[2], NULL, 10);
	count = strtoul(argv[3], NULL, 10);
	state = (uint32_t)strtoul(argv[4], NULL, 10) * 2654435761U | 1;
	window = (unsigned)strtoul(argv[5], NULL, 10);
	if (window < 1 || window > WINDOW_MOST)
		fail("window: 1 to 64");
	smtp_options_set(options, "timeout", "2");
	if (smtp_options_set(options, "window", argv[5]) != SMTP_OK)
		fail(smtp_options_error(options));
	for (unsigned long at = first; at < first + count; at += window) {
		unsigned n = window;

		if (n > first + count - at)
			n = (unsigned)(first + count - at);
		for (unsigned i = 0; i < n; i++)
			mails[i] = make(at + i, argv + 6, (unsigned)argc - 6);
		for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
			unsigned put = 0;
			int lost = 0;

			for (unsigned i = 0; i < n; i++) {
				if (attempt > 0 && !may_repeat(mails[i]))
					continue;
				if (smtp == NULL)
					smtp = open_session(argv[1], options);
				if (smtp_put(smtp, mails[i]) != SMTP_OK)
					fail(smtp_error(smtp));
				put++;
			}
			while (put-- > 0) {
				struct smtp_message *m = NULL;
				int cause;

				smtp_take(smtp, &m);
				if (m == NULL)
					fail("nothing to take");
				cause = smtp_message_cause(m);
				lost |= cause != SMTP_OK &&
				    cause != SMTP_E_REPLY;
			}
			if (lost) {
				smtp_close(smtp);
				smtp = NULL;
			}
		}
		for (unsigned i = 0; i < n; i++) {
			report(at + i, mails[i]);
			smtp_message_free(mails[i]);
		}
		fflush(stdout);
		/* A way that never breaks is not to carry all the rest. */
		if (smtp != NULL && chance(64) < n) {
			smtp_close(smtp);
			smtp = NULL;
		}
	}
	smtp_close(smtp);
	smtp_options_free(options);
	return 0;
}
