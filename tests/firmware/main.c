/* SPDX-License-Identifier: MIT */
/*
 * Firmware that sends one mail and tells how it went. By its arguments:
 *
 *	plain      without TLS
 *	hurry      waits three seconds, and not as long as RFC 5321 says
 *	arena=N    only so much of the memory of TLS
 *	from=N     seconds since 1970, instead of the clock of the host
 *
 * The attachment is the host's file `attachment', read as it is sent.
 */
#include <string.h>

#include <lwip/init.h>
#include <lwip/timeouts.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

#include "board.h"
#include "mail.h"
#include "mime/date.h"
#include "port.h"
#include "smtp_arena.h"
#include "smtp_lwip.h"
#include "system.h"

/* In DER, by the build. */
extern const unsigned char authority[];
extern const unsigned authority_n;

static struct {
	struct netif netif;
	struct smtp_lwip tcp;
	struct mail mail;
	mbedtls_ssl_config config;
	mbedtls_x509_crt authority;
	mbedtls_ctr_drbg_context random;
	int64_t began;           /* seconds since 1970, when we started      */
	char id[40];             /* of the Message-ID                       */
} fw;

/* The memory of TLS, by the build. */
extern uint64_t arena[];
extern const unsigned arena_n;

/* ---- what lwIP and mbedTLS ask of a platform */

u32_t
sys_now(void)
{
	return system_now_ms();
}

mbedtls_ms_time_t
mbedtls_ms_time(void)
{
	return system_now_ms();
}

int64_t
firmware_seconds(int64_t *seconds)
{
	int64_t now = fw.began + system_now_ms() / 1000;

	if (seconds != NULL)
		*seconds = now;
	return now;
}

struct tm *
mbedtls_platform_gmtime_r(const mbedtls_time_t *seconds, struct tm *tm)
{
	struct smtp__date date;

	if (!smtp__date_from_epoch(&date, *seconds, 0))
		return NULL;
	memset(tm, 0, sizeof *tm);
	tm->tm_year = date.year - 1900;
	tm->tm_mon = date.month - 1;
	tm->tm_mday = date.day;
	tm->tm_hour = date.hour;
	tm->tm_min = date.minute;
	tm->tm_sec = date.second;
	return tm;
}

#if defined(MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG)
psa_status_t
mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *ctx,
    uint8_t *p, size_t n, size_t *got)
{
	(void)ctx;
	*got = n;
	return mbedtls_ctr_drbg_random(&fw.random, p, n) == 0 ?
	    PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}
#endif

/* ---- TLS */

static int
prepare_tls(size_t bytes)
{
	static const int suites[] = {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
		MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
#endif
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
#if defined(MBEDTLS_RSA_C)
		MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
#endif
		0
	};
	int error;

	smtp_arena_lend(arena, bytes < arena_n ? bytes : arena_n);
	mbedtls_ssl_config_init(&fw.config);
	mbedtls_x509_crt_init(&fw.authority);
	mbedtls_ctr_drbg_init(&fw.random);
	error = mbedtls_ctr_drbg_seed(&fw.random, system_random, NULL, NULL,
	    0);
#if defined(MBEDTLS_PSA_CRYPTO_C)
	if (error == 0)
		error = psa_crypto_init();
#endif
	if (error == 0)
		error = mbedtls_x509_crt_parse_der_nocopy(&fw.authority,
		    authority, authority_n);
	if (error == 0)
		error = mbedtls_ssl_config_defaults(&fw.config,
		    MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
		    MBEDTLS_SSL_PRESET_DEFAULT);
	if (error != 0)
		return smtp_arena.wanted != 0 ? SMTP_E_MEMORY : SMTP_E_TLS;
	mbedtls_ssl_conf_rng(&fw.config, mbedtls_ctr_drbg_random, &fw.random);
	mbedtls_ssl_conf_ca_chain(&fw.config, &fw.authority, NULL);
	mbedtls_ssl_conf_ciphersuites(&fw.config, suites);
	return SMTP_OK;
}

/* ---- the mail */

static ptrdiff_t
read_attachment(void *ctx, void *p, size_t n)
{
	return (ptrdiff_t)system_read(*(int *)ctx, p, n);
}

/* Seconds since 1970 are enough of a name for the only mail of a run. */
static void
make_id(void)
{
	struct smtp__out out;

	smtp__out_init(&out, fw.id, sizeof fw.id);
	smtp__out_number(&out, (uint32_t)fw.began);
	smtp__out_text(&out, ".1@device.example.com");
	smtp__out_end(&out);
}

static int
run(const struct mail_plan *plan)
{
	struct smtp_transport transport;
	ip4_addr_t own, mask, gateway;
	ip_addr_t server;
	int status;

	lwip_init();
	IP4_ADDR(&own, 10, 0, 2, 15);
	IP4_ADDR(&mask, 255, 255, 255, 0);
	IP4_ADDR(&gateway, 10, 0, 2, 2);
	IP_ADDR4(&server, 10, 0, 2, 100);
	netif_add(&fw.netif, &own, &mask, &gateway, NULL, port_init,
	    netif_input);
	netif_set_default(&fw.netif);
	netif_set_up(&fw.netif);
	status = smtp_lwip_open(&fw.tcp, &transport, &server, 25);
	if (status == SMTP_OK)
		status = mail_begin(&fw.mail, plan, &transport);
	if (status != SMTP_OK)
		return status;
	while ((status = mail_step(&fw.mail, system_now_ms())) > 0) {
		sys_check_timeouts();
		if (port_poll(&fw.netif) == 0)
			system_wait();
	}
	/* A moment for FIN and its answer. */
	for (uint32_t until = system_now_ms() + 50;
	    (int32_t)(system_now_ms() - until) < 0; system_wait()) {
		sys_check_timeouts();
		(void)port_poll(&fw.netif);
	}
	return status;
}

/* ---- arguments and report */

static long
argument(const char *name, long otherwise)
{
	const char *p = strstr(system_arguments(), name);
	long value = 0;

	if (p == NULL)
		return otherwise;
	for (p += strlen(name); *p >= '0' && *p <= '9'; p++)
		value = value * 10 + (*p - '0');
	return value;
}

static void
report(int status)
{
	const struct mail *mail = &fw.mail;

	system_tell("status", status);
	system_tell("code", mail->rcpt.code);
	system_tell("began", (long)fw.began);
	system_tell("stack", (long)system_stack_peak());
	system_tell("arena", (long)smtp_arena.extent);
	system_tell("arena-peak", (long)smtp_arena.peak);
	system_tell("wanted", (long)smtp_arena.wanted);
	system_tell("longest-ns", (long)(mail->longest *
	    (1000000000 / board_clock_hz)));
	if (mail->longest_call != NULL) {
		system_say("longest-call=");
		system_say(mail->longest_call);
		system_say("\n");
	}
	if (mail->tls.flags != 0)
		system_tell("certificate", (long)mail->tls.flags);
}

int
main(void)
{
	static const char *const to[] = { "you@example.com", NULL };
	static struct smtp_mail_part parts[] = {
		{ .text = "Grüße! The log is attached.\n.\n" },
		{ .type = "application/octet-stream", .name = "Gerät.log",
		  .read = read_attachment }
	};
	static struct smtp_mail_plan content = {
		.from_name = "Device", .from = "device@example.com",
		.to = to, .subject = "Was das Gerät weiß", .id = fw.id,
		.parts = parts, .part_count = 2
	};
	static struct mail_plan plan = {
		.ehlo = "device.example.com", .host = "localhost",
		.user = "demo@example.com", .password = "correct horse",
		.content = &content
	};
	static const uint16_t hurry[SMTP_WAIT_COUNT] = { 3, 3, 3, 3, 3, 3, 3 };
	int file = system_open("attachment"), status = SMTP_OK;

	if (file < 0)
		return 72;
	fw.began = argument("from=", (long)system_seconds());
	make_id();
	content.seconds = fw.began;
	parts[1].ctx = &file;
	if (strstr(system_arguments(), "hurry") != NULL)
		plan.wait_s = hurry;
	if (strstr(system_arguments(), "plain") == NULL) {
		plan.tls = &fw.config;
		status = prepare_tls((size_t)argument("arena=",
		    (long)arena_n));
	}
	if (status == SMTP_OK)
		status = run(&plan);
	report(status);
	return status == SMTP_OK ? 0 : 1;
}
