/* SPDX-License-Identifier: MIT */
/*
 * What all the calls that build a message have in common: without a message,
 * after an error, and without memory.
 */
#include "check.h"

#include <stdbool.h>

#include <smtp/smtp.h>

#include "mime/state.h"
#include "support/recipe.h"

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
	X(reply_subject_of, smtp_message_set_reply_subject(m, "a")) \
	X(utf8, smtp_message_set_utf8(m, 1)) \
	X(one_click, smtp_message_set_one_click(m)) \
	X(automatic, smtp_message_set_automatic(m, "auto-replied")) \
	X(priority, smtp_message_set_priority(m, 1)) \
	X(list_url, smtp_message_add_list_url(m, "List-Unsubscribe", \
	    "https://x.example/u")) \
	X(list_id, smtp_message_set_list_id(m, "a list", "l.x.example")) \
	X(by_name, smtp_message_set(m, "Cc", A)) \
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

/* What is completed when it is sent: the envelope, the Message-ID. */
static int
do_prepare(struct smtp_message *m)
{
	const struct smtp__moment now = { .has_random = true };

	(void)smtp_message_set_from(m, A);
	(void)smtp_message_add_to(m, A ", b@x.example, " A);
	(void)smtp_message_set_notify(m, A, "NEVER");
	return smtp__message_prepare(m, &now);
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
	/* And it stays so, but for what only sending wanted. */
	if (purse.hit && call != do_prepare)
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
			hits += starve(do_parts, "parts", some, more) +
			    starve(do_prepare, "prepare", some, more);
	assert_true(hits > 1000);
}

/* ---- what a call takes, and what it refuses */

#define A250 A50 A50 A50 A50 A50
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A recipe, and what then stands in the message; NULL: it is refused. */
static const struct {
	const char *calls, *has;
} rows[] = {
	/* addresses */
	{ "set_from\ta@x.example (c", NULL },
	{ "set_from\t(c) a@x.example (d)", "From: a@x.example\r\n" },
	{ "add_to\ta@[192.0.2.1]", "To: a@[192.0.2.1]\r\n" },
	{ "add_to\t<a@x.example", NULL },
	{ "add_to\tJoe <a\\\\b@x.example>", NULL },
	{ "add_to\t\"a\\\\\"b\"@x.example", "To: \"a\\\"b\"@x.example\r\n" },
	{ "add_to\tg: a@x.example", NULL },
	{ "add_to\t[192.0.2.1]", NULL }, { "add_to\ta[b]@x.example", NULL },
	{ "add_to\tg:;", "To: g:;\r\n" },
	{ "add_to\tJoe <\"a\\\\\"b\"@x.example>",
	    "To: Joe <\"a\\\"b\"@x.example>\r\n" },
	{ "add_to\tJoe <\"a<b>\"@x.example>",
	    "To: Joe <\"a<b>\"@x.example>\r\n" },
	{ "add_to\tJoe <a<b@x.example>", NULL },
	{ "add_to\tJoe <>", NULL }, { "add_to\tJoe <  >", NULL },
	{ "add_to\tJoe < a@x.example >", "To: Joe <a@x.example>\r\n" },
	{ "add_to\tJoe <a@x.example> (c", NULL },
	{ "add_to\tg: <a@x.example> b;", NULL },
	{ "add_to\tg: <a@x.example>, b@x.example;",
	    "To: g: a@x.example, b@x.example;\r\n" },
	{ "add_to\tg: a@x.example; (c", NULL },
	{ "add_to\tg: a@x.example; c", NULL },
	{ "add_to\tg:; (c), a@x.example", "To: g:;, a@x.example\r\n" },
	{ "add_to\t\"a\\tb\" <a@x.example>",
	    "To: =?UTF-8?Q?a=09b?= <a@x.example>\r\n" },
	{ "add_address\tTo\t" A50 " " A50 "\ta@x.example",
	    "To: =?UTF-8?Q?aaaa" },
	{ "add_address\tTo\t" A50 A50 "\ta@x.example", "To: " A50 A50 "\r\n" },
	{ "add_to\t" A250 A250 A250 A250 A50 "@x.example", NULL },
	/* who is who */
	{ "set_from\ta@x.example\nset_sender\ta@x.example\n"
	    "add_cc\tc@x.example", "From: a@x.example\r\n"
	    "Cc: c@x.example\r\n" },
	{ "set_from\tg: a@x.example;\nset_sender\ta@x.example",
	    "\r\nSender: a@x.example\r\n" },
	{ "set_date\t1700000000\t32767",
	    "Date: Tue, 14 Nov 2023 22:13:20 -0000\r\n" },
	{ "set_html\t-", NULL },
	{ "add_to\t-", NULL },
	{ "add_address\tTo\t-\t-", NULL },
	{ "add_address\t-\t-\ta@x.example", NULL },
	{ "add_address\tX-To\t-\ta@x.example", NULL },
	{ "add_address\tCc\t-\ta b@x.example", NULL },
	{ "add_address\treply-to\t\"q\"\ta@x.example",
	    "Reply-To: \"\\\"q\\\"\" <a@x.example>\r\n" },
	/* identifiers */
	{ "set_message_id\t<a@[x!y]>", "Message-ID: <a@[x!y]>\r\n" },
	{ "set_message_id\ta@b", "Message-ID: <a@b>\r\n" },
	{ "set_message_id\ta@[x[y]", NULL },
	{ "set_message_id\ta@[x\\\\y]", NULL },
	{ "set_message_id\ta@[x y]", NULL },
	{ "set_message_id\ta@[]", NULL },
	{ "set_message_id\ta@[x", NULL },
	{ "set_message_id\ta@x]", NULL },
	{ "set_message_id\ta@[xyz", NULL },
	{ "set_message_id\ta@xyz]", NULL },
	{ "set_message_id\ta@", NULL },
	{ "set_message_id\t@a", NULL },
	{ "set_message_id\ta", NULL },
	{ "set_message_id\t", NULL },
	{ "set_message_id\t-", NULL },
	{ "set_message_id\t<", NULL },
	{ "set_message_id\t<>", NULL },
	{ "set_message_id\t<a@b", NULL },
	{ "set_message_id\ta@b>", NULL },
	{ "set_message_id\ta.@b", NULL },
	{ "set_message_id\t" A250 A250 A250 A50 A50 A50 "@bcd", NULL },
	{ "set_message_id\t" A250 A250 A250 A50 A50 "@b",
	    "\r\nMessage-ID: <aaa" },
	/* an answer */
	{ "set_parent\t<a@b>\t<c@d> <e@f>\t-",
	    "References: <c@d> <e@f> <a@b>\r\n" },
	{ "set_parent\ta@b\tnothing <c@d\t-", "References: <a@b>\r\n" },
	{ "set_parent\ta@b\t<c d> <e@f>\t-", "References: <e@f> <a@b>\r\n" },
	{ "set_parent\ta@b\t-\t<g@h>", "References: <g@h> <a@b>\r\n" },
	{ "set_parent\ta@b\t-\t<g@h> <i@j>", "References: <a@b>\r\n" },
	{ "set_parent\tab\t-\t-", NULL },
	{ "set_parent\t-\t-\t-", NULL },
	{ "set_parent\t<\t-\t-", NULL },
	{ "set_reply_subject\tRe: a", "Subject: Re: a\r\n" },
	{ "set_reply_subject\tRE: a", "Subject: RE: a\r\n" },
	{ "set_reply_subject\ta", "Subject: Re: a\r\n" },
	{ "set_reply_subject\tRe", "Subject: Re: Re\r\n" },
	{ "set_reply_subject\tRea", "Subject: Re: Rea\r\n" },
	{ "set_reply_subject\t-", NULL },
	{ "set_reply_subject\ta\\n", NULL },
	{ "set_subject\t-", NULL },
	{ "add_header\tX-A\t-", NULL },
	{ "add_header\t\tx", NULL },
	{ "add_header\t" A50 "aaaaaaaaaaaaaaaaaaaaaaaaaa\tx",
	    "aaa: x\r\n" },
	{ "add_header\t" A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaa\tx", NULL },
	{ "set_automatic\tauto-generated",
	    "Auto-Submitted: auto-generated\r\n" },
	{ "set_automatic\tAuto-Replied", "Auto-Submitted: Auto-Replied\r\n" },
	{ "set_automatic\tno", NULL },
	{ "set_automatic\t-", NULL },
	{ "set_priority\t2", NULL },
	{ "set_priority\t-2", NULL },
	{ "set_priority\t1", "X-Priority: 1" },
	/* lists */
	{ "add_list_url\tlist-help\thttps://x.example/",
	    "List-Help: <https://x.example/>\r\n" },
	{ "add_list_url\tList-Post\tno", "List-Post: no\r\n" },
	{ "add_list_url\tList-Help\tNO", NULL },
	{ "add_list_url\tList-Post\tmailto:a@x.example",
	    "List-Post: <mailto:a@x.example>\r\n" },
	{ "add_list_url\tList-Id\thttps://x.example/", NULL },
	{ "add_list_url\t-\thttps://x.example/", NULL },
	{ "add_list_url\tList-Help\t-", NULL },
	{ "add_list_url\tList-Help\t", NULL },
	{ "add_list_url\tList-Help\t:x", NULL },
	{ "add_list_url\tList-Help\tx:", NULL },
	{ "add_list_url\tList-Help\tx:y", "List-Help: <x:y>\r\n" },
	{ "add_list_url\tList-Help\ta+b-c.1:y",
	    "List-Help: <a+b-c.1:y>\r\n" },
	{ "add_list_url\tList-Help\t1x:y", NULL },
	{ "add_list_url\tList-Help\tx_y:z", NULL },
	{ "add_list_url\tList-Help\tx y", NULL },
	{ "add_list_url\tList-Help\tx:y z", NULL },
	{ "add_list_url\tList-Help\tx:<y", NULL },
	{ "add_list_url\tList-Help\tx:y>", NULL },
	{ "add_list_url\tList-Help\tx:\"", NULL },
	{ "add_list_url\tList-Help\tx:" A250 A250 A250 A50 A50 A50, NULL },
	{ "add_list_url\tList-Help\tx:y\nadd_list_url\tList-Help\tz:y",
	    "List-Help: <x:y>, <z:y>\r\n" },
	{ "set_list_id\ta b\tl.x.example", "List-Id: a b <l.x.example>\r\n" },
	{ "set_list_id\t-\tl.x", "List-Id: <l.x>\r\n" },
	{ "set_list_id\ta\tl", NULL },
	{ "set_list_id\ta\tl..x", NULL },
	{ "set_list_id\ta\\n\tl.x", NULL },
	{ "set_list_id\ta\t-", NULL },
	{ "set_list_id\ta\t" A250 "aaa.a", "\r\n <aaaa" },
	{ "set_list_id\ta\t" A250 "aaaa.a", NULL },
	{ "set_one_click\nadd_list_url\tList-Unsubscribe\thttps://x/",
	    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" },
	{ "set_one_click\nadd_list_url\tList-Unsubscribe\thttp://x/", NULL },
	{ "set_one_click", NULL },
	/* what is attached */
	{ "attach\tx\ttext/plain; a=\"b\\\\\"c\"\tn", "; a=\"b\\\"c\"" },
	{ "attach\tx\ttext/plain; a=\"b\tn", NULL },
	{ "attach\tx\ttext/plain; a=\"b\\\\\tn", NULL },
	{ "attach\tx\ttext/plain; a=\"b\\x01\"\tn", NULL },
	{ "attach\tx\ttext/plain; a=\"b\\tc\"\tn", NULL },
	{ "attach\tx\ttext/plain; a=\"b\\\\\\\\\"\tn", "; a=\"b\\\\\"" },
	{ "attach\tx\tte xt/plain\tn", NULL },
	{ "attach\tx\ttext/plain; a b=c\tn", NULL },
	{ "attach\tx\ttext/plain; a=b\tn", "; a=b" },
	{ "attach\tx\ttext/plain;a=b ; c=d\tn", "; c=d" },
	{ "attach\tx\ttext/plain; a\tn", NULL },
	{ "attach\tx\ttext/plain; a=\tn", NULL },
	{ "attach\tx\ttext/plain; =b\tn", NULL },
	{ "attach\tx\ttext/plain; a=b; A=c\tn", NULL },
	{ "attach\tx\ttext/plain; " A50 "=b\tn", NULL },
	{ "attach\tx\ttext/plain a=b\tn", NULL },
	{ "attach\tx\ttext\tn", NULL },
	{ "attach\tx\ttext/\tn", NULL },
	{ "attach\tx\t/plain\tn", NULL },
	{ "attach\tx\t\tn", NULL },
	{ "attach\tx\ta/b\tC:\\\\d\\\\e.txt", "filename=e.txt" },
	{ "attach\tx\ta/b\td/e.txt", "filename=e.txt" },
	{ "attach\tx\ta/b\tC:e.txt", "filename=e.txt" },
	{ "attach\tx\ta/b\t.", NULL },
	{ "attach\tx\ta/b\t..", NULL },
	{ "attach\tx\ta/b\td/", NULL },
	{ "attach\tx\ta/b\t" A250 "aaaaaa", NULL },
	{ "attach\tx\ta/b\t" A250 "aaaaa", "filename*0=" },
	{ "inline\tx\t-\ta/b\tn", NULL },
	{ "inline\tx\t\ta/b\tn", NULL },
	{ "inline\tx\ta@b\ta/b\tn\ninline\tx\ta@b\ta/b\tn", NULL },
	{ "inline\tx\ta b\ta/b\tn", NULL },
	{ "inline\tx\ta@b\ta/b\tn\ninline\tx\tc@b\ta/b\tn",
	    "Content-ID: <c@b>\r\n" },
	{ "inline\tx\t" A250 "\ta/b\tn", "Content-ID: <aaa" },
	{ "inline\tx\t" A250 "a\ta/b\tn", NULL },
	/* parts */
	{ "part_text\tp\ttext/plain\tISO-8859-1\t\\xe9\nset_content\tp",
	    "Content-Type: text/plain; charset=ISO-8859-1\r\n" },
	{ "part_text\tp\ttext/plain\tUTF-8\tx\nset_content\tp",
	    "Content-Type: text/plain; charset=UTF-8\r\n" },
	{ "part_text\tp\ttext/plain\tUTF-8\t\\xe9\nset_content\tp", NULL },
	{ "part_text\tp\ttext/plain\t\tx\nset_content\tp", NULL },
	{ "part_text\tp\ta/b\t-\tx\nset_content\tp",
	    "Content-Type: a/b\r\n" },
	{ "part_text\tp\tapplication/x\t-\tx\nset_content\tp",
	    "Content-Type: application/x\r\n" },
	{ "part_source\tp\tx\ta/b\t-\nset_content\tp",
	    "Content-Type: a/b\r\n" },
	{ "part_source\tp\tx\ta/b\t..\nset_content\tp", NULL },
	{ "part_multi\tm\tmultipart/mixed\npart_text\tp\ta/b\t-\tx\n"
	    "set_content\tp\npart_add\tm\tp", NULL },
	{ "part_text\tp\ta/b\t-\tx\nset_content\tp\nset_html\tx", NULL },
	{ "part_text\tp\ta/b\t-\tx\nset_content\tp\n"
	    "set_calendar\tMETHOD:REPLY\\n\t-", NULL },
	{ "set_text\t" A250 A250 A250 A250 "\\nb\\n" A250 A250 A250 A250,
	    "Encoding: quoted-printable\r\n" },
	/* invitations */
	{ "set_calendar\tMETHOD:REPLY\\r\\n\t-", "method=REPLY" },
	{ "set_calendar\tX:Y\\nmethod:cancel\t-", "method=cancel" },
	{ "set_calendar\tMETHOD:\\n\t-", NULL },
	{ "set_calendar\tX:Y\t-", NULL },
	{ "set_calendar\t-\tREQUEST", NULL },
	{ "set_calendar\tX:Y\tREQUEST", NULL },
	/* flowed */
	{ "set_flowed_text\t-", NULL },
	{ "set_flowed_text\ta\\nb", "format=flowed" },
	{ "set_flowed_text\ta  b", "\r\n\r\na  b\r\n" },
	{ "set_flowed_text\t" A50 " " A50,
	    "\r\n\r\n" A50 " \r\n" A50 "\r\n" },
	{ "set_flowed_text\t" A50 A50 " a",
	    "\r\n\r\n" A50 A50 " \r\na\r\n" },
	{ "set_flowed_text\t" A50 A50, "\r\n\r\n" A50 A50 "\r\n" },
	{ "set_flowed_text\ta\\r\\n", "\r\n\r\na\r\n" },
	{ "set_flowed_text\t\\n\\n", "\r\n\r\n\r\n\r\n" },
};

static void
test_builder__takes_and_refuses(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static const char rest[] = "\nset_envelope_from\ta@x.example\n"
		    "add_recipient\tb@x.example\n";
		struct smtp_message *m = smtp_message_new();
		struct recipe r = { .data = NULL };
		FILE *file = tmpfile();
		char text[4000];
		size_t n;
		int rc;

		(void)snprintf(text, sizeof text, "%s%s", rows[i].calls,
		    rest);
		rc = recipe_run(&r, m, text, strlen(text));
		if (strstr(text, "set_from") == NULL)
			(void)smtp_message_set_from(m, A);
		if (rc == SMTP_OK)
			rc = smtp_message_write(m, file, 0);
		if (rows[i].has == NULL) {
			if (rc != SMTP_E_ARGUMENT ||
			    smtp_message_error(m)[0] == '\0')
				print_error("%s: %d\n", rows[i].calls,
				    (bad++, rc));
		} else if (rc != SMTP_OK) {
			print_error("%s: %s\n", rows[i].calls,
			    (bad++, smtp_message_error(m)));
		} else {
			rewind(file);
			n = fread(text, 1, sizeof text - 1, file);
			text[n] = '\0';
			if (strstr(text, rows[i].has) == NULL)
				print_error("%s: %s\n", rows[i].calls,
				    (bad++, text));
		}
		assert_int_equal(fclose(file), 0);
		smtp_message_free(m);
		recipe_free(&r);
	}
	assert_int_equal(bad, 0);
}

/* ---- what a recipe cannot say */

/* The message is told its words and freed. */
static void
is_refused(struct smtp_message *m, int rc, int want, const char *words)
{
	assert_int_equal(rc, want);
	assert_string_equal(smtp_message_error(m), words);
	smtp_message_free(m);
}

static void
test_builder__says_what_is_missing(void **state)
{
	static const char name[] = "builder-test.tmp";
	FILE *file = fopen(name, "wb");          /* not to be read */
	struct smtp_message *m;

	(void)state;
	assert_non_null(file);
	assert_int_equal(smtp_message_attach_file(NULL, NULL, NULL, NULL),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_message_inline_file(NULL, NULL, NULL, NULL,
	    NULL), SMTP_E_ARGUMENT);
	m = smtp_message_new();
	is_refused(m, smtp_message_attach_file(m, NULL, NULL, NULL),
	    SMTP_E_ARGUMENT, "attachment: has no path");
	m = smtp_message_new();
	is_refused(m, smtp_message_inline_file(m, NULL, "a@b", NULL, NULL),
	    SMTP_E_ARGUMENT, "inline: has no path");
	m = smtp_message_new();
	is_refused(m, smtp_message_set_text(m, NULL), SMTP_E_ARGUMENT,
	    "text: is missing");
	m = smtp_message_new();
	is_refused(m, smtp_message_set_html(m, NULL), SMTP_E_ARGUMENT,
	    "html: is missing");
#ifndef _WIN32                           /* where it is only empty */
	m = smtp_message_new();
	is_refused(m, smtp_message_set_text_file(m, file), SMTP_E_SOURCE,
	    "text: cannot be read");
	m = smtp_message_new();
	is_refused(m, smtp_message_set_html_file(m, file), SMTP_E_SOURCE,
	    "html: cannot be read");
#endif
	/* A source that could not be made, alone and behind an error. */
	m = smtp_message_new();
	is_refused(m, smtp_message_attach(m, NULL, NULL, "a"), SMTP_E_MEMORY,
	    "attachment: no memory");
	m = smtp_message_new();
	assert_int_equal(smtp_message_set_text(m, NULL), SMTP_E_ARGUMENT);
	is_refused(m, smtp_message_attach(m, NULL, NULL, "a"),
	    SMTP_E_ARGUMENT, "text: is missing");
	m = smtp_message_new();
	assert_int_equal(smtp__message_add_signer(m, NULL), SMTP_OK);
	assert_int_equal(smtp__message_add_signer(m, NULL), SMTP_OK);
	is_refused(m, smtp__message_add_signer(m, NULL), SMTP_E_ARGUMENT,
	    "dkim: more than two signatures");
	assert_int_equal(fclose(file), 0);
	assert_int_equal(remove(name), 0);
}

/* A message from A to A, Postmaster and B, and what is asked for each. */
static struct smtp_message *
to_three(void)
{
	struct smtp_message *m = smtp_message_new();

	assert_int_equal(smtp_message_set_from(m, A), SMTP_OK);
	assert_int_equal(smtp_message_add_recipient(m, A), SMTP_OK);
	assert_int_equal(smtp_message_add_recipient(m, "Postmaster"), SMTP_OK);
	assert_int_equal(smtp_message_add_recipient(m, "b@x.example"),
	    SMTP_OK);
	return m;
}

/* What is asked for one recipient may come in pieces, others between. */
static void
test_builder__joins_what_is_asked_for_one(void **state)
{
	const struct smtp__moment now = { .has_random = true };
	struct smtp_message *m = to_three();
	const struct smtp__recipient *r;
	size_t n;

	(void)state;
	assert_int_equal(smtp_message_set_notify(m, A, "NEVER"), SMTP_OK);
	assert_int_equal(smtp_message_add_rcpt_parameter(m, A, NULL, "XA",
	    "1"), SMTP_OK);
	assert_int_equal(smtp_message_set_notify(m, "postmaster", "DELAY"),
	    SMTP_OK);
	assert_int_equal(smtp_message_set_notify(m, A, "SUCCESS"), SMTP_OK);
	assert_int_equal(smtp_message_set_orcpt(m, "b@x.example", NULL, NULL),
	    SMTP_OK);
	assert_int_equal(smtp_message_set_orcpt(m, A, "rfc822", "c@x.example"),
	    SMTP_OK);
	assert_int_equal(smtp_message_add_rcpt_parameter(m, A, NULL, "XB",
	    NULL), SMTP_OK);
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
	r = smtp__message_recipients(m, &n);
	assert_int_equal(n, 3);
	assert_string_equal(r[0].asks->notify, "NOTIFY=SUCCESS");
	assert_string_equal(r[0].asks->orcpt_type, "rfc822");
	assert_string_equal(r[0].asks->orcpt, "c@x.example");
	assert_string_equal(r[0].asks->more.first->text, "XA=1");
	assert_string_equal(r[0].asks->more.first->next->text, "XB");
	assert_null(r[0].asks->more.first->next->next);
	assert_string_equal(r[1].asks->notify, "NOTIFY=DELAY");
	assert_false(r[1].asks->has_orcpt);
	/* NULL: the address itself. */
	assert_true(r[2].asks->has_orcpt);
	assert_null(r[2].asks->orcpt);
	smtp_message_free(m);

	m = to_three();
	assert_int_equal(smtp_message_add_rcpt_parameter(m, A, NULL, "XA",
	    "1"), SMTP_OK);
	assert_int_equal(smtp_message_set_notify(m, "b@x.example", "NEVER"),
	    SMTP_OK);
	assert_int_equal(smtp_message_add_rcpt_parameter(m, A, NULL, "xa",
	    "2"), SMTP_OK);
	is_refused(m, smtp__message_prepare(m, &now), SMTP_E_ARGUMENT,
	    "parameter: xa=2 is there already");
}

static void
test_builder__takes_a_hold_back(void **state)
{
	struct smtp_message *m = smtp_message_new();
	const char *const *mail = smtp__message_asks(m)->mail;

	(void)state;
	assert_int_equal(smtp_message_set_hold_until(m, 1700000000), SMTP_OK);
	assert_string_equal(mail[SMTP__ASK_HOLD_UNTIL],
	    "HOLDUNTIL=2023-11-14T22:13:20Z");
	assert_int_equal(smtp_message_set_hold_until(m, 0), SMTP_OK);
	assert_null(mail[SMTP__ASK_HOLD_UNTIL]);
	assert_int_equal(smtp_message_set_hold_for(m, 60), SMTP_OK);
	assert_int_equal(smtp_message_set_hold_for(m, 0), SMTP_OK);
	assert_int_equal(smtp_message_set_hold_until(m, 1700000000), SMTP_OK);
	is_refused(m, smtp_message_set_hold_for(m, 60), SMTP_E_ARGUMENT,
	    "hold-for: one of hold-for and hold-until is enough");
}

/* The longest that there can be, all of it to be encoded. */
static void
test_builder__encodes_the_longest_submitter(void **state)
{
	char address[300], want[600];
	struct smtp__out out;
	struct smtp_message *m = smtp_message_new();

	(void)state;
	smtp__out_init(&out, want, sizeof want - 1);
	smtp__out_text(&out, "AUTH=");
	for (size_t i = 0; i < 64; i++) {
		address[i] = '+';
		smtp__out_text(&out, "+2B");
	}
	address[64] = '@';
	for (size_t i = 65; i < 254; i++)
		address[i] = (i - 65) % 50 == 49 ? '.' : 'a';
	address[254] = '\0';
	smtp__out_text(&out, address + 64);
	smtp__out_end(&out);
	assert_int_equal(smtp_message_set_submitter(m, address), SMTP_OK);
	assert_string_equal(
	    smtp__message_asks(m)->mail[SMTP__ASK_SUBMITTER], want);
	smtp_message_free(m);
}

/* No size leads to less memory than it says. */
static void
test_builder__has_no_memory_of_sizes_that_overflow(void **state)
{
	struct purse purse = { -1, false, 0 };
	struct smtp_allocator a = { purse_resize, &purse };
	struct smtp__arena arena;
	struct smtp__buffer b;

	(void)state;
	smtp__arena_init(&arena, &a);
	for (size_t less = 0; less < 16; less++) {
		assert_null(smtp__arena_octets(&arena, SIZE_MAX - less));
		assert_null(smtp__arena_new(&arena, SIZE_MAX - less));
		assert_null(smtp__arena_copy(&arena, "a", SIZE_MAX - less));
		smtp__buffer_init(&b, &a);
		assert_false(smtp__out_room(&b.out, SIZE_MAX - less));
		assert_true(b.out.over);
	}
	assert_int_equal(purse.live, 0);
}

/* ---- a tree of parts: what belongs where */

static void
test_builder__puts_each_part_in_one_place(void **state)
{
	struct smtp_message *m = smtp_message_new(), *other =
	    smtp_message_new();
	struct smtp_part *multi = smtp_part_multi(m, "multipart/mixed");
	struct smtp_part *inner = smtp_part_multi(m, "multipart/related");
	struct smtp_part *text = smtp_part_text(m, "text/plain", NULL, "a",
	    1);

	(void)state;
	assert_non_null(text);
	assert_int_equal(smtp_part_add(multi, inner), SMTP_OK);
	assert_int_equal(smtp_part_add(inner, text), SMTP_OK);
	smtp_message_free(m);
	/* One mistake a message, since the first one stays. */
	for (int i = 0; i < 8; i++) {
		struct smtp_part *strange = smtp_part_text(other,
		    "text/plain", NULL, "b", 1);
		int rc = SMTP_OK;

		assert_non_null(strange);
		m = smtp_message_new();
		multi = smtp_part_multi(m, "multipart/mixed");
		text = smtp_part_text(m, "text/plain", NULL, "a", 1);
		assert_int_equal(smtp_part_add(multi, text), SMTP_OK);
		switch (i) {
		case 0: rc = smtp_part_add(multi, NULL); break;
		case 1: rc = smtp_part_add(text, multi); break;
		case 2: rc = smtp_part_add(multi, text); break;
		case 3: rc = smtp_part_add(multi, strange); break;
		case 4: rc = smtp_part_add(multi, multi); break;
		case 5: rc = smtp_message_set_content(m, text); break;
		case 6: rc = smtp_message_set_content(m, strange); break;
		case 7: rc = smtp_message_set_content(m, NULL); break;
		}
		if (rc != SMTP_E_ARGUMENT || smtp_message_error(m)[0] == '\0')
			fail_msg("mistake %d: %d", i, rc);
		smtp_message_free(m);
	}
	smtp_message_free(other);
}

/* Fields of parts; NULL where there is no such value. */
static void
test_builder__takes_and_refuses_of_a_part(void **state)
{
	static const struct {
		int (*set)(struct smtp_part *part, const char *value);
		const char *value;
		int want;
	} sets[] = {
		{ smtp_part_set_disposition, NULL, SMTP_OK },
		{ smtp_part_set_disposition, "inline", SMTP_OK },
		{ smtp_part_set_disposition, "Attachment", SMTP_OK },
		{ smtp_part_set_disposition, "", SMTP_E_ARGUMENT },
		{ smtp_part_set_disposition, "other", SMTP_E_ARGUMENT },
		{ smtp_part_set_location, "https://x/", SMTP_OK },
		{ smtp_part_set_location, "", SMTP_E_ARGUMENT },
		{ smtp_part_set_location, NULL, SMTP_E_ARGUMENT },
		{ smtp_part_set_location, "a b", SMTP_E_ARGUMENT },
		{ smtp_part_set_location, "a<b", SMTP_E_ARGUMENT },
		{ smtp_part_set_location, A250 A250 A250 A50 A50 A50 "a",
		    SMTP_E_ARGUMENT },
		{ smtp_part_set_location, A250 A250 A250 A50 A50 A50,
		    SMTP_OK },
		{ smtp_part_set_id, "a@b", SMTP_OK },
		{ smtp_part_set_id, NULL, SMTP_E_ARGUMENT },
		{ smtp_part_set_id, "a\rb", SMTP_E_ARGUMENT },
		{ smtp_part_set_description, "\xC3\xA9", SMTP_OK },
		{ smtp_part_set_description, NULL, SMTP_OK },
		{ smtp_part_set_description, "a\nb", SMTP_E_ARGUMENT },
	};
	static const struct {
		const char *name, *value;
		int want;
	} params[] = {
		{ "name", "v", SMTP_OK }, { "name", "", SMTP_OK },
		{ "a-b", "\xC3\xA9", SMTP_OK },
		{ "", "v", SMTP_E_ARGUMENT }, { NULL, "v", SMTP_E_ARGUMENT },
		{ "a b", "v", SMTP_E_ARGUMENT },
		{ "a*", "v", SMTP_E_ARGUMENT },
		{ "a'", "v", SMTP_E_ARGUMENT },
		{ "a%", "v", SMTP_E_ARGUMENT },
		{ "a=", "v", SMTP_E_ARGUMENT },
		{ "name", NULL, SMTP_E_ARGUMENT },
		{ "name", "a\rb", SMTP_E_ARGUMENT },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "v", SMTP_OK },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "v",
		    SMTP_E_ARGUMENT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sets) + COUNT(params); i++) {
		struct smtp_message *m = smtp_message_new();
		struct smtp_part *part = smtp_part_text(m, "text/plain", NULL,
		    "", 0);
		size_t j = i - COUNT(sets);
		int want = i < COUNT(sets) ? sets[i].want : params[j].want;
		int rc = i < COUNT(sets) ? sets[i].set(part, sets[i].value) :
		    smtp_part_set_param(part, params[j].name,
		    params[j].value);

		if (rc != want || (smtp_message_error(m)[0] == '\0') !=
		    (want == SMTP_OK))
			fail_msg("row %zu: %d %s", i, rc,
			    smtp_message_error(m));
		smtp_message_free(m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builder__wants_a_message),
		cmocka_unit_test(test_builder__keeps_the_first_error),
		cmocka_unit_test(test_builder__takes_and_refuses),
		cmocka_unit_test(test_builder__says_what_is_missing),
		cmocka_unit_test(test_builder__joins_what_is_asked_for_one),
		cmocka_unit_test(test_builder__takes_a_hold_back),
		cmocka_unit_test(test_builder__encodes_the_longest_submitter),
		cmocka_unit_test(
		    test_builder__has_no_memory_of_sizes_that_overflow),
		cmocka_unit_test(test_builder__puts_each_part_in_one_place),
		cmocka_unit_test(test_builder__takes_and_refuses_of_a_part),
		cmocka_unit_test(test_builder__tells_that_memory_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
