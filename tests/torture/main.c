/* SPDX-License-Identifier: MIT */
/*
 * Each thing that can go wrong goes wrong once, at each point of each session.
 *
 *	make torture                  a part of the points of TLS and RSA
 *	make torture TORTURE=all      all points
 *	build/tests/torture/torture [-e EVERY] [-s SEED] [-w K/N]
 *	    [-p SESSION] [-f FAULT] [-n POINT] [-k] [-l]
 *
 * -e takes about one of EVERY points where mbedTLS allocates in sessions with
 * TLS or RSA, and one of a hundredth of that of their other points, chosen by
 * SEED (1: all); -w is the K-th of N processes that share the work; -p, -f and
 * -n play what begins with these words, and that point alone; -k forks at each
 * point of sessions with TLS or RSA instead of playing them from the start,
 * which is faster, and tells a profiler less; -l lists sessions and faults.
 *
 * For each session a line is printed with its points, then one for each fault,
 * and "N passed, N failed" in pairs of a session and a fault. Needs no network
 * and no other program. `make` builds it with any CC and CFLAGS, too.
 */
#include "check.h"

#include "torture.h"

#include <time.h>
#include <unistd.h>

static struct {
	unsigned long every, seed, point, worker, workers;
	bool one, fork;
	const char *play, *fault;
} ask = { .every = 1, .seed = 1, .workers = 1 };

static unsigned long *fault_total;
static unsigned long passed, failed, total;

/*
 * With TLS there are thousands of points in the memory of mbedTLS, and some
 * hundreds in all else; the former are drawn by EVERY, the latter by a
 * hundredth of it.
 */
enum { RARER = 100 };

/* A number that looks drawn, the same for the same. */
static unsigned long
draw(unsigned long a, unsigned long b)
{
	uint64_t x = ask.seed * UINT64_C(0x9e3779b97f4a7c15) + a;

	x = (x ^ x >> 31) * UINT64_C(0xbf58476d1ce4e5b9) + b;
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned long)(x ^ x >> 31);
}

static bool
is_heavy(size_t play)
{
	return plays[play].flags & (WITH_TLS | WITH_STARTTLS | WITH_DKIM);
}

static bool
is_wanted(size_t play, size_t fault, unsigned long n)
{
	unsigned long every = ask.every;

	if (!is_heavy(play))
		every = 1;
	else if (faults[fault].site != SITE_HEAP)
		every /= RARER;
	if (ask.one)
		return n == ask.point;
	if (n % ask.workers != ask.worker)
		return false;
	return every <= 1 || draw(play * 1000 + fault, n) % every == 0;
}

struct pair {
	size_t play, fault;
};

static bool
wants(void *ctx, unsigned long n)
{
	const struct pair *pair = ctx;

	return is_wanted(pair->play, pair->fault, n);
}

/* All points in one session, each in a child from there on. */
static unsigned long
torture_each(size_t play, size_t fault)
{
	struct pair pair = { play, fault };
	unsigned long points, tried, bad;
	bool good, hit;

	fault_arm_each(&faults[fault], wants, &pair);
	good = judge_play(&plays[play], &faults[fault], &points, &hit);
	if (fault_is_child())
		fault_leave(good && hit);
	tried = fault_children(&bad);
	good = good && bad == 0;
	passed += tried > 0 && good;
	failed += !good;
	fault_total[fault] += tried;
	return tried;
}

static unsigned long
torture(size_t play, size_t fault)
{
	unsigned long points, tried = 0, ignored;
	bool good = true, hit;

	if (ask.fork && is_heavy(play))
		return torture_each(play, fault);
	/* How many there are: with one that never comes. */
	fault_arm(&faults[fault], ULONG_MAX);
	if (!judge_play(&plays[play], &faults[fault], &points, &hit)) {
		failed++;
		return 0;
	}
	for (unsigned long n = 0; n < points; n++) {
		if (!is_wanted(play, fault, n))
			continue;
		fault_arm(&faults[fault], n);
		good &= judge_play(&plays[play], &faults[fault], &ignored,
		    &hit);
		/* How often mbedTLS asks for memory is not quite the same. */
		if (!hit && faults[fault].site != SITE_HEAP) {
			(void)fprintf(stderr, "%s: %s %lu: not reached\n",
			    plays[play].name, faults[fault].name, n);
			good = false;
		}
		tried += hit;
	}
	passed += tried > 0 && good;
	failed += !good;
	fault_total[fault] += tried;
	return tried;
}

static bool
begins(const char *text, const char *with)
{
	return with == NULL || strncmp(text, with, strlen(with)) == 0;
}

static double
seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
torture_play(size_t play)
{
	unsigned long tried = 0, ignored;
	double start = seconds();
	bool hit;

	if (!begins(plays[play].name, ask.play))
		return;
	fault_disarm();
	for (int i = 0; i < 2; i++)
		if (!judge_play(&plays[play], NULL, &ignored, &hit)) {
			failed++;
			return;
		}
	for (size_t i = 0; i < fault_count; i++)
		if (begins(faults[i].name, ask.fault))
			tried += torture(play, i);
	(void)printf("%-30s %8lu points %8.1f s\n", plays[play].name, tried,
		seconds() - start);
	(void)fflush(stdout);
	total += tried;
}

static int
list(void)
{
	for (size_t i = 0; i < play_count; i++)
		(void)printf("session  %s\n", plays[i].name);
	for (size_t i = 0; i < fault_count; i++)
		(void)printf("fault    %s\n", faults[i].name);
	return 0;
}

int
main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "e:s:w:p:f:n:kl")) != -1) {
		char *end = optarg;

		switch (option) {
		case 'e': ask.every = strtoul(optarg, &end, 10); break;
		case 's': ask.seed = strtoul(optarg, &end, 10); break;
		case 'w':
			ask.worker = strtoul(optarg, &end, 10);
			ask.workers = *end == '/' ?
			    strtoul(end + 1, &end, 10) : 0;
			break;
		case 'p': ask.play = optarg; continue;
		case 'f': ask.fault = optarg; continue;
		case 'n':
			ask.point = strtoul(optarg, &end, 10);
			ask.one = true;
			break;
		case 'k': ask.fork = true; continue;
		case 'l': return list();
		default: return 64;
		}
		if (*end != '\0' || ask.workers == 0 || ask.every == 0)
			return 64;
	}
	fault_total = calloc(fault_count, sizeof *fault_total);
	if (fault_total == NULL)
		return 1;
	certificates_make();
	for (size_t i = 0; i < play_count; i++)
		torture_play(i);
	certificates_free();
	for (size_t i = 0; i < fault_count; i++)
		if (fault_total[i] > 0)
			(void)printf("%-30s %8lu points\n", faults[i].name,
				fault_total[i]);
	free(fault_total);
	(void)printf("%lu points\n", total);
	if (!ask.one && ask.play == NULL && ask.fault == NULL && failed == 0)
		proves("LIB-T-4 LIB-N-4 R5321-4.5.3.2.6-1");
	(void)printf("%lu passed, %lu failed\n", passed, failed);
	return failed > 0;
}
