/* SPDX-License-Identifier: MIT */
#include "support/starve.h"

#if STARVE

#include <errno.h>
#include <stdatomic.h>

extern void *
__libc_malloc(size_t n);
extern void *
__libc_calloc(size_t n, size_t size);
extern void *
__libc_realloc(void *p, size_t n);
extern void
__libc_free(void *p);

static atomic_long countdown = -1, live;
static atomic_bool hit;

bool
starve_works(void)
{
	void *(*volatile allocate)(size_t) = malloc;    /* not inlined */
	void *p;

	starve_at(0);
	p = allocate(1);
	(void)starve_pause();
	if (p == NULL)
		return true;
	free(p);
	return false;
}

void
starve_at(long n)
{
	atomic_store(&hit, false);
	atomic_store(&countdown, n);
}

long
starve_pause(void)
{
	return atomic_exchange(&countdown, -1);
}

bool
starve_hit(void)
{
	return atomic_load(&hit);
}

long
starve_live(void)
{
	return atomic_load(&live);
}

static bool
refused(void)
{
	if (atomic_load(&countdown) < 0)
		return false;
	if (atomic_fetch_sub(&countdown, 1) > 0)
		return false;
	atomic_store(&hit, true);
	errno = ENOMEM;
	return true;
}

static void *
counted(void *p)
{
	if (p != NULL)
		atomic_fetch_add(&live, 1);
	return p;
}

void *
malloc(size_t n)
{
	return refused() ? NULL : counted(__libc_malloc(n));
}

void *
calloc(size_t n, size_t size)
{
	return refused() ? NULL : counted(__libc_calloc(n, size));
}

void *
realloc(void *p, size_t n)
{
	if (refused())
		return NULL;
	return p == NULL ? counted(__libc_realloc(p, n)) :
	    __libc_realloc(p, n);
}

void
free(void *p)
{
	if (p != NULL)
		atomic_fetch_sub(&live, 1);
	__libc_free(p);
}

#endif
