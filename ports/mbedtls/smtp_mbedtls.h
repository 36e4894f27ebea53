/* SPDX-License-Identifier: MIT */
/*
 * TLS over any transport for a device: mbedTLS 3.6 in memory of the caller's,
 * and nothing but the calls that it takes. The hosted library has more
 * (smtp_transport_tls(): words for errors, resumption, bindings, 2.28).
 */
#ifndef SMTP_MBEDTLS_H
#define SMTP_MBEDTLS_H

#include <mbedtls/ssl.h>

#include <smtp/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Its address must not change. `flags` is for the caller, the rest is ours. */
struct smtp_mbedtls {
	mbedtls_ssl_context ssl;
	struct smtp_transport inner;
	uint32_t flags;          /* of a certificate that was not taken:    */
				 /* MBEDTLS_X509_BADCERT_...                */
	size_t offered;          /* octets of a write to be repeated        */
	signed char status;      /* of the handshake                        */
	signed char io;          /* how it ended, or 0                      */
};

/*
 * TLS over `inner`, which is copied, for the host of that name: it is sent as
 * SNI, and the certificate must bear it as a dNSName (RFC 9525; the common name
 * counts for nothing). An address is no name. `config` is the caller's until
 * the close: client, VERIFY_REQUIRED, chain and random source. Nothing is sent
 * yet. Returns SMTP_OK, SMTP_E_MEMORY, or SMTP_E_ARGUMENT (a config that does
 * not verify, a name that is none); then `inner` is still to be closed.
 *
 * After SMTP_IO_WANT_* a write has to come again from the same address.
 */
int
smtp_mbedtls_open(struct smtp_mbedtls *t, struct smtp_transport *transport,
    const struct smtp_transport *inner, const mbedtls_ssl_config *config,
    const char *host);

/*
 * Go on with the handshake. Returns SMTP_OK when it is done and the
 * certificate was verified, SMTP_WANT_READ or SMTP_WANT_WRITE, or
 * SMTP_E_CERTIFICATE, SMTP_E_TLS, SMTP_E_CLOSED, SMTP_E_MEMORY; after an error
 * only close is left.
 */
int
smtp_mbedtls_handshake(struct smtp_mbedtls *t);

#ifdef __cplusplus
}
#endif

#endif
