/* SPDX-License-Identifier: MIT */
/*
 * How many instructions a call takes: a child process makes it, and is led
 * through it one by one. What takes the same number whatever the secret is
 * tells nobody by its time how much of a guess was right.
 */
#ifndef TEST_COUNT_H
#define TEST_COUNT_H

/* Where COUNT_STEPS is 0 the call is made, and nothing counted. */
#if defined(__linux__)
#define COUNT_STEPS 1
#else
#define COUNT_STEPS 0
#endif

/* The call is made once before, so that its functions are bound. */
unsigned long
count_steps(void (*call)(void *ctx), void *ctx);

#endif
