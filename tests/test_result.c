/* SPDX-License-Identifier: MIT */
/* What became of a message, and what stays of it for the next send. */
#include "check.h"

#include "mime/message.h"

static const struct smtp__moment moment = { .has_random = true };

static struct smtp_message *
message(void)
{
	struct smtp_message *m = smtp_message_new();

	assert_int_equal(smtp_message_set_from(m, "me@example.com"), SMTP_OK);
	assert_int_equal(smtp_message_add_to(m, "a@example.com, b@example.com"),
	    SMTP_OK);
	assert_int_equal(smtp_message_add_cc(m, "c@example.com"), SMTP_OK);
	return m;
}

/* As the client does: settle the recipients, and note what came of each. */
static void
decide(struct smtp_message *m, const int *status, size_t n)
{
	struct smtp__recipient *r;
	size_t count;

	assert_int_equal(smtp__message_prepare(m, &moment), SMTP_OK);
	smtp__message_begin(m);
	r = smtp__message_recipients(m, &count);
	assert_int_equal(count, n);
	for (size_t i = 0; i < n; i++) {
		r[i].outcome.status = status[i];
		assert_true(smtp__message_set_text(m, &r[i].outcome,
		    r[i].address, strlen(r[i].address)));
	}
}

static void
expect(const struct smtp_message *m, size_t i, const char *address,
    int status, const char *text)
{
	assert_string_equal(smtp_message_recipient_address(m, i), address);
	assert_int_equal(smtp_message_recipient_status(m, i), status);
	assert_string_equal(smtp_message_recipient_text(m, i), text);
}

/* Who has it does not get it twice, wherever the row stands now. */
static void
test_result__stays_with_its_address(void **state)
{
	static const int status[] = { SMTP_E_REFUSED, SMTP_OK, SMTP_OK };
	struct smtp_message *m = message();

	(void)state;
	decide(m, status, 3);
	assert_int_equal(smtp_message_add_to(m, "d@example.com"), SMTP_OK);
	assert_int_equal(smtp_message_add_to(m, "c@Example.COM"), SMTP_OK);
	assert_int_equal(smtp__message_prepare(m, &moment), SMTP_OK);
	assert_int_equal(smtp_message_recipient_count(m), 4);
	expect(m, 0, "a@example.com", SMTP_E_REFUSED, "a@example.com");
	expect(m, 1, "b@example.com", SMTP_OK, "b@example.com");
	expect(m, 2, "d@example.com", SMTP_E_STATE, "");
	expect(m, 3, "c@Example.COM", SMTP_OK, "c@example.com");
	smtp_message_free(m);
}

/* Nor does anybody else of the same name. */
static void
test_result__is_of_one_domain(void **state)
{
	static const int status[] = { SMTP_OK, SMTP_OK, SMTP_OK };
	struct smtp_message *m = message();

	(void)state;
	decide(m, status, 3);
	assert_int_equal(smtp_message_add_recipient(m, "a@example.org"),
	    SMTP_OK);
	assert_int_equal(smtp__message_prepare(m, &moment), SMTP_OK);
	assert_int_equal(smtp_message_recipient_count(m), 1);
	expect(m, 0, "a@example.org", SMTP_E_STATE, "");
	smtp_message_free(m);
}

/* Another send asks for what is not known to be there, and nothing else. */
static void
test_result__stays_while_it_may_have_been_delivered(void **state)
{
	static const int status[] = { SMTP_E_UNKNOWN, SMTP_OK, SMTP_E_LATER };
	struct smtp_message *m = message();

	(void)state;
	decide(m, status, 3);
	smtp__message_begin(m);
	expect(m, 0, "a@example.com", SMTP_E_UNKNOWN, "a@example.com");
	expect(m, 1, "b@example.com", SMTP_OK, "b@example.com");
	expect(m, 2, "c@example.com", SMTP_E_STATE, "");
	expect(m, 3, "", SMTP_E_ARGUMENT, "");
	smtp_message_free(m);
}

/* Each of two equal recipients keeps its own. */
static void
test_result__of_doubles_is_each_its_own(void **state)
{
	static const int status[] = { SMTP_OK, SMTP_E_LATER };
	struct smtp_message *m = message();

	(void)state;
	smtp_message_add_recipient(m, "a@example.com");
	smtp_message_add_recipient(m, "a@example.com");
	decide(m, status, 2);
	smtp_message_add_recipient(m, "a@example.com");
	assert_int_equal(smtp__message_prepare(m, &moment), SMTP_OK);
	assert_int_equal(smtp_message_recipient_count(m), 3);
	assert_int_equal(smtp_message_recipient_status(m, 0), SMTP_OK);
	assert_int_equal(smtp_message_recipient_status(m, 1), SMTP_E_LATER);
	assert_int_equal(smtp_message_recipient_status(m, 2), SMTP_E_STATE);
	smtp_message_free(m);
}

static void
test_result__has_the_class_of_the_reply_or_of_the_verdict(void **state)
{
	static const struct {
		int status, code;
		const char *want;
	} rows[] = {
		{ SMTP_E_REFUSED, 552, "5.3.4" },
		{ SMTP_E_LATER, 452, "4.3.4" },
		{ SMTP_OK, 250, "2.3.4" },
		{ SMTP_E_REFUSED, 0, "5.3.4" },
		{ SMTP_E_LATER, 0, "4.3.4" },
	};
	struct smtp_message *m = message();
	struct smtp__outcome *o = smtp__message_outcome(m);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		o->status = rows[i].status;
		o->code = rows[i].code;
		o->has_enhanced = true;
		o->subject = 3;
		o->detail = 4;
		assert_string_equal(smtp_message_enhanced(m), rows[i].want);
	}
	smtp_message_free(m);
}

/* One that is not printable, a line end, a tab and a NUL; see the header. */
static void
test_result__is_text_with_a_line_for_each(void **state)
{
	static const int status[] = { SMTP_E_REFUSED, SMTP_OK, SMTP_E_SOURCE };
	struct smtp_message *m = message();
	struct smtp__recipient *r;
	size_t count;

	(void)state;
	assert_string_equal(smtp_message_rows(m), "");
	decide(m, status, 3);
	r = smtp__message_recipients(m, &count);
	r[0].outcome.code = 550;
	r[0].outcome.has_enhanced = true;
	r[0].outcome.subject = r[0].outcome.detail = 1;
	assert_true(smtp__message_set_text(m, &r[0].outcome,
	    "no\tsuch\nuser \xC3\xBC\r\x7F\0hidden", 24));
	r[1].outcome.code = 250;
	assert_true(smtp__message_set_text(m, &r[1].outcome, "\n", 1));
	assert_true(smtp__message_set_text(m, &r[2].outcome, NULL, 0));
	for (int again = 0; again < 2; again++)
		assert_string_equal(smtp_message_rows(m),
		    "a@example.com\tREFUSED\t550\t5.1.1\t"
		    "no\\x09such user \\xC3\\xBC\\x0D\\x7F\n"
		    "b@example.com\tOK\t250\t\t \n"
		    "c@example.com\tSOURCE\t0\t\t\n");
	smtp__message_begin(m);
	assert_string_equal(smtp_message_rows(m),
	    "a@example.com\tSTATE\t0\t\t\n"
	    "b@example.com\tOK\t250\t\t \n"
	    "c@example.com\tSTATE\t0\t\t\n");
	smtp_message_free(m);
}

struct purse {
	int left;                        /* calls that get something      */
	size_t live;
};

static void *
purse_resize(void *ctx, void *p, size_t was, size_t now)
{
	struct purse *purse = ctx;

	if (now > 0 && purse->left-- <= 0)
		return NULL;
	purse->live += now - was;
	if (now > 0)
		return realloc(p, now);
	free(p);
	return NULL;
}

/* Longer than any buffer begins with; and each time without memory for it. */
static void
test_result__text_is_whole_or_not_there(void **state)
{
	struct purse purse = { 1000000, 0 };
	struct smtp_allocator a = { purse_resize, &purse };
	struct smtp_message *m = smtp_message_new_with(&a);
	const char *rows = NULL, *at;
	size_t lines = 0;

	(void)state;
	assert_int_equal(smtp_message_set_from(m, "me@example.com"), SMTP_OK);
	for (int i = 0; i < 100; i++) {
		char address[40];

		(void)snprintf(address, sizeof address, "u%d@example.com", i);
		assert_int_equal(smtp_message_set(m, "To", address), SMTP_OK);
	}
	assert_int_equal(smtp__message_prepare(m, &moment), SMTP_OK);
	smtp__message_begin(m);
	for (int left = 0; rows == NULL; left++) {
		assert_true(left < 20);
		purse.left = left;
		rows = smtp_message_rows(m);
		assert_true(left > 0 || rows == NULL);
	}
	for (at = rows; *at != '\0'; at = strchr(at, '\n') + 1, lines++) {
		char want[60];

		(void)snprintf(want, sizeof want,
		    "u%zu@example.com\tSTATE\t0\t\t\n", lines);
		assert_memory_equal(at, want, strlen(want));
	}
	assert_int_equal(lines, 100);
	smtp_message_free(m);
	assert_int_equal(purse.live, 0);
	assert_null(smtp_message_rows(NULL));
}

/* A message that could not be made has results all the same. */
static void
test_result__of_no_message_is_an_argument(void **state)
{
	(void)state;
	assert_int_equal(smtp_message_status(NULL), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_message_cause(NULL), SMTP_OK);
	assert_int_equal(smtp_message_phase(NULL), SMTP_PHASE_NONE);
	assert_int_equal(smtp_message_code(NULL), 0);
	assert_string_equal(smtp_message_enhanced(NULL), "");
	assert_string_equal(smtp_message_text(NULL), "");
	assert_string_equal(smtp_message_queue_id(NULL), "");
	assert_string_equal(smtp_message_message_id(NULL), "");
	assert_int_equal(smtp_message_elapsed_ms(NULL), 0);
	assert_int_equal(smtp_message_recipient_count(NULL), 0);
	assert_string_equal(smtp_message_recipient_address(NULL, 0), "");
	assert_int_equal(smtp_message_recipient_status(NULL, 0),
	    SMTP_E_ARGUMENT);
	assert_string_equal(smtp_message_recipient_enhanced(NULL, 0), "");
	assert_string_equal(smtp_message_recipient_text(NULL, 0), "");
	smtp_message_forget_outcome(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result__stays_with_its_address),
		cmocka_unit_test(test_result__is_of_one_domain),
		cmocka_unit_test(
		    test_result__stays_while_it_may_have_been_delivered),
		cmocka_unit_test(test_result__of_doubles_is_each_its_own),
		cmocka_unit_test(
		    test_result__has_the_class_of_the_reply_or_of_the_verdict),
		cmocka_unit_test(test_result__is_text_with_a_line_for_each),
		cmocka_unit_test(test_result__text_is_whole_or_not_there),
		cmocka_unit_test(test_result__of_no_message_is_an_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
