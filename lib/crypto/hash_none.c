/* SPDX-License-Identifier: MIT */
/* A build without digests: everything that needs one says so. */
#include "crypto/hash.h"

#include <string.h>

#if !SMTP_WITH_HASH

size_t
smtp__hash_length(enum smtp__hash_kind kind)
{
	(void)kind;
	return 0;
}

void
smtp__hash_init(struct smtp__hash *hash, enum smtp__hash_kind kind)
{
	memset(hash, 0, sizeof *hash);
	hash->kind = kind;
	hash->failed = true;
}

void
smtp__hash_feed(struct smtp__hash *hash, const void *p, size_t n)
{
	(void)hash;
	(void)p;
	(void)n;
}

int
smtp__hash_take(struct smtp__hash *hash, unsigned char *digest)
{
	(void)hash;
	(void)digest;
	return SMTP_E_UNSUPPORTED;
}

void
smtp__hash_wipe(struct smtp__hash *hash)
{
	(void)hash;
}

void
smtp__hash_copy(struct smtp__hash *hash, const struct smtp__hash *from)
{
	*hash = *from;
}

int
smtp__hash(enum smtp__hash_kind kind, const void *p, size_t n,
    unsigned char *digest)
{
	(void)kind;
	(void)p;
	(void)n;
	(void)digest;
	return SMTP_E_UNSUPPORTED;
}

#endif
