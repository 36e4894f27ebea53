/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE              /* fopencookie() */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "mime/source.h"
#include "support/starve.h"

static const char name[] = "source-test.tmp";

static void
save(const char *text)
{
	FILE *file = fopen(name, "wb");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Read all in pieces of `step`; the text, or "!" and the reason. */
static void
pull(struct smtp_source *s, size_t step, char *out)
{
	size_t size = 0;
	ptrdiff_t n;

	while ((n = smtp__source_pull(s, out + size, step)) > 0)
		size += (size_t)n;
	out[size] = '\0';
	if (n < 0) {
		assert_non_null(s->reason);
		snprintf(out, 60, "!%s", s->reason);
	}
}

#ifdef __GLIBC__
/*
 * A file that cannot do all that files can. fopen() of "odd" gives it; glibc
 * allows another one in its place.
 */
static struct odd {
	int open;                /* errno of it; 0: it opens             */
	bool seeks;              /* no pipe                              */
	int bad_seek;            /* the n-th fails, counted from 1       */
	int read;                /* errno when all is read; 0: the end   */
	int interrupted;         /* so many reads are, before the next   */
	size_t at;
	int sought, was_open;
} odd;

static const char odd_text[] = "hello";

static ssize_t
odd_read(void *ctx, char *p, size_t n)
{
	size_t left = sizeof odd_text - 1 - odd.at;

	(void)ctx;
	if (odd.interrupted > 0 && odd.interrupted--) {
		errno = EINTR;
		return -1;
	}
	if (left == 0 && odd.read != 0) {
		errno = odd.read;
		return -1;
	}
	if (n > 2)
		n = 2;
	if (n > left)
		n = left;
	memcpy(p, odd_text + odd.at, n);
	odd.at += n;
	return (ssize_t)n;
}

static int
odd_seek(void *ctx, off64_t *to, int whence)
{
	(void)ctx;
	if (!odd.seeks || (whence != SEEK_CUR && ++odd.sought ==
	    odd.bad_seek)) {
		errno = odd.seeks ? EIO : ESPIPE;
		return -1;
	}
	*to += whence == SEEK_CUR ? (off64_t)odd.at : whence == SEEK_END ?
	    (off64_t)sizeof odd_text - 1 : 0;
	odd.at = (size_t)*to;
	return 0;
}

static FILE *
odd_open(void)
{
	static const cookie_io_functions_t how = { .read = odd_read,
	    .seek = odd_seek };

	if (odd.open != 0) {
		errno = odd.open;
		return NULL;
	}
	odd.at = 0;
	odd.was_open++;
	return fopencookie(&odd, "rb", how);
}

FILE *
fopen(const char *path, const char *mode)
{
	int fd, flags = mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT |
	    (mode[0] == 'w' ? O_TRUNC : O_APPEND);

	if (strcmp(path, "odd") == 0)
		return odd_open();
	fd = open(path, flags | O_CLOEXEC, 0600);
	return fd < 0 ? NULL : fdopen(fd, mode);
}

static void
test_source__says_why_a_file_cannot_be_opened(void **state)
{
	static const struct {
		int error;
		const char *reason;
	} rows[] = {
		{ ENOENT, "no such file" }, { EACCES, "permission denied" },
		{ EISDIR, "it is a directory" },
		{ ENOTDIR, "a part of its path is no directory" },
		{ EMFILE, "too many open files" },
		{ ENFILE, "too many open files" }, { ENOMEM, "no memory" },
		{ EIO, "input error" },
		{ ENAMETOOLONG, "its name is too long" },
		{ ELOOP, "it cannot be opened or read" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_source *s = smtp_source_file("odd");

		odd = (struct odd){ .open = rows[i].error };
		assert_false(smtp__source_begin(s));
		assert_string_equal(s->reason, rows[i].reason);
		smtp_source_free(s);
	}
}

/* What begin and the whole come to; "!" where begin fails. */
static void
test_source__reads_a_file_that_is_odd(void **state)
{
	static const struct {
		struct odd odd;
		bool sized;
		const char *want;
	} rows[] = {
		{ { .seeks = true }, true, "hello" },
		{ { .seeks = false }, false, "hello" },
		{ { .seeks = true, .interrupted = 1 }, true, "hello" },
		{ { .seeks = false, .interrupted = 3 }, false, "hello" },
		{ { .seeks = true, .bad_seek = 1 }, false, "hello" },
		{ { .seeks = true, .bad_seek = 2 }, true, "!input error" },
		{ { .seeks = false, .read = EIO }, false, "!input error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t step = 1; step < 9; step += 3) {
			struct smtp_source *s = smtp_source_file("odd");
			bool once = !rows[i].sized;
			char out[64];

			odd = rows[i].odd;
			if (!smtp__source_begin(s)) {
				(void)snprintf(out, sizeof out, "!%s",
				    s->reason);
				assert_string_equal(out, rows[i].want);
				smtp_source_free(s);
				continue;
			}
			assert_int_equal(smtp__source_size(s) !=
			    SMTP_SIZE_UNKNOWN, rows[i].sized);
			assert_int_equal(smtp__source_can_rewind(s), !once);
			/* What is untouched can be begun again. */
			assert_true(smtp__source_begin(s));
			assert_int_equal(odd.was_open, once ? 1 : 2);
			pull(s, step, out);
			if (strcmp(out, rows[i].want) != 0)
				fail_msg("%zu: %s", i, out);
			assert_int_equal(smtp__source_begin(s), !once);
			if (once)
				assert_string_equal(s->reason,
				    "it can be read once only");
			smtp_source_free(s);
		}
}

/* A stream of the caller's that cannot go back, or cannot any more. */
static void
test_source__reads_a_stream_that_is_odd(void **state)
{
	struct smtp_source *s;
	char out[64];

	(void)state;
	for (int bad = 0; bad < 3; bad++) {
		FILE *file;

		odd = (struct odd){ .seeks = bad > 0, .bad_seek = bad };
		file = odd_open();
		s = smtp_source_stream(file);
		assert_int_equal(smtp__source_can_rewind(s), bad > 0);
		assert_int_equal(smtp__source_begin(s), bad == 0);
		if (bad == 0)
			assert_true(smtp__source_size(s) ==
			    SMTP_SIZE_UNKNOWN);
		pull(s, 2, out);
		assert_string_equal(out, bad == 0 ? "hello" :
		    "!it could not go back to its start");
		smtp_source_free(s);
		assert_int_equal(fclose(file), 0);
	}
}
#endif

struct script {
	const char *text;        /* what comes; `.` is "not yet"        */
	size_t at;
	int rewinds, closes;
	int fail_rewind;
	ptrdiff_t end;           /* what is returned at the end         */
};

static ptrdiff_t
script_read(void *ctx, void *p, size_t n)
{
	struct script *s = ctx;

	if (n == 0)
		return 0;
	if (s->text[s->at] == '\0')
		return s->end;
	if (s->text[s->at] == '.') {
		s->at++;
		return SMTP_SOURCE_WAIT;
	}
	*(char *)p = s->text[s->at++];
	return 1;
}

static int
script_rewind(void *ctx)
{
	struct script *s = ctx;

	s->at = 0;
	s->rewinds++;
	return s->fail_rewind;
}

static void
script_close(void *ctx)
{
	((struct script *)ctx)->closes++;
}

static void
test_source__reads_memory_again_and_again(void **state)
{
	struct smtp_source *s = smtp_source_memory("hello", 5);
	char out[64];

	(void)state;
	assert_non_null(s);
	assert_int_equal(smtp__source_size(s), 5);
	assert_true(smtp__source_can_rewind(s));
	for (size_t step = 1; step < 8; step++) {
		assert_true(smtp__source_begin(s));
		assert_int_equal(smtp__source_pull(s, out, 0), 0);
		pull(s, step, out);
		assert_string_equal(out, "hello");
		/* The end stays the end. */
		assert_int_equal(smtp__source_pull(s, out, 1), 0);
	}
	smtp_source_free(s);
	s = smtp_source_memory(NULL, 0);
	assert_true(smtp__source_begin(s));
	pull(s, 4, out);
	assert_string_equal(out, "");
	smtp_source_free(s);
	smtp_source_free(NULL);
}

static void
test_source__reads_files_again_and_again(void **state)
{
	struct smtp_source *s = smtp_source_file(name);
	char out[64];

	(void)state;
	save("hello");
	assert_non_null(s);
	for (size_t step = 1; step < 8; step++) {
		assert_true(smtp__source_begin(s));
		assert_int_equal(smtp__source_size(s), 5);
		pull(s, step, out);
		assert_string_equal(out, "hello");
	}
	save("");
	assert_true(smtp__source_begin(s));
	assert_int_equal(smtp__source_size(s), 0);
	pull(s, 9, out);
	assert_string_equal(out, "");
	save("hello");
	/* half-way, and from the start again */
	assert_true(smtp__source_begin(s));
	assert_int_equal(smtp__source_pull(s, out, 2), 2);
	assert_true(smtp__source_begin(s));
	pull(s, 64, out);
	assert_string_equal(out, "hello");
	smtp_source_free(s);
	remove(name);
}

static void
test_source__reads_a_stream_from_where_it_stands(void **state)
{
	FILE *file = tmpfile();
	struct smtp_source *s;
	char out[64];

	(void)state;
	assert_non_null(file);
	assert_true(fputs("junk: hello", file) >= 0);
	assert_int_equal(fseek(file, 6, SEEK_SET), 0);
	s = smtp_source_stream(file);
	assert_non_null(s);
	for (size_t step = 1; step < 8; step++) {
		assert_true(smtp__source_begin(s));
		assert_int_equal(smtp__source_size(s), 5);
		pull(s, step, out);
		assert_string_equal(out, "hello");
	}
	smtp_source_free(s);
	/* it stays open */
	assert_int_equal(fseek(file, 0, SEEK_SET), 0);
	assert_int_equal(fgetc(file), 'j');
	fclose(file);
	assert_null(smtp_source_stream(NULL));
}

static void
test_source__says_why_a_file_cannot_be_read(void **state)
{
	static const struct {
		const char *path, *reason;
	} files[] = {
		{ "no/such/file", "no such file" },
		{ ".", "it is a directory" },
		{ "Makefile/x", "a part of its path is no directory" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct smtp_source *s = smtp_source_file(files[i].path);

		assert_non_null(s);
		assert_false(smtp__source_begin(s));
		assert_string_equal(s->reason, files[i].reason);
		smtp_source_free(s);
	}
	assert_null(smtp_source_file(NULL));
}

static void
test_source__notices_a_file_that_is_gone(void **state)
{
	struct smtp_source *s = smtp_source_file(name);
	char out[64];

	(void)state;
	save("hello");
	assert_true(smtp__source_begin(s));
	assert_int_equal(remove(name), 0);
	pull(s, 9, out);
	assert_string_equal(out, "!no such file");
	smtp_source_free(s);
}

/* The stream is shorter now than where it stood. */
static void
test_source__notices_a_stream_that_was_cut(void **state)
{
	FILE *file = tmpfile();
	struct smtp_source *s;

	(void)state;
	assert_non_null(file);
	assert_true(fputs("junk: hello", file) >= 0);
	assert_int_equal(fseek(file, 6, SEEK_SET), 0);
	s = smtp_source_stream(file);
	assert_true(smtp__source_begin(s));
	assert_int_equal(ftruncate(fileno(file), 5), 0);
	assert_false(smtp__source_begin(s));
	assert_string_equal(s->reason, "it could not go back to its start");
	smtp_source_free(s);
	assert_int_equal(fclose(file), 0);
}

/* The file is another than it was when its size was told. */
static void
test_source__notices_a_file_that_changes(void **state)
{
	static const char *const others[] = { "hell", "", "hello!",
	    "hello, hello, hello" };

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		for (size_t step = 1; step < 30; step += 4) {
			struct smtp_source *s = smtp_source_file(name);
			char out[100];

			save("hello");
			assert_non_null(s);
			assert_true(smtp__source_begin(s));
			save(others[i]);
			pull(s, step, out);
			assert_int_equal(out[0], '!');
			smtp_source_free(s);
		}
	remove(name);
	proves("LIB-N-4");
}

static void
test_source__holds_callbacks_to_their_word(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
		ptrdiff_t end;
		bool good;
	} rows[] = {
		{ "hello", 5, 0, true },
		{ "hello", SMTP_SIZE_UNKNOWN, 0, true },
		{ "", 0, 0, true },
		{ "hell", 5, 0, false },
		{ "hello!", 5, 0, false },
		{ "hello", 5, SMTP_SOURCE_FAILED, false },
		{ "hello", SMTP_SIZE_UNKNOWN, SMTP_SOURCE_FAILED, false },
		{ "hello", SMTP_SIZE_UNKNOWN, -77, false },
		{ "hello", SMTP_SIZE_UNKNOWN, 4711, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct script script = { rows[i].text, 0, 0, 0, 0,
		    rows[i].end };
		struct smtp_source *s = smtp_source_callback(script_read,
		    NULL, script_close, &script, rows[i].size);
		char out[100];

		assert_non_null(s);
		assert_true(smtp__source_begin(s));
		assert_false(smtp__source_can_rewind(s));
		pull(s, 3, out);
		assert_int_equal(out[0] != '!', rows[i].good);
		/* what failed stays so */
		if (!rows[i].good)
			assert_int_equal(smtp__source_pull(s, out, 1),
			    SMTP_SOURCE_FAILED);
		assert_false(smtp__source_begin(s));
		assert_int_equal(script.closes, 0);
		smtp_source_free(s);
		assert_int_equal(script.closes, 1);
	}
	proves("LIB-N-4");
}

static void
test_source__rewinds_only_what_was_read(void **state)
{
	struct script script = { "a.b", 0, 0, 0, 0, 0 };
	struct smtp_source *s = smtp_source_callback(script_read,
	    script_rewind, NULL, &script, SMTP_SIZE_UNKNOWN);
	char c;

	(void)state;
	assert_non_null(s);
	assert_true(smtp__source_begin(s));
	assert_true(smtp__source_begin(s));
	assert_int_equal(script.rewinds, 0);
	assert_int_equal(smtp__source_pull(s, &c, 1), 1);
	assert_int_equal(smtp__source_pull(s, &c, 1), SMTP_SOURCE_WAIT);
	assert_true(smtp__source_begin(s));
	assert_int_equal(script.rewinds, 1);
	assert_int_equal(smtp__source_pull(s, &c, 1), 1);
	assert_int_equal(c, 'a');
	script.fail_rewind = -1;
	assert_false(smtp__source_begin(s));
	assert_string_equal(s->reason, "it could not go back to its start");
	smtp_source_free(s);
}

static void
test_source__refuses_a_callback_without_a_function(void **state)
{
	struct smtp_source *s = smtp_source_callback(NULL, NULL, NULL, NULL,
	    0);

	(void)state;
	assert_non_null(s);
	assert_false(smtp__source_begin(s));
	smtp_source_free(s);
}

static void
test_source__reads_a_descriptor_from_where_it_stands(void **state)
{
	struct smtp_source *s;
	char out[64];
	int fd, ends[2];

	(void)state;
	save("junk: hello");
	fd = open(name, O_RDONLY);
	assert_int_equal(lseek(fd, 6, SEEK_SET), 6);
	s = smtp_source_descriptor(fd);
	for (size_t step = 1; step < 8; step++) {
		assert_true(smtp__source_begin(s));
		assert_int_equal(smtp__source_size(s), 5);
		pull(s, step, out);
		assert_string_equal(out, "hello");
	}
	smtp_source_free(s);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);     /* it stays open */

	/* Behind the end nothing is known of what may come. */
	assert_int_equal(lseek(fd, 100, SEEK_SET), 100);
	s = smtp_source_descriptor(fd);
	assert_true(smtp__source_begin(s));
	assert_true(smtp__source_size(s) == SMTP_SIZE_UNKNOWN);
	pull(s, 9, out);
	assert_string_equal(out, "");
	/* What was closed by somebody cannot be read once more. */
	close(fd);
	assert_false(smtp__source_begin(s));
	smtp_source_free(s);
	remove(name);

	/* A pipe may have nothing yet, and is read once only. */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	s = smtp_source_descriptor(ends[0]);
	assert_false(smtp__source_can_rewind(s));
	assert_true(smtp__source_begin(s));
	assert_true(smtp__source_size(s) == SMTP_SIZE_UNKNOWN);
	assert_int_equal(smtp__source_pull(s, out, 9), SMTP_SOURCE_WAIT);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	assert_int_equal(smtp__source_pull(s, out, 9), 3);
	assert_memory_equal(out, "abc", 3);
	close(ends[1]);
	assert_int_equal(smtp__source_pull(s, out, 9), 0);
	smtp_source_free(s);
	close(ends[0]);
}

#if STARVE
/* Without memory there is none, and what it was given is given back. */
static void
test_source__cannot_be_without_memory(void **state)
{
	struct script script = { "", 0, 0, 0, 0, 0 };
	FILE *file = tmpfile();
	long before = starve_live();

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct smtp_source *s = NULL;

		starve_at(i == 5);
		switch (i) {
		case 0: s = smtp_source_callback(script_read, NULL,
			    script_close, &script, 0); break;
		case 1: s = smtp_source_callback(script_read, NULL, NULL,
			    &script, 0); break;
		case 2: s = smtp_source_memory("a", 1); break;
		case 3: s = smtp_source_stream(file); break;
		case 4: case 5: s = smtp_source_file("a"); break;
		}
		starve_pause();
		assert_null(s);
		assert_true(starve_hit());
	}
	assert_int_equal(script.closes, 1);
	assert_int_equal(starve_live(), before);
	assert_int_equal(fclose(file), 0);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source__reads_memory_again_and_again),
		cmocka_unit_test(test_source__reads_files_again_and_again),
		cmocka_unit_test(
		    test_source__reads_a_stream_from_where_it_stands),
		cmocka_unit_test(
		    test_source__reads_a_descriptor_from_where_it_stands),
		cmocka_unit_test(test_source__says_why_a_file_cannot_be_read),
#ifdef __GLIBC__
		cmocka_unit_test(
		    test_source__says_why_a_file_cannot_be_opened),
		cmocka_unit_test(test_source__reads_a_file_that_is_odd),
		cmocka_unit_test(test_source__reads_a_stream_that_is_odd),
#endif
		cmocka_unit_test(test_source__notices_a_file_that_is_gone),
		cmocka_unit_test(test_source__notices_a_stream_that_was_cut),
		cmocka_unit_test(test_source__notices_a_file_that_changes),
		cmocka_unit_test(test_source__holds_callbacks_to_their_word),
		cmocka_unit_test(test_source__rewinds_only_what_was_read),
		cmocka_unit_test(
		    test_source__refuses_a_callback_without_a_function),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

#if STARVE
	const struct CMUnitTest starved[] = {
		cmocka_unit_test(test_source__cannot_be_without_memory),
	};

	if (starve_works())
		failed += cmocka_run_group_tests(starved, NULL, NULL);
#endif
	return failed;
}
