/* SPDX-License-Identifier: MIT */
/*
 * A server may repeat what it was told. Whoever reads its words, in an error
 * or in a trace, must not see the secret there.
 */
#ifndef SMTP__SECRET_H
#define SMTP__SECRET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Put stars where the secret stands in `p`: as it is, with octets as \xNN like
 * a trace has them, or inside of something in base64. A secret of one or two
 * octets is left, since it would star half of the words. NULL is none. With
 * `cut` there was more behind `p`: a beginning of the secret at its end is
 * starred, too.
 */
void
smtp__secret_hide(char *p, size_t n, const char *secret, bool cut);

#endif
