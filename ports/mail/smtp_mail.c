/* SPDX-License-Identifier: MIT */
#include "smtp_mail.h"

#include <string.h>

#include <smtp/status.h>

#include "mime/date.h"
#include "mime/field.h"

/*
 * Neither base64 nor quoted-printable has a line that begins with "=_", so
 * that the same boundary does for every mail.
 */
#define BOUNDARY "=_b"

enum { FROM, TO, SUBJECT, DATE, ID, VERSION, TYPE, HEAD, BODY, TAIL, OVER };

void
smtp_mail_init(struct smtp_mail *mail, const struct smtp_mail_plan *plan)
{
	memset(mail, 0, offsetof(struct smtp_mail, in));
	mail->plan = plan;
}

static const struct smtp_mail_part *
part_of(const struct smtp_mail *mail)
{
	return &mail->plan->parts[mail->part];
}

/* ---- the header */

static int
write_text(struct smtp__field *f, const char *text, bool phrase)
{
	size_t n = strlen(text);

	if (smtp__field_fault(text, n, !phrase) != NULL)
		return SMTP_E_ARGUMENT;
	if (phrase)
		smtp__field_phrase(f, text, n);
	else
		smtp__field_unstructured(f, text, n);
	return SMTP_OK;
}

/* In one piece, in angle brackets. */
static void
write_address(struct smtp__field *f, const char *open, const char *address,
    const char *close)
{
	char piece[272];
	struct smtp__out out;

	smtp__out_init(&out, piece, sizeof piece);
	smtp__out_text(&out, open);
	smtp__out_text(&out, address);
	smtp__out_text(&out, close);
	f->out->over |= out.over;
	smtp__field_piece(f, piece, out.n);
}

static int
write_field(const struct smtp_mail *mail, struct smtp__out *out)
{
	static const char *const names[] = {
		"From", "To", "Subject", "Date", "Message-ID", "MIME-Version"
	};
	const struct smtp_mail_plan *plan = mail->plan;
	struct smtp__date date;
	struct smtp__field f;
	int status = SMTP_OK;

	if ((mail->step == SUBJECT && plan->subject == NULL) ||
	    (mail->step == DATE && plan->seconds == 0))
		return SMTP_OK;
	smtp__field_begin(&f, out, names[mail->step]);
	switch (mail->step) {
	case FROM:
		if (plan->from_name != NULL)
			status = write_text(&f, plan->from_name, true);
		write_address(&f, "<", plan->from, ">");
		break;
	case TO:
		for (size_t i = 0; plan->to[i] != NULL; i++)
			write_address(&f, "<", plan->to[i],
			    plan->to[i + 1] != NULL ? ">," : ">");
		break;
	case SUBJECT:
		status = write_text(&f, plan->subject, false);
		break;
	case DATE:
		smtp__out_octet(out, ' ');
		if (!smtp__date_from_epoch(&date, plan->seconds,
		    SMTP__ZONE_UNKNOWN) || !smtp__date_write(out, &date))
			status = SMTP_E_ARGUMENT;
		break;
	case ID:
		write_address(&f, "<", plan->id, ">");
		break;
	default:
		smtp__field_piece_text(&f, "1.0");
		break;
	}
	if (!smtp__field_end(&f))
		return SMTP_E_ARGUMENT;
	return status;
}

/* What a part is, in front of it or in the header of the mail. */
static int
write_type(const struct smtp_mail_part *part, struct smtp__out *out)
{
	struct smtp__field f;

	if (part->name != NULL && smtp__field_fault(part->name,
	    strlen(part->name), false) != NULL)
		return SMTP_E_ARGUMENT;
	smtp__field_begin(&f, out, "Content-Type");
	smtp__field_piece_text(&f, part->type != NULL ? part->type :
	    "text/plain; charset=utf-8");
	if (!smtp__field_end(&f))
		return SMTP_E_ARGUMENT;
	if (part->name != NULL) {
		smtp__field_begin(&f, out, "Content-Disposition");
		smtp__field_piece_text(&f, "attachment");
		smtp__field_param(&f, "filename", part->name,
		    strlen(part->name));
		if (!smtp__field_end(&f))
			return SMTP_E_ARGUMENT;
	}
	smtp__out_text(out, "Content-Transfer-Encoding: ");
	smtp__out_text(out, part->type != NULL ? "base64\r\n\r\n" :
	    "quoted-printable\r\n\r\n");
	return SMTP_OK;
}

/* ---- the parts */

static ptrdiff_t
read_more(struct smtp_mail *mail)
{
	const struct smtp_mail_part *part = part_of(mail);
	size_t room = sizeof mail->in - mail->in_n, n;

	if (part->text == NULL)
		return part->read(part->ctx, mail->in + mail->in_n, room);
	n = strlen(part->text + mail->text_at);
	if (n > room)
		n = room;
	memcpy(mail->in + mail->in_n, part->text + mail->text_at, n);
	mail->text_at += n;
	return (ptrdiff_t)n;
}

static int
write_body(struct smtp_mail *mail, struct smtp__out *out)
{
	size_t used;

	if (!mail->ended) {
		ptrdiff_t got = read_more(mail);

		if (got < 0)
			return SMTP_E_SOURCE;
		mail->ended = got == 0;
		mail->in_n += (size_t)got;
	}
	if (part_of(mail)->type != NULL)
		out->n = smtp__base64_encode(&mail->base64, mail->in,
		    mail->in_n, mail->ended, &used, out->p, out->cap);
	else
		out->n = smtp__qp_encode(&mail->qp, mail->in, mail->in_n,
		    mail->ended, &used, out->p, out->cap);
	mail->in_n -= used;
	memmove(mail->in, mail->in + used, mail->in_n);
	if (mail->ended && mail->in_n == 0)
		mail->step++;
	return SMTP_OK;
}

static int
write_head(struct smtp_mail *mail, struct smtp__out *out)
{
	mail->ended = false;
	mail->text_at = mail->in_n = 0;
	smtp__base64_init(&mail->base64, true);
	smtp__qp_init(&mail->qp, false);
	if (mail->plan->part_count > 1)
		smtp__out_text(out, "--" BOUNDARY "\r\n");
	return write_type(part_of(mail), out);
}

/*
 * The line end before a boundary belongs to it, RFC 2046 section 5.1.1; the
 * last line of a mail has one too.
 */
static void
write_tail(struct smtp_mail *mail, struct smtp__out *out)
{
	if (mail->plan->part_count > 1 || part_of(mail)->type != NULL ||
	    mail->qp.column != 0)
		smtp__out_text(out, "\r\n");
	if (++mail->part < mail->plan->part_count)
		mail->step = HEAD;
	else if (mail->plan->part_count > 1)
		smtp__out_text(out, "--" BOUNDARY "--\r\n");
}

ptrdiff_t
smtp_mail_next(struct smtp_mail *mail, const char **p)
{
	struct smtp__out out;
	int status = SMTP_OK;

	smtp__out_init(&out, mail->out, sizeof mail->out);
	while (out.n == 0 && status == SMTP_OK && mail->step != OVER) {
		uint8_t step = mail->step;

		if (step < TYPE)
			status = write_field(mail, &out);
		else if (step == TYPE && mail->plan->part_count > 1)
			smtp__out_text(&out, "Content-Type: multipart/mixed; "
			    "boundary=\"" BOUNDARY "\"\r\n\r\n");
		else if (step == HEAD)
			status = write_head(mail, &out);
		else if (step == BODY)
			status = write_body(mail, &out);
		else if (step == TAIL)
			write_tail(mail, &out);
		if (step == mail->step && step != BODY)
			mail->step++;
	}
	if (status == SMTP_OK && out.over)
		status = SMTP_E_SPACE;
	*p = mail->out;
	return status == SMTP_OK ? (ptrdiff_t)out.n : status;
}
