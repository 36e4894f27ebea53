/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "codec/base64.h"
#include "codec/word.h"
#include "text/ascii.h"
#include "text/utf8.h"

/* All words, with a blank between; the first has `room`, the others 75. */
static void
encode(const char *text, bool phrase, size_t room, char *out)
{
	struct smtp__word w;
	size_t n = 0;

	smtp__word_init(&w, text, strlen(text), phrase);
	while (w.n > 0) {
		char word[SMTP__WORD_MAX];
		size_t size = smtp__word_next(&w, room, word);

		assert_true(size > 0 || room < SMTP__WORD_MAX);
		assert_in_range(size, 0, room);
		room = SMTP__WORD_MAX;
		if (size == 0)
			continue;
		if (n > 0)
			out[n++] = ' ';
		memcpy(out + n, word, size);
		n += size;
	}
	out[n] = '\0';
}

/* One word alone, as a reader sees it: whole characters or it fails. */
static size_t
decode(const char *word, size_t n, char *out)
{
	size_t size = 0;

	assert_in_range(n, 12, SMTP__WORD_MAX);
	assert_memory_equal(word, "=?UTF-8?", 8);
	assert_memory_equal(word + n - 2, "?=", 2);
	assert_int_equal(word[9], '?');
	if (word[8] == 'B') {
		ptrdiff_t rc = smtp__base64_decode(word + 10, n - 12, out, n);

		assert_true(rc > 0);
		size = (size_t)rc;
	} else {
		assert_int_equal(word[8], 'Q');
		for (size_t i = 10; i < n - 2; i++) {
			assert_true(smtp__is_graph(word[i]));
			assert_int_not_equal(word[i], '?');
			if (word[i] == '_') {
				out[size++] = ' ';
			} else if (word[i] == '=') {
				assert_true(i + 2 < n - 2);
				out[size++] = (char)(smtp__hex_value(
				    word[i + 1]) * 16 +
				    smtp__hex_value(word[i + 2]));
				i += 2;
			} else {
				out[size++] = word[i];
			}
		}
	}
	assert_true(smtp__utf8_valid(out, size));
	return size;
}

static void
check(const char *text, bool phrase, size_t room)
{
	char code[4000], back[2000];
	size_t n = 0;

	encode(text, phrase, room, code);
	for (char *p = code, *end; *p != '\0'; p = end + (*end == ' ')) {
		end = p;
		while (*end != '\0' && *end != ' ')
			end++;
		/* padding only in the last */
		if (*end == ' ' && p[8] == 'B')
			assert_int_not_equal(end[-3], '=');
		n += decode(p, (size_t)(end - p), back + n);
	}
	back[n] = '\0';
	assert_string_equal(back, text);
}

static const struct {
	const char *text;
	bool phrase;
	const char *want, *proves;
} rows[] = {
	{ "Grüße aus Köln", false,
	    "=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=", "R2047-4-1" },
	{ "Müller, Jörg", true, "=?UTF-8?Q?M=C3=BCller=2C_J=C3=B6rg?=",
	    "R2047-5-4" },
	{ "Anna.berta \"é\"", true,
	    "=?UTF-8?Q?Anna=2Eberta_=22=C3=A9=22?=", "R2047-5-5" },
	{ "Anna.berta \"é\"", false,
	    "=?UTF-8?Q?Anna.berta_\"=C3=A9\"?=", "R2047-5-5" },
	{ "Anton_Berta=é?", false,
	    "=?UTF-8?Q?Anton=5FBerta=3D=C3=A9=3F?=", "R2047-4.2-1" },
	{ "é\tAnton", false, "=?UTF-8?Q?=C3=A9=09Anton?=", "R2047-4.2-1" },
	{ "née né", false, "=?UTF-8?Q?n=C3=A9e_n=C3=A9?=", "R2047-5-3" },
	{ "é é", false, "=?UTF-8?B?w6kgw6k=?=", "R2047-5-3" },
	{ "=?UTF-8?Q?x?=", false, "=?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?=",
	    "R2047-5-6" },
	{ "привет", false, "=?UTF-8?B?0L/RgNC40LLQtdGC?=", "R2047-4-1" },
	{ "€€€€€€€€€€€€€€€", false, "=?UTF-8?B?4oKs4oKs4oKs4oKs4oKs4oKs4oKs"
	    "4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs?=", "R2047-2-1" },
	{ "€€€€€€€€€€€€€€€€", false, "=?UTF-8?B?4oKs4oKs4oKs4oKs4oKs4oKs4oKs"
	    "4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs?= =?UTF-8?B?4oKs?=",
	    "R2047-2-1" },
	/* without padding before the last word, as some readers want it */
	{ "😀😀😀😀😀😀😀😀😀😀😀😀", false,
	    "=?UTF-8?B?8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA?= "
	    "=?UTF-8?B?8J+YgPCfmIDwn5iA?=", "R2047-5-2" },
	{ "x€€€€€€€€€€€€€€€€", false,
	    "=?UTF-8?Q?x=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82"
	    "=AC?= =?UTF-8?B?4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs?=",
	    "R2047-5-2" },
};

static void
test_word__encodes_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[400];

		encode(rows[i].text, rows[i].phrase, SMTP__WORD_MAX, out);
		assert_string_equal(out, rows[i].want);
		check(rows[i].text, rows[i].phrase, SMTP__WORD_MAX);
		proves(rows[i].proves);
	}
}

/* A character that is cut ends there, whatever stands behind. */
static void
test_word__ends_within_a_character(void **state)
{
	static const char want[] = "=?UTF-8?Q?a=C3?=";
	struct smtp__word w;
	char word[SMTP__WORD_MAX];

	(void)state;
	smtp__word_init(&w, "a\xC3\xA9", 2, false);
	assert_int_equal(smtp__word_next(&w, SMTP__WORD_MAX, word),
	    sizeof want - 1);
	assert_memory_equal(word, want, sizeof want - 1);
	assert_int_equal(w.n, 0);
}

static void
test_word__splits_between_characters_only(void **state)
{
	static const char *const units[] = { "é", "€", "😀", "aé", "a €", "x",
	    "a 😀b", "=" };

	(void)state;
	for (size_t i = 0; i < COUNT(units); i++)
		for (size_t times = 1; times < 60; times += 7)
			for (size_t room = 0; room <= SMTP__WORD_MAX;
			    room += 1 + times / 30) {
				char text[800] = "";
				size_t n = 0, size = strlen(units[i]);

				for (size_t j = 0; j < times; j++, n += size)
					memcpy(text + n, units[i], size + 1);
				check(text, room % 2 == 0, room);
			}
	proves("R2047-5-2 R2047-2-1");
}

static void
test_word__knows_what_looks_like_one(void **state)
{
	char *exact = malloc(1);

	(void)state;
	*exact = '=';
	assert_false(smtp__word_needed(exact, 1, false));
	free(exact);
	assert_true(smtp__word_needed("=?UTF-8?Q?x?=", 13, true));
	assert_true(smtp__word_needed("a =?", 4, false));
	assert_false(smtp__word_needed("a = ?", 5, false));
	assert_false(smtp__word_needed("=", 1, false));
	assert_true(smtp__word_needed("a\xC3\xA4", 3, false));
	assert_false(smtp__word_needed("a\xC3\xA4", 3, true));
}

/* However much there is, a word has 75 octets (RFC 2047 section 2). */
static void
test_word__is_never_longer_than_one(void **state)
{
	char text[200], word[SMTP__WORD_MAX];
	struct smtp__word w;

	(void)state;
	memset(text, 'x', sizeof(text));
	smtp__word_init(&w, text, sizeof(text), false);
	assert_int_equal(smtp__word_next(&w, 1000, word), SMTP__WORD_MAX);
	assert_memory_equal(word, "=?UTF-8?Q?xxx", 13);
	assert_int_equal(w.n, sizeof(text) - (SMTP__WORD_MAX - 12));
	/* Octets that are no characters go one by one. */
	memset(text, 0xFF, sizeof(text));
	smtp__word_init(&w, text, 3, false);
	assert_int_equal(smtp__word_next(&w, SMTP__WORD_MAX, word), 16);
	assert_memory_equal(word, "=?UTF-8?B?////?=", 16);
	assert_int_equal(w.n, 0);
}

/* RFC 2047 section 5 (3): in a phrase few octets stand for themselves. */
static void
test_word__codes_all_but_a_few(void **state)
{
	(void)state;
	for (int c = 1; c < 128; c++)
		for (int phrase = 0; phrase < 2; phrase++) {
			/* so long that Q is shorter than base64 */
			char text[] = "xxxxxxxxxxxxxxxxxxxx ", out[100];
			char want[8], all[100];
			bool plain = (c >= '0' && c <= '9') ||
			    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			    strchr("!*+-/", c) != NULL;

			if (!phrase)
				plain = c > ' ' && c < 127 &&
				    strchr("=?_", c) == NULL;
			text[20] = (char)c;
			(void)snprintf(want, sizeof want, c == ' ' ? "_" :
			    plain ? "%c" : "=%02X", (unsigned)c);
			(void)snprintf(all, sizeof all,
			    "=?UTF-8?Q?xxxxxxxxxxxxxxxxxxxx%s?=", want);
			encode(text, phrase, SMTP__WORD_MAX, out);
			assert_string_equal(out, all);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_word__encodes_the_vectors),
		cmocka_unit_test(test_word__ends_within_a_character),
		cmocka_unit_test(test_word__splits_between_characters_only),
		cmocka_unit_test(test_word__codes_all_but_a_few),
		cmocka_unit_test(test_word__is_never_longer_than_one),
		cmocka_unit_test(test_word__knows_what_looks_like_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
