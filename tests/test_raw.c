/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "mime/raw.h"

/* Convert in pieces of `step` octets into rooms of `room`; 0 counts only. */
static size_t
convert(struct smtp__raw *r, const char *in, size_t n, size_t step,
    size_t room, char *out)
{
	size_t at = 0, end = 0, size = 0;

	for (;;) {
		size_t used, wrote;

		end = end + step < n ? end + step : n;
		do {
			char *from = malloc(end - at + 1);
			char *to = malloc(room + 1);

			assert_non_null(from);
			assert_non_null(to);
			memcpy(from, in + at, end - at);
			from = realloc(from, end > at ? end - at : 1);
			to = realloc(to, room > 0 ? room : 1);
			wrote = smtp__raw_convert(r, from, end - at, end == n,
			    &used, room > 0 ? to : NULL,
			    room > 0 ? room : SIZE_MAX);
			if (room > 0) {
				assert_in_range(wrote, 0, room);
				memcpy(out + size, to, wrote);
			}
			free(from);
			free(to);
			size += wrote;
			at += used;
		} while (wrote > 0 && r->fault == SMTP__RAW_OK);
		if (r->fault != SMTP__RAW_OK ||
		    (at == n && end == n && r->column == 0))
			return size;
		assert_true(end < n || at < n || r->column > 0);
	}
}

#define A49 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A98 A49 A49
#define A100 A98 "aa"
#define A998 A100 A100 A100 A100 A100 A100 A100 A100 A100 A98

static const struct {
	const char *in;
	size_t n;                /* 0: its length as a string */
	const char *want;        /* NULL: a fault             */
	enum smtp__raw_fault fault;
	uint64_t line;
	const char *proves;
} rows[] = {
	{ "", 0, "", 0, 0, NULL },
	{ "a\r\n", 0, "a\r\n", 0, 0, NULL },
	{ "a\n", 0, "a\r\n", 0, 0, "R5321-2.3.8-2" },
	{ "a", 0, "a\r\n", 0, 0, "R5321-4.1.1.4-2" },
	{ "\n", 0, "\r\n", 0, 0, NULL },
	{ "a\n.\nb", 0, "a\r\n.\r\nb\r\n", 0, 0, "R5321-2.3.8-2" },
	{ "a\r\n.\nb", 0, "a\r\n.\r\nb\r\n", 0, 0, "R5321-2.3.8-2" },
	{ "a\n.\r\nb", 0, "a\r\n.\r\nb\r\n", 0, 0, "R5321-2.3.8-2" },
	{ "a\r.\rb", 0, NULL, SMTP__RAW_BARE_CR, 1, "R5321-2.3.8-2" },
	{ "a\r\n.\r.\r\nb", 0, NULL, SMTP__RAW_BARE_CR, 2, "R5321-2.3.8-2" },
	{ "\r\r\n.", 0, NULL, SMTP__RAW_BARE_CR, 1, "R5321-2.3.8-2" },
	{ "a\r", 0, NULL, SMTP__RAW_BARE_CR, 1, "R5321-2.3.8-2" },
	{ "a\n\nb\0c", 6, NULL, SMTP__RAW_NUL, 3, NULL },
	{ A998 "\n", 0, A998 "\r\n", 0, 0, "R5321-4.5.3.1.6-1" },
	{ A998 "\r\n", 0, A998 "\r\n", 0, 0, "R5321-4.5.3.1.6-1" },
	{ A998 "b\n", 0, NULL, SMTP__RAW_LONG_LINE, 1, "R5321-4.5.3.1.6-1" },
	{ "x\n\n." A100 A998, 0, NULL, SMTP__RAW_LONG_LINE, 3,
	    "R5321-4.5.3.1.6-1" },
	{ "a: \xC3\xA9\n\nb", 0, NULL, SMTP__RAW_HIGH_HEAD, 1,
	    "R2046-5.1.1-5" },
	{ "a: b\n\nb\nlong line of nine \xC3\xA9\n", 0, NULL,
	    SMTP__RAW_HIGH_BODY, 4, "R5321-2.4-3" },
};

static void
test_raw__repairs_line_ends_and_refuses_the_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = rows[i].n > 0 ? rows[i].n : strlen(rows[i].in);

		for (size_t step = 1; step <= n + 1;
		    step += step < 9 ? 1 : 97)
			for (size_t room = 0; room < 40;
			    room += room == 0 ? 2 : 9) {
				struct smtp__raw r;
				char out[2500];
				size_t size;

				smtp__raw_init(&r, false, false);
				size = convert(&r, rows[i].in, n, step, room,
				    out);
				assert_int_equal(r.fault, rows[i].fault);
				if (rows[i].want == NULL) {
					assert_int_equal(r.line,
					    rows[i].line);
					continue;
				}
				assert_int_equal(size,
				    strlen(rows[i].want));
				if (room > 0)
					assert_memory_equal(out,
					    rows[i].want, size);
			}
		if (rows[i].proves != NULL)
			proves(rows[i].proves);
	}
}

static void
test_raw__notes_where_octets_are_high(void **state)
{
	static const struct {
		const char *in;
		bool head, body;
	} places[] = {
		{ "a: b\r\n\r\nc\r\n", false, false },
		{ "a: \xC3\xA9\r\n\r\nc\r\n", true, false },
		{ "a: b\r\n\r\n\xC3\xA9\r\n", false, true },
		{ "\r\n\xC3\xA9\r\n", false, true },
		{ "a: b\nc: d\n\xC3\xA9: x\n\nb", true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		struct smtp__raw r;
		char out[64];

		smtp__raw_init(&r, true, true);
		convert(&r, places[i].in, strlen(places[i].in), 3, 10, out);
		assert_int_equal(r.fault, SMTP__RAW_OK);
		assert_int_equal(r.high_head, places[i].head);
		assert_int_equal(r.high_body, places[i].body);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_raw__repairs_line_ends_and_refuses_the_rest),
		cmocka_unit_test(test_raw__notes_where_octets_are_high),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
