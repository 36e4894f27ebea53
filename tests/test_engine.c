/* SPDX-License-Identifier: MIT */
/*
 * What a transcript cannot say: memory, time, large numbers, and every code at
 * every step. tests/dialogue/ has the rest.
 */
#include "check.h"

#include <stdbool.h>

#include <smtp/engine.h>

#include "support/built.h"

/* A session, and a program that drives it. */
struct session {
	union {
		uint64_t align;
		void *align_p;
		unsigned char octets[SMTP_ENGINE_BYTES];
	} memory;
	struct smtp_engine *e;
	struct smtp_engine_setup setup;
	struct smtp_credentials credentials;
	struct smtp_delivery d;
	struct smtp_rcpt rcpts[3];
	char text[200];
};

static void
begin(struct session *s, int tls, bool lmtp)
{
	memset(s, 0, sizeof *s);
	s->setup.ehlo = "client.example.com";
	s->setup.text = s->text;
	s->setup.text_n = sizeof s->text;
	s->setup.tls = (uint8_t)tls;
	if (!SMTP_WITH_PLAINTEXT && tls == SMTP_ENGINE_PLAINTEXT)
		s->setup.tls = SMTP_ENGINE_IMPLICIT;
#if SMTP_WITH_LMTP
	s->setup.lmtp = lmtp;
#endif
	assert_int_equal(smtp_engine_init(&s->e, &s->memory,
	    sizeof s->memory, &s->setup), SMTP_OK);
}

/* Feed all of it, reply by reply. */
static void
hear(struct session *s, const char *p)
{
	size_t n = strlen(p), used;

	for (; n > 0; p += used, n -= used) {
		used = smtp_engine_feed(s->e, p, n);
		assert_true(used > 0 && used <= n);
	}
}

/* All that the engine says now, with "Hello" for content. */
static const char *
said(struct session *s)
{
	static char out[4000];
	size_t n = 0, more;

	for (;;) {
		unsigned want = smtp_engine_want(s->e);

		if (want & SMTP_ENGINE_CONTENT) {
			static const char hello[] = "Hello\r\n";
			bool again = s->credentials.user == hello;

			smtp_engine_content(s->e, hello, again ? 0 : 7);
			s->credentials.user = again ? NULL : hello;
			continue;
		}
		if (!(want & SMTP_ENGINE_WRITE))
			break;
		more = smtp_engine_take(s->e, out + n, sizeof out - 1 - n);
		n += more;
		if (more == 0)
			break;
	}
	out[n] = '\0';
	return out;
}

static int
send_mail(struct session *s, size_t rcpts)
{
	size_t i;

	s->d.from = "a@x.example";
	s->d.rcpts = s->rcpts;
	s->d.rcpt_count = rcpts;
	for (i = 0; i < rcpts; i++) {
		s->rcpts[i].address = "b@y.example";
		s->rcpts[i].parameters = NULL;
		s->rcpts[i].status = SMTP_RCPT_PENDING;
	}
	return smtp_engine_send(s->e, &s->d);
}

/*
 * Memory.
 */

#if SMTP_WITH_INSPECT
static void
test_engine__wants_enough_aligned_memory(void **state)
{
	struct smtp_engine_setup setup = { .ehlo = "client.example.com" };
	size_t n = smtp_engine_bytes(), i;
	unsigned char *memory = malloc(n + 8);
	struct smtp_engine *e;

	(void)state;
	assert_true(n <= SMTP_ENGINE_BYTES);
	assert_int_equal(smtp_engine_init(&e, NULL, n, &setup), SMTP_E_SPACE);
	assert_null(e);
	for (i = 0; i < n; i++) {
		e = (struct smtp_engine *)memory;
		assert_int_equal(smtp_engine_init(&e, memory, i, &setup),
		    SMTP_E_SPACE);
		assert_null(e);
	}
	for (i = 1; i < sizeof(void *); i++) {
		e = (struct smtp_engine *)memory;
		assert_int_equal(smtp_engine_init(&e, memory + i, n, &setup),
		    SMTP_E_SPACE);
		assert_null(e);
	}
	assert_int_equal(smtp_engine_init(&e, memory, n, &setup), SMTP_OK);
	assert_ptr_equal(e, memory);
	free(memory);
}
#else
CASE_LEFT_OUT(test_engine__wants_enough_aligned_memory, "SMTP_WITH_INSPECT")
#endif

#if SMTP_WITH_INSPECT && SMTP_WITH_TEXT
static void
test_engine__lives_in_just_that_memory(void **state)
{
	static char out[200];
	struct smtp_engine_setup setup = {
		.ehlo = "client.example.com", .tls = SMTP_ENGINE_PLAINTEXT
	};
	void *memory = malloc(smtp_engine_bytes());
	struct smtp_engine *e;
	struct smtp_reply reply;

	(void)state;
	needs(SMTP_WITH_PLAINTEXT);
	assert_int_equal(smtp_engine_init(&e, memory, smtp_engine_bytes(),
	    &setup), SMTP_OK);
	memset(&reply, 0xaa, sizeof reply);
	assert_int_equal(smtp_engine_reply(e, &reply), 0);
	assert_int_equal(reply.code, 0);
	assert_int_equal(reply.subject, SMTP_NO_ENHANCED);
	assert_int_equal(reply.detail, SMTP_NO_ENHANCED);
	assert_null(reply.text);
	assert_null(reply.delivery);
	assert_true(reply.rcpt == SMTP_NO_RCPT);
	assert_string_equal(smtp_engine_mechanism(e), "");
	assert_int_equal(smtp_engine_take(e, out, sizeof out), 0);
	assert_int_equal(smtp_engine_feed(e, "220 mx\r\n", 8), 8);
	assert_int_equal(smtp_engine_reply(e, &reply), 1);
	assert_null(reply.text);
	assert_int_equal(smtp_engine_take(e, out, sizeof out), 25);
	assert_int_equal(smtp_engine_feed(e, "250 mx\r\n", 8), 8);
	assert_int_equal(smtp_engine_want(e),
	    SMTP_ENGINE_READY | SMTP_ENGINE_READ);
	free(memory);
}
#else
CASE_LEFT_OUT(test_engine__lives_in_just_that_memory,
    "SMTP_WITH_INSPECT && SMTP_WITH_TEXT")
#endif

static void
test_engine__refuses_no_name(void **state)
{
	struct smtp_engine_setup setup = { .ehlo = NULL };
	union {
		uint64_t align;
		void *align_p;
		unsigned char octets[SMTP_ENGINE_BYTES];
	} memory;
	struct smtp_engine *e;

	(void)state;
	assert_int_equal(smtp_engine_init(&e, &memory, sizeof memory, &setup),
	    SMTP_E_ARGUMENT);
	assert_null(e);
}

#if SMTP_WITH_TEXT
/* More words than a length of 16 bits tells is that many, and not none. */
static void
test_engine__takes_a_large_arena(void **state)
{
	static const size_t sizes[] = { 0xffff, 0x10000, 0x10003 };
	static char text[0x10003];

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct session s;
		struct smtp_reply reply;

		begin(&s, SMTP_ENGINE_PLAINTEXT, false);
		s.setup.text = text;
		s.setup.text_n = sizes[i];
		assert_int_equal(smtp_engine_init(&s.e, &s.memory,
		    sizeof s.memory, &s.setup), SMTP_OK);
		hear(&s, "220 mx.example is here\r\n");
		assert_int_equal(smtp_engine_reply(s.e, &reply), 1);
		assert_int_equal(reply.text_n, 18);
		assert_memory_equal(reply.text, "mx.example is here", 18);
		assert_false(reply.cut);
	}
}
#else
CASE_LEFT_OUT(test_engine__takes_a_large_arena, "SMTP_WITH_TEXT")
#endif

/* A mail without what it must have is not begun. */
static void
test_engine__refuses_a_mail_without_addresses(void **state)
{
	struct session s;

	(void)state;
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250 mx\r\n");
	s.d.from = NULL;
	s.d.rcpts = s.rcpts;
	s.d.rcpt_count = 1;
	s.rcpts[0].address = "b@y.example";
	s.rcpts[0].status = SMTP_RCPT_PENDING;
	assert_int_equal(smtp_engine_send(s.e, &s.d), SMTP_E_ARGUMENT);
	s.d.from = "a@x.example";
	s.rcpts[0].address = NULL;
	s.rcpts[0].status = SMTP_RCPT_PENDING;
	assert_int_equal(smtp_engine_send(s.e, &s.d), SMTP_E_ARGUMENT);
	assert_string_equal(said(&s), "");
	assert_int_equal(smtp_engine_want(s.e),
	    SMTP_ENGINE_READY | SMTP_ENGINE_READ);
	s.rcpts[0].address = "b@y.example";
	s.rcpts[0].status = SMTP_RCPT_PENDING;
	assert_int_equal(smtp_engine_send(s.e, &s.d), SMTP_OK);
}

/* A command that extensions enlarge is said whole, or not at all. */
static void
test_engine__says_a_long_command_whole(void **state)
{
	static const struct {
		size_t octets;   /* of the parameters                       */
		uint16_t flags;
		int want;
	} rows[] = {
		{ 512 - 26, 0, SMTP_OK },
		{ 512 - 25, 0, SMTP_E_ARGUMENT },
		{ 32768 - 26, SMTP_DELIVERY_LONG, SMTP_OK },
		{ 32768 - 25, SMTP_DELIVERY_LONG, SMTP_E_ARGUMENT },
		{ 65536 + 100, SMTP_DELIVERY_LONG, SMTP_E_ARGUMENT },
	};
	static char parameters[70000], out[70000];

	(void)state;
	needs(SMTP_WITH_PARAMETERS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct session s;
		size_t n = 0, more;

		begin(&s, SMTP_ENGINE_PLAINTEXT, false);
		hear(&s, "220 mx\r\n");
		said(&s);
		hear(&s, "250 mx\r\n");
		memset(parameters, 'v', rows[i].octets);
		memcpy(parameters, "X=", 2);
		parameters[rows[i].octets] = '\0';
		s.d.from = "a@x.example";
		s.d.parameters = parameters;
		s.d.rcpts = s.rcpts;
		s.d.rcpt_count = 1;
		s.d.flags = rows[i].flags;
		s.rcpts[0].address = "b@y.example";
		s.rcpts[0].status = SMTP_RCPT_PENDING;
		assert_int_equal(smtp_engine_send(s.e, &s.d), rows[i].want);
		while ((more = smtp_engine_take(s.e, out + n, 999)) > 0)
			n += more;
		if (rows[i].want != SMTP_OK) {
			assert_int_equal(n, 0);
			continue;
		}
		assert_int_equal(n, 24 + rows[i].octets + 2);
		assert_memory_equal(out, "MAIL FROM:<a@x.example> X=v", 27);
		assert_memory_equal(out + n - 3, "v\r\n", 3);
	}
}

#if SMTP_WITH_BDAT && SMTP_WITH_PIPELINING
/*
 * No piece was at hand while the server answered. Where it took nobody none is
 * wanted any more, and nothing is said to nobody; else it is.
 */
static void
test_engine__wants_no_piece_for_nobody(void **state)
{
	(void)state;
	for (int taken = 0; taken < 2; taken++) {
		struct session s;
		char out[200];

		begin(&s, SMTP_ENGINE_PLAINTEXT, false);
		hear(&s, "220 mx\r\n");
		said(&s);
		hear(&s, "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
		s.d.from = "a@x.example";
		s.d.rcpts = s.rcpts;
		s.d.rcpt_count = 1;
		s.rcpts[0].address = "b@y.example";
		s.rcpts[0].status = SMTP_RCPT_PENDING;
		s.d.flags = SMTP_DELIVERY_CHUNKS;
		assert_int_equal(smtp_engine_send(s.e, &s.d), SMTP_OK);
		assert_int_equal(smtp_engine_take(s.e, out, sizeof out), 48);
		assert_true(smtp_engine_want(s.e) & SMTP_ENGINE_CONTENT);
		/* What is waited for is the server, not the piece. */
		assert_int_equal(smtp_engine_due_ms(s.e, 0), 300000);
		hear(&s, "250 ok\r\n");
		assert_int_equal(smtp_engine_due_ms(s.e, 0), 300000);
		assert_true(smtp_engine_want(s.e) & SMTP_ENGINE_CONTENT);
		hear(&s, taken ? "250 ok\r\n" : "550 no\r\n");
		if (taken) {
			assert_true(smtp_engine_want(s.e) &
			    SMTP_ENGINE_CONTENT);
			assert_null(smtp_engine_result(s.e));
			assert_int_equal(smtp_engine_due_ms(s.e, 0), 180000);
			continue;
		}
		assert_false(smtp_engine_want(s.e) & SMTP_ENGINE_CONTENT);
		assert_false(smtp_engine_want(s.e) & SMTP_ENGINE_WRITE);
		assert_ptr_equal(smtp_engine_result(s.e), &s.d);
		assert_int_equal(s.d.status, SMTP_E_REFUSED);
		assert_int_equal(s.rcpts[0].code, 550);
	}
}
#else
CASE_LEFT_OUT(test_engine__wants_no_piece_for_nobody,
    "SMTP_WITH_BDAT && SMTP_WITH_PIPELINING")
#endif

/* Too large for this server: that is not what it said of the others. */
static void
test_engine__marks_as_too_large_only_who_was_to_get_it(void **state)
{
	struct session s;

	(void)state;
	needs(SMTP_WITH_SIZE && SMTP_WITH_ENHANCED && SMTP_WITH_INSPECT);
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250-mx\r\n250 SIZE 100\r\n");
	s.d.from = "a@x.example";
	s.d.rcpts = s.rcpts;
	s.d.rcpt_count = 3;
	for (size_t i = 0; i < 3; i++)
		s.rcpts[i].address = "b@y.example";
	s.rcpts[0].status = SMTP_OK;
	s.rcpts[0].code = 250;
	s.rcpts[1].status = SMTP_E_REFUSED;
	s.rcpts[1].code = 550;
	s.rcpts[1].subject = 1;
	s.rcpts[1].detail = 1;
	s.rcpts[2].status = SMTP_RCPT_PENDING;
	s.d.size = 101;
	s.d.flags = SMTP_DELIVERY_SIZE;
	assert_int_equal(smtp_engine_send(s.e, &s.d), SMTP_E_REFUSED);
	assert_int_equal(s.rcpts[0].status, SMTP_OK);
	assert_int_equal(s.rcpts[1].status, SMTP_E_REFUSED);
	assert_int_equal(s.rcpts[1].subject, 1);
	assert_int_equal(s.rcpts[1].detail, 1);
	assert_int_equal(s.rcpts[2].status, SMTP_E_REFUSED);
	assert_int_equal(s.rcpts[2].subject, 3);
	assert_int_equal(s.rcpts[2].detail, 4);
	assert_int_equal(s.d.status, SMTP_E_REFUSED);
	assert_int_equal(s.d.cause, SMTP_E_REFUSED);
}

#if SMTP_WITH_STEPPED && SMTP_WITH_TEXT
/* Nobody speaks for itself to somebody who could be anybody. */
static void
test_engine__has_no_steps_for_any_certificate(void **state)
{
	struct session s;

	(void)state;
	needs(SMTP_WITH_PLAINTEXT);
	begin(&s, SMTP_ENGINE_OPPORTUNISTIC, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250-mx\r\n250 AUTH X-OWN PLAIN\r\n");
	s.credentials.mechanism = "X-OWN";
	s.credentials.stepped = SMTP_STEPPED_FIRST;
	assert_int_equal(smtp_engine_auth(s.e, &s.credentials), SMTP_E_AUTH);
	assert_string_equal(said(&s), "");
}

/*
 * Words that nobody asked for, behind the reply to EHLO, are no capabilities,
 * and they do not lie where the response lies that is to be said.
 */
static void
test_engine__keeps_a_response_whatever_comes(void **state)
{
	static const char unasked[] = "250-x\r\n250-AUTH AAAAAAAAAAAAAAAA"
	    " PIPELINING\r\n250-PIPELINING\r\n";
	struct session s;

	(void)state;
	for (size_t n = 0; n < sizeof unasked; n++) {
		begin(&s, SMTP_ENGINE_IMPLICIT, false);
		hear(&s, "220 mx\r\n");
		said(&s);
		hear(&s, "250-mx\r\n250 AUTH X-OWN\r\n");
		s.credentials.mechanism = "X-OWN";
		s.credentials.stepped = SMTP_STEPPED_FIRST;
		assert_int_equal(smtp_engine_auth(s.e, &s.credentials),
		    SMTP_OK);
		assert_int_equal(smtp_engine_response(s.e, "response", 8, 1),
		    SMTP_OK);
		assert_int_equal(smtp_engine_feed(s.e, unasked, n), n);
#if SMTP_WITH_INSPECT
		assert_int_equal(smtp_engine_offers(s.e), SMTP_OFFER_AUTH);
#endif
		assert_string_equal(said(&s), "AUTH X-OWN cmVzcG9uc2U=\r\n");
	}
}
#else
CASE_LEFT_OUT(test_engine__has_no_steps_for_any_certificate,
    "SMTP_WITH_STEPPED && SMTP_WITH_TEXT")
CASE_LEFT_OUT(test_engine__keeps_a_response_whatever_comes,
    "SMTP_WITH_STEPPED && SMTP_WITH_TEXT")
#endif

/* What is asked for at the wrong time changes nothing. */
static void
test_engine__ignores_what_was_not_wanted(void **state)
{
	struct session s;

	(void)state;
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	smtp_engine_content(s.e, "x", 1);
	smtp_engine_content_failed(s.e, SMTP_E_SOURCE);
	smtp_engine_secured(s.e);
	assert_int_equal(smtp_engine_feed(s.e, "", 0), 0);
	assert_string_equal(said(&s), "");
	hear(&s, "220 mx\r\n");
	smtp_engine_content_failed(s.e, SMTP_E_SOURCE);
	smtp_engine_secured(s.e);
	assert_string_equal(said(&s), "EHLO client.example.com\r\n");
	hear(&s, "250 mx\r\n");
	smtp_engine_secured(s.e);
	smtp_engine_content(s.e, "x", 1);
	assert_null(smtp_engine_result(s.e));
	assert_int_equal(send_mail(&s, 1), SMTP_OK);
	smtp_engine_content_failed(s.e, SMTP_E_SOURCE);
	assert_string_equal(said(&s), "MAIL FROM:<a@x.example>\r\n");
}

/* Whatever a delivery was behind, it is the last now. */
static void
test_engine__puts_a_delivery_last(void **state)
{
	struct session s;

	(void)state;
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250 mx\r\n");
	s.d.next = &s.d;
	assert_int_equal(send_mail(&s, 1), SMTP_OK);
	assert_null(s.d.next);
}

#if SMTP_WITH_INSPECT && SMTP_WITH_TEXT
/* Said is one command, and heard is none: it is at the next. */
static void
test_engine__tells_the_phase_of_what_it_says(void **state)
{
	struct session s;
	char out[100];

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250-mx\r\n250 PIPELINING\r\n");
	assert_int_equal(send_mail(&s, 1), SMTP_OK);
	assert_int_equal(smtp_engine_phase(s.e), SMTP_PHASE_MAIL);
	assert_int_equal(smtp_engine_take(s.e, out, 25), 25);
	assert_memory_equal(out, "MAIL FROM:<a@x.example>\r\n", 25);
	assert_int_equal(smtp_engine_phase(s.e), SMTP_PHASE_RCPT);
	said(&s);
	assert_int_equal(smtp_engine_phase(s.e), SMTP_PHASE_MAIL);
	hear(&s, "250 ok\r\n");
	assert_int_equal(smtp_engine_phase(s.e), SMTP_PHASE_RCPT);
}

/* A goodbye that nobody asked for belongs to none of the commands before. */
static void
test_engine__tells_a_goodbye_of_no_phase(void **state)
{
	struct session s;
	struct smtp_reply reply;

	(void)state;
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250 mx\r\n");
	hear(&s, "421 bye\r\n");
	assert_true(smtp_engine_reply(s.e, &reply));
	assert_int_equal(reply.code, 421);
	assert_int_equal(reply.phase, SMTP_PHASE_NONE);
}
#else
CASE_LEFT_OUT(test_engine__tells_the_phase_of_what_it_says,
    "SMTP_WITH_INSPECT && SMTP_WITH_TEXT")
CASE_LEFT_OUT(test_engine__tells_a_goodbye_of_no_phase,
    "SMTP_WITH_INSPECT && SMTP_WITH_TEXT")
#endif

/* Behind the end of the content there is none, until the next mail. */
static void
test_engine__takes_no_content_behind_its_end(void **state)
{
	struct session s;
	char out[100];
	size_t n;

	(void)state;
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250 mx\r\n");
	assert_int_equal(send_mail(&s, 1), SMTP_OK);
	said(&s);
	hear(&s, "250 ok\r\n");
	said(&s);
	hear(&s, "250 ok\r\n");
	said(&s);
	hear(&s, "354 go\r\n");
	smtp_engine_content(s.e, "a\n", 2);
	assert_int_equal(smtp_engine_take(s.e, out, sizeof out), 3);
	smtp_engine_content(s.e, "", 0);
	smtp_engine_content(s.e, "b\n", 2);
	n = smtp_engine_take(s.e, out, sizeof out);
	assert_int_equal(n, 3);
	assert_memory_equal(out, ".\r\n", 3);
	assert_false(smtp_engine_want(s.e) & SMTP_ENGINE_WRITE);
}

/* What is lent and was counted is not exchanged while it is on its way. */
static void
test_engine__takes_no_content_in_the_middle_of_it(void **state)
{
	const bool chunked[] = { false, SMTP_WITH_BDAT };

	(void)state;
	for (size_t i = 0; i < COUNT(chunked); i++) {
		struct session s;
		char out[100];
		size_t n;

		begin(&s, SMTP_ENGINE_PLAINTEXT, false);
		hear(&s, "220 mx\r\n");
		said(&s);
		hear(&s, "250-mx\r\n250 CHUNKING\r\n");
		s.d.flags = chunked[i] ? SMTP_DELIVERY_CHUNKS |
		    SMTP_DELIVERY_EXACT : 0;
		assert_int_equal(send_mail(&s, 1), SMTP_OK);
		said(&s);
		hear(&s, "250 ok\r\n");
		said(&s);
		hear(&s, "250 ok\r\n");
		if (!chunked[i]) {
			assert_string_equal(said(&s), "DATA\r\n");
			hear(&s, "354 go\r\n");
		}
		smtp_engine_content(s.e, "ab\r\n", 4);
		if (chunked[i])
			assert_int_equal(smtp_engine_take(s.e, out, 8), 8);
		assert_int_equal(smtp_engine_take(s.e, out, 1), 1);
		smtp_engine_content(s.e, "something else\r\n", 16);
		smtp_engine_content(s.e, "", 0);
		n = smtp_engine_take(s.e, out + 1, sizeof out - 1);
		assert_int_equal(n, 3);
		assert_memory_equal(out, "ab\r\n", 4);
	}
}

#if SMTP_WITH_BDAT
/* A chunk that is being announced is whole: its content was there. */
static void
test_engine__cannot_fail_a_chunk_that_it_has(void **state)
{
	struct session s;
	char out[100];
	size_t n;

	(void)state;
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250-mx\r\n250 CHUNKING\r\n");
	s.d.flags = SMTP_DELIVERY_CHUNKS;
	assert_int_equal(send_mail(&s, 1), SMTP_OK);
	said(&s);
	hear(&s, "250 ok\r\n");
	said(&s);
	hear(&s, "250 ok\r\n");
	assert_true(smtp_engine_want(s.e) & SMTP_ENGINE_CONTENT);
	smtp_engine_content_last(s.e, "a\n", 2);
	n = smtp_engine_take(s.e, out, 3);
	smtp_engine_content_failed(s.e, SMTP_E_SOURCE);
	n += smtp_engine_take(s.e, out + n, sizeof out - n);
	while (smtp_engine_want(s.e) & SMTP_ENGINE_WRITE)
		n += smtp_engine_take(s.e, out + n, sizeof out - n);
	assert_int_equal(n, 16);
	assert_memory_equal(out, "BDAT 3 LAST\r\na\r\n", 16);
	hear(&s, "250 ok\r\n");
	assert_ptr_equal(smtp_engine_result(s.e), &s.d);
	assert_int_equal(s.d.status, SMTP_OK);
}
#else
CASE_LEFT_OUT(test_engine__cannot_fail_a_chunk_that_it_has,
    "SMTP_WITH_BDAT")
#endif

/* A session that is over stays so, whatever is done with it. */
static void
test_engine__repeats_its_failure(void **state)
{
	struct smtp_credentials c = { .user = "u", .password = "p" };
	struct session s;
	char out[100];

	(void)state;
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250-a\r\n550 b\r\n");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(smtp_engine_want(s.e), SMTP_ENGINE_DONE);
		assert_int_equal(smtp_engine_status(s.e), SMTP_E_PROTOCOL);
		assert_int_equal(smtp_engine_feed(s.e, "250 ok\r\n", 8), 8);
		assert_int_equal(smtp_engine_take(s.e, out, sizeof out), 0);
		assert_int_equal(smtp_engine_auth(s.e, &c), SMTP_E_STATE);
		assert_int_equal(send_mail(&s, 1), SMTP_E_STATE);
#if SMTP_WITH_REUSE
		assert_int_equal(smtp_engine_noop(s.e), SMTP_E_STATE);
		assert_int_equal(smtp_engine_reset(s.e), SMTP_E_STATE);
#endif
#if SMTP_WITH_REUSE && SMTP_WITH_COMMAND
		assert_int_equal(smtp_engine_command(s.e, "VRFY b"),
		    SMTP_E_STATE);
#endif
		assert_int_equal(smtp_engine_quit(s.e), SMTP_E_STATE);
		smtp_engine_secured(s.e);
		smtp_engine_content(s.e, "x", 1);
		smtp_engine_content_failed(s.e, SMTP_E_SOURCE);
		smtp_engine_lost(s.e, SMTP_E_TIMEOUT);
	}
	proves("LIB-J-5");
}

/*
 * Every code at every step. What each class means there is written down once
 * more, as the standard has it.
 */

enum at {
	AT_GREETING, AT_EHLO, AT_HELO, AT_STARTTLS, AT_AUTH, AT_MAIL, AT_RCPT,
	AT_DATA, AT_FINAL, AT_RSET, AT_NOOP, AT_QUIT, AT_COUNT
};

static void
go_to(struct session *s, enum at at)
{
	static const struct smtp_credentials plain = {
		.user = "u", .password = "p"
	};

	begin(s, at == AT_STARTTLS ? SMTP_ENGINE_STARTTLS :
	    at == AT_AUTH ? SMTP_ENGINE_IMPLICIT : SMTP_ENGINE_PLAINTEXT,
	    false);
	if (at == AT_GREETING)
		return;
	hear(s, "220 mx\r\n");
	assert_string_equal(said(s), "EHLO client.example.com\r\n");
	if (at == AT_EHLO)
		return;
	if (at == AT_HELO) {
		hear(s, "500 what\r\n");
		assert_string_equal(said(s), "HELO client.example.com\r\n");
		return;
	}
	hear(s, "250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n");
	if (at == AT_STARTTLS) {
		assert_string_equal(said(s), "STARTTLS\r\n");
	} else if (at == AT_AUTH) {
		assert_int_equal(smtp_engine_auth(s->e, &plain), SMTP_OK);
		assert_string_equal(said(s), "AUTH PLAIN AHUAcA==\r\n");
#if SMTP_WITH_REUSE
	} else if (at == AT_RSET) {
		assert_int_equal(smtp_engine_reset(s->e), SMTP_OK);
		assert_string_equal(said(s), "RSET\r\n");
	} else if (at == AT_NOOP) {
		assert_int_equal(smtp_engine_noop(s->e), SMTP_OK);
		assert_string_equal(said(s), "NOOP\r\n");
#endif
	} else if (at == AT_QUIT) {
		assert_int_equal(smtp_engine_quit(s->e), SMTP_OK);
		assert_string_equal(said(s), "QUIT\r\n");
	} else {
		assert_int_equal(send_mail(s, 1), SMTP_OK);
		assert_string_equal(said(s), "MAIL FROM:<a@x.example>\r\n");
		if (at == AT_MAIL)
			return;
		hear(s, "250 ok\r\n");
		assert_string_equal(said(s), "RCPT TO:<b@y.example>\r\n");
		if (at == AT_RCPT)
			return;
		hear(s, "250 ok\r\n");
		assert_string_equal(said(s), "DATA\r\n");
		if (at == AT_DATA)
			return;
		hear(s, "354 go\r\n");
		assert_string_equal(said(s), "Hello\r\n.\r\n");
	}
}

/* The end of the session, with this status and this one for the mail. */
static void
check_over(struct session *s, int status, int mail)
{
	if (mail != SMTP_OK) {
		assert_ptr_equal(smtp_engine_result(s->e), &s->d);
		assert_int_equal(s->d.status, mail);
		assert_int_equal(s->rcpts[0].status, mail);
	}
	assert_int_equal(smtp_engine_want(s->e), SMTP_ENGINE_DONE);
	assert_int_equal(smtp_engine_status(s->e), status);
}

static void
check_quit(struct session *s, int status)
{
	assert_string_equal(said(s), "QUIT\r\n");
	hear(s, "221 bye\r\n");
	check_over(s, status, SMTP_OK);
}

static void
check_ready(struct session *s, int status)
{
	assert_int_equal(smtp_engine_want(s->e),
	    SMTP_ENGINE_READY | SMTP_ENGINE_READ);
	assert_int_equal(smtp_engine_status(s->e), status);
}

/* The mail got this reply, and the session is ready for the next. */
static void
check_mail(struct session *s, int status, int code)
{
	assert_string_equal(said(s), "");
	assert_ptr_equal(smtp_engine_result(s->e), &s->d);
	assert_int_equal(s->d.status, status);
	assert_int_equal(s->rcpts[0].status, status);
	assert_int_equal(s->rcpts[0].code, code);
	check_ready(s, SMTP_OK);
}

static void
check_code(struct session *s, enum at at, int code)
{
	int klass = code / 100;
	int refusal = klass == 4 ? SMTP_E_LATER : SMTP_E_REFUSED;
	bool mail = at >= AT_MAIL && at <= AT_FINAL;

	if (at == AT_QUIT) {
		if (klass >= 2 && klass <= 5)
			check_over(s, SMTP_OK, SMTP_OK);
		else
			assert_int_equal(smtp_engine_want(s->e),
			    SMTP_ENGINE_DONE);
	} else if (klass < 2 || klass > 5 ||
	    (klass == 3 && at != AT_DATA && code != 334) ||
	    (klass == 3 && at != AT_DATA && at != AT_AUTH) ||
	    (klass == 2 && at == AT_DATA) ||
	    (klass == 2 && at == AT_STARTTLS && code != 220)) {
		check_over(s, SMTP_E_PROTOCOL, at == AT_FINAL ?
		    SMTP_E_UNKNOWN : mail ? SMTP_E_LATER : SMTP_OK);
	} else if (code == 421 && at != AT_RSET) {
		check_over(s, SMTP_E_LATER, mail ? SMTP_E_LATER : SMTP_OK);
	} else if (at == AT_GREETING && klass == 2) {
		assert_string_equal(said(s), "EHLO client.example.com\r\n");
	} else if (at == AT_GREETING && klass == 4) {
		check_over(s, SMTP_E_LATER, SMTP_OK);
	} else if (SMTP_WITH_HELO && at == AT_EHLO && (code == 500 ||
	    code == 502 || code == 504)) {
		assert_string_equal(said(s), "HELO client.example.com\r\n");
	} else if (at == AT_GREETING || ((at == AT_EHLO || at == AT_HELO) &&
	    klass != 2)) {
		check_quit(s, refusal);
	} else if (at == AT_STARTTLS && klass == 2) {
		assert_int_equal(smtp_engine_want(s->e), SMTP_ENGINE_TLS);
	} else if (at == AT_STARTTLS) {
		check_quit(s, SMTP_E_TLS);
	} else if (at == AT_AUTH && klass == 3 && !CHOICE_BUILT) {
		check_over(s, SMTP_E_PROTOCOL, SMTP_OK);
	} else if (at == AT_AUTH && klass == 3) {
		assert_string_equal(said(s), "*\r\n");
	} else if (at == AT_AUTH && klass == 4) {
		check_ready(s, SMTP_E_LATER);
	} else if (at == AT_AUTH && klass == 5) {
		check_ready(s, SMTP_E_AUTH);
	} else if (at == AT_RSET && klass != 2) {
		assert_int_equal(smtp_engine_want(s->e), SMTP_ENGINE_DONE);
	} else if (at == AT_DATA && klass == 3) {
		assert_string_equal(said(s), "Hello\r\n.\r\n");
	} else if (at == AT_DATA && code == 503) {
		check_mail(s, SMTP_E_LATER, code);
	} else if (mail && klass > 3) {
		check_mail(s, refusal, code);
	} else if (at == AT_MAIL) {
		assert_string_equal(said(s), "RCPT TO:<b@y.example>\r\n");
	} else if (at == AT_RCPT) {
		assert_string_equal(said(s), "DATA\r\n");
	} else if (at == AT_FINAL) {
		check_mail(s, SMTP_OK, code);
	} else {
		check_ready(s, klass == 2 ? SMTP_OK : refusal);
	}
}

/* Is this ever said in this build? */
static bool
there(enum at at)
{
	return at == AT_HELO ? SMTP_WITH_HELO :
	    at == AT_RSET || at == AT_NOOP ? SMTP_WITH_REUSE : true;
}

static void
test_engine__knows_every_code_by_its_first_digit(void **state)
{
	char reply[40];

	(void)state;
	needs(SMTP_WITH_PLAINTEXT && SMTP_WITH_TEMPORARY);
	for (enum at at = 0; at < AT_COUNT; at++)
		for (int code = 0; there(at) && code < 1000; code++)
			for (int lines = 1; lines < 3; lines++) {
				struct session s;

				go_to(&s, at);
				snprintf(reply, sizeof reply,
				    lines > 1 ? "%03d-x\r\n%03d y\r\n" :
				    "%03d x\r\n", code, code);
				hear(&s, reply);
				check_code(&s, at, code);
			}
	proves("R5321-4.2-4 R5321-4.2-5 R5321-4.2-7 R5321-4.2-8 R5321-4.2.1-3 "
	    "R5321-3.8-2 R5321-3.2-1 R5321-4.2.5-1 R5321-4.2.5-2");
}

/*
 * Time.
 */

static const uint16_t waits[SMTP_WAIT_COUNT] = { 11, 22, 33, 44, 55, 66, 77 };

static void
test_engine__times_out_a_reply_that_trickles(void **state)
{
	static const char reply[] = "250-take your time\r\n250-and";
	struct session s;
	uint32_t now = 0, due;

	(void)state;
	go_to(&s, AT_MAIL);
	s.setup.wait_s = waits;
	due = smtp_engine_due_ms(s.e, now);
	assert_int_equal(due, 33000);
	for (size_t i = 0; i < sizeof reply - 1; i++) {
		smtp_engine_feed(s.e, reply + i, 1);
		assert_int_equal(smtp_engine_due_ms(s.e, now += 1000), due);
	}
	proves("LIB-K-3");
}

/* The time between two mails is not taken from the second one's wait. */
static void
test_engine__begins_to_wait_when_it_speaks(void **state)
{
	struct session s;
	uint32_t now = 1000;
	char out[30];

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	s.setup.wait_s = waits;
	assert_int_equal(smtp_engine_due_ms(s.e, now), now + 11000);
	hear(&s, "220 mx\r\n");
	said(&s);
	assert_int_equal(smtp_engine_due_ms(s.e, now), now + 22000);
	hear(&s, "250-mx\r\n250 PIPELINING\r\n");
	smtp_engine_due_ms(s.e, now);
	now += 1000000;
	send_mail(&s, 2);
	smtp_engine_take(s.e, out, sizeof out);
	assert_int_equal(smtp_engine_due_ms(s.e, now), now + 33000);
	/* What else leaves in the flight does not put it off. */
	now += 20000;
	said(&s);
	assert_int_equal(smtp_engine_due_ms(s.e, now), now + 13000);
	/* Each reply begins the wait for the next. */
	hear(&s, "250 ok\r\n");
	assert_int_equal(smtp_engine_due_ms(s.e, now), now + 33000);
	now += 30000;
	hear(&s, "250 ok\r\n");
	assert_int_equal(smtp_engine_due_ms(s.e, now), now + 33000);
	now += 30000;
	hear(&s, "250 ok\r\n");
	assert_int_equal(smtp_engine_due_ms(s.e, now), now + 44000);
	proves("R5321-4.5.3.2-1 R5321-4.5.3.2.3-1");
}

static void
test_engine__times_each_block_of_content(void **state)
{
	struct session s;
	uint32_t now = 1000;
	char out[1000];

	(void)state;
	go_to(&s, AT_DATA);
	hear(&s, "354 go\r\n");
	/* Slow but steady: an hour of it, and no wait is longer than one. */
	for (int i = 0; i < 36; i++) {
		assert_int_equal(smtp_engine_want(s.e), SMTP_ENGINE_READ |
		    SMTP_ENGINE_CONTENT);
		smtp_engine_content(s.e, "Hello\r\n", 7);
		assert_int_equal(smtp_engine_take(s.e, out, sizeof out), 7);
#if SMTP_WITH_INSPECT
		assert_int_equal(smtp_engine_taken(s.e), SMTP_KIND_CONTENT);
#endif
		assert_int_equal(smtp_engine_due_ms(s.e, now), now + 180000);
		now += 100000;
	}
	/* Without progress the wait stays. */
	assert_int_equal(smtp_engine_due_ms(s.e, now), now - 100000 + 180000);
	/* The end mark begins the last one. */
	smtp_engine_content(s.e, NULL, 0);
	assert_int_equal(smtp_engine_take(s.e, out, 2), 2);
	assert_int_equal(smtp_engine_due_ms(s.e, now), now + 180000);
	assert_int_equal(smtp_engine_take(s.e, out, 2), 1);
	assert_int_equal(smtp_engine_due_ms(s.e, now), now + 600000);
	hear(&s, "250 ok\r\n");
	assert_ptr_equal(smtp_engine_result(s.e), &s.d);
	assert_int_equal(s.d.status, SMTP_OK);
	proves("R5321-4.5.3.2.5-1 R5321-4.5.3.2-1 R5321-4.5.3.2.6-2");
}

static void
test_engine__keeps_time_when_the_clock_wraps(void **state)
{
	struct session s;
	uint32_t now = UINT32_MAX - 500, due;

	(void)state;
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	due = smtp_engine_due_ms(s.e, now);
	assert_int_equal(due, (uint32_t)(now + 120000));
	assert_true((int32_t)(now - due) < 0);
	assert_true((int32_t)(now + 119999 - due) < 0);
	assert_true((int32_t)(now + 120000 - due) >= 0);
}

/*
 * Large numbers.
 */

/*
 * A server that takes `window` octets and answers none of them before it had
 * room to say what it owes: a client that only wrote, or only read, would
 * hang. Each RCPT is answered by its number.
 */
struct server {
	char owed[4096];         /* replies that the client did not read  */
	size_t owed_n;
	size_t commands;
	bool content;
};

static void
answer(struct server *v, const char *line, size_t n)
{
	const char *reply = "250 ok\r\n";

	v->commands++;
	if (n >= 4 && memcmp(line, "DATA", 4) == 0) {
		reply = "354 go\r\n";
		v->content = true;
	} else if (v->commands > 2 && v->commands % 7 == 0) {
		reply = "550 5.1.1 no\r\n";
	}
	assert_true(v->owed_n + strlen(reply) <= sizeof v->owed);
	memcpy(v->owed + v->owed_n, reply, strlen(reply));
	v->owed_n += strlen(reply);
}

static void
test_engine__has_no_limit_of_recipients(void **state)
{
	enum { MANY = 10000 };
	static struct smtp_rcpt rcpts[MANY];
	static struct server v;
	char line[100];
	size_t line_n = 0, turns = 0, i;
	struct session s;

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	memset(&v, 0, sizeof v);
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250-mx\r\n250 PIPELINING\r\n");
	s.d.from = "a@x.example";
	s.d.rcpts = rcpts;
	s.d.rcpt_count = MANY;
	for (i = 0; i < MANY; i++) {
		rcpts[i].address = "b@y.example";
		rcpts[i].status = SMTP_RCPT_PENDING;
	}
	assert_int_equal(smtp_engine_send(s.e, &s.d), SMTP_OK);
	/* The server reads only while there is room for what it says. */
	while (!v.content) {
		unsigned want = smtp_engine_want(s.e);

		assert_true(++turns < 10000000);
		assert_true(want & SMTP_ENGINE_READ);
		if (v.owed_n + 20 > sizeof v.owed) {
			size_t used = smtp_engine_feed(s.e, v.owed, v.owed_n);

			memmove(v.owed, v.owed + used, v.owed_n - used);
			v.owed_n -= used;
		} else {
			assert_true(want & SMTP_ENGINE_WRITE);
			assert_int_equal(smtp_engine_take(s.e, line + line_n,
			    1), 1);
			if (line[line_n++] == '\n') {
				answer(&v, line, line_n);
				line_n = 0;
			}
			assert_true(line_n < sizeof line);
		}
	}
	assert_int_equal(v.commands, MANY + 2);
	assert_int_equal(smtp_engine_want(s.e), SMTP_ENGINE_READ);
	while (v.owed_n > 0) {
		size_t used = smtp_engine_feed(s.e, v.owed, v.owed_n);

		memmove(v.owed, v.owed + used, v.owed_n - used);
		v.owed_n -= used;
	}
	assert_string_equal(said(&s), "Hello\r\n.\r\n");
	hear(&s, "250 ok\r\n");
	assert_ptr_equal(smtp_engine_result(s.e), &s.d);
	assert_int_equal(s.d.status, SMTP_E_PARTIAL);
	for (i = 0; i < MANY; i++)
		assert_int_equal(rcpts[i].status, (i + 2) % 7 == 0 &&
		    i + 2 > 2 ? SMTP_E_REFUSED : SMTP_OK);
	proves("R2920-3.1-6 R5321-4.5.3.1-1 LIB-C-5 R5321-4.5.4.1-1");
}

/* Content far larger than any memory here goes through as it came. */
static void
test_engine__streams_content(void **state)
{
	static char block[64 * 80];
	char out[128];
	const size_t blocks = 2000;
	size_t total = 0, given = 0, n;
	struct session s;

	(void)state;
	for (n = 0; n < sizeof block; n++)
		block[n] = n % 80 == 78 ? '\r' : n % 80 == 79 ? '\n' : 'x';
	go_to(&s, AT_DATA);
	hear(&s, "354 go\r\n");
	for (;;) {
		unsigned want = smtp_engine_want(s.e);

		if (want & SMTP_ENGINE_CONTENT)
			smtp_engine_content(s.e, block, given++ < blocks ?
			    sizeof block : 0);
		else if (want & SMTP_ENGINE_WRITE)
			total += smtp_engine_take(s.e, out, sizeof out);
		else
			break;
	}
	assert_int_equal(total, blocks * sizeof block + 3);
	hear(&s, "250 ok\r\n");
	assert_ptr_equal(smtp_engine_result(s.e), &s.d);
	assert_int_equal(s.d.status, SMTP_OK);
	proves("LIB-F-7");
}

/*
 * Recipients that are decided already are left alone.
 */
#if SMTP_WITH_PIPELINING && SMTP_WITH_REUSE && SMTP_WITH_INSPECT
/* Content and commands never leave in one piece: a trace tells them apart. */
static void
test_engine__says_one_kind_at_a_time(void **state)
{
	static struct smtp_rcpt rcpt = { .address = "b@y.example" };
	struct smtp_delivery next = {
		.from = "c@x.example", .rcpts = &rcpt, .rcpt_count = 1
	};
	struct session s;
	char out[1000];
	size_t n;

	(void)state;
	rcpt.status = SMTP_RCPT_PENDING;
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250-mx\r\n250 PIPELINING\r\n");
	send_mail(&s, 2);
	assert_int_equal(smtp_engine_send(s.e, &next), SMTP_OK);
	/* As many commands as there is room for, and not an octet more. */
	memset(out, '#', sizeof out);
	n = smtp_engine_take(s.e, out, 60);
	assert_int_equal(n, 60);
	assert_int_equal(out[60], '#');
	assert_int_equal(smtp_engine_taken(s.e), SMTP_KIND_COMMAND);
	n += smtp_engine_take(s.e, out + n, sizeof out - n);
	assert_memory_equal(out, "MAIL FROM:<a@x.example>\r\n"
	    "RCPT TO:<b@y.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n", n);
	hear(&s, "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
	smtp_engine_content(s.e, "Hello\r\n", 7);
	assert_int_equal(smtp_engine_take(s.e, out, sizeof out), 7);
	smtp_engine_content(s.e, NULL, 0);
	assert_int_equal(smtp_engine_take(s.e, out, sizeof out), 3);
	assert_int_equal(smtp_engine_taken(s.e), SMTP_KIND_CONTENT);
	n = smtp_engine_take(s.e, out, sizeof out);
	assert_int_equal(smtp_engine_taken(s.e), SMTP_KIND_COMMAND);
	assert_memory_equal(out, "RSET\r\nMAIL FROM:<c@x.example>\r\n", 31);
	hear(&s, "250 ok\r\n");
	assert_ptr_equal(smtp_engine_result(s.e), &s.d);
	assert_int_equal(s.d.status, SMTP_OK);
}
#else
CASE_LEFT_OUT(test_engine__says_one_kind_at_a_time,
    "SMTP_WITH_PIPELINING && SMTP_WITH_REUSE && SMTP_WITH_INSPECT")
#endif

static void
test_engine__addresses_only_who_is_pending(void **state)
{
	struct session s;

	(void)state;
	needs(SMTP_WITH_PIPELINING);
	begin(&s, SMTP_ENGINE_PLAINTEXT, false);
	hear(&s, "220 mx\r\n");
	said(&s);
	hear(&s, "250-mx\r\n250 PIPELINING\r\n");
	send_mail(&s, 3);
	assert_string_equal(said(&s), "MAIL FROM:<a@x.example>\r\n"
	    "RCPT TO:<b@y.example>\r\nRCPT TO:<b@y.example>\r\n"
	    "RCPT TO:<b@y.example>\r\nDATA\r\n");
	hear(&s, "250 ok\r\n250 ok\r\n450 later\r\n250 ok\r\n354 go\r\n");
	said(&s);
	hear(&s, "250 ok\r\n");
	assert_ptr_equal(smtp_engine_result(s.e), &s.d);
	assert_int_equal(s.d.status, SMTP_E_PARTIAL);
	s.rcpts[1].status = SMTP_RCPT_PENDING;
	assert_int_equal(smtp_engine_send(s.e, &s.d), SMTP_OK);
	assert_string_equal(said(&s), "MAIL FROM:<a@x.example>\r\n"
	    "RCPT TO:<b@y.example>\r\nDATA\r\n");
	hear(&s, "250 ok\r\n250 ok\r\n354 go\r\n");
	said(&s);
	hear(&s, "250 again\r\n");
	assert_ptr_equal(smtp_engine_result(s.e), &s.d);
	assert_int_equal(s.d.status, SMTP_OK);
	assert_int_equal(smtp_engine_send(s.e, &s.d), SMTP_E_ARGUMENT);
	assert_string_equal(said(&s), "");
}

/*
 * Two sessions side by side, an octet of each in turn: what one hears does
 * not touch the other.
 */
static void
test_engine__shares_nothing(void **state)
{
	static const char *const replies[2][5] = {
		{ "220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n",
		    "354 go\r\n" },
		{ "220 mx\r\n", "250-mx\r\n250 SIZE 9\r\n", "450 later\r\n",
		    "", "" }
	};
	struct session s[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		begin(&s[i], SMTP_ENGINE_PLAINTEXT, false);
	for (size_t step = 0; step < 5; step++) {
		size_t n[2] = {
			strlen(replies[0][step]), strlen(replies[1][step])
		};

		for (size_t at = 0; at < n[0] || at < n[1]; at++)
			for (int i = 0; i < 2; i++)
				if (at < n[i])
					smtp_engine_feed(s[i].e,
					    &replies[i][step][at], 1);
		for (int i = 0; i < 2; i++) {
			if (step == 1)
				assert_int_equal(send_mail(&s[i], 1), SMTP_OK);
			said(&s[i]);
		}
	}
	hear(&s[0], "250 ok\r\n");
	assert_ptr_equal(smtp_engine_result(s[0].e), &s[0].d);
	assert_int_equal(s[0].d.status, SMTP_OK);
#if SMTP_WITH_INSPECT && SMTP_WITH_SIZE
	assert_int_equal(smtp_engine_size_limit(s[0].e), 0);
	assert_int_equal(smtp_engine_size_limit(s[1].e), 9);
#endif
	assert_ptr_equal(smtp_engine_result(s[1].e), &s[1].d);
	assert_int_equal(s[1].d.status, SMTP_E_LATER);
}

/*
 * Nonsense without end: replies put together by chance, in pieces of any
 * size. Whatever comes, the session goes on or is over; it never says DATA or
 * a secret out of turn, never delivers without a 2yz, and never spins.
 */

static uint32_t chance = 1;

static size_t
dice(size_t sides)
{
	chance = chance * UINT32_C(1103515245) + 12345;
	return (chance >> 8) % sides;
}

static size_t
nonsense(char *p, size_t room)
{
	static const char *const words[] = {
		"220 mx\r\n", "250 ok\r\n", "250-mx\r\n250 PIPELINING\r\n",
		"250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n",
		"354 go\r\n", "334 QUFB\r\n", "334 \r\n",
		"235 in\r\n", "421 bye\r\n", "450 later\r\n",
		"550 5.1.1 no\r\n", "503 no\r\n", "250-", "250 ", "\r\n",
		"\r", "\n", "2", "\0\0", "\xff", "5.1.1 ", "AUTH=",
		"250-AUTH=", "999 x\r\n", "552 5.3.4 x\r\n", "504 no\r\n",
	};
	size_t n = 0, i, times = 1 + dice(6);

	for (i = 0; i < times; i++) {
		/* Mostly sensible ones, or the greeting would be the end. */
		const char *w = words[dice(dice(4) > 0 ? 12 : COUNT(words))];
		size_t k = *w == '\0' ? 2 : strlen(w);

		if (n + k > room)
			break;
		memcpy(p + n, w, k);
		n += k;
	}
	return n;
}

static void
drive(struct session *s, bool *answered)
{
	char in[600], out[40], *exact;
	size_t n, at, used, k, turns;

	for (turns = 0; turns < 40; turns++) {
		unsigned want;

		for (k = 0; k < 1000; k++) {
			want = smtp_engine_want(s->e);
			if (want & SMTP_ENGINE_CONTENT)
				smtp_engine_content(s->e, "Hello\r\n.\r\n",
				    dice(3) * 5);
			else if (want & SMTP_ENGINE_TLS)
				smtp_engine_secured(s->e);
			else if (!(want & SMTP_ENGINE_WRITE) ||
			    dice(20) == 0)
				break;
			else
				smtp_engine_take(s->e, out,
				    1 + dice(sizeof out));
			smtp_engine_due_ms(s->e, (uint32_t)k);
		}
		assert_true(k < 1000);
		if (want & SMTP_ENGINE_RESULT)
			smtp_engine_result(s->e);
		if (want & SMTP_ENGINE_DONE)
			return;
		if (want & SMTP_ENGINE_READY) {
			if (dice(3) == 0)
				smtp_engine_auth(s->e, &s->credentials);
			else if (s->d.status <= 0 && s->d.next == NULL)
				send_mail(s, 1 + dice(3));
		}
		n = nonsense(in, sizeof in);
		exact = malloc(n);
		memcpy(exact, in, n);
		for (at = 0; at < n; at += used) {
#if SMTP_WITH_INSPECT && SMTP_WITH_TEXT
			struct smtp_reply r;
			int phase = smtp_engine_phase(s->e);

#endif
			k = 1 + dice(n - at);
			used = smtp_engine_feed(s->e, exact + at, k);
			assert_true(used > 0 && used <= k);
#if SMTP_WITH_INSPECT && SMTP_WITH_TEXT
			if (smtp_engine_reply(s->e, &r) && r.code / 100 == 2 &&
			    phase == SMTP_PHASE_FINAL)
#endif
				*answered = true;
		}
		free(exact);
	}
	smtp_engine_lost(s->e, SMTP_E_CLOSED);
	smtp_engine_result(s->e);
	assert_int_equal(smtp_engine_want(s->e), SMTP_ENGINE_DONE);
}

static void
test_engine__survives_nonsense(void **state)
{
	(void)state;
	needs(SMTP_WITH_PLAINTEXT);
	for (int i = 0; i < 20000; i++) {
		struct session s;
		bool answered = false;

		begin(&s, (int)dice(4), dice(4) == 0);
		s.credentials.user = "u";
		s.credentials.password = "p";
		s.setup.insecure_auth = (uint8_t)dice(2);
		drive(&s, &answered);
		for (size_t k = 0; k < s.d.rcpt_count; k++) {
			assert_true(s.rcpts[k].status <= 0);
			if (s.rcpts[k].status == SMTP_OK)
				assert_true(answered);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engine__wants_enough_aligned_memory),
		cmocka_unit_test(test_engine__lives_in_just_that_memory),
		cmocka_unit_test(test_engine__refuses_no_name),
		cmocka_unit_test(test_engine__takes_a_large_arena),
		cmocka_unit_test(test_engine__refuses_a_mail_without_addresses),
		cmocka_unit_test(test_engine__says_a_long_command_whole),
		cmocka_unit_test(test_engine__wants_no_piece_for_nobody),
		cmocka_unit_test(
		    test_engine__marks_as_too_large_only_who_was_to_get_it),
		cmocka_unit_test(test_engine__has_no_steps_for_any_certificate),
		cmocka_unit_test(test_engine__keeps_a_response_whatever_comes),
		cmocka_unit_test(test_engine__ignores_what_was_not_wanted),
		cmocka_unit_test(test_engine__puts_a_delivery_last),
		cmocka_unit_test(test_engine__tells_the_phase_of_what_it_says),
		cmocka_unit_test(test_engine__tells_a_goodbye_of_no_phase),
		cmocka_unit_test(test_engine__takes_no_content_behind_its_end),
		cmocka_unit_test(
		    test_engine__takes_no_content_in_the_middle_of_it),
		cmocka_unit_test(test_engine__cannot_fail_a_chunk_that_it_has),
		cmocka_unit_test(test_engine__repeats_its_failure),
		cmocka_unit_test(
		    test_engine__knows_every_code_by_its_first_digit),
		cmocka_unit_test(test_engine__times_out_a_reply_that_trickles),
		cmocka_unit_test(test_engine__begins_to_wait_when_it_speaks),
		cmocka_unit_test(test_engine__times_each_block_of_content),
		cmocka_unit_test(test_engine__keeps_time_when_the_clock_wraps),
		cmocka_unit_test(test_engine__has_no_limit_of_recipients),
		cmocka_unit_test(test_engine__streams_content),
		cmocka_unit_test(test_engine__says_one_kind_at_a_time),
		cmocka_unit_test(test_engine__addresses_only_who_is_pending),
		cmocka_unit_test(test_engine__shares_nothing),
		cmocka_unit_test(test_engine__survives_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
