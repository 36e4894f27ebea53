/* SPDX-License-Identifier: MIT */
#include "codec/base64_lines.h"

#include <stdint.h>
#include <string.h>

#include <smtp/config.h>

/* Two characters for each 12 bits. */
#define BEHIND(a) \
	{ a, 'A' }, { a, 'B' }, { a, 'C' }, { a, 'D' }, \
	{ a, 'E' }, { a, 'F' }, { a, 'G' }, { a, 'H' }, \
	{ a, 'I' }, { a, 'J' }, { a, 'K' }, { a, 'L' }, \
	{ a, 'M' }, { a, 'N' }, { a, 'O' }, { a, 'P' }, \
	{ a, 'Q' }, { a, 'R' }, { a, 'S' }, { a, 'T' }, \
	{ a, 'U' }, { a, 'V' }, { a, 'W' }, { a, 'X' }, \
	{ a, 'Y' }, { a, 'Z' }, { a, 'a' }, { a, 'b' }, \
	{ a, 'c' }, { a, 'd' }, { a, 'e' }, { a, 'f' }, \
	{ a, 'g' }, { a, 'h' }, { a, 'i' }, { a, 'j' }, \
	{ a, 'k' }, { a, 'l' }, { a, 'm' }, { a, 'n' }, \
	{ a, 'o' }, { a, 'p' }, { a, 'q' }, { a, 'r' }, \
	{ a, 's' }, { a, 't' }, { a, 'u' }, { a, 'v' }, \
	{ a, 'w' }, { a, 'x' }, { a, 'y' }, { a, 'z' }, \
	{ a, '0' }, { a, '1' }, { a, '2' }, { a, '3' }, \
	{ a, '4' }, { a, '5' }, { a, '6' }, { a, '7' }, \
	{ a, '8' }, { a, '9' }, { a, '+' }, { a, '/' }

static const char pairs[4096][2] = {
	BEHIND('A'), BEHIND('B'), BEHIND('C'), BEHIND('D'),
	BEHIND('E'), BEHIND('F'), BEHIND('G'), BEHIND('H'),
	BEHIND('I'), BEHIND('J'), BEHIND('K'), BEHIND('L'),
	BEHIND('M'), BEHIND('N'), BEHIND('O'), BEHIND('P'),
	BEHIND('Q'), BEHIND('R'), BEHIND('S'), BEHIND('T'),
	BEHIND('U'), BEHIND('V'), BEHIND('W'), BEHIND('X'),
	BEHIND('Y'), BEHIND('Z'), BEHIND('a'), BEHIND('b'),
	BEHIND('c'), BEHIND('d'), BEHIND('e'), BEHIND('f'),
	BEHIND('g'), BEHIND('h'), BEHIND('i'), BEHIND('j'),
	BEHIND('k'), BEHIND('l'), BEHIND('m'), BEHIND('n'),
	BEHIND('o'), BEHIND('p'), BEHIND('q'), BEHIND('r'),
	BEHIND('s'), BEHIND('t'), BEHIND('u'), BEHIND('v'),
	BEHIND('w'), BEHIND('x'), BEHIND('y'), BEHIND('z'),
	BEHIND('0'), BEHIND('1'), BEHIND('2'), BEHIND('3'),
	BEHIND('4'), BEHIND('5'), BEHIND('6'), BEHIND('7'),
	BEHIND('8'), BEHIND('9'), BEHIND('+'), BEHIND('/')
};

/* Compilers make one load of it. */
static uint64_t
big_endian(const unsigned char *p)
{
	return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 |
	    (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
	    (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
	    (uint64_t)p[6] << 8 | p[7];
}

/* Six octets, of the eight that are read, to eight characters. */
static void
two_groups(const unsigned char *p, char *out)
{
	uint64_t bits = big_endian(p);

	memcpy(out, pairs[bits >> 52], 2);
	memcpy(out + 2, pairs[bits >> 40 & 4095], 2);
	memcpy(out + 4, pairs[bits >> 28 & 4095], 2);
	memcpy(out + 6, pairs[bits >> 16 & 4095], 2);
}

void
smtp__base64_lines_portable(const void *in, size_t lines, char *out)
{
	const unsigned char *p = in;

	for (; lines > 0; lines--, p += 57, out += 78) {
		memcpy(out, "\r\n", 2);
		for (size_t i = 0; i < 9; i++)
			two_groups(p + 6 * i, out + 2 + 8 * i);
		memcpy(out + 74, pairs[p[54] << 4 | p[55] >> 4], 2);
		memcpy(out + 76, pairs[(p[55] & 15) << 8 | p[56]], 2);
	}
}

void
smtp__base64_lines(const void *in, size_t lines, char *out)
{
#if SMTP_WITH_AVX2
	/* GCOVR_EXCL_BR_START: a machine has it or not */
	if (__builtin_cpu_supports("avx2")) {
		smtp__base64_lines_avx2(in, lines, out);
		return;
	}
	/* GCOVR_EXCL_BR_STOP */
#endif
	/* GCOVR_EXCL_START: the tests call it by its own name */
	smtp__base64_lines_portable(in, lines, out);
	/* GCOVR_EXCL_STOP */
}
