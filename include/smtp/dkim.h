/* SPDX-License-Identifier: MIT */
/*
 * DKIM: a message is signed by the domain that answers for it (RFC 6376).
 *
 *      dkim = smtp_dkim_new("example.com", "mail2026");
 *      smtp_dkim_set_key_file(dkim, "dkim.pem", NULL);
 *      smtp_message_add_dkim(message, dkim);
 *
 * A signer may be used by many messages, in one thread at a time. Setters
 * return SMTP_OK or a local error, keep the first one for smtp_dkim_error(),
 * and may go unchecked: the send tells it.
 *
 * Since 0.9 all of it.
 */
#ifndef SMTP_DKIM_H
#define SMTP_DKIM_H

#include <stddef.h>

#include <smtp/config.h>
#include <smtp/message.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smtp_dkim;

/*
 * A signer for `domain` (d=) with the key that the DNS shows at
 * <selector>._domainkey.<domain> (s=). Both in ASCII: A-labels for names in
 * other scripts (RFC 8616). NULL is no memory.
 */
SMTP_API struct smtp_dkim *
smtp_dkim_new(const char *domain, const char *selector);
SMTP_API void
smtp_dkim_free(struct smtp_dkim *dkim);

/*
 * The private key in PEM, `password` NULL if it has none: RSA, or in a build
 * with WITH_SODIUM=yes Ed25519 (PKCS #8 without password), which others refuse
 * with SMTP_E_UNSUPPORTED. RSA keys under 2048 bits are refused by the send
 * unless the option "min-bits" is lower; never under 1024 (RFC 8301 section
 * 3.2).
 */
SMTP_API int
smtp_dkim_set_key(struct smtp_dkim *dkim, const void *pem, size_t n,
    const char *password);
SMTP_API int
smtp_dkim_set_key_file(struct smtp_dkim *dkim, const char *path,
    const char *password);

/*
 * A key that stays elsewhere. `algorithm` is "rsa-sha256" or
 * "ed25519-sha256". `sign` gets the SHA-256 of what is to be signed, puts the
 * signature into `signature` and its length into `*n` (on entry: the room),
 * and returns 0: for RSA PKCS #1 v1.5 with SHA-256, for Ed25519 of the 32
 * octets of the digest (RFC 8463 section 3).
 */
SMTP_API int
smtp_dkim_set_signer(struct smtp_dkim *dkim, const char *algorithm,
    int (*sign)(void *ctx, const unsigned char digest[32],
    unsigned char *signature, size_t *n), void *ctx);

/*
 * Options by name:
 *
 *   canonicalization   header/body, each "relaxed" or "simple"; standard
 *                      relaxed/relaxed
 *   identity           i=, of the domain or below it; standard: none
 *   headers            names with colons between, in place of the usual ones
 *   oversign           names that must not be added later either
 *   expire             seconds after the signature, for x=; standard: none
 *   min-bits           of RSA keys; standard 2048
 */
SMTP_API int
smtp_dkim_set(struct smtp_dkim *dkim, const char *name, const char *value);

/*
 * The TXT record that belongs to the key, "v=DKIM1; k=rsa; p=...", for
 * <selector>._domainkey.<domain>, with a NUL. Returns SMTP_OK, SMTP_E_SPACE
 * where `n` octets are too few (4096 are enough), SMTP_E_UNSUPPORTED where the
 * key is elsewhere, SMTP_E_MEMORY.
 */
SMTP_API int
smtp_dkim_record(const struct smtp_dkim *dkim, char *p, size_t n);

/* The first error of a setter in words, or "". */
SMTP_API const char *
smtp_dkim_error(const struct smtp_dkim *dkim);

/*
 * Sign a message with this when it is sent or written: at most two, RSA and
 * Ed25519 (RFC 8463 section 6). The signer is borrowed until the message is
 * freed. Every source has to be one that can be rewound, since the body is
 * read twice; the content is made 7-bit (RFC 6376 section 5.3).
 */
SMTP_API int
smtp_message_add_dkim(struct smtp_message *message,
    const struct smtp_dkim *dkim);

#ifdef __cplusplus
}
#endif

#endif
