/* SPDX-License-Identifier: MIT */
/* What to do next: the advice, the wait before it, and the waits of a queue. */
#include "check.h"

#include <smtp/engine.h>
#include <smtp/smtp.h>

#include "retry.h"

#define MINUTES * 60u
#define NONE SMTP_NO_ENHANCED, SMTP_NO_ENHANCED
#define REPLY SMTP_E_REPLY

/* ---- advice */

static const struct {
	const char *name;
	struct smtp__failed failed;
	int retry;
	uint32_t after_s;
} rows[] = {
	{ "accepted", { SMTP_OK, SMTP_OK, SMTP_PHASE_FINAL, 250, 0, 0, false,
	    "" }, SMTP_RETRY_NONE, 0 },
	{ "not sent yet", { SMTP_E_STATE, SMTP_OK, 0, 0, NONE, false, "" },
	    SMTP_RETRY_NONE, 0 },
	{ "not now", { SMTP_E_STATE, SMTP_E_STATE, 0, 0, NONE, false, "" },
	    SMTP_RETRY_FIXED, 0 },
	{ "unknown", { SMTP_E_UNKNOWN, SMTP_E_CLOSED, SMTP_PHASE_FINAL, 0,
	    NONE, false, "" }, SMTP_RETRY_ASK, 0 },
	{ "an address", { SMTP_E_ARGUMENT, SMTP_E_ARGUMENT, 0, 0, NONE, false,
	    "" }, SMTP_RETRY_NEVER, 0 },
	{ "an extension", { SMTP_E_UNSUPPORTED, SMTP_E_UNSUPPORTED, 0, 0,
	    NONE, false, "" }, SMTP_RETRY_CHANGED, 0 },
	{ "a file", { SMTP_E_SOURCE, SMTP_E_SOURCE, SMTP_PHASE_CONTENT, 0,
	    NONE, false, "" }, SMTP_RETRY_FIXED, 0 },
	{ "memory", { SMTP_E_MEMORY, SMTP_E_MEMORY, 0, 0, NONE, false, "" },
	    SMTP_RETRY_LATER, 5 MINUTES },
	{ "too little was lent", { SMTP_E_SPACE, SMTP_E_SPACE, 0, 0, NONE,
	    false, "" }, SMTP_RETRY_FIXED, 0 },

	/* A mail before its end mark, a session. */
	{ "lost", { SMTP_E_LATER, SMTP_E_CLOSED, SMTP_PHASE_MAIL, 0, NONE,
	    false, "" }, SMTP_RETRY_NOW, 0 },
	{ "cancelled", { SMTP_E_CANCELLED, SMTP_E_CANCELLED,
	    SMTP_PHASE_CONNECT, 0, NONE, false, "" }, SMTP_RETRY_NOW, 0 },
	{ "no answer", { SMTP_E_LATER, SMTP_E_TIMEOUT, SMTP_PHASE_DATA, 0,
	    NONE, false, "" }, SMTP_RETRY_LATER, 5 MINUTES },
	{ "no address", { SMTP_E_RESOLVE, SMTP_E_RESOLVE, SMTP_PHASE_RESOLVE,
	    0, NONE, false, "" }, SMTP_RETRY_LATER, 5 MINUTES },
	{ "nobody", { SMTP_E_CONNECT, SMTP_E_CONNECT, SMTP_PHASE_CONNECT, 0,
	    NONE, false, "" }, SMTP_RETRY_LATER, 5 MINUTES },
	{ "nonsense", { SMTP_E_PROTOCOL, SMTP_E_PROTOCOL, SMTP_PHASE_EHLO, 0,
	    NONE, false, "" }, SMTP_RETRY_LATER, 30 MINUTES },
	{ "no STARTTLS", { SMTP_E_TLS, SMTP_E_TLS, SMTP_PHASE_EHLO, 0, NONE,
	    false, "" }, SMTP_RETRY_FIXED, 0 },
	{ "no STARTTLS now", { SMTP_E_TLS, SMTP_E_TLS, SMTP_PHASE_STARTTLS,
	    454, 7, 0, false, "" }, SMTP_RETRY_LATER, 5 MINUTES },
	{ "certificate", { SMTP_E_CERTIFICATE, SMTP_E_CERTIFICATE,
	    SMTP_PHASE_TLS, 0, NONE, false, "" }, SMTP_RETRY_FIXED, 0 },
	{ "password", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH, 535, 7, 8,
	    false, "" }, SMTP_RETRY_FIXED, 0 },
	{ "password of a session opened again", { SMTP_E_LATER, SMTP_E_AUTH,
	    SMTP_PHASE_AUTH, 535, 7, 8, false, "" }, SMTP_RETRY_FIXED, 0 },
	{ "not wanted", { SMTP_E_REFUSED, REPLY, SMTP_PHASE_GREETING, 554,
	    NONE, false, "" }, SMTP_RETRY_FIXED, 0 },
	{ "EHLO", { SMTP_E_REFUSED, REPLY, SMTP_PHASE_EHLO, 550, NONE, false,
	    "" }, SMTP_RETRY_FIXED, 0 },

	/* 4yz. */
	{ "going", { SMTP_E_LATER, REPLY, SMTP_PHASE_MAIL, 421, 3, 2, false,
	    "" }, SMTP_RETRY_LATER, 5 MINUTES },
	{ "too often", { SMTP_E_LATER, REPLY, SMTP_PHASE_GREETING, 421, 7, 0,
	    false, "" }, SMTP_RETRY_LATER, 30 MINUTES },
	{ "transition", { SMTP_E_LATER, REPLY, SMTP_PHASE_AUTH, 432, 7, 12,
	    false, "" }, SMTP_RETRY_FIXED, 0 },
	{ "AUTH later", { SMTP_E_LATER, REPLY, SMTP_PHASE_AUTH, 454, 7, 0,
	    false, "" }, SMTP_RETRY_LATER, 5 MINUTES },
	{ "greylisted", { SMTP_E_LATER, REPLY, SMTP_PHASE_RCPT, 450, 7, 1,
	    false, "" }, SMTP_RETRY_LATER, 5 MINUTES },
	{ "greylisted, with its time", { SMTP_E_LATER, REPLY,
	    SMTP_PHASE_RCPT, 451, 7, 1, false,
	    "4.7.1 Greylisted, please come back in 120 seconds" },
	    SMTP_RETRY_LATER, 2 MINUTES },
	{ "busy", { SMTP_E_LATER, REPLY, SMTP_PHASE_RCPT, 450, NONE, false,
	    "" }, SMTP_RETRY_LATER, 5 MINUTES },
	{ "full", { SMTP_E_LATER, REPLY, SMTP_PHASE_RCPT, 452, 2, 2, true,
	    "" }, SMTP_RETRY_LATER, 240 MINUTES },
	{ "no storage", { SMTP_E_LATER, REPLY, SMTP_PHASE_MAIL, 452, 3, 1,
	    false, "" }, SMTP_RETRY_LATER, 30 MINUTES },
	{ "enough for one mail", { SMTP_E_LATER, REPLY, SMTP_PHASE_RCPT, 452,
	    5, 3, true, "" }, SMTP_RETRY_NOW, 0 },
	{ "nobody was taken", { SMTP_E_LATER, REPLY, SMTP_PHASE_RCPT, 452,
	    5, 3, false, "" }, SMTP_RETRY_LATER, 30 MINUTES },
	{ "enough, in the old form", { SMTP_E_LATER, REPLY, SMTP_PHASE_RCPT,
	    552, NONE, true, "" }, SMTP_RETRY_NOW, 0 },
	{ "the system is full", { SMTP_E_LATER, REPLY, SMTP_PHASE_RCPT, 452,
	    3, 1, true, "" }, SMTP_RETRY_NOW, 0 },
	{ "too big for now", { SMTP_E_LATER, REPLY, SMTP_PHASE_RCPT, 452, 3,
	    4, true, "" }, SMTP_RETRY_LATER, 30 MINUTES },
	{ "on the way", { SMTP_RCPT_PENDING, SMTP_OK, 0, 0, NONE, false,
	    "" }, SMTP_RETRY_LATER, 0 },
	{ "all or nothing", { SMTP_E_LATER, REPLY, SMTP_PHASE_RCPT, 0, NONE,
	    false, "" }, SMTP_RETRY_NOW, 0 },
	{ "fewer", { SMTP_E_LATER, REPLY, SMTP_PHASE_DATA, 503, 5, 1, false,
	    "" }, SMTP_RETRY_CHANGED, 0 },
	{ "some other day", { SMTP_E_LATER, REPLY, SMTP_PHASE_FINAL, 451, 3,
	    0, false, "" }, SMTP_RETRY_LATER, 30 MINUTES },
	{ "partial", { SMTP_E_PARTIAL, REPLY, SMTP_PHASE_RCPT, 450, 7, 1,
	    false, "" }, SMTP_RETRY_LATER, 5 MINUTES },

	/* 5yz. */
	{ "no mailbox", { SMTP_E_REFUSED, REPLY, SMTP_PHASE_RCPT, 550, 1, 1,
	    false, "in 5 minutes" }, SMTP_RETRY_NEVER, 0 },
	{ "too big", { SMTP_E_REFUSED, REPLY, SMTP_PHASE_MAIL, 0, 3, 4,
	    false, "" }, SMTP_RETRY_NEVER, 0 },
	{ "AUTH first", { SMTP_E_REFUSED, REPLY, SMTP_PHASE_MAIL, 530, 7, 0,
	    false, "" }, SMTP_RETRY_FIXED, 0 },
	{ "a parameter", { SMTP_E_REFUSED, REPLY, SMTP_PHASE_MAIL, 555, 5, 4,
	    false, "" }, SMTP_RETRY_CHANGED, 0 },
	{ "a parameter of RCPT", { SMTP_E_REFUSED, REPLY, SMTP_PHASE_RCPT,
	    504, NONE, false, "" }, SMTP_RETRY_CHANGED, 0 },
	{ "an argument", { SMTP_E_REFUSED, REPLY, SMTP_PHASE_MAIL, 501, 5, 4,
	    false, "" }, SMTP_RETRY_CHANGED, 0 },
	{ "an address that it cannot read", { SMTP_E_REFUSED, REPLY,
	    SMTP_PHASE_RCPT, 501, 1, 3, false, "" }, SMTP_RETRY_NEVER, 0 },
	{ "REQUIRETLS", { SMTP_E_REFUSED, REPLY, SMTP_PHASE_FINAL, 550, 7,
	    30, false, "" }, SMTP_RETRY_CHANGED, 0 },
	{ "partial, for good", { SMTP_E_PARTIAL, REPLY, SMTP_PHASE_RCPT, 550,
	    1, 1, false, "" }, SMTP_RETRY_NEVER, 0 },
};

static void
test_retry__advises(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t after_s = 1;
		int retry = smtp__retry(&rows[i].failed, &after_s);

		if (retry != rows[i].retry || after_s != rows[i].after_s)
			fail_msg("%s: %s after %u s", rows[i].name,
			    smtp_retry_name(retry), (unsigned)after_s);
	}
	proves("R5321-4.2.1-3 R5321-4.2.1-4 LIB-J-6 R3463-3.3-1");
}

/* ---- what the words of a reply say about the time */

static void
test_retry__reads_the_time_in_the_words(void **state)
{
	static const struct { const char *text; uint32_t after_s; } texts[] = {
		{ "", 30 MINUTES },
		{ "no time", 30 MINUTES },
		{ "Greylisted for 300 seconds", 300 },
		{ "try again in 5 minutes", 5 MINUTES },
		{ "in 1 hour", 60 MINUTES },
		{ "in 24 hours", 1440 MINUTES },
		{ "in 25 hours", 30 MINUTES },
		{ "in 90s", 90 },
		{ "in 90s.", 90 },
		{ "90 Sec", 90 },
		{ "10-minute limit", 10 MINUTES },
		{ "0 seconds", 30 MINUTES },
		{ "86400 seconds", 1440 MINUTES },
		{ "86401 seconds", 30 MINUTES },
		{ "4294967296 seconds", 30 MINUTES },
		{ "99999999999999999999999 minutes", 30 MINUTES },
		{ "limit of 20 mails, wait 15 minutes", 15 MINUTES },
		{ "id 4.7.300 seconds", 30 MINUTES },
		{ "id x300 seconds", 30 MINUTES },
		{ "at .300 seconds", 30 MINUTES },
		{ "at 12:30 minutes", 30 MINUTES },
		{ "at :30 minutes, or in 40 seconds", 40 },
		{ "20 secrets", 20 },        /* as good as it gets */
		{ "20 servers", 30 MINUTES },
		{ "20", 30 MINUTES },
		{ "20 ", 30 MINUTES },
		{ "20 s", 20 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		size_t n = strlen(texts[i].text) + 1;
		char *exact = malloc(n);
		struct smtp__failed f = { SMTP_E_LATER, REPLY,
			SMTP_PHASE_FINAL, 451, 3, 0, false, exact };
		uint32_t after_s;

		assert_non_null(exact);
		memcpy(exact, texts[i].text, n);
		assert_int_equal(smtp__retry(&f, &after_s), SMTP_RETRY_LATER);
		if (after_s != texts[i].after_s)
			fail_msg("%s: %u s", texts[i].text, (unsigned)after_s);
		free(exact);
	}
}

/* ---- queues */

static void
test_retry__backs_off(void **state)
{
	static const struct {
		uint32_t after;
		unsigned failures;
		uint32_t age, most, give_up, wait;
	} queue[] = {
		{ 0, 0, 0, 0, 0, 30 MINUTES },
		{ 0, 1, 0, 0, 0, 30 MINUTES },
		{ 300, 1, 0, 0, 0, 5 MINUTES },
		{ 300, 2, 300, 0, 0, 30 MINUTES },
		{ 300, 3, 2100, 0, 0, 60 MINUTES },
		{ 300, 4, 5700, 0, 0, 120 MINUTES },
		{ 300, 5, 12900, 0, 0, 240 MINUTES },
		{ 300, 6, 27300, 0, 0, 240 MINUTES },
		{ 0, 4000000000u, 86400, 0, 0, 240 MINUTES },
		{ 300, 100, 86400, UINT32_MAX, 0, UINT32_MAX },
		{ 300, 9, 86400, 3600, 0, 60 MINUTES },
		{ 86400, 1, 0, 3600, 0, 1440 MINUTES },  /* the server's word */
		{ 300, 2, 0, 60, 0, 1 MINUTES },
		{ 300, 9, 431999, 0, 0, 240 MINUTES },
		{ 300, 9, 432000, 0, 0, 0 },
		{ 300, 1, 3600, 0, 3600, 0 },
		{ 300, 1, 3599, 0, 3600, 5 MINUTES },
		{ 300, 1, UINT32_MAX, 0, UINT32_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(queue); i++) {
		uint32_t wait = smtp_retry_wait(queue[i].after,
		    queue[i].failures, queue[i].age, queue[i].most,
		    queue[i].give_up);

		if (wait != queue[i].wait)
			fail_msg("row %zu: %u s", i, (unsigned)wait);
	}
	proves("R5321-4.5.4.1-3");
}

/* ---- names, and what is not there */

static void
test_retry__has_a_number_and_a_name_for_ever(void **state)
{
	static const char *const names[] = { "NONE", "NEVER", "NOW", "LATER",
		"CHANGED", "FIXED", "ASK" };

	(void)state;
	for (int i = 0; i < (int)COUNT(names); i++)
		assert_string_equal(smtp_retry_name(i), names[i]);
	assert_int_equal(SMTP_RETRY_ASK, COUNT(names) - 1);
	assert_string_equal(smtp_retry_name(-1), "");
	assert_string_equal(smtp_retry_name((int)COUNT(names)), "");
}

static void
test_retry__of_nobody_is_safe(void **state)
{
	struct smtp_message *m = smtp_message_new();

	(void)state;
	assert_int_equal(smtp_message_retry(m), SMTP_RETRY_NONE);
	assert_int_equal(smtp_message_retry_s(m), 0);
	assert_int_equal(smtp_message_recipient_retry(m, 0),
	    SMTP_RETRY_NEVER);
	assert_int_equal(smtp_message_recipient_retry_s(m, 0), 0);
	smtp_message_free(m);
	assert_int_equal(smtp_message_retry(NULL), SMTP_RETRY_NEVER);
	assert_int_equal(smtp_message_retry_s(NULL), 0);
	assert_int_equal(smtp_message_recipient_retry(NULL, 0),
	    SMTP_RETRY_NEVER);
	assert_int_equal(smtp_retry(NULL), SMTP_RETRY_LATER);
	assert_int_equal(smtp_retry_s(NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry__advises),
		cmocka_unit_test(test_retry__reads_the_time_in_the_words),
		cmocka_unit_test(test_retry__backs_off),
		cmocka_unit_test(test_retry__has_a_number_and_a_name_for_ever),
		cmocka_unit_test(test_retry__of_nobody_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
