/* SPDX-License-Identifier: MIT */
/* CRAM-MD5: hex(HMAC-MD5(password, challenge)), RFC 2195 section 2. */
#include "sasl/mech.h"

#if SMTP_WITH_CRAM_MD5
#include <string.h>

#include "crypto/hash.h"

#define DIGEST 16

bool
smtp__mech_digest(const struct smtp_credentials *credentials,
    char *challenge, size_t n, size_t room)
{
	unsigned char digest[DIGEST];
	int rc;

	if (n == 0 || room < DIGEST)
		return false;
	rc = smtp__hmac(SMTP__MD5, credentials->password,
	    strlen(credentials->password), challenge, n, digest);
	if (rc == SMTP_OK)
		memcpy(challenge, digest, DIGEST);
	smtp__wipe(digest, sizeof digest);
	return rc == SMTP_OK;
}
#endif
