/* SPDX-License-Identifier: MIT */
/*
 * The builder as a whole. tests/message/CASE/recipe says what is built, the
 * message.eml beside it which octets that must give; SMTP_GOLDEN=write writes
 * them anew. With the name of a recipe as argument this program writes its
 * message to stdout, for parsers that are not ours.
 */
#define _GNU_SOURCE              /* memmem() */

#include "check.h"

#include "mime/state.h"
#include "support/recipe.h"

static struct smtp__moment
moment(void)
{
	struct smtp__moment m = { .has_clock = true, .seconds = 1700000000,
	    .zone_minutes = 60, .has_random = true };

	for (size_t i = 0; i < sizeof(m.random); i++)
		m.random[i] = (unsigned char)(i * 37 + 11);
	return m;
}

struct text {
	char *p;
	size_t n;
};

/* The whole stream, read in pieces of `step`, and its plan. */
static int
stream(struct smtp_message *m, unsigned offers, size_t step,
    struct smtp__content *content, struct text *text)
{
	size_t cap = 0;
	ptrdiff_t n;
	int rc;

	text->p = NULL;
	text->n = 0;
	while ((rc = smtp__message_plan(m, offers, content)) > 0)
		continue;
	if (rc != SMTP_OK)
		return rc;
	for (;;) {
		char *piece = malloc(step);

		assert_non_null(piece);
		n = smtp__message_read(m, piece, step);
		if (n > 0) {
			if (text->n + (size_t)n > cap) {
				cap = 2 * cap + (size_t)n;
				text->p = realloc(text->p, cap);
				assert_non_null(text->p);
			}
			memcpy(text->p + text->n, piece, (size_t)n);
			text->n += (size_t)n;
		}
		free(piece);
		if (n <= 0 && n != SMTP__MESSAGE_WAIT)
			break;
	}
	if (n < 0) {
		free(text->p);
		text->p = NULL;
	}
	return (int)n;
}

static struct text
load(const char *name)
{
	FILE *file = fopen(name, "rb");
	struct text text;
	long size;

	if (file == NULL)
		fail_msg("cannot open %s", name);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	assert_true(size >= 0);
	rewind(file);
	text.n = (size_t)size;
	text.p = malloc(text.n + 1);
	assert_non_null(text.p);
	assert_int_equal(fread(text.p, 1, text.n, file), text.n);
	text.p[text.n] = '\0';
	fclose(file);
	return text;
}

static void
save(const char *name, struct text text)
{
	FILE *file = fopen(name, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
	assert_int_equal(fclose(file), 0);
}

/* What any message on the wire must be. */
static void
check_wire(const char *name, struct text text, bool eightbit)
{
	size_t column = 0;

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '\r') {
			if (i + 1 == text.n || text.p[i + 1] != '\n')
				fail_msg("%s: a bare CR at %zu", name, i);
			i++;
			column = 0;
			continue;
		}
		if (c == '\n')
			fail_msg("%s: a bare LF at %zu", name, i);
		if (c == '\0' || (c > 127 && !eightbit))
			fail_msg("%s: octet %u at %zu", name, c, i);
		if (++column > 998)
			fail_msg("%s: a line of over 998 at %zu", name, i);
	}
	if (column != 0)
		fail_msg("%s: the last line has no end", name);
}

static const struct {
	const char *name, *proves;
} cases[] = {
	{ "plain", "R2045-4-1 R2049-2-1 LIB-L-8 R6409-8-1 R5322-3.6-1" },
	{ "plain-8bit", "R2045-6-1 R2045-6.2-1" },
	{ "plain-latin-7bit", "R2045-6-1 R2045-6.2-1 LIB-M-1 R5321-2.4-3 "
	    "R6152-3-2" },
	{ "plain-cyrillic-7bit", "LIB-M-1 R2045-6.8-2 R2046-4.1.1-1" },
	{ "plain-no-line-end", NULL },
	{ "empty", NULL },
	{ "addresses", "R5322-3.4-1 R5322-3.4-3 R5322-2.2.3-2 R6531-3.2-2 "
	    "R5322-3.6.3-1 R5322-3.4-2 R5322-3.4.1-1" },
	{ "bcc-only", "R5321-B-2 R5322-3.6.3-1 R5321-7.2-1" },
	{ "html", "LIB-M-3" },
	{ "text-html", "LIB-M-3 R2046-5.1.4-1 R2046-5.1.1-2 LIB-M-2" },
	{ "html-inline", "LIB-M-3 R2387-3.1-1 R2387-3.2-1 R2387-4-1 "
	    "R2045-7-1" },
	{ "text-html-inline-attachment", "LIB-M-3 R2183-2-1 R2392-2-1 "
	    "LIB-N-5 R2046-5.1.4-1 R2046-5.1.1-1" },
	{ "attachment-only", "LIB-M-3 R2046-5.1.1-3" },
	{ "inline-without-html", "LIB-M-3" },
	{ "attachment-names", "R2183-2-2 R2231-4-1 R2231-3-1 R2231-3-2 "
	    "R2231-4.1-1 R2047-5-1 R2183-2.3-1 LIB-N-3 R2045-5-1" },
	{ "text-8bit-in-multipart", "R2045-6.4-1 R6152-3-2" },
	{ "alert", "R5322-3.3-2 LIB-L-7 R3834-5-1" },
	{ "reply", "R5322-3.6.4-3 R5322-3.6.5-1" },
	{ "reply-no-references", "R5322-3.6.4-3 R5322-3.6.5-1" },
	{ "reply-two-parents", "R5322-3.6.4-3 R5322-3.6.5-1" },
	{ "newsletter", "R2369-3-1 R2919-3-1 R8058-3.1-1" },
	{ "spaces", "R5322-3.2.5-1 R5322-3.2.2-1" },
	{ "name-fallback", "LIB-N-1" },
	{ "flowed", "R3676-4.1-1" },
	{ "invitation", "R6047-2.4-1 R6047-2.5-1 LIB-N-7 R5545-3.1-1 "
	    "R2046-5.1.4-1" },
	{ "invitation-alone", "LIB-N-7" },
	{ "report", "LIB-N-6 R2045-8-1" },
	{ "tree", "R2557-4-1 R2045-7-1 R2046-5.1.1-1" },
	{ "raw", "R5322-3.6-2" },
	{ "forward", "R2046-5.2.1-1 R2045-6.4-1" },
	{ "forward-8bit", "R2046-5.2.1-1 R2045-6.4-1" },
	{ "forward-as-octets", "R2045-6.4-1" },
	{ "forward-global", "R6532-3.7-1" },
};

static void
test_message__gives_the_octets_of_the_cases(void **state)
{
	static const size_t steps[] = { 65536, 1, 2, 7, 8, 64, 100, 4096 };
	bool write = getenv("SMTP_GOLDEN") != NULL;
	struct smtp__moment now = moment();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *name = cases[i].name;
		char path[100];
		struct text recipe, want = { NULL, 0 };
		struct recipe r = { .data = NULL };
		struct smtp_message *m = smtp_message_new();

		assert_non_null(m);
		snprintf(path, sizeof(path), "tests/message/%s/recipe", name);
		recipe = load(path);
		if (recipe_run(&r, m, recipe.p, recipe.n) != SMTP_OK ||
		    smtp__message_prepare(m, &now) != SMTP_OK)
			fail_msg("%s: %s", name, smtp_message_error(m));
		snprintf(path, sizeof(path), "tests/message/%s/message.eml",
		    name);
		if (!write)
			want = load(path);
		for (size_t j = 0; j < COUNT(steps); j++) {
			struct smtp__content content;
			struct text got;
			int rc = stream(m, r.eightbit ? SMTP__CONTENT_8BIT : 0,
			    steps[j], &content, &got);

			if (rc != SMTP_OK)
				fail_msg("%s: %s", name,
				    smtp_message_error(m));
			check_wire(name, got, r.eightbit);
			if (write && j == 0) {
				save(path, got);
				want = load(path);
			}
			if (got.n != want.n || memcmp(got.p, want.p, got.n))
				fail_msg("%s by %zu: %.*s", name, steps[j],
				    (int)got.n, got.p);
			assert_true(content.size_known);
			assert_int_equal(content.size, got.n);
			free(got.p);
		}
		smtp_message_free(m);
		recipe_free(&r);
		free(recipe.p);
		free(want.p);
		if (cases[i].proves != NULL)
			proves(cases[i].proves);
	}
	proves("LIB-M-4");
}

/* A message that only lacks what a test adds. */
static struct smtp_message *
complete(void)
{
	struct smtp_message *m = smtp_message_new();

	assert_non_null(m);
	assert_int_equal(smtp_message_set_from(m, "joe@x.example"), SMTP_OK);
	assert_int_equal(smtp_message_add_to(m, "ann@x.example"), SMTP_OK);
	assert_int_equal(smtp_message_set_text(m, "Hello\n"), SMTP_OK);
	return m;
}

/*
 * What is refused, and what is said of it. Each recipe is added to a message
 * that is otherwise complete.
 */
#define A100 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OVER_1024 A100 A100 A100 A100 A100 A100 A100 A100 A100 A100 A100

static const struct {
	const char *recipe;
	int status;
	const char *words;       /* how they begin */
	const char *proves;
} refusals[] = {
	/* line ends and control characters, wherever text comes in */
	{ "set_subject\tHi\\r\\nBcc: x@y", SMTP_E_ARGUMENT,
	    "subject: has a line end; remove it", "R5322-2.2-2" },
	{ "set_subject\tHi\\nX: y", SMTP_E_ARGUMENT, "subject: ",
	    "R5322-2.2-2" },
	{ "set_subject\tHi\\r", SMTP_E_ARGUMENT, "subject: ",
	    "R5322-2.2-2" },
	{ "set_subject\t\\x1b[31m", SMTP_E_ARGUMENT,
	    "subject: has a control character; remove it", "R5322-2.2-2" },
	{ "add_to\tJoe\\r\\nBcc: x@y <a@x>", SMTP_E_ARGUMENT,
	    "to: has a line end; remove it", "R5322-2.2-2" },
	{ "add_to\ta@x.example\\r\\nRCPT TO:<b@x.example>", SMTP_E_ARGUMENT,
	    "to: ", "R5322-2.2-2" },
	{ "add_to\t\"Joe\\r\\n X\" <a@x.example>", SMTP_E_ARGUMENT, "to: ",
	    "R5322-2.2-2" },
	{ "add_address\tTo\tJoe\\nX: y\ta@x.example", SMTP_E_ARGUMENT,
	    "to: has a line end; remove it", "R5322-2.2-2" },
	{ "add_address\tTo\tJoe\ta@x.example\\r\\nX: y", SMTP_E_ARGUMENT,
	    "to: a@x.example??X: y has a line end or control character",
	    "R5322-2.2-2" },
	{ "add_header\tX-A\tb\\r\\n\\r\\nbody", SMTP_E_ARGUMENT,
	    "header: X-A has a line end; remove it", "R5322-2.2-2" },
	{ "add_header\tX-A\\r\\nBcc\tx@y", SMTP_E_ARGUMENT,
	    "header: X-A??Bcc is no name", "R5322-2.2-2" },
	{ "attach\tx\ttext/html\\r\\nX: y\ta.html", SMTP_E_ARGUMENT,
	    "attachment: ", "R5322-2.2-2 LIB-N-2" },
	{ "attach\tx\t-\ta\\r\\nX: y.html", SMTP_E_ARGUMENT, "attachment: ",
	    "R5322-2.2-2" },
	{ "attach\tx\ttext/plain; charset=\"a\\nb\"\ta", SMTP_E_ARGUMENT,
	    "attachment: ", "R5322-2.2-2" },
	{ "inline\tx\ta@b\\r\\nX: y\t-\ta", SMTP_E_ARGUMENT, "cid: ",
	    "R5322-2.2-2" },
	{ "set_message_id\ta@b\\r\\nX: y", SMTP_E_ARGUMENT, "message-id: ",
	    "R5322-2.2-2" },
	{ "set_envelope_from\ta@b\\r\\nX", SMTP_E_ARGUMENT,
	    "envelope from: ", "R5321-4.1.2-1" },
	{ "add_recipient\ta@b>\\r\\nRCPT TO:<c@d", SMTP_E_ARGUMENT,
	    "recipient: a@b>??RCPT TO:<c@d has a line end", "R5321-4.1.2-1" },
	/* text that is not UTF-8 */
	{ "set_subject\tGr\\xfc\\xdfe", SMTP_E_ARGUMENT,
	    "subject: is not valid UTF-8", "LIB-O-1" },
	{ "set_text\t\\xc0\\x80", SMTP_E_ARGUMENT,
	    "text: is not valid UTF-8", "LIB-O-1" },
	{ "set_html\t\\xed\\xa0\\x80", SMTP_E_ARGUMENT,
	    "html: is not valid UTF-8", "LIB-O-1" },
	{ "add_address\tCc\t\\xf4\\x90\\x80\\x80\ta@x.example",
	    SMTP_E_ARGUMENT, "cc: is not valid UTF-8", "LIB-O-1" },
	{ "attach\tx\t-\t\\xe2\\x82.txt", SMTP_E_ARGUMENT, "attachment: ",
	    "LIB-O-1" },
	/* names of fields */
	{ "add_header\tX Foo\ty", SMTP_E_ARGUMENT, "header: X Foo is no name",
	    "R5322-2.2-1" },
	{ "add_header\tX:Foo\ty", SMTP_E_ARGUMENT, "header: ",
	    "R5322-2.2-1" },
	{ "add_header\tSüb\ty", SMTP_E_ARGUMENT, "header: ", "R5322-2.2-1" },
	{ "add_header\t\ty", SMTP_E_ARGUMENT, "header: ", "R5322-2.2-1" },
	{ "add_header\tbcc\tx@y", SMTP_E_ARGUMENT,
	    "header: bcc is made by the message", "LIB-L-1" },
	{ "add_header\tcontent-type\tx/y", SMTP_E_ARGUMENT, "header: ",
	    "LIB-L-1" },
	{ "add_header\tContent-Foo\tx", SMTP_E_ARGUMENT, "header: ",
	    "LIB-L-1" },
	{ "add_header\tmime-version\t1.0", SMTP_E_ARGUMENT, "header: ",
	    "LIB-L-1" },
	{ "add_header\tSubject \tx", SMTP_E_ARGUMENT, "header: ",
	    "LIB-L-1" },
	{ "add_header\tSUBJECT\tx", SMTP_E_ARGUMENT, "header: ",
	    "LIB-L-1 R5322-3.6-1" },
	{ "add_header\tFrom\tx@y", SMTP_E_ARGUMENT, "header: ",
	    "R5322-3.6-1" },
	{ "add_header\tReceived\tx", SMTP_E_ARGUMENT, "header: ",
	    "LIB-L-6" },
	{ "add_header\tReturn-Path\tx", SMTP_E_ARGUMENT, "header: ",
	    "LIB-L-6" },
	{ "add_header\tDelivered-To\tx", SMTP_E_ARGUMENT, "header: ",
	    "LIB-L-6" },
	{ "add_header\tAuthentication-Results\tx", SMTP_E_ARGUMENT,
	    "header: ", "LIB-L-6" },
	{ "add_header\tDKIM-Signature\tx", SMTP_E_ARGUMENT, "header: ",
	    "LIB-L-6" },
	/* addresses */
	{ "set_sender\ta@x.example, b@y.example", SMTP_E_ARGUMENT,
	    "sender: ", "LIB-L-5 R5322-3.6.2-1" },
	{ "set_from\ta@x.example, b@y.example", SMTP_E_ARGUMENT,
	    "sender: is missing", "R5322-3.6.2-1" },
	{ "set_sender\tg: a@x.example;", SMTP_E_ARGUMENT, "sender: ",
	    "LIB-L-5" },
	{ "add_to\t", SMTP_E_ARGUMENT, "to: is empty", NULL },
	{ "add_to\t-", SMTP_E_ARGUMENT, "to: is missing", NULL },
	{ "add_cc\t(nobody)", SMTP_E_ARGUMENT, "cc: is empty", NULL },
	{ "add_to\ta@x_y.example", SMTP_E_ARGUMENT,
	    "to: a@x_y.example has a malformed domain", NULL },
	{ "add_to\t\"\"@x.example", SMTP_E_ARGUMENT, "to: ", NULL },
	{ "add_address\tSubject\t\ta@x.example", SMTP_E_ARGUMENT,
	    "address: Subject is no field of addresses", NULL },
	{ "add_recipient\tJoe <a@b.example>", SMTP_E_ARGUMENT,
	    "recipient: Joe <a@b.example> has a name", "LIB-C-3" },
	{ "set_envelope_from\t" OVER_1024 "@x.example", SMTP_E_ARGUMENT,
	    "envelope from: " A100 "... has over 254 octets", NULL },
	{ "add_recipient\t" OVER_1024 "@x.example", SMTP_E_ARGUMENT,
	    "recipient: " A100 "... has over 254 octets", NULL },
	{ "add_to\t" OVER_1024 "@x.example", SMTP_E_ARGUMENT,
	    "to: " A100 "... has over 254 octets", NULL },
	{ "add_recipient\t", SMTP_E_ARGUMENT, "recipient: is empty",
	    "R5321-4.1.1.2-1" },
	{ "set_envelope_from\t-", SMTP_E_ARGUMENT,
	    "envelope from: is missing", "R5321-4.5.5-1" },
	/* replies, lists, automatic mail */
	{ "add_header\tReferences\t<a@b>\nadd_header\treferences\t<c@d>",
	    SMTP_E_ARGUMENT, "header: references is there already",
	    "R5322-3.6-1" },
	{ "set_parent\ta b@c\t-\t-", SMTP_E_ARGUMENT,
	    "parent: a b@c is no message identifier", NULL },
	{ "set_parent\t<a@b>\\r\\nX: y\t-\t-", SMTP_E_ARGUMENT, "parent: ",
	    "R5322-2.2-2" },
	{ "set_automatic\tno", SMTP_E_ARGUMENT, "automatic: no is neither",
	    "R3834-5-1" },
	{ "set_priority\t2", SMTP_E_ARGUMENT, "priority: ", NULL },
	{ "add_list_url\tList-Foo\thttps://x.example/", SMTP_E_ARGUMENT,
	    "list: List-Foo is no field", NULL },
	{ "add_list_url\tList-Help\thttps://x.example/ y", SMTP_E_ARGUMENT,
	    "List-Help: https://x.example/ y is no URL", "R2369-2-1" },
	{ "add_list_url\tList-Help\thttps://x.example/>,<b", SMTP_E_ARGUMENT,
	    "List-Help: ", "R2369-2-1" },
	{ "add_list_url\tList-Help\thttps://x.example/\\r\\nX: y",
	    SMTP_E_ARGUMENT, "List-Help: ", "R2369-2-1 R5322-2.2-2" },
	{ "add_list_url\tList-Help\thttps://x.example/é", SMTP_E_ARGUMENT,
	    "List-Help: ", "R2369-2-1" },
	{ "add_list_url\tList-Help\tno", SMTP_E_ARGUMENT, "List-Help: ",
	    "R2369-2-1" },
	{ "set_list_id\t-\tnews", SMTP_E_ARGUMENT, "list-id: news is no",
	    "R2919-3-1" },
	{ "set_list_id\ta\\nb\tnews.x.example", SMTP_E_ARGUMENT,
	    "list-id: ", "R5322-2.2-2" },
	{ "set_one_click\nadd_list_url\tList-Unsubscribe\tmailto:a@x.example",
	    SMTP_E_ARGUMENT, "list-unsubscribe-post: needs an https URL",
	    "R8058-3.1-1" },
	{ "set_one_click", SMTP_E_ARGUMENT, "list-unsubscribe-post: ",
	    "R8058-3.1-1" },
	/* invitations and parts */
	{ "set_calendar\tBEGIN:VCALENDAR\\nMETHOD:REQUEST\\n\tCANCEL",
	    SMTP_E_ARGUMENT, "calendar: REQUEST has another METHOD",
	    "R6047-2.4-1" },
	{ "set_calendar\tBEGIN:VCALENDAR\\n\t-", SMTP_E_ARGUMENT,
	    "calendar: has no METHOD", "R6047-2.4-1" },
	{ "set_calendar\tMETHOD:A B\\n\t-", SMTP_E_ARGUMENT,
	    "calendar: A B has a malformed METHOD", "R6047-2.4-1" },
	{ "part_text\ta\ttext/plain\tutf-16\tx", SMTP_E_ARGUMENT,
	    "part: has a charset that text cannot have", "R2046-4.1.1-1" },
	{ "part_text\ta\ttext/plain\tx\\r\\ny\tx", SMTP_E_ARGUMENT,
	    "part: has no name of a charset", "R5322-2.2-2" },
	{ "part_text\ta\ttext/plain\t-\t\\xff", SMTP_E_ARGUMENT,
	    "part: is not valid UTF-8", "LIB-O-1" },
	{ "part_text\ta\tmultipart/mixed\t-\tx", SMTP_E_ARGUMENT,
	    "part: multipart/mixed has parts of its own", NULL },
	{ "part_multi\ta\ttext/plain", SMTP_E_ARGUMENT,
	    "part: text/plain is no multipart", NULL },
	{ "part_multi\ta\tmultipart/mixed; boundary=x", SMTP_E_ARGUMENT,
	    "part: boundary is made by the message", "R5322-2.2-2" },
	{ "part_multi\ta\tmultipart/mixed\npart_set_param\ta\tBoundary\tx",
	    SMTP_E_ARGUMENT, "part: Boundary is made", "R5322-2.2-2" },
	{ "part_multi\ta\tmultipart/mixed\npart_set_param\ta\tx\ty\\nz",
	    SMTP_E_ARGUMENT, "part: x has a line end", "R5322-2.2-2" },
	{ "part_multi\ta\tmultipart/mixed\npart_set_param\ta\tx y\tz",
	    SMTP_E_ARGUMENT, "part: x y is no name", "R5322-2.2-2" },
	{ "part_multi\ta\tmultipart/mixed\npart_add\ta\ta",
	    SMTP_E_ARGUMENT, "part: stands elsewhere", "LIB-M-5" },
	{ "part_multi\ta\tmultipart/mixed\npart_multi\tb\tmultipart/mixed\n"
	    "part_add\ta\tb\npart_add\tb\ta", SMTP_E_ARGUMENT,
	    "part: stands elsewhere", "LIB-M-5" },
	{ "part_text\ta\ttext/plain\t-\tx\n"
	    "part_set_description\ta\tx\\ny", SMTP_E_ARGUMENT,
	    "part: has a line end", "R5322-2.2-2" },
	{ "part_text\ta\ttext/plain\t-\tx\n"
	    "part_set_location\ta\tx\\ny", SMTP_E_ARGUMENT, "part: ",
	    "R5322-2.2-2" },
	{ "part_text\ta\ttext/plain\t-\tx\npart_set_id\ta\tx\\ny",
	    SMTP_E_ARGUMENT, "cid: ", "R5322-2.2-2" },
	{ "part_text\ta\ttext/plain\t-\tx\npart_set_disposition\ta\tx",
	    SMTP_E_ARGUMENT, "part: x is neither", NULL },
	{ "part_text\ta\ttext/plain\t-\tx\nset_content\ta",
	    SMTP_E_ARGUMENT, "content: is there beside a text", NULL },
	/* identifiers, dates, types, names */
	{ "set_message_id\tabc", SMTP_E_ARGUMENT,
	    "message-id: abc is no message identifier", "R5322-3.6.4-2" },
	{ "set_message_id\t<a b@c>", SMTP_E_ARGUMENT, "message-id: ",
	    "R5322-3.6.4-2" },
	{ "set_message_id\ta@b@c", SMTP_E_ARGUMENT, "message-id: ",
	    "R5322-3.6.4-2" },
	{ "set_message_id\t@b", SMTP_E_ARGUMENT, "message-id: ",
	    "R5322-3.6.4-2" },
	{ "set_message_id\ta@", SMTP_E_ARGUMENT, "message-id: ",
	    "R5322-3.6.4-2" },
	{ "set_message_id\té@b", SMTP_E_ARGUMENT, "message-id: ",
	    "R5322-3.6.4-2 R6532-3.2-1" },
	{ "set_date\t0\t6000", SMTP_E_ARGUMENT, "date: ", NULL },
	{ "attach\tx\ttext\ta", SMTP_E_ARGUMENT,
	    "attachment: text is no media type", "LIB-N-2" },
	{ "attach\tx\t/plain\ta", SMTP_E_ARGUMENT, "attachment: ",
	    "LIB-N-2" },
	{ "attach\tx\ttext/\ta", SMTP_E_ARGUMENT, "attachment: ",
	    "LIB-N-2" },
	{ "attach\tx\ttext/plain; charset\ta", SMTP_E_ARGUMENT,
	    "attachment: ", "LIB-N-2" },
	{ "attach\tx\ttext/plain junk\ta", SMTP_E_ARGUMENT, "attachment: ",
	    "LIB-N-2" },
	{ "attach\tx\tmultipart/mixed\ta", SMTP_E_ARGUMENT, "attachment: ",
	    NULL },
	{ "attach\tx\t-\t..", SMTP_E_ARGUMENT,
	    "attachment: .. is no name of a file", "R2183-2.3-1" },
	{ "attach\tx\t-\ta/", SMTP_E_ARGUMENT, "attachment: ",
	    "R2183-2.3-1" },
	{ "inline\tx\t-\t-\ta", SMTP_E_ARGUMENT, "cid: is missing", NULL },
	{ "inline\tx\t<a@b>\t-\ta", SMTP_E_ARGUMENT, "cid: ", NULL },
	{ "inline\tx\ta@b\t-\ta\ninline\ty\ta@b\t-\tb", SMTP_E_ARGUMENT,
	    "cid: a@b is there already", "R2045-7-1" },
};

static void
test_message__refuses_and_says_why(void **state)
{
	struct smtp__moment now = moment();

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const char *recipe = refusals[i].recipe;
		struct smtp_message *m = complete();
		struct recipe r = { .data = NULL };
		struct smtp__content content;
		char byte;

		recipe_run(&r, m, recipe, strlen(recipe));
		if (smtp__message_prepare(m, &now) != refusals[i].status ||
		    strncmp(smtp_message_error(m), refusals[i].words,
		    strlen(refusals[i].words)) != 0)
			fail_msg("%s: %s", recipe, smtp_message_error(m));
		/* a setter's error stays, and nothing comes out */
		if (smtp_message_set_subject(m, "x") != SMTP_OK) {
			assert_int_equal(smtp__message_plan(m, 0, &content),
			    refusals[i].status);
			assert_int_equal(smtp__message_read(m, &byte, 1),
			    refusals[i].status);
		}
		smtp_message_free(m);
		recipe_free(&r);
		if (refusals[i].proves != NULL)
			proves(refusals[i].proves);
	}
}

/*
 * What other builders and address parsers got wrong, by the number of the
 * advisory: refused here, or addressed to whom it says and nobody else.
 */
static const struct {
	const char *advisory, *recipe;
	const char *to;          /* the one recipient; NULL: refused */
} advisories[] = {
	{ "CVE-2015-9097", "add_to\ta@x.example>\\r\\nDATA\\r\\nx", NULL },
	{ "CVE-2016-10033", "set_envelope_from\t"
	    "\"a\\\\\" -oQ/tmp/ -X/tmp/x.php b\"@x.example\n"
	    "add_to\tb@y.example", "b@y.example" },
	{ "CVE-2017-9801", "add_to\ta@x.example\n"
	    "set_subject\tHi\\nTo: b@y.example", NULL },
	{ "CVE-2018-1294", "add_to\ta@x.example\n"
	    "set_envelope_from\tb@x.example\\r\\nRCPT TO:<c@y.example>", NULL },
	{ "CVE-2019-16056", "add_to\ta@evil.example@x.example", NULL },
	{ "CVE-2021-23400", "add_address\tTo\tA\ta@x.example\\r\\nX: y", NULL },
	{ "CVE-2021-23400", "add_address\tTo\tA\\r\\nX: y\ta@x.example", NULL },
	{ "CVE-2023-27043", "add_to\talice@x.example)bob@evil.example", NULL },
	{ "CVE-2023-27043", "add_to\talice@x.example(bob@evil.example", NULL },
	{ "CVE-2024-6923", "add_to\ta@x.example\n"
	    "add_header\tX-A\tb\\n\\nbody", NULL },
	{ "CVE-2025-7962", "add_to\ta@x.example\xC4\x8D\xC4\x8AX",
	    "a@x.xn--examplex-79at" },
	{ "CVE-2025-13033", "add_to\t\"a@evil.example x\"@x.example",
	    "\"a@evil.example x\"@x.example" },
};

static void
test_message__is_safe_where_others_were_not(void **state)
{
	struct smtp__moment now = moment();

	(void)state;
	for (size_t i = 0; i < COUNT(advisories); i++) {
		const char *recipe = advisories[i].recipe;
		struct smtp_message *m = smtp_message_new();
		struct recipe r = { .data = NULL };
		struct smtp__recipient *rows;
		size_t count;
		int rc;

		smtp_message_set_from(m, "joe@z.example");
		recipe_run(&r, m, recipe, strlen(recipe));
		rc = smtp__message_prepare(m, &now);
		rows = smtp__message_recipients(m, &count);
		if (advisories[i].to == NULL ? rc != SMTP_E_ARGUMENT :
		    rc != SMTP_OK || count != 1 ||
		    strcmp(rows[0].address, advisories[i].to) != 0)
			fail_msg("%s: %d %s", advisories[i].advisory, rc,
			    smtp_message_error(m));
		smtp_message_free(m);
		recipe_free(&r);
	}
	proves("R5321-4.1.2-6 R5321-4.1.2-1 R5322-2.2-2 LIB-L-5");
}

static void
test_message__tells_the_first_error(void **state)
{
	struct smtp_message *m = complete();

	(void)state;
	assert_string_equal(smtp_message_error(m), "");
	assert_int_equal(smtp_message_set_subject(m, "a\nb"),
	    SMTP_E_ARGUMENT);
	assert_int_equal(smtp_message_add_to(m, "a@b@c"), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_message_set_subject(m, "fine"),
	    SMTP_E_ARGUMENT);
	assert_string_equal(smtp_message_error(m),
	    "subject: has a line end; remove it");
	smtp_message_free(m);
	assert_string_equal(smtp_message_error(NULL), "no memory");
}

/* The envelope of a recipe: path, then recipients, with blanks between. */
static const struct {
	const char *recipe, *want, *proves;
} envelopes[] = {
	{ "set_from\tJoe <joe@x.example>\nadd_to\ta@x.example",
	    "joe@x.example a@x.example", "R5321-B-1" },
	{ "set_from\tjoe@x.example\n"
	    "add_to\tg: a@x.example, b@x.example;\nadd_bcc\tc@x.example",
	    "joe@x.example a@x.example b@x.example c@x.example",
	    "R5321-B-1" },
	{ "set_from\tjoe@x.example\nset_sender\ts@x.example\n"
	    "add_cc\ta@x.example", "s@x.example a@x.example", "R5321-B-1" },
	{ "set_from\tjoe@x.example\nadd_to\ta@x.example, b@x.example\n"
	    "add_cc\tB@x.example, a@X.EXAMPLE, b@x.example\n"
	    "add_bcc\t\"a\"@x.example",
	    "joe@x.example a@x.example b@x.example B@x.example", "LIB-C-5" },
	{ "set_from\tjoe@x.example\nadd_to\tz@x.example\n"
	    "add_recipient\ta@x.example\nadd_recipient\tb@x.example\n"
	    "add_recipient\ta@x.example",
	    "joe@x.example a@x.example b@x.example a@x.example",
	    "LIB-C-5 R5321-2.4-1" },
	{ "set_from\tjoe@x.example\nset_envelope_from\tbounce@x.example\n"
	    "add_to\ta@x.example", "bounce@x.example a@x.example", NULL },
	{ "set_from\tjoe@x.example\nset_envelope_from\t\n"
	    "add_to\ta@x.example", " a@x.example",
	    "R5321-4.1.1.2-1 R5321-4.5.5-1" },
	{ "set_from\tjoe@x.example\nadd_recipient\tPostmaster",
	    "joe@x.example Postmaster", "R5321-4.1.1.3-1" },
	{ "set_from\tjoe@x.example\nadd_to\tuser@bücher.example",
	    "joe@x.example user@xn--bcher-kva.example", "R6531-3.2-2" },
	{ "set_from\tjoe@x.example\nadd_to\t\"a.b\"@x.example.",
	    "joe@x.example a.b@x.example", "R5321-4.1.2-5 LIB-C-2" },
	{ "set_from\tNobody:;\nset_envelope_from\tj@x.example\n"
	    "add_to\ta@x.example", "j@x.example a@x.example", "R6854-2-1" },
	{ "set_from\tNobody:;\nadd_to\ta@x.example",
	    "! envelope from: is missing", "R6854-2-1" },
	{ "add_to\ta@x.example", "! from: is missing", "R5322-3.6-1" },
	{ "set_from\tjoe@x.example", "! recipients: are missing", "LIB-C-4" },
	{ "set_from\tjoe@x.example\nadd_to\tempty:;",
	    "! recipients: are missing", "LIB-C-4" },
};

static void
test_message__settles_the_envelope(void **state)
{
	struct smtp__moment now = moment();

	(void)state;
	for (size_t i = 0; i < COUNT(envelopes); i++) {
		const char *recipe = envelopes[i].recipe;
		struct smtp_message *m = smtp_message_new();
		struct recipe r = { .data = NULL };
		struct smtp__recipient *rows;
		char got[300];
		size_t count, n;

		assert_non_null(m);
		recipe_run(&r, m, recipe, strlen(recipe));
		if (smtp__message_prepare(m, &now) != SMTP_OK) {
			snprintf(got, sizeof(got), "! %s",
			    smtp_message_error(m));
			got[strlen(envelopes[i].want)] = '\0';
		} else {
			n = (size_t)snprintf(got, sizeof(got), "%s",
			    smtp__message_envelope_from(m));
			rows = smtp__message_recipients(m, &count);
			for (size_t j = 0; j < count; j++)
				n += (size_t)snprintf(got + n,
				    sizeof(got) - n, " %s", rows[j].address);
		}
		if (strcmp(got, envelopes[i].want) != 0)
			fail_msg("%s: %s", recipe, got);
		smtp_message_free(m);
		recipe_free(&r);
		if (envelopes[i].proves != NULL)
			proves(envelopes[i].proves);
	}
}

/* One octet that is not plain, wherever it stands, decides the encoding. */
static void
test_message__sees_each_octet_of_a_text(void **state)
{
	static const struct {
		char octet;
		const char *encoding;
	} rows[] = {
		{ 'a', ": 7bit" }, { ' ', ": 7bit" }, { '~', ": 7bit" },
		{ '\t', ": 7bit" }, { '\x1B', ": quoted-printable" },
		{ '\x7F', ": quoted-printable" },
		{ '\x1F', ": quoted-printable" },
		{ '\x01', ": quoted-printable" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t n = 1; n < 40; n++)
			for (size_t at = 0; at < n; at++) {
				struct smtp__moment now = moment();
				struct smtp_message *m = complete();
				struct smtp__content content;
				struct text got;
				char body[60];

				memset(body, 'x', n);
				body[at] = rows[i].octet;
				memcpy(body + n, "\ny", 3);
				smtp_message_set_text(m, body);
				smtp__message_prepare(m, &now);
				assert_int_equal(stream(m, 0, 500, &content,
				    &got), SMTP_OK);
				got.p[got.n - 1] = '\0';
				if (strstr(got.p, rows[i].encoding) == NULL &&
				    (rows[i].encoding[2] == '7' ||
				    strstr(got.p, ": base64") == NULL))
					fail_msg("%zu %zu %zu: %s", i, n, at,
					    got.p);
				free(got.p);
				smtp_message_free(m);
			}
	proves("R2045-6-1 R5321-4.1.1.4-3 R6152-3-3");
}

/* Everything a message is made of but To and Bcc. */
static struct text
wire(struct smtp_message *m, unsigned offers)
{
	struct smtp__moment now = moment();
	struct smtp__content content;
	struct text text = { NULL, 0 };

	if (smtp__message_prepare(m, &now) != SMTP_OK ||
	    stream(m, offers, 4096, &content, &text) != SMTP_OK)
		fail_msg("%s", smtp_message_error(m));
	text.p = realloc(text.p, text.n + 1);
	assert_non_null(text.p);
	text.p[text.n] = '\0';
	return text;
}

static void
test_message__needs_smtputf8_for_such_addresses_alone(void **state)
{
	static const struct {
		const char *recipe;
		bool needs;
	} rows[] = {
		{ "add_to\tuser@bücher.example", false },
		{ "add_to\tЯ <user@x.example>", false },
		{ "add_to\t用户@x.example", true },
		{ "add_bcc\t用户@x.example", true },
		{ "add_recipient\t用户@x.example", true },
		{ "set_envelope_from\t用户@x.example", true },
		{ "add_reply_to\t用户@x.example", true },
	};
	struct smtp__moment now = moment();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_message *m = complete();
		struct recipe r = { .data = NULL };
		struct smtp__content content;
		int rc;

		recipe_run(&r, m, rows[i].recipe, strlen(rows[i].recipe));
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		rc = smtp__message_plan(m, SMTP__CONTENT_8BIT, &content);
		assert_int_equal(rc, rows[i].needs ? SMTP_E_UNSUPPORTED :
		    SMTP_OK);
		if (rows[i].needs)
			assert_non_null(strstr(smtp_message_error(m),
			    "用户@x.example needs SMTPUTF8"));
		rc = smtp__message_plan(m, SMTP__CONTENT_UTF8, &content);
		assert_int_equal(rc, SMTP_OK);
		assert_int_equal(content.needs, rows[i].needs ?
		    SMTP__CONTENT_UTF8 : 0);
		smtp_message_free(m);
		recipe_free(&r);
	}
	proves("R6531-3.2-1 R6531-3.2-2 R6531-3.6-1");
}

/* RFC 6532 where it is offered, encoded-words elsewhere. */
static void
test_message__writes_text_as_it_is_when_told(void **state)
{
	struct smtp__moment now = moment();
	struct smtp_message *m = complete();
	struct smtp__content content;
	struct text got;

	(void)state;
	smtp_message_set_from(m, "Jörg <joe@x.example>");
	smtp_message_add_address(m, "Cc", "Müller, \"J\"", "j@x.example");
	smtp_message_set_subject(m, "Grüße aus Köln");
	smtp_message_set_list_id(m, "Nachrichten für alle", "a.example");
	for (int on = 0; on < 2; on++)
		for (int offered = 0; offered < 2; offered++) {
			bool raw = on && offered;

			smtp_message_set_utf8(m, on);
			assert_int_equal(smtp__message_prepare(m, &now),
			    SMTP_OK);
			assert_int_equal(stream(m, offered ?
			    SMTP__CONTENT_UTF8 : 0, 100, &content, &got),
			    SMTP_OK);
			check_wire("utf8", got, raw);
			got.p[got.n - 1] = '\0';
			assert_int_equal(content.needs, raw ?
			    SMTP__CONTENT_UTF8 : 0);
			assert_int_equal(strstr(got.p, "=?") == NULL, raw);
			if (raw) {
				assert_non_null(strstr(got.p,
				    "From: Jörg <joe@x.example>\r\n"));
				assert_non_null(strstr(got.p, "Cc: \"Müller, "
				    "\\\"J\\\"\" <j@x.example>\r\n"));
				assert_non_null(strstr(got.p,
				    "Subject: Grüße aus Köln\r\n"));
				assert_non_null(strstr(got.p, "List-Id: "
				    "Nachrichten für alle <a.example>\r\n"));
			}
			free(got.p);
		}
	smtp_message_free(m);
	proves("R6532-3.6-1 R6531-3.6-1");
}

static void
test_message__never_tells_bcc(void **state)
{
	struct smtp_message *m = complete();
	struct text text;

	(void)state;
	smtp_message_add_bcc(m, "Secret <hidden@secret.example>");
	smtp_message_attach(m, smtp_source_memory("x", 1), NULL, "a.bin");
	text = wire(m, 0);
	assert_null(strstr(text.p, "hidden"));
	assert_null(strstr(text.p, "Secret"));
	assert_null(strstr(text.p, "Bcc"));
	free(text.p);
	smtp_message_free(m);
	proves("R5322-3.6.3-1 R5321-7.2-1");
}

static void
test_message__leaves_sender_out_when_it_is_the_author(void **state)
{
	static const struct {
		const char *from, *sender;
		bool shown;
	} rows[] = {
		{ "Joe <joe@x.example>", "joe@x.example", false },
		{ "joe@x.example", "ann@x.example", true },
		{ "joe@x.example, ann@x.example", "joe@x.example", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_message *m = complete();
		struct text text;

		smtp_message_set_from(m, rows[i].from);
		smtp_message_set_sender(m, rows[i].sender);
		text = wire(m, 0);
		assert_int_equal(strstr(text.p, "\r\nSender: ") != NULL,
		    rows[i].shown);
		free(text.p);
		smtp_message_free(m);
	}
	proves("R5322-3.6.2-2 R5322-3.6.2-1");
}

static void
test_message__has_each_structural_field_once(void **state)
{
	static const char *const fields[] = { "Date: ", "From: ", "Sender: ",
	    "Reply-To: ", "To: ", "Cc: ", "Subject: ", "Message-ID: ",
	    "MIME-Version: 1.0\r\n" };
	struct smtp_message *m = complete();
	struct text text;

	(void)state;
	smtp_message_set_from(m, "second@x.example");
	smtp_message_set_sender(m, "one@x.example");
	smtp_message_set_sender(m, "two@x.example");
	smtp_message_set_subject(m, "one");
	smtp_message_set_subject(m, "two");
	smtp_message_add_to(m, "b@x.example");
	smtp_message_add_cc(m, "c@x.example");
	smtp_message_add_cc(m, "d@x.example");
	smtp_message_add_reply_to(m, "e@x.example");
	smtp_message_add_reply_to(m, "f@x.example");
	smtp_message_attach(m, smtp_source_memory("x", 1), NULL, NULL);
	text = wire(m, 0);
	for (size_t i = 0; i < COUNT(fields); i++) {
		size_t n = 0;

		for (char *p = text.p; p != NULL; p = strstr(p, "\r\n")) {
			p += p == text.p ? 0 : 2;
			n += strncmp(p, fields[i], strlen(fields[i])) == 0;
		}
		assert_int_equal(n, 1);
	}
	assert_non_null(strstr(text.p, "From: second@x.example\r\n"));
	assert_non_null(strstr(text.p, "Subject: two\r\n"));
	assert_null(strstr(text.p, "User-Agent"));
	assert_null(strstr(text.p, "X-Mailer"));
	free(text.p);
	smtp_message_free(m);
	proves("R5322-3.6-1 R2045-4-1 LIB-L-8");
}

static void
test_message__needs_neither_clock_nor_chance_when_told_all(void **state)
{
	struct smtp__moment nothing = { .has_clock = false };
	struct smtp__moment unset = { .has_clock = true, .seconds = 3600 };
	struct smtp_message *m = complete();
	struct smtp__content content;
	struct text text;

	(void)state;
	assert_int_equal(smtp__message_prepare(m, &nothing),
	    SMTP_E_UNSUPPORTED);
	assert_string_equal(smtp_message_error(m), "message-id: needs random "
	    "octets, and there is no source of them");
	smtp_message_set_message_id(m, "<1@x.example>");
	assert_int_equal(smtp__message_prepare(m, &unset), SMTP_OK);
	assert_int_equal(stream(m, 0, 64, &content, &text), SMTP_OK);
	assert_memory_equal(text.p, "From: ", 6);
	free(text.p);
	smtp_message_attach(m, smtp_source_memory("x", 1), NULL, NULL);
	assert_int_equal(smtp__message_prepare(m, &nothing),
	    SMTP_E_UNSUPPORTED);
	assert_memory_equal(smtp_message_error(m), "boundary: ", 10);
	smtp_message_free(m);
	proves("LIB-M-6 LIB-L-3");
}

static void
test_message__makes_ids_and_boundaries_of_chance_alone(void **state)
{
	struct smtp__moment now = moment();
	char was[2][80] = { "", "" };

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct smtp_message *m = complete();
		struct smtp__content content;
		struct text text;
		const char *p;

		now.random[round == 0 ? 0 : 14] ^= 1;
		now.random[round == 0 ? 15 : 23] ^= 4;
		smtp_message_attach(m, smtp_source_memory("x", 1), NULL,
		    NULL);
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		assert_int_equal(stream(m, 0, 512, &content, &text), SMTP_OK);
		p = smtp_message_message_id(m);
		assert_int_equal(strlen(p), 1 + 24 + strlen("@x.example>"));
		assert_string_not_equal(p, was[0]);
		memcpy(was[0], p, strlen(p) + 1);
		text.p[text.n - 1] = '\0';
		p = strstr(text.p, "boundary=\"=_");
		assert_non_null(p);
		assert_int_equal(strcspn(p + 10, "\""), 2 + 2 + 14);
		assert_memory_not_equal(p, was[1], 28);
		memcpy(was[1], p, 28);
		free(text.p);
		smtp_message_free(m);
	}
	proves("R5322-3.6.4-1 LIB-L-4 R2046-5.1-1 LIB-M-2");
}

static void
test_message__takes_no_machine_name_into_the_id(void **state)
{
	static const char *const froms[] = { "joe@localhost",
	    "joe@LOCALHOST", "Nobody:;" };
	struct smtp__moment now = moment();

	(void)state;
	for (size_t i = 0; i < COUNT(froms); i++) {
		struct smtp_message *m = smtp_message_new();

		assert_non_null(m);
		smtp_message_set_from(m, froms[i]);
		smtp_message_set_envelope_from(m, "j@x.example");
		smtp_message_add_to(m, "a@x.example");
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		assert_non_null(strstr(smtp_message_message_id(m),
		    "@mail.invalid>"));
		smtp_message_free(m);
	}
	proves("R5322-3.6.4-1");
}

static void
test_message__keeps_date_and_id_for_the_next_send(void **state)
{
	struct smtp__moment now = moment();
	struct smtp_message *m = complete();
	struct smtp__content content;
	struct text first, second;

	(void)state;
	smtp_message_set_text(m, "Grüße\n");
	smtp_message_attach(m, smtp_source_memory("xyz", 3), NULL, "a.bin");
	first = wire(m, 0);
	now.seconds += 1000;
	memset(now.random, 0, sizeof(now.random));
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
	/* another connection, which takes more, and then the first again */
	assert_int_equal(stream(m, SMTP__CONTENT_8BIT, 4096, &content,
	    &second), SMTP_OK);
	assert_int_equal(content.needs, SMTP__CONTENT_8BIT);
	assert_int_not_equal(first.n, second.n);
	free(second.p);
	assert_int_equal(stream(m, 0, 4096, &content, &second), SMTP_OK);
	assert_int_equal(first.n, second.n);
	assert_memory_equal(first.p, second.p, first.n);
	free(first.p);
	free(second.p);
	smtp_message_free(m);
}

static void
test_message__folds_thousands_of_recipients(void **state)
{
	struct smtp_message *m = complete();
	struct text text;
	size_t count;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		char address[64];

		snprintf(address, sizeof(address),
		    "Recipient %d <recipient%d@x.example>", i, i);
		assert_int_equal(smtp_message_add_to(m, address), SMTP_OK);
	}
	text = wire(m, 0);
	check_wire("5000", text, false);
	for (char *p = text.p, *end; p < text.p + text.n; p = end + 2) {
		end = strstr(p, "\r\n");
		assert_non_null(end);
		assert_in_range(end - p, 0, 78);
	}
	smtp__message_recipients(m, &count);
	assert_int_equal(count, 5001);
	free(text.p);
	smtp_message_free(m);
	proves("R5322-2.1.1-1 R5322-2.1.1-2");
}

/*
 * A source that yields what `p` has, with "not yet" before each piece, then
 * `end`; SMTP_SOURCE_FAILED for one that breaks.
 */
struct flow {
	const char *p;
	size_t n, at, piece;
	bool waits, was;
	ptrdiff_t end;
	int rewinds;
};

static ptrdiff_t
flow_read(void *ctx, void *p, size_t n)
{
	struct flow *f = ctx;

	f->was = !f->was;
	if (f->waits && f->was)
		return SMTP_SOURCE_WAIT;
	if (n > f->piece)
		n = f->piece;
	if (n > f->n - f->at)
		n = f->n - f->at;
	if (n == 0)
		return f->end;
	memcpy(p, f->p + f->at, n);
	f->at += n;
	return (ptrdiff_t)n;
}

static int
flow_rewind(void *ctx)
{
	((struct flow *)ctx)->at = 0;
	((struct flow *)ctx)->rewinds++;
	return 0;
}

static void
test_message__waits_for_sources_and_loses_nothing(void **state)
{
	char data[3000];
	struct text want;
	struct smtp_message *m = complete();

	(void)state;
	recipe_draw(data, sizeof(data), 5);
	smtp_message_attach(m, smtp_source_memory(data, sizeof(data)), NULL,
	    "a.bin");
	want = wire(m, 0);
	smtp_message_free(m);
	for (size_t piece = 1; piece < 4000; piece = piece * 3 + 1)
		for (int kind = 0; kind < 4; kind++) {
			struct flow f = { data, sizeof(data), 0, piece,
			    kind % 2 == 0, false, 0, 0 };
			struct smtp__moment now = moment();
			struct smtp__content content;
			struct text got;

			m = complete();
			smtp_message_attach(m, smtp_source_callback(flow_read,
			    kind < 2 ? flow_rewind : NULL, NULL, &f,
			    SMTP_SIZE_UNKNOWN), NULL, "a.bin");
			assert_int_equal(smtp__message_prepare(m, &now),
			    SMTP_OK);
			assert_int_equal(stream(m, 0, 333, &content, &got),
			    SMTP_OK);
			assert_int_equal(got.n, want.n);
			assert_memory_equal(got.p, want.p, want.n);
			/* its size is known where it could be counted */
			assert_int_equal(content.size_known, kind < 2);
			if (kind < 2)
				assert_int_equal(content.size, want.n);
			assert_int_equal(smtp__message_can_rewind(m),
			    kind < 2);
			free(got.p);
			/* a second time, if it can */
			assert_int_equal(stream(m, 0, 100, &content, &got),
			    kind < 2 ? SMTP_OK : SMTP_E_SOURCE);
			free(got.p);
			smtp_message_free(m);
		}
	free(want.p);
	proves("LIB-N-4 LIB-F-7 LIB-M-4");
}

static void
test_message__fails_when_a_source_does(void **state)
{
	static const struct {
		uint64_t size;
		ptrdiff_t end;
		const char *words;
	} rows[] = {
		{ SMTP_SIZE_UNKNOWN, SMTP_SOURCE_FAILED,
		    "attachment: report.pdf cannot be read: its read function "
		    "failed" },
		{ 999, 0, "attachment: report.pdf cannot be read: it goes on "
		    "behind the size it had said" },
		{ 1001, 0, "attachment: report.pdf cannot be read: it ended "
		    "before the size it had said" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char data[1000] = "";
		struct flow f = { data, sizeof(data), 0, 100, false, false,
		    rows[i].end, 0 };
		struct smtp__moment now = moment();
		struct smtp_message *m = complete();
		struct smtp__content content;
		struct text got;
		char byte;

		smtp_message_attach(m, smtp_source_callback(flow_read, NULL,
		    NULL, &f, rows[i].size), NULL, "report.pdf");
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		assert_int_equal(stream(m, 0, 64, &content, &got),
		    SMTP_E_SOURCE);
		assert_string_equal(smtp_message_error(m), rows[i].words);
		assert_int_equal(smtp__message_read(m, &byte, 1),
		    SMTP_E_SOURCE);
		smtp_message_free(m);
	}
	proves("LIB-N-4");
}

static void
test_message__names_the_file_that_is_missing(void **state)
{
	struct smtp__moment now = moment();
	struct smtp_message *m = complete();
	struct smtp__content content;

	(void)state;
	assert_int_equal(smtp_message_attach_file(m, "no/such/report.pdf",
	    NULL, NULL), SMTP_OK);
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
	assert_int_equal(smtp__message_plan(m, 0, &content), SMTP_E_SOURCE);
	assert_string_equal(smtp_message_error(m), "attachment: "
	    "no/such/report.pdf cannot be read: no such file");
	smtp_message_free(m);
	m = complete();
	assert_int_equal(smtp_message_attach_file(m, NULL, NULL, NULL),
	    SMTP_E_ARGUMENT);
	assert_string_equal(smtp_message_error(m), "attachment: has no path");
	smtp_message_free(m);
}

/* Between two sends a file becomes another: the plan is of what is there. */
static void
test_message__plans_anew_what_a_source_has_become(void **state)
{
	static const char name[] = "message-test.tmp";
	struct smtp__moment now = moment();
	struct smtp_message *m = complete();
	struct smtp__content content;

	(void)state;
	smtp_message_attach_file(m, name, NULL, NULL);
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
	for (size_t n = 0; n < 200; n += 57) {
		char data[200] = "";
		struct text text = { data, n }, got;

		save(name, text);
		assert_int_equal(stream(m, 0, 50, &content, &got), SMTP_OK);
		assert_int_equal(content.size, got.n);
		free(got.p);
	}
	remove(name);
	assert_int_equal(smtp__message_plan(m, 0, &content), SMTP_E_SOURCE);
	smtp_message_free(m);
}

/* Content that is ready, and what becomes of it with and without 8BITMIME. */
static const struct {
	const char *content;
	unsigned offers;
	int status;              /* of the stream */
	unsigned needs;
	const char *want;        /* the octets, or the words */
	const char *proves;
} ready[] = {
	{ "a: b\n\nc", 0, SMTP_OK, 0, "a: b\r\n\r\nc\r\n", "R5322-3.6-2" },
	{ "", 0, SMTP_OK, 0, "", NULL },
	{ "a: b\r\n\r\n.\r\n", 0, SMTP_OK, 0, "a: b\r\n\r\n.\r\n", NULL },
	{ "a: b\n\n\\xc3\\xa9", 0, SMTP_E_UNSUPPORTED, 0,
	    "raw: line 3 has octets above 127, which need 8BITMIME",
	    "R5321-2.4-3" },
	{ "a: b\n\n\\xc3\\xa9", SMTP__CONTENT_8BIT, SMTP_OK,
	    SMTP__CONTENT_8BIT, "a: b\r\n\r\n\xC3\xA9\r\n", "R5321-2.4-3" },
	{ "a: \\xc3\\xa9\n\nb", SMTP__CONTENT_8BIT, SMTP_E_UNSUPPORTED, 0,
	    "raw: line 1 has octets above 127 in the header",
	    "R2046-5.1.1-5 R6531-3.2-1" },
	{ "a: \\xc3\\xa9\n\nb", SMTP__CONTENT_8BIT | SMTP__CONTENT_UTF8,
	    SMTP_OK, SMTP__CONTENT_UTF8, "a: \xC3\xA9\r\n\r\nb\r\n",
	    "R2046-5.1.1-5" },
	{ "a: b\n\nc\rd", 0, SMTP_E_ARGUMENT, 0,
	    "raw: line 3 has a CR without LF", "R5321-2.3.8-2" },
	{ "a: b\n\nc\\x00d", 0, SMTP_E_ARGUMENT, 0,
	    "raw: line 3 has a NUL octet", NULL },
};

static void
test_message__sends_ready_content_as_it_is(void **state)
{
	struct smtp__moment now = { .has_clock = false };

	(void)state;
	for (size_t i = 0; i < COUNT(ready); i++)
		for (int how = 0; how < 4; how++) {
			/* memory, a callback that rewinds, one that does */
			/* not, and that one a few octets at a time       */
			static const char *const marks[] =
			    { "", "!", "?", "?" };
			struct smtp_message *m = smtp_message_new();
			struct recipe r = { .data = NULL };
			struct smtp__content content;
			char recipe[300], *p = recipe;
			struct text got;
			int rc;

			assert_non_null(m);
			p += snprintf(p, 200, "set_envelope_from\tj@x.example"
			    "\nadd_recipient\ta@x.example\nset_raw\t%s",
			    marks[how]);
			for (const char *c = ready[i].content; *c != '\0';
			    c++) {
				if (*c == '\n' || *c == '\r')
					*p++ = '\\';
				*p++ = *c == '\n' ? 'n' : *c == '\r' ? 'r' :
				    *c;
			}
			assert_int_equal(recipe_run(&r, m, recipe,
			    (size_t)(p - recipe)), SMTP_OK);
			assert_int_equal(smtp__message_prepare(m, &now),
			    SMTP_OK);
			rc = stream(m, ready[i].offers, how == 3 ? 3 : 500,
			    &content, &got);
			/* read once, a header cannot be known before */
			if (how > 1 && ready[i].needs == SMTP__CONTENT_UTF8) {
				assert_int_equal(rc, SMTP_E_UNSUPPORTED);
				goto next;
			}
			if (rc != ready[i].status)
				fail_msg("%zu %d: %d %s", i, how, rc,
				    smtp_message_error(m));
			if (rc != SMTP_OK) {
				assert_memory_equal(smtp_message_error(m),
				    ready[i].want, strlen(ready[i].want));
				goto next;
			}
			assert_int_equal(got.n, strlen(ready[i].want));
			assert_memory_equal(got.p, ready[i].want, got.n);
			assert_int_equal(content.size_known, how < 2);
			if (how < 2)
				assert_int_equal(content.size, got.n);
			if (how < 2)
				assert_int_equal(content.needs,
				    ready[i].needs);
			else
				assert_int_equal(content.needs,
				    ready[i].offers & SMTP__CONTENT_8BIT);
			free(got.p);
next:
			smtp_message_free(m);
			recipe_free(&r);
			if (ready[i].proves != NULL)
				proves(ready[i].proves);
		}
}

static void
test_message__does_not_encode_an_attached_message(void **state)
{
	static const struct {
		const char *source, *type;
		unsigned offers;
		int rc;
		const char *words;
	} rows[] = {
		{ "a: b\\n\\nGr\\xc3\\xbc\\xc3\\x9fe", "message/rfc822", 0,
		    SMTP_E_UNSUPPORTED, "attachment: old.eml is a message "
		    "with octets above 127, which need 8BITMIME" },
		{ "a: b\\n\\nGr\\xc3\\xbc\\xc3\\x9fe", "message/rfc822",
		    SMTP__CONTENT_8BIT, SMTP_OK, "" },
		{ "!a: b\\n\\nGr\\xc3\\xbc\\xc3\\x9fe", "message/rfc822",
		    SMTP__CONTENT_8BIT, SMTP_OK, "" },
		{ "?a: b\\n\\nGr\\xc3\\xbc\\xc3\\x9fe", "message/rfc822",
		    SMTP__CONTENT_8BIT, SMTP_OK, "" },
		{ "?a: b\\n\\nGr\\xc3\\xbc\\xc3\\x9fe", "message/rfc822", 0,
		    SMTP_E_UNSUPPORTED, "attachment: line 3 has octets above "
		    "127, which need 8BITMIME; encode the content" },
		{ "a: b\\n\\nx\\ry", "message/rfc822", 0, SMTP_E_ARGUMENT,
		    "attachment: line 3 has a CR without LF; end lines with "
		    "LF or CRLF" },
		{ "?a: b\\n\\nx\\ry", "message/rfc822", 0, SMTP_E_ARGUMENT,
		    "attachment: line 3 has a CR without LF; end lines with "
		    "LF or CRLF" },
		{ "?a: b\\n\\nx\\ry", "-", 0, SMTP_OK, "" },
		{ "a: b\\n\\n\\xc3\\xa9", "-", 0, SMTP_OK, "" },
		{ "a: \\xc3\\xa9\\n\\nb", "-", 0, SMTP_OK, "" },
		{ "a: \\xc3\\xa9\\n\\nb", "-", SMTP__CONTENT_8BIT, SMTP_OK,
		    "" },
		{ "a: \\xc3\\xa9\\n\\nb", "message/global",
		    SMTP__CONTENT_8BIT, SMTP_OK, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__moment now = moment();
		struct smtp_message *m = complete();
		struct recipe r = { .data = NULL };
		struct smtp__content content;
		char recipe[200];
		struct text got = { NULL, 0 };
		int n = snprintf(recipe, sizeof(recipe),
		    "attach\t%s\t%s\told.eml", rows[i].source, rows[i].type);

		recipe_run(&r, m, recipe, (size_t)n);
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		assert_int_equal(stream(m, rows[i].offers, 77, &content,
		    &got), rows[i].rc);
		assert_string_equal(smtp_message_error(m), rows[i].words);
		if (rows[i].rc == SMTP_OK) {
			check_wire("attached", got, rows[i].offers != 0);
			assert_int_equal(content.size_known,
			    rows[i].source[0] != '?');
			if (content.size_known)
				assert_int_equal(content.size, got.n);
			assert_int_equal(content.needs, rows[i].offers);
		}
		free(got.p);
		smtp_message_free(m);
		recipe_free(&r);
	}
	proves("R2046-5.2.1-1 R2045-6.4-1");
}

static void
test_message__bounds_the_depth_of_parts(void **state)
{
	struct smtp_message *m = smtp_message_new();
	struct smtp_part *inner, *outer;
	int rc = SMTP_OK;
	unsigned depth;

	(void)state;
	/* from the inside out */
	inner = smtp_part_multi(m, "multipart/mixed");
	for (depth = 1; rc == SMTP_OK && depth < 1000; depth++) {
		outer = smtp_part_multi(m, "multipart/mixed");
		rc = smtp_part_add(outer, inner);
		inner = outer;
	}
	assert_int_equal(depth, 21);
	assert_int_equal(rc, SMTP_E_ARGUMENT);
	assert_string_equal(smtp_message_error(m),
	    "part: is nested too deep (20)");
	smtp_message_free(m);
	/* from the outside in */
	m = smtp_message_new();
	outer = smtp_part_multi(m, "multipart/mixed");
	for (depth = 1, rc = SMTP_OK; rc == SMTP_OK && depth < 1000;
	    depth++) {
		inner = smtp_part_multi(m, "multipart/mixed");
		rc = smtp_part_add(outer, inner);
		outer = inner;
	}
	assert_int_equal(depth, 21);
	smtp_message_free(m);
	/* in number */
	m = smtp_message_new();
	outer = smtp_part_multi(m, "multipart/mixed");
	for (depth = 1, rc = SMTP_OK; rc == SMTP_OK && depth < 5000; depth++)
		rc = smtp_part_add(outer, smtp_part_text(m, "text/plain",
		    NULL, "x", 1));
	assert_int_equal(depth, 1001);
	assert_string_equal(smtp_message_error(m),
	    "part: is one more than a message may have (1000)");
	smtp_message_free(m);
	proves("LIB-M-5");
}

static void
test_message__refuses_a_multipart_without_parts(void **state)
{
	struct smtp__moment now = moment();
	struct smtp_message *m = smtp_message_new();
	struct smtp_part *outer = smtp_part_multi(m, "multipart/mixed");

	(void)state;
	smtp_message_set_from(m, "joe@x.example");
	smtp_message_add_to(m, "ann@x.example");
	smtp_part_add(outer, smtp_part_text(m, "text/plain", NULL, "x", 1));
	smtp_part_add(outer, smtp_part_multi(m, "multipart/report"));
	smtp_message_set_content(m, outer);
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_E_ARGUMENT);
	assert_string_equal(smtp_message_error(m),
	    "content: multipart/report has no parts");
	smtp_message_free(m);
	/* nothing here needs a message or a part */
	assert_null(smtp_part_multi(NULL, "multipart/mixed"));
	assert_null(smtp_part_text(NULL, "text/plain", NULL, "x", 1));
	assert_null(smtp_part_source(NULL, smtp_source_memory("x", 1), NULL,
	    NULL));
	assert_int_equal(smtp_part_add(NULL, NULL), SMTP_E_ARGUMENT);
	assert_int_equal(smtp_part_set_id(NULL, "x"), SMTP_E_ARGUMENT);
	proves("R2046-5.1.1-3");
}

/* What is in octets alone gets no line end behind it either. */
static void
test_message__adds_nothing_to_binary(void **state)
{
	static const char *const rows[] = { "", "a", "a\n", "a\r\n" };
	struct smtp__moment now = moment();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_message *m = smtp_message_new();
		struct smtp__content content;
		struct text got;
		const char *body;
		size_t n = strlen(rows[i]);

		smtp_message_set_from(m, "joe@x.example");
		smtp_message_add_to(m, "ann@x.example");
		smtp_message_set_content(m, smtp_part_source(m,
		    smtp_source_memory(rows[i], n), "image/png", NULL));
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		assert_int_equal(stream(m, SMTP__CONTENT_BINARY |
		    SMTP__CONTENT_CHUNKING, 64, &content, &got), SMTP_OK);
		assert_int_equal(content.size, got.n);
		body = memmem(got.p, got.n, "\r\n\r\n", 4);
		assert_non_null(body);
		assert_int_equal(got.p + got.n - (body + 4), n);
		assert_memory_equal(body + 4, rows[i], n);
		free(got.p);
		smtp_message_free(m);
	}
}

/* One piece, or it would have the name of those that are the name. */
static void
test_message__keeps_the_likeness_of_a_name_in_one_piece(void **state)
{
#define A47 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A50 A47 "aaa"
	static const struct {
		const char *name, *likeness;
	} rows[] = {
		{ "\xC3\xA4=?utf-8?q?a?=.pdf", "\"_=_utf-8_q_a_=.pdf\"" },
		{ "\xC3\xA4\"\\.pdf", ".pdf" },
		{ "\xC3\xA4\".pdf", "__.pdf" },
		{ "\xC3\xA4" A50 "0123456789abc", "_" A50 "0123456789abc" },
		{ "\xC3\xA4" A50 "0123456789abcd", "_" A50 "0123456789abc" },
		{ "\xC3\xA4" A50 A50 ".tar.gz", "_" A50 "aaaaaaaaaa.gz" },
		{ "\xC3\xA4" A50 A50 ".0123456789abcde",
		    "_" A47 ".0123456789abcde" },
		{ "\xC3\xA4" A50 A50 ".0123456789abcdef",
		    "_" A50 "aaaaaaaaaaaaa" },
	};
	struct smtp__moment now = moment();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_message *m = complete();
		struct smtp__content content;
		struct text got;
		char want[128];

		smtp_message_set_name_fallback(m, 1);
		smtp_message_attach(m, smtp_source_memory("a", 1), NULL,
		    rows[i].name);
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		assert_int_equal(stream(m, 0, 64, &content, &got), SMTP_OK);
		snprintf(want, sizeof(want), " filename=%s%s",
		    rows[i].likeness, i == 1 ? "\r\n" : ";\r\n");
		if (memmem(got.p, got.n, want, strlen(want)) == NULL)
			fail_msg("%zu: %.*s", i, (int)got.n, got.p);
		free(got.p);
		smtp_message_free(m);
	}
#undef A50
#undef A47
}

/* RFC 3030: as it is where the server takes that, else base64. */
static void
test_message__sends_binary_where_that_is_offered(void **state)
{
	static const char data[] = "\0\r\n.\r\n\xFF";
	const unsigned both = SMTP__CONTENT_BINARY | SMTP__CONTENT_CHUNKING;
	static const unsigned less[] = { 0, SMTP__CONTENT_BINARY,
	    SMTP__CONTENT_CHUNKING, SMTP__CONTENT_8BIT };
	struct smtp__moment now = moment();
	struct smtp_message *m = complete();
	struct smtp__content content;
	struct text got;
	char *p;

	(void)state;
	smtp_message_attach(m, smtp_source_memory(data, sizeof(data)), NULL,
	    "a.bin");
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
	for (size_t i = 0; i < COUNT(less); i++) {
		assert_int_equal(stream(m, less[i], 64, &content, &got),
		    SMTP_OK);
		assert_int_equal(content.needs, 0);
		check_wire("not binary", got, false);
		free(got.p);
	}
	for (size_t step = 1; step < 600; step += 37) {
		assert_int_equal(stream(m, both, step, &content, &got),
		    SMTP_OK);
		assert_int_equal(content.needs, both);
		assert_int_equal(content.size, got.n);
		p = got.p;
		while (memcmp(p, "\r\n\r\n\0", 5) != 0)
			p++;
		assert_memory_equal(p + 4, data, sizeof(data));
		*p = '\0';
		assert_non_null(strstr(got.p, "Encoding: binary\r\n\r\n--"));
		assert_non_null(strstr(got.p, "Encoding: 7bit\r\n"));
		free(got.p);
	}
	smtp_message_free(m);
	proves("R3030-3-3 R2045-6.4-1");
}

/* An allocator that fails at one call, and knows what it gave. */
struct purse {
	size_t calls, fail_at, live, peak;
};

static void *
purse_resize(void *ctx, void *p, size_t was, size_t now)
{
	struct purse *purse = ctx;

	if (now > 0 && purse->calls++ == purse->fail_at)
		return NULL;
	assert_true(purse->live >= was);
	if (now == 0) {
		free(p);
		p = NULL;
	} else {
		p = realloc(p, now);
		assert_non_null(p);
	}
	purse->live += now;
	purse->live -= was;
	if (purse->live > purse->peak)
		purse->peak = purse->live;
	return p;
}

static const char everything[] =
    "set_from\tJörg <joe@x.example>\nset_sender\ts@x.example\n"
    "add_to\ta@x.example, g: b@x.example, a@x.example;\n"
    "add_address\tCc\tName\tc@x.example\nadd_bcc\td@x.example\n"
    "add_reply_to\te@x.example\nset_subject\tGrüße\n"
    "set_envelope_from\tf@x.example\nadd_header\tX-A\tb\n"
    "set_text\tHällo\\n\nset_html\t<p>x</p>\n"
    "attach\t!@40000:1\ttext/plain; charset=\"utf-8\"\té.txt\n"
    "inline\t@100:2\ta@b\t-\tb.png\n";

static void
test_message__survives_each_failure_of_memory(void **state)
{
	size_t runs = 0;
	int rc = SMTP_E_MEMORY;

	(void)state;
	for (size_t at = 0; rc != SMTP_OK; at++) {
		struct purse purse = { 0, at, 0, 0 };
		struct smtp_allocator a = { purse_resize, &purse };
		struct smtp__moment now = moment();
		struct recipe r = { .data = NULL };
		struct smtp__content content;
		struct smtp_message *m = smtp_message_new_with(&a);
		struct text got;

		if (m == NULL) {
			assert_int_equal(at, 0);
			continue;
		}
		rc = recipe_run(&r, m, everything, sizeof(everything) - 1);
		if (rc == SMTP_OK)
			rc = smtp__message_prepare(m, &now);
		if (rc == SMTP_OK)
			rc = stream(m, 0, 1000, &content, &got);
		if (rc == SMTP_OK) {
			if (!smtp__message_set_text(m,
			    smtp__message_outcome(m), "fine", 4) ||
			    !smtp__message_set_queue_id(m, "1", 1))
				rc = SMTP_E_MEMORY;
			free(got.p);
		} else {
			assert_int_equal(rc, SMTP_E_MEMORY);
			assert_non_null(strstr(smtp_message_error(m),
			    "no memory"));
		}
		smtp_message_free(m);
		recipe_free(&r);
		assert_int_equal(purse.live, 0);
		runs++;
	}
	assert_in_range(runs, 8, 100);
	proves("LIB-T-4");
}

static ptrdiff_t
endless_read(void *ctx, void *p, size_t n)
{
	uint64_t *left = ctx;

	if (n > *left)
		n = (size_t)*left;
	memset(p, 'x', n);
	*left -= n;
	return (ptrdiff_t)n;
}

static void
test_message__needs_no_memory_for_a_large_attachment(void **state)
{
	enum { SIZE = 100 << 20 };
	struct purse purse = { 0, SIZE_MAX, 0, 0 };
	struct smtp_allocator a = { purse_resize, &purse };
	struct smtp__moment now = moment();
	struct smtp_message *m = smtp_message_new_with(&a);
	struct smtp__content content;
	uint64_t left = SIZE, size = 0;
	char *p = malloc(65536);
	ptrdiff_t n;

	(void)state;
	assert_non_null(m);
	assert_non_null(p);
	smtp_message_set_from(m, "joe@x.example");
	smtp_message_add_to(m, "ann@x.example");
	smtp_message_attach(m, smtp_source_callback(endless_read, NULL, NULL,
	    &left, SIZE), NULL, "big.bin");
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
	assert_int_equal(smtp__message_plan(m, 0, &content), SMTP_OK);
	while ((n = smtp__message_read(m, p, 65536)) > 0)
		size += (uint64_t)n;
	assert_int_equal(n, 0);
	assert_int_equal(left, 0);
	assert_true(content.size_known);
	assert_int_equal(content.size, size);
	assert_in_range(purse.peak, 1, 65536);
	smtp_message_free(m);
	free(p);
	proves("LIB-F-7 LIB-M-4");
}

static void
test_message__bounds_the_number_of_parts(void **state)
{
	struct smtp_message *m = complete();
	int rc = SMTP_OK;
	size_t n;

	(void)state;
	for (n = 0; rc == SMTP_OK && n < 2000; n++)
		rc = smtp_message_attach(m, smtp_source_memory("x", 1), NULL,
		    NULL);
	assert_int_equal(rc, SMTP_E_ARGUMENT);
	assert_int_equal(n, 1001);
	smtp_message_free(m);
	proves("LIB-M-5");
}

static void
test_message__writes_to_a_file(void **state)
{
	struct smtp__moment now = moment();
	struct smtp_message *m = complete();
	FILE *file = tmpfile();
	struct text want;
	char *got;

	(void)state;
	assert_non_null(file);
	smtp_message_set_text(m, "Grüße\n");
	assert_int_equal(smtp__message_write(m, &now, file, 1), SMTP_OK);
	want = wire(m, SMTP__CONTENT_8BIT);
	assert_int_equal(ftell(file), want.n);
	rewind(file);
	got = malloc(want.n);
	assert_non_null(got);
	assert_int_equal(fread(got, 1, want.n, file), want.n);
	assert_memory_equal(got, want.p, want.n);
	fclose(file);
	free(got);
	free(want.p);
	smtp_message_free(m);
}

static void
test_message__reads_a_body_from_a_file(void **state)
{
	FILE *file = tmpfile();
	struct smtp_message *m = complete();
	struct text text;

	(void)state;
	assert_non_null(file);
	for (int i = 0; i < 3000; i++)
		assert_true(fputs("line\r\nline\nline\r", file) >= 0);
	rewind(file);
	assert_int_equal(smtp_message_set_text_file(m, file), SMTP_OK);
	fclose(file);
	text = wire(m, 0);
	check_wire("file", text, false);
	assert_int_equal(text.n - (size_t)(strstr(text.p, "\r\n\r\n") -
	    text.p), 4 + 3000 * 18);
	free(text.p);
	assert_int_equal(smtp_message_set_html_file(m, NULL),
	    SMTP_E_ARGUMENT);
	smtp_message_free(m);
	proves("R2045-6.7-4 R2046-4.1.1-1");
}

static int
flow_rewind_badly(void *ctx)
{
	(void)ctx;
	return -1;
}

/* A source is read once before anything is said, where it can be. */
static void
test_message__fails_when_a_source_cannot_be_looked_at(void **state)
{
	static const struct {
		const char *type, *name;
		ptrdiff_t end;
		bool is_inline;
		const char *words;
	} rows[] = {
		{ "a/b", "r.pdf", SMTP_SOURCE_FAILED, false,
		    "attachment: r.pdf cannot be read: its read function "
		    "failed" },
		{ "a/b", NULL, SMTP_SOURCE_FAILED, false,
		    "attachment: of its source cannot be read: its read "
		    "function failed" },
		{ "a/b", "r.pdf", SMTP_SOURCE_FAILED, true,
		    "inline: r.pdf cannot be read: its read function failed" },
		{ "a/b", "r.pdf", 0, false, "attachment: r.pdf cannot be "
		    "read: it could not go back to its start" },
		{ "message/rfc822", "r.eml", SMTP_SOURCE_FAILED, false,
		    "attachment: r.eml cannot be read: its read function "
		    "failed" },
		{ "message/rfc822", "r.eml", 0, false, "attachment: r.eml "
		    "cannot be read: it could not go back to its start" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct flow f = { "a: b\n\nc\n", 8, 0, 3, false, false,
		    rows[i].end, 0 };
		struct smtp_source *s = smtp_source_callback(flow_read,
		    rows[i].end == 0 ? flow_rewind_badly : flow_rewind, NULL,
		    &f, SMTP_SIZE_UNKNOWN);
		struct smtp__moment now = moment();
		struct smtp_message *m = complete();
		struct smtp__content content;

		assert_int_equal(rows[i].is_inline ? smtp_message_inline(m, s,
		    "a@b", rows[i].type, rows[i].name) :
		    smtp_message_attach(m, s, rows[i].type, rows[i].name),
		    SMTP_OK);
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		assert_int_equal(smtp__message_plan(m, 0, &content),
		    SMTP_E_SOURCE);
		assert_string_equal(smtp_message_error(m), rows[i].words);
		smtp_message_free(m);
	}
}

/* While one source is waited for the others are not looked at again. */
static void
test_message__waits_for_attached_messages(void **state)
{
	static const char text[] = "a: b\r\n\r\nc\r\n";
	enum { N = sizeof(text) - 1 };
	struct text want;
	struct smtp_message *m = complete();

	(void)state;
	for (int i = 0; i < 3; i++)
		smtp_message_attach(m, smtp_source_memory(text, N),
		    i == 1 ? "a/b" : "message/rfc822", "a.eml");
	want = wire(m, 0);
	smtp_message_free(m);
	for (size_t piece = 1; piece < 10; piece++) {
		struct flow f[3];
		struct smtp__moment now = moment();
		struct smtp__content content;
		struct text got;

		m = complete();
		for (int i = 0; i < 3; i++) {
			f[i] = (struct flow){ text, N, 0, piece, i != 1, false,
			    0, 0 };
			smtp_message_attach(m, smtp_source_callback(flow_read,
			    flow_rewind, NULL, &f[i], SMTP_SIZE_UNKNOWN),
			    i == 1 ? "a/b" : "message/rfc822", "a.eml");
		}
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		assert_int_equal(stream(m, 0, 50, &content, &got), SMTP_OK);
		assert_int_equal(content.size, want.n);
		assert_int_equal(got.n, want.n);
		assert_memory_equal(got.p, want.p, want.n);
		for (int i = 0; i < 3; i++)
			assert_int_equal(f[i].rewinds, 1);
		free(got.p);
		smtp_message_free(m);
	}
	free(want.p);
}

/* One by its name goes as what it is, where it can. */
static void
test_message__knows_a_message_by_its_name(void **state)
{
	struct smtp_message *m = complete();
	struct text got;

	(void)state;
	smtp_message_attach(m, smtp_source_memory("a: b\n\nc\n", 8), NULL,
	    "a.eml");
	got = wire(m, 0);
	assert_non_null(memmem(got.p, got.n, "Content-Type: message/rfc822\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n", 63));
	assert_non_null(memmem(got.p, got.n, "\r\n\r\na: b\r\n\r\nc\r\n", 15));
	free(got.p);
	smtp_message_free(m);
}

/* One by its name alone goes as octets, where they may go as they are, too. */
static void
test_message__sends_no_message_as_binary(void **state)
{
	static const char text[] = "a: b\n\nx\ry and more";
	enum { N = sizeof(text) - 1 };
	struct smtp__moment now = moment();
	struct smtp_message *m = complete();
	struct smtp__content content;
	struct text got;

	(void)state;
	smtp_message_attach(m, smtp_source_callback(flow_read, flow_rewind,
	    NULL, &(struct flow){ text, N, 0, 2, true, false, 0, 0 },
	    SMTP_SIZE_UNKNOWN), NULL, "a.eml");
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
	assert_int_equal(stream(m, SMTP__CONTENT_BINARY |
	    SMTP__CONTENT_CHUNKING, 100, &content, &got), SMTP_OK);
	assert_non_null(memmem(got.p, got.n,
	    "Content-Type: application/octet-stream\r\n", 40));
	assert_non_null(memmem(got.p, got.n, text, N));
	assert_true(content.size_known);
	assert_int_equal(content.size, got.n);
	free(got.p);
	smtp_message_free(m);
}

/* A plan that failed leaves nothing behind for the next connection. */
static void
test_message__plans_anew_after_a_plan_that_failed(void **state)
{
	struct smtp__moment now = moment();
	struct smtp_message *m = smtp_message_new();
	struct smtp_part *part = smtp_part_text(m, "message/rfc822", NULL,
	    "a: b\n\n\xC3\xA9\n", 9);
	struct smtp__content content;
	struct text first, again;
	char c;

	(void)state;
	smtp_message_set_from(m, "joe@x.example");
	smtp_message_add_to(m, "ann@x.example");
	assert_int_equal(smtp_message_set_content(m, part), SMTP_OK);
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
	assert_int_equal(smtp__message_read(m, &c, 1), SMTP_E_STATE);
	assert_int_equal(stream(m, SMTP__CONTENT_8BIT, 100, &content,
	    &first), SMTP_OK);
	assert_int_equal(smtp__message_plan(m, 0, &content),
	    SMTP_E_UNSUPPORTED);
	assert_string_equal(smtp_message_error(m), "part: is a message with "
	    "octets above 127, which need 8BITMIME");
	assert_int_equal(smtp__message_read(m, &c, 1), SMTP_E_UNSUPPORTED);
	assert_int_equal(stream(m, SMTP__CONTENT_8BIT, 100, &content,
	    &again), SMTP_OK);
	assert_int_equal(again.n, first.n);
	assert_memory_equal(again.p, first.p, first.n);
	/* No room is not the end. */
	assert_int_equal(smtp__message_plan(m, SMTP__CONTENT_8BIT, &content),
	    SMTP_OK);
	assert_int_equal(smtp__message_read(m, &c, 0), 0);
	assert_int_equal(smtp__message_read(m, &c, 1), 1);
	assert_int_equal(c, first.p[0]);
	free(first.p);
	free(again.p);
	smtp_message_free(m);
}

static void
test_message__tells_what_binary_needs(void **state)
{
	static const unsigned all = SMTP__CONTENT_BINARY |
	    SMTP__CONTENT_CHUNKING | SMTP__CONTENT_UTF8;
	struct smtp__moment now = moment();
	struct smtp__content content;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct flow f = { "a", 1, 0, 1, false, false, 0, 0 };
		struct smtp_message *m = smtp_message_new();

		smtp_message_set_envelope_from(m, "joe@x.example");
		smtp_message_add_recipient(m, i == 1 ? "j\xC3\xB6@x.example" :
		    "a@x.example");
		smtp_message_set_binary(m, i == 2 ?
		    smtp_source_file("no/such.eml") :
		    smtp_source_callback(flow_read, NULL, NULL, &f,
		    i == 0 ? SMTP_SIZE_UNKNOWN : 1));
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		assert_int_equal(smtp__message_plan(m, all, &content),
		    i == 2 ? SMTP_E_SOURCE : SMTP_OK);
		if (i == 2) {
			assert_string_equal(smtp_message_error(m), "raw: "
			    "no/such.eml cannot be read: no such file");
		} else {
			assert_int_equal(content.needs, i == 1 ? all :
			    all & ~(unsigned)SMTP__CONTENT_UTF8);
			assert_int_equal(content.size_known, i == 1);
			assert_int_equal(content.size, i);
		}
		smtp_message_free(m);
	}
}

/* Of the caller's memory, which is read again when it is sent. */
static void
test_message__stops_at_what_was_not_there_before(void **state)
{
	char text[] = "a: b\r\n\r\nc\r\n", got[100];
	struct smtp__moment now = moment();
	struct smtp_message *m = smtp_message_new();
	struct smtp__content content;

	(void)state;
	smtp_message_set_envelope_from(m, "joe@x.example");
	smtp_message_add_recipient(m, "ann@x.example");
	smtp_message_set_raw(m, smtp_source_memory(text, sizeof(text) - 1));
	assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
	assert_int_equal(smtp__message_plan(m, 0, &content), SMTP_OK);
	text[8] = '\0';
	assert_int_equal(smtp__message_read(m, got, sizeof(got)),
	    SMTP_E_ARGUMENT);
	assert_string_equal(smtp_message_error(m),
	    "raw: line 3 has a NUL octet");
	smtp_message_free(m);
}

/*
 * Setters refuse what would end a line. Should one not, the writer of fields
 * does, and nothing goes out.
 */
static void
test_message__has_a_second_look_at_each_field(void **state)
{
	static const struct smtp__bytes bad = { "a\rb", 3 };

	(void)state;
	for (int i = 0; i < 16; i++) {
		struct smtp__moment now = moment();
		struct smtp_message *m = smtp_message_new();
		struct smtp__content content;
		struct smtp_part *part;
		char c;

		smtp_message_set_from(m, "joe@x.example");
		smtp_message_set_sender(m, "sue@x.example");
		smtp_message_add_reply_to(m, "ron@x.example");
		smtp_message_add_to(m, "ann@x.example");
		smtp_message_add_cc(m, "cec@x.example");
		smtp_message_set_subject(m, "s");
		smtp_message_set_automatic(m, "auto-replied");
		smtp_message_add_header(m, "X-A", "a");
		part = smtp_part_text(m, "a/b", NULL, "x", 1);
		smtp_part_set_param(part, "p", "v");
		smtp_part_set_disposition(part, "inline");
		smtp_part_set_id(part, "a@b");
		smtp_part_set_description(part, "d");
		smtp_part_set_location(part, "x:y");
		assert_int_equal(smtp_message_set_content(m, part), SMTP_OK);
		assert_int_equal(smtp__message_prepare(m, &now), SMTP_OK);
		switch (i) {
		case 0: m->from.first->spec = bad; break;
		case 1: m->sender.first->spec = bad; break;
		case 2: m->reply_to.first->spec = bad; break;
		case 3: m->to.first->spec = bad; break;
		case 4: m->cc.first->spec = bad; break;
		case 5: m->subject = bad; break;
		case 6: m->message_id = bad.p; break;
		case 7: m->headers.first->value = bad; break;
		case 8: m->headers.first->next->value = bad; break;
		case 9: m->date.month = 13; break;
		case 10: part->type = bad.p; break;
		case 11: part->name = bad; break;
		case 12: part->cid = bad.p; break;
		case 13: part->location = bad.p; break;
		case 14: part->params->name = bad.p; break;
		case 15: part->description = bad; break;
		}
		if (smtp__message_plan(m, 0, &content) != SMTP_E_ARGUMENT)
			fail_msg("%d", i);
		assert_string_equal(smtp_message_error(m),
		    "header: has a control character");
		assert_int_equal(smtp__message_read(m, &c, 1),
		    SMTP_E_ARGUMENT);
		smtp_message_free(m);
	}
}

/* A file that is full, a source that is not ready or fails, no memory. */
static void
test_message__says_why_it_is_not_written(void **state)
{
	static const struct {
		bool full, direct;       /* the disk; without a buffer    */
		bool waits, rewinds;
		ptrdiff_t end;
		const char *words;
	} rows[] = {
		{ true, true, false, true, 0, "file: cannot be written" },
		{ true, false, false, true, 0, "file: cannot be written" },
		{ false, false, true, true, 0, "source: has nothing yet; "
		    "writing to a file cannot wait" },
		{ false, false, true, false, 0, "source: has nothing yet; "
		    "writing to a file cannot wait" },
		{ false, false, false, false, SMTP_SOURCE_FAILED, "attachment:"
		    " a.b cannot be read: its read function failed" },
		{ false, false, false, true, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		FILE *file = rows[i].full ? fopen("/dev/full", "wb") :
		    tmpfile();
		struct flow f = { "a", 1, 0, 1, rows[i].waits, false,
		    rows[i].end, 0 };
		struct smtp__moment now = moment();
		struct smtp_message *m;

		if (file == NULL && rows[i].full)
			continue;                /* not of Linux */
		assert_non_null(file);
		if (rows[i].direct)
			setbuf(file, NULL);
		m = complete();
		smtp_message_attach(m, smtp_source_callback(flow_read,
		    rows[i].rewinds ? flow_rewind : NULL, NULL, &f,
		    SMTP_SIZE_UNKNOWN), NULL, "a.b");
		assert_int_equal(smtp__message_write(m, &now, file, 0),
		    rows[i].words[0] != '\0' ? SMTP_E_SOURCE : SMTP_OK);
		assert_string_equal(smtp_message_error(m), rows[i].words);
		smtp_message_free(m);
		(void)fclose(file);
	}
}

static void
test_message__needs_memory_to_be_written(void **state)
{
	struct smtp__moment now = moment();
	int rc = SMTP_E_MEMORY;
	size_t n;

	(void)state;
	for (n = 0; rc != SMTP_OK; n++) {
		struct purse purse = { 0, SIZE_MAX, 0, 0 };
		struct smtp_allocator a = { purse_resize, &purse };
		struct smtp_message *m = smtp_message_new_with(&a);
		FILE *file = tmpfile();

		assert_non_null(file);
		smtp_message_set_from(m, "joe@x.example");
		assert_int_equal(smtp_message_set_text(m, "x"), SMTP_OK);
		purse.fail_at = purse.calls + n;
		rc = smtp__message_write(m, &now, file, 0);
		assert_true(rc == SMTP_OK || rc == SMTP_E_MEMORY);
		assert_int_equal(ftell(file) > 0, rc == SMTP_OK);
		smtp_message_free(m);
		assert_int_equal(purse.live, 0);
		assert_int_equal(fclose(file), 0);
	}
	assert_in_range(n, 3, 20);
}

static int
write_recipe(const char *name)
{
	struct smtp__moment now = moment();
	struct recipe r = { .data = NULL };
	struct smtp_message *m = smtp_message_new();
	struct text recipe = load(name);
	int rc = recipe_run(&r, m, recipe.p, recipe.n);

	if (rc == SMTP_OK)
		rc = smtp__message_write(m, &now, stdout, r.eightbit);
	if (rc != SMTP_OK)
		fprintf(stderr, "%s: %s\n", name, smtp_message_error(m));
	smtp_message_free(m);
	recipe_free(&r);
	free(recipe.p);
	return rc == SMTP_OK ? 0 : 1;
}

/* A source that is given is asked for no more than what is wanted now. */
static void
test_message__knows_who_is_asked(void **state)
{
	struct smtp_source *source = smtp_source_given(SMTP_SIZE_UNKNOWN);
	struct smtp_message *m = smtp_message_new();
	char octet;

	(void)state;
	assert_int_equal(smtp_message_set_raw(m, source), SMTP_OK);
	assert_false(smtp__message_is_asking(m));
	assert_true(smtp__source_begin(source));
	assert_int_equal(smtp__source_pull(source, &octet, 1),
	    SMTP_SOURCE_WAIT);
	assert_true(smtp__message_is_asking(m));
	assert_int_equal(smtp_give(source, "x", 1), SMTP_OK);
	assert_false(smtp__message_is_asking(m));
	smtp_message_free(m);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message__knows_who_is_asked),
		cmocka_unit_test(test_message__gives_the_octets_of_the_cases),
		cmocka_unit_test(test_message__refuses_and_says_why),
		cmocka_unit_test(test_message__is_safe_where_others_were_not),
		cmocka_unit_test(test_message__tells_the_first_error),
		cmocka_unit_test(test_message__settles_the_envelope),
		cmocka_unit_test(test_message__sees_each_octet_of_a_text),
		cmocka_unit_test(
		    test_message__needs_smtputf8_for_such_addresses_alone),
		cmocka_unit_test(test_message__writes_text_as_it_is_when_told),
		cmocka_unit_test(test_message__never_tells_bcc),
		cmocka_unit_test(
		    test_message__leaves_sender_out_when_it_is_the_author),
		cmocka_unit_test(test_message__has_each_structural_field_once),
		cmocka_unit_test(
		    test_message__needs_neither_clock_nor_chance_when_told_all),
		cmocka_unit_test(
		    test_message__makes_ids_and_boundaries_of_chance_alone),
		cmocka_unit_test(
		    test_message__takes_no_machine_name_into_the_id),
		cmocka_unit_test(
		    test_message__keeps_date_and_id_for_the_next_send),
		cmocka_unit_test(test_message__folds_thousands_of_recipients),
		cmocka_unit_test(
		    test_message__waits_for_sources_and_loses_nothing),
		cmocka_unit_test(test_message__fails_when_a_source_does),
		cmocka_unit_test(test_message__names_the_file_that_is_missing),
		cmocka_unit_test(
		    test_message__plans_anew_what_a_source_has_become),
		cmocka_unit_test(test_message__sends_ready_content_as_it_is),
		cmocka_unit_test(
		    test_message__does_not_encode_an_attached_message),
		cmocka_unit_test(test_message__bounds_the_depth_of_parts),
		cmocka_unit_test(
		    test_message__refuses_a_multipart_without_parts),
		cmocka_unit_test(test_message__adds_nothing_to_binary),
		cmocka_unit_test(
		    test_message__keeps_the_likeness_of_a_name_in_one_piece),
		cmocka_unit_test(
		    test_message__sends_binary_where_that_is_offered),
		cmocka_unit_test(test_message__survives_each_failure_of_memory),
		cmocka_unit_test(
		    test_message__needs_no_memory_for_a_large_attachment),
		cmocka_unit_test(test_message__bounds_the_number_of_parts),
		cmocka_unit_test(
		    test_message__fails_when_a_source_cannot_be_looked_at),
		cmocka_unit_test(test_message__waits_for_attached_messages),
		cmocka_unit_test(test_message__knows_a_message_by_its_name),
		cmocka_unit_test(test_message__sends_no_message_as_binary),
		cmocka_unit_test(
		    test_message__plans_anew_after_a_plan_that_failed),
		cmocka_unit_test(test_message__tells_what_binary_needs),
		cmocka_unit_test(
		    test_message__stops_at_what_was_not_there_before),
		cmocka_unit_test(test_message__has_a_second_look_at_each_field),
		cmocka_unit_test(test_message__says_why_it_is_not_written),
		cmocka_unit_test(test_message__needs_memory_to_be_written),
		cmocka_unit_test(test_message__writes_to_a_file),
		cmocka_unit_test(test_message__reads_a_body_from_a_file),
	};

	if (argc == 2)
		return write_recipe(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
