/* SPDX-License-Identifier: MIT */
/* The manual and the library name the same options, statuses and structs. */
#include "check.h"

#include <smtp/smtp.h>

static char page[200000];

/* A file, from the root of the project. */
static void
read_page(const char *name, char *p, size_t room)
{
	FILE *file = fopen(name, "rb");
	size_t n;

	if (file == NULL)
		fail_msg("%s is missing", name);
	n = fread(p, 1, room - 1, file);
	p[n] = '\0';
	assert_true(n > 0 && n < room - 1);
	assert_int_equal(fclose(file), 0);
}

/* The line that describes an option: name, kind and default. */
static void
heading(char *p, size_t n, const char *name, const char *kind,
    const char *standard)
{
	int len = standard[0] == '\0' ?
	    snprintf(p, n, "\n.It Cm %s Ar %s\n", name, kind) :
	    snprintf(p, n, "\n.It Cm %s Ar %s Pq %s\n", name, kind, standard);

	assert_in_range(len, 1, n - 1);
}

static int
is_described(void *ctx, const char *name, const char *kind,
    const char *standard, const char *help)
{
	int *count = ctx;
	char line[200];

	heading(line, sizeof line, name, kind, standard);
	if (strstr(page, line) == NULL)
		fail_msg("man/smtp_open.3 lacks \"%s\"", line + 1);
	assert_string_not_equal(help, "");
	++*count;
	return 0;
}

static void
test_manual__describes_every_option(void **state)
{
	int count = 0;

	(void)state;
	read_page("man/smtp_open.3", page, sizeof page);
	assert_int_equal(smtp_options_each(is_described, &count), 0);
	assert_true(count > 0);
}

static int
is_named(void *ctx, const char *name, const char *kind, const char *standard,
    const char *help)
{
	const char *found = ctx;
	size_t n = strlen(name);

	(void)kind;
	(void)standard;
	(void)help;
	return strncmp(found, name, n) == 0 && found[n] == ' ';
}

static void
test_manual__describes_no_other_option(void **state)
{
	static const char start[] = "\n.It Cm ";
	char *found = page;
	int count = 0;

	(void)state;
	read_page("man/smtp_open.3", page, sizeof page);
	while ((found = strstr(found, start)) != NULL) {
		found += sizeof start - 1;
		if (!smtp_options_each(is_named, found))
			fail_msg("no such option: %.*s",
			    (int)strcspn(found, "\n"), found);
		count++;
	}
	assert_true(count > 0);
}

/* The numbers are for ever, so the page has them. */
static void
test_manual__gives_each_status_its_number(void **state)
{
	int count = 0;

	(void)state;
	read_page("man/smtp.3", page, sizeof page);
	for (int status = -1; status > -100; status--) {
		const char *name = smtp_status_name(status);
		char line[80];

		if (name[0] == '\0')
			continue;
		snprintf(line, sizeof line, "\n.It Dv SMTP_E_%s Ta \\%d Ta ",
		    name, status);
		if (strstr(page, line) == NULL)
			fail_msg("man/smtp.3 lacks \"%s\"", line + 1);
		count++;
	}
	assert_int_equal(count, 20);
}

/*
 * The members of a struct at `p`, one blank for each run of them, without
 * comments.
 */
static void
squeeze(char *out, size_t room, const char *p)
{
	size_t n = 0;

	while (*p != '\0' && strncmp(p, "\n}", 2) != 0) {
		const char *end = strncmp(p, "/*", 2) == 0 ? strstr(p, "*/") :
		    NULL;

		if (end != NULL) {
			p = end + 2;
			continue;
		}
		if (*p != ' ' && *p != '\t' && *p != '\n')
			out[n++] = *p;
		else if (n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
		p++;
		assert_true(n < room - 1);
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* A page that shows a struct shows that of the header. */
static void
test_manual__shows_structs_as_they_are(void **state)
{
	static const struct { const char *page, *header, *name; } shown[] = {
		{ "engine", "engine", "smtp_engine_setup" },
		{ "engine", "engine", "smtp_credentials" },
		{ "engine", "engine", "smtp_rcpt" },
		{ "engine", "engine", "smtp_delivery" },
		{ "engine", "engine", "smtp_reply" },
		{ "transport", "transport", "smtp_transport" },
		{ "message", "message", "smtp_allocator" },
	};
	static char header[sizeof page];

	(void)state;
	for (size_t i = 0; i < COUNT(shown); i++) {
		char name[80], want[2000], got[2000];
		const char *there, *here;

		snprintf(name, sizeof name, "man/smtp_%s.3", shown[i].page);
		read_page(name, page, sizeof page);
		snprintf(name, sizeof name, "include/smtp/%s.h",
		    shown[i].header);
		read_page(name, header, sizeof header);
		snprintf(name, sizeof name, "\nstruct %s {\n",
		    shown[i].name);
		there = strstr(header, name);
		here = strstr(page, name);
		if (there == NULL || here == NULL)
			fail_msg("%s is not there", shown[i].name);
		squeeze(want, sizeof want, there + 1);
		squeeze(got, sizeof got, here + 1);
		assert_string_equal(got, want);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual__describes_every_option),
		cmocka_unit_test(test_manual__describes_no_other_option),
		cmocka_unit_test(test_manual__gives_each_status_its_number),
		cmocka_unit_test(test_manual__shows_structs_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
