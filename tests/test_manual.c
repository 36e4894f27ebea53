/* SPDX-License-Identifier: MIT */
/* The manual and the library name the same options, kinds and defaults. */
#include "check.h"

#include <smtp/smtp.h>

static char page[200000];

/* The page, from the root of the project. */
static int
read_page(void **state)
{
	FILE *file = fopen("man/smtp_open.3", "rb");
	size_t n;

	(void)state;
	if (file == NULL)
		return -1;
	n = fread(page, 1, sizeof page - 1, file);
	page[n] = '\0';
	return fclose(file) == 0 && n > 0 && n < sizeof page - 1 ? 0 : -1;
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
	while ((found = strstr(found, start)) != NULL) {
		found += sizeof start - 1;
		if (!smtp_options_each(is_named, found))
			fail_msg("no such option: %.*s",
			    (int)strcspn(found, "\n"), found);
		count++;
	}
	assert_true(count > 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual__describes_every_option),
		cmocka_unit_test(test_manual__describes_no_other_option),
	};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
