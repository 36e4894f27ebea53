/* SPDX-License-Identifier: MIT */
/*
 * The message builder, from its setters to the stream. The message is read
 * twice, by other pieces; both have to be the same, of the size that was
 * promised, in lines that any server takes, 7-bit where nothing else is
 * offered. Then a reader that is not the library's (mail.h) takes it apart:
 * the header has the fields that it is to have and no other, names and texts
 * say what was given, and each part decodes to what was attached.
 */
#define _GNU_SOURCE              /* memmem() */

#include "mail.h"
#include "stream.h"

#include <smtp/message.h>

#include "mime/message.h"
#include "text/content.h"

#define LEAVES 32

/* What was given, in the order in which it has to come out. */
struct leaf {
	const char *p;
	size_t n;
	bool text;               /* its line ends become CRLF         */
	struct span name;        /* of the file; n 0: none            */
};

struct given {
	struct leaf texts[2], inlines[4], files[4], tree[16];
	size_t text_n, inline_n, file_n, tree_n;
	bool has_html, has_tree;
	struct span subject, description, own;
};

struct found {
	struct leaf leaves[LEAVES];
	size_t n;
	unsigned multiparts;
};

static struct smtp_source *
make_source(const char *p, size_t n, unsigned how)
{
	struct stream *s;

	if (how & 1)
		return smtp_source_memory(p, n);
	s = (void *)fuzz_alloc(sizeof *s);
	*s = (struct stream){ p, n, 0, 1 + (how >> 2) };
	return smtp_source_callback(stream_read, stream_rewind, NULL, s,
	    how & 2 ? SMTP_SIZE_UNKNOWN : n);
}

static struct span
last_component(const char *name)
{
	const char *p = name;

	for (const char *at = name; *at != '\0'; at++)
		if (*at == '/' || *at == '\\')
			p = at + 1;
	/* "C:name" */
	if (p == name && strlen(p) > 2 && mail_lower(p[0]) >= 'a' &&
	    mail_lower(p[0]) <= 'z' && p[1] == ':')
		p += 2;
	return (struct span){ p, strlen(p) };
}

static const char *const types[] = {
	NULL, "application/octet-stream", "text/plain", "image/png; x=\"a b\""
};

static void
add_file(struct fuzz *f, struct smtp_message *m, struct given *g, unsigned how)
{
	const char *type = types[fuzz_octet(f) & 3];
	char *name = how & 1 ? fuzz_string(f, 100) : NULL;
	size_t n;
	char *p = fuzz_block(f, 200, &n);
	struct smtp_source *source = make_source(p, n, fuzz_octet(f));
	struct leaf leaf = { p, n, false, { NULL, 0 } };

	if (name != NULL)
		leaf.name = last_component(name);
	if (how & 2 && g->inline_n < 4) {
		smtp_message_inline(m, source, g->inline_n & 1 ? "b@x" : "a@x",
		    type, name);
		g->inlines[g->inline_n++] = leaf;
	} else if (g->file_n < 4) {
		smtp_message_attach(m, source, type, name);
		g->files[g->file_n++] = leaf;
	} else {
		smtp_source_free(source);
	}
}

static void
add_text(struct fuzz *f, struct smtp_message *m, struct given *g, bool html)
{
	char *text = fuzz_string(f, 255);

	if (g->text_n == 2 || (html ? g->has_html :
	    g->text_n > (size_t)g->has_html))
		return;
	if (html)
		smtp_message_set_html(m, text);
	else
		smtp_message_set_text(m, text);
	/* Text comes before HTML. */
	if (!html && g->has_html)
		g->texts[1] = g->texts[0];
	g->texts[html ? g->text_n : 0] =
	    (struct leaf){ text, strlen(text), true, { NULL, 0 } };
	g->text_n++;
	g->has_html |= html;
}

/* A tree of the caller's own, down to a few levels. */
static struct smtp_part *
make_tree(struct fuzz *f, struct smtp_message *m, struct given *g,
    unsigned depth)
{
	unsigned how = fuzz_octet(f);
	struct smtp_part *part;
	size_t n;
	char *p;

	if ((how & 3) == 3 && depth < 4) {
		part = smtp_part_multi(m, how & 4 ? "multipart/mixed" :
		    "multipart/x; a=b");
		for (unsigned i = 0; i <= (how >> 4 & 3) &&
		    (i == 0 || g->tree_n < 8); i++)
			smtp_part_add(part, make_tree(f, m, g, depth + 1));
		return part;
	}
	p = fuzz_block(f, 200, &n);
	if (g->tree_n < 16)
		g->tree[g->tree_n] = (struct leaf){ p, n, how & 1,
		    { NULL, 0 } };
	g->tree_n++;
	part = how & 1 ? smtp_part_text(m, "text/x", NULL, p, n) :
	    smtp_part_source(m, make_source(p, n, how), "image/x", NULL);
	if (how & 8 && g->description.n == 0) {
		char *text = fuzz_string(f, 100);

		smtp_part_set_description(part, text);
		g->description = (struct span){ text, strlen(text) };
	}
	return part;
}

static void
make(struct fuzz *f, struct smtp_message *m, struct given *g)
{
	smtp_message_set_from(m, "a@x.example");
	smtp_message_add_to(m, "b@x.example");
	while (f->n > 0) {
		unsigned op = fuzz_octet(f);
		char *text;

		switch (op & 7) {
		case 0:
			text = fuzz_string(f, 255);
			smtp_message_set_subject(m, text);
			g->subject = (struct span){ text, strlen(text) };
			break;
		case 1:
			add_text(f, m, g, false);
			break;
		case 2:
			add_text(f, m, g, true);
			break;
		case 3:
			text = fuzz_string(f, 255);
			if (g->own.p != NULL)
				break;
			smtp_message_add_header(m, "X-Own", text);
			g->own = (struct span){ text, strlen(text) };
			break;
		case 4:
			smtp_message_set_name_fallback(m, 1);
			break;
		case 5:
			if (g->has_tree)
				break;
			g->has_tree = true;
			smtp_message_set_content(m, make_tree(f, m, g, 0));
			break;
		default:
			add_file(f, m, g, op >> 3);
		}
	}
}

/* All of it, by these pieces. NULL: it failed, and says why. */
static char *
read_all(struct smtp_message *m, size_t piece, size_t *n)
{
	const size_t room = 1 << 16;
	char *p = fuzz_alloc(room);
	ptrdiff_t rc = 1;

	for (*n = 0; rc > 0; *n += (size_t)rc) {
		REQUIRE(*n < room);
		rc = smtp__message_read(m, p + *n, piece < room - *n ? piece :
		    room - *n);
		if (rc < 0) {
			REQUIRE(smtp_message_error(m)[0] != '\0');
			return NULL;
		}
	}
	fuzz_shrink(p, *n);
	return p;
}

/* What a field of a part says. */
static void
check_part(struct span name, struct span value, struct leaf *leaf,
    struct span *type, struct span *encoding, struct given *g, bool *ok)
{
	struct span words;

	*ok = true;
	if (mail_is(name, "Content-Type")) {
		REQUIRE(type->n == 0);
		*type = value;
	} else if (mail_is(name, "Content-Transfer-Encoding")) {
		*encoding = value;
	} else if (mail_is(name, "Content-Disposition")) {
		REQUIRE(mail_begins(value, "attachment") ||
		    mail_begins(value, "inline"));
		if (!mail_param(value, "filename", &leaf->name))
			leaf->name.n = 0;
	} else if (mail_is(name, "Content-Description")) {
		words = mail_text(value, false);
		REQUIRE(g->description.p != NULL &&
		    mail_same(words, g->description));
	} else {
		*ok = mail_is(name, "Content-ID");
	}
}

static void
take_apart(struct span s, struct found *found, struct given *g,
    unsigned depth);

/* Where the next delimiter line begins, at `at` or behind a CRLF. */
static size_t
delimiter(struct span body, struct span boundary, size_t at)
{
	for (; at + 2 + boundary.n <= body.n; at++)
		if (body.p[at] == '-' && body.p[at + 1] == '-' &&
		    (at == 0 || body.p[at - 1] == '\n') &&
		    memcmp(body.p + at + 2, boundary.p, boundary.n) == 0)
			break;
	REQUIRE(at + 2 + boundary.n <= body.n);
	return at;
}

static void
take_parts(struct span body, struct span type, struct found *found,
    struct given *g, unsigned depth)
{
	struct span boundary;
	size_t at, next;

	REQUIRE(depth < 24 && mail_param(type, "boundary", &boundary));
	REQUIRE(boundary.n > 0 && boundary.n <= 70);
	found->multiparts++;
	at = delimiter(body, boundary, 0) + 2 + boundary.n;
	REQUIRE(at == 2 + boundary.n);
	while (at + 2 > body.n || memcmp(body.p + at, "--", 2) != 0) {
		REQUIRE(at + 2 <= body.n && memcmp(body.p + at, "\r\n", 2) ==
		    0);
		at += 2;
		next = delimiter(body, boundary, at);
		REQUIRE(next >= at + 2 && body.p[next - 2] == '\r');
		take_apart((struct span){ body.p + at, next - 2 - at }, found,
		    g, depth + 1);
		at = next + 2 + boundary.n;
	}
	REQUIRE(at + 2 == body.n || (at + 4 == body.n &&
	    memcmp(body.p + at + 2, "\r\n", 2) == 0));
}

/* One entity without or with the header of the message. */
static void
take_apart(struct span s, struct found *found, struct given *g, unsigned depth)
{
	static const char *const fields[] = {
		"Date", "From", "To", "Message-ID", "MIME-Version"
	};
	struct span name, value, type = { NULL, 0 };
	struct span encoding = { "7bit", 4 };
	struct leaf leaf = { NULL, 0, false, { NULL, 0 } };
	unsigned seen = 0, subjects = 0, owns = 0;
	bool ok;

	while (mail_next(&s, &name, &value)) {
		check_part(name, value, &leaf, &type, &encoding, g, &ok);
		for (unsigned i = 0; i < 5 && !ok && depth == 0; i++)
			if (mail_is(name, fields[i])) {
				ok = true;
				REQUIRE(!(seen & 1U << i));
				seen |= 1U << i;
			}
		if (!ok && depth == 0 && mail_is(name, "Subject")) {
			ok = subjects++ == 0;
			REQUIRE(mail_same(mail_text(value, false),
			    g->subject));
		} else if (!ok && depth == 0 && mail_is(name, "X-Own")) {
			ok = owns++ == 0;
			REQUIRE(mail_same(mail_text(value, false), g->own));
		}
		/* No field but those that were to be there. */
		REQUIRE(ok);
	}
	REQUIRE(depth > 0 || (seen == 31 && subjects == (g->subject.p != NULL)
	    && owns == (g->own.p != NULL)));
	if (mail_begins(type, "multipart/")) {
		REQUIRE(mail_is(encoding, "7bit") ||
		    mail_is(encoding, "8bit") || mail_is(encoding, "binary"));
		take_parts(s, type, found, g, depth);
		return;
	}
	REQUIRE(found->n < LEAVES && type.n > 0);
	leaf.text = mail_begins(type, "message/");
	s = mail_decode(s, encoding);
	leaf.p = s.p;
	leaf.n = s.n;
	found->leaves[found->n++] = leaf;
}

static void
compare(const struct leaf *want, const struct leaf *got)
{
	struct span a = { got->p, got->n }, b = { want->p, want->n };

	if (want->text || got->text)
		REQUIRE(mail_same_text(a, mail_canonical(b.p, b.n)));
	else
		REQUIRE(mail_same(a, b));
	REQUIRE(mail_same(got->name, want->name));
}

static void
compare_all(const struct given *g, const struct found *found)
{
	size_t at = 0, i;

	if (g->has_tree) {
		REQUIRE(g->tree_n <= 16);
		for (i = 0; i < g->tree_n; i++)
			compare(&g->tree[i], &found->leaves[at++]);
	} else {
		for (i = 0; i < g->text_n; i++)
			compare(&g->texts[i], &found->leaves[at++]);
		/* Nothing at all is an empty text. */
		if (g->text_n + g->inline_n + g->file_n == 0)
			REQUIRE(found->leaves[at++].n <= 2);
	}
	for (i = 0; i < g->inline_n; i++)
		compare(&g->inlines[i], &found->leaves[at++]);
	for (i = 0; i < g->file_n; i++)
		compare(&g->files[i], &found->leaves[at++]);
	REQUIRE(at == found->n);
}

static void
check(struct smtp_message *m, struct given *g, unsigned how)
{
	static const size_t pieces[] = { 1, 3, 7, 64 };
	const struct smtp__moment moment = {
		true, 1500000000, 120, true, "0123456789abcdefghijklm"
	};
	struct smtp__content content;
	struct found found = { .n = 0 };
	struct span all, again;
	bool binary = (how & 6) == 6, high = false;
	int rc = smtp__message_prepare(m, &moment);

	if (rc == SMTP_OK)
		rc = smtp__message_plan(m, (how & 1 ? SMTP__CONTENT_8BIT : 0) |
		    (binary ? SMTP__CONTENT_BINARY | SMTP__CONTENT_CHUNKING :
		    0), &content);
	if (rc != SMTP_OK) {
		REQUIRE(rc < 0 && smtp_message_error(m)[0] != '\0');
		return;
	}
	all.p = read_all(m, 1 << 16, &all.n);
	rc = smtp__message_plan(m, (how & 1 ? SMTP__CONTENT_8BIT : 0) |
	    (binary ? SMTP__CONTENT_BINARY | SMTP__CONTENT_CHUNKING : 0),
	    &content);
	REQUIRE(rc == SMTP_OK || all.p == NULL);
	if (all.p == NULL)
		return;
	again.p = read_all(m, pieces[how >> 3 & 3], &again.n);
	REQUIRE(again.p != NULL && mail_same(all, again));
	REQUIRE(!content.size_known || content.size == all.n);
	fuzz_talk("M:", all.p, all.n);
	for (size_t i = 0; i < all.n; i++)
		high |= (unsigned char)all.p[i] > 127;
	if (!(content.needs & SMTP__CONTENT_BINARY)) {
		mail_check_lines(all, 998, how & 1);
		REQUIRE(!high || content.needs & SMTP__CONTENT_8BIT);
	} else {
		REQUIRE(binary);
	}
	take_apart(all, &found, g, 0);
	compare_all(g, &found);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct smtp_allocator allocator = { stream_resize, NULL };
	struct fuzz f = fuzz_begin(p, n);
	struct given given;
	unsigned how = fuzz_octet(&f);
	struct smtp_message *m = smtp_message_new_with(&allocator);

	/* The boundary, which is no chance here: nobody else can guess it. */
	if (memmem(p, n, "mztwq2lknnwg2a", 14) != NULL) {
		smtp_message_free(m);
		return 0;
	}
	memset(&given, 0, sizeof given);
	make(&f, m, &given);
	check(m, &given, how);
	smtp_message_free(m);
	return 0;
}
