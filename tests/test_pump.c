/* SPDX-License-Identifier: MIT */
/*
 * Octets between a transport and the engine: what a transport waits for is
 * what the caller is told to wait for, and nothing is done before all that was
 * said has left.
 */
#include "check.h"

#include "support/session.h"

/* A transport that seldom can: moods come first, in their order. */
struct moody {
	const char *says[4];     /* read by read                            */
	int reads[4], writes[4]; /* what they answer in place of octets     */
	size_t at, read, wrote;
	char heard[200];
	size_t heard_n;
	struct smtp_transport transport;
};

static ptrdiff_t
moody_read(void *ctx, void *p, size_t n)
{
	struct moody *m = ctx;
	const char *text = m->says[m->at];

	if (m->read < COUNT(m->reads) && m->reads[m->read] != 0)
		return m->reads[m->read++];
	if (text == NULL)
		return SMTP_IO_WANT_READ;
	assert_true(strlen(text) <= n);
	memcpy(p, text, strlen(text));
	m->at++;
	return (ptrdiff_t)strlen(text);
}

static ptrdiff_t
moody_write(void *ctx, const void *p, size_t n)
{
	struct moody *m = ctx;

	if (m->wrote < COUNT(m->writes) && m->writes[m->wrote] != 0)
		return m->writes[m->wrote++];
	assert_true(m->heard_n + n < sizeof m->heard);
	memcpy(m->heard + m->heard_n, p, n);
	m->heard_n += n;
	return (ptrdiff_t)n;
}

static int
open_moody(struct moody *m, struct smtp **smtp)
{
	struct smtp_options *o = options_for(NULL, "ehlo-name",
	    "client.example", "blocking", "no", NULL);
	int rc;

	m->transport = (struct smtp_transport){ .read = moody_read,
		.write = moody_write, .ctx = m };
	assert_int_equal(smtp_options_set_transport(o, &m->transport),
	    SMTP_OK);
	rc = smtp_open(smtp, "smtp+plaintext://test", o);
	smtp_options_free(o);
	return rc;
}

/* TLS of a program's own may have to write before it can read. */
static void
test_pump__waits_for_what_the_transport_waits_for(void **state)
{
	enum { BOTH = SMTP_WANT_READ | SMTP_WANT_WRITE };
	static const struct {
		int read, write;
		const char *says;        /* before                          */
		int want;
	} rows[] = {
		{ SMTP_IO_WANT_READ, 0, NULL, SMTP_WANT_READ },
		{ SMTP_IO_WANT_WRITE, 0, NULL, SMTP_WANT_WRITE },
		{ SMTP_IO_WANT_READ, SMTP_IO_WANT_WRITE, "220 hi\r\n", BOTH },
		{ SMTP_IO_WANT_READ, SMTP_IO_WANT_READ, "220 hi\r\n",
		    SMTP_WANT_READ },
		{ SMTP_IO_WANT_WRITE, SMTP_IO_WANT_WRITE, "220 hi\r\n",
		    SMTP_WANT_WRITE }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct moody m = { .says = { rows[i].says } };
		struct smtp *smtp;
		int rc;

		if (rows[i].says == NULL)
			m.reads[0] = rows[i].read;
		m.writes[0] = rows[i].write;
		rc = open_moody(&m, &smtp);
		if (rows[i].says != NULL) {
			assert_true(rc > 0);
			m.reads[0] = rows[i].read;
			m.writes[0] = m.writes[1] = m.writes[2] =
			    m.writes[3] = rows[i].write;
			m.wrote = 0;
			rc = smtp_step(smtp);
		}
		if ((rc & BOTH) != rows[i].want)
			fail_msg("row %zu: %d", i, rc);
		smtp_close(smtp);
	}
}

/* A server that answers what has not reached it whole gets the rest first. */
static void
test_pump__goes_on_when_all_has_left(void **state)
{
	struct moody m = { .says = { "220 hi\r\n", "250 hi\r\n" },
		.writes = { SMTP_IO_WANT_WRITE, SMTP_IO_WANT_WRITE,
		SMTP_IO_WANT_WRITE, SMTP_IO_WANT_WRITE } };
	struct smtp *smtp;
	int rc = open_moody(&m, &smtp);

	(void)state;
	for (int i = 0; i < 20 && rc > 0 && m.at < 2; i++)
		rc = smtp_step(smtp);
	assert_int_equal(m.at, 2);
	for (int i = 0; i < 20 && rc > 0; i++) {
		assert_true(rc & SMTP_WANT_WRITE);
		assert_int_equal(m.heard_n, 0);
		rc = smtp_step(smtp);
	}
	expect_rc("open", smtp, rc, SMTP_OK);
	m.heard[m.heard_n] = '\0';
	assert_string_equal(m.heard, "EHLO client.example\r\n");
	smtp_close(smtp);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_pump__waits_for_what_the_transport_waits_for),
		cmocka_unit_test(test_pump__goes_on_when_all_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
