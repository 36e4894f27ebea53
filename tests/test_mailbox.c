/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "text/mailbox.h"

/* 64 and 65 octets of local part; the domain of so many octets follows. */
#define A16 "aaaaaaaaaaaaaaaa"
#define A62 A16 A16 A16 "aaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16

static const struct {
	const char *given;
	unsigned flags;
	int fault;
	const char *want;        /* NULL: as given */
	const char *proves;
} rows[] = {
	/* control octets */
	{ "a@b>\r\nRCPT TO:<c@d", 0, SMTP__MAILBOX_CONTROL, NULL,
	    "R5321-4.1.2-1" },
	{ "a@b\r", 0, SMTP__MAILBOX_CONTROL, NULL, "R5321-4.1.2-1" },
	{ "a@b\n", 0, SMTP__MAILBOX_CONTROL, NULL, "R5321-4.1.2-1" },
	{ "a@b\x7f", 0, SMTP__MAILBOX_CONTROL, NULL, "R5321-4.1.2-1" },
	{ "\"a\rb\"@x.example", 0, SMTP__MAILBOX_CONTROL, NULL,
	    "R5321-4.1.2-1" },
	{ "\"a\\\nb\"@x.example", 0, SMTP__MAILBOX_CONTROL, NULL,
	    "R5321-4.1.2-1" },
	{ "\"a\tb\"@x.example", 0, SMTP__MAILBOX_CONTROL, NULL,
	    "R5321-4.1.2-1" },
	{ "a@[IPv6:\1]", 0, SMTP__MAILBOX_CONTROL, NULL, "R5321-4.1.2-1" },
	/* dot-strings */
	{ "a.b+c@x.example", 0, 0, NULL, "R5321-4.1.2-2" },
	{ "!#$%&'*+-/=?^_`{|}~@x.example", 0, 0, NULL, "R5321-4.1.2-2" },
	{ ".a@x", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "R5321-4.1.2-2" },
	{ "a.@x", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "R5321-4.1.2-2" },
	{ "a..b@x", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "R5321-4.1.2-2" },
	{ "a b@x", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "R5321-4.1.2-2" },
	{ "a,b@x", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "R5321-4.1.2-2" },
	{ "@x", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "R5321-4.1.2-2" },
	{ "a@", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL, "R5321-4.1.2-2" },
	{ "a", 0, SMTP__MAILBOX_NO_DOMAIN, NULL, "R5321-4.1.2-2" },
	{ "a@b@c", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL, NULL },
	/* quoted strings */
	{ "\"a b\"@x.example", 0, 0, NULL, "R5321-4.1.2-3" },
	{ "\"a\\\"b\"@x.example", 0, 0, NULL, "R5321-4.1.2-3" },
	{ "\"a\\\\b\"@x.example", 0, 0, NULL, "R5321-4.1.2-3" },
	{ "\"a@b\"@x.example", 0, 0, NULL, "R5321-4.1.2-3" },
	{ "\"a@x", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "R5321-4.1.2-3" },
	{ "\"a\\\"@x", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "R5321-4.1.2-3" },
	{ "\"a\"b@x", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "R5321-4.1.2-3" },
	{ "\"a\\", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, NULL },
	{ "\"a\"", 0, SMTP__MAILBOX_NO_DOMAIN, NULL, NULL },
	{ "\"", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, NULL },
	{ "\"\"@x.example", 0, SMTP__MAILBOX_BAD_LOCAL, NULL,
	    "R5321-4.1.2-4" },
	/* the least quoting */
	{ "\"joe\"@x.example", 0, 0, "joe@x.example", "R5321-4.1.2-5" },
	{ "\"j\\oe\"@x.example", 0, 0, "joe@x.example", "R5321-4.1.2-5" },
	{ "\"Joe\\,Smith\"@x.example", 0, 0, "\"Joe,Smith\"@x.example",
	    "R5321-4.1.2-5" },
	{ "\"a.b\"@x.example", 0, 0, "a.b@x.example", "R5321-4.1.2-5" },
	{ "\".a\"@x.example", 0, 0, NULL, "R5321-4.1.2-5" },
	{ "\"a..b\"@x.example", 0, 0, NULL, "R5321-4.1.2-5" },
	/* what is left alone */
	{ "Smith@EXAMPLE.com", 0, 0, NULL, "R5321-2.4-1" },
	{ "a+b%c@x.example", 0, 0, NULL, "R5321-2.3.11-1" },
	{ "b!c%d=e@x.example", 0, 0, NULL, "R5321-2.3.11-1" },
	/* domains */
	{ "a@-x.example", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL,
	    "R5321-4.1.2-7" },
	{ "a@x-.example", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL,
	    "R5321-4.1.2-7" },
	{ "a@x_y.example", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL,
	    "R5321-4.1.2-7" },
	{ "a@x..example", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL,
	    "R5321-4.1.2-7" },
	{ "a@.x", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL, "R5321-4.1.2-7" },
	{ "a@" A62 "b.example", 0, 0, NULL, "R5321-4.1.2-7" },
	{ "a@" A62 "bc.example", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL,
	    "R5321-4.1.2-7" },
	{ "a@" A62 "bc", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL, "R5321-4.1.2-7" },
	{ "a@x y", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL, "R5321-4.1.2-7" },
	{ "a@1.2", 0, 0, NULL, NULL },
	{ "a@x.example.", 0, 0, "a@x.example", "LIB-C-2" },
	{ "a@x.example..", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL, "LIB-C-2" },
	{ "a@.", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL, "LIB-C-2" },
	{ "a@localhost", 0, 0, NULL, NULL },
	/* lengths */
	{ A64 "@x.example", 0, 0, NULL, "R5321-4.5.3.1.1-1" },
	{ A64 "a@x.example", 0, SMTP__MAILBOX_LONG_LOCAL, NULL,
	    "R5321-4.5.3.1.1-1" },
	{ A64 "a@x.example", SMTP__MAILBOX_LONG, 0, NULL,
	    "R5321-4.5.3.1.1-1" },
	{ A64 "@" A62 "." A62 "." A62 "b", 0, 0, NULL, "R5321-4.5.3.1.3-1" },
	{ A64 "@" A62 "." A62 "b." A62 "b", 0, SMTP__MAILBOX_LONG_PATH, NULL,
	    "R5321-4.5.3.1.3-1" },
	/* literals */
	{ "a@[192.0.2.1]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[IPv6:2001:db8::1]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[ipv6:2001:DB8::1]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[IPv6:::ffff:192.0.2.1]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[IPv6:1:2:3:4:5:6:7:8]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[IPv6:1:2:3:4:5:6:192.0.2.1]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[IPv6:::]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[IPv6:1::]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[IPv6:1:2:3:4:5:6::]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[Tag-x:any!thing]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[Tag-x:any>,b@c.example]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL,
	    NULL },
	{ "a@[Tag-x:any\"]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[Tag-x:<any]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[::1]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, "R5321-4.1.3-1" },
	{ "a@[256.1.1.1]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL,
	    "R5321-4.1.3-1" },
	{ "a@[192.0.2]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL,
	    "R5321-4.1.3-1" },
	{ "a@[192.0.2.1.5]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL,
	    "R5321-4.1.3-1" },
	{ "a@[192.0..1]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[192.0.2.0001]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[192.0.2.255]", 0, 0, NULL, NULL },
	{ "a@[192.0.2.256]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[192.0.2.]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[192.0.2.1.]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[.192.0.2.1]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[192.0.2.100]", 0, 0, NULL, NULL },
	{ "a@[192.0.2.1000]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[192.0.2/1]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:ffff:FFFF:0123:4567:89ab:cdef:0:1]", 0, 0, NULL, NULL },
	{ "a@[IPv6:1:2:3:4:5:6::8]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL,
	    "R5321-4.1.3-1" },
	{ "a@[IPv6:1:2:3:4:5::8]", 0, 0, NULL, "R5321-4.1.3-1" },
	{ "a@[IPv6::1]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6::]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:x:1]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:1:::2]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:::1::]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:1:2-3::]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:1:2:3:4:5:6:7:192.0.2.1]", 0, SMTP__MAILBOX_BAD_LITERAL,
	    NULL, NULL },
	{ "a@[IPv6:1:2:3:4:5:192.0.2.1]", 0, SMTP__MAILBOX_BAD_LITERAL,
	    NULL, NULL },
	{ "a@[IPv6:1:2:3:4::192.0.2.1]", 0, 0, NULL, NULL },
	{ "a@[IPv6:1:2:3:4:5::192.0.2.1]", 0, SMTP__MAILBOX_BAD_LITERAL,
	    NULL, NULL },
	{ "a@[IPv6:::192.0.2.1:5]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL,
	    NULL },
	{ "a@[IPv7:::1]", 0, 0, NULL, NULL },
	{ "a@[tag:]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[:x]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[tag]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[t_g:x]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[t:x]", 0, 0, NULL, NULL },
	{ "a@[tag:a b]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[tag:a]b]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[tag:a\\]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:1:2:3:4:5:6:7:8:9]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL,
	    "R5321-4.1.3-1" },
	{ "a@[IPv6:1:2:3:4:5:6:7::8]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL,
	    NULL },
	{ "a@[IPv6:1:2:3:4:5:6:7]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL,
	    NULL },
	{ "a@[IPv6:1::2::3]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:12345::]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:1:]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:::1.2.3]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:g::]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[IPv6:]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[tag-:x]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[tag:a[b]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[]", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[192.0.2.1", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	{ "a@[192.0.2.1]x", 0, SMTP__MAILBOX_BAD_LITERAL, NULL, NULL },
	/* the null path, and postmaster */
	{ "", SMTP__MAILBOX_NULL, 0, NULL, "R5321-4.1.1.2-1" },
	{ "", 0, SMTP__MAILBOX_EMPTY, NULL, "R5321-4.1.1.2-1" },
	{ "postmaster", SMTP__MAILBOX_POSTMASTER, 0, NULL,
	    "R5321-4.1.1.3-1" },
	{ "PostMaster", SMTP__MAILBOX_POSTMASTER, 0, NULL,
	    "R5321-4.1.1.3-1" },
	{ "postmaster", 0, SMTP__MAILBOX_NO_DOMAIN, NULL,
	    "R5321-4.1.1.3-1" },
	{ "postmasters", SMTP__MAILBOX_POSTMASTER, SMTP__MAILBOX_NO_DOMAIN,
	    NULL, "R5321-4.1.1.3-1" },
	/* what is no bare address */
	{ "@a,@b:user@d.example", 0, SMTP__MAILBOX_ROUTE, NULL,
	    "R5321-3.6.1-1" },
	{ "@a:user@d.example", 0, SMTP__MAILBOX_ROUTE, NULL,
	    "R5321-3.6.1-1" },
	{ "Joe <a@b.example>", 0, SMTP__MAILBOX_DRESSED, NULL, "LIB-C-3" },
	{ "<a@b.example>", 0, SMTP__MAILBOX_DRESSED, NULL, "LIB-C-3" },
	{ "\"Joe\" <a@b.example>", 0, SMTP__MAILBOX_DRESSED, NULL,
	    "LIB-C-3" },
	{ "a@b.example (Joe)", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL,
	    "LIB-C-3" },
	{ "(Joe) a@b.example", 0, SMTP__MAILBOX_BAD_LOCAL, NULL,
	    "LIB-C-3" },
	{ " a@b.example", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, "LIB-C-3" },
	{ "a@b.example, c@d.example", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL,
	    "LIB-C-3" },
	{ "@a", 0, SMTP__MAILBOX_BAD_LOCAL, NULL, NULL },
	{ "a@b.example:c", 0, SMTP__MAILBOX_BAD_DOMAIN, NULL, NULL },
	{ "a b>@x", 0, SMTP__MAILBOX_DRESSED, NULL, "LIB-C-3" },
	{ "a b<@x", 0, SMTP__MAILBOX_DRESSED, NULL, "LIB-C-3" },
	/* beyond ASCII */
	{ "用户@x.example", 0, SMTP__MAILBOX_WIDE, NULL, NULL },
	{ "用户@x.example", SMTP__MAILBOX_UTF8, 0, NULL, "R6531-3.3-1" },
	{ "用户@例え.テスト", SMTP__MAILBOX_UTF8, 0,
	    "用户@xn--r8jz45g.xn--zckzah", "R6531-3.3-1" },
	{ "用 户@x", SMTP__MAILBOX_UTF8, SMTP__MAILBOX_BAD_LOCAL, NULL,
	    "R6531-3.3-1" },
	{ "\"用 户\"@x", SMTP__MAILBOX_UTF8, 0, NULL, "R6531-3.3-1" },
	{ "user@bücher.example", SMTP__MAILBOX_UTF8, 0,
	    "user@xn--bcher-kva.example", "R6531-3.2-2" },
	{ "e\xCC\x81@x.example", SMTP__MAILBOX_UTF8, 0, NULL,
	    "R6532-3.1-1" },
	{ "a\xFF@x.example", SMTP__MAILBOX_UTF8, SMTP__MAILBOX_NOT_UTF8,
	    NULL, NULL },
	{ "a\xC0\x8A@x.example", SMTP__MAILBOX_UTF8, SMTP__MAILBOX_NOT_UTF8,
	    NULL, NULL },
	{ "a@\xE2\x80\xA8.example", SMTP__MAILBOX_UTF8,
	    SMTP__MAILBOX_BAD_DOMAIN, NULL, NULL },
	{ "a@[IPv6:\xC3\xA9]", SMTP__MAILBOX_UTF8, SMTP__MAILBOX_BAD_LITERAL,
	    NULL, NULL },
};

static int
write(const char *given, size_t n, unsigned flags, char *p, size_t cap,
    size_t *size)
{
	char *exact = malloc(n > 0 ? n : 1);
	struct smtp__out out;
	int fault;

	assert_non_null(exact);
	if (n > 0)
		memcpy(exact, given, n);
	smtp__out_init(&out, p, cap);
	fault = (int)smtp__mailbox_write(&out, exact, n, flags, NULL);
	free(exact);
	*size = out.n;
	return fault;
}

static void
test_mailbox__takes_and_refuses_by_the_grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *want = rows[i].want != NULL ? rows[i].want :
		    rows[i].given;
		char p[400];
		size_t n;
		int fault = write(rows[i].given, strlen(rows[i].given),
		    rows[i].flags, p, sizeof(p), &n);

		if (fault != rows[i].fault)
			fail_msg("%s: %s", rows[i].given, smtp__mailbox_words(
			    (enum smtp__mailbox_fault)fault));
		if (fault == 0 && (n != strlen(want) ||
		    memcmp(p, want, n) != 0))
			fail_msg("%s: %.*s", rows[i].given, (int)n, p);
		if (rows[i].proves != NULL)
			proves(rows[i].proves);
	}
}

/* What the engine trusts is the check, without the writer before it. */
static void
test_mailbox__checks_what_the_writer_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *given = rows[i].given;
		int fault = (int)smtp__mailbox_check(given, strlen(given),
		    rows[i].flags, NULL);
		size_t n = strlen(given);

		if (rows[i].fault == 0 && n > 0 && given[n - 1] == '.')
			assert_int_equal(fault, SMTP__MAILBOX_BAD_DOMAIN);
		else if (rows[i].fault == 0)
			assert_int_equal(fault, 0);
	}
	proves("LIB-C-2");
}

static void
test_mailbox__finds_the_domain_behind_the_last_unquoted_at(void **state)
{
	static const char given[] = "\"user@evil.example\"@good.example";
	struct smtp__mailbox m;

	(void)state;
	assert_int_equal(smtp__mailbox_check(given, strlen(given), 0, &m), 0);
	assert_true(smtp__bytes_equal(m.domain,
	    smtp__bytes_of("good.example")));
	assert_true(smtp__bytes_equal(m.local,
	    smtp__bytes_of("\"user@evil.example\"")));
	proves("R5321-4.1.2-6");
}

static void
test_mailbox__tells_what_an_address_needs(void **state)
{
	static const struct {
		const char *given;
		bool wide_local, wide_domain, literal, unqualified;
	} facts[] = {
		{ "a@x.example", false, false, false, false },
		{ "a@localhost", false, false, false, true },
		{ "a@[192.0.2.1]", false, false, true, false },
		{ "ü@x.example", true, false, false, false },
		{ "a@ü.example", false, true, false, false },
		{ "ü@[192.0.2.1]", true, false, true, false },
		{ "ü@ü.example", true, true, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(facts); i++) {
		struct smtp__mailbox m;

		assert_int_equal(smtp__mailbox_check(facts[i].given,
		    strlen(facts[i].given), SMTP__MAILBOX_UTF8, &m), 0);
		assert_int_equal(m.wide_local, facts[i].wide_local);
		assert_int_equal(m.wide_domain, facts[i].wide_domain);
		assert_int_equal(m.literal, facts[i].literal);
		assert_int_equal(m.unqualified, facts[i].unqualified);
	}
}

static void
test_mailbox__refuses_a_nul(void **state)
{
	char p[64];
	size_t n;

	(void)state;
	assert_int_equal(write("a\0@b", 4, 0, p, sizeof(p), &n),
	    SMTP__MAILBOX_CONTROL);
	assert_int_equal(write("a@b\0", 4, 0, p, sizeof(p), &n),
	    SMTP__MAILBOX_CONTROL);
	proves("R5321-4.1.2-1");
}

/* No character loses its upper octets and becomes a line end. */
static void
test_mailbox__never_makes_a_line_end(void **state)
{
	static const char *const wide[] = {
		"\xC4\x8A", "\xC4\x8D", "\xE2\x80\xA8", "\xE5\x98\x8A",
		"\xE5\x98\x8D",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wide); i++)
		for (int where = 0; where < 2; where++) {
			char given[64], p[128];
			size_t n;

			snprintf(given, sizeof(given), where == 0 ?
			    "a%sb@x.example" : "a@x%sy.example", wide[i]);
			if (write(given, strlen(given), SMTP__MAILBOX_UTF8, p,
			    sizeof(p), &n) != 0)
				continue;
			for (size_t j = 0; j < n; j++)
				assert_false(p[j] == '\r' || p[j] == '\n');
		}
	proves("LIB-C-1");
}

/* What is longer than anything goes as it is. */
static void
test_mailbox__leaves_a_very_long_name_quoted(void **state)
{
	static char given[1100], p[1100];
	size_t n;

	(void)state;
	memset(given, 'a', sizeof(given));
	given[0] = given[1023] = '"';
	memcpy(given + 1024, "@x.example", 10);
	assert_int_equal(write(given, 1034, SMTP__MAILBOX_LONG, p, sizeof(p),
	    &n), 0);
	assert_int_equal(n, 1032);
	assert_memory_equal(p, "aaa", 3);
	given[1023] = 'a';
	given[1024] = '"';
	memcpy(given + 1025, "@x.example", 10);
	assert_int_equal(write(given, 1035, SMTP__MAILBOX_LONG, p, sizeof(p),
	    &n), 0);
	assert_int_equal(n, 1035);
	assert_memory_equal(p, given, 1035);
}

/* One that needs no table to be measured as it is written. */
static void
test_mailbox__measures_no_wide_label(void **state)
{
	char given[160] = "a@";

	(void)state;
	memset(given + 2, 'b', 70);
	memcpy(given + 72, "\xC3\xBC", 2);
	assert_int_equal(smtp__mailbox_check(given, 74, SMTP__MAILBOX_UTF8,
	    NULL), 0);
	given[72] = given[73] = 'b';
	assert_int_equal(smtp__mailbox_check(given, 74, SMTP__MAILBOX_UTF8,
	    NULL), SMTP__MAILBOX_BAD_DOMAIN);
	assert_int_equal(smtp__mailbox_check(given, 2 + 63,
	    SMTP__MAILBOX_UTF8, NULL), 0);
	assert_int_equal(smtp__mailbox_check(given, 2 + 64,
	    SMTP__MAILBOX_UTF8, NULL), SMTP__MAILBOX_BAD_DOMAIN);
}

/* A dot behind the domain is for those who ask for it, and never alone. */
static void
test_mailbox__takes_a_last_dot_if_asked(void **state)
{
	static const struct {
		const char *given;
		int fault;
	} dots[] = {
		{ "a@x.", 0 }, { "a@x.example.", 0 },
		{ "a@x..", SMTP__MAILBOX_BAD_DOMAIN },
		{ "a@.", SMTP__MAILBOX_BAD_DOMAIN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(dots); i++) {
		size_t n = strlen(dots[i].given);

		assert_int_equal(smtp__mailbox_check(dots[i].given, n,
		    SMTP__MAILBOX_DOT, NULL), dots[i].fault);
		assert_int_equal(smtp__mailbox_check(dots[i].given, n, 0,
		    NULL), SMTP__MAILBOX_BAD_DOMAIN);
	}
}

static void
test_mailbox__has_words_for_each_fault(void **state)
{
	static const struct {
		enum smtp__mailbox_fault fault;
		const char *words;
	} all[] = {
		{ SMTP__MAILBOX_OK, "is fine" },
		{ SMTP__MAILBOX_EMPTY, "is empty; write local@domain" },
		{ SMTP__MAILBOX_CONTROL,
		    "has a line end or control character; remove it" },
		{ SMTP__MAILBOX_NOT_UTF8, "is not valid UTF-8" },
		{ SMTP__MAILBOX_WIDE, "has characters outside ASCII, which "
		    "need SMTPUTF8" },
		{ SMTP__MAILBOX_DRESSED, "has a name or angle brackets; write "
		    "local@domain alone" },
		{ SMTP__MAILBOX_ROUTE, "is a source route; write "
		    "local@domain alone" },
		{ SMTP__MAILBOX_NO_DOMAIN,
		    "has no domain; write local@domain" },
		{ SMTP__MAILBOX_BAD_LOCAL, "has a local part with a character "
		    "that is not allowed there, or with misplaced dots or "
		    "quotes" },
		{ SMTP__MAILBOX_BAD_DOMAIN, "has a malformed domain" },
		{ SMTP__MAILBOX_BAD_LITERAL, "has a malformed address "
		    "literal; write [192.0.2.1] or [IPv6:2001:db8::1]" },
		{ SMTP__MAILBOX_LONG_LOCAL,
		    "has a local part over 64 octets" },
		{ SMTP__MAILBOX_LONG_DOMAIN,
		    "has a domain over 255 octets" },
		{ SMTP__MAILBOX_LONG_PATH, "has over 254 octets" },
		{ SMTP__MAILBOX_NO_SPACE, "has over 254 octets" },
		{ (enum smtp__mailbox_fault)15, "is not an address" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_string_equal(smtp__mailbox_words(all[i].fault),
		    all[i].words);
}

static void
test_mailbox__measures_the_domain(void **state)
{
	char given[400] = "a@";
	char p[400];
	size_t n;

	(void)state;
	memset(given + 2, 'b', sizeof(given) - 2);
	for (size_t i = 2 + 50; i < sizeof(given); i += 51)
		given[i] = '.';
	/* by the length rule alone: 255 is a domain, 256 is none */
	assert_int_equal(smtp__mailbox_check(given, 2 + 255, 0, NULL),
	    SMTP__MAILBOX_BAD_DOMAIN);      /* ends in a dot */
	given[2 + 254] = 'b';
	given[2 + 253] = '.';
	assert_int_equal(smtp__mailbox_check(given, 2 + 255, 0, NULL),
	    SMTP__MAILBOX_LONG_PATH);
	assert_int_equal(smtp__mailbox_check(given, 2 + 256, 0, NULL),
	    SMTP__MAILBOX_LONG_DOMAIN);
	assert_int_not_equal(write(given, 2 + 256, 0, p, sizeof(p), &n), 0);
	proves("R5321-4.5.3.1.2-1");
}

static void
test_mailbox__counts_octets_not_characters(void **state)
{
	char given[300], p[300];
	size_t n = 0, size;

	(void)state;
	for (int i = 0; i < 32; i++, n += 2)
		memcpy(given + n, "\xC3\xA9", 2);
	memcpy(given + n, "@x.example", 11);
	assert_int_equal(write(given, n + 10, SMTP__MAILBOX_UTF8, p,
	    sizeof(p), &size), 0);
	memcpy(given + n, "\xC3\xA9@x.example", 13);
	assert_int_equal(write(given, n + 12, SMTP__MAILBOX_UTF8, p,
	    sizeof(p), &size), SMTP__MAILBOX_LONG_LOCAL);
	proves("R5321-4.5.3.1.3-1");
}

static void
test_mailbox__stops_where_memory_ends(void **state)
{
	static const char given[] = "\"a b\"@b\xC3\xBC" "cher.example";

	(void)state;
	for (size_t cap = 0; cap < 27; cap++) {
		char *p = malloc(cap > 0 ? cap : 1);
		size_t n;

		assert_non_null(p);
		assert_int_equal(write(given, strlen(given),
		    SMTP__MAILBOX_UTF8, p, cap, &n), SMTP__MAILBOX_NO_SPACE);
		free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_mailbox__takes_and_refuses_by_the_grammar),
		cmocka_unit_test(test_mailbox__checks_what_the_writer_writes),
		cmocka_unit_test(
		    test_mailbox__finds_the_domain_behind_the_last_unquoted_at),
		cmocka_unit_test(test_mailbox__tells_what_an_address_needs),
		cmocka_unit_test(test_mailbox__refuses_a_nul),
		cmocka_unit_test(test_mailbox__never_makes_a_line_end),
		cmocka_unit_test(test_mailbox__leaves_a_very_long_name_quoted),
		cmocka_unit_test(test_mailbox__measures_no_wide_label),
		cmocka_unit_test(test_mailbox__takes_a_last_dot_if_asked),
		cmocka_unit_test(test_mailbox__has_words_for_each_fault),
		cmocka_unit_test(test_mailbox__measures_the_domain),
		cmocka_unit_test(test_mailbox__counts_octets_not_characters),
		cmocka_unit_test(test_mailbox__stops_where_memory_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
