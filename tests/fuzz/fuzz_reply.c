/* SPDX-License-Identifier: MIT */
/*
 * The reply parser and the reader of capabilities, beside a second reader of
 * the same that has the whole input before it and takes it by lines. Both have
 * to end at the same octet, with the same verdict, numbers, words and offers.
 */
#include "fuzz.h"

#include <stdbool.h>

#include <smtp/engine.h>

#include "proto/caps.h"
#include "proto/reply.h"
#include "sasl/mech.h"

#define INPUT 20480

/* What a reply is, by whoever read it. */
struct verdict {
	enum smtp__reply_event event;
	size_t used;
	unsigned code, subject, detail;
	size_t n;
	bool cut;
	char words[INPUT];
	unsigned offers, mechanisms;
	uint64_t size;
};

static struct verdict ours, plain;
static char input[INPUT];

/*
 * The input, with a sign for "the octet before, so many times" and one for
 * "the line before", so that a short one reaches the bounds.
 */
static size_t
unfold(struct fuzz *f, bool folded)
{
	size_t n = 0, line = 0;

	while (f->n > 0 && n < INPUT) {
		unsigned c = fuzz_octet(f);
		size_t many = 1, size = 1, from = n;

		if (folded && c == 1) {
			many = 64 * fuzz_octet(f);
			from = n > 0 ? n - 1 : 0;
		} else if (folded && c == 2) {
			many = fuzz_octet(f);
			from = line;
			size = n - line;
		} else {
			input[n++] = (char)c;
			if (c == '\n' && n > line + 1 && f->n > 0 &&
			    *f->p != 2)
				line = n;
			continue;
		}
		for (; many > 0 && n + size <= INPUT; many--, n += size)
			memcpy(input + n, input + from, size);
	}
	return n;
}

/*
 * The second reader.
 */

/* A number without leading zeros, of at most three digits; -1: none. */
static int
short_number(const char *p, size_t n, size_t *at)
{
	int value = 0;
	size_t start = *at;

	while (*at < n && *at < start + 3 && p[*at] >= '0' && p[*at] <= '9')
		value = value * 10 + (p[(*at)++] - '0');
	if (*at == start || (p[start] == '0' && *at > start + 1))
		return -1;
	return value;
}

/* The octets of class.subject.detail and a space; 0: there is none. */
static size_t
enhanced(const char *p, size_t n, char klass, unsigned *subject,
    unsigned *detail)
{
	size_t at = 0;
	int three[3];

	for (int i = 0; i < 3; i++) {
		if (i > 0 && (at >= n || p[at++] != '.'))
			return 0;
		three[i] = short_number(p, n, &at);
		if (three[i] < 0)
			return 0;
	}
	if (three[0] != klass - '0' || (at < n && p[at] != ' '))
		return 0;
	*subject = (unsigned)three[1];
	*detail = (unsigned)three[2];
	return at < n ? at + 1 : at;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* The next word in capitals, up to a blank, or an `=` where that ends one. */
static const char *
next_word(const char *p, size_t n, size_t *at, bool equals)
{
	static char word[INPUT];
	size_t size = 0;

	for (; *at < n; (*at)++) {
		char c = p[*at];

		if (c == ' ' || c == '\t' || (equals && c == '=')) {
			if (size > 0) {
				(*at)++;
				break;
			}
		} else if (size < 20) {
			word[size++] = c == '\0' ? '?' : upper(c);
		}
	}
	word[size] = '\0';
	return word;
}

static void
offer(struct verdict *v, const char *p, size_t n)
{
	static const struct { const char *word; unsigned bit; } known[] = {
		{ "PIPELINING", SMTP_OFFER_PIPELINING },
		{ "SIZE", SMTP_OFFER_SIZE },
		{ "8BITMIME", SMTP_OFFER_8BITMIME },
		{ "SMTPUTF8", SMTP_OFFER_SMTPUTF8 },
		{ "STARTTLS", SMTP_OFFER_STARTTLS },
		{ "AUTH", SMTP_OFFER_AUTH },
		{ "ENHANCEDSTATUSCODES", SMTP_OFFER_ENHANCED },
		{ "CHUNKING", SMTP_OFFER_CHUNKING },
		{ "BINARYMIME", SMTP_OFFER_BINARYMIME },
		{ "DSN", SMTP_OFFER_DSN },
		{ "PRDR", SMTP_OFFER_PRDR }
	};
	size_t at = 0;
	const char *word = next_word(p, n, &at, true);
	unsigned bit = 0;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(word, known[i].word) == 0)
			bit = known[i].bit;
	v->offers |= bit;
	if (bit == SMTP_OFFER_AUTH) {
		while (*(word = next_word(p, n, &at, false)) != '\0')
			v->mechanisms |= smtp__mech_bit(word);
	} else if (bit == SMTP_OFFER_SIZE) {
		uint64_t size = 0;

		word = next_word(p, n, &at, false);
		if (*word == '\0' || strspn(word, "0123456789") !=
		    strlen(word))
			return;
		for (; *word != '\0'; word++)
			size = size >= UINT64_MAX / 10 ? UINT64_MAX :
			    size * 10 + (uint64_t)(*word - '0');
		v->size = size;
	}
}

/* One line whose CRLF was found. False: it is none of a reply. */
static bool
read_line(struct verdict *v, const char *p, size_t n, unsigned line,
    bool is_plain, bool *last)
{
	unsigned code, subject = 0, detail = 0;
	size_t skip = 0;

	if (n < 3)
		return false;
	code = 100U * (unsigned)(p[0] - '0') + 10U * (unsigned)(p[1] - '0') +
	    (unsigned)(p[2] - '0');
	if (line == 0)
		v->code = code;
	if (code != v->code || (n > 3 && p[3] != ' ' && p[3] != '-'))
		return false;
	*last = n == 3 || p[3] == ' ';
	p += n > 3 ? 4 : 3;
	n -= n > 3 ? 4 : 3;
	if (!is_plain && v->code / 100 != 3)
		skip = enhanced(p, n, (char)('0' + code / 100), &subject,
		    &detail);
	if (skip > 0 && line == 0) {
		v->subject = subject;
		v->detail = detail;
	}
	if (subject != v->subject || detail != v->detail)
		skip = 0;
	if (is_plain && line > 0)
		offer(v, p, n);
	memcpy(v->words + v->n, p + skip, n - skip);
	v->n += n - skip;
	v->words[v->n++] = '\n';
	return true;
}

/* Where a line shows that it is none of a reply: behind that octet. */
static size_t
fault_of(const char *p, size_t n, const struct verdict *v, unsigned line)
{
	char code[4];
	size_t i;

	snprintf(code, sizeof code, "%03u", v->code);
	for (i = 0; i < n && i < 3; i++)
		if (p[i] < (i == 0 ? '2' : '0') || p[i] > (i == 0 ? '5' : '9'))
			return i + 1;
	if (n >= 3 && line > 0 && memcmp(p, code, 3) != 0)
		return 3;
	if (n >= 4 && p[3] != ' ' && p[3] != '-' && p[3] != '\r')
		return 4;
	for (i = 3; i < n; i++)
		if ((p[i] == '\n') != (p[i - 1] == '\r') &&
		    (p[i] == '\n' || i > 3))
			return i + 1;
	return 0;
}

static void
read_plainly(struct verdict *v, const char *p, size_t n, bool is_plain)
{
	unsigned line = 0;
	bool last = false;

	v->used = 0;
	v->n = 0;
	v->offers = v->mechanisms = v->code = 0;
	v->size = 0;
	v->subject = v->detail = SMTP_NO_ENHANCED;
	while (!last) {
		const char *at = p + v->used;
		const char *end = memchr(at, '\n', n - v->used);
		size_t room = n - v->used, bad;
		size_t size = end == NULL ? room : (size_t)(end + 1 - at);

		if (size > SMTP__REPLY_LINE_MAX)
			size = SMTP__REPLY_LINE_MAX + 1;
		bad = fault_of(at, size, v, line);
		if (bad == 0 && size > SMTP__REPLY_LINE_MAX)
			bad = size;
		if (bad > 0 || end == NULL) {
			v->used += bad > 0 ? bad : size;
			v->event = bad > 0 ? SMTP__REPLY_BAD : SMTP__REPLY_MORE;
			return;
		}
		v->used += size;
		if (!read_line(v, at, size - 2, line, is_plain, &last) ||
		    (!last && ++line == 256)) {
			v->event = SMTP__REPLY_BAD;
			return;
		}
	}
	v->n--;                  /* the last line end joins nothing */
	v->event = SMTP__REPLY_DONE;
	if (!(v->offers & SMTP_OFFER_8BITMIME))
		v->offers &= ~(unsigned)SMTP_OFFER_SMTPUTF8;
	if (!(v->offers & SMTP_OFFER_CHUNKING))
		v->offers &= ~(unsigned)SMTP_OFFER_BINARYMIME;
}

/*
 * Ours.
 */

static void
read_ours(struct verdict *v, struct smtp__reply *r, const char *p, size_t n)
{
	struct smtp__caps caps = { 0 };
	struct smtp__caps_reader reader = { 0 };

	v->event = SMTP__REPLY_MORE;
	for (v->used = 0; v->used < n && v->event < SMTP__REPLY_DONE;
	    v->used++) {
		unsigned char c = (unsigned char)p[v->used];

		v->event = smtp__reply_octet(r, c);
		if (r->later && v->event >= SMTP__REPLY_TEXT &&
		    v->event <= SMTP__REPLY_DONE)
			smtp__caps_octet(&caps, &reader, (char)c);
	}
	if (v->event != SMTP__REPLY_DONE && v->event != SMTP__REPLY_BAD)
		v->event = SMTP__REPLY_MORE;
	smtp__caps_settle(&caps);
	v->code = r->code;
	v->subject = r->subject;
	v->detail = r->detail;
	v->n = r->text_n;
	v->cut = r->cut;
	v->offers = caps.offers;
	v->mechanisms = caps.mechanisms;
	v->size = caps.size;
}

static void
compare(const struct smtp__reply *r)
{
	size_t kept = plain.n < r->text_room ? plain.n : r->text_room;

	REQUIRE(ours.event == plain.event && ours.used == plain.used);
	if (ours.event != SMTP__REPLY_DONE)
		return;
	REQUIRE(smtp__reply_done(r) && ours.code == plain.code &&
	    r->klass == '0' + plain.code / 100);
	REQUIRE(ours.subject == plain.subject &&
	    ours.detail == plain.detail);
	REQUIRE(ours.n == kept && memcmp(r->text, plain.words, kept) == 0);
	REQUIRE(r->text_room == 0 || ours.cut == (plain.n > kept));
	if (!r->plain)
		return;
	REQUIRE(ours.offers == plain.offers);
	REQUIRE(ours.mechanisms == plain.mechanisms);
	REQUIRE(ours.size == plain.size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fuzz f = fuzz_begin(p, n);
	struct smtp__reply r = { 0 };
	unsigned how = fuzz_octet(&f), room = fuzz_octet(&f);
	size_t size = unfold(&f, (how & 6) == 6), at = 0;
	const char *exact = fuzz_copy(input, size);

	r.plain = how & 1;
	r.text_room = (uint16_t)(room < 250 ? room : 4096);
	r.text = fuzz_alloc(r.text_room);
	do {
		read_ours(&ours, &r, exact + at, size - at);
		read_plainly(&plain, exact + at, size - at, r.plain);
		compare(&r);
		at += ours.used;
	} while (ours.event == SMTP__REPLY_DONE && at < size);
	return 0;
}
