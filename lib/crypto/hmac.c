/* SPDX-License-Identifier: MIT */
/* HMAC over any of the digests, RFC 2104. */
#include "crypto/hash.h"

#include <string.h>

/* B of RFC 2104: what one step of the digest takes in. */
static size_t
block_length(enum smtp__hash_kind kind)
{
#if SMTP_WITH_SHA512
	if (kind == SMTP__SHA512)
		return 128;
#endif
	(void)kind;
	return 64;
}

/* The key as one block: a longer one is hashed first. */
static int
block_of_key(unsigned char *block, enum smtp__hash_kind kind, const void *key,
    size_t key_n)
{
	memset(block, 0, SMTP__HASH_BLOCK_MAX);
	if (key_n > block_length(kind))
		return smtp__hash(kind, key, key_n, block);
	if (key_n > 0)
		memcpy(block, key, key_n);
	return SMTP_OK;
}

static void
begin(struct smtp__hash *hash, enum smtp__hash_kind kind,
    unsigned char *block, unsigned char pad)
{
	size_t n = block_length(kind);

	for (size_t i = 0; i < n; i++)
		block[i] ^= pad;
	smtp__hash_init(hash, kind);
	smtp__hash_feed(hash, block, n);
	for (size_t i = 0; i < n; i++)
		block[i] ^= pad;
}

void
smtp__hmac_init(struct smtp__hmac *hmac, enum smtp__hash_kind kind,
    const void *key, size_t key_n)
{
	unsigned char block[SMTP__HASH_BLOCK_MAX];
	int status = block_of_key(block, kind, key, key_n);

	begin(&hmac->inner, kind, block, 0x36);
	begin(&hmac->outer, kind, block, 0x5c);
	if (status != SMTP_OK)
		hmac->inner.failed = hmac->outer.failed = true;
	smtp__hash_copy(&hmac->now, &hmac->inner);
	smtp__wipe(block, sizeof block);
}

void
smtp__hmac_feed(struct smtp__hmac *hmac, const void *p, size_t n)
{
	smtp__hash_feed(&hmac->now, p, n);
}

int
smtp__hmac_take(struct smtp__hmac *hmac, unsigned char *digest)
{
	size_t n = smtp__hash_length(hmac->now.kind);
	int status = smtp__hash_take(&hmac->now, digest);

	smtp__hash_copy(&hmac->now, &hmac->outer);
	if (status == SMTP_OK) {
		smtp__hash_feed(&hmac->now, digest, n);
		status = smtp__hash_take(&hmac->now, digest);
	} else {
		smtp__hash_wipe(&hmac->now);
	}
	smtp__hash_copy(&hmac->now, &hmac->inner);
	return status;
}

void
smtp__hmac_wipe(struct smtp__hmac *hmac)
{
	smtp__hash_wipe(&hmac->inner);
	smtp__hash_wipe(&hmac->outer);
	smtp__hash_wipe(&hmac->now);
}

int
smtp__hmac(enum smtp__hash_kind kind, const void *key, size_t key_n,
    const void *p, size_t n, unsigned char *digest)
{
	unsigned char block[SMTP__HASH_BLOCK_MAX];
	struct smtp__hash hash;
	int status = block_of_key(block, kind, key, key_n);

	if (status == SMTP_OK) {
		begin(&hash, kind, block, 0x36);
		smtp__hash_feed(&hash, p, n);
		status = smtp__hash_take(&hash, digest);
	}
	if (status == SMTP_OK) {
		begin(&hash, kind, block, 0x5c);
		smtp__hash_feed(&hash, digest, smtp__hash_length(kind));
		status = smtp__hash_take(&hash, digest);
	}
	smtp__wipe(block, sizeof block);
	return status;
}
