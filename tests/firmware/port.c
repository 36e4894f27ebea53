/* SPDX-License-Identifier: MIT */
/* Between lwIP and the Ethernet FIFO of a board. */
#include "port.h"

#include <lwip/etharp.h>
#include <lwip/pbuf.h>
#include <netif/ethernet.h>

#include <string.h>

#include "board.h"

#if ETH_PAD_SIZE != 2
#error "the FIFOs want two octets in front of a frame"
#endif

static err_t
port_send(struct netif *netif, struct pbuf *p)
{
	uint32_t word = 0;
	unsigned at = 0;

	(void)netif;
	if (!board_send(p->tot_len - (size_t)ETH_PAD_SIZE))
		return ERR_MEM;          /* TCP sends it again */
	for (; p != NULL; p = p->next) {
		const unsigned char *octets = p->payload;

		for (u16_t i = 0; i < p->len; i++) {
			word |= (uint32_t)octets[i] << 8 * at;
			if (++at == 4) {
				board_give(word);
				word = at = 0;
			}
		}
	}
	if (at > 0)
		board_give(word);
	board_sent();
	return ERR_OK;
}

/* Into a chain of the pool; without room the frame is lost, as on a wire. */
static struct pbuf *
receive(size_t frame)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)(ETH_PAD_SIZE + frame),
	    PBUF_POOL);
	size_t n = ETH_PAD_SIZE + frame;
	struct pbuf *q = p;
	u16_t at = 0;
	uint32_t word = 0;

	for (size_t i = 0; i < n; i++, word >>= 8) {
		if (i % 4 == 0)
			word = board_take();
		while (q != NULL && at == q->len) {
			q = q->next;
			at = 0;
		}
		if (q != NULL)
			((unsigned char *)q->payload)[at++] =
			    (unsigned char)word;
	}
	board_taken(frame);
	return p;
}

int
port_poll(struct netif *netif)
{
	size_t frame;
	int count = 0;

	for (; (frame = board_arrived()) > 0; count++) {
		struct pbuf *p = receive(frame);

		if (p != NULL && netif->input(p, netif) != ERR_OK)
			pbuf_free(p);
	}
	return count;
}

err_t
port_init(struct netif *netif)
{
	static const unsigned char mac[6] = { 0x52, 0x54, 0, 0x12, 0x34,
		0x56 };

	board_init(mac);
	memcpy(netif->hwaddr, mac, sizeof mac);
	netif->hwaddr_len = sizeof mac;
	netif->name[0] = 'e';
	netif->name[1] = 'n';
	netif->mtu = 1500;
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
	    NETIF_FLAG_LINK_UP;
	netif->output = etharp_output;
	netif->linkoutput = port_send;
	return ERR_OK;
}
