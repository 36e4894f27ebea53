/* SPDX-License-Identifier: MIT */
/*
 * What turns content into what goes out, against memcpy and against others.
 *
 *	encoders [rounds [table.tsv]]
 *
 * Each streams the same 4 MiB through one buffer in pieces of 48 KiB, one
 * after the other in each round. Prints a table in Markdown; ratios are
 * medians of the ratios within a round.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>
#include <openssl/evp.h>

#include "codec/base64.h"
#include "codec/base64_lines.h"
#include "codec/qp.h"
#include "mime/raw.h"
#include "proto/stuff.h"
#include "text/scan.h"
#include "text/utf8.h"

enum { SIZE = 57 * 73584, PIECE = 57 * 862, ROOM = 4 * PIECE, TIMES = 3 };

static char octets[SIZE], text[SIZE], lines[SIZE], room[ROOM];
static volatile size_t sum;

/*
 * Encoders: all of `in`, piece by piece, into `room`.
 */

static void
by_memcpy(const char *in)
{
	for (size_t i = 0; i < SIZE; i += PIECE) {
		size_t n = SIZE - i < PIECE ? SIZE - i : PIECE;

		memcpy(room, in + i, n);
		sum += (unsigned char)room[i % 57];
	}
}

static void
base64_lines(const char *in)
{
	for (size_t i = 0; i < SIZE; i += PIECE) {
		size_t n = SIZE - i < PIECE ? SIZE - i : PIECE;

		smtp__base64_lines(in + i, n / 57, room);
		sum += (unsigned char)room[9];
	}
}

static void
base64_portable(const char *in)
{
	for (size_t i = 0; i < SIZE; i += PIECE) {
		size_t n = SIZE - i < PIECE ? SIZE - i : PIECE;

		smtp__base64_lines_portable(in + i, n / 57, room);
		sum += (unsigned char)room[9];
	}
}

static void
base64_groups(const char *in)
{
	struct smtp__base64 b;
	size_t used;

	smtp__base64_init(&b, true);
	for (size_t i = 0; i < SIZE; i += used)
		sum += smtp__base64_encode(&b, in + i, SIZE - i < PIECE ?
		    SIZE - i : PIECE, false, &used, room, ROOM);
}

static void
base64_glib(const char *in)
{
	int state = 0, save = 0;

	for (size_t i = 0; i < SIZE; i += PIECE)
		sum += g_base64_encode_step((const guchar *)in + i,
		    SIZE - i < PIECE ? SIZE - i : PIECE, TRUE, room, &state,
		    &save);
}

static void
step_gmime(GMimeContentEncoding encoding, const char *in)
{
	GMimeEncoding state;

	g_mime_encoding_init_encode(&state, encoding);
	for (size_t i = 0; i < SIZE; i += PIECE)
		sum += g_mime_encoding_step(&state, in + i,
		    SIZE - i < PIECE ? SIZE - i : PIECE, room);
}

static void
base64_gmime(const char *in)
{
	step_gmime(GMIME_CONTENT_ENCODING_BASE64, in);
}

static void
base64_openssl(const char *in)
{
	EVP_ENCODE_CTX *state = EVP_ENCODE_CTX_new();
	int n;

	EVP_EncodeInit(state);
	for (size_t i = 0; i < SIZE; i += PIECE) {
		EVP_EncodeUpdate(state, (unsigned char *)room, &n,
		    (const unsigned char *)in + i,
		    SIZE - i < PIECE ? (int)(SIZE - i) : PIECE);
		sum += (size_t)n;
	}
	EVP_ENCODE_CTX_free(state);
}

static void
qp(const char *in)
{
	struct smtp__qp q;
	size_t used;

	smtp__qp_init(&q, false);
	for (size_t i = 0; i < SIZE; i += used)
		sum += smtp__qp_encode(&q, in + i, SIZE - i < PIECE ?
		    SIZE - i : PIECE, SIZE - i <= PIECE, &used, room, ROOM);
}

static void
qp_gmime(const char *in)
{
	step_gmime(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, in);
}

static void
stuff(const char *in)
{
	struct smtp__stuff s;

	smtp__stuff_begin(&s, true);
	for (size_t i = 0; i < SIZE;) {
		size_t n = SIZE - i < PIECE ? SIZE - i : PIECE;

		s.in = in + i;
		s.in_n = n;
		sum += smtp__stuff(&s, room, ROOM);
		if (s.bad)
			abort();
		i += n - s.in_n;
	}
}

static void
stuff_gmime(const char *in)
{
	GMimeFilter *filter = g_mime_filter_smtp_data_new();
	char *out;
	size_t n, before;

	/* Takes what is CRLF already. */
	for (size_t i = 0; i < SIZE; i += PIECE) {
		g_mime_filter_filter(filter, (char *)(uintptr_t)(in + i),
		    SIZE - i < PIECE ? SIZE - i : PIECE, 0, &out, &n, &before);
		sum += n;
	}
	g_object_unref(filter);
}

static void
check_raw(const char *in)
{
	struct smtp__raw r;
	size_t used;

	smtp__raw_init(&r, true, true);
	for (size_t i = 0; i < SIZE; i += used) {
		sum += smtp__raw_convert(&r, in + i, SIZE - i < PIECE ?
		    SIZE - i : PIECE, SIZE - i <= PIECE, &used, NULL,
		    SIZE_MAX);
		if (r.fault != SMTP__RAW_OK || used == 0)
			abort();
	}
}

static void
scan(const char *in)
{
	for (size_t i = 0; i < SIZE; i++) {
		i += smtp__scan_line(in + i, SIZE - i, false);
		sum++;
	}
}

static void
utf8(const char *in)
{
	sum += smtp__utf8_check(in, SIZE);
}

static void
utf8_glib(const char *in)
{
	sum += (size_t)g_utf8_validate(in, SIZE, NULL);
}

static const struct {
	const char *name;
	void (*run)(const char *in);
	const char *in;
} rows[] = {
	{ "Base64 with line breaks", NULL, NULL },
	{ "memcpy", by_memcpy, octets },
	{ "libsmtp", base64_lines, octets },
	{ "libsmtp, portable", base64_portable, octets },
	{ "libsmtp, by groups", base64_groups, octets },
	{ "glib", base64_glib, octets },
	{ "GMime", base64_gmime, octets },
	{ "OpenSSL", base64_openssl, octets },
	{ "Quoted-printable of text", NULL, NULL },
	{ "memcpy", by_memcpy, text },
	{ "libsmtp", qp, text },
	{ "GMime", qp_gmime, text },
	{ "Dot-stuffing of base64", NULL, NULL },
	{ "memcpy", by_memcpy, lines },
	{ "libsmtp", stuff, lines },
	{ "GMime", stuff_gmime, lines },
	{ "Dot-stuffing of text with LF", NULL, NULL },
	{ "memcpy", by_memcpy, text },
	{ "libsmtp", stuff, text },
	{ "GMime", stuff_gmime, text },
	{ "Looking for line ends", NULL, NULL },
	{ "memcpy", by_memcpy, lines },
	{ "libsmtp", scan, lines },
	{ "libsmtp, all checks", check_raw, lines },
	{ "UTF-8", NULL, NULL },
	{ "memcpy", by_memcpy, text },
	{ "libsmtp", utf8, text },
	{ "glib", utf8_glib, text },
};

static double ns[COUNT(rows)][ROUNDS_MAX];

static void
measure(size_t rounds)
{
	for (size_t round = 0; round <= rounds; round++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			uint64_t start = bench_cpu_ns();

			if (rows[i].run == NULL)
				continue;
			for (unsigned k = 0; k < TIMES; k++)
				rows[i].run(rows[i].in);
			/* The first round only warms up. */
			if (round > 0)
				ns[i][round - 1] = (double)(bench_cpu_ns() -
				    start);
		}
}

/* How fast row `a` is against row `b` in the same round. */
static double
ratio(size_t a, size_t b, size_t rounds)
{
	double values[ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++)
		values[i] = ns[b][i] / ns[a][i];
	return bench_median(values, rounds);
}

static double
rate(size_t row, size_t rounds)
{
	double values[ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++)
		values[i] = (double)SIZE * TIMES * 1e3 / ns[row][i];
	return bench_median(values, rounds);
}

static void
print(size_t rounds, FILE *table)
{
	size_t copy = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		double mb;

		if (rows[i].run == NULL) {
			copy = i + 1;
			printf("\n| %s | MB/s | of memcpy | libsmtp is |\n"
			    "|---|--:|--:|--:|\n", rows[i].name);
			if (table != NULL)
				fprintf(table, "%s\n", rows[i].name);
			continue;
		}
		mb = rate(i, rounds);
		printf("| %s | %.0f | %.0f %% | %.2f x |\n", rows[i].name, mb,
		    100 * ratio(i, copy, rounds), ratio(copy + 1, i, rounds));
		/* The copy would leave nothing to see of the others. */
		if (table != NULL && i != copy)
			fprintf(table, "%s\t%.0f\t%.0f MB/s\n", rows[i].name,
			    mb, mb);
	}
}

int
main(int argc, char **argv)
{
	size_t rounds = bench_rounds(argc, argv);
	FILE *table = argc > 2 ? fopen(argv[2], "w") : NULL;

	g_mime_init();
	bench_fill(octets, SIZE);
	bench_fill_text(text, SIZE);
	memset(lines, '\n', SIZE);
	smtp__base64_lines(octets, SIZE / 78, lines);
	memmove(lines, lines + 2, SIZE - 2);
	memcpy(lines + SIZE - 2, "\r\n", 2);
	printf("4 MiB in pieces of 48 KiB; MB of input in a second of CPU "
	    "time; %zu rounds; ", rounds);
	bench_say_machine();
	measure(rounds);
	print(rounds, table);
	if (table != NULL)
		fclose(table);
	return 0;
}
