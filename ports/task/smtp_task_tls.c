/* SPDX-License-Identifier: MIT */
#include "smtp_task.h"

#include <mbedtls/version.h>

/* TLS 1.3 stands on PSA, which 3.6.0 and older do not make ready themselves. */
#if MBEDTLS_VERSION_MAJOR >= 3 && defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#define MAKE_READY() (psa_crypto_init() == PSA_SUCCESS)
#else
#define MAKE_READY() 1
#endif

#define HANDSHAKE_MS 30000

int
smtp_task_tls(struct smtp_task *task, const void *config, const char *host)
{
	uint32_t begun = task->now_ms(task->ctx);
	struct smtp_transport outer;
	int rc;

	if (!MAKE_READY())
		return SMTP_E_MEMORY;
	rc = smtp_transport_tls(&outer, &task->transport, config, host);
	if (rc != SMTP_OK)
		return rc;
	task->transport = outer;
	task->is_secure = 1;
	while ((rc = smtp_transport_tls_handshake(&outer)) > 0) {
		if (task->now_ms(task->ctx) - begun >= HANDSHAKE_MS)
			return SMTP_E_TIMEOUT;
		task->wait(task->ctx, rc, 1000);
	}
	return rc;
}
