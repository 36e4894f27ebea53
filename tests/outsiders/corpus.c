/* SPDX-License-Identifier: MIT */
#include "corpus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "mime/message.h"

void
give_up(const char *what, const char *why)
{
	fprintf(stderr, "outsiders: %s: %s\n", what, why);
	exit(1);
}

bool
corpus_open(struct corpus *corpus, const char *dir)
{
	char name[1024];

	corpus->dir = dir;
	corpus->count = 0;
	snprintf(name, sizeof(name), "%s/manifest.json", dir);
	corpus->manifest = fopen(name, "w");
	if (corpus->manifest == NULL) {
		fprintf(stderr, "outsiders: %s: %s\n", name, strerror(errno));
		return false;
	}
	fputs("[", corpus->manifest);
	return true;
}

bool
corpus_close(struct corpus *corpus)
{
	fputs("\n]\n", corpus->manifest);
	return fclose(corpus->manifest) == 0;
}

void
json_string(FILE *file, const char *text)
{
	if (text == NULL) {
		fputs("null", file);
		return;
	}
	fputc('"', file);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c < 32 || c == 127)
			fprintf(file, "\\u%04x", c);
		else
			fputc(c, file);
	}
	fputc('"', file);
}

/* ---- one case */

void *
case_keep(struct kase *c, const void *p, size_t n)
{
	void *block = malloc(n + 1);

	if (block == NULL || c->block_count == LEAVES_MAX)
		give_up(c->name, "no room");
	memcpy(block, p, n);
	((char *)block)[n] = '\0';
	c->blocks[c->block_count++] = block;
	return block;
}

static char *
copy(const char *text)
{
	char *p = text == NULL ? NULL : strdup(text);

	if (text != NULL && p == NULL)
		give_up(text, "no memory");
	return p;
}

void
case_begin(struct kase *c, struct corpus *corpus, const char *name)
{
	memset(c, 0, sizeof(*c));
	c->corpus = corpus;
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->message = smtp_message_new();
	c->people = open_memstream(&c->texts[0], &c->sizes[0]);
	c->fields = open_memstream(&c->texts[1], &c->sizes[1]);
	c->tokens = open_memstream(&c->texts[2], &c->sizes[2]);
	if (c->message == NULL || c->people == NULL || c->fields == NULL ||
	    c->tokens == NULL)
		give_up(name, "no memory");
}

void
case_expect_who(struct kase *c, const char *field, const char *name,
    const char *local, const char *arrives)
{
	fputs(ftell(c->people) > 0 ? ", [" : "[", c->people);
	json_string(c->people, field);
	fputs(", ", c->people);
	json_string(c->people, name == NULL ? "" : name);
	fputs(", ", c->people);
	json_string(c->people, local);
	fputs(", ", c->people);
	json_string(c->people, arrives);
	fputs("]", c->people);
}

void
case_who(struct kase *c, const char *field, const char *name,
    const char *local, const char *domain, const char *arrives)
{
	char address[1024];

	snprintf(address, sizeof(address), "%s@%s", local, domain);
	smtp_message_add_address(c->message, field, name, address);
	case_expect_who(c, field, name, local, arrives);
}

static void
member(FILE *file, const char *name, const char *text)
{
	fputs(ftell(file) > 0 ? ", " : "", file);
	json_string(file, name);
	fputs(": ", file);
	json_string(file, text);
}

void
case_expect_field(struct kase *c, const char *name, const char *text)
{
	member(c->fields, name, text);
}

void
case_expect_tokens(struct kase *c, const char *name, const char *text)
{
	member(c->tokens, name, text);
}

void
case_subject(struct kase *c, const char *text)
{
	smtp_message_set_subject(c->message, text);
	member(c->fields, "Subject", text);
}

void
case_field(struct kase *c, const char *name, const char *text)
{
	smtp_message_add_header(c->message, name, text);
	member(c->fields, name, text);
}

/* Line ends as LF, in place; returns the size. */
static size_t
with_lf(char *p, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		bool both = p[i] == '\r' && i + 1 < n && p[i + 1] == '\n';

		p[out++] = p[i] == '\r' ? '\n' : p[i];
		i += both;
	}
	return out;
}

static void
digest(char hex[65], const void *p, size_t n)
{
	unsigned char d[SMTP__DIGEST_MAX];

	if (smtp__hash(SMTP__SHA256, p, n, d) != SMTP_OK)
		give_up("SHA-256", "is not built");
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", d[i]);
}

struct leaf *
case_expect_leaf(struct kase *c, enum leaf_kind kind, const char *type,
    const char *name, const char *disposition, const char *cid,
    const void *p, size_t n)
{
	struct leaf *leaf = &c->leaves[c->leaf_count++];
	char *octets = malloc(n + 1);

	if (octets == NULL || c->leaf_count == LEAVES_MAX)
		give_up(c->name, "no room");
	memcpy(octets, p, n);
	leaf->kind = kind;
	snprintf(leaf->type, sizeof(leaf->type), "%s", type);
	leaf->name = copy(name);
	leaf->cid = copy(cid);
	leaf->disposition = copy(disposition);
	leaf->text = kind < LEAF_INLINE;
	leaf->size = leaf->text ? with_lf(octets, n) : n;
	leaf->line_end = leaf->size > 0 && octets[leaf->size - 1] == '\n';
	digest(leaf->sha256, octets, leaf->size);
	free(octets);
	return leaf;
}

void
case_text(struct kase *c, const char *text)
{
	smtp_message_set_text(c->message, text);
	case_expect_leaf(c, LEAF_TEXT, "text/plain", NULL, NULL, NULL, text,
	    strlen(text));
}

void
case_html(struct kase *c, const char *html)
{
	smtp_message_set_html(c->message, html);
	case_expect_leaf(c, LEAF_HTML, "text/html", NULL, NULL, NULL, html,
	    strlen(html));
}

void
case_calendar(struct kase *c, const char *text, const char *method)
{
	smtp_message_set_calendar(c->message, text, method);
	case_expect_leaf(c, LEAF_CALENDAR, "text/calendar", NULL, NULL, NULL,
	    text, strlen(text));
}

void
case_attach(struct kase *c, const char *type, const char *arrives,
    const char *name, const void *p, size_t n)
{
	const void *kept = case_keep(c, p, n);

	smtp_message_attach(c->message, smtp_source_memory(kept, n), type,
	    name);
	case_expect_leaf(c, LEAF_FILE, arrives, name, "attachment", NULL, p,
	    n);
}

void
case_inline(struct kase *c, const char *cid, const char *type,
    const char *name, const void *p, size_t n)
{
	const void *kept = case_keep(c, p, n);

	smtp_message_inline(c->message, smtp_source_memory(kept, n), cid,
	    type, name);
	case_expect_leaf(c, LEAF_INLINE, type, name, "inline", cid, p, n);
}

/* ---- what the calls give */

static size_t
count(const struct kase *c, enum leaf_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < c->leaf_count; i++)
		n += c->leaves[i].kind == kind;
	return n;
}

static void
put_types(FILE *file, const struct kase *c, enum leaf_kind kind)
{
	for (size_t i = 0; i < c->leaf_count; i++)
		if (c->leaves[i].kind == kind)
			fprintf(file, ", \"%s\"", c->leaves[i].type);
}

/* mixed( alternative( text, related( html, inline... ), calendar ), files ) */
static void
put_shape(FILE *file, const struct kase *c)
{
	bool text = count(c, LEAF_TEXT) > 0, html = count(c, LEAF_HTML) > 0;
	bool calendar = count(c, LEAF_CALENDAR) > 0;
	bool related = html && count(c, LEAF_INLINE) > 0;
	bool loose = !html && count(c, LEAF_INLINE) > 0;
	bool mixed = loose || count(c, LEAF_FILE) > 0;
	bool alternative = text + html + calendar > 1;
	const char *comma = "";

	if (mixed)
		fputs("[\"multipart/mixed\"", file);
	if (mixed && (text || html || calendar))
		fputs(", ", file);
	if (alternative) {
		fputs("[\"multipart/alternative\"", file);
		comma = ", ";
	}
	if (text)
		fprintf(file, "%s\"text/plain\"", comma);
	if (html) {
		fprintf(file, "%s%s\"text/html\"", comma,
		    related ? "[\"multipart/related\", " : "");
		if (related)
			put_types(file, c, LEAF_INLINE);
		fputs(related ? "]" : "", file);
	}
	if (calendar)
		fprintf(file, "%s\"text/calendar\"", comma);
	if (alternative)
		fputs("]", file);
	if (loose)
		put_types(file, c, LEAF_INLINE);
	put_types(file, c, LEAF_FILE);
	fputs(mixed ? "]" : "", file);
	if (!mixed && !text && !html && !calendar)
		fputs("\"text/plain\"", file);
}

static void
put_leaf(FILE *file, const struct leaf *leaf)
{
	fputs("{\"type\": ", file);
	json_string(file, leaf->type);
	fputs(", \"name\": ", file);
	json_string(file, leaf->name);
	fputs(", \"cid\": ", file);
	json_string(file, leaf->cid);
	fputs(", \"disposition\": ", file);
	json_string(file, leaf->disposition);
	fputs(", \"description\": ", file);
	json_string(file, leaf->description);
	fprintf(file, ", \"text\": %s, \"line_end\": %s, \"size\": %zu, "
	    "\"sha256\": \"%s\"}", leaf->text ? "true" : "false",
	    leaf->line_end ? "true" : "false", leaf->size, leaf->sha256);
}

/* In the order of the document, unless the case made its parts by hand. */
static void
put_leaves(FILE *file, const struct kase *c)
{
	static const enum leaf_kind plain[] = { LEAF_TEXT, LEAF_HTML,
	    LEAF_INLINE, LEAF_CALENDAR, LEAF_FILE };
	const char *comma = "";

	for (size_t k = 0; k < 5; k++)
		for (size_t i = 0; i < c->leaf_count; i++) {
			if (c->shape != NULL ? k > 0 :
			    c->leaves[i].kind != plain[k])
				continue;
			fputs(comma, file);
			put_leaf(file, &c->leaves[i]);
			comma = ",\n    ";
		}
}

static void
put_case(FILE *file, const struct kase *c, int bits)
{
	fprintf(file, "%s\n{\"name\": \"%s-%d\", \"bits\": %d, "
	    "\"utf8\": %s,\n"
	    "  \"people\": [%s],\n  \"fields\": {%s},\n  \"tokens\": {%s},\n"
	    "  \"shape\": ", c->corpus->count > 0 ? "," : "", c->name, bits,
	    bits, c->utf8 ? "true" : "false", c->texts[0],
	    c->texts[1], c->texts[2]);
	if (c->shape != NULL)
		fputs(c->shape, file);
	else
		put_shape(file, c);
	fputs(",\n  \"leaves\": [", file);
	put_leaves(file, c);
	fputs("]}", file);
}

/* ---- octets */

static struct smtp__moment
moment(void)
{
	struct smtp__moment m = { .has_clock = true, .seconds = 1700000000,
	    .zone_minutes = 60, .has_random = true };

	for (size_t i = 0; i < sizeof(m.random); i++)
		m.random[i] = (unsigned char)(i * 37 + 11);
	return m;
}

/* As to a server that has these. */
static void
write_octets(struct kase *c, FILE *file, unsigned offers)
{
	struct smtp__content content;
	char piece[8192];
	ptrdiff_t n;
	uint64_t size = 0;
	int rc = smtp__message_plan(c->message, offers, &content);

	if (rc != SMTP_OK)
		give_up(c->name, smtp_message_error(c->message));
	while ((n = smtp__message_read(c->message, piece, sizeof(piece))) > 0) {
		fwrite(piece, 1, (size_t)n, file);
		size += (size_t)n;
	}
	if (n < 0)
		give_up(c->name, smtp_message_error(c->message));
	if (!content.size_known || content.size != size)
		give_up(c->name, "has not the size that was said");
}

static void
write_file(struct kase *c, int bits)
{
	unsigned offers = bits == 8 ? SMTP__CONTENT_8BIT : 0;
	char name[1200];
	FILE *file;

	if (c->utf8)
		offers |= SMTP__CONTENT_UTF8;
	snprintf(name, sizeof(name), "%s/%s-%d.eml", c->corpus->dir, c->name,
	    bits);
	file = fopen(name, "wb");
	if (file == NULL)
		give_up(name, strerror(errno));
	write_octets(c, file, offers);
	if (fclose(file) != 0)
		give_up(name, strerror(errno));
	put_case(c->corpus->manifest, c, bits);
	c->corpus->count++;
}

void
case_end(struct kase *c)
{
	struct smtp__moment now = moment();

	if (c->leaf_count == 0)
		case_expect_leaf(c, LEAF_TEXT, "text/plain", NULL, NULL, NULL,
		    "", 0);
	fclose(c->people);
	fclose(c->fields);
	fclose(c->tokens);
	if (smtp__message_complete(c->message, &now) != SMTP_OK)
		give_up(c->name, smtp_message_error(c->message));
	write_file(c, 7);
	write_file(c, 8);
	smtp_message_free(c->message);
	for (size_t i = 0; i < c->block_count; i++)
		free(c->blocks[i]);
	for (size_t i = 0; i < c->leaf_count; i++) {
		free(c->leaves[i].name);
		free(c->leaves[i].cid);
		free(c->leaves[i].disposition);
		free(c->leaves[i].description);
	}
	for (size_t i = 0; i < 3; i++)
		free(c->texts[i]);
}
