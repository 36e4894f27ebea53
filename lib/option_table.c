/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <smtp/smtp.h>

#include "host.h"
#include "net/net.h"
#include "option_table.h"
#include "text/ascii.h"
#include "url.h"

enum kind { FILE_NAME, DIRECTORY, NAME, EHLO, MECHANISM, BINDING, COUNT, TEXT,
	SECRET, FLAG, SECONDS, TLS_VERSION, PINS, FAMILY, ADDRESS, INTERFACE,
	PROXY, PLACES };

static const struct {
	const char *name;
	const char *takes;
} kinds[] = {
	[FILE_NAME] = { "file", "the name of a file" },
	[DIRECTORY] = { "directory", "the name of a directory" },
	[NAME] = { "name", "the name of a host" },
	[EHLO] = { "name", "a domain, or an address in brackets" },
	[MECHANISM] = { "mechanisms", "names of mechanisms with spaces or "
	    "commas between: SCRAM-SHA-256, PLAIN, LOGIN, ..." },
	[BINDING] = { "binding", "auto, no, tls-exporter, tls-unique or "
	    "tls-server-end-point" },
	[COUNT] = { "number", "a whole number from 4096 to 99999999" },
	[TEXT] = { "text", "text without control characters" },
	[SECRET] = { "secret", "text that is not empty" },
	[FLAG] = { "yes/no", "yes or no" },
	[SECONDS] = { "seconds", "whole seconds from 1 to 65535" },
	[TLS_VERSION] = { "version", "1.2 or 1.3" },
	[FAMILY] = { "any/4/6", "any, 4 or 6" },
	[ADDRESS] = { "address", "an IPv4 or IPv6 address, without brackets" },
	[INTERFACE] = { "interface", "the name of a network interface" },
	[PINS] = { "digests", "SHA-256 of keys in base64, with commas "
	    "between" },
	[PROXY] = { "proxy", "socks5://host[:port] or http://host:port, "
	    "without user and password" },
	[PLACES] = { "number", "a whole number from 1 to 1000" },
};

/* The one place: names, kinds, defaults and help. */
static const struct {
	const char *name;
	enum kind kind;
	const char *standard;
	const char *help;
} table[] = {
	[SMTP__CA_FILE] = { "ca-file", FILE_NAME, "",
	    "certificates to trust, instead of the system's" },
	[SMTP__CA_DIR] = { "ca-dir", DIRECTORY, "",
	    "a directory of certificates to trust" },
	[SMTP__CRL_FILE] = { "crl-file", FILE_NAME, "",
	    "a list of certificates that were revoked" },
	[SMTP__TLS_CERT] = { "tls-cert", FILE_NAME, "",
	    "the client's own certificate" },
	[SMTP__TLS_KEY] = { "tls-key", FILE_NAME, "",
	    "the private key of tls-cert" },
	[SMTP__TLS_KEY_PASSWORD] = { "tls-key-password", SECRET, "",
	    "opens tls-key" },
	[SMTP__TLS_NAME] = { "tls-name", NAME, "",
	    "the name that the certificate must bear, instead of the host" },
	[SMTP__TLS_MIN] = { "tls-min", TLS_VERSION, "1.2",
	    "the oldest version of TLS that is spoken" },
	[SMTP__TLS_RESUMPTION] = { "tls-resumption", FLAG, "yes",
	    "resume TLS sessions among those that share these options" },
	[SMTP__TLS_PIN] = { "tls-pin", PINS, "",
	    "digests of keys, one of which the server must have" },
	[SMTP__TLS_PIN_ONLY] = { "tls-pin-only", FLAG, "no",
	    "tls-pin decides alone, without authorities, name and dates" },
	[SMTP__INSECURE_NO_VERIFY] = { "insecure-no-verify", FLAG, "no",
	    "take any certificate: an attacker can read and change all" },
	[SMTP__EHLO_NAME] = { "ehlo-name", EHLO, "",
	    "what EHLO says, instead of the local address" },
	[SMTP__MECHANISM] = { "mechanism", MECHANISM, "",
	    "authenticate with one of these mechanisms only" },
	[SMTP__CHANNEL_BINDING] = { "channel-binding", BINDING, "auto",
	    "what of TLS the mechanisms in -PLUS are bound to" },
	[SMTP__SCRAM_MAX] = { "scram-iterations-max", COUNT, "1000000",
	    "iterations that a server may ask of a password" },
	[SMTP__AUTHZID] = { "authzid", TEXT, "",
	    "the identity to act as, where it is not the user" },
	[SMTP__INSECURE_PLAINTEXT_AUTH] = { "insecure-plaintext-auth", FLAG,
	    "no", "send the password also without TLS" },
	[SMTP__REQUIRE_ALL] = { "require-all", FLAG, "no",
	    "send to all recipients or to none" },
	[SMTP__REQUIRE_DSN] = { "require-dsn", FLAG, "yes",
	    "refuse a mail that asks for reports where DSN is not offered" },
	[SMTP__BLOCKING] = { "blocking", FLAG, "yes",
	    "no: calls start an operation, smtp_step goes on with it" },
	[SMTP__CHUNKING] = { "chunking", FLAG, "yes",
	    "send content by BDAT where that is offered and better" },
	[SMTP__ONE_FLIGHT] = { "bdat-one-flight", FLAG, "yes",
	    "short content leaves together with the recipients" },
	[SMTP__BINARYMIME] = { "binarymime", FLAG, "yes",
	    "attachments without base64 where the server takes them so" },
	[SMTP__PRDR] = { "prdr", FLAG, "yes",
	    "ask for a verdict on the content for each recipient" },
	[SMTP__WINDOW] = { "window", PLACES, "32",
	    "messages that smtp_put has in flight at most" },
	[SMTP__TRACE] = { "trace", FLAG, "no",
	    "keep the lines of the session for smtp_trace_take" },
	[SMTP__RECONNECT] = { "reconnect", FLAG, "yes",
	    "open a session again that the server ended while it was idle" },
	[SMTP__FAMILY] = { "family", FAMILY, "any",
	    "connect over IPv4 or IPv6 only" },
	[SMTP__LOCAL_ADDRESS] = { "local-address", ADDRESS, "",
	    "the address of this machine to connect from" },
	[SMTP__INTERFACE] = { "interface", INTERFACE, "",
	    "the network interface to connect through" },
	[SMTP__PROXY] = { "proxy", PROXY, "",
	    "go through socks5://host[:port] or http://host:port" },
	[SMTP__PROXY_USER] = { "proxy-user", TEXT, "",
	    "who one is at the proxy" },
	[SMTP__PROXY_PASSWORD] = { "proxy-password", SECRET, "",
	    "of proxy-user; goes to the proxy in clear" },
	[SMTP__TIMEOUT] = { "timeout", SECONDS, "",
	    "bounds every single wait" },
	[SMTP__DEADLINE] = { "deadline", SECONDS, "",
	    "bounds each call as a whole" },
	[SMTP__RESOLVE_TIMEOUT] = { "resolve-timeout", SECONDS, "10",
	    "for looking up the name" },
	[SMTP__CONNECT_TIMEOUT] = { "connect-timeout", SECONDS, "30",
	    "for each address, and for the answer of a proxy" },
	[SMTP__TLS_TIMEOUT] = { "tls-timeout", SECONDS, "30",
	    "for the handshake" },
	[SMTP__GREETING_TIMEOUT] = { "greeting-timeout", SECONDS, "120",
	    "for the greeting" },
	[SMTP__COMMAND_TIMEOUT] = { "command-timeout", SECONDS, "120",
	    "for the reply to EHLO, STARTTLS, AUTH, RSET, NOOP" },
	[SMTP__ENVELOPE_TIMEOUT] = { "envelope-timeout", SECONDS, "300",
	    "for the reply to MAIL, and to each RCPT" },
	[SMTP__DATA_TIMEOUT] = { "data-timeout", SECONDS, "120",
	    "for the reply to DATA" },
	[SMTP__BLOCK_TIMEOUT] = { "block-timeout", SECONDS, "180",
	    "for each piece of content to leave" },
	[SMTP__FINAL_TIMEOUT] = { "final-timeout", SECONDS, "600",
	    "for the reply to the whole mail" },
	[SMTP__QUIT_TIMEOUT] = { "quit-timeout", SECONDS, "2",
	    "for the reply to QUIT" },
};

struct smtp__option_row
smtp__option_row(enum smtp__option id)
{
	return (struct smtp__option_row){
		.name = table[id].name,
		.kind = kinds[table[id].kind].name,
		.takes = kinds[table[id].kind].takes,
		.standard = table[id].standard,
		.help = table[id].help,
	};
}

uint32_t
smtp__option_seconds(const char *value)
{
	uint32_t seconds = 0;

	for (size_t i = 0; value[i] != '\0'; i++) {
		if (!smtp__is_digit(value[i]) || i >= 5)
			return 0;
		seconds = seconds * 10 + (uint32_t)(value[i] - '0');
	}
	return seconds > 65535 ? 0 : seconds;
}

uint32_t
smtp__option_number(const char *value)
{
	uint32_t number = 0;

	for (size_t i = 0; value[i] != '\0'; i++) {
		if (!smtp__is_digit(value[i]) || i >= 8)
			return 0;
		number = number * 10 + (uint32_t)(value[i] - '0');
	}
	return number;
}

static bool
is_binding(const char *value)
{
	static const char *const types[] = { "auto", "no", "tls-exporter",
		"tls-unique", "tls-server-end-point" };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(value, types[i]) == 0)
			return true;
	return false;
}

static bool
is_plain_text(const char *value)
{
	for (size_t i = 0; value[i] != '\0'; i++)
		if (smtp__is_control(value[i]))
			return false;
	return value[0] != '\0';
}

/* RFC 4422 section 3.1, in capitals, with a space between. */
static bool
put_mechanisms(struct smtp__out *out, const char *value)
{
	size_t n = 0;            /* of this name                          */

	for (size_t i = 0; value[i] != '\0'; i++) {
		char c = value[i];

		if (c == ' ' || c == ',') {
			n = 0;
			continue;
		}
		if (c >= 'a' && c <= 'z')
			c = (char)(c - ('a' - 'A'));
		if ((!smtp__is_alnum(c) && c != '-' && c != '_') || n == 20)
			return false;
		if (n++ == 0 && out->n > 0)
			smtp__out_octet(out, ' ');
		smtp__out_octet(out, c);
	}
	return out->n > 0;
}

/* As systems have them, IFNAMSIZ being 16. */
static bool
is_interface(const char *value)
{
	size_t n = strlen(value);

	for (size_t i = 0; i < n; i++)
		if (!smtp__is_graph(value[i]) || value[i] == '/')
			return false;
	return n > 0 && n < 16;
}

static bool
is_proxy(const char *value)
{
	struct smtp__url url;
	char why[128];

	return smtp__url_parse_proxy(&url, value, why,
	    sizeof why) == SMTP_OK;
}

bool
smtp__option_takes(enum smtp__option id, struct smtp__out *out,
    const char *value)
{
	const size_t n = strlen(value);
	const uint32_t number = smtp__option_number(value);

	switch (table[id].kind) {
	case NAME:
		if (smtp__host_is_ipv4(value, n) ||
		    smtp__host_is_ipv6(value, n)) {
			smtp__out_add(out, value, n);
			return true;
		}
		return smtp__host_name(out, value, n) == NULL;
	case EHLO:
		return smtp__host_ehlo(out, value, n) == NULL;
	case MECHANISM:
		return put_mechanisms(out, value);
	case BINDING:
		return is_binding(value);
	case COUNT:
		return number >= 4096;
	case PLACES:
		return number >= 1 && number <= 1000;
	case FLAG:
		return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0;
	case SECONDS:
		return smtp__option_seconds(value) > 0;
	case TLS_VERSION:
		return strcmp(value, "1.2") == 0 || strcmp(value, "1.3") == 0;
	case PINS:
#if SMTP_WITH_TLS
		return smtp__tls_pins(value, NULL) > 0;
#else
		return n > 0;
#endif
	case FILE_NAME:
	case DIRECTORY:
	case SECRET:
		return n > 0;
	case TEXT:
		return is_plain_text(value);
	case FAMILY:
		return strcmp(value, "any") == 0 || strcmp(value, "4") == 0 ||
		    strcmp(value, "6") == 0;
	case ADDRESS:
		return smtp__host_is_ipv4(value, n) ||
		    smtp__host_is_ipv6(value, n);
	case INTERFACE:
		return is_interface(value);
	default:
		return is_proxy(value);
	}
}
