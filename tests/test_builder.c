/* SPDX-License-Identifier: MIT */
/*
 * What all the calls that build a message have in common: without a message,
 * after an error, and without memory.
 */
#include "check.h"

#include <stdbool.h>

#include <smtp/smtp.h>

#include "mime/state.h"

#define A "a@x.example"

static ptrdiff_t
read_nothing(void *ctx, void *p, size_t n)
{
	(void)ctx, (void)p, (void)n;
	return 0;
}

static struct smtp_source *
source(void)
{
	return smtp_source_callback(read_nothing, NULL, NULL, NULL, 0);
}

static FILE *
empty_file(void)
{
	static FILE *file;

	if (file == NULL)
		file = tmpfile();
	assert_non_null(file);
	return file;
}

/* Each call by itself; `m` is the message, or NULL. */
#define CALLS(X) \
	X(from, smtp_message_set_from(m, "J\xC3\xB6rg <" A ">")) \
	X(sender, smtp_message_set_sender(m, A)) \
	X(reply_to, smtp_message_add_reply_to(m, "b <" A ">, " A)) \
	X(to, smtp_message_add_to(m, "g: " A ", b@x.example;")) \
	X(cc, smtp_message_add_cc(m, A)) \
	X(bcc, smtp_message_add_bcc(m, A)) \
	X(address, smtp_message_add_address(m, "Sender", "\xC3\xA9", A)) \
	X(envelope_from, smtp_message_set_envelope_from(m, A)) \
	X(recipient, smtp_message_add_recipient(m, A)) \
	X(dsn, smtp_message_set_dsn(m, "HDRS", "id")) \
	X(notify, smtp_message_set_notify(m, NULL, "NEVER")) \
	X(notify_one, smtp_message_set_notify(m, A, "SUCCESS,DELAY")) \
	X(orcpt, smtp_message_set_orcpt(m, A, "rfc822", "b@x.example")) \
	X(require_tls, smtp_message_set_require_tls(m, 1)) \
	X(tls_optional, smtp_message_set_tls_optional(m)) \
	X(deliver_by, smtp_message_set_deliver_by(m, 120, "R")) \
	X(mt_priority, smtp_message_set_mt_priority(m, 3)) \
	X(hold_for, smtp_message_set_hold_for(m, 60)) \
	X(hold_until, smtp_message_set_hold_until(m, 60)) \
	X(submitter, smtp_message_set_submitter(m, A)) \
	X(mail_parameter, smtp_message_add_mail_parameter(m, "X", "XX", "y")) \
	X(rcpt_parameter, \
	    smtp_message_add_rcpt_parameter(m, NULL, "X", "XX", "y")) \
	X(rcpt_parameter_one, \
	    smtp_message_add_rcpt_parameter(m, A, "X", "XX", "y")) \
	X(subject, smtp_message_set_subject(m, "Gr\xC3\xBC\xC3\x9F" "e")) \
	X(date, smtp_message_set_date(m, 1700000000, 60)) \
	X(message_id, smtp_message_set_message_id(m, "<1@x.example>")) \
	X(header, smtp_message_add_header(m, "X-A", "b")) \
	X(references, smtp_message_add_header(m, "References", \
	    "<1@x.example> <2@x.example>")) \
	X(parent, smtp_message_set_parent(m, "<1@x.example>", \
	    "<2@x.example>", "<3@x.example>")) \
	X(reply_subject, smtp_message_set_reply_subject(m, "Re: a")) \
	X(automatic, smtp_message_set_automatic(m, "auto-replied")) \
	X(priority, smtp_message_set_priority(m, 1)) \
	X(list_url, smtp_message_add_list_url(m, "List-Unsubscribe", \
	    "https://x.example/u")) \
	X(list_id, smtp_message_set_list_id(m, "a list", "l.x.example")) \
	X(text, smtp_message_set_text(m, "a text\n")) \
	X(text_file, smtp_message_set_text_file(m, empty_file())) \
	X(html, smtp_message_set_html(m, "<p>")) \
	X(html_file, smtp_message_set_html_file(m, empty_file())) \
	X(flowed, smtp_message_set_flowed_text(m, "> a\r\n b\r\nc")) \
	X(attach, smtp_message_attach(m, source(), "text/plain; a=b", \
	    "\xC3\xA9.txt")) \
	X(attach_typed, smtp_message_attach(m, source(), NULL, "a.png")) \
	X(attach_file, smtp_message_attach_file(m, "/dev/null", NULL, NULL)) \
	X(inlined, smtp_message_inline(m, source(), "a@b", NULL, "b.png")) \
	X(inline_file, \
	    smtp_message_inline_file(m, "/dev/null", "a@b", NULL, NULL)) \
	X(fallback, smtp_message_set_name_fallback(m, 1)) \
	X(calendar, smtp_message_set_calendar(m, \
	    "BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n", NULL)) \
	X(raw, smtp_message_set_raw(m, source())) \
	X(binary, smtp_message_set_binary(m, source()))

#define DEFINE(name, call) \
	static int \
	do_ ## name(struct smtp_message *m) \
	{ \
		return call; \
	}
CALLS(DEFINE)

static const struct {
	const char *name;
	int (*call)(struct smtp_message *m);
} calls[] = {
#define ROW(name, call) { #name, do_ ## name },
	CALLS(ROW)
#undef ROW
};

/* ---- parts: a call on what the ones before it made */

static int
do_parts(struct smtp_message *m)
{
	struct smtp_part *multi = smtp_part_multi(m, "multipart/mixed; a=b");
	struct smtp_part *text = smtp_part_text(m, "text/plain", NULL, "a\n",
	    2);
	struct smtp_part *data = smtp_part_source(m, source(), NULL, "a.png");
	int rcs[8], rc = SMTP_OK;

	rcs[0] = smtp_part_set_param(text, "name", "\xC3\xA9");
	rcs[1] = smtp_part_set_disposition(text, "inline");
	rcs[2] = smtp_part_set_id(text, "a@b");
	rcs[3] = smtp_part_set_description(text, "\xC3\xA9");
	rcs[4] = smtp_part_set_location(text, "https://x.example/");
	rcs[5] = smtp_part_add(multi, text);
	rcs[6] = smtp_part_add(multi, data);
	rcs[7] = smtp_message_set_content(m, multi);
	/* A part that was not made is not known to belong to a message. */
	for (size_t i = 0; i < 8; i++)
		if (rcs[i] != SMTP_OK)
			rc = rcs[i];
	return rc;
}

static void
test_builder__wants_a_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++)
		if (calls[i].call(NULL) != SMTP_E_ARGUMENT)
			fail_msg("%s", calls[i].name);
	assert_int_equal(do_parts(NULL), SMTP_E_ARGUMENT);
	assert_null(smtp_part_multi(NULL, "multipart/mixed"));
	assert_null(smtp_part_text(NULL, NULL, NULL, "", 0));
	assert_null(smtp_part_source(NULL, source(), NULL, NULL));
}

/* The first error is the one that is told, whatever is called behind it. */
static void
test_builder__keeps_the_first_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++) {
		struct smtp_message *m = smtp_message_new();
		char first[200];

		assert_int_equal(smtp_message_add_header(m, "a b", "c"),
		    SMTP_E_ARGUMENT);
		(void)snprintf(first, sizeof first, "%s",
		    smtp_message_error(m));
		assert_true(first[0] != '\0');
		if (calls[i].call(m) != SMTP_E_ARGUMENT)
			fail_msg("%s", calls[i].name);
		assert_string_equal(smtp_message_error(m), first);
		assert_int_equal(do_parts(m), SMTP_E_ARGUMENT);
		assert_string_equal(smtp_message_error(m), first);
		smtp_message_free(m);
	}
}

/* ---- memory */

struct purse {
	long left;               /* calls that get something; < 0: all       */
	bool hit;
	size_t live;
};

static void *
purse_resize(void *ctx, void *p, size_t was, size_t now)
{
	struct purse *purse = ctx;

	if (now > 0 && purse->left == 0) {
		purse->hit = true;
		return NULL;
	}
	if (now > 0 && purse->left > 0)
		purse->left--;
	assert_true(purse->live >= was);
	purse->live = purse->live - was + now;
	if (now > 0)
		return realloc(p, now);
	free(p);
	return NULL;
}

/* What a new message has beside: octets that can be had without a call. */
static size_t
spare(struct smtp_message *m, struct purse *purse)
{
	size_t n = 0;

	purse->left = 0;
	while (smtp__arena_octets(&m->arena, 1) != NULL)
		n++;
	return n;
}

/*
 * A message takes memory in blocks. With so many octets left in the one that
 * it has, and so many calls for more: each place of a call where it could fail.
 */
static bool
starve(int (*call)(struct smtp_message *m), const char *name, size_t some,
    long more)
{
	struct purse purse = { -1, false, 0 };
	struct smtp_allocator a = { purse_resize, &purse };
	struct smtp_message *m = smtp_message_new_with(&a);
	size_t n;
	int rc;

	assert_non_null(m);
	assert_int_equal(smtp_message_add_header(m, "X-Z", "z"), SMTP_OK);
	n = spare(m, &purse);
	smtp_message_free(m);
	assert_int_equal(purse.live, 0);
	purse.left = -1;
	m = smtp_message_new_with(&a);
	assert_int_equal(smtp_message_add_header(m, "X-Z", "z"), SMTP_OK);
	if (n > some)
		assert_non_null(smtp__arena_octets(&m->arena, n - some));
	purse.left = more;
	purse.hit = false;
	rc = call(m);
	if (purse.hit ? rc != SMTP_E_MEMORY : rc != SMTP_OK)
		fail_msg("%s with %zu and %ld: %d", name, some, more, rc);
	if (purse.hit && strstr(smtp_message_error(m), "memory") == NULL)
		fail_msg("%s: %s", name, smtp_message_error(m));
	/* And it stays so. */
	if (purse.hit)
		assert_int_equal(smtp_message_set_priority(m, 0),
		    SMTP_E_MEMORY);
	smtp_message_free(m);
	assert_int_equal(purse.live, 0);
	return purse.hit;
}

static void
test_builder__tells_that_memory_ended(void **state)
{
	unsigned hits = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++)
		for (size_t some = 0; some < 1000; some += 8)
			for (long more = 0; more < 6; more++)
				hits += starve(calls[i].call, calls[i].name,
				    some, more);
	for (size_t some = 0; some < 2000; some += 8)
		for (long more = 0; more < 6; more++)
			hits += starve(do_parts, "parts", some, more);
	assert_true(hits > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builder__wants_a_message),
		cmocka_unit_test(test_builder__keeps_the_first_error),
		cmocka_unit_test(test_builder__tells_that_memory_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
