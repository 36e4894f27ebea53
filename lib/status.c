/* SPDX-License-Identifier: MIT */
/*
 * Names of what the library is and returns.
 */
#include <smtp/smtp.h>

static const struct {
	int status;
	const char *name;
} statuses[] = {
	{ SMTP_OK, "OK" },
	{ SMTP_E_PARTIAL, "PARTIAL" },
	{ SMTP_E_LATER, "LATER" },
	{ SMTP_E_REFUSED, "REFUSED" },
	{ SMTP_E_UNKNOWN, "UNKNOWN" },
	{ SMTP_E_ARGUMENT, "ARGUMENT" },
	{ SMTP_E_STATE, "STATE" },
	{ SMTP_E_SPACE, "SPACE" },
	{ SMTP_E_MEMORY, "MEMORY" },
	{ SMTP_E_UNSUPPORTED, "UNSUPPORTED" },
	{ SMTP_E_SOURCE, "SOURCE" },
	{ SMTP_E_RESOLVE, "RESOLVE" },
	{ SMTP_E_CONNECT, "CONNECT" },
	{ SMTP_E_CLOSED, "CLOSED" },
	{ SMTP_E_TIMEOUT, "TIMEOUT" },
	{ SMTP_E_CANCELLED, "CANCELLED" },
	{ SMTP_E_TLS, "TLS" },
	{ SMTP_E_CERTIFICATE, "CERTIFICATE" },
	{ SMTP_E_AUTH, "AUTH" },
	{ SMTP_E_PROTOCOL, "PROTOCOL" },
	{ SMTP_E_REPLY, "REPLY" },
};

static const char *const phases[] = {
	[SMTP_PHASE_NONE] = "",
	[SMTP_PHASE_RESOLVE] = "resolve",
	[SMTP_PHASE_CONNECT] = "connect",
	[SMTP_PHASE_TLS] = "tls",
	[SMTP_PHASE_GREETING] = "greeting",
	[SMTP_PHASE_EHLO] = "ehlo",
	[SMTP_PHASE_STARTTLS] = "starttls",
	[SMTP_PHASE_AUTH] = "auth",
	[SMTP_PHASE_MAIL] = "mail",
	[SMTP_PHASE_RCPT] = "rcpt",
	[SMTP_PHASE_DATA] = "data",
	[SMTP_PHASE_CONTENT] = "content",
	[SMTP_PHASE_FINAL] = "final",
	[SMTP_PHASE_QUIT] = "quit",
};

const char *
smtp_version(void)
{
	return SMTP_VERSION;
}

const char *
smtp_status_name(int status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].status == status)
			return statuses[i].name;
	return status > 0 ? "WANT" : "";
}

const char *
smtp_phase_name(int phase)
{
	if (phase < 0 || (size_t)phase >= sizeof phases / sizeof *phases)
		return "";
	return phases[phase];
}
