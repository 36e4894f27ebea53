/* SPDX-License-Identifier: MIT */
/*
 * What the proofs take for <string.h>, linked with each: CBMC's own forms are
 * slow where lengths are not known, and it has no memchr. They check what they
 * may touch, and that a copy does not overlap. Once a harness has set
 * `forgetful', a copy leaves any octets instead of those that were there (and a
 * move in the whole of what it moves in), which is more than can happen, and
 * quicker to prove.
 */
#include <stdbool.h>
#include <stddef.h>

bool forgetful;

#define MAY_READ(p, n) __CPROVER_assert((n) == 0 || __CPROVER_r_ok((p), (n)), \
    "may be read")
#define MAY_WRITE(p, n) __CPROVER_assert((n) == 0 || \
    __CPROVER_w_ok((p), (n)), "may be written")

void *
memcpy(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	MAY_READ(from, n);
	MAY_WRITE(to, n);
	__CPROVER_assert(!__CPROVER_same_object(t, f) ||
	    __CPROVER_POINTER_OFFSET(t) + n <= __CPROVER_POINTER_OFFSET(f) ||
	    __CPROVER_POINTER_OFFSET(f) + n <= __CPROVER_POINTER_OFFSET(t),
	    "does not overlap");
	if (forgetful) {
		if (n > 0)
			__CPROVER_havoc_slice(to, n);
		return to;
	}
	for (size_t i = 0; i < n; i++)
		t[i] = f[i];
	return to;
}

void *
memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	MAY_READ(from, n);
	MAY_WRITE(to, n);
	if (forgetful) {
		if (n > 0)
			__CPROVER_havoc_object(to);
		return to;
	}
	if (__CPROVER_same_object(t, f) && t > f) {
		for (size_t i = n; i > 0; i--)
			t[i - 1] = f[i - 1];
	} else {
		for (size_t i = 0; i < n; i++)
			t[i] = f[i];
	}
	return to;
}

void *
memchr(const void *p, int c, size_t n)
{
	const unsigned char *o = p;

	MAY_READ(p, n);
	for (size_t i = 0; i < n; i++)
		if (o[i] == (unsigned char)c)
			return (void *)(o + i);
	return NULL;
}

#ifdef __SSE2__
/* Of <emmintrin.h>: the highest bit of each octet. */
typedef char sixteen __attribute__((vector_size(16)));

int
__builtin_ia32_pmovmskb128(sixteen v)
{
	int bits = 0;

	for (int i = 0; i < 16; i++)
		bits |= ((unsigned char)v[i] > 127) << i;
	return bits;
}
#endif
