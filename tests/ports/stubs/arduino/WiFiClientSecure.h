/* SPDX-License-Identifier: MIT */
#ifndef STUB_WIFI_CLIENT_SECURE_H
#define STUB_WIFI_CLIENT_SECURE_H

#include <Client.h>

class WiFiClientSecure : public Client {
public:
	void setCACert(const char *pem);
	int connect(const char *host, uint16_t port) override;
	size_t write(const uint8_t *p, size_t n) override;
	int available() override;
	int read(uint8_t *p, size_t n) override;
	void stop() override;
	uint8_t connected() override;
};

#endif
