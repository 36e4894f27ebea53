/* SPDX-License-Identifier: MIT */
/*
 * What to do about a session that failed, where smtp_diagnose() looks at it.
 */
#ifndef SMTP__ADVISE_H
#define SMTP__ADVISE_H

#include "client.h"

/*
 * Its hint, or what a second call in another way finds out, which one alone
 * cannot know. Waits up to five seconds.
 */
void
smtp__advise(const struct smtp *s, struct smtp__out *line);

#endif
