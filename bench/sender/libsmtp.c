/* SPDX-License-Identifier: MIT */
/* This library, through its public calls. */
#include "sender/sender.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <smtp/smtp.h>

enum { WINDOW = 32 };

struct ours {
	struct smtp *smtp;
	const struct work *work;
	struct smtp_message *message;
	unsigned sent;
};

/* Sessions share what they know of the server by their options. */
static struct smtp_options *
options_for(const struct work *work, const char *blocking)
{
	static struct smtp_options *kept;
	struct smtp_options *o = work->resume && kept != NULL ? kept :
	    smtp_options_new();

	if (o == kept)
		return o;
	smtp_options_set(o, "blocking", blocking);
	smtp_options_set(o, "ehlo-name", "client.example.org");
	if (work->ca != NULL)
		smtp_options_set(o, "ca-file", work->ca);
	kept = work->resume ? o : NULL;
	return o;
}

static int
begin(struct smtp **smtp, const struct work *work, const char *blocking)
{
	static const char *const schemes[] = { "smtp+plaintext", "smtp",
		"smtps" };
	struct smtp_options *o = options_for(work, blocking);
	char url[64];
	int rc;

	snprintf(url, sizeof url, "%s://127.0.0.1:%u",
	    schemes[work->security], work->port);
	rc = smtp_open(smtp, url, o);
	if (!work->resume)
		smtp_options_free(o);
	return rc;
}

static int
failed(const struct smtp *smtp)
{
	fprintf(stderr, "libsmtp: %s\n", smtp_error(smtp));
	return -1;
}

static void *
open_ours(const struct work *work)
{
	struct ours *o = calloc(1, sizeof *o);
	int rc = begin(&o->smtp, work, "yes");

	o->work = work;
	if (rc == SMTP_OK && work->security != PLAIN)
		rc = smtp_auth(o->smtp, USER, SECRET);
	if (rc == SMTP_OK)
		return o;
	failed(o->smtp);
	smtp_close(o->smtp);
	free(o);
	return NULL;
}

static struct smtp_message *
ready_message(void)
{
	struct smtp_message *m = smtp_message_new();

	smtp_message_set_envelope_from(m, FROM);
	smtp_message_add_recipient(m, TO);
	smtp_message_set_raw(m, smtp_source_memory(mail_octets, MAIL_SIZE));
	return m;
}

static struct smtp_message *
built_message(void)
{
	struct smtp_message *m = smtp_message_new();

	smtp_message_set_from(m, FROM);
	smtp_message_add_to(m, TO);
	smtp_message_set_subject(m, SUBJECT);
	smtp_message_set_text(m, mail_text);
	return m;
}

static int
send_message(struct ours *o, struct smtp_message *m)
{
	int rc = smtp_send(o->smtp, m);

	smtp_message_free(m);
	return rc == SMTP_OK ? 0 : failed(o->smtp);
}

static int
send_octets(void *session)
{
	return send_message(session, ready_message());
}

static int
send_built(void *session)
{
	return send_message(session, built_message());
}

static int
close_ours(void *session)
{
	struct ours *o = session;

	smtp_close(o->smtp);
	free(o);
	return 0;
}

const struct client libsmtp_octets = { "libsmtp-octets", open_ours,
	send_octets, close_ours, NULL };
const struct client libsmtp_builder = { "libsmtp-builder", open_ours,
	send_built, close_ours, NULL };

/*
 * Many sessions in one thread.
 */

struct step {
	struct smtp *smtp;
	struct smtp_message *message;
	unsigned left;
	bool done;
};

/* Start what comes next; returns a mask, SMTP_OK at the end, or an error. */
static int
next(struct step *s, int rc)
{
	while (rc == SMTP_OK && !s->done) {
		smtp_message_free(s->message);
		s->message = NULL;
		if (s->left == 0) {
			s->done = true;
			return smtp_quit(s->smtp);
		}
		s->left--;
		s->message = ready_message();
		rc = smtp_send(s->smtp, s->message);
	}
	return rc;
}

static void
wait_for(struct pollfd *at, struct step *s, int mask)
{
	at->fd = smtp_fd(s->smtp);
	at->events = (short)((mask & SMTP_WANT_READ ? POLLIN : 0) |
	    (mask & SMTP_WANT_WRITE ? POLLOUT : 0));
}

static int
all_ours(const struct work *work, unsigned sessions)
{
	struct step *steps = calloc(sessions, sizeof *steps);
	struct pollfd *at = calloc(sessions, sizeof *at);
	unsigned open = sessions;

	for (unsigned i = 0; i < sessions; i++) {
		steps[i].left = work->messages;
		wait_for(&at[i], &steps[i], begin(&steps[i].smtp, work,
		    "no"));
		wait_for(&at[i], &steps[i], SMTP_WANT_WRITE);
	}
	while (open > 0 && poll(at, sessions, 5000) > 0)
		for (unsigned i = 0; i < sessions; i++) {
			int rc;

			if (at[i].fd < 0 || at[i].revents == 0)
				continue;
			rc = smtp_step(steps[i].smtp);
			rc = next(&steps[i], rc);
			if (rc < 0)
				return failed(steps[i].smtp);
			if (rc > 0) {
				wait_for(&at[i], &steps[i], rc);
				continue;
			}
			smtp_close(steps[i].smtp);
			at[i].fd = -1;
			open--;
		}
	free(steps);
	free(at);
	return open == 0 ? 0 : -1;
}

const struct client libsmtp_loop = { "libsmtp-loop", NULL, NULL, NULL,
	all_ours };

/*
 * A window of messages in flight, where the library has one.
 */

#ifdef BENCH_WINDOW
static int
take(struct ours *o)
{
	struct smtp_message *m = NULL;
	int rc = smtp_take(o->smtp, &m);

	smtp_message_free(m);
	return rc == SMTP_OK ? 0 : failed(o->smtp);
}

static int
take_all(struct ours *o)
{
	for (; o->sent > 0; o->sent--)
		if (take(o) != 0)
			return -1;
	return 0;
}

static int
send_window(void *session)
{
	struct ours *o = session;

	if (o->sent == WINDOW && take_all(o) != 0)
		return -1;
	o->sent++;
	return smtp_put(o->smtp, ready_message()) == SMTP_OK ? 0 :
	    failed(o->smtp);
}

static int
close_window(void *session)
{
	struct ours *o = session;
	int rc = take_all(o);

	close_ours(o);
	return rc;
}

const struct client libsmtp_window = { "libsmtp-window", open_ours,
	send_window, close_window, NULL };
#endif
