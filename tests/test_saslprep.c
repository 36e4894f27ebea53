/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "crypto/hash.h"
#include "text/saslprep.h"
#include "text/utf8.h"

#define ROOM 512

/* NULL: refused. `stored` is what differs for a stored string. */
static const struct {
	const char *given, *want, *stored;
} texts[] = {
	/* RFC 4013 section 3 */
	{ "I\u00ADX", "IX", "IX" },
	{ "user", "user", "user" },
	{ "USER", "USER", "USER" },
	{ "\u00AA", "a", "a" },
	{ "\u2168", "IX", "IX" },
	{ "\x07", NULL, NULL },
	{ "\u0627\x31", NULL, NULL },
	/* ASCII */
	{ "", "", "" },
	{ " a ~ ", " a ~ ", " a ~ " },
	{ "a\x7F", NULL, NULL },
	{ "a\tb", NULL, NULL },
	{ "\x1F", NULL, NULL },
	/* mapped to a blank, to nothing */
	{ "a\u00A0b", "a b", "a b" },
	{ "\u1680\u2000\u200A\u202F\u205F\u3000", "      ", "      " },
	{ "a\u200Bb", "a b", "a b" },
	{ "\u034F\u1806\u180B\u200C\u200D\u2060\uFE00\uFE0F\uFEFF", "", "" },
	{ "e\u00AD\u0301", "\u00E9", "\u00E9" },
	/* prohibited: C.2.2, C.3 to C.9 */
	{ "\xC2\x80", NULL, NULL },
	{ "\u06DD", NULL, NULL },
	{ "\u070F", NULL, NULL },
	{ "\u180E", NULL, NULL },
	{ "\u2028", NULL, NULL },
	{ "\U0001D173", NULL, NULL },
	{ "\uE000", NULL, NULL },
	{ "\U000F0000", NULL, NULL },
	{ "\U0010FFFD", NULL, NULL },
	{ "\uFDD0", NULL, NULL },
	{ "\U0001FFFE", NULL, NULL },
	{ "\uFFFD", NULL, NULL },
	{ "\u2FF0", NULL, NULL },
	{ "\u200E", NULL, NULL },
	{ "\u206F", NULL, NULL },
	{ "\U000E0001", NULL, NULL },
	{ "\U000E0041", NULL, NULL },
	/* these are prohibited, but become something else before */
	{ "a\u0340", "\u00E0", "\u00E0" },
	{ "a\u0341", "\u00E1", "\u00E1" },
	/* right to left */
	{ "\u0627", "\u0627", "\u0627" },
	{ "\u0627\x31\u0628", "\u0627\x31\u0628", "\u0627\x31\u0628" },
	{ "\u0627a\u0628", NULL, NULL },
	{ "1\u0627", NULL, NULL },
	{ "\u05D0\u05B0", NULL, NULL },
	{ "\u05D0 \u05D1", "\u05D0 \u05D1", "\u05D0 \u05D1" },
	{ "\u05D0\uFB1D", NULL, NULL },      /* becomes one that ends so    */
	{ "\u0661", "\u0661", "\u0661" },    /* AN is neither               */
	/* compatibility, one and many */
	{ "\uFF21\uFF22", "AB", "AB" },
	{ "\u00BC", "1\u20444", "1\u20444" },
	{ "\uFB03", "ffi", "ffi" },
	{ "\u3392", "MHz", "MHz" },
	{ "\U0001D400\U0001D7D8", "A0", "A0" },
	{ "\u33AF", "rad\u2215s2", "rad\u2215s2" },
	{ "\u00B4", " \u0301", " \u0301" },
	{ "\uFDFB", "\u062C\u0644 \u062C\u0644\u0627\u0644\u0647",
	    "\u062C\u0644 \u062C\u0644\u0627\u0644\u0647" },
	/* composition, exclusions from it */
	{ "u\u0308", "\u00FC", "\u00FC" },
	{ "\u212B", "\u00C5", "\u00C5" },
	{ "\u1E9B\u0323", "\u1E69", "\u1E69" },
	{ "\u03B1\u0313\u0300\u0345", "\u1F82", "\u1F82" },
	{ "\u03B1\u0345\u0300\u0313", "\u1FB2\u0313", "\u1FB2\u0313" },
	{ "\u0958", "\u0915\u093C", "\u0915\u093C" },
	{ "\u0344", "\u0308\u0301", "\u0308\u0301" },
	{ "\u2ADC", "\u2ADD\u0338", "\u2ADD\u0338" },
	{ "\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165" },
	{ "\u09C7\u09BE", "\u09CB", "\u09CB" },
	{ "\u0DD9\u0DCF\u0DCA", "\u0DDD", "\u0DDD" },
	{ "\u0DD9\u0DCA\u0DCF", "\u0DDA\u0DCF", "\u0DDA\u0DCF" },
	/* a starter between, or a mark of the same class */
	{ "\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E" },
	{ "a\u0327\u0301", "\u00E1\u0327", "\u00E1\u0327" },
	{ "a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b",
	    "\u00E0\u05AE\u0300\u0315b" },
	{ "a\u0305\u0301", "a\u0305\u0301", "a\u0305\u0301" },
	/* marks before any starter, and their order */
	{ "\u0301\u0323a", "\u0323\u0301a", "\u0323\u0301a" },
	{ "\u0301a\u0301", "\u0301\u00E1", "\u0301\u00E1" },
	/* Hangul, with the last of what goes into one, and the next */
	{ "\uAC00\u11C2", "\uAC1B", "\uAC1B" },
	{ "\uAC00\u11C3", "\uAC00\u11C3", "\uAC00\u11C3" },
	{ "\uAC00", "\uAC00", "\uAC00" },
	{ "\u1100\u1161", "\uAC00", "\uAC00" },
	{ "\u1100\u1161\u11A8", "\uAC01", "\uAC01" },
	{ "\uAC00\u11A8", "\uAC01", "\uAC01" },
	{ "\uAC01\u11A8", "\uAC01\u11A8", "\uAC01\u11A8" },
	{ "\uAC00\u11A7", "\uAC00\u11A7", NULL },
	{ "\uAC00\u0300\u11A8", "\uAC00\u0300\u11A8", "\uAC00\u0300\u11A8" },
	{ "\uD7A3\u1112\u1175\u11C2", "\uD7A3\uD7A3", "\uD7A3\uD7A3" },
	{ "\u3131\u314F", "\uAC00", "\uAC00" },
	/* Unicode 3.2, also where a later one took something back */
	{ "\U0002F868", "\U0002136A", "\U0002136A" },
	{ "\U0002F874", "\u5F33", "\u5F33" },
	{ "\uF951", "\u964B", "\u964B" },
	{ "\u0221", "\u0221", NULL },
	{ "\U0001F511", "\U0001F511", NULL },
	{ "\u1B05\u1B35", "\u1B05\u1B35", NULL },
	{ "a\u1DC4\u0301", "a\u1DC4\u0301", NULL },
	/* not UTF-8 */
	{ "a\x80", NULL, NULL },
	{ "\xC3", NULL, NULL },
	{ "\xC0\x80", NULL, NULL },
	{ "\xED\xA0\x80", NULL, NULL },
	{ "\xF4\x90\x80\x80", NULL, NULL },
	{ "\u00FC\xFF", NULL, NULL },
};

static ptrdiff_t
prepare(const char *in, char *out, size_t room, bool stored)
{
	return stored ? smtp__saslprep_stored(in, out, room) :
	    smtp__saslprep(in, out, room);
}

static void
test_saslprep__prepares_and_refuses(void **state)
{
	(void)state;
	needs(SMTP_WITH_SASLPREP);
	for (size_t i = 0; i < 2 * COUNT(texts); i++) {
		const char *given = texts[i / 2].given, *want = i % 2 ?
		    texts[i / 2].stored : texts[i / 2].want;
		char out[ROOM];
		ptrdiff_t n = prepare(given, out, sizeof(out), i % 2);

		if (want == NULL ? n != -1 : n != (ptrdiff_t)strlen(want) ||
		    strcmp(out, want) != 0)
			fail_msg("row %zu: %s became %s (%td)", i / 2, given,
			    n < 0 ? "nothing" : out, n);
	}
}

/* What was prepared stays as it is. */
static void
test_saslprep__is_done_once(void **state)
{
	(void)state;
	needs(SMTP_WITH_SASLPREP);
	for (size_t i = 0; i < COUNT(texts); i++) {
		char out[ROOM];

		if (texts[i].want == NULL)
			continue;
		assert_int_equal(smtp__saslprep(texts[i].want, out,
		    sizeof(out)), strlen(texts[i].want));
		assert_string_equal(out, texts[i].want);
	}
}

static void
test_saslprep__writes_within_its_room(void **state)
{
	(void)state;
	needs(SMTP_WITH_SASLPREP);
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *want = texts[i].want;
		size_t enough = (want == NULL ? 40 : strlen(want)) + 17;

		for (size_t room = 0; room <= enough; room++) {
			char *out = malloc(room + (room == 0));
			ptrdiff_t n = smtp__saslprep(texts[i].given, out,
			    room);

			if (want == NULL || room <= strlen(want))
				assert_int_equal(n, -1);
			else if (n != -1 || room == enough)
				assert_string_equal(out, want);
			free(out);
		}
	}
}

/* What fits, with its NUL, and no octet more. */
static void
test_saslprep__needs_no_more_room(void **state)
{
	static const char *const rows[] = { "\u0431", "\uAC00", "\uAC01",
		"\u0431\uAC00", "\U0001F511", "\u5F33" };

	(void)state;
	needs(SMTP_WITH_SASLPREP);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i]);
		char out[20];

		assert_int_equal(smtp__saslprep(rows[i], out, n + 1), n);
		assert_string_equal(out, rows[i]);
		assert_int_equal(smtp__saslprep(rows[i], out, n), -1);
	}
}

/* Marks in the reverse of their order, as many as a password can have. */
static void
test_saslprep__orders_many_marks(void **state)
{
	char in[4096], want[4096], out[4096];
	size_t n = 0, half = 1000;

	(void)state;
	needs(SMTP_WITH_SASLPREP);
	in[n] = want[n] = 'x';
	n++;
	for (size_t i = 0; i < 2 * half; i++, n += 2) {
		memcpy(in + n, i < half ? "\u0315" : "\u0316", 2);
		memcpy(want + n, i < half ? "\u0316" : "\u0315", 2);
	}
	in[n] = want[n] = '\0';
	assert_int_equal(smtp__saslprep(in, out, sizeof(out)), n);
	assert_string_equal(out, want);
}

/* The longest that one character becomes: 11 times its octets. */
static void
test_saslprep__grows_as_it_says(void **state)
{
	char in[304], out[3 * 100 * 11 + 17];

	(void)state;
	needs(SMTP_WITH_SASLPREP);
	for (size_t i = 0; i < 100; i++)
		memcpy(in + 3 * i, "\uFDFA", 4);
	assert_int_equal(smtp__saslprep(in, out, sizeof(out)), 3300);
}

/*
 * Against Python: digests that "python3 tools/saslprep.py check" prints, of
 * what every character becomes, and drawn strings.
 */
static const char *const digests[] = {
	"c35cdacf05a12ed3169fc12a18679af629ea7917df6003372be24cdb8b4ddf80",
	"a000ce66b005ea8581cafd7ddbeb933d2e08e1cbfe49ea049c6e7a49895f67eb",
	"7a0e03b7d52a66d53c3d1d311d58b0091ea01f17430a0606132901a76703d1f6",
	"7671089af06a21421f955dc2dd5796f9d01462efd116b350576a7a1aab3b9f1a",
};

static size_t
feed(struct smtp__hash *hash, const char *text, bool stored)
{
	char out[ROOM];
	ptrdiff_t n = prepare(text, out, sizeof(out), stored);

	smtp__hash_feed(hash, n < 0 ? "-" : out, (size_t)(n < 0 ? 1 : n + 1));
	return n >= 0;
}

static size_t
feed_singles(struct smtp__hash *hash, bool stored)
{
	size_t taken = 0;

	for (uint32_t c = 1; c < 0xE0200; c++) {
		char text[5];

		if (c == 0x30000)
			c = 0xE0000;
		text[smtp__utf8_put(text, c)] = '\0';
		if (text[0] != '\0')
			taken += feed(hash, text, stored);
	}
	return taken;
}

static uint32_t
draw(uint64_t *state, uint32_t n)
{
	*state = *state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33) % n;
}

static size_t
feed_drawn(struct smtp__hash *hash, bool stored)
{
	static const uint32_t ranges[16][2] = {
		{ 0x41, 0x7B }, { 0xA0, 0x250 }, { 0x300, 0x370 },
		{ 0x590, 0x700 }, { 0x900, 0xE00 }, { 0x1100, 0x1200 },
		{ 0x1E00, 0x2000 }, { 0x2000, 0x2200 }, { 0x3040, 0x3400 },
		{ 0xAC00, 0xD7A4 }, { 0xF900, 0xFB50 }, { 0xFB50, 0xFE00 },
		{ 0x1D100, 0x1D800 }, { 0x2F800, 0x2FA20 },
		{ 0x300, 0x346 }, { 0x300, 0x346 },
	};
	uint64_t state = 1;
	size_t taken = 0;

	for (size_t i = 0; i < 20000; i++) {
		uint32_t a = draw(&state, 16), b = draw(&state, 16);
		uint32_t count = 2 + draw(&state, 8);
		char text[64];
		size_t n = 0;

		while (count-- > 0) {
			const uint32_t *r = ranges[draw(&state, 2) ? b : a];

			n += smtp__utf8_put(text + n,
			    r[0] + draw(&state, r[1] - r[0]));
		}
		text[n] = '\0';
		taken += feed(hash, text, stored);
	}
	return taken;
}

static void
test_saslprep__makes_what_python_makes(void **state)
{
	(void)state;
	needs(SMTP_WITH_SASLPREP && SMTP_WITH_HASH);
	for (size_t i = 0; i < COUNT(digests); i++) {
		unsigned char digest[32];
		char hex[65];
		struct smtp__hash hash;

		smtp__hash_init(&hash, SMTP__SHA256);
		assert_true((i < 2 ? feed_singles : feed_drawn)(&hash, i % 2)
		    > 7000);
		assert_int_equal(smtp__hash_take(&hash, digest), SMTP_OK);
		for (size_t j = 0; j < sizeof(digest); j++)
			snprintf(hex + 2 * j, 3, "%02x", digest[j]);
		assert_string_equal(hex, digests[i]);
	}
}

/* Planes that are empty in Unicode 3.2, or private. */
static void
test_saslprep__knows_the_higher_planes(void **state)
{
	(void)state;
	needs(SMTP_WITH_SASLPREP);
	for (uint32_t c = 0x30000; c < 0x110000; c++) {
		char text[5], out[ROOM];
		bool taken = c < 0xF0000 && (c & 0xFFFE) != 0xFFFE;

		if (c >> 8 == 0xE00)
			continue;
		text[smtp__utf8_put(text, c)] = '\0';
		assert_int_equal(smtp__saslprep(text, out, sizeof(out)),
		    taken ? 4 : -1);
		assert_int_equal(smtp__saslprep_stored(text, out,
		    sizeof(out)), -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_saslprep__prepares_and_refuses),
		cmocka_unit_test(test_saslprep__is_done_once),
		cmocka_unit_test(test_saslprep__writes_within_its_room),
		cmocka_unit_test(test_saslprep__needs_no_more_room),
		cmocka_unit_test(test_saslprep__orders_many_marks),
		cmocka_unit_test(test_saslprep__grows_as_it_says),
		cmocka_unit_test(test_saslprep__makes_what_python_makes),
		cmocka_unit_test(test_saslprep__knows_the_higher_planes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
