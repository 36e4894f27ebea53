/* SPDX-License-Identifier: MIT */
/* AUTH: PLAIN, LOGIN, CRAM-MD5, XOAUTH2 from the server's side. */
#include "server.h"

#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/md.h>

static const char accepted[] = "235 2.7.0 Authenticated";
static const char refused[] = "535 5.7.8 Authentication credentials invalid";
static const char cancelled[] = "501 5.7.0 Cancelled";
static const char undecodable[] = "501 5.5.2 Not base64";

/* Strict base64: the library's decoder forgives blanks and line ends. */
static int
decode(const char *text, char *out, size_t size, size_t *n)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text), body = strspn(text, alphabet);

	if (len % 4 != 0 || len - body > 2 ||
	    strspn(text + body, "=") != len - body)
		return -1;
	if (len == 0) {
		*n = 0;
		out[0] = '\0';
		return 0;
	}
	if (mbedtls_base64_decode((unsigned char *)out, size - 1, n,
	    (const unsigned char *)text, len) != 0)
		return -1;
	out[*n] = '\0';
	return 0;
}

const char *
auth_ask(const struct auth_io *io, const char *challenge, char *out,
	size_t size, size_t *n)
{
	char line[12288 + 3], say[1100];
	unsigned char text[1024];
	size_t len = 0;

	if (mbedtls_base64_encode(text, sizeof text, &len,
	    (const unsigned char *)challenge, strlen(challenge)) != 0)
		return "454 4.3.0 Internal error";
	(void)snprintf(say, sizeof say, "334 %.*s", (int)len, (char *)text);
	if (io->say(io->ctx, say) < 0 ||
	    io->line(io->ctx, line, sizeof line) < 0)
		return "";
	if (strcmp(line, "*") == 0)
		return cancelled;
	return decode(line, out, size, n) < 0 ? undecodable : NULL;
}

const char *
auth_first(const struct auth_io *io, const char *initial, char *out,
	size_t size, size_t *n)
{
	if (initial == NULL)
		return auth_ask(io, "", out, size, n);
	if (strcmp(initial, "=") == 0)
		initial = "";
	return decode(initial, out, size, n) < 0 ? undecodable : NULL;
}

static const char *
check(const struct config *config, const char *user, const char *password)
{
	return strcmp(user, config->user) == 0 &&
	    strcmp(password, config->password) == 0 ? accepted : refused;
}

/* RFC 4616: authzid NUL authcid NUL password. */
static const char *
plain(const struct config *config, const struct auth_io *io,
	const char *initial, char user[256])
{
	char answer[9300];
	const char *name, *password, *bad;
	size_t n;

	bad = auth_first(io, initial, answer, sizeof answer, &n);
	if (bad != NULL)
		return bad;
	name = memchr(answer, '\0', n);
	password = name == NULL ? NULL :
		memchr(name + 1, '\0', n - (size_t)(name + 1 - answer));
	if (password == NULL || strlen(password + 1) !=
	    n - (size_t)(password + 1 - answer))
		return "501 5.5.4 Not authzid NUL authcid NUL password";
	(void)snprintf(user, 256, "%s", name + 1);
	return check(config, name + 1, password + 1);
}

static const char *
login(const struct config *config, const struct auth_io *io,
	const char *initial, char user[256])
{
	char name[512], password[9300];
	const char *bad;
	size_t n;

	if (initial != NULL)
		bad = decode(initial, name, sizeof name, &n) < 0 ?
			undecodable : NULL;
	else
		bad = auth_ask(io, "User Name", name, sizeof name, &n);
	if (bad == NULL)
		bad = auth_ask(io, "Password", password, sizeof password, &n);
	if (bad != NULL)
		return bad;
	(void)snprintf(user, 256, "%.255s", name);
	return check(config, name, password);
}

/* RFC 2195: user SP hex(HMAC-MD5(password, challenge)). */
static const char *
cram_md5(const struct config *config, const struct auth_io *io,
	struct identity *id, char user[256])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char random[8], digest[16];
	char challenge[64], answer[600], want[600];
	const char *bad;
	size_t n;
	int at;

	if (mbedtls_ctr_drbg_random(&id->drbg, random, sizeof random) != 0)
		return "454 4.3.0 Internal error";
	at = snprintf(challenge, sizeof challenge, "<");
	for (size_t i = 0; i < sizeof random; i++)
		at += snprintf(challenge + at, sizeof challenge - (size_t)at,
			"%02x", random[i]);
	(void)snprintf(challenge + at, sizeof challenge - (size_t)at,
		"@demo.example.com>");
	bad = auth_ask(io, challenge, answer, sizeof answer, &n);
	if (bad != NULL)
		return bad;
	if (mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_MD5),
	    (const unsigned char *)config->password, strlen(config->password),
	    (const unsigned char *)challenge, strlen(challenge), digest) != 0)
		return "454 4.3.0 Internal error";
	at = snprintf(want, sizeof want, "%s ", config->user);
	for (size_t i = 0; i < sizeof digest; i++) {
		want[at++] = hex[digest[i] >> 4];
		want[at++] = hex[digest[i] & 15];
	}
	want[at] = '\0';
	(void)snprintf(user, 256, "%.*s", (int)strcspn(answer, " "), answer);
	return strlen(answer) == n && strcmp(answer, want) == 0 ?
		accepted : refused;
}

/* An error is told in a challenge, which wants an empty line in answer. */
static const char *
xoauth2(const struct config *config, const struct auth_io *io,
	const char *initial, char user[256])
{
	char answer[9300], want[2048];
	const char *bad;
	size_t n;

	bad = auth_first(io, initial, answer, sizeof answer, &n);
	if (bad != NULL)
		return bad;
	(void)snprintf(want, sizeof want, "user=%s\1auth=Bearer %s\1\1",
		config->user, config->token);
	(void)snprintf(user, 256, "%s", config->user);
	if (strlen(answer) == n && strcmp(answer, want) == 0)
		return accepted;
	bad = auth_ask(io, "{\"status\":\"400\",\"schemes\":\"Bearer\","
		"\"scope\":\"https://mail.example.com/\"}", answer,
		sizeof answer, &n);
	if (bad != NULL)
		return bad;
	return n == 0 ? refused : "501 5.5.2 An empty line was expected";
}

const char *
auth_run(const struct config *config, const struct auth_io *io,
	struct identity *id, const char *mech, const char *initial,
	char user[256])
{
	if (strncmp(mech, "SCRAM-", 6) == 0) {
		const char *bad = auth_scram(config, io, id, mech, initial,
			strstr(config->auth, "-PLUS") != NULL, user);

		return bad != NULL ? bad : accepted;
	}
	if (strcmp(mech, "PLAIN") == 0)
		return plain(config, io, initial, user);
	if (strcmp(mech, "LOGIN") == 0)
		return login(config, io, initial, user);
	if (strcmp(mech, "CRAM-MD5") == 0 && initial == NULL)
		return cram_md5(config, io, id, user);
	if (strcmp(mech, "CRAM-MD5") == 0)
		return "501 5.7.0 No initial response with CRAM-MD5";
	return xoauth2(config, io, initial, user);
}
