/* SPDX-License-Identifier: MIT */
#include "text/punycode.h"

#include "text/ascii.h"
#include "text/utf8.h"

/* RFC 3492 section 5. */
enum {
	BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700,
	INITIAL_BIAS = 72, INITIAL_N = 128
};

/* RFC 3492 section 6.1. */
static uint32_t
adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	while (delta > ((BASE - TMIN) * TMAX) / 2) {
		delta /= BASE - TMIN;
		k += BASE;
	}
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static uint32_t
threshold(uint32_t k, uint32_t bias)
{
	if (k <= bias)
		return TMIN;
	return k >= bias + TMAX ? TMAX : k - bias;
}

static char
digit(uint32_t d)
{
	return (char)(d < 26 ? 'a' + d : '0' + d - 26);
}

/* RFC 3492 section 6.3, the inner loop: one delta as digits. */
static void
put_delta(struct smtp__out *out, uint32_t delta, uint32_t bias)
{
	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = threshold(k, bias);

		if (delta < t)
			break;
		smtp__out_octet(out, digit(t + (delta - t) % (BASE - t)));
		delta = (delta - t) / (BASE - t);
	}
	smtp__out_octet(out, digit(delta));
}

/*
 * The characters of a label. One that has more than an A-label can hold has no
 * Punycode of legal length either.
 */
static int
characters(const char *p, size_t n, uint32_t c[SMTP__LABEL_MAX], size_t *count)
{
	*count = 0;
	for (size_t i = 0, size; i < n; i += size) {
		if (*count == SMTP__LABEL_MAX)
			return -1;
		size = smtp__utf8_next(p + i, n - i, &c[*count]);
		if (size == 0)
			return -1;
		(*count)++;
	}
	return 0;
}

int
smtp__punycode_encode(struct smtp__out *out, const char *p, size_t n)
{
	uint32_t c[SMTP__LABEL_MAX], next = INITIAL_N, delta = 0;
	uint32_t bias = INITIAL_BIAS;
	size_t count, basic = 0, done;

	if (characters(p, n, c, &count) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (c[i] < 128) {
			smtp__out_octet(out, (char)c[i]);
			basic++;
		}
	if (basic > 0)
		smtp__out_octet(out, '-');
	for (done = basic; done < count; delta++, next++) {
		uint32_t least = UINT32_MAX;

		for (size_t i = 0; i < count; i++)
			if (c[i] >= next && c[i] < least)
				least = c[i];
		/* No overflow: 63 characters below 0x110000. */
		delta += (least - next) * ((uint32_t)done + 1);
		next = least;
		for (size_t i = 0; i < count; i++) {
			if (c[i] < next)
				delta++;
			if (c[i] != next)
				continue;
			put_delta(out, delta, bias);
			bias = adapt(delta, (uint32_t)done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
	return out->over ? -1 : 0;
}

/* One delta (RFC 3492 section 6.2), from `*i` on. False: malformed. */
static bool
get_delta(const char *p, size_t n, size_t *i, uint32_t bias, uint32_t *delta)
{
	uint32_t weight = 1;

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t d, t = threshold(k, bias);
		char c;

		if (*i == n)
			return false;
		c = smtp__lower(p[(*i)++]);
		if (c >= 'a' && c <= 'z')
			d = (uint32_t)(c - 'a');
		else if (smtp__is_digit(c))
			d = (uint32_t)(c - '0') + 26;
		else
			return false;
		if (d > (UINT32_MAX - *delta) / weight)
			return false;
		*delta += d * weight;
		if (d < t)
			return true;
		/* The bias is 163 at most: d would be too large first. */
		weight *= BASE - t;
	}
}

int
smtp__punycode_decode(struct smtp__out *out, const char *p, size_t n)
{
	uint32_t c[SMTP__LABEL_MAX], next = INITIAL_N, at = 0;
	uint32_t bias = INITIAL_BIAS;
	size_t count = 0, i = n;

	while (i > 0 && p[i - 1] != '-')
		i--;
	if (n > SMTP__LABEL_MAX)
		return -1;
	for (size_t j = 0; j + 1 < i; j++) {
		if (smtp__is_high(p[j]))
			return -1;
		c[count++] = (unsigned char)p[j];
	}
	while (i < n) {
		uint32_t was = at, places = (uint32_t)count + 1;

		/* An octet at least for each character, so there is room. */
		if (!get_delta(p, n, &i, bias, &at))
			return -1;
		if (at / places > 0x10FFFF - next)
			return -1;
		bias = adapt(at - was, places, was == 0);
		next += at / places;
		at %= places;
		memmove(c + at + 1, c + at, (count - at) * sizeof(c[0]));
		c[at++] = next;
		count++;
	}
	for (size_t j = 0; j < count; j++) {
		char text[4];
		size_t size = smtp__utf8_put(text, c[j]);

		if (size == 0)
			return -1;
		smtp__out_add(out, text, size);
	}
	return out->over ? -1 : 0;
}

struct range {
	uint32_t first, last;
};

static bool
in_ranges(uint32_t c, const struct range *r, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}

#define IS_IN(c, table) \
	in_ranges((c), (table), sizeof(table) / sizeof(*(table)))

/* Letters whose small form is the next number, when theirs is even (odd). */
static const struct range even_pairs[] = {
	{ 0x0100, 0x012F }, { 0x0132, 0x0137 }, { 0x014A, 0x0177 },
	{ 0x0182, 0x0185 }, { 0x0198, 0x0199 }, { 0x01A0, 0x01A5 },
	{ 0x01AC, 0x01AD }, { 0x01B8, 0x01B9 }, { 0x01BC, 0x01BD },
	{ 0x01DE, 0x01EF }, { 0x01F4, 0x01F5 }, { 0x01F8, 0x021F },
	{ 0x0222, 0x0233 }, { 0x0246, 0x024F }, { 0x0370, 0x0373 },
	{ 0x0376, 0x0377 }, { 0x03D8, 0x03EF }, { 0x03FA, 0x03FB },
	{ 0x0460, 0x0481 }, { 0x048A, 0x04BF }, { 0x04D0, 0x052F },
	{ 0x1E00, 0x1E95 }, { 0x1EA0, 0x1EFF }, { 0x2C80, 0x2CE3 },
	{ 0xA640, 0xA66D }, { 0xA680, 0xA69B },
};
static const struct range odd_pairs[] = {
	{ 0x0139, 0x0148 }, { 0x0179, 0x017E }, { 0x0187, 0x0188 },
	{ 0x018B, 0x018C }, { 0x0191, 0x0192 }, { 0x01A7, 0x01A8 },
	{ 0x01AF, 0x01B0 }, { 0x01B3, 0x01B6 }, { 0x01CD, 0x01DC },
	{ 0x023B, 0x023C }, { 0x0241, 0x0242 }, { 0x03F7, 0x03F8 },
	{ 0x04C1, 0x04CE },
};

static uint32_t
lower(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
	    (c >= 0x391 && c <= 0x3AB && c != 0x3A2) ||
	    (c >= 0x410 && c <= 0x42F))
		return c + 32;
	if (c >= 0x400 && c <= 0x40F)
		return c + 80;
	if (c >= 0x531 && c <= 0x556)
		return c + 48;
	if (IS_IN(c, even_pairs))
		return c | 1;
	if (IS_IN(c, odd_pairs))
		return c + (c & 1);
	switch (c) {
	case 0x178: return 0xFF;
	case 0x386: return 0x3AC;
	case 0x388: case 0x389: case 0x38A: return c + 37;
	case 0x38C: return 0x3CC;
	case 0x38E: case 0x38F: return c + 63;
	case 0x4C0: return 0x4CF;
	case 0x1E9E: return 0xDF;
	default: return c;
	}
}

/*
 * Blocks in which IDNA 2008 (RFC 5892) allows nothing or next to nothing, and
 * what would need a table: the dotted capital I, ligatures and compatibility
 * forms, capitals whose small form is elsewhere, and combining accents, which
 * composition would remove.
 */
static const struct range refused[] = {
	{ 0x0080, 0x00B6 }, { 0x00B8, 0x00BF }, { 0x00D7, 0x00D7 },
	{ 0x00F7, 0x00F7 }, { 0x0130, 0x0130 }, { 0x0132, 0x0133 },
	{ 0x013F, 0x0140 }, { 0x0149, 0x0149 }, { 0x017F, 0x017F },
	{ 0x0181, 0x0181 }, { 0x0186, 0x0186 }, { 0x0189, 0x018A },
	{ 0x018E, 0x0190 }, { 0x0193, 0x0194 }, { 0x0196, 0x0197 },
	{ 0x019C, 0x019D }, { 0x019F, 0x019F }, { 0x01A6, 0x01A6 },
	{ 0x01A9, 0x01A9 }, { 0x01AE, 0x01AE }, { 0x01B1, 0x01B2 },
	{ 0x01B7, 0x01B7 }, { 0x01C4, 0x01CC }, { 0x01F1, 0x01F3 },
	{ 0x01F6, 0x01F7 }, { 0x0220, 0x0220 }, { 0x023A, 0x023A },
	{ 0x023D, 0x023E }, { 0x0243, 0x0245 }, { 0x02B0, 0x02B8 },
	{ 0x02C2, 0x02C5 }, { 0x02D2, 0x02EB }, { 0x02ED, 0x036F },
	{ 0x0374, 0x0374 }, { 0x037A, 0x037A }, { 0x037E, 0x037F },
	{ 0x0384, 0x0385 }, { 0x0387, 0x0387 }, { 0x03CF, 0x03D6 },
	{ 0x03F0, 0x03F6 }, { 0x03F9, 0x03F9 }, { 0x03FD, 0x03FF },
	{ 0x0482, 0x0489 }, { 0x055A, 0x055F }, { 0x0587, 0x058F },
	{ 0x05BE, 0x05BE }, { 0x05C0, 0x05C0 }, { 0x05C3, 0x05C3 },
	{ 0x05C6, 0x05C6 }, { 0x0600, 0x060F }, { 0x061B, 0x061F },
	{ 0x0640, 0x0640 }, { 0x066A, 0x066D }, { 0x0675, 0x0678 },
	{ 0x06D4, 0x06D4 }, { 0x06DD, 0x06DE }, { 0x06E9, 0x06E9 },
	{ 0x0700, 0x070F }, { 0x10A0, 0x10CF }, { 0x10FC, 0x10FC },
	{ 0x1100, 0x11FF }, { 0x13F8, 0x13FD }, { 0x1C80, 0x1CBF },
	{ 0x1D00, 0x1DFF }, { 0x1E9A, 0x1E9B }, { 0x1F00, 0x2C2F },
	{ 0x2C60, 0x2C7F }, { 0x2CE4, 0x2CFF }, { 0x2E00, 0x3004 },
	{ 0x3008, 0x3029 }, { 0x302E, 0x303B }, { 0x303D, 0x3040 },
	{ 0x309B, 0x309C }, { 0x309F, 0x30A0 }, { 0x30FF, 0x30FF },
	{ 0x3130, 0x319F }, { 0x3200, 0x33FF }, { 0x4DC0, 0x4DFF },
	{ 0xA66E, 0xA67E }, { 0xA69C, 0xA69D }, { 0xA700, 0xA7FF },
	{ 0xAB30, 0xABBF }, { 0xD7B0, 0xFFFF }, { 0x10400, 0x10427 },
	{ 0x104B0, 0x104D3 }, { 0x10570, 0x10595 }, { 0x10C80, 0x10CB2 },
	{ 0x118A0, 0x118BF }, { 0x16E40, 0x16E5F }, { 0x1D000, 0x1D7FF },
	{ 0x1E900, 0x1E921 }, { 0x1F000, 0x1FAFF }, { 0x2F800, 0x2FA1F },
	{ 0xE0000, 0x10FFFF },
};

/* Written from right to left (RFC 5893), the blocks of living scripts. */
static const struct range right[] = {
	{ 0x0590, 0x08FF }, { 0x10800, 0x10FFF }, { 0x1E800, 0x1EFFF },
};
static const struct range right_digits[] = {
	{ 0x0660, 0x0669 }, { 0x06F0, 0x06F9 },
};
/* The katakana middle dot is for these (RFC 5892 appendix A.7). */
static const struct range kana_and_han[] = {
	{ 0x3041, 0x3096 }, { 0x30A1, 0x30FA }, { 0x3400, 0x9FFF },
};

/* RFC 5892 appendix A: those that their neighbours allow. */
static bool
context_allows(const uint32_t *c, size_t count, size_t i)
{
	switch (c[i]) {
	case 0x00B7:
		return i > 0 && c[i - 1] == 'l' && i + 1 < count &&
		    c[i + 1] == 'l';
	case 0x0375:
		return i + 1 < count && c[i + 1] >= 0x370 && c[i + 1] <= 0x3FF;
	case 0x05F3: case 0x05F4:
		return i > 0 && c[i - 1] >= 0x5D0 && c[i - 1] <= 0x5EA;
	case 0x30FB:
		for (size_t j = 0; j < count; j++)
			if (IS_IN(c[j], kana_and_han))
				return true;
		return false;
	default:
		return true;
	}
}

/* RFC 5893 section 2, for what the tables above know. */
static bool
direction_agrees(const uint32_t *c, size_t count)
{
	bool any_right = false, any_left = false;

	for (size_t i = 0; i < count; i++) {
		if (IS_IN(c[i], right))
			any_right = true;
		else if (c[i] > '9')     /* no hyphen and no digit */
			any_left = true;
	}
	if (!any_right)
		return true;
	return !any_left && IS_IN(c[0], right) && !IS_IN(c[0], right_digits);
}

/* May these, in small letters and not all ASCII, be a label? */
static bool
u_label(const uint32_t *c, size_t count)
{
	if (c[0] == '-' || c[count - 1] == '-' ||
	    (count >= 4 && c[2] == '-' && c[3] == '-'))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (c[i] < 128 ? !smtp__is_ldh((char)c[i]) :
		    IS_IN(c[i], refused))
			return false;
		if (!context_allows(c, count, i))
			return false;
	}
	return direction_agrees(c, count);
}

/* RFC 5321 section 4.1.2: sub-domain. */
static bool
ascii_label(const char *p, size_t n)
{
	if (n > SMTP__LABEL_MAX || p[0] == '-' || p[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!smtp__is_ldh(p[i]))
			return false;
	return true;
}

static int
encode_label(struct smtp__out *out, const char *p, size_t n)
{
	uint32_t c[SMTP__LABEL_MAX];
	char small[SMTP__LABEL_MAX * 4];
	size_t count, size = 0, start = out->n;

	if (characters(p, n, c, &count) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		c[i] = lower(c[i]);
		size += smtp__utf8_put(small + size, c[i]);
	}
	if (!u_label(c, count))
		return -1;
	smtp__out_add(out, "xn--", 4);
	if (smtp__punycode_encode(out, small, size) != 0)
		return -1;
	return out->n - start <= SMTP__LABEL_MAX ? 0 : -1;
}

/*
 * Is it Punycode that an encoder would have written? What it stands for is its
 * registry's business, unless that is a control: names exist that IDNA 2008
 * would not allow.
 */
static bool
a_label(const char *p, size_t n)
{
	char wide[SMTP__LABEL_MAX * 4], back[SMTP__LABEL_MAX];
	struct smtp__out u, a;

	smtp__out_init(&u, wide, sizeof(wide));
	smtp__out_init(&a, back, sizeof(back));
	if (smtp__punycode_decode(&u, p + 4, n - 4) != 0)
		return false;
	smtp__punycode_encode(&a, wide, u.n);
	if (!smtp__same(p + 4, n - 4, back, a.n))
		return false;
	for (size_t i = 0, size; i < u.n; i += size) {
		uint32_t c;

		size = smtp__utf8_next(wide + i, u.n - i, &c);
		if (c >= 0x80 && c < 0xA0)
			return false;
	}
	return true;
}

static int
label(struct smtp__out *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (smtp__is_high(p[i]))
			return encode_label(out, p, n);
	if (n == 0 || !ascii_label(p, n))
		return -1;
	if (n >= 4 && smtp__same(p, 4, "xn--", 4) && !a_label(p, n))
		return -1;
	smtp__out_add(out, p, n);
	return out->over ? -1 : 0;
}

/* The octets of the dot at `p`, 0 if there is none. */
static size_t
dot(const char *p, size_t n)
{
	uint32_t c;
	size_t size;

	if (n > 0 && !smtp__is_high(*p))
		return *p == '.';
	size = smtp__utf8_next(p, n, &c);
	return size > 0 && (c == 0x3002 || c == 0xFF0E ||
	    c == 0xFF61) ? size : 0;
}

int
smtp__domain_to_ascii(struct smtp__out *out, const char *p, size_t n)
{
	size_t start = out->n, from = 0, size;

	for (size_t i = 0; i <= n; i += size > 0 ? size : 1) {
		size = dot(p + i, n - i);
		if (i < n && size == 0)
			continue;
		if (i == n && from == n && from > 0)
			break;          /* the dot at the end */
		if (from > 0)
			smtp__out_octet(out, '.');
		if (label(out, p + from, i - from) != 0)
			return -1;
		from = i + size;
	}
	return out->n - start <= SMTP__NAME_MAX ? 0 : -1;
}
