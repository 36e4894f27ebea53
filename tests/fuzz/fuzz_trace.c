/* SPDX-License-Identifier: MIT */
/*
 * The trace: what is sent and heard, in pieces of any size, with secrets among
 * it. No line may show a secret that was said as one, nor one that the server
 * repeats, nor content, nor an octet that a terminal would obey; and each has
 * its length.
 */
#define _GNU_SOURCE              /* memmem() */

#include "mail.h"

#include <smtp/engine.h>

#include "trace.h"

/* As they are and as base64 at each of its three places. */
static const char secret[] = "pw-tWelveOctet";
static const char content[] = "The-Body-Of-It";
static const char *const never[] = {
	"pw-tWelveOctet", "cHctdFdlbHZlT2N0ZX", "B3LXRXZWx2ZU9jdGV0",
	"wdy10V2VsdmVPY3Rld", "The-Body-Of-It"
};

static unsigned lines;

static void
line(void *ctx, int who, const char *p, size_t n)
{
	struct span s = { p, n };

	(void)ctx;
	lines++;
	fuzz_talk("T:", p, n);
	REQUIRE(who != 0 && n <= SMTP__TRACE_LINE + 4);
	for (size_t i = 0; i < n; i++)
		REQUIRE(p[i] >= ' ' && p[i] < 127);
	/* Nor the start of one, where a line that is too long was cut. */
	for (size_t k = 0; k < sizeof never / sizeof *never; k++)
		REQUIRE(n == 0 || memmem(s.p, s.n, never[k], 8) == NULL);
}

/* Words of the fuzzer's, in which these four stand for themselves. */
static struct span
words(struct fuzz *f, bool may_tell)
{
	static const char *const known[] = {
		"AUTH PLAIN ", "334 ", "\r\n", "535 5.7.8 "
	};
	size_t n = fuzz_octet(f), size = 0;
	char *p = fuzz_alloc(255 * 24);
	unsigned c = 0;

	for (size_t i = 0; i < n && (f->n > 0 || c == ' '); i++) {
		/* A blank at its end goes on. */
		c = f->n > 0 ? fuzz_octet(f) : c;
		const char *word = c >= 0xf8 && c < 0xfc ? known[c & 3] :
		    c == 0xfc && may_tell ? secret :
		    c == 0xfd && may_tell ? never[1 + i % 3] : NULL;

		/* Without these three no part of a secret comes by itself. */
		if (word == NULL) {
			p[size++] = (char)(c == 'd' || c == 'w' || c == 'W' ?
			    '.' : c);
		} else {
			memcpy(p + size, word, strlen(word));
			size += strlen(word);
		}
	}
	fuzz_shrink(p, size);
	return (struct span){ p, size };
}

static void
sent(struct smtp__trace *t, int kind, struct span s, size_t piece)
{
	for (size_t at = 0; at < s.n; at += piece)
		smtp__trace_sent(t, kind, fuzz_copy(s.p + at, s.n - at < piece ?
		    s.n - at : piece), s.n - at < piece ? s.n - at : piece);
}

/* A line of AUTH, as the engine says it. */
static void
say_secret(struct smtp__trace *t, struct fuzz *f, size_t piece)
{
	static const char *const verbs[] = {
		"AUTH PLAIN ", "AUTH XOAUTH2 ", "AUTH X-OWN ", ""
	};
	unsigned how = fuzz_octet(f);
	const char *verb = verbs[how & 3], *said = never[1 + how % 3];
	char *p = fuzz_alloc(100);
	int n = snprintf(p, 100, "%s%.*s%s%s\r\n", verb, (int)(how >> 4),
	    "AGpvZQBVc2VyTg==", said, how & 8 ? "==" : "");

	sent(t, SMTP_KIND_SECRET, (struct span){ p, (size_t)n }, piece);
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	struct fuzz f = fuzz_begin(input, n);
	struct smtp__trace *t = (void *)fuzz_alloc(sizeof *t);
	const char *known = secret;

	lines = 0;
	smtp__trace_init(t, line, NULL, &known);
	while (f.n > 0) {
		unsigned op = fuzz_octet(&f);
		size_t piece = 1 + (op >> 3);
		struct span s;

		switch (op & 7) {
		case 0:
		case 1:
			/* Commands never have a secret in them. */
			s = words(&f, false);
			sent(t, SMTP_KIND_COMMAND, s, piece);
			break;
		case 2:
		case 3:
			sent(t, SMTP_KIND_COMMAND, (struct span){ "\r\n", 2 },
			    2);
			say_secret(t, &f, piece);
			break;
		case 4:
			s = (struct span){ content, sizeof content - 1 };
			sent(t, SMTP_KIND_CONTENT, s, piece);
			break;
		case 5:
		case 6:
			s = words(&f, true);
			for (size_t at = 0; at < s.n; at += piece)
				smtp__trace_heard(t, s.p + at,
				    s.n - at < piece ? s.n - at : piece);
			break;
		default:
			if (op & 8)
				smtp__trace_note(t, "a remark", "");
			else
				smtp__trace_end(t);
		}
	}
	smtp__trace_end(t);
	return 0;
}
