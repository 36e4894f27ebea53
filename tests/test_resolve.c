/* SPDX-License-Identifier: MIT */
/*
 * The system's resolver is played here: this getaddrinfo() stands in for the
 * one of the C library.
 */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include "net/net.h"
#include "net/resolve.h"
#include "support/ports.h"

/* ---- the resolver: what it answers, and whether it waits before */

static const char *answers[8];           /* addresses, to a NULL */
static int error_answer, family_asked;
static socklen_t extra;                  /* octets that no address has */
static atomic_bool held;
static atomic_int asked, ended;
static atomic_bool signals_open;

int
getaddrinfo(const char *name, const char *service,
    const struct addrinfo *hints, struct addrinfo **list)
{
	struct addrinfo **next = list;
	int error = error_answer;
	sigset_t now;

	atomic_fetch_add(&asked, 1);
	family_asked = hints->ai_family;
	assert_non_null(name);
	assert_int_equal(hints->ai_socktype, SOCK_STREAM);
	if (pthread_sigmask(SIG_SETMASK, NULL, &now) != 0 ||
	    !sigismember(&now, SIGALRM) || !sigismember(&now, SIGINT))
		atomic_store(&signals_open, true);
	while (atomic_load(&held))
		usleep(1000);
	*list = NULL;
	for (size_t i = 0; error == 0 && answers[i] != NULL; i++) {
		struct smtp__address at = port_address(answers[i],
		    (unsigned)strtoul(service, NULL, 10));
		struct smtp__address *copy = calloc(1, sizeof *copy);

		*next = calloc(1, sizeof **next);
		assert_non_null(*next);
		assert_non_null(copy);
		*copy = at;
		(*next)->ai_family = at.to.ss_family;
		(*next)->ai_addr = (struct sockaddr *)&copy->to;
		(*next)->ai_addrlen = at.n + (i == 0 ? extra : 0);
		next = &(*next)->ai_next;
	}
	atomic_fetch_add(&ended, 1);
	return error;
}

void
freeaddrinfo(struct addrinfo *list)
{
	while (list != NULL) {
		struct addrinfo *next = list->ai_next;

		free(list->ai_addr);
		free(list);
		list = next;
	}
}

static void
play(int error, const char *const *list)
{
	error_answer = error;
	memset(answers, 0, sizeof answers);
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		answers[i] = list[i];
	atomic_store(&held, false);
	atomic_store(&asked, 0);
	atomic_store(&ended, 0);
}

/* A lookup to its end, which the descriptor tells. */
static int
look_up(struct smtp__lookup **lookup, const struct smtp__address **list,
    size_t *n)
{
	int status;

	*lookup = smtp__lookup_start("mail.example.com", 587, 0, NULL);
	assert_non_null(*lookup);
	while ((status = smtp__lookup_step(*lookup, list, n)) > 0) {
		assert_int_equal(status, SMTP_WANT_READ);
		assert_int_equal(smtp__net_wait(smtp__lookup_fd(*lookup),
		    SMTP_WANT_READ, 10000), SMTP_WANT_READ);
	}
	return status;
}

/* ---- */

static const struct {
	const char *answer[8], *order[8];
} lists[] = {
	{ { "192.0.2.1" }, { "192.0.2.1" } },
	{ { "2001:db8::1" }, { "2001:db8::1" } },
	{ { "2001:db8::1", "192.0.2.1" }, { "2001:db8::1", "192.0.2.1" } },
	{ { "192.0.2.1", "2001:db8::1" }, { "192.0.2.1", "2001:db8::1" } },
	{ { "2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1",
	    "192.0.2.2" }, { "2001:db8::1", "192.0.2.1", "2001:db8::2",
	    "192.0.2.2", "2001:db8::3" } },
	{ { "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1" },
	    { "192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3" } },
	{ { "192.0.2.1", "192.0.2.2", "192.0.2.3" },
	    { "192.0.2.1", "192.0.2.2", "192.0.2.3" } }
};

static void
test_resolve__families_take_turns(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		struct smtp__lookup *lookup;
		const struct smtp__address *list = NULL;
		size_t n = 0;
		char text[64];

		play(0, lists[i].answer);
		assert_int_equal(look_up(&lookup, &list, &n), SMTP_OK);
		for (size_t k = 0; k < n; k++) {
			struct smtp__address want = port_address(
			    lists[i].order[k], 587);

			smtp__address_text(&list[k], text, sizeof text);
			assert_string_equal(text, lists[i].order[k]);
			assert_int_equal(list[k].n, want.n);
			assert_memory_equal(&list[k].to, &want.to, want.n);
		}
		assert_null(lists[i].order[n]);
		smtp__lookup_free(lookup);
	}
}

static void
test_resolve__failures_have_words(void **state)
{
	static const struct {
		int error, status;
		const char *words;
	} rows[] = {
		{ EAI_NONAME, SMTP_E_RESOLVE, "no such host name" },
		{ EAI_AGAIN, SMTP_E_RESOLVE,
		    "the name server does not answer; try again later" },
		{ EAI_FAIL, SMTP_E_RESOLVE, "the name server failed" },
		{ EAI_MEMORY, SMTP_E_MEMORY,
		    "no memory for the name lookup" },
		{ EAI_SYSTEM, SMTP_E_RESOLVE, "the name lookup failed" },
		{ EAI_FAMILY, SMTP_E_RESOLVE, "the name lookup failed" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__lookup *lookup;
		const struct smtp__address *list = NULL;
		size_t n = 0;

		play(rows[i].error, NULL);
		assert_int_equal(look_up(&lookup, &list, &n),
		    rows[i].status);
		assert_string_equal(smtp__lookup_words(lookup),
		    rows[i].words);
		assert_int_equal(n, 0);
		smtp__lookup_free(lookup);
	}
}

/* What is too long for any address is left out. */
static void
test_resolve__takes_addresses_of_the_net_alone(void **state)
{
	static const char *const two[] = { "192.0.2.1", "192.0.2.2", NULL };
	static const char *const one[] = { "192.0.2.1", NULL };
	static const struct {
		int family, asked;
	} rows[] = { { 0, AF_UNSPEC }, { 4, AF_INET }, { 6, AF_INET6 } };
	struct smtp__lookup *lookup;
	const struct smtp__address *list = NULL;
	size_t n = 0;
	char text[64];

	(void)state;
	extra = sizeof(struct sockaddr_storage);
	play(0, two);
	assert_int_equal(look_up(&lookup, &list, &n), SMTP_OK);
	assert_int_equal(n, 1);
	smtp__address_text(&list[0], text, sizeof text);
	assert_string_equal(text, "192.0.2.2");
	smtp__lookup_free(lookup);
	play(0, one);
	assert_int_equal(look_up(&lookup, &list, &n), SMTP_E_RESOLVE);
	assert_string_equal(smtp__lookup_words(lookup),
	    "the name has no address");
	smtp__lookup_free(lookup);
	extra = 0;
	for (size_t i = 0; i < COUNT(rows); i++) {
		play(0, one);
		lookup = smtp__lookup_start("mail.example.com", 25,
		    rows[i].family, NULL);
		while (smtp__lookup_step(lookup, &list, &n) > 0)
			usleep(1000);
		assert_int_equal(family_asked, rows[i].asked);
		smtp__lookup_free(lookup);
	}
}

/* ---- a resolver of the program's */

static void *
own_start(void *ctx, const char *name, int family)
{
	(void)name;
	(void)family;
	return ctx;
}

static int
own_step(void *handle, uint64_t *due_ms)
{
	(void)handle;
	(void)due_ms;
	return SMTP_OK;
}

/* One that never ends; some of it are no addresses. */
static const char *
own_address(void *handle, size_t i)
{
	(void)handle;
	assert_true(i < 1000);
	return i % 2 == 0 ? "192.0.2.1" : "mail.example.com";
}

static void
own_end(void *handle)
{
	(void)handle;
}

static void
test_resolve__takes_so_many_of_a_programs(void **state)
{
	int handle = 0;
	const struct smtp_resolver resolver = { own_start, own_step,
		own_address, NULL, own_end, &handle };
	const struct smtp__address *list = NULL;
	struct smtp__lookup *lookup = smtp__lookup_start("mail.example.com",
	    25, 0, &resolver);
	size_t n = 0;

	(void)state;
	assert_non_null(lookup);
	assert_int_equal(smtp__lookup_step(lookup, &list, &n), SMTP_OK);
	assert_int_equal(n, 32);
	smtp__lookup_free(lookup);
}

#if SMTP_WITH_THREADS
/*
 * The resolver hangs; nobody waits for it, and what it finds is freed. This
 * goes first, while no thread of another test can be closing a descriptor.
 */
static void
test_resolve__a_lookup_that_hangs_is_left_behind(void **state)
{
	static const char *const found[] = { "192.0.2.1", NULL };
	struct smtp__dial_plan plan = {
		.host = "mail.example.com",
		.port = 25,
		.resolve_ms = 10000,
		.connect_ms = 30000
	};
	struct smtp__dial *dial;
	struct smtp__lookup *lookup;
	const struct smtp__address *list;
	size_t n;
	int before = port_count_open();

	(void)state;
	play(0, found);
	atomic_store(&held, true);
	dial = smtp__dial_start(&plan, 0);
	assert_non_null(dial);
	assert_int_equal(smtp__dial_step(dial, 0),
	    SMTP_WANT_READ | SMTP_WANT_TIME);
	assert_int_equal(smtp__dial_due_ms(dial), 10000);
	assert_int_equal(smtp__net_wait(smtp__dial_fd(dial), SMTP_WANT_READ,
	    20), 0);
	assert_int_equal(smtp__dial_step(dial, 9999),
	    SMTP_WANT_READ | SMTP_WANT_TIME);
	assert_int_equal(smtp__dial_step(dial, 10000), SMTP_E_TIMEOUT);
	assert_int_equal(smtp__dial_phase(dial), SMTP_PHASE_RESOLVE);
	assert_string_equal(smtp__dial_error(dial),
	    "mail.example.com: name lookup: no answer in 10 s");
	assert_int_equal(smtp__dial_fd(dial), -1);
	smtp__dial_free(dial);

	lookup = smtp__lookup_start("mail.example.com", 25, 0, NULL);
	assert_non_null(lookup);
	assert_int_equal(smtp__lookup_step(lookup, &list, &n),
	    SMTP_WANT_READ);
	smtp__lookup_free(lookup);
	for (int i = 0; i < 1000 && atomic_load(&asked) < 2; i++)
		usleep(10000);
	assert_int_equal(atomic_load(&ended), 0);
	atomic_store(&held, false);
	for (int i = 0; i < 1000 && (atomic_load(&ended) < 2 ||
	    port_count_open() > before); i++)
		usleep(10000);
	assert_int_equal(atomic_load(&ended), 2);
	assert_int_equal(port_count_open(), before);
}

/* A handler of the program's never runs in the thread of a lookup. */
static void
test_resolve__signals_stay_with_the_program(void **state)
{
	static const char *const found[] = { "192.0.2.1", NULL };
	struct smtp__lookup *lookup;
	const struct smtp__address *list;
	sigset_t mask;
	size_t n;

	(void)state;
	play(0, found);
	atomic_store(&signals_open, false);
	assert_int_equal(look_up(&lookup, &list, &n), SMTP_OK);
	smtp__lookup_free(lookup);
	assert_false(atomic_load(&signals_open));
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	assert_false(sigismember(&mask, SIGALRM));
	assert_false(sigismember(&mask, SIGINT));
}
#else
CASE_LEFT_OUT(test_resolve__a_lookup_that_hangs_is_left_behind,
    "SMTP_WITH_THREADS")
CASE_LEFT_OUT(test_resolve__signals_stay_with_the_program, "SMTP_WITH_THREADS")
#endif

static void
test_resolve__localhost_asks_nobody(void **state)
{
	static const struct {
		const char *name;
		bool here;
	} rows[] = {
		{ "localhost", true },
		{ "LOCALHOST.", true },
		{ "mail.localhost", true },
		{ "localhost.example.com", false },
		{ "notlocalhost", false },
		{ "localhos", false },
		{ "", false }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__lookup *lookup;
		const struct smtp__address *list = NULL;
		size_t n = 0;
		char text[64];

		play(EAI_NONAME, NULL);
		lookup = smtp__lookup_start(rows[i].name, 587, 0, NULL);
		assert_non_null(lookup);
		while (smtp__lookup_step(lookup, &list, &n) > 0)
			usleep(1000);
		assert_int_equal(atomic_load(&asked), !rows[i].here);
		assert_int_equal(n, rows[i].here ? 2 : 0);
		if (rows[i].here) {
			smtp__address_text(&list[0], text, sizeof text);
			assert_string_equal(text, "::1");
			smtp__address_text(&list[1], text, sizeof text);
			assert_string_equal(text, "127.0.0.1");
		}
		smtp__lookup_free(lookup);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_resolve__a_lookup_that_hangs_is_left_behind),
		cmocka_unit_test(test_resolve__families_take_turns),
		cmocka_unit_test(test_resolve__failures_have_words),
		cmocka_unit_test(
		    test_resolve__takes_addresses_of_the_net_alone),
		cmocka_unit_test(test_resolve__takes_so_many_of_a_programs),
		cmocka_unit_test(test_resolve__signals_stay_with_the_program),
		cmocka_unit_test(test_resolve__localhost_asks_nobody)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
