/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "codec/qp.h"
#include "text/ascii.h"

/* Encode in pieces of `step` octets into rooms of `room`. */
static size_t
encode(const char *in, size_t n, bool binary, size_t step, size_t room,
    char *out)
{
	struct smtp__qp q;
	size_t at = 0, end = 0, size = 0;

	smtp__qp_init(&q, binary);
	for (;;) {
		size_t used, wrote;

		end = end + step < n ? end + step : n;
		do {
			/* exact, so that a look too far is seen */
			char *from = malloc(end - at + 1), *to = malloc(room);

			assert_non_null(from);
			assert_non_null(to);
			memcpy(from, in + at, end - at);
			from = realloc(from, end > at ? end - at : 1);
			wrote = smtp__qp_encode(&q, from, end - at, end == n,
			    &used, to, room);
			assert_in_range(wrote, 0, room);
			memcpy(out + size, to, wrote);
			free(from);
			free(to);
			size += wrote;
			at += used;
		} while (wrote > 0);
		if (at == n)
			return size;
		assert_true(end < n);
	}
}

static const struct {
	const char *plain, *code;
	bool binary;
	const char *proves;
} rows[] = {
	{ "", "", false, NULL },
	{ "a=b", "a=3Db", false, "R2045-6.7-1" },
	{ "\xC3\xA9", "=C3=A9", false, "R2045-6.7-1" },
	{ "!\"#$%&'()*+,-./09:;<>?@AZ[\\]^_`az{|}~",
	    "!\"#$%&'()*+,-./09:;<>?@AZ[\\]^_`az{|}~", false,
	    "R2045-6.7-1" },
	{ "\x01\x1B\x7F", "=01=1B=7F", false, "R2045-6.7-1" },
	{ "x \r\n", "x=20\r\n", false, "R2045-6.7-3" },
	{ "x \n", "x=20\r\n", false, "R2045-6.7-3" },
	{ "x  \r\ny", "x =20\r\ny", false, "R2045-6.7-3" },
	{ "x ", "x=20", false, "R2045-6.7-3" },
	{ "x\t", "x=09", false, "R2045-6.7-3" },
	{ "\tx\t \tx#", "\tx\t \tx#", false, "R2045-6.7-3" },
	{ "\t\r\n#\r\n \r\n", "=09\r\n#\r\n=20\r\n", false,
	    "R2045-6.7-3" },
	{ "12345678 ", "12345678=20", false, "R2045-6.7-3" },
	{ "12345678 \n", "12345678=20\r\n", false, "R2045-6.7-3" },
	{ "12345678 9", "12345678 9", false, NULL },
	{ "x\t\r\n", "x=09\r\n", false, "R2045-6.7-3" },
	{ " ", "=20", false, "R2045-6.7-3" },
	{ "a b\tc", "a b\tc", false, NULL },
	{ "a\nb", "a\r\nb", false, "R2045-6.7-4" },
	{ "a\r\nb", "a\r\nb", false, "R2045-6.7-4" },
	{ "a\rb", "a\r\nb", false, "R2045-6.7-4" },
	{ "a\r", "a\r\n", false, "R2045-6.7-4" },
	{ "\n\n", "\r\n\r\n", false, "R2045-6.7-4" },
	{ "\r\r\n", "\r\n\r\n", false, "R2045-6.7-4" },
	{ "a\r\nb\n", "a=0D=0Ab=0A", true, "R2045-6.7-5" },
	{ "From me", "=46rom me", false, "R2049-3-1" },
	{ "x\nFrom me", "x\r\n=46rom me", false, "R2049-3-1" },
	{ "Fromage", "Fromage", false, "R2049-3-1" },
	{ "xFrom me", "xFrom me", false, "R2049-3-1" },
	{ ".", "=2E", false, "R2049-3-1" },
	{ "a\n.\nb", "a\r\n=2E\r\nb", false, "R2049-3-1" },
	{ ".a", ".a", false, "R2049-3-1" },
	{ "..", "..", false, "R2049-3-1" },
};

static void
test_qp__encodes_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[128];
		size_t n = encode(rows[i].plain, strlen(rows[i].plain),
		    rows[i].binary, 200, 100, out);

		if (n != strlen(rows[i].code) ||
		    memcmp(out, rows[i].code, n) != 0)
			fail_msg("%s: %.*s", rows[i].plain, (int)n, out);
		assert_int_equal(n, smtp__qp_size(rows[i].plain,
		    strlen(rows[i].plain), rows[i].binary));
		if (rows[i].proves != NULL)
			proves(rows[i].proves);
	}
}

static void
test_qp__breaks_lines_at_76(void **state)
{
	static const struct {
		size_t a;        /* so many letters, then `tail` */
		const char *tail;
		size_t first;    /* the length of the first line */
	} lines[] = {
		{ 76, "", 76 }, { 77, "", 76 }, { 76, "\r\nb", 76 },
		{ 75, "\xC3\xA9", 76 }, { 73, "\xC3\xA9", 74 },
		{ 72, "\xC3\xA9z", 76 }, { 70, "\xC3\xA9", 76 },
		{ 75, " \r\n", 76 }, { 73, " ", 76 }, { 75, " b", 76 },
		{ 200, "", 76 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char in[256], out[512];
		size_t n = lines[i].a, size, length = 0;

		memset(in, 'a', n);
		memcpy(in + n, lines[i].tail, strlen(lines[i].tail));
		n += strlen(lines[i].tail);
		size = encode(in, n, false, 300, 512, out);
		while (length < size && out[length] != '\r')
			length++;
		assert_int_equal(length, lines[i].first);
	}
	/* 76 letters in one line, 77 in 75 and 2 */
	{
		char in[77], out[100];

		memset(in, 'a', sizeof(in));
		assert_int_equal(encode(in, 76, false, 80, 100, out), 76);
		assert_int_equal(encode(in, 77, false, 80, 100, out), 80);
		assert_memory_equal(out + 75, "=\r\naa", 5);
	}
	proves("R2045-6.7-2");
}

/* Each line behind the first is as full as that, whatever it is made of. */
static void
test_qp__fills_every_line(void **state)
{
	(void)state;
	for (size_t cap = 8; cap < 100; cap += 13) {
		char in[400], out[1500];
		size_t n, at = 0;

		memset(in, 'a', sizeof(in));
		n = encode(in, sizeof(in), false, 400, cap, out);
		for (; n - at > 78; at += 78)
			assert_memory_equal(out + at + 75, "=\r\n", 3);
		assert_int_equal(at, 5 * 78);
		assert_int_equal(n - at, 25);
		/* What begins a line is seen, also behind a soft break. */
		memcpy(in + 75, "From x", 6);
		n = encode(in, 81, false, 81, cap, out);
		assert_int_equal(n, 78 + 8);
		assert_memory_equal(out + 75, "=\r\n=46rom x", 11);
		/* And it counts as the three octets that it takes there. */
		memset(in + 81, 'b', 100);
		n = encode(in, 181, false, 181, cap, out);
		assert_memory_equal(out + 78 + 75, "=\r\nb", 4);
		/* Three octets each: 25 go into a line. */
		memset(in, 0xFF, sizeof(in));
		n = encode(in, 100, false, 100, cap, out);
		for (at = 0; n - at > 78; at += 78)
			assert_memory_equal(out + at + 72, "=FF=\r\n", 6);
		assert_int_equal(at, 3 * 78);
		assert_int_equal(n - at, 75);
	}
}

/* What a reader makes of it: RFC 2045 section 6.7, strictly. */
static size_t
decode(const char *in, size_t n, char *out)
{
	size_t size = 0, column = 0;

	for (size_t i = 0; i < n; i++) {
		if (in[i] == '\r') {
			assert_true(i + 1 < n && in[i + 1] == '\n');
			assert_false(i > 0 && smtp__is_blank(in[i - 1]));
			if (i == 0 || in[i - 1] != '=') {
				out[size++] = '\r';
				out[size++] = '\n';
			}
			i++;
			column = 0;
			continue;
		}
		assert_true(++column <= 76);
		if (in[i] == '=' && i + 1 < n && in[i + 1] != '\r') {
			assert_true(i + 2 < n);
			assert_true(in[i + 1] < 'a' && in[i + 2] < 'a');
			out[size++] = (char)(smtp__hex_value(in[i + 1]) * 16 +
			    smtp__hex_value(in[i + 2]));
			i += 2;
			assert_true((column += 2) <= 76);
		} else if (in[i] != '=') {
			assert_false(smtp__is_control(in[i]) &&
			    in[i] != '\t');
			assert_false(smtp__is_high(in[i]));
			out[size++] = in[i];
		}
	}
	assert_false(n > 0 && smtp__is_blank(in[n - 1]));
	return size;
}

static uint32_t
draw(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static void
test_qp__decodes_to_what_it_was(void **state)
{
	static const char octets[] = "aF. \tom=r\xC3\xA9\x01\r\n\nzzzzzzzzz";
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 400; round++) {
		char in[700], want[1400], out[4000], got[4000], back[2000];
		size_t n = draw(&seed) % sizeof(in), m = 0, size;
		bool binary = round % 3 == 0;

		for (size_t i = 0; i < n; i++)
			in[i] = octets[draw(&seed) % (sizeof(octets) - 1)];
		if (round % 5 == 0 && n > 10)
			memcpy(in + n / 2, "\nFrom ", 6);
		for (size_t i = 0; i < n; i++) {
			if (binary || (in[i] != '\r' && in[i] != '\n')) {
				want[m++] = in[i];
				continue;
			}
			i += in[i] == '\r' && i + 1 < n && in[i + 1] == '\n';
			want[m++] = '\r';
			want[m++] = '\n';
		}
		size = encode(in, n, binary, n + 1, sizeof(out), out);
		assert_int_equal(size, smtp__qp_size(in, n, binary));
		assert_int_equal(decode(out, size, back), m);
		assert_memory_equal(back, want, m);
		for (size_t step = 1; step < 9; step += 2)
			for (size_t room = SMTP__QP_ROOM; room < 50;
			    room += 13) {
				assert_int_equal(encode(in, n, binary, step,
				    room, got), size);
				assert_memory_equal(got, out, size);
			}
	}
	proves("R2045-6.7-1 R2045-6.7-2 R2045-6.7-3");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qp__encodes_the_vectors),
		cmocka_unit_test(test_qp__breaks_lines_at_76),
		cmocka_unit_test(test_qp__fills_every_line),
		cmocka_unit_test(test_qp__decodes_to_what_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
