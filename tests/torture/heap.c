/* SPDX-License-Identifier: MIT */
/*
 * Memory. What the library takes through its allocator is metered there, with
 * the sizes that it tells; all else (mbedTLS, the C library, lookups) comes
 * through malloc and its kin, for which these stand in, as a program may. A
 * sanitizer's own are behind them.
 */
#include "torture.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

#if defined(SANITIZED)
#define REAL(name) __interceptor_ ## name
#elif defined(__GLIBC__)
#define REAL(name) __libc_ ## name
#endif

#ifdef REAL

extern void *
REAL(malloc)(size_t n);
extern void *
REAL(calloc)(size_t n, size_t size);
extern void *
REAL(realloc)(void *p, size_t n);
extern void
REAL(free)(void *p);

static atomic_long live;
static atomic_bool watched;

/*
 * These are called before the sanitizer is ready, too: until somebody watches
 * nothing that it looks after is touched.
 */
#define EARLY __attribute__((no_sanitize_address))

void
heap_watch(bool on)
{
	atomic_store(&watched, on);
}

EARLY static bool
refused(void)
{
	if (!atomic_load(&watched) ||
	    fault_at(SITE_HEAP, NULL) == EFFECT_NONE)
		return false;
	errno = ENOMEM;
	return true;
}

EARLY static void *
counted(void *p)
{
	if (p != NULL)
		atomic_fetch_add(&live, 1);
	return p;
}

EARLY void *
malloc(size_t n)
{
	return refused() ? NULL : counted(REAL(malloc)(n));
}

EARLY void *
calloc(size_t n, size_t size)
{
	return refused() ? NULL : counted(REAL(calloc)(n, size));
}

EARLY void *
realloc(void *p, size_t n)
{
	if (refused())
		return NULL;
	return p == NULL ? counted(REAL(realloc)(p, n)) : REAL(realloc)(p, n);
}

EARLY void
free(void *p)
{
	if (p != NULL)
		atomic_fetch_sub(&live, 1);
	REAL(free)(p);
}

long
heap_live(void)
{
	return atomic_load(&live);
}

#else

void
heap_watch(bool on)
{
	(void)on;
}

long
heap_live(void)
{
	return 0;
}

#endif

/* Each block remembers its size, which has to be told when it changes. */
struct block {
	size_t n;
	size_t pad;              /* what follows is aligned as from malloc  */
};

static void *
resize(void *ctx, void *p, size_t was, size_t now)
{
	struct meter *m = ctx;
	struct block *b = p != NULL ? (struct block *)p - 1 : NULL, *other;

	if ((p == NULL) != (was == 0) || (b != NULL && b->n != was)) {
		(void)fprintf(stderr, "allocator: %zu octets, told %zu\n",
			b != NULL ? b->n : 0, was);
		abort();
	}
	if (now > 0 && fault_at(SITE_MEMORY, NULL) != EFFECT_NONE)
		return NULL;
	fault_pause();
	other = now > 0 ? malloc(sizeof *other + now) : NULL;
	if (now > 0 && other == NULL)
		abort();
	if (other != NULL) {
		other->n = now;
		memset(other + 1, 0xa5, now);
		if (was > 0)
			memcpy(other + 1, p, was < now ? was : now);
	}
	free(b);
	fault_resume();
	m->held = m->held - was + now;
	m->blocks += (now > 0) - (was > 0);
	return other != NULL ? other + 1 : NULL;
}

struct smtp_allocator
meter_allocator(struct meter *meter)
{
	struct smtp_allocator allocator = { resize, meter };

	return allocator;
}
