/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "support/count.h"

#if COUNT_STEPS

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child stops itself before and behind the call. */
static void
child(void (*call)(void *ctx), void *ctx)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(1);
	(void)raise(SIGUSR1);
	call(ctx);
	(void)raise(SIGUSR1);
	_exit(0);
}

static int
stopped_by(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		fail_msg("the child does not stop");
	return WSTOPSIG(status);
}

unsigned long
count_steps(void (*call)(void *ctx), void *ctx)
{
	unsigned long n = 0;
	pid_t pid;

	call(ctx);
	pid = fork();
	if (pid == 0)
		child(call, ctx);
	assert_true(pid > 0);
	assert_int_equal(stopped_by(pid), SIGUSR1);
	do {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0)
			fail_msg("ptrace: %s", strerror(errno));
		n++;
	} while (stopped_by(pid) == SIGTRAP);
	(void)ptrace(PTRACE_KILL, pid, NULL, NULL);
	(void)waitpid(pid, NULL, 0);
	return n;
}

#else

unsigned long
count_steps(void (*call)(void *ctx), void *ctx)
{
	call(ctx);
	return 0;
}

#endif
