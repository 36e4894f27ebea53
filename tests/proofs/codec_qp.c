/* SPDX-License-Identifier: MIT */
/*
 * Quoted-printable.
 *
 * Sources:
 */
#include "proof.h"

#include "codec/qp.c"

/* Any column that a line can have. */
static struct smtp__qp
any_qp(void)
{
	struct smtp__qp q;

	smtp__qp_init(&q, any_bool());
	HOLDS(q.column == 0);
	q.column = any_unsigned();
	ASSUME(q.column <= SMTP__QP_LINE);
	return q;
}

/*
 * One octet with what follows it: never more than a soft break and an escape,
 * and a line never longer than 76.
 *
 * Proves: put escaped ends qp.c:plain
 * Bounds: none: one octet of up to 6, from any column; five are looked at
 * Unwind: 6
 */
void
proof_put(void)
{
	struct smtp__qp q = any_qp();
	size_t n = 1 + up_to(5), wrote;
	char *out = any_octets(SMTP__QP_ROOM);

	wrote = put(&q, any_octets(n), n, out);
	HOLDS(wrote >= 1 && wrote <= SMTP__QP_ROOM);
	HOLDS(q.column <= SMTP__QP_LINE);
	REACHES(wrote == 6);
	REACHES(wrote == 1 && q.column == 76);
}

/*
 * Octets one by one within a line.
 *
 * Proves: few
 * Bounds: the 8 that it is given, with one behind or none, in any room
 * Unwind: 10
 */
void
proof_few(void)
{
	struct smtp__qp q = any_qp();
	const size_t n = 8;
	size_t all = n + up_to(1), room = up_to(26), used, wrote;

	wrote = few(&q, any_octets(all), n, all, any_octets(room), room, &used);
	HOLDS(wrote <= room && used <= n && wrote >= used);
	HOLDS(wrote <= used * 3);
	REACHES(wrote == 24);
	REACHES(used == 7);
}

static size_t
some_few(const struct smtp__qp *q, const char *in, size_t n, size_t all,
    char *out, size_t room, size_t *used)
{
	size_t k = up_to(room < 24 ? room : 24);

	(void)q;
	HOLDS(n > 0 && n <= 8 && n <= all);
	HOLDS(__CPROVER_r_ok(in, all) && __CPROVER_w_ok(out, room));
	*used = up_to(n);
	ASSUME(k >= *used && k <= *used * 3);
	return k;
}

/*
 * The same by eight octets where none needs an escape.
 *
 * Proves: run some_escaped
 * Replaces: few=some_few
 * Bounds: up to 18 octets into up to 20: two words and what is left
 * Wraps: smtp__not_plain some_escaped
 * Unwind: 9
 * Loops: run.0:6
 * Seconds: 60
 */
void
proof_run(void)
{
	struct smtp__qp q = any_qp();
	size_t n = up_to(18), all = n + up_to(1), cap = up_to(20), used, wrote;

	ASSUME(q.column < SMTP__QP_LINE - 1);
	forgetful = true;
	wrote = run(&q, any_octets(all), n, all, any_octets(cap), cap, &used);
	HOLDS(wrote <= cap && used <= n && q.column < SMTP__QP_LINE);
	REACHES(wrote == 16 && used == 16);
}

static size_t
some_run(struct smtp__qp *q, const char *in, size_t n, size_t all, char *out,
    size_t cap, size_t *used)
{
	size_t wrote = up_to(cap), room = SMTP__QP_LINE - 1 - q->column;

	HOLDS(q->column < SMTP__QP_LINE - 1 && n > 0 && n <= all);
	HOLDS(__CPROVER_r_ok(in, all) && __CPROVER_w_ok(out, cap));
	ASSUME(wrote <= room);
	*used = up_to(n);
	ASSUME(wrote >= *used && wrote <= *used * 3);
	q->column += (unsigned)wrote;
	return wrote;
}

static size_t
some_put(struct smtp__qp *q, const char *in, size_t n, char *out)
{
	HOLDS(n > 0 && __CPROVER_r_ok(in, n));
	HOLDS(__CPROVER_w_ok(out, SMTP__QP_ROOM));
	q->column = (unsigned)up_to(SMTP__QP_LINE);
	return 1 + up_to(SMTP__QP_ROOM - 1);
}

/*
 * All of it, from any column: there is progress where there is room, and a line
 * is what it may be, so the length of the input has no bound.
 *
 * Proves: smtp__qp_encode smtp__qp_init
 * Replaces: run=some_run put=some_put
 * Bounds: up to 8 octets (12) into up to 14 (20)
 * Assumes: the column is up to 76: shown to be kept
 * Unwind: 10, 14
 * Seconds: 60, 600
 */
void
proof_encode(void)
{
	struct smtp__qp q = any_qp();
	size_t n = up_to(BOUND(8, 12)), cap = up_to(BOUND(14, 20)), used, wrote;
	const char *in = any_octets(n);
	char *out = any_octets(cap);
	bool last = any_bool();

	wrote = smtp__qp_encode(&q, in, n, last, &used, out, cap);
	HOLDS(wrote <= cap && used <= n);
	HOLDS(q.column <= SMTP__QP_LINE);
	HOLDS(cap < SMTP__QP_ROOM || used > 0 ||
	    n <= (last ? 0 : SMTP__QP_AHEAD));
	REACHES(used == 8);
	REACHES(used == 2 && !last && n == 7);
}

static size_t
some_encode(struct smtp__qp *q, const char *in, size_t n, bool last,
    size_t *used, char *out, size_t cap)
{
	(void)q, (void)last;
	HOLDS(n > 0 && __CPROVER_r_ok(in, n) && __CPROVER_w_ok(out, cap));
	*used = 1 + up_to(n - 1);
	return up_to(cap);
}

/*
 * The size is that of what is written, piece by piece.
 *
 * Proves: smtp__qp_size
 * Replaces: smtp__qp_encode=some_encode
 * Bounds: up to 4 octets, of which each piece has one or more
 * Unwind: 6
 */
void
proof_size(void)
{
	size_t n = up_to(4);

	REACHES(smtp__qp_size(any_octets(n), n, any_bool()) == 1000);
}
