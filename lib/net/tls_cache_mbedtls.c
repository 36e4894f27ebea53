/* SPDX-License-Identifier: MIT */
/*
 * Sessions that were, for those to come: RFC 5246 section 7.3, RFC 5077,
 * RFC 8446 section 2.2.
 *
 * A place is taken by swapping NULL into it, looked at by whoever has it, and
 * put back: no thread waits for another, and none sees what another holds. A
 * thread that comes while a session is out makes a full handshake.
 */
#include "net/tls.h"

#if SMTP_WITH_TLS

#include <stdlib.h>
#include <string.h>

#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>

/* RFC 5246 section F.1.4: a day, and no longer than the certificate. */
#define AGE_MS (UINT64_C(24) * 3600 * 1000)

struct smtp__tls_kept {
	mbedtls_ssl_session session;
	struct smtp__tls_peer peer;
	unsigned errors;
	bool once;
	uint64_t made_ms;
	size_t n;
	char key[];
};

static void
kept_free(struct smtp__tls_kept *kept)
{
	if (kept == NULL)
		return;
	mbedtls_ssl_session_free(&kept->session);
	free(kept);
}

static bool
has_expired(const struct smtp__tls_kept *kept)
{
	const int *at = kept->peer.expires;
	const mbedtls_x509_time to = { at[0], at[1], at[2], at[3], at[4],
	    at[5] };

	return mbedtls_x509_time_is_past(&to);
}

static bool
is_for(const struct smtp__tls_kept *kept, const char *key)
{
	return strlen(key) == kept->n && memcmp(key, kept->key, kept->n) == 0;
}

/* Into a place that is empty, or else in somebody's place. */
static void
put(struct smtp__tls_cache *cache, struct smtp__tls_kept *kept)
{
	unsigned at;

	for (size_t i = 0; i < SMTP__TLS_KEPT; i++) {
		struct smtp__tls_kept *none = NULL;

		if (atomic_compare_exchange_strong(&cache->place[i], &none,
		    kept))
			return;
	}
	at = atomic_fetch_add(&cache->turn, 1) % SMTP__TLS_KEPT;
	kept_free(atomic_exchange(&cache->place[at], kept));
}

/* The first for `key`; NULL where there is none, or somebody has it. */
static struct smtp__tls_kept *
take(struct smtp__tls_cache *cache, const char *key)
{
	for (size_t i = 0; i < SMTP__TLS_KEPT; i++) {
		struct smtp__tls_kept *none = NULL, *kept =
		    atomic_exchange(&cache->place[i], NULL);

		if (kept == NULL)
			continue;
		if (is_for(kept, key))
			return kept;
		/* GCOVR_EXCL_BR_START: one way is for threads that meet here */
		if (!atomic_compare_exchange_strong(&cache->place[i], &none,
		    kept))
			kept_free(kept); /* GCOVR_EXCL_LINE: the same way */
		/* GCOVR_EXCL_BR_STOP */
	}
	return NULL;
}

void
smtp__tls_cache_init(struct smtp__tls_cache *cache)
{
	for (size_t i = 0; i < SMTP__TLS_KEPT; i++)
		atomic_init(&cache->place[i], NULL);
	atomic_init(&cache->turn, 0);
}

void
smtp__tls_cache_wipe(struct smtp__tls_cache *cache)
{
	for (size_t i = 0; i < SMTP__TLS_KEPT; i++)
		kept_free(atomic_exchange(&cache->place[i], NULL));
}

void
smtp__tls_cache_keep(struct smtp__tls_cache *cache, const char *key,
    const mbedtls_ssl_context *ssl, bool once,
    const struct smtp__tls_peer *peer, unsigned errors)
{
	size_t n = strlen(key);
	struct smtp__tls_kept *kept = calloc(1, sizeof *kept + n);

	if (kept == NULL)
		return;
	mbedtls_ssl_session_init(&kept->session);
	if (mbedtls_ssl_get_session(ssl, &kept->session) != 0) {
		kept_free(kept);
		return;
	}
	kept->peer = *peer;
	kept->errors = errors;
	kept->once = once;
	kept->made_ms = smtp__net_now_ms();
	kept->n = n;
	memcpy(kept->key, key, n);
	if (!once)
		smtp__tls_cache_forget(cache, key);
	put(cache, kept);
}

bool
smtp__tls_cache_offer(struct smtp__tls_cache *cache, const char *key,
    mbedtls_ssl_context *ssl, struct smtp__tls_peer *peer, unsigned *errors)
{
	struct smtp__tls_kept *kept;
	bool offered;

	while ((kept = take(cache, key)) != NULL && (has_expired(kept) ||
	    smtp__net_now_ms() - kept->made_ms > AGE_MS))
		kept_free(kept);
	if (kept == NULL)
		return false;
	offered = mbedtls_ssl_set_session(ssl, &kept->session) == 0;
	*peer = kept->peer;
	*errors = kept->errors;
	if (offered && !kept->once)
		put(cache, kept);
	else
		kept_free(kept);
	return offered;
}

void
smtp__tls_cache_forget(struct smtp__tls_cache *cache, const char *key)
{
	struct smtp__tls_kept *kept;

	while ((kept = take(cache, key)) != NULL)
		kept_free(kept);
}

#endif
