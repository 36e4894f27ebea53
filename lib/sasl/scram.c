/* SPDX-License-Identifier: MIT */
#include "sasl/scram.h"

#include <string.h>

#include "codec/base64.h"
#include "text/saslprep.h"
#include "text/utf8.h"

#if SMTP_WITH_SCRAM

/* RFC 5802 section 5.1 wants it fresh; 18 octets are 24 characters. */
#define NONCE_OCTETS 18

/* No step takes longer than so many iterations do: some milliseconds. */
#define SLICE 1024

enum { FIRST, SERVER_FIRST, SALTING, SERVER_FINAL, OVER };

/*
 * The text.
 */

static void
add(struct smtp__scram *s, const void *p, size_t n)
{
	if (n > sizeof s->text - s->n) {
		s->failed = true;
		return;
	}
	memcpy(s->text + s->n, p, n);
	s->n = (uint16_t)(s->n + n);
}

static void
add_text(struct smtp__scram *s, const char *text)
{
	add(s, text, strlen(text));
}

static void
add_base64(struct smtp__scram *s, const void *p, size_t n)
{
	struct smtp__base64 b;
	size_t used, room = sizeof s->text - s->n;

	if (smtp__base64_size(n, false) > room) {
		s->failed = true;
		return;
	}
	smtp__base64_init(&b, false);
	s->n = (uint16_t)(s->n + smtp__base64_encode(&b, p, n, true, &used,
	    s->text + s->n, room));
}

/* RFC 5802 section 5.1: "=" and "," in a name. */
static void
add_name(struct smtp__scram *s, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '=')
			add_text(s, "=3D");
		else if (*name == ',')
			add_text(s, "=2C");
		else
			add(s, name, 1);
	}
}

/* What is not used of the text: for a while it may hold something else. */
static char *
spare(struct smtp__scram *s, size_t *room)
{
	*room = sizeof s->text - s->n;
	return s->text + s->n;
}

static void
wipe_spare(struct smtp__scram *s)
{
	size_t room;
	char *p = spare(s, &room);

	smtp__wipe(p, room);
}

/*
 * The first message.
 */

/* RFC 5802 section 6: bound; could be, were it offered; could not be. */
static void
add_gs2(struct smtp__scram *s)
{
	const struct smtp__stepped_given *given = s->given;

	if (given->binding_n > 0) {
		add_text(s, "p=");
		add_text(s, given->binding_type);
	} else {
		add_text(s, given->may_bind ? "y" : "n");
	}
	add_text(s, ",");
	if (given->authzid != NULL) {
		add_text(s, "a=");
		add_name(s, given->authzid);
	}
	add_text(s, ",");
	s->gs2_n = s->n;
}

/*
 * The name in its one form, made at the end of the text where `,r=NONCE' will
 * not reach it, since its quoted form can be three times as long.
 */
static int
add_user(struct smtp__scram *s)
{
	char *end = s->text + sizeof s->text;
	size_t room;
	char *p = spare(s, &room);
	ptrdiff_t n = smtp__saslprep(s->given->user, p, room);

	if (n <= 0)
		return SMTP_E_UNSUPPORTED;
	if ((size_t)n * 4 + 1 > room) {
		s->failed = true;
		return SMTP_OK;
	}
	memmove(end - n - 1, p, (size_t)n + 1);
	add_name(s, end - n - 1);
	return SMTP_OK;
}

/* Can the password be had in its one form? Then it is in the spare text. */
static ptrdiff_t
prepare_password(struct smtp__scram *s, size_t from)
{
	size_t room;
	char *p = spare(s, &room);

	if (from >= room)
		return -1;
	return smtp__saslprep_stored(s->given->password, p + from,
	    room - from);
}

int
smtp__scram_begin(struct smtp__scram *s, enum smtp__hash_kind kind,
    const struct smtp__stepped_given *given, const char *nonce)
{
	int rc;

	s->given = given;
	s->kind = kind;
	if (smtp__hash_length(kind) == 0)
		return SMTP_E_UNSUPPORTED;
	if (given->user == NULL || given->password == NULL ||
	    (given->authzid != NULL && !smtp__utf8_valid(given->authzid,
	    strlen(given->authzid))))
		return SMTP_E_ARGUMENT;
	/* Half of the text is left for what both say. */
	rc = prepare_password(s, sizeof s->text / 2) > 0 ? SMTP_OK :
	    SMTP_E_UNSUPPORTED;
	wipe_spare(s);
	if (rc != SMTP_OK)
		return rc;
	add_gs2(s);
	add_text(s, "n=");
	rc = add_user(s);
	if (rc != SMTP_OK)
		return rc;
	add_text(s, ",r=");
	s->nonce_at = s->n;
	add_text(s, nonce);
	s->nonce_n = (uint16_t)(s->n - s->nonce_at);
	s->at = FIRST;
	return s->failed ? SMTP_E_UNSUPPORTED : SMTP_OK;
}

static int
begin(const struct smtp__stepped *self, void *p,
    const struct smtp__stepped_given *given)
{
	/* SCRAM-SHA-1, SCRAM-SHA-256, SCRAM-SHA-512 */
	enum smtp__hash_kind kind = self->name[10] == '1' ? SMTP__SHA1 :
	    self->name[10] == '2' ? SMTP__SHA256 : SMTP__SHA512;
	unsigned char octets[NONCE_OCTETS];
	char nonce[NONCE_OCTETS / 3 * 4 + 1];

	if (given->random == NULL ||
	    given->random(given->random_ctx, octets, sizeof octets) != 0)
		return SMTP_E_UNSUPPORTED;
	for (size_t i = 0; i < NONCE_OCTETS / 3; i++)
		(void)smtp__base64_group(octets + 3 * i, 3, nonce + 4 * i);
	nonce[sizeof nonce - 1] = '\0';
	return smtp__scram_begin(p, kind, given, nonce);
}

static int
say_first(struct smtp__scram *s, struct smtp__response *response)
{
	response->p = s->text;
	response->n = s->n;
	s->at = SERVER_FIRST;
	return SMTP_OK;
}

/*
 * What the server says: attributes, each a letter, "=" and a value, with
 * commas between.
 */

struct attribute {
	char letter;
	const char *p;
	size_t n;
};

/* The next one. False at the end; its letter is 0 where it is none. */
static bool
next(const char **p, size_t *n, struct attribute *a)
{
	const char *comma;

	a->letter = '\0';
	if (*n == 0)
		return false;
	comma = memchr(*p, ',', *n);
	a->p = *p;
	a->n = comma != NULL ? (size_t)(comma - *p) : *n;
	*n -= a->n;
	*p += a->n;
	/* A comma at the end has nothing behind it. */
	if (comma != NULL) {
		(*p)++;
		(*n)--;
	}
	if (a->n < 2)
		return true;
	if (a->p[1] == '=' && (comma == NULL || *n > 0) &&
	    (a->p[0] | 32) >= 'a' && (a->p[0] | 32) <= 'z')
		a->letter = a->p[0];
	a->p += 2;
	a->n -= 2;
	return true;
}

/* What may follow is ignored, but not what must be understood. */
static bool
is_ignorable(const char *p, size_t n)
{
	struct attribute a;

	while (next(&p, &n, &a))
		if (a.letter == '\0' || a.letter == 'm')
			return false;
	return true;
}

static bool
is_nonce(const struct smtp__scram *s, const struct attribute *a)
{
	if (a->n <= s->nonce_n ||
	    memcmp(a->p, s->text + s->nonce_at, s->nonce_n) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->p[i] < '!' || a->p[i] > '~')
			return false;
	return true;
}

/* A positive number; 0 where it is none, or larger than `most`. */
static uint32_t
number(const struct attribute *a, uint32_t most)
{
	uint64_t number = 0;

	if (a->n == 0 || a->p[0] == '0')
		return 0;
	for (size_t i = 0; i < a->n; i++) {
		if (a->p[i] < '0' || a->p[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(a->p[i] - '0');
		if (number > most)
			return 0;
	}
	return (uint32_t)number;
}

static int
fail(struct smtp__scram *s, struct smtp__response *response, const char *why)
{
	s->at = OVER;
	response->why = why;
	return SMTP_E_AUTH;
}

/* "c=...,r=...": what the proof is added to. */
static void
begin_final(struct smtp__scram *s, const struct attribute *nonce)
{
	const struct smtp__stepped_given *given = s->given;
	size_t n = s->gs2_n + given->binding_n, room;
	char *end = s->text + sizeof s->text;

	add_text(s, ",");
	s->final_at = s->n;
	add_text(s, "c=");
	(void)spare(s, &room);
	if (room < n + smtp__base64_size(n, false)) {
		s->failed = true;
		return;
	}
	memcpy(end - n, s->text, s->gs2_n);
	if (given->binding_n > 0)
		memcpy(end - given->binding_n, given->binding,
		    given->binding_n);
	add_base64(s, end - n, n);
	add_text(s, ",r=");
	add(s, nonce->p, nonce->n);
}

/* Salt, then password, both in the spare text until the key is begun. */
static const char *
begin_key(struct smtp__scram *s, const struct attribute *salt,
    uint32_t iterations)
{
	size_t room;
	char *p = spare(s, &room);
	ptrdiff_t salt_n = smtp__base64_decode(salt->p, salt->n, p, room);
	ptrdiff_t n = salt_n <= 0 ? -1 : prepare_password(s, (size_t)salt_n);
	const char *why = NULL;

	if (n > 0)
		smtp__pbkdf2_init(&s->pbkdf2, s->kind, p + salt_n, (size_t)n,
		    p, (size_t)salt_n, iterations);
	else if (salt_n <= 0 && salt->n / 4 * 3 <= room)
		why = "the salt is empty, or no base64";
	else
		why = "what the server says is too long";
	wipe_spare(s);
	return why;
}

static int
hear_first(struct smtp__scram *s, const char *p, size_t n,
    struct smtp__response *response)
{
	uint32_t most = s->given->iterations_max > 0 ?
	    s->given->iterations_max : SMTP__SCRAM_ITERATIONS_MAX;
	struct attribute nonce, salt, count;
	uint32_t iterations;
	const char *why;

	add_text(s, ",");
	if (n > sizeof s->text - s->n)
		return fail(s, response, "what the server says is too long");
	add(s, p, n);
	p = s->text + s->n - n;
	if (!next(&p, &n, &nonce) || nonce.letter != 'r')
		return fail(s, response, nonce.letter == 'm' ?
		    "the server wants an extension that is not known" :
		    "what the server says is not SCRAM");
	if (!is_nonce(s, &nonce))
		return fail(s, response,
		    "the server's nonce is not built on ours");
	if (!next(&p, &n, &salt) || salt.letter != 's' ||
	    !next(&p, &n, &count) || count.letter != 'i' ||
	    !is_ignorable(p, n))
		return fail(s, response, "what the server says is not SCRAM");
	iterations = number(&count, most);
	if (iterations < SMTP__SCRAM_ITERATIONS_MIN)
		return fail(s, response,
		    "the number of iterations is too low or too high");
	begin_final(s, &nonce);
	why = s->failed ? "what the server says is too long" :
	    begin_key(s, &salt, iterations);
	if (why != NULL)
		return fail(s, response, why);
	s->at = SALTING;
	return SMTP_WANT_TIME;
}

/*
 * The proof, RFC 5802 section 3.
 */

static int
prove(struct smtp__scram *s)
{
	const size_t length = smtp__hash_length(s->kind);
	const char *message = s->text + s->gs2_n;
	const size_t message_n = (size_t)(s->n - s->gs2_n);
	unsigned char salted[SMTP__DIGEST_MAX], key[SMTP__DIGEST_MAX];
	unsigned char stored[SMTP__DIGEST_MAX], proof[SMTP__DIGEST_MAX];
	int rc = smtp__pbkdf2_take(&s->pbkdf2, salted);

	if (rc == SMTP_OK)
		rc = smtp__hmac(s->kind, salted, length, "Server Key", 10,
		    key);
	if (rc == SMTP_OK)
		rc = smtp__hmac(s->kind, key, length, message, message_n,
		    s->signature);
	if (rc == SMTP_OK)
		rc = smtp__hmac(s->kind, salted, length, "Client Key", 10,
		    key);
	if (rc == SMTP_OK)
		rc = smtp__hash(s->kind, key, length, stored);
	if (rc == SMTP_OK)
		rc = smtp__hmac(s->kind, stored, length, message, message_n,
		    proof);
	for (size_t i = 0; rc == SMTP_OK && i < length; i++)
		proof[i] ^= key[i];
	if (rc == SMTP_OK) {
		add_text(s, ",p=");
		add_base64(s, proof, length);
	}
	smtp__wipe(salted, sizeof salted);
	smtp__wipe(key, sizeof key);
	smtp__wipe(stored, sizeof stored);
	smtp__wipe(proof, sizeof proof);
	return rc;
}

static int
make_key(struct smtp__scram *s, struct smtp__response *response)
{
	if (smtp__pbkdf2_step(&s->pbkdf2, SLICE))
		return SMTP_WANT_TIME;
	if (prove(s) != SMTP_OK)
		return fail(s, response, "the digest cannot be computed");
	if (s->failed)
		return fail(s, response, "what the server says is too long");
	response->p = s->text + s->final_at;
	response->n = (size_t)(s->n - s->final_at);
	s->at = SERVER_FINAL;
	return SMTP_OK;
}

/*
 * The last message.
 */

/* RFC 5802 section 7. */
static const char *
words_of(const struct attribute *error)
{
#define SAYS "the server says "
	static const char *const words[] = {
		SAYS "invalid-encoding", SAYS "extensions-not-supported",
		SAYS "invalid-proof", SAYS "channel-bindings-dont-match",
		SAYS "server-does-support-channel-binding",
		SAYS "channel-binding-not-supported",
		SAYS "unsupported-channel-binding-type",
		SAYS "unknown-user", SAYS "invalid-username-encoding",
		SAYS "no-resources"
	};
	const size_t skip = sizeof SAYS - 1;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i] + skip) == error->n &&
		    memcmp(words[i] + skip, error->p, error->n) == 0)
			return words[i];
	return SAYS "other-error";
#undef SAYS
}

static int
hear_final(struct smtp__scram *s, const char *p, size_t n,
    struct smtp__response *response)
{
	const size_t length = smtp__hash_length(s->kind);
	unsigned char signature[SMTP__DIGEST_MAX + 2];
	struct attribute a;

	if (!next(&p, &n, &a) || (a.letter != 'v' && a.letter != 'e') ||
	    !is_ignorable(p, n))
		return fail(s, response, "what the server says is not SCRAM");
	if (a.letter == 'e')
		return fail(s, response, words_of(&a));
	if (smtp__base64_decode(a.p, a.n, signature, sizeof signature) !=
	    (ptrdiff_t)length ||
	    !smtp__equal_constant_time(signature, s->signature, length))
		return fail(s, response, "the server does not know the "
		    "password: it may be somebody else");
	s->at = OVER;
	response->p = "";
	response->last = true;
	return SMTP_OK;
}

static int
step(void *p, const void *challenge, size_t n, struct smtp__response *response)
{
	struct smtp__scram *s = p;

	if (s->at == FIRST && challenge == NULL)
		return say_first(s, response);
	if (s->at == SALTING && challenge == NULL)
		return make_key(s, response);
	if (s->at == SERVER_FIRST && challenge != NULL)
		return hear_first(s, challenge, n, response);
	if (s->at == SERVER_FINAL && challenge != NULL)
		return hear_final(s, challenge, n, response);
	return fail(s, response, "the server asks more than there is to say");
}

static void
end(void *p)
{
	struct smtp__scram *s = p;

	smtp__pbkdf2_wipe(&s->pbkdf2);
	smtp__wipe(s, sizeof *s);
}

#define SCRAM(name, more) { name, SMTP__STEPPED_FIRST | \
    SMTP__STEPPED_PASSWORD | (more), sizeof(struct smtp__scram), begin, step, \
    end }

const struct smtp__stepped smtp__scrams[6] = {
	SCRAM("SCRAM-SHA-512-PLUS", SMTP__STEPPED_BINDS),
	SCRAM("SCRAM-SHA-512", 0),
	SCRAM("SCRAM-SHA-256-PLUS", SMTP__STEPPED_BINDS),
	SCRAM("SCRAM-SHA-256", 0),
	SCRAM("SCRAM-SHA-1-PLUS", SMTP__STEPPED_BINDS),
	SCRAM("SCRAM-SHA-1", 0),
};

#endif
