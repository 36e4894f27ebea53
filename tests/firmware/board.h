/* SPDX-License-Identifier: MIT */
/* What a board has to have for the firmware: ticks and an Ethernet FIFO. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Clocks, and the Ethernet port with this address. */
void
board_init(const unsigned char mac[6]);

/* Of the processor's clock, for SysTick. */
extern const uint32_t board_clock_hz;

/*
 * The FIFO of the port, by words. A frame has two octets in front of it, so
 * that the header of IP is aligned. `board_arrived` returns the octets of the
 * next frame without the two and without the checksum, 0: none; it is then
 * taken as a whole, by words, and `board_taken` ends that.
 */
size_t
board_arrived(void);
uint32_t
board_take(void);
void
board_taken(size_t frame);

/* `first` has the place of the two octets free. 0: no room now. */
int
board_send(size_t frame);
void
board_give(uint32_t word);
void
board_sent(void);

#endif
