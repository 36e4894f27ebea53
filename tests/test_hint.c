/* SPDX-License-Identifier: MIT */
/* What usually helps: the usual causes, each told from the others. */
#include "check.h"

#include <smtp/engine.h>
#include <smtp/status.h>

#include "hint.h"
#include "net/net.h"

#define REPLY(c, s, d) .code = (c), .subject = (s), .detail = (d)
#define NONE .code = 0, .subject = SMTP_NO_ENHANCED, .detail = SMTP_NO_ENHANCED

static const struct {
	const char *name;
	struct smtp__facts facts;
	const char *says;                /* NULL: nothing                 */
} rows[] = {
	{ "all is well", { NONE }, NULL },
	{ "TLS to a port without", { SMTP_E_TLS, SMTP_E_TLS, SMTP_PHASE_TLS,
	    NONE, .policy = SMTP_ENGINE_IMPLICIT, .not_tls = true },
	    "does not speak TLS from the first octet. Use smtp://" },
	{ "garbage behind STARTTLS", { SMTP_E_TLS, SMTP_E_TLS,
	    SMTP_PHASE_TLS, NONE, .not_tls = true }, "What answered is not" },
	{ "no TLS to port 465", { SMTP_E_TIMEOUT, SMTP_E_TIMEOUT,
	    SMTP_PHASE_GREETING, NONE, .port = 465 },
	    "Port 465 speaks TLS from the first octet: use smtps://" },
	{ "port 465 that hangs up", { SMTP_E_CLOSED, SMTP_E_CLOSED,
	    SMTP_PHASE_GREETING, NONE, .port = 465 }, "use smtps://" },
	{ "no greeting", { SMTP_E_TIMEOUT, SMTP_E_TIMEOUT,
	    SMTP_PHASE_GREETING, NONE, .port = 587 }, "said nothing" },
	{ "no greeting under TLS", { SMTP_E_TIMEOUT, SMTP_E_TIMEOUT,
	    SMTP_PHASE_GREETING, NONE, .port = 465, .secure = true }, NULL },
	{ "no mail server", { SMTP_E_PROTOCOL, SMTP_E_PROTOCOL,
	    SMTP_PHASE_GREETING, NONE }, "not a mail server" },
	{ "no STARTTLS", { SMTP_E_TLS, SMTP_E_TLS, SMTP_PHASE_EHLO, NONE,
	    .policy = SMTP_ENGINE_STARTTLS }, "does not offer STARTTLS" },
	{ "not valid yet", { SMTP_E_CERTIFICATE, SMTP_E_CERTIFICATE,
	    SMTP_PHASE_TLS, NONE, .cert_errors = SMTP__CERT_NOT_YET },
	    "is the clock of this machine set" },
	{ "expired", { SMTP_E_CERTIFICATE, SMTP_E_CERTIFICATE,
	    SMTP_PHASE_TLS, NONE, .cert_errors = SMTP__CERT_EXPIRED },
	    "has expired" },
	{ "unknown authority", { SMTP_E_CERTIFICATE, SMTP_E_CERTIFICATE,
	    SMTP_PHASE_TLS, NONE, .cert_errors = SMTP__CERT_UNKNOWN_CA },
	    "name its authority with the option ca-file" },
	{ "not ours", { SMTP_E_CERTIFICATE, SMTP_E_CERTIFICATE,
	    SMTP_PHASE_TLS, NONE, .cert_errors = SMTP__CERT_UNKNOWN_CA,
	    .own_ca = true }, "is not signed by one that ca-file" },
	{ "another name", { SMTP_E_CERTIFICATE, SMTP_E_CERTIFICATE,
	    SMTP_PHASE_TLS, NONE, .cert_errors = SMTP__CERT_NAME },
	    "belongs to another name" },
	{ "revoked", { SMTP_E_CERTIFICATE, SMTP_E_CERTIFICATE,
	    SMTP_PHASE_TLS, NONE, .cert_errors = SMTP__CERT_REVOKED },
	    "revoked" },
	{ "weak", { SMTP_E_CERTIFICATE, SMTP_E_CERTIFICATE, SMTP_PHASE_TLS,
	    NONE, .cert_errors = SMTP__CERT_WEAK }, "too weak" },
	{ "not for servers", { SMTP_E_CERTIFICATE, SMTP_E_CERTIFICATE,
	    SMTP_PHASE_TLS, NONE, .cert_errors = SMTP__CERT_USAGE },
	    "not made for a server" },
	{ "an application password", { SMTP_E_AUTH, SMTP_E_AUTH,
	    SMTP_PHASE_AUTH, REPLY(534, 7, 9), .secure = true, .auth = true },
	    "application password" },
	{ "the wrong password", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH,
	    REPLY(535, 7, 8), .secure = true, .auth = true },
	    "Check user and password" },
	{ "the wrong token", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH,
	    REPLY(535, 7, 8), .secure = true, .auth = true, .token = true },
	    "The token was not taken" },
	{ "no AUTH on port 25", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH,
	    NONE, .port = 25 }, "port 587" },
	{ "no AUTH without TLS", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH,
	    NONE, .port = 587 }, "because there is no TLS" },
	{ "no AUTH", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH, NONE,
	    .port = 587, .secure = true }, "offers no AUTH here" },
	{ "in clear", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH, NONE,
	    .auth = true }, "insecure-plaintext-auth" },
	{ "opportunistic", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH, NONE,
	    .policy = SMTP_ENGINE_OPPORTUNISTIC, .auth = true },
	    "smtp+opportunistic://" },
	{ "AUTH later", { SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_AUTH,
	    REPLY(454, 7, 0) }, "not the password" },
	{ "AUTH first", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_MAIL,
	    REPLY(530, 7, 0), .secure = true }, "call smtp_auth" },
	{ "TLS first", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_MAIL,
	    REPLY(530, 7, 0) }, "TLS or authentication first" },
	{ "too large", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_MAIL,
	    REPLY(0, 3, 4) }, "larger than the server takes" },
	{ "mailbox full", { SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_RCPT,
	    REPLY(452, 2, 2) }, "mailbox is full" },
	{ "greylisting", { SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_RCPT,
	    REPLY(451, 7, 1) }, "greylisting" },
	{ "nobody", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_RCPT,
	    REPLY(550, 1, 1) }, "no such mailbox" },
	{ "no such proxy", { SMTP_E_PROTOCOL, SMTP_E_PROTOCOL,
	    SMTP_PHASE_CONNECT, NONE, .proxy = true }, "no such proxy" },
	{ "proxy refused", { SMTP_E_CONNECT, SMTP_E_CONNECT,
	    SMTP_PHASE_CONNECT, NONE, .proxy = true }, "many allow few" },
	{ "proxy silent", { SMTP_E_TIMEOUT, SMTP_E_TIMEOUT,
	    SMTP_PHASE_CONNECT, NONE, .port = 25, .proxy = true },
	    "The proxy does not answer" },
	{ "proxy without a name", { SMTP_E_RESOLVE, SMTP_E_RESOLVE,
	    SMTP_PHASE_RESOLVE, NONE, .proxy = true },
	    "spelling of the proxy" },
	{ "no name", { SMTP_E_RESOLVE, SMTP_E_RESOLVE, SMTP_PHASE_RESOLVE,
	    NONE }, "spelling" },
	{ "port 25 blocked", { SMTP_E_TIMEOUT, SMTP_E_TIMEOUT,
	    SMTP_PHASE_CONNECT, NONE, .port = 25 }, "block port 25" },
	{ "refused", { SMTP_E_CONNECT, SMTP_E_CONNECT, SMTP_PHASE_CONNECT,
	    NONE }, "Check host and port" },
	{ "no memory in TLS", { SMTP_E_MEMORY, SMTP_E_MEMORY, SMTP_PHASE_TLS,
	    NONE }, "no memory" },
	/* What came first, and the words of the reply. */
	{ "POP3", { SMTP_E_PROTOCOL, SMTP_E_PROTOCOL, SMTP_PHASE_GREETING,
	    NONE, .banner = "+OK Dovecot ready." }, "POP3" },
	{ "IMAP", { SMTP_E_PROTOCOL, SMTP_E_PROTOCOL, SMTP_PHASE_GREETING,
	    NONE, .banner = "* OK [CAPABILITY IMAP4rev1]" }, "IMAP" },
	{ "IMAP that is full", { SMTP_E_PROTOCOL, SMTP_E_PROTOCOL,
	    SMTP_PHASE_GREETING, NONE, .banner = "* BYE no" }, "IMAP" },
	{ "web", { SMTP_E_PROTOCOL, SMTP_E_PROTOCOL, SMTP_PHASE_GREETING,
	    NONE, .banner = "HTTP/1.1 400 Bad Request" }, "web server" },
	{ "SSH", { SMTP_E_PROTOCOL, SMTP_E_PROTOCOL, SMTP_PHASE_GREETING,
	    NONE, .banner = "SSH-2.0-OpenSSH_9.2" }, "SSH" },
	{ "FTP", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_EHLO,
	    REPLY(500, SMTP_NO_ENHANCED, 0), .banner = "220 vsFTPd 3" },
	    "FTP" },
	{ "LMTP by name", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_EHLO,
	    REPLY(500, 5, 1), .banner = "220 mx LMTP ready" },
	    "use lmtp://" },
	{ "EHLO unknown", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_EHLO,
	    REPLY(502, 5, 1), .banner = "220 mx ready" }, "LMTP (lmtp://)" },
	{ "LHLO unknown", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_EHLO,
	    REPLY(500, 5, 1), .lmtp = true }, "may speak SMTP" },
	{ "EHLO's name", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_EHLO,
	    REPLY(501, 5, 4) }, "ehlo-name" },
	{ "on a block list", { SMTP_E_REFUSED, SMTP_E_REPLY,
	    SMTP_PHASE_GREETING, REPLY(554, 7, 1),
	    .words = "Your IP is BLOCKED" }, "is on a block list" },
	{ "not from here", { SMTP_E_REFUSED, SMTP_E_REPLY,
	    SMTP_PHASE_GREETING, REPLY(554, 7, 1), .words = "no" },
	    "may be on a block list" },
	{ "busy", { SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_GREETING,
	    REPLY(421, 3, 2), .words = "later" }, "busy" },
	{ "an application password, in words", { SMTP_E_AUTH, SMTP_E_AUTH,
	    SMTP_PHASE_AUTH, REPLY(534, 7, 9),
	    .words = "Application-specific password required. Learn more" },
	    "make one in its security settings" },
	{ "OAuth only", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH,
	    REPLY(535, 7, 139), .words = "Authentication unsuccessful, basic "
	    "authentication is disabled." }, "wants OAuth" },
	{ "switched off", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH,
	    REPLY(535, 7, 139), .words = "SmtpClientAuthentication is "
	    "disabled for the Mailbox" }, "switched off" },
	{ "a browser", { SMTP_E_AUTH, SMTP_E_AUTH, SMTP_PHASE_AUTH,
	    REPLY(534, 7, 14), .words = "Please log in via your web browser" },
	    "with a web browser first" },
	{ "too often", { SMTP_E_LATER, SMTP_E_REPLY, SMTP_PHASE_AUTH,
	    REPLY(454, 7, 0), .words = "Too many login attempts" },
	    "too many attempts" },
	{ "words of a success are none", { SMTP_E_AUTH, SMTP_E_AUTH,
	    SMTP_PHASE_AUTH, NONE, .auth = true, .secure = true,
	    .words = "too many" }, NULL },
	{ "STARTTLS not now", { SMTP_E_TLS, SMTP_E_TLS, SMTP_PHASE_STARTTLS,
	    REPLY(454, 7, 0) }, "cannot do TLS just now" },
	{ "STARTTLS refused", { SMTP_E_TLS, SMTP_E_TLS, SMTP_PHASE_STARTTLS,
	    REPLY(502, 5, 1) }, "refuses it" },
	{ "nothing known", { SMTP_E_REFUSED, SMTP_E_REPLY, SMTP_PHASE_FINAL,
	    REPLY(554, SMTP_NO_ENHANCED, SMTP_NO_ENHANCED) }, NULL },
};

static void
test_hint__tells_the_usual_causes_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *hint = smtp__hint(&rows[i].facts);

		if (rows[i].says == NULL ? hint[0] != '\0' :
		    strstr(hint, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].name, hint);
		for (const char *p = hint; *p != '\0'; p++)
			assert_true(*p >= ' ' && *p < 127);
	}
	proves("R3463-3.3-1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hint__tells_the_usual_causes_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
