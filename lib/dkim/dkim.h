/* SPDX-License-Identifier: MIT */
/*
 * A signer from the inside. Made by the calls of <smtp/dkim.h>; signing itself
 * is a matter of a header and the digest of a body.
 */
#ifndef SMTP__DKIM_H
#define SMTP__DKIM_H

#include <smtp/dkim.h>

#include "crypto/ed25519.h"
#include "crypto/sign.h"
#include "dkim/canon.h"
#include "mime/store.h"
#include "text/bytes.h"

enum smtp__dkim_algorithm {
	SMTP__DKIM_NONE,
	SMTP__DKIM_RSA,
	SMTP__DKIM_ED25519
};

/* Octets of a name in h=; longer ones cannot be listed. */
enum { SMTP__DKIM_NAME = 89 };

struct smtp_dkim {
	enum smtp__dkim_algorithm algorithm;
	struct smtp__key *key;           /* RSA, or NULL                  */
	struct smtp__ed25519 ed25519;    /* where has_ed25519             */
	bool has_ed25519;                /* neither: `sign` has the key   */
	int (*sign)(void *ctx, const unsigned char digest[32],
	    unsigned char *signature, size_t *n);
	void *ctx;
	bool relaxed_header, relaxed_body;
	unsigned min_bits;
	uint64_t expire;                 /* seconds; 0: never             */
	int fault;                       /* of a setter; kept             */
	char words[160];
	char domain[254], selector[254], identity[321];
	char headers[1024], oversign[512];
};

/* Is it complete? SMTP_OK, or the error that smtp_dkim_error() explains. */
int
smtp__dkim_check(const struct smtp_dkim *dkim, const char **why);

/*
 * Append the whole field, with CRLF, to `out`. `header` is all fields of the
 * message with their CRLFs, `body` the digest of its body as this signer
 * wants it, `seconds` now, or 0 without a clock. Returns SMTP_OK,
 * SMTP_E_UNSUPPORTED (the key refused), SMTP_E_MEMORY.
 */
int
smtp__dkim_field(const struct smtp_dkim *dkim, struct smtp__bytes header,
    const unsigned char body[SMTP__DKIM_DIGEST], int64_t seconds,
    struct smtp__out *out);

#endif
