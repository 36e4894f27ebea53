/* SPDX-License-Identifier: MIT */
/* A mail from Arduino, over any Client that is connected. */
#ifndef LIBSMTP_H
#define LIBSMTP_H

#include <Client.h>

#include <smtp_task.h>

enum smtp_arduino_security {
	SMTP_ARDUINO_PLAINTEXT,  /* WiFiClient, EthernetClient: only within */
				 /* a network that is trusted               */
	SMTP_ARDUINO_TLS         /* WiFiClientSecure and the like, with the */
				 /* CA set: TLS from the first octet        */
};

/*
 * Fill the port's part of `task`, for smtp_task_send(). `client` was connected
 * by its own connect(), and is stopped in the end. The setup says
 * SMTP_ENGINE_IMPLICIT (port 465) with TLS, SMTP_ENGINE_PLAINTEXT without.
 * Returns SMTP_OK, or SMTP_E_CLOSED where it is not connected.
 */
int
smtp_arduino_open(Client *client, struct smtp_task *task,
    enum smtp_arduino_security security);

#endif
