/* SPDX-License-Identifier: MIT */
#include "proto/caps.h"

#include <string.h>

#include <smtp/engine.h>

#include "sasl/mech.h"

/* In the order of the bits of enum smtp_engine_offer; each ends with NUL. */
static const char keywords[] =
#if SMTP_WITH_PIPELINING
	"PIPELINING"
#endif
	"\0"
#if SMTP_WITH_SIZE
	"SIZE"
#endif
	"\0"
#if SMTP_WITH_8BITMIME
	"8BITMIME"
#endif
	"\0"
#if SMTP_WITH_SMTPUTF8
	"SMTPUTF8"
#endif
	"\0STARTTLS\0AUTH\0"
#if SMTP_WITH_ENHANCED
	"ENHANCEDSTATUSCODES"
#endif
#if SMTP_WITH_TEXT || SMTP_WITH_BDAT || SMTP_WITH_PRDR
	"\0CHUNKING\0BINARYMIME\0DSN"
#endif
#if SMTP_WITH_PRDR
	"\0PRDR"
#endif
	;

/* What a line is about: the bit of its keyword, once that was read. */
enum {
	NEW_LINE = 0,
	OTHER = 1
};

static void
keyword(struct smtp__caps *caps, struct smtp__caps_reader *reader)
{
	const char *p;
	unsigned offer = 1;

	for (p = keywords; p < keywords + sizeof keywords; p += strlen(p) + 1) {
		if (strcmp(p, reader->word) == 0) {
			caps->offers |= (uint16_t)offer;
			break;
		}
		offer <<= 1;
	}
	reader->keyword = (uint16_t)offer;
}

#if SMTP_WITH_SIZE
/* RFC 1870 section 4: too large a number saturates, others are none. */
static void
limit(struct smtp__caps *caps, const char *p)
{
	const SMTP_OCTETS most = (SMTP_OCTETS)-1;
	SMTP_OCTETS size = 0, twice;

	for (; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return;
		twice = size << 1;
		if (size >= most / 10)
			twice = size = most;
		else
			size = (twice << 2) + twice + (SMTP_OCTETS)(*p - '0');
	}
	caps->size = size;
}
#endif

/* A word that did not fit is cut, and none that is known. */
static void
word(struct smtp__caps *caps, struct smtp__caps_reader *reader)
{
	if (reader->word_n == 0)
		return;
	reader->word[reader->word_n] = '\0';
	reader->word_n = 0;
	if (reader->keyword == NEW_LINE)
		keyword(caps, reader);
	else if (reader->keyword == SMTP_OFFER_AUTH)
		caps->mechanisms |= (uint8_t)smtp__mech_bit(reader->word);
#if SMTP_WITH_SIZE
	else if (reader->keyword == SMTP_OFFER_SIZE) {
		reader->keyword = OTHER;
		limit(caps, reader->word);
	}
#endif
}

/* "AUTH=" is an old spelling that servers still have (RFC 4954 section 3). */
void
smtp__caps_octet(struct smtp__caps *caps, struct smtp__caps_reader *reader,
    char c)
{
	if (c == ' ' || c == '\t' || c == '\n' ||
	    (c == '=' && reader->keyword == NEW_LINE)) {
		word(caps, reader);
		if (c == '\n')
			reader->keyword = NEW_LINE;
	} else if (reader->word_n < sizeof reader->word - 1) {
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		reader->word[reader->word_n++] = c == '\0' ? '?' : c;
	}
}

void
smtp__caps_settle(struct smtp__caps *caps, struct smtp__caps_reader *reader)
{
	smtp__caps_octet(caps, reader, '\n');
#if SMTP_WITH_SMTPUTF8
	if (!(caps->offers & SMTP_OFFER_8BITMIME))
		caps->offers &= (uint16_t)~SMTP_OFFER_SMTPUTF8;
#endif
#if SMTP_WITH_TEXT || SMTP_WITH_BDAT
	if (!(caps->offers & SMTP_OFFER_CHUNKING))
		caps->offers &= (uint16_t)~SMTP_OFFER_BINARYMIME;
#endif
}
