/* SPDX-License-Identifier: MIT */
/*
 * The mechanisms. Those that are a text are said in pieces of any size and
 * read back from their base64; SCRAM meets a server that computes for itself
 * what it has to hear and to say, rightly or as the fuzzer likes, and must
 * take no server for the right one but that; NTLM is asked anything. SASLprep
 * of any text stays as it is, within its room.
 */
#include "mail.h"

#include <mbedtls/md.h>

#include "sasl/mech.h"
#include "sasl/scram.h"
#include "sasl/stepped.h"
#include "text/saslprep.h"
#include "text/utf8.h"

static void
prepare(const char *text, size_t room)
{
	char *out = fuzz_alloc(room), *again;
	ptrdiff_t n = smtp__saslprep(text, out, room), stored, more;
	size_t size;

	REQUIRE(n >= -1 && (n == -1 || (size_t)n < room));
	if (n >= 0) {
		size = (size_t)n + 17;
		again = fuzz_alloc(size);
		REQUIRE(strlen(out) == (size_t)n);
		REQUIRE(mail_utf8(out, (size_t)n));
		REQUIRE((size_t)n <= 11 * strlen(text));
		more = smtp__saslprep(out, again, size);
		REQUIRE(more == n && strcmp(out, again) == 0);
		stored = smtp__saslprep_stored(text, again, size);
		REQUIRE(stored == -1 || (stored == n &&
		    strcmp(out, again) == 0));
	}
}

static int
octets(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 7, n);
	return 0;
}

#if SMTP_WITH_NTLM
static void
ntlm(const char *user, const char *p, size_t n)
{
	const struct smtp__stepped *m = &smtp__stepped_ntlm;
	struct smtp__stepped_given given = {
		.user = user, .password = user, .random = octets
	};
	struct smtp__response r = { 0 };
	void *state = fuzz_alloc(m->state_bytes);
	int status;

	memset(state, 0, m->state_bytes);
	status = m->begin(m, state, &given);
	REQUIRE(status == SMTP_OK || status == SMTP_E_ARGUMENT);
	if (status == SMTP_OK) {
		REQUIRE(m->step(state, NULL, 0, &r) == SMTP_OK && !r.last);
		status = m->step(state, p, n, &r);
		REQUIRE(status == SMTP_OK || status == SMTP_E_AUTH);
		if (status == SMTP_OK)
			REQUIRE(r.last && r.n >= 72 &&
			    memcmp(r.p, "NTLMSSP\0\3", 9) == 0);
	}
	m->end(state);
}
#endif

/*
 * Texts.
 */

static size_t
add(char *out, size_t n, const char *text)
{
	memcpy(out + n, text, strlen(text));
	return n + strlen(text);
}

static size_t
expect(char *out, const char *m, unsigned round,
    const struct smtp_credentials *c, const unsigned char *digest)
{
	size_t n = 0;

	if (strcmp(m, "PLAIN") == 0) {
		n = add(out, n, c->authzid != NULL ? c->authzid : "");
		out[n++] = '\0';
		n = add(out, n, c->user);
		out[n++] = '\0';
		return add(out, n, c->password);
	}
	if (strcmp(m, "LOGIN") == 0)
		return add(out, n, round == 0 ? c->user : c->password);
	if (strcmp(m, "CRAM-MD5") == 0) {
		n = add(out, add(out, n, c->user), " ");
		for (size_t i = 0; i < 16; i++, n += 2)
			snprintf(out + n, 3, "%02x", digest[i]);
		return n;
	}
	if (strcmp(m, "XOAUTH2") == 0) {
		n = add(out, add(out, n, "user="), c->user);
	} else {
		n = add(out, n, "n,a=");
		for (const char *p = c->user; *p != '\0'; p++) {
			if (*p == '=' || *p == ',')
				n = add(out, n, *p == '=' ? "=3D" : "=2C");
			else
				out[n++] = *p;
		}
		n = add(out, n, ",");
	}
	n = add(out, add(out, n, "\001auth=Bearer "), c->token);
	return add(out, n, "\001\001");
}

/* Said from its start again for each piece, as the engine does. */
static void
say(const char *m, unsigned round,
    const struct smtp_credentials *c, const char *challenge, size_t piece)
{
	const size_t most = 4 * (strlen(c->user) * 3 + 1200) / 3;
	char *out = fuzz_alloc(most), *want = fuzz_alloc(most), *back;
	size_t n = 0, whole = 1, want_n;
	unsigned i = 0;

	while (strcmp(smtp__mech_name(i), m) != 0)
		i++;
	while (n < whole) {
		const char *text = smtp__mech_response(&smtp__mechs[i], round);
		struct smtp__line l;

		REQUIRE(n + piece < most);
		smtp__line_begin(&l, out + n, piece, n);
		smtp__line_base64_begin(&l);
		for (; *text != '\0'; text++)
			smtp__mech_say(&l, *text, c, challenge);
		smtp__line_base64_end(&l);
		whole = l.n;
		REQUIRE(n <= whole);
		n = whole - n < piece ? whole : n + piece;
		if (whole == 0)
			break;
	}
	back = fuzz_alloc(n);
	want_n = expect(want, m, round, c, (const unsigned char *)challenge);
	REQUIRE(mail_same((struct span){ back, mail_base64(out, n, back) },
	    (struct span){ want, want_n }));
}

static void
texts(struct fuzz *f, char *user, char *second, size_t piece)
{
	struct smtp_credentials c = { .user = user };
	unsigned char digest[16];
	char *challenge;
	size_t n;

	c.authzid = fuzz_octet(f) & 1 ? fuzz_string(f, 100) : NULL;
	c.password = second;
	c.token = second;
	if (!smtp__mech_check(&c)) {
		c.token = NULL;
		if (!smtp__mech_check(&c))
			return;
	}
	say("PLAIN", 0, &c, NULL, piece);
	say("LOGIN", 0, &c, NULL, piece);
	say("LOGIN", 1, &c, NULL, piece);
	if (c.token != NULL) {
		say("XOAUTH2", 0, &c, NULL, piece);
		say("OAUTHBEARER", 0, &c, NULL, piece);
	}
	challenge = fuzz_rest(f, &n);
	mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_MD5),
	    (const unsigned char *)second, strlen(second),
	    (const unsigned char *)challenge, n, digest);
	REQUIRE(smtp__mech_digest(&c, challenge, n, n) == (n >= 16));
	if (n < 16)
		return;
	REQUIRE(memcmp(challenge, digest, 16) == 0);
	say("CRAM-MD5", 0, &c, challenge, piece);
}

/*
 * SCRAM, RFC 5802 section 3, with one round of the key's: the state is told
 * that the others are done.
 */

static const mbedtls_md_info_t *md;
static size_t length;

static void
hmac(const unsigned char *key, const void *p, size_t n, unsigned char *out)
{
	mbedtls_md_hmac(md, key, length, p, n, out);
}

static size_t
encode64(const unsigned char *p, size_t n, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = 0;

	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)p[i] << 16;

		v |= i + 1 < n ? (unsigned)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		out[size++] = digits[v >> 18];
		out[size++] = digits[v >> 12 & 63];
		out[size++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
		out[size++] = i + 2 < n ? digits[v & 63] : '=';
	}
	return size;
}

/* What the server says: the fuzzer's, where 1 stands for `known`. */
static struct span
server_says(struct fuzz *f, struct span known)
{
	size_t n = fuzz_octet(f), size = 0;
	char *out = fuzz_alloc(n * (known.n + 1));

	for (; n > 0 && f->n > 0; n--) {
		unsigned c = fuzz_octet(f);

		if (c == 1) {
			memcpy(out + size, known.p, known.n);
			size += known.n;
		} else {
			out[size++] = (char)c;
		}
	}
	fuzz_shrink(out, size);
	return (struct span){ out, size };
}

static struct span
join(struct span a, const char *between, struct span b)
{
	char *p = fuzz_alloc(a.n + b.n + 1);

	memcpy(p, a.p, a.n);
	memcpy(p + a.n, between, strlen(between));
	memcpy(p + a.n + strlen(between), b.p, b.n);
	return (struct span){ p, a.n + b.n + strlen(between) };
}

/* `X=` and what is behind it, up to a comma, taken from the front. */
static struct span
attribute(struct span *s, char letter)
{
	struct span value;
	const char *end;

	REQUIRE(s->n >= 2 && s->p[0] == letter && s->p[1] == '=');
	end = memchr(s->p, ',', s->n);
	value.p = s->p + 2;
	value.n = (end != NULL ? (size_t)(end - s->p) : s->n) - 2;
	s->n -= value.n + 2 + (end != NULL);
	s->p += value.n + 2 + (end != NULL);
	return value;
}

/* The proof is right for this password, and what the server has to answer. */
static struct span
check_proof(const char *password, struct span bare, struct span said,
    struct span final, struct span gs2, const struct smtp__stepped_given *g)
{
	unsigned char salted[64], key[64], stored[64], signature[64];
	unsigned char salt[1024], prepared[2048];
	struct span rest = said, last = final, all, c, r, p;
	char *out = fuzz_alloc(100), back[2048];
	ptrdiff_t n = smtp__saslprep_stored(password, (char *)prepared,
	    sizeof prepared);
	size_t salt_n;

	REQUIRE(n > 0);
	r = attribute(&rest, 'r');
	p = attribute(&rest, 's');
	REQUIRE(p.n < sizeof salt);
	salt_n = mail_base64(p.p, p.n, (char *)salt);
	memcpy(salt + salt_n, "\0\0\0\1", 4);
	mbedtls_md_hmac(md, prepared, (size_t)n, salt, salt_n + 4, salted);

	c = attribute(&last, 'c');
	REQUIRE(c.n < sizeof back && mail_base64(c.p, c.n, back) ==
	    gs2.n + g->binding_n);
	REQUIRE(memcmp(back, gs2.p, gs2.n) == 0 && (g->binding_n == 0 ||
	    memcmp(back + gs2.n, g->binding, g->binding_n) == 0));
	REQUIRE(mail_same(attribute(&last, 'r'), r));
	all = join(join(bare, ",", said), ",",
	    (struct span){ final.p, final.n - last.n - 1 });
	p = attribute(&last, 'p');
	REQUIRE(last.n == 0 && mail_base64(p.p, p.n, back) == length);
	hmac(salted, "Client Key", 10, key);
	mbedtls_md(md, key, length, stored);
	hmac(stored, all.p, all.n, signature);
	for (size_t i = 0; i < length; i++)
		REQUIRE((unsigned char)back[i] == (signature[i] ^ key[i]));
	hmac(salted, "Server Key", 10, key);
	hmac(key, all.p, all.n, signature);
	return (struct span){ out, encode64(signature, length, out) };
}

/* What was taken for the server's first message is one. */
static void
check_first(struct span s, struct span nonce)
{
	struct span r = attribute(&s, 'r'), salt = attribute(&s, 's');
	struct span i = attribute(&s, 'i');
	unsigned long count = 0;

	REQUIRE(r.n > nonce.n && memcmp(r.p, nonce.p, nonce.n) == 0);
	REQUIRE(salt.n > 0 && i.n > 0 && i.n < 8);
	for (size_t k = 0; k < i.n; k++) {
		REQUIRE(i.p[k] >= '0' && i.p[k] <= '9');
		count = count * 10 + (unsigned long)(i.p[k] - '0');
	}
	REQUIRE(count >= 4096 && count <= 1000000);
	REQUIRE(s.n < 2 || s.p[0] != 'm');
}

static void
scram(struct fuzz *f, const char *user, const char *password, unsigned how)
{
	static const mbedtls_md_type_t kinds[] = {
		MBEDTLS_MD_SHA512, MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA1
	};
	const struct smtp__stepped *m = &smtp__scrams[how % 6];
	struct smtp__scram *s = (void *)fuzz_alloc(sizeof *s);
	struct smtp__stepped_given given = {
		.user = user, .password = password, .random = octets,
		.may_bind = how & 8, .secure = true,
		.authzid = how & 16 ? user : NULL
	};
	struct smtp__response r = { 0 };
	struct span first, bare, gs2, nonce, said, final, right;
	const char *at;
	int rc;

	REQUIRE(m->state_bytes == sizeof *s);
	md = mbedtls_md_info_from_type(kinds[how % 6 / 2]);
	length = mbedtls_md_get_size(md);
	if (how % 2 == 0) {
		given.binding_type = "tls-exporter";
		given.binding = (const unsigned char *)"0123456789";
		given.binding_n = 1 + how % 10;
	}
	memset(s, 0, sizeof *s);
	if (m->begin(m, s, &given) != SMTP_OK)
		return;
	REQUIRE(m->step(s, NULL, 0, &r) == SMTP_OK && !r.last);
	first = (struct span){ fuzz_copy(r.p, r.n), r.n };
	for (at = first.p; memcmp(at, ",n=", 3) != 0; at++)
		REQUIRE(at < first.p + first.n);
	at++;
	gs2 = (struct span){ first.p, (size_t)(at - first.p) };
	bare = (struct span){ at, first.n - gs2.n };
	REQUIRE(gs2.p[0] == (given.binding_n > 0 ? 'p' :
	    given.may_bind ? 'y' : 'n'));
	for (at = first.p + first.n; memcmp(at - 3, ",r=", 3) != 0; at--)
		;
	nonce = (struct span){ at, (size_t)(first.p + first.n - at) };

	said = server_says(f, nonce);
	if (how & 32)
		said = join((struct span){ "r=", 2 }, "", join(nonce, "",
		    (struct span){ "x,s=QSXCR+Q6sek8bf92,i=4096", 27 }));
	memset(&r, 0, sizeof r);
	rc = m->step(s, said.p, said.n, &r);
	REQUIRE(rc == SMTP_WANT_TIME || (rc == SMTP_E_AUTH && r.why != NULL));
	if (rc == SMTP_WANT_TIME) {
		check_first(said, nonce);
		s->pbkdf2.left = 0;
		rc = m->step(s, NULL, 0, &r);
		REQUIRE(rc == SMTP_OK || (rc == SMTP_E_AUTH && r.why != NULL));
	}
	if (rc == SMTP_OK) {
		REQUIRE(!r.last);
		final = (struct span){ fuzz_copy(r.p, r.n), r.n };
		right = check_proof(password, bare, said, final, gs2, &given);
		said = server_says(f, right);
		memset(&r, 0, sizeof r);
		rc = m->step(s, said.p, said.n, &r);
		REQUIRE((rc == SMTP_OK) == r.last);
		if (rc == SMTP_OK) {
			REQUIRE(mail_same(attribute(&said, 'v'), right));
		} else {
			/* The right one, and nothing behind, is always it. */
			REQUIRE(r.why != NULL);
			REQUIRE(said.n != right.n + 2 ||
			    memcmp(said.p, "v=", 2) != 0 ||
			    memcmp(said.p + 2, right.p, right.n) != 0);
		}
		REQUIRE(m->step(s, said.p, said.n, &r) == SMTP_E_AUTH);
	}
	m->end(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_n)
{
	struct fuzz f = fuzz_begin(input, input_n);
	unsigned mode = fuzz_octet(&f), how = fuzz_octet(&f);
	char *text = fuzz_string(&f, 255), *second, *rest;
	size_t n;

	switch (mode & 3) {
	case 0:
		prepare(text, how);
		prepare(text, 11 * strlen(text) + 17);
		break;
	case 1:
		second = fuzz_string(&f, 255);
		texts(&f, text, second, 1 + how);
		break;
	case 2:
		second = fuzz_string(&f, 255);
		scram(&f, text, second, how);
		break;
	default:
		rest = fuzz_rest(&f, &n);
#if SMTP_WITH_NTLM
		ntlm(text, rest, n);
#endif
		(void)rest;
	}
	return 0;
}
