/* SPDX-License-Identifier: MIT */
/* What may not stand in a mail is encoded, also where 8-bit octets may. */
#include "check.h"

#include <smtp/message.h>

#include "mime/part.h"

static const struct {
	const char *text;
	int encoded;
} texts[] = {
	{ "plain\tand tabs\n", 0 },
	{ "gr\xC3\xBC\xC3\x9F" "e\n", 0 },
	{ "a\x01" "b\n", 1 },
	{ "escape \x1B[31m\n", 1 },
	{ "delete \x7F\n", 1 },
	{ "form feed \f\n", 1 },
	{ "gr\xC3\xBC\xC3\x9F" "e \x02\n", 1 },
};

/* The message as octets, with CRLF line ends. */
static char *
written(struct smtp_message *m)
{
	static char p[100000];
	FILE *file = tmpfile();
	size_t n;

	assert_non_null(file);
	assert_int_equal(smtp_message_write(m, file, 1), SMTP_OK);
	rewind(file);
	n = fread(p, 1, sizeof p - 1, file);
	assert_true(n > 0 && n < sizeof p - 1);
	p[n] = '\0';
	assert_int_equal(strlen(p), n);
	fclose(file);
	return p;
}

static struct smtp_message *
message(void)
{
	struct smtp_message *m = smtp_message_new();

	smtp_message_set_from(m, "ana@example.com");
	smtp_message_add_to(m, "bo@example.com");
	return m;
}

static int
is_encoded(const char *mail)
{
	return strstr(mail, "Encoding: quoted-printable\r\n") != NULL ||
	    strstr(mail, "Encoding: base64\r\n") != NULL;
}

static void
expect_clean(const char *mail)
{
	size_t column = 0;

	for (; *mail != '\0'; mail++) {
		unsigned char c = (unsigned char)*mail;

		assert_true(c == '\r' || c == '\n' || c == '\t' ||
		    (c >= 32 && c != 127));
		column = c == '\n' ? 0 : column + 1;
		assert_true(column <= 999);
	}
}

static void
test_part__has_no_control_characters(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct smtp_message *m = message();
		const char *mail;

		smtp_message_set_text(m, texts[i].text);
		mail = written(m);
		expect_clean(mail);
		if (is_encoded(mail) != texts[i].encoded)
			fail_msg("text %zu: %s", i, mail);
		smtp_message_free(m);
	}
	proves("R5321-4.1.1.4-3");
}

/* 8BITMIME is for lines: what has none is encoded where it is offered too. */
static void
test_part__without_lines_is_encoded(void **state)
{
	static const char binary[] = "a\0b\r\xFF\n\x80";
	char line[1400];

	(void)state;
	for (size_t n = 997; n < 1001; n++) {
		struct smtp_message *m = message();
		const char *mail;

		memset(line, 'x', n);
		memcpy(line + n - 2, "\xC3\xA9", 2);
		memcpy(line + n, "\n", 2);
		smtp_message_set_text(m, line);
		mail = written(m);
		expect_clean(mail);
		assert_int_equal(is_encoded(mail), n > 998);
		smtp_message_free(m);
	}
	for (size_t n = 0; n < sizeof binary; n++) {
		struct smtp_message *m = message();
		const char *mail;

		smtp_message_attach(m, smtp_source_memory(binary, n), NULL,
		    NULL);
		mail = written(m);
		expect_clean(mail);
		assert_true(is_encoded(mail));
		smtp_message_free(m);
	}
	proves("R6152-3-3");
}

struct slow {
	const char *p;
	size_t n, step;
};

static ptrdiff_t
read_slowly(void *ctx, void *p, size_t n)
{
	struct slow *s = ctx;

	if (n > s->step)
		n = s->step;
	if (n > s->n)
		n = s->n;
	memcpy(p, s->p, n);
	s->p += n;
	s->n -= n;
	return (ptrdiff_t)n;
}

/* Read into rooms of exact size; whole lines go another way than the rest. */
static void
body_is(struct smtp_source *source, size_t room, const char *want, size_t size)
{
	struct smtp_part part = { .source = source,
	    .encoding = SMTP__ENCODING_BASE64 };
	struct smtp_allocator heap = smtp__store_default();
	struct smtp__body b;
	char got[500];
	size_t n = 0;
	ptrdiff_t more;

	smtp__body_init(&b, &heap);
	assert_true(smtp__source_begin(source));
	smtp__body_begin(&b, &part);
	do {
		char *p = malloc(room);

		more = smtp__body_read(&b, p, room);
		assert_true(more >= 0 && (size_t)more <= room);
		assert_true(n + (size_t)more <= size);
		memcpy(got + n, p, (size_t)more);
		n += (size_t)more;
		free(p);
	} while (more > 0);
	assert_int_equal(n, size);
	assert_memory_equal(got, want, size);
	smtp__body_free(&b);
	smtp_source_free(source);
}

static void
test_part__encodes_the_same_into_any_room(void **state)
{
	static const size_t rooms[] = { 8, 77, 78, 79, 156, 157, 400 };
	unsigned char data[300];
	char want[500];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 151 + i / 7);
	for (size_t n = 0; n <= sizeof(data); n++)
		for (size_t i = 0; i < COUNT(rooms); i++) {
			struct slow slow = { (const char *)data, n,
			    1 + (n * 7 + i * 13) % 120 };
			struct smtp__base64 b;
			size_t used, size;

			smtp__base64_init(&b, true);
			size = smtp__base64_encode(&b, data, n, true, &used,
			    want, sizeof(want));
			body_is(smtp_source_memory(data, n), rooms[i], want,
			    size);
			body_is(smtp_source_callback(read_slowly, NULL, NULL,
			    &slow, n), rooms[i], want, size);
		}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_part__has_no_control_characters),
		cmocka_unit_test(test_part__without_lines_is_encoded),
		cmocka_unit_test(test_part__encodes_the_same_into_any_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
