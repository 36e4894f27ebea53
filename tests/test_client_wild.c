/* SPDX-License-Identifier: MIT */
/*
 * Servers that say anything: whatever they do, a session ends, with an answer
 * that fits what was on the wire. The octets come from a small generator, so
 * that a seed that fails is the same everywhere.
 */
#include "check.h"

#include <stdbool.h>

#include <smtp/smtp.h>

#define SEEDS 2000

struct wild {
	uint32_t state;
	char out[8192];                  /* said, not yet read              */
	size_t out_at, out_n;
	char line[1200];                 /* of the client's                 */
	size_t line_n;
	bool content;                    /* 354 was said                    */
	bool offered;                    /* the end mark was to be written  */
	unsigned taken;                  /* it came, and was answered 2yz   */
	bool closed, broken;
	struct smtp_transport transport;
};

static uint32_t
any(struct wild *w, uint32_t below)
{
	w->state = w->state * UINT32_C(1664525) + UINT32_C(1013904223);
	return (w->state >> 8) % below;
}

static void
say(struct wild *w, const char *text)
{
	size_t n = strlen(text);

	if (w->closed || w->out_n + n > sizeof w->out)
		return;
	memcpy(w->out + w->out_n, text, n);
	w->out_n += n;
}

static const char *const odd[] = {
	"250 2.0.0 ok\r\n", "250\r\n", "250-a\r\n250-b\r\n250 c\r\n",
	"354 go\r\n", "354-go\r\n354 on\r\n", "334 dXNlcg==\r\n", "334 !\r\n",
	"235 2.7.0 in\r\n", "220 2.0.0 hello\r\n", "421 4.3.2 bye\r\n",
	"450 4.2.0 busy\r\n", "451 no\r\n", "452 4.5.3 enough\r\n",
	"550 5.1.1 who\r\n", "552 enough\r\n", "552 5.2.2 full\r\n",
	"554 5.7.1 spam\r\n", "503 5.5.1 what\r\n", "535 5.7.8 no\r\n",
	"150 x\r\n", "650 x\r\n", "25\r\n", "2500 x\r\n", "250x\r\n", "\r\n",
	"250 a\n", "250-a\r\n550 b\r\n", "HTTP/1.1 400\r\n", "250 \x01\x80\r\n",
	"250-a\r\n", "25", "250 ok\r\n250 ok\r\n", "250 5.1.1 odd\r\n",
};

/* Mostly what belongs there, so that sessions get somewhere. */
static void
answer(struct wild *w, const char *usual)
{
	uint32_t choice = any(w, 100);

	if (choice < 86)
		say(w, usual);
	else if (choice < 97)
		say(w, odd[any(w, COUNT(odd))]);
	else if (choice < 98)
		w->broken = true;
	else
		w->closed = true;
}

static bool
begins(const struct wild *w, const char *verb)
{
	return strncmp(w->line, verb, strlen(verb)) == 0;
}

static bool
said_2yz(const struct wild *w, size_t from)
{
	return w->out_n > from && w->out[from] == '2';
}

static void
hear_content(struct wild *w)
{
	size_t from = w->out_n;

	if (strcmp(w->line, ".") != 0)
		return;
	w->content = false;
	answer(w, "250 2.0.0 queued as AB12\r\n");
	w->taken += said_2yz(w, from);
}

static void
hear_command(struct wild *w)
{
	size_t from = w->out_n;

	if (begins(w, "EHLO"))
		answer(w, any(w, 2) ? "250-mx\r\n250-SIZE 1000\r\n"
		    "250-PIPELINING\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n"
		    : "250-mx\r\n250 AUTH LOGIN\r\n");
	else if (begins(w, "AUTH LOGIN"))
		answer(w, "334 VXNlcg==\r\n");
	else if (begins(w, "dXNlcg=="))
		answer(w, "334 UGFzcw==\r\n");
	else if (begins(w, "AUTH") || begins(w, "c2VjcmV0"))
		answer(w, "235 2.7.0 in\r\n");
	else if (begins(w, "DATA"))
		answer(w, "354 go\r\n");
	else if (begins(w, "QUIT"))
		answer(w, "221 bye\r\n");
	else
		answer(w, "250 2.0.0 ok\r\n");
	if (begins(w, "DATA") && w->out_n > from && w->out[from] == '3')
		w->content = true;
	/* One that gets no answer would be waited for. */
	if (w->out_n == from || w->out[w->out_n - 1] != '\n' ||
	    (w->out_n > 3 && memcmp(w->out + w->out_n - 7, "250-a\r\n", 7) ==
	    0))
		w->closed = true;
}

static ptrdiff_t
wild_write(void *ctx, const void *p, size_t n)
{
	struct wild *w = ctx;
	const char *in = p;

	/* The end mark counts from the call on that offers it. */
	for (size_t i = 0; i + 5 <= n; i++)
		w->offered |= memcmp(in + i, "\r\n.\r\n", 5) == 0;
	if (w->broken)
		return SMTP_IO_FAILED;
	if (n > 1)
		n = 1 + any(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		if (in[i] != '\n') {
			assert_true(w->line_n + 1 < sizeof w->line);
			w->line[w->line_n++] = in[i];
			continue;
		}
		assert_true(w->line_n > 0 && w->line[w->line_n - 1] == '\r');
		w->line[w->line_n - 1] = '\0';
		w->line_n = 0;
		if (w->content)
			hear_content(w);
		else
			hear_command(w);
	}
	return (ptrdiff_t)n;
}

static ptrdiff_t
wild_read(void *ctx, void *p, size_t n)
{
	struct wild *w = ctx;
	size_t left = w->out_n - w->out_at;

	if (left == 0)
		return w->closed || w->broken ? SMTP_IO_CLOSED :
		    SMTP_IO_WANT_READ;
	if (n > left)
		n = left;
	if (any(w, 3) == 0)
		n = 1;
	memcpy(p, w->out + w->out_at, n);
	w->out_at += n;
	return (ptrdiff_t)n;
}

static struct smtp_message *
make_message(void)
{
	static const char text[] = "Subject: a\r\n\r\n.b\r\n";
	struct smtp_message *m = smtp_message_new();

	smtp_message_set_raw(m, smtp_source_memory(text, sizeof text - 1));
	smtp_message_set_envelope_from(m, "a@x.example");
	smtp_message_add_recipient(m, "b@y.example");
	smtp_message_add_recipient(m, "c@y.example");
	smtp_message_add_recipient(m, "d@y.example");
	return m;
}

/* What can be said of any result. */
static void
check_result(const struct wild *w, uint32_t seed, const struct smtp *smtp,
    const struct smtp_message *m, int rc)
{
	unsigned ok = 0, unknown = 0;

	for (size_t i = 0; i < smtp_message_recipient_count(m); i++) {
		int status = smtp_message_recipient_status(m, i);

		if (status != SMTP_OK && status != SMTP_E_LATER &&
		    status != SMTP_E_REFUSED && status != SMTP_E_UNKNOWN)
			fail_msg("seed %u: row %zu is %s", seed, i,
			    smtp_status_name(status));
		ok += status == SMTP_OK;
		unknown += status == SMTP_E_UNKNOWN;
		if ((smtp_message_recipient_cause(m, i) == SMTP_OK) !=
		    (status == SMTP_OK))
			fail_msg("seed %u: row %zu without a cause", seed, i);
	}
	if (ok > 0 && w->taken == 0)
		fail_msg("seed %u: nobody took it", seed);
	if (unknown > 0 && !w->offered)
		fail_msg("seed %u: UNKNOWN without an end mark", seed);
	if (rc != (unknown > 0 ? SMTP_E_UNKNOWN : ok == 3 ? SMTP_OK : ok > 0 ?
	    SMTP_E_PARTIAL : rc == SMTP_E_REFUSED ? rc : SMTP_E_LATER))
		fail_msg("seed %u: %s with %u ok, %u unknown", seed,
		    smtp_status_name(rc), ok, unknown);
	assert_int_equal(rc, smtp_message_status(m));
	if ((rc == SMTP_OK) != (smtp_error(smtp)[0] == '\0'))
		fail_msg("seed %u: %s: %s", seed, smtp_status_name(rc),
		    smtp_error(smtp));
}

static int
run(uint32_t seed, bool *sent)
{
	struct wild w = { .state = seed };
	struct smtp_options *o = smtp_options_new();
	struct smtp_message *m = make_message();
	struct smtp *smtp;
	int rc;

	w.transport = (struct smtp_transport){ wild_read, wild_write, NULL,
		NULL, &w };
	answer(&w, "220 mx ESMTP\r\n");
	if (w.out_n == 0 || w.out[w.out_n - 1] != '\n' || w.out[3] == '-')
		w.closed = true;
	smtp_options_set(o, "ehlo-name", "client.example");
	smtp_options_set(o, "insecure-plaintext-auth", "yes");
	smtp_options_set(o, "timeout", "1");
	assert_int_equal(smtp_options_set_transport(o, &w.transport),
	    SMTP_OK);
	rc = smtp_open(&smtp, "smtp+plaintext://mx.example", o);
	if (rc == SMTP_OK)
		rc = smtp_auth(smtp, "user", "secret");
	*sent = rc == SMTP_OK;
	if (rc == SMTP_OK) {
		rc = smtp_send(smtp, m);
		check_result(&w, seed, smtp, m, rc);
	} else if (smtp_error(smtp)[0] == '\0' || rc > 0) {
		fail_msg("seed %u: %s without words", seed,
		    smtp_status_name(rc));
	}
	assert_int_equal(smtp_close(smtp), SMTP_OK);
	smtp_options_free(o);
	smtp_message_free(m);
	return rc;
}

static void
test_client_wild__has_an_answer_to_everything(void **state)
{
	unsigned sent = 0, counts[6] = { 0 };

	(void)state;
	for (uint32_t seed = 0; seed < SEEDS; seed++) {
		bool was_sent;
		int rc = run(seed, &was_sent);

		sent += was_sent;
		if (was_sent && rc <= 0 && rc >= -4)
			counts[-rc]++;
	}
	/* Each kind of result has been seen, so the checks were not idle. */
	assert_true(sent > SEEDS / 4);
	for (int i = 0; i < 5; i++)
		if (counts[i] == 0)
			fail_msg("never %s", smtp_status_name(-i));
	proves("LIB-J-3");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_client_wild__has_an_answer_to_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
