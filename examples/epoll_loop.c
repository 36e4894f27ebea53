/* SPDX-License-Identifier: MIT */
/*
 * The same with epoll, of Linux: what a session waits for is told to the
 * kernel when it changes. The descriptor may change with every step, and a
 * closed one leaves the set by itself.
 *
 * usage: epoll_loop url user from to... < text       (user "": without AUTH)
 */
#include <errno.h>
#include <smtp/message.h>
#include <smtp/smtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST = 64 };

struct job {
	struct smtp *smtp;
	struct smtp_message *mail;
	enum { OPENING, AUTHENTICATING, SENDING, LEAVING, DONE } state;
	int result;
};

/* Go on as far as it goes, and ask to be woken for the rest. */
static void
go_on(struct job *job, int rc, int set, const char *user)
{
	struct epoll_event event = { .data.ptr = job };
	int fd;

	while (rc <= 0) {
		if (rc != SMTP_OK || job->state == LEAVING) {
			job->result = job->state == LEAVING ? SMTP_OK : rc;
			if (job->result != SMTP_OK)
				fprintf(stderr, "%s\n",
				    smtp_error(job->smtp));
			job->state = DONE;
			smtp_close(job->smtp);
			return;
		}
		if (job->state == OPENING && user[0] != '\0') {
			job->state = AUTHENTICATING;
			rc = smtp_auth(job->smtp, user,
			    getenv("SMTP_PASSWORD"));
		} else if (job->state < SENDING) {
			job->state = SENDING;
			rc = smtp_send(job->smtp, job->mail);
		} else {
			job->state = LEAVING;
			rc = smtp_quit(job->smtp);
		}
	}
	if (rc & SMTP_WANT_READ)
		event.events |= EPOLLIN;
	if (rc & SMTP_WANT_WRITE)
		event.events |= EPOLLOUT;
	fd = smtp_fd(job->smtp);
	if (fd >= 0 && epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) != 0 &&
	    errno == ENOENT)
		epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

static void
loop(struct job *jobs, int n, int set, const char *user)
{
	for (;;) {
		struct epoll_event events[MOST];
		uint64_t due = UINT64_MAX, now = smtp_now_ms();
		int left = 0, count;

		for (int i = 0; i < n; i++) {
			if (jobs[i].state == DONE)
				continue;
			left++;
			if (smtp_due_ms(jobs[i].smtp) < due)
				due = smtp_due_ms(jobs[i].smtp);
		}
		if (left == 0)
			return;
		count = epoll_wait(set, events, MOST, due <= now ? 0 :
		    due - now > 60000 ? 60000 : (int)(due - now));
		for (int i = 0; i < count; i++) {
			struct job *job = events[i].data.ptr;

			if (job->state != DONE)
				go_on(job, smtp_step(job->smtp), set, user);
		}
		now = smtp_now_ms();
		for (int i = 0; i < n; i++)
			if (jobs[i].state != DONE &&
			    now >= smtp_due_ms(jobs[i].smtp))
				go_on(&jobs[i], smtp_step(jobs[i].smtp), set,
				    user);
	}
}

int
main(int argc, char **argv)
{
	struct job jobs[MOST] = { 0 };
	struct smtp_options *options = smtp_options_new();
	int set = epoll_create1(EPOLL_CLOEXEC), n = argc - 4, failed = 0;
	char text[4096];

	if (n < 1 || n > MOST || set < 0)
		return 64;
	text[fread(text, 1, sizeof text - 1, stdin)] = '\0';
	smtp_options_set(options, "blocking", "no");
	smtp_options_set(options, "ca-file", getenv("SMTP_CA_FILE"));
	for (int i = 0; i < n; i++) {
		struct smtp_message *m = jobs[i].mail = smtp_message_new();

		smtp_message_set_from(m, argv[3]);
		smtp_message_add_to(m, argv[4 + i]);
		smtp_message_set_subject(m, "From a loop");
		smtp_message_set_text(m, text);
		go_on(&jobs[i], smtp_open(&jobs[i].smtp, argv[1], options),
		    set, argv[2]);
	}
	smtp_options_free(options);
	loop(jobs, n, set, argv[2]);
	for (int i = 0; i < n; i++) {
		failed += jobs[i].result != SMTP_OK;
		smtp_message_free(jobs[i].mail);
	}
	close(set);
	return failed == 0 ? 0 : 1;
}
