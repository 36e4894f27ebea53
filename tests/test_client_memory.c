/* SPDX-License-Identifier: MIT */
/*
 * Whole sessions over sockets and TLS with too little memory: each allocation
 * fails once in turn, and nothing is leaked, no descriptor either.
 */
#include "check.h"

#include <dirent.h>

#include "support/ports.h"
#include "support/session.h"

struct meter {
	long left;               /* allocations that succeed               */
	bool once;               /* and after one that fails they do again */
	long used;
	size_t held;
	bool shown;              /* a secret was in memory that was freed  */
};

static void *
metered(void *ctx, void *p, size_t was, size_t now)
{
	struct meter *m = ctx;
	char *octets = p;

	if (now == 0) {
		for (size_t i = 0; i + strlen(PASSWORD) <= was; i++)
			m->shown |= memcmp(octets + i, PASSWORD,
				strlen(PASSWORD)) == 0;
		m->held -= was;
		free(p);
		return NULL;
	}
	m->used++;
	if (m->left == 0) {
		m->left -= m->once;
		return NULL;
	}
	m->left -= m->left > 0;
	octets = realloc(p, now);
	assert_non_null(octets);
	if (now > was)
		memset(octets + was, 0, now - was);
	m->held += now - was;
	return octets;
}

/* Descriptors of this process; 0 where nobody can tell. */
static unsigned
descriptors(void)
{
#ifdef _WIN32
	return (unsigned)port_count_open();
#else
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		(void)closedir(dir);
	return n;
#endif
}

static struct smtp_message *
build(const struct smtp_allocator *a)
{
	struct smtp_message *m = smtp_message_new_with(a);

	if (m == NULL)
		return NULL;
	smtp_message_set_from(m, "J\xc3\xbcrgen <a@example.com>");
	smtp_message_add_to(m, "b@example.com");
	smtp_message_add_bcc(m, "c@example.com");
	smtp_message_set_dsn(m, "HDRS", "1");
	smtp_message_set_notify(m, NULL, "FAILURE");
	smtp_message_set_orcpt(m, "c@example.com", NULL, "d@example.com");
	smtp_message_set_notify(m, "b@example.com", "NEVER");
	smtp_message_set_notify(m, "c@example.com", "DELAY");
	smtp_message_add_mail_parameter(m, "XFOO", "XFOO", "1");
	smtp_message_set_subject(m, "Gr\xc3\xbc\xc3\x9f" "e");
	smtp_message_set_text(m, "text\n");
	smtp_message_set_html(m, "<p>html</p>\n");
	smtp_message_attach(m, smtp_source_memory("octets", 6), NULL,
		"a.bin");
	return m;
}

static int
whole(struct server *s, const struct smtp_allocator *a)
{
	struct smtp_options *o = smtp_options_new_with(a);
	struct smtp_message *m = build(a);
	struct smtp *smtp = NULL;
	int rc = o != NULL && m != NULL ? SMTP_OK : SMTP_E_MEMORY;

	if (rc == SMTP_OK)
		rc = smtp_options_set(o, "ca-file", server_ca_file(s));
	if (rc == SMTP_OK)
		rc = smtp_open(&smtp, server_url(s, "smtp", "localhost"), o);
	if (rc == SMTP_OK)
		rc = smtp_auth(smtp, USER, PASSWORD);
	if (rc == SMTP_OK)
		rc = smtp_send(smtp, m);
	if (rc == SMTP_E_MEMORY)
		assert_non_null(strstr(smtp_error(smtp), "memory"));
	smtp_close(smtp);
	smtp_options_free(o);
	smtp_message_free(m);
	return rc;
}

static void
test_client_memory__each_allocation_may_fail(void **state)
{
	needs(SMTP_WITH_TLS);
	struct server *s = server_start("--require-auth", "--offer", "XFOO",
		"--offer", "LIMITS RCPTDOMAINMAX=9", "--auth",
		"SCRAM-SHA-256-PLUS,PLAIN", NULL);
	struct meter m = { .left = 100000 };
	struct smtp_allocator a = { metered, &m };
	unsigned open_before = descriptors();
	unsigned delivered = 1;
	long all;

	(void)state;
	expect_rc("with all of it", NULL, whole(s, &a), SMTP_OK);
	all = m.used;
	assert_int_equal(0, m.held);
	assert_false(m.shown);
	for (long left = 0; left < all; left++) {
		int rc;

		m = (struct meter){ .left = left };
		rc = whole(s, &a);
		/* The words of a reply may be missing: the mail is not. */
		delivered += rc == SMTP_OK;
		if (rc != SMTP_E_MEMORY && rc != SMTP_OK)
			fail_msg("%ld of %ld: %s", left, all,
				smtp_status_name(rc));
		if (m.held != 0)
			fail_msg("%ld of %ld: %zu octets are held", left,
				all, m.held);
		assert_false(m.shown);
	}
	assert_int_equal(open_before, descriptors());
	/* What was told to have failed did not arrive. */
	assert_int_equal(delivered, server_mails(s));
	assert_true(delivered < (unsigned long)all / 2);
	server_found_no_fault(s);
	server_stop(s);
	proves("LIB-T-4 LIB-H-3");
}

/* Sessions that fail give back what they took. */
static void
test_client_memory__failures_leak_nothing(void **state)
{
	needs(SMTP_WITH_TLS);
	static const struct { const char *tls, *cert, *scheme; int want; }
	rows[] = {
		{ "starttls", "unknownca", "smtp", SMTP_E_CERTIFICATE },
		{ "implicit", "expired", "smtps", SMTP_E_CERTIFICATE },
		{ "none", "ok", "smtp", SMTP_E_TLS },
		{ "none", "ok", "smtps", SMTP_E_TLS },
	};
	unsigned open_before = descriptors();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server *s = server_start("--tls", rows[i].tls, "--cert",
			rows[i].cert, NULL);

		for (int k = 0; k < 3; k++) {
			struct meter m = { .left = 100000 };
			struct smtp_allocator a = { metered, &m };
			struct smtp_options *o = smtp_options_new_with(&a);
			struct smtp *smtp;

			smtp_options_set(o, "ca-file", server_ca_file(s));
			expect_rc(rows[i].cert, NULL, smtp_open(&smtp,
				server_url(s, rows[i].scheme, "localhost"),
				o), rows[i].want);
			smtp_options_free(o);
			smtp_close(smtp);
			assert_int_equal(0, m.held);
		}
		server_stop(s);
	}
	assert_int_equal(open_before, descriptors());
}

/* An allocator that says nothing is none. */
static void
test_client_memory__no_function_is_the_usual_one(void **state)
{
	const struct smtp_allocator none = { NULL, NULL };
	struct smtp_options *o = smtp_options_new_with(&none);

	(void)state;
	assert_non_null(o);
	assert_int_equal(smtp_options_set(o, "timeout", "5"), SMTP_OK);
	smtp_options_free(o);
}

static int
give_token(void *ctx, const char *user, int refused, char *token, size_t room)
{
	(void)ctx;
	(void)user;
	(void)refused;
	return snprintf(token, room, "%s", TOKEN) > 0 ? 0 : -1;
}

/* Who asked to authenticate sends nothing without; memory is why it failed. */
static long
unauthenticated(struct server *s, bool with_token, long fails)
{
	struct meter m = { .left = fails, .once = true };
	struct smtp_allocator a = { metered, &m };
	struct smtp_options *o = smtp_options_new_with(&a);
	struct smtp *smtp = NULL;
	int rc = o != NULL ? SMTP_OK : SMTP_E_MEMORY;

	if (rc == SMTP_OK)
		rc = smtp_options_set(o, "insecure-plaintext-auth", "yes");
	if (rc == SMTP_OK)
		rc = smtp_options_set_token(o, give_token, NULL);
	if (rc == SMTP_OK)
		rc = smtp_open(&smtp, server_url(s, "smtp+plaintext",
		    "localhost"), o);
	if (rc == SMTP_OK && with_token)
		rc = smtp_auth_token(smtp, USER, NULL);
	else if (rc == SMTP_OK)
		rc = smtp_auth(smtp, USER, PASSWORD);
	if (rc != SMTP_OK) {
		struct smtp_message *mail = mail_of(plain_mail,
		    "b@example.com", NULL);

		assert_int_equal(rc, SMTP_E_MEMORY);
		assert_int_not_equal(smtp_send(smtp, mail), SMTP_OK);
		smtp_message_free(mail);
	}
	smtp_close(smtp);
	smtp_options_free(o);
	assert_int_equal(m.held, 0);
	return m.used;
}

static void
test_client_memory__nothing_goes_unauthenticated(void **state)
{
	needs(SMTP_WITH_XOAUTH2);
	struct server *s = server_start("--tls", "none", "--auth",
	    "XOAUTH2,PLAIN", NULL);

	(void)state;
	for (int with_token = 0; with_token < 2; with_token++) {
		long used = unauthenticated(s, with_token, 100000);

		for (long i = 0; i < used; i++)
			(void)unauthenticated(s, with_token, i);
	}
	assert_int_equal(server_mails(s), 0);
	server_found_no_fault(s);
	server_stop(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_client_memory__no_function_is_the_usual_one),
		cmocka_unit_test(test_client_memory__each_allocation_may_fail),
		cmocka_unit_test(test_client_memory__failures_leak_nothing),
		cmocka_unit_test(
		    test_client_memory__nothing_goes_unauthenticated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
