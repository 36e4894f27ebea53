/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t
ns_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

uint64_t
bench_now_ns(void)
{
	return ns_of(CLOCK_MONOTONIC);
}

uint64_t
bench_cpu_ns(void)
{
	return ns_of(CLOCK_PROCESS_CPUTIME_ID);
}

static uint32_t
next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

void
bench_fill(void *p, size_t n)
{
	unsigned char *octets = p;
	uint32_t state = 2463534242U;

	for (size_t i = 0; i < n; i++)
		octets[i] = (unsigned char)(next(&state) >> 11);
}

void
bench_fill_text(char *p, size_t n)
{
	static const char *const words[] = { "the", "letter", "of", "a",
		"Stra\xc3\x9f" "e", "was", "written,", "and", "nobody",
		"answered.", "caf\xc3\xa9", "x = 1", "again", "to", "it" };
	uint32_t state = 88172645U;
	size_t i = 0, column = 0;

	while (i < n) {
		const char *word = words[next(&state) % COUNT(words)];
		size_t size = strlen(word);

		if (size + 1 > n - i) {
			memset(p + i, 'z', n - i);
			p[n - 1] = '\n';
			break;
		}
		memcpy(p + i, word, size);
		i += size;
		column += size + 1;
		p[i++] = column > 66 ? '\n' : ' ';
		if (column > 66)
			column = 0;
	}
}

static int
order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_median(double *p, size_t n)
{
	qsort(p, n, sizeof *p, order);
	return n % 2 ? p[n / 2] : (p[n / 2 - 1] + p[n / 2]) / 2;
}

size_t
bench_rounds(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 9;

	return rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX :
	    (size_t)rounds;
}

void
bench_say_machine(void)
{
	printf("%ld processors, %s, gcc or clang %s.\n",
	    sysconf(_SC_NPROCESSORS_ONLN),
#if defined(__x86_64__)
	    __builtin_cpu_supports("avx2") ? "x86-64 with AVX2" : "x86-64",
#else
	    "not x86-64",
#endif
	    __VERSION__);
}
