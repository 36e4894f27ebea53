/* SPDX-License-Identifier: MIT */
#ifdef _WIN32

#include "file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

/* NULL with errno. To be freed. */
static wchar_t *
wide(const char *path)
{
	int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1,
	    NULL, 0);
	wchar_t *name;

	if (n <= 0) {
		errno = EILSEQ;
		return NULL;
	}
	name = malloc((size_t)n * sizeof *name);
	if (name != NULL)
		(void)MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS,
		    path, -1, name, n);
	return name;
}

static bool
is_folder(const wchar_t *name)
{
	DWORD is = GetFileAttributesW(name);

	return is != INVALID_FILE_ATTRIBUTES &&
	    (is & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

/* A folder answers EACCES here. */
FILE *
smtp__file_open(const char *path)
{
	wchar_t *name = wide(path);
	FILE *file;

	if (name == NULL)
		return NULL;
	file = _wfopen(name, L"rb");
	if (file == NULL && errno == EACCES && is_folder(name))
		errno = EISDIR;
	free(name);
	return file;
}

unsigned char *
smtp__file_all(const char *path, size_t *n)
{
	FILE *file = smtp__file_open(path);
	unsigned char *all = NULL;
	int64_t size;

	if (file == NULL)
		return NULL;
	setvbuf(file, NULL, _IONBF, 0); /* no copy of a key stays */
	if (smtp__file_seek(file, 0, SEEK_END) == 0 &&
	    (size = smtp__file_tell(file)) >= 0 && size < INT_MAX &&
	    smtp__file_seek(file, 0, SEEK_SET) == 0 &&
	    (all = malloc((size_t)size + 1)) != NULL) {
		*n = fread(all, 1, (size_t)size, file);
		all[*n] = '\0';
		if (ferror(file)) {
			free(all);
			all = NULL;
		}
	}
	fclose(file);
	return all;
}

/* `folder` and the name in it, as UTF-8; to be freed. */
static char *
join(const char *folder, const wchar_t *name)
{
	size_t before = strlen(folder);
	int n = WideCharToMultiByte(CP_UTF8, 0, name, -1, NULL, 0, NULL, NULL);
	char *path = n > 0 ? malloc(before + 1 + (size_t)n) : NULL;

	if (path == NULL)
		return NULL;
	memcpy(path, folder, before);
	path[before] = '/';
	(void)WideCharToMultiByte(CP_UTF8, 0, name, -1, path + before + 1, n,
	    NULL, NULL);
	return path;
}

bool
smtp__file_each(const char *folder,
    void (*each)(void *ctx, const char *path), void *ctx)
{
	char *all = join(folder, L"*");
	wchar_t *pattern = all != NULL ? wide(all) : NULL;
	WIN32_FIND_DATAW found;
	HANDLE search = pattern != NULL ? FindFirstFileW(pattern, &found) :
	    INVALID_HANDLE_VALUE;
	bool more = search != INVALID_HANDLE_VALUE;

	free(all);
	free(pattern);
	if (!more)
		return false;
	for (; more; more = FindNextFileW(search, &found)) {
		char *path = join(folder, found.cFileName);

		if (path != NULL &&
		    !(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
			each(ctx, path);
		free(path);
	}
	(void)FindClose(search);
	return true;
}

void
smtp__descriptor_is_binary(int fd)
{
	(void)_setmode(fd, _O_BINARY);
}

void
smtp__file_is_binary(FILE *file)
{
	smtp__descriptor_is_binary(_fileno(file));
}

/* What a seek in a pipe returns is not defined. */
static bool
can_seek(int fd)
{
	return GetFileType((HANDLE)_get_osfhandle(fd)) == FILE_TYPE_DISK;
}

int
smtp__file_seek(FILE *file, int64_t at, int whence)
{
	return can_seek(_fileno(file)) ? _fseeki64(file, at, whence) : -1;
}

int64_t
smtp__file_tell(FILE *file)
{
	return can_seek(_fileno(file)) ? _ftelli64(file) : -1;
}

int64_t
smtp__descriptor_seek(int fd, int64_t at, int whence)
{
	return can_seek(fd) ? _lseeki64(fd, at, whence) : -1;
}

#else

/* ISO C wants something in a file. */
typedef int smtp__file_is_not_windows;

#endif
