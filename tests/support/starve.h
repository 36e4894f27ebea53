/* SPDX-License-Identifier: MIT */
/*
 * Take memory away: the n-th allocation from now on fails, in this program and
 * in the libraries that it loads. It stands in for malloc and its kin, which
 * glibc allows; a sanitizer does so itself, so that STARVE is 0 with one.
 */
#ifndef STARVE_H
#define STARVE_H

#include <stdbool.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STARVE_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STARVE_SANITIZED 1
#endif

#if defined(__GLIBC__) && !defined(STARVE_SANITIZED)
#define STARVE 1

/* False where somebody else, as valgrind, has taken malloc over. */
bool
starve_works(void);

/* From the `n`-th on (0 is the next) one allocation fails; below 0: none. */
void
starve_at(long n);

/* Allow everything; returns what starve_at() is to be given to go on. */
long
starve_pause(void);

/* Did one fail since starve_at()? */
bool
starve_hit(void);

/* Blocks that are allocated now, beyond those of some moment before. */
long
starve_live(void);

#else
#define STARVE 0
#endif

#endif
