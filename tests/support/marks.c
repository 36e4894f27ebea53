/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "support/marks.h"

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "codec/base64.h"
#include "crypto/hash.h"

enum { VEIL = 0xA5, PIECE = 12, NEEDLES = 600, TEXT = 600 };

static struct needle {
	const char *name, *form;
	size_t n;
	unsigned char veiled[PIECE];
} needles[NEEDLES];
static size_t needle_count;

/* The first two octets of any needle. */
static unsigned char pairs[65536 / 8];
static char found[8192], said[8192];
static size_t found_n;

/* ---- what is looked for */

static void
add_piece(const char *name, const char *form, const unsigned char *p, size_t n)
{
	struct needle *needle = &needles[needle_count++];
	unsigned pair;

	for (; n > 2 && p[0] == 0 && p[1] == 0; n--)
		p++;
	pair = (unsigned)p[0] << 8 | p[1];
	assert_true(needle_count <= NEEDLES);
	assert_in_range(n, 6, PIECE);
	*needle = (struct needle){ .name = name, .form = form, .n = n };
	for (size_t i = 0; i < n; i++)
		needle->veiled[i] = p[i] ^ VEIL;
	pairs[pair / 8] |= (unsigned char)(1 << pair % 8);
}

static void
add(const char *name, const char *form, const unsigned char *p, size_t n)
{
	if (n <= PIECE) {
		add_piece(name, form, p, n);
		return;
	}
	add_piece(name, form, p, PIECE);
	add_piece(name, form, p + n - PIECE, PIECE);
}

static size_t
hexadecimal(unsigned char *out, const unsigned char *p, size_t n,
    const char *digits)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = (unsigned char)digits[p[i] >> 4];
		out[2 * i + 1] = (unsigned char)digits[p[i] & 15];
	}
	return 2 * n;
}

static size_t
percent(unsigned char *out, const unsigned char *p, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		bool plain = (p[i] >= '0' && p[i] <= '9') ||
		    (p[i] >= 'A' && p[i] <= 'Z') ||
		    (p[i] >= 'a' && p[i] <= 'z') || p[i] == '.' || p[i] == '-';

		if (plain) {
			out[at++] = p[i];
			continue;
		}
		out[at++] = '%';
		at += hexadecimal(out + at, p + i, 1, "0123456789ABCDEF");
	}
	return at;
}

/* Characters that are made of the secret alone, behind so many octets. */
static void
add_coded(const char *name, const unsigned char *p, size_t n, size_t before)
{
	unsigned char in[TEXT + 2] = "", out[TEXT * 2];
	size_t first = before == 0 ? 0 : before + 1;
	size_t last = (before + n) * 8 / 6, at = 0;

	memcpy(in + before, p, n);
	for (size_t bit = first * 6; bit < last * 6; bit += 6) {
		unsigned two = (unsigned)in[bit / 8] << 8 | in[bit / 8 + 1];

		out[at++] = (unsigned char)smtp__base64_alphabet[
		    two >> (10 - bit % 8) & 63];
	}
	add(name, "base64", out, at);
	smtp__wipe(in, sizeof in);
	smtp__wipe(out, sizeof out);
}

void
mark_text(const char *name, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned char out[TEXT * 3];
	size_t n = strlen(text);

	assert_true(n >= 8 && n < TEXT);
	add(name, "as it is", p, n);
	for (size_t before = 0; before < 3; before++)
		add_coded(name, p, n, before);
	add(name, "hexadecimal", out,
	    hexadecimal(out, p, n, "0123456789abcdef"));
	add(name, "hexadecimal", out,
	    hexadecimal(out, p, n, "0123456789ABCDEF"));
	add(name, "percent-encoded", out, percent(out, p, n));
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = p[i];
		out[2 * i + 1] = 0;
	}
	add(name, "UTF-16", out, 2 * n);
	for (unsigned pad = 0x36; pad <= 0x5C; pad += 0x5C - 0x36) {
		for (size_t i = 0; i < n; i++)
			out[i] = (unsigned char)(p[i] ^ pad);
		add(name, "a pad of HMAC", out, n);
	}
	smtp__wipe(out, sizeof out);
}

/* ---- keys */

/* The octets of a PEM, with its lines as they stand looked for, too. */
static size_t
read_pem(const char *name, const char *pem, unsigned char *der, size_t room,
    size_t first, size_t last)
{
	const char *p = strchr(pem, '\n') + 1;
	unsigned bits = 0, value = 0;
	size_t n = 0;

	for (size_t line = 0; *p != '-'; line++) {
		size_t length = strcspn(p, "\n");

		if (line >= first && line <= last && length >= 20)
			add(name, "PEM", (const unsigned char *)p + 2, 20);
		for (size_t i = 0; i < length && p[i] != '='; i++) {
			value = value << 6 | (unsigned)(strchr(
			    smtp__base64_alphabet, p[i]) -
			    smtp__base64_alphabet);
			bits += 6;
			if (bits >= 8) {
				bits -= 8;
				assert_true(n < room);
				der[n++] = (unsigned char)(value >> bits);
			}
		}
		p += length + 1;
	}
	return n;
}

static void
add_number(const char *name, const unsigned char *p)
{
	unsigned char back[2 * PIECE];

	for (size_t i = 0; i < sizeof back; i++)
		back[i] = p[sizeof back - 1 - i];
	add(name, "DER", p, sizeof back);
	add(name, "a number", back, sizeof back);
	smtp__wipe(back, sizeof back);
}

void
mark_key(const char *name, const char *pem)
{
	unsigned char der[2048];
	bool rsa = strlen(pem) > 1000;
	/* the lines, and then the octets, that are of private numbers only */
	size_t n = read_pem(name, pem, der, sizeof der, rsa ? 8 : 1,
	    rsa ? 23 : 1);

	if (rsa) {
		assert_true(n > 1180);
		add_number(name, der + 400);
		add_number(name, der + 620);
		add_number(name, der + 760);
	} else {
		assert_true(n > 70);
		add_number(name, der + 38);
	}
	smtp__wipe(der, sizeof der);
}

void
marks_forget(void)
{
	needle_count = 0;
	memset(pairs, 0, sizeof pairs);
}

/* ---- looking */

static void
note(const struct needle *needle, const char *where)
{
	char line[300];
	int n = snprintf(line, sizeof line, "the %s (%s) %s\n", needle->name,
	    needle->form, where);

	if (n < 0 || (size_t)n >= sizeof found - found_n ||
	    strstr(found, line) != NULL)
		return;
	memcpy(found + found_n, line, (size_t)n + 1);
	found_n += (size_t)n;
}

static bool
is_here(const struct needle *needle, const unsigned char *p, size_t n)
{
	if (n < needle->n)
		return false;
	for (size_t i = 0; i < needle->n; i++)
		if ((p[i] ^ VEIL) != needle->veiled[i])
			return false;
	return true;
}

unsigned
marks_in(const void *memory, size_t n, const char *where)
{
	const unsigned char *p = memory;
	unsigned count = 0;

	for (size_t i = 0; i + 2 <= n; i++) {
		unsigned pair = (unsigned)p[i] << 8 | p[i + 1];
		uint64_t eight;

		/* Most of memory is zero, and no needle begins so. */
		if (pair == 0 && i + 8 <= n) {
			memcpy(&eight, p + i, sizeof eight);
			i += eight == 0 ? 6 : 0;
			continue;
		}
		if (!(pairs[pair / 8] >> pair % 8 & 1))
			continue;
		for (size_t j = 0; j < needle_count; j++)
			if (is_here(&needles[j], p + i, n - i)) {
				note(&needles[j], where);
				count++;
			}
	}
	return count;
}

unsigned
marks_in_process(void)
{
	static char maps[1 << 18];
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t n = 0;
	ssize_t got;
	unsigned count = 0;

	if (fd < 0)
		return 0;
	while ((got = read(fd, maps + n, sizeof maps - 1 - n)) > 0)
		n += (size_t)got;
	(void)close(fd);
	maps[n] = '\0';
	for (char *line = maps, *next; *line != '\0'; line = next) {
		unsigned long from, to;
		char *at, where[200];

		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		from = strtoul(line, &at, 16);
		to = strtoul(at + 1, &at, 16);
		if (strncmp(at, " rw", 3) != 0)
			continue;
		at = strrchr(line, ' ');
		(void)snprintf(where, sizeof where, "in %s",
		    at[1] != '\0' ? at + 1 : "memory");
		count += marks_in((void *)from, to - from, where);
	}
	return count;
}

const char *
marks_found(void)
{
	memcpy(said, found, found_n + 1);
	found[0] = '\0';
	found_n = 0;
	return said;
}
