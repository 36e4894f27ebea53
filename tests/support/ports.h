/* SPDX-License-Identifier: MIT */
/*
 * Ports of this machine for a test to connect to: one that listens, one that
 * refuses, and one that does not answer. They fail the test where the system
 * does not give them.
 */
#ifndef PORTS_H
#define PORTS_H

#include "net/socket.h"

/* An address ("127.0.0.1", "::1") with a port. */
struct smtp__address
port_address(const char *ip, unsigned port);

/* A listening socket on a free port, or on `port` if that is not 0. */
int
port_listen(const char *ip, unsigned port, int backlog);

/* The port of a socket. */
unsigned
port_of(int fd);

/* A port on which nobody listens, at any loopback address. */
unsigned
port_dead(void);

/*
 * A listener that answers nobody: its queue is full. `pending` gets the
 * sockets that fill it, -1 behind the last.
 */
int
port_full(const char *ip, unsigned port, int pending[8]);

/* Close a port_full() and what fills it. */
void
port_full_close(int fd, int pending[8]);

/* How many descriptors are open in this process. */
int
port_count_open(void);

#endif
