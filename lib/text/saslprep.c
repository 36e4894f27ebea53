/* SPDX-License-Identifier: MIT */
#include "text/saslprep.h"

#include <stdbool.h>
#include <string.h>

#include "text/saslprep_table.h"
#include "text/utf8.h"

/* Printable ASCII is its own form; what it is otherwise, nobody asks. */
static bool
is_plain(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] > '~')
			return false;
	return true;
}

#if SMTP_WITH_SASLPREP

/* Hangul is computed: Unicode Standard section 3.12. */
enum {
	HANGUL = 0xAC00, L = 0x1100, V = 0x1161, T = 0x11A7,
	L_COUNT = 19, V_COUNT = 21, T_COUNT = 28,
	HANGUL_COUNT = L_COUNT * V_COUNT * T_COUNT
};

/*
 * The text as far as it is done: composed up to `start`, where the last
 * starter stands; from there decomposed, in canonical order.
 */
struct text {
	char *p;
	size_t n, room, start;
};

static unsigned
kind_of(uint32_t c)
{
	size_t low = 0, high = smtp__prep_run_count;

	while (high - low > 1) {
		size_t i = low + (high - low) / 2;

		if (smtp__prep_runs[i] >> 8 <= c)
			low = i;
		else
			high = i;
	}
	return smtp__prep_kinds[smtp__prep_runs[low] & 0xFF];
}

static unsigned
class_of(uint32_t c)
{
	return kind_of(c) & 0xFF;
}

/* What `c` becomes in one step, a value of the table; 0: it stays. */
static uint16_t
step_of(uint32_t c)
{
	size_t low, high;

	if (c >> 16 > 2)
		return 0;
	low = smtp__prep_planes[c >> 16];
	high = smtp__prep_planes[(c >> 16) + 1];
	while (low < high) {
		size_t i = low + (high - low) / 2;

		if (smtp__prep_keys[i] == (c & 0xFFFF))
			return smtp__prep_values[i];
		if (smtp__prep_keys[i] < (c & 0xFFFF))
			low = i + 1;
		else
			high = i;
	}
	return 0;
}

/* The next of a sequence in the pool, 0 at its end. */
static uint32_t
pool_next(const uint16_t **p)
{
	uint32_t c = *(*p)++;

	if (c >= 0xD800 && c < 0xDC00)
		c = 0x10000 + ((c - 0xD800) << 10) + (*(*p)++ - 0xDC00u);
	return c;
}

static uint32_t
compose_hangul(uint32_t a, uint32_t b)
{
	if (a >= L && a < L + L_COUNT && b >= V && b < V + V_COUNT)
		return HANGUL + ((a - L) * V_COUNT + (b - V)) * T_COUNT;
	if (a >= HANGUL && a < HANGUL + HANGUL_COUNT &&
	    (a - HANGUL) % T_COUNT == 0 && b > T && b < T + T_COUNT)
		return a + (b - T);
	return 0;
}

/* The one character for two, 0 if there is none. */
static uint32_t
compose(uint32_t a, uint32_t b)
{
	size_t low = 0, high = smtp__prep_composite_count;

	while (low < high) {
		size_t i = low + (high - low) / 2;
		uint32_t c = smtp__prep_composites[i];
		const uint16_t *p = smtp__prep_pool +
		    (step_of(c) - SMTP__PREP_POOL_FIRST);
		uint32_t first = pool_next(&p), second = pool_next(&p);

		if (first == a && second == b)
			return c;
		if (first < a || (first == a && second < b))
			low = i + 1;
		else
			high = i;
	}
	return compose_hangul(a, b);
}

/* Put `c` where `was` octets stand at `i`. */
static bool
replace(struct text *t, size_t i, size_t was, uint32_t c)
{
	char octets[4];
	size_t n = smtp__utf8_put(octets, c);

	if (t->n - was + n > t->room)
		return false;
	memmove(t->p + i + n, t->p + i + was, t->n - i - was);
	memcpy(t->p + i, octets, n);
	t->n = t->n - was + n;
	return true;
}

static size_t
character(const struct text *t, size_t i, uint32_t *c)
{
	return smtp__utf8_next(t->p + i, t->n - i, c);
}

/*
 * Compose from the last starter on: with each mark that none of its own class
 * divides from it. The two are never shorter than what they make.
 */
static void
recompose(struct text *t)
{
	uint32_t starter, c, both;
	size_t i, size, was;
	unsigned before = 0;

	if (t->start == t->n)
		return;
	was = character(t, t->start, &starter);
	for (i = t->start + was; i < t->n; i += size) {
		unsigned class;

		size = character(t, i, &c);
		class = class_of(c);
		both = class != before ? compose(starter, c) : 0;
		if (both == 0) {
			before = class;
			continue;
		}
		memmove(t->p + i, t->p + i + size, t->n - i - size);
		t->n -= size;
		(void)replace(t, t->start, was, both);
		starter = both;
		size = character(t, t->start, NULL);
		i = i + size - was;
		was = size;
		size = 0;
	}
}

/* Where the character before `i` begins. */
static size_t
back(const struct text *t, size_t i)
{
	do
		i--;
	while (((unsigned char)t->p[i] & 0xC0) == 0x80);
	return i;
}

/* Marks go behind those of a lower or the same class. */
static bool
add_mark(struct text *t, uint32_t c, unsigned class)
{
	size_t i = t->n, j;

	while (i > t->start) {
		uint32_t other;

		j = back(t, i);
		(void)character(t, j, &other);
		if (class_of(other) <= class)
			break;
		i = j;
	}
	return replace(t, i, 0, c);
}

/* A starter may make one with that before it, if nothing stands between. */
static bool
add_starter(struct text *t, uint32_t c)
{
	uint32_t before, both = 0;
	size_t size;

	recompose(t);
	size = character(t, t->start, &before);
	if (size > 0 && t->start + size == t->n)
		both = compose(before, c);
	if (both != 0)
		return replace(t, t->start, size, both);
	t->start = t->n;
	return replace(t, t->n, 0, c);
}

static bool
add(struct text *t, uint32_t c)
{
	unsigned class = class_of(c);

	return class == 0 ? add_starter(t, c) : add_mark(t, c, class);
}

static bool
add_hangul(struct text *t, uint32_t c)
{
	uint32_t i = c - HANGUL;

	if (!add(t, L + i / (V_COUNT * T_COUNT)))
		return false;
	/* The others make one character with it, which is no longer. */
	(void)add(t, V + i / T_COUNT % V_COUNT);
	if (i % T_COUNT != 0)
		(void)add(t, T + i % T_COUNT);
	return true;
}

/* The longest decomposition has 18 characters, the deepest 4 steps. */
#define LONGEST 32

static bool
decompose(struct text *t, uint32_t c)
{
	uint32_t stack[LONGEST], parts[LONGEST];
	size_t n = 1, k;

	stack[0] = c;
	while (n > 0) {
		uint16_t value;
		const uint16_t *p;

		c = stack[--n];
		value = step_of(c);
		if (value == 0) {
			if (!(c >= HANGUL && c < HANGUL + HANGUL_COUNT ?
			    add_hangul(t, c) : add(t, c)))
				return false;
		/* GCOVR_EXCL_BR_START: none becomes one beyond the pool */
		} else if (!SMTP__PREP_POOLED(value)) {
			stack[n++] = value;
		/* GCOVR_EXCL_BR_STOP */
		} else {
			p = smtp__prep_pool + (value - SMTP__PREP_POOL_FIRST);
			for (k = 0; (parts[k] = pool_next(&p)) != 0;)
				k++;
			while (k > 0)
				stack[n++] = parts[--k];
		}
	}
	return true;
}

/* RFC 4013 section 2.1 and 2.2. */
static bool
map(struct text *t, const char *in, size_t n)
{
	size_t size;
	uint32_t c;

	for (; n > 0; in += size, n -= size) {
		unsigned kind;

		size = smtp__utf8_next(in, n, &c);
		if (size == 0)
			return false;
		kind = kind_of(c);
		if (kind & SMTP__PREP_DROP)
			continue;
		if (!decompose(t, kind & SMTP__PREP_SPACE ? ' ' : c))
			return false;
	}
	recompose(t);
	return true;
}

/* RFC 4013 section 2.3 to 2.5. */
static bool
check(const struct text *t, unsigned bad)
{
	unsigned kind = 0, first = 0, all = 0;
	uint32_t c;

	for (size_t i = 0; i < t->n; i += character(t, i, NULL)) {
		(void)character(t, i, &c);
		kind = kind_of(c);
		if (i == 0)
			first = kind;
		all |= kind;
	}
	if (all & bad)
		return false;
	return !(all & SMTP__PREP_RTL) || (!(all & SMTP__PREP_LTR) &&
	    first & SMTP__PREP_RTL && kind & SMTP__PREP_RTL);
}

static bool
prepare(struct text *t, const char *in, size_t n, unsigned bad)
{
	return map(t, in, n) && check(t, bad);
}

#define BAD_IN_QUERY SMTP__PREP_BAD
#define BAD_IN_STORED (SMTP__PREP_BAD | SMTP__PREP_UNASSIGNED)

#else

struct text {
	char *p;
	size_t n, room, start;
};

static bool
prepare(struct text *t, const char *in, size_t n, unsigned bad)
{
	(void)t, (void)in, (void)n, (void)bad;
	return false;
}

#define BAD_IN_QUERY 0
#define BAD_IN_STORED 0

#endif

static ptrdiff_t
saslprep(const char *in, char *out, size_t room, unsigned bad)
{
	struct text t = { out, 0, room - 1, 0 };
	size_t n = strlen(in);

	if (room == 0)
		return -1;
	if (is_plain(in, n)) {
		if (n > t.room)
			return -1;
		memcpy(out, in, n);
		t.n = n;
	} else if (!prepare(&t, in, n, bad)) {
		return -1;
	}
	out[t.n] = '\0';
	return (ptrdiff_t)t.n;
}

ptrdiff_t
smtp__saslprep(const char *in, char *out, size_t room)
{
	return saslprep(in, out, room, BAD_IN_QUERY);
}

ptrdiff_t
smtp__saslprep_stored(const char *in, char *out, size_t room)
{
	return saslprep(in, out, room, BAD_IN_STORED);
}
