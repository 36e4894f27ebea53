/* SPDX-License-Identifier: MIT */
/*
 * Enhanced status codes in words: RFC 3463, and the registry of RFC 5248.
 */
#include <stddef.h>

#include <smtp/smtp.h>

#include "text/ascii.h"

/* By subject: what the detail is about; nothing more where it is unknown. */
static const char *const subjects[] = {
	"no more is said", "the address", "the mailbox", "the mail system",
	"the network or the way there", "the protocol", "the content",
	"security or policy",
};

static const struct reason {
	unsigned char subject, detail;
	const char *words;
} reasons[] = {
	{ 1, 1, "no such mailbox" },
	{ 1, 2, "no such domain" },
	{ 1, 3, "the address is not well-formed" },
	{ 1, 4, "the address stands for several mailboxes" },
	{ 1, 5, "the address is good" },
	{ 1, 6, "the mailbox has moved" },
	{ 1, 7, "the sender's address is not well-formed" },
	{ 1, 8, "the sender's domain does not exist" },
	{ 1, 10, "the domain takes no mail (null MX)" },
	{ 2, 1, "the mailbox is disabled" },
	{ 2, 2, "the mailbox is full" },
	{ 2, 3, "the mail is too large for the mailbox" },
	{ 2, 4, "the list could not be expanded" },
	{ 3, 1, "the mail system is full" },
	{ 3, 2, "the system takes no mail now" },
	{ 3, 3, "the system lacks a feature that is needed" },
	{ 3, 4, "the mail is too large for the system" },
	{ 3, 5, "the system is not set up rightly" },
	{ 3, 6, "the priority was changed" },
	{ 4, 1, "the host does not answer" },
	{ 4, 2, "the connection was bad" },
	{ 4, 3, "a directory server failed" },
	{ 4, 4, "there is no way to the host" },
	{ 4, 5, "the network or the system is too busy" },
	{ 4, 6, "the mail goes round in a loop" },
	{ 4, 7, "the mail could not be delivered in time" },
	{ 5, 1, "the command is not known, or not now" },
	{ 5, 2, "the command is not well-formed" },
	{ 5, 3, "too many recipients" },
	{ 5, 4, "a parameter is not taken" },
	{ 5, 5, "the wrong version of the protocol" },
	{ 5, 6, "the line of AUTH is too long" },
	{ 6, 1, "the type of the content is not taken" },
	{ 6, 2, "the content has to be converted, which is forbidden" },
	{ 6, 3, "the content has to be converted, which is not possible" },
	{ 6, 4, "the content was converted with losses" },
	{ 6, 5, "the conversion failed" },
	{ 6, 6, "the content is not to be had" },
	{ 6, 7, "addresses beyond ASCII are not taken here" },
	{ 6, 8, "a reply in UTF-8 is needed, and not allowed" },
	{ 6, 9, "a header in UTF-8 cannot be passed on" },
	{ 7, 1, "not allowed" },
	{ 7, 2, "the list does not take it from this sender" },
	{ 7, 3, "a conversion for security is needed, and not possible" },
	{ 7, 4, "a security feature is missing" },
	{ 7, 5, "encryption failed" },
	{ 7, 6, "the encryption is not supported" },
	{ 7, 7, "the content was changed on the way" },
	{ 7, 8, "user or password is wrong" },
	{ 7, 9, "the mechanism is too weak" },
	{ 7, 10, "encryption is needed" },
	{ 7, 11, "encryption is needed for this mechanism" },
	{ 7, 12, "the password has to be given once in clear, under TLS" },
	{ 7, 13, "the account is disabled" },
	{ 7, 14, "a trust between servers is missing" },
	{ 7, 15, "the priority is too low" },
	{ 7, 16, "the mail is too large for its priority" },
	{ 7, 17, "the mailbox has another owner now" },
	{ 7, 18, "the domain has another owner now" },
	{ 7, 19, "the owner of the mailbox cannot be checked" },
	{ 7, 20, "no DKIM signature is good" },
	{ 7, 21, "no DKIM signature is acceptable" },
	{ 7, 22, "no DKIM signature is that of the author" },
	{ 7, 23, "SPF forbids the sender" },
	{ 7, 24, "SPF could not be checked" },
	{ 7, 25, "the address has no name (reverse DNS)" },
	{ 7, 26, "several checks of the sender failed" },
	{ 7, 27, "the sender's domain takes no mail (null MX)" },
	{ 7, 28, "too much mail" },
	{ 7, 29, "the ARC chain does not hold" },
	{ 7, 30, "REQUIRETLS cannot be kept on the way" },
};

/* One to three digits; false: something else. */
static bool
read_part(const char **p, unsigned *part)
{
	size_t n = 0;

	for (*part = 0; n < 3 && smtp__is_digit(**p); n++, ++*p)
		*part = *part * 10 + (unsigned)(**p - '0');
	return n > 0;
}

const char *
smtp_enhanced_words(const char *enhanced)
{
	const char *p = enhanced;
	unsigned subject, detail;

	if (p == NULL || (p[0] != '2' && p[0] != '4' && p[0] != '5') ||
	    p[1] != '.')
		return "";
	p += 2;
	if (!read_part(&p, &subject) || *p++ != '.' ||
	    !read_part(&p, &detail) || *p != '\0')
		return "";
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].subject == subject &&
		    reasons[i].detail == detail)
			return reasons[i].words;
	return subject < sizeof subjects / sizeof *subjects ?
	    subjects[subject] : "";
}
