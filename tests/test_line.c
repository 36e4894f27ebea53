/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <inttypes.h>

#include "codec/base64.h"
#include "codec/line.h"

static const char secret[] = "\0tim\0tanstaaftanstaaf";

static void
say(struct smtp__line *l)
{
	smtp__line_text(l, "AUTH PLAIN ");
	smtp__line_base64_begin(l);
	for (size_t i = 0; i < sizeof secret - 1; i++)
		smtp__line_octet(l, secret[i]);
	smtp__line_base64_end(l);
	smtp__line_text(l, " SIZE=");
	smtp__line_number(l, UINT64_MAX);
	smtp__line_text(l, "\r\n");
}

static const char said[] = "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm "
    "SIZE=18446744073709551615\r\n";

/* Through a window of any size, in memory of exactly that size. */
static void
test_line__is_the_same_through_any_window(void **state)
{
	const size_t all = sizeof said - 1;

	(void)state;
	for (size_t room = 1; room <= all + 3; room++) {
		size_t at = 0;

		for (;;) {
			char *p = malloc(room);
			struct smtp__line l;
			size_t n;

			smtp__line_begin(&l, p, room, at);
			say(&l);
			assert_int_equal(l.n, all);
			n = all - at < room ? all - at : room;
			assert_memory_equal(p, said + at, n);
			free(p);
			at += n;
			if (n == 0)
				break;
		}
		assert_int_equal(at, all);
	}
}

static void
test_line__has_a_length_without_memory(void **state)
{
	struct smtp__line l;

	(void)state;
	smtp__line_begin(&l, NULL, 0, 0);
	say(&l);
	assert_int_equal(l.n, sizeof said - 1);
}

static void
check_number(uint64_t number)
{
	char want[24], *p;
	struct smtp__line l;

	snprintf(want, sizeof want, "%" PRIu64, number);
	p = malloc(strlen(want));
	smtp__line_begin(&l, p, strlen(want), 0);
	smtp__line_number(&l, number);
	assert_int_equal(l.n, strlen(want));
	assert_memory_equal(p, want, strlen(want));
	free(p);
}

static void
test_line__writes_numbers(void **state)
{
	uint64_t power = 1, random = 1;

	(void)state;
	for (uint64_t i = 0; i < 100000; i++)
		check_number(i);
	for (int i = 0; i < 20; i++, power *= 10)
		for (uint64_t k = 0; k < 12; k++) {
			check_number(power - 6 + k);
			check_number(power * 9 - 6 + k);
		}
	for (int i = 0; i < 64; i++)
		for (uint64_t k = 0; k < 3; k++)
			check_number((UINT64_C(1) << i) - 1 + k);
	for (int i = 0; i < 200000; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695041;
		check_number(random >> i % 64);
	}
	check_number(UINT64_C(4294967297));
	check_number(UINT64_MAX);
	proves("R1870-6-3");
}

/* As the encoder for content does it, for each length of the last group. */
static void
test_line__encodes_base64(void **state)
{
	unsigned char octets[300];
	char want[400], got[500];

	(void)state;
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (unsigned char)(i * 37);
	for (size_t n = 0; n < sizeof octets; n++) {
		struct smtp__base64 b;
		struct smtp__line l;
		size_t used, want_n;

		smtp__base64_init(&b, false);
		want_n = smtp__base64_encode(&b, octets, n, true, &used, want,
		    sizeof want);
		assert_int_equal(used, n);
		smtp__line_begin(&l, got, sizeof got, 0);
		smtp__line_base64_begin(&l);
		for (size_t i = 0; i < n; i++)
			smtp__line_octet(&l, (char)octets[i]);
		smtp__line_base64_end(&l);
		smtp__line_octet(&l, '!');
		assert_int_equal(l.n, want_n + 1);
		assert_memory_equal(got, want, want_n);
		assert_int_equal(got[want_n], '!');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line__is_the_same_through_any_window),
		cmocka_unit_test(test_line__has_a_length_without_memory),
		cmocka_unit_test(test_line__writes_numbers),
		cmocka_unit_test(test_line__encodes_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
