/* SPDX-License-Identifier: MIT */
/*
 * CRAM-MD5: user SP hex(HMAC-MD5(password, challenge)), RFC 2195 section 2.
 * The digest takes the place of the challenge.
 */
#include "sasl/mech.h"

#if SMTP_WITH_CRAM_MD5
#include <string.h>

#include "crypto/hash.h"

#define DIGEST 16

static bool
hear(const struct smtp_credentials *credentials, unsigned round,
    struct smtp__challenge *challenge)
{
	unsigned char digest[DIGEST];
	int rc;

	(void)round;
	if (challenge->n == 0 || challenge->room < DIGEST)
		return false;
	rc = smtp__hmac(SMTP__MD5, credentials->password,
	    strlen(credentials->password), challenge->p, challenge->n, digest);
	if (rc == SMTP_OK)
		memcpy(challenge->p, digest, DIGEST);
	smtp__wipe(digest, sizeof digest);
	return rc == SMTP_OK;
}

const struct smtp__mech smtp__mech_cram_md5 = {
	"CRAM-MD5", 0, 1,
	{ SMTP__SAY_USER " " SMTP__SAY_HEX, NULL },
	NULL, hear
};
#endif
