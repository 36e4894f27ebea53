/* SPDX-License-Identifier: MIT */
#include "text/clean.h"

size_t
smtp__clean(const char *p, unsigned least, unsigned most)
{
	size_t n;

	for (n = 0; p[n] != '\0'; n++) {
		unsigned c = (unsigned char)p[n];

		if (c < least || c > most || c == 127)
			return 0;
	}
	return n;
}
