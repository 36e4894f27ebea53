/* SPDX-License-Identifier: MIT */
/*
 * What has a form of its own for AVX2, with vectors that support/immintrin.h
 * takes apart into their octets.
 */
#undef SMTP_WITH_AVX2
#define SMTP_WITH_AVX2 1
#include "proof.h"

#include "text/scan_avx2.c"
#include "codec/base64_avx2.c"

/*
 * Blocks of 64 octets, as long as they may pass: what was copied is what was
 * there, and the column is one of a line.
 *
 * Proves: smtp__scan_blocks blocks equal bits
 * Bounds: 63, 64, 127 and 128 octets: a block is treated as the one before
 * Unwind: 33
 * Seconds: 90, 900
 */
void
proof_scan(void)
{
	static const size_t sizes[] = { 63, 64, 127, 128 };

	for (size_t k = 0, chosen = any_size(); k < 4; k++) {
		size_t n = sizes[k], max = 998, column = up_to(max), i, j;
		const char *p;
		char *out;
		bool high = any_bool();

		if (k != chosen)
			continue;
		p = any_octets(n);
		out = any_octets(n);
		i = smtp__scan_blocks(out, p, n, max, high, &column);
		HOLDS(i <= n && column <= max);
		j = any_size();
		if (j < i) {
			HOLDS(out[j] == p[j]);
			HOLDS(!high || (unsigned char)p[j] < 128);
		}
		REACHES(i == 127 && column == 3);
		REACHES(i == 64 && n == 128);
		REACHES(i == 0 && n == 128);
	}
}

/*
 * A line of base64: 57 octets become 76 characters, each the one that its six
 * bits have, and no other octet is read or written.
 *
 * Proves: smtp__base64_lines_avx2 load base64_avx2.c:characters
 * Bounds: one line (two), as one is treated as the one before
 * Unwind: 33
 * Seconds: 90, 300
 */
void
proof_base64(void)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const size_t lines = BOUND(1, 2);
	size_t at = up_to(75), line = up_to(lines - 1);
	unsigned char *in = any_octets(lines * 57);
	char *out = any_octets(lines * 78);
	unsigned bits;

	smtp__base64_lines_avx2(in, lines, out);
	in += line * 57 + at / 4 * 3;
	bits = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
	out += line * 78;
	HOLDS(out[0] == '\r' && out[1] == '\n');
	HOLDS(out[2 + at] == digits[bits >> (3 - at % 4) * 6 & 63]);
	REACHES(out[2 + at] == '/' && at == 75);
}
