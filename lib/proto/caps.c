/* SPDX-License-Identifier: MIT */
#include "proto/caps.h"

#include <string.h>

#include <smtp/engine.h>

#include "sasl/mech.h"
#include "text/called.h"

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
	"\0STARTTLS\0AUTH"
/* What the engine does not need itself is for those who ask what is offered. */
#if SMTP_WITH_INSPECT
	"\0ENHANCEDSTATUSCODES\0CHUNKING\0BINARYMIME\0DSN\0PRDR"
#define KEYWORDS 11
#elif SMTP_WITH_BDAT || SMTP_WITH_PRDR
	"\0\0CHUNKING\0BINARYMIME\0\0PRDR"
#define KEYWORDS 11
#else
#define KEYWORDS 6
#endif
	;

enum {
	NEW_LINE = 0,            /* its keyword comes                     */
	OTHER = 1                /* what is behind it is not looked at    */
};

#if SMTP_WITH_SIZE
/* RFC 1870 section 4: too large a number saturates, others are none. */
static void
limit(struct smtp__caps *caps, const char *p)
{
	const SMTP_OCTETS most = (SMTP_OCTETS)-1;
	SMTP_OCTETS size = 0;

	for (; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return;
		size = size >= most / 10 ? most :
		    (size << 3) + (size << 1) + (SMTP_OCTETS)(*p - '0');
	}
	caps->size = size;
}
#endif

/* A word that did not fit is cut, and none that is known. */
static void
word(struct smtp__caps *caps, struct smtp__caps_reader *reader)
{
	if (reader->n == 0)
		return;
	reader->word[reader->n] = '\0';
	reader->n = 0;
	if (reader->about == NEW_LINE) {
		reader->about = (uint16_t)smtp__mech_find(keywords, KEYWORDS,
		    reader->word);
		caps->offers |= reader->about;
		reader->about |= OTHER;
	} else if (reader->about & SMTP_OFFER_AUTH) {
		caps->mechanisms |= (uint8_t)smtp__mech_bit(reader->word);
#if SMTP_WITH_SIZE
	} else if (reader->about & SMTP_OFFER_SIZE) {
		reader->about = OTHER;
		limit(caps, reader->word);
#endif
	}
}

/* "AUTH=" is an old spelling that servers still have (RFC 4954 section 3). */
SMTP__CALLED void
smtp__caps_octet(struct smtp__caps *caps, struct smtp__caps_reader *reader,
    char c)
{
	if (c == ' ' || c == '\t' || c == '\n' ||
	    (c == '=' && reader->about == NEW_LINE)) {
		word(caps, reader);
		if (c == '\n')
			reader->about = NEW_LINE;
	} else if (reader->n < sizeof reader->word - 1) {
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		reader->word[reader->n++] = c == '\0' ? '?' : c;
	}
}

void
smtp__caps_settle(struct smtp__caps *caps)
{
	(void)caps;
#if SMTP_WITH_SMTPUTF8
	if (!(caps->offers & SMTP_OFFER_8BITMIME))
		caps->offers &= (uint16_t)~SMTP_OFFER_SMTPUTF8;
#endif
#if SMTP_WITH_INSPECT || SMTP_WITH_BDAT
	if (!(caps->offers & SMTP_OFFER_CHUNKING))
		caps->offers &= (uint16_t)~SMTP_OFFER_BINARYMIME;
#endif
}
