/* SPDX-License-Identifier: MIT */
#ifndef STUB_FREERTOS_H
#define STUB_FREERTOS_H

#include <stddef.h>
#include <stdint.h>

typedef long BaseType_t;
typedef uint32_t TickType_t;
typedef TickType_t EventBits_t;

#ifndef STUB_TICK_MS
#define STUB_TICK_MS 1
#endif
#define portTICK_PERIOD_MS ((TickType_t)STUB_TICK_MS)
#define pdMS_TO_TICKS(ms) ((TickType_t)((uint64_t)(ms) / STUB_TICK_MS))
#define pdFREERTOS_ERRNO_EINTR 4
#define pdFREERTOS_ERRNO_EWOULDBLOCK 11
#define pdFREERTOS_ERRNO_EINVAL 22
#define pdFREERTOS_ERRNO_ENOSPC 28
#define pdFREERTOS_ERRNO_ENOTCONN 128

#endif
