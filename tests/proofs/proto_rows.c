/* SPDX-License-Identifier: MIT */
/*
 * The rows of a delivery.
 *
 * Sources: lib/proto/rows.c
 */
#include "proof.h"

#include "proto/state.h"

/*
 * Any rows, any reply or none.
 *
 * Proves: smtp__rows_find smtp__rows_have smtp__row_set smtp__rows_set
 *   smtp__rows_refuse smtp__rows_conclude
 * Bounds: up to two rows (4): a row is treated as the one before
 * Unwind: 4, 6
 * Seconds: 30, 600
 */
void
proof_rows(void)
{
	struct smtp_delivery d;
	struct smtp__reply reply, *r = any_bool() ? &reply : NULL;
	struct smtp_rcpt *row;
	int to = any_int();

	d.rcpt_count = up_to(BOUND(2, 4));
	d.rcpts = any_octets(d.rcpt_count * sizeof(*d.rcpts));
	ASSUME(to <= SMTP_RCPT_TAKEN && to >= -128);
	row = smtp__rows_find(&d, d.rcpts + up_to(d.rcpt_count), to);
	HOLDS(row == NULL || row->status == to);
	smtp__rows_set(&d, to, r);
	HOLDS(to > 0 || !smtp__rows_have(&d, SMTP_RCPT_PENDING));
	smtp__rows_refuse(&d, to);
	smtp__rows_conclude(&d);
	HOLDS(d.row == 0 || d.row < d.rcpt_count);
	REACHES(d.status == SMTP_E_PARTIAL);
	REACHES(d.row == 1);
}
