/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

#include "mime/source.h"

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
		pull(s, step, out);
		assert_string_equal(out, "hello");
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
	close(fd);
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
		cmocka_unit_test(test_source__notices_a_file_that_changes),
		cmocka_unit_test(test_source__holds_callbacks_to_their_word),
		cmocka_unit_test(test_source__rewinds_only_what_was_read),
		cmocka_unit_test(
		    test_source__refuses_a_callback_without_a_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
