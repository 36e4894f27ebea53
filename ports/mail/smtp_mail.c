/* SPDX-License-Identifier: MIT */
#include "smtp_mail.h"

#include <string.h>

#include <smtp/status.h>

#include "codec/line.h"
#include "codec/qp.h"
#include "mime/date.h"
#include "mime/field.h"
#include "text/called.h"
#include "text/out.h"

/* A line of base64 has so many octets, and three are read at once. */
#define LINE_OCTETS 57

/*
 * A mail is this text, with something in the places. Each piece of it, up to
 * its NUL, leaves at once or not at all.
 */
enum {
	PLACE_FROM = 1, PLACE_TO, PLACE_SUBJECT, PLACE_DATE, PLACE_ID,
	PLACE_SEVERAL, PLACE_TYPE, PLACE_FILE, PLACE_CODING = 11, PLACE_BODY,
	PLACE_TAIL = 14, PLACE_NEXT
};
#define FROM "\001"
#define TO "\002"
#define SUBJECT "\003"
#define DATE "\004"
#define ID "\005"
#define SEVERAL "\006"           /* nothing, where there is one part      */
#define TYPE "\007"
#define FILE_NAME "\010"
#define CODING "\013"
#define BODY "\014"
#define TAIL "\016"              /* nothing, where the line has ended:    */
				 /* a line end before a boundary belongs  */
				 /* to it (RFC 2046 section 5.1.1), and   */
				 /* the last line of a mail has one, too  */
#define NEXT "\017"              /* where there is no other part          */

/*
 * Neither base64 nor quoted-printable has a line that begins with "=_", so
 * that the same boundary does for every mail.
 */
#define BOUNDARY "=_b"

#define HEADER \
	"\0From:" FROM "\r\n\0" \
	"To:" TO "\r\n\0" \
	"Subject:" SUBJECT "\r\n\0" \
	"Date: " DATE "\r\n\0" \
	"Message-ID:" ID "\r\n\0" \
	"MIME-Version: 1.0\r\n\0" \
	"Content-Type: multipart/mixed; boundary=\"" BOUNDARY "\"" SEVERAL \
	    "\r\n\r\n"

static const char form[] = HEADER
	"\0--" BOUNDARY SEVERAL "\r\n\0"
	"Content-Type:" TYPE "\r\n\0"
	"Content-Disposition: attachment" FILE_NAME "\r\n\0"
	"Content-Transfer-Encoding: " CODING "\r\n\r\n\0"
	BODY "\0"
	"\r\n" TAIL "\0"
	"--" BOUNDARY "--" NEXT "\r\n\0";

void
smtp_mail_init(struct smtp_mail *mail, const struct smtp_mail_plan *plan)
{
	memset(mail, 0, offsetof(struct smtp_mail, in));
	mail->plan = plan;
	mail->at = form;
}

/* ---- the header */

/* Returns whether there is one. */
SMTP__CALLED static bool
write_text(struct smtp__field *f, const char *text, char place)
{
	size_t n;

	if (text == NULL)
		return false;
	n = strlen(text);
	f->bad = !smtp__field_is_text(text, n, place == PLACE_SUBJECT);
	if (place == PLACE_SUBJECT)
		smtp__field_unstructured(f, text, n);
	else if (place == PLACE_FROM)
		smtp__field_phrase(f, text, n);
	else
		smtp__field_param(f, "filename", text, n);
	return true;
}

/* In one piece, in angle brackets. */
static void
write_address(struct smtp__field *f, const char *address, bool more)
{
	size_t n = strlen(address), behind = more ? 2 : 1;

	smtp__field_room(f, 1 + n + behind);
	smtp__field_glue(f, "<", 1);
	smtp__field_glue(f, address, n);
	smtp__field_glue(f, ">,", behind);
}

/* ---- the parts */

static ptrdiff_t
read_more(struct smtp_mail *mail, const struct smtp_mail_part *part)
{
	char *in = mail->in + mail->in_n;
	size_t room = sizeof mail->in - mail->in_n, n;

	if (part->text == NULL)
		return part->read(part->ctx, in, room);
	for (n = 0; n < room && *mail->text != '\0'; n++)
		in[n] = *mail->text++;
	return (ptrdiff_t)n;
}

/* All that was read, in lines that end where the next begins. */
static size_t
write_base64(struct smtp_mail *mail, struct smtp__out *out)
{
	struct smtp__line line;

	smtp__line_begin(&line, out->p, out->cap, 0);
	for (size_t i = 0; i < mail->in_n; i++) {
		if (mail->column == LINE_OCTETS) {
			mail->column = 0;
			smtp__line_base64_end(&line);
			smtp__line_text(&line, "\r\n");
		}
		mail->column++;
		smtp__line_base64_begin(&line);
		smtp__line_octet(&line, mail->in[i]);
	}
	smtp__line_base64_end(&line);
	out->n = line.n;
	return mail->in_n;
}

static size_t
write_qp(struct smtp_mail *mail, struct smtp__out *out)
{
	struct smtp__qp qp;
	size_t used;

	smtp__qp_init(&qp, false);
	qp.column = mail->column;
	out->n = smtp__qp_encode(&qp, mail->in, mail->in_n, mail->ended, &used,
	    out->p, out->cap);
	mail->column = (uint8_t)qp.column;
	return used;
}

/* Until there is something to write, or no more to read. */
static bool
write_body(struct smtp_mail *mail, const struct smtp_mail_part *part,
    struct smtp__out *out)
{
	size_t used = 0;

	if (!mail->ended) {
		ptrdiff_t got = read_more(mail, part);

		if (got < 0)
			return false;
		mail->ended = got == 0;
		mail->in_n = (uint8_t)(mail->in_n + got);
	}
	if (part->type == NULL)
		used = write_qp(mail, out);
	else if (mail->ended || mail->in_n == sizeof mail->in)
		used = write_base64(mail, out);
	mail->in_n = (uint8_t)(mail->in_n - used);
	memmove(mail->in, mail->in + used, mail->in_n);
	/* To the NUL before it, to come here again. */
	if (!mail->ended || mail->in_n != 0)
		mail->at -= 2;
	return true;
}

ptrdiff_t
smtp_mail_next(struct smtp_mail *mail, const char **p)
{
	const struct smtp_mail_plan *plan = mail->plan;
	struct smtp__field f;
	struct smtp__out out;

	*p = mail->out;
	smtp__out_init(&out, mail->out, sizeof mail->out);
	do {
		const struct smtp_mail_part *part = plan->parts + mail->part;
		const char *at = mail->at;
		bool several = plan->part_count > 1, some = true;

		if (*at == '\0') {
			if (out.n > 0 || at[1] == '\0')
				return (ptrdiff_t)out.n;
			smtp__field_start(&f, &out);
		}
		mail->at++;
		switch (*at) {
		case '\0':
			break;
		case PLACE_FROM:
			write_text(&f, plan->from_name, *at);
			write_address(&f, plan->from, false);
			break;
		case PLACE_TO:
			for (const char *const *to = plan->to; *to != NULL;
			    to++)
				write_address(&f, *to, to[1] != NULL);
			break;
		case PLACE_SUBJECT:
			some = write_text(&f, plan->subject, *at);
			break;
		case PLACE_DATE:
			some = plan->seconds != 0;
			f.bad = !smtp__date_write_epoch(&out, plan->seconds);
			break;
		case PLACE_ID:
			write_address(&f, plan->id, false);
			break;
		case PLACE_SEVERAL:
			some = several;
			break;
		case PLACE_TYPE:
			mail->ended = false;
			mail->text = part->text;
			mail->in_n = mail->column = 0;
			smtp__field_piece_text(&f, part->type != NULL ?
			    part->type : "text/plain; charset=utf-8");
			break;
		case PLACE_FILE:
			some = write_text(&f, part->name, *at);
			break;
		case PLACE_CODING:
			smtp__out_text(&out, part->type != NULL ? "base64" :
			    "quoted-printable");
			break;
		case PLACE_BODY:
			if (!write_body(mail, part, &out))
				return SMTP_E_SOURCE;
			break;
		case PLACE_TAIL:
			some = several || part->type != NULL ||
			    mail->column != 0;
			break;
		case PLACE_NEXT:
			some = several;
			if (++mail->part < plan->part_count) {
				some = false;
				mail->at = form + sizeof(HEADER) - 1;
			}
			break;
		default:
			smtp__out_add(&out, at, 1);
			f.column++;
		}
		if (!some) {
			out.n = 0;
			mail->at += strlen(mail->at);
		}
	} while (!f.bad && !out.over);
	return f.bad ? SMTP_E_ARGUMENT : SMTP_E_SPACE;
}
