/* SPDX-License-Identifier: MIT */
#include "crypto/ed25519.h"

#include <string.h>

#include "codec/base64.h"
#include "crypto/hash.h"

/* What stands before the seed: RFC 8410 section 7, the form without more. */
static const unsigned char before[16] = {
	0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
	0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20
};

enum { DIGITS = 64, OCTETS = 48 };

int
smtp__ed25519_read(struct smtp__ed25519 *key, const void *pem, size_t n)
{
	static const char line[] = "-----BEGIN PRIVATE KEY-----";
	const char *p = pem, *end = p + n;
	char digits[DIGITS];
	unsigned char der[OCTETS];
	size_t k = 0;
	int rc = SMTP_E_ARGUMENT;

	while ((size_t)(end - p) >= sizeof line - 1 &&
	    memcmp(p, line, sizeof line - 1) != 0)
		p++;
	if ((size_t)(end - p) < sizeof line - 1)
		return rc;
	for (p += sizeof line - 1; p < end && k < DIGITS && *p != '-'; p++)
		if (*p != '\r' && *p != '\n' && *p != ' ')
			digits[k++] = *p;
	if (k == DIGITS && smtp__base64_decode(digits, k, der, OCTETS) ==
	    OCTETS && memcmp(der, before, sizeof before) == 0)
		rc = smtp__ed25519_seed(key, der + sizeof before);
	smtp__wipe(digits, sizeof digits);
	smtp__wipe(der, sizeof der);
	return rc;
}
