/* SPDX-License-Identifier: MIT */
/* PBKDF2, one block of it, in slices: RFC 8018 section 5.2. */
#include "crypto/hash.h"

#include <assert.h>
#include <string.h>

void
smtp__pbkdf2_init(struct smtp__pbkdf2 *pbkdf2, enum smtp__hash_kind kind,
    const void *password, size_t password_n, const void *salt, size_t salt_n,
    uint32_t iterations)
{
	static const unsigned char one[] = { 0, 0, 0, 1 };

	assert(iterations > 0);
	smtp__hmac_init(&pbkdf2->hmac, kind, password, password_n);
	smtp__hmac_feed(&pbkdf2->hmac, salt, salt_n);
	smtp__hmac_feed(&pbkdf2->hmac, one, sizeof one);
	memset(pbkdf2->last, 0, sizeof pbkdf2->last);
	pbkdf2->status = smtp__hmac_take(&pbkdf2->hmac, pbkdf2->last);
	memcpy(pbkdf2->sum, pbkdf2->last, sizeof pbkdf2->sum);
	pbkdf2->left = pbkdf2->status == SMTP_OK ? iterations - 1 : 0;
}

bool
smtp__pbkdf2_step(struct smtp__pbkdf2 *pbkdf2, uint32_t n)
{
	struct smtp__hmac *hmac = &pbkdf2->hmac;
	size_t length = smtp__hash_length(hmac->now.kind);

	for (; n > 0 && pbkdf2->left > 0; n--, pbkdf2->left--) {
		smtp__hmac_feed(hmac, pbkdf2->last, length);
		pbkdf2->status = smtp__hmac_take(hmac, pbkdf2->last);
		if (pbkdf2->status != SMTP_OK) {
			pbkdf2->left = 0;
			break;
		}
		for (size_t i = 0; i < length; i++)
			pbkdf2->sum[i] ^= pbkdf2->last[i];
	}
	return pbkdf2->left > 0;
}

int
smtp__pbkdf2_take(struct smtp__pbkdf2 *pbkdf2, unsigned char *key)
{
	int status = pbkdf2->status;

	assert(pbkdf2->left == 0);
	if (status == SMTP_OK)
		memcpy(key, pbkdf2->sum,
		    smtp__hash_length(pbkdf2->hmac.now.kind));
	smtp__pbkdf2_wipe(pbkdf2);
	return status;
}

void
smtp__pbkdf2_wipe(struct smtp__pbkdf2 *pbkdf2)
{
	smtp__hmac_wipe(&pbkdf2->hmac);
	smtp__wipe(pbkdf2, sizeof *pbkdf2);
	pbkdf2->status = SMTP_E_UNSUPPORTED;
}
