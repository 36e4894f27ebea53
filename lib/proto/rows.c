/* SPDX-License-Identifier: MIT */
/* The rows of a delivery: one for each recipient. */
#include "proto/state.h"

struct smtp_rcpt *
smtp__rows_find(const struct smtp_delivery *d, struct smtp_rcpt *row,
    int status)
{
	struct smtp_rcpt *end = d->rcpts + d->rcpt_count;

	for (; row < end; row++)
		if (row->status == status)
			return row;
	return NULL;
}

bool
smtp__rows_have(const struct smtp_delivery *d, int status)
{
	return smtp__rows_find(d, d->rcpts, status) != NULL;
}

void
smtp__row_set(struct smtp_rcpt *row, int to, const struct smtp__reply *reply)
{
	row->status = (int8_t)to;
	row->code = 0;
	row->subject = row->detail = SMTP_NO_ENHANCED;
	if (reply == NULL)
		return;
	row->phase = reply->phase;
	row->code = reply->code;
#if SMTP_WITH_ENHANCED
	row->subject = reply->subject;
	row->detail = reply->detail;
#endif
}

void
smtp__rows_set(struct smtp_delivery *d, int to, const struct smtp__reply *reply)
{
	struct smtp_rcpt *row = d->rcpts, *end = row + d->rcpt_count;

	for (; row < end; row++) {
		if (row->status <= 0)
			continue;
		row->phase = d->phase;
		smtp__row_set(row, to, reply);
#if SMTP_WITH_REUSE
		/* 421 is about those too that did not come as far. */
		if (row->phase > d->phase)
			row->phase = d->phase;
#endif
	}
}

#if SMTP_WITH_BDAT
void
smtp__rows_refuse(struct smtp_delivery *d, int status)
{
	for (size_t i = 0; i < d->rcpt_count; i++)
		if (d->rcpts[i].status > 0)
			d->rcpts[i].status = (int8_t)status;
}
#endif

/*
 * The worst for the caller to know comes first; UNKNOWN is never partial. That
 * is the order of the numbers, but LATER is worse than REFUSED: the two change
 * places when their last bit does.
 */
void
smtp__rows_conclude(struct smtp_delivery *d)
{
	unsigned worst = 0 ^ 1;
	bool some = false;
	size_t i;

	d->row = 0;
	for (i = 0; i < d->rcpt_count; i++) {
		unsigned rank = (unsigned)-d->rcpts[i].status ^ 1;

		some |= rank == 1;
		if (rank > worst) {
			worst = rank;
			d->row = i;
		}
	}
	d->status = (int8_t)-(int)(worst ^ 1);
	if (d->status == SMTP_OK)
		return;
	if (d->status != SMTP_E_UNKNOWN && some)
		d->status = SMTP_E_PARTIAL;
	if (d->cause == SMTP_OK)
		d->cause = SMTP_E_REPLY;
}
