/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "net/identity.h"

/* The octets on a heap block of their exact size. */
static struct smtp__bytes
exactly(const char *text, size_t n)
{
	char *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	return smtp__bytes(copy, n);
}

static bool
matches(const char *presented, size_t n, const char *reference)
{
	struct smtp__bytes a = exactly(presented, n);
	struct smtp__bytes b = exactly(reference, strlen(reference));
	bool answer = smtp__identity_matches_name(a, b);

	free((char *)(uintptr_t)a.p);
	free((char *)(uintptr_t)b.p);
	return answer;
}

static const struct {
	const char *presented, *reference;
	bool want;
	const char *items;
} names[] = {
	{ "mail.example.com", "mail.example.com", true, "" },
	{ "Mail.Example.COM", "mail.example.com", true, "R9525-6.3-1" },
	{ "mail.example.com", "MAIL.example.COM", true, "R9525-6.3-1" },
	{ "mail.example.com", "mail.example.com.", true, "" },
	{ "mail.example.com", "mail.example.com..", false, "" },
	{ "mail.example.com.", "mail.example.com", false, "" },
	{ "mail.example.org", "mail.example.com", false, "R9525-6.3-1" },
	{ "example.com", "mail.example.com", false, "" },
	{ "mail.example.com", "example.com", false, "" },
	{ "ail.example.com", "mail.example.com", false, "" },
	{ "localhost", "localhost", true, "" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example", true, "" },
	{ "", "mail.example.com", false, "" },
	{ "mail.example.com", "", false, "" },
	{ "", "", false, "" },
	{ ".", ".", false, "" },
	{ "*.example.com", "mx.example.com", true, "R9525-6.3-2" },
	{ "*.example.com", "xn--bcher-kva.example.com", true, "" },
	{ "*.EXAMPLE.com", "mx.example.COM", true, "" },
	{ "*.example.com", "mx.example.com.", true, "" },
	{ "*.example.com", "example.com", false, "R9525-6.3-2" },
	{ "*.example.com", ".example.com", false, "" },
	{ "*.example.com", "a.b.example.com", false, "R9525-6.3-2" },
	{ "*.example.com", "*.example.com", false, "" },
	{ "*.b.example.com", "a.b.example.com", true, "" },
	{ "m*.example.com", "mx.example.com", false, "R9525-6.3-2" },
	{ "*x.example.com", "mx.example.com", false, "R9525-6.3-2" },
	{ "m*x.example.com", "mx.example.com", false, "R9525-6.3-2" },
	{ "mx.*.com", "mx.example.com", false, "R9525-6.3-2" },
	{ "mx.example.*", "mx.example.com", false, "R9525-6.3-2" },
	{ "*", "localhost", false, "R9525-6.3-2" },
	{ "*", "mx.example.com", false, "R9525-6.3-2" },
	{ "*.*", "example.com", false, "" },
	{ "*.*.com", "mx.example.com", false, "R9525-6.3-2" },
	{ "**.example.com", "mx.example.com", false, "" },
	{ "*.", "mx.", false, "" },
	{ "*.com", "example.com", false, "" },
	{ "*..com", "example..com", false, "" },
	{ "xn--*.example.com", "xn--bcher-kva.example.com", false, "" },
	{ "mail.example.com", "mail.example.com/x", false, "" },
	{ "mail.example.com ", "mail.example.com ", false, "" },
	{ "_mx.example.com", "_mx.example.com", true, "" },
	{ "192.0.2.1", "192.0.2.1", true, "" }  /* as a name; see below */
};

static void
test_identity__names_match_label_by_label(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		if (matches(names[i].presented, strlen(names[i].presented),
		    names[i].reference) != names[i].want)
			fail_msg("%s against %s", names[i].presented,
			    names[i].reference);
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].items[0] != '\0')
			proves(names[i].items);
}

/* A NUL ends nothing: "good.example\0.evil.example" is no good.example. */
static void
test_identity__a_nul_is_an_octet(void **state)
{
	(void)state;
	assert_false(matches("mx.example\0.evil.com", 19, "mx.example"));
	assert_false(matches("mx.example\0", 11, "mx.example"));
	assert_false(matches("*.example.com\0", 14, "mx.example.com"));
}

static const struct {
	const char *text;
	size_t n;
	unsigned char ip[16];
} addresses[] = {
	{ "192.0.2.1", 4, { 192, 0, 2, 1 } },
	{ "0.0.0.0", 4, { 0 } },
	{ "255.255.255.255", 4, { 255, 255, 255, 255 } },
	{ "::", 16, { 0 } },
	{ "::1", 16, { [15] = 1 } },
	{ "2001:db8::7", 16, { 0x20, 1, 0xd, 0xb8, [15] = 7 } },
	{ "2001:DB8:0:0:0:0:0:7", 16, { 0x20, 1, 0xd, 0xb8, [15] = 7 } },
	{ "1:2:3:4:5:6:7::", 16,
	    { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7 } },
	{ "::ffff:192.0.2.1", 16,
	    { [10] = 255, [11] = 255, 192, 0, 2, 1 } },
	{ "1:2:3:4:5:6:1.2.3.4", 16,
	    { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1, 2, 3, 4 } },
	{ "fe80::1%eth0", 16, { 0xfe, 0x80, [15] = 1 } },
	{ "", 0, { 0 } },
	{ "localhost", 0, { 0 } },
	{ "mail.example.com", 0, { 0 } },
	{ "127.1", 0, { 0 } },
	{ "1.2.3", 0, { 0 } },
	{ "1.2.3.4.", 0, { 0 } },
	{ "1.2.3.4.5", 0, { 0 } },
	{ "1.2.3.256", 0, { 0 } },
	{ "1.2.3.4294967297", 0, { 0 } },
	{ "01.2.3.4", 0, { 0 } },
	{ "0x7f.0.0.1", 0, { 0 } },
	{ "1.2.3.4%eth0", 0, { 0 } },
	{ " 1.2.3.4", 0, { 0 } },
	{ ":", 0, { 0 } },
	{ ":::", 0, { 0 } },
	{ ":1::2", 0, { 0 } },
	{ "1::2::3", 0, { 0 } },
	{ "1:::2", 0, { 0 } },
	{ "1:2:3:4:5:6:7", 0, { 0 } },
	{ "1:2:3:4:5:6:7:8:9", 0, { 0 } },
	{ "1:2:3:4:5:6:7:8::", 0, { 0 } },
	{ "::1:2:3:4:5:6:7:8", 0, { 0 } },
	{ "1:2:3:4:5:6:7:", 0, { 0 } },
	{ "12345::", 0, { 0 } },
	{ "g::", 0, { 0 } },
	{ "[::1]", 0, { 0 } },
	{ "1.2.3.4::", 0, { 0 } },
	{ "1:2:3:4:5:6:7:1.2.3.4", 0, { 0 } },
	{ "::1.2.3", 0, { 0 } }
};

static void
test_identity__reads_addresses_strictly(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		unsigned char ip[16];
		size_t n;
		char *text = malloc(strlen(addresses[i].text) + 1);

		assert_non_null(text);
		memcpy(text, addresses[i].text,
		    strlen(addresses[i].text) + 1);
		n = smtp__identity_ip(text, ip);
		if (n != addresses[i].n ||
		    memcmp(ip, addresses[i].ip, n) != 0)
			fail_msg("\"%s\" is %zu octets", text, n);
		free(text);
	}
}

static void
test_identity__addresses_match_octet_by_octet(void **state)
{
	static const struct {
		const char *presented, *reference;
		bool want;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "2001:db8::7", "2001:db8:0::7", true },
		{ "2001:db8::7", "2001:db8::8", false },
		{ "::ffff:192.0.2.1", "192.0.2.1", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", false }
	};
	unsigned char a[16], b[16];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = smtp__identity_ip(rows[i].presented, a);
		size_t m = smtp__identity_ip(rows[i].reference, b);
		struct smtp__bytes is = exactly((const char *)a, n);

		if (smtp__identity_matches_ip(is, b, m) != rows[i].want)
			fail_msg("%s against %s", rows[i].presented,
			    rows[i].reference);
		free((char *)(uintptr_t)is.p);
	}
	/* the text of an address is not the address */
	assert_false(smtp__identity_matches_ip(
	    smtp__bytes_of("192.0.2.1"), b, 4));
	assert_false(smtp__identity_matches_ip(smtp__bytes("", 0), b, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity__names_match_label_by_label),
		cmocka_unit_test(test_identity__a_nul_is_an_octet),
		cmocka_unit_test(test_identity__reads_addresses_strictly),
		cmocka_unit_test(test_identity__addresses_match_octet_by_octet)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
