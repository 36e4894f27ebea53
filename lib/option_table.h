/* SPDX-License-Identifier: MIT */
/*
 * Which options there are, and which values each of them takes.
 */
#ifndef SMTP__OPTION_TABLE_H
#define SMTP__OPTION_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "text/out.h"

/* In the order of the table. */
enum smtp__option {
	SMTP__CA_FILE,
	SMTP__CA_DIR,
	SMTP__CRL_FILE,
	SMTP__TLS_CERT,
	SMTP__TLS_KEY,
	SMTP__TLS_KEY_PASSWORD,
	SMTP__TLS_NAME,
	SMTP__TLS_MIN,
	SMTP__TLS_RESUMPTION,
	SMTP__TLS_PIN,
	SMTP__TLS_PIN_ONLY,
	SMTP__INSECURE_NO_VERIFY,
	SMTP__EHLO_NAME,
	SMTP__MECHANISM,
	SMTP__CHANNEL_BINDING,
	SMTP__SCRAM_MAX,
	SMTP__AUTHZID,
	SMTP__INSECURE_PLAINTEXT_AUTH,
	SMTP__REQUIRE_ALL,
	SMTP__REQUIRE_DSN,
	SMTP__BLOCKING,
	SMTP__CHUNKING,
	SMTP__ONE_FLIGHT,
	SMTP__BINARYMIME,
	SMTP__PRDR,
	SMTP__WINDOW,
	SMTP__TRACE,
	SMTP__RECONNECT,
	SMTP__FAMILY,
	SMTP__LOCAL_ADDRESS,
	SMTP__INTERFACE,
	SMTP__PROXY,
	SMTP__PROXY_USER,
	SMTP__PROXY_PASSWORD,
	SMTP__TIMEOUT,
	SMTP__DEADLINE,
	SMTP__RESOLVE_TIMEOUT,
	SMTP__CONNECT_TIMEOUT,
	SMTP__TLS_TIMEOUT,
	SMTP__GREETING_TIMEOUT,
	SMTP__COMMAND_TIMEOUT,
	SMTP__ENVELOPE_TIMEOUT,
	SMTP__DATA_TIMEOUT,
	SMTP__BLOCK_TIMEOUT,
	SMTP__FINAL_TIMEOUT,
	SMTP__QUIT_TIMEOUT,
	SMTP__OPTION_COUNT
};

struct smtp__option_row {
	const char *name;
	const char *kind;        /* a word for its values                   */
	const char *takes;       /* in an error: what would be accepted     */
	const char *standard;    /* the default, "" where that is none      */
	const char *help;
};

struct smtp__option_row
smtp__option_row(enum smtp__option id);

/*
 * Is the value one that the option takes? `out` gets the form in which it is
 * kept, or nothing where that is the value itself.
 */
bool
smtp__option_takes(enum smtp__option id, struct smtp__out *out,
    const char *value);

/* Digits only, at most 65535; 0 for anything else. */
uint32_t
smtp__option_seconds(const char *value);

/* At most eight digits; 0 for anything else. */
uint32_t
smtp__option_number(const char *value);

#endif
