/* SPDX-License-Identifier: MIT */
/*
 * What is called from more than one place, or from a large function, and has
 * to stay a function: compiled for size, it would be copied and be larger.
 */
#ifndef SMTP__CALLED_H
#define SMTP__CALLED_H

#ifdef __GNUC__
#define SMTP__CALLED __attribute__((noinline))
#else
#define SMTP__CALLED
#endif

#endif
