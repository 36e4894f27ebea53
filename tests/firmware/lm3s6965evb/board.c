/* SPDX-License-Identifier: MIT */
/* The Ethernet controller of the LM3S6965, polled. */
#include "board.h"

#define REG(at) (*(volatile uint32_t *)(uintptr_t)(at))

/* System control. */
#define RCC      REG(0x400FE060)
#define RCGC2    REG(0x400FE108)

/* Ethernet MAC. */
#define MACRIS   REG(0x40048000)
#define MACIM    REG(0x40048004)
#define MACRCTL  REG(0x40048008)
#define MACTCTL  REG(0x4004800C)
#define MACDATA  REG(0x40048010)
#define MACIA0   REG(0x40048014)
#define MACIA1   REG(0x40048018)
#define MACNP    REG(0x40048034)
#define MACTR    REG(0x40048038)

enum {
	RXEN = 1, RSTFIFO = 16,          /* MACRCTL                         */
	TXEN = 1, PADEN = 2, CRC = 4,    /* MACTCTL                         */
	LENGTH = 2, CHECKSUM = 4, HEADER = 14
};

const uint32_t board_clock_hz = 50000000;

static uint32_t first;           /* with the length of the frame         */
static int has_first;
static int is_first;

void
board_init(const unsigned char mac[6])
{
	RCC = (RCC & ~(UINT32_C(0xF) << 23)) | UINT32_C(3) << 23 |
	    UINT32_C(1) << 22;           /* 200 MHz / 4 */
	RCGC2 |= UINT32_C(1) << 30 | UINT32_C(1) << 28;
	MACRCTL = RSTFIFO;
	MACIM = 0;
	MACIA0 = mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 |
	    (uint32_t)mac[3] << 24;
	MACIA1 = mac[4] | (uint32_t)mac[5] << 8;
	MACTCTL = TXEN | PADEN | CRC;
	MACRCTL = RXEN;
}

/* The first word has the length: with itself and the checksum. */
size_t
board_arrived(void)
{
	if ((MACNP & 63) == 0)
		return 0;
	first = MACDATA;
	has_first = 1;
	return (first & 0xFFFF) - LENGTH - CHECKSUM;
}

uint32_t
board_take(void)
{
	if (!has_first)
		return MACDATA;
	has_first = 0;
	return first;
}

/* The checksum is left, as far as no word of the frame had it. */
void
board_taken(size_t frame)
{
	size_t words = (LENGTH + frame + 3) / 4;
	size_t all = (LENGTH + frame + CHECKSUM + 3) / 4;

	for (; words < all; words++)
		(void)MACDATA;
}

/* The length there is that of the frame's data. */
int
board_send(size_t frame)
{
	if (MACTR & 1)
		return 0;
	first = (uint32_t)(frame - HEADER);
	is_first = 1;
	return 1;
}

void
board_give(uint32_t word)
{
	MACDATA = is_first ? (word & 0xFFFF0000) | first : word;
	is_first = 0;
}

void
board_sent(void)
{
	MACTR = 1;
}
