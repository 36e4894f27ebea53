/* SPDX-License-Identifier: MIT */
/*
 * 25 MiB from memory to a socket on loopback, without TLS: by this library, by
 * others, and by hand.
 *
 *	attachment [rounds [table.tsv]]
 *
 * In each round every client sends once, in a process of its own, from
 * connecting to the reply that takes the mail. Prints a table in Markdown;
 * ratios are medians of the ratios within a round.
 */
#include "bench.h"
#include "attachment/attachment.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codec/base64.h"

enum { SIZE = 25 * 1024 * 1024 };

static const struct {
	const char *name;
	client *send;
} clients[] = {
	{ "by hand, octets ready", send_floor },
	{ "by hand, encoding", send_floor_encoding },
	{ "libsmtp, memory", send_libsmtp },
	{ "libsmtp, callback", send_libsmtp_callback },
	{ "libcurl MIME, memory", send_libcurl_memory },
	{ "libcurl MIME, callback", send_libcurl_stream },
	{ "libesmtp, fed base64", send_libesmtp },
};
enum { FLOOR = 0, FLOOR_ENCODING = 1, OURS = 2 };

struct run {
	int rc;
	double ms, cpu_ms;
	double heap, rss;        /* the most, beyond what was there       */
};

static struct run runs[COUNT(clients)][ROUNDS_MAX];

static char *
shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

/* The mail of which the floor sends the octets. */
static void
make_wire(struct work *work)
{
	static const char head[] = "From: <a@example.org>\r\n"
	    "To: <b@example.org>\r\nSubject: bench\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: application/octet-stream\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment; filename=a.bin\r\n\r\n";
	size_t size = (size_t)smtp__base64_size(work->n, true), used;
	char *wire = shared(sizeof head + size + 16);
	struct smtp__base64 b;

	smtp__base64_init(&b, true);
	memcpy(wire, head, sizeof head - 1);
	work->wire_body = sizeof head - 1;
	work->wire_n = work->wire_body + smtp__base64_encode(&b, work->data,
	    work->n, true, &used, wire + work->wire_body, size);
	memcpy(wire + work->wire_n, "\r\n.\r\n", 5);
	work->wire_n += 5;
	work->wire = wire;
}

static int
listen_on(unsigned *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0) {
		perror("listen");
		exit(1);
	}
	*port = ntohs(at.sin_port);
	return fd;
}

static double
peak_rss(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss * 1024;
}

/* Touched, so that what it takes counts before the clock and the peak begin. */
static unsigned
touch(const char *p, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i += 4096)
		sum += (unsigned char)p[i];
	return sum;
}

static void
measure(client *send, const struct work *work, struct run *run)
{
	volatile unsigned sum = touch(work->data, work->n) +
	    touch(work->wire, work->wire_n);
	double rss = peak_rss();
	size_t heap = heap_now();
	uint64_t cpu, start;

	(void)sum;
	heap_peak_reset();
	cpu = bench_cpu_ns();
	start = bench_now_ns();
	run->rc = send(work);
	run->ms = (double)(bench_now_ns() - start) / 1e6;
	run->cpu_ms = (double)(bench_cpu_ns() - cpu) / 1e6;
	run->heap = (double)(heap_peak() - heap);
	run->rss = peak_rss() - rss;
}

static bool
once(client *send, const struct work *work, struct run *result)
{
	int status;
	pid_t child = fork();

	result->rc = -1;
	if (child == 0) {
		measure(send, work, result);
		fflush(NULL);
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child &&
	    result->rc == 0;
}

static double
median_of(size_t who, size_t rounds, double (*value)(size_t, size_t))
{
	double values[ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++)
		values[i] = value(who, i);
	return bench_median(values, rounds);
}

static double
ms(size_t who, size_t round)
{
	return runs[who][round].ms;
}

static double
cpu_ms(size_t who, size_t round)
{
	return runs[who][round].cpu_ms;
}

static double
heap(size_t who, size_t round)
{
	return runs[who][round].heap / 1024;
}

static double
rss(size_t who, size_t round)
{
	return runs[who][round].rss / 1024;
}

/* How fast, against the floor of the same round; and ours against it. */
static double
of_floor(size_t who, size_t round)
{
	return runs[FLOOR][round].ms / runs[who][round].ms;
}

static double
of_encoding(size_t who, size_t round)
{
	return runs[FLOOR_ENCODING][round].ms / runs[who][round].ms;
}

static double
ours_is(size_t who, size_t round)
{
	return runs[who][round].ms / runs[OURS][round].ms;
}

static double
ours_is_in_cpu(size_t who, size_t round)
{
	return runs[who][round].cpu_ms / runs[OURS][round].cpu_ms;
}

static void
print(size_t rounds, FILE *table)
{
	printf("\n| client | MB/s | of octets ready | of encoding "
	    "| libsmtp is | CPU ms | libsmtp is | heap KiB | RSS KiB |\n"
	    "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < COUNT(clients); i++) {
		double floor = median_of(i, rounds, of_floor);

		printf("| %s | %.0f | %.0f %% | %.0f %% | %.1f x | %.1f "
		    "| %.1f x | %.0f | %.0f |\n", clients[i].name,
		    SIZE / 1e3 / median_of(i, rounds, ms), 100 * floor,
		    100 * median_of(i, rounds, of_encoding),
		    median_of(i, rounds, ours_is),
		    median_of(i, rounds, cpu_ms),
		    median_of(i, rounds, ours_is_in_cpu),
		    median_of(i, rounds, heap), median_of(i, rounds, rss));
		if (table != NULL)
			fprintf(table, "%s\t%.1f\t%.0f %%\n",
			    clients[i].name, 100 * floor, 100 * floor);
	}
}

int
main(int argc, char **argv)
{
	size_t rounds = bench_rounds(argc, argv);
	FILE *table = argc > 2 ? fopen(argv[2], "w") : NULL;
	struct sink *sink = (struct sink *)(void *)shared(sizeof *sink);
	struct run *result = (struct run *)(void *)shared(sizeof *result);
	struct work work = { .n = SIZE };
	char *data = shared(SIZE);
	int listener = listen_on(&work.port), bad = 0;
	pid_t server;

	bench_fill(data, SIZE);
	work.data = data;
	make_wire(&work);
	server = fork();
	if (server == 0)
		sink_run(listener, &work, sink);
	/* First once for each, looking at what arrives. */
	sink->check = true;
	for (size_t i = 0; i < COUNT(clients); i++) {
		sink->same = false;
		if (!once(clients[i].send, &work, result) || !sink->same) {
			fprintf(stderr, "%s: not the same arrived\n",
			    clients[i].name);
			bad = 1;
		}
	}
	sink->check = false;
	for (size_t round = 0; round < rounds && !bad; round++)
		for (size_t i = 0; i < COUNT(clients); i++) {
			if (!once(clients[i].send, &work, result))
				bad = 1;
			runs[i][round] = *result;
		}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	if (bad)
		return 1;
	printf("25 MiB from memory to loopback, without TLS; %zu rounds; ",
	    rounds);
	bench_say_machine();
	print(rounds, table);
	if (table != NULL)
		fclose(table);
	return 0;
}
