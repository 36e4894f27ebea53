/* SPDX-License-Identifier: MIT */
/* malloc() of glibc, counted exactly, also for the libraries. */
#include "attachment/attachment.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

void *
__libc_malloc(size_t n);
void *
__libc_calloc(size_t count, size_t n);
void *
__libc_realloc(void *p, size_t n);
void
__libc_free(void *p);

static atomic_llong now, peak;

static void *
count(void *p)
{
	long long all;

	if (p == NULL)
		return NULL;
	all = atomic_fetch_add(&now, (long long)malloc_usable_size(p)) +
	    (long long)malloc_usable_size(p);
	if (all > atomic_load(&peak))
		atomic_store(&peak, all);
	return p;
}

static void
forget(void *p)
{
	if (p != NULL)
		atomic_fetch_sub(&now, (long long)malloc_usable_size(p));
}

void *
malloc(size_t n)
{
	return count(__libc_malloc(n));
}

void *
calloc(size_t n, size_t size)
{
	return count(__libc_calloc(n, size));
}

void *
realloc(void *p, size_t n)
{
	size_t was = p != NULL ? malloc_usable_size(p) : 0;
	void *q = __libc_realloc(p, n);

	if (q != NULL || n == 0)
		atomic_fetch_sub(&now, (long long)was);
	return count(q);
}

void
free(void *p)
{
	forget(p);
	__libc_free(p);
}

size_t
heap_now(void)
{
	return (size_t)atomic_load(&now);
}

size_t
heap_peak(void)
{
	return (size_t)atomic_load(&peak);
}

void
heap_peak_reset(void)
{
	atomic_store(&peak, atomic_load(&now));
}
