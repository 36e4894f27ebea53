/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "net/tls_hello.h"

/* A record with one ServerHello: 32 random octets, no session, extensions. */
static size_t
hello_of(unsigned char *p, const char *tail, const void *more, size_t more_n)
{
	size_t n = 0;

	memcpy(p, "\x16\x03\x03\0\0\x02\0\0\0\x03\x03", 11);
	n = 11;
	memset(p + n, 'r', 24);
	memcpy(p + n + 24, tail, 8);
	n += 32;
	memcpy(p + n, "\0\xc0\x2f\0", 4);
	n += 4;
	if (more_n > 0) {
		p[n++] = 0;
		p[n++] = (unsigned char)more_n;
		memcpy(p + n, more, more_n);
		n += more_n;
	}
	p[4] = (unsigned char)(n - 5);
	p[8] = (unsigned char)(n - 9);
	return n;
}

static const struct {
	const char *name, *tail, *more;
	size_t more_n;
	bool extended, downgraded;
} rows[] = {
	{ "no extensions", "rrrrrrrr", "", 0, false, false },
	{ "the only one", "rrrrrrrr", "\0\x17\0\0", 4, true, false },
	{ "the last", "rrrrrrrr", "\xff\x01\0\x01\0\0\x17\0\0", 9, true,
	    false },
	{ "another", "rrrrrrrr", "\xff\x01\0\x01\0", 5, false, false },
	{ "its number in another's octets", "rrrrrrrr",
	    "\0\x10\0\x04\0\x17\0\0", 8, false, false },
	{ "longer than what is there", "rrrrrrrr",
	    "\xff\x01\0\x09\0\0\x17\0\0", 9, false, false },
	{ "a server of TLS 1.3", "DOWNGRD\x01", "\0\x17\0\0", 4, true, true },
	{ "one of TLS 1.2", "DOWNGRD\0", "", 0, false, false }
};

static void
test_tls_hello__is_read_however_it_is_cut(void **state)
{
	unsigned char p[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = hello_of(p, rows[i].tail, rows[i].more,
		    rows[i].more_n);

		for (size_t piece = 1; piece <= n; piece++) {
			struct smtp__tls_hello hello = { .n = 0 };

			for (size_t at = 0; at < n; at += piece)
				smtp__tls_hello_feed(&hello, p + at,
				    n - at < piece ? n - at : piece);
			if (smtp__tls_hello_extended_master(&hello) !=
			    rows[i].extended)
				fail_msg("%s by %zu", rows[i].name, piece);
			if (smtp__tls_hello_downgraded(&hello) !=
			    rows[i].downgraded)
				fail_msg("%s by %zu", rows[i].name, piece);
			assert_true(smtp__tls_hello_is(&hello, 0x0303));
			assert_false(smtp__tls_hello_is(&hello, 0x0302));
		}
	}
}

/* Cut short, or with any octet changed, it is read within its bounds. */
static void
test_tls_hello__that_is_not_whole_says_nothing(void **state)
{
	unsigned char p[200];
	size_t n = hello_of(p, "DOWNGRD\x01", "\0\x17\0\0", 4);

	(void)state;
	for (size_t cut = 0; cut < n; cut++) {
		struct smtp__tls_hello hello = { .n = 0 };

		smtp__tls_hello_feed(&hello, p, cut);
		assert_false(smtp__tls_hello_is(&hello, 0x0303));
		assert_false(smtp__tls_hello_extended_master(&hello));
		assert_false(smtp__tls_hello_downgraded(&hello));
	}
	for (size_t at = 0; at < n; at++)
		for (unsigned value = 0; value < 256; value++) {
			struct smtp__tls_hello *hello = malloc(sizeof *hello);

			assert_non_null(hello);
			hello->n = 0;
			smtp__tls_hello_feed(hello, p, n);
			hello->p[at] = (unsigned char)value;
			(void)smtp__tls_hello_extended_master(hello);
			free(hello);
		}
}

static void
test_tls_hello__takes_no_more_than_it_has_room_for(void **state)
{
	unsigned char p[600] = { 0x16, 3, 3, 2, 0, 2 };
	struct smtp__tls_hello hello = { .n = 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		smtp__tls_hello_feed(&hello, p, sizeof p);
	assert_int_equal(hello.n, SMTP__TLS_HELLO_BYTES);
	p[7] = 1;
	p[8] = 0xf0;
	hello.n = 0;
	smtp__tls_hello_feed(&hello, p, sizeof p);
	assert_false(smtp__tls_hello_is(&hello, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_hello__is_read_however_it_is_cut),
		cmocka_unit_test(
		    test_tls_hello__that_is_not_whole_says_nothing),
		cmocka_unit_test(
		    test_tls_hello__takes_no_more_than_it_has_room_for)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
