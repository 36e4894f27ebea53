/* SPDX-License-Identifier: MIT */
/*
 * Mails of 1 KiB by one client to the sink.
 *
 *	sender CLIENT PORT MESSAGES SESSIONS [how [ca.pem]]
 *
 * Each session sends so many messages; several run at once, each in a thread
 * of its own, or all in one where the client is a loop. `how` is "plain",
 * "starttls", "tls" (these log in, too), with "-again" behind it for a first
 * session before, whose TLS may be resumed, and "idle": sessions are kept open
 * after what they sent, and their memory is printed: octets of heap and of
 * resident memory for each.
 */
#include "bench.h"
#include "sender/sender.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

char mail_octets[MAIL_SIZE + 1];
const char *mail_text;

static const struct client *const clients[] = {
	&floor_two, &floor_one, &floor_window,
	&libsmtp_octets, &libsmtp_builder, &libsmtp_loop,
#ifdef BENCH_WINDOW
	&libsmtp_window,
#endif
	&libcurl_octets, &libcurl_mime, &libesmtp_octets, &libetpan_octets,
};
static const struct client *client;
static struct work work;
static bool failed;

static void
make_mail(void)
{
	static const char head[] = "From: <" FROM ">\r\nTo: <" TO ">\r\n"
	    "Subject: " SUBJECT "\r\n"
	    "Date: Sat, 01 Aug 2026 12:00:00 +0000\r\n"
	    "Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n\r\n";
	size_t n = sizeof head - 1;

	memcpy(mail_octets, head, n);
	mail_text = mail_octets + n;
	for (size_t i = n, column = 0; i < MAIL_SIZE; i++, column++) {
		bool end = column == 70 || i + 2 == MAIL_SIZE;

		if (end) {
			memcpy(mail_octets + i++, "\r\n", 2);
			column = (size_t)-1;
		} else {
			mail_octets[i] = (char)('a' + i % 26);
		}
	}
}

static void *
session(void *unused)
{
	void *s = client->open(&work);
	bool ok = s != NULL;

	(void)unused;
	for (unsigned i = 0; ok && i < work.messages; i++)
		ok = client->send(s) == 0;
	if (!ok || client->close(s) != 0)
		failed = true;
	return NULL;
}

static void
at_once(unsigned sessions)
{
	pthread_t *threads = calloc(sessions, sizeof *threads);

	for (unsigned i = 0; i < sessions; i++)
		if (pthread_create(&threads[i], NULL, session, NULL) != 0) {
			perror("pthread_create");
			exit(1);
		}
	for (unsigned i = 0; i < sessions; i++)
		pthread_join(threads[i], NULL);
	free(threads);
}

static double
resident(void)
{
	unsigned long all, here = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%lu %lu", &all, &here) != 2)
		exit(1);
	fclose(f);
	return (double)here * (double)sysconf(_SC_PAGESIZE);
}

static double
heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return (double)(m.uordblks + m.hblkhd);
}

/* One before the clock begins, for what all share. */
static void
idle(unsigned sessions)
{
	double heap_before = 0, before = 0;
	void *s;

	for (unsigned i = 0; i <= sessions && !failed; i++) {
		if (i == 1) {
			heap_before = heap();
			before = resident();
		}
		s = client->open(&work);
		failed = s == NULL;
		for (unsigned j = 0; !failed && j < work.messages; j++)
			failed = client->send(s) != 0;
	}
	printf("heap %.0f rss %.0f\n", (heap() - heap_before) / sessions,
	    (resident() - before) / sessions);
	fflush(stdout);
	_exit(failed);
}

int
main(int argc, char **argv)
{
	const char *how = argc > 5 ? argv[5] : "plain";
	struct rlimit many;
	unsigned sessions;

	if (argc < 5) {
		fprintf(stderr, "usage: sender client port messages sessions "
		    "[how [ca.pem]]\n");
		return 64;
	}
	for (size_t i = 0; i < COUNT(clients); i++)
		if (strcmp(clients[i]->name, argv[1]) == 0)
			client = clients[i];
	if (client == NULL) {
		fprintf(stderr, "sender: %s: not built\n", argv[1]);
		return 69;
	}
	getrlimit(RLIMIT_NOFILE, &many);
	many.rlim_cur = many.rlim_max;
	setrlimit(RLIMIT_NOFILE, &many);
	make_mail();
	work.port = (unsigned)strtoul(argv[2], NULL, 10);
	work.messages = (unsigned)strtoul(argv[3], NULL, 10);
	sessions = (unsigned)strtoul(argv[4], NULL, 10);
	work.ca = argc > 6 ? argv[6] : NULL;
	work.security = strstr(how, "starttls") != NULL ? STARTTLS :
	    strstr(how, "tls") != NULL ? IMPLICIT : PLAIN;
	work.resume = strstr(how, "again") != NULL;
	if (strncmp(how, "idle", 4) == 0)
		idle(sessions);
	if (client->all != NULL)
		failed = client->all(&work, sessions) != 0;
	else if (sessions == 1)
		session(NULL);
	else
		at_once(sessions);
	if (work.resume && !failed)
		session(NULL);
	return failed;
}
