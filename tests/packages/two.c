/* SPDX-License-Identifier: MIT */
/*
 * Two copies of the library under two prefixes, and another library that has
 * some of its names, in one program.
 */
#include <stdio.h>

#include <libesmtp.h>   /* needs size_t */

/* one.c, compiled once for each copy. */
int
left_refuses(void);
int
right_refuses(void);

int
main(void)
{
	char version[32];
	smtp_session_t session;

	if (smtp_version(version, sizeof version, 0) < 0)
		return 1;
	session = smtp_create_session();
	if (session == NULL || !smtp_set_hostname(session, "localhost"))
		return 1;
	smtp_destroy_session(session);
	if (!left_refuses() || !right_refuses())
		return 1;
	printf("libesmtp %s beside two of ours\n", version);
	return 0;
}
