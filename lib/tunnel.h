/* SPDX-License-Identifier: MIT */
/*
 * Through a proxy: between the dialling, which leads to the proxy then, and
 * the first octet that is the server's.
 */
#ifndef SMTP__TUNNEL_H
#define SMTP__TUNNEL_H

#include "client.h"

struct smtp__tunnel;

/*
 * If an option names a proxy, s->tunnel is there afterwards; what cannot be
 * said to it is told before anybody is called.
 */
int
smtp__tunnel_prepare(struct smtp *s);

/* Where to dial. */
const struct smtp__url *
smtp__tunnel_url(const struct smtp__tunnel *tunnel);

/* It is connected to: SMTP_OK, and the stage is SMTP__TUNNELLING. */
int
smtp__tunnel_start(struct smtp *s, uint64_t now_ms);

/* SMTP_OK: the transport leads to the server, and the tunnel is forgotten. */
int
smtp__tunnel_step(struct smtp *s, uint64_t now_ms);

/* Forget it, and its secrets. */
void
smtp__tunnel_end(struct smtp *s);

#endif
