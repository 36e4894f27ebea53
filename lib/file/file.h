/* SPDX-License-Identifier: MIT */
/*
 * Files by name, and their octets as they are.
 *
 * A name is UTF-8 on every platform. Windows has other functions for that, a
 * text mode that must be left, and a `long` that ends at 2 GiB.
 */
#ifndef SMTP__FILE_H
#define SMTP__FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef _WIN32

/* To read. NULL with errno: EILSEQ for a name that is not UTF-8. */
FILE *
smtp__file_open(const char *path);

/* For a stream or a descriptor that a program opened: no text mode. */
void
smtp__file_is_binary(FILE *file);
void
smtp__descriptor_is_binary(int fd);

/*
 * The whole of a file with a NUL behind it, which is not counted; to be freed.
 * NULL: it cannot be read, or with errno ENOMEM.
 */
unsigned char *
smtp__file_all(const char *path, size_t *n);

/* Each file of a folder, with its path, in any order. False: no folder. */
bool
smtp__file_each(const char *folder,
    void (*each)(void *ctx, const char *path), void *ctx);

/* 0, or -1. */
int
smtp__file_seek(FILE *file, int64_t at, int whence);

/* -1: it cannot tell. */
int64_t
smtp__file_tell(FILE *file);
int64_t
smtp__descriptor_seek(int fd, int64_t at, int whence);

#else

static inline FILE *
smtp__file_open(const char *path)
{
	return fopen(path, "rb");
}

static inline void
smtp__file_is_binary(FILE *file)
{
	(void)file;
}

static inline void
smtp__descriptor_is_binary(int fd)
{
	(void)fd;
}

static inline int
smtp__file_seek(FILE *file, int64_t at, int whence)
{
	return fseek(file, (long)at, whence);
}

static inline int64_t
smtp__file_tell(FILE *file)
{
	long at = ftell(file);

	return at == LONG_MAX ? -1 : at;         /* a directory does so */
}

#endif

#endif
