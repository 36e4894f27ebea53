/* SPDX-License-Identifier: MIT */
/* The faults, and the point at which one happens. */
#include "torture.h"

#include <errno.h>
#include <unistd.h>

#include <sys/wait.h>

#include "support/child.h"

/*
 * Who asks what may go wrong finds it here: a failure may have one of these
 * causes and no other. `same`: nothing fails at all.
 */
#define LOSS { SMTP_E_CLOSED }
#define LOSS_TLS { SMTP_E_CLOSED, SMTP_E_TLS }
#define TIME { SMTP_E_TIMEOUT }
#define NOWAY { SMTP_E_CONNECT, SMTP_E_CLOSED }
#define NOMEM { SMTP_E_MEMORY }
#define SAME true, { 0 }

const struct fault faults[] = {
	{ "allocation fails", SITE_MEMORY, EFFECT_FAIL, 0, false, NOMEM },
	{ "system has no memory", SITE_HEAP, EFFECT_FAIL, ENOMEM, false,
	    NOMEM },

	{ "read fails", SITE_READ, EFFECT_FAIL, 0, false, LOSS },
	{ "read ends", SITE_READ, EFFECT_END, 0, false, LOSS },
	{ "read not yet", SITE_READ, EFFECT_WAIT, 0, SAME },
	{ "read short", SITE_READ, EFFECT_SHORT, 0, SAME },
	{ "read almost all", SITE_READ, EFFECT_ALMOST, 0, SAME },
	{ "write fails", SITE_WRITE, EFFECT_FAIL, 0, false, LOSS },
	{ "write ends", SITE_WRITE, EFFECT_END, 0, false, LOSS },
	{ "write arrives and fails", SITE_WRITE, EFFECT_LOST, 0, false,
	    LOSS },
	{ "write not yet", SITE_WRITE, EFFECT_WAIT, 0, SAME },
	{ "write short", SITE_WRITE, EFFECT_SHORT, 0, SAME },
	{ "write almost all", SITE_WRITE, EFFECT_ALMOST, 0, SAME },

	{ "recv EINTR", SITE_RECV, EFFECT_FAIL, EINTR, SAME },
	{ "recv EAGAIN", SITE_RECV, EFFECT_FAIL, EAGAIN, SAME },
	{ "recv short", SITE_RECV, EFFECT_SHORT, 0, SAME },
	{ "recv almost all", SITE_RECV, EFFECT_ALMOST, 0, SAME },
	{ "recv ECONNRESET", SITE_RECV, EFFECT_END, ECONNRESET, false,
	    LOSS_TLS },
	{ "recv ends", SITE_RECV, EFFECT_END, 0, false, LOSS_TLS },
	{ "recv EIO", SITE_RECV, EFFECT_END, EIO, false, LOSS_TLS },
	{ "send EINTR", SITE_SEND, EFFECT_FAIL, EINTR, SAME },
	{ "send EAGAIN", SITE_SEND, EFFECT_FAIL, EAGAIN, SAME },
	{ "send short", SITE_SEND, EFFECT_SHORT, 0, SAME },
	{ "send almost all", SITE_SEND, EFFECT_ALMOST, 0, SAME },
	{ "send ECONNRESET", SITE_SEND, EFFECT_END, ECONNRESET, false,
	    LOSS_TLS },
	{ "send EPIPE", SITE_SEND, EFFECT_END, EPIPE, false, LOSS_TLS },
	{ "send arrives and is reset", SITE_SEND, EFFECT_LOST, ECONNRESET,
	    false, LOSS_TLS },
	{ "send ENOBUFS", SITE_SEND, EFFECT_END, ENOBUFS, false, LOSS_TLS },
	{ "poll EINTR", SITE_POLL, EFFECT_FAIL, EINTR, SAME },
	{ "poll ENOMEM", SITE_POLL, EFFECT_FAIL, ENOMEM, SAME },
	{ "socket EMFILE", SITE_SOCKET, EFFECT_FAIL, EMFILE, false, NOWAY },
	{ "socket EINTR", SITE_SOCKET, EFFECT_FAIL, EINTR, false, NOWAY },
	{ "connect EINTR", SITE_CONNECT, EFFECT_FAIL, EINTR, SAME },
	{ "connect ECONNREFUSED", SITE_CONNECT, EFFECT_FAIL, ECONNREFUSED,
	    false, NOWAY },
	{ "connect ENETUNREACH", SITE_CONNECT, EFFECT_FAIL, ENETUNREACH,
	    false, NOWAY },
	{ "connect EAGAIN", SITE_CONNECT, EFFECT_FAIL, EAGAIN, false, NOWAY },
	{ "socketpair EMFILE", SITE_SOCKETPAIR, EFFECT_FAIL, EMFILE, false,
	    { SMTP_E_RESOLVE } },
	{ "no thread", SITE_THREAD, EFFECT_FAIL, EAGAIN, false,
	    { SMTP_E_RESOLVE } },
	{ "lookup fails", SITE_LOOKUP, EFFECT_FAIL, 0, false,
	    { SMTP_E_RESOLVE } },
	{ "fcntl EINVAL", SITE_FCNTL, EFFECT_FAIL, EINVAL, false,
	    { SMTP_E_CONNECT, SMTP_E_RESOLVE, SMTP_E_ARGUMENT } },
	{ "getsockopt ENOBUFS", SITE_GETSOCKOPT, EFFECT_FAIL, ENOBUFS, false,
	    { SMTP_E_CONNECT, SMTP_E_ARGUMENT } },
	{ "setsockopt EINVAL", SITE_SETSOCKOPT, EFFECT_FAIL, EINVAL, SAME },
	{ "getsockname ENOBUFS", SITE_GETSOCKNAME, EFFECT_FAIL, ENOBUFS,
	    false, { SMTP_E_ARGUMENT, SMTP_E_CONNECT } },
	{ "bind EADDRINUSE", SITE_BIND, EFFECT_FAIL, EADDRINUSE, false,
	    NOWAY },
	{ "close EINTR", SITE_CLOSE, EFFECT_FAIL, EINTR, SAME },
	{ "getentropy ENOSYS", SITE_ENTROPY, EFFECT_FAIL, ENOSYS, SAME },

	{ "clock jumps hours", SITE_CLOCK, EFFECT_FAR, 0, false, TIME },
	{ "clock jumps minutes", SITE_CLOCK, EFFECT_NEAR, 0, false, TIME },
	{ "no time of day", SITE_WALL, EFFECT_FAIL, 0, SAME },
	{ "no random octets", SITE_RANDOM, EFFECT_FAIL, 0, false,
	    { SMTP_E_AUTH, SMTP_E_UNSUPPORTED, SMTP_E_ARGUMENT } },
	{ "no token", SITE_TOKEN, EFFECT_FAIL, 0, false, { SMTP_E_AUTH } },
	{ "token not yet", SITE_TOKEN, EFFECT_WAIT, 0, SAME },
	{ "resolver without memory", SITE_RESOLVER, EFFECT_FAIL,
	    SMTP_E_MEMORY, false, NOMEM },
	{ "resolver fails", SITE_RESOLVER, EFFECT_FAIL, SMTP_E_RESOLVE,
	    false, { SMTP_E_RESOLVE, SMTP_E_MEMORY } },
	{ "resolver not yet", SITE_RESOLVER, EFFECT_WAIT, 0, SAME },
	{ "source fails", SITE_SOURCE, EFFECT_FAIL, 0, false,
	    { SMTP_E_SOURCE } },
	{ "source not yet", SITE_SOURCE, EFFECT_WAIT, 0, SAME },
	{ "source short", SITE_SOURCE, EFFECT_SHORT, 0, SAME },
	{ "source ends early", SITE_SOURCE, EFFECT_END, 0, false,
	    { SMTP_E_SOURCE } },
	{ "source has more", SITE_SOURCE, EFFECT_MORE, 0, false,
	    { SMTP_E_SOURCE } },
	{ "rewind fails", SITE_REWIND, EFFECT_FAIL, 0, false,
	    { SMTP_E_SOURCE } },
	{ "cancelled", SITE_STEP, EFFECT_CANCEL, 0, false,
	    { SMTP_E_CANCELLED } }
};
const size_t fault_count = COUNT_OF(faults);

static const struct fault *armed;
static unsigned long at, points;
static unsigned paused;
static bool hit;

static struct {
	bool (*wanted)(void *ctx, unsigned long n);
	void *ctx;
	unsigned long count, bad;
	bool is_child;
} each;

void
fault_arm(const struct fault *fault, unsigned long n)
{
	armed = fault;
	at = n;
	points = 0;
	hit = false;
	paused = 0;
	each.wanted = NULL;
	heap_watch(fault->site == SITE_HEAP);
}

void
fault_arm_each(const struct fault *fault,
    bool (*wanted)(void *ctx, unsigned long n), void *ctx)
{
	fault_arm(fault, 0);
	each.wanted = wanted;
	each.ctx = ctx;
	each.count = each.bad = 0;
}

bool
fault_is_child(void)
{
	return each.is_child;
}

unsigned long
fault_point(void)
{
	return at;
}

void
fault_leave(bool good)
{
	child_exit(good ? 0 : 1);
}

unsigned long
fault_children(unsigned long *bad)
{
	*bad = each.bad;
	return each.count;
}

/* True in the child, for which this is the point. */
static bool
split(void)
{
	unsigned long n = points++;
	int status = 0;
	pid_t pid;

	if (!each.wanted(each.ctx, n))
		return false;
	pid = fork();
	if (pid == 0) {
		each.is_child = true;
		each.wanted = NULL;
		at = n;
		return true;
	}
	each.count++;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		each.bad++;
	return false;
}

void
fault_disarm(void)
{
	heap_watch(false);
	armed = NULL;
}

bool
fault_hit(void)
{
	return hit;
}

unsigned long
fault_points(void)
{
	return points;
}

enum effect
fault_at(enum site site, int *error)
{
	if (armed == NULL || paused > 0 || armed->site != site)
		return EFFECT_NONE;
	if (each.wanted != NULL ? !split() : points++ != at)
		return EFFECT_NONE;
	hit = true;
	if (error != NULL)
		*error = armed->error;
	return armed->effect;
}

void
fault_pause(void)
{
	paused++;
}

void
fault_resume(void)
{
	paused--;
}
