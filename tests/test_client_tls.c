/* SPDX-License-Identifier: MIT */
/*
 * Sessions over real sockets and real TLS: what is said in clear, whose
 * certificate is taken, and what a server that spoils STARTTLS gets.
 */
#include "check.h"

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/version.h>

#include "support/session.h"

/* ---- the four calls */

static const struct way {
	const char *name;
	const char *tls, *address;       /* of the server */
	const char *scheme, *host;       /* of the URL    */
	bool secure;
} ways[] = {
	{ "STARTTLS, name", "starttls", "127.0.0.1", "smtp", "localhost",
	    true },
	{ "STARTTLS, IPv4", "starttls", "127.0.0.1", "smtp", "127.0.0.1",
	    true },
	{ "STARTTLS, IPv6", "starttls", "::1", "smtp", "[::1]", true },
	{ "STARTTLS, alias", "starttls", "127.0.0.1", "submission",
	    "localhost", true },
	{ "TLS, name", "implicit", "127.0.0.1", "smtps", "localhost", true },
	{ "TLS, upper case", "implicit", "127.0.0.1", "smtps", "LocalHost",
	    true },
	{ "TLS, IPv4", "implicit", "127.0.0.1", "smtps", "127.0.0.1", true },
	{ "TLS, IPv6", "implicit", "::1", "smtps", "[::1]", true },
	{ "TLS, alias", "implicit", "127.0.0.1", "submissions", "localhost",
	    true },
	{ "opportunistic", "starttls", "127.0.0.1", "smtp+opportunistic",
	    "localhost", true },
	{ "opportunistic, none", "none", "127.0.0.1", "smtp+opportunistic",
	    "localhost", false },
	{ "plaintext", "none", "127.0.0.1", "smtp+plaintext", "localhost",
	    false },
	{ "plaintext, IPv6", "none", "::1", "smtp+plaintext", "[::1]",
	    false },
};

static bool
opportunistic(const struct way *way)
{
	return strchr(way->scheme, '+') != NULL;
}

static void
send_plain(struct smtp *smtp, const char *name)
{
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);

	expect_rc(name, smtp, smtp_send(smtp, m), SMTP_OK);
	smtp_message_free(m);
}

/* One mail through a server of this kind; the server is left running. */
static struct server *
go(const struct way *way)
{
	struct server *s = server_start("--tls", way->tls, "--host",
		way->address, NULL);
	struct smtp *smtp = session_to(s, server_url(s, way->scheme,
		way->host), NULL);

	assert_int_equal(way->secure, smtp_tls_info(smtp)[0] != '\0');
	if (!opportunistic(way))
		expect_rc(way->name, smtp, smtp_auth(smtp, USER, PASSWORD),
			SMTP_OK);
	send_plain(smtp, way->name);
	assert_int_equal(SMTP_OK, smtp_close(smtp));
	return s;
}

static void
test_client_tls__four_calls_deliver(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s;
		size_t n;

		if (!ways[i].secure && !opportunistic(&ways[i]))
			continue;
		s = go(&ways[i]);
		assert_string_equal(server_mail(s, 1, &n), plain_mail_sent);
		assert_int_equal(n, strlen(plain_mail_sent));
		if (strstr(server_envelope(s, 1), ways[i].secure ?
		    "TLS yes" : "TLS no") == NULL)
			fail_msg("%s: %s", ways[i].name,
				server_envelope(s, 1));
		/* Who has no name is the address of its socket. */
		assert_true(server_heard_line(s, strchr(ways[i].address,
			':') != NULL ? "EHLO [IPv6:::1]\r\n" :
			"EHLO [127.0.0.1]\r\n"));
		server_found_no_fault(s);
		server_stop(s);
	}
	proves("R3207-6-1 R4954-4-13 R5321-4.1.4-1");
}

/* What the client says before TLS is EHLO and STARTTLS, and nothing more. */
static void
test_client_tls__nothing_else_is_said_in_clear(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s;
		const char *log, *hello, *p;

		if (!ways[i].secure)
			continue;
		s = go(&ways[i]);
		log = server_log(s, 1);
		hello = strstr(log, "\nT: ");
		assert_non_null(hello);
		for (p = log; p < hello; p = strchr(p, '\n') + 1)
			if (strncmp(p, "C: ", 3) == 0 &&
			    strncmp(p, "C: EHLO ", 8) != 0 &&
			    strncmp(p, "C: STARTTLS\\r\\n", 15) != 0)
				fail_msg("%s: in clear: %.*s", ways[i].name,
					(int)strcspn(p, "\n"), p);
		if (strcmp(ways[i].tls, "implicit") == 0) {
			assert_ptr_equal(hello, strchr(log, '\n'));
			assert_int_equal(0, server_heard_lines(s, "STARTTLS"));
			assert_int_equal(1, server_heard_lines(s, "EHLO "));
		} else {
			assert_int_equal(1, server_heard_lines(s, "STARTTLS"));
			assert_int_equal(2, server_heard_lines(s, "EHLO "));
		}
		server_found_no_fault(s);
		server_stop(s);
	}
	proves("R3207-4-1 R3207-4-4 R8314-3-1");
}

/* ---- the ClientHello */

struct hello {
	unsigned char p[2048];
	size_t n, suites, suites_n, extensions;
};

static unsigned
two(const struct hello *h, size_t at)
{
	assert_true(at + 2 <= h->n);
	return (unsigned)(h->p[at] << 8 | h->p[at + 1]);
}

static void
read_hello(struct server *s, struct hello *h)
{
	const char *hex = strstr(server_log(s, 1), "\nT: ");
	size_t at;

	memset(h, 0, sizeof *h);
	assert_non_null(hex);
	for (hex += 4; *hex != '\n'; hex += 2) {
		unsigned octet;

		assert_true(h->n < sizeof h->p);
		assert_int_equal(1, sscanf(hex, "%2x", &octet));
		h->p[h->n++] = (unsigned char)octet;
	}
	assert_int_equal(22, h->p[0]);           /* a handshake record */
	assert_int_equal(1, h->p[5]);            /* a ClientHello      */
	at = 5 + 4 + 2 + 32;
	at += 1 + (size_t)h->p[at];
	h->suites_n = two(h, at);
	h->suites = at + 2;
	at = h->suites + h->suites_n;
	assert_int_equal(1, h->p[at]);           /* compression: none  */
	assert_int_equal(0, h->p[at + 1]);
	h->extensions = at + 2;
}

/* Where the data of an extension begins, its length in *n; 0: absent. */
static size_t
find_extension(const struct hello *h, unsigned type, size_t *n)
{
	size_t at = h->extensions + 2;

	while (at + 4 <= h->n) {
		*n = two(h, at + 2);
		if (two(h, at) == type)
			return at + 4;
		at += 4 + *n;
	}
	return 0;
}

static void
test_client_tls__names_the_server_unless_it_is_an_address(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct server *s;
		struct hello h;
		size_t at, n;

		if (!ways[i].secure)
			continue;
		s = go(&ways[i]);
		read_hello(s, &h);
		at = find_extension(&h, 0, &n);
		if (strchr("1[", ways[i].host[0]) != NULL) {
			if (at != 0)
				fail_msg("%s: a server name", ways[i].name);
		} else {
			/* list length, type 0, name length, name */
			assert_int_equal(n, 5 + 9);
			assert_int_equal(h.p[at + 2], 0);
			for (size_t k = 0; k < 9; k++)
				assert_int_equal("localhost"[k],
					h.p[at + 5 + k] | 32);
		}
		server_stop(s);
	}
	proves("R9325-3.7-1");
}

static void
test_client_tls__offers_no_old_version_and_no_weak_suite(void **state)
{
	needs(SMTP_WITH_TLS);
	static const char *const weak[] = { "NULL", "anon", "EXPORT", "RC4",
		"-DES-", "3DES", "MD5", "RC2", "IDEA" };
	struct server *s = go(&ways[0]);
	struct hello h;
	size_t at, n;

	(void)state;
	read_hello(s, &h);
	assert_int_equal(two(&h, 9), 0x0303);
	at = find_extension(&h, 43, &n);         /* supported_versions */
	for (size_t i = 1; at != 0 && i + 1 < n; i += 2)
		assert_true(two(&h, at + i) >= 0x0303);
	for (size_t i = 0; i < h.suites_n; i += 2) {
		const char *name = mbedtls_ssl_get_ciphersuite_name(
			(int)two(&h, h.suites + i));

		for (size_t k = 0; k < COUNT(weak); k++)
			if (strstr(name, weak[k]) != NULL)
				fail_msg("offers %s", name);
		/* The first are forward-secret and authenticated. */
		if (i < 4 && strstr(name, "TLS1-3-") == NULL &&
		    strstr(name, "ECDHE-") == NULL)
			fail_msg("prefers %s", name);
		if (i < 4 && strstr(name, "GCM") == NULL &&
		    strstr(name, "CHACHA20") == NULL)
			fail_msg("prefers %s", name);
	}
	assert_int_equal(0, find_extension(&h, 42, &n)); /* early_data */
	server_stop(s);
	proves("R9325-4.1-1 R8446-2.3-1");
#if MBEDTLS_VERSION_MAJOR < 3
	struct smtp *smtp;

	s = server_start("--tls-version", "1.1", NULL);
	expect_rc("TLS 1.1", NULL, try_session(&smtp, s,
		server_url(s, "smtp", "localhost"), NULL), SMTP_E_TLS);
	smtp_close(smtp);
	server_stop(s);
	proves("R8996-4-1");
#endif
}

#if MBEDTLS_VERSION_MAJOR >= 3
/* TLS 1.3 sends tickets when it likes: they are no error and no data. */
static void
test_client_tls__bears_tickets(void **state)
{
	struct server *s = server_start("--tls-version", "1.3", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp", "localhost"),
		NULL);

	(void)state;
	assert_int_equal(0, strncmp(smtp_tls_info(smtp), "TLSv1.3", 7));
	for (int i = 0; i < 3; i++)
		send_plain(smtp, "TLS 1.3");
	smtp_close(smtp);
	assert_int_equal(3, server_mails(s));
	server_stop(s);
	proves("R8446-2.3-1");
}
#endif

/* ---- certificates */

static const struct certificate {
	const char *kind, *host;
	const char *hint;        /* a word of it; NULL: it is taken */
	const char *proves;
} certificates[] = {
	{ "expired", "localhost", "expired", "R8314-5.2-1" },
	{ "expired", "127.0.0.1", "expired", "" },
	{ "notyet", "localhost", "not valid yet", "" },
	{ "wrongname", "localhost", "another name", "R9525-6.1-1" },
	{ "wrongname", "127.0.0.1", "another name", "" },
	{ "wrongip", "127.0.0.1", "another name", "" },
	{ "wrongip", "localhost", "another name", "" },
	{ "cnonly", "localhost", "another name", "R9525-6.3-3" },
	{ "cnonly", "127.0.0.1", "another name", "" },
	{ "partialwildcard", "localhost", "another name", "" },
	{ "unknownca", "localhost", "not signed by one", "" },
	{ "selfsigned", "localhost", "not signed by one", "" },
	{ "nointermediate", "localhost", "leaves out", "" },
	{ "wildcard", "localhost", NULL, "R9525-6.3-1" }, /* LOCALHOST */
	{ "ok", "localhost", NULL, "" },
	{ "ok", "127.0.0.1", NULL, "" },
};

static void
reject_certificate(const struct certificate *c, const char *tls,
	const char *scheme)
{
	struct server *s = server_start("--tls", tls, "--cert", c->kind, NULL);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);
	struct smtp *smtp;
	int rc = try_session(&smtp, s, server_url(s, scheme, c->host), NULL);

	if (c->hint == NULL) {
		expect_rc(c->kind, smtp, rc, SMTP_OK);
		goto out;
	}
	expect_rc(c->kind, smtp, rc, SMTP_E_CERTIFICATE);
	assert_int_equal(SMTP_E_CERTIFICATE, smtp_cause(smtp));
	if (strstr(smtp_hint(smtp), c->hint) == NULL)
		fail_msg("%s for %s: %s", c->kind, c->host, smtp_hint(smtp));
	assert_int_equal(SMTP_E_STATE, smtp_auth(smtp, USER, PASSWORD));
	assert_int_equal(SMTP_E_STATE, smtp_send(smtp, m));
	assert_int_equal(1, server_sessions(s));
	assert_false(server_heard_line(s, "AUTH"));
	assert_false(server_heard_line(s, "MAIL"));
	assert_int_equal(strcmp(tls, "implicit") != 0,
		server_heard_lines(s, "EHLO "));
out:
	smtp_message_free(m);
	smtp_close(smtp);
	server_stop(s);
}

static void
test_client_tls__a_bad_certificate_gets_nothing(void **state)
{
	(void)state;
	needs(SMTP_WITH_TLS);
	for (size_t i = 0; i < COUNT(certificates); i++) {
		reject_certificate(&certificates[i], "starttls", "smtp");
		reject_certificate(&certificates[i], "implicit", "smtps");
		proves(certificates[i].proves);
	}
	proves("R9525-6.4-1 R4954-14-1 LIB-G-8");
}

/* A wildcard is the whole of the leftmost label, and stands for just one. */
static void
test_client_tls__matches_wildcards_by_the_label(void **state)
{
	needs(SMTP_WITH_TLS);
	static const struct { const char *name; int want; } rows[] = {
		{ "mx.example.test", SMTP_OK },
		{ "MX.Example.Test", SMTP_OK },
		{ "example.test", SMTP_E_CERTIFICATE },
		{ "a.b.example.test", SMTP_E_CERTIFICATE },
		{ "xexample.test", SMTP_E_CERTIFICATE },
		{ "mx.example.test.org", SMTP_E_CERTIFICATE },
	};
	struct server *s = server_start("--cert", "wildcard", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp *smtp;
		int rc = try_session(&smtp, s, server_url(s, "smtp",
			"localhost"), "tls-name", rows[i].name, NULL);

		expect_rc(rows[i].name, smtp, rc, rows[i].want);
		smtp_close(smtp);
	}
	server_stop(s);
	/* With "*", "l*", "*t" and "local*st" refused above. */
	proves("R9525-6.3-2");
}

/* A name in another script is compared as it is written in DNS. */
static void
test_client_tls__compares_names_in_ascii_form(void **state)
{
	needs(SMTP_WITH_TLS);
	static const struct { const char *name; int want; } rows[] = {
		{ "b\xc3\xbc" "cher.example", SMTP_OK },
		{ "xn--bcher-kva.example", SMTP_OK },
		{ "bucher.example", SMTP_E_CERTIFICATE },
	};
	struct server *s = server_start("--cert", "idn", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp *smtp;
		int rc = try_session(&smtp, s, server_url(s, "smtp",
			"localhost"), "tls-name", rows[i].name, NULL);

		expect_rc(rows[i].name, smtp, rc, rows[i].want);
		smtp_close(smtp);
	}
	server_stop(s);
	proves("R9525-6.2-1");
}

/* To trust nobody is no way to trust everybody. */
static void
test_client_tls__no_trust_store_is_an_error(void **state)
{
	struct server *s = server_start(NULL);
	char empty[300];
	struct smtp *smtp;
	int rc;

	(void)state;
	/* The system's store, if there is one, does not know the demo CA. */
	rc = try_session(&smtp, NULL, server_url(s, "smtp", "localhost"),
		NULL);
	if (rc != SMTP_E_CERTIFICATE && rc != SMTP_E_TLS &&
	    rc != SMTP_E_ARGUMENT)
		fail_msg("no CA: %s", smtp_status_name(rc));
	smtp_close(smtp);
	(void)snprintf(empty, sizeof empty, "%s/none.pem", server_dir(s));
	rc = try_session(&smtp, NULL, server_url(s, "smtp", "localhost"),
		"ca-file", empty, NULL);
	if (rc != SMTP_E_CERTIFICATE && rc != SMTP_E_TLS &&
	    rc != SMTP_E_ARGUMENT)
		fail_msg("no CA file: %s", smtp_status_name(rc));
	smtp_close(smtp);
	assert_false(server_heard_line(s, "MAIL"));
	server_stop(s);
	proves("LIB-G-3");
}

/* Only an option with that danger in its name takes any certificate. */
static void
test_client_tls__takes_any_certificate_when_told(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--cert", "unknownca", NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp", "localhost"),
		"insecure-no-verify", "yes", NULL);

	(void)state;
	send_plain(smtp, "insecure-no-verify");
	smtp_close(smtp);
	smtp = session_to(s, server_url(s, "smtp+opportunistic", "localhost"),
		NULL);
	assert_non_null(strstr(smtp_tls_info(smtp), " unverified"));
	send_plain(smtp, "opportunistic");
	assert_int_equal(SMTP_E_AUTH, smtp_auth(smtp, USER, PASSWORD));
	smtp_close(smtp);
	assert_false(server_heard_line(s, "AUTH"));
	server_stop(s);
	proves("LIB-G-3 R7435-3-1");
}

/* ---- STARTTLS spoiled */

static const struct spoiled {
	const char *name, *script;
	int want, other;         /* what smtp_open says */
	const char *proves;
} spoiled[] = {
	{ "not offered",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 AUTH PLAIN LOGIN\n"
	    "C: QUIT\nS: 221 bye\nEOF\n",
	    SMTP_E_TLS, 0, "R3207-6-2 R8314-3.3-1" },
	{ "in the greeting of EHLO only",
	    "S: 220 hi\nC: EHLO *\nS: 250-STARTTLS here\nS: 250 SIZE\n"
	    "C: QUIT\nS: 221 bye\nEOF\n",
	    SMTP_E_TLS, 0, "R5321-4.1.1.1-3" },
	{ "454",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	    "S: 454 4.7.0 not now\nC: QUIT\nS: 221 bye\nEOF\n",
	    SMTP_E_TLS, SMTP_E_LATER, "" },
	{ "501",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	    "S: 501 5.5.4 what\nC: QUIT\nS: 221 bye\nEOF\n",
	    SMTP_E_TLS, SMTP_E_REFUSED, "" },
	{ "502",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	    "S: 502 no\nC: QUIT\nS: 221 bye\nEOF\n",
	    SMTP_E_TLS, SMTP_E_REFUSED, "" },
	{ "no EHLO",
	    "S: 220 hi\nC: EHLO *\nS: 502 no\nC: QUIT\nS: 221 bye\nEOF\n",
	    SMTP_E_TLS, 0, "LIB-B-2" },
	{ "garbage instead of a handshake",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	    "S: 220 go\nC+ 5\nS: this is no TLS\nSTALL\n",
	    SMTP_E_TLS, SMTP_E_PROTOCOL, "R3207-4-5" },
	{ "a reply in the segment of 220",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	    "S| 220 go\\r\\n250-x\\r\\n250 AUTH PLAIN\\r\\n\nSTALL\n",
	    SMTP_E_TLS, SMTP_E_PROTOCOL, "" },
	{ "a reply in a segment behind 220",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	    "S: 220 go\nSLEEP 50\nS: 250 AUTH PLAIN\nSTALL\n",
	    SMTP_E_TLS, SMTP_E_PROTOCOL, "" },
	{ "one octet in the segment of 220, then TLS",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	    "S| 220 go\\r\\n2\nTLS?\n",
	    SMTP_E_TLS, SMTP_E_PROTOCOL, "R3207-4-3" },
	{ "closed instead of a handshake",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	    "S: 220 go\nDROP\n",
	    SMTP_E_TLS, SMTP_E_CLOSED, "" },
	{ "250 instead of 220",
	    "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n"
	    "S: 250 go\nSTALL\n",
	    SMTP_E_TLS, SMTP_E_PROTOCOL, "" },
};

static void
test_client_tls__a_spoiled_starttls_gets_no_secret(void **state)
{
	needs(SMTP_WITH_TLS);
	struct smtp_message *m = mail_of(plain_mail, "b@example.com", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(spoiled); i++) {
		struct server *s = server_play(spoiled[i].script, NULL);
		struct smtp *smtp;
		int rc = try_session(&smtp, s, server_url(s, "smtp",
			"localhost"), "timeout", "3", NULL);

		if (rc != spoiled[i].other)
			expect_rc(spoiled[i].name, smtp, rc, spoiled[i].want);
		assert_int_not_equal(rc, SMTP_OK);
		assert_int_equal(SMTP_E_STATE,
			smtp_auth(smtp, USER, PASSWORD));
		assert_int_equal(SMTP_E_STATE, smtp_send(smtp, m));
		smtp_close(smtp);
		if (strcmp(server_result(s), "complete") != 0)
			fail_msg("%s: %s", spoiled[i].name, server_result(s));
		assert_int_equal(1, server_sessions(s));
		assert_false(server_heard_line(s, "AUTH"));
		assert_false(server_heard_line(s, "MAIL"));
		assert_false(server_heard_line(s, "HELO"));
		assert_true(server_heard_lines(s, "EHLO") <= 1);
		server_stop(s);
		proves(spoiled[i].proves);
	}
	smtp_message_free(m);
}

/* Opportunistic goes on in clear, with what was offered; never a secret. */
static void
test_client_tls__opportunistic_goes_on(void **state)
{
	struct server *s = server_play(
		"S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250-SIZE 1000\n"
		"S: 250-AUTH PLAIN LOGIN\nS: 250 STARTTLS\nC: STARTTLS\n"
		"S: 454 4.7.0 not now\nC: MAIL FROM:<a@example.com> SIZE=*\n"
		"S: 250 ok\nC: RCPT TO:<b@example.com>\nS: 250 ok\nC: DATA\n"
		"S: 354 go\nC.\nS: 250 ok\nC: QUIT\nS: 221 bye\nEOF\n",
		NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp+opportunistic",
		"localhost"), NULL);

	(void)state;
	assert_string_equal(smtp_tls_info(smtp), "");
	send_plain(smtp, "opportunistic");
	assert_int_equal(SMTP_E_AUTH, smtp_auth(smtp, USER, PASSWORD));
	smtp_close(smtp);
	assert_string_equal(server_result(s), "complete");
	assert_false(server_heard_line(s, "AUTH"));
	server_stop(s);
	proves("R3207-4-2 LIB-G-1 R3207-6-1");
}

/* What was offered before TLS counts no more, and STARTTLS is said once. */
static void
test_client_tls__forgets_what_came_before(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_play(
		"S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250-AUTH PLAIN LOGIN\n"
		"S: 250-SIZE 1000\nS: 250-PIPELINING\nS: 250 STARTTLS\n"
		"C: STARTTLS\nS: 220 go\nTLS\nC: EHLO *\nS: 250-hi\n"
		"S: 250 STARTTLS\nC: MAIL FROM:<a@example.com>\nSLEEP 50\n"
		"S: 250 ok\nC: RCPT TO:<b@example.com>\nS: 250 ok\nC: DATA\n"
		"S: 354 go\nC.\nS: 250 ok\nC: QUIT\nS: 221 bye\nEOF\n",
		NULL);
	struct smtp *smtp = session_to(s, server_url(s, "smtp", "localhost"),
		NULL);

	(void)state;
	assert_null(smtp_capability(smtp, "AUTH"));
	assert_null(smtp_capability(smtp, "SIZE"));
	assert_non_null(smtp_capability(smtp, "STARTTLS"));
	send_plain(smtp, "after TLS");
	assert_int_equal(SMTP_E_AUTH, smtp_auth(smtp, USER, PASSWORD));
	smtp_close(smtp);
	assert_string_equal(server_result(s), "complete");
	assert_int_equal(1, server_heard_lines(s, "STARTTLS"));
	assert_false(server_heard_line(s, "AUTH"));
	server_stop(s);
	proves("R3207-4.2-1 R3207-4.2-2 R5321-4.1.4-2");
}

/* ---- TLS that ends or stops */

#define TLS_TO_DATA \
	"TLS\nS: 220 hi\nC: EHLO *\nS: 250 hi\nC: MAIL*\nS: 250 ok\n" \
	"C: RCPT*\nS: 250 ok\nC: DATA\nS: 354 go\nC.\n"

/* What was cut off is no reply, whatever it looks like. */
static void
test_client_tls__a_cut_reply_is_none(void **state)
{
	needs(SMTP_WITH_TLS);
	static const struct { const char *name, *script; } rows[] = {
		{ "FIN in the reply", TLS_TO_DATA "S| 250 ok\nDROP\n" },
		{ "FIN before the LF", TLS_TO_DATA "S| 250 ok\\r\nDROP\n" },
		{ "close_notify in the reply",
		    TLS_TO_DATA "S| 250 ok\nCLOSE\n" },
		{ "FIN within a multi-line reply",
		    TLS_TO_DATA "S: 250-ok\nDROP\n" },
		{ "reset", TLS_TO_DATA "S| 250\nRESET\n" },
		{ "octets in clear", TLS_TO_DATA "S# 323530206f6b0d0a\nSTALL\n"
		},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, "--tls",
			"implicit", NULL);
		struct smtp *smtp = session_to(s, server_url(s, "smtps",
			"localhost"), "timeout", "3", NULL);
		struct smtp_message *m = mail_of(plain_mail, "b@example.com",
			NULL);

		expect_rc(rows[i].name, smtp, smtp_send(smtp, m),
			SMTP_E_UNKNOWN);
		smtp_close(smtp);
		assert_string_equal(server_result(s), "complete");
		smtp_message_free(m);
		server_stop(s);
	}
	proves("LIB-G-4");
}

static void
test_client_tls__a_handshake_has_its_time(void **state)
{
	needs(SMTP_WITH_TLS);
	static const struct {
		const char *tls, *scheme, *script, *bound, *words;
	} rows[] = {
		{ "starttls", "smtp", "S: 220 hi\nC: EHLO *\nS: 250-hi\n"
		    "S: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nSTALL\n",
		    "tls-timeout", "no answer to the handshake in time" },
		/* Never a TLS server, though the port expects one. */
		{ "none", "smtps", "STALL\n", "tls-timeout",
		    "no answer to the handshake in time" },
		{ "none", "smtps", "STALL\n", "deadline",
		    "the deadline has passed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_play(rows[i].script, "--tls",
			rows[i].tls, NULL);
		uint64_t begin = smtp_now_ms(), took;
		struct smtp *smtp;
		int rc = try_session(&smtp, s, server_url(s, rows[i].scheme,
			"localhost"), rows[i].bound, "1", NULL);

		took = smtp_now_ms() - begin;
		expect_rc(rows[i].scheme, smtp, rc, SMTP_E_TIMEOUT);
		assert_int_equal(SMTP_PHASE_TLS, smtp_phase(smtp));
		assert_non_null(strstr(smtp_error(smtp), rows[i].words));
		assert_in_range(took, 900, 3000);
		smtp_close(smtp);
		server_stop(s);
	}
	proves("LIB-G-6");
}

/* The usual mistakes with ports get a hint that names the cure. */
static void
test_client_tls__tells_the_wrong_port(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start(NULL);
	struct smtp *smtp;
	int rc = try_session(&smtp, s, server_url(s, "smtps", "localhost"),
		"timeout", "3", NULL);

	(void)state;
	expect_rc("smtps to STARTTLS", smtp, rc, SMTP_E_TLS);
	assert_non_null(strstr(smtp_hint(smtp), "smtp://"));
	smtp_close(smtp);
	server_stop(s);

	s = server_start("--tls", "implicit", NULL);
	rc = try_session(&smtp, s, server_url(s, "smtp", "localhost"),
		"timeout", "1", NULL);
	assert_int_not_equal(rc, SMTP_OK);
	assert_non_null(strstr(smtp_hint(smtp), "smtps://"));
	smtp_close(smtp);
	server_stop(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_tls__four_calls_deliver),
		cmocka_unit_test(
			test_client_tls__nothing_else_is_said_in_clear),
		cmocka_unit_test(
		    test_client_tls__names_the_server_unless_it_is_an_address),
		cmocka_unit_test(
		    test_client_tls__offers_no_old_version_and_no_weak_suite),
#if MBEDTLS_VERSION_MAJOR >= 3
		cmocka_unit_test(test_client_tls__bears_tickets),
#endif
		cmocka_unit_test(
			test_client_tls__a_bad_certificate_gets_nothing),
		cmocka_unit_test(
			test_client_tls__matches_wildcards_by_the_label),
		cmocka_unit_test(test_client_tls__compares_names_in_ascii_form),
		cmocka_unit_test(test_client_tls__no_trust_store_is_an_error),
		cmocka_unit_test(
			test_client_tls__takes_any_certificate_when_told),
		cmocka_unit_test(
			test_client_tls__a_spoiled_starttls_gets_no_secret),
		cmocka_unit_test(test_client_tls__opportunistic_goes_on),
		cmocka_unit_test(test_client_tls__forgets_what_came_before),
		cmocka_unit_test(test_client_tls__a_cut_reply_is_none),
		cmocka_unit_test(test_client_tls__a_handshake_has_its_time),
		cmocka_unit_test(test_client_tls__tells_the_wrong_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
