/* SPDX-License-Identifier: MIT */
/*
 * Messages for parsers that are not ours, and what they have to find.
 *
 *	generate corpus DIR              DIR/NAME.eml and DIR/manifest.json
 *	generate signed DIR RSA.pem ED.pem
 *
 * Nothing depends on the clock or on chance but the signatures.
 */
#include "corpus.h"

#include <stdlib.h>
#include <string.h>

int
write_signed(const char *dir, const char *rsa, const char *ed);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
begin(struct kase *c, struct corpus *all, const char *name)
{
	case_begin(c, all, name);
	case_who(c, "From", "Joe", "joe", "x.example", "x.example");
	case_who(c, "To", NULL, "ann", "y.example", "y.example");
	case_subject(c, name);
}

/* ---- sizes around every boundary */

static const size_t sizes[] = { 0, 1, 2, 3, 4, 54, 55, 56, 57, 58, 59, 74, 75,
    76, 77, 78, 79, 113, 114, 115, 127, 128, 997, 998, 999, 1000, 4095, 4096,
    4097, 8191, 8192, 8193, 16383, 16384, 16385, 49151, 49152, 49153, 65535,
    65536, 65537, 1048575, 1048576, 1048577, 3145727, 3145728 };

static void
sized(struct corpus *all, const char *what, size_t n)
{
	struct kase c;
	char name[64];
	char *text = make_text(n % 2 == 0 ? TEXT_ASCII : TEXT_LATIN, n);
	unsigned char *octets = make_octets(n, (uint32_t)n + 1);

	snprintf(name, sizeof(name), "size-%s-%zu", what, n);
	begin(&c, all, name);
	if (*what == 't') {
		case_text(&c, text);
	} else if (*what == 'h') {
		case_html(&c, text);
	} else {
		case_text(&c, "See the file.\n");
		case_attach(&c, NULL, "application/octet-stream", "a.bin",
		    octets, n);
	}
	case_end(&c);
	free(text);
	free(octets);
}

static void
write_sizes(struct corpus *all)
{
	for (size_t i = 0; i < COUNT(sizes); i++) {
		sized(all, "text", sizes[i]);
		sized(all, "html", sizes[i]);
		sized(all, "file", sizes[i]);
	}
}

/* ---- kinds of text, alone, beside HTML, and before a file */

static void
write_texts(struct corpus *all)
{
	static const size_t some[] = { 1, 75, 76, 77, 300, 2500 };

	for (int kind = 0; kind < TEXT_KINDS; kind++)
		for (size_t i = 0; i < COUNT(some); i++) {
			char *text = make_text((enum text_kind)kind, some[i]);
			struct kase c;
			char name[64];

			snprintf(name, sizeof(name), "text-%s-%zu",
			    text_kind_name((enum text_kind)kind), some[i]);
			begin(&c, all, name);
			case_text(&c, text);
			if (i % 3 == 1)
				case_html(&c, text);
			if (i % 3 == 2)
				case_attach(&c, "text/plain", "text/plain",
				    "a.txt", text, some[i]);
			case_end(&c);
			free(text);
		}
}

/* ---- headers in every context */

static const char *const words[] = {
	"plain", "two words", "Doe, John", "A \"B\" \\C", "J. Doe", "it's",
	"M\u00FCller, J\u00F6rg", "\u4F8B\u3048 \u592A\u90CE",
	"\u041F\u0440\u0438\u0432\u0435\u0442 \u043C\u0438\u0440",
	"\U0001F600", "\U0001F468\u200D\U0001F469\u200D\U0001F467",
	"Team (all)", "a;b:c", "<a@b>", "@home", "a,b", "100% [x]", "=?",
	"=?UTF-8?Q?x?=", "?=", "a_b", "a=b", "e\u0301", "na\u00EFve caf\u00E9",
	"\u0645\u0631\u062D\u0628\u0627", "x", "undisclosed-recipients:;",
	"co.", "--", "#!$%&'*+-/=?^_`{|}~",
};

static void
word_case(struct corpus *all, const char *name, const char *word)
{
	struct kase c;

	case_begin(&c, all, name);
	case_who(&c, "From", word, "joe", "x.example", "x.example");
	case_who(&c, "To", word, "ann", "y.example", "y.example");
	case_who(&c, "To", NULL, "bob", "y.example", "y.example");
	case_who(&c, "Cc", word, "carl", "y.example", "y.example");
	case_who(&c, "Reply-To", word, "dan", "y.example", "y.example");
	case_who(&c, "Sender", word, "eve", "y.example", "y.example");
	smtp_message_add_bcc(c.message, "hidden@secret.example");
	case_subject(&c, word);
	case_field(&c, "X-Test", word);
	case_text(&c, "words\n");
	case_end(&c);
}

/* Words as long as need be, from one unit. */
static char *
repeat(const char *unit, size_t times)
{
	size_t each = strlen(unit);
	char *p = malloc(each * times + 1);

	if (p == NULL)
		give_up(unit, "no memory");
	for (size_t i = 0; i < times; i++)
		memcpy(p + i * each, unit, each);
	p[each * times] = '\0';
	return p;
}

static void
write_words(struct corpus *all)
{
	static const struct {
		const char *unit;
		size_t times;
	} large[] = { { "x", 60 }, { "x", 75 }, { "x", 76 }, { "x", 200 },
	    { "x", 990 }, { "word ", 40 }, { "\u00E9", 40 }, { "\u00E9", 200 },
	    { "\U0001F600", 60 }, { "\u65E5\u672C ", 50 }, { "a\"b ", 50 },
	    { "abc \u00E9 ", 60 }, { "a, ", 100 } };
	char name[64];

	for (size_t i = 0; i < COUNT(words); i++) {
		snprintf(name, sizeof(name), "words-%02zu", i);
		word_case(all, name, words[i]);
	}
	for (size_t i = 0; i < COUNT(large); i++) {
		char *word = repeat(large[i].unit, large[i].times);

		if (word[strlen(word) - 1] == ' ')
			word[strlen(word) - 1] = '\0';
		snprintf(name, sizeof(name), "words-long-%02zu", i);
		word_case(all, name, word);
		free(word);
	}
}

/* White space, which folding must not change, in unstructured fields. */
static void
write_spaces(struct corpus *all)
{
	static const char *const texts[] = { "a  b", "a   b c", "a\tb", " a",
	    "a ", "  a  ", " ", "", "a  \u00E9  b", "\u00E9 ", " \u00E9",
	    "a\t\tb  c" };

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct kase c;
		char name[64];

		snprintf(name, sizeof(name), "spaces-%02zu", i);
		case_begin(&c, all, name);
		case_who(&c, "From", NULL, "joe", "x.example", "x.example");
		case_who(&c, "To", NULL, "ann", "y.example", "y.example");
		case_subject(&c, texts[i]);
		case_field(&c, "X-Test", texts[i]);
		case_text(&c, "spaces\n");
		case_end(&c);
	}
}

/* ---- addresses */

static void
write_addresses(struct corpus *all)
{
	static const char *const locals[] = { "joe", "a.b+c", "\"a b\"",
	    "!#$%&'*+-/=?^_`{|}~", "\"a@b\"", "\"quo\\\"te\"", "\"a,b\"",
	    "\"(c)\"", "\"<a>\"", "x" };
	static const struct {
		const char *given, *arrives;
	} domains[] = { { "x.example", "x.example" },
	    { "b\u00FCcher.example", "xn--bcher-kva.example" },
	    { "\u4F8B\u3048.example", "xn--r8jz45g.example" },
	    { "a-b.c-d.e.example", "a-b.c-d.e.example" },
	    { "xn--bcher-kva.example", "xn--bcher-kva.example" } };
	struct kase c;
	char name[64];

	for (size_t i = 0; i < COUNT(locals); i++)
		for (size_t k = 0; k < COUNT(domains); k++) {
			snprintf(name, sizeof(name), "address-%zu-%zu", i, k);
			case_begin(&c, all, name);
			case_who(&c, "From", "Joe", locals[i],
			    domains[k].given, domains[k].arrives);
			case_who(&c, "To", NULL, locals[i], domains[k].given,
			    domains[k].arrives);
			case_who(&c, "To", "Z\u00F6e", locals[i],
			    domains[k].given, domains[k].arrives);
			case_subject(&c, "addresses");
			case_text(&c, "addresses\n");
			case_end(&c);
		}
}

static void
write_many(struct corpus *all, size_t n)
{
	struct kase c;
	char name[64], local[64];

	snprintf(name, sizeof(name), "many-%zu", n);
	case_begin(&c, all, name);
	case_who(&c, "From", "Joe", "joe", "x.example", "x.example");
	for (size_t i = 0; i < n; i++) {
		snprintf(local, sizeof(local), "r%zu", i);
		case_who(&c, "To", i % 3 == 0 ? "J\u00F6rg" : i % 3 == 1 ?
		    "Doe, John" : NULL, local, "y.example", "y.example");
	}
	case_subject(&c, "many");
	case_text(&c, "many\n");
	case_end(&c);
}

/* Several authors, a sender, groups and lists as text. */
static void
write_lists(struct corpus *all)
{
	struct kase c;

	case_begin(&c, all, "authors");
	case_who(&c, "From", "Ann", "ann", "x.example", "x.example");
	case_who(&c, "From", "B\u00E9a", "bea", "x.example", "x.example");
	case_who(&c, "Sender", "Office", "office", "x.example", "x.example");
	case_who(&c, "To", NULL, "carl", "y.example", "y.example");
	case_subject(&c, "authors");
	case_end(&c);

	case_begin(&c, all, "lists");
	smtp_message_set_from(c.message, "\"Doe, Joe\" <joe@x.example>");
	case_expect_who(&c, "From", "Doe, Joe", "joe", "x.example");
	smtp_message_add_to(c.message, "Ann <ann@y.example>, bob@y.example, "
	    "\"C. D.\" <cd@y.example>");
	case_expect_who(&c, "To", "Ann", "ann", "y.example");
	case_expect_who(&c, "To", NULL, "bob", "y.example");
	case_expect_who(&c, "To", "C. D.", "cd", "y.example");
	smtp_message_add_cc(c.message,
	    "Team: e@y.example, \u00C9mile <f@y.example>;, g@y.example");
	case_expect_who(&c, "Cc", NULL, "e", "y.example");
	case_expect_who(&c, "Cc", "\u00C9mile", "f", "y.example");
	case_expect_who(&c, "Cc", NULL, "g", "y.example");
	case_subject(&c, "lists");
	case_end(&c);
}

/* ---- fields that the message makes itself */

static void
write_reply(struct corpus *all)
{
	struct kase c;

	begin(&c, all, "reply");
	case_end(&c);
	case_begin(&c, all, "reply-chain");
	case_who(&c, "From", NULL, "joe", "x.example", "x.example");
	case_who(&c, "To", NULL, "ann", "y.example", "y.example");
	smtp_message_set_reply_subject(c.message, "Gr\u00FC\u00DFe");
	case_expect_field(&c, "Subject", "Re: Gr\u00FC\u00DFe");
	smtp_message_set_parent(c.message, "<3@x.example>",
	    "<1@x.example> <a-very-long-identifier-of-a-mail-that-fills-a-"
	    "whole-line-of-its-own-0001@some-long-domain.example>"
	    " <2@x.example>", NULL);
	case_expect_tokens(&c, "In-Reply-To", "<3@x.example>");
	case_expect_tokens(&c, "References", "<1@x.example> "
	    "<a-very-long-identifier-of-a-mail-that-fills-a-"
	    "whole-line-of-its-own-0001@some-long-domain.example> "
	    "<2@x.example> <3@x.example>");
	smtp_message_set_message_id(c.message, "4@x.example");
	case_expect_tokens(&c, "Message-ID", "<4@x.example>");
	smtp_message_set_date(c.message, 2208988800, 330);
	case_expect_tokens(&c, "Date", "Sun, 01 Jan 2040 05:30:00 +0530");
	case_text(&c, "yes\n");
	case_end(&c);
}

static void
write_newsletter(struct corpus *all)
{
	struct kase c;

	begin(&c, all, "newsletter");
	smtp_message_add_list_url(c.message, "List-Unsubscribe",
	    "https://x.example/u?id="
	    "0123456789abcdef0123456789abcdef0123456789");
	smtp_message_add_list_url(c.message, "List-Unsubscribe",
	    "mailto:leave@x.example?subject=leave");
	smtp_message_set_one_click(c.message);
	smtp_message_set_list_id(c.message, "News of the week",
	    "news.x.example");
	case_expect_tokens(&c, "List-Unsubscribe", "<https://x.example/u?id="
	    "0123456789abcdef0123456789abcdef0123456789>, "
	    "<mailto:leave@x.example?subject=leave>");
	case_expect_tokens(&c, "List-Unsubscribe-Post",
	    "List-Unsubscribe=One-Click");
	smtp_message_set_automatic(c.message, "auto-generated");
	smtp_message_set_priority(c.message, -1);
	case_expect_tokens(&c, "Auto-Submitted", "auto-generated");
	case_expect_tokens(&c, "Importance", "low");
	case_expect_tokens(&c, "MIME-Version", "1.0");
	case_text(&c, "news\n");
	case_html(&c, "<p>news</p>\n");
	case_end(&c);
}

/* ---- names of files */

static void
write_names(struct corpus *all)
{
	static const char *const names[] = { "a.txt", "a b(1).txt", "a;b=c.d",
	    "quote\"d.txt", "r\u00E9sum\u00E9 \u20AC.pdf", "it's.gif",
	    "100%.zip", "a*b.c", "noending", "\U0001F600.jpg", ".hidden",
	    "=?UTF-8?Q?x?=.txt", "a,b.txt", "\u4F8B\u3048.png", "a'b''c.txt",
	    "%41.txt", "a[1].txt", "e\u0301.txt",
	    "\u0645\u0631\u062D\u0628\u0627.pdf", "a  b.txt" };
	unsigned char *octets = make_octets(100, 9);
	struct kase c;
	char name[64];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(name, sizeof(name), "name-%02zu", i);
		begin(&c, all, name);
		case_text(&c, "names\n");
		case_attach(&c, "application/x-a", "application/x-a",
		    names[i], octets, 100);
		case_html(&c, "<img src=\"cid:p@x.example\">\n");
		case_inline(&c, "p@x.example", "image/png", names[i], octets,
		    99);
		case_end(&c);
	}
	free(octets);
}

static void
write_long_names(struct corpus *all)
{
	static const char *const units[] = { "x", "\u00E9", "\U0001F600",
	    "a b", "\u4F8B", "x\"", "a%" };
	static const size_t times[] = { 20, 60, 65, 70, 200, 250 };
	struct kase c;
	char name[64];

	for (size_t i = 0; i < COUNT(units); i++)
		for (size_t k = 0; k < COUNT(times); k++) {
			char *unit = repeat(units[i], times[k]);
			char *file = malloc(256);

			if (file == NULL)
				give_up(unit, "no memory");
			unit[strlen(unit) > 251 ? strlen(units[i]) *
			    (251 / strlen(units[i])) : strlen(unit)] = '\0';
			snprintf(file, 256, "%s.bin", unit);
			snprintf(name, sizeof(name), "long-name-%zu-%zu", i,
			    times[k]);
			begin(&c, all, name);
			case_attach(&c, NULL, "application/octet-stream",
			    file, "abc", 3);
			case_end(&c);
			free(unit);
			free(file);
		}
}

/* ---- nestings: each of text, HTML, inline and files there or not */

static void
write_nestings(struct corpus *all)
{
	unsigned char *octets = make_octets(500, 3);

	for (unsigned i = 0; i < 16; i++) {
		struct kase c;
		char name[64];

		snprintf(name, sizeof(name), "nesting-%u", i);
		begin(&c, all, name);
		if (i & 8)
			case_attach(&c, "application/pdf", "application/pdf",
			    "a.pdf", octets, 500);
		if (i & 4)
			case_inline(&c, "a@x.example", "image/png", "a.png",
			    octets, 400);
		if (i & 2)
			case_html(&c, "<p>\u00E9</p>\n");
		if (i & 1)
			case_text(&c, "text\n");
		if (i & 4)
			case_inline(&c, "b@x.example", "image/gif", "b.gif",
			    octets, 300);
		if (i & 8)
			case_attach(&c, NULL, "application/zip", "b.zip",
			    octets, 0);
		case_end(&c);
	}
	free(octets);
}

static void
write_invitation(struct corpus *all)
{
	static const char calendar[] = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
	    "PRODID:-//x//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
	    "UID:1@x.example\r\nSUMMARY:Caf\u00E9\r\nEND:VEVENT\r\n"
	    "END:VCALENDAR\r\n";
	struct kase c;

	for (int files = 0; files < 2; files++) {
		begin(&c, all, files ? "invitation-file" : "invitation");
		case_text(&c, "Come.\n");
		case_html(&c, "<p>Come.</p>\n");
		case_calendar(&c, calendar, NULL);
		if (files)
			case_attach(&c, NULL, "text/calendar", "invite.ics",
			    calendar, sizeof(calendar) - 1);
		case_end(&c);
	}
}

/* ---- parts of one's own */

static void
write_tree(struct corpus *all)
{
	struct kase c;
	struct smtp_part *report, *text, *status, *outer;
	static const char fields[] = "Reporting-MTA: dns; x.example\r\n\r\n"
	    "Final-Recipient: rfc822; a@y.example\r\nAction: failed\r\n"
	    "Status: 5.1.1\r\n";

	begin(&c, all, "tree-report");
	report = smtp_part_multi(c.message,
	    "multipart/report; report-type=delivery-status");
	text = smtp_part_text(c.message, "text/plain", NULL, "Failed.\n", 8);
	status = smtp_part_text(c.message, "message/delivery-status", NULL,
	    fields, sizeof(fields) - 1);
	smtp_part_add(report, text);
	smtp_part_add(report, status);
	smtp_message_set_content(c.message, report);
	c.shape = "[\"multipart/report\", \"text/plain\", "
	    "\"message/delivery-status\"]";
	case_expect_leaf(&c, LEAF_TEXT, "text/plain", NULL, NULL, NULL,
	    "Failed.\n", 8);
	case_expect_leaf(&c, LEAF_TEXT, "message/delivery-status", NULL, NULL,
	    NULL, fields, sizeof(fields) - 1);
	case_end(&c);

	begin(&c, all, "tree-deep");
	outer = smtp_part_text(c.message, "text/plain", NULL, "core\n", 5);
	smtp_part_set_description(outer, "Der K\u00E9rn");
	for (int i = 0; i < 10; i++) {
		struct smtp_part *inner = outer;

		outer = smtp_part_multi(c.message, "multipart/mixed");
		smtp_part_add(outer, inner);
	}
	smtp_message_set_content(c.message, outer);
	c.shape = "[\"multipart/mixed\", [\"multipart/mixed\", "
	    "[\"multipart/mixed\", [\"multipart/mixed\", "
	    "[\"multipart/mixed\", [\"multipart/mixed\", "
	    "[\"multipart/mixed\", [\"multipart/mixed\", "
	    "[\"multipart/mixed\", [\"multipart/mixed\", "
	    "\"text/plain\"]]]]]]]]]]";
	case_expect_leaf(&c, LEAF_TEXT, "text/plain", NULL, NULL, NULL,
	    "core\n", 5)->description = strdup("Der K\u00E9rn");
	case_end(&c);
}

static void
write_signed_parts(struct corpus *all)
{
	struct kase c;
	struct smtp_part *mixed, *a, *b, *digest;
	unsigned char *octets = make_octets(3000, 77);

	begin(&c, all, "tree-mixed");
	mixed = smtp_part_multi(c.message, "multipart/x-own");
	digest = smtp_part_multi(c.message, "multipart/parallel");
	a = smtp_part_source(c.message, smtp_source_memory(
	    case_keep(&c, octets, 3000), 3000), "image/jpeg", "p\u00E9.jpg");
	smtp_part_set_disposition(a, "inline");
	smtp_part_set_id(a, "own@x.example");
	b = smtp_part_source(c.message, smtp_source_memory(
	    case_keep(&c, octets, 10), 10), "audio/x-a; rate=8000", "s.au");
	smtp_part_set_disposition(b, "attachment");
	smtp_part_add(digest, a);
	smtp_part_add(digest, b);
	smtp_part_add(mixed, smtp_part_text(c.message, "text/plain", NULL,
	    "first\n\u00E9\n", 9));
	smtp_part_add(mixed, digest);
	smtp_message_set_content(c.message, mixed);
	c.shape = "[\"multipart/x-own\", \"text/plain\", "
	    "[\"multipart/parallel\", \"image/jpeg\", \"audio/x-a\"]]";
	case_expect_leaf(&c, LEAF_TEXT, "text/plain", NULL, NULL, NULL,
	    "first\n\u00E9\n", 9);
	case_expect_leaf(&c, LEAF_FILE, "image/jpeg", "p\u00E9.jpg", "inline",
	    "own@x.example", octets, 3000);
	case_expect_leaf(&c, LEAF_FILE, "audio/x-a", "s.au", "attachment",
	    NULL, octets, 10);
	case_end(&c);
	free(octets);
}

/* A mail in a mail, in 7 and in 8 bits, with a structure of its own. */
static void
write_forwarded(struct corpus *all)
{
	static const struct {
		const char *name, *text;
	} mails[] = {
		{ "plain", "From: a@x.example\r\nTo: b@x.example\r\n"
		    "Subject: inner\r\n\r\nHello\r\n.\r\nFrom here\r\n" },
		{ "long-header", "From: a@x.example\r\nX-Long: aaaaaaaaaaaaaa "
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb "
		    "cccccccccccccccccccccccccccc ddddddddd\r\n\r\nx\r\n" },
		{ "base64", "From: a@x.example\r\nMIME-Version: 1.0\r\n"
		    "Content-Type: application/octet-stream\r\n"
		    "Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n" },
		{ "multipart", "From: a@x.example\r\nMIME-Version: 1.0\r\n"
		    "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n"
		    "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n" },
	};

	for (size_t i = 0; i < COUNT(mails); i++) {
		struct kase c;
		char name[64];

		snprintf(name, sizeof(name), "forwarded-%s", mails[i].name);
		begin(&c, all, name);
		case_text(&c, "See below.\n");
		case_attach(&c, "message/rfc822", "message/rfc822",
		    "mail.eml", mails[i].text, strlen(mails[i].text));
		case_end(&c);
	}
}

/* To a server that has SMTPUTF8: the same words, not encoded. */
static void
write_utf8(struct corpus *all)
{
	struct kase c;

	for (size_t i = 0; i < COUNT(words); i++) {
		char name[64];

		snprintf(name, sizeof(name), "utf8-%02zu", i);
		case_begin(&c, all, name);
		c.utf8 = true;
		smtp_message_set_utf8(c.message, 1);
		case_who(&c, "From", words[i], "joe", "x.example",
		    "x.example");
		case_who(&c, "To", words[i], "ann", "y.example", "y.example");
		case_subject(&c, words[i]);
		case_field(&c, "X-Test", words[i]);
		case_text(&c, "\u00E9\n");
		case_attach(&c, "application/x-a", "application/x-a",
		    "\u00E9\u4F8B.bin", "abc", 3);
		case_end(&c);
	}
}

static int
write_corpus(const char *dir)
{
	struct corpus all;

	if (!corpus_open(&all, dir))
		return 1;
	write_sizes(&all);
	write_texts(&all);
	write_words(&all);
	write_spaces(&all);
	write_addresses(&all);
	for (size_t n = 1; n <= 1000; n *= 10)
		write_many(&all, n);
	write_lists(&all);
	write_reply(&all);
	write_newsletter(&all);
	write_names(&all);
	write_long_names(&all);
	write_nestings(&all);
	write_invitation(&all);
	write_tree(&all);
	write_signed_parts(&all);
	write_forwarded(&all);
	write_utf8(&all);
	printf("# %u messages in %s\n", all.count, dir);
	return corpus_close(&all) ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "corpus") == 0)
		return write_corpus(argv[2]);
	if (argc == 5 && strcmp(argv[1], "signed") == 0)
		return write_signed(argv[2], argv[3], argv[4]);
	fprintf(stderr, "usage: generate corpus DIR\n"
	    "       generate signed DIR RSA.pem ED.pem\n");
	return 64;
}
