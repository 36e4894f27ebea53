/* SPDX-License-Identifier: MIT */
/*
 * SASLprep (RFC 4013): user names and passwords in the one form in which
 * they are compared. A build without SMTP_WITH_SASLPREP takes ASCII alone,
 * as RFC 5802 section 2.2 has it for those who cannot prepare.
 */
#ifndef SMTP__SASLPREP_H
#define SMTP__SASLPREP_H

#include <stddef.h>

/*
 * Prepare the UTF-8 text `in` into `out`, which gets a NUL behind it and is
 * not `in`. Returns its length without the NUL, 0 too; or -1 for what is not
 * UTF-8, has prohibited characters or breaks the rule for right-to-left text
 * (RFC 3454 section 6), or when the room is too small. Then, and whenever it
 * was a secret, it is the caller's to wipe `out`.
 *
 * Room for the result, its NUL and 16 octets is enough; the result has at
 * most 11 times the octets of the text.
 *
 * A query string (RFC 3454 section 7) may have characters that Unicode 3.2
 * does not know; they stay as they are. A stored string may not: RFC 5802
 * wants the password of SCRAM prepared as one, and the name as a query.
 */
ptrdiff_t
smtp__saslprep(const char *in, char *out, size_t room);
ptrdiff_t
smtp__saslprep_stored(const char *in, char *out, size_t room);

#endif
