/* SPDX-License-Identifier: MIT */
/*
 * Whole sessions with marked secrets: none of them is in a trace, an error, a
 * hint or a diagnosis, none in memory that is freed, and when all is closed
 * none in any memory of the process that can be written to.
 *
 * What is freed is looked at in the library's allocator, and with glibc in
 * free() itself, for what mbedTLS and libc have. A sanitizer has that function
 * for itself: there the allocator is all.
 */
#include "check.h"

#include <stdbool.h>
#include <fcntl.h>
#include <unistd.h>

#include <smtp/dkim.h>
#include <smtp/pool.h>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "net/net.h"
#include "support/marks.h"
#include "support/proxy.h"
#include "support/session.h"
#include "support/starve.h"

/* ---- secrets, of which the text is in memory for a moment only */

enum secret { PASSWORD_, TOKEN_, PROXY_, OPENS_KEY, SECRETS };

static const char *const names[SECRETS] = {
	"password", "token", "proxy's password", "password of the key"
};
static unsigned char veiled[SECRETS][24];
static char clear[SECRETS][25];

/* Until hide(). */
static const char *
secret(enum secret which)
{
	for (size_t i = 0; i < sizeof veiled[which]; i++)
		clear[which][i] = (char)(veiled[which][i] ^ 0x96);
	return clear[which];
}

static void
hide(void)
{
	smtp__wipe(clear, sizeof clear);
}

/* Letters and digits, and an octet that a URL would have to encode. */
static void
draw_secrets(void)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < SECRETS; i++) {
		assert_true(smtp__net_random(veiled[i], sizeof veiled[i]));
		for (size_t j = 0; j < sizeof veiled[i]; j++)
			veiled[i][j] = (unsigned char)
			    (letters[veiled[i][j] % 36] ^ 0x96);
		if (i != TOKEN_)
			veiled[i][5] = veiled[i][19] = '&' ^ 0x96;
		mark_text(names[i], secret((enum secret)i));
	}
	hide();
}

/* ---- memory that is freed */

static bool armed;
static unsigned shown;           /* in memory that was freed */

static void
look_at(const void *p, size_t n, const char *where)
{
	if (armed)
		shown += marks_in(p, n, where);
}

static void *
resize(void *ctx, void *p, size_t was, size_t now)
{
	void *fresh = NULL;

	(void)ctx;
	if (now > 0) {
		fresh = malloc(now);
		if (fresh == NULL)
			return NULL;
		memset(fresh, 0, now);
		if (p != NULL)
			memcpy(fresh, p, was < now ? was : now);
	}
	if (p != NULL) {
		look_at(p, was, "in memory that the library freed");
		free(p);
	}
	return fresh;
}

static const struct smtp_allocator allocator = { resize, NULL };

#if STARVE

#include <malloc.h>

extern void *
__libc_malloc(size_t n);
extern void
__libc_free(void *p);

/* Zeroed, so that nothing is seen that somebody else left. */
void *
malloc(size_t n)
{
	void *p = __libc_malloc(n);

	if (p != NULL)
		memset(p, 0, malloc_usable_size(p));
	return p;
}

void *
calloc(size_t n, size_t size)
{
	return size > 0 && n > SIZE_MAX / size ? NULL : malloc(n * size);
}

/* What the test itself frees is wiped without a look. */
void
free(void *p)
{
	size_t n;

	if (p == NULL)
		return;
	n = malloc_usable_size(p);
	look_at(p, n, "in memory that was freed");
	smtp__wipe(p, n);
	__libc_free(p);
}

void *
realloc(void *p, size_t n)
{
	size_t was = p == NULL ? 0 : malloc_usable_size(p);
	void *fresh = malloc(n);

	if (fresh == NULL || p == NULL)
		return fresh;
	memcpy(fresh, p, was < n ? was : n);
	free(p);
	return fresh;
}

#endif

/* ---- what a session says */

static char lines[65536];
static size_t line_n;

static void
trace(void *ctx, int who, const char *line, size_t n)
{
	(void)ctx;
	(void)who;
	if (n > sizeof lines - line_n)
		n = sizeof lines - line_n;
	memcpy(lines + line_n, line, n);
	line_n += n;
}

static void
look_at_text(const char *text, const char *where)
{
	shown += marks_in(text, strlen(text), where);
}

static void
look_at_words(const struct smtp *smtp)
{
	look_at_text(smtp_error(smtp), "in an error");
	look_at_text(smtp_hint(smtp), "in a hint");
}

static void
begin(void)
{
	(void)marks_found();
	shown = 0;
	line_n = 0;
	armed = true;
}

/* All is closed: there is nothing left anywhere. */
static void
end(const char *name)
{
	armed = false;
	hide();
	shown += marks_in(lines, line_n, "in the trace");
	memset(lines, 0, sizeof lines);
#if STARVE
	shown += marks_in_process();
#endif
	if (shown > 0)
		fail_msg("%s:\n%s", name, marks_found());
}

static struct smtp_options *
options_of(struct server *s, ...)
{
	struct smtp_options *o = smtp_options_new_with(&allocator);
	const char *name;
	va_list pairs;

	assert_non_null(o);
	assert_int_equal(smtp_options_set_trace(o, trace, NULL), SMTP_OK);
	va_start(pairs, s);
	if (s != NULL)
		assert_int_equal(smtp_options_set(o, "ca-file",
		    server_ca_file(s)), SMTP_OK);
	while ((name = va_arg(pairs, const char *)) != NULL)
		if (smtp_options_set(o, name, va_arg(pairs, const char *)) !=
		    SMTP_OK)
			fail_msg("%s", smtp_options_error(o));
	va_end(pairs);
	return o;
}

static struct smtp_message *
a_mail(void)
{
	struct smtp_message *m = smtp_message_new_with(&allocator);

	assert_non_null(m);
	smtp_message_set_from(m, "a@example.com");
	smtp_message_add_to(m, "b@example.com");
	smtp_message_set_text(m, "hello");
	return m;
}

static void
send_one(struct smtp *smtp, struct smtp_dkim *dkim, int want)
{
	struct smtp_message *m = a_mail();
	int rc;

#if SMTP_WITH_DKIM
	if (dkim != NULL)
		assert_int_equal(smtp_message_add_dkim(m, dkim), SMTP_OK);
#else
	(void)dkim;
#endif
	rc = smtp_send(smtp, m);
	look_at_words(smtp);
	expect_rc("send", smtp, rc, want);
	smtp_message_free(m);
}

/* ---- each mechanism: taken, refused, repeated by the server, cut */

#define CHALLENGE "TlRMTVNTUAACAAAADAAMADgAAAAzgoriASNFZ4mrze8AAAAAAAAAACQAJ" \
	"ABEAAAABgBwFwAAAA9TAGUAcgB2AGUAcgACAAwARABvAG0AYQBpAG4AAQAMAFMAZQBy" \
	"AHYAZQByAAAAAAA="
#define SCRAM_FIRST "S64 r=%Nmore,s=c2FsdHNhbHQ=,i=4096\n"

static const struct mechanism {
	const char *name;
	bool token;
	const char *steps[4];    /* of the server, the last is its verdict   */
} mechanisms[] = {
	{ "PLAIN", false, { "C: AUTH PLAIN *\n" } },
	{ "LOGIN", false, { "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: am9l\n",
	    "S: 334 UGFzc3dvcmQ6\nC? \n" } },
	{ "CRAM-MD5", false, { "C: AUTH CRAM-MD5\nS64 <12.34@mx>\nC? \n" } },
	{ "XOAUTH2", true, { "C: AUTH XOAUTH2 *\n" } },
	{ "OAUTHBEARER", true, { "C: AUTH OAUTHBEARER *\n" } },
	{ "SCRAM-SHA-1", false, { "NONCE AUTH SCRAM-SHA-1 \n",
	    SCRAM_FIRST "C? \n" } },
	{ "SCRAM-SHA-256", false, { "NONCE AUTH SCRAM-SHA-256 \n",
	    SCRAM_FIRST "C? \n" } },
	{ "SCRAM-SHA-512", false, { "NONCE AUTH SCRAM-SHA-512 \n",
	    SCRAM_FIRST "C? \n" } },
#if SMTP_WITH_NTLM
	{ "NTLM", false, { "C: AUTH NTLM *\n", "S: 334 " CHALLENGE "\nC? \n" }
	    },
#endif
};

enum ending { TAKEN, REFUSED, LATER, REPEATED, CUT, RESET, LEFT, ENDINGS };
static const char *const endings[ENDINGS] = { "taken", "refused",
	"refused for now", "repeated", "cut", "reset", "left alone" };

static void
put(char *script, size_t *n, const char *text)
{
	size_t length = strlen(text);

	assert_true(*n + length < 4096);
	memcpy(script + *n, text, length + 1);
	*n += length;
}

/* What the server does at the step `last`, or behind all of them. */
static void
put_ending(char *script, size_t *n, const struct mechanism *m,
    enum ending ending)
{
	static const char *const words[ENDINGS] = {
		"S: 235 2.7.0 ok\nC: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\n"
		"C: DATA\nS: 354 go\nC.\nS: 250 ok\n" PLAY_BYE,
		"S: 535 5.7.8 no\n" PLAY_BYE,
		"S: 454 4.7.0 not now\n" PLAY_BYE, "", "CLOSE\n", "RESET\n",
		"STALL\n"
	};

	if (ending != REPEATED) {
		put(script, n, words[ending]);
		return;
	}
	put(script, n, "S: 535-5.7.8 ");
	put(script, n, secret(m->token ? TOKEN_ : PASSWORD_));
	put(script, n, "\nS: 535 5.7.8 who is ");
	put(script, n, secret(m->token ? TOKEN_ : PASSWORD_));
	put(script, n, "?\n" PLAY_BYE);
	hide();
}

static struct server *
start_server(const struct mechanism *m, enum ending ending, size_t steps,
    bool tls)
{
	char script[4096];
	struct server *s;
	size_t n = 0;

	put(script, &n, "S: 220 mx\nC: EHLO *\nS: 250-mx\n");
	if (tls)
		put(script, &n, "S: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n"
		    "TLS\nC: EHLO *\nS: 250-mx\n");
	put(script, &n, "S: 250 AUTH ");
	put(script, &n, m->name);
	put(script, &n, "\n");
	for (size_t i = 0; i < steps; i++)
		put(script, &n, m->steps[i]);
	put_ending(script, &n, m, ending);
	s = server_play(script, "--tls", "none", NULL);
	smtp__wipe(script, sizeof script);
	return s;
}

static int
authenticate(struct smtp *smtp, bool token)
{
	int rc;

	if (token)
		rc = smtp_auth_token(smtp, "joe", secret(TOKEN_));
	else
		rc = smtp_auth(smtp, "joe", secret(PASSWORD_));
	hide();
	return rc;
}

static void
run(const struct mechanism *m, enum ending ending, size_t steps, bool tls)
{
	struct server *s = start_server(m, ending, steps, tls);
	struct smtp_options *o;
	struct smtp *smtp;
	char name[80];
	int rc;

	(void)snprintf(name, sizeof name, "%s, %s behind %zu steps%s", m->name,
	    endings[ending], steps, tls ? ", with TLS" : "");
	begin();
	o = options_of(s, "mechanism", m->name, "insecure-plaintext-auth",
	    "yes", "trace", "yes", NULL);
	if (ending == LEFT)
		assert_int_equal(smtp_options_set(o, "timeout", "1"), SMTP_OK);
	rc = smtp_open(&smtp, server_url(s, tls ? "smtp" : "smtp+plaintext",
	    "localhost"), o);
	smtp_options_free(o);
	expect_rc(name, smtp, rc, SMTP_OK);
	rc = authenticate(smtp, m->token);
	look_at_words(smtp);
	if (ending == TAKEN)
		expect_rc(name, smtp, rc, SMTP_OK);
	else
		assert_int_not_equal(rc, SMTP_OK);
	if (rc == SMTP_OK)
		send_one(smtp, NULL, SMTP_OK);
	smtp_close(smtp);
	armed = false;
	server_stop(s);
	end(name);
}

/* SCRAM is taken only by a server that knows the password. */
static bool
can_be_taken(const struct mechanism *m)
{
	return strncmp(m->name, "SCRAM", 5) != 0;
}

static void
test_secrets__of_each_mechanism(void **state)
{
	needs(SMTP_WITH_XOAUTH2);
	unsigned sessions = 0;

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(mechanisms); i++) {
		const struct mechanism *m = &mechanisms[i];
		size_t steps = 0;

		while (steps < 4 && m->steps[steps] != NULL)
			steps++;
		for (size_t k = 1; k <= steps; k++)
			for (int e = TAKEN; e < ENDINGS; e++) {
				bool tls = e == TAKEN || e == CUT;

				if (e == TAKEN && (k < steps ||
				    !can_be_taken(m)))
					continue;
				if (e == LEFT && k < steps)
					continue;
				run(m, (enum ending)e, k, false);
				if (tls)
					run(m, (enum ending)e, k, true);
				sessions += 1 + tls;
			}
	}
	print_message("%u sessions\n", sessions);
	proves("LIB-H-2");
}

/* With a server that knows it: SCRAM to its end, bound to TLS where it can. */
static void
test_secrets__of_scram_to_its_end(void **state)
{
	static const struct { const char *auth; bool tls; } rows[] = {
		{ "SCRAM-SHA-1", false }, { "SCRAM-SHA-256", false },
#if SMTP_WITH_SHA512
		{ "SCRAM-SHA-512", true },
#endif
		{ "SCRAM-SHA-256-PLUS", true },
	};

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--auth", rows[i].auth,
		    "--user", "joe", "--password", secret(PASSWORD_), "--tls",
		    rows[i].tls ? "starttls" : "none",
		    rows[i].tls ? NULL : "--auth-in-clear", NULL);
		struct smtp_options *o;
		struct smtp *smtp;

		hide();
		begin();
		o = options_of(s, "mechanism", rows[i].auth, NULL);
		expect_rc(rows[i].auth, smtp, smtp_open(&smtp, server_url(s,
		    rows[i].tls ? "smtp" : "smtp+plaintext", "localhost"), o),
		    SMTP_OK);
		smtp_options_free(o);
		expect_rc(rows[i].auth, smtp, authenticate(smtp, false),
		    SMTP_OK);
		send_one(smtp, NULL, SMTP_OK);
		smtp_close(smtp);
		armed = false;
		server_stop(s);
		end(rows[i].auth);
	}
}

/* ---- tokens that are asked for */

static int
give(void *ctx, const char *user, int refused, char *token, size_t room)
{
	(void)ctx;
	(void)user;
	(void)refused;
	assert_true(room > sizeof clear[TOKEN_]);
	memcpy(token, secret(TOKEN_), sizeof clear[TOKEN_]);
	hide();
	return 0;
}

static void
test_secrets__of_tokens_that_are_asked_for(void **state)
{
	needs(SMTP_WITH_XOAUTH2);
	const struct mechanism *m = &mechanisms[3];

	(void)state;
	for (int polled = 0; polled < 2; polled++) {
		struct server *s = server_play("S: 220 mx\nC: EHLO *\n"
		    "S: 250-mx\nS: 250 AUTH XOAUTH2\nC: AUTH XOAUTH2 *\n"
		    "S: 535 5.7.8 old\nC: AUTH XOAUTH2 *\nS: 235 ok\n"
		    PLAY_BYE, "--tls", "none", NULL);
		struct smtp_options *o;
		struct smtp *smtp;
		int rc;

		begin();
		o = options_of(s, "mechanism", m->name,
		    "insecure-plaintext-auth", "yes", "blocking",
		    polled ? "no" : "yes", NULL);
		if (!polled)
			assert_int_equal(smtp_options_set_token(o, give, NULL),
			    SMTP_OK);
		rc = smtp_open(&smtp, server_url(s, "smtp+plaintext",
		    "127.0.0.1"), o);
		smtp_options_free(o);
		while (rc > 0)
			rc = smtp_step(smtp);
		expect_rc("open", smtp, rc, SMTP_OK);
		rc = smtp_auth_token(smtp, "joe", NULL);
		while (rc > 0) {
			if (rc & SMTP_WANT_TOKEN)
				assert_int_equal(smtp_give_token(smtp,
				    secret(TOKEN_)), SMTP_OK);
			hide();
			rc = smtp_step(smtp);
		}
		expect_rc("auth", smtp, rc, SMTP_OK);
		look_at_words(smtp);
		smtp_close(smtp);
		armed = false;
		server_stop(s);
		end(polled ? "a token that is given" : "a token's callback");
	}
}

/* ---- diagnosis, pool */

static void
test_secrets__of_a_diagnosis(void **state)
{
	(void)state;
	for (int e = REFUSED; e <= REPEATED; e++) {
		struct server *s = start_server(&mechanisms[0],
		    (enum ending)e, 1, true);
		struct smtp_diagnosis *d;
		struct smtp_options *o;

		begin();
		o = options_of(s, NULL);
		assert_int_not_equal(smtp_diagnose(&d, server_url(s, "smtp",
		    "localhost"), o, "joe", secret(PASSWORD_)), SMTP_OK);
		hide();
		smtp_options_free(o);
		for (size_t i = 0; i < smtp_diagnosis_count(d); i++) {
			look_at_text(smtp_diagnosis_text(d, i),
			    "in a diagnosis");
			look_at_text(smtp_diagnosis_advice(d, i),
			    "in an advice");
		}
		smtp_diagnosis_free(d);
		armed = false;
		server_stop(s);
		end(endings[e]);
	}
}

#if SMTP_WITH_POOL && SMTP_WITH_THREADS
static void
test_secrets__of_a_pool(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (int e = TAKEN; e <= REFUSED; e++) {
		struct server *s = start_server(&mechanisms[0],
		    (enum ending)e, 1, true);
		struct smtp_message *m;
		struct smtp_options *o;
		struct smtp_pool *pool;
		char error[500];
		int rc;

		begin();
		o = options_of(s, NULL);
		pool = smtp_pool_new(server_url(s, "smtp", "localhost"), o, 1);
		smtp_options_free(o);
		assert_int_equal(smtp_pool_auth(pool, "joe",
		    secret(PASSWORD_)), SMTP_OK);
		hide();
		m = a_mail();
		rc = smtp_pool_send(pool, m, error, sizeof error);
		assert_int_equal(rc == SMTP_OK, e == TAKEN);
		look_at_text(error, "in an error");
		smtp_message_free(m);
		smtp_pool_free(pool);
		armed = false;
		server_stop(s);
		end(endings[e]);
	}
}
#else
CASE_LEFT_OUT(test_secrets__of_a_pool,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
#endif

/* ---- proxies */

static void
test_secrets__of_a_proxy(void **state)
{
	static const char *const kinds[] = { "socks5", "http" };

	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < 2 * COUNT(kinds); i++) {
		bool right = i % 2 == 0;
		struct server *s = server_start("--tls", "none", NULL);
		char login[80] = "joe:";
		struct proxy *proxy;
		struct smtp_options *o;
		struct smtp *smtp;
		int rc;

		memcpy(login + 4, right ? secret(PROXY_) : "another", right ?
		    sizeof clear[PROXY_] : 8);
		hide();
		proxy = proxy_start(kinds[i / 2], login, server_port(s));
		smtp__wipe(login, sizeof login);
		begin();
		o = options_of(s, "proxy", proxy_url(proxy), "proxy-user",
		    "joe", "proxy-password", secret(PROXY_), NULL);
		hide();
		rc = smtp_open(&smtp, server_url(s, "smtp+plaintext",
		    "mx.nowhere.invalid"), o);
		smtp_options_free(o);
		look_at_words(smtp);
		if ((rc == SMTP_OK) != right)
			fail_msg("%s: %s", kinds[i / 2], smtp_error(smtp));
		smtp_close(smtp);
		armed = false;
		proxy_stop(proxy);
		server_stop(s);
		end(kinds[i / 2]);
	}
}

/* ---- private keys */

static void
sh(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* A file, which is the test's own copy: to be wiped and freed. */
static char *
read_all(const char *path, size_t *n)
{
	char *p = calloc(1, 16384);
	int fd = open(path, O_RDONLY);

	assert_true(p != NULL && fd >= 0);
	*n = (size_t)read(fd, p, 16383);
	assert_true(*n > 100 && *n < 16383);
	(void)close(fd);
	return p;
}

static void
wipe_copy(char *p, size_t n)
{
	bool was = armed;

	armed = false;
	smtp__wipe(p, n);
	free(p);
	armed = was;
}

#if SMTP_WITH_DKIM
static void
test_secrets__of_dkim(void **state)
{
	static const char *const makes[] = {
		"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
	};
	char folder[] = "/tmp/smtp-secrets-XXXXXX", path[80], line[300];

	(void)state;
	needs(SMTP_WITH_TLS);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/key.pem", folder);
	for (size_t i = 0; i < 2 * COUNT(makes); i++) {
		struct server *s;
		struct smtp_dkim *dkim;
		struct smtp_options *o;
		struct smtp *smtp;
		size_t n;
		char *pem;

		(void)snprintf(line, sizeof line, "%s -out %s 2>/dev/null",
		    makes[i / 2], path);
		sh(line);
		pem = read_all(path, &n);
		mark_key("key of DKIM", pem);
		s = server_start("--tls", "none", NULL);
		begin();
		dkim = smtp_dkim_new("example.com", "mail");
		assert_int_equal(i % 2 == 0 ?
		    smtp_dkim_set_key(dkim, pem, n, NULL) :
		    smtp_dkim_set_key_file(dkim, path, NULL), SMTP_OK);
		wipe_copy(pem, n);
		o = options_of(s, NULL);
		expect_rc("open", smtp, smtp_open(&smtp, server_url(s,
		    "smtp+plaintext", "localhost"), o), SMTP_OK);
		smtp_options_free(o);
		send_one(smtp, dkim, SMTP_OK);
		smtp_close(smtp);
		smtp_dkim_free(dkim);
		armed = false;
		server_stop(s);
		end(i % 2 == 0 ? "DKIM, a key in memory" :
		    "DKIM, a key in a file");
	}
	(void)unlink(path);
	(void)rmdir(folder);
}
#else
CASE_LEFT_OUT(test_secrets__of_dkim, "SMTP_WITH_DKIM")
#endif

/* The client's own key, which signs a handshake. */
static void
test_secrets__of_the_client(void **state)
{
	static const struct {
		const char *name;
		int cert, key;   /* files of these numbers; -1: in memory */
	} rows[] = {
		{ "a key in memory", -1, -1 },
		{ "a key beside the certificate in memory", -1, 3 },
		{ "a key in a file", 1, 0 },
		{ "a key beside the certificate in a file", 3, -1 },
		{ "a key in a file, encrypted", 1, 2 },
	};
	char folder[] = "/tmp/smtp-secrets-XXXXXX", line[900];
	char path[4][80];

	(void)state;
	needs(SMTP_WITH_TLS);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path[0], sizeof path[0], "%s/key.pem", folder);
	(void)snprintf(path[1], sizeof path[1], "%s/cert.pem", folder);
	(void)snprintf(path[2], sizeof path[2], "%s/locked.pem", folder);
	(void)snprintf(path[3], sizeof path[3], "%s/both.pem", folder);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s;
		struct smtp_options *o;
		struct smtp *smtp;
		size_t n, cert_n, both_n;
		char *pem, *cert, *both;

		(void)snprintf(line, sizeof line, "openssl genpkey -algorithm "
		    "EC -pkeyopt ec_paramgen_curve:P-256 -out %s 2>/dev/null "
		    "&& openssl req -new -x509 -subj /CN=joe -days 30 -key %s "
		    "-out %s 2>/dev/null", path[0], path[0], path[1]);
		sh(line);
		(void)setenv("SMTP_SECRETS_KEY", secret(OPENS_KEY), 1);
		(void)snprintf(line, sizeof line, "openssl ec -aes256 -in %s "
		    "-out %s -passout env:SMTP_SECRETS_KEY 2>/dev/null && "
		    "cat %s %s >%s", path[0], path[2], path[1], path[0],
		    path[3]);
		sh(line);
		smtp__wipe(getenv("SMTP_SECRETS_KEY"), sizeof veiled[0]);
		(void)unsetenv("SMTP_SECRETS_KEY");
		hide();
		pem = read_all(path[0], &n);
		cert = read_all(path[1], &cert_n);
		both = read_all(path[3], &both_n);
		mark_key("client's key", pem);
		s = server_start("--tls", "implicit", "--ask-certificate",
		    NULL);
		begin();
		o = options_of(s, NULL);
		if (rows[i].cert < 0)
			assert_int_equal(rows[i].key < 0 ?
			    smtp_options_set_client(o, cert, cert_n, pem, n) :
			    smtp_options_set_client(o, both, both_n, NULL, 0),
			    SMTP_OK);
		else
			assert_int_equal(smtp_options_set(o, "tls-cert",
			    path[rows[i].cert]), SMTP_OK);
		if (rows[i].cert >= 0 && rows[i].key >= 0)
			assert_int_equal(smtp_options_set(o, "tls-key",
			    path[rows[i].key]), SMTP_OK);
		if (rows[i].key == 2)
			assert_int_equal(smtp_options_set(o,
			    "tls-key-password", secret(OPENS_KEY)), SMTP_OK);
		hide();
		wipe_copy(pem, n);
		wipe_copy(cert, cert_n);
		wipe_copy(both, both_n);
		expect_rc("open", smtp, smtp_open(&smtp, server_url(s,
		    "smtps", "localhost"), o), SMTP_OK);
		smtp_options_free(o);
		send_one(smtp, NULL, SMTP_OK);
		smtp_close(smtp);
		armed = false;
		server_stop(s);
		end(rows[i].name);
	}
	for (size_t i = 0; i < COUNT(path); i++)
		(void)unlink(path[i]);
	(void)rmdir(folder);
}

/* ---- canaries: what is left on purpose is found */

static char in_data[64];

static void
expect_found(const char *words)
{
	const char *said = marks_found();

	if (strstr(said, words) == NULL)
		fail_msg("not found: %s; but\n%s", words, said);
	shown = 0;
}

static void
test_secrets__that_are_left_are_found(void **state)
{
	void *(*volatile allocate)(size_t) = malloc;    /* not optimised */
	char coded[80], *p;

	(void)state;
	begin();
	p = resize(NULL, NULL, 0, 100);
	memcpy(p + 3, secret(PASSWORD_), 24);
	(void)resize(NULL, p, 100, 0);
	hide();
	expect_found("the password (as it is) in memory that the library");
	trace(NULL, 'C', "AUTH PLAIN ", 11);
	trace(NULL, 'C', secret(TOKEN_), 24);
	hide();
	assert_true(marks_in(lines, line_n, "in the trace") > 0);
	expect_found("the token (as it is) in the trace");
	line_n = 0;
	memset(lines, 0, sizeof lines);
	for (size_t before = 0; before < 3; before++) {
		char both[26] = "xy";

		memcpy(both + before, secret(PASSWORD_), 24);
		for (size_t i = 0, n = 0; i + 3 <= before + 24; i += 3) {
			n += smtp__base64_group((unsigned char *)both + i, 3,
			    coded + n);
			coded[n] = '\0';
		}
		look_at_text(coded, "in an error");
		expect_found("the password (base64) in an error");
		smtp__wipe(both, sizeof both);
		smtp__wipe(coded, sizeof coded);
	}
#if STARVE
	p = allocate(200);
	memcpy(p + 50, secret(PROXY_), 24);
	hide();
	free(p);
	expect_found("the proxy's password (as it is) in memory that was");
	memcpy(in_data, secret(PASSWORD_), 24);
	hide();
	assert_true(marks_in_process() > 0);
	expect_found("the password (as it is) in ");
	smtp__wipe(in_data, sizeof in_data);
	p = allocate(200);
	memcpy(p + 50, secret(PASSWORD_) + 12, 12);
	hide();
	assert_true(marks_in_process() > 0);
	expect_found("the password (as it is) in [heap]");
	smtp__wipe(p, 200);
	free(p);
	memcpy(coded, secret(TOKEN_), 12);
	hide();
	assert_true(marks_in_process() > 0);
	expect_found("the token (as it is) in [stack]");
	smtp__wipe(coded, sizeof coded);
#else
	(void)allocate;
	(void)in_data;
#endif
	end("nothing is left");
}

static int
set_up(void **state)
{
	(void)state;
	draw_secrets();
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets__that_are_left_are_found),
		cmocka_unit_test(test_secrets__of_each_mechanism),
		cmocka_unit_test(test_secrets__of_scram_to_its_end),
		cmocka_unit_test(test_secrets__of_tokens_that_are_asked_for),
		cmocka_unit_test(test_secrets__of_a_diagnosis),
		cmocka_unit_test(test_secrets__of_a_pool),
		cmocka_unit_test(test_secrets__of_a_proxy),
		cmocka_unit_test(test_secrets__of_dkim),
		cmocka_unit_test(test_secrets__of_the_client),
	};

	/*
	 * What the dynamic linker binds late has the registers of the caller
	 * on its stack, and in them what was copied last.
	 */
	if (getenv("LD_BIND_NOW") == NULL) {
		(void)setenv("LD_BIND_NOW", "1", 1);
		(void)execv("/proc/self/exe", argv);
	}
	(void)argc;
	return cmocka_run_group_tests(tests, set_up, NULL);
}
