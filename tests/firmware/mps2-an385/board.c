/* SPDX-License-Identifier: MIT */
/* The LAN9118 of the MPS2 with AN385, polled. */
#include "board.h"

#define REG(at) (*(volatile uint32_t *)(uintptr_t)(0x40200000 + (at)))

#define RX_DATA      REG(0x00)
#define TX_DATA      REG(0x20)
#define RX_STATUS    REG(0x40)
#define TX_STATUS    REG(0x48)
#define INT_EN       REG(0x5C)
#define RX_CFG       REG(0x6C)
#define TX_CFG       REG(0x70)
#define HW_CFG       REG(0x74)
#define RX_FIFO_INF  REG(0x7C)
#define TX_FIFO_INF  REG(0x80)
#define MAC_CSR_CMD  REG(0xA4)
#define MAC_CSR_DATA REG(0xA8)

enum {
	MAC_CR = 1, ADDRH = 2, ADDRL = 3,
	MAC_TXEN = 8, MAC_RXEN = 4,      /* MAC_CR                          */
	TX_ON = 2,                       /* TX_CFG                          */
	PAD = 2, CHECKSUM = 4
};

const uint32_t board_clock_hz = 25000000;

static void
mac_write(uint32_t number, uint32_t value)
{
	while (MAC_CSR_CMD >> 31)
		;
	MAC_CSR_DATA = value;
	MAC_CSR_CMD = UINT32_C(1) << 31 | number;
}

void
board_init(const unsigned char mac[6])
{
	HW_CFG = 1;                      /* reset */
	while (HW_CFG & 1)
		;
	HW_CFG = UINT32_C(1) << 20 | UINT32_C(5) << 16;
	INT_EN = 0;
	RX_CFG = PAD << 8;
	mac_write(ADDRH, mac[4] | (uint32_t)mac[5] << 8);
	mac_write(ADDRL, mac[0] | (uint32_t)mac[1] << 8 |
	    (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24);
	TX_CFG = TX_ON;
	mac_write(MAC_CR, MAC_TXEN | MAC_RXEN);
}

size_t
board_arrived(void)
{
	if ((RX_FIFO_INF >> 16 & 0xFF) == 0)
		return 0;
	return (RX_STATUS >> 16 & 0x3FFF) - CHECKSUM;
}

uint32_t
board_take(void)
{
	return RX_DATA;
}

/* The words of the checksum. */
void
board_taken(size_t frame)
{
	size_t words = (PAD + frame + 3) / 4;
	size_t all = (PAD + frame + CHECKSUM + 3) / 4;

	for (; words < all; words++)
		(void)RX_DATA;
}

/* Two words of commands: one segment, that begins two octets in. */
int
board_send(size_t frame)
{
	while (TX_FIFO_INF >> 16 & 0xFF)
		(void)TX_STATUS;
	if ((TX_FIFO_INF & 0xFFFF) < frame + 16)
		return 0;
	TX_DATA = (uint32_t)PAD << 16 | UINT32_C(3) << 12 | (uint32_t)frame;
	TX_DATA = (uint32_t)frame;
	return 1;
}

void
board_give(uint32_t word)
{
	TX_DATA = word;
}

void
board_sent(void)
{
}
