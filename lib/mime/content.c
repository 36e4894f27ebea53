/* SPDX-License-Identifier: MIT */
/* The setters of the content, and how its parts are arranged. */
#include "mime/state.h"

#include <stdlib.h>

#include "mime/field.h"
#include "mime/type.h"
#include "text/ascii.h"
#include "text/plain.h"
#include "text/utf8.h"

static const struct smtp__bytes none = { NULL, 0 };

void
smtp__parts_init(struct smtp__parts *parts)
{
	parts->first = NULL;
	parts->end = &parts->first;
	parts->count = 0;
}

static int
no_memory(struct smtp_message *m, const char *field)
{
	return smtp__message_refuse(m, SMTP_E_MEMORY, field, none,
	    "no memory");
}

/*
 * Up to the next CR or LF, or the end; `*mark` is its octets, 1 or 2 or 0.
 * Without any CR in the whole text `crs` is false and none is looked for.
 */
static size_t
line_end(const char *p, size_t n, bool crs, size_t *mark)
{
	const char *lf = memchr(p, '\n', n), *cr;
	size_t end = lf != NULL ? (size_t)(lf - p) : n;

	*mark = lf != NULL;
	cr = crs ? memchr(p, '\r', end) : NULL;
	if (cr == NULL)
		return end;
	end = (size_t)(cr - p);
	*mark = cr + 1 == lf ? 2 : 1;
	return end;
}

static void
look_at_line(struct smtp__nature *is, const char *p, size_t n)
{
	is->long_line = is->long_line || n > SMTP__LINE_MAX;
	if (smtp__is_plain(p, n))
		return;
	for (size_t i = 0; i < n; i++) {
		is->high = is->high || smtp__is_high(p[i]);
		is->control = is->control ||
		    (smtp__is_control(p[i]) && p[i] != '\t');
	}
}

/* Its size with CRLF for each CRLF, LF and CR, and what it is made of. */
static size_t
canonical_size(const char *p, size_t n, bool crs, struct smtp__nature *is)
{
	size_t size = 0, mark;

	memset(is, 0, sizeof(*is));
	for (size_t i = 0; i < n; i += mark) {
		size_t length = line_end(p + i, n - i, crs, &mark);

		look_at_line(is, p + i, length);
		size += length + (mark > 0 ? 2 : 0);
		i += length;
	}
	return size;
}

static void
canonical_copy(char *out, const char *p, size_t n, bool crs)
{
	size_t mark;

	for (size_t i = 0; i < n; i += mark) {
		size_t length = line_end(p + i, n - i, crs, &mark);

		memcpy(out, p + i, length);
		out += length;
		i += length;
		if (mark > 0)
			memcpy(out, "\r\n", 2);
		out += mark > 0 ? 2 : 0;
	}
}

/* RFC 2046 section 4.1.1: line ends must be octets. */
static bool
is_wide_charset(const char *charset)
{
	static const char *const wide[] = { "utf-16", "utf-32", "ucs-2",
	    "ucs-4", "iso-10646-ucs-" };

	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		size_t n = strlen(wide[i]);

		if (strlen(charset) >= n && smtp__same(charset, n, wide[i],
		    n))
			return true;
	}
	return false;
}

static const char *
charset_fault(const char *charset, const char *p, size_t n, bool high)
{
	if (charset == NULL ||
	    smtp__same_text(charset, strlen(charset), "utf-8"))
		return !high || smtp__utf8_valid(p, n) ? NULL :
		    "is not valid UTF-8";
	for (size_t i = 0; charset[i] != '\0'; i++)
		if (!smtp__is_token(charset[i]))
			return "has no name of a charset";
	return charset[0] == '\0' || is_wide_charset(charset) ?
	    "has a charset that text cannot have" : NULL;
}

int
smtp__part_set_text(struct smtp_message *m, struct smtp_part *part,
    const char *field, const char *charset, const char *p, size_t n)
{
	struct smtp__nature nature;
	bool crs = n > 0 && memchr(p, '\r', n) != NULL;
	size_t size = canonical_size(p, n, crs, &nature);
	const char *fault = charset_fault(charset, p, n, nature.high);
	char *copy;

	if (fault != NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, none,
		    fault);
	copy = smtp__arena_octets(&m->arena, size > 0 ? size : 1);
	if (copy == NULL)
		return no_memory(m, field);
	canonical_copy(copy, p, n, crs);
	part->text = smtp__bytes(copy, size);
	part->nature = nature;
	m->changed = true;
	return SMTP_OK;
}

static int
set_body(struct smtp_message *m, bool html, const char *p, size_t n)
{
	struct smtp_part *part = html ? &m->html : &m->text;

	if (smtp__part_set_text(m, part, html ? "html" : "text", NULL, p,
	    n) != SMTP_OK)
		return m->fault;
	part->type = html ? "text/html; charset=utf-8" :
	    "text/plain; charset=utf-8";
	part->params = NULL;
	if (html)
		m->has_html = true;
	else
		m->has_text = true;
	return SMTP_OK;
}

static int
set_body_text(struct smtp_message *m, bool html, const char *text)
{
	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (text == NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT,
		    html ? "html" : "text", none, "is missing");
	return set_body(m, html, text, strlen(text));
}

static int
set_body_file(struct smtp_message *m, bool html, FILE *file)
{
	const char *field = html ? "html" : "text";
	struct smtp__buffer b;
	int rc;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (file == NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, none,
		    "is missing");
	smtp__buffer_init(&b, &m->allocator);
	while (smtp__out_room(&b.out, 4096)) {
		size_t n = fread(b.out.p + b.out.n, 1, b.out.cap - b.out.n,
		    file);

		b.out.n += n;
		if (n == 0)
			break;
	}
	if (b.out.over)
		rc = no_memory(m, field);
	else if (ferror(file))
		rc = smtp__message_refuse(m, SMTP_E_SOURCE, field, none,
		    "cannot be read");
	else
		rc = set_body(m, html, b.out.p, b.out.n);
	smtp__buffer_free(&b);
	return rc;
}

int
smtp_message_set_text(struct smtp_message *m, const char *text)
{
	return set_body_text(m, false, text);
}

int
smtp_message_set_text_file(struct smtp_message *m, FILE *file)
{
	return set_body_file(m, false, file);
}

int
smtp_message_set_html(struct smtp_message *m, const char *html)
{
	return set_body_text(m, true, html);
}

int
smtp_message_set_html_file(struct smtp_message *m, FILE *file)
{
	return set_body_file(m, true, file);
}

/*
 * The message owns the source from here on, whatever comes. False: there is no
 * source, or it belongs to a message already.
 */
bool
smtp__message_adopt(struct smtp_message *m, struct smtp_source *source,
    const char *field)
{
	if (source == NULL) {
		no_memory(m, field);
		return false;
	}
	source->next = m->sources;
	m->sources = source;
	return m->fault == SMTP_OK;
}

/* What is behind the last slash, backslash or drive. */
static struct smtp__bytes
last_component(const char *name)
{
	struct smtp__bytes b = smtp__bytes_of(name);
	size_t at = b.n;

	while (at > 0 && !smtp__is_in(b.p[at - 1], "/\\", 2))
		at--;
	if (at == 0 && b.n > 2 && smtp__is_alpha(b.p[0]) && b.p[1] == ':')
		at = 2;
	return smtp__bytes(b.p + at, b.n - at);
}

/* RFC 2183 section 2.3: no path, and nothing that means a folder. */
int
smtp__part_set_name(struct smtp_message *m, struct smtp_part *part,
    const char *field, const char *name)
{
	struct smtp__bytes b = last_component(name);
	const char *fault = smtp__field_fault(b.p, b.n, false);
	char *copy;

	if (b.n == 0 || smtp__same_text(b.p, b.n, ".") ||
	    smtp__same_text(b.p, b.n, ".."))
		fault = "is no name of a file";
	else if (b.n > 255)
		fault = "is a name of over 255 octets";
	if (fault != NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, b,
		    fault);
	copy = smtp__arena_copy(&m->arena, b.p, b.n);
	if (copy == NULL)
		return no_memory(m, field);
	part->name = smtp__bytes(copy, b.n);
	part->fallback = &m->fallback;
	return SMTP_OK;
}

int
smtp_message_set_name_fallback(struct smtp_message *m, int on)
{
	if (m == NULL)
		return SMTP_E_ARGUMENT;
	m->fallback = on != 0;
	m->changed = true;
	return m->fault;
}

int
smtp__part_add_param(struct smtp_message *m, struct smtp_part *part,
    const char *field, struct smtp__bytes name, struct smtp__bytes value)
{
	struct smtp__pair *pair = smtp__arena_new(&m->arena, sizeof(*pair));
	const char *copy = smtp__arena_copy(&m->arena, value.p, value.n);
	struct smtp__pair **end = &part->params;

	if (pair != NULL)
		pair->name = smtp__arena_copy(&m->arena, name.p, name.n);
	if (pair == NULL || copy == NULL || pair->name == NULL)
		return no_memory(m, field);
	while (*end != NULL) {
		if (smtp__same_text(name.p, name.n, (*end)->name))
			return smtp__message_refuse(m, SMTP_E_ARGUMENT, field,
			    name, "is a parameter that is there already");
		end = &(*end)->next;
	}
	pair->value = smtp__bytes(copy, value.n);
	*end = pair;
	return SMTP_OK;
}

/* A parameter as it was written, without quotes and backslashes. */
static int
take_param(struct smtp_message *m, struct smtp_part *part, const char *field,
    const struct smtp__type *t)
{
	struct smtp__bytes name = smtp__bytes(t->p + t->name, t->name_n);
	char *value = smtp__arena_octets(&m->arena, t->value_n + 1);
	size_t n = 0;

	if (value == NULL)
		return no_memory(m, field);
	for (size_t i = 0; i < t->value_n; i++) {
		if (t->quoted && t->p[t->value + i] == '\\')
			i++;
		value[n++] = t->p[t->value + i];
	}
	if (part->multi && smtp__same_text(name.p, name.n, "boundary"))
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, name,
		    "is made by the message itself");
	return smtp__part_add_param(m, part, field, name,
	    smtp__bytes(value, n));
}

int
smtp__part_set_type(struct smtp_message *m, struct smtp_part *part,
    const char *field, const char *type)
{
	struct smtp__bytes b = smtp__bytes_of(type);
	struct smtp__type t = { b.p, b.n, 0, 0, 0, 0, 0, false };
	const char *fault = smtp__field_fault(b.p, b.n, true);
	bool multi;
	char *copy;
	int rc;

	if (fault != NULL || smtp__type_next(&t) < 0)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, b,
		    fault != NULL ? fault :
		    "is no media type; write type/subtype");
	multi = t.name_n > 10 && smtp__same(b.p, 10, "multipart/", 10);
	if (multi != part->multi)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, b,
		    multi ? "has parts of its own; make it with "
		    "smtp_part_multi()" : "is no multipart");
	copy = smtp__arena_copy(&m->arena, b.p, t.name_n);
	if (copy == NULL)
		return no_memory(m, field);
	part->type = copy;
	part->message = t.name_n > 8 && smtp__same(b.p, 8, "message/", 8);
	while ((rc = smtp__type_next(&t)) > 0)
		if (take_param(m, part, field, &t) != SMTP_OK)
			return m->fault;
	if (rc < 0)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, b,
		    "has a malformed parameter");
	return SMTP_OK;
}

int
smtp__part_set_cid(struct smtp_message *m, struct smtp_part *part,
    const char *cid)
{
	struct smtp__bytes b = smtp__bytes_of(cid);
	char *copy;

	if (b.n == 0 || b.n > 250)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "cid", none,
		    b.n == 0 ? "is missing" : "has over 250 octets");
	for (size_t i = 0; i < b.n; i++)
		if (!smtp__is_atext(b.p[i]) &&
		    !smtp__is_in(b.p[i], ".@", 2))
			return smtp__message_refuse(m, SMTP_E_ARGUMENT, "cid",
			    b, "has a character that is not allowed; write "
			    "left@right without angle brackets");
	for (struct smtp_part *p = m->inlines.first; p != NULL; p = p->next)
		if (strcmp(p->cid, cid) == 0)
			return smtp__message_refuse(m, SMTP_E_ARGUMENT, "cid",
			    b, "is there already");
	copy = smtp__arena_copy(&m->arena, b.p, b.n);
	if (copy == NULL)
		return no_memory(m, "cid");
	part->cid = copy;
	return SMTP_OK;
}

static int
attach(struct smtp_message *m, struct smtp__parts *parts,
    struct smtp_source *source, const char *cid, const char *type,
    const char *name)
{
	const char *field = parts == &m->files ? "attachment" : "inline";
	struct smtp_part *part;

	if (!smtp__message_adopt(m, source, field))
		return m->fault;
	if (m->files.count + m->inlines.count >= SMTP__PARTS_MAX)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, field, none,
		    "is one more than a message may have (1000)");
	part = smtp__arena_new(&m->arena, sizeof(*part));
	if (part == NULL)
		return no_memory(m, field);
	part->owner = m;
	part->source = source;
	part->disposition = parts == &m->files ?
	    SMTP__DISPOSITION_ATTACHMENT : SMTP__DISPOSITION_INLINE;
	if (name == NULL && source->kind == SMTP__SOURCE_FILE)
		name = source->path;
	if (name != NULL &&
	    smtp__part_set_name(m, part, field, name) != SMTP_OK)
		return m->fault;
	if (parts == &m->inlines && smtp__part_set_cid(m, part, cid) != SMTP_OK)
		return m->fault;
	part->guessed = type == NULL;
	if (type == NULL)
		type = smtp__type_of_name(part->name.p, part->name.n);
	if (smtp__part_set_type(m, part, field, type) != SMTP_OK)
		return m->fault;
	*parts->end = part;
	parts->end = &part->next;
	parts->count++;
	m->changed = true;
	return SMTP_OK;
}

int
smtp_message_attach(struct smtp_message *m, struct smtp_source *source,
    const char *type, const char *name)
{
	if (m != NULL)
		return attach(m, &m->files, source, NULL, type, name);
	smtp_source_free(source);
	return SMTP_E_ARGUMENT;
}

int
smtp_message_inline(struct smtp_message *m, struct smtp_source *source,
    const char *cid, const char *type, const char *name)
{
	if (m != NULL)
		return attach(m, &m->inlines, source, cid, type, name);
	smtp_source_free(source);
	return SMTP_E_ARGUMENT;
}

static int
no_path(struct smtp_message *m, const char *field)
{
	return m == NULL ? SMTP_E_ARGUMENT : smtp__message_refuse(m,
	    SMTP_E_ARGUMENT, field, none, "has no path");
}

int
smtp_message_attach_file(struct smtp_message *m, const char *path,
    const char *type, const char *name)
{
	return path == NULL ? no_path(m, "attachment") :
	    smtp_message_attach(m, smtp_source_file(path), type, name);
}

int
smtp_message_inline_file(struct smtp_message *m, const char *path,
    const char *cid, const char *type, const char *name)
{
	return path == NULL ? no_path(m, "inline") :
	    smtp_message_inline(m, smtp_source_file(path), cid, type, name);
}

int
smtp_message_set_raw(struct smtp_message *m, struct smtp_source *source)
{
	if (m == NULL) {
		smtp_source_free(source);
		return SMTP_E_ARGUMENT;
	}
	if (!smtp__message_adopt(m, source, "raw"))
		return m->fault;
	m->ready = source;
	m->binary = false;
	m->changed = true;
	return SMTP_OK;
}

int
smtp_message_set_binary(struct smtp_message *m, struct smtp_source *source)
{
	int rc = smtp_message_set_raw(m, source);

	if (rc == SMTP_OK)
		m->binary = true;
	return rc;
}

/* The value of METHOD in a calendar object (RFC 5545 section 3.7.2). */
static struct smtp__bytes
calendar_method(struct smtp__bytes text)
{
	size_t end;

	for (size_t at = 0; at < text.n; at = end + 2) {
		end = at;
		while (end < text.n && text.p[end] != '\r')
			end++;
		if (end - at > 7 && smtp__same(text.p + at, 7, "METHOD:", 7))
			return smtp__bytes(text.p + at + 7, end - at - 7);
	}
	return none;
}

int
smtp_message_set_calendar(struct smtp_message *m, const char *calendar,
    const char *method)
{
	struct smtp__bytes found, utf8 = smtp__bytes_of("utf-8");
	const char *fault = NULL;

	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (calendar == NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "calendar",
		    none, "is missing");
	m->calendar.params = NULL;
	if (smtp__part_set_text(m, &m->calendar, "calendar", NULL, calendar,
	    strlen(calendar)) != SMTP_OK)
		return m->fault;
	found = calendar_method(m->calendar.text);
	if (found.n == 0)
		fault = "has no METHOD, which an invitation needs";
	else if (method != NULL && !smtp__same_text(found.p, found.n, method))
		fault = "has another METHOD than that given";
	for (size_t i = 0; i < found.n; i++)
		if (!smtp__is_token(found.p[i]))
			fault = "has a malformed METHOD";
	if (fault != NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "calendar",
		    found, fault);
	m->calendar.type = "text/calendar";
	if (smtp__part_add_param(m, &m->calendar, "calendar",
	    smtp__bytes_of("method"), found) == SMTP_OK &&
	    smtp__part_add_param(m, &m->calendar, "calendar",
	    smtp__bytes_of("charset"), utf8) == SMTP_OK)
		m->has_calendar = true;
	return m->fault;
}

/* A multipart of `child` and those that follow it. */
static struct smtp_part *
multipart(struct smtp_part *part, const char *type, struct smtp_part *child,
    unsigned *count)
{
	part->type = type;
	part->multi = true;
	part->child = child;
	part->next = NULL;
	part->number = ++*count;
	for (; child != NULL; child = child->next)
		child->parent = part;
	return part;
}

/* related( html, inlines... ) or html alone. */
static struct smtp_part *
arrange_html(struct smtp_message *m, unsigned *count)
{
	m->html.next = m->inlines.first;
	return m->inlines.first == NULL ? &m->html : multipart(&m->related,
	    "multipart/related; type=\"text/html\"", &m->html, count);
}

/* alternative( text, html, calendar ) of those that there are. */
static struct smtp_part *
arrange_body(struct smtp_message *m, unsigned *count)
{
	struct smtp_part *ways[3], *html;
	size_t n = 0;

	if (m->content != NULL)
		return m->content;
	if (m->has_text)
		ways[n++] = &m->text;
	if (m->has_html) {
		html = arrange_html(m, count);
		ways[n++] = html;
	}
	if (m->has_calendar)
		ways[n++] = &m->calendar;
	if (n < 2)
		return n == 0 ? NULL : ways[0];
	for (size_t i = 0; i < n; i++)
		ways[i]->next = i + 1 < n ? ways[i + 1] : NULL;
	return multipart(&m->alternative, "multipart/alternative", ways[0],
	    count);
}

/*
 * mixed( body, files... ), without the levels that are not needed. Inline parts
 * without HTML are files. The caller's own parts have the numbers behind
 * those that are given here.
 */
unsigned
smtp__message_arrange(struct smtp_message *m)
{
	struct smtp_part *body, *files = m->files.first;
	unsigned count = 0;

	*m->inlines.end = NULL;
	body = arrange_body(m, &count);
	if (!m->has_html && m->inlines.first != NULL) {
		*m->inlines.end = files;
		files = m->inlines.first;
	}
	if (body != NULL)
		body->next = files;
	if (files != NULL)
		body = multipart(&m->mixed, "multipart/mixed",
		    body != NULL ? body : files, &count);
	if (body == NULL) {
		body = &m->empty;
		body->type = "text/plain; charset=utf-8";
		body->text = smtp__bytes("", 0);
	}
	body->parent = NULL;
	m->root = body;
	return count + m->made;
}
