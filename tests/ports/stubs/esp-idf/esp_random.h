/* SPDX-License-Identifier: MIT */
#include <stddef.h>

void
esp_fill_random(void *p, size_t n);
