/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <smtp/engine.h>

#include "proto/reply.h"

enum { UNFINISHED = 0, BAD = -1 };

/* Feed from memory of exact size; the code, or what became of it. */
static int
feed(struct smtp__reply *r, const char *wire, size_t n, size_t *lines)
{
	size_t i;

	*lines = 0;
	for (i = 0; i < n; i++)
		switch (smtp__reply_octet(r, (unsigned char)wire[i])) {
		case SMTP__REPLY_LINE:
			++*lines;
			break;
		case SMTP__REPLY_DONE:
			++*lines;
			if (i + 1 != n)
				fail_msg("ended early: %s", wire);
			return r->code;
		case SMTP__REPLY_BAD:
			return BAD;
		default:
			break;
		}
	return UNFINISHED;
}

static void
begin(struct smtp__reply *r, char *text, size_t room)
{
	memset(r, 0, sizeof *r);
#if SMTP_WITH_TEXT
	r->text = text;
	r->text_room = (uint16_t)room;
#else
	(void)text;
	(void)room;
#endif
}

static const struct {
	const char *name, *wire;
	int want;
	size_t lines;
	const char *text;
	const char *proves;
} replies[] = {
	{ "one line", "250 c\r\n", 250, 1, "c", "R5321-4.2-1" },
	{ "three lines", "250-a\r\n250-b\r\n250 c\r\n", 250, 3, "a\nb\nc",
	    "R5321-4.2-1" },
	{ "the last line bare", "250-a\r\n250\r\n", 250, 2, "a\n",
	    "R5321-4.2-1" },
	{ "no text", "250\r\n", 250, 1, "", "R5321-4.2-2" },
	{ "a space", "250 \r\n", 250, 1, "", "R5321-4.2-2" },
	{ "two spaces", "250  \r\n", 250, 1, " ", "" },
	{ "the first line bare", "250-\r\n250 x\r\n", 250, 2, "\nx", "" },
	{ "a hyphen in the text", "250 -x\r\n", 250, 1, "-x", "" },
	{ "digits in the text", "250-First line\r\n250-Second line\r\n"
	    "250-234 Text beginning with numbers\r\n250 The last line\r\n",
	    250, 4, "First line\nSecond line\n234 Text beginning with "
	    "numbers\nThe last line", "R5321-4.2.1-2" },
	{ "a tab", "550 a\tb\r\n", 550, 1, "a\tb", "" },
	{ "a NUL, controls and high octets", "550 a\x01\x1b\x7f\x80\xff\r\n",
	    550, 1, "a\x01\x1b\x7f\x80\xff", "" },
	{ "UTF-8", "251 \xe7\x94\xa8\r\n", 251, 1, "\xe7\x94\xa8",
	    "R6531-3.7.4-1" },
	{ "the lowest code", "200 x\r\n", 200, 1, "x", "" },
	{ "the highest code", "599 x\r\n", 599, 1, "x", "" },

	{ "unfinished code", "25", UNFINISHED, 0, NULL, "R5321-3.8-1" },
	{ "no line end", "250", UNFINISHED, 0, NULL, "R5321-3.8-1" },
	{ "only CR", "250 a\r", UNFINISHED, 0, NULL, "R5321-3.8-1" },
	{ "unfinished", "250-a\r\n250 b\r", UNFINISHED, 1, NULL,
	    "R5321-3.8-1" },
	{ "more to come", "250-a\r\n", UNFINISHED, 1, NULL, "R5321-3.8-1" },

	{ "two digits", "25 ok\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "four digits", "2500 ok\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "a letter behind", "250x\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "a tab behind", "250\tx\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "a NUL behind", "250\0x\r\n", BAD, 0, NULL, "" },
	{ "letters", "abc\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "empty", "\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "a space ahead", " 250 x\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "a hyphen in the code", "2-0 x\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "a stroke in the code", "2/0 x\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "a colon in the code", "2:0 x\r\n", BAD, 0, NULL, "R5321-4.2-6" },
	{ "continued by an empty line", "250-a\r\n\r\n", BAD, 1, NULL, "" },
	{ "continued without a code", "250-a\r\nb\r\n", BAD, 1, NULL, "" },
	{ "class 0", "099 x\r\n", BAD, 0, NULL, "R5321-4.2-5" },
	{ "class 1", "150 x\r\n", BAD, 0, NULL, "R5321-4.2-5" },
	{ "class 6", "650 x\r\n", BAD, 0, NULL, "R5321-4.2-5" },
	{ "class 9", "999 x\r\n", BAD, 0, NULL, "R5321-4.2-5" },
	{ "codes disagree", "250-a\r\n550 b\r\n", BAD, 1, NULL,
	    "R5321-4.2.1-1" },
	{ "codes of one class disagree", "250-a\r\n251 b\r\n", BAD, 1, NULL,
	    "R5321-4.2.1-1" },
	{ "the third code disagrees", "250-a\r\n250-b\r\n251 b\r\n", BAD, 2,
	    NULL, "R5321-4.2.1-1" },
	{ "bare LF", "250 OK\n", BAD, 0, NULL, "R5321-2.3.8-1" },
	{ "bare LF, nothing else", "250\n", BAD, 0, NULL, "R5321-2.3.8-1" },
	{ "bare LF, more to come", "250-OK\n", BAD, 0, NULL,
	    "R5321-2.3.8-1" },
	{ "bare CR", "250 a\rb\r\n", BAD, 0, NULL, "R5321-2.3.8-1" },
	{ "CR CR LF", "250 a\r\r\n", BAD, 0, NULL, "R5321-2.3.8-1" },
	{ "LF CR", "250 a\n\r", BAD, 0, NULL, "R5321-2.3.8-1" },
};

static void
test_reply__is_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		size_t n = strlen(replies[i].wire), lines;
		size_t room = replies[i].text != NULL ?
		    strlen(replies[i].text) : 0;
		char *text = malloc(room + 1);
		struct smtp__reply r;

		if (strcmp(replies[i].name, "a NUL behind") == 0)
			n = 7;
		begin(&r, text, room);
		if (feed(&r, replies[i].wire, n, &lines) != replies[i].want ||
		    lines != replies[i].lines)
			fail_msg("%s", replies[i].name);
#if SMTP_WITH_TEXT
		if (replies[i].text != NULL && (r.text_n != room || r.cut ||
		    memcmp(text, replies[i].text, room) != 0))
			fail_msg("%s: the text", replies[i].name);
#endif
		free(text);
		proves(replies[i].proves);
	}
}

static void
test_reply__begins_anew(void **state)
{
	struct smtp__reply r;
	char text[16];
	size_t lines, i;

	(void)state;
	begin(&r, text, sizeof text);
	for (i = 0; i < 3; i++) {
		assert_int_equal(feed(&r, "550-5.1.1 a\r\n550 5.1.1 b\r\n", 26,
		    &lines), 550);
#if SMTP_WITH_ENHANCED && SMTP_WITH_TEXT
		assert_int_equal(r.subject, 1);
		assert_int_equal(r.text_n, 3);
#endif
		assert_int_equal(feed(&r, "250 ok\r\n", 8, &lines), 250);
#if SMTP_WITH_ENHANCED
		assert_int_equal(r.subject, SMTP_NO_ENHANCED);
#endif
#if SMTP_WITH_TEXT
		assert_int_equal(r.text_n, 2);
		assert_int_equal(r.cut, 0);
#endif
	}
	proves("LIB-A-4");
}

static void
test_reply__takes_every_code_from_200_to_599(void **state)
{
	(void)state;
	for (int code = 0; code < 1000; code++) {
		struct smtp__reply r;
		char wire[16];
		size_t lines;

		begin(&r, NULL, 0);
		snprintf(wire, sizeof wire, "%03d x\r\n", code);
		assert_int_equal(feed(&r, wire, strlen(wire), &lines),
		    code >= 200 && code < 600 ? code : BAD);
	}
	proves("R5321-4.2-4 R5321-4.2-5");
}

/* The fourth octet is a space, a hyphen or the end of the line. */
static void
test_reply__knows_three_separators(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		struct smtp__reply r;
		char wire[4] = { '2', '5', '0', (char)c };
		size_t lines;

		begin(&r, NULL, 0);
		assert_int_equal(feed(&r, wire, 4, &lines),
		    c == ' ' || c == '-' || c == '\r' ? UNFINISHED : BAD);
	}
	proves("R5321-4.2-6");
}

/* How long a line of n times `c` behind "250 " may be, CRLF included. */
static int
feed_line(struct smtp__reply *r, char mark, size_t n)
{
	char *wire = malloc(n);
	size_t lines;
	int code;

	memset(wire, 'x', n);
	memcpy(wire, "250", 3);
	wire[3] = mark;
	memcpy(wire + n - 2, "\r\n", 2);
	code = feed(r, wire, n, &lines);
	free(wire);
	return code;
}

static void
test_reply__bounds_its_lines(void **state)
{
	struct smtp__reply r;

	(void)state;
	begin(&r, NULL, 0);
	assert_int_equal(feed_line(&r, ' ', 512), 250);
	proves("R5321-4.5.3.1.5-1");
	begin(&r, NULL, 0);
	assert_int_equal(feed_line(&r, ' ', SMTP__REPLY_LINE_MAX), 250);
	begin(&r, NULL, 0);
	assert_int_equal(feed_line(&r, ' ', SMTP__REPLY_LINE_MAX + 1), BAD);
	assert_true(SMTP__REPLY_LINE_MAX >= 12290);
	proves("LIB-A-1");
}

static void
test_reply__bounds_itself(void **state)
{
	size_t lines, total = 0;
	struct smtp__reply r;
	int code = UNFINISHED;

	(void)state;
	begin(&r, NULL, 0);
	for (size_t i = 0; i < 1000000 && code == UNFINISHED; i++) {
		code = feed(&r, "250-x\r\n", 7, &lines);
		total += 7;
	}
	assert_int_equal(code, BAD);
	assert_true(total < 70000);
	proves("LIB-A-2");
}

/* A reply that is just small enough is read whole, with its numbers right. */
static void
test_reply__is_right_up_to_its_bound(void **state)
{
	needs(SMTP_WITH_TEXT);
	size_t lines, n = 0;
	struct smtp__reply r;
	char *text = malloc(65535);

	(void)state;
	begin(&r, text, 65535);
	for (; n < 65000; n += 1000)
		assert_int_equal(feed_line(&r, '-', 1000), UNFINISHED);
	assert_int_equal(feed(&r, "250 the end\r\n", 13, &lines), 250);
#if SMTP_WITH_TEXT
	assert_int_equal(r.cut, 0);
	assert_memory_equal(text + r.text_n - 7, "the end", 7);
#endif
	free(text);
}

/* The enhanced code takes its room for a while: 11 octets hold it all. */
static void
test_reply__keeps_as_many_words_as_fit(void **state)
{
	static const char wire[] = "550-5.7.1 one\r\n550 5.7.1 two\r\n";
	static const char all[] = "one\ntwo";

	(void)state;
	(void)all;
	needs(SMTP_WITH_TEXT && SMTP_WITH_ENHANCED);
	for (size_t room = 0; room < 12; room++) {
		char *text = malloc(room > 0 ? room : 1);
		size_t lines;
		struct smtp__reply r;

		begin(&r, text, room);
		assert_int_equal(feed(&r, wire, strlen(wire), &lines), 550);
#if SMTP_WITH_TEXT && SMTP_WITH_ENHANCED
		assert_int_equal(r.subject, 7);
		assert_int_equal(r.detail, 1);
		assert_true(r.text_n <= (room < 7 ? room : 7));
		assert_memory_equal(text, all, r.text_n);
		assert_true(r.text_n == 7 || r.cut);
		if (room == 11) {
			assert_int_equal(r.text_n, 7);
			assert_int_equal(r.cut, 0);
		}
#endif
		free(text);
	}
}

/* What was cut from a line stays cut, if the one behind it has no words. */
static void
test_reply__forgets_no_cut(void **state)
{
	static const char wire[] = "550-5.7.1 12345678\r\n550 5.7.1 \r\n";
	char text[4];
	size_t lines;
	struct smtp__reply r;

	(void)state;
	begin(&r, text, sizeof text);
	assert_int_equal(feed(&r, wire, strlen(wire), &lines), 550);
#if SMTP_WITH_TEXT
	assert_true(r.cut != 0);
#endif
}

static const struct {
	const char *words;
	int klass, subject, detail;
} enhanced[] = {
	{ "5.1.1 no", 5, 1, 1 }, { "5.1.1", 5, 1, 1 }, { "5.0.0 ", 5, 0, 0 },
	{ "5.1.77 x", 5, 1, 77 }, { "5.999.999 x", 5, 999, 999 },
	{ "5.10.100 x", 5, 10, 100 },
	{ "4.1.1 x", 4, 1, 1 }, { "2.1.1 x", 2, 1, 1 },
	{ "5.1.1.2 x", 0, 0, 0 }, { "5.1", 0, 0, 0 }, { "5.1.", 0, 0, 0 },
	{ "5.1.1x", 0, 0, 0 }, { "5.01.1 x", 0, 0, 0 },
	{ "5.1.01 x", 0, 0, 0 }, { "5.1000.1 x", 0, 0, 0 },
	{ "5.1.1000 x", 0, 0, 0 }, { "05.1.1 x", 0, 0, 0 },
	{ "5..1 x", 0, 0, 0 }, { "5 .1.1 x", 0, 0, 0 },
	{ "5.1.1-x", 0, 0, 0 }, { "5.1.1\tx", 0, 0, 0 },
	{ "55.1.1 x", 0, 0, 0 }, { "5.-1.1 x", 0, 0, 0 },
	{ "x 5.1.1 x", 0, 0, 0 }, { "3.1.1 x", 0, 0, 0 },
	{ "5.00.1 x", 0, 0, 0 }, { "", 0, 0, 0 },
};

/* With every class of code: only where the two agree is it one. */
static void
test_reply__takes_enhanced_codes_of_its_class(void **state)
{
	(void)state;
	needs(SMTP_WITH_ENHANCED);
	for (size_t i = 0; i < COUNT(enhanced); i++)
		for (int klass = 2; klass < 6; klass++) {
			struct smtp__reply r;
			char wire[40];
			size_t lines;

			begin(&r, NULL, 0);
			snprintf(wire, sizeof wire, "%d50 %s\r\n", klass,
			    enhanced[i].words);
			assert_int_equal(feed(&r, wire, strlen(wire), &lines),
			    klass * 100 + 50);
#if SMTP_WITH_ENHANCED
			int want = enhanced[i].klass == klass;

			if (r.subject != (want ? enhanced[i].subject :
			    SMTP_NO_ENHANCED) || (want &&
			    r.detail != enhanced[i].detail))
				fail_msg("%s", wire);
#endif
		}
	proves("R2034-4-1 R2034-4-2 R3463-2-1");
}

/* A line with another code than those above it keeps it as words. */
static void
test_reply__has_one_enhanced_code(void **state)
{
	static const struct {
		const char *wire, *text;
	} rows[] = {
		{ "250-2.1.5 a\r\n250 2.1.5 b\r\n", "a\nb" },
		{ "250-2.1.5 a\r\n250 2.6.5 b\r\n", "a\n2.6.5 b" },
		{ "250-2.1.5 a\r\n250 2.1.6 b\r\n", "a\n2.1.6 b" },
	};

	(void)state;
	needs(SMTP_WITH_ENHANCED && SMTP_WITH_TEXT);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__reply r;
		char text[40];
		size_t lines;

		begin(&r, text, sizeof text);
		assert_int_equal(feed(&r, rows[i].wire,
		    strlen(rows[i].wire), &lines), 250);
#if SMTP_WITH_ENHANCED && SMTP_WITH_TEXT
		assert_int_equal(r.subject, 1);
		assert_int_equal(r.detail, 5);
		assert_int_equal(r.text_n, strlen(rows[i].text));
		assert_memory_equal(text, rows[i].text, r.text_n);
#endif
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply__is_strict),
		cmocka_unit_test(test_reply__begins_anew),
		cmocka_unit_test(test_reply__takes_every_code_from_200_to_599),
		cmocka_unit_test(test_reply__knows_three_separators),
		cmocka_unit_test(test_reply__bounds_its_lines),
		cmocka_unit_test(test_reply__bounds_itself),
		cmocka_unit_test(test_reply__is_right_up_to_its_bound),
		cmocka_unit_test(test_reply__keeps_as_many_words_as_fit),
		cmocka_unit_test(test_reply__forgets_no_cut),
		cmocka_unit_test(test_reply__takes_enhanced_codes_of_its_class),
		cmocka_unit_test(test_reply__has_one_enhanced_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
