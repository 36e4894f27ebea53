/* SPDX-License-Identifier: MIT */
/* A source over a descriptor: the only one that may have nothing yet. */
#ifndef _WIN32
#define _POSIX_C_SOURCE 200809L
#endif

#include <errno.h>
#include <stdlib.h>
#ifdef _WIN32
#include <io.h>
#else
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <smtp/message.h>

#include "file/file.h"

struct descriptor {
	int fd;
	int64_t start;
};

#ifdef _WIN32

/* A descriptor of the C library here, which always waits. */
static ptrdiff_t
read_fd(void *ctx, void *p, size_t n)
{
	const struct descriptor *d = ctx;
	int got = _read(d->fd, p, n < INT_MAX ? (unsigned)n : INT_MAX);

	return got < 0 ? SMTP_SOURCE_FAILED : got;
}

static int64_t
seek(int fd, int64_t at, int whence)
{
	return smtp__descriptor_seek(fd, at, whence);
}

static uint64_t
size_from(int fd, int64_t start)
{
	int64_t size = start < 0 ? -1 : _filelengthi64(fd);

	return size >= start && size >= 0 ? (uint64_t)(size - start) :
	    SMTP_SIZE_UNKNOWN;
}

#else

static ptrdiff_t
read_fd(void *ctx, void *p, size_t n)
{
	const struct descriptor *d = ctx;
	ssize_t got;

	do
		got = read(d->fd, p, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ?
		    SMTP_SOURCE_WAIT : SMTP_SOURCE_FAILED;
	return got;
}

static int64_t
seek(int fd, int64_t at, int whence)
{
	return lseek(fd, (off_t)at, whence);
}

static uint64_t
size_from(int fd, int64_t start)
{
	struct stat status = { 0 };      /* of no kind, if it has none     */

	(void)fstat(fd, &status);
	if (start >= 0 && S_ISREG(status.st_mode) && status.st_size >= start)
		return (uint64_t)(status.st_size - start);
	return SMTP_SIZE_UNKNOWN;
}

#endif

static int
rewind_fd(void *ctx)
{
	const struct descriptor *d = ctx;

	return seek(d->fd, d->start, SEEK_SET) == d->start ? 0 : -1;
}

struct smtp_source *
smtp_source_descriptor(int fd)
{
	struct descriptor *d = malloc(sizeof *d);

	if (d == NULL)
		return NULL;
	smtp__descriptor_is_binary(fd);
	d->fd = fd;
	d->start = seek(fd, 0, SEEK_CUR);
	/* which frees it if there is no memory for the source */
	return smtp_source_callback(read_fd, d->start >= 0 ? rewind_fd : NULL,
	    free, d, size_from(fd, d->start));
}
