/* SPDX-License-Identifier: MIT */
#ifndef STUB_WIFI_H
#define STUB_WIFI_H

#include <Client.h>
#include <string.h>

enum { WL_CONNECTED = 3 };

struct StubWiFi {
	void begin(const char *network, const char *password);
	int status();
};
extern StubWiFi WiFi;

struct StubSerial {
	void begin(unsigned long speed);
	void println(const char *text);
};
extern StubSerial Serial;

void
configTime(long zone, int summer, const char *server);

#endif
