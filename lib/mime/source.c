/* SPDX-License-Identifier: MIT */
#include "mime/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/file.h"

static struct smtp_source *
source_new(enum smtp__source_kind kind, uint64_t size)
{
	struct smtp_source *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->kind = kind;
		s->size = size;
		s->counted = SMTP_SIZE_UNKNOWN;
	}
	return s;
}

struct smtp_source *
smtp_source_callback(smtp_source_read *read, int (*rewind)(void *ctx),
    void (*close)(void *ctx), void *ctx, uint64_t size)
{
	struct smtp_source *s = source_new(SMTP__SOURCE_CALLBACK, size);

	if (s == NULL) {
		if (close != NULL)
			close(ctx);
		return NULL;
	}
	s->read = read;
	s->rewind = rewind;
	s->close = close;
	s->ctx = ctx;
	s->once = rewind == NULL;
	return s;
}

struct smtp_source *
smtp_source_memory(const void *p, size_t n)
{
	struct smtp_source *s = source_new(SMTP__SOURCE_MEMORY, n);

	if (s != NULL)
		s->memory = p;
	return s;
}

struct smtp_source *
smtp_source_file(const char *path)
{
	struct smtp_source *s;
	size_t n;

	if (path == NULL)
		return NULL;
	s = source_new(SMTP__SOURCE_FILE, SMTP_SIZE_UNKNOWN);
	if (s == NULL)
		return NULL;
	n = strlen(path) + 1;
	s->path = malloc(n);
	if (s->path == NULL) {
		free(s);
		return NULL;
	}
	memcpy(s->path, path, n);
	return s;
}

struct smtp_source *
smtp_source_stream(FILE *file)
{
	struct smtp_source *s;

	if (file == NULL)
		return NULL;
	s = source_new(SMTP__SOURCE_STREAM, SMTP_SIZE_UNKNOWN);
	if (s == NULL)
		return NULL;
	s->file = file;
	smtp__file_is_binary(file);
	s->start = smtp__file_tell(file);
	s->once = s->start < 0;
	return s;
}

static void
close_file(struct smtp_source *s)
{
	if (s->kind == SMTP__SOURCE_STREAM)
		return;
	if (s->file != NULL)
		fclose(s->file);
	s->file = NULL;
}

void
smtp_source_free(struct smtp_source *s)
{
	if (s == NULL)
		return;
	if (s->close != NULL)
		s->close(s->ctx);
	close_file(s);
	free(s->path);
	free(s);
}

/* The words of the C library depend on the locale, and on threads. */
static const char *
reason_of(int error)
{
	switch (error) {
	case ENOENT: return "no such file";
	case EACCES: return "permission denied";
	case EISDIR: return "it is a directory";
	case ENOTDIR: return "a part of its path is no directory";
	case EMFILE: case ENFILE: return "too many open files";
	case ENOMEM: return "no memory";
	case EIO: return "input error";
	case ENAMETOOLONG: return "its name is too long";
	default: return "it cannot be opened or read";
	}
}

static bool
fail(struct smtp_source *s, const char *reason)
{
	s->reason = reason;
	close_file(s);
	return false;
}

/* Unbuffered: what is read goes into the reader's own memory at once. */
static bool
open_file(struct smtp_source *s)
{
	errno = 0;
	s->file = smtp__file_open(s->path);
	if (s->file == NULL)
		return fail(s, reason_of(errno));
	setvbuf(s->file, NULL, _IONBF, 0);
	return true;
}

/* A signal that interrupts is no error. */
static size_t
read_on(FILE *file, void *p, size_t n)
{
	size_t size;

	do {
		errno = 0;
		clearerr(file);
		size = fread(p, 1, n, file);
	} while (size == 0 && ferror(file) && errno == EINTR);
	return size;
}

/*
 * The size, and whether the file can be read at all, which a directory tells
 * only then. What cannot seek (a pipe) stays open and is read once.
 */
static bool
try_file(struct smtp_source *s)
{
	int64_t end;
	char c;

	if (!open_file(s))
		return false;
	if (smtp__file_seek(s->file, 0, SEEK_END) != 0) {
		s->once = true;
		return true;
	}
	end = smtp__file_tell(s->file);
	s->size = end < 0 ? SMTP_SIZE_UNKNOWN : (uint64_t)end;
	errno = 0;
	if (smtp__file_seek(s->file, 0, SEEK_SET) != 0 ||
	    (read_on(s->file, &c, 1) == 0 && ferror(s->file)))
		return fail(s, reason_of(errno));
	close_file(s);
	return true;
}

/* Where it stood when it became a source, and how much there is. */
static bool
begin_stream(struct smtp_source *s)
{
	int64_t end;

	if (s->once)
		return true;
	if (smtp__file_seek(s->file, 0, SEEK_END) != 0 ||
	    (end = smtp__file_tell(s->file)) < s->start ||
	    smtp__file_seek(s->file, s->start, SEEK_SET) != 0)
		return fail(s, "it could not go back to its start");
	s->size = (uint64_t)(end - s->start);
	return true;
}

bool
smtp__source_begin(struct smtp_source *s)
{
	bool again = s->touched;

	s->reason = NULL;
	if (again && s->once)
		return fail(s, "it can be read once only");
	s->at = 0;
	s->ended = false;
	switch (s->kind) {
	case SMTP__SOURCE_MEMORY:
		break;
	case SMTP__SOURCE_FILE:
		if (s->once)
			break;
		close_file(s);
		if (!try_file(s))
			return false;
		break;
	case SMTP__SOURCE_STREAM:
		if (!begin_stream(s))
			return false;
		break;
	default: /* SMTP__SOURCE_CALLBACK */
		if (s->read == NULL)
			return fail(s, "it has no function to read it");
		if (again && s->rewind(s->ctx) != 0)
			return fail(s, "it could not go back to its start");
		break;
	}
	s->touched = false;
	return true;
}

bool
smtp__source_can_rewind(const struct smtp_source *s)
{
	return !s->once;
}

uint64_t
smtp__source_size(const struct smtp_source *s)
{
	return s->size != SMTP_SIZE_UNKNOWN ? s->size : s->counted;
}

static ptrdiff_t
pull_file(struct smtp_source *s, void *p, size_t n)
{
	size_t size;

	if (s->file == NULL && !open_file(s))
		return SMTP_SOURCE_FAILED;
	size = read_on(s->file, p, n);
	if (size == 0 && ferror(s->file)) {
		fail(s, reason_of(errno));
		return SMTP_SOURCE_FAILED;
	}
	return (ptrdiff_t)size;
}

static ptrdiff_t
pull(struct smtp_source *s, void *p, size_t n)
{
	ptrdiff_t size;

	switch (s->kind) {
	case SMTP__SOURCE_MEMORY:
		if (n > s->size - s->at)
			n = (size_t)(s->size - s->at);
		if (n > 0)
			memcpy(p, s->memory + s->at, n);
		return (ptrdiff_t)n;
	case SMTP__SOURCE_FILE:
	case SMTP__SOURCE_STREAM:
		return pull_file(s, p, n);
	default: /* SMTP__SOURCE_CALLBACK */
		break;
	}
	size = s->read(s->ctx, p, n);
	if (size == SMTP_SOURCE_WAIT)
		return size;
	if (size < 0 || (size_t)size > n) {
		s->reason = size < 0 ? "its read function failed" :
		    "its read function returned more than was asked for";
		return SMTP_SOURCE_FAILED;
	}
	return size;
}

ptrdiff_t
smtp__source_pull(struct smtp_source *s, void *p, size_t n)
{
	uint64_t want = smtp__source_size(s);
	ptrdiff_t size;

	if (s->reason != NULL)
		return SMTP_SOURCE_FAILED;
	if (s->ended || n == 0)
		return 0;
	s->touched = true;
	size = pull(s, p, n);
	if (size < 0)
		return size;
	s->at += (uint64_t)size;
	if (want != SMTP_SIZE_UNKNOWN && (s->at > want ||
	    (size == 0 && s->at < want))) {
		fail(s, size == 0 ? "it ended before the size it had said" :
		    "it goes on behind the size it had said");
		return SMTP_SOURCE_FAILED;
	}
	if (size == 0) {
		s->ended = true;
		if (!s->once)
			close_file(s);
	}
	return size;
}

const char *
smtp__source_peek(const struct smtp_source *s, size_t *n)
{
	if (s->kind != SMTP__SOURCE_MEMORY)
		return NULL;
	*n = (size_t)(s->size - s->at);
	return *n > 0 ? s->memory + s->at : "";
}

void
smtp__source_skip(struct smtp_source *s, size_t n)
{
	s->touched = true;
	s->at += n;
}
