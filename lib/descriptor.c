/* SPDX-License-Identifier: MIT */
/* A source over a descriptor: the only one that may have nothing yet. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <smtp/message.h>

struct descriptor {
	int fd;
	off_t start;
};

static ptrdiff_t
read_fd(void *ctx, void *p, size_t n)
{
	const struct descriptor *d = ctx;
	ssize_t got;

	do
		got = read(d->fd, p, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ?
		    SMTP_SOURCE_WAIT : SMTP_SOURCE_FAILED;
	return got;
}

static int
rewind_fd(void *ctx)
{
	const struct descriptor *d = ctx;

	return lseek(d->fd, d->start, SEEK_SET) == d->start ? 0 : -1;
}

struct smtp_source *
smtp_source_descriptor(int fd)
{
	struct descriptor *d = malloc(sizeof *d);
	struct smtp_source *source;
	struct stat status;
	uint64_t size = SMTP_SIZE_UNKNOWN;

	if (d == NULL)
		return NULL;
	d->fd = fd;
	d->start = lseek(fd, 0, SEEK_CUR);
	if (d->start >= 0 && fstat(fd, &status) == 0 &&
	    S_ISREG(status.st_mode) && status.st_size >= d->start)
		size = (uint64_t)(status.st_size - d->start);
	source = smtp_source_callback(read_fd, d->start >= 0 ?
	    rewind_fd : NULL, free, d, size);
	if (source == NULL)
		free(d);
	return source;
}
