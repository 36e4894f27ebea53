/* SPDX-License-Identifier: MIT */
/* Two small things that an optimiser must not improve. */
#include "crypto/hash.h"

#include <string.h>

void
smtp__wipe(void *p, size_t n)
{
#if defined(__GNUC__)
	if (n > 0)
		memset(p, 0, n);
	__asm__ __volatile__("" : : "r"(p) : "memory");
#else
	volatile unsigned char *octet = p;

	while (n-- > 0)
		*octet++ = 0;
#endif
}

bool
smtp__equal_constant_time(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < n; i++)
		difference |= (unsigned char)(x[i] ^ y[i]);
	return difference == 0;
}
