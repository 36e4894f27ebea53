/* SPDX-License-Identifier: MIT */
/*
 * A text that is going to be said: its octets are looked at here.
 */
#ifndef SMTP__CLEAN_H
#define SMTP__CLEAN_H

#include <stddef.h>

/*
 * The length of a text of octets from `least` to `most` but DEL; 0 when there
 * is another in it, and when it is empty.
 */
size_t
smtp__clean(const char *p, unsigned least, unsigned most);

#endif
