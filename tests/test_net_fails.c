/* SPDX-License-Identifier: MIT */
/*
 * What a system seldom answers: the n-th call of a function fails with an
 * error, or says what a test wants it to say. The functions are called as
 * __wrap_NAME for NAME, which the linker arranges (see the Makefile).
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <smtp/dkim.h>
#include <smtp/pool.h>

#include "net/net.h"
#include "net/resolve.h"
#include "support/ports.h"
#include "support/session.h"
#include "support/starve.h"

/* ---- the n-th call of a function fails */

struct fault {
	const char *name;
	long after, times;       /* so many calls pass, then so many fail   */
	int error;               /* an errno; 0: it says what it ought not  */
};

static struct fault armed[4];
static unsigned hits;

static bool
fails(const char *name, int *error)
{
	for (size_t i = 0; i < COUNT(armed); i++) {
		struct fault *f = &armed[i];

		if (f->name == NULL || strcmp(f->name, name) != 0 ||
		    f->after-- > 0 || f->times <= 0)
			continue;
		f->times--;
		hits++;
		*error = f->error;
		return true;
	}
	return false;
}

static void
arm(const struct fault *faults, size_t n)
{
	memset(armed, 0, sizeof armed);
	memcpy(armed, faults, n * sizeof *faults);
	hits = 0;
}

static void
arm_one(const char *name, int error)
{
	const struct fault fault = { name, 0, 1, error };

	arm(&fault, 1);
}

static void
disarm(void)
{
	memset(armed, 0, sizeof armed);
	hits = 0;
}

#define WRAP(name, declared, passed) \
	int __real_ ## name declared; \
	int __wrap_ ## name declared; \
	int __wrap_ ## name declared \
	{ \
		int error; \
	\
		return fails(#name, &error) ? error : \
		    __real_ ## name passed; \
	}
/* The same for one that leaves its error in errno. */
#define WRAP_ERRNO(type, name, declared, passed) \
	type __real_ ## name declared; \
	type __wrap_ ## name declared; \
	type __wrap_ ## name declared \
	{ \
		int error; \
	\
		if (!fails(#name, &error)) \
			return __real_ ## name passed; \
		errno = error; \
		return error == 0 ? 0 : -1; \
	}

WRAP(pthread_attr_init, (pthread_attr_t *attr), (attr))
WRAP(pthread_attr_setdetachstate, (pthread_attr_t *attr, int how),
    (attr, how))
WRAP(pthread_sigmask, (int how, const sigset_t *now, sigset_t *before),
    (how, now, before))
WRAP(pthread_mutex_init, (pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr), (mutex, attr))
WRAP(pthread_condattr_init, (pthread_condattr_t *attr), (attr))
WRAP(pthread_condattr_setclock, (pthread_condattr_t *attr, clockid_t clock),
    (attr, clock))
WRAP(pthread_cond_init, (pthread_cond_t *cond,
    const pthread_condattr_t *attr), (cond, attr))

/* The first that waits is the last that goes on. */
static bool slow_first;

int
__real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
    const struct timespec *until);
int
__wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
    const struct timespec *until);
int
__wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
    const struct timespec *until)
{
	bool slow = slow_first;
	int rc;

	slow_first = false;
	rc = __real_pthread_cond_timedwait(cond, mutex, until);
	if (slow) {
		(void)pthread_mutex_unlock(mutex);
		(void)usleep(200000);
		(void)pthread_mutex_lock(mutex);
	}
	return rc;
}

WRAP_ERRNO(int, getentropy, (void *p, size_t n), (p, n))
WRAP_ERRNO(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n))
WRAP_ERRNO(ssize_t, recv, (int fd, void *p, size_t n, int flags),
    (fd, p, n, flags))
WRAP_ERRNO(ssize_t, send, (int fd, const void *p, size_t n, int flags),
    (fd, p, n, flags))

/* What failed with EINPROGRESS never answers. */
static bool silent[1024];

int
__real_connect(int fd, const struct sockaddr *to, socklen_t n);
int
__wrap_connect(int fd, const struct sockaddr *to, socklen_t n);
int
__wrap_connect(int fd, const struct sockaddr *to, socklen_t n)
{
	int error;

	assert_in_range(fd, 0, COUNT(silent) - 1);
	silent[fd] = false;
	if (!fails("connect", &error))
		return __real_connect(fd, to, n);
	if (error == EINPROGRESS)
		silent[fd] = true;
	errno = error;
	return -1;
}

int
__real_poll(struct pollfd *p, nfds_t n, int ms);
int
__wrap_poll(struct pollfd *p, nfds_t n, int ms);
int
__wrap_poll(struct pollfd *p, nfds_t n, int ms)
{
	int error;

	if (fails("poll", &error)) {
		errno = error;
		return error == 0 ? 0 : -1;
	}
	return n > 0 && p->fd >= 0 && silent[p->fd] ? 0 :
	    __real_poll(p, n, ms);
}

int
__real_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, ...)
{
	int error;

	if (!fails("open", &error))
		return __real_open(path, flags);
	errno = error;
	return -1;
}

struct tm *
__real_localtime_r(const time_t *at, struct tm *tm);
struct tm *
__wrap_localtime_r(const time_t *at, struct tm *tm);
struct tm *
__wrap_localtime_r(const time_t *at, struct tm *tm)
{
	int error;

	return fails("localtime_r", &error) ? NULL :
	    __real_localtime_r(at, tm);
}

struct tm *
__real_gmtime_r(const time_t *at, struct tm *tm);
struct tm *
__wrap_gmtime_r(const time_t *at, struct tm *tm);
struct tm *
__wrap_gmtime_r(const time_t *at, struct tm *tm)
{
	int error;

	return fails("gmtime_r", &error) ? NULL : __real_gmtime_r(at, tm);
}

static time_t today;

time_t
__real_time(time_t *at);
time_t
__wrap_time(time_t *at);
time_t
__wrap_time(time_t *at)
{
	return today != 0 ? today : __real_time(at);
}

static time_t ahead;                     /* the other clock             */

int
__real_clock_gettime(clockid_t clock, struct timespec *now);
int
__wrap_clock_gettime(clockid_t clock, struct timespec *now);
int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = __real_clock_gettime(clock, now);

	now->tv_sec += ahead;
	return rc;
}

static struct smtp__address named;       /* n 0: the real one */

int
__real_getsockname(int fd, struct sockaddr *to, socklen_t *n);
int
__wrap_getsockname(int fd, struct sockaddr *to, socklen_t *n);
int
__wrap_getsockname(int fd, struct sockaddr *to, socklen_t *n)
{
	if (named.n == 0)
		return __real_getsockname(fd, to, n);
	memcpy(to, &named.to, named.n);
	*n = named.n;
	return 0;
}

/* ---- random octets */

static void
test_net_fails__random_octets_come_from_the_device_too(void **state)
{
	static const struct {
		const char *what;
		struct fault faults[3];
		bool good;
	} rows[] = {
		{ "no call", { { "getentropy", 0, 9, ENOSYS } }, true },
		{ "from the second block", { { "getentropy", 1, 9, ENOSYS } },
		    true },
		{ "interrupted", { { "getentropy", 0, 9, ENOSYS },
		    { "read", 0, 2, EINTR } }, true },
		{ "no device", { { "getentropy", 0, 9, ENOSYS },
		    { "open", 0, 1, ENOENT } }, false },
		{ "the device ends", { { "getentropy", 0, 9, ENOSYS },
		    { "read", 0, 1, 0 } }, false },
		{ "the device fails", { { "getentropy", 0, 9, ENOSYS },
		    { "read", 0, 1, EIO } }, false }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned char a[600], b[sizeof a];
		int before = port_count_open();
		bool good;

		memset(a, 0, sizeof a);
		memset(b, 0, sizeof b);
		arm(rows[i].faults, COUNT(rows[i].faults));
		good = smtp__net_random(a, sizeof a);
		assert_true(hits > 0);
		arm(rows[i].faults, COUNT(rows[i].faults));
		if (good != rows[i].good || smtp__net_random(b, sizeof b) !=
		    good)
			fail_msg("%s: %d", rows[i].what, good);
		disarm();
		for (size_t k = 0; good && k < sizeof a; k += 100)
			assert_memory_not_equal(a + k, b + k, 100);
		assert_int_equal(port_count_open(), before);
	}
}

/* No system, no random octets: nothing is said that needs some. */
static const struct fault no_random[] = {
	{ "getentropy", 0, 99, ENOSYS }, { "open", 0, 99, ENOENT }
};

static void
test_net_fails__without_random_octets_scram_says_nothing(void **state)
{
	needs(SMTP_WITH_SCRAM);
	struct server *s = server_start("--tls", "none", "--auth",
	    "SCRAM-SHA-256", NULL);
	struct smtp *smtp = plain_session(s);

	(void)state;
	arm(no_random, COUNT(no_random));
	expect_rc("auth", smtp, smtp_auth(smtp, USER, PASSWORD),
	    SMTP_E_AUTH);
	assert_true(hits > 0);
	disarm();
	smtp_close(smtp);
	assert_false(server_heard_line(s, "AUTH"));
	server_stop(s);
}

/* A mail of a window gets no name that another may have. */
static void
test_net_fails__without_random_octets_a_mail_has_no_name(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp *smtp = plain_session(s);

	(void)state;
	for (int put = 0; put < 2; put++) {
		struct smtp_message *m = smtp_message_new(), *taken;
		int rc;

		(void)smtp_message_set_from(m, "a@example.com");
		(void)smtp_message_add_to(m, "b@example.com");
		(void)smtp_message_set_text(m, "x\n");
		arm(no_random, COUNT(no_random));
		if (put) {
			assert_int_equal(smtp_put(smtp, m), SMTP_OK);
			rc = smtp_take(smtp, &taken);
			assert_ptr_equal(taken, m);
		} else {
			rc = smtp_send(smtp, m);
		}
		assert_true(hits > 0);
		disarm();
		expect_rc("no random octets", smtp, rc, SMTP_E_UNSUPPORTED);
		smtp_message_free(m);
	}
	smtp_close(smtp);
	assert_int_equal(server_mails(s), 0);
	assert_false(server_heard_line(s, "MAIL"));
	server_stop(s);
}

/* ---- the date */

static void
test_net_fails__the_zone_spans_a_year(void **state)
{
	static const struct {
		const char *zone;
		time_t at;
		int minutes;
	} rows[] = {
		{ "XXX-1", 1798759800, 60 },     /* 2026-12-31 23:30 */
		{ "XXX+1", 1798763400, -60 },    /* 2027-01-01 00:30 */
		{ "XXX-14", 1798715400, 840 },
		{ "XXX-1", 1798756200, 60 }      /* 2026-12-31 22:30 */
	};
	int zone;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(setenv("TZ", rows[i].zone, 1), 0);
		tzset();
		today = rows[i].at;
		assert_true(smtp__net_wall_clock(&zone) == rows[i].at);
		assert_int_equal(zone, rows[i].minutes);
		/* without a calendar the second is known all the same */
		arm_one("localtime_r", 0);
		assert_true(smtp__net_wall_clock(&zone) == rows[i].at);
		assert_int_equal(zone, 0);
		arm_one("gmtime_r", 0);
		assert_true(smtp__net_wall_clock(&zone) == rows[i].at);
		assert_int_equal(zone, 0);
		disarm();
	}
	today = 0;
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

#if SMTP_WITH_DKIM
static int
sign(void *ctx, const unsigned char digest[32], unsigned char *signature,
    size_t *n)
{
	(void)ctx;
	memcpy(signature, digest, 32);
	*n = 32;
	return 0;
}

/* A signature without a date is better than one of 1970. */
static void
test_net_fails__without_a_clock_a_signature_has_no_time(void **state)
{
	static const char raw[] = "From: a@x.example\n\nx\n";
	static const time_t days[] = { 1798759800, -1 };

	(void)state;
	for (size_t i = 0; i < COUNT(days); i++) {
		struct smtp_dkim *dkim = smtp_dkim_new("x.example", "s");
		struct smtp_message *m = smtp_message_new();
		FILE *file = tmpfile();
		char text[2000];
		size_t n;

		assert_non_null(file);
		smtp_dkim_set_signer(dkim, "ed25519-sha256", sign, NULL);
		(void)smtp_message_set_raw(m, smtp_source_memory(raw,
		    sizeof raw - 1));
		(void)smtp_message_set_envelope_from(m, "a@x.example");
		(void)smtp_message_add_recipient(m, "b@x.example");
		(void)smtp_message_add_dkim(m, dkim);
		today = days[i];
		assert_int_equal(smtp_message_write(m, file, 0), SMTP_OK);
		today = 0;
		rewind(file);
		n = fread(text, 1, sizeof text - 1, file);
		text[n] = '\0';
		assert_non_null(strstr(text, "bh="));
		assert_int_equal(strstr(text, "t=1798759800;") != NULL,
		    days[i] > 0);
		assert_int_equal(strstr(text, " t=") != NULL ||
		    strstr(text, "\tt=") != NULL, days[i] > 0);
		(void)fclose(file);
		smtp_message_free(m);
		smtp_dkim_free(dkim);
	}
}
#else
CASE_LEFT_OUT(test_net_fails__without_a_clock_a_signature_has_no_time,
    "SMTP_WITH_DKIM")
#endif

/* ---- sockets */

static void
test_net_fails__errors_of_a_socket_are_told_apart(void **state)
{
	static const struct {
		int error, want;
	} rows[] = {
		{ ECONNRESET, SMTP_IO_CLOSED },
		{ EPIPE, SMTP_IO_CLOSED },
		{ ECONNABORTED, SMTP_IO_CLOSED },
		{ ETIMEDOUT, SMTP_IO_CLOSED },
		{ EIO, SMTP_IO_FAILED },
		{ ENOBUFS, SMTP_IO_FAILED }
	};
	struct smtp_transport t;
	int fd[2];
	char octet = 0;

	(void)state;
	assert_int_equal(smtp__socket_pair(fd), 0);
	assert_int_equal(smtp__socket_transport(&t, fd[0]), SMTP_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		arm_one("recv", rows[i].error);
		assert_int_equal(t.read(t.ctx, &octet, 1), rows[i].want);
		arm_one("send", rows[i].error);
		assert_int_equal(t.write(t.ctx, "x", 1), rows[i].want);
	}
	disarm();
	/* who waits is woken also where a signal comes between */
	arm_one("send", EINTR);
	smtp__socket_wake(fd[0]);
	assert_int_equal(hits, 1);
	disarm();
	assert_int_equal(__real_read(fd[1], &octet, 1), 1);
	assert_int_equal(smtp__net_wait(fd[1], SMTP_WANT_READ, 0), 0);
	/* who is not there any more is not woken for ever */
	arm_one("send", EPIPE);
	smtp__socket_wake(fd[0]);
	assert_int_equal(hits, 1);
	disarm();
	t.close(t.ctx);
	smtp__socket_close(fd[1]);
}

static void
test_net_fails__a_program_lends_what_is_connected_alone(void **state)
{
	struct smtp__address to;
	struct smtp_options *o = smtp_options_new();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	assert_true(smtp__address_ip(&to, "127.0.0.1", 9));
	assert_int_equal(smtp_options_set_fd(o, fd), SMTP_E_ARGUMENT);
	assert_int_equal(connect(fd, (struct sockaddr *)&to.to, to.n), 0);
	assert_int_equal(smtp_options_set_fd(o, fd), SMTP_E_ARGUMENT);
	assert_string_equal(smtp_options_error(o),
	    "option \"fd\": takes a connected stream socket");
	smtp_options_free(o);
	close(fd);
}

/* A mail that is read from a descriptor. */
static void
test_net_fails__a_descriptor_is_read_to_its_end(void **state)
{
	static const struct {
		int error, status;
		const char *words;
	} rows[] = {
		{ EINTR, SMTP_OK, "" },
		{ EAGAIN, SMTP_E_SOURCE, "" },
		{ EIO, SMTP_E_SOURCE, "its read function failed" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		FILE *in = tmpfile(), *out = tmpfile();
		struct smtp_message *m = smtp_message_new();
		int rc;

		assert_non_null(in);
		assert_non_null(out);
		assert_true(fputs(plain_mail, in) >= 0);
		rewind(in);
		assert_int_equal(smtp_message_set_raw(m,
		    smtp_source_descriptor(fileno(in))), SMTP_OK);
		(void)smtp_message_set_envelope_from(m, "a@example.com");
		(void)smtp_message_add_recipient(m, "b@example.com");
		arm_one("read", rows[i].error);
		rc = smtp_message_write(m, out, 0);
		assert_int_equal(hits, 1);
		disarm();
		assert_int_equal(rc, rows[i].status);
		if (strstr(smtp_message_error(m), rows[i].words) == NULL)
			fail_msg("%s", smtp_message_error(m));
		smtp_message_free(m);
		(void)fclose(in);
		(void)fclose(out);
	}
}

/* From nowhere in particular. */
static void
test_net_fails__a_socket_needs_no_place_to_come_from(void **state)
{
	int listener = port_listen("127.0.0.1", 0, 4), fd, error;
	struct smtp__address to = port_address("127.0.0.1", port_of(listener));

	(void)state;
	error = smtp__socket_connect(&fd, &to, NULL);
	assert_true(error == 0 || error == EINPROGRESS);
	assert_int_equal(smtp__net_wait(fd, SMTP_WANT_WRITE, 5000),
	    SMTP_WANT_WRITE);
	assert_int_equal(smtp__socket_connected(fd), 0);
	smtp__socket_close(fd);
	close(listener);
}

static void
test_net_fails__a_wait_goes_on_behind_a_signal_alone(void **state)
{
	static const struct {
		int error;
		uint64_t wait_ms;
		bool goes_on;
	} rows[] = {
		{ EINTR, 30, true }, { 0, 30, true },    /* too early */
		{ ENOMEM, 30000, false }, { EINVAL, 30000, false },
		{ EINTR, 0, false }
	};
	uint64_t before;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		before = smtp__net_now_ms();
		arm_one("poll", rows[i].error);
		assert_int_equal(smtp__net_wait(-1, 0, rows[i].wait_ms), 0);
		assert_int_equal(hits, 1);
		if (rows[i].goes_on)
			assert_true(smtp__net_now_ms() - before >=
			    rows[i].wait_ms);
		else
			assert_true(smtp__net_now_ms() - before < 20000);
	}
	disarm();
}

/* RFC 5321 section 4.1.3: whatever the system says that we are called by. */
static void
test_net_fails__a_literal_is_of_an_address(void **state)
{
	static const struct {
		const char *ip, *want;
	} rows[] = {
		{ "192.0.2.1", "[192.0.2.1]" },
		{ "::ffff:192.0.2.1", "[192.0.2.1]" },
		{ "2001:db8::ffff:c000:201", "[IPv6:2001:db8::ffff:c000:201]" },
		{ "::1:0:0:0:ffff:c000:201", "[IPv6:0:1::ffff:c000:201]" },
		{ "::1:ffff:c000:201", "[IPv6:::1:ffff:c000:201]" },
		{ "::fffe:c000:201", "[IPv6:::fffe:c000:201]" },
		{ "::", "[IPv6:::]" }
	};
	char p[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(smtp__address_ip(&named, rows[i].ip, 25));
		assert_true(smtp__net_literal(0, p, sizeof p));
		assert_string_equal(p, rows[i].want);
	}
	named.to.ss_family = AF_UNSPEC;
	assert_false(smtp__net_literal(0, p, sizeof p));
	named.n = 0;
}

/* ---- threads */

static const char *const thread_steps[] = {
	"pthread_attr_init", "pthread_attr_setdetachstate", "pthread_sigmask"
};

static void
test_net_fails__without_a_thread_a_lookup_says_so(void **state)
{
	(void)state;
	needs(SMTP_WITH_THREADS);
	for (size_t i = 0; i < COUNT(thread_steps); i++) {
		int before = port_count_open();
		struct smtp *smtp;
		sigset_t now;
		int rc;

		arm_one(thread_steps[i], EAGAIN);
		rc = try_session(&smtp, NULL,
		    "smtp+plaintext://mail.example.com", NULL);
		assert_int_equal(hits, 1);
		disarm();
		expect_rc(thread_steps[i], smtp, rc, SMTP_E_RESOLVE);
		assert_string_equal(smtp_error(smtp), "mail.example.com: no "
		    "thread for the name lookup");
		smtp_close(smtp);
		/* the program's signals are as they were */
		assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
		assert_false(sigismember(&now, SIGINT));
		assert_int_equal(port_count_open(), before);
	}
}

#if SMTP_WITH_POOL && SMTP_WITH_THREADS
static const char *const turn_steps[] = {
	"pthread_condattr_init", "pthread_condattr_setclock",
	"pthread_cond_init"
};

static void
test_net_fails__a_pool_without_locks(void **state)
{
	struct server *s = server_start(NULL);
	const char *url = server_url(s, "smtp+plaintext", "localhost");
	struct smtp_pool *pool;
	struct smtp *first, *second;

	(void)state;
	arm_one("pthread_mutex_init", ENOMEM);
	assert_null(smtp_pool_new(url, NULL, 1));
	disarm();
	pool = smtp_pool_new(url, NULL, 1);
	assert_non_null(pool);
	assert_int_equal(smtp_pool_take(pool, &first), SMTP_OK);
	for (size_t i = 0; i < COUNT(turn_steps); i++) {
		arm_one(turn_steps[i], ENOMEM);
		assert_int_equal(smtp_pool_take(pool, &second),
		    SMTP_E_MEMORY);
		assert_int_equal(hits, 1);
		disarm();
		assert_string_equal(smtp_error(second), "out of memory");
		smtp_pool_give(pool, second);
		assert_int_equal(smtp_pool_number(pool, SMTP_POOL_WAITING),
		    0);
	}
	smtp_pool_give(pool, first);
	assert_int_equal(smtp_pool_take(pool, &first), SMTP_OK);
	smtp_pool_give(pool, first);
	smtp_pool_free(pool);
	server_found_no_fault(s);
	server_stop(s);
}

struct waiter {
	pthread_t thread;
	struct smtp_pool *pool;
	struct smtp *smtp;
	int rc;
};

static void *
wait_for_one(void *ctx)
{
	struct waiter *w = ctx;

	w->rc = smtp_pool_take(w->pool, &w->smtp);
	return NULL;
}

/* Who waited longest does not have to be the first that leaves. */
static void
test_net_fails__a_queue_is_left_in_any_order(void **state)
{
	struct server *s = server_start("--tls", "none", NULL);
	struct smtp_pool *pool = smtp_pool_new(server_url(s,
	    "smtp+plaintext", "localhost"), NULL, 1);
	struct waiter w[2];
	struct smtp *out;

	(void)state;
	assert_int_equal(smtp_pool_take(pool, &out), SMTP_OK);
	slow_first = true;
	for (unsigned i = 0; i < 2; i++) {
		w[i].pool = pool;
		assert_int_equal(pthread_create(&w[i].thread, NULL,
		    wait_for_one, &w[i]), 0);
		while (smtp_pool_number(pool, SMTP_POOL_WAITING) <= i)
			(void)usleep(1000);
	}
	smtp_pool_cancel(pool);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(w[i].thread, NULL), 0);
		assert_int_equal(w[i].rc, SMTP_E_CANCELLED);
		smtp_pool_give(pool, w[i].smtp);
	}
	assert_int_equal(smtp_pool_number(pool, SMTP_POOL_WAITING), 0);
	assert_false(slow_first);
	smtp_pool_give(pool, out);
	smtp_pool_free(pool);
	server_stop(s);
}

/* Credentials that were refused are good for another try in a minute. */
static void
test_net_fails__a_pool_asks_again_later(void **state)
{
	static const struct {
		time_t ahead;
		unsigned asked;
	} rows[] = { { 0, 1 }, { 30, 1 }, { 62, 2 }, { 90, 2 }, { 130, 3 } };
	needs(SMTP_WITH_CRAM_MD5);
	struct server *s = server_start("--tls", "none", "--auth",
	    "CRAM-MD5", NULL);
	struct smtp_pool *pool = smtp_pool_new(server_url(s,
	    "smtp+plaintext", "localhost"), NULL, 1);
	struct smtp *smtp;

	(void)state;
	assert_int_equal(smtp_pool_auth(pool, USER, "wrong"), SMTP_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ahead = rows[i].ahead;
		assert_int_equal(smtp_pool_take(pool, &smtp), SMTP_E_AUTH);
		smtp_pool_give(pool, smtp);
		assert_int_equal(server_sessions(s), rows[i].asked);
	}
	ahead = 0;
	smtp_pool_free(pool);
	server_found_no_fault(s);
	server_stop(s);
}
#else
CASE_LEFT_OUT(test_net_fails__a_queue_is_left_in_any_order,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
CASE_LEFT_OUT(test_net_fails__a_pool_asks_again_later,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
CASE_LEFT_OUT(test_net_fails__a_pool_without_locks,
    "SMTP_WITH_POOL && SMTP_WITH_THREADS")
#endif

#if STARVE
static void
test_net_fails__a_descriptor_without_memory(void **state)
{
	(void)state;
	if (!starve_works())
		return;
	for (long n = 0; n < 2; n++) {
		struct smtp_source *source;

		starve_at(n);
		source = smtp_source_descriptor(0);
		(void)starve_pause();
		assert_null(source);
		starve_at(n);
		source = smtp_source_given(SMTP_SIZE_UNKNOWN);
		(void)starve_pause();
		assert_null(source);
	}
}

/* Also where nobody is asked. */
static void
test_net_fails__localhost_without_memory(void **state)
{
	const struct smtp__address *list;
	struct smtp__lookup *lookup;
	size_t n;

	(void)state;
	if (!starve_works())
		return;
	starve_at(1);
	lookup = smtp__lookup_start("localhost", 25, 0, NULL);
	(void)starve_pause();
	assert_true(starve_hit());
	assert_int_equal(smtp__lookup_step(lookup, &list, &n),
	    SMTP_E_MEMORY);
	assert_string_equal(smtp__lookup_words(lookup), "no memory");
	smtp__lookup_free(lookup);
}
#endif

/* ---- dialling */

static struct smtp__dial *
dial_all(const struct smtp__address *to, size_t n)
{
	const struct smtp__dial_plan plan = { .host = "mail.example.com",
		.addresses = to, .addresses_n = n, .connect_ms = 30500 };
	struct smtp__dial *dial = smtp__dial_start(&plan, 0);

	assert_non_null(dial);
	return dial;
}

/* The system's own timeout at each address is a timeout, too. */
static void
test_net_fails__a_timeout_of_the_system_is_one(void **state)
{
	static const struct {
		int errors[2], want;
	} rows[] = {
		{ { ETIMEDOUT, ETIMEDOUT }, SMTP_E_TIMEOUT },
		{ { ETIMEDOUT, ECONNREFUSED }, SMTP_E_CONNECT },
		{ { ENETUNREACH, ETIMEDOUT }, SMTP_E_CONNECT }
	};
	struct smtp__address to[2];

	(void)state;
	assert_true(smtp__address_ip(&to[0], "127.0.0.1", 9));
	to[1] = to[0];
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct fault faults[] = {
			{ "connect", 0, 1, rows[i].errors[0] },
			{ "connect", 0, 1, rows[i].errors[1] }
		};
		struct smtp__dial *dial = dial_all(to, 2);

		arm(faults, 2);
		assert_int_equal(smtp__dial_step(dial, 0), rows[i].want);
		assert_int_equal(hits, 2);
		disarm();
		smtp__dial_free(dial);
	}
}

/* Eight sockets at a time, however many addresses do not answer. */
static void
test_net_fails__few_addresses_are_dialled_at_once(void **state)
{
	enum { ADDRESSES = 20 };
	const struct fault none = { "connect", 0, ADDRESSES, EINPROGRESS };
	int before = port_count_open(), most = 0, status;
	struct smtp__address to[ADDRESSES];
	struct smtp__dial_story story;
	struct smtp__dial *dial;
	uint64_t now = 0;

	(void)state;
	for (size_t i = 0; i < ADDRESSES; i++)
		assert_true(smtp__address_ip(&to[i],
		    "2001:db8:1234:5678:9abc:def0:1234:5678", 25));
	dial = dial_all(to, ADDRESSES);
	arm(&none, 1);
	while ((status = smtp__dial_step(dial, now)) > 0) {
		int open = port_count_open() - before;

		most = open > most ? open : most;
		assert_true(smtp__dial_due_ms(dial) > now);
		now = smtp__dial_due_ms(dial);
	}
	disarm();
	assert_int_equal(status, SMTP_E_TIMEOUT);
	assert_non_null(strstr(smtp__dial_error(dial),
	    "1234:5678: no answer in 30500 ms; "));
	assert_int_equal(most, 8);
	/* the last of them has had its time, too */
	assert_true(now > 60000 && now < 100000);
	smtp__dial_tell(dial, &story);
	assert_true(strlen(story.addresses) < sizeof story.addresses);
	assert_string_equal(story.peer, "");
	assert_false(story.ipv6_failed);
	smtp__dial_free(dial);
	assert_int_equal(port_count_open(), before);
}

/* Who did not answer so far is told beside the one who took the connection. */
static void
test_net_fails__the_slow_are_told_of(void **state)
{
	static const struct {
		const char *slow[2], *fast;
		const char *failed;
		bool ipv6_failed;
	} rows[] = {
		{ { "::1", NULL }, "127.0.0.1", "::1: no answer so far",
		    true },
		{ { "127.0.0.2", NULL }, "127.0.0.1",
		    "127.0.0.2: no answer so far", false },
		{ { "::1", "127.0.0.2" }, "127.0.0.1",
		    "::1: no answer so far, 127.0.0.2: no answer so far",
		    false },
		{ { NULL, NULL }, "127.0.0.1", "", false }
	};
	int listener = port_listen("127.0.0.1", 0, 8);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault slow = { "connect", 0, 0, EINPROGRESS };
		struct smtp__address to[4];
		struct smtp__dial_story story;
		struct smtp__dial *dial;
		struct smtp_transport t;
		size_t n = 0;
		int status = 1;

		for (; n < 2 && rows[i].slow[n] != NULL; n++)
			to[n] = port_address(rows[i].slow[n],
			    port_of(listener));
		to[n] = port_address(rows[i].fast, port_of(listener));
		to[n + 1] = port_address("192.0.2.1", 25);
		slow.times = (long)n;
		dial = dial_all(to, n + 2);
		arm(&slow, 1);
		for (uint64_t now = 0; status > 0 && now <= 250 * n;
		    now += 250)
			status = smtp__dial_step(dial, now);
		disarm();
		for (int k = 0; status > 0 && k < 1000; k++) {
			smtp__net_wait(smtp__dial_fd(dial), status, 10);
			status = smtp__dial_step(dial, 250 * n);
		}
		assert_int_equal(status, SMTP_OK);
		smtp__dial_tell(dial, &story);
		assert_string_equal(story.peer, rows[i].fast);
		assert_string_equal(story.failed, rows[i].failed);
		assert_int_equal(story.ipv6_failed, rows[i].ipv6_failed);
		assert_int_equal(smtp__dial_take(dial, &t), SMTP_OK);
		t.close(t.ctx);
		smtp__dial_free(dial);
	}
	close(listener);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_net_fails__a_queue_is_left_in_any_order),
		cmocka_unit_test(test_net_fails__a_pool_asks_again_later),
		cmocka_unit_test(
		    test_net_fails__without_a_clock_a_signature_has_no_time),
		cmocka_unit_test(
		    test_net_fails__without_random_octets_a_mail_has_no_name),
		cmocka_unit_test(
		    test_net_fails__without_random_octets_scram_says_nothing),
		cmocka_unit_test(
		    test_net_fails__random_octets_come_from_the_device_too),
		cmocka_unit_test(test_net_fails__the_zone_spans_a_year),
		cmocka_unit_test(
		    test_net_fails__errors_of_a_socket_are_told_apart),
		cmocka_unit_test(
		    test_net_fails__a_program_lends_what_is_connected_alone),
		cmocka_unit_test(
		    test_net_fails__a_descriptor_is_read_to_its_end),
		cmocka_unit_test(
		    test_net_fails__a_socket_needs_no_place_to_come_from),
		cmocka_unit_test(
		    test_net_fails__a_wait_goes_on_behind_a_signal_alone),
		cmocka_unit_test(test_net_fails__a_literal_is_of_an_address),
		cmocka_unit_test(
		    test_net_fails__without_a_thread_a_lookup_says_so),
		cmocka_unit_test(test_net_fails__a_pool_without_locks),
#if STARVE
		cmocka_unit_test(test_net_fails__localhost_without_memory),
		cmocka_unit_test(test_net_fails__a_descriptor_without_memory),
#endif
		cmocka_unit_test(
		    test_net_fails__a_timeout_of_the_system_is_one),
		cmocka_unit_test(
		    test_net_fails__few_addresses_are_dialled_at_once),
		cmocka_unit_test(test_net_fails__the_slow_are_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
