/* SPDX-License-Identifier: MIT */
#include <FreeRTOS.h>

TickType_t
xTaskGetTickCount(void);
