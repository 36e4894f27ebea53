/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE
#ifdef __APPLE__
#define _DARWIN_C_SOURCE
#endif

#include "net/lock.h"

#include "net/net.h"

#if SMTP_WITH_THREADS && !defined(_WIN32)

#include <pthread.h>
#include <signal.h>

bool
smtp__thread_start(void *(*run)(void *ctx), void *ctx)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int error = pthread_attr_init(&attr);

	if (error != 0)
		return false;
	sigfillset(&all);
	error = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (error == 0)
		error = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (error == 0) {
		error = pthread_create(&thread, &attr, run, ctx);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	pthread_attr_destroy(&attr);
	return error == 0;
}

#if SMTP_WITH_POOL

/* Longest single wait: what is later than that is waited for again. */
#define MOST_MS UINT64_C(3600000)

bool
smtp__lock_init(struct smtp__lock *lock)
{
	return pthread_mutex_init(&lock->mutex, NULL) == 0;
}

void
smtp__lock_wipe(struct smtp__lock *lock)
{
	(void)pthread_mutex_destroy(&lock->mutex);
}

void
smtp__lock_take(struct smtp__lock *lock)
{
	(void)pthread_mutex_lock(&lock->mutex);
}

void
smtp__lock_give(struct smtp__lock *lock)
{
	(void)pthread_mutex_unlock(&lock->mutex);
}

/* The wall clock may jump; macOS can wait for a while instead. */
bool
smtp__turn_init(struct smtp__turn *turn)
{
	pthread_condattr_t attr;
	bool good;

	if (pthread_condattr_init(&attr) != 0)
		return false;
#ifdef __APPLE__
	good = true;
#else
	good = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0;
#endif
	good = good && pthread_cond_init(&turn->cond, &attr) == 0;
	(void)pthread_condattr_destroy(&attr);
	return good;
}

void
smtp__turn_wipe(struct smtp__turn *turn)
{
	(void)pthread_cond_destroy(&turn->cond);
}

void
smtp__turn_wait(struct smtp__turn *turn, struct smtp__lock *lock,
    uint64_t until_ms)
{
	uint64_t now = smtp__net_now_ms(), at = until_ms;
	struct timespec when;

	if (at > now + MOST_MS)
		at = now + MOST_MS;
#ifdef __APPLE__
	at -= at > now ? now : at;
#endif
	when.tv_sec = (time_t)(at / 1000);
	when.tv_nsec = (long)(at % 1000) * 1000000;
#ifdef __APPLE__
	(void)pthread_cond_timedwait_relative_np(&turn->cond, &lock->mutex,
	    &when);
#else
	(void)pthread_cond_timedwait(&turn->cond, &lock->mutex, &when);
#endif
}

void
smtp__turn_call(struct smtp__turn *turn)
{
	(void)pthread_cond_signal(&turn->cond);
}

#endif

#endif
