/* SPDX-License-Identifier: MIT */
/* What Arduino does, by the sockets that are here; TLS by a tunnel. */
#include <LibSMTP.h>

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <Arduino.h>

#include "mail.h"
#include "s_client.h"

unsigned long
millis(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return static_cast<unsigned long>(now.tv_sec) * 1000 +
	    static_cast<unsigned long>(now.tv_nsec) / 1000000;
}

void
delay(unsigned long ms)
{
	poll(NULL, 0, static_cast<int>(ms));
}

/* WiFiClient, and WiFiClientSecure where `secure` is set. */
class StubClient : public Client {
public:
	explicit StubClient(bool is_secure) : secure(is_secure) {}

	int
	connect(const char *host, uint16_t port) override
	{
		struct addrinfo hints, *found;
		char number[8], both[256];

		snprintf(number, sizeof number, "%u", port);
		snprintf(both, sizeof both, "%s:%u", host, port);
		if (secure) {
			fd = s_client_open(both, host);
			return fd >= 0;
		}
		memset(&hints, 0, sizeof hints);
		hints.ai_family = AF_INET;
		hints.ai_socktype = SOCK_STREAM;
		if (getaddrinfo(host, number, &hints, &found) != 0)
			return 0;
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (::connect(fd, found->ai_addr, found->ai_addrlen) != 0)
			stop();
		freeaddrinfo(found);
		return fd >= 0;
	}

	size_t
	write(const uint8_t *p, size_t n) override
	{
		ssize_t put = send(fd, p, n, MSG_NOSIGNAL);

		return put > 0 ? static_cast<size_t>(put) : 0;
	}

	int
	available() override
	{
		int n = 0;

		ioctl(fd, FIONREAD, &n);
		return n;
	}

	int
	read(uint8_t *p, size_t n) override
	{
		return static_cast<int>(recv(fd, p, n, MSG_DONTWAIT));
	}

	void
	stop() override
	{
		if (fd >= 0)
			close(fd);
		fd = -1;
	}

	uint8_t
	connected() override
	{
		uint8_t one;

		return fd >= 0 && (available() > 0 ||
		    recv(fd, &one, 1, MSG_DONTWAIT | MSG_PEEK) != 0);
	}

private:
	bool secure;
	int fd = -1;
};

int
main(int argc, char **argv)
{
	static struct smtp_task task;
	int rc = SMTP_E_ARGUMENT;

	if (argc >= 7) {
		bool secure = strcmp(argv[3], "plaintext") != 0;
		static StubClient client(secure);

		client.connect(argv[1], static_cast<uint16_t>(
		    strtoul(argv[2], NULL, 10)));
		rc = smtp_arduino_open(&client, &task, secure ?
		    SMTP_ARDUINO_TLS : SMTP_ARDUINO_PLAINTEXT);
	}
	return rc == SMTP_OK ? mail_send(&task, argc, argv) : mail_status(rc);
}
