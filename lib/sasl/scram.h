/* SPDX-License-Identifier: MIT */
/*
 * SCRAM (RFC 5802, RFC 7677): client and server show each other that they
 * know the password, and neither sends it.
 *
 * All that is said and heard stands in one buffer, in the order in which it is
 * signed: the GS2 header, then the AuthMessage, whose end is the last message
 * of the client.
 */
#ifndef SMTP__SCRAM_H
#define SMTP__SCRAM_H

#include <smtp/config.h>

#include "crypto/hash.h"
#include "sasl/stepped.h"

/* Fewer are not taken (RFC 7677 section 4), more only where it was said. */
#define SMTP__SCRAM_ITERATIONS_MIN UINT32_C(4096)
#define SMTP__SCRAM_ITERATIONS_MAX UINT32_C(1000000)

struct smtp__scram {
	const struct smtp__stepped_given *given;
	enum smtp__hash_kind kind;
	uint8_t at;              /* what comes next                       */
	bool failed;             /* the text was full                     */
	uint16_t gs2_n;          /* the header                            */
	uint16_t nonce_at, nonce_n;      /* ours                          */
	uint16_t final_at;       /* where the last message begins         */
	uint16_t n;              /* of the text                           */
	struct smtp__pbkdf2 pbkdf2;
	unsigned char signature[SMTP__DIGEST_MAX];       /* the server's  */
	char text[SMTP_SCRAM_TEXT];
};

/*
 * Begin with this nonce of the client's: printable, without a comma. As begin
 * of struct smtp__stepped; `scram` is zero.
 */
int
smtp__scram_begin(struct smtp__scram *scram, enum smtp__hash_kind kind,
    const struct smtp__stepped_given *given, const char *nonce);

#if SMTP_WITH_SCRAM
/* -SHA-512-PLUS, -SHA-512, -SHA-256-PLUS, ..., -SHA-1: the strongest first. */
extern const struct smtp__stepped smtp__scrams[6];
#endif

#endif
