/* SPDX-License-Identifier: MIT */
/*
 * A mail with attachments as a stream, without a heap: what a device gives to
 * smtp_engine_content(). Header and structure are made here, texts become
 * quoted-printable and all else base64, read a few lines at a time; so the mail
 * is ASCII, whatever the server offers, and no line is too long.
 *
 * smtp_mail.c is compiled with the library's own sources (-Ilib), or all is in
 * the one file of tools/amalgamation.sh. Hosted programs have smtp/message.h,
 * which does far more.
 */
#ifndef SMTP_MAIL_H
#define SMTP_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * All strings are UTF-8 and borrowed until the end. Text is in memory (`text`)
 * or comes from `read`, which returns the next octets, 0 at the end, or below 0
 * when it is broken.
 */
struct smtp_mail_part {
	const char *type;        /* "image/png"; NULL: a text, in UTF-8     */
	const char *name;        /* of the file; NULL: not an attachment    */
	const char *text;        /* or NULL: by `read`                      */
	ptrdiff_t (*read)(void *ctx, void *p, size_t n);
	void *ctx;
};

struct smtp_mail_plan {
	const char *from_name;   /* or NULL                                 */
	const char *from;        /* an address, ASCII, checked already by   */
	const char *const *to;   /* those of the delivery, up to a NULL     */
	const char *subject;     /* or NULL                                 */
	const char *id;          /* left@right, never the same again        */
	int64_t seconds;         /* since 1970; 0: no clock, no Date        */
	const struct smtp_mail_part *parts;
	size_t part_count;       /* 1: no multipart                         */
};

enum {
	SMTP_MAIL_ROOM = 512,    /* the longest field of the header         */
	SMTP_MAIL_READ = 171     /* what is read at once: three lines       */
};

/* Its fields are its own. */
struct smtp_mail {
	const struct smtp_mail_plan *plan;
	const char *at;          /* in the form that all mails have         */
	const char *text;        /* of the part, what is left of it         */
	size_t part;
	bool ended;              /* the part's source is                    */
	uint8_t column;          /* of the line in its coding               */
	uint8_t in_n;            /* read, and not encoded yet               */
	char in[SMTP_MAIL_READ], out[SMTP_MAIL_ROOM];
};

SMTP_API void
smtp_mail_init(struct smtp_mail *mail, const struct smtp_mail_plan *plan);

/*
 * The next octets, which live until the next call. Returns their number, 0 at
 * the end; or SMTP_E_ARGUMENT (a control character, not UTF-8), SMTP_E_SPACE
 * (a field of the header is longer than SMTP_MAIL_ROOM), SMTP_E_SOURCE.
 */
SMTP_API ptrdiff_t
smtp_mail_next(struct smtp_mail *mail, const char **p);

#ifdef __cplusplus
}
#endif

#endif
