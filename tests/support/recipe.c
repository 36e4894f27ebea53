/* SPDX-License-Identifier: MIT */
#include "recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Parts have a name each: `part_text NAME TYPE CHARSET TEXT`, `part_source
 * NAME SOURCE TYPE FILE`, `part_multi NAME TYPE`, then `part_add NAME NAME`,
 * `part_set_... NAME ...` and `set_content NAME`.
 */
struct recipe_data {
	struct recipe_data *next;
	size_t n, at;
	char p[];
};

static void
give_up(const char *what, const char *line)
{
	fprintf(stderr, "recipe: %s: %s\n", what, line);
	abort();
}

void
recipe_draw(char *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (char)(seed >> 24);
	}
}

static int
hex(char c)
{
	const char *digits = "0123456789abcdef", *d = strchr(digits, c);

	if (c == '\0' || d == NULL)
		give_up("no hexadecimal digit", "");
	return (int)(d - digits);
}

/* In place; returns the size. */
static size_t
unescape(char *p)
{
	char *out = p, *start = p;

	for (; *p != '\0'; p++) {
		if (*p != '\\') {
			*out++ = *p;
			continue;
		}
		switch (*++p) {
		case 'n': *out++ = '\n'; break;
		case 'r': *out++ = '\r'; break;
		case 't': *out++ = '\t'; break;
		case '\\': *out++ = '\\'; break;
		case 'x':
			*out++ = (char)(hex(p[1]) * 16 + hex(p[2]));
			p += 2;
			break;
		default: give_up("unknown escape", p);
		}
	}
	*out = '\0';
	return (size_t)(out - start);
}

static ptrdiff_t
data_read(void *ctx, void *p, size_t n)
{
	struct recipe_data *d = ctx;

	/* odd amounts, as callbacks come */
	if (n > 1021)
		n = 1021;
	if (n > d->n - d->at)
		n = d->n - d->at;
	memcpy(p, d->p + d->at, n);
	d->at += n;
	return (ptrdiff_t)n;
}

static int
data_rewind(void *ctx)
{
	((struct recipe_data *)ctx)->at = 0;
	return 0;
}

static struct smtp_source *
source(struct recipe *r, const char *text, size_t n)
{
	char how = text[0];
	struct recipe_data *d;
	uint32_t seed = 0;

	if (how == '!' || how == '?') {
		text++;
		n--;
	}
	if (text[0] == '<')
		return smtp_source_file(text + 1);
	if (text[0] == '@') {
		char *end;

		n = strtoul(text + 1, &end, 10);
		seed = *end == ':' ? (uint32_t)strtoul(end + 1, NULL, 10) : 0;
	}
	d = malloc(sizeof(*d) + n + 1);
	if (d == NULL)
		give_up("no memory", "");
	d->next = r->data;
	d->n = n;
	d->at = 0;
	if (text[0] == '@')
		recipe_draw(d->p, n, seed);
	else
		memcpy(d->p, text, n);
	r->data = d;
	if (how == '!' || how == '?')
		return smtp_source_callback(data_read, how == '!' ?
		    data_rewind : NULL, NULL, d, SMTP_SIZE_UNKNOWN);
	return smtp_source_memory(d->p, n);
}

static struct smtp_part *
find(const struct recipe *r, const char *name)
{
	for (size_t i = 0; i < r->part_count; i++)
		if (strcmp(r->parts[i].name, name) == 0)
			return r->parts[i].part;
	give_up("no such part", name);
	return NULL;
}

static int
keep(struct recipe *r, const char *name, struct smtp_part *part)
{
	if (r->part_count == RECIPE_PARTS)
		give_up("too many parts", name);
	snprintf(r->parts[r->part_count].name,
	    sizeof(r->parts[0].name), "%s", name);
	r->parts[r->part_count++].part = part;
	return part != NULL ? SMTP_OK : SMTP_E_ARGUMENT;
}

static int
call_part(struct recipe *r, struct smtp_message *m, char **a,
    const size_t *size)
{
	if (strcmp(a[0], "part_text") == 0)
		return keep(r, a[1], smtp_part_text(m, a[2], a[3], a[4],
		    size[4]));
	if (strcmp(a[0], "part_source") == 0)
		return keep(r, a[1], smtp_part_source(m, source(r, a[2],
		    size[2]), a[3], a[4]));
	if (strcmp(a[0], "part_multi") == 0)
		return keep(r, a[1], smtp_part_multi(m, a[2]));
	if (strcmp(a[0], "part_add") == 0)
		return smtp_part_add(find(r, a[1]), find(r, a[2]));
	if (strcmp(a[0], "part_set_param") == 0)
		return smtp_part_set_param(find(r, a[1]), a[2], a[3]);
	if (strcmp(a[0], "part_set_disposition") == 0)
		return smtp_part_set_disposition(find(r, a[1]), a[2]);
	if (strcmp(a[0], "part_set_id") == 0)
		return smtp_part_set_id(find(r, a[1]), a[2]);
	if (strcmp(a[0], "part_set_description") == 0)
		return smtp_part_set_description(find(r, a[1]), a[2]);
	if (strcmp(a[0], "part_set_location") == 0)
		return smtp_part_set_location(find(r, a[1]), a[2]);
	give_up("no such call", a[0]);
	return SMTP_E_STATE;
}

typedef int text_setter(struct smtp_message *, const char *);
typedef int pair_setter(struct smtp_message *, const char *, const char *);

static const struct {
	const char *name;
	text_setter *set;
} text_setters[] = {
	{ "set_from", smtp_message_set_from },
	{ "set_sender", smtp_message_set_sender },
	{ "add_reply_to", smtp_message_add_reply_to },
	{ "add_to", smtp_message_add_to },
	{ "add_cc", smtp_message_add_cc },
	{ "add_bcc", smtp_message_add_bcc },
	{ "set_envelope_from", smtp_message_set_envelope_from },
	{ "add_recipient", smtp_message_add_recipient },
	{ "set_subject", smtp_message_set_subject },
	{ "set_message_id", smtp_message_set_message_id },
	{ "set_text", smtp_message_set_text },
	{ "set_html", smtp_message_set_html },
	{ "set_reply_subject", smtp_message_set_reply_subject },
	{ "set_automatic", smtp_message_set_automatic },
	{ "set_flowed_text", smtp_message_set_flowed_text },
};

static const struct {
	const char *name;
	pair_setter *set;
} pair_setters[] = {
	{ "add_header", smtp_message_add_header },
	{ "add_list_url", smtp_message_add_list_url },
	{ "set_list_id", smtp_message_set_list_id },
	{ "set_calendar", smtp_message_set_calendar },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
call(struct recipe *r, struct smtp_message *m, char **a, const size_t *size)
{
	for (size_t i = 0; i < COUNT(text_setters); i++)
		if (strcmp(a[0], text_setters[i].name) == 0)
			return text_setters[i].set(m, a[1]);
	for (size_t i = 0; i < COUNT(pair_setters); i++)
		if (strcmp(a[0], pair_setters[i].name) == 0)
			return pair_setters[i].set(m, a[1], a[2]);
	if (strcmp(a[0], "add_address") == 0)
		return smtp_message_add_address(m, a[1], a[2], a[3]);
	if (strcmp(a[0], "set_date") == 0)
		return smtp_message_set_date(m, strtoll(a[1], NULL, 10),
		    a[2] != NULL ? (int)strtol(a[2], NULL, 10) : 0);
	if (strcmp(a[0], "set_parent") == 0)
		return smtp_message_set_parent(m, a[1], a[2], a[3]);
	if (strcmp(a[0], "set_priority") == 0)
		return smtp_message_set_priority(m, (int)strtol(a[1], NULL,
		    10));
	if (strcmp(a[0], "set_utf8") == 0)
		return smtp_message_set_utf8(m, 1);
	if (strcmp(a[0], "set_name_fallback") == 0)
		return smtp_message_set_name_fallback(m, 1);
	if (strcmp(a[0], "set_one_click") == 0)
		return smtp_message_set_one_click(m);
	if (strcmp(a[0], "attach") == 0)
		return smtp_message_attach(m, source(r, a[1], size[1]), a[2],
		    a[3]);
	if (strcmp(a[0], "inline") == 0)
		return smtp_message_inline(m, source(r, a[1], size[1]), a[2],
		    a[3], a[4]);
	if (strncmp(a[0], "part_", 5) == 0)
		return call_part(r, m, a, size);
	if (strcmp(a[0], "set_content") == 0)
		return smtp_message_set_content(m, find(r, a[1]));
	if (strcmp(a[0], "set_raw") == 0)
		return smtp_message_set_raw(m, source(r, a[1], size[1]));
	if (strcmp(a[0], "offer") == 0)
		return r->eightbit = 1, SMTP_OK;
	give_up("no such call", a[0]);
	return SMTP_E_STATE;
}

static int
run_line(struct recipe *r, struct smtp_message *m, char *line)
{
	char *a[6] = { NULL }, *p = line;
	size_t size[6] = { 0 }, n = 0;

	while (p != NULL && n < 6) {
		char *tab = strchr(p, '\t');

		if (tab != NULL)
			*tab++ = '\0';
		a[n] = strcmp(p, "-") == 0 ? NULL : p;
		if (a[n] != NULL)
			size[n] = unescape(p);
		n++;
		p = tab;
	}
	return a[0] == NULL || a[0][0] == '\0' || a[0][0] == '#' ? SMTP_OK :
	    call(r, m, a, size);
}

int
recipe_run(struct recipe *r, struct smtp_message *m, const char *text,
    size_t n)
{
	char *copy = malloc(n + 1), *p = copy;
	int first = SMTP_OK;

	if (copy == NULL)
		give_up("no memory", "");
	memcpy(copy, text, n);
	copy[n] = '\0';
	while (p != NULL) {
		char *end = strchr(p, '\n');
		int rc;

		if (end != NULL)
			*end++ = '\0';
		rc = run_line(r, m, p);
		if (first == SMTP_OK)
			first = rc;
		p = end;
	}
	free(copy);
	return first;
}

void
recipe_free(struct recipe *r)
{
	while (r->data != NULL) {
		struct recipe_data *d = r->data;

		r->data = d->next;
		free(d);
	}
}
