/* SPDX-License-Identifier: MIT */
#ifndef STUB_ARDUINO_H
#define STUB_ARDUINO_H

#include <stddef.h>
#include <stdint.h>

unsigned long
millis(void);
void
delay(unsigned long ms);

#endif
