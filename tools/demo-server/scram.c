/* SPDX-License-Identifier: MIT */
/*
 * SCRAM (RFC 5802) from the server's side, written apart from the library's.
 */
#include "server.h"

#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/md.h>

#define ITERATIONS 4096
#define MOST 64

static const char internal[] = "454 4.3.0 Internal error";
static const char wrong[] = "501 5.5.2 Not SCRAM";

struct scram {
	const mbedtls_md_info_t *md;
	unsigned n;              /* octets of a digest                    */
	const char *gs2, *bare;  /* of the first message                  */
	size_t gs2_n;
	char nonce[200], server_first[400];
};

static bool
hmac(const struct scram *s, const void *key, size_t key_n, const void *p,
	size_t n, unsigned char *out)
{
	return mbedtls_md_hmac(s->md, key, key_n, p, n, out) == 0;
}

/* RFC 8018 section 5.2, one block. */
static bool
salted(const struct scram *s, const char *password, const unsigned char *salt,
	size_t salt_n, unsigned char *out)
{
	unsigned char block[32], u[MOST];
	mbedtls_md_context_t md;
	bool ok;

	memcpy(block, salt, salt_n);
	memcpy(block + salt_n, "\0\0\0\1", 4);
	ok = hmac(s, password, strlen(password), block, salt_n + 4, u);
	memcpy(out, u, s->n);
	mbedtls_md_init(&md);
	ok = ok && mbedtls_md_setup(&md, s->md, 1) == 0 &&
		mbedtls_md_hmac_starts(&md, (const unsigned char *)password,
		strlen(password)) == 0;
	for (int i = 1; ok && i < ITERATIONS; i++) {
		ok = mbedtls_md_hmac_reset(&md) == 0 &&
			mbedtls_md_hmac_update(&md, u, s->n) == 0 &&
			mbedtls_md_hmac_finish(&md, u) == 0;
		for (unsigned k = 0; k < s->n; k++)
			out[k] ^= u[k];
	}
	mbedtls_md_free(&md);
	return ok;
}

static bool
encode(const void *p, size_t n, char *out, size_t size)
{
	size_t used;

	if (mbedtls_base64_encode((unsigned char *)out, size, &used, p, n) != 0)
		return false;
	out[used] = '\0';
	return true;
}

/* "n,a=who,": the flag is what the mechanism and the offers want. */
static const char *
hear_gs2(struct scram *s, char *first, bool plus, bool offered,
	const char **type)
{
	static char name[40];
	char *comma = strchr(first, ',');
	char *second = comma == NULL ? NULL : strchr(comma + 1, ',');

	if (second == NULL || strncmp(second + 1, "n=", 2) != 0)
		return wrong;
	s->gs2 = first;
	s->gs2_n = (size_t)(second + 1 - first);
	s->bare = second + 1;
	*type = NULL;
	if (plus) {
		if (strncmp(first, "p=", 2) != 0 || comma - first > 30)
			return "501 5.5.4 Without channel binding";
		(void)snprintf(name, sizeof name, "%.*s",
			(int)(comma - first - 2), first + 2);
		*type = name;
	} else if (first[0] == 'y' && offered) {
		return "535 5.7.8 Somebody took -PLUS from the offer";
	} else if ((first[0] != 'n' && first[0] != 'y') || first + 1 != comma) {
		return wrong;
	}
	return NULL;
}

static const char *
say_first(struct scram *s, struct identity *id, unsigned char *salt,
	size_t salt_n)
{
	const char *r = strstr(s->bare, ",r=");
	unsigned char octets[18];
	char mine[32], text[64];

	if (r == NULL || strlen(r + 3) < 18 || strlen(r + 3) > 100)
		return wrong;
	if (mbedtls_ctr_drbg_random(&id->drbg, octets, sizeof octets) != 0 ||
	    mbedtls_ctr_drbg_random(&id->drbg, salt, salt_n) != 0 ||
	    !encode(octets, sizeof octets, mine, sizeof mine) ||
	    !encode(salt, salt_n, text, sizeof text))
		return internal;
	(void)snprintf(s->nonce, sizeof s->nonce, "%s%s", r + 3, mine);
	(void)snprintf(s->server_first, sizeof s->server_first,
		"r=%s,s=%s,i=%d", s->nonce, text, ITERATIONS);
	return NULL;
}

/* "c=...,r=..." as it has to be. */
static const char *
expected(const struct scram *s, const struct auth_io *io, const char *type,
	char *out, size_t size)
{
	unsigned char data[600];
	char text[900];
	size_t n = s->gs2_n, binding_n = 0;

	if (n > 500)
		return wrong;
	memcpy(data, s->gs2, n);
	if (type != NULL)
		binding_n = io->binding(io->ctx, type, data + n);
	if (type != NULL && binding_n == 0)
		return "501 5.5.4 No such channel binding";
	if (!encode(data, n + binding_n, text, sizeof text))
		return internal;
	(void)snprintf(out, size, "c=%s,r=%s", text, s->nonce);
	return NULL;
}

static const char *
check_proof(const struct scram *s, const char *password,
	const unsigned char *salt, size_t salt_n, const char *final,
	const char *proof, char *verifier, size_t size)
{
	unsigned char key[MOST], client[MOST], stored[MOST], signature[MOST];
	char message[2000], text[128];

	(void)snprintf(message, sizeof message, "%s,%s,%s", s->bare,
		s->server_first, final);
	if (!salted(s, password, salt, salt_n, key) ||
	    !hmac(s, key, s->n, "Client Key", 10, client) ||
	    mbedtls_md(s->md, client, s->n, stored) != 0 ||
	    !hmac(s, stored, s->n, message, strlen(message), signature))
		return internal;
	for (unsigned i = 0; i < s->n; i++)
		client[i] ^= signature[i];
	if (!encode(client, s->n, text, sizeof text))
		return internal;
	if (strcmp(text, proof) != 0)
		return "535 5.7.8 Authentication credentials invalid";
	if (!hmac(s, key, s->n, "Server Key", 10, stored) ||
	    !hmac(s, stored, s->n, message, strlen(message), signature) ||
	    !encode(signature, s->n, text, sizeof text))
		return internal;
	(void)snprintf(verifier, size, "v=%s", text);
	return NULL;
}

const char *
auth_scram(const struct config *config, const struct auth_io *io,
	struct identity *id, const char *mech, const char *initial,
	bool offered, char user[256])
{
	char first[2000], answer[2000], final[1200], verifier[132], name[300];
	bool plus = strstr(mech, "-PLUS") != NULL;
	unsigned char salt[16];
	const char *bad, *type, *proof;
	struct scram s = { 0 };
	size_t n;

	s.md = mbedtls_md_info_from_type(mech[10] == '1' ? MBEDTLS_MD_SHA1 :
		mech[10] == '2' ? MBEDTLS_MD_SHA256 : MBEDTLS_MD_SHA512);
	s.n = mbedtls_md_get_size(s.md);
	bad = auth_first(io, initial, first, sizeof first, &n);
	if (bad == NULL && n != strlen(first))
		bad = wrong;
	if (bad == NULL)
		bad = hear_gs2(&s, first, plus, offered, &type);
	if (bad == NULL)
		bad = say_first(&s, id, salt, sizeof salt);
	if (bad == NULL)
		bad = expected(&s, io, type, final, sizeof final);
	if (bad == NULL)
		bad = auth_ask(io, s.server_first, answer, sizeof answer, &n);
	if (bad != NULL)
		return bad;
	(void)snprintf(name, sizeof name, "n=%s,", config->user);
	(void)snprintf(user, 256, "%s", config->user);
	proof = answer + strlen(final) + 3;
	if (n != strlen(answer) || n <= strlen(final) + 3 ||
	    strncmp(answer, final, strlen(final)) != 0 ||
	    strncmp(answer + strlen(final), ",p=", 3) != 0)
		return "535 5.7.8 Not the channel or the nonce";
	bad = check_proof(&s, config->password, salt, sizeof salt, final,
		proof, verifier, sizeof verifier);
	if (bad == NULL && strncmp(s.bare, name, strlen(name)) != 0)
		bad = "535 5.7.8 Authentication credentials invalid";
	if (bad == NULL)
		bad = auth_ask(io, verifier, answer, sizeof answer, &n);
	if (bad != NULL)
		return bad;
	return n == 0 ? NULL : "501 5.5.2 An empty line was expected";
}
