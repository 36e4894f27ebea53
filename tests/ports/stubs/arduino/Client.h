/* SPDX-License-Identifier: MIT */
#ifndef STUB_CLIENT_H
#define STUB_CLIENT_H

#include <Arduino.h>

class Client {
public:
	virtual int connect(const char *host, uint16_t port) = 0;
	virtual size_t write(const uint8_t *p, size_t n) = 0;
	virtual int available() = 0;
	virtual int read(uint8_t *p, size_t n) = 0;
	virtual void stop() = 0;
	virtual uint8_t connected() = 0;

protected:
	~Client() = default;
};

#endif
