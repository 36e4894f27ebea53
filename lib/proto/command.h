/* SPDX-License-Identifier: MIT */
/*
 * What may stand in a command: the one place where CR, LF, NUL and other
 * octets that could end or change a command are stopped.
 */
#ifndef SMTP__COMMAND_H
#define SMTP__COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include <smtp/config.h>

#define SMTP__COMMAND_MAX 512    /* with CRLF, RFC 5321 section 4.5.3.1.4 */

#define SMTP__COMMAND_NOT 0x10000 /* more than any command has            */

/*
 * The octets of the inside of a path, or SMTP__COMMAND_NOT: no control octet,
 * no space or angle bracket outside of a quoted string, quotes closed. `*utf8`
 * is set for octets above 127. The grammar of mailboxes is looked at before,
 * with smtp__mailbox_check().
 */
size_t
smtp__command_path(const char *p, bool *utf8);

/*
 * Parameters: KEYWORD or KEYWORD=value, single spaces (section 4.1.2). `*utf8`
 * is set for octets above 127 in a value.
 */
bool
smtp__command_parameters(const char *p, bool *utf8);

/* A line of visible ASCII and, if it may, spaces; not empty, not too long. */
bool
smtp__command_line(const char *p, bool spaces);

/* The same with spaces and octets above 127. */
#if SMTP_WITH_PARAMETERS
bool
smtp__command_wide_line(const char *p);
#endif

#endif
