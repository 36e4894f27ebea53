/* SPDX-License-Identifier: MIT */
/*
 * The engine: where it begins, and what can be asked of it in any state that
 * engine.h tells.
 *
 * Sources: lib/proto/dialogue.c lib/proto/rows.c
 */
#include "proof.h"

#include "proto/engine.c"

#include "engine.h"
#include "engine_calls.h"

/*
 * It begins in memory of any size and place, and in no other.
 *
 * Proves: smtp_engine_init smtp_engine_bytes
 * Bounds: none
 * Unwind: 3
 */
void
proof_init(void)
{
	struct smtp_engine_setup setup;
	struct smtp_engine *e;
	size_t n = up_to(SMTP_ENGINE_BYTES);
	void *memory = any_bool() ? any_octets(n) : NULL;
	int status;

	setup.ehlo = any_bool() ? any_string(2) : NULL;
	setup.text = any_bool() ? any_octets(4) : NULL;
	status = smtp_engine_init(&e, memory, n, &setup);
	HOLDS((status == SMTP_OK) == (e != NULL));
	HOLDS(status == SMTP_OK || status == SMTP_E_SPACE ||
	    status == SMTP_E_ARGUMENT);
	if (status == SMTP_OK)
		HOLDS(smtp_engine_want(e) == SMTP_ENGINE_READ);
	REACHES(status == SMTP_OK);
	REACHES(status == SMTP_E_SPACE && smtp_engine_bytes() <= n);
}

/*
 * What can be asked, at any time.
 *
 * Proves: smtp_engine_want smtp_engine_due_ms smtp_engine_status
 *   smtp_engine_phase phase_of smtp_engine_offers smtp_engine_size_limit
 *   smtp_engine_taken smtp_engine_mechanism smtp_engine_reply
 *   smtp_engine_result smtp__lacks_piece smtp__is_owed smtp__wait_of
 *   smtp__phase_of
 * Bounds: up to three deliveries with two rows each
 * Wraps: smtp_engine_due_ms
 * Unwind: 5
 */
void
proof_asks(void)
{
	ALWAYS(e) {
		struct smtp_reply reply;
		struct smtp_delivery *d;

		HOLDS(smtp_engine_want(e) > 0 && smtp_engine_want(e) < 256);
		(void)smtp_engine_due_ms(e, any_u32());
		HOLDS(!e->restart);
		(void)smtp_engine_status(e);
		HOLDS(smtp_engine_phase(e) >= SMTP_PHASE_NONE);
		(void)smtp_engine_offers(e);
		(void)smtp_engine_size_limit(e);
		(void)smtp_engine_taken(e);
		HOLDS(smtp_engine_mechanism(e) != NULL);
		HOLDS(!smtp_engine_reply(e, &reply) || reply.text_n == 0 ||
		    __CPROVER_r_ok(reply.text, reply.text_n));
		d = smtp_engine_result(e);
		HOLDS(d == NULL || d->status <= 0);
		HOLDS(sound() && list_is_sound());
		REACHES(d != NULL);
	}
}
