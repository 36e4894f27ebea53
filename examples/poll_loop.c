/* SPDX-License-Identifier: MIT */
/*
 * Several sessions at once in a loop over poll(), nothing of which blocks: one
 * for each recipient.
 *
 * usage: poll_loop url user from to... < text        (user "": without AUTH)
 */
#include <poll.h>
#include <smtp/message.h>
#include <smtp/smtp.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 64 };

struct job {
	struct smtp *smtp;
	struct smtp_message *mail;
	enum { OPENING, AUTHENTICATING, SENDING, LEAVING, DONE } state;
	int rc, result;
};

/* The operation has ended: begin the next. Above 0 it is under way. */
static int
next(struct job *job, const char *user)
{
	if (job->rc != SMTP_OK || job->state == LEAVING) {
		job->result = job->state == LEAVING ? SMTP_OK : job->rc;
		if (job->result != SMTP_OK)
			fprintf(stderr, "%s\n", smtp_error(job->smtp));
		job->state = DONE;
		return 0;
	}
	if (job->state == OPENING && user[0] != '\0') {
		job->state = AUTHENTICATING;
		return smtp_auth(job->smtp, user, getenv("SMTP_PASSWORD"));
	}
	if (job->state < SENDING) {
		job->state = SENDING;
		return smtp_send(job->smtp, job->mail);
	}
	job->state = LEAVING;
	return smtp_quit(job->smtp);
}

static int
loop(struct job *jobs, struct pollfd *at, int n, const char *user)
{
	int failed = 0;

	for (;;) {
		uint64_t due = UINT64_MAX, now;
		int left = 0;

		for (int i = 0; i < n; i++) {
			struct job *job = &jobs[i];

			while (job->rc <= 0 && job->state != DONE)
				job->rc = next(job, user);
			at[i].fd = job->state == DONE ? -1 :
			    smtp_fd(job->smtp);
			at[i].events = (short)(
			    (job->rc & SMTP_WANT_READ ? POLLIN : 0) |
			    (job->rc & SMTP_WANT_WRITE ? POLLOUT : 0));
			if (job->state == DONE)
				continue;
			left++;
			if (smtp_due_ms(job->smtp) < due)
				due = smtp_due_ms(job->smtp);
		}
		if (left == 0)
			break;
		now = smtp_now_ms();
		poll(at, (nfds_t)n, due <= now ? 0 :
		    due - now > 60000 ? 60000 : (int)(due - now));
		now = smtp_now_ms();
		for (int i = 0; i < n; i++)
			if (jobs[i].state != DONE && (at[i].revents != 0 ||
			    now >= smtp_due_ms(jobs[i].smtp)))
				jobs[i].rc = smtp_step(jobs[i].smtp);
	}
	for (int i = 0; i < n; i++)
		failed += jobs[i].result != SMTP_OK;
	return failed;
}

int
main(int argc, char **argv)
{
	struct job jobs[MOST] = { 0 };
	struct pollfd at[MOST] = { 0 };
	struct smtp_options *options = smtp_options_new();
	char text[4096];
	int n = argc - 4, failed;

	if (n < 1 || n > MOST)
		return 64;
	text[fread(text, 1, sizeof text - 1, stdin)] = '\0';
	smtp_options_set(options, "blocking", "no");
	smtp_options_set(options, "ca-file", getenv("SMTP_CA_FILE"));
	for (int i = 0; i < n; i++) {
		struct smtp_message *m = smtp_message_new();

		smtp_message_set_from(m, argv[3]);
		smtp_message_add_to(m, argv[4 + i]);
		smtp_message_set_subject(m, "From a loop");
		smtp_message_set_text(m, text);
		jobs[i].mail = m;
		jobs[i].rc = smtp_open(&jobs[i].smtp, argv[1], options);
	}
	smtp_options_free(options);
	failed = loop(jobs, at, n, argv[2]);
	for (int i = 0; i < n; i++) {
		smtp_close(jobs[i].smtp);
		smtp_message_free(jobs[i].mail);
	}
	return failed == 0 ? 0 : 1;
}
