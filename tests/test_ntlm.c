/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <smtp/smtp.h>

#include "crypto/md4.h"
#include "sasl/stepped.h"
#include "text/utf8.h"

#if SMTP_WITH_NTLM

/* RFC 1320 section A.5. */
static const struct {
	const char *text, *digest;
} digests[] = {
	{ "", "31d6cfe0d16ae931b73c59d7e0c089c0" },
	{ "a", "bde52cb31de33e46245e05fbdbd6fb24" },
	{ "abc", "a448017aaf21d8525fc10ae87aa6729d" },
	{ "message digest", "d9130a8164549fe818874806e1c7014b" },
	{ "abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9" },
	{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	    "043f8582f241db351ce627e153e7f0e4" },
	{ "1234567890123456789012345678901234567890123456789012345678901234"
	    "5678901234567890", "e33b4ddc9c38f2199c3e7b164fcc0536" },
};

/* Octets from hexadecimal digits; blanks are passed over. */
static size_t
octets(unsigned char *p, const char *hex)
{
	size_t n = 0;

	for (; *hex != '\0'; hex++) {
		static const char digit[] = "0123456789abcdef";
		unsigned v;

		if (*hex == ' ')
			continue;
		v = (unsigned)(strchr(digit, hex[0]) - digit) << 4 |
		    (unsigned)(strchr(digit, hex[1]) - digit);
		p[n++] = (unsigned char)v;
		hex++;
	}
	return n;
}

static void
test_md4__has_the_digests_of_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(digests); i++) {
		unsigned char got[16], want[16];

		octets(want, digests[i].digest);
		smtp__md4(digests[i].text, strlen(digests[i].text), got);
		assert_memory_equal(got, want, 16);
	}
}

/* Lengths about the end of a block, against the digest of each but one. */
static void
test_md4__pads_every_length(void **state)
{
	unsigned char all[16 * 130], digest[16], want[16];
	char text[130];

	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t n = 0; n < 130; n++) {
		char *exact = malloc(n + (n == 0));

		memcpy(exact, text, n);
		smtp__md4(exact, n, all + 16 * n);
		free(exact);
	}
	smtp__md4(all, sizeof all, digest);
	octets(want, "5fe21f46cdd2cba50f7aa1cb9528bcd3");
	assert_memory_equal(digest, want, 16);
}

static int
random_aa(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 0xAA, n);
	return 0;
}

static int
random_none(void *ctx, void *p, size_t n)
{
	(void)ctx, (void)p, (void)n;
	return -1;
}

/* The time of the vectors is the beginning of 1601. */
static struct smtp__stepped_given
given(const char *user, const char *password)
{
	struct smtp__stepped_given g = {
		.user = user, .password = password, .host = "mail.example",
		.service = "smtp", .seconds = -INT64_C(11644473600),
		.random = random_aa
	};

	return g;
}

#define M smtp__stepped_ntlm

/* Both steps; the third message, or why it is none. */
static int
authenticate(struct smtp__stepped_given *g, const unsigned char *challenge,
    size_t n, unsigned char *out, size_t *out_n)
{
	struct smtp__response r = { 0 };
	void *state = calloc(1, M.state_bytes);
	unsigned char *exact = malloc(n + (n == 0));
	int rc = M.begin(&M, state, g);

	if (n > 0)
		memcpy(exact, challenge, n);
	if (rc == SMTP_OK) {
		assert_int_equal(M.step(state, NULL, 0, &r), SMTP_OK);
		assert_false(r.last);
		rc = M.step(state, exact, n, &r);
		assert_true(rc == SMTP_OK ? r.last : r.why != NULL);
		*out_n = r.n;
		if (rc == SMTP_OK)
			memcpy(out, r.p, r.n);
		if (rc == SMTP_OK)
			assert_int_equal(M.step(state, exact, n, &r),
			    SMTP_E_AUTH);
		M.end(state);
		for (size_t i = 0; i < M.state_bytes; i++)
			assert_int_equal(((char *)state)[i], 0);
	}
	free(exact);
	free(state);
	return rc;
}

static unsigned
get(const unsigned char *p, size_t n)
{
	return n == 0 ? 0 : p[0] | get(p + 1, n - 1) << 8;
}

/* What the field of the message at `at` shows to. */
static void
assert_field(const unsigned char *p, size_t n, size_t at, const char *hex)
{
	unsigned char want[1024];
	size_t want_n = octets(want, hex), place = get(p + at + 4, 4);

	assert_int_equal(get(p + at, 2), want_n);
	assert_int_equal(get(p + at + 2, 2), want_n);
	assert_true(place + want_n <= n);
	assert_memory_equal(p + place, want, want_n);
}

/* MS-NLMP section 4.2.4.3: the server's message, and what it is made of. */
#define NONCE "0123456789abcdef"
#define PAIRS "02000c0044006f006d00610069006e00" \
	"01000c00530065007200760065007200"
#define VECTOR "4e544c4d53535000 02000000 0c000c0038000000 33828ae2" NONCE \
	"0000000000000000 2400240044000000 060070170000000f" \
	"530065007200760065007200" PAIRS "00000000"
#define BLOB "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"

static void
test_ntlm__greets(void **state)
{
	struct smtp__stepped_given g = given("User", "Password");
	struct smtp__response r = { 0 };
	void *memory = calloc(1, M.state_bytes);
	unsigned char want[64];
	size_t n = octets(want, "4e544c4d53535000 01000000 05828800"
	    "0000000000000000 0000000000000000 0000000000000000");

	(void)state;
	assert_int_equal(M.begin(&M, memory, &g), SMTP_OK);
	assert_int_equal(M.step(memory, NULL, 0, &r), SMTP_OK);
	assert_int_equal(r.n, n);
	assert_memory_equal(r.p, want, n);
	M.end(memory);
	free(memory);
}

/* MS-NLMP section 4.2.4.2: LMv2 and NTLMv2 of User, Domain, Password. */
static void
test_ntlm__answers_as_the_specification(void **state)
{
	struct smtp__stepped_given g = given("Domain\\User", "Password");
	unsigned char challenge[256], p[4096];
	size_t n;

	(void)state;
	n = octets(challenge, VECTOR);
	assert_int_equal(authenticate(&g, challenge, n, p, &n), SMTP_OK);
	assert_memory_equal(p, "NTLMSSP\0\3\0\0\0", 12);
	assert_field(p, n, 12, "86c35097ac9cec102554764a57cccc19"
	    "aaaaaaaaaaaaaaaa");
	assert_field(p, n, 20, "68cd0ab851e51c96aabc927bebef6a1c" BLOB PAIRS
	    "00000000 00000000");
	assert_field(p, n, 28, "44006f006d00610069006e00");
	assert_field(p, n, 36, "5500730065007200");
	assert_field(p, n, 44, "");
	assert_field(p, n, 52, "");
	assert_int_equal(get(p + 60, 4), 0x00888201);
	assert_int_equal(get(p + 16, 4), 72);
}

#define HELLO_AT(flags, info_n, at) "4e544c4d53535000 02000000" \
	"0000000000000000" flags NONCE "0000000000000000" info_n info_n at

/* Names of each kind; what the key is made of shows in the proof. */
static const struct {
	const char *user, *password, *domain_hex, *user_hex, *proof;
} names[] = {
	{ "User", "Password", "",
	    "5500730065007200",
	    "3931ef309dd2eeab04a6200c242d1759" },
	{ "user@example.com", "Password", "",
	    "750073006500720040006500780061006d0070006c0065002e0063006f006d00",
	    "33d418156ca49eb58d8106f49fdd8c8b" },
	{ "DOM\\user", "Password", "44004f004d00",
	    "7500730065007200",
	    "0c3ded2c0a92d8be8bae5f5cbb526917" },
	{ "büro\\jörg", "pässwörd ☃", "6200fc0072006f00",
	    "6a00f60072006700",
	    "fa912f8c12839b6f6894664b5b8e0120" },
	{ "Ελένη", "🔑key", "",
	    "9503bb03ad03bd03b703",
	    "a0a5a276fefa67d1128b870ffc51b44f" },
	{ "иван", "пароль", "",
	    "3804320430043d04",
	    "298a17a9fe424d13536e2854075fad53" },
	{ "𝕏ÿ", "x", "",
	    "35d84fddff00",
	    "4b60c848935ae935c6269ba90f4a42ef" },
	{ "żółw", "x", "",
	    "7c01f30042017700",
	    "7e4cec31d0a2150dc876e2de913b5777" },
};

static void
test_ntlm__names_the_user(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct smtp__stepped_given g = given(names[i].user,
		    names[i].password);
		unsigned char challenge[256], p[4096], proof[16];
		size_t n = octets(challenge, VECTOR);

		assert_int_equal(authenticate(&g, challenge, n, p, &n),
		    SMTP_OK);
		assert_field(p, n, 28, names[i].domain_hex);
		assert_field(p, n, 36, names[i].user_hex);
		octets(proof, names[i].proof);
		assert_memory_equal(p + get(p + 24, 4), proof, 16);
	}
}

/* UTF-16 as it is on the wire, at the ends of what one and two units hold. */
static void
test_ntlm__writes_utf16(void **state)
{
	static const struct {
		const char *user, *hex;
	} units[] = {
		{ "\x01", "0100" }, { "\x7F", "7f00" },
		{ "\xC2\x80", "8000" }, { "\xDF\xBF", "ff07" },
		{ "\xE0\xA0\x80", "0008" }, { "\xED\x9F\xBF", "ffd7" },
		{ "\xEE\x80\x80", "00e0" }, { "\xEF\xBF\xBF", "ffff" },
		{ "\xF0\x90\x80\x80", "00d800dc" },
		{ "\xF0\x90\x8F\xBF", "00d8ffdf" },
		{ "\xF4\x8F\xBF\xBF", "ffdbffdf" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(units); i++) {
		struct smtp__stepped_given g = given(units[i].user, "x");
		unsigned char challenge[256], p[4096];
		size_t n = octets(challenge, VECTOR);

		assert_int_equal(authenticate(&g, challenge, n, p, &n),
		    SMTP_OK);
		assert_field(p, n, 36, units[i].hex);
		assert_field(p, n, 28, "");
	}
}

/*
 * What is raised for the key (MS-NLMP section 3.3.2, NTOWFv2), and to what.
 * All others up to the end of Cyrillic stay as they are.
 */
static const char small_letters[] =
    "abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþ"
    "ÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůű"
    "ųŵŷźżžάέήίαβγδεζηθικλμνξοπρστυφχψωϊϋόύώабвгдежзийклмнопр"
    "стуфхцчшщъыьэюяѐёђѓєѕіїјљњћќѝўџѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁ";
static const char large_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞ"
    "ŸĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰ"
    "ŲŴŶŹŻŽΆΈΉΊΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫΌΎΏАБВГДЕЖЗИЙКЛМНОПР"
    "СТУФХЦЧШЩЪЫЬЭЮЯЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀ";

/* The proof that one character as a user gives. */
static void
proof_of(uint32_t c, unsigned char proof[16])
{
	char user[5] = "";
	unsigned char challenge[256], p[4096];
	struct smtp__stepped_given g = given(user, "x");
	size_t n = octets(challenge, VECTOR);

	assert_in_range(smtp__utf8_put(user, c), 1, 4);
	assert_int_equal(authenticate(&g, challenge, n, p, &n), SMTP_OK);
	memcpy(proof, p + get(p + 24, 4), 16);
}

static void
test_ntlm__raises_letters(void **state)
{
	enum { END = 0x500 };
	static unsigned char proofs[END][16];
	static uint16_t large_of[END];
	const char *s = small_letters, *l = large_letters;

	(void)state;
	while (*s != '\0') {
		uint32_t c, d;

		s += smtp__utf8_next(s, strlen(s), &c);
		l += smtp__utf8_next(l, strlen(l), &d);
		large_of[c] = (uint16_t)d;
	}
	assert_int_equal(*l, '\0');
	for (uint32_t c = ' '; c < END; c++)
		if (c != '\\')
			proof_of(c, proofs[c]);
	for (uint32_t c = ' '; c < END; c++) {
		uint32_t same = large_of[c] != 0 ? large_of[c] : c;

		if (memcmp(proofs[c], proofs[same], 16) != 0)
			fail_msg("%X is not raised", c);
		for (uint32_t d = ' '; d < c && large_of[c] == 0; d++)
			if (large_of[d] != c &&
			    memcmp(proofs[c], proofs[d], 16) == 0)
				fail_msg("%X is as %X", d, c);
	}
}

/*
 * With a time from the server the three messages are bound together (MS-NLMP
 * section 3.1.5.1.2): that time, no LMv2, the flag, the MIC.
 */
#define TIME "0700 0800 0090d336b734c301"
static const struct {
	const char *info, *answered, *mic;
} bound[] = {
	{ PAIRS TIME "00000000",
	    "01010000000000000090d336b734c301aaaaaaaaaaaaaaaa00000000"
	    PAIRS TIME "06000400 02000000 00000000 00000000",
	    "5375edf52b31ab33539e2ef8c93e5c3d" },
	{ "06000400 01000000" PAIRS TIME "00000000",
	    "01010000000000000090d336b734c301aaaaaaaaaaaaaaaa00000000"
	    "06000400 03000000" PAIRS TIME "00000000 00000000",
	    "f5cd560aa412d71b5421f219cca7b43b" },
	/* pairs of another length are no time and no flags */
	{ "07000400 01020304" "06000200 0900" TIME "00000000",
	    "01010000000000000090d336b734c301aaaaaaaaaaaaaaaa00000000"
	    "07000400 01020304" "06000200 0900" TIME
	    "06000400 02000000 00000000 00000000",
	    "aea45dc9201717b43f050b12e04ac959" },
	{ TIME "06000400 02000000 00000000",
	    "01010000000000000090d336b734c301aaaaaaaaaaaaaaaa00000000"
	    TIME "06000400 02000000 00000000 00000000",
	    "c0d629d382c6b0c24a9d01dba6c4a3bd" },
};

static void
test_ntlm__binds_the_messages_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bound); i++) {
		struct smtp__stepped_given g = given("Domain\\User",
		    "Password");
		unsigned char challenge[256], p[4096], want[256];
		size_t info_n, n = octets(challenge,
		    HELLO_AT("33828ae2", "0000", "30000000"));

		info_n = octets(challenge + n, bound[i].info);
		challenge[40] = challenge[42] = (unsigned char)info_n;
		assert_int_equal(authenticate(&g, challenge, n + info_n, p,
		    &n), SMTP_OK);
		assert_field(p, n, 12, "000000000000000000000000"
		    "000000000000000000000000");
		info_n = octets(want, bound[i].answered);
		assert_memory_equal(p + get(p + 24, 4) + 16, want, info_n);
		octets(want, bound[i].mic);
		assert_memory_equal(p + 72, want, 16);
	}
}

/* A challenge that is none; in each, a length or place too many. */
static const struct {
	const char *name, *hex;
} bad[] = {
	{ "empty", "" },
	{ "no signature", "5e544c4d53535000 02000000 0c000c0038000000"
	    "33828ae2" NONCE "0000000000000000 0000000030000000" },
	{ "no end of its name", "4e544c4d53535001 02000000 0c000c0038000000"
	    "33828ae2" NONCE "0000000000000000 0000000030000000" },
	{ "message 3", "4e544c4d53535000 03000000 0c000c0038000000"
	    "33828ae2" NONCE "0000000000000000 0000000030000000" },
	{ "no Unicode", HELLO_AT("32820000", "0000", "30000000") },
	{ "pairs beyond it", HELLO_AT("33828ae2", "0400", "31000000")
	    "00000000" },
	{ "pairs far beyond it", HELLO_AT("33828ae2", "0400", "fdffffff")
	    "00000000" },
	{ "pairs without end", HELLO_AT("33828ae2", "1000", "30000000")
	    "02000c0044006f006d00610069006e00" },
	{ "a pair beyond it", HELLO_AT("33828ae2", "0800", "30000000")
	    "02000c0044006f00" },
	{ "half a pair", HELLO_AT("33828ae2", "0200", "30000000") "0200" },
};

static void
test_ntlm__refuses_nonsense(void **state)
{
	struct smtp__stepped_given g = given("User", "Password");
	unsigned char challenge[4096], p[4096];
	size_t n, got;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		n = octets(challenge, bad[i].hex);
		if (authenticate(&g, challenge, n, p, &got) != SMTP_E_AUTH)
			fail_msg("%s", bad[i].name);
	}
	/* Cut anywhere; but what is not shown to may be missing. */
	n = octets(challenge, VECTOR);
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(authenticate(&g, challenge, cut, p, &got),
		    SMTP_E_AUTH);
	/* More than there is room for. */
	n = octets(challenge, HELLO_AT("33828ae2", "c80f", "30000000"));
	memset(challenge + n, 0, 4096 - n);
	challenge[n] = 2;
	challenge[n + 2] = 0xC0;
	challenge[n + 3] = 0x0F;
	assert_int_equal(authenticate(&g, challenge, n + 0xFC8, p, &got),
	    SMTP_E_AUTH);
	/* With flags behind it that would be written to. */
	challenge[n + 2] = 0xB0;
	n += 4 + 0xFB0;
	n += octets(challenge + n, "0600040000000000" "0700080001020304"
	    "05060708" "00000000");
	challenge[40] = challenge[42] = (unsigned char)(n - 48);
	challenge[41] = challenge[43] = (unsigned char)((n - 48) >> 8);
	assert_int_equal(authenticate(&g, challenge, n, p, &got),
	    SMTP_E_AUTH);
}

/* A challenge that leaves room for each length of names, and one less. */
static void
test_ntlm__has_room_or_says_so(void **state)
{
	unsigned taken = 0;

	(void)state;
	for (size_t pair = 3800; pair < 3960; pair++) {
		struct smtp__stepped_given g = given("domain\\user", "p");
		unsigned char challenge[4200] = "", p[4096];
		size_t n = octets(challenge,
		    HELLO_AT("33828ae2", "0000", "30000000")), got;
		int rc;

		challenge[n] = 2;
		challenge[n + 2] = (unsigned char)pair;
		challenge[n + 3] = (unsigned char)(pair >> 8);
		n += 4 + pair + 4;
		challenge[40] = challenge[42] = (unsigned char)(n - 48);
		challenge[41] = challenge[43] = (unsigned char)((n - 48) >> 8);
		rc = authenticate(&g, challenge, n, p, &got);
		/* header, LMv2, proof, blob, the pair, two ends, names */
		if (rc != (72 + 24 + 16 + 28 + 4 + pair + 8 + 20 <= 4096 ?
		    SMTP_OK : SMTP_E_AUTH))
			fail_msg("%zu: %d", pair, rc);
		taken += rc == SMTP_OK;
	}
	assert_in_range(taken, 1, 159);
}

/* In units of 100 ns since 1601, where the server has no time of its own. */
static void
test_ntlm__says_the_time(void **state)
{
	static const struct {
		int64_t seconds;
		const char *hex;
	} times[] = {
		{ -INT64_C(11644473600), "0000000000000000" },
		{ 0, "00803ed5deb19d01" },
		{ INT64_C(1700000000), "00006dc64717da01" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct smtp__stepped_given g = given("User", "Password");
		unsigned char challenge[256], p[4096], want[8];
		size_t n = octets(challenge, VECTOR);

		g.seconds = times[i].seconds;
		assert_int_equal(authenticate(&g, challenge, n, p, &n),
		    SMTP_OK);
		assert_int_equal(octets(want, times[i].hex), 8);
		/* Behind the proof, and eight octets of form. */
		assert_memory_equal(p + get(p + 24, 4) + 24, want, 8);
	}
}

/* Old servers say no pairs at all. */
static void
test_ntlm__takes_an_old_server(void **state)
{
	static const char *const old[] = {
		"4e544c4d53535000 02000000 0000000000000000 01820000" NONCE,
		HELLO_AT("33828ae2", "0000", "00000000"),
		HELLO_AT("33828ae2", "0000", "30000000"),
		HELLO_AT("33828ae2", "0400", "30000000") "00000000",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(old); i++) {
		struct smtp__stepped_given g = given("Domain\\User",
		    "Password");
		unsigned char challenge[256], p[4096];
		size_t n = octets(challenge, old[i]);

		for (size_t cut = 0; cut < 32; cut++) {
			size_t got;

			assert_int_equal(authenticate(&g, challenge, cut, p,
			    &got), SMTP_E_AUTH);
		}
		assert_int_equal(authenticate(&g, challenge, n, p, &n),
		    SMTP_OK);
		assert_field(p, n, 12, "86c35097ac9cec102554764a57cccc19"
		    "aaaaaaaaaaaaaaaa");
		assert_field(p, n, 20, "3956f2e569d9afa3ac2d4f367d38b9c5" BLOB
		    "00000000 00000000");
	}
}

static void
test_ntlm__refuses_what_it_cannot_say(void **state)
{
	static const struct {
		const char *user, *password, *authzid;
	} rows[] = {
		{ "", "p", NULL }, { "domain\\", "p", NULL },
		{ "\xFF", "p", NULL }, { "u", "\xC3", NULL },
		{ "u", "p", "other" }, { "\xC3\\u", "p", NULL },
	};
	unsigned char challenge[256], p[4096];
	size_t n = octets(challenge, VECTOR), got;
	struct smtp__stepped_given g;
	char longest[258], domain[260];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		g = given(rows[i].user, rows[i].password);
		g.authzid = rows[i].authzid;
		assert_int_equal(authenticate(&g, challenge, n, p, &got),
		    SMTP_E_ARGUMENT);
	}
	memset(longest, 'x', sizeof longest);
	longest[257] = '\0';
	g = given(longest, "p");
	assert_int_equal(authenticate(&g, challenge, n, p, &got),
	    SMTP_E_ARGUMENT);
	g = given("u", longest);
	assert_int_equal(authenticate(&g, challenge, n, p, &got),
	    SMTP_E_ARGUMENT);
	longest[256] = '\0';
	g = given(longest, longest);
	assert_int_equal(authenticate(&g, challenge, n, p, &got), SMTP_OK);
	memset(domain, 'x', sizeof domain);
	memcpy(domain + 257, "\\u", 3);
	g = given(domain, "p");
	assert_int_equal(authenticate(&g, challenge, n, p, &got),
	    SMTP_E_ARGUMENT);
	memcpy(domain + 256, "\\u", 3);
	g = given(domain, "p");
	assert_int_equal(authenticate(&g, challenge, n, p, &got), SMTP_OK);
	g.random = random_none;
	assert_int_equal(authenticate(&g, challenge, n, p, &got),
	    SMTP_E_AUTH);
}

#else

static void
test_ntlm__is_not_there_unless_asked_for(void **state)
{
	(void)state;
	assert_null(strstr(smtp_features(), "ntlm"));
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
#if SMTP_WITH_NTLM
		cmocka_unit_test(test_md4__has_the_digests_of_the_rfc),
		cmocka_unit_test(test_md4__pads_every_length),
		cmocka_unit_test(test_ntlm__greets),
		cmocka_unit_test(test_ntlm__answers_as_the_specification),
		cmocka_unit_test(test_ntlm__names_the_user),
		cmocka_unit_test(test_ntlm__writes_utf16),
		cmocka_unit_test(test_ntlm__raises_letters),
		cmocka_unit_test(test_ntlm__binds_the_messages_together),
		cmocka_unit_test(test_ntlm__refuses_nonsense),
		cmocka_unit_test(test_ntlm__has_room_or_says_so),
		cmocka_unit_test(test_ntlm__says_the_time),
		cmocka_unit_test(test_ntlm__takes_an_old_server),
		cmocka_unit_test(test_ntlm__refuses_what_it_cannot_say),
#else
		cmocka_unit_test(test_ntlm__is_not_there_unless_asked_for),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
