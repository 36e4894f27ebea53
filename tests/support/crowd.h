/* SPDX-License-Identifier: MIT */
/*
 * A server for many sessions at once, in a process of its own. It answers no
 * MAIL before as many as were asked for are past EHLO at the same moment, and
 * counts.
 */
#ifndef TEST_CROWD_H
#define TEST_CROWD_H

struct crowd {
	unsigned port;
	/* what it saw so far */
	volatile unsigned most;          /* past EHLO at the same moment    */
	volatile unsigned mails;
	volatile unsigned quits;
};

/* Fails the test where the system does not allow so many descriptors. */
struct crowd *
crowd_start(unsigned n);
void
crowd_stop(struct crowd *crowd);

#endif
