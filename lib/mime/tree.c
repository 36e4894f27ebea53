/* SPDX-License-Identifier: MIT */
/* Parts of a structure of the caller's own. */
#include "mime/state.h"

#include "mime/field.h"
#include "mime/type.h"
#include "text/ascii.h"

static const struct smtp__bytes none = { NULL, 0 };

/* The numbers that arrange() gives out itself. */
enum { FLAT_MULTIPARTS = 3 };

static struct smtp_part *
new_part(struct smtp_message *m)
{
	struct smtp_part *part;

	if (m == NULL || m->fault != SMTP_OK)
		return NULL;
	if (m->made >= SMTP__PARTS_MAX) {
		smtp__message_refuse(m, SMTP_E_ARGUMENT, "part", none,
		    "is one more than a message may have (1000)");
		return NULL;
	}
	part = smtp__arena_new(&m->arena, sizeof(*part));
	if (part == NULL) {
		smtp__message_refuse(m, SMTP_E_MEMORY, "part", none,
		    "no memory");
		return NULL;
	}
	part->owner = m;
	part->number = FLAT_MULTIPARTS + ++m->made;
	m->changed = true;
	return part;
}

struct smtp_part *
smtp_part_text(struct smtp_message *m, const char *type, const char *charset,
    const void *p, size_t n)
{
	struct smtp_part *part = new_part(m);
	struct smtp__bytes name = smtp__bytes_of(charset != NULL ? charset :
	    "utf-8");
	bool text;

	if (part == NULL ||
	    smtp__part_set_type(m, part, "part", type) != SMTP_OK ||
	    smtp__part_set_text(m, part, "part", charset, p, n) != SMTP_OK)
		return NULL;
	text = strlen(part->type) > 5 && smtp__same(part->type, 5, "text/", 5);
	if (text && smtp__part_add_param(m, part, "part",
	    smtp__bytes_of("charset"), name) != SMTP_OK)
		return NULL;
	return part;
}

struct smtp_part *
smtp_part_source(struct smtp_message *m, struct smtp_source *source,
    const char *type, const char *name)
{
	struct smtp_part *part;

	if (m == NULL) {
		smtp_source_free(source);
		return NULL;
	}
	if (!smtp__message_adopt(m, source, "part"))
		return NULL;
	part = new_part(m);
	if (part == NULL)
		return NULL;
	part->source = source;
	if (name != NULL &&
	    smtp__part_set_name(m, part, "part", name) != SMTP_OK)
		return NULL;
	part->guessed = type == NULL;
	if (type == NULL)
		type = smtp__type_of_name(part->name.p, part->name.n);
	return smtp__part_set_type(m, part, "part", type) == SMTP_OK ? part :
	    NULL;
}

struct smtp_part *
smtp_part_multi(struct smtp_message *m, const char *type)
{
	struct smtp_part *part = new_part(m);

	if (part == NULL)
		return NULL;
	part->multi = true;
	part->height = 1;
	return smtp__part_set_type(m, part, "part", type) == SMTP_OK ? part :
	    NULL;
}

/* Room for a setter: the message has no error and the part is there. */
static int
ready(struct smtp_part *part)
{
	if (part == NULL)
		return SMTP_E_ARGUMENT;
	part->owner->changed = true;
	return part->owner->fault;
}

static int
refuse(struct smtp_part *part, struct smtp__bytes detail, const char *words)
{
	return smtp__message_refuse(part->owner, SMTP_E_ARGUMENT, "part",
	    detail, words);
}

/* Is it the part itself, or one that holds it? */
static bool
holds(const struct smtp_part *outer, const struct smtp_part *part)
{
	while (part != NULL && part != outer)
		part = part->parent;
	return part != NULL;
}

int
smtp_part_add(struct smtp_part *multi, struct smtp_part *child)
{
	unsigned depth = 0;

	if (ready(multi) != SMTP_OK || child == NULL)
		return multi == NULL ? SMTP_E_ARGUMENT :
		    multi->owner->fault != SMTP_OK ? multi->owner->fault :
		    refuse(multi, none, "is missing");
	if (!multi->multi)
		return refuse(multi, none, "is no multipart");
	if (child->parent != NULL || child->owner != multi->owner ||
	    holds(child, multi) || child == child->owner->content)
		return refuse(multi, none, "stands elsewhere already");
	for (struct smtp_part *p = multi; p != NULL; p = p->parent)
		depth++;
	if (depth + child->height > SMTP__DEPTH_MAX)
		return refuse(multi, none, "is nested too deep (20)");
	child->parent = multi;
	if (multi->last != NULL)
		multi->last->next = child;
	else
		multi->child = child;
	multi->last = child;
	for (unsigned h = child->height + 1; multi != NULL &&
	    multi->height < h; h++, multi = multi->parent)
		multi->height = h;
	return SMTP_OK;
}

int
smtp_part_set_param(struct smtp_part *part, const char *name,
    const char *value)
{
	struct smtp__bytes n = smtp__bytes_of(name);
	struct smtp__bytes v = smtp__bytes_of(value);
	const char *fault = smtp__field_fault(v.p, v.n, false);

	if (ready(part) != SMTP_OK)
		return part != NULL ? part->owner->fault : SMTP_E_ARGUMENT;
	for (size_t i = 0; i < n.n; i++)
		if (!smtp__is_token(n.p[i]) || smtp__is_in(n.p[i], "*'%", 3))
			fault = "is no name of a parameter";
	if (n.n == 0 || n.n > 32 || value == NULL)
		fault = "is no name of a parameter, or has no value";
	if (part->multi && smtp__same_text(n.p, n.n, "boundary"))
		fault = "is made by the message itself";
	return fault != NULL ? refuse(part, n, fault) :
	    smtp__part_add_param(part->owner, part, "part", n, v);
}

int
smtp_part_set_disposition(struct smtp_part *part, const char *disposition)
{
	struct smtp__bytes b = smtp__bytes_of(disposition);

	if (ready(part) != SMTP_OK)
		return part != NULL ? part->owner->fault : SMTP_E_ARGUMENT;
	if (disposition == NULL)
		part->disposition = SMTP__DISPOSITION_NONE;
	else if (smtp__same_text(b.p, b.n, "inline"))
		part->disposition = SMTP__DISPOSITION_INLINE;
	else if (smtp__same_text(b.p, b.n, "attachment"))
		part->disposition = SMTP__DISPOSITION_ATTACHMENT;
	else
		return refuse(part, b, "is neither inline nor attachment");
	return SMTP_OK;
}

int
smtp_part_set_id(struct smtp_part *part, const char *cid)
{
	if (ready(part) != SMTP_OK)
		return part != NULL ? part->owner->fault : SMTP_E_ARGUMENT;
	return smtp__part_set_cid(part->owner, part, cid);
}

int
smtp_part_set_description(struct smtp_part *part, const char *text)
{
	struct smtp__bytes b = smtp__bytes_of(text);
	const char *fault = smtp__field_fault(b.p, b.n, true), *copy;

	if (ready(part) != SMTP_OK)
		return part != NULL ? part->owner->fault : SMTP_E_ARGUMENT;
	if (fault != NULL)
		return refuse(part, none, fault);
	copy = smtp__arena_copy(&part->owner->arena, b.p, b.n);
	if (copy == NULL)
		return smtp__message_refuse(part->owner, SMTP_E_MEMORY, "part",
		    none, "no memory");
	part->description = smtp__bytes(copy, b.n);
	return SMTP_OK;
}

int
smtp_part_set_location(struct smtp_part *part, const char *url)
{
	struct smtp__bytes b = smtp__bytes_of(url);
	const char *fault = b.n == 0 || b.n > 900 ? "is no URL" : NULL;

	if (ready(part) != SMTP_OK)
		return part != NULL ? part->owner->fault : SMTP_E_ARGUMENT;
	for (size_t i = 0; i < b.n; i++)
		if (!smtp__is_graph(b.p[i]) || smtp__is_in(b.p[i], "<>\"", 3))
			fault = "is no URL";
	if (fault != NULL)
		return refuse(part, b, fault);
	part->location = smtp__arena_copy(&part->owner->arena, b.p, b.n);
	return part->location != NULL ? SMTP_OK : smtp__message_refuse(
	    part->owner, SMTP_E_MEMORY, "part", none, "no memory");
}

int
smtp_message_set_content(struct smtp_message *m, struct smtp_part *part)
{
	if (m == NULL)
		return SMTP_E_ARGUMENT;
	if (m->fault != SMTP_OK)
		return m->fault;
	if (part == NULL || part->owner != m || part->parent != NULL)
		return smtp__message_refuse(m, SMTP_E_ARGUMENT, "content",
		    none, part == NULL ? "is missing" :
		    "stands elsewhere already");
	m->content = part;
	m->changed = true;
	return SMTP_OK;
}

/* RFC 2046 section 5.1.1: at least one part in each multipart. */
int
smtp__message_check_tree(struct smtp_message *m)
{
	struct smtp_part *part = m->content;

	if (part == NULL)
		return SMTP_OK;
	if (m->has_text || m->has_html || m->has_calendar)
		return smtp__message_stop(m, SMTP_E_ARGUMENT, "content", none,
		    "is there beside a text, HTML or calendar");
	part->parent = NULL;
	part->next = NULL;
	while (part != NULL) {
		if (part->multi && part->child == NULL)
			return smtp__message_stop(m, SMTP_E_ARGUMENT,
			    "content", smtp__bytes_of(part->type),
			    "has no parts");
		if (part->multi) {
			part = part->child;
			continue;
		}
		while (part->parent != NULL && part->next == NULL)
			part = part->parent;
		part = part->parent != NULL ? part->next : NULL;
	}
	return SMTP_OK;
}
