/* SPDX-License-Identifier: MIT */
/*
 * What was published of other mail programs, one row each: what the attacker
 * gives, and our answer to it. Either it is refused and nothing comes out, or
 * the octets are what they have to be. docs/advisories.md tells them in words;
 * CWE- is a kind of fault for which we know no number of its own.
 */
#include "check.h"

#include <smtp/dkim.h>

#include "mime/message.h"
#include "proto/stuff.h"
#include "support/recipe.h"

static struct smtp__moment
moment(void)
{
	struct smtp__moment m = { .has_clock = true, .seconds = 1700000000,
	    .has_random = true };

	for (size_t i = 0; i < sizeof(m.random); i++)
		m.random[i] = (unsigned char)(i * 11 + 3);
	return m;
}

/* The whole message, NUL-terminated; NULL when none came out. */
static char *
render(struct smtp_message *m)
{
	struct smtp__content content;
	char *p = malloc(65536);
	size_t at = 0;
	ptrdiff_t n = 0;

	assert_non_null(p);
	if (smtp__message_plan(m, 0, &content) == SMTP_OK)
		while ((n = smtp__message_read(m, p + at, 65535 - at)) > 0)
			at += (size_t)n;
	if (n < 0 || at == 0) {
		free(p);
		return NULL;
	}
	p[at] = '\0';
	return p;
}

/*
 * A recipe is added to a message from joe@z.example with a text. `has` NULL:
 * refused. Otherwise `has` stands in the octets; with `to`, that is the only
 * recipient.
 */
static const struct {
	const char *advisory, *recipe, *has, *to;
} messages[] = {
	/* the commands: reverse-path and recipients */
	{ "CVE-2015-9096", "add_recipient\ta@x.example>\\r\\nDATA\\r\\nx",
	    NULL, NULL },
	{ "CVE-2015-9096", "add_to\ta@x.example\n"
	    "set_envelope_from\ta@x.example>\\r\\nRCPT TO:<b@y.example",
	    NULL, NULL },
	{ "CVE-2015-9097", "add_to\ta@x.example>\\r\\nDATA\\r\\nx", NULL,
	    NULL },
	{ "CVE-2015-8476", "add_to\ta@x.example\\nRSET", NULL, NULL },
	{ "CVE-2018-1294", "add_to\ta@x.example\n"
	    "set_envelope_from\tb@x.example\\r\\nRCPT TO:<c@y.example>",
	    NULL, NULL },
	{ "CVE-2007-1900", "add_to\ta@x.example\\n", NULL, NULL },
	{ "CVE-2026-30227", "add_to\t"
	    "\"a\\r\\nRCPT TO:<b@y.example>\"@x.example", NULL, NULL },
	{ "CVE-2026-30227", "add_to\ta@x.example\nset_envelope_from\t"
	    "\"b\\\\\\r\\nRSET\"@x.example", NULL, NULL },
	{ "CVE-2025-7962", "add_to\ta@x.example\xC4\x8D\xC4\x8AX",
	    "To: a@x.xn--examplex-79at\r\n", "a@x.xn--examplex-79at" },
	/* programs that others run: here an address is octets of a command */
	{ "CVE-2016-10033", "set_envelope_from\t"
	    "\"a\\\\\" -oQ/tmp/ -X/tmp/x.php b\"@x.example\n"
	    "add_to\tb@y.example", "To: b@y.example\r\n", "b@y.example" },
	{ "CVE-2016-10045", "set_envelope_from\t"
	    "\"a' -X/tmp/x.php b\"@x.example\nadd_to\tb@y.example",
	    "To: b@y.example\r\n", "b@y.example" },
	{ "CVE-2016-10034", "set_from\t"
	    "\"a\\\\\" -oQ/tmp -X/tmp/x.php\"@x.example\nadd_to\tb@y.example",
	    "To: b@y.example\r\n", "b@y.example" },
	{ "CVE-2020-7769", "add_to\t-bi@y.example",
	    "To: -bi@y.example\r\n", "-bi@y.example" },
	{ "CVE-2020-28247", "add_to\t-be@y.example",
	    "To: -be@y.example\r\n", "-be@y.example" },
	{ "CVE-2004-2771", "add_to\t|id@y.example", "To: |id@y.example\r\n",
	    "|id@y.example" },
	/* to whom: one address must not become another */
	{ "CVE-2019-16056", "add_to\ta@evil.example@x.example", NULL, NULL },
	{ "CVE-2023-27043", "add_to\talice@x.example)bob@evil.example", NULL,
	    NULL },
	{ "CVE-2023-27043", "add_to\talice@x.example(bob@evil.example", NULL,
	    NULL },
	{ "CVE-2023-27043", "add_to\talice@x.example<bob@evil.example>", NULL,
	    NULL },
	{ "CVE-2025-13033", "add_to\t\"a@evil.example x\"@x.example",
	    "To: \"a@evil.example x\"@x.example\r\n",
	    "\"a@evil.example x\"@x.example" },
	{ "CVE-2023-36632", "add_to\t((((((((((((((((((((((((((((((((((((((",
	    NULL, NULL },
	{ "CVE-2018-12558", "add_to\t\\x0c\\x0c\\x0c\\x0c\\x0c\\x0c\\x0c",
	    NULL, NULL },
	{ "CWE-93 address", "add_address\tTo\tA\ta@x.example, b@evil.example",
	    NULL, NULL },
	{ "CWE-93 name", "add_address\tTo\tA <b@evil.example>,\ta@x.example",
	    "To: \"A <b@evil.example>,\" <a@x.example>\r\n", "a@x.example" },
	/* the header */
	{ "CVE-2002-0986", "add_to\ta@x.example\\x01", NULL, NULL },
	{ "CVE-2015-3154", "add_to\ta@x.example\n"
	    "add_header\tX-A\tb\\r\\nBcc: c@y.example", NULL, NULL },
	{ "CVE-2017-9801", "add_to\ta@x.example\n"
	    "set_subject\tHi\\nTo: b@y.example", NULL, NULL },
	{ "CVE-2017-9801", "add_to\ta@x.example\n"
	    "set_subject\tHi\\rTo: b@y.example", NULL, NULL },
	{ "CVE-2021-23400", "add_address\tTo\tA\ta@x.example\\r\\nX: y",
	    NULL, NULL },
	{ "CVE-2021-23400", "add_address\tTo\tA\\r\\nX: y\ta@x.example",
	    NULL, NULL },
	{ "CVE-2024-6923", "add_to\ta@x.example\n"
	    "add_header\tX-A\tb\\n\\nbody", NULL, NULL },
	{ "CWE-93 field name", "add_to\ta@x.example\n"
	    "add_header\tX-A: b\\r\\nX-B\tc", NULL, NULL },
	{ "CWE-93 structural field", "add_to\ta@x.example\n"
	    "add_header\tbcc\tb@y.example", NULL, NULL },
	{ "CWE-93 group name", "add_to\tg\\r\\nX: a@x.example;", NULL, NULL },
	{ "CWE-93 sender", "add_to\ta@x.example\n"
	    "set_sender\tb@x.example\\r\\nX: y", NULL, NULL },
	{ "CWE-93 reply-to", "add_to\ta@x.example\n"
	    "add_reply_to\tb@x.example\\nX: y", NULL, NULL },
	{ "CWE-93 message id", "add_to\ta@x.example\n"
	    "set_message_id\t<a@b>\\r\\nX: y", NULL, NULL },
	{ "CWE-93 references", "add_to\ta@x.example\n"
	    "set_parent\t<1@b>\t<2@b>\\r\\nX-Evil: y\t-",
	    "References: <2@b> <1@b>\r\n", "a@x.example" },
	{ "CWE-93 list id", "add_to\ta@x.example\n"
	    "set_list_id\tNews\\r\\nX: y\tnews.x.example", NULL, NULL },
	{ "CWE-93 list id", "add_to\ta@x.example\n"
	    "set_list_id\tNews\tnews>\\r\\nX: <y", NULL, NULL },
	{ "CWE-93 list url", "add_to\ta@x.example\nadd_list_url\t"
	    "List-Unsubscribe\thttps://x.example/>\\r\\nX: <y", NULL, NULL },
	{ "CWE-93 list url", "add_to\ta@x.example\nadd_list_url\t"
	    "List-Unsubscribe\thttps://x.example/>, <https://y.example/",
	    NULL, NULL },
	{ "CWE-93 automatic", "add_to\ta@x.example\n"
	    "set_automatic\tauto-generated\\r\\nX: y", NULL, NULL },
	{ "CWE-93 encoded-word", "add_to\ta@x.example\n"
	    "set_subject\t=?UTF-8?Q?a=0D=0AX:_y?=",
	    "Subject: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fa=3D0D=3D0AX:=5Fy=3F=3D?=",
	    "a@x.example" },
	/* parts */
	{ "CWE-93 file name", "add_to\ta@x.example\n"
	    "attach\tx\t-\ta\\r\\nX-Evil: y.txt", NULL, NULL },
	{ "CWE-93 quote in a file name", "add_to\ta@x.example\n"
	    "attach\tx\tapplication/pdf\ta\"; x=\".pdf",
	    "filename=\"a\\\"; x=\\\".pdf\"\r\n", "a@x.example" },
	{ "CWE-22 file name", "add_to\ta@x.example\n"
	    "attach\tx\tapplication/pdf\t../../etc/a.pdf",
	    "; filename=a.pdf\r\n", "a@x.example" },
	{ "CWE-93 content type", "add_to\ta@x.example\n"
	    "attach\tx\ttext/plain\\r\\nX: y\ta", NULL, NULL },
	{ "CWE-93 content type", "add_to\ta@x.example\n"
	    "attach\tx\ttext/plain; a=\"b\\r\\nX: y\"\ta", NULL, NULL },
	{ "CWE-93 content id", "add_to\ta@x.example\n"
	    "inline\tx\ta@b>\\r\\nX: <y\timage/png\ta.png", NULL, NULL },
	{ "CWE-93 charset", "add_to\ta@x.example\n"
	    "part_text\tp\ttext/plain\tutf-8\\r\\nX: y\tx", NULL, NULL },
	{ "CWE-93 boundary", "add_to\ta@x.example\n"
	    "part_multi\tp\tmultipart/mixed; boundary=x", NULL, NULL },
	{ "CWE-93 parameter", "add_to\ta@x.example\n"
	    "part_text\tp\ttext/plain\t-\tx\n"
	    "part_set_param\tp\tname\ta\\r\\nX: y", NULL, NULL },
	{ "CWE-93 description", "add_to\ta@x.example\n"
	    "part_text\tp\ttext/plain\t-\tx\n"
	    "part_set_description\tp\ta\\r\\nX: y", NULL, NULL },
	{ "CWE-93 calendar method", "add_to\ta@x.example\n"
	    "set_calendar\tBEGIN:VCALENDAR\\nEND:VCALENDAR\\n\t"
	    "REQUEST\\r\\nX: y", NULL, NULL },
};

static void
check_row(size_t i)
{
	struct smtp__moment now = moment();
	struct smtp_message *m = smtp_message_new();
	struct recipe r = { .data = NULL };
	struct smtp__recipient *rows;
	size_t count;
	char *wire = NULL;
	int rc, set;

	smtp_message_set_from(m, "joe@z.example");
	smtp_message_set_text(m, "Hello\n");
	set = recipe_run(&r, m, messages[i].recipe,
	    strlen(messages[i].recipe));
	rc = smtp__message_prepare(m, &now);
	rows = smtp__message_recipients(m, &count);
	if (rc == SMTP_OK)
		wire = render(m);
	if (messages[i].has == NULL && wire != NULL)
		fail_msg("%s: not refused: %s", messages[i].advisory, wire);
	if (messages[i].has == NULL && (set != SMTP_E_ARGUMENT || rc != set))
		fail_msg("%s: %d, then %d", messages[i].advisory, set, rc);
	if (messages[i].has != NULL && (wire == NULL ||
	    strstr(wire, messages[i].has) == NULL ||
	    strstr(wire, "\nX-Evil") != NULL))
		fail_msg("%s: %s %s", messages[i].advisory,
		    smtp_message_error(m), wire != NULL ? wire : "");
	if (messages[i].to != NULL && (count != 1 ||
	    strcmp(rows[0].address, messages[i].to) != 0))
		fail_msg("%s: goes elsewhere", messages[i].advisory);
	free(wire);
	smtp_message_free(m);
	recipe_free(&r);
}

static void
test_advisories__inject_nothing_into_a_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++)
		check_row(i);
	proves("R5322-2.2-2 R5322-2.2-1 LIB-L-1 LIB-L-5 LIB-N-2 "
	    "R2183-2.3-1 R5321-4.1.2-6");
}

/* Content on its way to DATA; NULL: it stops, without the end mark. */
static const struct {
	const char *advisory, *content, *wire;
} contents[] = {
	{ "CVE-2023-51764", "a\n.\nMAIL FROM:<b@y>\r\n",
	    "a\r\n..\r\nMAIL FROM:<b@y>\r\n.\r\n" },
	{ "CVE-2023-51765", "a\n.\r\nMAIL FROM:<b@y>\r\n",
	    "a\r\n..\r\nMAIL FROM:<b@y>\r\n.\r\n" },
	{ "CVE-2023-51766", "a\r\n.\nMAIL FROM:<b@y>\r\n",
	    "a\r\n..\r\nMAIL FROM:<b@y>\r\n.\r\n" },
	{ "CVE-2023-51764", "a\r\n.\rMAIL FROM:<b@y>\r\n",
	    "a\r\n..\r\nMAIL FROM:<b@y>\r\n.\r\n" },
	{ "CVE-2023-51764", "a\r.\rMAIL FROM:<b@y>\r\n",
	    "a\r\n..\r\nMAIL FROM:<b@y>\r\n.\r\n" },
	{ "CVE-2021-38189", "a\r\n\r\n.\r\nRSET\r\n",
	    "a\r\n\r\n..\r\nRSET\r\n.\r\n" },
	{ "CVE-2021-38189", ".\r\n", "..\r\n.\r\n" },
	{ "CVE-2018-0500", ".\n.\n.\n.\n", "..\r\n..\r\n..\r\n..\r\n.\r\n" },
};

/* In pieces of `step`, into room of `step`. */
static void
check_content(size_t i, size_t step)
{
	struct smtp__stuff s;
	size_t left = strlen(contents[i].content), at = 0;
	size_t want = strlen(contents[i].wire);
	char out[128];

	smtp__stuff_begin(&s, false);
	s.in = contents[i].content;
	while (left > 0) {
		size_t n = left < step ? left : step;

		s.in_n = n;
		at += smtp__stuff(&s, out + at, step);
		left -= n - s.in_n;
		assert_false(s.bad);
		assert_true(at < sizeof(out) - 16);
	}
	s.end = 1;
	while (!smtp__stuff_ended(&s))
		at += smtp__stuff(&s, out + at, step);
	if (at != want || memcmp(out, contents[i].wire, at) != 0)
		fail_msg("%s by %zu: %.*s", contents[i].advisory, step,
		    (int)at, out);
}

static void
test_advisories__end_no_content_early(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(contents); i++)
		for (size_t step = 1; step < 12; step++)
			check_content(i, step);
}

/* Tags of a signature. */
static const struct {
	const char *what, *domain, *selector, *name, *value;
} tags[] = {
	{ "d=", "x.example; l=0", "s", NULL, NULL },
	{ "d=", "x.example\r\nX: y", "s", NULL, NULL },
	{ "s=", "x.example", "s; d=y.example", NULL, NULL },
	{ "s=", "x.example", "s\r\nX: y", NULL, NULL },
	{ "i=", "x.example", "s", "identity", "a@y.example" },
	{ "i=", "x.example", "s", "identity", "a@x.example; l=0" },
	{ "i=", "x.example", "s", "identity", "a@x.example\r\nX: y" },
	{ "h=", "x.example", "s", "headers", "subject" },
	{ "h=", "x.example", "s", "headers", "from:x\r\ny" },
	{ "h=", "x.example", "s", "headers", "from; l=0" },
	{ "c=", "x.example", "s", "canonicalization", "relaxed/none" },
	{ "VU#268267", "x.example", "s", "min-bits", "512" },
};

#if SMTP_WITH_DKIM
static void
test_advisories__inject_no_tag_into_a_signature(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tags); i++) {
		struct smtp_dkim *d = smtp_dkim_new(tags[i].domain,
		    tags[i].selector);

		assert_non_null(d);
		if (tags[i].name != NULL)
			smtp_dkim_set(d, tags[i].name, tags[i].value);
		if (smtp_dkim_error(d)[0] == '\0')
			fail_msg("%s is taken: %zu", tags[i].what, i);
		smtp_dkim_free(d);
	}
	proves("R6376-3.5-4 R6376-5.4-1");
}
#else
CASE_LEFT_OUT(test_advisories__inject_no_tag_into_a_signature,
    "SMTP_WITH_DKIM")
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_advisories__inject_nothing_into_a_message),
		cmocka_unit_test(test_advisories__end_no_content_early),
		cmocka_unit_test(
		    test_advisories__inject_no_tag_into_a_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
