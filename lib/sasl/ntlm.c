/* SPDX-License-Identifier: MIT */
/*
 * NTLM, as MS-NLMP and MS-SMTPNTLM have it: version 2 only, and only to say
 * who one is, without a session key. It is for old servers that have nothing
 * else; the password can be guessed from what is said, as with CRAM-MD5.
 *
 * A user is "domain\user", or "user@domain", which goes as it is, as a name
 * without a domain does.
 */
#include "sasl/stepped.h"

#if SMTP_WITH_NTLM
#include <string.h>

#include "crypto/hash.h"
#include "crypto/md4.h"
#include "text/out.h"
#include "text/utf8.h"

/* MS-NLMP section 2.2.2.5 */
enum {
	UNICODE = 0x1, REQUEST_TARGET = 0x4, NTLM = 0x200,
	ALWAYS_SIGN = 0x8000, EXTENDED = 0x80000, TARGET_INFO = 0x800000,
	OURS = UNICODE | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED |
	    TARGET_INFO
};

/* Of an AV pair, section 2.2.2.1. */
enum { AV_END = 0, AV_FLAGS = 6, AV_TIME = 7 };
#define AV_FLAG_MIC 2

enum { HELLO = 40, HEADER = 72, MIC = 16, KEY = 16 };

static const char signature[8] = "NTLMSSP";

struct state {
	const struct smtp__stepped_given *given;
	const char *user, *domain;
	size_t user_n, domain_n;
	unsigned round;
	char out[4096];
};

/* What is in a challenge; the spans point into it. */
struct challenge {
	const unsigned char *nonce, *info, *time, *av_flags;
	size_t info_n;           /* without its end                       */
	uint32_t flags;
};

static void
add16(struct smtp__out *out, size_t v)
{
	smtp__out_octet(out, (char)(v & 0xFF));
	smtp__out_octet(out, (char)(v >> 8 & 0xFF));
}

static void
add32(struct smtp__out *out, uint32_t v)
{
	add16(out, v & 0xFFFF);
	add16(out, v >> 16);
}

static void
add_octets(struct smtp__out *out, const unsigned char *p, size_t n)
{
	smtp__out_add(out, (const char *)p, n);
}

static void
add_zeros(struct smtp__out *out, size_t n)
{
	while (n-- > 0)
		smtp__out_octet(out, '\0');
}

static uint32_t
get16(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t
get32(const unsigned char *p)
{
	return get16(p) | get16(p + 2) << 16;
}

/* The letters of Latin, Greek and Cyrillic; names have hardly others. */
static uint32_t
upper(uint32_t c)
{
	static const struct {
		uint16_t first, last, less, every;
	} lower[] = {
		{ 'a', 'z', 32, 1 }, { 0xE0, 0xF6, 32, 1 },
		{ 0xF8, 0xFE, 32, 1 }, { 0x101, 0x12F, 1, 2 },
		{ 0x133, 0x137, 1, 2 }, { 0x13A, 0x148, 1, 2 },
		{ 0x14B, 0x177, 1, 2 }, { 0x17A, 0x17E, 1, 2 },
		{ 0x3AC, 0x3AC, 38, 1 }, { 0x3AD, 0x3AF, 37, 1 },
		{ 0x3B1, 0x3C1, 32, 1 }, { 0x3C3, 0x3CB, 32, 1 },
		{ 0x3CC, 0x3CC, 64, 1 }, { 0x3CD, 0x3CE, 63, 1 },
		{ 0x430, 0x44F, 32, 1 }, { 0x450, 0x45F, 80, 1 },
		{ 0x461, 0x481, 1, 2 }
	};

	if (c == 0xFF)
		return 0x178;
	for (size_t i = 0; i < sizeof(lower) / sizeof(*lower); i++)
		if (c >= lower[i].first && c <= lower[i].last &&
		    (c - lower[i].first) % lower[i].every == 0)
			return c - lower[i].less;
	return c;
}

/* UTF-16, the lower octet first. What is not UTF-8 ends it, see begin(). */
static void
add_text(struct smtp__out *out, const char *p, size_t n, bool raised)
{
	uint32_t c;
	size_t size;

	for (; (size = smtp__utf8_next(p, n, &c)) > 0; p += size, n -= size) {
		if (raised)
			c = upper(c);
		if (c > 0xFFFF) {
			add16(out, 0xD800 + ((c - 0x10000) >> 10));
			c = 0xDC00 + (c & 0x3FF);
		}
		add16(out, c);
	}
}

/* Octets of that. */
static size_t
text_length(const char *p, size_t n)
{
	size_t length = 0, size;

	for (; (size = smtp__utf8_next(p, n, NULL)) > 0; p += size, n -= size)
		length += size == 4 ? 4 : 2;
	return length;
}

static int
begin(const struct smtp__stepped *self, void *memory,
    const struct smtp__stepped_given *given)
{
	struct state *s = memory;
	const char *bar;

	(void)self;
	/* GCOVR_EXCL_START: the mbedTLS of the tests has MD5 */
	if (smtp__hash_length(SMTP__MD5) == 0)
		return SMTP_E_UNSUPPORTED;
	/* GCOVR_EXCL_STOP */
	s->given = given;
	s->domain = given->user;
	bar = memchr(given->user, '\\', strlen(given->user));
	s->domain_n = bar == NULL ? 0 : (size_t)(bar - given->user);
	s->user = bar == NULL ? given->user : bar + 1;
	s->user_n = strlen(s->user);
	if (s->user_n == 0 || s->user_n > 256 || s->domain_n > 256 ||
	    strlen(given->password) > 256 || given->authzid != NULL ||
	    !smtp__utf8_valid(given->user, strlen(given->user)) ||
	    !smtp__utf8_valid(given->password, strlen(given->password)))
		return SMTP_E_ARGUMENT;
	return SMTP_OK;
}

/* Section 2.2.1.1 */
static void
say_hello(struct smtp__out *out)
{
	smtp__out_add(out, signature, 8);
	add32(out, 1);
	add32(out, OURS);
	add_zeros(out, 24);              /* no names, no version          */
}

/* Section 2.2.2.1: a list of (id, length, value), which must have its end. */
static bool
hear_info(struct challenge *c, size_t n)
{
	size_t i = 0;

	for (;;) {
		const unsigned char *p = c->info + i;
		size_t length;

		if (n - i < 4)
			return false;
		length = get16(p + 2);
		if (get16(p) == AV_END)
			break;
		if (n - i - 4 < length)
			return false;
		if (get16(p) == AV_TIME && length == 8)
			c->time = p + 4;
		if (get16(p) == AV_FLAGS && length == 4)
			c->av_flags = p + 4;
		i += 4 + length;
	}
	c->info_n = i;
	return true;
}

/* Section 2.2.1.2 */
static bool
hear(struct challenge *c, const unsigned char *p, size_t n)
{
	size_t info_n, at;

	memset(c, 0, sizeof(*c));
	if (n < 32 || !smtp__equal_constant_time(p, signature, 8) ||
	    get32(p + 8) != 2)
		return false;
	c->flags = get32(p + 20);
	c->nonce = p + 24;
	if (!(c->flags & TARGET_INFO))
		return true;
	if (n < 48)
		return false;
	info_n = get16(p + 40);
	at = get32(p + 44);
	if (at > n || info_n > n - at)
		return false;
	c->info = p + at;
	return info_n == 0 || hear_info(c, info_n);
}

/* NTOWFv2, section 3.3.2. */
static int
make_key(struct state *s, unsigned char key[KEY])
{
	struct smtp__out out;
	const char *password = s->given->password;
	unsigned char hash[16];
	int rc;

	smtp__out_init(&out, s->out, sizeof(s->out));
	add_text(&out, password, strlen(password), false);
	smtp__md4(out.p, out.n, hash);
	smtp__wipe(out.p, out.n);
	out.n = 0;
	add_text(&out, s->user, s->user_n, true);
	add_text(&out, s->domain, s->domain_n, false);
	rc = smtp__hmac(SMTP__MD5, hash, sizeof hash, out.p, out.n, key);
	smtp__wipe(hash, sizeof hash);
	return rc;
}

/* HMAC-MD5 of the server's nonce and what stands in `out` from `at` on. */
static int
prove(const unsigned char key[KEY], const unsigned char *nonce,
    const struct smtp__out *out, size_t at, unsigned char proof[16])
{
	struct smtp__hmac hmac;
	int rc;

	smtp__hmac_init(&hmac, SMTP__MD5, key, KEY);
	smtp__hmac_feed(&hmac, nonce, 8);
	smtp__hmac_feed(&hmac, out->p + at, out->n - at);
	rc = smtp__hmac_take(&hmac, proof);
	smtp__hmac_wipe(&hmac);
	return rc;
}

static void
add_field(struct smtp__out *out, size_t n, size_t *at)
{
	add16(out, n);
	add16(out, n);
	add32(out, (uint32_t)*at);
	*at += n;
}

/* Up to its payload, section 2.2.1.3. */
static void
add_header(struct smtp__out *out, const struct state *s,
    const struct challenge *c, size_t nt_n)
{
	size_t at = HEADER + (c->time != NULL ? MIC : 0);

	smtp__out_add(out, signature, 8);
	add32(out, 3);
	add_field(out, 24, &at);
	add_field(out, nt_n, &at);
	add_field(out, text_length(s->domain, s->domain_n), &at);
	add_field(out, text_length(s->user, s->user_n), &at);
	add_field(out, 0, &at);          /* no name of this machine       */
	add_field(out, 0, &at);          /* no session key                */
	add32(out, c->flags & OURS);
	add_zeros(out, 8);               /* no version                    */
	if (c->time != NULL)
		add_zeros(out, MIC);
}

/* The server's AV pairs, with the bit that says that there is a MIC. */
static void
add_info(struct smtp__out *out, const struct challenge *c)
{
	size_t at = out->n;

	add_octets(out, c->info, c->info_n);
	if (c->time != NULL && c->av_flags == NULL) {
		add16(out, AV_FLAGS);
		add16(out, 4);
		add32(out, AV_FLAG_MIC);
	} else if (c->time != NULL && !out->over) {
		out->p[at + (size_t)(c->av_flags - c->info)] |= AV_FLAG_MIC;
	}
	add_zeros(out, 4);
}

static size_t
info_length(const struct challenge *c)
{
	return c->info_n + 4 +
	    (c->time != NULL && c->av_flags == NULL ? 8 : 0);
}

/* NTLMv2_CLIENT_CHALLENGE, section 2.2.2.7; the time in 100 ns since 1601. */
static void
add_blob(struct smtp__out *out, const struct state *s,
    const struct challenge *c, const unsigned char ours[8])
{
	uint64_t now = (uint64_t)(s->given->seconds + INT64_C(11644473600)) *
	    10000000;

	add16(out, 0x0101);
	add_zeros(out, 6);
	if (c->time != NULL) {
		add_octets(out, c->time, 8);
	} else {
		add32(out, (uint32_t)now);
		add32(out, (uint32_t)(now >> 32));
	}
	add_octets(out, ours, 8);
	add_zeros(out, 4);
	add_info(out, c);
	add_zeros(out, 4);
}

/*
 * LMv2 and NTLMv2, section 3.3.2: each a proof behind which stands what was
 * proved. With a time from the server LMv2 stays empty (section 3.1.5.1.2).
 */
static int
add_responses(struct smtp__out *out, const struct state *s,
    const struct challenge *c, const unsigned char key[KEY],
    unsigned char proof[16])
{
	unsigned char ours[8];
	size_t at = out->n;
	int rc = SMTP_OK;

	if (s->given->random(s->given->random_ctx, ours, sizeof ours) != 0)
		return SMTP_E_UNSUPPORTED;
	/* There is room: only the header, of one length, stands before. */
	add_zeros(out, 24);
	if (c->time == NULL) {
		memcpy(out->p + at + 16, ours, sizeof ours);
		out->n = at + 24;
		rc = prove(key, c->nonce, out, at + 16, proof);
		memcpy(out->p + at, proof, 16);
	}
	at = out->n;
	add_zeros(out, 16);
	add_blob(out, s, c, ours);
	if (out->over)
		return SMTP_E_SPACE;
	if (rc == SMTP_OK)
		rc = prove(key, c->nonce, out, at + 16, proof);
	memcpy(out->p + at, proof, 16);
	return rc;
}

/* Over all three messages, section 3.1.5.1.2, with the session's key. */
static int
set_mic(struct smtp__out *out, const unsigned char key[KEY],
    const unsigned char proof[16], const void *challenge, size_t n)
{
	unsigned char session[16];
	char hello_octets[HELLO];
	struct smtp__out hello;
	struct smtp__hmac hmac;
	int rc = smtp__hmac(SMTP__MD5, key, KEY, proof, 16, session);

	if (rc != SMTP_OK)
		return rc;
	smtp__out_init(&hello, hello_octets, sizeof hello_octets);
	say_hello(&hello);
	smtp__hmac_init(&hmac, SMTP__MD5, session, sizeof session);
	smtp__hmac_feed(&hmac, hello.p, hello.n);
	smtp__hmac_feed(&hmac, challenge, n);
	smtp__hmac_feed(&hmac, out->p, out->n);
	rc = smtp__hmac_take(&hmac, (unsigned char *)out->p + HEADER);
	smtp__hmac_wipe(&hmac);
	smtp__wipe(session, sizeof session);
	return rc;
}

static int
say_response(struct smtp__out *out, struct state *s, const void *p, size_t n)
{
	unsigned char key[KEY], proof[16] = { 0 };
	struct challenge c;
	int rc;

	if (!hear(&c, p, n) || !(c.flags & UNICODE))
		return SMTP_E_AUTH;
	rc = make_key(s, key);
	if (rc == SMTP_OK) {
		add_header(out, s, &c, 16 + 28 + info_length(&c) + 4);
		rc = add_responses(out, s, &c, key, proof);
	}
	add_text(out, s->domain, s->domain_n, false);
	add_text(out, s->user, s->user_n, false);
	if (rc == SMTP_OK && out->over)
		rc = SMTP_E_SPACE;
	if (rc == SMTP_OK && c.time != NULL)
		rc = set_mic(out, key, proof, p, n);
	smtp__wipe(key, sizeof key);
	return rc;
}

static int
step(void *memory, const void *challenge, size_t n,
    struct smtp__response *response)
{
	struct state *s = memory;
	struct smtp__out out;
	int rc = SMTP_OK;

	smtp__out_init(&out, s->out, sizeof(s->out));
	switch (s->round++) {
	case 0:
		say_hello(&out);
		break;
	case 1:
		rc = say_response(&out, s, challenge, n);
		break;
	default:
		rc = SMTP_E_AUTH;
	}
	response->p = out.p;
	response->n = out.n;
	response->last = s->round == 2;
	response->why = rc == SMTP_OK ? NULL :
	    "the server's NTLM is none that we speak";
	return rc == SMTP_OK ? SMTP_OK : SMTP_E_AUTH;
}

static void
end(void *memory)
{
	smtp__wipe(memory, sizeof(struct state));
}

const struct smtp__stepped smtp__stepped_ntlm = {
	"NTLM",
	SMTP__STEPPED_FIRST | SMTP__STEPPED_PASSWORD | SMTP__STEPPED_NAMED,
	sizeof(struct state), begin, step, end
};
#endif
