/* SPDX-License-Identifier: MIT */
/* What a server repeats of a secret is starred, and nothing else. */
#include "check.h"

#include "secret.h"

static const struct {
	const char *name, *secret, *words, *want;
	bool cut;
} rows[] = {
	{ "none", NULL, "535 no", "535 no", false },
	{ "not repeated", "pw-tWelve", "535 no such", "535 no such", false },
	{ "as it is", "pw-tWelve", "bad pw-tWelve!", "bad *********!", false },
	{ "twice", "abc", "abcabc ab", "****** ab", false },
	{ "too short to be looked for", "ab", "ab", "ab", false },
	{ "with octets as a trace shows them", "p\xC3\xA4ss",
	    "no p\\xC3\\xA4ss", "no ***********", false },
	{ "and as they are", "p\xC3\xA4ss", "no p\xC3\xA4ss", "no *****",
	    false },
	/* base64 of the secret, and behind one and two octets */
	{ "in base64", "pw-tWelve", "<cHctdFdlbHZl>", "<************>",
	    false },
	{ "in base64, behind one octet", "pw-tWelve", "<AHB3LXRXZWx2ZQ==>",
	    "<AH***********Q==>", false },
	{ "in base64, behind two octets", "pw-tWelve", "<AGpwdy10V2VsdmU=>",
	    "<AGp***********U=>", false },
	{ "in base64, of another", "pw-tWelve", "<cHctdFdlbHZm>",
	    "<cHctdFdlbHZm>", false },
	{ "ended before its end", "pw-tWelve", "pw-tWelv", "pw-tWelv",
	    false },
	{ "ended otherwise", "pw-tWelve", "pw-tWelvX", "pw-tWelvX", false },
	{ "ended before its end, as a trace shows it", "p\xC3\xA4ss",
	    "no p\\xC3\\xA4s", "no p\\xC3\\xA4s", false },
	{ "ended otherwise, as a trace shows it", "p\xC3\xA4ss",
	    "no p\\xC3\\xA4sX", "no p\\xC3\\xA4sX", false },
	{ "ended before its end, in base64", "pw-tWelve", "<cHctdFdlbHZ",
	    "<cHctdFdlbHZ", false },
	{ "cut", "pw-tWelve", "a pw-tWelv", "a ********", true },
	{ "cut early", "pw-tWelve", "pw pw", "pw **", true },
	{ "whole, and cut behind", "pw-tWelve", "pw-tWelve no",
	    "********* no", true },
	{ "cut in an octet as a trace shows it", "p\xC3\xA4ss",
	    "no p\\xC3\\x", "no *******", true },
	{ "cut between such octets", "p\xC3\xA4ss", "no p\\xC3",
	    "no *****", true },
	{ "cut behind as many octets as are compared at once",
	    "p\xC3\xA4ss", "no p\\xC3\\xA4s", "no **********", true },
	{ "cut there, in an octet", "p\xC3\xA4ss", "no p\\xC3\\xA",
	    "no ********", true },
	{ "ended otherwise, and cut", "p\xC3\xA4ss", "no p\\xC3\\xA4Xs",
	    "no p\\xC3\\xA4Xs", true },
	{ "cut late in base64", "pw-tWelve", "<cHctdFdlbHZ",
	    "<***********", true },
	{ "cut in base64", "pw-tWelve", "<cHctdFdlb", "<*********", true },
	{ "cut in base64, behind one octet", "pw-tWelve", "<AHB3LXRXZ",
	    "<AH*******", true },
	{ "cut in base64, behind two octets", "pw-tWelve", "<AGpwdy10V",
	    "<AGp******", true },
};

static void
test_secret__is_starred_where_it_is_repeated(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].words);
		char *p = malloc(n);

		memcpy(p, rows[i].words, n);
		smtp__secret_hide(p, n, rows[i].secret, rows[i].cut);
		if (n != strlen(rows[i].want) ||
		    memcmp(p, rows[i].want, n) != 0)
			fail_msg("%s: %.*s", rows[i].name, (int)n, p);
		free(p);
	}
	proves("LIB-H-2");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secret__is_starred_where_it_is_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
