/* SPDX-License-Identifier: MIT */
#ifndef PORT_H
#define PORT_H

#include <lwip/netif.h>

/* lwIP's interface on the board's port: for netif_add(). */
err_t
port_init(struct netif *netif);

/* All that arrived. Returns how many frames. */
int
port_poll(struct netif *netif);

#endif
