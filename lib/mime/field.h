/* SPDX-License-Identifier: MIT */
/*
 * Header fields, folded: lines of 78 octets where the text lets them be, 76
 * where an encoded-word stands, never more than 998 (RFC 5322 section 2.1.1,
 * RFC 2047 section 2), never one of white space alone.
 *
 * This is where CR, LF and NUL stop, and every other control character: none
 * reaches the output but the line ends that are made here. A field with one is
 * not finished; smtp__field_end() says so and takes it back.
 */
#ifndef SMTP__FIELD_H
#define SMTP__FIELD_H

#include <stdbool.h>

#include "text/out.h"

struct smtp__field {
	struct smtp__out *out;
	size_t start;                    /* of the field in `out`        */
	size_t column;                   /* of the line                  */
	size_t limit;                    /* of the line: 78 or 76        */
	bool fresh;                      /* nothing behind the name yet  */
	bool bad;                        /* a control character came     */
	bool utf8;                       /* text as it is, RFC 6532; set */
					 /* behind begin                 */
};

/* Behind a name that is written by others, and counted in `column`. */
void
smtp__field_start(struct smtp__field *f, struct smtp__out *out);

/* With the name. */
void
smtp__field_begin(struct smtp__field *f, struct smtp__out *out,
    const char *name);

/* A fold or a space, then `p` in one line. */
void
smtp__field_piece(struct smtp__field *f, const char *p, size_t n);
void
smtp__field_piece_text(struct smtp__field *f, const char *text);

/* A fold or a space, before `n` octets in one line that are glued to it. */
void
smtp__field_room(struct smtp__field *f, size_t n);

/* Directly behind what came last. */
void
smtp__field_glue(struct smtp__field *f, const char *p, size_t n);

/* Unstructured text in UTF-8; white space within is kept as it is. */
void
smtp__field_unstructured(struct smtp__field *f, const char *p, size_t n);

/* A display name: as atoms, quoted, or encoded. */
void
smtp__field_phrase(struct smtp__field *f, const char *p, size_t n);

/* A parameter, with the semicolon before it. */
void
smtp__field_param(struct smtp__field *f, const char *name, const char *p,
    size_t n);

/* The line end. False: a control character came, and the field is gone. */
bool
smtp__field_end(struct smtp__field *f);

/*
 * May this be text in a header? Not with control characters (a tab is fine in
 * unstructured text), and only if it is UTF-8.
 */
bool
smtp__field_is_text(const char *p, size_t n, bool tab);

/* NULL, or what is wrong with it for a person. */
const char *
smtp__field_fault(const char *p, size_t n, bool tab);

/* Is it a field name, RFC 5322 section 2.2? At most 76 octets. */
bool
smtp__field_is_name(const char *p, size_t n);

#endif
