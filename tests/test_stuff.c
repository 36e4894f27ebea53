/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "proto/stuff.h"

static char wire[200000];

/*
 * The wire form of content that comes in pieces of `in` octets, each in memory
 * of exact size, and leaves by `out`. Returns its length, or -1 when something
 * may not pass.
 */
static long
stuff(const char *content, size_t n, bool eightbit, size_t in, size_t out)
{
	struct smtp__stuff s;
	size_t k = 0, at;

	smtp__stuff_begin(&s, eightbit);
	for (at = 0; at < n; at += in) {
		size_t piece_n = n - at < in ? n - at : in;
		char *piece = malloc(piece_n);

		memcpy(piece, content + at, piece_n);
		s.in = piece;
		s.in_n = piece_n;
		while (s.in_n > 0 && !s.bad) {
			char *room = malloc(out);
			size_t more = smtp__stuff(&s, room, out);

			assert_true(more <= out);
			assert_ptr_equal(s.in, piece + (piece_n - s.in_n));
			memcpy(wire + k, room, more);
			k += more;
			free(room);
		}
		free(piece);
		if (s.bad)
			return -1;
	}
	for (s.end = 1; !smtp__stuff_ended(&s); ) {
		char *room = malloc(out);
		size_t more = smtp__stuff(&s, room, out);

		assert_true(more > 0 && more <= out);
		memcpy(wire + k, room, more);
		k += more;
		free(room);
	}
	return (long)k;
}

static const struct { const char *content, *wire, *proves; } rows[] = {
	{ "", ".\r\n", "LIB-F-1" },
	{ ".", "..\r\n.\r\n", "R5321-4.5.2-1" },
	{ "..\r\n", "...\r\n.\r\n", "R5321-4.5.2-1" },
	{ "a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n", "R5321-4.5.2-1" },
	{ "a.b\r\nc.\r\n", "a.b\r\nc.\r\n.\r\n", "R5321-4.5.2-1" },
	{ "abc", "abc\r\n.\r\n", "R5321-4.1.1.4-2" },
	{ "a\r\n", "a\r\n.\r\n", "R5321-4.1.1.4-1" },
	{ "\r\n", "\r\n.\r\n", "R5321-4.1.1.4-1" },
	{ "\r\n\r\n", "\r\n\r\n.\r\n", "R5321-4.1.1.4-1" },
	{ "a\r", "a\r\n.\r\n", "LIB-F-2" },
	{ "a\n", "a\r\n.\r\n", "R5321-2.3.8-2" },
	{ "a\n.\nb", "a\r\n..\r\nb\r\n.\r\n", "R5321-2.3.8-2" },
	{ "a\r.\rb", "a\r\n..\r\nb\r\n.\r\n", "R5321-2.3.8-2" },
	{ "a\r\n.\nb", "a\r\n..\r\nb\r\n.\r\n", "R5321-2.3.8-2" },
	{ "a\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n", "R5321-2.3.8-2" },
	{ "a\r.\r\nb", "a\r\n..\r\nb\r\n.\r\n", "R5321-2.3.8-2" },
	{ "\r\r\n.", "\r\n\r\n..\r\n.\r\n", "R5321-2.3.8-2" },
	{ "\n\r.\n", "\r\n\r\n..\r\n.\r\n", "R5321-2.3.8-2" },
	{ "\r\r\r", "\r\n\r\n\r\n.\r\n", "R5321-2.3.8-2" },
	{ ".\r.\n.", "..\r\n..\r\n..\r\n.\r\n", "R5321-4.5.2-1" },
	{ "\xc3\xa9\r\n", "\xc3\xa9\r\n.\r\n", "" },
};

static void
test_stuff__is_the_same_however_it_is_cut(void **state)
{
	static const size_t cuts[] = { 1, 2, 3, 5, 1000 };

	(void)state;
	needs(SMTP_WITH_8BITMIME);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t in = 0; in < COUNT(cuts); in++)
			for (size_t out = 0; out < COUNT(cuts); out++) {
				long n = stuff(rows[i].content,
				    strlen(rows[i].content), true, cuts[in],
				    cuts[out]);

				if (n != (long)strlen(rows[i].wire) ||
				    memcmp(wire, rows[i].wire, (size_t)n) != 0)
					fail_msg("row %zu in %zu out %zu", i,
					    cuts[in], cuts[out]);
			}
		proves(rows[i].proves);
	}
}

/* Whatever comes in: no bare CR or LF, one end mark, and it can be undone. */
static void
test_stuff__lets_no_bare_line_end_out(void **state)
{
	static const char octets[] = "\r\n.a";
	char content[8];

	(void)state;
	for (unsigned i = 0; i < 1U << 16; i++) {
		size_t marks = 0;
		long n, k;

		for (unsigned j = 0; j < 8; j++)
			content[j] = octets[i >> 2 * j & 3];
		n = stuff(content, 8, false, 1 + i % 3, 1 + i % 5);
		assert_true(n > 0);
		for (k = 0; k < n; k++) {
			bool start = k == 0 || wire[k - 1] == '\n';

			if (wire[k] == '\r')
				assert_true(k + 1 < n && wire[k + 1] == '\n');
			if (wire[k] == '\n')
				assert_true(k > 0 && wire[k - 1] == '\r');
			if (start && wire[k] == '.' && wire[k + 1] != '.') {
				assert_int_equal(k, n - 3);
				marks++;
			}
		}
		assert_int_equal(marks, 1);
	}
	proves("R5321-2.3.8-2 R5321-4.5.2-1 R5321-4.1.1.4-1");
}

static void
test_stuff__bounds_lines_at_998(void **state)
{
	char content[2100];
	static const size_t cuts[] = { 1, 7, 998, 999, 4000 };

	(void)state;
	for (size_t i = 0; i < COUNT(cuts); i++) {
		size_t cut = cuts[i];

		memset(content, 'a', sizeof content);
		assert_int_equal(stuff(content, 998, false, cut, cut), 1003);
		assert_int_equal(stuff(content, 999, false, cut, cut), -1);
		content[998] = '\n';
		assert_int_equal(stuff(content, 1997, false, cut, cut), 2003);
		assert_int_equal(stuff(content, 1998, false, cut, cut), -1);
		/* The added dot is not counted. */
		content[0] = '.';
		assert_int_equal(stuff(content, 998, false, cut, cut), 1004);
		content[998] = 'a';
		assert_int_equal(stuff(content, 999, false, cut, cut), -1);
	}
	proves("R5321-4.5.3.1.6-1");
}

static void
test_stuff__passes_high_octets_by_leave_only(void **state)
{
	char content[6] = "ab\r\n?";

	(void)state;
	needs(SMTP_WITH_8BITMIME);
	for (int c = 0; c < 256; c++) {
		content[4] = (char)c;
		for (size_t cut = 1; cut < 7; cut++) {
			assert_true(stuff(content, 5, true, cut, cut) > 0);
			assert_true((stuff(content, 5, false, cut, cut) > 0) ==
			    (c < 128));
		}
	}
	proves("R5321-2.4-3");
}

/* What the wire form is, by the words of RFC 5321 alone; -1: none. */
static long
by_the_book(const char *content, size_t n, bool eightbit, char *out)
{
	size_t k = 0, column = 0;

	for (size_t i = 0; i < n; i++) {
		char c = content[i];

		if (c == '\r' || c == '\n') {
			i += c == '\r' && i + 1 < n && content[i + 1] == '\n';
			out[k++] = '\r';
			out[k++] = '\n';
			column = 0;
			continue;
		}
		if (++column > 998 || ((unsigned char)c > 127 && !eightbit))
			return -1;
		if (column == 1 && c == '.')
			out[k++] = '.';
		out[k++] = c;
	}
	memcpy(out + k, "\r\n.\r\n", 5);
	if (column > 0)
		return (long)k + 5;
	memcpy(out + k, ".\r\n", 3);
	return (long)k + 3;
}

/*
 * Lines with all that may stand in them, `faults` times in 256; without any
 * most are such as the builder makes.
 */
static size_t
some_lines(char *p, size_t room, uint32_t seed, unsigned faults)
{
	static const char *const ends[] = { "\n", "\r", "\r\r\n", ".\r\n.",
		"\xe9\r\n", "\r\n\r\n", "\n\r\n", "\r\n.\r\n..\r" };
	uint32_t random = seed * 2654435761U + 1;
	size_t n = 0;

	for (;;) {
		uint32_t r = random = random * 1664525 + 1013904223;
		size_t size = r >> 30 == 0 ? 60 + (r >> 8) % 21 :
		    r >> 30 == 1 ? (r >> 8) % 1005 : 76;
		const char *end = (r >> 22 & 255) < faults ?
		    ends[r >> 13 & 7] : "\r\n";

		if (size > 998 && faults == 0)
			size = 998;
		if (n + size + 8 > room)
			return n;
		memset(p + n, 'a', size);
		n += size;
		memcpy(p + n, end, strlen(end));
		n += strlen(end);
	}
}

static void
test_stuff__is_as_the_book_says(void **state)
{
	static const size_t cuts[] = { 1, 40, 63, 64, 65, 127, 129, 1000,
	    7000 };
	static char content[7000], want[15000];

	(void)state;
	needs(SMTP_WITH_8BITMIME);
	for (unsigned round = 0; round < 600; round++) {
		size_t n = some_lines(content, 64 + round * 11, round,
		    round % 3 == 0 ? 0 : round % 40);
		bool eightbit = round % 4 > 0;
		long size = by_the_book(content, n, eightbit, want);

		for (size_t i = 0; i < 4; i++) {
			size_t in = cuts[(round + i) % COUNT(cuts)];
			size_t out = cuts[(round / 3 + i * 2) % COUNT(cuts)];
			long k = stuff(content, n, eightbit, in, out);

			if (k != size || (k > 0 &&
			    memcmp(wire, want, (size_t)k) != 0))
				fail_msg("round %u, %zu to %zu: %ld, not %ld",
				    round, in, out, k, size);
		}
		assert_true(size >= 0 || round % 3 > 0);
	}
}

/* Each of these behind each number of octets, in one piece. */
static void
test_stuff__is_the_same_wherever_it_stands(void **state)
{
	static const char *const odd[] = { "\r\n.", "\r\n..", "\n", "\r",
		"\xe9", "\r\n", "\r\n\r\n", "\n.", "\r\r\n", "." };
	static char content[4000], want[4000];

	(void)state;
	needs(SMTP_WITH_8BITMIME);
	for (size_t before = 0; before < 200; before++)
		for (size_t i = 0; i < COUNT(odd) + 4; i++) {
			size_t n = 3 + before;
			long size, k;

			memcpy(content, "a\r\n", 3);
			memset(content + 3, 'b', before);
			if (i < COUNT(odd)) {
				memcpy(content + n, odd[i], strlen(odd[i]));
				n += strlen(odd[i]);
			} else {
				/* 997 to 1000 octets */
				content[n++] = '\r';
				content[n++] = '\n';
				memset(content + n, 'd', 997 + i);
				n += 997 + i - COUNT(odd);
			}
			memcpy(content + n, "\r\n", 2);
			memset(content + n + 2, 'c', 200);
			n += 202;
			for (int eightbit = 0; eightbit < 2; eightbit++) {
				size = by_the_book(content, n, eightbit, want);
				k = stuff(content, n, eightbit, n, 2 * n);
				if (k != size || (k > 0 && memcmp(wire, want,
				    (size_t)k) != 0))
					fail_msg("%zu behind %zu", i, before);
			}
		}
}

#if SMTP_WITH_BDAT
static size_t
count(struct smtp__stuff *s, const char *p, size_t n, bool end)
{
	s->in = p;
	s->in_n = n;
	s->end = end;
	return smtp__stuff_count(s);
}

/*
 * The same content for BDAT: what DATA carries, without dots and end mark, in
 * as many octets as were counted before.
 */
static void
test_stuff__counts_what_goes_by_bdat(void **state)
{
	static const char octets[] = "\r\n.a";
	static const size_t cuts[] = { 1, 2, 3, 5, 8 };
	char content[8], out[64], want[64];

	(void)state;
	for (unsigned i = 0; i < 1U << 16; i++) {
		size_t in = cuts[i % COUNT(cuts)], n = 0, size = 0, at;
		struct smtp__stuff s;
		long k;

		for (unsigned j = 0; j < 8; j++)
			content[j] = octets[i >> 2 * j & 3];
		smtp__stuff_begin_plain(&s, false);
		for (at = 0; at < sizeof content; at += in) {
			size_t left = sizeof content - at;
			size_t piece = left < in ? left : in;
			size_t counted = count(&s, content + at, piece,
			    piece == left);
			size_t before = n;

			while (s.in_n > 0 || (s.end && !smtp__stuff_ended(&s)))
				n += smtp__stuff(&s, out + n, 3);
			assert_int_equal(counted, n - before);
		}
		k = stuff(content, sizeof content, false, 8, 64);
		for (at = 0; at < (size_t)k - 3; at++) {
			bool start = at == 0 || wire[at - 1] == '\n';

			if (start && wire[at] == '.')
				at++;
			want[size++] = wire[at];
		}
		assert_int_equal(n, size);
		assert_memory_equal(out, want, n);
	}
	proves("R3030-2-2 R3030-2-7 LIB-F-6");
}

static void
test_stuff__counts_no_content_that_may_not_pass(void **state)
{
	struct smtp__stuff s;
	char line[999];

	(void)state;
	needs(SMTP_WITH_8BITMIME);
	memset(line, 'x', sizeof line);
	smtp__stuff_begin_plain(&s, false);
	assert_int_equal(count(&s, line, 998, true), 1000);
	assert_false(s.bad);
	(void)count(&s, line, 999, true);
	assert_true(s.bad);
	smtp__stuff_begin_plain(&s, false);
	(void)count(&s, "\xe9", 1, false);
	assert_true(s.bad);
	smtp__stuff_begin_plain(&s, true);
	assert_int_equal(count(&s, "\xe9", 1, false), 1);
	assert_false(s.bad);
}
#else
CASE_LEFT_OUT(test_stuff__counts_what_goes_by_bdat, "SMTP_WITH_BDAT")
CASE_LEFT_OUT(test_stuff__counts_no_content_that_may_not_pass,
    "SMTP_WITH_BDAT")
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stuff__is_the_same_however_it_is_cut),
		cmocka_unit_test(test_stuff__lets_no_bare_line_end_out),
		cmocka_unit_test(test_stuff__bounds_lines_at_998),
		cmocka_unit_test(test_stuff__passes_high_octets_by_leave_only),
		cmocka_unit_test(test_stuff__is_as_the_book_says),
		cmocka_unit_test(test_stuff__is_the_same_wherever_it_stands),
		cmocka_unit_test(test_stuff__counts_what_goes_by_bdat),
		cmocka_unit_test(
		    test_stuff__counts_no_content_that_may_not_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
