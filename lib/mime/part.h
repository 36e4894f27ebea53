/* SPDX-License-Identifier: MIT */
/*
 * One part of a message: a text that is held, a source that streams, or a
 * multipart with children. Setters fill leaves; plan.c arranges the tree.
 */
#ifndef SMTP__PART_H
#define SMTP__PART_H

#include <stdbool.h>

#include "codec/base64.h"
#include "codec/qp.h"
#include "mime/store.h"
#include "mime/raw.h"
#include "mime/source.h"
#include "text/bytes.h"
#include "text/out.h"

enum smtp__encoding {
	SMTP__ENCODING_7BIT,
	SMTP__ENCODING_8BIT,
	SMTP__ENCODING_BINARY,
	SMTP__ENCODING_QP,
	SMTP__ENCODING_BASE64
};

enum smtp__disposition {
	SMTP__DISPOSITION_NONE,
	SMTP__DISPOSITION_INLINE,
	SMTP__DISPOSITION_ATTACHMENT
};

/* A parameter of the Content-Type. */
struct smtp__pair {
	struct smtp__pair *next;
	const char *name;
	struct smtp__bytes value;
};

/* What a text is made of that cannot go everywhere as it is. */
struct smtp__nature {
	bool high, control;              /* above 127, below 32           */
	bool long_line;                  /* over 998                      */
};

struct smtp_part {
	struct smtp_message *owner;
	struct smtp_part *next;          /* sibling                       */
	struct smtp_part *child;         /* first                         */
	struct smtp_part *last;          /* child                         */
	struct smtp_part *parent;
	bool multi;                      /* a multipart: it has children  */
	unsigned height;                 /* levels of multiparts in it    */
	const char *type;
	const char *label;               /* instead of it, or NULL        */
	struct smtp__pair *params;
	struct smtp__bytes name;         /* of the file, n 0 for none     */
	const bool *fallback;            /* and its ASCII likeness; NULL  */
	const char *cid;                 /* without brackets, or NULL     */
	enum smtp__disposition disposition;
	struct smtp__bytes description;
	const char *location;
	unsigned number;                 /* of a multipart, from 1        */

	struct smtp__bytes text;         /* with CRLF                     */
	struct smtp__nature nature;      /* of the text                   */
	struct smtp_source *source;      /* NULL: the text                */
	bool message;                    /* message/...: never encoded    */
	bool guessed;                    /* the type, from the name       */

	/* What a scan found in a message. */
	bool scanned, unfit;             /* unfit: lines no server takes  */
	bool high_head, high_body;
	uint64_t scanned_size;           /* with CRLF                     */

	/* What a plan decides. */
	enum smtp__encoding encoding;
	uint64_t size;                   /* encoded; or SMTP_SIZE_UNKNOWN */
	size_t head_end;                 /* the literal text before it    */
	struct smtp_part *then;          /* the next leaf on the wire     */
};

/*
 * Choose the transfer encoding of a leaf for what is offered, and find its
 * size: what it is made of decides whether it may go as it is (RFC 2045
 * section 6, RFC 6152 section 3), then the shorter of quoted-printable and
 * base64. A source is base64, or binary where that is offered (RFC 3030). A
 * message goes as it is (RFC 2046 section 5.2.1); false: it needs 8BITMIME,
 * which is not offered.
 */
bool
smtp__part_choose(struct smtp_part *part, unsigned offers);

/* The encoding of a multipart: that of its weakest leaf. */
void
smtp__part_choose_multi(struct smtp_part *part);

/*
 * The fields of a part, without the empty line. `unique` is the random text of
 * boundaries. False: something in it cannot stand in a header.
 */
bool
smtp__part_write_fields(const struct smtp_part *part, struct smtp__out *out,
    const char *unique);

/* `=_1_` and the random text (at most 24 octets). */
void
smtp__part_write_boundary(const struct smtp_part *part,
    struct smtp__out *out, const char *unique);

/* Reading one leaf after the other, encoded. */
struct smtp__body {
	struct smtp_part *part;
	struct smtp__base64 base64;
	struct smtp__qp qp;
	struct smtp__raw raw;
	size_t at;                       /* in a text, or in `input`      */
	size_t input_n;
	bool input_end;
	char *input;                     /* NULL until it is needed       */
	const struct smtp_allocator *a;
};

/* A whole number of lines of base64, of nearly 48 KiB. */
enum { SMTP__BODY_INPUT = 57 * 862, SMTP__BODY_ROOM = 8 };

void
smtp__body_init(struct smtp__body *b, const struct smtp_allocator *a);
void
smtp__body_free(struct smtp__body *b);
void
smtp__body_begin(struct smtp__body *b, struct smtp_part *part);

/*
 * The next octets; `cap` is at least SMTP__BODY_ROOM. 0 at the end,
 * SMTP_SOURCE_WAIT, SMTP_SOURCE_FAILED with the reason in the source, or
 * SMTP__BODY_MEMORY, or SMTP__BODY_FAULT with the reason in `raw`.
 */
#define SMTP__BODY_MEMORY ((ptrdiff_t)-3)
#define SMTP__BODY_FAULT  ((ptrdiff_t)-4)
ptrdiff_t
smtp__body_read(struct smtp__body *b, char *out, size_t cap);

/*
 * More from the source into `input`, behind what the encoder left there. 0, or
 * as smtp__body_read() fails. For a scan of what will be read later.
 */
ptrdiff_t
smtp__body_fill(struct smtp__body *b);

#endif
