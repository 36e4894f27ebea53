/* SPDX-License-Identifier: MIT */
/*
 * What only Windows has: Winsock that is begun and ended, names in UTF-16, a
 * text mode, files above 2 GiB of `long`.
 *
 * Run first: here nobody else has begun Winsock.
 */
#define WIN32_LEAN_AND_MEAN
#include "check.h"

#include <fcntl.h>
#include <io.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#include <smtp/smtp.h>

#include "mime/source.h"
#include "net/lock.h"
#include "net/net.h"
#include "net/socket.h"

static const unsigned char octets[] = "a\r\nb\nc\rd\032e\0f\xff\r\r\n\032";

static bool
has_winsock(void)
{
	SOCKET s = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, 0);

	if (s != INVALID_SOCKET)
		closesocket(s);
	else
		assert_int_equal(WSAGetLastError(), WSANOTINITIALISED);
	return s != INVALID_SOCKET;
}

/* The code of a session that cannot open, and its words. */
static int
try_url(const char *url, const char *words)
{
	struct smtp *smtp;
	int rc = smtp_open(&smtp, url, NULL);

	if (words != NULL && strstr(smtp_error(smtp), words) == NULL)
		fail_msg("%s: %s", url, smtp_error(smtp));
	smtp_close(smtp);
	return rc;
}

static void
test_windows__winsock_is_given_back(void **state)
{
	(void)state;
	assert_false(has_winsock());
	assert_int_equal(try_url("smtp://127.0.0.1:9",
	    "connection refused"), SMTP_E_CONNECT);
	assert_false(has_winsock());
	assert_int_equal(try_url("smtp://localhost:9", "refused"),
	    SMTP_E_CONNECT);
	assert_false(has_winsock());
}

/* And by the thread that looks a name up, which ends when it likes. */
static void
test_windows__looks_names_up_in_a_thread(void **state)
{
	char name[256], url[300];
	WSADATA data;

	(void)state;
	assert_int_equal(try_url("smtp://no.such.name.invalid",
	    "no.such.name.invalid: "), SMTP_E_RESOLVE);
	assert_int_equal(WSAStartup(MAKEWORD(2, 2), &data), 0);
	assert_int_equal(gethostname(name, sizeof name), 0);
	WSACleanup();
	snprintf(url, sizeof url, "smtp+plaintext://%s:9", name);
	assert_int_equal(try_url(url, "connection refused"), SMTP_E_CONNECT);
	for (int i = 0; i < 100 && has_winsock(); i++)
		Sleep(20);
	assert_false(has_winsock());
}

static void
test_windows__a_socket_given_has_a_hold_of_its_own(void **state)
{
	struct smtp_transport t;
	WSADATA data;
	SOCKET s;

	(void)state;
	assert_int_equal(WSAStartup(MAKEWORD(2, 2), &data), 0);
	s = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(smtp_transport_socket(&t, (int)s), SMTP_OK);
	assert_int_equal(smtp_transport_socket(&t, 3), SMTP_E_ARGUMENT);
	WSACleanup();
	assert_true(has_winsock());
	t.close(t.ctx);
	assert_false(has_winsock());
}

static void
test_windows__a_pair_is_connected(void **state)
{
	DWORD flags;
	int fd[2];
	char c;

	(void)state;
	assert_int_equal(smtp__socket_pair(fd), 0);
	assert_int_equal(smtp__net_wait(fd[0], SMTP_WANT_READ, 30), 0);
	smtp__socket_wake(fd[1]);
	assert_int_equal(smtp__net_wait(fd[0], SMTP_WANT_READ, 5000),
	    SMTP_WANT_READ);
	assert_int_equal(recv((SOCKET)fd[0], &c, 1, 0), 1);
	for (int i = 0; i < 2; i++) {
		assert_true(GetHandleInformation((HANDLE)(intptr_t)fd[i],
		    &flags));
		assert_false(flags & HANDLE_FLAG_INHERIT);
		smtp__socket_close(fd[i]);
	}
	assert_false(has_winsock());
}

static void
test_windows__says_what_it_cannot(void **state)
{
	struct smtp_options *o = smtp_options_new();
	struct smtp *smtp;

	(void)state;
	assert_int_equal(smtp_options_set(o, "interface", "eth0"),
	    SMTP_OK);
	assert_int_equal(smtp_open(&smtp, "smtp+plaintext://127.0.0.1:9", o),
	    SMTP_E_CONNECT);
	assert_non_null(strstr(smtp_error(smtp),
	    "this system cannot choose the interface"));
	smtp_close(smtp);
	smtp_options_free(o);
}

/* ---- files */

static void
save(const wchar_t *name)
{
	FILE *file = _wfopen(name, L"wb");

	assert_non_null(file);
	assert_int_equal(fwrite(octets, 1, sizeof octets, file),
	    sizeof octets);
	assert_int_equal(fclose(file), 0);
}

static void
expect_octets(struct smtp_source *s, uint64_t size)
{
	unsigned char out[100];
	size_t n = 0;
	ptrdiff_t got;

	if (!smtp__source_begin(s))
		fail_msg("%s", s->reason);
	assert_true(smtp__source_size(s) == size);
	while ((got = smtp__source_pull(s, out + n, sizeof out - n)) > 0)
		n += (size_t)got;
	assert_int_equal(got, 0);
	assert_int_equal(n, sizeof octets);
	assert_memory_equal(out, octets, n);
	smtp_source_free(s);
}

static void
test_windows__names_of_files_are_utf8(void **state)
{
	static const wchar_t wide[] = L"gr\u00fc\u00dfe-\u65e5\u672c.bin";
	struct smtp_source *s;

	(void)state;
	save(wide);
	expect_octets(smtp_source_file("gr\xc3\xbc\xc3\x9f" "e-\xe6\x97\xa5"
	    "\xe6\x9c\xac.bin"), sizeof octets);
	_wremove(wide);
	s = smtp_source_file("gr\xfc\xdf" "e.bin");      /* Latin-1 */
	assert_false(smtp__source_begin(s));
	assert_non_null(s->reason);
	smtp_source_free(s);
	s = smtp_source_file("build");
	assert_false(smtp__source_begin(s));
	assert_string_equal(s->reason, "it is a directory");
	smtp_source_free(s);
}

static void
test_windows__text_mode_is_left(void **state)
{
	static const wchar_t name[] = L"windows-text-mode.tmp";
	FILE *file;
	int fd, ends[2];

	(void)state;
	save(name);
	file = _wfopen(name, L"rt");
	expect_octets(smtp_source_stream(file), sizeof octets);
	fclose(file);
	fd = _wopen(name, _O_RDONLY | _O_TEXT);
	expect_octets(smtp_source_descriptor(fd), sizeof octets);
	_close(fd);
	_wremove(name);

	/* A pipe cannot seek, whatever the C library says. */
	assert_int_equal(_pipe(ends, 1000, _O_TEXT), 0);
	_setmode(ends[1], _O_BINARY);
	assert_int_equal(_write(ends[1], octets, sizeof octets),
	    sizeof octets);
	_close(ends[1]);
	expect_octets(smtp_source_descriptor(ends[0]), SMTP_SIZE_UNKNOWN);
	_close(ends[0]);
	assert_int_equal(_pipe(ends, 1000, _O_TEXT), 0);
	_setmode(ends[1], _O_BINARY);
	assert_int_equal(_write(ends[1], octets, sizeof octets),
	    sizeof octets);
	_close(ends[1]);
	file = _fdopen(ends[0], "rt");
	expect_octets(smtp_source_stream(file), SMTP_SIZE_UNKNOWN);
	fclose(file);
}

static void
test_windows__files_above_4_gib_have_a_size(void **state)
{
	static const uint64_t size = UINT64_C(5) << 30;
	static const wchar_t name[] = L"windows-large.tmp";
	FILE *file = _wfopen(name, L"wb");
	struct smtp_source *s;
	char c;
	int fd;

	(void)state;
	assert_non_null(file);
	assert_int_equal(_chsize_s(_fileno(file), (int64_t)size), 0);
	fclose(file);
	s = smtp_source_file("windows-large.tmp");
	assert_true(smtp__source_begin(s));
	assert_true(smtp__source_size(s) == size);
	assert_int_equal(smtp__source_pull(s, &c, 1), 1);
	smtp_source_free(s);
	fd = _wopen(name, _O_RDONLY);
	assert_true(_lseeki64(fd, (int64_t)size - 1, SEEK_SET) ==
	    (int64_t)size - 1);
	s = smtp_source_descriptor(fd);
	assert_true(smtp__source_size(s) == 1);
	smtp_source_free(s);
	_close(fd);
	_wremove(name);
}

/* ---- threads */

struct shared {
	struct smtp__lock lock;
	struct smtp__turn turn;
	int n;
};

static void *
add(void *ctx)
{
	struct shared *shared = ctx;

	for (int i = 0; i < 10000; i++) {
		smtp__lock_take(&shared->lock);
		shared->n++;
		smtp__turn_call(&shared->turn);
		smtp__lock_give(&shared->lock);
	}
	return NULL;
}

static void
test_windows__threads_take_turns(void **state)
{
	struct shared shared = { .n = 0 };
	uint64_t start = smtp__net_now_ms();

	(void)state;
	assert_true(smtp__lock_init(&shared.lock));
	assert_true(smtp__turn_init(&shared.turn));
	smtp__lock_take(&shared.lock);
	smtp__turn_wait(&shared.turn, &shared.lock, start + 60);
	assert_true(smtp__net_now_ms() - start >= 50);
	for (int i = 0; i < 4; i++)
		assert_true(smtp__thread_start(add, &shared));
	while (shared.n < 40000)
		smtp__turn_wait(&shared.turn, &shared.lock,
		    start + 20000);
	assert_int_equal(shared.n, 40000);
	smtp__lock_give(&shared.lock);
	Sleep(50);              /* the last has given it back by then */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows__winsock_is_given_back),
		cmocka_unit_test(test_windows__looks_names_up_in_a_thread),
		cmocka_unit_test(
		    test_windows__a_socket_given_has_a_hold_of_its_own),
		cmocka_unit_test(test_windows__a_pair_is_connected),
		cmocka_unit_test(test_windows__says_what_it_cannot),
		cmocka_unit_test(test_windows__names_of_files_are_utf8),
		cmocka_unit_test(test_windows__text_mode_is_left),
		cmocka_unit_test(
		    test_windows__files_above_4_gib_have_a_size),
		cmocka_unit_test(test_windows__threads_take_turns),
	};

	return cmocka_run_group_tests_name("windows", tests, NULL, NULL);
}
