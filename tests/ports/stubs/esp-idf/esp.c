/* SPDX-License-Identifier: MIT */
/*
 * What ESP-IDF does, by what is here. The bundle is the file SMTP_CA_FILE, and
 * is used as that of ESP-IDF is: by a callback that forgives an unknown issuer
 * once it has found and verified it.
 */
#define _DEFAULT_SOURCE
#include <esp_crt_bundle.h>
#include <esp_random.h>
#include <esp_timer.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/ssl.h>

#include <smtp_esp.h>

#include "mail.h"

static mbedtls_x509_crt bundle, nobody;

static int
verify(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	uint32_t found = 0;

	(void)ctx;
	(void)depth;
	if (*flags == MBEDTLS_X509_BADCERT_NOT_TRUSTED &&
	    mbedtls_x509_crt_verify(crt, &bundle, NULL, NULL, &found, NULL,
	    NULL) == 0)
		*flags = 0;
	return 0;
}

esp_err_t
esp_crt_bundle_attach(void *conf)
{
	const char *ca = getenv("SMTP_CA_FILE");

	mbedtls_x509_crt_init(&bundle);
	mbedtls_x509_crt_init(&nobody);
	if (ca == NULL || mbedtls_x509_crt_parse_file(&bundle, ca) != 0)
		return -1;
	mbedtls_ssl_conf_ca_chain(conf, &nobody, NULL);
	mbedtls_ssl_conf_verify(conf, verify, NULL);
	return ESP_OK;
}

void
esp_fill_random(void *p, size_t n)
{
	unsigned char *at = p;

	for (size_t some; n > 0; n -= some, at += some) {
		some = n < 256 ? n : 256;
		if (getentropy(at, some) != 0)
			abort();
	}
}

int64_t
esp_timer_get_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

int
main(int argc, char **argv)
{
	static struct smtp_esp esp;
	static struct smtp_task task;
	int rc = argc < 7 ? SMTP_E_ARGUMENT :
	    smtp_esp_open(&esp, &task, argv[1], argv[2]);

	rc = rc == SMTP_OK ? mail_send(&task, argc, argv) : mail_status(rc);
	mbedtls_x509_crt_free(&bundle);
	return rc;
}
