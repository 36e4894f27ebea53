/* SPDX-License-Identifier: MIT */
/*
 * A message together with what any parser has to find in it. Each call goes to
 * the builder and into the expectations; the end writes the octets, for a
 * server of 7 bits and for one of 8, and a line of the manifest for both.
 */
#ifndef CORPUS_H
#define CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <smtp/message.h>

struct corpus {
	const char *dir;
	FILE *manifest;
	unsigned count;
};

/* Opens DIR/manifest.json; false and a line on stderr when it cannot. */
bool
corpus_open(struct corpus *corpus, const char *dir);
bool
corpus_close(struct corpus *corpus);

enum leaf_kind { LEAF_TEXT, LEAF_HTML, LEAF_CALENDAR, LEAF_INLINE, LEAF_FILE };

struct leaf {
	enum leaf_kind kind;
	char type[96];
	char *name, *cid, *disposition, *description;
	bool text;               /* its octets count with LF line ends    */
	bool line_end;           /* the text ends with one                */
	size_t size;
	char sha256[65];
};

enum { LEAVES_MAX = 64 };

struct kase {
	struct corpus *corpus;
	char name[96];
	struct smtp_message *message;
	FILE *people, *fields, *tokens;  /* members of the manifest       */
	char *texts[3];
	size_t sizes[3];
	const char *shape;       /* JSON; NULL: what the calls give       */
	bool utf8;               /* to a server with SMTPUTF8             */
	struct leaf leaves[LEAVES_MAX];
	size_t leaf_count;
	void *blocks[LEAVES_MAX];
	size_t block_count;
};

void
case_begin(struct kase *c, struct corpus *corpus, const char *name);

/* Two files and two entries; frees the message. Ends the program on failure. */
void
case_end(struct kase *c);

/* A mailbox of a field; the domain as given, and as it has to arrive. */
void
case_who(struct kase *c, const char *field, const char *name,
    const char *local, const char *domain, const char *arrives);

/* The same, told to the parsers only. */
void
case_expect_who(struct kase *c, const char *field, const char *name,
    const char *local, const char *arrives);

/* Unstructured, to the octet; or words between white space. */
void
case_expect_field(struct kase *c, const char *name, const char *text);
void
case_expect_tokens(struct kase *c, const char *name, const char *text);

void
case_subject(struct kase *c, const char *text);
void
case_field(struct kase *c, const char *name, const char *text);
void
case_text(struct kase *c, const char *text);
void
case_html(struct kase *c, const char *html);
void
case_calendar(struct kase *c, const char *text, const char *method);

/* `arrives` is the type that a parser finds. `p` is copied. */
void
case_attach(struct kase *c, const char *type, const char *arrives,
    const char *name, const void *p, size_t n);
void
case_inline(struct kase *c, const char *cid, const char *type,
    const char *name, const void *p, size_t n);

/* A part that was made by hand; strings are copied. */
struct leaf *
case_expect_leaf(struct kase *c, enum leaf_kind kind, const char *type,
    const char *name, const char *disposition, const char *cid,
    const void *p, size_t n);

/* A copy that lives as long as the message. */
void *
case_keep(struct kase *c, const void *p, size_t n);

/* `text` as JSON, with its quotes; NULL is null. */
void
json_string(FILE *file, const char *text);

/* What is not there. */
void
give_up(const char *what, const char *why);

/*
 * Texts (texts.c): exactly `n` octets of one kind, valid UTF-8, a terminating
 * NUL behind them. The caller frees.
 */
enum text_kind {
	TEXT_ASCII, TEXT_LATIN, TEXT_CJK, TEXT_EMOJI, TEXT_LONG_LINES,
	TEXT_LONG_LATIN, TEXT_TRAILING, TEXT_DOTS, TEXT_FROM, TEXT_CRLF,
	TEXT_CR, TEXT_MIXED_ENDS, TEXT_EQUALS, TEXT_BOUNDARIES, TEXT_CONTROLS,
	TEXT_EMPTY_LINES, TEXT_ARABIC, TEXT_KINDS
};
char *
make_text(enum text_kind kind, size_t n);
const char *
text_kind_name(enum text_kind kind);

/* Drawn octets, the same for the same seed. */
unsigned char *
make_octets(size_t n, uint32_t seed);

#endif
