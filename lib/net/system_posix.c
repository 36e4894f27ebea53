/* SPDX-License-Identifier: MIT */
/* Random octets and clocks of a POSIX system. */
#ifndef _WIN32

#define _DEFAULT_SOURCE

#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <sys/random.h>
#endif

/* For kernels older than the call. */
static bool
read_device(unsigned char *p, size_t n)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;

	if (fd < 0)
		return false;
	while (n > 0) {
		got = read(fd, p, n);
		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
	close(fd);
	return n == 0;
}

/* No state of ours: nothing to share between threads or to copy by fork. */
bool
smtp__net_random(void *p, size_t n)
{
	unsigned char *at = p;

	while (n > 0) {
		size_t some = n < 256 ? n : 256;        /* its limit */

		if (getentropy(at, some) != 0)
			return read_device(at, n);
		at += some;
		n -= some;
	}
	return true;
}

long
smtp__net_process(void)
{
	return (long)getpid();
}

void
smtp__net_leave(int fd)
{
	close(fd);
}

uint64_t
smtp__net_now_ms(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * The zone is the difference of the two ways to break the same second down;
 * they are never more than a day apart.
 */
int64_t
smtp__net_wall_clock(int *zone_minutes)
{
	time_t now = time(NULL);
	struct tm here, utc;
	int days;

	*zone_minutes = 0;
	if (localtime_r(&now, &here) == NULL || gmtime_r(&now, &utc) == NULL)
		return (int64_t)now;
	days = here.tm_year != utc.tm_year ?
	    here.tm_year - utc.tm_year : here.tm_yday - utc.tm_yday;
	*zone_minutes = (days * 24 + here.tm_hour - utc.tm_hour) * 60 +
	    here.tm_min - utc.tm_min;
	return (int64_t)now;
}

#else

/* ISO C wants something in a file. */
typedef int smtp__system_is_not_posix;

#endif
