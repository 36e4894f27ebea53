/* SPDX-License-Identifier: MIT */
/*
 * A transport over the raw API of lwIP 2: no thread, no heap, no copy of what
 * arrives. It lives in memory of the caller's, and each call belongs into the
 * context in which lwIP runs (the main loop with NO_SYS, or its thread).
 */
#ifndef SMTP_LWIP_H
#define SMTP_LWIP_H

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>
#include <lwip/tcp.h>

#include <smtp/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zeros is one that was never opened. The fields are its own. */
struct smtp_lwip {
	struct tcp_pcb *pcb;
	struct pbuf *arrived;    /* and not read yet                        */
	u16_t at;                /* octets of its first part that were read */
	s8_t status;             /* 0: open; else enum smtp_io              */
};

/*
 * Begin to connect, and fill `transport`; read and write want until there is
 * a connection. `t` has to stay where it is until `close`. Returns SMTP_OK,
 * SMTP_E_MEMORY (no pcb, or no memory for SYN) or SMTP_E_CONNECT (no route);
 * then nothing is to be closed.
 *
 * Read with a buffer of any size; what arrived lies in lwIP's pool until then
 * and closes the window. When the peer goes quiet lwIP finds out by its own
 * timers; the engine's smtp_engine_due_ms() is the wait that counts.
 */
int
smtp_lwip_open(struct smtp_lwip *t, struct smtp_transport *transport,
    const ip_addr_t *address, u16_t port);

#ifdef __cplusplus
}
#endif

#endif
