/* SPDX-License-Identifier: MIT */
#include "smtp_task.h"

#define HANDSHAKE_MS 30000

int
smtp_task_tls(struct smtp_task *task, const void *config, const char *host)
{
	uint32_t begun = task->now_ms(task->ctx);
	struct smtp_transport outer;
	int rc;

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
