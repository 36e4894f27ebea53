/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include <smtp/engine.h>
#include <smtp/status.h>

#include "hint.h"
#include "net/net.h"
#include "text/ascii.h"

/* What a row asks for beside the numbers. */
enum {
	NOT_TLS = 1,
	IMPLICIT = 2,            /* the URL says smtps://                   */
	STARTTLS = 4,            /* ... or smtp://                          */
	CLEAR = 8,               /* no TLS is on                            */
	PORT_465 = 16,
	PORT_25 = 32,
	NO_STARTTLS = 64,        /* not offered                             */
	NO_AUTH = 128,
	OWN_CA = 256,
	TOKEN = 512,
	OPPORTUNISTIC = 1024,
	PASSWORD = 2048,
	LMTP = 4096,
	PROXY = 8192
};

#define ANY 0
#define ANY_CODE 0xffffu         /* of an enhanced code                     */

/* The first row that fits has the word: special before general. */
static const struct row {
	int cause, phase, code;
	unsigned subject, detail;        /* ANY_CODE: whatever it is        */
	unsigned cert;
	unsigned needs;
	const char *words;
} rows[] = {
	/* TLS and ports. */
	{ ANY, ANY, ANY, ANY_CODE, ANY_CODE, 0, NOT_TLS | IMPLICIT,
	    "This port does not speak TLS from the first octet. Use smtp:// "
	    "(STARTTLS, usually port 587), or smtps:// with port 465." },
	{ ANY, ANY, ANY, ANY_CODE, ANY_CODE, 0, NOT_TLS,
	    "What answered is not TLS: something between here and the server "
	    "may interfere." },
	{ SMTP_E_TIMEOUT, SMTP_PHASE_GREETING, ANY, ANY_CODE, ANY_CODE, 0,
	    PORT_465 | CLEAR,
	    "Port 465 speaks TLS from the first octet: use smtps://." },
	{ SMTP_E_CLOSED, SMTP_PHASE_GREETING, ANY, ANY_CODE, ANY_CODE, 0,
	    PORT_465 | CLEAR,
	    "Port 465 speaks TLS from the first octet: use smtps://." },
	{ SMTP_E_TIMEOUT, SMTP_PHASE_GREETING, ANY, ANY_CODE, ANY_CODE, 0,
	    CLEAR,
	    "The server said nothing. If the port speaks TLS from the first "
	    "octet, use smtps://; otherwise it is busy, or it is no mail "
	    "server." },
	{ SMTP_E_CLOSED, SMTP_PHASE_GREETING, ANY, ANY_CODE, ANY_CODE, 0,
	    CLEAR,
	    "The server closed without a word: it may expect TLS from the "
	    "first octet (smtps://), or refuse this address." },
	{ SMTP_E_PROTOCOL, SMTP_PHASE_GREETING, ANY, ANY_CODE, ANY_CODE, 0, 0,
	    "What answered is not a mail server: check host and port." },
	{ SMTP_E_REPLY, SMTP_PHASE_GREETING, 421, ANY_CODE, ANY_CODE, 0, 0,
	    "The server is busy, or has enough connections from this address: "
	    "try again later." },
	{ SMTP_E_REPLY, SMTP_PHASE_GREETING, 521, ANY_CODE, ANY_CODE, 0, 0,
	    "This host takes no mail at all: check its name." },
	{ SMTP_E_REPLY, SMTP_PHASE_GREETING, 554, ANY_CODE, ANY_CODE, 0, 0,
	    "The server takes no mail from this address; it may be on a block "
	    "list. A submission server (port 587 or 465, with smtp_auth) does "
	    "not ask where one is." },
	{ SMTP_E_REPLY, SMTP_PHASE_EHLO, 500, ANY_CODE, ANY_CODE, 0, LMTP,
	    "The server does not know LHLO: it may speak SMTP; use smtp:// "
	    "or smtp+plaintext://." },
	{ SMTP_E_REPLY, SMTP_PHASE_EHLO, 502, ANY_CODE, ANY_CODE, 0, LMTP,
	    "The server does not know LHLO: it may speak SMTP; use smtp:// "
	    "or smtp+plaintext://." },
	{ ANY, SMTP_PHASE_EHLO, 500, ANY_CODE, ANY_CODE, 0, 0,
	    "The server does not know EHLO: it may speak LMTP (lmtp://), or "
	    "be no mail server." },
	{ ANY, SMTP_PHASE_EHLO, 502, ANY_CODE, ANY_CODE, 0, 0,
	    "The server does not know EHLO: it may speak LMTP (lmtp://), or "
	    "be no mail server." },
	{ SMTP_E_REPLY, SMTP_PHASE_EHLO, 501, ANY_CODE, ANY_CODE, 0, 0,
	    "The server does not take the name that EHLO gave: name this "
	    "machine with the option ehlo-name." },
	{ SMTP_E_REPLY, SMTP_PHASE_EHLO, 504, ANY_CODE, ANY_CODE, 0, 0,
	    "The server does not take the name that EHLO gave: name this "
	    "machine with the option ehlo-name." },
	{ SMTP_E_REPLY, SMTP_PHASE_EHLO, 550, ANY_CODE, ANY_CODE, 0, 0,
	    "The server does not take the name that EHLO gave: name this "
	    "machine with the option ehlo-name." },
	{ SMTP_E_REPLY, SMTP_PHASE_EHLO, 553, ANY_CODE, ANY_CODE, 0, 0,
	    "The server does not take the name that EHLO gave: name this "
	    "machine with the option ehlo-name." },
	{ SMTP_E_TLS, SMTP_PHASE_STARTTLS, 454, ANY_CODE, ANY_CODE, 0, 0,
	    "The server cannot do TLS just now: try again later." },
	{ SMTP_E_TLS, SMTP_PHASE_STARTTLS, ANY, ANY_CODE, ANY_CODE, 0, 0,
	    "The server offers STARTTLS and refuses it, or something between "
	    "does: try smtps:// (port 465)." },
	{ SMTP_E_TIMEOUT, SMTP_PHASE_TLS, ANY, ANY_CODE, ANY_CODE, 0,
	    IMPLICIT,
	    "The server did not answer the handshake. If the port starts "
	    "without TLS, use smtp:// (STARTTLS, usually port 587)." },
	{ SMTP_E_TLS, SMTP_PHASE_EHLO, ANY, ANY_CODE, ANY_CODE, 0,
	    STARTTLS | NO_STARTTLS,
	    "The server does not offer STARTTLS here. Try smtps:// (port "
	    "465), or port 587. smtp+plaintext:// goes without TLS and "
	    "exposes all that is sent." },

	/* Certificates. */
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_PIN, 0,
	    "The server has another key than tls-pin names. Ask its operator: "
	    "if the key was renewed on purpose, the line above has its digest; "
	    "if not, somebody is between." },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_NOT_YET, 0,
	    "The certificate is not valid yet: is the clock of this machine "
	    "set?" },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_EXPIRED, 0,
	    "The certificate has expired: the server needs a new one, or the "
	    "clock of this machine is wrong." },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_REVOKED, 0,
	    "The certificate was revoked: do not trust this server." },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_CRL, 0,
	    "The list that crl-file names is of no use here: fetch the "
	    "current one from the authority." },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_NO_CA, 0,
	    "The server sends a certificate that may not sign others, and did: "
	    "its operator needs one from an authority." },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_UNKNOWN_CA, OWN_CA,
	    "The certificate is not signed by one that ca-file, ca-dir or "
	    "the memory given names, or the server leaves out a certificate "
	    "between." },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_UNKNOWN_CA, 0,
	    "No trusted authority has signed the certificate, or the server "
	    "leaves out a certificate between. If the server is yours, name "
	    "its authority with the option ca-file." },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_NAME, 0,
	    "The certificate belongs to another name. Connect to the name "
	    "that it bears, or give that name with the option tls-name." },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_WEAK, 0,
	    "The certificate uses a key or a digest that is too weak: the "
	    "server needs a new one." },
	{ SMTP_E_CERTIFICATE, ANY, ANY, ANY_CODE, ANY_CODE,
	    SMTP__CERT_USAGE, 0,
	    "The certificate was not made for a server." },

	/* Authentication. */
	{ SMTP_E_AUTH, ANY, 534, ANY_CODE, ANY_CODE, 0, PASSWORD,
	    "The server wants a stronger way than a password: an application "
	    "password from the account's settings, or OAuth "
	    "(smtp_auth_token)." },
	{ SMTP_E_AUTH, ANY, 538, ANY_CODE, ANY_CODE, 0, 0,
	    "The server wants TLS before AUTH: use smtps:// or smtp://." },
	{ SMTP_E_AUTH, ANY, 535, ANY_CODE, ANY_CODE, 0, TOKEN,
	    "The token was not taken: it may have expired, lack the scope "
	    "for mail, or belong to another user." },
	{ SMTP_E_AUTH, ANY, 535, ANY_CODE, ANY_CODE, 0, PASSWORD,
	    "Check user and password; the user is often the whole address. "
	    "Large providers take only an application password or OAuth "
	    "(smtp_auth_token) here." },
	{ SMTP_E_AUTH, ANY, ANY, ANY_CODE, ANY_CODE, 0, OPPORTUNISTIC,
	    "smtp+opportunistic:// never sends a password: use smtp:// or "
	    "smtps://." },
	{ SMTP_E_AUTH, ANY, ANY, ANY_CODE, ANY_CODE, 0, NO_AUTH | PORT_25,
	    "The server offers no AUTH on port 25: submission is on port 587 "
	    "or 465." },
	{ SMTP_E_AUTH, ANY, ANY, ANY_CODE, ANY_CODE, 0, NO_AUTH | CLEAR,
	    "The server offers no AUTH, perhaps because there is no TLS: use "
	    "smtps:// or smtp://." },
	{ SMTP_E_AUTH, ANY, ANY, ANY_CODE, ANY_CODE, 0, NO_AUTH,
	    "The server offers no AUTH here: try port 587 or 465, or send "
	    "without smtp_auth." },
	{ SMTP_E_AUTH, ANY, 0, ANY_CODE, ANY_CODE, 0, CLEAR,
	    "Without TLS a password is not shown: use smtps:// or smtp://, "
	    "or the option insecure-plaintext-auth." },
	{ ANY, SMTP_PHASE_AUTH, 454, ANY_CODE, ANY_CODE, 0, 0,
	    "The server could not check just now: it is not the password. "
	    "Try again later." },

	/* Sending. */
	{ ANY, ANY, 530, ANY_CODE, ANY_CODE, 0, CLEAR,
	    "The server wants TLS or authentication first: use smtps:// or "
	    "smtp://, and smtp_auth." },
	{ ANY, ANY, 530, ANY_CODE, ANY_CODE, 0, 0,
	    "The server wants authentication first: call smtp_auth." },
	{ ANY, ANY, ANY, 3, 4, 0, 0,
	    "The mail is larger than the server takes: smaller attachments, "
	    "or a link, get through." },
	{ ANY, SMTP_PHASE_MAIL, 552, ANY_CODE, ANY_CODE, 0, 0,
	    "The mail is larger than the server takes, or storage is full "
	    "there." },
	{ ANY, ANY, ANY, 2, 2, 0, 0,
	    "The mailbox is full: the recipient has to make room." },
	{ SMTP_E_UNSUPPORTED, ANY, ANY, 7, 30, 0, 0,
	    "The server does not promise TLS on the hops behind it: send "
	    "through one that does, or without smtp_message_set_require_tls."
	    },
	{ SMTP_E_UNSUPPORTED, ANY, ANY, 7, 10, 0, 0,
	    "Use smtps:// or smtp:// with the certificate verified: the mail "
	    "asks for nothing less (smtp_message_set_require_tls)." },
	{ SMTP_E_UNSUPPORTED, ANY, ANY, ANY_CODE, ANY_CODE, 0, 0,
	    "The server lacks what the error names: ask for less, or use a "
	    "server that has it." },
	{ ANY, ANY, 450, 7, 1, 0, 0,
	    "This is usual for an unknown sender (greylisting): try again "
	    "after some minutes." },
	{ ANY, ANY, 451, 7, 1, 0, 0,
	    "This is usual for an unknown sender (greylisting): try again "
	    "after some minutes." },
	{ ANY, SMTP_PHASE_RCPT, 450, ANY_CODE, ANY_CODE, 0, 0,
	    "Often greylisting or a busy mailbox: try again after some "
	    "minutes." },
	{ ANY, ANY, ANY, 6, 7, 0, 0,
	    "The server takes ASCII addresses only for this recipient." },
	{ ANY, ANY, ANY, 1, 10, 0, 0,
	    "The domain says that it takes no mail." },
	{ ANY, ANY, 556, ANY_CODE, ANY_CODE, 0, 0,
	    "The domain says that it takes no mail." },
	{ ANY, ANY, ANY, 1, 1, 0, 0,
	    "There is no such mailbox: check the address." },
	{ ANY, ANY, 550, 7, 1, 0, PORT_25 | CLEAR,
	    "The server does not relay for strangers: use its submission "
	    "port with smtp_auth." },
	{ ANY, SMTP_PHASE_RCPT, 554, 7, 1, 0, 0,
	    "The server does not relay for this session: smtp_auth may be "
	    "missing, or the address is not allowed." },
	{ ANY, SMTP_PHASE_DATA, 503, ANY_CODE, ANY_CODE, 0, 0,
	    "The server may have a limit of recipients for one mail." },

	/* The way there. */
	{ SMTP_E_PROTOCOL, SMTP_PHASE_CONNECT, ANY, ANY_CODE, ANY_CODE, 0,
	    PROXY,
	    "What answers there is no such proxy: check the option proxy, "
	    "socks5:// or http://." },
	{ SMTP_E_CONNECT, ANY, ANY, ANY_CODE, ANY_CODE, 0, PROXY,
	    "Check the option proxy, and whether the proxy lets this host "
	    "and port through: many allow few ports." },
	{ SMTP_E_TIMEOUT, SMTP_PHASE_CONNECT, ANY, ANY_CODE, ANY_CODE, 0,
	    PROXY,
	    "The proxy does not answer, or the server behind it: check the "
	    "option proxy, host and port." },
	{ SMTP_E_RESOLVE, ANY, ANY, ANY_CODE, ANY_CODE, 0, PROXY,
	    "Check the spelling of the proxy and the network's name "
	    "server." },
	{ SMTP_E_RESOLVE, ANY, ANY, ANY_CODE, ANY_CODE, 0, 0,
	    "Check the spelling of the host and the network's name server." },
	{ SMTP_E_TIMEOUT, SMTP_PHASE_CONNECT, ANY, ANY_CODE, ANY_CODE, 0,
	    PORT_25,
	    "Many networks block port 25: use the submission port 587 or "
	    "465." },
	{ SMTP_E_TIMEOUT, SMTP_PHASE_CONNECT, ANY, ANY_CODE, ANY_CODE, 0, 0,
	    "Nothing answers at that port: a firewall may be between, or the "
	    "port is wrong." },
	{ SMTP_E_CONNECT, ANY, ANY, ANY_CODE, ANY_CODE, 0, 0,
	    "Check host and port: submission is on 587 (smtp://) or 465 "
	    "(smtps://)." },
	{ SMTP_E_MEMORY, SMTP_PHASE_TLS, ANY, ANY_CODE, ANY_CODE, 0, 0,
	    "The TLS library had no memory: the certificate is not to "
	    "blame." },
};

/*
 * What the words say goes before what the numbers say; the first row whose
 * words are there, in any case, has it.
 */
static const struct spoken {
	int phase;
	bool banner;             /* not the reply, but what came first      */
	const char *says, *words;
} spoken[] = {
	/* Not a mail server, by its own word. */
	{ SMTP_PHASE_GREETING, true, "+OK",
	    "This is a POP3 server, where mail is fetched: submission is on "
	    "port 587 (smtp://) or 465 (smtps://)." },
	{ SMTP_PHASE_GREETING, true, "* OK",
	    "This is an IMAP server, where mail is read: submission is on "
	    "port 587 (smtp://) or 465 (smtps://)." },
	{ SMTP_PHASE_GREETING, true, "* BYE",
	    "This is an IMAP server, where mail is read: submission is on "
	    "port 587 (smtp://) or 465 (smtps://)." },
	{ SMTP_PHASE_GREETING, true, "HTTP/",
	    "This is a web server: check host and port." },
	{ SMTP_PHASE_GREETING, true, "<!DOCTYPE",
	    "This is a web server: check host and port." },
	{ SMTP_PHASE_GREETING, true, "SSH-",
	    "This is an SSH server: check the port." },
	{ SMTP_PHASE_EHLO, true, "FTP",
	    "This is an FTP server: check the port." },
	{ SMTP_PHASE_EHLO, true, "LMTP",
	    "This is an LMTP server: use lmtp:// or lmtp+plaintext://." },

	/* Not from here. */
	{ SMTP_PHASE_GREETING, false, "block", NULL },
	{ SMTP_PHASE_GREETING, false, "blacklist", NULL },
	{ SMTP_PHASE_GREETING, false, "spamhaus", NULL },
	{ SMTP_PHASE_GREETING, false, "dnsbl", NULL },
	{ SMTP_PHASE_GREETING, false, "rbl",
	    "The address of this machine is on a block list. A submission "
	    "server (port 587 or 465, with smtp_auth) does not ask where one "
	    "is; who runs this network can have it taken off." },

	/* What large providers say to a password. */
	{ SMTP_PHASE_AUTH, false, "basic authentication is disabled",
	    "The provider takes no passwords for mail any more: it wants "
	    "OAuth (smtp_auth_token)." },
	{ SMTP_PHASE_AUTH, false, "smtpclientauth",
	    "Submission is switched off for this account: its administrator "
	    "has to allow it (authenticated SMTP)." },
	{ SMTP_PHASE_AUTH, false, "application-specific password", NULL },
	{ SMTP_PHASE_AUTH, false, "application password", NULL },
	{ SMTP_PHASE_AUTH, false, "app-specific password", NULL },
	{ SMTP_PHASE_AUTH, false, "app password",
	    "The account wants an application password: make one in its "
	    "security settings and use that, or OAuth (smtp_auth_token)." },
	{ SMTP_PHASE_AUTH, false, "web browser", NULL },
	{ SMTP_PHASE_AUTH, false, "web login",
	    "The provider wants a login with a web browser first; its words "
	    "say where." },
	{ SMTP_PHASE_AUTH, false, "too many",
	    "There were too many attempts: wait some minutes before the "
	    "next." },
};

static bool
contains(const char *text, const char *words)
{
	size_t n = strlen(words);

	for (; text != NULL && strlen(text) >= n; text++)
		if (smtp__same(text, n, words, n))
			return true;
	return false;
}

/* NULL: nothing is known by these words. */
static const char *
by_words(const struct smtp__facts *f)
{
	const size_t count = sizeof spoken / sizeof *spoken;

	for (size_t i = 0; i < count; i++) {
		const struct spoken *r = &spoken[i];

		/* Refused for another reason: that tells nothing of it. */
		if (r->phase == SMTP_PHASE_EHLO && (f->lmtp ||
		    (f->code != 500 && f->code != 502)))
			continue;
		if (r->phase != f->phase ||
		    (!r->banner && f->code < 400) ||
		    !contains(r->banner ? f->banner : f->words, r->says))
			continue;
		while (r->words == NULL)         /* that of the next one */
			r++;
		return r->words;
	}
	return NULL;
}

static bool
is(int wanted, int has)
{
	return wanted == ANY || wanted == has;
}

static bool
is_part(unsigned wanted, unsigned has)
{
	return wanted == ANY_CODE || wanted == has;
}

static unsigned
bits(const struct smtp__facts *f)
{
	unsigned is_bits = 0;

	is_bits |= f->not_tls ? NOT_TLS : 0;
	is_bits |= f->policy == SMTP_ENGINE_IMPLICIT ? IMPLICIT : 0;
	is_bits |= f->policy == SMTP_ENGINE_STARTTLS ? STARTTLS : 0;
	is_bits |= f->policy == SMTP_ENGINE_OPPORTUNISTIC ? OPPORTUNISTIC : 0;
	is_bits |= f->secure ? 0 : CLEAR;
	is_bits |= f->port == 465 ? PORT_465 : 0;
	is_bits |= f->port == 25 ? PORT_25 : 0;
	is_bits |= f->starttls ? 0 : NO_STARTTLS;
	is_bits |= f->auth ? 0 : NO_AUTH;
	is_bits |= f->own_ca ? OWN_CA : 0;
	is_bits |= f->token ? TOKEN : PASSWORD;
	is_bits |= f->lmtp ? LMTP : 0;
	is_bits |= f->proxy ? PROXY : 0;
	return is_bits;
}

const char *
smtp__hint(const struct smtp__facts *f)
{
	const unsigned has = bits(f);
	const char *said;

	if (f->status == SMTP_OK)
		return "";
	said = by_words(f);
	if (said != NULL)
		return said;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];

		if (is(r->cause, f->cause) && is(r->phase, f->phase) &&
		    is(r->code, f->code) && is_part(r->subject, f->subject) &&
		    is_part(r->detail, f->detail) &&
		    (r->cert == 0 || r->cert & f->cert_errors) &&
		    (r->needs & has) == r->needs)
			return r->words;
	}
	return "";
}
