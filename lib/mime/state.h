/* SPDX-License-Identifier: MIT */
/* The message itself, for the files of the builder alone. */
#ifndef SMTP__MIME_STATE_H
#define SMTP__MIME_STATE_H

#include "mime/date.h"
#include "mime/store.h"
#include "mime/message.h"
#include "mime/part.h"
#include "mime/raw.h"

/* A mailbox, or where a group begins or ends. */
struct smtp__entry {
	struct smtp__entry *next;
	int kind;                        /* enum smtp__address_kind       */
	struct smtp__bytes name;
	struct smtp__bytes spec;         /* as in the envelope            */
	bool wide;                       /* its local part is not ASCII   */
};

struct smtp__list {
	struct smtp__entry *first, **end;
	size_t mailboxes;
};

/*
 * A field of unstructured text; or of tokens with spaces between, which are
 * never encoded, perhaps behind a phrase.
 */
struct smtp__extra {
	struct smtp__extra *next;
	const char *name;
	struct smtp__bytes value, phrase;
	bool structured;
};

struct smtp__extras {
	struct smtp__extra *first, **end;
};

struct smtp__parts {
	struct smtp_part *first, **end;
	size_t count;
};

enum { SMTP__PARTS_MAX = 1000, SMTP__DEPTH_MAX = 20, SMTP__UNIQUE = 16 };

/* What one recipient, known by its address, is to have. */
struct smtp__own {
	struct smtp__entry entry;        /* must stand first              */
	struct smtp__own *next;
	struct smtp__rcpt_asks asks;
	bool used;
};

/* Addresses, to be found without a search: see envelope.c. */
struct smtp__index {
	const struct smtp__entry **place;
	size_t size;
};

struct smtp_message {
	struct smtp_allocator allocator;
	struct smtp__arena arena;

	int fault;                       /* of a setter; kept             */
	int failed;                      /* of a plan or a read           */
	char words[320];                 /* for either                    */
	bool changed;                    /* since the last plan           */

	/* The header. */
	struct smtp__list from, sender, reply_to, to, cc, bcc;
	struct smtp__bytes subject;
	bool has_subject;
	bool has_date;
	struct smtp__date date;
	const char *message_id;          /* with brackets; NULL: none yet */
	struct smtp__extras headers;

	/* The envelope. */
	struct smtp__list given;         /* by add_recipient              */
	const char *given_from;          /* NULL: not given               */
	const char *path;                /* settled                       */
	struct smtp__recipient *recipients;
	size_t count;
	struct smtp__asks asks;
	struct smtp__own *own, *own_last;
	bool utf8;                       /* no encoded-words if possible  */
	bool wide;                       /* needs SMTPUTF8                */
	struct smtp__bytes wide_address; /* the first that does           */

	/* The content. */
	struct smtp_part text, html, calendar;
	bool has_text, has_html, has_calendar;
	bool fallback;                   /* names of files in ASCII too   */
	struct smtp_part *content;       /* the caller's own tree         */
	unsigned made;                   /* parts of such trees           */
	struct smtp__parts inlines, files;
	struct smtp_part mixed, related, alternative, empty;
	struct smtp_source *sources;     /* all of them, to be freed      */
	struct smtp_source *ready;       /* the raw message, or NULL      */
	bool binary;                     /* which goes as it is           */
	unsigned char random[24];
	bool has_random;

	/* The plan, and where reading stands. */
	bool planned;
	unsigned offers;
	struct smtp_part *root, *leaves;
	struct smtp__buffer head;        /* all literal text              */
	bool high_head;                  /* it has octets above 127       */
	size_t head_at;
	struct smtp_part *leaf;         /* next or being read            */
	bool in_leaf;
	struct smtp__body body;
	struct smtp__raw raw;
	uint64_t size;
	uint64_t scanned;                /* what a scan has counted       */
	struct smtp_source *counting;
	char small[64];                  /* for a reader with little room */
	size_t small_at, small_n;

	const struct smtp_dkim *signers[2];
	size_t signer_n;

	/* What became of it. */
	struct smtp__outcome outcome;
	uint64_t elapsed_ms;
	char *queue_id;                  /* NULL: none                    */
	size_t queue_id_n;
	struct smtp__buffer rows;        /* as text, once asked for       */
};

/*
 * Keep a first error of a setter: `field: detail words`, with the detail cut
 * short and its control characters hidden; n 0 for none. Returns the error
 * that is kept.
 */
int
smtp__message_refuse(struct smtp_message *m, int status, const char *field,
    struct smtp__bytes detail, const char *words);

/* The same for an error of this plan or read. */
int
smtp__message_stop(struct smtp_message *m, int status, const char *field,
    struct smtp__bytes detail, const char *words);

/* header.c */
void
smtp__list_init(struct smtp__list *list);
void
smtp__extras_init(struct smtp__extras *lines);
/* All fields but those of the content; `utf8`: text as it is, RFC 6532. */
bool
smtp__message_write_header(const struct smtp_message *m,
    struct smtp__out *out, bool utf8);

struct smtp__extra *
smtp__message_find_extra(const struct smtp_message *m, const char *name,
    size_t n);
/* Structured; instead of one of that name, if there is. */
int
smtp__message_put_line(struct smtp_message *m, const char *name,
    struct smtp__bytes phrase, struct smtp__bytes value);
/* `left@right` without angle brackets, RFC 5322 section 3.6.4. */
bool
smtp__message_is_id(const char *p, size_t n);
bool
smtp__message_is_dot_atom(const char *p, size_t n);

/* list.c: what one-click asks for is there. */
int
smtp__message_check_list(struct smtp_message *m);

/* content.c */
void
smtp__parts_init(struct smtp__parts *parts);
/*
 * What setters of parts share; each keeps an error under `field`. The text is
 * copied with CRLF line ends; `charset` NULL is UTF-8, which is checked.
 */
int
smtp__part_set_text(struct smtp_message *m, struct smtp_part *part,
    const char *field, const char *charset, const char *p, size_t n);
int
smtp__part_set_type(struct smtp_message *m, struct smtp_part *part,
    const char *field, const char *type);
int
smtp__part_set_name(struct smtp_message *m, struct smtp_part *part,
    const char *field, const char *name);
int
smtp__part_set_cid(struct smtp_message *m, struct smtp_part *part,
    const char *cid);
int
smtp__part_add_param(struct smtp_message *m, struct smtp_part *part,
    const char *field, struct smtp__bytes name, struct smtp__bytes value);
/* False: there is no source; it is the message's from here on. */
bool
smtp__message_adopt(struct smtp_message *m, struct smtp_source *source,
    const char *field);
/* tree.c: an error of the caller's tree that shows only when it is whole. */
int
smtp__message_check_tree(struct smtp_message *m);

/* The tree of parts, numbered; how many multiparts it has. */
unsigned
smtp__message_arrange(struct smtp_message *m);

/* envelope.c */
void
smtp__message_drop_recipients(struct smtp_message *m);

/*
 * An index for at most `most` addresses; false is no memory. `find` returns the
 * place of an address: NULL stands there when it is not in, and may be set.
 */
bool
smtp__index_begin(struct smtp__index *index,
    const struct smtp_allocator *a, size_t most);
const struct smtp__entry **
smtp__index_find(const struct smtp__index *index, struct smtp__bytes spec);
void
smtp__index_end(struct smtp__index *index, const struct smtp_allocator *a);

/* asks.c; asks.h has what its setters share. */
void
smtp__asks_init(struct smtp_message *m);
/* Hand what is asked for single recipients to their rows. */
int
smtp__asks_settle(struct smtp_message *m);

/* 32 characters for 5 bits each: lower case, no dots, nothing to quote. */
void
smtp__unique_write(struct smtp__out *out, const unsigned char *random,
    size_t n);

#endif
