/* SPDX-License-Identifier: MIT */
/*
 * The end of a child that a test made by fork, without what else exit() does.
 * Where coverage is measured, what ran in the child counts, too.
 */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <stddef.h>
#include <unistd.h>

#if defined(__ELF__) && defined(__GNUC__)
/* Of gcc's own library, with --coverage. */
extern void __gcov_dump(void) __attribute__((weak));
#endif

static inline void
child_exit(int status)
{
#if defined(__ELF__) && defined(__GNUC__)
	if (__gcov_dump != NULL)
		__gcov_dump();
#endif
	_exit(status);
}

#endif
