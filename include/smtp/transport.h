/* SPDX-License-Identifier: MIT */
/*
 * What a platform supplies: a stream of octets that never blocks.
 *
 * The library's own are a socket and TLS over any transport. A program gives
 * one of its own to smtp_options_set_transport(), or drives the engine over it
 * directly. Since 0.9 all of it.
 */
#ifndef SMTP_TRANSPORT_H
#define SMTP_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>
#include <smtp/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What read and write return below 0. 0 is never returned. */
enum smtp_io {
	SMTP_IO_WANT_READ = -1,  /* not now: when the descriptor can be read */
	SMTP_IO_WANT_WRITE = -2, /* not now: when it can be written          */
	SMTP_IO_CLOSED = -3,     /* the peer ended the stream, or reset it   */
	SMTP_IO_FAILED = -4      /* the transport broke                      */
};

struct smtp_transport {
	/*
	 * Read at most `n` octets, n > 0. Returns their number or one of enum
	 * smtp_io. A stream that ended without its own mark of the end (TLS
	 * without close_notify) is SMTP_IO_CLOSED too. It may hold octets that
	 * its descriptor does not show: read until SMTP_IO_WANT_*, then wait.
	 */
	ptrdiff_t (*read)(void *ctx, void *p, size_t n);

	/*
	 * Write at most `n` octets, n > 0; fewer is fine. After SMTP_IO_WANT_*
	 * the next call has the same octets at its start, and may have more.
	 */
	ptrdiff_t (*write)(void *ctx, const void *p, size_t n);

	/*
	 * End the stream and free what the transport holds. Never waits: what
	 * the transport sends at the end (close_notify) is sent if it fits.
	 * NULL where there is nothing to do.
	 */
	void (*close)(void *ctx);

	/*
	 * A descriptor to poll for what read and write asked for, or -1. NULL
	 * is -1. It may change from call to call.
	 */
	int (*fd)(void *ctx);

	void *ctx;
};

/*
 * Name lookup of one's own, for smtp_options_set_resolver(): instead of the
 * system's, which runs in a thread. No function may wait.
 */
struct smtp_resolver {
	/*
	 * Begin to look up `host`, a name in ASCII: its IPv4 addresses
	 * (`family` 4), IPv6 (6), or both (0). Returns what the functions
	 * below are given, or NULL: no memory.
	 */
	void *(*start)(void *ctx, const char *host, int family);

	/*
	 * Go on. Returns SMTP_OK (there are addresses), SMTP_E_RESOLVE,
	 * SMTP_E_MEMORY, or a mask of enum smtp_want while it looks; then
	 * `*due_ms`, which is UINT64_MAX, may be set to when it is to be
	 * called again at the latest, on the clock of smtp_now_ms().
	 */
	int (*step)(void *lookup, uint64_t *due_ms);

	/*
	 * After SMTP_OK: the addresses, "192.0.2.1" or "2001:db8::1", the best
	 * first; NULL behind the last. They live until `end`.
	 */
	const char *(*address)(void *lookup, size_t i);

	/* What to poll for what step asked for, or -1. NULL is -1. */
	int (*fd)(void *lookup);

	/* Done with it, at any time; always called once. */
	void (*end)(void *lookup);

	void *ctx;
};

/*
 * A transport over a connected stream socket, TCP or unix, which it makes
 * non-blocking, close-on-exec and free of Nagle's delay, and owns from now on.
 * Returns SMTP_OK, or SMTP_E_ARGUMENT where it is no stream socket (the
 * descriptor is then still the caller's). On Windows it is a SOCKET, of which
 * 32 bits count: an int holds it, here and where one is returned.
 */
SMTP_API int
smtp_transport_socket(struct smtp_transport *transport, int fd);

#if SMTP_WITH_TLS
/*
 * TLS over another transport, for those who drive the engine themselves.
 *
 * `inner` is copied, and closed with the new transport. `config` is an
 * mbedtls_ssl_config that the caller set up and keeps until the close: client,
 * VERIFY_REQUIRED, CA chain, random source. `host` is the name that the
 * certificate must bear, or an IP address; it is sent as SNI if it is a name.
 * Returns SMTP_OK, SMTP_E_MEMORY, or SMTP_E_ARGUMENT for a config that does
 * not verify, and a host that is none; `inner` is then still the caller's.
 * Nothing is sent yet. Names are matched as RFC 9525 section 6.3 says, without
 * the common name; a verify callback of the config is asked as well.
 */
SMTP_API int
smtp_transport_tls(struct smtp_transport *transport,
    const struct smtp_transport *inner, const void *config, const char *host);

/*
 * Go on with the handshake of such a transport. Returns SMTP_OK when it is
 * done and the certificate was verified, SMTP_WANT_READ or SMTP_WANT_WRITE,
 * or SMTP_E_CERTIFICATE, SMTP_E_TLS, SMTP_E_CLOSED, SMTP_E_MEMORY; after an
 * error only close is left.
 */
SMTP_API int
smtp_transport_tls_handshake(struct smtp_transport *transport);
#endif

#ifdef __cplusplus
}
#endif

#endif
