/* SPDX-License-Identifier: MIT */
#include "LibSMTP.h"

#include <Arduino.h>
#include <string.h>

#if defined(__AVR__)
#error "libsmtp wants a processor with 32 bits, and TLS; take an ESP32, a \
SAMD with WiFi, an RP2040 W or the like"
#endif
#if defined(SMTP_ARDUINO_STARTTLS)
#error "a Client has TLS from the first octet only: connect a WiFiClientSecure \
to port 465 instead of 587, with SMTP_ARDUINO_TLS"
#endif

static ptrdiff_t
arduino_read(void *ctx, void *p, size_t n)
{
	Client *client = static_cast<Client *>(ctx);
	int got = client->available() > 0 ?
	    client->read(static_cast<uint8_t *>(p), n) : 0;

	if (got > 0)
		return got;
	return client->connected() ? SMTP_IO_WANT_READ : SMTP_IO_CLOSED;
}

static ptrdiff_t
arduino_write(void *ctx, const void *p, size_t n)
{
	Client *client = static_cast<Client *>(ctx);
	size_t put = client->write(static_cast<const uint8_t *>(p), n);

	if (put > 0)
		return static_cast<ptrdiff_t>(put);
	return client->connected() ? SMTP_IO_WANT_WRITE : SMTP_IO_CLOSED;
}

static void
arduino_close(void *ctx)
{
	static_cast<Client *>(ctx)->stop();
}

/* A Client cannot be waited for: so it is asked again soon. */
static void
arduino_wait(void *, int, uint32_t ms)
{
	delay(ms < 5 ? ms : 5);
}

static uint32_t
arduino_now(void *)
{
	return static_cast<uint32_t>(millis());
}

int
smtp_arduino_open(Client *client, struct smtp_task *task,
    enum smtp_arduino_security security)
{
	if (!client->connected())
		return SMTP_E_CLOSED;
	memset(task, 0, sizeof *task);
	task->transport.read = arduino_read;
	task->transport.write = arduino_write;
	task->transport.close = arduino_close;
	task->transport.ctx = client;
	task->ctx = client;
	task->now_ms = arduino_now;
	task->wait = arduino_wait;
	task->is_secure = security == SMTP_ARDUINO_TLS;
	return SMTP_OK;
}
