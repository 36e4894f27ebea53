/* SPDX-License-Identifier: MIT */
/*
 * Threads, and what they need to share something: one at a time, and waiting
 * for a turn.
 * The one place that knows whose threads they are.
 */
#ifndef SMTP__LOCK_H
#define SMTP__LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <smtp/config.h>

#if SMTP_WITH_THREADS
/*
 * Run a function in a thread that nobody waits for, and that no signal of the
 * program's reaches. What it returns does not matter. False: there is no thread
 * to be had.
 */
bool
smtp__thread_start(void *(*run)(void *ctx), void *ctx);
#endif

#if SMTP_WITH_POOL && SMTP_WITH_THREADS

#ifdef _WIN32
/* SRWLOCK and CONDITION_VARIABLE: a pointer each. */
struct smtp__lock {
	void *srw;
};

struct smtp__turn {
	void *condition;
};
#else
#include <pthread.h>

struct smtp__lock {
	pthread_mutex_t mutex;
};

struct smtp__turn {
	pthread_cond_t cond;
};
#endif

/* False: the system has none to give. */
bool
smtp__lock_init(struct smtp__lock *lock);
void
smtp__lock_wipe(struct smtp__lock *lock);
void
smtp__lock_take(struct smtp__lock *lock);
void
smtp__lock_give(struct smtp__lock *lock);

/*
 * Wait, with the lock given back meanwhile, until the turn is called or a
 * moment on the clock of smtp__net_now_ms() has come (UINT64_MAX: never); also
 * for nothing, now and then.
 */
bool
smtp__turn_init(struct smtp__turn *turn);
void
smtp__turn_wipe(struct smtp__turn *turn);
void
smtp__turn_wait(struct smtp__turn *turn, struct smtp__lock *lock,
    uint64_t until_ms);
void
smtp__turn_call(struct smtp__turn *turn);

#endif
#endif
