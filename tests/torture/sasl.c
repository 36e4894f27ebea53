/* SPDX-License-Identifier: MIT */
/*
 * AUTH from the server's side: one exchange, which knows USER, PASSWORD and
 * TOKEN. A mechanism that is not right ends in 535.
 */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/base64.h"
#include "crypto/hash.h"

struct sasl {
	char mechanism[32];
	unsigned step;
	char first[300], server_first[300], nonce[100];
	enum smtp__hash_kind kind;
	size_t digest_n;
};

static const char salt[] = "0123456789abcdef";
enum { ITERATIONS = 4096 };

static void
challenge(struct connection *c, const void *p, size_t n)
{
	struct smtp__base64 b;
	char line[900] = "334 ";
	size_t used, k;

	smtp__base64_init(&b, false);
	k = smtp__base64_encode(&b, p, n, true, &used, line + 4,
	    sizeof line - 5);
	line[4 + k] = '\0';
	server_say(c, line);
	c->mode = SERVER_SASL;
}

static void
over(struct connection *c, bool ok)
{
	c->mode = SERVER_LINES;
	c->authenticated = ok;
	if (!ok && c->world->wrong == NULL)
		c->world->wrong = "AUTH with a wrong secret";
	server_say(c, ok ? "235 2.7.0 Welcome" : "535 5.7.8 No");
	sasl_end(c);
}

void
sasl_end(struct connection *c)
{
	free(c->sasl);
	c->sasl = NULL;
}

/* ---- SCRAM, RFC 5802 */

/* The same salt for all, so that this is made once. */
static const unsigned char *
salted(enum smtp__hash_kind kind)
{
	static unsigned char keys[SMTP__SHA512 + 1][64];
	static bool made[SMTP__SHA512 + 1];
	struct smtp__pbkdf2 p;

	if (!made[kind]) {
		smtp__pbkdf2_init(&p, kind, PASSWORD, strlen(PASSWORD), salt,
		    strlen(salt), ITERATIONS);
		while (smtp__pbkdf2_step(&p, ITERATIONS))
			;
		(void)smtp__pbkdf2_take(&p, keys[kind]);
		made[kind] = true;
	}
	return keys[kind];
}

static void
encode(char *out, size_t room, const void *p, size_t n)
{
	struct smtp__base64 b;
	size_t used, k;

	smtp__base64_init(&b, false);
	k = smtp__base64_encode(&b, p, n, true, &used, out, room - 1);
	out[k] = '\0';
}

static void
scram_first(struct connection *c, const char *text)
{
	struct sasl *s = c->sasl;
	const char *bare = strstr(text, ",,"), *r;
	char salt64[40];

	r = bare != NULL ? strstr(bare, ",r=") : NULL;
	if (r == NULL) {
		over(c, false);
		return;
	}
	(void)snprintf(s->first, sizeof s->first, "%s", bare + 2);
	(void)snprintf(s->nonce, sizeof s->nonce, "%.60sSERVER", r + 3);
	encode(salt64, sizeof salt64, salt, strlen(salt));
	(void)snprintf(s->server_first, sizeof s->server_first,
	    "r=%s,s=%s,i=%d", s->nonce, salt64, ITERATIONS);
	challenge(c, s->server_first, strlen(s->server_first));
}

static void
scram_final(struct connection *c, const char *text)
{
	struct sasl *s = c->sasl;
	const unsigned char *key = salted(s->kind);
	unsigned char client[64], stored[64], sign[64];
	const char *p = strstr(text, ",p=");
	char message[1500], want[128], verifier[140] = "v=";

	if (p == NULL) {
		over(c, false);
		return;
	}
	(void)snprintf(message, sizeof message, "%s,%s,%.*s", s->first,
	    s->server_first, (int)(p - text), text);
	(void)smtp__hmac(s->kind, key, s->digest_n, "Client Key", 10, client);
	(void)smtp__hash(s->kind, client, s->digest_n, stored);
	(void)smtp__hmac(s->kind, stored, s->digest_n, message,
	    strlen(message), sign);
	for (size_t i = 0; i < s->digest_n; i++)
		client[i] ^= sign[i];
	encode(want, sizeof want, client, s->digest_n);
	if (strcmp(p + 3, want) != 0) {
		over(c, false);
		return;
	}
	(void)smtp__hmac(s->kind, key, s->digest_n, "Server Key", 10, stored);
	(void)smtp__hmac(s->kind, stored, s->digest_n, message,
	    strlen(message), sign);
	encode(verifier + 2, sizeof verifier - 2, sign, s->digest_n);
	challenge(c, verifier, strlen(verifier));
}

/* ---- what the client answered, decoded, with a NUL behind it */

static void
cram(struct connection *c, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[16];
	char want[64 + sizeof USER];
	int at = snprintf(want, sizeof want, "%s ", USER);

	(void)smtp__hmac(SMTP__MD5, PASSWORD, strlen(PASSWORD), "<1@there>",
	    9, digest);
	for (size_t i = 0; i < 16; i++) {
		want[at++] = hex[digest[i] >> 4];
		want[at++] = hex[digest[i] & 15];
	}
	want[at] = '\0';
	over(c, strcmp(text, want) == 0);
}

static void
answered(struct connection *c, const char *text, size_t n)
{
	struct sasl *s = c->sasl;
	const char *m = s->mechanism;
	unsigned step = s->step++;

	if (strncmp(m, "SCRAM-", 6) == 0) {
		if (step == 0)
			scram_first(c, text);
		else if (step == 1)
			scram_final(c, text);
		else
			over(c, n == 0);
	} else if (strcmp(m, "PLAIN") == 0) {
		static const char want[] = "\0" USER "\0" PASSWORD;

		over(c, n == sizeof want - 1 && memcmp(text, want, n) == 0);
	} else if (strcmp(m, "LOGIN") == 0 && step == 0) {
		if (strcmp(text, USER) != 0)
			over(c, false);
		else
			challenge(c, "Password:", 9);
	} else if (strcmp(m, "LOGIN") == 0) {
		over(c, strcmp(text, PASSWORD) == 0);
	} else if (strcmp(m, "CRAM-MD5") == 0) {
		cram(c, text);
	} else if (strcmp(m, "XOAUTH2") == 0 ||
	    strcmp(m, "OAUTHBEARER") == 0) {
		over(c, strstr(text, "auth=Bearer " TOKEN "\1") != NULL);
	} else {
		over(c, true);   /* EXTERNAL, ANONYMOUS, X-MINE           */
	}
}

static void
decode(struct connection *c, const char *line)
{
	char text[3000];
	ptrdiff_t n;

	n = strlen(line) < sizeof text ? smtp__base64_decode(line,
	    strlen(line), text, sizeof text - 1) : -1;
	if (n < 0) {
		over(c, false);
		return;
	}
	text[n] = '\0';
	answered(c, text, (size_t)n);
}

void
sasl_begin(struct connection *c, const char *mechanism, const char *initial)
{
	struct sasl *s = calloc(1, sizeof *s);

	if (s == NULL)
		abort();
	sasl_end(c);
	c->sasl = s;
	(void)snprintf(s->mechanism, sizeof s->mechanism, "%.31s", mechanism);
	s->kind = strncmp(mechanism, "SCRAM-SHA-1", 11) == 0 ? SMTP__SHA1 :
	    strncmp(mechanism, "SCRAM-SHA-256", 13) == 0 ? SMTP__SHA256 :
	    SMTP__SHA512;
	s->digest_n = smtp__hash_length(s->kind);
	if (initial != NULL)
		decode(c, strcmp(initial, "=") == 0 ? "" : initial);
	else if (strcmp(mechanism, "CRAM-MD5") == 0)
		challenge(c, "<1@there>", 9);
	else
		challenge(c, "", 0);
}

/* A client that gives up says so, which is no fault of its own. */
void
sasl_line(struct connection *c, const char *line)
{
	if (strcmp(line, "*") != 0) {
		decode(c, line);
		return;
	}
	c->mode = SERVER_LINES;
	server_say(c, "501 5.7.0 Cancelled");
	sasl_end(c);
}
