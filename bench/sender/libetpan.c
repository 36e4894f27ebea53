/* SPDX-License-Identifier: MIT */
/*
 * libetpan, loaded as its program package has it: the one for development asks
 * for another libcurl than the one we measure.
 */
#include "sender/sender.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIND(result, name, ...) \
	result (*name)(__VA_ARGS__) = \
	    __extension__(result (*)(__VA_ARGS__))dlsym(library(), #name)

static void *
library(void)
{
	static void *loaded;

	if (loaded == NULL)
		loaded = dlopen("libetpan.so.20", RTLD_NOW | RTLD_LOCAL);
	if (loaded == NULL) {
		fprintf(stderr, "libetpan: %s\n", dlerror());
		exit(69);
	}
	return loaded;
}

static void *
open_etpan(const struct work *work)
{
	FIND(void *, mailsmtp_new, size_t, void *);
	FIND(int, mailsmtp_socket_connect, void *, const char *, uint16_t);
	FIND(int, mailsmtp_ssl_connect, void *, const char *, uint16_t);
	FIND(int, mailsmtp_socket_starttls, void *);
	FIND(int, mailesmtp_ehlo, void *);
	FIND(int, mailesmtp_auth_sasl, void *, const char *, const char *,
	    const char *, const char *, const char *, const char *,
	    const char *, const char *);
	void *s = mailsmtp_new(0, NULL);
	uint16_t port = (uint16_t)work->port;
	int rc = work->security == IMPLICIT ?
	    mailsmtp_ssl_connect(s, "127.0.0.1", port) :
	    mailsmtp_socket_connect(s, "127.0.0.1", port);

	if (rc == 0)
		rc = mailesmtp_ehlo(s);
	if (rc == 0 && work->security == STARTTLS) {
		rc = mailsmtp_socket_starttls(s);
		if (rc == 0)
			rc = mailesmtp_ehlo(s);
	}
	if (rc == 0 && work->security != PLAIN)
		rc = mailesmtp_auth_sasl(s, "PLAIN", "127.0.0.1", NULL, NULL,
		    USER, USER, SECRET, NULL);
	if (rc == 0)
		return s;
	fprintf(stderr, "libetpan: open: %d\n", rc);
	return NULL;
}

static int
send_etpan(void *s)
{
	FIND(int, mailesmtp_mail, void *, const char *, int, const char *);
	FIND(int, mailesmtp_rcpt, void *, const char *, int, const char *);
	FIND(int, mailsmtp_data, void *);
	FIND(int, mailsmtp_data_message, void *, const char *, size_t);
	int rc = mailesmtp_mail(s, FROM, 1, NULL);

	if (rc == 0)
		rc = mailesmtp_rcpt(s, TO, 0, NULL);
	if (rc == 0)
		rc = mailsmtp_data(s);
	if (rc == 0)
		rc = mailsmtp_data_message(s, mail_octets, MAIL_SIZE);
	if (rc != 0)
		fprintf(stderr, "libetpan: send: %d\n", rc);
	return rc == 0 ? 0 : -1;
}

static int
close_etpan(void *s)
{
	FIND(int, mailsmtp_quit, void *);
	FIND(void, mailsmtp_free, void *);

	mailsmtp_quit(s);
	mailsmtp_free(s);
	return 0;
}

const struct client libetpan_octets = { "libetpan", open_etpan, send_etpan,
	close_etpan, NULL };
