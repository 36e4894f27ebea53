/* SPDX-License-Identifier: MIT */
/*
 * What this build knows of a server's offers; of the others a test asks
 * nothing.
 */
#ifndef SUPPORT_BUILT_H
#define SUPPORT_BUILT_H

#include <smtp/engine.h>

#define OFFERS_BUILT ( \
    (SMTP_WITH_PIPELINING ? SMTP_OFFER_PIPELINING : 0) | \
    (SMTP_WITH_SIZE ? SMTP_OFFER_SIZE : 0) | \
    (SMTP_WITH_8BITMIME ? SMTP_OFFER_8BITMIME : 0) | \
    (SMTP_WITH_SMTPUTF8 && SMTP_WITH_8BITMIME ? SMTP_OFFER_SMTPUTF8 : 0) | \
    SMTP_OFFER_STARTTLS | SMTP_OFFER_AUTH | \
    (SMTP_WITH_ENHANCED && SMTP_WITH_INSPECT ? SMTP_OFFER_ENHANCED : 0) | \
    (SMTP_WITH_BDAT ? SMTP_OFFER_CHUNKING | SMTP_OFFER_BINARYMIME : 0) | \
    (SMTP_WITH_TEXT && SMTP_WITH_INSPECT ? SMTP_OFFER_DSN : 0) | \
    (SMTP_WITH_PRDR ? SMTP_OFFER_PRDR : 0))

/* More mechanisms than PLAIN, which has one line only without them. */
#define CHOICE_BUILT (SMTP_WITH_LOGIN || SMTP_WITH_CRAM_MD5 || \
    SMTP_WITH_XOAUTH2 || SMTP_WITH_OAUTHBEARER || \
    (SMTP_WITH_STEPPED && SMTP_WITH_TEXT))

#endif
