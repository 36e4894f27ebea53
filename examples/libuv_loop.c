/* SPDX-License-Identifier: MIT */
/*
 * The same in a loop of libuv; built with `make WITH_LIBUV=yes'. A uv_poll_t
 * belongs to one descriptor, so that it is made anew when that changes: each
 * step may close one, and its number may come back.
 *
 * usage: libuv_loop url user from to... < text       (user "": without AUTH)
 */
#include <smtp/message.h>
#include <smtp/smtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { MOST = 64 };

struct job {
	struct smtp *smtp;
	struct smtp_message *mail;
	enum { OPENING, AUTHENTICATING, SENDING, LEAVING, DONE } state;
	int result;
	const char *user;
	uv_timer_t timer;
	uv_poll_t *poll;
};

static void go_on(struct job *job, int rc);

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

/* Before a step, which may close the descriptor. */
static int
step(struct job *job)
{
	if (job->poll != NULL) {
		uv_poll_stop(job->poll);
		uv_close((uv_handle_t *)job->poll, free_handle);
	}
	job->poll = NULL;
	uv_timer_stop(&job->timer);
	return smtp_step(job->smtp);
}

static void
on_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	go_on(poll->data, step(poll->data));
}

static void
on_due(uv_timer_t *timer)
{
	go_on(timer->data, step(timer->data));
}

/* Be woken for what it waits for. */
static void
watch(struct job *job, int rc)
{
	uint64_t due = smtp_due_ms(job->smtp), now = smtp_now_ms();
	int fd = smtp_fd(job->smtp), events = 0;

	if (rc & SMTP_WANT_READ)
		events |= UV_READABLE;
	if (rc & SMTP_WANT_WRITE)
		events |= UV_WRITABLE;
	if (fd >= 0 && events != 0 &&
	    (job->poll = malloc(sizeof *job->poll)) != NULL) {
		uv_poll_init(uv_default_loop(), job->poll, fd);
		job->poll->data = job;
		uv_poll_start(job->poll, events, on_ready);
	}
	uv_update_time(uv_default_loop());
	if (due != UINT64_MAX)
		uv_timer_start(&job->timer, on_due,
		    due > now ? due - now : 0, 0);
}

static void
go_on(struct job *job, int rc)
{
	while (rc <= 0) {
		if (rc != SMTP_OK || job->state == LEAVING) {
			job->result = job->state == LEAVING ? SMTP_OK : rc;
			if (job->result != SMTP_OK)
				fprintf(stderr, "%s\n",
				    smtp_error(job->smtp));
			job->state = DONE;
			uv_close((uv_handle_t *)&job->timer, NULL);
			smtp_close(job->smtp);
			return;
		}
		if (job->state == OPENING && job->user[0] != '\0') {
			job->state = AUTHENTICATING;
			rc = smtp_auth(job->smtp, job->user,
			    getenv("SMTP_PASSWORD"));
		} else if (job->state < SENDING) {
			job->state = SENDING;
			rc = smtp_send(job->smtp, job->mail);
		} else {
			job->state = LEAVING;
			rc = smtp_quit(job->smtp);
		}
	}
	watch(job, rc);
}

int
main(int argc, char **argv)
{
	static struct job jobs[MOST];
	struct smtp_options *options = smtp_options_new();
	int n = argc - 4, failed = 0;
	char text[4096];

	if (n < 1 || n > MOST)
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
		jobs[i].user = argv[2];
		uv_timer_init(uv_default_loop(), &jobs[i].timer);
		jobs[i].timer.data = &jobs[i];
		go_on(&jobs[i], smtp_open(&jobs[i].smtp, argv[1], options));
	}
	smtp_options_free(options);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	for (int i = 0; i < n; i++) {
		failed += jobs[i].result != SMTP_OK;
		smtp_message_free(jobs[i].mail);
	}
	uv_loop_close(uv_default_loop());
	return failed == 0 ? 0 : 1;
}
