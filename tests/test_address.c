/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "mime/address.h"

/*
 * What a list is made of, written as one line: {name}spec for a mailbox,
 * name[ ... ] for a group. A fault is "! " and its words.
 */
static void
parse(const char *given, char *text, size_t cap)
{
	size_t n = strlen(given);
	char *exact = malloc(n > 0 ? n : 1), *memory = malloc(n > 0 ? n : 1);
	struct smtp__addresses it;
	struct smtp__address_entry a;
	struct smtp__out names, out;
	int rc;

	assert_non_null(exact);
	assert_non_null(memory);
	memcpy(exact, given, n);
	smtp__out_init(&names, memory, n);
	smtp__out_init(&out, text, cap - 1);
	smtp__addresses_init(&it, exact, n, &names);
	while ((rc = smtp__addresses_next(&it, &a)) > 0) {
		if (a.kind == SMTP__ADDRESS_GROUP_END) {
			smtp__out_octet(&out, ']');
			continue;
		}
		if (out.n > 0)
			smtp__out_octet(&out, ' ');
		if (a.kind == SMTP__ADDRESS_GROUP) {
			smtp__out_add(&out, a.name.p, a.name.n);
			smtp__out_octet(&out, '[');
			continue;
		}
		if (a.name.n > 0) {
			smtp__out_octet(&out, '{');
			smtp__out_add(&out, a.name.p, a.name.n);
			smtp__out_octet(&out, '}');
		}
		smtp__out_add(&out, a.spec.p, a.spec.n);
	}
	if (rc < 0) {
		out.n = 0;
		smtp__out_text(&out, "! ");
		smtp__out_text(&out, it.fault);
		assert_int_equal(smtp__addresses_next(&it, &a), -1);
	}
	assert_false(names.over);
	assert_false(out.over);
	smtp__out_end(&out);
	free(exact);
	free(memory);
}

#define BAD "!"          /* any fault */

static const struct {
	const char *given, *want, *proves;
} rows[] = {
	{ "a@x.example", "a@x.example", NULL },
	{ " a@x.example ", "a@x.example", NULL },
	{ "<a@x.example>", "a@x.example", NULL },
	{ "< a@x.example >", "a@x.example", NULL },
	{ "Joe <a@x.example>", "{Joe}a@x.example", NULL },
	{ "Joe  Q.  Public <a@x.example>", "{Joe Q. Public}a@x.example",
	    NULL },
	{ "\"Doe, John\" <j@x.example>", "{Doe, John}j@x.example",
	    "R5322-3.4-1" },
	{ "\"A \\\"B\\\" \\\\C\" <j@x.example>", "{A \"B\" \\C}j@x.example",
	    "R5322-3.4-1" },
	{ "Jörg Müller <j@x.example>", "{Jörg Müller}j@x.example", NULL },
	{ "a@x, b@y,c@z", "a@x b@y c@z", NULL },
	{ "\"a b\"@x.example", "\"a b\"@x.example", NULL },
	{ "\"a,b\"@x.example, c@x", "\"a,b\"@x.example c@x", NULL },
	{ "\"a@evil\" <b@good>", "{a@evil}b@good", "LIB-L-5" },
	{ "\"<a@evil>\" <b@good>", "{<a@evil>}b@good", "LIB-L-5" },
	{ "Joe <\"a>b\"@x.example>", "{Joe}\"a>b\"@x.example", NULL },
	{ "a@[192.0.2.1]", "a@[192.0.2.1]", NULL },
	{ "Joe <a@[IPv6:::1]>", "{Joe}a@[IPv6:::1]", NULL },
	{ "a@[IPv6:::1], b@x", "a@[IPv6:::1] b@x", NULL },
	/* groups */
	{ "Team: a@x, b@x;", "Team[ a@x b@x]", "R5322-3.4-3" },
	{ "undisclosed-recipients:;", "undisclosed-recipients[]",
	    "R5322-3.4-3" },
	{ "A Team: Joe <a@x>, \"B\" <b@x>;, c@x",
	    "A Team[ {Joe}a@x {B}b@x] c@x", "R5322-3.4-3" },
	{ "c@x, Team: a@x;", "c@x Team[ a@x]", "R5322-3.4-3" },
	{ "Nobody:;", "Nobody[]", "R6854-2-1" },
	/* comments are dropped */
	{ "a@x (Joe)", "a@x", NULL },
	{ "(one) Joe (two) <a@x> (three)", "{Joe}a@x", NULL },
	{ "(a (nested (one)))a@x", "a@x", NULL },
	{ "(with \\) and \\( in it) a@x", "a@x", NULL },
	{ "Team (all):(none);", "Team[]", NULL },
	{ "(only)", "", NULL },
	{ "   ", "", NULL },
	/* what is refused */
	{ "", BAD, NULL },
	{ "a@x,", BAD, "LIB-L-5" },
	{ ",a@x", BAD, "LIB-L-5" },
	{ "a@x,,b@y", BAD, "LIB-L-5" },
	{ "a@x b@y", BAD, "LIB-L-5" },
	{ "<a@x> b@y", BAD, "LIB-L-5" },
	{ "<a@x> <b@y>", BAD, "LIB-L-5" },
	{ "Joe a@x", BAD, "LIB-L-5" },
	{ "Joe <a@x> junk", BAD, "LIB-L-5" },
	{ "a@x <b@y>", BAD, "LIB-L-5" },
	{ "Joe <a@x", BAD, "LIB-L-5" },
	{ "Joe <a@x, b@y>>", BAD, "LIB-L-5" },
	{ "Joe a@x>", BAD, "LIB-L-5" },
	{ "<<a@x>>", BAD, "LIB-L-5" },
	{ "\"Joe <a@x>", BAD, "LIB-L-5" },
	{ "\"Joe\\", BAD, "LIB-L-5" },
	{ "(a@x", BAD, "LIB-L-5" },
	{ "a@x)", BAD, "LIB-L-5" },
	{ "a@[192.0.2.1", BAD, "LIB-L-5" },
	{ "[a]@x", BAD, "LIB-L-5" },
	{ "a\\b@x", BAD, "LIB-L-5" },
	{ "Team: a@x", BAD, "LIB-L-5" },
	{ "Team: a@x,;", BAD, "LIB-L-5" },
	{ "Team: Sub: a@x;;", BAD, "LIB-L-5" },
	{ "Team: a@x; b@x", BAD, "LIB-L-5" },
	{ ": a@x;", BAD, "LIB-L-5" },
	{ "a@x;", BAD, "LIB-L-5" },
	{ "a@x: b@x;", BAD, "LIB-L-5" },
	{ "Re: hello <a@x>", BAD, "LIB-L-5" },
};

static void
test_address__reads_what_people_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[256];
		bool bad;

		parse(rows[i].given, text, sizeof(text));
		bad = text[0] == '!';
		if (rows[i].want[0] == '!' ? !bad :
		    strcmp(text, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].given, text);
		if (rows[i].proves != NULL)
			proves(rows[i].proves);
	}
}

/* Every beginning of every row, to see that no end is looked over. */
static void
test_address__stops_where_the_text_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t n = strlen(rows[i].given); n > 0; n--) {
			char given[128], text[256];

			memcpy(given, rows[i].given, n);
			given[n] = '\0';
			parse(given, text, sizeof(text));
		}
}

static void
test_address__is_bounded_in_depth(void **state)
{
	enum { DEEP = 100000 };
	char *given = malloc(2 * DEEP + 4), text[256];

	(void)state;
	assert_non_null(given);
	memset(given, '(', DEEP);
	memset(given + DEEP, ')', DEEP);
	memcpy(given + 2 * DEEP, "a@x", 4);
	parse(given, text, sizeof(text));
	assert_int_equal(text[0], '!');
	memset(given, '(', 2 * DEEP);
	parse(given, text, sizeof(text));
	assert_int_equal(text[0], '!');
	/* as deep as it may be */
	memset(given, '(', SMTP__COMMENT_DEPTH);
	memset(given + SMTP__COMMENT_DEPTH, ')', SMTP__COMMENT_DEPTH);
	memcpy(given + 2 * SMTP__COMMENT_DEPTH, "a@x", 4);
	parse(given, text, sizeof(text));
	assert_string_equal(text, "a@x");
	free(given);
	proves("LIB-L-5");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address__reads_what_people_write),
		cmocka_unit_test(test_address__stops_where_the_text_ends),
		cmocka_unit_test(test_address__is_bounded_in_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
