/* SPDX-License-Identifier: MIT */
#include "net/lock.h"

#include "net/net.h"
#include "net/socket.h"

#if SMTP_WITH_THREADS && defined(_WIN32)

#include <assert.h>
#include <process.h>
#include <stdlib.h>

struct start {
	void *(*run)(void *ctx);
	void *ctx;
};

static unsigned __stdcall
begin(void *ctx)
{
	struct start start = *(struct start *)ctx;

	free(ctx);
	(void)start.run(start.ctx);
	return 0;
}

bool
smtp__thread_start(void *(*run)(void *ctx), void *ctx)
{
	struct start *start = malloc(sizeof *start);
	uintptr_t thread;

	if (start == NULL)
		return false;
	start->run = run;
	start->ctx = ctx;
	thread = _beginthreadex(NULL, 0, begin, start, 0, NULL);
	if (thread == 0) {
		free(start);
		return false;
	}
	(void)CloseHandle((HANDLE)thread);
	return true;
}

#if SMTP_WITH_POOL

static_assert(sizeof(SRWLOCK) == sizeof(struct smtp__lock) &&
    sizeof(CONDITION_VARIABLE) == sizeof(struct smtp__turn),
    "net/lock.h knows what they are");

/* Longest single wait: what is later than that is waited for again. */
#define MOST_MS UINT64_C(3600000)

static SRWLOCK *
srw(struct smtp__lock *lock)
{
	return (SRWLOCK *)(void *)lock;
}

static CONDITION_VARIABLE *
condition(struct smtp__turn *turn)
{
	return (CONDITION_VARIABLE *)(void *)turn;
}

bool
smtp__lock_init(struct smtp__lock *lock)
{
	InitializeSRWLock(srw(lock));
	return true;
}

void
smtp__lock_wipe(struct smtp__lock *lock)
{
	(void)lock;             /* it holds nothing */
}

void
smtp__lock_take(struct smtp__lock *lock)
{
	AcquireSRWLockExclusive(srw(lock));
}

void
smtp__lock_give(struct smtp__lock *lock)
{
	ReleaseSRWLockExclusive(srw(lock));
}

bool
smtp__turn_init(struct smtp__turn *turn)
{
	InitializeConditionVariable(condition(turn));
	return true;
}

void
smtp__turn_wipe(struct smtp__turn *turn)
{
	(void)turn;
}

void
smtp__turn_wait(struct smtp__turn *turn, struct smtp__lock *lock,
    uint64_t until_ms)
{
	uint64_t now = smtp__net_now_ms();

	if (until_ms <= now)
		return;
	if (until_ms - now > MOST_MS)
		until_ms = now + MOST_MS;
	(void)SleepConditionVariableSRW(condition(turn), srw(lock),
	    (DWORD)(until_ms - now), 0);
}

void
smtp__turn_call(struct smtp__turn *turn)
{
	WakeConditionVariable(condition(turn));
}

#endif

#endif
