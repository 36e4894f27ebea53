/* SPDX-License-Identifier: MIT */
/*
 * For helgrind, which knows what a mutex orders and nothing of atomics: what
 * the library has of <stdatomic.h>, each operation under one mutex. This is
 * what sequential consistency promises, so a race that is found with it is
 * one. ThreadSanitizer looks at the real ones.
 */
#ifndef HELGRIND_STDATOMIC_H
#define HELGRIND_STDATOMIC_H

#include <pthread.h>
#include <stdbool.h>

typedef bool atomic_bool;
typedef int atomic_int;
typedef long atomic_long;
typedef unsigned atomic_uint;

/* One for the whole program, whoever defines it. */
__attribute__((weak)) pthread_mutex_t smtp__atomics =
    PTHREAD_MUTEX_INITIALIZER;

#define HELGRIND_LOCKED(type, work) __extension__ ({ \
	type result_; \
	(void)pthread_mutex_lock(&smtp__atomics); \
	work; \
	(void)pthread_mutex_unlock(&smtp__atomics); \
	result_; \
})

#define HELGRIND_VALUE(p) __typeof__(__extension__ ({ *(p); }))

#define atomic_init(p, v) ((void)(*(p) = (v)))
#define atomic_load(p) \
	HELGRIND_LOCKED(HELGRIND_VALUE(p), result_ = *(p))
#define atomic_store(p, v) \
	((void)HELGRIND_LOCKED(int, (*(p) = (v), result_ = 0)))
#define atomic_exchange(p, v) \
	HELGRIND_LOCKED(HELGRIND_VALUE(p), (result_ = *(p), *(p) = (v)))
#define atomic_fetch_add(p, v) HELGRIND_LOCKED(HELGRIND_VALUE(p), \
	(result_ = *(p), *(p) = result_ + (v)))
#define atomic_fetch_sub(p, v) HELGRIND_LOCKED(HELGRIND_VALUE(p), \
	(result_ = *(p), *(p) = result_ - (v)))
#define atomic_compare_exchange_strong(p, e, v) HELGRIND_LOCKED(bool, \
	(result_ = *(p) == *(e), result_ ? (void)(*(p) = (v)) : \
	(void)(*(e) = *(p))))

#endif
