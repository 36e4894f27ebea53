/* SPDX-License-Identifier: MIT */
/*
 * ports/mail/smtp_mail.c by itself, on the host: a mail does not depend on how
 * its sources are cut, has no line that is too long, and what cannot be in a
 * header is refused.  usage: mail [file for the mail]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef ONE_FILE
#include "smtp.h"
#else
#include <smtp/status.h>

#include "smtp_mail.h"
#endif

enum { OCTETS = 1000 };

struct source {
	size_t at, cut;
	int broken;              /* where; 0: nowhere                       */
};

static _Noreturn void
fail(const char *what)
{
	printf("mail: %s\n", what);
	exit(1);
}

static ptrdiff_t
next_octets(void *ctx, void *p, size_t n)
{
	struct source *s = ctx;
	size_t i;

	if (s->broken > 0 && s->at >= (size_t)s->broken)
		return -1;
	for (i = 0; i < n && i < s->cut && s->at < OCTETS; i++, s->at++)
		((unsigned char *)p)[i] = (unsigned char)(s->at * 7 + 3);
	return (ptrdiff_t)i;
}

/* Returns the octets, or the error. */
static ptrdiff_t
make(const struct smtp_mail_plan *plan, char *to, size_t room)
{
	struct smtp_mail *mail = malloc(sizeof *mail);
	size_t all = 0;
	ptrdiff_t n;
	const char *p;

	if (mail == NULL)
		fail("no memory");
	smtp_mail_init(mail, plan);
	while ((n = smtp_mail_next(mail, &p)) > 0) {
		if ((size_t)n > room - all)
			fail("longer than it can be");
		memcpy(to + all, p, (size_t)n);
		all += (size_t)n;
	}
	free(mail);
	return n < 0 ? n : (ptrdiff_t)all;
}

static void
check_lines(const char *p, size_t n)
{
	size_t column = 0;

	if (n < 2 || memcmp(p + n - 2, "\r\n", 2) != 0)
		fail("the last line has no end");
	for (size_t i = 0; i < n; i++) {
		if ((p[i] == '\r') != (i + 1 < n && p[i + 1] == '\n'))
			fail("CR or LF alone");
		if ((unsigned char)p[i] > 126)
			fail("not ASCII");
		column = p[i] == '\n' ? 0 : column + 1;
		if (column > 79)
			fail("a line is too long");
	}
}

static void
keep(const char *name, const char *p, size_t n)
{
	FILE *f = fopen(name, "wb");

	if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		fail("the mail was not written");
}

int
main(int argc, char **argv)
{
	static const char *const to[] = { "a@example.com", "b@example.com",
		NULL };
	static const char *const far[] = {
		"a-mailbox-with-a-long-name@department.example.com",
		"a-mailbox-with-a-long-name@department.example.com",
		"a-mailbox-with-a-long-name@department.example.com",
		"a-mailbox-with-a-long-name@department.example.com",
		"a-mailbox-with-a-long-name@department.example.com",
		"a-mailbox-with-a-long-name@department.example.com",
		"a-mailbox-with-a-long-name@department.example.com",
		"a-mailbox-with-a-long-name@department.example.com",
		"a-mailbox-with-a-long-name@department.example.com",
		"a-mailbox-with-a-long-name@department.example.com", NULL
	};
	static char first[8192], other[8192];
	struct source source = { 0, OCTETS, 0 };
	struct smtp_mail_part parts[] = {
		{ NULL, NULL, "Grüße, und eine Zeile, die länger ist als die "
		    "sechsundsiebzig Zeichen einer Zeile von Base64.\n.\n"
		    "From here \r\non", NULL, NULL },
		{ "application/octet-stream", "Gerät \"1\".log", NULL,
		    next_octets, &source },
		{ NULL, "notes.txt", "", NULL, NULL }
	};
	struct smtp_mail_plan plan = { "Gerät", "device@example.com", to,
		"Ein Betreff, der weiß, daß er über eine Zeile hinausgeht",
		"1@device.example.com", 1700000000, parts, 3 };
	static const char *const bad[] = { "a\r\nBcc: b@example.com", "a\nb",
		"a\rb", "\xff", "a\x01" };
	ptrdiff_t n = make(&plan, first, sizeof first);

	if (n <= 0)
		fail("no mail");
	check_lines(first, (size_t)n);
	if (argc > 1)
		keep(argv[1], first, (size_t)n);
	for (size_t cut = 1; cut < 200; cut++) {
		source.at = 0;
		source.cut = cut;
		if (make(&plan, other, sizeof other) != n ||
		    memcmp(first, other, (size_t)n) != 0)
			fail("it depends on how the source is cut");
	}
	for (int at = 1; at <= OCTETS; at += 99) {
		source = (struct source){ 0, 50, at };
		if (make(&plan, other, sizeof other) != SMTP_E_SOURCE)
			fail("a broken source was not told");
	}
	plan.part_count = 1;
	n = make(&plan, other, sizeof other);
	check_lines(other, (size_t)n);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct smtp_mail_plan with = plan;
		struct smtp_mail_part named = parts[0];

		with.subject = bad[i];
		if (make(&with, other, sizeof other) != SMTP_E_ARGUMENT)
			fail("a subject that cannot be was taken");
		with = plan;
		with.from_name = bad[i];
		if (make(&with, other, sizeof other) != SMTP_E_ARGUMENT)
			fail("a name that cannot be was taken");
		with = plan;
		with.parts = &named;
		named.name = bad[i];
		if (make(&with, other, sizeof other) != SMTP_E_ARGUMENT)
			fail("a file name that cannot be was taken");
		with = plan;
		with.from = bad[i];
		if (i != 3 && make(&with, other, sizeof other) !=
		    SMTP_E_ARGUMENT)
			fail("an address that cannot be was taken");
	}
	plan.to = far;
	if (make(&plan, other, sizeof other) != SMTP_E_SPACE)
		fail("a field without room was not told");
	return 0;
}
