/* SPDX-License-Identifier: MIT */
/*
 * One mail from a task that may wait: the engine over a transport, without
 * heap. What the ports beside this folder have in common.
 *
 *      static struct smtp_task task;
 *
 *      smtp_PORT_open(&port, &task, "mail.example.com", 465);
 *      smtp_task_send(&task, &setup, &credentials, &delivery, read, ctx);
 */
#ifndef SMTP_TASK_H
#define SMTP_TASK_H

#include <smtp/engine.h>
#include <smtp/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef SMTP_TASK_OCTETS
#define SMTP_TASK_OCTETS 512     /* of each of three buffers: 128 or more */
#endif

/*
 * About 2 KiB, better static than on a stack. A port's open() fills the first
 * part; the second is smtp_task_send()'s.
 */
struct smtp_task {
	struct smtp_transport transport; /* connected                       */
	void *ctx;               /* is given to these:                      */
	uint32_t (*now_ms)(void *ctx);
	void (*wait)(void *ctx, int want, uint32_t ms); /* for a mask of    */
				 /* SMTP_WANT_READ and _WRITE, so long at   */
				 /* most; less is fine                      */
	int (*secure)(struct smtp_task *task); /* put TLS over `transport`: */
				 /* SMTP_OK, or an error that smtp_open()   */
				 /* has; NULL: this port cannot             */
	uint8_t is_secure;       /* TLS from the first octet, verified      */

	struct smtp_engine *engine;
	uint64_t memory[(SMTP_ENGINE_BYTES + 7) / 8];
	unsigned char in[SMTP_TASK_OCTETS], out[SMTP_TASK_OCTETS];
	unsigned char content[SMTP_TASK_OCTETS];
	size_t out_at, out_n;
	int result;              /* the first failure, or SMTP_OK           */
	uint8_t step, ended;
};

/*
 * Send one mail and leave: greeting, STARTTLS where the setup says so, AUTH
 * unless `credentials` is NULL, the delivery, QUIT; then the transport is
 * closed, always. `read` gives the mail itself, a whole RFC 5322 message: the
 * number of octets, 0 at the end, or below 0 when it failed. Returns the status
 * of the delivery, or why it was not begun; the rows of the delivery have the
 * rest.
 *
 * SMTP_E_UNSUPPORTED, and nothing was said: the setup asks for TLS, and there
 * is none; or for STARTTLS, and this port has TLS from the first octet only.
 */
int
smtp_task_send(struct smtp_task *task, const struct smtp_engine_setup *setup,
    const struct smtp_credentials *credentials,
    struct smtp_delivery *delivery,
    ptrdiff_t (*read)(void *ctx, void *p, size_t n), void *ctx);

/*
 * For `secure` of a port that has mbedTLS and a heap (smtp_task_tls.c): TLS by
 * smtp_transport_tls(), whose `config` and `host` these are. Waits 30 s.
 */
int
smtp_task_tls(struct smtp_task *task, const void *config, const char *host);

#ifdef __cplusplus
}
#endif

#endif
