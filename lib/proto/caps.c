/* SPDX-License-Identifier: MIT */
#include "proto/caps.h"

#include <string.h>

#include <smtp/engine.h>

#include "sasl/mech.h"

enum {
	NEW_LINE,
	OTHER,
	AUTH,
	SIZE
};

static const struct {
	char word[20];
	uint16_t offer;
} keywords[] = {
	{ "PIPELINING", SMTP_OFFER_PIPELINING },
	{ "SIZE", SMTP_OFFER_SIZE },
	{ "8BITMIME", SMTP_OFFER_8BITMIME },
	{ "SMTPUTF8", SMTP_OFFER_SMTPUTF8 },
	{ "STARTTLS", SMTP_OFFER_STARTTLS },
	{ "AUTH", SMTP_OFFER_AUTH },
	{ "ENHANCEDSTATUSCODES", SMTP_OFFER_ENHANCED },
	{ "CHUNKING", SMTP_OFFER_CHUNKING },
	{ "BINARYMIME", SMTP_OFFER_BINARYMIME },
	{ "DSN", SMTP_OFFER_DSN },
};

void
smtp__caps_forget(struct smtp__caps *caps)
{
	memset(caps, 0, sizeof *caps);
}

static void
keyword(struct smtp__caps *caps)
{
	size_t i;

	caps->keyword = OTHER;
	for (i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
		if (strcmp(caps->word, keywords[i].word) != 0)
			continue;
		caps->offers |= keywords[i].offer;
		if (keywords[i].offer == SMTP_OFFER_AUTH)
			caps->keyword = AUTH;
#if SMTP_WITH_SIZE
		if (keywords[i].offer == SMTP_OFFER_SIZE) {
			caps->keyword = SIZE;
			caps->size = 0;
		}
#endif
	}
}

#if SMTP_WITH_SIZE
/* RFC 1870 section 4: up to 20 digits; too many saturate, others are none. */
static void
limit(struct smtp__caps *caps)
{
	uint64_t size = 0, more;
	const char *p;

	for (p = caps->word; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return;
		more = (size << 3) + (size << 1) + (uint64_t)(*p - '0');
		if (size > UINT64_MAX >> 4 && (more >> 1) < size)
			more = UINT64_MAX;
		size = size == UINT64_MAX ? size : more;
	}
	caps->size = size;
	caps->keyword = OTHER;
}
#endif

static void
word(struct smtp__caps *caps)
{
	if (caps->word_n == 0)
		return;
	if (caps->word_n < sizeof caps->word) {
		caps->word[caps->word_n] = '\0';
		if (caps->keyword == NEW_LINE)
			keyword(caps);
		else if (caps->keyword == AUTH)
			caps->mechanisms |= smtp__mech_bit(caps->word);
#if SMTP_WITH_SIZE
		else if (caps->keyword == SIZE)
			limit(caps);
#endif
	} else if (caps->keyword == NEW_LINE) {
		caps->keyword = OTHER;
	}
	caps->word_n = 0;
}

/* "AUTH=" is an old spelling that servers still have (RFC 4954 section 3). */
void
smtp__caps_octet(struct smtp__caps *caps, char c)
{
	if (c == ' ' || c == '\t' || c == '\n' ||
	    (c == '=' && caps->keyword == NEW_LINE)) {
		word(caps);
		if (c == '\n')
			caps->keyword = NEW_LINE;
		return;
	}
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (caps->word_n < sizeof caps->word)
		caps->word[caps->word_n++] = c;
}

void
smtp__caps_settle(struct smtp__caps *caps)
{
	smtp__caps_octet(caps, '\n');
	if (!(caps->offers & SMTP_OFFER_8BITMIME))
		caps->offers &= (uint16_t)~SMTP_OFFER_SMTPUTF8;
	if (!(caps->offers & SMTP_OFFER_CHUNKING))
		caps->offers &= (uint16_t)~SMTP_OFFER_BINARYMIME;
}
