/* SPDX-License-Identifier: MIT */
/* An alert over TLS: the network is up, and the clock is set. */
#include <LibSMTP.h>
#include <WiFi.h>
#include <WiFiClientSecure.h>

static const char ca[] = "-----BEGIN CERTIFICATE-----\n...";
static const char mail[] =
    "From: device@example.com\r\n"
    "To: ann@example.com\r\n"
    "Subject: Too hot\r\n"
    "Auto-Submitted: auto-generated\r\n"
    "\r\n"
    "71 degrees.\r\n";
static size_t at;

static ptrdiff_t
give(void *, void *p, size_t n)
{
	size_t left = sizeof mail - 1 - at;

	n = n < left ? n : left;
	memcpy(p, mail + at, n);
	at += n;
	return static_cast<ptrdiff_t>(n);
}

static int
alert()
{
	static WiFiClientSecure client;
	static struct smtp_task task;
	struct smtp_engine_setup setup = {};
	struct smtp_credentials me = {};
	struct smtp_rcpt to = {};
	struct smtp_delivery delivery = {};
	int rc;

	setup.ehlo = "device.example.com";
	setup.tls = SMTP_ENGINE_IMPLICIT;
	me.user = "device";
	me.password = "secret";
	to.address = "ann@example.com";
	to.status = SMTP_RCPT_PENDING;
	delivery.from = "device@example.com";
	delivery.rcpts = &to;
	delivery.rcpt_count = 1;

	client.setCACert(ca);
	if (!client.connect("mail.example.com", 465))
		return SMTP_E_CONNECT;
	rc = smtp_arduino_open(&client, &task, SMTP_ARDUINO_TLS);
	if (rc == SMTP_OK)
		rc = smtp_task_send(&task, &setup, &me, &delivery, give, NULL);
	return rc;
}

void
setup()
{
	Serial.begin(115200);
	WiFi.begin("network", "password");
	while (WiFi.status() != WL_CONNECTED)
		delay(100);
	configTime(0, 0, "pool.ntp.org");
	Serial.println(alert() == SMTP_OK ? "sent" : "not sent");
}

void
loop()
{
}
