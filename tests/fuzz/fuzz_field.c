/* SPDX-License-Identifier: MIT */
/*
 * What is written into headers and commands from text of others: encoded-words
 * (RFC 2047), parameters (RFC 2231), phrases, xtext (RFC 3461), addresses and
 * lists of them. A reader that is not the library's (mail.h) has to get the
 * text back; an address that was written is one, and stays what it is.
 */
#define _GNU_SOURCE              /* memmem() */

#include "mail.h"

#include "codec/xtext.h"
#include "mime/address.h"
#include "mime/field.h"
#include "text/mailbox.h"

#define ROOM 8192

static struct smtp__out
room(size_t n)
{
	struct smtp__out out;

	smtp__out_init(&out, fuzz_alloc(n), n);
	return out;
}

/* One field, folded; its value unfolded again. */
static struct span
read_back(const struct smtp__out *out, bool words)
{
	struct span all = { out->p, out->n }, name, value, header;
	char *text = fuzz_alloc(out->n + 2);

	fuzz_talk("F:", out->p, out->n);
	REQUIRE(!out->over);
	while (all.n > 0) {
		struct span line = mail_line(&all);
		bool word = false;

		for (size_t i = 0; i + 8 < line.n && words; i++)
			word |= mail_begins((struct span){ line.p + i,
			    line.n - i }, "=?UTF-8?");
		REQUIRE(line.n <= (word ? 76U : 998U));
	}
	memcpy(text, out->p, out->n);
	memcpy(text + out->n, "\r\n", 2);
	header = (struct span){ text, out->n + 2 };
	REQUIRE(mail_next(&header, &name, &value) && mail_is(name, "X"));
	REQUIRE(header.n == 2);
	return value;
}

static void
unstructured(struct span s, bool utf8)
{
	struct smtp__out out = room(ROOM);
	struct smtp__field f;
	struct span value;

	if (smtp__field_fault(s.p, s.n, true) != NULL) {
		smtp__field_begin(&f, &out, "X");
		smtp__field_unstructured(&f, s.p, s.n);
		if (!smtp__field_end(&f))
			REQUIRE(out.n == 0);
		return;
	}
	smtp__field_begin(&f, &out, "X");
	f.utf8 = utf8;
	smtp__field_unstructured(&f, s.p, s.n);
	REQUIRE(smtp__field_end(&f));
	/* A field without anything has no line of its own to be read. */
	value = read_back(&out, true);
	REQUIRE(mail_same(mail_text(value, false), s));
	for (size_t i = 0; i < value.n && !utf8; i++)
		REQUIRE((unsigned char)value.p[i] < 128);
}

/* Atoms, a quoted string, or encoded-words. */
static struct span
read_phrase(struct span value)
{
	char *out = fuzz_alloc(value.n);
	size_t n = 0;

	if (value.n == 0 || value.p[0] != '"')
		return mail_text(value, true);
	for (size_t i = 1; i + 1 < value.n; i++) {
		if (value.p[i] == '\\')
			i++;
		REQUIRE(value.p[i - 1] == '\\' || value.p[i] != '"');
		out[n++] = value.p[i];
	}
	REQUIRE(value.n > 1 && value.p[value.n - 1] == '"');
	return (struct span){ out, n };
}

static void
phrase(struct span s)
{
	struct smtp__out out = room(ROOM);
	struct smtp__field f;

	if (s.n == 0 || smtp__field_fault(s.p, s.n, false) != NULL)
		return;
	smtp__field_begin(&f, &out, "X");
	smtp__field_phrase(&f, s.p, s.n);
	REQUIRE(smtp__field_end(&f));
	REQUIRE(mail_same(read_phrase(read_back(&out, true)), s));
}

static void
parameter(struct span s, bool two)
{
	struct smtp__out out = room(ROOM);
	struct smtp__field f;
	struct span value, found;

	if (smtp__field_fault(s.p, s.n, false) != NULL)
		return;
	smtp__field_begin(&f, &out, "X");
	smtp__field_piece_text(&f, "a/b");
	smtp__field_param(&f, "filename", s.p, s.n);
	if (two)
		smtp__field_param(&f, "file", "x", 1);
	REQUIRE(smtp__field_end(&f));
	value = read_back(&out, false);
	for (size_t i = 0; i < value.n; i++)
		REQUIRE((unsigned char)value.p[i] < 128);
	REQUIRE(mail_param(value, "filename", &found) && mail_same(found, s));
	REQUIRE(mail_param(value, "file", &found) == two || !two);
	value = (struct span){ out.p, out.n };
	while (value.n > 0)
		REQUIRE(mail_line(&value).n <= 78);
}

static void
xtext(struct span s)
{
	struct smtp__out out = room(3 * s.n);
	char *back = fuzz_alloc(s.n);
	size_t n = 0;

	smtp__xtext_write(&out, s.p, s.n);
	REQUIRE(!out.over);
	for (size_t i = 0; i < out.n; i++) {
		char c = out.p[i];

		REQUIRE(c > ' ' && c < 127 && c != '=');
		if (c == '+') {
			REQUIRE(i + 2 < out.n);
			c = (char)(mail_hex(out.p[i + 1]) * 16 +
			    mail_hex(out.p[i + 2]));
			i += 2;
		}
		back[n++] = c;
	}
	REQUIRE(mail_same((struct span){ back, n }, s));
}

/* The same of type utf-8, for a server without SMTPUTF8. */
static void
xtext_utf8(struct span s)
{
	struct smtp__out out = room(12 * s.n);
	char *back = fuzz_alloc(s.n);
	size_t n = 0;

	if (!mail_utf8(s.p, s.n))
		return;
	smtp__xtext_write_utf8(&out, s.p, s.n, false);
	REQUIRE(!out.over);
	for (size_t i = 0; i < out.n; i++) {
		uint32_t c = (unsigned char)out.p[i];

		REQUIRE(c > ' ' && c < 127 && c != '+' && c != '=');
		if (c != '\\') {
			back[n++] = (char)c;
			continue;
		}
		REQUIRE(i + 5 < out.n && memcmp(out.p + i, "\\x{", 3) == 0);
		for (c = 0, i += 3; i < out.n && out.p[i] != '}'; i++) {
			REQUIRE(mail_hex(out.p[i]) >= 0);
			c = c << 4 | (uint32_t)mail_hex(out.p[i]);
		}
		REQUIRE(i < out.n && c <= 0x10ffff);
		if (c < 0x80) {
			back[n++] = (char)c;
		} else if (c < 0x800) {
			back[n++] = (char)(0xc0 | c >> 6);
			back[n++] = (char)(0x80 | (c & 63));
		} else if (c < 0x10000) {
			back[n++] = (char)(0xe0 | c >> 12);
			back[n++] = (char)(0x80 | (c >> 6 & 63));
			back[n++] = (char)(0x80 | (c & 63));
		} else {
			back[n++] = (char)(0xf0 | c >> 18);
			back[n++] = (char)(0x80 | (c >> 12 & 63));
			back[n++] = (char)(0x80 | (c >> 6 & 63));
			back[n++] = (char)(0x80 | (c & 63));
		}
	}
	REQUIRE(mail_same((struct span){ back, n }, s));
}

/* What may stand between angle brackets, as plainly as can be. */
static void
check_spec(struct span s, unsigned flags)
{
	size_t i = 0;
	bool quoted = false;

	REQUIRE(s.n <= 254 || flags & SMTP__MAILBOX_LONG);
	for (; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		REQUIRE(c >= ' ' && c != 127);
		REQUIRE(c < 128 || flags & SMTP__MAILBOX_UTF8);
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted) {
			REQUIRE(c != ' ' && c != '<' && c != '>' && c != ',' &&
			    c != '(' && c != ')' && c != ';');
			if (c == '@')
				break;
		}
	}
	REQUIRE(!quoted);
	if (i == s.n) {
		REQUIRE((s.n == 0 && flags & SMTP__MAILBOX_NULL) ||
		    (mail_is(s, "postmaster") &&
		    flags & SMTP__MAILBOX_POSTMASTER));
		return;
	}
	REQUIRE(i > 0 && i + 1 < s.n);
	if (s.p[++i] == '[') {
		REQUIRE(s.p[s.n - 1] == ']');
		for (i++; i < s.n - 1; i++)
			REQUIRE(s.p[i] > ' ' && s.p[i] < 127 &&
			    strchr("[\\]<>()\",;@", s.p[i]) == NULL);
		return;
	}
	REQUIRE(s.p[i] != '.' && s.p[i] != '-' && s.p[s.n - 1] != '.' &&
	    s.p[s.n - 1] != '-');
	for (; i < s.n; i++)
		REQUIRE((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' ||
		    (mail_lower(s.p[i]) >= 'a' && mail_lower(s.p[i]) <= 'z') ||
		    (s.p[i] == '.' && s.p[i - 1] != '.'));
}

/* The address as it is written; n 0 and false: it is none. */
static bool
mailbox(struct span s, unsigned flags, struct span *found)
{
	struct smtp__out out = room(2048), again = room(2048);
	enum smtp__mailbox_fault fault;
	struct smtp__mailbox parts = { .literal = false };

	fault = smtp__mailbox_write(&out, s.p, s.n, flags, &parts);
	if (fault != SMTP__MAILBOX_OK) {
		REQUIRE(smtp__mailbox_words(fault)[0] != '\0');
		return false;
	}
	*found = (struct span){ out.p, out.n };
	check_spec(*found, flags);
	REQUIRE(smtp__mailbox_check(out.p, out.n, flags, NULL) ==
	    SMTP__MAILBOX_OK);
	REQUIRE(smtp__mailbox_write(&again, out.p, out.n, flags, &parts) ==
	    SMTP__MAILBOX_OK);
	REQUIRE(mail_same((struct span){ again.p, again.n }, *found));
	return true;
}

/* A mailbox of a list, written out, is read as the same again. */
static void
address(struct smtp__bytes called, struct smtp__bytes bare, unsigned flags)
{
	struct smtp__out out = room(ROOM), more;
	struct smtp__addresses second;
	struct smtp__address_entry b;
	struct smtp__field f;
	struct span spec, value, name = { called.p, called.n };

	if (!mailbox((struct span){ bare.p, bare.n }, flags, &spec) ||
	    spec.n == 0 || smtp__field_fault(name.p, name.n, false) != NULL)
		return;
	smtp__field_begin(&f, &out, "X");
	if (name.n > 0)
		smtp__field_phrase(&f, name.p, name.n);
	smtp__field_piece_text(&f, "<");
	smtp__field_glue(&f, spec.p, spec.n);
	smtp__field_glue(&f, ">", 1);
	REQUIRE(smtp__field_end(&f));
	value = read_back(&out, false);
	more = room(value.n);
	smtp__addresses_init(&second, value.p, value.n, &more);
	REQUIRE(smtp__addresses_next(&second, &b) == 1);
	REQUIRE(mail_same((struct span){ b.spec.p, b.spec.n }, spec));
	/* Names that had to be encoded are no more what they were. */
	if (memmem(value.p, value.n, "=?", 2) == NULL)
		REQUIRE(mail_same((struct span){ b.name.p, b.name.n }, name));
	REQUIRE(smtp__addresses_next(&second, &b) == 0);
}

static void
addresses(struct span s, bool utf8)
{
	const unsigned flags = utf8 ? SMTP__MAILBOX_UTF8 : 0;
	struct smtp__out names = room(s.n);
	struct smtp__addresses it;
	struct smtp__address_entry a;
	unsigned depth = 0;
	int rc;

	if (smtp__field_fault(s.p, s.n, true) != NULL)
		return;
	smtp__addresses_init(&it, s.p, s.n, &names);
	while ((rc = smtp__addresses_next(&it, &a)) > 0) {
		const size_t used = fuzz_used;

		REQUIRE(!names.over);
		if (a.kind == SMTP__ADDRESS_MAILBOX) {
			address(a.name, a.spec, flags);
			fuzz_release(used);
			continue;
		}
		REQUIRE(depth == (a.kind == SMTP__ADDRESS_GROUP_END));
		depth = a.kind == SMTP__ADDRESS_GROUP;
	}
	REQUIRE(rc == 0 ? depth == 0 : it.fault != NULL && it.fault[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	struct fuzz f = fuzz_begin(input, n);
	unsigned how = fuzz_octet(&f);
	struct span s, found;

	s.p = fuzz_rest(&f, &s.n);
	if (s.n > 900)
		return 0;
	switch (how & 7) {
	case 0:
		unstructured(s, how & 8);
		break;
	case 1:
		phrase(s);
		break;
	case 2:
		parameter(s, how & 8);
		break;
	case 3:
		xtext(s);
		xtext_utf8(s);
		break;
	case 4:
		mailbox(s, how >> 3, &found);
		break;
	default:
		addresses(s, how & 8);
	}
	return 0;
}
