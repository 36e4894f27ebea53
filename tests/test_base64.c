/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "codec/base64.h"
#include "codec/base64_lines.h"

static const struct {
	const char *plain;
	size_t n;
	const char *code;
} rows[] = {
	{ "", 0, "" },
	{ "\0", 1, "AA==" },
	{ "f", 1, "Zg==" },
	{ "fo", 2, "Zm8=" },
	{ "foo", 3, "Zm9v" },
	{ "foob", 4, "Zm9vYg==" },
	{ "fooba", 5, "Zm9vYmE=" },
	{ "foobar", 6, "Zm9vYmFy" },
	{ "\xFB\xEF\xBE\xFF", 4, "++++/w==" },
	{ "sirhc", 5, "c2lyaGM=" },
	{ "\1", 1, "AQ==" },
	{ "a@b.example", 11, "YUBiLmV4YW1wbGU=" },
	{ "\0tim\0tanstaaftanstaaf", 21, "AHRpbQB0YW5zdGFhZnRhbnN0YWFm" },
};

/* Encode in pieces of `step` octets into rooms of `room`. */
static size_t
encode(const char *in, size_t n, bool lines, size_t step, size_t room,
    char *out)
{
	struct smtp__base64 b;
	size_t at = 0, end = 0, size = 0;

	smtp__base64_init(&b, lines);
	for (;;) {
		size_t used, wrote;

		end = end + step < n ? end + step : n;
		for (;;) {
			char *piece = malloc(room);

			assert_non_null(piece);
			wrote = smtp__base64_encode(&b, in + at, end - at,
			    end == n, &used, piece, room);
			assert_in_range(wrote, 0, room);
			memcpy(out + size, piece, wrote);
			free(piece);
			size += wrote;
			at += used;
			if (wrote == 0)
				break;
		}
		if (at == n)
			return size;
	}
}

static void
test_base64__encodes_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[64];
		size_t n = encode(rows[i].plain, rows[i].n, false, 100, 100,
		    out);

		assert_int_equal(n, strlen(rows[i].code));
		assert_int_equal(n, smtp__base64_size(rows[i].n, false));
		assert_memory_equal(out, rows[i].code, n);
	}
}

static void
test_base64__decodes_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].code);
		char *in = malloc(n > 0 ? n : 1);

		assert_non_null(in);
		memcpy(in, rows[i].code, n);
		assert_true(smtp__base64_check(in, n));
		assert_int_equal(smtp__base64_decode(in, n, in, n),
		    rows[i].n);
		assert_memory_equal(in, rows[i].plain, rows[i].n);
		free(in);
	}
}

static void
test_base64__refuses_what_is_not_base64(void **state)
{
	static const char *const bad[] = {
		"=AAA", "AAA=BBB", "AAA=BBBB", "A", "AA", "AAA", "AA=",
		"AAAA=", "AA==AA==", "A-_A", "AAA\n", "AAAA\r\n", "A===",
		"====", "AA=A", " AAA", "AAA ", "A AA", "\xC3\xA9\xC3\xA9",
		"Zm9=", "Zh==", "\0AAA",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		size_t n = i + 1 < COUNT(bad) ? strlen(bad[i]) : 4;
		char *in = malloc(n), out[16];

		assert_non_null(in);
		memcpy(in, bad[i], n);
		if (smtp__base64_check(in, n) ||
		    smtp__base64_decode(in, n, out, sizeof(out)) != -1)
			fail_msg("%s was taken", bad[i]);
		free(in);
	}
}

static void
test_base64__decodes_into_no_more_than_it_was_given(void **state)
{
	char out[6];

	(void)state;
	assert_int_equal(smtp__base64_decode("Zm9vYmFy", 8, out, 6), 6);
	for (size_t cap = 0; cap < 6; cap++) {
		char *exact = malloc(cap > 0 ? cap : 1);

		assert_non_null(exact);
		assert_int_equal(smtp__base64_decode("Zm9vYmFy", 8, exact,
		    cap), -1);
		free(exact);
	}
}

/* Of a group that has no octets nothing is made. */
static void
test_base64__groups_what_is_there(void **state)
{
	static const char *const want[] = { "", "AQ==", "AQI=", "AQID",
		"AQID" };
	static const unsigned char in[] = { 1, 2, 3, 4 };

	(void)state;
	for (size_t n = 0; n < COUNT(want); n++) {
		char out[4] = "xxx";

		assert_int_equal(smtp__base64_group(in, n, out),
		    strlen(want[n]));
		assert_memory_equal(out, want[n], strlen(want[n]));
	}
}

static void
test_base64__breaks_lines_at_76(void **state)
{
	static const struct {
		size_t n;
		const size_t lines[4];
	} sizes[] = {
		{ 0, { 0 } }, { 1, { 4, 0 } }, { 56, { 76, 0 } },
		{ 57, { 76, 0 } }, { 58, { 76, 4, 0 } },
		{ 114, { 76, 76, 0 } }, { 115, { 76, 76, 4, 0 } },
	};
	char in[115], out[200];

	(void)state;
	memset(in, 'x', sizeof(in));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		size_t n = encode(in, sizes[i].n, true, 200, 200, out);
		const char *p = out;

		assert_int_equal(n, smtp__base64_size(sizes[i].n, true));
		for (size_t j = 0; sizes[i].lines[j] > 0; j++) {
			if (j > 0) {
				assert_memory_equal(p, "\r\n", 2);
				p += 2;
			}
			assert_null(memchr(p, '\r', sizes[i].lines[j]));
			p += sizes[i].lines[j];
		}
		assert_int_equal(p - out, n);
	}
}

static void
test_base64__is_the_same_however_it_is_cut(void **state)
{
	char in[400], want[600], got[600];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)(i * 7 + i / 9);
	for (size_t n = 0; n < sizeof(in); n += n < 120 ? 1 : 61) {
		size_t size = encode(in, n, true, sizeof(in), sizeof(want),
		    want);

		assert_int_equal(size, smtp__base64_size(n, true));
		for (size_t step = 1; step <= 64; step++)
			for (size_t room = SMTP__BASE64_ROOM; room < 90;
			    room += 17) {
				assert_int_equal(encode(in, n, true, step,
				    room, got), size);
				assert_memory_equal(got, want, size);
			}
	}
	proves("R2045-6.8-1");
}

static void
test_base64__makes_whole_lines_the_fast_way_too(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (size_t lines = 0; lines < 40; lines++)
		for (int way = 0; way < 2; way++) {
			size_t n = lines * SMTP__BASE64_LINE_IN;
			size_t size = lines * SMTP__BASE64_LINE_OUT;
			char *in = malloc(n + 1), *out = malloc(size + 1);
			char want[40 * SMTP__BASE64_LINE_OUT];

			assert_non_null(in);
			assert_non_null(out);
			in = realloc(in, n > 0 ? n : 1);
			out = realloc(out, size > 0 ? size : 1);
			for (size_t i = 0; i < n; i++) {
				seed = seed * 1664525u + 1013904223u;
				in[i] = (char)(seed >> 24);
			}
			if (way == 0)
				smtp__base64_lines(in, lines, out);
			else
				smtp__base64_lines_portable(in, lines, out);
			if (lines > 0) {
				assert_int_equal(encode(in, n, true, n,
				    sizeof(want), want), size - 2);
				assert_memory_equal(out, "\r\n", 2);
				assert_memory_equal(out + 2, want, size - 2);
			}
			free(in);
			free(out);
		}
	proves("R2045-6.8-1");
}

/* Each value of each octet of a group, in each place of a line. */
static void
test_base64__is_right_for_every_octet(void **state)
{
	(void)state;
	for (int value = 0; value < 256; value++)
		for (size_t at = 0; at < SMTP__BASE64_LINE_IN; at++) {
			char in[SMTP__BASE64_LINE_IN] = "";
			char fast[SMTP__BASE64_LINE_OUT];
			char slow[SMTP__BASE64_LINE_OUT], want[80];

			in[at] = (char)value;
			smtp__base64_lines(in, 1, fast);
			smtp__base64_lines_portable(in, 1, slow);
			assert_int_equal(encode(in, sizeof(in), true, 57, 80,
			    want), 76);
			assert_memory_equal(fast + 2, want, 76);
			assert_memory_equal(slow + 2, want, 76);
			assert_int_equal(smtp__base64_decode(want, 76, want,
			    57), 57);
			assert_memory_equal(want, in, 57);
		}
}

static void
test_base64__sizes_do_not_overflow(void **state)
{
	(void)state;
	assert_true(smtp__base64_size(UINT64_C(1) << 60, true) >
	    UINT64_C(1) << 60);
	assert_int_equal(smtp__base64_size(UINT64_C(3) << 40, false),
	    UINT64_C(4) << 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64__encodes_the_vectors),
		cmocka_unit_test(test_base64__decodes_the_vectors),
		cmocka_unit_test(test_base64__refuses_what_is_not_base64),
		cmocka_unit_test(
		    test_base64__decodes_into_no_more_than_it_was_given),
		cmocka_unit_test(test_base64__groups_what_is_there),
		cmocka_unit_test(test_base64__breaks_lines_at_76),
		cmocka_unit_test(test_base64__is_the_same_however_it_is_cut),
		cmocka_unit_test(
		    test_base64__makes_whole_lines_the_fast_way_too),
		cmocka_unit_test(test_base64__is_right_for_every_octet),
		cmocka_unit_test(test_base64__sizes_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
