/* SPDX-License-Identifier: MIT */
/* What the benches share. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { ROUNDS_MAX = 99 };

/* Of the monotonic clock, and of this process on a processor. */
uint64_t
bench_now_ns(void);
uint64_t
bench_cpu_ns(void);

/* The same octets each time, which no encoder finds a pattern in. */
void
bench_fill(void *p, size_t n);

/* Lines of words as a mail has them, some of them not ASCII; LF at the end. */
void
bench_fill_text(char *p, size_t n);

/* Sorts the numbers. */
double
bench_median(double *p, size_t n);

/* The first argument: how many rounds; 9 without it. */
size_t
bench_rounds(int argc, char **argv);

/* One line about processor and compiler. */
void
bench_say_machine(void);

#endif
