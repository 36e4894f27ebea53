/* SPDX-License-Identifier: MIT */
/* EXTERNAL and ANONYMOUS: one text, said once. */
#include "check.h"

#include "sasl/stepped.h"

/* What is said, or NULL where the credentials are none for it. */
static const struct {
	const struct smtp__stepped *m;
	const char *user, *authzid, *says;
} rows[] = {
	{ &smtp__stepped_external, NULL, NULL, "" },
	{ &smtp__stepped_external, "u", NULL, "u" },
	{ &smtp__stepped_external, NULL, "z", "z" },
	{ &smtp__stepped_external, "u", "z", "u" },
	{ &smtp__stepped_external, "j\xC3\xB6rg", NULL, "j\xC3\xB6rg" },
	{ &smtp__stepped_external, "\xFF", NULL, NULL },
	{ &smtp__stepped_external, NULL, "\xC3", NULL },
	{ &smtp__stepped_anonymous, NULL, NULL, "" },
	{ &smtp__stepped_anonymous, "a@b.example", NULL, "a@b.example" },
	{ &smtp__stepped_anonymous, NULL, "z", "" },
	{ &smtp__stepped_anonymous, "\xFF", NULL, NULL },
};

static void
test_external__says_one_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct smtp__stepped *m = rows[i].m;
		struct smtp__stepped_given given = { .user = rows[i].user,
			.authzid = rows[i].authzid };
		struct smtp__response r = { 0 };
		unsigned char *memory = calloc(1, m->state_bytes);
		int rc = m->begin(m, memory, &given);

		if (rows[i].says == NULL) {
			assert_int_equal(rc, SMTP_E_ARGUMENT);
			free(memory);
			continue;
		}
		assert_int_equal(rc, SMTP_OK);
		assert_int_equal(m->step(memory, NULL, 0, &r), SMTP_OK);
		assert_int_equal(r.n, strlen(rows[i].says));
		assert_memory_equal(r.p, rows[i].says, r.n);
		assert_true(r.last);
		assert_null(r.why);
		assert_int_equal(m->step(memory, "more", 4, &r), SMTP_E_AUTH);
		assert_string_equal(r.why,
		    "the server asks more than there is to say");
		m->end(memory);
		for (size_t j = 0; j < m->state_bytes; j++)
			assert_int_equal(memory[j], 0);
		free(memory);
	}
}

static void
test_external__is_only_for_those_who_name_it(void **state)
{
	(void)state;
	assert_string_equal(smtp__stepped_external.name, "EXTERNAL");
	assert_string_equal(smtp__stepped_anonymous.name, "ANONYMOUS");
	assert_int_equal(smtp__stepped_external.flags,
	    SMTP__STEPPED_FIRST | SMTP__STEPPED_NAMED);
	assert_int_equal(smtp__stepped_anonymous.flags,
	    SMTP__STEPPED_FIRST | SMTP__STEPPED_NAMED);
}

/* RFC 4505 section 2 */
static void
test_external__leaves_no_long_trace(void **state)
{
	const struct smtp__stepped *m = &smtp__stepped_anonymous;
	struct smtp__stepped_given given = { 0 };
	void *memory = calloc(1, m->state_bytes);
	char text[257] = "";

	(void)state;
	given.user = text;
	memset(text, 'x', 255);
	assert_int_equal(m->begin(m, memory, &given), SMTP_OK);
	text[255] = 'x';
	assert_int_equal(m->begin(m, memory, &given), SMTP_E_ARGUMENT);
	free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_external__says_one_text),
		cmocka_unit_test(test_external__is_only_for_those_who_name_it),
		cmocka_unit_test(test_external__leaves_no_long_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
