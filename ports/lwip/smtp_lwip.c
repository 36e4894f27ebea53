/* SPDX-License-Identifier: MIT */
#include "smtp_lwip.h"

#include <string.h>

#if !LWIP_TCP || !LWIP_CALLBACK_API
#error "smtp_lwip.c needs LWIP_TCP and LWIP_CALLBACK_API of lwipopts.h"
#endif

/* ---- what lwIP calls */

static err_t
on_connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
	struct smtp_lwip *t = arg;

	(void)pcb;
	(void)error;                     /* always ERR_OK, says lwIP */
	t->status = 0;
	return ERR_OK;
}

/* NULL: the peer ended the stream. What came before it can still be read. */
static err_t
on_arrived(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
	struct smtp_lwip *t = arg;

	(void)pcb;
	(void)error;
	if (p == NULL)
		t->status = SMTP_IO_CLOSED;
	else if (t->arrived == NULL)
		t->arrived = p;
	else
		pbuf_cat(t->arrived, p);
	return ERR_OK;
}

/* The pcb is gone when this is called. */
static void
on_error(void *arg, err_t error)
{
	struct smtp_lwip *t = arg;

	t->pcb = NULL;
	t->status = error == ERR_RST || error == ERR_CLSD ? SMTP_IO_CLOSED :
	    SMTP_IO_FAILED;
}

/* ---- what the engine's driver calls */

static ptrdiff_t
lwip_read(void *ctx, void *to, size_t n)
{
	struct smtp_lwip *t = ctx;
	struct pbuf *p = t->arrived;
	size_t got = 0;

	if (p == NULL)
		return t->status != 0 ? t->status : SMTP_IO_WANT_READ;
	while (p != NULL && got < n) {
		size_t part = (size_t)p->len - t->at;

		if (part > n - got)
			part = n - got;
		memcpy((char *)to + got, (char *)p->payload + t->at, part);
		got += part;
		t->at = (u16_t)(t->at + part);
		if (t->at == p->len) {
			struct pbuf *next = p->next;

			if (next != NULL)
				pbuf_ref(next);
			pbuf_free(p);
			p = next;
			t->at = 0;
		}
	}
	t->arrived = p;
	if (t->pcb != NULL)
		tcp_recved(t->pcb, (u16_t)got);
	return (ptrdiff_t)got;
}

/*
 * What finds no memory at once may find some for a part of it, or later, when
 * more was acknowledged.
 */
static ptrdiff_t
lwip_write(void *ctx, const void *p, size_t n)
{
	struct smtp_lwip *t = ctx;
	err_t error = ERR_MEM;

	if (t->pcb == NULL || t->status == SMTP_IO_WANT_WRITE)
		return t->status;
	if (n > tcp_sndbuf(t->pcb))
		n = tcp_sndbuf(t->pcb);
	while (n > 0) {
		error = tcp_write(t->pcb, p, (u16_t)n, TCP_WRITE_FLAG_COPY);
		if (error != ERR_MEM)
			break;
		n /= 2;
	}
	(void)tcp_output(t->pcb);
	if (error == ERR_OK)
		return (ptrdiff_t)n;
	return error == ERR_MEM ? SMTP_IO_WANT_WRITE : SMTP_IO_FAILED;
}

static void
lwip_close(void *ctx)
{
	struct smtp_lwip *t = ctx;
	struct tcp_pcb *pcb = t->pcb;

	if (t->arrived != NULL)
		pbuf_free(t->arrived);
	t->arrived = NULL;
	t->pcb = NULL;
	t->status = SMTP_IO_CLOSED;
	if (pcb == NULL)
		return;
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_err(pcb, NULL);
	if (tcp_close(pcb) != ERR_OK)    /* no memory for FIN */
		tcp_abort(pcb);
}

int
smtp_lwip_open(struct smtp_lwip *t, struct smtp_transport *transport,
    const ip_addr_t *address, u16_t port)
{
	err_t error;

	memset(t, 0, sizeof *t);
	t->status = SMTP_IO_WANT_WRITE;
	t->pcb = tcp_new_ip_type(IP_GET_TYPE(address));
	if (t->pcb == NULL)
		return SMTP_E_MEMORY;
	tcp_arg(t->pcb, t);
	tcp_recv(t->pcb, on_arrived);
	tcp_err(t->pcb, on_error);
	tcp_nagle_disable(t->pcb);
	error = tcp_connect(t->pcb, address, port, on_connected);
	if (error != ERR_OK) {
		tcp_abort(t->pcb);
		return error == ERR_MEM ? SMTP_E_MEMORY : SMTP_E_CONNECT;
	}
	transport->read = lwip_read;
	transport->write = lwip_write;
	transport->close = lwip_close;
	transport->fd = NULL;
	transport->ctx = t;
	return SMTP_OK;
}
