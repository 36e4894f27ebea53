/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "text/punycode.h"

/* The samples of RFC 3492 section 7.1 that have no upper-case letters. */
static const struct {
	const char *label, *code;
} labels[] = {
	{ "ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn" },
	{ "他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye" },
	{ "למההםפשוטלאמדבריםעברית", "4dbcagdahymbxekheh6e0a7fei0b" },
	{ "почемужеонинеговорятпорусски",
	    "b1abfaaepdrnnbgefbadotcwatmq2g4l" },
	{ "3年b組金八先生", "3b-ww4c5e180e575a65lsy2b" },
	{ "bücher", "bcher-kva" },
	{ "ü", "tda" },
};

static void
test_punycode__encodes_and_decodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(labels); i++) {
		char p[256];
		struct smtp__out out;

		smtp__out_init(&out, p, sizeof(p) - 1);
		assert_int_equal(smtp__punycode_encode(&out, labels[i].label,
		    strlen(labels[i].label)), 0);
		smtp__out_end(&out);
		assert_string_equal(p, labels[i].code);
		smtp__out_init(&out, p, sizeof(p) - 1);
		assert_int_equal(smtp__punycode_decode(&out, labels[i].code,
		    strlen(labels[i].code)), 0);
		smtp__out_end(&out);
		assert_string_equal(p, labels[i].label);
	}
}

static void
test_punycode__refuses_nonsense(void **state)
{
	static const char *const rows[] = {
		"\xC3\xBC-kva", "kv!", "99999999", "abc-*", "a-b\xFF",
		"0000000000000000000000000000000000000000000000000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char p[256];
		struct smtp__out out;

		smtp__out_init(&out, p, sizeof(p));
		if (smtp__punycode_decode(&out, rows[i],
		    strlen(rows[i])) == 0)
			fail_msg("%s became %.*s", rows[i], (int)out.n, p);
	}
}

/* NULL: no domain. */
static const struct {
	const char *given, *want, *proves;
} domains[] = {
	{ "bücher.example", "xn--bcher-kva.example", "R5891-5-1" },
	{ "BÜCHER.example", "xn--bcher-kva.example", "R5891-5-1" },
	{ "faß.de", "xn--fa-hia.de", "R5891-5-1" },
	{ "straße.de", "xn--strae-oqa.de", "R5891-5-1" },
	{ "例え.テスト", "xn--r8jz45g.xn--zckzah", "R5891-5-1" },
	{ "δοκιμή", "xn--jxalpdlp", "R5891-5-1" },
	{ "ΔΟΚΙΜΉ", "xn--jxalpdlp", "R5891-5-1" },
	{ "пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f", "R5891-5-1" },
	{ "Пример.Испытание", "xn--e1afmkfd.xn--80akhbyknj4f", "R5891-5-1" },
	{ "إختبار.example", "xn--kgbechtv.example", NULL },
	{ "例え。テスト", "xn--r8jz45g.xn--zckzah", "LIB-O-4" },
	{ "例え．テスト", "xn--r8jz45g.xn--zckzah", "LIB-O-4" },
	{ "例え｡テスト", "xn--r8jz45g.xn--zckzah", "LIB-O-4" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example", "R5890-2.3-1" },
	{ "XN--BCHER-KVA.Example", "XN--BCHER-KVA.Example", "R5890-2.3-1" },
	{ "X.Example", "X.Example", NULL },
	{ "x.example.", "x.example", "LIB-C-2" },
	{ "x", "x", NULL },
	{ "3com.example", "3com.example", NULL },
	{ "l·l.example", "xn--ll-0ea.example", NULL },
	{ "a·b.example", NULL, "R5891-5.4-1" },
	{ "col·laboració.example", "xn--collaboraci-7sa20f.example", NULL },
	{ "xn--a", NULL, "R5891-5.4-1" },
	{ "xn--", NULL, "R5891-5.4-1" },
	{ "xn--abc-", NULL, "R5891-5.4-1" },
	{ "xn--\xC3\xBC", NULL, "R5891-5.4-1" },
	{ "a..b", NULL, "R5891-5.4-1" },
	{ "-é.example", NULL, "R5891-5.4-1" },
	{ "é-.example", NULL, "R5891-5.4-1" },
	{ "ab--é.example", NULL, "R5891-5.4-1" },
	{ "אa.example", NULL, "R5891-5.4-1" },
	{ "a\xE2\x80\x8D" "b.example", NULL, "R5891-5.4-1" },
	{ "I\xE2\x9D\xA4.example", NULL, "R5891-5.4-1" },
	{ "e\xCC\x81.example", NULL, "R5891-5.4-1" },
	{ "ü_.example", NULL, "R5891-5.4-1" },
	{ "\xC3.example", NULL, "R5891-5.4-1" },
	{ "", NULL, NULL },
	{ ".", NULL, NULL },
	{ ".a", NULL, NULL },
	{ "a b", NULL, NULL },
};

static void
test_punycode__makes_domains_ascii(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(domains); i++) {
		char p[300];
		struct smtp__out out;
		int rc;

		smtp__out_init(&out, p, sizeof(p) - 1);
		rc = smtp__domain_to_ascii(&out, domains[i].given,
		    strlen(domains[i].given));
		smtp__out_end(&out);
		if (domains[i].want == NULL ? rc == 0 : rc != 0 ||
		    strcmp(p, domains[i].want) != 0)
			fail_msg("%s: %d %s", domains[i].given, rc, p);
		if (domains[i].proves != NULL)
			proves(domains[i].proves);
	}
}

static void
test_punycode__measures_labels_and_names(void **state)
{
	char given[600] = "", p[600];
	struct smtp__out out;

	(void)state;
	/* 63 octets as an A-label, and one more */
	for (size_t n = 50; n < 60; n++) {
		memset(given, 'a', n);
		memcpy(given + n, "\xC3\xBC", 2);
		smtp__out_init(&out, p, sizeof(p));
		if (smtp__domain_to_ascii(&out, given, n + 2) == 0)
			assert_in_range(out.n, 8, 63);
		else
			assert_true(n > 53);
	}
	/* 253 octets in labels of 62, and one more */
	memset(given, 'a', sizeof(given));
	given[62] = given[125] = given[188] = '.';
	smtp__out_init(&out, p, sizeof(p));
	assert_int_equal(smtp__domain_to_ascii(&out, given, 189 + 63), 0);
	given[251] = '.';
	smtp__out_init(&out, p, sizeof(p));
	assert_int_equal(smtp__domain_to_ascii(&out, given, 253), 0);
	smtp__out_init(&out, p, sizeof(p));
	assert_int_equal(smtp__domain_to_ascii(&out, given, 254), -1);
	proves("R5891-5-1");
}

static void
test_punycode__stops_where_memory_ends(void **state)
{
	(void)state;
	for (size_t cap = 0; cap < 21; cap++) {
		char *p = malloc(cap > 0 ? cap : 1);
		struct smtp__out out;

		assert_non_null(p);
		smtp__out_init(&out, p, cap);
		assert_int_equal(smtp__domain_to_ascii(&out,
		    "b\xC3\xBC" "cher.example", 15), -1);
		assert_true(out.over);
		free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_punycode__encodes_and_decodes),
		cmocka_unit_test(test_punycode__refuses_nonsense),
		cmocka_unit_test(test_punycode__makes_domains_ascii),
		cmocka_unit_test(test_punycode__measures_labels_and_names),
		cmocka_unit_test(test_punycode__stops_where_memory_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
