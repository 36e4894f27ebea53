/* SPDX-License-Identifier: MIT */
/* Name lookup by c-ares, against a name server of the test's own. */
#include "check.h"

#include <smtp/smtp.h>

#if SMTP_WITH_CARES

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/wait.h>

#include "net/net.h"
#include "net/resolve.h"
#include "support/ports.h"

/* ---- the name server: one datagram after the other */

struct names {
	pid_t pid;
	char address[32];        /* "127.0.0.1:5353" */
};

/* A record that answers the question, whose name stands at octet 12. */
static size_t
record(unsigned char *p, unsigned type, const char *ip)
{
	static const unsigned char head[] = { 0xC0, 12, 0, 0, 0, 1, 0, 0, 0,
		60, 0, 0 };

	memcpy(p, head, sizeof head);
	p[3] = (unsigned char)type;
	p[11] = type == 1 ? 4 : 16;
	if (inet_pton(type == 1 ? AF_INET : AF_INET6, ip, p + 12) != 1)
		_exit(1);
	return sizeof head + p[11];
}

static _Noreturn void
answer(int fd)
{
	unsigned char p[1024];
	struct sockaddr_in from;
	socklen_t from_n = sizeof from;
	ssize_t got;

	while ((got = recvfrom(fd, p, 512, 0, (struct sockaddr *)&from,
	    &from_n)) > 12) {
		size_t end = 12, n;
		unsigned type;

		while (p[end] != 0)
			end += 1u + p[end];
		end += 5;
		type = p[end - 3];
		n = end;
		p[2] = 0x81;
		p[3] = 0x80;
		memset(p + 6, 0, 6);
		if (memcmp(p + 12, "\6silent", 7) == 0)
			continue;
		if (memcmp(p + 12, "\4none", 5) == 0) {
			p[3] |= 3;
		} else if (memcmp(p + 12, "\2mx", 3) == 0 && type == 1) {
			p[7] = 2;
			n += record(p + n, 1, "127.0.0.1");
			n += record(p + n, 1, "127.0.0.2");
		} else if (memcmp(p + 12, "\2mx", 3) == 0 && type == 28) {
			p[7] = 1;
			n += record(p + n, 28, "::1");
		} else if (memcmp(p + 12, "\3six", 4) == 0 && type == 28) {
			p[7] = 1;
			n += record(p + n, 28, "::1");
		}
		(void)sendto(fd, p, n, 0, (struct sockaddr *)&from, from_n);
		from_n = sizeof from;
	}
	_exit(0);
}

static void
names_start(struct names *names)
{
	struct smtp__address at = port_address("127.0.0.1", 0);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at.to, at.n), 0);
	(void)snprintf(names->address, sizeof names->address, "127.0.0.1:%u",
	    port_of(fd));
	names->pid = fork();
	assert_true(names->pid >= 0);
	if (names->pid == 0) {
		(void)alarm(60);
		answer(fd);
	}
	close(fd);
}

static void
names_stop(const struct names *names)
{
	(void)kill(names->pid, SIGKILL);
	assert_int_equal(waitpid(names->pid, NULL, 0), names->pid);
}

/* ---- lookups */

/* To its end or 2 s, without a step that waits; all addresses in `text`. */
static int
look_up(const struct names *names, const char *host, int family, char *text)
{
	struct smtp_resolver resolver = smtp__resolver_cares;
	struct smtp__lookup *lookup;
	const struct smtp__address *list = NULL;
	uint64_t begin = smtp__net_now_ms();
	size_t n = 0;
	int rc;

	resolver.ctx = (void *)names->address;
	lookup = smtp__lookup_start(host, 25, family, &resolver);
	assert_non_null(lookup);
	text[0] = '\0';
	while ((rc = smtp__lookup_step(lookup, &list, &n)) > 0) {
		uint64_t now = smtp__net_now_ms();
		uint64_t due = smtp__lookup_due_ms(lookup);

		if (now - begin > 2000)
			break;
		assert_true(smtp__lookup_fd(lookup) >= 0);
		assert_true(due > now && due != UINT64_MAX);
		(void)smtp__net_wait(smtp__lookup_fd(lookup), rc,
		    due - now < 500 ? due - now : 500);
		now = smtp__net_now_ms();
	}
	for (size_t i = 0; rc == SMTP_OK && i < n; i++) {
		char ip[64];

		smtp__address_text(&list[i], ip, sizeof ip);
		strncat(text, ip, 100);
		strncat(text, " ", 2);
	}
	smtp__lookup_free(lookup);
	return rc;
}

static const struct row {
	const char *host;
	int family, rc;
	const char *addresses;   /* of one family in this order */
	size_t n;
} rows[] = {
	{ "mx.example", 4, SMTP_OK, "127.0.0.1", 20 },
	{ "mx.example", 6, SMTP_OK, "::1 ", 4 },
	{ "mx.example", 0, SMTP_OK, "::1 ", 24 },
	{ "six.example", 0, SMTP_OK, "::1 ", 4 },
	{ "six.example", 4, SMTP_E_RESOLVE, "", 0 },
	{ "none.example", 0, SMTP_E_RESOLVE, "", 0 },
	{ "silent.example", 0, SMTP_WANT_READ, "", 0 },
};

static void
test_cares__looks_names_up_without_a_thread(void **state)
{
	struct names names;

	(void)state;
	names_start(&names);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[1024];
		int rc = look_up(&names, rows[i].host, rows[i].family, text);

		if (rc != rows[i].rc || strlen(text) != rows[i].n ||
		    strstr(text, rows[i].addresses) == NULL)
			fail_msg("row %zu: %d: %s", i, rc, text);
	}
	names_stop(&names);
}

/* At any moment, and every descriptor is closed. */
static void
test_cares__may_be_left_at_any_moment(void **state)
{
	struct smtp_resolver resolver = smtp__resolver_cares;
	struct names names;
	int before;

	(void)state;
	names_start(&names);
	resolver.ctx = names.address;
	before = port_count_open();
	for (int steps = 0; steps < 8; steps++) {
		struct smtp__lookup *lookup = smtp__lookup_start(
		    "mx.example", 25, 0, &resolver);
		const struct smtp__address *list;
		size_t n;

		for (int i = 0; i < steps; i++)
			if (smtp__lookup_step(lookup, &list, &n) <= 0)
				break;
		smtp__lookup_free(lookup);
	}
	assert_int_equal(port_count_open(), before);
	names_stop(&names);
}

static void
test_cares__is_what_a_session_uses(void **state)
{
	(void)state;
	assert_non_null(strstr(smtp_features(), " c-ares"));
}

#else

static void
test_cares__is_there_on_demand_only(void **state)
{
	(void)state;
	assert_null(strstr(smtp_features(), "c-ares"));
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
#if SMTP_WITH_CARES
		cmocka_unit_test(test_cares__looks_names_up_without_a_thread),
		cmocka_unit_test(test_cares__may_be_left_at_any_moment),
		cmocka_unit_test(test_cares__is_what_a_session_uses),
#else
		cmocka_unit_test(test_cares__is_there_on_demand_only),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
